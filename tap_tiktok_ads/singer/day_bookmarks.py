"""Bookmarks of windowed streams: the covered days, which no run re-reads.

A partition of a windowed stream in the state:

    {"context": {"advertiser_id": "7"}, "start_floor": "2026-01-01",
     "covered": [["2026-01-01", "2026-03-06"]], "read_from": "2026-01-01",
     "replication_key": "stat_time_day", "replication_key_value": "2026-03-06"}

`covered` decides. Empty lists are written, too. Meltano merges states: a member that is left
out comes back. `start_floor` is the earliest start that a run resolved. The other members are for
other readers of the state. They hold the first and last day of the covered range that contains the
start of the run.

With `skip_dormant`, `skipped` holds the settled days that were not read because a probe found them
empty, with the date of the probe. `read_once` holds the days that were read before they settled.
"""

from __future__ import annotations

import itertools
import typing as t

import pendulum
from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.extract.dates import MIN_CLOCK_TIME, Window, time_zone
from tap_tiktok_ads.extract.day_ranges import DayRanges, Settling, parse_day
from tap_tiktok_ads.extract.dormancy import ordinals
from tap_tiktok_ads.extract.skipped_days import SkippedDays
from tap_tiktok_ads.singer.state import KEY, VALUE, Bookmarks

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.singer.state import State

COVERED = "covered"
START_FLOOR = "start_floor"
#: First day of the range whose last day is the bookmark. Earlier versions: the earliest synced day.
EARLIEST_DATE = "read_from"
SKIPPED = "skipped"
READ_ONCE = "read_once"


