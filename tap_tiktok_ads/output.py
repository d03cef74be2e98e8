"""Singer messages to stdout: buffered, whole lines only, whatever signal arrives."""

from __future__ import annotations

import sys
import time
import typing as t

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.encoding.simple import RecordMessage
from typing_extensions import override

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from singer_sdk.singerlib.encoding.simple import Message

#: Seconds after which a written record is passed on, should nothing else do so.
FLUSH_AFTER = 1.0


class BufferedWriter(MsgSpecWriter):
    """Writes messages; flushes on every one that is no RECORD, and once a second."""

    def __init__(self) -> None:
        self._flushed = time.monotonic()
        self._busy = False
        self._afterwards: Callable[[], None] | None = None

    def when_idle(self, action: Callable[[], None]) -> None:
        """Run an action between two messages: at once, or when the one under way is written.

        A signal may arrive in the middle of a write; what its handler writes must not land there.
        """
        if self._busy:
            self._afterwards = action
        else:
            action()

    @override
    def write_message(self, message: Message) -> None:
        self._busy = True
        try:
            sys.stdout.buffer.write(self.format_message(message))
            now = time.monotonic()
            if not isinstance(message, RecordMessage) or now - self._flushed >= FLUSH_AFTER:
                sys.stdout.flush()
                self._flushed = now
        finally:
            self._busy = False
        if self._afterwards is not None:
            action, self._afterwards = self._afterwards, None
            action()
