"""The known report metrics and dimensions: `schemas/metrics.json`."""

from __future__ import annotations

import dataclasses
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
        metrics: By name: `type`, `group`, `description`, `additive`, `levels` of attributes, and
            the `report_types` of a metric that not all of them have.
        dimensions: By name: `report_types` and `description`.
        supported: The lists of `SupportedMetrics`. `metric_list` names a list to add to `metrics`.
        metric_lists: Named lists of metrics.
        reports: By name of a built-in report, the name of its list of default metrics.
    """
    content = (SCHEMAS_FOLDER / "metrics.json").read_bytes()
    catalog: dict[str, t.Any] = msgspec.json.decode(content)
    return catalog


@dataclasses.dataclass(frozen=True, slots=True)
class SupportedMetrics:
    """The list of metrics that go with some dimensions of a report type.

    Attributes:
        report_type: The report type.
        dimensions: The dimensions.
        metrics: The metrics.
        official: True if the list is TikTok's. TikTok rejects all other metrics. Other lists are
            what connectors request in production.
        requested_by_connectors: Metrics that an official list lacks, and that a connector
            requests in production.
        sync_only: Metrics that report tasks do not have.
    """

    report_type: str
    dimensions: frozenset[str]
    metrics: frozenset[str]
    official: bool
    requested_by_connectors: frozenset[str]
    sync_only: frozenset[str]


@functools.cache
def supported_metrics() -> tuple[SupportedMetrics, ...]:
    """Return the lists of metrics that go with some dimensions of a report type."""
    catalog = load_catalog()
    lists = {None: [], **catalog["metric_lists"]}
    return tuple(
        SupportedMetrics(
            report_type=entry["report_type"],
            dimensions=frozenset(entry["dimensions"]),
            metrics=frozenset([*entry["metrics"], *lists[entry.get("metric_list")]]),
            official=entry["official"],
            requested_by_connectors=frozenset(entry.get("requested_by_connectors", ())),
            sync_only=frozenset(entry.get("sync_only", ())),
        )
        for entry in catalog["supported"]
    )


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


@functools.cache
def known_metrics() -> frozenset[str]:
    """Return the metrics of the catalog and of all its lists."""
    listed = (supported.metrics for supported in supported_metrics())
    return frozenset(load_catalog()["metrics"]).union(*listed)


def unknown_metrics(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are not metrics of the catalog or its lists."""
    known_names = known_metrics()
    return tuple(name for name in names if name not in known_names)
