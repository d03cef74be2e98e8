"""All streams, against the simulator over real HTTP."""

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
#: Reports of ordinary ads, too, which an account without Smart+ has.
NOT_OF_SMART_PLUS_ALONE = {"smart_plus_ad_performance_report"}


class FullRun(t.NamedTuple):
    """A run of everything, the world that it read, and how many rows that counts."""

    sim: Simulator
    messages: Messages
    expected: collections.Counter[str]


@pytest.fixture(
    scope="module",
    params=[{**SMALL, "advertisers": 1}, {**SPARSE, "advertisers": 3}],
    ids=lambda world: f"{world['advertisers']}-advertisers",
)
def full(request: pytest.FixtureRequest) -> Iterator[FullRun]:
    """A run of all streams in a world of one, and of three advertisers."""
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
            expected.update(counts)
        yield FullRun(sim, run(config_for(sim), NAMES), expected)


@pytest.mark.parametrize("name", NAMES)
def test_counts(full: FullRun, name: str) -> None:
    """Every stream has exactly the rows that the simulator counts in its world."""
    expected = full.expected[name]
    assert expected > 0
    assert len(full.messages.records[name]) == expected


@pytest.mark.parametrize("name", NAMES)
def test_records_fit_their_schema(full: FullRun, name: str) -> None:
    """Every record is valid against the SCHEMA message before it, formats included."""
    schema = full.messages.schemas[name]["schema"]
    records = full.messages.records[name]
    columns = schema["properties"]
    # a column's values are valid or not by themselves, so each is validated once
    assert schema.keys() <= {"type", "description", "properties", "additionalProperties"}
    assert schema.get("additionalProperties", True) is True
    whole = jsonschema.Draft7Validator({**schema, "properties": {}})
    problems = [error.message for record in records for error in whole.iter_errors(record)]
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
def test_keys(full: FullRun, name: str) -> None:
    """No two records of a stream have the same key, and no key has a null in it."""
    rows = full.messages.keyed(name)
    assert all(rows)
    assert len(rows) == len(full.messages.records[name])
    assert all(value is not None for key in rows for value in key)


@pytest.mark.parametrize("name", NAMES)
def test_all_columns_are_known(full: FullRun, name: str) -> None:
    """No record has a column that the schema lacks, unless no source names the fields.

    Such a stream says that they are "kept as" they come; then keys alone are in the schema.
    """
    stream = next(one for one in STREAMS if one.name == name)
    columns = full.messages.schemas[name]["schema"]["properties"]
    found = {column for row in full.messages.records[name] for column in row}
    assert (found <= set(columns)) != ("kept as" in stream.description)


def test_nothing_is_refused(full: FullRun) -> None:
    """No request of a full run is rejected, and none is sent twice without its reason."""
    assert [request for request in full.sim.requests if request.code != 0] == []
    sent = collections.Counter(
        (request.path, json.dumps(dict(request.params), sort_keys=True))
        for request in full.sim.requests
    )
    moving = {entry.stream_class.path for entry in STREAMS if entry.stream_class.objects_can_vanish}
    repeated = [(path, params) for (path, params), count in sent.items() if count > 1]
    # whether totals hold TopView ads is found out by one report of each account that has them
    findings = [params for path, params in repeated if path == REPORT_PATH]
    assert {path for path, _ in repeated} <= {*moving, REPORT_PATH}
    assert len(findings) <= 3 * len(full.sim.world.advertiser_ids)


def test_every_advertiser_has_rows(full: FullRun) -> None:
    """Each stream has rows of each advertiser, but for those of Business Centers as a whole."""
    without = []
    for name in NAMES:
        rows = full.messages.records[name]
        if "advertiser_id" not in full.messages.schemas[name]["schema"]["properties"]:
            without.append(name)
            assert {row["bc_id"] for row in rows} == set(full.sim.world.centers), name
            continue
        owners = {row["advertiser_id"] for row in rows}
        assert owners == set(full.sim.world.advertiser_ids), name
    assert without == [
        "business_centers",
        "bc_advertisers",
        "bc_transactions",
        "account_transactions",
        "catalogs",
    ]


def test_values(full: FullRun) -> None:
    """Numbers are numbers, days dates, times RFC 3339 in UTC, ids text."""
    row = full.messages.records["ad_performance_report"][0]
    assert isinstance(row["spend"], (int, float))
    assert isinstance(row["impressions"], int)
    assert isinstance(row["ad_id"], str)
    assert isinstance(row["campaign_id"], str)
    assert len(row["stat_time_day"]) == len("2026-01-01")
    campaigns = full.messages.records["campaigns"]
    assert all(campaign["create_time"].endswith("Z") for campaign in campaigns)
    assert full.messages.records["advertisers"][0]["create_time"].endswith("Z")
    ads = full.messages.records["ads"]
    assert {type(ad.get("page_id")) for ad in ads} <= {str, type(None)}
    audience = full.messages.records["custom_audiences"]
    assert {type(a["is_valid"]) for a in audience} <= {bool, type(None)}


