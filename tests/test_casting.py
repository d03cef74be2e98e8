"""Conversion of TikTok's raw values to the types of the columns."""

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
from tap_tiktok_ads.extract.record_types import member_of
from tap_tiktok_ads.extract.values import BadValueError, to_local_date_time, to_object

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
    "free object": {"type": ["object", "null"]},
    "object": {
        "type": ["object", "null"],
        "properties": {"n": {"type": "number"}, "s": {"type": "string"}},
    },
}
COLUMN = pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())

#: Values that TikTok sends, or might send.
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
    """Return a value after the conversion for a record of one column."""
    caster = casting.Caster({"properties": {"c": column}}, dash_is_null=dash_is_null)
    return next(caster.records([{"c": copy.deepcopy(value)}]))["c"]


def same_number(raw: str, result: t.Any) -> bool:
    """Return True if a result equals the number in the text, to the last digit."""
    return decimal.Decimal(raw) == decimal.Decimal(str(result))


# Any value


@COLUMN
@settings(max_examples=40)
@given(value=anything)
def test_any_json_value_is_accepted(column: dict[str, t.Any], value: t.Any) -> None:
    """No JSON value raises an error in any column, and the record keeps its columns."""
    caster = casting.Caster({"properties": {"c": column}})
    record = {"c": copy.deepcopy(value), "unknown": value}
    assert list(caster.records([record])) == [record]
    assert list(record) == ["c", "unknown"]
    assert record["unknown"] == value
    assert "unknown" in caster.drift.take().unknown_columns


@COLUMN
@settings(max_examples=40)
@given(value=anything)
def test_casting_twice_changes_nothing(column: dict[str, t.Any], value: t.Any) -> None:
    """A converted record stays unchanged in a second conversion."""
    once = cast(column, value)
    twice = cast(column, once)
    assert twice == once
    assert type(twice) is type(once)


@pytest.mark.parametrize(
    ("column", "kinds"),
    [
        pytest.param(COLUMNS["string"], (str,), id="string"),
        pytest.param(COLUMNS["integer"], (int,), id="integer"),
        pytest.param(COLUMNS["number"], (int, float, decimal.Decimal), id="number"),
        pytest.param(COLUMNS["boolean"], (bool,), id="boolean"),
        pytest.param(COLUMNS["list"], (list,), id="list"),
        pytest.param(COLUMNS["object"], (dict,), id="object"),
        pytest.param(COLUMNS["free object"], (dict,), id="free object"),
    ],
)
@settings(max_examples=60)
@given(value=anything)
def test_result_has_the_type_of_the_column(
    column: dict[str, t.Any], kinds: tuple[type, ...], value: t.Any
) -> None:
    """A converted value is null or has the type of its column. `true` is not a number."""
    result = cast(column, value)
    assert result is None or isinstance(result, kinds)
    assert not isinstance(result, bool) or bool in kinds


@given(value=anything)
def test_dates_are_calendar_days(value: t.Any) -> None:
    """The value of a date column is null or a calendar day as YYYY-MM-DD."""
    result = cast(COLUMNS["date"], value)
    if result is not None:
        assert dt.datetime.strptime(result, "%Y-%m-%d").date().isoformat() == result  # noqa: DTZ007


@given(value=anything)
def test_times_are_in_utc(value: t.Any) -> None:
    """The value of a date-time column is null or an RFC 3339 time in UTC."""
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


@given(raw=st.one_of(plain_decimals, money, exponents))
def test_text_numbers_keep_all_digits(raw: str) -> None:
    """A number that is sent as text keeps all its digits."""
    result = cast(COLUMNS["number"], raw)
    assert not isinstance(result, (str, bool))
    assert same_number(raw, result)


@given(
    integer=st.integers(-(10**30), 10**30), form=st.sampled_from(["{}", "{}.0", "{}.", "{}.000"])
)
def test_text_integers_keep_all_digits(integer: int, form: str) -> None:
    """An integer that is sent as text keeps all its digits, also as `1.0`."""
    result = cast(COLUMNS["integer"], form.format(integer))
    assert type(result) is int
    assert result == integer


@given(
    integer=st.integers(-(10**18), 10**18),
    fraction=st.from_regex(r"[0-9]{0,8}[1-9]", fullmatch=True),
)
def test_fraction_in_an_integer_column_becomes_null(integer: int, fraction: str) -> None:
    """A fraction in an integer column becomes null and is reported."""
    raw = f"{integer}.{fraction}"
    caster = casting.Caster({"properties": {"clicks": COLUMNS["integer"]}})
    assert list(caster.records([{"clicks": raw}])) == [{"clicks": None}]
    assert caster.drift.take() == DriftReport(fractions={"clicks": raw})


