"""Limits of HTTP responses: size, compression, time and disk."""

from __future__ import annotations

import collections
import errno
import functools
import gzip
import io
import itertools
import tempfile
import time
import typing as t
import zlib

import pytest
from edge_server import Call, Response, envelope, serving
from test_client import transport_to

from tap_tiktok_ads.api import errors, http_bodies
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.response_cache import ResponseCache
from tap_tiktok_ads.api.time_limits import (
    MAX_RESPONSE_TIMEOUTS,
    MIN_BYTES_PER_SECOND,
    TimedReader,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = Request("/report/task/download/", {"advertiser_id": "7", "task_id": "1"})
OK = b"HTTP/1.1 200 OK\r\n"


class FullDisk(io.BytesIO):
    """A file that cannot be written."""

    def write(self, _: t.Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def received(response: Response, *, to_file: bool, **settings: t.Any) -> bytes:
    """Return the `data` of a response, or the text of a download."""
    with serving(lambda _: response) as (url, _):
        client = transport_to(url, max_retries=0, **settings)
        if not to_file:
            return str(client.send(REQUEST).data).encode()
        with tempfile.TemporaryFile() as file:
            client.download(REQUEST, file)
            file.seek(0)
            return file.read()


def compressed(content: bytes, coding: str = "gzip") -> Response:
    """Return a response with a compressed body."""
    body = gzip.compress(content) if coding == "gzip" else zlib.compress(content)
    return Response(body, headers={"Content-Encoding": coding})


TEXT = b"ad_id,spend\n" + b"".join(b"%d,0.5\n" % number for number in range(200_000))


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(Response(TEXT), id="plain"),
        pytest.param(compressed(TEXT), id="gzip"),
        pytest.param(compressed(TEXT, "deflate"), id="deflate"),
        pytest.param(
            Response(
                gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
                headers={"Content-Encoding": "x-gzip"},
            ),
            id="two members",
        ),
    ],
)
def test_compressed_texts_are_complete(response: Response) -> None:
    """A text is complete in each content encoding."""
    assert received(response, to_file=True) == TEXT


@pytest.mark.parametrize("to_file", [True, False], ids=["report", "body"])
@pytest.mark.parametrize(
    ("response", "error", "text"),
    [
        pytest.param(compressed(bytes(40_000_000)), errors.ResponseError, "200 times", id="bomb"),
        pytest.param(
            compressed(b'{"code": 0, "data": "' + bytes(40_000_000)),
            errors.ResponseError,
            "200 times",
            id="JSON bomb",
        ),
        pytest.param(
            Response(gzip.compress(TEXT)[:-9], headers={"Content-Encoding": "gzip"}),
            errors.TransientError,
            "end is missing",
            id="truncated",
        ),
        pytest.param(
            Response(b"a,b\n1,2\n", headers={"Content-Encoding": "gzip"}),
            errors.TransientError,
            "damaged",
            id="not gzip",
        ),
        pytest.param(
            Response(b"a,b\n", headers={"Content-Encoding": "br"}),
            errors.ResponseError,
            "got 'br'",
            id="unknown coding",
        ),
    ],
)
def test_unsafe_compressed_body_is_an_error(
    response: Response, error: type[Exception], text: str, *, to_file: bool
) -> None:
    """A body that cannot be decompressed safely is an error in one sentence."""
    with pytest.raises(error, match=text):
        received(response, to_file=to_file)


def test_decompression_yields_small_blocks() -> None:
    """Decompression never returns more than a block at once."""
    piece = gzip.compress(bytes(5_000_000))
    sizes = [len(block) for block in http_bodies.Inflater("x").blocks(piece)]
    assert sum(sizes) == 5_000_000
    assert max(sizes) == http_bodies.BLOCK_BYTES


@pytest.mark.parametrize(
    ("constant", "response", "to_file"),
    [
        pytest.param("MAX_REPORT_BYTES", Response(TEXT), True, id="report"),
        pytest.param("MAX_REPORT_BYTES", compressed(TEXT), True, id="compressed report"),
        pytest.param("MAX_BODY_BYTES", Response(envelope({"a": "x" * 999})), False, id="body"),
        pytest.param(
            "MAX_REPORT_BYTES", Response(envelope("x" * 999)), True, id="text in an envelope"
        ),
    ],
)
def test_body_above_the_size_limit_is_an_error(
    monkeypatch: pytest.MonkeyPatch, constant: str, response: Response, *, to_file: bool
) -> None:
    """A body above the size limit is an error."""
    monkeypatch.setattr(http_bodies, constant, 500)
    with pytest.raises(errors.ResponseError, match="more than 500 bytes"):
        received(response, to_file=to_file)


