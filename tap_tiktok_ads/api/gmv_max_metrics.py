"""The metrics of GMV Max reports: `schemas/gmv_max_metrics.json`."""

from __future__ import annotations

import functools
import typing as t

import msgspec

from tap_tiktok_ads.api.metric_catalog import SCHEMAS_FOLDER

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: Types of GMV Max campaigns. A report by campaign requests one of them.
PROMOTION_TYPES = ("PRODUCT", "LIVE")
#: Levels of GMV Max reports.
CAMPAIGN, PRODUCT, CREATIVE, LIVESTREAM = LEVELS = (
    "campaign",
    "product",
    "creative",
    "livestream",
)
#: Metrics of campaigns, used when `report_metrics` does not override them.
DEFAULT_GMV_MAX_METRICS = ("cost", "net_cost", "orders", "cost_per_order", "gross_revenue", "roi")
#: Metrics that no default has: sums over all shops, which each shop would repeat.
ALL_SHOPS = "all_shops_"


@functools.cache
def load_gmv_max_metrics() -> dict[str, dict[str, t.Any]]:
    """Return the metrics by name, each with `type` and `description`.

    Metrics of campaigns have `promotion_types`: the types of campaigns that have the metric. Other
    levels that have the metric are in `levels`. There, the names and states of objects have
    `is_attribute`. TikTok returns them if a report has one ID dimension and one campaign.
    """
    content = (SCHEMAS_FOLDER / "gmv_max_metrics.json").read_bytes()
    metrics: dict[str, dict[str, t.Any]] = msgspec.json.decode(content)
    return metrics


def gmv_max_metric_schema(name: str) -> dict[str, t.Any]:
    """Return the JSON Schema of the column of a known metric."""
    metric = load_gmv_max_metrics()[name]
    return {"type": [metric["type"], "null"], "description": metric["description"]}


def level_metrics(level: str) -> tuple[str, ...]:
    """Return the names of the metrics of a level."""
    metrics = load_gmv_max_metrics()
    if level == CAMPAIGN:
        return tuple(name for name, metric in metrics.items() if "promotion_types" in metric)
    return tuple(name for name, metric in metrics.items() if level in metric.get("levels", ()))


def default_level_metrics(level: str) -> tuple[str, ...]:
    """Return the metrics of a level that are read when `report_metrics` does not override them."""
    if level == CAMPAIGN:
        return DEFAULT_GMV_MAX_METRICS
    names = [name for name in level_metrics(level) if not name.startswith(ALL_SHOPS)]
    return tuple(name for name in names if not is_attribute(name))


def is_attribute(name: str) -> bool:
    """Return True if a metric is the name or the state of a product or livestream."""
    return bool(load_gmv_max_metrics()[name].get("is_attribute"))


def metrics_of_type(names: Iterable[str], promotion_type: str) -> list[str]:
    """Return the campaign metrics that a promotion type supports."""
    metrics = load_gmv_max_metrics()
    return [name for name in names if promotion_type in metrics[name]["promotion_types"]]
