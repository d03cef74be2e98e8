"""`lookback_days: auto`: reports read again what the ad groups' attribution windows may change."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

import pytest
from conftest import config_for, run

from tap_tiktok_ads.extract import lookback

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT = "campaign_performance_report"


def ad_group(click: t.Any, view: t.Any = "OFF", engaged: t.Any = None) -> dict[str, t.Any]:
    """An ad group with these windows."""
    return dict(zip(lookback.ATTRIBUTION_COLUMNS, (click, view, engaged), strict=True))


@pytest.mark.parametrize(
    ("ad_groups", "expected"),
    [
        ([], 28),
        ([ad_group("OFF")], 3),
        ([ad_group("ONE_DAY", "ONE_DAY", "ONE_DAY")], 3),
        ([ad_group("SEVEN_DAYS")], 7),
        ([ad_group("ONE_DAY", "SEVEN_DAYS")], 7),
        ([ad_group("ONE_DAY", "OFF", "SEVEN_DAYS")], 7),
        ([ad_group("FOURTEEN_DAYS")], 14),
        ([ad_group("ONE_DAY"), ad_group("TWENTY_EIGHT_DAYS"), ad_group("OFF")], 28),
        ([ad_group("ONE_DAY"), ad_group(None)], 28),
        ([ad_group("UNSET")], 28),
        ([ad_group(7)], 28),
        ([ad_group(["SEVEN_DAYS"])], 28),
        ([ad_group("OFF", None)], 7),
        ([ad_group("OFF", "OFF", "SIXTY_DAYS")], 7),
        ([{}], 28),
    ],
)
def test_days(ad_groups: list[dict[str, t.Any]], expected: int) -> None:
    """The longest window counts; where one is not known, the longest that it can be."""
    assert lookback.lookback_days(ad_groups) == expected


def asked(sim: Simulator, path: str) -> list[dict[str, t.Any]]:
    """The parameters of the requests for an endpoint."""
    return [dict(request.params) for request in sim.requests if request.path.endswith(path)]


def first_days(sim: Simulator) -> dict[str, str]:
    """The first day that the reports of each advertiser were asked for."""
    found: dict[str, str] = {}
    for params in asked(sim, "/report/integrated/get/"):
        owner = params["advertiser_id"]
        found[owner] = min(params["start_date"], found.get(owner, "9999"))
    return found


def needed(sim: Simulator, advertiser_id: str) -> int:
    """What the simulator's own ad groups say, deleted and TopView ones included."""
    known = {"OFF": 0, "ONE_DAY": 1, "SEVEN_DAYS": 7}
    columns = ("click_attribution_window", "view_attribution_window")
    windows = [
        known[row[column]] if row.get(column) else 28 if column.startswith("click") else 7
        for row in run(config_for(sim), ["ad_groups"]).records["ad_groups"]
        if row["advertiser_id"] == advertiser_id and "campaign_system_origin" not in row
        for column in columns
    ]
    return max(3, *windows)


@pytest.mark.parametrize("also", [(), ("ad_groups",)])
def test_next_run(sim: Simulator, also: tuple[str, ...]) -> None:
    """Each advertiser is read again as far back as its ad groups need; they are listed once."""
    config = config_for(sim, lookback_days="auto")
    state = run(config, [REPORT]).state
    expected = {
        owner: str(sim.world.today(owner) - dt.timedelta(days=needed(sim, owner)))
        for owner in sim.world.advertiser_ids
    }
    sim.requests.clear()
    names = (REPORT, "ad_performance_report")
    known = {"bookmarks": dict.fromkeys(names, state["bookmarks"][REPORT])}
    run(config, [*names, *also], state=known)
    assert first_days(sim) == expected
    listed = [json.dumps(params, sort_keys=True) for params in asked(sim, "/adgroup/get/")]
    assert len(listed) == len(set(listed))


def test_equal_rows(sim: Simulator) -> None:
    """Rows are those of a fixed look-back, `is_final` apart: it follows each advertiser's own."""
    names = [REPORT, "campaign_performance_report_hourly", "campaign_performance_report_lifetime"]
    fixed = run(config_for(sim, start_date="{now-9}"), names)
    auto = run(config_for(sim, start_date="{now-9}", lookback_days="auto"), names)
    for name in names:
        assert without_final(auto.records[name]) == without_final(fixed.records[name])
        assert auto.state["bookmarks"][name] == fixed.state["bookmarks"][name]
    days = {owner: needed(sim, owner) for owner in sim.world.advertiser_ids}
    for row in auto.records[REPORT]:
        age = sim.world.today(row["advertiser_id"]) - dt.date.fromisoformat(row["stat_time_day"])
        assert row["is_final"] is (age.days > days[row["advertiser_id"]])


def without_final(rows: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """The rows without the column that a look-back decides."""
    return [{name: value for name, value in row.items() if name != "is_final"} for row in rows]


def test_unreadable_ad_groups(sim: Simulator) -> None:
    """Where ad groups may not be read, 28 days are, and the run goes on."""
    config = config_for(sim, lookback_days="auto")
    state = run(config, [REPORT]).state
    sim.add_fault("code", path="/adgroup/get/", times=None, code=40001)
    sim.requests.clear()
    assert run(config, [REPORT], state=state).records[REPORT]
    assert first_days(sim) == {
        owner: str(sim.world.today(owner) - dt.timedelta(days=28))
        for owner in sim.world.advertiser_ids
    }


def test_halved_window(sim: Simulator) -> None:
    """A width that worked is kept for an advertiser's later windows."""
    owner = sim.world.advertiser_ids[0]
    config = config_for(sim, lookback_days="auto", advertiser_ids=[owner], max_concurrency=1)
    expected = without_final(run(config, [REPORT]).records[REPORT])
    start = sim.world.today(owner) - dt.timedelta(days=35)
    sim.add_fault("code", path="/report/integrated/get/", containing=str(start), code=40067)
    sim.requests.clear()
    rows = without_final(run(config, [REPORT]).records[REPORT])
    assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, expected))
    spans = {
        (params["start_date"], params["end_date"])
        for params in asked(sim, "/report/integrated/get/")
    }
    assert len(spans) == 4  # of 30 days, refused; its halves; the days after it
