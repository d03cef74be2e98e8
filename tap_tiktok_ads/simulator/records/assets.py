"""Records of assets: audiences, pixels, media, identities, pages, apps and rules."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import TIME
from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.spec.facts import ENUMS, RECORDS

from .values import Record, complete, value

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

_PIXEL_EVENTS = (
    ("COMPLETE_PAYMENT", ""),
    ("ADD_TO_CART", ""),
    ("CUSTOM", "Newsletter “Süd”"),
)
"""`pixel_event_type` and `custom_event_type` of the statistics."""


def _in_turn(enum: str, number: int) -> str:
    """Return a value of an enum. Consecutive numbers return consecutive values."""
    return ENUMS[enum][number % len(ENUMS[enum])]


def audience(entity: Asset, account: Account) -> Record:
    """Return a custom audience. Custom audiences have no modification time."""
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
    return complete("custom_audiences", entity, account, values)


def pixel(entity: Asset, account: Account) -> Record:
    """Return a pixel. Every second `create_time` is in milliseconds since the epoch."""
    created: str | int | None = entity.created
    if created is not None and entity.number % 2:
        moment = datetime.strptime(str(created), TIME).replace(tzinfo=timezone.utc)
        created = int(moment.timestamp()) * 1000
    values = {
        "pixel_id": entity.id,
        "pixel_code": f"C{entity.key % 10**19:019d}",
        "pixel_name": pixel_name(entity),
        "pixel_script": "<script>!function(w,d,t){w.TiktokAnalyticsObject=t}()</script>\n" * 20,
        "create_time": created,
    }
    return complete("pixels", entity, account, values)


def pixel_name(pixel: Asset) -> str:
    """Return the name of a pixel."""
    return f"Pixel {pixel.number + 1} · Shop “Süd”"


def pixel_events(entity: Asset, days: range) -> list[Record]:
    """Return the statistics of a pixel over UTC days, one record for each event type.

    Args:
        entity: The pixel.
        days: Ordinals of the days. Without days, the result is empty.
    """
    statistics: list[Record] = []
    if not days:
        return statistics
    for position, (event_type, custom_type) in enumerate(
        _PIXEL_EVENTS[: 1 + entity.key % len(_PIXEL_EVENTS)]
    ):
        total = sum(mix(entity.key, position, day) % 100 for day in days)
        statistics.append(
            {
                "pixel_event_type": event_type,
                "custom_event_type": custom_type,
                "total_count": total,
                "attributed_count": total // 3,
                "preview_count": total // 2,
                "browser_event_total_count": total - total // 4,
                "server_event_total_count": total // 4,
            },
        )
    return statistics


def _iso(moment: str | None) -> str | None:
    """Return a time in the format of the media libraries: ISO 8601 with Z."""
    return moment.replace(" ", "T") + "Z" if moment else None


def video(entity: Asset, account: Account) -> Record:
    """Return a video of the library."""
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
        "create_time": _iso(entity.created),
        "modify_time": _iso(entity.modified),
    }
    return complete("video_creatives", entity, account, values)


def image(entity: Asset, account: Account) -> Record:
    """Return an image of the library. A new image has no times."""
    values: Record = {
        "image_id": entity.id,
        "material_id": account.object_id("images", entity.number),
        "file_name": f"Bild {entity.number + 1} “neu”.jpg",
        "width": 1200,
        "height": 628,
        "format": "jpeg",
        "size": entity.key % 10**7,
        "signature": f"{mix(entity.key, 1):016x}{mix(entity.key, 2):016x}",
        "create_time": _iso(entity.created),
        "modify_time": _iso(entity.modified),
    }
    record = complete("image_creatives", entity, account, values)
    if entity.modified is None:
        del record["create_time"], record["modify_time"]
    return record


def saved_audience(entity: Asset, account: Account) -> Record:
    """Return a saved audience. Saved audiences have no times."""
    values = {
        "saved_audience_id": entity.id,
        "saved_audience_name": f"Saved {entity.number + 1} “Läufer” 👟",
    }
    return complete("saved_audiences", entity, account, values)


def portfolio(entity: Asset, account: Account) -> Record:
    """Return a creative portfolio."""
    values = {
        "creative_portfolio_id": entity.id,
        "creative_portfolio_type": _in_turn("portfolio_types", entity.number),
        "creative_portfolio_preview_url": f"https://example.com/portfolio/{entity.id}",
    }
    return complete("creative_portfolios", entity, account, values)


def music(entity: Asset, account: Account) -> Record:
    """Return a music file of the library."""
    values = {
        "music_id": entity.id,
        "material_id": str(int(entity.id) + 1),
        "file_name": f"Lied {entity.number + 1} ♫.mp3",
        "name": f"Lied {entity.number + 1} ♫",
        "duration": entity.key % 3000 / 10,
        "create_time": _iso(entity.created),
        "modify_time": _iso(entity.modified),
    }
    return complete("music_creatives", entity, account, values)


def post(entity: Asset, account: Account) -> Record:
    """Return an authorized TikTok post."""
    record = complete("spark_ads", entity, account, {})
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
    identity_types = ("CUSTOMIZED_USER", "AUTH_CODE", "TT_USER")
    values = {
        "identity_id": entity.id,
        "identity_type": identity_types[entity.number % len(identity_types)],
        "identity_authorized_bc_id": None,
        "display_name": f"Shop {entity.number + 1} “Süd” 👟",
    }
    return complete("identities", entity, account, values)


def page_type(page: Asset) -> str:
    """Return the business type of an instant page. The record of the page lacks the type."""
    return _in_turn("page_types", page.number)


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
    return complete("instant_pages", entity, account, values)


def playable(entity: Asset, _account: Account) -> Record:
    """Return a playable. Its fields are undocumented, so it has the parameters of the request."""
    return {
        "playable_id": entity.id,
        "playable_name": f"Game {entity.number + 1}",
        "playable_url": f"https://example.com/playable/{entity.id}.html",
        "status": _in_turn("playable_statuses", entity.key),
        "operation_status": ("SAVED", "SAVED", "UPLOADED", "DELETED")[entity.number % 4],
    }


def app_platform_id(entity: Asset) -> str:
    """Return the ID of an app in its store."""
    return str(entity.key % 10**9 + 10**9)


def app(entity: Asset, account: Account) -> Record:
    """Return an app. TikTok documents no fields. The fields are those of a third-party SDK."""
    values = {
        "advertiser_id": account.id,
        "app_id": entity.id,
        "app_name": f"Läufer App {entity.number + 1}",
        "app_platform_id": app_platform_id(entity),
        "self_attribution_enabled": entity.number % 2 == 0,
        "platform": ("ANDROID", "IOS")[entity.number % 2],
        "package_name": f"com.example.app{entity.number}",
        "download_url": f"https://example.com/store/{entity.id}",
        "skan_allowed": pick(("ALLOWED", "NOT_ALLOWED"), entity.key),
        "enable_retargeting": pick(("RETARGETING", "NON_RETARGETING"), entity.key),
        "create_time": entity.created,
    }
    return complete("apps", entity, account, values)


def rule(entity: Asset, account: Account) -> Record:
    """Return an automated rule, with the fields of `/optimizer/rule/create/`."""
    campaign = {
        "dimension": "CAMPAIGN",
        "dimension_ids": [campaign_entity.id for campaign_entity in account.campaigns[:1]],
        "pre_condition_type": "SELECTED",
        "bind_type": "BIND",
    }
    condition = {
        "subject_type": "COST",
        "calculation_type": "OF_EACH_OBJECT",
        "range_type": "TODAY",
        "match_type": "GT",
        "values": ["100"],
    }
    action = {
        "subject_type": "DAILY_BUDGET",
        "action_type": "INCREASE",
        "value_type": "PERCENT",
        "value": {"value": pick((10, 12.5), entity.key), "use_limit": True, "limit": 500},
        "frequency_info": {"type": "ONCE_IN_24_H"},
    }
    values = {
        "rule_id": entity.id,
        "name": f"Rule {entity.number + 1} “stop”",
        "rule_status": pick(("ON", "OFF"), entity.key),
        "tzone": "UTC",
        "create_datetime": entity.created,
        "apply_objects": [campaign],
        "conditions": [condition],
        "actions": [action],
        "notification": {"notification_type": "NOT_NOTIFICATION", "email_setting": None},
        "rule_exec_info": {
            "exec_time_type": "HALF_HOUR_IN_SPECIFIC_TIME_PERIOD",
            "time_period_info": [
                {"date_type": "WEEK", "num": [1, 5], "start_time": "08:00", "end_time": "20:00"}
            ],
        },
    }
    return complete("automated_rules", entity, account, values)
