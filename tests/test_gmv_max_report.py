"""The report of GMV Max: one request per advertiser, store, promotion type and window."""

from __future__ import annotations

import contextlib
import json
import typing as t
from datetime import datetime, timezone

import pytest
from conftest import SMALL, Messages, catalog_of, config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract.schemas import infer_schema
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STREAM, PATH, STORES = "gmv_max_report", "/gmv_max/report/get/", "/gmv_max/store/list/"
LIVE_METRICS = [
    *("live_views", "cost_per_live_view", "10_second_live_views"),
    *("cost_per_10_second_live_view", "live_follows"),
]
STORE_LIST = [
    {"store_id": "11", "is_gmv_max_available": True},
    {"store_id": "12", "is_gmv_max_available": False},
    {"store_id": "13", "is_gmv_max_available": None},
    {"store_id": "14"},
]
REJECTED = (40002, "The store has no LIVE campaigns.")
DENIED = (40001, "advertiser does not grant you /gmv_max/report/get/:GET permission")


def store_and_type(call: Call) -> tuple[str, str]:
    """Return the store and the promotion type of a request."""
    (store,) = json.loads(call.query["store_ids"])
    (promotion_type,) = json.loads(call.query["filtering"])["gmv_max_promotion_types"]
    return store, promotion_type


def report(call: Call) -> bytes:
    """Return one campaign per store and type, with every requested metric."""
    store, promotion_type = store_and_type(call)
    metrics = dict.fromkeys(json.loads(call.query["metrics"]), "2.00")
    if "cost" in metrics:
        metrics |= {"orders": "-", "cost": "12.5"}
    day = f"{call.query['start_date']} 00:00:00"
    dimensions = {"campaign_id": f"{store}{promotion_type}", "stat_time_day": day}
    records = [{"dimensions": dimensions, "metrics": metrics}]
    return envelope({"list": records, "page_info": {"page": 1, "total_number": 1, "total_page": 1}})


@contextlib.contextmanager
def shops(
    respond: Callable[[Call], bytes] = report, stores: t.Any = STORE_LIST
) -> Iterator[tuple[str, list[Call]]]:
    """Run a server with stores and their reports."""

    def respond_to(call: Call) -> bytes:
        if call.path == STORES:
            return envelope({"store_list": stores})
        if call.path == PATH:
            return respond(call)
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond_to) as (url, calls):
        yield url, calls


def reports(calls: list[Call]) -> list[Call]:
    """Return the report requests."""
    return [call for call in calls if call.path == PATH]


def failing(error: tuple[int, str], *types: tuple[str, str]) -> Callable[[Call], bytes]:
    """Return a response function that fails for these stores and types, or for all by default."""

    def respond(call: Call) -> bytes:
        if types and store_and_type(call) not in types:
            return report(call)
        return envelope({}, *error)

    return respond


def test_one_request_per_available_store_and_type() -> None:
    """Stores are requested unless their flag says unavailable."""
    with shops() as (url, calls):
        messages = run(config_at(url), [STREAM])
    pairs = [store_and_type(call) for call in reports(calls)]
    assert sorted(pairs) == [
        (store, name) for store in ("11", "13", "14") for name in ("LIVE", "PRODUCT")
    ]
    campaigns = {
        (record["store_id"], record["campaign_id"], record["gmv_max_promotion_type"])
        for record in messages.records[STREAM]
    }
    assert campaigns == {(store, f"{store}{name}", name) for store, name in pairs}
    schema = messages.schemas[STREAM]
    assert schema["key_properties"] == ["advertiser_id", "store_id", "campaign_id", "stat_time_day"]
    assert all(record["orders"] is None for record in messages.records[STREAM])


def test_stores_without_the_flag_are_requested() -> None:
    """Every store is requested if no store has the availability flag."""
    with shops(stores=[{"store_id": "14"}]) as (url, calls):
        run(config_at(url), [STREAM])
    assert {store_and_type(call)[0] for call in reports(calls)} == {"14"}


def test_live_metrics_are_requested_for_live_campaigns_only() -> None:
    """LIVE metrics have values for LIVE campaigns, and are null for product campaigns."""
    with shops() as (url, calls):
        config = config_at(url, report_metrics={STREAM: ["cost", *LIVE_METRICS, "bid_type"]})
        messages = run(config, [STREAM])
    metrics = {
        store_and_type(call)[1]: json.loads(call.query["metrics"]) for call in reports(calls)
    }
    assert metrics == {"PRODUCT": ["cost", "bid_type"], "LIVE": ["cost", *LIVE_METRICS, "bid_type"]}
    columns = messages.schemas[STREAM]["schema"]["properties"]
    assert columns["10_second_live_views"]["type"] == ["integer", "null"]
    assert columns["cost_per_10_second_live_view"]["type"] == ["number", "null"]
    assert "net_cost" not in columns
    for record in messages.records[STREAM]:
        is_live = record["gmv_max_promotion_type"] == "LIVE"
        assert record.get("10_second_live_views") == (2 if is_live else None)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["usual"], 6), (["usual", "live_views"], 7), (["all"], 27)],
)
def test_usual_and_all_metrics(words: list[str], expected: int) -> None:
    """`usual` means the default metrics, and `all` means all metrics of campaigns."""
    config = config_at("http://127.0.0.1:1", report_metrics={STREAM: words})
    (entry,) = catalog_of(config, [STREAM], alone=True)["streams"]
    assert len(entry["schema"]["properties"]) == expected + len(entry["key_properties"]) + 1


