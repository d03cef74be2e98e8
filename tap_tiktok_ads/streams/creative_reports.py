"""Insight into creatives: totals of assets, performance by second of videos, and fatigue of ads."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.extract.source import Source, add_advertiser
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    RejectableSource,
    SourceColumn,
    add_lookup_value,
)
from tap_tiktok_ads.streams.list_endpoint import ListEndpoint
from tap_tiktok_ads.streams.listing import ListStream
from tap_tiktok_ads.streams.tools import NOT_PROMOTE

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record

MATERIAL_TYPES = ("VIDEO", "IMAGE", "INSTANT_PAGE")
#: Totals over the lifetime. The response has no date.
CREATIVE_REPORT_PARAMS: Mapping[str, t.Any] = {
    "lifetime": True,
    "info_fields": [
        *("material_id", "video_id", "image_id", "page_id", "source", "country_code"),
        *("placement", "num_ads", "related_ad_ids", "adgroup_number", "related_adgroup_ids"),
    ],
    "metrics_fields": ["impressions", "spend", "clicks"],
}
CREATIVE_KEYS = ("material_type", "material_id", "page_id")
#: TikTok knows the fatigue of the last 60 days.
FATIGUE_DAYS = 59
DELIVERING_ADS = SourceColumn(
    "ads.ad_id",
    parameter="ad_id",
    where={"secondary_status": "AD_STATUS_DELIVERY_OK", **NOT_PROMOTE},
)


class MaterialLists(ListEndpoint):
    """One list of creatives per type of material, because records do not hold their type."""

    @override
    def lists(
        self, advertiser: Advertiser, *, with_deleted: bool, start: str | None, shared: bool
    ) -> Iterator[Task]:
        for material_type in MATERIAL_TYPES:
            request = self.first_page(advertiser, self.page_size, {}, shared=shared)
            request = request.with_page_params(material_type=material_type)
            yield Task(request, advertiser, optional=material_type != MATERIAL_TYPES[0])


class MaterialSource(Source):
    """The creatives of one type, which TikTok can reject on its own."""

    @override
    def subject_of(self, task: Task) -> str:
        return f"creatives of type {task.request.params['material_type']} of advertiser"

    @override
    def is_dispensable(self, task: Task, error: ApiError) -> bool:
        return False


def flatten_creative(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the information and metrics of a creative with its type."""
    record = {
        "material_type": task.request.params["material_type"],
        **(raw.get("info") or {}),
        **(raw.get("metrics") or {}),
    }
    for column in CREATIVE_KEYS:
        record[column] = record.get(column) or EMPTY_KEY
    return add_advertiser(record, task)


class CreativeReport(ListStream):
    """One record per video, image or instant page in ads, with its totals and its ads.

    The totals span the lifetime of the creative, deleted creatives included. One request per type
    reads up to 1,000 creatives. A type that TikTok rejects is skipped with a warning.
    """

    name = "creative_report"
    path = "/creative/report/get/"
    permission = "65 Get Creative Report"
    primary_keys = ("advertiser_id", *CREATIVE_KEYS)
    page_size, params = 1000, CREATIVE_REPORT_PARAMS
    endpoint_class, source_class = MaterialLists, MaterialSource
    flatten = staticmethod(flatten_creative)
    selected_by_default = can_track_deletions = False
    dash_is_null = True


def flatten_insight(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the dimensions and metrics of an ad. Sources disagree about the name of the former."""
    metrics = raw.pop("metrics", None) or {}
    dimensions = raw.pop("info", None) or raw.pop("dimensions", None) or {}
    return add_lookup_value({**raw, **dimensions, **metrics}, task)


def flatten_seconds(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the metrics by second of the video of an ad."""
    for record in flatten_insight(raw, task):
        record["video_id"] = record.get("video_id") or EMPTY_KEY
        yield record


class VideoPerformanceReport(DependentStream):
    """One record per ad and video, with views, clicks and other metrics for each second.

    The first number of an array belongs to the first second. Only ads of
    `ad_performance_report_lifetime` are requested, which have delivered. One request reads 200 ads.
    TikTok plans to retire this type of report in a later version of its API. The fields come from a
    third-party SDK.
    """

    name = "video_performance_report"
    path = "/report/video_performance/get/"
    permission = "7043626160646815746 Ad Insight Report"
    primary_keys = ("advertiser_id", "ad_id", "video_id")
    source_column = SourceColumn("ad_performance_report_lifetime.ad_id", "filtering", 200)
    source_class, page_size = RejectableSource, 500
    flatten = staticmethod(flatten_seconds)

    @override
    def parameter_value(self, value: t.Any) -> t.Any:
        return {"ad_ids": value}


class FatigueStream(DependentStream):
    """The fatigue of ads over the last 59 days, up to yesterday, in the advertiser's time zone."""

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        today = self.run_context.now(advertiser).date()
        days = {"start_date": str(today.subtract(days=FATIGUE_DAYS)), "end_date": str(today)}
        return {"filtering": days}


class CreativeFatigue(FatigueStream):
    """One record per ad and day, with signs that viewers have seen the ad too often.

    Only ads that deliver now are requested. Each ad takes one request, for the 59 days before
    today. TikTok offers the fatigue of ads to selected advertisers only. An ad that TikTok rejects
    is skipped with a warning.
    """

    name = "creative_fatigue"
    path = "/creative_fatigue/get/"
    permission = "7231011733974859777 Creative Fatigue Insight"
    primary_keys = ("advertiser_id", "ad_id", "date")
    page_size = 500
    source_column = DELIVERING_ADS
    source_class = RejectableSource
    flatten = staticmethod(flatten_insight)