def test_money_adds_up(full: FullRun) -> None:
    """The spend of the ads is the spend of their campaigns, to the cent, deleted ones included."""
    records = full.messages.records
    ads = sum(row["spend"] for row in records["ad_performance_report"])
    campaigns = sum(row["spend"] for row in records["campaign_performance_report"])
    assert ads > 0
    assert round(ads, 2) == round(campaigns, 2)


def test_top_view_is_listed_apart(full: FullRun) -> None:
    """Campaigns, ad groups and ads of TopView come by a listing of their own."""
    asked = {
        (
            request.path,
            json.loads(request.params.get("filtering", "{}")).get("buying_types") is None,
        )
        for request in full.sim.requests
        if request.path in {"/campaign/get/", "/adgroup/get/", "/ad/get/"}
    }
    assert len(asked) == 6


def test_smart_plus_listing_is_shared(full: FullRun) -> None:
    """The four Smart+ streams request each page of their common listing once."""
    pages = [r for r in full.sim.requests if r.path == "/smart_plus/ad/get/"]
    assert len(pages) == len(full.sim.world.advertiser_ids)


@pytest.mark.parametrize("sim", [{"no_smart_plus": True}], indirect=True)
def test_account_without_smart_plus(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """An account without Smart+ gives no rows of it, a warning for each stream, and no error."""
    names = [
        name
        for name in NAMES
        if name.startswith("smart_plus") and name not in NOT_OF_SMART_PLUS_ALONE
    ]
    others = {"pixels", *NOT_OF_SMART_PLUS_ALONE}
    messages = run(config_for(sim), streams=[*names, *others])
    assert set(messages.records) == others
    said = [record.name.split(".")[-1] for record in caplog.records if "Skip" in record.msg]
    assert said == sorted(names)


def test_deleted_objects_on_request(sim: Simulator) -> None:
    """Without `include_deleted` there are fewer campaigns, and less is spent."""
    streams = ["campaigns", "campaign_performance_report"]
    everything = run(config_for(sim), streams=streams).records
    alive = run(config_for(sim, include_deleted=False), streams=streams).records
    assert len(alive["campaigns"]) < len(everything["campaigns"])
    spend = [
        sum(row["spend"] for row in records["campaign_performance_report"])
        for records in (alive, everything)
    ]
    assert spend[0] < spend[1]


@pytest.mark.parametrize("sim", [{"unknown_fields": True}], indirect=True)
def test_unknown_fields_are_kept(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A field that the schema lacks is kept in the record, and said once for each stream."""
    messages = run(config_for(sim), streams=["campaigns"])
    columns = set(messages.schemas["campaigns"]["schema"]["properties"])
    extra = {column for row in messages.records["campaigns"] for column in row} - columns
    assert extra
    said = [text for text in caplog.messages if "not in the schema" in text]
    named = [name for text in said for name in text.split(": ")[1].rstrip(".").split(", ")]
    assert sorted(named) == sorted(extra)


def test_selection_is_pushed_down(sim: Simulator) -> None:
    """A metric that is not selected is neither asked for nor written; keys always are."""
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
    asked = {r.params["metrics"] for r in sim.requests if r.path == "/report/integrated/get/"}
    assert asked == {'["spend","clicks"]'}
    columns = {"advertiser_id", "campaign_id", "stat_time_day", "spend", "clicks"}
    rows = messages.records["campaign_performance_report"]
    assert rows
    assert all(set(row) == columns for row in rows)
    schema = messages.schemas["campaign_performance_report"]["schema"]
    assert set(schema["properties"]) == columns


def test_stream_maps_and_flattening(sim: Simulator) -> None:
    """Stream maps and flattening of the SDK work on the records."""
    config = config_for(
        sim,
        stream_maps={"campaigns": {"campaign_name": None, "label": "campaign_id + '!'"}},
        flattening_enabled=True,
        flattening_max_depth=1,
    )
    messages = run(config, streams=["campaigns", "custom_audiences"])
    for row in messages.records["campaigns"]:
        assert "campaign_name" not in row
        assert row["label"] == row["campaign_id"] + "!"
    assert "lookalike_spec__mobile_os" in messages.records["custom_audiences"][0]


def test_windows_cover_the_range_once(sim: Simulator) -> None:
    """Windows of a report are at most 30 days, and cover each advertiser's days once."""
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


def test_a_single_day(sim: Simulator) -> None:
    """A range of one day is read."""
    day = str(pendulum.now("UTC").subtract(days=3).date())
    config = config_for(sim, start_date=day, end_date=day)
    messages = run(config, streams=["ad_performance_report"])
    rows = messages.records["ad_performance_report"]
    expected = sim.world.expected(day, day, include_top_view=True)
    assert len(rows) == expected["ad_performance_report"] > 0
    assert {row["stat_time_day"] for row in rows} == {day}
