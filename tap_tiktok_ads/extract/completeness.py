"""The rules that decide from the passes over a list whether it is complete."""

from __future__ import annotations

import collections
import dataclasses
import time
import typing as t

from tap_tiktok_ads.extract.task_groups import Verdict

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.extract.task_groups import ListProgress, TaskGroup

#: Number of incomplete lists of an endpoint after which the run does not re-read it any more.
MAX_INCOMPLETE_LISTS = 10


@dataclasses.dataclass(frozen=True)
class PassClock:
    """The time between two passes over a list.

    Attributes:
        interval_seconds: Minimum time between two passes.
        now: Returns the time in seconds.
        sleep: Waits for a number of seconds.
    """

    interval_seconds: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait_since(self, moment: float) -> None:
        """Wait until the interval since a moment has passed."""
        seconds = moment + self.interval_seconds - self.now()
        if seconds > 0:
            self.sleep(seconds)


class IncompleteLists:
    """Counts the incomplete lists of each endpoint in a run."""

    def __init__(self) -> None:
        self._counts: collections.Counter[str] = collections.Counter()

    def add(self, path: str) -> None:
        """Count a list that was still incomplete in an additional pass."""
        self._counts[path] += 1

    def may_reread(self, path: str) -> bool:
        """Return True if lists of an endpoint are still re-read."""
        return self._counts[path] < MAX_INCOMPLETE_LISTS


@dataclasses.dataclass(frozen=True)
class Rules:
    """Facts about a stream that decide whether its lists are complete.

    Attributes:
        list_cap: Maximum number of records that the endpoint lists, if it is limited.
        known_difference: Returns the difference to the total that passes of an earlier run agreed
            on, or None.
    """

    list_cap: int | None = None
    known_difference: Callable[[TaskGroup], int | None] = lambda _: None

    def verdict(
        self, progress: ListProgress, known_difference: int | None, interval_seconds: float
    ) -> Verdict:
        """Return the verdict on a list from its passes.

        Args:
            progress: The passes.
            known_difference: The difference to the total of an earlier run, or None.
            interval_seconds: Minimum time between two passes that can agree.
        """
        current = progress.current
        if current.is_bad:
            return Verdict.INCOMPLETE
        if current.total is None:
            is_open = current.is_last_page_full or current.has_gap
            return Verdict.INCOMPLETE if is_open else Verdict.COMPLETE
        if self.list_cap is not None and current.total >= self.list_cap:
            return self._verdict_of_capped(progress, self.list_cap)
        if progress.difference > 0:
            is_agreed = progress.agrees(interval_seconds)
            return self._verdict_of_short(progress, known_difference, is_agreed=is_agreed)
        is_refuted = progress.difference < 0 and current.has_gap  # a wrong total is no proof
        return Verdict.INCOMPLETE if is_refuted else Verdict.COMPLETE

    @staticmethod
    def _verdict_of_capped(progress: ListProgress, list_cap: int) -> Verdict:
        current = progress.current
        on_full_pages = list_cap - list_cap % max(1, current.page_size)
        is_reached = progress.distinct >= on_full_pages and not current.has_gap
        return Verdict.CAPPED if is_reached else Verdict.INCOMPLETE

    @staticmethod
    def _verdict_of_short(
        progress: ListProgress, known_difference: int | None, *, is_agreed: bool
    ) -> Verdict:
        """Return the verdict on a list of fewer records than TikTok counts."""
        if is_agreed:
            return Verdict.AGREED
        current = progress.current
        is_known = current.is_clean and current.received > 0
        if is_known and progress.difference == known_difference:
            return Verdict.AGREED
        return Verdict.INCOMPLETE
