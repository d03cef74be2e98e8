"""Bookmarks in the Singer state.

The state of a stream holds one partition per advertiser:

    {"bookmarks": {"campaigns": {"partitions": [
        {"context": {"advertiser_id": "7"}, "replication_key": "modify_time",
         "replication_key_value": "2026-11-01T00:00:00Z"}]}}}

Unpartitioned streams keep the members of a partition directly below their name. `day_bookmarks`
describes the members of windowed streams.
"""

from __future__ import annotations

import typing as t

import pendulum
from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.values import NUMBER_TYPES

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers.types import TapState

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.problems import Warnings

    State = dict[str, t.Any]

INCREMENTAL = "INCREMENTAL"
#: The members of a partition that other readers of the state know, too.
KEY = "replication_key"
VALUE = "replication_key_value"
#: The member of a stream with the metrics that earlier runs read. The other members of a stream
#: are the bookmark of an unpartitioned stream.
METRICS = "metrics"
PARTITIONS = "partitions"
#: A list can show a change some time after the change's timestamp.
CHANGE_DELAY = pendulum.duration(minutes=10)
TIME_FORMAT = "YYYY-MM-DDTHH:mm:ss[Z]"


class Partitions:
    """The state of one stream, and its partitions by advertiser.

    The SDK looks for a partition in the list of all partitions. Here, an index finds it.
    """

    def __init__(self, tap_state: TapState, stream_name: str) -> None:
        """Prepare.

        Args:
            tap_state: The state of the tap, which is changed in place.
            stream_name: The stream.
        """
        self._tap_state = tap_state
        self._stream_name = stream_name
        self._by_advertiser: dict[str, State] = {}
        self._indexed_count = 0

    def stream_state(self) -> Mapping[str, t.Any]:
        """Return the state of the stream, empty if there is none."""
        return self._tap_state.get("bookmarks", {}).get(self._stream_name, {})

    def writable_stream_state(self) -> State:
        """Return the state of the stream, created if there is none."""
        return self._tap_state.setdefault("bookmarks", {}).setdefault(self._stream_name, {})

    def all(self) -> list[State]:
        """Return all partitions of the stream."""
        return t.cast("list[State]", self.stream_state().get("partitions", []))

    def find(self, advertiser_id: str) -> State | None:
        """Return the partition of an advertiser, or None."""
        first = self._indexed_count  # later ones are new, since partitions are only appended
        new_partitions = self.all()[first:]
        for partition in new_partitions:
            match partition["context"]:
                case {"advertiser_id": str(owner), **others} if not others:
                    self._by_advertiser[owner] = partition
        self._indexed_count = first + len(new_partitions)  # not a sum: workers read, too
        return self._by_advertiser.get(advertiser_id)

    def add(self, advertiser_id: str) -> State:
        """Return a new partition of an advertiser."""
        partition: State = {"context": {"advertiser_id": advertiser_id}}
        self.writable_stream_state().setdefault("partitions", []).append(partition)
        return partition


