"""The accounts, objects and delivery of the simulated TikTok, derived from a seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, timezone
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from . import delivery
from .chance import mix, pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

E = TypeVar("E", bound="Entity")

TIME = "%Y-%m-%d %H:%M:%S"

PLACES = (
    ("America/Los_Angeles", "US", "USD", "Bright & Co. “Summer”"),
    ("Asia/Tokyo", "JP", "JPY", "さくら商店 🌸"),
    ("Europe/Berlin", "DE", "EUR", "Müller & Söhne GmbH"),
    ("Etc/GMT+8", "US", "USD", 'O\'Neil "Outdoor"'),
    ("America/Sao_Paulo", "BR", "BRL", "Café São João"),
    ("UTC", "GB", "GBP", "Plain Ltd"),
)
"""Time zone, country, currency and name of an account, in turn."""

AUCTION, REACH_FREQUENCY, TOP_VIEW = "AUCTION", "RESERVATION_RF", "RESERVATION_TOP_VIEW"
MANUAL, SMART_PLUS = "MANUAL", "UPGRADED_SMART_PLUS"
PROMOTE = "PROMOTE"

CREATIVE_KINDS = ("video", "image", "carousel", "spark", "video_with_music")

_RATIO_OF_ENDED = 2, 3
_DIGITS = {"campaigns": 1, "ad_groups": 2, "ads": 3, "smart_plus_ads": 4}
_DIGITS |= {"creatives": 5, "videos": 6, "images": 7, "audiences": 8, "pixels": 9}


@dataclass(frozen=True)
class Options:
    """How large the world is and how it behaves."""

    seed: int = 7
    advertisers: int = 3
    campaigns: int = 6
    ad_groups: int = 2
    ads: int = 2
    smart_plus_ads: int = 4
    audiences: int = 25
    pixels: int = 23
    videos: int = 12
    images: int = 15
    days: int = 45
    today: str | None = None
    latency_ms: int = 0
    tier: str = "unlimited"
    restriction_seconds: float = 300
    unknown_fields: bool = False
    no_smart_plus: bool = False
    unauthorised: tuple[str, ...] = ()
    late_conversions: bool = False
    report_ads_limit: int | None = None

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Options:
        """Return the options of a mapping.

        Raises:
            ValueError: A name is unknown or a number is negative; the text names it.
        """
        known = [field.name for field in fields(cls)]
        for name, value in options.items():
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0)[0]
                msg = f"Unknown simulator option {name!r}. Did you mean {near!r}?"
                raise ValueError(msg)
            if isinstance(getattr(cls, name), int) and (
                not isinstance(value, (int, float)) or value < 0
            ):
                msg = f"Simulator option {name!r} must be a number of at least 0, not {value!r}."
                raise ValueError(msg)
        values = dict(options)
        if values.get("today") is not None:
            values["today"] = date.fromisoformat(str(values["today"])).isoformat()
        values["unauthorised"] = tuple(str(name) for name in values.get("unauthorised", ()))
        return cls(**values)


@dataclass(eq=False)
class Entity:
    """What all objects have; `key` is the source of their chance values."""

    __slots__ = ("created", "id", "key", "modified", "removed")

    id: str
    key: int
    created: str | None
    modified: str | None
    removed: bool

    @property
    def deleted(self) -> bool:
        """Whether the object or one above it is deleted."""
        return self.removed


@dataclass(eq=False)
class Campaign(Entity):
    """A campaign; `buying` is its buying type, `automation` its automation type."""

    __slots__ = ("account", "automation", "buying", "groups", "name", "origin")

    account: Account
    name: str
    buying: str
    automation: str
    origin: str | None
    groups: list[AdGroup]

    @property
    def campaign(self) -> Campaign:
        """The campaign itself, so that filters treat all levels alike."""
        return self


@dataclass(eq=False)
class AdGroup(Entity):
    """An ad group."""

    __slots__ = ("ads", "campaign", "name")

    campaign: Campaign
    name: str
    ads: list[Ad]

    @property
    def deleted(self) -> bool:
        """Whether the ad group or its campaign is deleted."""
        return self.removed or self.campaign.removed

    @property
    def group(self) -> AdGroup:
        """The ad group itself, so that filters treat all levels alike."""
        return self


@dataclass(eq=False)
class Ad(Entity):
    """An ad, or one creative of a Smart+ ad; delivers from day `first` to day `last`."""

    __slots__ = ("first", "group", "last", "name", "smart")

    group: AdGroup
    name: str
    smart: SmartAd | None
    first: int
    last: int

    @property
    def campaign(self) -> Campaign:
        """The campaign of the ad."""
        return self.group.campaign

    @property
    def deleted(self) -> bool:
        """Whether the ad or something above it is deleted."""
        above = self.smart.deleted if self.smart else self.group.deleted
        return self.removed or above

    @property
    def id_v2(self) -> str:
        """The Smart+ ad for a creative, else the ad."""
        return self.smart.id if self.smart else self.id

    def days(self, horizon: int) -> int:
        """Return the days with a report row, as bits, up to today's index."""
        return delivery.days_with_rows(self.key, self.first, min(self.last, horizon))

    def spending(self, horizon: int) -> int:
        """Return the days with spend, as bits, up to today's index."""
        return self.days(horizon) & ~delivery.days_without_spend(self.key, horizon)


