"""Bookmarks in the Singer state.

The state of a stream holds one partition per advertiser:

    {"bookmarks": {"campaigns": {"partitions": [
        {"context": {"advertiser_id": "7"}, "replication_key": "modify_time",
         "replication_key_value": "2026-11-01T00:00:00Z"}]}}}

Unpartitioned streams keep the members of a partition directly below their name. Windowed streams
also keep `read_from`, the earliest synced date.
"""

from __future__ import annotations

import copy
import time
import typing as t

import pendulum
from singer_sdk.helpers._state import get_state_if_exists, get_writeable_state_dict
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from singer_sdk.helpers.types import TapState
    from singer_sdk.singerlib.encoding.base import GenericSingerWriter

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.task_groups import TaskGroup

    State = dict[str, t.Any]

INCREMENTAL = "INCREMENTAL"
#: The member of a partition that holds the earliest synced date.
EARLIEST_DATE = "read_from"
#: A change can show up in a list some time after the moment it is dated with.
CHANGE_DELAY = pendulum.duration(minutes=10)
#: Minimum seconds between two STATE messages within the windows of an advertiser.
STATE_INTERVAL_SECONDS = 30.0
TIME_FORMAT = "YYYY-MM-DDTHH:mm:ss[Z]"


class StateOutput:
    """Writes STATE messages, and decides when the next one is due."""

    def __init__(
        self,
        writer: GenericSingerWriter[t.Any, t.Any],
        state: Callable[[], TapState],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._state = state
        self._clock = clock
        self._written_at = clock()

    def take_turn(self) -> bool:
        """Return True if another STATE message is due, and register that it is written.

        A message holds the complete state, so its size grows with advertisers and streams.
        """
        now = self._clock()
        if now - self._written_at < STATE_INTERVAL_SECONDS:
            return False
        self._written_at = now
        return True

    def write(self) -> None:
        """Write a STATE message, even if the state has not changed."""
        self._writer.write_message(StateMessage(value=copy.deepcopy(self._state())))


class Bookmarks:
    """The starting points and the progress of one stream.

    The base class is for streams without a replication key. Its bookmarks never advance.
    """

    def __init__(
        self,
        tap_state: TapState,
        stream_name: str,
        replication_key: str | None = None,
        *,
        started_at: pendulum.DateTime,
        is_incremental: bool = True,
    ) -> None:
        """Prepare.

        Args:
            tap_state: The state of the tap, which is changed in place.
            stream_name: The stream.
            replication_key: The column whose values are the bookmarks.
            started_at: Start of the run. A bookmark cannot lie more than a day after it.
            is_incremental: False if bookmarks are neither used nor advanced.
        """
        self.replication_key = replication_key
        self._tap_state = tap_state
        self._stream_name = stream_name
        self._started_at = started_at
        self._is_incremental = is_incremental
        self._held: set[str | None] = set()  # ids of advertisers with incomplete partitions

    def partition(self, advertiser: Advertiser | None) -> Mapping[str, t.Any]:
        """Return the partition of an advertiser, empty if there is none."""
        context = _context(advertiser)
        return get_state_if_exists(self._tap_state, self._stream_name, context) or {}

    def writable_partition(self, advertiser: Advertiser | None) -> State:
        """Return the partition of an advertiser, created if there is none."""
        context = _context(advertiser)
        return get_writeable_state_dict(self._tap_state, self._stream_name, context)

    def partitions(self) -> list[State]:
        """Return all partitions of the stream."""
        stream_state = self._tap_state.get("bookmarks", {}).get(self._stream_name, {})
        return t.cast("list[State]", stream_state.get("partitions", []))

    def value(self, advertiser: Advertiser | None) -> t.Any:
        """Return the bookmark as the state holds it, or None."""
        if not self._is_incremental:
            return None
        partition = self.partition(advertiser)
        if partition.get("replication_key") != self.replication_key:
            return None
        return partition.get("replication_key_value")

    def start(self, advertiser: Advertiser | None) -> t.Any:
        """Return the bookmark in the form of the replication key's values, or None.

        Raises:
            ConfigError: The state holds no date, or one in the future.
        """
        value = self.value(advertiser)
        if value is None:
            return None
        tomorrow = self._started_at.add(days=1)
        try:
            bookmark = dates.parse_time(value)
        except dates.DateError:
            bookmark = None
        if bookmark is None or not pendulum.datetime(1970, 1, 1) <= bookmark <= tomorrow:
            msg = (
                f"The state of {self._stream_name}, advertiser {id_of(advertiser) or 'all'}, "
                f"has the bookmark {value!r}: not a date up to today. Remove it to read the stream "
                "from its start."
            )
            raise ConfigError(msg)
        return self.format(bookmark)

    def hold(self, advertiser: Advertiser | None) -> None:
        """Keep the bookmark of an advertiser where it is until the end of the run."""
        self._held.add(id_of(advertiser))

    def is_held(self, advertiser: Advertiser | None) -> bool:
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
        self.note_earliest_date(group, partition)
        partition.update(replication_key=self.replication_key, replication_key_value=value)
        return True

    def format(self, moment: pendulum.DateTime) -> str:
        """Return a moment in the form of the replication key's values."""
        return moment.format(TIME_FORMAT)

    def value_after(self, group: TaskGroup) -> t.Any:  # noqa: ARG002 - for subclasses
        """Return the bookmark once a group is written, or None if it does not advance."""
        return None

    def note_earliest_date(self, group: TaskGroup, partition: State) -> None:
        """Write the earliest synced date to a partition, where the stream has windows."""


class TimeBookmarks(Bookmarks):
    """Bookmarks of objects that have the time of their last change."""

    @override
    def value_after(self, group: TaskGroup) -> str | None:
        """Return the latest change, but not later than shortly before the list was read.

        An object that changes during the read can have been passed already.
        """
        if group.latest_change is None:
            return None
        list_started_at = pendulum.instance(group.started_at or self._started_at)
        latest_safe = (list_started_at - CHANGE_DELAY).in_timezone("UTC")
        return min(group.latest_change, self.format(latest_safe))


class ValueBookmarks(Bookmarks):
    """Bookmarks of a replication key that is no time: the greatest value, as it came."""

    @override
    def start(self, advertiser: Advertiser | None) -> t.Any:
        return self.value(advertiser)

    @override
    def value_after(self, group: TaskGroup) -> t.Any:
        return group.latest_change


class DayBookmarks(Bookmarks):
    """Bookmarks of windowed streams: the last day that was read, with or without records."""

    def __init__(self, *args: t.Any, **options: t.Any) -> None:
        super().__init__(*args, **options)
        self._backfills: dict[str | None, dates.Window] = {}

    @override
    def format(self, moment: pendulum.DateTime) -> str:
        return moment.to_date_string()

    @override
    def value_after(self, group: TaskGroup) -> str | None:
        return group.window.end.isoformat() if group.window else None

    def earliest_date(self, advertiser: Advertiser | None) -> pendulum.Date | None:
        """Return the earliest synced date of an advertiser that has a bookmark, or None."""
        if not self.start(advertiser):
            return None
        value = self.partition(advertiser).get(EARLIEST_DATE)
        return None if value is None else dates.parse_time(value).date()

    def plan_backfill(self, advertiser: Advertiser | None, window: dates.Window) -> None:
        """Register the days before the earliest synced date that this run reads first."""
        self._backfills[id_of(advertiser)] = window

    @override
    def note_earliest_date(self, group: TaskGroup, partition: State) -> None:
        if group.window is None:
            return
        backfill = self._backfills.get(id_of(group.advertiser))
        if "replication_key_value" not in partition:
            partition[EARLIEST_DATE] = str(group.window.start)
        elif backfill is not None and group.window.end == backfill.end:
            partition[EARLIEST_DATE] = str(backfill.start)


def _context(advertiser: Advertiser | None) -> dict[str, str] | None:
    """Return the context of a partition, or None for unpartitioned streams."""
    return None if advertiser is None else {"advertiser_id": advertiser.id}
