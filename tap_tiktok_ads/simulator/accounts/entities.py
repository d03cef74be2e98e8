"""Advertisers and their objects. Slots keep the memory of 50,000 ads small."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from tap_tiktok_ads.simulator.pseudorandom import mix

from . import delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

    from tap_tiktok_ads.simulator.options import Options

TIME = "%Y-%m-%d %H:%M:%S"

AUCTION, REACH_FREQUENCY, TOPVIEW = "AUCTION", "RESERVATION_RF", "RESERVATION_TOP_VIEW"
MANUAL, SMART_PLUS = "MANUAL", "UPGRADED_SMART_PLUS"
PROMOTE = "PROMOTE"

ASSET_KINDS = (
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
    "gmv_max_campaigns",
)
"""Kinds of assets that are generated on first use. The option of that name sets their number."""

_ID_PREFIXES = {"campaigns": 1, "ad_groups": 2, "ads": 3, "smart_plus_ads": 4, "creatives": 5}
_ID_PREFIXES |= {"videos": 6, "images": 7, "audiences": 8, "pixels": 9}


class Account:
    """An advertiser and its objects.

    Attributes:
        start: First day with delivery.
        campaigns: Oldest first, including deleted and in-app Promote campaigns.
        groups: Ad groups, newest first.
        ads: Ads and Smart+ creatives, newest first.
        smart_ads: Upgraded Smart+ ads, newest first.
        videos: Video library, oldest first.
        images: Image library, oldest first. Every seventh image is new and has no times.
        audiences: Custom audiences.
        pixels: Pixels, oldest first.
        paused: Days without any delivery, as bits.
    """

    def __init__(self, options: Options, number: int, start: date, zone: ZoneInfo) -> None:
        """Create the account without objects."""
        self.options = options
        self.number = number
        self.start = start
        self.zone = zone
        self.country = self.currency = self.name = ""
        self.key = mix(options.seed, number)
        self.id = str(7 * 10**18 + self.key % 10**14 * 10**4 + number)
        self.smart_plus = not options.no_smart_plus
        self.campaigns: list[Campaign] = []
        self.groups: list[AdGroup] = []
        self.ads: list[Ad] = []
        self.smart_ads: list[SmartAd] = []
        self.videos = self._library("videos", self.video_id)
        self.images = self._library("images", self.image_id)
        self.audiences = self._library("audiences")
        self.pixels = self._library("pixels")
        for image in self.images[6::7]:
            image.created = image.modified = None
        self._assets: dict[str, list[Asset]] = {}
        self.paused = 0

    def entity_values(self, kind: str, serial: int) -> dict[str, Any]:
        """Return the fields of `Entity` for an object of a kind."""
        key = mix(self.key, _ID_PREFIXES[kind], serial)
        return self._base_values(key, self.object_id(kind, serial))

    def _base_values(self, key: int, object_id: str) -> dict[str, Any]:
        """Return the fields of `Entity`: created before the history, modified during it."""
        start = datetime.combine(self.start, datetime.min.time())
        created = start - timedelta(minutes=mix(key, 1) % (90 * 1440) + 1440)
        modified = start + timedelta(seconds=mix(key, 2) % (max(self.options.days - 1, 1) * 86400))
        return {
            "id": object_id,
            "key": key,
            "created": created.strftime(TIME),
            "modified": modified.strftime(TIME),
            "removed": False,
        }

    def _library(self, kind: str, media_id: Callable[[int], str] | None = None) -> list[Asset]:
        """Return all objects of a kind. Their IDs are numeric unless `media_id` returns them."""
        assets = []
        for number in range(getattr(self.options, kind)):
            values = self.entity_values(kind, number)
            if media_id is not None:
                values["id"] = media_id(number)
            assets.append(Asset(**values, number=number))
        return assets

    def object_id(self, kind: str, serial: int) -> str:
        """Return a 19-digit ID. IDs increase with the serial number."""
        prefix = 17 * 10**17 + mix(self.options.seed) % 100 * 10**15 + self.number * 10**11
        return str(prefix + _ID_PREFIXES[kind] * 10**10 + serial * 7)

    def video_id(self, number: int) -> str:
        """Return the ID of a video in the library."""
        return f"v10033g5{mix(self.key, 6, number):016x}{number:06d}"

    def image_id(self, number: int) -> str:
        """Return the ID of an image in the library. It contains slashes, as TikTok's do."""
        return f"tos-alisg-p-0051c001-sg/{mix(self.key, 7, number):016x}{number:06d}"

    def assets(self, kind: str, count: int | None = None) -> list[Asset]:
        """Return the objects of a kind, oldest first, including deleted objects.

        Args:
            kind: One of `ASSET_KINDS`, or any name if `count` is set.
            count: Number of objects. The default is the option with the name of the kind.
        """
        if kind not in self._assets:
            if count is None:
                count = getattr(self.options, kind)
            self._assets[kind] = [self._asset(kind, number) for number in range(count)]
        return self._assets[kind]

    def existing_assets(self, kind: str, count: int | None = None) -> list[Asset]:
        """Return the objects of a kind that are not deleted."""
        return [asset for asset in self.assets(kind, count) if not asset.removed]

    def gmv_max_campaigns(self, store: Asset, *, with_deleted: bool = False) -> list[Asset]:
        """Return the GMV Max campaigns of a store, by default without deleted campaigns."""
        per_store = self.options.gmv_max_campaigns
        first = store.number * per_store
        campaigns = self.all_gmv_max_campaigns()[first : first + per_store]
        return [campaign for campaign in campaigns if with_deleted or not campaign.removed]

    def all_gmv_max_campaigns(self) -> list[Asset]:
        """Return the GMV Max campaigns of all stores, including deleted campaigns."""
        per_store = self.options.gmv_max_campaigns
        return self.assets("gmv_max_campaigns", len(self.assets("stores")) * per_store)

    def _asset(self, kind: str, number: int) -> Asset:
        """Return an object of a kind. Its ID and values depend on the position of the kind."""
        position = 100 + crc32(kind.encode()) % 900
        if kind in ASSET_KINDS:
            position = ASSET_KINDS.index(kind)
        first_id = 74 * 10**17 + position * 10**15 + mix(self.options.seed) % 10 * 10**14
        object_id = str(first_id + self.number * 10**9 + number * 7)
        key = mix(self.key, 40 + position, number)
        return Asset(**self._base_values(key, object_id), number=number)

    def date_of(self, day: int) -> str:
        """Return the date of a day, given its index in the history."""
        return (self.start + timedelta(days=day)).isoformat()

    def day_of(self, text: str) -> int:
        """Return the index of a date in the history."""
        return (date.fromisoformat(text) - self.start).days


