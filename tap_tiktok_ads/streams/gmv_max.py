"""The report of GMV Max campaigns: one request per TikTok Shop and promotion type."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.gmv_max_metrics import (
    DEFAULT_GMV_MAX_METRICS,
    PROMOTION_TYPES,
    campaign_metrics,
    gmv_max_metric_schema,
    metrics_of_type,
)
from tap_tiktok_ads.api.metric_rules import ALL_METRICS, rejected_metrics
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.custom_reports import metrics_setting
from tap_tiktok_ads.config.lookups import Lookup
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.singer.state import INCREMENTAL
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    LookupTask,
    SourceColumn,
    add_lookup_value,
)
from tap_tiktok_ads.streams.reports.metric_history import MetricHistory
from tap_tiktok_ads.streams.reports.metric_selection import DEFAULT_METRICS
from tap_tiktok_ads.streams.reports.placeholders import Placeholders

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task

#: The metric of a request without any that is written: TikTok requires one.
FALLBACK_METRIC = DEFAULT_GMV_MAX_METRICS[0]
#: The column that the tap adds: the promotion type of the request.
TYPE_COLUMN = "gmv_max_promotion_type"
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


def expand_gmv_max_metrics(words: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of campaigns that names, `usual` and `all` stand for.

    Raises:
        ConfigError: A name is not a metric of GMV Max campaigns.
    """
    known_metrics = campaign_metrics()
    groups = {DEFAULT_METRICS: DEFAULT_GMV_MAX_METRICS, ALL_METRICS: known_metrics}
    for word in words:
        if word not in known_metrics and word not in groups:
            msg = (
                "Setting 'report_metrics', gmv_max_report: unknown metric of campaigns "
                f"{word!r}{suggest(word, [*known_metrics, *groups])}"
            )
            raise errors.ConfigError(msg)
    names = [name for word in words or [DEFAULT_METRICS] for name in groups.get(word, (word,))]
    return tuple(dict.fromkeys(names))


def flatten_gmv_max_record(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the dimensions and metrics of a GMV Max report record with its store and type."""
    values = task.values if isinstance(task, LookupTask) else {}
    (store_id,) = values.get(STORE_VALUE, [None])
    record = {
        "store_id": store_id,
        **(raw.get("dimensions") or {}),
        **(raw.get("metrics") or {}),
    }
    return add_lookup_value(record, task)


class GmvMaxReportSource(Source):
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
    def can_be_rejected(self, task: Task) -> bool:
        return True

    @override
    def concerns_scope(self, task: Task, error: errors.ApiError) -> bool:
        return isinstance(error, errors.PermissionDeniedError)

    @override
    def subject_of(self, task: Task) -> str:
        if not isinstance(task, LookupTask) or TYPE_VALUE not in task.values:
            return super().subject_of(task)
        (store_id,) = task.values[STORE_VALUE]
        return f"{task.values[TYPE_VALUE]} campaigns of store {store_id}, advertiser"


class GmvMaxReportStream(DependentStream):
    """A daily report of GMV Max, requested by shop and promotion type."""

    replication_key = "stat_time_day"
    page_size = 1000
    window_days = 30
    delay_hours = 11  # of net_cost
    source_column = AVAILABLE_STORES
    literal_lookups = (TYPE_LOOKUP,)
    source_class = GmvMaxReportSource
    dash_is_null = True

    # Metrics

    @functools.cached_property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that have a column.

        Raises:
            ConfigError: `report_metrics` names a metric that campaigns do not have.
        """
        setting = self.run_context.config.get("report_metrics")
        return expand_gmv_max_metrics(metrics_setting(setting, self.name))

    @property
    def selected_metrics(self) -> list[str]:
        """The metrics that are written."""
        return [name for name in self.metrics if self.mask["properties", name]]

    @override
    def columns(self) -> dict[str, t.Any]:
        schema = super().columns()
        schema["properties"] |= {name: gmv_max_metric_schema(name) for name in self.metrics}
        return schema

    @functools.cached_property
    def metric_history(self) -> MetricHistory:
        """The metrics that earlier runs read."""
        return MetricHistory(self.name, self.tap_state, self.warnings)

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
        source.flatten = placeholders.dropped_by(self._flatten_record)
        return source

    def _flatten_record(self, raw: Record, task: Task) -> Iterable[Record]:
        """Yield the flat record, without a metric that has no column."""
        if FALLBACK_METRIC not in self.metrics:
            (raw.get("metrics") or {}).pop(FALLBACK_METRIC, None)
        return flatten_gmv_max_record(raw, task)

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        days = {"start_date": str(window.start), "end_date": str(window.end)} if window else {}
        return {"dimensions": ["campaign_id", "stat_time_day"], **days}

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        request = super().request(advertiser, window, values)
        promotion_type = values[TYPE_VALUE]
        metrics = metrics_of_type(self.selected_metrics, promotion_type)
        filtering: dict[str, t.Any] = {"gmv_max_promotion_types": [promotion_type]}
        if self.run_context.settings.include_deleted:
            filtering["campaign_statuses"] = [*CAMPAIGN_STATUSES]
        params = {
            **request.params,
            "metrics": metrics or [FALLBACK_METRIC],
            "filtering": filtering,
        }
        return dataclasses.replace(request, params=params)
