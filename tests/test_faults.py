"""Faults of every kind, at every place of a listing, in every family of streams.

Each either is survived, and the rows are those of a run without it, none lost and none twice; or it
is reported, and a second run with the state brings all that is missing.
"""

from __future__ import annotations

import collections
import itertools
import json
import logging
import traceback
import typing as t

import pendulum
import pytest
from conftest import SOAK, Messages, config_for, run

from tap_tiktok_ads.api import errors, time_limits
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.singer.stream import TikTokStream
from tap_tiktok_ads.streams import STREAMS

pytestmark = pytest.mark.usefixtures("short_pauses")

PAGE = 7
#: One stream of each family, and the path of its pages.
FAMILIES = {
    "ads": "/ad/get/",
    "video_creatives": "/file/video/ad/search/",
    "pixels": "/pixel/list/",
    "smart_plus_ad_creatives": "/smart_plus/ad/get/",
    "ad_performance_report": "/report/integrated/get/",
    "advertiser_performance_report_hourly": "/report/integrated/get/",
    "smart_plus_material_report_daily": "/smart_plus/material_report/breakdown/",
    "comments": "/comment/list/",
    "mine": "/campaign/get/",
}
MINE = {
    "name": "mine",
    "url": "/campaign/get/",
    "params": {"advertiser_id": "{advertiser_id}", "filtering": {"primary_status": "STATUS_ALL"}},
    "page_size": 1,
    "primary_keys": ["advertiser_id", "campaign_id"],
    "schema": {"type": "object", "properties": {"campaign_id": {"type": "string"}}},
}
#: What passes: the rows are those of a run without it.
PASSING: dict[str, tuple[str, dict[str, t.Any]]] = {
    "another shape": ("shape", {}),
    "500 with HTML": ("http", {"status": 500}),
    "502": ("http", {"status": 502}),
    "504": ("http", {"status": 504}),
    "429": ("http", {"status": 429}),
    "429 with Retry-After": ("http", {"status": 429, "retry_after": 0}),
    "connection reset": ("reset", {}),
    "truncated JSON": ("truncate", {}),
    "a page of a proxy": ("not_json", {}),
    "slow answer": ("delay", {"seconds": 0.2}),
    "slow drip": ("drip", {"seconds": 0.2}),
    "no answer": ("hang", {"seconds": 30}),
    "empty page": ("empty_page", {}),
    "page_info missing": ("no_page_info", {}),
    "total shrinks": ("total", {"by": -1}),
    "total grows": ("total", {"by": 1}),
    "rows shift between pages": ("shift", {}),
    "a row vanishes": ("drop_row", {}),
    "a row comes twice": ("repeat_row", {}),
    "code 40100": ("code", {"code": 40100}),
    "code 40016": ("code", {"code": 40016}),
    "code 50000": ("code", {"code": 50000}),
    "code 50002": ("code", {"code": 50002}),
    "code 51010": ("code", {"code": 51010}),
    "code 60001": ("code", {"code": 60001}),
}
#: Faults that a request notices by its time-out alone. On a busy machine other requests may exceed
#: so short a time-out, too, so each has many retries.
SLOW = {"slow drip", "no answer"}
SHORT_TIMEOUT = {"request_timeout": 1, "max_retries": 50}
#: What ends the run; the next one brings the rest.
ENDING: dict[str, tuple[str, dict[str, t.Any], type[Exception]]] = {
    "token revoked": ("code", {"code": 40105}, errors.AuthError),
    "unknown code": ("code", {"code": 77777}, errors.RejectedRequestError),
}
WORLD = {
    "advertisers": 1,
    "campaigns": 5,
    "pixels": 16,
    "videos": 16,
    "smart_plus_ads": 16,
    "comments": 16,
    "days": 12,
}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every paged stream asks for few records at once, as if accounts were large.

    And patience with slow answers is short.
    """
    for stream in STREAMS:
        if stream.stream_class.page_size is not None:
            monkeypatch.setattr(stream.stream_class, "page_size", PAGE)
    monkeypatch.setattr(time_limits, "MAX_RESPONSE_TIMEOUTS", 1)


@pytest.fixture(scope="module")
def world() -> t.Iterator[Simulator]:
    """One simulator for all; each test clears its faults."""
    with Simulator(WORLD) as running:
        yield running


def settings(sim: Simulator, **others: t.Any) -> dict[str, t.Any]:
    """Those of all runs."""
    start = str(pendulum.now("UTC").subtract(days=9).date())
    config = {"start_date": start, "custom_streams": [MINE]}
    return config_for(sim, **{**config, **others})


_wholes: dict[tuple[int, str], Messages] = {}


def whole(sim: Simulator, stream: str) -> Messages:
    """A run without faults."""
    key = (id(sim), stream)
    if key not in _wholes:
        sim.faults.clear()
        _wholes[key] = run(settings(sim), [stream])
    return _wholes[key]


def pages(sim: Simulator, stream: str) -> int:
    """How many pages the stream's listing has; all places are only different if there are three."""
    asked = collections.Counter(
        int(one.params.get("page", 1)) for one in sim.requests if one.path == FAMILIES[stream]
    )
    return max(asked)


def rows(messages: Messages, stream: str) -> collections.Counter[tuple[t.Any, ...]]:
    """How often each key came."""
    keys = messages.schemas[stream]["key_properties"]
    return collections.Counter(tuple(row[key] for key in keys) for row in messages.records[stream])


def places(faults: t.Iterable[str], families: t.Iterable[str]) -> list[tuple[str, str, int]]:
    """Fault, stream and page: every fault in some families; in `make soak`, all of all."""
    every = list(itertools.product(faults, families, (1, 2)))
    return every if SOAK else every[::7]