@pytest.mark.parametrize("name", ["costs", "product_impressions", "live_name", "spend"])
def test_metric_of_another_level_is_an_error(name: str) -> None:
    """A metric of products, creatives or livestreams is an error before any request."""
    config = config_at("http://127.0.0.1:1", report_metrics={STREAM: [name]})
    with pytest.raises(errors.ConfigError, match=f"gmv_max_report: unknown metric .*'{name}'"):
        run(config, [STREAM])


@pytest.mark.parametrize(
    ("selected", "product", "live"),
    [
        ("cost live_views", ["cost"], ["cost", "live_views"]),
        ("live_views", ["cost"], ["live_views"]),
    ],
)
def test_deselected_metrics_are_not_requested(
    selected: str, product: list[str], live: list[str]
) -> None:
    """Deselected metrics are not requested, except the one metric that TikTok requires."""
    with shops() as (url, calls):
        config = config_at(url, report_metrics={STREAM: ["usual", *LIVE_METRICS]})
        catalog = catalog_of(config, [STREAM], alone=True)
        for item in catalog["streams"][0]["metadata"]:
            if item["breadcrumb"] and item["metadata"]["inclusion"] == "available":
                item["metadata"]["selected"] = item["breadcrumb"][-1] in selected.split()
        messages = run(config, catalog=catalog)
    metrics = {
        store_and_type(call)[1]: json.loads(call.query["metrics"]) for call in reports(calls)
    }
    assert metrics == {"PRODUCT": product, "LIVE": live}
    assert all(set(record) <= columns_of(messages, selected) for record in messages.records[STREAM])


def columns_of(messages: Messages, selected: str) -> set[str]:
    """Return the key columns and the selected columns."""
    return {*messages.schemas[STREAM]["key_properties"], *selected.split()}


def test_rejected_store_and_type_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """Other types and stores are read, and the next run re-reads the days."""
    with shops(failing(REJECTED, ("11", "LIVE"), ("14", "PRODUCT"))) as (url, calls):
        messages = run(config_at(url, lookback_days=0), [STREAM, "sync_errors"])
    assert len(reports(calls)) == 6
    campaigns = {record["campaign_id"] for record in messages.records[STREAM]}
    assert campaigns == {"11PRODUCT", "13LIVE", "13PRODUCT", "14LIVE"}
    assert messages.bookmarks(STREAM) == {}
    skipped = messages.records["sync_errors"]
    assert [(error["code"], error["action"]) for error in skipped] == [(40002, "skipped")] * 2
    for subject in ("LIVE campaigns of store 11", "PRODUCT campaigns of store 14"):
        assert sum(f"skips {subject}, advertiser 1" in line for line in caplog.messages) == 1


def test_rejected_metric_stops_the_run() -> None:
    """A rejection that names a metric stops the run, and skips no type."""
    rejected = (40002, "metrics: Invalid metric: net_cost.")
    with (
        shops(failing(rejected, ("11", "PRODUCT"))) as (url, _),
        pytest.raises(errors.RejectedRequestError),
    ):
        run(config_at(url), [STREAM])


def test_required_metric_has_no_column() -> None:
    """The metric that TikTok requires is not written without a column."""
    with shops(stores=STORE_LIST[:1]) as (url, calls):
        settings = {"report_metrics": {STREAM: ["live_views"]}}
        messages = run(config_at(url, **settings), [STREAM])
    metrics = {store_and_type(call)[1]: call.query["metrics"] for call in reports(calls)}
    assert metrics == {"PRODUCT": '["cost"]', "LIVE": '["live_views"]'}
    assert not any("cost" in record for record in messages.records[STREAM])
    assert len(messages.records[STREAM]) == 2


def test_denied_advertiser_sends_one_request() -> None:
    """A denied request skips the stream for the advertiser, without an error."""
    with shops(failing(DENIED)) as (url, calls):
        messages = run(config_at(url, max_concurrency=1), [STREAM])
    assert len(reports(calls)) == 1
    assert messages.records[STREAM] == []
    assert messages.failed == []


