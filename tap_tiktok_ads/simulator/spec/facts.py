"""Facts from TikTok's documents: metrics, record fields, enums and values of `facts.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeAlias

_FACTS: dict[str, Any] = json.loads(
    files(__package__).joinpath("facts.json").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Metric:
    """A report metric.

    Attributes:
        name: Name in the `metrics` parameter.
        type: Type of the value inside the string: integer, number, string or boolean.
        group: Catalog group. Metrics of the group `attribute` are properties of the object.
        level: Lowest data level at which an attribute is available. Empty for computed metrics.
    """

    name: str
    type: str
    group: str
    level: str = ""


METRICS: dict[str, Metric] = {
    name: Metric(name, kind, "attribute", level)
    for name, (kind, level) in _FACTS["attributes"].items()
} | {
    name: Metric(name, kind, group)
    for group, by_type in _FACTS["metrics"].items()
    for kind, names in by_type.items()
    for name in names.split()
}
"""Every metric of the report endpoint."""

MetricLists: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]
"""Lists of metrics by report type and dimension."""


def _lists(name: str) -> dict[str, dict[str, frozenset[str]]]:
    """Return the lists of metrics with a name in `facts.json`, by report type and dimension."""
    return {
        report_type: {dimension: frozenset(names.split()) for dimension, names in lists.items()}
        for report_type, lists in _FACTS[name].items()
    }


DIMENSION_METRICS = _lists("dimension_metrics")
"""Closed lists: the only computed metrics that are allowed with a dimension."""

SYNC_ONLY = _lists("sync_only")
"""Metrics of `DIMENSION_METRICS` that only synchronous reports support."""

CONNECTOR_METRICS = _lists("connector_metrics")
"""Metrics that TikTok's page on a dimension does not list, but that a connector requests."""

COMPLETE_METRICS: MetricLists = {
    report_type: {
        dimension: names | CONNECTOR_METRICS[report_type].get(dimension, frozenset())
        for dimension, names in lists.items()
    }
    for report_type, lists in DIMENSION_METRICS.items()
}
"""The union of `DIMENSION_METRICS` and `CONNECTOR_METRICS`."""

RECORDS: dict[str, dict[str, Any]] = _FACTS["records"]
"""Shape of each record by stream.

The shape of a field is the name of a type, a list with the shape of its items, or an object with
the shapes of its members.
"""

MATERIAL_METRICS: frozenset[str] = frozenset(_FACTS["materials"].split())
"""Metrics of the reports on the materials of Smart+ ads."""

GMV_METRICS: dict[str, dict[str, str]] = _FACTS["gmv_max"]
"""Metrics of GMV Max with their type, by level.

A level is the dimension that the metric requires, or "LIVE" for reports on LIVE campaigns. The
level "" stands for all levels.
"""

ENUMS: dict[str, tuple[str, ...]] = {
    name: tuple(values.split()) for name, values in _FACTS["enums"].items()
}
"""Allowed values of parameters with many values."""

DIMENSION_VALUES: dict[str, list[str]] = _FACTS["dimension_values"]
"""Values of each dimension that divides the delivery of an ad on a day."""

FIELD_VALUES: dict[str, list[Any]] = _FACTS["field_values"]
"""Values of record fields, by field name."""
