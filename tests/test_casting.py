"""Raw values of TikTok -> typed rows."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import re
import tracemalloc
import typing as t

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.contrib.msgspec import encoder

from tap_tiktok_ads.extract import casting, page_decoder
from tap_tiktok_ads.extract.drift import DriftReport
from tap_tiktok_ads.extract.values import BadValueError, to_local_date_time

#: Every kind of column, by name.
COLUMNS: dict[str, dict[str, t.Any]] = {
    "string": {"type": "string"},
    "nullable string": {"type": ["string", "null"]},
    "integer": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "date-time": {"type": ["string", "null"], "format": "date-time"},
    "any": {},
    "union": {"type": ["string", "integer"]},
    "list": {"type": ["array", "null"]},
    "list of text": {"type": ["array", "null"], "items": {"type": "string"}},
    "list of integers": {"type": "array", "items": {"type": "integer"}},
    "list of numbers": {"type": "array", "items": {"type": ["number", "null"]}},
    "list of objects": {
        "type": "array",
        "items": {"type": "object", "properties": {"n": {"type": "number"}}},
    },
    "free object": {"type": "object"},
    "object": {
        "type": ["object", "null"],
        "properties": {"n": {"type": "number"}, "s": {"type": "string"}},
    },
}
COLUMN = pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())

#: What TikTok is known to send, or might.
SPECIALS = ["", "-", "--", "0", "1", "1.0", "true", "FALSE", "<5", "14.68", "1e3", "-3.50", "null"]
SPECIALS += ["2026-01-31", "2026-01-31 10:11:12", "2026-01-31T10:11:12Z", "0000-00-00 00:00:00"]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(SPECIALS),
    st.from_regex(r"[+-]?[0-9]{1,25}(\.[0-9]{0,12})?(e[+-]?[0-9]{1,2})?", fullmatch=True),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["n", "s", "other"]), inner, max_size=3),
    ),
    max_leaves=6,
)


def cast(column: dict[str, t.Any], value: t.Any, *, dash_is_null: bool = False) -> t.Any:
    """A value after casting it as the one column of a row."""
    caster = casting.Caster({"properties": {"c": column}}, dash_is_null=dash_is_null)
    return next(caster.records([{"c": copy.deepcopy(value)}]))["c"]


def same_number(sent: str, result: t.Any) -> bool:
    """Whether a result is the number that was sent as text, to the last digit."""
    return decimal.Decimal(sent) == decimal.Decimal(str(result))


# Any value


@COLUMN
@settings(max_examples=40)
@given(value=anything)
def test_no_value_stops_a_run(column: dict[str, t.Any], value: t.Any) -> None:
    """Casting raises nothing for any JSON value in any column, and keeps the row's columns."""
    caster = casting.Caster({"properties": {"c": column}})
    row = {"c": copy.deepcopy(value), "unknown": value}
    assert list(caster.records([row])) == [row]
    assert list(row) == ["c", "unknown"]
    assert row["unknown"] == value
    assert "unknown" in caster.drift.take().unknown_columns


@COLUMN
@settings(max_examples=40)
@given(value=anything)
def test_casting_twice_changes_nothing(column: dict[str, t.Any], value: t.Any) -> None:
    """A row that was cast already stays as it is."""
    once = cast(column, value)
    again = cast(column, once)
    assert again == once
    assert type(again) is type(once)


@pytest.mark.parametrize(
    ("column", "kinds"),
    [
        pytest.param(COLUMNS["string"], (str,), id="string"),
        pytest.param(COLUMNS["integer"], (int,), id="integer"),
        pytest.param(COLUMNS["number"], (int, float, decimal.Decimal), id="number"),
        pytest.param(COLUMNS["boolean"], (bool,), id="boolean"),
        pytest.param(COLUMNS["list"], (list,), id="list"),
        pytest.param(COLUMNS["object"], (dict,), id="object"),
    ],
)
@settings(max_examples=60)
@given(value=anything)
def test_result_has_the_type_of_the_column(
    column: dict[str, t.Any], kinds: tuple[type, ...], value: t.Any
) -> None:
    """A cast value is null or of the column's type; `true` is no number."""
    result = cast(column, value)
    assert result is None or isinstance(result, kinds)
    assert not isinstance(result, bool) or bool in kinds


@given(value=anything)
def test_dates_are_days_of_the_calendar(value: t.Any) -> None:
    """What a date column holds is null or a real day as YYYY-MM-DD."""
    result = cast(COLUMNS["date"], value)
    if result is not None:
        assert dt.datetime.strptime(result, "%Y-%m-%d").date().isoformat() == result  # noqa: DTZ007


