"""Handlers of the report on the GMV Max campaigns of a TikTok Shop, and of campaign details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.pseudorandom import mix
from tap_tiktok_ads.simulator.records.shops import (
    gmv_max_campaign_info,
    gmv_max_type,
    is_available,
)
from tap_tiktok_ads.simulator.records.values import value
from tap_tiktok_ads.simulator.reports.aggregation import delivery_by_time
from tap_tiktok_ads.simulator.reports.metrics import Formula, formula, money, ratio
from tap_tiktok_ads.simulator.reports.query import CONFLICT, check_window
from tap_tiktok_ads.simulator.reports.rows import window
from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.facts import GMV_METRICS
from tap_tiktok_ads.simulator.spec.reports import TIME_DIMENSIONS

from .aggregated_reports import aggregated_report, check_metrics
from .api import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset
    from tap_tiktok_ads.simulator.reports.aggregation import AggregatedRow, AggregatedRows

    from .api import Api, Handler, Params

_IDS = ("advertiser_id", "campaign_id")
_PRODUCT, _LIVE = ("item_group_id", "item_id"), ("room_id", "duration")
_ITEM_DIMENSIONS = frozenset((*_PRODUCT, *_LIVE))
_DIMENSIONS = frozenset((*_IDS, *TIME_DIMENSIONS, *_ITEM_DIMENSIONS))
_EXCLUSIVE_DIMENSIONS = {"ID": _IDS, "time": TIME_DIMENSIONS, "live": _LIVE}
_SHARES = (600, 370)
_DEFAULT_STATUSES = ("STATUS_DELIVERY_OK", "STATUS_DISABLE", "STATUS_NOT_DELIVERY")
"""Statuses that a request without `campaign_statuses` selects. Deleted campaigns are left out."""

_FORMULAS: dict[str, Formula] = {
    "gross_revenue": money(delivery.VALUE),
    "cost_per_live_view": ratio("spend", "video_play_actions", 1),
    "cost_per_10_second_live_view": ratio("spend", "video_watched_6s", 1),
    **{
        name: formula(metric)
        for name, metric in {
            "cost": "spend",
            "net_cost": "spend",
            "orders": "conversion",
            "cost_per_order": "cost_per_conversion",
            "roi": "complete_payment_roas",
            "product_impressions": "impressions",
            "product_clicks": "clicks",
            "product_click_rate": "ctr",
            "ad_click_rate": "ctr",
            "ad_conversion_rate": "conversion_rate_v2",
            "live_views": "video_play_actions",
            "10_second_live_views": "video_watched_6s",
            "live_follows": "follows",
        }.items()
    },
    **{
        f"ad_video_view_rate_{point}": ratio(views, "impressions", 100)
        for point, views in {
            "2s": "video_watched_2s",
            "6s": "video_watched_6s",
            "p25": "video_views_p25",
            "p50": "video_views_p50",
            "p75": "video_views_p75",
            "p100": "video_views_p100",
        }.items()
    },
}
_FORMULAS |= {
    f"all_shops_{name}": _FORMULAS[name]
    for name in ("cost_per_order", "orders", "gross_revenue", "roi")
}
_LEVELS = {
    name: {level for level, names in GMV_METRICS.items() if name in names}
    for names in GMV_METRICS.values()
    for name in names
}
"""The levels that have each metric. The level "" stands for all levels."""


def _report(api: Api, params: Params) -> Payload:
    """Return a page of the report of a TikTok Shop."""
    account = api.account(params)
    (store_id,) = params["store_ids"]
    store = next(
        (store for store in account.existing_assets("stores") if store.id == store_id), None
    )
    if store is None:
        reject(f"store_ids: Store {store_id} does not exist.")
    if not is_available(store, account):
        reject(f"store_ids: Store {store_id} is not available for GMV Max.")
    time = _check(params)
    days = window(api.world, account, params["start_date"], params["end_date"])

    def fill(rows: AggregatedRows) -> None:
        for campaign in account.gmv_max_campaigns(store, with_deleted=True):
            if not _selects(campaign, store, params, account):
                continue
            for moment, counters in delivery_by_time(api.world, account, campaign, days, time):
                for items, share in _items(campaign, params):
                    values = {"advertiser_id": account.id, "campaign_id": campaign.id, **items}
                    values |= {time or "": moment}
                    dimensions = {name: values[name] for name in params["dimensions"]}
                    rows.add(dimensions, (campaign, store), delivery.scaled(counters, share))

    def attribute(row: AggregatedRow, metric: str) -> Any:
        return _attribute(row, metric, account)

    return aggregated_report(api, account, params, fill, _FORMULAS, attribute)


def _check(params: Params) -> str | None:
    """Reject invalid combinations of dimensions and metrics. Return the time dimension."""
    dimensions = params["dimensions"]
    _check_dimensions(dimensions)
    items = _ITEM_DIMENSIONS.intersection(dimensions)
    _check_filters(items, params)
    _check_metrics(items, params)
    time = next((name for name in dimensions if name in TIME_DIMENSIONS), None)
    check_window(params["start_date"], params["end_date"], time)
    return time


def _check_dimensions(dimensions: list[str]) -> None:
    """Reject unknown dimensions, and invalid combinations of dimensions."""
    for name in dimensions:
        if name not in _DIMENSIONS:
            reject(f"dimensions: Invalid dimension {name!r}.")
    for kind, names in _EXCLUSIVE_DIMENSIONS.items():
        if sum(dimensions.count(name) for name in names) > 1:
            reject(f"dimensions: Only one {kind} dimension is allowed. {CONFLICT}")
    if len(set(dimensions)) != len(dimensions) or not set(_IDS).intersection(dimensions):
        reject(f"dimensions: Exactly one of {', '.join(_IDS)} is needed. {CONFLICT}")
    _check_item_dimensions(_ITEM_DIMENSIONS.intersection(dimensions), dimensions)


def _check_filters(items: frozenset[str], params: Params) -> None:
    """Reject reports that lack a required filter.

    Reports by campaign require one promotion type. Reports by item require campaign IDs.
    """
    filtering, dimensions = params["filtering"], params["dimensions"]
    if items:
        if "campaign_ids" not in filtering:
            reject(f"filtering: {min(items)} needs campaign_ids. {CONFLICT}")
    elif "campaign_id" in dimensions and len(filtering.get("gmv_max_promotion_types", ())) != 1:
        reject(f"filtering: campaign_id needs one of gmv_max_promotion_types. {CONFLICT}")


def _check_metrics(items: frozenset[str], params: Params) -> None:
    """Reject metrics that are unavailable for the dimensions or the promotion type."""
    check_metrics(params["metrics"], _LEVELS)
    is_live = params["filtering"].get("gmv_max_promotion_types") == ["LIVE"]
    levels = {"", *params["dimensions"]}
    if items.intersection(_LIVE) or (is_live and "campaign_id" in levels):
        levels.add("LIVE")
    for name in params["metrics"]:
        if levels.isdisjoint(_LEVELS[name]):
            needed = " or ".join(sorted(_LEVELS[name]))
            reject(f"metrics: {name} needs {needed}. {CONFLICT}")


def _check_item_dimensions(items: frozenset[str], dimensions: list[str]) -> None:
    """Reject product and live dimensions without `campaign_id`, and combinations of both."""
    if items and "campaign_id" not in dimensions:
        reject(f"dimensions: {min(items)} needs campaign_id. {CONFLICT}")
    if items.intersection(_PRODUCT) and items.intersection(_LIVE):
        reject(f"dimensions: {', '.join(sorted(items))} cannot be combined. {CONFLICT}")


def _selects(campaign: Asset, store: Asset, params: Params, account: Account) -> bool:
    """Return True if the filters select a campaign."""
    filtering = params["filtering"]
    record = gmv_max_campaign_info(campaign, store, account)
    statuses = filtering.get("campaign_statuses") or _DEFAULT_STATUSES
    promotion_type = record["shopping_ads_type"]
    return (
        campaign.id in filtering.get("campaign_ids", (campaign.id,))
        and filtering.get("campaign_name", "") in record["campaign_name"]
        and _status(campaign, record) in statuses
        and promotion_type in (filtering.get("gmv_max_promotion_types") or (promotion_type,))
    )


def _status(campaign: Asset, record: Mapping[str, Any]) -> str:
    """Return the primary status of a campaign."""
    if campaign.removed:
        return "STATUS_DELETE"
    return "STATUS_DELIVERY_OK" if record["operation_status"] == "ENABLE" else "STATUS_DISABLE"


def _items(campaign: Asset, params: Params) -> Iterator[tuple[dict[str, str], int]]:
    """Yield the products or live rooms of a campaign, each with its share in thousandths."""
    names = [name for name in params["dimensions"] if name in _ITEM_DIMENSIONS]
    filtering = params["filtering"]
    is_live = gmv_max_type(campaign) == "LIVE_GMV_MAX"
    if not names:
        yield {}, 1000
    elif (names[0] in _LIVE) == is_live:
        for number, share in enumerate(_SHARES):
            items = {name: _item_id(campaign, name, number) for name in names}
            if all(item in filtering.get(f"{name}s", (item,)) for name, item in items.items()):
                yield items, share


def _item_id(campaign: Asset, name: str, number: int) -> str:
    if name == "duration":
        return ("0-30", "30-60")[number]
    return str(17 * 10**17 + mix(campaign.key, len(name), number) % 10**17)


def _attribute(row: AggregatedRow, name: str, account: Account) -> Any:
    """Return a metric that is a property of the campaign, product or live room."""
    campaign, store = row.subject
    if name in row.dimensions:
        return row.dimensions[name]
    record = gmv_max_campaign_info(campaign, store, account)
    if name in record:
        return record[name] if isinstance(record[name], str) else str(record[name])
    return str(value(name, GMV_METRICS[min(_LEVELS[name])][name], campaign.key))


def _info(api: Api, params: Params) -> Payload:
    """Return the details of a GMV Max campaign."""
    account = api.account(params)
    matching_campaigns = [
        gmv_max_campaign_info(campaign, store, account)
        for store in account.existing_assets("stores")
        for campaign in account.gmv_max_campaigns(store)
        if campaign.id == params["campaign_id"]
    ]
    if not matching_campaigns:
        reject(f"campaign_id: GMV Max campaign {params['campaign_id']} does not exist.")
    return Payload(matching_campaigns[0])


HANDLERS: dict[str, Handler] = {
    "/gmv_max/report/get/": _report,
    "/campaign/gmv_max/info/": _info,
}
