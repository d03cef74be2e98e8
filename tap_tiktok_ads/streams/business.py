"""Business Centers: their advertisers, balances and catalogs."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import AUTHORIZED_ADVERTISERS_PATH
from tap_tiktok_ads.extract.source import add_advertiser
from tap_tiktok_ads.streams.dependent import DependentStream, SourceColumn
from tap_tiktok_ads.streams.listing import UnpartitionedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task


class AppCredentialsPlan:
    """One request with the app's id and secret, or none without them."""

    def __init__(self, stream: AuthorizedAdvertisers) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the request. Warns if the settings lack the app's id or secret."""
        settings = self._stream.run_context.settings
        if settings.app_id and settings.app_secret:
            params = {"app_id": settings.app_id, "secret": settings.app_secret}
            return [self._stream.first_task(params)]
        self._stream.warnings.log(
            "app", "Skipped stream %s: it needs app_id and app_secret. Set both to read it."
        )
        return ()

    def sample_tasks(self) -> Iterable[Task]:
        """Return the tasks of the plan."""
        return self.tasks()


class AuthorizedAdvertisers(UnpartitionedStream):
    """One record per advertiser that authorized the app.

    Requires the settings `app_id` and `app_secret`.
    """

    name = "authorized_advertisers"
    path = AUTHORIZED_ADVERTISERS_PATH
    permission = "100 Read Ad Account Information"
    primary_keys = ("advertiser_id",)
    plan_class = AppCredentialsPlan


def add_bc_id(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw Business Center with its id as a column."""
    raw["bc_id"] = raw.get("bc_id") or (raw.get("bc_info") or {}).get("bc_id")
    return add_advertiser(raw, task)


class BusinessCenters(UnpartitionedStream):
    """One record per Business Center of the token's user.

    The fields come from a third-party SDK.
    """

    name = "business_centers"
    path = "/bc/get/"
    permission = "150 Read Business Center"
    primary_keys = ("bc_id",)
    page_size = 50
    flatten = staticmethod(add_bc_id)


class BusinessCenterStream(DependentStream):
    """Records of each Business Center."""

    per_advertiser = False
    source_column = SourceColumn("business_centers.bc_id", parameter="bc_id")
    page_size: t.ClassVar[int | None] = 50


class BcAdvertisers(BusinessCenterStream):
    """One record per ad account among the assets of each Business Center."""

    name = "bc_advertisers"
    path = "/bc/asset/get/"
    permission = "153 Business Center Asset"
    primary_keys = ("bc_id", "asset_id")

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {"asset_type": "ADVERTISER"}


class BcAdvertiserBalances(BusinessCenterStream):
    """One record per ad account of each Business Center, with its balances.

    The fields come from a third-party SDK.
    """

    name = "bc_advertiser_balances"
    path = "/advertiser/balance/get/"
    permission = "152 Ad Account Balance and Transaction"
    primary_keys = ("bc_id", "advertiser_id")
    records_field = "advertiser_account_list"


class Catalogs(BusinessCenterStream):
    """One record per product catalog of each Business Center.

    The fields come from a third-party SDK.
    """

    name = "catalogs"
    path = "/catalog/get/"
    permission = "900 Read Catalogs"
    primary_keys = ("bc_id", "catalog_id")
    page_size = 100
