"""Requests over real HTTP: faults in passing are survived, the others reported."""

from __future__ import annotations

import http.server
import re
import threading
import typing as t

import msgspec
import pytest
from conftest import PATIENCE, ManualClock, config_for, run
from edge_server import Reply, envelope, serving

from tap_tiktok_ads.api import deprecations, errors
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.masking import SecretMask
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
from tap_tiktok_ads.extract import page_decoder
from tap_tiktok_ads.python_api import TikTokAds
from tap_tiktok_ads.simulator.http.limits import Limiter as ServerLimiter

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator import Simulator

STREAMS = ["ads", "campaign_performance_report", "pixels"]


TOKEN = "token"


def transport_to(url: str, **settings: t.Any) -> Client:
    """A transport that tries again at once."""
    options = {
        "user_agent": "test",
        "timeout": PATIENCE,
        "max_retries": 2,
        "first_retry_seconds": 0.01,
    }
    return Client(url, TOKEN, RateLimiter(TIERS["unlimited"]), **{**options, **settings})


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("http", {"status": 500}),
        ("http", {"status": 502}),
        ("http", {"status": 504}),
        ("http", {"status": 429, "retry_after": 0}),
        ("reset", {}),
        ("truncate", {}),
        ("not_json", {}),
        ("code", {"code": 50000}),
        ("code", {"code": 51010}),
        ("code", {"code": 40100}),
        ("hang", {"seconds": 30}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
def test_passing_faults_are_survived(sim: Simulator, kind: str, details: dict[str, t.Any]) -> None:
    """After a fault in passing at each endpoint the rows are those of a run without one."""
    config = config_for(sim)
    whole = run(config, streams=STREAMS)
    if kind == "hang":  # on a busy machine other requests may time out, too
        config |= {"request_timeout": 1, "max_retries": 50}
    for path in ("/ad/get/", "/report/integrated/get/", "/pixel/list/"):
        sim.add_fault(kind, path=path, after=1, times=1, **details)
    faulty = run(config, streams=STREAMS)
    for stream in STREAMS:
        assert faulty.keyed(stream) == whole.keyed(stream)
        assert len(faulty.records[stream]) == len(whole.records[stream])


def test_lasting_fault_is_reported(sim: Simulator) -> None:
    """A fault that stays ends the run once all tries are used up."""
    sim.add_fault("http", path="/pixel/list/", times=None, status=500)
    with pytest.raises(errors.TransientError, match="HTTP 500"):
        run(config_for(sim, max_retries=2), streams=["pixels"])
    assert sum(request.path == "/pixel/list/" for request in sim.requests) >= 3


@pytest.mark.parametrize("kind", ["empty_page", "no_page_info"])
def test_odd_pages(sim: Simulator, kind: str) -> None:
    """An empty page before the end, or one without page_info, makes a list incomplete."""
    complete = run(config_for(sim), streams=["pixels"])
    sim.add_fault(kind, path="/pixel/list/", page=1, times=None)
    damaged = run(config_for(sim), streams=["pixels"])
    assert damaged.failed == [("pixels", owner) for owner in sim.world.advertiser_ids]
    sim.faults.clear()
    sim.add_fault(kind, path="/pixel/list/", page=1, times=1)
    assert run(config_for(sim), streams=["pixels"]).records == complete.records


def test_token_revoked_in_the_middle(sim: Simulator) -> None:
    """A token that dies during the run stops it with what to do."""
    sim.add_fault("revoke_token", path="/pixel/list/", after=1)
    with pytest.raises(errors.AuthError, match="access_token"):
        run(config_for(sim), streams=STREAMS)


def test_blocked_country(sim: Simulator) -> None:
    """A machine in a blocked country reads what to do, whatever `on_error` says."""
    sim.add_fault("blocked_country", times=None)
    with pytest.raises(errors.AuthError, match="another country or cloud region"):
        run(config_for(sim, on_error="skip"), streams=["pixels"])


def test_deprecation_is_logged_once(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A deprecated endpoint is logged once, in one line of limited length, without the token."""
    token = config_for(sim)["access_token"]
    text = f"Version v1.3\x1b[31m ends. {token} {'x' * 400}"
    sim.add_fault("deprecation", path="/pixel/list/", times=None, message=text)
    sim.add_fault("deprecation", path="/campaign/get/", times=None)
    for _ in range(2):
        run(config_for(sim), streams=["pixels", "campaigns"])
    with TikTokAds(**config_for(sim)) as ads:
        assert [*ads.records("pixels")]
    logged = [record for record in caplog.records if "deprecates" in record.message]
    messages = sorted(record.message for record in logged)
    assert len(messages) == 2
    assert {record.levelname for record in logged} == {"WARNING"}
    assert "/campaign/get/: This version will be retired. Look" in messages[0]
    assert "/pixel/list/: Version v1.3\\u001b[31m ends. *** xxx" in messages[1]
    assert token not in messages[1]
    assert len(messages[1]) < 500


def test_deprecations_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Endpoints whose URLs hold values fill neither the log nor the memory."""
    monkeypatch.setattr(deprecations, "_logged_urls", set())
    for number in range(2 * deprecations.MAX_LOGGED_URLS):
        headers = {deprecations.DEPRECATION_HEADER: "soon"}
        deprecations.log_deprecation(f"https://host/{number}/", headers, SecretMask([]))
    assert len(caplog.records) == deprecations.MAX_LOGGED_URLS


def test_deprecation_of_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """The announcement on a rejected request is logged, too, also if its text is empty."""
    reply = Reply(envelope({}, code=40002), headers={"x-api-deprecation-info": ""})
    with serving(lambda _: reply) as (url, _), pytest.raises(errors.RejectedRequestError):
        transport_to(url).send(Request("/pixel/list/", {}))
    assert f"TikTok deprecates {url}/pixel/list/: no details. Look for" in caplog.text


def test_unknown_code_is_an_error(sim: Simulator) -> None:
    """A code that no source names is never taken for an empty answer."""
    sim.add_fault("code", path="/pixel/list/", code=49999, message="new")
    with pytest.raises(errors.RejectedRequestError, match="49999"):
        run(config_for(sim), streams=["pixels"])


class _Odd(http.server.BaseHTTPRequestHandler):
    """Answers each path in its own odd way."""

    answers: t.ClassVar[dict[str, tuple[int, bytes, dict[str, str]]]] = {}
    tokens: t.ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        type(self).tokens.append(self.headers.get("Access-Token"))
        status, body, headers = self.answers[self.path.split("?", maxsplit=1)[0]]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: t.Any) -> None:
        """Say nothing."""


@pytest.fixture
def odd() -> Iterator[str]:
    """A server that can answer anything; its URL."""
    _Odd.tokens.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>", errors.TransientError),
        (200, b"{}", errors.TransientError),
        (200, b'{"code": 0}', errors.TransientError),
        (200, b'{"code": 0, "data": [1]}', errors.TransientError),
        (200, b'{"code": "40105", "request_id": 7, "data": {}}', errors.AuthError),
        (200, b'{"code": 0, "data": {"x": nan}}', errors.TransientError),
        (200, b'{"code": 0, "data": {"x": "\\x"}}', errors.TransientError),
        (200, b'{"code": %s, "data": {}}' % (b"9" * 400), errors.TransientError),
        (200, b'{"code": 0, "data": ' + b"[" * 10_000, errors.TransientError),
        (200, b'{"code": 40001, "message": null, "data": {}}', errors.PermissionDeniedError),
        (302, b"", errors.ResponseError),
        (404, b"<html>", errors.ResponseError),
        (403, b"<html>", errors.ResponseError),
    ],
)
def test_odd_answers(odd: str, status: int, body: bytes, error: type[Exception]) -> None:
    """An answer that is not TikTok's envelope is an error, never no data."""
    _Odd.answers = {"/x/": (status, body, {"Location": "http://elsewhere.example/"})}
    with pytest.raises(error):
        transport_to(odd).send(Request("/x/", {}))


