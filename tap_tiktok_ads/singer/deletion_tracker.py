"""Deletion records: objects that TikTok listed before and lists no more (`track_deleted`)."""

from __future__ import annotations

import functools
import typing as t

from tap_tiktok_ads.api.promote import origins_in
from tap_tiktok_ads.extract import deletions
from tap_tiktok_ads.extract.deletions import DELETED_AT, STATE_MEMBER, ListedObjects
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.task_groups import Verdict
from tap_tiktok_ads.singer.state import TIME_FORMAT

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.task_groups import ListProgress, TaskGroup
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.singer.state import Bookmarks


class DeletionTracker:
    """Compares each complete list of an advertiser with the previous one, kept in the state."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        bookmarks: Bookmarks,
        warnings: Warnings,
        *,
        key_columns: Sequence[str],
        columns: Iterable[str],
        deleted_at: pendulum.DateTime,
        has_pages: bool,
    ) -> None:
        """Prepare.

        Args:
            bookmarks: Give access to the partitions of the state.
            warnings: The warnings of the stream.
            key_columns: Columns that identify a record within an advertiser.
            columns: All columns of the stream.
            deleted_at: The time that deletion records carry.
            has_pages: True if responses report how many objects there are.
        """
        self._bookmarks = bookmarks
        self._warnings = warnings
        self._key_columns = key_columns
        self._columns = list(columns)
        self._deleted_at = deleted_at.in_timezone("UTC").format(TIME_FORMAT)
        self._has_pages = has_pages
        self._previous: dict[str, ListedObjects] = {}  # by advertiser id

    def previous(self, advertiser: Advertiser) -> ListedObjects:
        """Return the objects of an advertiser's previous list, from the state."""
        if advertiser.id not in self._previous:
            listed_in_state = self._bookmarks.partition(advertiser).get(STATE_MEMBER)
            listed = ListedObjects.from_state(listed_in_state, len(self._key_columns))
            self._previous[advertiser.id] = listed
        return self._previous[advertiser.id]

    def previous_keys(self, advertiser: Advertiser | None) -> AbstractSet[t.Any] | None:
        """Return the keys of an advertiser's previous list, or None if there is none."""
        return None if advertiser is None else self.previous(advertiser).keys

    def pages(self, group: TaskGroup) -> Iterable[Page]:
        """Return a page with a deletion record for each object that is no longer listed."""
        if group.advertiser is None or self._bookmarks.is_held(group.advertiser):
            return ()
        deleted_keys = self._listed_by(group).missing_since(self.previous(group.advertiser))
        if not deleted_keys:
            return ()
        group.has_deletions = True
        empty = dict.fromkeys(self._columns)
        owner = {"advertiser_id": group.advertiser.id, DELETED_AT: self._deleted_at}
        records = [
            {**empty, **owner, **dict(zip(self._key_columns, key, strict=True))}
            for key in deleted_keys
        ]
        return (Page(records, len(records)),)

    def update_state(self, group: TaskGroup) -> None:
        """Write the objects of a group to the state, unless they exceed its limit."""
        advertiser = group.advertiser
        if advertiser is None:
            return
        listed, previous = self._listed_by(group), self.previous(advertiser)
        if listed.list_count < previous.list_count:
            self._warnings.log(
                f"fewer lists {advertiser.id}",
                "Stream %s does not report deletions of advertiser %s: TikTok denies a list that "
                "an earlier run read. Restore the permission, or remove %r from the state.",
                advertiser.id,
                STATE_MEMBER,
            )
        listed = listed.merged_with(previous)
        partition = self._bookmarks.writable_partition(advertiser)
        self._object_count -= deletions.object_count(partition.get(STATE_MEMBER))
        object_count = self._object_count + len(listed.keys or ())
        if object_count > deletions.MAX_LISTED_OBJECTS:
            partition.pop(STATE_MEMBER, None)
            self._warnings.log(
                f"too many objects {advertiser.id}",
                "Stream %s does not report deletions of advertiser %s: the state can hold %s "
                "objects of a stream, and this one has %s or more. Read fewer advertisers in one "
                "run, or set track_deleted to false.",
                advertiser.id,
                f"{deletions.MAX_LISTED_OBJECTS:,}",
                f"{object_count:,}",
            )
            return
        partition[STATE_MEMBER] = listed.to_state()
        self._object_count += deletions.object_count(partition[STATE_MEMBER])

    @functools.cached_property
    def _object_count(self) -> int:
        """The number of objects in the state, over all advertisers. Counted once."""
        listed = (partition.get(STATE_MEMBER) for partition in self._bookmarks.partitions())
        return sum(map(deletions.object_count, listed))

    def _listed_by(self, group: TaskGroup) -> ListedObjects:
        """Return the objects that a group listed. `is_complete` is True if these are all."""
        lists = [progress for progress in group.lists.values() if not progress.current.is_broken]
        is_complete = group.is_complete and self._are_proven(lists)
        list_count = sum(map(_list_count, lists))
        return ListedObjects(frozenset(group.seen_keys), list_count, is_complete=is_complete)

    def _are_proven(self, lists: Sequence[ListProgress]) -> bool:
        """Return True if TikTok's totals prove that every list is complete, and none is capped.

        The last pass alone must reach the total. Earlier passes can contain objects that were
        deleted since, which hides that another object is missing.
        """
        if not lists:
            return not self._has_pages
        return all(
            progress.verdict is Verdict.COMPLETE
            and progress.current.total is not None
            and progress.current.received >= progress.current.total
            for progress in lists
        )


def _list_count(progress: ListProgress) -> int:
    """Return the number of lists in one: each origin that it is filtered by counts.

    If TikTok rejects the filter on origins, a list without it is read, which lacks the objects of
    an origin. They are not deleted.
    """
    return max(1, len(origins_in(progress.first_task.request)))


def forget_listed_objects(bookmarks: Bookmarks, advertiser: Advertiser | None) -> bool:
    """Remove the list of an earlier run that tracked deletions: it would become outdated.

    Returns True if there was one.
    """
    if advertiser is None or STATE_MEMBER not in bookmarks.partition(advertiser):
        return False
    bookmarks.writable_partition(advertiser).pop(STATE_MEMBER)
    return True
