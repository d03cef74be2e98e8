"""Endpoints of reports."""

from __future__ import annotations

import typing as t

from . import metrics
from .endpoint_types import ADVERTISER, DATE, FLAG, ID, ORDER, TEXT, Endpoint, ids, pages, texts
from .parameters import Array, Object, one_of

if t.TYPE_CHECKING:
    from .parameters import Type

MATERIAL_FILTER = Object(
    {
        **{f"{name}_ids": ids(200) for name in ("campaign", "adgroup", "smart_plus_ad")},
        **{
            f"{name}_ids": ids(400)
            for name in (
                "ad_text_entity",
                "call_to_action_entity",
                "interactive_add_on_entity",
                "main_material",
            )
        },
        "main_material_types": texts(maximum=9),
    }
)
MATERIAL_PARAMETERS: dict[str, Type] = {
    **ADVERTISER,
    **pages(100),
    "metrics": texts(),
    "filtering": MATERIAL_FILTER,
    "sort_field": TEXT,
    "sort_type": ORDER,
}
OVERVIEW_DIMENSIONS = (
    "advertiser_id campaign_id adgroup_id smart_plus_ad_id main_material_id ad_text_entity_id",
    "call_to_action_entity_id interactive_add_on_entity_id",
)
BREAKDOWN_DIMENSIONS = (
    "main_material_id ad_text_entity_id call_to_action_entity_id interactive_add_on_entity_id",
    "stat_time_hour stat_time_day stat_time_week stat_time_month",
)
MATERIAL_REPORTS = (
    Endpoint(
        "GET",
        "/smart_plus/material_report/overview/",
        "yml smart_plus_material_report_overview",
        {
            **MATERIAL_PARAMETERS,
            "dimensions!": Array(one_of(*OVERVIEW_DIMENSIONS), 2, 2),
            "start_date": DATE,
            "end_date": DATE,
            "query_lifetime": FLAG,
        },
    ),
    Endpoint(
        "GET",
        "/smart_plus/material_report/breakdown/",
        "yml smart_plus_material_report_breakdown",
        {
            **MATERIAL_PARAMETERS,
            "dimensions!": Array(one_of(*BREAKDOWN_DIMENSIONS), 5),
            "start_date!": DATE,
            "end_date!": DATE,
        },
    ),
)

FILTER_NAMES = """
    campaign_ids adgroup_ids ad_ids ad_ids_v2 campaign_status adgroup_status ad_status
    campaign_automation_type buying_type promotion_type create_time country_code
    campaign_system_origins
"""
REPORT_FILTERS = Array(
    Object(
        {
            "field_name!": one_of(FILTER_NAMES),
            "filter_type!": one_of(
                "IN MATCH GREATER_EQUAL GREATER_THAN LOWER_EQUAL LOWER_THAN BETWEEN",
                "RANGE CONTAIN_ANY_OF NOT_IN",
            ),
            "filter_value!": TEXT,
        }
    )
)
REPORT_PARAMETERS: dict[str, Type] = {
    "advertiser_id": ID,
    "advertiser_ids": ids(5),
    "service_type": one_of("AUCTION"),
    "data_level": one_of(*metrics.LEVEL_RANKS),
    "dimensions!": texts(),
    "metrics": texts(maximum=100),
    "start_date": DATE,
    "end_date": DATE,
    "query_lifetime": FLAG,
    "order_field": TEXT,
    "order_type": ORDER,
    "filtering": REPORT_FILTERS,
}
TASK: dict[str, Type] = {**ADVERTISER, "task_id!": TEXT}
REPORTS = (
    Endpoint(
        "GET",
        "/report/integrated/get/",
        "yml report_integrated_get, 1740302848100353, 1785880454546433",
        {
            **REPORT_PARAMETERS,
            **pages(1000),
            "report_type!": one_of("BASIC AUDIENCE BC CATALOG PLAYABLE_MATERIAL TT_SHOP"),
            "bc_id": ID,
            "enable_total_metrics": FLAG,
            "multi_adv_report_in_utc_time": FLAG,
            "query_mode": one_of("REGULAR"),
        },
    ),
    Endpoint(
        "POST",
        "/report/task/create/",
        "yml report_task_create, 1740302766489602",
        {
            **REPORT_PARAMETERS,
            "report_type!": one_of("BASIC AUDIENCE CATALOG"),
            "enable_report_title_translation": FLAG,
            "file_name": TEXT,
            "output_format": one_of("CSV_STRING CSV_DOWNLOAD XLSX_DOWNLOAD"),
        },
    ),
    Endpoint("GET", "/report/task/check/", "yml report_task_check", TASK),
    Endpoint("GET", "/report/task/download/", "go report/task_download", TASK),
    Endpoint("POST", "/report/task/cancel/", "yml report_task_cancel", TASK),
)
