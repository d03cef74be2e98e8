"""Comparison of report levels, and of TikTok's own totals, day by day."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import IncompleteError, RejectedRequestError
from tap_tiktok_ads.api.metric_catalog import metric_schema
from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.reader import read_complete, read_pages
from tap_tiktok_ads.extract.schemas import report_schema
from tap_tiktok_ads.extract.values import BadValueError, to_date
from tap_tiktok_ads.streams.reports.base import ReportStream
from tap_tiktok_ads.streams.reports.daily_sums import (
    METRICS,
    ROUNDING,
    ZERO,
    Sums,
    add_metrics,
)
from tap_tiktok_ads.streams.reports.filters import in_filter
from tap_tiktok_ads.streams.reports.topview import for_topview

if t.TYPE_CHECKING:
    import decimal
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode, Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.reader import Fetched

#: The level whose sums are compared with the others.
TOP_LEVEL = "advertiser"
#: The levels that are added up: name in columns, data level, dimension and status filter.
LEVELS = {
    "campaigns": ("AUCTION_CAMPAIGN", "campaign_id", "campaign_status"),
    "ad_groups": ("AUCTION_ADGROUP", "adgroup_id", "adgroup_status"),
    "ads": ("AUCTION_AD", "ad_id", "ad_status"),
}
#: The parameter that requests totals on the first page of a BASIC report (1740302848100353).
TOTALS_PARAMETER = "enable_total_metrics"
#: The member of `data` that holds them.
TOTALS_MEMBER = "total_metrics"
#: The level whose records are compared with TikTok's own totals.
TOTALS_LEVEL = "ads"


@dataclasses.dataclass
class WindowSums:
    """The metrics of one window, added up.

    Attributes:
        days: Sums by level and day.
        totals: TikTok's own totals of the window, at the level of ads.
        record_count: Number of records at the level of ads.
        is_truncated: True if TikTok left out ads.
        incomplete: Why records are missing in every pass, or None.
    """

    days: dict[tuple[str, str], Sums] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(dict)
    )
    totals: Sums = dataclasses.field(default_factory=dict)
    record_count: int = 0
    is_truncated: bool = False
    incomplete: IncompleteError | None = None

    def add(self, level: str, raw: Record) -> None:
        """Add a raw record of a level.

        Raises:
            BadValueError: It has no day, or a metric is not a number.
        """
        day = to_date((raw.get("dimensions") or {}).get("stat_time_day"))
        if day is None:
            raise BadValueError(raw.get("dimensions"))
        add_metrics(self.days[level, day], raw.get("metrics") or {})
        self.record_count += level == TOTALS_LEVEL

    def add_totals(self, metrics: t.Any) -> None:
        """Add TikTok's own totals of a report, if there are any."""
        if isinstance(metrics, dict):
            add_metrics(self.totals, metrics)

    def merge(self, other: WindowSums) -> None:
        """Add other sums."""
        for key, day_sums in other.days.items():
            add_metrics(self.days[key], day_sums)
        self.add_totals(other.totals or None)
        self.record_count += other.record_count
        self.is_truncated = self.is_truncated or other.is_truncated
        self.incomplete = self.incomplete or other.incomplete

    def received(self, metric: str) -> decimal.Decimal:
        """Return the sum of a metric over all records at the level of ads."""
        sums_of_ads = (sums for (level, _), sums in self.days.items() if level == TOTALS_LEVEL)
        return sum((sums.get(metric, ZERO) for sums in sums_of_ads), ZERO)

    def missing_in_records(self, metric: str) -> decimal.Decimal | None:
        """Return TikTok's total less the sum of the records, or None without a total.

        Money may differ by the rounding of each record.
        """
        if metric not in self.totals:
            return None
        difference = self.totals[metric] - self.received(metric)
        tolerance = ROUNDING * (self.record_count + 1) if metric == "spend" else ZERO
        return ZERO if abs(difference) <= tolerance else difference


