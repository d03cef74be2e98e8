"""Responses to requests for GMV Max that lack IDs, deny a shop, or repeat a key."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import Messages, config_at, run
from edge_server import Call, envelope, serving
from singer_sdk.contrib.msgspec import MsgSpecWriter

from tap_tiktok_ads.cli.probes import probes
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable

REPORT = "/gmv_max/report/get/"
SESSION_LIST, DETAILS = (f"/campaign/gmv_max/session/{name}/" for name in ("list", "get"))
DAY = "2026-11-01 00:00:00"


def step_page(*records: t.Any) -> dict[str, t.Any]:
    """Return the `data` of the only page of a report."""
    info = {"page": 1, "page_size": 1000, "total_number": len(records), "total_page": 1}
    return {"list": [*records], "page_info": info}


def read_reports(stream: str, report: Callable[[Call, list[str]], bytes], *stores: str) -> Messages:
    """Return the messages of a run, given the responses by request and dimensions."""

    def respond(call: Call) -> bytes:
        if call.path == "/gmv_max/store/list/":
            return envelope({"store_list": [{"store_id": name} for name in stores]})
        if call.path == REPORT:
            return report(call, json.loads(call.query["dimensions"]))
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, _):
        return run(config_at(url, max_retries=0), [stream])


def product_of(dimensions: list[str]) -> dict[str, t.Any]:
    """Return the record of a product with the requested dimensions."""
    values = {"campaign_id": "5", "item_group_id": "7", "item_id": "9", "stat_time_day": DAY}
    return {"dimensions": {name: values[name] for name in dimensions}, "metrics": {"cost": "1"}}


def test_denied_shop_does_not_stop_other_shops(caplog: pytest.LogCaptureFixture) -> None:
    """A shop whose report TikTok denies is skipped. The other shops are read."""

    def report(call: Call, dimensions: list[str]) -> bytes:
        if json.loads(call.query["store_ids"]) == ["1"]:
            return envelope({}, 40001, "No permission for the store.")
        return envelope(step_page(product_of(dimensions)))

    messages = read_reports("gmv_max_product_report", report, "1", "2", "3")
    records = messages.records["gmv_max_product_report"]
    assert [record["store_id"] for record in records] == ["2", "3"]
    assert "skips campaigns of store 1, advertiser 1" in caplog.text
    assert messages.bookmarks("gmv_max_product_report") == {}


@pytest.mark.parametrize("step", ["campaign_id", "item_group_id"])
@pytest.mark.parametrize("lacking", [{}, {"dimensions": {}}, {"dimensions": ["5"]}])
def test_step_without_an_id_is_incomplete(
    step: str, lacking: dict[str, t.Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A record of a step without the member of an ID is no record without an object."""

    def report(_: Call, dimensions: list[str]) -> bytes:
        damaged = [lacking] if dimensions[-1] == step else []
        return envelope(step_page(product_of(dimensions), *damaged))

    messages = read_reports("gmv_max_creative_report", report, "1")
    assert messages.failed == [("gmv_max_creative_report", "1")]
    assert messages.bookmarks("gmv_max_creative_report") == {}
    assert "expected an ID at data.list[1].dimensions.campaign_id, got nothing" in caplog.text


@pytest.mark.parametrize("value", [None, "", "-"])
def test_step_without_an_object_requests_nothing(value: str | None) -> None:
    """A campaign without products has an empty ID, which is not requested."""

    def report(_: Call, dimensions: list[str]) -> bytes:
        record = product_of(dimensions)
        empty = {"dimensions": dict.fromkeys(dimensions, value)}
        is_step = "stat_time_day" not in dimensions
        return envelope(step_page(*([empty] if is_step else []), record))

    records = read_reports("gmv_max_creative_report", report, "1").records
    (record,) = records["gmv_max_creative_report"]
    assert (record["campaign_id"], record["item_group_id"]) == ("5", "7")


def test_metric_does_not_override_an_id() -> None:
    """Metrics with the names of keys do not override them."""

    def report(_: Call, dimensions: list[str]) -> bytes:
        metrics = {"campaign_id": None, "store_id": "8", "item_group_id": "-", "cost": "1.5"}
        return envelope(step_page({**product_of(dimensions), "metrics": metrics}))

    messages = read_reports("gmv_max_product_report", report, "1")
    (record,) = messages.records["gmv_max_product_report"]
    names = ("store_id", "campaign_id", "item_group_id", "cost")
    assert tuple(record[name] for name in names) == ("1", "5", "7", 1.5)


@pytest.mark.parametrize(
    ("campaigns", "sessions", "details"),
    [
        ([{}], [], []),
        ([{"campaign_id": "1"}], [{"item_id": "2"}], []),
        ([{"campaign_id": "1"}], [{"session_id": "2"}], None),
        ([{"campaign_id": "1"}], [{"session_id": "2"}], [{"item_id": "3"}]),
    ],
)
def test_session_without_its_id_is_incomplete(
    campaigns: t.Any, sessions: t.Any, details: t.Any
) -> None:
    """Campaigns and sessions without ID, and details without sessions, count as not read."""

    def respond(call: Call) -> bytes:
        if call.path == "/gmv_max/campaign/get/":
            return envelope(step_page(*campaigns))
        if call.path in {SESSION_LIST, DETAILS}:
            records = sessions if call.path == SESSION_LIST else details
            return envelope({} if records is None else {"session_list": records})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, _):
        messages = run(config_at(url, max_retries=0), ["gmv_max_sessions"])
    assert messages.records["gmv_max_sessions"] == []
    assert messages.failed == [("gmv_max_sessions", "1")]


def test_session_with_an_empty_id_is_not_requested() -> None:
    """An ID that is null or empty is no ID."""
    requested: list[t.Any] = []

    def respond(call: Call) -> bytes:
        if call.path == "/gmv_max/campaign/get/":
            return envelope(step_page({"campaign_id": None}, {"campaign_id": 1}))
        if call.path == SESSION_LIST:
            assert call.query["campaign_id"] == "1"
            sessions = [{"session_id": None}, {"session_id": ""}, {"session_id": 2}]
            return envelope({"session_list": sessions})
        if call.path == DETAILS:
            requested.append(json.loads(call.query["session_ids"]))
            return envelope({"session_list": [{"session_id": 2}]})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, _):
        messages = run(config_at(url), ["gmv_max_sessions"])
    assert [record["session_id"] for record in messages.records["gmv_max_sessions"]] == ["2"]
    assert requested == [["2"]]


@pytest.mark.parametrize(
    ("stream", "count"),
    [("gmv_max_product_report", 3), ("gmv_max_creative_report", 4), ("gmv_max_sessions", 3)],
)
def test_doctor_reads_a_record_behind_the_steps(stream: str, count: int) -> None:
    """The smallest requests of a stream with steps end with that for its records."""

    def respond(call: Call) -> bytes:
        if call.path == "/gmv_max/store/list/":
            return envelope({"store_list": [{"store_id": "1"}]})
        if call.path == REPORT:
            return envelope(step_page(product_of(json.loads(call.query["dimensions"]))))
        if call.path == "/gmv_max/campaign/get/":
            return envelope(step_page({"campaign_id": "1"}))
        if call.path in {SESSION_LIST, DETAILS}:
            return envelope({"session_list": [{"session_id": "2"}]})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, calls):
        tap = TapTikTokAds(config=config_at(url), message_writer=MsgSpecWriter())
        (probe,) = probes(tap.streams[stream], ["1"])
        assert probe.run().result == "ok"
    assert len([call for call in calls if "gmv_max" in call.path]) == count
