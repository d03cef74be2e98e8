"""Lookups of custom streams: sources of values, conditions and batches."""

from __future__ import annotations

import typing as t

import pytest

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.lookups import Lookup, parse_lookup, parse_lookups, read_records

if t.TYPE_CHECKING:
    from pathlib import Path

IDS: list[dict[str, t.Any]] = [{"id": "1"}, {"id": "2"}]


@pytest.mark.parametrize(
    ("name", "lookup", "expected"),
    [
        pytest.param(
            None,
            "campaigns.campaign_id",
            Lookup("campaigns", ("campaign_id",), stream="campaigns"),
            id="stream and field",
        ),
        pytest.param(
            "mine",
            {"stream": "ads.ad_id", "where": {"status": "ENABLE"}, "batch": 100},
            Lookup("mine", ("ad_id",), stream="ads", where={"status": "ENABLE"}, batch=100),
            id="stream with a selection",
        ),
        pytest.param(
            None,
            ["1", "2", "1"],
            Lookup("for_each", ("value",), values=({"value": "1"}, {"value": "2"})),
            id="list",
        ),
        pytest.param("ids", IDS, Lookup("ids", ("id",), values=tuple(IDS)), id="list of objects"),
        pytest.param(
            "ids",
            {"name": "own", "values": IDS, "where": {"id": ["2", "3"]}},
            Lookup("own", ("id",), values=({"id": "2"},), where={"id": ["2", "3"]}),
            id="custom name and a selection",
        ),
    ],
)
def test_parse_lookup(name: str | None, lookup: t.Any, expected: Lookup) -> None:
    """The short and the long forms of a lookup are accepted."""
    assert parse_lookup(name, lookup) == expected


@pytest.mark.parametrize(
    ("lookup", "message"),
    [
        ({}, "one of 'values', 'file' and 'stream', got"),
        ({"values": [1], "stream": "a.b"}, "one of 'values', 'file' and 'stream', got"),
        ({"values": [1], "column": "a"}, "'column' is valid in a lookup with 'file' only"),
        ("campaigns", "must be STREAM.FIELD"),
        ("campaigns.", "must be STREAM.FIELD"),
        ([{}], "lookup 'for_each' has no columns"),
        ({"file": "absent.csv"}, "lookup file absent.csv cannot be read"),
    ],
)
def test_invalid_lookup_is_an_error(lookup: t.Any, message: str) -> None:
    """A lookup needs exactly one valid source of values."""
    with pytest.raises(ValueError, match=message):
        parse_lookup(None, lookup)


def test_for_each_comes_first() -> None:
    """`for_each` is the outer loop, and two lookups cannot share a name."""
    entry: dict[str, t.Any] = {"lookups": {"a": ["1"], "b": ["2"]}, "for_each": "ads.ad_id"}
    assert [lookup.name for lookup in parse_lookups(entry)] == ["ads", "a", "b"]
    with pytest.raises(ValueError, match="two lookups have the same name: ads, a, ads"):
        parse_lookups({**entry, "lookups": {"a": ["1"], "ads": ["2"]}})


@pytest.mark.parametrize(
    ("records", "where", "limit", "expected"),
    [
        pytest.param([{"a": 1}, {"a": 2}, {"a": "1"}], {}, None, [1, 2], id="distinct as text"),
        pytest.param([{"a": None}, {"a": 1}], {}, None, [1], id="null"),
        pytest.param([{"a": 1, "b": 1}, {"a": 2, "b": 2}], {"b": 2}, None, [2], id="where"),
        pytest.param([{"a": n, "b": n} for n in range(4)], {"b": [1, 3]}, None, [1, 3], id="list"),
        pytest.param([{"a": n} for n in range(4)], {}, 2, [0, 1], id="limit"),
        pytest.param([], {}, None, [], id="no records"),
        pytest.param([{"b": 1}, {"a": 1}], {}, None, [1], id="column that one record lacks"),
    ],
)
def test_select_returns_distinct_values(
    records: list[dict[str, t.Any]],
    where: dict[str, t.Any],
    limit: int | None,
    expected: list[t.Any],
) -> None:
    """Values are distinct, in order, and from matching records."""
    selected = Lookup("name", ("a",), where=where).select(records, limit)
    assert selected == [{"a": value} for value in expected]


def test_select_stops_at_the_limit() -> None:
    """A source is read only until the limit is reached."""
    records = ({"a": 1 // (3 - number)} for number in range(9))
    assert len(Lookup("name", ("a",)).select(records, 2)) == 2


@pytest.mark.parametrize(("columns", "where"), [(("idd",), {}), (("id",), {"idd": 1})])
def test_select_of_an_unknown_column_is_an_error(
    columns: tuple[str, ...], where: dict[str, t.Any]
) -> None:
    """A column that no record has is an error, not a lookup without values."""
    with pytest.raises(ConfigError, match="'name' has no column 'idd': did you mean 'id'"):
        Lookup("name", columns, where=where).select(IDS)


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (None, [{"n.id": "1"}, {"n.id": "2"}]),
        (1, [{"n.id": ["1"]}, {"n.id": ["2"]}]),
        (2, [{"n.id": ["1", "2"]}]),
        (5, [{"n.id": ["1", "2"]}]),
    ],
)
def test_batch_makes_an_array_of_values(
    batch: int | None, expected: list[dict[str, t.Any]]
) -> None:
    """A macro stands for one value, or with `batch` for an array of values."""
    assert list(Lookup("n", ("id",), batch=batch).batches(IDS)) == expected
    assert list(Lookup("n", ("id",), batch=batch).batches([])) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.csv", "id,n\n1,x\n2,y\n"),
        ("a.CSV", "\ufeffid,n\n1,x\n2,y\n"),
        ("a.json", '[{"id": "1", "n": "x"}, {"id": "2", "n": "y"}]'),
        ("a.txt", '[{"id": "1", "n": "x"}, {"id": "2", "n": "y"}]'),
        ("a.jsonl", '{"id": "1", "n": "x"}\n\n{"id": "2", "n": "y"}\n'),
        ("a.ndjson", '{"id": "1", "n": "x"}\n{"id": "2", "n": "y"}'),
    ],
)
def test_file_suffix_sets_the_format(tmp_path: Path, file: str, text: str) -> None:
    """The suffix of a file name sets its format."""
    path = tmp_path / file
    path.write_text(text, "utf-8")
    assert read_records(str(path)) == [{"id": "1", "n": "x"}, {"id": "2", "n": "y"}]


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.jsonl", b"[1]\n{", "is not JSON"),
        ("a.json", b"[]", "must contain a list of values"),
        ("a.json", b'{"id": 1}', "must contain a list of values"),
        ("a.csv", b"id,n\n", "must contain a list of values"),
        ("a.csv", b"id\n\xff\n", "is not UTF-8 text. Save the file as UTF-8"),
    ],
)
def test_invalid_lookup_file_is_an_error(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    """An invalid lookup file is an error that names it."""
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_records(str(path))
    assert file in str(caught.value)
