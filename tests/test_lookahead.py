"""Ordered look-ahead: order, bounds, errors and concurrency."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import random
import sys
import threading
import time
import typing as t
import weakref

import pytest
from conftest import PATIENCE, until
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_tiktok_ads.api.decoding_slots import DecodingSlots
from tap_tiktok_ads.api.errors import ClosedError
from tap_tiktok_ads.extract.buffer_budget import BUFFER_BYTES, MEMORY_BYTES, Usage
from tap_tiktok_ads.extract.lookahead import Workers
from tap_tiktok_ads.extract.nested_lookahead import read_within_task
from tap_tiktok_ads.extract.sequential import sequential

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_tiktok_ads.extract.lookahead import Lookahead

    #: The follow-up tasks of a task. Each is the list of its own follow-up tasks.
    Tree = list["Tree"]
    Path = tuple[int, ...]

#: Threads live as long as the workers, so all examples of a property share them.
POOLS = {limit: Workers(limit) for limit in (1, 2, 3, 5, 8)}

trees = st.recursive(
    st.just(t.cast("Tree", [])),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=25,
)


class Log:
    """Records which tasks started and finished, and the maximum of concurrent tasks."""

    def __init__(self) -> None:
        self.started: list[t.Any] = []
        self.finished: list[t.Any] = []
        self.max_running = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def work_on(self, task: t.Any) -> Iterator[None]:
        """Record the start and the end of a task."""
        with self._lock:
            self.started.append(task)
            self.max_running = max(self.max_running, len(self.started) - len(self.finished))
        try:
            yield
        finally:
            with self._lock:
                self.finished.append(task)


def settled(log: Log, seconds: float = 0.03) -> int:
    """Return the number of started tasks after no task started for a while."""
    count, changed_at = len(log.started), time.monotonic()
    while time.monotonic() - changed_at < seconds:
        time.sleep(0.001)
        if len(log.started) != count:
            count, changed_at = len(log.started), time.monotonic()
    return count


def worker(
    plan: Tree, seed: int | None = None
) -> tuple[list[Path], Callable[[Path], tuple[str, Sequence[Path]]]]:
    """Return the first tasks of a plan, and a work function with random delays."""

    def work(path: Path) -> tuple[str, Sequence[Path]]:
        node = plan
        for step in path:
            node = node[step]
        if seed is not None:
            time.sleep(random.Random(f"{seed} {path}").choice([0, 0, 0.0003, 0.0015]))
        return f"result of {path}", [(*path, number) for number in range(len(node))]

    return [(number,) for number in range(len(plan))], work


def leaf(task: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
    """Return a result without follow-up tasks."""
    return task, ()


# Order


@settings(max_examples=150, deadline=None)
@given(plan=trees, seed=st.integers(0, 10**6), limit=st.sampled_from(sorted(POOLS)))
def test_results_come_in_plan_order(plan: Tree, seed: int, limit: int) -> None:
    """Results come in plan order, whatever the delays and the number of threads."""
    tasks, work = worker(plan, seed)
    assert list(POOLS[limit].ordered(tasks, work)) == list(sequential(*worker(plan)))


@given(plan=trees)
def test_sequential_runs_follow_up_tasks_first(plan: Tree) -> None:
    """Follow-up tasks run directly after their task, before the next task of the plan."""

    def paths(node: Tree, path: Path) -> list[Path]:
        return [path] + [
            descendant
            for number, child in enumerate(node)
            for descendant in paths(child, (*path, number))
        ]

    results = list(sequential(*worker(plan)))
    assert [task for task, _ in results] == paths(plan, ())[1:]
    assert all(result == f"result of {task}" for task, result in results)


def test_sequential_runs_tasks_on_demand() -> None:
    """Without look-ahead, a task runs only when its result is requested."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, [task + 100] if task < 100 else ()

    results = sequential(itertools.count(), work)
    assert log.started == []
    assert [next(results) for _ in range(3)] == [(0, 0), (100, 100), (1, 1)]
    assert log.started == [0, 100, 1]


