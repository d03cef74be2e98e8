"""Placeholder records, which TikTok returns for an account without data in a date range."""

from __future__ import annotations

import json
import logging
import typing as t

import pytest
from conftest import Messages, answering, config_at, run

from tap_tiktok_ads.extract.report_decoder import ReportDecoder
from tap_tiktok_ads.extract.schemas import report_schema
from tap_tiktok_ads.problems import Warnings
from tap_tiktok_ads.streams.reports.placeholders import Placeholders

REPORT = "campaign_performance_report"
HOURLY = "campaign_performance_report_hourly"
RECONCILIATION = "reconciliation"
GMV_MAX = "gmv_max_report"
CUSTOM = "by_gender"
CUSTOM_REPORT = {
    "name": CUSTOM,
    "report_type": "AUDIENCE",
    "data_level": "AUCTION_CAMPAIGN",
    "dimensions": ["campaign_id", "gender", "stat_time_day"],
    "metrics": ["spend", "impressions"],
}
EMPTY_METRICS = {"spend": "0.00", "impressions": "0", "clicks": "-", "ctr": None, "cpc": ""}
RECORD = {"spend": "1.50", "impressions": "10", "clicks": "1"}


def raw_record(moment: t.Any, metrics: dict[str, t.Any], **dimensions: str) -> dict[str, t.Any]:
    """Return a raw record with `moment` as its time dimensions."""
    times = {"stat_time_day": moment, "stat_time_hour": moment}
    identity = {"campaign_id": "7", "advertiser_id": "1", "ad_id": "9", "adgroup_id": "8"}
    return {"dimensions": {**identity, "gender": "MALE", **times, **dimensions}, "metrics": metrics}


def select_fields(raw: dict[str, t.Any], query: dict[str, str]) -> dict[str, t.Any]:
    """Return the record with only the requested dimensions and metrics."""
    names = json.loads(query["dimensions"])
    metrics = json.loads(query["metrics"])
    return {
        "dimensions": {name: raw["dimensions"][name] for name in names},
        "metrics": {name: raw["metrics"][name] for name in metrics if name in raw["metrics"]},
    }


def read_stream(
    stream: str, *raws: dict[str, t.Any], **settings: t.Any
) -> tuple[Messages, list[str]]:
    """Return the messages of a stream with these report records, and the request paths."""

    def respond(query: dict[str, str]) -> dict[str, t.Any]:
        if query["path"] == "/gmv_max/store/list/":
            return {"store_list": [{"store_id": "5"}]}
        records = (
            []
            if query["path"] == "/campaign/get/"
            else [select_fields(json.loads(json.dumps(raw)), query) for raw in raws]
        )
        return {"list": records, "page_info": {"total_number": len(records)}}

    with answering(respond) as (url, paths):
        config = config_at(
            url, max_retries=0, lookback_days=1, custom_reports=[CUSTOM_REPORT], **settings
        )
        return run(config, [stream]), paths


@pytest.mark.parametrize("moment", ["-", None, ""])
@pytest.mark.parametrize("stream", [REPORT, HOURLY, CUSTOM, RECONCILIATION, GMV_MAX])
def test_placeholder_writes_no_record(
    caplog: pytest.LogCaptureFixture, stream: str, moment: str | None
) -> None:
    """A placeholder writes no record, advances the bookmark and logs one line."""
    caplog.set_level(logging.WARNING)
    messages, paths = read_stream(stream, raw_record(moment, EMPTY_METRICS))
    reports = [path for path in paths if "/report/" in path]
    assert messages.records[stream] == []
    assert messages.bookmarks(stream) == {"1": "2026-11-02"}
    assert caplog.text.count("leaves out placeholder records") == 1
    assert len(reports) == len(set(reports))  # complete, so no second pass


def test_records_beside_a_placeholder_are_written() -> None:
    """Records beside a placeholder are written, and the total includes the placeholder."""
    placeholder = raw_record("-", EMPTY_METRICS)
    messages, paths = read_stream(REPORT, placeholder, raw_record("2026-11-01 00:00:00", RECORD))
    assert [record["spend"] for record in messages.records[REPORT]] == [1.5]
    assert len([path for path in paths if "/report/" in path]) == 1


def test_placeholder_in_merged_responses_writes_no_record() -> None:
    """A placeholder in each of several merged responses writes no record."""
    messages, _ = read_stream(
        REPORT,
        raw_record("-", EMPTY_METRICS),
        raw_record("2026-11-01 00:00:00", RECORD),
        report_metrics={REPORT: ["all"]},
    )
    assert [record["spend"] for record in messages.records[REPORT]] == [1.5]


@pytest.mark.parametrize("metrics", [{"spend": "0.01"}, {"spend": "0", "campaign_name": "Spring"}])
def test_record_with_data_is_not_a_placeholder(
    metrics: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A record with data but without its day is reported as a record without its key."""
    read_stream(REPORT, raw_record("-", metrics))
    assert "does not fit its schema: no usable value in" in caplog.text


def test_fast_decoder_leaves_placeholders_to_the_caster() -> None:
    """The fast decoder returns None for a page with a placeholder."""
    decoder = ReportDecoder(
        report_schema(("campaign_id", "stat_time_day"), ("spend",)),
        ("campaign_id", "stat_time_day"),
        ("spend",),
    )

    def body(moment: str) -> bytes:
        record = {
            "dimensions": {"campaign_id": "7", "stat_time_day": moment},
            "metrics": {"spend": "0"},
        }
        envelope = {
            "code": 0,
            "message": "OK",
            "request_id": "r",
            "data": {"list": [record], "page_info": {}},
        }
        return json.dumps(envelope, separators=(",", ":")).encode()

    assert decoder.decode(body("2026-11-01 00:00:00")) is not None
    assert decoder.decode(body("-")) is None
    assert (
        decoder.decode(body("2026-11-01 00:00:00").replace(b'"2026-11-01 00:00:00"', b"null"))
        is None
    )


@pytest.mark.parametrize(
    ("dimensions", "metrics", "expected"),
    [
        ({"stat_time_day": "-"}, {"spend": "0", "impressions": "-"}, True),
        ({"stat_time_day": None}, {"spend": 0, "ctr": 0.0, "labels": []}, True),
        ({"stat_time_day": "-"}, {}, True),
        ({"stat_time_day": "-"}, None, True),
        ({"stat_time_day": "-"}, {"spend": "0.001"}, False),
        ({"stat_time_day": "-"}, {"spend": "-1"}, False),
        ({"stat_time_day": "-"}, {"currency": "USD"}, False),
        ({"stat_time_day": "-"}, {"labels": ["a"]}, False),
        ({"stat_time_day": "-"}, {"flag": True}, False),
        ({"stat_time_day": "2026-11-01 00:00:00"}, {"spend": "0"}, False),
        ({}, {"spend": "0"}, False),
        (None, {"spend": "0"}, False),
    ],
)
def test_placeholder_has_empty_time_and_metrics(
    dimensions: dict[str, t.Any] | None, metrics: dict[str, t.Any] | None, expected: bool
) -> None:
    """A placeholder has an empty time dimension and only empty metrics."""
    placeholders = Placeholders("stat_time_day", Warnings("ads", logging.getLogger("test")))
    assert placeholders.matches({"dimensions": dimensions, "metrics": metrics}, "here") is expected


def test_lifetime_report_has_no_placeholders() -> None:
    """A report without a time dimension has no placeholders."""
    placeholders = Placeholders(None, Warnings("ads", logging.getLogger("test")))
    assert not placeholders.matches({"dimensions": {"stat_time_day": "-"}, "metrics": {}}, "here")
