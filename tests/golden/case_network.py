"""Return codes, the network, and responses that are damaged."""

# ruff: noqa: PLW0108
from __future__ import annotations

import functools
import gzip
import io
import json
import logging
import os
import tempfile
import time
import typing as t
from unittest import mock

from conftest import PATIENCE, ManualClock
from edge_server import Call, Response, envelope, serving

from golden.collector import answered, case, error_cases, simulated
from tap_tiktok_ads.api import errors, http_bodies, rate_limits
from tap_tiktok_ads.api.advertisers import find_advertisers
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.http_connection import CA_BUNDLE_VARIABLES, environment_network
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import TIERS, Budget, RateLimiter, Tier
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.extract.result_file import ResultFile
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = Request("/ad/get/", {"advertiser_id": "7", "page": 1})
CODES = {
    40001: "No permission.",
    40002: "Invalid value of page.",
    40014: "Not in the sandbox.",
    40067: "Too much data.",
    40100: "Too many requests.",
    40105: "Access token is incorrect or has been revoked.",
    40110: "Auth code is expired.",
    41000: "Country is blocked.",
    41001: "The endpoint is retired.",
    49999: "New.",
    20001: "Partial success.",
    50000: "System error.",
    60001: "Maintenance.",
}


def client(url: str, **settings: t.Any) -> Client:
    """Return a client that retries at once."""
    options: dict[str, t.Any] = {
        "user_agent": "test",
        "timeout": PATIENCE,
        "max_retries": 0,
        "first_retry_seconds": 0.001,
    }
    limiter = RateLimiter(TIERS["unlimited"])
    return Client(url, "secret-token", limiter, **{**options, **settings})


def received(
    respond: Callable[[Call], t.Any] | Response | bytes, *, to_file: bool = False, **settings: t.Any
) -> Callable[[], object]:
    """Return a case: send a request to a server."""

    def send() -> None:
        function = respond if callable(respond) else lambda _: respond
        with serving(function) as (url, _):
            if to_file:
                client(url, **settings).download(REQUEST, io.BytesIO())
            else:
                client(url, **settings).send(REQUEST)

    return send


def _raise(code: int, message: str) -> None:
    raise errors.from_code(code, message, "r1", REQUEST.label)


for number, text in CODES.items():
    case("Return codes", f"code {number}")(functools.partial(_raise, number, text))


def _transient(calls: list[int], body: bytes) -> Callable[[Call], bytes]:
    def respond(_: Call) -> bytes:
        calls.append(1)
        return envelope({}, 50000, "System error.") if len(calls) == 1 else body

    return respond


def _with(target: t.Any, name: str, value: t.Any, function: Callable[[], object]) -> object:
    with mock.patch.object(target, name, value):
        return function()


def _gzip(body: bytes, coding: str = "gzip") -> Response:
    return Response(body, headers={"Content-Encoding": coding})


def _end_of_day() -> None:
    clock = ManualClock()
    budget = Budget(Tier(10, 600, 1), clock=clock, sleep=clock.sleep)
    budget.acquire()
    budget.acquire()


class FullDisk(io.BytesIO):
    """A file that cannot be written."""

    def write(self, _: t.Any) -> int:
        raise OSError(28, "No space left on device")


def _download_to_full_disk() -> None:
    with serving(lambda _: Response(b"ad_id\n1\n")) as (url, _):
        client(url).download(REQUEST, FullDisk())


def _closed() -> None:
    with serving(lambda _: envelope({})) as (url, _):
        closed = client(url)
        closed.close()
        closed.send(REQUEST)


def _late(_: Call) -> t.Any:
    time.sleep(0.3)
    return envelope({})


error_cases(
    "Network",
    {
        "a connection that is rejected": lambda: client("http://127.0.0.1:9").send(REQUEST),
        "no response": received(_late, timeout=0.05),
        "HTTP 502": received(Response(b"<html>", status=502)),
        "HTTP 404": received(Response(b"<html>", status=404)),
        "HTTP 403": received(Response(b"<html>", status=403)),
        "HTTP 429": lambda: _with(
            rate_limits,
            "PAUSE_SECONDS",
            (0.001,) * 10,
            received(Response(b"<html>", status=429), max_retries=0),
        ),
        "a redirect": received(
            Response(b"", status=302, headers={"Location": "http://a.example/"})
        ),
        "a retry": received(_transient([], envelope({})), max_retries=1),
        "a deprecated endpoint": received(
            Response(envelope({}), headers={"X-Api-Deprecation-Info": "Use v2."})
        ),
        "throttled after every pause": lambda: _with(
            rate_limits,
            "PAUSE_SECONDS",
            (0.001,),
            received(envelope({}, 40100, "Too many requests."), max_retries=5),
        ),
        "throttled attempts": lambda: _with(
            rate_limits,
            "PAUSE_SECONDS",
            (0.001,) * 10,
            received(envelope({}, 40100, "Too many requests."), max_retries=0),
        ),
        "the budget of a day": _end_of_day,
        "a full disk": _download_to_full_disk,
        "a disk that is nearly full": lambda: _with(
            http_bodies,
            "MIN_FREE_DISK_BYTES",
            10**18,
            lambda: _download_to_file(),
        ),
        "a closed client": _closed,
        "a certificate file that does not exist": lambda: _bundle(),
    },
)


def _download_to_file() -> None:
    with serving(lambda _: Response(b"ad_id\n1\n")) as (url, _), tempfile.TemporaryFile() as file:
        client(url).download(REQUEST, file)


def _waiting_on_full_disk() -> None:
    with mock.patch.object(tempfile, "TemporaryFile", return_value=FullDisk()):
        ResultFile().store(["a"])


case("Responses", "no disk space for responses that wait", logging.WARNING)(_waiting_on_full_disk)


