"""Handlers of the performance by second and of the fatigue of ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.records import insights
from tap_tiktok_ads.simulator.spec.errors import reject

from .api import Api, Handler, Params, Payload, day_count, page_of, select_by_id

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Ad

#: Members of `filtering` that choose ads. A request has exactly one of them.
CHOICES = {"ad_ids", "adgroup_ids", "campaign_ids"}


def _seconds(api: Api, params: Params) -> Payload:
    """Return the metrics by second of ads that have delivered."""
    account = api.account(params)
    filtering = params["filtering"]
    if len(CHOICES & filtering.keys()) != 1:
        reject("filtering: Exactly one of ad_ids, adgroup_ids and campaign_ids must be specified.")
    ads = [ad for ad in account.ads if _is_chosen(ad, filtering)]
    if "ad_ids" in filtering:
        ads = select_by_id(account.ads, filtering, "ad_ids", "Ad")
    horizon = api.world.horizon(account)
    delivered = [ad for ad in ads if ad.report_days(horizon)]
    return page_of(params, delivered, insights.seconds)


def _is_chosen(ad: Ad, filtering: Params) -> bool:
    """Return True if the filter contains the ad group or the campaign of an ad."""
    is_in_group = ad.group.id in filtering.get("adgroup_ids", ())
    return is_in_group or ad.campaign.id in filtering.get("campaign_ids", ())


def _fatigue(api: Api, params: Params) -> Payload:
    """Return the fatigue of an ad. The end of the range is not included."""
    account = api.account(params)
    (ad,) = select_by_id(account.ads, {"ad_id": [params["ad_id"]]}, "ad_id", "Ad")
    start, end = params["filtering"]["start_date"], params["filtering"]["end_date"]
    day_count(start, end)
    horizon = api.world.horizon(account)
    first, last = account.day_of(start), account.day_of(end) - 1
    if first < horizon - insights.MAX_FATIGUE_DAYS or last > horizon:
        reject("start_date: Must be within the last 60 days.")
    days = insights.fatigue_days(ad, first, last, horizon)
    return page_of(params, days, lambda day: insights.fatigue(ad, day))


HANDLERS: dict[str, Handler] = {
    "/report/video_performance/get/": _seconds,
    "/creative_fatigue/get/": _fatigue,
}
