"""The reports of GMV Max campaigns: one request per TikTok Shop and promotion type."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.gmv_max_metrics import (
    CAMPAIGN,
    DEFAULT_GMV_MAX_METRICS,
    PROMOTION_TYPES,
    default_level_metrics,
    gmv_max_metric_schema,
    level_metrics,
    metrics_of_type,
)
from tap_tiktok_ads.api.metric_rules import ALL_METRICS, rejected_metrics
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.custom_reports import metrics_setting
from tap_tiktok_ads.config.lookups import Lookup
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.singer.state import INCREMENTAL
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    LookupTask,
    RejectableSource,
    SourceColumn,
    add_lookup_value,
)
from tap_tiktok_ads.streams.reports.finality import Finality
from tap_tiktok_ads.streams.reports.metric_history import MetricHistory
from tap_tiktok_ads.streams.reports.metric_selection import DEFAULT_METRICS
from tap_tiktok_ads.streams.reports.placeholders import Placeholders

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.source import Source

#: The metric of a request without any that is written: TikTok requires one.
FALLBACK_METRIC = DEFAULT_GMV_MAX_METRICS[0]
#: Columns that the tap adds: the promotion type of the request, and if the numbers are final.
TYPE_COLUMN, IS_FINAL = "gmv_max_promotion_type", "is_final"
TYPE_LOOKUP = Lookup(
    "gmv_max", (TYPE_COLUMN,), values=tuple({TYPE_COLUMN: name} for name in PROMOTION_TYPES)
)
#: The macros of the values of a request.
STORE_VALUE, TYPE_VALUE = "gmv_max_stores.store_id", f"gmv_max.{TYPE_COLUMN}"
#: All statuses of a campaign. Without them, TikTok leaves out deleted campaigns (portal
#: 1824721673497601). Its OpenAPI file lacks STATUS_ALL.
CAMPAIGN_STATUSES = ("STATUS_DELIVERY_OK", "STATUS_DISABLE", "STATUS_NOT_DELIVERY", "STATUS_DELETE")
#: A shop that does not say whether it is available is requested.
AVAILABLE_STORES = SourceColumn(
    STORE_VALUE,
    parameter="store_ids",
    batch_size=1,
    where={"is_gmv_max_available": [True, None]},
)


def expand_gmv_max_metrics(stream: str, level: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of a level that names, `usual` and `all` stand for.

    Args:
        stream: Name of the report, for messages.
        level: Level of the report.
        words: Names and groups of metrics. Nothing means the default metrics.

    Raises:
        ConfigError: A name is not a metric of the level.
    """
    known_metrics = level_metrics(level)
    groups = {DEFAULT_METRICS: default_level_metrics(level), ALL_METRICS: known_metrics}
    for word in words:
        if word not in known_metrics and word not in groups:
            msg = (
                f"Setting 'report_metrics', {stream}: unknown metric of {level}s "
                f"{word!r}{suggest(word, [*known_metrics, *groups])}"
            )
            raise errors.ConfigError(msg)
    names = [name for word in words or [DEFAULT_METRICS] for name in groups.get(word, (word,))]
    return tuple(dict.fromkeys(names))


