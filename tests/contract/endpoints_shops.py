"""Endpoints of shops, GMV Max and Business Centers."""

from __future__ import annotations

from .endpoint_types import (
    ADVERTISER,
    CENTER,
    CREATION_TIMES,
    DATE,
    FLAG,
    ID,
    ORDER,
    TEXT,
    TIME,
    Endpoint,
    ids,
    pages,
    texts,
)
from .parameters import Array, Object, one_of

GMV_TYPES = "PRODUCT_GMV_MAX LIVE_GMV_MAX"
GMV_STATUSES = "STATUS_DELIVERY_OK STATUS_DISABLE STATUS_DELETE STATUS_NOT_DELIVERY STATUS_ALL"
CREATIVE_STATUSES = (
    "IN_QUEUE LEARNING DELIVERING NOT_DELIVERYING AUTHORIZATION_NEEDED EXCLUDED",
    "UNAVAILABLE REJECTED NOT_ACTIVE",
)
GMV_FILTER = Object(
    {
        "gmv_max_promotion_types": texts("PRODUCT LIVE", maximum=2),
        "campaign_ids": ids(100),
        "campaign_name": TEXT,
        "campaign_statuses": texts(GMV_STATUSES),
        "creative_delivery_statuses": texts(*CREATIVE_STATUSES),
        "creative_types": texts("ADS_AND_ORGANIC ORGANIC REMOVED", maximum=1),
        "item_group_ids": ids(100),
        "item_ids": ids(100),
        "room_ids": ids(100),
        "search_word": TEXT,
    }
)
SHOP = (
    Endpoint(
        "GET",
        "/store/list/",
        "go store/list",
        {**ADVERTISER, "store_id": ID, "store_type": one_of("TIKTOK_SHOP")},
    ),
    Endpoint("GET", "/gmv_max/store/list/", "yml gmv_max_store_list", ADVERTISER),
    Endpoint(
        "GET",
        "/gmv_max/campaign/get/",
        "1826463372290177",
        {
            **ADVERTISER,
            **pages(100),
            "fields": texts(),
            "filtering!": Object(
                {
                    "gmv_max_promotion_types!": texts(GMV_TYPES),
                    "store_ids": ids(10),
                    "campaign_ids": ids(100),
                    "campaign_name": TEXT,
                    "primary_status": one_of("STATUS_DELIVERY_OK STATUS_DISABLE STATUS_DELETE"),
                    **CREATION_TIMES,
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/campaign/gmv_max/info/",
        "yml campaign_gmv_max_info",
        {**ADVERTISER, "campaign_id!": ID},
    ),
    Endpoint(
        "GET",
        "/campaign/gmv_max/session/list/",
        "yml campaign_gmv_max_session_list, 1835246996436162",
        {**ADVERTISER, "campaign_id!": ID},
    ),
    Endpoint(
        "GET",
        "/campaign/gmv_max/session/get/",
        "yml campaign_gmv_max_session_get, 1835247031331842",
        {**ADVERTISER, "session_ids!": ids(20)},
    ),
    Endpoint(
        "GET",
        "/gmv_max/report/get/",
        "yml gmv_max_report_get, 1824721673497601",
        {
            **ADVERTISER,
            **pages(1000),
            "store_ids!": ids(1),
            "dimensions!": Array(
                one_of(
                    "advertiser_id campaign_id stat_time_day stat_time_hour item_group_id item_id",
                    "room_id duration",
                ),
                4,
            ),
            "metrics!": texts(maximum=100),
            "start_date!": DATE,
            "end_date!": DATE,
            "enable_total_metrics": FLAG,
            "filtering": GMV_FILTER,
            "sort_field": TEXT,
            "sort_type": ORDER,
        },
    ),
)

FUNDS = texts("FUNDS_TYPE_CASH FUNDS_TYPE_GRANT")
BUSINESS_CENTERS = (
    Endpoint(
        "GET",
        "/bc/get/",
        "yml bc_get",
        {
            **pages(50),
            "bc_id": ID,
            "scene": one_of("SINGLE_ACCOUNT TIERED_ACCOUNT"),
            "filtering": Object({"keyword": TEXT, "keyword_type": TEXT, "relation_type": TEXT}),
        },
    ),
    Endpoint(
        "GET",
        "/bc/asset/get/",
        "yml bc_asset_get",
        {
            **CENTER,
            **pages(50),
            "child_bc_id": ID,
            "asset_type!": one_of(
                "ADVERTISER CATALOG DOMAIN LEAD PIXEL STOREFRONT TIKTOK_SHOP TT_ACCOUNT"
            ),
            "filtering": Object({"keyword": TEXT, "user_email": TEXT, "user_id": TEXT}),
        },
    ),
    Endpoint(
        "GET",
        "/advertiser/balance/get/",
        "sdk FilteringAdvertiserBalanceGet",
        {
            **CENTER,
            **pages(50),
            "child_bc_id": ID,
            "filtering": Object({"advertiser_status": texts(), "keyword": TEXT}),
        },
    ),
    Endpoint(
        "GET",
        "/advertiser/transaction/get/",
        "sdk FilteringAdvertiserTransactionGet",
        {
            **CENTER,
            **pages(50),
            "filtering": Object(
                {
                    "transfer_type": one_of(
                        "TRANS_TYPE_TRANSFER TRANS_TYPE_TAX TRANS_TYPE_COST", "TRANS_TYPE_PAYMENT"
                    ),
                    "funds_type": FUNDS,
                    "summary_by_account": FLAG,
                    "keyword": TEXT,
                    "start_date": DATE,
                    "end_date": DATE,
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/bc/transaction/get/",
        "yml bc_transaction_get",
        {
            **CENTER,
            **pages(50),
            "start_date": DATE,
            "end_date": DATE,
            "filtering": Object({"funds_type": FUNDS}),
        },
    ),
    Endpoint(
        "GET",
        "/bc/account/transaction/get/",
        "yml bc_account_transaction_get",
        {
            **pages(50),
            "bc_id": ID,
            "child_bc_id": ID,
            "transaction_level": one_of("ADVERTISER BC"),
            "filtering": Object(
                {
                    "account_ids": ids(100),
                    "account_name": TEXT,
                    "billing_types": texts("CASH CREDIT"),
                    "owner_of_account": texts(),
                    "transaction_types": texts(),
                    "start_time": TIME,
                    "end_time": TIME,
                }
            ),
        },
    ),
    Endpoint("GET", "/catalog/get/", "yml catalog_get", {**CENTER, **pages(100), "catalog_id": ID}),
)