@pytest.mark.parametrize(
    ("status", "code", "error", "text"),
    [
        (403, 40001, errors.PermissionDeniedError, "code 40001: Why"),
        (400, 40002, errors.RejectedRequestError, "code 40002: Why"),
        (401, 40105, errors.AuthError, "code 40105: Why"),
        (404, 49999, errors.RejectedRequestError, "code 49999: Why"),
        (500, 40001, errors.PermissionDeniedError, "code 40001: Why"),
        (400, 50002, errors.TransientError, "code 50002: Why"),
        (503, 50000, errors.TransientError, "code 50000: Why"),
        (502, 502, errors.TransientError, "HTTP 502"),
        (408, 49999, errors.TransientError, "HTTP 408"),
        (500, 0, errors.TransientError, "HTTP 500"),
        (403, 0, errors.ResponseError, "HTTP 403"),
        (403, 20001, errors.DamagedResponseError, "code 20001"),
        (302, 40001, errors.ResponseError, "HTTP 302"),
    ],
)
def test_status_with_an_envelope(
    odd: str, status: int, code: int, error: type[Exception], text: str
) -> None:
    """An HTTP error with TikTok's JSON is classified by its code, if TikTok documents the code."""
    body = msgspec.json.encode({"code": code, "message": "Why", "data": {}})
    _Odd.answers = {"/x/": (status, body, {})}
    with pytest.raises(error, match=text) as raised:
        transport_to(odd, max_retries=0).send(Request("/x/", {}))
    assert type(raised.value) is error


