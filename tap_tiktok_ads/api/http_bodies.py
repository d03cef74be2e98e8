"""Bodies of HTTP responses, bounded in size, in memory and on disk.

Gzip is decompressed here, block by block. A library that decompresses a complete body can need a
thousand times as much memory. `time_limits` bounds the time.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import shutil
import tempfile
import typing as t
import zlib

from tap_tiktok_ads.api import errors, json_text
from tap_tiktok_ads.api.temporary_files import storing

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    import requests

#: Content codings that are decompressed here, and requested.
ACCEPT_ENCODING = "gzip, deflate"
#: Number of body bytes received at once, and maximum number decompressed at once.
BLOCK_BYTES = 256 * 1024
#: Number of body bytes received before the body is decoded. Most compressed bodies are smaller.
FIRST_BYTES = 64 * 1024
#: Maximum size of a body in memory. A page of a thousand ads has about ten million bytes.
MAX_BODY_BYTES = 256 * 1024**2
#: Maximum size of a report in a file. A year of ten thousand ads has about one GiB.
MAX_REPORT_BYTES = 8 * 1024**3
#: Maximum growth of a large body by decompression. Reports grow about twenty times.
MAX_INFLATION_FACTOR = 200
#: Size up to which a body may grow by any factor.
MIN_LIMITED_BYTES = 16 * 1024**2
#: Free space that a report leaves in the temporary folder.
MIN_FREE_DISK_BYTES = 64 * 1024**2
#: `zlib.decompressobj` recognizes the headers of gzip and deflate.
_ANY_ZLIB_HEADER = zlib.MAX_WBITS | 32
#: Next step after a body that TikTok does not send.
PROXY_ADVICE = "A proxy may have changed the response: check api_url and HTTPS_PROXY."


def read_body(
    response: requests.Response, label: str, before_decoding: Callable[[], None] = lambda: None
) -> bytes:
    """Return the body of a response.

    Args:
        response: The HTTP response.
        label: Endpoint and advertiser, for messages.
        before_decoding: Called once the body, or its first `FIRST_BYTES`, are received.

    Raises:
        ResponseError: The body is larger than `MAX_BODY_BYTES`, or cannot be decompressed safely.
        TransientError: The compressed body is damaged.
    """
    with contextlib.closing(_blocks(response, label, before_decoding)) as blocks:
        return _joined(blocks, label)


def write_body(response: requests.Response, file: t.IO[bytes], label: str) -> bytes:
    """Write a text to a file and return the rest of the body.

    A text is either the body itself, whose first block is returned, or the `data` of an envelope,
    which is returned with an empty `data`. Any other body is returned unwritten.

    Raises:
        ResponseError: The text is larger than `MAX_REPORT_BYTES`, and as for `read_body`.
        TransientError: The compressed body is damaged.
        StorageError: The disk is full.
    """
    with contextlib.closing(_blocks(response, label)) as blocks:
        first = next(blocks, b"")
        with storing(f"the report of {label}"):
            file.seek(0)
            file.truncate()
        if not is_markup(first):
            _write(_chained(first, blocks), file, label)
            return first
        start = json_text.start_of_data(first)
        if start is None:
            return _joined(_chained(first, blocks), label)
        text = json_text.TextBlocks(_chained(first[start:], blocks))
        _write(text, file, label)
        return first[:start] + _joined(_chained(text.rest, blocks), label)


def _write(blocks: Iterable[bytes], file: t.IO[bytes], label: str) -> None:
    """Write the blocks to a file.

    Raises:
        StorageError: The disk is full.
    """
    report = f"the report of {label}"
    for block in blocks:
        with storing(report):
            _check_disk(label)
            file.write(block)
    with storing(report):
        file.flush()


def is_markup(body: bytes) -> bool:
    """Return True if a body is empty, JSON or HTML, so it is not CSV text."""
    return body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in {b"{", b"<", b""}


def _chained(first: bytes, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the first block and the other blocks."""
    yield first
    yield from blocks


def _joined(blocks: Iterable[bytes], label: str) -> bytes:
    """Return all blocks as one.

    Raises:
        ResponseError: They are larger than `MAX_BODY_BYTES`.
    """
    body = io.BytesIO()  # grows in place: a list of blocks and its join take twice the memory
    for block in blocks:
        body.write(block)
        if body.tell() > MAX_BODY_BYTES:
            raise _too_large(label, MAX_BODY_BYTES)
    return body.getvalue()


