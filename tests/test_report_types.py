"""Reports of the types BC, CATALOG and PLAYABLE_MATERIAL, built in and custom."""

from __future__ import annotations

import collections
import json
import typing as t

import pendulum
import pytest
from conftest import catalog_of, config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.streams.reports.business_centers import flatten_bc_record

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

PATH = "/report/integrated/get/"
NAMES = ("playable_report", "playable_report_lifetime", "bc_advertiser_report")
WORLD = {"advertisers": 3, "today": "2026-11-20"}
START, TODAY, NOON = "2026-11-12", "2026-11-20", pendulum.datetime(2026, 11, 20, 12)
DATES = {"start_date": START, "end_date": TODAY, "lookback_days": 2}
THREE_SEEDS = pytest.mark.parametrize(
    "sim", [{**WORLD, "seed": seed} for seed in (1, 2, 3)], indirect=True
)
ONE_SEED = pytest.mark.parametrize("sim", [WORLD], indirect=True)


def queries(sim: Simulator, report_type: str) -> list[t.Any]:
    """Return the parameters of the requests for reports of a type."""
    sent = [request.params for request in sim.requests if request.path == PATH]
    return [query for query in sent if query["report_type"] == report_type]


@THREE_SEEDS
def test_streams_have_every_record_once(sim: Simulator) -> None:
    """Each stream has the expected records, and no key twice."""
    messages = run(config_for(sim, **DATES), NAMES, started_at=NOON)
    expected = sim.world.expected(START, TODAY)
    for name in NAMES:
        distinct_count = len(messages.keyed(name))
        assert distinct_count == len(messages.records[name]) == expected[name] > 0, name


@ONE_SEED
def test_business_center_takes_one_request_per_day(sim: Simulator) -> None:
    """All ad accounts of a Business Center share one request per day."""
    records = run(config_for(sim, **DATES), ["bc_advertiser_report"]).records[NAMES[2]]
    sent = queries(sim, "BC")
    days = collections.Counter((query["bc_id"], query["start_date"]) for query in sent)
    assert len(days) == 9 * len(sim.world.centers)
    assert set(days.values()) == {1}
    assert len({record["advertiser_id"] for record in records}) == 3
    assert all(query["start_date"] == query["end_date"] for query in sent)
    assert not any("data_level" in query for query in sent)


@ONE_SEED
def test_days_add_up_to_the_lifetime(sim: Simulator) -> None:
    """The days of a playable that are requested one by one are parts of its lifetime."""
    settings = {"start_date": "2020-01-01", "end_date": TODAY}
    messages = run(config_for(sim, **settings), NAMES[:2], started_at=NOON)
    spend: dict[str, float] = collections.defaultdict(float)
    for record in messages.records["playable_report"]:
        spend[record["playable_id"]] += record["spend"]
    for record in messages.records["playable_report_lifetime"]:
        assert record["spend"] == pytest.approx(spend[record["playable_id"]], abs=0.01)


@ONE_SEED
def test_next_run_reads_days_that_are_not_final(sim: Simulator) -> None:
    """The next run reads the days of the lookback, and `is_final` is false for them."""
    config = config_for(sim, **DATES)
    first = run(config, [NAMES[0]], started_at=NOON)
    second = run(config, [NAMES[0]], state=first.state, started_at=NOON)
    days = {record["stat_time_day"] for record in second.records[NAMES[0]]}
    assert days
    assert min(days) >= "2026-11-17"
    assert {record["is_final"] for record in second.records[NAMES[0]]} == {False}


@ONE_SEED
@pytest.mark.parametrize("name", NAMES)
def test_missing_permission_skips_the_stream(sim: Simulator, name: str) -> None:
    """A denied report is skipped, without an error."""
    sim.add_fault("code", code=40001, message="No permission.", path=PATH, times=None)
    messages = run(config_for(sim, **DATES), [name])
    assert messages.records[name] == []
    assert messages.failed == []


@pytest.mark.parametrize("sim", [{**WORLD, "playables": 0, "business_centers": 0}], indirect=True)
def test_account_without_objects_has_no_records(sim: Simulator) -> None:
    """Without playables and Business Centers there are no records."""
    messages = run(config_for(sim, **DATES), NAMES)
    assert not any(messages.records[name] for name in NAMES)
    assert messages.failed == []


@ONE_SEED
def test_few_columns_request_few_metrics(sim: Simulator) -> None:
    """A deselected metric of playables is not requested."""
    config = config_for(sim, **DATES)
    catalog = catalog_of(config, [NAMES[0]], alone=True)
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] == ["properties", "impressions"]:
            item["metadata"]["selected"] = False
    messages = run(config, catalog=catalog)
    assert {query["metrics"] for query in queries(sim, "PLAYABLE_MATERIAL")} == {'["spend"]'}
    assert not any("impressions" in record for record in messages.records[NAMES[0]])


def test_streams_are_not_selected_by_default() -> None:
    """None of the streams is selected by default."""
    assert not any(entry.selected_by_default for entry in STREAMS if entry.name in NAMES)


def respond(call: Call) -> bytes:
    """Return one record with the requested dimensions and metrics."""
    if call.path == "/bc/get/":
        info = {"page": 1, "total_number": 1, "total_page": 1}
        return envelope({"list": [{"bc_info": {"bc_id": "5"}}], "page_info": info})
    if call.path != PATH:
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})
    dimensions = dict.fromkeys(json.loads(call.query["dimensions"]), "9")
    if "stat_time_day" in dimensions:
        dimensions["stat_time_day"] = f"{call.query['start_date']} 00:00:00"
    record = {"dimensions": dimensions, "metrics": {"spend": "1.50"}}
    info = {"page": 1, "page_size": 1000, "total_number": 1, "total_page": 1}
    return envelope({"list": [record], "page_info": info})


