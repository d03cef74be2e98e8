"""Faults of every kind, on every page, in every family of streams.

A transient fault loses and repeats no record. Any other fault is reported, and the next run
completes the records.
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
#: A stream of each family, and the path of its pages.
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
#: Transient faults. The records equal the records of a run without faults.
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
    "slow response": ("delay", {"seconds": 0.2}),
    "slow drip": ("drip", {"seconds": 0.2}),
    "no response": ("hang", {"seconds": 30}),
    "empty page": ("empty_page", {}),
    "page_info missing": ("no_page_info", {}),
    "total shrinks": ("total", {"by": -1}),
    "total grows": ("total", {"by": 1}),
    "records shift between pages": ("shift", {}),
    "a record is missing": ("drop_row", {}),
    "a duplicate record": ("repeat_row", {}),
    "code 40100": ("code", {"code": 40100}),
    "code 40016": ("code", {"code": 40016}),
    "code 50000": ("code", {"code": 50000}),
    "code 50002": ("code", {"code": 50002}),
    "code 51010": ("code", {"code": 51010}),
    "code 60001": ("code", {"code": 60001}),
}
#: Faults that only a timeout detects. On a busy machine other requests may exceed the short
#: timeout, so each request has many retries.
SLOW = {"slow drip", "no response"}
SHORT_TIMEOUT = {"request_timeout": 1, "max_retries": 50}
#: Faults that stop the run. The next run completes the records.
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
    """Reduce the page size of every stream, and the patience with slow responses."""
    for stream in STREAMS:
        if stream.stream_class.page_size is not None:
            monkeypatch.setattr(stream.stream_class, "page_size", PAGE)
    monkeypatch.setattr(time_limits, "MAX_RESPONSE_TIMEOUTS", 1)


@pytest.fixture(scope="module")
def world() -> t.Iterator[Simulator]:
    """One simulator for all tests. Each test clears its faults."""
    with Simulator(WORLD) as running:
        yield running


def settings(sim: Simulator, **overrides: t.Any) -> dict[str, t.Any]:
    """Return the settings of all runs."""
    start = str(pendulum.now("UTC").subtract(days=9).date())
    config = {"start_date": start, "custom_streams": [MINE]}
    return config_for(sim, **{**config, **overrides})


_clean_runs: dict[tuple[int, str], Messages] = {}


def clean_run(sim: Simulator, stream: str) -> Messages:
    """Return the messages of a run without faults."""
    key = (id(sim), stream)
    if key not in _clean_runs:
        sim.faults.clear()
        _clean_runs[key] = run(settings(sim), [stream])
    return _clean_runs[key]


def page_count(sim: Simulator, stream: str) -> int:
    """Return the number of pages of the stream's list. At least three pages are needed."""
    counts = collections.Counter(
        int(request.params.get("page", 1))
        for request in sim.requests
        if request.path == FAMILIES[stream]
    )
    return max(counts)


def key_counts(messages: Messages, stream: str) -> collections.Counter[tuple[t.Any, ...]]:
    """Return how often each key is received."""
    keys = messages.schemas[stream]["key_properties"]
    return collections.Counter(
        tuple(record[key] for key in keys) for record in messages.records[stream]
    )


def fault_cases(faults: t.Iterable[str], families: t.Iterable[str]) -> list[tuple[str, str, int]]:
    """Return combinations of fault, stream and page: all in `make soak`, and otherwise some."""
    combinations = list(itertools.product(faults, families, (1, 2)))
    return combinations if SOAK else combinations[::7]


@pytest.mark.parametrize(("fault", "stream", "page"), fault_cases(PASSING, FAMILIES))
def test_transient_fault_changes_no_record(
    world: Simulator, caplog: pytest.LogCaptureFixture, fault: str, stream: str, page: int
) -> None:
    """After a transient fault, records, state and values equal a run without faults."""
    expected = clean_run(world, stream)
    assert page_count(world, stream) > 2
    kind, details = PASSING[fault]
    world.faults.clear()
    world.add_fault(kind, path=FAMILIES[stream], page=page, **details)
    with caplog.at_level(logging.DEBUG):
        messages = run(settings(world, **(SHORT_TIMEOUT if fault in SLOW else {})), [stream])
    for secret in (world.access_token, world.app_secret):
        assert secret not in caplog.text
        assert secret not in json.dumps(messages.all)
    assert key_counts(messages, stream) == key_counts(expected, stream)
    assert max(key_counts(messages, stream).values()) == 1
    assert messages.keyed(stream) == expected.keyed(stream)
    assert "Records may be missing" not in caplog.text


