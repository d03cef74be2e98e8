"""Attribute metrics: properties of the object of a report row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import Account, Ad, AdGroup, Campaign, SmartAd
from tap_tiktok_ads.simulator.pseudorandom import pick
from tap_tiktok_ads.simulator.spec.facts import FIELD_VALUES

from .campaigns import objective

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .values import Record


def attributes(entity: Account | Campaign | AdGroup | Ad | SmartAd, names: Iterable[str]) -> Record:
    """Return attribute metrics of an object. A metric without a value is "-"."""
    if not names:
        return {}
    account = entity if isinstance(entity, Account) else entity.campaign.account
    values: Record = {
        "advertiser_id": account.id,
        "advertiser_name": account.name,
        "currency": account.currency,
    }
    if not isinstance(entity, Account):
        values |= _campaign_attributes(entity.campaign)
        if not isinstance(entity, Campaign):
            values |= _ad_group_attributes(entity.group)
            if not isinstance(entity, AdGroup):
                values |= _ad_attributes(entity)
    return {name: values.get(name, "-") for name in names}


def _campaign_attributes(campaign: Campaign) -> Record:
    """Return the attribute metrics of a campaign."""
    app = objective(campaign) == "APP_PROMOTION"
    return {
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "objective_type": objective(campaign),
        "campaign_budget": f"{campaign.key % 10**5 / 100:.2f}",
        "campaign_automation_type": campaign.automation,
        "app_promotion_type": "APP_INSTALL" if app else "-",
        "split_test": "-",
        "campaign_dedicate_type": "-",
    }


def _ad_group_attributes(group: AdGroup) -> Record:
    """Return the attribute metrics of an ad group, without the metrics of its campaign."""
    app = objective(group.campaign) == "APP_PROMOTION"
    return {
        "adgroup_id": group.id,
        "adgroup_name": group.name,
        "placement_type": "Automatic Placement",
        "promotion_type": "App" if app else "Website",
        "opt_status": "Active",
        "budget": f"{group.key % 10**4 / 100:.2f}",
        "bid": "0.50",
        "billing_event": "OCPM",
        "bid_strategy": "Lowest cost",
        "tt_app_id": str(group.key % 10**10) if app else "-",
        "tt_app_name": "Läufer App" if app else "-",
        "mobile_app_id": str(group.key % 10**9) if app else "0",
        "dpa_target_audience_type": "-",
        "optimization_event": "-" if app else "ON_WEB_ORDER",
        "is_aco": "false",
    }


def _ad_attributes(ad: Ad | SmartAd) -> Record:
    """Return the attribute metrics of an ad, without the metrics of its parents."""
    return {
        "ad_name": ad.name,
        "ad_text": pick(FIELD_VALUES["ad_text"], ad.key),
        "ad_id": ad.id,
        "ad_id_v2": ad.id_v2 if isinstance(ad, Ad) else ad.id,
        "call_to_action": pick(FIELD_VALUES["call_to_action"], ad.key),
        "image_mode": "SINGLE_VIDEO",
        "is_smart_creative": "false",
    }


def list_attributes(entity: SmartAd, names: Iterable[str]) -> Record:
    """Return the list variants of attribute metrics for the dimension `ad_id_v2`."""
    values: Record = {
        "ad_text": ["Neu: “Läufer” 👟", 'He said "wow"'],
        "call_to_action": ["SHOP_NOW"],
        "image_mode": [creative.kind.upper() for creative in entity.creatives],
    }
    listed = {"ad_text", "call_to_action", "ad_profile_image", "ad_url", "image_mode"}
    return {f"{name}_list": values.get(name, []) for name in names if name in listed}
