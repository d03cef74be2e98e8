"""The steps that read one report task, in their order."""

from __future__ import annotations

import dataclasses
import typing as t

import msgspec

from tap_tiktok_ads.api.errors import DamagedResponseError, RejectedRequestError, TransientError
from tap_tiktok_ads.extract.conversion import PageBuilder
from tap_tiktok_ads.extract.page_decoder import decode_record
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.streams.reports.async_reports import AsyncPart
from tap_tiktok_ads.streams.reports.hourly import page_days

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import PageDays, Task
    from tap_tiktok_ads.extract.reader import Fetched, PageReader
    from tap_tiktok_ads.streams.reports.async_reports import AsyncReports
    from tap_tiktok_ads.streams.reports.finality import Finality
    from tap_tiktok_ads.streams.reports.hourly import HourlyDays
    from tap_tiktok_ads.streams.reports.merging import MetricMerger
    from tap_tiktok_ads.streams.reports.metric_selection import MetricSelection
    from tap_tiktok_ads.streams.reports.placeholders import Placeholders
    from tap_tiktok_ads.streams.reports.promote import PromoteAds
    from tap_tiktok_ads.streams.reports.splitting import WindowSplitter
    from tap_tiktok_ads.streams.reports.topview import TopView


@dataclasses.dataclass(frozen=True)
class ReportReader:
    """Reads the page of a report task.

    Attributes:
        pages: Sends one synchronous request.
        metrics: Knows which metrics TikTok has rejected.
        topview: Adds the TopView ads.
        promote: Continues without Promote ads if TikTok rejects them.
        merger: Merges requests with too many metrics.
        splitter: Splits windows with too many records.
        async_reports: Reads through report tasks.
    """

    pages: PageReader
    metrics: MetricSelection
    topview: TopView
    promote: PromoteAds
    merger: MetricMerger
    splitter: WindowSplitter
    async_reports: AsyncReports

    def fetch(self, task: Task) -> Fetched:
        """Return the page of a task and the tasks that follow it.

        Raises:
            TapError: There is no page.
        """
        if isinstance(task, AsyncPart):
            return self.async_reports.read_part(task), ()
        if self.topview.is_absent(task):
            return Page(), ()
        page, following = self.promote.fetch(task, self._fetch_valid_metrics)
        if self.topview.is_repeated(task, page):
            return Page(), ()
        return page, following

    def _fetch_valid_metrics(self, task: Task) -> Fetched:
        """Repeat the request without the metrics that TikTok rejects."""
        while True:
            attempt = self.metrics.without_rejected(task)
            try:
                return self._fetch_in_report_mode(attempt)
            except RejectedRequestError as error:
                self.metrics.reject(attempt, error)

    def _fetch_in_report_mode(self, task: Task) -> Fetched:
        """Read by a report task if that is wanted, or if a synchronous report is not enough."""
        if self.async_reports.comes_first(task):
            return self.async_reports.fetch(task, fallback=lambda: self._fetch_windows(task))
        if self.async_reports.is_too_long(task):
            return self._fetch_windows(task)
        try:
            page, following = self._fetch_synchronously(task)
        except (TransientError, RejectedRequestError) as error:
            if not self.async_reports.can_replace(task, error):
                raise
            return self.async_reports.fetch(task, fallback=None)
        if page.is_truncated and self.async_reports.can_read(task):
            return self.async_reports.replace_truncated(task, (page, following))
        return self.async_reports.checked(task, page), following

    def _fetch_windows(self, task: Task) -> Fetched:
        """Return synchronous tasks for a window that report tasks were to read."""
        return Page(), self.async_reports.synchronous_tasks(task)

    def _fetch_synchronously(self, task: Task) -> Fetched:
        """Read one page. The task for TopView ads follows the first page, even a damaged one."""
        following: Sequence[Task] = ()
        try:
            fetch = self.merger.fetch if self.merger.is_needed(task) else self.pages.fetch
            page, following = fetch(task)
            self.splitter.check_size(task, page, following)
        except DamagedResponseError as error:
            page = Page(damage=error.damage)
        return page, (*following, *self.topview.follow_up(self.metrics.with_all(task)))


class ReportPageBuilder(PageBuilder):
    """Turns raw report records into pages, with the columns that depend on the task.

    Attributes:
        finality: Decides `is_final`, or None if the column is not written.
        topview: Keeps TopView records apart.
        placeholders: Recognizes records without data.
        hourly_days: Decides if the days of the records are needed.
    """

    finality: Finality | None = None
    topview: TopView
    placeholders: Placeholders
    hourly_days: HourlyDays

    def build(self, task: Task, raw_records: Sequence[t.Any], response: Response) -> Page:
        """Return the page of typed records, or of RECORD lines."""
        are_encoded = bool(raw_records) and isinstance(raw_records[0], tuple)
        if are_encoded and self.finality is not None:
            raw_records = self.finality.add_to_members(raw_records, task)
        days = self._days_of(task, raw_records)
        page = super().build(task, raw_records, response)
        page = page if days is None else dataclasses.replace(page, days=days)
        return self.topview.mark_fingerprints(page, task)

    def _days_of(self, task: Task, raw_records: Sequence[t.Any]) -> PageDays | None:
        """Return the days of a synchronous page, if another report needs them."""
        if isinstance(task, AsyncPart) or not self.hourly_days.is_evidence:
            return None
        label = task.request.label
        records = [
            decode_record(raw) if isinstance(raw, msgspec.Raw) else raw for raw in raw_records
        ]
        is_placeholder = self.placeholders.matches
        return page_days(
            task,
            [raw for raw in records if isinstance(raw, tuple) or not is_placeholder(raw, label)],
        )
