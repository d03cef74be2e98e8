"""Look-ups of custom streams: lists of values, files, and columns of other streams."""

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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: Requests that the look-ups of a stream may make for one advertiser and window, at most.
MAX_LOOKUP_COMBINATIONS = 100_000

_LOOKUP_OBJECT = {
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
LOOKUP_SCHEMA = {"anyOf": [TEXT_SCHEMA, {"type": "array", "minItems": 1}, _LOOKUP_OBJECT]}


@dataclasses.dataclass(frozen=True, slots=True)
class Lookup:
    """Values to iterate over: one request for each, or for each batch of them.

    Attributes:
        name: what it is called in macros, as in `{name.column}`.
        columns: the columns that macros may name.
        values: the rows of a literal list or a file.
        stream: the stream whose rows are taken instead.
        where: columns and the values, or lists of values, that a row must have.
        batch: how many values go into one request, as an array; None: one, as it is.
    """

    name: str
    columns: tuple[str, ...]
    values: tuple[Mapping[str, t.Any], ...] = ()
    stream: str | None = None
    where: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    batch: int | None = None

    def select(
        self, rows: Iterable[Mapping[str, t.Any]], most: int | None = None
    ) -> list[dict[str, t.Any]]:
        """The distinct values of rows, by column, in the order in which they come.

        With `most`, no row is taken once there are so many.

        Raises:
            ConfigError: no row has a column that is named.
        """
        found: dict[tuple[str, ...], dict[str, t.Any]] = {}
        missing = {*self.columns, *self.where}
        known: set[str] = set()
        for row in rows:
            missing -= row.keys()
            known |= row.keys()
            if all(row.get(column) is not None for column in self.columns) and all(
                row.get(column) in (wanted if isinstance(wanted, list) else [wanted])
                for column, wanted in self.where.items()
            ):
                value = {column: row[column] for column in self.columns}
                found.setdefault(tuple(map(str, value.values())), value)
                if len(found) == most:
                    break
        if missing and known:
            column = min(missing)
            msg = f"Look-up {self.name!r} has no column {column!r}{suggest(column, known)}"
            raise ConfigError(msg)
        return list(found.values())

    def batches(self, values: Sequence[dict[str, t.Any]]) -> Iterator[dict[str, t.Any]]:
        """What macros stand for in each request: `name.column` and a value or an array."""
        size = self.batch or 1
        for start in range(0, len(values), size):
            part = values[start : start + size]
            yield {
                f"{self.name}.{column}": [value[column] for value in part]
                if self.batch
                else part[0][column]
                for column in self.columns
            }


def parse_lookups(entry: Mapping[str, t.Any]) -> tuple[Lookup, ...]:
    """Return the lookups of an entry of `custom_streams`.

    Raises:
        ValueError: A lookup cannot be used.
    """
    found = [_lookup(name, spec) for name, spec in entry.get("lookups", {}).items()]
    if "for_each" in entry:
        found.insert(0, _lookup(None, entry["for_each"]))
    names = [lookup.name for lookup in found]
    if len(set(names)) < len(names):
        msg = f"two lookups have the same name: {', '.join(names)}"
        raise ValueError(msg)
    return tuple(found)


def _lookup(name: str | None, spec: t.Any) -> Lookup:  # noqa: C901 - three kinds of sources
    if isinstance(spec, str):
        spec = {"stream": spec}
    elif isinstance(spec, list):
        spec = {"values": spec}
    sources = [key for key in ("values", "file", "stream") if key in spec]
    if len(sources) != 1:
        msg = "a lookup has one of 'values', 'file' and 'stream'"
        raise ValueError(msg)
    if "column" in spec and sources != ["file"]:
        msg = "'column' is for lookups with a 'file'"
        raise ValueError(msg)
    facts = {"where": spec.get("where", {}), "batch": spec.get("batch")}
    name = spec.get("name", name)
    if sources == ["stream"]:
        stream, _, field = spec["stream"].partition(".")
        if not (stream and field):
            msg = f"lookup stream {spec['stream']!r} must be STREAM.FIELD, as campaigns.campaign_id"
            raise ValueError(msg)
        return Lookup(name or stream, (field,), stream=stream, **facts)
    if sources == ["file"]:
        rows = _read_rows(spec["file"])
        columns = (spec["column"],) if "column" in spec else tuple(rows[0])
        name = name or re.sub(r"^(?=\d)|\W", "_", Path(spec["file"]).stem)
    else:
        rows = [row if isinstance(row, dict) else {"value": row} for row in spec["values"]]
        columns = tuple(rows[0])
        name = name or "for_each"
    if not columns:
        msg = f"lookup {name!r} has no columns"
        raise ValueError(msg)
    for column in columns:
        if not any(column in row for row in rows):
            msg = f"lookup {name!r} has no column {column!r}{suggest(column, rows[0])}"
            raise ValueError(msg)
    lookup = Lookup(name, columns, **facts)
    return dataclasses.replace(lookup, values=tuple(lookup.select(rows)))


def _read_rows(file: str) -> list[dict[str, t.Any]]:
    """The rows of a CSV file with a header, of a JSON array or of JSON Lines."""
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        msg = f"lookup file {file} cannot be read ({getattr(error, 'strerror', None) or 'no text'})"
        raise ValueError(msg) from None
    try:
        if path.suffix.lower() == ".csv":
            rows: t.Any = list(csv.DictReader(text.splitlines()))
        elif path.suffix.lower() in {".jsonl", ".ndjson"}:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            rows = json.loads(text)
    except (ValueError, RecursionError, csv.Error):
        msg = f"lookup file {file} is neither CSV, JSON nor JSON Lines as its name says"
        raise ValueError(msg) from None
    if not isinstance(rows, list) or not rows:
        msg = f"lookup file {file} holds no rows"
        raise ValueError(msg)
    return [row if isinstance(row, dict) else {"value": row} for row in rows]
