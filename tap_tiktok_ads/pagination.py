"""Which pages follow a page.

Every paged endpoint of TikTok answers with the same `page_info`:
`{"page": 1, "page_size": 1000, "total_number": 2311, "total_page": 3}`.
"""

from __future__ import annotations

import typing as t


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
    """
    if last_known is not None and page < last_known:
        return range(0)
    total = (page_info or {}).get("total_page")
    if isinstance(total, int):
        return range(page + 1, total + 1)
    return range(page + 1, page + 2) if rows >= page_size else range(0)
