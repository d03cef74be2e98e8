"""Streams that are read in windows of days, in each advertiser's time zone."""

from __future__ import annotations

import functools
import itertools
import logging
import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.lookback import DEFAULT_LOOKBACK_DAYS
from tap_tiktok_ads.singer.state import DayBookmarks
from tap_tiktok_ads.singer.stream import TikTokStream

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.problems import Warnings

    DateRange = tuple[pendulum.Date, pendulum.Date]
    Owner = Advertiser | None
    OwnerWindow = tuple[Owner, dates.Window]


class DateRanges:
    """The days that a run reads of an advertiser: first a backfill, then from the bookmark on."""

    def __init__(
        self,
        run_context: RunContext,
        bookmarks: Callable[[], DayBookmarks],
        warnings: Warnings,
        lookback_days: Callable[[Owner], int],
    ) -> None:
        """Prepare.

        Args:
            run_context: Settings and the start of the run.
            bookmarks: Returns the bookmarks, once the schema is known.
            warnings: The warnings of the stream.
            lookback_days: Returns the days before the bookmark that are re-read.
        """
        self._run_context = run_context
        self._bookmarks = bookmarks
        self._warnings = warnings
        self._lookback_days = lookback_days

    def configured(self, owner: Owner) -> DateRange:
        """Return the first and last day that the settings name."""
        return self._run_context.days(owner)

    def to_read(self, owner: Owner) -> Iterator[DateRange]:
        """Yield the ranges to read, in their order.

        Raises:
            ConfigError: The state holds no usable date.
        """
        backfill = self._backfill(owner)
        if backfill is not None:
            yield backfill
        yield self._from_bookmark(owner)

    def _backfill(self, owner: Owner) -> DateRange | None:
        """Return the days before the earliest synced date, if an earlier start is configured."""
        earliest = self._bookmarks().earliest_date(owner)
        if earliest is None:
            return None
        first, last = self.configured(owner)
        last = min(last, earliest.subtract(days=1))
        if first > last:
            return None
        name = owner.id if owner else "all"
        self._run_context.logger.info(
            "Advertiser %s: reading %s to %s first, new to it.", name, first, last
        )
        self._bookmarks().plan_backfill(owner, dates.Window(first, last))
        return first, last

    def _from_bookmark(self, owner: Owner) -> DateRange:
        configured, last = self.configured(owner)
        bookmark = self._bookmarks().start(owner)
        first = dates.first_day_to_read(
            configured,
            dates.parse_time(bookmark).date() if bookmark else None,
            self._lookback_days(owner),
            rolling=dates.is_macro(self._run_context.settings.start_date),
        )
        earliest = self._bookmarks().earliest_date(owner)
        if earliest is not None:  # the lookback does not reach before what any run was to read
            first = max(first, min(configured, earliest))
        if first > last:
            self._warnings.log(
                f"empty {owner}",
                "No day to read for advertiser %s: %s is after %s.",
                owner.id if owner else "all",
                first,
                last,
            )
        return first, last


