"""The request budget: even pacing below TikTok's limits, a common pause, and a circuit breaker.

TikTok counts requests per app and second, minute and day, including retries. No header reports the
remaining requests. TikTok's page "Rate limits" (v1.3) names the consequences:

- Above the limit per second, requests are rejected until the next second.
- Above the limit per minute, requests are rejected for five minutes.
- Above the limit per day, requests are rejected until midnight UTC.

Requests during a restriction prolong it.
"""

from __future__ import annotations

import collections
import dataclasses
import math
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
    """The requests that TikTok allows.

    Attributes:
        per_second: Maximum number of requests per second.
        per_minute: Maximum number of requests per minute.
        per_day: Maximum number of requests per day. Infinite: no daily budget.
        per_endpoint: True if the limits apply to each endpoint separately.
        endpoints: Additional limits of single endpoints, by path.
    """

    per_second: float
    per_minute: float
    per_day: float
    per_endpoint: bool = False
    endpoints: Mapping[str, Tier] = dataclasses.field(default_factory=dict)

    def divided(self, count: int) -> Tier:
        """Return the limits of one of several equal parts."""
        return Tier(
            self.per_second / count,
            self.per_minute / count,
            self.per_day / count,
            self.per_endpoint,
            {path: tier.divided(count) for path, tier in self.endpoints.items()},
        )

    @property
    def usable_per_second(self) -> float:
        """Requests per second that the tap sends: slightly fewer than allowed."""
        return USED_SHARE * min(self.per_second, self.per_minute / 60)

    def estimate(self, requests: Mapping[str, int]) -> tuple[float, float]:
        """Return the seconds that requests take, and their share of the daily budget.

        Args:
            requests: Number of requests by endpoint path.
        """
        if self.per_endpoint:
            loads = [(count, self) for count in requests.values()]
        else:
            loads = [(sum(requests.values()), self)]
            loads += [(requests.get(path, 0), tier) for path, tier in self.endpoints.items()]
        return (
            max((count / tier.usable_per_second for count, tier in loads), default=0.0),
            max((count / tier.per_day for count, tier in loads), default=0.0),
        )


def _endpoints(gmv_max: Tier) -> dict[str, Tier]:
    """Return the endpoints with additional limits. Only GMV Max limits depend on the tier."""
    tasks = Tier(1, 60, 4_500)  # two pages of TikTok's disagree: one or two requests per second
    return {CREATE_TASK_PATH: tasks, GMV_MAX_REPORT_PATH: gmv_max}


TIERS = {
    "basic": Tier(10, 600, 864_000, endpoints=_endpoints(Tier(8, 240, 20_000))),
    "advanced": Tier(20, 1_200, 1_728_000, endpoints=_endpoints(Tier(12, 360, 30_000))),
    "premium": Tier(30, 1_800, 2_592_000, endpoints=_endpoints(Tier(20, 600, 50_000))),
    "ultimate": Tier(50, 3_000, 4_320_000, endpoints=_endpoints(Tier(20, 600, 50_000))),
    "sandbox": Tier(1, 30, 1_000, per_endpoint=True),
    "unlimited": Tier(100_000, 6_000_000, math.inf),  # the embedded simulator, by default
}
#: Share of the allowed rate that is used. The rest absorbs the jitter of the network.
USED_SHARE = 0.95
#: Length of the second in which starts are counted, including a margin for reordered requests.
COUNTING_SECONDS = 1.04
#: Maximum share of an interval that a late thread may catch up. A larger share causes bursts.
MAX_LATE_SHARE = 0.2
#: Pause of all workers after the first, second and third throttled response in a row.
PAUSE_SECONDS = (1.0, 60.0, 300.0)
#: Time without a throttled response after which a reduced rate rises by a tenth.
RECOVERY_SECONDS = 30.0
#: Minimum factor of a reduced rate.
MIN_RATE_FACTOR = 0.05
#: Time after a pause without any response, after which the next pause is short again.
FORGET_PAUSES_SECONDS = 600.0
DAY_SECONDS = 86_400.0


