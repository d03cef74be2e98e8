"""The request budget, on a clock that the test moves."""

from __future__ import annotations

import bisect
import concurrent.futures
import itertools
import math
import threading
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_tiktok_ads.api.errors import RestrictedError, ThrottledError
from tap_tiktok_ads.api.rate_limits import TIERS, Budget, RateLimiter, Tier

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Half of a microsecond: what adding and subtracting floats may cost.
EPSILON = 5e-7
TOO_MANY = ThrottledError("Too many requests")


class VirtualTime:
    """A clock that jumps to the next wake-up as soon as all threads sleep."""

    def __init__(self, start: float = 1234.567) -> None:
        self.now = start
        self._awake = 1
        self._due: list[float] = []
        self._changed = threading.Condition()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait until the clock stands so many seconds later."""
        with self._changed:
            due = self.now + seconds
            self._due.append(due)
            self._awake -= 1
            self._jump()
            while self.now < due:
                assert self._changed.wait(300), "the threads wait for each other"

    def _jump(self) -> None:
        if self._awake == 0 and self._due:
            self.now = max(self.now, min(self._due))
            woken = [due for due in self._due if due <= self.now]
            self._due = [due for due in self._due if due > self.now]
            self._awake += len(woken)
            self._changed.notify_all()

    def run(self, threads: int, work: Callable[[int], None]) -> None:
        """Run work in so many threads, which share this clock; the caller only waits."""

        def one(number: int) -> None:
            try:
                work(number)
            finally:
                with self._changed:
                    self._awake -= 1
                    self._jump()

        self._awake = threads
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(one, number) for number in range(threads)]:
                future.result()
        self._awake = 1


def starts_of(
    budget: Budget, clock: VirtualTime, *, threads: int, seconds: float, latency: float = 0.0
) -> list[float]:
    """When requests start if threads ask for as many as they can for some time."""
    found: list[float] = []
    end = clock.now + seconds

    def work(_: int) -> None:
        while True:
            budget.acquire()
            started = clock()
            if started >= end:
                return
            found.append(started)
            if latency:
                clock.sleep(latency)

    clock.run(threads, work)
    return sorted(found)


def most_in(starts: Sequence[float], seconds: float) -> int:
    """The most starts in any span of so many seconds."""
    return max(
        bisect.bisect_left(starts, start + seconds - EPSILON) - index
        for index, start in enumerate(starts)
    )


def most_in_calendar(starts: Sequence[float], seconds: float) -> int:
    """The most starts in any second, minute or so of the clock."""
    numbers = [math.floor((start + EPSILON) / seconds) for start in starts]
    return max(numbers.count(number) for number in set(numbers))


PACED = pytest.mark.parametrize(
    ("tier", "threads", "seconds"),
    [
        pytest.param("basic", 1, 150, id="basic alone"),
        pytest.param("basic", 12, 75, id="basic shared"),
        pytest.param("advanced", 1, 75, id="advanced"),
        pytest.param("ultimate", 1, 62, id="ultimate"),
        pytest.param("ultimate", 4, 20, id="ultimate shared"),
        pytest.param("sandbox", 1, 400, id="sandbox alone"),
        pytest.param("sandbox", 3, 400, id="sandbox shared"),
    ],
)


@PACED
def test_no_second_or_minute_has_more_starts_than_allowed(
    tier: str, threads: int, seconds: int
) -> None:
    """In any rolling or calendar second and minute there are at most as many starts as allowed."""
    clock = VirtualTime()
    budget = Budget(TIERS[tier], clock=clock, sleep=clock.sleep)
    starts = starts_of(budget, clock, threads=threads, seconds=seconds)
    assert most_in(starts, 1) <= TIERS[tier].per_second
    assert most_in(starts, 60) <= TIERS[tier].per_minute
    assert most_in_calendar(starts, 1) <= TIERS[tier].per_second
    assert most_in_calendar(starts, 60) <= TIERS[tier].per_minute


@PACED
def test_nine_tenths_of_the_allowed_rate_are_used(tier: str, threads: int, seconds: int) -> None:
    """Pacing costs less than a tenth of what TikTok allows, and starts are spread evenly."""
    clock = VirtualTime()
    budget = Budget(TIERS[tier], clock=clock, sleep=clock.sleep)
    starts = starts_of(budget, clock, threads=threads, seconds=seconds)
    allowed = min(TIERS[tier].per_second, TIERS[tier].per_minute / 60)
    assert len(starts) >= 0.9 * allowed * seconds
    gaps = [after - before for before, after in itertools.pairwise(starts[2:])]
    assert max(gaps) <= 1.2 / allowed


def test_slow_answers_do_not_lower_the_rate() -> None:
    """With enough threads, requests that take two seconds still use the allowed rate."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts = starts_of(budget, clock, threads=24, seconds=30, latency=2.0)
    assert len(starts) >= 0.9 * 10 * 30
    assert most_in(starts, 1) <= 10


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(
        st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 40), st.sampled_from([1.0, 60.0])),
        min_size=3,
        max_size=150,
    ),
    tier=st.sampled_from(["basic", "ultimate", "sandbox"]),
    offset=st.floats(0, 60),
)
def test_no_burst_after_idleness(gaps: list[float], tier: str, offset: float) -> None:
    """However long nothing is asked, the limits hold and only one start is made up for."""
    clock = VirtualTime(1000 + offset)
    budget = Budget(TIERS[tier], clock=clock, sleep=clock.sleep)
    starts = []
    for gap in gaps:
        clock.now += gap
        budget.acquire()
        starts.append(clock.now)
    assert most_in(starts, 1) <= TIERS[tier].per_second
    assert most_in(starts, 60) <= TIERS[tier].per_minute
    interval = min(1 / budget.rate, 1.0)
    assert most_in(starts, 0.98 * interval) <= 2


