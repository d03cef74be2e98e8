"""Metrics and dimensions that TikTok documents."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

_LISTS_BY_GROUP = json.loads((Path(__file__).parent / "metrics.json").read_text("utf-8"))


def _names(lines: list[str]) -> frozenset[str]:
    """Return the names in lines of space-separated names."""
    return frozenset(" ".join(lines).split())


def _lists(group: str) -> dict[str, frozenset[str]]:
    """Return the lists of a group, by name."""
    return {name: _names(lines) for name, lines in _LISTS_BY_GROUP[group].items()}


#: Metrics that a dimension allows in a synchronous report, by report type and dimension.
CLOSED_LISTS = {name: _lists(name) for name in ("BASIC", "AUDIENCE")}
#: Shorter lists of report tasks.
CLOSED_TASK_LISTS = {name: _lists(f"{name} tasks") for name in ("BASIC", "AUDIENCE")}
#: Metrics by country that a production connector requests but TikTok does not document.
PRODUCTION_BY_COUNTRY = _names(_LISTS_BY_GROUP["production country_code"])
#: Metrics of the Smart+ material reports.
MATERIAL_METRICS = _names(_LISTS_BY_GROUP["material reports"])
#: Attribute metrics, by the level at which they exist.
ATTRIBUTES = _lists("attributes")
ALL_ATTRIBUTES: frozenset[str] = frozenset().union(*ATTRIBUTES.values())

#: ID dimensions of reports, by the rank of their level. An account has rank 0, an ad rank 3.
ID_RANKS = {"advertiser_id": 0, "campaign_id": 1, "adgroup_id": 2, "ad_id": 3, "ad_id_v2": 3}
LEVEL_RANKS = {
    "AUCTION_ADVERTISER": 0,
    "AUCTION_CAMPAIGN": 1,
    "AUCTION_ADGROUP": 2,
    "AUCTION_AD": 3,
}
ATTRIBUTE_RANKS = {"advertiser": 0, "any": 0, "campaign": 1, "ad group": 2, "ad": 3}
TIME_DIMENSIONS = frozenset({"stat_time_day", "stat_time_hour"})

_BASIC = """
    country_code ad_type custom_event_type event_source_id page_id component_name room_id post_id
    image_id video_material_id minis_id search_terms search_keyword match_type
    skan_postback_sequence
"""
_AUDIENCE = """
    gender age country_code province_id dma_id platform ac language device_brand_id placement
    interest_category interest_category_tier2 interest_category_tier3 interest_category_tier4
    behavior_id hashtag audience_tags additional_interests purchase_intention contextual_tag
    ad_type bucket_id
"""
BREAKDOWNS = {"BASIC": frozenset(_BASIC.split()), "AUDIENCE": frozenset(_AUDIENCE.split())}
#: Audience dimensions that a task cannot combine with UV metrics.
TASK_AUDIENCE_DIMENSIONS = frozenset(
    [
        "gender",
        "age",
        "country_code",
        "ac",
        "language",
        "platform",
        "interest_category",
        "placement",
        "contextual_tag",
    ]
)
UV_METRICS = frozenset(
    [
        "average_video_play_per_user",
        "frequency",
        "cost_per_1000_reached",
        "real_time_result",
        "real_time_result_rate",
        "real_time_cost_per_result",
        "result",
        "result_rate",
        "cost_per_result",
        "reach",
        "live_play_count",
    ]
)
#: Metrics of LIVE campaigns in GMV Max reports.
GMV_LIVE_METRICS = frozenset(
    [
        "live_views",
        "cost_per_live_view",
        "10_second_live_views",
        "cost_per_10_second_live_view",
        "live_follows",
        "identity_id",
        "live_name",
        "live_status",
        "live_launched_time",
        "live_duration",
    ]
)
GMV_ATTRIBUTES = frozenset(
    [
        "operation_status",
        "campaign_id",
        "campaign_name",
        "schedule_type",
        "schedule_start_time",
        "schedule_end_time",
        "target_roi_budget",
        "bid_type",
        "max_delivery_budget",
        "product_name",
        "item_group_id",
        "product_image_url",
        "title",
        "item_id",
        "tt_account_name",
        "tt_account_profile_image_url",
        "tt_account_authorization_type",
        "shop_content_type",
        "identity_id",
        "live_name",
        "live_status",
        "live_launched_time",
        "live_duration",
    ]
)


def allowed_metrics(report_type: str, dimension: str, *, is_task: bool) -> frozenset[str] | None:
    """Return the metrics that a dimension allows, or None if it allows all metrics."""
    allowed = CLOSED_LISTS.get(report_type, {}).get(dimension)
    if is_task:
        return CLOSED_TASK_LISTS.get(report_type, {}).get(dimension, allowed)
    if report_type == "BASIC" and dimension == "country_code" and allowed is not None:
        return allowed | PRODUCTION_BY_COUNTRY
    return allowed


def attribute_rank(metric: str) -> tuple[int, bool]:
    """Return the rank of an attribute metric, and True if it exists only at that rank."""
    for level, rank in ATTRIBUTE_RANKS.items():
        if metric in ATTRIBUTES[level]:
            return rank, False
    return ATTRIBUTE_RANKS["ad group"], True


def id_dimensions(dimensions: t.Iterable[str]) -> list[str]:
    """Return only the ID dimensions."""
    return [name for name in dimensions if name in ID_RANKS]