@dataclasses.dataclass(slots=True)
class Restriction:
    """The pause after throttled responses, and the reduced rate that follows it.

    Attributes:
        until: Time at which requests may start again.
        rate_factor: Factor of the allowed rate.
        reason: The last throttled response.
        pauses: Number of pauses without a response in between.
        calm_since: Time since which the rate may rise.
    """

    until: float = 0.0
    rate_factor: float = 1.0
    reason: str = ""
    pauses: int = 0
    calm_since: float = 0.0

    def record_throttled(self, error: ThrottledError, now: float, started: float) -> float:
        """Begin a pause and halve the rate. Return the seconds until requests may start.

        Responses to requests that were in flight when the pause began share that pause.

        Args:
            error: The error of the throttled response.
            now: The current time.
            started: Time at which the request was sent.
        """
        self.calm_since = max(self.calm_since, now)
        self.reason = str(error)
        if started < self.until:
            return max(0.0, self.until - now)
        pause = 0.0
        if self.pauses < len(PAUSE_SECONDS):
            retry_after = min(error.retry_after_seconds or 0.0, PAUSE_SECONDS[-1])
            pause = max(retry_after, PAUSE_SECONDS[self.pauses])
        self.pauses += 1
        self.until = self.calm_since = now + pause
        self.rate_factor = max(self.rate_factor / 2, MIN_RATE_FACTOR)
        return pause

    def record_response(self, started: float) -> None:
        """Record a response that is not throttled. The next restriction starts with a short pause.

        Args:
            started: Time at which the request was sent. One before the last pause is ignored.
        """
        if started >= self.until:
            self.pauses = 0

    def shifted(self, seconds: float) -> Restriction:
        """Return the restriction for a clock that is ahead by a number of seconds."""
        until, calm_since = self.until + seconds, self.calm_since + seconds
        return dataclasses.replace(self, until=until, calm_since=calm_since)

    def recover(self, now: float) -> None:
        """Raise a reduced rate by a tenth after each calm period."""
        calm_periods = (now - self.calm_since) // RECOVERY_SECONDS
        if self.rate_factor < 1.0 and calm_periods >= 1:
            self.rate_factor = min(1.0, self.rate_factor * 1.1**calm_periods)
            self.calm_since = now
        if now - self.until >= FORGET_PAUSES_SECONDS:
            self.pauses = 0

    def check(self) -> None:
        """Raise an error if more requests are of no use.

        Raises:
            RestrictedError: TikTok still throttled requests after every pause.
        """
        if self.pauses > len(PAUSE_SECONDS):
            pauses = ", ".join(f"{pause:g}" for pause in PAUSE_SECONDS)
            msg = (
                f"Stopped, because TikTok still throttles requests after pauses of {pauses} "
                "seconds. More requests would prolong the restriction. Try again in ten "
                f"minutes. Last response: {self.reason}"
            )
            raise RestrictedError(msg)


def day_used_up(per_day: float, path: str) -> RestrictedError:
    """Return the error of a used daily budget.

    Args:
        per_day: The limit.
        path: The endpoint that the limit applies to, or an empty text for all.
    """
    scope = f"to {path}" if path else "of the app"
    return RestrictedError(
        f"The daily budget of {per_day:,.0f} requests {scope} is used up. Run "
        "again after 00:00 UTC. If TikTok raised your limits, set rate_limit_tier."
    )


