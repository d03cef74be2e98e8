"""Tests of the pages that `ListVerifier` yields and its verdicts."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.errors import IncompleteError, ResponseError, TapError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.completeness import (
    MAX_INCOMPLETE_LISTS,
    IncompleteLists,
    PassClock,
    Rules,
)
from tap_tiktok_ads.extract.deduplication import KeyedFilter, RecordFilter
from tap_tiktok_ads.extract.first_page_checks import FirstPageChecks
from tap_tiktok_ads.extract.lookup_observer import LookupObserver
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.reader import TaskRunner
from tap_tiktok_ads.extract.sequential import sequential
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.extract.task_groups import ListProgress, TaskGroup, Verdict
from tap_tiktok_ads.extract.verification import ListVerifier

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Page size of all lists.
SIZE = 3
#: Letters of a damaged page.
DAMAGED = "!"
AGREED, CAPPED, INCOMPLETE = Verdict.AGREED, Verdict.CAPPED, Verdict.INCOMPLETE

#: Pages of a pass. Each has the IDs of its records, one letter per record, and the total.
Pass = t.Sequence[tuple[str, int | None]]


def keyed_filter() -> KeyedFilter:
    """Return a filter of records with the key `id`."""
    return KeyedFilter("ads", ["id"], "", starts={})


def page_of(ids: str, total: int | None, record_filter: RecordFilter | None = None) -> Page:
    """Return a page with one record per letter."""
    if ids == DAMAGED:
        return Page(damage="expected records, got none.")
    records = [{"id": letter} for letter in ids]
    fingerprints = [(record_filter or keyed_filter()).fingerprint(record) for record in records]
    counts: dict[str, t.Any] = {"received": len(ids), "total": total, "page_size": SIZE}
    return Page(records, len(ids), fingerprints, **counts)


def task_of(page: int = 1, advertiser: str = "7") -> Task:
    """Return the task for a page of a list."""
    request = Request("/ad/get/", {"advertiser_id": advertiser, "page": page})
    return Task(request, Advertiser(advertiser))


@dataclasses.dataclass
class VerdictRecorder:
    """Observer that records the verdicts of the verifier."""

    verdicts: list[Verdict] = dataclasses.field(default_factory=list)

    def on_page(self, task: Task, page: Page) -> None:
        """Accept the page."""

    def is_dispensable(self, task: Task, page: Page) -> bool:  # noqa: ARG002 - the protocol
        """Return True if the list is optional."""
        return task.optional

    def on_verdict(self, progress: ListProgress, verdict: Verdict) -> None:  # noqa: ARG002
        """Record the verdict."""
        self.verdicts.append(verdict)


class PassFetcher:
    """Fetcher that returns the pages of additional passes and records the waits."""

    def __init__(self, passes: Iterable[Pass], record_filter: RecordFilter | None = None) -> None:
        self.passes = list(passes)
        self.record_filter = record_filter
        self.requested = 0
        self.now = 1000.0
        self.waits: list[float] = []

    def fetch(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Return a page and, for the first page, the tasks of the following pages."""
        pages = self.passes[0]
        if task.page == 1:
            self.requested += 1
        page = page_of(*pages[task.page - 1], self.record_filter)
        if task.page == len(pages):
            self.passes.pop(0)
        following = range(2, len(pages) + 1) if task.page == 1 else ()
        return page, [task.at_page(number, len(pages)) for number in following]

    def sleep(self, seconds: float) -> None:
        """Record a wait."""
        self.waits.append(seconds)
        self.now += seconds


def verifier_of(
    fetcher: PassFetcher,
    recorder: t.Any,
    record_filter: RecordFilter | None = None,
    rules: Rules | None = None,
) -> ListVerifier:
    """Return a verifier that waits 30 seconds of a fake clock between passes."""
    return ListVerifier(
        record_filter or keyed_filter(),
        fetcher.fetch,
        recorder,
        clock=PassClock(30.0, now=lambda: fetcher.now, sleep=fetcher.sleep),
        incomplete_lists=IncompleteLists(),
        rules=rules,
    )


