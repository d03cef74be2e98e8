"""Splitting of report requests that are too large."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pendulum

from tap_tiktok_ads.api.advertisers import TOPVIEW_PAGE_SIZE, batches, topview_campaigns_request
from tap_tiktok_ads.api.errors import RejectedRequestError, ResponseError, TooLargeError
from tap_tiktok_ads.api.promote import ALL_ORIGINS, ORIGINS_FILTER, without_origins
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.reader import read_complete, read_pages
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.streams.reports.async_reports import AsyncTask
from tap_tiktok_ads.streams.reports.filters import in_filter

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.pages import Page
    from tap_tiktok_ads.extract.reader import PageReader
    from tap_tiktok_ads.streams.reports.async_reports import AsyncReports

    Params = Mapping[str, t.Any]

#: Maximum number of ids in a filter of a report.
MAX_FILTER_IDS = 100
#: Approximate maximum number of records per window: fewer need less memory, and less to re-read.
MAX_WINDOW_RECORDS = 100_000
CAMPAIGN_PAGE_SIZE = 1000
CAMPAIGN, CAMPAIGN_FIELD = "campaign_id", "campaign_ids"


class WindowSplitter:
    """Splits a too large window into halves, and a too large day by its campaigns."""

    def __init__(
        self,
        definition: ReportDefinition,
        reader: PageReader,
        halves: Callable[[Window], Iterable[Window]],
        async_reports: AsyncReports,
    ) -> None:
        """Prepare.

        Args:
            definition: The report.
            reader: The reader of the report, whose client reads campaigns.
            halves: Returns the parts of a window.
            async_reports: Brings what cannot be split.
        """
        self._definition = definition
        self._reader = reader
        self._halves = halves
        self._async_reports = async_reports

    def check_size(self, task: Task, page: Page, following: Sequence[Task]) -> None:
        """Raise if a window has more records than should be read in one piece.

        Raises:
            TooLargeError: It has.
        """
        record_count = len(following) * int(task.request.params["page_size"])
        is_splittable = task.request.splittable and task.window and task.window.days > 1
        if record_count > MAX_WINDOW_RECORDS and is_splittable:
            total = page.total or record_count
            msg = f"{task.request.label} has {total:,} records in one window"
            raise TooLargeError(ResponseError(msg))

    def split(self, task: Task) -> Sequence[Task]:
        """Return the halves of the window, or the parts of a day by its campaigns.

        A record of an advertiser cannot be split: each campaign would bring one.

        Raises:
            TapError: The campaigns cannot be read.
        """
        if task.window is not None and task.window.days > 1:
            return self.split_window(task)
        if "advertiser_id" in self._definition.dimensions or self._filters_campaigns():
            return [task.with_request(splittable=False)]
        subtasks = self._split_campaigns(task)
        if not subtasks and self._async_reports.can_read(task):
            request = dataclasses.replace(task.request, splittable=False)
            return [AsyncTask(request, task.advertiser, task.window, optional=task.optional)]
        return subtasks

    def split_window(self, task: Task) -> Sequence[Task]:
        """Return the halves of a window of several days."""
        window = t.cast("Window", task.window)
        return [
            self._part(task, start_date=str(half.start), end_date=str(half.end))
            for half in self._halves(window)
        ]

    def _filters_campaigns(self) -> bool:
        fields = {condition["field_name"] for condition in self._definition.filters}
        return CAMPAIGN_FIELD in fields

    def _split_campaigns(self, task: Task) -> Sequence[Task]:
        """Return a task per batch of campaigns, smaller than the batch of the task."""
        filters = task.request.params.get("filtering", ())
        campaign_filter = _campaign_filter(task.request.params)
        size = MAX_FILTER_IDS
        if campaign_filter is None:
            campaign_ids = self._read_campaign_ids(task)
        else:
            campaign_ids = json.loads(campaign_filter["filter_value"])
            half = len(campaign_ids) - len(campaign_ids) // 2
            size = max(1, min(MAX_FILTER_IDS, half))
        other_filters = [condition for condition in filters if condition != campaign_filter]
        return [
            self._part(task, filtering=[*other_filters, in_filter(CAMPAIGN_FIELD, batch)])
            for batch in batches(campaign_ids, size)
        ]

    @staticmethod
    def _part(task: Task, **params: t.Any) -> Task:
        subtask = task.with_params(**params)
        params = dict(subtask.request.params)
        campaign_filter = _campaign_filter(params)
        is_single = (
            campaign_filter is not None and len(json.loads(campaign_filter["filter_value"])) <= 1
        )
        window = task.window and Window(
            pendulum.Date.fromisoformat(params["start_date"]),
            pendulum.Date.fromisoformat(params["end_date"]),
        )
        return dataclasses.replace(subtask.with_request(splittable=not is_single), window=window)

    def _read_campaign_ids(self, task: Task) -> list[str]:
        """Return the campaigns of the task's advertiser: deleted, Promote and TopView ones, too.

        Raises:
            TapError: They cannot be read.
        """
        topview_request = topview_campaigns_request(task.advertiser.id if task.advertiser else "")
        params = {
            **topview_request.params,
            "page_size": CAMPAIGN_PAGE_SIZE,
            "filtering": {"primary_status": "STATUS_ALL", ORIGINS_FILTER: [*ALL_ORIGINS]},
        }
        request = dataclasses.replace(topview_request, params=params)
        try:
            campaign_ids = self._read_list(request, task)
        except RejectedRequestError as error:
            plain_request = without_origins(request, error)
            if plain_request is None:
                raise
            campaign_ids = self._read_list(plain_request, task)
        return list(campaign_ids | self._read_list(topview_request, task))

    def _read_list(self, request: Request, task: Task) -> dict[str, None]:
        ids = read_complete(
            self._read_ids, Task(request, task.advertiser), self._reader.source.name
        )
        return dict.fromkeys(ids)

    def _read_ids(self, first_task: Task) -> list[str]:
        """Return the campaigns of one pass over a list."""
        source = Source(self._reader.source.name, page_size=TOPVIEW_PAGE_SIZE)
        pages = read_pages(self._reader.client, source, first_task)
        return [str(campaign[CAMPAIGN]) for campaigns, _ in pages for campaign in campaigns]


def _campaign_filter(params: Params) -> dict[str, str] | None:
    """Return the filter on campaigns, if the request has one."""
    for condition in params.get("filtering", ()):
        if condition["field_name"] == CAMPAIGN_FIELD:
            return t.cast("dict[str, str]", condition)
    return None
