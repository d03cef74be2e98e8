"""Catalogs: deselected columns, and types that differ from the stream."""

from __future__ import annotations

import contextlib
import copy
import json
import typing as t
import urllib.parse

import pytest
from conftest import Collector, answering, catalog_of, config_at

from tap_tiktok_ads.api.errors import ConfigError, IncompleteError
from tap_tiktok_ads.extract.schema_overrides import UnsupportedTypeError, overridden_schema
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Messages

    Entry = dict[str, t.Any]

REPORT = "campaign_performance_report"
CAMPAIGN = {
    "campaign_id": "7",
    "campaign_name": "a",
    "budget": 5.5,
    "modify_time": "2026-01-31 10:11:12",
    "new_field": "kept",
}
DAY = {"campaign_id": "7", "stat_time_day": "2026-11-01 00:00:00"}


def sync(
    stream: str,
    record: dict[str, t.Any],
    change: Callable[[Entry], None],
    **settings: t.Any,
) -> tuple[Messages, list[dict[str, str]]]:
    """Return the messages and the queries of a run with a changed catalog entry."""
    data = {"list": [record], "page_info": {"total_number": 1}}
    empty = {"list": [], "page_info": {"total_number": 0}}
    collector = Collector()
    with answering(lambda query: empty if "TOP_VIEW" in str(query) else data) as (url, paths):
        config = config_at(url, max_retries=0, **settings)
        catalog = catalog_of(config, [stream], alone=True)
        change(catalog["streams"][0])
        tap = TapTikTokAds(
            config=config, catalog=catalog, message_writer=collector, selected_only=True
        )
        with contextlib.suppress(IncompleteError):
            tap.run()
    queries = [dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query)) for path in paths]
    return collector.messages, queries


def without(*columns: str, metadata: bool = False) -> Callable[[Entry], None]:
    """Return a change that removes columns from the schema, and optionally from the metadata."""

    def change(entry: Entry) -> None:
        for column in columns:
            del entry["schema"]["properties"][column]
        if metadata:
            entry["metadata"] = [
                item
                for item in entry["metadata"]
                if not item["breadcrumb"] or item["breadcrumb"][-1] not in columns
            ]

    return change


def deselected(*columns: str) -> Callable[[Entry], None]:
    """Return a change that deselects columns."""

    def change(entry: Entry) -> None:
        for item in entry["metadata"]:
            if item["breadcrumb"][-1:] and item["breadcrumb"][-1] in columns:
                item["metadata"]["selected"] = False

    return change


def with_type(column: str, schema: dict[str, t.Any]) -> Callable[[Entry], None]:
    """Return a change that gives a column another schema."""

    def change(entry: Entry) -> None:
        entry["schema"]["properties"][column] = schema

    return change


LEFT_OUT = [
    pytest.param(without, id="removed from the schema"),
    pytest.param(
        lambda *columns: without(*columns, metadata=True), id="removed from schema and metadata"
    ),
    pytest.param(deselected, id="deselected"),
]


@pytest.mark.parametrize("leave_out", LEFT_OUT)
@pytest.mark.parametrize("is_mapped", [False, True])
def test_deselected_columns_are_not_written(leave_out: t.Any, is_mapped: bool) -> None:
    """Deselected columns are not written, and unknown fields are kept."""
    settings = {"stream_maps": {"campaigns": {"x": "campaign_id"}}} if is_mapped else {}
    messages, _ = sync("campaigns", CAMPAIGN, leave_out("campaign_name"), **settings)
    (record,) = messages.records["campaigns"]
    assert "campaign_name" not in record
    assert record["new_field"] == "kept"
    assert "campaign_name" not in messages.schemas["campaigns"]["schema"]["properties"]


THINGS = {
    "name": "things",
    "url": "/thing/get/",
    "params": {"advertiser_id": "{advertiser_id}"},
    "primary_keys": ["id"],
}


@pytest.mark.parametrize("leave_out", LEFT_OUT)
@pytest.mark.parametrize("schema", [{"id": {"type": "string"}, "email": {"type": "string"}}, None])
def test_deselected_email_is_not_written(leave_out: t.Any, schema: Entry | None) -> None:
    """A deselected e-mail address of a custom stream is not written."""
    definition = {**THINGS, **({"schema": {"properties": schema}} if schema else {})}
    record = {"id": "1", "email": "a@example.com", "name": "n"}
    messages, _ = sync("things", record, leave_out("email"), custom_streams=[definition])
    assert [written["id"] for written in messages.records["things"]] == ["1"]
    assert "example.com" not in json.dumps(messages.all)


