"""Diagnoses, reviews, apps, events of pixels, comments and automated rules."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.promote import ORIGIN_COLUMN
from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.extract.source import Source, damaged
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    SourceColumn,
    add_lookup_value,
)
from tap_tiktok_ads.streams.listing import ListStream
from tap_tiktok_ads.streams.single_objects import RejectableObjectSource

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task

#: Members of a diagnosis, and the issue categories that they belong to.
CATEGORIES = {
    "creative": "CREATIVE",
    "bid_and_budget": "BID_AND_BUDGET",
    "event_track": "EVENT_TRACK",
}


def flatten_diagnosis(raw: Record, task: Task) -> Iterator[Record]:
    """Yield one record per suggestion of an ad group's diagnosis."""
    diagnosis = raw.pop("diagnosis", None) or {}
    suggestions = diagnosis.pop("suggestions", None) or []
    for members in suggestions if isinstance(suggestions, list) else [suggestions]:
        for member, items in members.items():
            category = CATEGORIES.get(member, member.upper())
            for item in items or ():
                record = {**raw, **diagnosis, **item, "category": category}
                record["suggestion_id"] = str(record.get("suggestion_id") or EMPTY_KEY)
                yield from add_lookup_value(record, task)


#: TikTok offers neither diagnoses, reviews nor comments of Promote ads (portal 1785880454546433).
NOT_PROMOTE = {ORIGIN_COLUMN: [None, ""]}
DIAGNOSED_AD_GROUPS = SourceColumn(
    "ad_groups.adgroup_id",
    parameter="filtering",
    batch_size=20,
    where={"campaign_automation_type": ["MANUAL", "SMART_PLUS", None], **NOT_PROMOTE},
)


class AdGroupDiagnoses(DependentStream):
    """One record per suggestion of TikTok for bid, budget, creatives or events of an ad group.

    Ad groups without suggestions have no record. Upgraded Smart+ ad groups are not included.
    """

    name = "ad_group_diagnoses"
    path = "/tool/diagnosis/get/"
    permission = "7050363942434029569 Get and Adopt Diagnosis Suggestion"
    primary_keys = ("advertiser_id", "adgroup_id", "category", "suggestion_id")
    records_field = "results"
    source_column = DIAGNOSED_AD_GROUPS
    flatten = staticmethod(flatten_diagnosis)

    @override
    def parameter_value(self, value: t.Any) -> t.Any:
        return {"adgroup_ids": value, "issue_category": [*CATEGORIES.values()]}


