"""Days that were not read because a probe found them empty, with the date of the probe.

Pure: no clock and no settings.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from tap_tiktok_ads.extract.day_ranges import MAX_RANGES, parse_day
from tap_tiktok_ads.extract.dormancy import window_of

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pendulum

#: Minimum number of days between a probe and the complete read of the days that it found empty.
MIN_AGE_DAYS = 7
#: Maximum number of skipped days that a run reads per advertiser: one window.
MAX_DUE_DAYS = 30
#: Age of a probe, in days, at which its days are read even if they do not fill a window.
MAX_AGE_DAYS = MIN_AGE_DAYS + MAX_DUE_DAYS
#: Earlier days in a state are damaged.
FIRST_YEAR = 1970


@dataclasses.dataclass(frozen=True, slots=True)
class SkippedDays:
    """A set of days, each with the date of its probe.

    Attributes:
        probes: Ordinal of the date of the probe, by ordinal of the day.
    """

    probes: Mapping[int, int] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_state(cls, value: t.Any) -> tuple[SkippedDays, list[t.Any]]:
        """Return the days that a state holds, and the members that are not readable."""
        if not isinstance(value, list):
            return cls(), [value]
        probes: dict[int, int] = {}
        damaged = []
        for member in value:
            days = _days(member)
            if days is None:
                damaged.append(member)
            else:
                first, last, probed_on = days
                probes |= dict.fromkeys(range(first, last + 1), probed_on)
        return cls(probes), damaged

    def to_state(self) -> list[list[str]]:
        """Return the days as a state holds them: at most `MAX_RANGES` intervals.

        If there are more, the earliest probes of adjacent intervals take the date of the later
        probe, so no day is read too early. Intervals without a neighbor are left out, the latest
        probes first. The next run probes their days again.
        """
        intervals = self._intervals()
        while len(intervals) > MAX_RANGES:
            _shorten(intervals)
        return [
            [str(days.start), str(days.end), str(window_of(probed_on, probed_on).start)]
            for days, probed_on in ((window_of(first, last), on) for first, last, on in intervals)
        ]

    def _intervals(self) -> list[tuple[int, int, int]]:
        """Return first day, last day and date of the probe, in ascending order."""
        intervals: list[tuple[int, int, int]] = []
        for day, probed_on in sorted(self.probes.items()):
            if intervals and intervals[-1][1:] == (day - 1, probed_on):
                intervals[-1] = (intervals[-1][0], day, probed_on)
            else:
                intervals.append((day, day, probed_on))
        return intervals

    @property
    def days(self) -> Collection[int]:
        """The ordinals of the days."""
        return self.probes.keys()

    def add(self, days: Iterable[int], probed_on: pendulum.Date) -> SkippedDays:
        """Return the days of both. A day that is in the set keeps its date."""
        added = dict.fromkeys(days, probed_on.toordinal())
        return SkippedDays({**added, **self.probes})

    def without(self, days: Collection[int]) -> SkippedDays:
        """Return the other days."""
        return SkippedDays({day: on for day, on in self.probes.items() if day not in days})

    def due(self, today: pendulum.Date, last_settled: pendulum.Date) -> set[int]:
        """Return the days that are to be read now: at most `MAX_DUE_DAYS`, which fit one window.

        Days wait until they fill a window, or until their probe is `MAX_AGE_DAYS` old.

        Args:
            today: The date of the run.
            last_settled: The last day whose numbers do not change any more.
        """
        aged = self._probed_until(today.subtract(days=MIN_AGE_DAYS), last_settled)
        expired = self._probed_until(today.subtract(days=MAX_AGE_DAYS), last_settled)
        if not expired and len(aged) < MAX_DUE_DAYS:
            return set()
        first = min(expired or aged)
        return aged.intersection(range(first, first + MAX_DUE_DAYS))

    def _probed_until(self, date: pendulum.Date, last_settled: pendulum.Date) -> set[int]:
        """Return the settled days that were probed on a date or before it."""
        latest, last = date.toordinal(), last_settled.toordinal()
        return {day for day, on in self.probes.items() if on <= latest and day <= last}


def _days(member: t.Any) -> tuple[int, int, int] | None:
    """Return first day, last day and date of the probe of a member of a state, or None."""
    if not isinstance(member, list) or len(member) != 3:  # noqa: PLR2004 - first, last, probe
        return None
    first, last, probed_on = map(parse_day, member)
    if first is None or last is None or probed_on is None:
        return None
    if not FIRST_YEAR <= first.year <= last.year or not first <= last <= probed_on:
        return None
    return first.toordinal(), last.toordinal(), probed_on.toordinal()


def _shorten(intervals: list[tuple[int, int, int]]) -> None:
    """Merge the two adjacent intervals with the earliest probes, or leave out the latest probe."""
    pairs = [
        (max(earlier[2], later[2]), index)
        for index, (earlier, later) in enumerate(itertools.pairwise(intervals))
        if earlier[1] + 1 == later[0]
    ]
    if not pairs:
        latest = max(intervals, key=lambda interval: (interval[2], interval[0] - interval[1]))
        intervals.remove(latest)
        return
    probed_on, index = min(pairs)
    first, last = intervals[index][0], intervals[index + 1][1]
    intervals[index : index + 2] = [(first, last, probed_on)]
