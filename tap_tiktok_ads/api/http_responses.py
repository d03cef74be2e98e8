"""Bodies and status codes of HTTP responses."""

from __future__ import annotations

import codecs
import re
import time
import typing as t

import requests

from tap_tiktok_ads.api import errors

#: Number of body bytes received at once.
BLOCK_BYTES = 256 * 1024
#: Maximum size of a body in memory. A page of a thousand ads has about ten million bytes.
MAX_BODY_BYTES = 256 * 1024 * 1024
#: Maximum time for a body that keeps arriving, as a multiple of the request timeout.
MAX_BODY_TIMEOUTS = 5
#: Transient HTTP statuses below 500: request timeout, too early.
TRANSIENT_STATUSES = frozenset({408, 425})
_SECONDS = re.compile(r"\d{1,5}", re.ASCII)


def check_status(response: requests.Response, label: str) -> None:
    """Return if the HTTP status is 200.

    Args:
        response: The HTTP response.
        label: Endpoint and advertiser, for the message.

    Raises:
        ThrottledError: HTTP 429, with the seconds of `Retry-After`.
        TransientError: HTTP 5xx, 408 or 425.
        ResponseError: Any other status, including redirects.
    """
    status = response.status_code
    if status == requests.codes.ok:
        return
    msg = f"HTTP {status} from {label}"
    if status == requests.codes.too_many_requests:
        wait = _SECONDS.fullmatch(response.headers.get("Retry-After", ""))
        raise errors.ThrottledError(msg, float(wait[0]) if wait else None)
    if status >= requests.codes.internal_server_error or status in TRANSIENT_STATUSES:
        raise errors.TransientError(msg, timed_out=status == requests.codes.gateway_timeout)
    if status in range(300, 400):
        msg += ": a redirect is not followed, it would carry the token; check 'api_url'"
    if status == requests.codes.not_found:
        msg += ": there is no such path"
    raise errors.ResponseError(msg)


def read_body(response: requests.Response, label: str, timeout_seconds: float) -> bytes:
    """Return the body of a response.

    The default of requests is to read pieces of 10 KB, which is slow.

    Raises:
        ResponseError: The body is larger than `MAX_BODY_BYTES`.
        TransientError: The body takes longer than `MAX_BODY_TIMEOUTS` timeouts.
    """
    deadline = time.monotonic() + MAX_BODY_TIMEOUTS * timeout_seconds
    blocks: list[bytes] = []
    size = 0
    while block := response.raw.read1(BLOCK_BYTES, decode_content=True):
        blocks.append(block)
        size += len(block)
        if size > MAX_BODY_BYTES:
            response.close()
            msg = f"{label} answered more than {MAX_BODY_BYTES:,} bytes"
            raise errors.ResponseError(msg)
        if time.monotonic() > deadline:
            response.close()
            msg = f"The answer of {label} did not end within {MAX_BODY_TIMEOUTS} time-outs"
            raise errors.TransientError(msg, timed_out=True)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def write_body(response: requests.Response, file: t.IO[bytes]) -> bytes:
    """Write a text body to a file and return its first block. Return any other body unwritten."""
    file.seek(0)
    file.truncate()
    blocks = response.raw.stream(BLOCK_BYTES, decode_content=True)
    first: bytes = next(blocks, b"")
    if is_markup(first):
        return first + b"".join(blocks)
    file.write(first)
    for block in blocks:
        file.write(block)
    return first


def is_markup(body: bytes) -> bool:
    """Return True if a body is empty, JSON or HTML, so it is not CSV text."""
    return body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in {b"{", b"<", b""}


def root_cause(error: BaseException) -> str:
    """Return the name and reason of the innermost error.

    The outer errors of requests quote the URL, which may contain secrets.
    """
    while True:
        inner = error.__cause__ or error.__context__
        if inner is None:
            return f"{type(error).__name__}: {getattr(error, 'strerror', None) or ''}".rstrip(": ")
        error = inner
