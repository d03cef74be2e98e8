"""Endpoints of creative assets, audiences, pages and tools."""

from __future__ import annotations

import typing as t

from .endpoint_types import ADVERTISER, DATE, FLAG, ID, ORDER, TEXT, Endpoint, ids, pages, texts
from .parameters import Array, Integer, Number, Object, one_of

if t.TYPE_CHECKING:
    from .parameters import Type

BUSINESS_TYPES = (
    "LEAD_GEN STORE_FRONT APP_PROFILE_PAGE TIKTOK_INSTANT_PAGE SHOP_ADS_PLP SHOP_ADS_PDP "
    "POP_UP_FORM"
)
ASSET_FILTER: dict[str, Type] = {
    "material_ids": ids(),
    "displayable": FLAG,
    "width": Integer(),
    "height": Integer(),
    "ratio": Array(Number()),
}
CARD_TYPES = "CARD COUNTDOWN_STICKER CTA DOWNLOAD_CARD GESTURE PREMIUM_BADGE STICKER"
ASSETS = (
    Endpoint(
        "GET",
        "/file/image/ad/search/",
        "1740052016789506",
        {
            **ADVERTISER,
            **pages(100),
            "filtering": Object({**ASSET_FILTER, "image_ids": texts(maximum=100)}),
        },
    ),
    Endpoint(
        "GET",
        "/file/video/ad/search/",
        "1740050472224769, go file/video/ad_search",
        {
            **ADVERTISER,
            **pages(100),
            "sort_field": one_of("CREATE_TIME MODIFY_TIME"),
            "filtering": Object(
                {
                    **ASSET_FILTER,
                    "video_ids": texts(maximum=100),
                    "video_name": TEXT,
                    "video_material_sources": texts(),
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/file/music/get/",
        "go file/music/get",
        {
            **ADVERTISER,
            **pages(1000),
            "music_scene": one_of("CREATIVE_ASSET CAROUSEL_ADS CATALOG_CAROUSEL"),
            "search_type": TEXT,
            "filtering": Object({}),
        },
    ),
    Endpoint(
        "GET",
        "/tt_video/list/",
        "go ttvideo/list",
        {
            **ADVERTISER,
            **pages(50),
            "item_types": texts("VIDEO CAROUSEL"),
            "keyword": TEXT,
        },
    ),
    Endpoint(
        "GET",
        "/identity/get/",
        "sdk IdentityApi, go identity/get",
        {
            **ADVERTISER,
            **pages(100),
            "identity_type": one_of("CUSTOMIZED_USER AUTH_CODE TT_USER BC_AUTH_TT"),
            "identity_authorized_bc_id": ID,
            "filtering": Object({"keyword": TEXT}),
        },
    ),
    Endpoint(
        "GET",
        "/creative/portfolio/list/",
        "yml creative_portfolio_list",
        {
            **ADVERTISER,
            **pages(100),
            "filtering": Object(
                {"creative_portfolio_ids": ids(), "creative_portfolio_types": texts(CARD_TYPES)}
            ),
        },
    ),
    Endpoint(
        "GET",
        "/playable/get/",
        "sdk CreativeManagementApi",
        {
            **ADVERTISER,
            **pages(None),
            "playable_id": ID,
            "playable_url": TEXT,
            "playable_name": TEXT,
            "status": TEXT,
            "operation_status": TEXT,
        },
    ),
    Endpoint(
        "GET",
        "/dmp/custom_audience/list/",
        "yml dmp_custom_audience_list",
        {**ADVERTISER, **pages(100), "custom_audience_ids": ids(100)},
    ),
    Endpoint(
        "GET",
        "/dmp/saved_audience/list/",
        "yml dmp_saved_audience_list",
        {**ADVERTISER, **pages(100), "saved_audience_ids": ids(100)},
    ),
    Endpoint("GET", "/pangle_audience_package/get/", "sdk AccountManagementApi", ADVERTISER),
    Endpoint(
        "GET",
        "/page/get/",
        "go page/get",
        {
            "advertiser_id": ID,
            "library_id": ID,
            **pages(100),
            "page_status": one_of("EDITED PUBLISHED"),
            "title": TEXT,
            "update_time_range": Object({"start": TEXT, "end": TEXT}),
            "business_type": one_of(BUSINESS_TYPES),
            "business_types": texts(BUSINESS_TYPES),
        },
    ),
)

TOOLS = (
    Endpoint("GET", "/user/info/", "fact sheet 2.2", {}),
    Endpoint(
        "GET",
        "/oauth2/advertiser/get/",
        "sdk AuthenticationApi",
        {"app_id!": TEXT, "secret!": TEXT},
    ),
    Endpoint(
        "GET",
        "/advertiser/info/",
        "yml advertiser_info",
        {"advertiser_ids!": ids(100), "fields": texts()},
    ),
    Endpoint(
        "GET", "/app/list/", "sdk AppManagementApi", {**ADVERTISER, "app_platform_ids": texts()}
    ),
    Endpoint("GET", "/ad/review_info/", "fact sheet 4.7", {**ADVERTISER, "ad_ids!": ids(100)}),
    Endpoint(
        "GET",
        "/pixel/list/",
        "yml pixel_list",
        {
            **ADVERTISER,
            **pages(20),
            "pixel_id": ID,
            "code": TEXT,
            "name": TEXT,
            "order_by": one_of("LATEST_CREATE EARLIEST_CREATE"),
            "filtering": Object({"available_for_catalog_only": FLAG}),
        },
    ),
    Endpoint(
        "GET",
        "/pixel/event/stats/",
        "yml pixel_event_stats, go pixel/event_stats",
        {
            **ADVERTISER,
            "pixel_ids!": ids(10),
            "date_range!": Object({"start_date!": DATE, "end_date!": DATE}),
        },
    ),
    Endpoint(
        "GET",
        "/tool/diagnosis/get/",
        "go tool/diagnosis_get",
        {
            **ADVERTISER,
            "filtering": Object(
                {
                    "adgroup_ids": ids(20),
                    "issue_category": texts("CREATIVE BID_AND_BUDGET EVENT_TRACK"),
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/comment/list/",
        "yml comment_list, go comment/list",
        {
            **ADVERTISER,
            **pages(100),
            "start_time!": DATE,
            "end_time!": DATE,
            "search_field!": one_of("ADGROUP_ID"),
            "search_value!": ID,
            "sort_field": one_of("CREATE_TIME LIKES REPLIES SMART"),
            "sort_type": ORDER,
            "comment_type": texts("ALL COMMENT REPLY"),
            "comment_status": texts("ALL HIDDEN PUBLIC"),
        },
    ),
    Endpoint(
        "GET",
        "/optimizer/rule/list/",
        "yml optimizer_rule_list",
        {
            **ADVERTISER,
            **pages(None),
            "tzone": TEXT,
            "filtering": Object(
                {
                    "action": TEXT,
                    "data_dimension": TEXT,
                    "rule_info": texts(),
                    "status": TEXT,
                    "time": texts(),
                }
            ),
        },
    ),
)
