"""One request budget for all jobs of an app: pacing, daily counts and pauses in a shared store.

A job reads the state of the app, decides, and replaces the state if no other job replaced it in the
meantime. No lock is held in between, so a job that is killed blocks no other job.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import math
import threading
import time
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.rate_limits import COUNTING_SECONDS, Budget, RateLimiter, Restriction
from tap_tiktok_ads.api.shared_connection import SharedConnection
from tap_tiktok_ads.api.shared_stores import StoreError, address, open_store

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_tiktok_ads.api.errors import ThrottledError
    from tap_tiktok_ads.api.rate_limits import Tier
    from tap_tiktok_ads.api.shared_state import Scope, SharedState
    from tap_tiktok_ads.api.shared_stores import Store

logger = logging.getLogger("tap-tiktok-ads")

#: Time without the store after which a job continues without it.
MAX_OUTAGE_SECONDS = 30.0
#: Time without the store that no job takes for a loss. Jobs notice an outage at different times.
SHORT_OUTAGE_SECONDS = 15.0
RECONNECT_SECONDS = 1.0
#: Time without a start before a job uses its part: the last starts of other jobs still count.
QUIET_SECONDS = 2 * COUNTING_SECONDS
#: Time between two attempts to return to a lost store.
RETURN_ATTEMPT_SECONDS = 30.0
#: Maximum delay of a start. A later request would be too close to the following ones.
MAX_LATE_SECONDS = 0.04
#: Time between reservation and start after which a job looks for a new pause.
MAX_UNCHECKED_SECONDS = 0.25

Result = t.TypeVar("Result")


class SharedRateLimiter(RateLimiter):
    """The budgets of one app in a store. Without the store, this job uses an equal part of them.

    A job that lost the store uses its part until all jobs that lost it can have returned.

    Args:
        tier: The limits of the app.
        url: URL of the store.
        app: Key of the app.
        clock: Returns the current time in seconds.
        sleep: Waits for a number of seconds.
        connect: Connects to the store.

    Raises:
        StoreError: The store cannot be reached.
    """

    def __init__(  # noqa: PLR0913 - most of them keyword-only
        self,
        tier: Tier,
        url: str,
        app: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        connect: Callable[[str, str], Store] = open_store,
    ) -> None:
        super().__init__(tier, clock=clock, sleep=sleep)
        self._connection = SharedConnection(functools.partial(connect, url, app), clock)
        self._address = address(url)
        self._turn = threading.Lock()
        self._announced_pause = 0.0
        self._part_lock = threading.Lock()
        self._part: RateLimiter | None = None  # instead of the store
        self._part_begins = 0.0
        self._part_ends = 0.0  # infinite while the store is lost
        self._next_attempt = math.inf  # to return to the store
        self._lost_at = 0.0  # by the clock of the store
        self._others: Collection[str] = ()  # the jobs that used the store when it was lost
        self._connection.change(_unchanged)

    def budget(self, path: str) -> Budget:
        key = f"shared {path}"
        with self._lock:
            if key not in self._budgets:
                self._budgets[key] = SharedBudget(self, path, self.clock, self._sleep)
            return self._budgets[key]

    def close(self) -> None:
        """Remove the job from the state, and close the connection."""
        with self._part_lock:
            is_connected = self._part_ends < math.inf
            self._part = self._part or RateLimiter(self.tier, clock=self.clock, sleep=self._sleep)
            self._part_ends = self._next_attempt = math.inf
        self._connection.close(leave=is_connected)

    def wait_for_start(self, path: str, scopes: Sequence[Scope]) -> None:
        """Wait until the next request may start, and count it.

        A job reserves one start at a time. If it is killed, one start is lost.

        Raises:
            RestrictedError: A daily budget is used up, or TikTok throttles after every pause.
        """
        while (wait := self._try_start(path, scopes)) is not None:
            self._sleep(wait)

    def _try_start(self, path: str, scopes: Sequence[Scope]) -> float | None:
        """Return None if the request may start now, or the seconds until the next attempt."""
        self._try_to_return()
        with self._turn, contextlib.suppress(StoreError):
            self._end_part()
            if self._part is not None:
                wait = self._part_begins - self.clock()
                return wait if wait > 0 else self._part.budget(path).try_start() or None
            return self._reserve_start(scopes)
        return 0.0

    def _reserve_start(self, scopes: Sequence[Scope]) -> float | None:
        """Reserve a start and wait for it. Return as `_try_start` does.

        Raises:
            StoreError: The store is lost.
        """
        scope = scopes[0][0]
        start, is_reserved = self._change(lambda state, now: state.reserve(scopes, now))
        start -= self._connection.ahead_seconds
        wait = max(0.0, start - self.clock())
        if not is_reserved:
            self._announce_pause(scope)
            return wait
        if wait:
            self._sleep(wait)
        if wait >= MAX_UNCHECKED_SECONDS and self._change(
            lambda state, now: state.is_paused(scope, now)
        ):
            return 0.0
        return 0.0 if self.clock() - start > MAX_LATE_SECONDS else None

    def _announce_pause(self, scope: str) -> None:
        """Log a pause that another job began."""
        restriction = self._restriction(scope)
        pause = restriction.until - self.clock() - self._connection.ahead_seconds
        if pause > 0 and restriction.until != self._announced_pause:
            self._announced_pause = restriction.until
            logger.warning(
                "TikTok throttled another job of this app. All requests wait for %.0f s: %s",
                pause,
                restriction.reason,
            )

    def _restriction(self, scope: str) -> Restriction:
        """Return the restriction of a scope as last seen."""
        return self._connection.state.restrictions.get(scope, Restriction())

    def record_throttled(
        self, path: str, scope: str, error: ThrottledError, started: float
    ) -> float:
        """Pause all jobs and halve the rate. Return the seconds until requests may start.

        Raises:
            RestrictedError: TikTok still throttles after every pause.
        """
        elapsed = self.clock() - started

        def change(state: SharedState, now: float) -> float:
            restriction = state.restrictions.setdefault(scope, Restriction())
            return restriction.record_throttled(error, now, now - elapsed)

        while (fallback := self._part) is None:
            with contextlib.suppress(StoreError):
                pause = self._change(change)
                restriction = self._restriction(scope)
                self._announced_pause = restriction.until  # the client logs it
                restriction.check()
                return pause
        return fallback.budget(path).record_throttled(error, started)

    def record_response(self, path: str, scope: str, started: float) -> None:
        """Record a response that is not throttled. The next pause is short."""
        at = started + self._connection.ahead_seconds

        def change(state: SharedState, _: float) -> None:
            state.restrictions.get(scope, Restriction()).record_response(at)

        with contextlib.suppress(StoreError):
            restriction = self._restriction(scope)
            if self._part is None and restriction.pauses and at >= restriction.until:
                self._change(change)
        if self._part is not None:
            self._part.budget(path).record_response(started)

    def _change(self, change: Callable[[SharedState, float], Result]) -> Result:
        """Change the state. Retry while the store cannot be reached, then continue without it.

        Raises:
            StoreError: The store is lost.
        """
        outage_started = self.clock()
        lost: StoreError | None = None
        while self._part is None:
            outage = self.clock() - outage_started
            try:
                if lost is None or outage < SHORT_OUTAGE_SECONDS:
                    return self._connection.change(change)
                self._connection.change(_unchanged)
                self._continue_without_store(lost)  # because other jobs may have done so
            except StoreError as error:
                lost = error
                if outage >= MAX_OUTAGE_SECONDS:
                    self._continue_without_store(lost)
            if self._part is None:
                self._sleep(RECONNECT_SECONDS)
        msg = "The store of the shared budget is lost."
        raise StoreError(msg)

    def _continue_without_store(self, error: StoreError) -> None:
        """Use an equal part of the budget, and keep to the last pause that is known."""
        state, ahead = self._connection.state, self._connection.ahead_seconds
        jobs = max(1, len(state.jobs))
        fallback = RateLimiter(self.tier.divided(jobs), clock=self.clock, sleep=self._sleep)
        for scope, restriction in state.restrictions.items():
            fallback.budget(scope).restriction = restriction.shifted(-ahead)
        with self._part_lock:
            if self._part is not None:
                return
            self._others = state.jobs.keys() - {self._connection.job}
            self._lost_at = self.clock() + ahead
            self._next_attempt = self.clock()
            self._part_begins = self.clock() + QUIET_SECONDS
            self._part_ends = math.inf
            self._part = fallback
        logger.warning(
            "Lost the store of shared_budget at %s: %s. This job continues with an equal part of "
            "the limits, %.2f requests per second, because %d job(s) used the store. It tries to "
            "return to the store every %.0f s.",
            self._address,
            error,
            fallback.tier.per_second,
            jobs,
            RETURN_ATTEMPT_SECONDS,
        )

    def _try_to_return(self) -> None:
        """Try the store again if it is time. Meanwhile, other threads use the part of this job."""
        with self._part_lock:
            if self.clock() < self._next_attempt:
                return
            self._next_attempt = self.clock() + RETURN_ATTEMPT_SECONDS
        with contextlib.suppress(StoreError):
            returns_at = self._connection.change(
                lambda state, now: state.time_of_return(self._others, self._lost_at, now)
            )
            with self._part_lock:
                if self._next_attempt == math.inf:  # closed in the meantime
                    return
                self._next_attempt = math.inf
                self._part_ends = returns_at - self._connection.ahead_seconds
            logger.info(
                "Reached the store of shared_budget at %s. This job uses the shared limits "
                "again in %.0f s.",
                self._address,
                max(0.0, self._part_ends - self.clock()),
            )

    def _end_part(self) -> None:
        """Return to the store if it is time. Take over what happened meanwhile.

        Raises:
            StoreError: The store is lost again.
        """
        with self._part_lock:
            fallback = self._part
            if fallback is None or self.clock() < self._part_ends:
                return
            self._part, self._part_ends = None, 0.0
        ahead = self._connection.ahead_seconds
        self._change(lambda state, now: state.take_over(fallback.scopes, ahead, now))


class SharedBudget(Budget):
    """Decides when requests to an endpoint may start, together with the other jobs of the app."""

    def __init__(
        self,
        limiter: SharedRateLimiter,
        path: str,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        tier = limiter.tier
        super().__init__(tier, clock=clock, sleep=sleep, path=path)
        self._limiter = limiter
        self._scopes = [(path if tier.per_endpoint else "", tier)]
        if path in tier.endpoints:
            self._scopes.append((path, tier.endpoints[path]))

    def acquire(self) -> None:
        wait_started = self._clock()
        self._limiter.wait_for_start(self._path, self._scopes)
        with self.lock:
            self.waited_seconds += self._clock() - wait_started

    def record_throttled(self, error: ThrottledError, started: float) -> float:
        with self.lock:
            self.throttled_responses += 1
        return self._limiter.record_throttled(self._path, self._scopes[0][0], error, started)

    def record_response(self, started: float) -> None:
        self._limiter.record_response(self._path, self._scopes[0][0], started)


def _unchanged(_state: SharedState, _now: float) -> None:
    """Change nothing, to find out if the store can be reached."""


def share_budget(tier: Tier, url: str, app: str) -> RateLimiter:
    """Return the limiter of an app, whose jobs share a store.

    Args:
        tier: The limits of the app.
        url: The setting `shared_budget`.
        app: App ID or access token. The store contains only a hash of it.

    Raises:
        ConfigError: The store cannot be reached.
    """
    key = hashlib.sha256(app.encode()).hexdigest()[:32]
    try:
        return SharedRateLimiter(tier, url, key)
    except StoreError as error:
        msg = (
            f"Cannot use the store of shared_budget at {address(url)}: {error}. Check that the "
            "store runs and that the setting is correct."
        )
        raise ConfigError(msg) from None
