"""Filters of reports."""

from __future__ import annotations

import json
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable


def in_filter(field: str, values: Iterable[str]) -> dict[str, str]:
    """Return a filter of a report. Its value is text that holds a JSON array."""
    return {"field_name": field, "filter_type": "IN", "filter_value": json.dumps(list(values))}


def deleted_filter(level: str) -> dict[str, str]:
    """Return the filter that adds deleted objects to a synchronous report of a level."""
    return in_filter(f"{level}_status", ["STATUS_ALL"])
