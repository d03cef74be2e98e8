"""Raw TikTok values -> typed, flat rows. Pure.

TikTok sends report numbers as text, `-` where there is no value, whole numbers at times as `1.0`,
times without a zone (UTC), and some ids as numbers. A `Caster` is compiled once from a stream's
JSON Schema and then turns whole pages into what that schema says.
"""

from __future__ import annotations

import codecs
import decimal
import itertools
import re
import threading
import typing as t
from datetime import datetime, timezone

import msgspec

from tap_tiktok_ads.api.messages import DECODE_ERRORS, exact_number, json_number

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Row = dict[str, t.Any]
    Convert = Callable[[t.Any], t.Any]

#: Texts that mean "no value" where a number, a date or a report's attribute is expected.
NO_VALUE = frozenset({"", "-"})
#: A text of at most so many characters is exact as a float: fifteen digits always are.
EXACT_FLOAT = 15
#: Characters of `YYYY-MM-DD HH:MM:SS`, and what stands between its digits.
SPACED_TIME = 19
MARKS = frozenset({"-- ::", "--T::"})
#: Digits of a number at most; Python itself refuses to read much longer ones.
LONGEST = 400
#: Epoch numbers from here on are milliseconds; as seconds they would lie beyond the year 5000.
MILLISECONDS_FROM = 100_000_000_000
#: Bytes that are checked at once.
BLOCK = 64 * 1024
#: Shapes of objects that a caster remembers, at most; with more members than these, one.
MOST_SHAPES = 1000
MOST_MEMBERS = 1000
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,2})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?", re.ASCII)
_NUMBERS = frozenset({int, float, decimal.Decimal})
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "-0": False}


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
    try:
        return _ENCODE(value).decode()
    except RecursionError:
        raise BadValueError(value) from None


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
            return exact_number(value)
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
    # the digits of a float, not those of the binary number nearest to them: 1e23 is 10**23
    exact = result if isinstance(result, decimal.Decimal) else decimal.Decimal(repr(result))
    if exact != int(exact):
        raise BadValueError(value, kept=result)
    return int(exact)


def boolean(value: t.Any) -> bool | None:
    """A truth value; the texts and numbers for it are parsed, not tested for being empty."""
    if value is None or isinstance(value, bool):
        return value
    if _nothing(value):
        return None
    known = _BOOLEANS.get(str(value).lower()) if isinstance(value, (str, int)) else None
    if known is None:
        raise BadValueError(value)
    return known


def date_time(value: t.Any) -> str | None:
    """An RFC 3339 time in UTC, from `YYYY-MM-DD HH:MM:SS`, ISO 8601 or an epoch number."""
    if value is None or _nothing(value):
        return None
    try:
        if isinstance(value, str) and len(value) == SPACED_TIME and value[4:17:3] in MARKS:
            if value.startswith("0000"):
                return None
            return datetime.fromisoformat(value).isoformat() + "Z"
        if isinstance(value, bool):
            raise BadValueError(value)
        if isinstance(value, str) and not (value.isdigit() and value.isascii()):
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


def local_date_time(value: t.Any) -> str | None:
    """A time of a clock whose zone the value does not tell, from `YYYY-MM-DD HH:MM:SS`."""
    if value is None or _nothing(value):
        return None
    if isinstance(value, str) and len(value) == SPACED_TIME and value[4:17:3] in MARKS:
        try:
            return datetime.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise BadValueError(value)


_SCALARS: dict[str, Convert] = {
    "string": text,
    "integer": integer,
    "number": number,
    "boolean": boolean,
}
_FORMATS: dict[str, Convert] = {
    "date-time": date_time,
    "date": date,
    "local-date-time": local_date_time,
}
#: What each conversion leaves as it is: most values, so that they need no call.
_FITTING: dict[Convert, frozenset[type]] = {
    text: frozenset({str}),
    integer: frozenset({int}),
    number: _NUMBERS,
    boolean: frozenset({bool}),
}
_NONE: frozenset[type] = frozenset()


