"""Tables of what `ListVerifier` yields and reports for the pages of a list."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.errors import IncompleteError, ResponseError, TapError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.deduplication import KeyedFilter, RecordFilter
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.task_groups import ListPass
from tap_tiktok_ads.extract.verification import (
    ListVerifier,
    LookupObserver,
    Mismatch,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Pass = Sequence[tuple[str, int | None]]

KEYED = KeyedFilter("ads", ["id"], "", starts={})


def page_of(ids: str, total: int | None) -> Page:
    """Return a page with one record per letter."""
    records = [{"id": letter} for letter in ids]
    fingerprints = [KEYED.fingerprint(record) for record in records]
    return Page(records, len(ids), fingerprints, received=len(ids), total=total)


def task_of(page: int = 1, advertiser: str = "7") -> Task:
    """Return the task for a page of a list."""
    request = Request("/ad/get/", {"advertiser_id": advertiser, "page": page})
    return Task(request, Advertiser(advertiser))


@dataclasses.dataclass
class Recorder:
    """Records the mismatches that the verifier reports."""

    mismatches: list[Mismatch] = dataclasses.field(default_factory=list)

    def on_page(self, task: Task, page: Page) -> None:
        """Accept the page."""

    def is_dispensable(self, task: Task, page: Page) -> bool:  # noqa: ARG002 - the protocol
        """Return True if the list is optional."""
        return task.optional

    def on_mismatch(self, first_task: Task, counts: ListPass, mismatch: Mismatch) -> None:  # noqa: ARG002
        """Record the mismatch."""
        self.mismatches.append(mismatch)


class Lists:
    """Returns the pages of one further pass after another."""

    def __init__(self, passes: Iterable[Pass]) -> None:
        self.passes = list(passes)
        self.requested = 0

    def fetch(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Return a page, and after the first page the tasks of the others."""
        pages = self.passes[0]
        if task.page == 1:
            self.requested += 1
        page = page_of(*pages[task.page - 1])
        if task.page == len(pages):
            self.passes.pop(0)
        following = range(2, len(pages) + 1) if task.page == 1 else ()
        return page, [task.at_page(number, len(pages)) for number in following]


def ids_of(pages: Iterable[Page | None]) -> str:
    """Return the ids of the records of pages, in order."""
    records: list[t.Any] = [record for page in pages if page for record in page.records]
    return "".join(record["id"] for record in records)


@pytest.mark.parametrize(
    ("passes", "ids", "mismatches"),
    [
        pytest.param([[("ab", 3), ("c", 3)]], "abc", [], id="complete"),
        pytest.param([[("ab", None)]], "ab", [], id="no total"),
        pytest.param([[("", 0)]], "", [], id="empty"),
        pytest.param(
            [[("ab", 4), ("bc", 4)], [("ab", 4), ("cd", 4)]], "abcd", [], id="duplicate, settled"
        ),
        pytest.param([[("ab", 3)], [("ab", 3), ("c", 3)]], "abc", [], id="missing, settled"),
        pytest.param(
            [[("ab", 3)], [("ab", 3)]], "ab", [Mismatch.INCONSISTENT], id="inconsistent total"
        ),
        pytest.param(
            [[("a", 3)], [("ab", 4)], [("ab", 5)]], "ab", [Mismatch.INCOMPLETE], id="incomplete"
        ),
    ],
)
def test_list_passes(passes: list[Pass], ids: str, mismatches: list[Mismatch]) -> None:
    """A list is re-read until its count matches, and each record is yielded once."""
    recorder, lists = Recorder(), Lists(passes[1:])
    keyed = KeyedFilter("ads", ["id"], "", starts={})
    results = [(task_of(n), page_of(*page)) for n, page in enumerate(passes[0], start=1)]
    verified = list(ListVerifier(keyed, lists.fetch, recorder).groups(results))
    assert ids_of(page for _, page in verified) == ids
    assert recorder.mismatches == mismatches
    assert verified[-1][0].is_complete is not bool(mismatches)
    assert lists.passes == []


def test_list_without_key() -> None:
    """A list without a key is not re-read."""
    recorder, lists = Recorder(), Lists([])
    verifier = ListVerifier(RecordFilter(), lists.fetch, recorder)
    groups = list(verifier.groups([(task_of(), page_of("a", 2))]))
    assert recorder.mismatches == [Mismatch.WITHOUT_KEY]
    assert not groups[-1][0].is_complete
    assert lists.requested == 0


def test_max_inconsistent_lists() -> None:
    """After three lists with inconsistent totals, a stream is not re-read any more."""
    recorder, lists = Recorder(), Lists([[("a", 2)]] * 5)
    results = [(task_of(advertiser=str(n)), page_of("a", 2)) for n in range(5)]
    groups = list(ListVerifier(KEYED, lists.fetch, recorder).groups(results))
    assert lists.requested == 3
    assert [group.is_complete for group, page in groups if page is None] == [False] * 5


def test_group_boundaries() -> None:
    """Each group ends with None after its last page."""
    results = [(task_of(advertiser=name), page_of("a", 1)) for name in "78"]
    groups = ListVerifier(KEYED, Lists([]).fetch, Recorder()).groups(results)
    found = [(group.advertiser, page is None) for group, page in groups]
    expected = [(Advertiser(name), is_end) for name in "78" for is_end in (False, True)]
    assert found == expected


def test_failed_page() -> None:
    """A list with a failed page is neither re-read nor complete."""
    lists = Lists([])
    results = [(task_of(), page_of("a", 3)), (task_of(2), Page(failed=ResponseError("bad")))]
    groups = list(ListVerifier(KEYED, lists.fetch, Recorder()).groups(results))
    assert not groups[-1][0].is_complete
    assert lists.requested == 0


class Logged:
    """Records the keys of warnings."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def log(self, key: str, message: str, *args: t.Any) -> None:  # noqa: ARG002
        """Record the key."""
        self.keys.append(key)


@pytest.mark.parametrize(
    ("mismatch", "is_strict", "error"),
    [
        (Mismatch.INCONSISTENT, False, None),
        (Mismatch.INCONSISTENT, True, IncompleteError),
        (Mismatch.INCOMPLETE, False, IncompleteError),
        (Mismatch.WITHOUT_KEY, False, IncompleteError),
    ],
)
def test_lookup_mismatch(mismatch: Mismatch, is_strict: bool, error: type[TapError] | None) -> None:
    """A lookup tolerates inconsistent totals only, and only if it is not strict."""
    logged = Logged()
    observer = LookupObserver("ads", logged, is_strict=is_strict)
    counts = ListPass(received=1, totals={2})
    if error is None:
        observer.on_mismatch(task_of(), counts, mismatch)
        assert logged.keys == ["inconsistent total"]
        return
    with pytest.raises(error, match="TikTok reports 2 records, received 1"):
        observer.on_mismatch(task_of(), counts, mismatch)
