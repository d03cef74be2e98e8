"""Which pages follow a page.

Every paged endpoint of TikTok answers with the same `page_info`:
`{"page": 1, "page_size": 1000, "total_number": 2311, "total_page": 3}`.
"""

from __future__ import annotations

import math
import re
import typing as t

from tap_tiktok_ads.errors import ResponseError

_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
#: Pages of one listing at most: twenty million rows of a report.
MOST_PAGES = 20_000


def pages_after(
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
        ResponseError: there are more pages than a listing can have.
    """
    if last_known is not None and page < last_known:
        return range(0)
    total = last_page(page_info or {}, page_size)
    if total is None:
        total = page + 1 if rows >= page_size else page
    if total > MOST_PAGES:
        msg = f"A listing of {total} pages is not believable; {MOST_PAGES} are the most."
        raise ResponseError(msg)
    return range(page + 1, total + 1)


def past_the_end(page: int, page_info: t.Mapping[str, t.Any], page_size: int) -> bool:
    """Whether the listing is too short for this page to hold anything, by its own account."""
    number = _whole(page_info.get("total_number"))
    return number is not None and number <= (page - 1) * page_size


def last_page(page_info: t.Mapping[str, t.Any], page_size: int) -> int | None:
    """The number of the last page; the larger one where total_page and total_number differ."""
    told = [_whole(page_info.get("total_page"))]
    number = _whole(page_info.get("total_number"))
    told.append(None if number is None else math.ceil(number / page_size))
    return max((total for total in told if total is not None), default=None)


def _whole(value: object) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
