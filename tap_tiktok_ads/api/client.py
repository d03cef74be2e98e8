"""One request to TikTok: budget, HTTP, retries and the envelope. Knows nothing of Singer.

Used from many threads at once, with one `requests.Session` for each.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import itertools
import logging
import random
import re
import tempfile
import threading
import time
import typing as t
import urllib.parse
import weakref
import zlib

import backoff
import msgspec
import requests
import urllib3

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract.values import DECODE_ERRORS, json_number
from tap_tiktok_ads.progress import Progress

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from tap_tiktok_ads.api.rate_limits import RateLimiter

    Decode = Callable[[bytes], t.Any]

logger = logging.getLogger("tap-tiktok-ads")

MAX_CONNECT_SECONDS = 10.0
#: The longest wait in seconds between two tries.
MAX_RETRY_SECONDS = 60.0
#: Bytes of a file that are received at once.
BLOCK_BYTES = 256 * 1024
#: Bytes of a body in memory at most; a page of a thousand ads takes some ten million.
MAX_BODY_BYTES = 256 * 1024 * 1024
#: How many times the time-out a body may take as long as it keeps coming.
MAX_BODY_TIMEOUTS = 5
#: HTTP statuses below 500 that pass: request time-out, too early.
TRANSIENT_STATUSES = frozenset({408, 425})
#: Characters of a server's text in an error, at most.
MAX_MESSAGE_LENGTH = 300
_SECONDS = re.compile(r"\d{1,5}", re.ASCII)
#: A return code at most; all that are known have five digits.
MAX_CODE = 10**15
#: TikTok's warning that a synchronous report looked at its 20,000 newest ads only.
THROTTLE_HEADER = "X-Tt-Ads-Throttle"


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A request below the base URL; parameters hold values of any JSON type.

    `params` go into the query, `body` is what a POST sends; pages are in the body where there is
    one. A path that begins with `/open_api/` starts at the host. `shared` marks a request that
    several streams make: its answer is kept for the rest of the run.
    `splittable` marks one that the caller can divide: it is not repeated when it was too large.
    """

    path: str
    params: Mapping[str, t.Any]
    method: str = "GET"
    body: Mapping[str, t.Any] | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    shared: bool = False
    splittable: bool = False

    @property
    def page_params(self) -> Mapping[str, t.Any]:
        """The parameters among which those of a page are."""
        return self.params if self.body is None else self.body

    def with_page_params(self, **changes: t.Any) -> Request:
        """The same request with other parameters of a page."""
        paged = {**self.page_params, **changes}
        if self.body is None:
            return dataclasses.replace(self, params=paged)
        return dataclasses.replace(self, body=paged)

    @property
    def cache_key(self) -> str:
        """What tells it from other requests."""
        query = sorted(self.query().items())
        return f"{self.method} {self.path} {query} {self.body} {self.headers}"

    def query(self) -> dict[str, str]:
        """The parameters as TikTok wants them: text as it is, all else as JSON text."""
        return {
            name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for name, value in self.params.items()
        }

    @property
    def label(self) -> str:
        """Endpoint and advertiser, for messages."""
        sent = {**self.params, **(self.body or {})}
        advertiser = sent.get("advertiser_id") or sent.get("advertiser_ids")
        if isinstance(advertiser, (list, tuple)):
            more = f" and {len(advertiser) - 1} more" if len(advertiser) > 1 else ""
            advertiser = f"{advertiser[0]}{more}" if advertiser else None
        return f"{self.path} for advertiser {advertiser}" if advertiser else self.path


@dataclasses.dataclass(frozen=True, slots=True)
class Response:
    """A successful answer.

    Attributes:
        data: The envelope's `data`.
        request_id: TikTok's id of the request.
        server_time: The HTTP `Date` header, or None.
        is_truncated: True if TikTok warns that records may be missing.
        body: The body as received.
    """

    data: dict[str, t.Any]
    request_id: str
    server_time: str | None = None
    is_truncated: bool = False
    body: bytes = b""


