"""RECORD and STATE messages of one stream."""

from __future__ import annotations

import functools
import itertools
import typing as t

from singer_sdk.mapper import SameRecordTransform

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.config.stream_maps import uses_fake
from tap_tiktok_ads.extract.deletions import DELETED_AT
from tap_tiktok_ads.singer.mapped_lines import (
    MappableRecord,
    MappedLines,
    accelerate,
    has_expressions,
)
from tap_tiktok_ads.singer.writer import BufferedWriter, RecordLines

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from singer_sdk.mapper import StreamMap
    from singer_sdk.metrics import Counter

    from tap_tiktok_ads.api.messages import Decode
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.conversion import LineEncoder, PageBuilder
    from tap_tiktok_ads.extract.pages import Page, Record
    from tap_tiktok_ads.extract.reader import PageReader
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.problems import Warnings

#: Lines that are joined before they are written: few enough to stay in the processor's cache.
LINES_PER_WRITE = 25


class WritableStream(t.Protocol):
    """A stream as its output sees it: the SDK's hooks, and the components of the engine."""

    name: str
    run_context: RunContext
    warnings: Warnings

    @property
    def stream_maps(self) -> list[StreamMap]:
        """The SDK's stream maps. The first one is the stream's own."""

    @property
    def emit_activate_version_messages(self) -> bool:
        """True if the SDK writes version messages."""

    @property
    def mask(self) -> Mapping[tuple[str, ...], bool]:
        """Selection by breadcrumb."""

    @property
    def effective_schema(self) -> dict[str, t.Any]:
        """The schema of the catalog, or else of the stream."""

    @property
    def reader(self) -> PageReader:
        """Reads pages."""

    @property
    def builder(self) -> PageBuilder:
        """Builds pages."""

    def page_decoder(self, deselected: AbstractSet[str]) -> Decode | None:
        """Return a faster decoder of pages."""

    def complete(self, group: TaskGroup) -> None:
        """Advance the bookmark of a completed group."""

    def finalize(self) -> None:
        """Prepare the last STATE message."""

    def finalize_state_progress_markers(self, state: dict[str, t.Any] | None = None) -> None:
        """Remove what the SDK noted in the state during the stream."""

    def _write_record_message(self, record: Record) -> None: ...