def test_waited_is_the_time_spent_waiting() -> None:
    """`waited` tells how long requests waited for their turn, and nothing else."""
    clock = VirtualTime()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.sleep(seconds)

    budget = Budget(TIERS["basic"], clock=clock, sleep=sleep)
    for _ in range(30):
        budget.acquire()
        clock.now += 0.01
    assert sum(slept) > 1
    assert budget.waited_seconds == pytest.approx(sum(slept))


# Restrictions


def restricted(times: int) -> tuple[VirtualTime, Budget]:
    """A budget whose requests were refused so many times, each after the pause before."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    for _ in range(times):
        budget.acquire()
        budget.record_throttled(TOO_MANY, clock.now)
    return clock, budget


def pause_after(clock: VirtualTime, budget: Budget) -> float:
    """Seconds until the next start."""
    before = clock.now
    budget.acquire()
    return clock.now - before


@pytest.mark.parametrize(("times", "pause"), [(1, 1), (2, 60), (3, 300)])
def test_pauses_grow(times: int, pause: float) -> None:
    """After the first, second and third refusal in a row, nothing starts for 1, 60, 300 seconds."""
    assert pause_after(*restricted(times)) == pytest.approx(pause)


def test_the_fourth_refusal_in_a_row_ends_the_run() -> None:
    """After all pauses the run stops, with exit code 75 and when to try again."""
    clock, budget = restricted(3)
    budget.acquire()
    with pytest.raises(RestrictedError, match="Try again in") as caught:
        budget.record_throttled(TOO_MANY, clock.now)
    assert caught.value.exit_code == 75
    assert "1, 60, 300" in str(caught.value)
    assert str(TOO_MANY) in str(caught.value)


def test_nothing_starts_once_the_run_is_given_up() -> None:
    """After the last refusal no worker sends a request: it would prolong the restriction."""
    clock, budget = restricted(3)
    budget.acquire()
    with pytest.raises(RestrictedError):
        budget.record_throttled(TOO_MANY, clock.now)
    with pytest.raises(RestrictedError):
        budget.acquire()


def test_an_answer_in_between_begins_with_a_short_pause_again() -> None:
    """Refusals count in a row: after an answer that was none, the next pause is a second."""
    clock, budget = restricted(2)
    budget.acquire()
    budget.record_response(clock.now)
    budget.acquire()
    budget.record_throttled(TOO_MANY, clock.now)
    assert pause_after(clock, budget) == pytest.approx(1)


def test_refusals_that_were_under_way_count_as_one() -> None:
    """Refused requests that were sent before the pause began make no further pause."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    sent = []
    for _ in range(5):
        budget.acquire()
        sent.append(clock.now)
    for started in sent:
        clock.now += 0.01
        budget.record_throttled(TOO_MANY, started)
    assert budget.throttled_responses == 5
    assert budget.rate == pytest.approx(9.5 / 2)
    assert pause_after(clock, budget) == pytest.approx(1 - 0.04)