@dataclass(frozen=True)
class Creative:
    """One entry of the `creative_list` of a Smart+ ad."""

    material_id: str
    kind: str
    videos: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    music: str | None = None
    post: str | None = None

    @property
    def media(self) -> Iterator[tuple[str, str]]:
        """Kind and id of every asset; an image used twice comes twice."""
        yield from (("VIDEO", video) for video in self.videos)
        yield from (("IMAGE", image) for image in self.images)
        if self.music:
            yield "MUSIC", self.music
        if self.post:
            yield "TIKTOK_POST", self.post

    @property
    def reviewed(self) -> list[str]:
        """The ids `/smart_plus/ad/review_info/` uses: one per image in a carousel."""
        if self.kind != "carousel":
            return [self.material_id]
        return [f"{self.material_id}{index}" for index in range(1, len(self.images) + 1)]


@dataclass(eq=False)
class SmartAd(Entity):
    """An Upgraded Smart+ ad."""

    __slots__ = ("creatives", "group", "name", "playables")

    group: AdGroup
    name: str
    creatives: tuple[Creative, ...]
    playables: tuple[str, ...]

    @property
    def campaign(self) -> Campaign:
        """The campaign of the ad."""
        return self.group.campaign

    @property
    def deleted(self) -> bool:
        """Whether the ad or something above it is deleted."""
        return self.removed or self.group.deleted


