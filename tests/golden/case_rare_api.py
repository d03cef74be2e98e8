"""Rare messages of the API layer and of the extraction."""

# ruff: noqa: PLW0108
from __future__ import annotations

import typing as t

from conftest import config_at
from edge_server import Call, Response, envelope, serving

from golden.case_network import client, report_file
from golden.case_rare_runs import finish
from golden.collector import answered, error_cases, short_waits, simulated
from tap_tiktok_ads.api.file_tasks import FileTasks
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.pagination import next_pages
from tap_tiktok_ads.api.report_tasks import report_task
from tap_tiktok_ads.api.time_limits import TimedReader
from tap_tiktok_ads.config.custom_reports import parse_custom_reports
from tap_tiktok_ads.config.custom_streams import parse_custom_streams
from tap_tiktok_ads.extract.drift import Drift

if t.TYPE_CHECKING:
    from collections.abc import Callable

ALL: dict[str, t.Any] = {"times": None}
REPORT = Request("/report/integrated/get/", {"advertiser_id": "7"})
OWNER = {"advertiser_id": "{advertiser_id}"}


def page(*records: t.Any, **page_info: t.Any) -> dict[str, t.Any]:
    """Return the data of a page of a list."""
    return {"list": [*records], "page_info": {"total_number": len(records), **page_info}}


def report(**members: t.Any) -> Callable[[], object]:
    """Return a case: parse a custom report."""
    entry = {"name": "mine", "data_level": "AUCTION_AD", **members}
    return lambda: parse_custom_reports([entry])


error_cases(
    "Custom reports",
    {
        "a metric that exists by day only": report(
            dimensions=["ad_id", "stat_time_day", "image_id"], metrics=["paid_engaged_view"]
        ),
        "an attribute of another level": report(
            data_level="AUCTION_CAMPAIGN", dimensions=["campaign_id"], metrics=["ad_name"]
        ),
    },
)


def macro(text: t.Any) -> Callable[[], object]:
    """Return a case: a custom stream that uses a lookup with batches."""
    lookups = {"ads": {"values": [{"ad_id": "1"}], "batch": 5}}
    params = {**OWNER, "filtering": text}
    entry = {"name": "mine", "url": "/thing/list/", "params": params, "lookups": lookups}
    return lambda: parse_custom_streams([entry])


error_cases(
    "Custom streams",
    {
        "a list in brackets": macro({"ad_ids": ["{ads.ad_id}"]}),
        "a list in a longer text": macro("ids: {ads.ad_id}"),
    },
)
error_cases(
    "Credentials and advertisers",
    {
        "no scope for the details of advertisers": simulated(
            ["campaigns"],
            ("code", {"path": "/advertiser/info/", "code": 40118, "message": "No scope.", **ALL}),
        ),
    },
)


class SlowSocket:
    """A socket that sends one byte a second, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0

    def readinto(self, buffer: t.Any) -> int:
        """Return one byte a second later."""
        self.now += 1
        buffer[:1] = b"x"
        return 1


def _slow() -> None:
    socket = SlowSocket()
    reader = TimedReader(t.cast("t.Any", socket), 10, lambda: socket.now)
    reader.begin_body()
    while reader.read(1):
        pass


error_cases("Network", {"a body that arrives byte by byte": _slow})


def _nested() -> list[str]:
    value: list[t.Any] = []
    for _ in range(10_000):
        value = [value]
    drift = Drift()
    drift.add_unusable_record("The record has no usable key", {"ad_id": value})
    return drift.take().unusable_records


error_cases(
    "Responses",
    {
        "a number out of range": answered(
            "campaigns",
            lambda _: (
                b'{"code": 0, "data": {"list": [{"campaign_id": "1", "budget": 1e400}],'
                b' "page_info": {"total_number": 1}}}'
            ),
        ),
        "a key that is nested too deeply": _nested,
        "dimensions that are not an object": answered(
            "ad_performance_report", lambda _: page({"dimensions": [], "metrics": "x"})
        ),
        "page_info that is not an object": lambda: next_pages(
            1, None, t.cast("t.Any", []), 1, 1000
        ),
    },
)


class Clock:
    """A clock that a sleep moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """Move the clock, so fast that a case sends few requests."""
        self.now += 30 * seconds


def tasks(*, is_over: bool = False, **data: t.Any) -> Callable[[], object]:
    """Return a case: read a report by a task, of a server with these responses."""

    def read() -> None:
        clock = Clock()
        with serving(lambda _: envelope(data)) as (url, _):
            file_tasks = FileTasks(
                client(url, first_retry_seconds=1.0), clock=lambda: clock.now, sleep=clock.sleep
            )
            if is_over:
                file_tasks.cancel()
            file_tasks.read(report_task(REPORT))

    return read


def _file_without_columns(call: Call) -> Response | bytes:
    responses: dict[str, t.Any] = {
        "/advertiser/info/": {"list": [{"advertiser_id": "1", "timezone": "UTC"}]},
        "/report/task/create/": {"task_id": "5"},
        "/report/task/check/": {"status": "SUCCESS"},
    }
    if call.path == "/report/task/download/":
        return Response(b"ad_id,spend\n1,2\n")
    return envelope(responses.get(call.path, page()))


def _without_columns() -> None:
    with short_waits(), serving(_file_without_columns) as (url, _):
        config = config_at(url, report_mode="async", max_concurrency=1, max_retries=0)
        finish(config, "ad_performance_report")


error_cases(
    "Report tasks",
    {
        "a task without an ID": tasks(),
        "a task that is never ready": tasks(task_id="5", status="PROCESSING"),
        "a task after the end of the run": tasks(is_over=True),
        "a file with a field that is too long": report_file(b'a,b\n1,"' + b"x" * 200_000 + b'"\n'),
        "a file without requested columns": lambda: _without_columns(),
    },
)
