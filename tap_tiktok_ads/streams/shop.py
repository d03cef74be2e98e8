"""TikTok Shop: stores, and GMV Max campaigns and their report."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.hosts import GMV_MAX_REPORT_PATH
from tap_tiktok_ads.extract.deletions import DELETED_AT
from tap_tiktok_ads.streams.details import DetailStream
from tap_tiktok_ads.streams.gmv_max import GmvMaxReportStream
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


class GmvMaxCampaigns(DetailStream):
    """GMV Max campaigns for products and livestreams, with budget, bid, shop and schedule.

    The list has nine columns. The others take one request per campaign that has changed since the
    bookmark, and none if they are not selected. A campaign whose details TikTok denies or rejects
    is written with the columns of the list, and the next run requests them again.
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

    One request per shop and type. Shops whose `is_gmv_max_available` is false are not requested.
    Shops without this flag are requested. A type that TikTok rejects for a shop is skipped with a
    warning, and the next run reads its days again. Metrics of LIVE campaigns are null in others.
    TikTok limits these requests apart from all others. Some apps may reach this report at v2.0
    only (uncertain). The tap uses v1.3.
    """

    name = "gmv_max_report"
    path = GMV_MAX_REPORT_PATH
    primary_keys = ("advertiser_id", "store_id", "campaign_id", "stat_time_day")
