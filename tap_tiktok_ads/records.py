"""Raw TikTok values -> typed, flat rows. Pure.

TikTok sends report numbers as text, `-` where there is no value, whole numbers at times as `1.0`,
times without a zone (UTC), and some ids as numbers. A `Caster` is compiled once from a stream's
JSON Schema and then turns whole pages into what that schema says.
"""

from __future__ import annotations

import decimal
import re
import typing as t
from datetime import datetime, timezone

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Row = dict[str, t.Any]
    Convert = Callable[[t.Any], t.Any]
    _Column = tuple[type | None, Convert]

#: Texts that mean "no value" where a number, a date or a report's attribute is expected.
NO_VALUE = frozenset({"", "-"})
#: A text of at most so many characters is exact as a float: fifteen digits always are.
EXACT_FLOAT = 15
#: Digits of a number at most; Python itself refuses to read much longer ones.
LONGEST = 400
#: Epoch numbers from here on are milliseconds; as seconds they would lie beyond the year 5000.
MILLISECONDS_FROM = 100_000_000_000
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,2})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?", re.ASCII)
_SPACED_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_NUMBERS = frozenset({int, float, decimal.Decimal})
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class BadValueError(ValueError):
    """A value that cannot be read as its column's type; `kept` is what the row holds instead."""

    def __init__(self, value: t.Any, kept: t.Any = None) -> None:
        super().__init__(value)
        self.kept = kept


def _nothing(value: t.Any) -> bool:
    return isinstance(value, str) and value in NO_VALUE