class _Envelope(msgspec.Struct):
    """`{"code": int, "message": str, "request_id": str, "data": {...}}`.

    The official OpenAPI files say of `code` that it may be left out of a success.
    """

    code: t.Annotated[int, msgspec.Meta(ge=-MAX_CODE, le=MAX_CODE)] | None = None
    message: t.Any = None
    request_id: t.Any = None
    data: t.Any = None


_decoder = msgspec.json.Decoder(_Envelope, strict=False, float_hook=json_number)


class ResponseCache:
    """Bodies of shared answers, compressed in a nameless temporary file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._file: t.IO[bytes] | None = None
        self._places: dict[str, tuple[int, int, Mapping[str, str]]] = {}

    def turn(self, key: str) -> threading.Lock:
        """What is held by the one who fetches this body, so that the others wait for it."""
        with self._lock:
            return self._turns.setdefault(key, threading.Lock())

    def get(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """The body and headers that were put under this key."""
        with self._lock:
            if self._file is None or key not in self._places:
                return None
            start, length, headers = self._places[key]
            self._file.seek(start)
            return zlib.decompress(self._file.read(length)), headers

    def put(self, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Keep a body and some of its headers."""
        packed = zlib.compress(body, 1)
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool
                weakref.finalize(self, self._file.close)
            self._places[key] = (self._file.seek(0, 2), len(packed), headers)
            self._file.write(packed)


