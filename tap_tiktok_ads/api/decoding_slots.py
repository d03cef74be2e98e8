"""Bounds how many threads decode large responses at once: a decoded response takes much memory."""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Number of large responses that are decoded at once. More threads would wait for the processor.
MAX_DECODING = 3
#: Size in bytes up to which a response needs no slot once it is decoded.
SMALL_RESPONSE_BYTES = 64 * 1024
#: Maximum seconds until a response is decoded without a slot.
MAX_WAIT_SECONDS = 10.0


class DecodingSlots:
    """Slots of the threads that decode a large response. Thread-safe.

    A thread has a slot from the response until its next request, or until the end of its task. It
    releases the slot before it waits for another thread.

    Example:
        >>> slots = DecodingSlots(1)
        >>> with slots.task():
        ...     slots.acquire()
        ...     slots.are_scarce
        False
    """

    def __init__(
        self, count: int = MAX_DECODING, max_wait_seconds: float = MAX_WAIT_SECONDS
    ) -> None:
        self._semaphore = threading.BoundedSemaphore(count)
        self._max_wait_seconds = max_wait_seconds
        self._local = threading.local()
        self._lock = threading.Lock()
        self._waiting_count = 0

    @property
    def are_scarce(self) -> bool:
        """True if a thread waits for a slot."""
        return self._waiting_count > 0

    @contextlib.contextmanager
    def task(self) -> Iterator[None]:
        """Use slots in the current thread, and release its slot at the end of the task."""
        depth = self._depth
        self._local.depth = depth + 1
        try:
            yield
        finally:
            self._local.depth = depth
            self.release()

    def acquire(self) -> None:
        """Wait for a slot. Do nothing outside of a task."""
        if self._depth == 0 or self._has_slot:
            return
        with self._counted_as_waiting():
            self._local.has_slot = self._semaphore.acquire(timeout=self._max_wait_seconds)

    def release(self) -> None:
        """Release the slot of the current thread, if it has one."""
        if self._has_slot:
            self._local.has_slot = False
            self._semaphore.release()

    def sleep(self, seconds: float) -> None:
        """Release the slot of the current thread, and wait."""
        self.release()
        time.sleep(seconds)

    @property
    def _depth(self) -> int:
        """Number of tasks that the current thread works on, one within the other."""
        return getattr(self._local, "depth", 0)

    @property
    def _has_slot(self) -> bool:
        return getattr(self._local, "has_slot", False)

    @contextlib.contextmanager
    def _counted_as_waiting(self) -> Iterator[None]:
        with self._lock:
            self._waiting_count += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting_count -= 1
