"""Responses of aggregated reports: pages, order and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.reports.aggregation import AggregatedRow, AggregatedRows
from tap_tiktok_ads.simulator.spec.errors import reject

from .api import Api, Params, Payload, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_tiktok_ads.simulator.accounts.entities import Account
    from tap_tiktok_ads.simulator.reports.aggregation import Attribute
    from tap_tiktok_ads.simulator.reports.metrics import Formula


def check_metrics(metrics: list[str], allowed: Collection[str]) -> None:
    """Reject metrics that the report does not have."""
    unknown = [name for name in metrics if name not in allowed]
    if unknown:
        reject(f"Invalid metric fields: {unknown}")


def aggregated_report(  # noqa: PLR0913, PLR0917
    api: Api,
    account: Account,
    params: Params,
    fill: Callable[[AggregatedRows], None],
    formulas: Mapping[str, Formula],
    attribute: Attribute,
) -> Payload:
    """Return a page of a report, with totals if the request enables them.

    Args:
        api: State of the endpoints. It caches the rows for all pages of the report.
        account: Account of the report.
        params: Checked parameters.
        fill: Adds the rows of the report.
        formulas: Formulas of the computed metrics.
        attribute: Returns any other metric of a row.
    """
    order = params["sort_field"]
    if order is not None and order not in formulas:
        reject(f"sort_field: {order!r} cannot be sorted by.")
    filters = {name: value for name, value in params.items() if name not in {"page", "page_size"}}

    def make() -> list[AggregatedRow]:
        rows = AggregatedRows()
        fill(rows)
        formula = None if order is None else formulas[order]
        return rows.ordered(formula, descending=params["sort_type"] == "DESC")

    key = (api.world.horizon(account), fill.__qualname__, repr(filters))
    rows = api.cached(key, make)
    metrics = list(dict.fromkeys(params["metrics"]))
    payload = page_of(params, rows, lambda row: row.record(metrics, formulas, attribute))
    if params.get("enable_total_metrics"):
        total = delivery.total([row.counters for row in rows])
        payload.data["total_metrics"] = {
            name: formulas[name](total) for name in metrics if name in formulas
        }
    return payload