def test_a_request_that_had_its_turn_before_the_pause_makes_no_further_one() -> None:
    """A thread that got its turn, but was held up and sent a moment into the pause, counts too."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    budget.acquire()
    first = clock.now
    budget.acquire()
    budget.record_throttled(TOO_MANY, first)
    clock.now += 0.001
    budget.record_throttled(TOO_MANY, clock.now)
    assert pause_after(clock, budget) < 2


@pytest.mark.parametrize(("asked", "pause"), [(None, 1), (0.2, 1), (0.0, 1), (20.0, 20)], ids=str)
def test_the_servers_wish_is_heeded(asked: float | None, pause: float) -> None:
    """A wait that the server asks for is kept; it lengthens the pause and never shortens it."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    budget.acquire()
    budget.record_throttled(ThrottledError("Too many requests", asked), clock.now)
    assert pause_after(clock, budget) == pytest.approx(pause)


def test_all_threads_pause_together() -> None:
    """When one thread is refused, no thread starts a request until the pause is over."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts: list[float] = []
    refused: list[float] = []

    def work(_: int) -> None:
        while clock() < 1234.567 + 20:
            budget.acquire()
            started = clock()
            starts.append(started)
            clock.sleep(0.25)
            if len(starts) >= 40 and not refused:
                refused.append(clock())
                budget.record_throttled(TOO_MANY, started)

    clock.run(8, work)
    (began,) = refused
    assert not [start for start in starts if began < start < began + 1 - EPSILON]
    assert [start for start in starts if began + 1 - EPSILON <= start < began + 1.5]
    assert most_in(starts, 1) <= 10


def test_the_rate_halves_with_each_restriction() -> None:
    """Each restriction halves the rate, and later starts keep to it."""
    clock, budget = restricted(1)
    assert budget.rate == pytest.approx(9.5 / 2)
    starts = starts_of(budget, clock, threads=1, seconds=20)
    assert most_in(starts, 10) <= 9.5 / 2 * 10 + 2
    assert restricted(2)[1].rate <= 9.5 / 4 * 1.1 + EPSILON


def test_a_lowered_rate_still_moves() -> None:
    """However often the rate was halved, a request starts within half a minute."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    for _ in range(20):
        budget.acquire()
        budget.record_throttled(TOO_MANY, clock.now)
        budget.acquire()
        budget.record_response(clock.now)
    budget.acquire()
    assert 0 < pause_after(clock, budget) < 30


def test_the_rate_recovers_slowly_and_wholly() -> None:
    """A lowered rate rises by at most a tenth in half a minute, up to the full rate."""
    clock, budget = restricted(1)
    budget.record_response(clock.now)
    changes = [(clock.now, budget.rate)]
    end = clock.now + 400
    while clock.now < end:
        budget.acquire()
        if budget.rate != changes[-1][1]:
            changes.append((clock.now, budget.rate))
    steps = list(itertools.pairwise(changes))
    assert all(later - earlier >= 30 for (earlier, _), (later, _) in steps)
    assert all(1 < after / before <= 1.1 + EPSILON for (_, before), (_, after) in steps)
    assert changes[-1][1] == pytest.approx(9.5)
    assert changes[-1][0] - changes[0][0] >= 200


