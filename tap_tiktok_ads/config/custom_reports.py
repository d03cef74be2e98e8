"""Parsing of the settings `custom_reports` and `report_metrics`."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.metric_rules import check_metrics, expand_metrics
from tap_tiktok_ads.api.report_rules import (
    LEVELS,
    OPERATORS,
    TIME_DIMENSIONS,
    ReportDefinition,
    check_dimensions,
    complete_dimensions,
)
from tap_tiktok_ads.api.report_types import BC, REPORT_TYPES, check_data_level
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.entries import (
    NAME_SCHEMA,
    TEXT_LIST_SCHEMA,
    TEXT_SCHEMA,
    parse_entries,
    parse_entry,
)
from tap_tiktok_ads.config.values import describe_value

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: Metrics of a custom report that names none.
DEFAULT_METRICS = ("spend", "impressions")
#: JSON Schema of an entry of `custom_reports`.
REPORT_ENTRY_SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "dimensions"],
    "properties": {
        "name": NAME_SCHEMA,
        "report_type": {"enum": ["BASIC", "AUDIENCE", *REPORT_TYPES]},
        "service_type": {"enum": ["AUCTION"]},
        "data_level": {"enum": [f"AUCTION_{level}" for level in LEVELS]},
        "dimensions": {**TEXT_LIST_SCHEMA, "minItems": 1, "uniqueItems": True},
        "metrics": {**TEXT_LIST_SCHEMA, "minItems": 1},
        "filters": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field", "values"],
                "properties": {
                    "field": TEXT_SCHEMA,
                    "operator": {"enum": OPERATORS},
                    "values": {"type": "array", "items": {"type": ["string", "number"]}},
                },
            },
        },
        "granularity": {"enum": list(TIME_DIMENSIONS)},
        "lookback_days": {"type": "integer", "minimum": 0, "maximum": 400},
    },
}


def parse_custom_reports(entries: t.Any) -> tuple[ReportDefinition, ...]:
    """Return the reports that the setting `custom_reports` defines.

    Raises:
        ConfigError: The first entry that is invalid, or that TikTok rejects.
    """
    return parse_entries("custom_reports", entries, REPORT_ENTRY_SCHEMA, _parse_report)


def parse_report(label: str, entry: dict[str, t.Any]) -> ReportDefinition:
    """Return the report of one entry that is not part of the setting.

    Args:
        label: Name of the report, for messages.
        entry: The report, as an entry of `custom_reports`.

    Raises:
        ConfigError: The entry is invalid, or TikTok rejects it.
    """
    return parse_entry(label, entry, REPORT_ENTRY_SCHEMA, _parse_report)


def _parse_report(entry: Mapping[str, t.Any]) -> ReportDefinition:
    """Return the report of one entry, with its time dimension and expanded metrics."""
    report_type = entry.get("report_type", "BASIC")
    check_data_level(report_type, entry.get("data_level"))
    dimensions = complete_dimensions(entry["dimensions"], report_type, entry.get("granularity"))
    definition = ReportDefinition(
        name=entry["name"],
        report_type=report_type,
        service_type=entry.get("service_type", "AUCTION"),
        data_level=entry.get("data_level", "AUCTION_ADVERTISER" if report_type == BC else ""),
        dimensions=dimensions,
        filters=tuple(
            {
                "field_name": filter_["field"],
                "filter_type": filter_.get("operator", "IN"),
                "filter_value": json.dumps([str(value) for value in filter_["values"]]),
            }
            for filter_ in entry.get("filters", ())
        ),
        lookback_days=entry.get("lookback_days"),
    )
    check_dimensions(definition)
    names = entry.get("metrics", DEFAULT_METRICS)
    metrics = expand_metrics(names, definition)
    if not metrics:
        msg = f"no metric of {', '.join(names)} is valid in this report. Choose other metrics"
        raise ValueError(msg)
    definition = dataclasses.replace(definition, metrics=metrics)
    check_metrics(definition)
    return definition


def metrics_setting(setting: t.Any, stream: str) -> list[str]:
    """Return the names that `report_metrics` lists for a stream, or an empty list.

    Raises:
        ConfigError: The setting has another shape.
    """
    names = setting.get(stream, []) if isinstance(setting, dict) else setting or []
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        msg = (
            f"Setting 'report_metrics', {stream}: expected a list of metrics, got "
            f"{describe_value(names)}."
        )
        raise ConfigError(msg)
    return names


def check_report_metrics(setting: t.Any, known_names: Collection[str]) -> None:
    """Return if every stream that `report_metrics` names is a report.

    Raises:
        ConfigError: A name is not a report.
    """
    for name in setting if isinstance(setting, dict) else ():
        if name not in known_names:
            msg = f"Setting 'report_metrics': unknown report {name!r}{suggest(name, known_names)}"
            raise ConfigError(msg)
