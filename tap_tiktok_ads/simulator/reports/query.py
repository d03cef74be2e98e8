"""Report queries: the checked requests of integrated reports and of report tasks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts.entities import TOPVIEW
from tap_tiktok_ads.simulator.spec import reports as spec
from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.facts import (
    DIMENSION_METRICS,
    DIMENSION_VALUES,
    METRICS,
    SYNC_ONLY,
    MetricLists,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tap_tiktok_ads.simulator.spec.params import Param

CONFLICT = "Conflict occurs. The input params including metrics and dimensions have no relation."
MAX_DAYS = {"stat_time_day": 30, "stat_time_hour": 1}
"""Maximum days of a report, by time dimension."""

MAX_DAYS_WITHOUT_TIME = 365
MAX_TASK_DAYS = 100 * 366

_DEPTH_OF_ATTRIBUTE = {"any": 0, "campaign": 1, "adgroup": 2, "adgroup_only": 2, "ad": 3}


@dataclass(frozen=True)
class Query:
    """A valid report request.

    Attributes:
        level: Data level.
        id_dimension: The ID dimension, or None.
        time: The time dimension, or None.
        splits: The dimensions that divide a day, except the hour.
        dimensions: All dimensions in the order of the request.
        metrics: Computed metrics.
        attributes: Attribute metrics, which are properties of the object.
        start: First date. None in a lifetime report.
        end: Last date. None in a lifetime report.
        filters: Name, type and text of each filter.
        supports_promote: True if Promote ads support all dimensions.
        is_task: True for a report task.
    """

    level: str
    id_dimension: str | None
    time: str | None
    splits: tuple[str, ...]
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    attributes: tuple[str, ...]
    start: str | None
    end: str | None
    filters: tuple[tuple[str, str, str], ...]
    supports_promote: bool
    is_task: bool = False

    @cached_property
    def selected(self) -> dict[str, frozenset[str]]:
        """Selected values by filter, for the filters in `FILTER_VALUES`."""
        return {
            name: frozenset(map(str, json.loads(text)))
            for name, _, text in self.filters
            if name in spec.FILTER_VALUES
        }

    @property
    def names_objects(self) -> bool:
        """True if a filter selects objects by ID."""
        return not spec.TASK_FILTERS.keys().isdisjoint(self.selected)


@dataclass
class ReportTask:
    """An asynchronous report.

    Attributes:
        id: Task ID.
        params: Checked parameters of the request.
        query: Query of the request.
        checks: Number of status checks that were requested.
        end: Final status: SUCCESS, FAILED or CANCELED.
        lacks_rows: True if a third of the rows is missing in the file.
    """

    id: str
    params: dict[str, Any]
    query: Query
    checks: int = 0
    end: str = "SUCCESS"
    lacks_rows: bool = False

    def status(self, polls: int) -> str:
        """Return the current status. The task is processing for `polls` status checks."""
        if self.end == "CANCELED" or self.checks > polls or not polls:
            return self.end
        return "PROCESSING" if self.checks else "QUEUING"


def parse_query(
    params: Mapping[str, Any], *, is_task: bool = False, lists: MetricLists = DIMENSION_METRICS
) -> Query:
    """Return the query of checked parameters.

    Args:
        params: Parameters of the synchronous report or of the task.
        is_task: True for a report task. Tasks accept long date ranges.
        lists: Closed lists of computed metrics, by report type and dimension.

    Raises:
        ApiError: With code 40002, for an invalid combination of parameters.
    """
    report_type, level = params["report_type"], params["data_level"]
    dimensions = tuple(params["dimensions"])
    id_dimension, time, splits = _split_dimensions(report_type, level, dimensions)
    _check_dates(params, time, splits, is_task=is_task)
    metrics, attributes = _split_metrics(params["metrics"], level, id_dimension)
    _check_computed(metrics, lists, report_type, splits)
    _check_spend(metrics, level, time)
    _check_daily_metrics(metrics, time, splits)
    if is_task:
        _check_task_splits(report_type, splits, metrics)
    query = Query(
        level=level,
        id_dimension=id_dimension,
        time=time,
        splits=splits,
        dimensions=dimensions,
        metrics=metrics,
        attributes=attributes,
        start=None if params["query_lifetime"] else params["start_date"],
        end=None if params["query_lifetime"] else params["end_date"],
        filters=_parse_filters(params["filtering"], is_task=is_task),
        supports_promote=spec.PROMOTE_DIMENSIONS[report_type].issuperset(dimensions),
        is_task=is_task,
    )
    _check_ad_ids(query)
    _check_order_and_totals(query, params)
    return query


def _split_dimensions(
    report_type: str, level: str, names: tuple[str, ...]
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the ID dimension, the time dimension and the split dimensions."""
    _check_dimension_names(names)
    time = _only_dimension("time", names, spec.TIME_DIMENSIONS)
    id_dimension = _only_dimension("ID", names, spec.LEVEL_OF_ID)
    splits = tuple(name for name in names if name in DIMENSION_VALUES)
    _check_splits(report_type, splits)
    if _depth(id_dimension) > spec.LEVELS.index(level):
        reject(f"dimensions: {id_dimension} is below data_level {level}. {CONFLICT}")
    return id_dimension, time, splits


