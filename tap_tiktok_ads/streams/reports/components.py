"""Components of a report stream: one concern each, made when they are first needed."""

from __future__ import annotations

import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.config.schema import LOOKBACK_ONLY
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.singer.state import INCREMENTAL
from tap_tiktok_ads.streams.reports.async_reports import AsyncReports
from tap_tiktok_ads.streams.reports.auto_lookback import LookbackStream
from tap_tiktok_ads.streams.reports.daily_sums import SumReader
from tap_tiktok_ads.streams.reports.dormancy import DormantDays, is_enabled
from tap_tiktok_ads.streams.reports.finality import Finality
from tap_tiktok_ads.streams.reports.hourly import HourlyDays
from tap_tiktok_ads.streams.reports.merging import MetricMerger
from tap_tiktok_ads.streams.reports.probe_definitions import probe_definition, probed_metrics
from tap_tiktok_ads.streams.reports.promote import PromoteAds
from tap_tiktok_ads.streams.reports.reader import ReportReader
from tap_tiktok_ads.streams.reports.splitting import WindowSplitter
from tap_tiktok_ads.streams.reports.task_contents import TaskContents
from tap_tiktok_ads.streams.reports.task_verification import TaskVerifier
from tap_tiktok_ads.streams.reports.topview import TopView
from tap_tiktok_ads.streams.reports.topview_inclusion import TopViewInclusion

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.streams.reports.metric_selection import MetricSelection


