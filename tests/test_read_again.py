"""Listings that are read again: settled only where all of the new reading was answered."""

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


def keys(*runs: t.Any, stream: str, column: str) -> set[str]:
    """The values of a column over several runs."""
    return {row[column] for one in runs for row in one.records[stream]}


def test_a_refused_reading(sim: Simulator) -> None:
    """A TopView listing drifts, and reading it again is refused: the next run brings what lacks."""
    config = config_for(sim)
    expected = keys(run(config, ["campaigns"]), stream="campaigns", column="campaign_id")
    path = "/campaign/get/"
    sim.add_fault("drop_row", path=path, containing=TOP_VIEW, times=None)
    for owner in sim.world.advertiser_ids:
        again: dict[str, t.Any] = {"advertiser_id": owner, "containing": TOP_VIEW, "after": 4}
        sim.add_fault("code", path=path, code=40002, times=None, **again)
    first = run(config, ["campaigns"])
    sim.faults.clear()
    second = run(config, ["campaigns"], state=first.state)
    assert keys(first, second, stream="campaigns", column="campaign_id") == expected


def test_a_refused_reading_of_a_report(sim: Simulator) -> None:
    """Likewise TopView rows of a report: the bookmark stays, and the next run has them."""
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
def test_failures_do_not_switch_the_check_off(sim: Simulator) -> None:
    """Listings whose pages fail say nothing about what the counts of others mean."""
    ids = sim.world.advertiser_ids
    path = "/file/video/ad/search/"
    config = config_for(sim, on_error="skip", max_retries=0)
    for owner in ids[:3]:
        failing: dict[str, t.Any] = {"advertiser_id": owner, "page": 3, "status": 500}
        sim.add_fault("http", path=path, times=None, **failing)
    sim.add_fault("drop_row", path=path, advertiser_id=ids[3], page=2, times=1)
    rows = run(config, ["video_creatives"]).records["video_creatives"]
    assert len({row["video_id"] for row in rows if row["advertiser_id"] == ids[3]}) == 250


def test_shared_pages_are_older() -> None:
    """A bookmark stays behind the earliest answer of a listing, that of another stream included."""
    began = dt.datetime.now(dt.timezone.utc) - dt.timedelta(hours=6)
    asked = itertools.count()

    def answer(query: dict[str, str]) -> t.Any:
        if query["path"] == "/campaign/get/" and TOP_VIEW in query.get("filtering", ""):
            rows = [{"campaign_id": "top", "modify_time": "2026-01-01 00:00:00"}]
        elif query["path"] == "/campaign/get/":
            changed = (began + dt.timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S")
            rows = [{"campaign_id": "other", "modify_time": changed}]
        else:
            rows = []
        return {"list": rows, "page_info": {"total_number": len(rows), "total_page": 1}}

    def date(_: dict[str, str]) -> dt.datetime:
        """Each answer comes an hour after the one before."""
        return began + dt.timedelta(hours=next(asked))

    with answering(answer, date) as (url, _):
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
    # the advertisers, the report, then the TopView campaigns that the report asks for
    assert bookmark <= dates[2].replace(microsecond=0) - CHANGE_DELAY


def windows_of(count: int, *clicks: str) -> t.Callable[[dict[str, str]], t.Any]:
    """A server of so many ad groups, by TikTok's count, of which these come, the last deleted."""

    def answer(query: dict[str, str]) -> t.Any:
        rows: list[t.Any] = []
        if query["path"] == "/adgroup/get/" and TOP_VIEW not in query.get("filtering", ""):
            whole = "STATUS_ALL" in query.get("filtering", "")
            rows = [
                {
                    "adgroup_id": str(number),
                    "click_attribution_window": click,
                    "view_attribution_window": "OFF",
                }
                for number, click in enumerate(clicks if whole else clicks[:-1])
            ]
        total = count if rows else 0
        return {"list": rows, "page_info": {"total_number": total, "total_page": 1}}

    return answer


@pytest.mark.parametrize(
    ("count", "clicks", "include_deleted", "expected"),
    [
        (2, ["ONE_DAY", "SEVEN_DAYS"], True, 7),
        (4, ["ONE_DAY", "SEVEN_DAYS"], True, lookback.DEFAULT_LOOKBACK_DAYS),
        (2, ["ONE_DAY", "FOURTEEN_DAYS"], False, 14),
    ],
)
def test_look_back(count: int, clicks: list[str], include_deleted: bool, expected: int) -> None:
    """Deleted ad groups count whatever the settings say; where some did not come, 28 days do."""
    with answering(windows_of(count, *clicks)) as (url, _):
        tap = TapTikTokAds(
            config=config_at(url, include_deleted=include_deleted, lookback_days="auto")
        )
        assert tap.run_context.lookback_days(tap.run_context.advertisers[0]) == expected


def test_listings_of_which_a_parameter_was_left_out() -> None:
    """Pages after one that was asked again without a metric are of the same listing."""
    name = "campaign_performance_report"
    asked: list[str] = []

    def answer(query: dict[str, str]) -> t.Any:
        if query["path"] != "/report/integrated/get/" or TOP_VIEW in query.get("filtering", ""):
            return {"list": [], "page_info": {"total_number": 0, "total_page": 0}}
        asked.append(query["page"])
        refusal = "Invalid metric fields: ['zz']"
        if '"zz"' in query["metrics"]:
            answer = {"code": 40002, "message": refusal, "request_id": "r", "data": {}}
            return json.dumps(answer).encode()
        rows = [
            {
                "dimensions": {"campaign_id": query["page"], "stat_time_day": query["end_date"]},
                "metrics": {"spend": "1"},
            }
        ]
        return {"list": rows, "page_info": {"total_number": 3, "total_page": 3}}

    with answering(answer) as (url, _):
        config = config_at(
            url,
            report_metrics={name: ["spend", "zz"]},
            max_concurrency=1,
        )
        messages = run(config, [name])
    assert keys(messages, stream=name, column="campaign_id") == {"1", "2", "3"}
    assert asked.count("2") == asked.count("3") == 1
