"""Records of comments, reviews and diagnoses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import AUCTION, MANUAL, PROMOTE, TIME, Asset
from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from .values import Record, complete, value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tap_tiktok_ads.simulator.accounts.entities import Ad, AdGroup, SmartAd

SUGGESTION_LISTS = {
    "CREATIVE": "creative",
    "BID_AND_BUDGET": "bid_and_budget",
    "EVENT_TRACK": "event_track",
}
"""Names of the lists of suggestions in a diagnosis, by `issue_category`."""

_SUGGESTION_FIELDS = {
    "creative": ("ad_id", "name", "vid"),
    "bid_and_budget": (
        "bid",
        "budget",
        "suggest_bid",
        "suggest_budget",
        "cost_floor",
        "bid_edr_info",
        "budget_edr_info",
    ),
    "event_track": ("pixel_id", "pixel_code"),
}


def comments(group: AdGroup) -> Iterator[Asset]:
    """Yield the comments on the ads of an ad group.

    Comments are written at about noon UTC, so that their date is the same in all account time
    zones. TikTok lists no comments on Promote ads (portal 1785880454546433).
    """
    account = group.campaign.account
    if group.campaign.origin == PROMOTE:
        return
    for number in range(account.options.comments):
        key = mix(group.key, 50, number)
        day = account.start + timedelta(days=mix(key, 1) % max(account.options.days, 1))
        moment = datetime(day.year, day.month, day.day, 12, key % 60, key % 59)  # noqa: DTZ001
        written = moment.strftime(TIME)
        comment_id = str(7 * 10**18 + key % 10**18)
        yield Asset(comment_id, key, written, written, removed=False, number=number)


def comment(entity: Asset, group: AdGroup) -> Record:
    """Return a comment. Comments on Upgraded Smart+ ads have no ad ID and no ad group ID."""
    account = group.campaign.account
    manual = group.campaign.automation == MANUAL
    ad = group.ads[entity.number % len(group.ads)] if manual and group.ads else None
    is_reply = entity.number % 3 == 1
    parent_id = str(7 * 10**18 + mix(entity.key, 2) % 10**18)
    values = {
        "comment_id": entity.id,
        "content": pick(("Schön! 👟", 'He said "wow"', "欲しい\n!", "100 % — né?"), entity.key),
        "likes": entity.key % 400,
        "replies": entity.key % 7,
        "comment_type": "REPLY" if is_reply else "COMMENT",
        "comment_status": "HIDDEN" if entity.key % 5 == 0 else "PUBLIC",
        "original_comment_id": parent_id if is_reply else None,
        "create_time": entity.created,
        "campaign_id": group.campaign.id,
        "campaign_name": group.campaign.name,
        "adgroup_id": group.id if manual else None,
        "adgroup_name": group.name if manual else None,
        "ad_id": ad.id if ad else None,
        "ad_name": ad.name if ad else None,
    }
    return complete("comments", entity, account, values)


def ad_review(ad: Ad) -> Record:
    """Return the review of an ad. TikTok returns null as appeal status and time."""
    status = pick(("ALL_AVAILABLE", "PART_AVAILABLE", "UNAVAILABLE"), ad.key)
    forbidden: Record = {
        "forbidden_placements": ["PLACEMENT_PANGLE"],
        "forbidden_ages": ["AGE_13_17"],
        "forbidden_locations": ["DE"],
    }
    rejection = {
        "reasons": ["Misleading claim"],
        "suggestion": "Remove the claim “best in the world”.",
        "content_info": {
            "content_type": "MODE_STRING",
            "text_content": "The “best” in the world 👟",
            "image_content": None,
            "video_content": None,
        },
        **forbidden,
    }
    passed = status == "ALL_AVAILABLE"
    return {
        "ad_id": ad.id,
        "is_approved": status != "UNAVAILABLE",
        "review_status": status,
        "appeal_status": None,
        **({name: [] for name in forbidden} if passed else forbidden),
        "forbidden_operation_systems": [] if passed else ["IOS"],
        "last_audit_time": None,
        "reject_info": None if passed else [rejection],
    }


def smart_plus_reviews(
    smart_ads: Iterable[SmartAd], *, include_rejection: bool, include_frames: bool
) -> dict[str, list[Record]]:
    """Return the two lists of `/smart_plus/ad/review_info/`."""
    ads: list[Record] = []
    materials: list[Record] = []
    options = {"include_rejection": include_rejection, "include_frames": include_frames}
    for smart_ad in smart_ads:
        appeal = {
            "smart_plus_ad_id": smart_ad.id,
            "appeal_status": pick(("NOT_APPEALED", "APPEAL_REJECTED"), smart_ad.key, 1),
            "appeal_reject_reasons": pick(([], None, ["Same issue"]), smart_ad.key, 2),
        }
        ads.append(appeal | _review(smart_ad.key, **options))
        for position, creative in enumerate(smart_ad.creatives):
            for step, material_id in enumerate(creative.reviewed):
                ids = {"smart_plus_ad_id": smart_ad.id, "ad_material_id": material_id}
                materials.append(ids | _review(mix(smart_ad.key, position, step), **options))
    return {"smart_plus_ad_review_infos": ads, "material_review_infos": materials}


def _review(key: int, *, include_rejection: bool, include_frames: bool) -> Record:
    """Return the fields that ad reviews and material reviews share."""
    status = pick(("ALL_AVAILABLE", "PART_AVAILABLE", "UNAVAILABLE"), key)
    record: Record = {
        "review_status": status,
        "passed_locations": None if status == "UNAVAILABLE" else ["US", "JP"],
    }
    if include_rejection:
        shape = RECORDS["smart_plus_review"]["reject_info"][0]
        info = value("reject_info", shape, key) | {
            "reasons": ["Misleading claim"],
            "suggestion": "Remove the claim “best in the world”.",
            "specification": "The text promises a result.",
        }
        if not include_frames:
            info["violation_frames"] = info["video_violation_frames"] = None
        record["reject_info"] = None if status == "ALL_AVAILABLE" else [info]
    return record


def suggestions(
    group: AdGroup, categories: Collection[str] = tuple(SUGGESTION_LISTS)
) -> dict[str, list[Record]]:
    """Return the suggestions for an ad group by list. Empty if TikTok does not diagnose it."""
    if not _is_diagnosed(group):
        return {}
    ad = next((ad for ad in group.ads if not ad.deleted), None)
    lists: dict[str, list[Record]] = {}
    for position, (category, name) in enumerate(SUGGESTION_LISTS.items()):
        if category not in categories or (name == "creative" and ad is None):
            continue
        keys = _suggestion_keys(group, position)
        if keys:
            lists[name] = [_suggestion(name, key, group, ad) for key in keys]
    return lists


def _is_diagnosed(group: AdGroup) -> bool:
    """Return True if TikTok diagnoses an ad group: an existing, manual auction ad group."""
    campaign = group.campaign
    is_manual = campaign.automation == MANUAL and campaign.origin is None
    return not group.deleted and is_manual and campaign.buying == AUCTION


def _suggestion_keys(group: AdGroup, position: int) -> list[int]:
    """Return a pseudorandom key for each suggestion in a list of an ad group."""
    count = mix(group.key, 60, position) % 3
    return [mix(group.key, 61, position, number) for number in range(count)]


def _suggestion(name: str, key: int, group: AdGroup, ad: Ad | None) -> Record:
    """Return a suggestion of a list. Suggestions for creatives name an ad."""
    shape = RECORDS["ad_group_diagnoses"]
    record: Record = {
        field: value(field, shape[field], key, step)
        for step, field in enumerate(_SUGGESTION_FIELDS[name])
    }
    record |= {
        "suggestion_id": str(7 * 10**18 + key % 10**18),
        "suggestion_time": group.modified,
        "issue_suggestion": pick(("RAISE_BID", "ADD_CREATIVES", "CHECK_EVENT"), key),
    }
    if ad is not None and name == "creative":
        account = group.campaign.account
        video = account.video_id(ad.key % max(account.options.videos, 1))
        record |= {"ad_id": ad.id, "name": ad.name, "vid": video}
    return record


def diagnosis(group: AdGroup, lists: dict[str, list[Record]]) -> Record:
    """Return the diagnosis of an ad group in the nested shape of `/tool/diagnosis/get/`."""
    return {
        "advertiser_id": group.campaign.account.id,
        "adgroup_id": group.id,
        "adgroup_name": group.name,
        "diagnosis": {"diagnosis_time": group.modified, "suggestions": [lists]},
    }
