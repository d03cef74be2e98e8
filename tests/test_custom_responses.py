"""Custom streams with responses that the simulator never sends."""

from __future__ import annotations

import copy
import json
import typing as t

import jsonschema
import pytest
from conftest import answering, run

from tap_tiktok_ads.api.errors import ConfigError, ResponseError
from tap_tiktok_ads.extract import page_decoder, schemas
from tap_tiktok_ads.extract.casting import Caster

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Messages

    Data = dict[str, t.Any]

ADVERTISERS = {"list": [{"advertiser_id": name, "timezone": "UTC"} for name in ("1", "2")]}
ENTRY: dict[str, t.Any] = {
    "name": "mine",
    "url": "/thing/list/",
    "params": {"advertiser_id": "{advertiser_id}"},
}


def read(
    respond: Callable[[dict[str, str]], Data],
    state: dict[str, t.Any] | None = None,
    **changes: t.Any,
) -> Messages:
    """Run the entry with changes against a server with these responses."""
    with answering(respond) as (url, _):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "token",
            "advertiser_ids": ["1", "2"],
            "max_retries": 0,
            "custom_streams": [{**ENTRY, **changes}],
        }
        return run(config, ["mine"], state=state)


def list_of(*items: t.Any, **members: t.Any) -> Callable[[dict[str, str]], Data]:
    """Return a function that always responds with these items."""
    return lambda _: {"list": [*items], **members}


@pytest.mark.parametrize("data", [{}, {"list": []}, {"list": None}])
def test_empty_sample_is_logged(data: Data, caplog: pytest.LogCaptureFixture) -> None:
    """Without records no schema is inferred, which is logged and is not an error."""
    messages = read(lambda _: data, primary_keys=["id"], allow_missing_records=data != {"list": []})
    assert (messages.records, messages.failed) == ({}, [])
    assert "Cannot infer the columns of custom stream mine" in caplog.text


@pytest.mark.parametrize("data", [{}, {"list": None}])
def test_missing_list_is_damaged(data: Data) -> None:
    """A response without a list of records is damaged, unless the entry allows it."""
    schema = {"properties": {"id": {"type": "string"}}}
    messages = read(lambda _: data, primary_keys=["id"], schema=schema)
    assert messages.failed == [("mine", "1"), ("mine", "2")]


@pytest.mark.parametrize("invalid", [{"name": "b"}, {"id": None, "name": "b"}])
def test_record_without_key_is_dropped(invalid: Data, caplog: pytest.LogCaptureFixture) -> None:
    """A record without a key is dropped and logged."""
    messages = read(list_of({"id": "1", "name": "a"}, invalid), primary_keys=["id"])
    assert {record["id"] for record in messages.records["mine"]} == {"1"}
    assert "Stream mine has data that does not fit its schema: no usable value in id" in caplog.text


def test_duplicate_keys_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """Records with a duplicate key are dropped, and their number is logged."""
    respond = list_of({"kind": "x", "n": 1}, {"kind": "x", "n": 2}, {"kind": "y", "n": 3})
    assert len(read(respond, primary_keys=["kind"]).records["mine"]) == 2 * 2
    assert "left out 2 record(s): an earlier record has an equal kind" in caplog.text


@pytest.mark.parametrize("values", [[1, 2, 3], ["a", "b", "c"], [1.5, 2.5, 3.25]])
def test_replication_keys_are_numbers_or_texts(values: list[t.Any]) -> None:
    """Numbers and texts are compared without a conversion, also in later runs."""
    respond = list_of(*({"id": str(value), "at": value} for value in values))
    entry: dict[str, t.Any] = {"primary_keys": ["id"], "replication_key": "at"}
    first = read(respond, **entry)
    assert len(first.records["mine"]) == 2 * 3
    second = read(respond, state=first.state, **entry)
    assert [record["at"] for record in second.records["mine"]] == [values[-1]] * 2
    assert second.state == first.state