def _check_dimension_names(names: tuple[str, ...]) -> None:
    """Reject unknown and duplicate dimensions."""
    dimensions = {*spec.LEVEL_OF_ID, *spec.TIME_DIMENSIONS, *DIMENSION_VALUES}
    for name in names:
        if name not in dimensions:
            reject(f"dimensions: Invalid dimension {name!r}.")
    if len(set(names)) != len(names):
        reject("dimensions: Contains duplicates.")


def _only_dimension(kind: str, names: tuple[str, ...], dimensions: Collection[str]) -> str | None:
    """Return the only dimension of a kind, or None. Reject several dimensions of a kind."""
    matching = [name for name in names if name in dimensions]
    if len(matching) > 1:
        text = ", ".join(matching)
        reject(f"dimensions: Only one {kind} dimension is allowed, not {text}. {CONFLICT}")
    return matching[0] if matching else None


def _check_splits(report_type: str, splits: tuple[str, ...]) -> None:
    """Reject splits that the report type does not support, and invalid combinations of splits."""
    if len(splits) > 1 and not (report_type == "AUDIENCE" and set(splits) == {"gender", "age"}):
        reject(f"dimensions: {', '.join(splits)} cannot be combined. {CONFLICT}")
    if not set(splits) <= spec.SPLITS_BY_TYPE[report_type]:
        reject(f"dimensions: {splits[0]} is not for {report_type}. {CONFLICT}")
    if report_type == "AUDIENCE" and not splits:
        reject(f"dimensions: AUDIENCE needs an audience dimension. {CONFLICT}")


def _depth(id_dimension: str | None) -> int:
    """Return the position of the data level of an ID dimension, or -1 without an ID dimension."""
    return -1 if id_dimension is None else spec.LEVELS.index(spec.LEVEL_OF_ID[id_dimension])


def _check_dates(
    params: Mapping[str, Any], time: str | None, splits: tuple[str, ...], *, is_task: bool
) -> None:
    """Reject dates, or a lifetime, that the report does not support."""
    if not params["query_lifetime"]:
        check_window(params["start_date"], params["end_date"], time, is_task=is_task)
        return
    if params["report_type"] == "AUDIENCE":
        reject("query_lifetime: Not supported for report_type AUDIENCE.")
    if time or "country_code" in splits:
        reject("query_lifetime: Not supported with time dimensions or country_code.")


def check_window(
    start: str | None,
    end: str | None,
    time: str | None,
    *,
    max_days: Mapping[str, int] = MAX_DAYS,
    is_task: bool = False,
) -> None:
    """Reject dates that are missing, in the wrong order, or too far apart."""
    if start is None or end is None:
        missing_field = "start_date" if start is None else "end_date"
        reject(f"{missing_field}: Missing data for required field.")
    if start > end:
        reject("start_date: Must not be after end_date.")
    days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
    limit = MAX_TASK_DAYS if is_task else max_days.get(time or "", MAX_DAYS_WITHOUT_TIME)
    if days > limit:
        msg = f"end_date: The date range of {days} days exceeds the maximum of {limit} days"
        reject(f"{msg} for {time or 'reports without time dimension'}.")


