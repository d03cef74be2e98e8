"""Invalid records are skipped or written with null, and reported."""

from __future__ import annotations

import typing as t

import pytest
from conftest import Collector, answering, catalog_of, config_at

from tap_tiktok_ads import TikTokAds
from tap_tiktok_ads.api.errors import IncompleteError
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from conftest import Messages

REPORT = "campaign_performance_report"
DAY = {"campaign_id": "7", "stat_time_day": "2026-11-01 00:00:00"}
SPEND = {"spend": "1.5"}


def page(*records: t.Any) -> dict[str, t.Any]:
    """Return the `data` of a page."""
    return {"list": [*records], "page_info": {"total_number": len(records)}}


def report_record(**dimensions: t.Any) -> dict[str, t.Any]:
    """Return a report record with these dimensions."""
    return {"dimensions": dimensions, "metrics": SPEND}


def responses_with(data: t.Any) -> t.Callable[[dict[str, str]], t.Any]:
    """Return responses whose lists contain `data`, without TopView objects."""

    def respond(query: dict[str, str]) -> t.Any:
        is_topview = "RESERVATION_TOP_VIEW" in query.get("filtering", "")
        return page() if is_topview else data

    return respond


def sync_stream(stream: str, data: t.Any, **settings: t.Any) -> tuple[Messages, str]:
    """Run the stream and `sync_errors`. Return the messages and the final error."""
    collector = Collector()
    with answering(responses_with(data)) as (url, _):
        config = config_at(url, max_retries=0, **settings)
        names = [stream, "sync_errors"]
        catalog = catalog_of(config, names, alone=True)
        tap = TapTikTokAds(
            config=config, catalog=catalog, message_writer=collector, selected_only=True
        )
        try:
            tap.run()
        except IncompleteError as error:
            return collector.messages, str(error)
    return collector.messages, ""


@pytest.mark.parametrize(
    ("stream", "good", "bad", "raw_keys"),
    [
        ("campaigns", {"campaign_id": "7"}, {"campaign_id": None}, "campaign_id null"),
        ("campaigns", {"campaign_id": "7"}, {"campaign_id": ""}, 'campaign_id ""'),
        ("campaigns", {"campaign_id": "7"}, {"campaign_id": {"a": 1}}, 'campaign_id {"a":1}'),
        ("campaigns", {"campaign_id": "7"}, {"name": "x"}, "campaign_id null"),
        ("playables", {"playable_id": "7"}, {"x": 1}, "playable_id null"),
        (REPORT, report_record(**DAY), report_record(campaign_id="7"), "stat_time_day null"),
        (
            REPORT,
            report_record(**DAY),
            report_record(campaign_id="7", stat_time_day="soon"),
            'stat_time_day "soon"',
        ),
        (
            REPORT,
            report_record(**DAY),
            report_record(campaign_id="", stat_time_day=DAY["stat_time_day"]),
            'campaign_id ""',
        ),
        (REPORT, report_record(**DAY), {"metrics": SPEND}, "campaign_id null"),
        (REPORT, report_record(**DAY), {"dimensions": None, "metrics": SPEND}, "campaign_id null"),
        (REPORT, report_record(**DAY), report_record(campaign_id=[], stat_time_day={}), "[]"),
    ],
)
def test_record_without_its_key_is_skipped(
    stream: str, good: dict[str, t.Any], bad: dict[str, t.Any], raw_keys: str
) -> None:
    """A record without its key is skipped and reported with its raw keys."""
    messages, error = sync_stream(stream, page(good, bad))
    written = [r for r in messages.records[stream] if not r.get("is_top_view")]
    assert len(written) == 1
    (problem,) = messages.records["sync_errors"]
    assert (problem["stream"], problem["action"]) == (stream, "left out")
    assert raw_keys in problem["message"]
    assert 'advertiser_id "1"' in problem["message"]
    assert raw_keys in error
    if stream == REPORT:
        assert messages.bookmarks(REPORT)


