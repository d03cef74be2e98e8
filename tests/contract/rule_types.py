"""What a row of the table of rules is made of."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Sent


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule that one request can break.

    Attributes:
        name: The rule, as a sentence.
        source: Where TikTok states it: a page of the portal by ID, an OpenAPI file (yml), an SDK
            (sdk, go), or a section of the fact sheet or its addendum.
        applies: Return True if the rule is about a request.
        is_kept: Return True if a request keeps the rule.
    """

    name: str
    source: str
    applies: Callable[[Sent], bool]
    is_kept: Callable[[Sent], bool]


def at(*paths: str) -> Callable[[Sent], bool]:
    """Return a condition: the request is for one of these endpoints."""
    return lambda sent: sent.path in paths


def day_count(start: t.Any, end: t.Any) -> int:
    """Return the days of a closed range of dates or times. 0 if one is malformed."""
    try:
        first, last = (dt.date.fromisoformat(str(day)[:10]) for day in (start, end))
    except ValueError:
        return 0
    return (last - first).days + 1


def has_range(sent: Sent, maximum: int, container: str | None = None) -> bool:
    """Return True if `start_date` and `end_date` span at least one day and at most these."""
    values = sent.parameters if container is None else sent.value(container, {})
    return 1 <= day_count(values.get("start_date"), values.get("end_date")) <= maximum
