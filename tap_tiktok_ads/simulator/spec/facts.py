"""Metrics, record fields, enums and values, read from `facts.json`."""

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
        group: Catalog group. `attribute` stands for properties of the object.
        level: Lowest data level that has an attribute. Empty for computed metrics.
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
    """Return lists of metrics of the file by report type and dimension."""
    return {
        report_type: {dimension: frozenset(names.split()) for dimension, names in lists.items()}
        for report_type, lists in _FACTS[name].items()
    }


DIMENSION_METRICS = _lists("dimension_metrics")
"""The only computed metrics that are allowed with a dimension."""

SYNC_ONLY = _lists("sync_only")
"""Metrics of `DIMENSION_METRICS` that tasks do not have."""

CONNECTOR_METRICS = _lists("connector_metrics")
"""Metrics that a connector requests with a dimension, and that TikTok's page does not list."""

COMPLETE_METRICS: MetricLists = {
    report_type: {
        dimension: names | CONNECTOR_METRICS[report_type].get(dimension, frozenset())
        for dimension, names in lists.items()
    }
    for report_type, lists in DIMENSION_METRICS.items()
}
"""`DIMENSION_METRICS` and `CONNECTOR_METRICS`."""

RECORDS: dict[str, dict[str, Any]] = _FACTS["records"]
"""Shape of each record: a type name, a list with the item's shape, or a nested object."""

MATERIAL_METRICS: frozenset[str] = frozenset(_FACTS["materials"].split())
"""Metrics of the reports on the materials of Smart+ ads."""

GMV_METRICS: dict[str, dict[str, str]] = _FACTS["gmv_max"]
"""Metrics of GMV Max with their type, by level: the dimension that has them, or "LIVE" for reports
on LIVE campaigns. All levels have the metrics of the level ""."""

ENUMS: dict[str, tuple[str, ...]] = {
    name: tuple(values.split()) for name, values in _FACTS["enums"].items()
}
"""Long enums of parameters."""

DIMENSION_VALUES: dict[str, list[str]] = _FACTS["dimension_values"]
"""Values of every dimension that divides an ad-day."""

FIELD_VALUES: dict[str, list[Any]] = _FACTS["field_values"]
"""Values of record fields, by field name."""
