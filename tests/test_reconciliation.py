"""The stream that adds up: no difference where there is none, and its size where there is one."""

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


def test_levels_add_up(sim: Simulator) -> None:
    """All levels of all days, TopView and deleted objects included, add up to the advertiser's."""
    messages = run(config_for(sim), [NAME, "campaign_performance_report"])
    spend: dict[tuple[str, str], float] = {}
    for row in messages.records["campaign_performance_report"]:
        key = (row["advertiser_id"], row["stat_time_day"])
        spend[key] = spend.get(key, 0) + row["spend"]
    rows = messages.keyed(NAME)
    assert {key: row["spend_of_campaigns"] for key, row in rows.items()} == pytest.approx(spend)
    for row in rows.values():
        assert row["likely_cause"] is None
        for level in LEVELS:
            for metric in METRICS:
                assert row[f"{metric}_of_{level}"] == row[metric]
                assert row[f"{metric}_missing_in_{level}"] == 0


@pytest.mark.parametrize("sim", [{"advertisers": 1, "days": 80}], indirect=True)
def test_report_tasks_are_not_used(sim: Simulator) -> None:
    """The sums are read synchronously in every mode, in windows of thirty days."""
    config = config_for(sim, start_date="{now-70}")
    expected = run(config, [NAME])
    found = run({**config, "report_mode": "async"}, [NAME])
    assert found.records == expected.records
    assert found.state == expected.state
    assert "/report/task/create/" not in [request.path for request in sim.requests]


def test_a_difference(sim: Simulator) -> None:
    """A row that a level lacks shows with its size, and as nothing else."""
    config = config_for(sim, advertiser_ids=sim.world.advertiser_ids[:1], start_date="{now-20}")
    whole = run(config, [NAME]).keyed(NAME)
    sim.add_fault("drop_row", path=PATH, containing='["campaign_id"', times=3)
    found = run(config, [NAME]).keyed(NAME)
    different = [key for key, row in found.items() if row != whole[key]]
    (day,) = different
    lost = whole[day]["spend_of_campaigns"] - found[day]["spend_of_campaigns"]
    assert found[day]["spend_missing_in_campaigns"] == pytest.approx(lost) != 0
    assert found[day]["spend_missing_in_ads"] == 0
    assert found[day]["likely_cause"] is not None


def test_totals_of_a_window(sim: Simulator) -> None:
    """The records of the ads add up to TikTok's own totals, TopView ads included."""
    messages = run(config_for(sim), [NAME])
    for record in messages.records[NAME]:
        for metric in METRICS:
            assert record[f"{metric}_total_of_window"] > 0
            assert record[f"{metric}_missing_in_window"] == 0


def test_a_record_that_the_totals_count(sim: Simulator) -> None:
    """A record that is missing in a window shows in each of its days, with its size."""
    config = config_for(sim, advertiser_ids=sim.world.advertiser_ids[:1], start_date="{now-21}")
    complete = run(config, [NAME]).keyed(NAME)
    sim.add_fault("drop_row", path=PATH, containing='["ad_id"', times=3)
    damaged = run(config, [NAME]).keyed(NAME)
    (day,) = [
        day for day in damaged if damaged[day]["spend_of_ads"] != complete[day]["spend_of_ads"]
    ]
    lost = complete[day]["impressions_of_ads"] - damaged[day]["impressions_of_ads"]
    assert {record["impressions_missing_in_window"] for record in damaged.values()} == {lost}
    assert "do not add up" in damaged[day]["likely_cause"]


def test_rejected_totals(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """If TikTok rejects the request for totals, the records are read without them."""
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
    assert caplog.text.count("Continuing without totals") == 1
