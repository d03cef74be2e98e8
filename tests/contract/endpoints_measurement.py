"""Endpoints of event sets, conversions and events, and of the contents of catalogs."""

from __future__ import annotations

import typing as t

from .endpoint_types import ADVERTISER, CENTER, FLAG, ID, ORDER, TEXT, Endpoint, ids, pages, texts
from .parameters import Array, Object, one_of

if t.TYPE_CHECKING:
    from .parameters import Type

GOALS = (
    "ANCHOR_CLICK ANCHOR_CLICK_PURCHASE AUTOMATED_VALUE CLICK CONVERSATION CONVERT",
    "CONVERSION_LEADS DESTINATION_VISIT ENGAGED_VIEW ENGAGED_VIEW_FIFTEEM FOLLOWERS INSTALL",
    "IN_APP_EVENT LEAD_GENERATION MESSAGE MT_LIVE_FOLLOW MT_LIVE_ROOM MT_LIVE_SHOPPING PAGE_VISIT",
    "POST_ENGAGEMNT PREFERRED_LEAD PRODUCT_CLICK_IN_LIVE PROFILE_VIEWS REACH SHOW",
    "TRAFFIC_LANDING_PAGE_VIEW VALUE VIDEO_VIEW",
)
CATALOG: dict[str, Type] = {**CENTER, "catalog_id!": ID}
MEASUREMENT = (
    Endpoint(
        "GET",
        "/search_ad/negative_keyword/get/",
        "1775104887052289, go searchad/negativekeyword/get",
        {**ADVERTISER, **pages(50), "object_type!": one_of("CAMPAIGN ADGROUP"), "object_id!": ID},
    ),
    Endpoint(
        "GET",
        "/offline/get/",
        "1765596808589313, yml offline_get",
        {"advertiser_id": ID, "event_set_ids": texts(), "name": TEXT},
    ),
    Endpoint(
        "GET",
        "/crm/list/",
        "go event/crm_list",
        {**ADVERTISER, "event_set_ids": ids(50), "name": TEXT},
    ),
    Endpoint(
        "GET",
        "/custom_conversion/list/",
        "go customconversion/list",
        {
            **ADVERTISER,
            **pages(1000),
            "event_source_type!": one_of("PIXEL APP"),
            "event_source_id!": ID,
            "search_keyword": TEXT,
            "sort_field": one_of("CREATE_TIME TOTAL_COUNT"),
            "sort_type": ORDER,
        },
    ),
    Endpoint(
        "GET",
        "/app/optimization_event/",
        "1740859338750977, yml app_optimization_event",
        {
            **ADVERTISER,
            "app_id!": ID,
            "optimization_goal!": one_of(*GOALS),
            "placement": texts(),
            "placement_type": one_of("PLACEMENT_TYPE_AUTOMATIC PLACEMENT_TYPE_NORMAL"),
            "objective": TEXT,
            "available_only": FLAG,
            "is_skan": FLAG,
            "app_promotion_type": one_of("APP_INSTALL APP_PREREGISTRATION APP_RETARGETING UNSET"),
        },
    ),
    Endpoint(
        "GET",
        "/pixel/instant_page/event/",
        "go pixel/instant_page_event",
        {
            **ADVERTISER,
            "objective_type!": one_of("CONVERSIONS WEB_CONVERSIONS APP_PROMOTION"),
            "optimization_goal!": one_of(*GOALS),
            "is_retargeting": FLAG,
        },
    ),
)
CATALOGS = (
    Endpoint(
        "GET",
        "/catalog/product/get/",
        "go catalog/product/get",
        {
            **CATALOG,
            **pages(500),
            "product_ids": ids(1000),
            "sku_ids": Array(TEXT, 1000),
            "product_set_ids": ids(100),
            "order": Object({}),
            "conditions": Object({}),
        },
    ),
    Endpoint(
        "GET",
        "/catalog/set/get/",
        "1740570556295169, yml catalog_set_get",
        {**CATALOG, "product_set_id": ID, "return_product_count": FLAG},
    ),
    Endpoint(
        "GET",
        "/catalog/feed/get/",
        "1740665183073281, yml catalog_feed_get",
        {**CATALOG, "feed_id": ID},
    ),
    Endpoint(
        "GET",
        "/diagnostic/catalog/",
        "go catalog/diagnostic/catalog",
        {
            **CATALOG,
            **pages(20),
            "feed_id": TEXT,
            "lang": TEXT,
            "filtering": Object(
                {
                    "issue_level": one_of("CRITICAL WARNING"),
                    "issue_category": one_of(
                        "PRODUCT_ATTRIBUTES PRODUCT_REVIEW CATALOG PIXEL_OR_EVENT",
                        "FILE_UPLOAD_OR_FEED",
                    ),
                }
            ),
        },
    ),
)
