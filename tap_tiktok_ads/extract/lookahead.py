"""Ordered look-ahead: requests run in threads. Their results are yielded in plan order.

A plan is an iterable of tasks. A task's following tasks are planned when it *completes*, before
its result is consumed. So many pages of one list are requested at once.
"""

from __future__ import annotations

import collections
import threading
import typing as t
import weakref

from tap_tiktok_ads.api.decoding_slots import DecodingSlots
from tap_tiktok_ads.api.errors import ClosedError
from tap_tiktok_ads.extract.buffer_budget import (
    BUFFER_BYTES,
    LARGE_BUFFER_BYTES,
    MEMORY_BYTES,
    Usage,
)
from tap_tiktok_ads.extract.request_gate import OpenGate
from tap_tiktok_ads.extract.result_buffer import ResultBuffer, SharedStorage
from tap_tiktok_ads.extract.task_list import TaskList
from tap_tiktok_ads.extract.thread_pool import ThreadPool

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_tiktok_ads.extract.request_gate import Gate
    from tap_tiktok_ads.extract.task_list import TaskNode

MIN_BUFFERED_RESULTS = 2  # even when they exceed the memory budget
#: A result of this size starts even when larger results exceed the memory budget.
SMALL_RESULT_BYTES = 64 * 1024
#: The look-ahead of all plans, as a multiple of the number of threads.
MAX_BUFFERED_PER_THREAD = 3
#: Share of the look-ahead and of its memory for later tasks and other plans. The rest is reserved
#: for the first tasks of the consumed plan: without their pages, no later result is consumed.
SHARE_OF_LATER_TASKS = 2 / 3
#: Seconds after which the number of useful threads is looked up again.
MAX_WAIT_SECONDS = 1.0

T = t.TypeVar("T")
R = t.TypeVar("R")
_Work: t.TypeAlias = "Callable[[T], tuple[R, Sequence[T]]]"


def full_size(task: object) -> float:  # noqa: ARG001 - the default
    """Return 1: the result of every task has the average size."""
    return 1.0


class Workers:
    """Daemon threads that work on plans: a request in flight does not delay the end of a run.

    Example:
        >>> def work(page: int) -> tuple[str, list[int]]:
        ...     return f"page {page}", [2, 3] if page == 1 else []
        >>> list(Workers(4).ordered([1], work))
        [(1, 'page 1'), (2, 'page 2'), (3, 'page 3')]

    Attributes:
        limit: Maximum number of threads.
        changed: Condition that is notified after each task. Its lock guards all plans.
        pool: The threads.
        plans: Plans that have begun, in the order of their begin.
        storage: The file and the average size of the results of all plans.
        slots: Bounds how many threads decode large responses at once.
        is_closed: True once `close` was called.
    """

    def __init__(
        self,
        limit: int,
        useful: Callable[[], int] | None = None,
        slots: DecodingSlots | None = None,
        max_buffer_bytes: int = LARGE_BUFFER_BYTES,
    ) -> None:
        """Start no thread yet.

        Args:
            limit: Maximum number of threads.
            useful: Returns the number of threads that are useful at present. None: all.
            slots: Bounds how many threads decode large responses at once.
            max_buffer_bytes: Maximum size of the results in flight and of those that wait.
        """
        self.limit = max(1, limit)
        self._useful = useful
        self.slots = slots or DecodingSlots()
        self._max_buffer_bytes = max_buffer_bytes
        self.changed = threading.Condition()
        self.pool = ThreadPool(self.limit)
        self.plans: list[Lookahead[t.Any, t.Any]] = []
        self.storage = SharedStorage()
        self.is_closed = False
        weakref.finalize(self, self.pool.close)

    def ordered(
        self,
        plan: Iterable[T],
        work: _Work[T, R],
        weigh: Callable[[R], int] | None = None,
    ) -> Iterator[tuple[T, R]]:
        """Yield each task with its result, in plan order. Its following tasks come right after it.

        At most `limit` tasks run at once. At most three times as many are in flight or wait to be
        consumed. The last third is reserved for the first `limit` tasks of the plan. So a list
        of many pages keeps its speed when later lists have filled the buffer. With `weigh`, the
        buffer also keeps to the budget of `buffer_budget`.

        Args:
            plan: The tasks.
            work: Returns the result of a task and the tasks that follow it. Runs in a thread.
            weigh: Returns the size of a result in bytes.

        Raises:
            BaseException: An error of the plan or of `work`, in plan order. It ends the results.
        """
        return self.ahead(plan, work, weigh).results()

    def ahead(  # noqa: PLR0913, PLR0917 - optional ones by name
        self,
        plan: Iterable[T],
        work: _Work[T, R],
        weigh: Callable[[R], int] | None = None,
        when_idle: Callable[[], bool] | None = None,
        gate: Gate[T] | None = None,
        size_share: Callable[[T], float] = full_size,
    ) -> Lookahead[T, R]:
        """Return a look-ahead that can begin before its results are consumed.

        All plans together keep to the limits of `ordered`.

        Args:
            plan: The tasks.
            work: Returns the result of a task and the tasks that follow it. Runs in a thread.
            weigh: Returns the size of a result in bytes.
            when_idle: Called in the consumer's thread while it waits and all plans are fully
                started. It begins another plan and returns True, or returns False if
                there is no other plan. It is not called again after that.
            gate: Decides which tasks can start. None: every task.
            size_share: Returns the expected size of a task's result, as a share of the average.
        """
        return Lookahead(self, plan, work, weigh, when_idle, gate or OpenGate(), size_share)

    def current_limit(self) -> int:
        """Return the number of tasks that may run at once."""
        return self.limit if self._useful is None else max(1, min(self.limit, self._useful()))

    def close(self, seconds: float) -> bool:
        """Stop all plans and wait for the threads. Return True if they ended in time."""
        with self.changed:
            self.is_closed = True
            for plan in tuple(self.plans):
                plan.stop()
            self.changed.notify_all()
        self.pool.close()
        return self.pool.join(seconds)

    def usage(self) -> Usage:
        """Return the tasks and results of all plans. The caller holds the lock."""
        usage = Usage()
        for plan in self.plans:
            usage.add(plan.buffer.usage)
        return usage

    def buffer_bytes(self, usage: Usage) -> int:
        """Return the budget for results in flight and for those that wait, in bytes.

        It is large while the processor waits for the server. Then more results wait in the file.
        """
        is_processor_busy = self.slots.are_scarce or usage.memory_bytes > MEMORY_BYTES
        return BUFFER_BYTES if is_processor_busy else self._max_buffer_bytes

    def fill(self) -> None:
        """Start the tasks that the limits allow, earliest plan first. The caller holds the lock."""
        if self.is_closed:
            return
        limit = self.current_limit()
        for plan in self.plans:
            plan.fill(limit)


