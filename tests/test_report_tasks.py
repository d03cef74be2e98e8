"""Asynchronous report tasks."""

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
from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.file_tasks import (
    CANCEL_SECONDS,
    MAX_CHECK_SECONDS,
    MAX_TASK_MINUTES,
    FileTask,
    FileTasks,
)
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
from tap_tiktok_ads.api.report_rules import ReportDefinition, task_conflict
from tap_tiktok_ads.api.report_tasks import report_task
from tap_tiktok_ads.api.task_creations import CREATION_PERIOD_SECONDS, MAX_CREATIONS, CreationLimit
from tap_tiktok_ads.extract.dates import task_windows
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.streams.reports.task_contents import TaskContent, TaskContents
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

SYNC_PATH = "/report/integrated/get/"
CREATE_PATH, CHECK_PATH, DOWNLOAD_PATH, CANCEL_PATH = (
    f"/report/task/{name}/" for name in ("create", "check", "download", "cancel")
)
START_DATE = "{now-3}"
ADS = "ad_performance_report"
#: A report with metrics that have no comparable total.
REPORT_WITH_NAMES = {
    "name": "names",
    "data_level": "AUCTION_ADGROUP",
    "dimensions": ["adgroup_id", "stat_time_day"],
    "metrics": ["adgroup_name", "cpc"],
}
#: Report tasks do not filter by buying type.
TOPVIEW_REPORT = {
    "name": "top_view",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id"],
    "metrics": ["spend", "impressions", "ad_name", "campaign_id"],
    "filters": [{"field": "buying_type", "values": ["RESERVATION_TOP_VIEW"]}],
}
AUDIENCE_REPORT = {
    "name": "by_age",
    "report_type": "AUDIENCE",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id", "gender", "age", "stat_time_day"],
    "metrics": ["spend", "impressions", "clicks", "ctr", "conversion"],
}


def report_requests(sim: Simulator) -> dict[str, int]:
    """Count the report requests of each path, without requests for TopView ads."""
    return collections.Counter(
        request.path
        for request in sim.requests
        if request.path.startswith("/report/") and not asks_for_top_view(request)
    )


