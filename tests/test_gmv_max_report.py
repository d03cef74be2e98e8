"""The report of GMV Max: one request per advertiser, shop, promotion type and window."""

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


def requested(call: Call) -> tuple[str, str]:
    """Return the shop and the promotion type of a request, of which there is one each."""
    (store,) = json.loads(call.query["store_ids"])
    (promotion_type,) = json.loads(call.query["filtering"])["gmv_max_promotion_types"]
    return store, promotion_type


def report(call: Call) -> bytes:
    """Return one campaign per shop and type, with every metric that was requested."""
    store, promotion_type = requested(call)
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
    """A server with shops and their report."""

    def answer(call: Call) -> bytes:
        if call.path == STORES:
            return envelope({"store_list": stores})
        if call.path == PATH:
            return respond(call)
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(answer) as (url, calls):
        yield url, calls


def reports(calls: list[Call]) -> list[Call]:
    """Return the requests for reports."""
    return [call for call in calls if call.path == PATH]


def refusing(error: tuple[int, str], *types: tuple[str, str]) -> Callable[[Call], bytes]:
    """Return a response that refuses some shops and types, or all without any."""

    def respond(call: Call) -> bytes:
        if types and requested(call) not in types:
            return report(call)
        return envelope({}, *error)

    return respond


def test_one_request_per_available_shop_and_type() -> None:
    """A shop without the flag is requested, an unavailable shop is not."""
    with shops() as (url, calls):
        messages = run(config_at(url), [STREAM])
    pairs = [requested(call) for call in reports(calls)]
    assert sorted(pairs) == [
        (store, name) for store in ("11", "13", "14") for name in ("LIVE", "PRODUCT")
    ]
    found = {
        (record["store_id"], record["campaign_id"], record["gmv_max_promotion_type"])
        for record in messages.records[STREAM]
    }
    assert found == {(store, f"{store}{name}", name) for store, name in pairs}
    schema = messages.schemas[STREAM]
    assert schema["key_properties"] == ["advertiser_id", "store_id", "campaign_id", "stat_time_day"]
    assert all(record["orders"] is None for record in messages.records[STREAM])


def test_shops_that_never_send_the_flag() -> None:
    """Every shop is requested if TikTok says of none whether it is available."""
    with shops(stores=[{"store_id": "14"}]) as (url, calls):
        run(config_at(url), [STREAM])
    assert {requested(call)[0] for call in reports(calls)} == {"14"}


def test_metrics_of_one_type_are_requested_there_only() -> None:
    """LIVE metrics are numbers of LIVE campaigns, and null for product campaigns."""
    with shops() as (url, calls):
        config = config_at(url, report_metrics={STREAM: ["cost", *LIVE_METRICS, "bid_type"]})
        messages = run(config, [STREAM])
    metrics = {requested(call)[1]: json.loads(call.query["metrics"]) for call in reports(calls)}
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
def test_words_of_report_metrics(words: list[str], expected: int) -> None:
    """`usual` stands for the default metrics, and `all` for those of campaigns."""
    config = config_at("http://127.0.0.1:1", report_metrics={STREAM: words})
    (entry,) = catalog_of(config, [STREAM], alone=True)["streams"]
    assert len(entry["schema"]["properties"]) == expected + len(entry["key_properties"]) + 1


@pytest.mark.parametrize("name", ["costs", "product_impressions", "live_name", "spend"])
def test_metrics_that_campaigns_do_not_have(name: str) -> None:
    """A metric of products, creatives or livestreams is refused before any request."""
    config = config_at("http://127.0.0.1:1", report_metrics={STREAM: [name]})
    with pytest.raises(errors.ConfigError, match=f"gmv_max_report: unknown metric .*'{name}'"):
        run(config, [STREAM])


@pytest.mark.parametrize(
    ("kept", "product", "live"),
    [
        ("cost live_views", ["cost"], ["cost", "live_views"]),
        ("live_views", ["cost"], ["live_views"]),
    ],
)
def test_deselected_metrics_are_not_requested(
    kept: str, product: list[str], live: list[str]
) -> None:
    """A request has one metric at least, which TikTok requires."""
    with shops() as (url, calls):
        config = config_at(url, report_metrics={STREAM: ["usual", *LIVE_METRICS]})
        catalog = catalog_of(config, [STREAM], alone=True)
        for item in catalog["streams"][0]["metadata"]:
            if item["breadcrumb"] and item["metadata"]["inclusion"] == "available":
                item["metadata"]["selected"] = item["breadcrumb"][-1] in kept.split()
        messages = run(config, catalog=catalog)
    metrics = {requested(call)[1]: json.loads(call.query["metrics"]) for call in reports(calls)}
    assert metrics == {"PRODUCT": product, "LIVE": live}
    assert all(set(record) <= columns_of(messages, kept) for record in messages.records[STREAM])


def columns_of(messages: Messages, kept: str) -> set[str]:
    """Return the key columns and the selected columns."""
    return {*messages.schemas[STREAM]["key_properties"], *kept.split()}


