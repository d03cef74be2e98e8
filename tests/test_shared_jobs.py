"""Jobs of the command line leave the shared budget to the other jobs when they end."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import typing as t

import pytest
from conftest import SMALL, command, config_for

from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator whose responses take a moment, so that a signal meets requests in flight."""
    with Simulator({**SMALL, "latency_ms": 20}) as simulator:
        yield simulator


@pytest.fixture
def config(sim: Simulator, tmp_path: Path) -> str:
    """The path of a configuration with a shared budget."""
    file = tmp_path / "config.json"
    url = f"sqlite:///{tmp_path / 'budget.sqlite'}"
    file.write_text(json.dumps(config_for(sim, shared_budget=url)), "utf-8")
    return str(file)


def jobs_in(folder: Path) -> int:
    """Return the number of jobs in the store. A request has been counted in it."""
    connection = sqlite3.connect(folder / "budget.sqlite")
    ((text,),) = connection.execute("SELECT state FROM tap_tiktok_ads_budgets").fetchall()
    connection.close()
    state = json.loads(text)
    assert state["days"]
    return len(state["jobs"])


@pytest.mark.parametrize(
    "arguments", [[], ["--test"], ["plan"], ["doctor"], ["sample", "campaigns"]], ids=" ".join
)
def test_command_that_ends_leaves_the_budget(
    config: str, tmp_path: Path, arguments: list[str]
) -> None:
    """A run and the commands that send requests are no jobs of the app afterwards."""
    command(*arguments[:1], "--config", config, *arguments[1:])
    assert jobs_in(tmp_path) == 0


def test_failed_run_leaves_the_budget(sim: Simulator, config: str, tmp_path: Path) -> None:
    """A run that an error ends is no job of the app afterwards."""
    sim.add_fault("code", path="/campaign/get/", times=None, code=40105)
    assert command("--config", config).returncode == 1
    assert jobs_in(tmp_path) == 0


@pytest.mark.parametrize(
    ("number", "jobs"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, 1)]
)
def test_signal_leaves_the_budget(
    config: str, tmp_path: Path, number: signal.Signals, jobs: int
) -> None:
    """A run that a signal ends leaves the budget, unless it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tap_tiktok_ads", "--config", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    while '"RECORD"' not in process.stdout.readline():
        pass
    process.send_signal(number)
    process.communicate()
    assert process.returncode == {signal.SIGKILL: -9}.get(number, 128 + number)
    assert jobs_in(tmp_path) == jobs
