"""What a Business Center tells: itself, its assets, balances, transactions and catalogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts import centers
from tap_tiktok_ads.simulator.spec.errors import PERMISSION, ApiError, refuse

from .api import Answer, Api, Handler, Params, page_of

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.centers import Center


def _center(api: Api, params: Params) -> Center:
    """Return the Business Center of `bc_id` if the token's user belongs to it."""
    name = params["bc_id"]
    if name not in api.world.centers:
        raise ApiError(PERMISSION, f"No permission to operate Business Center {name}.")
    return api.world.centers[name]


def _centers(api: Api, params: Params) -> Answer:
    found = list(api.world.centers.values())
    if params["bc_id"] is not None:
        found = [_center(api, params)]
    keyword = params["filtering"].get("keyword", "")
    return page_of(params, [one for one in found if keyword in one.name], centers.center)


def _assets(api: Api, params: Params) -> Answer:
    rows = centers.assets(_center(api, params), params["asset_type"])
    keyword = params["filtering"].get("keyword", "")
    return page_of(params, [row for row in rows if keyword in row["asset_name"]], lambda row: row)


def _balances(api: Api, params: Params) -> Answer:
    accounts = _center(api, params).accounts
    return page_of(params, accounts, centers.balance, "advertiser_account_list")


def _dates(start: str | None, end: str | None) -> tuple[str | None, str | None]:
    if start is not None and end is not None and start > end:
        refuse("start_date: Must not be after end_date.")
    return start, end


def _advertiser_transactions(api: Api, params: Params) -> Answer:
    wanted = params["filtering"]
    dates = _dates(wanted.get("start_date"), wanted.get("end_date"))
    found = [
        (account, one)
        for account in _center(api, params).accounts
        for one in centers.transactions(account)
        if one.within(*dates)
    ]
    return page_of(
        params, found, lambda pair: centers.advertiser_transaction(*pair), "transaction_list"
    )


def _transactions(api: Api, params: Params) -> Answer:
    dates = _dates(params["start_date"], params["end_date"])
    funds = params["filtering"].get("funds_type")
    found = [
        one
        for one in _center(api, params).transactions
        if one.within(*dates) and (not funds or one.funds in funds)
    ]
    return page_of(params, found, centers.center_transaction)


def _catalogs(api: Api, params: Params) -> Answer:
    center = _center(api, params)
    name = params["catalog_id"]
    found = [one for one in center.catalogs if name in {None, one.id}]
    return page_of(params, found, lambda one: centers.catalog(one, center))


HANDLERS: dict[str, Handler] = {
    "/bc/get/": _centers,
    "/bc/asset/get/": _assets,
    "/advertiser/balance/get/": _balances,
    "/advertiser/transaction/get/": _advertiser_transactions,
    "/bc/transaction/get/": _transactions,
    "/catalog/get/": _catalogs,
}
