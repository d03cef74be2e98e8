"""The simple list endpoints of Business Centers.

`simple_list_endpoints.py` describes how to declare one.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from .accounts.business_centers import TRANSFER_TYPES, BusinessCenter, Transaction
from .records import business_centers, money
from .simple_list_endpoint import SimpleListEndpoint
from .spec.errors import reject
from .spec.facts import ENUMS
from .spec.params import DAY, ID, MOMENT, REQUIRED_ID, TEXT, Param, ids, members, strings

if TYPE_CHECKING:
    from .accounts.entities import Account
    from .simple_list_endpoint import Params

MAX_TRANSACTION_DAYS = 365
FUNDS_TYPES = strings(enum=("FUNDS_TYPE_CASH", "FUNDS_TYPE_GRANT"))


def _is_of_type(pair: tuple[Account, Transaction], _center: BusinessCenter, params: Params) -> bool:
    """Return True if a transaction has the requested transfer type, by default a transfer."""
    requested = params["filtering"].get("transfer_type", TRANSFER_TYPES[0])
    return bool(pair[1].transfer_type == requested)


def _is_of_level(
    pair: tuple[Account | None, Transaction], _center: BusinessCenter, params: Params
) -> bool:
    """Return True if a transaction has the requested level, and its time is in the range."""
    account, transaction = pair
    level = "BC" if account is None else "ADVERTISER"
    filtering = params["filtering"]
    first, last = filtering.get("start_time", ""), filtering.get("end_time", "9999")
    return bool(level == params["transaction_level"] and first <= transaction.time <= last)


def _check_dates(params: Params) -> None:
    """Reject a range of dates that is longer than a year."""
    _check_year("date", params["filtering"])


def _check_times(params: Params) -> None:
    """Reject a range of times that is longer than a year or ends before it starts."""
    filtering = params["filtering"]
    if filtering.get("start_time", "") > filtering.get("end_time", "9999"):
        reject("start_time: Must not be after end_time.")
    _check_year("time", filtering)


def _check_year(kind: str, filtering: dict[str, Any]) -> None:
    """Reject a range of dates or times that is longer than a year."""
    start, end = filtering.get(f"start_{kind}"), filtering.get(f"end_{kind}")
    if start and end:
        days = (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days + 1
        if days > MAX_TRANSACTION_DAYS:
            reject(f"end_{kind}: The range must not exceed {MAX_TRANSACTION_DAYS} days.")


def _check_both_dates(params: Params) -> None:
    """Reject a range with one date only, or of more than a year."""
    if len(params["filtering"]) == 1:
        reject("filtering: start_date and end_date must be specified together.")
    _check_dates(params)


BUSINESS_CENTER_LIST_ENDPOINTS = (
    SimpleListEndpoint(
        "/bc/get/",
        stream="business_centers",
        owner="",
        objects=lambda world: list(world.centers.values()),
        record=lambda center, _world: business_centers.business_center(center),
        params={
            "bc_id": ID,
            "scene": Param(default="SINGLE_ACCOUNT", enum=("SINGLE_ACCOUNT", "TIERED_ACCOUNT")),
            "filtering": members(
                keyword=TEXT,
                keyword_type=Param(enum=("ASSET", "MEMBER", "PARTNER", "TIER")),
                relation_type=Param(enum=("CHILD", "PARENT")),
            ),
        },
        filters={"bc_id": "bc_info.bc_id"},
        text_filters={"filtering.keyword": "bc_info.name"},
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/bc/asset/get/",
        stream="bc_advertisers",
        counted={"asset_type": "ADVERTISER"},
        owner="bc_id",
        objects=business_centers.assets,
        record=lambda asset, _center: asset,
        params={
            "asset_type": Param(required=True, enum=ENUMS["asset_types"]),
            "child_bc_id": ID,
            "filtering": members(keyword=TEXT, user_email=TEXT, user_id=TEXT),
        },
        filters={"asset_type": "asset_type"},
        text_filters={"filtering.keyword": "asset_name"},
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/advertiser/balance/get/",
        stream="bc_advertiser_balances",
        owner="bc_id",
        objects=lambda center: center.accounts,
        record=lambda account, _center: business_centers.balance(account),
        member="advertiser_account_list",
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/advertiser/transaction/get/",
        stream="advertiser_transactions",
        owner="bc_id",
        objects=lambda center: center.advertiser_transactions,
        record=lambda pair, _center: business_centers.advertiser_transaction(*pair),
        member="transaction_list",
        params={
            "filtering": members(
                transfer_type=Param(enum=TRANSFER_TYPES),
                funds_type=FUNDS_TYPES,
                keyword=TEXT,
                start_date=DAY,
                end_date=DAY,
            )
        },
        filters={"filtering.funds_type": "funds_type"},
        text_filters={"filtering.keyword": "advertiser_name"},
        selects=_is_of_type,
        check=_check_dates,
        date_of=lambda pair: pair[1].time,
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/bc/account/transaction/get/",
        stream="account_transactions",
        owner="bc_id",
        objects=lambda center: center.account_transactions,
        record=lambda pair, center: business_centers.account_transaction(center, *pair),
        member="transaction_list",
        params={
            "child_bc_id": ID,
            "transaction_level": Param(default="ADVERTISER", enum=("ADVERTISER", "BC")),
            "filtering": members(
                transaction_types=strings(enum=business_centers.TRANSACTION_TYPES),
                owner_of_account=strings(enum=("OWNED_BY_CURRENT_BUSINESS_CENTER",)),
                account_ids=ids(),
                account_name=TEXT,
                billing_types=strings(enum=("CASH", "CREDIT")),
                start_time=MOMENT,
                end_time=MOMENT,
            ),
        },
        filters={
            "filtering.transaction_types": "transaction_type",
            "filtering.account_ids": "account_id",
            "filtering.billing_types": "billing_type",
        },
        text_filters={"filtering.account_name": "account_name"},
        selects=_is_of_level,
        check=_check_times,
        date_of=lambda pair: pair[1].time,
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/bc/transaction/get/",
        stream="bc_transactions",
        owner="bc_id",
        objects=lambda center: center.transactions,
        record=lambda transaction, _center: business_centers.center_transaction(transaction),
        params={
            "filtering": members(funds_type=FUNDS_TYPES),
            "start_date": DAY,
            "end_date": DAY,
        },
        filters={"filtering.funds_type": "funds_type"},
        date_of=lambda transaction: transaction.time,
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/bc/account/budget/changelog/get/",
        stream="budget_changes",
        owner="bc_id",
        objects=lambda center: center.advertiser_transactions,
        record=lambda pair, _center: money.budget_change(*pair),
        member="changelog_list",
        params={
            "advertiser_id": REQUIRED_ID,
            "filtering": members(start_date=DAY, end_date=DAY),
        },
        selects=lambda pair, _center, params: pair[0].id == params["advertiser_id"],
        check=_check_both_dates,
        date_of=lambda pair: pair[1].time,
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/bc/invoice/get/",
        stream="invoices",
        owner="bc_id",
        objects=lambda center: center.transactions,
        record=lambda transaction, center: money.invoice(center, transaction),
        params={
            "invoice_id": TEXT,
            "invoice_title": TEXT,
            "invoice_types": Param(
                "array", required=True, low=1, item=Param(enum=money.INVOICE_TYPES)
            ),
            "pay_statuses": strings(enum=money.PAY_STATUSES),
            "start_time": MOMENT,
            "end_time": MOMENT,
        },
        filters={
            "invoice_id": "invoice_id",
            "invoice_types": "invoice_type",
            "pay_statuses": "pay_status",
        },
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/catalog/get/",
        stream="catalogs",
        owner="bc_id",
        objects=lambda center: center.catalogs,
        record=business_centers.catalog,
        params={"catalog_id": ID},
        filters={"catalog_id": "catalog_id"},
        max_page_size=100,
    ),
)
"""The simple list endpoints of Business Centers, and the list of Business Centers itself."""
