"""Days of reports by hour that are not requested, because the report by day finds them empty."""

from __future__ import annotations

import dataclasses
import json
import random
import threading
import typing as t

import pendulum
import pytest
from conftest import SPARSE, Messages, answering, config_at, config_for, run

from tap_tiktok_ads.api.errors import TapError
from tap_tiktok_ads.simulator import Simulator

DAILY = "campaign_performance_report"
HOURLY = "campaign_performance_report_hourly"
STREAMS = [DAILY, HOURLY]
METRICS = {DAILY: ["spend", "clicks"], HOURLY: ["spend", "clicks"]}
REPORT = "/report/integrated/get/"
TOPVIEW = "RESERVATION_TOP_VIEW"
SEEDS = [1, 7, 42]
NOW = pendulum.datetime(2026, 11, 10, 12)
DAYS = [pendulum.date(2026, 10, 1).add(days=number) for number in range(34)]


def page(records: list[t.Any], total: int | None = None, size: int = 1000) -> dict[str, t.Any]:
    """Return the data of a list of one page."""
    total = len(records) if total is None else total
    info = {"page": 1, "page_size": size, "total_number": total, "total_page": 1}
    return {"list": records, "page_info": info}


def error(code: int, message: str) -> bytes:
    """Return the body of an error."""
    return json.dumps({"code": code, "message": message, "request_id": "r", "data": {}}).encode()


@dataclasses.dataclass
class Account:
    """The reports of an advertiser.

    Attributes:
        active: Days with records of auction ads.
        topview: Days with records of TopView ads.
        change: Changes the response of a report by day, given the query and the records.
        campaigns: Number of campaigns in the report by day.
        hours: Requested days of the report by hour.
    """

    active: set[str]
    topview: set[str] = dataclasses.field(default_factory=set)
    change: t.Callable[[dict[str, str], list[t.Any]], t.Any] = lambda _, records: page(records)
    campaigns: int = 1
    hours: list[str] = dataclasses.field(default_factory=list)
    lock: t.Any = dataclasses.field(default_factory=threading.Lock)

    def respond(self, query: dict[str, str]) -> t.Any:
        """Return the data of a response."""
        is_topview = TOPVIEW in query.get("filtering", "")
        if query["path"] == "/campaign/get/":
            campaigns = [{"campaign_id": "9", "create_time": "2026-01-01 00:00:00"}]
            return page(campaigns if is_topview and self.topview else [])
        if query["path"] != REPORT:
            return page([])
        dimensions = json.loads(query["dimensions"])
        days = self.topview if is_topview else self.active
        days = {day for day in days if query["start_date"] <= day <= query["end_date"]}
        if "stat_time_hour" in dimensions:
            with self.lock:
                self.hours += [] if is_topview else [query["start_date"]]
            return page([record(day, "stat_time_hour", "13:00:00") for day in sorted(days)])
        records = [
            record(day, "stat_time_day", "00:00:00", campaign)
            for campaign in range(self.campaigns)
            for day in sorted(days)
        ]
        return self.change(query, records)


def record(day: str, dimension: str, clock: str, campaign: int = 0) -> dict[str, t.Any]:
    """Return a record of one campaign."""
    return {
        "dimensions": {"campaign_id": f"{9 + campaign}", dimension: f"{day} {clock}"},
        "metrics": {"spend": f"{int(day[-2:])}.5", "clicks": "3"},
    }


def some_days(seed: int, count: int = 12) -> set[str]:
    """Return some of the days."""
    return {str(day) for day in random.Random(seed).sample(DAYS, count)}


