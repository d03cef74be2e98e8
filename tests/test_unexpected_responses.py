"""Undocumented responses end in a valid record or a clear error."""

from __future__ import annotations

import itertools
import json
import logging
import typing as t

import pytest
from conftest import Messages, answering, config_at, config_for, run

from tap_tiktok_ads.api import http_bodies
from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.errors import ConfigError, ResponseError, TapError
from tap_tiktok_ads.api.metric_rules import rejected_metrics
from tap_tiktok_ads.streams.reports.base import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.simulator import Simulator

REPORT = "campaign_performance_report"
DAY = {"campaign_id": "7", "stat_time_day": "2026-11-01 00:00:00"}


def read_stream(
    stream: str, respond: Callable[[dict[str, str]], t.Any], **settings: t.Any
) -> Messages:
    """Run one stream for one advertiser against a server that returns these responses."""
    with answering(respond) as (url, _):
        config = config_at(url, max_retries=0, **settings)
        return run(config, [stream])


def page(*records: t.Any, **page_info: int) -> dict[str, t.Any]:
    """Return the `data` of a page."""
    return {"list": [*records], "page_info": {"total_number": len(records), **page_info}}


# Record keys


def test_metric_does_not_override_a_key() -> None:
    """A metric with the name of a key does not override the key."""
    metrics = {"campaign_id": None, "advertiser_id": "2", "is_top_view": True, "spend": "1.5"}
    messages = read_stream(REPORT, lambda _: page({"dimensions": DAY, "metrics": metrics}))
    (record,) = [record for record in messages.records[REPORT] if not record["is_top_view"]]
    assert (record["campaign_id"], record["advertiser_id"], record["spend"]) == ("7", "1", 1.5)


# TopView


def topview_responses(data: dict[str, t.Any]) -> Callable[[dict[str, str]], t.Any]:
    """Return responses of an account with these TopView campaigns and a report of one record."""

    def respond(query: dict[str, str]) -> dict[str, t.Any]:
        if query["path"] == "/campaign/get/":
            return data
        return page({"dimensions": DAY, "metrics": {"spend": "1"}})

    return respond


@pytest.mark.parametrize(
    "data",
    [
        {"campaigns": [{"campaign_id": "7"}], "page_info": {"total_number": 1}},
        {"campaigns": []},
        {"list": {}, "page_info": {"total_number": 3}},
        {"list": [], "page_info": {"total_number": 150}},
    ],
)
def test_malformed_topview_list_makes_the_report_incomplete(data: dict[str, t.Any]) -> None:
    """A malformed TopView campaign list makes the report incomplete."""
    messages = read_stream(REPORT, topview_responses(data))
    assert messages.failed == [(REPORT, "1")]
    assert messages.bookmarks(REPORT) == {}


@pytest.mark.parametrize("code", [49999, 40067, 50000])
def test_unexpected_topview_error_stops_the_sync(sim: Simulator, code: int) -> None:
    """Only a rejected filter means that an account has no TopView report."""
    sim.add_fault(
        "code", path="/report/integrated/get/", containing="buying", times=None, code=code
    )
    with pytest.raises(TapError):
        run(config_for(sim, report_mode="sync", max_retries=0, start_date="{now-2}"), [REPORT])


def test_denied_topview_report_keeps_other_records(sim: Simulator) -> None:
    """Without permission for TopView reports, all windows of other ads are read."""
    config = config_for(sim, start_date="{now-100}", max_concurrency=1)
    complete = run(config, [REPORT])
    sim.add_fault(
        "code", path="/report/integrated/get/", containing="buying", times=None, code=40001
    )
    messages = run(config, [REPORT])
    assert messages.records[REPORT] == [
        record for record in complete.records[REPORT] if not record["is_top_view"]
    ]


# Metrics


@pytest.mark.parametrize(
    ("message", "rejected"),
    [
        ("Invalid metric fields: ['reach']", ("reach",)),
        ("Invalid metrics: reach. Expected one of: 'spend', 'clicks'", ("reach",)),
        ("metrics: 'clicks' is not a valid choice. Valid choices are ['spend']", ("clicks",)),
        ("Invalid metrics. Expected one of: 'spend', 'clicks'", ()),
        ("advertiser_id: 'spend' is no id", ()),
    ],
)
def test_rejected_metrics_are_parsed_from_the_message(
    message: str, rejected: tuple[str, ...]
) -> None:
    """`rejected_metrics` returns only the metrics that the message names as invalid."""
    assert rejected_metrics(message, ["spend", "clicks", "reach"]) == rejected


def test_group_without_valid_metrics_raises_config_error() -> None:
    """A metric group without valid metrics raises ConfigError before any request."""
    with pytest.raises(ConfigError, match="no metric of skan is valid"):
        read_stream(
            "audience_report_by_country",
            lambda _: page(),
            report_metrics={"audience_report_by_country": ["skan"]},
        )


