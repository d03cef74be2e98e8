"""Upgraded Smart+: ads, their creatives and media, and TikTok's review suggestions.

All four start from the listing `/smart_plus/ad/get/`. Its pages are shared: where two streams need
the same page, it is requested once in a run.
"""

from __future__ import annotations

import dataclasses
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api.errors import PermissionDeniedError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.schemas import NO_KEY
from tap_tiktok_ads.streams.base import EntityStream
from tap_tiktok_ads.streams.integrated import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Decode, Response
    from tap_tiktok_ads.extract.dates import Window

    Raw = dict[str, t.Any]

LISTING_PATH = "/smart_plus/ad/get/"
REVIEW_PATH = "/smart_plus/ad/review_info/"
REVIEW_BATCH = 100


class SmartPlusStream(EntityStream):
    """A stream read from the listing of Smart+ ads."""

    path = LISTING_PATH
    permission = "220 Read Ads (inferred)"
    page_size = 100
    deletable = modified_after = shared = True
    # What an account without Smart+ gets is not documented: these have been seen or are likely.
    tolerated_codes = frozenset({40001, 40002, 40118})


class SmartPlusAds(SmartPlusStream):
    """Upgraded Smart+ ads (asset groups) with their automation settings."""

    name = "smart_plus_ads"
    primary_keys = ("advertiser_id", "smart_plus_ad_id")
    replication_key = "modify_time"


class SmartPlusAdCreatives(SmartPlusStream):
    """The creatives of each Upgraded Smart+ ad with their on/off state.

    That this listing is what users of other connectors know as ad creatives is inferred. Creatives
    have no time of change of their own; that of their ad counts.
    """

    name = "smart_plus_ad_creatives"
    primary_keys = ("advertiser_id", "smart_plus_ad_id", "ad_material_id")
    replication_key = "smart_plus_ad_modify_time"

    @override
    def flatten(self, raw: Raw, task: Task) -> Iterable[Raw]:
        return unique(self._creatives(raw, task), "ad_material_id")

    @staticmethod
    def _creatives(ad: Raw, task: Task) -> Iterator[Raw]:
        settings = ad.get("ad_configuration") or {}
        parent = {
            **parent_columns(ad, task),
            **{name: ad.get(name) for name in ("campaign_name", "adgroup_name", "ad_name")},
            "creative_auto_add_toggle": settings.get("creative_auto_add_toggle"),
            "creative_auto_enhancement_strategy_list": settings.get(
                "creative_auto_enhancement_strategy_list"
            ),
            "catalog_creative_toggle": settings.get("catalog_creative_toggle"),
        }
        for creative in ad.get("creative_list") or ():
            yield {
                **creative,
                **parent,
                "ad_material_id": creative.get("ad_material_id") or NO_KEY,
            }


class SmartPlusAdMedia(SmartPlusStream):
    """The media of each Upgraded Smart+ ad: videos, images, music, TikTok posts, playables.

    That this listing is what users of other connectors know as ad media is inferred. Assets that
    TikTok adds by itself during delivery may be missing. `ad_material_id` is `-` for playables.
    """

    name = "smart_plus_ad_media"
    primary_keys = (
        "advertiser_id",
        "smart_plus_ad_id",
        "media_type",
        "media_id",
        "ad_material_id",
    )
    replication_key = "smart_plus_ad_modify_time"

    @override
    def flatten(self, raw: Raw, task: Task) -> Iterable[Raw]:
        return unique(self._media(raw, task), "media_type", "media_id", "ad_material_id")

    @classmethod
    def _media(cls, ad: Raw, task: Task) -> Iterator[Raw]:
        parent = parent_columns(ad, task)
        for creative in ad.get("creative_list") or ():
            info = creative.get("creative_info") or {}
            common = {
                **parent,
                "ad_material_id": creative.get("ad_material_id") or NO_KEY,
                "material_operation_status": creative.get("material_operation_status"),
                **{
                    name: info.get(name)
                    for name in (
                        "ad_format",
                        "material_name",
                        "aigc_disclosure_type",
                        "identity_type",
                        "identity_id",
                        "identity_authorized_bc_id",
                    )
                },
            }
            for kind, media_id, index, name in cls._assets(info):
                yield {
                    **common,
                    "media_type": kind,
                    "media_id": media_id,
                    "media_index": index,
                    "media_name": name or info.get("material_name"),
                }
        for index, playable in enumerate(ad.get("playable_list") or ()):
            yield {
                **parent,
                "ad_material_id": NO_KEY,
                "media_type": "PLAYABLE",
                "media_id": playable.get("playable_id") or playable.get("playable_url") or NO_KEY,
                "media_index": index,
                "media_name": playable.get("playable_name"),
            }

    @staticmethod
    def _assets(info: Raw) -> Iterator[tuple[str, str, int, str | None]]:
        """Kind, id, position and file name of each asset of a creative."""
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