@given(value=anything)
def test_times_are_moments_in_utc(value: t.Any) -> None:
    """What a date-time column holds is null or a real RFC 3339 time in UTC."""
    result = cast(COLUMNS["date-time"], value)
    if result is not None:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", result)
        dt.datetime.fromisoformat(result.replace("Z", "+00:00"))


# Numbers

plain_decimals = st.decimals(
    min_value=-(10**20), max_value=10**20, allow_nan=False, allow_infinity=False
).map(lambda value: format(value, "f"))
money = st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(str)
exponents = st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{1,8})?[eE][+-]?[0-9]{1,2}", fullmatch=True)


@given(sent=st.one_of(plain_decimals, money, exponents))
def test_numbers_equal_what_was_sent(sent: str) -> None:
    """A number sent as text is the same number to the last digit, however many digits it has."""
    result = cast(COLUMNS["number"], sent)
    assert not isinstance(result, (str, bool))
    assert same_number(sent, result)


@given(whole=st.integers(-(10**30), 10**30), form=st.sampled_from(["{}", "{}.0", "{}.", "{}.000"]))
def test_whole_numbers_equal_what_was_sent(whole: int, form: str) -> None:
    """A whole number sent as text, `1.0` included, is that integer, however long."""
    result = cast(COLUMNS["integer"], form.format(whole))
    assert type(result) is int
    assert result == whole


@given(
    whole=st.integers(-(10**18), 10**18),
    fraction=st.from_regex(r"[0-9]{0,8}[1-9]", fullmatch=True),
)
def test_a_fraction_in_a_column_of_integers(whole: int, fraction: str) -> None:
    """A fraction is not cut to an integer: the value becomes null, and is reported."""
    sent = f"{whole}.{fraction}"
    caster = casting.Caster({"properties": {"clicks": COLUMNS["integer"]}})
    assert list(caster.records([{"clicks": sent}])) == [{"clicks": None}]
    assert caster.drift.take() == DriftReport(fractions={"clicks": sent})