@given(value=st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_json_numbers_stay_unchanged(value: float) -> None:
    """A JSON number passes a number column unchanged."""
    assert cast(COLUMNS["number"], value) == value


#: The column, the raw value and the expected value.
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
    ("column", "raw", "expected"),
    VALUES,
    ids=[f"{column} {raw!r}" for column, raw, _ in VALUES],
)
def test_value_conversion(column: str, raw: t.Any, expected: t.Any) -> None:
    """Each raw value becomes the expected value of its column's type."""
    result = cast(COLUMNS[column], raw)
    assert result == expected
    assert isinstance(result, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    "raw",
    ["9" * 5000, "9" * 5000 + ".5", "-1" + "0" * 6000],
    ids=["nines", "nines and a half", "a negative power of ten"],
)
@pytest.mark.parametrize("column", ["integer", "number"])
def test_very_long_numbers_raise_nothing(column: str, raw: str) -> None:
    """A text of thousands of digits becomes the exact number or null."""
    result = cast(COLUMNS[column], raw)
    assert result is None or decimal.Decimal(raw) == result


@pytest.mark.parametrize("raw", ["1e-400", "1.2345e-320"])
def test_tiny_numbers_are_not_rounded(raw: str) -> None:
    """A number below the range of floats is never rounded."""
    result = cast(COLUMNS["number"], raw)
    assert result is None or same_number(raw, result)


@pytest.mark.parametrize(
    "raw", ["12345678901234567890.12", "0.12345678901234567890", "-123456789.0000000001", "0.1"]
)
@pytest.mark.parametrize("column", ["number", "string", "any"])
def test_json_numbers_keep_all_digits(column: str, raw: str) -> None:
    """A JSON number keeps all its digits in the RECORD message, also as text."""
    result = cast(COLUMNS[column], page_decoder.decode_record(b'{"c":%s}' % raw.encode())["c"])
    assert same_number(raw, encoder.encode(result).decode().strip('"'))


def test_json_number_above_the_float_range_is_an_error() -> None:
    """A JSON number above the range of floats is an error, not infinity."""
    with pytest.raises(msgspec.DecodeError, match="out of range"):
        page_decoder.decode_record(b'{"c":1e400}')


# Times


@pytest.mark.parametrize("raw", ["2026-01-31T10+01:00", "2026-W05-6T10:11:12"])
def test_local_times_have_one_format(raw: str) -> None:
    """A local time with a zone, or in another format, is an error."""
    with pytest.raises(BadValueError):
        to_local_date_time(raw)


instants = st.datetimes(
    dt.datetime(1980, 1, 1),  # noqa: DTZ001
    dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.timezone.utc),
).map(lambda moment: moment.replace(microsecond=0))


@given(moment=instants, hours=st.integers(-12, 14))
def test_all_time_formats_give_the_same_time(moment: dt.datetime, hours: int) -> None:
    """All accepted formats of an instant become the same time."""
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


# Records


def test_unknown_columns_are_kept_and_reported() -> None:
    """Unknown fields stay in the record and are reported with their paths."""
    caster = casting.Caster({"properties": {k: COLUMNS[k] for k in ("object", "list of objects")}})
    record = {"new": "1", "object": {"deep": "2"}, "list of objects": [{"also": "3"}]}
    assert list(caster.records([copy.deepcopy(record)])) == [record]
    assert caster.drift.take() == DriftReport(["list of objects[].also", "new", "object.deep"])


def test_invalid_values_are_reported_once_per_column() -> None:
    """An invalid value becomes null, and the first invalid value of each column is reported."""
    caster = casting.Caster(
        {"properties": {k: COLUMNS[k] for k in ("number", "object", "list of integers")}}
    )
    records = caster.records(
        [
            {"number": "<5", "object": {"n": "x"}, "list of integers": ["y"]},
            {"number": "<9", "object": {"n": "1"}, "list of integers": ["z", "1"]},
        ]
    )
    assert list(records) == [
        {"number": None, "object": {"n": None}, "list of integers": [None]},
        {"number": None, "object": {"n": 1.0}, "list of integers": [None, 1]},
    ]
    first = {"number": "<5", "object.n": "x", "list of integers[]": "y"}
    assert caster.drift.take() == DriftReport(bad_values=first)
    assert caster.drift.take() == DriftReport(), "the report was already taken"


def test_empty_values_are_not_reported() -> None:
    """`-`, an empty text and null are missing values, so they are not reported."""
    names = ("number", "integer", "boolean", "date", "date-time")
    caster = casting.Caster({"properties": {name: COLUMNS[name] for name in names}})
    for empty in ("-", "", None):
        assert list(caster.records([dict.fromkeys(names, empty)])) == [dict.fromkeys(names)]
    assert caster.drift.take() == DriftReport()


def test_missing_columns_are_not_added() -> None:
    """A converted record has the columns of the raw record, in their order."""
    caster = casting.Caster({"properties": {name: {"type": "string"} for name in "abc"}})
    assert [list(record) for record in caster.records([{"c": 1, "a": 2}, {}])] == [["c", "a"], []]


