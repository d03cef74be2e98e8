"""Lists and reports of many pages, of accounts that reject the filter on origins."""

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


def report_row(number: int) -> dict[str, t.Any]:
    """Return a record of the report by campaign and day."""
    day = "2026-11-01 00:00:00"
    dimensions = {"campaign_id": str(number), "stat_time_day": day}
    return {"dimensions": dimensions, "metrics": {"spend": "1.00"}}


def campaign(number: int) -> dict[str, t.Any]:
    """Return a campaign of the list."""
    return {"campaign_id": str(number), "modify_time": "2026-10-01 00:00:00"}


def page_of(call: Call, rows: list[dict[str, t.Any]]) -> bytes:
    """Return the page that a request names."""
    page, size = int(call.query["page"]), int(call.query["page_size"])
    page_info = {"page": page, "page_size": size, "total_number": len(rows)}
    return envelope({"list": rows[(page - 1) * size : page * size], "page_info": page_info})


@contextlib.contextmanager
def account(
    path: str, rows: list[dict[str, t.Any]], is_rejected: Callable[[Call], bool]
) -> Iterator[tuple[str, list[Call]]]:
    """A server with the rows of advertiser 1 at a path. It rejects some requests with origins."""

    def answer(call: Call) -> bytes:
        if call.path == "/advertiser/info/":
            return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})
        filtering = call.query.get("filtering", "")
        if call.path != path or "RESERVATION_TOP_VIEW" in filtering:
            return page_of(call, [])
        return REJECTED if ORIGINS in filtering and is_rejected(call) else page_of(call, rows)

    with serving(answer) as (url, calls):
        yield url, calls


def pages_read(calls: list[Call], path: str) -> list[tuple[str, bool]]:
    """Return the page of each request for a path, and True if it has the filter on origins."""
    requests = [call.query for call in calls if call.path == path]
    return sorted((query["page"], ORIGINS in query["filtering"]) for query in requests)


def covered(messages: Messages) -> t.Any:
    """Return the days of the report that the state covers."""
    (partition,) = messages.state["bookmarks"][REPORT]["partitions"]
    return partition["covered"]


def test_report_of_many_pages() -> None:
    """The pages of a report without Promote ads are one list, whose total is compared."""
    with account(REPORT_PATH, [*map(report_row, range(2500))], lambda _: True) as (url, calls):
        messages = run(config_at(url), [REPORT])
    assert len(messages.keyed(REPORT)) == len(messages.records[REPORT]) == 2500
    assert not messages.failed
    assert covered(messages) == [["2026-11-01", "2026-11-02"]]
    assert pages_read(calls, REPORT_PATH) == [("1", False), ("1", True), ("2", False), ("3", False)]


def test_report_that_is_short() -> None:
    """A record that TikTok counts and does not return holds the bookmark."""
    rows = [*map(report_row, range(2500))]
    rows[1700] = rows[1699]
    with account(REPORT_PATH, rows, lambda _: True) as (url, _):
        messages = run(config_at(url), [REPORT])
    assert len(messages.keyed(REPORT)) == 2499
    assert messages.failed == [(REPORT, "1")]
    assert covered(messages) == []


@pytest.mark.parametrize(
    ("stream", "path", "row"),
    [(REPORT, REPORT_PATH, report_row), ("campaigns", "/campaign/get/", campaign)],
)
def test_second_page(stream: str, path: str, row: Callable[[int], dict[str, t.Any]]) -> None:
    """The filter that the first page accepted is not the cause of a later rejection."""
    rows = [*map(row, range(1500))]
    with (
        account(path, rows, lambda call: call.query["page"] == "2") as (url, calls),
        pytest.raises(errors.RejectedRequestError),
    ):
        run(config_at(url), [stream])
    assert pages_read(calls, path).count(("2", True)) == 1
    assert ("2", False) not in pages_read(calls, path)


def test_filter_of_a_user() -> None:
    """A custom report by origin is not read without its filter."""
    report = {
        "name": "promoted",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "granularity": "day",
        "filters": [{"field": ORIGINS, "values": ["PROMOTE"]}],
    }
    with (
        account(REPORT_PATH, [report_row(1)], lambda _: True) as (url, _),
        pytest.raises(errors.RejectedRequestError),
    ):
        run(config_at(url, custom_reports=[report]), ["promoted"])
    with account(REPORT_PATH, [report_row(1)], lambda _: False) as (url, calls):
        run(config_at(url, custom_reports=[report]), ["promoted"])
    assert all(is_filtered for _, is_filtered in pages_read(calls, REPORT_PATH))


def test_a_list_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """The warning names the list that is skipped: Promote ads, and not TopView ads."""
    rows = [{"ad_id": "1", "modify_time": "2026-10-01 00:00:00"}]
    with account("/ad/get/", rows, lambda _: True) as (url, _):
        first = run(config_at(url), ["ads"])
        caplog.clear()
        second = run(config_at(url), ["ads"], state=first.state)
    assert len(second.records["ads"]) == 1
    skipped = [line for line in caplog.messages if line.startswith("Skipping")]
    assert len(skipped) == 1
    assert skipped[0].startswith("Skipping Promote objects of advertiser 1: ")