@given(value=st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_that_are_numbers_stay(value: float) -> None:
    """A JSON number passes a number column unchanged."""
    assert cast(COLUMNS["number"], value) == value


#: Column, value as sent, value expected.
VALUES: list[tuple[str, t.Any, t.Any]] = [
    ("number", "14.68", 14.68),
    ("number", "-0.5", -0.5),
    ("number", ".5", 0.5),
    ("number", "+2", 2),
    ("number", "0.1234567890123456789", decimal.Decimal("0.1234567890123456789")),
    ("number", "-", None),
    ("number", "", None),
    ("number", "--", None),
    ("number", "<5", None),
    ("number", "1,000", None),
    ("number", "1_000", None),
    ("number", " 1", None),
    ("number", "nan", None),
    ("number", "Infinity", None),
    ("number", "0x10", None),
    ("number", "\u0661", None),
    ("number", "e5", None),
    ("number", ".", None),
    ("number", True, None),
    ("number", [1], None),
    ("integer", "1079", 1079),
    ("integer", "0", 0),
    ("integer", "007", 7),
    ("integer", "1.0", 1),
    ("integer", 1.0, 1),
    ("integer", "-12", -12),
    ("integer", "1e3", 1000),
    ("integer", "1e23", 10**23),
    ("integer", 1e23, 10**23),
    ("integer", "1.5", None),
    ("integer", 1.5, None),
    ("integer", "-", None),
    ("integer", "", None),
    ("integer", "<5", None),
    ("integer", "\u00b2", None),
    ("integer", False, None),
    ("integer", {}, None),
    ("boolean", "true", True),
    ("boolean", "false", False),
    ("boolean", "False", False),
    ("boolean", "TRUE", True),
    ("boolean", "1", True),
    ("boolean", "0", False),
    ("boolean", "-0", False),
    ("boolean", 1, True),
    ("boolean", 0, False),
    ("boolean", True, True),
    ("boolean", False, False),
    ("boolean", "", None),
    ("boolean", "-", None),
    ("boolean", "yes", None),
    ("boolean", 2, None),
    ("boolean", [], None),
    ("boolean", {"a": 1}, None),
    ("string", 7000000000000000001, "7000000000000000001"),
    ("string", "7000000000000000001", "7000000000000000001"),
    ("string", "", ""),
    ("string", "-", "-"),
    ("string", True, "true"),
    ("string", ["a", 1], '["a",1]'),
    ("string", {"a": None}, '{"a":null}'),
    ("date", "2026-01-31", "2026-01-31"),
    ("date", "2026-01-31 00:00:00", "2026-01-31"),
    ("date", "2026-01-31T10:00:00Z", "2026-01-31"),
    ("date", "-", None),
    ("date", "", None),
    ("date", "2026-02-30", None),
    ("date", "0000-00-00", None),
    ("date", "20260131", None),
    ("date", "2026-W05-1", None),
    ("date", "2026-01-31x", None),
    ("date", 20260131, None),
    ("date", [], None),
    ("date-time", "2026-01-31 10:11:12", "2026-01-31T10:11:12Z"),
    ("date-time", "2026-01-31T10:11:12Z", "2026-01-31T10:11:12Z"),
    ("date-time", "2026-01-31T10:11:12", "2026-01-31T10:11:12Z"),
    ("date-time", "2026-01-31T10:11:12+02:00", "2026-01-31T08:11:12Z"),
    ("date-time", "2026-01-31", "2026-01-31T00:00:00Z"),
    ("date-time", 1769854272, "2026-01-31T10:11:12Z"),
    ("date-time", "1769854272", "2026-01-31T10:11:12Z"),
    ("date-time", 1769854272000, "2026-01-31T10:11:12Z"),
    ("date-time", 0, None),
    ("date-time", "0000-00-00 00:00:00", None),
    ("date-time", "", None),
    ("date-time", "-", None),
    ("date-time", "soon", None),
    ("date-time", "\u0661", None),
    ("date-time", "2026-13-01 00:00:00", None),
    ("date-time", "2026-02-30 10:11:12", None),
    ("date-time", "2026-01-31 25:00:00", None),
    ("date-time", True, None),
    ("date-time", 10**30, None),
    ("date-time", {}, None),
    ("date-time", [1], None),
    ("any", "-", "-"),
    ("union", "-", "-"),
    ("union", 5, 5),
    ("list", "", None),
    ("list", [1, "a", None], [1, "a", None]),
    ("list", "a", ["a"]),
    ("list of text", [1, "a", None], ["1", "a", None]),
    ("list of text", 5, ["5"]),
    ("list of integers", ["1", "x", "2.0"], [1, None, 2]),
    ("list of integers", [0, 0.05], [0, None]),
    ("list of numbers", [0, 0.05], [0.0, 0.05]),
    ("list of numbers", ["1", 250, None, "-"], [1.0, 250.0, None, None]),
    ("list of numbers", [2**53 + 1, 1], [decimal.Decimal(f"{2**53 + 1}.0"), 1.0]),
    ("list of objects", [{"n": "1.5", "x": 1}, None], [{"n": 1.5, "x": 1}, None]),
    ("list of objects", {"n": "1"}, [{"n": 1.0}]),
    ("object", {"n": "2.5", "s": 5, "x": "-"}, {"n": 2.5, "s": "5", "x": "-"}),
    ("object", "", None),
    ("object", "text", None),
    ("free object", {"a": "1"}, {"a": "1"}),
]


@pytest.mark.parametrize(
    ("column", "sent", "expected"),
    VALUES,
    ids=[f"{column} {sent!r}" for column, sent, _ in VALUES],
)
def test_values(column: str, sent: t.Any, expected: t.Any) -> None:
    """A value as it is sent becomes what its column's type says."""
    result = cast(COLUMNS[column], sent)
    assert result == expected
    assert isinstance(result, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    "sent",
    ["9" * 5000, "9" * 5000 + ".5", "-1" + "0" * 6000],
    ids=["nines", "nines and a half", "a negative power of ten"],
)
@pytest.mark.parametrize("column", ["integer", "number"])
def test_absurdly_long_numbers_stop_no_run(column: str, sent: str) -> None:
    """A text of thousands of digits is kept as that number or is null; it raises nothing."""
    result = cast(COLUMNS[column], sent)
    assert result is None or decimal.Decimal(sent) == result


@pytest.mark.parametrize("sent", ["1e-400", "1.2345e-320"])
def test_numbers_below_the_range_of_floats_are_not_rounded(sent: str) -> None:
    """A number that a float cannot hold is not silently turned into another one."""
    result = cast(COLUMNS["number"], sent)
    assert result is None or same_number(sent, result)


@pytest.mark.parametrize(
    "sent", ["12345678901234567890.12", "0.12345678901234567890", "-123456789.0000000001", "0.1"]
)
@pytest.mark.parametrize("column", ["number", "string", "any"])
def test_json_numbers_equal_what_was_sent(column: str, sent: str) -> None:
    """A JSON number has all its digits in the RECORD line, and where it becomes text."""
    result = cast(COLUMNS[column], page_decoder.decode_record(b'{"c":%s}' % sent.encode())["c"])
    assert same_number(sent, encoder.encode(result).decode().strip('"'))


def test_json_numbers_beyond_floats() -> None:
    """A JSON number that no float can hold is refused, not made infinite."""
    with pytest.raises(msgspec.DecodeError, match="out of range"):
        page_decoder.decode_record(b'{"c":1e400}')


# Times


@pytest.mark.parametrize("sent", ["2026-01-31T10+01:00", "2026-W05-6T10:11:12"])
def test_times_of_a_clock_have_one_form(sent: str) -> None:
    """A time with a zone, or written otherwise, is none of a clock."""
    with pytest.raises(BadValueError):
        to_local_date_time(sent)


instants = st.datetimes(
    dt.datetime(1980, 1, 1),  # noqa: DTZ001
    dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.timezone.utc),
).map(lambda moment: moment.replace(microsecond=0))


