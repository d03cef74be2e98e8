"""Generate an advertiser with its campaigns, ad groups, ads and Smart+ ads from the seed."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from .entities import (
    AUCTION,
    MANUAL,
    PROMOTE,
    REACH_FREQUENCY,
    SMART_PLUS,
    TOPVIEW,
    Account,
    Ad,
    AdGroup,
    Campaign,
    Creative,
    Entity,
    SmartAd,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    from tap_tiktok_ads.simulator.options import Options

EntityType = TypeVar("EntityType", bound=Entity)

LOCALES = (
    ("America/Los_Angeles", "US", "USD", "Bright & Co. “Summer”"),
    ("Asia/Tokyo", "JP", "JPY", "さくら商店 🌸"),
    ("Europe/Berlin", "DE", "EUR", "Müller & Söhne GmbH"),
    ("Etc/GMT+8", "US", "USD", 'O\'Neil "Outdoor"'),
    ("America/Sao_Paulo", "BR", "BRL", "Café São João"),
    ("UTC", "GB", "GBP", "Plain Ltd"),
)
"""Time zone, country, currency and name of the accounts, repeated after the last one."""

CREATIVE_KINDS = ("video", "image", "carousel", "spark", "video_with_music")
UNLIMITED_DAYS = 1 << 20

_CAMPAIGN_ROLES = {1: "smart", 2: "deleted", 3: "reach", 4: "topview"}
_CAMPAIGN_NAMES = (
    "Spring “Sale” 🌷",
    "Großer Herbst",
    "夏のキャンペーン",
    'Say "hi", twice',
    "Plain",
)


def generate_account(options: Options, number: int, start: date, zone: ZoneInfo) -> Account:
    """Return an account with all its objects. `start` is the first day with delivery."""
    account = Account(options, number, start, zone)
    account.country, account.currency, account.name = LOCALES[number % len(LOCALES)][1:]
    account.campaigns = [_campaign(account, index) for index in range(options.campaigns)]
    if account.campaigns:
        account.campaigns.append(_promote_campaign(account))
    groups = chain.from_iterable(campaign.groups for campaign in account.campaigns)
    account.groups = _newest_first(groups)
    account.ads = _newest_first(chain.from_iterable(group.ads for group in account.groups))
    account.smart_ads = _newest_first({ad.smart for ad in account.ads if ad.smart})
    return account


def _promote_campaign(account: Account) -> Campaign:
    """Return the campaign that the in-app Promote tool created, with its ad group and ad.

    TikTok returns no modification time for Promote objects.
    """
    options = account.options
    name = "Promote: in-app boost"
    campaign = Campaign(
        **_promote_values(account, "campaigns", options.campaigns),
        **_campaign_values(account, AUCTION, MANUAL, PROMOTE),
        name=name,
    )
    serial = options.campaigns * options.ad_groups
    group_values = _promote_values(account, "ad_groups", serial)
    group = AdGroup(**group_values, campaign=campaign, name=name, ads=[])
    campaign.groups.append(group)
    first_serial = serial * options.ads + options.smart_plus_ads * len(CREATIVE_KINDS)
    _ad(group, first_serial, name).modified = None
    return campaign


def _promote_values(account: Account, kind: str, serial: int) -> dict[str, Any]:
    return account.entity_values(kind, serial) | {"modified": None}


def _campaign_values(
    account: Account, buying: str, automation: str, origin: str | None = None
) -> dict[str, Any]:
    """Return the fields of `Campaign` except its name."""
    return {
        "account": account,
        "buying": buying,
        "automation": automation,
        "origin": origin,
        "groups": [],
    }


def _campaign(account: Account, index: int) -> Campaign:
    """Return a campaign.

    The second campaign is Smart+, the third deleted, the fourth a reservation, the fifth TopView.
    """
    options = account.options
    role = _CAMPAIGN_ROLES.get(index, "deleted" if index % 7 == 6 else "plain")  # noqa: PLR2004
    smart = role == "smart" and account.smart_plus and options.smart_plus_ads > 0
    buying = {"reach": REACH_FREQUENCY, "topview": TOPVIEW}.get(role, AUCTION)
    values = account.entity_values("campaigns", index)
    values["removed"] = role == "deleted"
    campaign = Campaign(
        **values,
        **_campaign_values(account, buying, SMART_PLUS if smart else MANUAL),
        name=f"{pick(_CAMPAIGN_NAMES, values['key'])} {index + 1}",
    )
    campaign.groups = [_ad_group(campaign, index, number) for number in range(options.ad_groups)]
    if smart and campaign.groups:
        for number in range(options.smart_plus_ads):
            _smart_ad(campaign.groups[number % len(campaign.groups)], number)
    return campaign


def _ad_group(campaign: Campaign, index: int, number: int) -> AdGroup:
    """Return an ad group with its manual ads."""
    options = campaign.account.options
    serial = index * options.ad_groups + number
    group = AdGroup(
        **campaign.account.entity_values("ad_groups", serial),
        campaign=campaign,
        name=f"Ad group {number + 1} · {campaign.name}",
        ads=[],
    )
    group.removed = index == 0 and number == 2  # noqa: PLR2004
    if campaign.automation != SMART_PLUS:
        for position in range(options.ads):
            ad = _ad(group, serial * options.ads + position, f"Ad {position + 1} 👟")
            ad.removed = position % 10 == 1
            _end_deleted(ad)
    return group


def _ad(group: AdGroup, serial: int, name: str, smart: SmartAd | None = None) -> Ad:
    """Add an ad to its group. Every fourth ad starts after a third of the history."""
    account = group.campaign.account
    values = account.entity_values("ads", serial)
    first = account.options.days // 3 if values["key"] % 4 == 0 else 0
    ad = Ad(**values, group=group, name=name, smart=smart, first=first, last=UNLIMITED_DAYS)
    group.ads.append(ad)
    return ad


def _end_deleted(ad: Ad) -> None:
    """End the delivery of a deleted ad after two thirds of the history."""
    if ad.deleted:
        ad.last = ad.campaign.account.options.days * 2 // 3


def _smart_ad(group: AdGroup, number: int) -> None:
    """Add the ads of an Upgraded Smart+ ad to its group, one for each creative."""
    account = group.campaign.account
    options = account.options
    values = account.entity_values("smart_plus_ads", number)
    manual_ads = options.campaigns * options.ad_groups * options.ads
    first_serial = manual_ads + number * len(CREATIVE_KINDS)
    count = 2 + number % (len(CREATIVE_KINDS) - 1)
    base_url = f"https://playable.example.com/{values['id']}"
    smart = SmartAd(
        **values,
        group=group,
        name=f"Smart+ ad {number + 1} ✨",
        creatives=tuple(
            _creative(account, number, position, values["key"]) for position in range(count)
        ),
        playables=(f"{base_url}/a.html", f"{base_url}/b.html") if number % 3 == 0 else (),
    )
    smart.removed = number % 10 == 2  # noqa: PLR2004
    for position, creative in enumerate(smart.creatives):
        name = f"{smart.name} / {creative.kind}"
        _end_deleted(_ad(group, first_serial + position, name, smart))


def _creative(account: Account, number: int, position: int, key: int) -> Creative:
    """Return the creative at a position of a Smart+ ad."""
    options = account.options
    kind = CREATIVE_KINDS[(number + position) % len(CREATIVE_KINDS)]
    material = account.object_id("creatives", number * len(CREATIVE_KINDS) + position)
    video = account.video_id(mix(key, position) % max(options.videos, 1))
    images = tuple(
        account.image_id((mix(key, position) + step) % max(options.images, 1)) for step in range(2)
    )
    music = str(6 * 10**18 + mix(key, position, 3) % 10**17)
    if kind == "video":
        return Creative(material, kind, videos=(video,))
    if kind == "image":
        return Creative(material, kind, images=images[:1])
    if kind == "carousel":
        return Creative(material, kind, images=(*images, images[0]), music=music)
    if kind == "spark":
        return Creative(material, kind, post=str(72 * 10**17 + mix(key, position, 4) % 10**17))
    return Creative(material, kind, videos=(video,), music=music)


def _newest_first(entities: Iterable[EntityType]) -> list[EntityType]:
    return sorted(entities, key=lambda entity: entity.id, reverse=True)
