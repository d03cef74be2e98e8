"""The request budget: even pacing below TikTok's limits, one pause for all, a circuit breaker.

TikTok counts requests per app: per second, per minute and per day, retries included, and sends no
header that tells how many are left. Who exceeds the second waits for the next one; who exceeds the
minute is shut out for five minutes; who exceeds the day, until midnight UTC. Calling during a
restriction prolongs it. (TikTok's page "Rate limits", v1.3.)
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
import typing as t

from tap_tiktok_ads.api.errors import RestrictedError
from tap_tiktok_ads.api.hosts import CREATE_TASK_PATH, GMV_MAX_REPORT_PATH

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_tiktok_ads.api.errors import ThrottledError


@dataclasses.dataclass(frozen=True, slots=True)
class Tier:
    """How many requests TikTok allows.

    `per_endpoint` where each endpoint counts by itself; `endpoints` are those that have, within
    the app's limits, limits of their own.
    """

    per_second: float
    per_minute: float
    per_day: float
    per_endpoint: bool = False
    endpoints: Mapping[str, Tier] = dataclasses.field(default_factory=dict)

    @property
    def usable(self) -> float:
        """Requests per second that are used: somewhat fewer than are allowed."""
        return USED_SHARE * min(self.per_second, self.per_minute / 60)

    def needs(self, requests: Mapping[str, int]) -> tuple[float, float]:
        """Seconds that so many requests to each endpoint take, and the share of a day's budget."""
        if self.per_endpoint:
            loads = [(count, self) for count in requests.values()]
        else:
            loads = [(sum(requests.values()), self)]
            loads += [(requests.get(path, 0), tier) for path, tier in self.endpoints.items()]
        return (
            max((count / tier.usable for count, tier in loads), default=0.0),
            max((count / tier.per_day for count, tier in loads), default=0.0),
        )


def _endpoints(gmv_max: Tier) -> dict[str, Tier]:
    tasks = Tier(1, 60, 4_500)  # two pages differ: one or two in a second
    return {CREATE_TASK_PATH: tasks, GMV_MAX_REPORT_PATH: gmv_max}


TIERS = {
    "basic": Tier(10, 600, 864_000, endpoints=_endpoints(Tier(8, 240, 20_000))),
    "advanced": Tier(20, 1_200, 1_728_000, endpoints=_endpoints(Tier(12, 360, 30_000))),
    "premium": Tier(30, 1_800, 2_592_000, endpoints=_endpoints(Tier(20, 600, 50_000))),
    "ultimate": Tier(50, 3_000, 4_320_000, endpoints=_endpoints(Tier(20, 600, 50_000))),
    "sandbox": Tier(1, 30, 1_000, per_endpoint=True),
    "unlimited": Tier(100_000, 6_000_000, 8_640_000_000),  # the embedded simulator, by default
}
#: The share of the allowed rate that is used; the rest absorbs what the network adds in jitter.
USED_SHARE = 0.95
#: The second in which starts are counted, with a margin for requests that overtake each other.
COUNTING_SECONDS = 1.04
#: The share of an interval that a thread which woke late may make up for: no bursts.
MAX_LATE_SHARE = 0.2
#: How long all workers wait after the first, second and third throttled answer in a row.
PAUSE_SECONDS = (1.0, 60.0, 300.0)
#: Seconds without a throttled answer after which a lowered rate rises by a tenth.
RECOVERY_SECONDS = 30.0
DAY_SECONDS = 86_400.0