@pytest.mark.parametrize(("values", "bookmark"), [([1, 2], "a"), (["a", "b"], 7), ([1, 2], [3])])
def test_bookmark_of_another_type_is_ignored(
    values: list[t.Any], bookmark: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A bookmark of another type is ignored with a warning, so all records are read."""
    respond = list_of(*({"id": str(value), "at": value} for value in values))
    entry: dict[str, t.Any] = {"primary_keys": ["id"], "replication_key": "at"}
    first = read(respond, **entry)
    state = json.loads(json.dumps(first.state))
    for partition in state["bookmarks"]["mine"]["partitions"]:
        partition["replication_key_value"] = bookmark
    second = read(respond, state=state, **entry)
    assert second.records == first.records
    assert second.state == first.state
    assert "Cannot use the state of stream mine, advertiser 1" in caplog.text


@pytest.mark.parametrize("values", [[1, "a"], [{"a": 1}, {"a": 2}]])
def test_mixed_replication_keys_are_an_error(values: list[t.Any]) -> None:
    """Replication keys of several types end the run with one sentence."""
    schema = {"properties": {"id": {"type": "string"}, "at": {}}}
    respond = list_of(*({"id": str(number), "at": at} for number, at in enumerate(values)))
    with pytest.raises(ResponseError, match=r"cannot be compared: at has an? .*, id has a string"):
        read(respond, primary_keys=["id"], replication_key="at", schema=schema)


CURSOR = {
    "type": "cursor",
    "cursor_path": "$.data.next",
    "has_more_path": "$.data.more",
    "parameter": "cursor",
}


def paged(query: dict[str, str]) -> Data:
    """Return one of three pages with a cursor."""
    number = int(query.get("cursor", "1"))
    has_more = number < 3
    return {"list": [{"id": str(number)}], "next": str(number + 1), "more": str(has_more).lower()}


def test_cursors_read_all_pages() -> None:
    """Cursors lead through all pages, also if `has_more` is text."""
    messages = read(paged, pagination=CURSOR, primary_keys=["id"])
    assert [record["id"] for record in messages.records["mine"]] == ["1", "2", "3"] * 2


@pytest.mark.parametrize(
    "respond",
    [
        lambda query: {
            "list": [{"id": query.get("cursor", "1")}],
            "next": "b" if query.get("cursor") == "a" else "a",
            "more": True,
        },
        list_of({"id": "1"}, more=True),
        list_of({"id": "1"}, more=True, next="same"),
    ],
    ids=["a cycle", "no cursor", "always the same"],
)
def test_invalid_cursor_is_an_error(respond: Callable[[dict[str, str]], Data]) -> None:
    """More pages without a new cursor are an error, not an early end or an endless loop."""
    with pytest.raises(ResponseError, match="no new cursor"):
        read(respond, pagination=CURSOR)


def test_total_page_reads_all_pages() -> None:
    """`total_page` alone leads through all pages."""

    def respond(query: dict[str, str]) -> Data:
        page = query.get("page", "1")
        return {"list": [{"id": page}], "page_info": {"page": int(page), "total_page": 3}}

    assert [record["id"] for record in read(respond).records["mine"]] == ["1", "2", "3"] * 2


def test_unread_pages_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Without pagination, a response with more pages is logged."""
    info = {"page": 1, "total_page": 2, "page_size": 1, "total_number": 2}
    assert len(read(list_of({"id": "1"}, page_info=info), pagination="none").records["mine"]) == 2
    assert "'pagination' is none" in caplog.text


def test_records_path_of_a_list_means_its_items() -> None:
    """The path of a list means its items."""
    respond = list_of({"id": "1"}, {"id": "2"})
    messages = read(respond, records_path="$.data.list")
    assert [record["id"] for record in messages.records["mine"]] == ["1", "2"] * 2


def test_url_values_are_quoted() -> None:
    """A value in a URL is quoted, and a value of dots is an error."""
    entry = {
        **ENTRY,
        "url": "/thing/{for_each.value}/",
        "for_each": ["a/b?c=d#e", "x"],
        "schema": {"properties": {"id": {"type": "string"}}},
    }
    with answering(list_of({"id": "1"})) as (url, paths):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "t",
            "advertiser_ids": ["1"],
        }
        run({**config, "custom_streams": [entry]}, ["mine"])
        assert "/open_api/v1.3/thing/a%2Fb%3Fc%3Dd%23e/?advertiser_id=1" in paths
        with pytest.raises(
            ConfigError,
            match=r"Custom stream 'mine', macro \{for_each.value\}: .* cannot be used in a URL",
        ):
            run({**config, "custom_streams": [{**entry, "for_each": [".."]}]}, ["mine"])


def test_too_many_lookup_combinations_are_an_error() -> None:
    """Lookups with too many combinations are an error."""
    lookups = {"first": list(range(400)), "second": list(range(400))}
    macros = {"a": "{first.value}", "b": "{second.value}"}
    entry = {"lookups": lookups, "params": {**ENTRY["params"], **macros}}
    with pytest.raises(ConfigError, match="160,000 requests"):
        read(list_of(), schema={"properties": {}}, **entry)


def test_unknown_lookup_column_is_an_error() -> None:
    """A lookup column that no record of another custom stream has is an error."""
    source = {**ENTRY, "name": "source"}
    params = {**ENTRY["params"], "x": "{source.idd}"}
    schema = {"properties": {"id": {"type": "string"}}}
    entry = {**ENTRY, "for_each": "source.idd", "params": params, "schema": schema}
    with answering(list_of({"id": "1"})) as (url, _):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "t",
            "advertiser_ids": ["1"],
        }
        with pytest.raises(ConfigError, match=r"has no column .idd.: did you mean .id.\?"):
            run({**config, "custom_streams": [source, entry]}, ["mine"])


