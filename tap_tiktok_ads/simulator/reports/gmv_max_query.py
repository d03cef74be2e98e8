"""Checks of GMV Max reports, as in portal 1824722485971009: dimensions, filters and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.facts import GMV_METRICS
from tap_tiktok_ads.simulator.spec.reports import TIME_DIMENSIONS

from .query import CONFLICT, check_window

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPINGS = {
    "advertiser_id": ("advertiser_id",),
    "campaign_id": ("campaign_id",),
    "item_group_id": ("item_group_id", "campaign_id item_group_id"),
    "item_id": ("item_id", "campaign_id item_group_id item_id"),
    "room_id": ("room_id", "campaign_id room_id"),
    "duration": (
        "duration",
        *("campaign_id duration", "item_group_id duration", "campaign_id item_group_id duration"),
        *("room_id duration", "campaign_id room_id duration"),
    ),
}
"""The groupings of ID dimensions and `duration` at each level, without the time."""

_LEVEL_OF_IDS = {
    " ".join(sorted(grouping.split())): level
    for level, groupings in _GROUPINGS.items()
    for grouping in groupings
}
_TIMES = {"item_id": ("stat_time_day",), "duration": ()}
"""The time dimensions of levels that do not have both."""

_REQUIRED_FILTERS = {
    "item_group_id": ("campaign_ids",),
    "item_id": ("campaign_ids", "item_group_ids"),
    "room_id": ("campaign_ids",),
    "duration": ("campaign_ids",),
}
_FILTERS = {
    "advertiser_id": ("gmv_max_promotion_types",),
    "campaign_id": (
        *("gmv_max_promotion_types", "campaign_ids", "campaign_name", "campaign_statuses"),
    ),
    "item_group_id": ("campaign_ids",),
    "item_id": ("campaign_ids", "item_group_ids", "creative_delivery_statuses", "search_word"),
    "room_id": ("campaign_ids",),
    "duration": ("campaign_ids", "item_group_ids", "room_ids"),
}
"""The filters of each level."""

_ATTRIBUTES = frozenset(
    (
        *("product_name", "product_image_url", "bid_type", "title", "tt_account_name"),
        *("tt_account_profile_image_url", "tt_account_authorization_type", "shop_content_type"),
        *("live_name", "live_status", "live_launched_time", "live_duration"),
        *("item_group_id", "item_id"),
    )
)
"""Metrics below the campaign that need one ID dimension and one ID in each filter."""

GMV_LEVELS = {
    name: {level for level, names in GMV_METRICS.items() if name in names}
    for names in GMV_METRICS.values()
    for name in names
}
"""The levels that have each metric. The level "" stands for all levels."""


def check_gmv_max(params: Mapping[str, Any]) -> str | None:
    """Reject invalid combinations of dimensions and metrics. Return the time dimension."""
    dimensions = params["dimensions"]
    level = _level(dimensions)
    _check_filters(level, params["filtering"])
    _check_metrics(level, params)
    time = next((name for name in dimensions if name in TIME_DIMENSIONS), None)
    check_window(params["start_date"], params["end_date"], time)
    return time


def _level(dimensions: list[str]) -> str:
    """Return the level of a report. Reject groupings of dimensions that no level has."""
    for name in dimensions:
        if name not in {*_GROUPINGS, *TIME_DIMENSIONS}:
            reject(f"dimensions: Invalid dimension {name!r}.")
    times = {name for name in dimensions if name in TIME_DIMENSIONS}
    ids = sorted(name for name in dimensions if name not in TIME_DIMENSIONS)
    level = _LEVEL_OF_IDS.get(" ".join(ids), "")
    allowed_times = {*_TIMES.get(level, TIME_DIMENSIONS)}
    if not level or len(times) > 1 or not times <= allowed_times:
        reject(f"dimensions: {', '.join(dimensions)} is not a supported grouping. {CONFLICT}")
    return level


def _check_filters(level: str, filtering: Mapping[str, Any]) -> None:
    """Reject reports that lack a required filter, or have a filter of another level."""
    for name in _REQUIRED_FILTERS.get(level, ()):
        if not filtering.get(name):
            reject(f"filtering: {level} needs {name}. {CONFLICT}")
    if level == "duration" and not (filtering.get("item_group_ids") or filtering.get("room_ids")):
        reject(f"filtering: duration needs item_group_ids or room_ids. {CONFLICT}")
    for name in filtering:
        if name not in _FILTERS[level]:
            reject(f"filtering: {name} is not supported with {level}. {CONFLICT}")
    if level == "campaign_id" and len(filtering.get("gmv_max_promotion_types", ())) != 1:
        reject(f"filtering: campaign_id needs one of gmv_max_promotion_types. {CONFLICT}")


def _check_metrics(level: str, params: Mapping[str, Any]) -> None:
    """Reject metrics that are unavailable for the dimensions or the promotion type."""
    unknown = [name for name in params["metrics"] if name not in GMV_LEVELS]
    if unknown:
        reject(f"Invalid metric fields: {unknown}")
    is_live = params["filtering"].get("gmv_max_promotion_types") == ["LIVE"]
    levels = {"", level}
    if level == "room_id" or (is_live and level == "campaign_id"):
        levels.add("LIVE")
    for name in params["metrics"]:
        if levels.isdisjoint(GMV_LEVELS[name]):
            needed = " or ".join(sorted(GMV_LEVELS[name]))
            reject(f"metrics: {name} needs {needed}. {CONFLICT}")
    if level in _REQUIRED_FILTERS:
        _check_attributes(params)


def _check_attributes(params: Mapping[str, Any]) -> None:
    """Reject names and states of items beside several ID dimensions, or several IDs."""
    wrong = [name for name in params["metrics"] if name in _ATTRIBUTES]
    ids = {name for name in params["dimensions"] if name not in TIME_DIMENSIONS}
    counts = [len(values) for name, values in params["filtering"].items() if name.endswith("_ids")]
    if wrong and (len(ids) > 1 or max(counts, default=0) > 1):
        reject(f"metrics: {wrong[0]} needs one ID dimension and one ID. {CONFLICT}")
