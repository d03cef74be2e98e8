"""The client of the TikTok Marketing API: request budget, HTTP, retries and the envelope.

Many threads share one client. Each thread has its own `requests.Session`.
"""

from __future__ import annotations

import copy
import itertools
import logging
import random
import threading
import typing as t

import backoff

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.decoding_slots import SMALL_RESPONSE_BYTES
from tap_tiktok_ads.api.deprecations import log_deprecation
from tap_tiktok_ads.api.http_connection import HttpConnection
from tap_tiktok_ads.api.masking import SecretMask
from tap_tiktok_ads.api.response_cache import ResponseCache
from tap_tiktok_ads.api.response_decoder import ResponseDecoder
from tap_tiktok_ads.progress import Progress

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from tap_tiktok_ads.api.http_responses import HttpResponse
    from tap_tiktok_ads.api.messages import Check, Decode, Request, Response
    from tap_tiktok_ads.api.rate_limits import Budget, RateLimiter

logger = logging.getLogger("tap-tiktok-ads")

#: Maximum time between two attempts.
MAX_RETRY_SECONDS = 60.0
DEFAULT_FIRST_RETRY_SECONDS = 1.0
#: Minimum number of retries of a throttled request, even if `max_retries` is lower.
MIN_THROTTLED_RETRIES = 1
#: Weight of the newest response in the moving average of the latency.
LATENCY_WEIGHT = 0.1


