"""`ReportStream`: one report of `/report/integrated/get/`, built in or defined by users."""

from __future__ import annotations

import functools
import inspect
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.metric_catalog import default_metrics
from tap_tiktok_ads.config.custom_reports import metrics_setting
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.casting import Caster
from tap_tiktok_ads.extract.deduplication import ReportFilter
from tap_tiktok_ads.extract.pages import Record, Task
from tap_tiktok_ads.extract.report_decoder import ReportDecoder, can_decode
from tap_tiktok_ads.extract.schemas import report_schema
from tap_tiktok_ads.singer.state import INCREMENTAL
from tap_tiktok_ads.streams.reports.components import ReportComponents
from tap_tiktok_ads.streams.reports.filters import deleted_filter, promote_filters
from tap_tiktok_ads.streams.reports.metric_history import MetricHistory
from tap_tiktok_ads.streams.reports.metric_selection import MetricSelection
from tap_tiktok_ads.streams.reports.placeholders import Placeholders
from tap_tiktok_ads.streams.reports.reader import ReportPageBuilder
from tap_tiktok_ads.streams.reports.source import ReportSource
from tap_tiktok_ads.streams.reports.topview import mixes_buying_types

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.deduplication import RecordFilter
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.extract.source import Source
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.singer.components import ContextTap


#: Columns that the tap adds to the records of a task.
CONSTANT_COLUMNS = ("advertiser_id", "is_top_view", "is_final")


def key_columns(report: ReportDefinition, *, reports_topview: bool) -> tuple[str, ...]:
    """Return the key columns of a report."""
    is_apart = reports_topview and mixes_buying_types(report.dimensions)
    topview_column = ("is_top_view",) if is_apart else ()
    return tuple(dict.fromkeys(("advertiser_id", *topview_column, *report.dimensions)))