def text(value: t.Any) -> str | None:
    """Text; numbers (ids that arrive as such) and structures in their JSON form."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def attribute(value: t.Any) -> str | None:
    """Text of a report, where `-` and nothing mean no value."""
    return None if value in ("", "-") else text(value)


def number(value: t.Any) -> float | decimal.Decimal | None:
    """A number, exactly as sent: a float where that loses nothing, else a decimal."""
    if type(value) in _NUMBERS:
        return t.cast("float", value)
    if isinstance(value, str):
        if value in NO_VALUE:
            return None
        if _NUMBER.fullmatch(value):
            if len(value) > EXACT_FLOAT:
                return decimal.Decimal(value)
            result = float(value)
            if result - result == 0:  # not infinite
                return result
    if value is None:
        return None
    raise BadValueError(value)


def integer(value: t.Any) -> float | decimal.Decimal | None:
    """A whole number; `1.0` is one, a number with a fraction is refused.

    Raises:
        BadValueError: no number, or not a whole one.
    """
    if isinstance(value, str) and value.isdigit() and value.isascii() and len(value) <= LONGEST:
        return int(value)
    result = number(value)
    if result is None or isinstance(result, int):
        return result
    if result != int(result):
        raise BadValueError(value, kept=result)
    return int(result)


def boolean(value: t.Any) -> bool | None:
    """A truth value; the texts and numbers for it are parsed, not tested for being empty."""
    if value is None or isinstance(value, bool):
        return value
    if _nothing(value):
        return None
    try:
        return _BOOLEANS[str(value).lower()]
    except KeyError:
        raise BadValueError(value) from None


def date_time(value: t.Any) -> str | None:
    """An RFC 3339 time in UTC, from `YYYY-MM-DD HH:MM:SS`, ISO 8601 or an epoch number."""
    if value is None or _nothing(value):
        return None
    try:
        if isinstance(value, str) and _SPACED_TIME.fullmatch(value):
            if value.startswith("0000"):
                return None
            datetime.fromisoformat(value)  # refuses what is no time, as 25 o'clock
            return f"{value[:10]}T{value[11:]}Z"
        if isinstance(value, bool):
            raise BadValueError(value)
        if isinstance(value, str) and not value.isdigit():
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
        else:
            seconds = float(value)
            if seconds <= 0:
                return None
            if seconds >= MILLISECONDS_FROM:
                seconds /= 1000
            moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
        return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError, OSError):
        raise BadValueError(value) from None


def date(value: t.Any) -> str | None:
    """A calendar day, from `YYYY-MM-DD` with or without a time behind it."""
    if value is None or _nothing(value):
        return None
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            datetime.fromisoformat(value[:10])
        except ValueError:
            raise BadValueError(value) from None
        return value[:10]
    raise BadValueError(value)


_SCALARS: dict[str, Convert] = {
    "string": text,
    "integer": integer,
    "number": number,
    "boolean": boolean,
}
_FORMATS: dict[str, Convert] = {"date-time": date_time, "date": date}
#: What a conversion leaves as it is: most values, so that most need no call.
_FITTING: dict[Convert, type] = {text: str, integer: int, number: float, boolean: bool}


class Caster:
    """Casts rows to a JSON Schema of an object.

    Columns that the schema does not have are kept as they came. A value that cannot be read as its
    type becomes null, save a fraction in a column of whole numbers, which is kept. Both are noted.
    In a column that may not be null, as keys are, it raises `BadValueError`.

    Attributes:
        unknown: columns not in the schema, seen since they were last taken.
        unreadable: path of a column -> first value that did not fit, likewise.
    """

    def __init__(self, schema: Mapping[str, t.Any], *, attributes: bool = False) -> None:
        """Compile the schema.

        Args:
            schema: an object schema with `properties`.
            attributes: whether `-` in a text column that may be null means no value, as in reports.
        """
        self.unknown: set[str] = set()
        self.unreadable: dict[str, t.Any] = {}
        self._text: Convert = attribute if attributes else text
        self._columns = self._compile_properties(schema, "")
        self._keys = {
            name
            for name, column in schema["properties"].items()
            if "null" not in column.get("type", "null")
        }

    def rows(self, raw: Iterable[Row]) -> list[Row]:
        """The rows of a page, cast in place."""
        return [self._object(row, self._columns, "") for row in raw]

    def _object(self, row: Row, columns: Mapping[str, _Column], path: str) -> Row:
        for name, value in row.items():
            if value is None:
                if name not in columns:
                    self.unknown.add(path + name)
                continue
            try:
                fitting, convert = columns[name]
            except KeyError:
                self.unknown.add(path + name)
                continue
            if type(value) is not fitting:
                try:
                    row[name] = convert(value)
                except BadValueError as error:
                    row[name] = self._unreadable(path + name, error)
        return row

    def _unreadable(self, path: str, error: BadValueError) -> t.Any:
        if path in self._keys:
            raise error
        self.unreadable.setdefault(path, error.args[0])
        return error.kept

    def _compile_properties(self, schema: Mapping[str, t.Any], path: str) -> dict[str, _Column]:
        found = {
            name: self._compile(column, f"{path}{name}")
            for name, column in schema["properties"].items()
        }
        return {name: (_FITTING.get(convert), convert) for name, convert in found.items()}

    def _compile(self, schema: Mapping[str, t.Any], path: str) -> Convert:
        types = schema.get("type", [])
        kinds = {types} if isinstance(types, str) else set(types)
        kinds.discard("null")
        if len(kinds) != 1:
            return _as_it_is
        kind = kinds.pop()
        if kind == "string":
            keyed = "null" not in types  # keys hold what was sent
            return _FORMATS.get(schema.get("format", ""), text if keyed else self._text)
        if kind == "array":
            return self._compile_array(schema, path)
        if kind == "object":
            return self._compile_object(schema, path)
        return _SCALARS[kind]

    def _compile_array(self, schema: Mapping[str, t.Any], path: str) -> Convert:
        if "items" not in schema:
            return _as_list
        convert = self._compile(schema["items"], f"{path}[]")
        fitting = _FITTING.get(convert)

        def element(value: t.Any) -> t.Any:
            try:
                return convert(value)
            except BadValueError as error:
                return self._unreadable(f"{path}[]", error)

        def array(value: t.Any) -> t.Any:
            if isinstance(value, list):
                return [
                    item if item is None or type(item) is fitting else element(item)
                    for item in value
                ]
            return None if value == "" else [element(value)]

        return array

    def _compile_object(self, schema: Mapping[str, t.Any], path: str) -> Convert:
        if "properties" not in schema:
            return _as_it_is
        columns = self._compile_properties(schema, f"{path}.")

        def object_(value: t.Any) -> t.Any:
            if isinstance(value, dict):
                return self._object(value, columns, f"{path}.")
            if value == "":
                return None
            raise BadValueError(value)

        return object_


def _as_it_is(value: t.Any) -> t.Any:
    return value


def _as_list(value: t.Any) -> t.Any:
    return value if isinstance(value, list) else None if value == "" else [value]


class TypedRow(msgspec.Struct, gc=False):
    """A row of a report as it comes, typed by a `ReportDecoder`."""

    dimensions: msgspec.Struct
    metrics: msgspec.Struct


#: Bytes at the start of a page that tell whether its JSON is written with white space.
SAMPLE = 4096
_ENCODE = msgspec.json.Encoder().encode
#: A float holds fifteen digits: up to six after the point, of numbers below a thousand million
#: (in plain notation, which is all that TikTok sends).
_LONG_FRACTION = re.compile(rb"\.\d{7}")
_EXACT = t.Annotated[float, msgspec.Meta(gt=-1e9, lt=1e9)]
_TYPES: dict[str, t.Any] = {
    "string": str | None | msgspec.UnsetType,
    "integer": int | None | msgspec.UnsetType,
    "number": _EXACT | None | msgspec.UnsetType,
    "boolean": bool | None | msgspec.UnsetType,
}


class ReportDecoder:
    """Decodes pages of a report straight into typed rows, numbers from text included, in C.

    It takes only pages for which that gives the rows that a `Caster` gives: where a column is
    unknown, or a value is anything but plain, `decode` returns None and the caster has its turn.
    """

    def __init__(
        self,
        schema: Mapping[str, t.Any],
        dimensions: t.Sequence[str],
        metrics: t.Sequence[str],
    ) -> None:
        """Make the types.

        Args:
            schema: the JSON Schema of the flat rows.
            dimensions: columns that come in a row's `dimensions`.
            metrics: columns that come in its `metrics`.
        """
        types = {name: _TYPES[_kind(column)] for name, column in schema["properties"].items()}
        keys = msgspec.defstruct(
            "Dimensions",
            [(name, str) for name in dimensions],
            forbid_unknown_fields=True,
            gc=False,
        )
        values = msgspec.defstruct(
            "Metrics",
            [(name, types[name], msgspec.UNSET) for name in metrics],
            forbid_unknown_fields=True,
            gc=False,
        )
        row = msgspec.defstruct(
            "Row", [("dimensions", keys), ("metrics", values)], bases=(TypedRow,), gc=False
        )
        data = msgspec.defstruct("Data", [("list", list[row]), ("page_info", t.Any, None)])  # type: ignore[valid-type]
        envelope = msgspec.defstruct(
            "Envelope",
            [
                ("code", t.Literal[0]),
                ("data", data),
                ("message", t.Any, None),
                ("request_id", t.Any, None),
            ],
        )
        self._decode = msgspec.json.Decoder(envelope, strict=False).decode
        self._by_day = "stat_time_day" in dimensions

    def decode(self, body: bytes) -> t.Any:
        """The envelope of a success whose `data` holds `list` (typed rows) and `page_info`.

        None where the page needs a closer look.
        """
        if b'": ' in body[:SAMPLE] or _LONG_FRACTION.search(body):
            return None
        # Within a JSON text of no white space, these stand nowhere else than where a value does.
        for nothing in (b':"-"', b':""'):
            body = body.replace(nothing, b":null")
        try:
            envelope: t.Any = self._decode(body)
        except (msgspec.DecodeError, RecursionError):
            return None
        if self._by_day:
            for row in envelope.data.list:
                keys = row.dimensions
                if keys.stat_time_day[10:] != " 00:00:00" or not _DAY.match(keys.stat_time_day):
                    return None
                keys.stat_time_day = keys.stat_time_day[:10]
        return envelope

    @staticmethod
    def lines(rows: Iterable[TypedRow], before: bytes, after: bytes) -> bytes:
        """The rows as JSON lines: `before`, the members of dimensions and metrics, `after`.

        Args:
            rows: rows of one page.
            before: the beginning of each line, with the columns that all rows share.
            after: the end of each line, from the record's closing brace on.
        """
        encode = _ENCODE
        parts: list[bytes] = []
        for row in rows:
            metrics = encode(row.metrics)
            comma = b"" if metrics == b"{}" else b","
            parts += (before, encode(row.dimensions)[1:-1], comma, metrics[1:-1], after)
        return b"".join(parts)


def _kind(column: Mapping[str, t.Any]) -> str:
    types = column["type"]
    return next(k for k in ([types] if isinstance(types, str) else types) if k != "null")