@given(moment=instants, hours=st.integers(-12, 14))
def test_every_spelling_of_a_moment_gives_the_same_time(moment: dt.datetime, hours: int) -> None:
    """Spaced text, ISO with any offset, seconds and milliseconds of an instant agree."""
    zone = dt.timezone(dt.timedelta(hours=hours))
    seconds = int(moment.timestamp())
    spellings = [
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.astimezone(zone).isoformat(),
        seconds,
        str(seconds),
        seconds * 1000,
    ]
    expected = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {cast(COLUMNS["date-time"], spelling) for spelling in spellings} == {expected}


# Rows


def test_unknown_columns_are_kept_and_noted() -> None:
    """Fields that the schema does not have stay in the row and are named with their path."""
    caster = casting.Caster({"properties": {k: COLUMNS[k] for k in ("object", "list of objects")}})
    row = {"new": "1", "object": {"deep": "2"}, "list of objects": [{"also": "3"}]}
    assert list(caster.records([copy.deepcopy(row)])) == [row]
    assert caster.drift.take() == DriftReport(["list of objects[].also", "new", "object.deep"])


def test_unreadable_values_are_noted_with_path_and_first_value() -> None:
    """A value that does not fit becomes null, and the first such value of each column is noted."""
    caster = casting.Caster(
        {"properties": {k: COLUMNS[k] for k in ("number", "object", "list of integers")}}
    )
    rows = caster.records(
        [
            {"number": "<5", "object": {"n": "x"}, "list of integers": ["y"]},
            {"number": "<9", "object": {"n": "1"}, "list of integers": ["z", "1"]},
        ]
    )
    assert list(rows) == [
        {"number": None, "object": {"n": None}, "list of integers": [None]},
        {"number": None, "object": {"n": 1.0}, "list of integers": [None, 1]},
    ]
    first = {"number": "<5", "object.n": "x", "list of integers[]": "y"}
    assert caster.drift.take() == DriftReport(bad_values=first)
    assert caster.drift.take() == DriftReport(), "taken already"


def test_values_that_mean_nothing_are_not_noted() -> None:
    """`-`, empty and null are no values rather than unreadable ones."""
    names = ("number", "integer", "boolean", "date", "date-time")
    caster = casting.Caster({"properties": {name: COLUMNS[name] for name in names}})
    for nothing in ("-", "", None):
        assert list(caster.records([dict.fromkeys(names, nothing)])) == [dict.fromkeys(names)]
    assert caster.drift.take() == DriftReport()


def test_missing_columns_are_not_added() -> None:
    """A row has the columns that it came with, in their order."""
    caster = casting.Caster({"properties": {name: {"type": "string"} for name in "abc"}})
    assert [list(row) for row in caster.records([{"c": 1, "a": 2}, {}])] == [["c", "a"], []]


@pytest.mark.parametrize(
    ("sent", "in_reports", "in_objects"),
    [
        ("-", None, "-"),
        ("", None, ""),
        ("--", "--", "--"),
        ("a - b", "a - b", "a - b"),
        (5, "5", "5"),
    ],
)
def test_a_dash_is_no_value_in_reports_only(
    sent: t.Any, in_reports: str | None, in_objects: str
) -> None:
    """An ad may be named `-`; in a report it means that there is no value."""
    assert cast(COLUMNS["nullable string"], sent, dash_is_null=True) == in_reports
    assert cast(COLUMNS["nullable string"], sent, dash_is_null=False) == in_objects
    assert cast(COLUMNS["string"], sent, dash_is_null=True) == in_objects, "keys stay as they came"