class Budget:
    """Decides when requests may start. Thread-safe.

    Requests are spread evenly over the second. The number of starts in any second, minute or day
    stays within the tier with any scheduling of threads.

    Attributes:
        restriction: The pause after throttled responses.
        used_today: Number of requests of the day.
        waited_seconds: Time that all threads waited, in total.
        throttled_responses: Number of throttled responses.
    """

    def __init__(
        self,
        tier: Tier,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        parent: Budget | None = None,
        path: str = "",
    ) -> None:
        """Create an unused budget.

        Args:
            tier: The limits.
            clock: Returns the current time in seconds.
            sleep: Waits for a number of seconds.
            parent: A budget that also counts each request. Throttling applies to the parent.
            path: The endpoint that the limits apply to, or an empty text for all.
        """
        self._tier = tier
        self._clock = clock
        self._sleep = sleep
        self._parent = parent
        self._path = path
        self.lock: threading.Lock = parent.lock if parent else threading.Lock()
        self._next_start = 0.0
        self.restriction = Restriction(calm_since=clock())
        self._starts: collections.deque[float] = collections.deque()
        self._day_started = clock()
        self.used_today = 0
        self.waited_seconds = 0.0
        self.throttled_responses = 0

    @property
    def rate(self) -> float:
        """Current number of requests per second."""
        return self.restriction.rate_factor * self._tier.usable_per_second

    def acquire(self) -> None:
        """Wait until the next request may start, and count it.

        Raises:
            RestrictedError: The daily budget is used up, or TikTok throttles after every pause.
        """
        wait_started = self._clock()
        while (wait := self.try_start()) > 0:
            self._sleep(wait)
        with self.lock:
            self.waited_seconds += self._clock() - wait_started

    def try_start(self) -> float:
        """Count a request and return 0, or return the seconds until the next attempt."""
        budgets = [self] if self._parent is None else [self, self._parent]
        with self.lock:
            now = self._clock()
            next_start = max(budget.next_start(now) for budget in budgets)
            if next_start > now:
                return next_start - now
            for budget in budgets:
                budget.count_start(now)
            return 0.0

    def next_start(self, now: float) -> float:
        """Return the earliest time of the next request. The caller holds the lock."""
        self.restriction.check()
        self.restriction.recover(now)
        while self._starts and self._starts[0] <= now - COUNTING_SECONDS:
            self._starts.popleft()
        next_start = max(self._next_start, self.restriction.until)
        if len(self._starts) >= max(1, math.floor(self._tier.per_second)):
            next_start = max(next_start, self._starts[0] + COUNTING_SECONDS)
        return next_start

    def count_start(self, now: float) -> None:
        """Count a request. The caller holds the lock."""
        self._count_day(now)
        interval = 1.0 / self.rate
        self._next_start = max(self._next_start, now - MAX_LATE_SHARE * interval) + interval
        self._starts.append(now)

    def _count_day(self, now: float) -> None:
        """Count a request of the day.

        Raises:
            RestrictedError: The daily budget is used up.
        """
        if now - self._day_started >= DAY_SECONDS:
            self._day_started, self.used_today = now, 0
        self.used_today += 1
        if self.used_today > self._tier.per_day:
            raise day_used_up(self._tier.per_day, self._path)

    def record_throttled(self, error: ThrottledError, started: float) -> float:
        """Pause all workers and halve the rate. Return the seconds until requests may start.

        Responses to requests that were in flight when the pause began share that pause.

        Args:
            error: The error of the throttled response.
            started: Time at which the request was sent.

        Raises:
            RestrictedError: TikTok still throttles after every pause.
        """
        if self._parent is not None:
            return self._parent.record_throttled(error, started)
        with self.lock:
            self.throttled_responses += 1
            pause = self.restriction.record_throttled(error, self._clock(), started)
            self.restriction.check()
            return pause

    def record_response(self, started: float) -> None:
        """Record a response that is not throttled. The next restriction starts with a short pause.

        Args:
            started: Time at which the request was sent. One before the last pause is ignored.
        """
        if self._parent is not None:
            self._parent.record_response(started)
        elif self.restriction.pauses:
            with self.lock:
                self.restriction.record_response(started)


class RateLimiter:
    """The budgets of one app: a common budget, and one for each endpoint with its own limits.

    Example:
        >>> limiter = RateLimiter(TIERS["basic"])
        >>> limiter.budget("/campaign/get/").acquire()
    """

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
        """Return the budget of the requests to an endpoint."""
        endpoint_tier = self.tier.endpoints.get(path)
        with self._lock:
            common = self._budget(path if self.tier.per_endpoint else "", self.tier)
            if endpoint_tier is None:
                return common
            return self._budget(path, endpoint_tier, parent=common)

    def _budget(self, scope: str, tier: Tier, parent: Budget | None = None) -> Budget:
        """Return the budget of a scope. Create it if it does not exist."""
        if scope not in self._budgets:
            self._budgets[scope] = Budget(
                tier, clock=self.clock, sleep=self._sleep, parent=parent, path=scope
            )
        return self._budgets[scope]

    @property
    def scopes(self) -> dict[str, Budget]:
        """The budgets that were used, by scope: the path of an endpoint, or an empty text."""
        return dict(self._budgets)

    def close(self) -> None:
        """Release the resources of the limiter."""

    @property
    def waited_seconds(self) -> float:
        """Time that all workers waited for the budget, in total."""
        return sum(budget.waited_seconds for budget in list(self._budgets.values()))

    @property
    def throttled_responses(self) -> int:
        """Number of throttled responses."""
        return sum(budget.throttled_responses for budget in list(self._budgets.values()))