def _split_metrics(
    names: Sequence[str], level: str, id_dimension: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the computed metrics and the attribute metrics. Reject unknown metrics."""
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        reject(f"Invalid metric fields: {unknown}")
    names = list(dict.fromkeys(names))
    computed = tuple(name for name in names if METRICS[name].group != "attribute")
    attributes = tuple(name for name in names if METRICS[name].group == "attribute")
    _check_attributes(attributes, level, id_dimension)
    return computed, attributes


def _check_attributes(names: tuple[str, ...], level: str, id_dimension: str | None) -> None:
    """Reject attribute metrics that are unavailable for the data level or the ID dimension."""
    for name in names:
        metric_level = METRICS[name].level
        wrong_level = metric_level == "adgroup_only" and level != "AUCTION_ADGROUP"
        if wrong_level or _DEPTH_OF_ATTRIBUTE[metric_level] > _depth(id_dimension):
            reject(f"metrics: {name} is not supported at {level}. {CONFLICT}")


def _check_computed(
    names: Sequence[str], lists: MetricLists, report_type: str, splits: tuple[str, ...]
) -> None:
    """Reject computed metrics that are unavailable for the report type or the dimensions."""
    listed = [lists[report_type][split] for split in splits if split in lists[report_type]]
    wrong = [name for name in names if not _allows_metric(name, report_type, listed)]
    if wrong:
        place = f" with {', '.join(splits)}" if splits else ""
        msg = f"metrics: {', '.join(wrong)} is not supported{place} in report_type {report_type}"
        reject(f"{msg}. {CONFLICT}")


def _allows_metric(name: str, report_type: str, listed: Sequence[Collection[str]]) -> bool:
    """Return True if the report type and the lists of its dimensions allow a computed metric."""
    if name in spec.AUDIENCE_METRICS and report_type != "AUDIENCE":
        return False
    if listed:
        return all(name in metrics for metrics in listed)
    if report_type == "AUDIENCE":
        return name not in spec.UNIQUE_METRICS and METRICS[name].group not in spec.EVENT_GROUPS
    return True


def _check_spend(metrics: tuple[str, ...], level: str, time: str | None) -> None:
    """Reject `cash_spend` and `voucher_spend` except in reports by advertiser and day."""
    for name in ("cash_spend", "voucher_spend"):
        if name in metrics and (level != "AUCTION_ADVERTISER" or time != "stat_time_day"):
            reject(f"metrics: {name} is for AUCTION_ADVERTISER by stat_time_day. {CONFLICT}")


def _check_daily_metrics(
    metrics: tuple[str, ...], time: str | None, splits: tuple[str, ...]
) -> None:
    """Reject metrics of `DAILY_METRICS` in reports by hour or by split dimensions."""
    has_breakdown = time == "stat_time_hour" or bool(splits)
    for name in metrics:
        if has_breakdown and name.startswith(spec.DAILY_METRICS):
            reject(f"metrics: {name} is for one ID dimension and stat_time_day. {CONFLICT}")


def _check_task_splits(report_type: str, splits: tuple[str, ...], metrics: tuple[str, ...]) -> None:
    """Reject metrics that tasks do not support with a split dimension."""
    for split in splits:
        lacking = SYNC_ONLY[report_type].get(split, frozenset())
        if split in spec.TASK_AUDIENCE_SPLITS:
            lacking |= spec.TASK_VIEWER_METRICS
        for name in metrics:
            if name in lacking:
                reject(f"metrics: {name} is not supported with {split} in a task. {CONFLICT}")


def _parse_filters(
    conditions: Sequence[Mapping[str, str]], *, is_task: bool
) -> tuple[tuple[str, str, str], ...]:
    """Return name, type and text of the filters. Tasks ignore filters that they do not support."""
    supported = spec.TASK_FILTERS if is_task else spec.FILTER_VALUES
    filters = []
    for index, condition in enumerate(conditions):
        name, filter_type, text = (
            condition[key] for key in ("field_name", "filter_type", "filter_value")
        )
        if name in supported:
            if filter_type != "IN":
                reject(f"filtering[{index}].filter_type: {name} needs IN, not {filter_type}.")
            _check_filter_value(f"filtering[{index}].filter_value", name, text, supported[name])
        if name in supported or not is_task:
            filters.append((name, filter_type, text))
    return tuple(filters)


def check_task_filters(conditions: Sequence[Mapping[str, str]]) -> None:
    """Reject filters that report tasks do not support."""
    for index, condition in enumerate(conditions):
        name = condition["field_name"]
        if name not in spec.TASK_FILTERS:
            reject(f"filtering[{index}].field_name: {name} is not supported by report tasks.")


def _check_filter_value(parameter: str, name: str, text: str, param: Param) -> None:
    """Reject a filter value that is not a valid JSON array for its filter."""
    try:
        values = json.loads(text)
    except ValueError:
        reject(f"{parameter}: {text[:60]!r} is no JSON string.")
    param.check(parameter, values)
    if name == "buying_type" and TOPVIEW in values and len(values) > 1:
        reject(f"{parameter}: {TOPVIEW} cannot be mixed with other types.")


def _check_ad_ids(query: Query) -> None:
    """Reject combinations of `ad_id` and `ad_id_v2` in dimensions, filters and attributes."""
    filter_names = {name for name, _, _ in query.filters}
    for dimension, other in (("ad_id_v2", "ad_id"), ("ad_id", "ad_id_v2")):
        other_filter = "ad_ids" if other == "ad_id" else "ad_ids_v2"
        if query.id_dimension == dimension and (
            other_filter in filter_names or other in query.attributes
        ):
            reject(f"dimensions: ad_id and ad_id_v2 cannot be combined. {CONFLICT}")


def _check_order_and_totals(query: Query, params: Mapping[str, Any]) -> None:
    """Reject an order or totals that the report does not support."""
    order = params["order_field"]
    if order is not None and order not in query.metrics:
        reject(f"order_field: {order!r} is not one of the numeric metrics asked.")
    if params["enable_total_metrics"] and (
        params["report_type"] != "BASIC" or query.splits or query.time == "stat_time_hour"
    ):
        msg = "enable_total_metrics: Only for BASIC with an ID dimension and/or stat_time_day."
        reject(msg)
