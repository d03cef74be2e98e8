"""Reports by TikTok's asynchronous tasks: the same rows, whatever way they come."""

from __future__ import annotations

import collections
import csv
import http.server
import io
import json
import math
import signal
import subprocess
import sys
import threading
import typing as t

import pendulum
import pytest
from conftest import PATIENCE as TEST_PATIENCE
from conftest import asks_for_top_view, catalog_of, command, config_for, run, until
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
from tap_tiktok_ads.api.report_rules import ReportDefinition, task_conflict
from tap_tiktok_ads.api.report_tasks import (
    CANCEL_SECONDS,
    CREATION_PERIOD_SECONDS,
    MAX_CHECK_SECONDS,
    MAX_CREATIONS,
    MAX_TASK_MINUTES,
    CreationLimit,
    ReportFile,
    ReportTasks,
)
from tap_tiktok_ads.extract.dates import task_windows
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.streams.reports.task_contents import TaskContent, TaskContents
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

SYNC = "/report/integrated/get/"
CREATE, CHECK, DOWNLOAD, CANCEL = (
    f"/report/task/{name}/" for name in ("create", "check", "download", "cancel")
)
DAYS = "{now-3}"
ADS = "ad_performance_report"
#: Only some of its metrics are compared with totals.
NAMES = {
    "name": "names",
    "data_level": "AUCTION_ADGROUP",
    "dimensions": ["adgroup_id", "stat_time_day"],
    "metrics": ["adgroup_name", "cpc"],
}
#: Report tasks do not filter by buying type.
TOP_VIEW = {
    "name": "top_view",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id"],
    "metrics": ["spend", "impressions", "ad_name", "campaign_id"],
    "filters": [{"field": "buying_type", "values": ["RESERVATION_TOP_VIEW"]}],
}
AGE = {
    "name": "by_age",
    "report_type": "AUDIENCE",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id", "gender", "age", "stat_time_day"],
    "metrics": ["spend", "impressions", "clicks", "ctr", "conversion"],
}


def sent(sim: Simulator) -> dict[str, int]:
    """How many requests each endpoint of reports has had."""
    return collections.Counter(
        one.path
        for one in sim.requests
        if one.path.startswith("/report/") and not asks_for_top_view(one)
    )


REPORTS = pytest.mark.parametrize(
    "report",
    [
        "advertiser_performance_report",
        "campaign_performance_report",
        ADS,
        "campaign_performance_report_hourly",
        "ad_performance_report_lifetime",
        AGE,
        NAMES,
    ],
    ids=lambda report: report if isinstance(report, str) else report["name"],
)
#: What TikTok does not document: what tasks do with filters, and whether they hold TopView ads.
WORLDS = pytest.mark.parametrize(
    "sim",
    [
        {},
        {"report_task_rejects_filters": True},
        {"report_task_includes_topview": True, "seed": 8},
        {"advertiser_report_includes_topview": True, "seed": 9},
        {"advertiser_report_includes_topview": True, "report_task_includes_topview": True},
    ],
    indirect=True,
    ids=str,
)


def named(report: str | dict[str, t.Any]) -> tuple[str, list[dict[str, t.Any]]]:
    """The name of a report, and the custom reports of a run that reads it."""
    return (report, []) if isinstance(report, str) else (report["name"], [report])