class ReportComponents(LookbackStream):
    """The components of a report, and how its windows are read: at once, or by report tasks."""

    reports_topview: t.ClassVar[bool]
    can_be_probed: t.ClassVar[bool] = True
    """False if windows without delivery are read, too."""
    time_dimension: str | None

    @property
    def metrics(self) -> MetricSelection:
        """The metrics of the report."""
        raise NotImplementedError

    @functools.cached_property
    def probed_report(self) -> tuple[ReportDefinition, Sequence[str]] | None:
        """The report and its metrics if probes can show that it has no records, or None."""
        definition = probe_definition(self.report)
        if not self.can_be_probed or self.path != REPORT_PATH or definition is None:
            return None
        metrics = self.metrics.requested
        return None if probed_metrics(metrics, definition) is None else (self.report, metrics)

    @property
    @override
    def dormant_days(self) -> DormantDays | None:
        is_synced = self.uses_state and self.replication_method == INCREMENTAL
        is_dry_run = self.ABORT_AT_RECORD_COUNT is not None
        if not is_enabled(self.run_context) or not is_synced or is_dry_run:
            return None
        return self._dormant_days

    @functools.cached_property
    def _dormant_days(self) -> DormantDays | None:
        if self.probed_report is None:
            return None
        return DormantDays(
            self.run_context,
            self.name,
            self.probed_report,
            self.warnings,
            reports=self._probed_reports,
            bookmarks=lambda: self.bookmarks,
            last_day=lambda owner: self.run_context.days(owner)[1],
            width=self._window_width,
        )

    def _probed_reports(self) -> list[tuple[ReportDefinition, Sequence[str]]]:
        """Return the reports of all selected streams that probes can stand for."""
        streams: dict[str, t.Any] = {
            stream.name: stream for stream in self.run_context.streams.selected()
        }
        streams[self.name] = self
        reports = (
            stream.probed_report
            for stream in streams.values()
            if isinstance(stream, ReportComponents)
        )
        return [report for report in reports if report is not None]

    def _window_width(self, owner: Advertiser, days: dates.Window) -> int:
        """Return the maximum number of days of a window in a range."""
        return days.days if self.task_windows(owner, days.start, days.end) else self.window_days

    @functools.cached_property
    @override
    def bookmarks(self) -> t.Any:
        bookmarks = super().bookmarks
        is_lookback_only = self.run_context.settings.skip_dormant == LOOKBACK_ONLY
        bookmarks.keeps_read_days = is_lookback_only and self.probed_report is not None
        return bookmarks

    @functools.cached_property
    def finality(self) -> Finality:
        """Decides which days are final."""
        return Finality(self.time_dimension, self.run_context.now, self.settling)

    @functools.cached_property
    def sums(self) -> SumReader:
        """Adds up synchronous reports by day."""
        return SumReader(self.name, self.run_context.client)

    @functools.cached_property
    def topview_inclusion(self) -> TopViewInclusion:
        """Finds out if totals of advertisers hold TopView ads."""
        return TopViewInclusion(
            self.run_context.topview_findings, self.sums, self.run_context.days, self.warnings
        )

    @functools.cached_property
    def topview(self) -> TopView:
        """Requests TopView ads."""
        return TopView(
            self.run_context.common_responses.topview_campaigns,
            self.name,
            self.warnings,
            self.report.dimensions,
            self.topview_inclusion if self.report.level == "advertiser" else None,
            is_enabled=self.reports_topview,
        )

    @functools.cached_property
    def hourly_days(self) -> HourlyDays:
        """Leaves out days of reports by hour that a report by day finds empty."""
        return HourlyDays(self, self._selected_reports)

    def _selected_reports(self) -> list[ReportComponents]:
        """Return the selected streams that are reports."""
        streams = self.run_context.streams.selected()
        return [stream for stream in streams if isinstance(stream, ReportComponents)]

    @functools.cached_property
    def promote_ads(self) -> PromoteAds:
        """Continues without Promote ads if TikTok rejects them."""
        return PromoteAds(self.warnings)

    @functools.cached_property
    def task_contents(self) -> TaskContents:
        """Decides which report tasks bring the records."""
        return TaskContents(
            self.report,
            self.topview,
            self.run_context.client,
            self.run_context.open_stream,
            include_deleted=self.run_context.settings.include_deleted,
            reports_topview=self.reports_topview,
        )

    @functools.cached_property
    def async_reports(self) -> AsyncReports:
        """Reads through report tasks."""
        verifier = TaskVerifier(
            self.report,
            self.sums,
            self.topview,
            self.topview_inclusion,
            finality=self.finality,
            warnings=self.warnings,
            include_deleted=self.run_context.settings.include_deleted,
        )
        return AsyncReports(
            self.report,
            self.metrics,
            self.builder,
            self.warnings,
            path=self.path,
            settings=self.run_context.settings,
            contents=self.task_contents,
            verifier=verifier,
            file_tasks=lambda: self.run_context.file_tasks,
            is_dry_run=lambda: self.ABORT_AT_RECORD_COUNT is not None,
        )

    @functools.cached_property
    def splitter(self) -> WindowSplitter:
        """Splits requests that are too large."""
        return WindowSplitter(self.report, self.reader, self.window_plan.halves, self.async_reports)

    @functools.cached_property
    def report_reader(self) -> ReportReader:
        """Reads report tasks, step by step."""
        merger = MetricMerger(self.reader, self.report.dimensions)
        return ReportReader(
            self.reader,
            self.metrics,
            self.topview,
            self.promote_ads,
            merger,
            self.splitter,
            self.async_reports,
        )

    @override
    def source_streams(self) -> set[str]:
        is_async = self.run_context.settings.report_mode == "async"
        return super().source_streams() | (
            self.task_contents.source_streams() if is_async else set()
        )

    @override
    def task_windows(
        self, owner: Advertiser | None, first: pendulum.Date, last: pendulum.Date
    ) -> Sequence[dates.Window]:
        window = dates.Window(first, last)
        is_planned = self.async_reports.is_planned(self.first_task(owner, window))
        return dates.task_windows(first, last) if is_planned else ()

    @override
    def truncation_advice(self, task: Task) -> str:
        return self.async_reports.truncation_advice(task)

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return self.async_reports.endpoints(task)

    @override
    def topview_endpoints(self, task: Task) -> Sequence[str]:
        return self.endpoints(task) if self.reports_topview else ()