@pytest.mark.usefixtures("short_pauses")
def test_throttled_by_the_code_of_an_http_error(odd: str) -> None:
    """HTTP 400 with code 40100 is throttling: all workers wait."""
    body = msgspec.json.encode({"code": 40100, "message": "Too frequent", "data": {}})
    _Odd.answers = {"/x/": (400, body, {})}
    with pytest.raises(errors.RestrictedError, match="40100"):
        transport_to(odd).send(Request("/x/", {}))


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(("max_retries", "attempts"), [(0, 2), (1, 2), (2, 3)])
def test_attempts_of_a_throttled_request(odd: str, max_retries: int, attempts: int) -> None:
    """A throttled request is retried as often as `max_retries` allows, and at least once."""
    body = msgspec.json.encode({"code": 40100, "message": "Too frequent", "data": {}})
    _Odd.answers = {"/x/": (200, body, {})}
    with pytest.raises(errors.RestrictedError, match="40100"):
        transport_to(odd, max_retries=max_retries).send(Request("/x/", {}))
    assert len(_Odd.tokens) == attempts


@pytest.mark.parametrize(
    "message", ["bad token token here", "two\nlines", "x" * 100_000], ids=["token", "lines", "long"]
)
def test_texts_of_the_server(odd: str, message: str) -> None:
    """What the server says comes on one line, of a length to read, without the token."""
    body = msgspec.json.encode({"code": 40002, "message": message, "data": {}})
    _Odd.answers = {"/x/": (200, body, {})}
    with pytest.raises(errors.RejectedRequestError) as error:
        transport_to(odd).send(Request("/x/", {}))
    assert len(str(error.value)) < 600
    assert "\n" not in str(error.value)
    assert "token" not in str(error.value)


NO_CAMPAIGNS = b'{"code": 0, "data": {"list": [], "page_info": {"page": 1, "total_number": 0}}}'


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"list": {}},
        {"list": [1]},
        {"list": None},
        {"list": [{"dimensions": [], "metrics": "x"}]},
        {"list": [], "page_info": [1]},
        {"list": [], "page_info": {"total_page": 10**9}},
    ],
)
def test_misshapen_answers(odd: str, data: t.Any) -> None:
    """A response of another shape is an error, or an incomplete list. It is never no data."""
    body = msgspec.json.encode({"code": 0, "message": "OK", "data": data})
    info = b'{"code": 0, "data": {"list": [{"advertiser_id": "7"}]}}'
    _Odd.answers = {
        "/open_api/v1.3/advertiser/info/": (200, info, {}),
        "/open_api/v1.3/campaign/get/": (200, NO_CAMPAIGNS, {}),
        "/open_api/v1.3/report/integrated/get/": (200, body, {}),
    }
    config = {"access_token": "t", "api_url": odd, "advertiser_ids": ["7"], "max_retries": 0}
    config["requests_per_second"] = 1000
    error: errors.TapError | None = None
    try:
        failed = run(config, ["campaign_performance_report"]).failed
    except errors.ResponseError as raised:
        error = raised
    if error is None:
        assert failed == [("campaign_performance_report", "7")]
    else:
        assert re.search(r"/report/integrated/get/|data.page_info", str(error))


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"a": 1}}',
        b'{"code": null, "data": {"a": 1}}',
        b'{"code": "0", "message": 7, "request_id": 8, "data": {"a": 1}}',
        b'{"code": 0.0, "data": {"a": 1}}',
    ],
)
def test_envelopes_of_success(odd: str, body: bytes) -> None:
    """A success may come without its code, as the official OpenAPI files allow."""
    _Odd.answers = {"/x/": (200, body, {})}
    assert transport_to(odd).send(Request("/x/", {})).data == {"a": 1}


