"""Examples of requests for lists of names, money, measurement, catalogs and insight."""

from __future__ import annotations

import datetime as dt
import typing as t

from .messages import SentRequest, get


def ids(count: int) -> list[str]:
    """Return `count` distinct IDs."""
    return [str(number) for number in range(1, count + 1)]


def ago(days: int) -> str:
    """Return the date of some days ago, because TikTok knows the fatigue of recent days."""
    return str(dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=days))


def fatigue(days: int) -> SentRequest:
    """Return a request for the fatigue of an ad over some days, up to yesterday."""
    filtering = {"start_date": ago(days), "end_date": ago(1)}
    return get(FATIGUE, advertiser_id="7", ad_id="8", filtering=filtering)


def typed(report_type: str, *names: str, **changes: t.Any) -> SentRequest:
    """Return a report of the type BC or PLAYABLE_MATERIAL."""
    owner = {"bc_id": "7"} if report_type == "BC" else {"advertiser_id": "7"}
    parameters = {
        **owner,
        "report_type": report_type,
        "dimensions": [*names],
        "metrics": ["spend"],
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
    }
    return get("/report/integrated/get/", **{**parameters, **changes})


LIFETIME: dict[str, t.Any] = {"query_lifetime": True, "start_date": None, "end_date": None}
COSTS, CREATIVES = "/bc/account/cost/get/", "/creative/report/get/"
FATIGUE, SECONDS = "/creative_fatigue/get/", "/report/video_performance/get/"
#: A request that keeps a rule and one that breaks it, by the start of the rule's name.
LIST_EXAMPLES: dict[str, tuple[SentRequest, SentRequest]] = {
    "A BC report names": (
        typed("BC", "advertiser_id"),
        typed("BC", "advertiser_id", data_level="AUCTION_ADVERTISER"),
    ),
    "Reports of other types": (
        typed("PLAYABLE_MATERIAL", "playable_id"),
        typed("PLAYABLE_MATERIAL", "playable_id", advertiser_id=None, bc_id="7"),
    ),
    "BC and PLAYABLE_MATERIAL reports": (
        typed("BC", "advertiser_id", "country_code"),
        typed("PLAYABLE_MATERIAL", "playable_id", "stat_time_day"),
    ),
    "BC and CATALOG reports": (
        typed("BC", "advertiser_id"),
        typed("BC", "advertiser_id", **LIFETIME),
    ),
    "A BC report spans": (
        typed("BC", "advertiser_id"),
        typed("BC", "advertiser_id", end_date="2027-01-01"),
    ),
    "Reports of creatives": (
        get(CREATIVES, advertiser_id="7", material_type="VIDEO", lifetime="true"),
        get(CREATIVES, advertiser_id="7", material_type="VIDEO"),
    ),
    "Performance by second": (
        get(SECONDS, advertiser_id="7", filtering={"campaign_ids": ["8"]}),
        get(SECONDS, advertiser_id="7", filtering={}),
    ),
    "Fatigue is": (fatigue(10), fatigue(200)),
    "Costs and budget": (
        get(COSTS, bc_id="7", filtering={"start_date": ago(5), "end_date": ago(5)}),
        get(COSTS, bc_id="7", filtering={"start_date": ago(5)}),
    ),
}
WRONG_LIST_PARAMETERS: tuple[tuple[str, SentRequest], ...] = (
    ("split_test_group_id", get("/split_test/result/get/", advertiser_id="7")),
    ("page_size", get("/campaign_label/get/", advertiser_id="7", page_size="1001")),
    ("page_size", get("/bc/account/cost/get/", bc_id="7", page_size="51")),
    ("advertiser_id", get("/bc/account/budget/changelog/get/", bc_id="7")),
    ("bc_id", get("/bc/balance/get/")),
    ("invoice_types", get("/bc/invoice/get/", bc_id="7", invoice_types=["PROFORMA"])),
    ("event_set_ids", get("/offline/get/", advertiser_id="7", event_set_ids="8")),
    ("event_set_ids", get("/crm/list/", advertiser_id="7", event_set_ids=ids(51))),
    ("event_source_id", get("/custom_conversion/list/", advertiser_id="7")),
    ("optimization_goal", get("/app/optimization_event/", advertiser_id="7", app_id="8")),
    ("objective_type", get("/pixel/instant_page/event/", advertiser_id="7")),
    ("page_size", get("/catalog/product/get/", bc_id="7", catalog_id="8", page_size="501")),
    ("catalog_id", get("/catalog/set/get/", bc_id="7")),
    ("catalog_id", get("/catalog/feed/get/", bc_id="7")),
    ("page_size", get("/diagnostic/catalog/", bc_id="7", catalog_id="8", page_size="21")),
    ("placements", get("/tool/region/", advertiser_id="7", objective_type="TRAFFIC")),
    ("os_type", get("/tool/os_version/", advertiser_id="7")),
    ("version", get("/tool/interest_category/", advertiser_id="7", version="3")),
    ("material_type", get("/creative/report/get/", advertiser_id="7", lifetime="true")),
    ("filtering", get(SECONDS, advertiser_id="7", filtering={"ad_ids": ids(201)})),
    ("filtering", get(FATIGUE, advertiser_id="7", ad_id="8")),
    ("object_type", get("/search_ad/negative_keyword/get/", advertiser_id="7", object_id="8")),
    ("session_ids", get("/campaign/gmv_max/session/get/", advertiser_id="7", session_ids=ids(21))),
    ("campaign_id", get("/campaign/gmv_max/session/list/", advertiser_id="7")),
)
