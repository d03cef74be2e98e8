"""Small reports that are kept in memory: lines of dimensions and counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_tiktok_ads.simulator.accounts import delivery

from .metrics import sort_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_tiktok_ads.simulator.accounts.entities import Account, Entity
    from tap_tiktok_ads.simulator.world.world import World

    from .metrics import Formula

Attribute: TypeAlias = Callable[["Line", str], Any]
"""Returns a metric that is a property of a line's subject."""


@dataclass
class Line:
    """A row: its dimensions, the first subject with them, and the counters of all subjects."""

    dimensions: dict[str, str]
    subject: Any
    counters: delivery.Counters = field(default=delivery.NOTHING)

    def record(
        self, metrics: list[str], formulas: Mapping[str, Formula], attribute: Attribute
    ) -> dict[str, Any]:
        """Return the line with the requested metrics."""
        values = {
            name: formulas[name](self.counters) if name in formulas else attribute(self, name)
            for name in metrics
        }
        return {"dimensions": self.dimensions, "metrics": values}


class Lines:
    """Lines by their dimensions. Counters of equal dimensions are added up."""

    def __init__(self) -> None:
        """Create a report without lines."""
        self._lines: dict[tuple[str, ...], Line] = {}

    def add(self, dimensions: dict[str, str], subject: Any, counters: delivery.Counters) -> None:
        """Add counters to the line of the dimensions."""
        key = tuple(dimensions.values())
        line = self._lines.setdefault(key, Line(dimensions, subject))
        line.counters = delivery.total((line.counters, counters))

    def ordered(self, formula: Formula | None, *, descending: bool) -> list[Line]:
        """Return the lines in the order of a metric, or as they were added."""
        lines = list(self._lines.values())
        if formula is not None:
            lines.sort(key=lambda line: sort_value(formula(line.counters)), reverse=descending)
        return lines


def delivery_by_time(
    world: World, account: Account, entity: Entity, days: range, time: str | None
) -> Iterator[tuple[str, delivery.Counters]]:
    """Yield time and counters of each day, or each hour, with spend of an object."""
    horizon = world.horizon(account)
    first, last = getattr(entity, "first", 0), getattr(entity, "last", horizon)
    spend_days = delivery.days_with_rows(entity.key, first, min(last, horizon))
    spend_days &= ~delivery.days_without_spend(entity.key, horizon)
    for day in days:
        if not spend_days >> day & 1:
            continue
        counters = world.counters(entity, day, horizon)
        date = account.date_of(day)
        if time != "stat_time_hour":
            yield f"{date} 00:00:00", counters
            continue
        for (hour,), share in delivery.audience_shares(("stat_time_hour",), entity.audience):
            yield f"{date} {hour}:00:00", delivery.scaled(counters, share)
