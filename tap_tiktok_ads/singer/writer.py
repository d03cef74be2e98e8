"""Singer messages to stdout: buffered, and complete lines even if a signal arrives."""

from __future__ import annotations

import sys
import time
import typing as t

from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder
from singer_sdk.helpers._util import utc_now
from singer_sdk.singerlib.encoding.simple import RecordMessage, SchemaMessage
from typing_extensions import override

from tap_tiktok_ads.api.errors import OutputError, ResponseError
from tap_tiktok_ads.singer.stdout import output_errors
from tap_tiktok_ads.termination import termination

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from singer_sdk.helpers.types import Record
    from singer_sdk.singerlib.encoding.simple import Message

#: Seconds after which written records are flushed.
FLUSH_SECONDS = 1.0


class RecordLines:
    """Encodes records as RECORD lines. Thread-safe."""

    completes_json = True

    def __init__(self, stream: str, deselected: Collection[str]) -> None:
        """Prepare the parts that all lines have in common.

        Args:
            stream: Name of the stream in the messages.
            deselected: Columns that are not written.
        """
        self._deselected = tuple(deselected)
        self._before = b'{"type":"RECORD","stream":' + encoder.encode(stream) + b',"record":'

    @staticmethod
    def _after() -> bytes:
        return b',"time_extracted":' + encoder.encode(utc_now()) + b"}\n"

    def for_page(self) -> Callable[[Record | bytes], bytes]:
        """Return the function that encodes a record. It removes deselected columns from it.

        A record that is JSON already has no deselected columns.
        """
        prefix, after, encode = self._before, self._after(), encoder.encode
        deselected = self._deselected

        def line(record: Record | bytes) -> bytes:
            if isinstance(record, bytes):
                return prefix + record + after
            for column in deselected:
                record.pop(column, None)
            return prefix + encode(record) + after

        return line

    def encode_members(self, members: list[bytes], columns: Mapping[str, t.Any]) -> list[bytes]:
        """Return the lines of report records whose JSON members are encoded already."""
        return [self.join_members(members, columns)]

    def join_members(self, members: list[bytes], columns: Mapping[str, t.Any]) -> bytes:
        """Return the lines of report records whose JSON members are encoded already.

        Args:
            members: The members of each record. The list is changed.
            columns: The columns that all records begin with.
        """
        if not members:
            return b""
        kept = {name: columns[name] for name in columns if name not in self._deselected}
        prefix = self._before + encoder.encode(kept)[:-1] + b","
        after = b"}" + self._after()
        members[0] = prefix + members[0]
        members[-1] += after
        return (after + prefix).join(members)


class BufferedWriter(MsgSpecWriter):
    """Writes Singer messages. Flushes once a second, and on each message except a RECORD.

    Attributes:
        has_written_schema: True after the first SCHEMA message.
        byte_count: Number of bytes written.
    """

    def __init__(self) -> None:
        self._flushed = time.monotonic()
        self.has_written_schema = False
        self.byte_count = 0

    @override
    def write_message(self, message: Message) -> None:
        """Write a message.

        Raises:
            ResponseError: a record cannot be written, for it is nested too deeply.
            OutputError: stdout takes no more.
        """
        try:
            line = self.format_message(message)
        except RecursionError:
            stream = getattr(message, "stream", "a stream")
            msg = f"A record of {stream} is nested too deeply for JSON. Deselect nested columns."
            raise ResponseError(msg) from None
        with termination:
            self._write(line, flush=not isinstance(message, RecordMessage))
            self.has_written_schema |= isinstance(message, SchemaMessage)

    def write_lines(self, lines: bytes | bytearray, *, flush: bool = False) -> None:
        """Write messages that are encoded already, each with its line break.

        Args:
            lines: The messages.
            flush: True to flush them at once.

        Raises:
            OutputError: stdout takes no more.
        """
        self._write(lines, flush=flush)

    def _write(self, lines: bytes | bytearray, *, flush: bool) -> None:
        """Write complete lines. A signal that arrives meanwhile takes effect after them."""
        termination.check_not_over()
        try:
            with termination, output_errors():
                unwritten = memoryview(lines)
                while unwritten:  # Python writes fewer bytes if a signal arrives meanwhile
                    unwritten = unwritten[sys.stdout.buffer.write(unwritten) :]
                unwritten.release()
                self.byte_count += len(lines)
                now = time.monotonic()
                if flush or now - self._flushed >= FLUSH_SECONDS:
                    sys.stdout.flush()
                    self._flushed = now
        except BrokenPipeError:
            msg = "The target stopped reading. Run again with the last state that it stored."
            raise OutputError(msg) from None
