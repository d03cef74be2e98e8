"""Rate limits, tested with a virtual clock."""

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

#: Tolerance for float rounding: half a microsecond.
EPSILON = 5e-7
TOO_MANY = ThrottledError("Too many requests")


class VirtualTime:
    """A clock that jumps to the next wake-up once all threads sleep."""

    def __init__(self, start: float = 1234.567) -> None:
        self.now = start
        self._awake = 1
        self._due: list[float] = []
        self._changed = threading.Condition()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait until the clock is `seconds` later."""
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
        """Run `work` in `threads` threads that share this clock."""

        def run_one(number: int) -> None:
            try:
                work(number)
            finally:
                with self._changed:
                    self._awake -= 1
                    self._jump()

        self._awake = threads
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(run_one, number) for number in range(threads)]:
                future.result()
        self._awake = 1


def request_starts(
    budget: Budget, clock: VirtualTime, *, threads: int, seconds: float, latency: float = 0.0
) -> list[float]:
    """Return the times at which requests of unlimited demand start."""
    starts: list[float] = []
    end = clock.now + seconds

    def work(_: int) -> None:
        while True:
            budget.acquire()
            started = clock()
            if started >= end:
                return
            starts.append(started)
            if latency:
                clock.sleep(latency)

    clock.run(threads, work)
    return sorted(starts)


def max_starts_in(starts: Sequence[float], seconds: float) -> int:
    """Return the maximum number of starts in any rolling span of `seconds`."""
    return max(
        bisect.bisect_left(starts, start + seconds - EPSILON) - index
        for index, start in enumerate(starts)
    )


def max_starts_in_calendar(starts: Sequence[float], seconds: float) -> int:
    """Return the maximum number of starts in any calendar second or minute."""
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
def test_starts_stay_within_the_limits(tier: str, threads: int, seconds: int) -> None:
    """No rolling or calendar second or minute exceeds its limit."""
    clock = VirtualTime()
    budget = Budget(TIERS[tier], clock=clock, sleep=clock.sleep)
    starts = request_starts(budget, clock, threads=threads, seconds=seconds)
    assert max_starts_in(starts, 1) <= TIERS[tier].per_second
    assert max_starts_in(starts, 60) <= TIERS[tier].per_minute
    assert max_starts_in_calendar(starts, 1) <= TIERS[tier].per_second
    assert max_starts_in_calendar(starts, 60) <= TIERS[tier].per_minute


@PACED
def test_ninety_percent_of_the_limit_is_used(tier: str, threads: int, seconds: int) -> None:
    """Pacing uses at least 90% of the limit, with evenly spread starts."""
    clock = VirtualTime()
    budget = Budget(TIERS[tier], clock=clock, sleep=clock.sleep)
    starts = request_starts(budget, clock, threads=threads, seconds=seconds)
    allowed = min(TIERS[tier].per_second, TIERS[tier].per_minute / 60)
    assert len(starts) >= 0.9 * allowed * seconds
    intervals = [later - earlier for earlier, later in itertools.pairwise(starts[2:])]
    assert max(intervals) <= 1.2 / allowed


def test_slow_responses_do_not_lower_the_rate() -> None:
    """With enough threads, requests that take two seconds still use the allowed rate."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts = request_starts(budget, clock, threads=24, seconds=30, latency=2.0)
    assert len(starts) >= 0.9 * 10 * 30
    assert max_starts_in(starts, 1) <= 10


@settings(max_examples=60, deadline=None)
@given(
    pauses=st.lists(
        st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 40), st.sampled_from([1.0, 60.0])),
        min_size=3,
        max_size=150,
    ),
    tier=st.sampled_from(["basic", "ultimate", "sandbox"]),
    offset=st.floats(0, 60),
)
def test_no_burst_after_idle_time(pauses: list[float], tier: str, offset: float) -> None:
    """After idle time the limits hold, and at most one extra request starts."""
    clock = VirtualTime(1000 + offset)
    budget = Budget(TIERS[tier], clock=clock, sleep=clock.sleep)
    starts = []
    for pause in pauses:
        clock.now += pause
        budget.acquire()
        starts.append(clock.now)
    assert max_starts_in(starts, 1) <= TIERS[tier].per_second
    assert max_starts_in(starts, 60) <= TIERS[tier].per_minute
    interval = min(1 / budget.rate, 1.0)
    assert max_starts_in(starts, 0.98 * interval) <= 2


