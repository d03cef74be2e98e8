"""How many rows each core stream has: object by object, day by day, without pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import delivery
from .entities import TOP_VIEW, Ad, AdGroup, Campaign, SmartAd

if TYPE_CHECKING:
    from .account import Account

STREAMS = (
    "advertisers",
    "campaigns",
    "ad_groups",
    "ads",
    "ad_performance_report",
    "ad_group_performance_report",
    "campaign_performance_report",
    "audience_report_by_age_gender",
    "audience_report_by_country",
    "audience_report_by_platform",
    "campaign_country_report",
    "custom_audiences",
    "pixels",
    "video_creatives",
    "image_creatives",
    "smart_plus_ads",
    "smart_plus_ad_creatives",
    "smart_plus_ad_media",
    "smart_plus_ad_suggestions",
)
"""Names of the core streams."""

LIBRARY_LIMIT = 10_000
"""Videos or images that can be listed."""

_AUDIENCE_REPORTS = {
    "audience_report_by_age_gender": ("gender", "age"),
    "audience_report_by_country": ("country_code",),
    "audience_report_by_platform": ("platform",),
}


@dataclass(frozen=True)
class Counted:
    """Which objects count; in reports, TopView ones come only by a filter and never count."""

    include_deleted: bool
    top_view: bool

    def keeps(self, entity: Campaign | AdGroup | Ad | SmartAd) -> bool:
        """Return whether an object counts; in-app Promote campaigns never do."""
        campaign = entity.campaign
        if campaign.origin is not None or (campaign.buying == TOP_VIEW and not self.top_view):
            return False
        return self.include_deleted or not entity.deleted


def count(account: Account, days: range, horizon: int, counted: Counted) -> dict[str, int]:
    """Return the rows of every core stream of an account.

    Args:
        account: The advertiser.
        days: Days of the history the reports are asked for, up to today.
        horizon: Index of today.
        counted: Which objects count.
    """
    smart_ads = [smart for smart in account.smart_ads if counted.keeps(smart)]
    return {
        "advertisers": 1,
        "campaigns": sum(counted.keeps(campaign) for campaign in account.campaigns),
        "ad_groups": sum(counted.keeps(group) for group in account.groups),
        "ads": sum(counted.keeps(ad) for ad in account.ads),
        "custom_audiences": len(account.audiences),
        "pixels": len(account.pixels),
        "video_creatives": sum(not one.removed for one in account.videos[-LIBRARY_LIMIT:]),
        "image_creatives": sum(not one.removed for one in account.images[-LIBRARY_LIMIT:]),
        "smart_plus_ads": len(smart_ads),
        "smart_plus_ad_creatives": sum(len(smart.creatives) for smart in smart_ads),
        "smart_plus_ad_media": sum(len(_media(smart)) for smart in smart_ads),
        "smart_plus_ad_suggestions": sum(_reviews(smart) for smart in smart_ads),
        **_ad_reports(account, days, horizon, replace(counted, top_view=False)),
        **_upper_reports(account, days, horizon, replace(counted, top_view=False)),
    }


def _media(smart: SmartAd) -> set[tuple[str, str, str]]:
    """Return kind, id and material of the assets of a Smart+ ad, each once."""
    media = {
        (kind, name, creative.material_id)
        for creative in smart.creatives
        for kind, name in creative.media
    }
    return media | {("PLAYABLE", url, "") for url in smart.playables}


def _reviews(smart: SmartAd) -> int:
    return 1 + sum(len(creative.reviewed) for creative in smart.creatives)


def _ad_reports(account: Account, days: range, horizon: int, counted: Counted) -> dict[str, int]:
    """Count the rows of reports by ad; days without spend have no audience rows."""
    totals = dict.fromkeys(("ad_performance_report", *_AUDIENCE_REPORTS), 0)
    for ad in filter(counted.keeps, account.ads):
        rows, spending = ad.days(horizon), ad.spending(horizon)
        totals["ad_performance_report"] += sum(rows >> day & 1 for day in days)
        spent = sum(spending >> day & 1 for day in days)
        for stream, split in _AUDIENCE_REPORTS.items():
            totals[stream] += spent * len(_parts(ad, split))
    return totals


def _upper_reports(account: Account, days: range, horizon: int, counted: Counted) -> dict[str, int]:
    """Count the rows of reports by ad group and campaign; deleted ads below them deliver too."""
    groups: set[tuple[str, int]] = set()
    campaigns: set[tuple[str, int]] = set()
    countries: set[tuple[str, int, tuple[str, ...]]] = set()
    for ad in account.ads:
        rows, spending = ad.days(horizon), ad.spending(horizon)
        delivered = [day for day in days if rows >> day & 1]
        if counted.keeps(ad.group):
            groups.update((ad.group.id, day) for day in delivered)
        if counted.keeps(ad.campaign):
            name = ad.campaign.id
            campaigns.update((name, day) for day in delivered)
            spent = [day for day in delivered if spending >> day & 1]
            parts = _parts(ad, ("country_code",))
            countries.update((name, day, values) for day in spent for values, _ in parts)
    return {
        "ad_group_performance_report": len(groups),
        "campaign_performance_report": len(campaigns),
        "campaign_country_report": len(countries),
    }


def _parts(ad: Ad, dimensions: tuple[str, ...]) -> delivery.Parts:
    return delivery.parts(dimensions, ad.campaign.key % delivery.AUDIENCES)
