"""The connection of a job to the state that the jobs of its app share."""

from __future__ import annotations

import contextlib
import threading
import typing as t
import uuid

from tap_tiktok_ads.api.shared_state import SharedState
from tap_tiktok_ads.api.shared_stores import StoreError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.api.shared_stores import Store

Result = t.TypeVar("Result")


class SharedConnection:
    """Changes the shared state. Connects again after an error. Thread-safe.

    Attributes:
        job: ID of the job.
        state: The state as last seen.
        ahead_seconds: Time that the store's clock is ahead of the clock of this process.
    """

    def __init__(self, connect: Callable[[], Store], clock: Callable[[], float]) -> None:
        """Prepare. Do not connect yet.

        Args:
            connect: Connects to the store.
            clock: Returns the current time in seconds.
        """
        self._connect = connect
        self._clock = clock
        self._store: Store | None = None
        self._lock = threading.RLock()
        self._is_closed = False
        self.job = uuid.uuid4().hex[:12]
        self.state = SharedState()
        self.ahead_seconds = 0.0

    def change(self, change: Callable[[SharedState, float], Result]) -> Result:
        """Change the state, again if another job changes it at the same time.

        Args:
            change: Changes a state. Receives the time of the store, too.

        Raises:
            StoreError: The store cannot be reached.
        """
        with self._lock:
            if self._is_closed:
                msg = "the connection is closed"
                raise StoreError(msg)
            try:
                self._store = self._store or self._connect()
                while True:
                    now, old = self._store.read()
                    ahead = now - self._clock()
                    state = _decoded(old)
                    state.shift_to(now)
                    state.enter(self.job, now)
                    result = change(state, now)
                    if _write(self._store, state, old, now):
                        self.state, self.ahead_seconds = state, ahead
                        return result
            except StoreError:
                self._disconnect()
                raise

    def close(self, *, leave: bool) -> None:
        """Close the connection for good.

        Args:
            leave: True to remove the job from the state. The store has to be within reach.
        """
        with self._lock:
            if leave:
                with contextlib.suppress(StoreError):
                    self.change(lambda state, _: state.jobs.pop(self.job))
            self._is_closed = True
            self._disconnect()

    def _disconnect(self) -> None:
        """Close the connection. The caller holds the lock."""
        if self._store is not None:
            self._store.close()
            self._store = None


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
