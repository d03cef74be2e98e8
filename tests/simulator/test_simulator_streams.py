"""What stands beside campaigns, ads and their reports: all rows, filters, and their raw shapes."""

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
CENTERS: list[tuple[str, str, int, str, str, dict[str, Any]]] = [
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
]
TRANSFER_TYPES = [f"TRANS_TYPE_{name}" for name in ("TRANSFER", "TAX", "COST", "PAYMENT")]
CHOICES: dict[str, list[dict[str, Any]]] = {
    "advertiser_transactions": [
        {"filtering": {"start_date": START, "end_date": TODAY, "transfer_type": name}}
        for name in TRANSFER_TYPES
    ],
    "account_transactions": [{"transaction_level": level} for level in ("BC", "ADVERTISER")],
}
"""The lists that a stream reads of each Business Center."""
SHAPED = [(stream, path, size, name, params) for stream, path, size, name, _, params in LISTS]


def counts(client: Client, **options: Any) -> dict[str, int]:
    """Return the counts of the first advertiser."""
    return client.world.expected(START, TODAY, advertiser_ids=[client.first], **options)


def distinct(rows: list[Any], key: str) -> int:
    """Return how many different rows there are, by a field or by all of them."""
    return len({row[key] if key else json.dumps(row, sort_keys=True) for row in rows})


def test_every_endpoint_has_a_handler() -> None:
    """What the table of endpoints names is answered, and nothing else."""
    assert set(HANDLERS) == set(ENDPOINTS)


@pytest.mark.parametrize(("stream", "path", "size", "name", "key", "params"), LISTS)
def test_lists_are_complete(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, path: str, size: int, name: str, key: str, params: dict[str, Any]
) -> None:
    """All pages of a list together are the rows the world counts, each once."""
    rows = client.every(path, size, name, **params)
    assert len(rows) == distinct(rows, key) == counts(client)[stream] > 0


@pytest.mark.parametrize(("stream", "path", "size", "name", "key", "params"), CENTERS)
def test_centers_are_complete(  # noqa: PLR0913, PLR0917
    serve: Callable[..., Client],
    stream: str,
    path: str,
    size: int,
    name: str,
    key: str,
    params: dict[str, Any],
) -> None:
    """The rows of all Business Centers together are those the world counts, each once."""
    client = serve(business_centers=2)
    centers = client.every("/bc/get/", 1)
    ids = [center["bc_info"]["bc_id"] for center in centers]
    rows = [
        row
        for one in ids
        for choice in CHOICES.get(stream, [{}])
        for row in client.every(path, size, name, bc_id=one, **(params | choice))
    ]
    assert len(set(ids)) == counts(client)["business_centers"] == 2
    assert len(rows) == distinct(rows, key) == counts(client)[stream] > 0
    client.world.revoke(client.world.advertiser_ids[-1])
    assert counts(client)[stream] == len(rows)


def test_kinds_of_transactions(client: Client) -> None:
    """A request without a type has transfers, one without a level has ad accounts."""

    def rows(path: str, **params: Any) -> list[Any]:
        return client.every(path, 50, "transaction_list", bc_id=client.center, **params)

    path = "/advertiser/transaction/get/"
    assert {row["transfer_type"] for row in rows(path)} == {"TRANS_TYPE_TRANSFER"}
    for name in TRANSFER_TYPES:
        found = rows(path, filtering={"transfer_type": name})
        assert {row["transfer_type"] for row in found} == {name}
        has_funds = name not in {"TRANS_TYPE_TAX", "TRANS_TYPE_COST"}
        assert {row["funds_type"] is not None for row in found} == {has_funds}
    path = "/bc/account/transaction/get/"
    accounts, centers = rows(path), rows(path, transaction_level="BC")
    assert all(row["account_id"] for row in accounts)
    assert all(row["account_id"] is None for row in centers)
    (date,) = {type(row["date"]) for row in client.data(BC_PATH, bc_id=client.center)["list"]}
    assert date is int


