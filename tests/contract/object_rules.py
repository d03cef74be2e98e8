"""Rules of lists of objects: campaigns, pixels, pages and transactions."""

from __future__ import annotations

import typing as t

from .rule_types import Rule, at, day_count, has_range

if t.TYPE_CHECKING:
    from .messages import SentRequest

OBJECT_PATHS = ("/campaign/get/", "/adgroup/get/", "/ad/get/")
TOPVIEW = "RESERVATION_TOP_VIEW"
MAX_YEAR_DAYS = 366  # up to the same day of the next year
MAX_MUSIC_RECORDS = 100_000
#: Paths of lists that can include deleted objects.
LIST_PATHS = (
    *OBJECT_PATHS,
    *(f"/smart_plus/{name}/get/" for name in ("campaign", "adgroup", "ad")),
)


def is_topview_list(request: SentRequest) -> bool:
    """Return True for a request for TopView objects."""
    return request.path in OBJECT_PATHS and TOPVIEW in (
        request.member("filtering", "buying_types") or ()
    )


def is_promote_list(request: SentRequest) -> bool:
    """Return True for a request that includes Promote campaigns."""
    origins = request.member("filtering", "campaign_system_origins") or ()
    return request.path in OBJECT_PATHS and "PROMOTE" in origins


OBJECT_RULES = (
    Rule(
        "TopView is requested alone: buying_types has no other type",
        "1739315828649986, go campaign/get",
        is_topview_list,
        lambda request: request.member("filtering", "buying_types") == [TOPVIEW],
    ),
    Rule(
        "Ad groups of TopView have pages of at most 100",
        "go adgroup/get",
        lambda request: is_topview_list(request) and request.path == "/adgroup/get/",
        lambda request: int(request.parameters.get("page_size", 10)) <= 100,
    ),
    Rule(
        "Statistics of pixels span at most 30 days",
        "addendum, go pixel/event_stats",
        at("/pixel/event/stats/"),
        lambda request: has_range(request, 30, "date_range"),
    ),
    Rule(
        "Pixel statistics span one UTC day, because the response has no date",
        "addendum, go pixel/event_stats",
        at("/pixel/event/stats/"),
        lambda request: has_range(request, 1, "date_range"),
    ),
    Rule(
        "Transactions of advertisers span at most a year",
        "addendum, go advertiser/transaction_get",
        at("/advertiser/transaction/get/"),
        lambda request: has_range(request, MAX_YEAR_DAYS, "filtering"),
    ),
    Rule(
        "Transactions of accounts span at most 365 days",
        "go bc/account_transaction_get",
        at("/bc/account/transaction/get/"),
        lambda request: (
            1
            <= day_count(
                request.member("filtering", "start_time"), request.member("filtering", "end_time")
            )
            <= 365
        ),
    ),
    Rule(
        "Transactions of Business Centers name both dates in order, or none",
        "yml bc_transaction_get",
        at("/bc/transaction/get/"),
        lambda request: (
            not {"start_date", "end_date"} & request.parameters.keys() or has_range(request, 10**6)
        ),
    ),
    Rule(
        "Pages are requested by advertiser_id or by library_id",
        "go page/get",
        at("/page/get/"),
        lambda request: len({"advertiser_id", "library_id"} & request.parameters.keys()) == 1,
    ),
    Rule(
        "Music is requested up to record 100,000",
        "go file/music/get",
        at("/file/music/get/"),
        lambda request: (
            int(request.parameters.get("page", 1)) * int(request.parameters.get("page_size", 1000))
            <= MAX_MUSIC_RECORDS
        ),
    ),
    Rule(
        "Identities of BC_AUTH_TT are requested with their Business Center",
        "sdk IdentityApi",
        at("/identity/get/"),
        lambda request: (
            request.parameters.get("identity_type") != "BC_AUTH_TT"
            or "identity_authorized_bc_id" in request.parameters
        ),
    ),
    Rule(
        "Comments are requested for a range in order",
        "yml comment_list",
        at("/comment/list/"),
        lambda request: (
            day_count(request.parameters.get("start_time"), request.parameters.get("end_time")) >= 1
        ),
    ),
    Rule(
        "Lists do not combine primary_status with secondary_status",
        "fact sheet 8",
        at(*LIST_PATHS),
        lambda request: (
            request.member("filtering", "primary_status") is None
            or request.member("filtering", "secondary_status") is None
        ),
    ),
)
