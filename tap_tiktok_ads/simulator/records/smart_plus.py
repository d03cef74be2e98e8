"""Records of Upgraded Smart+ campaigns, ad groups and ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import pick
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from .campaigns import ad_group, campaign, status_fields
from .values import VARIANTS, Record, complete, value

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import AdGroup, Campaign, Creative, SmartAd


def smart_plus_campaign(entity: Campaign) -> Record:
    """Return a campaign as in `/smart_plus/campaign/get/`."""
    return _converted("smart_plus_campaigns", entity, campaign(entity))


def smart_plus_ad_group(entity: AdGroup) -> Record:
    """Return an ad group as in `/smart_plus/adgroup/get/`."""
    record = _converted("smart_plus_ad_groups", entity, ad_group(entity))
    shape = RECORDS["smart_plus_ad_groups"]["targeting_spec"]
    record["targeting_spec"] = value("targeting_spec", shape, entity.key)
    return record


def _converted(stream: str, entity: Campaign | AdGroup, record: Record) -> Record:
    """Return a record with the fields of another stream. Shared fields keep their values."""
    shared = {name: record[name] for name in RECORDS[stream] if name in record}
    return complete(stream, entity, entity.campaign.account, shared)


def smart_plus_ad(entity: SmartAd) -> Record:
    """Return an Upgraded Smart+ ad with its creatives."""
    account = entity.campaign.account
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
                "material_operation_status": "DISABLE" if position == 1 else "ENABLE",
                "creative_info": _creative_info(creative, position),
            }
            for position, creative in enumerate(entity.creatives)
        ],
        "playable_list": [{"playable_url": url} for url in entity.playables] or None,
        "ad_text_list": [{"ad_text": "Neu: “Läufer” 👟"}, {"ad_text": 'He said "wow"'}],
        "ad_configuration": _ad_configuration(entity),
        **status_fields("AD", entity, entity.group),
    }
    return complete("smart_plus_ads", entity, account, values)


def _creative_info(creative: Creative, position: int) -> Record:
    """Return the `creative_info` of a creative, given its position in the ad."""
    formats = {"image": "SINGLE_IMAGE", "carousel": "CAROUSEL_ADS"}
    video: Record | None = None
    if creative.videos:
        video = {"video_id": creative.videos[0], "file_name": f"clip “{position}” 🎬.mp4"}
    elif creative.kind == "spark":
        video = {"video_id": None, "file_name": None}
    return {
        "ad_format": formats.get(creative.kind, "SINGLE_VIDEO"),
        "material_name": None if position == 3 else f"Creative {position} · {creative.kind}",  # noqa: PLR2004
        "video_info": video,
        "image_info": [{"web_uri": image} for image in creative.images] or None,
        "music_info": {"music_id": creative.music} if creative.music else None,
        "aigc_disclosure_type": "SELF_DISCLOSURE" if position % 2 else None,
        "tiktok_item_id": creative.post,
        "identity_type": "AUTH_CODE" if creative.post else "CUSTOMIZED_USER",
        "identity_id": "7300000000000000001",
        "identity_authorized_bc_id": None,
    }


def _ad_configuration(entity: SmartAd) -> Record:
    """Return the `ad_configuration` of an Upgraded Smart+ ad."""
    shape = RECORDS["smart_plus_ads"]["ad_configuration"]
    configuration: Record = value("ad_configuration", shape, entity.key % VARIANTS)
    strategies = ["TRANSLATE_AND_DUB", "MUSIC_REFRESH"]
    return configuration | {
        "creative_auto_add_toggle": bool(entity.key % 2),
        "creative_auto_enhancement_strategy_list": pick((strategies, [], None), entity.key),
        "catalog_creative_toggle": pick((True, False, "false", None), entity.key, 1),
    }
