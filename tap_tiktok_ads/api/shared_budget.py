"""One request budget for all jobs of an app: pacing, daily counts and pauses in a shared store.

A job reads the state of the app, decides, and replaces the state if no other job replaced it in the
meantime. No lock is held in between, so a job that is killed blocks no other job.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import threading
import time
import typing as t
import uuid

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.rate_limits import Budget, RateLimiter, Restriction
from tap_tiktok_ads.api.shared_state import SharedState
from tap_tiktok_ads.api.shared_stores import Store, StoreError, address, open_store

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.errors import ThrottledError
    from tap_tiktok_ads.api.rate_limits import Tier
    from tap_tiktok_ads.api.shared_state import Scope

logger = logging.getLogger("tap-tiktok-ads")

#: Time without the store after which a job continues without it.
MAX_OUTAGE_SECONDS = 30.0
RECONNECT_SECONDS = 1.0
#: Maximum delay of a start. A later request would be too close to the following ones.
MAX_LATE_SECONDS = 0.04
#: Time between reservation and start after which a job looks for a new pause.
MAX_UNCHECKED_SECONDS = 0.25

Result = t.TypeVar("Result")


class SharedRateLimiter(RateLimiter):
    """The budgets of one app in a store. Without the store, this job uses an equal part of them.

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
        self._connect = functools.partial(connect, url, app)
        self._address = address(url)
        self._job = uuid.uuid4().hex[:12]
        self._store: Store | None = None
        self._store_lock = threading.Lock()
        self._turn = threading.Lock()
        self._announced_pause = 0.0
        self._state = SharedState()  # as last seen
        self._store_time_ahead = 0.0  # of the clock of this process
        self._is_local = False
        self._try_change(lambda _state, _now: None)

    def budget(self, path: str) -> Budget:
        if self._is_local:
            return super().budget(path)
        key = f"shared {path}"
        with self._lock:
            if key not in self._budgets:
                self._budgets[key] = SharedBudget(self, path, self.clock, self._sleep)
            return self._budgets[key]

    def close(self) -> None:
        """Remove the job from the state, and close the connection."""
        if not self._is_local:
            with contextlib.suppress(StoreError):
                self._try_change(lambda state, _: state.jobs.pop(self._job))
        with self._store_lock:
            self._is_local = True
            self._disconnect()

    def wait_for_start(self, scopes: Sequence[Scope]) -> None:
        """Wait until the next request may start, and count it.

        A job reserves one start at a time. If it is killed, one start is lost.

        Raises:
            RestrictedError: A daily budget is used up, or TikTok throttles after every pause.
            StoreError: The store is lost.
        """
        with self._turn:
            while not self._has_started(scopes):
                pass

    def _has_started(self, scopes: Sequence[Scope]) -> bool:
        """Reserve a start and wait for it. Return True if the request may start now."""
        scope = scopes[0][0]
        start, is_reserved = self._change(lambda state, now: state.reserve(scopes, now))
        start -= self._store_time_ahead
        wait = start - self.clock()
        if wait > 0:
            self._announce_pause(scope)
            self._sleep(wait)
        if not is_reserved or self.clock() - start > MAX_LATE_SECONDS:
            return False
        if wait < MAX_UNCHECKED_SECONDS:
            return True
        return not self._change(lambda state, now: state.is_paused(scope, now))

    def _announce_pause(self, scope: str) -> None:
        """Log a pause that another job began."""
        restriction = self._restriction(scope)
        pause = restriction.until - self.clock() - self._store_time_ahead
        if pause > 0 and restriction.until != self._announced_pause:
            self._announced_pause = restriction.until
            logger.warning(
                "TikTok throttled another job of this app. All requests wait for %.0f s: %s",
                pause,
                restriction.reason,
            )

    def _restriction(self, scope: str) -> Restriction:
        """Return the restriction of a scope as last seen."""
        return self._state.restrictions.get(scope, Restriction())

    def record_throttled(self, scope: str, error: ThrottledError, started: float) -> float:
        """Pause all jobs and halve the rate. Return the seconds until requests may start.

        Raises:
            RestrictedError: TikTok still throttles after every pause.
            StoreError: The store is lost.
        """
        elapsed = self.clock() - started

        def change(state: SharedState, now: float) -> float:
            restriction = state.restrictions.setdefault(scope, Restriction())
            return restriction.record_throttled(error, now, now - elapsed)

        pause = self._change(change)
        restriction = self._restriction(scope)
        self._announced_pause = restriction.until  # the client logs it
        restriction.check()
        return pause

    def record_response(self, scope: str, started: float) -> None:
        """Record a response that is not throttled. The next restriction starts with a short pause.

        Raises:
            StoreError: The store is lost.
        """
        restriction = self._restriction(scope)
        started += self._store_time_ahead
        if restriction.pauses and started >= restriction.until:
            self._change(lambda state, _: state.restrictions[scope].record_response(started))

    def _change(self, change: Callable[[SharedState, float], Result]) -> Result:
        """Change the state. Retry while the store cannot be reached, then continue without it.

        Raises:
            StoreError: The store is lost.
        """
        outage_started = self.clock()
        while not self._is_local:
            try:
                return self._try_change(change)
            except StoreError as error:
                if self.clock() - outage_started >= MAX_OUTAGE_SECONDS:
                    self._continue_without_store(error)
                    break
            self._sleep(RECONNECT_SECONDS)
        msg = "The store of the shared budget is lost."
        raise StoreError(msg)

    def _try_change(self, change: Callable[[SharedState, float], Result]) -> Result:
        """Change the state, again if another job changes it at the same time.

        Raises:
            StoreError: The store cannot be reached.
        """
        with self._store_lock:
            try:
                self._store = self._store or self._connect()
                while True:
                    now, old = self._store.read()
                    ahead = now - self.clock()
                    state = _decoded(old)
                    state.shift_to(now)
                    state.enter(self._job, now)
                    result = change(state, now)
                    if _write(self._store, state, old, now):
                        self._state, self._store_time_ahead = state, ahead
                        return result
            except StoreError:
                self._disconnect()
                raise

    def _disconnect(self) -> None:
        """Close the connection. The caller holds the lock."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _continue_without_store(self, error: StoreError) -> None:
        """Use an equal part of the budget, and keep to the last pause that is known."""
        with self._store_lock:
            if self._is_local:
                return
            jobs = max(1, len(self._state.jobs))
            self.tier = self.tier.divided(jobs)
            for scope, restriction in self._state.restrictions.items():
                budget = super().budget(scope)
                budget.restriction = restriction.shifted(-self._store_time_ahead)
            self._is_local = True
        logger.warning(
            "Lost the store of shared_budget at %s: %s. This job continues with an equal part of "
            "the limits, %.2f requests per second, because %d job(s) used the store.",
            self._address,
            error,
            self.tier.per_second,
            jobs,
        )


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
        try:
            self._limiter.wait_for_start(self._scopes)
        except StoreError:
            self._limiter.budget(self._path).acquire()
        with self.lock:
            self.waited_seconds += self._clock() - wait_started

    def record_throttled(self, error: ThrottledError, started: float) -> float:
        try:
            pause = self._limiter.record_throttled(self._scopes[0][0], error, started)
        except StoreError:
            return self._limiter.budget(self._path).record_throttled(error, started)
        with self.lock:
            self.throttled_responses += 1
        return pause

    def record_response(self, started: float) -> None:
        try:
            self._limiter.record_response(self._scopes[0][0], started)
        except StoreError:
            self._limiter.budget(self._path).record_response(started)


def _decoded(text: str) -> SharedState:
    """Return the state that a store contains.

    Raises:
        StoreError: The text is not a state.
    """
    try:
        return SharedState.decode(text)
    except ValueError as error:
        msg = f"it contains an unexpected state ({error}), which has to be deleted"
        raise StoreError(msg) from None


def _write(store: Store, state: SharedState, old: str, now: float) -> bool:
    """Write a changed state. Return False if another job changed the state in the meantime."""
    if state.encode() == old:
        return True
    state.time = now
    return store.replace(old, state.encode())


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