def read(
    account: Account,
    streams: t.Sequence[str] = tuple(STREAMS),
    state: dict[str, t.Any] | None = None,
    now: pendulum.DateTime = NOW,
    **settings: t.Any,
) -> Messages:
    """Run the tap. `account.hours` holds the days that the run requests by hour."""
    account.hours.clear()
    with answering(account.respond) as (url, _):
        config = config_at(
            url,
            **{
                "start_date": str(DAYS[0]),
                "end_date": str(DAYS[-1]),
                "lookback_days": 14,
                "max_retries": 0,
                "on_error": "skip",
                "max_concurrency": 1,  # requests in the order of the streams
                "report_metrics": METRICS,
                **settings,
            },
        )
        return run(config, streams, state=state, started_at=now)


def check_hourly(messages: Messages, account: Account, **options: t.Any) -> None:
    """Fail if a run wrote other hourly records, or another state, than one that reads all days."""
    account = dataclasses.replace(account, hours=[])
    complete = read(account, [HOURLY], **options)
    assert messages.keyed(HOURLY) == complete.keyed(HOURLY)
    assert messages.records[HOURLY] == complete.records[HOURLY]
    assert messages.state["bookmarks"][HOURLY] == complete.state["bookmarks"][HOURLY]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("settings", [{}, {"include_deleted": False}])
def test_empty_days_are_not_requested(seed: int, settings: dict[str, t.Any]) -> None:
    """The days without a daily record are not requested by hour. Records and state are equal."""
    account = Account(some_days(seed), some_days(seed + 1, 3))
    messages = read(account, **settings)
    assert sorted(account.hours) == sorted(account.active | account.topview)
    check_hourly(messages, account, **settings)


@pytest.mark.parametrize("seed", SEEDS)
def test_placeholder_counts_as_no_record(seed: int) -> None:
    """A placeholder record of a window means that its days are empty."""
    account = Account(set())
    empty = {"campaign_id": "-", "stat_time_day": "-"}
    metrics = {"spend": "0", "clicks": "-"}
    account.change = lambda _, __: page([{"dimensions": empty, "metrics": metrics}])
    messages = read(account, start_date=str(DAYS[-seed % 20]))
    assert account.hours == []
    check_hourly(messages, account, start_date=str(DAYS[-seed % 20]))


def is_plain(query: dict[str, str]) -> bool:
    """Return True if a request reports no TopView ads."""
    return TOPVIEW not in query.get("filtering", "")


