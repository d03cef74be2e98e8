"""Handlers of comments, reviews, diagnoses and pixel statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.accounts.entities import PROMOTE, SMART_PLUS
from tap_tiktok_ads.simulator.records import feedback
from tap_tiktok_ads.simulator.records.assets import pixel_events
from tap_tiktok_ads.simulator.spec.endpoints import MAX_DAYS_OF_PIXEL_STATISTICS
from tap_tiktok_ads.simulator.spec.errors import reject
from tap_tiktok_ads.simulator.spec.params import Param

from .api import Api, Handler, Params, Payload, day_count, page_of, select_by_id
from .objects import smart_plus_account

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, AdGroup
    from tap_tiktok_ads.simulator.records.values import Record

_COMMENT_SORT_FIELDS = {"LIKES": "likes", "REPLIES": "replies"}


def _comments(api: Api, params: Params) -> Payload:
    """Return the comments on an ad group."""
    group = _ad_group(api.account(params), params["search_value"])
    if group.campaign.origin == PROMOTE:
        reject(f"search_value: Promote ad group {group.id} is not supported.")
    start, end = _moment("start_time", params), _moment("end_time", params)
    if start > end:
        reject("start_time: Must not be after end_time.")
    records = [
        feedback.comment(comment, group)
        for comment in feedback.comments(group)
        if start <= (comment.created or "") <= end
    ]
    records = [record for record in records if _selects_comment(record, params)]
    sort_field = _COMMENT_SORT_FIELDS.get(params["sort_field"], "create_time")
    records.sort(key=lambda record: record[sort_field], reverse=params["sort_type"] == "DESC")
    return page_of(params, records, lambda record: record, "comments")


def _ad_group(account: Account, group_id: str) -> AdGroup:
    """Return an ad group of an account, or reject an unknown ID."""
    group = next((group for group in account.groups if group.id == group_id), None)
    if group is None:
        reject(f"search_value: Ad group {group_id} does not exist.")
    return group


def _selects_comment(record: Record, params: Params) -> bool:
    """Return True if the type and status filters select a comment."""
    for field in ("comment_type", "comment_status"):
        values = params[field]
        if values and "ALL" not in values and record[field] not in values:
            return False
    return True


def _moment(name: str, params: Params) -> str:
    """Return a time parameter, which can be a date or a date-time.

    A start date means its first second, an end date its last second. No source documents which
    format TikTok expects.
    """
    text: str = params[name]
    if len(text) == len("YYYY-MM-DD"):
        Param("date").check(name, text)
        return f"{text} {'23:59:59' if name == 'end_time' else '00:00:00'}"
    Param("datetime").check(name, text)
    return text


def _diagnoses(api: Api, params: Params) -> Payload:
    """Return the ad groups with suggestions. Upgraded Smart+ ad groups are rejected."""
    account = api.account(params)
    filtering = params["filtering"]
    groups = {group.id: group for group in account.groups}
    group_ids = filtering.get("adgroup_ids", ())
    for group_id in group_ids:
        if group_id not in groups:
            reject(f"filtering.adgroup_ids: Ad group {group_id} does not exist.")
        if groups[group_id].campaign.automation == SMART_PLUS:
            msg = f"filtering.adgroup_ids: Upgraded Smart+ ad group {group_id} is not supported."
            reject(msg)
    categories = filtering.get("issue_category") or tuple(feedback.SUGGESTION_LISTS)
    diagnosed = [groups[group_id] for group_id in dict.fromkeys(group_ids or groups)]
    results = [
        feedback.diagnosis(group, lists)
        for group in diagnosed
        if (lists := feedback.suggestions(group, categories))
    ]
    return Payload({"results": results})


def _ad_reviews(api: Api, params: Params) -> Payload:
    """Return the reviews of ads by ad ID."""
    ads = select_by_id(api.account(params).ads, params, "ad_ids", "Ad")
    return Payload({"ad_review_map": {ad.id: feedback.ad_review(ad) for ad in ads}})


def _smart_plus_reviews(api: Api, params: Params) -> Payload:
    """Return the reviews of Upgraded Smart+ ads and of their materials."""
    smart_ads = smart_plus_account(api, params).smart_ads
    settings = params["extra_info_setting"]
    reviews = feedback.smart_plus_reviews(
        select_by_id(smart_ads, params, "smart_plus_ad_ids", "Ad"),
        include_rejection=settings.get("include_reject_info", False),
        include_frames=settings.get("include_violation_frame", False),
    )
    return Payload(dict(reviews))


def _pixel_events(api: Api, params: Params) -> Payload:
    """Return the statistics of pixels, summed up over UTC days. The records have no date."""
    account = api.account(params)
    date_range = params["date_range"]
    if day_count(**date_range) > MAX_DAYS_OF_PIXEL_STATISTICS:
        reject(f"date_range: Must not exceed {MAX_DAYS_OF_PIXEL_STATISTICS} days.")
    days = api.world.statistics_days(account, **date_range)
    pixels = select_by_id(account.pixels, params, "pixel_ids", "Pixel")
    records = [{"pixel_id": pixel.id, "statistics": pixel_events(pixel, days)} for pixel in pixels]
    return Payload({"list": records})


HANDLERS: dict[str, Handler] = {
    "/pixel/event/stats/": _pixel_events,
    "/comment/list/": _comments,
    "/tool/diagnosis/get/": _diagnoses,
    "/ad/review_info/": _ad_reviews,
    "/smart_plus/ad/review_info/": _smart_plus_reviews,
}
