"""Flattening with names that are determined once per stream, compared with the SDK's."""

from __future__ import annotations

import copy
import decimal
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.helpers._flattening import FlatteningOptions
from singer_sdk.mapper import SameRecordTransform

from tap_tiktok_ads.singer.flattening import MAX_FLATTENED_NAMES, RecordFlattening

if t.TYPE_CHECKING:
    from tap_tiktok_ads.extract.pages import Record

LEAF: dict[str, t.Any] = {"type": ["string", "null"]}
ARRAY: dict[str, t.Any] = {"type": ["array", "null"], "items": LEAF}
#: Few names, so that flattened names collide: `a__b` is a column, and the member `b` of `a`.
NAMES = st.sampled_from(["a", "b", "a__b", "unknown_long_name", "CamelCase_name", ""])
SCHEMAS = st.dictionaries(
    NAMES,
    st.recursive(
        st.sampled_from([LEAF, ARRAY, {"type": "object"}, {}]),
        lambda inner: st.builds(
            lambda columns: {"type": ["object", "null"], "properties": columns},
            st.dictionaries(NAMES, inner, max_size=3),
        ),
        max_leaves=5,
    ),
    max_size=4,
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=5)


def stream_map_of(columns: dict[str, t.Any], **options: t.Any) -> SameRecordTransform:
    """Return the SDK's map of a stream with these columns, with flattening."""
    schema = {"type": "object", "properties": copy.deepcopy(columns)}
    flattening = FlatteningOptions(enabled=True, **{"max_level": 1, **options})
    return SameRecordTransform("s", schema, None, flattening)


def text_of(record: Record | None) -> str:
    """Return a record as text that shows its order, types and digits."""
    return repr(record and list(record.items()))


@given(
    SCHEMAS,
    st.lists(RECORDS, max_size=3),
    st.integers(1, 3),
    st.sampled_from(["__", ".", ""]),
    st.sampled_from([1, 4, 12, 255]),
)
def test_records_equal_the_records_of_the_sdk(
    columns: dict[str, t.Any], records: list[Record], level: int, separator: str, length: int
) -> None:
    """Flat records equal the SDK's, in names, order and values."""
    try:
        stream_map = stream_map_of(
            columns, max_level=level, separator=separator, max_key_length=length
        )
    except ValueError:  # two columns of one name: the SDK does not start
        return
    flattening = RecordFlattening(stream_map)
    for record in records:
        expected = stream_map.transform(copy.deepcopy(record))
        assert text_of(flattening.flatten(record)) == text_of(expected)


def test_record_without_nested_values_is_returned_itself() -> None:
    """A record without nested values is flat already, unless a name is too long."""
    columns = {"a": LEAF, "items": ARRAY}
    record = {"a": decimal.Decimal("1.10"), "items": None}
    flattening = RecordFlattening(stream_map_of(columns))
    assert flattening.flatten(record) is record
    assert flattening.flatten({"a": "1", "items": []}) == {"a": "1", "items": "[]"}
    assert flattening.flatten({"a": {"b": 1}}) == {"a": '{"b":1}'}
    assert flattening.flatten({"unknown": {"b": 1}}) == {"unknown__b": 1}
    assert flattening.keeps_names(columns)
    assert not RecordFlattening(stream_map_of(columns, max_key_length=5)).keeps_names(columns)


@pytest.mark.parametrize("names", [1, 3 * MAX_FLATTENED_NAMES])
def test_objects_with_many_names_are_flattened(names: int) -> None:
    """An object with more names than are remembered is flattened completely."""
    stream_map = stream_map_of({"a": LEAF})
    record = {"by_id": {str(number): [number] for number in range(names)}}
    flat = RecordFlattening(stream_map).flatten(copy.deepcopy(record))
    assert json.dumps(flat) == json.dumps(stream_map.transform(record))
