"""Requests over real HTTP: transient errors are retried, and other errors are reported."""

from __future__ import annotations

import http.server
import re
import threading
import typing as t

import msgspec
import pytest
from conftest import PATIENCE, ManualClock, config_for, run
from edge_server import Response, envelope, serving

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
    """Return a client that retries after milliseconds."""
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
def test_transient_faults_lose_no_records(
    sim: Simulator, kind: str, details: dict[str, t.Any]
) -> None:
    """After transient faults at each endpoint, the records are complete and distinct."""
    config = config_for(sim)
    complete = run(config, streams=STREAMS)
    if kind == "hang":  # on a busy machine, requests without the fault may also time out
        config |= {"request_timeout": 1, "max_retries": 50}
    for path in ("/ad/get/", "/report/integrated/get/", "/pixel/list/"):
        sim.add_fault(kind, path=path, after=1, times=1, **details)
    faulty = run(config, streams=STREAMS)
    for stream in STREAMS:
        assert faulty.keyed(stream) == complete.keyed(stream)
        assert len(faulty.records[stream]) == len(complete.records[stream])


def test_permanent_fault_stops_the_run(sim: Simulator) -> None:
    """A permanent fault ends the run after the last retry."""
    sim.add_fault("http", path="/pixel/list/", times=None, status=500)
    with pytest.raises(errors.TransientError, match="HTTP 500"):
        run(config_for(sim, max_retries=2), streams=["pixels"])
    assert sum(request.path == "/pixel/list/" for request in sim.requests) >= 3


@pytest.mark.parametrize("kind", ["empty_page", "no_page_info"])
def test_inconsistent_pages_make_a_list_incomplete(sim: Simulator, kind: str) -> None:
    """An empty page before the end, or a page without page_info, makes a list incomplete."""
    complete = run(config_for(sim), streams=["pixels"])
    sim.add_fault(kind, path="/pixel/list/", page=1, times=None)
    damaged = run(config_for(sim), streams=["pixels"])
    assert damaged.failed == [("pixels", owner) for owner in sim.world.advertiser_ids]
    sim.faults.clear()
    sim.add_fault(kind, path="/pixel/list/", page=1, times=1)
    assert run(config_for(sim), streams=["pixels"]).records == complete.records


def test_token_revoked_during_a_run_stops_it(sim: Simulator) -> None:
    """A token that is revoked during a run stops it with an error about access_token."""
    sim.add_fault("revoke_token", path="/pixel/list/", after=1)
    with pytest.raises(errors.AuthError, match="access_token"):
        run(config_for(sim), streams=STREAMS)


def test_blocked_country_stops_the_run(sim: Simulator) -> None:
    """A blocked country stops the run with advice, whatever `on_error` is."""
    sim.add_fault("blocked_country", times=None)
    with pytest.raises(errors.AuthError, match="another country or cloud region"):
        run(config_for(sim, on_error="skip"), streams=["pixels"])


def test_deprecation_is_logged_once(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A deprecated endpoint is logged once, in a short line without the token."""
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
    """The number of deprecation warnings is limited, even if every URL is different."""
    monkeypatch.setattr(deprecations, "_logged_urls", set())
    for number in range(2 * deprecations.MAX_LOGGED_URLS):
        headers = {deprecations.DEPRECATION_HEADER: "soon"}
        deprecations.log_deprecation(f"https://host/{number}/", headers, SecretMask([]))
    assert len(caplog.records) == deprecations.MAX_LOGGED_URLS


def test_deprecation_of_a_rejected_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The deprecation of a rejected request is logged, even if its text is empty."""
    reply = Response(envelope({}, code=40002), headers={"x-api-deprecation-info": ""})
    with serving(lambda _: reply) as (url, _), pytest.raises(errors.RejectedRequestError):
        transport_to(url).send(Request("/pixel/list/", {}))
    assert f"TikTok deprecates {url}/pixel/list/: no details. Look for" in caplog.text


def test_unknown_code_is_an_error(sim: Simulator) -> None:
    """An undocumented code is an error, never an empty response."""
    sim.add_fault("code", path="/pixel/list/", code=49999, message="new")
    with pytest.raises(errors.RejectedRequestError, match="49999"):
        run(config_for(sim), streams=["pixels"])


class _Responses(http.server.BaseHTTPRequestHandler):
    """A handler that sends a prepared response for each path."""

    prepared: t.ClassVar[dict[str, tuple[int, bytes, dict[str, str]]]] = {}
    tokens: t.ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        type(self).tokens.append(self.headers.get("Access-Token"))
        status, body, headers = self.prepared[self.path.split("?", maxsplit=1)[0]]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: t.Any) -> None:
        """Write nothing."""


