"""The objects of an account, as light as a scale of 50,000 ads needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account

TIME = "%Y-%m-%d %H:%M:%S"

AUCTION, REACH_FREQUENCY, TOP_VIEW = "AUCTION", "RESERVATION_RF", "RESERVATION_TOP_VIEW"
MANUAL, SMART_PLUS = "MANUAL", "UPGRADED_SMART_PLUS"
PROMOTE = "PROMOTE"


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
