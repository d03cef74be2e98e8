"""Rate limits and faults of the simulator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.simulator.http.faults import KINDS
from tap_tiktok_ads.simulator.http.limits import Limiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from .helpers import Client

ADS = "/ad/get/"
TASKS = "/report/task/create/"
GMV_MAX = "/gmv_max/report/get/"


class Clock:
    """A clock that tests set."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def limiter(tier: str, restriction: float = 300) -> tuple[Limiter, Clock]:
    """Return a limiter and its clock."""
    clock = Clock()
    return Limiter(tier, restriction, clock), clock


@pytest.mark.parametrize(
    ("tier", "limit"), [("basic", 10), ("advanced", 20), ("premium", 30), ("ultimate", 50)]
)
def test_tier_limits_requests_per_second(tier: str, limit: int) -> None:
    """Requests above the tier's limit per second are rejected until the second ends."""
    limits, clock = limiter(tier)
    assert all(limits.allows(ADS) for _ in range(limit))
    assert not limits.allows(ADS)
    clock.now += 0.5
    assert not limits.allows(ADS)
    clock.now += 0.6
    assert limits.allows(ADS)
    assert [breach.period for breach in limits.breaches] == ["second"]


def test_second_is_rolling_window() -> None:
    """A burst across a second boundary counts toward one limit."""
    limits, clock = limiter("basic")
    clock.now += 0.9
    assert all(limits.allows(ADS) for _ in range(6))
    clock.now += 0.2
    assert all(limits.allows(ADS) for _ in range(4))
    assert not limits.allows(ADS)


def test_tier_limits_requests_per_minute() -> None:
    """Too many requests in a minute block all requests for the restriction period."""
    limits, clock = limiter("basic", restriction=300)
    for _ in range(60):
        assert all(limits.allows(ADS) for _ in range(10))
        clock.now += 1
    clock.now -= 0.5
    assert not limits.allows(ADS)
    clock.now += 299
    assert not limits.allows(ADS)
    clock.now += 2
    assert limits.allows(ADS)
    assert [breach.period for breach in limits.breaches] == ["minute"]


def test_sandbox_limits_each_endpoint() -> None:
    """The sandbox allows one request per second and endpoint."""
    limits, _ = limiter("sandbox")
    assert limits.allows(ADS)
    assert limits.allows("/campaign/get/")
    assert not limits.allows(ADS)


ENDPOINT_LIMITS = [
    *((tier, TASKS, 2, 60) for tier in ("basic", "advanced", "premium", "ultimate")),
    ("basic", GMV_MAX, 8, 240),
    ("advanced", GMV_MAX, 12, 360),
    ("premium", GMV_MAX, 20, 600),
    ("ultimate", GMV_MAX, 20, 600),
]


