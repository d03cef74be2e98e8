"""Records of what stands beside campaigns and ads: assets, identities, shops, comments, advice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import AUCTION, MANUAL, TIME, Ad, AdGroup, Asset
from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.spec.assets import GMV_TYPES, PLAYABLE_STATUSES, PORTFOLIO_TYPES
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from . import objects as records
from .values import Record, filled, value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tap_tiktok_ads.simulator.accounts.account import Account

_EVENTS = (
    ("COMPLETE_PAYMENT", ""),
    ("ADD_TO_CART", ""),
    ("CUSTOM", "Newsletter “Süd”"),
)
"""`pixel_event_type` and `custom_event_type` of the statistics."""

ADVICE = {"CREATIVE": "creative", "BID_AND_BUDGET": "bid_and_budget", "EVENT_TRACK": "event_track"}
"""The list in a diagnosis of each `issue_category`."""

_ADVICE_FIELDS = {
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


def saved_audience(entity: Asset, account: Account) -> Record:
    """Return a saved audience; it has no times."""
    values = {
        "saved_audience_id": entity.id,
        "saved_audience_name": f"Saved {entity.number + 1} “Läufer” 👟",
    }
    return filled("saved_audiences", entity, account, values)


def portfolio(entity: Asset, account: Account) -> Record:
    """Return a creative portfolio, whose content stands beside its id."""
    values = {
        "creative_portfolio_id": entity.id,
        "creative_portfolio_type": PORTFOLIO_TYPES[entity.number % len(PORTFOLIO_TYPES)],
        "creative_portfolio_preview_url": f"https://example.com/portfolio/{entity.id}",
    }
    return filled("creative_portfolios", entity, account, values)


def music(entity: Asset, account: Account) -> Record:
    """Return a music of the library; times are ISO 8601 with Z as in the other libraries."""
    values = {
        "music_id": entity.id,
        "material_id": str(int(entity.id) + 1),
        "file_name": f"Lied {entity.number + 1} ♫.mp3",
        "name": f"Lied {entity.number + 1} ♫",
        "duration": entity.key % 3000 / 10,
        "create_time": records.iso(entity.created),
        "modify_time": records.iso(entity.modified),
    }
    return filled("music_creatives", entity, account, values)


def post(entity: Asset, account: Account) -> Record:
    """Return an authorised TikTok post."""
    record = filled("spark_ads", entity, account, {})
    shape = RECORDS["spark_ads"]
    times = {
        "auth_start_time": entity.created,
        "auth_end_time": "2030-01-01 00:00:00",
        "invite_start_time": entity.created,
    }
    info = value("item_info", shape["item_info"], entity.key)
    carousel = entity.number % 2 == 1
    record["item_info"] = info | {
        "item_id": entity.id,
        "item_type": "CAROUSEL" if carousel else "VIDEO",
        "carousel_info": info["carousel_info"] if carousel else None,
        "auth_info": info["auth_info"] | times,
    }
    record["auth_info"] = {"ad_auth_status": "AUTHORIZED", **times}
    return record


def identity(entity: Asset, account: Account) -> Record:
    """Return an identity that may publish ads."""
    kinds = ("CUSTOMIZED_USER", "AUTH_CODE", "TT_USER")
    values = {
        "identity_id": entity.id,
        "identity_type": kinds[entity.number % len(kinds)],
        "identity_authorized_bc_id": None,
        "display_name": f"Shop {entity.number + 1} “Süd” 👟",
    }
    return filled("identities", entity, account, values)


def instant_page(entity: Asset, account: Account) -> Record:
    """Return an instant page or lead form."""
    values = {
        "page_id": entity.id,
        "status": pick(("EDITED", "PUBLISHED"), entity.key),
        "title": f"Form {entity.number + 1} “Müller”",
        "create_time": entity.created,
        "update_time": entity.modified,
        "publish_time": entity.modified,
    }
    return filled("instant_pages", entity, account, values)


def playable(entity: Asset, _account: Account) -> Record:
    """Return a playable; its fields are those of the request, as no sheet lists them."""
    return {
        "playable_id": entity.id,
        "playable_name": f"Game {entity.number + 1}",
        "playable_url": f"https://example.com/playable/{entity.id}.html",
        "status": PLAYABLE_STATUSES[entity.key % len(PLAYABLE_STATUSES)],
        "operation_status": ("SAVED", "SAVED", "UPLOADED", "DELETED")[entity.number % 4],
    }


def app(entity: Asset, _account: Account) -> Record:
    """Return an app; the sheets list none of its fields."""
    ios = entity.number % 2 == 1
    return {
        "app_id": entity.id,
        "app_name": f"Läufer App {entity.number + 1}",
        "app_platform_id": str(entity.key % 10**9 + 10**9),
        "platform": "IOS" if ios else "ANDROID",
        "download_url": f"https://example.com/store/{entity.id}",
    }


def rule(entity: Asset, _account: Account) -> Record:
    """Return an automated rule, of the fields `/optimizer/rule/create/` takes."""
    return {
        "rule_id": entity.id,
        "name": f"Rule {entity.number + 1} “stop”",
        "tzone": "UTC",
        "apply_objects": [{"dimension": "CAMPAIGN", "dimension_ids": []}],
        "conditions": [{"subject_type": "spend", "values": ["100"]}],
        "actions": [{"value": {"value": 10.5, "use_limit": False}}],
        "notification": {"notification_type": "NONE"},
    }


def store(entity: Asset, account: Account) -> Record:
    """Return a TikTok Shop as in `/store/list/`."""
    values = {**_shop(entity), "catalog_id": None, "store_type": "TIKTOK_SHOP"}
    return filled("stores", entity, account, values)


def gmv_max_store(entity: Asset, account: Account) -> Record:
    """Return a TikTok Shop as in `/gmv_max/store/list/`, of the names in the official file."""
    return {
        **_shop(entity),
        "exclusive_authorized_advertiser_info": {
            "advertiser_id": account.id,
            "advertiser_name": account.name,
            "advertiser_status": "STATUS_ENABLE",
        },
        "is_gmv_max_available": True,
        "is_owner_bc": entity.number == 0,
        "store_authorized_bc_info": None,
        "store_role": "AD_PROMOTION",
        "store_status": "ACTIVE",
        "thumbnail_url": f"https://example.com/store/{entity.id}.png",
    }


def _shop(entity: Asset) -> Record:
    return {
        "store_id": entity.id,
        "store_name": f"Shop {entity.number + 1} 靴 “Süd”",
        "store_code": f"SHOP{entity.key % 10**8:08}",
        "store_authorized_bc_id": str(7 * 10**18 + entity.key % 10**17),
        "targeting_region_codes": pick((["US"], ["GB", "DE"], []), entity.key),
    }


def gmv_type(campaign: Asset) -> str:
    """Return whether a GMV Max campaign sells by products or by live streams."""
    return GMV_TYPES[campaign.number % len(GMV_TYPES)]


def gmv_max_campaign(entity: Asset, store_of: Asset, account: Account) -> Record:
    """Return a GMV Max campaign of a store."""
    live = gmv_type(entity) == "LIVE_GMV_MAX"
    on = entity.key % 4 > 0
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.id,
        "campaign_name": f"GMV Max {entity.number + 1} 🛒",
        "store_id": store_of.id,
        "store_authorized_bc_id": _shop(store_of)["store_authorized_bc_id"],
        "objective_type": "PRODUCT_SALES",
        "shopping_ads_type": "LIVE" if live else "PRODUCT",
        "operation_status": "ENABLE" if on else "DISABLE",
        "secondary_status": f"CAMPAIGN_STATUS_{'ENABLE' if on else 'DISABLE'}",
        "optimization_goal": "VALUE",
        "budget": entity.key % 10**5 / 100,
        "roas_bid": entity.key % 500 / 100,
        "create_time": entity.created,
        "modify_time": entity.modified,
    }
    return filled("gmv_max_campaigns", entity, account, values)


def pixel_events(entity: Asset, days: int) -> list[Record]:
    """Return what a pixel counted in a number of days, one row for each kind of event."""
    rows = []
    for place, (kind, custom) in enumerate(_EVENTS[: 1 + entity.key % len(_EVENTS)]):
        total = mix(entity.key, place) % 100 * days
        rows.append(
            {
                "pixel_event_type": kind,
                "custom_event_type": custom,
                "total_count": total,
                "attributed_count": total // 3,
                "preview_count": total // 2,
                "browser_event_total_count": total - total // 4,
                "server_event_total_count": total // 4,
            },
        )
    return rows


def comments(group: AdGroup) -> Iterator[Asset]:
    """Yield the comments on the ads of an ad group.

    They come around noon in UTC, so that their day is the same in the time zone of any account.
    """
    account = group.campaign.account
    for number in range(account.options.comments):
        key = mix(group.key, 50, number)
        day = account.start + timedelta(days=mix(key, 1) % max(account.options.days, 1))
        moment = datetime(day.year, day.month, day.day, 12, key % 60, key % 59)  # noqa: DTZ001
        written = moment.strftime(TIME)
        name = str(7 * 10**18 + key % 10**18)
        yield Asset(name, key, written, written, removed=False, number=number)


def comment(entity: Asset, group: AdGroup) -> Record:
    """Return a comment; those on Upgraded Smart+ ads have neither ad nor ad group ids."""
    account = group.campaign.account
    plain = group.campaign.automation == MANUAL
    ad = group.ads[entity.number % len(group.ads)] if plain and group.ads else None
    reply = entity.number % 3 == 1
    values = {
        "comment_id": entity.id,
        "content": pick(("Schön! 👟", 'He said "wow"', "欲しい\n!", "100 % — né?"), entity.key),
        "likes": entity.key % 400,
        "replies": entity.key % 7,
        "comment_type": "REPLY" if reply else "COMMENT",
        "comment_status": "HIDDEN" if entity.key % 5 == 0 else "PUBLIC",
        "original_comment_id": str(7 * 10**18 + mix(entity.key, 2) % 10**18) if reply else None,
        "create_time": entity.created,
        "campaign_id": group.campaign.id,
        "campaign_name": group.campaign.name,
        "adgroup_id": group.id if plain else None,
        "adgroup_name": group.name if plain else None,
        "ad_id": ad.id if ad else None,
        "ad_name": ad.name if ad else None,
    }
    return filled("comments", entity, account, values)


def review(entity: Ad) -> Record:
    """Return how an ad was reviewed; as in the review of Smart+ ads, as no sheet lists it."""
    return {"ad_id": entity.id, **records.review(entity.key, reject=True, frames=False)}


def diagnosed(group: AdGroup) -> bool:
    """Return whether ad groups like this one are diagnosed."""
    campaign = group.campaign
    return not group.deleted and campaign.automation == MANUAL and campaign.buying == AUCTION


def advice(group: AdGroup, wanted: Collection[str] = tuple(ADVICE)) -> dict[str, list[Record]]:
    """Return the suggestions for an ad group by their list, of the categories wanted."""
    account = group.campaign.account
    shape = RECORDS["ad_group_diagnoses"]
    ad = next((one for one in group.ads if not one.deleted), None)
    lists: dict[str, list[Record]] = {}
    for place, (category, name) in enumerate(ADVICE.items()):
        count = mix(group.key, 60, place) % 3
        if category not in wanted or not count or (name == "creative" and ad is None):
            continue
        lists[name] = []
        for number in range(count):
            key = mix(group.key, 61, place, number)
            one: Record = {
                field: value(field, shape[field], key, step)
                for step, field in enumerate(_ADVICE_FIELDS[name])
            }
            one |= {
                "suggestion_id": str(7 * 10**18 + key % 10**18),
                "suggestion_time": group.modified,
                "issue_suggestion": pick(("RAISE_BID", "ADD_CREATIVES", "CHECK_EVENT"), key),
            }
            if ad is not None and name == "creative":
                video = account.video_id(ad.key % max(account.options.videos, 1))
                one |= {"ad_id": ad.id, "name": ad.name, "vid": video}
            lists[name].append(one)
    return lists


def diagnosis(group: AdGroup, lists: dict[str, list[Record]]) -> Record:
    """Return the diagnosis of an ad group in the nested shape of `/tool/diagnosis/get/`."""
    return {
        "advertiser_id": group.campaign.account.id,
        "adgroup_id": group.id,
        "adgroup_name": group.name,
        "diagnosis": {"diagnosis_time": group.modified, "suggestions": [lists]},
    }
