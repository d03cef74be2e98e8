"""Raw TikTok records to typed records: `Caster` is compiled once from a JSON Schema."""

from __future__ import annotations

import operator
import typing as t

from tap_tiktok_ads.extract import values
from tap_tiktok_ads.extract.drift import Drift
from tap_tiktok_ads.extract.values import BadValueError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Record = dict[str, t.Any]
    Converter = Callable[[t.Any], t.Any]
    Schema = Mapping[str, t.Any]
    Steps = list[tuple[str, Converter]]

#: Shapes of objects that a caster remembers. Of objects with many members it remembers one shape.
MAX_SHAPES = 1000
MAX_SHAPE_MEMBERS = 1000

_CONVERTERS: dict[str, Converter] = {
    "string": values.to_text,
    "integer": values.to_integer,
    "number": values.to_number,
    "boolean": values.to_boolean,
}
_FORMAT_CONVERTERS: dict[str, Converter] = {
    "date-time": values.to_date_time,
    "date": values.to_date,
    "local-date-time": values.to_local_date_time,
}
#: Types that a conversion returns unchanged. Most values have one of them and need no call.
UNCHANGED_TYPES: Mapping[Converter, frozenset[type]] = {
    values.to_text: frozenset({str}),
    values.to_integer: frozenset({int}),
    values.to_number: values.NUMBER_TYPES,
    values.to_list_number: values.NUMBER_TYPES - {int},
    values.to_boolean: frozenset({bool}),
    values.to_object: frozenset({dict}),
}
_NO_TYPES: frozenset[type] = frozenset()