@pytest.mark.parametrize(("fault", "stream", "page"), fault_cases(ENDING, [*FAMILIES][:-1]))
def test_run_after_a_failure_completes_the_records(
    world: Simulator, caplog: pytest.LogCaptureFixture, fault: str, stream: str, page: int
) -> None:
    """A failed run and the next run together have all records."""
    expected = clean_run(world, stream)
    kind, details, error = ENDING[fault]
    world.faults.clear()
    world.add_fault(kind, path=FAMILIES[stream], page=page, **details)
    with pytest.raises(error) as failure:
        run(settings(world), [stream])
    error_text = "".join(traceback.format_exception(failure.value))
    assert world.access_token not in error_text + caplog.text
    failed_messages: Messages = failure.value.messages  # type: ignore[attr-defined]
    states = [message["value"] for message in failed_messages.all if message["type"] == "STATE"]
    second = run(settings(world), [stream], state=states[-1] if states else None)
    assert {**failed_messages.keyed(stream), **second.keyed(stream)} == expected.keyed(stream)


@pytest.mark.parametrize("sim", [{**WORLD, "today": "2026-01-14"}], indirect=True)
@pytest.mark.parametrize("stream", ["pixels", "ad_performance_report"])
def test_wrong_total_is_remembered(
    sim: Simulator, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    """A total that never matches is reported, and the next run needs fewer passes.

    The days are fixed, because the last page must not be full: a wrong total after a full page
    requires another page.
    """
    config = settings(sim, start_date="2026-01-07")
    noon = pendulum.datetime(2026, 1, 14, 12)
    expected = run(config, [stream], started_at=noon)
    sim.add_fault("total", path=FAMILIES[stream], times=None, by=1)
    request_count = len(sim.requests)
    messages = run(config, [stream], started_at=noon)
    assert key_counts(messages, stream) == key_counts(expected, stream)
    assert messages.state["bookmarks"].keys() == expected.state["bookmarks"].keys()
    assert "The list counts as complete: passes received equal records." in caplog.text
    assert not messages.failed
    first_requests = len(sim.requests) - request_count
    later = {**config, "end_date": "2026-01-09"}
    second = run(later, [stream], state=messages.state, started_at=noon)
    assert not second.failed
    assert len(sim.requests) - request_count - first_requests < first_requests


@pytest.mark.parametrize("sim", [{**WORLD, "campaigns": 3}], indirect=True)
@pytest.mark.parametrize("stream", ["ads", "ad_performance_report"])
def test_inconsistent_list_keeps_the_bookmark(
    sim: Simulator, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    """After three inconsistent passes, the log has the counts and the bookmark does not advance."""
    sim.add_fault("drop_row", path=FAMILIES[stream], page=2, times=None)
    messages = run(settings(sim, max_concurrency=1), [stream, "sync_errors"])
    assert "Records may be missing. The next run reads them again." in caplog.text
    assert messages.bookmarks(stream) == {}
    (record,) = messages.records["sync_errors"]
    assert (record["stream"], record["action"]) == (stream, "read again by the next run")
    days = f", {record['window_start']} to {record['window_end']}" if record["window_start"] else ""
    label = f"{FAMILIES[stream]} for advertiser {record['advertiser_id']}{days}: "
    assert record["message"].startswith(f"{label}TikTok reports ")
    assert bool(days) is (stream == "ad_performance_report")


def test_run_without_faults_repeats_no_request(world: Simulator) -> None:
    """Without faults, only streams whose objects can vanish repeat a request."""
    world.faults.clear()
    request_count = len(world.requests)
    run(settings(world, start_date="{now-2}"), [*(entry.name for entry in STREAMS), "mine"])
    requests = [
        (request.path, tuple(request.params.items())) for request in world.requests[request_count:]
    ]
    repeated = [request for request, count in collections.Counter(requests).items() if count > 1]
    vanishing = {
        entry.stream_class.path for entry in STREAMS if entry.stream_class.objects_can_vanish
    }
    tasks = {"/page/lead/task/", "/changelog/task/check/"}  # other headers, or a status again
    assert {path for path, _ in repeated} <= vanishing | tasks
    assert {dict(params)["page"] for path, params in repeated if path not in tasks} == {"1"}


@pytest.mark.parametrize("sim", [{"advertisers": 2}], indirect=True)
@pytest.mark.parametrize("seed", range(20 if SOAK else 1))
def test_random_faults_change_no_record(sim: Simulator, seed: int) -> None:
    """If a small share of the responses is faulty, the records are complete and distinct."""
    streams = [*FAMILIES][:-1]
    config = {**settings(sim), "max_retries": 7}
    expected = run(config, streams)
    # A total that is too low at the end of a full page looks like the end of a complete list.
    for number, (kind, details) in enumerate(PASSING.values()):
        if kind not in {"hang", "drip", "total"}:
            sim.add_fault(
                kind, probability=0.002, times=None, after=(7 * seed + number) % 5, **details
            )
    messages = run(config, streams)
    for stream in streams:
        assert key_counts(messages, stream) == key_counts(expected, stream)


def test_families_name_existing_streams() -> None:
    """Every family has an existing stream, and every stream has small pages in these tests."""
    names = {entry.name for entry in STREAMS}
    assert {*FAMILIES} - names == {"mine"}
    assert all(issubclass(entry.stream_class, TikTokStream) for entry in STREAMS)
