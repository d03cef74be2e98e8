"""Responses of the reports that are kept in memory: pages, order and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.reports.in_memory import Line, Lines
from tap_tiktok_ads.simulator.spec.errors import reject

from .api import Api, Params, Payload, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_tiktok_ads.simulator.accounts.entities import Account
    from tap_tiktok_ads.simulator.reports.in_memory import Attribute
    from tap_tiktok_ads.simulator.reports.metrics import Formula


def check_metrics(metrics: list[str], allowed: Collection[str]) -> None:
    """Reject metrics that the report does not have."""
    unknown = [name for name in metrics if name not in allowed]
    if unknown:
        reject(f"Invalid metric fields: {unknown}")


def line_report(  # noqa: PLR0913, PLR0917
    api: Api,
    account: Account,
    params: Params,
    fill: Callable[[Lines], None],
    formulas: Mapping[str, Formula],
    attribute: Attribute,
) -> Payload:
    """Return a page of a report, with totals if the request enables them.

    Args:
        api: State of the endpoints. It caches the lines for all pages of the report.
        account: Account of the report.
        params: Checked parameters.
        fill: Adds the lines of the report.
        formulas: Formulas of the computed metrics.
        attribute: Returns any other metric of a line.
    """
    order = params["sort_field"]
    if order is not None and order not in formulas:
        reject(f"sort_field: {order!r} cannot be sorted by.")
    filters = {name: value for name, value in params.items() if name not in {"page", "page_size"}}

    def make() -> list[Line]:
        lines = Lines()
        fill(lines)
        formula = None if order is None else formulas[order]
        return lines.ordered(formula, descending=params["sort_type"] == "DESC")

    key = (api.world.horizon(account), fill.__qualname__, repr(filters))
    lines = api.cached(key, make)
    metrics = list(dict.fromkeys(params["metrics"]))
    payload = page_of(params, lines, lambda line: line.record(metrics, formulas, attribute))
    if params.get("enable_total_metrics"):
        total = delivery.total([line.counters for line in lines])
        payload.data["total_metrics"] = {
            name: formulas[name](total) for name in metrics if name in formulas
        }
    return payload
