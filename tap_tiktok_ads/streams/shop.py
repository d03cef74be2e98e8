"""TikTok Shop: stores, and GMV Max campaigns and their reports."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.hosts import GMV_MAX_REPORT_PATH
from tap_tiktok_ads.extract.deletions import DELETED_AT
from tap_tiktok_ads.streams.details import DetailStream
from tap_tiktok_ads.streams.gmv_max import TYPE_COLUMN, GmvMaxReportStream
from tap_tiktok_ads.streams.listing import ListStream

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: The columns of `/gmv_max/campaign/get/`, and the column that the tap adds.
GMV_MAX_LIST_COLUMNS = frozenset(
    {
        *("advertiser_id", "campaign_id", "campaign_name", "operation_status", "create_time"),
        *("modify_time", "objective_type", "secondary_status"),
        *("roi_protection_compensation_status", DELETED_AT),
    }
)


class Stores(ListStream):
    """One record per TikTok Shop of the advertiser. The fields come from a third-party SDK."""

    name = "stores"
    path = "/store/list/"
    permission = "19000000"
    primary_keys = ("advertiser_id", "store_id")
    records_field = "stores"
    selected_by_default = False


class GmvMaxStores(ListStream):
    """One record per TikTok Shop that GMV Max campaigns can promote.

    The fields come from TikTok's OpenAPI file.
    """

    name = "gmv_max_stores"
    path = "/gmv_max/store/list/"
    primary_keys = ("advertiser_id", "store_id")
    records_field = "store_list"
    selected_by_default = False


class GmvMaxCampaigns(DetailStream):
    """One record per GMV Max campaign for products or livestreams.

    TikTok's list has nine columns. Other columns, such as budget, bid, shop and schedule, take one
    request per campaign that changed since the bookmark. If they are deselected, no request is
    sent. If TikTok denies or rejects the details of a campaign, the record has the columns of the
    list. The next run requests the details again.
    """

    name = "gmv_max_campaigns"
    path = "/gmv_max/campaign/get/"
    detail_path, id_column = "/campaign/gmv_max/info/", "campaign_id"
    list_columns = GMV_MAX_LIST_COLUMNS
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    page_size = 100
    filtering: t.ClassVar[Mapping[str, t.Any]] = {
        "gmv_max_promotion_types": ["PRODUCT_GMV_MAX", "LIVE_GMV_MAX"]
    }


class GmvMaxReport(GmvMaxReportStream):
    """Daily performance of each GMV Max campaign, by TikTok Shop and promotion type.

    Each shop and type takes one request. Shops whose `is_gmv_max_available` is false are not
    requested. Shops without this flag are requested. A type that TikTok rejects for a shop is
    skipped with a warning. The next run re-reads its days. Metrics of LIVE campaigns are null in
    other campaigns. TikTok has a separate rate limit for these requests. The tap uses v1.3. Some
    apps may have access to this report at v2.0 only (uncertain).
    """

    name = "gmv_max_report"
    path = GMV_MAX_REPORT_PATH
    primary_keys = ("advertiser_id", "store_id", "campaign_id", "stat_time_day")
    added_columns = (TYPE_COLUMN,)


class GmvMaxReportHourly(GmvMaxReportStream):
    """Hourly performance of each GMV Max campaign, in the advertiser's time zone.

    Each day, shop and promotion type takes one request. Otherwise as `gmv_max_report`.
    """

    name = "gmv_max_report_hourly"
    path = GMV_MAX_REPORT_PATH
    replication_key, window_days = "stat_time_hour", 1
    primary_keys = ("advertiser_id", "store_id", "campaign_id", "stat_time_hour")
