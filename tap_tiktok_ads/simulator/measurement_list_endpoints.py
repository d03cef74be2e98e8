"""The simple list endpoints of events and keywords, and the report of creatives.

`simple_list_endpoints.py` describes how to declare one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .records import insights, measurement, search_ads
from .simple_list_endpoint import SimpleListEndpoint, generated
from .spec.errors import reject
from .spec.params import (
    DAY,
    FLAG,
    REQUIRED_ID,
    REQUIRED_TEXT,
    SORT_ORDER,
    TEXT,
    Param,
    ids,
    members,
    strings,
)

if TYPE_CHECKING:
    from .simple_list_endpoint import Params

PLACEMENT_TYPES = ("PLACEMENT_TYPE_NORMAL", "PLACEMENT_TYPE_AUTOMATIC")


def _check_app_events(params: Params) -> None:
    """Reject a request without placement or promotion type where TikTok requires them."""
    if params["placement_type"] == PLACEMENT_TYPES[0] and not params["placement"]:
        reject("placement: Missing data; PLACEMENT_TYPE_NORMAL needs it.")
    if params["objective"] == "APP_PROMOTION" and params["app_promotion_type"] is None:
        reject("app_promotion_type: Missing data; APP_PROMOTION needs it.")


def _check_lifetime(params: Params) -> None:
    """Reject a report of creatives without dates, unless it spans their lifetime."""
    if not params["lifetime"] and (params["start_date"] is None or params["end_date"] is None):
        reject("start_date: Missing data; it is required unless lifetime is true.")


MEASUREMENT_LIST_ENDPOINTS = (
    SimpleListEndpoint(
        "/search_ad/negative_keyword/get/",
        objects=search_ads.keywords,
        record=search_ads.keyword,
        member="keywords",
        params={
            "object_type": Param(required=True, enum=("CAMPAIGN", "ADGROUP")),
            "object_id": REQUIRED_ID,
        },
        selects=lambda entry, _account, params: (
            entry[:2] == (params["object_type"], params["object_id"])
        ),
        max_page_size=50,
    ),
    SimpleListEndpoint(
        "/creative/report/get/",
        stream="creative_report",
        objects=insights.creatives,
        record=insights.creative,
        params={
            "material_type": Param(required=True, enum=insights.MATERIAL_TYPES),
            "lifetime": Param("boolean", default=False),
            "start_date": DAY,
            "end_date": DAY,
            "info_fields": strings(),
            "metrics_fields": strings(),
            "filtering": members(),
            "sort_field": TEXT,
            "sort_type": SORT_ORDER,
        },
        selects=lambda entry, _account, params: entry[0] == params["material_type"],
        check=_check_lifetime,
        max_page_size=1000,
    ),
    SimpleListEndpoint(
        "/offline/get/",
        stream="offline_event_sets",
        objects=generated("offline_event_sets", count=2),
        record=measurement.offline_event_set,
        member="event_set_list",
        params={"event_set_ids": strings(), "name": TEXT},
        filters={"event_set_ids": "event_set_id", "name": "name"},
    ),
    SimpleListEndpoint(
        "/crm/list/",
        stream="crm_event_sets",
        objects=generated("crm_event_sets", count=2),
        record=measurement.crm_event_set,
        member="crm_event_sets",
        params={"event_set_ids": ids(50), "name": TEXT},
        filters={"event_set_ids": "event_set_id", "name": "name"},
    ),
    SimpleListEndpoint(
        "/custom_conversion/list/",
        stream="custom_conversions",
        objects=measurement.event_sources,
        record=measurement.custom_conversion,
        params={
            "event_source_type": Param(required=True, enum=("PIXEL", "APP")),
            "event_source_id": REQUIRED_ID,
            "search_keyword": TEXT,
            "sort_field": Param(default="CREATE_TIME", enum=("CREATE_TIME", "TOTAL_COUNT")),
            "sort_type": SORT_ORDER,
        },
        filters={
            "event_source_type": "event_source_type",
            "event_source_id": "event_source_id",
        },
        text_filters={"search_keyword": "name"},
        max_page_size=1000,
    ),
    SimpleListEndpoint(
        "/app/optimization_event/",
        stream="app_events",
        objects=lambda account: [
            (app, event)
            for app in account.existing_assets("apps")
            for event in measurement.APP_EVENTS
        ],
        record=measurement.app_event,
        member="optimization_events",
        params={
            "app_id": REQUIRED_ID,
            "placement": strings(),
            "placement_type": Param(default=PLACEMENT_TYPES[0], enum=PLACEMENT_TYPES),
            "optimization_goal": Param(required=True, enum=measurement.GOALS),
            "objective": REQUIRED_TEXT,
            "available_only": FLAG,
            "is_skan": FLAG,
            "app_promotion_type": Param(
                enum=("APP_INSTALL", "APP_PREREGISTRATION", "APP_RETARGETING", "UNSET")
            ),
        },
        selects=lambda entry, _account, params: entry[0].id == params["app_id"],
        check=_check_app_events,
    ),
    SimpleListEndpoint(
        "/pixel/instant_page/event/",
        stream="instant_page_events",
        objects=measurement.page_events,
        record=lambda record, _account: record,
        params={
            "objective_type": Param(
                required=True, enum=("CONVERSIONS", "WEB_CONVERSIONS", "APP_PROMOTION")
            ),
            "optimization_goal": Param(required=True, enum=measurement.GOALS),
            "is_retargeting": FLAG,
        },
    ),
)
"""The endpoints of the sources of events, and the report of creatives."""