class Budget:
    """Hands out the moments at which requests may start. Thread-safe.

    Requests are spread evenly over the second, never sent as a burst, and the number of starts in
    any second, minute or day stays within the tier however threads are scheduled.
    """

    def __init__(
        self,
        tier: Tier,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        within: Budget | None = None,
    ) -> None:
        """Start with nothing used.

        Args:
            tier: the limits.
            clock: seconds.
            sleep: waits for so many of them.
            within: a budget that each request uses up, too; refusals pause and slow that one.
        """
        self._tier = tier
        self._clock = clock
        self._sleep = sleep
        self._within = within
        self.lock: threading.Lock = within.lock if within else threading.Lock()
        self._next = 0.0
        self._blocked_until = 0.0
        self._slowdown = 1.0
        self._calm_since = clock()
        self._restrictions = 0
        self._given_up: RestrictedError | None = None
        self._starts: collections.deque[float] = collections.deque()
        self._day_began = clock()
        self._used_today = 0
        self.waited = 0.0
        self.throttled_answers = 0

    @property
    def rate(self) -> float:
        """Requests per second that are used now."""
        return self._slowdown * self._tier.usable

    def acquire(self) -> None:
        """Wait until the next request may start, and take that start.

        Raises:
            RestrictedError: the requests of the day are used up, or TikTok kept refusing them.
        """
        began = self._clock()
        while (wait := self._take()) > 0:
            self._sleep(wait)
        with self.lock:
            self.waited += self._clock() - began

    def _take(self) -> float:
        """Take a start and return 0, or the seconds after which to ask again."""
        budgets = [self] if self._within is None else [self, self._within]
        with self.lock:
            now = self._clock()
            free_at = max(budget.free_at(now) for budget in budgets)
            if free_at > now:
                return free_at - now
            for budget in budgets:
                budget.start(now)
            return 0.0

    def free_at(self, now: float) -> float:
        """When the next request may start, as things stand. Called with the lock held."""
        if self._given_up is not None:
            raise self._given_up
        self._recover(now)
        while self._starts and self._starts[0] <= now - COUNTING_SECONDS:
            self._starts.popleft()
        free_at = max(self._next, self._blocked_until)
        if len(self._starts) >= self._tier.per_second:
            free_at = max(free_at, self._starts[0] + COUNTING_SECONDS)
        return free_at

    def start(self, now: float) -> None:
        """Count a request. Called with the lock held."""
        self._count_day(now)
        interval = 1.0 / self.rate
        self._next = max(self._next, now - MAX_LATE_SHARE * interval) + interval
        self._starts.append(now)

    def _count_day(self, now: float) -> None:
        if now - self._day_began >= DAY_SECONDS:
            self._day_began, self._used_today = now, 0
        self._used_today += 1
        if self._used_today > self._tier.per_day:
            msg = (
                f"The daily budget of {self._tier.per_day:,.0f} requests is used up; "
                "run again after 00:00 UTC."
            )
            raise RestrictedError(msg)

    def _recover(self, now: float) -> None:
        if self._slowdown < 1.0 and now - self._calm_since >= RECOVERY_SECONDS:
            self._slowdown = min(1.0, self._slowdown * 1.1)
            self._calm_since = now

    def throttled(self, error: ThrottledError, started: float) -> float:
        """Stop all workers for as long as this limit needs, and halve the rate.

        Returns the seconds until requests may start again.

        Answers to requests that were under way when the pause began count as one with it:
        `started` is when the request of this answer was sent.

        Raises:
            RestrictedError: every pause has been tried and TikTok still refuses.
        """
        if self._within is not None:
            return self._within.throttled(error, started)
        with self.lock:
            now = self._clock()
            self.throttled_answers += 1
            self._calm_since = max(self._calm_since, now)
            if started < self._blocked_until:
                return max(0.0, self._blocked_until - now)
            if self._restrictions >= len(PAUSE_SECONDS):
                msg = (
                    f"TikTok keeps refusing requests after waits of "
                    f"{', '.join(f'{pause:.0f}' for pause in PAUSE_SECONDS)} seconds; "
                    "stopping, because going on would prolong the restriction. "
                    f"Try again in ten minutes. ({error})"
                )
                self._given_up = RestrictedError(msg)
                raise self._given_up
            pause = max(
                min(error.wait or 0.0, PAUSE_SECONDS[-1]), PAUSE_SECONDS[self._restrictions]
            )
            self._restrictions += 1
            self._blocked_until = self._calm_since = now + pause
            self._slowdown = max(self._slowdown / 2, 0.05)
            return pause

    def answered(self, started: float) -> None:
        """Note an answer that was not throttled: the next restriction starts with a short wait.

        `started` is when its request was sent; one sent before the last pause proves nothing.
        """
        if self._within is not None:
            self._within.answered(started)
        elif self._restrictions and started >= self._blocked_until:
            with self.lock:
                self._restrictions = 0


class RateLimiter:
    """The budgets of one app: a common one, and one for each endpoint that TikTok counts apart."""

    def __init__(
        self,
        tier: Tier,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.tier = tier
        self.clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._budgets: dict[str, Budget] = {}

    def budget(self, path: str) -> Budget:
        """The budget that requests to this endpoint use up."""
        own = self.tier.endpoints.get(path)
        with self._lock:
            common = self._budget(path if self.tier.per_endpoint else "", self.tier)
            return common if own is None else self._budget(path, own, within=common)

    def _budget(self, scope: str, tier: Tier, within: Budget | None = None) -> Budget:
        if scope not in self._budgets:
            self._budgets[scope] = Budget(tier, clock=self.clock, sleep=self._sleep, within=within)
        return self._budgets[scope]

    @property
    def waited(self) -> float:
        """Seconds that all workers together waited for their turn."""
        return sum(budget.waited for budget in list(self._budgets.values()))

    @property
    def throttled_answers(self) -> int:
        """How many answers said that there were too many requests."""
        return sum(budget.throttled_answers for budget in list(self._budgets.values()))
