"""Days before an account was created, which no report requests."""

from __future__ import annotations

import re
import typing as t

import pendulum
import pytest
from conftest import SPARSE, config_for, run

from tap_tiktok_ads.api.advertisers import creation_time
from tap_tiktok_ads.extract.dates import parse_time
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Iterator

REPORT = "campaign_performance_report"
HOURLY = "campaign_performance_report_hourly"
PIXELS = "pixel_event_statistics"
START_DATE = re.compile(r"start_(?:date|time)\W+(\d{4}-\d\d-\d\d)")


@pytest.fixture(params=[1, 7, 42])
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator whose accounts are 140 days old, with reports of 40 days."""
    with Simulator(
        {**SPARSE, "seed": request.param, "advertisers": 2, "days": 40, "account_age_days": 100}
    ) as running:
        yield running


def first_days(sim: Simulator, start: int = 0) -> dict[str, str]:
    """Return the first requested day of reports by advertiser, since a number of requests."""
    days: dict[str, str] = {}
    for request in sim.requests[start:]:
        match = START_DATE.search(str(request.params))
        if match is not None:
            owner = request.params["advertiser_id"]
            days[owner] = min(match[1], days.get(owner, match[1]))
    return days


def creation_days(sim: Simulator) -> dict[str, pendulum.Date]:
    """Return the day of each account's creation in its own time zone."""
    records = run(config_for(sim), ["advertisers"]).records["advertisers"]
    return {
        record["advertiser_id"]: parse_time(record["create_time"])
        .in_timezone(record["timezone"])
        .date()
        for record in records
    }


@pytest.mark.parametrize("stream", [REPORT, HOURLY])
def test_reports_begin_on_the_day_before_the_creation(sim: Simulator, stream: str) -> None:
    """No report requests a day before the day that precedes the account's creation."""
    created = creation_days(sim)
    position = len(sim.requests)
    run(config_for(sim, start_date="{now-200}"), [stream])
    assert first_days(sim, position) == {
        owner: str(day.subtract(days=1)) for owner, day in created.items()
    }


def test_no_record_is_lost(sim: Simulator) -> None:
    """The records equal the records of a run that requests all days, with fewer requests."""
    position = len(sim.requests)
    config = config_for(sim, start_date="{now-400}")
    records = run(config, [REPORT, PIXELS]).records
    requests = len(sim.requests) - position
    everything = run({**config, "skip_days_before_creation": False}, [REPORT, PIXELS])
    assert records == everything.records
    assert records[REPORT]
    assert requests < len(sim.requests) - position - requests


@pytest.mark.parametrize("stream", [PIXELS, "comments"])
def test_records_that_can_be_older_than_the_account_are_read(sim: Simulator, stream: str) -> None:
    """A pixel or a post can be older than the account, so all configured days are requested."""
    config = config_for(sim, start_date="{now-160}", end_date="{now-150}")
    position = len(sim.requests)
    run(config, [stream])
    started = pendulum.now("UTC").date().subtract(days=158)
    assert all(day <= str(started) for day in first_days(sim, position).values())
    assert first_days(sim, position)


def test_days_before_the_creation_do_not_break_the_bookmark(sim: Simulator) -> None:
    """The bookmark advances, and a second run re-reads the lookback only."""
    config = config_for(sim, start_date="{now-400}")
    first = run(config, [REPORT])
    assert set(first.bookmarks(REPORT)) == set(sim.world.advertiser_ids)
    position = len(sim.requests)
    second = run(config, [REPORT], state=first.state)
    assert min(first_days(sim, position).values()) > str(
        pendulum.now("UTC").date().subtract(days=10)
    )
    assert second.state["bookmarks"][REPORT] == first.state["bookmarks"][REPORT]


def test_switching_the_setting_off_reads_the_skipped_days(sim: Simulator) -> None:
    """Skipped days are not covered in the state, so a later run without the setting reads them."""
    config = config_for(sim, start_date="{now-200}")
    state = run(config, [REPORT]).state
    position = len(sim.requests)
    run({**config, "skip_days_before_creation": False}, [REPORT], state=state)
    earliest = pendulum.now("UTC").date().subtract(days=201)
    assert min(first_days(sim, position).values()) <= str(earliest.add(days=2))


def test_an_account_created_after_the_end_is_not_requested(sim: Simulator) -> None:
    """A range that ends before the creation needs no report, and nothing is covered."""
    config = config_for(sim, start_date="{now-400}", end_date="{now-300}")
    position = len(sim.requests)
    messages = run(config, [REPORT])
    assert first_days(sim, position) == {}
    partitions = messages.state["bookmarks"][REPORT]["partitions"]
    assert all(partition["covered"] == [] for partition in partitions)


@pytest.mark.parametrize(
    "seconds",
    [None, 0, -5, 4_102_444_800, 1_600_000_000_000, "1600000000", 1.5e9, True, [], 10**40],
)
def test_an_implausible_creation_time_saves_nothing(seconds: t.Any) -> None:
    """A missing, zero, future or unreadable `create_time` is not used."""
    assert creation_time(seconds) is None


def test_a_creation_after_the_start_of_the_run_saves_nothing(sim: Simulator) -> None:
    """A run whose clock is behind the creation requests all days."""
    started_at = pendulum.now("UTC").subtract(days=300)
    position = len(sim.requests)
    run(config_for(sim, start_date="{now-5}"), [REPORT], started_at=started_at)
    assert set(first_days(sim, position)) == set(sim.world.advertiser_ids)
