"""Which days a run requests, and that the records of all runs together are exact."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
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
#: Days before the date of any machine, so that servers and machines agree that they are over.
NEW_YEAR = pendulum.datetime(2024, 1, 1, 12)
DAY = pendulum.Date.fromisoformat
#: Runs of kills with a fixed lookback.
SEEDS = 20 if SOAK else 2


@dataclasses.dataclass
class Table:
    """What a target that loads by key has stored, and the state that it passed on."""

    rows: dict[tuple[t.Any, ...], dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    state: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def load(self, messages: Messages, name: str = REPORT) -> None:
        """Load the records of a run, and its last state if there is one."""
        if messages.records[name]:
            self.rows |= messages.keyed(name)
        states = [message["value"] for message in messages.all if message["type"] == "STATE"]
        self.state = states[-1] if states else self.state


class Clock:
    """A simulator on a day of 2024 and later, and runs at the noon of its days."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.now = NEW_YEAR

    def advance(self, days: int) -> None:
        """Let days pass. Conversions of the last week arrive."""
        self.now = self.now.add(days=days)
        self.sim.world.advance(days)

    def run(self, state: dict[str, t.Any] | None = None, **settings: t.Any) -> Messages:
        """Run the report at the noon of the day."""
        names = settings.pop("streams", [REPORT])
        return run(config_for(self.sim, **settings), names, state=state, started_at=self.now)

    def days(self, since: int) -> list[tuple[str, str]]:
        """Return the windows of the requests from the request `since` on, the newest first."""
        windows = [
            (request.params["start_date"], request.params["end_date"])
            for request in self.sim.requests[since:]
            if request.path == PATH and not asks_for_top_view(request)
        ]
        return sorted(windows, reverse=True)


OPTIONS = {**SPARSE, "today": "2024-01-01", "days": 800, "advertisers": 2, "latency_ms": 0}


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    """A simulator at New Year 2024, with two years of delivery."""
    with Simulator({**OPTIONS, **getattr(request, "param", {})}) as sim:
        yield Clock(sim)


def values(rows: dict[tuple[t.Any, ...], dict[str, t.Any]]) -> dict[tuple[t.Any, ...], t.Any]:
    """Return rows without the column that depends on the time of the run."""
    return {
        key: {name: value for name, value in row.items() if name != "is_final"}
        for key, row in rows.items()
    }


@pytest.mark.parametrize("start_date", ["2023-11-20", "{now-42}"])
def test_a_pause_and_a_late_conversion(clock: Clock, start_date: str) -> None:
    """A day that was read at noon is read again, however long the pause, and after a failure."""
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
    whole = clock.run(start_date="2023-11-20")
    assert values(table.rows) == values(whole.keyed(REPORT))


