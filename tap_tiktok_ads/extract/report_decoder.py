"""The fast path of report pages: msgspec decodes, types and encodes their records in C."""

from __future__ import annotations

import itertools
import operator
import re
import threading
import typing as t

import msgspec

from tap_tiktok_ads.api.messages import DECODE_ERRORS
from tap_tiktok_ads.extract.page_decoder import decode_envelope
from tap_tiktok_ads.extract.values import (
    BadValueError,
    encode_json,
    to_date,
    to_local_date_time,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

#: Number of bytes at the start of a page that show if its JSON holds white space.
WHITESPACE_SAMPLE_BYTES = 4096
MAX_CACHED_TIMES = 100_000
#: A float holds fifteen digits: up to six decimals of a number below 1e9.
_LONG_FRACTION = re.compile(rb"\.\d{7}")
#: Negative exponents. Two patterns, because one that begins with a fixed byte is fast.
_NEGATIVE_EXPONENTS = (re.compile(rb"e-\d"), re.compile(rb"E-\d"))
_ExactNumber = t.Annotated[float, msgspec.Meta(gt=-1e9, lt=1e9)]
#: msgspec reads the text of a large integer as a float and drops its fraction without an error.
_ExactInteger = t.Annotated[int, msgspec.Meta(gt=-1_000_000_000, lt=1_000_000_000)]
_FilledText = t.Annotated[str, msgspec.Meta(min_length=1)]
_TYPES: dict[str, t.Any] = {
    "string": _FilledText | None | msgspec.UnsetType,
    "integer": _ExactInteger | None | msgspec.UnsetType,
    "number": _ExactNumber | None | msgspec.UnsetType,
    "boolean": bool | None | msgspec.UnsetType,
}


def can_decode(schema: Mapping[str, t.Any], metrics: Sequence[str]) -> bool:
    """Return True if `ReportDecoder` knows the types of all metrics."""
    columns = [schema["properties"].get(name, {}) for name in metrics]
    return all("format" not in column and _json_type(column) in _TYPES for column in columns)


class ReportDecoder:
    """Decodes report pages to the JSON text of flat, typed records. Thread-safe.

    The result is what `Caster` and the writer produce, several times faster. `decode` returns None
    for every page where that is uncertain: an unknown column, an unusual number, white space.

    Example:
        >>> schema = {"properties": {"ad_id": {"type": "string"}, "clicks": {"type": "integer"}}}
        >>> decoder = ReportDecoder(schema, ("ad_id",), ("clicks",))
        >>> record = '{"dimensions":{"ad_id":"17"},"metrics":{"clicks":"3"}}'
        >>> body = f'{{"code":0,"message":"OK","data":{{"list":[{record}],"page_info":{{}}}}}}'
        >>> decoder.decode(body.encode()).data.records[0][0]
        b'"ad_id":"17","clicks":3'
    """

    def __init__(
        self,
        schema: Mapping[str, t.Any],
        dimensions: Sequence[str],
        metrics: Sequence[str],
        constants: Sequence[str] = (),
    ) -> None:
        """Compile the schema.

        Args:
            schema: JSON Schema of the flat records.
            dimensions: Columns inside the `dimensions` of a report record.
            metrics: Columns inside the `metrics` of a report record.
            constants: Columns that are equal in all records. Metrics of their names are left out.
        """
        other_columns = {*dimensions, *constants}
        self._left_out = sorted(other_columns.intersection(metrics))
        types = {name: _json_type(schema["properties"].get(name, {})) for name in metrics}
        metric_types = {name: _TYPES.get(kind, t.Any) for name, kind in types.items()}
        metric_types |= dict.fromkeys(self._left_out, t.Any)
        record_type = _record_type(dimensions, metric_types)
        self._decode_record: t.Any = msgspec.json.Decoder(record_type, strict=False).decode
        self._texts_of = _getter(_texts(types, other_columns))
        self._time_dimension = next(
            (name for name in dimensions if name.startswith("stat_time_")), None
        )
        self._times: dict[str, str] = {}  # from TikTok's form of a time to the record's
        self._lock = threading.Lock()  # one page at a time: several would take more memory

    def decode(self, body: bytes) -> t.Any:
        """Return the envelope of a successful page, or None if the slow path must read it.

        `data.records` of the envelope holds a pair for each record: the members of its JSON object
        as bytes, dimensions first, and the hash of its dimensions. `data.page_info` is unchanged.
        """
        if b'": ' in body[:WHITESPACE_SAMPLE_BYTES] or _LONG_FRACTION.search(body):
            return None
        if _has_negative_exponent(body):
            return None
        with self._lock:
            try:
                envelope: t.Any = decode_envelope(body)
                # In JSON without white space, `:""` is a value: inside a text, quotes are escaped.
                envelope.data.records = self._members(
                    envelope.data.records, has_empty_texts=b':""' in body
                )
            except (*DECODE_ERRORS, BadValueError):
                return None
        return envelope

    def _members(
        self, raw_records: list[msgspec.Raw], *, has_empty_texts: bool
    ) -> list[tuple[bytes, int]]:
        """Return the JSON members and the hash of the dimensions of each record.

        Raises:
            BadValueError: A value is not a plain one.
            msgspec.DecodeError: A record does not have the expected columns and types.
        """
        decode = self._decode_record
        time_dimension, times, texts_of = self._time_dimension, self._times, self._texts_of
        encode, values_of = encode_json, msgspec.structs.astuple
        members: list[tuple[bytes, int]] = []
        for raw in raw_records:
            plain = bytes(raw).replace(b':"-"', b":null")
            record = decode(plain.replace(b':""', b":null") if has_empty_texts else plain)
            dimensions = record.dimensions
            # A dash that is written as "\u002d", or behind white space.
            if "-" in texts_of(record.metrics):
                raise BadValueError(record.metrics)
            if time_dimension is not None:
                time = getattr(dimensions, time_dimension)
                setattr(dimensions, time_dimension, times.get(time) or self._cast_time(time))
            for name in self._left_out:
                setattr(record.metrics, name, msgspec.UNSET)
            metrics = encode(record.metrics)
            comma = b"" if metrics == b"{}" else b","
            member = encode(dimensions)[1:-1] + comma + metrics[1:-1]
            members.append((member, hash(values_of(dimensions))))
        return members

    def _cast_time(self, text: str) -> str:
        """Return the record's form of a `stat_time_day` or `stat_time_hour`, and cache it.

        Raises:
            BadValueError: The text is not a plain date or hour.
        """
        if self._time_dimension == "stat_time_hour":
            time = to_local_date_time(text)
        else:
            time = to_date(text[:10]) if text[10:] == " 00:00:00" else None
        if time is None:
            raise BadValueError(text)
        if len(self._times) >= MAX_CACHED_TIMES:
            self._times.clear()
        return self._times.setdefault(text, time)


def _texts(types: Mapping[str, str], other_columns: Collection[str]) -> list[str]:
    """Return the metrics whose type is text, without the names of other columns."""
    texts = [name for name, kind in types.items() if kind == "string"]
    return [name for name in texts if name not in other_columns]


def _getter(names: Sequence[str]) -> Callable[[t.Any], tuple[t.Any, ...]]:
    """Return a function that returns the attributes of these names."""
    if not names:
        return lambda _: ()
    return operator.attrgetter(*names, names[0])  # of one name alone, it would return no tuple


def _record_type(dimensions: Sequence[str], metric_types: Mapping[str, t.Any]) -> type:
    """Return the msgspec type of a record of a report, `{"dimensions": {}, "metrics": {}}`."""
    dimensions_type = msgspec.defstruct(
        "Dimensions",
        [(name, _FilledText) for name in dimensions],
        forbid_unknown_fields=True,
        gc=False,
    )
    metrics_type = msgspec.defstruct(
        "Metrics",
        [(name, kind, msgspec.UNSET) for name, kind in metric_types.items()],
        forbid_unknown_fields=True,
        gc=False,
    )
    fields = [("dimensions", dimensions_type), ("metrics", metrics_type)]
    return msgspec.defstruct("Record", fields, gc=False)


def _json_type(column: Mapping[str, t.Any]) -> str:
    """Return the JSON type of a column, null aside. An empty text stands for any type."""
    types = column.get("type", ())
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return names[0] if len(names) == 1 else ""


def _has_negative_exponent(body: bytes) -> bool:
    """Return True if a number of the body may have a negative exponent, such as `1e-7`."""
    return any(body[match.start() - 1 : match.start()].isdigit() for match in _exponents(body))


def _exponents(body: bytes) -> Iterator[re.Match[bytes]]:
    """Return the matches of `e-7`, also in texts."""
    return itertools.chain.from_iterable(pattern.finditer(body) for pattern in _NEGATIVE_EXPONENTS)
