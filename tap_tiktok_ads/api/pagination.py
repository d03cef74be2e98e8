"""Which pages follow a page, and whether all of a listing came.

Every paged endpoint of TikTok answers with the same `page_info`:
`{"page": 1, "page_size": 1000, "total_number": 2311, "total_page": 3}`.
"""

from __future__ import annotations

import re
import typing as t

from tap_tiktok_ads.api.errors import ResponseError

_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
#: Pages of one listing at most: twenty million rows of a report.
MAX_PAGES = 20_000


def next_pages(
    page: int,
    last_known: int | None,
    page_info: t.Mapping[str, t.Any] | None,
    rows: int,
    page_size: int,
) -> range:
    """The pages to ask for after this one.

    The first page tells the number of the last one, so all the others follow from it at once; an
    empty page in the middle ends nothing. The last page is asked again whether the listing has
    grown meanwhile. Where `page_info` is missing, a full page means that another may follow.

    Args:
        page: the number of the page that was read, from 1.
        last_known: the last page asked for so far; None after the first page.
        page_info: the answer's `data.page_info`.
        rows: how many records the page held.
        page_size: how many it could hold.

    Raises:
        ResponseError: `page_info` is no object, or tells of more pages than a listing can have.
    """
    if last_known is not None and page < last_known:
        return range(0)
    if not isinstance(page_info, (dict, type(None))):
        msg = "A listing of pages whose page_info is no object is not one of TikTok's."
        raise ResponseError(msg)
    total = last_page(page_info, page_size)
    if total is None:
        total = page + 1 if rows >= page_size else page
    if total > MAX_PAGES:
        msg = f"A listing of more than {MAX_PAGES} pages is not believable."
        raise ResponseError(msg)
    return range(page + 1, total + 1)


def is_past_end(page: int, page_info: t.Mapping[str, t.Any] | None, page_size: int) -> bool:
    """Whether the listing is too short for this page to hold anything, by its own account."""
    number = total_number(page_info)
    return number is not None and number <= (page - 1) * page_size


def last_page(page_info: t.Mapping[str, t.Any] | None, page_size: int) -> int | None:
    """The number of the last page; the larger one where total_page and total_number differ."""
    told = [_whole(page_info.get("total_page")) if isinstance(page_info, dict) else None]
    number = total_number(page_info)
    told.append(None if number is None else -(-number // page_size))
    return max((total for total in told if total is not None), default=None)


def total_number(page_info: t.Mapping[str, t.Any] | None) -> int | None:
    """How many records the listing holds, as `page_info` tells."""
    return _whole(page_info.get("total_number")) if isinstance(page_info, dict) else None


def _whole(value: object) -> int | None:
    """A number of pages or records; None for what cannot be one."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
