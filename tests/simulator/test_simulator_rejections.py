"""Requests that TikTok rejects, with code and parameter name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_tiktok_ads.simulator.handlers.routes import ENDPOINTS
from tap_tiktok_ads.simulator.spec.params import Endpoint, Param

from .helpers import report_params

if TYPE_CHECKING:
    from collections.abc import Callable

    from .helpers import Client

REPORT = "/report/integrated/get/"
AD_LEVEL = {"data_level": "AUCTION_AD"}
TOPVIEW = "RESERVATION_TOP_VIEW"
METRIC = "spend"


def condition(name: str, value: object, kind: str = "IN") -> list[dict[str, object]]:
    """Return a report filter."""
    return [{"field_name": name, "filter_type": kind, "filter_value": value}]


OVERVIEW, BREAKDOWN = (f"/smart_plus/material_report/{name}/" for name in ("overview", "breakdown"))
DIAGNOSIS, GMV = "/tool/diagnosis/get/", "/gmv_max/report/get/"
WINDOW: dict[str, Any] = {"start_date": "2026-11-01", "end_date": "2026-11-20"}
LONG_WINDOW: dict[str, Any] = {"start_date": "2025-11-20", "end_date": "2026-11-20"}
LIFETIME: dict[str, Any] = {"query_lifetime": True}
MATERIAL_PARAMS: dict[str, Any] = {"dimensions": ["campaign_id", "main_material_id"]}
GMV_PARAMS: dict[str, Any] = {
    "store_ids": ["1"],
    "dimensions": ["campaign_id"],
    "metrics": ["cost"],
    **WINDOW,
}
COMMENT_PARAMS: dict[str, Any] = {
    "search_field": "ADGROUP_ID",
    "search_value": "1",
    "start_time": "2026-11-01",
    "end_time": "2026-11-20",
}
APP_EVENT_PARAMS = {
    "app_id": "1",
    "optimization_goal": "IN_APP_EVENT",
    "objective": "TRAFFIC",
    "placement_type": "PLACEMENT_TYPE_AUTOMATIC",
}
REGION_PARAMS = {"placements": ["PLACEMENT_TIKTOK"], "objective_type": "TRAFFIC"}
TRANSFERS, ACCOUNT_TRANSACTIONS = (
    "/advertiser/transaction/get/",
    "/bc/account/transaction/get/",
)
MAX_PAGE_SIZES = {
    "/smart_plus/campaign/get/": 1000,
    "/smart_plus/adgroup/get/": 1000,
    OVERVIEW: 100,
    BREAKDOWN: 100,
    "/gmv_max/campaign/get/": 100,
    GMV: 1000,
    "/catalog/get/": 100,
    "/bc/get/": 50,
    "/bc/asset/get/": 50,
    "/advertiser/balance/get/": 50,
    "/advertiser/transaction/get/": 50,
    "/bc/transaction/get/": 50,
    "/bc/account/transaction/get/": 50,
    "/file/music/get/": 1000,
    "/creative/portfolio/list/": 100,
    "/tt_video/list/": 50,
    "/identity/get/": 100,
    "/page/get/": 100,
    "/playable/get/": 500,
    "/dmp/saved_audience/list/": 100,
    "/comment/list/": 100,
    "/optimizer/rule/list/": 100,
    "/campaign_label/get/": 1000,
    "/bc/account/cost/get/": 50,
    "/bc/account/budget/changelog/get/": 50,
    "/bc/invoice/get/": 50,
    "/custom_conversion/list/": 1000,
    "/catalog/product/get/": 500,
    "/diagnostic/catalog/": 20,
    "/creative/report/get/": 1000,
    "/report/video_performance/get/": 500,
    "/creative_fatigue/get/": 500,
    "/search_ad/negative_keyword/get/": 50,
}
REQUIRED_PARAMS: dict[str, dict[str, Any]] = {
    OVERVIEW: MATERIAL_PARAMS | LIFETIME,
    BREAKDOWN: {"dimensions": ["main_material_id"], **WINDOW},
    GMV: GMV_PARAMS,
    "/gmv_max/campaign/get/": {"filtering": {"gmv_max_promotion_types": ["LIVE_GMV_MAX"]}},
    "/bc/asset/get/": {"bc_id": "1", "asset_type": "PIXEL"},
    "/comment/list/": COMMENT_PARAMS,
    "/tool/region/": REGION_PARAMS,
    "/creative/report/get/": {"material_type": "VIDEO", "lifetime": True},
    "/report/video_performance/get/": {"filtering": {"ad_ids": ["1"]}},
    "/creative_fatigue/get/": {"ad_id": "1", "filtering": WINDOW},
    "/custom_conversion/list/": {"event_source_type": "PIXEL", "event_source_id": "1"},
    "/catalog/product/get/": {"bc_id": "1", "catalog_id": "1"},
    "/diagnostic/catalog/": {"bc_id": "1", "catalog_id": "1"},
    "/app/optimization_event/": APP_EVENT_PARAMS,
    "/pixel/instant_page/event/": {
        "objective_type": "CONVERSIONS",
        "optimization_goal": "CONVERT",
    },
    "/bc/invoice/get/": {"bc_id": "1", "invoice_types": ["RECON"]},
    "/tool/os_version/": {"os_type": "IOS"},
    "/search_ad/negative_keyword/get/": {"object_type": "CAMPAIGN", "object_id": "1"},
} | {
    path: {"bc_id": "1"}
    for path in MAX_PAGE_SIZES
    if path.startswith(("/catalog/get", "/advertiser/", "/bc/transaction/", "/bc/account/"))
}
"""Parameters that are required before the page size is checked."""

PARAMETERS: list[tuple[str, dict[str, Any], str]] = [
    ("/campaign/get/", {"advertiser_id": None}, "advertiser_id: Missing"),
    ("/campaign/get/", {"advertiser_id": "abc"}, "advertiser_id: Not a valid ID"),
    ("/campaign/get/", {"color": "red"}, "color: Unknown"),
    ("/campaign/get/", {"page_size": 1001}, "page_size: Must be less"),
    ("/campaign/get/", {"page_size": 0}, "page_size: Must be greater"),
    ("/campaign/get/", {"page": 0}, "page: Must be greater"),
    ("/campaign/get/", {"page": "two"}, "page: Not a valid integer"),
    ("/campaign/get/", {"page": "1.5"}, "page: Not a valid integer"),
    ("/campaign/get/", {"filtering": "{primary_status:STATUS_ALL}"}, "filtering: Field must be"),
    ("/campaign/get/", {"filtering": ["STATUS_ALL"]}, "filtering: Field must be"),
    ("/campaign/get/", {"filtering": {"status": "X"}}, "filtering.status: Unknown"),
    ("/campaign/get/", {"filtering": {"modified_after": "2026-01-01 00:00:00"}}, "modified_after"),
    ("/campaign/get/", {"filtering": {"primary_status": "ALL"}}, "filtering.primary_status"),
    ("/campaign/get/", {"filtering": {"campaign_ids": "1"}}, "filtering.campaign_ids"),
    ("/campaign/get/", {"filtering": {"campaign_ids": [17]}}, "filtering.campaign_ids[0]"),
    ("/campaign/get/", {"filtering": {"campaign_ids": ["1"] * 101}}, "exceeds the maximum of 100"),
    ("/campaign/get/", {"filtering": {"buying_types": [TOPVIEW, "AUCTION"]}}, "cannot be mixed"),
    ("/campaign/get/", {"filtering": {"is_smart_performance_campaign": "true"}}, "valid boolean"),
    ("/campaign/get/", {"fields": "campaign_id"}, "fields: Field must be set to json array"),
    ("/campaign/get/", {"fields": ["campaign_id", "color"]}, "fields: Invalid field 'color'"),
    ("/adgroup/get/", {"page_size": 1001}, "page_size"),
    (
        "/adgroup/get/",
        {"page_size": 101, "filtering": {"buying_types": [TOPVIEW]}},
        "page_size: Must be less than or equal to 100",
    ),
    ("/ad/get/", {"page_size": 1001}, "page_size"),
    ("/ad/get/", {"filtering": {"modified_after": "2026-01-01"}}, "filtering.modified_after"),
    ("/ad/get/", {"filtering": {"modified_after": "2026-01-01T00:00:00Z"}}, "modified_after"),
    ("/pixel/list/", {"page_size": 21}, "page_size: Must be less than or equal to 20"),
    ("/pixel/list/", {"order_by": "LATEST"}, "order_by"),
    ("/dmp/custom_audience/list/", {"page_size": 101}, "page_size"),
    ("/dmp/custom_audience/list/", {"custom_audience_ids": []}, "custom_audience_ids"),
    ("/file/video/ad/search/", {"page_size": 101}, "page_size"),
    ("/file/video/ad/search/", {"filtering": {"material_ids": ["1"] * 21}}, "maximum of 20"),
    ("/file/image/ad/search/", {"page_size": 101}, "page_size"),
    ("/smart_plus/ad/get/", {"page_size": 101}, "page_size: Must be less than or equal to 100"),
    ("/smart_plus/ad/review_info/", {}, "smart_plus_ad_ids: Missing"),
    ("/smart_plus/ad/review_info/", {"smart_plus_ad_ids": ["1"] * 101}, "smart_plus_ad_ids"),
    ("/smart_plus/ad/review_info/", {"smart_plus_ad_ids": ["1"]}, "does not exist"),
    ("/smart_plus/campaign/get/", {"filtering": {"adgroup_ids": ["1"]}}, "adgroup_ids: Unknown"),
    ("/smart_plus/adgroup/get/", {"filtering": {"adgroup_ids": ["1"] * 101}}, "maximum of 100"),
    ("/smart_plus/campaign/get/", {"fields": ["color"]}, "fields: Invalid field 'color'"),
    ("/split_test/result/get/", {"split_test_group_id": "1"}, "does not exist"),
    ("/campaign_label/get/", {"campaign_label_types": ["SALE"]}, "campaign_label_types[0]"),
    ("/app/optimization_event/", APP_EVENT_PARAMS | {"placement_type": None}, "placement: Missing"),
    (
        "/app/optimization_event/",
        APP_EVENT_PARAMS | {"objective": "APP_PROMOTION"},
        "app_promotion_type: Missing",
    ),
    ("/crm/list/", {"event_set_ids": ["1"] * 51}, "maximum of 50"),
    ("/creative/report/get/", {"material_type": "VIDEO"}, "start_date: Missing"),
    ("/creative/report/get/", {"material_type": "MUSIC"}, "material_type: Invalid"),
    ("/report/video_performance/get/", {"filtering": {}}, "Exactly one of"),
    ("/report/video_performance/get/", {"filtering": {"ad_ids": ["1"] * 201}}, "maximum of 200"),
    ("/creative_fatigue/get/", {"ad_id": "1", "filtering": WINDOW}, "does not exist"),
    ("/creative_fatigue/get/", {"ad_id": "1", "filtering": {}}, "start_date: Missing"),
    ("/tool/region/", {"objective_type": "TRAFFIC"}, "placements: Missing"),
    ("/tool/region/", REGION_PARAMS | {"level_range": "WORLD"}, "level_range: Invalid"),
    ("/tool/os_version/", {}, "os_type: Missing"),
    ("/tool/os_version/", {"os_type": "SYMBIAN"}, "os_type: Invalid"),
    ("/tool/interest_category/", {"version": 3}, "version: Must be less"),
    (OVERVIEW, {}, "dimensions: Missing"),
    (OVERVIEW, {"dimensions": ["campaign_id"]}, "dimensions: Length must be at least 2"),
    (OVERVIEW, LIFETIME | {"dimensions": ["campaign_id", "adgroup_id"]}, "Exactly one of"),
    (OVERVIEW, LIFETIME | {"dimensions": ["campaign_id", "stat_time_day"]}, "dimensions[1]"),
    (OVERVIEW, MATERIAL_PARAMS, "start_date: Missing"),
    (OVERVIEW, MATERIAL_PARAMS | LONG_WINDOW, "366 days exceeds the maximum of 365"),
    (
        OVERVIEW,
        MATERIAL_PARAMS | LIFETIME | {"metrics": ["spent"]},
        "Invalid metric fields: ['spent']",
    ),
    (OVERVIEW, MATERIAL_PARAMS | LIFETIME | {"sort_field": "ad_material_id"}, "sort_field"),
    (OVERVIEW, {"filtering": {"campaign_ids": ["1"] * 201}, **MATERIAL_PARAMS}, "maximum of 200"),
    (BREAKDOWN, {"dimensions": ["main_material_id"]}, "start_date: Missing"),
    (BREAKDOWN, WINDOW | {"dimensions": ["smart_plus_ad_id", "main_material_id"]}, "dimensions[0]"),
    (BREAKDOWN, WINDOW | {"dimensions": ["stat_time_day"]}, "main_material_id or an entity"),
    (
        BREAKDOWN,
        WINDOW | {"dimensions": ["main_material_id", "stat_time_day", "stat_time_week"]},
        "Only one time dimension",
    ),
    (
        BREAKDOWN,
        WINDOW | {"dimensions": ["main_material_id", "stat_time_hour"]},
        "20 days exceeds the maximum of 7",
    ),
    (
        BREAKDOWN,
        WINDOW | {"dimensions": ["main_material_id"], "metrics": ["ad_material_id"]},
        "Invalid metric fields: ['ad_material_id']",
    ),
    (DIAGNOSIS, {"filtering": {"adgroup_ids": ["1"] * 21}}, "maximum of 20"),
    (DIAGNOSIS, {"filtering": {"adgroup_ids": ["1"]}}, "does not exist"),
    (DIAGNOSIS, {"filtering": {"issue_category": ["BID"]}}, "issue_category"),
    (DIAGNOSIS, {"page": 1}, "page: Unknown"),
    ("/ad/review_info/", {}, "ad_ids: Missing"),
    ("/ad/review_info/", {"ad_ids": ["1"] * 101}, "maximum of 100"),
    ("/ad/review_info/", {"ad_ids": ["1"]}, "does not exist"),
    ("/gmv_max/campaign/get/", {}, "filtering: Missing"),
    ("/gmv_max/campaign/get/", {"filtering": {}}, "gmv_max_promotion_types: Missing"),
    (GMV, {"store_ids": ["1", "2"]}, "store_ids: Length 2"),
    (GMV, {"store_ids": []}, "store_ids: Length must be at least 1"),
    (GMV, GMV_PARAMS | {"metrics": ["cost"] * 101}, "metrics: Length 101"),
    (GMV, GMV_PARAMS | {"dimensions": ["campaign_id"] * 5}, "dimensions: Length 5"),
    (GMV, GMV_PARAMS, "Store 1 does not exist"),
    ("/bc/asset/get/", {"bc_id": "1"}, "asset_type: Missing"),
    ("/catalog/get/", {}, "bc_id: Missing"),
    ("/bc/get/", {"advertiser_id": "1"}, "advertiser_id: Unknown"),
    ("/bc/transaction/get/", {"bc_id": "1", "start_date": "2026"}, "start_date: Not a valid date"),
    (TRANSFERS, {"bc_id": "1", "filtering": {"transfer_type": "TRANSFER"}}, "transfer_type: Inval"),
    (TRANSFERS, {"bc_id": "1", "transfer_type": "TRANS_TYPE_TAX"}, "transfer_type: Unknown"),
    (
        TRANSFERS,
        {"bc_id": "1", "filtering": {"start_date": "2025-11-19", "end_date": "2026-11-20"}},
        "end_date: The range must not exceed 365 days",
    ),
    (ACCOUNT_TRANSACTIONS, {"bc_id": "1", "transaction_level": "PORTFOLIO"}, "level: Invalid"),
    (ACCOUNT_TRANSACTIONS, {"bc_id": "1", "filtering": {"start_date": "2026-11-01"}}, "Unknown"),
    (ACCOUNT_TRANSACTIONS, {"bc_id": "1", "filtering": {"start_time": "2026-11-01"}}, "datetime"),
    (
        ACCOUNT_TRANSACTIONS,
        {
            "bc_id": "1",
            "filtering": {"start_time": "2025-11-19 00:00:00", "end_time": "2026-11-20 00:00:00"},
        },
        "end_time: The range must not exceed 365 days",
    ),
    (
        ACCOUNT_TRANSACTIONS,
        {
            "bc_id": "1",
            "filtering": {"start_time": "2026-11-02 00:00:00", "end_time": "2026-11-01 00:00:00"},
        },
        "start_time: Must not be after end_time",
    ),
    ("/file/music/get/", {"music_scene": "ALL"}, "music_scene: Invalid"),
    ("/creative/portfolio/list/", {"filtering": {"types": []}}, "filtering.types: Unknown"),
    ("/identity/get/", {"identity_type": "BC_AUTH_TT"}, "identity_authorized_bc_id: Missing"),
    ("/page/get/", {"update_time_range": {"start": "2026-01-01 00:00:00"}}, "end: Missing"),
    ("/pixel/event/stats/", {"pixel_ids": ["1"] * 11}, "maximum of 10"),
    ("/pixel/event/stats/", {"pixel_ids": ["1"]}, "date_range: Missing"),
    ("/pixel/event/stats/", {"pixel_ids": ["1"], "date_range": WINDOW}, "does not exist"),
    ("/comment/list/", {}, "search_field: Missing"),
    ("/comment/list/", COMMENT_PARAMS | {"search_field": "CAMPAIGN_ID"}, "search_field: Invalid"),
    ("/comment/list/", COMMENT_PARAMS | {"start_time": None}, "start_time: Missing"),
    ("/comment/list/", COMMENT_PARAMS, "does not exist"),
    *(
        (path, REQUIRED_PARAMS.get(path, {}) | {"page_size": size + 1}, f"or equal to {size}.")
        for path, size in MAX_PAGE_SIZES.items()
    ),
    ("/search_ad/negative_keyword/get/", {"object_id": "1"}, "object_type: Missing"),
    (
        "/search_ad/negative_keyword/get/",
        {"object_type": "AD", "object_id": "1"},
        "object_type: Invalid",
    ),
    (
        "/campaign/gmv_max/session/get/",
        {"session_ids": ["1"] * 21},
        "session_ids: Length 21",
    ),
    ("/advertiser/info/", {}, "advertiser_ids: Missing"),
    ("/advertiser/info/", {"advertiser_ids": "71234"}, "advertiser_ids: Field must be"),
    ("/advertiser/info/", {"advertiser_ids": ["1"] * 101}, "advertiser_ids: Length 101"),
]

REPORTS: list[tuple[dict[str, Any], str]] = [
    ({"metrics": ["spend"] * 101}, "metrics: Length 101 exceeds the maximum of 100"),
    ({"metrics": ["spent", "paid"]}, "Invalid metric fields: ['spent', 'paid']"),
    ({"metrics": ["cash_spend"]}, "cash_spend is for AUCTION_ADVERTISER by stat_time_day"),
    ({"report_type": None}, "report_type: Missing"),
    ({"report_type": "SIMPLE"}, "report_type: Invalid"),
    ({"data_level": None}, "data_level: Missing"),
    ({"data_level": "AD"}, "data_level: Invalid"),
    ({"service_type": "BIDDING"}, "service_type"),
    ({"dimensions": None}, "dimensions: Missing"),
    ({"dimensions": "ad_id,stat_time_day"}, "dimensions: Field must be set to json array"),
    ({"dimensions": '["ad_id",stat_time_day]'}, "dimensions: Field must be set to json array"),
    ({"dimensions": ["ad_id", "stat_time_week"]}, "dimensions: Invalid dimension"),
    ({"dimensions": ["ad_id", "ad_id"]}, "duplicates"),
    ({"dimensions": ["ad_id", "ad_id_v2"]}, "dimensions"),
    ({"dimensions": ["ad_id", "stat_time_day", "stat_time_hour"]}, "time dimension"),
    ({"dimensions": ["ad_id", "campaign_id"]}, "ID dimension"),
    ({"dimensions": ["ad_id", "stat_time_day", "gender"]}, "Conflict occurs"),
    ({"dimensions": ["ad_id", "stat_time_day", "country_code", "ad_type", "page_id"]}, "Length 5"),
    ({"data_level": "AUCTION_CAMPAIGN"}, "Conflict occurs"),
    ({"data_level": "AUCTION_ADVERTISER", "dimensions": ["campaign_id"]}, "Conflict occurs"),
    ({"metrics": ["spend", "spent"]}, "Invalid metric fields: ['spent']"),
    ({"metrics": "spend,impressions"}, "metrics: Field must be"),
    (
        {
            "data_level": "AUCTION_CAMPAIGN",
            "dimensions": ["campaign_id"],
            "metrics": ["adgroup_name"],
        },
        "adgroup_name is not supported",
    ),
    (
        {"data_level": "AUCTION_ADGROUP", "dimensions": ["adgroup_id"], "metrics": ["ad_name"]},
        "ad_name is not supported",
    ),
    ({"metrics": ["is_aco"]}, "is_aco is not supported"),
    ({"dimensions": ["stat_time_day"], "metrics": ["campaign_name"]}, "campaign_name"),
    (
        {
            "dimensions": ["ad_id", "stat_time_day", "country_code"],
            "metrics": ["conversion_rate_v2"],
        },
        "conversion_rate_v2 is not supported with country_code",
    ),
    ({"metrics": ["cost"]}, "cost is not supported in report_type BASIC"),
    (
        {"dimensions": ["ad_id", "search_terms"], "metrics": ["spend", "reach", "likes"]},
        "metrics: reach, likes is not supported with search_terms",
    ),
    (
        {"dimensions": ["ad_id", "page_id"], "metrics": ["video_watched_2s"]},
        "video_watched_2s is not supported with page_id",
    ),
    (
        {"dimensions": ["ad_id", "component_name"], "metrics": ["onsite_form"]},
        "onsite_form is not supported with component_name",
    ),
    (
        {"dimensions": ["ad_id", "room_id"], "metrics": ["gross_impressions"]},
        "gross_impressions is not supported with room_id",
    ),
    (
        {"dimensions": ["ad_id", "post_id"], "metrics": ["engaged_view_15s"]},
        "engaged_view_15s is not supported with post_id",
    ),
    (
        {"dimensions": ["ad_id", "ad_type"], "metrics": ["conversion_rate_v2"]},
        "conversion_rate_v2 is not supported with ad_type",
    ),
    (
        {
            "dimensions": ["ad_id", "stat_time_day", "country_code"],
            "metrics": ["total_pageview", "sales_lead"],
        },
        "total_pageview, sales_lead is not supported with country_code",
    ),
    ({"metrics": ["ad_id"], "dimensions": ["ad_id_v2"]}, "ad_id and ad_id_v2"),
    ({"start_date": None}, "start_date: Missing"),
    ({"end_date": None}, "end_date: Missing"),
    ({"start_date": "20261101"}, "start_date: Not a valid date"),
    ({"start_date": "2026-11-1"}, "start_date: Not a valid date"),
    ({"start_date": "2026-02-30"}, "start_date: Not a valid date"),
    ({"start_date": "2026-11-20", "end_date": "2026-11-19"}, "start_date: Must not be after"),
    ({"start_date": "2026-10-21", "end_date": "2026-11-20"}, "31 days exceeds the maximum of 30"),
    (
        {
            "dimensions": ["ad_id", "stat_time_hour"],
            "start_date": "2026-11-19",
            "end_date": "2026-11-20",
        },
        "maximum of 1 days",
    ),
    (
        {"dimensions": ["ad_id"], "start_date": "2025-11-20", "end_date": "2026-11-20"},
        "366 days exceeds the maximum of 365",
    ),
    ({"query_lifetime": True}, "query_lifetime: Not supported with time"),
    ({"query_lifetime": True, "dimensions": ["ad_id", "country_code"]}, "query_lifetime"),
    ({"query_lifetime": "True"}, "query_lifetime: Not a valid boolean"),
    ({"filtering": condition("ad_status", ["STATUS_ALL"])}, "filter_value: Not a valid string"),
    ({"filtering": condition("ad_status", "STATUS_ALL")}, "is no JSON"),
    (
        {"filtering": condition("ad_status", '["ALL"]')},
        "filtering[0].filter_value[0]: Invalid value",
    ),
    ({"filtering": condition("color", "[]")}, "filtering[0].field_name"),
    ({"filtering": condition("ad_status", '["STATUS_ALL"]', "IS")}, "filtering[0].filter_type"),
    ({"filtering": condition("ad_ids", json.dumps(["1"] * 101))}, "maximum of 100"),
    ({"filtering": condition("ad_ids_v2", '["1"]')}, "ad_id and ad_id_v2"),
    ({"filtering": condition("buying_type", json.dumps([TOPVIEW, "AUCTION"]))}, "cannot be mixed"),
    ({"filtering": {"field_name": "ad_status"}}, "filtering: Field must be set to json array"),
    ({"order_field": "campaign_name", "metrics": ["campaign_name", METRIC]}, "order_field"),
    ({"enable_total_metrics": True, "dimensions": ["ad_id", "country_code"]}, "enable_total"),
    ({"page_size": 1001}, "page_size"),
]

CENTER_REPORT = {
    "report_type": "BC",
    "data_level": None,
    "dimensions": ["advertiser_id"],
    "filtering": None,
}
PLAYABLES = CENTER_REPORT | {"report_type": "PLAYABLE_MATERIAL", "dimensions": ["playable_id"]}

TYPED_REPORTS: list[tuple[dict[str, Any], str]] = [
    (CENTER_REPORT, "bc_id: Missing"),
    (CENTER_REPORT | {"bc_id": "1", "data_level": "AUCTION_ADVERTISER"}, "data_level"),
    (CENTER_REPORT | {"bc_id": "1", "dimensions": ["campaign_id"]}, "grouping of BC reports"),
    (CENTER_REPORT | {"bc_id": "1", "query_lifetime": True}, "query_lifetime"),
    (CENTER_REPORT | {"bc_id": "1", "start_date": None}, "start_date: Missing"),
    (PLAYABLES | {"advertiser_id": None}, "advertiser_id: Missing"),
    (PLAYABLES | {"dimensions": ["ad_id"]}, "grouping of PLAYABLE_MATERIAL reports"),
    (PLAYABLES | {"metrics": ["spent"]}, "Invalid metric fields: ['spent']"),
    (PLAYABLES | {"metrics": ["reach"]}, "Invalid metric fields: ['reach']"),
    (PLAYABLES | {"report_type": "CATALOG"}, "no reports of the type CATALOG"),
    ({"bc_id": "1"}, "bc_id: Only reports of the type BC"),
]

AUDIENCE: list[tuple[list[str], list[str], str]] = [
    (["gender", "age"], ["reach"], "reach is not supported"),
    (["gender", "age"], ["frequency"], "frequency is not supported"),
    (["platform"], ["app_install"], "app_install is not supported"),
    (["platform"], ["complete_payment"], "complete_payment is not supported"),
    (["age"], ["purchase"], "purchase is not supported"),
    (["country_code"], ["reach"], "reach is not supported with country_code"),
    (["country_code"], ["conversion_rate_v2"], "conversion_rate_v2 is not supported"),
    (["hashtag"], ["gross_impressions"], "gross_impressions is not supported with hashtag"),
    (["ad_type"], ["result"], "result is not supported with ad_type"),
    (["gender", "platform"], [METRIC], "cannot be combined"),
    (["search_terms"], [METRIC], "Conflict occurs"),
    ([], [METRIC], "needs an audience dimension"),
]


@pytest.mark.parametrize(("path", "params", "message"), PARAMETERS)
def test_wrong_parameter_is_rejected_by_name(
    client: Client, path: str, params: dict[str, Any], message: str
) -> None:
    """A wrong parameter returns HTTP 200, code 40002, empty data and the parameter's name."""
    response = client.raw(path, **params)
    envelope = response.json()
    assert (response.status_code, envelope["code"], envelope["data"]) == (200, 40002, {})
    assert message in envelope["message"]


