"""Streams that are read in windows of days, in each advertiser's time zone or in UTC."""

from __future__ import annotations

import functools
import itertools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.config.schema import NEWEST_FIRST
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.day_ranges import DayRanges, Settling
from tap_tiktok_ads.extract.lookback import DEFAULT_LOOKBACK_DAYS
from tap_tiktok_ads.singer.day_bookmarks import DayBookmarks
from tap_tiktok_ads.singer.stream import TikTokStream

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.problems import Warnings

    Owner = Advertiser | None
    OwnerWindow = tuple[Owner, dates.Window]
    Blocks = Callable[[Owner, Sequence[dates.Window]], Iterator[OwnerWindow]]


class DateRanges:
    """The days that a run reads of an advertiser: the configured ones, without the covered ones."""

    def __init__(
        self,
        run_context: RunContext,
        bookmarks: Callable[[], DayBookmarks],
        warnings: Warnings,
        *,
        utc_days: bool = False,
        begins_with_account: bool = True,
    ) -> None:
        """Prepare.

        Args:
            run_context: Settings and the start of the run.
            bookmarks: Returns the bookmarks, once the schema is known.
            warnings: The warnings of the stream.
            utc_days: True if days are UTC days, regardless of the advertiser's time zone.
            begins_with_account: True if an account has no data before its creation.
        """
        self._run_context = run_context
        self._bookmarks = bookmarks
        self._warnings = warnings
        self._utc_days = utc_days
        self._begins_with_account = begins_with_account

    def configured(self, owner: Owner) -> dates.Window:
        """Return the days that the settings name."""
        return dates.Window(*self._run_context.days(None if self._utc_days else owner))

    def note_start(self, owner: Owner) -> None:
        """Write the configured start to the state. A later run with a macro goes back to it."""
        self._bookmarks().note_start(owner, self.configured(owner).start)

    def to_read(self, owner: Owner) -> list[dates.Window]:
        """Return the ranges to read, in ascending order."""
        days = self.requested(owner)
        if days is None:
            return []
        if days.start > days.end:
            self._warnings.log(
                f"empty {owner}",
                "Stream %s has no day to read for advertiser %s: the first day %s is after the "
                "last day %s.",
                owner.id if owner else "all",
                days.start,
                days.end,
            )
        return list(self._bookmarks().covered(owner).missing_in(days))

    def requested(self, owner: Owner) -> dates.Window | None:
        """Return the days that are read unless they are covered, or None without an account."""
        configured = self.configured(owner)
        existing_since = self._existing_since(owner)
        if existing_since is not None and existing_since > configured.end:
            return None
        first = self._bookmarks().first_day(
            owner,
            configured.start,
            rolling=dates.is_macro(self._run_context.settings.start_date),
            existing_since=existing_since,
        )
        return dates.Window(first, configured.end)

    def _existing_since(self, owner: Owner) -> pendulum.Date | None:
        """Return the day before the account was created, or None if days before it are read.

        The day before is a margin for accounts whose time zone has changed.
        """
        is_skipped = self._run_context.settings.skip_days_before_creation
        if not self._begins_with_account or not is_skipped or owner is None:
            return None
        if owner.created_at is None or owner.created_at > self._run_context.started_at:
            return None
        return owner.created_at.in_timezone(owner.timezone).date().subtract(days=1)


