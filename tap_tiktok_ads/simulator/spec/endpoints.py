"""The endpoints and their parameters: kind, limits and enums, as TikTok documents them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .assets import BEYOND
from .params import (
    ADVERTISER,
    FLAG,
    ID,
    MOMENT,
    TEXT,
    Endpoint,
    Param,
    filters,
    ids,
    pages,
    strings,
)

PRIMARY_STATUS = Param(
    enum=(
        "STATUS_ALL",
        "STATUS_NOT_DELETE",
        "STATUS_DELETE",
        "STATUS_NOT_DELIVERY",
        "STATUS_DELIVERY_OK",
        "STATUS_DISABLE",
        "STATUS_TIME_DONE",
        "STATUS_RF_CLOSED",
        "STATUS_CLOSED",
        "STATUS_FROZEN",
    ),
)
AUTOMATION = Param(enum=("MANUAL", "SMART_PLUS", "UPGRADED_SMART_PLUS"))
BUYING_TYPES = strings(enum=("AUCTION", "RESERVATION_RF", "RESERVATION_TOP_VIEW"))
ORIGINS = strings(enum=("TT_ADS_PLATFORM", "PROMOTE"))

_STATUSES = {"primary_status": PRIMARY_STATUS, "secondary_status": TEXT}
_CREATION = {"creation_filter_start_time": MOMENT, "creation_filter_end_time": MOMENT}
_GOALS = {"objective_type": TEXT, "optimization_goal": TEXT}
_COMMON = _STATUSES | _CREATION | _GOALS
_OBJECTS = _COMMON | {
    "campaign_ids": ids(),
    "buying_types": BUYING_TYPES,
    "campaign_system_origins": ORIGINS,
    "campaign_automation_type": AUTOMATION,
}

_CAMPAIGN_FILTERS = filters(
    **_OBJECTS,
    campaign_name=TEXT,
    sales_destination=TEXT,
    is_smart_performance_campaign=FLAG,
    creative_campaign_type=strings(),
    split_test_enabled=FLAG,
    campaign_product_source=TEXT,
    campaign_type=TEXT,
    gmv_max_promotion_types=strings(),
    store_ids=strings(),
)
_AD_GROUP_FILTERS = filters(
    **_OBJECTS,
    adgroup_ids=ids(),
    adgroup_name=TEXT,
    promotion_type=TEXT,
    bid_strategy=TEXT,
    creative_material_mode=TEXT,
    billing_events=strings(),
    split_test_enabled=FLAG,
)
_AD_FILTERS = filters(
    **_OBJECTS,
    adgroup_ids=ids(),
    ad_ids=ids(),
    ad_ids_v2=ids(),
    ad_name=TEXT,
    creative_material_mode=TEXT,
    destination=TEXT,
    modified_after=MOMENT,
)
_SMART_PLUS_AD_FILTERS = filters(
    **_COMMON,
    campaign_ids=ids(),
    adgroup_ids=ids(),
    smart_plus_ad_ids=ids(),
    sales_destination=TEXT,
    modified_after=MOMENT,
)
_SMART_PLUS_CAMPAIGN_FILTERS = filters(
    **_STATUSES, **_CREATION, campaign_ids=ids(), campaign_name=TEXT, objective_type=TEXT
)
_SMART_PLUS_AD_GROUP_FILTERS = filters(
    **_COMMON, campaign_ids=ids(), adgroup_ids=ids(), adgroup_name=TEXT, promotion_type=TEXT
)
_NULL_FIELDS = strings(enum=("NULL_FIELD",))


def _objects(filtering: Param) -> Endpoint:
    """Return the row of a list of campaigns, ad groups or ads."""
    return Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": filtering,
            "fields": strings(),
            "exclude_field_types_in_response": _NULL_FIELDS,
            **pages(1000),
        },
    )


def _smart_objects(filtering: Param, largest: int) -> Endpoint:
    """Return the row of a list of Upgraded Smart+ objects."""
    return Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": filtering,
            "fields": strings(),
            **pages(largest),
        },
    )


_FILTER_TYPES = (
    "IN",
    "NOT_IN",
    "MATCH",
    "GREATER_EQUAL",
    "GREATER_THAN",
    "LOWER_EQUAL",
    "LOWER_THAN",
    "BETWEEN",
    "RANGE",
    "CONTAIN_ANY_OF",
)
REPORT_FILTERS = (
    "campaign_ids",
    "adgroup_ids",
    "ad_ids",
    "ad_ids_v2",
    "campaign_status",
    "adgroup_status",
    "ad_status",
    "campaign_automation_type",
    "buying_type",
    "promotion_type",
    "create_time",
)
_STATUS_FILTER = Param("array", item=PRIMARY_STATUS)
FILTER_VALUES = {
    "campaign_ids": ids(),
    "adgroup_ids": ids(),
    "ad_ids": ids(),
    "ad_ids_v2": ids(),
    "campaign_status": _STATUS_FILTER,
    "adgroup_status": _STATUS_FILTER,
    "ad_status": _STATUS_FILTER,
    "campaign_automation_type": Param("array", item=AUTOMATION),
    "buying_type": BUYING_TYPES,
    "promotion_type": strings(),
}
"""What the JSON text of `filter_value` holds, for the filters that keep a list of values."""

_REPORT_FILTER = Param(
    "object",
    keys={
        "field_name": Param(required=True, enum=REPORT_FILTERS),
        "filter_type": Param(required=True, enum=_FILTER_TYPES),
        "filter_value": Param(required=True),
    },
)

_REPORT = {
    "advertiser_id": ADVERTISER,
    "service_type": Param(default="AUCTION", enum=("AUCTION",)),
    "report_type": Param(required=True, enum=("BASIC", "AUDIENCE")),
    "data_level": Param(
        required=True,
        enum=("AUCTION_ADVERTISER", "AUCTION_CAMPAIGN", "AUCTION_ADGROUP", "AUCTION_AD"),
    ),
    "dimensions": replace(strings(4), required=True, low=1),
    "metrics": replace(strings(100), default=["spend", "impressions"]),
    "start_date": Param("date"),
    "end_date": Param("date"),
    "query_lifetime": replace(FLAG, default=False),
    "filtering": Param("array", default=[], item=_REPORT_FILTER),
    "order_field": TEXT,
    "order_type": Param(default="DESC", enum=("ASC", "DESC")),
}
"""What a report takes, whether it is answered at once or made in the background."""

_TASK = {"advertiser_id": ADVERTISER, "task_id": Param("id", required=True)}

PLACEMENTS = strings(
    enum=(
        "PLACEMENT_TIKTOK",
        "PLACEMENT_PANGLE",
        "PLACEMENT_GLOBAL_APP_BUNDLE",
        "PLACEMENT_HELO",
        "PLACEMENT_VIGO",
    ),
)
OBJECTIVES_WITHOUT_PROMOTION = ("REACH", "VIDEO_VIEWS", "ENGAGEMENT")
_OBJECTIVE = Param(
    enum=(
        *OBJECTIVES_WITHOUT_PROMOTION,
        "TRAFFIC",
        "LEAD_GENERATION",
        "APP_PROMOTION",
        "WEB_CONVERSIONS",
        "PRODUCT_SALES",
    ),
)
_PROMOTIONS = (
    "AEO_APK",
    "APP_ANDROID",
    "APP_IOS",
    "LEAD_GENERATION",
    "LIVE_SHOPPING",
    "PRODUCT_SHOPPING",
    "TIKTOK_SHOP",
    "VIDEO_SHOPPING",
    "WEBSITE",
    "WEBSITE_OR_DISPLAY",
)
_SAFETY = {
    "operating_system": Param(enum=("ANDROID", "IOS")),
    "brand_safety_type": Param(
        default="NO_BRAND_SAFETY",
        enum=(
            "NO_BRAND_SAFETY",
            "EXPANDED_INVENTORY",
            "STANDARD_INVENTORY",
            "LIMITED_INVENTORY",
            "THIRD_PARTY",
        ),
    ),
    "brand_safety_partner": Param(enum=("IAS", "OPEN_SLATE")),
}


@dataclass(frozen=True)
class Search:
    """What a `search_type` of `/tool/targeting/search/` allows.

    Attributes:
        keywords: Keywords in a request, at most.
        results: Results for each keyword, at most.
        geo_types: Kinds of locations it finds.
        batch: Whether `region_codes` must name one of `BATCH_REGIONS`.
    """

    keywords: int
    results: int
    geo_types: tuple[str, ...]
    batch: bool = True


GEO_TYPES = ("COUNTRY", "PROVINCE", "CITY", "DISTRICT", "DMA", "ZIP_CODE")
BATCH_REGIONS = ("US", "CA", "BR", "ID", "TH", "VN")
SEARCHES = {
    "FUZZY_SEARCH": Search(1, 100, GEO_TYPES, batch=False),
    "BATCH_REGION_SEARCH": Search(1000, 5, GEO_TYPES[:-1]),
    "BATCH_ZIPCODE_SEARCH": Search(1000, 1, GEO_TYPES[-1:]),
}

ENDPOINTS: dict[str, Endpoint] = {
    "/oauth2/advertiser/get/": Endpoint(
        {"app_id": Param(required=True), "secret": Param(required=True)},
    ),
    "/oauth2/access_token/": Endpoint(
        {
            "app_id": Param(required=True),
            "secret": Param(required=True),
            "auth_code": Param(required=True),
            "return_advertiser_ids": replace(FLAG, default=True),
        },
        method="POST",
        needs_token=False,
    ),
    "/user/info/": Endpoint({}),
    "/advertiser/info/": Endpoint(
        {"advertiser_ids": ids(100, required=True), "fields": strings()},
        ignored=frozenset(("page", "page_size")),
    ),
    "/campaign/get/": _objects(_CAMPAIGN_FILTERS),
    "/adgroup/get/": _objects(_AD_GROUP_FILTERS),
    "/ad/get/": _objects(_AD_FILTERS),
    "/report/integrated/get/": Endpoint(
        {
            **_REPORT,
            "enable_total_metrics": replace(FLAG, default=False),
            "query_mode": Param(enum=("REGULAR", "CHUNK")),
            **pages(1000),
        },
        ignored=frozenset(("filters", "multi_adv_report_in_utc_time")),
    ),
    "/report/task/create/": Endpoint(
        {
            **_REPORT,
            "output_format": Param(
                default="CSV_STRING", enum=("CSV_STRING", "CSV_DOWNLOAD", "XLSX_DOWNLOAD")
            ),
            "file_name": replace(TEXT, default="report"),
            "enable_report_title_translation": replace(FLAG, default=True),
        },
        method="POST",
    ),
    "/report/task/check/": Endpoint(_TASK),
    "/report/task/download/": Endpoint(_TASK),
    "/report/task/cancel/": Endpoint(_TASK, method="POST"),
    "/dmp/custom_audience/list/": Endpoint(
        {"advertiser_id": ADVERTISER, "custom_audience_ids": ids(), **pages(100)},
    ),
    "/pixel/list/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "pixel_id": ID,
            "code": TEXT,
            "name": TEXT,
            "order_by": Param(default="EARLIEST_CREATE", enum=("EARLIEST_CREATE", "LATEST_CREATE")),
            "filtering": filters(available_for_catalog_only=FLAG),
            **pages(20),
        },
    ),
    "/file/video/ad/search/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": filters(
                video_ids=strings(100),
                material_ids=strings(20),
                video_name=TEXT,
                video_material_sources=strings(),
                displayable=FLAG,
                width=Param("integer"),
                height=Param("integer"),
                ratio=Param("array"),
            ),
            "sort_field": Param(default="CREATE_TIME", enum=("CREATE_TIME", "MODIFY_TIME")),
            **pages(100, 20),
        },
    ),
    "/file/image/ad/search/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "filtering": filters(
                image_ids=strings(100),
                material_ids=strings(100),
                width=Param("integer"),
                height=Param("integer"),
                ratio=Param("array"),
                displayable=FLAG,
            ),
            **pages(100, 20),
        },
    ),
    "/smart_plus/campaign/get/": _smart_objects(_SMART_PLUS_CAMPAIGN_FILTERS, 1000),
    "/smart_plus/adgroup/get/": _smart_objects(_SMART_PLUS_AD_GROUP_FILTERS, 1000),
    "/smart_plus/ad/get/": _smart_objects(_SMART_PLUS_AD_FILTERS, 100),
    "/smart_plus/ad/review_info/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "smart_plus_ad_ids": ids(required=True),
            "extra_info_setting": Param(
                "object",
                default={},
                keys={"include_reject_info": FLAG, "include_violation_frame": FLAG},
            ),
            "lang": TEXT,
        },
    ),
    "/tool/targeting/search/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "placements": replace(PLACEMENTS, required=True),
            "objective_type": replace(_OBJECTIVE, required=True),
            "keywords": replace(strings(1000), required=True, low=1),
            "search_type": Param(required=True, enum=tuple(SEARCHES)),
            "geo_types": strings(enum=GEO_TYPES),
            "region_codes": strings(),
            "promotion_type": Param(
                enum=(
                    *_PROMOTIONS,
                    "GAME",
                    "LEAD_GEN_CLICK_TO_CALL",
                    "LEAD_GEN_CLICK_TO_SOCIAL_MEDIA_APP_MESSAGE",
                    "LEAD_GEN_CLICK_TO_TT_DIRECT_MESSAGE",
                ),
            ),
            **_SAFETY,
        },
        method="POST",
    ),
    "/tool/targeting/info/": Endpoint(
        {
            "advertiser_id": ADVERTISER,
            "targeting_ids": replace(strings(1000), required=True, low=1),
            "scene": Param(default="GEO", enum=("GEO", "ISP")),
            "placements": PLACEMENTS,
            "objective_type": _OBJECTIVE,
            "promotion_type": Param(enum=_PROMOTIONS),
            **_SAFETY,
        },
        method="POST",
    ),
    **BEYOND,
}
"""Every endpoint served, by path below the version."""

TIME_DIMENSIONS = ("stat_time_day", "stat_time_hour")
ID_DIMENSIONS = ("advertiser_id", "campaign_id", "adgroup_id", "ad_id", "ad_id_v2")
LEVELS = ("AUCTION_ADVERTISER", "AUCTION_CAMPAIGN", "AUCTION_ADGROUP", "AUCTION_AD")
LEVEL_OF_ID = {
    "advertiser_id": "AUCTION_ADVERTISER",
    "campaign_id": "AUCTION_CAMPAIGN",
    "adgroup_id": "AUCTION_ADGROUP",
    "ad_id": "AUCTION_AD",
    "ad_id_v2": "AUCTION_AD",
}
BASIC_SPLITS = frozenset(
    (
        "country_code",
        "ad_type",
        "custom_event_type",
        "event_source_id",
        "page_id",
        "component_name",
        "room_id",
        "post_id",
        "image_id",
        "video_material_id",
        "minis_id",
        "search_terms",
        "search_keyword",
        "match_type",
        "skan_postback_sequence",
    ),
)
AUDIENCE_SPLITS = frozenset(
    (
        "gender",
        "age",
        "country_code",
        "province_id",
        "dma_id",
        "platform",
        "ac",
        "language",
        "device_brand_id",
        "placement",
        "interest_category",
        "interest_category_tier2",
        "interest_category_tier3",
        "interest_category_tier4",
        "behavior_id",
        "hashtag",
        "audience_tags",
        "additional_interests",
        "purchase_intention",
        "contextual_tag",
        "ad_type",
        "bucket_id",
    ),
)
SPLITS_BY_TYPE = {"BASIC": BASIC_SPLITS, "AUDIENCE": AUDIENCE_SPLITS}
UNIQUE_METRICS = frozenset(("reach", "frequency", "cost_per_1000_reached"))
EVENT_GROUPS = frozenset(("app_events", "website_events"))
