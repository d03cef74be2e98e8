"""Requests that were too large are divided, and the size that worked is kept."""

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


def spans(sim: Simulator, since: int = 0) -> list[tuple[str, str, int]]:
    """First day, last day and code of the report requests, in the order of the days."""
    return sorted(
        (request.params["start_date"], request.params["end_date"], request.code or 0)
        for request in sim.requests[since:]
        if request.path == PATH
    )


send = requests.Session.request


def timing_out(session: requests.Session, *arguments: t.Any, **options: t.Any) -> t.Any:
    """Send a request. Where the server ends the connection without a response, time out at once.

    A real time-out would have to be short, and hit other requests on a busy machine.
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
def test_windows_are_halved(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, kind: str, details: dict[str, t.Any]
) -> None:
    """A window that fails so is halved at once, not repeated; no row is lost or comes twice."""
    config = config_for(sim, start_date="{now-29}", max_retries=0)
    whole = run(config, [REPORT])
    before = len(sim.requests)
    if kind == "hang":
        monkeypatch.setattr(requests.Session, "request", timing_out)
    sim.add_fault(kind, path=PATH, times=1, **details)
    halved = run(config, [REPORT])
    assert halved.keyed(REPORT) == whole.keyed(REPORT)
    assert len(halved.records[REPORT]) == len(whole.records[REPORT])
    assert halved.state == whole.state
    sent = [request for request in sim.requests[before:] if request.path == PATH]
    assert len({(r.params["start_date"], r.params["end_date"]) for r in sent}) == 3


@pytest.mark.parametrize("sim", [{"advertisers": 1, "days": 200}], indirect=True)
def test_the_width_that_worked_is_kept(sim: Simulator) -> None:
    """After a window was halved, later windows of the run are not wider."""
    config = config_for(sim, start_date="{now-199}", max_concurrency=1)
    whole = run(config, [REPORT])
    before = len(sim.requests)
    sim.add_fault("code", path=PATH, times=1, code=51010)
    halved = run(config, [REPORT])
    assert halved.keyed(REPORT) == whole.keyed(REPORT)
    assert len(halved.records[REPORT]) == len(whole.records[REPORT])
    sent = spans(sim, before)
    assert len(sent) > 12  # seven windows of thirty days, were they as wide as before


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_the_bookmark_waits_for_all_parts_of_a_window(sim: Simulator) -> None:
    """A failure between the halves of a window leaves the bookmark; the next run loses no row."""
    config = config_for(sim, start_date="{now-29}", max_retries=0, max_concurrency=1)
    whole = run(config, [REPORT])
    sim.add_fault("code", path=PATH, times=1, code=51010)
    sim.add_fault("http", path=PATH, status=500, after=2, times=1)
    with pytest.raises(errors.TransientError) as caught:
        run(config, [REPORT])
    first = caught.value.messages  # type: ignore[attr-defined]
    assert 0 < len(first.records[REPORT]) < len(whole.records[REPORT])
    second = run(config, [REPORT], state=first.state)
    keys = whole.schemas[REPORT]["key_properties"]
    found = {tuple(row[k] for k in keys) for m in (first, second) for row in m.records[REPORT]}
    assert found == whole.keyed(REPORT).keys()


@pytest.mark.parametrize("sim", [{"advertisers": 1, "campaigns": 12}], indirect=True)
def test_a_day_is_divided_by_campaigns(sim: Simulator) -> None:
    """A single day that is too large is asked for by campaigns, and loses no row."""
    config = config_for(sim, start_date="{now-3}", end_date="{now-3}", max_retries=0)
    whole = run(config, [REPORT])
    assert whole.records[REPORT]
    before = len(sim.requests)
    sim.add_fault("code", path=PATH, times=2, code=51010)
    divided = run(config, [REPORT])
    assert divided.keyed(REPORT) == whole.keyed(REPORT)
    assert len(divided.records[REPORT]) == len(whole.records[REPORT])
    filters = [
        json.loads(one["filter_value"])
        for request in sim.requests[before:]
        if request.path == PATH and not asks_for_top_view(request)
        for one in json.loads(request.params["filtering"])
        if one["field_name"] == "campaign_ids"
    ]
    assert sorted(map(len, filters)) == [6, 7, 13]


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_what_cannot_be_divided_fails(sim: Simulator) -> None:
    """A single campaign and day that still fails ends the run."""
    sim.add_fault("code", path=PATH, times=None, code=51010)
    days = {"start_date": "{now-3}", "end_date": "{now-3}"}
    config = config_for(sim, **days, max_retries=1, report_mode="sync")
    with pytest.raises(errors.TransientError, match="51010"):
        run(config, [REPORT])


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_nothing_to_divide_by(sim: Simulator) -> None:
    """Where no campaign is listed, a day that is too large ends the run; it is not left out."""
    sim.add_fault("code", path=PATH, times=None, code=51010)
    sim.add_fault("no_records", path="/campaign/get/", times=None)
    days = {"start_date": "{now-3}", "end_date": "{now-3}"}
    config = config_for(sim, **days, max_retries=0, report_mode="sync")
    with pytest.raises(errors.TransientError, match="51010"):
        run(config, [REPORT])


@pytest.mark.parametrize("sim", [{"advertisers": 1}], indirect=True)
def test_requests_per_second(sim: Simulator, paced_by_hand: ManualClock) -> None:
    """The override paces the requests of a run."""
    began = paced_by_hand()
    run(config_for(sim, requests_per_second=20), [REPORT, "pixels", "ads", "campaigns"])
    assert len(sim.requests) >= 8
    assert 10 < (len(sim.requests) - 1) / (paced_by_hand() - began) <= 20
