"""How many rows each stream has: object by object, day by day, without pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts import centers, delivery
from tap_tiktok_ads.simulator.accounts.entities import (
    SMART_PLUS,
    TOP_VIEW,
    Ad,
    AdGroup,
    Campaign,
    SmartAd,
)
from tap_tiktok_ads.simulator.handlers.material_reports import delivered, material
from tap_tiktok_ads.simulator.records import assets as beyond

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.accounts.centers import Center

LIBRARY_LIMIT = 10_000
"""Videos or images that can be listed."""


@dataclass(frozen=True)
class Counting:
    """A report to count.

    Attributes:
        subject: The ID dimension.
        splits: The dimensions that divide a day, hours among them.
        lifetime: Whether it has one row for each object, whatever the dates.
    """

    subject: str
    splits: tuple[str, ...] = ()
    lifetime: bool = False


_HOURLY = ("stat_time_hour",)
_AGE_GENDER, _COUNTRY, _PLATFORM = ("gender", "age"), ("country_code",), ("platform",)
_LEVELS = {
    "advertiser": "advertiser_id",
    "campaign": "campaign_id",
    "ad_group": "adgroup_id",
    "ad": "ad_id",
}
_OF_LEVEL = {
    "performance_report": Counting(""),
    "performance_report_hourly": Counting("", _HOURLY),
    "performance_report_lifetime": Counting("", lifetime=True),
    "audience_report_by_age_gender": Counting("", _AGE_GENDER),
    "audience_report_by_country": Counting("", _COUNTRY),
    "audience_report_by_platform": Counting("", _PLATFORM),
}
REPORTS: dict[str, Counting] = {
    **{
        f"{level}_{name}" if level != "ad" or "audience" not in name else name: replace(
            counting, subject=subject
        )
        for level, subject in _LEVELS.items()
        for name, counting in _OF_LEVEL.items()
    },
    "campaign_country_report": Counting("campaign_id", _COUNTRY),
    "ad_group_country_report": Counting("adgroup_id", _COUNTRY),
    "ad_country_report": Counting("ad_id", _COUNTRY),
    "audience_report_by_province": Counting("ad_id", ("province_id",)),
    "audience_report_by_interest": Counting("ad_id", ("interest_category",)),
    "audience_report_by_language": Counting("ad_id", ("language",)),
    "audience_report_by_placement": Counting("ad_id", ("placement",)),
    "audience_report_by_network": Counting("ad_id", ("ac",)),
    "audience_report_by_device_brand": Counting("ad_id", ("device_brand_id",)),
    "audience_report_by_dma": Counting("ad_id", ("dma_id",)),
    "smart_plus_ad_performance_report": Counting("ad_id_v2"),
}
"""Reports by the name of their stream; the audience reports of ads name no level."""


@dataclass(frozen=True)
class Counted:
    """Which objects count."""

    include_deleted: bool
    top_view: bool

    def keeps(self, entity: Campaign | AdGroup | Ad | SmartAd) -> bool:
        """Return whether an object counts; in-app Promote campaigns never do."""
        campaign = entity.campaign
        if campaign.origin is not None or (campaign.buying == TOP_VIEW and not self.top_view):
            return False
        return self.include_deleted or not entity.deleted


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Attributes:
        days: Days of the history, up to today.
        start: First date, also of what is no report.
        end: Last date.
        horizon: Index of today.
        counted: Which objects count.
    """

    days: range
    start: str
    end: str
    horizon: int
    counted: Counted

    def within(self, time: str | None) -> bool:
        """Return whether a time is on one of the days."""
        return self.start <= (time or "")[:10] <= self.end


def count(account: Account, asked: Asked) -> dict[str, int]:
    """Return the rows of every stream of an account."""
    return {
        "advertisers": 1,
        **_objects(account, asked),
        **_smart_plus(account, asked),
        **_things(account),
        **_shops(account, asked),
        **_reports(account, asked),
    }


def count_shared(
    accounts: Iterable[Account], found: Iterable[Center], asked: Asked
) -> dict[str, int]:
    """Return the rows that belong to no single advertiser."""
    totals = {"authorized_advertisers": sum(1 for _ in accounts)}
    names = ("business_centers", "bc_advertisers", "bc_advertiser_balances")
    totals |= dict.fromkeys((*names, "advertiser_transactions", "bc_transactions", "catalogs"), 0)
    for center in found:
        totals["business_centers"] += 1
        totals["bc_advertisers"] += len(center.accounts)
        totals["bc_advertiser_balances"] += len(center.accounts)
        totals["catalogs"] += len(center.catalogs)
        totals["bc_transactions"] += sum(asked.within(one.time) for one in center.transactions)
        totals["advertiser_transactions"] += sum(
            asked.within(one.time)
            for account in center.accounts
            for one in centers.transactions(account)
        )
    return totals


def _objects(account: Account, asked: Asked) -> dict[str, int]:
    keeps = asked.counted.keeps
    groups = [group for group in account.groups if keeps(group)]
    ads = sum(keeps(ad) for ad in account.ads)
    return {
        "campaigns": sum(keeps(campaign) for campaign in account.campaigns),
        "ad_groups": len(groups),
        "ads": ads,
        "ad_review_info": ads,
        "custom_audiences": len(account.audiences),
        "pixels": len(account.pixels),
        "pixel_event_statistics": sum(len(beyond.pixel_events(one, 1)) for one in account.pixels),
        "video_creatives": sum(not one.removed for one in account.videos[-LIBRARY_LIMIT:]),
        "image_creatives": sum(not one.removed for one in account.images[-LIBRARY_LIMIT:]),
        "comments": sum(
            asked.within(one.created) for group in groups for one in beyond.comments(group)
        ),
        "ad_group_diagnoses": sum(
            len(rows)
            for group in account.groups
            if beyond.diagnosed(group)
            for rows in beyond.advice(group).values()
        ),
    }


