"""TikTok Shops and GMV Max: stores, the campaigns that sell for them, and their report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.pseudorandom import mix
from tap_tiktok_ads.simulator.records import assets as beyond
from tap_tiktok_ads.simulator.records.values import value
from tap_tiktok_ads.simulator.reports.in_memory import Line, Lines, answer, days_of, report, window
from tap_tiktok_ads.simulator.reports.integrated import CONFLICT, check_window
from tap_tiktok_ads.simulator.reports.metrics import Formula, formula, money, ratio
from tap_tiktok_ads.simulator.spec.errors import refuse
from tap_tiktok_ads.simulator.spec.facts import GMV_METRICS

from .api import Answer, Api, Handler, Params, page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.accounts.entities import Asset

_IDS = ("advertiser_id", "campaign_id")
_TIMES = ("stat_time_day", "stat_time_hour")
_PRODUCT, _LIVE = ("item_group_id", "item_id"), ("room_id", "duration")
_SHARES = (600, 370)

_FORMULAS: dict[str, Formula] = {
    "gross_revenue": money(delivery.VALUE),
    "cost_per_live_view": ratio("spend", "video_play_actions", 1),
    "cost_per_10_second_live_views": ratio("spend", "video_watched_6s", 1),
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
        f"ad_video_view_rate_{part}": ratio(counted, "impressions", 100)
        for part, counted in {
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
_METRICS = {name: need for need, names in GMV_METRICS.items() for name in names}


def _stores(api: Api, params: Params) -> Answer:
    account = api.account(params)
    return Answer({"stores": [beyond.store(one, account) for one in account.living("stores")]})


def _gmv_max_stores(api: Api, params: Params) -> Answer:
    account = api.account(params)
    rows = [beyond.gmv_max_store(one, account) for one in account.living("stores")]
    return Answer({"store_list": rows})


def _campaigns(api: Api, params: Params) -> Answer:
    account = api.account(params)
    wanted = params["filtering"]
    stores = account.living("stores")
    found = [
        (campaign, store)
        for store in stores
        if store.id in wanted.get("store_ids", (store.id,))
        for campaign in account.gmv_max_of(store)
        if beyond.gmv_type(campaign) in wanted["gmv_max_promotion_types"]
    ]
    return page_of(params, found[::-1], lambda pair: beyond.gmv_max_campaign(*pair, account))


def _report(api: Api, params: Params) -> Answer:
    account = api.account(params)
    (name,) = params["store_ids"]
    store = next((one for one in account.living("stores") if one.id == name), None)
    if store is None:
        refuse(f"store_ids: Store {name} does not exist.")
    time = _check(params)
    days = window(api.world, account, params["start_date"], params["end_date"])

    def gmv_max(lines: Lines) -> None:
        for campaign in account.gmv_max_of(store):
            if not _wanted(campaign, store, params, account):
                continue
            for moment, counters in days_of(api.world, account, campaign, days, time):
                for part, share in _parts(campaign, params):
                    known = {"advertiser_id": account.id, "campaign_id": campaign.id, **part}
                    known |= {time or "": moment}
                    dimensions = {one: known[one] for one in params["dimensions"]}
                    lines.add(dimensions, (campaign, store), delivery.scaled(counters, share))

    found = report(api, account, params, gmv_max, _FORMULAS)
    return answer(params, found, _FORMULAS, lambda line, metric: _attribute(line, metric, account))


def _check(params: Params) -> str | None:
    """Refuse dimensions and metrics that do not go together; return the time dimension."""
    dimensions = params["dimensions"]
    _check_dimensions(dimensions)
    unknown = [name for name in params["metrics"] if name not in _METRICS]
    if unknown:
        refuse(f"Invalid metric fields: {unknown}")
    for name in params["metrics"]:
        if _METRICS[name] and _METRICS[name] not in dimensions:
            refuse(f"metrics: {name} needs the dimension {_METRICS[name]}. {CONFLICT}")
    time = next((name for name in dimensions if name in _TIMES), None)
    check_window(params["start_date"], params["end_date"], time)
    return time


def _check_dimensions(dimensions: list[str]) -> None:
    for name in dimensions:
        if name not in {*_IDS, *_TIMES, *_PRODUCT, *_LIVE}:
            refuse(f"dimensions: Invalid dimension {name!r}.")
    for kind, names in (("ID", _IDS), ("time", _TIMES), ("live", _LIVE)):
        if len([name for name in dimensions if name in names]) > 1:
            refuse(f"dimensions: Only one {kind} dimension is allowed. {CONFLICT}")
    below = {*_PRODUCT, *_LIVE}.intersection(dimensions)
    if len(set(dimensions)) != len(dimensions) or not {*_IDS}.intersection(dimensions):
        refuse(f"dimensions: Exactly one of {', '.join(_IDS)} is needed. {CONFLICT}")
    if below and "campaign_id" not in dimensions:
        refuse(f"dimensions: {min(below)} needs campaign_id. {CONFLICT}")
    if {*_PRODUCT} & below and {*_LIVE} & below:
        refuse(f"dimensions: {', '.join(sorted(below))} cannot be combined. {CONFLICT}")


def _wanted(campaign: Asset, store: Asset, params: Params, account: Account) -> bool:
    """Return whether `filtering` keeps a campaign."""
    wanted = params["filtering"]
    row = beyond.gmv_max_campaign(campaign, store, account)
    status = "STATUS_DELIVERY_OK" if row["operation_status"] == "ENABLE" else "STATUS_DISABLE"
    kind = beyond.gmv_type(campaign).removesuffix("_GMV_MAX")
    return (
        campaign.id in wanted.get("campaign_ids", (campaign.id,))
        and wanted.get("campaign_name", "") in row["campaign_name"]
        and status in (wanted.get("campaign_statuses") or (status,))
        and kind in (wanted.get("gmv_max_promotion_types") or (kind,))
    )


def _parts(campaign: Asset, params: Params) -> Iterator[tuple[dict[str, str], int]]:
    """Yield the products or live rooms a campaign divides into, with their share."""
    names = [name for name in params["dimensions"] if name in {*_PRODUCT, *_LIVE}]
    wanted = params["filtering"]
    live = beyond.gmv_type(campaign) == "LIVE_GMV_MAX"
    if not names:
        yield {}, 1000
    elif (names[0] in _LIVE) == live:
        for number, share in enumerate(_SHARES):
            part = {name: _part_id(campaign, name, number) for name in names}
            if all(one in wanted.get(f"{name}s", (one,)) for name, one in part.items()):
                yield part, share


def _part_id(campaign: Asset, name: str, number: int) -> str:
    if name == "duration":
        return ("0-30", "30-60")[number]
    return str(17 * 10**17 + mix(campaign.key, len(name), number) % 10**17)


def _attribute(line: Line, name: str, account: Account) -> Any:
    """Return a metric that is a property of what the line is about."""
    campaign, store = line.about
    if name in line.dimensions:
        return line.dimensions[name]
    row = beyond.gmv_max_campaign(campaign, store, account)
    if name in row:
        return row[name] if isinstance(row[name], str) else str(row[name])
    return str(value(name, GMV_METRICS[_METRICS[name]][name], campaign.key))


HANDLERS: dict[str, Handler] = {
    "/store/list/": _stores,
    "/gmv_max/store/list/": _gmv_max_stores,
    "/gmv_max/campaign/get/": _campaigns,
    "/gmv_max/report/get/": _report,
}
