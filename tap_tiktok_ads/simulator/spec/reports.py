"""Report endpoints with their dimensions, data levels and filters."""

from __future__ import annotations

from dataclasses import replace

from .endpoints import AUTOMATION, BUYING_TYPES, ORIGINS, PRIMARY_STATUS
from .facts import ENUMS
from .params import (
    DAY,
    FLAG,
    ID,
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
    strings,
)

LEVELS = ("AUCTION_ADVERTISER", "AUCTION_CAMPAIGN", "AUCTION_ADGROUP", "AUCTION_AD")
REPORT_TYPES = ("BASIC", "AUDIENCE", "BC", "CATALOG", "PLAYABLE_MATERIAL")
"""Report types of synchronous reports. TT_SHOP is superseded by the report of GMV Max."""

TIME_DIMENSIONS = ("stat_time_day", "stat_time_hour")
LEVEL_OF_ID = {
    "advertiser_id": "AUCTION_ADVERTISER",
    "campaign_id": "AUCTION_CAMPAIGN",
    "adgroup_id": "AUCTION_ADGROUP",
    "ad_id": "AUCTION_AD",
    "ad_id_v2": "AUCTION_AD",
}
"""Data level of each ID dimension."""

SPLITS_BY_TYPE = {
    "BASIC": frozenset(ENUMS["splits_basic"]),
    "AUDIENCE": frozenset(ENUMS["splits_audience"]),
}
"""Dimensions that divide an object's delivery, by report type."""

UNIQUE_METRICS = frozenset(("reach", "frequency", "cost_per_1000_reached"))
EVENT_GROUPS = frozenset(("app_events", "website_events"))

AUDIENCE_METRICS = frozenset(("cost",))
"""Metrics of AUDIENCE reports only."""

DAILY_METRICS = ("paid_engaged_view", "native_growth_")
"""Prefixes of metrics that require exactly one ID dimension and `stat_time_day`."""

TASK_VIEWER_METRICS = (
    UNIQUE_METRICS
    | {"average_video_play_per_user", "live_play_count", "result", "result_rate"}
    | {"cost_per_result", "real_time_result", "real_time_result_rate", "real_time_cost_per_result"}
)
"""Metrics that tasks reject with the dimensions in `TASK_AUDIENCE_SPLITS`."""

TASK_AUDIENCE_SPLITS = frozenset(
    ("gender", "age", "country_code", "ac", "language", "platform", "interest_category")
) | {"placement", "contextual_tag"}
COUNTRY_NAMES = {
    "US": "United States",
    "JP": "Japan",
    "DE": "Germany",
    "FR": "France",
    "BR": "Brazil",
    "GB": "United Kingdom",
}
"""Country names that the files of tasks have in place of `country_code`."""

_STATUSES = Param("array", item=PRIMARY_STATUS)
FILTER_VALUES = {
    "campaign_ids": ids(),
    "adgroup_ids": ids(),
    "ad_ids": ids(),
    "ad_ids_v2": ids(),
    "campaign_status": _STATUSES,
    "adgroup_status": _STATUSES,
    "ad_status": _STATUSES,
    "campaign_automation_type": Param("array", item=AUTOMATION),
    "buying_type": BUYING_TYPES,
    "promotion_type": strings(),
    "campaign_system_origins": ORIGINS,
}
"""Filters that select from a list of values. `filter_value` is the JSON text of the list."""

_PROMOTE_BASIC = frozenset((*LEVEL_OF_ID, "stat_time_day")) - {"ad_id_v2"}
PROMOTE_DIMENSIONS = {
    "BASIC": _PROMOTE_BASIC,
    "AUDIENCE": _PROMOTE_BASIC
    | {"gender", "age", "country_code", "province_id", "dma_id", "ac", "platform"}
    | {"interest_category", "placement", "ad_type", "device_brand_id"},
}
"""Dimensions that Promote ads support, by report type (portal 1785880454546433)."""

MAX_REPORT_ADVERTISERS = 5
MAX_TASK_IDS = 20_000
TASK_FILTERS = {name: ids(MAX_TASK_IDS) for name in ("campaign_ids", "adgroup_ids", "ad_ids")}
"""The only filters that report tasks support."""

_FILTER = members(
    field_name=Param(required=True, enum=(*FILTER_VALUES, "create_time")),
    filter_type=Param(required=True, enum=ENUMS["report_filter_types"]),
    filter_value=REQUIRED_TEXT,
)

