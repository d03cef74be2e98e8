"""Details of the objects of a list: GMV Max campaigns, one request per changed campaign."""

from __future__ import annotations

import collections
import contextlib
import threading
import typing as t

import pytest
from conftest import PATIENCE, Messages, catalog_of, config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api import errors

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator import Simulator

STREAM, LIST, INFO = "gmv_max_campaigns", "/gmv_max/campaign/get/", "/campaign/gmv_max/info/"
DENIED = (40001, f"advertiser does not grant you {INFO}:GET permission")
REJECTED = (40002, "The campaign does not exist.")
Respond = t.Callable[[str], bytes]


def campaign(number: int, modified: str = "2026-10-01 00:00:00") -> dict[str, t.Any]:
    """Return a campaign of the list."""
    return {"campaign_id": str(number), "campaign_name": f"C{number}", "modify_time": modified}


def details(campaign_id: str) -> bytes:
    """Return the details of a campaign."""
    name = {"campaign_id": campaign_id, "campaign_name": "old name"}
    return envelope({**name, "store_id": "11", "budget": "12.50", "item_list": []})


def failing(error: tuple[int, str], *campaign_ids: str) -> Respond:
    """Return a response function that fails for these campaigns, or for all by default."""

    def respond(campaign_id: str) -> bytes:
        if campaign_ids and campaign_id not in campaign_ids:
            return details(campaign_id)
        return envelope({}, *error)

    return respond


@contextlib.contextmanager
def campaigns(
    listed: list[dict[str, t.Any]], respond: Respond = details, missing_count: int = 0
) -> Iterator[tuple[str, list[Call]]]:
    """Run a server with the campaigns of advertiser 1. Its total includes missing campaigns."""

    def respond_to(call: Call) -> bytes:
        if call.path == INFO:
            return respond(call.query["campaign_id"])
        if call.path != LIST:
            return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})
        page, size = int(call.query["page"]), int(call.query["page_size"])
        records = listed[(page - 1) * size : page * size]
        total = len(listed) + missing_count
        page_info = {"page": page, "page_size": size, "total_number": total}
        return envelope({"list": records, "page_info": page_info})

    with serving(respond_to) as (url, calls):
        yield url, calls


def requested(calls: list[Call]) -> list[str]:
    """Return the campaigns whose details were requested, in the order of the requests."""
    return [call.query["campaign_id"] for call in calls if call.path == INFO]


def by_id(messages: Messages) -> dict[str, dict[str, t.Any]]:
    """Return the records by campaign, and assert that each is written once."""
    records = messages.records[STREAM]
    records_by_id = {record["campaign_id"]: record for record in records}
    assert len(records_by_id) == len(records)
    return records_by_id


def test_every_campaign_has_details() -> None:
    """Each campaign has one request. The list wins for columns that both responses have."""
    listed = [campaign(number) for number in range(250)]
    with campaigns(listed) as (url, calls):
        messages = run(config_at(url), [STREAM])
    counts = collections.Counter(requested(calls))
    assert counts == {str(number): 1 for number in range(250)}
    assert sum(call.path == LIST for call in calls) == 3
    records = by_id(messages)
    assert len(records) == 250
    for campaign_id, record in records.items():
        assert record["campaign_name"] == f"C{campaign_id}"
        assert (record["store_id"], record["budget"], record["item_list"]) == ("11", 12.5, [])
        assert record["modify_time"] == "2026-10-01T00:00:00Z"


def test_stream_maps_receive_details() -> None:
    """Records that pass through stream maps have details."""
    with campaigns([campaign(1), campaign(2)]) as (url, _):
        config = config_at(url, stream_maps={STREAM: {"cents": "budget * 100"}})
        messages = run(config, [STREAM])
    assert [record["cents"] for record in messages.records[STREAM]] == [1250, 1250]


def test_only_changed_campaigns_are_requested() -> None:
    """A later run requests the details of changed campaigns only."""
    listed = [campaign(number, f"2026-10-0{number} 00:00:00") for number in (1, 2, 3)]
    with campaigns(listed) as (url, calls):
        first = run(config_at(url), [STREAM])
        calls.clear()
        listed[1] = campaign(2, "2026-10-05 00:00:00")
        second = run(config_at(url), [STREAM], state=first.state)
    assert sorted(requested(calls)) == ["2", "3"]  # the bookmark is the time of campaign 3
    assert set(by_id(second)) == {"2", "3"}


