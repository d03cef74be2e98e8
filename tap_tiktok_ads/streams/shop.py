"""TikTok Shop: stores, and GMV Max campaigns and their report."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import GMV_MAX_REPORT_PATH
from tap_tiktok_ads.streams.base import EntityStream
from tap_tiktok_ads.streams.lookup import DependentStream, LookupTask

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Task


class Stores(EntityStream):
    """TikTok Shops of the advertiser. Fields as a third-party SDK has them."""

    name = "stores"
    path = "/store/list/"
    permission = "19000000"
    primary_keys = ("advertiser_id", "store_id")
    records_field = "stores"
    selected_by_default = False


class GmvMaxStores(EntityStream):
    """TikTok Shops that GMV Max campaigns may promote. Fields as in TikTok's OpenAPI file."""

    name = "gmv_max_stores"
    path = "/gmv_max/store/list/"
    primary_keys = ("advertiser_id", "store_id")
    records_field = "store_list"
    selected_by_default = False


class GmvMaxCampaigns(EntityStream):
    """GMV Max campaigns for products and live rooms. Fields as a third-party SDK has them."""

    name = "gmv_max_campaigns"
    path = "/gmv_max/campaign/get/"
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    page_size = 100
    selected_by_default = False

    @override
    def listing(
        self, advertiser: Advertiser, page_size: int | None, filtering: dict[str, t.Any]
    ) -> Request:
        kinds = ["PRODUCT_GMV_MAX", "LIVE_GMV_MAX"]  # inferred: the filter is required in practice
        filtering = {**filtering, "gmv_max_promotion_types": kinds}
        return super().listing(advertiser, page_size, filtering)


class GmvMaxReport(DependentStream):
    """Daily performance of each GMV Max campaign in each TikTok Shop.

    TikTok limits these requests apart from all others. Fields as a third-party SDK has them.
    """

    name = "gmv_max_report"
    path = GMV_MAX_REPORT_PATH
    primary_keys = ("advertiser_id", "store_id", "campaign_id", "stat_time_day")
    replication_key = "stat_time_day"
    page_size = 1000
    window_days = 30
    source = "gmv_max_stores.store_id"
    parameter = "store_ids"
    batch = 1

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        days = {"start_date": str(window.start), "end_date": str(window.end)} if window else {}
        keys = (*self.primary_keys, "currency")
        metrics = [name for name in self.schema["properties"] if name not in keys]
        asked = {"dimensions": ["campaign_id", "stat_time_day"], "metrics": metrics}
        return {**super().params(advertiser, window), **asked, **days}

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        store = task.values[self.source][0] if isinstance(task, LookupTask) else None
        row = {"store_id": store, **(raw.get("dimensions") or {}), **(raw.get("metrics") or {})}
        return super().flatten(row, task)