@pytest.mark.parametrize("body", [TEXT, envelope("ad_id\n1\n")], ids=["text", "envelope"])
def test_full_disk_is_not_retried(body: bytes) -> None:
    """A report that does not fit on the disk is an error without a retry."""
    with serving(lambda _: body) as (url, calls):
        client = transport_to(url)
        with pytest.raises(errors.StorageError, match=r"No space left on device.*TMPDIR"):
            client.download(REQUEST, FullDisk())
    assert len(calls) == 1


def test_report_leaves_free_disk_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that leaves too little disk space is an error."""
    monkeypatch.setattr(http_bodies, "MIN_FREE_DISK_BYTES", 10**18)
    with pytest.raises(errors.StorageError, match="free bytes"):
        received(Response(TEXT), to_file=True)


def test_cache_on_a_full_disk_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that does not fit into the cache is an error and is not cached."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: FullDisk())
    cache = ResponseCache()
    with pytest.raises(errors.StorageError, match="No space left"):
        cache.put("key", b"{}", {})
    assert cache.get("key") is None


# Time


def endless_continue(_: Call) -> Iterator[bytes]:
    """Send 100 Continue forever."""
    return itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def endless_header(_: Call) -> Iterator[bytes]:
    """Send a header line forever."""
    return dripping(OK + b"X-Header: ", b"a")


def endless_body(_: Call) -> Iterator[bytes]:
    """Send a body forever."""
    return dripping(OK + b"Content-Type: text/csv\r\n\r\nad_id\n", b"1\n")


def endless_chunk_size(_: Call) -> Iterator[bytes]:
    """Send the size of a chunk forever."""
    return dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nad_i\r\n", b"0")


def dripping(first: bytes, piece: bytes) -> Iterator[bytes]:
    """Yield the first bytes, and then small pieces with short pauses."""
    yield first
    while True:
        time.sleep(0.05)
        yield piece


@pytest.mark.parametrize("to_file", [True, False], ids=["report", "body"])
@pytest.mark.parametrize(
    "respond", [endless_continue, endless_header, endless_body, endless_chunk_size]
)
def test_endless_response_times_out(respond: t.Any, *, to_file: bool) -> None:
    """A response that never ends is stopped at the time limit."""
    with serving(respond) as (url, _), tempfile.TemporaryFile() as file:
        client = transport_to(url, max_retries=0, timeout=0.3)
        send = functools.partial(client.download, file=file) if to_file else client.send
        with pytest.raises(errors.TransientError, match="No complete") as error:
            send(REQUEST)
    assert error.value.timed_out


class SlowSocket(io.RawIOBase):
    """A socket that delivers a fixed number of bytes per read. Each read takes a second."""

    def __init__(self, size: int) -> None:
        self.now = 0.0
        self._size = size

    def readinto(self, buffer: t.Any) -> int:
        self.now += 1
        size = min(self._size, len(buffer))
        buffer[:size] = bytes(size)
        return size


@pytest.mark.parametrize(
    ("size", "is_body", "seconds"),
    [
        pytest.param(1, False, 10, id="slow headers"),
        pytest.param(MIN_BYTES_PER_SECOND, False, 10, id="fast headers"),
        pytest.param(1, True, 10 * MAX_RESPONSE_TIMEOUTS, id="dripping body"),
        pytest.param(MIN_BYTES_PER_SECOND // 2, True, 20 * MAX_RESPONSE_TIMEOUTS, id="slow body"),
    ],
)
def test_deadline_of_headers_and_body(size: int, seconds: float, *, is_body: bool) -> None:
    """Headers have one timeout. A body has five timeouts, and more time for more bytes."""
    socket = SlowSocket(size)
    reader = TimedReader(socket, 10, lambda: socket.now)
    if is_body:
        reader.begin_body()
    read = functools.partial(reader.read, MIN_BYTES_PER_SECOND)
    with pytest.raises(TimeoutError):
        collections.deque(iter(read, None), maxlen=0)  # reads until the deadline
    assert seconds <= socket.now <= seconds + 2


def test_fast_body_has_no_deadline() -> None:
    """A body at the minimum speed never times out."""
    socket = SlowSocket(MIN_BYTES_PER_SECOND)
    reader = TimedReader(socket, 10, lambda: socket.now)
    reader.begin_body()
    for _ in range(1000):
        assert reader.read(MIN_BYTES_PER_SECOND)