@pytest.mark.parametrize("is_deselected", [True, False])
def test_details_are_requested_only_for_selected_columns(is_deselected: bool) -> None:
    """If only columns of the list are selected, no details are requested."""
    list_columns = {"advertiser_id", "campaign_id", "campaign_name", "modify_time"}
    with campaigns([campaign(1)]) as (url, calls):
        catalog = catalog_of(config_at(url), [STREAM], alone=True)
        (entry,) = catalog["streams"]
        for item in entry["metadata"]:
            if (
                is_deselected
                and item["breadcrumb"][-1:]
                and item["breadcrumb"][-1] not in list_columns
            ):
                item["metadata"]["selected"] = False
        if not is_deselected:
            columns = entry["schema"]["properties"]
            entry["schema"]["properties"] = {name: columns[name] for name in list_columns}
        messages = run(config_at(url), catalog=catalog)
    assert requested(calls) == []
    assert [set(record) for record in messages.records[STREAM]] == [list_columns]


def test_denied_details_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """Without the permission, one request is sent, and the next run retries."""
    listed = [campaign(number) for number in range(150)]
    with campaigns(listed, failing(DENIED)) as (url, calls):
        messages = run(config_at(url, max_concurrency=1), [STREAM, "sync_errors"])
    assert len(requested(calls)) == 1
    assert len(by_id(messages)) == 150
    assert not any("budget" in record for record in messages.records[STREAM])
    assert messages.bookmarks(STREAM) == {}
    assert messages.failed == []
    (error,) = messages.records["sync_errors"]
    assert (error["code"], error["action"]) == (40001, "skipped")
    assert sum("skips details of advertiser 1" in line for line in caplog.messages) == 1


def test_rejected_details_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    """A rejected campaign has only the columns of the list, and the next run retries."""
    with campaigns([campaign(1), campaign(2), campaign(3)], failing(REJECTED, "1", "3")) as (
        url,
        calls,
    ):
        messages = run(config_at(url), [STREAM, "sync_errors"])
    assert sorted(requested(calls)) == ["1", "2", "3"]
    records = by_id(messages)
    assert [name for name in sorted(records) if "budget" in records[name]] == ["2"]
    assert messages.bookmarks(STREAM) == {}
    assert messages.failed == []
    assert [error["action"] for error in messages.records["sync_errors"]] == ["skipped"] * 2
    assert sum("skips details of advertiser 1" in line for line in caplog.messages) == 1


OTHER = envelope({"campaign_id": "9", "budget": 1})


@pytest.mark.parametrize(
    "body",
    [OTHER, envelope({}), envelope([]), b'{"code": 0}', b"<html>", OTHER[:-9]],
    ids=["other campaign", "empty", "array", "no data", "html", "cut"],
)
def test_damaged_details_keep_the_bookmark(body: bytes) -> None:
    """No campaign is lost, and the bookmark stays, so the next run reads the details."""
    listed = [campaign(1), campaign(2)]
    broken = {"2": body}
    with campaigns(listed, lambda name: broken.get(name) or details(name)) as (url, _):
        config = config_at(url, max_retries=1, on_error="skip")
        first = run(config, [STREAM])
        assert first.failed == [(STREAM, "1")]
        records = by_id(first)
        assert [name for name in sorted(records) if "budget" in records[name]] == ["1"]
        assert first.bookmarks(STREAM) == {}
        broken.clear()
        second = by_id(run(config, [STREAM], state=first.state))
    assert [record["budget"] for record in second.values()] == [12.5, 12.5]


def test_undocumented_code_stops_the_run() -> None:
    """An undocumented code ends the run after the page of the campaign is written."""
    respond = failing((77777, "What is this?"), "2")
    with campaigns([campaign(1), campaign(2)], respond) as (url, _):
        with pytest.raises(errors.RejectedRequestError) as failure:
            run(config_at(url), [STREAM])
        messages: Messages = failure.value.messages  # type: ignore[attr-defined]
    assert set(by_id(messages)) == {"1", "2"}


def test_second_pass_requests_no_details_twice(short_waits: None) -> None:  # noqa: ARG001
    """A second pass over an incomplete list requests no details twice."""
    with campaigns([campaign(1), campaign(2)], missing_count=1) as (url, calls):
        messages = run(config_at(url), [STREAM, "sync_errors"])
    assert sum(call.path == LIST for call in calls) > 1
    assert sorted(requested(calls)) == ["1", "2"]
    assert all("budget" in record for record in by_id(messages).values())
    (error,) = messages.records["sync_errors"]
    assert "TikTok reports 3 records, received 2 distinct" in error["message"]


