"""All streams, read from the simulator over HTTP."""

from __future__ import annotations

import collections
import json
import typing as t

import jsonschema
import pendulum
import pytest
from conftest import SMALL, SPARSE, START, Messages, asks_for_top_view, config_for, run

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [stream.name for stream in STREAMS if stream.name != "sync_errors"]
#: Streams with the names of IDs, which are equal for all advertisers.
NAME_LISTS = {
    "languages",
    "interest_categories",
    "action_categories",
    "carriers",
    "device_models",
    "os_versions",
}
#: Smart+ reports that also contain other ads.
MIXED_SMART_PLUS_REPORTS = {"smart_plus_ad_performance_report"}


class FullRun(t.NamedTuple):
    """A sync of all streams, its simulator and the expected record counts."""

    sim: Simulator
    messages: Messages
    expected: collections.Counter[str]


@pytest.fixture(
    scope="module",
    params=[{**SMALL, "advertisers": 1}, {**SPARSE, "advertisers": 3}],
    ids=lambda world: f"{world['advertisers']}-advertisers",
)
def full(request: pytest.FixtureRequest) -> Iterator[FullRun]:
    """Yield a sync of all streams, with one and with three advertisers."""
    with Simulator(request.param) as sim:
        expected: collections.Counter[str] = collections.Counter()
        for advertiser_id in sim.world.advertiser_ids:
            today = pendulum.parse(sim.world.today(advertiser_id).isoformat())
            assert isinstance(today, pendulum.DateTime)
            counts = sim.world.expected(
                str(dates.parse_day(START, today)),
                str(today.date()),
                advertiser_ids=[advertiser_id],
                include_top_view=True,
            )
            utc_today = pendulum.now("UTC").start_of("day")
            utc_counts = sim.world.expected(
                str(dates.parse_day(START, utc_today)),
                str(utc_today.date()),
                advertiser_ids=[advertiser_id],
            )
            # One request reads a day of accounts in several time zones.
            counts["bc_advertiser_report"] = utc_counts["bc_advertiser_report"]
            expected.update(counts)
        yield FullRun(sim, run(config_for(sim), NAMES), expected)


@pytest.mark.parametrize("name", NAMES)
def test_stream_has_every_record(full: FullRun, name: str) -> None:
    """Each stream has as many records as the simulator counts."""
    expected = full.expected[name]
    assert expected > 0
    assert len(full.messages.records[name]) == expected


@pytest.mark.parametrize("name", NAMES)
def test_records_match_their_schema(full: FullRun, name: str) -> None:
    """Every record is valid against its SCHEMA message, including formats."""
    schema = full.messages.schemas[name]["schema"]
    records = full.messages.records[name]
    columns = schema["properties"]
    # validate each distinct value of a column once
    assert schema.keys() <= {"type", "description", "properties", "additionalProperties"}
    assert schema.get("additionalProperties", True) is True
    validator = jsonschema.Draft7Validator({**schema, "properties": {}})
    problems = [error.message for record in records for error in validator.iter_errors(record)]
    values: dict[str, dict[str, t.Any]] = {column: {} for column in columns}
    for record in records:
        for column, value in record.items():
            if column in columns:
                values[column].setdefault(repr(value), value)
    for column, distinct in values.items():
        checker = jsonschema.Draft7Validator(
            columns[column], format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
        )
        problems += [
            f"{column}: {error.message}"
            for value in distinct.values()
            for error in checker.iter_errors(value)
        ]
    assert problems == []


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_unique_and_not_null(full: FullRun, name: str) -> None:
    """No two records of a stream have an equal key, and no key contains null."""
    keyed_records = full.messages.keyed(name)
    assert all(keyed_records)
    assert len(keyed_records) == len(full.messages.records[name])
    assert all(value is not None for key in keyed_records for value in key)


@pytest.mark.parametrize("name", NAMES)
def test_schema_contains_every_column(full: FullRun, name: str) -> None:
    """The schema contains every column, unless the stream keeps undocumented fields."""
    stream = next(entry for entry in STREAMS if entry.name == name)
    columns = full.messages.schemas[name]["schema"]["properties"]
    written = {column for record in full.messages.records[name] for column in record}
    assert (written <= set(columns)) != ("kept as" in stream.description)


#: Requests that differ in a header only, or that check the status of a task again.
FILE_TASKS = ("/page/lead/task/", "/changelog/task/check/")
#: Streams of objects that an advertiser of the simulator can lack.
FORM_STREAMS = ("leads", "lead_form_fields")


