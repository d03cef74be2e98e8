"""Built-in streams against answers that nobody documents: a clean row or a clear error."""

from __future__ import annotations

import itertools
import json
import logging
import typing as t

import pytest
from conftest import Messages, answering, config_at, config_for, run

from tap_tiktok_ads.api import http_bodies
from tap_tiktok_ads.api.errors import ConfigError, ResponseError, TapError
from tap_tiktok_ads.api.metric_rules import rejected_metrics
from tap_tiktok_ads.api.report_tasks import ReportFile
from tap_tiktok_ads.streams.reports.base import ReportStream

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.simulator import Simulator

REPORT = "campaign_performance_report"
DAY = {"campaign_id": "7", "stat_time_day": "2026-11-01 00:00:00"}


def read(stream: str, answer: Callable[[dict[str, str]], t.Any], **settings: t.Any) -> Messages:
    """A run of one stream for one advertiser, against these answers."""
    with answering(answer) as (url, _):
        config = config_at(url, max_retries=0, **settings)
        return run(config, [stream])


def listing(*rows: t.Any, **page_info: int) -> dict[str, t.Any]:
    """The data of a page."""
    return {"list": [*rows], "page_info": {"total_number": len(rows), **page_info}}


# Keys


def test_metrics_named_as_keys() -> None:
    """What a row's metrics say of its keys counts for nothing."""
    metrics = {"campaign_id": None, "advertiser_id": "2", "is_top_view": True, "spend": "1.5"}
    messages = read(REPORT, lambda _: listing({"dimensions": DAY, "metrics": metrics}))
    (row,) = [one for one in messages.records[REPORT] if not one["is_top_view"]]
    assert (row["campaign_id"], row["advertiser_id"], row["spend"]) == ("7", "1", 1.5)


# TopView


def top_view(data: dict[str, t.Any]) -> Callable[[dict[str, str]], t.Any]:
    """Answers of an account with these TopView campaigns, whose report has one row."""

    def answer(query: dict[str, str]) -> dict[str, t.Any]:
        if query["path"] == "/campaign/get/":
            return data
        return listing({"dimensions": DAY, "metrics": {"spend": "1"}})

    return answer


@pytest.mark.parametrize(
    "data",
    [
        {"campaigns": [{"campaign_id": "7"}], "page_info": {"total_number": 1}},
        {"campaigns": []},
        {"list": {}, "page_info": {"total_number": 3}},
        {"list": [], "page_info": {"total_number": 150}},
    ],
)
def test_a_listing_of_another_shape(data: dict[str, t.Any]) -> None:
    """It does not count as an account without TopView campaigns: the report is incomplete."""
    messages = read(REPORT, top_view(data))
    assert messages.failed == [(REPORT, "1")]
    assert messages.bookmarks(REPORT) == {}


@pytest.mark.parametrize("code", [49999, 40067, 50000])
def test_other_errors_are_not_taken_for_none(sim: Simulator, code: int) -> None:
    """Only a filter that TikTok does not accept means that there is no such report."""
    sim.add_fault(
        "code", path="/report/integrated/get/", containing="buying", times=None, code=code
    )
    with pytest.raises(TapError):
        run(config_for(sim, report_mode="sync", max_retries=0, start_date="{now-2}"), [REPORT])


def test_a_forbidden_top_view_report_stops_no_other(sim: Simulator) -> None:
    """Later windows of the other ads are read."""
    config = config_for(sim, start_date="{now-100}", max_concurrency=1)
    whole = run(config, [REPORT])
    sim.add_fault(
        "code", path="/report/integrated/get/", containing="buying", times=None, code=40001
    )
    found = run(config, [REPORT])
    assert found.records[REPORT] == [row for row in whole.records[REPORT] if not row["is_top_view"]]


# Metrics


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("Invalid metric fields: ['reach']", ("reach",)),
        ("Invalid metrics: reach. Expected one of: 'spend', 'clicks'", ("reach",)),
        ("metrics: 'clicks' is not a valid choice. Valid choices are ['spend']", ("clicks",)),
        ("Invalid metrics. Expected one of: 'spend', 'clicks'", ()),
        ("advertiser_id: 'spend' is no id", ()),
    ],
)
def test_what_an_error_calls_invalid(message: str, refused: tuple[str, ...]) -> None:
    """The metrics that it names as wrong, and none of those that it names as right."""
    assert rejected_metrics(message, ["spend", "clicks", "reach"]) == refused