def test_spark_ads(client: Client) -> None:
    """The id of a post is inside `item_info`; `item_types` keeps one kind."""
    posts = client.every("/tt_video/list/", 2)
    assert len({post["item_info"]["item_id"] for post in posts}) == counts(client)["spark_ads"] == 5
    kept = client.every("/tt_video/list/", 50, item_types=["CAROUSEL"])
    assert {post["item_info"]["item_type"] for post in kept} == {"CAROUSEL"}
    assert 0 < len(kept) < len(posts)


@pytest.mark.parametrize(
    ("stream", "path", "name"),
    [
        ("apps", "/app/list/", "apps"),
        ("stores", "/store/list/", "stores"),
        ("gmv_max_stores", "/gmv_max/store/list/", "store_list"),
    ],
)
def test_lists_without_pages(client: Client, stream: str, path: str, name: str) -> None:
    """Some lists come whole, without page_info."""
    data = client.data(path)
    assert set(data) == {name}
    assert len(data[name]) == counts(client)[stream] > 0


@pytest.mark.parametrize(("stream", "path", "size", "name", "params"), SHAPED)
def test_fields(  # noqa: PLR0913, PLR0917
    client: Client, stream: str, path: str, size: int, name: str, params: dict[str, Any]
) -> None:
    """A record has the fields of the sheet, where there is one, and none the tap adds."""
    for row in client.every(path, size, name, **params):
        assert stream not in RECORDS or set(row) == set(RECORDS[stream])


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
def test_filters(  # noqa: PLR0913, PLR0917
    client: Client, path: str, name: str, params: dict[str, Any], field: str, value: str
) -> None:
    """Filters keep the rows that match."""
    rows = client.every(path, 50, name, **params)
    assert {row[field] for row in rows} == {value}


def test_pages_changed_in_a_time(client: Client) -> None:
    """`update_time_range` keeps the instant pages changed in it."""
    rows = client.every("/page/get/", 100)
    latest = max(row["update_time"] for row in rows)
    kept = client.every("/page/get/", 100, update_time_range={"start": latest, "end": latest})
    assert [row["update_time"] for row in kept] == [latest]


@pytest.mark.parametrize("include_deleted", [True, False])
def test_comments(client: Client, include_deleted: bool) -> None:
    """The comments of all ad groups are those counted; Smart+ ones name no ad and ad group."""
    status = "STATUS_ALL" if include_deleted else "STATUS_NOT_DELETE"
    groups = client.every("/adgroup/get/", 100, filtering={"primary_status": status})
    smart = 0
    rows = []
    for group in groups:
        found = client.every(
            "/comment/list/",
            1,
            "comments",
            search_field="ADGROUP_ID",
            search_value=group["adgroup_id"],
            start_time=START,
            end_time=f"{TODAY} 23:59:59",
        )
        expected = None if group["campaign_automation_type"] != "MANUAL" else group["adgroup_id"]
        assert {row["adgroup_id"] for row in found} <= {expected}
        smart += expected is None and bool(found)
        rows += found
    assert len(rows) == distinct(rows, "comment_id")
    assert len(rows) == counts(client, include_deleted=include_deleted)["comments"] > 0
    assert smart


def test_diagnoses(client: Client) -> None:
    """Suggestions come in lists by category, below the diagnosis of their ad group."""
    path = "/tool/diagnosis/get/"
    data = client.data(path)
    assert set(data) == {"results"}
    rows = [
        (name, row["suggestion_id"])
        for result in data["results"]
        for suggestion in result["diagnosis"]["suggestions"]
        for name, found in suggestion.items()
        for row in found
    ]
    assert len(set(rows)) == counts(client)["ad_group_diagnoses"] > 0
    assert {name for name, _ in rows} == {"creative", "bid_and_budget", "event_track"}
    one = data["results"][0]["adgroup_id"]
    only = client.data(path, filtering={"adgroup_ids": [one], "issue_category": ["CREATIVE"]})
    lists = [set(found) for row in only["results"] for found in row["diagnosis"]["suggestions"]]
    assert lists in ([], [{"creative"}])


