"""Rate limits and faults."""

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
    """A clock set by hand."""

    now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def limiter(tier: str, restriction: float = 300) -> tuple[Limiter, Clock]:
    """Return a limiter with a clock of its own."""
    clock = Clock()
    return Limiter(tier, restriction, clock), clock


@pytest.mark.parametrize(
    ("tier", "limit"), [("basic", 10), ("advanced", 20), ("premium", 30), ("ultimate", 50)]
)
def test_requests_per_second(tier: str, limit: int) -> None:
    """The tier's number of requests passes in a second, the next is refused until the next."""
    limits, clock = limiter(tier)
    assert all(limits.allows(ADS) for _ in range(limit))
    assert not limits.allows(ADS)
    clock.now += 0.5
    assert not limits.allows(ADS)
    clock.now += 0.6
    assert limits.allows(ADS)
    assert [breach.period for breach in limits.breaches] == ["second"]


def test_seconds_are_rolling() -> None:
    """A burst across the turn of a second is counted as one."""
    limits, clock = limiter("basic")
    clock.now += 0.9
    assert all(limits.allows(ADS) for _ in range(6))
    clock.now += 0.2
    assert all(limits.allows(ADS) for _ in range(4))
    assert not limits.allows(ADS)


def test_requests_per_minute() -> None:
    """Too many requests in a minute are refused for the whole restriction, retries included."""
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


def test_sandbox_counts_each_endpoint() -> None:
    """In the sandbox every endpoint has its own request per second."""
    limits, _ = limiter("sandbox")
    assert limits.allows(ADS)
    assert limits.allows("/campaign/get/")
    assert not limits.allows(ADS)


OWN_LIMITS = [
    *((tier, TASKS, 2, 60) for tier in ("basic", "advanced", "premium", "ultimate")),
    ("basic", GMV_MAX, 8, 240),
    ("advanced", GMV_MAX, 12, 360),
    ("premium", GMV_MAX, 20, 600),
    ("ultimate", GMV_MAX, 20, 600),
]


@pytest.mark.parametrize(("tier", "path", "second", "minute"), OWN_LIMITS)
def test_endpoint_with_limits_of_its_own(tier: str, path: str, second: int, minute: int) -> None:
    """An endpoint is refused above limits of its own, and no other endpoint with it."""
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
    assert [(one.period, one.path) for one in limits.breaches] == [
        ("second", path),
        ("minute", path),
    ]


@pytest.mark.parametrize(("path", "day"), [(TASKS, 4_500), (GMV_MAX, 20_000)])
def test_requests_per_day_of_an_endpoint(path: str, day: int) -> None:
    """The day of an endpoint ends at its own limit, until midnight UTC."""
    limits, clock = limiter("basic")
    clock.now = 86_400.0 * 10
    for _ in range(day):
        assert limits.allows(path)
        clock.now += 2
    assert not limits.allows(path)
    assert limits.allows(ADS)
    clock.now = 86_400.0 * 11
    assert limits.allows(path)


def test_requests_of_an_endpoint_count_for_the_app() -> None:
    """An endpoint with limits of its own uses up those of the app, too."""
    limits, _ = limiter("basic")
    assert all(limits.allows(GMV_MAX) for _ in range(8))
    assert all(limits.allows(ADS) for _ in range(2))
    assert not limits.allows(ADS)


def test_throttled_over_http(serve: Callable[..., Client]) -> None:
    """A breach is answered with 40100 and counted."""
    client = serve(tier="sandbox", restriction_seconds=0.5)
    client.simulator._limiter, clock = limiter("sandbox", 0.5)
    codes = [client.get("/user/info/")["code"] for _ in range(5)]
    assert codes[0] == 0
    assert codes.count(40100) == client.simulator.throttled > 0
    assert client.simulator.breaches
    clock.now += 1.1
    assert client.get("/user/info/")["code"] == 0


def test_unknown_tier() -> None:
    """A tier that does not exist is refused with the names of those that do."""
    with pytest.raises(ValueError, match="basic, advanced"):
        Simulator({"tier": "gold"})


def test_code(serve: Callable[..., Client]) -> None:
    """The fault "code" answers with a return code; `after` lets requests pass before it."""
    client = serve()
    client.simulator.add_fault("code", path=ADS, after=1, times=2, code=51010, message="Busy.")
    envelopes = [client.get(ADS) for _ in range(4)]
    assert [envelope["code"] for envelope in envelopes] == [0, 51010, 51010, 0]
    assert envelopes[1]["message"] == "Busy."
    assert client.get("/campaign/get/")["code"] == 0


def test_rate_limit(serve: Callable[..., Client]) -> None:
    """The fault "rate_limit" answers 40100 with HTTP 200."""
    client = serve()
    client.simulator.add_fault("rate_limit")
    assert client.get(ADS)["code"] == 40100
    assert client.simulator.throttled == 1


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_http(serve: Callable[..., Client], status: int) -> None:
    """The fault "http" answers a gateway's HTML page, with Retry-After if wished."""
    client = serve()
    client.simulator.add_fault("http", status=status, retry_after=3)
    response = client.raw(ADS)
    assert response.status_code == status
    assert response.headers["Retry-After"] == "3"
    assert response.text.startswith("<html>")