@pytest.mark.parametrize(
    ("entry", "expected", "keys", "count"),
    [
        (
            {"report_type": "PLAYABLE_MATERIAL", "dimensions": ["playable_id", "country_code"]},
            {"advertiser_id": "1", "service_type": "AUCTION", "dimensions": "playable_id"},
            ["advertiser_id", "playable_id", "country_code", "stat_time_day"],
            2,
        ),
        (
            {
                "report_type": "PLAYABLE_MATERIAL",
                "dimensions": ["playable_id"],
                "granularity": "lifetime",
            },
            {"advertiser_id": "1", "query_lifetime": "true"},
            ["advertiser_id", "playable_id"],
            1,
        ),
        (
            {"report_type": "BC", "dimensions": ["stat_time_day"]},
            {"bc_id": "5"},
            ["bc_id", "stat_time_day"],
            2,
        ),
        (
            {"report_type": "BC", "dimensions": ["advertiser_id", "country_code"]},
            {"bc_id": "5"},
            ["bc_id", "advertiser_id", "country_code", "stat_time_day"],
            2,
        ),
        (
            {
                "report_type": "CATALOG",
                "data_level": "AUCTION_AD",
                "dimensions": ["ad_id", "product_id"],
            },
            {"advertiser_id": "1", "data_level": "AUCTION_AD", "start_date": "2026-11-01"},
            ["advertiser_id", "ad_id", "product_id", "stat_time_day"],
            1,
        ),
    ],
)
def test_custom_report_of_a_type(
    entry: dict[str, t.Any], expected: dict[str, str], keys: list[str], count: int
) -> None:
    """A custom report sends the parameters of its type, and its key has all dimensions."""
    report = {"name": "mine", "metrics": ["spend"], **entry}
    with serving(respond) as (url, calls):
        messages = run(config_at(url, custom_reports=[report]), ["mine"])
    sent = [call.query for call in calls if call.path == PATH]
    for query in sent:
        assert query["report_type"] == entry["report_type"]
        assert all(value in query[name] for name, value in expected.items())
        assert ("data_level" in query) == ("data_level" in entry)
        assert "buying_type" not in query.get("filtering", "")
    assert len(messages.records["mine"]) == count
    assert list(messages.schemas["mine"]["key_properties"]) == keys
    assert {record["spend"] for record in messages.records["mine"]} == {1.5}
    if "stat_time_day" in keys:
        days = {record["stat_time_day"] for record in messages.records["mine"]}
        assert days <= {"2026-11-01", "2026-11-02"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"report_type": "BASIC", "dimensions": ["ad_id"]}, "BASIC reports need a data_level"),
        ({"report_type": "CATALOG", "dimensions": ["ad_id"]}, "CATALOG reports need a data_level"),
        (
            {"report_type": "BC", "dimensions": ["advertiser_id"], "data_level": "AUCTION_AD"},
            "BC reports have no data_level. Remove it",
        ),
        (
            {"report_type": "BC", "dimensions": ["campaign_id"]},
            r"expected the dimensions \[advertiser_id\] or .* in a BC report",
        ),
        (
            {"report_type": "PLAYABLE_MATERIAL", "dimensions": ["ad_id"]},
            r"expected the dimensions \[playable_id\] or .* in a PLAYABLE_MATERIAL report",
        ),
        (
            {
                "report_type": "PLAYABLE_MATERIAL",
                "dimensions": ["playable_id", "country_code"],
                "granularity": "lifetime",
            },
            "a lifetime report cannot have country_code",
        ),
        (
            {"report_type": "BC", "dimensions": ["advertiser_id"], "granularity": "hour"},
            "BC reports have the granularity 'day', not 'hour'",
        ),
        (
            {
                "report_type": "CATALOG",
                "data_level": "AUCTION_AD",
                "dimensions": ["ad_id"],
                "granularity": "lifetime",
            },
            "CATALOG reports have the granularity 'day' or 'hour', not 'lifetime'",
        ),
        (
            {
                "report_type": "CATALOG",
                "data_level": "AUCTION_CAMPAIGN",
                "dimensions": ["ad_id", "product_id"],
            },
            "dimension 'ad_id' is below data_level AUCTION_CAMPAIGN",
        ),
    ],
)
def test_custom_report_that_tiktok_rejects(entry: dict[str, t.Any], message: str) -> None:
    """A custom report that breaks a rule of its type is an error before any request."""
    config = config_at("http://127.0.0.1:1", custom_reports=[{"name": "mine", **entry}])
    with pytest.raises(ConfigError, match=message):
        run(config, ["mine"])


def test_metric_does_not_override_the_ad_account() -> None:
    """A metric with the name of a key does not override the key."""
    raw = {"dimensions": {"advertiser_id": "7"}, "metrics": {"advertiser_id": None, "spend": "1"}}
    window = Window(pendulum.date(2026, 11, 1), pendulum.date(2026, 11, 1))
    task = Task(Request("/report/integrated/get/", {}), None, window)
    (record,) = flatten_bc_record(raw, task)
    assert record == {"stat_time_day": "2026-11-01", "advertiser_id": "7", "spend": "1"}