class WindowPlan:
    """One task per advertiser and window.

    Newest first: the newest window of each advertiser, then the one before it, and so on. Oldest
    first: all windows of an advertiser in ascending order, then those of the next advertiser.

    Attributes:
        width: Maximum number of days of the next window. It shrinks if windows are too large.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        owners: Callable[[], Sequence[Owner]],
        ranges: DateRanges,
        window_days: int,
        first_task: Callable[[Owner, dates.Window | None], Task],
        logger: logging.Logger | None,
        *,
        is_newest_first: Callable[[], bool],
        task_windows: Callable[[Owner, pendulum.Date, pendulum.Date], Sequence[dates.Window]],
        needed_days: Callable[[Owner, Sequence[dates.Window]], Sequence[dates.Window]],
    ) -> None:
        """Prepare.

        Args:
            owners: Returns the advertisers, or None for all at once.
            ranges: The days to read.
            window_days: Maximum number of days per request. 0 means that there are no windows.
            first_task: Returns the first task of an advertiser and window.
            logger: Logs the days that are read. None: an estimate logs none.
            is_newest_first: Returns True if the newest windows are read first.
            task_windows: Returns the windows of a range that report tasks read, or none.
            needed_days: Returns the ranges of an advertiser without windows that hold no data.
        """
        self.window_days = window_days
        self.width = window_days
        self._owners = owners
        self._ranges = ranges
        self._first_task = first_task
        self._task_windows = task_windows
        self._needed_days = needed_days
        self._logger = logger
        self._is_newest_first = is_newest_first

    def tasks(self) -> Iterable[Task]:
        """Return the first task of every window. Reads the state at once."""
        if not self.window_days:
            return (self._first_task(owner, None) for owner in self._owners())
        return itertools.starmap(self._first_task, self.windows())

    def note_starts(self) -> None:
        """Write the start of each advertiser to the state."""
        for owner in self._owners():
            self._ranges.note_start(owner)

    def sample_tasks(self) -> Iterable[Task]:
        """Return the newest window of each advertiser, then the one before it, and so on."""
        if not self.window_days:
            return (self._first_task(owner, None) for owner in self._owners())
        configured = {owner: [self._ranges.configured(owner)] for owner in self._owners()}
        windows = self._newest_first(configured, self._newest_sync_blocks)
        return itertools.starmap(self._first_task, windows)

    def requested_days(self) -> dict[Owner, dates.Window | None]:
        """Return the days of each advertiser that the run reads, including the covered days."""
        return {owner: self._ranges.requested(owner) for owner in self._owners()}

    def unread_ranges(self) -> dict[Owner, Sequence[dates.Window]]:
        """Return the ranges of each advertiser that are not covered. Reads the state."""
        return {owner: self._ranges.to_read(owner) for owner in self._owners()}

    def windows_of(self, ranges: Iterable[dates.Window]) -> list[dates.Window]:
        """Return the synchronous windows of an advertiser's ranges, for an estimate."""
        return [window for days in ranges for window in self._sync_blocks(days)]

    def windows(self) -> Iterator[OwnerWindow]:
        """Return the windows of all advertisers, of the width that has worked in this run."""
        self.width = self.window_days
        ranges = {
            owner: self._needed_days(owner, days) for owner, days in self.unread_ranges().items()
        }
        windows = itertools.chain.from_iterable(ranges.values())
        days = functools.reduce(DayRanges.add, windows, DayRanges())
        if days.ranges and self._logger is not None:
            self._logger.info(
                "Days %s, in windows of at most %d, for %d advertiser(s).",
                ", ".join(f"{window.start} to {window.end}" for window in days.ranges),
                self.window_days,
                len(ranges),
            )
        if self._is_newest_first():
            return self._newest_first(ranges, self._newest_blocks)
        return self._oldest_first(ranges)

    def _newest_first(
        self, ranges: Mapping[Owner, Sequence[dates.Window]], blocks: Blocks
    ) -> Iterator[OwnerWindow]:
        turns = itertools.zip_longest(*itertools.starmap(blocks, ranges.items()))
        for owner, block in filter(None, itertools.chain.from_iterable(turns)):
            for window in self._pieces(block):
                yield owner, window

    def _newest_blocks(self, owner: Owner, ranges: Sequence[dates.Window]) -> Iterator[OwnerWindow]:
        for days in reversed(ranges):
            windows = self._task_windows(owner, days.start, days.end)
            for block in windows or self._sync_blocks(days):
                yield owner, block

    def _newest_sync_blocks(
        self, owner: Owner, ranges: Sequence[dates.Window]
    ) -> Iterator[OwnerWindow]:
        for days in reversed(ranges):
            for block in self._sync_blocks(days):
                yield owner, block

    def _sync_blocks(self, days: dates.Window) -> Iterator[dates.Window]:
        """Return the parts of a range, newest first. An advertiser reads one of them per turn."""
        return dates.split_windows_backwards(days.start, days.end, self.window_days)

    def _oldest_first(
        self, ranges: Mapping[Owner, Sequence[dates.Window]]
    ) -> Iterator[OwnerWindow]:
        for owner, windows in ranges.items():
            for days in windows:
                for block in self._oldest_blocks(owner, days):
                    for window in self._pieces(block):
                        yield owner, window

    def _oldest_blocks(self, owner: Owner, days: dates.Window) -> Iterable[dates.Window]:
        windows = self._task_windows(owner, days.start, days.end)
        if windows:
            return reversed(windows)
        return dates.split_windows(days.start, days.end, self.window_days)

    def _pieces(self, days: dates.Window) -> Iterator[dates.Window]:
        """Yield the windows of a block. Each has the width that is known to work by then.

        A block that is wider than a request is the window of a report task.
        """
        if days.days > self.window_days:
            yield days
            return
        remaining = [days]
        while remaining:
            window = next(self._split(remaining[0]))
            yield window
            remaining = list(DayRanges((window,)).missing_in(remaining[0]))

    def halves(self, window: dates.Window) -> Iterator[dates.Window]:
        """Return the parts of a window that was too large. Later windows are not wider."""
        self.width = max(1, min(self.width, window.days // 2))
        return self._split(window)

    def _split(self, days: dates.Window) -> Iterator[dates.Window]:
        """Return the windows of a range, in the order in which they are read."""
        if self._is_newest_first():
            return dates.split_windows_backwards(days.start, days.end, self.width)
        return dates.split_windows(days.start, days.end, self.width)


class WindowedStream(TikTokStream):
    """A stream that is read in windows of days, in each advertiser's time zone or in UTC."""

    window_days: int
    """Maximum number of days per request, both ends included. 0 if there are no windows."""
    delay_hours: t.ClassVar[int] = 0
    """Hours that the numbers of a day are late, besides the lookback."""
    utc_days: t.ClassVar[bool] = False
    """True if the days of the endpoint are UTC days, whatever the advertiser's time zone."""
    begins_with_account: t.ClassVar[bool] = True
    """False if records can be older than the advertiser's account."""
    fixed_lookback_days: t.ClassVar[int | None] = None
    """The lookback of the stream, or None for the setting's value."""

    @property
    def owners(self) -> Sequence[Owner]:
        """The advertisers that are read one after the other, or None for all at once."""
        return self.advertisers if self.per_advertiser else [None]

    @override
    def begin(self) -> None:
        if self.fetching is None and self.window_days:
            self.window_plan.note_starts()
        super().begin()

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

    def needed_days(
        self,
        owner: Owner,  # noqa: ARG002 - for subclasses
        ranges: Sequence[dates.Window],
    ) -> Sequence[dates.Window]:
        """Return the ranges of an advertiser without the windows that are known to be empty."""
        return ranges

    def lookback_days(self, owner: Owner) -> int:  # noqa: ARG002 - for subclasses
        """Return the number of days after which the numbers of a day do not change."""
        if self.fixed_lookback_days is not None:
            return self.fixed_lookback_days
        days = self.run_context.settings.lookback_days
        return DEFAULT_LOOKBACK_DAYS if days is None else days

    @functools.cached_property
    def settling(self) -> Settling:
        """Decides from when on the numbers of a day do not change any more."""
        return Settling(self.lookback_days, self.delay_hours, utc_days=self.utc_days)

    @functools.cached_property
    @override
    def bookmarks(self) -> t.Any:
        return self.make_bookmarks(functools.partial(DayBookmarks, settling=self.settling))

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
            utc_days=self.utc_days,
            begins_with_account=self.begins_with_account,
        )
        return WindowPlan(
            lambda: self.owners,
            ranges,
            self.window_days,
            self.first_task,
            self.run_context.logger.getChild(self.name)
            if self.run_context.allow_requests
            else None,
            is_newest_first=self._is_newest_first,
            task_windows=self.task_windows,
            needed_days=self.needed_days,
        )

    def _is_newest_first(self) -> bool:
        order = self.run_context.settings.backfill_order
        return order == NEWEST_FIRST and self.has_keys

    @property
    def has_keys(self) -> bool:
        """True if records have a key. A stream without keys keeps the order of the days."""
        return bool(self.primary_keys)
