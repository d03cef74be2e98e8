"""Differences between TikTok's count of a list and the records that every pass receives.

TikTok's count may differ from its list. The difference that two passes agree on is kept in the
state. Later runs with this difference need one pass.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.singer.state import Bookmarks

#: The member of a partition that holds the difference.
STATE_MEMBER = "count_difference"


def known_difference(bookmarks: Bookmarks, group: TaskGroup) -> int | None:
    """Return the difference that an earlier run agreed on, or None."""
    difference = bookmarks.partition(group.advertiser).get(STATE_MEMBER)
    is_count = isinstance(difference, int) and not isinstance(difference, bool)
    return difference if is_count else None


def remember_difference(bookmarks: Bookmarks, group: TaskGroup) -> bool:
    """Keep the difference of a group in the state. Return True if the state changed.

    The difference of some days says nothing about other days, so it is not kept. A difference that
    no longer exists becomes 0. A member that is left out would return when states are merged.
    """
    if group.window is not None:
        return False
    difference = group.difference
    if difference is None and group.is_complete and known_difference(bookmarks, group):
        difference = 0
    if difference is None:
        return False
    bookmarks.writable_partition(group.advertiser)[STATE_MEMBER] = difference
    return True
