"""Filters of reports."""

from __future__ import annotations

import json
import typing as t

from tap_tiktok_ads.api import promote

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def in_filter(field: str, values: Iterable[str]) -> dict[str, str]:
    """Return a filter of a report. Its value is text that holds a JSON array."""
    return {"field_name": field, "filter_type": "IN", "filter_value": json.dumps(list(values))}


_PROMOTE_FILTER = in_filter(promote.ORIGINS_FILTER, promote.ALL_ORIGINS)


def is_promote_filter(condition: Mapping[str, str]) -> bool:
    """Return True for the filter that adds Promote ads. Users can define another on origins."""
    return condition == _PROMOTE_FILTER


def promote_filters(
    report_type: str, dimensions: Iterable[str], filters: Iterable[Mapping[str, str]] = ()
) -> list[dict[str, str]]:
    """Return the filter that adds Promote ads to a synchronous report, if TikTok supports them.

    Args:
        report_type: BASIC or AUDIENCE.
        dimensions: The dimensions of the report.
        filters: The filters that users defined.
    """
    names = [condition["field_name"] for condition in filters]
    if not promote.can_report(report_type, dimensions, names):
        return []
    return [{**_PROMOTE_FILTER}]


def deleted_filter(level: str) -> dict[str, str]:
    """Return the filter that adds deleted objects to a synchronous report of a level."""
    return in_filter(f"{level}_status", ["STATUS_ALL"])
