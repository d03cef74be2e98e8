"""Custom streams against answers that the simulator never gives."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import answering, run

from tap_tiktok_ads.api.errors import ConfigError, ResponseError
from tap_tiktok_ads.extract import page_decoder, schemas

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
    answer: Callable[[dict[str, str]], Data],
    state: dict[str, t.Any] | None = None,
    **changes: t.Any,
) -> Messages:
    """Run the entry with changes against these answers."""
    with answering(answer) as (url, _):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "token",
            "advertiser_ids": ["1", "2"],
            "max_retries": 0,
            "custom_streams": [{**ENTRY, **changes}],
        }
        return run(config, ["mine"], state=state)


def rows(*found: t.Any, **more: t.Any) -> Callable[[dict[str, str]], Data]:
    """The same list in every answer."""
    return lambda _: {"list": [*found], **more}


@pytest.mark.parametrize("data", [{}, {"list": []}, {"list": None}])
def test_an_empty_sample(data: Data, caplog: pytest.LogCaptureFixture) -> None:
    """Without records there are no columns to infer, which is logged, and no error."""
    messages = read(lambda _: data, primary_keys=["id"], allow_missing_records=data != {"list": []})
    assert (messages.records, messages.failed) == ({}, [])
    assert "No rows of mine yet" in caplog.text


@pytest.mark.parametrize("data", [{}, {"list": None}])
def test_missing_records(data: Data) -> None:
    """A response without an array of records is damaged, unless the definition allows it."""
    schema = {"properties": {"id": {"type": "string"}}}
    messages = read(lambda _: data, primary_keys=["id"], schema=schema)
    assert messages.failed == [("mine", "1"), ("mine", "2")]


@pytest.mark.parametrize("row", [{"name": "b"}, {"id": None, "name": "b"}])
def test_a_row_without_its_key(row: Data, caplog: pytest.LogCaptureFixture) -> None:
    """Records without a key are left out and reported: all of them would become one."""
    messages = read(rows({"id": "1", "name": "a"}, row), primary_keys=["id"])
    assert {one["id"] for one in messages.records["mine"]} == {"1"}
    assert "Cannot write a record of mine: no usable value in id" in caplog.text


def test_rows_with_the_same_key(caplog: pytest.LogCaptureFixture) -> None:
    """What is left out because its key came before is counted and said."""
    answer = rows({"kind": "x", "n": 1}, {"kind": "x", "n": 2}, {"kind": "y", "n": 3})
    assert len(read(answer, primary_keys=["kind"]).records["mine"]) == 2 * 2
    assert "2 row(s) left out because an earlier row has the same kind" in caplog.text


@pytest.mark.parametrize("values", [[1, 2, 3], ["a", "b", "c"], [1.5, 2.5, 3.25]])
def test_replication_keys_of_other_kinds(values: list[t.Any]) -> None:
    """Numbers and texts are compared as they are, in later runs, too."""
    answer = rows(*({"id": str(value), "at": value} for value in values))
    entry: dict[str, t.Any] = {"primary_keys": ["id"], "replication_key": "at"}
    first = read(answer, **entry)
    assert len(first.records["mine"]) == 2 * 3
    again = read(answer, state=first.state, **entry)
    assert [row["at"] for row in again.records["mine"]] == [values[-1]] * 2
    assert again.state == first.state


@pytest.mark.parametrize(("values", "bookmark"), [([1, 2], "a"), (["a", "b"], 7), ([1, 2], [3])])
def test_a_bookmark_of_another_type(
    values: list[t.Any], bookmark: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A bookmark that cannot be compared is ignored with a warning: all is read."""
    answer = rows(*({"id": str(value), "at": value} for value in values))
    entry: dict[str, t.Any] = {"primary_keys": ["id"], "replication_key": "at"}
    first = read(answer, **entry)
    state = json.loads(json.dumps(first.state))
    for partition in state["bookmarks"]["mine"]["partitions"]:
        partition["replication_key_value"] = bookmark
    again = read(answer, state=state, **entry)
    assert again.records == first.records
    assert again.state == first.state
    assert "'replication_key_value' of mine, advertiser 1" in caplog.text


@pytest.mark.parametrize("values", [[1, "a"], [{"a": 1}, {"a": 2}]])
def test_replication_keys_that_cannot_be_compared(values: list[t.Any]) -> None:
    """Values of several kinds end the run with one sentence."""
    schema = {"properties": {"id": {"type": "string"}, "at": {}}}
    answer = rows(*({"id": str(number), "at": at} for number, at in enumerate(values)))
    with pytest.raises(ResponseError, match="Cannot compare the records"):
        read(answer, primary_keys=["id"], replication_key="at", schema=schema)