@pytest.mark.parametrize(("params", "message"), REPORTS + TYPED_REPORTS)
def test_invalid_report_is_rejected(client: Client, params: dict[str, Any], message: str) -> None:
    """An invalid report returns code 40002."""
    envelope = client.get(REPORT, **report_params(**params))
    assert envelope["code"] == 40002, envelope
    assert message in envelope["message"]


@pytest.mark.parametrize(("splits", "metrics", "message"), AUDIENCE)
def test_audience_report_rejects_unsupported_metrics(
    client: Client, splits: list[str], metrics: list[str], message: str
) -> None:
    """Audience reports reject unsupported metrics and dimensions."""
    dimensions = ["ad_id", "stat_time_day", *splits]
    params = report_params(report_type="AUDIENCE", dimensions=dimensions, metrics=metrics)
    envelope = client.get(REPORT, **params)
    assert envelope["code"] == 40002, envelope
    assert message in envelope["message"]


def test_audience_report_rejects_lifetime(client: Client) -> None:
    """Audience reports reject `query_lifetime`."""
    params = {"report_type": "AUDIENCE", "dimensions": ["ad_id", "gender"], "query_lifetime": True}
    envelope = client.get(REPORT, **report_params(**params))
    assert envelope["code"] == 40002
    assert "query_lifetime" in envelope["message"]