class WindowPlan:
    """One task per advertiser and window, in ascending order of the days.

    Attributes:
        width: Maximum number of days of the next window. It shrinks if windows are too large.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        owners: Callable[[], Sequence[Owner]],
        ranges: DateRanges,
        window_days: int,
        first_task: Callable[[Owner, dates.Window | None], Task],
        logger: logging.Logger,
        *,
        task_windows: Callable[[Owner, pendulum.Date, pendulum.Date], Sequence[dates.Window]],
    ) -> None:
        """Prepare.

        Args:
            owners: Returns the advertisers, or None for all at once.
            ranges: The days to read.
            window_days: Maximum number of days per request. 0 means that there are no windows.
            first_task: Returns the first task of an advertiser and window.
            logger: Logs the days that are read.
            task_windows: Returns the windows of a range that report tasks read, or none.
        """
        self.window_days = window_days
        self.width = window_days
        self._owners = owners
        self._ranges = ranges
        self._first_task = first_task
        self._task_windows = task_windows
        self._logger = logger

    def tasks(self) -> Iterable[Task]:
        """Return the first task of every window. Reads the bookmarks at once.

        Raises:
            ConfigError: A bookmark cannot be used.
        """
        self.width = self.window_days
        if not self.window_days:
            return (self._first_task(owner, None) for owner in self._owners())
        return itertools.starmap(self._first_task, self.windows(self._owners(), logging.INFO))

    def sample_tasks(self) -> Iterable[Task]:
        """Return the newest window of each advertiser, then the one before it, and so on."""
        if not self.window_days:
            return (self._first_task(owner, None) for owner in self._owners())
        newest_first = [self._windows_backwards(owner) for owner in self._owners()]
        turns = itertools.chain.from_iterable(itertools.zip_longest(*newest_first))
        return itertools.starmap(self._first_task, filter(None, turns))

    def _windows_backwards(self, owner: Owner) -> Iterator[OwnerWindow]:
        first, last = self._ranges.configured(owner)
        windows = dates.split_windows_backwards(first, last, self.window_days)
        return ((owner, window) for window in windows)

    def windows(self, owners: Sequence[Owner], level: int) -> Iterator[OwnerWindow]:
        """Return the windows of each advertiser, of the width that has worked in this run.

        Args:
            owners: The advertisers.
            level: The level at which the days are logged.
        """
        ranges = [(owner, *days) for owner in owners for days in self._ranges.to_read(owner)]
        self._logger.log(
            level,
            "Days %s to %s, in windows of at most %d, for %d advertiser(s).",
            min(first for _, first, _ in ranges),
            max(last for _, _, last in ranges),
            self.window_days,
            len(owners),
        )
        return self._split(ranges)

    def _split(
        self, ranges: Sequence[tuple[Owner, pendulum.Date, pendulum.Date]]
    ) -> Iterator[OwnerWindow]:
        for owner, first, last in ranges:
            start = first
            for window in reversed(self._task_windows(owner, first, last)):
                yield owner, window
                start = window.end.add(days=1)
            while start <= last:
                window = next(dates.split_windows(start, last, self.width))
                yield owner, window
                start = window.end.add(days=1)

    def halves(self, window: dates.Window) -> Iterator[dates.Window]:
        """Return the parts of a window that was too large. Later windows are not wider."""
        self.width = max(1, min(self.width, window.days // 2))
        return dates.split_windows(window.start, window.end, self.width)


class WindowedStream(TikTokStream):
    """A stream that is read in windows of days, in each advertiser's time zone."""

    window_days: int
    """Maximum number of days per request, both ends included. 0 if there are no windows."""

    @property
    def owners(self) -> Sequence[Owner]:
        """The advertisers that are read one after the other, or None for all at once."""
        return self.advertisers if self.per_advertiser else [None]

    def first_task(self, owner: Owner, window: dates.Window | None) -> Task:
        """Return the first task of an advertiser and window."""
        raise NotImplementedError

    def task_windows(
        self,
        owner: Owner,  # noqa: ARG002 - for subclasses
        first: pendulum.Date,  # noqa: ARG002
        last: pendulum.Date,  # noqa: ARG002
    ) -> Sequence[dates.Window]:
        """Return the windows of a range that report tasks read, newest first, or none."""
        return ()

    def lookback_days(self, owner: Owner) -> int:  # noqa: ARG002 - for subclasses
        """Return the days before the bookmark that are re-read."""
        days = self.run_context.settings.lookback_days
        return DEFAULT_LOOKBACK_DAYS if days is None else days

    @functools.cached_property
    @override
    def bookmarks(self) -> t.Any:
        return self.make_bookmarks(DayBookmarks)

    @functools.cached_property
    @override
    def plan(self) -> t.Any:
        return self.window_plan

    @functools.cached_property
    def window_plan(self) -> WindowPlan:
        """The plan of all windows."""
        ranges = DateRanges(
            self.run_context,
            lambda: t.cast("DayBookmarks", self.bookmarks),
            self.warnings,
            self.lookback_days,
        )
        return WindowPlan(
            lambda: self.owners,
            ranges,
            self.window_days,
            self.first_task,
            self.run_context.logger.getChild(self.name),
            task_windows=self.task_windows,
        )
