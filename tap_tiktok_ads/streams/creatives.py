"""The asset library, and what else ads are made of."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.streams.base import EntityStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.pages import Task


class VideoCreatives(EntityStream):
    """Videos of the asset library, the 10,000 most recently changed; URLs live for six hours."""

    name = "video_creatives"
    path = "/file/video/ad/search/"
    permission = "610 Read Video Library"
    primary_keys = ("advertiser_id", "video_id")
    replication_key = "modify_time"
    page_size = 100
    capped = True


class ImageCreatives(EntityStream):
    """Images of the asset library, the 10,000 most recently changed; URLs live for one hour."""

    name = "image_creatives"
    path = "/file/image/ad/search/"
    permission = "600 Read Image Library"
    primary_keys = ("advertiser_id", "image_id")
    replication_key = "modify_time"
    page_size = 100
    capped = True


class MusicCreatives(EntityStream):
    """Music that ads may use. Fields as a third-party SDK has them."""

    name = "music_creatives"
    path = "/file/music/get/"
    permission = "630 Read Music Library"
    primary_keys = ("advertiser_id", "music_id")
    page_size = 100
    records_field = "musics"
    selected_by_default = False


class CreativePortfolios(EntityStream):
    """Portfolios of cards, stickers and other add-ons; their shape differs between sources."""

    name = "creative_portfolios"
    path = "/creative/portfolio/list/"
    permission = "6110100 CTA Recommendation"
    primary_keys = ("advertiser_id", "creative_portfolio_id")
    page_size = 100
    records_field = "creative_portfolios"
    selected_by_default = False


class Playables(EntityStream):
    """Playables, those not saved yet and deleted ones included.

    The answer's fields are inferred from those of the request.
    """

    name = "playables"
    path = "/playable/get/"
    primary_keys = ("advertiser_id", "playable_id")
    tracks_deleted = False  # one that is saved meanwhile moves between the listings
    page_size = 500
    selected_by_default = False

    @override
    def listings(self, advertiser: Advertiser) -> Iterator[tuple[Request, bool]]:
        deleted = ("DELETED",) if self.run_context.settings.include_deleted else ()
        for status in ("SAVED", "UPLOADED", *deleted):
            request = self.listing(advertiser, self.page_size, {})
            yield request.with_page_params(operation_status=status), False


class SparkAds(EntityStream):
    """TikTok posts that their owners authorised for ads. Fields as a third-party SDK has them."""

    name = "spark_ads"
    path = "/tt_video/list/"
    permission = "691 Authorize TikTok Posts"
    primary_keys = ("advertiser_id", "item_id")
    page_size = 50
    fixed: t.ClassVar[Mapping[str, t.Any]] = {"item_types": ["VIDEO", "CAROUSEL"]}
    selected_by_default = False

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        item = raw.get("item_info")
        raw["item_id"] = raw.get("item_id") or (item or {}).get("item_id")
        return super().flatten(raw, task)


class Identities(EntityStream):
    """Identities that ads may be shown as. Fields as a third-party SDK has them."""

    name = "identities"
    path = "/identity/get/"
    permission = "693 Query Identity"
    primary_keys = ("advertiser_id", "identity_id", "identity_type")
    page_size = 100
    records_field = "identity_list"
    selected_by_default = False


class InstantPages(EntityStream):
    """Instant pages and lead forms. Fields as a third-party SDK has them."""

    name = "instant_pages"
    path = "/page/get/"
    permission = "680 Instant Page Management"
    primary_keys = ("advertiser_id", "page_id")
    replication_key = "update_time"
    page_size = 100
    fixed: t.ClassVar[Mapping[str, t.Any]] = {"business_types": ["LEAD_GEN"]}
    selected_by_default = False
