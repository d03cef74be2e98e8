"""Memory budget of results that are in flight or wait to be consumed."""

from __future__ import annotations

import dataclasses

#: Budget of the results in flight and of those that wait to be consumed, over all plans.
BUFFER_BYTES = 16 * 1024 * 1024
#: Memory budget of the results that wait to be consumed. Further results wait in a file.
MEMORY_BYTES = 6 * 1024 * 1024
#: Budget instead of `BUFFER_BYTES` while the server is slower than the processor.
LARGE_BUFFER_BYTES = 256 * 1024 * 1024
INITIAL_RESULT_BYTES = 768 * 1024  # until the size of any result is known
#: Share of the latest result in the moving average of result sizes.
LATEST_SIZE_SHARE = 0.2


@dataclasses.dataclass(slots=True)
class Usage:
    """The tasks and results of one plan, or of all plans.

    Attributes:
        running: Number of tasks that run.
        buffered: Number of tasks that run, or that are done and not yet consumed.
        running_bytes: Expected size of the results of the tasks that run.
        memory_bytes: Size of the results in memory.
        file_bytes: Size of the results in the file.
    """

    running: int = 0
    buffered: int = 0
    running_bytes: float = 0.0
    memory_bytes: float = 0.0
    file_bytes: float = 0.0

    def add(self, other: Usage) -> None:
        """Add the tasks and results of a plan."""
        self.running += other.running
        self.buffered += other.buffered
        self.running_bytes += other.running_bytes
        self.memory_bytes += other.memory_bytes
        self.file_bytes += other.file_bytes

    def start(self, size: float) -> None:
        """Add a task that starts, and the expected size of its result in bytes."""
        self.running += 1
        self.buffered += 1
        self.running_bytes += size

    def receive(self, expected_size: float, size: float) -> None:
        """Register that a task has its result in memory."""
        self.running -= 1
        self.running_bytes -= expected_size
        self.memory_bytes += size

    def store(self, size: float) -> None:
        """Register that a result is moved from memory to the file."""
        self.memory_bytes -= size
        self.file_bytes += size

    def consume(self, size: float, *, is_stored: bool) -> None:
        """Remove a consumed result."""
        self.buffered -= 1
        if is_stored:
            self.file_bytes -= size
        else:
            self.memory_bytes -= size

    @property
    def total_bytes(self) -> float:
        """Size of all results."""
        return self.running_bytes + self.memory_bytes + self.file_bytes


class ResultSize:
    """Moving average of the size of a result.

    Attributes:
        bytes: The average, or None before the first result.
    """

    def __init__(self) -> None:
        self.bytes: float | None = None

    def add(self, size: int) -> None:
        """Add the size of a result, in bytes. Zero is no size."""
        if not size:
            return
        if self.bytes is None:
            self.bytes = float(size)
        else:
            self.bytes += (size - self.bytes) * LATEST_SIZE_SHARE
