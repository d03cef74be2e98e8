"""Tables of what `ListVerifier` yields and decides for the pages of a list."""

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
from tap_tiktok_ads.extract.lookup_observer import LookupObserver
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.task_groups import ListProgress, TaskGroup, Verdict
from tap_tiktok_ads.extract.verification import ListVerifier

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Page size of all lists, and a damaged page.
SIZE = 3
DAMAGED = "!"
AGREED, CAPPED, INCOMPLETE = Verdict.AGREED, Verdict.CAPPED, Verdict.INCOMPLETE

#: The pages of a pass: the letters of the records, and the total.
Pass = t.Sequence[tuple[str, int | None]]


def keyed() -> KeyedFilter:
    """Return a filter of records with an id."""
    return KeyedFilter("ads", ["id"], "", starts={})


def page_of(ids: str, total: int | None, record_filter: RecordFilter | None = None) -> Page:
    """Return a page with one record per letter."""
    if ids == DAMAGED:
        return Page(damage="expected records, got none.")
    rows = [{"id": letter} for letter in ids]
    fingerprints = [(record_filter or keyed()).fingerprint(row) for row in rows]
    facts: dict[str, t.Any] = {"received": len(ids), "total": total, "page_size": SIZE}
    return Page(rows, len(ids), fingerprints, **facts)


def task_of(page: int = 1, advertiser: str = "7") -> Task:
    """Return the task for a page of a list."""
    request = Request("/ad/get/", {"advertiser_id": advertiser, "page": page})
    return Task(request, Advertiser(advertiser))


@dataclasses.dataclass
class Recorder:
    """Records the verdicts that the verifier reports."""

    verdicts: list[Verdict] = dataclasses.field(default_factory=list)

    def on_page(self, task: Task, page: Page) -> None:
        """Accept the page."""

    def is_dispensable(self, task: Task, page: Page) -> bool:  # noqa: ARG002 - the protocol
        """Return True if the list is optional."""
        return task.optional

    def on_verdict(self, progress: ListProgress, verdict: Verdict) -> None:  # noqa: ARG002
        """Record the verdict."""
        self.verdicts.append(verdict)