def test_no_request_is_rejected_or_repeated(full: FullRun) -> None:
    """A complete sync has no rejected request and no unnecessary repetition."""
    accepted = {(200, 0), (200, None)}  # a file has no code
    assert [r for r in full.sim.requests if (r.status, r.code) not in accepted] == []
    counts = collections.Counter(
        (request.path, json.dumps(dict(request.params), sort_keys=True))
        for request in full.sim.requests
    )
    inconsistent_lists = {
        entry.stream_class.path for entry in STREAMS if entry.stream_class.objects_can_vanish
    }
    repeated = [(path, params) for (path, params), count in counts.items() if count > 1]
    # one additional report per account decides whether totals include TopView ads
    decisions = [params for path, params in repeated if path == REPORT_PATH]
    assert {path for path, _ in repeated} <= {*inconsistent_lists, REPORT_PATH, *FILE_TASKS}
    assert len(decisions) <= 3 * len(full.sim.world.advertiser_ids)


def test_every_advertiser_has_records(full: FullRun) -> None:
    """Each stream has records of each advertiser or Business Center, except lists of names."""
    business_center_streams = []
    for name in NAMES:
        records = full.messages.records[name]
        if name in NAME_LISTS:
            continue
        if "advertiser_id" not in full.messages.schemas[name]["schema"]["properties"]:
            business_center_streams.append(name)
            assert {record["bc_id"] for record in records} == set(full.sim.world.centers), name
            continue
        owners = {record["advertiser_id"] for record in records}
        advertisers = set(full.sim.world.advertiser_ids)
        assert owners <= advertisers if name in FORM_STREAMS else owners == advertisers, name
    assert business_center_streams == [
        "business_centers",
        "bc_advertisers",
        "bc_transactions",
        "account_transactions",
        "catalogs",
        "bc_balances",
        "invoices",
        "catalog_products",
        "catalog_sets",
        "catalog_feeds",
        "catalog_diagnostics",
    ]


def test_values_have_documented_types(full: FullRun) -> None:
    """Metrics are numbers, dates are days, times are in UTC (RFC 3339), and IDs are strings."""
    record = full.messages.records["ad_performance_report"][0]
    assert isinstance(record["spend"], (int, float))
    assert isinstance(record["impressions"], int)
    assert isinstance(record["ad_id"], str)
    assert isinstance(record["campaign_id"], str)
    assert len(record["stat_time_day"]) == len("2026-01-01")
    campaigns = full.messages.records["campaigns"]
    assert all(campaign["create_time"].endswith("Z") for campaign in campaigns)
    assert full.messages.records["advertisers"][0]["create_time"].endswith("Z")
    ads = full.messages.records["ads"]
    assert {type(ad.get("page_id")) for ad in ads} <= {str, type(None)}
    audience = full.messages.records["custom_audiences"]
    assert {type(a["is_valid"]) for a in audience} <= {bool, type(None)}


def test_spend_of_ads_equals_spend_of_campaigns(full: FullRun) -> None:
    """Ads spend what their campaigns spend, to the cent, including deleted ads."""
    records = full.messages.records
    ads = sum(record["spend"] for record in records["ad_performance_report"])
    campaigns = sum(record["spend"] for record in records["campaign_performance_report"])
    assert ads > 0
    assert round(ads, 2) == round(campaigns, 2)


def test_topview_objects_have_separate_requests(full: FullRun) -> None:
    """Campaigns, ad groups and ads of TopView are requested separately, if there are any."""
    requests = {
        (
            request.path,
            json.loads(request.params.get("filtering", "{}")).get("buying_types") is None,
        )
        for request in full.sim.requests
        if request.path in {"/campaign/get/", "/adgroup/get/", "/ad/get/"}
    }
    campaigns = full.messages.records["campaigns"]
    has_topview = any(record.get("rf_campaign_type") == "TOPVIEW" for record in campaigns)
    assert len(requests) == (6 if has_topview else 4)


def test_smart_plus_streams_share_their_pages(full: FullRun) -> None:
    """The four Smart+ streams request each page of their common list once."""
    pages = [r for r in full.sim.requests if r.path == "/smart_plus/ad/get/"]
    assert len(pages) == len(full.sim.world.advertiser_ids)


