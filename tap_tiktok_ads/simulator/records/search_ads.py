"""Negative keywords of campaigns and ad groups with search ads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from . import campaigns

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, AdGroup, Campaign

    from .values import Record

MAX_KEYWORDS = 120
"""Maximum number of keywords of an object."""

MATCH_TYPES = ("PRECISE_WORD", "PHRASE_WORD", "BROAD_WORD")


def keyword_count(entity: Campaign | AdGroup) -> int:
    """Return the number of negative keywords of an object."""
    return mix(entity.key, 7) % MAX_KEYWORDS


def has_search_ads(object_type: str, entity: Any) -> bool:
    """Return True if the ads of a campaign or ad group appear in search results."""
    if object_type == "CAMPAIGN":
        return bool(campaigns.campaign(entity).get("is_search_campaign"))
    return bool(campaigns.ad_group(entity).get("search_result_enabled"))


def keywords(account: Account) -> list[tuple[str, str, int]]:
    """Return type and ID of the object, and key, of each negative keyword of an account."""
    objects = (("CAMPAIGN", account.campaigns), ("ADGROUP", account.groups))
    return [
        (object_type, entity.id, mix(entity.key, number))
        for object_type, entities in objects
        for entity in entities
        for number in range(keyword_count(entity))
    ]


def keyword(entry: tuple[str, str, int], _account: Account) -> Record:
    """Return a negative keyword as in `/search_ad/negative_keyword/get/`."""
    key = entry[2]
    return {
        "keyword_id": str(8 * 10**17 + key % 10**17),
        "name": pick(('free "shoes"', "gratis", "無料"), key),
        "match_type": pick(MATCH_TYPES, key),
    }
