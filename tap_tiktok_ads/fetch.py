"""Ordered look-ahead: requests run in threads, their answers come out in plan order.

A plan is an iterable of tasks, computed without waiting. Working on one gives a result and,
possibly, tasks that follow it in the plan: the further pages of a listing, or the two halves of a
window that was too large. They are known as soon as the first page *completes*, not when it is
consumed, so that many pages of one listing travel at once.
"""

from __future__ import annotations

import collections
import dataclasses
import queue
import threading
import typing as t
import weakref

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Bytes of answers that may be under way or wait to be consumed, and the number that always may.
MEMORY = 12 * 1024 * 1024
LEAST_AHEAD = 2
#: How many may be under way before the first of them has told how heavy they are.
FIRST_AHEAD = 8

T = t.TypeVar("T")
R = t.TypeVar("R")


@dataclasses.dataclass(slots=True, eq=False)
class _Node(t.Generic[T, R]):
    """A task in the plan's linked list."""

    task: T
    next: _Node[T, R] | None = None
    started: bool = False
    done: bool = False
    result: R | None = None
    error: BaseException | None = None


class _Crew:
    """Threads that take jobs from a queue until they are dismissed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job that raises nothing in one of the threads."""
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self._limit:
                self._threads += 1
                name = f"fetch-{self._threads}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        self._jobs.put(job)

    def dismiss(self) -> None:
        """End the threads once they have nothing left to do."""
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # or an idle thread would hold the results of all that follows
            with self._lock:
                self._idle += 1


class Workers:
    """Daemon threads that are started when needed and kept as long as this object is.

    Daemons, because an answer that is still under way must not hold up a run that was told to stop.
    """

    def __init__(self, limit: int, wanted: Callable[[], int] | None = None) -> None:
        """Start nothing yet.

        Args:
            limit: threads at most.
            wanted: how many are of use at present; None: all.
        """
        self.limit = max(1, limit)
        self._wanted = wanted
        self._crew = _Crew(self.limit)
        weakref.finalize(self, self._crew.dismiss)

    def ordered(
        self,
        plan: Iterable[T],
        work: Callable[[T], tuple[R, Sequence[T]]],
        weigh: Callable[[R], int] | None = None,
    ) -> Iterator[tuple[T, R]]:
        """Each task with its result, in plan order; tasks that follow one come right after it.

        At most `limit` tasks run at once. At most three times as many are under way or wait to be
        consumed; the last third is kept for the first `limit` tasks of the plan, so that a listing
        of many pages keeps its speed even when later listings have filled the buffer. Where `weigh`
        tells the bytes of a result, they are fewer if results are heavy: `MEMORY` bytes in all.

        Raises:
            whatever the plan or `work` raised, when its turn comes; nothing after it is returned.
        """
        return self.ahead(plan, work, weigh).results()

    def ahead(
        self,
        plan: Iterable[T],
        work: Callable[[T], tuple[R, Sequence[T]]],
        weigh: Callable[[R], int] | None = None,
        when_idle: Callable[[], None] | None = None,
    ) -> Lookahead[T, R]:
        """The same, to begin before its results are wanted.

        `when_idle` is called once by whoever takes the results, as soon as that waits and threads
        have nothing left to start: time to begin what comes next.
        """
        return Lookahead(plan, work, self._now_wanted, self._crew, weigh, when_idle)

    def _now_wanted(self) -> int:
        return self.limit if self._wanted is None else max(1, min(self.limit, self._wanted()))