def test_unreadable_key() -> None:
    """A record whose column must not be null is left out instead of written with null."""
    caster = casting.Caster({"properties": {"day": {"type": "string", "format": "date"}}})
    assert list(caster.records([{"day": "yesterday"}, {"day": "2026-01-02"}])) == [
        {"day": "2026-01-02"}
    ]
    assert caster.drift.take().unusable_records == ["no usable value in day"]


@pytest.mark.parametrize("key", [None, "", {}, {"a": 1}, [], ["1"]], ids=repr)
@pytest.mark.parametrize("keys", [("id",), ("owner", "id")])
def test_records_without_a_key(key: t.Any, keys: tuple[str, ...]) -> None:
    """A record whose key is null, empty, an object or missing is left out. Others are written."""
    columns = {"owner": {"type": "string"}, "id": {"type": "string"}}
    caster = casting.Caster({"properties": columns}, required=keys)
    good = {"owner": "7", "id": "1"}
    rows = [{"owner": "7", "id": key}, {"owner": "7"}, dict(good)]
    assert list(caster.records(rows)) == [good]
    left_out = caster.drift.take().unusable_records
    assert len(left_out) == 2
    assert all(text.startswith("no usable value in id (") for text in left_out)


def test_raw_keys_are_bounded_and_escaped() -> None:
    """The text for a record without its key holds the raw keys, on one line of limited length."""
    columns = {"name": {"type": "string"}, "id": {"type": "string"}}
    caster = casting.Caster({"properties": columns}, required=("name", "id"))
    assert not list(caster.records([{"name": "a\nb" + "x" * 5000, "id": ""}]))
    (text,) = caster.drift.take().unusable_records
    assert text.startswith('no usable value in id (name "a\\nbxxx')
    assert len(text) < 300


@given(
    values=st.lists(
        st.fixed_dictionaries({"n": scalars, "b": st.sampled_from(SPECIALS), "x": scalars}),
        max_size=5,
    )
)
def test_a_page_is_cast_row_by_row(values: list[dict[str, t.Any]]) -> None:
    """The rows of a page do not depend on one another, and none is added, lost or moved."""
    schema = {"properties": {"n": COLUMNS["number"], "b": COLUMNS["boolean"]}}
    together = list(casting.Caster(schema).records(copy.deepcopy(values)))
    alone = [next(casting.Caster(schema).records([copy.deepcopy(row)])) for row in values]
    assert together == alone
    assert len(together) == len(values)


@pytest.mark.parametrize("column", ["nullable string", "boolean", "number", "date-time"])
def test_values_that_are_nested_too_deeply(column: str) -> None:
    """They become null, and what is noted of them can be logged."""
    nested: list[t.Any] = []
    for _ in range(10_000):
        nested = [nested]
    caster = casting.Caster({"properties": {"c": COLUMNS[column]}})
    (row,) = caster.records([{"c": nested}])
    assert row == {"c": None}
    assert len(repr(caster.drift.take().bad_values["c"])) > 5


def test_structures_are_noted_as_json() -> None:
    """What is noted of a structure that does not fit is its JSON text."""
    caster = casting.Caster({"properties": {"c": COLUMNS["number"]}})
    list(caster.records([{"c": {"a": [1]}}]))
    assert caster.drift.take() == DriftReport(bad_values={"c": '{"a":[1]}'})


def test_memory_of_large_objects() -> None:
    """A caster does not keep the names of objects that have thousands of members."""
    caster = casting.Caster({"properties": {}})
    tracemalloc.start()
    for number in range(60):
        list(caster.records([{f"{number}.{name}": 1 for name in range(3000)}]))
        caster.drift.take()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 5_000_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":0,"message":"\xff","data":{"list":[{}]}}',
        b'{"code":0,"data":{"list":[{"a":"\xff"}]}}',
        b'{"code":0,"data":{"list":[{"a":"%s\xc3"}]}}' % (b"x" * 100_000),
        b'{"code":0,"data":{"list":[[]]}}',
        b"",
    ],
)
def test_pages_that_are_not_plain(body: bytes) -> None:
    """A body of wrong UTF-8, or without objects, is left to a closer look."""
    assert page_decoder.decode_list_page(body) is None


def test_pages_of_many_blocks() -> None:
    """Characters of several bytes may lie across the border of what is checked at once."""
    for shift in range(4):
        name = "x" * shift + "\U0001f600" * 50_000
        body = b'{"code":0,"data":{"list":[{"a":"%s"}]}}' % name.encode()
        page = page_decoder.decode_list_page(body)
        assert page is not None
        (row,) = page.data.records
        assert page_decoder.decode_record(row) == {"a": name}
