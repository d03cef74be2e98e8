"""The simple list endpoints with the names of IDs that ad groups target.

`simple_list_endpoints.py` describes how to declare one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .records import targeting
from .simple_list_endpoint import SimpleListEndpoint
from .spec.params import TEXT, Param, strings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .records.values import Record

INDUSTRIES = strings(enum=("HOUSING", "EMPLOYMENT", "CREDIT"))
OBJECTIVES = (
    "REACH",
    "TRAFFIC",
    "VIDEO_VIEWS",
    "ENGAGEMENT",
    "APP_PROMOTION",
    "LEAD_GENERATION",
    "WEB_CONVERSIONS",
    "PRODUCT_SALES",
    "RF_REACH",
)
PLACEMENTS = ("PLACEMENT_TIKTOK", "PLACEMENT_PANGLE", "PLACEMENT_GLOBAL_APP_BUNDLE")


def _names(
    path: str, stream: str, records: Callable[[], list[Record]], **facts: Any
) -> SimpleListEndpoint:
    """Return a list endpoint whose records are equal for all advertisers."""
    arguments: Mapping[str, Any] = {"member": stream, "is_common": True, **facts}
    return SimpleListEndpoint(
        path,
        stream=stream,
        objects=lambda _account: records(),
        record=lambda record, _account: dict(record),
        **arguments,
    )


NAME_LIST_ENDPOINTS = (
    _names(
        "/tool/region/",
        "regions",
        targeting.regions,
        is_common=False,
        member="region_info",
        params={
            "placements": Param("array", required=True, low=1, item=Param(enum=PLACEMENTS)),
            "objective_type": Param(required=True, enum=OBJECTIVES),
            "promotion_target_type": TEXT,
            "operating_system": Param(enum=("ANDROID", "IOS")),
            "brand_safety_type": TEXT,
            "brand_safety_partner": Param(enum=("IAS", "OPEN_SLATE")),
            "level_range": Param(
                enum=("ALL", "TO_COUNTRY", "TO_PROVINCE", "TO_CITY", "TO_DISTRICT")
            ),
            "rf_campaign_type": Param(enum=("STANDARD", "PULSE")),
        },
        selects=lambda region, _account, params: (
            params["level_range"] != "TO_COUNTRY" or region["level"] == "COUNTRY"
        ),
    ),
    _names("/tool/language/", "languages", targeting.languages),
    _names(
        "/tool/interest_category/",
        "interest_categories",
        targeting.interest_categories,
        params={
            "version": Param("integer", default=2, low=1, high=2),
            "placements": strings(),
            "special_industries": INDUSTRIES,
            "language": TEXT,
        },
    ),
    _names(
        "/tool/action_category/",
        "action_categories",
        targeting.action_categories,
        params={"special_industries": INDUSTRIES, "language": TEXT},
    ),
    _names(
        "/tool/carrier/",
        "carriers",
        targeting.carrier_countries,
        member="countries",
        parts="carriers",
    ),
    _names("/tool/device_model/", "device_models", targeting.device_models),
    _names(
        "/tool/os_version/",
        "os_versions",
        targeting.os_versions,
        params={"os_type": Param(required=True, enum=("ANDROID", "IOS"))},
        filters={"os_type": "os_type"},
    ),
)
"""The endpoints that name targeted IDs. None of them has pages."""
