"""Records of advertisers and Business Centers."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import TIME
from tap_tiktok_ads.simulator.pseudorandom import pick

from .assets import pixel_name
from .shops import store_name
from .values import Record, complete, default_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator.accounts.business_centers import BusinessCenter, Transaction
    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

TRANSACTION_TYPES = (
    "BILL_PAYMENT",
    "ADD_BALANCE",
    "CANCELLATION",
    "PROMOTION_ISSUED",
    "PROMOTION_EXPIRED",
    "INCREASE_BALANCE",
    "DECREASE_BALANCE",
    "CARD_VERIFICATION",
    "CARD_VERIFICATION_REFUND",
    "ORDER_CREATION_PAYMENT",
    "ORDER_EDIT_PAYMENT",
    "RETURN_OF_REMAINING_BUDGET",
    "REFUND",
)
"""Types of the transactions of `/bc/account/transaction/get/`."""


def advertiser(account: Account) -> Record:
    """Return an advertiser as in `/advertiser/info/`. `create_time` is in seconds."""
    created = datetime.combine(account.start, datetime.min.time(), timezone.utc)
    zone = str(account.zone)
    record = default_values("advertisers", account.key) | {
        "advertiser_id": account.id,
        "name": account.name,
        "company": account.name,
        "timezone": zone,
        "display_timezone": "America/Los_Angeles" if zone == "Etc/GMT+8" else zone,
        "country": account.country,
        "currency": account.currency,
        "status": "STATUS_ENABLE",
        "role": "ROLE_ADVERTISER",
        "advertiser_account_type": "AUCTION",
        "contacter": "J***e",
        "email": "j***@example.com",
        "cellphone_number": "+1****00",
        "telephone_number": None,
        "language": "en",
        "rejection_reason": None,
        "balance": account.key % 10**6 / 100,
        "create_time": int(created.timestamp()) - account.options.account_age_days * 86400,
        "description": "Shoes, “Schuhe” & 靴 👟",
    }
    if account.options.unknown_fields:
        record["field_in_no_sheet"] = "surprise"
    return record


def business_center(center: BusinessCenter) -> Record:
    """Return a Business Center as in `/bc/get/`."""
    record = default_values("business_centers", center.key) | {
        "user_role": "ADMIN",
        "ext_user_role": {"finance_role": "MANAGER"},
        "binding_status": None,
        "bc_info": {
            "bc_id": center.id,
            "name": center.name,
            "company": center.name,
            "currency": "USD",
            "registered_area": "US",
            "status": "ENABLE",
            "timezone": "America/Los_Angeles",
            "type": "NORMAL",
            "organization_type": None,
            "verification_status": "VERIFIED",
        },
    }
    if center.accounts and center.accounts[0].options.unknown_fields:
        record["field_in_no_sheet"] = "surprise"
    return record


def balance(account: Account) -> Record:
    """Return the balance of an advertiser as in `/advertiser/balance/get/`."""
    cash, grant = account.key % 10**6 / 100, account.key % 7 * 10.5
    return default_values("bc_advertiser_balances", account.key) | {
        "advertiser_id": account.id,
        "advertiser_name": account.name,
        "advertiser_status": "SHOW_ACCOUNT_STATUS_APPROVED",
        "advertiser_type": "AUCTION",
        "timezone": str(account.zone),
        "currency": account.currency,
        "account_open_days": account.key % 900,
        "create_time": f"{account.start} 08:00:00",
        "cash_balance": cash,
        "grant_balance": grant,
        "account_balance": cash + grant,
    }


def advertiser_transaction(account: Account, transaction: Transaction) -> Record:
    """Return a transaction of an advertiser, without an ID. Taxes and costs have no funds type."""
    has_funds = transaction.transfer_type not in {"TRANS_TYPE_TAX", "TRANS_TYPE_COST"}
    return {
        "advertiser_id": account.id,
        "advertiser_name": account.name,
        "amount": transaction.cents / 100,
        "currency": account.currency,
        "date": transaction.time,
        "funds_type": transaction.funds_type if has_funds else None,
        "transfer_type": transaction.transfer_type,
        "timezone": str(account.zone),
    }


def center_transaction(transaction: Transaction) -> Record:
    """Return a transaction of a Business Center, without an ID. Its date is in seconds."""
    moment = datetime.strptime(transaction.time, TIME).replace(tzinfo=timezone.utc)
    return {
        "date": int(moment.timestamp()),
        "amount": transaction.cents / 100,
        "timezone": "America/Los_Angeles",
        "currency": "USD",
        "funds_type": transaction.funds_type,
        **_invoice(transaction, "invoice_serial_number"),
    }


def _invoice(transaction: Transaction, serial_number: str) -> Record:
    """Return the invoice fields of a transaction. Every third transaction has no invoice."""
    if transaction.key % 3 == 0:
        return {"invoice_id": None, serial_number: None}
    number = transaction.key % 10**9
    return {"invoice_id": str(number), serial_number: f"TT{number}"}


def account_transaction(
    center: BusinessCenter, account: Account | None, transaction: Transaction
) -> Record:
    """Return a transaction of a Business Center, or of one of its ad accounts."""
    tax = transaction.cents // 10
    return {
        "transaction_id": transaction.id,
        "payment_portfolio_id": None,
        "payment_portfolio_name": None,
        "account_id": account.id if account else None,
        "account_name": account.name if account else None,
        "bc_id": center.id,
        "bc_name": center.name,
        "amount": transaction.cents / 100,
        "subtotal": (transaction.cents - tax) / 100,
        "tax_amount": tax / 100,
        "currency": account.currency if account else "USD",
        "amount_type": pick(("POSITIVE", "NEGATIVE", "OTHER"), transaction.key),
        "transaction_type": pick(TRANSACTION_TYPES, transaction.key),
        "billing_type": pick(("CASH", "CREDIT"), transaction.key),
        "timezone": "UTC+00:00",
        "create_time": transaction.time,
        **_invoice(transaction, "serial_number"),
    }


def catalog(entity: Asset, center: BusinessCenter) -> Record:
    """Return a catalog of a Business Center."""
    values: Record = {
        "catalog_id": entity.id,
        "catalog_name": _catalog_name(entity),
        "catalog_type": pick(("ECOM", "HOTEL"), entity.key),
        "create_time": entity.created,
        "update_time": entity.modified,
        "bc_info": {"bc_id": center.id, "bc_name": center.name, "picture_url": None},
        "catalog_conf": {"region_code": "US", "country": "US", "currency": "USD", "channel": None},
    }
    if center.accounts:
        return complete("catalogs", entity, center.accounts[0], values)
    return default_values("catalogs", entity.key) | values


def _catalog_name(catalog: Asset) -> str:
    return f"Catalog {catalog.number + 1} 靴"


def assets(center: BusinessCenter) -> list[Record]:
    """Return the assets of a Business Center as in `/bc/asset/get/`."""
    return [
        {
            "asset_id": asset.id,
            "asset_name": name,
            "asset_type": asset_type,
            "catalog_role": None,
            "store_role": None,
            "tt_account_roles": None,
            **roles,
            "owner_bc_name": center.name,
        }
        for asset_type, asset, name, roles in _assets(center)
    ]


def _assets(
    center: BusinessCenter,
) -> Iterator[tuple[str, Account | Asset, str, Record]]:
    """Yield the type, object, name and role fields of each asset."""
    for account in center.accounts:
        roles = {"advertiser_account_type": "AUCTION", "advertiser_role": "ADMIN"}
        yield "ADVERTISER", account, account.name, roles
        for pixel in account.pixels:
            yield "PIXEL", pixel, pixel_name(pixel), {}
        for store in account.existing_assets("stores"):
            yield "TIKTOK_SHOP", store, store_name(store), {"store_role": "AD_PROMOTION"}
    for catalog in center.catalogs:
        yield "CATALOG", catalog, _catalog_name(catalog), {"catalog_role": "ADMIN"}
