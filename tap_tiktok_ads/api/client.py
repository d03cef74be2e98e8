"""The client of the TikTok Marketing API: request budget, HTTP, retries and the envelope.

Many threads share one client. Each thread has its own `requests.Session`.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import logging
import random
import threading
import typing as t
import urllib.parse
import weakref

import backoff
import msgspec
import requests
import urllib3

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.hosts import is_loopback
from tap_tiktok_ads.api.http_logging import without_http_logs
from tap_tiktok_ads.api.http_responses import (
    check_status,
    is_markup,
    read_body,
    root_cause,
    write_body,
)
from tap_tiktok_ads.api.messages import DECODE_ERRORS, Request, Response, decode_envelope
from tap_tiktok_ads.api.response_cache import ResponseCache
from tap_tiktok_ads.progress import Progress

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from tap_tiktok_ads.api.messages import Decode, Envelope
    from tap_tiktok_ads.api.rate_limits import RateLimiter

logger = logging.getLogger("tap-tiktok-ads")

MAX_CONNECT_SECONDS = 10.0
#: Maximum time between two attempts.
MAX_RETRY_SECONDS = 60.0
DEFAULT_FIRST_RETRY_SECONDS = 1.0
#: Maximum number of characters of server text in a message.
MAX_MESSAGE_LENGTH = 300
#: Weight of the newest response in the moving average of the latency.
LATENCY_WEIGHT = 0.1
#: Header by which TikTok warns that a synchronous report covers only the 20,000 newest ads.
THROTTLE_HEADER = "X-Tt-Ads-Throttle"


class Client:
    """Sends requests to one base URL with one access token. Thread-safe.

    Example:
        >>> limiter = RateLimiter(TIERS["basic"])
        >>> client = Client(
        ...     "https://business-api.tiktok.com/open_api/v1.3", "token", limiter,
        ...     user_agent="example/1.0", timeout=60, max_retries=5,
        ... )
        >>> response = client.send(Request("/user/info/", {}))
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
    ) -> None:
        """Create a client. No request is sent.

        Args:
            base_url: URL including the version, such as `https://.../open_api/v1.3`.
            access_token: Value of the header `Access-Token`. If empty, the header is not sent.
            limiter: The request budget, which all threads share.
            user_agent: Value of the header `User-Agent`.
            timeout: Maximum seconds without any data from the server.
            max_retries: Maximum number of retries after a transient error.
            first_retry_seconds: Seconds before the first retry. They double with each retry.
            progress: Counters of requests, retries and waits.
            secrets: Further texts that are masked in messages.
        """
        self.base_url = base_url.rstrip("/")
        self.limiter = limiter
        self.first_retry_seconds = first_retry_seconds
        self.max_retries = max_retries
        self.latency_seconds = 0.0  # moving average, from request to response
        self.progress = progress or Progress()
        self._headers = {
            **({"Access-Token": access_token} if access_token else {}),
            "Accept": "application/json",
            "User-Agent": user_agent,
        }
        self._secrets = [secret for secret in (access_token, *secrets) if secret]
        self._is_loopback = is_loopback(base_url)
        self._timeouts = (min(MAX_CONNECT_SECONDS, timeout), timeout)  # connect, read
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._closed = threading.Event()
        self._cache = ResponseCache()
        self._latency_lock = threading.Lock()
        self._send: Callable[
            [Request, Decode | None, t.IO[bytes] | None, str | None], tuple[bytes, Response]
        ] = backoff.on_exception(
            self._retry_waits,
            errors.TransientError,
            max_tries=max_retries + 1,
            jitter=None,
            on_backoff=self._on_retry,
            logger=None,
        )(self._send_once)

    def send(
        self, request: Request, decode: Decode | None = None, stream: str | None = None
    ) -> Response:
        """Send a request and return its response. Retry after transient errors.

        Args:
            request: The request.
            decode: A faster decoder, which returns None for bodies that it does not know.
            stream: Name of the stream that counts the request. None: the current stream.

        Raises:
            TransientError: Every attempt failed.
            RestrictedError: TikTok keeps throttling requests.
            TooLargeError: The request is splittable and too large.
            ApiError: A return code that a retry cannot change.
            ResponseError: An HTTP status that a retry cannot change.
        """
        if not request.shared:
            return self._send(request, decode, None, stream)[1]
        key = request.cache_key
        with self._cache.lock_for(key):
            cached = self._cache.get(key)
            if cached is not None:
                return self._decode(request, *cached)
            body, response = self._send(request, None, None, stream)
            date = {"Date": response.server_time} if response.server_time else {}
            self._cache.put(key, body, date)
            return response

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
        for session in list(self._sessions):
            session.close()

    def url(self, request: Request) -> str:
        """Return the URL of a request, without its query."""
        if request.path.startswith("/open_api/"):
            return urllib.parse.urljoin(self.base_url, request.path)
        return self.base_url + request.path

    def headers(self, request: Request) -> dict[str, str]:
        """Return the HTTP headers of a request, with the token masked."""
        body = {} if request.body is None else {"Content-Type": "application/json"}
        return {name: self.mask(text) for name, text in self._headers.items()} | {
            **body,
            **request.headers,
        }

    def mask(self, text: str) -> str:
        """Return a text with the token and other secrets replaced, also inside JSON strings."""
        for secret in self._secrets:
            for form in (secret, msgspec.json.encode(secret).decode()[1:-1]):
                text = text.replace(form, "***")
        return text

    def printable(self, message: t.Any) -> str:
        """Return a text of the server as one line of limited length, without secrets."""
        line = " ".join(self.mask(str(message)).split())
        return line if len(line) <= MAX_MESSAGE_LENGTH else line[:MAX_MESSAGE_LENGTH] + "..."

    def _retry_waits(self) -> Generator[float, errors.TransientError, None]:
        """Yield the seconds before each retry: doubling, with jitter, at least `error.floor`.

        Raises:
            TransientError: The error allows no further retry.
        """
        wait = self.first_retry_seconds
        error = yield 0.0
        for retry_count in itertools.count():
            is_last = error.tries is not None and retry_count >= error.tries
            if is_last or self._closed.is_set():
                raise error
            jittered = wait * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
            error = yield max(jittered, error.floor * min(1.0, self.first_retry_seconds))
            wait = min(wait * 2, MAX_RETRY_SECONDS)

    def _on_retry(self, details: t.Any) -> None:
        self.progress.retried(details["args"][-1])
        logger.warning(
            "Trying again in %.1f s (try %d): %s",
            details["wait"],
            details["tries"] + 1,
            details["exception"],
        )

    def _send_once(
        self,
        request: Request,
        decode: Decode | None,
        file: t.IO[bytes] | None,
        stream: str | None,
    ) -> tuple[bytes, Response]:
        """Send a request when the budget allows, again after each throttled response."""
        budget = self.limiter.budget(request.path)
        while True:
            queued = self.limiter.clock()
            budget.acquire()
            if self._closed.is_set():
                msg = f"The client was closed before the request to {request.label}."
                raise errors.ClosedError(msg)
            started = self.limiter.clock()
            self.progress.waited(started - queued, stream)
            self.progress.requested(stream)
            try:
                headers, body = self._http(request, file)
                self._record_latency(self.limiter.clock() - started)
                response = self._response(request, body, headers, decode, file)
            except errors.ThrottledError as error:
                pause = budget.throttled(error, started)
                self.progress.waiting("rate limit", self.progress.clock() + pause)
                logger.warning("Slowing down: %s", error)
            except (errors.ApiError, errors.TransientError) as error:
                if isinstance(error, errors.ApiError):
                    budget.answered(started)
                if request.splittable and errors.is_too_large(error):
                    raise errors.TooLargeError(error) from None
                raise
            else:
                budget.answered(started)
                return body, response

    def _record_latency(self, seconds: float) -> None:
        with self._latency_lock:
            weight = LATENCY_WEIGHT if self.latency_seconds else 1.0
            self.latency_seconds += (seconds - self.latency_seconds) * weight

    def _session(self) -> requests.Session:
        """Return the session of the current thread."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            self._sessions.add(session)
            session.headers.update(self._headers)
            session.trust_env = not self._is_loopback  # a proxy cannot reach the local host
        return session

    def _request(self, request: Request) -> requests.Response:
        """Send one HTTP request. Its URL is not logged if it holds a secret.

        Redirects are not followed, because they would carry the token to another host.
        """
        query = request.query()
        holds_secret = any(secret in text for secret in self._secrets for text in query.values())
        with without_http_logs() if holds_secret else contextlib.nullcontext():
            return self._session().request(
                request.method,
                self.url(request),
                params=query,
                json=request.body,
                headers=request.headers,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            )

    def _http(self, request: Request, file: t.IO[bytes] | None) -> tuple[Mapping[str, str], bytes]:
        """Send one HTTP request. Return the headers and the body, or its first block."""
        try:
            response = self._request(request)
            if file is None:
                body = read_body(response, request.label, self._timeouts[1])
            else:
                body = write_body(response, file)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            msg = f"No answer from {request.label} within {self._timeouts[1]:g} seconds"
            raise errors.TransientError(msg, timed_out=True) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            cause = root_cause(error)
            msg = f"The connection to {request.label} failed ({cause}): check the network"
            raise errors.TransientError(msg) from None
        check_status(response, request.label)
        return response.headers, body

    def _response(
        self,
        request: Request,
        body: bytes,
        headers: Mapping[str, str],
        decode: Decode | None,
        file: t.IO[bytes] | None,
    ) -> Response:
        """Return the response of a body that is an envelope, or text already in the file."""
        if file is not None and not is_markup(body):
            return Response({}, headers.get("X-TT-LOGID", "unknown"), headers.get("Date"))
        page = decode(body) if decode else None
        if page is None:
            return self._decode(request, body, headers, file)
        data = {"list": page.data.records, "page_info": page.data.page_info}
        return self._success(body, headers, data, page.request_id)

    def _decode(
        self,
        request: Request,
        body: bytes,
        headers: Mapping[str, str],
        file: t.IO[bytes] | None = None,
    ) -> Response:
        """Return the response of an envelope. Write text in its `data` to the file.

        Raises:
            TransientError: Not an envelope, such as a truncated body or the page of a proxy.
            TapError: The exception of a code that is not success.
        """
        try:
            envelope = decode_envelope(body)
        except DECODE_ERRORS as error:
            size = f"{len(body)} bytes"
            msg = f"{request.label} answered {size} that are not TikTok's JSON ({error})"
            raise errors.TransientError(msg) from None
        self._check_code(request, envelope)
        if file is not None and isinstance(envelope.data, str):
            file.write(envelope.data.encode())
            envelope.data = {}
        if not isinstance(envelope.data, dict):
            request_id = self.printable(envelope.request_id or "unknown")
            msg = f"{request.label} answered without data (request_id {request_id})"
            raise errors.TransientError(msg)
        return self._success(body, headers, envelope.data, envelope.request_id)

    def _check_code(self, request: Request, envelope: Envelope) -> None:
        """Return if the code is a success. Log a warning for a partial success.

        Raises:
            TapError: The exception of a code that is not success.
        """
        code = envelope.code or 0
        if code == 0:
            return
        request_id = self.printable(envelope.request_id or "unknown")
        rule = errors.rule(code)
        if rule.action is not errors.Action.ACCEPT:
            message = self.printable(envelope.message or "no message")
            raise errors.from_code(code, message, request_id, request.label)
        logger.warning(
            "%s answered with code %d: %s Rows may be missing (request_id %s).",
            request.label,
            code,
            rule.advice,
            request_id,
        )

    def _success(
        self, body: bytes, headers: Mapping[str, str], data: dict[str, t.Any], request_id: t.Any
    ) -> Response:
        return Response(
            data=data,
            request_id=self.printable(request_id or "unknown"),
            server_time=headers.get("Date"),
            is_truncated=THROTTLE_HEADER in headers,
            body=body,
        )
