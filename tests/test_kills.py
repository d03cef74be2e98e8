"""Runs that are cut anywhere, again and again: what reaches the target in the end is all of it."""

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
from tap_tiktok_ads.singer import state as singer_state
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
#: Of each kind: processes killed, and runs in this process whose target dies.
PROCESSES, TARGETS = (40, 300) if SOAK else (1, 5)


class DeadTargetError(Exception):
    """The target has gone."""


class Target(Collector):
    """Takes so many messages, and dies."""

    def __init__(self, messages: int) -> None:
        super().__init__()
        self._left = messages

    def write_message(self, message: t.Any) -> None:
        if self._left == 0:
            raise DeadTargetError
        self._left -= 1
        super().write_message(message)


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """One for all runs."""
    with Simulator({**SPARSE, "days": 34, "latency_ms": 2}) as running:
        yield running


def settings(sim: Simulator) -> dict[str, t.Any]:
    """Of all runs: the days are fixed, so that all read the same."""
    return config_for(sim, start_date=str(min(a.start for a in sim.world.accounts.values())))


class Table:
    """What a target that loads by key has stored, and the state that it passed on."""

    def __init__(self) -> None:
        self.rows: dict[tuple[t.Any, ...], dict[str, t.Any]] = {}
        self.state: dict[str, t.Any] = {}
        self._keys: dict[str, list[str]] = {}

    def take(self, messages: t.Iterable[dict[str, t.Any]]) -> None:
        """Load messages; a state counts once all before it is loaded."""
        for message in messages:
            if message["type"] == "SCHEMA":
                self._keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, row = message["stream"], message["record"]
                self.rows[stream, tuple(row[key] for key in self._keys[stream])] = row
            elif message["type"] == "STATE":
                self.state = message["value"]


@pytest.fixture(scope="module")
def whole(world: Simulator) -> Messages:
    """A run that is not interrupted."""
    return run(settings(world), STREAMS)


def reports(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The bookmarks of reports; those of objects depend on when they were listed."""
    return {name: state["bookmarks"].get(name) for name in STREAMS if "report" in name}


def expected(whole: Messages) -> dict[tuple[t.Any, ...], dict[str, t.Any]]:
    """The rows of an uninterrupted run."""
    table = Table()
    table.take(whole.all)
    return table.rows


@pytest.mark.parametrize("seed", range(TARGETS))
def test_a_target_that_dies(
    world: Simulator, whole: Messages, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """After any message; the next run goes on from the last STATE that it got, until one ends."""
    monkeypatch.setattr(singer_state, "STATE_INTERVAL_SECONDS", 0.0)  # a STATE after every window
    dice = random.Random(seed)
    table, deaths = Table(), 0
    while True:
        left = dice.randrange(1, len(whole.all)) if deaths < 4 else -1
        target = Target(left)
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
            deaths += 1
            table.take(target.messages.all)
        else:
            table.take(target.messages.all)
            break
    assert deaths > 0
    assert table.rows == expected(whole)
    assert reports(table.state) == reports(whole.state)


@pytest.mark.parametrize("seed", range(PROCESSES))
def test_a_process_that_is_killed(
    world: Simulator, whole: Messages, tmp_path: Path, seed: int
) -> None:
    """By SIGKILL, SIGTERM or SIGINT, anywhere, in the middle of a line, too; three times each."""
    dice = random.Random(seed)
    table = Table()
    (tmp_path / "config.json").write_text(json.dumps(settings(world)))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog_of(settings(world), STREAMS)))
    size = sum(len(json.dumps(message)) for message in whole.all)
    for kill in (*dice.sample([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], 3), None):
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
        if kill is not None:
            output = process.stdout.read(dice.randrange(1, size))
            process.send_signal(kill)
        output += process.stdout.read()
        process.stdout.close()
        code = process.wait(timeout=PATIENCE)
        if kill is None:
            assert code == 0
        lines = output.split(b"\n")[:-1]  # a target takes whole lines
        table.take(map(json.loads, lines))
    assert table.rows == expected(whole)
    assert reports(table.state) == reports(whole.state)


def test_two_runs_at_once(world: Simulator, whole: Messages) -> None:
    """Each has all rows, and loading both in any order gives the table of one."""
    found: list[Messages] = []
    threads = [
        threading.Thread(target=lambda: found.append(run(settings(world), STREAMS)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table = Table()
    for messages in found:
        table.take(messages.all)
    assert len(found) == 2
    assert table.rows == expected(whole)