class Caster:
    """Casts records to the types of a JSON Schema. Thread-safe.

    Columns that the schema does not have are kept unchanged. A value that its column cannot hold
    becomes null. A record whose key column would become null is left out. `drift` collects all of
    them.

    Example:
        >>> caster = Caster({"properties": {"clicks": {"type": ["integer", "null"]}}})
        >>> list(caster.records([{"clicks": "1.0"}, {"clicks": "-"}]))
        [{'clicks': 1}, {'clicks': None}]

    Attributes:
        schema: JSON Schema of the records.
        required: Key columns, which every record must have.
        drift: Unknown columns and bad values of the records so far.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        dash_is_null: bool = False,
        required: Iterable[str] = (),
    ) -> None:
        """Compile the schema.

        Args:
            schema: JSON Schema of an object with `properties`. Of a nested object, columns with
                the schema `False` are removed.
            dash_is_null: True if `-` means null in nullable text columns, as in reports.
            required: Key columns, which every record must have, with a value.
        """
        self.schema = schema
        self.required = tuple(required)
        self.drift = Drift()
        self._to_nullable_text = values.to_report_text if dash_is_null else values.to_text
        self._never_null = {
            name
            for name, column in schema["properties"].items()
            if "null" not in column.get("type", "null")
        }
        self._cast = self._compile_object(schema, "", frozenset(self.required))

    def records(self, raw: Iterable[Record]) -> Iterator[Record]:
        """Yield the records, each cast in place when it is reached.

        A record that cannot fit the schema is left out.
        """
        cast, keys = self._cast, self.required
        key_values = operator.itemgetter(keys[0], *keys) if keys else _no_values
        for record in raw:
            try:
                cast(record)
                if "" in key_values(record):
                    raise _without_value([name for name in keys if record[name] == ""])
            except BadValueError as error:
                raw_keys = {name: record.get(name) for name in keys}
                self.drift.add_unusable_record(str(error), raw_keys)
            else:
                yield record

    def converter(self, schema: Schema, path: str, *, is_item: bool = False) -> Converter:
        """Return the conversion of a value of any schema.

        Args:
            schema: The JSON Schema of the value.
            path: The path of the value, for `drift`.
            is_item: True for an item of an array. All numbers of an array are of one kind.
        """
        types = schema.get("type", [])
        names = {types} if isinstance(types, str) else set(types)
        is_nullable = "null" in names
        names.discard("null")
        if len(names) != 1:
            return _unchanged
        name = names.pop()
        if name == "string":
            # A key keeps the text that was sent, a dash included.
            to_text = self._to_nullable_text if is_nullable else values.to_text
            return _FORMAT_CONVERTERS.get(schema.get("format", ""), to_text)
        if name == "array":
            return self._compile_array(schema, path)
        if name == "object":
            has_columns = "properties" in schema
            return self._compile_object(schema, f"{path}.") if has_columns else values.to_object
        is_list_number = is_item and name == "number"
        return values.to_list_number if is_list_number else _CONVERTERS[name]

    def _compile_object(
        self, schema: Schema, prefix: str, required: frozenset[str] = frozenset()
    ) -> Converter:
        """Return the conversion of an object, in place.

        Most objects of a list have one of a few shapes: their names and types of values. Most
        values need no conversion. So the conversions of a shape are determined once.
        """
        left_out = [name for name, column in schema["properties"].items() if column is False]
        columns = {
            name: self.converter(column, f"{prefix}{name}")
            for name, column in schema["properties"].items()
            if column is not False
        }
        columns |= {name: _reject_null(columns[name]) for name in required}
        steps_by_shape: dict[tuple[t.Any, ...], Steps] = {}

        def cast(record: t.Any) -> t.Any:
            if type(record) is not dict:
                return _require_empty(record)
            shape = (*record, *map(type, record.values()))
            steps = steps_by_shape.get(shape)
            if steps is None:
                self._check_columns(record, columns.keys(), prefix, required)
                steps = _steps(record, columns)
                if len(steps_by_shape) >= MAX_SHAPES or len(record) > MAX_SHAPE_MEMBERS:
                    steps_by_shape.clear()
                steps_by_shape[shape] = steps
            for name, convert in steps:
                try:
                    record[name] = convert(record[name])
                except BadValueError as error:
                    self._collect(prefix + name, error)
                    record[name] = None
            return record

        return _without(left_out, cast) if left_out else cast

    def _compile_array(self, schema: Schema, path: str) -> Converter:
        """Return the conversion of an array, in place. A single value becomes an array of one."""
        if "items" not in schema:
            return _to_list
        item_path = f"{path}[]"
        convert = self.converter(schema["items"], item_path, is_item=True)
        unchanged_types = UNCHANGED_TYPES.get(convert, _NO_TYPES) | {type(None)}

        def cast(value: t.Any) -> t.Any:
            items = _to_list(value)
            if items is None:
                return None
            for index, item in enumerate(items):
                if type(item) not in unchanged_types:
                    try:
                        items[index] = convert(item)
                    except BadValueError as error:
                        self._collect(item_path, error)
                        items[index] = None
            return items

        return cast

    def _check_columns(
        self,
        record: Record,
        known_columns: t.AbstractSet[str],
        prefix: str,
        required: frozenset[str],
    ) -> None:
        """Collect the unknown columns of a record.

        Raises:
            BadValueError: A required column is missing, null, an object or an array.
        """
        if missing_columns := [
            name for name in sorted(required) if not _has_value(record.get(name))
        ]:
            raise _without_value(missing_columns)
        for name in record.keys() - known_columns:
            self.drift.add_unknown_column(prefix + name)

    def _collect(self, path: str, error: BadValueError) -> None:
        """Collect a bad value, which becomes null.

        Raises:
            BadValueError: The column must not be null.
        """
        if path in self._never_null:
            raise _without_value([path])
        self.drift.add_bad_value(path, error)


def _without(columns: Sequence[str], convert: Converter) -> Converter:
    """Return a conversion of an object that first removes columns."""

    def convert_rest(record: t.Any) -> t.Any:
        if type(record) is dict:
            for name in columns:
                record.pop(name, None)
        return convert(record)

    return convert_rest


def _steps(record: Record, columns: Mapping[str, Converter]) -> Steps:
    """Return the conversions that a record of this shape needs, by column."""
    return [
        (name, columns[name])
        for name, value in record.items()
        if name in columns
        and value is not None
        and type(value) not in UNCHANGED_TYPES.get(columns[name], _NO_TYPES)
    ]


def _reject_null(convert: Converter) -> Converter:
    """Return a conversion that raises `BadValueError` where `convert` returns None."""
    if convert is values.to_text:  # returns None for None only, which `_check_columns` rejects
        return convert

    def convert_required(value: t.Any) -> t.Any:
        converted = convert(value)
        if converted is None:
            raise BadValueError(value)
        return converted

    return convert_required


def _no_values(record: Record) -> tuple[()]:  # noqa: ARG001 - the keys of a stream without keys
    """Return nothing."""
    return ()


def _without_value(columns: Sequence[str]) -> BadValueError:
    """Return the error for a record whose key columns have no usable value."""
    return BadValueError(f"no usable value in {', '.join(columns)}")


def _has_value(key: t.Any) -> bool:
    """Return True if a raw value can be the value of a key column."""
    return key is not None and not isinstance(key, (dict, list))


def _require_empty(value: t.Any) -> None:
    """Return None for the empty text, which TikTok sends for a missing object.

    Raises:
        BadValueError: The value is anything else.
    """
    if value != "":
        raise BadValueError(value)


def _unchanged(value: t.Any) -> t.Any:
    """Return the value."""
    return value


def _to_list(value: t.Any) -> list[t.Any] | None:
    """Return a list: the value, or a list of one value. The empty text becomes None."""
    if isinstance(value, list):
        return value
    return None if value == "" else [value]