@pytest.mark.parametrize(
    ("stream", "data", "column", "value"),
    [
        (
            REPORT,
            page({"dimensions": DAY, "metrics": {"clicks": "1.5", "spend": "2"}}),
            "clicks",
            "'1.5'",
        ),
        ("ad_groups", page({"adgroup_id": "7", "frequency": 0.5}), "frequency", "0.5"),
    ],
)
def test_fraction_in_integer_column_becomes_null(
    stream: str, data: t.Any, column: str, value: str
) -> None:
    """A fraction in an integer column becomes null and is reported."""
    messages, error = sync_stream(stream, data)
    (record,) = [r for r in messages.records[stream] if not r.get("is_top_view")]
    assert record[column] is None
    (problem,) = messages.records["sync_errors"]
    assert (problem["stream"], problem["action"]) == (stream, "written as null")
    assert f"column {column!r}" in problem["message"]
    assert value in problem["message"]
    assert column in error


@pytest.mark.parametrize("metric", ["result", "conversion", "complete_payment", "purchase"])
def test_undocumented_counts_keep_fractions(metric: str) -> None:
    """A metric that TikTok does not document as a count keeps its fraction."""
    data = page({"dimensions": DAY, "metrics": {metric: "1.5"}})
    messages, error = sync_stream(REPORT, data, report_metrics={REPORT: [metric]})
    assert not error
    (record,) = messages.records[REPORT]
    assert record[metric] == 1.5


@pytest.mark.parametrize("numbers", [[0, 250], [0.05, 0], [0, 1000.0]])
def test_numbers_of_a_list_have_one_type(numbers: list[float]) -> None:
    """All numbers of a list have one type, as databases require."""
    record = {"adgroup_id": "1", "device_price_ranges": numbers}
    messages, _ = sync_stream("ad_groups", page(record))
    (written,) = messages.records["ad_groups"]
    assert {type(number) for number in written["device_price_ranges"]} == {float}
    assert written["device_price_ranges"] == numbers


def test_custom_stream_skips_invalid_records() -> None:
    """A custom stream skips a record without its key."""
    definition = {
        "name": "things",
        "url": "/thing/get/",
        "params": {"advertiser_id": "{advertiser_id}"},
        "primary_keys": ["thing_id"],
        "schema": {
            "properties": {
                "thing_id": {"type": "string"},
                "count": {"type": ["integer", "null"]},
                "sizes": {"type": ["array", "null"], "items": {"type": ["number", "null"]}},
            }
        },
    }
    things = [{"thing_id": "1", "count": 1.5, "sizes": [1, 2.5]}, {"count": 2}]
    messages, error = sync_stream("things", page(*things), custom_streams=[definition])
    assert [(record["thing_id"], record["count"]) for record in messages.records["things"]] == [
        ("1", None)
    ]
    assert messages.records["things"][0]["sizes"] == [1.0, 2.5]
    assert {problem["action"] for problem in messages.records["sync_errors"]} == {
        "left out",
        "written as null",
    }
    assert error


def test_python_client_raises_error_after_valid_records() -> None:
    """The Python client yields the valid records and then raises `IncompleteError`."""
    data = page({"campaign_id": "7"}, {"campaign_id": ""})
    with answering(responses_with(data)) as (url, _):
        config = config_at(url, max_retries=0)
        with TikTokAds(**config) as ads:
            records = ads.records("campaigns")
            assert next(records)["campaign_id"] == "7"
            with pytest.raises(IncompleteError, match='campaign_id ""'):
                next(records)


def test_lookup_reports_records_without_a_key() -> None:
    """A lookup reports a record without its key."""
    definition = {
        "name": "details",
        "url": "/detail/get/",
        "params": {
            "advertiser_id": "{advertiser_id}",
            "campaign_id": "{campaigns.campaign_id}",
        },
        "for_each": {"stream": "campaigns.campaign_id"},
        "primary_keys": ["campaign_id"],
        "schema": {"properties": {"campaign_id": {"type": "string"}}},
    }

    def respond(query: dict[str, str]) -> t.Any:
        if query["path"] == "/detail/get/":
            return page({"campaign_id": query["campaign_id"]})
        return responses_with(page({"campaign_id": "7"}, {"campaign_id": ""}))(query)

    with answering(respond) as (url, _):
        config = config_at(url, max_retries=0, custom_streams=[definition])
        collector = Collector()
        tap = TapTikTokAds(
            config=config,
            catalog=catalog_of(config, ["details", "sync_errors"], alone=True),
            message_writer=collector,
            selected_only=True,
        )
        with pytest.raises(IncompleteError, match='campaign_id ""'):
            tap.run()
    assert len(collector.messages.records["details"]) == 1
    (problem,) = collector.messages.records["sync_errors"]
    assert problem["stream"] == "campaigns"
