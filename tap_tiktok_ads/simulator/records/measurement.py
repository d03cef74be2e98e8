"""Records of event sets, custom conversions and events that ads can optimize for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import pick

from .assets import app, app_platform_id

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

    from .values import Record

APP_EVENTS = ("ACTIVE_PAY", "ON_WEB_ORDER", "ACTIVE_REGISTER")
GOALS = (
    *("AUTOMATED_VALUE", "CLICK", "CONVERT", "INSTALL", "IN_APP_EVENT", "REACH", "SHOW", "VALUE"),
    *("LEAD_GENERATION", "VIDEO_VIEW", "TRAFFIC_LANDING_PAGE_VIEW"),
)
"""Optimization goals. TikTok's enumeration has more."""


def offline_event_set(entity: Asset, account: Account) -> Record:
    """Return an offline event set as in `/offline/get/`."""
    return {
        "advertiser_id": account.id,
        "event_set_id": entity.id,
        "name": f"Filiale {entity.number + 1}",
        "description": None,
        "auto_tracking": entity.number % 2 == 0,
        "create_time": entity.created,
        "update_time": entity.modified,
    }


def crm_event_set(entity: Asset, _account: Account) -> Record:
    """Return a CRM event set as in `/crm/list/`. Its time is in ISO 8601."""
    created = (entity.created or "").replace(" ", "T") + "Z"
    return {"event_set_id": entity.id, "name": f"CRM {entity.number + 1}", "create_time": created}


def event_sources(account: Account) -> list[tuple[str, str, Asset]]:
    """Return type, ID and object of the pixels and self-attributing apps of an account."""
    apps = [
        ("APP", app_platform_id(entity), entity)
        for entity in account.existing_assets("apps")
        if app(entity, account)["self_attribution_enabled"]
    ]
    return [*(("PIXEL", pixel.id, pixel) for pixel in account.pixels), *apps]


def custom_conversion(source: tuple[str, str, Asset], _account: Account) -> Record:
    """Return the custom conversion of a pixel or app."""
    source_type, source_id, entity = source
    return {
        "custom_conversion_id": str(79 * 10**17 + entity.key % 10**17),
        "name": f"Käufe {entity.number + 1}",
        "description": None,
        "event_source_type": source_type,
        "event_source_id": source_id,
        "active_status": pick(("ACTIVE", "NO_RECENT_ACTIVITY"), entity.key),
        "optimization_event": "SHOPPING",
        "rules": [{"parameter": "URL", "operator": "CONTAIN", "values": ["/thanks"]}],
        "create_time": entity.created,
        "update_time": entity.modified,
    }


def app_event(entry: tuple[Asset, str], _account: Account) -> Record:
    """Return an event of an app as in `/app/optimization_event/`, which has no app ID."""
    entity, event = entry
    deep = {
        "optimization_event": "ACTIVE_PAY",
        "statistic_type": "EVERYTIME",
        "availability_status": "READY",
        "conversions": 20,
        "unlock_threshold": 10,
    }
    return {
        "optimization_event": event,
        "statistic_type": "NONE",
        "availability_status": pick(("READY", "INACTIVE"), entity.key),
        "conversions": entity.key % 100,
        "unlock_threshold": 10,
        "is_beta": False,
        "bid_type_availability": {
            "no_bid_enabled": True,
            "auto_bid_enabled": True,
            "multi_bid_enabled": False,
        },
        "deep_optimization_events": [deep] if event == "ACTIVE_REGISTER" else [],
    }


def page_events(_account: Account) -> list[Record]:
    """Return the events of instant pages as in `/pixel/instant_page/event/`."""
    goals = [{"optimization_goal": "CONVERT", "optimization_events": ["BUTTON"]}]
    objectives = [{"objective_type": "CONVERSIONS", "optimization_goals": goals}]
    events = {"objective_types": objectives}
    return [{"business_type": "TIKTOK_INSTANT_PAGE", "instant_page_events": events}]
