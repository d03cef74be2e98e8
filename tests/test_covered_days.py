"""The days that a run requests, and the exactness of the records of several runs."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime as dt
import logging
import random
import typing as t

import pendulum
import pytest
from conftest import (
    SOAK,
    SPARSE,
    Messages,
    asks_for_top_view,
    catalog_of,
    config_for,
    run,
)

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Iterator

REPORT = "campaign_performance_report"
HOURLY = "campaign_performance_report_hourly"
PATH = "/report/integrated/get/"
#: A day in the past, so that the simulator and the machine agree that it is complete.
NEW_YEAR = pendulum.datetime(2024, 1, 1, 12)
DAY = pendulum.Date.fromisoformat
#: The number of seeds for interrupted backfills with a fixed lookback.
SEEDS = 20 if SOAK else 2


@dataclasses.dataclass
class Table:
    """A table that upserts records by key, and the last state of the target."""

    records_by_key: dict[tuple[t.Any, ...], dict[str, t.Any]] = dataclasses.field(
        default_factory=dict
    )
    state: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def load(self, messages: Messages, name: str = REPORT) -> None:
        """Load the records of a run, and its last state if it has one."""
        if messages.records[name]:
            self.records_by_key |= messages.keyed(name)
        states = [message["value"] for message in messages.all if message["type"] == "STATE"]
        self.state = states[-1] if states else self.state


class Clock:
    """A simulator that starts in January 2024, and runs at noon of its days."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.now = NEW_YEAR

    def advance(self, days: int) -> None:
        """Advance the simulator by days. Conversions of the last week arrive."""
        self.now = self.now.add(days=days)
        self.sim.world.advance(days)

    def run(self, state: dict[str, t.Any] | None = None, **settings: t.Any) -> Messages:
        """Run the report at noon of the current day."""
        names = settings.pop("streams", [REPORT])
        return run(config_for(self.sim, **settings), names, state=state, started_at=self.now)

    def days(self, since: int) -> list[tuple[str, str]]:
        """Return the windows of the requests since index `since`, the newest first."""
        windows = [
            (request.params["start_date"], request.params["end_date"])
            for request in self.sim.requests[since:]
            if request.path == PATH and not asks_for_top_view(request)
        ]
        return sorted(windows, reverse=True)


OPTIONS = {**SPARSE, "today": "2024-01-01", "days": 800, "advertisers": 2, "latency_ms": 0}


@pytest.fixture
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A simulator at New Year 2024, with two years of delivery."""
    with Simulator({**OPTIONS, **getattr(request, "param", {})}) as sim:
        clock = Clock(sim)
        monkeypatch.setattr(sim.world, "now", lambda: clock.now.astimezone(dt.timezone.utc))
        yield clock


def values(records: dict[tuple[t.Any, ...], dict[str, t.Any]]) -> dict[tuple[t.Any, ...], t.Any]:
    """Return records by key without `is_final`, which depends on the time of the run."""
    return {
        key: {name: value for name, value in record.items() if name != "is_final"}
        for key, record in records.items()
    }


@pytest.mark.parametrize("start_date", ["2023-11-20", "{now-42}"])
def test_late_conversions_are_read_after_a_pause(clock: Clock, start_date: str) -> None:
    """An incomplete day is re-read after a pause, and also after a failed run."""
    table = Table()
    settings: dict[str, t.Any] = {"start_date": start_date, "lookback_days": 7}
    table.load(clock.run(**settings))
    clock.advance(0)  # conversions of the last week, after the run
    clock.advance(60)
    clock.sim.add_fault("code", path=PATH, containing="2024-01-02", code=77777)
    with pytest.raises(errors.RejectedRequestError) as failure:
        clock.run(table.state, **settings)
    table.load(failure.value.messages)  # type: ignore[attr-defined]
    clock.sim.faults.clear()
    table.load(clock.run(table.state, **settings))
    complete = clock.run(start_date="2023-11-20")
    assert values(table.records_by_key) == values(complete.keyed(REPORT))


def test_log_names_the_requested_days(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the requested days, without the days that are covered already."""
    first = clock.run(start_date="2023-12-01", lookback_days=7)
    clock.advance(60)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        clock.run(first.state, start_date="2023-11-01", lookback_days=7)
    assert "Days 2023-11-01 to 2023-11-30, 2023-12-25 to 2024-03-01, in windows" in caplog.text