def in_order(records: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return records in an order of their own."""
    return sorted(records, key=lambda record: json.dumps(record, sort_keys=True))


@WORLDS
@REPORTS
def test_rows_are_the_same(sim: Simulator, report: str | dict[str, t.Any]) -> None:
    """Records, types, keys and bookmarks are those of the synchronous report."""
    name, custom = named(report)
    config = config_for(sim, start_date="{now-9}", lookback_days=2, custom_reports=custom)
    whole = run({**config, "report_mode": "sync"}, [name])
    assert CREATE not in sent(sim)
    found = run({**config, "report_mode": "async"}, [name])
    assert whole.records[name]
    assert in_order(found.records[name]) == in_order(whole.records[name])
    assert found.schemas == whole.schemas
    assert found.state == whole.state
    assert sent(sim)[CREATE] == sent(sim)[DOWNLOAD] > 0


@WORLDS
def test_spend_is_not_doubled(sim: Simulator) -> None:
    """Whatever tasks do with filters, spend of advertisers is that of campaigns, ads and days."""
    config = config_for(sim, report_mode="async", lookback_days=2)
    levels = ["advertiser_performance_report", "campaign_performance_report", ADS]
    messages = run(config, levels)
    spend = {
        name: math.fsum(record["spend"] for record in messages.records[name]) for name in levels
    }
    expected = run({**config, "report_mode": "sync"}, [ADS]).records[ADS]
    assert list(spend.values()) == pytest.approx(
        [math.fsum(record["spend"] for record in expected)] * 3, abs=0.01
    )


def task_filters(sim: Simulator) -> list[dict[str, list[str]]]:
    """Return the filters of each task that was created, by field."""
    return [
        {
            condition["field_name"]: json.loads(condition["filter_value"])
            for condition in dict(one.params).get("filtering", ())
        }
        for one in sim.requests
        if one.path == CREATE
    ]


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_what_is_asked_for(sim: Simulator) -> None:
    """A task has the parameters of the synchronous report, but no page, status or buying type."""
    run(config_for(sim, start_date=DAYS), [ADS])
    run(config_for(sim, start_date=DAYS, report_mode="async"), [ADS])
    once = next(dict(one.params) for one in sim.requests if one.path == SYNC)
    task = next(dict(one.params) for one in sim.requests if one.path == CREATE)
    assert task.pop("output_format") == "CSV_STRING"
    assert task.pop("enable_report_title_translation") is False
    assert once.pop("page") == "1"
    assert once.pop("page_size") == "1000"
    assert "STATUS_ALL" in once.pop("filtering")
    assert task == {
        name: json.loads(value) if value[0] == "[" else value for name, value in once.items()
    }


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
@pytest.mark.parametrize("include_deleted", [True, False])
def test_filters_of_tasks(sim: Simulator, *, include_deleted: bool) -> None:
    """TopView and deleted ads are requested by their IDs, each in a task of its own."""
    config = config_for(sim, start_date=DAYS, include_deleted=include_deleted)
    whole = run({**config, "report_mode": "sync"}, [ADS])
    found = run({**config, "report_mode": "async"}, [ADS])
    assert in_order(found.records[ADS]) == in_order(whole.records[ADS])
    (account,) = sim.world.accounts.values()
    topview = {ad.id for ad in account.ads if ad.campaign.buying == "RESERVATION_TOP_VIEW"}
    deleted = {ad.id for ad in account.ads if ad.deleted} - topview
    assert deleted
    assert topview
    unfiltered, *by_id = task_filters(sim)
    assert unfiltered == {}
    assert all(filters.keys() == {"ad_ids"} for filters in by_id)
    expected = [deleted, topview] if include_deleted else [topview]
    assert [set(filters["ad_ids"]) for filters in by_id] == expected


class Ads:
    """A stream of deleted ads."""

    def __init__(self, count: int) -> None:
        self.count = count

    def read_all(self, advertiser: object, *, with_deleted: bool) -> Iterator[dict[str, str]]:
        """Yield each ad. Every second ad is not deleted."""
        assert with_deleted
        assert advertiser is None
        for number in range(2 * self.count):
            status = "AD_STATUS_DELETE" if number % 2 else "AD_STATUS_DELIVERY_OK"
            yield {"ad_id": str(number), "campaign_id": "1", "secondary_status": status}


class NoTopView:
    """Knows that no advertiser has TopView campaigns."""

    def has_campaigns(self, task: object) -> bool:
        """Return False."""
        return not task


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (20_000, [20_000]), (45_000, [20_000, 20_000, 5_000])]
)
def test_ids_per_task(count: int, sizes: list[int]) -> None:
    """A task requests at most 20,000 IDs. The unfiltered file lacks what they request."""
    contents = TaskContents(
        ReportDefinition("ads", "AUCTION_AD", ("ad_id", "stat_time_day")),
        t.cast("t.Any", NoTopView()),
        t.cast("t.Any", None),
        lambda _: t.cast("t.Any", Ads(count)),
        include_deleted=True,
        reports_topview=True,
    )
    unfiltered, *by_id = contents.of(Task(Request(SYNC, {})), [])
    assert unfiltered.filters == []
    assert [len(json.loads(one.filters[0]["filter_value"])) for one in by_id] == sizes
    assert len(unfiltered.unwanted) == count
    assert unfiltered.unwanted == {name for one in by_id for name in one.wanted or ()}


@pytest.mark.parametrize(
    "sim", [{"report_ads_limit": 3}, {"report_task_gaps": 10**6}], indirect=True
)
@pytest.mark.parametrize("mode", ["auto", "async"])
def test_any_number_of_workers(sim: Simulator, mode: str) -> None:
    """Records, their order and bookmarks do not depend on the number of workers."""
    config = config_for(sim, report_mode=mode, lookback_days=2, advertiser_ids=first_ids(sim))
    one, many = (run({**config, "max_concurrency": count}, [ADS]) for count in (1, 8))
    assert many.records == one.records
    assert many.state == one.state


def first_ids(sim: Simulator) -> list[str]:
    """The first advertiser of a simulator."""
    return sim.world.advertiser_ids[:1]


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_filters_of_users(sim: Simulator) -> None:
    """A filter on IDs stays, and limits the deleted and TopView objects that are requested."""
    (account,) = sim.world.accounts.values()
    topview = next(one for one in account.campaigns if one.buying == "RESERVATION_TOP_VIEW")
    others = [one.id for one in account.campaigns if one.buying != "RESERVATION_TOP_VIEW"][:2]
    report = {
        "name": "chosen",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["spend"],
        "filters": [{"field": "campaign_ids", "values": [topview.id, *others]}],
    }
    config = config_for(sim, custom_reports=[report], lookback_days=2, start_date="{now-9}")
    whole = run({**config, "report_mode": "sync"}, ["chosen"])
    found = run({**config, "report_mode": "async"}, ["chosen"])
    assert in_order(found.records["chosen"]) == in_order(whole.records["chosen"]) != []
    first, *by_id = task_filters(sim)
    assert first == {"campaign_ids": [topview.id, *others]}
    requested = {name for filters in by_id for name in filters["campaign_ids"]}
    assert topview.id in requested
    assert requested <= {topview.id, *others}


@pytest.mark.parametrize("sim", [{"advertisers": 1, "days": 100}], indirect=True)
@pytest.mark.parametrize("report", [ADS, "campaign_performance_report_hourly"])
def test_two_windows(sim: Simulator, report: str) -> None:
    """A range has two windows: the last thirty days, and all older days."""
    config = config_for(sim, start_date="2026-08-01", end_date="2026-10-31", report_mode="async")
    messages = run(config, [report])
    windows = {
        (dict(one.params)["start_date"], dict(one.params)["end_date"])
        for one in sim.requests
        if one.path == CREATE
    }
    assert windows == {("2026-08-01", "2026-10-01"), ("2026-10-02", "2026-10-31")}
    assert list(messages.bookmarks(report).values()) == ["2026-10-31"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TaskContent([], "ad_id"), ["1", "2", "3"]),
        (TaskContent([], "ad_id", unwanted=frozenset({"2"})), ["1", "3"]),
        (TaskContent([], "ad_id", wanted=frozenset({"2", "4"})), ["2"]),
        (TaskContent([], "ad_id", wanted=frozenset()), []),
        (TaskContent([], None, unwanted=frozenset({"2"})), ["1", "2", "3"]),
    ],
)
def test_rows_that_count(content: TaskContent, expected: list[str]) -> None:
    """A row of an object counts in the one file that its ID belongs to."""
    rows = [{"ad_id": object_id, "spend": "1"} for object_id in ("1", "2", "3")]
    assert [row["ad_id"] for row in rows if content.counts(row)] == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-20", "2026-11-20", [("2026-11-20", "2026-11-20")]),
        ("2026-10-22", "2026-11-20", [("2026-10-22", "2026-11-20")]),
        (
            "2026-10-21",
            "2026-11-20",
            [("2026-10-22", "2026-11-20"), ("2026-10-21", "2026-10-21")],
        ),
        (
            "2024-11-20",
            "2026-11-20",
            [("2026-10-22", "2026-11-20"), ("2024-11-20", "2026-10-21")],
        ),
    ],
)
def test_windows_of_tasks(start: str, end: str, expected: list[tuple[str, str]]) -> None:
    """The last thirty days come first, then all older days."""
    found = task_windows(pendulum.Date.fromisoformat(start), pendulum.Date.fromisoformat(end))
    assert [(str(window.start), str(window.end)) for window in found] == expected


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_lists_that_are_incomplete(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """Where the ads cannot be listed completely, reports are read synchronously."""
    config = config_for(sim, start_date=DAYS)
    whole = run(config, [ADS])
    sim.add_fault("total", path="/ad/get/", times=None, by=3)
    found = run({**config, "report_mode": "async"}, [ADS])
    assert in_order(found.records[ADS]) == in_order(whole.records[ADS])
    assert found.state == whole.state
    assert "Continuing without report tasks" in caplog.text
    assert CREATE not in sent(sim)


# Comparison with totals


GAPS = {"advertisers": 1, "report_task_gaps": 1}


@pytest.mark.parametrize("sim", [GAPS], indirect=True)
def test_a_file_that_differs_is_made_once_more(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that lacks rows differs from the totals, and the tasks of its window are repeated."""
    config = config_for(sim, lookback_days=2, max_concurrency=1, start_date="{now-9}")
    whole = run({**config, "report_mode": "sync"}, [ADS])
    found = run({**config, "report_mode": "async"}, [ADS])
    assert in_order(found.records[ADS]) == in_order(whole.records[ADS])
    assert found.state == whole.state
    assert sent(sim)[CREATE] == 2 * len({str(filters) for filters in task_filters(sim)})
    assert "differ from the synchronous total on" in caplog.text


@pytest.mark.parametrize("sim", [GAPS | {"report_task_gaps": 99}], indirect=True)
@pytest.mark.parametrize("report", [ADS, "campaign_performance_report_hourly"])
def test_files_that_keep_differing(sim: Simulator, report: str) -> None:
    """A synchronous report that leaves out no ad replaces tasks that keep differing."""
    config = config_for(sim, lookback_days=2, start_date="{now-9}")
    whole = run({**config, "report_mode": "sync"}, [report])
    found = run({**config, "report_mode": "async"}, [report])
    assert in_order(found.records[report]) == in_order(whole.records[report])
    assert found.state == whole.state


@pytest.mark.parametrize(
    "sim", [GAPS | {"report_task_gaps": 99, "report_ads_limit": 3}], indirect=True
)
@pytest.mark.parametrize("mode", ["auto", "async"])
def test_an_incomplete_window(sim: Simulator, tmp_path: Path, mode: str) -> None:
    """If the synchronous report would be cut, the window is incomplete and other streams go on."""
    campaigns = "campaign_performance_report_lifetime"
    config = config_for(sim, lookback_days=2, report_mode=mode, start_date="{now-9}")
    messages = run(config, [ADS, campaigns, "sync_errors"])
    assert messages.bookmarks(ADS) == {}
    assert messages.records[campaigns]
    assert messages.records[ADS]
    problems = messages.records["sync_errors"]
    assert any("differ from the synchronous total" in one["message"] for one in problems)
    assert {one["action"] for one in problems} == {"read again by the next run"}
    finished = command(*written(config, tmp_path))
    assert finished.returncode == 1
    assert "Sync incomplete for ad_performance_report" in finished.stderr


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
@pytest.mark.parametrize("start_date", ["{now-2}", "{now-9}"])
def test_totals_of_final_days_only(sim: Simulator, start_date: str) -> None:
    """Days that later runs re-read are not compared: no total is requested for them."""
    run(config_for(sim, lookback_days=5, start_date=start_date, report_mode="async"), [ADS])
    totals = [one for one in sim.requests if one.path == SYNC]
    assert bool(totals) is (start_date == "{now-9}")


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_totals_that_tiktok_rejects(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """Where TikTok reports no totals, the files count, and the log says so once."""
    config = config_for(sim, lookback_days=2, report_mode="async")
    whole = run(config, [ADS])
    sim.add_fault("code", path=SYNC, times=None, code=40002, message="not for you")
    assert run(config, [ADS]).records == whole.records
    assert caplog.text.count("Cannot compare report tasks with synchronous totals") == 1


def test_a_second_run_goes_on(sim: Simulator) -> None:
    """A run by tasks resumes from the bookmarks of one without, and the other way round."""
    config = config_for(sim, lookback_days=2)
    first = run({**config, "report_mode": "async"}, [ADS])
    second = run(config, [ADS], state=first.state)
    third = run({**config, "report_mode": "async"}, [ADS], state=second.state)
    assert third.state == second.state == first.state
    assert in_order(third.records[ADS]) == in_order(second.records[ADS])
    assert 0 < len(third.records[ADS]) < len(first.records[ADS])


# Automatically

CUT = pytest.mark.parametrize("sim", [{"report_ads_limit": 3}], indirect=True)


@CUT
def test_a_report_that_is_cut_is_made_anew(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Where TikTok looked at its newest ads only, a task brings every row, each once."""
    config = config_for(sim)
    some = run({**config, "report_mode": "sync"}, [ADS])
    assert "Records may be missing" in caplog.text
    caplog.clear()
    found = run({**config, "max_concurrency": 1}, [ADS])
    expected = sum(1 for _ in run({**config, "report_mode": "async"}, [ADS]).records[ADS])
    assert len(some.records[ADS]) < len(found.records[ADS]) == expected
    assert len(found.keyed(ADS)) == expected
    assert len(found.bookmarks(ADS)) == len(sim.world.advertiser_ids)
    assert some.bookmarks(ADS) == {}  # the reports were cut
    assert "Records may be missing" not in caplog.text


@CUT
def test_later_windows_go_to_tasks_at_once(sim: Simulator) -> None:
    """After the first cut, the windows of that advertiser are not asked for synchronously."""
    run(config_for(sim, max_concurrency=1), [ADS])
    advertisers = len(sim.world.advertiser_ids)
    reports = [dict(one.params) for one in sim.requests if one.path == SYNC]
    assert sum(one["data_level"] == "AUCTION_AD" for one in reports) == advertisers
    assert (
        len({str(dict(one.params)) for one in sim.requests if one.path == CREATE})
        == sent(sim)[CREATE]
    )
    assert sent(sim)[CREATE] > 2 * advertisers


def test_nothing_is_cut(sim: Simulator) -> None:
    """Reports that are whole need no task."""
    run(config_for(sim), [ADS, "campaign_performance_report_lifetime"])
    assert CREATE not in sent(sim)


@CUT
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ad_country_report", "names of countries"),
        ("audience_report_by_age_gender", "no result"),
        ("smart_plus_ad_performance_report", "ad_id_v2"),
    ],
)
def test_rows_that_tasks_cannot_bring(
    sim: Simulator, caplog: pytest.LogCaptureFixture, name: str, reason: str
) -> None:
    """Where a task would bring other rows, those of the synchronous report stay, with the why."""
    config = config_for(sim, start_date=DAYS)
    some = run({**config, "report_mode": "sync"}, [name])
    for mode in ("auto", "async"):
        caplog.clear()
        found = run({**config, "report_mode": mode}, [name])
        assert found.records[name] == some.records[name] != []
        assert reason in caplog.text
        assert "Records may be missing" in caplog.text
    assert CREATE not in sent(sim)


def test_reports_by_other_filters(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A report with a filter that tasks do not support is read synchronously."""
    config = config_for(sim, custom_reports=[TOP_VIEW])
    whole = run(config, ["top_view"])
    assert run({**config, "report_mode": "async"}, ["top_view"]).records == whole.records
    assert whole.records["top_view"]
    assert CREATE not in [one.path for one in sim.requests]
    assert "do not filter by buying_type" in caplog.text


@CUT
@pytest.mark.parametrize("mode", ["auto", "async"])
@pytest.mark.parametrize("code", [40118, 40002])
def test_refused_tasks(
    sim: Simulator, caplog: pytest.LogCaptureFixture, mode: str, code: int
) -> None:
    """Where TikTok allows no tasks, rows come synchronously, and the log says why."""
    config = config_for(sim)
    some = run({**config, "report_mode": "sync"}, [ADS])
    sim.add_fault("code", path=CREATE, times=None, code=code, message="filtering: not for you")
    found = run({**config, "report_mode": mode, "max_concurrency": 1}, [ADS])
    assert in_order(found.records[ADS]) == in_order(some.records[ADS])
    assert found.state == some.state
    assert sent(sim)[CREATE] == len(sim.world.advertiser_ids)  # and never again
    assert "not for you" in caplog.text


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 2}], indirect=True)
@pytest.mark.parametrize("report", ["campaign_performance_report", "advertiser_performance_report"])
def test_what_cannot_be_divided_further(sim: Simulator, report: str) -> None:
    """A day that stays too large however it is divided is read by tasks."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=1)
    whole = run(config, [report])
    sim.add_fault("code", path=SYNC, times=None, code=51010)
    found = run(config, [report])
    assert found.keyed(report) == whole.keyed(report) != {}
    assert len(found.records[report]) == len(whole.records[report])


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 3}], indirect=True)
def test_nothing_to_divide_by(sim: Simulator) -> None:
    """Where no campaign is listed, a day that is too large is read by a task."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=0)
    whole = run(config, [ADS])
    sim.add_fault("code", path=SYNC, times=None, code=51010)
    sim.add_fault("no_records", path="/campaign/get/", times=None)
    assert in_order(run(config, [ADS]).records[ADS]) == in_order(whole.records[ADS])
    assert [filters.keys() for filters in task_filters(sim)] == [set(), {"ad_ids"}]


