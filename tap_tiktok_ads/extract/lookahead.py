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
import time
import typing as t
import weakref

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Bytes of answers that may be under way or wait to be consumed, at first and at most.
MEMORY, MOST_MEMORY = 6 * 1024 * 1024, 32 * 1024 * 1024
#: How many always may.
LEAST_AHEAD = 2
#: Seconds after which an answer that is waited for is late.
LATE = 0.3
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
        # what all plans under way share; the lock is held whenever one of them changes
        self.changed = threading.Condition()
        self.crew = _Crew(self.limit)
        self.plans: list[Lookahead[t.Any, t.Any]] = []
        self.memory = float(MEMORY)
        weakref.finalize(self, self.crew.dismiss)

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
        tells the bytes of a result, they are fewer if results are heavy: `MEMORY` bytes in all,
        and more, up to `MOST_MEMORY`, once most of them wait for one that is late.

        Raises:
            whatever the plan or `work` raised, when its turn comes; nothing after it is returned.
        """
        return self.ahead(plan, work, weigh).results()

    def ahead(
        self,
        plan: Iterable[T],
        work: Callable[[T], tuple[R, Sequence[T]]],
        weigh: Callable[[R], int] | None = None,
        when_idle: Callable[[], bool] | None = None,
    ) -> Lookahead[T, R]:
        """The same, to begin before its results are wanted; the bounds are for all plans together.

        `when_idle` is called by whoever takes the results, whenever that waits and all that is
        known of the plans under way is started: time to begin another. It is called until it says
        that none is left.
        """
        return Lookahead(self, plan, work, weigh, when_idle)

    def now_wanted(self) -> int:
        """How many tasks may run at once."""
        return self.limit if self._wanted is None else max(1, min(self.limit, self._wanted()))

    def fill(self) -> None:
        """Start what may be started, the earliest first. Called with the lock held."""
        limit = self.now_wanted()
        for plan in self.plans:
            plan.fill(limit)


class Lookahead(t.Generic[T, R]):
    """The state of one plan. Those that have begun take their turns in that order."""

    def __init__(
        self,
        workers: Workers,
        plan: Iterable[T],
        work: Callable[[T], tuple[R, Sequence[T]]],
        weigh: Callable[[R], int] | None,
        when_idle: Callable[[], bool] | None,
    ) -> None:
        self._workers = workers
        self._plan = iter(plan)
        self._work = work
        self._weigh = weigh
        self._when_idle = when_idle
        self.weight = MEMORY / FIRST_AHEAD if weigh else 1.0  # of a result, a moving average
        self._weighed = False
        self._head: _Node[T, R] | None = None
        self._tail: _Node[T, R] | None = None
        self.running = 0
        self.ahead = 0  # running, or done and not yet consumed
        self._begun = False
        self._awaited = False  # somebody takes the results
        self._stopped = False
        self.idle = False  # all of the plan that is known is started
        self._cramped = False  # a task waits for memory only
        self._broken: BaseException | None = None  # what the plan itself raised

    def begin(self) -> None:
        """Start the first tasks, behind those of the plans that began earlier."""
        with self._workers.changed:
            if not self._begun:
                self._begun = True
                self._workers.plans.append(self)
                self._workers.fill()

    def stop(self) -> None:
        """Start no more."""
        with self._workers.changed:
            self._stopped = True
            if self in self._workers.plans:
                self._workers.plans.remove(self)
                self._workers.fill()

    def results(self) -> Iterator[tuple[T, R]]:
        """The results; see `Workers.ordered`."""
        self._awaited = True
        self.begin()
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
        with self._workers.changed:
            self._workers.fill()
            # other plans may have left no room to start one, which is not the end of this
            if (self._head or self._append_from_plan()) is None:
                if self._broken is not None:
                    raise self._broken
                return None
            node = t.cast("_Node[T, R]", self._head)
            since = time.monotonic()
            while not node.done:
                self._wait(late=time.monotonic() - since > LATE)
            self._head = node.next
            self.ahead -= 1
            self._workers.fill()
            return node

    def _wait(self, *, late: bool) -> None:
        """Wait until something changes; meanwhile another plan may begin, or memory be extended."""
        action = self._when_idle
        if action is None or not all(plan.idle for plan in self._workers.plans):
            if late and self._cramped and self.running < self.ahead / 2:
                self._workers.memory = min(MOST_MEMORY, 1.5 * self._workers.memory)
                self._workers.fill()
            self._workers.changed.wait(1.0)
            self._workers.fill()  # more may run by now
            return
        self._workers.changed.release()
        try:
            another = action()
        finally:
            self._workers.changed.acquire()
        if not another:
            self._when_idle = None

    def fill(self, limit: int) -> None:
        """Start what may be started, the earliest first, where `limit` tasks run at most.

        Called with the lock held.
        """
        plans = self._workers.plans
        running = sum(plan.running for plan in plans)
        ahead = sum(plan.ahead for plan in plans)
        of_others = sum(plan.ahead * plan.weight for plan in plans if plan is not self)
        room = self._workers.memory - of_others
        fitting = max(LEAST_AHEAD if self._awaited else 0, int(room / self.weight))
        self.idle = self._cramped = False
        waiting = False  # whether a task is known that is not started
        node: _Node[T, R] | None = None
        for position in range(3 * limit):
            if running >= limit:
                return
            node = (node.next if node else self._head) or self._append_from_plan()
            if node is None:
                self.idle = not waiting
                return
            if node.error is not None:
                return  # nothing behind it will ever come out
            bound = (3 if self._awaited and position < limit else 2) * limit
            if node.started:
                continue
            if (self._awaited and position == 0) or (ahead < bound and self.ahead < fitting):
                node.started = True
                running += 1
                ahead += 1
                self.running += 1
                self.ahead += 1
                self._workers.crew.submit(self._job(node))
            else:
                waiting = True
                self._cramped = self._cramped or ahead < bound

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
            with self._workers.changed:
                if weight:
                    self.weight += (weight - self.weight) * (0.2 if self._weighed else 1.0)
                    self._weighed = True
                self._insert(node, following)
                node.done = True
                self.running -= 1
                self._workers.fill()
                self._workers.changed.notify_all()

        return run

    def _insert(self, node: _Node[T, R], following: Sequence[T]) -> None:
        rest = node.next
        for task in following:
            node.next = _Node(task)
            node = node.next
        node.next = rest
        if rest is None:
            self._tail = node


def sequential(
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
