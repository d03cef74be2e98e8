"""Requests that are too large are split, and the size that succeeds is kept."""

from __future__ import annotations

import json
import typing as t

import pytest
import requests
from conftest import ManualClock, asks_for_top_view, config_for, run

from tap_tiktok_ads.api import errors

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT = "campaign_performance_report"
PATH = "/report/integrated/get/"


def windows_of(sim: Simulator, since: int = 0) -> list[tuple[str, str, int]]:
    """Return the first day, last day and code of each report request, sorted by day."""
    return sorted(
        (request.params["start_date"], request.params["end_date"], request.code or 0)
        for request in sim.requests[since:]
        if request.path == PATH
    )


send = requests.Session.request


def timing_out(session: requests.Session, *arguments: t.Any, **options: t.Any) -> t.Any:
    """Send a request. A connection that ends without a response times out immediately.

    A real timeout would have to be short, and would affect other requests on a busy machine.
    """
    try:
        return send(session, *arguments, **options)
    except requests.ConnectionError:
        raise requests.ReadTimeout from None


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("code", {"code": 50002}),
        ("code", {"code": 51010}),
        ("code", {"code": 40067, "message": "too much"}),
        ("code", {"code": 40002, "message": "The query is too large."}),
        ("http", {"status": 504}),
        ("hang", {"seconds": 0}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_failed_window_is_halved(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, kind: str, details: dict[str, t.Any]
) -> None:
    """A window that is too large is halved without a retry, and the records are complete."""
    config = config_for(sim, start_date="{now-29}", max_retries=0)
    complete = run(config, [REPORT])
    request_count = len(sim.requests)
    if kind == "hang":
        monkeypatch.setattr(requests.Session, "request", timing_out)
    sim.add_fault(kind, path=PATH, times=1, **details)
    halved = run(config, [REPORT])
    assert halved.keyed(REPORT) == complete.keyed(REPORT)
    assert len(halved.records[REPORT]) == len(complete.records[REPORT])
    assert halved.state == complete.state
    report_requests = [request for request in sim.requests[request_count:] if request.path == PATH]
    assert (
        len(
            {
                (request.params["start_date"], request.params["end_date"])
                for request in report_requests
            }
        )
        == 3
    )


@pytest.mark.parametrize("sim", [{"advertisers": 1, "days": 200}], indirect=True)
def test_later_windows_keep_the_smaller_size(sim: Simulator) -> None:
    """After a window is halved, later windows of the run are not longer."""
    config = config_for(sim, start_date="{now-199}", max_concurrency=1)
    complete = run(config, [REPORT])
    request_count = len(sim.requests)
    sim.add_fault("code", path=PATH, times=1, code=51010)
    halved = run(config, [REPORT])
    assert halved.keyed(REPORT) == complete.keyed(REPORT)
    assert len(halved.records[REPORT]) == len(complete.records[REPORT])
    windows = windows_of(sim, request_count)
    assert len(windows) > 12  # without the smaller size, there are seven windows of thirty days


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_bookmark_waits_for_both_halves(sim: Simulator) -> None:
    """A failure between two halves keeps the bookmark, so the next run completes the records."""
    config = config_for(sim, start_date="{now-29}", max_retries=0, max_concurrency=1)
    complete = run(config, [REPORT])
    sim.add_fault("code", path=PATH, times=1, code=51010)
    sim.add_fault("http", path=PATH, status=500, after=2, times=1)
    with pytest.raises(errors.TransientError) as caught:
        run(config, [REPORT])
    first = caught.value.messages  # type: ignore[attr-defined]
    assert 0 < len(first.records[REPORT]) < len(complete.records[REPORT])
    second = run(config, [REPORT], state=first.state)
    keys = complete.schemas[REPORT]["key_properties"]
    received_keys = {
        tuple(record[key] for key in keys)
        for messages in (first, second)
        for record in messages.records[REPORT]
    }
    assert received_keys == complete.keyed(REPORT).keys()


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 12}], indirect=True)
def test_day_is_split_by_campaigns(sim: Simulator) -> None:
    """A single day that is too large is requested by campaigns, and the records are complete."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=0)
    complete = run(config, [REPORT])
    assert complete.records[REPORT]
    request_count = len(sim.requests)
    sim.add_fault("code", path=PATH, times=2, code=51010)
    divided = run(config, [REPORT])
    assert divided.keyed(REPORT) == complete.keyed(REPORT)
    assert len(divided.records[REPORT]) == len(complete.records[REPORT])
    filters = [
        json.loads(item["filter_value"])
        for request in sim.requests[request_count:]
        if request.path == PATH and not asks_for_top_view(request)
        for item in json.loads(request.params["filtering"])
        if item["field_name"] == "campaign_ids"
    ]
    assert sorted(map(len, filters)) == [6, 7, 13]


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_single_campaign_and_day_fails(sim: Simulator) -> None:
    """A single campaign and day that still fails ends the run."""
    sim.add_fault("code", path=PATH, times=None, code=51010)
    days = {"start_date": "{now-3}", "end_date": "{now-3}"}
    config = config_for(sim, **days, max_retries=1, report_mode="sync")
    with pytest.raises(errors.TransientError, match="51010"):
        run(config, [REPORT])


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_day_without_campaigns_fails(sim: Simulator) -> None:
    """Without campaigns, a day that is too large ends the run."""
    sim.add_fault("code", path=PATH, times=None, code=51010)
    sim.add_fault("no_records", path="/campaign/get/", times=None)
    days = {"start_date": "{now-3}", "end_date": "{now-3}"}
    config = config_for(sim, **days, max_retries=0, report_mode="sync")
    with pytest.raises(errors.TransientError, match="51010"):
        run(config, [REPORT])


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_requests_per_second(sim: Simulator, paced_by_hand: ManualClock) -> None:
    """`requests_per_second` paces the requests of a run."""
    began = paced_by_hand()
    run(config_for(sim, requests_per_second=20), [REPORT, "pixels", "ads", "campaigns"])
    assert len(sim.requests) >= 8
    assert 10 < (len(sim.requests) - 1) / (paced_by_hand() - began) <= 20
