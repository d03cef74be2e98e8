"""The asset library, and other objects that ads consist of."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.newest_first import NewestFirstSource
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.source import Source, add_advertiser
from tap_tiktok_ads.streams.list_endpoint import ListEndpoint
from tap_tiktok_ads.streams.listing import ASSET_LIST_CAP, ListStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.extract.pages import Record

#: The business type of `/page/get/` if none is requested.
DEFAULT_BUSINESS_TYPE = "LEAD_GEN"
BUSINESS_TYPES = (
    DEFAULT_BUSINESS_TYPE,
    "STORE_FRONT",
    "APP_PROFILE_PAGE",
    "TIKTOK_INSTANT_PAGE",
    "SHOP_ADS_PLP",
    "SHOP_ADS_PDP",
    "POP_UP_FORM",
)


class VideoCreatives(ListStream):
    """One record per video of the asset library.

    TikTok lists the 10,000 most recently modified videos. URLs expire after six hours.
    """

    name = "video_creatives"
    path = "/file/video/ad/search/"
    permission = "610 Read Video Library"
    primary_keys = ("advertiser_id", "video_id")
    replication_key = "modify_time"
    page_size = 100
    source_class = NewestFirstSource
    has_newest_first = True
    objects_can_vanish = True
    list_cap = ASSET_LIST_CAP


class ImageCreatives(ListStream):
    """One record per image of the asset library.

    TikTok lists the 10,000 most recently modified images. URLs expire after one hour.
    """

    name = "image_creatives"
    path = "/file/image/ad/search/"
    permission = "600 Read Image Library"
    primary_keys = ("advertiser_id", "image_id")
    replication_key = "modify_time"
    page_size = 100
    objects_can_vanish = True
    list_cap = ASSET_LIST_CAP


class MusicCreatives(ListStream):
    """One record per piece of music that ads can use. The fields come from a third-party SDK."""

    name = "music_creatives"
    path = "/file/music/get/"
    permission = "630 Read Music Library"
    primary_keys = ("advertiser_id", "music_id")
    page_size = 100
    records_field = "musics"
    selected_by_default = False


class CreativePortfolios(ListStream):
    """One record per portfolio of cards, stickers and other add-ons.

    Sources disagree about the structure of a portfolio.
    """

    name = "creative_portfolios"
    path = "/creative/portfolio/list/"
    permission = "6110100 CTA Recommendation"
    primary_keys = ("advertiser_id", "creative_portfolio_id")
    page_size = 100
    records_field = "creative_portfolios"
    selected_by_default = False


class PlayableLists(ListEndpoint):
    """One list of playables per status."""

    @override
    def lists(
        self, advertiser: Advertiser, *, with_deleted: bool, start: str | None, shared: bool
    ) -> Iterator[Task]:
        for status in ("SAVED", "UPLOADED", *(("DELETED",) if with_deleted else ())):
            request = self.first_page(advertiser, self.page_size, {}, shared=shared)
            yield Task(request.with_page_params(operation_status=status), advertiser)


class Playables(ListStream):
    """One record per playable, including unsaved and deleted playables.

    The fields are inferred from the fields of the request.
    """

    name = "playables"
    path = "/playable/get/"
    primary_keys = ("advertiser_id", "playable_id")
    can_track_deletions = False  # a playable that is saved during the read moves between the lists
    page_size = 500
    endpoint_class = PlayableLists
    selected_by_default = False


def add_item_id(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw Spark Ads post with its id as a column."""
    item = raw.get("item_info")
    raw["item_id"] = raw.get("item_id") or (item or {}).get("item_id")
    return add_advertiser(raw, task)


class SparkAds(ListStream):
    """One record per TikTok post that its owner authorized for ads.

    The fields come from a third-party SDK.
    """

    name = "spark_ads"
    path = "/tt_video/list/"
    permission = "691 Authorize TikTok Posts"
    primary_keys = ("advertiser_id", "item_id")
    page_size = 50
    params: t.ClassVar[Mapping[str, t.Any]] = {"item_types": ["VIDEO", "CAROUSEL"]}
    flatten = staticmethod(add_item_id)
    selected_by_default = False


class Identities(ListStream):
    """One record per identity under which ads can be shown.

    The fields come from a third-party SDK.
    """

    name = "identities"
    path = "/identity/get/"
    permission = "693 Query Identity"
    primary_keys = ("advertiser_id", "identity_id", "identity_type")
    page_size = 100
    records_field = "identity_list"
    selected_by_default = False


class PageSource(Source):
    """Instant pages of one business type."""

    @override
    def subject_of(self, task: Task) -> str:
        return f"{business_type_of(task)} pages of advertiser" if task.optional else "advertiser"

    @override
    def is_dispensable(self, task: Task, error: ApiError) -> bool:
        return False  # the bookmark stays: pages of a type that is rejected now may come later


class PageLists(ListEndpoint):
    """One list of pages per business type, because records do not hold their type."""

    @override
    def lists(
        self, advertiser: Advertiser, *, with_deleted: bool, start: str | None, shared: bool
    ) -> Iterator[Task]:
        for business_type in BUSINESS_TYPES:
            request = self.first_page(advertiser, self.page_size, {}, shared=shared)
            is_optional = business_type != DEFAULT_BUSINESS_TYPE
            request = request.with_page_params(business_types=[business_type])
            yield Task(request, advertiser, optional=is_optional)


def business_type_of(task: Task) -> str:
    """Return the business type that a task requests."""
    (business_type,) = task.request.params["business_types"]
    return t.cast("str", business_type)


def add_business_type(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw page with its business type."""
    raw["business_type"] = raw.get("business_type") or business_type_of(task)
    return add_advertiser(raw, task)


class PagesByType(ListStream):
    """Instant pages, with one list per business type."""

    endpoint_class = PageLists
    source_class = PageSource
    flatten = staticmethod(add_business_type)

    @override
    def is_needed(self, task: Task) -> bool:
        business_type = business_type_of(task)
        needed = self.needed_values.get("business_type", business_type)
        return business_type in (needed if isinstance(needed, list) else [needed])


class InstantPages(PagesByType):
    """One record per instant page, lead form, storefront or shop page.

    Each business type has its own list. A type that TikTok rejects is skipped with a warning, and
    the next run reads all types. A rejection of the default type LEAD_GEN is an error. TikTok does
    not list pages that were moved to a Business Center. The fields come from third-party SDKs.
    """

    name = "instant_pages"
    path = "/page/get/"
    permission = "680 Instant Page Management"
    primary_keys = ("advertiser_id", "page_id")
    replication_key = "update_time"
    page_size = 100
    selected_by_default = False