class Client:
    """Sends requests to one base URL with one token. Thread-safe."""

    def __init__(  # noqa: PLR0913 - the settings of a connection, all but three by name
        self,
        base_url: str,
        access_token: str,
        limiter: RateLimiter,
        *,
        user_agent: str,
        timeout: float,
        max_retries: int,
        first_retry_seconds: float = 1.0,
        progress: Progress | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            base_url: up to and including the version, such as `https://.../open_api/v1.3`.
            access_token: sent as the header `Access-Token` and nowhere else; empty: not sent.
            limiter: the budget that all threads share.
            user_agent: the header `User-Agent`.
            timeout: seconds to wait for an answer.
            max_retries: further tries after one that failed in passing.
            first_retry_seconds: seconds before the second try; doubled before each further one.
            progress: what counts requests, retries and waits.
            secrets: what else no text of the server may show.
        """
        self.base_url = base_url.rstrip("/")
        self.limiter = limiter
        self._headers = {
            **({"Access-Token": access_token} if access_token else {}),
            "Accept": "application/json",
            "User-Agent": user_agent,
        }
        self._secrets = [secret for secret in (access_token, *secrets) if secret]
        self._loopback = is_loopback(base_url)
        self._timeout = (min(MAX_CONNECT_SECONDS, timeout), timeout)
        self.first_retry_seconds = first_retry_seconds
        self.max_retries = max_retries
        self._local = threading.local()
        self._spool = ResponseCache()
        self._latency_lock = threading.Lock()
        self.latency_seconds = 0.0  # seconds from sending to the answer, a moving average
        self.progress = progress or Progress()
        self._send: Callable[
            [Request, Decode | None, t.IO[bytes] | None, str | None], tuple[bytes, Response]
        ] = backoff.on_exception(
            self._waits,
            errors.TransientError,
            max_tries=max_retries + 1,
            jitter=None,
            on_backoff=self._on_retry,
            logger=None,
        )(self._send_once)

    def send(
        self, request: Request, decode: Decode | None = None, stream: str | None = None
    ) -> Response:
        """The answer to a request, after as many tries as it takes and is allowed.

        Args:
            request: what to send.
            decode: reads bodies that it knows, faster; gives None for all others.
            stream: whose request it counts as; None: that of the stream under way.

        Raises:
            TransientError: every try failed.
            RestrictedError: TikTok keeps refusing requests.
            TooLargeError: a splittable request should be divided.
            ApiError: a return code that another try cannot change.
            ResponseError: an HTTP status that another try cannot change.
        """
        if not request.shared:
            return self._send(request, decode, None, stream)[1]
        key = request.cache_key
        with self._spool.turn(key):
            kept = self._spool.get(key)
            if kept is not None:
                return self._read(request, *kept)
            body, reply = self._send(request, None, None, stream)
            self._spool.put(key, body, {"Date": reply.server_time} if reply.server_time else {})
            return reply

    def download(self, request: Request, file: t.IO[bytes], stream: str | None = None) -> Response:
        """Put a body that is text into a file, block by block; an envelope is read as ever.

        Raises:
            TapError: as `send`; an envelope that holds no text is no report.
        """
        return self._send(request, None, file, stream)[1]

    def send_once(self, request: Request) -> Response:
        """The answer to a request that is not worth a second try.

        Raises:
            TapError: as `send`.
        """
        return self._send_once(request, None, None, None)[1]

    def _waits(self) -> Generator[float, errors.TransientError, None]:
        """Seconds before the next try: doubling, spread by chance, at least the error's floor.

        Raises:
            TransientError: the error allows no further try.
        """
        wait = self.first_retry_seconds
        error = yield 0.0
        for tries in itertools.count():
            if error.tries is not None and tries >= error.tries:
                raise error
            spread = wait * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            error = yield max(spread, error.floor * min(1.0, self.first_retry_seconds))
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
        budget = self.limiter.budget(request.path)
        while True:
            asked = self.limiter.clock()
            budget.acquire()
            started = self.limiter.clock()
            self.progress.waited(started - asked, stream)
            self.progress.requested(stream)
            try:
                headers, body = self._http(request, file)
                self._note_latency(self.limiter.clock() - started)
                reply = (
                    self._read(request, body, headers, decode, file)
                    if file is None or _is_markup(body)
                    else Response({}, headers.get("X-TT-LOGID", "unknown"), headers.get("Date"))
                )
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
                return body, reply

    def _note_latency(self, seconds: float) -> None:
        with self._latency_lock:
            self.latency_seconds += (seconds - self.latency_seconds) * (
                0.1 if self.latency_seconds else 1.0
            )

    def url(self, request: Request) -> str:
        """Where a request goes, without its query."""
        if request.path.startswith("/open_api/"):
            return urllib.parse.urljoin(self.base_url, request.path)
        return self.base_url + request.path

    def headers(self, request: Request) -> dict[str, str]:
        """The headers that a request bears, without the token."""
        body = {} if request.body is None else {"Content-Type": "application/json"}
        return {name: self.mask(text) for name, text in self._headers.items()} | {
            **body,
            **request.headers,
        }

    def mask(self, text: str) -> str:
        """A text without the token and other secrets, as they are or inside JSON strings."""
        for secret in self._secrets:
            for form in (secret, msgspec.json.encode(secret).decode()[1:-1]):
                text = text.replace(form, "***")
        return text

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers.update(self._headers)
            session.trust_env = not self._loopback  # a proxy cannot reach this machine's loopback
        return session

    def _http(
        self, request: Request, file: t.IO[bytes] | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        """Send it once: headers and body, or the first block of one that goes to a file.

        Redirects are not followed: they would carry the token to another host.
        """
        try:
            response = self._session().request(
                request.method,
                self.url(request),
                params=request.query(),
                json=request.body,
                headers=request.headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            body = self._body(request, response) if file is None else _fill(file, response)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            msg = f"No answer from {request.label} within {self._timeout[1]:g} seconds"
            raise errors.TransientError(msg, timed_out=True) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            msg = f"The connection to {request.label} failed ({_cause(error)}): check the network"
            raise errors.TransientError(msg) from None
        self._check_status(request, response)
        return response.headers, body

    def _body(self, request: Request, response: requests.Response) -> bytes:
        """The whole body; requests' own way is by pieces of 10 KB.

        Raises:
            ResponseError: it is larger than any of TikTok's.
            TransientError: it came, but so slowly that it would hold up the run.
        """
        deadline = time.monotonic() + MAX_BODY_TIMEOUTS * self._timeout[1]
        blocks: list[bytes] = []
        size = 0
        while block := response.raw.read1(BLOCK_BYTES, decode_content=True):
            blocks.append(block)
            size += len(block)
            if size > MAX_BODY_BYTES:
                response.close()
                msg = f"{request.label} answered more than {MAX_BODY_BYTES:,} bytes"
                raise errors.ResponseError(msg)
            if time.monotonic() > deadline:
                response.close()
                ended = f"did not end within {MAX_BODY_TIMEOUTS} time-outs"
                msg = f"The answer of {request.label} {ended}"
                raise errors.TransientError(msg, timed_out=True)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)

    @staticmethod
    def _check_status(request: Request, response: requests.Response) -> None:
        status = response.status_code
        if status == requests.codes.ok:
            return
        msg = f"HTTP {status} from {request.label}"
        if status == requests.codes.too_many_requests:
            wait = _SECONDS.fullmatch(response.headers.get("Retry-After", ""))
            raise errors.ThrottledError(msg, float(wait[0]) if wait else None)
        if status >= requests.codes.internal_server_error or status in TRANSIENT_STATUSES:
            raise errors.TransientError(msg, timed_out=status == requests.codes.gateway_timeout)
        if status in range(300, 400):
            msg += f": a redirect is not followed, it would carry the token; check {'api_url'!r}"
        if status == requests.codes.not_found:
            msg += ": there is no such path"
        raise errors.ResponseError(msg)

    def _read(
        self,
        request: Request,
        body: bytes,
        headers: Mapping[str, str],
        decode: Decode | None = None,
        file: t.IO[bytes] | None = None,
    ) -> Response:
        """The envelope of a body; text that it holds goes to the file, if there is one.

        Raises:
            TransientError: not an envelope, as a body cut off on its way or a page of a proxy.
            TapError: the exception of a code that is not success.
        """
        known = decode(body) if decode else None
        if known is not None:
            data = {"list": known.data.records, "page_info": known.data.page_info}
            return Response(
                data=data,
                request_id=self.printable(known.request_id or "unknown"),
                server_time=headers.get("Date"),
                is_truncated=THROTTLE_HEADER in headers,
                body=body,
            )
        try:
            envelope = _decoder.decode(body)
        except DECODE_ERRORS as error:
            msg = f"{request.label} answered {len(body)} bytes that are not TikTok's JSON ({error})"
            raise errors.TransientError(msg) from None
        request_id = self.printable(envelope.request_id or "unknown")
        code = envelope.code or 0
        if errors.rule(code).action is not errors.Action.ACCEPT:
            message = self.printable(envelope.message or "no message")
            raise errors.from_code(code, message, request_id, request.label)
        if code != 0:
            logger.warning(
                "%s answered with code %d: %s Rows may be missing (request_id %s).",
                request.label,
                code,
                errors.rule(code).advice,
                request_id,
            )
        if file is not None and isinstance(envelope.data, str):
            file.write(envelope.data.encode())
            envelope.data = {}
        if not isinstance(envelope.data, dict):
            msg = f"{request.label} answered without data (request_id {request_id})"
            raise errors.TransientError(msg)
        return Response(
            data=envelope.data,
            request_id=request_id,
            server_time=headers.get("Date"),
            is_truncated=THROTTLE_HEADER in headers,
            body=body,
        )

    def printable(self, message: t.Any) -> str:
        """A text of the server on one line, of a length to read, without secrets."""
        line = " ".join(self.mask(str(message)).split())
        return line if len(line) <= MAX_MESSAGE_LENGTH else line[:MAX_MESSAGE_LENGTH] + "..."


def _is_markup(body: bytes) -> bool:
    """Whether a body is an envelope, a page of a proxy or nothing, and so no CSV text."""
    return body.lstrip()[:1] in {b"{", b"<", b""}


def _fill(file: t.IO[bytes], response: requests.Response) -> bytes:
    """Put text into a file, and return its beginning; anything else is returned whole."""
    file.seek(0)
    file.truncate()
    blocks = response.raw.stream(BLOCK_BYTES, decode_content=True)
    first: bytes = next(blocks, b"")
    if _is_markup(first):
        return first + b"".join(blocks)
    file.write(first)
    for block in blocks:
        file.write(block)
    return first


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine: `localhost`, 127.0.0.0/8 or ::1."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cause(error: BaseException) -> str:
    """The innermost reason of a failed connection, without the URL that `requests` quotes."""
    while True:
        inner = error.__cause__ or error.__context__
        if inner is None:
            return f"{type(error).__name__}: {getattr(error, 'strerror', None) or ''}".rstrip(": ")
        error = inner
