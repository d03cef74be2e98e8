"""The creative materials of Upgraded Smart+ ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .entities import Account, Ad, Creative, SmartAd

_MATERIAL_TYPES = {
    "video": "VIDEO_NON_SPARK_ADS",
    "video_with_music": "VIDEO_NON_SPARK_ADS",
    "image": "SINGLE_IMAGE_NON_SPARK_ADS",
    "carousel": "CAROUSEL_NON_SPARK_ADS",
    "spark": "VIDEO_SPARK_ADS",
}


def delivered_creatives(account: Account) -> Iterator[tuple[SmartAd, Creative, Ad]]:
    """Yield the creatives of the Smart+ ads of an account, each with the ad that delivered it."""
    for smart in account.smart_ads:
        ads = (ad for ad in smart.group.ads if ad.smart is smart)
        for creative, ad in zip(smart.creatives, ads, strict=True):
            yield smart, creative, ad


def main_material(account: Account, creative: Creative) -> tuple[str, str]:
    """Return `main_material_id` and its type. Creatives with one media file share the material."""
    material_type = _MATERIAL_TYPES[creative.kind]
    if creative.post:
        return creative.post, material_type
    if creative.videos:
        return account.object_id("videos", int(creative.videos[0][-6:])), material_type
    if creative.kind == "image":
        return account.object_id("images", int(creative.images[0][-6:])), material_type
    return creative.material_id, material_type