@pytest.mark.parametrize(
    ("headers", "params", "code"),
    [
        ({}, {}, 40104),
        ({}, {"access_token": "simulator-access-token"}, 40104),
        ({"Access-Token": "wrong"}, {}, 40105),
        ({"Authorization": "Bearer simulator-access-token"}, {}, 40104),
    ],
)
def test_token_is_read_from_header_only(
    client: Client, headers: dict[str, str], params: dict[str, str], code: int
) -> None:
    """The token is accepted only in the header `Access-Token`."""
    url = f"{client.simulator.url}/user/info/"
    envelope = requests.get(url, headers=headers, params=params, timeout=300).json()
    assert (envelope["code"], envelope["data"]) == (code, {})


def test_advertiser_discovery_needs_app_credentials(client: Client) -> None:
    """Advertiser discovery needs the ID and secret of the app."""
    path = "/oauth2/advertiser/get/"
    app = {"app_id": client.simulator.app_id, "secret": client.simulator.app_secret}
    advertisers = client.data(path, **app)["list"]
    assert [record["advertiser_id"] for record in advertisers] == client.world.advertiser_ids
    assert client.get(path, **app | {"secret": "wrong"})["code"] == 40101
    assert client.get(path, **app | {"app_id": "1"})["code"] == 40113


