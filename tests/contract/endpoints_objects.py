"""Endpoints of campaigns, ad groups and ads, including Smart+."""

from __future__ import annotations

import typing as t

from .endpoint_types import (
    ADVERTISER,
    CREATION_TIMES,
    FLAG,
    TEXT,
    TIME,
    Endpoint,
    ids,
    pages,
    texts,
)
from .parameters import Object, one_of

if t.TYPE_CHECKING:
    from .parameters import Type

STATUSES = "STATUS_ALL STATUS_DELETE STATUS_DELIVERY_OK STATUS_DISABLE STATUS_NOT_DELETE"
#: Members of `filtering` that campaigns, ad groups and ads share.
OBJECT_FILTERS: dict[str, Type] = {
    "campaign_ids": ids(100),
    "campaign_system_origins": texts("PROMOTE TT_ADS_PLATFORM"),
    "campaign_automation_type": one_of("MANUAL SMART_PLUS UPGRADED_SMART_PLUS"),
    "primary_status": one_of(
        STATUSES,
        "STATUS_NOT_DELIVERY STATUS_TIME_DONE STATUS_RF_CLOSED",
        "STATUS_FROZEN STATUS_CLOSED",
    ),
    "secondary_status": TEXT,
    "objective_type": TEXT,
    "optimization_goal": TEXT,
    "buying_types": texts("AUCTION RESERVATION_RF RESERVATION_TOP_VIEW"),
    **CREATION_TIMES,
}
OBJECT_PARAMETERS: dict[str, Type] = {
    **ADVERTISER,
    **pages(1000),
    "fields": texts(),
    "exclude_field_types_in_response": texts("NULL_FIELD"),
}
OBJECTS = (
    Endpoint(
        "GET",
        "/campaign/get/",
        "1739315828649986, sdk FilteringCampaignGet",
        {
            **OBJECT_PARAMETERS,
            "filtering": Object(
                {
                    **OBJECT_FILTERS,
                    "campaign_name": TEXT,
                    "campaign_product_source": TEXT,
                    "campaign_type": TEXT,
                    "creative_campaign_type": texts(),
                    "is_smart_performance_campaign": FLAG,
                    "sales_destination": TEXT,
                    "split_test_enabled": FLAG,
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/adgroup/get/",
        "sdk FilteringAdgroupGet",
        {
            **OBJECT_PARAMETERS,
            "filtering": Object(
                {
                    **OBJECT_FILTERS,
                    "adgroup_ids": ids(100),
                    "adgroup_name": TEXT,
                    "bid_strategy": TEXT,
                    "billing_events": texts(),
                    "creative_material_mode": TEXT,
                    "promotion_type": TEXT,
                    "split_test_enabled": FLAG,
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/ad/get/",
        "sdk FilteringAdGet",
        {
            **OBJECT_PARAMETERS,
            "filtering": Object(
                {
                    **OBJECT_FILTERS,
                    "adgroup_ids": ids(100),
                    "ad_ids": ids(100),
                    "ad_ids_v2": ids(100),
                    "ad_name": TEXT,
                    "creative_material_mode": TEXT,
                    "destination": TEXT,
                    "modified_after": TIME,
                }
            ),
        },
    ),
)

SMART_FILTERS: dict[str, Type] = {
    "campaign_ids": ids(100),
    "objective_type": TEXT,
    "primary_status": one_of(STATUSES, "STATUS_NOT_DELIVERY"),
    "secondary_status": TEXT,
    **CREATION_TIMES,
}
GROUP_FILTERS: dict[str, Type] = {
    **SMART_FILTERS,
    "adgroup_ids": ids(100),
    "optimization_goal": TEXT,
    "promotion_type": TEXT,
}
SMART_PLUS = (
    Endpoint(
        "GET",
        "/smart_plus/campaign/get/",
        "yml smart_plus_campaign_get",
        {
            **ADVERTISER,
            **pages(1000),
            "fields": texts(),
            "filtering": Object({**SMART_FILTERS, "campaign_name": TEXT}),
        },
    ),
    Endpoint(
        "GET",
        "/smart_plus/adgroup/get/",
        "yml smart_plus_adgroup_get",
        {
            **ADVERTISER,
            **pages(1000),
            "fields": texts(),
            "filtering": Object({**GROUP_FILTERS, "adgroup_name": TEXT}),
        },
    ),
    Endpoint(
        "GET",
        "/smart_plus/ad/get/",
        "yml smart_plus_ad_get, 1843317378982914",
        {
            **ADVERTISER,
            **pages(100),
            "fields": texts(),
            "filtering": Object(
                {
                    **GROUP_FILTERS,
                    "smart_plus_ad_ids": ids(100),
                    "modified_after": TIME,
                    "sales_destination": TEXT,
                }
            ),
        },
    ),
    Endpoint(
        "GET",
        "/smart_plus/ad/review_info/",
        "yml smart_plus_ad_review_info",
        {
            **ADVERTISER,
            "smart_plus_ad_ids!": ids(100),
            "lang": TEXT,
            "extra_info_setting": Object(
                {"include_reject_info": FLAG, "include_violation_frame": FLAG}
            ),
        },
    ),
)
