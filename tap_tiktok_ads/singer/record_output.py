"""RECORD and STATE messages of one stream."""

from __future__ import annotations

import typing as t

from singer_sdk.mapper import SameRecordTransform

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract.deletions import DELETED_AT
from tap_tiktok_ads.singer.writer import BufferedWriter, RecordLines

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from singer_sdk.metrics import Counter

    from tap_tiktok_ads.extract.pages import Page, Record
    from tap_tiktok_ads.extract.verification import TaskGroup
    from tap_tiktok_ads.singer.stream import TikTokStream

#: Lines that are joined before they are written: few enough to stay in the processor's cache.
LINES_PER_WRITE = 25


class RecordOutput:
    """Writes the pages of a stream, as finished lines or through the SDK."""

    def __init__(self, stream: TikTokStream) -> None:
        self._stream = stream
        self._written = 0

    def prepare(self) -> None:
        """Choose between finished lines and the SDK's way of writing, and the page decoder.

        The SDK's way is needed for stream maps, flattening, versions, columns of nested objects
        that are not selected, and other writers.
        """
        stream = self._stream
        stream_map = stream.stream_maps[0]
        is_plain = len(stream.stream_maps) == 1 and type(stream_map) is SameRecordTransform
        if not is_plain or stream_map.flattening_enabled or stream.emit_activate_version_messages:
            return
        deselected = [path for path, is_selected in stream.mask.items() if path and not is_selected]
        has_own_writer = isinstance(stream.run_context.message_writer, BufferedWriter)
        if not has_own_writer or any(map(_is_nested, deselected)):
            return
        columns = {path[-1] for path in deselected}
        stream.reader.decode = stream.page_decoder(columns)
        stream.builder.encoder = RecordLines(stream_map.stream_alias, columns)

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

    def finish(self) -> None:
        """Write the state. After records, also one that has not changed.

        Targets pass on a state only if it follows their records.
        """
        self._stream.finalize()
        if self._written:
            self._stream.run_context.state_output.write()
        else:
            self._stream._write_state_message()  # noqa: SLF001 - the SDK's own hook

    def write_state_if_due(self, group: TaskGroup) -> None:
        """Write a STATE message if one is due, or if the group wrote deletions."""
        if self._stream.run_context.state_output.take_turn() or group.has_deletions:
            self._stream._write_state_message()  # noqa: SLF001 - the SDK's own hook

    def _write(self, records: Sequence[Record] | Sequence[bytes]) -> None:
        if not records:
            return
        if isinstance(records[0], bytes):
            self._write_lines(t.cast("Sequence[bytes]", records))
            return
        for record in t.cast("Sequence[Record]", records):
            self._write_record(record)

    def _write_lines(self, lines: Sequence[bytes]) -> None:
        writer = t.cast("BufferedWriter", self._stream.run_context.message_writer)
        for start in range(0, len(lines), LINES_PER_WRITE):
            writer.write_lines(b"".join(lines[start : start + LINES_PER_WRITE]))
        self._stream.state_manager.is_flushed = False

    def _write_record(self, record: Record) -> None:
        """Write a record through the SDK.

        Raises:
            ConfigError: A stream map cannot be used on the record.
        """
        stream = self._stream
        try:
            stream._write_record_message(record)  # noqa: SLF001 - the SDK's own hook
        except errors.TapError:
            raise
        except Exception as error:
            if not stream.run_context.config.get("stream_maps"):
                raise
            msg = f"Setting 'stream_maps' cannot be used on a record of {stream.name}: {error}"
            if not record.get(DELETED_AT):
                raise errors.ConfigError(msg) from None
            stream.warnings.log("stream maps", "A deletion is not reported: %s", msg)

    def _report_progress(self, group: TaskGroup, record_count: int) -> None:
        run_context = self._stream.run_context
        if group.advertiser is not None:
            window = f"{group.window.start} to {group.window.end}" if group.window else ""
            run_context.progress.at(run_context.position(group.advertiser), window)
        run_context.progress.wrote(record_count)


def _is_nested(path: tuple[str, ...]) -> bool:
    """Return True if the breadcrumb of a column leads into an object."""
    return path[2:] != ()