# Errors


@pytest.mark.parametrize("sim", [{"report_task_failures": 2}], indirect=True)
def test_a_task_that_fails_is_created_anew(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A task that TikTok could not finish is one more try, and no row is lost."""
    config = config_for(sim, start_date=DAYS)
    whole = run(config, [ADS])
    found = run({**config, "report_mode": "async"}, [ADS])
    assert in_order(found.records[ADS]) == in_order(whole.records[ADS])
    assert sent(sim)[CREATE] == sent(sim)[DOWNLOAD] + 2
    assert "ended with FAILED: System error." in caplog.text


@pytest.mark.parametrize(
    "sim", [{"report_task_failures": 99, "advertisers": 1, "campaigns": 1}], indirect=True
)
def test_tasks_that_keep_failing(sim: Simulator) -> None:
    """Once the retries are used up, the run ends and says so."""
    config = config_for(sim, start_date=DAYS, report_mode="async", max_retries=2)
    with pytest.raises(errors.TransientError, match="ended with FAILED"):
        run(config, [ADS])
    assert task_filters(sim).count({}) == 3


@pytest.mark.parametrize(
    ("path", "fault", "details"),
    [
        (CREATE, "http", {"status": 503}),
        (CHECK, "code", {"code": 50000}),
        (DOWNLOAD, "code", {"code": 40201}),
        (DOWNLOAD, "truncate", {}),
        (DOWNLOAD, "not_json", {}),
        (DOWNLOAD, "reset", {}),
    ],
)
def test_faults_in_passing(
    sim: Simulator, path: str, fault: str, details: dict[str, t.Any]
) -> None:
    """What fails in passing is tried again, and the rows are as ever."""
    config = config_for(sim, start_date=DAYS)
    whole = run(config, [ADS])
    sim.add_fault(fault, path=path, **details)
    found = run({**config, "report_mode": "async"}, [ADS])
    assert in_order(found.records[ADS]) == in_order(whole.records[ADS])


@pytest.mark.parametrize("path", [CREATE, CHECK, DOWNLOAD])
def test_lasting_errors(sim: Simulator, path: str) -> None:
    """A refused token ends the run in each step of a task."""
    sim.add_fault("code", path=path, times=None, code=40105)
    with pytest.raises(errors.AuthError):
        run(config_for(sim, report_mode="async"), [ADS])


def test_invalid_metrics_are_left_out(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A metric that TikTok calls invalid is left out of the tasks from then on."""
    report = {
        "name": "mine",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "metrics": ["spend", "brand_new_metric", "clicks"],
    }
    config = config_for(sim, start_date=DAYS, custom_reports=[report])
    whole = run(config, ["mine"])
    caplog.clear()
    found = run({**config, "report_mode": "async", "max_concurrency": 1}, ["mine"])
    assert in_order(found.records["mine"]) == in_order(whole.records["mine"]) != []
    assert "Continuing without metrics brand_new_metric" in caplog.text
    assert sent(sim)[CREATE] == sent(sim)[DOWNLOAD] + 1


def test_no_task_for_a_test(sim: Simulator) -> None:
    """`--test` makes no task, whatever the mode."""
    tap = TapTikTokAds(config=config_for(sim, report_mode="async"))
    assert tap.run_sync_dry_run(1, [tap.streams[ADS]])
    assert sent(sim) == {SYNC: sent(sim)[SYNC]}


def test_plan_counts_tasks(sim: Simulator, tmp_path: Path) -> None:
    """A plan counts the three requests that a task takes, and makes none of them."""
    files = written(config_for(sim, start_date=DAYS, report_mode="async"), tmp_path)
    shown = command("plan", *files, "--json")
    advertisers = len(sim.world.advertiser_ids)
    assert json.loads(shown.stdout)["requests"] == 3 * advertisers, shown.stderr
    assert not sent(sim)


# The end of a run


def written(config: dict[str, t.Any], path: Path) -> list[str]:
    """The options for a run of one report."""
    (path / "config.json").write_text(json.dumps(config))
    (path / "catalog.json").write_text(json.dumps(catalog_of(config, [ADS])))
    return ["--config", str(path / "config.json"), "--catalog", str(path / "catalog.json")]


def started(config: dict[str, t.Any], path: Path) -> subprocess.Popen[bytes]:
    """The executable, reading one report."""
    return subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *written(config, path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


NEVER_READY = pytest.mark.parametrize("sim", [{"report_task_polls": 10**6}], indirect=True)


def end_while_tasks_run(sim: Simulator, tmp_path: Path) -> None:
    """Stop a run that waits for tasks: it ends at once, in good order, with a STATE."""
    config = config_for(sim, start_date=DAYS, report_mode="async", request_timeout=3600)
    process = started(config, tmp_path)
    until(lambda: sent(sim)[CHECK] >= 10)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=TEST_PATIENCE)  # far less than requests wait
    assert process.returncode == 143
    assert CANCEL_SECONDS < 1
    assert json.loads(out.splitlines()[-1])["type"] == "STATE"


@NEVER_READY
def test_sigterm_cancels(sim: Simulator, tmp_path: Path) -> None:
    """A run that is told to stop cancels the tasks that are open, and ends with a STATE."""
    end_while_tasks_run(sim, tmp_path)
    assert sent(sim)[CANCEL] == sent(sim)[CREATE] > 0


@NEVER_READY
def test_a_failing_cancellation_holds_nothing_up(sim: Simulator, tmp_path: Path) -> None:
    """Tasks that cannot be cancelled neither hold up the end of a run nor fail it."""
    sim.add_fault("hang", path=CANCEL, times=None)
    end_while_tasks_run(sim, tmp_path)


@NEVER_READY
def test_an_error_cancels(sim: Simulator, tmp_path: Path) -> None:
    """A run that ends by an error cancels the tasks that are open, too."""
    sim.add_fault("code", path=CHECK, after=10, times=None, code=40105)
    process = started(config_for(sim, start_date=DAYS, report_mode="async"), tmp_path)
    process.communicate(timeout=TEST_PATIENCE)
    assert process.returncode == 1
    assert sent(sim)[CANCEL] > 0


# Waiting


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds


def transport_to(url: str, token: str) -> Client:
    """A connection without retries, which waits as it would for TikTok."""
    return Client(
        url,
        token,
        RateLimiter(TIERS["unlimited"]),
        user_agent="test",
        timeout=TEST_PATIENCE,
        max_retries=0,
    )


def report_of(sim: Simulator) -> Request:
    """A report of the simulator's first advertiser."""
    params = {
        "advertiser_id": sim.world.advertiser_ids[0],
        "report_type": "BASIC",
        "data_level": "AUCTION_AD",
        "dimensions": ["ad_id"],
        "metrics": ["spend"],
        "query_lifetime": True,
        "page": 1,
        "page_size": 10,
    }
    return Request(SYNC, params)


@pytest.mark.parametrize("sim", [{"report_task_polls": 14}], indirect=True)
def test_waits_grow(sim: Simulator) -> None:
    """Checks come after a second at first, then more and more rarely, but twice a minute."""
    clock = Clock()
    tasks = ReportTasks(transport_to(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    assert tasks.read(report_of(sim)).columns == ["ad_id", "spend"]
    assert clock.slept[:3] == [1.0, 1.5, 2.25]
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == MAX_CHECK_SECONDS
    assert len(clock.slept) == 16


@NEVER_READY
def test_waits_end(sim: Simulator) -> None:
    """A task that is not ready in time is cancelled, and the error says what to do."""
    clock = Clock()
    tasks = ReportTasks(transport_to(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    with pytest.raises(errors.ResponseError, match=f"{MAX_TASK_MINUTES} minutes.*report_mode"):
        tasks.read(report_of(sim))
    assert 60 * MAX_TASK_MINUTES <= clock.now <= 60 * MAX_TASK_MINUTES + MAX_CHECK_SECONDS
    assert sent(sim)[CANCEL] == 1


@NEVER_READY
def test_a_task_that_somebody_cancels(sim: Simulator) -> None:
    """A task that was cancelled elsewhere is an error, and is not created anew."""
    transport = transport_to(sim.url, sim.access_token)
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            named = next(dict(one.params) for one in sim.requests if one.path == CHECK)
            transport.send_once(Request(CANCEL, {}, method="POST", body=named))

    with pytest.raises(errors.ResponseError, match="ended with CANCELED"):
        ReportTasks(transport, clock=clock, sleep=sleep).read(report_of(sim))
    assert sent(sim)[CREATE] == 1


def test_creations_per_hour() -> None:
    """Further creations of an account wait until an hour has passed since the earlier ones."""
    clock = Clock()
    limit = CreationLimit(clock)
    assert [limit.reserve("1") for _ in range(MAX_CREATIONS)] == [0.0] * MAX_CREATIONS
    assert limit.reserve("2") == 0.0
    clock.now = 1000.0
    assert limit.reserve("1") == CREATION_PERIOD_SECONDS - 1000.0
    clock.now = CREATION_PERIOD_SECONDS + 1.0
    assert limit.reserve("1") == 0.0
    assert MAX_CREATIONS == 500


@pytest.mark.parametrize("sim", [{"report_tasks_per_hour": 10**6}], indirect=True)
def test_a_creation_waits(sim: Simulator) -> None:
    """The first creation beyond the limit is sent an hour after the first."""
    clock = Clock()
    tasks = ReportTasks(transport_to(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    for _ in range(MAX_CREATIONS):
        tasks.start(report_of(sim))
    assert clock.slept == []
    tasks.start(report_of(sim))
    assert clock.slept == [CREATION_PERIOD_SECONDS]


# CSV text


def filled(rows: list[list[str]], size: int, line_end: str) -> ReportFile:
    """A report of these rows, the first of which has the columns."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(rows)
    report = ReportFile("here", size)
    report.file.write(text.getvalue().encode())
    return report


def all_of(report: ReportFile) -> list[list[dict[str, str]]]:
    """All parts of a report that is written."""
    report.index()
    return [report.read_part(number) for number in range(report.part_count)]


FIELDS = st.text(st.sampled_from('ab,"\n\r é字-'), max_size=6)


@given(
    rows=st.lists(st.lists(FIELDS, min_size=2, max_size=2), max_size=20),
    size=st.integers(1, 7),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_parts(rows: list[list[str]], size: int, line_end: str) -> None:
    """The parts together hold each row once and in order, whatever its fields hold."""
    if line_end == "\n":  # Python leaves \r without quotes then
        rows = [[field.replace("\r", "") for field in row] for row in rows]
    report = filled([["a", "b"], *rows], size, line_end)
    parts = all_of(report)
    assert [list(row.values()) for part in parts for row in part] == rows
    assert report.columns == ["a", "b"]
    assert report.part_count == math.ceil(len(rows) / size)
    assert all(len(part) == size for part in parts[:-1])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'a,"b\n1,2\n',
        b"a,b\n1\n",
        b"a,b\n1,2,3\n",
    ],
)
def test_what_is_no_csv(text: bytes) -> None:
    """A text that is cut off, or has rows of other lengths, is an error and no missing row."""
    report = ReportFile("here")
    report.file.write(text)
    with pytest.raises(errors.ResponseError, match="here"):
        all_of(report)


class _Csv(http.server.BaseHTTPRequestHandler):
    """Answers a download with the text itself, as TikTok's page on it shows."""

    text: t.ClassVar[bytes]

    def do_GET(self) -> None:
        self._answer(
            self.text if DOWNLOAD in self.path else b'{"code":0,"data":{"status":"SUCCESS"}}'
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"code":0,"data":{"task_id":"1"}}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: t.Any) -> None:
        """Say nothing."""


@pytest.fixture
def streaming() -> Iterator[str]:
    """A server of such texts; its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Csv)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_text_that_is_streamed(streaming: str) -> None:
    """A text of many blocks, with line breaks and commas in names, arrives whole."""
    names = [f'Spring, "{number}"\nand summer' for number in range(60_000)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("ad_id", "ad_name"), *enumerate(names)])
    _Csv.text = b"\xef\xbb\xbf" + text.getvalue().encode()
    tasks = ReportTasks(transport_to(streaming, "x"), sleep=lambda _: None)
    report = tasks.read(Request(SYNC, {"advertiser_id": "1"}))
    assert report.columns == ["ad_id", "ad_name"]
    assert report.part_count == 30
    found = [row for number in range(report.part_count) for row in report.read_part(number)]
    assert [row["ad_name"] for row in found] == names


@pytest.mark.parametrize("text", [b"", b'{"code":0,"data":{"download_url":"https://x"}}'])
def test_answers_without_a_report(streaming: str, text: bytes) -> None:
    """An answer that holds no text is an error, and never a report without rows."""
    _Csv.text = text
    tasks = ReportTasks(transport_to(streaming, "x"), sleep=lambda _: None)
    with pytest.raises((errors.TransientError, errors.ResponseError)):
        tasks.read(Request(SYNC, {"advertiser_id": "1"}))


# What tasks can bring


@pytest.mark.parametrize(
    ("report_type", "dimensions", "metrics", "filters", "reason"),
    [
        ("BASIC", ["ad_id"], ["reach", "result"], ["ad_ids"], None),
        ("BASIC", ["ad_id"], ["spend"], ["ad_status"], "ad_status"),
        ("BASIC", ["ad_id"], ["spend"], ["buying_type"], "buying_type"),
        ("BASIC", ["ad_id_v2"], ["spend"], [], "ad_id_v2"),
        ("BASIC", ["campaign_id"], ["spend"], [], "campaign_id"),
        ("AUDIENCE", ["ad_id", "gender"], ["spend"], [], None),
        ("AUDIENCE", ["ad_id", "gender"], ["spend", "reach"], [], "reach beside gender"),
        ("BASIC", ["ad_id", "country_code"], ["spend"], [], "country"),
        ("BASIC", ["ad_id"], ["spend"], ["campaign_ids", "create_time"], "create_time"),
        ("BASIC", ["ad_id"], [f"metric_{number}" for number in range(101)], [], "more than 100"),
        ("CATALOG", ["ad_id"], ["spend"], [], "CATALOG"),
    ],
)
def test_why_not_by_a_task(
    report_type: str,
    dimensions: list[str],
    metrics: list[str],
    filters: list[str],
    reason: str | None,
) -> None:
    """What TikTok's page says of tasks decides which reports can be had by one."""
    found = task_conflict(
        ReportDefinition("", "AUCTION_AD", tuple(dimensions), report_type=report_type),
        metrics,
        filters,
    )
    assert (found is None) if reason is None else (reason in (found or ""))