def test_ad_reviews(client: Client) -> None:
    """Every ad has a review, named by the ad's ID."""
    ads = client.every("/ad/get/", 100, filtering={"primary_status": "STATUS_ALL"})
    names = [ad["ad_id"] for ad in ads]
    ((member, rows),) = client.data("/ad/review_info/", ad_ids=names, lang="en").items()
    assert member == "ad_review_map"
    assert [(name, row["ad_id"]) for name, row in rows.items()] == [*zip(names, names, strict=True)]
    assert len(rows) == counts(client)["ad_review_info"]
    assert all(set(row) == set(RECORDS["ad_review_info"]) for row in rows.values())


def test_page_types(client: Client) -> None:
    """`/page/get/` lists lead forms unless other types are requested. `business_types` wins."""
    pages = {
        name: [page["page_id"] for page in client.every("/page/get/", 2, business_types=[name])]
        for name in PAGE_TYPES
    }
    assert all(pages.values())
    assert sum(map(len, pages.values())) == counts(client)["instant_pages"]
    listed = client.every("/page/get/", 2)
    assert [page["page_id"] for page in listed] == pages["LEAD_GEN"]
    assert "business_type" not in listed[0]
    one = client.every("/page/get/", 2, business_type="STORE_FRONT")
    assert [page["page_id"] for page in one] == pages["STORE_FRONT"]
    both = client.every("/page/get/", 2, business_type="LEAD_GEN", business_types=["POP_UP_FORM"])
    assert [page["page_id"] for page in both] == pages["POP_UP_FORM"]


@pytest.mark.parametrize("params", [{"business_type": "FORM"}, {"business_types": ["FORM"]}])
def test_unknown_page_types(client: Client, params: dict[str, Any]) -> None:
    """A business type that TikTok does not have is rejected."""
    assert client.get("/page/get/", **params)["code"] == 40002


def test_pixel_event_statistics(client: Client) -> None:
    """The statistics of at most ten pixels are one list, without dates: a sum over the days."""
    names = [pixel["pixel_id"] for pixel in client.every("/pixel/list/", 20, "pixels")]

    def statistics(first: str, last: str) -> list[Any]:
        date_range = {"start_date": first, "end_date": last}
        rows = []
        for start in range(0, len(names), 10):
            batch = names[start : start + 10]
            data = client.data("/pixel/event/stats/", pixel_ids=batch, date_range=date_range)
            assert set(data) == {"list"}
            rows += [event for pixel in data["list"] for event in pixel["statistics"]]
        return rows

    single_days = [statistics(day, day) for day in DAYS]
    assert sum(map(len, single_days)) == counts(client)["pixel_event_statistics"] > 0
    total = sum(event["total_count"] for events in single_days for event in events)
    assert total == sum(event["total_count"] for event in statistics(START, TODAY)) > 0
    assert {tuple(event) for events in single_days for event in events} == {EVENT_FIELDS}


def test_pixel_event_statistics_of_31_days(client: Client) -> None:
    """A range of more than 30 days is refused."""
    names = [pixel["pixel_id"] for pixel in client.every("/pixel/list/", 20, "pixels")]
    days = {"start_date": "2026-10-21", "end_date": "2026-11-20"}
    envelope = client.get("/pixel/event/stats/", pixel_ids=names[:1], date_range=days)
    assert envelope["code"] == 40002
    assert envelope["message"] == "date_range: Must not exceed 30 days."
    days["start_date"] = "2026-10-22"
    assert client.get("/pixel/event/stats/", pixel_ids=names[:1], date_range=days)["code"] == 0


def overview(client: Client, **params: Any) -> list[Any]:
    """Return the rows of an overview of all time."""
    sent: dict[str, Any] = {
        "dimensions": ["smart_plus_ad_id", "main_material_id"],
        "query_lifetime": True,
    }
    return client.every(OVERVIEW, 3, **(sent | params))