class SmartPlusAdSuggestions(SmartPlusStream):
    """Review results of Upgraded Smart+ ads and their materials, with TikTok's suggestions.

    The only Smart+ endpoint with suggestions in TikTok's words; they concern the review, not the
    delivery, so the match with what other connectors call ad suggestions is inferred and weak. Of a
    carousel, `ad_material_id` names one image and is not that of `smart_plus_ad_creatives`.
    """

    name = "smart_plus_ad_suggestions"
    path = REVIEW_PATH
    permission = "220 Read Ads (inferred)"
    primary_keys = ("advertiser_id", "smart_plus_ad_id", "suggestion_level", "ad_material_id")
    modified_after = counted = False

    @override
    def listing(self, *args: t.Any) -> Request:
        """The listing of the ads whose reviews are asked for."""
        return dataclasses.replace(super().listing(*args), path=LISTING_PATH)

    @override
    def following(self, task: Task, reply: Response, found: int) -> Sequence[Task]:
        """The reviews of the ads that a page of the listing names, and its further pages."""
        if task.request.path == REVIEW_PATH or task.advertiser is None:
            return ()
        ads = super().read(task, reply)
        ids = list(dict.fromkeys(str(ad["smart_plus_ad_id"]) for ad in ads))
        reviews = [
            Task(self._review(task.advertiser.id, batch), task.advertiser)
            for batch in accounts.batches(ids, REVIEW_BATCH)
        ]
        return [*reviews, *super().following(task, reply, len(ads))]

    @staticmethod
    def _review(advertiser_id: str, ids: Sequence[str]) -> Request:
        return Request(
            REVIEW_PATH,
            {
                "advertiser_id": advertiser_id,
                "smart_plus_ad_ids": list(ids),
                "lang": "en",
                "extra_info_setting": {
                    "include_reject_info": True,
                    "include_violation_frame": True,
                },
            },
        )

    @override
    def skippable(self, task: Task, error: ApiError) -> bool:
        """Whether the account lacks Smart+ shows at its listing; reviews are refused otherwise."""
        if task.request.path == REVIEW_PATH:
            return isinstance(error, PermissionDeniedError)
        return super().skippable(task, error)

    @override
    def read(self, task: Task, reply: Response) -> Sequence[Raw]:
        if task.request.path != REVIEW_PATH:
            return ()
        return [
            {**review, "suggestion_level": level}
            for level, field in (
                ("AD", "smart_plus_ad_review_infos"),
                ("MATERIAL", "material_review_infos"),
            )
            for review in reply.data.get(field) or ()
        ]

    @override
    def flatten(self, raw: Raw, task: Task) -> Iterable[Raw]:
        for name in ("smart_plus_ad_id", "ad_material_id"):
            raw[name] = raw.get(name) or NO_KEY
        return super().flatten(raw, task)


def parent_columns(ad: Raw, task: Task) -> Raw:
    """The columns that the rows of a Smart+ ad have in common."""
    return {
        "advertiser_id": task.advertiser.id if task.advertiser else None,
        **{name: ad.get(name) for name in ("campaign_id", "adgroup_id", "smart_plus_ad_id")},
        "smart_plus_ad_modify_time": ad.get("modify_time"),
    }


def unique(rows: Iterable[Raw], *keys: str) -> Iterator[Raw]:
    """The first row of each key: an asset may stand twice in one creative."""
    seen = set()
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key not in seen:
            seen.add(key)
            yield row


class SmartPlusCampaigns(EntityStream):
    """Upgraded Smart+ campaigns, deleted ones included."""

    name = "smart_plus_campaigns"
    path = "/smart_plus/campaign/get/"
    permission = "200 Read Campaigns (inferred)"
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    page_size = 1000
    deletable = True
    tolerated_codes = SmartPlusStream.tolerated_codes
    selected_by_default = False


