"""The known tasks of a plan, in order."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_tiktok_ads.extract.result_file import StoredResult

T = t.TypeVar("T")
R = t.TypeVar("R")


@dataclasses.dataclass(slots=True, eq=False)
class TaskNode(t.Generic[T, R]):
    """A task in the linked list of a plan, with its result once it is done.

    Attributes:
        is_claimed: True if a thread works on it. Used by nested plans only.
        size: Size of its result in bytes: as expected until it is received, then as it is.
        stored: The place of its result in a file, or None.
    """

    task: T
    next: TaskNode[T, R] | None = None
    is_started: bool = False
    is_claimed: bool = False
    is_done: bool = False
    size: float = 0.0
    result: R | None = None
    stored: StoredResult | None = None
    error: BaseException | None = None


class TaskList(t.Generic[T, R]):
    """Linked list of the tasks that are known and not yet consumed. It reads its plan lazily.

    Attributes:
        plan_error: The error that the plan raised instead of its next task, or None.
    """

    def __init__(self, plan: Iterable[T]) -> None:
        self._plan = iter(plan)
        self._head: TaskNode[T, R] | None = None
        self._tail: TaskNode[T, R] | None = None
        # All tasks up to this node are started. So a search for waiting tasks begins behind it.
        self._last_started: TaskNode[T, R] | None = None
        self._started_count = 0  # tasks up to that node
        self.plan_error: BaseException | None = None

    def first(self) -> TaskNode[T, R] | None:
        """Return the first task, or None at the end of the plan."""
        return self._head or self._append_from_plan()

    def known(self) -> Iterator[TaskNode[T, R]]:
        """Yield the tasks that were read from the plan and are not consumed."""
        node = self._head
        while node is not None:
            yield node
            node = node.next

    def remove_first(self) -> None:
        """Remove the first task. It is done."""
        node = t.cast("TaskNode[T, R]", self._head)
        self._head = node.next
        self._started_count = max(0, self._started_count - 1)
        if self._last_started is node:
            self._last_started = None

    def finish(self, node: TaskNode[T, R], following: Sequence[T]) -> None:
        """Mark a started task as done, and insert the tasks that follow it right after it."""
        node.is_done = True
        if following or node.error is not None:
            self._last_started, self._started_count = None, 0
        last_node, next_node = node, node.next
        for task in following:
            last_node.next = TaskNode(task)
            last_node = last_node.next
        last_node.next = next_node
        if next_node is None:
            self._tail = last_node

    def waiting(self) -> Iterator[tuple[int, TaskNode[T, R]]]:
        """Yield the tasks that are not started, with the number of tasks before them.

        Ends at a task that failed: no result behind an error is ever consumed.
        """
        node, position = self._last_started, self._started_count
        is_contiguous = True
        while (node := self._after(node)) is not None:
            if node.error is not None:
                return
            if not node.is_started:
                yield position, node
            position += 1
            is_contiguous = is_contiguous and node.is_started
            if is_contiguous:
                self._last_started, self._started_count = node, position

    def _after(self, node: TaskNode[T, R] | None) -> TaskNode[T, R] | None:
        """Return the next task, or the first for None. Return None at the end of the plan."""
        return (node.next if node else self._head) or self._append_from_plan()

    def _append_from_plan(self) -> TaskNode[T, R] | None:
        """Return the next task of the plan as the last node, or None at the end of the plan."""
        if self.plan_error is not None:
            return None
        try:
            node: TaskNode[T, R] = TaskNode(next(self._plan))
        except StopIteration:
            return None
        except Exception as error:  # noqa: BLE001 - raised once the tasks before it are consumed
            self.plan_error = error
            return None
        if self._head is None or self._tail is None:
            self._head = node
        else:
            self._tail.next = node
        self._tail = node
        return node
