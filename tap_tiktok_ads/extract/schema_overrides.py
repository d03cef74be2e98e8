"""The schema that a catalog overrides: columns that it leaves out, and types that it changes. Pure.

The boolean schema `False` stands for a column that is left out.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    Schema = Mapping[str, t.Any]

#: Types whose values can be converted to a type. Every value can be converted to text.
SOURCES = {
    "integer": frozenset({"string", "integer", "number"}),
    "number": frozenset({"string", "integer", "number"}),
    "boolean": frozenset({"string", "integer", "boolean"}),
}
#: Formats of text that values can be converted to.
FORMATS = frozenset({None, "date", "date-time", "local-date-time"})
_COMBINATIONS = frozenset({"anyOf", "oneOf", "allOf", "not", "$ref"})


class UnsupportedTypeError(ValueError):
    """A type in a catalog that values cannot be converted to.

    Attributes:
        column: The path of the column, such as `creatives[].video.id`.
        own_type: The type of the stream's column.
        wanted_type: The type in the catalog.
    """

    def __init__(self, column: str, own: Schema, wanted: Schema) -> None:
        self.column = column
        self.own_type = _describe(own)
        self.wanted_type = _describe(wanted)
        super().__init__(f"{column}: {self.own_type} cannot become {self.wanted_type}")


def overridden_schema(own: Schema, wanted: Schema, fixed: Collection[str]) -> dict[str, t.Any]:
    """Return the schema that records are cast by.

    Columns that only one of the schemas has are kept.

    Args:
        own: The schema of the stream.
        wanted: The schema in the catalog.
        fixed: Columns whose type must not change: keys and the replication key.

    Raises:
        UnsupportedTypeError: The catalog has a type that values cannot be converted to.
    """
    own_columns, wanted_columns = own["properties"], wanted.get("properties") or {}
    columns = {**wanted_columns, **own_columns}
    for name in own_columns.keys() & wanted_columns.keys():
        columns[name] = _overridden(own_columns[name], wanted_columns[name], name)
        if name in fixed:
            if _kind(columns[name]) != _kind(own_columns[name]):
                raise UnsupportedTypeError(name, own_columns[name], wanted_columns[name])
            columns[name] = own_columns[name]
    return {**own, "properties": columns}


def _overridden(own: Schema, wanted: Schema, path: str) -> Schema:
    """Return the schema of a value.

    Raises:
        UnsupportedTypeError: Values of the own schema cannot be converted to the other one.
    """
    if own == wanted:
        return own
    if not wanted.keys() & {"type", *_COMBINATIONS}:
        return wanted  # any type
    if not _can_follow(own, wanted):
        raise UnsupportedTypeError(path, own, wanted)
    types = _types(wanted)
    if types == ["object"]:
        return _overridden_object(own, wanted, path)
    if types == ["array"]:
        items = own.get("items", {}), wanted.get("items", {})
        return {**wanted, "items": _overridden(*items, f"{path}[]")}
    return wanted


def _overridden_object(own: Schema, wanted: Schema, path: str) -> Schema:
    """Return the schema of an object. Columns that the other schema leaves out are `False`."""
    if not (own.get("properties") and wanted.get("properties")):
        return own
    columns: dict[str, t.Any] = {**wanted["properties"]}
    for name, column in own["properties"].items():
        is_kept = name in columns
        columns[name] = is_kept and _overridden(column, columns[name], f"{path}.{name}")
    return {**wanted, "properties": columns}


def _can_follow(own: Schema, wanted: Schema) -> bool:
    """Return True if values of the own schema can be converted to the other one."""
    if wanted.keys() & _COMBINATIONS:
        return False
    own_types, wanted_types = _types(own), _types(wanted)
    if own.get("type") and "null" in own["type"] and "null" not in wanted["type"]:
        return False
    if wanted_types in (own_types, ["string"]):
        return own.get("format") == wanted.get("format") or wanted.get("format") in FORMATS
    is_single = len(wanted_types) == 1 and "format" not in own
    return is_single and set(own_types) <= SOURCES.get(wanted_types[0], frozenset())


def _types(schema: Schema) -> list[str]:
    """Return the JSON types of a value, without null."""
    types = schema.get("type") or []
    return [types] if isinstance(types, str) else [name for name in types if name != "null"]


def _kind(schema: Schema) -> tuple[t.Any, ...]:
    """Return what decides the conversion of a value that is not null."""
    return (*_types(schema), schema.get("format"))


def _describe(schema: Schema) -> str:
    """Return the type of a value for a message."""
    types = schema.get("type") or [*(schema.keys() & _COMBINATIONS), "any"][0]
    name = types if isinstance(types, str) else " or ".join(types)
    return f"{name} ({schema['format']})" if "format" in schema else name
