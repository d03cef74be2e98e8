"""The rule of completeness: a list counts as read when the evidence says so.

A response can be damaged and still well-formed: empty, repeated, cut off. Objects that are created
or removed between two requests move others across the border of two pages. A record then comes
twice, or not at all.
"""

from __future__ import annotations

import itertools
import typing as t

from tap_tiktok_ads.extract.completeness import Rules
from tap_tiktok_ads.extract.sequential import sequential
from tap_tiktok_ads.extract.task_groups import ListProgress, TaskGroup, Verdict

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_tiktok_ads.extract.completeness import IncompleteLists, PassClock
    from tap_tiktok_ads.extract.deduplication import RecordFilter
    from tap_tiktok_ads.extract.pages import Page, Task

    Results = Iterable[tuple[Task, Page]]
    Fetch = Callable[[Task], tuple[Page, Sequence[Task]]]
    Read = Callable[[Iterable[Task], Fetch], Results]

#: Maximum number of additional passes over a list.
MAX_EXTRA_PASSES = 2
#: Maximum number of keys that are kept for lists that need another pass.
MAX_UNSETTLED_KEYS = 2_000_000


class Observer(t.Protocol):
    """Receives each page, and each list that is not simply complete. Can raise to end the read."""

    def on_page(self, task: Task, page: Page) -> None:
        """Handle the warnings and errors of a page."""

    def is_dispensable(self, task: Task, page: Page) -> bool:
        """Return True if a denied request loses no data."""

    def on_verdict(self, progress: ListProgress, verdict: Verdict) -> None:
        """Handle a list that is incomplete, capped, or complete only because passes agree."""


