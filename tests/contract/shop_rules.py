"""Rules of GMV Max and of the Smart+ material reports."""

from __future__ import annotations

import typing as t

from . import metrics
from .rule_types import Rule, at, has_range

if t.TYPE_CHECKING:
    from .messages import SentRequest

METRICS_PAGE, REPORT_PAGE = "1824722485971009", "1824721673497601"
OVERVIEW, BREAKDOWN = (f"/smart_plus/material_report/{name}/" for name in ("overview", "breakdown"))
OBJECTS = {"advertiser_id", "campaign_id", "adgroup_id", "smart_plus_ad_id"}
TIMES = {"stat_time_hour", "stat_time_day", "stat_time_week", "stat_time_month"}
#: ID dimensions of GMV Max reports.
GMV_IDS = {"advertiser_id", "campaign_id", "item_group_id", "item_id", "room_id"}
#: Dimensions below the campaign, and the filters that each of them supports.
GMV_ITEMS = {
    "item_group_id": {"campaign_ids"},
    "item_id": {
        *("campaign_ids", "item_group_ids", "creative_types", "creative_delivery_statuses"),
        "search_word",
    },
    "room_id": {"campaign_ids"},
    "duration": {"campaign_ids", "item_group_ids", "room_ids"},
}
#: Groupings of dimensions below the campaign, without the time.
GMV_GROUPINGS = (
    *({"item_group_id"}, {"campaign_id", "item_group_id"}, {"room_id"}, {"campaign_id", "room_id"}),
    *({"item_id"}, {"campaign_id", "item_group_id", "item_id"}),
    *({"duration"}, {"campaign_id", "duration"}, {"item_group_id", "duration"}),
    *({"campaign_id", "item_group_id", "duration"}, {"room_id", "duration"}),
    {"campaign_id", "room_id", "duration"},
)
GMV_DAYS = {"stat_time_day": 30, "stat_time_hour": 1}

is_gmv = at("/gmv_max/report/get/")
is_material = at(OVERVIEW, BREAKDOWN)


def promotion_types(request: SentRequest) -> list[str]:
    """Return the promotion types of a GMV Max report."""
    return request.member("filtering", "gmv_max_promotion_types") or []


def is_by(*names: str) -> t.Callable[[SentRequest], bool]:
    """Return a condition that is True for GMV Max reports with one of these dimensions."""
    return lambda request: is_gmv(request) and bool(set(names) & set(request.names("dimensions")))


def is_by_campaign(request: SentRequest) -> bool:
    """Return True for GMV Max reports by campaign, and not by its items."""
    return is_by("campaign_id")(request) and not is_by(*GMV_ITEMS)(request)


def gmv_item(request: SentRequest) -> str:
    """Return the dimension below the campaign that decides about the filters."""
    dimensions = request.names("dimensions")
    order = ("duration", "item_id", "item_group_id", "room_id")
    return next(name for name in order if name in dimensions)


def has_item_filter(request: SentRequest) -> bool:
    """Return True if a report by item has the filters that it requires, and no other filter."""
    name, filters = gmv_item(request), {*request.value("filtering", {})}
    required = {"campaign_ids", *({"item_group_ids"} if name == "item_id" else ())}
    if name == "duration" and not filters & {"item_group_ids", "room_ids"}:
        return False
    return required <= filters <= GMV_ITEMS[name]


def has_gmv_grouping(request: SentRequest) -> bool:
    """Return True if TikTok documents the dimensions of a report by item."""
    dimensions = {*request.names("dimensions")}
    times = dimensions & GMV_DAYS.keys()
    allowed = {"duration": set(), "item_id": {"stat_time_day"}}
    return dimensions - times in GMV_GROUPINGS and times <= allowed.get(
        gmv_item(request), GMV_DAYS.keys()
    )


def is_single(request: SentRequest) -> bool:
    """Return True if a report has one ID dimension, and below the campaign also one ID."""
    filtering = request.value("filtering", {})
    counts = [len(values) for name, values in filtering.items() if name.endswith("_ids")]
    has_one = not is_by(*GMV_ITEMS)(request) or max(counts, default=0) <= 1
    return len(GMV_IDS & set(request.names("dimensions"))) == 1 and has_one


def gmv_days(request: SentRequest) -> int:
    """Return the maximum number of days of a GMV Max report."""
    return min([GMV_DAYS.get(name, 365) for name in request.names("dimensions")] or [365])


def has_gmv_metrics(names: frozenset[str]) -> t.Callable[[SentRequest], bool]:
    """Return a condition that is True for GMV Max reports with one of these metrics."""
    return lambda request: is_gmv(request) and bool(names & set(request.names("metrics")))


def has_material_days(request: SentRequest) -> bool:
    """Return True if a material report has a valid range or requests the lifetime."""
    has_dates = bool({"start_date", "end_date"} & request.parameters.keys())
    if request.is_true("query_lifetime"):
        return not has_dates
    return has_range(request, 7 if "stat_time_hour" in request.names("dimensions") else 365)


SHOP_RULES = (
    Rule(
        "GMV Max reports by campaign have one promotion type",
        f"{METRICS_PAGE}, addendum",
        is_by_campaign,
        lambda request: len(promotion_types(request)) == 1,
    ),
    Rule(
        "GMV Max reports by product, post, room or duration have the filters of their level",
        METRICS_PAGE,
        is_by(*GMV_ITEMS),
        has_item_filter,
    ),
    Rule(
        "GMV Max reports by product, post, room or duration have a documented grouping",
        METRICS_PAGE,
        is_by(*GMV_ITEMS),
        has_gmv_grouping,
    ),
    Rule(
        "GMV Max reports span at most 30 days by day, 1 by hour, and 365 otherwise",
        REPORT_PAGE,
        is_gmv,
        lambda request: has_range(request, gmv_days(request)),
    ),
    Rule(
        "GMV Max metrics of LIVE are requested for LIVE campaigns",
        METRICS_PAGE,
        has_gmv_metrics(metrics.GMV_LIVE_METRICS),
        lambda request: promotion_types(request) == ["LIVE"] or is_by("room_id")(request),
    ),
    Rule(
        "GMV Max attribute metrics have one ID dimension, and below the campaign one ID",
        METRICS_PAGE,
        has_gmv_metrics(metrics.GMV_ATTRIBUTES),
        is_single,
    ),
    Rule(
        "A material overview has one object and one material as its dimensions",
        "fact sheet 6",
        at(OVERVIEW),
        lambda request: (
            len(OBJECTS & set(request.names("dimensions"))) == 1
            and not TIMES & set(request.names("dimensions"))
        ),
    ),
    Rule(
        "A material breakdown has one time dimension at most, and a material",
        "fact sheet 6",
        at(BREAKDOWN),
        lambda request: (
            len(TIMES & set(request.names("dimensions"))) <= 1
            and bool(set(request.names("dimensions")) - TIMES)
        ),
    ),
    Rule(
        "A material report spans its lifetime, or at most 365 days, 7 by hour",
        "fact sheet 6",
        is_material,
        has_material_days,
    ),
    Rule(
        "A material report does not combine filters of campaigns, ad groups and ads",
        "fact sheet 6",
        is_material,
        lambda request: (
            sum(
                request.member("filtering", f"{name}_ids") is not None
                for name in ("campaign", "adgroup", "smart_plus_ad")
            )
            <= 1
        ),
    ),
    Rule(
        "A material report requests the 850 metrics of the enumeration",
        "yml smart_plus_material_report_overview",
        is_material,
        lambda request: set(request.names("metrics")) <= metrics.MATERIAL_METRICS,
    ),
)
