"""Days on which a report has no record, as its complete read of this run shows.

An hourly report needs no request for a day on which the daily report of its objects is empty.
"""

from __future__ import annotations

import email.utils
import typing as t

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.extract.pages import Page


class DaysRead:
    """The days of the pages of one advertiser and window.

    Example:
        >>> from tap_tiktok_ads.extract.pages import Page, PageDays
        >>> days = DaysRead()
        >>> days.add(Page(days=PageDays(frozenset({1, 2, 3}), frozenset({2}))))
        >>> sorted(days.empty)
        [1, 3]
        >>> days.add(Page(record_count=1))
        >>> days.empty
        frozenset()
    """

    def __init__(self) -> None:
        self._read: set[int] = set()
        self._active: set[int] = set()
        self._is_known = True

    def add(self, page: Page) -> None:
        """Add a page. No day is empty if a page has records of unknown days, or an error."""
        if page.days is not None:
            self._read |= page.days.read
            self._active |= page.days.active
            return
        has_error = bool(page.denied or page.failed or page.damage)
        self._is_known = self._is_known and not (has_error or page.record_count or page.received)

    @property
    def empty(self) -> AbstractSet[int]:
        """The days that were read and have no record."""
        return frozenset(self._read - self._active) if self._is_known else frozenset()


class EmptyDays:
    """The empty days of complete reports, by stream and advertiser. Shared by the streams.

    The main thread adds days while workers look days up. An operation on a dictionary is atomic.

    Example:
        >>> days = EmptyDays()
        >>> days.add("daily", "7", {1, 2}, None)
        >>> days.are_known("daily", "7", [1]), days.are_known("daily", "7", [1, 3])
        (True, False)
        >>> days.begin("daily")
        >>> days.decide("daily", "7", [1, 2])
        >>> days.is_pending("daily", "7", [1]), days.is_pending("daily", "7", [3])
        (False, True)
    """

    def __init__(self) -> None:
        self._read_at: dict[tuple[str, str, int], dt.datetime | None] = {}
        self._reading: set[str] = set()
        self._decided: set[tuple[str, str, int]] = set()

    def begin(self, stream: str) -> None:
        """Register that a report begins, whose empty days other reports leave out."""
        self._reading.add(stream)

    def finish(self, stream: str) -> None:
        """Register that a report is read."""
        self._reading.discard(stream)

    def decide(self, stream: str, advertiser_id: str, days: Iterable[int]) -> None:
        """Register that days are read, empty or not."""
        self._decided.update((stream, advertiser_id, day) for day in days)

    def is_pending(self, stream: str, advertiser_id: str, days: Iterable[int]) -> bool:
        """Return True while a report is read and has not decided all of the days."""
        if stream not in self._reading:
            return False
        return not all((stream, advertiser_id, day) in self._decided for day in days)

    def add(
        self, stream: str, advertiser_id: str, days: Iterable[int], read_at: dt.datetime | None
    ) -> None:
        """Add empty days.

        Args:
            stream: Name of the report.
            advertiser_id: The advertiser.
            days: The ordinals of the days.
            read_at: When the report was read, by the server's clock.
        """
        for day in days:
            self._read_at[stream, advertiser_id, day] = read_at

    def are_known(self, stream: str, advertiser_id: str, days: Iterable[int]) -> bool:
        """Return True if all of the days are known to be empty."""
        return all((stream, advertiser_id, day) in self._read_at for day in days)

    def server_time(self, stream: str, advertiser_id: str, days: Iterable[int]) -> str | None:
        """Return the HTTP date at which known days were read, or None if the server sent none."""
        times = [self._read_at[stream, advertiser_id, day] for day in days]
        earliest = min(filter(None, times), default=None)
        return None if earliest is None else email.utils.format_datetime(earliest, usegmt=True)