class Client:
    """Sends requests to one base URL with one access token. Thread-safe.

    Example:
        >>> from tap_tiktok_ads.api.messages import Request
        >>> from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
        >>> from tap_tiktok_ads.simulator import Simulator
        >>> options = {"user_agent": "example/1.0", "timeout": 60, "max_retries": 5}
        >>> limiter = RateLimiter(TIERS["basic"])
        >>> with Simulator({"advertisers": 1}) as simulator:
        ...     client = Client(simulator.url, simulator.access_token, limiter, **options)
        ...     response = client.send(Request("/user/info/", {}))
        ...     client.close()
        >>> response.data["email"]
        's***@example.com'

    Args:
        base_url: URL including the version, such as `https://.../open_api/v1.3`.
        access_token: Value of the header `Access-Token`. If empty, the header is not sent.
        limiter: The request budget, which all threads share.
        user_agent: Value of the header `User-Agent`.
        timeout: Maximum seconds without any data from the server.
        max_retries: Maximum number of retries after a transient error.
        first_retry_seconds: Seconds before the first retry. They double with each retry.
        progress: Counters of requests, retries and waits.
        secrets: Additional texts that are masked in messages.
        replace_null_characters: True to replace null characters in texts with U+FFFD.
    """

    def __init__(  # noqa: PLR0913 - settings of a connection, most of them keyword-only
        self,
        base_url: str,
        access_token: str,
        limiter: RateLimiter,
        *,
        user_agent: str,
        timeout: float,
        max_retries: int,
        first_retry_seconds: float = DEFAULT_FIRST_RETRY_SECONDS,
        progress: Progress | None = None,
        secrets: Iterable[str] = (),
        replace_null_characters: bool = True,
    ) -> None:
        all_secrets = [secret for secret in (access_token, *secrets) if secret]
        self._http = HttpConnection(
            base_url, access_token, user_agent=user_agent, timeout=timeout, secrets=all_secrets
        )
        self._mask = SecretMask(all_secrets)
        self._decoder = ResponseDecoder(self._mask, replaces_null=replace_null_characters)
        self.replace_null_characters = replace_null_characters
        self._cache = ResponseCache()
        self.base_url = self._http.base_url
        self.slots = self._http.slots
        self.limiter = limiter
        self.first_retry_seconds = first_retry_seconds
        self.max_retries = max_retries
        self.latency_seconds = 0.0  # moving average, from request to response
        self.progress = progress or Progress()
        self._closed = threading.Event()
        self._latency_lock = threading.Lock()
        self._send: Callable[..., tuple[bytes, Response]] = backoff.on_exception(
            self._retry_waits,
            errors.TransientError,
            max_tries=max_retries + 1,
            jitter=None,
            on_backoff=self._on_retry,
            logger=None,
        )(self._send_once)

    def send(
        self,
        request: Request,
        decode: Decode | None = None,
        stream: str | None = None,
        check: Check | None = None,
    ) -> Response:
        """Send a request and return its response. Retry after transient errors.

        Args:
            request: The request.
            decode: A faster decoder, which returns None for bodies that it does not know.
            stream: Name of the stream that counts the request. None: the current stream.
            check: Raises `DamagedResponseError` for a response that lacks what the endpoint always
                returns.

        Raises:
            TransientError: Every attempt failed.
            RestrictedError: TikTok keeps throttling requests.
            TooLargeError: The request is splittable and too large.
            ApiError: A return code that a retry cannot change.
            ResponseError: An HTTP status that a retry cannot change.
        """
        if not request.shared:
            return self._send(request, decode, None, stream, check=check)[1]
        key = request.cache_key
        self.slots.release()
        with self._cache.lock_for(key):
            cached = self._cache.get(key)
            if cached is not None:
                return self._decoder.decode(request, *cached, decode)
            body, response = self._send(request, decode, None, stream, check=check)
            date = {"Date": response.server_time} if response.server_time else {}
            self._cache.put(key, body, date)
            return response

    def has_cached(self, request: Request) -> bool:
        """Return True if the response of a shared request is cached."""
        return self._cache.has(request.cache_key)

    def send_once(self, request: Request) -> Response:
        """Send a request without retries and return its response.

        Raises:
            TapError: As for `send`.
        """
        return self._send_once(request, None, None, None)[1]

    def download(self, request: Request, file: t.IO[bytes], stream: str | None = None) -> Response:
        """Send a request and write its text to a file.

        The text is either the body itself or the envelope's `data`.

        Raises:
            TapError: As for `send`. An envelope without text is a TransientError.
        """
        return self._send(request, None, file, stream)[1]

    def with_empty_cache(self) -> Client:
        """Return a client that shares everything with this one except the cached responses."""
        client = copy.copy(self)
        client._cache = ResponseCache()  # noqa: SLF001 - of this class
        return client

    def close(self) -> None:
        """Close the connections. Requests in flight finish, and no more requests are sent."""
        self._closed.set()
        self._http.close()
        self.limiter.close()

    def url(self, request: Request) -> str:
        """Return the URL of a request, without its query."""
        return self._http.url(request)

    def headers(self, request: Request) -> dict[str, str]:
        """Return the HTTP headers of a request, with the token masked."""
        headers = {name: self.mask(text) for name, text in self._http.headers(request).items()}
        return {**headers, **request.headers}

    def mask(self, text: str) -> str:
        """Return a text with the token and other secrets replaced, also inside JSON strings."""
        return self._mask.mask(text)

    def printable(self, message: t.Any) -> str:
        """Return a text of the server as one line of limited length, without secrets."""
        return self._mask.printable(message)

    def _retry_waits(self) -> Generator[float, errors.TransientError, None]:
        """Yield the seconds before each retry.

        They double with each retry, with jitter, and are at least the error's `min_wait_seconds`.

        Raises:
            TransientError: The last retry failed, or the error allows no retry.
        """
        wait = self.first_retry_seconds
        error = yield 0.0
        for retry_count in itertools.count():
            is_last = error.max_retries is not None and retry_count >= error.max_retries
            if is_last or self._closed.is_set():
                raise error
            jittered = wait * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
            error = yield max(jittered, error.min_wait_seconds * min(1.0, self.first_retry_seconds))
            wait = min(wait * 2, MAX_RETRY_SECONDS)

    def _on_retry(self, details: t.Any) -> None:
        """Count a retry and log a warning. `backoff` calls this method."""
        stream = details["args"][-1]
        self.progress.retried(stream)
        error = details["exception"]
        logger.warning(
            "Retrying%s in %.1f s (attempt %d of %d): %s",
            f" stream {stream}" if stream else "",
            details["wait"],
            details["tries"] + 1,
            1 + min(self.max_retries, error.max_retries or self.max_retries),
            error.facts,
        )

    def _send_once(
        self,
        request: Request,
        decode: Decode | None,
        file: t.IO[bytes] | None,
        stream: str | None,
        *,
        check: Check | None = None,
    ) -> tuple[bytes, Response]:
        """Send a request when the budget allows. Retry after each throttled response."""
        budget = self.limiter.budget(request.path)
        for attempt in itertools.count(1):
            self.slots.release()
            queued = self.limiter.clock()
            budget.acquire()
            if self._closed.is_set():
                msg = f"Cannot send the request to {request.label}: the client is closed."
                raise errors.ClosedError(msg)
            started = self.limiter.clock()
            self.progress.waited(started - queued, stream)
            self.progress.requested(stream)
            try:
                received = self._http.send(request, file)
                self._record_latency(self.limiter.clock() - started)
                response = self._decode(request, received, decode, file, check)
            except errors.ThrottledError as error:
                self._wait_after(error, budget, started, attempt)
            except (errors.ApiError, errors.TransientError) as error:
                self.slots.release()
                if isinstance(error, errors.ApiError):
                    budget.record_response(started)
                if request.splittable and errors.is_too_large(error):
                    raise errors.TooLargeError(error) from None
                raise
            else:
                if len(received.body) <= SMALL_RESPONSE_BYTES:
                    self.slots.release()
                budget.record_response(started)
                return received.body, response
        raise AssertionError

    def _wait_after(
        self, error: errors.ThrottledError, budget: Budget, started: float, attempt: int
    ) -> None:
        """Pause the budget after a throttled response.

        Raises:
            RestrictedError: The request was throttled too often.
        """
        if attempt > max(MIN_THROTTLED_RETRIES, self.max_retries):
            msg = (
                f"Stopped, because TikTok throttled {attempt} attempts of one request. "
                f"Try again in ten minutes. Last response: {error}"
            )
            raise errors.RestrictedError(msg) from None
        pause = budget.record_throttled(error, started)
        self.progress.waiting("rate limit", self.progress.clock() + pause)
        logger.warning("Throttled by TikTok. All requests wait for %.0f s: %s", pause, error)

    def _decode(
        self,
        request: Request,
        received: HttpResponse,
        decode: Decode | None,
        file: t.IO[bytes] | None,
        check: Check | None,
    ) -> Response:
        """Return the response of a success that a check accepts."""
        log_deprecation(self.url(request), received.headers, self._mask)
        self._decoder.check_status(request, received)
        body, headers = received.body, received.headers
        response = self._decoder.decode(request, body, headers, decode, file)
        if check is not None:
            check(response)
        return response

    def _record_latency(self, seconds: float) -> None:
        """Add the latency of one response to the moving average."""
        with self._latency_lock:
            weight = LATENCY_WEIGHT if self.latency_seconds else 1.0
            self.latency_seconds += (seconds - self.latency_seconds) * weight