def results_of(pages: Pass, record_filter: RecordFilter | None = None) -> list[tuple[Task, Page]]:
    """Return the results of a first pass."""
    return [
        (task_of(number), page_of(ids, total, record_filter))
        for number, (ids, total) in enumerate(pages, start=1)
    ]


def ids_of(pages: Iterable[Page | None]) -> str:
    """Return the ids of the records of pages, in order."""
    records: list[t.Any] = [record for page in pages if page for record in page.records]
    return "".join(record["id"] for record in records)


@pytest.mark.parametrize(
    ("passes", "ids", "verdicts"),
    [
        pytest.param([[("abc", 4), ("d", 4)]], "abcd", [], id="complete"),
        pytest.param([[("ab", None)]], "ab", [], id="no total, short page"),
        pytest.param([[("", 0)]], "", [], id="empty"),
        pytest.param([[("ab", 1)]], "ab", [], id="total below number of records"),
        pytest.param(
            [[("abc", 5), ("cd", 5)], [("abc", 5), ("de", 5)]], "abcde", [], id="repeated record"
        ),
        pytest.param(
            [[("abc", 6), ("abc", 6)], [("abc", 6), ("def", 6)]], "abcdef", [], id="repeated page"
        ),
        pytest.param([[("ab", 3)], [("abc", 3)]], "abc", [], id="missing, then complete"),
        pytest.param([[(DAMAGED, None)], [("abc", 3)]], "abc", [], id="damaged, then complete"),
        pytest.param(
            [[("abc", 6), (DAMAGED, None)], [("abc", 6), ("def", 6)]],
            "abcdef",
            [],
            id="damaged second page",
        ),
        pytest.param(
            [[("abc", 6), (DAMAGED, None)], [(DAMAGED, None)], [(DAMAGED, None)]],
            "abc",
            [INCOMPLETE],
            id="always damaged",
        ),
        pytest.param([[("abc", None)], [("abc", None)]] * 2, "abc", [INCOMPLETE], id="no end"),
        pytest.param([[("ab", 3)], [("bc", 3)]], "abc", [], id="two passes combined"),
        pytest.param(
            [[("abc", 5), ("d", 5)], [("abc", 5), ("d", 5)]], "abcd", [AGREED], id="passes agree"
        ),
        pytest.param(
            [[("ab", 5), ("d", 5)]] * 3, "abd", [INCOMPLETE], id="passes agree on short pages"
        ),
        pytest.param([[("", 3)]] * 3, "", [INCOMPLETE], id="passes agree on no records"),
        pytest.param(
            [[("ab", 6), ("ab", 6)]] * 3, "ab", [INCOMPLETE], id="passes agree on repeated pages"
        ),
        pytest.param(
            [[("a", 4)], [("ab", 5)], [("abc", 6)]],
            "abc",
            [INCOMPLETE],
            id="total above records in each pass",
        ),
    ],
)
def test_list_is_re_read_until_complete(
    passes: list[Pass], ids: str, verdicts: list[Verdict]
) -> None:
    """A list is re-read until it is complete, and each record is yielded once."""
    recorder, fetcher = VerdictRecorder(), PassFetcher(passes[1:])
    verified = list(verifier_of(fetcher, recorder).groups(results_of(passes[0])))
    assert ids_of(page for _, page in verified) == ids
    assert recorder.verdicts == verdicts
    assert verified[-1][0].is_complete is (INCOMPLETE not in verdicts)
    assert fetcher.requested == min(len(passes) - 1, 2)
    assert fetcher.waits == ([30.0] if fetcher.requested else [])