def test_waited_seconds_is_the_time_spent_waiting() -> None:
    """`waited_seconds` is the time that requests waited for the budget."""
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


# Throttling


def throttled_budget(times: int) -> tuple[VirtualTime, Budget]:
    """Return a clock and a budget that was throttled `times` times in a row."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    for _ in range(times):
        budget.acquire()
        budget.record_throttled(TOO_MANY, clock.now)
    return clock, budget


def next_pause(clock: VirtualTime, budget: Budget) -> float:
    """Return the seconds until the next start."""
    began = clock.now
    budget.acquire()
    return clock.now - began


@pytest.mark.parametrize(("times", "pause"), [(1, 1), (2, 60), (3, 300)])
def test_pauses_are_1_60_and_300_seconds(times: int, pause: float) -> None:
    """Successive throttled responses pause all requests for 1, 60 and 300 seconds."""
    assert next_pause(*throttled_budget(times)) == pytest.approx(pause)


def test_fourth_throttled_response_raises_restricted_error() -> None:
    """The fourth throttled response in a row ends the run with exit code 75."""
    clock, budget = throttled_budget(3)
    budget.acquire()
    with pytest.raises(RestrictedError, match="Try again in") as caught:
        budget.record_throttled(TOO_MANY, clock.now)
    assert caught.value.exit_code == 75
    assert "1, 60, 300" in str(caught.value)
    assert str(TOO_MANY) in str(caught.value)


def test_no_request_starts_after_restricted_error() -> None:
    """After RestrictedError no worker sends a request, which would prolong the restriction."""
    clock, budget = throttled_budget(3)
    budget.acquire()
    with pytest.raises(RestrictedError):
        budget.record_throttled(TOO_MANY, clock.now)
    with pytest.raises(RestrictedError):
        budget.acquire()


def test_successful_response_resets_the_pause() -> None:
    """After a successful response, the next pause is one second."""
    clock, budget = throttled_budget(2)
    budget.acquire()
    budget.record_response(clock.now)
    budget.acquire()
    budget.record_throttled(TOO_MANY, clock.now)
    assert next_pause(clock, budget) == pytest.approx(1)


def test_concurrent_throttled_responses_cause_one_pause() -> None:
    """Throttled responses to requests sent before the pause cause no additional pause."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts = []
    for _ in range(5):
        budget.acquire()
        starts.append(clock.now)
    for started in starts:
        clock.now += 0.01
        budget.record_throttled(TOO_MANY, started)
    assert budget.throttled_responses == 5
    assert budget.rate == pytest.approx(9.5 / 2)
    assert next_pause(clock, budget) == pytest.approx(1 - 0.04)


def test_delayed_request_causes_no_second_pause() -> None:
    """A request that acquired the budget before the pause causes no second pause."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    budget.acquire()
    first = clock.now
    budget.acquire()
    budget.record_throttled(TOO_MANY, first)
    clock.now += 0.001
    budget.record_throttled(TOO_MANY, clock.now)
    assert next_pause(clock, budget) < 2


@pytest.mark.parametrize(
    ("retry_after", "pause"), [(None, 1), (0.2, 1), (0.0, 1), (20.0, 20)], ids=str
)
def test_retry_after_lengthens_the_pause(retry_after: float | None, pause: float) -> None:
    """A longer wait requested by the server replaces the pause, a shorter one does not."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    budget.acquire()
    budget.record_throttled(ThrottledError("Too many requests", retry_after), clock.now)
    assert next_pause(clock, budget) == pytest.approx(pause)


