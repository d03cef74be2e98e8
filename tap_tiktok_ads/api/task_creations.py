"""The maximum number of report tasks that an ad account creates within an hour."""

from __future__ import annotations

import collections
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

#: Maximum number of tasks that an ad account creates in a period (portal 1740302766489602).
MAX_CREATIONS = 500
CREATION_PERIOD_SECONDS = 3600.0


class CreationLimit:
    """Spaces the creations of tasks: a maximum number per ad account and hour. Thread-safe."""

    def __init__(self, clock: Callable[[], float], creations: int = MAX_CREATIONS) -> None:
        self._clock = clock
        self._creations = creations
        self._lock = threading.Lock()
        self._times: dict[str, collections.deque[float]] = {}  # latest creations by advertiser ID

    def reserve(self, advertiser_id: str) -> float:
        """Register a creation and return the seconds until it may be sent."""
        with self._lock:
            now = self._clock()
            times = self._times.setdefault(advertiser_id, collections.deque(maxlen=self._creations))
            is_full = len(times) == self._creations
            start = max(now, times[0] + CREATION_PERIOD_SECONDS) if is_full else now
            times.append(start)
            return start - now
