"""Endpoints that have their own handler, except report endpoints.

`simple_list_endpoints.py` declares the endpoints that share the handler of simple lists.
"""

from __future__ import annotations

from dataclasses import replace

from .facts import ENUMS
from .params import (
    DAY,
    FLAG,
    ID,
    LEAD_REGION,
    MOMENT,
    REQUIRED_DAY,
    REQUIRED_ID,
    REQUIRED_TEXT,
    SORT_ORDER,
    TEXT,
    Endpoint,
    Param,
    ids,
    members,
    pages,
    required_members,
    strings,
)

MAX_DIAGNOSED_AD_GROUPS = 20
MAX_PIXELS_IN_STATISTICS = 10
MAX_DAYS_OF_PIXEL_STATISTICS = 30
MAX_SESSIONS = 20

PRIMARY_STATUS = Param(enum=ENUMS["primary_status"])
AUTOMATION = Param(enum=("MANUAL", "SMART_PLUS", "UPGRADED_SMART_PLUS"))
BUYING_TYPES = strings(enum=("AUCTION", "RESERVATION_RF", "RESERVATION_TOP_VIEW"))
ORIGINS = strings(enum=("TT_ADS_PLATFORM", "PROMOTE"))

CHANGE_LOG_MODULES = ("BIDDING_AND_OPTIMIZATION", "BUDGET", "STATUS", "TARGETING")
CHANGE_LOG_OBJECTS = ("AD", "ADGROUP", "ADVERTISER", "CAMPAIGN", "INSTANT_FORM")
CHANGE_LOG_OPERATIONS = (
    *("CREATE", "AUDIT", "STATUS", "UPDATE", "DELETE"),
    *("DOWNLOAD_LEADS", "SUBSCRIBE_FORM", "UNSUBSCRIBE_FORM"),
)
REQUIRED_MOMENT = replace(MOMENT, required=True)

_STATUS_FILTERS = {
    "primary_status": PRIMARY_STATUS,
    "secondary_status": TEXT,
    "creation_filter_start_time": MOMENT,
    "creation_filter_end_time": MOMENT,
}
_COMMON_FILTERS = _STATUS_FILTERS | {"objective_type": TEXT, "optimization_goal": TEXT}
_OBJECT_FILTERS = _COMMON_FILTERS | {
    "campaign_ids": ids(),
    "buying_types": BUYING_TYPES,
    "campaign_system_origins": ORIGINS,
    "campaign_automation_type": AUTOMATION,
}
_NO_NULLS = {"exclude_field_types_in_response": strings(enum=("NULL_FIELD",))}


def _objects(
    filtering: dict[str, Param], params: dict[str, Param], max_page_size: int = 1000
) -> Endpoint:
    """Return an endpoint that lists campaigns, ad groups or ads."""
    return Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "filtering": members(**filtering),
            "fields": strings(),
            **params,
            **pages(max_page_size),
        },
    )