def _blocks(
    response: requests.Response, label: str, before_decoding: Callable[[], None] = lambda: None
) -> Generator[bytes, None, None]:
    """Yield the decompressed blocks of a body. An error, or an early end, closes the connection.

    Raises:
        ResponseError: The body is too large, grows too much, or has an unknown coding.
        TransientError: The compressed body is damaged.
    """
    try:
        inflater = _inflater(response, label)
        received = size = 0
        for piece in _pieces(response, before_decoding):
            received += len(piece)
            for block in inflater.blocks(piece) if inflater else (piece,):
                size += len(block)
                _check_size(size, received, label)
                yield block
            _check_size(size, received, label)
        if inflater and received:
            yield from inflater.last_blocks()
    except BaseException:
        response.close()
        raise


def _pieces(response: requests.Response, before_decoding: Callable[[], None]) -> Iterator[bytes]:
    """Yield the pieces of a body as they are received. Call the function before the first one."""
    first_pieces = io.BytesIO()
    while first_pieces.tell() < FIRST_BYTES:
        piece = response.raw.read1(FIRST_BYTES, decode_content=False)
        if not piece:
            break
        first_pieces.write(piece)
    before_decoding()
    if first_pieces.tell():
        yield first_pieces.getvalue()
    del first_pieces
    while piece := response.raw.read1(BLOCK_BYTES, decode_content=False):
        yield piece


def _check_size(size: int, received: int, label: str) -> None:
    """Raise `ResponseError` if a body is too large, or was compressed too much."""
    if max(size, received) > MAX_REPORT_BYTES:
        raise _too_large(label, MAX_REPORT_BYTES)
    if size > max(MIN_LIMITED_BYTES, MAX_INFLATION_FACTOR * received):
        msg = (
            f"Cannot read the response of {label}: {received:,} compressed bytes grow more than "
            f"{MAX_INFLATION_FACTOR} times. {PROXY_ADVICE}"
        )
        raise errors.ResponseError(msg)


def _too_large(label: str, max_bytes: int) -> errors.ResponseError:
    msg = (
        f"Cannot read the response of {label}: it has more than {max_bytes:,} bytes. Request fewer "
        "days, metrics or records per page."
    )
    return errors.ResponseError(msg)


def _check_disk(label: str) -> None:
    """Raise `StorageError` if the temporary folder has little space left."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_DISK_BYTES:
        msg = (
            f"Cannot store the report of {label}: {folder} has only {free:,} free bytes. Free "
            "disk space, or set TMPDIR to another folder."
        )
        raise errors.StorageError(msg)


def _inflater(response: requests.Response, label: str) -> Inflater | None:
    """Return the decompressor of a body, or None if it is not compressed.

    Raises:
        ResponseError: The coding was not requested.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding in {"gzip", "x-gzip", "deflate"}:
        return Inflater(label)
    msg = (
        f"Cannot read the response of {label}: expected Content-Encoding gzip or deflate, got "
        f"{coding!r:.50}. {PROXY_ADVICE}"
    )
    raise errors.ResponseError(msg)


class Inflater:
    """Decompresses gzip or deflate in blocks of limited size."""

    def __init__(self, label: str) -> None:
        """Prepare.

        Args:
            label: Endpoint and advertiser, for messages.
        """
        self._label = label
        self._stream = zlib.decompressobj(_ANY_ZLIB_HEADER)

    def blocks(self, piece: bytes) -> Iterator[bytes]:
        """Yield the content of a piece in blocks of at most `BLOCK_BYTES`.

        Raises:
            TransientError: The piece is damaged.
        """
        while piece:
            if self._stream.eof:  # gzip may have several members
                self._stream = zlib.decompressobj(_ANY_ZLIB_HEADER)
            try:
                block = self._stream.decompress(piece, BLOCK_BYTES)
            except zlib.error as error:
                raise self._damaged(str(error)) from None
            if block:
                yield block
            piece = self._stream.unconsumed_tail or self._stream.unused_data

    def last_blocks(self) -> Iterator[bytes]:
        """Yield the rest of the content.

        Raises:
            TransientError: The end is missing.
        """
        last_block = self._stream.flush()
        if not self._stream.eof:
            reason = "its end is missing"
            raise self._damaged(reason)
        if last_block:
            yield last_block

    def _damaged(self, reason: str) -> errors.TransientError:
        advice = f"Try again later. {PROXY_ADVICE}"
        msg = f"The compressed response of {self._label} is damaged: {reason}. {advice}"
        return errors.TransientError(msg, advice=advice)
