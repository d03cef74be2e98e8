"""The simulator: routing, authentication, rate limits, faults and the request log."""

from __future__ import annotations

import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from tap_tiktok_ads.simulator.handlers.api import AUTH_CODE, Api
from tap_tiktok_ads.simulator.handlers.authorization import ACCESS_TOKEN, APP_ID, APP_SECRET
from tap_tiktok_ads.simulator.handlers.integrated_reports import FILES, report_file
from tap_tiktok_ads.simulator.handlers.routes import ENDPOINTS, HANDLERS
from tap_tiktok_ads.simulator.spec.errors import (
    INVALID_TOKEN,
    MISSING_TOKEN,
    RATE_LIMITED,
    UNKNOWN_ROUTE,
    ApiError,
)
from tap_tiktok_ads.simulator.world.world import World

from .connections import Server
from .faults import RATE_LIMIT_MESSAGE, Fault, Faults
from .limits import Breach, Limiter
from .messages import (
    NoEnvelope,
    Request,
    Response,
    advertiser_of,
    decode_body,
    envelope,
    html_page,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tap_tiktok_ads.simulator.handlers.api import Payload
    from tap_tiktok_ads.simulator.spec.params import Endpoint

PREFIX = "/open_api/v1.3"


class _Target:
    """The state of a simulator that faults change."""

    def __init__(self, world: World) -> None:
        self.token_revoked = False
        self.stopping: threading.Event | None = None
        self.revoke_advertiser = world.revoke

    def pause(self, seconds: float) -> None:
        if self.stopping is not None:
            self.stopping.wait(seconds)

    def revoke_token(self) -> None:
        self.token_revoked = True


class Simulator:
    """A simulated TikTok Marketing API on 127.0.0.1, with the data of a generated world.

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
        """Generate the world. `start` opens the port.

        Args:
            options: Options of the world. See `options.Options`.
            port: Port to listen on. 0 selects a free port.
        """
        self.world = World(options)
        self.requests: list[Request] = []
        self.errors: list[str] = []
        self.throttled = 0
        world_options = self.world.options
        self.faults = Faults(world_options.seed)
        self._limiter = Limiter(world_options.tier, world_options.restriction_seconds)
        self._latency_seconds = world_options.latency_ms / 1000
        self._api = Api(self.world, lambda: self.url.removesuffix(PREFIX))
        self._target = _Target(self.world)
        self._lock = threading.Lock()
        self._port = port
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Base URL with the version, without a slash at the end."""
        if self._server is None:
            msg = "The simulator is not started."
            raise RuntimeError(msg)
        return f"http://127.0.0.1:{self._server.server_address[1]}{PREFIX}"

    @property
    def breaches(self) -> list[Breach]:
        """The rate limits that requests exceeded."""
        return self._limiter.breaches

    def start(self) -> Simulator:
        """Listen, and serve in threads."""
        if self._server is None:
            self._server = Server(("127.0.0.1", self._port), self.respond)
            self._target.stopping = self._server.stopping
            self._thread = threading.Thread(
                target=self._server.serve_forever,
                kwargs={"poll_interval": 0.01},  # `stop` waits for one interval
                name="tiktok-simulator",
                daemon=True,
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every open connection."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            if self._thread is not None:
                self._thread.join()

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
        """Add a fault. See `faults.Fault` for the arguments and `faults.KINDS` for the kinds."""
        self.faults.add(
            Fault(kind, path, advertiser_id, page, containing, after, times, probability, details),
        )

    def respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        """Return the response to a request, and log the request."""
        split_target = urlsplit(target)
        path = split_target.path.removeprefix(PREFIX)
        raw_params: dict[str, Any] | None = dict(
            parse_qsl(split_target.query, keep_blank_values=True)
        )
        if method == "POST":
            raw_params = decode_body(headers, body)
        advertiser_id = advertiser_of(raw_params or {})
        try:
            if split_target.path.startswith(FILES):
                response = self._file(path)
            else:
                endpoint = _route(method, split_target.path, path)
                response = self._endpoint(path, endpoint, raw_params, headers, advertiser_id)
        except NoEnvelope as error:
            response = error.response
        except ApiError as error:
            response = envelope(error.code, error.message, {})
            response.status = 404 if error.code == UNKNOWN_ROUTE else 200
        except Exception:  # noqa: BLE001
            self.errors.append(traceback.format_exc())
            response = html_page(500)
        now = time.monotonic()
        with self._lock:
            self.throttled += response.code == RATE_LIMITED
            self.requests.append(
                Request(path, raw_params or {}, response.status, response.code, now, advertiser_id),
            )
        return response

    def _endpoint(
        self,
        path: str,
        endpoint: Endpoint,
        raw_params: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        advertiser_id: str | None,
    ) -> Response:
        """Return the response of an endpoint, with the faults that affect the request."""
        if not self._limiter.allows(path):
            raise ApiError(RATE_LIMITED, RATE_LIMIT_MESSAGE)
        if self._latency_seconds:
            time.sleep(self._latency_seconds)
        faults = self.faults.take(path, advertiser_id, raw_params or {})
        for fault in faults:
            fault.act(self._target, advertiser_id)
        if endpoint.needs_token:
            self._check_token(headers.get("Access-Token"))
        params = endpoint.read(raw_params)
        params |= {name: headers.get(name, "") for name in endpoint.headers}
        payload = HANDLERS[path](self._api, params)
        data = payload.data

        def previous() -> Mapping[str, Any]:
            page = {**params, "page": max(1, params["page"] - 1)}
            return cast("Mapping[str, Any]", HANDLERS[path](self._api, page).data)

        if isinstance(data, dict):
            for fault in faults:
                data = fault.alter_data(data, previous)
        response = _success(data, payload)
        for fault in faults:
            fault.alter_response(response)
        return response

    def _file(self, path: str) -> Response:
        """Return a report file, with the faults that affect the request."""
        faults = self.faults.take(path, None, {})
        for fault in faults:
            fault.act(self._target, None)
        body = report_file(self._api, path)
        if body is None:
            raise NoEnvelope(html_page(404))
        response = Response(200, None, body, {"Content-Type": "text/csv; charset=utf-8"})
        for fault in faults:
            fault.alter_response(response)
        return response

    def _check_token(self, token: str | None) -> None:
        """Raise `ApiError` if the access token is missing, wrong or revoked."""
        if not token:
            raise ApiError(
                MISSING_TOKEN, "Access token is empty. Set it in the header Access-Token."
            )
        if token != ACCESS_TOKEN or self._target.token_revoked:
            raise ApiError(INVALID_TOKEN, "Access token is incorrect or has been revoked.")


def _success(data: Any, payload: Payload) -> Response:
    """Return the envelope of a success, or the body of a payload that has no envelope."""
    response = envelope(0, "OK", data)
    if payload.body is not None:
        response.code, response.body = None, payload.body
    response.headers.update(payload.headers)
    return response


def _route(method: str, full_path: str, path: str) -> Endpoint:
    """Return the endpoint of a path and method.

    Raises:
        ApiError: With code 40400, if the path is unknown.
        NoEnvelope: If the path is outside the API, or the endpoint has another method.
    """
    if not full_path.startswith(PREFIX) or not path.endswith("/"):
        raise NoEnvelope(html_page(404))
    endpoint = ENDPOINTS.get(path)
    if endpoint is None:
        raise ApiError(UNKNOWN_ROUTE, f"Route {path} not found.")
    if endpoint.method != method:
        raise NoEnvelope(html_page(405))
    return endpoint
