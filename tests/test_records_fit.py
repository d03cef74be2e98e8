"""Records that do not fit their SCHEMA: left out or written with null, reported, exit code 1."""

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


def listing(*records: t.Any) -> dict[str, t.Any]:
    """Return the data of a page."""
    return {"list": [*records], "page_info": {"total_number": len(records)}}


def report_record(**dimensions: t.Any) -> dict[str, t.Any]:
    """Return a report record whose dimensions are these."""
    return {"dimensions": dimensions, "metrics": SPEND}


def first_advertiser(data: t.Any) -> t.Callable[[dict[str, str]], t.Any]:
    """Return the responses of an account without TopView objects whose list holds `data`."""

    def answer(query: dict[str, str]) -> t.Any:
        is_topview = "RESERVATION_TOP_VIEW" in query.get("filtering", "")
        return listing() if is_topview else data

    return answer


def sync(stream: str, data: t.Any, **settings: t.Any) -> tuple[Messages, str]:
    """Return the messages of a run of the stream and `sync_errors`, and the error at its end."""
    collector = Collector()
    with answering(first_advertiser(data)) as (url, _):
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
def test_a_record_without_its_key(
    stream: str, good: dict[str, t.Any], bad: dict[str, t.Any], raw_keys: str
) -> None:
    """It is left out and reported with its raw keys. The others are written, the window is read."""
    messages, error = sync(stream, listing(good, bad))
    written = [one for one in messages.records[stream] if not one.get("is_top_view")]
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
            listing({"dimensions": DAY, "metrics": {"clicks": "1.5", "spend": "2"}}),
            "clicks",
            "'1.5'",
        ),
        ("ad_groups", listing({"adgroup_id": "7", "frequency": 0.5}), "frequency", "0.5"),
    ],
)
def test_a_fraction_in_an_integer_column(stream: str, data: t.Any, column: str, value: str) -> None:
    """Null is written. One problem names stream, column and value. The window counts as read."""
    messages, error = sync(stream, data)
    (record,) = [one for one in messages.records[stream] if not one.get("is_top_view")]
    assert record[column] is None
    (problem,) = messages.records["sync_errors"]
    assert (problem["stream"], problem["action"]) == (stream, "written as null")
    assert f"{column!r} of {stream}" in problem["message"]
    assert value in problem["message"]
    assert column in error


@pytest.mark.parametrize("metric", ["result", "conversion", "complete_payment", "purchase"])
def test_results_can_be_fractions(metric: str) -> None:
    """A metric that TikTok does not document as a count keeps its fraction."""
    data = listing({"dimensions": DAY, "metrics": {metric: "1.5"}})
    messages, error = sync(REPORT, data, report_metrics={REPORT: [metric]})
    assert not error
    (record,) = messages.records[REPORT]
    assert record[metric] == 1.5


@pytest.mark.parametrize("sent", [[0, 250], [0.05, 0], [0, 1000.0]])
def test_numbers_of_a_list(sent: list[float]) -> None:
    """The numbers of a list are of one kind, as databases require."""
    record = {"adgroup_id": "1", "device_price_ranges": sent}
    messages, _ = sync("ad_groups", listing(record))
    (written,) = messages.records["ad_groups"]
    assert {type(one) for one in written["device_price_ranges"]} == {float}
    assert written["device_price_ranges"] == sent


def test_records_of_a_custom_stream() -> None:
    """A custom stream leaves out a record without its key, too."""
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
    messages, error = sync("things", listing(*things), custom_streams=[definition])
    assert [(one["thing_id"], one["count"]) for one in messages.records["things"]] == [("1", None)]
    assert messages.records["things"][0]["sizes"] == [1.0, 2.5]
    assert {one["action"] for one in messages.records["sync_errors"]} == {
        "left out",
        "written as null",
    }
    assert error


def test_records_of_the_python_client() -> None:
    """The Python client yields the usable records, and then raises `IncompleteError`."""
    data = listing({"campaign_id": "7"}, {"campaign_id": ""})
    with answering(first_advertiser(data)) as (url, _):
        config = config_at(url, max_retries=0)
        with TikTokAds(**config) as ads:
            records = ads.records("campaigns")
            assert next(records)["campaign_id"] == "7"
            with pytest.raises(IncompleteError, match='campaign_id ""'):
                next(records)


def test_a_lookup_reports_records_without_a_key() -> None:
    """A record that another stream needs and that has no key is reported, too."""
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

    def answer(query: dict[str, str]) -> t.Any:
        if query["path"] == "/detail/get/":
            return listing({"campaign_id": query["campaign_id"]})
        return first_advertiser(listing({"campaign_id": "7"}, {"campaign_id": ""}))(query)

    with answering(answer) as (url, _):
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
