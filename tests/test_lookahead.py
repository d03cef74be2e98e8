"""Ordered look-ahead: order, bounds, errors, and what runs at the same time."""

from __future__ import annotations

import contextlib
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

from tap_tiktok_ads.api.errors import ClosedError
from tap_tiktok_ads.extract.lookahead import (
    DEFAULT_BUFFER_BYTES,
    INITIAL_BUFFERED_RESULTS,
    MAX_BUFFER_BYTES,
    Workers,
    sequential,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    #: The tasks that follow a task, each as the list of those that follow it.
    Tree = list["Tree"]
    Path = tuple[int, ...]

#: Threads are kept for the whole run, so the many examples of a property share these.
POOLS = {limit: Workers(limit) for limit in (1, 2, 3, 5, 8)}

trees = st.recursive(
    st.just(t.cast("Tree", [])),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=25,
)


class Log:
    """What was started and finished, and how many ran at once."""

    def __init__(self) -> None:
        self.started: list[t.Any] = []
        self.finished: list[t.Any] = []
        self.most = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def work_on(self, task: t.Any) -> Iterator[None]:
        """Note the start and the end of a piece of work."""
        with self._lock:
            self.started.append(task)
            self.most = max(self.most, len(self.started) - len(self.finished))
        try:
            yield
        finally:
            with self._lock:
                self.finished.append(task)


def settled(log: Log, seconds: float = 0.03) -> int:
    """How many pieces of work were started, once no more are for a while."""
    known, since = len(log.started), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.001)
        if len(log.started) != known:
            known, since = len(log.started), time.monotonic()
    return known


def worker(
    plan: Tree, seed: int | None = None
) -> tuple[list[Path], Callable[[Path], tuple[str, Sequence[Path]]]]:
    """The first tasks of a plan, named by their place in it, and work that takes a random time."""

    def work(path: Path) -> tuple[str, Sequence[Path]]:
        node = plan
        for step in path:
            node = node[step]
        if seed is not None:
            time.sleep(random.Random(f"{seed} {path}").choice([0, 0, 0.0003, 0.0015]))
        return f"result of {path}", [(*path, number) for number in range(len(node))]

    return [(number,) for number in range(len(plan))], work