class ReviewSource(Source):
    """Reviews, wherever `data` holds them. Programs read `ad_review_map`, named by ad IDs."""

    reads_list_only = False

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if `data` has no member, or members without any object.

        Raises:
            DamagedResponseError: It has not.
        """
        is_empty = response.data and not any(response.data.values())
        if not is_empty and not self.locate(task, response):
            raise damaged(task.request, response, "expected objects in data, got none.")

    @override
    def locate(self, task: Task, response: Response) -> Sequence[Record]:
        """Return the objects of all arrays, and the objects that ids name."""
        members = [member for member in response.data.values() if member]
        return [review for member in members for review in _reviews_in(member)]


def _reviews_in(member: t.Any) -> list[Record]:
    """Return the objects of an array, of an object whose names are ad IDs, or one review."""
    if isinstance(member, list) and all(isinstance(item, dict) for item in member):
        return member
    if not isinstance(member, dict):
        return []
    if member.get("ad_id"):
        return [member]
    if all(isinstance(item, dict) for item in member.values()):
        return [{**item, "ad_id": item.get("ad_id") or ad_id} for ad_id, item in member.items()]
    return []


class AdReviewInfo(DependentStream):
    """One record per ad, with its review results. Promote ads are not included.

    The fields come from a third-party SDK. TikTok documents them for `/adgroup/review_info/`.
    """

    name = "ad_review_info"
    path = "/ad/review_info/"
    permission = "220 Read Ads"
    primary_keys = ("advertiser_id", "ad_id")
    source_column = SourceColumn("ads.ad_id", parameter="ad_ids", batch_size=100, where=NOT_PROMOTE)
    source_class = ReviewSource


class Apps(ListStream):
    """One record per app of the advertiser. The fields come from a third-party SDK."""

    name = "apps"
    path = "/app/list/"
    permission = "700 Read Apps"
    primary_keys = ("advertiser_id", "app_id")
    records_field = "apps"
    selected_by_default = False


def flatten_statistics(raw: Record, task: Task) -> Iterator[Record]:
    """Yield one record per event type of a pixel, with the day that was requested."""
    day = str(task.window.start) if task.window else None
    for statistics in raw.get("statistics") or ():
        record = {"pixel_id": raw.get("pixel_id"), "stat_date": day, **statistics}
        for column in ("pixel_event_type", "custom_event_type"):
            record[column] = record.get(column) or EMPTY_KEY
        yield from add_lookup_value(record, task)


class PixelEventStream(DependentStream):
    """Statistics of pixels by UTC day. Responses have no date, so each day is a request."""

    source_column = SourceColumn("pixels.pixel_id", parameter="pixel_ids", batch_size=10)
    replication_key = "stat_date"
    window_days = 1
    utc_days = True
    begins_with_account = False  # a pixel can be older than the account that uses it
    fixed_lookback_days = 2  # statistics are two to four hours late
    flatten = staticmethod(flatten_statistics)

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> Record:
        if window is None:
            return {}
        return {"date_range": {"start_date": str(window.start), "end_date": str(window.end)}}


class PixelEventStatistics(PixelEventStream):
    """One record per pixel, event type and UTC day, with event counts, two to four hours late.

    TikTok's response has no date, so each request spans one day: `stat_date`. The lookback is 2
    days for every value of `lookback_days`. If an advertiser adds a pixel, days that earlier runs
    read are not read for it. To re-read these days for all pixels, run `state convert STATE --reset
    pixel_event_statistics --output STATE`.
    """

    name = "pixel_event_statistics"
    path = "/pixel/event/stats/"
    permission = "802 Pixel Level Reporting"
    primary_keys = (
        "advertiser_id",
        "pixel_id",
        "pixel_event_type",
        "custom_event_type",
        "stat_date",
    )


class CommentStream(DependentStream):
    """Comments, found by the day they were written."""

    page_size = 100
    window_days = 30
    begins_with_account = False  # a TikTok post can be older than the account that promotes it

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> Record:
        params = {"search_field": "ADGROUP_ID"}
        if window is not None:
            params |= {"start_time": str(window.start), "end_time": str(window.end)}
        return params


class Comments(CommentStream):
    """One record per comment on the ads of each ad group, by the day of the comment.

    Comments on Upgraded Smart+ ads are not included, because TikTok does not return their ad group.
    """

    name = "comments"
    path = "/comment/list/"
    permission = "15010100 Read Comments"
    primary_keys = ("advertiser_id", "comment_id")
    replication_key = "create_time"
    records_field = "comments"
    source_column = SourceColumn(
        "ad_groups.adgroup_id", parameter="search_value", where=NOT_PROMOTE
    )


class AutomatedRules(ListStream):
    """One record per automated rule of the advertiser.

    The fields come from a third-party SDK, and from the requests with which TikTok's SDK creates
    rules.
    """

    name = "automated_rules"
    path = "/optimizer/rule/list/"
    permission = "17020000 Automated Rules"
    primary_keys = ("advertiser_id", "rule_id")
    records_field = "rules"
    page_size = 100
    params: t.ClassVar[Mapping[str, t.Any]] = {"tzone": "UTC"}
    selected_by_default = False


class SplitTests(DependentStream):
    """One record per split test of ad groups, with its status, variable and P values.

    Each split test takes one request. The tap finds split tests by `split_test_group_id` of
    `ad_groups`. TikTok has no list of them. It returns results 24 hours after the end of a test. A
    test that TikTok rejects is skipped with a warning. The fields come from a third-party SDK.
    """

    name = "split_tests"
    path = "/split_test/result/get/"
    permission = "240 Split Test"
    primary_keys = ("advertiser_id", "split_test_group_id")
    source_column = SourceColumn("ad_groups.split_test_group_id", parameter="split_test_group_id")
    source_class = RejectableObjectSource


class CampaignLabels(ListStream):
    """One record per label for campaigns of the advertiser.

    The response does not name the campaigns that have a label.
    """

    name = "campaign_labels"
    path = "/campaign_label/get/"
    permission = "Read Campaign Labels (number not documented)"
    primary_keys = ("advertiser_id", "campaign_label_id")
    page_size = 1000
    selected_by_default = False
