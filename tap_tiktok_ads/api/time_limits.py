"""Time limits of complete HTTP responses.

The timeout of a socket limits the silence between two pieces, not the complete response. A server
that repeats `100 Continue`, or sends a byte a minute, would never time out.
"""

from __future__ import annotations

import http.client
import io
import time
import typing as t

import requests.adapters
import urllib3

if t.TYPE_CHECKING:
    from collections.abc import Callable

#: Maximum time from the request to the end of the response, as a multiple of the request timeout.
MAX_RESPONSE_TIMEOUTS = 5
#: Number of body bytes that extend this time by a second: a slow download may take longer.
MIN_BYTES_PER_SECOND = 64 * 1024


class TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline. Each byte of the body extends the deadline.

    The headers must arrive within one timeout, the complete response within
    `MAX_RESPONSE_TIMEOUTS`, plus a second for each `MIN_BYTES_PER_SECOND` received.
    """

    def __init__(
        self,
        raw: io.RawIOBase,
        timeout_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the time.

        Args:
            raw: The socket's reader. It is closed with this one.
            timeout_seconds: The request timeout.
            clock: Returns the current time in seconds.
        """
        self._raw = raw
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._deadline = clock() + timeout_seconds
        self._extension = 0.0  # seconds per byte

    def begin_body(self) -> None:
        """Give the body its own time: the headers are complete."""
        self._deadline += (MAX_RESPONSE_TIMEOUTS - 1) * self._timeout_seconds
        self._extension = 1 / MIN_BYTES_PER_SECOND

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        """Read some bytes.

        Raises:
            TimeoutError: The response is not complete in time.
        """
        if self._clock() > self._deadline:
            msg = "the response is not complete in time"
            raise TimeoutError(msg)
        size = self._raw.readinto(buffer)
        self._deadline += (size or 0) * self._extension
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedResponse(http.client.HTTPResponse):
    """A response of the standard library that ends in time."""

    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader: TimedReader | None = None
        seconds = sock.gettimeout()
        if seconds is not None:
            self._reader = TimedReader(self.fp.detach(), seconds)
            self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        super().begin()
        if self._reader is not None:
            self._reader.begin_body()


class _HttpConnection(urllib3.connection.HTTPConnection):
    response_class = TimedResponse


class _HttpsConnection(urllib3.connection.HTTPSConnection):
    response_class = TimedResponse


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


POOL_CLASSES = {"http": _HttpPool, "https": _HttpsPool}


class TimedAdapter(requests.adapters.HTTPAdapter):
    """Sends the requests of a session, directly or by a proxy. Every response ends in time."""

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith(
            "socks"
        ):  # each manager of this kind has its own pool classes
            manager.pool_classes_by_scheme = POOL_CLASSES
        return manager