def test_material_reports(client: Client) -> None:
    """Both reports on materials have the rows counted, and `main_material_type` beside the id."""
    for stream, rows in (
        ("smart_plus_material_report", overview(client)),
        (
            "smart_plus_material_report_daily",
            client.every(
                BREAKDOWN,
                7,
                dimensions=["main_material_id", "stat_time_day"],
                start_date=START,
                end_date=TODAY,
            ),
        ),
    ):
        keys = [tuple(row["dimensions"].values()) for row in rows]
        assert len(set(keys)) == len(rows) == counts(client)[stream] > 0
        assert all(row["dimensions"]["main_material_type"] for row in rows)


def test_materials_add_up(client: Client) -> None:
    """Overview and breakdown of the same days have the same spend, whatever the dimensions."""
    params: dict[str, Any] = {"start_date": START, "end_date": TODAY, "metrics": ["spend"]}
    spends = [
        sum(
            round(100 * float(row["metrics"]["spend"]))
            for row in client.every(path, 100, dimensions=dimensions, **params)
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


def test_material_status(client: Client) -> None:
    """What an overview says of a material is empty unless the Smart+ ad is a dimension."""
    names = ["ad_material_id", "material_primary_status", "operation_status", "spend"]
    rows = overview(client, metrics=names, sort_field="spend")
    spends = [float(row["metrics"]["spend"]) for row in rows]
    assert spends == sorted(spends, reverse=True)
    assert all(all(row["metrics"].values()) for row in rows)
    rows = overview(client, metrics=names, dimensions=["campaign_id", "main_material_id"])
    assert {row["metrics"]["ad_material_id"] for row in rows} == {""}


def test_metrics_of_materials(client: Client) -> None:
    """Every metric of the official list is accepted."""
    row = overview(client, metrics=sorted(MATERIAL_METRICS))[0]
    assert set(row["metrics"]) == MATERIAL_METRICS


def gmv(client: Client, store: str, **params: Any) -> list[Any]:
    """Return the rows of a GMV Max report of a store."""
    sent: dict[str, Any] = {
        "store_ids": [store],
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["cost", "orders", "gross_revenue", "roi"],
        "start_date": START,
        "end_date": TODAY,
    }
    return client.every("/gmv_max/report/get/", 11, **(sent | params))


@pytest.mark.parametrize(
    ("sent", "expected"), [("PRODUCT_GMV_MAX", "PRODUCT"), ("LIVE_GMV_MAX", "LIVE")]
)
def test_gmv_max_details(client: Client, sent: str, expected: str) -> None:
    """The list has nine fields, and the details of a campaign have all others."""
    path, info = "/gmv_max/campaign/get/", "/campaign/gmv_max/info/"
    stores = [store["store_id"] for store in client.data("/store/list/")["stores"]]
    filtering = {"gmv_max_promotion_types": [sent], "store_ids": stores[:1]}
    rows = client.every(path, 2, filtering=filtering)
    assert rows
    for row in rows:
        assert set(row) == set(RECORDS["gmv_max_campaigns"])
        details = client.data(info, campaign_id=row["campaign_id"])
        missing = {"item_group_ids"} if expected == "LIVE" else set()
        assert set(details) == set(RECORDS["gmv_max_campaign_info"]) - missing
        assert (details["shopping_ads_type"], details["store_id"]) == (expected, stores[0])
        assert all(details[name] == row[name] for name in ("campaign_name", "operation_status"))
    answer = client.get(info, campaign_id="1")
    assert (answer["code"], "does not exist" in answer["message"]) == (40002, True)


def both_types(client: Client, store: str, **params: Any) -> list[Any]:
    """Return the rows of the GMV Max reports of both promotion types of a store."""
    return [
        row
        for name in ("PRODUCT", "LIVE")
        for row in gmv(client, store, filtering={"gmv_max_promotion_types": [name]}, **params)
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_gmv_max_report(serve: Callable[..., Client], number: int) -> None:
    """The reports of all available stores together have the rows the world counts."""
    client = serve(advertisers=2)
    owner = {"advertiser_id": client.world.advertiser_ids[number]}
    found = client.data("/gmv_max/store/list/", **owner)["store_list"]
    assert [store["is_gmv_max_available"] for store in found] == [True, number == 0]
    stores = [store["store_id"] for store in found if store["is_gmv_max_available"]]
    rows = [row for store in stores for row in both_types(client, store, **owner)]
    expected = client.world.expected(START, TODAY, advertiser_ids=[*owner.values()])
    assert len(rows) == expected["gmv_max_report"] > 0
    assert len({tuple(row["dimensions"].values()) for row in rows}) == len(rows)
    by_day = sum(round(100 * float(row["metrics"]["cost"])) for row in rows)
    both = {"filtering": {"gmv_max_promotion_types": ["PRODUCT", "LIVE"]}}
    for sent in (owner, owner | both):
        whole = [
            row for one in stores for row in gmv(client, one, dimensions=["advertiser_id"], **sent)
        ]
        assert by_day == sum(round(100 * float(row["metrics"]["cost"])) for row in whole)


LEVELS = {
    "campaign_id": ["campaign_id"],
    "LIVE": ["campaign_id"],
    "item_group_id": ["campaign_id", "item_group_id"],
    "item_id": ["campaign_id", "item_id"],
    "room_id": ["campaign_id", "room_id"],
}


@pytest.mark.parametrize("level", [name for name in GMV_METRICS if name])
def test_gmv_max_metrics(client: Client, level: str) -> None:
    """Properties of a campaign, product, post or live room come with their dimension."""
    store = client.data("/store/list/")["stores"][0]["store_id"]
    names = [*GMV_METRICS[level], *GMV_METRICS[""]]
    dimensions = LEVELS[level]
    campaigns = both_types(client, store)
    filtering: dict[str, Any] = {
        "campaign_ids": list({row["dimensions"]["campaign_id"] for row in campaigns})
    }
    if len(dimensions) == 1:
        filtering["gmv_max_promotion_types"] = ["LIVE"]
    rows = gmv(client, store, dimensions=dimensions, metrics=names, filtering=filtering)
    assert rows
    assert all(set(row["metrics"]) == set(names) for row in rows)
    if len(dimensions) > 1:
        one = rows[0]["dimensions"][level]
        kept = gmv(client, store, dimensions=dimensions, filtering=filtering | {f"{level}s": [one]})
        assert {row["dimensions"][level] for row in kept} == {one}


@pytest.mark.parametrize(
    ("dimensions", "types", "metrics", "message"),
    [
        (["campaign_id"], None, ["cost"], "campaign_id needs one of gmv_max_promotion_types"),
        (["campaign_id"], ["PRODUCT", "LIVE"], ["cost"], "campaign_id needs one of"),
        (["campaign_id"], ["PRODUCT_GMV_MAX"], ["cost"], "Invalid value 'PRODUCT_GMV_MAX'"),
        (["campaign_id"], ["PRODUCT"], ["live_views"], "live_views needs LIVE"),
        (["campaign_id"], ["LIVE"], ["product_clicks"], "product_clicks needs item_id"),
        (["advertiser_id"], ["LIVE"], ["live_views"], "live_views needs LIVE"),
        (["advertiser_id"], None, ["campaign_name"], "campaign_name needs campaign_id"),
        (["campaign_id", "room_id"], ["LIVE"], ["cost"], "room_id needs campaign_ids"),
    ],
)
def test_gmv_max_promotion_types(
    client: Client, dimensions: list[str], types: list[str] | None, metrics: list[str], message: str
) -> None:
    """A report by campaign is of one promotion type, and has the metrics of this type."""
    store = client.data("/store/list/")["stores"][0]["store_id"]
    filtering = {} if types is None else {"filtering": {"gmv_max_promotion_types": types}}
    days = {"start_date": START, "end_date": START}
    answer = client.get(
        "/gmv_max/report/get/",
        store_ids=[store],
        dimensions=dimensions,
        metrics=metrics,
        **days,
        **filtering,
    )
    assert answer["code"] == 40002
    assert message in answer["message"]


def test_unavailable_store(serve: Callable[..., Client]) -> None:
    """A store that GMV Max may not promote has no report."""
    client = serve(advertisers=2)
    owner = {"advertiser_id": client.world.advertiser_ids[1]}
    store = client.data("/gmv_max/store/list/", **owner)["store_list"][1]["store_id"]
    answer = client.get(
        "/gmv_max/report/get/",
        **owner,
        store_ids=[store],
        dimensions=["advertiser_id"],
        metrics=["cost"],
        start_date=START,
        end_date=START,
    )
    assert (answer["code"], "is not available for GMV Max" in answer["message"]) == (40002, True)


def test_gmv_max_hours_and_totals(client: Client) -> None:
    """A single day can be read by the hour, and enable_total_metrics adds the sum."""
    store = client.data("/store/list/")["stores"][0]["store_id"]
    day = {"start_date": TODAY, "end_date": TODAY}
    rows = both_types(client, store, dimensions=["campaign_id", "stat_time_hour"], **day)
    assert {row["dimensions"]["stat_time_hour"][:10] for row in rows} <= {TODAY}
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
    total = sum(round(100 * float(row["metrics"]["cost"])) for row in data["list"])
    assert round(100 * float(data["total_metrics"]["cost"])) == total > 0


@pytest.mark.parametrize("kind", ["ADVERTISER", "CATALOG", "PIXEL", "TIKTOK_SHOP", "LEAD"])
def test_assets_of_a_center(client: Client, kind: str) -> None:
    """A Business Center lists its assets by kind."""
    rows = client.every("/bc/asset/get/", 50, bc_id=client.center, asset_type=kind)
    assert {row["asset_type"] for row in rows} <= {kind}
    assert bool(rows) == (kind != "LEAD")


def test_new_objects_change_no_old_ones(serve: Callable[..., Client]) -> None:
    """How many objects there are of the other kinds changes nothing of campaigns and ads."""
    small, large = serve(), serve(stores=5, comments=9, identities=8, business_centers=3)
    paths = ("/campaign/get/", "/ad/get/", "/pixel/list/", "/file/video/ad/search/")
    for path in paths:
        assert small.data(path) == large.data(path)


def test_without_smart_plus(serve: Callable[..., Client]) -> None:
    """An account that may not use Upgraded Smart+ is refused on all of its endpoints."""
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
def test_changes(  # noqa: PLR0913, PLR0917
    serve: Callable[..., Client],
    kind: str,
    stream: str,
    path: str,
    name: str,
    key: str,
    params: dict[str, Any],
) -> None:
    """`touch` changes when an object was modified, `delete` takes it from its list."""
    client = serve()
    row = client.every(path, 50, name, **params)[0]
    client.world.touch(kind, row[key], datetime(2026, 11, 20, 9))  # noqa: DTZ001
    changed = [one for one in client.every(path, 50, name, **params) if one[key] == row[key]]
    times = {changed[0].get(field) for field in ("modify_time", "update_time")}
    assert times & {"2026-11-20 09:00:00", "2026-11-20T09:00:00Z"}
    client.world.delete(kind, row[key], datetime(2026, 11, 20, 9))  # noqa: DTZ001
    rows = client.every(path, 50, name, **params)
    assert row[key] not in {one[key] for one in rows}
    assert len(rows) == counts(client)[stream]


def test_faults_in_pages(serve: Callable[..., Client]) -> None:
    """Faults of a page work whatever the name of the list, and pass by what has none."""
    client = serve(report_task_polls=0)
    client.simulator.add_fault("empty_page", path="/file/music/get/")
    assert client.data("/file/music/get/")["musics"] == []
    body = {"report_type": "BASIC", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    task = client.posted("/report/task/create/", **body, start_date=START, end_date=TODAY)
    client.simulator.add_fault("empty_page", path="/report/task/download/")
    assert client.data_of("/report/task/download/", task_id=task["task_id"])