class DayBookmarks(Bookmarks):
    """The days of each advertiser that are covered.

    A day is covered once it was read completely after it had settled. The days of the state are
    read when they are first needed, because they depend on the advertiser's lookback window.

    Attributes:
        keeps_read_days: True if the state holds the unsettled days that were read, too.
    """

    def __init__(self, *args: t.Any, settling: Settling, **options: t.Any) -> None:
        """Prepare.

        Args:
            args: As for `Bookmarks`.
            settling: Decides from when on a day does not change any more.
            options: As for `Bookmarks`.
        """
        super().__init__(*args, **options)
        self.keeps_read_days = False
        self._settling = settling
        self._covered: dict[str | None, DayRanges] = {}  # by advertiser id
        self._first_days: dict[str | None, pendulum.Date] = {}
        self._held_windows: set[tuple[str | None, Window | None]] = set()
        self._skipped: dict[str | None, SkippedDays] = {}  # by advertiser id
        self._read_once: dict[str | None, DayRanges] = {}  # by advertiser id
        self._unwritten: list[Advertiser | None] = []  # whose skipped days are not in the state

    @override
    def format(self, moment: pendulum.DateTime) -> str:
        return moment.to_date_string()

    @override
    def hold(self, advertiser: Advertiser | None, window: Window | None = None) -> None:
        self._held_windows.add((id_of(advertiser), window))

    @override
    def is_held(self, advertiser: Advertiser | None, window: Window | None = None) -> bool:
        return (id_of(advertiser), window) in self._held_windows

    # Days to read

    def note_start(self, advertiser: Advertiser | None, start: pendulum.Date) -> None:
        """Write the start that a run resolved to the state, before anything is read.

        Args:
            advertiser: The advertiser.
            start: The first day that the settings name.
        """
        if not self._is_incremental or self._started_at < MIN_CLOCK_TIME:
            return  # without a clock, a macro would go back for decades, and so would later runs
        partition = self.writable_partition(advertiser)
        if partition.get(KEY, self.replication_key) != self.replication_key:
            for member in (VALUE, EARLIEST_DATE):
                partition.pop(member, None)
            partition |= {name: [] for name in (SKIPPED, READ_ONCE) if name in partition}
            partition[COVERED] = []
        if not _is_of_earlier_version(partition):
            partition.setdefault(COVERED, [])
        partition[KEY] = self.replication_key
        known_start = self._known_start(advertiser, partition)
        partition[START_FLOOR] = str(start if known_start is None else min(start, known_start))

    def first_day(
        self,
        advertiser: Advertiser | None,
        start: pendulum.Date,
        *,
        rolling: bool,
        existing_since: pendulum.Date | None = None,
    ) -> pendulum.Date:
        """Return the first day that a run reads, unless it is covered.

        Args:
            advertiser: The advertiser.
            start: The first day that the settings name.
            rolling: True if the start is a macro. An earlier run may have resolved an earlier one.
            existing_since: The first day on which the account can have data, or None.
        """
        partition = self.partition(advertiser)
        first_days = [start]
        if rolling and self._is_incremental:
            first_days += filter(None, [self._known_start(advertiser, partition)])
            first_days += filter(None, [self._resumed_day(advertiser, partition)])
        first = min(first_days)
        if existing_since is not None:
            first = max(first, existing_since)
        self._first_days[id_of(advertiser)] = first
        return first

    def covered(self, advertiser: Advertiser | None) -> DayRanges:
        """Return the days that no run needs to read again."""
        owner = id_of(advertiser)
        if owner not in self._covered:
            days = self._days_in_state(advertiser) if self._is_incremental else DayRanges()
            self._covered[owner] = days.until(self.last_settled_day(advertiser))
        return self._covered[owner]

    def last_settled_day(self, advertiser: Advertiser | None) -> pendulum.Date:
        """Return the last day whose numbers do not change any more."""
        return self._last_settled_day(advertiser, self._started_at)

    # Days that are not read

    def skipped(self, advertiser: Advertiser | None) -> SkippedDays:
        """Return the days that were skipped because a probe found them empty."""
        owner = id_of(advertiser)
        if owner not in self._skipped:
            value = self.partition(advertiser).get(SKIPPED, [])
            days, damaged = SkippedDays.from_state(value)
            for member in damaged:
                self.warn_of_unusable(advertiser, SKIPPED, member, "ranges of days with a day")
            self._skipped[owner] = days
        if not self._skipped[owner].days:
            return self._skipped[owner]
        covered = itertools.chain.from_iterable(map(ordinals, self.covered(advertiser).ranges))
        return self._skipped[owner].without(set(covered))

    def read_once(self, advertiser: Advertiser | None) -> DayRanges:
        """Return the days that an earlier run read before they had settled."""
        owner = id_of(advertiser)
        if owner not in self._read_once:
            value = self.partition(advertiser).get(READ_ONCE, [])
            self._read_once[owner], damaged = DayRanges.from_state(value)
            for member in damaged:
                self.warn_of_unusable(advertiser, READ_ONCE, member, "ranges of days")
        return self._read_once[owner]

    def skip(self, advertiser: Advertiser | None, days: SkippedDays) -> None:
        """Replace the skipped days of an advertiser. `write_skipped` adds them to the state."""
        self._skipped[id_of(advertiser)] = days
        self._unwritten.append(advertiser)

    def write_skipped(self) -> bool:
        """Write the skipped days to the state. Return True if there were any."""
        unwritten, self._unwritten = self._unwritten, []
        for advertiser in unwritten:
            self._write(advertiser, self.covered(advertiser).limited())
        return bool(unwritten)

    # Days that were read

    @override
    def advance(self, group: TaskGroup) -> bool:
        """Cover the settled days of a completed window. Return True if the state changed."""
        has_skipped = self.write_skipped()
        window = group.window
        if window is None or not self._is_incremental or not group.is_complete:
            return has_skipped
        if self.is_held(group.advertiser, window):
            return has_skipped
        moment = min(self._started_at, group.started_at or self._started_at)
        last = self._last_settled_day(group.advertiser, pendulum.instance(moment))
        settled = Window(window.start, min(window.end, last))
        owner = id_of(group.advertiser)
        if self.keeps_read_days:
            self._read_once[owner] = self.read_once(group.advertiser).add(window)
        self._covered[owner] = self.covered(group.advertiser).add(settled)
        self._write(group.advertiser, self._covered[owner].limited())
        return True

    def _write(self, advertiser: Advertiser | None, covered: DayRanges) -> None:
        partition = self.writable_partition(advertiser)
        first = self._first_days.get(id_of(advertiser))
        if first is not None:
            known_start = self._known_start(advertiser, partition)
            partition[START_FLOOR] = str(first if known_start is None else min(first, known_start))
        partition[KEY] = self.replication_key
        partition[COVERED] = covered.to_state()
        self._write_optional(advertiser, partition)
        current = None if first is None else covered.range_of(first)
        if current is None:
            partition.pop(VALUE, None)
            partition.pop(EARLIEST_DATE, None)
        else:
            partition[VALUE] = str(current.end)
            partition[EARLIEST_DATE] = str(current.start)

    def _write_optional(self, advertiser: Advertiser | None, partition: State) -> None:
        """Write the members that only `skip_dormant` needs. A member that exists is kept."""
        skipped = self.skipped(advertiser)
        if skipped.days or SKIPPED in partition:
            partition[SKIPPED] = skipped.to_state()
        if self.keeps_read_days or READ_ONCE in partition:
            first_unsettled = self.last_settled_day(advertiser).add(days=1)
            days = self.read_once(advertiser).since(first_unsettled)
            partition[READ_ONCE] = days.limited().to_state()

    # The state

    def _last_settled_day(
        self, advertiser: Advertiser | None, moment: pendulum.DateTime
    ) -> pendulum.Date:
        zone = advertiser.timezone if advertiser else "UTC"
        return self._settling.last_day(advertiser, moment.in_timezone(time_zone(zone)))

    def _days_in_state(self, advertiser: Advertiser | None) -> DayRanges:
        """Return the days that the state proves to be read, for the same replication key."""
        partition = self.partition(advertiser)
        if partition.get(KEY, self.replication_key) != self.replication_key:
            return DayRanges()
        if _is_of_earlier_version(partition):
            return self._converted(advertiser, partition)
        stored, damaged = DayRanges.from_state(partition.get(COVERED, []))
        tomorrow = self._started_at.add(days=1).date()
        days = DayRanges()
        for window in stored.ranges:
            if window.end > tomorrow:  # by a wrong clock: where it ended in truth is unknown
                damaged.append([str(window.start), str(window.end)])
            else:
                days = days.add(window)
        for member in damaged:
            self.warn_of_unusable(advertiser, COVERED, member, "ranges of days up to today")
        return days

    def _converted(
        self, advertiser: Advertiser | None, partition: Mapping[str, t.Any]
    ) -> DayRanges:
        """Return the days of a state that has no covered ranges.

        Without its first day, it proves no day.
        """
        resumed = self._resumed_day(advertiser, partition)
        earliest = self._day(advertiser, partition, EARLIEST_DATE)
        if resumed is None or earliest is None:
            return DayRanges()
        return DayRanges().add(Window(earliest, resumed.subtract(days=1)))

    def _resumed_day(
        self, advertiser: Advertiser | None, partition: Mapping[str, t.Any]
    ) -> pendulum.Date | None:
        """Return the day from which an earlier version went on, if one wrote the partition."""
        if not _is_of_earlier_version(partition) or partition.get(KEY) != self.replication_key:
            return None
        bookmark = self.readable_time(advertiser, partition[VALUE])
        if bookmark is None:
            return None
        return bookmark.date().subtract(days=self._settling.lookback_days(advertiser))

    def _known_start(
        self, advertiser: Advertiser | None, partition: Mapping[str, t.Any]
    ) -> pendulum.Date | None:
        """Return the earliest start that a run resolved, as far as the state holds it."""
        days = [self._day(advertiser, partition, name) for name in (START_FLOOR, EARLIEST_DATE)]
        return min(filter(None, days), default=None)

    def _day(
        self, advertiser: Advertiser | None, partition: Mapping[str, t.Any], member: str
    ) -> pendulum.Date | None:
        """Return the day of a member of a partition, or None with a warning if it is not a day."""
        value = partition.get(member)
        day = parse_day(value)
        if value is not None and day is None:
            self.warn_of_unusable(advertiser, member, value, "a day such as 2026-01-31")
        return day


def _is_of_earlier_version(partition: Mapping[str, t.Any]) -> bool:
    """Return True if a partition has a bookmark and no covered ranges."""
    return COVERED not in partition and partition.get(VALUE) is not None
