"""Raw TikTok records to typed records: `Caster` is compiled once from a JSON Schema."""

from __future__ import annotations

import threading
import typing as t

from tap_tiktok_ads.extract import values
from tap_tiktok_ads.extract.values import BadValueError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

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
_UNCHANGED_TYPES: dict[Converter, frozenset[type]] = {
    values.to_text: frozenset({str}),
    values.to_integer: frozenset({int}),
    values.to_number: values.NUMBER_TYPES,
    values.to_boolean: frozenset({bool}),
}
_NO_TYPES: frozenset[type] = frozenset()


class Drift:
    """Collects the differences between a schema and the records received. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unknown_columns: set[str] = set()
        self._bad_values: dict[str, t.Any] = {}

    def add_unknown_column(self, path: str) -> None:
        """Add a column that the schema does not have."""
        with self._lock:
            self._unknown_columns.add(path)

    def add_bad_value(self, path: str, value: t.Any) -> None:
        """Add a value that its column cannot hold. The first value of each column is kept.

        Objects and arrays are kept as JSON text.
        """
        if isinstance(value, (dict, list)):
            try:
                value = values.to_text(value)
            except BadValueError:
                value = "(nested too deeply)"
        with self._lock:
            self._bad_values.setdefault(path, value)

    def take(self) -> tuple[list[str], dict[str, t.Any]]:
        """Return and forget the unknown columns and the bad values by column, sorted.

        Columns are paths such as `creatives[].video.id`.
        """
        with self._lock:
            taken = sorted(self._unknown_columns), dict(sorted(self._bad_values.items()))
            self._unknown_columns = set()
            self._bad_values = {}
        return taken


class Caster:
    """Casts records to the types of a JSON Schema. Thread-safe.

    Columns that the schema does not have are kept unchanged. A value that its column cannot hold
    becomes null. A fraction in a column of integers is kept. `drift` collects all of them.

    Example:
        >>> caster = Caster({"properties": {"clicks": {"type": ["integer", "null"]}}})
        >>> list(caster.records([{"clicks": "1.0"}, {"clicks": "-"}]))
        [{'clicks': 1}, {'clicks': None}]

    Attributes:
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
            schema: JSON Schema of an object with `properties`.
            dash_is_null: True if `-` means null in nullable text columns, as in reports.
            required: Columns that every record must have, and that must not be null.
        """
        self.drift = Drift()
        self._required = frozenset(required)
        self._to_nullable_text = values.to_report_text if dash_is_null else values.to_text
        self._never_null = {
            name
            for name, column in schema["properties"].items()
            if "null" not in column.get("type", "null")
        }
        self._cast = self._compile_object(schema, "", self._required)

    def records(self, raw: Iterable[Record]) -> Iterator[Record]:
        """Yield the records, each cast in place when it is reached.

        Raises:
            BadValueError: A required column is missing, or a column that must not be null holds a
                value of another type.
        """
        return map(self._cast, raw)

    def _compile(self, schema: Schema, path: str) -> Converter:
        """Return the conversion of a value of any schema. `path` leads to the value."""
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
            return self._compile_object(schema, f"{path}.") if has_columns else _unchanged
        return _CONVERTERS[name]

    def _compile_object(
        self, schema: Schema, prefix: str, required: frozenset[str] = frozenset()
    ) -> Converter:
        """Return the conversion of an object, in place.

        Most objects of a list have one of a few shapes (their names and types of values), and most
        values need no conversion. So the conversions that a shape needs are found once.
        """
        columns = {
            name: self._compile(column, f"{prefix}{name}")
            for name, column in schema["properties"].items()
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
                    record[name] = self._replace(prefix + name, error)
            return record

        return cast

    def _compile_array(self, schema: Schema, path: str) -> Converter:
        """Return the conversion of an array, in place. A single value becomes an array of one."""
        if "items" not in schema:
            return _to_list
        item_path = f"{path}[]"
        convert = self._compile(schema["items"], item_path)
        unchanged_types = _UNCHANGED_TYPES.get(convert, _NO_TYPES) | {type(None)}

        def cast(value: t.Any) -> t.Any:
            items = _to_list(value)
            if items is None:
                return None
            for index, item in enumerate(items):
                if type(item) not in unchanged_types:
                    try:
                        items[index] = convert(item)
                    except BadValueError as error:
                        items[index] = self._replace(item_path, error)
            return items

        return cast

    def _check_columns(
        self, record: Record, known: t.AbstractSet[str], prefix: str, required: frozenset[str]
    ) -> None:
        """Collect the unknown columns of a record.

        Raises:
            BadValueError: A required column is missing or null.
        """
        if missing := [name for name in sorted(required) if record.get(name) is None]:
            msg = f"{', '.join(missing)} is missing"
            raise BadValueError(msg)
        for name in record.keys() - known:
            self.drift.add_unknown_column(prefix + name)

    def _replace(self, path: str, error: BadValueError) -> t.Any:
        """Return the replacement of a bad value, and collect the value.

        Raises:
            BadValueError: The column must not be null.
        """
        value = error.args[0]
        if path in self._never_null:
            msg = f"{path} holds {value!r:.100}"
            raise BadValueError(msg)
        self.drift.add_bad_value(path, value)
        return error.kept_value


def _steps(record: Record, columns: Mapping[str, Converter]) -> Steps:
    """Return the conversions that a record of this shape needs, by column."""
    return [
        (name, columns[name])
        for name, value in record.items()
        if name in columns
        and value is not None
        and type(value) not in _UNCHANGED_TYPES.get(columns[name], _NO_TYPES)
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