CURSOR = {
    "type": "cursor",
    "cursor_path": "$.data.next",
    "has_more_path": "$.data.more",
    "parameter": "cursor",
}


def paged(query: dict[str, str]) -> Data:
    """Three pages by cursors."""
    number = int(query.get("cursor", "1"))
    more = number < 3
    return {"list": [{"id": str(number)}], "next": str(number + 1), "more": str(more).lower()}


def test_cursors_lead_through_all_pages() -> None:
    """`has_more` may be text, as the simulator's booleans in reports are."""
    messages = read(paged, pagination=CURSOR, primary_keys=["id"])
    assert [row["id"] for row in messages.records["mine"]] == ["1", "2", "3"] * 2


@pytest.mark.parametrize(
    "answer",
    [
        lambda query: {
            "list": [{"id": query.get("cursor", "1")}],
            "next": "b" if query.get("cursor") == "a" else "a",
            "more": True,
        },
        rows({"id": "1"}, more=True),
        rows({"id": "1"}, more=True, next="same"),
    ],
    ids=["a cycle", "no cursor", "always the same"],
)
def test_cursors_that_lead_nowhere(answer: Callable[[dict[str, str]], Data]) -> None:
    """More pages without a way to them is an error; a listing neither ends early nor never."""
    with pytest.raises(ResponseError, match="has no further cursor"):
        read(answer, pagination=CURSOR)


def test_a_total_without_a_size() -> None:
    """`total_page` alone leads through all pages."""

    def answer(query: dict[str, str]) -> Data:
        page = query.get("page", "1")
        return {"list": [{"id": page}], "page_info": {"page": int(page), "total_page": 3}}

    assert [row["id"] for row in read(answer).records["mine"]] == ["1", "2", "3"] * 2


def test_pages_that_are_not_read(caplog: pytest.LogCaptureFixture) -> None:
    """Without pagination, the answer's own word that there are more pages is passed on."""
    info = {"page": 1, "total_page": 2, "page_size": 1, "total_number": 2}
    assert len(read(rows({"id": "1"}, page_info=info), pagination="none").records["mine"]) == 2
    assert "has more pages than the one that is read" in caplog.text


def test_a_path_to_the_list_itself() -> None:
    """The path of a list stands for its items."""
    answer = rows({"id": "1"}, {"id": "2"})
    messages = read(answer, records_path="$.data.list")
    assert [row["id"] for row in messages.records["mine"]] == ["1", "2"] * 2


def test_values_cannot_leave_the_path() -> None:
    """A value in a URL is a part of a path: it is quoted, and dots alone are refused."""
    entry = {
        **ENTRY,
        "url": "/thing/{for_each.value}/",
        "for_each": ["a/b?c=d#e", "x"],
        "schema": {"properties": {"id": {"type": "string"}}},
    }
    with answering(rows({"id": "1"})) as (url, asked):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "t",
            "advertiser_ids": ["1"],
        }
        run({**config, "custom_streams": [entry]}, ["mine"])
        assert "/open_api/v1.3/thing/a%2Fb%3Fc%3Dd%23e/?advertiser_id=1" in asked
        with pytest.raises(ConfigError, match="cannot stand in a url"):
            run({**config, "custom_streams": [{**entry, "for_each": [".."]}]}, ["mine"])


def test_too_many_combinations() -> None:
    """Look-ups whose product would fill the memory are refused."""
    many = {"first": list(range(400)), "second": list(range(400))}
    macros = {"a": "{first.value}", "b": "{second.value}"}
    entry = {"lookups": many, "params": {**ENTRY["params"], **macros}}
    with pytest.raises(ConfigError, match="160,000 requests"):
        read(rows(), schema={"properties": {}}, **entry)


def test_a_column_that_no_row_of_the_source_has() -> None:
    """A typo in the field of another custom stream is an error, not an empty result."""
    source = {**ENTRY, "name": "source"}
    params = {**ENTRY["params"], "x": "{source.idd}"}
    schema = {"properties": {"id": {"type": "string"}}}
    entry = {**ENTRY, "for_each": "source.idd", "params": params, "schema": schema}
    with answering(rows({"id": "1"})) as (url, _):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "t",
            "advertiser_ids": ["1"],
        }
        with pytest.raises(ConfigError, match=r"has no column .idd.: did you mean .id.\?"):
            run({**config, "custom_streams": [source, entry]}, ["mine"])


def test_columns_of_long_numbers() -> None:
    """A number that no float holds is one for the schema that is inferred, too."""
    row = page_decoder.decode_record(b'{"x":12345678901234567890.12,"y":[0.12345678901234567890]}')
    columns = schemas.infer_schema([row])["properties"]
    assert columns["x"]["type"] == ["number", "null"]
    assert columns["y"]["items"]["type"] == ["number", "null"]