@dataclass(eq=False)
class Entity:
    """The fields of all objects. The pseudorandom values of an object depend on `key`."""

    __slots__ = ("created", "id", "key", "modified", "removed")

    id: str
    key: int
    created: str | None
    modified: str | None
    removed: bool

    @property
    def audience(self) -> int:
        """Index of the audience mix, which divides the object's delivery by audience dimensions."""
        return self.key % delivery.AUDIENCES

    @property
    def deleted(self) -> bool:
        """True if the object or one of its parents is deleted."""
        return self.removed


@dataclass(eq=False)
class Campaign(Entity):
    """A campaign. `buying` is its buying type, `automation` its automation type."""

    __slots__ = ("account", "automation", "buying", "groups", "name", "origin")

    account: Account
    name: str
    buying: str
    automation: str
    origin: str | None
    groups: list[AdGroup]

    @property
    def campaign(self) -> Campaign:
        """The campaign itself. Filters read this property at all levels."""
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
        """True if the ad group or its campaign is deleted."""
        return self.removed or self.campaign.removed

    @property
    def group(self) -> AdGroup:
        """The ad group itself. Filters read this property at all levels."""
        return self


@dataclass(eq=False)
class Ad(Entity):
    """An ad, or one creative of a Smart+ ad. It delivers from day `first` to day `last`."""

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
        """True if the ad or one of its parents is deleted."""
        parent = self.smart or self.group
        return self.removed or parent.deleted

    @property
    def id_v2(self) -> str:
        """ID in `ad_id_v2`: the Smart+ ad of a creative, or the ad itself."""
        return self.smart.id if self.smart else self.id

    def report_days(self, horizon: int) -> int:
        """Return the days with a report row up to the day `horizon`, as bits."""
        days = delivery.days_with_rows(self.key, self.first, min(self.last, horizon))
        return days & ~self.campaign.account.paused

    def spend_days(self, horizon: int) -> int:
        """Return the days with spend up to the day `horizon`, as bits."""
        return self.report_days(horizon) & ~delivery.days_without_spend(self.key, horizon)


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
        """Kind and ID of every asset. An image that is used twice is yielded twice."""
        yield from (("VIDEO", video) for video in self.videos)
        yield from (("IMAGE", image) for image in self.images)
        if self.music:
            yield "MUSIC", self.music
        if self.post:
            yield "TIKTOK_POST", self.post

    @property
    def reviewed(self) -> list[str]:
        """Material IDs in `/smart_plus/ad/review_info/`. A carousel has an ID for each image."""
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
        """True if the ad or one of its parents is deleted."""
        return self.removed or self.group.deleted


@dataclass(eq=False)
class Asset(Entity):
    """An object whose only parent is an account. `number` counts from 0 in each account."""

    __slots__ = ("number",)

    number: int