@pytest.mark.parametrize(
    ("passes", "ids", "verdicts"),
    [
        pytest.param([[("aab", 3)]], "aab", [], id="equal records are kept"),
        pytest.param([[("aa", 3)], [("aab", 3)]], "aab", [], id="short, then complete"),
        pytest.param([[("ab", 3)]] * 2, "ab", [AGREED], id="short, passes agree"),
        pytest.param([[("abc", 6), ("abc", 6)]] * 3, "abc", [INCOMPLETE], id="equal pages"),
    ],
)
def test_unkeyed_list_is_verified_by_counts(
    passes: list[Pass], ids: str, verdicts: list[Verdict]
) -> None:
    """A list without a key is verified by counts and equal pages."""
    recorder, records = VerdictRecorder(), RecordFilter()
    fetcher = PassFetcher(passes[1:], records)
    groups = verifier_of(fetcher, recorder, records).groups(results_of(passes[0], records))
    assert ids_of(page for _, page in groups) == ids
    assert recorder.verdicts == verdicts


@pytest.mark.parametrize(
    ("pages", "verdicts"),
    [
        ([("abc", 9), ("d", 9)], [CAPPED]),
        ([("abc", 4), ("d", 4)], [CAPPED]),
        ([("abc", 3)], []),
        ([("ab", 9), ("c", 9)], [INCOMPLETE]),
    ],
)
def test_capped_list_is_complete_at_limit(pages: Pass, verdicts: list[Verdict]) -> None:
    """A list that reaches its documented limit is complete up to the limit."""
    recorder = VerdictRecorder()
    verifier = verifier_of(PassFetcher([pages] * 2), recorder, rules=Rules(list_cap=4))
    (*_, (group, _)) = verifier.groups(results_of(pages))
    assert recorder.verdicts == verdicts
    assert group.is_complete is (INCOMPLETE not in verdicts)


@pytest.mark.parametrize(("known_difference", "requested"), [(1, 0), (2, 1), (None, 1)])
def test_known_difference_needs_one_pass(known_difference: int | None, requested: int) -> None:
    """A list with the difference of the previous run needs one pass."""
    recorder, fetcher = VerdictRecorder(), PassFetcher([[("ab", 3)]])
    rules = Rules(known_difference=lambda _: known_difference)
    (*_, (group, _)) = verifier_of(fetcher, recorder, rules=rules).groups(results_of([("ab", 3)]))
    assert (recorder.verdicts, fetcher.requested) == ([AGREED], requested)
    assert group.difference == 1


@pytest.mark.parametrize(
    ("second_pass", "requested"),
    [([("abc", 4), ("d", 4)], 1), ([("abx", 4), ("cd", 4)], 3)],
    ids=["unchanged", "changed"],
)
def test_first_page_is_re_read_if_objects_can_vanish(second_pass: Pass, requested: int) -> None:
    """The first page is re-read. If it has changed, the list needs another pass."""
    passes = iter([[("abc", 4), ("d", 4)], second_pass, second_pass, second_pass])
    current: Pass = []
    first_requests: list[Task] = []

    def fetch(task: Task) -> tuple[Page, Sequence[Task]]:
        nonlocal current
        if task.page == 1:
            first_requests.append(task)
            current = next(passes)
        return page_of(*current[task.page - 1]), [task.at_page(2, 2)] if task.page == 1 else []

    runner = TaskRunner(Source("pixels"), fetch, FirstPageChecks())
    fetcher = PassFetcher([])
    fetcher.fetch = runner.run  # type: ignore[method-assign]
    verifier = verifier_of(fetcher, VerdictRecorder())
    groups = list(verifier.groups(sequential([task_of()], runner.run)))
    assert len(first_requests) == 1 + requested
    assert groups[-1][0].is_complete
    assert set("abcd") <= set(ids_of(page for _, page in groups))


def test_endpoint_is_not_re_read_after_many_incomplete_lists() -> None:
    """After ten incomplete lists, the endpoint is not re-read. All lists share one wait."""
    count = MAX_INCOMPLETE_LISTS + 5
    recorder, fetcher = VerdictRecorder(), PassFetcher([[("", 2)]] * 3 * count)
    results = [(task_of(advertiser=str(n)), page_of("a", 2)) for n in range(count)]
    groups = list(verifier_of(fetcher, recorder).groups(results))
    assert fetcher.requested <= MAX_INCOMPLETE_LISTS + 1  # one list may already be requested
    assert fetcher.waits == [30.0]
    assert recorder.verdicts == [INCOMPLETE] * count
    assert [group.is_complete for group, page in groups if page is None] == [False] * count