def test_a_pause_is_no_time_of_calm() -> None:
    """The rate does not rise for a minute of pause in which nothing was asked."""
    clock, budget = restricted(2)
    lowered = budget.rate
    assert pause_after(clock, budget) == pytest.approx(60)
    assert budget.rate == lowered


def test_another_refusal_delays_the_recovery() -> None:
    """The half minute of calm begins anew with each refused answer, late ones included."""
    clock, budget = restricted(1)
    sent = clock.now
    clock.now += 25
    budget.record_throttled(TOO_MANY, sent)
    clock.now += 25
    budget.acquire()
    assert budget.rate == pytest.approx(9.5 / 2)


# Days and endpoints


def test_the_budget_of_the_day_ends_the_run() -> None:
    """The request after the last of the day is not sent; the error says when to run again."""
    clock = VirtualTime()
    budget = Budget(Tier(10, 600, 5), clock=clock, sleep=clock.sleep)
    for _ in range(5):
        budget.acquire()
    for _ in range(2):
        with pytest.raises(RestrictedError, match="00:00 UTC") as caught:
            budget.acquire()
    assert caught.value.exit_code == 75
    assert " 5 requests" in str(caught.value)


def test_the_budget_of_the_day_comes_back() -> None:
    """A run that lasts longer than a day has a new budget on the next one, of the same size."""
    clock = VirtualTime()
    budget = Budget(Tier(10, 600, 5), clock=clock, sleep=clock.sleep)
    for _ in range(3):
        for _ in range(5):
            budget.acquire()
        with pytest.raises(RestrictedError):
            budget.acquire()
        clock.now += 86_400


def test_the_sandbox_counts_each_endpoint_by_itself() -> None:
    """In the sandbox a request to one endpoint waits for none to another, but for its own."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["sandbox"], clock=clock, sleep=clock.sleep)
    began = clock.now
    for path in ("/ad/get/", "/adgroup/get/", "/campaign/get/"):
        limiter.budget(path).acquire()
    assert clock.now == began
    starts = starts_of(limiter.budget("/ad/get/"), clock, threads=1, seconds=300)
    assert most_in([began, *starts], 1) == 1
    assert most_in([began, *starts], 60) <= 30


def test_a_pause_of_one_endpoint_of_the_sandbox_leaves_the_others() -> None:
    """In the sandbox a refusal by one endpoint pauses requests to that one only."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["sandbox"], clock=clock, sleep=clock.sleep)
    limiter.budget("/ad/get/").acquire()
    limiter.budget("/ad/get/").record_throttled(ThrottledError("Too many", 50), clock.now)
    began = clock.now
    limiter.budget("/campaign/get/").acquire()
    assert clock.now == began
    limiter.budget("/ad/get/").acquire()
    assert clock.now == pytest.approx(began + 50)


def test_an_app_has_one_budget_for_all_endpoints() -> None:
    """Outside the sandbox all endpoints share pace and pauses."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts = []
    for number in range(100):
        limiter.budget(f"/endpoint/{number % 7}/").acquire()
        starts.append(clock.now)
    assert most_in(starts, 1) <= 10
    limiter.budget("/endpoint/1/").record_throttled(TOO_MANY, clock.now)
    assert pause_after(clock, limiter.budget("/endpoint/2/")) == pytest.approx(1)


def test_the_limiter_adds_up_its_budgets() -> None:
    """Waiting and refusals are told for all endpoints together."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["sandbox"], clock=clock, sleep=clock.sleep)
    began = clock.now
    for path in ("/ad/get/", "/campaign/get/"):
        for _ in range(4):
            limiter.budget(path).acquire()
        limiter.budget(path).record_throttled(TOO_MANY, clock.now)
    assert limiter.throttled_responses == 2
    assert limiter.waited_seconds == pytest.approx(clock.now - began)
    assert limiter.waited_seconds > 0


