"""Business Centers: their advertisers, balances, transactions and catalogs."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import AUTHORIZED_ADVERTISERS_PATH
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.streams.base import EntityStream
from tap_tiktok_ads.streams.lookup import DependentStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window


class OnceStream(EntityStream):
    """Objects that belong to no advertiser: read once."""

    per_advertiser = False
    selected_by_default = False
    shared = True  # by what finds the advertisers, and by the streams of Business Centers

    @override
    def plan(self) -> Iterable[Task]:
        return [Task(Request(self.path, self.params(), shared=self.shared))]

    def params(self) -> dict[str, t.Any]:
        """The parameters of the first page."""
        return {} if self.page_size is None else {"page": 1, "page_size": self.page_size}


class AuthorizedAdvertisers(OnceStream):
    """The advertisers that authorised the app; needs the settings app_id and app_secret."""

    name = "authorized_advertisers"
    path = AUTHORIZED_ADVERTISERS_PATH
    permission = "100 Read Ad Account Information"
    primary_keys = ("advertiser_id",)

    @override
    def plan(self) -> Iterable[Task]:
        if self.run_context.settings.app_id and self.run_context.settings.app_secret:
            return super().plan()
        self._warn_once("app", "Not read without the settings app_id and app_secret.")
        return ()

    @override
    def params(self) -> dict[str, t.Any]:
        return {
            "app_id": self.run_context.settings.app_id,
            "secret": self.run_context.settings.app_secret,
        }


class BusinessCenters(OnceStream):
    """The Business Centers of the token's user. Fields as a third-party SDK has them."""

    name = "business_centers"
    path = "/bc/get/"
    permission = "150 Read Business Center"
    primary_keys = ("bc_id",)
    page_size = 50

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        raw["bc_id"] = raw.get("bc_id") or (raw.get("bc_info") or {}).get("bc_id")
        return super().flatten(raw, task)


class BusinessCenterStream(DependentStream):
    """Rows of each Business Center."""

    per_advertiser = False
    source = "business_centers.bc_id"
    parameter = "bc_id"
    page_size = 50

    def days(self) -> dict[str, str]:
        """The days that reports cover, in UTC."""
        first, last = self.run_context.settings.days(self.run_context.started)
        return {"start_date": str(first), "end_date": str(last)}


class BcAdvertisers(BusinessCenterStream):
    """The ad accounts among the assets of each Business Center."""

    name = "bc_advertisers"
    path = "/bc/asset/get/"
    permission = "153 Business Center Asset"
    primary_keys = ("bc_id", "asset_id")

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {"asset_type": "ADVERTISER"}


class BcAdvertiserBalances(BusinessCenterStream):
    """The balances of the ad accounts of each Business Center, as a third-party SDK has them."""

    name = "bc_advertiser_balances"
    path = "/advertiser/balance/get/"
    permission = "152 Ad Account Balance and Transaction"
    primary_keys = ("bc_id", "advertiser_id")
    records_field = "advertiser_account_list"


class AdvertiserTransactions(BusinessCenterStream):
    """Transactions of the ad accounts of each Business Center, as a third-party SDK has them.

    Of the days that reports cover. TikTok gives them no id: two that are alike in all key columns
    count as one.
    """

    name = "advertiser_transactions"
    path = "/advertiser/transaction/get/"
    permission = "152 Ad Account Balance and Transaction"
    primary_keys = ("bc_id", "advertiser_id", "date", "funds_type", "transfer_type", "amount")
    records_field = "transaction_list"

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {"filtering": self.days()}


class BcTransactions(BusinessCenterStream):
    """Transactions of each Business Center, of the days that reports cover.

    Their fields are not documented: kept as they come.
    """

    name = "bc_transactions"
    path = "/bc/transaction/get/"
    permission = "150 Read Business Center"
    primary_keys = ()

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return self.days()


class Catalogs(BusinessCenterStream):
    """Product catalogs of each Business Center. Fields as a third-party SDK has them."""

    name = "catalogs"
    path = "/catalog/get/"
    permission = "900 Read Catalogs"
    primary_keys = ("bc_id", "catalog_id")
    page_size = 100