def test_throttling_pauses_all_threads() -> None:
    """After a throttled response, no thread starts a request until the pause is over."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts: list[float] = []
    throttled: list[float] = []

    def work(_: int) -> None:
        while clock() < 1234.567 + 20:
            budget.acquire()
            started = clock()
            starts.append(started)
            clock.sleep(0.25)
            if len(starts) >= 40 and not throttled:
                throttled.append(clock())
                budget.record_throttled(TOO_MANY, started)

    clock.run(8, work)
    (began,) = throttled
    assert not [start for start in starts if began < start < began + 1 - EPSILON]
    assert [start for start in starts if began + 1 - EPSILON <= start < began + 1.5]
    assert max_starts_in(starts, 1) <= 10


def test_throttling_halves_the_rate() -> None:
    """Each throttled response halves the rate of later requests."""
    clock, budget = throttled_budget(1)
    assert budget.rate == pytest.approx(9.5 / 2)
    starts = request_starts(budget, clock, threads=1, seconds=20)
    assert max_starts_in(starts, 10) <= 9.5 / 2 * 10 + 2
    assert throttled_budget(2)[1].rate <= 9.5 / 4 * 1.1 + EPSILON


def test_lowered_rate_has_a_minimum() -> None:
    """However often the rate was halved, a request starts within 30 seconds."""
    clock = VirtualTime()
    budget = Budget(TIERS["basic"], clock=clock, sleep=clock.sleep)
    for _ in range(20):
        budget.acquire()
        budget.record_throttled(TOO_MANY, clock.now)
        budget.acquire()
        budget.record_response(clock.now)
    budget.acquire()
    assert 0 < next_pause(clock, budget) < 30


def test_rate_recovers_in_steps_of_ten_percent() -> None:
    """A lowered rate rises by at most 10% in 30 seconds, up to the full rate."""
    clock, budget = throttled_budget(1)
    budget.record_response(clock.now)
    changes = [(clock.now, budget.rate)]
    end = clock.now + 400
    while clock.now < end:
        budget.acquire()
        if budget.rate != changes[-1][1]:
            changes.append((clock.now, budget.rate))
    steps = list(itertools.pairwise(changes))
    assert all(later - earlier >= 30 for (earlier, _), (later, _) in steps)
    assert all(1 < new / old <= 1.1 + EPSILON for (_, old), (_, new) in steps)
    assert changes[-1][1] == pytest.approx(9.5)
    assert changes[-1][0] - changes[0][0] >= 200


def test_rate_does_not_recover_during_a_pause() -> None:
    """The rate does not rise during a pause without requests."""
    clock, budget = throttled_budget(2)
    lowered = budget.rate
    assert next_pause(clock, budget) == pytest.approx(60)
    assert budget.rate == lowered


def test_throttled_response_delays_the_recovery() -> None:
    """Each throttled response restarts the 30 seconds before the rate recovers."""
    clock, budget = throttled_budget(1)
    started = clock.now
    clock.now += 25
    budget.record_throttled(TOO_MANY, started)
    clock.now += 25
    budget.acquire()
    assert budget.rate == pytest.approx(9.5 / 2)


# Days and endpoints


def test_daily_limit_raises_restricted_error() -> None:
    """The first request over the daily limit is not sent and raises RestrictedError."""
    clock = VirtualTime()
    budget = Budget(Tier(10, 600, 5), clock=clock, sleep=clock.sleep)
    for _ in range(5):
        budget.acquire()
    for _ in range(2):
        with pytest.raises(RestrictedError, match="00:00 UTC") as caught:
            budget.acquire()
    assert caught.value.exit_code == 75
    assert " 5 requests" in str(caught.value)


def test_daily_limit_of_an_endpoint_names_the_endpoint() -> None:
    """The message names the endpoint whose daily limit is reached, and the limit."""
    clock = VirtualTime()
    tier = Tier(10, 600, 5, endpoints={"/a/get/": Tier(10, 600, 2)})
    budget = RateLimiter(tier, clock=clock, sleep=clock.sleep).budget("/a/get/")
    for _ in range(2):
        budget.acquire()
    with pytest.raises(RestrictedError, match="budget of 2 requests to /a/get/ is used up"):
        budget.acquire()


def test_daily_limit_resets_each_day() -> None:
    """A run of several days has the complete daily limit on each day."""
    clock = VirtualTime()
    budget = Budget(Tier(10, 600, 5), clock=clock, sleep=clock.sleep)
    for _ in range(3):
        for _ in range(5):
            budget.acquire()
        with pytest.raises(RestrictedError):
            budget.acquire()
        clock.now += 86_400


def test_sandbox_limits_each_endpoint_separately() -> None:
    """In the sandbox, a request waits only for requests to its own endpoint."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["sandbox"], clock=clock, sleep=clock.sleep)
    began = clock.now
    for path in ("/ad/get/", "/adgroup/get/", "/campaign/get/"):
        limiter.budget(path).acquire()
    assert clock.now == began
    starts = request_starts(limiter.budget("/ad/get/"), clock, threads=1, seconds=300)
    assert max_starts_in([began, *starts], 1) == 1
    assert max_starts_in([began, *starts], 60) <= 30


