"""TopView ads: reported only to those who ask for them alone."""

from __future__ import annotations

import decimal
import typing as t

import pytest
from conftest import asks_for_top_view, config_for, run

from tap_tiktok_ads.streams.reports.topview_inclusion import decide

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
        row["campaign_id"]: row.get("rf_campaign_type") == "TOPVIEW"
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
    """If campaigns may not be listed, TopView ads are requested all the same."""
    config = config_for(sim)
    whole = run(config, [CAMPAIGNS])
    caplog.clear()
    sim.add_fault("code", path="/campaign/get/", times=None, code=code)
    found = run(config, [CAMPAIGNS])
    assert found.keyed(CAMPAIGNS) == whole.keyed(CAMPAIGNS)
    assert found.bookmarks(CAMPAIGNS) == whole.bookmarks(CAMPAIGNS)
    warnings = caplog.text.count("without knowing if there are any")
    assert warnings == len(sim.world.advertiser_ids)


def test_a_damaged_lookup_is_named(sim: Simulator) -> None:
    """A report that is incomplete because of a lookup names the endpoint of the lookup."""
    sim.add_fault("empty_page", path="/campaign/get/", times=None)
    found = run(config_for(sim), [CAMPAIGNS, "sync_errors"])
    assert found.bookmarks(CAMPAIGNS) == {}
    messages = [row["message"] for row in found.records["sync_errors"]]
    assert messages
    assert all("Damaged response of /campaign/get/ for advertiser" in one for one in messages)


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


INCLUDED = "advertiser_report_includes_topview"
SEEDS = pytest.mark.parametrize(
    "sim",
    [{INCLUDED: included, "seed": seed} for included in (False, True) for seed in (7, 8, 9)],
    indirect=True,
    ids=str,
)


def advertiser_totals(sim: Simulator, messages: t.Any, name: str) -> dict[tuple[str, str], float]:
    """The spend of a report by advertiser and day."""
    spend: dict[tuple[str, str], float] = {}
    for row in messages.records[name]:
        key = (row["advertiser_id"], row["stat_time_day"])
        spend[key] = spend.get(key, 0) + row["spend"]
    assert {advertiser for advertiser, _ in spend} == {*sim.world.advertiser_ids}
    return spend


@SEEDS
@pytest.mark.parametrize("mode", ["auto", "async"])
def test_totals_with_or_without(
    sim: Simulator, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    """Whether totals hold TopView ads or not, advertisers spend what their campaigns do."""
    included = getattr(sim.world.options, INCLUDED)
    messages = run(config_for(sim, report_mode=mode), [CAMPAIGNS, ADVERTISERS])
    by_campaign = advertiser_totals(sim, messages, CAMPAIGNS)
    assert advertiser_totals(sim, messages, ADVERTISERS) == pytest.approx(by_campaign)
    kinds = {row["is_top_view"] for row in messages.records[ADVERTISERS]}
    assert kinds == ({False} if included else {False, True})
    assert any(row["is_top_view"] for row in messages.records[CAMPAIGNS])
    assert ("totals without a filter hold TopView ads" in caplog.text) is included


@SEEDS
def test_reconciliation_with_or_without(sim: Simulator) -> None:
    """The levels add up to the total of the advertiser in both worlds."""
    messages = run(config_for(sim), ["reconciliation"])
    for row in messages.records["reconciliation"]:
        assert row["likely_cause"] is None
        for metric in ("spend", "impressions", "clicks"):
            for level in ("campaigns", "ad_groups", "ads"):
                assert row[f"{metric}_missing_in_{level}"] == 0


@pytest.mark.parametrize("sim", [{INCLUDED: True}], indirect=True)
@pytest.mark.parametrize("workers", [1, 8])
def test_one_finding_for_all_windows(sim: Simulator, workers: int) -> None:
    """The finding does not depend on the number of workers, nor on the first window to look."""
    config = config_for(sim, start_date="{now-39}")
    names = [ADVERTISERS, "advertiser_performance_report_lifetime"]
    expected = run({**config, "max_concurrency": 1}, names)
    found = run({**config, "max_concurrency": workers}, names)
    assert found.records == expected.records
    assert found.state == expected.state
    assert not any(row["is_top_view"] for row in expected.records[ADVERTISERS])


@pytest.mark.parametrize("sim", [{INCLUDED: True}], indirect=True)
def test_no_request_after_the_finding(sim: Simulator) -> None:
    """Once TopView ads are known to be included, no window requests them any more."""
    config = config_for(sim, start_date="{now-39}", max_concurrency=1, lookback_days=0)
    run({**config, "advertiser_ids": sim.world.advertiser_ids[:1]}, [ADVERTISERS])
    asked = [one for one in sim.requests if asks_for_top_view(one) and one.path == PATH]
    newest = max(one.params["start_date"] for one in asked)
    assert {one.params["start_date"] for one in asked} == {newest}


@SEEDS
@pytest.mark.parametrize("kind", ["empty_page", "drop_row", "total"])
def test_a_damaged_report_decides_nothing(sim: Simulator, kind: str) -> None:
    """A report that lacks records is read again before it decides."""
    config = config_for(sim, max_concurrency=1)
    expected = run(config, [ADVERTISERS])
    sim.add_fault(kind, path=PATH, containing="AUCTION_CAMPAIGN", times=1)
    found = run(config, [ADVERTISERS])
    assert found.records == expected.records
    assert found.state == expected.state


@SEEDS
@pytest.mark.parametrize("start_date", ["{now-35}", "2020-01-01"])
def test_reports_of_all_time(sim: Simulator, start_date: str) -> None:
    """A report of all time adds up, too, also if the days of the settings have no spend."""
    names = [f"{level}_performance_report_lifetime" for level in ("advertiser", "campaign")]
    end_date = "2020-01-02" if start_date == "2020-01-01" else "{now}"
    messages = run(config_for(sim, start_date=start_date, end_date=end_date), names)
    by_advertiser, by_campaign = (
        sum(row["spend"] for row in messages.records[name]) for name in names
    )
    assert by_advertiser == pytest.approx(by_campaign)
    kinds = {row["is_top_view"] for row in messages.records[names[0]]}
    assert kinds == ({False} if getattr(sim.world.options, INCLUDED) else {False, True})


@pytest.mark.parametrize("sim", [{INCLUDED: True}], indirect=True)
def test_where_campaigns_may_not_be_read(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """Where the data cannot decide, TopView ads are still requested, and a warning is logged."""
    sim.add_fault("code", path=PATH, containing="AUCTION_CAMPAIGN", times=None, code=40002)
    messages = run(config_for(sim), [ADVERTISERS])
    assert {row["is_top_view"] for row in messages.records[ADVERTISERS]} == {True, False}
    assert "Cannot find out if totals hold TopView ads" in caplog.text


@pytest.mark.parametrize(
    ("difference", "spend", "expected"),
    [
        ("100", "100", True),
        ("92", "100", True),
        ("109.5", "100", True),
        ("0", "100", False),
        ("0.03", "100", False),
        ("-5", "100", False),
        ("50", "100", None),
        ("200", "100", None),
        ("-100", "100", None),
        ("0", "0", None),
    ],
)
def test_decision(difference: str, spend: str, expected: bool | None) -> None:
    """The total exceeds the campaigns by about the TopView spend, or by about nothing."""
    assert decide(decimal.Decimal(difference), decimal.Decimal(spend)) is expected
