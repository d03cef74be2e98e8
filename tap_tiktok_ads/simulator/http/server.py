"""The HTTP side: routes, envelope, refusals, rate limits, faults and the request log."""

from __future__ import annotations

import json
import secrets
import socket
import struct
import threading
import time
import traceback
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tap_tiktok_ads.simulator.handlers.api import AUTH_CODE, Api
from tap_tiktok_ads.simulator.handlers.report_tasks import FILES, file
from tap_tiktok_ads.simulator.handlers.routes import ACCESS_TOKEN, APP_ID, APP_SECRET, HANDLERS
from tap_tiktok_ads.simulator.spec.endpoints import ENDPOINTS
from tap_tiktok_ads.simulator.spec.errors import (
    NO_ROUTE,
    THROTTLED,
    TOKEN_MISSING,
    TOKEN_WRONG,
    ApiError,
)
from tap_tiktok_ads.simulator.world.world import World

from .faults import Fault, Faults, alter
from .limits import Breach, Limiter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tap_tiktok_ads.simulator.spec.params import Endpoint

PREFIX = "/open_api/v1.3"

_encode = msgspec.json.Encoder().encode
_IN_PAGE = frozenset(
    ("empty_page", "drop_row", "repeat_row", "no_page_info", "shift", "total", "shape")
)
_ON_ITS_WAY = frozenset(("truncate", "drip"))
_HTML = "<html><head><title>{status}</title></head><body><h1>{status} {phrase}</h1></body></html>"
_TOO_MANY = "Too many requests. Please retry in some time."
_ABORT = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """A request that was served.

    Attributes:
        path: Path below the version, such as "/ad/get/".
        params: Texts of the query string by name, or the values of a POST's JSON body.
        status: HTTP status; 0 if the connection broke before an answer.
        code: Code of the envelope; None if there was none.
        time: Monotonic clock when the answer was ready.
        advertiser_id: Advertiser of the request, if it names one.
    """

    path: str
    params: Mapping[str, Any]
    status: int
    code: int | None
    time: float
    advertiser_id: str | None


@dataclass
class Reply:
    """An HTTP answer on its way out; `fate` says how the connection ends."""

    status: int
    code: int | None
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    fate: str = ""
    wait: float | None = None


