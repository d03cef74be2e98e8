"""What helps to run ads: diagnoses, reviews, apps, events of pixels, comments, rules."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.extract import schemas
from tap_tiktok_ads.streams.base import EntityStream
from tap_tiktok_ads.streams.lookup import DependentStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode, Request, Response
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Task

    Raw = dict[str, t.Any]

CATEGORIES = {
    "creative": "CREATIVE",
    "bid_and_budget": "BID_AND_BUDGET",
    "event_track": "EVENT_TRACK",
}


class AdGroupDiagnoses(DependentStream):
    """TikTok's suggestions for bid, budget, creatives and events of each ad group.

    Not for Upgraded Smart+ ad groups; those without suggestions are not told of.
    """

    name = "ad_group_diagnoses"
    path = "/tool/diagnosis/get/"
    permission = "7050363942434029569 Get and Adopt Diagnosis Suggestion"
    primary_keys = ("advertiser_id", "adgroup_id", "category", "suggestion_id")
    records_field = "results"
    source = "ad_groups.adgroup_id"
    where: t.ClassVar[Mapping[str, t.Any]] = {
        "campaign_automation_type": ["MANUAL", "SMART_PLUS", None]
    }
    parameter = "filtering"
    batch = 20

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        filtering = {"adgroup_ids": values[self.source], "issue_category": [*CATEGORIES.values()]}
        return super().request(advertiser, window, {self.source: filtering})

    @override
    def flatten(self, raw: Raw, task: Task) -> Iterable[Raw]:
        diagnosis = raw.pop("diagnosis", None) or {}
        suggestions = diagnosis.pop("suggestions", None) or []
        for suggestion in suggestions if isinstance(suggestions, list) else [suggestions]:
            for field, found in suggestion.items():
                category = CATEGORIES.get(field, field.upper())
                for one in found or ():
                    row = {**raw, **diagnosis, **one, "category": category}
                    row["suggestion_id"] = str(row.get("suggestion_id") or schemas.NO_KEY)
                    yield from super().flatten(row, task)


class AdReviewInfo(DependentStream):
    """Review results of each ad. The shape of the answer is not documented: kept as it comes."""

    name = "ad_review_info"
    path = "/ad/review_info/"
    permission = "220 Read Ads"
    primary_keys = ("advertiser_id", "ad_id")
    source = "ads.ad_id"
    parameter = "ad_ids"
    batch = 100

    @override
    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:
        return None  # it is not known where the records are

    @override
    def read(self, task: Task, reply: Response) -> Sequence[Raw]:
        """The objects of all arrays, or those that are named by ids."""
        rows: list[Raw] = []
        members = [found for found in reply.data.values() if found]
        for found in members:
            if isinstance(found, list) and all(isinstance(one, dict) for one in found):
                rows += found
            if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()):
                rows += [{"ad_id": name, **one} for name, one in found.items()]
        if members and not rows:
            msg = f"{task.request.label} answered in another shape: no list of objects in data"
            raise ResponseError(msg)
        return rows


class Apps(EntityStream):
    """Apps of the advertiser. Their fields are not documented: kept as they come."""

    name = "apps"
    path = "/app/list/"
    permission = "700 Read Apps"
    primary_keys = ("advertiser_id", "app_id")
    records_field = "apps"
    selected_by_default = False


class PixelEventStatistics(DependentStream):
    """Counts of each pixel's events over the days of the run; two to four hours late.

    Fields as a third-party SDK has them.
    """

    name = "pixel_event_statistics"
    path = "/pixel/event/stats/"
    permission = "802 Pixel Level Reporting"
    primary_keys = ("advertiser_id", "pixel_id", "pixel_event_type", "custom_event_type")
    source = "pixels.pixel_id"
    parameter = "pixel_ids"
    batch = 10

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> Raw:
        first, last = self.run_context.settings.days(self._now(advertiser))
        days = {"start_date": str(first), "end_date": str(last)}
        return {**super().params(advertiser, window), "date_range": days}

    @override
    def flatten(self, raw: Raw, task: Task) -> Iterable[Raw]:
        for one in raw.get("statistics") or ():
            row = {"pixel_id": raw.get("pixel_id"), **one}
            for name in ("pixel_event_type", "custom_event_type"):
                row[name] = row.get(name) or schemas.NO_KEY
            yield from super().flatten(row, task)


class Comments(DependentStream):
    """Comments on the ads of each ad group, by the day they were written.

    For Upgraded Smart+ ads TikTok tells no ad group, so theirs are missing.
    """

    name = "comments"
    path = "/comment/list/"
    permission = "15010100 Read Comments"
    primary_keys = ("advertiser_id", "comment_id")
    replication_key = "create_time"
    records_field = "comments"
    page_size = 100
    window_days = 30
    source = "ad_groups.adgroup_id"
    parameter = "search_value"

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> Raw:
        days = {"start_time": str(window.start), "end_time": str(window.end)} if window else {}
        return {**super().params(advertiser, window), "search_field": "ADGROUP_ID", **days}


class AutomatedRules(EntityStream):
    """Automated rules of the advertiser. Their fields are not documented: kept as they come."""

    name = "automated_rules"
    path = "/optimizer/rule/list/"
    permission = "17020000 Automated Rules"
    primary_keys = ("advertiser_id", "rule_id")
    records_field = "rules"
    page_size = 100
    fixed: t.ClassVar[Mapping[str, t.Any]] = {"tzone": "UTC"}
    selected_by_default = False