def _bundle() -> None:
    with mock.patch.dict(os.environ, {CA_BUNDLE_VARIABLES[0]: "absent.pem"}):
        environment_network("https://business-api.tiktok.com")


error_cases(
    "Responses",
    {
        "not JSON": received(b"<html>"),
        "no data": received(b'{"code": 0, "message": "OK", "request_id": "r1"}'),
        "not gzip": received(_gzip(b"a,b\n")),
        "a gzip body without its end": received(
            _gzip(gzip.compress(envelope({"a": "x" * 99}))[:-9])
        ),
        "an unknown Content-Encoding": received(_gzip(b"a,b\n", "br")),
        "a compressed body that grows": received(_gzip(gzip.compress(bytes(40_000_000)))),
        "a body that is too large": lambda: _with(
            http_bodies, "MAX_BODY_BYTES", 500, received(envelope({"a": "x" * 999}))
        ),
        "a record of another shape": answered(
            "ad_performance_report", lambda _: {"list": [1], "page_info": {"total_number": 1}}
        ),
        "a list of another shape": answered(
            "campaigns", lambda _: {"list": {}, "page_info": {"total_number": 1}}
        ),
        "page_info of another shape": answered("campaigns", lambda _: {"list": [], "page_info": 5}),
        "a record without its key": answered(
            "campaigns",
            lambda _: {"list": [{"campaign_name": "x"}], "page_info": {"total_number": 1}},
        ),
        "an empty page of a list": simulated(
            ["campaigns"], ("empty_page", {"path": "/campaign/get/", "times": None})
        ),
        "a record of another advertiser": answered(
            "campaigns",
            lambda _: {
                "list": [{"campaign_id": "7", "advertiser_id": "2"}],
                "page_info": {"total_number": 1},
            },
        ),
        "more pages than there can be": answered(
            "pixels", lambda _: {"pixels": [{"pixel_id": "1"}], "page_info": {"total_page": 10**9}}
        ),
        "a value of another type": answered(
            "ad_performance_report",
            lambda _: {
                "list": [
                    {
                        "dimensions": {"ad_id": "7", "stat_time_day": "2026-11-01 00:00:00"},
                        "metrics": {"spend": "much", "clicks": "1.5", "zzz_new": 1},
                    }
                ],
                "page_info": {"total_number": 1},
            },
        ),
        "text that is not Unicode": answered(
            "campaigns",
            lambda _: (
                b'{"code":0,"message":"OK","request_id":"r","data":{"list":[{"campaign_id":"1",'
                b'"campaign_name":"\xff"}],"page_info":{"total_number":1}}}'
            ),
        ),
        "a day of another window": answered(
            "ad_performance_report",
            lambda _: {
                "list": [
                    {
                        "dimensions": {"ad_id": "7", "stat_time_day": "2024-01-01 00:00:00"},
                        "metrics": {"spend": "1"},
                    }
                ],
                "page_info": {"total_number": 1},
            },
        ),
    },
)


class Details:
    """Responses of the details of advertisers 1 to 3."""

    def __init__(self, missing: str = "", denied: str = "", data: t.Any = None) -> None:
        """Prepare.

        Args:
            missing: Advertisers that responses lack.
            denied: Advertisers that the token cannot read.
            data: Data of every response, in place of the details.
        """
        self.missing, self.denied, self.data = missing, denied, data

    def __call__(self, call: Call) -> bytes:
        """Return the response to a request."""
        if call.path == "/oauth2/advertiser/get/":
            return envelope({"list": self.data or []})
        ids = json.loads(call.query["advertiser_ids"])
        if any(one in self.denied for one in ids):
            return envelope({}, 40001, "No permission for the advertiser.")
        if self.data is not None:
            return envelope({"list": self.data})
        found = [one for one in ids if one not in self.missing]
        return envelope(
            {"list": [{"advertiser_id": one, "timezone": "Nowhere/City"} for one in found]}
        )


def advertisers(details: Details, **changes: t.Any) -> Callable[[], object]:
    """Return a case: find the advertisers of a token."""
    settings = {"access_token": "t", "advertiser_ids": ["1", "2", "3"], **changes}

    def find() -> object:
        with serving(details) as (url, _):
            found = find_advertisers(client(url), validate(settings, TapTikTokAds.known_settings()))
            return [str(error) for error in found.missing.values()]

    return find


APP = {"advertiser_ids": None, "app_id": "1", "app_secret": "s"}
error_cases(
    "Credentials and advertisers",
    {
        "one advertiser is denied": advertisers(Details(denied="3")),
        "every advertiser is denied": advertisers(Details(denied="123")),
        "one advertiser is missing": advertisers(Details(missing="3")),
        "every advertiser is missing": advertisers(Details(missing="123")),
        "details of another shape": advertisers(Details(data={})),
        "no advertiser has authorized the app": advertisers(Details(), **APP),
        "authorized advertisers without IDs": advertisers(Details(data=[{}]), **APP),
        "every advertiser is excluded": advertisers(
            Details(), exclude_advertiser_ids=["1", "2", "3"]
        ),
        "the sandbox": advertisers(Details(), environment="sandbox"),
        "details are rejected": advertisers(Details(denied="123"), environment="sandbox"),
    },
)


def report_file(content: bytes) -> Callable[[], object]:
    """Return a case: index the file of a report task."""

    def index() -> None:
        file = CsvFile("/report/task/download/ for advertiser 7")
        file.file.write(content)
        file.index()
        file.read_part(0)

    return index


error_cases(
    "Report tasks",
    {
        "a file with a column twice": report_file(b"a,b,a\n1,2,3\n"),
        "a row with fewer columns": report_file(b"a,b\n1\n"),
        "a file without its end": report_file(b'a,b\n1,"2\n'),
    },
)
