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

    def __init__(self, column: str, stream_schema: Schema, catalog_schema: Schema) -> None:
        self.column = column
        self.own_type = _describe(stream_schema)
        self.wanted_type = _describe(catalog_schema)
        super().__init__(f"{column}: {self.own_type} cannot become {self.wanted_type}")


def overridden_schema(
    stream_schema: Schema, catalog_schema: Schema, fixed: Collection[str]
) -> dict[str, t.Any]:
    """Return the schema that records are cast by.

    Columns that only one of the schemas has are kept.

    Args:
        stream_schema: The schema of the stream.
        catalog_schema: The schema in the catalog.
        fixed: Columns whose type must not change: keys and the replication key.

    Raises:
        UnsupportedTypeError: The catalog has a type that values cannot be converted to.
    """
    stream_columns, catalog_columns = (
        stream_schema["properties"],
        catalog_schema.get("properties") or {},
    )
    columns = {**catalog_columns, **stream_columns}
    for name in stream_columns.keys() & catalog_columns.keys():
        columns[name] = _overridden(stream_columns[name], catalog_columns[name], name)
        if name in fixed:
            if _kind(columns[name]) != _kind(stream_columns[name]):
                raise UnsupportedTypeError(name, stream_columns[name], catalog_columns[name])
            columns[name] = stream_columns[name]
    return {**stream_schema, "properties": columns}


def _overridden(stream_schema: Schema, catalog_schema: Schema, path: str) -> Schema:
    """Return the schema of a value.

    Raises:
        UnsupportedTypeError: Values of the own schema cannot be converted to the other one.
    """
    if stream_schema == catalog_schema:
        return stream_schema
    if not catalog_schema.keys() & {"type", *_COMBINATIONS}:
        return catalog_schema  # any type
    if not _can_follow(stream_schema, catalog_schema):
        raise UnsupportedTypeError(path, stream_schema, catalog_schema)
    types = _types(catalog_schema)
    if types == ["object"]:
        return _overridden_object(stream_schema, catalog_schema, path)
    if types == ["array"]:
        items = stream_schema.get("items", {}), catalog_schema.get("items", {})
        return {**catalog_schema, "items": _overridden(*items, f"{path}[]")}
    return catalog_schema


def _overridden_object(stream_schema: Schema, catalog_schema: Schema, path: str) -> Schema:
    """Return the schema of an object. Columns that the other schema leaves out are `False`."""
    if not (stream_schema.get("properties") and catalog_schema.get("properties")):
        return stream_schema
    columns: dict[str, t.Any] = {**catalog_schema["properties"]}
    for name, column in stream_schema["properties"].items():
        is_kept = name in columns
        columns[name] = is_kept and _overridden(column, columns[name], f"{path}.{name}")
    return {**catalog_schema, "properties": columns}


def _can_follow(stream_schema: Schema, catalog_schema: Schema) -> bool:
    """Return True if values of the own schema can be converted to the other one."""
    if catalog_schema.keys() & _COMBINATIONS:
        return False
    stream_types, catalog_types = _types(stream_schema), _types(catalog_schema)
    if (
        stream_schema.get("type")
        and "null" in stream_schema["type"]
        and "null" not in catalog_schema["type"]
    ):
        return False
    if catalog_types in (stream_types, ["string"]):
        return (
            stream_schema.get("format") == catalog_schema.get("format")
            or catalog_schema.get("format") in FORMATS
        )
    is_single = len(catalog_types) == 1 and "format" not in stream_schema
    return is_single and set(stream_types) <= SOURCES.get(catalog_types[0], frozenset())


def _types(schema: Schema) -> list[str]:
    """Return the JSON types of a value, without null."""
    types = schema.get("type") or []
    return [types] if isinstance(types, str) else [name for name in types if name != "null"]


def _kind(schema: Schema) -> tuple[t.Any, ...]:
    """Return the types and format that decide the conversion of a value that is not null."""
    return (*_types(schema), schema.get("format"))


def _describe(schema: Schema) -> str:
    """Return the type of a value for a message."""
    types = schema.get("type") or [*(schema.keys() & _COMBINATIONS), "any"][0]
    name = types if isinstance(types, str) else " or ".join(types)
    return f"{name} ({schema['format']})" if "format" in schema else name
