"""What travels from a plan to the output: tasks, pages, and the counts of listings."""

from __future__ import annotations

import dataclasses
import email.utils
import itertools
import typing as t

from tap_tiktok_ads import totals
from tap_tiktok_ads.api.pagination import Reading

if t.TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from singer_sdk.helpers.types import Record

    from tap_tiktok_ads.api import errors
    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window

#: Parameters that may change between two pages: TikTok refuses some metrics, and totals.
LEFT_OUT = frozenset({"metrics", totals.PARAMETER})
#: How often a listing is read again that changed while it was read.
READINGS_MORE = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """One request of a plan.

    Attributes:
        request: what to send.
        advertiser: whose data it reads; None where one request reads many.
        window: the days that it reads, for reports.
        whole: the window that this one is a part of: a bookmark moves at its end only.
        last_page: the last page known so far; None on a listing's first page.
        optional: part of a listing that accounts may lack: a refusal is no error.
    """

    request: Request
    advertiser: Advertiser | None = None
    window: Window | None = None
    last_page: int | None = None
    optional: bool = False
    whole: Window | None = None

    @property
    def group(self) -> tuple[Advertiser | None, Window | None]:
        """What is complete when all tasks of it are."""
        return self.advertiser, self.whole or self.window

    @property
    def page(self) -> int:
        """The number of the page, from 1."""
        return int(self.request.page_params.get("page", 1))

    @property
    def listing(self) -> str:
        """What all pages of a listing have in common, whatever was left out of some requests."""
        params = self.request.params
        same = {name: value for name, value in params.items() if name not in LEFT_OUT}
        return dataclasses.replace(
            self.request.with_page_params(page=1), params=same | {"page": 1}
        ).cache_key

    def at_page(self, page: int, last_page: int) -> Task:
        """The same request for another page."""
        request = dataclasses.replace(self.request.with_page_params(page=page), splittable=False)
        return dataclasses.replace(self, request=request, last_page=last_page)


class Mark(t.NamedTuple):
    """What tells the row of an object from others: its key, and when it was last changed."""

    identity: tuple[t.Any, ...]
    changed: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """What a task brought, or why it brought nothing.

    Attributes:
        rows: typed rows; or RECORD lines, where they need nothing more: one for each row, or all
            in one.
        count: rows.
        marks: for each row, what tells whether it came before or unasked.
        records: how many the answer held, where it is a page of a listing.
        total: how many the listing holds, as the answer told.
        weight: bytes that the page takes, roughly.
        server_time: HTTP date of the answer.
        totals: what the rows add up to, and what TikTok tells, where that is compared.
        cut: whether TikTok warned that rows may be missing.
        refused: skipped with a warning.
        failed: ends the run when its turn comes.
    """

    rows: Sequence[Record] | Sequence[bytes] = ()
    count: int = 0
    marks: Sequence[t.Any] | None = None
    records: int | None = None
    total: int | None = None
    weight: int = 0
    server_time: str | None = None
    totals: totals.Totals | None = None
    cut: bool = False
    refused: errors.ApiError | None = None
    failed: errors.TapError | None = None

    def only(self, wanted: Sequence[bool]) -> Page:
        """The page with the rows that are wanted."""
        rows: t.Any = self.rows
        if len(rows) != self.count:
            rows = rows[0].splitlines(keepends=True)  # JSON holds no line breaks
        rows = list(itertools.compress(rows, wanted))
        return dataclasses.replace(self, rows=rows, count=len(rows))

    def first(self, count: int) -> Page:
        """The page with so many of its typed rows."""
        rows = self.rows[:count]
        return dataclasses.replace(self, rows=rows, count=len(rows))


class Group:
    """The tasks of one advertiser and window, after which a bookmark may move."""

    def __init__(self, advertiser: Advertiser | None, window: Window | None) -> None:
        self.advertiser = advertiser
        self.window = window
        self.began: dt.datetime | None = None  # date of the earliest answer
        self.newest: str | None = None  # latest change seen
        self.seen: set[t.Any] = set()
        self.repeated = 0  # rows dropped because they came before
        self.readings: dict[str, tuple[Task, Reading]] = {}  # with the task of the first page
        self.gone = False  # whether there are tombstones
        self.whole = True  # whether nothing is known to be missing

    def note(self, page: Page) -> None:
        """Note when a page was answered, and whether it was."""
        self.whole = self.whole and page.failed is None
        try:
            when = email.utils.parsedate_to_datetime(page.server_time or "")
        except ValueError:
            return
        self.began = min(when, self.began or when)

    def reading_of(self, task: Task) -> Reading:
        """The counts of the listing that a task is of."""
        return self.readings.setdefault(task.listing, (task, Reading()))[1]


class Listings:
    """The listings that a look-up reads, and whether all of each came.

    Attributes:
        found: by listing, its first task, the counts, and the rows seen.
        odd: whether a count meant something else, for the same came again.
    """

    def __init__(self, identity: Callable[[t.Any], t.Any], before: Listings | None = None) -> None:
        self.odd = False
        self._identity = identity
        self._before = before
        self.found: dict[str, tuple[Task, Reading, set[t.Any]]] = {}

    def add(self, task: Task, page: Page) -> None:
        """Count a page."""
        refused_now = page.refused is not None and self._before is not None
        if page.records is None and not refused_now:
            return
        _, reading, seen = self.found.setdefault(task.listing, (task, Reading(), set()))
        reading.broken = reading.broken or refused_now
        if page.records is None:
            return
        identities = [self._identity(mark) for mark in page.marks or ()]
        reading.add(page.records, page.total, len(identities) - len({*identities} - seen))
        seen.update(identities)

    def to_read_again(self) -> list[Task]:
        """The first pages of those that changed meanwhile, to be asked for anew."""
        found = []
        for key, (first, reading, _) in self.found.items():
            known = self._before.found.get(key) if self._before else None
            if known and reading.odd_after(known[1]):
                self.odd = True
            elif not reading.whole or (known and not reading.totals):
                request = dataclasses.replace(first.request, shared=False)
                found.append(dataclasses.replace(first, request=request))
        return found