class ListVerifier:
    """Decides whether everything that a list holds was read. Used by the main thread only.

    It drops duplicate records and judges each list by its pages and totals. A list that is
    short gets another pass once all other lists of the stream are read.

    Attributes:
        repeated: Number of duplicate records that were dropped.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        record_filter: RecordFilter,
        fetch: Fetch,
        observer: Observer,
        *,
        clock: PassClock,
        incomplete_lists: IncompleteLists,
        rules: Rules | None = None,
        read: Read = sequential,
    ) -> None:
        """Prepare.

        Args:
            record_filter: Recognizes repeated records.
            fetch: Reads a task and returns its page and the tasks that follow.
            observer: Receives pages and verdicts.
            clock: The time between two passes.
            incomplete_lists: The incomplete lists of the run.
            rules: Facts about the stream.
            read: Reads the tasks of additional passes in their order.
        """
        self._filter = record_filter
        self._fetch = fetch
        self._observer = observer
        self._rules = rules or Rules()
        self._read = read
        self._clock = clock
        self._incomplete_lists = incomplete_lists
        self._unsettled_keys = 0
        self.repeated = 0

    def groups(self, results: Results) -> Iterator[tuple[TaskGroup, Page | None]]:
        """Yield the verified pages of each group, and None after the last page of a group.

        Groups with lists that need another pass end after all others.
        """
        unsettled: list[TaskGroup] = []
        for (advertiser, window), pages in itertools.groupby(
            results, key=lambda result: result[0].partition
        ):
            group = TaskGroup(advertiser, window)
            for page in self._first_pass(group, pages):
                yield group, page
            if group.unsettled:
                unsettled.append(group)
                continue
            self.repeated += group.repeated
            yield group, None
        yield from self._further_passes(unsettled)

    # The first pass

    def _first_pass(self, group: TaskGroup, results: Results) -> Iterator[Page]:
        window = group.window
        for task, page in results:
            if task.window != window:  # a part of a window that was split: other days
                self._judge_lists(group)
                group.begin_part()
                window = task.window
            if task.is_check:
                self._compare(group.list_of(task), page)
                continue
            self._observer.on_page(task, page)
            yield self._count(group, task, page)
        self._judge_lists(group)

    def _count(self, group: TaskGroup, task: Task, page: Page) -> Page:
        """Return the new records of a page, and add it to the pass over its list."""
        group.add(page)
        if page.denied is not None and not self._observer.is_dispensable(task, page):
            group.is_complete = False
        is_broken = page.denied is not None or page.failed is not None
        if page.received is None and page.damage is None and not is_broken:
            return self._filter.select(page, group)
        progress = group.list_of(task)
        return self._add(group, progress, page)

    def _add(self, group: TaskGroup, progress: ListProgress, page: Page) -> Page:
        """Return the new records of a page of a list, and add it to the latest pass."""
        current = progress.current
        current.is_broken |= page.denied is not None or page.failed is not None
        current.damage = current.damage or page.damage
        keys = list(map(self._filter.key_of, page.fingerprints or ()))
        repeated_before = group.repeated
        if self._filter.has_keys:
            selected = self._filter.select(page, group)
        else:
            selected = self._filter.select(progress.without_written(page, keys), group)
        if page.received is not None:
            repeated = group.repeated - repeated_before
            if self._filter.has_keys and not progress.shares_keys_with(group):
                repeated = progress.add_keys(keys)
            current.add(page, keys, repeated)
        return selected

    def _compare(self, progress: ListProgress, page: Page) -> None:
        """Compare the first page of a list with a second response for it."""
        keys = list(map(self._filter.key_of, page.fingerprints or ()))
        progress.current.compare_first_page(page, keys)

    # Verdicts

    def _judge_lists(self, group: TaskGroup) -> None:
        """Judge each list that the group has read. Note each list that needs another pass."""
        for progress in group.lists.values():
            if progress.current.is_broken:
                progress.verdict = Verdict.INCOMPLETE
                group.verdicts.append(Verdict.INCOMPLETE)
                continue
            self._judge(group, progress)
            if progress.verdict is Verdict.INCOMPLETE and self._has_room(progress):
                progress.current.ended_at = self._clock.now()
                self._unsettled_keys += len(progress.keys)
                group.unsettled.append(progress)
            else:
                self._conclude(group, progress)

    def _judge(self, group: TaskGroup, progress: ListProgress) -> None:
        # other days, and the optional list of an advertiser, can differ by another number
        is_remembered = group.window is None and not progress.first_task.optional
        known_difference = self._rules.known_difference(group) if is_remembered else None
        interval = self._clock.interval_seconds
        verdict = self._rules.verdict(progress, known_difference, interval)
        if verdict is Verdict.COMPLETE and progress.current.has_moved:
            verdict = Verdict.INCOMPLETE
        progress.verdict = verdict

    def _may_reread(self, progress: ListProgress) -> bool:
        return self._incomplete_lists.may_reread(progress.first_task.request.path)

    def _has_room(self, progress: ListProgress) -> bool:
        """Return True if a list gets another pass, whose keys must be kept until then."""
        key_count = self._unsettled_keys + len(progress.keys)
        return key_count <= MAX_UNSETTLED_KEYS and self._may_reread(progress)

    def _conclude(self, group: TaskGroup, progress: ListProgress) -> None:
        """Register the final verdict on a list in its group."""
        verdict = progress.verdict or Verdict.INCOMPLETE
        group.verdicts.append(verdict)
        if verdict is Verdict.AGREED and not progress.first_task.optional:
            group.difference = progress.difference
        if verdict is Verdict.INCOMPLETE:
            group.is_complete = False
        is_reported = progress.current.is_broken and progress.pass_count == 1
        if verdict is not Verdict.COMPLETE and not is_reported:
            self._observer.on_verdict(progress, verdict)

    # Additional passes

    def _further_passes(
        self, unsettled: Sequence[TaskGroup]
    ) -> Iterator[tuple[TaskGroup, Page | None]]:
        """Yield the new records of additional passes, and None once a group is settled."""
        self._wait_for([progress for group in unsettled for progress in group.unsettled])
        for number in range(1, MAX_EXTRA_PASSES + 1):
            if not unsettled:
                return
            is_last = number == MAX_EXTRA_PASSES
            yield from self._pass_over(unsettled, is_last=is_last)
            for group in unsettled:
                if not group.unsettled:
                    self.repeated += group.repeated
                    yield group, None
            unsettled = [group for group in unsettled if group.unsettled]

    def _pass_over(
        self, groups: Sequence[TaskGroup], *, is_last: bool
    ) -> Iterator[tuple[TaskGroup, Page]]:
        """Yield the new records of one more pass over each unsettled list."""
        lists = [(group, progress) for group in groups for progress in group.unsettled]
        tasks = [progress.first_task.for_another_pass() for _, progress in lists]
        results = _by_list(self._read(tasks, self._fetch_list), tasks)
        may_reread = True
        for group, progress in lists:
            may_reread = may_reread and self._may_reread(progress)
            if may_reread:
                yield from self._read_again(group, progress, next(results))
            self._settle(group, progress, is_last=is_last or not may_reread)

    def _wait_for(self, lists: Sequence[ListProgress]) -> None:
        """Wait once until every list can be re-read, if one may be re-read at all."""
        if any(map(self._may_reread, lists)):
            self._clock.wait_since(max(progress.current.ended_at for progress in lists))

    def _read_again(
        self, group: TaskGroup, progress: ListProgress, results: Results
    ) -> Iterator[tuple[TaskGroup, Page]]:
        """Yield the new records of one more pass over a list, and judge it."""
        progress.begin_pass(self._clock.now())
        for task, page in results:
            if task.is_check:
                self._compare(progress, page)
                continue
            self._observer.on_page(task, page)
            yield group, self._add_further(group, progress, task, page)
        self._judge_again(group, progress)

    def _judge_again(self, group: TaskGroup, progress: ListProgress) -> None:
        """Judge a list after an additional pass."""
        progress.current.ended_at = self._clock.now()
        self._judge(group, progress)
        if progress.verdict is Verdict.INCOMPLETE:
            self._incomplete_lists.add(progress.first_task.request.path)

    def _settle(self, group: TaskGroup, progress: ListProgress, *, is_last: bool) -> None:
        """Conclude a list, unless it is incomplete and gets another pass."""
        is_incomplete = progress.verdict is Verdict.INCOMPLETE
        if is_incomplete and not is_last and not progress.current.is_broken:
            return
        group.unsettled.remove(progress)
        self._conclude(group, progress)

    def _add_further(
        self, group: TaskGroup, progress: ListProgress, task: Task, page: Page
    ) -> Page:
        """Return the new records of a page of an additional pass, and add it to the pass."""
        group.add(page)
        group.seen_keys = progress.written_keys
        repeated = group.repeated
        if page.received is not None and task.list_key != progress.first_task.list_key:
            progress.current.damage = "the list was split into parts, which cannot be counted"
        selected = self._add(group, progress, page)
        group.repeated = repeated
        return selected

    def _fetch_list(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Read a task, without the optional list that follows another list."""
        page, following = self._fetch(task)
        return page, [next_task for next_task in following if next_task.optional == task.optional]


def _by_list(results: Results, first_tasks: Sequence[Task]) -> Iterator[Results]:
    """Yield the results of each list: of a first task and of the tasks that follow it."""
    first_ids = {id(task) for task in first_tasks}
    list_numbers = itertools.count(1)
    number = 0

    def number_of(result: tuple[Task, Page]) -> int:
        nonlocal number
        if id(result[0]) in first_ids:
            number = next(list_numbers)
        return number

    return (pages for _, pages in itertools.groupby(results, key=number_of))
