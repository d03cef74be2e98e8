"""The state that the jobs of an app share: pace, daily counts, pauses and the jobs themselves.

GCRA, the algorithm of `pyrate-limiter` for evenly spaced starts, decides about the pace.
"""

from __future__ import annotations

import dataclasses
import typing as t

import msgspec
from pyrate_limiter import GCRA, Rate

from tap_tiktok_ads.api.rate_limits import (
    COUNTING_SECONDS,
    DAY_SECONDS,
    Restriction,
    Tier,
    day_used_up,
)

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_tiktok_ads.api.rate_limits import Budget

MICROSECONDS = 1_000_000
#: Share of the rate of a single job. The rest absorbs the jitter of several machines.
SHARED_RATE_FACTOR = 0.97
#: Time without an entry after which a job does not count. It is longer than the longest pause.
JOB_SECONDS = 400.0
#: Time until jobs return to a store that all lost. Each of them tries it twice meanwhile.
RETURN_SECONDS = 75.0
#: Minimum time between two entries of one job.
JOB_ENTRY_SECONDS = 30.0
PACING = GCRA()

#: Limits and what they apply to: the path of an endpoint, or an empty text for the app.
Scope = tuple[str, Tier]


@dataclasses.dataclass(slots=True)
class SharedState:
    """The state of an app that its jobs share. Times are those of the store.

    Attributes:
        time: Time of the last change.
        paces: State of GCRA, by scope: the next start in nanoseconds.
        days: Day (UTC, since 1970) and its number of requests, by scope.
        restrictions: Pause and reduced rate, by scope.
        jobs: Time of the last entry of each job.
        returns_at: Time until which jobs that lost the store use their parts of the limits.
    """

    time: float = 0.0
    paces: dict[str, int] = dataclasses.field(default_factory=dict)
    days: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    restrictions: dict[str, Restriction] = dataclasses.field(default_factory=dict)
    jobs: dict[str, float] = dataclasses.field(default_factory=dict)
    returns_at: float = 0.0

    @classmethod
    def decode(cls, text: str) -> SharedState:
        """Return the state that a text contains. An empty text is an unused state.

        Raises:
            ValueError: The text is not a state.
        """
        return msgspec.json.decode(text, type=cls) if text else cls()

    def encode(self) -> str:
        """Return the state as text."""
        return msgspec.json.encode(self).decode()

    def shift_to(self, now: float) -> None:
        """Move all times back if the store's clock was set back."""
        shift = now - self.time
        if shift < 0:
            self.time = now
            self.returns_at += shift
            self.paces = {scope: int(pace + shift * 1e9) for scope, pace in self.paces.items()}
            self.jobs = {job: seen + shift for job, seen in self.jobs.items()}
            self.restrictions = {
                scope: restriction.shifted(shift)
                for scope, restriction in self.restrictions.items()
            }

    def enter(self, job: str, now: float) -> None:
        """Enter a job, and remove the jobs without a recent entry."""
        if now - self.jobs.get(job, float("-inf")) >= JOB_ENTRY_SECONDS:
            self.jobs = {name: seen for name, seen in self.jobs.items() if now - seen < JOB_SECONDS}
            self.jobs[job] = now

    def reserve(self, scopes: Sequence[Scope], now: float) -> tuple[float, bool]:
        """Return the earliest start, and True if it is reserved and counted.

        A start that is not reserved is only the time of the next attempt.

        Args:
            scopes: The limits that apply, those of the app first. Pauses apply to the first scope.
            now: The current time.

        Raises:
            RestrictedError: A daily budget is used up, or TikTok throttles after every pause.
        """
        restriction = self.restrictions.get(scopes[0][0], Restriction())
        restriction.recover(now)
        restriction.check()
        pause_ends = max(restriction.until, self._usable_from)
        if now < pause_ends:
            return pause_ends, False
        start, paces = int(now * MICROSECONDS), {}
        factor = SHARED_RATE_FACTOR * restriction.rate_factor
        for position, (scope, tier) in enumerate(scopes):
            rate = factor * tier.usable_per_second
            pace, wait = self._pace(scope, rate, start)
            if wait and position > 0:  # the app must not wait for an endpoint
                return now + wait / MICROSECONDS, False
            if wait:
                start += wait
                pace, _ = self._pace(scope, rate, start)
            paces[scope] = pace
        days = {scope: self._next_of_day(scope, tier, now) for scope, tier in scopes}
        self.paces.update(paces)
        self.days.update(days)
        return start / MICROSECONDS, True

    def _pace(self, scope: str, per_second: float, start: int) -> tuple[int, int]:
        """Return the state of GCRA after a request at `start`, and its wait, in microseconds.

        GCRA counts milliseconds. It receives microseconds, because intervals are short.
        """
        rate = Rate(max(1, round(per_second * 1000)), 1000 * MICROSECONDS, burst=1)
        (pace,), decision = PACING.step([rate], (self.paces.get(scope, 0),), start, 1)
        return int(pace), decision.retry_after_ms or 0

    def is_paused(self, scope: str, now: float) -> bool:
        """Return True if no request may start now.

        Raises:
            RestrictedError: TikTok throttles after every pause.
        """
        restriction = self.restrictions.get(scope, Restriction())
        restriction.check()
        return now < max(restriction.until, self._usable_from)

    @property
    def _usable_from(self) -> float:
        """Time from which jobs use the store, so that no second has the starts of two ways."""
        return self.returns_at + COUNTING_SECONDS

    def time_of_return(self, others: Collection[str], lost_at: float, now: float) -> float:
        """Return the time from which a job that lost the store uses it.

        The first job that returns decides. If the other jobs lost the store, too, they use parts of
        the limits until their next attempts.

        Args:
            others: The jobs that used the store when it was lost.
            lost_at: Time at which the job continued without the store.
            now: The current time.
        """
        if self.returns_at <= lost_at:
            are_away = others and all(self.jobs.get(job, 0.0) <= lost_at for job in others)
            self.returns_at = now + (RETURN_SECONDS if are_away else 0.0)
        return self.returns_at

    def take_over(self, budgets: Mapping[str, Budget], ahead_seconds: float, now: float) -> None:
        """Count the requests that a job sent without the store, and take over its pauses.

        Args:
            budgets: The budgets that the job used, by scope.
            ahead_seconds: Time that the store's clock is ahead of the clock of the budgets.
            now: The current time.
        """
        today = int(now // DAY_SECONDS)
        for scope, budget in budgets.items():
            day, used = self.days.get(scope, (today, 0))
            self.days[scope] = today, budget.used_today + (used if day == today else 0)
            restriction = budget.restriction.shifted(ahead_seconds)
            known = self.restrictions.get(scope, Restriction())
            if budget.throttled_responses and restriction.until > known.until:
                self.restrictions[scope] = restriction

    def _next_of_day(self, scope: str, tier: Tier, now: float) -> tuple[int, int]:
        """Return the day and the number of its requests, with one more.

        Raises:
            RestrictedError: The daily budget is used up.
        """
        today = int(now // DAY_SECONDS)
        day, used = self.days.get(scope, (today, 0))
        used = used + 1 if day == today else 1
        if used > tier.per_day:
            raise day_used_up(tier.per_day, scope)
        return today, used