@pytest.mark.parametrize(
    ("raw", "in_reports", "in_objects"),
    [
        ("-", None, "-"),
        ("", None, ""),
        ("--", "--", "--"),
        ("a - b", "a - b", "a - b"),
        (5, "5", "5"),
    ],
)
def test_dash_is_null_only_in_reports(raw: t.Any, in_reports: str | None, in_objects: str) -> None:
    """A dash is null in reports. In objects it is text, for example the name of an ad."""
    assert cast(COLUMNS["nullable string"], raw, dash_is_null=True) == in_reports
    assert cast(COLUMNS["nullable string"], raw, dash_is_null=False) == in_objects
    assert cast(COLUMNS["string"], raw, dash_is_null=True) == in_objects, "keys stay unchanged"


def test_record_with_invalid_required_column_is_dropped() -> None:
    """A record with an invalid value in a required column is dropped."""
    caster = casting.Caster({"properties": {"day": {"type": "string", "format": "date"}}})
    assert list(caster.records([{"day": "yesterday"}, {"day": "2026-01-02"}])) == [
        {"day": "2026-01-02"}
    ]
    assert caster.drift.take().unusable_records == ["no usable value in day"]


@pytest.mark.parametrize("key", [None, "", {}, {"a": 1}, [], ["1"]], ids=repr)
@pytest.mark.parametrize("keys", [("id",), ("owner", "id")])
def test_record_without_key_is_dropped(key: t.Any, keys: tuple[str, ...]) -> None:
    """A record whose key is null, empty, an object or missing is dropped."""
    columns = {"owner": {"type": "string"}, "id": {"type": "string"}}
    caster = casting.Caster({"properties": columns}, required=keys)
    good = {"owner": "7", "id": "1"}
    records = [{"owner": "7", "id": key}, {"owner": "7"}, dict(good)]
    assert list(caster.records(records)) == [good]
    left_out = caster.drift.take().unusable_records
    assert len(left_out) == 2
    assert all(text.startswith("no usable value in id (") for text in left_out)


def test_raw_keys_in_reports_are_short() -> None:
    """The report of a dropped record quotes its raw keys on one short line."""
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
def test_records_of_a_page_are_independent(values: list[dict[str, t.Any]]) -> None:
    """Records of a page are converted independently, and none is added, lost or moved."""
    schema = {"properties": {"n": COLUMNS["number"], "b": COLUMNS["boolean"]}}
    together = list(casting.Caster(schema).records(copy.deepcopy(values)))
    alone = [next(casting.Caster(schema).records([copy.deepcopy(record)])) for record in values]
    assert together == alone
    assert len(together) == len(values)


@pytest.mark.parametrize("column", ["nullable string", "boolean", "number", "date-time"])
def test_deeply_nested_values_become_null(column: str) -> None:
    """A value that is nested too deeply becomes null, and its report can be logged."""
    nested: list[t.Any] = []
    for _ in range(10_000):
        nested = [nested]
    caster = casting.Caster({"properties": {"c": COLUMNS[column]}})
    (record,) = caster.records([{"c": nested}])
    assert record == {"c": None}
    assert len(repr(caster.drift.take().bad_values["c"])) > 5


def test_invalid_structures_are_reported_as_json() -> None:
    """An invalid object or array is reported as JSON text."""
    caster = casting.Caster({"properties": {"c": COLUMNS["number"]}})
    list(caster.records([{"c": {"a": [1]}}]))
    assert caster.drift.take() == DriftReport(bad_values={"c": '{"a":[1]}'})


def test_names_of_large_objects_are_not_kept() -> None:
    """A caster does not keep the names of objects with thousands of members."""
    caster = casting.Caster({"properties": {}})
    tracemalloc.start()
    for number in range(60):
        list(caster.records([{f"{number}.{name}": 1 for name in range(3000)}]))
        caster.drift.take()
    traced_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert traced_bytes < 5_000_000


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
def test_fast_decoder_leaves_unusual_pages(body: bytes) -> None:
    """The fast decoder leaves invalid UTF-8, and pages without objects, to the slow path."""
    assert page_decoder.decode_list_page(body) is None


def test_multibyte_characters_cross_block_borders() -> None:
    """A character of several bytes can cross the border of two blocks."""
    for shift in range(4):
        name = "x" * shift + "\U0001f600" * 50_000
        body = b'{"code":0,"data":{"list":[{"a":"%s"}]}}' % name.encode()
        page = page_decoder.decode_list_page(body)
        assert page is not None
        (record,) = page.data.records
        assert page_decoder.decode_record(record) == {"a": name}


def test_object_without_members_has_equal_conversions() -> None:
    """The fast path converts an object of any members like the slow path."""
    column = COLUMNS["free object"]
    member = member_of(column, "c", casting.Caster({"properties": {"c": column}}))
    assert member.compile()[:2] == (dict | None, None)
    assert member.learn("text")
    kind, convert, _ = member.compile()
    assert (kind, convert) == (t.Any, to_object)