class RecordOutput:
    """Writes the pages of a stream, as finished lines or through the SDK."""

    def __init__(self, stream: WritableStream) -> None:
        self._stream = stream
        self._written = 0

    def prepare(self) -> None:
        """Choose the page decoder, and either encoded lines or the SDK to write records.

        The SDK writes records with versions, deselected nested columns or made-up values, and
        records for other writers.
        """
        stream = self._stream
        accelerate(stream.stream_maps)
        deselected = [path for path, is_selected in stream.mask.items() if path and not is_selected]
        if not self._writes_lines() or any(map(_is_nested, deselected)):
            return
        columns = {path[-1] for path in deselected}
        stream.reader.decode = stream.page_decoder(columns)
        stream.builder.encode_lines(self._make_encoder(columns), columns)

    def _writes_lines(self) -> bool:
        """Return True if workers can encode records in any order."""
        stream, run_context = self._stream, self._stream.run_context
        stream_maps = run_context.config.get("stream_maps")
        if has_expressions(stream.stream_maps) and uses_fake(stream_maps):
            return False  # made-up values depend on the order of the records
        if stream.emit_activate_version_messages:
            return False
        return isinstance(run_context.message_writer, BufferedWriter)

    def _make_encoder(self, deselected: AbstractSet[str]) -> LineEncoder:
        """Return the encoder of lines, with the stream maps if they change records."""
        stream_map, *aliases = stream_maps = self._stream.stream_maps
        is_plain = type(stream_map) is SameRecordTransform and not stream_map.flattening_enabled
        if is_plain and not aliases:
            return RecordLines(stream_map.stream_alias, deselected)
        return MappedLines(stream_maps, deselected, self._selected_columns)

    def write_groups(
        self,
        pages: Iterable[tuple[TaskGroup, Page | None]],
        counter: Counter,
        max_records: int | None,
    ) -> None:
        """Write pages, and complete each group after its last page.

        Args:
            pages: The pages of each group, and None after the last one.
            counter: The SDK's counter of records.
            max_records: Number of records after which to stop, or None.
        """
        self._written = 0
        for group, page in pages:
            if page is None:
                self._stream.complete(group)
                continue
            if max_records is not None:
                page = page.head(max_records - self._written)  # noqa: PLW2901 - the page, shorter
            self._write(page.records)
            counter.increment(page.record_count)
            self._report_progress(group, page.record_count)
            self._written += page.record_count
            if max_records is not None and self._written >= max_records:
                return

    def finish(self, *, ends_run: bool) -> None:
        """Complete the state of the stream, and write it if the size allows it.

        Args:
            ends_run: True if no stream follows. The state is written, even if it is unchanged:
                targets pass on a state only if it follows their records.
        """
        self._stream.finalize()
        self._stream.finalize_state_progress_markers()
        state_output = self._stream.run_context.state_output
        if ends_run:
            state_output.write()
        else:
            state_output.write_if_small()

    def write_state_if_due(self, group: TaskGroup) -> None:
        """Write a STATE message if one is due. After deletions, it need not be old enough."""
        state_output = self._stream.run_context.state_output
        if group.has_deletions:
            state_output.write_if_small()
        else:
            state_output.write_if_due()

    def _write(self, records: Sequence[Record | bytes]) -> None:
        """Write the lines and the records of a page, in their order."""
        for kind, items in itertools.groupby(records, type):
            if kind is bytes:
                self._write_lines(list(t.cast("Iterable[bytes]", items)))
                continue
            for record in t.cast("Iterable[Record]", items):
                self._write_record(record)

    def _write_lines(self, lines: Sequence[bytes]) -> None:
        writer = t.cast("BufferedWriter", self._stream.run_context.message_writer)
        for start in range(0, len(lines), LINES_PER_WRITE):
            writer.write_lines(b"".join(lines[start : start + LINES_PER_WRITE]))

    def _write_record(self, record: Record) -> None:
        """Write a record through the SDK.

        Raises:
            ConfigError: A stream map cannot be used on the record.
        """
        stream = self._stream
        if self._has_stream_maps:
            record = MappableRecord(record, self._selected_columns)
        try:
            stream._write_record_message(record)  # noqa: SLF001 - the SDK's own hook
        except errors.TapError:
            raise
        except Exception as error:
            if not self._has_stream_maps:
                raise
            cause = f" {error.__cause__}" if error.__cause__ else ""
            msg = (
                f"Setting 'stream_maps' cannot be used on a record of {stream.name}: {error}{cause}"
            )
            if not record.get(DELETED_AT):
                raise errors.ConfigError(msg) from None
            stream.warnings.log("stream maps", "Stream %s does not report a deletion: %s", msg)

    @functools.cached_property
    def _has_stream_maps(self) -> bool:
        """True if the setting `stream_maps` holds maps."""
        return bool(self._stream.run_context.config.get("stream_maps"))

    @functools.cached_property
    def _selected_columns(self) -> frozenset[str]:
        """The columns that expressions of stream maps can use."""
        columns = self._stream.effective_schema["properties"]
        return frozenset(name for name in columns if self._stream.mask["properties", name])

    def _report_progress(self, group: TaskGroup, record_count: int) -> None:
        run_context = self._stream.run_context
        if group.advertiser is not None:
            window = f"{group.window.start} to {group.window.end}" if group.window else ""
            run_context.progress.at(run_context.positions[group.advertiser.id], window)
        run_context.progress.wrote(record_count)


def _is_nested(path: tuple[str, ...]) -> bool:
    """Return True if the breadcrumb of a column leads into an object."""
    return path[2:] != ()
