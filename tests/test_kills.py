"""Interrupted runs: together, they load every record into the target."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import typing as t

import pytest
from conftest import PATIENCE, SOAK, SPARSE, Collector, Messages, catalog_of, config_for, run

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.singer import state_output
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAMS = [
    "ads",
    "campaigns",
    "pixels",
    "ad_performance_report",
    "campaign_performance_report_hourly",
    "advertiser_performance_report",
    "smart_plus_ad_creatives",
    "comments",
]
#: The number of killed processes, and of runs in this process whose target stops.
PROCESSES, TARGETS = (40, 300) if SOAK else (1, 5)


class DeadTargetError(Exception):
    """The target stopped."""


class Target(Collector):
    """A target that stops after a number of messages."""

    def __init__(self, messages: int) -> None:
        super().__init__()
        self._remaining = messages

    def write_message(self, message: t.Any) -> None:
        if self._remaining == 0:
            raise DeadTargetError
        self._remaining -= 1
        super().write_message(message)


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """One simulator for all runs."""
    with Simulator({**SPARSE, "days": 34, "latency_ms": 2}) as running:
        yield running


def settings(sim: Simulator) -> dict[str, t.Any]:
    """Return the settings of all runs, with fixed days."""
    return config_for(
        sim, start_date=str(min(account.start for account in sim.world.accounts.values()))
    )


class Table:
    """A table that upserts records by key, and the last state of the target."""

    def __init__(self) -> None:
        self.records_by_key: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}
        self.state: dict[str, t.Any] = {}
        self._keys: dict[str, list[str]] = {}

    def load(self, messages: t.Iterable[dict[str, t.Any]]) -> None:
        """Load messages. A state counts after all earlier messages are loaded."""
        for message in messages:
            if message["type"] == "SCHEMA":
                self._keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                self.records_by_key[stream, tuple(record[key] for key in self._keys[stream])] = (
                    record
                )
            elif message["type"] == "STATE":
                self.state = message["value"]


@pytest.fixture(scope="module")
def complete(world: Simulator) -> Messages:
    """The messages of a run without interruptions."""
    return run(settings(world), STREAMS)


def reports(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the bookmarks of reports. Bookmarks of objects depend on the time of the run."""
    return {name: state["bookmarks"].get(name) for name in STREAMS if "report" in name}


def expected(complete: Messages) -> dict[tuple[t.Any, ...], dict[str, t.Any]]:
    """Return the records of a run without interruptions."""
    table = Table()
    table.load(complete.all)
    return table.records_by_key


@pytest.mark.parametrize("seed", range(TARGETS))
def test_runs_resume_after_the_target_stops(
    world: Simulator, complete: Messages, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """After the target stops at any message, runs resume from the last STATE message."""
    monkeypatch.setattr(state_output, "STATE_INTERVAL_SECONDS", 0.0)  # a STATE after every window
    rng = random.Random(seed)
    table, stops = Table(), 0
    while True:
        message_count = rng.randrange(1, len(complete.all)) if stops < 4 else -1
        target = Target(message_count)
        tap = TapTikTokAds(
            config=settings(world),
            catalog=catalog_of(settings(world), STREAMS, alone=True),
            selected_only=True,
            state=json.loads(json.dumps(table.state)),
            message_writer=target,
        )
        try:
            tap.sync_all()
        except DeadTargetError:
            stops += 1
            table.load(target.messages.all)
        else:
            table.load(target.messages.all)
            break
    assert stops > 0
    assert table.records_by_key == expected(complete)
    assert reports(table.state) == reports(complete.state)


@pytest.mark.parametrize("seed", range(PROCESSES))
def test_runs_resume_after_a_signal(
    world: Simulator, complete: Messages, tmp_path: Path, seed: int
) -> None:
    """After SIGKILL, SIGTERM and SIGINT at any byte, runs resume without a lost record."""
    rng = random.Random(seed)
    table = Table()
    (tmp_path / "config.json").write_text(json.dumps(settings(world)))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog_of(settings(world), STREAMS)))
    size = sum(len(json.dumps(message)) for message in complete.all)
    for signal_number in (
        *rng.sample([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], 3),
        None,
    ):
        (tmp_path / "state.json").write_text(json.dumps(table.state))
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tap_tiktok_ads", "--config", "config.json"),
                *("--catalog", "catalog.json", "--state", "state.json"),
            ],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        output = b""
        if signal_number is not None:
            output = process.stdout.read(rng.randrange(1, size))
            process.send_signal(signal_number)
        output += process.stdout.read()
        process.stdout.close()
        code = process.wait(timeout=PATIENCE)
        if signal_number is None:
            assert code == 0
        lines = output.split(b"\n")[:-1]  # a target takes complete lines
        table.load(map(json.loads, lines))
    assert table.records_by_key == expected(complete)
    assert reports(table.state) == reports(complete.state)


def test_concurrent_runs_are_independent(world: Simulator, complete: Messages) -> None:
    """Two runs at the same time both have all records, and loading both changes nothing."""
    results: list[Messages] = []
    threads = [
        threading.Thread(target=lambda: results.append(run(settings(world), STREAMS)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table = Table()
    for messages in results:
        table.load(messages.all)
    assert len(results) == 2
    assert table.records_by_key == expected(complete)