def test_sandbox_pauses_one_endpoint() -> None:
    """In the sandbox, a throttled response pauses only its own endpoint."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["sandbox"], clock=clock, sleep=clock.sleep)
    limiter.budget("/ad/get/").acquire()
    limiter.budget("/ad/get/").record_throttled(ThrottledError("Too many", 50), clock.now)
    began = clock.now
    limiter.budget("/campaign/get/").acquire()
    assert clock.now == began
    limiter.budget("/ad/get/").acquire()
    assert clock.now == pytest.approx(began + 50)


def test_all_endpoints_share_the_app_limit() -> None:
    """Outside the sandbox, all endpoints share the limits and pauses."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts = []
    for number in range(100):
        limiter.budget(f"/endpoint/{number % 7}/").acquire()
        starts.append(clock.now)
    assert max_starts_in(starts, 1) <= 10
    limiter.budget("/endpoint/1/").record_throttled(TOO_MANY, clock.now)
    assert next_pause(clock, limiter.budget("/endpoint/2/")) == pytest.approx(1)


def test_limiter_sums_its_budgets() -> None:
    """Waited seconds and throttled responses are sums over all endpoints."""
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
def test_endpoint_limit_applies_beside_the_app_limit(
    path: str, per_second: int, per_minute: int
) -> None:
    """An endpoint limit holds, and other endpoints use the rest of the app limit."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["basic"], clock=clock, sleep=clock.sleep)
    starts: dict[str, list[float]] = {path: [], "/ad/get/": []}
    end = clock.now + 130

    def work(number: int) -> None:
        endpoint = list(starts)[number % 2]
        while clock() < end:
            limiter.budget(endpoint).acquire()
            starts[endpoint].append(clock())

    clock.run(6, work)
    endpoint_starts, all_starts = sorted(starts[path]), sorted(starts[path] + starts["/ad/get/"])
    assert max_starts_in(endpoint_starts, 1) <= per_second
    assert max_starts_in(endpoint_starts, 60) <= per_minute
    assert max_starts_in(all_starts, 1) <= 10
    assert 0.9 * 600 <= max_starts_in(all_starts, 60) <= 600
    alone = request_starts(limiter.budget(path), clock, threads=1, seconds=120)
    assert 0.9 * per_minute <= max_starts_in(alone, 60) <= per_minute


def test_throttled_endpoint_pauses_all_endpoints() -> None:
    """TikTok does not report which limit was exceeded, so all endpoints pause."""
    clock = VirtualTime()
    limiter = RateLimiter(TIERS["basic"], clock=clock, sleep=clock.sleep)
    limiter.budget(GMV_MAX).acquire()
    limiter.budget(GMV_MAX).record_throttled(TOO_MANY, clock.now)
    assert next_pause(clock, limiter.budget("/ad/get/")) == pytest.approx(1)
    limiter.budget(GMV_MAX).acquire()
    limiter.budget(GMV_MAX).record_response(clock.now)
    limiter.budget(GMV_MAX).record_throttled(TOO_MANY, clock.now)
    assert next_pause(clock, limiter.budget(GMV_MAX)) == pytest.approx(1)
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
def test_tier_limits_match_the_documentation(
    name: str,
    per_second: int,
    per_minute: int,
    per_day: int,
    per_endpoint: bool,
) -> None:
    """The limits of each tier equal the limits in TikTok's documentation."""
    tier = TIERS[name]
    assert (tier.per_second, tier.per_minute) == (per_second, per_minute)
    assert (tier.per_day, tier.per_endpoint) == (per_day, per_endpoint)


@pytest.mark.parametrize(
    ("name", "gmv_max"),
    [
        ("basic", Tier(8, 240, 20_000)),
        ("advanced", Tier(12, 360, 30_000)),
        ("premium", Tier(20, 600, 50_000)),
        ("ultimate", Tier(20, 600, 50_000)),
    ],
)
def test_endpoint_limits_match_the_documentation(name: str, gmv_max: Tier) -> None:
    """Report tasks have equal limits in all tiers, and GMV Max reports have limits per tier."""
    assert TIERS[name].endpoints == {REPORT_TASK: Tier(1, 60, 4_500), GMV_MAX: gmv_max}