def test_a_rejected_type_of_a_shop(caplog: pytest.LogCaptureFixture) -> None:
    """The other type and the other shops are read. The next run reads the days again."""
    with shops(refusing(REJECTED, ("11", "LIVE"), ("14", "PRODUCT"))) as (url, calls):
        messages = run(config_at(url, lookback_days=0), [STREAM, "sync_errors"])
    assert len(reports(calls)) == 6
    found = {record["campaign_id"] for record in messages.records[STREAM]}
    assert found == {"11PRODUCT", "13LIVE", "13PRODUCT", "14LIVE"}
    assert messages.bookmarks(STREAM) == {}
    skipped = messages.records["sync_errors"]
    assert [(error["code"], error["action"]) for error in skipped] == [(40002, "skipped")] * 2
    for subject in ("LIVE campaigns of store 11", "PRODUCT campaigns of store 14"):
        assert sum(f"Skipping {subject}, advertiser 1" in line for line in caplog.messages) == 1


def test_a_rejected_metric() -> None:
    """A message that names a metric is no reason to skip a type: the run ends."""
    rejected = (40002, "metrics: Invalid metric: net_cost.")
    with (
        shops(refusing(rejected, ("11", "PRODUCT"))) as (url, _),
        pytest.raises(errors.RejectedRequestError),
    ):
        run(config_at(url), [STREAM])


def test_metrics_of_one_type() -> None:
    """The metric that TikTok requires of a request has no value without a column."""
    with shops(stores=STORE_LIST[:1]) as (url, calls):
        settings = {"report_metrics": {STREAM: ["live_views"]}}
        messages = run(config_at(url, **settings), [STREAM])
    metrics = {requested(call)[1]: call.query["metrics"] for call in reports(calls)}
    assert metrics == {"PRODUCT": '["cost"]', "LIVE": '["live_views"]'}
    assert not any("cost" in record for record in messages.records[STREAM])
    assert len(messages.records[STREAM]) == 2


def test_an_advertiser_that_grants_no_permission() -> None:
    """One denied request ends the stream for the advertiser, without an error."""
    with shops(refusing(DENIED)) as (url, calls):
        messages = run(config_at(url, max_concurrency=1), [STREAM])
    assert len(reports(calls)) == 1
    assert messages.records[STREAM] == []
    assert messages.failed == []


def test_metrics_that_are_new_to_a_state(caplog: pytest.LogCaptureFixture) -> None:
    """A run names the metrics that covered days lack."""
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
def test_custom_stream(url_path: str) -> None:
    """Metrics of a custom stream have the types of the metric catalog, and a dash is no value."""

    def respond(call: Call) -> bytes:
        metrics = {"cost": "12.5", "orders": "-", "campaign_name": "-"}
        dimensions = {"campaign_id": "7", "stat_time_day": f"{call.query['start_date']} 00:00:00"}
        return envelope({"list": [{"dimensions": dimensions, "metrics": metrics}]})

    def answer(call: Call) -> bytes:
        if call.path.endswith(PATH):
            return respond(call)
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    custom = {**CUSTOM, "url": url_path, "pagination": "none"}
    with serving(answer) as (url, calls):
        inferred = run(config_at(url, custom_streams=[custom]), ["gmv_live"])
        given = {**custom, "schema": {"type": "object", "properties": COLUMNS}}
        unchanged = run(config_at(url, custom_streams=[given]), ["gmv_live"])
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
def test_inferred_metrics(path: str, name: str, expected: list[str]) -> None:
    """The endpoint of a report decides which catalog a metric is in."""
    assert infer_schema([{name: "-"}], path)["properties"][name]["type"] == expected


def test_inferred_metric_of_whole_numbers() -> None:
    """A number without a fraction in the sample is a number of the report."""
    assert infer_schema([{"spend": 5}], "/report/integrated/get/")["properties"]["spend"][
        "type"
    ] == ["number", "null"]


@pytest.mark.parametrize("include_deleted", [True, False])
def test_deleted_campaigns(*, include_deleted: bool) -> None:
    """TikTok leaves out deleted campaigns unless all statuses are requested."""
    with shops() as (url, calls):
        run(config_at(url, include_deleted=include_deleted), [STREAM])
    filters = [json.loads(call.query["filtering"]) for call in calls if call.path == PATH]
    statuses = {"STATUS_DELIVERY_OK", "STATUS_DISABLE", "STATUS_NOT_DELIVERY", "STATUS_DELETE"}
    expected = statuses if include_deleted else set()
    assert all({*filtering.get("campaign_statuses", ())} == expected for filtering in filters)
    assert filters


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spend_of_deleted_campaigns(seed: int) -> None:
    """The records of a campaign do not change when it is deleted."""
    with Simulator({**SMALL, "advertisers": 1, "seed": seed}) as sim:
        before = run(config_for(sim), [STREAM]).records[STREAM]
        sim.world.delete("gmv_max_campaigns", before[0]["campaign_id"], datetime.now(timezone.utc))
        after = run(config_for(sim), [STREAM]).records[STREAM]
    assert sorted(map(repr, after)) == sorted(map(repr, before))