class _Broken(Exception):  # noqa: N818
    """An answer that is not an envelope."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.fate or str(reply.status))
        self.reply = reply


class Simulator:
    """A TikTok Marketing API on 127.0.0.1.

    ```python
    with Simulator({"advertisers": 2}) as sim:
        requests.get(f"{sim.url}/user/info/", headers={"Access-Token": sim.access_token})
    ```
    """

    access_token = ACCESS_TOKEN
    app_id = APP_ID
    app_secret = APP_SECRET
    auth_code = AUTH_CODE

    def __init__(self, options: Mapping[str, Any] | None = None, *, port: int = 0) -> None:
        """Make the world; the port opens with `start`.

        Args:
            options: World options, see `world.Options`.
            port: Port to listen on; 0 takes a free one.
        """
        self.world = World(options)
        self.requests: list[Request] = []
        self.errors: list[str] = []
        self.throttled = 0
        chosen = self.world.options
        self.faults = Faults(chosen.seed)
        self._limiter = Limiter(chosen.tier, chosen.restriction_seconds)
        self._latency = chosen.latency_ms / 1000
        self._api = Api(self.world, lambda: self.url.removesuffix(PREFIX))
        self._lock = threading.Lock()
        self._revoked = False
        self._port = port
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Base URL with the version, without a slash at the end."""
        if self._server is None:
            msg = "The simulator is not started."
            raise RuntimeError(msg)
        return f"http://127.0.0.1:{self._server.server_address[1]}{PREFIX}"

    @property
    def breaches(self) -> list[Breach]:
        """Rate limits passed so far."""
        return self._limiter.breaches

    def start(self) -> Simulator:
        """Listen, and serve in threads of its own."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), self)
            threading.Thread(
                target=self._server.serve_forever,
                kwargs={"poll_interval": 0.01},  # how long `stop` waits
                name="tiktok-simulator",
                daemon=True,
            ).start()
        return self

    def stop(self) -> None:
        """Close the port and every open connection."""
        server, self._server = self._server, None
        if server is not None:
            server.stopping.set()
            server.shutdown()
            server.server_close()
            server.close_connections()

    def __enter__(self) -> Simulator:  # noqa: PYI034
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def add_fault(  # noqa: PLR0913
        self,
        kind: str,
        *,
        path: str | None = None,
        advertiser_id: str | None = None,
        page: int | None = None,
        containing: str = "",
        after: int = 0,
        times: int | None = 1,
        probability: float = 1.0,
        **details: Any,
    ) -> None:
        """Arm a fault; see `faults.Fault` for the arguments and `faults.KINDS` for the kinds."""
        self.faults.add(
            Fault(kind, path, advertiser_id, page, containing, after, times, probability, details),
        )

    def reply(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the answer to a request, and log it."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(PREFIX)
        sent: dict[str, Any] | None = dict(parse_qsl(parts.query, keep_blank_values=True))
        if method == "POST":
            sent = _decoded(headers, body)
        advertiser_id = _advertiser(sent or {})
        try:
            if parts.path.startswith(FILES):
                answer = self._file(path)
            else:
                endpoint = _route(method, parts.path, path)
                answer = self._answer(path, endpoint, sent, headers, advertiser_id)
        except _Broken as broken:
            answer = broken.reply
        except ApiError as error:
            answer = _envelope(error.code, error.message, {})
            answer.status = 404 if error.code == NO_ROUTE else 200
        except Exception:  # noqa: BLE001
            self.errors.append(traceback.format_exc())
            answer = _html(500)
        with self._lock:
            self.throttled += answer.code == THROTTLED
            self.requests.append(
                Request(
                    path, sent or {}, answer.status, answer.code, time.monotonic(), advertiser_id
                ),
            )
        return answer

    def _answer(
        self,
        path: str,
        endpoint: Endpoint,
        sent: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        advertiser_id: str | None,
    ) -> Reply:
        """Return the envelope of a known endpoint, with the faults armed for it."""
        if not self._limiter.allows(path):
            raise ApiError(THROTTLED, _TOO_MANY)
        if self._latency:
            time.sleep(self._latency)
        taken = self.faults.take(path, advertiser_id, sent or {})
        for fault in taken:
            self._before(fault, advertiser_id)
        if endpoint.needs_token:
            self._check_token(headers.get("Access-Token"))
        params = endpoint.read(sent)
        answer = HANDLERS[path](self._api, params)
        data = answer.data

        def before() -> Mapping[str, Any]:
            page = {**params, "page": max(1, params["page"] - 1)}
            return cast("Mapping[str, Any]", HANDLERS[path](self._api, page).data)

        for fault in taken:
            if fault.kind in _IN_PAGE and isinstance(data, dict):
                data = alter(fault, data, before)
        reply = _envelope(0, "OK", data)
        reply.headers.update(answer.headers)
        for fault in taken:
            if fault.kind in _ON_ITS_WAY:
                reply.fate = fault.kind
                reply.wait = fault.details.get("seconds", 0.1)
        return reply

    def _file(self, path: str) -> Reply:
        """Return a finished report, with the faults armed for it."""
        taken = self.faults.take(path, None, {})
        for fault in taken:
            self._before(fault, None)
        body = file(self._api, path)
        if body is None:
            raise _Broken(_html(404))
        truncated = any(fault.kind == "truncate" for fault in taken)
        headers = {"Content-Type": "text/csv; charset=utf-8"}
        return Reply(200, None, body, headers, "truncate" if truncated else "")

    def _check_token(self, token: str | None) -> None:
        if not token:
            raise ApiError(
                TOKEN_MISSING, "Access token is empty. Set it in the header Access-Token."
            )
        if token != ACCESS_TOKEN or self._revoked:
            raise ApiError(TOKEN_WRONG, "Access token is incorrect or has been revoked.")

    def _before(self, fault: Fault, advertiser_id: str | None) -> None:  # noqa: C901
        """Let a fault happen that comes before the answer."""
        details = fault.details
        match fault.kind:
            case "code":
                code = details.get("code", 50000)
                raise ApiError(code, details.get("message", "System error."))
            case "rate_limit":
                raise ApiError(THROTTLED, _TOO_MANY)
            case "http":
                status = details.get("status", 500)
                reply = _html(status)
                if "retry_after" in details:
                    reply.headers["Retry-After"] = str(details["retry_after"])
                raise _Broken(reply)
            case "not_json":
                raise _Broken(_html(200))
            case "reset":
                raise _Broken(Reply(0, None, b"", fate="reset"))
            case "hang":
                raise _Broken(Reply(0, None, b"", fate="hang", wait=details.get("seconds")))
            case "delay":
                self._pause(details.get("seconds", 1))
            case "revoke_token":
                self._revoked = True
            case "revoke_advertiser":
                name = details.get("advertiser", advertiser_id)
                if name is not None:
                    self.world.revoke(name)

    def _pause(self, seconds: float) -> None:
        server = self._server
        if server is not None:
            server.stopping.wait(seconds)


def _decoded(headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body; None if it is anything else."""
    if headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
        return None
    try:
        decoded = json.loads(body)
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) else None