def test_the_log_names_the_days_of_a_run(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The days that are covered between an earlier start and the lookback are not among them."""
    first = clock.run(start_date="2023-12-01", lookback_days=7)
    clock.advance(60)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        clock.run(first.state, start_date="2023-11-01", lookback_days=7)
    assert "Days 2023-11-01 to 2023-11-30, 2023-12-25 to 2024-03-01, in windows" in caplog.text


def test_a_macro_goes_back_to_its_earliest_start(clock: Clock) -> None:
    """A run that fails at once loses no day to a rolling start."""
    clock.sim.add_fault("code", path=PATH, code=77777, times=None)
    with pytest.raises(errors.RejectedRequestError) as failure:
        clock.run(start_date="{now-29}")
    clock.sim.faults.clear()
    clock.advance(60)
    cut: Messages = failure.value.messages  # type: ignore[attr-defined]
    before = len(clock.sim.requests)
    found = clock.run(cut.state, start_date="{now-29}")
    assert min(first for first, _ in clock.days(before)) == "2023-12-03"
    assert found.keyed(REPORT) == clock.run(start_date="2023-12-03").keyed(REPORT)


def test_starts_that_move(clock: Clock) -> None:
    """An earlier start, a later one and an earlier one again read exactly what is missing."""
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
        before = len(clock.sim.requests)
        messages = clock.run(state, start_date=start, **settings)
        table.load(messages)
        state = messages.state
        requested.append(clock.days(before))
    young = ("2023-12-29", "2023-12-31")
    assert requested == [
        [("2023-12-02", "2023-12-31"), ("2023-12-01", "2023-12-01")],
        [young],
        [young, ("2023-11-01", "2023-11-30")],
        [young],
        [young, ("2023-10-02", "2023-10-31"), ("2023-10-01", "2023-10-01")],
    ]
    (partition,) = state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-10-01", "2023-12-28"]]
    whole = clock.run(start_date="2023-10-01", **settings)
    assert values(table.rows) == values(whole.keyed(REPORT))


def test_a_later_start_leaves_a_hole(clock: Clock) -> None:
    """A later start after a pause leaves days out. An earlier one reads these days."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {"advertiser_ids": [owner], "lookback_days": 0}
    first = clock.run(start_date="2023-12-01", **settings)
    clock.advance(60)
    second = clock.run(first.state, start_date="2024-02-20", **settings)
    (partition,) = second.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-12-01", "2023-12-31"], ["2024-02-20", "2024-02-29"]]
    assert partition["replication_key_value"] == "2024-02-29"
    before = len(clock.sim.requests)
    third = clock.run(second.state, start_date="2023-12-01", **settings)
    assert clock.days(before) == [
        ("2024-03-01", "2024-03-01"),
        ("2024-01-21", "2024-02-19"),
        ("2024-01-01", "2024-01-20"),
    ]
    assert third.bookmarks(REPORT) == {owner: "2024-02-29"}


@pytest.mark.parametrize("lookback_days", [5, "auto"])
def test_newest_first(clock: Clock, lookback_days: t.Any) -> None:
    """The newest window of every advertiser comes first, then the next older ones."""
    one, two = clock.sim.world.advertiser_ids
    messages = clock.run(start_date="2023-10-01", lookback_days=lookback_days)
    turns = list(
        dict.fromkeys(
            (row["advertiser_id"], (DAY("2024-01-01") - DAY(row["stat_time_day"])).days // 30)
            for row in messages.records[REPORT]
        )
    )
    assert turns == [(owner, age) for age in range(4) for owner in (one, two)]


@pytest.mark.parametrize("lookback_days", [5, "auto"])
def test_oldest_first(clock: Clock, lookback_days: t.Any) -> None:
    """Advertiser by advertiser, the windows ascend. The records are those of the other order."""
    settings: dict[str, t.Any] = {"start_date": "2023-10-01", "lookback_days": lookback_days}
    messages = clock.run(backfill_order="oldest_first", **settings)
    turns = list(
        dict.fromkeys(
            (row["advertiser_id"], (DAY(row["stat_time_day"]) - DAY("2023-10-01")).days // 30)
            for row in messages.records[REPORT]
        )
    )
    assert turns == [(owner, age) for owner in clock.sim.world.advertiser_ids for age in range(4)]
    assert messages.keyed(REPORT) == clock.run(**settings).keyed(REPORT)


def test_streams_without_keys(clock: Clock) -> None:
    """A stream without keys keeps the order of the days."""
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
        (DAY(row["stat_time_day"][:10]) - DAY("2023-10-01")).days // 30
        for row in messages.records["mine"]
    ]
    assert windows == sorted(windows)
    assert len(set(windows)) > 1


def test_a_full_read(clock: Clock) -> None:
    """FULL_TABLE reads the configured range, and leaves state and metrics as they are."""
    settings: dict[str, t.Any] = {"start_date": "2023-12-01"}
    first = clock.run(**settings, report_metrics={REPORT: ["spend"]})
    config = config_for(clock.sim, **settings, report_metrics={REPORT: ["spend", "clicks"]})
    catalog = catalog_of(config, [REPORT])
    entry = next(one for one in catalog["streams"] if one["tap_stream_id"] == REPORT)
    entry["replication_method"] = "FULL_TABLE"
    again = run(config, catalog=catalog, state=first.state, started_at=clock.now)
    assert again.keyed(REPORT).keys() == first.keyed(REPORT).keys()
    assert again.state["bookmarks"][REPORT] == first.state["bookmarks"][REPORT]


def test_an_incomplete_window(clock: Clock) -> None:
    """With `on_error: skip`, the other windows of the advertiser are covered."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {
        "advertiser_ids": [owner],
        "start_date": "2023-10-01",
        "lookback_days": 0,
    }
    clock.sim.add_fault("code", path=PATH, containing="2023-11-03", code=77777, times=None)
    cut = clock.run(on_error="skip", **settings)
    (partition,) = cut.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-10-01", "2023-11-02"], ["2023-12-03", "2023-12-31"]]
    clock.sim.faults.clear()
    before = len(clock.sim.requests)
    rest = clock.run(cut.state, **settings)
    assert clock.days(before) == [("2024-01-01", "2024-01-01"), ("2023-11-03", "2023-12-02")]
    whole = clock.run(**settings)
    assert {**cut.keyed(REPORT), **rest.keyed(REPORT)} == whole.keyed(REPORT)


def test_a_split_window(clock: Clock) -> None:
    """A window that is split is covered once all of its parts are read."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {
        "advertiser_ids": [owner],
        "start_date": "2023-12-03",
        "lookback_days": 0,
    }
    settings |= {"max_concurrency": 1, "on_error": "skip"}
    clock.sim.add_fault("code", path=PATH, containing="2023-12-03", code=40067, times=1)
    clock.sim.add_fault("code", path=PATH, containing="2023-12-17", code=77777, times=None)
    cut = clock.run(**settings)
    (partition,) = cut.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == []
    clock.sim.faults.clear()
    rest = clock.run(cut.state, **settings)
    (partition,) = rest.state["bookmarks"][REPORT]["partitions"]
    assert partition["covered"] == [["2023-12-03", "2023-12-31"]]
    assert rest.keyed(REPORT) == clock.run(**settings).keyed(REPORT)


class StoppedError(Exception):
    """The run is stopped."""


@pytest.mark.parametrize(
    ("seed", "lookback_days"), [(seed, 7) for seed in range(SEEDS)] + [(SEEDS, "auto")]
)
def test_a_backfill_that_is_killed(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, seed: int, lookback_days: t.Any
) -> None:
    """Two years, killed ten times, with days between: all records are there, few are read twice."""
    from conftest import Collector  # noqa: PLC0415

    from tap_tiktok_ads.singer import state as singer_state  # noqa: PLC0415
    from tap_tiktok_ads.tap import TapTikTokAds  # noqa: PLC0415

    monkeypatch.setattr(singer_state, "STATE_INTERVAL_SECONDS", 0.0)
    dice = random.Random(seed)

    class Target(Collector):
        left = -1

        def write_message(self, message: t.Any) -> None:
            self.left -= 1
            if self.left == 0:
                raise StoppedError
            super().write_message(message)

    start = "2022-01-01"
    config = config_for(clock.sim, start_date=start, lookback_days=lookback_days)
    count = len(clock.run(start_date=start).all)
    table, written = Table(), 0
    for death in range(11):
        target = Target()
        target.left = dice.randrange(1, count // 6) if death < 10 else -1
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
        clock.advance(dice.choice([0, 0, 1, 5]))
    table.load(clock.run(table.state, start_date=start, lookback_days=lookback_days))
    whole = clock.run(start_date=start).keyed(REPORT)
    assert values(table.rows) == values(whole)
    assert written < 2 * len(whole)  # ten runs re-read the last days, and the windows that were cut


@pytest.mark.parametrize(("hour", "last"), [(10, "2023-12-30"), (11, "2023-12-31")])
@pytest.mark.parametrize("clock", [{"advertisers": 1, "days": 40}], indirect=True)
def test_late_numbers(clock: Clock, hour: int, last: str) -> None:
    """A day of GMV Max is covered eleven hours after its end, when `net_cost` is there."""
    (owner,) = clock.sim.world.advertiser_ids
    zone = clock.sim.world.accounts[owner].zone.key
    clock.now = pendulum.datetime(2024, 1, 1, hour, tz=zone).in_timezone("UTC")
    name = "gmv_max_report"
    messages = clock.run(start_date="2023-12-01", lookback_days=0, streams=[name])
    assert messages.bookmarks(name) == {owner: last}


def test_merged_states(clock: Clock) -> None:
    """Meltano merges the state of a failed run into the one before it. No day is lost."""
    settings: dict[str, t.Any] = {"start_date": "2023-10-01", "lookback_days": 0}
    first = clock.run(**{**settings, "start_date": "2023-12-01"})
    clock.advance(30)
    clock.sim.add_fault("code", path=PATH, containing="2023-10-01", code=77777)
    with pytest.raises(errors.RejectedRequestError) as failure:
        clock.run(first.state, **settings)
    clock.sim.faults.clear()
    cut: Messages = failure.value.messages  # type: ignore[attr-defined]
    merged = merge(copy.deepcopy(first.state), cut.state)
    rest = clock.run(merged, **settings)
    rows = {**first.keyed(REPORT), **cut.keyed(REPORT), **rest.keyed(REPORT)}
    assert values(rows) == values(clock.run(**settings).keyed(REPORT))


def merge(into: dict[str, t.Any], state: dict[str, t.Any]) -> dict[str, t.Any]:
    """Merge as Meltano does: objects deeply, everything else is replaced."""
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
def test_a_damaged_state(
    clock: Clock, stream_members: dict[str, t.Any], members: dict[str, t.Any]
) -> None:
    """Damaged members are ignored: all days are read, and the state is whole again."""
    (owner, _) = clock.sim.world.advertiser_ids
    settings: dict[str, t.Any] = {"start_date": "2023-12-01", "advertiser_ids": [owner]}
    context = {"context": {"advertiser_id": owner}, "replication_key": "stat_time_day"}
    partition = {**context, **members}
    state = {"bookmarks": {REPORT: {**stream_members, "partitions": [partition]}}}
    found, whole = clock.run(state, **settings), clock.run(**settings)
    assert found.records == whole.records
    assert found.state == whole.state


def test_any_number_of_workers(clock: Clock) -> None:
    """The order of the records does not depend on the number of workers."""
    settings: dict[str, t.Any] = {"start_date": "2023-10-01", "lookback_days": "auto"}
    one, many = (clock.run(**settings, max_concurrency=count) for count in (1, 16))
    assert one.records == many.records