def test_slow_first_task_does_not_block_other_tasks() -> None:
    """A slow first task delays the results of other tasks, but not their work."""
    released = threading.Event()
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task == 0:
                assert released.wait(PATIENCE)
            elif task == 3:
                released.set()
            return task, ()

    assert [task for task, _ in Workers(2).ordered(range(4), work)] == [0, 1, 2, 3]
    assert log.finished[:3] == [1, 2, 3]


@pytest.mark.parametrize("limit", [-1, 0, 1])
def test_minimum_is_one_thread(limit: int) -> None:
    """A limit below one means one thread."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    assert list(Workers(limit).ordered(range(20), work)) == [(task, task) for task in range(20)]
    assert log.max_running == 1


def test_empty_plan_has_no_results() -> None:
    """A plan without tasks ends immediately."""
    assert list(Workers(3).ordered([], leaf)) == []
    assert list(sequential([], leaf)) == []


# Bounds


@pytest.mark.parametrize("limit", [1, 2, 4, 8])
def test_unconsumed_results_are_bounded(limit: int) -> None:
    """At most twice the limit of tasks run ahead of the consumer."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(limit).ordered(itertools.count(), work)
    for consumed in range(1, 6):
        next(results)
        min_started = consumed + limit - 1
        until(lambda min_started=min_started: len(log.started) >= min_started)  # type: ignore[misc]
        assert settled(log) <= consumed + 2 * limit
    assert log.max_running <= limit
    results.close()  # type: ignore[attr-defined]


def test_endless_plan_is_read_lazily() -> None:
    """An endless plan is read only as far as the look-ahead needs."""
    tasks_read: list[int] = []

    def plan() -> Iterator[int]:
        for number in itertools.count():
            tasks_read.append(number)
            yield number

    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(4).ordered(plan(), work)
    for _ in range(10):
        next(results)
    settled(log)
    assert len(tasks_read) <= 10 + 3 * 4
    results.close()  # type: ignore[attr-defined]


def test_results_are_bounded_behind_a_slow_list() -> None:
    """Pages of later lists do not accumulate behind a slow first list."""
    limit = 8
    first_released = threading.Event()
    released = [threading.Event() for _ in range(limit)]
    log = Log()

    def work(task: tuple[int, int]) -> tuple[None, Sequence[tuple[int, int]]]:
        list_, page = task
        with log.work_on(task):
            if page == 1 and list_ < limit:
                assert (released[list_] if list_ else first_released).wait(PATIENCE)
            return None, [(list_, number) for number in range(2, 12)] if page == 1 else ()

    results = Workers(limit).ordered(((list_, 1) for list_ in itertools.count()), work)
    ahead = []

    def release() -> None:
        for list_ in range(limit - 1, 0, -1):
            released[list_].set()
            ahead.append(settled(log))
        first_released.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    next(results)
    releasing.join()
    results.close()  # type: ignore[attr-defined]
    assert max(ahead) <= 3 * limit


def test_running_tasks_never_exceed_the_limit() -> None:
    """A plan with many follow-up tasks never runs more tasks than the limit."""
    log = Log()
    together = threading.Barrier(5)

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task < 5:
                together.wait(PATIENCE)
            time.sleep(0.0005)
            return task, range(1000, 1007) if task < 1000 else ()

    assert len(list(Workers(5).ordered(range(20), work))) == 20 * 8
    assert log.max_running == 5


# Concurrency


@pytest.mark.parametrize("limit", [2, 4, 8])
def test_full_buffer_does_not_serialize_pages(limit: int) -> None:
    """If later lists fill the buffer, the pages of the first list still use all threads.

    Each page waits until every thread runs a page.
    """
    full = threading.Event()
    together = threading.Barrier(limit)
    log = Log()

    def work(task: tuple[int, int]) -> tuple[None, Sequence[tuple[int, int]]]:
        with log.work_on(task):
            if task == (0, 1):
                assert full.wait(PATIENCE)
                return None, [(0, number) for number in range(2, 2 + 5 * limit)]
            if task[0] == 0:
                together.wait(PATIENCE)
        if len(log.finished) >= 2 * limit - 1:
            full.set()
        return None, ()

    plan = [(list_, 1) for list_ in range(5 * limit)]
    tasks = [task for task, _ in Workers(limit).ordered(plan, work)]
    assert tasks == [(0, page) for page in range(1, 2 + 5 * limit)] + plan[1:]