def test_long_numbers_are_inferred_as_numbers() -> None:
    """A number with more digits than a float is inferred as a number."""
    record = page_decoder.decode_record(
        b'{"x":12345678901234567890.12,"y":[0.12345678901234567890]}'
    )
    columns = schemas.infer_schema([record])["properties"]
    assert columns["x"]["type"] == ["number", "null"]
    assert columns["y"]["items"]["type"] == ["number", "null"]


@pytest.mark.parametrize(
    ("records_path", "metadata_path", "expected"),
    [
        ("$.data.list[*].events[*]", "$.data.list[*].id", ["a", "a", "b"]),
        ("$.data.list[?(@.id)].events[*]", "$.data.list[?(@.id)].events[*].n", ["1", "2", "3"]),
        ("$.data.list[1].events[*]", "$.data.list[1].events[*].n", ["3"]),
        ("$.data.list[*].events[*]", "$.data.list[0].id", ["a", "a", "a"]),
        ("$..events[*]", "$.data.list[*].id", ["a", "a", "a"]),
        ("$.data.list[0].events", "$.data.list[*].id", ["a", "a"]),
    ],
)
def test_metadata_of_the_parent(records_path: str, metadata_path: str, expected: list[str]) -> None:
    """A metadata path that begins like the path of the records is that of each record's parent."""
    pixels = [{"id": "a", "events": [{"n": "1"}, {"n": "2"}]}, {"id": "b", "events": [{"n": "3"}]}]
    messages = read(
        list_of(*pixels),
        records_path=records_path,
        metadata_path={"from": metadata_path},
        pagination="none",
    )
    records = [record for record in messages.records["mine"] if record["advertiser_id"] == "1"]
    assert [record["from"] for record in records] == expected


TEXT = {"type": ["string", "null"]}
INTEGER = {"type": ["integer", "null"]}
OBJECT = {"type": ["object", "null"], "properties": {"a": INTEGER}}
LIST = {"type": ["array", "null"], "items": INTEGER}


@pytest.mark.parametrize(
    ("sample", "column", "later", "expected"),
    [
        pytest.param([None, {"a": 1}], OBJECT, "x", None, id="null and object"),
        pytest.param(["", {"a": 1}], OBJECT, {"a": "2"}, {"a": 2}, id="empty text and object"),
        pytest.param([None, [1]], LIST, "2", [2], id="null and list"),
        pytest.param(["", 1], INTEGER, "2", 2, id="empty text and integer"),
        pytest.param([None, ""], TEXT, {"b": [1]}, '{"b":[1]}', id="no value"),
        pytest.param([{"a": 1}, "x", None], TEXT, {"a": 2}, '{"a":2}', id="object and text"),
        pytest.param([[1], 5], TEXT, [2], "[2]", id="list and integer"),
        pytest.param([{"a": 1}, [1]], TEXT, [{"a": 1}], '[{"a":1}]', id="object and list"),
        pytest.param([True, 3], TEXT, True, "true", id="boolean and integer"),
        pytest.param([{}], {"type": ["object", "null"]}, [1], None, id="object without members"),
        pytest.param(
            [[None, {"a": 1}]], {**LIST, "items": OBJECT}, [None], [None], id="null in a list"
        ),
        pytest.param(
            [[{"a": 1}, 5]], {**LIST, "items": TEXT}, [5], ["5"], id="object and integer in a list"
        ),
        pytest.param([[[1], [1, 2]]], {**LIST, "items": TEXT}, [[3]], ["[3]"], id="list of lists"),
    ],
)
def test_inferred_column_has_one_type(
    sample: list[t.Any], column: dict[str, t.Any], later: t.Any, expected: t.Any
) -> None:
    """A column has one type and null, in the schema, in the sample and in later records.

    Databases have no column for `anyOf`.
    """
    schema = schemas.infer_schema([{"c": value} for value in sample])
    assert schema["properties"]["c"] == column
    records = [{"c": value} for value in copy.deepcopy([*sample, later])]
    typed = list(Caster(schema).records(records))
    assert [record["c"] for record in typed][-1] == expected
    for record in typed:
        jsonschema.validate(record, schema)


def test_inferred_metric_of_several_types_is_text() -> None:
    """A column with the name of a metric is text if its values are objects and texts."""
    schema = schemas.infer_schema([{"spend": {"a": 1}}, {"spend": "x"}])
    assert schema["properties"]["spend"] == TEXT
