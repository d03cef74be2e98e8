"""Transactions of Business Centers and of their ad accounts."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.config.lookups import Lookup
from tap_tiktok_ads.extract.deduplication import RecordFilter
from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.streams.business import BusinessCenterStream
from tap_tiktok_ads.streams.dependent import LookupTask, RejectableSource

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.streams.dependent import Values

    Flatten = Callable[[Record, Task], Iterable[Record]]

#: Maximum number of days per request. TikTok allows a year.
MAX_TRANSACTION_DAYS = 365
TRANSFER_TYPES = ("TRANS_TYPE_TRANSFER", "TRANS_TYPE_TAX", "TRANS_TYPE_COST", "TRANS_TYPE_PAYMENT")
TRANSACTION_LEVELS = ("BC", "ADVERTISER")


def each_of(column: str, values: Iterable[str]) -> Lookup:
    """Return a lookup with the values of a column, each of which takes one request."""
    return Lookup("requested", (column,), values=tuple({column: value} for value in values))


def transaction_flattener(*text_keys: str) -> Flatten:
    """Return a function that adds the values that a response leaves out to its transactions.

    Args:
        text_keys: Key columns whose value can be missing.
    """

    def flatten(raw: Record, task: Task) -> Iterable[Record]:
        values = task.values if isinstance(task, LookupTask) else {}
        for name, value in values.items():
            column = name.partition(".")[2]
            raw[column] = raw.get(column) or value
        for column in text_keys:
            raw[column] = raw.get(column) or EMPTY_KEY
        yield raw

    return flatten


class TransactionStream(BusinessCenterStream):
    """Transactions of each Business Center, in windows of at most a year.

    Business Centers of the type NORMAL have no transactions, so TikTok can reject them.
    There is no bookmark, because one bookmark of all Business Centers would lose the older days of
    a Business Center that the token gains later.
    """

    window_days = MAX_TRANSACTION_DAYS
    source_class = RejectableSource

    def window_params(self, window: Window, choice: str) -> Record:
        """Return the parameters for the days and for the value of the literal lookup, if any."""
        raise NotImplementedError

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        request = super().request(advertiser, window, values)
        if window is None:
            return request
        names = [name for lookup in self.literal_lookups for name in lookup.macro_names]
        choice = values[names[0]] if names else ""
        params = {**request.params, **self.window_params(window, choice)}
        return dataclasses.replace(request, params=params)


class UnidentifiedTransactionStream(TransactionStream):
    """Transactions without an ID. Two of them can have equal key columns."""

    @functools.cached_property
    @override
    def record_filter(self) -> RecordFilter:
        return RecordFilter()  # two records with equal keys are no damage


class AdvertiserTransactions(UnidentifiedTransactionStream):
    """One record per transfer, tax, cost or payment of the ad accounts of each Business Center.

    Prefer `account_transactions` if the token has permission for it. That stream has IDs and
    includes these transactions. Every run reads the UTC days from `start_date` to `end_date`. These
    transactions have no ID. A target that upserts by key keeps only one of several records with
    equal key columns. A type or Business Center that TikTok rejects is skipped with a warning. The
    fields come from a third-party SDK.
    """

    name = "advertiser_transactions"
    path = "/advertiser/transaction/get/"
    permission = "152 Ad Account Balance and Transaction"
    primary_keys = ("bc_id", "advertiser_id", "date", "funds_type", "transfer_type", "amount")
    records_field = "transaction_list"
    literal_lookups = (each_of("transfer_type", TRANSFER_TYPES),)
    flatten = staticmethod(transaction_flattener("date", "funds_type"))

    @override
    def window_params(self, window: Window, choice: str) -> Record:
        days = {"start_date": str(window.start), "end_date": str(window.end)}
        return {"filtering": {"transfer_type": choice, **days}}


class BcTransactions(UnidentifiedTransactionStream):
    """One record per transaction of each Business Center.

    Prefer `account_transactions` if the token has permission for it. That stream has IDs and
    includes these transactions. Every run reads the UTC days from `start_date` to `end_date`. These
    transactions have no ID. A target that upserts by key keeps only one of several records with
    equal key columns. `date` is text as received. The fields come from a third-party SDK.
    """

    name = "bc_transactions"
    path = "/bc/transaction/get/"
    permission = "150 Read Business Center"
    primary_keys = ("bc_id", "date", "funds_type", "amount", "invoice_id")
    flatten = staticmethod(transaction_flattener("date", "funds_type", "invoice_id"))

    @override
    def window_params(self, window: Window, choice: str) -> Record:
        return {"start_date": str(window.start), "end_date": str(window.end)}


class AccountTransactions(TransactionStream):
    """One record per transaction of each Business Center and of its own ad accounts, with ID.

    Every run reads the days from `start_date` to `end_date`, in the time zone of the Business
    Center or ad account. Transactions of payment portfolios are not included. Transactions of ad
    accounts that another Business Center shares are not included. The fields come from a
    third-party SDK.
    """

    name = "account_transactions"
    path = "/bc/account/transaction/get/"
    permission = "152 Ad Account Balance and Transaction"
    primary_keys = ("bc_id", "transaction_level", "transaction_id")
    records_field = "transaction_list"
    literal_lookups = (each_of("transaction_level", TRANSACTION_LEVELS),)
    flatten = staticmethod(transaction_flattener())

    @override
    def window_params(self, window: Window, choice: str) -> Record:
        times = {"start_time": f"{window.start} 00:00:00", "end_time": f"{window.end} 23:59:59"}
        return {"transaction_level": choice, "filtering": times}