@pytest.mark.parametrize("leave_out", LEFT_OUT)
def test_deselected_metrics_are_not_requested(leave_out: t.Any) -> None:
    """A deselected metric is neither requested nor written."""
    record = {"dimensions": DAY, "metrics": {"spend": "1.5", "clicks": "3"}}
    messages, queries = sync(REPORT, record, leave_out("clicks", "ctr"))
    (written,) = messages.records[REPORT]
    assert "clicks" not in written
    assert written["spend"] == 1.5
    requested = [json.loads(query["metrics"]) for query in queries if "metrics" in query]
    assert requested
    assert not any({"clicks", "ctr"} & set(metrics) for metrics in requested)


def test_required_metric_is_not_written() -> None:
    """If no metric is selected, the metric that TikTok requires is requested but not written."""
    record = {"dimensions": DAY, "metrics": {"clicks": "3", "impressions": "4"}}
    messages, queries = sync(
        REPORT,
        record,
        deselected("clicks", "impressions"),
        report_metrics={REPORT: ["clicks", "impressions"]},
    )
    (written,) = messages.records[REPORT]
    columns = {"advertiser_id", "is_top_view", "is_final", "campaign_id", "stat_time_day"}
    assert set(written) == columns
    assert {query["metrics"] for query in queries if "metrics" in query} == {'["clicks"]'}


@pytest.mark.parametrize("change", [without("campaign_id"), deselected("campaign_id")])
def test_keys_are_always_written(change: Callable[[Entry], None]) -> None:
    """A deselected key column is in the SCHEMA message and in the records."""
    messages, _ = sync("campaigns", CAMPAIGN, change)
    assert messages.records["campaigns"][0]["campaign_id"] == "7"
    assert "campaign_id" in messages.schemas["campaigns"]["schema"]["properties"]


@pytest.mark.parametrize("kind", ["object", "array"])
def test_deselected_nested_columns_are_not_written(kind: str) -> None:
    """A nested column that the catalog's schema lacks is not written."""
    inner = {
        "type": ["object", "null"],
        "properties": {"email": {"type": ["string", "null"]}, "n": {"type": ["number", "null"]}},
    }
    column = inner if kind == "object" else {"type": ["array", "null"], "items": inner}
    definition = {
        **THINGS,
        "schema": {"properties": {"id": {"type": "string"}, "nested": column}},
    }
    value = {"email": "a@example.com", "n": "1"}

    def change(entry: Entry) -> None:
        nested = entry["schema"]["properties"]["nested"]
        del (nested if kind == "object" else nested["items"])["properties"]["email"]

    record = {"id": "1", "nested": value if kind == "object" else [value]}
    messages, _ = sync("things", record, change, custom_streams=[definition])
    assert "example.com" not in json.dumps(messages.all)
    (written,) = messages.records["things"]
    assert written["nested"] == ({"n": 1.0} if kind == "object" else [{"n": 1.0}])


@pytest.mark.parametrize(
    ("stream", "record", "column", "schema", "expected"),
    [
        ("campaigns", CAMPAIGN, "budget", {"type": ["string", "null"]}, "5.5"),
        ("campaigns", {**CAMPAIGN, "budget": 5}, "budget", {"type": ["integer", "null"]}, 5),
        (
            "campaigns",
            {**CAMPAIGN, "create_time": "x"},
            "create_time",
            {"type": ["string", "null"]},
            "x",
        ),
        ("campaigns", {**CAMPAIGN, "budget": {"a": 1}}, "budget", {}, {"a": 1}),
        (
            REPORT,
            {"dimensions": DAY, "metrics": {"clicks": "3"}},
            "clicks",
            {"type": ["string", "null"]},
            "3",
        ),
        (
            REPORT,
            {"dimensions": DAY, "metrics": {"clicks": "1.5"}},
            "clicks",
            {"type": ["number", "null"]},
            1.5,
        ),
    ],
)
def test_catalog_types_are_applied(
    stream: str, record: dict[str, t.Any], column: str, schema: dict[str, t.Any], expected: t.Any
) -> None:
    """Values have the type of the catalog, which is also in the SCHEMA message."""
    messages, _ = sync(stream, record, with_type(column, schema))
    (written,) = [row for row in messages.records[stream] if not row.get("is_top_view")]
    assert written[column] == expected
    declared = messages.schemas[stream]["schema"]["properties"][column]
    assert declared.get("type") == schema.get("type")


