"""The expected record count of every stream, counted from the objects of the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.entities import SMART_PLUS, TOPVIEW
from tap_tiktok_ads.simulator.accounts.materials import delivered_creatives, main_material
from tap_tiktok_ads.simulator.records import insights, search_ads
from tap_tiktok_ads.simulator.records.assets import pixel_events
from tap_tiktok_ads.simulator.records.feedback import comments, suggestions
from tap_tiktok_ads.simulator.records.leads import changes, is_form, leads
from tap_tiktok_ads.simulator.records.split_tests import split_test_ids
from tap_tiktok_ads.simulator.simple_list_endpoints import SIMPLE_LIST_ENDPOINTS

from .gmv_max_counts import count_gmv_max
from .report_counts import ObjectScope, count_reports

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.business_centers import BusinessCenter
    from tap_tiktok_ads.simulator.accounts.entities import Account, SmartAd

__all__ = ["CountedPeriod", "ObjectScope", "count_account", "count_shared"]


@dataclass(frozen=True)
class CountedPeriod:
    """The days and objects to count.

    Attributes:
        days: Indexes of the days in the history, up to today.
        start: First date of the period.
        end: Last date of the period.
        horizon: Index of today in the history.
        scope: Objects to count.
    """

    days: range
    start: str
    end: str
    horizon: int
    scope: ObjectScope

    def within(self, time: str | None) -> bool:
        """Return True if a time is in the period."""
        return self.start <= (time or "")[:10] <= self.end


def count_account(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Return the record count of every stream of an account."""
    return {
        "advertisers": 1,
        **_count_simple_lists(account, "advertiser_id", period),
        **_count_objects(account, period),
        **_count_file_records(account, period),
        **_count_smart_plus(account, period),
        **_count_insights(account, period),
        **count_gmv_max(account, period.days, period.horizon),
        **count_reports(account, period.days, period.horizon, period.scope),
    }


def count_shared(world: Any, period: CountedPeriod) -> dict[str, int]:
    """Return the counts of records without an advertiser. All counts are 0 without a world."""
    centers = [*world.centers.values()] if world is not None else []
    totals = {
        "authorized_advertisers": len(world.advertiser_ids) if world is not None else 0,
        "bc_balances": len(centers),
        "account_costs": sum(_count_cost_days(world, center, period) for center in centers),
        "bc_advertiser_report": _count_report_days(world, centers, period),
    }
    for list_endpoint in SIMPLE_LIST_ENDPOINTS:
        if list_endpoint.owner == "bc_id":
            totals[list_endpoint.stream] = sum(
                list_endpoint.count(center, period.within) for center in centers
            )
        elif not list_endpoint.owner or list_endpoint.is_common:
            totals[list_endpoint.stream] = (
                0 if world is None else list_endpoint.count(world, period.within)
            )
    return totals


def _count_report_days(world: Any, centers: list[BusinessCenter], period: CountedPeriod) -> int:
    """Count the days of the ad accounts in reports of Business Centers, up to today in UTC."""
    count = 0
    for account in (account for center in centers for account in center.accounts):
        horizon, days = world.horizon(account), 0
        for ad in account.ads:
            if ad.campaign.buying != TOPVIEW and ad.campaign.origin is None:
                days |= ad.report_days(horizon)
        utc_days = world.statistics_days(account, period.start, period.end)
        indexes = (ordinal - account.start.toordinal() for ordinal in utc_days)
        count += sum(days >> day & 1 for day in indexes if 0 <= day <= horizon)
    return count


def _count_cost_days(world: Any, center: BusinessCenter, period: CountedPeriod) -> int:
    """Count the days with costs of each ad account of a Business Center."""
    return sum(
        len(world.statistics_days(account, period.start, period.end)) for account in center.accounts
    )


def _count_simple_lists(owner: Any, parameter: str, period: CountedPeriod) -> dict[str, int]:
    """Count the objects of an owner, for each simple list endpoint with that owner parameter."""
    return {
        list_endpoint.stream: list_endpoint.count(owner, period.within)
        for list_endpoint in SIMPLE_LIST_ENDPOINTS
        if list_endpoint.owner == parameter and list_endpoint.stream and not list_endpoint.is_common
    }