class ReconciliationStream(ReportStream):
    """Sums of several levels per advertiser and day."""

    reports_topview = False  # the sums hold both kinds
    can_be_probed = False  # it checks what the other reports read
    selected_by_default = False

    @override
    def default_metrics(self) -> Sequence[str]:
        return METRICS

    @override
    def columns(self) -> dict[str, t.Any]:
        schema = report_schema(self.report.dimensions, METRICS)
        for level in LEVELS:
            for metric in METRICS:
                schema["properties"] |= _level_columns(level, metric)
        schema["properties"]["likely_cause"] = {
            "type": ["string", "null"],
            "description": "Likely cause of different sums. Null if the sums are equal.",
        }
        for metric in METRICS:
            schema["properties"] |= _total_columns(metric)
        return schema

    @override
    def request(self, advertiser: t.Any, window: t.Any) -> Request:
        request = super().request(advertiser, window)
        return dataclasses.replace(request, params={**request.params, "metrics": [*METRICS]})

    @override
    def page_decoder(self, deselected: AbstractSet[str]) -> Decode | None:
        return None

    @override
    def task_windows(
        self, owner: Advertiser | None, first: pendulum.Date, last: pendulum.Date
    ) -> Sequence[Window]:
        return ()  # the sums are read synchronously

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return (task.request.path,) * (1 + len(LEVELS))

    @override
    def topview_endpoints(self, task: Task) -> Sequence[str]:
        return self.endpoints(task)

    @override
    def fetch_report(self, task: Task) -> Fetched:
        return self.promote_ads.fetch(task, self._fetch_sums)

    def _fetch_sums(self, task: Task) -> Fetched:
        """Return a record for each day that any level has.

        If a level is incomplete, the records show it, and the next run reads the window again.
        """
        tasks = {TOP_LEVEL: task, **{level: _at_level(task, level) for level in LEVELS}}
        sums = WindowSums()
        for level, level_task in tasks.items():
            self._add_up(level, level_task, sums)
        if self.topview.has_campaigns(task):
            for level, level_task in tasks.items():
                self._add_topview(level, for_topview(level_task), sums)
        days = sorted({day for _, day in sums.days})
        records = [self._record(task, day, sums) for day in days]
        typed = list(self.builder.caster.records(records))
        weight = 1000 * len(typed)
        return Page(typed, len(typed), weight=weight, failed=sums.incomplete), ()

    def _add_up(self, level: str, first_task: Task, sums: WindowSums) -> None:
        """Add all records of a report to the sums, and TikTok's own totals at the lowest level."""
        if level != TOTALS_LEVEL or self.run_context.settings.environment == "sandbox":
            self._add_pages(level, first_task, sums)
            return
        try:
            self._add_pages(level, first_task.with_params(**{TOTALS_PARAMETER: True}), sums)
        except RejectedRequestError as error:
            if TOTALS_PARAMETER not in error.api_message:
                raise
            self.warnings.log("totals", "Continuing stream %s without totals: %s", error)
            self._add_pages(level, first_task, sums)

    def _add_topview(self, level: str, first_task: Task, sums: WindowSums) -> None:
        """Add the TopView ads of a level, unless the total of the advertiser holds them."""
        if level != TOP_LEVEL:
            self._add_up(level, first_task, sums)
            return
        topview = WindowSums()
        self._add_up(level, first_task, topview)
        if topview.days and not self.topview.is_included(first_task):
            for (_, day), day_sums in topview.days.items():
                add_metrics(sums.days[level, day], day_sums)
        sums.incomplete = sums.incomplete or topview.incomplete

    def _add_pages(self, level: str, first_task: Task, sums: WindowSums) -> None:
        """Add all records of a report. Read it again while it is incomplete."""
        passes: list[WindowSums] = []
        read = functools.partial(self._read_level, level, passes)
        try:
            read_complete(read, first_task, self.name)
        except IncompleteError as error:
            sums.incomplete = error
        sums.merge(passes[-1])

    def _read_level(self, level: str, passes: list[WindowSums], first_task: Task) -> None:
        """Append the sums of one pass over a report.

        Raises:
            IncompleteError: TikTok counts more records than it returned, or returned one twice.
        """
        sums = WindowSums()
        passes.append(sums)
        pages = read_pages(self.run_context.client, self.source, first_task)
        for number, (raw_records, response) in enumerate(pages):
            sums.is_truncated = sums.is_truncated or response.is_truncated
            if number == 0:
                sums.add_totals(response.data.get(TOTALS_MEMBER))
            for raw in raw_records:
                if not self.placeholders.matches(raw, first_task.request.label):
                    sums.add(level, raw)

    def _record(self, task: Task, day: str, sums: WindowSums) -> dict[str, t.Any]:
        is_final = self.finality.is_final(day, task)
        top_sums = sums.days[TOP_LEVEL, day]
        record = {
            **self.source.constant_columns(task),
            "is_final": is_final,
            "stat_time_day": day,
            **{metric: str(top_sums.get(metric, ZERO)) for metric in METRICS},
        }
        has_difference = False
        for level in LEVELS:
            level_sums = sums.days[level, day]
            for metric in METRICS:
                value = level_sums.get(metric, ZERO)
                difference = top_sums.get(metric, ZERO) - value
                has_difference = has_difference or difference != 0
                record[f"{metric}_of_{level}"] = str(value)
                record[f"{metric}_missing_in_{level}"] = str(difference)
        record["likely_cause"] = _likely_cause(sums, has_difference=has_difference, final=is_final)
        for metric in METRICS:
            total, missing_sum = sums.totals.get(metric), sums.missing_in_records(metric)
            record[f"{metric}_total_of_window"] = None if total is None else str(total)
            record[f"{metric}_missing_in_window"] = (
                None if missing_sum is None else str(missing_sum)
            )
        return record