#: Responses of the report by day that are no evidence.
BROKEN: dict[str, t.Callable[[dict[str, str], list[t.Any]], t.Any]] = {
    "failed": lambda _, __: error(50000, "System error"),
    "denied": lambda _, __: error(40001, "No permission"),
    "TopView denied": lambda query, records: (
        page(records) if is_plain(query) else error(40001, "No permission")
    ),
    "total too high": lambda _, records: page(records, len(records) + 2),
    "no page_info": lambda _, records: {"list": records},
    "day without a time": lambda _, records: page(
        [{**r, "dimensions": {"campaign_id": "9", "stat_time_day": "soon"}} for r in records]
    ),
    "record without a day": lambda _, records: page(
        [{**r, "dimensions": {"campaign_id": "9"}} for r in records]
    ),
    "data without a day": lambda _, records: page(
        [{**r, "dimensions": {"campaign_id": "9", "stat_time_day": "-"}} for r in records]
    ),
    "metric rejected": lambda query, records: (
        error(40002, "metrics: clicks is invalid")
        if "clicks" in query["metrics"]
        else page(records)
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", BROKEN)
def test_incomplete_daily_report_is_no_evidence(seed: int, name: str) -> None:
    """If the report by day is not complete and clean, all days with records are requested."""
    active = {str(day) for day in (*DAYS[:20:2], *DAYS[20:])}
    account = Account(active, some_days(seed, 3), BROKEN[name])
    try:
        messages = read(account)
    except TapError as failure:  # the run reports what it could not read
        messages = failure.messages  # type: ignore[attr-defined]
    assert sorted(account.hours) == [str(day) for day in DAYS]
    hours = {record["stat_time_hour"][:10] for record in messages.records[HOURLY]}
    assert hours == account.active | account.topview


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "settings",
    [
        {"report_metrics": {DAILY: ["clicks"], HOURLY: ["clicks", "spend"]}},
        {"skip_dormant": "always"},
        {"skip_dormant": "lookback"},
    ],
)
def test_other_settings_request_all_days(seed: int, settings: dict[str, t.Any]) -> None:
    """All days are requested if the report by day lacks a metric, or if probes decide."""
    account = Account(some_days(seed))
    messages = read(account, **settings)
    if "skip_dormant" not in settings:
        assert sorted(account.hours) == [str(day) for day in DAYS]
    hours = {r["stat_time_hour"][:10] for r in messages.records[HOURLY]}
    assert hours == account.active


@pytest.mark.parametrize("seed", SEEDS)
def test_covered_days_are_no_evidence(seed: int) -> None:
    """Days that the report by day does not read in this run are requested by hour."""
    account = Account(some_days(seed))
    daily = read(account, [DAILY])
    messages = read(account, state=daily.state)
    unsettled = NOW.subtract(days=14).to_date_string()
    expected = {str(day) for day in DAYS if str(day) < unsettled} | account.active
    assert set(account.hours) == expected
    check_hourly(messages, account)


@pytest.mark.parametrize("seed", SEEDS)
def test_merged_pages_show_all_days(seed: int) -> None:
    """A report by day with several batches of metrics, merged in parts, shows every day it has."""
    account = Account(some_days(seed), campaigns=30)
    messages = read(account, report_metrics={DAILY: ["all"], HOURLY: ["all"]})
    assert sorted({*account.hours}) == sorted(account.active)
    assert {r["stat_time_hour"][:10] for r in messages.records[HOURLY]} == account.active


@pytest.mark.parametrize("seed", SEEDS)
def test_late_data_are_read(seed: int) -> None:
    """A day inside the lookback that gets records later is requested by the next run."""
    account = Account(some_days(seed))
    late = {str(day) for day in DAYS[-6:]}
    account.active -= late
    first = read(account)
    assert late.isdisjoint(account.hours)
    account.active |= late
    second = read(account, state=first.state, now=NOW.add(days=1))
    assert late <= set(account.hours)
    written = {*first.keyed(HOURLY), *second.keyed(HOURLY)}
    assert written == {*read(account, [HOURLY]).keyed(HOURLY)}


@pytest.mark.parametrize("seed", SEEDS)
def test_number_of_workers_changes_no_request(seed: int) -> None:
    """The report by hour follows the report by day at once, and waits for what it finds out."""
    account = Account(some_days(seed))
    for workers in (1, 4, 16):
        messages = read(account, max_concurrency=workers)
        assert sorted(account.hours) == sorted(account.active)
        check_hourly(messages, account)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "faults",
    [[], [{"kind": "drop_row", "times": 3}], [{"kind": "http", "status": 500, "times": 2}]],
)
def test_simulated_reports_are_equal(seed: int, faults: list[dict[str, t.Any]]) -> None:
    """With all levels, dormant advertisers and faults, hourly records and states are equal."""
    options = {**SPARSE, "advertisers": 3, "dormant_advertisers": 2, "days": 12, "seed": seed}
    levels = ("advertiser", "campaign", "ad_group", "ad")
    daily = [f"{level}_performance_report" for level in levels]
    hourly = [f"{name}_hourly" for name in daily]
    with Simulator(options) as sim:
        config = config_for(sim, start_date="{now-9}", lookback_days=3, max_concurrency=1)
        now = pendulum.now("UTC")
        complete = run(config, hourly, started_at=now)
        for fault in faults:
            sim.add_fault(path=REPORT, **fault)
        messages = run(config, [*daily, *hourly], started_at=now)
    for name in hourly:
        assert messages.keyed(name) == complete.keyed(name)
        assert messages.state["bookmarks"][name] == complete.state["bookmarks"][name]