@pytest.mark.parametrize(
    ("stream", "column", "schema", "stream_type", "catalog_type"),
    [
        ("campaigns", "campaign_id", {"type": "integer"}, "string", "integer"),
        ("campaigns", "budget", {"type": ["object", "null"]}, "number or null", "object or null"),
        ("campaigns", "budget", {"type": "number"}, "number or null", "number"),
        (
            "campaigns",
            "modify_time",
            {"type": ["string", "null"]},
            "string or null (date-time)",
            "string or null",
        ),
        (
            "campaigns",
            "campaign_name",
            {"type": ["string", "null"], "format": "uuid"},
            "string or null",
            "string or null (uuid)",
        ),
        (REPORT, "clicks", {"anyOf": [{"type": "integer"}]}, "integer or null", "anyOf"),
    ],
)
def test_unsupported_catalog_type_is_an_error(
    stream: str, column: str, schema: dict[str, t.Any], stream_type: str, catalog_type: str
) -> None:
    """An unsupported type is an error before the first request, with stream, column and types."""
    config = config_at("http://127.0.0.1:9")
    catalog = catalog_of(config, [stream], alone=True)
    with_type(column, schema)(catalog["streams"][0])
    with pytest.raises(ConfigError) as failure:
        TapTikTokAds(config=config, catalog=catalog, selected_only=True)
    expected = f"column {column!r} of stream {stream!r} has the type {stream_type}, which"
    assert expected in str(failure.value)
    assert f"cannot become {catalog_type}." in str(failure.value)


TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}
OBJECT = {"type": ["object", "null"], "properties": {"n": NUMBER, "s": TEXT}}


@pytest.mark.parametrize(
    ("stream_type", "catalog_type", "expected"),
    [
        (TEXT, TEXT, TEXT),
        (NUMBER, TEXT, TEXT),
        (TEXT, NUMBER, NUMBER),
        (OBJECT, TEXT, TEXT),
        (TEXT, OBJECT, None),
        (TEXT, {"type": ["string", "integer", "null"]}, None),
        (TEXT, {"type": "null"}, None),
        ({"type": ["boolean", "null"]}, NUMBER, None),
        ({**TEXT, "format": "date-time"}, NUMBER, None),
        ({}, NUMBER, None),
        (TEXT, {}, {}),
        (TEXT, {**TEXT, "description": "x"}, {**TEXT, "description": "x"}),
        (OBJECT, {"type": ["object", "null"]}, OBJECT),
        (
            OBJECT,
            {"type": ["object", "null"], "properties": {"n": TEXT}},
            {"type": ["object", "null"], "properties": {"n": TEXT, "s": False}},
        ),
        (
            {"type": ["array", "null"], "items": NUMBER},
            {"type": ["array", "null"], "items": OBJECT},
            None,
        ),
    ],
)
def test_overridden_schema(stream_type: Entry, catalog_type: Entry, expected: Entry | None) -> None:
    """A catalog type is applied if every value can be converted to it."""
    schemas = [
        {"properties": {"c": copy.deepcopy(column_type)}}
        for column_type in (stream_type, catalog_type)
    ]
    if expected is None and stream_type != {}:
        with pytest.raises(UnsupportedTypeError, match="c"):
            overridden_schema(schemas[0], schemas[1], ())
        return
    column = overridden_schema(schemas[0], schemas[1], ())["properties"]["c"]
    assert column == (catalog_type if stream_type == {} else expected)


def test_columns_of_either_schema_are_kept() -> None:
    """A column that only the stream or only the catalog has is kept."""
    schema = overridden_schema({"properties": {"a": TEXT}}, {"properties": {"b": NUMBER}}, ["a"])
    assert schema == {"properties": {"a": TEXT, "b": NUMBER}}


# Entries


def with_metadata(**members: t.Any) -> Callable[[Entry], None]:
    """Return a change that adds members to the metadata of the stream."""

    def change(entry: Entry) -> None:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"] |= {
                    name.replace("_", "-"): value for name, value in members.items()
                }

    return change


def applies_bookmark(change: Callable[[Entry], None]) -> bool:
    """Return True if a run of campaigns drops the record that is older than the bookmark."""
    data = {"list": [CAMPAIGN], "page_info": {"total_number": 1}}
    empty = {"list": [], "page_info": {"total_number": 0}}
    state = {
        "bookmarks": {
            "campaigns": {
                "partitions": [
                    {
                        "context": {"advertiser_id": "1"},
                        "replication_key": "modify_time",
                        "replication_key_value": "2026-06-01T00:00:00Z",
                    }
                ]
            }
        }
    }
    collector = Collector()
    with answering(lambda query: empty if "TOP_VIEW" in str(query) else data) as (url, _):
        config = config_at(url)
        catalog = catalog_of(config, ["campaigns"], alone=True)
        change(catalog["streams"][0])
        TapTikTokAds(
            config=config,
            catalog=catalog,
            state=state,
            message_writer=collector,
            selected_only=True,
        ).run()
    return not collector.messages.records["campaigns"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, True),
        ({"replication_method": "INCREMENTAL"}, True),
        ({"replication_method": "FULL_TABLE"}, False),
        ({"forced_replication_method": "FULL_TABLE"}, False),
        (
            {"replication_method": "FULL_TABLE", "forced_replication_method": "INCREMENTAL"},
            False,
        ),
    ],
)
def test_replication_method_of_the_metadata(metadata: dict[str, str], expected: bool) -> None:
    """The replication method in the metadata overrides the discovered method, in both spellings."""
    assert applies_bookmark(with_metadata(**metadata)) is expected


