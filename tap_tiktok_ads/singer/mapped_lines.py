"""RECORD lines of streams with stream maps or flattening, made by the SDK's maps in workers."""

from __future__ import annotations

import typing as t

import msgspec
from singer_sdk.mapper import CustomStreamMap, SameRecordTransform
from typing_extensions import override

from tap_tiktok_ads.singer.expressions import CompiledExpressions
from tap_tiktok_ads.singer.flattening import RecordFlattening
from tap_tiktok_ads.singer.writer import RecordLines

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from singer_sdk.mapper import StreamMap

    from tap_tiktok_ads.extract.pages import Record

_decode_members = msgspec.json.Decoder(dict[str, t.Any]).decode


class MappableRecord(dict[str, t.Any]):
    """A record in which expressions of stream maps read a missing column as null."""

    def __init__(self, record: Record, columns: frozenset[str]) -> None:
        """Copy a record.

        Args:
            record: The record.
            columns: The columns that a record can lack.
        """
        super().__init__(record)
        self._columns = columns

    @override
    def copy(self) -> MappableRecord:
        return MappableRecord(self, self._columns)

    def __missing__(self, name: str) -> None:
        """Return null for a column. `self` is the value of the column that is mapped."""
        if name not in self._columns and name != "self":
            raise KeyError(name)


def has_expressions(stream_maps: Sequence[StreamMap]) -> bool:
    """Return True if a stream map can evaluate expressions."""
    return any(isinstance(stream_map, CustomStreamMap) for stream_map in stream_maps)


def accelerate(stream_maps: Sequence[StreamMap]) -> None:
    """Let stream maps of the SDK flatten and evaluate faster, with equal results."""
    for stream_map in stream_maps:
        if stream_map.flattening_enabled:
            stream_map.flatten_record = RecordFlattening(stream_map).flatten  # type: ignore[method-assign]
        if isinstance(stream_map, CustomStreamMap):
            stream_map._eval = CompiledExpressions(stream_map).evaluate  # type: ignore[method-assign]  # noqa: SLF001 - the SDK's own method


class MappedLines:
    """Encodes records as the RECORD lines of all maps of their stream. Thread-safe."""

    completes_json = False  # maps need the values

    def __init__(
        self,
        stream_maps: Sequence[StreamMap],
        deselected: Collection[str],
        columns: frozenset[str],
    ) -> None:
        """Prepare.

        Args:
            stream_maps: The accelerated maps of the stream.
            deselected: Columns that are not written.
            columns: The columns that expressions can use.
        """
        self._deselected = tuple(deselected)
        self._unmapped = RecordLines(stream_maps[0].stream_alias, deselected)
        self._maps = [
            (stream_map.transform, RecordLines(stream_map.stream_alias, ()))
            for stream_map in stream_maps
        ]
        self._columns = columns
        self._has_expressions = has_expressions(stream_maps)
        self._keeps_members = len(stream_maps) == 1 and _keeps_scalars(stream_maps[0], columns)

    def for_page(self) -> Callable[[Record], bytes | Record]:
        """Return the function that encodes a record.

        It returns a line for each map that does not filter the record. If a map raises an error,
        it returns the record. The main thread then raises the error at the record's turn.
        """
        maps = [(transform, lines.for_page()) for transform, lines in self._maps]

        def lines_of(record: Record) -> bytes | Record:
            for column in self._deselected:
                record.pop(column, None)
            source = MappableRecord(record, self._columns) if self._has_expressions else record
            try:
                return b"".join(
                    line(mapped)
                    for transform, line in maps
                    if (mapped := transform(source)) is not None
                )
            except Exception:  # noqa: BLE001 - the main thread raises it
                return record

        return lines_of

    def encode_members(
        self, members: list[bytes], columns: Mapping[str, t.Any]
    ) -> Sequence[bytes | Record]:
        """Return the lines of report records whose JSON members are encoded already."""
        if self._keeps_members:
            return self._unmapped.encode_members(members, columns)
        lines_of = self.for_page()
        return [lines_of({**columns, **_decode_members(b"{%b}" % member)}) for member in members]


def _keeps_scalars(stream_map: StreamMap, columns: Collection[str]) -> bool:
    """Return True if a stream map writes records without nested values unchanged."""
    if type(stream_map) is not SameRecordTransform:
        return False
    return not stream_map.flattening_enabled or RecordFlattening(stream_map).keeps_names(columns)