REPORT_TASK, GMV_MAX = "/report/task/create/", "/gmv_max/report/get/"


@pytest.mark.parametrize(
    ("path", "per_second", "per_minute"), [(REPORT_TASK, 1, 60), (GMV_MAX, 8, 240)]
)
def test_an_endpoint_with_limits_of_its_own_keeps_both(
    path: str, per_second: int, per_minute: int
) -> None:
    """While such an endpoint waits for its own limits, the others use what the app's leave."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts: dict[str, list[float]] = {path: [], "/ad/get/": []}
    end = clock.now + 130

    def work(number: int) -> None:
        asked = list(starts)[number % 2]
        while clock() < end:
            limiter.budget(asked).acquire()
            starts[asked].append(clock())

    clock.run(6, work)
    own, everything = sorted(starts[path]), sorted(starts[path] + starts["/ad/get/"])
    assert most_in(own, 1) <= per_second
    assert most_in(own, 60) <= per_minute
    assert most_in(everything, 1) <= 10
    assert 0.9 * 600 <= most_in(everything, 60) <= 600
    alone = starts_of(limiter.budget(path), clock, threads=1, seconds=120)
    assert 0.9 * per_minute <= most_in(alone, 60) <= per_minute


def test_a_refusal_by_an_endpoint_with_limits_of_its_own_pauses_all() -> None:
    """Which limit was passed is not told, so the whole app waits."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["basic"], clock=clock, sleep=clock.sleep)
    limiter.budget(GMV_MAX).acquire()
    limiter.budget(GMV_MAX).record_throttled(TOO_MANY, clock.now)
    assert pause_after(clock, limiter.budget("/ad/get/")) == pytest.approx(1)
    limiter.budget(GMV_MAX).acquire()
    limiter.budget(GMV_MAX).record_response(clock.now)
    limiter.budget(GMV_MAX).record_throttled(TOO_MANY, clock.now)
    assert pause_after(clock, limiter.budget(GMV_MAX)) == pytest.approx(1)
    assert limiter.throttled_responses == 2


@pytest.mark.parametrize(
    ("name", "per_second", "per_minute", "per_day", "per_endpoint"),
    [
        ("basic", 10, 600, 864_000, False),
        ("advanced", 20, 1_200, 1_728_000, False),
        ("premium", 30, 1_800, 2_592_000, False),
        ("ultimate", 50, 3_000, 4_320_000, False),
        ("sandbox", 1, 30, 1_000, True),
    ],
)
def test_tiers_are_those_of_the_sheet(
    name: str,
    per_second: int,
    per_minute: int,
    per_day: int,
    per_endpoint: bool,
) -> None:
    """The limits of each level are those of TikTok's page."""
    found = TIERS[name]
    assert (found.per_second, found.per_minute) == (per_second, per_minute)
    assert (found.per_day, found.per_endpoint) == (per_day, per_endpoint)


@pytest.mark.parametrize(
    ("name", "gmv_max"),
    [
        ("basic", Tier(8, 240, 20_000)),
        ("advanced", Tier(12, 360, 30_000)),
        ("premium", Tier(20, 600, 50_000)),
        ("ultimate", Tier(20, 600, 50_000)),
    ],
)
def test_limits_of_endpoints_are_those_of_the_sheet(name: str, gmv_max: Tier) -> None:
    """Report tasks have the same limits at all levels, the report of GMV Max others at each."""
    assert TIERS[name].endpoints == {REPORT_TASK: Tier(1, 60, 4_500), GMV_MAX: gmv_max}