@pytest.mark.parametrize("times", [1, None])
def test_inconsistent_merged_responses_are_read_again(
    sim: Simulator, caplog: pytest.LogCaptureFixture, times: int | None
) -> None:
    """Merged responses with different records are read again. A lasting difference is reported."""
    config = config_for(
        sim, advertiser_ids=sim.world.advertiser_ids[:1], report_metrics={REPORT: ["all"]}
    )
    complete = run(config, [REPORT])
    caplog.clear()
    last = json.loads(sim.requests[-1].params["metrics"])[-1]
    sim.add_fault("drop_row", path="/report/integrated/get/", containing=f'"{last}"', times=times)
    with caplog.at_level(logging.WARNING):
        messages = run({**config, "max_concurrency": 1}, [REPORT])
    assert ("some lack metrics" in caplog.text) is (times is None)
    assert bool(messages.failed) is (times is None)
    if times == 1:
        assert messages.keyed(REPORT) == complete.keyed(REPORT)


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_record_missing_in_all_merged_responses_is_detected(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record missing in every merged response makes the report incomplete."""
    monkeypatch.setattr(ReportStream, "page_size", 7)
    config = config_for(sim, start_date="{now-2}", report_metrics={REPORT: ["all"]})
    sim.add_fault("drop_row", path="/report/integrated/get/", page=1, times=None)
    messages = run(config, [REPORT])
    assert messages.failed == [(REPORT, sim.world.advertiser_ids[0])]
    assert messages.bookmarks(REPORT) == {}


# Ad reviews, whose response is undocumented


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"failed_ad_ids": [], "ad_review_infos": [{"ad_id": "1"}]}, ["1"]),
        ({"extra": {}, "ad_review_map": {"1": {"review_status": "A"}}}, ["1"]),
        ({"ad_review_map": {"1": {}, "2": {}}}, ["1", "2"]),
        ({"ad_review_map": {"1": {"ad_id": None}, "2": {"ad_id": "2"}}}, ["1", "2"]),
        ({"ad_review_map": {"ad_id": "1", "is_approved": True}}, ["1"]),
        ({"list": []}, []),
    ],
)
def test_ad_reviews_are_found_in_any_member(data: dict[str, t.Any], expected: list[str]) -> None:
    """Ad reviews are found in any member of `data`."""

    def respond(query: dict[str, str]) -> t.Any:
        return page({"ad_id": "1"}) if query["path"] == "/ad/get/" else data

    records = read_stream("ad_review_info", respond).records["ad_review_info"]
    assert [record["ad_id"] for record in records] == expected


# CSV


@pytest.mark.parametrize("text", ["a,b\r1,2\r3,4\r", "a,b,a\n1,2,3\n"])
def test_invalid_csv_header_raises_response_error(text: str) -> None:
    """A CSV header with a repeated column, or of several lines, raises ResponseError."""
    file = CsvFile("x")
    file.file.write(text.encode())
    with pytest.raises(ResponseError, match="first row"):
        file.index()


# Malformed bodies

ENVELOPE = '{"code":0,"message":"OK","request_id":"r","data":{"list":[%s],"page_info":{}}}'


@pytest.mark.parametrize("stream", ["campaigns", "pixels", REPORT])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(ENVELOPE.encode() % (b"[" * 10_000 + b"]" * 10_000), id="deep"),
        pytest.param(ENVELOPE.encode() % (b'{"a":' * 10_000 + b"1" + b"}" * 10_000), id="nested"),
        pytest.param(ENVELOPE.encode() % b'{"campaign_id":nan}', id="an unknown literal"),
        pytest.param(ENVELOPE.encode() % b'{"campaign_id":"\\x"}', id="an unknown escape"),
        pytest.param(ENVELOPE.encode() % b'[{"campaign_id":"1"}]', id="a record that is a list"),
        pytest.param(ENVELOPE.encode() % b"1,2", id="records that are numbers"),
        pytest.param(b'{"code":0,"data":[]}', id="data that is a list"),
        pytest.param(b"\x00" * 1000, id="zeros"),
    ],
)
def test_malformed_body_writes_no_record(stream: str, body: bytes) -> None:
    """A malformed body ends in a one-line error or an incomplete list, without records."""
    text = "one sentence"
    try:
        messages = read_stream(stream, lambda _: body)
    except TapError as error:
        messages, text = error.messages, str(error)  # type: ignore[attr-defined]
    else:
        assert messages.failed
    assert "\n" not in text
    assert len(text) < 600
    assert messages.records.get(stream, []) == []


def test_special_values_are_unchanged() -> None:
    """IDs of 20 digits and names that resemble macros or paths are written unchanged."""
    special = {
        "campaign_id": 12345678901234567890,
        "campaign_name": "{now-1} $.data ../../etc/passwd {advertiser_id}",
        "{now}": "{advertiser_id}",
        "__proto__": {"a": 1},
    }
    messages = read_stream("campaigns", lambda _: page(special))
    (record,) = messages.records["campaigns"]
    assert record["campaign_id"] == "12345678901234567890"
    assert record["campaign_name"] == special["campaign_name"]
    assert (record["{now}"], record["__proto__"]) == ("{advertiser_id}", {"a": 1})


@pytest.mark.parametrize("stream", ["pixels", REPORT])
def test_too_large_body_raises_response_error(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    """A body of more than MAX_BODY_BYTES raises ResponseError."""
    monkeypatch.setattr(http_bodies, "MAX_BODY_BYTES", 100_000)
    body = json.dumps({"code": 0, "data": {"list": ["x" * 200_000]}}).encode()
    with pytest.raises(ResponseError, match="more than 100,000 bytes"):
        read_stream(stream, lambda _: body)


def test_impossible_page_count_raises_short_error() -> None:
    """An impossible page count raises an error with a short message."""
    pages = itertools.count(1)
    with pytest.raises(TapError) as failure:
        read_stream(
            "pixels",
            lambda _: {
                "pixels": [{"pixel_id": str(next(pages))}],
                "page_info": {"total_page": 10**300},
            },
        )
    assert len(str(failure.value)) < 400