def test_new_metrics_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A run logs the metrics that covered days lack."""
    with shops() as (url, _):
        first = run(config_at(url), [STREAM])
        config = config_at(url, report_metrics={STREAM: ["usual", "live_views"]})
        run(config, [STREAM], state=first.state)
    assert any("earlier runs did not read: live_views." in line for line in caplog.messages)


CUSTOM: dict[str, t.Any] = {
    "name": "gmv_live",
    "url": PATH,
    "params": {
        "advertiser_id": "{advertiser_id}",
        "store_ids": ["11"],
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["cost", "orders", "campaign_name"],
        "filtering": {"gmv_max_promotion_types": ["LIVE"]},
        "start_date": "{start_date}",
        "end_date": "{end_date}",
    },
    "page_size": 1000,
    "primary_keys": ["advertiser_id", "campaign_id", "stat_time_day"],
    "replication_key": "stat_time_day",
}
TEXT = {"type": ["string", "null"]}
COLUMNS = dict.fromkeys(
    ("advertiser_id", "campaign_id", "stat_time_day", "cost", "orders", "campaign_name"), TEXT
)


@pytest.mark.parametrize("url_path", [PATH, f"/open_api/v2.0{PATH}"])
def test_custom_stream_has_catalog_types(url_path: str) -> None:
    """Metrics of a custom stream have the types of the metric catalog, and a dash is null."""

    def respond(call: Call) -> bytes:
        metrics = {"cost": "12.5", "orders": "-", "campaign_name": "-"}
        dimensions = {"campaign_id": "7", "stat_time_day": f"{call.query['start_date']} 00:00:00"}
        return envelope({"list": [{"dimensions": dimensions, "metrics": metrics}]})

    def respond_to(call: Call) -> bytes:
        if call.path.endswith(PATH):
            return respond(call)
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    custom = {**CUSTOM, "url": url_path, "pagination": "none"}
    with serving(respond_to) as (url, calls):
        inferred = run(config_at(url, custom_streams=[custom]), ["gmv_live"])
        typed = {**custom, "schema": {"type": "object", "properties": COLUMNS}}
        unchanged = run(config_at(url, custom_streams=[typed]), ["gmv_live"])
    assert any(call.path == url_path for call in calls)
    columns = inferred.schemas["gmv_live"]["schema"]["properties"]
    assert columns["orders"]["type"] == ["integer", "null"]
    (record,) = inferred.records["gmv_live"]
    assert (record["cost"], record["orders"], record["campaign_name"]) == (12.5, None, None)
    (record,) = unchanged.records["gmv_live"]
    assert (record["cost"], record["orders"], record["campaign_name"]) == ("12.5", "-", "-")


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        (PATH, "cost", ["number", "null"]),
        (PATH, "orders", ["integer", "null"]),
        (PATH, "impressions", ["integer", "null"]),
        ("/report/integrated/get/", "10_second_live_views", ["string", "null"]),
        ("/report/integrated/get/", "spend", ["number", "null"]),
        ("/smart_plus/material_report/overview/", "clicks", ["integer", "null"]),
        ("/campaign/get/", "10_second_live_views", ["string", "null"]),
        ("/campaign/get/", "own_number", ["string", "null"]),
    ],
)
def test_endpoint_selects_the_metric_catalog(path: str, name: str, expected: list[str]) -> None:
    """The endpoint of a report selects the metric catalog for its types."""
    assert infer_schema([{name: "-"}], path)["properties"][name]["type"] == expected


def test_integer_sample_is_inferred_as_number() -> None:
    """An integer in the sample is inferred as a number if the metric is a number."""
    assert infer_schema([{"spend": 5}], "/report/integrated/get/")["properties"]["spend"][
        "type"
    ] == ["number", "null"]


@pytest.mark.parametrize("include_deleted", [True, False])
def test_deleted_campaigns_need_all_statuses(*, include_deleted: bool) -> None:
    """All statuses are requested to include deleted campaigns."""
    with shops() as (url, calls):
        run(config_at(url, include_deleted=include_deleted), [STREAM])
    filters = [json.loads(call.query["filtering"]) for call in calls if call.path == PATH]
    statuses = {"STATUS_DELIVERY_OK", "STATUS_DISABLE", "STATUS_NOT_DELIVERY", "STATUS_DELETE"}
    expected = statuses if include_deleted else set()
    assert all({*filtering.get("campaign_statuses", ())} == expected for filtering in filters)
    assert filters


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_deletion_keeps_the_records(seed: int) -> None:
    """The records of a campaign do not change after its deletion."""
    with Simulator({**SMALL, "advertisers": 1, "seed": seed}) as sim:
        old_records = run(config_for(sim), [STREAM]).records[STREAM]
        sim.world.delete(
            "gmv_max_campaigns", old_records[0]["campaign_id"], datetime.now(timezone.utc)
        )
        new_records = run(config_for(sim), [STREAM]).records[STREAM]
    assert sorted(map(repr, new_records)) == sorted(map(repr, old_records))