def test_not_json(serve: Callable[..., Client]) -> None:
    """The fault "not_json" answers HTTP 200 with a page."""
    client = serve()
    client.simulator.add_fault("not_json")
    response = client.raw(ADS)
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()


def test_reset(serve: Callable[..., Client]) -> None:
    """The fault "reset" breaks the connection; the next request works."""
    client = serve()
    client.simulator.add_fault("reset")
    with pytest.raises(requests.ConnectionError, match="reset"):
        client.raw(ADS)
    assert client.get(ADS)["code"] == 0


def test_truncate(serve: Callable[..., Client]) -> None:
    """The fault "truncate" ends the body before its Content-Length."""
    client = serve()
    client.simulator.add_fault("truncate")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.raw(ADS)
    assert client.get(ADS)["code"] == 0


def test_delay(serve: Callable[..., Client]) -> None:
    """The fault "delay" answers late."""
    client = serve()
    client.simulator.add_fault("delay", seconds=0.2)
    start = time.monotonic()
    assert client.get(ADS)["code"] == 0
    assert time.monotonic() - start >= 0.2


def test_hang(serve: Callable[..., Client]) -> None:
    """The fault "hang" never answers."""
    client = serve()
    client.simulator.add_fault("hang")
    with pytest.raises(requests.Timeout):
        client.session.get(client.simulator.url + ADS, timeout=0.2)


def effect(client: Client) -> tuple[object, ...]:
    """Return what a client sees of a request: body, headers and time, without the request ID."""
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
def test_every_kind_has_an_effect(serve: Callable[..., Client], kind: str) -> None:
    """A fault of each kind changes a page, and the kind describes its effect."""
    client = serve()
    before = effect(client)
    seconds = 0.001 if kind == "drip" else 0.3  # "drip" waits before each piece of the body
    details: dict[str, Any] = {"seconds": seconds} if "seconds" in KINDS[kind].arguments else {}
    client.simulator.add_fault(kind, **details)
    assert KINDS[kind].effect.endswith(".")
    assert effect(client) != before


@pytest.mark.parametrize(
    ("kind", "rows"), [("empty_page", 0), ("drop_row", 9), ("repeat_row", 11), ("no_page_info", 10)]
)
def test_page_faults(serve: Callable[..., Client], kind: str, rows: int) -> None:
    """Faults of a page change its rows and leave total_number as it was."""
    client = serve()
    client.simulator.add_fault(kind, path=ADS, page=1)
    assert len(client.data(ADS, page=2)["list"]) > 0
    data = client.data(ADS)
    assert len(data["list"]) == rows
    if kind == "no_page_info":
        assert "page_info" not in data
    else:
        assert data["page_info"] == client.data(ADS)["page_info"]


def test_revoke_token(serve: Callable[..., Client]) -> None:
    """The fault "revoke_token" ends the grant for good."""
    client = serve()
    client.simulator.add_fault("revoke_token", after=1)
    assert [client.get(ADS)["code"] for _ in range(3)] == [0, 40105, 40105]


def test_revoke_advertiser(serve: Callable[..., Client]) -> None:
    """The fault "revoke_advertiser" withdraws one advertiser for good."""
    client = serve()
    first, second = client.world.advertiser_ids[:2]
    client.simulator.add_fault("revoke_advertiser", advertiser_id=first)
    codes = [client.get(ADS, advertiser_id=name)["code"] for name in (second, first, first, second)]
    assert codes == [0, 40001, 40001, 0]


def test_probability(serve: Callable[..., Client]) -> None:
    """A fault with a probability hits the same requests in every run."""
    runs = []
    for _ in range(2):
        client = serve()
        client.simulator.add_fault("code", times=None, probability=0.5, code=50000)
        runs.append([client.get("/user/info/")["code"] for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {0, 50000}


def test_unknown_fault(serve: Callable[..., Client]) -> None:
    """A fault that does not exist is refused."""
    with pytest.raises(ValueError, match="rate_limit"):
        serve().simulator.add_fault("earthquake")


def test_request_log(serve: Callable[..., Client]) -> None:
    """Every served request is logged with its parameters, status and code."""
    client = serve()
    client.simulator.add_fault("http", status=502, after=1)
    client.get(ADS, page_size=5)
    client.raw(ADS)
    seen: list[Any] = client.simulator.requests
    assert [(one.path, one.status, one.code) for one in seen] == [(ADS, 200, 0), (ADS, 502, None)]
    assert seen[0].params["page_size"] == "5"
    assert seen[0].advertiser_id == client.first


def test_stop_closes_connections() -> None:
    """After stop neither the port nor an open connection answers."""
    session = requests.Session()
    with Simulator() as simulator:
        url = f"{simulator.url}/user/info/"
        assert session.get(url, timeout=300).json()["code"] == 40104
    with pytest.raises(requests.ConnectionError):
        session.get(url, timeout=300)


def test_latency(serve: Callable[..., Client]) -> None:
    """The option latency_ms makes every answer take its time."""
    client = serve(latency_ms=50)
    start = time.monotonic()
    client.get("/user/info/")
    assert time.monotonic() - start >= 0.05