@pytest.mark.parametrize("total", [0, "0", 0.0, None])
def test_no_rows(odd: str, total: t.Any) -> None:
    """A null list is no rows where the total says so, and an error where it does not."""
    data = {"list": None, "page_info": {"page": 1, "total_number": total}}
    info = b'{"code": 0, "data": {"list": [{"advertiser_id": "7"}]}}'
    _Odd.answers = {
        "/open_api/v1.3/advertiser/info/": (200, info, {}),
        "/open_api/v1.3/dmp/custom_audience/list/": (200, msgspec.json.encode({"data": data}), {}),
    }
    config = {"access_token": "t", "api_url": odd, "advertiser_ids": ["7"], "max_retries": 0}
    config["requests_per_second"] = 1000
    messages = run(config, ["custom_audiences"])
    assert messages.records == {}
    assert messages.failed == ([] if total is not None else [("custom_audiences", "7")])


def test_redirects_do_not_carry_the_token(odd: str) -> None:
    """A redirect is not followed, not even to the same host."""
    _Odd.answers = {
        "/x/": (307, b"", {"Location": f"{odd}/y/"}),
        "/y/": (200, b'{"code": 0, "data": {}}', {}),
    }
    with pytest.raises(errors.ResponseError, match="redirect"):
        transport_to(odd).send(Request("/x/", {}))
    assert _Odd.tokens == ["token"]


def test_parameters(sim: Simulator) -> None:
    """Text goes as it is; lists, objects, booleans and numbers as JSON text."""
    transport = transport_to(sim.url)
    with pytest.raises(errors.AuthError):  # "token" is not the simulator's
        transport.send(
            Request("/campaign/get/", {"a": "x y&z", "b": ["1"], "c": {"d": True}, "e": 2})
        )
    assert dict(sim.requests[-1].params) == {
        "a": "x y&z",
        "b": '["1"]',
        "c": '{"d":true}',
        "e": "2",
    }


@pytest.mark.parametrize(("code", "requests"), [(40050, 2), (40700, 4), (50000, 7)])
def test_tries(sim: Simulator, code: int, requests: int) -> None:
    """A duplicate is tried once more, an internal validation error three times, others as set."""
    sim.add_fault("code", path="/pixel/list/", times=None, code=code)
    with pytest.raises(errors.TransientError, match=str(code)):
        run(config_for(sim, max_retries=6, advertiser_ids=sim.world.advertiser_ids[:1]), ["pixels"])
    assert sum(request.path == "/pixel/list/" for request in sim.requests) == requests


def test_partial_success(odd: str) -> None:
    """Code 20001 is not a success: records may be missing."""
    _Odd.answers = {"/x/": (200, b'{"code": 20001, "message": "", "data": {"a": 1}}', {})}
    with pytest.raises(errors.DamagedResponseError, match=r"20001.*records may be missing"):
        transport_to(odd).send(Request("/x/", {}))


@pytest.mark.parametrize("sim", [{"tier": "basic"}], indirect=True)
def test_paced_below_the_tier(sim: Simulator, paced_by_hand: ManualClock) -> None:
    """Against a server that enforces the tier, a whole run is never throttled.

    Both share a clock. One request at a time reaches the server at the moment that it was given.
    """
    sim._limiter = ServerLimiter("basic", 300, paced_by_hand)
    began = paced_by_hand()
    config = config_for(sim, simulator={"tier": "basic"}, start_date="{now-900}", max_concurrency=1)
    run(config, streams=STREAMS)
    assert len(sim.requests) > 60
    assert paced_by_hand() - began > len(sim.requests) / 10 - 1
    assert sim.throttled == 0


def test_the_id_of_a_page(odd: str) -> None:
    """That of a page which is decoded the fast way comes on one short line, too."""
    body = b'{"code":0,"request_id":"a\\nb token %s","data":{"list":[{}]}}' % (b"x" * 1000)
    _Odd.answers = {"/x/": (200, body, {})}
    reply = transport_to(odd).send(Request("/x/", {}), page_decoder.decode_list_page)
    assert len(reply.data["list"]) == 1
    assert reply.request_id.startswith("a b *** x")
    assert len(reply.request_id) < 400


def test_a_closed_client_sends_nothing(sim: Simulator) -> None:
    """After `close`, a request raises ClosedError and does not reach the server."""
    client = transport_to(sim.url)
    client.close()
    with pytest.raises(errors.ClosedError):
        client.send(Request("/user/info/", {}))
    assert not sim.requests
