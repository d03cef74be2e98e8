"""Hourly reports: days on which the daily report of the same objects is empty are not requested."""

from __future__ import annotations

import functools
import re
import typing as t

import pendulum

from tap_tiktok_ads.config.schema import NEVER_SKIP
from tap_tiktok_ads.extract.dormancy import ordinals
from tap_tiktok_ads.extract.pages import Page, PageDays
from tap_tiktok_ads.extract.task_groups import Verdict

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.singer.day_bookmarks import DayBookmarks
    from tap_tiktok_ads.streams.reports.metric_selection import MetricSelection

DAY, HOUR = "stat_time_day", "stat_time_hour"
_DAY_MEMBER = re.compile(rb'"stat_time_day":"(\d{4}-\d\d-\d\d)"')


def page_days(task: Task, raw_records: Sequence[t.Any]) -> PageDays | None:
    """Return the days of the raw records of a synchronous page, or None if one is not readable.

    Args:
        task: The task of the page.
        raw_records: The records, as TikTok or a report decoder returns them.
    """
    if task.window is None:
        return None
    try:
        active = frozenset(map(_ordinal, {*map(_day_text, raw_records)}))
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    is_first = task.page == 1 and not task.optional
    return PageDays(frozenset(ordinals(task.window)) if is_first else frozenset(), active)


def _day_text(raw: t.Any) -> str:
    """Return the day of a raw record.

    Raises:
        ValueError, TypeError, AttributeError, KeyError: It has none.
    """
    if not isinstance(raw, tuple):
        return t.cast("str", raw["dimensions"][DAY][:10])
    match = _DAY_MEMBER.search(raw[0])
    if match is None:
        raise ValueError(raw[0])
    return match[1].decode()


def _ordinal(text: str) -> int:
    return pendulum.Date.fromisoformat(text).toordinal()


class Report(t.Protocol):
    """The facts of a report stream."""

    name: str
    path: str
    report: ReportDefinition
    run_context: RunContext
    uses_state: bool

    @property
    def reports_topview(self) -> bool:
        """True if TopView ads are reported only on request."""

    @property
    def can_be_probed(self) -> bool:
        """False if windows without delivery are read, too."""

    @property
    def metrics(self) -> MetricSelection:
        """The metrics of the report."""

    @property
    def bookmarks(self) -> DayBookmarks:
        """The days that are covered."""


class HourlyDays:
    """Leaves out the days of a report by hour that the report by day of its objects finds empty.

    The report by day is evidence only if this run has read it completely for the advertiser. If its
    turn comes before, requests by hour start once it has decided their day. No thread waits.
    """

    def __init__(self, stream: Report, reports: Callable[[], Sequence[Report]]) -> None:
        """Prepare.

        Args:
            stream: The report.
            reports: Returns the selected reports.
        """
        self._stream = stream
        self._reports = reports
        self._facts = stream.run_context.common_responses.empty_days

    def _usable_reports(self) -> Sequence[Report]:
        """Return the selected reports, or nothing if no day is left out."""
        is_off = self._stream.run_context.settings.skip_dormant == NEVER_SKIP
        return self._reports() if is_off and self._stream.uses_state else ()

    @functools.cached_property
    def is_evidence(self) -> bool:
        """True if a selected report by hour leaves out days that this report finds empty."""
        return any(_stands_for(self._stream, hourly) for hourly in self._usable_reports())

    @functools.cached_property
    def _daily_report(self) -> str | None:
        """The selected report by day that decides about this one, or None."""
        reports = self._usable_reports()
        return next((day.name for day in reports if _stands_for(day, self._stream)), None)

    @functools.cached_property
    def awaited_report(self) -> str | None:
        """The report by day, if its turn comes before this one. Otherwise, None."""
        name = self._daily_report
        if name is None:
            return None
        following = self._stream.run_context.following_streams(name)
        return name if self._stream.name in {stream.name for stream in following} else None

    def begin(self) -> None:
        """Register that the report begins."""
        if self.is_evidence:
            self._facts.begin(self._stream.name)

    def finish(self) -> None:
        """Register that the report is read."""
        self._facts.finish(self._stream.name)

    def add(self, group: TaskGroup) -> None:
        """Register the empty days of a window that was read, if nothing can be missing."""
        if group.advertiser is None or not self.is_evidence:
            return
        self._add_empty_days(group, group.advertiser)
        if group.window is not None:
            days = ordinals(group.window)
            self._facts.decide(self._stream.name, group.advertiser.id, days)

    def _add_empty_days(self, group: TaskGroup, advertiser: Advertiser) -> None:
        if not group.is_complete:
            return
        is_held = self._stream.bookmarks.is_held(advertiser, group.window)
        if is_held or self._stream.metrics.has_rejected:
            return
        if all(verdict is Verdict.COMPLETE for verdict in group.verdicts):
            self._facts.add(
                self._stream.name, advertiser.id, group.days_read.empty, group.started_at
            )

    def empty_page(self, task: Task) -> Page | None:
        """Return the page of a day that is known to be empty, or None if it is requested."""
        report = self._daily_report
        if report is None or task.window is None or task.advertiser is None:
            return None
        owner, days = task.advertiser.id, ordinals(task.window)
        if task.page > 1 or task.optional or not self._facts.are_known(report, owner, days):
            return None
        self._stream.run_context.progress.skipped_windows(1, self._stream.name)
        return Page(server_time=self._facts.server_time(report, owner, days))


def _stands_for(daily: Report, hourly: Report) -> bool:
    """Return True if a report by hour has no record whenever a report by day has none.

    The report by day has the same objects and filters, and at least the same metrics.
    """
    dimensions = {DAY if name == HOUR else name for name in hourly.report.dimensions}
    if HOUR not in hourly.report.dimensions or set(daily.report.dimensions) != dimensions:
        return False
    if _source_of(daily) != _source_of(hourly) or not hourly.can_be_probed:
        return False
    return set(hourly.metrics.requested).issubset(daily.metrics.requested)


def _source_of(stream: Report) -> tuple[t.Any, ...]:
    """Return what decides which objects a report holds."""
    report = stream.report
    return (
        stream.path,
        report.report_type,
        report.service_type,
        report.data_level,
        report.filters,
        stream.reports_topview,
        stream.can_be_probed,
    )
