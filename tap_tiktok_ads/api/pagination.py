"""Page-number pagination of TikTok's list endpoints.

Every paged endpoint returns this `page_info` object:

    {"page": 1, "page_size": 1000, "total_number": 2311, "total_page": 3}
"""

from __future__ import annotations

import re
import typing as t

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.json_kinds import json_kind

#: Maximum number of pages of one list: twenty million report records.
MAX_PAGES = 20_000
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)

PageInfo = t.Mapping[str, t.Any]


def next_pages(  # noqa: PLR0913 - the facts of one response
    page: int,
    last_requested: int | None,
    page_info: PageInfo | None,
    record_count: int,
    page_size: int,
    *,
    list_cap: int | None = None,
) -> range:
    """Return the page numbers to request after `page`.

    All pages that the first page reports are requested at once. The last of them is checked for
    growth. A full page can be followed by another one unless `total_number` rules it out.

    Args:
        page: Number of the page just read, starting at 1.
        last_requested: Highest page requested so far, or None after the first page.
        page_info: The `data.page_info` of the response.
        record_count: Number of records on the page.
        page_size: Requested number of records per page, or 0. The response takes precedence.
        list_cap: Maximum number of records that the endpoint lists, if it is limited.

    Raises:
        ResponseError: `page_info` is not an object, or it reports more than `MAX_PAGES` pages.
    """
    if last_requested is not None and page < last_requested:
        return range(0)
    if not isinstance(page_info, (dict, type(None))):
        msg = f"expected an object at data.page_info, got {json_kind(page_info)}."
        raise ResponseError(msg)
    size = response_page_size(page_info, record_count, page_size)
    last = last_page(page_info, size) or page
    if 0 < size <= record_count and not _ends_at(page, page_info, record_count, size):
        last = max(last, page + 1)
    if list_cap is not None:
        last = min(last, list_cap // max(1, size))
    if last > MAX_PAGES:
        msg = f"expected at most {MAX_PAGES:,} pages at data.page_info, got more."
        raise ResponseError(msg)
    return range(page + 1, last + 1)


def _ends_at(page: int, page_info: PageInfo | None, record_count: int, page_size: int) -> bool:
    """Return True if `total_number` reports that a full page is not followed by another one."""
    total = total_number(page_info)
    return total is not None and total >= (page - 1) * page_size + record_count


def response_page_size(page_info: PageInfo | None, record_count: int, requested: int) -> int:
    """Return the number of records per page that a response reports, or else the requested one.

    A server can cap the page size. A size that does not fit the records or the request is ignored.

    Args:
        page_info: The `data.page_info` of the response.
        record_count: Number of records on the page.
        requested: Requested number of records per page, or 0 if none was requested.
    """
    reported = _parse_count(page_info.get("page_size")) if isinstance(page_info, dict) else None
    if not reported or reported < record_count:
        return requested
    return reported if not requested else min(reported, requested)


def is_past_end(page: int, page_info: PageInfo | None, page_size: int) -> bool:
    """Return True if `page_info` reports that the list ends before this page."""
    total = total_number(page_info)
    return total is not None and total <= (page - 1) * page_size


def last_page(page_info: PageInfo | None, page_size: int) -> int | None:
    """Return the number of the last page, or None if it is not reported.

    A page size of 0 is not known. Then only `total_page` counts.

    `total_page` and `total_number` can disagree. The larger number of pages wins, because an
    unnecessary request is cheaper than a missing page.
    """
    if not isinstance(page_info, dict):
        return None
    total = total_number(page_info)
    candidates = [_parse_count(page_info.get("total_page"))]
    if total is not None and page_size:
        candidates.append(-(-total // page_size))
    return max((count for count in candidates if count is not None), default=None)


def last_page_share(page_info: PageInfo | None, page_size: int) -> float:
    """Return how full the last page of a list is by its `total_number`: 1.0 if it is not known."""
    total = total_number(page_info)
    if not total or not page_size:
        return 1.0
    return (total % page_size or page_size) / page_size


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
