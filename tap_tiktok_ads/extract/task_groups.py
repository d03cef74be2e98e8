"""What was read of the lists of one advertiser and window."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    import datetime as dt

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Page, Task


@dataclasses.dataclass(slots=True)
class ListPass:
    """Counts of one pass over a list.

    Attributes:
        received: Number of records.
        repeated: Number of records that came more than once.
        totals: Each distinct `total_number` of its pages.
        is_broken: True if a page was denied or failed.
    """

    received: int = 0
    repeated: int = 0
    totals: set[int] = dataclasses.field(default_factory=set)
    is_broken: bool = False

    def add(self, received: int, total: int | None, repeated: int) -> None:
        """Count one page."""
        self.received += received
        self.repeated += repeated
        if total is not None:
            self.totals.add(total)

    @property
    def is_complete(self) -> bool:
        """True if nothing indicates that records are missing."""
        if self.is_broken:
            return False
        return not self.totals or (not self.repeated and self.totals == {self.received})

    def confirms(self, previous: ListPass) -> bool:
        """Return True if both passes brought equal counts and one equal total."""
        return self == previous and len(self.totals) == 1 and not self.is_broken


class TaskGroup:
    """The tasks of one advertiser and window.

    The bookmark advances once every task of the group is written.

    Attributes:
        started_at: HTTP date of the earliest response.
        latest_change: The latest value of the replication key.
        seen_keys: Keys of the records so far.
        repeated: Number of records that were dropped because they came before.
        passes: The first task and the counts of each list.
        is_complete: False once a record can be missing.
        has_deletions: True if the group wrote deletion records.
    """

    def __init__(self, advertiser: Advertiser | None, window: Window | None) -> None:
        self.advertiser = advertiser
        self.window = window
        self.started_at: dt.datetime | None = None
        self.latest_change: str | None = None
        self.seen_keys: set[t.Any] = set()
        self.repeated = 0
        self.passes: dict[str, tuple[Task, ListPass]] = {}
        self.is_complete = True
        self.has_deletions = False

    def add(self, page: Page) -> None:
        """Register the response time and the failure of a page."""
        self.is_complete = self.is_complete and page.failed is None
        responded_at = dates.parse_server_time(page.server_time)
        if responded_at is not None:
            self.started_at = min(responded_at, self.started_at or responded_at)

    def pass_of(self, task: Task) -> ListPass:
        """Return the counts of the list that a task belongs to."""
        return self.passes.setdefault(task.list_key, (task, ListPass()))[1]