_REPORT = {
    "advertiser_id": REQUIRED_ID,
    "service_type": Param(default="AUCTION", enum=("AUCTION",)),
    "report_type": Param(required=True, enum=("BASIC", "AUDIENCE")),
    "data_level": Param(required=True, enum=LEVELS),
    "dimensions": replace(strings(4), required=True, low=1),
    "metrics": replace(strings(100), default=["spend", "impressions"]),
    "start_date": DAY,
    "end_date": DAY,
    "query_lifetime": replace(FLAG, default=False),
    "filtering": Param("array", default=[], item=_FILTER),
    "order_field": TEXT,
    "order_type": SORT_ORDER,
}
"""Parameters that synchronous reports and report tasks share."""

_TASK = {"advertiser_id": REQUIRED_ID, "task_id": REQUIRED_ID}

MAX_MATERIAL_FILTER_IDS, MAX_SETTING_IDS = 200, 400
MATERIAL_TYPES = ENUMS["material_types"]
SETTINGS = ("ad_text_entity_id", "call_to_action_entity_id", "interactive_add_on_entity_id")
MATERIAL_ID_DIMENSIONS = ("advertiser_id", "campaign_id", "adgroup_id", "smart_plus_ad_id")
MATERIAL_TIMES = ("stat_time_hour", "stat_time_day", "stat_time_week", "stat_time_month")


def _materials(
    dimensions: tuple[str, ...], min_dimensions: int, max_dimensions: int
) -> dict[str, Param]:
    """Return the parameters of a report on the materials of Smart+ ads."""
    dimension = Param(enum=dimensions)
    return {
        "advertiser_id": REQUIRED_ID,
        "dimensions": Param(
            "array", required=True, low=min_dimensions, high=max_dimensions, item=dimension
        ),
        "metrics": replace(strings(), default=["spend"]),
        "filtering": members(
            campaign_ids=ids(MAX_MATERIAL_FILTER_IDS),
            adgroup_ids=ids(MAX_MATERIAL_FILTER_IDS),
            smart_plus_ad_ids=ids(MAX_MATERIAL_FILTER_IDS),
            main_material_ids=replace(strings(MAX_SETTING_IDS), low=1),
            main_material_types=replace(strings(len(MATERIAL_TYPES), MATERIAL_TYPES), low=1),
            **{f"{name}s": ids(MAX_SETTING_IDS) for name in SETTINGS},
        ),
        "sort_field": replace(TEXT, default="spend"),
        "sort_type": SORT_ORDER,
        **pages(100),
    }


GMV_STATUSES = ("STATUS_DELETE", "STATUS_DELIVERY_OK", "STATUS_DISABLE", "STATUS_NOT_DELIVERY")

REPORT_ENDPOINTS: dict[str, Endpoint] = {
    "/report/integrated/get/": Endpoint(
        {
            **_REPORT,
            "advertiser_id": ID,
            "advertiser_ids": ids(MAX_REPORT_ADVERTISERS),
            "bc_id": ID,
            "report_type": Param(required=True, enum=REPORT_TYPES),
            "data_level": Param(enum=LEVELS),
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
    "/smart_plus/material_report/overview/": Endpoint(
        {
            **_materials((*MATERIAL_ID_DIMENSIONS, "main_material_id", *SETTINGS), 2, 2),
            "start_date": DAY,
            "end_date": DAY,
            "query_lifetime": replace(FLAG, default=False),
        },
    ),
    "/smart_plus/material_report/breakdown/": Endpoint(
        {
            **_materials(("main_material_id", *SETTINGS, *MATERIAL_TIMES), 1, 5),
            "start_date": REQUIRED_DAY,
            "end_date": REQUIRED_DAY,
        },
    ),
    "/gmv_max/report/get/": Endpoint(
        {
            "advertiser_id": REQUIRED_ID,
            "store_ids": ids(1, required=True),
            "dimensions": replace(strings(4), required=True, low=1),
            "metrics": replace(strings(100), required=True, low=1),
            "enable_total_metrics": replace(FLAG, default=False),
            "start_date": REQUIRED_DAY,
            "end_date": REQUIRED_DAY,
            "filtering": members(
                campaign_ids=ids(),
                campaign_name=TEXT,
                campaign_statuses=strings(4, GMV_STATUSES),
                creative_delivery_statuses=strings(),
                search_word=TEXT,
                gmv_max_promotion_types=strings(2, ("PRODUCT", "LIVE")),
                item_group_ids=ids(),
                item_ids=ids(),
                room_ids=ids(),
            ),
            "sort_field": TEXT,
            "sort_type": SORT_ORDER,
            **pages(1000),
        },
    ),
}
"""Report endpoints, by path below the version."""