def test_rolling_start_keeps_the_days_of_a_failed_run(clock: Clock) -> None:
    """After a failed run, a rolling start still reads the days of that run."""
    clock.sim.add_fault("code", path=PATH, code=77777, times=None)
    with pytest.raises(errors.RejectedRequestError) as failure:
        clock.run(start_date="{now-29}")
    clock.sim.faults.clear()
    clock.advance(60)
    failed_messages: Messages = failure.value.messages  # type: ignore[attr-defined]
    request_count = len(clock.sim.requests)
    messages = clock.run(failed_messages.state, start_date="{now-29}")
    assert min(first for first, _ in clock.days(request_count)) == "2023-12-03"
    assert messages.keyed(REPORT) == clock.run(start_date="2023-12-03").keyed(REPORT)


def test_changed_start_reads_only_missing_days(clock: Clock) -> None:
    """Whenever `start_date` changes, a run reads the lookback and the missing days."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {
        "advertiser_ids": [owner],
        "lookback_days": 3,
        "end_date": "2023-12-31",
    }
    requested = []
    state: dict[str, t.Any] = {}
    table = Table()
    for start in ("2023-12-01", "2023-12-11", "2023-11-01", "2023-11-21", "2023-10-01"):
        request_count = len(clock.sim.requests)
        messages = clock.run(state, start_date=start, **settings)
        table.load(messages)
        state = messages.state
        requested.append(clock.days(request_count))
    lookback = ("2023-12-29", "2023-12-31")
    assert requested == [
        [("2023-12-02", "2023-12-31"), ("2023-12-01", "2023-12-01")],
        [lookback],
        [lookback, ("2023-11-01", "2023-11-30")],
        [lookback],
        [lookback, ("2023-10-02", "2023-10-31"), ("2023-10-01", "2023-10-01")],
    ]
    (partition,) = state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-10-01", "2023-12-28"]]
    complete = clock.run(start_date="2023-10-01", **settings)
    assert values(table.records_by_key) == values(complete.keyed(REPORT))


def test_earlier_start_reads_skipped_days(clock: Clock) -> None:
    """A later start after a pause skips days, and an earlier start reads these days."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {"advertiser_ids": [owner], "lookback_days": 0}
    first = clock.run(start_date="2023-12-01", **settings)
    clock.advance(60)
    second = clock.run(first.state, start_date="2024-02-20", **settings)
    (partition,) = second.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-12-01", "2023-12-31"], ["2024-02-20", "2024-02-29"]]
    assert partition["replication_key_value"] == "2024-02-29"
    request_count = len(clock.sim.requests)
    third = clock.run(second.state, start_date="2023-12-01", **settings)
    assert clock.days(request_count) == [
        ("2024-03-01", "2024-03-01"),
        ("2024-01-21", "2024-02-19"),
        ("2024-01-01", "2024-01-20"),
    ]
    assert third.bookmarks(REPORT) == {owner: "2024-02-29"}


