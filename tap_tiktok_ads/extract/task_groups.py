"""The records and passes read for the lists of one advertiser and window."""

from __future__ import annotations

import collections
import dataclasses
import enum
import itertools
import typing as t

from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.empty_days import DaysRead

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Page, Task

_DIGEST_MODULUS = 2**64


def digest_of(page: Page, keys: Sequence[t.Any]) -> int | None:
    """Return the sum of the hashes of a page's keys, in any order, or None without keys."""
    if page.page_hash is not None:
        return page.page_hash
    return sum(map(hash, keys)) if keys else None


class Verdict(enum.Enum):
    """Conclusion from the passes over a list."""

    COMPLETE = "every record was received"
    AGREED = "two passes agree, although TikTok's count differs"
    CAPPED = "every record that the endpoint lists was received, up to its documented limit"
    INCOMPLETE = "records can be missing"


@dataclasses.dataclass(slots=True)
class ListPass:
    """Facts about one pass over a list.

    Attributes:
        received: Number of raw records.
        keyless: Number of raw records that brought no record with a key.
        repeated: Number of records received a second time in this pass.
        total: The largest `total_number` of its pages.
        page_count: Number of pages.
        page_size: Maximum number of raw records of the last page, or 0 if it is not known.
        unchanged: Number of raw records that are known to be unchanged, and were not requested.
        damage: Why a page does not count as read, or None.
        has_moved: True if the first page has changed during the pass.
        is_broken: True if a page was denied or failed.
        is_flat: True if each raw record is one record at most.
        has_short_page: True if a page before the last one is not full.
        has_gap: True if records follow a page that is empty or not full.
        is_last_page_full: True if another page can follow the last one.
        has_ended: True if a page is empty, or not full by its own page size.
        has_empty_page: True if a page has no record.
        began_at: Clock time at which the pass began. The first pass counts from its end.
        ended_at: Clock time at which the pass ended.
        first_page: Digest of the first page.
        page_digests: Digest of each page with keys.
    """

    received: int = 0
    keyless: int = 0
    repeated: int = 0
    total: int | None = None
    page_count: int = 0
    page_size: int = 0
    unchanged: int = 0
    damage: str | None = None
    has_moved: bool = False
    is_broken: bool = False
    is_flat: bool = True
    has_short_page: bool = False
    has_gap: bool = False
    is_last_page_full: bool = False
    has_ended: bool = False
    has_empty_page: bool = False
    began_at: float = 0.0
    ended_at: float = 0.0
    first_page: int | None = None
    page_digests: set[int] = dataclasses.field(default_factory=set)

    def add(self, page: Page, keys: Sequence[t.Any], repeated: int) -> None:
        """Add one page of the list.

        Args:
            page: The page, with the number of raw records in it.
            keys: The keys of its records, or their hashes if they have no keys.
            repeated: Number of records received a second time in this pass.
        """
        received = page.received or 0
        self._add_digest(digest_of(page, keys))
        self.has_short_page |= self.page_count > 0 and not self.is_last_page_full
        self.has_gap |= self.has_ended and received > 0
        self.has_empty_page |= not received
        self.is_last_page_full = 0 < page.page_size <= received
        self.has_ended |= not received or received < page.page_size
        self.is_flat &= page.record_count <= received
        self.keyless += max(0, received - len(keys))
        self.received += received
        self.repeated += repeated
        self.page_count += 1
        self.page_size = page.page_size
        self.unchanged += page.unchanged
        if page.total is not None:
            self.total = max(page.total, self.total or 0)

    def compare_first_page(self, page: Page, keys: Sequence[t.Any]) -> None:
        """Compare the first page with its content after all pages were received."""
        self.has_moved = digest_of(page, keys) != self.first_page

    def _add_digest(self, digest: int | None) -> None:
        """Compare a page with the earlier ones. A page without keys has no digest."""
        if self.page_count == 0:
            self.first_page = digest
        if digest is None:
            return
        if digest in self.page_digests:
            self.damage = self.damage or "a page is equal to an earlier one."
        self.page_digests.add(digest)

    @property
    def digest(self) -> int:
        """The sum of the hashes of all records, in any order and on any page."""
        return sum(self.page_digests) % _DIGEST_MODULUS

    def repeats(self, other: ListPass) -> bool:
        """Return True if both passes received identical records, page by page full."""
        is_clean = self.is_clean and other.is_clean
        is_equal = (self.received, self.digest) == (other.received, other.digest)
        return is_clean and is_equal and self.received > 0

    @property
    def is_clean(self) -> bool:
        """True if nothing but the total indicates that records are missing."""
        return not (self.is_bad or self.has_short_page or self.has_empty_page)

    @property
    def is_bad(self) -> bool:
        """True if a page was not read, is damaged, or brought a record once more."""
        return bool(self.is_broken or self.damage or self.repeated)


