"""Comparison of the files of report tasks with a synchronous total, day by day."""

from __future__ import annotations

import typing as t

import pendulum

from tap_tiktok_ads.api.advertisers import TOPVIEW
from tap_tiktok_ads.api.errors import (
    PermissionDeniedError,
    RejectedRequestError,
    TransientError,
    is_too_large,
)
from tap_tiktok_ads.api.report_rules import LEVEL_OF_ID, TIME_DIMENSIONS
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.streams.reports.daily_sums import (
    ROUNDING,
    SUM_DAYS,
    ZERO,
    DailySums,
)
from tap_tiktok_ads.streams.reports.filters import in_filter, promote_filters
from tap_tiktok_ads.streams.reports.finality import DATE_LENGTH
from tap_tiktok_ads.streams.reports.task_contents import id_filters

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.streams.reports.daily_sums import SumReader
    from tap_tiktok_ads.streams.reports.finality import Finality
    from tap_tiktok_ads.streams.reports.topview import TopView
    from tap_tiktok_ads.streams.reports.topview_inclusion import TopViewInclusion


class TaskVerifier:
    """Compares the sums of all files of a window with the advertiser's totals.

    Only final days are compared: the numbers of others change between two requests.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        definition: ReportDefinition,
        sums: SumReader,
        topview: TopView,
        inclusion: TopViewInclusion,
        *,
        finality: Finality,
        warnings: Warnings,
        include_deleted: bool,
    ) -> None:
        """Prepare.

        Args:
            definition: The report.
            sums: Reads the totals.
            topview: Knows which advertisers have TopView campaigns.
            inclusion: Finds out if the totals hold TopView ads.
            finality: Decides which days are final.
            warnings: The warnings of the stream.
            include_deleted: True if the report has the records of deleted objects. The totals do.
        """
        self._definition = definition
        self._sums = sums
        self._topview = topview
        self._inclusion = inclusion
        self._finality = finality
        self._warnings = warnings
        self._lacks_deleted = not include_deleted and definition.level != "advertiser"

    def differing_days(
        self, task: Task, rows: Iterable[Mapping[str, str]], metrics: Sequence[str]
    ) -> Sequence[str]:
        """Return the final days whose spend, impressions or clicks differ from the total.

        Args:
            task: The report.
            rows: The rows of all files that become records.
            metrics: Which of `METRICS` the rows have.

        Raises:
            TapError: The totals cannot be read.
        """
        window = self._final_days(task)
        if window is None:
            return ()
        totals = self._totals(task, window)
        if totals is None:
            return ()
        received = DailySums()
        last_day = str(window.end)
        for row in rows:
            day = row[self._definition.time_dimension or ""][:DATE_LENGTH]
            if day <= last_day:
                received.add(day, row)
        days = sorted(received.days.keys() | totals.days.keys())
        return [
            day
            for day in days
            if any(self._differs(day, metric, received, totals) for metric in metrics)
        ]

    def _final_days(self, task: Task) -> dates.Window | None:
        """Return the final days of a window, or None if it has none."""
        window = task.window
        if window is None or self._definition.time_dimension is None:
            return None
        last_final = pendulum.Date.fromisoformat(self._finality.last_final_day(task.advertiser))
        if last_final < window.start:
            return None
        return dates.Window(window.start, min(window.end, last_final))

    def _totals(self, task: Task, window: dates.Window) -> DailySums | None:
        """Return the advertiser's totals by day, or None if TikTok does not report them."""
        sums = DailySums()
        try:
            for sum_window in dates.split_windows(window.start, window.end, SUM_DAYS):
                self._add_totals(task, sum_window, sums)
        except (PermissionDeniedError, RejectedRequestError, TransientError) as error:
            if isinstance(error, TransientError) and not is_too_large(error):
                raise
            self._log_uncompared(str(error))
            return None
        if sums.is_truncated:
            self._log_uncompared(f"the totals of {task.request.label} leave out ads")
            return None
        return sums

    def _log_uncompared(self, reason: str) -> None:
        self._warnings.log(
            "no totals",
            "Cannot compare report tasks of stream %s with synchronous totals: %s",
            reason,
        )

    def _add_totals(self, task: Task, window: dates.Window, sums: DailySums) -> None:
        definition = self._definition
        splits = [
            name
            for name in definition.dimensions
            if name not in LEVEL_OF_ID and name not in TIME_DIMENSIONS.values()
        ]
        filters = id_filters(task)
        params = {
            "service_type": definition.service_type,
            "report_type": definition.report_type,
            "data_level": f"{definition.data_level.partition('_')[0]}_ADVERTISER",
            "dimensions": ["advertiser_id", *splits],
        }
        # tasks report Promote ads by default (portal 1785880454546433)
        report_filters = [*filters, *promote_filters(definition.report_type, definition.dimensions)]
        filtered = params | ({"filtering": report_filters} if report_filters else {})
        self._sums.add(sums, task.advertiser, window, **filtered)
        if self._topview.has_campaigns(task) and not self._inclusion.is_found(task):
            topview_filters = [*filters, in_filter("buying_type", [TOPVIEW])]
            self._sums.add(sums, task.advertiser, window, **params, filtering=topview_filters)

    def _differs(self, day: str, metric: str, received: DailySums, totals: DailySums) -> bool:
        difference = totals.value(day, metric) - received.value(day, metric)
        record_count = received.record_counts[day] + totals.record_counts[day]
        tolerance = ROUNDING * record_count if metric == "spend" else ZERO
        return difference < -tolerance or (difference > tolerance and not self._lacks_deleted)