def _count_objects(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Count campaigns, ad groups, ads and the records that belong to them."""
    includes = period.scope.includes
    groups = [*filter(includes, account.groups)]
    ads = [*filter(includes, account.ads)]
    return {
        "campaigns": sum(map(includes, account.campaigns)),
        "ad_groups": len(groups),
        "ads": len(ads),
        **_count_playables(account, period),
        "split_tests": len(split_test_ids(groups)),
        "negative_keywords": sum(
            search_ads.keyword_count(entity)
            for kind, entities in (("CAMPAIGN", account.campaigns), ("ADGROUP", groups))
            for entity in filter(includes, entities)
            if search_ads.has_search_ads(kind, entity)
        ),
        "ad_review_info": sum(ad.campaign.origin is None for ad in ads),
        "pixel_event_statistics": sum(
            len(pixel_events(pixel, range(1))) * len(period.days) for pixel in account.pixels
        ),
        "comments": sum(
            period.within(comment.created) for group in groups for comment in comments(group)
        ),
        "ad_group_diagnoses": sum(
            len(records) for group in account.groups for records in suggestions(group).values()
        ),
    }


def _count_playables(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Count the days with spend of playables, and the playables that have any."""
    masks = []
    for playable in account.existing_assets("playables"):
        spend_days = delivery.days_with_rows(playable.key, 0, period.horizon)
        masks.append(spend_days & ~delivery.days_without_spend(playable.key, period.horizon))
    return {
        "playable_report": sum(mask >> day & 1 for mask in masks for day in period.days),
        "playable_report_lifetime": sum(map(bool, masks)),
    }


def _count_insights(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Count ads that have delivered, and days of fatigue of ads that deliver now."""
    horizon = period.horizon
    first = horizon - insights.MAX_FATIGUE_DAYS + 1
    ads = filter(period.scope.includes, account.ads)
    return {
        "video_performance_report": sum(bool(ad.report_days(horizon)) for ad in ads),
        "creative_fatigue": sum(
            len(insights.fatigue_days(ad, first, horizon - 1, horizon))
            for ad in insights.delivering_ads(account)
        ),
    }


def _count_file_records(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Count the instant forms, their leads, and the entries of the change log."""
    forms = [page for page in account.existing_assets("instant_pages") if is_form(page)]
    return {
        "lead_form_fields": len(forms),
        "leads": sum(len(leads(form, account)) for form in forms),
        "change_log": sum(len(changes(account, day)) for day in period.days),
    }


def _count_smart_plus(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Count the objects of Upgraded Smart+ and the rows of its material reports."""
    includes = period.scope.includes
    campaigns = [entry for entry in account.campaigns if entry.automation == SMART_PLUS]
    groups = [group for group in account.groups if group.campaign.automation == SMART_PLUS]
    smart_ads = [smart for smart in account.smart_ads if includes(smart)]
    return {
        "smart_plus_campaigns": sum(map(includes, campaigns)),
        "smart_plus_ad_groups": sum(map(includes, groups)),
        "smart_plus_ads": len(smart_ads),
        "smart_plus_ad_creatives": sum(len(smart.creatives) for smart in smart_ads),
        "smart_plus_ad_media": sum(len(_media(smart)) for smart in smart_ads),
        "smart_plus_ad_suggestions": sum(map(_count_reviews, smart_ads)),
        **_count_material_rows(account, period),
    }


def _count_material_rows(account: Account, period: CountedPeriod) -> dict[str, int]:
    """Count the rows of the material reports of Upgraded Smart+."""
    daily: set[tuple[str, str, int]] = set()
    lifetime: set[tuple[str, str, str]] = set()
    for smart, creative, ad in delivered_creatives(account):
        material = main_material(account, creative)
        spend_days = ad.spend_days(period.horizon)
        daily.update((*material, day) for day in period.days if spend_days >> day & 1)
        if spend_days:
            lifetime.add((smart.id, *material))
    return {
        "smart_plus_material_report_daily": len(daily),
        "smart_plus_material_report": len(lifetime),
    }


def _media(smart: SmartAd) -> set[tuple[str, str, str]]:
    """Return kind, ID and material of the assets of a Smart+ ad, without duplicates."""
    media = {
        (kind, asset_id, creative.material_id)
        for creative in smart.creatives
        for kind, asset_id in creative.media
    }
    return media | {("PLAYABLE", url, "") for url in smart.playables}


def _count_reviews(smart: SmartAd) -> int:
    return 1 + sum(len(creative.reviewed) for creative in smart.creatives)
