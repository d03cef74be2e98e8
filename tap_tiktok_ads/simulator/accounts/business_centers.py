"""Business Centers with their accounts, catalogs and transactions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from .entities import TIME, Asset

TRANSFER_TYPES = ("TRANS_TYPE_TRANSFER", "TRANS_TYPE_TAX", "TRANS_TYPE_COST", "TRANS_TYPE_PAYMENT")
"""Billing types of `/advertiser/transaction/get/`. The first one is the default of a request."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from tap_tiktok_ads.simulator.options import Options

    from .entities import Account


@dataclass(frozen=True)
class Transaction:
    """A transaction at about noon UTC, so that its date is the same in all account time zones."""

    id: str
    time: str
    cents: int
    funds_type: str
    transfer_type: str
    key: int


class BusinessCenter:
    """A Business Center. Account N belongs to center N modulo the number of centers."""

    def __init__(self, options: Options, number: int, accounts: Sequence[Account]) -> None:
        """Select the accounts of the center, and generate its catalogs."""
        self._options = options
        self.number = number
        self.key = mix(options.seed, 80, number)
        self.id = str(71 * 10**17 + self.key % 10**14 * 100 + number)
        self.name = f"Center {number + 1} “Süd” & Söhne"
        self.accounts = [
            account for account in accounts if account.number % options.business_centers == number
        ]
        self.catalogs = [self._catalog(position) for position in range(options.catalogs)]

    def _catalog(self, number: int) -> Asset:
        key = mix(self.key, 81, number)
        catalog_id = str(75 * 10**17 + self.key % 10**12 * 1000 + number)
        created, modified = "2026-01-05 08:00:00", f"2026-02-{1 + key % 28:02} 09:30:00"
        return Asset(catalog_id, key, created, modified, removed=False, number=number)

    @property
    def transactions(self) -> list[Transaction]:
        """Transactions of the center itself, oldest first."""
        if not self.accounts:
            return []
        return list(_transactions(self._options, self.key, self.accounts[0].start))

    @property
    def advertiser_transactions(self) -> list[tuple[Account, Transaction]]:
        """Transactions of the center's advertisers, oldest first for each advertiser."""
        return [
            (account, transaction)
            for account in self.accounts
            for transaction in _transactions(account.options, account.key, account.start)
        ]

    @property
    def account_transactions(self) -> list[tuple[Account | None, Transaction]]:
        """Transactions of the center, and of its advertisers. Only the latter have an account."""
        center_transactions = [(None, transaction) for transaction in self.transactions]
        return [*center_transactions, *self.advertiser_transactions]


def _transactions(options: Options, key: int, start: date) -> Iterator[Transaction]:
    """Yield transactions at regular intervals over the history."""
    span = max(options.days, 1)
    for number in range(options.transactions):
        own_key = mix(key, 82, number)
        day = start + timedelta(days=number * span // options.transactions)
        moment = datetime(  # noqa: DTZ001
            day.year, day.month, day.day, 12, own_key % 60, number % 60
        )
        yield Transaction(
            str(76 * 10**17 + own_key % 10**17),
            moment.strftime(TIME),
            own_key % 10**6,
            pick(("FUNDS_TYPE_CASH", "FUNDS_TYPE_GRANT"), own_key),
            TRANSFER_TYPES[number % len(TRANSFER_TYPES)],
            own_key,
        )