def leaf(task: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
    """Work that takes no time and has nothing following."""
    return task, ()


# Order


@settings(max_examples=150, deadline=None)
@given(plan=trees, seed=st.integers(0, 10**6), limit=st.sampled_from(sorted(POOLS)))
def test_order_is_that_of_one_after_the_other(plan: Tree, seed: int, limit: int) -> None:
    """Whatever the delays, the threads and what follows what, results come in plan order."""
    tasks, work = worker(plan, seed)
    assert list(POOLS[limit].ordered(tasks, work)) == list(sequential(*worker(plan)))


@given(plan=trees)
def test_sequential_puts_what_follows_right_behind(plan: Tree) -> None:
    """Tasks that follow one come right after it and before the rest of the plan, at any depth."""

    def paths(node: Tree, path: Path) -> list[Path]:
        return [path] + [
            found for number, child in enumerate(node) for found in paths(child, (*path, number))
        ]

    found = list(sequential(*worker(plan)))
    assert [task for task, _ in found] == paths(plan, ())[1:]
    assert all(result == f"result of {task}" for task, result in found)


def test_sequential_works_on_nothing_ahead_of_need() -> None:
    """Without look-ahead, a task is worked on when its result is asked for, and not before."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, [task + 100] if task < 100 else ()

    results = sequential(itertools.count(), work)
    assert log.started == []
    assert [next(results) for _ in range(3)] == [(0, 0), (100, 100), (1, 1)]
    assert log.started == [0, 100, 1]


def test_the_last_answer_may_come_first() -> None:
    """A first task that is answered last holds back the others' results, not their work."""
    free = threading.Event()
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task == 0:
                assert free.wait(PATIENCE)
            elif task == 3:
                free.set()
            return task, ()

    assert [task for task, _ in Workers(2).ordered(range(4), work)] == [0, 1, 2, 3]
    assert log.finished[:3] == [1, 2, 3]


@pytest.mark.parametrize("limit", [-1, 0, 1])
def test_there_is_always_one_thread(limit: int) -> None:
    """A limit below one is taken as one."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    assert list(Workers(limit).ordered(range(20), work)) == [(task, task) for task in range(20)]
    assert log.most == 1


def test_an_empty_plan_has_no_results() -> None:
    """A plan without tasks ends at once."""
    assert list(Workers(3).ordered([], leaf)) == []
    assert list(sequential([], leaf)) == []


# Bounds


@pytest.mark.parametrize("limit", [1, 2, 4, 8])
def test_unconsumed_results_are_bounded(limit: int) -> None:
    """However long the plan, at most twice the limit is worked on ahead of what was consumed."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(limit).ordered(itertools.count(), work)
    for consumed in range(1, 6):
        next(results)
        least = consumed + limit - 1
        until(lambda least=least: len(log.started) >= least)  # type: ignore[misc]
        assert settled(log) <= consumed + 2 * limit
    assert log.most <= limit
    results.close()  # type: ignore[attr-defined]


def test_the_plan_is_not_read_far_ahead() -> None:
    """An endless plan is computed only as far as the look-ahead needs it."""
    read: list[int] = []

    def plan() -> Iterator[int]:
        for number in itertools.count():
            read.append(number)
            yield number

    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(4).ordered(plan(), work)
    for _ in range(10):
        next(results)
    settled(log)
    assert len(read) <= 10 + 3 * 4
    results.close()  # type: ignore[attr-defined]


def test_results_stay_bounded_when_many_listings_unfold_while_the_first_is_slow() -> None:
    """Pages of later listings that become known last to first do not pile up behind a slow one."""
    limit = 8
    first_free = threading.Event()
    free = [threading.Event() for _ in range(limit)]
    log = Log()

    def work(task: tuple[int, int]) -> tuple[None, Sequence[tuple[int, int]]]:
        listing, page = task
        with log.work_on(task):
            if page == 1 and listing < limit:
                assert (free[listing] if listing else first_free).wait(PATIENCE)
            return None, [(listing, number) for number in range(2, 12)] if page == 1 else ()

    results = Workers(limit).ordered(((listing, 1) for listing in itertools.count()), work)
    ahead = []

    def release() -> None:
        for listing in range(limit - 1, 0, -1):
            free[listing].set()
            ahead.append(settled(log))
        first_free.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    next(results)
    releasing.join()
    results.close()  # type: ignore[attr-defined]
    assert max(ahead) <= 3 * limit


def test_no_more_run_at_once_than_the_limit() -> None:
    """A plan that unfolds into many tasks never has more than the limit under way."""
    log = Log()
    together = threading.Barrier(5)

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task < 5:
                together.wait(PATIENCE)
            time.sleep(0.0005)
            return task, range(1000, 1007) if task < 1000 else ()

    assert len(list(Workers(5).ordered(range(20), work))) == 20 * 8
    assert log.most == 5


# At the same time


@pytest.mark.parametrize("limit", [2, 4, 8])
def test_pages_of_one_listing_travel_at_once_behind_a_full_buffer(limit: int) -> None:
    """When later first pages fill the buffer, the pages of the first listing still use all threads.

    Each page waits until as many as there are threads run at the same time.
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

    plan = [(listing, 1) for listing in range(5 * limit)]
    found = [task for task, _ in Workers(limit).ordered(plan, work)]
    assert found == [(0, page) for page in range(1, 2 + 5 * limit)] + plan[1:]


def test_further_pages_start_before_the_first_is_consumed() -> None:
    """Pages follow a first page that is complete, even while one before it is awaited."""
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

    found = [task for task, _ in Workers(4).ordered([("slow", 1), ("long", 1)], work)]
    assert found == [("slow", 1), ("long", 1), ("long", 2), ("long", 3)]


# Errors


@settings(max_examples=100, deadline=None)
@given(
    plan=trees.filter(bool),
    seed=st.integers(0, 10**6),
    limit=st.sampled_from(sorted(POOLS)),
    data=st.data(),
)
def test_an_error_comes_in_its_turn(plan: Tree, seed: int, limit: int, data: st.DataObject) -> None:
    """All results before a failed task come first, then its error, then nothing."""
    expected = list(sequential(*worker(plan)))
    failing = data.draw(st.sets(st.sampled_from([task for task, _ in expected]), min_size=1))
    tasks, work = worker(plan, seed)

    def failing_work(path: Path) -> tuple[str, Sequence[Path]]:
        if path in failing:
            raise LookupError(path)
        return work(path)

    before = list(itertools.takewhile(lambda result: result[0] not in failing, expected))
    found: list[tuple[Path, str]] = []
    results = POOLS[limit].ordered(tasks, failing_work)
    with pytest.raises(LookupError) as caught:
        found.extend(results)
    assert found == before
    assert caught.value.args == (expected[len(before)][0],)
    assert list(results) == []


def test_nothing_starts_behind_a_failed_task() -> None:
    """Once a task has failed, later ones can bring no result any more: none of them is started."""
    first_free, second_failed = threading.Event(), threading.Event()
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task == 0:
                assert first_free.wait(PATIENCE)
            if task == 1:
                second_failed.set()
                raise LookupError(task)
            return task, ()

    results = Workers(2).ordered(itertools.count(), work)

    def release() -> None:
        assert second_failed.wait(PATIENCE)
        settled(log)
        first_free.set()

    threading.Thread(target=release).start()
    assert next(results) == (0, 0)
    with pytest.raises(LookupError):
        next(results)
    assert sorted(log.started) == [0, 1]


@pytest.mark.parametrize("good", [0, 1, 5, 8])
def test_an_error_of_the_plan_is_not_taken_for_its_end(good: int) -> None:
    """A plan that fails in the middle fails for the consumer; it does not end as if complete."""
    fails = threading.Event()

    def plan() -> Iterator[int]:
        yield from range(good)
        fails.set()
        message = "bad bookmark"
        raise LookupError(message)

    def work(task: int) -> tuple[int, Sequence[int]]:
        if task == 0 and good > 3:  # awaited by the consumer, while a thread reads on in the plan
            assert fails.wait(PATIENCE)
        return task, ()

    with pytest.raises(LookupError, match="bad bookmark"):
        list(Workers(3).ordered(plan(), work))


def test_a_failed_plan_leaves_the_threads_usable() -> None:
    """After a plan that ended with an error, the same threads work on the next one."""
    workers = Workers(3)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            list(workers.ordered([2, 1, 0], lambda task: (1 // task, ())))
    assert list(workers.ordered(range(50), leaf)) == [(task, task) for task in range(50)]


# Plans that begin before their turn


def test_a_later_plan_begins_while_the_last_answers_of_one_arrive() -> None:
    """Once all of a plan is started, the next one is; the results of each are its own."""
    both = threading.Barrier(2)  # passed only by the last task of one and the first of the other

    def work(task: str) -> tuple[str, Sequence[str]]:
        if task in {"a2", "b0"}:
            both.wait(PATIENCE)
        return task, ()

    workers = Workers(4)
    later = workers.ahead(["b0", "b1"], work)
    rest = [later]

    def begin() -> bool:
        if not rest:
            return False
        rest.pop().begin()
        return True

    first = workers.ahead(["a0", "a1", "a2"], work, when_idle=begin)
    assert [task for task, _ in first.results()] == ["a0", "a1", "a2"]
    assert [task for task, _ in later.results()] == ["b0", "b1"]


def test_no_plan_begins_while_an_earlier_one_has_tasks_left() -> None:
    """A task that has to wait for a thread goes before those of later plans."""
    log = Log()
    asked: list[int] = []
    workers = Workers(2)

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            time.sleep(0.001)
            return task, ()

    def begin() -> bool:
        asked.append(len(log.started))
        return False

    plan = workers.ahead(range(12), work, when_idle=begin)
    assert len(list(plan.results())) == 12
    # not at all where no wait fell into the end; two threads may be about to begin their last task
    assert asked == [] or (len(asked) == 1 and asked[0] >= 12 - 2)


def test_plans_together_keep_the_bounds() -> None:
    """However many plans have begun, no more tasks run than threads may, the earliest first."""
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
    assert log.most == 3


def test_a_plan_that_began_can_be_stopped_before_its_turn() -> None:
    """What began ahead of a run that failed starts no more."""
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


def test_heavy_results_are_fewer() -> None:
    """Results that are waiting take no more than the memory that is meant for them."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(16).ordered(itertools.count(), work, lambda _: DEFAULT_BUFFER_BYTES // 4)
    for consumed in range(1, 10):
        next(results)
        assert settled(log) <= max(INITIAL_BUFFERED_RESULTS + 1, consumed + 4)
    results.close()  # type: ignore[attr-defined]


def test_memory_is_extended_while_all_wait_for_one_that_is_late() -> None:
    """A late answer does not stop the requests behind it, as far as there is memory for more."""
    log = Log()
    free = threading.Event()
    most = MAX_BUFFER_BYTES // (DEFAULT_BUFFER_BYTES // 4)

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            if task == 5:
                assert free.wait(PATIENCE)
            if len(log.started) > 5 + 8:
                free.set()  # more than four are under way or wait
            return task, ()

    results = Workers(32).ordered(range(200), work, lambda _: DEFAULT_BUFFER_BYTES // 4)
    for consumed in range(200):
        assert next(results)[0] == consumed
        assert len(log.started) <= consumed + most + INITIAL_BUFFERED_RESULTS
    assert free.is_set()


# The end


def test_closing_early_stops_the_work() -> None:
    """When the consumer leaves, nothing new is started, and the next plan is not held up."""
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
    until(lambda: plan.running == 0)
    known = len(log.started)
    assert known <= 10 + 2 * 4
    assert len(list(workers.ordered(range(40), leaf))) == 40
    assert len(log.started) == known


def test_nothing_starts_before_the_first_result_is_asked_for() -> None:
    """Making the iterator of a plan sends no request."""
    log = Log()

    def work(task: int) -> tuple[int, Sequence[int]]:
        with log.work_on(task):
            return task, ()

    results = Workers(2).ordered(range(3), work)
    assert settled(log) == 0
    assert len(list(results)) == 3
    assert len(log.started) == 3


def test_threads_are_kept_from_plan_to_plan() -> None:
    """Many plans are worked on by the same threads, no more of them than the limit."""
    threads: set[int] = set()

    def work(task: int) -> tuple[int, Sequence[int]]:
        threads.add(threading.get_ident())
        time.sleep(0.0002)
        return task, ()

    workers = Workers(4)
    before = threading.active_count()
    for _ in range(10):
        assert len(list(workers.ordered(range(30), work))) == 30
    assert len(threads) <= 4
    assert threading.active_count() <= before + 4


def test_threads_do_not_hold_up_the_end_of_the_process() -> None:
    """Work is done in daemon threads, so that an answer under way delays no exit."""
    daemons = [
        result
        for _, result in Workers(2).ordered(
            range(4), lambda _: (threading.current_thread().daemon, ())
        )
    ]
    assert daemons == [True] * 4


def test_two_plans_at_a_time_do_not_mix() -> None:
    """Plans that share their threads each get their own results, in their own order."""
    workers = Workers(3)
    letters = workers.ordered("abcdefghij", leaf)
    numbers = workers.ordered(range(10), leaf)
    found = list(zip(letters, numbers, strict=True))
    assert [letter for (letter, _), _ in found] == list("abcdefghij")
    assert [number for _, (number, _) in found] == list(range(10))


def test_a_plan_without_room_does_not_end() -> None:
    """While tasks of another plan take all places, what is left of a plan waits."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as they can
    try:
        for _ in range(300):
            workers = Workers(3)
            letters, numbers = workers.ordered("abcdefghij", leaf), workers.ordered(range(10), leaf)
            found = list(zip(letters, numbers, strict=True))
            assert [number for _, (number, _) in found] == list(range(10))
    finally:
        sys.setswitchinterval(before)


def test_consumed_results_are_let_go() -> None:
    """A result that was consumed is referenced no longer, whatever threads did before."""
    alive: list[weakref.ref[Result]] = []

    class Result:
        """Something that can be referenced weakly."""

    def work(_: int) -> tuple[Result, tuple[int, ...]]:
        result = Result()
        alive.append(weakref.ref(result))
        return result, ()

    workers = Workers(4)
    most = 0
    for _, result in workers.ordered(range(200), work):
        del result
        most = max(most, sum(one() is not None for one in alive))
    assert most <= 3 * 4 + 2


def test_close_reaches_a_waiting_consumer() -> None:
    """A consumer that waits for a result receives ClosedError when the workers close."""
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
    """No thread is left once the workers are closed."""
    before = set(threading.enumerate())
    workers = Workers(4)
    assert len(list(workers.ordered(range(20), lambda task: (task, [])))) == 20
    assert workers.close(PATIENCE)
    assert set(threading.enumerate()) <= before