@pytest.mark.parametrize("lookback_days", [5, "auto"])
def test_newest_first_alternates_advertisers(clock: Clock, lookback_days: t.Any) -> None:
    """`newest_first` reads the newest window of each advertiser, then the older windows."""
    first, second = clock.sim.world.advertiser_ids
    messages = clock.run(start_date="2023-10-01", lookback_days=lookback_days)
    turns = list(
        dict.fromkeys(
            (record["advertiser_id"], (DAY("2024-01-01") - DAY(record["stat_time_day"])).days // 30)
            for record in messages.records[REPORT]
        )
    )
    assert turns == [(owner, age) for age in range(4) for owner in (first, second)]


@pytest.mark.parametrize("lookback_days", [5, "auto"])
def test_oldest_first_reads_one_advertiser_at_a_time(clock: Clock, lookback_days: t.Any) -> None:
    """`oldest_first` reads the ascending windows of one advertiser after the other."""
    settings: dict[str, t.Any] = {"start_date": "2023-10-01", "lookback_days": lookback_days}
    messages = clock.run(backfill_order="oldest_first", **settings)
    turns = list(
        dict.fromkeys(
            (record["advertiser_id"], (DAY(record["stat_time_day"]) - DAY("2023-10-01")).days // 30)
            for record in messages.records[REPORT]
        )
    )
    assert turns == [(owner, age) for owner in clock.sim.world.advertiser_ids for age in range(4)]
    assert messages.keyed(REPORT) == clock.run(**settings).keyed(REPORT)


def test_stream_without_keys_reads_ascending_days(clock: Clock) -> None:
    """A stream without keys always reads its days in ascending order."""
    (owner, _) = clock.sim.world.advertiser_ids
    stream = {
        "name": "mine",
        "url": PATH,
        "params": {
            "advertiser_id": "{advertiser_id}",
            "report_type": "BASIC",
            "data_level": "AUCTION_ADVERTISER",
            "dimensions": ["advertiser_id", "stat_time_day"],
            "metrics": ["spend"],
            "start_date": "{start_date}",
            "end_date": "{end_date}",
        },
        "records_path": "$.data.list[*]",
        "primary_keys": [],
        "flatten": True,
    }
    messages = clock.run(
        start_date="2023-10-01",
        custom_streams=[stream],
        advertiser_ids=[owner],
        streams=["mine"],
    )
    windows = [
        (DAY(record["stat_time_day"][:10]) - DAY("2023-10-01")).days // 30
        for record in messages.records["mine"]
    ]
    assert windows == sorted(windows)
    assert len(set(windows)) > 1


def test_full_table_keeps_the_state(clock: Clock) -> None:
    """FULL_TABLE reads the configured range, and leaves bookmarks and metrics unchanged."""
    settings: dict[str, t.Any] = {"start_date": "2023-12-01"}
    first = clock.run(**settings, report_metrics={REPORT: ["spend"]})
    config = config_for(clock.sim, **settings, report_metrics={REPORT: ["spend", "clicks"]})
    catalog = catalog_of(config, [REPORT])
    entry = next(item for item in catalog["streams"] if item["tap_stream_id"] == REPORT)
    entry["replication_method"] = "FULL_TABLE"
    second = run(config, catalog=catalog, state=first.state, started_at=clock.now)
    assert second.keyed(REPORT).keys() == first.keyed(REPORT).keys()
    assert second.state["bookmarks"][REPORT] == first.state["bookmarks"][REPORT]


def test_failed_window_does_not_block_other_windows(clock: Clock) -> None:
    """With `on_error: skip`, the other windows of the advertiser are covered."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {
        "advertiser_ids": [owner],
        "start_date": "2023-10-01",
        "lookback_days": 0,
    }
    clock.sim.add_fault("code", path=PATH, containing="2023-11-03", code=77777, times=None)
    first = clock.run(on_error="skip", **settings)
    (partition,) = first.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-10-01", "2023-11-02"], ["2023-12-03", "2023-12-31"]]
    clock.sim.faults.clear()
    request_count = len(clock.sim.requests)
    second = clock.run(first.state, **settings)
    assert clock.days(request_count) == [("2024-01-01", "2024-01-01"), ("2023-11-03", "2023-12-02")]
    complete = clock.run(**settings)
    assert {**first.keyed(REPORT), **second.keyed(REPORT)} == complete.keyed(REPORT)


def test_split_window_needs_both_halves(clock: Clock) -> None:
    """A split window is covered after all its halves are read."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {
        "advertiser_ids": [owner],
        "start_date": "2023-12-03",
        "lookback_days": 0,
    }
    settings |= {"max_concurrency": 1, "on_error": "skip"}
    clock.sim.add_fault("code", path=PATH, containing="2023-12-03", code=40067, times=1)
    clock.sim.add_fault("code", path=PATH, containing="2023-12-17", code=77777, times=None)
    first = clock.run(**settings)
    (partition,) = first.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == []
    clock.sim.faults.clear()
    second = clock.run(first.state, **settings)
    (partition,) = second.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-12-03", "2023-12-31"]]
    assert second.keyed(REPORT) == clock.run(**settings).keyed(REPORT)


class StoppedError(Exception):
    """The target stopped."""


@pytest.mark.parametrize(
    ("seed", "lookback_days"), [(seed, 7) for seed in range(SEEDS)] + [(SEEDS, "auto")]
)
def test_interrupted_backfill_is_complete(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int, lookback_days: t.Any
) -> None:
    """A backfill of two years that stops ten times is complete, and re-reads few records."""
    from conftest import Collector  # noqa: PLC0415

    from tap_tiktok_ads.singer import state_output  # noqa: PLC0415
    from tap_tiktok_ads.tap import TapTikTokAds  # noqa: PLC0415

    monkeypatch.setattr(state_output, "STATE_INTERVAL_SECONDS", 0.0)
    rng = random.Random(seed)

    class Target(Collector):
        remaining = -1

        def write_message(self, message: t.Any) -> None:
            self.remaining -= 1
            if self.remaining == 0:
                raise StoppedError
            super().write_message(message)

    start = "2022-01-01"
    config = config_for(clock.sim, start_date=start, lookback_days=lookback_days)
    count = len(clock.run(start_date=start).all)
    table, written = Table(), 0
    for attempt in range(11):
        target = Target()
        target.remaining = rng.randrange(1, count // 6) if attempt < 10 else -1
        tap = TapTikTokAds(
            config=config,
            catalog=catalog_of(config, [REPORT], alone=True),
            selected_only=True,
            state=copy.deepcopy(table.state),
            message_writer=target,
        )
        tap.run_context.started_at = clock.now
        with contextlib.suppress(StoppedError):
            tap.sync_all()
        written += len(target.messages.records[REPORT])
        table.load(target.messages)
        clock.advance(rng.choice([0, 0, 1, 5]))
    table.load(clock.run(table.state, start_date=start, lookback_days=lookback_days))
    complete = clock.run(start_date=start).keyed(REPORT)
    assert values(table.records_by_key) == values(complete)
    assert written < 2 * len(complete)  # runs re-read the lookback and interrupted windows


@pytest.mark.parametrize(("hour", "last"), [(10, "2023-12-30"), (11, "2023-12-31")])
@pytest.mark.parametrize("clock", [{"advertisers": 1, "days": 40}], indirect=True)
def test_gmv_max_day_is_covered_after_eleven_hours(clock: Clock, hour: int, last: str) -> None:
    """A GMV Max day is covered eleven hours after its end, when `net_cost` is available."""
    (owner,) = clock.sim.world.advertiser_ids
    zone = clock.sim.world.accounts[owner].zone.key
    clock.now = pendulum.datetime(2024, 1, 1, hour, tz=zone).in_timezone("UTC")
    name = "gmv_max_report"
    messages = clock.run(start_date="2023-12-01", lookback_days=0, streams=[name])
    assert messages.bookmarks(name) == {owner: last}


def test_merged_states_lose_no_days(clock: Clock) -> None:
    """If Meltano merges the state of a failed run into the previous state, no day is lost."""
    settings: dict[str, t.Any] = {"start_date": "2023-10-01", "lookback_days": 0}
    first = clock.run(**{**settings, "start_date": "2023-12-01"})
    clock.advance(30)
    clock.sim.add_fault("code", path=PATH, containing="2023-10-01", code=77777)
    with pytest.raises(errors.RejectedRequestError) as failure:
        clock.run(first.state, **settings)
    clock.sim.faults.clear()
    failed_messages: Messages = failure.value.messages  # type: ignore[attr-defined]
    merged = merge(copy.deepcopy(first.state), failed_messages.state)
    second = clock.run(merged, **settings)
    records = {**first.keyed(REPORT), **failed_messages.keyed(REPORT), **second.keyed(REPORT)}
    assert values(records) == values(clock.run(**settings).keyed(REPORT))


def merge(into: dict[str, t.Any], state: dict[str, t.Any]) -> dict[str, t.Any]:
    """Merge states as Meltano does: objects deeply, and other values by replacement."""
    for key, value in state.items():
        if isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value
    return into


@pytest.mark.parametrize(
    ("stream_members", "members"),
    [
        ({"metrics": 7}, {}),
        ({"metrics": {"spend": 1}}, {"covered": "2023-12-01"}),
        ({}, {"covered": [["2023-12-01", "2999-12-31"]], "start_floor": []}),
        ({}, {"covered": [["2023-12-31", "2023-12-01"]], "replication_key_value": {}}),
        ({}, {"read_from": 7, "replication_key_value": "2023-12-20"}),
        ({}, {"read_from": "2023-12-01", "replication_key_value": "2999-12-20"}),
    ],
)
def test_damaged_state_members_are_ignored(
    clock: Clock, stream_members: dict[str, t.Any], members: dict[str, t.Any]
) -> None:
    """Damaged state members are ignored, so all days are read and the state is repaired."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {"start_date": "2023-12-01", "advertiser_ids": [owner]}
    context = {"context": {"advertiser_id": owner}, "replication_key": "stat_time_day"}
    partition = {**context, **members}
    state = {"bookmarks": {REPORT: {**stream_members, "partitions": [partition]}}}
    messages, complete = clock.run(state, **settings), clock.run(**settings)
    assert messages.records == complete.records
    assert messages.state == complete.state


def test_record_order_is_independent_of_workers(clock: Clock) -> None:
    """The order of the records does not depend on the number of workers."""
    settings: dict[str, t.Any] = {"start_date": "2023-10-01", "lookback_days": "auto"}
    sequential, concurrent = (clock.run(**settings, max_concurrency=count) for count in (1, 16))
    assert sequential.records == concurrent.records