REPORTS = pytest.mark.parametrize(
    "report",
    [
        "advertiser_performance_report",
        "campaign_performance_report",
        ADS,
        "campaign_performance_report_hourly",
        "ad_performance_report_lifetime",
        AUDIENCE_REPORT,
        REPORT_WITH_NAMES,
    ],
    ids=lambda report: report if isinstance(report, str) else report["name"],
)
#: Possible behavior that TikTok does not document: filters and TopView ads in report tasks.
SIMULATORS = pytest.mark.parametrize(
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


def name_and_custom_reports(report: str | dict[str, t.Any]) -> tuple[str, list[dict[str, t.Any]]]:
    """Return a report's name and the `custom_reports` setting that defines it."""
    return (report, []) if isinstance(report, str) else (report["name"], [report])


def sort_records(records: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return records in a fixed order."""
    return sorted(records, key=lambda record: json.dumps(record, sort_keys=True))


@SIMULATORS
@REPORTS
def test_async_records_equal_sync_records(sim: Simulator, report: str | dict[str, t.Any]) -> None:
    """Records, schemas and state of asynchronous and synchronous reports are equal."""
    name, custom = name_and_custom_reports(report)
    config = config_for(sim, start_date="{now-9}", lookback_days=2, custom_reports=custom)
    sync = run({**config, "report_mode": "sync"}, [name])
    assert CREATE_PATH not in report_requests(sim)
    asynchronous = run({**config, "report_mode": "async"}, [name])
    assert sync.records[name]
    assert sort_records(asynchronous.records[name]) == sort_records(sync.records[name])
    assert asynchronous.schemas == sync.schemas
    assert asynchronous.state == sync.state
    assert report_requests(sim)[CREATE_PATH] == report_requests(sim)[DOWNLOAD_PATH] > 0


@SIMULATORS
def test_spend_is_equal_at_all_levels(sim: Simulator) -> None:
    """Spend of advertisers, campaigns and ads is equal, however tasks handle filters."""
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
            for condition in dict(request.params).get("filtering", ())
        }
        for request in sim.requests
        if request.path == CREATE_PATH
    ]


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_task_parameters_match_the_sync_report(sim: Simulator) -> None:
    """A task has the synchronous report's parameters, without page, status or buying type."""
    run(config_for(sim, start_date=START_DATE), [ADS])
    run(config_for(sim, start_date=START_DATE, report_mode="async"), [ADS])
    sync = next(dict(request.params) for request in sim.requests if request.path == SYNC_PATH)
    task = next(dict(request.params) for request in sim.requests if request.path == CREATE_PATH)
    assert task.pop("output_format") == "CSV_STRING"
    assert task.pop("enable_report_title_translation") is False
    assert sync.pop("page") == "1"
    assert sync.pop("page_size") == "1000"
    assert "STATUS_ALL" in sync.pop("filtering")
    assert task == {
        name: json.loads(value) if value[0] == "[" else value for name, value in sync.items()
    }


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
@pytest.mark.parametrize("include_deleted", [True, False])
def test_topview_and_deleted_ads_have_separate_tasks(
    sim: Simulator, *, include_deleted: bool
) -> None:
    """TopView ads and deleted ads are requested by ID, each in a separate task."""
    config = config_for(sim, start_date=START_DATE, include_deleted=include_deleted)
    sync = run({**config, "report_mode": "sync"}, [ADS])
    asynchronous = run({**config, "report_mode": "async"}, [ADS])
    assert sort_records(asynchronous.records[ADS]) == sort_records(sync.records[ADS])
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


class FakeAds:
    """A stream of ads in which every second ad is deleted."""

    def __init__(self, count: int) -> None:
        self.count = count

    def read_all(
        self, advertiser: object, *, with_deleted: bool, columns: object, only_columns: bool
    ) -> Iterator[dict[str, str]]:
        """Yield each ad, alternately active and deleted."""
        assert with_deleted
        assert columns == {"ad_id", "campaign_id", "secondary_status"}
        assert only_columns
        assert advertiser is None
        for number in range(2 * self.count):
            status = "AD_STATUS_DELETE" if number % 2 else "AD_STATUS_DELIVERY_OK"
            yield {"ad_id": str(number), "campaign_id": "1", "secondary_status": status}


class NoTopViewCampaigns:
    """A lookup that finds no TopView campaigns."""

    def has_campaigns(self, task: object) -> bool:
        """Return False."""
        return not task


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (20_000, [20_000]), (45_000, [20_000, 20_000, 5_000])]
)
def test_task_requests_at_most_20000_ids(count: int, sizes: list[int]) -> None:
    """A task requests at most 20,000 IDs, and the unfiltered file excludes them."""
    contents = TaskContents(
        ReportDefinition("ads", "AUCTION_AD", ("ad_id", "stat_time_day")),
        t.cast("t.Any", NoTopViewCampaigns()),
        t.cast("t.Any", None),
        lambda _: t.cast("t.Any", FakeAds(count)),
        include_deleted=True,
        reports_topview=True,
    )
    unfiltered, *by_id = contents.of(Task(Request(SYNC_PATH, {})), [])
    assert unfiltered.filters == []
    assert [len(json.loads(content.filters[0]["filter_value"])) for content in by_id] == sizes
    assert len(unfiltered.unwanted) == count
    assert unfiltered.unwanted == {name for content in by_id for name in content.wanted or ()}


@pytest.mark.parametrize(
    "sim", [{"report_ads_limit": 3}, {"report_task_gaps": 10**6}], indirect=True
)
@pytest.mark.parametrize("mode", ["auto", "async"])
def test_records_do_not_depend_on_max_concurrency(sim: Simulator, mode: str) -> None:
    """Records, their order and bookmarks do not depend on the number of workers."""
    config = config_for(
        sim, report_mode=mode, lookback_days=2, advertiser_ids=first_advertiser(sim)
    )
    serial, parallel = (run({**config, "max_concurrency": count}, [ADS]) for count in (1, 8))
    assert parallel.records == serial.records
    assert parallel.state == serial.state


