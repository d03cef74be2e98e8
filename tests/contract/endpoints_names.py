"""Endpoints with the names of IDs that ad groups target."""

from __future__ import annotations

from .endpoint_types import ADVERTISER, TEXT, Endpoint, texts
from .parameters import Integer, one_of

OBJECTIVES = (
    "REACH TRAFFIC VIDEO_VIEWS ENGAGEMENT APP_PROMOTION LEAD_GENERATION WEB_CONVERSIONS",
    "PRODUCT_SALES RF_REACH",
)
NAMES = (
    Endpoint(
        "GET",
        "/tool/region/",
        "1737189539571713, sdk ToolApi",
        {
            **ADVERTISER,
            "placements!": texts("PLACEMENT_TIKTOK PLACEMENT_PANGLE PLACEMENT_GLOBAL_APP_BUNDLE"),
            "objective_type!": one_of(*OBJECTIVES),
            "promotion_target_type": one_of("INSTANT_PAGE EXTERNAL_WEBSITE"),
            "operating_system": one_of("ANDROID IOS"),
            "brand_safety_type": TEXT,
            "brand_safety_partner": one_of("IAS OPEN_SLATE"),
            "level_range": one_of("ALL TO_COUNTRY TO_PROVINCE TO_CITY TO_DISTRICT"),
            "rf_campaign_type": one_of("STANDARD PULSE"),
        },
    ),
    Endpoint("GET", "/tool/language/", "sdk ToolApi", ADVERTISER),
    Endpoint(
        "GET",
        "/tool/interest_category/",
        "sdk ToolApi",
        {
            **ADVERTISER,
            "version": Integer(1, 2),
            "placements": texts(),
            "special_industries": texts("HOUSING EMPLOYMENT CREDIT"),
            "language": TEXT,
        },
    ),
    Endpoint(
        "GET",
        "/tool/action_category/",
        "1737166752522241, yml tool_action_category",
        {
            **ADVERTISER,
            "special_industries": texts("HOUSING EMPLOYMENT CREDIT"),
            "language": TEXT,
        },
    ),
    Endpoint("GET", "/tool/carrier/", "1737168013095938, yml tool_carrier", ADVERTISER),
    Endpoint("GET", "/tool/device_model/", "sdk ToolApi", ADVERTISER),
    Endpoint(
        "GET",
        "/tool/os_version/",
        "yml tool_os_version",
        {**ADVERTISER, "os_type!": one_of("ANDROID IOS")},
    ),
)
