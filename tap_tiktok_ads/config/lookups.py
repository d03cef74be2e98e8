"""Lookups of custom streams: the values for which a stream sends one request each.

The values are a literal list, the records of a file, or a column of another stream.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import typing as t
from pathlib import Path

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.entries import NAME_SCHEMA, TEXT_SCHEMA

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Record = Mapping[str, t.Any]

#: Maximum number of requests that the lookups of a stream may make for one advertiser and window.
MAX_LOOKUP_COMBINATIONS = 100_000
#: Name of a lookup that has no name of its own, and column of a value that is not an object.
DEFAULT_LOOKUP_NAME, VALUE_COLUMN = "for_each", "value"

_LOOKUP_OBJECT_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": NAME_SCHEMA,
        "values": {"type": "array", "minItems": 1},
        "file": TEXT_SCHEMA,
        "column": TEXT_SCHEMA,
        "stream": TEXT_SCHEMA,
        "where": {"type": "object"},
        "batch": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
}
LOOKUP_SCHEMA = {
    "anyOf": [TEXT_SCHEMA, {"type": "array", "minItems": 1}, _LOOKUP_OBJECT_SCHEMA],
    "expected": "be STREAM.FIELD, a list of values, or an object with values, file or stream",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Lookup:
    """Values to iterate over: one request for each value, or for each batch of values.

    Attributes:
        name: Name of the lookup in macros, as in `{name.column}`.
        columns: Columns that macros may name.
        values: Values of a literal list or a file.
        stream: Stream whose records give the values, or None.
        where: Columns with the value, or the list of values, that a record must have.
        batch: Maximum number of values in one request, sent as an array. None sends one value.
    """

    name: str
    columns: tuple[str, ...]
    values: tuple[Record, ...] = ()
    stream: str | None = None
    where: Record = dataclasses.field(default_factory=dict)
    batch: int | None = None

    @property
    def macro_names(self) -> tuple[str, ...]:
        """Names of the macros that stand for the columns."""
        return tuple(f"{self.name}.{column}" for column in self.columns)

    def select(self, records: Iterable[Record], limit: int | None = None) -> list[dict[str, t.Any]]:
        """Return the distinct values of the records, by column, in the order of the records.

        Args:
            records: The records. Records that do not match `where` are skipped.
            limit: Number of values after which reading stops.

        Raises:
            ConfigError: No record has a column that the lookup names.
        """
        values: dict[tuple[str, ...], dict[str, t.Any]] = {}
        absent_columns = {*self.columns, *self._required_columns()}
        seen_columns: set[str] = set()
        for record in records:
            absent_columns -= record.keys()
            seen_columns |= record.keys()
            if self._matches(record):
                value = {column: record[column] for column in self.columns}
                values.setdefault(tuple(map(str, value.values())), value)
                if len(values) == limit:
                    break
        if absent_columns and seen_columns:
            column = min(absent_columns)
            hint = suggest(column, seen_columns)
            msg = f"Lookup {self.name!r} has no column {column!r}{hint}"
            raise ConfigError(msg)
        return list(values.values())

    def _required_columns(self) -> Iterator[str]:
        """Yield the columns of `where` that some record must have, because they cannot be null."""
        for column, accepted in self.where.items():
            if None not in (accepted if isinstance(accepted, list) else [accepted]):
                yield column

    def _matches(self, record: Record) -> bool:
        """Return True if the record has all columns and the values of `where`."""
        return all(record.get(column) is not None for column in self.columns) and all(
            record.get(column) in (accepted if isinstance(accepted, list) else [accepted])
            for column, accepted in self.where.items()
        )

    def batches(self, values: Sequence[dict[str, t.Any]]) -> Iterator[dict[str, t.Any]]:
        """Yield the macros of each request: `name.column` with a value or an array of values."""
        size = self.batch or 1
        for start in range(0, len(values), size):
            batch = values[start : start + size]
            yield {
                macro: [value[column] for value in batch] if self.batch else batch[0][column]
                for macro, column in zip(self.macro_names, self.columns, strict=True)
            }


def parse_lookups(entry: Mapping[str, t.Any]) -> tuple[Lookup, ...]:
    """Return the lookups of an entry of `custom_streams`, `for_each` first.

    Raises:
        ValueError: A lookup cannot be used, or two lookups have the same name.
    """
    lookups = [parse_lookup(name, lookup) for name, lookup in entry.get("lookups", {}).items()]
    if "for_each" in entry:
        lookups.insert(0, parse_lookup(None, entry["for_each"]))
    names = [lookup.name for lookup in lookups]
    if len(set(names)) < len(names):
        msg = f"two lookups have the same name: {', '.join(names)}. Set 'name' in one of them"
        raise ValueError(msg)
    return tuple(lookups)


def parse_lookup(name: str | None, lookup: t.Any) -> Lookup:
    """Return the lookup that an entry describes.

    Args:
        name: Name under `lookups`, or None for the value of `for_each`.
        lookup: A `STREAM.FIELD`, a list of values, or an object with one source of values.

    Raises:
        ValueError: The lookup has no source of values, several, or one that cannot be used.
    """
    if isinstance(lookup, str):
        lookup = {"stream": lookup}
    elif isinstance(lookup, list):
        lookup = {"values": lookup}
    sources = [source for source in _SOURCE_PARSERS if source in lookup]
    if len(sources) != 1:
        msg = (
            "a lookup must have one of 'values', 'file' and 'stream', "
            f"got {' and '.join(map(repr, sources)) or 'none'}"
        )
        raise ValueError(msg)
    if "column" in lookup and sources != ["file"]:
        msg = "'column' is valid in a lookup with 'file' only. Remove it"
        raise ValueError(msg)
    return _SOURCE_PARSERS[sources[0]](lookup.get("name", name), lookup)


def _parse_values(name: str | None, lookup: Mapping[str, t.Any]) -> Lookup:
    """Return a lookup in a literal list."""
    records = _to_records(lookup["values"])
    return _with_values(name or DEFAULT_LOOKUP_NAME, tuple(records[0]), records, lookup)


def _parse_file(name: str | None, lookup: Mapping[str, t.Any]) -> Lookup:
    """Return a lookup in a file, which is named like the file unless it has a name."""
    records = read_records(lookup["file"])
    columns = (lookup["column"],) if "column" in lookup else tuple(records[0])
    stem = re.sub(r"^(?=\d)|\W", "_", Path(lookup["file"]).stem)
    return _with_values(name or stem, columns, records, lookup)


def _parse_stream(name: str | None, lookup: Mapping[str, t.Any]) -> Lookup:
    """Return a lookup in a column of another stream."""
    stream, _, field = lookup["stream"].partition(".")
    if not (stream and field):
        msg = (
            f"lookup stream {lookup['stream']!r} must be STREAM.FIELD, such as "
            "campaigns.campaign_id"
        )
        raise ValueError(msg)
    return Lookup(name or stream, (field,), stream=stream, **_selection(lookup))


#: Parsers of the sources of values, by the key that names the source.
_SOURCE_PARSERS: dict[str, Callable[[str | None, Mapping[str, t.Any]], Lookup]] = {
    "values": _parse_values,
    "file": _parse_file,
    "stream": _parse_stream,
}


def _selection(lookup: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the arguments that all lookups have in common."""
    return {"where": lookup.get("where", {}), "batch": lookup.get("batch")}


