"""Second passes over inconsistent lists."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import typing as t

import pytest
from conftest import answering, config_at, config_for, run

from tap_tiktok_ads.extract import lookback
from tap_tiktok_ads.singer.state import CHANGE_DELAY
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

TOP_VIEW = "RESERVATION_TOP_VIEW"


def column_values(*runs: t.Any, stream: str, column: str) -> set[str]:
    """Return the values of a column over several runs."""
    return {record[column] for messages in runs for record in messages.records[stream]}


def test_rejected_second_pass_is_completed_by_the_next_run(sim: Simulator) -> None:
    """If the second pass of a TopView list is rejected, the next run reads the missing objects.

    Without deleted objects, the list is another request than the check for TopView campaigns.
    """
    config = config_for(sim, include_deleted=False)
    expected = column_values(run(config, ["campaigns"]), stream="campaigns", column="campaign_id")
    for owner in sim.world.advertiser_ids:
        fault: dict[str, t.Any] = {"path": "/campaign/get/", "advertiser_id": owner, "times": None}
        sim.add_fault("drop_row", **fault, containing=TOP_VIEW, after=1)
        sim.add_fault("code", **fault, containing=TOP_VIEW, code=40002, after=5)
    first = run(config, ["campaigns"])
    assert len(first.records["campaigns"]) < len(expected)
    sim.faults.clear()
    second = run(config, ["campaigns"], state=first.state)
    assert column_values(first, second, stream="campaigns", column="campaign_id") == expected


def test_rejected_second_pass_of_a_report_keeps_the_bookmark(sim: Simulator) -> None:
    """If the second pass of a TopView report is rejected, the bookmark stays."""
    name, path = "campaign_performance_report", "/report/integrated/get/"
    owner = sim.world.advertiser_ids[0]
    config = config_for(sim, advertiser_ids=[owner], max_concurrency=1, start_date="{now-29}")
    expected = run(config, [name]).keyed(name).keys()
    sim.add_fault("drop_row", path=path, containing=TOP_VIEW, times=1)
    sim.add_fault("code", path=path, containing=TOP_VIEW, code=40002, after=1, times=1)
    first = run(config, [name])
    assert first.keyed(name).keys() < expected
    second = run(config, [name], state=first.state)
    assert first.keyed(name).keys() | second.keyed(name).keys() == expected


@pytest.mark.parametrize("sim", [{"advertisers": 4, "videos": 250}], indirect=True)
def test_failed_lists_do_not_disable_total_checks(sim: Simulator) -> None:
    """Lists whose pages fail do not disable the total checks of other lists."""
    ids = sim.world.advertiser_ids
    path = "/file/video/ad/search/"
    config = config_for(sim, on_error="skip", max_retries=0)
    for owner in ids[:3]:
        failing: dict[str, t.Any] = {"advertiser_id": owner, "page": 3, "status": 500}
        sim.add_fault("http", path=path, times=None, **failing)
    sim.add_fault("drop_row", path=path, advertiser_id=ids[3], page=2, times=1)
    records = run(config, ["video_creatives"]).records["video_creatives"]
    video_ids = {r["video_id"] for r in records if r["advertiser_id"] == ids[3]}
    assert len(video_ids) == 250


def test_bookmark_precedes_shared_pages() -> None:
    """The bookmark precedes the earliest response of a list, even if another stream read it."""
    began = dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=6)
    response_numbers = itertools.count()

    def respond(query: dict[str, str]) -> t.Any:
        if query["path"] == "/campaign/get/" and TOP_VIEW in query.get("filtering", ""):
            records = [{"campaign_id": "top", "modify_time": "2026-01-01 00:00:00"}]
        elif query["path"] == "/campaign/get/":
            changed = (began + dt.timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S")
            records = [{"campaign_id": "other", "modify_time": changed}]
        else:
            records = []
        return {"list": records, "page_info": {"total_number": len(records), "total_page": 1}}

    def date(_: dict[str, str]) -> dt.datetime:
        """Return a date one hour after the previous response's."""
        return began + dt.timedelta(hours=next(response_numbers))

    with answering(respond, date) as (url, _):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "token",
            "advertiser_ids": ["1"],
            "start_date": "2026-11-01",
            "max_concurrency": 1,
        }
        messages = run(config, ["ad_performance_report", "campaigns"])
    dates = [began + dt.timedelta(hours=hours) for hours in range(5)]
    bookmark = dt.datetime.fromisoformat(messages.bookmarks("campaigns")["1"])
    # responses: advertisers, report, then the report's lookup of TopView campaigns
    assert bookmark <= dates[2].replace(microsecond=0) - CHANGE_DELAY


def ad_group_responses(count: int, *clicks: str) -> t.Callable[[dict[str, str]], t.Any]:
    """Return responses with `count` ad groups by TikTok's total. The last one is deleted."""

    def respond(query: dict[str, str]) -> t.Any:
        ad_groups: list[t.Any] = []
        if query["path"] == "/adgroup/get/" and TOP_VIEW not in query.get("filtering", ""):
            with_deleted = "STATUS_ALL" in query.get("filtering", "")
            ad_groups = [
                {
                    "adgroup_id": str(number),
                    "click_attribution_window": click,
                    "view_attribution_window": "OFF",
                }
                for number, click in enumerate(clicks if with_deleted else clicks[:-1])
            ]
        total = count if ad_groups else 0
        return {"list": ad_groups, "page_info": {"total_number": total, "total_page": 1}}

    return respond


@pytest.mark.parametrize(
    ("count", "clicks", "include_deleted", "expected"),
    [
        (2, ["ONE_DAY", "SEVEN_DAYS"], True, 7),
        (4, ["ONE_DAY", "SEVEN_DAYS"], True, lookback.DEFAULT_LOOKBACK_DAYS),
        (2, ["ONE_DAY", "FOURTEEN_DAYS"], False, 14),
    ],
)
def test_lookback_auto_includes_deleted_ad_groups(
    count: int, clicks: list[str], include_deleted: bool, expected: int
) -> None:
    """`lookback_days: auto` includes deleted ad groups. An incomplete list means 28 days."""
    with answering(ad_group_responses(count, *clicks)) as (url, _):
        tap = TapTikTokAds(
            config=config_at(url, include_deleted=include_deleted, lookback_days="auto")
        )
        assert tap.run_context.lookback_days(tap.run_context.advertisers[0]) == expected


def test_pages_after_a_removed_metric_belong_to_one_list() -> None:
    """Pages read before and after removing a rejected metric belong to one list."""
    name = "campaign_performance_report"
    pages: list[str] = []

    def respond(query: dict[str, str]) -> t.Any:
        if query["path"] != "/report/integrated/get/" or TOP_VIEW in query.get("filtering", ""):
            return {"list": [], "page_info": {"total_number": 0, "total_page": 0}}
        pages.append(query["page"])
        message = "Invalid metric fields: ['zz']"
        if '"zz"' in query["metrics"]:
            response = {"code": 40002, "message": message, "request_id": "r", "data": {}}
            return json.dumps(response).encode()
        records = [
            {
                "dimensions": {"campaign_id": query["page"], "stat_time_day": query["end_date"]},
                "metrics": {"spend": "1"},
            }
        ]
        return {"list": records, "page_info": {"total_number": 3, "total_page": 3}}

    with answering(respond) as (url, _):
        config = config_at(
            url,
            report_metrics={name: ["spend", "zz"]},
            max_concurrency=1,
        )
        messages = run(config, [name])
    assert column_values(messages, stream=name, column="campaign_id") == {"1", "2", "3"}
    assert pages.count("2") == pages.count("3") == 1
