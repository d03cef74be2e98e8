"""Promote campaigns: made in the TikTok app, listed and reported only on request.

The filter takes an array of origins, by default `["TT_ADS_PLATFORM"]` (portal 1785880454546433).
"""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.errors import is_invalid_parameter

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.api.errors import RejectedRequestError
    from tap_tiktok_ads.api.messages import Request

ORIGINS_FILTER = "campaign_system_origins"
#: The column that identifies objects of Promote campaigns. It is empty in other objects.
ORIGIN_COLUMN = "campaign_system_origin"
PROMOTE = "PROMOTE"
ALL_ORIGINS = ("TT_ADS_PLATFORM", PROMOTE)
_BASIC_DIMENSIONS = frozenset(
    ("advertiser_id", "campaign_id", "adgroup_id", "ad_id", "stat_time_day")
)
#: Dimensions that TikTok supports for Promote ads, by report type.
REPORT_DIMENSIONS = {
    "BASIC": _BASIC_DIMENSIONS,
    "AUDIENCE": _BASIC_DIMENSIONS
    | {"gender", "age", "country_code", "province_id", "dma_id", "ac", "platform"}
    | {"interest_category", "placement", "ad_type", "device_brand_id"},
}
#: Filters of reports that TikTok supports for Promote ads.
REPORT_FILTERS = frozenset(
    ("campaign_ids", "adgroup_ids", "ad_ids", "campaign_status", "adgroup_status", "ad_status")
) | {"billing_event", "image_mode", "create_time"}


#: Warning about a list or report that TikTok does not offer with Promote objects.
PROMOTE_WARNING = (
    "Continuing stream %s without Promote %s, which TikTok does not offer here: %s No setting "
    "changes this."
)


def can_report(report_type: str, dimensions: Iterable[str], filters: Iterable[str] = ()) -> bool:
    """Return True if TikTok supports Promote ads in a report.

    Args:
        report_type: BASIC or AUDIENCE.
        dimensions: The dimensions of the report.
        filters: Names of its filters.

    Example:
        >>> can_report("BASIC", ["campaign_id", "stat_time_hour"])
        False
    """
    supported = REPORT_DIMENSIONS.get(report_type, frozenset())
    return supported.issuperset(dimensions) and REPORT_FILTERS.issuperset(filters)


def origins_in(request: Request) -> Sequence[str]:
    """Return the origins that a list request is filtered by, or an empty sequence."""
    filtering = request.params.get("filtering")
    return filtering.get(ORIGINS_FILTER, ()) if isinstance(filtering, dict) else ()


def without_origins(request: Request, error: RejectedRequestError) -> Request | None:
    """Return a rejected list request without its filter on origins.

    Returns None if it has no such filter, or if the filter cannot be the cause of the rejection.
    """
    if not is_invalid_parameter(error) or not origins_in(request):
        return None
    params = dict(request.params)
    filtering = {**params.pop("filtering")}
    del filtering[ORIGINS_FILTER]
    if filtering:
        params["filtering"] = filtering
    return dataclasses.replace(request, params=params)
