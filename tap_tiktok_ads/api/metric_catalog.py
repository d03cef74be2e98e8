"""The known report metrics and dimensions: `schemas/metrics.json`."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGED = Path(__file__).parent.parent / "schemas"
#: The folder of data files: inside the installed package, or next to the package in a checkout.
SCHEMAS_FOLDER = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[2] / "schemas"


@functools.cache
def load_catalog() -> dict[str, t.Any]:
    """Return the content of `schemas/metrics.json`. Do not change it.

    Members:
        metrics: By name: `type`, `group`, `description`, `additive`, and `levels` of attributes.
        dimensions: By name: `report_types` and `description`.
        supported: For some dimensions of a report type, the only metrics allowed with them.
            `official` lists are TikTok's. The others are what connectors request in production.
        metric_lists: Named lists of metrics.
        reports: By name of a built-in report, the name of its list of default metrics.
    """
    content = (SCHEMAS_FOLDER / "metrics.json").read_bytes()
    catalog: dict[str, t.Any] = msgspec.json.decode(content)
    return catalog


def metric_schema(name: str) -> dict[str, t.Any]:
    """Return the JSON Schema of a metric's column. An unknown metric is text."""
    metric = load_catalog()["metrics"].get(name)
    if metric is None:
        return {"type": ["string", "null"]}
    return {"type": [metric["type"], "null"], "description": metric["description"]}


def default_metrics(report_name: str) -> tuple[str, ...]:
    """Return the metrics that a built-in report requests if all its columns are selected.

    Raises:
        KeyError: The catalog has no such report.
    """
    catalog = load_catalog()
    return tuple(catalog["metric_lists"][catalog["reports"][report_name]])


def unknown_metrics(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are not metrics of the catalog."""
    metrics = load_catalog()["metrics"]
    return tuple(name for name in names if name not in metrics)