def _smart_plus(account: Account, asked: Asked) -> dict[str, int]:
    """Count what Upgraded Smart+ has of its own; none if the account may not use it."""
    keeps = asked.counted.keeps
    smart_ads = [smart for smart in account.smart_ads if keeps(smart)]
    daily: set[tuple[str, str, int]] = set()
    ever: set[tuple[str, str, str]] = set()
    for smart, creative, ad in delivered(account):
        name, kind = material(account, creative)
        spent = ad.spending(asked.horizon)
        daily.update((name, kind, day) for day in asked.days if spent >> day & 1)
        if spent:
            ever.add((smart.id, name, kind))
    return {
        "smart_plus_campaigns": sum(
            keeps(one) for one in account.campaigns if one.automation == SMART_PLUS
        ),
        "smart_plus_ad_groups": sum(
            keeps(one) for one in account.groups if one.campaign.automation == SMART_PLUS
        ),
        "smart_plus_ads": len(smart_ads),
        "smart_plus_ad_creatives": sum(len(smart.creatives) for smart in smart_ads),
        "smart_plus_ad_media": sum(len(_media(smart)) for smart in smart_ads),
        "smart_plus_ad_suggestions": sum(_reviews(smart) for smart in smart_ads),
        "smart_plus_material_report_daily": len(daily),
        "smart_plus_material_report": len(ever),
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


def _things(account: Account) -> dict[str, int]:
    """Count the objects of a kind for the stream that lists them."""
    kinds = {
        "saved_audiences": "saved_audiences",
        "creative_portfolios": "portfolios",
        "music_creatives": "music",
        "playables": "playables",
        "spark_ads": "posts",
        "identities": "identities",
        "instant_pages": "instant_pages",
        "apps": "apps",
        "automated_rules": "rules",
        "stores": "stores",
        "gmv_max_stores": "stores",
    }
    return {stream: len(account.living(kind)) for stream, kind in kinds.items()}


def _shops(account: Account, asked: Asked) -> dict[str, int]:
    """Count the GMV Max campaigns, and their days with spend."""
    campaigns = [one for store in account.living("stores") for one in account.gmv_max_of(store)]
    rows = 0
    for campaign in campaigns:
        days = delivery.days_with_rows(campaign.key, 0, asked.horizon)
        days &= ~delivery.days_without_spend(campaign.key, asked.horizon)
        rows += sum(days >> day & 1 for day in asked.days)
    return {"gmv_max_campaigns": len(campaigns), "gmv_max_report": rows}


def _reports(account: Account, asked: Asked) -> dict[str, int]:
    """Count the rows of all reports; TopView ads have theirs, of advertisers too."""
    window = sum(1 << day for day in asked.days)
    counted = asked.counted
    alive = replace(counted, include_deleted=True)
    ads = [ad for ad in account.ads if alive.keeps(ad)]
    totals = {}
    for stream, report in REPORTS.items():
        units: dict[str, dict[delivery.Parts, int]] = {}
        for ad in ads:
            judged = _judged(ad, report.subject)
            if judged is not None and not counted.keeps(judged):
                continue
            days = ad.spending(asked.horizon) if report.splits else ad.days(asked.horizon)
            days &= -1 if report.lifetime else window
            if days:
                unit = units.setdefault(_unit(ad, report.subject), {})
                parts = _parts(ad, report.splits)
                unit[parts] = unit.get(parts, 0) | days
        totals[stream] = sum(1 if report.lifetime else _rows(unit) for unit in units.values())
    days = reduce(or_, (ad.days(asked.horizon) for ad in ads), 0) & window
    totals["reconciliation"] = days.bit_count()
    return totals


def _judged(ad: Ad, subject: str) -> Ad | AdGroup | Campaign | None:
    """Return the object whose deletion counts; deleted ads below it deliver too."""
    above: dict[str, AdGroup | Campaign | None] = {
        "adgroup_id": ad.group,
        "campaign_id": ad.campaign,
        "advertiser_id": None,
    }
    return above.get(subject, ad)


def _unit(ad: Ad, subject: str) -> str:
    return {
        "ad_id": ad.id,
        "ad_id_v2": ad.id_v2,
        "adgroup_id": ad.group.id,
        "campaign_id": ad.campaign.id,
    }.get(subject, ad.campaign.buying if ad.campaign.buying == TOP_VIEW else "")


def _rows(unit: dict[delivery.Parts, int]) -> int:
    """Return the rows of an object: on each day, the values that any of its ads has."""
    if len(unit) == 1:
        ((parts, days),) = unit.items()
        return len(parts) * days.bit_count()
    return sum(
        len({values for parts, days in unit.items() if days >> day & 1 for values, _ in parts})
        for day in delivery.bits(reduce(or_, unit.values()))
    )


def _parts(ad: Ad, dimensions: tuple[str, ...]) -> delivery.Parts:
    return delivery.parts(dimensions, ad.campaign.key % delivery.AUDIENCES)
