"""Which metrics TikTok allows in a report, by level, report type and dimensions.

Sources: TikTok's pages on the metrics of a dimension (portal 1759239462689793 and
1762404685488130), and the metrics of the Smart+ material reports in its OpenAPI files.
"""

from __future__ import annotations

import re
import typing as t

from tap_tiktok_ads.api.metric_catalog import known_metrics, load_catalog, supported_metrics
from tap_tiktok_ads.api.report_rules import LEVELS
from tap_tiktok_ads.api.suggestions import closest_match

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_tiktok_ads.api.metric_catalog import SupportedMetrics
    from tap_tiktok_ads.api.report_rules import ReportDefinition

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
#: The name of all metrics that are valid in a report.
ALL_METRICS = "all"
#: Metrics that exist at advertiser level and by day only.
CASH_METRICS = frozenset({"cash_spend", "voucher_spend"})
#: First letters of metrics that exist by one ID dimension and the day only.
DAILY_METRICS = ("paid_engaged_view", "native_growth_")
#: Report types of `/report/integrated/get/`, which have attributes beside every dimension.
ATTRIBUTE_TYPES = frozenset({"BASIC", "AUDIENCE"})
#: Minimum similarity at which an unknown metric is an error. Others are passed on to TikTok.
MIN_METRIC_SIMILARITY = 0.8
#: The places in an error message that may contain names: quotes, brackets, after the last colon.
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|[^:]*$")
#: The words in an error message after which it lists valid names.
_VALID_NAMES = re.compile(
    r"(?i)must be one of|allowed|supported|valid values|available|expected|choices? (are|is)"
    r"|choose|valid (metrics|ones|fields) are"
)


def expand_metrics(names: Sequence[str], definition: ReportDefinition) -> tuple[str, ...]:
    """Return the metrics that names, groups of the catalog and `all` stand for in a report.

    A group contributes each of its metrics that a source shows to be valid in the report.

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
                if metric_conflict(metric, definition) is None
                and metric_doubt(metric, definition) is None
            )
            continue
        if name not in known_metrics():
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


def check_metrics(definition: ReportDefinition) -> None:
    """Return if TikTok accepts the metrics of a report.

    Raises:
        ValueError: The first metric that TikTok rejects.
    """
    conflicts = (metric_conflict(metric, definition) for metric in definition.metrics)
    reason = next((conflict for conflict in conflicts if conflict is not None), None)
    if reason is None and {"ad_id", "ad_id_v2"} <= set(definition.metrics):
        reason = "ad_id and ad_id_v2 cannot be in one request. Remove one of them"
    if reason is not None:
        raise ValueError(reason)


def metric_conflict(metric: str, definition: ReportDefinition) -> str | None:
    """Return the reason why TikTok rejects a metric in a report, or None if it is valid.

    Args:
        metric: The metric. Only general rules apply to one that is unknown.
        definition: The report. Its `metrics` are not used.
    """
    dimensions = definition.dimensions
    if metric in dimensions:
        return f"metric {metric!r} is a dimension of the report. Remove the metric"
    if {"ad_id", "ad_id_v2"} <= {metric, *dimensions}:
        return "ad_id and ad_id_v2 cannot be in one request. Remove one of them"
    if metric not in known_metrics():
        return None
    if _has_attribute(metric, definition):
        return _attribute_conflict(metric, definition.data_level)
    return (
        _day_conflict(metric, definition)
        or _type_conflict(metric, definition)
        or _dimension_conflict(metric, definition)
    )


def _day_conflict(metric: str, definition: ReportDefinition) -> str | None:
    """Return a conflict if a metric exists by day only, and the report has other dimensions."""
    if metric in CASH_METRICS and (
        "ADVERTISER" not in definition.data_level or "stat_time_day" not in definition.dimensions
    ):
        return (
            f"metric {metric!r} requires data_level AUCTION_ADVERTISER and the dimension "
            "'stat_time_day'"
        )
    if metric.startswith(DAILY_METRICS) and _has_breakdown(definition):
        return (
            f"metric {metric!r} allows no other dimensions than one ID dimension and "
            "'stat_time_day'"
        )
    return None


def _has_breakdown(definition: ReportDefinition) -> bool:
    """Return True if a report has other dimensions than one ID and the day."""
    is_integrated = definition.report_type in ATTRIBUTE_TYPES
    return is_integrated and len({*definition.dimensions} - {"stat_time_day"}) > 1


def _has_attribute(metric: str, definition: ReportDefinition) -> bool:
    """Return True if a metric is an attribute, and the report's type has attributes."""
    facts = load_catalog()["metrics"].get(metric, {})
    return facts.get("group") == "attribute" and definition.report_type in ATTRIBUTE_TYPES


def _attribute_conflict(metric: str, data_level: str) -> str | None:
    """Return a conflict if an attribute does not exist at a level."""
    levels = load_catalog()["metrics"][metric].get("levels", "")
    level = LEVELS.index(data_level.partition("_")[2])
    if FIRST_LEVEL.get(levels, 0) > level or SINGLE_LEVEL.get(levels, level) != level:
        return f"metric {metric!r} does not exist at data_level {data_level}. Remove it"
    return None


def _type_conflict(metric: str, definition: ReportDefinition) -> str | None:
    """Return a conflict if a metric is for other report types."""
    report_types = load_catalog()["metrics"].get(metric, {}).get("report_types")
    if report_types is None or definition.report_type in report_types:
        return None
    expected = " or ".join(report_types)
    return (
        f"metric {metric!r} requires report_type {expected}, and the report has the type "
        f"{definition.report_type}"
    )


def _dimension_conflict(metric: str, definition: ReportDefinition) -> str | None:
    """Return a conflict if TikTok's list of a dimension rules a metric out."""
    for dimension, supported in _lists_without(metric, definition):
        if supported.official and metric not in supported.requested_by_connectors:
            return (
                f"metric {metric!r} cannot be requested beside {dimension} in "
                f"{definition.report_type} reports. Remove it, or write {ALL_METRICS!r} for the "
                f"{len(supported.metrics)} metrics that TikTok allows there"
            )
    return None


def metric_doubt(metric: str, definition: ReportDefinition) -> str | None:
    """Return why TikTok may reject a metric that nothing rules out, or None.

    A metric is in doubt if TikTok's list of a dimension lacks it, although a connector requests
    it in production. Without a list, it is in doubt if no connector requests it.
    """
    if _has_attribute(metric, definition) or metric not in known_metrics():
        return None
    for dimension, supported in _lists_without(metric, definition):
        owner = "TikTok's list" if supported.official else "the list of what connectors request"
        return f"{owner} of metrics beside {dimension} does not contain them"
    return None


def _lists_without(
    metric: str, definition: ReportDefinition
) -> Iterator[tuple[str, SupportedMetrics]]:
    """Yield the dimensions of a report whose list lacks a metric, with the list."""
    for supported in supported_metrics():
        if supported.report_type == definition.report_type and metric not in supported.metrics:
            dimensions = (name for name in definition.dimensions if name in supported.dimensions)
            yield from ((name, supported) for name in dimensions)
