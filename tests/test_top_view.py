"""TopView ads: reported only to those who ask for them alone."""

from __future__ import annotations

import typing as t

import pytest
from conftest import asks_for_top_view, config_for, run

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

CAMPAIGNS = "campaign_performance_report"
ADVERTISERS = "advertiser_performance_report"
PATH = "/report/integrated/get/"


def test_spend_by_buying_type(sim: Simulator) -> None:
    """The spend of advertisers is that of their campaigns, TopView ones included, each told."""
    config = config_for(sim)
    messages = run(config, [CAMPAIGNS, ADVERTISERS, "campaigns"])
    buying = {
        row["campaign_id"]: row["rf_campaign_type"] == "TOPVIEW"
        for row in messages.records["campaigns"]
    }
    rows = messages.records[CAMPAIGNS]
    assert {row["is_top_view"] for row in rows} == {True, False}
    assert all(buying[row["campaign_id"]] is row["is_top_view"] for row in rows)
    for top_view in (True, False):
        by_campaign, by_advertiser = (
            sum(row["spend"] for row in messages.records[one] if row["is_top_view"] is top_view)
            for one in (CAMPAIGNS, ADVERTISERS)
        )
        assert by_campaign == pytest.approx(by_advertiser)
    assert messages.schemas[ADVERTISERS]["key_properties"] == [
        "advertiser_id",
        "is_top_view",
        "stat_time_day",
    ]


@pytest.mark.parametrize("sim", [{"campaigns": 3}], indirect=True)
def test_accounts_without(sim: Simulator) -> None:
    """An account without TopView campaigns is asked for them once, and for no report of them."""
    run(config_for(sim, start_date="{now-90}"), [CAMPAIGNS, "ad_performance_report", "campaigns"])
    asked = [request.path for request in sim.requests if asks_for_top_view(request)]
    assert asked == ["/campaign/get/"] * len(sim.world.advertiser_ids)


@pytest.mark.parametrize("code", [40001, 40002])
def test_where_nobody_may_know(sim: Simulator, caplog: pytest.LogCaptureFixture, code: int) -> None:
    """Where campaigns may not be listed, the other ads are read, and the log tells."""
    config = config_for(sim)
    whole = run(config, [CAMPAIGNS])
    caplog.clear()
    sim.add_fault("code", path="/campaign/get/", times=None, code=code)
    found = run(config, [CAMPAIGNS])
    assert found.records[CAMPAIGNS] == [r for r in whole.records[CAMPAIGNS] if not r["is_top_view"]]
    assert found.bookmarks(CAMPAIGNS) == whole.bookmarks(CAMPAIGNS)
    warnings = caplog.text.count("Reading no TopView ads, if there are any")
    assert warnings == len(sim.world.advertiser_ids)


@pytest.mark.parametrize("code", [40001, 40002])
def test_refused_reports(sim: Simulator, caplog: pytest.LogCaptureFixture, code: int) -> None:
    """A report that TikTok does not make of TopView ads lacks them; a forbidden one is a gap."""
    config = config_for(sim, start_date="{now-9}", max_concurrency=1)
    whole = run(config, [CAMPAIGNS])
    caplog.clear()
    sim.add_fault("code", path=PATH, containing="buying_type", times=None, code=code)
    found = run(config, [CAMPAIGNS])
    assert found.records[CAMPAIGNS] == [r for r in whole.records[CAMPAIGNS] if not r["is_top_view"]]
    moved = whole.bookmarks(CAMPAIGNS) if code == 40002 else {}
    assert found.bookmarks(CAMPAIGNS) == moved
    assert "Skipping TopView objects" in caplog.text


@pytest.mark.parametrize("columns", [["spend"], ["spend", "is_top_view"]], ids=len)
def test_the_column_may_be_left_out(sim: Simulator, columns: list[str]) -> None:
    """Rows of TopView ads come, and the column that tells them only where it is selected."""
    from conftest import catalog_of  # noqa: PLC0415

    catalog = catalog_of(config_for(sim), [CAMPAIGNS])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] and item["metadata"]["inclusion"] == "available":
                item["metadata"]["selected"] = item["breadcrumb"][-1] in columns
    rows = run(config_for(sim), catalog=catalog).records[CAMPAIGNS]
    keys = {"advertiser_id", "campaign_id", "stat_time_day"}
    assert all(row.keys() == keys | {*columns} for row in rows)
    assert any(asks_for_top_view(one) and one.path == PATH for one in sim.requests)