@pytest.fixture
def server_url() -> Iterator[str]:
    """The URL of a server that can send any response."""
    _Responses.tokens.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Responses)
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
def test_response_without_envelope_is_an_error(
    server_url: str, status: int, body: bytes, error: type[Exception]
) -> None:
    """A response without TikTok's envelope is an error, never an empty result."""
    _Responses.prepared = {"/x/": (status, body, {"Location": "http://elsewhere.example/"})}
    with pytest.raises(error):
        transport_to(server_url).send(Request("/x/", {}))


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
def test_documented_code_overrides_http_status(
    server_url: str, status: int, code: int, error: type[Exception], text: str
) -> None:
    """A documented code in the envelope of an HTTP error decides the class of the error."""
    body = msgspec.json.encode({"code": code, "message": "Why", "data": {}})
    _Responses.prepared = {"/x/": (status, body, {})}
    with pytest.raises(error, match=text) as raised:
        transport_to(server_url, max_retries=0).send(Request("/x/", {}))
    assert type(raised.value) is error


@pytest.mark.usefixtures("short_pauses")
def test_http_400_with_throttling_code_pauses(server_url: str) -> None:
    """HTTP 400 with code 40100 counts as throttling."""
    body = msgspec.json.encode({"code": 40100, "message": "Too frequent", "data": {}})
    _Responses.prepared = {"/x/": (400, body, {})}
    with pytest.raises(errors.RestrictedError, match="40100"):
        transport_to(server_url).send(Request("/x/", {}))


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize(("max_retries", "attempts"), [(0, 2), (1, 2), (2, 3)])
def test_throttled_request_is_retried(server_url: str, max_retries: int, attempts: int) -> None:
    """A throttled request is retried `max_retries` times, and at least once."""
    body = msgspec.json.encode({"code": 40100, "message": "Too frequent", "data": {}})
    _Responses.prepared = {"/x/": (200, body, {})}
    with pytest.raises(errors.RestrictedError, match="40100"):
        transport_to(server_url, max_retries=max_retries).send(Request("/x/", {}))
    assert len(_Responses.tokens) == attempts


@pytest.mark.parametrize(
    "message", ["bad token token here", "two\nlines", "x" * 100_000], ids=["token", "lines", "long"]
)
def test_server_text_is_masked_and_shortened(server_url: str, message: str) -> None:
    """An error quotes the server's text on one short line, without the token."""
    body = msgspec.json.encode({"code": 40002, "message": message, "data": {}})
    _Responses.prepared = {"/x/": (200, body, {})}
    with pytest.raises(errors.RejectedRequestError) as error:
        transport_to(server_url).send(Request("/x/", {}))
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
def test_unexpected_data_is_never_an_empty_result(server_url: str, data: t.Any) -> None:
    """Data of an unexpected shape is an error or an incomplete list."""
    body = msgspec.json.encode({"code": 0, "message": "OK", "data": data})
    info = b'{"code": 0, "data": {"list": [{"advertiser_id": "7"}]}}'
    _Responses.prepared = {
        "/open_api/v1.3/advertiser/info/": (200, info, {}),
        "/open_api/v1.3/campaign/get/": (200, NO_CAMPAIGNS, {}),
        "/open_api/v1.3/report/integrated/get/": (200, body, {}),
    }
    config = {"access_token": "t", "api_url": server_url, "advertiser_ids": ["7"], "max_retries": 0}
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
def test_success_without_code_is_accepted(server_url: str, body: bytes) -> None:
    """A success needs no code, as in the official OpenAPI files."""
    _Responses.prepared = {"/x/": (200, body, {})}
    assert transport_to(server_url).send(Request("/x/", {})).data == {"a": 1}


