"""Verification of lists: order, duplicates and record counts.

Objects that are created or removed between two requests move others across the border of two
pages. A record then comes twice, or not at all.
"""

from __future__ import annotations

import enum
import itertools
import typing as t

from tap_tiktok_ads.api.errors import IncompleteError
from tap_tiktok_ads.extract import lookahead
from tap_tiktok_ads.extract.task_groups import ListPass, TaskGroup

if t.TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from tap_tiktok_ads.extract.deduplication import RecordFilter
    from tap_tiktok_ads.extract.pages import Page, Task

    Results = Iterable[tuple[Task, Page]]
    Fetch = Callable[[Task], tuple[Page, Sequence[Task]]]

#: Maximum number of further passes over a list whose record count does not match.
MAX_EXTRA_PASSES = 2
#: Number of lists with inconsistent totals after which a stream is not re-read any more.
MAX_INCONSISTENT_LISTS = 3


class Mismatch(enum.Enum):
    """Why the record count of a list does not match its total."""

    INCOMPLETE = "records can be missing"
    INCONSISTENT = "the total seems to count something else"
    WITHOUT_KEY = "records without a key cannot be told apart"


class Observer(t.Protocol):
    """Receives each page, and each list whose count does not match. Can raise to end the read."""

    def on_page(self, task: Task, page: Page) -> None:
        """Handle the warnings and errors of a page."""

    def is_dispensable(self, task: Task, page: Page) -> bool:
        """Return True if a denied request loses no data."""

    def on_mismatch(self, first_task: Task, counts: ListPass, mismatch: Mismatch) -> None:
        """Handle a list whose record count does not match its total."""


