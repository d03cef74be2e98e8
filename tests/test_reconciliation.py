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


def test_a_difference(sim: Simulator) -> None:
    """A row that a level lacks shows with its size, and as nothing else."""
    config = config_for(sim, advertiser_ids=sim.world.advertiser_ids[:1], start_date="{now-20}")
    whole = run(config, [NAME]).keyed(NAME)
    sim.add_fault("drop_row", path=PATH, containing='["campaign_id"', times=1)
    found = run(config, [NAME]).keyed(NAME)
    different = [key for key, row in found.items() if row != whole[key]]
    (day,) = different
    lost = whole[day]["spend_of_campaigns"] - found[day]["spend_of_campaigns"]
    assert found[day]["spend_missing_in_campaigns"] == pytest.approx(lost) != 0
    assert found[day]["spend_missing_in_ads"] == 0
    assert found[day]["likely_cause"] is not None
