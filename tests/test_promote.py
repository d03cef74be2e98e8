"""Promote campaigns, which TikTok lists and reports only with a filter by origin."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

import pytest
from conftest import catalog_of, config_for, run

from tap_tiktok_ads.extract.deletions import DELETED_AT

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

ORIGINS = "campaign_system_origins"
REPORT_PATH = "/report/integrated/get/"
#: Path, key and report of each list.
LISTS = {
    "campaigns": ("/campaign/get/", "campaign_id", "campaign_performance_report"),
    "ad_groups": ("/adgroup/get/", "adgroup_id", "ad_group_performance_report"),
    "ads": ("/ad/get/", "ad_id", "ad_performance_report"),
}
REPORTS = [report for _, _, report in LISTS.values()]
SEEDS = [{"seed": 1}, {"seed": 2}, {"seed": 3}]


def promote_records(records: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the records with the origin PROMOTE."""
    return [record for record in records if record.get("campaign_system_origin") == "PROMOTE"]


def list_filters(sim: Simulator, path: str) -> list[dict[str, t.Any]]:
    """Return the filters of the requests for a list."""
    requests = [request for request in sim.requests if request.path == path]
    return [json.loads(request.params.get("filtering", "{}")) for request in requests]


@pytest.mark.parametrize("sim", SEEDS, indirect=True)
def test_every_reported_object_is_listed(sim: Simulator) -> None:
    """Every object of a report is listed, including Promote objects and their spend."""
    messages = run(config_for(sim), [*LISTS, *REPORTS, "advertiser_performance_report"])
    total = sum(record["spend"] for record in messages.records["advertiser_performance_report"])
    for stream, (_, key, report) in LISTS.items():
        records, report_records = messages.records[stream], messages.records[report]
        assert {record[key] for record in report_records} <= {record[key] for record in records}
        promote_ids = {record[key] for record in promote_records(records)}
        assert len(promote_ids) == len(sim.world.advertiser_ids)
        assert sum(r["spend"] for r in report_records if r[key] in promote_ids) > 0
        assert sum(r["spend"] for r in report_records) == pytest.approx(total)


def test_one_list_contains_both_origins(sim: Simulator) -> None:
    """One request lists both origins. TopView lists have no filter by origin."""
    run(config_for(sim), [*LISTS])
    for path, _, _ in LISTS.values():
        filters = list_filters(sim, path)
        origins = [filtering[ORIGINS] for filtering in filters if ORIGINS in filtering]
        assert origins == [["TT_ADS_PLATFORM", "PROMOTE"]] * len(sim.world.advertiser_ids)
        assert all((ORIGINS in f) is ("buying_types" not in f) for f in filters)
        assert all(f["primary_status"] == "STATUS_ALL" for f in filters)


def test_every_run_writes_promote_objects(sim: Simulator) -> None:
    """Every run writes all Promote objects, because they have no modification time."""
    first = run(config_for(sim), [*LISTS])
    sim.requests.clear()
    second = run(config_for(sim), [*LISTS], state=first.state)
    for stream in LISTS:
        assert (
            promote_records(second.records[stream]) == promote_records(first.records[stream]) != []
        )
    filters = list_filters(sim, "/ad/get/")
    assert len(filters) == 2 * len(sim.world.advertiser_ids)
    assert all((ORIGINS in f) is ("buying_types" not in f) for f in filters)


@pytest.mark.parametrize("environment", ["simulator", "sandbox"])
def test_rejected_origin_filter_skips_promote_objects(
    sim: Simulator, caplog: pytest.LogCaptureFixture, environment: str
) -> None:
    """If TikTok rejects the filter, only Promote objects are missing in lists."""
    config = config_for(sim, environment=environment, advertiser_ids=sim.world.advertiser_ids)
    complete = run(config, [*LISTS])
    sim.add_fault("code", containing=ORIGINS, code=40002, times=None)
    caplog.clear()
    first = run(config, [*LISTS])
    second = run(config, [*LISTS], state=first.state)
    for stream in LISTS:
        skipped = promote_records(complete.records[stream])
        expected = [record for record in complete.records[stream] if record not in skipped]
        assert first.records[stream] == expected
        assert not promote_records(second.records[stream])
    warnings = [record.message for record in caplog.records if "without Promote" in record.message]
    assert len(warnings) == 3 + 3
    assert not first.failed
    assert not second.failed


def test_rejected_origin_filter_writes_no_tombstones(sim: Simulator) -> None:
    """Promote objects that TikTok does not list have no tombstones."""
    config = config_for(sim, track_deleted=True, include_deleted=False)
    first = run(config, ["campaigns"])
    sim.add_fault("code", containing=ORIGINS, code=40002, times=None)
    second = run(config, ["campaigns"], state=first.state)
    assert not any(record.get(DELETED_AT) for record in second.records["campaigns"])
    sim.faults.clear()
    campaign_id = first.records["campaigns"][1]["campaign_id"]
    sim.world.delete("campaigns", campaign_id, dt.datetime.now(dt.timezone.utc))
    third = run(config, ["campaigns"], state=second.state)
    deleted = [r["campaign_id"] for r in third.records["campaigns"] if r.get(DELETED_AT)]
    assert deleted == [campaign_id]


def test_list_rejected_without_the_filter_fails(sim: Simulator) -> None:
    """A list that is also rejected without the filter fails once."""
    sim.add_fault("code", path="/campaign/get/", code=40002, times=None)
    messages = run(config_for(sim, on_error="skip"), ["campaigns"])
    assert messages.failed == [("campaigns", owner) for owner in sim.world.advertiser_ids]


