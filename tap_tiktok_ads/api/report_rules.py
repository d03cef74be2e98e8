"""What TikTok allows in reports: levels, dimensions, metrics, filters and report tasks.

Sources: TikTok's pages on synchronous reports (portal 1738864817670145) and on report tasks
(portal 1740302766489602).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from tap_tiktok_ads.api.metric_catalog import load_catalog
from tap_tiktok_ads.api.suggestions import closest_match, suggest

if t.TYPE_CHECKING:
    from collections.abc import Sequence

#: Levels of a report, from the top. `data_level` is `AUCTION_` and a level.
LEVELS = ("ADVERTISER", "CAMPAIGN", "ADGROUP", "AD")
#: ID dimensions, with the position of their level in `LEVELS`.
LEVEL_OF_ID = {
    "advertiser_id": 0,
    "campaign_id": 1,
    "adgroup_id": 2,
    "ad_id": 3,
    "ad_id_v2": 3,
}
#: The catalog's `levels` of an attribute, with the position of the highest such level.
FIRST_LEVEL = {
    "campaign+": 1,
    "adgroup+": 2,
    "adgroup only": 2,
    "ad only": 3,
    "any level with an ID dimension": 0,
}
#: The catalog's `levels` of attributes that exist at one level only.
SINGLE_LEVEL = {"adgroup only": 2, "ad only": 3}
#: The time dimension of each granularity.
TIME_DIMENSIONS = {"day": "stat_time_day", "hour": "stat_time_hour", "lifetime": None}
#: Filter operators of the API.
OPERATORS = [
    *("IN", "NOT_IN", "MATCH", "GREATER_EQUAL", "GREATER_THAN", "LOWER_EQUAL", "LOWER_THAN"),
    *("BETWEEN", "RANGE", "CONTAIN_ANY_OF"),
]
#: The name of all metrics that are valid in a report.
ALL_METRICS = "all"
#: Metrics that exist at advertiser level and by day only.
CASH_METRICS = frozenset({"cash_spend", "voucher_spend"})
#: Maximum number of metrics in one request (portal 1738864817670145).
MAX_METRICS = 100
#: Minimum similarity at which an unknown metric is an error. Others are passed on to TikTok.
MIN_METRIC_SIMILARITY = 0.8
#: Dimensions that report tasks cannot combine with `UNIQUE_VIEWER_METRICS`
#: (portal 1740302766489602).
AUDIENCE_DIMENSIONS = frozenset(
    ("gender", "age", "country_code", "ac", "language", "platform", "interest_category")
) | {"placement", "contextual_tag"}
UNIQUE_VIEWER_METRICS = frozenset(
    (
        "average_video_play_per_user",
        "frequency",
        "cost_per_1000_reached",
        "reach",
        "live_play_count",
    )
) | {
    f"{time}{name}"
    for time in ("", "real_time_")
    for name in ("result", "result_rate", "cost_per_result")
}
#: The ID dimension of each data level, without its prefix.
ID_OF_LEVEL = {
    "advertiser": "advertiser_id",
    "campaign": "campaign_id",
    "adgroup": "adgroup_id",
    "ad": "ad_id",
}
#: Filter fields of report tasks, with up to `MAX_TASK_IDS` IDs (portal 1740302766489602).
TASK_FILTERS = ("campaign_ids", "adgroup_ids", "ad_ids")
MAX_TASK_IDS = 20_000
#: Report types of tasks whose CSV columns have the names of the request.
TASK_TYPES = frozenset({"BASIC", "AUDIENCE"})
#: The places in an error message that may contain names: quotes, brackets, after the last colon.
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^:]*$")
#: The words in an error message after which it lists valid names.
_VALID_NAMES = re.compile(
    r"(?i)must be one of|allowed|supported|valid values|available|expected|choices? (are|is)"
    r"|choose|valid (metrics|ones|fields) are"
)


@dataclasses.dataclass(frozen=True, slots=True)
class ReportDefinition:
    """A report: its level, dimensions, metrics and filters. Built-in and custom reports alike.

    Example:
        >>> report = ReportDefinition("ads", "AUCTION_AD", ("ad_id", "stat_time_day"), ("spend",))
        >>> report.level, report.id_dimension, report.time_dimension
        ('ad', 'ad_id', 'stat_time_day')

    Attributes:
        name: The stream's name.
        data_level: TikTok's `data_level`, such as `AUCTION_AD`.
        dimensions: Dimensions in the order of the request, including the time dimension.
        metrics: Metrics by name, without groups.
        report_type: `BASIC`, `AUDIENCE` or another type of TikTok's.
        service_type: TikTok's `service_type`.
        filters: Filters as TikTok expects them: `field_name`, `filter_type`, `filter_value`.
        lookback_days: Days to re-read, or None for the setting's value.
        description: A description for users.
    """

    name: str
    data_level: str
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...] = ()
    report_type: str = "BASIC"
    service_type: str = "AUCTION"
    filters: tuple[dict[str, str], ...] = ()
    lookback_days: int | None = None
    description: str = ""

    @property
    def level(self) -> str:
        """The level in lower case: "advertiser", "campaign", "adgroup" or "ad"."""
        return self.data_level.partition("_")[2].lower()

    @property
    def time_dimension(self) -> str | None:
        """The time dimension, or None for a lifetime report."""
        return next((name for name in self.dimensions if name in TIME_DIMENSIONS.values()), None)

    @property
    def id_dimension(self) -> str | None:
        """The first ID dimension, or None."""
        return next((name for name in self.dimensions if name in LEVEL_OF_ID), None)


def expand_metrics(names: Sequence[str], definition: ReportDefinition) -> tuple[str, ...]:
    """Return the metrics that names, groups of the catalog and `all` stand for in a report.

    A group contributes those of its metrics that are valid in the report.

    Raises:
        ValueError: An unknown name that is similar to a known one.
    """
    metrics = load_catalog()["metrics"]
    groups: dict[str, list[str]] = {ALL_METRICS: list(metrics)}
    for name, metric in metrics.items():
        groups.setdefault(metric["group"], []).append(name)
    expanded: dict[str, None] = {}
    for name in names:
        if name not in metrics and name in groups:
            expanded |= dict.fromkeys(
                metric
                for metric in groups[name]
                if metric_conflict(metric, definition, proven=True) is None
            )
            continue
        if name not in metrics:
            match = closest_match(name, [*metrics, *groups], min_similarity=MIN_METRIC_SIMILARITY)
            if match:
                msg = f"unknown metric {name!r} (did you mean {match!r}?)"
                raise ValueError(msg)
        expanded[name] = None
    return tuple(expanded)


def rejected_metrics(message: str, requested: Sequence[str]) -> tuple[str, ...]:
    """Return the requested metrics that an error message rejects.

    TikTok does not document the wording. A message about something else rejects none.
    """
    if "metric" not in message.lower():
        return ()
    names = " ".join(_NAMES.findall(_VALID_NAMES.split(message)[0]))
    words = set(re.findall(r"\w+", names))
    return tuple(name for name in requested if name in words)


def metric_conflict(
    metric: str,
    definition: ReportDefinition,
    proven: bool = False,  # noqa: FBT001, FBT002
) -> str | None:
    """Return why TikTok rejects a metric in a report, or None if nothing is known against it.

    Args:
        metric: The metric. Only general rules apply to one that the catalog does not contain.
        definition: The report. Its `metrics` are not used.
        proven: Also apply the lists of what connectors request in production. TikTok's own list
            is unknown for most audience dimensions.
    """
    dimensions = definition.dimensions
    if metric in dimensions:
        return f"{metric!r} is a dimension of the report"
    if {"ad_id", "ad_id_v2"} <= {metric, *dimensions}:
        return "ad_id and ad_id_v2 cannot be in one request"
    facts = load_catalog()["metrics"].get(metric)
    if facts is not None and facts["group"] == "attribute":
        return _attribute_conflict(metric, facts.get("levels", ""), definition.data_level)
    if metric in CASH_METRICS and (
        "ADVERTISER" not in definition.data_level or "stat_time_day" not in dimensions
    ):
        return f"metric {metric!r} exists at data_level AUCTION_ADVERTISER and by day only"
    return None if facts is None else _dimension_conflict(metric, definition, proven=proven)


def _attribute_conflict(metric: str, levels: str, data_level: str) -> str | None:
    """Return a conflict if an attribute does not exist at a level."""
    level = LEVELS.index(data_level.partition("_")[2])
    if FIRST_LEVEL.get(levels, 0) > level or SINGLE_LEVEL.get(levels, level) != level:
        return f"metric {metric!r} does not exist at data_level {data_level}"
    return None


def _dimension_conflict(metric: str, definition: ReportDefinition, *, proven: bool) -> str | None:
    """Return a conflict if a dimension supports certain metrics only."""
    reason = None
    for supported in load_catalog()["supported"]:
        if supported["report_type"] != definition.report_type:
            continue
        if not (supported["official"] or proven):
            continue
        affected = [name for name in definition.dimensions if name in supported["dimensions"]]
        if affected and metric not in supported["metrics"]:
            reason = (
                f"metric {metric!r} cannot be requested beside {affected[0]} "
                f"in {definition.report_type} reports"
            )
    return reason


def task_conflict(
    definition: ReportDefinition, metrics: Sequence[str], filters: Sequence[str]
) -> str | None:
    """Return why a report task cannot return the records of a report, or None if it can.

    Args:
        definition: The report. Its `metrics` and `filters` are not used.
        metrics: The metrics of the request.
        filters: The filter fields that the user chose.
    """
    reason = _task_definition_conflict(definition)
    if reason is not None:
        return reason
    reason = _unique_viewer_conflict(definition, metrics)
    if reason is not None:
        return reason
    unsupported = [name for name in filters if name not in TASK_FILTERS]
    if unsupported:
        return f"they do not filter by {', '.join(unsupported)}"
    if len(metrics) > MAX_METRICS:
        return f"more than {MAX_METRICS} metrics need several requests"
    return None


def _task_definition_conflict(definition: ReportDefinition) -> str | None:
    """Return a conflict between the type or dimensions of a report and report tasks."""
    if definition.report_type not in TASK_TYPES:
        return f"there are none of {definition.report_type} reports that name their columns"
    if definition.id_dimension != ID_OF_LEVEL.get(definition.level):
        return f"they cannot request deleted objects of {definition.id_dimension} by ID"
    if "country_code" in definition.dimensions:
        return "they return names of countries instead of country_code"
    return None


def _unique_viewer_conflict(definition: ReportDefinition, metrics: Sequence[str]) -> str | None:
    """Return a conflict if metrics of unique viewers meet audience dimensions in a task."""
    unavailable = [name for name in metrics if name in UNIQUE_VIEWER_METRICS]
    audience = [name for name in definition.dimensions if name in AUDIENCE_DIMENSIONS]
    if unavailable and audience:
        return f"they have no {', '.join(unavailable)} beside {', '.join(audience)}"
    return None


def check_definition(definition: ReportDefinition) -> None:
    """Return if TikTok accepts the dimensions and metrics of a report.

    Raises:
        ValueError: The first combination that TikTok rejects.
    """
    reason = _dimensions_conflict(definition)
    if reason is None:
        conflicts = (metric_conflict(metric, definition) for metric in definition.metrics)
        reason = next((conflict for conflict in conflicts if conflict is not None), None)
    if reason is None and {"ad_id", "ad_id_v2"} <= set(definition.metrics):
        reason = "ad_id and ad_id_v2 cannot be in one request"
    if reason is not None:
        raise ValueError(reason)


def _dimensions_conflict(definition: ReportDefinition) -> str | None:
    """Return why TikTok rejects the dimensions of a report, or None."""
    ids = [name for name in definition.dimensions if name in LEVEL_OF_ID]
    if len(ids) != 1:
        return f"a report has one id dimension ({', '.join(LEVEL_OF_ID)}), not {len(ids)}"
    if LEVEL_OF_ID[ids[0]] > LEVELS.index(definition.data_level.partition("_")[2]):
        return f"dimension {ids[0]!r} lies below data_level {definition.data_level}"
    return _audience_conflict(definition)


def _audience_conflict(definition: ReportDefinition) -> str | None:
    """Return why TikTok rejects the audience dimensions of a report, or None."""
    time = definition.time_dimension
    audience = [name for name in definition.dimensions if name not in {*LEVEL_OF_ID, time}]
    if definition.report_type == "AUDIENCE":
        if len(audience) != 1 and set(audience) != {"gender", "age"}:
            return (
                f"an AUDIENCE report has one audience dimension, or gender and age, not {audience}"
            )
        if time is None:
            return "AUDIENCE reports have no lifetime mode: choose granularity day"
    if time is None and "country_code" in audience:
        return "a lifetime report cannot have country_code: choose granularity day"
    return None


def complete_dimensions(
    dimensions: Sequence[str], report_type: str, granularity: str | None
) -> tuple[str, ...]:
    """Return the dimensions with the time dimension of a granularity.

    Args:
        dimensions: Dimensions, with or without a time dimension.
        report_type: `BASIC` or `AUDIENCE`.
        granularity: `day`, `hour` or `lifetime`. None: that of the time dimension, or `day`.

    Raises:
        ValueError: An unknown dimension, one of another report type, or inconsistent times.
    """
    for name in dimensions:
        _check_dimension(name, report_type)
    times = [name for name in dimensions if name in TIME_DIMENSIONS.values()]
    time = _time_dimension(times, granularity)
    return tuple(dimensions) if times or time is None else (*dimensions, time)


def _time_dimension(times: Sequence[str], granularity: str | None) -> str | None:
    """Return the time dimension of a granularity.

    Raises:
        ValueError: The dimensions contain several times, or the time of another granularity.
    """
    implied = next((word for word, name in TIME_DIMENSIONS.items() if times == [name]), "day")
    granularity = granularity or implied
    if len(times) > 1 or (times and granularity != implied):
        msg = f"dimensions {', '.join(times)} do not fit the granularity {granularity!r}"
        raise ValueError(msg)
    return TIME_DIMENSIONS[granularity]


def _check_dimension(name: str, report_type: str) -> None:
    """Raise `ValueError` if a dimension is unknown, or belongs to another report type."""
    dimensions = load_catalog()["dimensions"]
    if name not in dimensions:
        msg = f"unknown dimension {name!r}{suggest(name, dimensions)}"
        raise ValueError(msg)
    if report_type not in dimensions[name]["report_types"]:
        expected = " or ".join(dimensions[name]["report_types"])
        msg = f"dimension {name!r} is for report_type {expected}, not {report_type}"
        raise ValueError(msg)
