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
#: Metrics of campaigns, used when `report_metrics` does not override them.
DEFAULT_GMV_MAX_METRICS = ("cost", "net_cost", "orders", "cost_per_order", "gross_revenue", "roi")


@functools.cache
def load_gmv_max_metrics() -> dict[str, dict[str, t.Any]]:
    """Return the metrics by name: `type`, `description`, and `promotion_types`.

    Only metrics of campaigns have `promotion_types`: the types of campaigns that have the metric.
    """
    content = (SCHEMAS_FOLDER / "gmv_max_metrics.json").read_bytes()
    metrics: dict[str, dict[str, t.Any]] = msgspec.json.decode(content)
    return metrics


def gmv_max_metric_schema(name: str) -> dict[str, t.Any]:
    """Return the JSON Schema of the column of a known metric."""
    metric = load_gmv_max_metrics()[name]
    return {"type": [metric["type"], "null"], "description": metric["description"]}


def campaign_metrics() -> tuple[str, ...]:
    """Return the names of the metrics of campaigns."""
    metrics = load_gmv_max_metrics()
    return tuple(name for name, metric in metrics.items() if "promotion_types" in metric)


def metrics_of_type(names: Iterable[str], promotion_type: str) -> list[str]:
    """Return the campaign metrics that a promotion type supports."""
    metrics = load_gmv_max_metrics()
    return [name for name in names if promotion_type in metrics[name]["promotion_types"]]
