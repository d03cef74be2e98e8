"""TikTok's rules for reports: levels, dimensions, filters and report tasks.

Sources: TikTok's pages on synchronous reports (portal 1738864817670145) and on report tasks
(portal 1740302766489602).
"""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.metric_catalog import load_catalog, supported_metrics
from tap_tiktok_ads.api.report_types import (
    CATALOG,
    REPORT_TYPES,
    requested_dimensions,
    type_conflict,
    type_granularity,
)
from tap_tiktok_ads.api.suggestions import suggest

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
#: The time dimension of each granularity.
TIME_DIMENSIONS = {"day": "stat_time_day", "hour": "stat_time_hour", "lifetime": None}
#: Filter operators of the API.
OPERATORS = [
    *("IN", "NOT_IN", "MATCH", "GREATER_EQUAL", "GREATER_THAN", "LOWER_EQUAL", "LOWER_THAN"),
    *("BETWEEN", "RANGE", "CONTAIN_ANY_OF"),
]
#: Maximum number of metrics in one request (portal 1738864817670145).
MAX_METRICS = 100
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
    def requested_dimensions(self) -> list[str]:
        """The dimensions of a request. Some types have no day, which the tap adds."""
        return requested_dimensions(self.report_type, self.dimensions)

    @property
    def adds_day(self) -> bool:
        """True if each request spans one day, which the tap adds to the records."""
        return len(self.requested_dimensions) < len(self.dimensions)

    @property
    def id_dimension(self) -> str | None:
        """The first ID dimension, or None."""
        return next((name for name in self.dimensions if name in LEVEL_OF_ID), None)


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
    reason = _task_metrics_conflict(definition, metrics)
    if reason is not None:
        return reason
    unsupported = [name for name in filters if name not in TASK_FILTERS]
    if unsupported:
        return f"report tasks do not filter by {', '.join(unsupported)}"
    if len(metrics) > MAX_METRICS:
        return f"a report task has at most {MAX_METRICS} metrics, not {len(metrics)}"
    return None


def _task_definition_conflict(definition: ReportDefinition) -> str | None:
    """Return a conflict between the type or dimensions of a report and report tasks."""
    if definition.report_type not in TASK_TYPES:
        return f"report tasks of {definition.report_type} reports do not name their columns"
    if definition.id_dimension != ID_OF_LEVEL.get(definition.level):
        return f"report tasks cannot request deleted objects of {definition.id_dimension} by ID"
    if "country_code" in definition.dimensions:
        return "report tasks return names of countries instead of country_code"
    return None


def _task_metrics_conflict(definition: ReportDefinition, metrics: Sequence[str]) -> str | None:
    """Return a conflict if metrics meet dimensions that only synchronous reports combine."""
    sync_only = {
        name: supported.sync_only
        for supported in supported_metrics()
        if supported.report_type == definition.report_type
        for name in supported.dimensions
    } | dict.fromkeys(AUDIENCE_DIMENSIONS, UNIQUE_VIEWER_METRICS)
    dimensions = [name for name in definition.dimensions if sync_only.get(name)]
    unavailable = [name for name in metrics if any(name in sync_only[key] for key in dimensions)]
    if unavailable:
        return f"report tasks have no {', '.join(unavailable)} beside {', '.join(dimensions)}"
    return None


def check_dimensions(definition: ReportDefinition) -> None:
    """Return if TikTok accepts the dimensions of a report.

    Raises:
        ValueError: The dimensions are a combination that TikTok rejects.
    """
    reason = _dimensions_conflict(definition)
    if reason is not None:
        raise ValueError(reason)


def _dimensions_conflict(definition: ReportDefinition) -> str | None:
    """Return why TikTok rejects the dimensions of a report, or None."""
    if definition.report_type in REPORT_TYPES and definition.report_type != CATALOG:
        return type_conflict(definition.report_type, definition.dimensions)
    ids = [name for name in definition.dimensions if name in LEVEL_OF_ID]
    if len(ids) != 1:
        received = " and ".join(map(repr, ids)) or "none"
        return f"expected one ID dimension of {', '.join(LEVEL_OF_ID)}, got {received}"
    if LEVEL_OF_ID[ids[0]] > LEVELS.index(definition.data_level.partition("_")[2]):
        level = f"AUCTION_{LEVELS[LEVEL_OF_ID[ids[0]]]}"
        return (
            f"dimension {ids[0]!r} is below data_level {definition.data_level}. Set data_level to "
            f"{level}, or request another dimension"
        )
    return _audience_conflict(definition)


def _audience_conflict(definition: ReportDefinition) -> str | None:
    """Return why TikTok rejects the audience dimensions of a report, or None."""
    time = definition.time_dimension
    audience = [name for name in definition.dimensions if name not in {*LEVEL_OF_ID, time}]
    if definition.report_type == "AUDIENCE":
        if len(audience) != 1 and set(audience) != {"gender", "age"}:
            received = " and ".join(map(repr, audience)) or "none"
            return (
                "expected one audience dimension, or gender and age, in an AUDIENCE report, got "
                f"{received}"
            )
        if time is None:
            return "AUDIENCE reports have no lifetime mode. Set granularity to 'day'"
    if time is None and "country_code" in audience:
        return "a lifetime report cannot have country_code. Set granularity to 'day'"
    return None


def complete_dimensions(
    dimensions: Sequence[str], report_type: str, granularity: str | None
) -> tuple[str, ...]:
    """Return the dimensions with the time dimension of a granularity.

    Args:
        dimensions: Dimensions, with or without a time dimension.
        report_type: The report type.
        granularity: `day`, `hour` or `lifetime`. None: that of the time dimension, or `day`.

    Raises:
        ValueError: An unknown dimension, one of another report type, or inconsistent times.
    """
    if report_type in REPORT_TYPES:
        granularity = type_granularity(report_type, granularity)
    else:
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
        msg = (
            f"dimensions {', '.join(times)} do not fit the granularity {granularity!r}. Remove "
            "the dimensions or the granularity"
        )
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
        msg = (
            f"dimension {name!r} requires report_type {expected}, and the report has the type "
            f"{report_type}"
        )
        raise ValueError(msg)
