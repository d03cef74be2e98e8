"""Reports with more metrics than one request can have: pages, their order, and memory."""

from __future__ import annotations

import json
import typing as t

import msgspec
import pytest
from conftest import Messages, answering, config_at, run

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.streams.reports import merging
from tap_tiktok_ads.streams.reports.base import ReportStream
from tap_tiktok_ads.streams.reports.record_parts import RecordParts

if t.TYPE_CHECKING:
    from collections.abc import Callable

FIRST, LAST = "2026-11-01", "2026-11-02"
REPORT, PATH = "campaign_performance_report", "/report/integrated/get/"
CAMPAIGNS = [str(number) for number in range(1, 11)]
PAGE_SIZE = 4


def raw_record(day: str, campaign: str, metrics: list[str]) -> dict[str, t.Any]:
    """Return a raw record with a value that names its campaign for each metric."""
    return {
        "dimensions": {"campaign_id": campaign, "stat_time_day": f"{day} 00:00:00"},
        "metrics": dict.fromkeys(metrics, campaign),
    }


def read(
    order: Callable[[list[str], int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    last_day: str = FIRST,
) -> tuple[Messages, int]:
    """Return the messages of a report of ten campaigns and the number of its requests.

    Args:
        order: Returns the order of the campaigns for a batch of metrics.
        monkeypatch: Sets the page size.
        last_day: The last of at most two days.
    """
    monkeypatch.setattr(ReportStream, "page_size", PAGE_SIZE)
    batch_keys: list[str] = []
    request_count = 0

    def respond(query: dict[str, str]) -> dict[str, t.Any]:
        nonlocal request_count
        if query["path"] != PATH or "buying_type" in query.get("filtering", ""):
            return {"list": [], "page_info": {"total_number": 0}}
        request_count += 1
        if query["metrics"] not in batch_keys:
            batch_keys.append(query["metrics"])
        campaigns = order(CAMPAIGNS, batch_keys.index(query["metrics"]))
        days = dict.fromkeys((query["start_date"], query["end_date"]))
        keys = [(day, campaign) for day in days for campaign in campaigns]
        start = PAGE_SIZE * (int(query["page"]) - 1)
        records = [
            raw_record(day, campaign, json.loads(query["metrics"]))
            for day, campaign in keys[start : start + PAGE_SIZE]
        ]
        return {"list": records, "page_info": {"total_number": len(keys)}}

    with answering(respond) as (url, _):
        settings = {"max_retries": 0, "start_date": FIRST, "end_date": last_day}
        config = config_at(url, report_metrics={REPORT: ["all"]}, max_concurrency=1, **settings)
        return run(config, [REPORT]), request_count


def assert_complete(messages: Messages) -> None:
    """Assert that each campaign has one record, in order, with all metrics of its own."""
    records = messages.records[REPORT]
    assert [record["campaign_id"] for record in records] == CAMPAIGNS
    numbers = {"spend", "impressions", "clicks", "total_purchase", "video_play_actions"}
    for record in records:
        assert all(record[name] == int(record["campaign_id"]) for name in numbers & record.keys())
        assert {name for name, value in record.items() if value is None} <= {"is_final"}
    assert messages.failed == []


def test_equal_pages_are_requested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages with equal records in each batch are merged page by page, in their order."""
    messages, request_count = read(lambda campaigns, _: campaigns, monkeypatch)
    assert_complete(messages)
    assert request_count == 3 * 11  # three pages of 1,032 metrics


@pytest.mark.parametrize("first_differing", [0, PAGE_SIZE])
def test_pages_in_another_order_lose_no_record(
    monkeypatch: pytest.MonkeyPatch, first_differing: int
) -> None:
    """Batches whose pages hold other records are merged as one, in the first batch's order."""

    def order(campaigns: list[str], batch: int) -> list[str]:
        rest = campaigns[first_differing:]
        return campaigns[:first_differing] + (rest[::-1] if batch else rest)

    messages, _ = read(order, monkeypatch)
    assert_complete(messages)


def test_list_that_is_too_large_to_merge_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window with too many records to merge it as one is split into days."""
    monkeypatch.setattr(merging, "MAX_MERGED_RECORDS", 19)
    messages, _ = read(lambda campaigns, batch: campaigns[:: -1 if batch else 1], monkeypatch, LAST)
    keys = [(record["stat_time_day"], record["campaign_id"]) for record in messages.records[REPORT]]
    assert keys == [(day, campaign) for day in (LAST, FIRST) for campaign in CAMPAIGNS]
    assert messages.failed == []


def test_record_parts_keep_the_text_of_values() -> None:
    """Joined records have the JSON text of their values, in the order of the batches."""
    parts = RecordParts("/report/", ("ad_id",), 2)
    dimensions = '"dimensions": {"ad_id": "7"}'
    first = msgspec.Raw(f'{{{dimensions}, "metrics": {{"spend": 0.10}}}}'.encode())
    second = msgspec.Raw(b'{"metrics":{"cpc":"1.50"},"dimensions":{"ad_id":"7"}}')
    parts.add(0, [first])
    assert not parts.are_complete
    parts.add(1, [second])
    assert parts.are_complete
    assert parts.read(range(1)) == (
        b'[{"dimensions":{"ad_id": "7"},"metrics":{"spend": 0.10,"cpc":"1.50"}}]'
    )


@pytest.mark.parametrize("value", [None, {}, [], "", 0])
def test_empty_members_have_no_values(value: t.Any) -> None:
    """A record whose metrics are empty, or null, adds none."""
    parts = RecordParts("/report/", ("ad_id",), 2)
    parts.add(0, [{"dimensions": {"ad_id": "7"}, "metrics": value}])
    parts.add(1, [{"dimensions": {"ad_id": "7"}}])
    assert parts.read(range(1)) == b'[{"dimensions":{"ad_id":"7"},"metrics":{}}]'


def test_metrics_of_another_type_are_an_error() -> None:
    """Metrics that are a text are an error."""
    parts = RecordParts("/report/", ("ad_id",), 1)
    parts.add(0, [{"dimensions": {"ad_id": "7"}, "metrics": "spend"}])
    with pytest.raises(TypeError, match="expected an object"):
        parts.read(range(1))


def test_repeated_record_is_incomplete() -> None:
    """A record that a batch holds twice makes the parts incomplete."""
    parts = RecordParts("/report/", ("ad_id",), 1)
    parts.add(0, 2 * [{"dimensions": {"ad_id": "7"}, "metrics": {}}])
    assert not parts.are_complete
    assert parts.count == 1


def test_records_with_one_hash_are_an_error() -> None:
    """Two records that share a hash are never merged into one."""
    parts = RecordParts("/report/", ("ad_id",), 2)
    assert hash((-1,)) == hash((-2,))
    parts.add(0, [{"dimensions": {"ad_id": -1}, "metrics": {}}])
    parts.add(1, [{"dimensions": {"ad_id": -2}, "metrics": {}}])
    with pytest.raises(ResponseError, match="same hash"):
        parts.read(range(1))
