"""TikTok's rate limits per second, minute and day, and the restriction after a breach."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Tier:
    """The maximum number of requests per second, minute and day (UTC).

    `endpoints` has the separate limits of single endpoints. Their requests also count for the app.
    """

    second: int
    minute: int
    day: int
    endpoints: Mapping[str, Tier] = field(default_factory=dict)


def _endpoints(gmv_max: Tier) -> dict[str, Tier]:
    return {"/report/task/create/": Tier(2, 60, 4_500), "/gmv_max/report/get/": gmv_max}


TIERS: dict[str, Tier | None] = {
    "basic": Tier(10, 600, 864_000, _endpoints(Tier(8, 240, 20_000))),
    "advanced": Tier(20, 1_200, 1_728_000, _endpoints(Tier(12, 360, 30_000))),
    "premium": Tier(30, 1_800, 2_592_000, _endpoints(Tier(20, 600, 50_000))),
    "ultimate": Tier(50, 3_000, 4_320_000, _endpoints(Tier(20, 600, 50_000))),
    "sandbox": Tier(1, 30, 1_000),
    "unlimited": None,
}
"""Limits by tier of the developer app. In `sandbox`, the limits apply to each endpoint."""

_MINUTE, _DAY = 60, 86_400


@dataclass(frozen=True)
class Breach:
    """A limit that a request exceeded.

    Attributes:
        period: second, minute or day.
        path: Endpoint of the request.
        time: Clock time in seconds.
    """

    period: str
    path: str
    time: float


class _Window:
    """Counts the requests of a rolling period."""

    def __init__(self, length: int, limit: int) -> None:
        self.length = length
        self.limit = limit
        self._times: deque[float] = deque()

    def add(self, now: float) -> bool:
        """Count a request. Return True if the requests are within the limit.

        This check also covers calendar seconds and minutes: each of them is a rolling period.
        """
        while self._times and self._times[0] <= now - self.length:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) <= self.limit

    def clear(self) -> None:
        self._times.clear()


class _Budget:
    """The request budget of an app or of an endpoint."""

    def __init__(self, tier: Tier, restriction_seconds: float) -> None:
        self._second = _Window(1, tier.second)
        self._minute = _Window(_MINUTE, tier.minute)
        self._per_day = tier.day
        self._day = (0, 0)
        self._restriction = restriction_seconds
        self._blocked_until = 0.0

    def take(self, now: float) -> tuple[bool, str | None]:
        """Count a request. Return True if it is allowed, and the period whose limit it exceeds.

        The period is None if the request exceeds no limit, or comes during a restriction.
        """
        exceeds_second = not self._second.add(now)
        exceeds_minute = not self._minute.add(now)
        today = int(now // _DAY)
        day, count = self._day
        self._day = (today, count + 1 if day == today else 1)
        if now < self._blocked_until:
            return False, None
        if self._day[1] > self._per_day:
            self._blocked_until = (today + 1) * _DAY
            return False, "day"
        if exceeds_minute:
            self._blocked_until = now + self._restriction
            self._minute.clear()
            return False, "minute"
        if exceeds_second:
            self._blocked_until = math.floor(now) + 1
            self._second.clear()
            return False, "second"
        return True, None


class Limiter:
    """Counts the requests of an app and of its endpoints, and enforces their limits."""

    def __init__(
        self, tier: str, restriction_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        """Start with unused budgets.

        Raises:
            ValueError: The tier is not in `TIERS`.
        """
        if tier not in TIERS:
            msg = f"Unknown tier {tier!r}. Choose one of {', '.join(TIERS)}."
            raise ValueError(msg)
        self.breaches: list[Breach] = []
        self._tier = TIERS[tier]
        self._per_endpoint = tier == "sandbox"
        self._restriction = restriction_seconds
        self._clock = clock
        self._budgets: dict[str, _Budget] = {}
        self._lock = threading.Lock()

    def allows(self, path: str) -> bool:
        """Count a request to a path. Return True if it is allowed."""
        if self._tier is None:
            return True
        limits = {path if self._per_endpoint else "": self._tier}
        if path in self._tier.endpoints:
            limits[path] = self._tier.endpoints[path]
        passes = True
        with self._lock:
            now = self._clock()
            for name, tier in limits.items():
                if name not in self._budgets:
                    self._budgets[name] = _Budget(tier, self._restriction)
                allowed, period = self._budgets[name].take(now)
                if period is not None:
                    self.breaches.append(Breach(period, path, now))
                passes = passes and allowed
        return passes
