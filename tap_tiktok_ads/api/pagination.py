"""Page-number pagination of TikTok's list endpoints.

Every paged endpoint returns the same `page_info` object:

    {"page": 1, "page_size": 1000, "total_number": 2311, "total_page": 3}
"""

from __future__ import annotations

import re
import typing as t

from tap_tiktok_ads.api.errors import ResponseError

#: Maximum number of pages of one list: twenty million report records.
MAX_PAGES = 20_000
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)

PageInfo = t.Mapping[str, t.Any]


def next_pages(
    page: int,
    last_requested: int | None,
    page_info: PageInfo | None,
    record_count: int,
    page_size: int,
) -> range:
    """Return the page numbers to request after `page`.

    The first page reports how many pages exist, so all of them are requested at once. An empty page
    in the middle does not end the list. The last requested page is checked for growth of the list.
    Without `page_info`, a full page means that another page may follow.

    Example:
        >>> next_pages(1, None, {"total_number": 2311, "total_page": 3}, 1000, 1000)
        range(2, 4)

    Args:
        page: Number of the page just read, starting at 1.
        last_requested: Highest page requested so far, or None after the first page.
        page_info: The `data.page_info` of the response.
        record_count: Number of records on the page.
        page_size: Maximum number of records per page.

    Raises:
        ResponseError: `page_info` is not an object, or it reports more than `MAX_PAGES` pages.
    """
    if last_requested is not None and page < last_requested:
        return range(0)
    if not isinstance(page_info, (dict, type(None))):
        msg = f"Expected `data.page_info` to be an object, got {type(page_info).__name__}."
        raise ResponseError(msg)
    last = last_page(page_info, page_size)
    if last is None:
        last = page + 1 if record_count >= page_size else page
    if last > MAX_PAGES:
        msg = f"Expected `data.page_info` to report at most {MAX_PAGES:,} pages, got more."
        raise ResponseError(msg)
    return range(page + 1, last + 1)


def is_past_end(page: int, page_info: PageInfo | None, page_size: int) -> bool:
    """Return True if `page_info` reports that the list ends before this page."""
    total = total_number(page_info)
    return total is not None and total <= (page - 1) * page_size


def last_page(page_info: PageInfo | None, page_size: int) -> int | None:
    """Return the number of the last page, or None if it is not reported.

    `total_page` and `total_number` can disagree. The larger number of pages wins, because an
    unnecessary request is cheaper than a missing page.
    """
    if not isinstance(page_info, dict):
        return None
    total = total_number(page_info)
    candidates = [_parse_count(page_info.get("total_page"))]
    if total is not None:
        candidates.append(-(-total // page_size))
    return max((count for count in candidates if count is not None), default=None)


def total_number(page_info: PageInfo | None) -> int | None:
    """Return the number of records in the list, or None if it is not reported."""
    return _parse_count(page_info.get("total_number")) if isinstance(page_info, dict) else None


def _parse_count(value: object) -> int | None:
    """Return a non-negative integer, or None for any other value.

    TikTok sends counts as numbers, as text, and occasionally as `3.0`.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and value >= 0 else None
