"""Type of a rule, and common conditions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import SentRequest


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule that one request can break.

    Attributes:
        name: The rule as a sentence.
        source: Where TikTok documents the rule. The ID of a page of the portal, an OpenAPI file
            (yml), an SDK (sdk, go), or a section of the fact sheet or its addendum.
        applies: Function that returns True if the rule applies to a request.
        is_kept: Function that returns True if a request keeps the rule.
    """

    name: str
    source: str
    applies: Callable[[SentRequest], bool]
    is_kept: Callable[[SentRequest], bool]


def at(*paths: str) -> Callable[[SentRequest], bool]:
    """Return a condition that is True for requests to these endpoints."""
    return lambda request: request.path in paths


def day_count(start: t.Any, end: t.Any) -> int:
    """Return the number of days of a closed range, or 0 if a date is malformed."""
    try:
        first, last = (dt.date.fromisoformat(str(day)[:10]) for day in (start, end))
    except ValueError:
        return 0
    return (last - first).days + 1


def has_range(request: SentRequest, maximum: int, container: str | None = None) -> bool:
    """Return True if `start_date` and `end_date` span 1 to `maximum` days."""
    values = request.parameters if container is None else request.value(container, {})
    return 1 <= day_count(values.get("start_date"), values.get("end_date")) <= maximum
