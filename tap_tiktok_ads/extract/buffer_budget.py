"""Memory budget of results that are in flight or wait to be consumed."""

from __future__ import annotations

import dataclasses

#: Memory budget of the results that are in flight or wait to be consumed, over all plans.
DEFAULT_BUFFER_BYTES = 6 * 1024 * 1024
#: The budget may grow to this where latency or a late response holds up finished results.
MAX_BUFFER_BYTES = 16 * 1024 * 1024
BUFFER_GROWTH = 1.5
INITIAL_RESULT_BYTES = 768 * 1024  # until the size of any result is known
#: Share of the latest result in the moving average of result sizes.
LATEST_SIZE_SHARE = 0.2


@dataclasses.dataclass(slots=True)
class Usage:
    """The tasks and results of all plans.

    Attributes:
        running: Number of tasks that run.
        buffered: Number of tasks that run, or that are done and not yet consumed.
        buffered_bytes: Size of their results: as expected while they run, then as it is.
    """

    running: int
    buffered: int
    buffered_bytes: float

    def add(self, size: float) -> None:
        """Add a task that starts, and the expected size of its result in bytes."""
        self.running += 1
        self.buffered += 1
        self.buffered_bytes += size


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


class BufferBudget:
    """The memory budget of all plans.

    Attributes:
        bytes: The current minimum of the budget.
        result_size: Average size of the results of all plans. A new plan begins with it.
    """

    def __init__(self) -> None:
        self.bytes = float(DEFAULT_BUFFER_BYTES)
        self.result_size = ResultSize()

    def expected_bytes(self) -> float:
        """Return the expected size of a result of a plan that has none yet."""
        return self.result_size.bytes or INITIAL_RESULT_BYTES

    def bytes_for(self, limit: int) -> float:
        """Return the budget if `limit` tasks are to run at once, because their results need room.

        Finished results wait for the earlier ones. Without room for them, too few tasks run.
        """
        return max(self.bytes, min(MAX_BUFFER_BYTES, limit * self.expected_bytes()))

    def extend(self) -> None:
        """Extend the budget, because a late response holds up finished results."""
        self.bytes = min(MAX_BUFFER_BYTES, BUFFER_GROWTH * self.bytes)