@pytest.mark.parametrize("total", [0, "0", 0.0, None])
def test_null_list_needs_a_total_of_zero(server_url: str, total: t.Any) -> None:
    """A null list is empty if the total is zero. Otherwise the list is incomplete."""
    data = {"list": None, "page_info": {"page": 1, "total_number": total}}
    info = b'{"code": 0, "data": {"list": [{"advertiser_id": "7"}]}}'
    _Responses.prepared = {
        "/open_api/v1.3/advertiser/info/": (200, info, {}),
        "/open_api/v1.3/dmp/custom_audience/list/": (200, msgspec.json.encode({"data": data}), {}),
    }
    config = {"access_token": "t", "api_url": server_url, "advertiser_ids": ["7"], "max_retries": 0}
    config["requests_per_second"] = 1000
    messages = run(config, ["custom_audiences"])
    assert messages.records == {}
    assert messages.failed == ([] if total is not None else [("custom_audiences", "7")])


def test_redirects_are_not_followed(server_url: str) -> None:
    """A redirect is an error, so the token reaches no other URL."""
    _Responses.prepared = {
        "/x/": (307, b"", {"Location": f"{server_url}/y/"}),
        "/y/": (200, b'{"code": 0, "data": {}}', {}),
    }
    with pytest.raises(errors.ResponseError, match="redirect"):
        transport_to(server_url).send(Request("/x/", {}))
    assert _Responses.tokens == ["token"]


def test_parameters_are_encoded(sim: Simulator) -> None:
    """Text is sent unchanged. Lists, objects, booleans and numbers are sent as JSON."""
    transport = transport_to(sim.url)
    with pytest.raises(errors.AuthError):  # "token" is not the simulator's token
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
def test_retries_depend_on_the_code(sim: Simulator, code: int, requests: int) -> None:
    """Code 40050 is retried once, 40700 three times, and 50000 `max_retries` times."""
    sim.add_fault("code", path="/pixel/list/", times=None, code=code)
    with pytest.raises(errors.TransientError, match=str(code)):
        run(config_for(sim, max_retries=6, advertiser_ids=sim.world.advertiser_ids[:1]), ["pixels"])
    assert sum(request.path == "/pixel/list/" for request in sim.requests) == requests


def test_partial_success_is_an_error(server_url: str) -> None:
    """Code 20001 is an error, because records may be missing."""
    _Responses.prepared = {"/x/": (200, b'{"code": 20001, "message": "", "data": {"a": 1}}', {})}
    with pytest.raises(errors.DamagedResponseError, match=r"20001.*returned a part of the records"):
        transport_to(server_url).send(Request("/x/", {}))


@pytest.mark.parametrize("sim", [{"tier": "basic"}], indirect=True)
def test_pacing_stays_below_the_tier(sim: Simulator, paced_by_hand: ManualClock) -> None:
    """A run against a server that enforces the tier is never throttled.

    The client and the server share a clock. Only one request runs at a time.
    """
    sim._limiter = ServerLimiter("basic", 300, paced_by_hand)
    began = paced_by_hand()
    config = config_for(sim, simulator={"tier": "basic"}, start_date="{now-900}", max_concurrency=1)
    config["skip_days_before_creation"] = False
    run(config, streams=STREAMS)
    assert len(sim.requests) > 60
    assert paced_by_hand() - began > len(sim.requests) / 10 - 1
    assert sim.throttled == 0


def test_request_id_of_a_page_is_masked_and_shortened(server_url: str) -> None:
    """The request ID of a page is short, on one line and without the token."""
    body = b'{"code":0,"request_id":"a\\nb token %s","data":{"list":[{}]}}' % (b"x" * 1000)
    _Responses.prepared = {"/x/": (200, body, {})}
    reply = transport_to(server_url).send(Request("/x/", {}), page_decoder.decode_list_page)
    assert len(reply.data["list"]) == 1
    assert reply.request_id.startswith("a b *** x")
    assert len(reply.request_id) < 400


def test_closed_client_sends_nothing(sim: Simulator) -> None:
    """After `close`, a request raises ClosedError and does not reach the server."""
    client = transport_to(sim.url)
    client.close()
    with pytest.raises(errors.ClosedError):
        client.send(Request("/user/info/", {}))
    assert not sim.requests
