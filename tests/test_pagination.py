"""Which pages follow a page."""

from __future__ import annotations

import collections
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.pagination import next_pages


def info(total: int) -> dict[str, t.Any]:
    """The `page_info` of a listing of so many pages."""
    return {"page": 1, "page_size": 10, "total_number": total * 10, "total_page": total}


@pytest.mark.parametrize(
    ("page", "last_requested", "page_info", "record_count", "expected"),
    [
        pytest.param(1, None, info(1), 10, [], id="only page"),
        pytest.param(1, None, info(4), 10, [2, 3, 4], id="first page tells all others"),
        pytest.param(1, None, {**info(2), "page_size": 5}, 5, [2, 3, 4], id="smaller pages"),
        pytest.param(
            1, None, {**info(2), "page_size": 5}, 10, [2], id="more records than the reported size"
        ),
        pytest.param(1, None, {"total_number": 3}, 10, [2], id="a total below the records"),
        pytest.param(2, 2, {"total_number": 20}, 10, [], id="the total rules another page out"),
        pytest.param(1, None, info(0), 0, [], id="empty listing"),
        pytest.param(2, 4, info(4), 10, [], id="a middle page adds nothing"),
        pytest.param(2, 4, info(9), 10, [], id="growth waits for the last page"),
        pytest.param(2, 4, info(4), 0, [], id="an empty page in the middle ends nothing"),
        pytest.param(1, None, info(3), 0, [2, 3], id="an empty first page ends nothing"),
        pytest.param(4, 4, info(4), 10, [], id="last page of a listing that stayed"),
        pytest.param(4, 4, info(6), 10, [5, 6], id="last page of a listing that grew"),
        pytest.param(4, 4, info(2), 0, [], id="last page of a listing that shrank"),
        pytest.param(1, None, None, 10, [2], id="no page_info, full page"),
        pytest.param(1, None, None, 9, [], id="no page_info, part of a page"),
        pytest.param(1, None, {}, 0, [], id="empty page_info, empty page"),
        pytest.param(3, 3, {"page": 3}, 10, [4], id="page_info without total, full page"),
        pytest.param(1, None, {"total_page": None}, 10, [2], id="total is null, full page"),
    ],
)
def test_pages_after(
    page: int,
    last_requested: int | None,
    page_info: dict[str, t.Any] | None,
    record_count: int,
    expected: list[int],
) -> None:
    """The first page and the last known one tell of others; a missing total asks page by page."""
    assert list(next_pages(page, last_requested, page_info, record_count, 10)) == expected


@given(
    totals=st.lists(st.integers(0, 8), min_size=1, max_size=6),
    told=st.booleans(),
    size=st.integers(1, 5),
)
def test_a_listing_that_changes_is_asked_for_each_page_once(
    totals: list[int],
    told: bool,
    size: int,
) -> None:
    """Whatever number of pages each answer tells of, pages are asked once each and without gap.

    `totals` is the number of full pages of the listing at each request; the last one stays.
    """
    waiting: collections.deque[tuple[int, int | None]] = collections.deque([(1, None)])
    asked: list[int] = []
    total = 0
    while waiting:
        page, last_requested = waiting.popleft()
        total = totals[min(len(asked), len(totals) - 1)]
        asked.append(page)
        rows = size if page <= total else 0
        page_info = {"total_page": total} if told else None
        following = next_pages(page, last_requested, page_info, rows, size)
        waiting.extendleft((number, following[-1]) for number in reversed(following))
    assert asked == list(range(1, len(asked) + 1))
    assert len(asked) >= max(total, 1)


@given(rows=st.integers(0, 100), size=st.integers(1, 20), told=st.booleans())
def test_no_row_of_a_listing_is_lost(
    rows: int,
    size: int,
    told: bool,
) -> None:
    """All rows of a listing are on the pages that are asked for, and no needless page is asked."""
    total = -(-rows // size)
    waiting: list[tuple[int, int | None]] = [(1, None)]
    found = 0
    asked = 0
    while waiting:
        page, last_requested = waiting.pop(0)
        asked += 1
        held = max(0, min(size, rows - (page - 1) * size))
        found += held
        page_info = {"total_page": total} if told else None
        following = next_pages(page, last_requested, page_info, held, size)
        waiting += [(number, following[-1]) for number in following]
    assert found == rows
    assert asked == rows // size + 1  # a full last page can be followed by another one


@pytest.mark.parametrize(
    ("page_info", "expected"),
    [
        ({"total_page": "3"}, [2, 3]),
        ({"total_page": 3.0}, [2, 3]),
        ({"total_page": 0, "total_number": 25}, [2, 3]),
        ({"total_page": True}, [2]),
    ],
)
def test_odd_totals(page_info: dict[str, object], expected: list[int]) -> None:
    """Totals as text or floats count; where the two differ, the larger one does."""
    assert list(next_pages(1, None, page_info, 10, 10)) == expected


def test_unbelievable_totals() -> None:
    """A listing of a billion pages is refused."""
    with pytest.raises(ResponseError):
        next_pages(1, None, {"total_page": 10**9}, 10, 10)


@pytest.mark.parametrize(
    "page_info", [{"total_number": 10**400}, {"total_page": 10**4400}, [1], "x"]
)
def test_page_info_beyond_belief(page_info: t.Any) -> None:
    """Numbers that nothing can hold, and no object at all, are refused in one short sentence."""
    with pytest.raises(ResponseError) as error:
        next_pages(1, None, page_info, 10, 10)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize("page_info", [{"total_page": -1}, {"total_number": -1}])
def test_negative_totals(page_info: dict[str, t.Any]) -> None:
    """A number below zero tells nothing: a full page means that another may follow."""
    assert list(next_pages(1, None, page_info, 10, 10)) == [2]
