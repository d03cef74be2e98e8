"""The last final day of a report. No later run re-reads a final day."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.day_ranges import Settling
    from tap_tiktok_ads.extract.pages import Task

#: Days after which the slowest numbers of a day exist: audiences and reach take most of one.
DELAY_DAYS = 2
#: Characters of a date, as YYYY-MM-DD.
DATE_LENGTH = 10


class Finality:
    """Decides the column `is_final`."""

    def __init__(
        self,
        time_dimension: str | None,
        now: Callable[[Advertiser | None], pendulum.DateTime],
        settling: Settling,
    ) -> None:
        """Prepare.

        Args:
            time_dimension: The dimension with the day or hour, or None.
            now: Returns the start of the run in the time zone of an advertiser.
            settling: Decides from when on a day is covered, so that no run reads it again.
        """
        self._now = now
        self._settling = settling
        self._member_start = b'"%s":"' % (time_dimension or "").encode()
        self._last_final_days: dict[Advertiser | None, str] = {}

    def is_final(self, moment: t.Any, task: Task) -> bool | None:
        """Return True if a day, or the day of an hour, will not be re-read. None for no date."""
        if not isinstance(moment, str):
            return None
        return moment[:DATE_LENGTH] <= self.last_final_day(task.advertiser)

    def last_final_day(self, advertiser: Advertiser | None) -> str:
        """Return the latest day of an advertiser that no later run re-reads."""
        if advertiser not in self._last_final_days:
            now = self._now(advertiser)
            delayed = now.subtract(days=DELAY_DAYS).date()
            last_day = min(self._settling.last_day(advertiser, now), delayed)
            self._last_final_days[advertiser] = str(last_day)
        return self._last_final_days[advertiser]

    def add_to_members(
        self, raw_records: Sequence[tuple[bytes, t.Any]], task: Task
    ) -> list[tuple[bytes, t.Any]]:
        """Return the encoded members of each record, with `is_final` in front."""
        members_by_day: dict[bytes, bytes] = {}  # a page has few days
        result = []
        for members, fingerprint in raw_records:
            start = members.index(self._member_start) + len(self._member_start)
            day = members[start : start + DATE_LENGTH]
            is_final = members_by_day.get(day)
            if is_final is None:
                value = b"true" if self.is_final(day.decode(), task) else b"false"
                is_final = members_by_day[day] = b'"is_final":%s,' % value
            result.append((is_final + members, fingerprint))
        return result