@pytest.mark.parametrize(("tier", "path", "second", "minute"), ENDPOINT_LIMITS)
def test_endpoint_limits_are_independent(tier: str, path: str, second: int, minute: int) -> None:
    """An endpoint that exceeds its limits does not block other endpoints."""
    limits, clock = limiter(tier, restriction=300)
    assert all(limits.allows(path) for _ in range(second))
    assert not limits.allows(path)
    assert limits.allows(ADS)
    clock.now += 61
    for _ in range(minute // second):
        assert all(limits.allows(path) for _ in range(second))
        clock.now += 1
    assert not limits.allows(path)
    clock.now += 299
    assert not limits.allows(path)
    assert limits.allows(ADS)
    clock.now += 2
    assert limits.allows(path)
    assert [(entry.period, entry.path) for entry in limits.breaches] == [
        ("second", path),
        ("minute", path),
    ]


@pytest.mark.parametrize(("path", "day"), [(TASKS, 4_500), (GMV_MAX, 20_000)])
def test_endpoint_limits_requests_per_day(path: str, day: int) -> None:
    """An endpoint that exceeds its daily limit is blocked until midnight UTC."""
    limits, clock = limiter("basic")
    clock.now = 86_400.0 * 10
    for _ in range(day):
        assert limits.allows(path)
        clock.now += 2
    assert not limits.allows(path)
    assert limits.allows(ADS)
    clock.now = 86_400.0 * 11
    assert limits.allows(path)


def test_endpoint_requests_count_toward_app_limit() -> None:
    """Requests to an endpoint with its own limits count toward the limit of the app."""
    limits, _ = limiter("basic")
    assert all(limits.allows(GMV_MAX) for _ in range(8))
    assert all(limits.allows(ADS) for _ in range(2))
    assert not limits.allows(ADS)


def test_exceeded_limit_returns_40100(serve: Callable[..., Client]) -> None:
    """An exceeded limit returns code 40100 and is counted."""
    client = serve(tier="sandbox", restriction_seconds=0.5)
    client.simulator._limiter, clock = limiter("sandbox", 0.5)
    codes = [client.get("/user/info/")["code"] for _ in range(5)]
    assert codes[0] == 0
    assert codes.count(40100) == client.simulator.throttled > 0
    assert client.simulator.breaches
    clock.now += 1.1
    assert client.get("/user/info/")["code"] == 0


def test_unknown_tier_is_rejected() -> None:
    """An unknown tier is rejected with the names of the known tiers."""
    with pytest.raises(ValueError, match="basic, advanced"):
        Simulator({"tier": "gold"})


def test_code_fault_returns_code(serve: Callable[..., Client]) -> None:
    """The fault "code" returns a code, after the first `after` requests."""
    client = serve()
    client.simulator.add_fault("code", path=ADS, after=1, times=2, code=51010, message="Busy.")
    envelopes = [client.get(ADS) for _ in range(4)]
    assert [envelope["code"] for envelope in envelopes] == [0, 51010, 51010, 0]
    assert envelopes[1]["message"] == "Busy."
    assert client.get("/campaign/get/")["code"] == 0


def test_rate_limit_fault_returns_40100(serve: Callable[..., Client]) -> None:
    """The fault "rate_limit" returns code 40100 with HTTP 200."""
    client = serve()
    client.simulator.add_fault("rate_limit")
    assert client.get(ADS)["code"] == 40100
    assert client.simulator.throttled == 1


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_http_fault_returns_html_error_page(serve: Callable[..., Client], status: int) -> None:
    """The fault "http" returns an HTML error page, optionally with Retry-After."""
    client = serve()
    client.simulator.add_fault("http", status=status, retry_after=3)
    response = client.raw(ADS)
    assert response.status_code == status
    assert response.headers["Retry-After"] == "3"
    assert response.text.startswith("<html>")


def test_not_json_fault_returns_page(serve: Callable[..., Client]) -> None:
    """The fault "not_json" returns an HTML page with HTTP 200."""
    client = serve()
    client.simulator.add_fault("not_json")
    response = client.raw(ADS)
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_reset_fault_breaks_connection(serve: Callable[..., Client]) -> None:
    """The fault "reset" breaks the connection of one request."""
    client = serve()
    client.simulator.add_fault("reset")
    with pytest.raises(requests.ConnectionError, match="reset"):
        client.raw(ADS)
    assert client.get(ADS)["code"] == 0


def test_truncate_fault_cuts_body(serve: Callable[..., Client]) -> None:
    """The fault "truncate" ends the body before its Content-Length."""
    client = serve()
    client.simulator.add_fault("truncate")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.raw(ADS)
    assert client.get(ADS)["code"] == 0


def test_delay_fault_delays_response(serve: Callable[..., Client]) -> None:
    """The fault "delay" delays the response."""
    client = serve()
    client.simulator.add_fault("delay", seconds=0.2)
    start = time.monotonic()
    assert client.get(ADS)["code"] == 0
    assert time.monotonic() - start >= 0.2


def test_hang_fault_sends_no_response(serve: Callable[..., Client]) -> None:
    """The fault "hang" sends no response."""
    client = serve()
    client.simulator.add_fault("hang")
    with pytest.raises(requests.Timeout):
        client.session.get(client.simulator.url + ADS, timeout=0.2)


def effect(client: Client) -> tuple[object, ...]:
    """Return body, header names and slowness of a response, without the request ID."""
    start = time.monotonic()
    advertiser_id = next(iter(client.world.accounts))
    params: dict[str, Any] = {"advertiser_id": advertiser_id, "page": 2, "page_size": 3}
    try:
        response = client.session.get(client.simulator.url + ADS, params=params, timeout=0.5)
    except requests.RequestException as error:
        return (type(error).__name__,)
    text = response.text.replace(response.headers.get("X-TT-LOGID", ""), "")
    headers = sorted(response.headers)
    return response.status_code, text, headers, time.monotonic() - start >= 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_changes_response(serve: Callable[..., Client], kind: str) -> None:
    """Each kind of fault changes a response and documents its effect."""
    client = serve()
    healthy = effect(client)
    seconds = 0.001 if kind == "drip" else 0.3  # "drip" waits before each piece of the body
    details: dict[str, Any] = {"seconds": seconds} if "seconds" in KINDS[kind].arguments else {}
    client.simulator.add_fault(kind, **details)
    assert KINDS[kind].effect.endswith(".")
    assert effect(client) != healthy


@pytest.mark.parametrize(
    ("kind", "records"),
    [("empty_page", 0), ("drop_row", 9), ("repeat_row", 11), ("no_page_info", 10)],
)
def test_page_faults_keep_total(serve: Callable[..., Client], kind: str, records: int) -> None:
    """Page faults change the records of a page but not `total_number`."""
    client = serve()
    client.simulator.add_fault(kind, path=ADS, page=1)
    assert len(client.data(ADS, page=2)["list"]) > 0
    data = client.data(ADS)
    assert len(data["list"]) == records
    if kind == "no_page_info":
        assert "page_info" not in data
    else:
        assert data["page_info"] == client.data(ADS)["page_info"]


def test_revoke_token_fault_is_permanent(serve: Callable[..., Client]) -> None:
    """The fault "revoke_token" revokes the token permanently."""
    client = serve()
    client.simulator.add_fault("revoke_token", after=1)
    assert [client.get(ADS)["code"] for _ in range(3)] == [0, 40105, 40105]


def test_revoke_advertiser_fault_is_permanent(serve: Callable[..., Client]) -> None:
    """The fault "revoke_advertiser" revokes one advertiser permanently."""
    client = serve()
    first, second = client.world.advertiser_ids[:2]
    client.simulator.add_fault("revoke_advertiser", advertiser_id=first)
    codes = [client.get(ADS, advertiser_id=name)["code"] for name in (second, first, first, second)]
    assert codes == [0, 40001, 40001, 0]


def test_fault_probability_is_deterministic(serve: Callable[..., Client]) -> None:
    """A fault with a probability affects the same requests in every run."""
    runs = []
    for _ in range(2):
        client = serve()
        client.simulator.add_fault("code", times=None, probability=0.5, code=50000)
        runs.append([client.get("/user/info/")["code"] for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {0, 50000}


def test_unknown_fault_is_rejected(serve: Callable[..., Client]) -> None:
    """An unknown fault is rejected with the names of the known faults."""
    with pytest.raises(ValueError, match="rate_limit"):
        serve().simulator.add_fault("earthquake")


def test_every_request_is_logged(serve: Callable[..., Client]) -> None:
    """Every request is logged with its parameters, status and code."""
    client = serve()
    client.simulator.add_fault("http", status=502, after=1)
    client.get(ADS, page_size=5)
    client.raw(ADS)
    log: list[Any] = client.simulator.requests
    assert [(entry.path, entry.status, entry.code) for entry in log] == [
        (ADS, 200, 0),
        (ADS, 502, None),
    ]
    assert log[0].params["page_size"] == "5"
    assert log[0].advertiser_id == client.first_advertiser


def test_stop_closes_port_and_connections() -> None:
    """A stopped simulator closes its port and open connections."""
    session = requests.Session()
    with Simulator() as simulator:
        url = f"{simulator.url}/user/info/"
        assert session.get(url, timeout=300).json()["code"] == 40104
    with pytest.raises(requests.ConnectionError):
        session.get(url, timeout=300)


def test_latency_delays_every_response(serve: Callable[..., Client]) -> None:
    """The option `latency_ms` delays every response."""
    client = serve(latency_ms=50)
    start = time.monotonic()
    client.get("/user/info/")
    assert time.monotonic() - start >= 0.05
