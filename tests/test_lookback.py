"""`lookback_days: auto` re-reads the days that attribution windows of ad groups may change."""

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
    """Return an ad group with these attribution windows."""
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
def test_longest_window_is_the_lookback(ad_groups: list[dict[str, t.Any]], expected: int) -> None:
    """The longest window counts. An unknown window counts as its maximum."""
    assert lookback.lookback_days(ad_groups) == expected


def requests_for(sim: Simulator, path: str) -> list[dict[str, t.Any]]:
    """Return the parameters of the requests to an endpoint."""
    return [dict(request.params) for request in sim.requests if request.path.endswith(path)]


def first_days(sim: Simulator) -> dict[str, str]:
    """Return the first requested report day of each advertiser."""
    days: dict[str, str] = {}
    for params in requests_for(sim, "/report/integrated/get/"):
        owner = params["advertiser_id"]
        days[owner] = min(params["start_date"], days.get(owner, "9999"))
    return days


def expected_days(sim: Simulator, advertiser_id: str) -> int:
    """Return the lookback for all ad groups of an advertiser, deleted and TopView ones included."""
    days_of = {"OFF": 0, "ONE_DAY": 1, "SEVEN_DAYS": 7}
    columns = ("click_attribution_window", "view_attribution_window")
    windows = [
        days_of[ad_group_record[column]]
        if ad_group_record.get(column)
        else 28
        if column.startswith("click")
        else 7
        for ad_group_record in run(config_for(sim), ["ad_groups"]).records["ad_groups"]
        if ad_group_record["advertiser_id"] == advertiser_id
        and "campaign_system_origin" not in ad_group_record
        for column in columns
    ]
    return max(3, *windows)


@pytest.mark.parametrize("extra_streams", [(), ("ad_groups",)])
def test_lookback_follows_the_ad_groups(sim: Simulator, extra_streams: tuple[str, ...]) -> None:
    """Each advertiser has the lookback of its ad groups, which are requested once."""
    config = config_for(sim, lookback_days="auto")
    state = run(config, [REPORT]).state
    expected = {
        owner: str(sim.world.today(owner) - dt.timedelta(days=expected_days(sim, owner)))
        for owner in sim.world.advertiser_ids
    }
    sim.requests.clear()
    names = (REPORT, "ad_performance_report")
    old_state = {"bookmarks": dict.fromkeys(names, state["bookmarks"][REPORT])}
    run(config, [*names, *extra_streams], state=old_state)
    assert first_days(sim) == expected
    requests = [json.dumps(params, sort_keys=True) for params in requests_for(sim, "/adgroup/get/")]
    assert len(requests) == len(set(requests))


def test_auto_lookback_changes_no_record(sim: Simulator) -> None:
    """Records equal the records with a fixed lookback, except `is_final`."""
    names = [REPORT, "campaign_performance_report_hourly", "campaign_performance_report_lifetime"]
    fixed = run(config_for(sim, start_date="{now-9}"), names)
    auto = run(config_for(sim, start_date="{now-9}", lookback_days="auto"), names)
    for name in names:
        assert without_final(auto.records[name]) == without_final(fixed.records[name])
        assert auto.state["bookmarks"][name] == fixed.state["bookmarks"][name]
    days = {owner: expected_days(sim, owner) for owner in sim.world.advertiser_ids}
    for record in auto.records[REPORT]:
        age = sim.world.today(record["advertiser_id"]) - dt.date.fromisoformat(
            record["stat_time_day"]
        )
        assert record["is_final"] is (age.days > days[record["advertiser_id"]])


def without_final(records: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return records without `is_final`, which depends on the lookback."""
    return [
        {name: value for name, value in record.items() if name != "is_final"} for record in records
    ]


def test_denied_ad_groups_use_28_days(sim: Simulator) -> None:
    """Without permission for ad groups, the lookback is 28 days."""
    config = config_for(sim, lookback_days="auto")
    state = run(config, [REPORT]).state
    sim.add_fault("code", path="/adgroup/get/", times=None, code=40001)
    sim.requests.clear()
    assert run(config, [REPORT], state=state).records[REPORT]
    assert first_days(sim) == {
        owner: str(sim.world.today(owner) - dt.timedelta(days=28))
        for owner in sim.world.advertiser_ids
    }


def test_halved_window_size_is_kept(sim: Simulator) -> None:
    """The size that succeeds is kept for later windows of an advertiser."""
    owner = sim.world.advertiser_ids[0]
    config = config_for(sim, lookback_days="auto", advertiser_ids=[owner], max_concurrency=1)
    expected = without_final(run(config, [REPORT]).records[REPORT])
    start = sim.world.today(owner) - dt.timedelta(days=35)
    sim.add_fault("code", path="/report/integrated/get/", containing=str(start), code=40067)
    sim.requests.clear()
    records = without_final(run(config, [REPORT]).records[REPORT])
    assert sorted(map(json.dumps, records)) == sorted(map(json.dumps, expected))
    windows = {
        (params["start_date"], params["end_date"])
        for params in requests_for(sim, "/report/integrated/get/")
    }
    assert len(windows) == 4  # 30 days that are too many, both halves, the remaining days
