"""Days on which advertisers deliver nothing, as probes found, and the windows that remain.

A probe is a report of up to five advertisers at advertiser level. A day is empty if every probe
of it was read completely and holds no value other than zero. Everything else is activity.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import typing as t

import pendulum

from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.day_ranges import DayRanges
from tap_tiktok_ads.extract.pages import Task

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.api.advertisers import Advertiser

#: Maximum number of advertisers in one report (portal 1740302848100353).
MAX_PROBED_ADVERTISERS = 5
#: Number of days of a probe: the most that a report by day can have.
PROBE_DAYS = 30
_ZERO = re.compile(r"\s*-?\s*|\s*[+-]?0+(\.0*)?\s*", re.ASCII)


def is_zero(value: t.Any) -> bool:
    """Return True if the value of a metric is zero or absent. Unreadable values are not.

    Example:
        >>> [is_zero(value) for value in (0, "0.00", "-", "", None)]
        [True, True, True, True, True]
        >>> [is_zero(value) for value in (False, "0 %", "1", [])]
        [False, False, False, False]
    """
    if value is None:
        return True
    if isinstance(value, str):
        return _ZERO.fullmatch(value) is not None
    return not isinstance(value, (bool, list, dict)) and value == 0


class PendingTasks:
    """The number of tasks of a stage that are not done. Thread-safe."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()

    def finish(self, following: int = 0) -> bool:
        """Replace a task that is done by tasks that follow. Return True if none is left."""
        with self._lock:
            self._count += following - 1
            return self._count == 0


@dataclasses.dataclass(frozen=True, slots=True)
class ProbeTask(Task):
    """Finds out on which days of a block advertisers had delivery.

    Attributes:
        group: The advertisers.
        block: The days. `window` is None, because a probe covers no day.
        pending: The tasks that the windows of the stream wait for.
    """

    group: tuple[Advertiser, ...] = dataclasses.field(kw_only=True)
    block: Window = dataclasses.field(kw_only=True)
    pending: PendingTasks = dataclasses.field(kw_only=True)

    @property
    def key(self) -> str:
        """The text that identifies the facts that the probe finds out."""
        return f"probe of {[advertiser.id for advertiser in self.group]} {self.block}"


@dataclasses.dataclass(frozen=True, slots=True)
class TopViewCheckTask(Task):
    """Finds out if an advertiser has TopView campaigns, whose ads no probe holds.

    Attributes:
        pending: The tasks that the windows of the stream wait for.
    """

    pending: PendingTasks = dataclasses.field(kw_only=True)


class DormancyFacts:
    """The results of the probes of a run, by advertiser. Shared by the streams. Thread-safe.

    Example:
        >>> day = pendulum.Date.fromisoformat
        >>> block = Window(day("2026-11-01"), day("2026-11-30"))
        >>> facts = DormancyFacts()
        >>> facts.add(["7"], block, {"7": {day("2026-11-03").toordinal()}})
        >>> facts.confirm_no_topview("7")
        >>> len(facts.empty_days("7", ordinals(block)))
        29
        >>> facts.empty_days("8", ordinals(block))
        set()

    Attributes:
        rejected_metrics: Metrics that TikTok rejects in probes. Nothing is known about them.
    """

    def __init__(self) -> None:
        self._probed: dict[str, DayRanges] = {}
        self._active: dict[str, set[int]] = {}  # ordinals of days
        self._without_topview: set[str] = set()
        self._given_up: set[str] = set()
        self._lock = threading.Lock()
        self.rejected_metrics: set[str] = set()

    def add(
        self,
        advertiser_ids: Iterable[str],
        block: Window,
        active_days: Mapping[str, AbstractSet[int]],
    ) -> None:
        """Add the result of a complete probe.

        Args:
            advertiser_ids: The advertisers that the probe names.
            block: The days of the probe.
            active_days: The ordinals of the days with delivery, by advertiser.
        """
        with self._lock:
            for owner in advertiser_ids:
                self._active[owner] = self._active.get(owner, set()) | active_days.get(owner, set())
                self._probed[owner] = self._probed.get(owner, DayRanges()).add(block)

    def confirm_no_topview(self, advertiser_id: str) -> None:
        """Register that an advertiser has no TopView campaigns, whose ads no probe holds."""
        with self._lock:
            self._without_topview.add(advertiser_id)

    def give_up(self, advertiser_id: str) -> None:
        """Register that an advertiser cannot be probed. All its days are read."""
        with self._lock:
            self._given_up.add(advertiser_id)

    def is_given_up(self, advertiser_id: str) -> bool:
        """Return True if all days of an advertiser are read."""
        return advertiser_id in self._given_up

    def is_known(self, advertisers: Iterable[Advertiser], block: Window) -> bool:
        """Return True if a probe of these advertisers and days would find out nothing new."""
        return all(
            advertiser.id in self._given_up
            or not any(self._probed.get(advertiser.id, DayRanges()).missing_in(block))
            for advertiser in advertisers
        )

    def empty_days(self, advertiser_id: str, days: AbstractSet[int]) -> set[int]:
        """Return those of the days on which an advertiser is known to have no delivery."""
        if advertiser_id in self._given_up or advertiser_id not in self._without_topview:
            return set()
        probed = self._probed.get(advertiser_id, DayRanges())
        probed_days: set[int] = set().union(*map(ordinals, probed.ranges))
        return (probed_days & days) - self.active_days(advertiser_id)

    def active_days(self, advertiser_id: str) -> AbstractSet[int]:
        """Return the ordinals of the days on which probes found delivery."""
        return self._active.get(advertiser_id, frozenset())


def ordinals(days: Window) -> set[int]:
    """Return the ordinals of the days of a window."""
    return set(range(days.start.toordinal(), days.end.toordinal() + 1))


def block_of(day: int, last: pendulum.Date) -> Window:
    """Return the block of `PROBE_DAYS` that holds a day. Blocks count back from a last day.

    So streams whose days differ request the same blocks.
    """
    end = last.toordinal() - (last.toordinal() - day) // PROBE_DAYS * PROBE_DAYS
    return window_of(end - PROBE_DAYS + 1, end)


def window_of(first: int, last: int) -> Window:
    """Return the window between two ordinals."""
    return Window(pendulum.Date.fromordinal(first), pendulum.Date.fromordinal(last))


def window_count(ranges: Iterable[Window], width: int) -> int:
    """Return the number of windows that ranges of days are read in."""
    return sum(-(-days.days // width) for days in ranges)


def needed_windows(
    ranges: Iterable[Window], needed_days: Collection[int], width: int
) -> Sequence[Window]:
    """Return the fewest windows that hold all needed days of each range.

    A range whose number of windows does not shrink is returned as it is: its other days are read
    without an additional request.

    Example:
        >>> day = pendulum.Date.fromisoformat
        >>> days = Window(day("2026-10-01"), day("2026-12-29"))
        >>> needed_days = {day("2026-12-25").toordinal()}
        >>> [str(window.start) for window in needed_windows([days], needed_days, 30)]
        ['2026-11-26']

    Args:
        ranges: The days that could be read.
        needed_days: The ordinals of the days that have to be read.
        width: Maximum number of days of a window.
    """
    result: list[Window] = []
    for days in ranges:
        first = days.start.toordinal()
        windows: list[Window] = []
        start = days.end.toordinal() + 1
        for ordinal in sorted(ordinals(days).intersection(needed_days), reverse=True):
            if ordinal < start:
                start = max(first, ordinal - width + 1)
                windows.append(window_of(start, ordinal))
        result += windows if len(windows) < window_count([days], width) else [days]
    return result