class Lookahead(t.Generic[T, R]):
    """The state of one plan under way."""

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place
        self,
        plan: Iterable[T],
        work: Callable[[T], tuple[R, Sequence[T]]],
        limit: Callable[[], int],
        crew: _Crew,
        weigh: Callable[[R], int] | None,
        when_idle: Callable[[], None] | None,
    ) -> None:
        self._plan = iter(plan)
        self._work = work
        self._limit = limit
        self._crew = crew
        self._weigh = weigh
        self._when_idle = when_idle
        self._weight = MEMORY / FIRST_AHEAD if weigh else 1.0  # of a result, a moving average
        self._weighed = False
        self._changed = threading.Condition()
        self._head: _Node[T, R] | None = None
        self._tail: _Node[T, R] | None = None
        self._running = 0
        self._ahead = 0  # running, or done and not yet consumed
        self._stopped = False
        self._idle = False  # all of the plan that is known is started
        self._broken: BaseException | None = None  # what the plan itself raised

    def begin(self) -> None:
        """Start the first tasks."""
        with self._changed:
            self._fill()

    def stop(self) -> None:
        """Start no more."""
        self._stopped = True

    def results(self) -> Iterator[tuple[T, R]]:
        """The results; see `Workers.ordered`."""
        try:
            while (node := self._next_done()) is not None:
                if node.error is not None:
                    raise node.error
                result, node.result = node.result, None
                yield node.task, t.cast("R", result)
                del result
        finally:
            self.stop()

    def _next_done(self) -> _Node[T, R] | None:
        with self._changed:
            self._fill()
            if self._head is None:
                if self._broken is not None:
                    raise self._broken
                return None
            while not self._head.done:
                if self._idle and self._when_idle is not None:
                    action, self._when_idle = self._when_idle, None
                    self._changed.release()
                    try:
                        action()
                    finally:
                        self._changed.acquire()
                else:
                    self._changed.wait(1.0)
            node = self._head
            self._head = node.next
            self._ahead -= 1
            self._fill()
            return node

    def _fill(self) -> None:
        """Start what may be started, the earliest first. Called with the lock held."""
        if self._stopped:
            return
        limit = self._limit()
        fitting = max(LEAST_AHEAD, int(MEMORY / self._weight))
        node: _Node[T, R] | None = None
        for position in range(3 * limit):
            if self._running >= limit:
                return
            node = (node.next if node else self._head) or self._append_from_plan()
            if node is None or node.error is not None:
                self._idle = True
                return  # the end, or nothing behind it will ever come out
            bound = min(fitting, (3 if position < limit else 2) * limit)
            if not node.started and (position == 0 or self._ahead < bound):
                node.started = True
                self._running += 1
                self._ahead += 1
                self._crew.submit(self._job(node))

    def _append_from_plan(self) -> _Node[T, R] | None:
        """The next task of the plan as the last node; None when there is none left."""
        if self._broken is not None:
            return None
        try:
            node: _Node[T, R] = _Node(next(self._plan))
        except StopIteration:
            return None
        except Exception as error:  # noqa: BLE001 - raised once the tasks before it are done
            self._broken = error
            return None
        if self._head is None or self._tail is None:
            self._head = node
        else:
            self._tail.next = node
        self._tail = node
        return node

    def _job(self, node: _Node[T, R]) -> Callable[[], None]:
        def run() -> None:
            following: Sequence[T] = ()
            if not self._stopped:
                try:
                    node.result, following = self._work(node.task)
                except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                    node.error = error
            weight = self._weigh(node.result) if self._weigh and node.result is not None else 0
            with self._changed:
                if weight:
                    self._weight += (weight - self._weight) * (0.2 if self._weighed else 1.0)
                    self._weighed = True
                self._insert(node, following)
                node.done = True
                self._running -= 1
                self._fill()
                self._changed.notify_all()

        return run

    def _insert(self, node: _Node[T, R], following: Sequence[T]) -> None:
        rest = node.next
        for task in following:
            node.next = _Node(task)
            node = node.next
        node.next = rest
        if rest is None:
            self._tail = node


def in_turn(
    plan: Iterable[T],
    work: Callable[[T], tuple[R, Sequence[T]]],
) -> Iterator[tuple[T, R]]:
    """The same results in the same order, one task after the other and none ahead of need."""
    for first in plan:
        waiting = collections.deque([first])
        while waiting:
            task = waiting.popleft()
            result, following = work(task)
            waiting.extendleft(reversed(following))
            yield task, result