@dataclass(eq=False)
class Asset(Entity):
    """A video, an image, an audience or a pixel; `number` counts from 0 in its account."""

    __slots__ = ("number",)

    number: int


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

    def _entity(self, kind: str, serial: int) -> dict[str, Any]:
        key = mix(self.key, _DIGITS[kind], serial)
        days = self.options.days
        start = datetime.combine(self.start, datetime.min.time())
        created = start - timedelta(minutes=mix(key, 1) % (90 * 1440) + 1440)
        modified = start + timedelta(seconds=mix(key, 2) % (max(days - 1, 1) * 86400))
        return {
            "id": self.object_id(kind, serial),
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


class World:
    """Everything the simulator knows, without any HTTP."""

    KINDS: ClassVar[dict[str, str]] = {
        "campaigns": "campaigns",
        "ad_groups": "groups",
        "ads": "ads",
        "smart_plus_ads": "smart_ads",
        "videos": "videos",
        "images": "images",
    }
    """Kinds that `touch` and `delete` accept, with the attribute of the account."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        """Make the accounts and their objects."""
        self.options = Options.parse(options or {})
        self.version = 0
        self._later = timedelta()
        self._late = 0
        self.accounts: dict[str, Account] = {}
        for number in range(self.options.advertisers):
            zone = ZoneInfo(PLACES[number % len(PLACES)][0])
            start = self._date(zone) - timedelta(days=max(self.options.days - 1, 0))
            account = Account(self.options, number, start, zone)
            self.accounts[account.id] = account
        self._profiles = delivery.profiles(self.options.seed)
        self._revoked: set[str] = set(self.options.unauthorised)

    def _date(self, zone: ZoneInfo) -> date:
        if self.options.today is not None:
            return date.fromisoformat(self.options.today) + self._later
        return datetime.now(zone).date() + self._later

    @property
    def advertiser_ids(self) -> list[str]:
        """Ids of the advertisers granted to the token."""
        return [name for name in self.accounts if name not in self._revoked]

    def granted(self, advertiser_id: str) -> bool:
        """Return whether the token may read an advertiser."""
        return advertiser_id in self.accounts and advertiser_id not in self._revoked

    def revoke(self, advertiser_id: str) -> None:
        """Withdraw the grant of an advertiser."""
        self._revoked.add(advertiser_id)

    def today(self, advertiser_id: str) -> date:
        """Return the date in the time zone of an advertiser."""
        return self._date(self.accounts[advertiser_id].zone)

    def horizon(self, account: Account) -> int:
        """Return the index of today; day 0 is the first day with delivery."""
        return (self._date(account.zone) - account.start).days

    def advance(self, days: int = 0) -> None:
        """Let time pass: move today, and let late conversions of recent days arrive."""
        self._later += timedelta(days=days)
        self._late += 1
        self.version += 1

    def counters(self, ad: Ad, day: int, horizon: int) -> delivery.Counters:
        """Return what an ad delivered on a day that has a row."""
        if delivery.days_without_spend(ad.key, horizon) >> day & 1:
            return delivery.NOTHING
        row = self._profiles[mix(ad.key, day) % delivery.PROFILES]
        if not (self.options.late_conversions and self._late and day > horizon - 7):
            return row
        grown = list(row)
        grown[delivery.CONVERSIONS] += self._late
        grown[delivery.VALUE] += self._late * 500
        return tuple(grown)

    def find(self, kind: str, object_id: str) -> tuple[Account, Entity]:
        """Return an object and its account.

        Raises:
            KeyError: There is no such object.
            ValueError: The kind is none of `KINDS`.
        """
        if kind not in self.KINDS:
            msg = f"Unknown kind {kind!r}; use one of {', '.join(self.KINDS)}."
            raise ValueError(msg)
        for account in self.accounts.values():
            for entity in getattr(account, self.KINDS[kind]):
                if entity.id == object_id:
                    return account, entity
        raise KeyError(object_id)

    def touch(self, kind: str, object_id: str, when: datetime) -> None:
        """Set the modification time of an object; a time without zone is UTC."""
        _, entity = self.find(kind, object_id)
        entity.modified = _utc(when).strftime(TIME)
        self.version += 1

    def delete(self, kind: str, object_id: str, when: datetime) -> None:
        """Delete an object; its ads deliver up to that day."""
        account, entity = self.find(kind, object_id)
        entity.removed = True
        entity.modified = _utc(when).strftime(TIME)
        day = (_utc(when).replace(tzinfo=timezone.utc).astimezone(account.zone).date()) - (
            account.start
        )
        for ad in account.ads:
            if entity in (ad, ad.smart, ad.group, ad.campaign):
                ad.last = min(ad.last, day.days)
        self.version += 1

    def expected(
        self,
        start_date: str,
        end_date: str,
        *,
        include_deleted: bool = True,
        advertiser_ids: Iterable[str] | None = None,
        include_top_view: bool = False,
    ) -> dict[str, int]:
        """Count the rows of the core streams, object by object and day by day.

        Args:
            start_date: First day of the reports, in account time.
            end_date: Last day of the reports.
            include_deleted: Whether deleted objects and their rows count.
            advertiser_ids: Advertisers to count; all granted ones by default.
            include_top_view: Whether TopView campaigns and what is below them count.
        """
        names = self.advertiser_ids if advertiser_ids is None else list(advertiser_ids)
        totals = dict.fromkeys(STREAMS, 0)
        for name in names:
            account = self.accounts[name]
            first = max((date.fromisoformat(start_date) - account.start).days, 0)
            last = min((date.fromisoformat(end_date) - account.start).days, self.horizon(account))
            for stream, rows in self._count(
                account, range(first, last + 1), include_deleted, include_top_view
            ).items():
                totals[stream] += rows
        return totals

    def _count(
        self, account: Account, days: range, include_deleted: bool, top_view: bool
    ) -> dict[str, int]:
        horizon = self.horizon(account)

        def kept(entity: Campaign | AdGroup | Ad | SmartAd) -> bool:
            bought = top_view or entity.campaign.buying != TOP_VIEW
            return (
                bought
                and entity.campaign.origin is None
                and (include_deleted or not entity.deleted)
            )

        campaigns = [campaign for campaign in account.campaigns if kept(campaign)]
        groups = [group for group in account.groups if kept(group)]
        ads = [ad for ad in account.ads if kept(ad)]
        smart_ads = [smart for smart in account.smart_ads if kept(smart)]
        splits = {
            "audience_report_by_age_gender": ("gender", "age"),
            "audience_report_by_country": ("country_code",),
            "audience_report_by_platform": ("platform",),
        }
        counts = {
            "advertisers": 1,
            "campaigns": len(campaigns),
            "ad_groups": len(groups),
            "ads": len(ads),
            "custom_audiences": len(account.audiences),
            "pixels": len(account.pixels),
            "video_creatives": sum(not video.removed for video in account.videos[-10_000:]),
            "image_creatives": sum(not image.removed for image in account.images[-10_000:]),
            "smart_plus_ads": len(smart_ads),
            "smart_plus_ad_creatives": sum(len(smart.creatives) for smart in smart_ads),
            "smart_plus_ad_media": sum(len(_media(smart)) for smart in smart_ads),
            "smart_plus_ad_suggestions": sum(
                1 + sum(len(creative.reviewed) for creative in smart.creatives)
                for smart in smart_ads
            ),
            "ad_performance_report": 0,
            **dict.fromkeys(splits, 0),
        }
        for ad in ads:
            rows, spending = ad.days(horizon), ad.spending(horizon)
            audience = ad.campaign.key % delivery.AUDIENCES
            counts["ad_performance_report"] += sum(rows >> day & 1 for day in days)
            spent = sum(spending >> day & 1 for day in days)
            for stream, split in splits.items():
                counts[stream] += spent * len(delivery.parts(split, audience))

        group_days, campaign_days, campaign_countries = set(), set(), set()
        for ad in account.ads:
            rows, spending = ad.days(horizon), ad.spending(horizon)
            for day in days:
                if not rows >> day & 1:
                    continue
                if kept(ad.group):
                    group_days.add((ad.group.id, day))
                if kept(ad.campaign):
                    campaign_days.add((ad.campaign.id, day))
                if kept(ad.campaign) and spending >> day & 1:
                    audience = ad.campaign.key % delivery.AUDIENCES
                    for values, _ in delivery.parts(("country_code",), audience):
                        campaign_countries.add((ad.campaign.id, day, values))
        counts["ad_group_performance_report"] = len(group_days)
        counts["campaign_performance_report"] = len(campaign_days)
        counts["campaign_country_report"] = len(campaign_countries)
        return counts


STREAMS = (
    "advertisers",
    "campaigns",
    "ad_groups",
    "ads",
    "ad_performance_report",
    "ad_group_performance_report",
    "campaign_performance_report",
    "audience_report_by_age_gender",
    "audience_report_by_country",
    "audience_report_by_platform",
    "campaign_country_report",
    "custom_audiences",
    "pixels",
    "video_creatives",
    "image_creatives",
    "smart_plus_ads",
    "smart_plus_ad_creatives",
    "smart_plus_ad_media",
    "smart_plus_ad_suggestions",
)
"""Names of the streams that `World.expected` counts."""


def _media(smart: SmartAd) -> set[tuple[str, str, str]]:
    """Return kind, id and material of the assets of a Smart+ ad, each once."""
    media = {
        (kind, name, creative.material_id)
        for creative in smart.creatives
        for kind, name in creative.media
    }
    return media | {("PLAYABLE", url, "") for url in smart.playables}


def _utc(when: datetime) -> datetime:
    """Return a moment as UTC without zone."""
    if when.tzinfo is None:
        return when
    return when.astimezone(timezone.utc).replace(tzinfo=None)