def test_unknown_replication_method_is_an_error() -> None:
    """An unknown replication method is an error that names the stream."""
    catalog = catalog_of({}, ["campaigns"], alone=True)
    with_metadata(replication_method="LOG_BASED")(catalog["streams"][0])
    with pytest.raises(ConfigError, match=r"'campaigns' must be one of .*, got 'LOG_BASED'"):
        TapTikTokAds(config=config_at("http://127.0.0.1:9"), catalog=catalog)


@pytest.mark.parametrize("settings", [{}, {"stream_maps": {"campaigns": {"x": "campaign_id"}}}])
def test_stream_alias_is_used_in_messages(settings: dict[str, t.Any]) -> None:
    """`stream` is the name in the messages, and `tap_stream_id` selects the stream."""
    messages, _ = sync("campaigns", CAMPAIGN, lambda entry: entry.update(stream="mine"), **settings)
    assert set(messages.records) == {"mine"}
    assert set(messages.schemas) == {"mine"}
    assert messages.records["mine"][0]["campaign_id"] == "7"
    assert "campaigns" in messages.state["bookmarks"]


def test_unknown_stream_in_catalog_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """A warning names an unknown stream and the closest name. Other streams are read."""
    catalog = catalog_of({}, ["campaigns"], alone=True)
    unknown = copy.deepcopy(catalog["streams"][0]) | {"tap_stream_id": "campaignz", "stream": "c"}
    catalog["streams"].append(unknown)
    tap = TapTikTokAds(config=config_at("http://127.0.0.1:9"), catalog=catalog, selected_only=True)
    assert list(tap.streams) == ["campaigns"]
    (warning,) = [text for text in caplog.messages if "does not exist" in text]
    assert "'campaignz'" in warning
    assert "Did you mean 'campaigns'?" in warning


@pytest.mark.parametrize(
    ("change", "is_warned", "keys"),
    [
        (lambda _: None, False, ["advertiser_id", "campaign_id"]),
        (
            lambda entry: entry.update(key_properties=["campaign_id", "advertiser_id"]),
            False,
            ["campaign_id", "advertiser_id"],
        ),
        (lambda entry: entry.pop("key_properties"), False, ["advertiser_id", "campaign_id"]),
        (lambda entry: entry.update(key_properties=["campaign_id"]), True, ["campaign_id"]),
        (lambda entry: entry.update(key_properties=[]), True, []),
        (
            with_metadata(table_key_properties=["campaign_name"]),
            True,
            ["advertiser_id", "campaign_id"],
        ),
    ],
)
def test_catalog_keys_override_stream_keys(
    change: Callable[[Entry], None],
    is_warned: bool,
    keys: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Key properties of the catalog override the keys of the stream, with a warning."""
    messages, _ = sync("campaigns", CAMPAIGN, change)
    assert messages.schemas["campaigns"]["key_properties"] == keys
    assert len(messages.records["campaigns"]) == 1
    assert ("the stream has the keys ['advertiser_id', 'campaign_id']" in caplog.text) is is_warned


def test_key_without_column_is_an_error() -> None:
    """A key property that is not a column is an error at the start."""
    catalog = catalog_of({}, ["campaigns"], alone=True)
    catalog["streams"][0]["key_properties"] = ["nothing"]
    with pytest.raises(ConfigError, match="key 'nothing' of stream 'campaigns'"):
        TapTikTokAds(config=config_at("http://127.0.0.1:9"), catalog=catalog)


@pytest.mark.parametrize("name", ["flattening_max_depth", "flattening_max_key_length"])
def test_negative_flattening_is_an_error(name: str) -> None:
    """A negative flattening limit is an error."""
    config = config_at("http://127.0.0.1:9", flattening_enabled=True, **{name: -3})
    with pytest.raises(ConfigError, match=f"'{name}' must be 0 or more, got -3"):
        TapTikTokAds(config=config)