def test_group_ends_with_none() -> None:
    """A group ends with None. A group that needs another pass ends last."""
    results = [(task_of(advertiser=name), page_of("a", 2 if name == "7" else 1)) for name in "789"]
    groups = verifier_of(PassFetcher([[("ab", 2)]]), VerdictRecorder()).groups(results)
    finished = [group.advertiser.id for group, page in groups if page is None and group.advertiser]
    assert finished == ["8", "9", "7"]


def test_pages_without_records_are_not_equal() -> None:
    """Two pages without records to write do not count as equal."""
    counts: dict[str, t.Any] = {"received": SIZE, "total": 2 * SIZE, "page_size": SIZE}
    recorder = VerdictRecorder()
    results = [(task_of(number), Page(**counts)) for number in (1, 2)]
    (*_, (group, _)) = verifier_of(PassFetcher([]), recorder).groups(results)
    assert group.is_complete
    assert recorder.verdicts == []


def test_list_with_failed_page_is_incomplete() -> None:
    """A list with a failed page is neither re-read nor complete."""
    fetcher = PassFetcher([])
    results = [(task_of(), page_of("a", 3)), (task_of(2), Page(failed=ResponseError("bad")))]
    groups = list(verifier_of(fetcher, VerdictRecorder()).groups(results))
    assert not groups[-1][0].is_complete
    assert fetcher.requested == 0


def test_record_of_two_lists_is_yielded_once() -> None:
    """A record of two lists is yielded once and is not a repeated record."""
    topview = dataclasses.replace(task_of(), request=Request("/ad/get/", {"topview": True}))
    results = [(task_of(), page_of("ab", 2)), (topview, page_of("bc", 2))]
    recorder = VerdictRecorder()
    groups = list(verifier_of(PassFetcher([]), recorder).groups(results))
    assert ids_of(page for _, page in groups) == "abc"
    assert recorder.verdicts == []


@pytest.mark.parametrize(
    ("page", "optional", "error"),
    [
        (Page(failed=ResponseError("bad")), False, ResponseError),
        (Page(), False, None),
    ],
)
def test_failed_page_ends_lookup(page: Page, optional: bool, error: type[TapError] | None) -> None:
    """A failed page of a lookup raises its error."""
    observer = LookupObserver("ads", WarningRecorder(), is_strict=False, keep=lambda *_: None)
    task = dataclasses.replace(task_of(), optional=optional)
    if error is None:
        observer.on_page(task, page)
    else:
        with pytest.raises(error):
            observer.on_page(task, page)


@pytest.mark.parametrize(
    ("verdict", "is_strict", "raises"),
    [
        (INCOMPLETE, False, True),
        (AGREED, False, False),
        (AGREED, True, True),
        (CAPPED, False, False),
    ],
)
def test_lookup_fails_if_records_can_be_missing(
    verdict: Verdict, is_strict: bool, raises: bool
) -> None:
    """A lookup fails if records can be missing. A strict lookup must be complete."""
    warnings = WarningRecorder()
    kept_errors: list[TapError] = []
    observer = LookupObserver(
        "ads", warnings, is_strict=is_strict, keep=lambda error, _: kept_errors.append(error)
    )
    group = TaskGroup(None, None)
    progress = group.list_of(task_of())
    if raises:
        with pytest.raises(IncompleteError):
            observer.on_verdict(progress, verdict)
    else:
        observer.on_verdict(progress, verdict)
    assert bool(warnings.messages) is bool(kept_errors) is not raises


class WarningRecorder:
    """Log that records warnings."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def log(self, key: str, message: str, *args: t.Any) -> None:
        """Record a warning."""
        del key
        self.messages.append(message % ("ads", *args))