@pytest.mark.parametrize("sim", [{"no_smart_plus": True}], indirect=True)
def test_account_without_smart_plus_skips_smart_plus_streams(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An account without Smart+ has one warning per stream and no Smart+ records."""
    names = [
        name
        for name in NAMES
        if name.startswith("smart_plus") and name not in MIXED_SMART_PLUS_REPORTS
    ]
    other_streams = {"pixels", *MIXED_SMART_PLUS_REPORTS}
    messages = run(config_for(sim), streams=[*names, *other_streams])
    assert set(messages.records) == other_streams
    skipped = [record.name.split(".")[-1] for record in caplog.records if "skips" in record.msg]
    assert skipped == sorted(names)


def test_include_deleted_adds_campaigns_and_spend(sim: Simulator) -> None:
    """`include_deleted` adds deleted campaigns and their spend."""
    streams = ["campaigns", "campaign_performance_report"]
    everything = run(config_for(sim), streams=streams).records
    active = run(config_for(sim, include_deleted=False), streams=streams).records
    assert len(active["campaigns"]) < len(everything["campaigns"])
    spend = [
        sum(record["spend"] for record in records["campaign_performance_report"])
        for records in (active, everything)
    ]
    assert spend[0] < spend[1]


@pytest.mark.parametrize("sim", [{"unknown_fields": True}], indirect=True)
def test_unknown_fields_are_kept(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A field missing in the schema is kept in the record and logged once per stream."""
    messages = run(config_for(sim), streams=["campaigns"])
    columns = set(messages.schemas["campaigns"]["schema"]["properties"])
    extra = {column for record in messages.records["campaigns"] for column in record} - columns
    assert extra
    warnings = [text for text in caplog.messages if "not in its schema" in text]
    logged = [name for text in warnings for name in text.split(": ")[1].split(". ")[0].split(", ")]
    assert sorted(logged) == sorted(extra)


def test_unselected_metrics_are_not_requested(sim: Simulator) -> None:
    """Unselected metrics are neither requested nor written. Keys are always written."""
    from conftest import catalog_of  # noqa: PLC0415

    config = config_for(sim)
    catalog = catalog_of(config, ["campaign_performance_report"])
    entry = next(
        e for e in catalog["streams"] if e["tap_stream_id"] == "campaign_performance_report"
    )
    for item in entry["metadata"]:
        if item["breadcrumb"]:
            item["metadata"]["selected"] = item["breadcrumb"][-1] in {"spend", "clicks"}
    messages = run(config, catalog=catalog)
    requested = {r.params["metrics"] for r in sim.requests if r.path == "/report/integrated/get/"}
    assert requested == {'["spend","clicks"]'}
    columns = {"advertiser_id", "campaign_id", "stat_time_day", "spend", "clicks"}
    records = messages.records["campaign_performance_report"]
    assert records
    assert all(set(record) == columns for record in records)
    schema = messages.schemas["campaign_performance_report"]["schema"]
    assert set(schema["properties"]) == columns


def test_stream_maps_and_flattening_apply_to_records(sim: Simulator) -> None:
    """The SDK's stream maps and flattening apply to records."""
    config = config_for(
        sim,
        stream_maps={"campaigns": {"campaign_name": None, "label": "campaign_id + '!'"}},
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    messages = run(config, streams=["campaigns", "custom_audiences"])
    for record in messages.records["campaigns"]:
        assert "campaign_name" not in record
        assert record["label"] == record["campaign_id"] + "!"
    assert "lookalike_spec__mobile_os" in messages.records["custom_audiences"][0]


def test_windows_cover_each_day_once(sim: Simulator) -> None:
    """Report windows have at most 30 days and cover each day once."""
    run(config_for(sim, start_date="{now-100}"), streams=["campaign_performance_report"])
    for advertiser_id in sim.world.advertiser_ids:
        days: list[str] = []
        for request in sim.requests:
            if asks_for_top_view(request):
                continue
            if request.path.startswith("/report") and request.advertiser_id == advertiser_id:
                first = pendulum.parse(request.params["start_date"])
                last = pendulum.parse(request.params["end_date"])
                assert isinstance(first, pendulum.DateTime)
                assert isinstance(last, pendulum.DateTime)
                span = [first.add(days=n).to_date_string() for n in range((last - first).days + 1)]
                assert len(span) <= 30
                days += span
        assert len(days) == len(set(days)) == 101
        assert max(days) == sim.world.today(advertiser_id).isoformat()


def test_date_range_of_one_day_is_read(sim: Simulator) -> None:
    """A date range of one day is read."""
    day = str(pendulum.now("UTC").subtract(days=3).date())
    config = config_for(sim, start_date=day, end_date=day)
    messages = run(config, streams=["ad_performance_report"])
    records = messages.records["ad_performance_report"]
    expected = sim.world.expected(day, day, include_top_view=True)
    assert len(records) == expected["ad_performance_report"] > 0
    assert {record["stat_time_day"] for record in records} == {day}
