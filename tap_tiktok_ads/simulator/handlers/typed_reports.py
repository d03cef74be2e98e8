"""Synchronous reports of Business Centers and of playables (portal 1740302848100353)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_tiktok_ads.simulator.reports.aggregation import delivery_by_time
from tap_tiktok_ads.simulator.reports.metrics import formula
from tap_tiktok_ads.simulator.reports.query import CONFLICT, check_window, parse_query
from tap_tiktok_ads.simulator.reports.rows import Report, window
from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.facts import METRICS

from .aggregated_reports import aggregated_report
from .api import Payload, page_of

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account
    from tap_tiktok_ads.simulator.reports.aggregation import AggregatedRows

    from .api import Api, Handler, Params

_GROUPINGS = {
    "BC": ({"advertiser_id"}, {"advertiser_id", "country_code"}, {"stat_time_day"}),
    "PLAYABLE_MATERIAL": ({"playable_id"}, {"playable_id", "country_code"}),
}
_PLAYABLE_METRICS = {name: formula(name) for name in ("spend", "impressions", "clicks", "ctr")}


def _check(params: Params) -> None:
    """Reject dimensions, parameters and dates that the report type does not have."""
    report_type, dimensions = params["report_type"], params["dimensions"]
    if {*dimensions} not in _GROUPINGS[report_type]:
        reject(f"dimensions: {dimensions} is not a grouping of {report_type} reports. {CONFLICT}")
    if params["data_level"] is not None:
        reject(f"data_level: {report_type} reports do not have it.")
    if params["enable_total_metrics"] or params["order_field"] is not None:
        reject("order_field: The simulator has neither an order nor totals of these reports.")
    if params["query_lifetime"]:
        if report_type == "BC" or "country_code" in dimensions:
            reject("query_lifetime: Not supported for this report.")
        return
    for name in ("start_date", "end_date"):
        if params[name] is None:
            reject(f"{name}: Missing data for required field.")
    check_window(params["start_date"], params["end_date"], None)


def _business_center(api: Api, params: Params) -> Payload:
    """Return a page of the report on the ad accounts of a Business Center."""
    _check(params)
    if params["bc_id"] is None:
        reject("bc_id: Missing data; BC reports need it.")
    if params["dimensions"] == ["stat_time_day"]:
        reject("dimensions: The simulator has no sums of a Business Center by day.")
    rows = [row for account in api.center(params).accounts for row in _rows(api, account, params)]
    return page_of(params, rows, lambda row: row)


def _rows(api: Api, account: Account, params: Params) -> list[Any]:
    """Return the rows of an ad account of a Business Center."""
    query = parse_query(
        {**params, "report_type": "BASIC", "data_level": "AUCTION_ADVERTISER", "filtering": []}
    )
    report = Report(api.world, account, query)
    rows = report.encode_rows(list(report.rows(0, report.total)))
    return [msgspec.json.decode(row) for row in rows]


def _playables(api: Api, params: Params) -> Payload:
    """Return a page of the report on playables."""
    _check(params)
    if params["advertiser_id"] is None:
        reject("advertiser_id: Missing data; PLAYABLE_MATERIAL reports need it.")
    if "country_code" in params["dimensions"]:
        reject("dimensions: The simulator has no report on playables by country.")
    account = api.account(params)
    unknown = [name for name in params["metrics"] if name not in METRICS]
    unsupported = [name for name in params["metrics"] if name not in _PLAYABLE_METRICS]
    if unknown or unsupported:
        reject(f"Invalid metric fields: {unknown or unsupported}")
    days = window(api.world, account, params["start_date"], params["end_date"])

    def fill(rows: AggregatedRows) -> None:
        for playable in account.existing_assets("playables"):
            for _, counters in delivery_by_time(api.world, account, playable, days, None):
                rows.add({"playable_id": playable.id}, playable, counters)

    sorted_params = {**params, "sort_field": None, "sort_type": "DESC"}
    return aggregated_report(
        api, account, sorted_params, fill, _PLAYABLE_METRICS, lambda _row, _name: None
    )


def _catalog(api: Api, params: Params) -> Payload:
    """Reject a DSA report: its dimensions are not public."""
    api.account(params)
    reject("report_type: The simulator has no reports of the type CATALOG.")


TYPED_REPORTS: dict[str, Handler] = {
    "BC": _business_center,
    "PLAYABLE_MATERIAL": _playables,
    "CATALOG": _catalog,
}
"""Handlers of `/report/integrated/get/` for types with rules of their own."""
