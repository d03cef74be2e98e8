"""TikTok Shop: stores, and GMV Max campaigns and their report."""

from __future__ import annotations

import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import GMV_MAX_REPORT_PATH
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    LookupTask,
    SourceColumn,
    add_lookup_value,
)
from tap_tiktok_ads.streams.listing import ListStream
from tap_tiktok_ads.streams.reports.placeholders import Placeholders

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.source import Source


class Stores(ListStream):
    """TikTok Shops of the advertiser. Fields as a third-party SDK has them."""

    name = "stores"
    path = "/store/list/"
    permission = "19000000"
    primary_keys = ("advertiser_id", "store_id")
    records_field = "stores"
    selected_by_default = False


class GmvMaxStores(ListStream):
    """TikTok Shops that GMV Max campaigns may promote. Fields as in TikTok's OpenAPI file."""

    name = "gmv_max_stores"
    path = "/gmv_max/store/list/"
    primary_keys = ("advertiser_id", "store_id")
    records_field = "store_list"
    selected_by_default = False


class GmvMaxCampaigns(ListStream):
    """GMV Max campaigns for products and live rooms. Fields as a third-party SDK has them."""

    name = "gmv_max_campaigns"
    path = "/gmv_max/campaign/get/"
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    page_size = 100
    # inferred: the filter is required in practice
    filtering: t.ClassVar[Mapping[str, t.Any]] = {
        "gmv_max_promotion_types": ["PRODUCT_GMV_MAX", "LIVE_GMV_MAX"]
    }
    selected_by_default = False


def flatten_gmv_max_record(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the dimensions and metrics of a GMV Max report record with its store."""
    values = task.values if isinstance(task, LookupTask) else {}
    store_ids = next(iter(values.values()), [None])
    record = {
        "store_id": store_ids[0],
        **(raw.get("dimensions") or {}),
        **(raw.get("metrics") or {}),
    }
    return add_lookup_value(record, task)


class GmvMaxReportStream(DependentStream):
    """A daily report of GMV Max, requested store by store."""

    replication_key = "stat_time_day"
    page_size = 1000
    window_days = 30
    delay_hours = 11  # of net_cost
    source_column = SourceColumn("gmv_max_stores.store_id", parameter="store_ids", batch_size=1)
    flatten = staticmethod(flatten_gmv_max_record)

    @functools.cached_property
    @override
    def source(self) -> Source:
        source = super().source
        placeholders = Placeholders(self.replication_key, self.warnings)
        source.flatten = placeholders.dropped_by(source.flatten)
        return source

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        dimensions = (*self.primary_keys, "currency")
        metrics = [name for name in self.schema["properties"] if name not in dimensions]
        selected = [name for name in metrics if self.mask["properties", name]]
        params = {
            "dimensions": ["campaign_id", "stat_time_day"],
            "metrics": selected or metrics[:1],
        }
        days = {"start_date": str(window.start), "end_date": str(window.end)} if window else {}
        return params | days


class GmvMaxReport(GmvMaxReportStream):
    """Daily performance of each GMV Max campaign in each TikTok Shop.

    TikTok limits these requests apart from all others. Fields as a third-party SDK has them.
    """

    name = "gmv_max_report"
    path = GMV_MAX_REPORT_PATH
    primary_keys = ("advertiser_id", "store_id", "campaign_id", "stat_time_day")