def first_advertiser(sim: Simulator) -> list[str]:
    """Return the simulator's first advertiser ID, in a list."""
    return sim.world.advertiser_ids[:1]


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_user_filter_limits_requested_ids(sim: Simulator) -> None:
    """A custom report's ID filter also limits the requested deleted and TopView objects."""
    (account,) = sim.world.accounts.values()
    topview = next(
        campaign for campaign in account.campaigns if campaign.buying == "RESERVATION_TOP_VIEW"
    )
    other_ids = [
        campaign.id for campaign in account.campaigns if campaign.buying != "RESERVATION_TOP_VIEW"
    ][:2]
    report = {
        "name": "filtered",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["spend"],
        "filters": [{"field": "campaign_ids", "values": [topview.id, *other_ids]}],
    }
    config = config_for(sim, custom_reports=[report], lookback_days=2, start_date="{now-9}")
    sync = run({**config, "report_mode": "sync"}, ["filtered"])
    asynchronous = run({**config, "report_mode": "async"}, ["filtered"])
    assert (
        sort_records(asynchronous.records["filtered"])
        == sort_records(sync.records["filtered"])
        != []
    )
    first, *by_id = task_filters(sim)
    assert first == {"campaign_ids": [topview.id, *other_ids]}
    requested = {name for filters in by_id for name in filters["campaign_ids"]}
    assert topview.id in requested
    assert requested <= {topview.id, *other_ids}


