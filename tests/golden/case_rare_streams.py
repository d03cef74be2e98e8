"""Rare messages of single streams: lists, details, lookups and custom streams."""

from __future__ import annotations

import json
import logging
import typing as t

from golden.case_rare_api import page
from golden.collector import answered, case, error_cases, simulated

if t.TYPE_CHECKING:
    from collections.abc import Callable

OWNER = {"advertiser_id": "{advertiser_id}"}
ENTRY: dict[str, t.Any] = {"name": "mine", "url": "/thing/list/", "params": OWNER}
COLUMNS = {"properties": {"id": {"type": "string"}}}


def failed(code: int, path: str, message: str, **arguments: t.Any) -> tuple[str, dict[str, t.Any]]:
    """Return a fault: each request of a path fails with a return code."""
    details = {"path": path, "code": code, "message": message, "times": None}
    return "code", {**details, **arguments}


def error_body(code: int, message: str) -> bytes:
    """Return the body of a response with a return code."""
    return json.dumps({"code": code, "message": message, "request_id": "r", "data": {}}).encode()


def _lead_forms_only(query: dict[str, str]) -> t.Any:
    types = json.loads(query["business_types"])
    if types == ["LEAD_GEN"]:
        return page({"page_id": "7", "update_time": "2026-11-01 00:00:00"})
    return error_body(40002, f"business_types: Invalid value {types[0]}.")


def _without_order(query: dict[str, str]) -> t.Any:
    return error_body(40002, "sort_field: Unknown.") if "sort_field" in query else page()


def bookmarked(stream: str, advertiser_id: str) -> dict[str, t.Any]:
    """Return a state that holds a bookmark of one advertiser."""
    bookmark = {"replication_key": "modify_time", "replication_key_value": "2026-11-01T00:00:00Z"}
    partition = {"context": {"advertiser_id": advertiser_id}, **bookmark}
    return {"bookmarks": {stream: {"partitions": [partition]}}}


def reviews(stream: str) -> Callable[[], object]:
    """Return a case: the endpoint of reviews returns no object."""
    ad = {"ad_id": "5", "smart_plus_ad_id": "6", "modify_time": "2026-11-01 00:00:00"}
    return answered(
        stream, lambda query: {"x": 1} if "review_info" in query["path"] else page(dict(ad))
    )


error_cases(
    "Lists and completeness",
    {
        "no app for the authorized advertisers": answered(
            "authorized_advertisers", lambda _: page()
        ),
        "a business type of pages is rejected": answered("instant_pages", _lead_forms_only),
        "Promote campaigns are rejected as a parameter": simulated(
            ["campaigns"],
            failed(
                40002, "/campaign/get/", "Invalid filter.", containing="campaign_system_origins"
            ),
        ),
        "the order of changes is rejected": answered(
            "video_creatives", _without_order, bookmarked("video_creatives", "1")
        ),
        "details are denied": simulated(
            ["gmv_max_campaigns"], failed(40001, "/campaign/gmv_max/info/", "No permission.")
        ),
        "a promotion type is rejected": simulated(
            ["gmv_max_report"],
            failed(40002, "/gmv_max/report/get/", "Invalid promotion type.", containing='"LIVE"'),
        ),
        "more catalogs are rejected than warnings name": simulated(
            ["catalog_sets"],
            failed(40002, "/catalog/set/get/", "Invalid catalog."),
            options={"catalogs": 11},
        ),
        "reviews of Smart+ ads of another shape": reviews("smart_plus_ad_suggestions"),
        "reviews of another shape": reviews("ad_review_info"),
    },
)


def custom(answer: Callable[[dict[str, str]], t.Any], **changes: t.Any) -> Callable[[], object]:
    """Return a case: read a custom stream of these responses."""
    return answered("mine", answer, custom_streams=[{**ENTRY, **changes}])


def _without_page_info(query: dict[str, str]) -> dict[str, t.Any]:
    if query.get("page", "1") == "1":
        return page({"id": "1"}, total_page=2, page_size=1, total_number=2)
    return {"list": [{"id": "2"}]}


def _endless(query: dict[str, str]) -> dict[str, t.Any]:
    return {"list": [{"id": "1"}], "more": True, "next": query.get("cursor", "") + "x"}


CURSOR = {
    "type": "cursor",
    "cursor_path": "$.data.next",
    "has_more_path": "$.data.more",
    "parameter": "cursor",
}
error_cases(
    "Custom streams",
    {
        "a sample that is denied": custom(lambda _: error_body(40001, "No permission.")),
        "a page that lacks page_info": custom(
            _without_page_info, schema=COLUMNS, params={**OWNER, "page": 1, "page_size": 1}
        ),
        "a cursor that leads to the page before": custom(
            _endless, schema=COLUMNS, pagination=CURSOR
        ),
    },
)
FOR_EACH = {"schema": COLUMNS, "params": {**OWNER, "x": "{pixels.pixel_id}"}}
error_cases(
    "Lookups",
    {
        "a stream without records": custom(
            lambda _: {"pixels": [], **page()}, for_each="pixels.pixel_id", **FOR_EACH
        ),
        "a list whose count differs": simulated(
            ["pixel_event_statistics"],
            ("drop_row", {"path": "/pixel/list/", "times": None}),
            options={"pixels": 5},
        ),
    },
)
case("Lists and completeness", "log of the days to read", logging.INFO)(
    simulated(["campaign_performance_report"])
)