class SmartPlusAdGroups(EntityStream):
    """Upgraded Smart+ ad groups, deleted ones included."""

    name = "smart_plus_ad_groups"
    path = "/smart_plus/adgroup/get/"
    permission = "210 Read Ad Groups (inferred)"
    primary_keys = ("advertiser_id", "adgroup_id")
    replication_key = "modify_time"
    page_size = 1000
    deletable = True
    tolerated_codes = SmartPlusStream.tolerated_codes
    selected_by_default = False


_TEXT: dict[str, t.Any] = {"type": ["string", "null"]}
#: Columns of material reports that the catalogue of reports does not have.
MATERIAL_COLUMNS: dict[str, dict[str, t.Any]] = {
    "smart_plus_ad_id": {"type": "string", "description": "Upgraded Smart+ ad ID."},
    "main_material_id": {
        "type": "string",
        "description": "Creative, TikTok post, catalog or carousel ID, by main_material_type.",
    },
    "main_material_type": {
        "type": "string",
        "description": "Kind of material (enum); empty where TikTok tells none.",
    },
    "ad_material_id": {
        **_TEXT,
        "description": "ID of the material in its ad, as in smart_plus_ad_creatives.",
    },
    "material_primary_status": {**_TEXT, "description": "Status of the material (enum)."},
    "material_second_status_list": {
        "type": ["array", "null"],
        "items": _TEXT,
        "description": "What the status of the material comes from (enums).",
    },
    "operation_status": {**_TEXT, "description": "Whether the material is on (enum)."},
}


class MaterialReport(ReportStream):
    """What each material of Upgraded Smart+ ads delivered."""

    page_size = 100
    data_level = "AUCTION_AD"
    top_view = False
    tolerated_codes = SmartPlusStream.tolerated_codes
    selected_by_default = False

    @override
    def columns(self) -> Raw:
        schema = super().columns()
        known = schema["properties"]
        known |= {name: MATERIAL_COLUMNS[name] for name in known if name in MATERIAL_COLUMNS}
        return schema

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, metrics: list[str]
    ) -> Request:
        request = super().request(advertiser, window, metrics)
        unknown = {"service_type", "report_type", "data_level", "filtering"}
        params = {name: value for name, value in request.params.items() if name not in unknown}
        params["dimensions"] = [one for one in self.dimensions if one != "main_material_type"]
        return dataclasses.replace(request, params=params)

    @override
    def divide(self, task: Task) -> Sequence[Task]:
        """The two halves of the window; a single day cannot be divided."""
        return super().divide(task) if task.window and task.window.days > 1 else ()

    @override
    def flatten(self, raw: Raw, task: Task) -> Iterable[Raw]:
        dimensions = {**(raw.get("dimensions") or raw.get("info") or {})}
        kind = dimensions.get("main_material_type") or (raw.get("metrics") or {}).get(
            "main_material_type"
        )
        return super().flatten(
            {**raw, "dimensions": {**dimensions, "main_material_type": kind or NO_KEY}},
            task,
        )

    @override
    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:
        return None


class SmartPlusMaterialReport(MaterialReport):
    """Performance of each material in each Upgraded Smart+ ad over all its time."""

    name = "smart_plus_material_report"
    path = "/smart_plus/material_report/overview/"
    permission = "44 Consolidated Report (inferred)"
    dimensions = ("smart_plus_ad_id", "main_material_id", "main_material_type")

    @override
    def metric_names(self) -> Sequence[str]:
        status = ("material_primary_status", "material_second_status_list", "operation_status")
        return ("ad_material_id", *status, "spend", "impressions", "clicks", "conversion")


class SmartPlusMaterialReportDaily(MaterialReport):
    """Daily performance of each material of Upgraded Smart+ ads.

    How TikTok writes the day in the answer is not documented.
    """

    name = "smart_plus_material_report_daily"
    path = "/smart_plus/material_report/breakdown/"
    permission = "44 Consolidated Report (inferred)"
    dimensions = ("main_material_id", "main_material_type", "stat_time_day")

    @override
    def metric_names(self) -> Sequence[str]:
        rates = ("ctr", "cpc", "cpm", "cost_per_conversion")
        return ("spend", "impressions", "clicks", "conversion", *rates)