def _advertiser(sent: Mapping[str, Any]) -> str | None:
    """Return the advertiser a request names: `advertiser_id`, or the only one of a list."""
    if "advertiser_id" in sent:
        return str(sent["advertiser_id"])
    try:
        names = json.loads(sent.get("advertiser_ids", ""))
    except (TypeError, ValueError):
        return None
    return str(names[0]) if isinstance(names, list) and len(names) == 1 else None


def _route(method: str, full_path: str, path: str) -> Endpoint:
    """Return the endpoint of a path and method."""
    if not full_path.startswith(PREFIX) or not path.endswith("/"):
        raise _Broken(_html(404))
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        raise ApiError(NO_ROUTE, f"Route {path} not found.")
    if endpoint.method != method:
        raise _Broken(_html(405))
    return endpoint


def _envelope(code: int, message: str, data: Any) -> Reply:
    request_id = time.strftime("%Y%m%d%H%M%S", time.gmtime()) + secrets.token_hex(10).upper()
    body = {"code": code, "message": message, "request_id": request_id, "data": data}
    headers = {"Content-Type": "application/json", "X-TT-LOGID": request_id}
    return Reply(200, code, _encode(body), headers)


def _html(status: int) -> Reply:
    text = _HTML.format(status=status, phrase=HTTPStatus(status).phrase)
    return Reply(status, None, text.encode(), {"Content-Type": "text/html"})


class _Server(ThreadingHTTPServer):
    """Threads, a long backlog, and connections that can be reset or closed."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        self.stopping = threading.Event()
        self.aborted: set[socket.socket] = set()
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        if request in self.aborted:
            self.aborted.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_connections(self) -> None:
        """Break every connection that is still open."""
        with self._guard:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name: self.headers.get(name, "") for name in ("Access-Token", "Content-Type")}
        reply = self.server.simulator.reply(self.command, self.path, headers, body)
        if reply.fate == "hang":
            self.server.stopping.wait(reply.wait)
            self.close_connection = True
        elif reply.fate == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            self.server.aborted.add(self.connection)
            self.close_connection = True
        else:
            self._write(reply)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

    def _write(self, reply: Reply) -> None:
        body = reply.body
        if reply.fate == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
        headers = {
            "Date": formatdate(usegmt=True),
            "Content-Length": str(len(reply.body)),
            **reply.headers,
        }
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join((*lines, "", ""))
        if reply.fate == "drip":
            self.wfile.write(head.encode("latin-1"))
            for start in range(0, len(body), 16):
                self.server.stopping.wait(reply.wait)
                self.wfile.write(body[start : start + 16])
        else:
            self.wfile.write(head.encode("latin-1") + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing; `Simulator.requests` is the log."""
