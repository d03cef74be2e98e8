"""Upgraded Smart+: ads, their creatives and media, and TikTok's review suggestions.

All four start from the list `/smart_plus/ad/get/`. Its pages are shared: if two streams need the
same page, it is requested once per run.
"""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import batches, id_of
from tap_tiktok_ads.api.errors import PermissionDeniedError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.extract.source import (
    PageFacts,
    Source,
    add_advertiser,
    add_own_advertiser,
    damaged,
    facts_of,
)
from tap_tiktok_ads.streams.listing import ListStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Record

LIST_PATH = "/smart_plus/ad/get/"
REVIEW_PATH = "/smart_plus/ad/review_info/"
#: Maximum number of ads per request for reviews.
REVIEW_BATCH_SIZE = 100
#: Codes of accounts without Smart+. Not documented: these were seen, or are likely.
WITHOUT_SMART_PLUS = frozenset({40001, 40002, 40118})
#: Members of a response with reviews, and the level of each.
REVIEW_LEVELS = {"AD": "smart_plus_ad_review_infos", "MATERIAL": "material_review_infos"}
#: Columns of a creative that its media have, too.
CREATIVE_COLUMNS = (
    "ad_format",
    "material_name",
    "aigc_disclosure_type",
    "identity_type",
    "identity_id",
    "identity_authorized_bc_id",
)


def parent_columns(ad: Record, task: Task) -> Record:
    """Return the columns that all records of a Smart+ ad have in common."""
    return {
        "advertiser_id": id_of(task.advertiser),
        **{name: ad.get(name) for name in ("campaign_id", "adgroup_id", "smart_plus_ad_id")},
        "smart_plus_ad_modify_time": ad.get("modify_time"),
    }


def unique(records: Iterable[Record], *keys: str) -> Iterator[Record]:
    """Yield the first record of each key: an asset can stand twice in one creative."""
    seen = set()
    for record in records:
        key = tuple(record[name] for name in keys)
        if key not in seen:
            seen.add(key)
            yield record


def flatten_creatives(ad: Record, task: Task) -> Iterator[Record]:
    """Yield one record per creative of a Smart+ ad."""
    return unique(_creatives(ad, task), "ad_material_id")


def _creatives(ad: Record, task: Task) -> Iterator[Record]:
    settings = ad.get("ad_configuration") or {}
    toggles = (
        "creative_auto_add_toggle",
        "creative_auto_enhancement_strategy_list",
        "catalog_creative_toggle",
    )
    parent = {
        **parent_columns(ad, task),
        **{name: ad.get(name) for name in ("campaign_name", "adgroup_name", "ad_name")},
        **{name: settings.get(name) for name in toggles},
    }
    for creative in ad.get("creative_list") or ():
        material_id = creative.get("ad_material_id") or EMPTY_KEY
        yield {**creative, **parent, "ad_material_id": material_id}


def flatten_media(ad: Record, task: Task) -> Iterator[Record]:
    """Yield one record per asset of a Smart+ ad: video, image, music, TikTok post, playable."""
    return unique(_media(ad, task), "media_type", "media_id", "ad_material_id")


def _media(ad: Record, task: Task) -> Iterator[Record]:
    parent = parent_columns(ad, task)
    for creative in ad.get("creative_list") or ():
        yield from _creative_media(creative, parent)
    for index, playable in enumerate(ad.get("playable_list") or ()):
        yield {
            **parent,
            "ad_material_id": EMPTY_KEY,
            "media_type": "PLAYABLE",
            "media_id": playable.get("playable_id") or playable.get("playable_url") or EMPTY_KEY,
            "media_index": index,
            "media_name": playable.get("playable_name"),
        }


def _creative_media(creative: Record, parent: Record) -> Iterator[Record]:
    """Yield one record per asset of a creative."""
    info = creative.get("creative_info") or {}
    for media_type, media_id, index, name in _assets(info):
        yield {
            **parent,
            "ad_material_id": creative.get("ad_material_id") or EMPTY_KEY,
            "material_operation_status": creative.get("material_operation_status"),
            **{column: info.get(column) for column in CREATIVE_COLUMNS},
            "media_type": media_type,
            "media_id": media_id,
            "media_index": index,
            "media_name": name or info.get("material_name"),
        }


def _assets(info: Record) -> Iterator[tuple[str, str, int, str | None]]:
    """Yield type, id, position and file name of each asset of a creative."""
    video = info.get("video_info") or {}
    if video.get("video_id"):
        yield "VIDEO", video["video_id"], 0, video.get("file_name")
    for index, image in enumerate(info.get("image_info") or ()):
        if image.get("web_uri"):
            yield "IMAGE", image["web_uri"], index, None
    music = info.get("music_info") or {}
    if music.get("music_id"):
        yield "MUSIC", music["music_id"], 0, None
    if info.get("tiktok_item_id"):
        yield "TIKTOK_POST", info["tiktok_item_id"], 0, None


def flatten_review(raw: Record, task: Task) -> Iterable[Record]:
    """Yield a review with its key columns filled."""
    for column in ("smart_plus_ad_id", "ad_material_id"):
        raw[column] = raw.get(column) or EMPTY_KEY
    return add_advertiser(raw, task)


