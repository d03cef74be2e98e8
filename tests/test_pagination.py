"""`next_pages`: which pages follow a page."""

from __future__ import annotations

import collections
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.pagination import next_pages


def page_info_of(total: int) -> dict[str, t.Any]:
    """Return the `page_info` of a list with `total` pages."""
    return {"page": 1, "page_size": 10, "total_number": total * 10, "total_page": total}


@pytest.mark.parametrize(
    ("page", "last_requested", "page_info", "record_count", "expected"),
    [
        pytest.param(1, None, page_info_of(1), 10, [], id="only page"),
        pytest.param(1, None, page_info_of(4), 10, [2, 3, 4], id="first page adds all others"),
        pytest.param(
            1, None, {**page_info_of(2), "page_size": 5}, 5, [2, 3, 4], id="smaller pages"
        ),
        pytest.param(
            1,
            None,
            {**page_info_of(2), "page_size": 5},
            10,
            [2],
            id="more records than the reported size",
        ),
        pytest.param(1, None, {"total_number": 3}, 10, [2], id="total below the number of records"),
        pytest.param(2, 2, {"total_number": 20}, 10, [], id="total excludes another page"),
        pytest.param(1, None, page_info_of(0), 0, [], id="empty list"),
        pytest.param(2, 4, page_info_of(4), 10, [], id="middle page"),
        pytest.param(2, 4, page_info_of(9), 10, [], id="middle page of a growing list"),
        pytest.param(2, 4, page_info_of(4), 0, [], id="empty middle page"),
        pytest.param(1, None, page_info_of(3), 0, [2, 3], id="empty first page"),
        pytest.param(4, 4, page_info_of(4), 10, [], id="last page"),
        pytest.param(4, 4, page_info_of(6), 10, [5, 6], id="last page of a growing list"),
        pytest.param(4, 4, page_info_of(2), 0, [], id="last page of a shrinking list"),
        pytest.param(1, None, None, 10, [2], id="no page_info, full page"),
        pytest.param(1, None, None, 9, [], id="no page_info, incomplete page"),
        pytest.param(1, None, {}, 0, [], id="empty page_info, empty page"),
        pytest.param(3, 3, {"page": 3}, 10, [4], id="page_info without total, full page"),
        pytest.param(1, None, {"total_page": None}, 10, [2], id="total is null, full page"),
    ],
)
def test_first_and_last_page_add_pages(
    page: int,
    last_requested: int | None,
    page_info: dict[str, t.Any] | None,
    record_count: int,
    expected: list[int],
) -> None:
    """The first page and the last requested one add pages. Without totals, a full page adds one."""
    assert list(next_pages(page, last_requested, page_info, record_count, 10)) == expected


@given(
    totals=st.lists(st.integers(0, 8), min_size=1, max_size=6),
    has_totals=st.booleans(),
    size=st.integers(1, 5),
)
def test_page_is_requested_once_from_a_changing_list(
    totals: list[int],
    has_totals: bool,
    size: int,
) -> None:
    """Each page is requested once and in order, even if `total_page` changes between requests."""
    waiting: collections.deque[tuple[int, int | None]] = collections.deque([(1, None)])
    requested: list[int] = []
    total = 0
    while waiting:
        page, last_requested = waiting.popleft()
        total = totals[min(len(requested), len(totals) - 1)]
        requested.append(page)
        record_count = size if page <= total else 0
        page_info = {"total_page": total} if has_totals else None
        following = next_pages(page, last_requested, page_info, record_count, size)
        waiting.extendleft((number, following[-1]) for number in reversed(following))
    assert requested == list(range(1, len(requested) + 1))
    assert len(requested) >= max(total, 1)


@given(record_count=st.integers(0, 100), size=st.integers(1, 20), has_totals=st.booleans())
def test_all_pages_with_records_are_requested(
    record_count: int,
    size: int,
    has_totals: bool,
) -> None:
    """All pages with records are requested, and at most one empty page."""
    total = -(-record_count // size)
    waiting: list[tuple[int, int | None]] = [(1, None)]
    received = 0
    requests = 0
    while waiting:
        page, last_requested = waiting.pop(0)
        requests += 1
        page_records = max(0, min(size, record_count - (page - 1) * size))
        received += page_records
        page_info = {"total_page": total} if has_totals else None
        following = next_pages(page, last_requested, page_info, page_records, size)
        waiting += [(number, following[-1]) for number in following]
    assert received == record_count
    assert requests == record_count // size + 1  # a full last page can be followed by another one


@pytest.mark.parametrize(
    ("page_info", "expected"),
    [
        ({"total_page": "3"}, [2, 3]),
        ({"total_page": 3.0}, [2, 3]),
        ({"total_page": 0, "total_number": 25}, [2, 3]),
        ({"total_page": True}, [2]),
    ],
)
def test_totals_may_be_text_or_floats(page_info: dict[str, object], expected: list[int]) -> None:
    """Totals may be text or floats, and the larger of two totals is used."""
    assert list(next_pages(1, None, page_info, 10, 10)) == expected


def test_too_many_pages_raise_response_error() -> None:
    """A list of a billion pages raises ResponseError."""
    with pytest.raises(ResponseError):
        next_pages(1, None, {"total_page": 10**9}, 10, 10)


@pytest.mark.parametrize(
    "page_info", [{"total_number": 10**400}, {"total_page": 10**4400}, [1], "x"]
)
def test_invalid_page_info_raises_short_error(page_info: t.Any) -> None:
    """An invalid `page_info` raises ResponseError with a short message."""
    with pytest.raises(ResponseError) as error:
        next_pages(1, None, page_info, 10, 10)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize("page_info", [{"total_page": -1}, {"total_number": -1}])
def test_negative_totals_are_ignored(page_info: dict[str, t.Any]) -> None:
    """A negative total is ignored, and a full page adds another page."""
    assert list(next_pages(1, None, page_info, 10, 10)) == [2]