class Lists:
    """Returns the pages of one further pass after another, and records the waits."""

    def __init__(self, passes: Iterable[Pass], record_filter: RecordFilter | None = None) -> None:
        self.passes = list(passes)
        self.record_filter = record_filter
        self.requested = 0
        self.now = 1000.0
        self.waits: list[float] = []

    def fetch(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Return a page, and after the first page the tasks of the others."""
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
    lists: Lists,
    recorder: t.Any,
    record_filter: RecordFilter | None = None,
    rules: Rules | None = None,
) -> ListVerifier:
    """Return a verifier that waits 30 seconds of its own clock between passes."""
    return ListVerifier(
        record_filter or keyed(),
        lists.fetch,
        recorder,
        clock=PassClock(30.0, now=lambda: lists.now, sleep=lists.sleep),
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
        pytest.param([[("ab", 1)]], "ab", [], id="a total below the records"),
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
        pytest.param([[("ab", 3)], [("bc", 3)]], "abc", [], id="two passes together"),
        pytest.param(
            [[("abc", 5), ("d", 5)], [("abc", 5), ("d", 5)]], "abcd", [AGREED], id="they agree"
        ),
        pytest.param(
            [[("ab", 5), ("d", 5)]] * 3, "abd", [INCOMPLETE], id="they agree on short pages"
        ),
        pytest.param([[("", 3)]] * 3, "", [INCOMPLETE], id="they agree on nothing"),
        pytest.param(
            [[("ab", 6), ("ab", 6)]] * 3, "ab", [INCOMPLETE], id="they agree on repeated pages"
        ),
        pytest.param(
            [[("a", 4)], [("ab", 5)], [("abc", 6)]], "abc", [INCOMPLETE], id="always fewer"
        ),
    ],
)
def test_list_passes(passes: list[Pass], ids: str, verdicts: list[Verdict]) -> None:
    """A list is re-read until the evidence is enough, and each record is yielded once."""
    recorder, lists = Recorder(), Lists(passes[1:])
    verified = list(verifier_of(lists, recorder).groups(results_of(passes[0])))
    assert ids_of(page for _, page in verified) == ids
    assert recorder.verdicts == verdicts
    assert verified[-1][0].is_complete is (INCOMPLETE not in verdicts)
    assert lists.requested == min(len(passes) - 1, 2)
    assert lists.waits == ([30.0] if lists.requested else [])


@pytest.mark.parametrize(
    ("passes", "ids", "verdicts"),
    [
        pytest.param([[("aab", 3)]], "aab", [], id="equal records are kept"),
        pytest.param([[("aa", 3)], [("aab", 3)]], "aab", [], id="short, then complete"),
        pytest.param([[("ab", 3)]] * 2, "ab", [AGREED], id="short, they agree"),
        pytest.param([[("abc", 6), ("abc", 6)]] * 3, "abc", [INCOMPLETE], id="equal pages"),
    ],
)
def test_list_without_key(passes: list[Pass], ids: str, verdicts: list[Verdict]) -> None:
    """Lists without a key are judged by counts and by equal pages."""
    recorder, records = Recorder(), RecordFilter()
    lists = Lists(passes[1:], records)
    groups = verifier_of(lists, recorder, records).groups(results_of(passes[0], records))
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
def test_list_with_a_cap(pages: Pass, verdicts: list[Verdict]) -> None:
    """A list that reaches its documented limit is complete up to the limit."""
    recorder = Recorder()
    verifier = verifier_of(Lists([pages] * 2), recorder, rules=Rules(list_cap=4))
    (*_, (group, _)) = verifier.groups(results_of(pages))
    assert recorder.verdicts == verdicts
    assert group.is_complete is (INCOMPLETE not in verdicts)


@pytest.mark.parametrize(("known", "requested"), [(1, 0), (2, 1), (None, 1)])
def test_known_difference(known: int | None, requested: int) -> None:
    """A difference of an earlier run needs one pass, as long as it holds."""
    recorder, lists = Recorder(), Lists([[("ab", 3)]])
    rules = Rules(known_difference=lambda _: known)
    (*_, (group, _)) = verifier_of(lists, recorder, rules=rules).groups(results_of([("ab", 3)]))
    assert (recorder.verdicts, lists.requested) == ([AGREED], requested)
    assert group.difference == 1


@pytest.mark.parametrize(
    ("again", "requested"),
    [([("abc", 4), ("d", 4)], 1), ([("abx", 4), ("cd", 4)], 3)],
    ids=["unchanged", "changed"],
)
def test_objects_that_can_vanish(again: Pass, requested: int) -> None:
    """The first page is read once more. If it has changed, the list gets another pass."""

    class FirstPageAgain(Lists):
        def fetch(self, task: Task) -> tuple[Page, Sequence[Task]]:
            if task.page == 1:
                self.requested += 1
            return page_of(*again[task.page - 1]), [task.at_page(2, 2)] if task.page == 1 else []

    recorder, lists = Recorder(), FirstPageAgain([])
    verifier = verifier_of(lists, recorder, rules=Rules(objects_can_vanish=True))
    groups = list(verifier.groups(results_of([("abc", 4), ("d", 4)])))
    assert lists.requested == requested
    assert groups[-1][0].is_complete
    assert set("abcd") <= set(ids_of(page for _, page in groups))


def test_incomplete_lists_of_an_endpoint() -> None:
    """After ten incomplete lists, the endpoint is not re-read any more. All wait once."""
    count = MAX_INCOMPLETE_LISTS + 5
    recorder, lists = Recorder(), Lists([[("", 2)]] * 3 * count)
    results = [(task_of(advertiser=str(n)), page_of("a", 2)) for n in range(count)]
    groups = list(verifier_of(lists, recorder).groups(results))
    assert lists.requested <= MAX_INCOMPLETE_LISTS + 1  # one is on its way
    assert lists.waits == [30.0]
    assert recorder.verdicts == [INCOMPLETE] * count
    assert [group.is_complete for group, page in groups if page is None] == [False] * count


def test_group_boundaries() -> None:
    """Each group ends with None after its last page. One that needs another pass ends last."""
    results = [(task_of(advertiser=name), page_of("a", 2 if name == "7" else 1)) for name in "789"]
    groups = verifier_of(Lists([[("ab", 2)]]), Recorder()).groups(results)
    ends = [group.advertiser.id for group, page in groups if page is None and group.advertiser]
    assert ends == ["8", "9", "7"]


def test_pages_without_records_to_write() -> None:
    """Two pages whose raw records bring no record are not equal."""
    facts: dict[str, t.Any] = {"received": SIZE, "total": 2 * SIZE, "page_size": SIZE}
    recorder = Recorder()
    results = [(task_of(number), Page(**facts)) for number in (1, 2)]
    (*_, (group, _)) = verifier_of(Lists([]), recorder).groups(results)
    assert group.is_complete
    assert recorder.verdicts == []


def test_failed_page() -> None:
    """A list with a failed page is neither re-read nor complete."""
    lists = Lists([])
    results = [(task_of(), page_of("a", 3)), (task_of(2), Page(failed=ResponseError("bad")))]
    groups = list(verifier_of(lists, Recorder()).groups(results))
    assert not groups[-1][0].is_complete
    assert lists.requested == 0


def test_two_lists_of_a_group() -> None:
    """A record of two lists is yielded once, and neither list counts as repeated."""
    other = dataclasses.replace(task_of(), request=Request("/ad/get/", {"topview": True}))
    results = [(task_of(), page_of("ab", 2)), (other, page_of("bc", 2))]
    recorder = Recorder()
    groups = list(verifier_of(Lists([]), recorder).groups(results))
    assert ids_of(page for _, page in groups) == "abc"
    assert recorder.verdicts == []


@pytest.mark.parametrize(
    ("page", "optional", "error"),
    [
        (Page(failed=ResponseError("bad")), False, ResponseError),
        (Page(), False, None),
    ],
)
def test_lookup_pages(page: Page, optional: bool, error: type[TapError] | None) -> None:
    """A failed page ends the read of another stream."""
    observer = LookupObserver("ads", Warned(), is_strict=False, keep=lambda *_: None)
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
def test_lookup_verdicts(verdict: Verdict, is_strict: bool, raises: bool) -> None:
    """A lookup fails if records can be missing, or unless it is proven complete."""
    warned = Warned()
    kept: list[TapError] = []
    observer = LookupObserver(
        "ads", warned, is_strict=is_strict, keep=lambda error, _: kept.append(error)
    )
    group = TaskGroup(None, None)
    progress = group.list_of(task_of())
    if raises:
        with pytest.raises(IncompleteError):
            observer.on_verdict(progress, verdict)
    else:
        observer.on_verdict(progress, verdict)
    assert bool(warned.messages) is bool(kept) is not raises


class Warned:
    """Keeps warnings."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def log(self, key: str, message: str, *args: t.Any) -> None:
        """Keep a warning."""
        del key
        self.messages.append(message % args)
