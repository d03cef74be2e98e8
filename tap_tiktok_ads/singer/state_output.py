"""STATE messages: when they are written, and how.

A message holds the complete state: 15 MB with 5,000 advertisers. So messages before the end of the
run are spaced by their size.
"""

from __future__ import annotations

import hashlib
import time
import typing as t

from singer_sdk.contrib.msgspec import serialize_jsonl
from singer_sdk.helpers._state import StateWriter
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

from tap_tiktok_ads.singer.writer import BufferedWriter

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.helpers.types import TapState
    from singer_sdk.singerlib.encoding.base import GenericSingerWriter

#: Minimum seconds between two STATE messages within a stream.
STATE_INTERVAL_SECONDS = 30.0
#: Maximum share of STATE messages in the output.
MAX_STATE_SHARE = 0.05
#: Seconds after which a STATE message is due at any size: the requests of a killed run are lost.
MAX_STATE_INTERVAL_SECONDS = 900.0


class StateOutput(StateWriter):
    """Writes STATE messages, and decides when an intermediate one is due.

    The bytes of other writers than `BufferedWriter` are unknown. There, the size does not matter.
    """

    def __init__(
        self,
        writer: GenericSingerWriter[t.Any, t.Any],
        state: Callable[[], TapState],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            writer: Writes messages.
            state: Returns the state.
            clock: Returns the time in seconds.
        """
        super().__init__(writer)
        self._writer = writer
        self._state = state
        self._clock = clock
        self._written_at = self._checked_at = clock()
        self._size = 0  # bytes of the last message that was encoded
        self._state_bytes = 0  # bytes of all messages that were written
        self._last_end = (b"", 0)  # digest of the last message, and where it ended

    def write_if_due(self) -> None:
        """Write a STATE message if the last one is old enough, and the size allows it."""
        if self._clock() - self._checked_at >= STATE_INTERVAL_SECONDS:
            self.write_if_small()

    def write_if_small(self) -> None:
        """Write a STATE message if STATE stays a small share of the output."""
        self._checked_at = self._clock()
        if not isinstance(self._writer, BufferedWriter):
            self.write()
        elif self._is_small(self._writer):  # not encoded for nothing: the state hardly shrinks
            line = self._encode()
            if self._is_small(self._writer):
                self._write_line(self._writer, line)

    def write(self) -> None:
        """Write a STATE message, unless the output ends with it."""
        if isinstance(self._writer, BufferedWriter):
            self._write_line(self._writer, self._encode())
        else:
            self._writer.write_message(StateMessage(value=self._state()))

    @override
    def write_state(self, state: TapState) -> None:
        """Write a STATE message for the SDK, if STATE stays a small share of the output."""
        self.write_if_small()

    def _is_small(self, writer: BufferedWriter) -> bool:
        """Return True if this message and a last one of its size fit, or if none came for long."""
        if self._clock() - self._written_at >= MAX_STATE_INTERVAL_SECONDS:
            return True
        return self._state_bytes + 2 * self._size <= MAX_STATE_SHARE * writer.byte_count

    def _encode(self) -> bytearray:
        """Return the line of the state. The SDK's encoding copies it twice."""
        line = serialize_jsonl({"type": "STATE", "value": self._state()})
        self._size = len(line)
        return line

    def _write_line(self, writer: BufferedWriter, line: bytearray) -> None:
        digest = hashlib.blake2b(line).digest()
        if (digest, writer.byte_count) == self._last_end:
            return
        writer.write_lines(line, flush=True)
        self._state_bytes += len(line)
        self._written_at = self._clock()
        self._last_end = (digest, writer.byte_count)
