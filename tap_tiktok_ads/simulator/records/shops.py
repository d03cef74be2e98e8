"""Records of TikTok Shops and their GMV Max campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from .values import Record, complete

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

PRODUCT_CAMPAIGN, LIVE_CAMPAIGN = GMV_MAX_TYPES = ("PRODUCT_GMV_MAX", "LIVE_GMV_MAX")
SESSIONS = 23
"""Number of sessions of a campaign that has any."""


def store(entity: Asset, account: Account) -> Record:
    """Return a TikTok Shop as in `/store/list/`."""
    values = {**_shop(entity), "catalog_id": None, "store_type": "TIKTOK_SHOP"}
    return complete("stores", entity, account, values)


def gmv_max_store(entity: Asset, account: Account) -> Record:
    """Return a TikTok Shop as in `/gmv_max/store/list/`."""
    return {
        **_shop(entity),
        "exclusive_authorized_advertiser_info": {
            "advertiser_id": account.id,
            "advertiser_name": account.name,
            "advertiser_status": "STATUS_ENABLE",
        },
        "is_gmv_max_available": is_available(entity, account),
        "is_owner_bc": entity.number == 0,
        "store_authorized_bc_info": None,
        "store_role": "AD_PROMOTION",
        "store_status": "ACTIVE",
        "thumbnail_url": f"https://example.com/store/{entity.id}.png",
    }


def is_available(store: Asset, account: Account) -> bool:
    """Return True if GMV Max is available for a TikTok Shop.

    It is unavailable for the second shop of every second account.
    """
    return account.number % 2 == 0 or store.number != 1


def _shop(entity: Asset) -> Record:
    """Return the fields that both store endpoints share."""
    return {
        "store_id": entity.id,
        "store_name": store_name(entity),
        "store_code": f"SHOP{entity.key % 10**8:08}",
        "store_authorized_bc_id": str(7 * 10**18 + entity.key % 10**17),
        "targeting_region_codes": pick((["US"], ["GB", "DE"], []), entity.key),
    }


def store_name(store: Asset) -> str:
    """Return the name of a TikTok Shop."""
    return f"Shop {store.number + 1} 靴 “Süd”"


def gmv_max_type(campaign: Asset) -> str:
    """Return the promotion type of a GMV Max campaign: `PRODUCT_GMV_MAX` or `LIVE_GMV_MAX`."""
    return GMV_MAX_TYPES[campaign.number % len(GMV_MAX_TYPES)]


def gmv_max_campaign(entity: Asset, account: Account) -> Record:
    """Return a GMV Max campaign, with the nine fields of `/gmv_max/campaign/get/`."""
    enabled = entity.key % 4 > 0
    values = {
        **_campaign(entity, account),
        "objective_type": "PRODUCT_SALES",
        "secondary_status": f"CAMPAIGN_STATUS_{'ENABLE' if enabled else 'DISABLE'}",
        "create_time": entity.created,
        "modify_time": entity.modified,
    }
    return complete("gmv_max_campaigns", entity, account, values)


def gmv_max_campaign_info(entity: Asset, store: Asset, account: Account) -> Record:
    """Return a GMV Max campaign of a store as in `/campaign/gmv_max/info/`."""
    is_live = gmv_max_type(entity) == "LIVE_GMV_MAX"
    values = {
        **_campaign(entity, account),
        "store_id": store.id,
        "store_authorized_bc_id": _shop(store)["store_authorized_bc_id"],
        "shopping_ads_type": "LIVE" if is_live else "PRODUCT",
        "product_specific_type": "UNSET" if is_live else "CUSTOMIZED_PRODUCTS",
        "optimization_goal": "VALUE",
        "deep_bid_type": "VO_MIN_ROAS",
        "budget": entity.key % 10**5 / 100,
        "roas_bid": entity.key % 500 / 100,
    }
    record = complete("gmv_max_campaign_info", entity, account, values)
    if is_live:
        del record["item_group_ids"]
    return record


def session_numbers(campaign: Asset) -> range:
    """Return the numbers of the sessions of a campaign for products. A third has none."""
    return range(SESSIONS if campaign.key % 3 else 0)


def gmv_max_session(campaign: Asset, number: int) -> Record:
    """Return a session of a campaign as in `/campaign/gmv_max/session/get/`."""
    is_boost = number % 2 == 1
    has_end = number % 3 == 0
    return {
        "campaign_id": campaign.id,
        "session_id": str(5 * 10**17 + mix(campaign.key, number) % 10**17),
        "bid_type": "CREATIVE_NO_BID" if is_boost else "NO_BID",
        "budget": 20.5 + number,
        "product_list": [{"spu_id": str(17 * 10**17 + mix(campaign.key, 1, number) % 10**17)}],
        "schedule_type": "SCHEDULE_START_END" if has_end else "SCHEDULE_FROM_NOW",
        "schedule_start_time": campaign.created,
        "schedule_end_time": campaign.modified if has_end else None,
        "item_id": str(7 * 10**18 + mix(campaign.key, 2, number) % 10**18) if is_boost else None,
    }


def _campaign(entity: Asset, account: Account) -> Record:
    """Return the fields that the list and the details of a GMV Max campaign share."""
    return {
        "advertiser_id": account.id,
        "campaign_id": entity.id,
        "campaign_name": f"GMV Max {entity.number + 1} 🛒",
        "operation_status": "ENABLE" if entity.key % 4 > 0 else "DISABLE",
    }
