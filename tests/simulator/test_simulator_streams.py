"""Streams other than campaigns, ads and their reports: completeness, filters, fields."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_tiktok_ads.simulator.handlers.routes import ENDPOINTS, HANDLERS
from tap_tiktok_ads.simulator.spec.facts import ENUMS, GMV_METRICS, MATERIAL_METRICS, RECORDS

from .helpers import START, TODAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from .helpers import Client

OVERVIEW, BREAKDOWN = (f"/smart_plus/material_report/{name}/" for name in ("overview", "breakdown"))
DAYS = [f"2026-11-{day:02}" for day in range(1, 21)]
EVENT_FIELDS = (
    "pixel_event_type",
    "custom_event_type",
    "total_count",
    "attributed_count",
    "preview_count",
    "browser_event_total_count",
    "server_event_total_count",
)
BC_PATH = "/bc/transaction/get/"
PAGE_TYPES = [*ENUMS["page_types"]]
GMV_CAMPAIGNS = {"gmv_max_promotion_types": ["PRODUCT_GMV_MAX", "LIVE_GMV_MAX"]}
LISTS: list[tuple[str, str, int, str, str, dict[str, Any]]] = [
    (
        "smart_plus_campaigns",
        "/smart_plus/campaign/get/",
        1,
        "list",
        "campaign_id",
        {"filtering": {"primary_status": "STATUS_ALL"}},
    ),
    (
        "smart_plus_ad_groups",
        "/smart_plus/adgroup/get/",
        1,
        "list",
        "adgroup_id",
        {"filtering": {"primary_status": "STATUS_ALL"}},
    ),
    (
        "saved_audiences",
        "/dmp/saved_audience/list/",
        3,
        "saved_audiences",
        "saved_audience_id",
        {},
    ),
    (
        "creative_portfolios",
        "/creative/portfolio/list/",
        2,
        "creative_portfolios",
        "creative_portfolio_id",
        {},
    ),
    ("music_creatives", "/file/music/get/", 4, "musics", "music_id", {}),
    ("identities", "/identity/get/", 3, "identity_list", "identity_id", {}),
    ("instant_pages", "/page/get/", 2, "list", "page_id", {"business_types": PAGE_TYPES}),
    ("campaign_labels", "/campaign_label/get/", 2, "list", "campaign_label_id", {}),
    ("automated_rules", "/optimizer/rule/list/", 2, "rules", "rule_id", {"tzone": "UTC"}),
    (
        "gmv_max_campaigns",
        "/gmv_max/campaign/get/",
        4,
        "list",
        "campaign_id",
        {"filtering": GMV_CAMPAIGNS},
    ),
]
CENTER_LISTS: list[tuple[str, str, int, str, str, dict[str, Any]]] = [
    ("bc_advertisers", "/bc/asset/get/", 1, "list", "asset_id", {"asset_type": "ADVERTISER"}),
    (
        "bc_advertiser_balances",
        "/advertiser/balance/get/",
        2,
        "advertiser_account_list",
        "advertiser_id",
        {},
    ),
    (
        "advertiser_transactions",
        "/advertiser/transaction/get/",
        4,
        "transaction_list",
        "",
        {"filtering": {"start_date": START, "end_date": TODAY}},
    ),
    (
        "bc_transactions",
        "/bc/transaction/get/",
        1,
        "list",
        "",
        {"start_date": START, "end_date": TODAY},
    ),
    (
        "account_transactions",
        "/bc/account/transaction/get/",
        3,
        "transaction_list",
        "transaction_id",
        {"filtering": {"start_time": f"{START} 00:00:00", "end_time": f"{TODAY} 23:59:59"}},
    ),
    ("catalogs", "/catalog/get/", 2, "list", "catalog_id", {}),
    (
        "invoices",
        "/bc/invoice/get/",
        2,
        "list",
        "invoice_id",
        {"invoice_types": ["RECON", "CREDIT", "AUTO_PAY"]},
    ),
]
TRANSFER_TYPES = [f"TRANS_TYPE_{name}" for name in ("TRANSFER", "TAX", "COST", "PAYMENT")]
CENTER_PARAMS: dict[str, list[dict[str, Any]]] = {
    "advertiser_transactions": [
        {"filtering": {"start_date": START, "end_date": TODAY, "transfer_type": name}}
        for name in TRANSFER_TYPES
    ],
    "account_transactions": [{"transaction_level": level} for level in ("BC", "ADVERTISER")],
}
"""Parameters of each list that a stream reads per Business Center."""
LISTS_WITHOUT_KEYS = [
    (stream, path, size, name, params) for stream, path, size, name, _, params in LISTS
]


def counts(client: Client, **options: Any) -> dict[str, int]:
    """Return the expected record counts of the first advertiser."""
    return client.world.expected(START, TODAY, advertiser_ids=[client.first_advertiser], **options)


def distinct_count(records: list[Any], key: str) -> int:
    """Return the number of distinct records, by one field or by all fields."""
    return len({record[key] if key else json.dumps(record, sort_keys=True) for record in records})


def test_every_endpoint_has_handler() -> None:
    """Each documented endpoint has a handler, and no other endpoint does."""
    assert set(HANDLERS) == set(ENDPOINTS)


@pytest.mark.parametrize(("stream", "path", "size", "name", "key", "params"), LISTS)
def test_list_matches_expected_count(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, path: str, size: int, name: str, key: str, params: dict[str, Any]
) -> None:
    """The pages of a list contain each expected record once."""
    records = client.all_records(path, size, name, **params)
    assert len(records) == distinct_count(records, key) == counts(client)[stream] > 0


@pytest.mark.parametrize(("stream", "path", "size", "name", "key", "params"), CENTER_LISTS)
def test_business_center_lists_match_expected_count(  # noqa: PLR0913, PLR0917
    serve: Callable[..., Client],
    stream: str,
    path: str,
    size: int,
    name: str,
    key: str,
    params: dict[str, Any],
) -> None:
    """The lists of all Business Centers contain each expected record once."""
    client = serve(business_centers=2)
    centers = client.all_records("/bc/get/", 1)
    ids = [center["bc_info"]["bc_id"] for center in centers]
    records = [
        record
        for bc_id in ids
        for options in CENTER_PARAMS.get(stream, [{}])
        for record in client.all_records(path, size, name, bc_id=bc_id, **(params | options))
    ]
    assert len(set(ids)) == counts(client)["business_centers"] == 2
    assert len(records) == distinct_count(records, key) == counts(client)[stream] > 0
    client.world.revoke(client.world.advertiser_ids[-1])
    assert counts(client)[stream] == len(records)


def test_transactions_default_to_transfers_of_accounts(client: Client) -> None:
    """Transactions default to transfers, and to the level of ad accounts."""

    def records(path: str, **params: Any) -> list[Any]:
        return client.all_records(
            path, 50, "transaction_list", bc_id=client.business_center, **params
        )

    path = "/advertiser/transaction/get/"
    assert {record["transfer_type"] for record in records(path)} == {"TRANS_TYPE_TRANSFER"}
    for name in TRANSFER_TYPES:
        typed = records(path, filtering={"transfer_type": name})
        assert {record["transfer_type"] for record in typed} == {name}
        has_funds = name not in {"TRANS_TYPE_TAX", "TRANS_TYPE_COST"}
        assert {record["funds_type"] is not None for record in typed} == {has_funds}
    path = "/bc/account/transaction/get/"
    accounts, centers = records(path), records(path, transaction_level="BC")
    assert all(record["account_id"] for record in accounts)
    assert all(record["account_id"] is None for record in centers)
    (date,) = {
        type(record["date"])
        for record in client.data(BC_PATH, bc_id=client.business_center)["list"]
    }
    assert date is int


def test_spark_ads_filter_by_item_type(client: Client) -> None:
    """The filter `item_types` selects posts by `item_info.item_type`."""
    posts = client.all_records("/tt_video/list/", 2)
    assert len({post["item_info"]["item_id"] for post in posts}) == counts(client)["spark_ads"] == 5
    filtered = client.all_records("/tt_video/list/", 50, item_types=["CAROUSEL"])
    assert {post["item_info"]["item_type"] for post in filtered} == {"CAROUSEL"}
    assert 0 < len(filtered) < len(posts)


@pytest.mark.parametrize(
    ("stream", "path", "name"),
    [
        ("apps", "/app/list/", "apps"),
        ("stores", "/store/list/", "stores"),
        ("gmv_max_stores", "/gmv_max/store/list/", "store_list"),
    ],
)
def test_unpaged_list_is_complete(client: Client, stream: str, path: str, name: str) -> None:
    """An unpaged list returns all records without `page_info`."""
    data = client.data(path)
    assert set(data) == {name}
    assert len(data[name]) == counts(client)[stream] > 0


@pytest.mark.parametrize(("stream", "path", "size", "name", "params"), LISTS_WITHOUT_KEYS)
def test_record_has_documented_fields(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, path: str, size: int, name: str, params: dict[str, Any]
) -> None:
    """A record has exactly the documented fields."""
    for record in client.all_records(path, size, name, **params):
        assert stream not in RECORDS or set(record) == set(RECORDS[stream])


@pytest.mark.parametrize(
    ("path", "name", "params", "field", "value"),
    [
        (
            "/creative/portfolio/list/",
            "creative_portfolios",
            {"filtering": {"creative_portfolio_types": ["CARD"]}},
            "creative_portfolio_type",
            "CARD",
        ),
        (
            "/identity/get/",
            "identity_list",
            {"identity_type": "TT_USER"},
            "identity_type",
            "TT_USER",
        ),
        ("/playable/get/", "list", {}, "operation_status", "SAVED"),
        ("/playable/get/", "list", {"operation_status": "DELETED"}, "operation_status", "DELETED"),
    ],
)
def test_filter_returns_matching_records(  # noqa: PLR0913, PLR0917
    client: Client, path: str, name: str, params: dict[str, Any], field: str, value: str
) -> None:
    """A filter returns only matching records."""
    records = client.all_records(path, 50, name, **params)
    assert {record[field] for record in records} == {value}


def test_update_time_range_filters_pages(client: Client) -> None:
    """`update_time_range` selects the instant pages changed in that range."""
    records = client.all_records("/page/get/", 100)
    latest = max(record["update_time"] for record in records)
    filtered = client.all_records(
        "/page/get/", 100, update_time_range={"start": latest, "end": latest}
    )
    assert [record["update_time"] for record in filtered] == [latest]


@pytest.mark.parametrize("include_deleted", [True, False])
def test_comments_match_expected_count(client: Client, include_deleted: bool) -> None:
    """The comments of all ad groups match the count. Smart+ comments name no ad group."""
    status = "STATUS_ALL" if include_deleted else "STATUS_NOT_DELETE"
    groups = client.all_records("/adgroup/get/", 100, filtering={"primary_status": status})
    smart_plus_groups = 0
    records = []
    for group in groups:
        comments = client.all_records(
            "/comment/list/",
            1,
            "comments",
            search_field="ADGROUP_ID",
            search_value=group["adgroup_id"],
            start_time=START,
            end_time=f"{TODAY} 23:59:59",
        )
        expected = None if group["campaign_automation_type"] != "MANUAL" else group["adgroup_id"]
        assert {comment["adgroup_id"] for comment in comments} <= {expected}
        smart_plus_groups += expected is None and bool(comments)
        records += comments
    assert len(records) == distinct_count(records, "comment_id")
    assert len(records) == counts(client, include_deleted=include_deleted)["comments"] > 0
    assert smart_plus_groups


def test_diagnoses_group_suggestions_by_category(client: Client) -> None:
    """The diagnosis of an ad group groups its suggestions by category."""
    path = "/tool/diagnosis/get/"
    data = client.data(path)
    assert set(data) == {"results"}
    records = [
        (name, record["suggestion_id"])
        for result in data["results"]
        for suggestion in result["diagnosis"]["suggestions"]
        for name, suggestions in suggestion.items()
        for record in suggestions
    ]
    assert len(set(records)) == counts(client)["ad_group_diagnoses"] > 0
    assert {name for name, _ in records} == {"creative", "bid_and_budget", "event_track"}
    ad_group = data["results"][0]["adgroup_id"]
    filtering = {"adgroup_ids": [ad_group], "issue_category": ["CREATIVE"]}
    results = client.data(path, filtering=filtering)["results"]
    categories = [set(s) for result in results for s in result["diagnosis"]["suggestions"]]
    assert categories in ([], [{"creative"}])


def test_ad_reviews_are_keyed_by_ad(client: Client) -> None:
    """The review map has one review for each ad ID."""
    ads = client.all_records("/ad/get/", 100, filtering={"primary_status": "STATUS_ALL"})
    names = [ad["ad_id"] for ad in ads]
    ((member, records),) = client.data("/ad/review_info/", ad_ids=names, lang="en").items()
    assert member == "ad_review_map"
    assert [(name, record["ad_id"]) for name, record in records.items()] == [
        *zip(names, names, strict=True)
    ]
    assert len(records) == counts(client)["ad_review_info"]
    assert all(set(record) == set(RECORDS["ad_review_info"]) for record in records.values())


def test_pages_default_to_lead_forms(client: Client) -> None:
    """`/page/get/` lists lead forms by default. `business_types` overrides `business_type`."""
    pages = {
        name: [
            page["page_id"] for page in client.all_records("/page/get/", 2, business_types=[name])
        ]
        for name in PAGE_TYPES
    }
    assert all(pages.values())
    assert sum(map(len, pages.values())) == counts(client)["instant_pages"]
    default = client.all_records("/page/get/", 2)
    assert [page["page_id"] for page in default] == pages["LEAD_GEN"]
    assert "business_type" not in default[0]
    by_type = client.all_records("/page/get/", 2, business_type="STORE_FRONT")
    assert [page["page_id"] for page in by_type] == pages["STORE_FRONT"]
    both = client.all_records(
        "/page/get/", 2, business_type="LEAD_GEN", business_types=["POP_UP_FORM"]
    )
    assert [page["page_id"] for page in both] == pages["POP_UP_FORM"]


@pytest.mark.parametrize("params", [{"business_type": "FORM"}, {"business_types": ["FORM"]}])
def test_unknown_business_type_is_rejected(client: Client, params: dict[str, Any]) -> None:
    """An unknown business type is rejected."""
    assert client.get("/page/get/", **params)["code"] == 40002


def test_pixel_event_statistics_sum_days(client: Client) -> None:
    """The statistics of a date range are the sum of the statistics of its days."""
    names = [pixel["pixel_id"] for pixel in client.all_records("/pixel/list/", 20, "pixels")]

    def statistics(first: str, last: str) -> list[Any]:
        date_range = {"start_date": first, "end_date": last}
        records = []
        for start in range(0, len(names), 10):
            batch = names[start : start + 10]
            data = client.data("/pixel/event/stats/", pixel_ids=batch, date_range=date_range)
            assert set(data) == {"list"}
            records += [event for pixel in data["list"] for event in pixel["statistics"]]
        return records

    single_days = [statistics(day, day) for day in DAYS]
    assert sum(map(len, single_days)) == counts(client)["pixel_event_statistics"] > 0
    total = sum(event["total_count"] for events in single_days for event in events)
    assert total == sum(event["total_count"] for event in statistics(START, TODAY)) > 0
    assert {tuple(event) for events in single_days for event in events} == {EVENT_FIELDS}


def test_pixel_event_statistics_reject_31_days(client: Client) -> None:
    """A range of more than 30 days is rejected."""
    names = [pixel["pixel_id"] for pixel in client.all_records("/pixel/list/", 20, "pixels")]
    days = {"start_date": "2026-10-21", "end_date": "2026-11-20"}
    envelope = client.get("/pixel/event/stats/", pixel_ids=names[:1], date_range=days)
    assert envelope["code"] == 40002
    assert envelope["message"] == "date_range: Must not exceed 30 days."
    days["start_date"] = "2026-10-22"
    assert client.get("/pixel/event/stats/", pixel_ids=names[:1], date_range=days)["code"] == 0


def overview(client: Client, **params: Any) -> list[Any]:
    """Return the records of a lifetime overview."""
    defaults: dict[str, Any] = {
        "dimensions": ["smart_plus_ad_id", "main_material_id"],
        "query_lifetime": True,
    }
    return client.all_records(OVERVIEW, 3, **(defaults | params))


def test_material_reports_match_expected_count(client: Client) -> None:
    """Material reports match the expected count and include `main_material_type`."""
    for stream, records in (
        ("smart_plus_material_report", overview(client)),
        (
            "smart_plus_material_report_daily",
            client.all_records(
                BREAKDOWN,
                7,
                dimensions=["main_material_id", "stat_time_day"],
                start_date=START,
                end_date=TODAY,
            ),
        ),
    ):
        keys = [tuple(record["dimensions"].values()) for record in records]
        assert len(set(keys)) == len(records) == counts(client)[stream] > 0
        assert all(record["dimensions"]["main_material_type"] for record in records)


def test_material_spend_is_equal_for_all_dimensions(client: Client) -> None:
    """Overview and breakdown of the same days have equal spend for all dimensions."""
    params: dict[str, Any] = {"start_date": START, "end_date": TODAY, "metrics": ["spend"]}
    spends = [
        sum(
            round(100 * float(record["metrics"]["spend"]))
            for record in client.all_records(path, 100, dimensions=dimensions, **params)
        )
        for path, dimensions in (
            (OVERVIEW, ["advertiser_id", "main_material_id"]),
            (OVERVIEW, ["campaign_id", "main_material_id"]),
            (OVERVIEW, ["smart_plus_ad_id", "call_to_action_entity_id"]),
            (BREAKDOWN, ["main_material_id"]),
            (BREAKDOWN, ["main_material_id", "stat_time_day"]),
            (BREAKDOWN, ["main_material_id", "stat_time_week"]),
            (BREAKDOWN, ["main_material_id", "stat_time_month"]),
            (BREAKDOWN, ["call_to_action_entity_id", "main_material_id"]),
        )
    ]
    assert len(set(spends)) == 1
    assert spends[0] > 0


def test_material_status_needs_ad_dimension(client: Client) -> None:
    """Status metrics of a material are empty without the dimension `smart_plus_ad_id`."""
    names = ["ad_material_id", "material_primary_status", "operation_status", "spend"]
    records = overview(client, metrics=names, sort_field="spend")
    spends = [float(record["metrics"]["spend"]) for record in records]
    assert spends == sorted(spends, reverse=True)
    assert all(all(record["metrics"].values()) for record in records)
    records = overview(client, metrics=names, dimensions=["campaign_id", "main_material_id"])
    assert {record["metrics"]["ad_material_id"] for record in records} == {""}


def test_every_material_metric_is_accepted(client: Client) -> None:
    """Every documented material metric is accepted."""
    record = overview(client, metrics=sorted(MATERIAL_METRICS))[0]
    assert set(record["metrics"]) == MATERIAL_METRICS


def gmv_report(client: Client, store: str, **params: Any) -> list[Any]:
    """Return the records of a GMV Max report of a store."""
    defaults: dict[str, Any] = {
        "store_ids": [store],
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["cost", "orders", "gross_revenue", "roi"],
        "start_date": START,
        "end_date": TODAY,
    }
    return client.all_records("/gmv_max/report/get/", 11, **(defaults | params))


@pytest.mark.parametrize(
    ("promotion_type", "expected"), [("PRODUCT_GMV_MAX", "PRODUCT"), ("LIVE_GMV_MAX", "LIVE")]
)
def test_gmv_max_details_have_remaining_fields(
    client: Client, promotion_type: str, expected: str
) -> None:
    """The details of a GMV Max campaign have the fields that its list omits."""
    path, info = "/gmv_max/campaign/get/", "/campaign/gmv_max/info/"
    stores = [store["store_id"] for store in client.data("/store/list/")["stores"]]
    filtering = {"gmv_max_promotion_types": [promotion_type], "store_ids": stores[:1]}
    records = client.all_records(path, 2, filtering=filtering)
    assert records
    for record in records:
        assert set(record) == set(RECORDS["gmv_max_campaigns"])
        details = client.data(info, campaign_id=record["campaign_id"])
        omitted = {"item_group_ids"} if expected == "LIVE" else set()
        assert set(details) == set(RECORDS["gmv_max_campaign_info"]) - omitted
        assert (details["shopping_ads_type"], details["store_id"]) == (expected, stores[0])
        assert all(details[name] == record[name] for name in ("campaign_name", "operation_status"))
    envelope = client.get(info, campaign_id="1")
    assert (envelope["code"], "does not exist" in envelope["message"]) == (40002, True)


def gmv_report_of_both_types(client: Client, store: str, **params: Any) -> list[Any]:
    """Return the records of the GMV Max reports of both promotion types of a store."""
    return [
        record
        for name in ("PRODUCT", "LIVE")
        for record in gmv_report(
            client, store, filtering={"gmv_max_promotion_types": [name]}, **params
        )
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_gmv_max_reports_match_expected_count(serve: Callable[..., Client], number: int) -> None:
    """The reports of all available stores match the expected count."""
    client = serve(advertisers=2)
    owner = {"advertiser_id": client.world.advertiser_ids[number]}
    all_stores = client.data("/gmv_max/store/list/", **owner)["store_list"]
    assert [store["is_gmv_max_available"] for store in all_stores] == [True, number == 0]
    stores = [store["store_id"] for store in all_stores if store["is_gmv_max_available"]]
    records = [
        record for store in stores for record in gmv_report_of_both_types(client, store, **owner)
    ]
    expected = client.world.expected(START, TODAY, advertiser_ids=[*owner.values()])
    assert len(records) == expected["gmv_max_report"] > 0
    assert len({tuple(record["dimensions"].values()) for record in records}) == len(records)
    by_day = sum(round(100 * float(record["metrics"]["cost"])) for record in records)
    both = {"filtering": {"gmv_max_promotion_types": ["PRODUCT", "LIVE"]}}
    for params in (owner, owner | both):
        totals = [
            record
            for store in stores
            for record in gmv_report(client, store, dimensions=["advertiser_id"], **params)
        ]
        assert by_day == sum(round(100 * float(record["metrics"]["cost"])) for record in totals)


#: The dimensions at each level that has metrics of its own.
LEVELS = {
    "campaign_id": ["campaign_id"],
    "LIVE": ["campaign_id"],
    "item_group_id": ["item_group_id"],
    "item_id": ["campaign_id", "item_group_id", "item_id"],
    "room_id": ["room_id"],
    "duration": ["duration"],
    "advertiser_id": ["advertiser_id"],
}


def item_filter(client: Client, store: str, level: str) -> dict[str, Any]:
    """Return the filter that a level of a GMV Max report requires: one ID of each kind."""
    kind = "LIVE" if level in {"LIVE", "room_id"} else "PRODUCT"
    by_type = {"gmv_max_promotion_types": [kind]}
    campaigns = gmv_report(client, store, filtering=by_type)
    campaign_ids = {"campaign_ids": [campaigns[0]["dimensions"]["campaign_id"]]}
    if level in {"campaign_id", "LIVE"}:
        return campaign_ids | by_type
    if level == "advertiser_id":
        return by_type
    if level in {"item_group_id", "room_id"}:
        return campaign_ids
    products = gmv_report(client, store, dimensions=["item_group_id"], filtering=campaign_ids)
    return campaign_ids | {"item_group_ids": [products[0]["dimensions"]["item_group_id"]]}


@pytest.mark.parametrize("level", [name for name in GMV_METRICS if name])
def test_gmv_max_levels_have_their_metrics(client: Client, level: str) -> None:
    """Each level has its metrics. Names of posts need one ID dimension, and other levels one ID."""
    store = client.data("/store/list/")["stores"][0]["store_id"]
    names = [*GMV_METRICS[level], *GMV_METRICS[""]]
    if level == "item_id":
        names = [name for name in names if name.startswith(("ad_", "product_", "creative_"))]
    filtering = item_filter(client, store, level)
    records = gmv_report(
        client, store, dimensions=LEVELS[level], metrics=names, filtering=filtering
    )
    assert records
    assert all(set(record["metrics"]) == set(names) for record in records)
    assert all(set(record["dimensions"]) == set(LEVELS[level]) for record in records)


@pytest.mark.parametrize(
    ("dimensions", "filtering", "metrics", "message"),
    [
        (["campaign_id"], {}, ["cost"], "campaign_id needs one of gmv_max_promotion_types"),
        (
            ["campaign_id"],
            {"gmv_max_promotion_types": ["PRODUCT", "LIVE"]},
            ["cost"],
            "campaign_id needs one of",
        ),
        (
            ["campaign_id"],
            {"gmv_max_promotion_types": ["PRODUCT_GMV_MAX"]},
            ["cost"],
            "Invalid value 'PRODUCT_GMV_MAX'",
        ),
        (
            ["campaign_id"],
            {"gmv_max_promotion_types": ["PRODUCT"]},
            ["live_views"],
            "live_views needs LIVE",
        ),
        (
            ["campaign_id"],
            {"gmv_max_promotion_types": ["LIVE"]},
            ["product_clicks"],
            "product_clicks needs item_id",
        ),
        (
            ["advertiser_id"],
            {"gmv_max_promotion_types": ["LIVE"]},
            ["live_views"],
            "live_views needs LIVE",
        ),
        (["advertiser_id"], {}, ["campaign_name"], "campaign_name needs campaign_id"),
        (["campaign_id", "room_id"], {}, ["cost"], "room_id needs campaign_ids"),
        (["item_group_id"], {"item_group_ids": ["1"]}, ["cost"], "needs campaign_ids"),
        (
            ["item_id", "stat_time_day"],
            {"campaign_ids": ["1"]},
            ["cost"],
            "item_id needs item_group_ids",
        ),
        (
            ["item_group_id"],
            {"campaign_ids": ["1"], "gmv_max_promotion_types": ["PRODUCT"]},
            ["cost"],
            "gmv_max_promotion_types is not supported with item_group_id",
        ),
        (
            ["item_group_id"],
            {"campaign_ids": ["1", "2"]},
            ["product_name"],
            "product_name needs one ID dimension and one ID",
        ),
        (
            ["campaign_id", "room_id"],
            {"campaign_ids": ["1"]},
            ["live_name"],
            "live_name needs one ID dimension and one ID",
        ),
        (["item_group_id"], {"campaign_ids": ["1"]}, ["net_cost"], "net_cost needs"),
        (["campaign_id", "item_id"], {}, ["cost"], "is not a supported grouping"),
        (["item_id", "stat_time_hour"], {}, ["cost"], "is not a supported grouping"),
        (["duration", "stat_time_day"], {}, ["cost"], "is not a supported grouping"),
        (["room_id", "item_group_id"], {}, ["cost"], "is not a supported grouping"),
    ],
)
def test_gmv_max_report_rejections(
    client: Client,
    dimensions: list[str],
    filtering: dict[str, Any],
    metrics: list[str],
    message: str,
) -> None:
    """A report accepts the dimensions, filters and metrics of its level only."""
    store = client.data("/store/list/")["stores"][0]["store_id"]
    envelope = client.get(
        "/gmv_max/report/get/",
        store_ids=[store],
        dimensions=dimensions,
        metrics=metrics,
        start_date=START,
        end_date=START,
        filtering=filtering,
    )
    assert envelope["code"] == 40002
    assert message in envelope["message"]


def test_sessions_are_listed_by_campaign_for_products(client: Client) -> None:
    """Only campaigns for products have sessions. The details add the boosted posts."""
    path = "/campaign/gmv_max/session/list/"
    ids: dict[str, list[str]] = {}
    for kind in GMV_CAMPAIGNS["gmv_max_promotion_types"]:
        listed = client.all_records(
            "/gmv_max/campaign/get/", 11, filtering={"gmv_max_promotion_types": [kind]}
        )
        ids[kind] = [record["campaign_id"] for record in listed]
    envelope = client.get(path, campaign_id=ids["LIVE_GMV_MAX"][0])
    assert (envelope["code"], "does not exist" in envelope["message"]) == (40002, True)
    sessions = [
        session
        for campaign_id in ids["PRODUCT_GMV_MAX"]
        for session in client.data(path, campaign_id=campaign_id).get("session_list", ())
    ]
    assert sessions
    assert not any("item_id" in session for session in sessions)
    details = client.data(
        "/campaign/gmv_max/session/get/",
        session_ids=[session["session_id"] for session in sessions[:20]],
    )["session_list"]
    assert [
        {name: value for name, value in record.items() if name != "item_id"} for record in details
    ] == sessions[:20]
    assert {record["bid_type"] for record in details if "item_id" in record} == {"CREATIVE_NO_BID"}


def test_unavailable_store_has_no_report(serve: Callable[..., Client]) -> None:
    """A report of an unavailable store is rejected."""
    client = serve(advertisers=2)
    owner = {"advertiser_id": client.world.advertiser_ids[1]}
    store = client.data("/gmv_max/store/list/", **owner)["store_list"][1]["store_id"]
    envelope = client.get(
        "/gmv_max/report/get/",
        **owner,
        store_ids=[store],
        dimensions=["advertiser_id"],
        metrics=["cost"],
        start_date=START,
        end_date=START,
    )
    assert (envelope["code"], "is not available for GMV Max" in envelope["message"]) == (
        40002,
        True,
    )


def test_gmv_max_report_supports_hours_and_totals(client: Client) -> None:
    """A report supports hours of one day and, with `enable_total_metrics`, totals."""
    store = client.data("/store/list/")["stores"][0]["store_id"]
    day = {"start_date": TODAY, "end_date": TODAY}
    records = gmv_report_of_both_types(
        client, store, dimensions=["campaign_id", "stat_time_hour"], **day
    )
    assert {record["dimensions"]["stat_time_hour"][:10] for record in records} <= {TODAY}
    data = client.data(
        "/gmv_max/report/get/",
        store_ids=[store],
        dimensions=["campaign_id"],
        metrics=["cost"],
        start_date=START,
        end_date=TODAY,
        enable_total_metrics=True,
        filtering={"gmv_max_promotion_types": ["PRODUCT"]},
    )
    total = sum(round(100 * float(record["metrics"]["cost"])) for record in data["list"])
    assert round(100 * float(data["total_metrics"]["cost"])) == total > 0


@pytest.mark.parametrize("kind", ["ADVERTISER", "CATALOG", "PIXEL", "TIKTOK_SHOP", "LEAD"])
def test_business_center_lists_assets_by_type(client: Client, kind: str) -> None:
    """A Business Center lists its assets by type."""
    records = client.all_records(
        "/bc/asset/get/", 50, bc_id=client.business_center, asset_type=kind
    )
    assert {record["asset_type"] for record in records} <= {kind}
    assert bool(records) == (kind != "LEAD")


def test_other_objects_leave_campaigns_unchanged(serve: Callable[..., Client]) -> None:
    """The number of other objects does not change campaigns and ads."""
    small, large = serve(), serve(stores=5, comments=9, identities=8, business_centers=3)
    paths = ("/campaign/get/", "/ad/get/", "/pixel/list/", "/file/video/ad/search/")
    for path in paths:
        assert small.data(path) == large.data(path)


def test_account_without_smart_plus_returns_40118(serve: Callable[..., Client]) -> None:
    """Every Upgraded Smart+ endpoint rejects an account without Smart+ access."""
    client = serve(no_smart_plus=True)
    dates = {"start_date": START, "end_date": TODAY}
    for path, params in (
        ("/smart_plus/campaign/get/", {}),
        ("/smart_plus/adgroup/get/", {}),
        (OVERVIEW, {"dimensions": ["campaign_id", "main_material_id"], **dates}),
        (BREAKDOWN, {"dimensions": ["main_material_id"], **dates}),
    ):
        assert client.get(path, **params)["code"] == 40118
    assert counts(client)["smart_plus_material_report"] == 0


@pytest.mark.parametrize(
    ("kind", "stream", "path", "name", "key", "params"),
    [
        ("music", "music_creatives", "/file/music/get/", "musics", "music_id", {}),
        (
            "instant_pages",
            "instant_pages",
            "/page/get/",
            "list",
            "page_id",
            {"business_types": PAGE_TYPES},
        ),
        (
            "gmv_max_campaigns",
            "gmv_max_campaigns",
            "/gmv_max/campaign/get/",
            "list",
            "campaign_id",
            {"filtering": GMV_CAMPAIGNS},
        ),
    ],
)
def test_touch_and_delete_change_list(  # noqa: PLR0913, PLR0917
    serve: Callable[..., Client],
    kind: str,
    stream: str,
    path: str,
    name: str,
    key: str,
    params: dict[str, Any],
) -> None:
    """`touch` changes the modification time of an object. `delete` removes it from its list."""
    client = serve()
    record = client.all_records(path, 50, name, **params)[0]
    client.world.touch(kind, record[key], datetime(2026, 11, 20, 9))  # noqa: DTZ001
    changed = [
        item for item in client.all_records(path, 50, name, **params) if item[key] == record[key]
    ]
    times = {changed[0].get(field) for field in ("modify_time", "update_time")}
    assert times & {"2026-11-20 09:00:00", "2026-11-20T09:00:00Z"}
    client.world.delete(kind, record[key], datetime(2026, 11, 20, 9))  # noqa: DTZ001
    records = client.all_records(path, 50, name, **params)
    assert record[key] not in {item[key] for item in records}
    assert len(records) == counts(client)[stream]


def test_page_faults_apply_to_every_list_name(serve: Callable[..., Client]) -> None:
    """Page faults apply to lists of any name and ignore responses without a list."""
    client = serve(report_task_polls=0)
    client.simulator.add_fault("empty_page", path="/file/music/get/")
    assert client.data("/file/music/get/")["musics"] == []
    body = {"report_type": "BASIC", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    task = client.post_data("/report/task/create/", **body, start_date=START, end_date=TODAY)
    client.simulator.add_fault("empty_page", path="/report/task/download/")
    assert client.text_data("/report/task/download/", task_id=task["task_id"])
