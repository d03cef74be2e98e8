"""Flattening of records: the SDK's result, with names that are determined once per stream."""

from __future__ import annotations

import decimal
import json
import typing as t

from singer_sdk.helpers._flattening import flatten_key
from singer_sdk.singerlib.json import serialize_json

if t.TYPE_CHECKING:
    from collections.abc import Collection

    from singer_sdk.helpers._flattening import FlatteningOptions
    from singer_sdk.mapper import StreamMap

    from tap_tiktok_ads.extract.pages import Record

#: Names that are remembered of one object. Objects can have members that are named by ids.
MAX_FLATTENED_NAMES = 1000
_SCALARS = frozenset({str, int, float, bool, type(None), decimal.Decimal})
_PLAIN_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


class RecordFlattening:
    """Flattens the records of one stream map as the SDK does. Thread-safe."""

    def __init__(self, stream_map: StreamMap) -> None:
        """Prepare.

        Args:
            stream_map: The SDK's stream map, with flattening.
        """
        options = t.cast("FlatteningOptions", stream_map.flattening_options)
        columns = stream_map.transformed_schema.get("properties", {})
        self._names = _Names(options, columns)
        self._unchanged = frozenset(name for name in columns if self._names[name][0] == name)

    def flatten(self, record: Record) -> Record:
        """Return the flat record: the record itself if it has known names and no nested value."""
        types = map(type, record.values())
        if self._unchanged.issuperset(record) and _SCALARS.issuperset(types):
            return record
        flat: Record = {}
        self._names.flatten(record, flat)
        return flat

    def keeps_names(self, names: Collection[str]) -> bool:
        """Return True if flattening changes none of these names of columns."""
        return self._unchanged.issuperset(names)


class _Names(dict[str, tuple[str, "_Names | None"]]):
    """Flattened names by member of one object, each with the names inside of the member.

    A member has no names inside if the SDK writes an object there as JSON text.
    """

    def __init__(
        self, options: FlatteningOptions, columns: Collection[str], path: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self._options, self._columns, self._path = options, columns, path

    def __missing__(self, name: str) -> tuple[str, _Names | None]:
        options, path = self._options, self._path
        flat_name = flatten_key(
            name, [*path], options.separator, max_key_length=options.max_key_length
        )
        is_flattened = len(path) < options.max_level and flat_name not in self._columns
        inner = _Names(options, self._columns, (*path, name)) if is_flattened else None
        if len(self) < MAX_FLATTENED_NAMES:
            self[name] = flat_name, inner
        return flat_name, inner

    def flatten(self, node: Record, flat: Record) -> None:
        """Add the members of an object to a flat record."""
        for name, value in node.items():
            flat_name, inner = self[name]
            if type(value) in _SCALARS or not isinstance(value, (dict, list)):
                flat[flat_name] = value
            elif inner is not None and isinstance(value, dict):
                inner.flatten(value, flat)
            else:
                flat[flat_name] = _to_json(value)


def _to_json(value: t.Any) -> str:
    """Return the SDK's JSON text of a value. Values of JSON need only the standard encoder."""
    try:
        return _PLAIN_ENCODER.encode(value)
    except (TypeError, ValueError):  # decimals, not a number
        return serialize_json(value)