class Notes:
    """What was seen that a schema does not foresee. Thread-safe.

    `unknown` holds columns that the schema does not have; `unreadable` the first value of each
    column that did not fit its type, of a structure its JSON text.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unknown: dict[str, None] = {}
        self._unreadable: dict[str, t.Any] = {}

    def unknown(self, path: str) -> None:
        """Note a column."""
        with self._lock:
            self._unknown[path] = None

    def unreadable(self, path: str, value: t.Any) -> None:
        """Note a value."""
        if isinstance(value, (dict, list)):
            try:
                value = text(value)
            except BadValueError:
                value = "what is nested too deeply"
        with self._lock:
            self._unreadable.setdefault(path, value)

    def take(self) -> tuple[list[str], dict[str, t.Any]]:
        """The unknown columns and the unreadable values noted since the last call, by path."""
        with self._lock:
            taken = sorted(self._unknown), dict(sorted(self._unreadable.items()))
            self._unknown, self._unreadable = {}, {}
        return taken


class Caster:
    """Casts rows to a JSON Schema of an object. Thread-safe.

    Columns that the schema does not have are kept as they came. A value that cannot be read as its
    type becomes null, save a fraction in a column of whole numbers, which is kept. Both are noted.
    In a column that may not be null, as keys are, it raises `BadValueError`.
    """

    def __init__(
        self,
        schema: Mapping[str, t.Any],
        *,
        attributes: bool = False,
        required: Iterable[str] = (),
    ) -> None:
        """Compile the schema.

        Args:
            schema: an object schema with `properties`.
            attributes: whether `-` in a text column that may be null means no value, as in reports.
            required: columns that every row must have, and no null in them.
        """
        self.notes = Notes()
        self._required = frozenset(required)
        self._text: Convert = attribute if attributes else text
        self._keys = {
            name
            for name, column in schema["properties"].items()
            if "null" not in column.get("type", "null")
        }
        self._cast = self._compile_properties(schema, "")

    def rows(self, raw: Iterable[Row]) -> Iterator[Row]:
        """The rows, each cast in place when its turn comes."""
        return map(self._cast, raw)

    def _unreadable(self, path: str, error: BadValueError) -> t.Any:
        if path in self._keys:
            msg = f"{path} holds {error.args[0]!r:.100}"
            raise BadValueError(msg)
        self.notes.unreadable(path, error.args[0])
        return error.kept

    def _compile_properties(self, schema: Mapping[str, t.Any], path: str) -> Convert:
        """What casts an object: for each shape, that is names and types, what there is to convert.

        Most values fit as they come, and most objects of a listing have one of a few shapes.
        """
        columns = {
            name: self._compile(column, f"{path}{name}")
            for name, column in schema["properties"].items()
        }
        keys = frozenset() if path else self._required
        columns |= {name: _never_null(columns[name]) for name in keys}
        shapes: dict[tuple[t.Any, ...], list[tuple[str, Convert]]] = {}

        def to_convert(row: Row) -> list[tuple[str, Convert]]:
            if missing := [name for name in sorted(keys) if row.get(name) is None]:
                msg = f"{', '.join(missing)} is missing"
                raise BadValueError(msg)
            for name in row.keys() - columns.keys():
                self.notes.unknown(path + name)
            return [
                (name, columns[name])
                for name, value in row.items()
                if name in columns
                and value is not None
                and type(value) not in _FITTING.get(columns[name], _NONE)
            ]

        def cast(row: t.Any) -> t.Any:
            if type(row) is not dict:
                return _no_object(row)
            shape = (*row, *map(type, row.values()))
            steps = shapes.get(shape)
            if steps is None:
                if len(shapes) >= MOST_SHAPES or len(row) > MOST_MEMBERS:
                    shapes.clear()
                steps = shapes[shape] = to_convert(row)
            for name, convert in steps:
                try:
                    row[name] = convert(row[name])
                except BadValueError as error:
                    row[name] = self._unreadable(path + name, error)
            return row

        return cast

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
            known = "properties" in schema
            return self._compile_properties(schema, f"{path}.") if known else _as_it_is
        return _SCALARS[kind]

    def _compile_array(self, schema: Mapping[str, t.Any], path: str) -> Convert:
        if "items" not in schema:
            return _as_list
        convert = self._compile(schema["items"], f"{path}[]")
        fitting = _FITTING.get(convert, _NONE) | {type(None)}

        def array(value: t.Any) -> t.Any:
            if type(value) is not list:
                if value == "":
                    return None
                value = [value]
            for index, item in enumerate(value):
                if type(item) not in fitting:
                    try:
                        value[index] = convert(item)
                    except BadValueError as error:
                        value[index] = self._unreadable(f"{path}[]", error)
            return value

        return array


def _no_object(value: t.Any) -> None:
    if value != "":
        raise BadValueError(value)


def _never_null(convert: Convert) -> Convert:
    """The conversion of a key."""
    if convert is text:  # which leaves all but null, and that is refused already
        return convert

    def converted(value: t.Any) -> t.Any:
        result = convert(value)
        if result is None:
            raise BadValueError(value)
        return result

    return converted


def _as_it_is(value: t.Any) -> t.Any:
    return value


def _as_list(value: t.Any) -> t.Any:
    return value if isinstance(value, list) else None if value == "" else [value]


class _Data(msgspec.Struct, rename={"rows": "list"}):
    rows: list[msgspec.Raw]
    page_info: t.Any = None


class _Envelope(msgspec.Struct):
    """That of a success whose `data.list` holds anything."""

    code: t.Literal[0]
    data: _Data
    message: t.Any = None
    request_id: t.Any = None


_decode_objects = msgspec.json.Decoder(_Envelope, float_hook=json_number).decode
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
#: Decodes a record that `decode_page` left as it came.
decode_object = msgspec.json.Decoder(dict[str, t.Any], float_hook=json_number).decode


def decode_page(body: bytes) -> t.Any:
    """The envelope of a success whose `data` holds `list`, of raw objects, and `page_info`.

    None for any other answer. A page of decoded objects takes several times the memory, and more
    time, for it leaves the processor's cache before each is cast and encoded.
    """
    try:
        envelope = _decode_objects(body)
        _check_text(body)  # what is decoded later is not looked into now
    except DECODE_ERRORS:
        return None
    objects = all(bytes(memoryview(raw)[:1]) == b"{" for raw in envelope.data.rows)
    return envelope if objects else None


def _check_text(body: bytes) -> None:
    """Refuse what is not UTF-8, block by block, for the whole text would take several times more.

    Raises:
        UnicodeDecodeError: it is not.
    """
    if not body.isascii():
        check = codecs.getincrementaldecoder("utf-8")().decode
        for start in range(0, len(body), BLOCK):
            check(body[start : start + BLOCK], start + BLOCK >= len(body))


#: Bytes at the start of a page that tell whether its JSON is written with white space.
SAMPLE = 4096
#: Texts of times that a decoder remembers, at most.
MOST_TIMES = 100_000
#: A float holds fifteen digits: up to six after the point, of numbers below a thousand million.
_LONG_FRACTION = re.compile(rb"\.\d{7}")
#: Negative exponents, each a pattern that is fast because it begins with a fixed text.
_EXPONENTS = (re.compile(rb"e-\d"), re.compile(rb"E-\d"))
_EXACT = t.Annotated[float, msgspec.Meta(gt=-1e9, lt=1e9)]
#: So does text of a whole number: from larger ones the float drops a fraction without a word.
_WHOLE = t.Annotated[int, msgspec.Meta(gt=-1_000_000_000, lt=1_000_000_000)]
_FILLED = t.Annotated[str, msgspec.Meta(min_length=1)]
_TYPES: dict[str, t.Any] = {
    "string": _FILLED | None | msgspec.UnsetType,
    "integer": _WHOLE | None | msgspec.UnsetType,
    "number": _EXACT | None | msgspec.UnsetType,
    "boolean": bool | None | msgspec.UnsetType,
}


class ReportDecoder:
    """Decodes pages of a report and encodes their typed rows, numbers from text included, in C.

    It takes only pages for which that gives the rows that a `Caster` gives: where a column is
    unknown, or a value is anything but plain, `decode` returns None and the caster has its turn.
    Thread-safe.
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
            [(name, _FILLED) for name in dimensions],
            forbid_unknown_fields=True,
            gc=False,
        )
        values = msgspec.defstruct(
            "Metrics",
            [(name, types[name], msgspec.UNSET) for name in metrics],
            forbid_unknown_fields=True,
            gc=False,
        )
        row = msgspec.defstruct("Row", [("dimensions", keys), ("metrics", values)], gc=False)
        self._decode = msgspec.json.Decoder(row, strict=False).decode
        self._texts = [name for name in metrics if types[name] is _TYPES["string"]]
        self._lock = threading.Lock()  # one page at a time: several would take more memory
        self._time = next((name for name in dimensions if name.startswith("stat_time_")), None)
        self._times: dict[str, str] = {}

    def decode(self, body: bytes) -> t.Any:
        """The envelope of a success whose `data` holds `list` and `page_info`.

        The list is one of pairs: the members of each row's JSON object, dimensions first, as bytes,
        and the hash of its dimensions. None where the page needs a closer look.
        """
        if b'": ' in body[:SAMPLE] or _LONG_FRACTION.search(body):
            return None
        if any(body[e.start() - 1 : e.start()].isdigit() for e in _exponents(body)):
            return None
        with self._lock:
            try:
                return self._members(body)
            except (*DECODE_ERRORS, BadValueError):
                return None

    def _members(self, body: bytes) -> t.Any:
        envelope: t.Any = _decode_objects(body)
        decode: t.Any = self._decode
        encode, name, times, texts = _ENCODE, self._time, self._times, self._texts
        members: list[tuple[bytes, int]] = []
        values_of = msgspec.structs.astuple
        # Within a JSON text of no white space, these stand nowhere else than where a value does.
        empty = b':""' in body
        for raw in envelope.data.rows:
            plain = bytes(raw).replace(b':"-"', b":null")  # while it is in the processor's cache
            row = decode(plain.replace(b':""', b":null") if empty else plain)
            dimensions = row.dimensions
            if "-" in [getattr(row.metrics, one) for one in texts]:  # written "\u002d", or spaced
                raise BadValueError(row.metrics)
            if name is not None:
                time = getattr(dimensions, name)
                setattr(dimensions, name, times.get(time) or self._moment(time))
            metrics = encode(row.metrics)
            comma = b"" if metrics == b"{}" else b","
            member = encode(dimensions)[1:-1] + comma + metrics[1:-1]
            members.append((member, hash(values_of(dimensions))))
        envelope.data.rows = members
        return envelope

    def _moment(self, time: str) -> str:
        if self._time == "stat_time_hour":
            moment = local_date_time(time)
        else:
            moment = date(time[:10]) if time[10:] == " 00:00:00" else None
        if moment is None:
            raise BadValueError(time)
        if len(self._times) >= MOST_TIMES:
            self._times.clear()
        return self._times.setdefault(time, moment)


def _exponents(body: bytes) -> Iterator[re.Match[bytes]]:
    """What may be the negative exponents of numbers."""
    return itertools.chain.from_iterable(pattern.finditer(body) for pattern in _EXPONENTS)


def _kind(column: Mapping[str, t.Any]) -> str:
    types = column["type"]
    return next(k for k in ([types] if isinstance(types, str) else types) if k != "null")
