"""Bounds of HTTP responses: size, growth, time and disk."""

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
from edge_server import Call, Reply, envelope, serving
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


def received(reply: Reply, *, to_file: bool, **settings: t.Any) -> bytes:
    """Return the `data` of a response, or the text that a download writes."""
    with serving(lambda _: reply) as (url, _):
        client = transport_to(url, max_retries=0, **settings)
        if not to_file:
            return str(client.send(REQUEST).data).encode()
        with tempfile.TemporaryFile() as file:
            client.download(REQUEST, file)
            file.seek(0)
            return file.read()


def compressed(content: bytes, coding: str = "gzip") -> Reply:
    """Return a compressed body."""
    body = gzip.compress(content) if coding == "gzip" else zlib.compress(content)
    return Reply(body, headers={"Content-Encoding": coding})


TEXT = b"ad_id,spend\n" + b"".join(b"%d,0.5\n" % number for number in range(200_000))


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(TEXT), id="plain"),
        pytest.param(compressed(TEXT), id="gzip"),
        pytest.param(compressed(TEXT, "deflate"), id="deflate"),
        pytest.param(
            Reply(
                gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
                headers={"Content-Encoding": "x-gzip"},
            ),
            id="two members",
        ),
    ],
)
def test_codings(reply: Reply) -> None:
    """A text arrives complete in each coding."""
    assert received(reply, to_file=True) == TEXT


@pytest.mark.parametrize("to_file", [True, False], ids=["report", "body"])
@pytest.mark.parametrize(
    ("reply", "error", "text"),
    [
        pytest.param(compressed(bytes(40_000_000)), errors.ResponseError, "200 times", id="bomb"),
        pytest.param(
            compressed(b'{"code": 0, "data": "' + bytes(40_000_000)),
            errors.ResponseError,
            "200 times",
            id="JSON bomb",
        ),
        pytest.param(
            Reply(gzip.compress(TEXT)[:-9], headers={"Content-Encoding": "gzip"}),
            errors.TransientError,
            "end is missing",
            id="truncated",
        ),
        pytest.param(
            Reply(b"a,b\n1,2\n", headers={"Content-Encoding": "gzip"}),
            errors.TransientError,
            "damaged",
            id="not gzip",
        ),
        pytest.param(
            Reply(b"a,b\n", headers={"Content-Encoding": "br"}),
            errors.ResponseError,
            "Content-Encoding 'br'",
            id="unknown coding",
        ),
    ],
)
def test_compressed_bodies_that_are_rejected(
    reply: Reply, error: type[Exception], text: str, *, to_file: bool
) -> None:
    """A body that cannot be decompressed safely is an error in one sentence."""
    with pytest.raises(error, match=text):
        received(reply, to_file=to_file)


def test_memory_of_a_compressed_body() -> None:
    """A small piece of gzip never becomes more than a block at once."""
    piece = gzip.compress(bytes(5_000_000))
    sizes = [len(block) for block in http_bodies.Inflater("x").blocks(piece)]
    assert sum(sizes) == 5_000_000
    assert max(sizes) == http_bodies.BLOCK_BYTES


@pytest.mark.parametrize(
    ("constant", "reply", "to_file"),
    [
        pytest.param("MAX_REPORT_BYTES", Reply(TEXT), True, id="report"),
        pytest.param("MAX_REPORT_BYTES", compressed(TEXT), True, id="compressed report"),
        pytest.param("MAX_BODY_BYTES", Reply(envelope({"a": "x" * 999})), False, id="body"),
        pytest.param("MAX_BODY_BYTES", Reply(envelope("x" * 999)), True, id="text in an envelope"),
    ],
)
def test_size(
    monkeypatch: pytest.MonkeyPatch, constant: str, reply: Reply, *, to_file: bool
) -> None:
    """A body that is larger than the limit is an error."""
    monkeypatch.setattr(http_bodies, constant, 500)
    with pytest.raises(errors.ResponseError, match="more than 500 bytes"):
        received(reply, to_file=to_file)


@pytest.mark.parametrize("body", [TEXT, envelope("ad_id\n1\n")], ids=["text", "envelope"])
def test_full_disk(body: bytes) -> None:
    """A report that the disk cannot hold is an error in one sentence, and not retried."""
    with serving(lambda _: body) as (url, calls):
        client = transport_to(url)
        with pytest.raises(errors.StorageError, match=r"No space left on device.*TMPDIR"):
            client.download(REQUEST, FullDisk())
    assert len(calls) == 1


def test_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report leaves some space for others."""
    monkeypatch.setattr(http_bodies, "MIN_FREE_DISK_BYTES", 10**18)
    with pytest.raises(errors.StorageError, match="free bytes"):
        received(Reply(TEXT), to_file=True)


def test_cache_on_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that the cache cannot hold is an error, and not in the cache."""
    monkeypatch.setattr(tempfile, "TemporaryFile", FullDisk)
    cache = ResponseCache()
    with pytest.raises(errors.StorageError, match="No space left"):
        cache.put("key", b"{}", {})
    assert cache.get("key") is None


# Time


def endless_continue(_: Call) -> Iterator[bytes]:
    """Never send a final response."""
    return itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def endless_header(_: Call) -> Iterator[bytes]:
    """Send a header line for as long as the client listens."""
    return dripping(OK + b"X-Header: ", b"a")


def endless_body(_: Call) -> Iterator[bytes]:
    """Send a text for as long as the client listens."""
    return dripping(OK + b"Content-Type: text/csv\r\n\r\nad_id\n", b"1\n")


def endless_chunk_size(_: Call) -> Iterator[bytes]:
    """Send the size of a chunk for as long as the client listens."""
    return dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nad_i\r\n", b"0")


def dripping(first: bytes, drop: bytes) -> Iterator[bytes]:
    """Yield a beginning, and then drops with little time between them."""
    yield first
    while True:
        time.sleep(0.05)
        yield drop


@pytest.mark.parametrize("to_file", [True, False], ids=["report", "body"])
@pytest.mark.parametrize(
    "respond", [endless_continue, endless_header, endless_body, endless_chunk_size]
)
def test_endless_responses(respond: t.Any, *, to_file: bool) -> None:
    """A response that never ends, though something arrives all the time, ends by the time limit."""
    with serving(respond) as (url, _), tempfile.TemporaryFile() as file:
        client = transport_to(url, max_retries=0, timeout=0.3)
        send = functools.partial(client.download, file=file) if to_file else client.send
        with pytest.raises(errors.TransientError, match="No complete") as error:
            send(REQUEST)
    assert error.value.timed_out


class Drops(io.RawIOBase):
    """A socket that delivers a fixed number of bytes per read, each of which takes a second."""

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
def test_deadline(size: int, seconds: float, *, is_body: bool) -> None:
    """Headers end within a timeout, a body within five and the time that its bytes allow."""
    drops = Drops(size)
    reader = TimedReader(drops, 10, lambda: drops.now)
    if is_body:
        reader.begin_body()
    read = functools.partial(reader.read, MIN_BYTES_PER_SECOND)
    with pytest.raises(TimeoutError):
        collections.deque(iter(read, None), maxlen=0)  # reads on and on
    assert seconds <= drops.now <= seconds + 2


def test_a_fast_body_takes_as_long_as_it_needs() -> None:
    """A body that arrives at the minimum speed is never given up."""
    drops = Drops(MIN_BYTES_PER_SECOND)
    reader = TimedReader(drops, 10, lambda: drops.now)
    reader.begin_body()
    for _ in range(1000):
        assert reader.read(MIN_BYTES_PER_SECOND)
