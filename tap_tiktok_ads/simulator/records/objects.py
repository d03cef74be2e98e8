"""From entities to the objects TikTok answers with, in its raw dialect."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.account import Account
from tap_tiktok_ads.simulator.accounts.entities import (
    PROMOTE,
    REACH_FREQUENCY,
    SMART_PLUS,
    TIME,
    TOP_VIEW,
    Ad,
    AdGroup,
    Asset,
    Campaign,
    Creative,
    Entity,
    SmartAd,
)
from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from .values import CHOICES, VARIANTS, Record, filled, filling, value

if TYPE_CHECKING:
    from collections.abc import Iterable


def advertiser(account: Account) -> Record:
    """Return an account as in `/advertiser/info/`; `create_time` counts seconds."""
    created = datetime.combine(account.start, datetime.min.time(), timezone.utc)
    zone = str(account.zone)
    record = filling("advertisers", account.key % VARIANTS) | {
        "advertiser_id": account.id,
        "name": account.name,
        "company": account.name,
        "timezone": zone,
        "display_timezone": "America/Los_Angeles" if zone == "Etc/GMT+8" else zone,
        "country": account.country,
        "currency": account.currency,
        "status": "STATUS_ENABLE",
        "role": "ROLE_ADVERTISER",
        "advertiser_account_type": "AUCTION",
        "contacter": "J***e",
        "email": "j***@example.com",
        "cellphone_number": "+1****00",
        "telephone_number": None,
        "language": "en",
        "rejection_reason": None,
        "balance": account.key % 10**6 / 100,
        "create_time": int(created.timestamp()) - 400 * 86400,
        "description": "Shoes, “Schuhe” & 靴 👟",
    }
    if account.options.unknown_fields:
        record["field_in_no_sheet"] = "surprise"
    return record


def _status(kind: str, entity: Entity, above: Entity | None = None) -> Record:
    """Return the two status fields of an object."""
    if entity.removed:
        return {"operation_status": "DISABLE", "secondary_status": f"{kind}_STATUS_DELETE"}
    if above is not None and above.deleted:
        return {"operation_status": "ENABLE", "secondary_status": f"{kind}_STATUS_CAMPAIGN_DELETE"}
    if entity.key % 6 == 0:
        return {"operation_status": "DISABLE", "secondary_status": f"{kind}_STATUS_DISABLE"}
    return {"operation_status": "ENABLE", "secondary_status": f"{kind}_STATUS_DELIVERY_OK"}


def _objective(campaign: Campaign) -> str:
    if campaign.buying == TOP_VIEW:
        return "TOPVIEW_REACH"
    if campaign.buying == REACH_FREQUENCY:
        return "RF_REACH"
    if campaign.automation == SMART_PLUS:
        return "WEB_CONVERSIONS"
    return pick(("WEB_CONVERSIONS", "APP_PROMOTION", "TRAFFIC", "LEAD_GENERATION"), campaign.key)


def campaign(entity: Campaign) -> Record:
    """Return a campaign; one made with Promote has a handful of fields only."""
    account = entity.account
    if entity.origin == PROMOTE:
        return {
            "advertiser_id": account.id,
            "campaign_id": entity.id,
            "campaign_system_origin": PROMOTE,
            "campaign_name": entity.name,
            "objective_type": "TRAFFIC",
            "operation_status": "ENABLE",
        }
    types = {REACH_FREQUENCY: "STANDARD", TOP_VIEW: "TOPVIEW"}
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.id,
        "campaign_name": entity.name,
        "campaign_system_origin": None,
        "objective_type": _objective(entity),
        "budget": entity.key % 10**5 / 100,
        "create_time": entity.created,
        "modify_time": entity.modified,
        "is_smart_performance_campaign": False,
        "campaign_automation_type": entity.automation,
        "rf_campaign_type": types.get(entity.buying),
        "app_promotion_type": "APP_INSTALL" if _objective(entity) == "APP_PROMOTION" else None,
        "virtual_objective_type": None,
        "sales_destination": None,
        **_status("CAMPAIGN", entity),
    }
    record = filled("campaigns", entity, account, values)
    if entity.key % 2:
        del record["budget_optimize_on"]
    else:
        record["budget_optimize_on"] = True
    return record


def smart_plus_campaign(entity: Campaign) -> Record:
    """Return a campaign as in `/smart_plus/campaign/get/`."""
    return _renewed("smart_plus_campaigns", entity, campaign(entity))


def smart_plus_ad_group(entity: AdGroup) -> Record:
    """Return an ad group as in `/smart_plus/adgroup/get/`."""
    record = _renewed("smart_plus_ad_groups", entity, ad_group(entity))
    shape = RECORDS["smart_plus_ad_groups"]["targeting_spec"]
    record["targeting_spec"] = value("targeting_spec", shape, entity.key)
    return record


def _renewed(stream: str, entity: Campaign | AdGroup, known: Record) -> Record:
    """Return an object in another shape; what both shapes have is the same."""
    shared = {name: known.get(name) for name in RECORDS[stream] if name in known}
    return filled(stream, entity, entity.campaign.account, shared)


def ad_group(entity: AdGroup) -> Record:
    """Return an ad group as in `/adgroup/get/`."""
    account = entity.campaign.account
    reserved = entity.campaign.buying != "AUCTION"
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.campaign.id,
        "campaign_name": entity.campaign.name,
        "campaign_system_origin": None,
        "adgroup_id": entity.id,
        "adgroup_name": entity.name,
        "create_time": entity.created,
        "modify_time": entity.modified,
        "budget": entity.key % 10**4 / 100,
        "schedule_start_time": entity.created,
        "schedule_end_time": "2030-12-31 23:59:59",
        "purchased_impression": 250_000 if reserved else None,
        "purchased_reach": 90_000 if reserved else None,
        "campaign_automation_type": entity.campaign.automation,
        "is_smart_performance_campaign": False,
        "location_ids": ["6252001", "1861060"],
        **_status("ADGROUP", entity, entity.campaign),
    }
    if entity.campaign.automation == SMART_PLUS:
        values["creative_material_mode"] = None
    return filled("ad_groups", entity, account, values)


def ad(entity: Ad) -> Record:
    """Return an ad; a Smart+ ad has one row per creative."""
    account = entity.campaign.account
    numbers = {
        name: None if entity.key % 3 == place else 73 * 10**17 + mix(entity.key, place) % 10**16
        for place, name in enumerate(("page_id", "tracking_pixel_id"))
    }
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.campaign.id,
        "campaign_name": entity.campaign.name,
        "campaign_system_origin": None,
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
        **numbers,
        **_status("AD", entity, entity.smart or entity.group),
    }
    return filled("ads", entity, account, values)


def _creative_info(creative: Creative, place: int) -> Record:
    formats = {"image": "SINGLE_IMAGE", "carousel": "CAROUSEL_ADS"}
    video: Record | None = None
    if creative.videos:
        video = {"video_id": creative.videos[0], "file_name": f"clip “{place}” 🎬.mp4"}
    elif creative.kind == "spark":
        video = {"video_id": None, "file_name": None}
    return {
        "ad_format": formats.get(creative.kind, "SINGLE_VIDEO"),
        "material_name": None if place == 3 else f"Creative {place} · {creative.kind}",  # noqa: PLR2004
        "video_info": video,
        "image_info": [{"web_uri": image} for image in creative.images] or None,
        "music_info": {"music_id": creative.music} if creative.music else None,
        "aigc_disclosure_type": "SELF_DISCLOSURE" if place % 2 else None,
        "tiktok_item_id": creative.post,
        "identity_type": "AUTH_CODE" if creative.post else "CUSTOMIZED_USER",
        "identity_id": "7300000000000000001",
        "identity_authorized_bc_id": None,
    }


def smart_plus_ad(entity: SmartAd) -> Record:
    """Return an Upgraded Smart+ ad with its creatives."""
    account = entity.campaign.account
    variant = entity.key % VARIANTS
    configuration = value(
        "ad_configuration", RECORDS["smart_plus_ads"]["ad_configuration"], variant
    )
    strategies = ["TRANSLATE_AND_DUB", "MUSIC_REFRESH"]
    configuration |= {
        "creative_auto_add_toggle": bool(entity.key % 2),
        "creative_auto_enhancement_strategy_list": pick((strategies, [], None), entity.key),
        "catalog_creative_toggle": pick((True, False, "false", None), entity.key, 1),
    }
    values = {
        "advertiser_id": account.id,
        "campaign_id": entity.campaign.id,
        "campaign_name": entity.campaign.name,
        "adgroup_id": entity.group.id,
        "adgroup_name": entity.group.name,
        "smart_plus_ad_id": entity.id,
        "ad_name": entity.name,
        "create_time": entity.created,
        "modify_time": entity.modified,
        "creative_list": [
            {
                "ad_material_id": creative.material_id,
                "material_operation_status": "DISABLE" if place == 1 else "ENABLE",
                "creative_info": _creative_info(creative, place),
            }
            for place, creative in enumerate(entity.creatives)
        ],
        "playable_list": [{"playable_url": url} for url in entity.playables] or None,
        "ad_text_list": [{"ad_text": "Neu: “Läufer” 👟"}, {"ad_text": 'He said "wow"'}],
        "ad_configuration": configuration,
        **_status("AD", entity, entity.group),
    }
    return filled("smart_plus_ads", entity, account, values)


def review(key: int, *, reject: bool, frames: bool) -> Record:
    """Return the fields both kinds of review share."""
    status = pick(("ALL_AVAILABLE", "PART_AVAILABLE", "UNAVAILABLE"), key)
    record: Record = {
        "review_status": status,
        "passed_locations": None if status == "UNAVAILABLE" else ["US", "JP"],
    }
    if reject:
        shape = RECORDS["smart_plus_review"]["reject_info"][0]
        info = value("reject_info", shape, key) | {
            "reasons": ["Misleading claim"],
            "suggestion": "Remove the claim “best in the world”.",
            "specification": "The text promises a result.",
        }
        if not frames:
            info["violation_frames"] = info["video_violation_frames"] = None
        record["reject_info"] = None if status == "ALL_AVAILABLE" else [info]
    return record


def reviews(entities: Iterable[SmartAd], *, reject: bool, frames: bool) -> dict[str, list[Record]]:
    """Return the two lists of `/smart_plus/ad/review_info/`."""
    ads: list[Record] = []
    materials: list[Record] = []
    for entity in entities:
        appeal = {
            "smart_plus_ad_id": entity.id,
            "appeal_status": pick(("NOT_APPEALED", "APPEAL_REJECTED"), entity.key, 1),
            "appeal_reject_reasons": pick(([], None, ["Same issue"]), entity.key, 2),
        }
        ads.append(appeal | review(entity.key, reject=reject, frames=frames))
        for place, creative in enumerate(entity.creatives):
            for step, name in enumerate(creative.reviewed):
                ids = {"smart_plus_ad_id": entity.id, "ad_material_id": name}
                key = mix(entity.key, place, step)
                materials.append(ids | review(key, reject=reject, frames=frames))
    return {"smart_plus_ad_review_infos": ads, "material_review_infos": materials}


def audience(entity: Asset, account: Account) -> Record:
    """Return a custom audience; it has no modification time."""
    lookalike = entity.number % 3 == 0
    values = {
        "audience_id": entity.id,
        "name": f"Audience {entity.number + 1} “VIP” 💎",
        "cover_num": entity.key % 10**6,
        "owner_id": account.id,
        "is_creator": True,
        "create_time": entity.created,
        "expired_time": "2030-01-01 00:00:00",
    }
    if not lookalike:
        values["lookalike_spec"] = None
    return filled("custom_audiences", entity, account, values)


def pixel(entity: Asset, account: Account) -> Record:
    """Return a pixel; `create_time` is text in some and epoch milliseconds in others."""
    created: str | int | None = entity.created
    if created is not None and entity.number % 2:
        moment = datetime.strptime(str(created), TIME).replace(tzinfo=timezone.utc)
        created = int(moment.timestamp()) * 1000
    values = {
        "pixel_id": entity.id,
        "pixel_code": f"C{entity.key % 10**19:019d}",
        "pixel_name": f"Pixel {entity.number + 1} · Shop “Süd”",
        "pixel_script": "<script>!function(w,d,t){w.TiktokAnalyticsObject=t}()</script>\n" * 20,
        "create_time": created,
    }
    return filled("pixels", entity, account, values)


def iso(moment: str | None) -> str | None:
    """Return a time as the libraries of media write it."""
    return moment.replace(" ", "T") + "Z" if moment else None


def video(entity: Asset, account: Account) -> Record:
    """Return a video of the library; times are ISO 8601 with Z."""
    values = {
        "video_id": entity.id,
        "material_id": account.object_id("videos", entity.number),
        "file_name": f"Vidéo {entity.number + 1} 🎬.mp4",
        "width": 720,
        "height": 1280,
        "duration": entity.key % 6000 / 100,
        "bit_rate": entity.key % 10**6 + 0.5,
        "size": entity.key % 10**8,
        "fps": 30,
        "signature": f"{mix(entity.key, 1):016x}{mix(entity.key, 2):016x}",
        "preview_url_expire_time": "2030-01-01 06:00:00",
        "create_time": iso(entity.created),
        "modify_time": iso(entity.modified),
    }
    return filled("video_creatives", entity, account, values)


def image(entity: Asset, account: Account) -> Record:
    """Return an image of the library; without times just after its upload."""
    values: Record = {
        "image_id": entity.id,
        "material_id": account.object_id("images", entity.number),
        "file_name": f"Bild {entity.number + 1} “neu”.jpg",
        "width": 1200,
        "height": 628,
        "format": "jpeg",
        "size": entity.key % 10**7,
        "signature": f"{mix(entity.key, 1):016x}{mix(entity.key, 2):016x}",
        "create_time": iso(entity.created),
        "modify_time": iso(entity.modified),
    }
    record = filled("image_creatives", entity, account, values)
    if entity.modified is None:
        del record["create_time"], record["modify_time"]
    return record


def attributes(entity: Account | Campaign | AdGroup | Ad | SmartAd, names: Iterable[str]) -> Record:
    """Return attribute metrics of the object a report row is about; "-" where there is none."""
    if not names:
        return {}
    account = entity if isinstance(entity, Account) else entity.campaign.account
    known: Record = {
        "advertiser_id": account.id,
        "advertiser_name": account.name,
        "currency": account.currency,
    }
    if not isinstance(entity, Account):
        parent = entity.campaign
        app = _objective(parent) == "APP_PROMOTION"
        known |= {
            "campaign_id": parent.id,
            "campaign_name": parent.name,
            "objective_type": _objective(parent),
            "campaign_budget": f"{parent.key % 10**5 / 100:.2f}",
            "campaign_automation_type": parent.automation,
            "app_promotion_type": "APP_INSTALL" if app else "-",
            "split_test": "-",
            "campaign_dedicate_type": "-",
        }
        if isinstance(entity, (AdGroup, Ad, SmartAd)):
            group = entity.group
            known |= {
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
                "is_aco": "false",
            }
        if isinstance(entity, (Ad, SmartAd)):
            known |= {
                "ad_name": entity.name,
                "ad_text": pick(CHOICES["ad_text"], entity.key),
                "ad_id": entity.id,
                "ad_id_v2": entity.id_v2 if isinstance(entity, Ad) else entity.id,
                "call_to_action": pick(CHOICES["call_to_action"], entity.key),
                "image_mode": "SINGLE_VIDEO",
                "is_smart_creative": "false",
            }
    return {name: known.get(name, "-") for name in names}


def lists(entity: SmartAd, names: Iterable[str]) -> Record:
    """Return the list twins that come with the dimension `ad_id_v2`."""
    known: Record = {
        "ad_text": ["Neu: “Läufer” 👟", 'He said "wow"'],
        "call_to_action": ["SHOP_NOW"],
        "image_mode": [creative.kind.upper() for creative in entity.creatives],
    }
    twins = {"ad_text", "call_to_action", "ad_profile_image", "ad_url", "image_mode"}
    return {f"{name}_list": known.get(name, []) for name in names if name in twins}


def day_text(account: Account, day: int) -> str:
    """Return the date of a day of the history."""
    return (account.start + timedelta(days=day)).isoformat()


def day_index(account: Account, text: str) -> int:
    """Return the day of the history of a date."""
    return (date.fromisoformat(text) - account.start).days
