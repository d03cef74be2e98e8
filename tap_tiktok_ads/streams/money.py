"""Costs, budget changes, balances and invoices of Business Centers."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.streams.business import BusinessCenterStream
from tap_tiktok_ads.streams.dependent import RejectableSource, SourceColumn, add_lookup_value
from tap_tiktok_ads.streams.single_objects import RejectableObjectSource
from tap_tiktok_ads.streams.transactions import TransactionStream, UnidentifiedTransactionStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task

#: Ad accounts whose budget changes the user may read. The role can be missing.
READABLE_ACCOUNTS = SourceColumn(
    "bc_advertisers.asset_id",
    parameter="advertiser_id",
    also={"bc_id": "bc_id"},
    where={"advertiser_role": ["ADMIN", "OPERATOR", "ANALYST", None]},
)


def add_cost_date(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the costs of an ad account with Business Center and day. The response has neither."""
    raw["date"] = str(task.window.start) if task.window else None
    return add_lookup_value(raw, task)


class AccountCosts(TransactionStream):
    """One record per ad account, UTC day and Business Center, with cost, credits and tax.

    TikTok's response has no date, so each request spans one day. Every run reads the days from
    `start_date` to `end_date`, with one request per day and Business Center for 50 ad accounts. The
    fields come from a third-party SDK.
    """

    name = "account_costs"
    path = "/bc/account/cost/get/"
    primary_keys = ("bc_id", "advertiser_id", "date")
    records_field = "cost_list"
    window_days = 1
    flatten = staticmethod(add_cost_date)

    @override
    def window_params(self, window: Window, choice: str) -> Record:
        return {"filtering": {"start_date": str(window.start), "end_date": str(window.end)}}


def add_budget_owner(raw: Record, task: Task) -> Iterable[Record]:
    """Yield a budget change with its Business Center and ad account."""
    params = task.request.params
    raw |= {"bc_id": params["bc_id"], "advertiser_id": params["advertiser_id"]}
    for column in ("operation_time", "activity_type"):
        raw[column] = raw.get(column) or EMPTY_KEY
    yield raw


class BudgetChanges(UnidentifiedTransactionStream):
    """One record per change of the budget that a Business Center gives to an ad account.

    Every run reads the UTC days from `start_date` to `end_date`, with one request per ad account
    and year. Changes have no ID. A target that upserts by key keeps only one of several records
    with equal key columns. The fields come from a third-party SDK.
    """

    name = "budget_changes"
    path = "/bc/account/budget/changelog/get/"
    primary_keys = ("bc_id", "advertiser_id", "operation_time", "activity_type")
    records_field = "changelog_list"
    source_column = READABLE_ACCOUNTS
    flatten = staticmethod(add_budget_owner)

    @override
    def window_params(self, window: Window, choice: str) -> Record:
        return {"filtering": {"start_date": str(window.start), "end_date": str(window.end)}}


class BcBalances(BusinessCenterStream):
    """One record per Business Center, with its balances now.

    The fields come from TikTok's OpenAPI file.
    """

    name = "bc_balances"
    path = "/bc/balance/get/"
    permission = "150 Read Business Center"
    primary_keys = ("bc_id",)
    page_size = None
    source_class = RejectableObjectSource


class Invoices(BusinessCenterStream):
    """One record per invoice of each Business Center, with amounts, taxes and payment status.

    The user of the token needs a finance role in the Business Center. Every run reads all
    invoices. The fields come from a third-party SDK.
    """

    name = "invoices"
    path = "/bc/invoice/get/"
    permission = "7078191955347259394 Invoice Management"
    primary_keys = ("bc_id", "invoice_id")
    page_size = 20
    source_class = RejectableSource

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {"invoice_types": ["RECON", "CREDIT", "AUTO_PAY"]}