def _with_values(
    name: str, columns: tuple[str, ...], records: Sequence[Record], lookup: Mapping[str, t.Any]
) -> Lookup:
    """Return a lookup with the values of the records."""
    if not columns:
        msg = f"lookup {name!r} has no columns. Add a key to its first value"
        raise ValueError(msg)
    for column in columns:
        if not any(column in record for record in records):
            msg = f"lookup {name!r} has no column {column!r}{suggest(column, records[0])}"
            raise ValueError(msg)
    result = Lookup(name, columns, **_selection(lookup))
    return dataclasses.replace(result, values=tuple(result.select(records)))


def read_records(file: str) -> list[Record]:
    """Return the records of a CSV file with a header, of a JSON array or of JSON Lines.

    Raises:
        ValueError: The file cannot be read, has another format, or holds no records.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        msg = f"lookup file {file} is not UTF-8 text. Save the file as UTF-8"
        raise ValueError(msg) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        msg = f"lookup file {file} cannot be read: {reason}. Check the path in 'file'"
        raise ValueError(msg) from None
    try:
        values = _FORMAT_PARSERS.get(path.suffix.lower(), json.loads)(text)
    except (ValueError, RecursionError, csv.Error):
        kind = _FORMAT_NAMES.get(path.suffix.lower(), "JSON")
        msg = (
            f"lookup file {file} is not {kind}. Correct the file, or rename it to .csv, .json or "
            ".jsonl"
        )
        raise ValueError(msg) from None
    if not isinstance(values, list) or not values:
        msg = f"lookup file {file} must contain a list of values that is not empty"
        raise ValueError(msg)
    return _to_records(values)


def _parse_csv(text: str) -> list[t.Any]:
    """Return the records of a CSV file."""
    return list(csv.DictReader(text.splitlines()))


def _parse_json_lines(text: str) -> list[t.Any]:
    """Return the value of each line that is not blank."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


#: Formats by the suffix of the name of a file, for messages. Others are JSON.
_FORMAT_NAMES = {".csv": "CSV", ".jsonl": "JSON Lines", ".ndjson": "JSON Lines"}
#: Parsers of files by the suffix of the name. A file with another suffix holds a JSON array.
_FORMAT_PARSERS: dict[str, Callable[[str], t.Any]] = {
    ".csv": _parse_csv,
    ".jsonl": _parse_json_lines,
    ".ndjson": _parse_json_lines,
}


def _to_records(values: Sequence[t.Any]) -> list[Record]:
    """Return the values as records. A value that is not an object is the column `value`."""
    return [value if isinstance(value, dict) else {VALUE_COLUMN: value} for value in values]
