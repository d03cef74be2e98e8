"""Look-ahead of a list that a task reads: in the thread of the task, with the help of others."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.lookahead import Lookahead, full_size
from tap_tiktok_ads.extract.request_gate import OpenGate

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_tiktok_ads.extract.lookahead import Workers
    from tap_tiktok_ads.extract.task_list import TaskNode

T = t.TypeVar("T")
R = t.TypeVar("R")


def read_within_task(
    workers: Workers,
    plan: Iterable[T],
    work: Callable[[T], tuple[R, Sequence[T]]],
    weigh: Callable[[R], int] | None = None,
) -> Iterator[tuple[T, R]]:
    """Yield the results of `Workers.ordered` for a plan of another task, or of no task.

    Args:
        workers: The threads that help while they have nothing else to do.
        plan: The tasks.
        work: Returns the result of a task and the tasks that follow it.
        weigh: Returns the size of a result in bytes.

    Raises:
        BaseException: An error of the plan or of `work`, in plan order. It ends the results.
    """
    return _NestedLookahead(workers, plan, work, weigh, None, OpenGate(), full_size).results()


class _NestedLookahead(Lookahead[T, R]):
    """A plan that goes before all others, because a running task waits for it.

    The caller's thread works on the next task itself unless another thread has begun it. So it only
    waits for tasks that run, even if every thread reads a list for its task.
    """

    @override
    def begin(self) -> None:
        with self._workers.changed:
            if not self._has_begun:
                self._has_begun = True
                self._workers.plans.insert(0, self)
                self._workers.fill()

    @override
    def _wait(self) -> None:
        node = self._tasks.first()
        if node is None or node.is_claimed:
            self._workers.slots.release()  # the thread that has begun it may need one
            super()._wait()
            return
        if not node.is_started:
            self.buffer.start(node, 0.0)
        self._workers.changed.release()
        try:
            self._job(node)()
        finally:
            self._workers.changed.acquire()

    @override
    def _job(self, node: TaskNode[T, R]) -> Callable[[], None]:
        """Return a function that works on a task, unless another thread does."""
        job = super()._job(node)

        def run_once() -> None:
            with self._workers.changed:
                if node.is_claimed:
                    return
                node.is_claimed = True
            job()

        return run_once