def test_rejected_origin_filter_skips_promote_reports(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """If TikTok rejects the filter, each report is read without Promote ads, with one warning."""
    complete = run(config_for(sim), ["campaigns", *REPORTS, "reconciliation"])
    promote_ids = {
        record["campaign_id"] for record in promote_records(complete.records["campaigns"])
    }
    sim.add_fault("code", path=REPORT_PATH, containing=ORIGINS, code=40002, times=None)
    caplog.clear()
    partial = run(config_for(sim), [*REPORTS, "reconciliation"])
    report = REPORTS[0]
    expected = [
        record for record in complete.records[report] if record["campaign_id"] not in promote_ids
    ]
    assert partial.records[report] == expected != complete.records[report]
    assert partial.records["reconciliation"]
    warnings = [record.message for record in caplog.records if "without Promote" in record.message]
    assert len(warnings) == 4
    sim.requests.clear()
    owner = sim.world.advertiser_ids[0]
    run(config_for(sim, advertiser_ids=[owner], max_concurrency=1), [report])
    assert sum(ORIGINS in str(request.params) for request in sim.requests) == 1


def test_reports_without_promote_do_not_request_it(sim: Simulator) -> None:
    """Reports that TikTok does not offer for Promote ads do not request them."""
    names = ["campaign_country_report", "campaign_performance_report_hourly"]
    run(config_for(sim, start_date="{now-1}"), names)
    assert not any(ORIGINS in str(request.params) for request in sim.requests)


@pytest.mark.parametrize("is_rejected", [False, True])
def test_split_by_campaign_keeps_promote_spend(sim: Simulator, *, is_rejected: bool) -> None:
    """A day split by campaign keeps Promote spend if Promote campaigns are listed."""
    names = ["campaigns", "ad_performance_report"]
    owner = sim.world.advertiser_ids[0]
    config = config_for(sim, start_date="{now-1}", advertiser_ids=[owner])
    complete = run(config, names)
    for day in (sim.world.today(owner), sim.world.today(owner) - dt.timedelta(days=1)):
        sim.add_fault("code", path=REPORT_PATH, containing=str(day), times=2, code=40067)
    if is_rejected:
        sim.add_fault("code", path="/campaign/get/", containing=ORIGINS, times=None, code=40002)
    sim.requests.clear()
    split = run(config, names)
    split_requests = [
        request.params for request in sim.requests if "campaign_ids" in str(request.params)
    ]
    assert split_requests
    promote_ids = {
        record["campaign_id"] for record in promote_records(complete.records["campaigns"])
    }
    records = complete.records["ad_performance_report"]
    promote_spend = [record for record in records if record["campaign_id"] in promote_ids]
    assert promote_spend
    expected = [record for record in records if not is_rejected or record not in promote_spend]
    assert sorted(map(json.dumps, split.records["ad_performance_report"])) == sorted(
        map(json.dumps, expected)
    )


@pytest.mark.parametrize("report", REPORTS)
def test_report_tasks_contain_promote_ads(
    sim: Simulator, report: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Report tasks contain Promote ads without a filter, and match the synchronous total."""
    config = config_for(sim, start_date="{now-40}")
    synchronous = run(config, [report])
    asynchronous = run(config | {"report_mode": "async"}, [report])
    assert asynchronous.keyed(report) == synchronous.keyed(report)
    assert "differ from the synchronous total" not in caplog.text
    created = [r.params for r in sim.requests if r.path == "/report/task/create/"]
    assert created
    assert not any(ORIGINS in str(params) for params in created)


def test_dependent_streams_skip_promote_objects(sim: Simulator) -> None:
    """Comments, reviews and diagnoses are not requested for Promote objects."""
    messages = run(config_for(sim), ["ads", "ad_groups", "comments", "ad_review_info"])
    promote_ids = {
        record["adgroup_id"] for record in promote_records(messages.records["ad_groups"])
    }
    requested = {r.params["search_value"] for r in sim.requests if r.path == "/comment/list/"}
    assert promote_ids
    assert requested
    assert promote_ids.isdisjoint(requested)
    reviewed = {record["ad_id"] for record in messages.records["ad_review_info"]}
    assert reviewed.isdisjoint(
        record["ad_id"] for record in promote_records(messages.records["ads"])
    )


def test_unselected_origin_does_not_change_requests(sim: Simulator) -> None:
    """Deselecting the origin column changes no request of other streams."""
    names = ["ad_groups", "comments"]
    config = config_for(sim)
    expected = run(config, names).records["comments"]
    catalog = catalog_of(config, names, alone=True)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"][1:] == ["campaign_system_origin"]:
                item["metadata"]["selected"] = False
    messages = run(config, catalog=catalog)
    assert not promote_records(messages.records["ad_groups"])
    assert messages.records["comments"] == expected


@pytest.mark.parametrize("where", [{}, {"campaign_system_origin": None}])
def test_custom_stream_lookup_includes_promote_objects(
    sim: Simulator, where: dict[str, t.Any]
) -> None:
    """A custom stream's lookup includes Promote objects, unless it requires an empty origin."""
    entry = {
        "name": "mine",
        "url": "/adgroup/get/",
        "for_each": {"stream": "campaigns.campaign_id", "where": where, "batch": 100},
        "params": {
            "advertiser_id": "{advertiser_id}",
            "filtering": {"campaign_ids": "{campaigns.campaign_id}"},
        },
        "schema": {"properties": {"adgroup_id": {"type": "string"}}},
    }
    messages = run(config_for(sim, custom_streams=[entry]), ["campaigns", "mine"])
    promote_ids = {
        record["campaign_id"] for record in promote_records(messages.records["campaigns"])
    }
    requested = {
        campaign_id
        for filters in list_filters(sim, "/adgroup/get/")
        for campaign_id in filters["campaign_ids"]
    }
    assert (promote_ids & requested == set()) is bool(where)
    assert requested