def test_campaign_on_two_pages_has_details(short_waits: None) -> None:  # noqa: ARG001
    """A campaign that moves to another page has its details, whichever page arrives first."""
    listed = [campaign(number) for number in range(300)]
    has_page_3 = threading.Event()
    pages: list[int] = []

    def respond_to(call: Call) -> bytes:
        if call.path == INFO:
            return details(call.query["campaign_id"])
        if call.path != LIST:
            return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})
        page = int(call.query["page"])
        records = listed[(page - 1) * 100 : page * 100]
        pages.append(page)
        if page == 3 and pages.count(3) == 1:
            records[0] = listed[150]
        if page == 2:
            assert has_page_3.wait(PATIENCE)
        return envelope({"list": records, "page_info": {"page": page, "total_number": 300}})

    def respond(call: Call) -> bytes:
        body = respond_to(call)
        if call.path == INFO and call.query["campaign_id"] == "150":
            has_page_3.set()  # the tap has read page 3
        return body

    with serving(respond) as (url, _):
        messages = run(config_at(url), [STREAM])
    assert messages.failed == []
    records = by_id(messages)
    assert len(records) == 300
    assert all(record["budget"] == 12.5 for record in records.values())


def test_vanished_campaign_becomes_a_tombstone() -> None:
    """A vanished campaign becomes a tombstone, and a returned campaign has its details."""
    listed = [campaign(number, f"2026-10-0{number} 00:00:00") for number in range(1, 6)]
    with campaigns(listed) as (url, calls):
        config = config_at(url, track_deleted=True)
        first = run(config, [STREAM])
        assert all(record["_deleted_at"] is None for record in first.records[STREAM])
        returned = listed.pop(1)
        calls.clear()
        second = run(config, [STREAM], state=first.state)
        assert requested(calls) == ["5"]
        tombstone = by_id(second)["2"]
        assert tombstone["budget"] is None
        assert tombstone["_deleted_at"] is not None
        calls.clear()
        listed.append(returned)
        third = run(config, [STREAM], state=second.state)
    assert sorted(requested(calls)) == ["2", "5"]
    assert by_id(third)["2"]["budget"] == 12.5


@pytest.mark.parametrize(
    ("column", "values", "detail_requests"),
    [("store_id", ["11"], ["1", "2"]), ("campaign_id", ["1", "2"], [])],
)
def test_lookup_requests_details_only_if_needed(
    column: str, values: list[str], detail_requests: list[str]
) -> None:
    """A lookup requests details only for a column that the list lacks."""
    custom = {
        "name": "mine",
        "url": "/mine/get/",
        "for_each": f"{STREAM}.{column}",
        "params": {"advertiser_id": "{advertiser_id}", "value": f"{{{STREAM}.{column}}}"},
        "pagination": "none",
        "schema": {"type": "object", "properties": {"id": {"type": "string"}}},
    }
    with campaigns([campaign(1), campaign(2)]) as (url, calls):
        run(config_at(url, custom_streams=[custom]), ["mine"])
    looked_up = [call.query["value"] for call in calls if call.path == "/mine/get/"]
    assert sorted(looked_up) == values
    assert sorted(requested(calls)) == detail_requests


def leaves(value: t.Any, path: str = "") -> Iterator[str]:
    """Yield the paths of a schema's columns, including nested columns."""
    for name, column in (value.get("properties") or {}).items():
        yield f"{path}{name}"
        yield from leaves(column, f"{path}{name}.")
        yield from leaves(column.get("items", {}), f"{path}{name}[].")


def paths(value: t.Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the values of a record that are not null."""
    for name, inner in value.items():
        if inner is not None:
            yield f"{path}{name}"
        if isinstance(inner, dict):
            yield from paths(inner, f"{path}{name}.")
        for item in inner if isinstance(inner, list) else ():
            if isinstance(item, dict):
                yield from paths(item, f"{path}{name}[].")


@pytest.mark.parametrize("sim", [{"advertisers": 3, "gmv_max_campaigns": 40}], indirect=True)
def test_every_column_is_filled(sim: Simulator) -> None:
    """Each column has a value in some record, and no record has another column."""
    messages = run(config_for(sim), [STREAM])
    schema = messages.schemas[STREAM]["schema"]
    of_openapi_file = {
        "item_list[].identity_info.name",
        *(f"promotion_days.custom_schedule_list[].{name}_date" for name in ("start", "end")),
    }
    filled = {path for record in messages.records[STREAM] for path in paths(record)}
    assert set(leaves(schema)) - of_openapi_file == filled
