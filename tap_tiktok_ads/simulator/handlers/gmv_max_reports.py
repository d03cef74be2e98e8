"""Handlers of the report on the GMV Max campaigns of a TikTok Shop, of details and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.pseudorandom import mix
from tap_tiktok_ads.simulator.records.shops import (
    PRODUCT_CAMPAIGN,
    gmv_max_campaign_info,
    gmv_max_session,
    gmv_max_type,
    is_available,
    session_numbers,
)
from tap_tiktok_ads.simulator.records.values import value
from tap_tiktok_ads.simulator.reports.aggregation import delivery_by_time
from tap_tiktok_ads.simulator.reports.gmv_max_query import GMV_LEVELS, check_gmv_max
from tap_tiktok_ads.simulator.reports.metrics import Formula, formula, money, ratio
from tap_tiktok_ads.simulator.reports.rows import window
from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.facts import GMV_METRICS

from .aggregated_reports import aggregated_report
from .api import Payload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset
    from tap_tiktok_ads.simulator.reports.aggregation import AggregatedRow, AggregatedRows

    from .api import Api, Handler, Params

_ITEM_DIMENSIONS = frozenset(("item_group_id", "item_id", "room_id", "duration"))
_IDS_BY_TYPE = {False: ("item_group_id", "item_id"), True: ("room_id",)}
"""The IDs of the items of a campaign, by True for campaigns for livestreams."""

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
    time = check_gmv_max(params)
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
    elif ("room_id" in names or "room_ids" in filtering) == is_live:
        all_names = (*names, *_IDS_BY_TYPE[is_live])
        for number, share in enumerate(_SHARES):
            items = {name: _item_id(campaign, name, number) for name in all_names}
            if _selects_items(items, filtering):
                yield {name: items[name] for name in names}, share


def _selects_items(items: Mapping[str, str], filtering: Mapping[str, Any]) -> bool:
    """Return True if the filters select an item of a campaign."""
    return all(item in filtering.get(f"{name}s", (item,)) for name, item in items.items())


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
    return str(value(name, GMV_METRICS[min(GMV_LEVELS[name])][name], campaign.key))


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


def _product_campaigns(account: Account) -> list[Asset]:
    """Return the existing GMV Max campaigns for products of an account."""
    return [
        campaign
        for store in account.existing_assets("stores")
        for campaign in account.gmv_max_campaigns(store)
        if gmv_max_type(campaign) == PRODUCT_CAMPAIGN
    ]


def _session_list(api: Api, params: Params) -> Payload:
    """Return the active sessions of a campaign for products, without the boosted posts."""
    campaigns = {campaign.id: campaign for campaign in _product_campaigns(api.account(params))}
    campaign = campaigns.get(params["campaign_id"])
    if campaign is None:
        reject(f"campaign_id: Product GMV Max campaign {params['campaign_id']} does not exist.")
    records = [gmv_max_session(campaign, number) for number in session_numbers(campaign)]
    return _sessions([{**record, "item_id": None} for record in records])


def _session_details(api: Api, params: Params) -> Payload:
    """Return sessions by ID."""
    records = {
        record["session_id"]: record
        for campaign in _product_campaigns(api.account(params))
        for record in (gmv_max_session(campaign, number) for number in session_numbers(campaign))
    }
    for session_id in params["session_ids"]:
        if session_id not in records:
            reject(f"session_ids: Session {session_id} does not exist.")
    return _sessions([records[name] for name in dict.fromkeys(params["session_ids"])])


def _sessions(records: list[dict[str, Any]]) -> Payload:
    """Return sessions without null values. Without sessions, the response has no list."""
    filled = [
        {name: value for name, value in record.items() if value is not None} for record in records
    ]
    return Payload({"session_list": filled} if filled else {})


HANDLERS: dict[str, Handler] = {
    "/gmv_max/report/get/": _report,
    "/campaign/gmv_max/info/": _info,
    "/campaign/gmv_max/session/list/": _session_list,
    "/campaign/gmv_max/session/get/": _session_details,
}