class ReportStream(ReportComponents):
    """Records of a report, by day or hour over windows of days, or of all time.

    The dates follow the advertiser's time zone. Records of deleted objects are included unless
    `include_deleted` is off: TikTok leaves them out by default, and their spend with them.
    """

    path = REPORT_PATH
    permission = "44 Consolidated Report"
    page_size = 1000
    definition: t.ClassVar[ReportDefinition]
    reports_topview: t.ClassVar[bool] = True
    """True if TopView ads are reported only on request, and records say which they are."""

    def __init__(self, tap: ContextTap, definition: ReportDefinition | None = None) -> None:
        self.report = definition or self.definition
        self.name = self.report.name
        self.time_dimension = self.report.time_dimension
        window_days = dates.WINDOW_DAYS.get(self.time_dimension or "", 0)
        self.window_days = 1 if self.report.adds_day else window_days
        super().__init__(tap)
        self.primary_keys = key_columns(self.report, reports_topview=self.reports_topview)
        self.replication_key = self.time_dimension
        self.placeholders = Placeholders(self.time_dimension, self.warnings)

    # Facts

    @override
    def description(self) -> str:
        return self.report.description or inspect.cleandoc(self.__doc__ or "")

    @override
    def columns(self) -> dict[str, t.Any]:
        """Return the dimensions and metrics.

        Raises:
            ConfigError: `report_metrics` names a metric that is not valid in this report.
        """
        return report_schema(
            self.report.dimensions, self.metrics.names, topview=self.reports_topview
        )

    def default_metrics(self) -> Sequence[str]:
        """Return the default metrics: of the definition, or else of the catalog."""
        return self.report.metrics or default_metrics(self.name)

    def configured_metrics(self) -> Sequence[str]:
        """Return the names and groups of metrics that users chose, if they did."""
        return metrics_setting(self.run_context.config.get("report_metrics"), self.name)

    @functools.cached_property
    def metrics(self) -> MetricSelection:
        """The metrics of the report.

        Raises:
            ConfigError: `report_metrics` names a metric that is not valid in this report.
        """
        return MetricSelection(
            self.report,
            self.default_metrics(),
            self.configured_metrics(),
            lambda name: self.mask["properties", name],
            self.warnings,
        )

    @functools.cached_property
    def metric_history(self) -> MetricHistory:
        """The metrics that earlier runs read."""
        return MetricHistory(self.name, self.tap_state, self.warnings)

    # Plan

    @override
    def begin(self) -> None:
        self.hourly_days.begin()
        if self.fetching is None and self._is_incremental:
            self.metric_history.warn_of_new(self.metrics.requested)
        super().begin()

    @override
    def finalize(self) -> None:
        self.hourly_days.finish()
        if self.time_dimension and self._is_incremental:
            self.metric_history.keep(self.metrics.requested)
            if self.bookmarks.write_skipped():
                self.state_manager.is_flushed = False

    @property
    def _is_incremental(self) -> bool:
        """True if covered days are left out. A full read does not change what they hold."""
        return bool(self.replication_method == INCREMENTAL)

    @override
    def first_task(self, owner: Advertiser | None, window: Window | None) -> Task:
        awaited = self.hourly_days.awaited_report
        return Task(self.request(owner, window), owner, window, awaited_report=awaited)

    def request(self, advertiser: Advertiser | None, window: Window | None) -> Request:
        """Return the request for the first page of a window."""
        report = self.report
        params: dict[str, t.Any] = {
            "advertiser_id": advertiser.id if advertiser else "",
            "service_type": report.service_type,
            "report_type": report.report_type,
            **({"data_level": report.data_level} if report.data_level else {}),
            "dimensions": report.requested_dimensions,
            "metrics": self.metrics.requested,
            "page": 1,
            "page_size": self.page_size,
        }
        if window is None:
            params["query_lifetime"] = True
        else:
            params |= {"start_date": str(window.start), "end_date": str(window.end)}
        filters = list(report.filters)
        has_status = report.level not in {"", "advertiser"}
        if has_status and self.run_context.settings.include_deleted:
            filters.append(deleted_filter(report.level))
        filters += promote_filters(report.report_type, report.dimensions, report.filters)
        if filters:
            params["filtering"] = filters
        return Request(self.path, params, splittable=True)

    # Components

    @functools.cached_property
    @override
    def source(self) -> Source:
        source = ReportSource(
            self.name,
            page_size=self.page_size,
            tolerated_codes=self.tolerated_codes,
            flatten=self.flatten_record,
            split=self.split,
        )
        source.reports_topview = self.reports_topview
        source.time_dimension = self.time_dimension
        return source

    @functools.cached_property
    @override
    def record_filter(self) -> RecordFilter:
        return ReportFilter(self.report.dimensions)

    @functools.cached_property
    @override
    def builder(self) -> ReportPageBuilder:
        caster = Caster(self.record_schema, dash_is_null=True, required=self.primary_keys)
        builder = ReportPageBuilder(self.flattener, caster, self.record_filter)
        builder.topview = self.topview
        builder.placeholders = self.placeholders
        builder.hourly_days = self.hourly_days
        if self.time_dimension and self.mask["properties", "is_final"]:
            builder.finality = self.finality
        return builder

    @override
    def raw_decoder(self) -> Decode | None:
        return None  # the days of a page are checked before its records are cast

    @override
    def page_decoder(self, deselected: AbstractSet[str]) -> Decode | None:
        """Return a report decoder, if every requested metric is written as it comes."""
        metrics, dimensions = self.metrics.requested, self.report.dimensions
        if deselected & set(metrics) or "advertiser_id" in dimensions or self.report.adds_day:
            return None
        if not can_decode(self.record_schema, metrics):
            return None
        return ReportDecoder(self.record_schema, dimensions, metrics, CONSTANT_COLUMNS).decode

    # Reads

    @override
    def fetch_report(self, task: Task) -> Fetched:
        empty = self.hourly_days.empty_page(task)
        return (empty, ()) if empty else self.report_reader.fetch(task)

    @override
    def complete(self, group: TaskGroup) -> None:
        self.hourly_days.add(group)
        super().complete(group)

    @override
    def split(self, task: Task) -> Sequence[Task]:
        return self.splitter.split(task)

    def flatten_record(self, raw: Record, task: Task) -> Iterable[Record]:
        """Yield the dimensions and metrics of a raw record as one flat record, if it holds data.

        A record without a dimension has no key. The caster leaves it out.
        """
        if self.placeholders.matches(raw, task.request.label):
            return
        dimensions = self._dimensions(raw, task)
        record = self.source.constant_columns(task)
        if self.time_dimension:
            record["is_final"] = self.finality.is_final(dimensions.get(self.time_dimension), task)
        record |= {name: dimensions.get(name) for name in self.report.dimensions}
        for members in (dimensions, raw.get("metrics") or {}):
            record |= {name: value for name, value in members.items() if name not in record}
        yield record

    def _dimensions(self, raw: Record, task: Task) -> dict[str, t.Any]:
        """Return the dimensions of a raw record, with the day that the type of the report lacks."""
        dimensions: dict[str, t.Any] = raw.get("dimensions") or {}
        if self.report.adds_day and self.time_dimension and task.window is not None:
            dimensions[self.time_dimension] = str(task.window.start)
        return dimensions