@pytest.mark.parametrize(("fault", "stream", "page"), places(PASSING, FAMILIES))
def test_what_passes(
    world: Simulator, caplog: pytest.LogCaptureFixture, fault: str, stream: str, page: int
) -> None:
    """No row is lost and none comes twice; state and values are those of a run without a fault."""
    expected = whole(world, stream)
    assert pages(world, stream) > 2
    kind, details = PASSING[fault]
    world.faults.clear()
    world.add_fault(kind, path=FAMILIES[stream], page=page, **details)
    with caplog.at_level(logging.DEBUG):
        found = run(settings(world, **(SHORT_TIMEOUT if fault in SLOW else {})), [stream])
    for secret in (world.access_token, world.app_secret):
        assert secret not in caplog.text
        assert secret not in json.dumps(found.all)
    assert rows(found, stream) == rows(expected, stream)
    assert max(rows(found, stream).values()) == 1
    assert found.keyed(stream) == expected.keyed(stream)
    assert "Records may be missing" not in caplog.text


@pytest.mark.parametrize(("fault", "stream", "page"), places(ENDING, [*FAMILIES][:-1]))
def test_what_ends_a_run(
    world: Simulator, caplog: pytest.LogCaptureFixture, fault: str, stream: str, page: int
) -> None:
    """The run fails, and its rows with those of the next run from its state are all."""
    expected = whole(world, stream)
    kind, details, error = ENDING[fault]
    world.faults.clear()
    world.add_fault(kind, path=FAMILIES[stream], page=page, **details)
    with pytest.raises(error) as failure:
        run(settings(world), [stream])
    told = "".join(traceback.format_exception(failure.value))
    assert world.access_token not in told + caplog.text
    cut: Messages = failure.value.messages  # type: ignore[attr-defined]
    states = [message["value"] for message in cut.all if message["type"] == "STATE"]
    rest = run(settings(world), [stream], state=states[-1] if states else None)
    assert {**cut.keyed(stream), **rest.keyed(stream)} == expected.keyed(stream)


@pytest.mark.parametrize("stream", ["pixels", "ad_performance_report"])
def test_a_count_that_means_something_else(
    world: Simulator, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    """A total that never fits is reported, and the next run needs one pass as long as it holds."""
    expected = whole(world, stream)
    world.faults.clear()
    world.add_fault("total", path=FAMILIES[stream], times=None, by=1)
    before = len(world.requests)
    found = run(settings(world), [stream])
    assert rows(found, stream) == rows(expected, stream)
    assert found.state["bookmarks"].keys() == expected.state["bookmarks"].keys()
    assert "The list counts as complete: passes received equal records." in caplog.text
    assert not found.failed
    first_requests = len(world.requests) - before
    second = run(settings(world, end_date="{now-5}"), [stream], state=found.state)
    assert not second.failed
    assert len(world.requests) - before - first_requests < first_requests


@pytest.mark.parametrize("sim", [{**WORLD, "campaigns": 3}], indirect=True)
@pytest.mark.parametrize("stream", ["ads", "ad_performance_report"])
def test_a_listing_that_never_settles(
    sim: Simulator, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    """After three passes the log has the numbers, and the bookmark does not advance."""
    sim.add_fault("drop_row", path=FAMILIES[stream], page=2, times=None)
    found = run(settings(sim, max_concurrency=1), [stream, "sync_errors"])
    assert "Records may be missing; the next run reads them again." in caplog.text
    assert found.bookmarks(stream) == {}
    (row,) = found.records["sync_errors"]
    assert (row["stream"], row["action"]) == (stream, "read again by the next run")
    days = f", {row['window_start']} to {row['window_end']}" if row["window_start"] else ""
    label = f"{FAMILIES[stream]} for advertiser {row['advertiser_id']}{days}: "
    assert row["message"].startswith(f"{label}TikTok reports ")
    assert bool(days) is (stream == "ad_performance_report")


def test_quiet_runs_read_nothing_twice(world: Simulator) -> None:
    """Without faults no request is made twice, except where objects that vanish move others."""
    world.faults.clear()
    before = len(world.requests)
    run(settings(world, start_date="{now-2}"), [*(one.name for one in STREAMS), "mine"])
    asked = [(one.path, tuple(one.params.items())) for one in world.requests[before:]]
    twice = [one for one, count in collections.Counter(asked).items() if count > 1]
    vanishing = {one.stream_class.path for one in STREAMS if one.stream_class.objects_can_vanish}
    assert {path for path, _ in twice} <= vanishing
    assert {dict(params)["page"] for _, params in twice} == {"1"}


@pytest.mark.parametrize("sim", [{"advertisers": 2}], indirect=True)
@pytest.mark.parametrize("seed", range(20 if SOAK else 1))
def test_some_of_everything(sim: Simulator, seed: int) -> None:
    """Where some answers in a hundred are faulty, the rows are exactly those of a run without."""
    streams = [*FAMILIES][:-1]
    config = {**settings(sim), "max_retries": 7}
    expected = run(config, streams)
    # A total that is too low at the end of a full page looks like the end of a complete list.
    for number, (kind, details) in enumerate(PASSING.values()):
        if kind not in {"hang", "drip", "total"}:
            sim.add_fault(
                kind, probability=0.002, times=None, after=(7 * seed + number) % 5, **details
            )
    found = run(config, streams)
    for stream in streams:
        assert rows(found, stream) == rows(expected, stream)


def test_every_stream_is_of_a_family() -> None:
    """The families' streams exist, and all pages are small in these tests."""
    names = {one.name for one in STREAMS}
    assert {*FAMILIES} - names == {"mine"}
    assert all(issubclass(one.stream_class, TikTokStream) for one in STREAMS)
