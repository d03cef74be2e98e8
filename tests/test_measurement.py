"""Custom conversions of pixels and apps, and events of apps."""

from __future__ import annotations

import typing as t

import pytest
from conftest import config_for, run

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

STREAM = "custom_conversions"


@pytest.mark.parametrize(
    ("denied", "kept_type"), [("/app/list/", "PIXEL"), ("/pixel/list/", "APP")]
)
@pytest.mark.parametrize("sim", [{"apps": 12}], indirect=True)
def test_denied_list_of_sources_does_not_stop_the_other(
    sim: Simulator, denied: str, kept_type: str
) -> None:
    """Without permission for apps, the conversions of pixels are read, and vice versa."""
    complete = run(config_for(sim), [STREAM]).records[STREAM]
    sim.add_fault("code", path=denied, times=None, code=40001)
    messages = run(config_for(sim), [STREAM, "sync_errors"])
    kept = [record for record in complete if record["event_source_type"] == kept_type]
    assert 0 < len(kept) < len(complete)
    assert messages.records[STREAM] == kept
    skipped = {(r["stream"], r["action"]) for r in messages.records["sync_errors"]}
    assert skipped == {(STREAM, "skipped")}
    assert messages.failed == []


@pytest.mark.parametrize("stream", [STREAM, "app_events"])
def test_account_without_permission_takes_one_request(sim: Simulator, stream: str) -> None:
    """After a denied request of an advertiser, its other pixels and apps are not requested."""
    path = {STREAM: "/custom_conversion/list/", "app_events": "/app/optimization_event/"}[stream]
    sim.add_fault("code", path=path, times=None, code=40001)
    messages = run(config_for(sim, max_concurrency=1), [stream, "sync_errors"])
    requests = [request for request in sim.requests if request.path == path]
    assert len(requests) == len(sim.world.advertiser_ids) == len(messages.records["sync_errors"])