class Reconciliation(ReconciliationStream):
    """One record per advertiser and day: spend, impressions and clicks, and their sums by level.

    Each window takes four requests or more. One is for the advertiser, the others for the pages of
    its campaigns, ad groups and ads. Deleted objects and TopView ads are included for all values of
    the settings. TikTok's own totals of each window are included. `likely_cause` is an estimate
    based on known behavior of TikTok's reports.
    """

    definition = ReportDefinition(
        "reconciliation", "AUCTION_ADVERTISER", ("advertiser_id", "stat_time_day")
    )


def _at_level(task: Task, level: str) -> Task:
    """Return the report task for another level."""
    data_level, dimension, status = LEVELS[level]
    return task.with_params(
        data_level=data_level,
        dimensions=[dimension, "stat_time_day"],
        filtering=[in_filter(status, ["STATUS_ALL"]), *task.request.params.get("filtering", ())],
    )


def _level_columns(level: str, metric: str) -> dict[str, t.Any]:
    column_type = metric_schema(metric)["type"]
    label = level.replace("_", " ")
    description = f"{metric}, summed over {label}."
    return {
        f"{metric}_of_{level}": {"type": column_type, "description": description.capitalize()},
        f"{metric}_missing_in_{level}": {
            "type": column_type,
            "description": f"{metric.capitalize()} of the advertiser minus the sum over {label}.",
        },
    }


def _total_columns(metric: str) -> dict[str, t.Any]:
    column_type = metric_schema(metric)["type"]
    return {
        f"{metric}_total_of_window": {
            "type": column_type,
            "description": "TikTok's own total of all ads over the days of the request for "
            "this day. Null if TikTok reports none.",
        },
        f"{metric}_missing_in_window": {
            "type": column_type,
            "description": "TikTok's own total of the window minus the sum of the ads' records. "
            "If it is not 0, records are missing.",
        },
    }


def _likely_cause(sums: WindowSums, *, has_difference: bool, final: bool | None) -> str | None:
    if any(sums.missing_in_records(metric) for metric in METRICS) and not sums.is_truncated:
        return "Records of the window are missing: they do not add up to TikTok's own total."
    if not has_difference:
        return None
    if sums.is_truncated:
        return "TikTok looked at its 20,000 newest ads only."
    if not final:
        return "TikTok may still correct the day."
    return "Objects that TikTok's reports of a level leave out."