def test_advertiser_without_grant_is_denied(serve: Callable[..., Client]) -> None:
    """An advertiser without a grant returns 40001 and fails its complete batch."""
    hidden = serve().world.advertiser_ids[1]
    client = serve(unauthorised=[hidden])
    granted = client.world.advertiser_ids
    assert hidden not in granted
    envelope = client.get("/ad/get/", advertiser_id=hidden)
    assert envelope["code"] == 40001
    assert hidden in envelope["message"]
    batch = client.get("/advertiser/info/", advertiser_ids=[*granted, hidden])
    assert (batch["code"], batch["data"]) == (40001, {})
    assert len(client.data("/advertiser/info/", advertiser_ids=granted)["list"]) == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ad/get", 404),
        ("GET", "/no/such/", 404),
        ("POST", "/ad/get/", 405),
        ("PUT", "/ad/get/", 405),
        ("GET", "/tool/targeting/search/", 405),
        ("GET", "/oauth2/access_token/", 405),
    ],
)
def test_unknown_route_returns_http_error(
    client: Client, method: str, path: str, status: int
) -> None:
    """An unknown path returns HTTP 404, and a wrong method returns HTTP 405."""
    response = client.session.request(method, client.simulator.url + path, timeout=300)
    assert response.status_code == status


def test_other_api_version_returns_404(client: Client) -> None:
    """Paths outside `/open_api/v1.3` return HTTP 404."""
    url = client.simulator.url.replace("v1.3", "v1.2")
    assert requests.get(f"{url}/user/info/", timeout=300).status_code == 404


