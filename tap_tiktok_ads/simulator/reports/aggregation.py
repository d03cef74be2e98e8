"""Small reports: rows that sum up counters by dimensions, kept in memory."""

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

Attribute: TypeAlias = Callable[["AggregatedRow", str], Any]
"""Returns a metric that is a property of the row's objects, such as a name."""


@dataclass
class AggregatedRow:
    """A row of an aggregated report.

    Attributes:
        dimensions: Values by dimension.
        subject: The first objects that delivered with these dimensions.
        counters: Sum of the counters of all objects with these dimensions.
    """

    dimensions: dict[str, str]
    subject: Any
    counters: delivery.Counters = field(default=delivery.ZERO_COUNTERS)

    def record(
        self, metrics: list[str], formulas: Mapping[str, Formula], attribute: Attribute
    ) -> dict[str, Any]:
        """Return the JSON record of the row with the requested metrics."""
        values = {
            name: formulas[name](self.counters) if name in formulas else attribute(self, name)
            for name in metrics
        }
        return {"dimensions": self.dimensions, "metrics": values}


class AggregatedRows:
    """The rows of an aggregated report. Counters with equal dimensions are summed up."""

    def __init__(self) -> None:
        """Create a report without rows."""
        self._rows: dict[tuple[str, ...], AggregatedRow] = {}

    def add(self, dimensions: dict[str, str], subject: Any, counters: delivery.Counters) -> None:
        """Add counters to the row of the dimensions."""
        key = tuple(dimensions.values())
        row = self._rows.setdefault(key, AggregatedRow(dimensions, subject))
        row.counters = delivery.total((row.counters, counters))

    def ordered(self, formula: Formula | None, *, descending: bool) -> list[AggregatedRow]:
        """Return the rows in the order of a metric, or in the order of their addition."""
        rows = list(self._rows.values())
        if formula is not None:
            rows.sort(key=lambda row: sort_value(formula(row.counters)), reverse=descending)
        return rows


def delivery_by_time(
    world: World, account: Account, entity: Entity, days: range, time: str | None
) -> Iterator[tuple[str, delivery.Counters]]:
    """Yield the time and the counters of each day, or hour, on which an object has spend."""
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