class ListVerifier:
    """Decides whether everything that a list holds was read. Used by the main thread only.

    It drops records that came before, compares the number of records with the totals that the
    responses report, and re-reads a list whose count does not match.
    """

    def __init__(self, record_filter: RecordFilter, fetch: Fetch, observer: Observer) -> None:
        """Prepare.

        Args:
            record_filter: Recognizes repeated records.
            fetch: Reads a task and returns its page and the tasks that follow.
            observer: Receives pages and mismatches.
        """
        self._filter = record_filter
        self._fetch = fetch
        self._observer = observer
        self._inconsistent_lists = 0
        self.repeated = 0

    def groups(self, results: Results) -> Iterator[tuple[TaskGroup, Page | None]]:
        """Yield the verified pages of each group, and None after the last page of a group."""
        for (advertiser, window), pages in itertools.groupby(
            results, key=lambda result: result[0].partition
        ):
            group = TaskGroup(advertiser, window)
            for page in self._verified_pages(group, pages):
                yield group, page
            self.repeated += group.repeated
            yield group, None

    def _verified_pages(self, group: TaskGroup, results: Results) -> Iterator[Page]:
        window = group.window
        for task, page in results:
            if task.window != window:  # a part of a window that was split: other days
                yield from self._settle(group)
                group.passes, group.seen_keys = {}, set()  # memory stays bounded
                window = task.window
            self._observer.on_page(task, page)
            yield self._count(group, task, page)
        yield from self._settle(group)

    def _count(self, group: TaskGroup, task: Task, page: Page) -> Page:
        """Return the new records of a page, and count it."""
        group.add(page)
        if page.denied is not None or page.failed is not None:
            group.pass_of(task).is_broken = True
        if page.denied is not None and not self._observer.is_dispensable(task, page):
            group.is_complete = False
        repeated_before = group.repeated
        new_records = self._filter.select(page, group)
        if page.received is not None:
            repeated = group.repeated - repeated_before
            group.pass_of(task).add(page.received, page.total, repeated)
        return new_records

    def _settle(self, group: TaskGroup) -> Iterator[Page]:
        """Yield what the lists of a group lacked because they changed during the read."""
        for list_key, (first_task, counts) in group.passes.items():
            if counts.is_broken or counts.is_complete:
                continue
            is_settled = False
            if self._inconsistent_lists < MAX_INCONSISTENT_LISTS:
                is_settled = yield from self._read_again(group, list_key, first_task, counts)
            group.is_complete = group.is_complete and is_settled

    def _read_again(
        self, group: TaskGroup, list_key: str, first_task: Task, counts: ListPass
    ) -> Generator[Page, None, bool]:
        """Yield the missing records of a list, and return True if its count matches at last."""
        mismatch = Mismatch.INCOMPLETE if self._filter.has_keys else Mismatch.WITHOUT_KEY
        for _ in range(MAX_EXTRA_PASSES if self._filter.has_keys else 0):
            latest, new_records = yield from self._extra_pass(group, list_key, first_task)
            if latest.is_complete and latest.totals:
                return True
            if latest.is_broken:
                break
            if new_records == 0 and latest.confirms(counts):
                self._inconsistent_lists += 1
                mismatch = Mismatch.INCONSISTENT
                break
            counts = latest if latest.totals else counts
        self._observer.on_mismatch(first_task, counts, mismatch)
        return False

    def _extra_pass(
        self, group: TaskGroup, list_key: str, first_task: Task
    ) -> Generator[Page, None, tuple[ListPass, int]]:
        """Read a list once more. Return its counts and the number of records that were new."""
        counts, new_records = ListPass(), 0
        seen_keys: set[t.Any] = set()
        tasks = [first_task.with_request(shared=False)]
        for task, page in lookahead.sequential(tasks, self._fetch_list):
            self._observer.on_page(task, page)
            counts.is_broken = counts.is_broken or bool(page.denied or page.failed)
            selected = self._filter.select(page, group)
            new_records += selected.record_count
            yield selected
            if page.received is not None and task.list_key == list_key:
                keys = set(map(self._filter.key_of, page.fingerprints or ()))
                repeated = page.record_count - len(keys - seen_keys)
                counts.add(page.received, page.total, repeated)
                seen_keys |= keys
        return counts, new_records

    def _fetch_list(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Read a task, without the optional list that follows another list."""
        page, following = self._fetch(task)
        return page, [next_task for next_task in following if next_task.optional == task.optional]


class OnceLogger(t.Protocol):
    """Logs warnings, each once."""

    def log(self, key: str, message: str, *args: t.Any) -> None:
        """Log a warning, unless one with this key was logged before."""


class LookupObserver:
    """Ends the read of a stream for another stream at the first problem."""

    def __init__(self, label: str, warnings: OnceLogger, *, is_strict: bool) -> None:
        """Prepare.

        Args:
            label: The stream and advertiser, for messages.
            warnings: Logs the mismatches that are tolerated.
            is_strict: Raise for inconsistent totals, too.
        """
        self._label = label
        self._warnings = warnings
        self._is_strict = is_strict

    def on_page(self, task: Task, page: Page) -> None:
        """Raise the error of a page.

        Raises:
            TapError: The page failed, or was denied although the list is not optional.
        """
        if page.failed is not None:
            raise page.failed
        if page.denied is not None and not task.optional:
            raise page.denied

    def is_dispensable(self, task: Task, page: Page) -> bool:  # noqa: ARG002
        """Return True if the list is optional."""
        return task.optional

    def on_mismatch(
        self,
        first_task: Task,  # noqa: ARG002
        counts: ListPass,
        mismatch: Mismatch,
    ) -> None:
        """Raise if records can be missing.

        Raises:
            IncompleteError: They can.
        """
        totals = " or ".join(map(str, sorted(counts.totals)))
        msg = (
            f"Lookup of {self._label}: TikTok reports {totals} records, received "
            f"{counts.received}, in every pass."
        )
        if self._is_strict or mismatch is not Mismatch.INCONSISTENT:
            raise IncompleteError(msg)
        self._warnings.log("inconsistent total", "%s Its count seems to mean something else.", msg)