@pytest.mark.parametrize("sim", [{"advertisers": 1, "days": 100}], indirect=True)
@pytest.mark.parametrize("report", [ADS, "campaign_performance_report_hourly"])
def test_async_report_has_two_windows(sim: Simulator, report: str) -> None:
    """A long date range has two windows: the last 30 days and all older days."""
    config = config_for(sim, start_date="2026-08-01", end_date="2026-10-31", report_mode="async")
    messages = run(config, [report])
    windows = {
        (dict(request.params)["start_date"], dict(request.params)["end_date"])
        for request in sim.requests
        if request.path == CREATE_PATH
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
def test_object_is_read_from_one_file(content: TaskContent, expected: list[str]) -> None:
    """An object is read from exactly one file, chosen by its ID."""
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
def test_task_windows_are_newest_first(
    start: str, end: str, expected: list[tuple[str, str]]
) -> None:
    """The window of the last 30 days precedes the window of all older days."""
    windows = task_windows(pendulum.Date.fromisoformat(start), pendulum.Date.fromisoformat(end))
    assert [(str(window.start), str(window.end)) for window in windows] == expected


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_incomplete_ad_list_falls_back_to_sync(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """If the list of ads is incomplete, the report is read synchronously."""
    config = config_for(sim, start_date=START_DATE)
    sync = run(config, [ADS])
    sim.add_fault("total", path="/ad/get/", times=None, by=3)
    asynchronous = run({**config, "report_mode": "async"}, [ADS])
    assert sort_records(asynchronous.records[ADS]) == sort_records(sync.records[ADS])
    assert asynchronous.state == sync.state
    assert "without report tasks" in caplog.text
    assert CREATE_PATH not in report_requests(sim)


# Comparison with totals


INCOMPLETE_TASK = {"advertisers": 1, "report_task_gaps": 1}


@pytest.mark.parametrize("sim", [INCOMPLETE_TASK], indirect=True)
def test_mismatched_task_is_retried_once(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """If a file does not match the synchronous total, all tasks of its window are retried."""
    config = config_for(sim, lookback_days=2, max_concurrency=1, start_date="{now-9}")
    sync = run({**config, "report_mode": "sync"}, [ADS])
    asynchronous = run({**config, "report_mode": "async"}, [ADS])
    assert sort_records(asynchronous.records[ADS]) == sort_records(sync.records[ADS])
    assert asynchronous.state == sync.state
    assert report_requests(sim)[CREATE_PATH] == 2 * len(
        {str(filters) for filters in task_filters(sim)}
    )
    assert "differ from the synchronous total on" in caplog.text


@pytest.mark.parametrize("sim", [INCOMPLETE_TASK | {"report_task_gaps": 99}], indirect=True)
@pytest.mark.parametrize("report", [ADS, "campaign_performance_report_hourly"])
def test_repeated_mismatch_falls_back_to_sync(sim: Simulator, report: str) -> None:
    """If retried tasks still do not match, a complete synchronous report replaces them."""
    config = config_for(sim, lookback_days=2, start_date="{now-9}")
    sync = run({**config, "report_mode": "sync"}, [report])
    asynchronous = run({**config, "report_mode": "async"}, [report])
    assert sort_records(asynchronous.records[report]) == sort_records(sync.records[report])
    assert asynchronous.state == sync.state


@pytest.mark.parametrize(
    "sim", [INCOMPLETE_TASK | {"report_task_gaps": 99, "report_ads_limit": 3}], indirect=True
)
@pytest.mark.parametrize("mode", ["auto", "async"])
def test_incomplete_window_keeps_its_bookmark(sim: Simulator, tmp_path: Path, mode: str) -> None:
    """If neither tasks nor the synchronous report are complete, the window's bookmark stays."""
    campaigns = "campaign_performance_report_lifetime"
    config = config_for(sim, lookback_days=2, report_mode=mode, start_date="{now-9}")
    messages = run(config, [ADS, campaigns, "sync_errors"])
    assert messages.bookmarks(ADS) == {}
    assert messages.records[campaigns]
    assert messages.records[ADS]
    problems = messages.records["sync_errors"]
    assert any("differ from the synchronous total" in problem["message"] for problem in problems)
    assert {problem["action"] for problem in problems} == {"read again by the next run"}
    finished = command(*write_options(config, tmp_path))
    assert finished.returncode == 1
    assert "Sync incomplete for ad_performance_report" in finished.stderr


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
@pytest.mark.parametrize("start_date", ["{now-2}", "{now-9}"])
def test_lookback_days_are_not_compared(sim: Simulator, start_date: str) -> None:
    """No total is requested for days in the lookback window."""
    run(config_for(sim, lookback_days=5, start_date=start_date, report_mode="async"), [ADS])
    totals = [request for request in sim.requests if request.path == SYNC_PATH]
    assert bool(totals) is (start_date == "{now-9}")


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_rejected_totals_are_logged_once(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """If TikTok rejects the totals, the files are used and one warning is logged."""
    config = config_for(sim, lookback_days=2, report_mode="async")
    expected = run(config, [ADS])
    sim.add_fault("code", path=SYNC_PATH, times=None, code=40002, message="not for you")
    assert run(config, [ADS]).records == expected.records
    assert caplog.text.count("Cannot compare report tasks") == 1


def test_sync_and_async_runs_share_bookmarks(sim: Simulator) -> None:
    """A run resumes from bookmarks written with either report mode."""
    config = config_for(sim, lookback_days=2)
    first = run({**config, "report_mode": "async"}, [ADS])
    second = run(config, [ADS], state=first.state)
    third = run({**config, "report_mode": "async"}, [ADS], state=second.state)
    assert third.state == second.state == first.state
    assert sort_records(third.records[ADS]) == sort_records(second.records[ADS])
    assert 0 < len(third.records[ADS]) < len(first.records[ADS])


# Automatic report mode

LIMITED_ADS = pytest.mark.parametrize("sim", [{"report_ads_limit": 3}], indirect=True)


@LIMITED_ADS
def test_truncated_sync_report_is_replaced_by_task(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """In mode auto, a task replaces a synchronous report that covers only the newest ads."""
    config = config_for(sim)
    sync = run({**config, "report_mode": "sync"}, [ADS])
    assert "Records may be missing" in caplog.text
    caplog.clear()
    auto = run({**config, "max_concurrency": 1}, [ADS])
    expected = sum(1 for _ in run({**config, "report_mode": "async"}, [ADS]).records[ADS])
    assert len(sync.records[ADS]) < len(auto.records[ADS]) == expected
    assert len(auto.keyed(ADS)) == expected
    assert len(auto.bookmarks(ADS)) == len(sim.world.advertiser_ids)
    assert sync.bookmarks(ADS) == {}  # the reports were truncated
    assert "Records may be missing" not in caplog.text


@LIMITED_ADS
def test_task_is_used_after_first_truncated_window(sim: Simulator) -> None:
    """After the first truncated window, the advertiser's later windows are requested by task."""
    run(config_for(sim, max_concurrency=1), [ADS])
    advertisers = len(sim.world.advertiser_ids)
    reports = [dict(request.params) for request in sim.requests if request.path == SYNC_PATH]
    assert sum(report["data_level"] == "AUCTION_AD" for report in reports) == advertisers
    assert (
        len({str(dict(request.params)) for request in sim.requests if request.path == CREATE_PATH})
        == report_requests(sim)[CREATE_PATH]
    )
    assert report_requests(sim)[CREATE_PATH] > 2 * advertisers


def test_complete_sync_report_needs_no_task(sim: Simulator) -> None:
    """In mode auto, complete synchronous reports create no task."""
    run(config_for(sim), [ADS, "campaign_performance_report_lifetime"])
    assert CREATE_PATH not in report_requests(sim)


@LIMITED_ADS
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ad_country_report", "names of countries"),
        ("audience_report_by_age_gender", "no result"),
        ("smart_plus_ad_performance_report", "ad_id_v2"),
    ],
)
def test_unsupported_task_keeps_sync_records(
    sim: Simulator, caplog: pytest.LogCaptureFixture, name: str, reason: str
) -> None:
    """If a task does not support the report, synchronous records are kept and the reason logged."""
    config = config_for(sim, start_date=START_DATE)
    sync = run({**config, "report_mode": "sync"}, [name])
    for mode in ("auto", "async"):
        caplog.clear()
        messages = run({**config, "report_mode": mode}, [name])
        assert messages.records[name] == sync.records[name] != []
        assert reason in caplog.text
        assert "Records may be missing" in caplog.text
        assert "Report tasks read all ads, but cannot be used: " in caplog.text
        assert "Set report_mode" not in caplog.text
    assert CREATE_PATH not in report_requests(sim)


def test_unsupported_filter_is_read_synchronously(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A report with a filter that tasks do not support is read synchronously."""
    config = config_for(sim, custom_reports=[TOPVIEW_REPORT])
    sync = run(config, ["top_view"])
    assert run({**config, "report_mode": "async"}, ["top_view"]).records == sync.records
    assert sync.records["top_view"]
    assert CREATE_PATH not in [request.path for request in sim.requests]
    assert "report tasks do not filter by buying_type" in caplog.text


@LIMITED_ADS
@pytest.mark.parametrize("mode", ["auto", "async"])
@pytest.mark.parametrize("code", [40118, 40002])
def test_rejected_task_creation_falls_back_to_sync(
    sim: Simulator, caplog: pytest.LogCaptureFixture, mode: str, code: int
) -> None:
    """If TikTok rejects task creation, records are read synchronously and the reason is logged."""
    config = config_for(sim)
    sync = run({**config, "report_mode": "sync"}, [ADS])
    sim.add_fault("code", path=CREATE_PATH, times=None, code=code, message="filtering: not for you")
    messages = run({**config, "report_mode": mode, "max_concurrency": 1}, [ADS])
    assert sort_records(messages.records[ADS]) == sort_records(sync.records[ADS])
    assert messages.state == sync.state
    assert report_requests(sim)[CREATE_PATH] == len(sim.world.advertiser_ids)  # no second attempt
    assert "not for you" in caplog.text


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 2}], indirect=True)
@pytest.mark.parametrize("report", ["campaign_performance_report", "advertiser_performance_report"])
def test_indivisible_day_is_read_by_task(sim: Simulator, report: str) -> None:
    """A day that stays too large after every split is read by a task."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=1)
    expected = run(config, [report])
    sim.add_fault("code", path=SYNC_PATH, times=None, code=51010)
    messages = run(config, [report])
    assert messages.keyed(report) == expected.keyed(report) != {}
    assert len(messages.records[report]) == len(expected.records[report])


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 3}], indirect=True)
def test_too_large_day_without_campaigns_is_read_by_task(sim: Simulator) -> None:
    """Without campaigns to split by, a too large day is read by a task."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=0)
    expected = run(config, [ADS])
    sim.add_fault("code", path=SYNC_PATH, times=None, code=51010)
    sim.add_fault("no_records", path="/campaign/get/", times=None)
    assert sort_records(run(config, [ADS]).records[ADS]) == sort_records(expected.records[ADS])
    assert [filters.keys() for filters in task_filters(sim)] == [set(), {"ad_ids"}]


# Errors


@pytest.mark.parametrize("sim", [{"report_task_failures": 2}], indirect=True)
def test_failed_task_is_created_again(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A task with status FAILED is retried, and no record is lost."""
    config = config_for(sim, start_date=START_DATE)
    sync = run(config, [ADS])
    asynchronous = run({**config, "report_mode": "async"}, [ADS])
    assert sort_records(asynchronous.records[ADS]) == sort_records(sync.records[ADS])
    assert report_requests(sim)[CREATE_PATH] == report_requests(sim)[DOWNLOAD_PATH] + 2
    retries = [text for text in caplog.messages if "ended with FAILED: System error." in text]
    assert len(retries) == 2
    assert "(attempt 2 of " in retries[0]
    assert not any("Run again later" in text for text in retries)


@pytest.mark.parametrize(
    "sim", [{"report_task_failures": 99, "advertisers": 1, "campaigns": 1}], indirect=True
)
def test_repeated_task_failure_raises_transient_error(sim: Simulator) -> None:
    """After `max_retries` failed tasks, TransientError is raised."""
    config = config_for(sim, start_date=START_DATE, report_mode="async", max_retries=2)
    with pytest.raises(errors.TransientError, match=r"ended with FAILED.* Run again later"):
        run(config, [ADS])
    assert task_filters(sim).count({}) == 3


@pytest.mark.parametrize(
    ("path", "fault", "details"),
    [
        (CREATE_PATH, "http", {"status": 503}),
        (CHECK_PATH, "code", {"code": 50000}),
        (DOWNLOAD_PATH, "code", {"code": 40201}),
        (DOWNLOAD_PATH, "truncate", {}),
        (DOWNLOAD_PATH, "not_json", {}),
        (DOWNLOAD_PATH, "reset", {}),
    ],
)
def test_transient_task_errors_are_retried(
    sim: Simulator, path: str, fault: str, details: dict[str, t.Any]
) -> None:
    """Transient errors of task requests are retried, and no record is lost."""
    config = config_for(sim, start_date=START_DATE)
    sync = run(config, [ADS])
    sim.add_fault(fault, path=path, **details)
    asynchronous = run({**config, "report_mode": "async"}, [ADS])
    assert sort_records(asynchronous.records[ADS]) == sort_records(sync.records[ADS])


@pytest.mark.parametrize("path", [CREATE_PATH, CHECK_PATH, DOWNLOAD_PATH])
def test_rejected_token_raises_auth_error(sim: Simulator, path: str) -> None:
    """A rejected token in any step of a task raises AuthError."""
    sim.add_fault("code", path=path, times=None, code=40105)
    with pytest.raises(errors.AuthError):
        run(config_for(sim, report_mode="async"), [ADS])


def test_invalid_metric_is_removed_from_tasks(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A metric that TikTok rejects is removed from that task and later ones."""
    report = {
        "name": "mine",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "metrics": ["spend", "brand_new_metric", "clicks"],
    }
    config = config_for(sim, start_date=START_DATE, custom_reports=[report])
    sync = run(config, ["mine"])
    caplog.clear()
    asynchronous = run({**config, "report_mode": "async", "max_concurrency": 1}, ["mine"])
    assert sort_records(asynchronous.records["mine"]) == sort_records(sync.records["mine"]) != []
    assert "without metrics brand_new_metric" in caplog.text
    assert report_requests(sim)[CREATE_PATH] == report_requests(sim)[DOWNLOAD_PATH] + 1


def test_option_test_creates_no_task(sim: Simulator) -> None:
    """`--test` creates no task, even with report_mode async."""
    tap = TapTikTokAds(config=config_for(sim, report_mode="async"))
    assert tap.run_sync_dry_run(1, [tap.streams[ADS]])
    assert report_requests(sim) == {SYNC_PATH: report_requests(sim)[SYNC_PATH]}


def test_plan_counts_three_requests_per_task(sim: Simulator, tmp_path: Path) -> None:
    """`plan` estimates three requests for each task, and creates no task."""
    files = write_options(config_for(sim, start_date=START_DATE, report_mode="async"), tmp_path)
    plan = command("plan", *files, "--json", "--measure", "0")
    advertisers = len(sim.world.advertiser_ids)
    requests = {row["stream"]: row["requests"] for row in json.loads(plan.stdout)["streams"]}
    assert requests[ADS] == 3 * advertisers, plan.stderr
    assert not report_requests(sim)


# The end of a run


def write_options(config: dict[str, t.Any], path: Path) -> list[str]:
    """Write the config and catalog of a one-report run. Return its options."""
    (path / "config.json").write_text(json.dumps(config))
    (path / "catalog.json").write_text(json.dumps(catalog_of(config, [ADS])))
    return ["--config", str(path / "config.json"), "--catalog", str(path / "catalog.json")]


def start_tap(config: dict[str, t.Any], path: Path) -> subprocess.Popen[bytes]:
    """Start a run of one report in a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", *write_options(config, path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


NEVER_READY = pytest.mark.parametrize("sim", [{"report_task_polls": 10**6}], indirect=True)


def stop_during_tasks(sim: Simulator, tmp_path: Path) -> None:
    """Send SIGTERM to a run that waits for tasks. It ends at once with a STATE message."""
    config = config_for(sim, start_date=START_DATE, report_mode="async", request_timeout=3600)
    process = start_tap(config, tmp_path)
    until(lambda: report_requests(sim)[CHECK_PATH] >= 10)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=TEST_PATIENCE)  # far below request_timeout
    assert process.returncode == 143
    assert CANCEL_SECONDS < 1
    assert json.loads(out.splitlines()[-1])["type"] == "STATE"


@NEVER_READY
def test_sigterm_cancels_open_tasks(sim: Simulator, tmp_path: Path) -> None:
    """A run that receives SIGTERM cancels its open tasks and writes STATE."""
    stop_during_tasks(sim, tmp_path)
    assert report_requests(sim)[CANCEL_PATH] == report_requests(sim)[CREATE_PATH] > 0


@NEVER_READY
def test_failed_cancellation_does_not_delay_exit(sim: Simulator, tmp_path: Path) -> None:
    """A failed cancellation neither delays the end of a run nor changes its exit code."""
    sim.add_fault("hang", path=CANCEL_PATH, times=None)
    stop_during_tasks(sim, tmp_path)


@NEVER_READY
def test_error_cancels_open_tasks(sim: Simulator, tmp_path: Path) -> None:
    """A run that ends with an error cancels its open tasks."""
    sim.add_fault("code", path=CHECK_PATH, after=10, times=None, code=40105)
    process = start_tap(config_for(sim, start_date=START_DATE, report_mode="async"), tmp_path)
    process.communicate(timeout=TEST_PATIENCE)
    assert process.returncode == 1
    assert report_requests(sim)[CANCEL_PATH] > 0


# Waiting


class Clock:
    """A clock that `sleep` advances."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.slept.append(seconds)
        self.now += seconds


def client_of(url: str, token: str) -> Client:
    """Return a client without retries or rate limits."""
    return Client(
        url,
        token,
        RateLimiter(TIERS["unlimited"]),
        user_agent="test",
        timeout=TEST_PATIENCE,
        max_retries=0,
    )


def report_of(sim: Simulator) -> FileTask:
    """Return a report task for the simulator's first advertiser."""
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
    return report_task(Request(SYNC_PATH, params))


@pytest.mark.parametrize("sim", [{"report_task_polls": 14}], indirect=True)
def test_check_interval_grows_to_thirty_seconds(sim: Simulator) -> None:
    """The interval between checks grows from one second to MAX_CHECK_SECONDS."""
    clock = Clock()
    tasks = FileTasks(client_of(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    assert tasks.read(report_of(sim)).columns == ["ad_id", "spend"]
    assert clock.slept[:3] == [1.0, 1.5, 2.25]
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] == MAX_CHECK_SECONDS
    assert len(clock.slept) == 16


@NEVER_READY
def test_overdue_task_is_canceled(sim: Simulator) -> None:
    """A task that is not ready in time is canceled, and the error names `report_mode`."""
    clock = Clock()
    tasks = FileTasks(client_of(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    with pytest.raises(errors.ResponseError, match=f"{MAX_TASK_MINUTES} minutes.*report_mode"):
        tasks.read(report_of(sim))
    assert 60 * MAX_TASK_MINUTES <= clock.now <= 60 * MAX_TASK_MINUTES + MAX_CHECK_SECONDS
    assert report_requests(sim)[CANCEL_PATH] == 1


@NEVER_READY
def test_task_canceled_elsewhere_is_not_retried(sim: Simulator) -> None:
    """A task with status CANCELED raises ResponseError and is not created again."""
    client = client_of(sim.url, sim.access_token)
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 3:
            params = next(
                dict(request.params) for request in sim.requests if request.path == CHECK_PATH
            )
            client.send_once(Request(CANCEL_PATH, {}, method="POST", body=params))

    with pytest.raises(errors.ResponseError, match="ended with CANCELED"):
        FileTasks(client, clock=clock, sleep=sleep).read(report_of(sim))
    assert report_requests(sim)[CREATE_PATH] == 1


def test_creation_limit_is_500_per_hour_and_account() -> None:
    """After 500 creations in an hour, the account's next creation waits for that hour's end."""
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
def test_creation_over_the_limit_waits_an_hour(sim: Simulator) -> None:
    """The first creation over the limit is sent an hour after the first one."""
    clock = Clock()
    tasks = FileTasks(client_of(sim.url, sim.access_token), clock=clock, sleep=clock.sleep)
    for _ in range(MAX_CREATIONS):
        tasks.start(report_of(sim))
    assert clock.slept == []
    tasks.start(report_of(sim))
    assert clock.slept == [CREATION_PERIOD_SECONDS]


# CSV text


def csv_report(rows: list[list[str]], size: int, line_end: str) -> CsvFile:
    """Return a report file with a header and rows, in parts of `size` rows."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(rows)
    report = CsvFile("here", size)
    report.file.write(text.getvalue().encode())
    return report


def read_parts(report: CsvFile) -> list[list[dict[str, str]]]:
    """Index a complete report file. Return its parts."""
    report.index()
    return [report.read_part(number) for number in range(report.part_count)]


FIELDS = st.text(st.sampled_from('ab,"\n\r é字-'), max_size=6)


@given(
    rows=st.lists(st.lists(FIELDS, min_size=2, max_size=2), max_size=20),
    size=st.integers(1, 7),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_parts_contain_every_csv_row_once(rows: list[list[str]], size: int, line_end: str) -> None:
    """The parts contain every CSV row once and in order."""
    if line_end == "\n":  # Python leaves \r without quotes then
        rows = [[field.replace("\r", "") for field in row] for row in rows]
    report = csv_report([["a", "b"], *rows], size, line_end)
    parts = read_parts(report)
    assert [list(row.values()) for part in parts for row in part] == rows
    assert report.columns == ["a", "b"]
    sizes = list(map(report.part_size, range(report.part_count)))
    assert all(number >= size for number in sizes[:-1])
    assert all(sizes)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'a,"b\n1,2\n',
        b"a,b\n1\n",
        b"a,b\n1,2,3\n",
    ],
)
def test_invalid_csv_raises_response_error(text: bytes) -> None:
    """A truncated CSV file, or one with rows of unequal length, raises ResponseError."""
    report = CsvFile("here")
    report.file.write(text)
    with pytest.raises(errors.ResponseError, match="here"):
        read_parts(report)


class CsvHandler(http.server.BaseHTTPRequestHandler):
    """A server that responds to a download with CSV text, as documented by TikTok."""

    text: t.ClassVar[bytes]

    def do_GET(self) -> None:
        self._respond(
            self.text if DOWNLOAD_PATH in self.path else b'{"code":0,"data":{"status":"SUCCESS"}}'
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._respond(b'{"code":0,"data":{"task_id":"1"}}')

    def _respond(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: t.Any) -> None:
        """Log no requests."""


@pytest.fixture
def csv_server() -> Iterator[str]:
    """The URL of a server that streams CSV text."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), CsvHandler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_streamed_csv_is_read_completely(csv_server: str) -> None:
    """A streamed CSV file with line breaks and commas in names is read completely."""
    names = [f'Spring, "{number}"\nand summer' for number in range(60_000)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("ad_id", "ad_name"), *enumerate(names)])
    CsvHandler.text = b"\xef\xbb\xbf" + text.getvalue().encode()
    tasks = FileTasks(client_of(csv_server, "x"), sleep=lambda _: None)
    report = tasks.read(report_task(Request(SYNC_PATH, {"advertiser_id": "1"})))
    assert report.columns == ["ad_id", "ad_name"]
    assert report.part_count > 10
    rows = [row for number in range(report.part_count) for row in report.read_part(number)]
    assert [row["ad_name"] for row in rows] == names


@pytest.mark.parametrize("text", [b"", b'{"code":0,"data":{"download_url":"https://x"}}'])
def test_download_without_csv_raises_error(csv_server: str, text: bytes) -> None:
    """A download response without CSV text raises an error."""
    CsvHandler.text = text
    tasks = FileTasks(client_of(csv_server, "x"), sleep=lambda _: None)
    with pytest.raises((errors.TransientError, errors.ResponseError)):
        tasks.read(report_task(Request(SYNC_PATH, {"advertiser_id": "1"})))


# Support by report tasks


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
        ("BASIC", ["ad_id"], [f"metric_{number}" for number in range(101)], [], "at most 100"),
        ("CATALOG", ["ad_id"], ["spend"], [], "CATALOG"),
    ],
)
def test_task_conflict_names_the_reason(
    report_type: str,
    dimensions: list[str],
    metrics: list[str],
    filters: list[str],
    reason: str | None,
) -> None:
    """`task_conflict` returns the reason that tasks do not support a report, or None."""
    conflict = task_conflict(
        ReportDefinition("", "AUCTION_AD", tuple(dimensions), report_type=report_type),
        metrics,
        filters,
    )
    assert (conflict is None) if reason is None else (reason in (conflict or ""))