ENDPOINTS: dict[str, Endpoint] = {
    "/oauth2/advertiser/get/": Endpoint({"app_id": REQUIRED_TEXT, "secret": REQUIRED_TEXT}),
    "/oauth2/access_token/": Endpoint(
        {
            "app_id": REQUIRED_TEXT,
            "secret": REQUIRED_TEXT,
            "auth_code": REQUIRED_TEXT,
            "return_advertiser_ids": replace(FLAG, default=True),
        },
        method="POST",
        needs_token=False,
    ),
    "/user/info/": Endpoint({}),
    "/advertiser/info/": Endpoint(
        {"advertiser_ids": ids(required=True), "fields": strings()},
        ignored=frozenset(("page", "page_size")),
    ),
    "/campaign/get/": _objects(
        _OBJECT_FILTERS
        | {
            "campaign_name": TEXT,
            "sales_destination": TEXT,
            "is_smart_performance_campaign": FLAG,
            "creative_campaign_type": strings(),
            "split_test_enabled": FLAG,
            "campaign_product_source": TEXT,
            "campaign_type": TEXT,
            "gmv_max_promotion_types": strings(),
            "store_ids": strings(),
        },
        _NO_NULLS,
    ),
    "/adgroup/get/": _objects(
        _OBJECT_FILTERS
        | {
            "adgroup_ids": ids(),
            "adgroup_name": TEXT,
            "promotion_type": TEXT,
            "bid_strategy": TEXT,
            "creative_material_mode": TEXT,
            "billing_events": strings(),
            "split_test_enabled": FLAG,
        },
        _NO_NULLS,
    ),
    "/ad/get/": _objects(
        _OBJECT_FILTERS
        | {
            "adgroup_ids": ids(),
            "ad_ids": ids(),
            "ad_ids_v2": ids(),
            "ad_name": TEXT,
            "creative_material_mode": TEXT,
            "destination": TEXT,
            "modified_after": MOMENT,
        },
        _NO_NULLS,
    ),
    "/smart_plus/campaign/get/": _objects(
        _STATUS_FILTERS | {"campaign_ids": ids(), "campaign_name": TEXT, "objective_type": TEXT},
        {},
    ),
    "/smart_plus/adgroup/get/": _objects(
        _COMMON_FILTERS
        | {
            "campaign_ids": ids(),
            "adgroup_ids": ids(),
            "adgroup_name": TEXT,
            "promotion_type": TEXT,
        },
        {},
    ),
    "/smart_plus/ad/get/": _objects(
        _COMMON_FILTERS
        | {
            "campaign_ids": ids(),
            "adgroup_ids": ids(),
            "smart_plus_ad_ids": ids(),
            "sales_destination": TEXT,
            "modified_after": MOMENT,
        },
        {},
        max_page_size=100,
    ),
    "/smart_plus/ad/review_info/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "smart_plus_ad_ids": ids(required=True),
            "extra_info_setting": members(include_reject_info=FLAG, include_violation_frame=FLAG),
            "lang": TEXT,
        },
    ),
    "/split_test/result/get/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "split_test_group_id": REQUIRED_ID}
    ),
    "/report/video_performance/get/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "report_type": Param(default="AD", enum=("AD", "VIDEO")),
            "metrics_fields": strings(),
            "filtering": required_members(
                ad_ids=ids(200), adgroup_ids=ids(200), campaign_ids=ids(200)
            ),
            "sort_field": TEXT,
            "sort_type": Param(enum=("ASC", "DES")),
            **pages(500),
        }
    ),
    "/creative_fatigue/get/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "ad_id": REQUIRED_ID,
            "filtering": required_members(start_date=REQUIRED_DAY, end_date=REQUIRED_DAY),
            **pages(500),
        }
    ),
    "/bc/balance/get/": Endpoint(
        {"bc_id": REQUIRED_ID, "child_bc_id": ID, "payment_portfolio_id": ID}
    ),
    "/bc/account/cost/get/": Endpoint(
        {
            "bc_id": REQUIRED_ID,
            "filtering": members(keyword=TEXT, start_date=DAY, end_date=DAY),
            **pages(50),
        }
    ),
    "/ad/review_info/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "ad_ids": ids(required=True), "lang": TEXT},
    ),
    "/tool/diagnosis/get/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "filtering": members(
                adgroup_ids=ids(MAX_DIAGNOSED_AD_GROUPS),
                issue_category=strings(enum=("CREATIVE", "BID_AND_BUDGET", "EVENT_TRACK")),
            ),
        },
    ),
    "/campaign/gmv_max/info/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "campaign_id": REQUIRED_ID},
    ),
    "/campaign/gmv_max/session/list/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "campaign_id": REQUIRED_ID},
    ),
    "/campaign/gmv_max/session/get/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "session_ids": ids(MAX_SESSIONS, required=True)},
    ),
    "/pixel/event/stats/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "pixel_ids": ids(MAX_PIXELS_IN_STATISTICS, required=True),
            "date_range": required_members(start_date=REQUIRED_DAY, end_date=REQUIRED_DAY),
        },
    ),
    "/comment/list/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "search_field": Param(required=True, enum=("ADGROUP_ID",)),
            "search_value": REQUIRED_ID,
            "start_time": REQUIRED_TEXT,
            "end_time": REQUIRED_TEXT,
            "sort_field": Param(
                default="CREATE_TIME", enum=("CREATE_TIME", "LIKES", "REPLIES", "SMART")
            ),
            "sort_type": SORT_ORDER,
            "comment_type": strings(enum=("ALL", "COMMENT", "REPLY")),
            "comment_status": strings(enum=("ALL", "HIDDEN", "PUBLIC")),
            **pages(100),
        },
    ),
    "/page/lead/task/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "page_id": ID, "ad_id": ID, "task_id": ID},
        method="POST",
        headers=(LEAD_REGION,),
    ),
    "/page/lead/task/download/": Endpoint(
        {"advertiser_id": REQUIRED_ID, "task_id": REQUIRED_ID}, headers=(LEAD_REGION,)
    ),
    "/page/field/get/": Endpoint({"advertiser_id": REQUIRED_ID, "page_id": REQUIRED_ID}),
    "/changelog/task/create/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "start_time": REQUIRED_MOMENT,
            "end_time": REQUIRED_MOMENT,
            "timezone": TEXT,
            "module": Param(enum=CHANGE_LOG_MODULES),
            "object_type": Param(enum=CHANGE_LOG_OBJECTS),
            "object_ids": strings(),
            "operation_types": strings(enum=CHANGE_LOG_OPERATIONS),
            "order_fields": strings(),
        },
        method="POST",
    ),
    "/changelog/task/check/": Endpoint({"advertiser_id": REQUIRED_ID, "task_id": REQUIRED_ID}),
    "/changelog/task/download/": Endpoint({"advertiser_id": REQUIRED_ID, "task_id": REQUIRED_ID}),
}
"""Endpoints, by path below the version."""