def flatten_gmv_max_record(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the dimensions and metrics of a GMV Max report record with its store and type."""
    values = task.values if isinstance(task, LookupTask) else {}
    (store_id,) = values.get(STORE_VALUE, [None])
    dimensions = {"store_id": store_id, **(raw.get("dimensions") or {})}
    record = {**dimensions, **(raw.get("metrics") or {}), **dimensions}
    return add_lookup_value(record, task)


class GmvMaxReportSource(RejectableSource):
    """The report of one shop and promotion type, which TikTok can reject on its own.

    The other types and shops are read. The next run reads the days of the advertiser again.
    """

    @override
    def is_skippable(self, task: Task, error: errors.ApiError) -> bool:
        """Return True if a permission is missing, or if TikTok rejects a type by its first page.

        If the message of a rejection names a metric, the request is wrong, and not the type.
        """
        metrics = task.request.params.get("metrics", ())
        is_rejection = isinstance(error, errors.RejectedRequestError)
        if is_rejection and rejected_metrics(error.api_message, metrics):
            return False
        return super().is_skippable(task, error)

    @override
    def concerns_scope(self, task: Task, error: errors.ApiError) -> bool:
        """Return True if a denial names the advertiser or the endpoint, and not only the shop."""
        message = error.api_message.lower()
        is_named = "advertiser" in message or task.request.path in message
        return is_named and super().concerns_scope(task, error)

    @override
    def subject_of(self, task: Task) -> str:
        if not isinstance(task, LookupTask) or STORE_VALUE not in task.values:
            return super().subject_of(task)
        (store_id,) = task.values[STORE_VALUE]
        kind = f"{task.values[TYPE_VALUE]} " if TYPE_VALUE in task.values else ""
        return f"{kind}campaigns of store {store_id}, advertiser"


class GmvMaxReportStream(DependentStream):
    """A report of GMV Max by day or hour, requested by shop and promotion type."""

    replication_key = "stat_time_day"
    page_size = 1000
    window_days = 30
    delay_hours = 11  # of net_cost
    source_column = AVAILABLE_STORES
    literal_lookups: t.ClassVar[tuple[Lookup, ...]] = (TYPE_LOOKUP,)
    source_class = GmvMaxReportSource
    dash_is_null = True
    level: t.ClassVar[str] = CAMPAIGN
    """The level of the report, which decides about its metrics."""
    added_columns: t.ClassVar[tuple[str, ...]] = (IS_FINAL, TYPE_COLUMN)
    """Columns besides the keys and metrics."""

    # Metrics

    @functools.cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that have a column.

        Raises:
            ConfigError: `report_metrics` names a metric that the level does not have.
        """
        setting = self.run_context.config.get("report_metrics")
        return expand_gmv_max_metrics(self.name, self.level, metrics_setting(setting, self.name))

    @property
    def selected_metrics(self) -> list[str]:
        """The metrics that are written."""
        return [name for name in self.metrics if self.mask["properties", name]]

    @override
    def columns(self) -> dict[str, t.Any]:
        schema = entity_schema("gmv_max_columns")
        names = (*self.primary_keys, *self.added_columns)
        schema["properties"] = {name: schema["properties"][name] for name in names} | {
            name: gmv_max_metric_schema(name) for name in self.metrics
        }
        return schema

    @functools.cached_property
    def metric_history(self) -> MetricHistory:
        """The metrics that earlier runs read."""
        return MetricHistory(self.name, self.tap_state, self.warnings)

    @functools.cached_property
    def finality(self) -> Finality:
        """Decides which days are final."""
        return Finality(self.replication_key, self.run_context.now, self.settling)

    @override
    def begin(self) -> None:
        if self.fetching is None and self.replication_method == INCREMENTAL:
            self.metric_history.warn_of_new(self.selected_metrics)
        super().begin()

    @override
    def finalize(self) -> None:
        if self.replication_method == INCREMENTAL:
            self.metric_history.keep(self.selected_metrics)

    # Requests

    @functools.cached_property
    @override
    def source(self) -> Source:
        source = super().source
        placeholders = Placeholders(self.replication_key, self.warnings)
        source.flatten = placeholders.dropped_by(self.flatten_report_record)
        return source

    def flatten_report_record(self, raw: Record, task: Task) -> Iterable[Record]:
        """Yield the flat record, without a metric that has no column."""
        if FALLBACK_METRIC not in self.metrics:
            (raw.get("metrics") or {}).pop(FALLBACK_METRIC, None)
        for record in flatten_gmv_max_record(raw, task):
            if IS_FINAL in self.added_columns:
                moment = record.get(self.replication_key)
                record[IS_FINAL] = self.finality.is_final(moment, task)
            yield record

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {"start_date": str(window.start), "end_date": str(window.end)} if window else {}

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        request = super().request(advertiser, window, values)
        params = {**request.params, **self.report_params(values)}
        return dataclasses.replace(request, params=params)

    def report_params(self, values: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the dimensions, metrics and filter of a request, given the values of lookups."""
        promotion_type = values[TYPE_VALUE]
        metrics = metrics_of_type(self.selected_metrics, promotion_type)
        return {
            "dimensions": ["campaign_id", self.replication_key],
            "metrics": metrics or [FALLBACK_METRIC],
            "filtering": self.campaign_filter(promotion_type),
        }

    def campaign_filter(self, promotion_type: str) -> dict[str, t.Any]:
        """Return the filter of a report by campaign."""
        filtering: dict[str, t.Any] = {"gmv_max_promotion_types": [promotion_type]}
        if self.run_context.settings.include_deleted:
            filtering["campaign_statuses"] = [*CAMPAIGN_STATUSES]
        return filtering