class Bookmarks:
    """The starting points and the progress of one stream.

    The base class is for streams without a replication key. Its bookmarks never advance.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        tap_state: TapState,
        stream_name: str,
        replication_key: str | None = None,
        *,
        started_at: pendulum.DateTime,
        warnings: Warnings,
        is_incremental: bool = True,
    ) -> None:
        """Prepare.

        Args:
            tap_state: The state of the tap, which is changed in place.
            stream_name: The stream.
            replication_key: The column whose values are the bookmarks.
            started_at: Start of the run. A bookmark cannot lie more than a day after it.
            warnings: The warnings of the stream.
            is_incremental: False if bookmarks are neither used nor advanced.
        """
        self.replication_key = replication_key
        self._partitions = Partitions(tap_state, stream_name)
        self._stream_name = stream_name
        self._started_at = started_at
        self._warnings = warnings
        self._is_incremental = is_incremental
        self._held: set[str | None] = set()  # ids of advertisers with incomplete partitions

    def partition(self, advertiser: Advertiser | None) -> Mapping[str, t.Any]:
        """Return the partition of an advertiser, empty if there is none."""
        if advertiser is None:
            return self._partitions.stream_state()
        return self._partitions.find(advertiser.id) or {}

    def writable_partition(self, advertiser: Advertiser | None) -> State:
        """Return the partition of an advertiser, created if there is none."""
        if advertiser is None:
            return self._partitions.writable_stream_state()
        return self._partitions.find(advertiser.id) or self._partitions.add(advertiser.id)

    def partitions(self) -> list[State]:
        """Return all partitions of the stream."""
        return self._partitions.all()

    def value(self, advertiser: Advertiser | None) -> t.Any:
        """Return the bookmark as the state holds it, or None."""
        if not self._is_incremental:
            return None
        partition = self.partition(advertiser)
        if partition.get(KEY) != self.replication_key:
            return None
        return partition.get(VALUE)

    def start(self, advertiser: Advertiser | None) -> t.Any:
        """Return the bookmark in the form of the replication key's values, or None."""
        bookmark = self.readable_time(advertiser, self.value(advertiser))
        return None if bookmark is None else self.format(bookmark)

    def readable_time(
        self, advertiser: Advertiser | None, value: t.Any
    ) -> pendulum.DateTime | None:
        """Return the time of a bookmark, or None with a warning if it names no time up to today.

        A bookmark in the future comes from a wrong clock. How far the stream was read is unknown,
        so a bookmark of today would lose the changes since then.
        """
        if value is None:
            return None
        try:
            bookmark = dates.parse_time(value)
        except dates.DateError:
            bookmark = None
        tomorrow = self._started_at.add(days=1)
        if bookmark is not None and pendulum.datetime(1970, 1, 1) <= bookmark <= tomorrow:
            return bookmark
        self.warn_of_unusable(advertiser, VALUE, value, "a UTC time up to now")
        return None

    def warn_of_unusable(
        self, advertiser: Advertiser | None, member: str, value: t.Any, expected: str
    ) -> None:
        """Warn once that a member of the state is ignored."""
        owner = id_of(advertiser) or "all"
        self._warnings.log(
            f"state {owner} {member} {value}",
            "Cannot use the state of stream %s, advertiser %s: expected %s in member %r, got "
            "%.100r. The run reads again what the member covers.",
            owner,
            expected,
            member,
            value,
        )

    def hold(
        self,
        advertiser: Advertiser | None,
        window: Window | None = None,  # noqa: ARG002 - for subclasses
    ) -> None:
        """Keep the bookmark of an advertiser where it is until the end of the run."""
        self._held.add(id_of(advertiser))

    def is_held(
        self,
        advertiser: Advertiser | None,
        window: Window | None = None,  # noqa: ARG002 - for subclasses
    ) -> bool:
        """Return True if the bookmark of an advertiser does not advance in this run."""
        return id_of(advertiser) in self._held

    def advance(self, group: TaskGroup) -> bool:
        """Advance the bookmark past a completed group. Return True if the state changed."""
        if self.is_held(group.advertiser) or not group.is_complete:
            return False
        value = self.value_after(group)
        if value is None or not self._is_incremental:
            return False
        partition = self.writable_partition(group.advertiser)
        value = max(value, self.start(group.advertiser) or value)
        partition.update({KEY: self.replication_key, VALUE: value})
        return True

    def format(self, moment: pendulum.DateTime) -> str:
        """Return a moment in the form of the replication key's values."""
        return moment.format(TIME_FORMAT)

    def value_after(self, group: TaskGroup) -> t.Any:  # noqa: ARG002 - for subclasses
        """Return the bookmark once a group is written, or None if it does not advance."""
        return None


class TimeBookmarks(Bookmarks):
    """Bookmarks of objects that have the time of their last change."""

    @override
    def value_after(self, group: TaskGroup) -> str | None:
        """Return the latest change, but not later than shortly before the list was read.

        An object that changes during the read can have been passed already.
        """
        if group.latest_change is None:
            return None
        latest_safe = (self._list_started_at(group) - CHANGE_DELAY).in_timezone("UTC")
        return min(group.latest_change, self.format(latest_safe))

    def _list_started_at(self, group: TaskGroup) -> pendulum.DateTime:
        """Return when the list was read: by the server's clock, if this one is not behind it."""
        if group.started_at is None or group.started_at > pendulum.now("UTC"):
            return self._started_at
        return pendulum.instance(group.started_at)


class ValueBookmarks(Bookmarks):
    """Bookmarks of a replication key that is not a time: the greatest value received.

    Attributes:
        value_types: Types that can be compared with the values of the replication key.
    """

    value_types: tuple[type, ...] = (str, *NUMBER_TYPES)

    @override
    def start(self, advertiser: Advertiser | None) -> t.Any:
        value = self.value(advertiser)
        is_value = isinstance(value, self.value_types) and not isinstance(value, bool)
        if value is None or is_value:
            return value
        kinds = {"text" if kind is str else "a number" for kind in self.value_types}
        self.warn_of_unusable(advertiser, VALUE, value, " or ".join(sorted(kinds)))
        return None

    @override
    def value_after(self, group: TaskGroup) -> t.Any:
        return group.latest_change
