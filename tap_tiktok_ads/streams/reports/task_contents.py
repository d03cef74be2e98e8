"""The report tasks of a window, and which rows of each file count.

Report tasks filter by IDs only. Without a filter they report TikTok's default objects. Deleted
objects and TopView ads are requested by their IDs. Every row of an object counts in one of the
files. So each record is written once, even if the task without a filter also holds it.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from tap_tiktok_ads.api.advertisers import TOPVIEW_PAGE_SIZE, batches, topview_campaigns_request
from tap_tiktok_ads.api.report_rules import ID_OF_LEVEL, MAX_TASK_IDS, TASK_FILTERS
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.reader import read_complete, read_pages
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.streams.reports.filters import in_filter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.context import OpenStream
    from tap_tiktok_ads.extract.pages import Record
    from tap_tiktok_ads.streams.reports.topview import TopView

#: The stream that lists the objects of a level.
STREAM_OF_LEVEL = {"campaign": "campaigns", "adgroup": "ad_groups", "ad": "ads"}
CAMPAIGN, STATUS = "campaign_id", "secondary_status"
#: The part of an object's status that shows that it, or an object above it, is deleted.
DELETED = "DELETE"
NO_IDS: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class TaskContent:
    """The objects and filters that one report task requests.

    Attributes:
        filters: Its filters.
        column: The column with the ID of the object, or None if all rows count.
        wanted: The objects whose rows count, or None for all but the unwanted.
        unwanted: The objects whose rows another file of the window holds.
        is_topview: True if the file holds TopView ads.
    """

    filters: list[dict[str, str]]
    column: str | None
    wanted: AbstractSet[str] | None = None
    unwanted: AbstractSet[str] = NO_IDS
    is_topview: bool = False

    def counts(self, row: Mapping[str, str]) -> bool:
        """Return True if a row of the file becomes a record."""
        if self.column is None:
            return True
        object_id = row[self.column]
        return object_id not in self.unwanted if self.wanted is None else object_id in self.wanted


@dataclasses.dataclass(frozen=True)
class SpecialObjects:
    """The objects of an advertiser that tasks report only by ID.

    Attributes:
        deleted: IDs of deleted objects that are not TopView.
        topview: IDs of TopView objects.
    """

    deleted: frozenset[str] = NO_IDS
    topview: frozenset[str] = NO_IDS


class TaskContents:
    """Decides which report tasks bring the records of a report. Used by workers."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        definition: ReportDefinition,
        topview: TopView,
        client: Client,
        open_stream: Callable[[str], OpenStream],
        *,
        include_deleted: bool,
        reports_topview: bool,
    ) -> None:
        """Prepare.

        Args:
            definition: The report.
            topview: Knows which advertisers have TopView campaigns.
            client: Sends requests.
            open_stream: Returns a new instance of a stream.
            include_deleted: True if the report has the records of deleted objects.
            reports_topview: True if the report has the records of TopView ads.
        """
        self._definition = definition
        self._topview = topview
        self._client = client
        self._open_stream = open_stream
        self._include_deleted = include_deleted and definition.level in STREAM_OF_LEVEL
        self._reports_topview = reports_topview
        self._objects: dict[str, SpecialObjects] = {}  # by advertiser ID

    def source_streams(self) -> set[str]:
        """Return the streams whose records decide what the tasks request."""
        return {STREAM_OF_LEVEL[self._definition.level]} if self._include_deleted else set()

    def of(self, task: Task, filters: list[dict[str, str]]) -> list[TaskContent]:
        """Return the contents of all tasks that together bring a report.

        Args:
            task: The report.
            filters: The filters on IDs that its request has.

        Raises:
            TapError: The objects cannot be read.
        """
        level = self._definition.level
        column = ID_OF_LEVEL[level] if level in STREAM_OF_LEVEL else None
        field = f"{column or CAMPAIGN}s"
        objects = self._special_objects(task)
        contents = [TaskContent(filters, column, unwanted=objects.deleted | objects.topview)]
        for ids, is_topview in ((objects.deleted, False), (objects.topview, True)):
            for batch in batches(_selected(ids, field, filters), MAX_TASK_IDS):
                other_filters = [
                    condition for condition in filters if condition["field_name"] != field
                ]
                by_id = [*other_filters, in_filter(field, batch)]
                batch_ids = frozenset(batch)
                contents.append(TaskContent(by_id, column, batch_ids, is_topview=is_topview))
        return contents

    def _special_objects(self, task: Task) -> SpecialObjects:
        owner = task.advertiser.id if task.advertiser else ""
        if owner not in self._objects:
            self._objects[owner] = self._read_objects(task)
        return self._objects[owner]

    def _read_objects(self, task: Task) -> SpecialObjects:
        has_topview = self._reports_topview and self._topview.has_campaigns(task)
        campaigns = self._topview_campaigns(task.advertiser) if has_topview else NO_IDS
        if self._definition.level not in STREAM_OF_LEVEL:
            is_included = bool(campaigns) and self._topview.is_included(task)
            return SpecialObjects(topview=NO_IDS if is_included else campaigns)
        if not self._include_deleted and not campaigns:
            return SpecialObjects()
        return self._classify(self._records(task.advertiser), campaigns)

    def _classify(
        self, records: Iterable[Record], topview_campaigns: AbstractSet[str]
    ) -> SpecialObjects:
        """Return the deleted and the TopView objects among the records of their stream."""
        deleted, topview = set(), set()
        column = ID_OF_LEVEL[self._definition.level]
        for record in records:
            if record.get(CAMPAIGN) in topview_campaigns:
                topview.add(record[column])
            elif self._include_deleted and DELETED in (record.get(STATUS) or ""):
                deleted.add(record[column])
        return SpecialObjects(frozenset(deleted), frozenset(topview))

    def _records(self, advertiser: Advertiser | None) -> Iterator[Record]:
        stream = self._open_stream(STREAM_OF_LEVEL[self._definition.level])
        columns = {CAMPAIGN, ID_OF_LEVEL[self._definition.level], STATUS}
        return stream.read_all(advertiser, with_deleted=True, columns=columns, only_columns=True)

    def _topview_campaigns(self, advertiser: Advertiser | None) -> frozenset[str]:
        request = topview_campaigns_request(advertiser.id if advertiser else "")
        return read_complete(self._campaign_ids, Task(request, advertiser), self._definition.name)

    def _campaign_ids(self, first_task: Task) -> frozenset[str]:
        source = Source(self._definition.name, page_size=TOPVIEW_PAGE_SIZE)
        pages = read_pages(self._client, source, first_task)
        return frozenset(
            str(campaign[CAMPAIGN]) for campaigns, _ in pages for campaign in campaigns
        )


def _selected(ids: AbstractSet[str], field: str, filters: list[dict[str, str]]) -> list[str]:
    """Return the IDs, in order, that a filter on their field selects, too."""
    for condition in filters:
        if condition["field_name"] == field:
            ids = ids & set(map(str, json.loads(condition["filter_value"])))
    return sorted(ids)


def id_filters(task: Task) -> list[dict[str, str]]:
    """Return the filters of a request that report tasks support."""
    filters = task.request.params.get("filtering", ())
    return [condition for condition in filters if condition["field_name"] in TASK_FILTERS]
