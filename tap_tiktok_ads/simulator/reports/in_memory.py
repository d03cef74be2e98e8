"""Small reports held in memory: lines of dimensions and counters, sorted, cut into pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.handlers.api import Answer, Api, Params, page_of
from tap_tiktok_ads.simulator.records import objects as records
from tap_tiktok_ads.simulator.spec.errors import refuse

from .metrics import NOT_APPLICABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.accounts.entities import Entity
    from tap_tiktok_ads.simulator.world.world import World

    from .metrics import Formula

Attributes: TypeAlias = Callable[["Line", str], Any]


@dataclass
class Line:
    """A row: its dimensions, the object it is first of, and the counters of all it is about."""

    dimensions: dict[str, str]
    about: Any
    counters: delivery.Counters = field(default=delivery.NOTHING)


class Lines:
    """Lines by their dimensions; what comes twice is added up."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lines: dict[tuple[str, ...], Line] = {}

    def add(self, dimensions: dict[str, str], about: Any, counters: delivery.Counters) -> None:
        """Add counters to the line of the dimensions."""
        key = tuple(dimensions.values())
        line = self._lines.setdefault(key, Line(dimensions, about))
        line.counters = tuple(map(sum, zip(line.counters, counters, strict=True)))

    def ordered(self, params: Params, formulas: Mapping[str, Formula]) -> list[Line]:
        """Return the lines in the order of `sort_field`."""
        lines = list(self._lines.values())
        order = params["sort_field"]
        if order is not None:
            formula = formulas[order]
            descending = params["sort_type"] == "DESC"
            lines.sort(key=lambda line: _size(formula(line.counters)), reverse=descending)
        return lines


def report(
    api: Api,
    account: Account,
    params: Params,
    fill: Callable[[Lines], None],
    formulas: Mapping[str, Formula],
) -> list[Line]:
    """Return the lines of a report, made once for all of its pages."""
    order = params["sort_field"]
    if order is not None and order not in formulas:
        refuse(f"sort_field: {order!r} cannot be sorted by.")
    sent = {name: value for name, value in params.items() if name not in {"page", "page_size"}}

    def make() -> list[Line]:
        lines = Lines()
        fill(lines)
        return lines.ordered(params, formulas)

    return api.remembered((api.world.horizon(account), fill.__qualname__, repr(sent)), make)


def answer(
    params: Params, lines: list[Line], formulas: Mapping[str, Formula], attribute: Attributes
) -> Answer:
    """Return a page of the lines, totals if asked for."""
    names: Sequence[str] = list(dict.fromkeys(params["metrics"]))

    def record(line: Line) -> dict[str, Any]:
        values = {
            name: formulas[name](line.counters) if name in formulas else attribute(line, name)
            for name in names
        }
        return {"dimensions": line.dimensions, "metrics": values}

    page = page_of(params, lines, record)
    if params.get("enable_total_metrics"):
        rows = [line.counters for line in lines]
        total = tuple(map(sum, zip(*rows, strict=True))) or delivery.NOTHING
        page.data["total_metrics"] = {
            name: formulas[name](total) for name in names if name in formulas
        }
    return page


def _size(text: str) -> float:
    return -1.0 if text == NOT_APPLICABLE else float(text)


def window(world: World, account: Account, start: str | None, end: str | None) -> range:
    """Return the days of the history from one date to another, up to today."""
    first, last = 0, world.horizon(account)
    if start is not None and end is not None:
        first = max(first, records.day_index(account, start))
        last = min(last, records.day_index(account, end))
    return range(first, last + 1)


def days_of(
    world: World, account: Account, entity: Entity, days: range, time: str | None
) -> Iterator[tuple[str, delivery.Counters]]:
    """Yield the text of `time` and the counters of each day, or hour, with spend of an object."""
    horizon = world.horizon(account)
    first, last = getattr(entity, "first", 0), getattr(entity, "last", horizon)
    delivered = delivery.days_with_rows(entity.key, first, min(last, horizon))
    delivered &= ~delivery.days_without_spend(entity.key, horizon)
    for day in days:
        if not delivered >> day & 1:
            continue
        counters = world.counters(entity, day, horizon)
        date = records.day_text(account, day)
        if time != "stat_time_hour":
            yield f"{date} 00:00:00", counters
            continue
        for (hour,), share in delivery.parts(("stat_time_hour",), entity.key % delivery.AUDIENCES):
            yield f"{date} {hour}:00:00", delivery.scaled(counters, share)