def test_follow_up_pages_start_before_their_turn() -> None:
    """Follow-up pages start while an earlier list is still incomplete."""
    pages_done = threading.Event()
    log = Log()

    def work(task: tuple[str, int]) -> tuple[None, Sequence[tuple[str, int]]]:
        with log.work_on(task):
            if task == ("slow", 1):
                assert pages_done.wait(PATIENCE)
            if task == ("long", 1):
                return None, [("long", 2), ("long", 3)]
            if task == ("long", 3):
                pages_done.set()
            return None, ()

    tasks = [task for task, _ in Workers(4).ordered([("slow", 1), ("long", 1)], work)]
    assert tasks == [("slow", 1), ("long", 1), ("long", 2), ("long", 3)]


# Errors


@settings(max_examples=100, deadline=None)
@given(
    plan=trees.filter(bool),
    seed=st.integers(0, 10**6),
    limit=st.sampled_from(sorted(POOLS)),
    data=st.data(),
)
def test_error_is_raised_in_plan_order(
    plan: Tree, seed: int, limit: int, data: st.DataObject
) -> None:
    """All results before a failed task are returned, then its error is raised."""
    expected = list(sequential(*worker(plan)))
    failing = data.draw(st.sets(st.sampled_from([task for task, _ in expected]), min_size=1))
    tasks, work = worker(plan, seed)

    def failing_work(path: Path) -> tuple[str, Sequence[Path]]:
        if path in failing:
            raise LookupError(path)
        return work(path)

    expected_results = list(itertools.takewhile(lambda result: result[0] not in failing, expected))
    received: list[tuple[Path, str]] = []
    results = POOLS[limit].ordered(tasks, failing_work)
    with pytest.raises(LookupError) as caught:
        received.extend(results)
    assert received == expected_results
    assert caught.value.args == (expected[len(expected_results)][0],)
    assert list(results) == []


def test_no_task_starts_after_a_failed_task() -> None:
    """After a task fails, no later task starts."""
    first_released, second_failed = threading.Event(), threading.Event()
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task == 0:
                assert first_released.wait(PATIENCE)
            if task == 1:
                second_failed.set()
                raise LookupError(task)
            return task, ()

    results = Workers(2).ordered(itertools.count(), work)

    def release() -> None:
        assert second_failed.wait(PATIENCE)
        settled(log)
        first_released.set()

    threading.Thread(target=release).start()
    assert next(results) == (0, 0)
    with pytest.raises(LookupError):
        next(results)
    assert sorted(log.started) == [0, 1]


@pytest.mark.parametrize("good", [0, 1, 5, 8])
def test_plan_error_is_raised(good: int) -> None:
    """An error of the plan is raised, and does not look like its end."""
    fails = threading.Event()

    def plan() -> Iterator[int]:
        yield from range(good)
        fails.set()
        message = "bad bookmark"
        raise LookupError(message)

    def work(task: int) -> tuple[int, Sequence[int]]:
        if task == 0 and good == 5:  # the consumer waits for it while a thread reads the plan
            assert fails.wait(PATIENCE)
        return task, ()

    with pytest.raises(LookupError, match="bad bookmark"):
        list(Workers(3).ordered(plan(), work))


