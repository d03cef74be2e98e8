"""The endpoints beyond campaigns, ads and their reports: assets, shops, Business Centers."""

from __future__ import annotations

from dataclasses import replace

from .params import (
    ADVERTISER,
    FLAG,
    ID,
    MAX_LEVEL_IDS,
    TEXT,
    Endpoint,
    Param,
    filters,
    ids,
    pages,
    strings,
)

DAY = Param("date")
NEEDED_DAY = Param("date", required=True)
CENTER = Param("id", required=True)
"""The `bc_id` of a Business Center."""

DIAGNOSED = 20
PIXELS_IN_STATISTICS = 10
MATERIAL_IDS, SETTING_IDS = 200, 400

MATERIAL_TYPES = (
    "VIDEO_NON_SPARK_ADS",
    "VIDEO_SPARK_ADS",
    "CAROUSEL_NON_SPARK_ADS",
    "CAROUSEL_SPARK_ADS",
    "SINGLE_IMAGE_NON_SPARK_ADS",
    "CATALOG_VIDEO",
    "CATALOG_VIDEO_TEMPLATE",
    "CATALOG_CAROUSEL",
    "CATALOG_MULTI_SHOW",
)
SETTINGS = ("ad_text_entity_id", "call_to_action_entity_id", "interactive_add_on_entity_id")
OVER_SETTINGS = ("advertiser_id", "campaign_id", "adgroup_id", "smart_plus_ad_id")
MATERIAL_TIMES = ("stat_time_hour", "stat_time_day", "stat_time_week", "stat_time_month")
_ORDER = Param(default="DESC", enum=("ASC", "DESC"))


def _materials(dimensions: Param) -> dict[str, Param]:
    """Return what both reports on the materials of Smart+ ads take."""
    return {
        "advertiser_id": ADVERTISER,
        "dimensions": dimensions,
        "metrics": replace(strings(), default=["spend"]),
        "filtering": filters(
            campaign_ids=ids(MATERIAL_IDS),
            adgroup_ids=ids(MATERIAL_IDS),
            smart_plus_ad_ids=ids(MATERIAL_IDS),
            main_material_ids=replace(strings(SETTING_IDS), low=1),
            main_material_types=replace(strings(len(MATERIAL_TYPES), MATERIAL_TYPES), low=1),
            **{f"{name}s": ids(SETTING_IDS) for name in SETTINGS},
        ),
        "sort_field": replace(TEXT, default="spend"),
        "sort_type": _ORDER,
        **pages(100),
    }


PORTFOLIO_TYPES = (
    "CARD",
    "COUNTDOWN_STICKER",
    "CTA",
    "DESTINATION_CARD",
    "DOWNLOAD_CARD",
    "FLIGHT_CARD",
    "GESTURE",
    "GIFTCODE_STICKER",
    "HOTEL_CARD",
    "INVENTORY_CARD",
    "LIVE_REMINDER_COUNTDOWN_STICKER",
    "MEDIA_CARD",
    "PREMIUM_BADGE",
    "PRODUCT_CARD",
    "PRODUCT_SHOWCASE_TILE",
    "PRODUCT_TILE",
    "REMINDER_COUNTDOWN_STICKER",
    "SUPER_LIKE",
    "WEB_INFO_CARD",
)
IDENTITY_TYPES = ("CUSTOMIZED_USER", "AUTH_CODE", "TT_USER", "BC_AUTH_TT")
BUSINESS_TYPES = ("LEAD_GEN",)
PLAYABLE_STATUSES = (
    "VALIDATING",
    "VALIDATE_FAIL",
    "VALIDATE_SUCCESS",
    "AUDIT_FAIL",
    "AUDIT_SUCCESS",
)
ASSET_TYPES = (
    "ADVERTISER",
    "CATALOG",
    "LEAD",
    "PIXEL",
    "STOREFRONT",
    "TIKTOK_SHOP",
    "TT_ACCOUNT",
)
GMV_STATUSES = ("STATUS_DELETE", "STATUS_DELIVERY_OK", "STATUS_DISABLE", "STATUS_NOT_DELIVERY")
GMV_TYPES = ("PRODUCT_GMV_MAX", "LIVE_GMV_MAX")

