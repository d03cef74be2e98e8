"""Pixel statistics, requested per UTC day and ten pixels, because responses have no date."""

from __future__ import annotations

import collections
import datetime as dt
import json
import typing as t
import urllib.parse

import conftest
import pendulum
import pytest
from conftest import SMALL, answering, config_at, config_for, run

from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Sequence

STREAM = "pixel_event_statistics"
PATH = "/pixel/event/stats/"
KEYS = ["advertiser_id", "pixel_id", "pixel_event_type", "custom_event_type", "stat_date"]


def requested_days(paths: Sequence[str]) -> list[str]:
    """Return the date of each request for statistics, in ascending order."""
    queries = [
        dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        for path in paths
        if PATH in path
    ]
    ranges = [json.loads(query["date_range"]) for query in queries]
    assert all(days["start_date"] == days["end_date"] for days in ranges)
    return sorted(days["start_date"] for days in ranges)


def respond(query: dict[str, str]) -> dict[str, t.Any]:
    """Return one pixel, or its statistics without a date."""
    if query["path"] == "/pixel/list/":
        return {"pixels": [{"pixel_id": "5"}], "page_info": {"total_number": 1, "page": 1}}
    return {"list": [{"pixel_id": "5", "statistics": [{"pixel_event_type": "VIEW"}]}]}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_request_per_day_and_ten_pixels(seed: int) -> None:
    """Each request has one day and at most ten pixels, and records have the requested day."""
    with Simulator({**SMALL, "advertisers": 1, "pixels": 23, "seed": seed}) as sim:
        messages = run(config_for(sim, start_date="{now-4}"), [STREAM])
        requests = [request for request in sim.requests if request.path == PATH]
        # in account time, as `expected` requires
        today = sim.world.today(sim.world.advertiser_ids[0])
        expected = sim.world.expected(str(today - dt.timedelta(4)), str(today))
    assert [request.code for request in requests] == [0] * 15
    days = [json.loads(request.params["date_range"]) for request in requests]
    assert {*collections.Counter(day["start_date"] for day in days).values()} == {3}
    assert all(day["start_date"] == day["end_date"] for day in days)
    assert messages.schemas[STREAM]["key_properties"] == KEYS
    assert messages.schemas[STREAM]["schema"]["properties"]["stat_date"]["format"] == "date"
    records = messages.keyed(STREAM)
    assert len(records) == len(messages.records[STREAM]) == expected[STREAM] > 0
    assert {key[-1] for key in records} == {day["start_date"] for day in days}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_second_run_reads_three_days(seed: int) -> None:
    """With a state, only the last three days are read, whatever `lookback_days` is."""
    with Simulator({**SMALL, "advertisers": 1, "pixels": 8, "seed": seed}) as sim:
        config = config_for(sim, start_date="{now-20}", lookback_days=14)
        first = run(config, [STREAM])
        sim.requests.clear()
        second = run(config, [STREAM], state=first.state)
        count = sum(request.path == PATH for request in sim.requests)
    assert len({record["stat_date"] for record in first.records[STREAM]}) == 21
    days = sorted({record["stat_date"] for record in second.records[STREAM]})
    assert len(days) == count == 3
    assert first.keyed(STREAM).keys() >= second.keyed(STREAM).keys()
    assert [*first.bookmarks(STREAM).values()] < days[:1]


@pytest.mark.parametrize(
    "now", [f"2026-11-20T{time}:00" for time in ("00:30", "07:59", "12:30", "23:30")]
)
def test_days_and_bookmark_are_utc(monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    """Days and bookmark are UTC days in every time zone of an advertiser."""
    accounts = [
        {"advertiser_id": "1", "timezone": "Etc/GMT+8"},
        {"advertiser_id": "2", "timezone": "Etc/GMT-12"},
    ]
    monkeypatch.setattr(conftest, "ANSWERED_ADVERTISERS", {"list": accounts})
    server_time = dt.datetime.fromisoformat(now).replace(tzinfo=dt.timezone.utc)
    started_at = pendulum.instance(server_time)
    last = pendulum.date(2026, 11, 20)
    with answering(respond, lambda _: server_time) as (url, paths):
        config = config_at(url, advertiser_ids=["1", "2"], start_date="{now-5}", end_date="{now}")
        first = run(config, [STREAM], started_at=started_at)
        days = [str(last.subtract(days=back)) for back in range(5, -1, -1)]
        assert requested_days(paths) == sorted([*days, *days])
        paths.clear()
        run(config, [STREAM], state=first.state, started_at=started_at)
        assert requested_days(paths) == sorted([*days[-3:], *days[-3:]])
    assert first.bookmarks(STREAM) == {"1": days[2], "2": days[2]}


def test_account_without_pixels_requests_no_statistics() -> None:
    """An account without pixels requests only the list of pixels, and its bookmark advances."""

    def no_pixels(query: dict[str, str]) -> dict[str, t.Any]:
        assert query["path"] == "/pixel/list/"
        return {"pixels": [], "page_info": {"total_number": 0, "page": 1}}

    with answering(no_pixels) as (url, paths):
        messages = run(config_at(url, start_date="2026-10-01", end_date="2026-11-02"), [STREAM])
    assert sum("/pixel/list/" in path for path in paths) == 1
    assert requested_days(paths) == []
    assert messages.bookmarks(STREAM) == {"1": "2026-11-02"}


def test_failed_day_is_read_by_the_next_run() -> None:
    """A day whose request fails is read by the next run."""
    with Simulator({**SMALL, "advertisers": 1, "pixels": 8}) as sim:
        config = config_for(sim, start_date="{now-9}", on_error="skip")
        expected = run(config, [STREAM]).keyed(STREAM)
        day = str(pendulum.now("UTC").date().subtract(days=6))
        sim.add_fault("code", path=PATH, containing=day, code=40002)
        broken = run(config, [STREAM])
        assert broken.failed == [(STREAM, sim.world.advertiser_ids[0])]
        assert {key[-1] for key in expected.keys() - broken.keyed(STREAM).keys()} == {day}
        after = run(config, [STREAM], state=broken.state)
        assert day in {record["stat_date"] for record in after.records[STREAM]}
