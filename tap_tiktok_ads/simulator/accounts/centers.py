"""Business Centers: the accounts they hold, their catalogs and what money moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.records.values import VARIANTS, Record, filled, filling

from .entities import TIME, Asset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tap_tiktok_ads.simulator.options import Options

    from .account import Account


@dataclass(frozen=True)
class Transaction:
    """Money that moved; around noon in UTC, so that its day is the same in any time zone."""

    time: str
    cents: int
    funds: str
    kind: str

    def within(self, start: str | None, end: str | None) -> bool:
        """Return whether it was on one of the days; an open end is no limit."""
        day = self.time[:10]
        return (start or "") <= day <= (end or "9999")


class Center:
    """A Business Center; the accounts of a world are dealt to its centers in turn."""

    def __init__(self, options: Options, number: int, accounts: Sequence[Account]) -> None:
        """Take the accounts whose turn it is."""
        self._options = options
        self.number = number
        self.key = mix(options.seed, 80, number)
        self.id = str(71 * 10**17 + self.key % 10**14 * 100 + number)
        self.name = f"Center {number + 1} “Süd” & Söhne"
        self.accounts = [
            account for account in accounts if account.number % options.business_centers == number
        ]
        self.catalogs = [self._catalog(place) for place in range(options.catalogs)]

    def _catalog(self, number: int) -> Asset:
        key = mix(self.key, 81, number)
        name = str(75 * 10**17 + self.key % 10**12 * 1000 + number)
        created, changed = "2026-01-05 08:00:00", f"2026-02-{1 + key % 28:02} 09:30:00"
        return Asset(name, key, created, changed, removed=False, number=number)

    @property
    def transactions(self) -> list[Transaction]:
        """What moved on the center's own account, oldest first."""
        start = self.accounts[0].start if self.accounts else None
        return list(_transactions(self._options, self.key, start))


def transactions(account: Account) -> list[Transaction]:
    """Return what moved on the account of an advertiser, oldest first."""
    return list(_transactions(account.options, account.key, account.start))


def _transactions(options: Options, key: int, start: date | None) -> Iterator[Transaction]:
    if start is None:
        return
    span = max(options.days, 1)
    for number in range(options.transactions):
        own = mix(key, 82, number)
        day = start + timedelta(days=number * span // options.transactions)
        moment = datetime(day.year, day.month, day.day, 12, own % 60, number % 60)  # noqa: DTZ001
        yield Transaction(
            moment.strftime(TIME),
            own % 10**6,
            pick(("FUNDS_TYPE_CASH", "FUNDS_TYPE_GRANT"), own),
            pick(("TRANSFER_IN", "TRANSFER_OUT"), own, 1),
        )


def center(one: Center) -> Record:
    """Return a Business Center as in `/bc/get/`."""
    record = filling("business_centers", one.key % VARIANTS) | {
        "user_role": "ADMIN",
        "ext_user_role": {"finance_role": "MANAGER"},
        "binding_status": None,
        "bc_info": {
            "bc_id": one.id,
            "name": one.name,
            "company": one.name,
            "currency": "USD",
            "registered_area": "US",
            "status": "ENABLE",
            "timezone": "America/Los_Angeles",
            "type": "NORMAL",
            "organization_type": None,
            "verification_status": "VERIFIED",
        },
    }
    if one.accounts and one.accounts[0].options.unknown_fields:
        record["field_in_no_sheet"] = "surprise"
    return record


def balance(account: Account) -> Record:
    """Return the balance of an advertiser as in `/advertiser/balance/get/`."""
    cash, grant = account.key % 10**6 / 100, account.key % 7 * 10.5
    return filling("bc_advertiser_balances", account.key % VARIANTS) | {
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


def advertiser_transaction(account: Account, one: Transaction) -> Record:
    """Return a transaction of an advertiser; it has no id."""
    return {
        "advertiser_id": account.id,
        "advertiser_name": account.name,
        "amount": one.cents / 100,
        "currency": account.currency,
        "date": one.time,
        "funds_type": one.funds,
        "transfer_type": one.kind,
        "timezone": str(account.zone),
    }


def center_transaction(one: Transaction) -> Record:
    """Return a transaction of a Business Center; no sheet lists its fields."""
    return {
        "amount": one.cents / 100,
        "currency": "USD",
        "date": one.time,
        "funds_type": one.funds,
        "transfer_type": one.kind,
        "timezone": "America/Los_Angeles",
    }


def catalog(entity: Asset, one: Center) -> Record:
    """Return a catalog of a Business Center."""
    values: Record = {
        "catalog_id": entity.id,
        "catalog_name": f"Catalog {entity.number + 1} 靴",
        "catalog_type": pick(("ECOM", "HOTEL"), entity.key),
        "create_time": entity.created,
        "update_time": entity.modified,
        "bc_info": {"bc_id": one.id, "bc_name": one.name, "picture_url": None},
        "catalog_conf": {"region_code": "US", "country": "US", "currency": "USD", "channel": None},
    }
    if one.accounts:
        return filled("catalogs", entity, one.accounts[0], values)
    return filling("catalogs", entity.key % VARIANTS) | values


def assets(one: Center, kind: str) -> list[Record]:
    """Return the assets of a kind that a Business Center holds."""
    found: list[tuple[str, str, Record]] = []
    match kind:
        case "ADVERTISER":
            more = {"advertiser_account_type": "AUCTION", "advertiser_role": "ADMIN"}
            found = [(account.id, account.name, more) for account in one.accounts]
        case "CATALOG":
            found = [
                (catalog.id, f"Catalog {catalog.number + 1} 靴", {"catalog_role": "ADMIN"})
                for catalog in one.catalogs
            ]
        case "PIXEL":
            found = [
                (pixel.id, f"Pixel {pixel.number + 1} · Shop “Süd”", {})
                for account in one.accounts
                for pixel in account.pixels
            ]
        case "TIKTOK_SHOP":
            found = [
                (store.id, f"Shop {store.number + 1} 靴 “Süd”", {"store_role": "AD_PROMOTION"})
                for account in one.accounts
                for store in account.living("stores")
            ]
    return [
        {"asset_id": name, "asset_name": title, "asset_type": kind, **more}
        | {"owner_bc_name": one.name}
        for name, title, more in found
    ]