class Lookahead(t.Generic[T, R]):
    """The look-ahead of one plan. Plans that began earlier come first.

    Attributes:
        buffer: Its results.
        is_fully_started: True if the plan has ended, and every known task is started or waits for
            a response that a running task requests.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - made by `Workers.ahead` only
        self,
        workers: Workers,
        plan: Iterable[T],
        work: _Work[T, R],
        weigh: Callable[[R], int] | None,
        when_idle: Callable[[], bool] | None,
        gate: Gate[T],
        size_share: Callable[[T], float],
    ) -> None:
        self._workers = workers
        self._tasks: TaskList[T, R] = TaskList(plan)
        self._work = work
        self._when_idle = when_idle
        self._gate = gate
        self._size_share = size_share
        self.buffer: ResultBuffer[T, R] = ResultBuffer(workers.storage, weigh)
        self._has_begun = False
        self._is_consumed = False
        self._is_stopped = False
        self.is_fully_started = False

    def begin(self) -> None:
        """Start the first tasks, after the tasks of the plans that began earlier."""
        with self._workers.changed:
            if not self._has_begun:
                self._has_begun = True
                self._workers.plans.append(self)
                self._workers.fill()

    def stop(self) -> None:
        """Start no more tasks."""
        with self._workers.changed:
            self._is_stopped = True
            for node in self._tasks.known():
                self.buffer.discard(node)
            if self in self._workers.plans:
                self._workers.plans.remove(self)
                self._workers.fill()

    def results(self) -> Iterator[tuple[T, R]]:
        """Yield each task with its result, in plan order. See `Workers.ordered`.

        Raises:
            BaseException: An error of the plan or of `work`.
        """
        self._is_consumed = True
        self.begin()
        try:
            while (node := self._next_done()) is not None:
                if node.error is not None:
                    raise node.error
                result = self.buffer.load(node)
                yield node.task, result
                del result
        finally:
            self.stop()

    def fill(self, limit: int) -> None:
        """Start the tasks that the limits allow, in plan order. The caller holds the lock.

        Args:
            limit: Maximum number of tasks that run at once.
        """
        usage = self._workers.usage()
        self.is_fully_started = False
        for position, node in self._tasks.waiting():
            if usage.running >= limit or position >= MAX_BUFFERED_PER_THREAD * limit:
                return
            size = self.buffer.expected_bytes() * self._size_share(node.task)
            if not self._has_room(position, size, usage, limit):
                return  # a later task has no more room
            if self._start(node, size):
                usage.start(size)
        self.is_fully_started = True

    def _has_room(self, position: int, size: float, usage: Usage, limit: int) -> bool:
        """Return True if the limits allow to start the task at a position.

        Args:
            position: Number of tasks before it.
            size: Expected size of its result in bytes.
            usage: The tasks and results of all plans.
            limit: Maximum number of tasks that run at once.
        """
        if self._is_consumed and position == 0:
            return True
        share = 1 if self._is_consumed and position < limit else SHARE_OF_LATER_TASKS
        if usage.buffered >= share * MAX_BUFFERED_PER_THREAD * limit:
            return False
        if size <= SMALL_RESULT_BYTES or self._is_minimum():
            return True
        return usage.total_bytes + size <= share * self._workers.buffer_bytes(usage)

    def _is_minimum(self) -> bool:
        """Return True if so few results are buffered that memory does not matter."""
        return self._is_consumed and self.buffer.usage.buffered < MIN_BUFFERED_RESULTS

    def _start(self, node: TaskNode[T, R], size: float) -> bool:
        """Submit a task to the threads, if the gate is open for it. Return True if it is."""
        if not self._gate.enter(node.task):
            return False
        self.buffer.start(node, size)
        self._workers.pool.submit(self._job(node))
        return True

    def _next_done(self) -> TaskNode[T, R] | None:
        """Return the next task of the plan once it is done, or None at the end of the plan.

        Raises:
            BaseException: An error of the plan.
        """
        with self._workers.changed:
            self._check_open()
            self._workers.fill()
            # Other plans may have left no room to start a task, which is not the end of this plan.
            node = self._tasks.first()
            if node is None:
                if self._tasks.plan_error is not None:
                    raise self._tasks.plan_error
                return None
            while not node.is_done:
                self._wait()
                self._check_open()
            self._tasks.remove_first()
            self.buffer.consume(node)
            self._workers.fill()
            return node

    def _check_open(self) -> None:
        if self._workers.is_closed:
            msg = "The client was closed before all records were read."
            raise ClosedError(msg)

    def _wait(self) -> None:
        """Begin another plan, or wait until a task is done."""
        when_idle = self._when_idle
        if when_idle is not None and all(plan.is_fully_started for plan in self._workers.plans):
            self._begin_another(when_idle)
            return
        self._workers.changed.wait(MAX_WAIT_SECONDS)
        self._workers.fill()  # more threads may be useful by now

    def _begin_another(self, when_idle: Callable[[], bool]) -> None:
        """Call `when_idle` without the lock, for the last time if it returns False."""
        self._workers.changed.release()
        try:
            has_begun = when_idle()
        finally:
            self._workers.changed.acquire()
        if not has_begun:
            self._when_idle = None

    def _job(self, node: TaskNode[T, R]) -> Callable[[], None]:
        """Return a function that works on a task in a thread."""

        def run() -> None:
            with self._workers.slots.task():
                following = self._finish(node)
            with self._workers.changed:
                if self._is_stopped:
                    self.buffer.discard(node)
                self._gate.leave(node.task)
                self._tasks.finish(node, following)
                self._workers.fill()
                self._workers.changed.notify_all()

        return run

    def _finish(self, node: TaskNode[T, R]) -> Sequence[T]:
        """Work on a task. Return the tasks that follow it."""
        following: Sequence[T] = ()
        if not self._is_stopped:
            try:
                node.result, following = self._work(node.task)
            except BaseException as error:  # noqa: BLE001 - raised where the result is consumed
                node.error = error
        with self._workers.changed:
            self.buffer.receive(node)
            exceeds_memory = self._exceeds_memory(node)
        if exceeds_memory and self.buffer.write(node):
            with self._workers.changed:
                self.buffer.usage.store(node.size)
        return following

    def _exceeds_memory(self, node: TaskNode[T, R]) -> bool:
        """Return True if a result is to wait in the file. The caller holds the lock."""
        if node.size <= SMALL_RESULT_BYTES or self._tasks.first() is node:
            return False
        return self._workers.usage().memory_bytes > MEMORY_BYTES


def sequential(plan: Iterable[T], work: _Work[T, R]) -> Iterator[tuple[T, R]]:
    """Yield the results of `Workers.ordered`, one task at a time in the caller's thread.

    No task starts before its result is consumed.

    Raises:
        BaseException: An error of the plan or of `work`.
    """
    for first_task in plan:
        tasks = collections.deque([first_task])
        while tasks:
            task = tasks.popleft()
            result, following = work(task)
            tasks.extendleft(reversed(following))
            yield task, result