@dataclasses.dataclass(slots=True)
class ListProgress:
    """The passes of this run over one list.

    Attributes:
        first_task: The task of the first page.
        keys: Distinct keys of all passes.
        pass_keys: Distinct keys of the latest pass, or None during the first pass.
        written_keys: Keys that the records to write are compared with.
        current: The latest pass.
        earlier: The passes before.
        written: How often each record without a key was written.
        pass_written: How often the latest pass received it.
        verdict: What the passes prove, once that is known.
    """

    first_task: Task
    keys: set[t.Any]
    written_keys: set[t.Any]
    pass_keys: set[t.Any] | None = None
    current: ListPass = dataclasses.field(default_factory=ListPass)
    earlier: list[ListPass] = dataclasses.field(default_factory=list)
    written: collections.Counter[t.Any] = dataclasses.field(default_factory=collections.Counter)
    pass_written: collections.Counter[t.Any] = dataclasses.field(
        default_factory=collections.Counter
    )
    verdict: Verdict | None = None

    def begin_pass(self, now: float) -> None:
        """Begin another pass over the list."""
        self.earlier.append(self.current)
        self.current = ListPass(began_at=now)
        self.pass_keys = set()
        self.pass_written = collections.Counter()

    @property
    def pass_count(self) -> int:
        """Number of passes."""
        return 1 + len(self.earlier)

    def agrees(self, interval_seconds: float) -> bool:
        """Return True if the latest pass repeats one that ended at least an interval before it."""
        latest_end = self.current.began_at - interval_seconds
        distant = [earlier for earlier in self.earlier if earlier.ended_at <= latest_end]
        return any(map(self.current.repeats, distant))

    def without_written(self, page: Page, hashes: Sequence[t.Any]) -> Page:
        """Return a page of records without a key, less the records that are already written.

        A record that an earlier pass brought twice is new when it comes for the third time. A page
        that is equal to an earlier one of the pass brings nothing new.
        """
        if hashes and digest_of(page, hashes) in self.current.page_digests:
            return dataclasses.replace(page.select([False] * len(hashes)), fingerprints=None)
        is_new = []
        for record_hash in hashes:
            self.pass_written[record_hash] += 1
            is_new.append(self.pass_written[record_hash] > self.written[record_hash])
            self.written[record_hash] += is_new[-1]
        if all(is_new):
            return page
        fingerprints = list(itertools.compress(page.fingerprints or (), is_new))
        return dataclasses.replace(page.select(is_new), fingerprints=fingerprints)

    def shares_keys_with(self, group: TaskGroup) -> bool:
        """Return True if the record filter adds the keys of this pass."""
        return self.pass_keys is None and self.keys is group.seen_keys

    def add_keys(self, keys: Iterable[t.Any]) -> int:
        """Add the keys of a page. Return the number of duplicates in the pass."""
        keys = list(keys)
        pass_keys = self.keys if self.pass_keys is None else self.pass_keys
        new_keys = set(keys) - pass_keys
        pass_keys |= new_keys
        self.keys |= new_keys
        return len(keys) - len(new_keys)

    @property
    def distinct(self) -> int:
        """Number of raw records that were received or are unchanged, each counted once."""
        unchanged = self.current.unchanged
        if self.keys and self.current.is_flat:
            return len(self.keys) + self.current.keyless + unchanged
        return self.current.received + unchanged

    @property
    def difference(self) -> int:
        """The list's total, less the number of distinct records received."""
        return (self.current.total or 0) - self.distinct


class TaskGroup:
    """The tasks of one advertiser and window.

    The bookmark advances once every task of the group is written.

    Attributes:
        started_at: HTTP date of the earliest response.
        latest_change: The latest value of the replication key.
        seen_keys: Keys of the records so far.
        repeated: Number of duplicate records that were dropped.
        lists: The passes over each list, of the days that are being read.
        unsettled: Lists that need another pass.
        is_complete: False once a record can be missing.
        verdicts: Verdicts on the lists whose passes are over.
        difference: Number of records by which totals exceed what was received, if passes agree.
        days_read: The days of the pages of a report, if another report needs them.
        has_deletions: True if the group wrote deletion records.
    """

    def __init__(self, advertiser: Advertiser | None, window: Window | None) -> None:
        self.advertiser = advertiser
        self.window = window
        self.started_at: dt.datetime | None = None
        self.latest_change: str | None = None
        self.seen_keys: set[t.Any] = set()
        self.repeated = 0
        self.lists: dict[str, ListProgress] = {}
        self.unsettled: list[ListProgress] = []
        self.is_complete = True
        self.verdicts: list[Verdict] = []
        self.difference: int | None = None
        self.days_read = DaysRead()
        self.has_deletions = False

    def add(self, page: Page) -> None:
        """Register the response time, the days and the failure of a page."""
        self.days_read.add(page)
        is_incomplete = page.failed is not None or page.is_truncated
        self.is_complete = self.is_complete and not is_incomplete
        responded_at = dates.parse_server_time(page.server_time)
        if responded_at is not None:
            self.started_at = min(responded_at, self.started_at or responded_at)

    def list_of(self, task: Task) -> ListProgress:
        """Return the passes over the list that a task belongs to.

        The first list shares its keys with the group. A second list needs its own.
        """
        progress = self.lists.get(task.list_key)
        if progress is not None:
            return progress
        for other in self.lists.values():
            if other.keys is self.seen_keys:
                other.keys = set(self.seen_keys)
        keys = set() if self.lists else self.seen_keys
        progress = ListProgress(task, keys, self.seen_keys)
        self.lists[task.list_key] = progress
        return progress

    def begin_part(self) -> None:
        """Begin other days of a split window: their records are not compared with earlier ones."""
        self.lists, self.seen_keys = {}, set()
