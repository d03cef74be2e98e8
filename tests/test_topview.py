"""TopView ads, which TikTok reports only with a filter by buying type."""

from __future__ import annotations

import datetime as dt
import decimal
import typing as t

import pytest
from conftest import answering, asks_for_top_view, config_at, config_for, run

from tap_tiktok_ads.api.advertisers import TOPVIEW_PAGE_SIZE, topview_campaigns_request
from tap_tiktok_ads.api.messages import Response
from tap_tiktok_ads.extract import topview_campaigns
from tap_tiktok_ads.streams.reports.topview_inclusion import decide

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

CAMPAIGNS = "campaign_performance_report"
ADVERTISERS = "advertiser_performance_report"
PATH = "/report/integrated/get/"
#: Options of worlds without TopView campaigns.
WITHOUT_TOPVIEW = [{"campaigns": 3, "seed": seed} for seed in (1, 2, 3)]


def test_topview_spend_is_equal_at_all_levels(sim: Simulator) -> None:
    """Advertisers spend what their campaigns spend, for TopView and for other ads."""
    config = config_for(sim)
    messages = run(config, [CAMPAIGNS, ADVERTISERS, "campaigns"])
    buying = {
        record["campaign_id"]: record.get("rf_campaign_type") == "TOPVIEW"
        for record in messages.records["campaigns"]
    }
    records = messages.records[CAMPAIGNS]
    assert {record["is_top_view"] for record in records} == {True, False}
    assert all(buying[record["campaign_id"]] is record["is_top_view"] for record in records)
    for is_topview in (True, False):
        by_campaign, by_advertiser = (
            sum(
                record["spend"]
                for record in messages.records[name]
                if record["is_top_view"] is is_topview
            )
            for name in (CAMPAIGNS, ADVERTISERS)
        )
        assert by_campaign == pytest.approx(by_advertiser)
    assert messages.schemas[ADVERTISERS]["key_properties"] == [
        "advertiser_id",
        "is_top_view",
        "stat_time_day",
    ]


@pytest.mark.parametrize("sim", [{"campaigns": 3}], indirect=True)
def test_account_without_topview_requests_no_topview_report(sim: Simulator) -> None:
    """An account without TopView campaigns sends one lookup and no TopView report."""
    run(config_for(sim, start_date="{now-90}"), [CAMPAIGNS, "ad_performance_report", "campaigns"])
    paths = [request.path for request in sim.requests if asks_for_top_view(request)]
    assert paths == ["/campaign/get/"] * len(sim.world.advertiser_ids)


