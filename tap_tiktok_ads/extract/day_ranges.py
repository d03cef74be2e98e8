"""Sets of days, as few closed ranges: the days of a stream that no run reads again.

Pure: no clock and no settings.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pendulum

from tap_tiktok_ads.extract.dates import Window

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_tiktok_ads.api.advertisers import Advertiser

#: Maximum number of ranges that a state holds. The days of the smallest ones are read again.
MAX_RANGES = 10
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclasses.dataclass(frozen=True, slots=True)
class DayRanges:
    """A set of days.

    Example:
        >>> day = pendulum.Date.fromisoformat
        >>> january = Window(day("2026-01-01"), day("2026-01-31"))
        >>> february = Window(day("2026-02-01"), day("2026-02-28"))
        >>> covered = DayRanges().add(february).add(january)
        >>> covered.to_state()
        [['2026-01-01', '2026-02-28']]
        >>> spring = Window(day("2026-02-20"), day("2026-03-03"))
        >>> DayRanges(tuple(covered.missing_in(spring))).to_state()
        [['2026-03-01', '2026-03-03']]

    Attributes:
        ranges: The days as ranges, in ascending order. There is at least one day between two.
    """

    ranges: tuple[Window, ...] = ()

    @classmethod
    def from_state(cls, value: t.Any) -> tuple[DayRanges, list[t.Any]]:
        """Return the days that a state holds, and the members that are not ranges of days."""
        if not isinstance(value, list):
            return cls(), [value]
        days, damaged = cls(), []
        for member in value:
            window = _window(member)
            if window is None:
                damaged.append(member)
            else:
                days = days.add(window)
        return days, damaged

    def to_state(self) -> list[list[str]]:
        """Return the days as a state holds them."""
        return [[str(days.start), str(days.end)] for days in self.ranges]

    def add(self, window: Window) -> DayRanges:
        """Return the days of both."""
        if window.start > window.end:
            return self
        first, last = window.start.toordinal(), window.end.toordinal()
        earlier = [days for days in self.ranges if days.end.toordinal() + 1 < first]
        later = [days for days in self.ranges if days.start.toordinal() - 1 > last]
        joined = self.ranges[len(earlier) : len(self.ranges) - len(later)]
        if joined:
            start = min(window.start, joined[0].start)
            window = Window(start, max(window.end, joined[-1].end))
        return DayRanges((*earlier, window, *later))

    def missing_in(self, window: Window) -> Iterator[Window]:
        """Yield the days of a window that are not in the set, in ascending order."""
        first = window.start.toordinal()
        for days in self.ranges:
            if days.end.toordinal() < first or days.start > window.end:
                continue
            if first < days.start.toordinal():
                yield _range(first, days.start.toordinal() - 1)
            first = days.end.toordinal() + 1
        if first <= window.end.toordinal():
            yield _range(first, window.end.toordinal())

    def until(self, last: pendulum.Date) -> DayRanges:
        """Return the days up to a day, which is included."""
        return DayRanges(
            tuple(
                Window(days.start, min(days.end, last))
                for days in self.ranges
                if days.start <= last
            )
        )

    def since(self, first: pendulum.Date) -> DayRanges:
        """Return the days from a day on, which is included."""
        return DayRanges(
            tuple(
                Window(max(days.start, first), days.end)
                for days in self.ranges
                if days.end >= first
            )
        )

    def range_of(self, day: pendulum.Date) -> Window | None:
        """Return the range that holds a day, or None."""
        return next((days for days in self.ranges if days.start <= day <= days.end), None)

    def limited(self) -> DayRanges:
        """Return at most `MAX_RANGES` ranges: the longest ones, and the newer of two equal ones."""
        if len(self.ranges) <= MAX_RANGES:
            return self
        by_size = sorted(self.ranges, key=lambda days: (days.days, days.start), reverse=True)
        kept = by_size[:MAX_RANGES]
        return DayRanges(tuple(days for days in self.ranges if days in kept))


@dataclasses.dataclass(frozen=True, slots=True)
class Settling:
    """Decides from when on the numbers of a day do not change any more.

    Attributes:
        lookback_days: Returns the number of days after which TikTok does not change a day.
        delay_hours: Hours that the numbers of a stream are late.
        utc_days: True if days are UTC days, regardless of the advertiser's time zone.
    """

    lookback_days: Callable[[Advertiser | None], int]
    delay_hours: int = 0
    utc_days: bool = dataclasses.field(default=False, kw_only=True)

    def last_day(self, advertiser: Advertiser | None, now: pendulum.DateTime) -> pendulum.Date:
        """Return the last day that is settled.

        Args:
            advertiser: The advertiser.
            now: The time in the time zone of the advertiser.
        """
        local_now = now.in_timezone("UTC") if self.utc_days else now
        if self.delay_hours:
            local_now = local_now.subtract(hours=self.delay_hours)
        today = local_now.toordinal()
        return pendulum.Date.fromordinal(today - self.lookback_days(advertiser) - 1)


def parse_day(value: t.Any) -> pendulum.Date | None:
    """Return the day that a member of a state names, or None if it is not a day."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return pendulum.Date.fromisoformat(value)
    except ValueError:
        return None


def _window(member: t.Any) -> Window | None:
    """Return the range of days that a member of a state names, or None."""
    if not isinstance(member, list) or len(member) != 2:  # noqa: PLR2004 - first and last day
        return None
    first, last = map(parse_day, member)
    if first is None or last is None or first > last:
        return None
    return Window(first, last)


def _range(first: int, last: int) -> Window:
    """Return the range between two ordinals."""
    return Window(pendulum.Date.fromordinal(first), pendulum.Date.fromordinal(last))
