"""List endpoints: one list of objects per advertiser."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import TOPVIEW_PAGE_SIZE
from tap_tiktok_ads.api.errors import (
    ClosedError,
    RejectedRequestError,
    RestrictedError,
    TapError,
    is_invalid_parameter,
)
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.promote import PROMOTE_WARNING, without_origins
from tap_tiktok_ads.extract.conversion import RecordFlattener
from tap_tiktok_ads.extract.deletions import DELETED_AT, DELETED_AT_SCHEMA
from tap_tiktok_ads.extract.newest_first import ORDER_WARNING, NewestFirstTask
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.singer.deletion_tracker import DeletionTracker, forget_listed_objects
from tap_tiktok_ads.singer.stream import TikTokStream
from tap_tiktok_ads.streams.list_endpoint import ListEndpoint

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.deduplication import KeyedFilter
    from tap_tiktok_ads.extract.pages import Record
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.extract.sampling import Send
    from tap_tiktok_ads.extract.task_groups import TaskGroup

#: The asset library lists its most recently changed assets only.
ASSET_LIST_CAP = 10_000


class ListPlan:
    """One list or more per advertiser."""

    def __init__(self, stream: ListStream) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the first request of every list. Reads the bookmarks at once.

        Raises:
            ConfigError: A bookmark cannot be used.
        """
        stream = self._stream
        advertisers = stream.advertisers
        stream.read_starts(advertisers)
        is_source = stream.run_context.is_source(stream.name)
        starts = {} if is_source else self._starts(advertisers)
        return self._tasks(advertisers, starts, shared=stream.shared or is_source)

    def sample_tasks(self) -> Iterable[Task]:
        """Return the tasks of the plan."""
        return self.tasks()

    def _starts(self, advertisers: Sequence[Advertiser]) -> dict[str, str | None]:
        """Return the time since which changed objects are requested, by advertiser ID.

        Streams that read the same list request it once, from the earliest of their times on. Each
        of them drops the objects that have not changed since its own bookmark.
        """
        if not self._stream.endpoint.uses_start or not self._stream.uses_state:
            return {}
        streams = [self._stream]
        if self._stream.shared:
            streams = self._stream.streams_of_list()
        if not all(stream.endpoint.uses_start for stream in streams):
            return {}
        return {advertiser.id: _earliest(advertiser, streams) for advertiser in advertisers}

    def _tasks(
        self,
        advertisers: Sequence[Advertiser],
        starts: Mapping[str, str | None],
        *,
        shared: bool,
    ) -> Iterator[Task]:
        for advertiser in advertisers:
            lists = self._stream.endpoint.lists(
                advertiser,
                with_deleted=self._stream.with_deleted,
                start=starts.get(advertiser.id),
                shared=shared,
            )
            yield from filter(self._stream.is_needed, lists)


def _earliest(advertiser: Advertiser, streams: Sequence[ListStream]) -> str | None:
    """Return the earliest bookmark of an advertiser, or None if a stream has none."""
    bookmarks = [stream.bookmarks.start(advertiser) for stream in streams]
    return None if None in bookmarks else min(bookmarks)


