"""Handlers of endpoints whose `data` is one record, and of costs, which are sums."""

from __future__ import annotations

from tap_tiktok_ads.simulator.records import campaigns, money
from tap_tiktok_ads.simulator.records.split_tests import split_test
from tap_tiktok_ads.simulator.spec.errors import reject

from .api import Api, Handler, Params, Payload, day_count, page_of

MAX_COST_DAYS = 365


def _split_test(api: Api, params: Params) -> Payload:
    """Return the result of a split test, or reject an unknown one."""
    group_id = params["split_test_group_id"]
    groups = [
        group
        for group in api.account(params).groups
        if campaigns.ad_group(group).get("split_test_group_id") == group_id
    ]
    if not groups:
        reject(f"split_test_group_id: Split test {group_id} does not exist.")
    return Payload(split_test(groups))


def _balance(api: Api, params: Params) -> Payload:
    """Return the balance of a Business Center."""
    return Payload(money.center_balance(api.center(params)))


def _costs(api: Api, params: Params) -> Payload:
    """Return the costs of the ad accounts of a Business Center that had costs in a range."""
    center = api.center(params)
    filtering = params["filtering"]
    start, end = (filtering.get(name) for name in ("start_date", "end_date"))
    if start is None or end is None:
        reject("filtering: start_date and end_date must be specified together.")
    if day_count(start, end) > MAX_COST_DAYS:
        reject(f"end_date: The range must not exceed {MAX_COST_DAYS} days.")
    days = {account: api.world.statistics_days(account, start, end) for account in center.accounts}
    costs = [entry for entry in days.items() if entry[1]]
    return page_of(params, costs, lambda entry: money.costs(*entry), "cost_list")


HANDLERS: dict[str, Handler] = {
    "/split_test/result/get/": _split_test,
    "/bc/balance/get/": _balance,
    "/bc/account/cost/get/": _costs,
}
