"""Records of campaigns, ad groups and ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import (
    AUCTION,
    PROMOTE,
    REACH_FREQUENCY,
    SMART_PLUS,
    TOPVIEW,
)
from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from .values import Record, complete

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Ad, AdGroup, Campaign, Entity


def status_fields(level: str, entity: Entity, parent: Entity | None = None) -> Record:
    """Return the two status fields of an object of a level, such as "AD"."""
    if entity.removed:
        return {"operation_status": "DISABLE", "secondary_status": f"{level}_STATUS_DELETE"}
    if parent is not None and parent.deleted:
        return {"operation_status": "ENABLE", "secondary_status": f"{level}_STATUS_CAMPAIGN_DELETE"}
    if entity.key % 6 == 0:
        return {"operation_status": "DISABLE", "secondary_status": f"{level}_STATUS_DISABLE"}
    return {"operation_status": "ENABLE", "secondary_status": f"{level}_STATUS_DELIVERY_OK"}


def objective(campaign: Campaign) -> str:
    """Return the objective type of a campaign."""
    if campaign.buying == TOPVIEW:
        return "TOPVIEW_REACH"
    if campaign.buying == REACH_FREQUENCY:
        return "RF_REACH"
    if campaign.automation == SMART_PLUS:
        return "WEB_CONVERSIONS"
    return pick(("WEB_CONVERSIONS", "APP_PROMOTION", "TRAFFIC", "LEAD_GENERATION"), campaign.key)


def campaign(entity: Campaign) -> Record:
    """Return a campaign. A Promote campaign has only six fields and its origin."""
    account = entity.account
    if entity.origin == PROMOTE:
        return _promote_fields(entity, "CAMPAIGN_STATUS_ENABLE")
    reservation_types = {REACH_FREQUENCY: "STANDARD", TOPVIEW: "TOPVIEW"}
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.id,
        "campaign_name": entity.name,
        "objective_type": objective(entity),
        "budget": entity.key % 10**5 / 100,
        "create_time": entity.created,
        "modify_time": entity.modified,
        "is_smart_performance_campaign": False,
        "campaign_automation_type": entity.automation,
        "rf_campaign_type": reservation_types.get(entity.buying),
        "app_promotion_type": "APP_INSTALL" if objective(entity) == "APP_PROMOTION" else None,
        "virtual_objective_type": None,
        "sales_destination": None,
        **status_fields("CAMPAIGN", entity),
    }
    record = _complete("campaigns", entity, values)
    if entity.key % 2:
        del record["budget_optimize_on"]
    else:
        record["budget_optimize_on"] = True
    return record


def _complete(stream: str, entity: Campaign | AdGroup | Ad, values: Record) -> Record:
    """Return a complete record. TikTok returns the origin of Promote objects only."""
    record = complete(stream, entity, entity.campaign.account, values)
    del record["campaign_system_origin"]
    return record


def _promote_fields(entity: Campaign | AdGroup | Ad, secondary_status: str) -> Record:
    """Return the fields that campaigns, ad groups and ads of the Promote tool share."""
    campaign = entity.campaign
    return {
        "advertiser_id": campaign.account.id,
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "campaign_system_origin": PROMOTE,
        "create_time": entity.created,
        "operation_status": "ENABLE",
        "secondary_status": secondary_status,
    }


def _promote_ad_group(entity: AdGroup) -> Record:
    """Return a Promote ad group: twelve fields and its origin (portal 1739314558673922)."""
    return _promote_fields(entity, "ADGROUP_STATUS_DELIVERY_OK") | {
        "adgroup_id": entity.id,
        "adgroup_name": entity.name,
        "budget": entity.key % 10**4 / 100,
        "schedule_type": "SCHEDULE_START_END",
        "schedule_start_time": entity.created,
        "schedule_end_time": "2030-12-31 23:59:59",
    }


def _promote_ad(entity: Ad) -> Record:
    """Return a Promote ad. Its fields are undocumented. It has its campaign's, IDs and names."""
    return _promote_fields(entity, "AD_STATUS_DELIVERY_OK") | {
        "adgroup_id": entity.group.id,
        "adgroup_name": entity.group.name,
        "ad_id": entity.id,
        "ad_name": entity.name,
    }


def ad_group(entity: AdGroup) -> Record:
    """Return an ad group as in `/adgroup/get/`."""
    account = entity.campaign.account
    if entity.campaign.origin == PROMOTE:
        return _promote_ad_group(entity)
    is_reservation = entity.campaign.buying != AUCTION
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.campaign.id,
        "campaign_name": entity.campaign.name,
        "adgroup_id": entity.id,
        "adgroup_name": entity.name,
        "create_time": entity.created,
        "modify_time": entity.modified,
        "budget": entity.key % 10**4 / 100,
        "schedule_start_time": entity.created,
        "schedule_end_time": "2030-12-31 23:59:59",
        "purchased_impression": 250_000 if is_reservation else None,
        "purchased_reach": 90_000 if is_reservation else None,
        "campaign_automation_type": entity.campaign.automation,
        "is_smart_performance_campaign": False,
        "search_result_enabled": not is_reservation,
        "location_ids": ["6252001", "1861060"],
        **status_fields("ADGROUP", entity, entity.campaign),
    }
    if entity.campaign.automation == SMART_PLUS:
        values["creative_material_mode"] = None
    return _complete("ad_groups", entity, values)


def ad(entity: Ad) -> Record:
    """Return an ad. A Smart+ ad has one record for each creative."""
    account = entity.campaign.account
    if entity.campaign.origin == PROMOTE:
        return _promote_ad(entity)
    numeric_ids = {
        name: None
        if entity.key % 3 == position
        else 73 * 10**17 + mix(entity.key, position) % 10**16
        for position, name in enumerate(("page_id", "tracking_pixel_id"))
    }
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.campaign.id,
        "campaign_name": entity.campaign.name,
        "adgroup_id": entity.group.id,
        "adgroup_name": entity.group.name,
        "ad_id": entity.id,
        "ad_name": entity.name,
        "create_time": entity.created,
        "modify_time": entity.modified,
        "image_ids": [
            account.image_id(entity.key % max(account.options.images, 1)),
        ][: entity.key % 2],
        "video_id": account.video_id(entity.key % max(account.options.videos, 1)),
        "campaign_automation_type": entity.campaign.automation,
        "smart_plus_ad_id": entity.smart.id if entity.smart else None,
        "ad_id_v2": entity.id_v2,
        **numeric_ids,
        **status_fields("AD", entity, entity.smart or entity.group),
    }
    return _complete("ads", entity, values)
