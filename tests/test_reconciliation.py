"""The stream `reconciliation`: sums of levels compared with advertiser totals."""

from __future__ import annotations

import typing as t

import pytest
from conftest import config_for, run

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

NAME = "reconciliation"
PATH = "/report/integrated/get/"
LEVELS = ("campaigns", "ad_groups", "ads")
METRICS = ("spend", "impressions", "clicks")


def test_levels_equal_advertiser_totals(sim: Simulator) -> None:
    """All levels add up to the advertiser's totals, including TopView and deleted objects."""
    messages = run(config_for(sim), [NAME, "campaign_performance_report"])
    spend: dict[tuple[str, str], float] = {}
    for record in messages.records["campaign_performance_report"]:
        key = (record["advertiser_id"], record["stat_time_day"])
        spend[key] = spend.get(key, 0) + record["spend"]
    keyed = messages.keyed(NAME)
    assert {key: r["spend_of_campaigns"] for key, r in keyed.items()} == pytest.approx(spend)
    for record in keyed.values():
        assert record["likely_cause"] is None
        for level in LEVELS:
            for metric in METRICS:
                assert record[f"{metric}_of_{level}"] == record[metric]
                assert record[f"{metric}_missing_in_{level}"] == 0


@pytest.mark.parametrize("sim", [{"advertisers": 1, "days": 80}], indirect=True)
def test_reconciliation_uses_synchronous_reports(sim: Simulator) -> None:
    """The sums are read synchronously in every report mode."""
    config = config_for(sim, start_date="{now-70}")
    expected = run(config, [NAME])
    asynchronous = run({**config, "report_mode": "async"}, [NAME])
    assert asynchronous.records == expected.records
    assert asynchronous.state == expected.state
    assert "/report/task/create/" not in [request.path for request in sim.requests]


def test_missing_record_shows_as_a_difference(sim: Simulator) -> None:
    """A record missing at one level shows as that level's difference only."""
    config = config_for(sim, advertiser_ids=sim.world.advertiser_ids[:1], start_date="{now-20}")
    complete = run(config, [NAME]).keyed(NAME)
    sim.add_fault("drop_row", path=PATH, containing='["campaign_id"', times=3)
    damaged = run(config, [NAME]).keyed(NAME)
    different = [key for key, record in damaged.items() if record != complete[key]]
    (day,) = different
    missing_spend = complete[day]["spend_of_campaigns"] - damaged[day]["spend_of_campaigns"]
    assert damaged[day]["spend_missing_in_campaigns"] == pytest.approx(missing_spend) != 0
    assert damaged[day]["spend_missing_in_ads"] == 0
    assert damaged[day]["likely_cause"] is not None


def test_ads_equal_the_totals_of_their_window(sim: Simulator) -> None:
    """Records of ads add up to TikTok's totals of the window, including TopView ads."""
    messages = run(config_for(sim), [NAME])
    for record in messages.records[NAME]:
        for metric in METRICS:
            assert record[f"{metric}_total_of_window"] > 0
            assert record[f"{metric}_missing_in_window"] == 0


def test_missing_record_of_a_window_shows_on_each_day(sim: Simulator) -> None:
    """A record missing in a window shows as a difference on each of its days."""
    config = config_for(sim, advertiser_ids=sim.world.advertiser_ids[:1], start_date="{now-21}")
    complete = run(config, [NAME]).keyed(NAME)
    sim.add_fault("drop_row", path=PATH, containing='["ad_id"', times=3)
    damaged = run(config, [NAME]).keyed(NAME)
    (day,) = [
        day for day in damaged if damaged[day]["spend_of_ads"] != complete[day]["spend_of_ads"]
    ]
    missing_impressions = complete[day]["impressions_of_ads"] - damaged[day]["impressions_of_ads"]
    assert {record["impressions_missing_in_window"] for record in damaged.values()} == {
        missing_impressions
    }
    assert "do not add up" in damaged[day]["likely_cause"]


def test_rejected_totals_are_null(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """If TikTok rejects the totals, records are written without them."""
    sim.add_fault(
        "code",
        path=PATH,
        containing="true",  # the only parameter that is a flag
        times=None,
        code=40002,
        message="enable_total_metrics: not supported here",
    )
    messages = run(config_for(sim), [NAME])
    assert {record["spend_total_of_window"] for record in messages.records[NAME]} == {None}
    assert caplog.text.count("without totals") == 1
