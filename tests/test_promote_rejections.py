"""Lists and reports of an account that rejects the filter by origin."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from conftest import Messages, config_at, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api import errors

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPORT, REPORT_PATH = "campaign_performance_report", "/report/integrated/get/"
ORIGINS = "campaign_system_origins"
REJECTED = envelope({}, 40002, "filtering: invalid value.")


def report_record(number: int) -> dict[str, t.Any]:
    """Return a record of the report by campaign and day."""
    day = "2026-11-01 00:00:00"
    dimensions = {"campaign_id": str(number), "stat_time_day": day}
    return {"dimensions": dimensions, "metrics": {"spend": "1.00"}}


def campaign(number: int) -> dict[str, t.Any]:
    """Return a campaign of the list."""
    return {"campaign_id": str(number), "modify_time": "2026-10-01 00:00:00"}


def page_of(call: Call, records: list[dict[str, t.Any]]) -> bytes:
    """Return the page that a request names."""
    page, size = int(call.query["page"]), int(call.query["page_size"])
    page_info = {"page": page, "page_size": size, "total_number": len(records)}
    return envelope({"list": records[(page - 1) * size : page * size], "page_info": page_info})


@contextlib.contextmanager
def serve_account(
    path: str, records: list[dict[str, t.Any]], is_rejected: Callable[[Call], bool]
) -> Iterator[tuple[str, list[Call]]]:
    """Serve the records of one advertiser. Reject some requests with a filter by origin."""

    def respond(call: Call) -> bytes:
        if call.path == "/advertiser/info/":
            return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})
        filtering = call.query.get("filtering", "")
        if call.path != path or "RESERVATION_TOP_VIEW" in filtering:
            return page_of(call, [])
        return REJECTED if ORIGINS in filtering and is_rejected(call) else page_of(call, records)

    with serving(respond) as (url, calls):
        yield url, calls


def requested_pages(calls: list[Call], path: str) -> list[tuple[str, bool]]:
    """Return each requested page, and True if its request has the filter by origin."""
    requests = [call.query for call in calls if call.path == path]
    return sorted((query["page"], ORIGINS in query["filtering"]) for query in requests)


def covered_days(messages: Messages) -> t.Any:
    """Return the days of the report that the state covers."""
    (partition,) = messages.state["bookmarks"][REPORT]["partitions"]
    return partition["covered"]


def test_report_without_promote_is_one_list() -> None:
    """The pages of a report without Promote ads form one list, whose total is compared."""
    with serve_account(REPORT_PATH, [*map(report_record, range(2500))], lambda _: True) as (
        url,
        calls,
    ):
        messages = run(config_at(url), [REPORT])
    assert len(messages.keyed(REPORT)) == len(messages.records[REPORT]) == 2500
    assert not messages.failed
    assert covered_days(messages) == [["2026-11-01", "2026-11-02"]]
    assert requested_pages(calls, REPORT_PATH) == [
        ("1", False),
        ("1", True),
        ("2", False),
        ("3", False),
    ]


def test_missing_record_keeps_the_bookmark() -> None:
    """A record that TikTok counts but does not return keeps the bookmark."""
    records = [*map(report_record, range(2500))]
    records[1700] = records[1699]
    with serve_account(REPORT_PATH, records, lambda _: True) as (url, _):
        messages = run(config_at(url), [REPORT])
    assert len(messages.keyed(REPORT)) == 2499
    assert messages.failed == [(REPORT, "1")]
    assert covered_days(messages) == []


@pytest.mark.parametrize(
    ("stream", "path", "make_record"),
    [(REPORT, REPORT_PATH, report_record), ("campaigns", "/campaign/get/", campaign)],
)
def test_rejection_of_second_page_raises_error(
    stream: str, path: str, make_record: Callable[[int], dict[str, t.Any]]
) -> None:
    """A filter that the first page accepts is not removed after a later rejection."""
    records = [*map(make_record, range(1500))]
    with (
        serve_account(path, records, lambda call: call.query["page"] == "2") as (url, calls),
        pytest.raises(errors.RejectedRequestError),
    ):
        run(config_at(url), [stream])
    assert requested_pages(calls, path).count(("2", True)) == 1
    assert ("2", False) not in requested_pages(calls, path)


def test_user_filter_by_origin_is_kept() -> None:
    """A custom report by origin is not read without its filter."""
    report = {
        "name": "promoted",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "granularity": "day",
        "filters": [{"field": ORIGINS, "values": ["PROMOTE"]}],
    }
    with (
        serve_account(REPORT_PATH, [report_record(1)], lambda _: True) as (url, _),
        pytest.raises(errors.RejectedRequestError),
    ):
        run(config_at(url, custom_reports=[report]), ["promoted"])
    with serve_account(REPORT_PATH, [report_record(1)], lambda _: False) as (url, calls):
        run(config_at(url, custom_reports=[report]), ["promoted"])
    assert all(is_filtered for _, is_filtered in requested_pages(calls, REPORT_PATH))


def test_warning_names_the_skipped_list(caplog: pytest.LogCaptureFixture) -> None:
    """The warning names the skipped Promote list, not TopView."""
    records = [{"ad_id": "1", "modify_time": "2026-10-01 00:00:00"}]
    with serve_account("/ad/get/", records, lambda _: True) as (url, _):
        first = run(config_at(url), ["ads"])
        caplog.clear()
        second = run(config_at(url), ["ads"], state=first.state)
    assert len(second.records["ads"]) == 1
    skipped = [line for line in caplog.messages if " skips " in line]
    assert len(skipped) == 1
    assert " skips Promote objects of advertiser 1: " in skipped[0]