BEYOND: dict[str, Endpoint] = {
    "/smart_plus/material_report/overview/": Endpoint(
        {
            **_materials(
                Param(
                    "array",
                    required=True,
                    low=2,
                    high=2,
                    item=Param(enum=(*OVER_SETTINGS, "main_material_id", *SETTINGS)),
                ),
            ),
            "start_date": DAY,
            "end_date": DAY,
            "query_lifetime": replace(FLAG, default=False),
        },
    ),
    "/smart_plus/material_report/breakdown/": Endpoint(
        {
            **_materials(
                Param(
                    "array",
                    required=True,
                    low=1,
                    high=5,
                    item=Param(enum=("main_material_id", *SETTINGS, *MATERIAL_TIMES)),
                ),
            ),
            "start_date": NEEDED_DAY,
            "end_date": NEEDED_DAY,
        },
    ),
    "/tool/diagnosis/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": filters(
                adgroup_ids=ids(DIAGNOSED),
                issue_category=strings(enum=("CREATIVE", "BID_AND_BUDGET", "EVENT_TRACK")),
            ),
        },
    ),
    "/ad/review_info/": Endpoint(
        {"advertiser_id": ADVERTISER, "ad_ids": ids(MAX_LEVEL_IDS, required=True)},
    ),
    "/gmv_max/store/list/": Endpoint({"advertiser_id": ADVERTISER}),
    "/store/list/": Endpoint({"advertiser_id": ADVERTISER}),
    "/gmv_max/campaign/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": Param(
                "object",
                required=True,
                keys={
                    "gmv_max_promotion_types": replace(
                        strings(len(GMV_TYPES), GMV_TYPES), required=True, low=1
                    ),
                    "store_ids": ids(),
                },
            ),
            **pages(100),
        },
    ),
    "/gmv_max/report/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "store_ids": ids(1, required=True),
            "dimensions": replace(strings(3), required=True, low=1),
            "metrics": replace(strings(100), required=True, low=1),
            "enable_total_metrics": replace(FLAG, default=False),
            "start_date": NEEDED_DAY,
            "end_date": NEEDED_DAY,
            "filtering": filters(
                campaign_ids=ids(),
                campaign_name=TEXT,
                campaign_statuses=strings(4, GMV_STATUSES),
                gmv_max_promotion_types=strings(2, ("PRODUCT", "LIVE")),
                item_group_ids=ids(),
                item_ids=ids(),
                room_ids=ids(),
            ),
            "sort_field": TEXT,
            "sort_type": _ORDER,
            **pages(1000),
        },
    ),
    "/catalog/get/": Endpoint({"bc_id": CENTER, "catalog_id": ID, **pages(100)}),
    "/bc/get/": Endpoint(
        {
            "bc_id": ID,
            "scene": Param(default="SINGLE_ACCOUNT", enum=("SINGLE_ACCOUNT", "TIERED_ACCOUNT")),
            "filtering": filters(
                keyword=TEXT,
                keyword_type=Param(enum=("ASSET", "MEMBER", "PARTNER", "TIER")),
                relation_type=Param(enum=("CHILD", "PARENT")),
            ),
            **pages(50),
        },
    ),
    "/bc/asset/get/": Endpoint(
        {
            "bc_id": CENTER,
            "asset_type": Param(required=True, enum=ASSET_TYPES),
            "child_bc_id": ID,
            "filtering": filters(keyword=TEXT, user_email=TEXT, user_id=TEXT),
            **pages(50),
        },
    ),
    "/advertiser/balance/get/": Endpoint({"bc_id": CENTER, **pages(50)}),
    "/advertiser/transaction/get/": Endpoint(
        {"bc_id": CENTER, "filtering": filters(start_date=DAY, end_date=DAY), **pages(50)},
    ),
    "/bc/transaction/get/": Endpoint(
        {
            "bc_id": CENTER,
            "filtering": filters(funds_type=strings(enum=("FUNDS_TYPE_CASH", "FUNDS_TYPE_GRANT"))),
            "start_date": DAY,
            "end_date": DAY,
            **pages(50),
        },
    ),
    "/file/music/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "music_scene": Param(
                default="CREATIVE_ASSET",
                enum=("CREATIVE_ASSET", "CAROUSEL_ADS", "CATALOG_CAROUSEL"),
            ),
            **pages(1000, 1000),
        },
    ),
    "/creative/portfolio/list/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": filters(
                creative_portfolio_ids=ids(),
                creative_portfolio_types=strings(enum=PORTFOLIO_TYPES),
            ),
            **pages(100, 20),
        },
    ),
    "/tt_video/list/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "item_types": strings(enum=("VIDEO", "CAROUSEL")),
            **pages(50, 20),
        },
    ),
    "/identity/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "identity_type": Param(enum=IDENTITY_TYPES),
            "identity_authorized_bc_id": ID,
            **pages(100, 20),
        },
    ),
    "/page/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "business_types": strings(enum=BUSINESS_TYPES),
            "update_time_range": Param(
                "object",
                default={},
                keys={
                    "start": Param("datetime", required=True),
                    "end": Param("datetime", required=True),
                },
            ),
            **pages(100),
        },
    ),
    "/playable/get/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "playable_id": ID,
            "playable_url": TEXT,
            "playable_name": TEXT,
            "status": Param(enum=PLAYABLE_STATUSES),
            "operation_status": Param(default="SAVED", enum=("UPLOADED", "SAVED", "DELETED")),
            **pages(500),
        },
    ),
    "/dmp/saved_audience/list/": Endpoint(
        {"advertiser_id": ADVERTISER, "saved_audience_ids": ids(), **pages(100)},
    ),
    "/app/list/": Endpoint({"advertiser_id": ADVERTISER, "app_platform_ids": strings()}),
    "/pixel/event/stats/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "pixel_ids": ids(PIXELS_IN_STATISTICS, required=True),
            "date_range": Param(
                "object",
                required=True,
                keys={"start_date": NEEDED_DAY, "end_date": NEEDED_DAY},
            ),
        },
    ),
    "/comment/list/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "search_field": Param(required=True, enum=("ADGROUP_ID",)),
            "search_value": Param("id", required=True),
            "start_time": Param(required=True),
            "end_time": Param(required=True),
            "sort_field": Param(
                default="CREATE_TIME", enum=("CREATE_TIME", "LIKES", "REPLIES", "SMART")
            ),
            "sort_type": _ORDER,
            "comment_type": strings(enum=("ALL", "COMMENT", "REPLY")),
            "comment_status": strings(enum=("ALL", "HIDDEN", "PUBLIC")),
            **pages(100),
        },
    ),
    "/optimizer/rule/list/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": Param("object", default={}),
            "tzone": replace(TEXT, default="UTC"),
            **pages(100),
        },
    ),
}
"""Endpoints by path; where no maximum is documented, that of the siblings stands."""