def test_threads_survive_a_failed_plan() -> None:
    """After a plan fails, its threads run the next plan."""
    workers = Workers(3)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            list(workers.ordered([2, 1, 0], lambda task: (1 // task, ())))
    assert list(workers.ordered(range(50), leaf)) == [(task, task) for task in range(50)]


# Plans that begin early


def test_next_plan_begins_during_the_last_tasks() -> None:
    """A plan begins when all tasks of the previous plan have started."""
    together = threading.Barrier(2)  # the last task of a plan waits for the first task of the next

    def work(task: str) -> tuple[str, Sequence[str]]:
        if task in {"a2", "b0"}:
            together.wait(PATIENCE)
        return task, ()

    workers = Workers(4)
    later = workers.ahead(["b0", "b1"], work)
    pending = [later]

    def begin() -> bool:
        if not pending:
            return False
        pending.pop().begin()
        return True

    first = workers.ahead(["a0", "a1", "a2"], work, when_idle=begin)
    assert [task for task, _ in first.results()] == ["a0", "a1", "a2"]
    assert [task for task, _ in later.results()] == ["b0", "b1"]


def test_earlier_plan_has_priority() -> None:
    """Waiting tasks of a plan start before the tasks of later plans."""
    log = Log()
    started_counts: list[int] = []
    workers = Workers(2)

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            time.sleep(0.001)
            return task, ()

    def begin() -> bool:
        started_counts.append(len(log.started))
        return False

    plan = workers.ahead(range(12), work, when_idle=begin)
    assert len(list(plan.results())) == 12
    # empty if no thread was idle at the end. Two threads may be about to start their last task.
    assert started_counts == [] or (len(started_counts) == 1 and started_counts[0] >= 12 - 2)


def test_concurrent_plans_share_the_limit() -> None:
    """Several plans together never run more tasks than the limit, and the earliest goes first."""
    log = Log()
    workers = Workers(3)
    together = threading.Barrier(3)

    def work(task: tuple[int, int]) -> tuple[None, Sequence[tuple[int, int]]]:
        with log.work_on(task):
            if task in {(0, 0), (0, 1), (0, 2)}:
                together.wait(PATIENCE)
            time.sleep(0.0005)
            return None, ()

    plans = [workers.ahead([(plan, number) for number in range(20)], work) for plan in range(4)]
    for plan in plans:
        plan.begin()
    settled(log)
    assert len(log.started) <= 3 * 3
    for number, plan in enumerate(plans):
        assert [task for task, _ in plan.results()] == [(number, index) for index in range(20)]
    assert log.max_running == 3


def test_stopped_plan_starts_no_task() -> None:
    """A plan that is stopped before its turn starts no more tasks."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    plan = Workers(2).ahead(itertools.count(), work)
    plan.begin()
    until(lambda: len(log.finished) >= 2 * 2)
    plan.stop()
    assert settled(log) == 2 * 2


# Memory


def test_large_results_are_bounded_by_the_buffer() -> None:
    """Waiting results stay within the budget."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    workers = Workers(4, max_buffer_bytes=BUFFER_BYTES)
    results = workers.ordered(itertools.count(), work, lambda _: BUFFER_BYTES // 4)
    for consumed in range(1, 10):
        next(results)
        assert settled(log) <= max(2 * 4, consumed + 4)
    results.close()  # type: ignore[attr-defined]


def test_large_results_leave_room_for_all_useful_threads() -> None:
    """Large results that wait for an earlier one do not reduce the number of concurrent tasks.

    The first list has as many pages as there are threads. Each page waits until all of them run,
    while the results of the other lists wait to be consumed.
    """
    limit = 16
    released = threading.Event()
    together = threading.Barrier(limit)
    log = Log()

    def work(task: tuple[int, int]) -> tuple[None, Sequence[tuple[int, int]]]:
        with log.work_on(task):
            if task == (0, 1):
                assert released.wait(PATIENCE)
                return None, [(0, page) for page in range(2, 2 + limit)]
            if task[0] == 0:
                together.wait(PATIENCE)
        if len(log.finished) == limit - 1:
            released.set()
        return None, ()

    size = BUFFER_BYTES // 2
    plan = [(list_, 1) for list_ in range(limit)]
    tasks = [task for task, _ in Workers(limit).ordered(plan, work, lambda _: size)]
    assert tasks == [(0, page) for page in range(1, 2 + limit)] + plan[1:]


def test_short_last_pages_do_not_wait_for_memory() -> None:
    """A page that will have few records starts although full pages exceed the memory budget."""
    released = threading.Event()
    limit = 4
    log = Log()

    def work(task: tuple[int, int]) -> tuple[int, Sequence[tuple[int, int]]]:
        list_, page = task
        with log.work_on(task):
            if task == (0, 1):
                assert released.wait(PATIENCE)
            if task == (1, 2):
                released.set()
            return page, [(list_, 2)] if page == 1 and list_ else ()

    results = Workers(limit, max_buffer_bytes=BUFFER_BYTES).ahead(
        [(list_, 1) for list_ in range(6)],
        work,
        weigh=lambda page: BUFFER_BYTES if page == 1 else 1000,
        size_share=lambda task: 1.0 if task[1] == 1 else 1e-4,
    )
    assert [task[0] for task, _ in results.results()] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert released.is_set()


@dataclasses.dataclass
class Blocked:
    """A plan whose first task waits until it is released, while the others have their results."""

    workers: Workers
    plan: Lookahead[int, t.Any]
    log: Log
    release: Callable[[], None]

    @property
    def stored(self) -> int:
        """Number of results in the file."""
        return self.workers.storage.file.count


def blocked(
    limit: int, count: int, result: Callable[[int], t.Any], weigh: Callable[[t.Any], int] = len
) -> Blocked:
    """Begin a plan of `count` tasks in `limit` threads, with results of this size."""
    released = threading.Event()
    log = Log()

    def work(task: int) -> tuple[t.Any, Sequence[int]]:
        with log.work_on(task):
            if task == 0:
                assert released.wait(PATIENCE)
            return result(task), ()

    workers = Workers(limit)
    plan = workers.ahead(range(count), work, weigh=weigh)
    plan.begin()
    until(lambda: len(log.finished) >= limit - 1)
    return Blocked(workers, plan, log, released.set)


def test_results_behind_a_slow_task_wait_in_the_file() -> None:
    """A slow task does not stop later tasks. Most of their results are not in memory."""
    size = MEMORY_BYTES // 4
    run = blocked(16, 40, lambda task: bytes([task]) * size)
    usage = run.plan.buffer.usage
    until(lambda: usage.file_bytes >= 10 * size)
    until(lambda: usage.memory_bytes <= MEMORY_BYTES + size)
    run.release()
    assert [(task, set(result)) for task, result in run.plan.results()] == [
        (task, {task}) for task in range(40)
    ]
    assert usage == Usage()


def test_result_that_cannot_be_stored_stays_in_memory() -> None:
    """A result that is too deep for the file is returned all the same."""

    def deep(task: int) -> list[t.Any]:
        result: list[t.Any] = [task]
        for _ in range(sys.getrecursionlimit()):
            result = [result]
        return result

    run = blocked(8, 20, deep, weigh=lambda _: MEMORY_BYTES)
    assert run.stored == 0
    run.release()
    assert [task for task, _ in run.plan.results()] == list(range(20))


def test_error_of_a_size_is_raised() -> None:
    """An error of `weigh` is raised like an error of the task, and stops no thread."""
    workers = Workers(2)
    for _ in range(3):
        with pytest.raises(TypeError):
            list(workers.ordered(range(5), leaf, weigh=len))
    assert list(workers.ordered(range(9), leaf)) == [(task, task) for task in range(9)]


def test_the_first_result_of_a_later_plan_can_wait_in_the_file() -> None:
    """Only the plan that is consumed keeps its next result in memory."""
    workers = Workers(8)
    log = Log()

    def work(task: int) -> tuple[bytes, Sequence[int]]:
        with log.work_on(task):
            return bytes(MEMORY_BYTES), ()

    plans = [workers.ahead([number], work, weigh=len) for number in range(4)]
    for plan in plans:
        plan.begin()
    until(lambda: workers.storage.file.count == 3)
    assert [task for plan in plans for task, _ in plan.results()] == [0, 1, 2, 3]


def test_closed_workers_close_the_file() -> None:
    """The disk space of results that nobody consumes is free once the workers are closed."""
    workers = Workers(8)
    plan = workers.ahead(range(8), lambda _: (bytes(MEMORY_BYTES), ()), weigh=len)
    plan.begin()
    until(lambda: workers.storage.file.count >= 6)
    assert workers.close(PATIENCE)
    assert workers.storage.file.store(b"") is None


def test_stopped_plan_leaves_the_file() -> None:
    """The places of results that nobody consumes are free for other plans."""
    run = blocked(8, 40, lambda _: bytes(MEMORY_BYTES))
    until(lambda: run.stored > 0)
    run.plan.stop()
    run.release()
    until(lambda: run.plan.buffer.usage.running == 0)
    until(lambda: run.stored == 0)


def test_a_busy_processor_stops_the_look_ahead() -> None:
    """While threads wait for their turn to decode, few large responses are requested ahead."""
    limit = 16
    slots = DecodingSlots(1, PATIENCE)
    released = threading.Event()
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            assert released.wait(PATIENCE)
            return task, ()

    def decode() -> None:
        with slots.task():
            slots.acquire()

    workers = Workers(limit, slots=slots)
    workers.storage.result_size.add(BUFFER_BYTES // 2)
    plan = workers.ahead(range(limit), work, lambda _: BUFFER_BYTES // 2)
    with slots.task():
        slots.acquire()
        thread = threading.Thread(target=decode)
        thread.start()
        until(lambda: slots.are_scarce)
        plan.begin()
        assert settled(log) == 1
    thread.join(PATIENCE)
    with workers.changed:
        workers.fill()
    until(lambda: len(log.started) == limit)
    released.set()
    assert [task for task, _ in plan.results()] == list(range(limit))


# The end


def test_closed_results_stop_the_plan() -> None:
    """When the consumer closes the results, no task starts and the next plan runs."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            time.sleep(0.0005)
            return task, ()

    workers = Workers(4)
    plan = workers.ahead(itertools.count(), work)
    results = plan.results()
    for _ in range(10):
        next(results)
    results.close()  # type: ignore[attr-defined]
    until(lambda: plan.buffer.usage.running == 0)
    started_count = len(log.started)
    assert started_count <= 10 + 2 * 4
    assert len(list(workers.ordered(range(40), leaf))) == 40
    assert len(log.started) == started_count


def test_no_task_starts_before_the_first_result() -> None:
    """A plan starts only when its first result is requested."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(2).ordered(range(3), work)
    assert settled(log) == 0
    assert len(list(results)) == 3
    assert len(log.started) == 3


def test_threads_are_reused() -> None:
    """Plans share the same threads, at most as many as the limit."""
    threads: set[int] = set()

    def work(task: int) -> tuple[int, Sequence[int]]:
        threads.add(threading.get_ident())
        time.sleep(0.0002)
        return task, ()

    workers = Workers(4)
    count_at_start = threading.active_count()
    for _ in range(10):
        assert len(list(workers.ordered(range(30), work))) == 30
    assert len(threads) <= 4
    assert threading.active_count() <= count_at_start + 4


def test_threads_are_daemons() -> None:
    """Worker threads are daemons, so a pending response does not delay the exit."""
    flags = [
        result
        for _, result in Workers(2).ordered(
            range(4), lambda _: (threading.current_thread().daemon, ())
        )
    ]
    assert flags == [True] * 4


def test_interleaved_plans_keep_their_results() -> None:
    """Plans that share threads return their own results, in their own order."""
    workers = Workers(3)
    letters = workers.ordered("abcdefghij", leaf)
    numbers = workers.ordered(range(10), leaf)
    pairs = list(zip(letters, numbers, strict=True))
    assert [letter for (letter, _), _ in pairs] == list("abcdefghij")
    assert [number for _, (number, _) in pairs] == list(range(10))


def test_plan_without_free_threads_waits() -> None:
    """While tasks of another plan use all threads, a plan waits."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads switch as often as possible
    try:
        for _ in range(300):
            workers = Workers(3)
            letters, numbers = workers.ordered("abcdefghij", leaf), workers.ordered(range(10), leaf)
            pairs = list(zip(letters, numbers, strict=True))
            assert [number for _, (number, _) in pairs] == list(range(10))
    finally:
        sys.setswitchinterval(interval)


def test_consumed_results_are_released() -> None:
    """The workers keep no reference to a consumed result."""
    alive: list[weakref.ref[Result]] = []

    class Result:
        """An object that supports weak references."""

    def work(_: int) -> tuple[Result, tuple[int, ...]]:
        result = Result()
        alive.append(weakref.ref(result))
        return result, ()

    workers = Workers(4)
    max_alive = 0
    for _, result in workers.ordered(range(200), work):
        del result
        max_alive = max(max_alive, sum(reference() is not None for reference in alive))
    assert max_alive <= 3 * 4 + 2


def test_close_interrupts_a_waiting_consumer() -> None:
    """A waiting consumer receives ClosedError when the workers close."""
    began, released = threading.Event(), threading.Event()
    received: list[BaseException] = []

    def work(task: int) -> tuple[int, list[int]]:
        began.set()
        released.wait()
        return task, []

    def consume(workers: Workers) -> None:
        try:
            list(workers.ordered([1], work))
        except ClosedError as error:
            received.append(error)

    workers = Workers(1)
    consumer = threading.Thread(target=consume, args=[workers])
    consumer.start()
    began.wait()
    assert not workers.close(0.0)
    consumer.join()
    released.set()
    assert received


def test_close_ends_the_threads() -> None:
    """No worker thread is left after `close`."""
    threads_at_start = set(threading.enumerate())
    workers = Workers(4)
    assert len(list(workers.ordered(range(20), lambda task: (task, [])))) == 20
    assert workers.close(PATIENCE)
    assert set(threading.enumerate()) <= threads_at_start


# Lists that a task reads


@settings(max_examples=60, deadline=None)
@given(plan=trees, seed=st.integers(0, 10**6), limit=st.sampled_from(sorted(POOLS)))
def test_list_of_a_task_comes_in_plan_order(plan: Tree, seed: int, limit: int) -> None:
    """A list that every task reads comes in plan order, however few threads there are."""
    expected = list(sequential(*worker(plan)))
    workers = POOLS[limit]

    def read_list(task: int) -> tuple[list[tuple[Path, str]], Sequence[int]]:
        tasks, work = worker(plan, seed + task)
        return list(read_within_task(workers, tasks, work)), ()

    results = list(workers.ordered(range(2 * limit), read_list))
    assert results == [(task, expected) for task in range(2 * limit)]


def test_idle_threads_help_a_task_that_reads_a_list() -> None:
    """Idle threads read the later pages of a list that a task reads."""
    together = threading.Barrier(3)

    def page(number: int) -> tuple[int, Sequence[int]]:
        if number > 1:
            together.wait(PATIENCE)
        return number, (2, 3, 4) if number == 1 else ()

    workers = Workers(4)
    ((_, pages),) = workers.ordered(
        ["list"], lambda _: ([result for _, result in read_within_task(workers, [1], page)], ())
    )
    assert pages == [1, 2, 3, 4]


def test_list_is_read_outside_of_a_task() -> None:
    """The main thread reads a list in the same way, and closes it before its end."""
    workers = Workers(2)
    pages = read_within_task(workers, itertools.count(), leaf)
    assert [next(pages)[0] for _ in range(20)] == list(range(20))
    pages.close()  # type: ignore[attr-defined]
    assert list(workers.ordered(range(5), leaf)) == [(number, number) for number in range(5)]


def test_error_in_the_list_of_a_task_is_raised_there() -> None:
    """An error of a page is raised in the task, after the pages before it."""
    received: list[int] = []

    def page(number: int) -> tuple[int, Sequence[int]]:
        return 6 // (3 - number), ()

    def read_list(_name: str) -> tuple[None, Sequence[str]]:
        for _, quotient in read_within_task(workers, range(5), page):
            received.append(quotient)
        return None, ()

    workers = Workers(2)
    with pytest.raises(ZeroDivisionError):
        list(workers.ordered(["list"], read_list))
    assert received == [2, 3, 6]
