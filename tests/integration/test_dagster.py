"""The Dagster project in `examples/dagster`: four shards in Postgres, one killed and retried."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import time
import typing as t
import urllib.request

import pytest
from conftest import Messages, until

from tap_tiktok_ads.simulator import Simulator

from .shards_support import (
    WORLD,
    Examples,
    advertisers_by_shard,
    bookmarks_of,
    keys_of_records,
    kill_tap,
)
from .targets import ENVIRONMENT, environment
from .test_targets import REPORT

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .targets import Server

#: Logged once the records and the STATE of most reports are written, and before the last streams.
LATE_LINE = "Beginning sync of 'campaign_performance_report'"
BACKFILL = """
mutation {
  launchPartitionBackfill(
    backfillParams: {
      assetSelection: [{path: ["tables"]}, {path: ["records"]}], allPartitions: true
    }
  ) { __typename ... on LaunchBackfillSuccess { backfillId } }
}
"""
RUNS = """
{
  runsOrError {
    ... on Runs {
      results {
        runId status tags { key value }
        stepStats { stepKey status attempts { startTime } }
      }
    }
  }
}
"""


@dataclasses.dataclass
class Dagster:
    """The web server and the daemon of `dagster dev`."""

    port: int

    def query(self, text: str) -> dict[str, t.Any]:
        """Return the data of a GraphQL query."""
        time.sleep(0.5)  # callers repeat a query until its data have a value
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": text}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as response:
            return t.cast("dict[str, t.Any]", json.load(response)["data"])

    def is_ready(self) -> bool:
        """Return True if the project is loaded."""
        try:
            return bool(self.query("{ assetNodes { id } }")["assetNodes"])
        except OSError:
            return False

    def runs(self) -> dict[str, dict[str, t.Any]]:
        """Return the runs by shard. The run of the tables has an empty text as shard."""
        runs = {}
        for run in self.query(RUNS)["runsOrError"]["results"]:
            tags = {tag["key"]: tag["value"] for tag in run["tags"]}
            runs[tags.get("dagster/partition", "")] = run
        return runs

    def has_ended(self) -> bool:
        """Return True if no run is active, and none will follow."""
        runs = self.runs()
        ended = {run["status"] in {"SUCCESS", "FAILURE", "CANCELED"} for run in runs.values()}
        return ended == {True} and (len(runs) == 5 or runs[""]["status"] != "SUCCESS")


@contextlib.contextmanager
def running(examples: Examples) -> Iterator[Dagster]:
    """Run `dagster dev` in the project."""
    folder = examples.folder / "dagster"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    file = folder / "definitions.py"
    text, count = re.subn(r"delay=60", "delay=1", file.read_text("utf-8"))
    assert count == 1
    file.write_text(text, "utf-8")
    with (folder / "dagster.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [
                "dagster",
                "dev",
                "--host=127.0.0.1",
                f"--port={port}",
                "--python-file=definitions.py",
            ],
            cwd=folder,
            env={
                **ENVIRONMENT,
                **examples.environment(environment("dagster")),
                "DAGSTER_HOME": str(folder),
            },
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            dagster = Dagster(port)
            until(dagster.is_ready)
            yield dagster
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclasses.dataclass
class Load:
    """A load of four shards, with one process killed.

    Attributes:
        killed: The shard whose tap was killed.
        runs: Runs of Dagster by shard.
        keys: Keys of the rows by table.
        expected: Messages of one process without shards.
        repeated: Requests of the killed shard's advertisers after the kill.
        bookmarks: Bookmarks that the target stored after the kill.
    """

    killed: str
    runs: dict[str, dict[str, t.Any]]
    keys: dict[str, list[tuple[str, ...]]]
    expected: Messages
    repeated: Sequence[t.Any]
    bookmarks: dict[str, t.Any]


def has_written_reports(folder: Path, shard: str) -> bool:
    """Return True if the log of a shard has the line that follows the reports."""
    logs = [file.read_text("utf-8") for file in folder.glob("dagster/storage/*/compute_logs/*.err")]
    return any(f"Shard {shard}:" in log and LATE_LINE in log for log in logs)


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Load:
    """Return a load of four shards. The tap of the largest shard is killed in the middle."""
    with Simulator(WORLD | {"latency_ms": 300}) as sim:
        folder = tmp_path_factory.mktemp("dagster") / "examples"
        examples = Examples(folder, sim, postgres, "by_dagster")
        shards = advertisers_by_shard(sim)
        killed = max(shards, key=lambda shard: len(shards[shard]))

        def requests() -> Sequence[t.Any]:
            return [request for request in sim.requests if request.advertiser_id in shards[killed]]

        with running(examples) as dagster:
            dagster.query(BACKFILL)
            until(lambda: has_written_reports(folder, killed))
            kill_tap(killed, examples.schema)
            count = len(requests())
            state = folder / "shards" / "state" / f"{killed.replace('/', '-of-')}.json"
            until(lambda: bool(bookmarks_of(state)))
            bookmarks = bookmarks_of(state)
            until(dagster.has_ended)
            runs, repeated = dagster.runs(), requests()[count:]
        expected = examples.read_by_one_process()
        return Load(
            *(killed, runs, examples.keys_in_tables(expected), expected),
            *(repeated, bookmarks),
        )


def test_each_shard_has_a_successful_run(load: Load) -> None:
    """Each shard is a partition with a run of its own, after the run of the tables."""
    assert {shard: run["status"] for shard, run in load.runs.items()} == dict.fromkeys(
        ("", "1/4", "2/4", "3/4", "4/4"), "SUCCESS"
    )


def test_killed_shard_is_retried(load: Load) -> None:
    """Dagster retries the step of the killed shard, and no other step."""
    attempts = {
        shard: sum(len(step["attempts"]) for step in run["stepStats"])
        for shard, run in load.runs.items()
    }
    assert {shard for shard, count in attempts.items() if count > 1} == {load.killed}


def test_every_record_is_there_once(load: Load) -> None:
    """The tables have the records of one process without shards, each of them once."""
    assert load.keys == keys_of_records(load.expected)


def test_retry_starts_from_the_last_state(load: Load) -> None:
    """The retry does not re-read the days that the last STATE of the killed tap covers."""
    last_days = {
        partition["context"]["advertiser_id"]: partition["replication_key_value"]
        for partition in load.bookmarks[REPORT]["partitions"]
    }
    first_days = {
        request.advertiser_id: request.params["start_date"]
        for request in load.repeated
        if json.loads(request.params.get("dimensions", "null")) == ["ad_id", "stat_time_day"]
    }
    assert first_days.keys() == last_days.keys()
    days = {advertiser: (day, last_days[advertiser]) for advertiser, day in first_days.items()}
    assert {key: pair for key, pair in days.items() if pair[0] <= pair[1]} == {}