def test_nothing_valid() -> None:
    """A group with no metric that the report allows is refused before any request."""
    with pytest.raises(ConfigError, match="nothing of skan is valid"):
        read(
            "audience_report_by_country",
            lambda _: listing(),
            report_metrics={"audience_report_by_country": ["skan"]},
        )


@pytest.mark.parametrize("times", [1, None])
def test_merged_answers_with_different_rows(
    sim: Simulator, caplog: pytest.LogCaptureFixture, times: int | None
) -> None:
    """All are asked for again; where that does not help, the log tells."""
    config = config_for(
        sim, advertiser_ids=sim.world.advertiser_ids[:1], report_metrics={REPORT: ["all"]}
    )
    whole = run(config, [REPORT])
    caplog.clear()
    last = json.loads(sim.requests[-1].params["metrics"])[-1]
    sim.add_fault("drop_row", path="/report/integrated/get/", containing=f'"{last}"', times=times)
    with caplog.at_level(logging.WARNING):
        found = run({**config, "max_concurrency": 1}, [REPORT])
    assert ("some lack metrics" in caplog.text) is (times is None)
    assert bool(found.failed) is (times is None)
    if times == 1:
        assert found.keyed(REPORT) == whole.keyed(REPORT)


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_merged_lists_that_lack_a_record(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that every merged response leaves out on a page before the last is missing."""
    monkeypatch.setattr(ReportStream, "page_size", 7)
    config = config_for(sim, start_date="{now-2}", report_metrics={REPORT: ["all"]})
    sim.add_fault("drop_row", path="/report/integrated/get/", page=1, times=None)
    found = run(config, [REPORT])
    assert found.failed == [(REPORT, sim.world.advertiser_ids[0])]
    assert found.bookmarks(REPORT) == {}


# Reviews, whose shape is a guess


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
def test_reviews(data: dict[str, t.Any], expected: list[str]) -> None:
    """They are found wherever they are; an empty member hides no other."""

    def answer(query: dict[str, str]) -> t.Any:
        return listing({"ad_id": "1"}) if query["path"] == "/ad/get/" else data

    rows = read("ad_review_info", answer).records["ad_review_info"]
    assert [row["ad_id"] for row in rows] == expected


# CSV


@pytest.mark.parametrize("text", ["a,b\r1,2\r3,4\r", "a,b,a\n1,2,3\n"])
def test_first_rows_that_name_no_columns(text: str) -> None:
    """Text whose first row holds several, or a column twice, is no report."""
    file = ReportFile("x")
    file.file.write(text.encode())
    with pytest.raises(ResponseError, match="first row"):
        file.index()


# Hostile bodies

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
def test_hostile_bodies(stream: str, body: bytes) -> None:
    """They end in an error of one sentence, or in an incomplete list, and in no record."""
    text = "one sentence"
    try:
        messages = read(stream, lambda _: body)
    except TapError as error:
        messages, text = error.messages, str(error)  # type: ignore[attr-defined]
    else:
        assert messages.failed
    assert "\n" not in text
    assert len(text) < 600
    assert messages.records.get(stream, []) == []


def test_rows_that_look_dangerous() -> None:
    """Ids of twenty digits, names that look like macros or paths: kept as they are."""
    odd = {
        "campaign_id": 12345678901234567890,
        "campaign_name": "{now-1} $.data ../../etc/passwd {advertiser_id}",
        "{now}": "{advertiser_id}",
        "__proto__": {"a": 1},
    }
    messages = read("campaigns", lambda _: listing(odd))
    (row,) = messages.records["campaigns"]
    assert row["campaign_id"] == "12345678901234567890"
    assert row["campaign_name"] == odd["campaign_name"]
    assert (row["{now}"], row["__proto__"]) == ("{advertiser_id}", {"a": 1})


@pytest.mark.parametrize("stream", ["pixels", REPORT])
def test_a_body_that_never_ends(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    """More than any page of TikTok's is refused before it fills the memory."""
    monkeypatch.setattr(http_bodies, "MAX_BODY_BYTES", 100_000)
    body = json.dumps({"code": 0, "data": {"list": ["x" * 200_000]}}).encode()
    with pytest.raises(ResponseError, match="more than 100,000 bytes"):
        read(stream, lambda _: body)


def test_totals_beyond_belief() -> None:
    """A listing of more pages than there can be is refused in one short sentence."""
    pages = itertools.count(1)
    with pytest.raises(TapError) as failure:
        read(
            "pixels",
            lambda _: {
                "pixels": [{"pixel_id": str(next(pages))}],
                "page_info": {"total_page": 10**300},
            },
        )
    assert len(str(failure.value)) < 400