def test_account_without_smart_plus_returns_40118(serve: Callable[..., Client]) -> None:
    """An account without Smart+ access gets code 40118 and has no Smart+ ads."""
    client = serve(no_smart_plus=True)
    assert client.get("/smart_plus/ad/get/")["code"] == 40118
    ads = client.all_records("/ad/get/", 1000, filtering={"primary_status": "STATUS_ALL"})
    assert {ad["campaign_automation_type"] for ad in ads} == {"MANUAL"}


def required_params(path: str, endpoint: Endpoint) -> dict[str, Any]:
    """Return syntactically valid values for the required parameters of an endpoint."""
    text = {name: "1" for name, param in endpoint.params.items() if param.required}
    lists = {name: ["1"] for name, param in endpoint.params.items() if param.kind == "array"}
    return {name: lists.get(name, value) for name, value in text.items()} | REQUIRED_PARAMS.get(
        path, {}
    )


OBJECTS: dict[str, dict[str, Any]] = {
    "/pixel/event/stats/": {"pixel_ids": ["1"], "date_range": WINDOW},
    "/report/integrated/get/": report_params(),
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (path, name)
        for path, endpoint in ENDPOINTS.items()
        for name in ("advertiser_id", "bc_id")
        if endpoint.method == "GET" and endpoint.params.get(name, Param()).kind == "id"
    ],
)
def test_every_endpoint_denies_unknown_account(client: Client, path: str, name: str) -> None:
    """Every endpoint returns 40001 for an account or Business Center without a grant."""
    params = required_params(path, ENDPOINTS[path]) | OBJECTS.get(path, {}) | {name: "17"}
    if (path, name) == (REPORT, "bc_id"):
        params |= report_params(**CENTER_REPORT)
    envelope = client.get(path, **params)
    assert (envelope["code"], envelope["data"]) == (40001, {}), envelope


@pytest.mark.parametrize("path", [*ENDPOINTS])
def test_every_endpoint_rejects_wrong_method(client: Client, path: str) -> None:
    """Every endpoint returns HTTP 405 for the wrong method."""
    other = "POST" if ENDPOINTS[path].method == "GET" else "GET"
    response = client.session.request(other, client.simulator.url + path, timeout=300)
    assert response.status_code == 405


def test_smart_plus_diagnosis_is_rejected(client: Client) -> None:
    """A diagnosis of Upgraded Smart+ ad groups is rejected."""
    smart = client.data("/smart_plus/adgroup/get/")["list"][0]["adgroup_id"]
    envelope = client.get(DIAGNOSIS, filtering={"adgroup_ids": [smart]})
    assert envelope["code"] == 40002
    assert "not supported" in envelope["message"]
