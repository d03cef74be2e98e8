"""Promote campaigns, made in the TikTok app: listed and reported only on request."""

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


def promoted(records: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the records that are marked."""
    return [record for record in records if record.get("campaign_system_origin") == "PROMOTE"]


def filters_of(sim: Simulator, path: str) -> list[dict[str, t.Any]]:
    """Return the filters of the requests for a list."""
    requests = [request for request in sim.requests if request.path == path]
    return [json.loads(request.params.get("filtering", "{}")) for request in requests]


@pytest.mark.parametrize("sim", SEEDS, indirect=True)
def test_spend_has_its_object(sim: Simulator) -> None:
    """Every object of a report is listed, and Promote spend is that of the marked objects."""
    messages = run(config_for(sim), [*LISTS, *REPORTS, "advertiser_performance_report"])
    total = sum(row["spend"] for row in messages.records["advertiser_performance_report"])
    for stream, (_, key, report) in LISTS.items():
        records, rows = messages.records[stream], messages.records[report]
        assert {row[key] for row in rows} <= {record[key] for record in records}
        ours = {record[key] for record in promoted(records)}
        assert len(ours) == len(sim.world.advertiser_ids)
        assert sum(row["spend"] for row in rows if row[key] in ours) > 0
        assert sum(row["spend"] for row in rows) == pytest.approx(total)


def test_no_further_request(sim: Simulator) -> None:
    """One list holds both origins; TopView lists have no such filter."""
    run(config_for(sim), [*LISTS])
    for path, _, _ in LISTS.values():
        filters = filters_of(sim, path)
        origins = [one[ORIGINS] for one in filters if ORIGINS in one]
        assert origins == [["TT_ADS_PLATFORM", "PROMOTE"]] * len(sim.world.advertiser_ids)
        assert all((ORIGINS in one) is ("buying_types" not in one) for one in filters)
        assert all(one["primary_status"] == "STATUS_ALL" for one in filters)


def test_later_runs(sim: Simulator) -> None:
    """Promote objects have no time of change: each run writes them."""
    first = run(config_for(sim), [*LISTS])
    sim.requests.clear()
    second = run(config_for(sim), [*LISTS], state=first.state)
    for stream in LISTS:
        assert promoted(second.records[stream]) == promoted(first.records[stream]) != []
    filters = filters_of(sim, "/ad/get/")
    assert len(filters) == 3 * len(sim.world.advertiser_ids)
    assert all(
        (one.get(ORIGINS) == ["PROMOTE"]) is ("modified_after" not in one) for one in filters
    )


@pytest.mark.parametrize("environment", ["simulator", "sandbox"])
def test_rejected_in_lists(
    sim: Simulator, caplog: pytest.LogCaptureFixture, environment: str
) -> None:
    """If TikTok rejects the filter, lists lack Promote objects, and nothing else is different."""
    config = config_for(sim, environment=environment, advertiser_ids=sim.world.advertiser_ids)
    complete = run(config, [*LISTS])
    sim.add_fault("code", containing=ORIGINS, code=40002, times=None)
    caplog.clear()
    first = run(config, [*LISTS])
    second = run(config, [*LISTS], state=first.state)
    for stream in LISTS:
        lacking = promoted(complete.records[stream])
        expected = [record for record in complete.records[stream] if record not in lacking]
        assert first.records[stream] == expected
        assert not promoted(second.records[stream])
    warnings = [one.message for one in caplog.records if "without Promote" in one.message]
    assert len(warnings) == 3 + 2  # of the second run, `ads` has a list of its own
    assert not first.failed
    assert not second.failed


def test_rejected_lists_are_not_deletions(sim: Simulator) -> None:
    """Promote objects that TikTok does not list for a run are not reported as deleted."""
    config = config_for(sim, track_deleted=True, include_deleted=False)
    first = run(config, ["campaigns"])
    sim.add_fault("code", containing=ORIGINS, code=40002, times=None)
    second = run(config, ["campaigns"], state=first.state)
    assert not any(record.get(DELETED_AT) for record in second.records["campaigns"])
    sim.faults.clear()
    gone = first.records["campaigns"][1]["campaign_id"]
    sim.world.delete("campaigns", gone, dt.datetime.now(dt.timezone.utc))
    third = run(config, ["campaigns"], state=second.state)
    deleted = [row["campaign_id"] for row in third.records["campaigns"] if row.get(DELETED_AT)]
    assert deleted == [gone]


def test_other_rejections(sim: Simulator) -> None:
    """A list that is rejected also without the filter is an error, once."""
    sim.add_fault("code", path="/campaign/get/", code=40002, times=None)
    messages = run(config_for(sim, on_error="skip"), ["campaigns"])
    assert messages.failed == [("campaigns", owner) for owner in sim.world.advertiser_ids]


def test_rejected_in_reports(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """If TikTok rejects the filter, reports lack Promote ads, with one warning per report."""
    complete = run(config_for(sim), ["campaigns", *REPORTS, "reconciliation"])
    ours = {row["campaign_id"] for row in promoted(complete.records["campaigns"])}
    sim.add_fault("code", path=REPORT_PATH, containing=ORIGINS, code=40002, times=None)
    caplog.clear()
    lacking = run(config_for(sim), [*REPORTS, "reconciliation"])
    report = REPORTS[0]
    expected = [row for row in complete.records[report] if row["campaign_id"] not in ours]
    assert lacking.records[report] == expected != complete.records[report]
    assert lacking.records["reconciliation"]
    warnings = [one.message for one in caplog.records if "without Promote" in one.message]
    assert len(warnings) == 4
    sim.requests.clear()
    owner = sim.world.advertiser_ids[0]
    run(config_for(sim, advertiser_ids=[owner], max_concurrency=1), [report])
    assert sum(ORIGINS in str(request.params) for request in sim.requests) == 1


def test_unsupported_dimensions(sim: Simulator) -> None:
    """Reports that TikTok does not offer of Promote ads do not request them."""
    names = ["campaign_country_report", "campaign_performance_report_hourly"]
    run(config_for(sim, start_date="{now-1}"), names)
    assert not any(ORIGINS in str(request.params) for request in sim.requests)


@pytest.mark.parametrize("is_rejected", [False, True])
def test_split_by_campaign(sim: Simulator, *, is_rejected: bool) -> None:
    """A day that is divided by its campaigns keeps the spend of Promote campaigns, if listed."""
    names = ["campaigns", "ad_performance_report"]
    owner = sim.world.advertiser_ids[0]
    config = config_for(sim, start_date="{now-1}", advertiser_ids=[owner])
    complete = run(config, names)
    for day in (sim.world.today(owner), sim.world.today(owner) - dt.timedelta(days=1)):
        sim.add_fault("code", path=REPORT_PATH, containing=str(day), times=2, code=40067)
    if is_rejected:
        sim.add_fault("code", path="/campaign/get/", containing=ORIGINS, times=None, code=40002)
    sim.requests.clear()
    divided = run(config, names)
    named = [request.params for request in sim.requests if "campaign_ids" in str(request.params)]
    assert named
    ours = {row["campaign_id"] for row in promoted(complete.records["campaigns"])}
    rows = complete.records["ad_performance_report"]
    lacking = [row for row in rows if row["campaign_id"] in ours]
    assert lacking
    expected = [row for row in rows if not is_rejected or row not in lacking]
    assert sorted(map(json.dumps, divided.records["ad_performance_report"])) == sorted(
        map(json.dumps, expected)
    )


@pytest.mark.parametrize("report", REPORTS)
def test_report_tasks(sim: Simulator, report: str, caplog: pytest.LogCaptureFixture) -> None:
    """Report tasks hold Promote ads without a filter, and agree with the synchronous total."""
    config = config_for(sim, start_date="{now-40}")
    synchronous = run(config, [report])
    asynchronous = run(config | {"report_mode": "async"}, [report])
    assert asynchronous.keyed(report) == synchronous.keyed(report)
    assert "differ from the synchronous total" not in caplog.text
    created = [one.params for one in sim.requests if one.path == "/report/task/create/"]
    assert created
    assert not any(ORIGINS in str(params) for params in created)


def test_dependent_streams(sim: Simulator) -> None:
    """Comments, reviews and diagnoses of Promote objects, which TikTok has not, are left out."""
    messages = run(config_for(sim), ["ads", "ad_groups", "comments", "ad_review_info"])
    ours = {row["adgroup_id"] for row in promoted(messages.records["ad_groups"])}
    asked = {one.params["search_value"] for one in sim.requests if one.path == "/comment/list/"}
    assert ours
    assert asked
    assert ours.isdisjoint(asked)
    reviewed = {row["ad_id"] for row in messages.records["ad_review_info"]}
    assert reviewed.isdisjoint(row["ad_id"] for row in promoted(messages.records["ads"]))


def test_catalog_without_the_marker(sim: Simulator) -> None:
    """A catalog that deselects the marker changes no request of other streams."""
    names = ["ad_groups", "comments"]
    config = config_for(sim)
    expected = run(config, names).records["comments"]
    catalog = catalog_of(config, names, alone=True)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"][1:] == ["campaign_system_origin"]:
                item["metadata"]["selected"] = False
    messages = run(config, catalog=catalog)
    assert not promoted(messages.records["ad_groups"])
    assert messages.records["comments"] == expected


@pytest.mark.parametrize("where", [{}, {"campaign_system_origin": None}])
def test_lookups_of_custom_streams(sim: Simulator, where: dict[str, t.Any]) -> None:
    """A lookup has Promote objects, too, unless it requires an empty origin."""
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
    ours = {row["campaign_id"] for row in promoted(messages.records["campaigns"])}
    asked = {
        campaign_id
        for filters in filters_of(sim, "/adgroup/get/")
        for campaign_id in filters["campaign_ids"]
    }
    assert (ours & asked == set()) is bool(where)
    assert asked
