"""The results of a plan: expected, in memory or in the file."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.extract.buffer_budget import INITIAL_RESULT_BYTES, ResultSize, Usage
from tap_tiktok_ads.extract.result_file import ResultFile

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.extract.task_list import TaskNode

T = t.TypeVar("T")
R = t.TypeVar("R")


class SharedStorage:
    """The file and the result sizes that the plans of a run share.

    Attributes:
        file: The results that exceed the memory budget.
        result_size: Average size of the results of all plans. A new plan begins with it.
    """

    def __init__(self) -> None:
        self.file = ResultFile()
        self.result_size = ResultSize()


class ResultBuffer(t.Generic[T, R]):
    """The results of a plan. Not thread-safe: the caller holds the lock of all plans.

    Attributes:
        usage: The tasks and results of the plan.
    """

    def __init__(self, shared: SharedStorage, weigh: Callable[[R], int] | None) -> None:
        """Prepare.

        Args:
            shared: What all plans share.
            weigh: Returns the size of a result in bytes. None: sizes do not count.
        """
        self._shared = shared
        self._weigh = weigh
        self._result_size = ResultSize()
        self.usage = Usage()

    def expected_bytes(self) -> float:
        """Return the expected size of a result, or 0 if sizes do not count."""
        if self._weigh is None:
            return 0.0
        return self._result_size.bytes or self._shared.result_size.bytes or INITIAL_RESULT_BYTES

    def start(self, node: TaskNode[T, R], size: float) -> None:
        """Mark a task as started, with the expected size of its result."""
        node.is_started = True
        node.size = size
        self.usage.start(size)

    def receive(self, node: TaskNode[T, R]) -> None:
        """Register the size of a result that is in memory."""
        size = self._weigh(node.result) if self._weigh and node.result is not None else 0
        self._result_size.add(size)
        self._shared.result_size.add(size)
        self.usage.receive(node.size, size)
        node.size = size

    def consume(self, node: TaskNode[T, R]) -> None:
        """Register that the result of a task leaves the buffer."""
        self.usage.consume(node.size, is_stored=node.stored is not None)

    def discard(self, node: TaskNode[T, R]) -> None:
        """Free the place of a result in the file, if it is there."""
        if node.stored is not None:
            self._shared.file.discard(node.stored)
            node.stored = None

    def write(self, node: TaskNode[T, R]) -> bool:
        """Write a result to the file, without the lock. Return False if the disk is full."""
        node.stored = self._shared.file.store(node.result)
        if node.stored is None:
            return False
        node.result = None
        return True

    def load(self, node: TaskNode[T, R]) -> R:
        """Return the result of a consumed task, from memory or from the file, without the lock.

        Raises:
            StorageError: The file cannot be read.
        """
        result, node.result = node.result, None
        if node.stored is None:
            return t.cast("R", result)
        stored, node.stored = node.stored, None
        return t.cast("R", self._shared.file.load(stored))