@pytest.mark.parametrize("code", [40001, 40002])
def test_rejected_lookup_still_requests_topview_reports(
    sim: Simulator, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """If the campaign list is rejected, TopView reports are still requested."""
    config = config_for(sim)
    expected = run(config, [CAMPAIGNS])
    caplog.clear()
    sim.add_fault("code", path="/campaign/get/", times=None, code=code)
    messages = run(config, [CAMPAIGNS])
    assert messages.keyed(CAMPAIGNS) == expected.keyed(CAMPAIGNS)
    assert messages.bookmarks(CAMPAIGNS) == expected.bookmarks(CAMPAIGNS)
    warnings = caplog.text.count("without knowing if there are any")
    assert warnings == len(sim.world.advertiser_ids)


def test_damaged_lookup_is_named(sim: Simulator) -> None:
    """A report that is incomplete because of a lookup names the lookup's endpoint."""
    sim.add_fault("empty_page", path="/campaign/get/", times=None)
    messages = run(config_for(sim), [CAMPAIGNS, "sync_errors"])
    assert messages.bookmarks(CAMPAIGNS) == {}
    problems = [record["message"] for record in messages.records["sync_errors"]]
    assert problems
    assert all("Damaged response of /campaign/get/ for advertiser" in text for text in problems)


@pytest.mark.parametrize("code", [40001, 40002])
def test_rejected_topview_report_skips_topview_records(
    sim: Simulator, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """A rejected TopView report is skipped. Without permission the bookmark stays."""
    config = config_for(sim, start_date="{now-9}", max_concurrency=1)
    complete = run(config, [CAMPAIGNS])
    caplog.clear()
    sim.add_fault("code", path=PATH, containing="buying_type", times=None, code=code)
    messages = run(config, [CAMPAIGNS])
    assert messages.records[CAMPAIGNS] == [
        record for record in complete.records[CAMPAIGNS] if not record["is_top_view"]
    ]
    expected = complete.bookmarks(CAMPAIGNS) if code == 40002 else {}
    assert messages.bookmarks(CAMPAIGNS) == expected
    assert "skips TopView objects" in caplog.text


@pytest.mark.parametrize("columns", [["spend"], ["spend", "is_top_view"]], ids=len)
def test_column_is_top_view_is_optional(sim: Simulator, columns: list[str]) -> None:
    """TopView records are written whether or not `is_top_view` is selected."""
    from conftest import catalog_of  # noqa: PLC0415

    catalog = catalog_of(config_for(sim), [CAMPAIGNS])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] and item["metadata"]["inclusion"] == "available":
                item["metadata"]["selected"] = item["breadcrumb"][-1] in columns
    records = run(config_for(sim), catalog=catalog).records[CAMPAIGNS]
    keys = {"advertiser_id", "campaign_id", "stat_time_day"}
    assert all(record.keys() == keys | {*columns} for record in records)
    assert any(asks_for_top_view(request) and request.path == PATH for request in sim.requests)


INCLUDED = "advertiser_report_includes_topview"
SEEDS = pytest.mark.parametrize(
    "sim",
    [{INCLUDED: included, "seed": seed} for included in (False, True) for seed in (7, 8, 9)],
    indirect=True,
    ids=str,
)


def spend_by_day(sim: Simulator, messages: t.Any, name: str) -> dict[tuple[str, str], float]:
    """Return the spend of a report by advertiser and day."""
    totals: dict[tuple[str, str], float] = {}
    for record in messages.records[name]:
        key = (record["advertiser_id"], record["stat_time_day"])
        totals[key] = totals.get(key, 0) + record["spend"]
    assert {advertiser for advertiser, _ in totals} == {*sim.world.advertiser_ids}
    return totals


@SEEDS
@pytest.mark.parametrize("mode", ["auto", "async"])
def test_totals_add_up_with_or_without_topview(
    sim: Simulator, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    """Advertiser and campaign spend are equal, whether or not totals include TopView ads."""
    included = getattr(sim.world.options, INCLUDED)
    messages = run(config_for(sim, report_mode=mode), [CAMPAIGNS, ADVERTISERS])
    by_campaign = spend_by_day(sim, messages, CAMPAIGNS)
    assert spend_by_day(sim, messages, ADVERTISERS) == pytest.approx(by_campaign)
    kinds = {record["is_top_view"] for record in messages.records[ADVERTISERS]}
    assert kinds == ({False} if included else {False, True})
    assert any(record["is_top_view"] for record in messages.records[CAMPAIGNS])
    assert ("totals without a filter hold TopView ads" in caplog.text) is included


@SEEDS
def test_reconciliation_adds_up_with_or_without_topview(sim: Simulator) -> None:
    """Reconciliation finds no difference, whether or not totals include TopView ads."""
    messages = run(config_for(sim), ["reconciliation"])
    for record in messages.records["reconciliation"]:
        assert record["likely_cause"] is None
        for metric in ("spend", "impressions", "clicks"):
            for level in ("campaigns", "ad_groups", "ads"):
                assert record[f"{metric}_missing_in_{level}"] == 0


@pytest.mark.parametrize("sim", [{INCLUDED: True}], indirect=True)
@pytest.mark.parametrize("workers", [1, 8])
def test_topview_decision_is_independent_of_workers(sim: Simulator, workers: int) -> None:
    """The decision on TopView ads does not depend on the number of workers."""
    config = config_for(sim, start_date="{now-39}")
    names = [ADVERTISERS, "advertiser_performance_report_lifetime"]
    expected = run({**config, "max_concurrency": 1}, names)
    messages = run({**config, "max_concurrency": workers}, names)
    assert messages.records == expected.records
    assert messages.state == expected.state
    assert not any(record["is_top_view"] for record in expected.records[ADVERTISERS])


@pytest.mark.parametrize("sim", [{INCLUDED: True}], indirect=True)
def test_topview_is_not_requested_once_included(sim: Simulator) -> None:
    """Once totals are known to include TopView ads, later windows do not request them."""
    config = config_for(sim, start_date="{now-39}", max_concurrency=1, lookback_days=0)
    run({**config, "advertiser_ids": sim.world.advertiser_ids[:1]}, [ADVERTISERS])
    start_dates = [
        request.params["start_date"]
        for request in sim.requests
        if asks_for_top_view(request) and request.path == PATH
    ]
    assert {*start_dates} == {max(start_dates)}


@SEEDS
@pytest.mark.parametrize("kind", ["empty_page", "drop_row", "total"])
def test_damaged_report_is_read_again_before_the_decision(sim: Simulator, kind: str) -> None:
    """An incomplete report is read again before the decision on TopView ads."""
    config = config_for(sim, max_concurrency=1)
    expected = run(config, [ADVERTISERS])
    sim.add_fault(kind, path=PATH, containing="AUCTION_CAMPAIGN", times=1)
    messages = run(config, [ADVERTISERS])
    assert messages.records == expected.records
    assert messages.state == expected.state


@SEEDS
@pytest.mark.parametrize("start_date", ["{now-35}", "2020-01-01"])
def test_lifetime_reports_add_up(sim: Simulator, start_date: str) -> None:
    """Lifetime reports add up, even if the configured dates have no spend."""
    names = [f"{level}_performance_report_lifetime" for level in ("advertiser", "campaign")]
    end_date = "2020-01-02" if start_date == "2020-01-01" else "{now}"
    messages = run(config_for(sim, start_date=start_date, end_date=end_date), names)
    by_advertiser, by_campaign = (
        sum(record["spend"] for record in messages.records[name]) for name in names
    )
    assert by_advertiser == pytest.approx(by_campaign)
    kinds = {record["is_top_view"] for record in messages.records[names[0]]}
    assert kinds == ({False} if getattr(sim.world.options, INCLUDED) else {False, True})


@pytest.mark.parametrize("sim", [{INCLUDED: True}], indirect=True)
def test_undecided_topview_inclusion_logs_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """If the data cannot decide, TopView ads are requested and a warning is logged."""
    sim.add_fault("code", path=PATH, containing="AUCTION_CAMPAIGN", times=None, code=40002)
    messages = run(config_for(sim), [ADVERTISERS])
    assert {record["is_top_view"] for record in messages.records[ADVERTISERS]} == {True, False}
    assert "cannot find out if totals of advertiser" in caplog.text


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
def test_decide_compares_difference_with_topview_spend(
    difference: str, spend: str, expected: bool | None
) -> None:
    """TopView ads are included if the total exceeds the campaigns by about their spend."""
    assert decide(decimal.Decimal(difference), decimal.Decimal(spend)) is expected


ENTITIES = ["campaigns", "ad_groups", "ads"]


@pytest.mark.parametrize(
    "sim", [{"campaigns": 3, "seed": seed} for seed in (1, 2, 3)], indirect=True
)
def test_account_without_topview_sends_one_check(sim: Simulator) -> None:
    """Lists and reports share one check per advertiser, in whatever order they are read."""
    run(config_for(sim), [*ENTITIES, CAMPAIGNS, ADVERTISERS, "ad_group_performance_report"])
    owners = [
        request.params["advertiser_id"] for request in sim.requests if asks_for_top_view(request)
    ]
    assert sorted(owners) == sorted(sim.world.advertiser_ids)


@pytest.mark.parametrize("sim", [{"seed": seed} for seed in (1, 2, 3)], indirect=True)
def test_windows_before_the_first_topview_campaign_are_not_requested(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TopView reports begin with the first TopView campaign, and no record is lost."""
    config = config_for(sim, start_date="{now-300}", skip_days_before_creation=False)
    streams = [CAMPAIGNS, "ad_performance_report"]
    saved = run(config, streams)
    requests = [request for request in sim.requests if asks_for_top_view(request)]
    position = len(sim.requests)
    monkeypatch.setattr(topview_campaigns, "first_day_of", lambda *_: topview_campaigns.ALWAYS)
    complete = run(config, streams)
    every_window = [request for request in sim.requests[position:] if asks_for_top_view(request)]
    assert len(requests) < len(every_window)
    for stream in streams:
        assert any(record["is_top_view"] for record in saved.records[stream])
        assert saved.keyed(stream) == complete.keyed(stream)


@pytest.mark.parametrize(
    ("campaigns", "page_info", "expected"),
    [
        pytest.param([], {"total_number": 0}, None, id="no campaign"),
        pytest.param([], {"total_number": 0, "total_page": 0}, None, id="no campaign, no page"),
        pytest.param([], {"total_number": 0, "total_page": 1}, None, id="no campaign, one page"),
        pytest.param(
            ["2026-03-05 00:10:00", "2026-01-02 23:59:59"], 2, "2026-01-01", id="earliest"
        ),
        pytest.param(["2026-03-05 00:10:00"], {"total_page": 1}, "2026-03-04", id="no total"),
        pytest.param(["2026-03-05 00:10:00"], 2, "1970-01-01", id="more campaigns"),
        pytest.param(["2026-03-05 00:10:00"], {"total_page": 2}, "1970-01-01", id="more pages"),
        pytest.param(
            ["2026-03-05 00:10:00"],
            {"total_number": 1, "total_page": 2},
            "1970-01-01",
            id="more pages than the total",
        ),
        pytest.param(
            ["2026-03-05 00:10:00"] * 10, {"page_size": 10}, "1970-01-01", id="smaller full page"
        ),
        pytest.param(["2026-03-05 00:10:00"] * TOPVIEW_PAGE_SIZE, {}, "1970-01-01", id="full page"),
        pytest.param([], {"total_page": 2}, "1970-01-01", id="pages without campaigns"),
        pytest.param(["2026-03-05 00:10:00", None], 2, "1970-01-01", id="no time"),
        pytest.param(["2026-03-05 00:10:00", "soon"], 2, "1970-01-01", id="not a time"),
        pytest.param(["9999-12-31 00:00:00"], 1, "1970-01-01", id="in the future"),
        pytest.param(["0001-01-01 00:00:00"], 1, "1970-01-01", id="first day of the calendar"),
        pytest.param([], 3, "1970-01-01", id="a total without campaigns"),
    ],
)
def test_first_day_precedes_the_earliest_creation(
    campaigns: list[str | None], page_info: int | dict[str, int], expected: str | None
) -> None:
    """The first day is the day before the earliest creation, or every day if that is unknown."""
    data = {
        "list": [
            {"campaign_id": str(index), "create_time": time} for index, time in enumerate(campaigns)
        ],
        "page_info": {"total_number": page_info} if isinstance(page_info, int) else page_info,
    }
    request = topview_campaigns_request("1")
    day = topview_campaigns.first_day_of(request, Response(data, "r"))
    assert (None if day is None else str(day)) == expected


# Lists of advertisers without TopView campaigns


def test_object_created_after_the_check_is_written_by_the_next_run() -> None:
    """The bookmark does not pass the time of the check, so a later TopView ad is not dropped."""
    now = dt.datetime.now(dt.timezone.utc)

    def minutes_ago(minutes: int) -> str:
        return (now - dt.timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")

    old = {"ad_id": "1", "modify_time": minutes_ago(15)}
    topview = {"ad_id": "2", "modify_time": minutes_ago(30)}
    run_number, is_check = 1, False

    def respond(query: dict[str, str]) -> t.Any:
        nonlocal is_check
        is_check = query["path"] == "/campaign/get/"
        is_topview = "TOP_VIEW" in query.get("filtering", "")
        records: list[dict[str, str]] = []
        if query["path"] == "/ad/get/":
            records = [topview] if is_topview else [old]
        elif run_number > 1:
            records = [{"campaign_id": "2", "create_time": minutes_ago(30)}]
        return {
            "list": records,
            "page_info": {"page": 1, "page_size": 1000, "total_number": len(records)},
        }

    def date(_: object) -> dt.datetime:
        return now - dt.timedelta(minutes=60) if is_check and run_number == 1 else now

    with answering(respond, date) as (url, _):
        first = run(config_at(url), ["ads"])
        run_number = 2
        second = run(config_at(url), ["ads"], state=first.state)
    assert [record["ad_id"] for record in first.records["ads"]] == ["1"]
    assert {record["ad_id"] for record in second.records["ads"]} == {"1", "2"}


@pytest.mark.parametrize(
    "sim", [{"campaigns": 3, "seed": seed} for seed in (1, 2, 3)], indirect=True
)
def test_list_that_is_not_requested_counts_for_deletions(sim: Simulator) -> None:
    """An empty list that is not requested counts as read, as it did when it was requested."""
    config = config_for(sim, track_deleted=True)
    allowed = run(config, ["ads"])
    sim.add_fault("code", path="/campaign/get/", times=None, code=40001)
    denied = run(config, ["ads"])
    allowed_lists, denied_lists = (
        [partition["listed"] for partition in messages.state["bookmarks"]["ads"]["partitions"]]
        for messages in (allowed, denied)
    )
    assert allowed_lists == denied_lists


@pytest.mark.parametrize(
    ("fault", "arguments"),
    [("code", {"code": 50000}), ("code", {"code": 40113}), ("empty_page", {})],
)
def test_lists_do_not_depend_on_the_campaign_endpoint(
    sim: Simulator, fault: str, arguments: dict[str, t.Any]
) -> None:
    """If the check fails, the TopView objects are requested, and ads and ad groups are complete."""
    config = config_for(sim, max_retries=1)
    expected = run(config, ["ads", "ad_groups"])
    sim.add_fault(fault, path="/campaign/get/", times=None, **arguments)
    messages = run(config, ["ads", "ad_groups"])
    assert messages.records == expected.records
    assert messages.bookmarks("ads") == expected.bookmarks("ads")
    assert not messages.failed
