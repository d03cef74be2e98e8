"""Which metrics TikTok allows in a report."""

from __future__ import annotations

import re
import typing as t

from tap_tiktok_ads.api.metric_catalog import load_catalog
from tap_tiktok_ads.api.report_rules import LEVELS
from tap_tiktok_ads.api.suggestions import closest_match

if t.TYPE_CHECKING:
    from collections.abc import Sequence

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


def check_metrics(definition: ReportDefinition) -> None:
    """Return if TikTok accepts the metrics of a report.

    Raises:
        ValueError: The first metric that TikTok rejects.
    """
    conflicts = (metric_conflict(metric, definition) for metric in definition.metrics)
    reason = next((conflict for conflict in conflicts if conflict is not None), None)
    if reason is None and {"ad_id", "ad_id_v2"} <= set(definition.metrics):
        reason = "ad_id and ad_id_v2 cannot be in one request"
    if reason is not None:
        raise ValueError(reason)


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
