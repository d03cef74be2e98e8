"""Records of reports about creatives, of the performance by second, and of fatigue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.entities import PROMOTE
from tap_tiktok_ads.simulator.pseudorandom import mix

from . import campaigns

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Ad, Asset

    from .values import Record

MAX_FATIGUE_DAYS = 60
DELIVERING = "AD_STATUS_DELIVERY_OK"
MATERIAL_TYPES = ("VIDEO", "IMAGE", "INSTANT_PAGE")
_SECOND_METRICS = (
    *("view_count", "click_count", "slide_count", "convert_count", "break_count", "like_count"),
    *("share_count", "comment_count"),
)


def creatives(account: Account) -> list[tuple[str, Asset]]:
    """Return the type and object of the creatives of an account, deleted ones included."""
    pages = account.existing_assets("instant_pages")
    kinds = zip(MATERIAL_TYPES, (account.videos, account.images, pages), strict=True)
    return [(kind, asset) for kind, assets in kinds for asset in assets]


def creative(entry: tuple[str, Asset], account: Account) -> Record:
    """Return a creative as in `/creative/report/get/`, with all fields and text metrics."""
    kind, asset = entry
    is_page = kind == "INSTANT_PAGE"
    return {
        "info": {
            "material_id": None if is_page else str(78 * 10**17 + asset.key % 10**17),
            "video_id": asset.id if kind == "VIDEO" else None,
            "image_id": asset.id if kind == "IMAGE" else None,
            "page_id": asset.id if is_page else None,
            "source": "ADVERTISER",
            "country_code": [account.country],
            "placement": ["PLACEMENT_TIKTOK"],
            "num_ads": asset.key % 9,
            "related_ad_ids": [ad.id for ad in account.ads[:2]] if kind == "VIDEO" else None,
            "adgroup_number": asset.key % 5,
            "related_adgroup_ids": [],
        },
        "metrics": {
            "impressions": str(asset.key % 10**5),
            "clicks": str(asset.key % 10**3),
            "spend": f"{asset.key % 10**4 / 100}",
        },
    }


def seconds(ad: Ad) -> Record:
    """Return the metrics of an ad for each second of its video."""
    length = 5 + ad.key % 4
    metrics = {
        name: [mix(ad.key, position, second) % 50 for second in range(length)]
        for position, name in enumerate(_SECOND_METRICS)
    }
    info = {"ad_id": ad.id, "video_id": f"v{ad.key % 10**9}", "duration": length}
    return {"info": info, "metrics": metrics}


def delivering_ads(account: Account) -> list[Ad]:
    """Return the ads that deliver now. Promote ads are not supported."""
    return [
        ad
        for ad in account.ads
        if ad.campaign.origin != PROMOTE and campaigns.ad(ad)["secondary_status"] == DELIVERING
    ]


def fatigue_days(ad: Ad, first: int, last: int, horizon: int) -> list[int]:
    """Return the days from `first` to `last` on which an ad has a fatigue record."""
    days = ad.spend_days(horizon)
    return [day for day in delivery.bits(days) if first <= day <= last]


def fatigue(ad: Ad, day: int) -> dict[str, Any]:
    """Return the fatigue of an ad on a day, given its index in the history."""
    key = mix(ad.key, 95, day)
    return {
        "adgroup_id": ad.group.id,
        "ad_id": ad.id,
        "date": ad.campaign.account.date_of(day),
        "metrics": {
            "has_fatigue": key % 3 == 0,
            "fatigue_index": key % 100 / 100,
            "dnu": key % 10**4,
            "dnu_ratio": key % 90 / 100,
            "spend": key % 10**4 / 100,
            "cost_per_conversion": 11.39,
            "skan_cost_per_conversion": 0.0,
        },
    }