class ListStream(TikTokStream):
    """Objects of an advertiser, read page by page."""

    list_path: t.ClassVar[str | None] = None
    """The endpoint of the list, if it differs from `path`."""
    params: t.ClassVar[Mapping[str, t.Any]] = {}
    """Further parameters of every list."""
    filtering: t.ClassVar[Mapping[str, t.Any]] = {}
    """Filters of every list."""
    has_status_filter: t.ClassVar[bool] = False
    """True if deleted objects are listed only with `primary_status`."""
    has_topview_list: t.ClassVar[bool] = False
    """True if TopView objects are listed only by their buying type."""
    has_modified_after: t.ClassVar[bool] = False
    """True if the endpoint can leave out what has not changed since a time."""
    has_promote: t.ClassVar[bool] = False
    """True if Promote objects are listed only by their origin."""
    has_newest_first: t.ClassVar[bool] = False
    """True if the endpoint can list the objects that changed last first."""
    can_track_deletions: t.ClassVar[bool] = True
    """False if a missing object can still exist."""
    endpoint_class: type[ListEndpoint] = ListEndpoint
    """The requests of the endpoint."""
    plan_class: t.ClassVar[type[t.Any]] = ListPlan

    @override
    def columns(self) -> dict[str, t.Any]:
        schema = entity_schema(self.name)
        if self.tracks_deletions:
            schema["properties"][DELETED_AT] = DELETED_AT_SCHEMA
        return schema

    @functools.cached_property
    def endpoint(self) -> ListEndpoint:
        """The requests of the endpoint, by the facts of the stream."""
        return self.endpoint_class(
            self.list_path or self.path,
            self.page_size,
            self.params,
            self.filtering,
            has_status_filter=self.has_status_filter,
            has_topview_list=self.has_topview_list,
            has_modified_after=self.has_modified_after and not self.tracks_deletions,
            has_promote=self.has_promote,
            has_newest_first=self.has_newest_first and not self.tracks_deletions,
        )

    def streams_of_list(self) -> list[ListStream]:
        """Return the selected streams that read the same list."""
        path = self.endpoint.path
        streams = [
            stream
            for stream in self.run_context.streams.selected()
            if isinstance(stream, ListStream) and stream.endpoint.path == path
        ]
        return streams or [self]

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        """Return the endpoint of the list, and the endpoint of the records if it is another one."""
        return () if task.is_topview else tuple(dict.fromkeys((task.request.path, self.path)))

    def is_needed(self, task: Task) -> bool:  # noqa: ARG002 - for subclasses
        """Return True if a list can have records with the values that another stream needs."""
        return True

    # Reads

    @override
    def fetch(self, task: Task) -> Fetched:
        absent = self._absent_list(task)
        if absent is not None:
            return absent, ()
        try:
            return super().fetch(task)
        except RejectedRequestError as error:
            return Page(), [self._accepted(task, error)]

    def _absent_list(self, task: Task) -> Page | None:
        """Return an empty page for TopView objects of an advertiser without TopView campaigns.

        It has the time at which the campaigns were listed, because the bookmark must not pass it.
        If they cannot be listed, the TopView objects are requested: return None.

        Raises:
            TapError: No more requests can be sent.
        """
        if not task.is_topview or task.page > 1 or task.advertiser is None:
            return None
        if not self.run_context.allow_requests:
            return None  # a command requests as little as possible
        campaigns = self.run_context.common_responses.topview_campaigns
        try:
            check = campaigns.check(task.advertiser, self.name)
        except (ClosedError, RestrictedError):
            raise
        except TapError:
            return None
        if check.first_day is not None:
            return None
        return Page(received=0, total=0, page_size=TOPVIEW_PAGE_SIZE, server_time=check.server_time)

    @override
    def sample_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        try:
            return super().sample_task(task, send)
        except RejectedRequestError as error:
            return [], [self._accepted(task, error)]

    def _accepted(self, task: Task, error: RejectedRequestError) -> Task:
        """Return a rejected task without the order of changes, or without Promote objects. Warns.

        Raises:
            RejectedRequestError: The error, if neither can be its cause.
        """
        if isinstance(task, NewestFirstTask) and task.page == 1 and is_invalid_parameter(error):
            self.warnings.log("order", ORDER_WARNING, error.facts)
            return task.in_default_order()
        is_accepted = task.optional or task.page > 1
        request = None if is_accepted else without_origins(task.request, error)
        if request is None:
            raise error
        self.warnings.log("promote", PROMOTE_WARNING, "campaigns", error.facts)
        return dataclasses.replace(task, request=request)

    # Deletions

    @property
    def tracks_deletions(self) -> bool:
        """True if the setting `track_deleted` applies to the stream."""
        is_set = bool(self.run_context.config.get("track_deleted"))
        return is_set and self.can_track_deletions and self.per_advertiser

    @functools.cached_property
    def deletion_tracker(self) -> DeletionTracker | None:
        """Reports deletions, or None if the stream does not."""
        if not self.tracks_deletions or not self.uses_state or not self._has_deletion_column():
            return None
        return DeletionTracker(
            self.bookmarks,
            self.warnings,
            key_columns=self.record_filter.key_columns,
            columns=self.schema["properties"],
            deleted_at=self.run_context.started_at,
            has_pages=self.page_size is not None,
        )

    def _has_deletion_column(self) -> bool:
        """Return True if the catalog has the column of deletions, and warn if it has not."""
        in_schema = DELETED_AT in self.effective_schema["properties"]
        if in_schema and self.mask["properties", DELETED_AT]:
            return True
        if self.run_context.allow_requests:
            self.warnings.log(
                "no deletion column",
                "Stream %s does not report deletions: column %s is not in the catalog, or not "
                "selected. Run --discover again with these settings, and select the column.",
                DELETED_AT,
            )
        return False

    @functools.cached_property
    @override
    def record_filter(self) -> KeyedFilter:
        record_filter = t.cast("KeyedFilter", super().record_filter)
        record_filter.listed_keys = self._listed_keys
        return record_filter

    def _listed_keys(self, advertiser: Advertiser | None) -> t.Any:
        tracker = self.deletion_tracker
        return tracker.previous_keys(advertiser) if tracker else None

    @property
    @override
    def flattener(self) -> RecordFlattener:
        transforms = self.personal_data.transforms()
        if self.deletion_tracker is not None:
            transforms = (*transforms, _mark_as_listed)
        return RecordFlattener(self.source, transforms)

    @override
    def deletion_pages(self, group: TaskGroup) -> Iterable[Page]:
        return self.deletion_tracker.pages(group) if self.deletion_tracker else ()

    @override
    def complete(self, group: TaskGroup) -> None:
        if self.deletion_tracker is not None:
            self.deletion_tracker.update_state(group)
        elif self.uses_state:
            forget_listed_objects(self.bookmarks, group.advertiser)
        super().complete(group)


def _mark_as_listed(record: Record) -> Record:
    """Return the record with an empty time of deletion."""
    return record | {DELETED_AT: None}


class UnpartitionedPlan:
    """One list for all advertisers."""

    def __init__(self, stream: UnpartitionedStream) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the first request of the list."""
        return [self._stream.first_task(self._stream.params)]

    def sample_tasks(self) -> Iterable[Task]:
        """Return the tasks of the plan."""
        return self.tasks()


class UnpartitionedStream(ListStream):
    """Objects that belong to no advertiser: read once."""

    per_advertiser = False
    selected_by_default = False
    shared = True  # by the discovery of advertisers, and by the streams of Business Centers
    plan_class: t.ClassVar[type[t.Any]] = UnpartitionedPlan

    def first_task(self, params: Mapping[str, t.Any]) -> Task:
        """Return the task for the first page of the list."""
        paging = {} if self.page_size is None else {"page": 1, "page_size": self.page_size}
        return Task(Request(self.path, {**params, **paging}, shared=self.shared))
