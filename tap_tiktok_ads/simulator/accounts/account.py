"""An advertiser and all its objects, derived from the seed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

from .entities import (
    AUCTION,
    MANUAL,
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

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from tap_tiktok_ads.simulator.options import Options

E = TypeVar("E", bound=Entity)

PLACES = (
    ("America/Los_Angeles", "US", "USD", "Bright & Co. “Summer”"),
    ("Asia/Tokyo", "JP", "JPY", "さくら商店 🌸"),
    ("Europe/Berlin", "DE", "EUR", "Müller & Söhne GmbH"),
    ("Etc/GMT+8", "US", "USD", 'O\'Neil "Outdoor"'),
    ("America/Sao_Paulo", "BR", "BRL", "Café São João"),
    ("UTC", "GB", "GBP", "Plain Ltd"),
)
"""Time zone, country, currency and name of an account, in turn."""

CREATIVE_KINDS = ("video", "image", "carousel", "spark", "video_with_music")

_RATIO_OF_ENDED = 2, 3
_DIGITS = {"campaigns": 1, "ad_groups": 2, "ads": 3, "smart_plus_ads": 4}
_DIGITS |= {"creatives": 5, "videos": 6, "images": 7, "audiences": 8, "pixels": 9}

THINGS = (
    "saved_audiences",
    "portfolios",
    "music",
    "posts",
    "identities",
    "instant_pages",
    "playables",
    "apps",
    "rules",
    "stores",
)
"""Kinds of objects that lead a life of their own, by the option that says how many there are."""


class Account:
    """An advertiser and everything it owns.

    Attributes:
        campaigns: Oldest first; deleted and in-app Promote ones too.
        groups: Ad groups, newest first.
        ads: Ads and Smart+ creatives, newest first.
        smart_ads: Upgraded Smart+ ads, newest first.
        videos: Video library, oldest first.
        images: Image library, oldest first; every seventh has no times yet.
        audiences: Custom audiences.
        pixels: Pixels, oldest first.
    """

    def __init__(self, options: Options, number: int, start: date, zone: ZoneInfo) -> None:
        """Place the account; `start` is the first day with delivery."""
        place = PLACES[number % len(PLACES)]
        seed = options.seed
        self.options = options
        self.number = number
        self.start = start
        self.zone = zone
        self.country, self.currency, self.name = place[1:]
        self.key = mix(seed, number)
        self.id = str(7 * 10**18 + self.key % 10**14 * 10**4 + number)
        self.smart_plus = not options.no_smart_plus
        self._prefix = 17 * 10**17 + mix(seed) % 100 * 10**15 + number * 10**11
        self.campaigns = [self._campaign(index) for index in range(options.campaigns)]
        if self.campaigns:
            self.campaigns.append(self._promoted())
        groups = chain.from_iterable(campaign.groups for campaign in self.campaigns)
        self.groups = _newest_first(groups)
        self.ads = _newest_first(chain.from_iterable(group.ads for group in self.groups))
        self.smart_ads = _newest_first({ad.smart for ad in self.ads if ad.smart})
        self.videos = [
            self._asset("videos", place, self.video_id(place)) for place in range(options.videos)
        ]
        self.images = [
            self._asset("images", place, self.image_id(place)) for place in range(options.images)
        ]
        for image in self.images[6::7]:
            image.created = image.modified = None
        self.audiences = [self._asset("audiences", place) for place in range(options.audiences)]
        self.pixels = [self._asset("pixels", place) for place in range(options.pixels)]

    def object_id(self, kind: str, serial: int) -> str:
        """Return a 19-digit id; later serials are larger."""
        return str(self._prefix + _DIGITS[kind] * 10**10 + serial * 7)

    @cached_property
    def things(self) -> dict[str, list[Asset]]:
        """The objects of `THINGS` by kind, oldest first."""
        return {
            kind: [self._thing(place, number) for number in range(getattr(self.options, kind))]
            for place, kind in enumerate(THINGS)
        }

    @cached_property
    def gmv_max(self) -> dict[str, list[Asset]]:
        """The GMV Max campaigns of each store, by its id."""
        each = self.options.gmv_max_campaigns
        return {
            store.id: [self._thing(len(THINGS), store.number * each + step) for step in range(each)]
            for store in self.things["stores"]
        }

    def living(self, kind: str) -> list[Asset]:
        """Return the objects of a kind of `THINGS` that are not deleted."""
        return [one for one in self.things[kind] if not one.removed]

    def gmv_max_of(self, store: Asset) -> list[Asset]:
        """Return the GMV Max campaigns of a store that are not deleted."""
        return [one for one in self.gmv_max[store.id] if not one.removed]

    def _thing(self, place: int, number: int) -> Asset:
        key = mix(self.key, 40 + place, number)
        thing_id = 74 * 10**17 + place * 10**15 + mix(self.options.seed) % 10 * 10**14
        values = self._life(key, str(thing_id + self.number * 10**9 + number * 7))
        return Asset(**values, number=number)

    def _entity(self, kind: str, serial: int) -> dict[str, Any]:
        return self._life(mix(self.key, _DIGITS[kind], serial), self.object_id(kind, serial))

    def _life(self, key: int, name: str) -> dict[str, Any]:
        """Return the fields of an entity, its times before and within the history."""
        days = self.options.days
        start = datetime.combine(self.start, datetime.min.time())
        created = start - timedelta(minutes=mix(key, 1) % (90 * 1440) + 1440)
        modified = start + timedelta(seconds=mix(key, 2) % (max(days - 1, 1) * 86400))
        return {
            "id": name,
            "key": key,
            "created": created.strftime(TIME),
            "modified": modified.strftime(TIME),
            "removed": False,
        }

    def _promoted(self) -> Campaign:
        """Return the campaign made with the in-app Promote tool."""
        values = self._entity("campaigns", self.options.campaigns)
        values["modified"] = None
        kind = self._kind(AUCTION, MANUAL, PROMOTE)
        return Campaign(**values, **kind, name="Promote: in-app boost")

    def _kind(self, buying: str, automation: str, origin: str | None = None) -> dict[str, Any]:
        return {
            "account": self,
            "buying": buying,
            "automation": automation,
            "origin": origin,
            "groups": [],
        }

    def _campaign(self, index: int) -> Campaign:
        """Return a campaign: the second is Smart+, then deleted, reservation and TopView ones."""
        special = {1: "smart", 2: "deleted", 3: "reach", 4: "top_view"}
        role = special.get(index, "deleted" if index % 7 == 6 else "plain")  # noqa: PLR2004
        smart = role == "smart" and self.smart_plus and self.options.smart_plus_ads > 0
        buying = {"reach": REACH_FREQUENCY, "top_view": TOP_VIEW}.get(role, AUCTION)
        values = self._entity("campaigns", index)
        values["removed"] = role == "deleted"
        words = (
            "Spring “Sale” 🌷",
            "Großer Herbst",
            "夏のキャンペーン",
            'Say "hi", twice',
            "Plain",
        )
        campaign = Campaign(
            **values,
            **self._kind(buying, SMART_PLUS if smart else MANUAL),
            name=f"{pick(words, values['key'])} {index + 1}",
        )
        campaign.groups = [
            self._group(campaign, index, number) for number in range(self.options.ad_groups)
        ]
        if smart and campaign.groups:
            for number in range(self.options.smart_plus_ads):
                self._smart_ad(campaign.groups[number % len(campaign.groups)], number)
        return campaign

    def _group(self, campaign: Campaign, index: int, number: int) -> AdGroup:
        serial = index * self.options.ad_groups + number
        group = AdGroup(
            **self._entity("ad_groups", serial),
            campaign=campaign,
            name=f"Ad group {number + 1} · {campaign.name}",
            ads=[],
        )
        group.removed = index == 0 and number == 2  # noqa: PLR2004
        if campaign.automation != SMART_PLUS:
            for place in range(self.options.ads):
                ad = self._ad(group, serial * self.options.ads + place, f"Ad {place + 1} 👟")
                ad.removed = place % 10 == 1
                self._shorten(ad)
        return group

    def _ad(self, group: AdGroup, serial: int, name: str, smart: SmartAd | None = None) -> Ad:
        values = self._entity("ads", serial)
        late = values["key"] % 4 == 0
        first = self.options.days // 3 if late else 0
        ad = Ad(**values, group=group, name=name, smart=smart, first=first, last=1 << 20)
        group.ads.append(ad)
        return ad

    def _shorten(self, ad: Ad) -> None:
        """End the delivery of a deleted ad before today."""
        if ad.deleted:
            part, whole = _RATIO_OF_ENDED
            ad.last = self.options.days * part // whole

    def _smart_ad(self, group: AdGroup, number: int) -> None:
        values = self._entity("smart_plus_ads", number)
        key = values["key"]
        first = self.options.campaigns * self.options.ad_groups * self.options.ads + number * len(
            CREATIVE_KINDS
        )
        count = 2 + number % (len(CREATIVE_KINDS) - 1)
        creatives = tuple(self._creative(number, place, key) for place in range(count))
        playables: tuple[str, ...] = ()
        if number % 3 == 0:
            playables = tuple(
                f"https://playable.example.com/{values['id']}/{name}.html" for name in ("a", "b")
            )
        smart = SmartAd(
            **values,
            group=group,
            name=f"Smart+ ad {number + 1} ✨",
            creatives=creatives,
            playables=playables,
        )
        smart.removed = number % 10 == 2  # noqa: PLR2004
        for place, creative in enumerate(creatives):
            ad = self._ad(group, first + place, f"{smart.name} / {creative.kind}", smart)
            self._shorten(ad)

    def _creative(self, number: int, place: int, key: int) -> Creative:
        kind = CREATIVE_KINDS[(number + place) % len(CREATIVE_KINDS)]
        material = self.object_id("creatives", number * len(CREATIVE_KINDS) + place)
        video = self.video_id(mix(key, place) % max(self.options.videos, 1))
        pictures = [
            self.image_id((mix(key, place) + step) % max(self.options.images, 1))
            for step in range(2)
        ]
        music = str(6 * 10**18 + mix(key, place, 3) % 10**17)
        if kind == "video":
            return Creative(material, kind, videos=(video,))
        if kind == "image":
            return Creative(material, kind, images=(pictures[0],))
        if kind == "carousel":
            return Creative(material, kind, images=(*pictures, pictures[0]), music=music)
        if kind == "spark":
            return Creative(material, kind, post=str(72 * 10**17 + mix(key, place, 4) % 10**17))
        return Creative(material, kind, videos=(video,), music=music)

    def video_id(self, number: int) -> str:
        """Return the id of a video in the library."""
        return f"v10033g5{mix(self.key, 6, number):016x}{number:06d}"

    def image_id(self, number: int) -> str:
        """Return the id of an image in the library; slashes included, as in TikTok's."""
        return f"tos-alisg-p-0051c001-sg/{mix(self.key, 7, number):016x}{number:06d}"

    def _asset(self, kind: str, number: int, name: str | None = None) -> Asset:
        values = self._entity(kind, number)
        return Asset(**values | ({"id": name} if name else {}), number=number)


def _newest_first(entities: Iterable[E]) -> list[E]:
    return sorted(entities, key=lambda entity: entity.id, reverse=True)