class ReviewSource(Source):
    """The reviews of the ads that the list of Smart+ ads names, batch by batch."""

    reads_list_only = False

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a page of the list, or the arrays of reviews, are damaged.

        Raises:
            DamagedResponseError: They are.
        """
        if task.request.path != REVIEW_PATH:
            super().check(task, response)
        elif not any(isinstance(response.data.get(name), list) for name in REVIEW_LEVELS.values()):
            names = " or ".join(REVIEW_LEVELS.values())
            raise damaged(task.request, response, f"expected an array at {names}, got none.")

    @override
    def page_facts(self, task: Task, response: Response, record_count: int) -> PageFacts | None:
        """Return the facts of a page of the list. Reviews are requested by ID."""
        if task.request.path == REVIEW_PATH:
            return None
        ads = super().locate(task, response)
        facts = facts_of(task.request, response.data.get("page_info"), len(ads))
        return facts._replace(page_hash=hash(tuple(ad["smart_plus_ad_id"] for ad in ads)))

    @override
    def locate(self, task: Task, response: Response) -> Sequence[Record]:
        """Return the reviews of ads and materials. A page of the list has none."""
        if task.request.path != REVIEW_PATH:
            return ()
        return [
            {**review, "suggestion_level": level}
            for level, member in REVIEW_LEVELS.items()
            for review in response.data.get(member) or ()
        ]

    @override
    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        """Return the reviews of the ads on a page of the list, and the tasks of its next pages."""
        if task.request.path == REVIEW_PATH or task.advertiser is None:
            return ()
        ads = super().locate(task, response)
        ad_ids = list(dict.fromkeys(str(ad["smart_plus_ad_id"]) for ad in ads))
        reviews = [
            Task(_review_request(task.advertiser.id, batch), task.advertiser)
            for batch in batches(ad_ids, REVIEW_BATCH_SIZE)
        ]
        return [*reviews, *super().following(task, response, len(ads))]

    @override
    def is_skippable(self, task: Task, error: ApiError) -> bool:
        """Return True if the account lacks Smart+. Its list shows that, not the reviews."""
        if task.request.path == REVIEW_PATH:
            return isinstance(error, PermissionDeniedError)
        return super().is_skippable(task, error)


def _review_request(advertiser_id: str, ad_ids: Sequence[str]) -> Request:
    extra_info = {"include_reject_info": True, "include_violation_frame": True}
    return Request(
        REVIEW_PATH,
        {
            "advertiser_id": advertiser_id,
            "smart_plus_ad_ids": list(ad_ids),
            "lang": "en",
            "extra_info_setting": extra_info,
        },
    )


class SmartPlusStream(ListStream):
    """A stream that is read from the list of Smart+ ads."""

    path = LIST_PATH
    permission = "220 Read Ads (inferred)"
    page_size = 100
    has_status_filter = has_modified_after = shared = True
    tolerated_codes = WITHOUT_SMART_PLUS


class SmartPlusAds(SmartPlusStream):
    """One record per Upgraded Smart+ ad (asset group), with its automation settings."""

    name = "smart_plus_ads"
    primary_keys = ("advertiser_id", "smart_plus_ad_id")
    replication_key = "modify_time"
    flatten = staticmethod(add_own_advertiser)


class SmartPlusAdCreatives(SmartPlusStream):
    """One record per creative of each Upgraded Smart+ ad, with its on/off status.

    Creatives have no modification time, so the modification time of their ad is the replication
    key. Inferred: this stream corresponds to the ad creatives of other connectors.
    """

    name = "smart_plus_ad_creatives"
    primary_keys = ("advertiser_id", "smart_plus_ad_id", "ad_material_id")
    replication_key = "smart_plus_ad_modify_time"
    flatten = staticmethod(flatten_creatives)


class SmartPlusAdMedia(SmartPlusStream):
    """One record per video, image, music, TikTok post or playable of each Upgraded Smart+ ad.

    Assets that TikTok adds automatically during delivery may be missing. `ad_material_id` is `-`
    for playables. Inferred: this stream corresponds to the ad media of other connectors.
    """

    name = "smart_plus_ad_media"
    primary_keys = (
        *("advertiser_id", "smart_plus_ad_id", "media_type", "media_id", "ad_material_id"),
    )
    replication_key = "smart_plus_ad_modify_time"
    flatten = staticmethod(flatten_media)


class SmartPlusAdSuggestions(SmartPlusStream):
    """One record per review result of an Upgraded Smart+ ad or material, with TikTok's suggestions.

    No other Smart+ endpoint returns suggestions as text. The suggestions concern the review, not
    the delivery. Inferred, with low confidence: this stream corresponds to the ad suggestions of
    other connectors. For a carousel, `ad_material_id` identifies one image. It differs from the
    `ad_material_id` of `smart_plus_ad_creatives`.
    """

    name = "smart_plus_ad_suggestions"
    path = REVIEW_PATH
    list_path = LIST_PATH
    primary_keys = ("advertiser_id", "smart_plus_ad_id", "suggestion_level", "ad_material_id")
    has_modified_after = can_track_deletions = False
    source_class = ReviewSource
    flatten = staticmethod(flatten_review)


class SmartPlusCampaigns(ListStream):
    """One record per Upgraded Smart+ campaign, including deleted campaigns."""

    name = "smart_plus_campaigns"
    path = "/smart_plus/campaign/get/"
    permission = "200 Read Campaigns (inferred)"
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    flatten = staticmethod(add_own_advertiser)
    page_size = 1000
    has_status_filter = True
    tolerated_codes = WITHOUT_SMART_PLUS
    selected_by_default = False


class SmartPlusAdGroups(ListStream):
    """One record per Upgraded Smart+ ad group, including deleted ad groups."""

    name = "smart_plus_ad_groups"
    path = "/smart_plus/adgroup/get/"
    permission = "210 Read Ad Groups (inferred)"
    primary_keys = ("advertiser_id", "adgroup_id")
    replication_key = "modify_time"
    flatten = staticmethod(add_own_advertiser)
    page_size = 1000
    has_status_filter = True
    tolerated_codes = WITHOUT_SMART_PLUS
    selected_by_default = False
