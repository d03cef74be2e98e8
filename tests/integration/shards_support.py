"""Support for the tests of `examples/`: settings of the shards, their records and their tables."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import typing as t
from pathlib import Path

from conftest import SMALL, Messages

from tap_tiktok_ads.api.shards import shard_number

from .targets import ENVIRONMENT, ROOT, Server, bash, environment, parse, query_postgres
from .test_targets import DEFAULT

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

SHARD_COUNT = 4
WORLD = {**SMALL, "advertisers": 8, "days": 20}


@dataclasses.dataclass
class Examples:
    """A copy of `examples/`, with a simulator as API and a schema of Postgres as warehouse."""

    folder: Path
    sim: Simulator
    server: Server
    schema: str

    def __post_init__(self) -> None:
        shutil.copytree(ROOT / "examples", self.folder)

    @property
    def settings(self) -> dict[str, str]:
        """Settings of the tap."""
        return {
            "TAP_TIKTOK_ADS_API_URL": self.sim.url,
            "TAP_TIKTOK_ADS_ACCESS_TOKEN": self.sim.access_token,
            "TAP_TIKTOK_ADS_APP_ID": self.sim.app_id,
            "TAP_TIKTOK_ADS_APP_SECRET": self.sim.app_secret,
            "TAP_TIKTOK_ADS_START_DATE": "{now-19}",
        }

    def environment(self, *programs: Path) -> dict[str, str]:
        """Return the variables of `.env.example`, those of this test, and programs in PATH."""
        lines = (self.folder / "shards" / ".env.example").read_text("utf-8").splitlines()
        example = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        del example["TAP_TIKTOK_ADS_ENVIRONMENT"], example["TAP_TIKTOK_ADS_SIMULATOR"]
        names = ("host", "port", "user", "password", "database")
        target = {f"TARGET_POSTGRES_{name.upper()}": str(self.server[name]) for name in names}
        folders = [str(path / "bin") for path in (*programs, environment("postgres"))]
        return {
            **example,
            **self.settings,
            **target,
            "TAP_TIKTOK_ADS_SHARED_BUDGET": f"sqlite:///{self.folder}/budget.sqlite",
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": self.schema,
            "PATH": ":".join([*folders, ENVIRONMENT["PATH"]]),
        }

    def read_by_one_process(self) -> Messages:
        """Return the messages of a run without shards."""
        text = bash("tap-tiktok-ads --config ENV", self.folder, self.settings).stdout
        return Messages([parse(line) for line in text.splitlines()])

    def keys_in_tables(self, messages: Messages) -> dict[str, list[tuple[str, ...]]]:
        """Return the keys of all rows, sorted, by table."""
        return {
            stream: sorted(
                tuple(str(row[key]) for key in schema["key_properties"])
                for row in query_postgres(self.server, f"select * from {self.schema}.{stream}")
            )
            for stream, schema in messages.schemas.items()
        }


def keys_of_records(messages: Messages) -> dict[str, list[tuple[str, ...]]]:
    """Return the keys of all records, sorted, by stream."""
    assert messages.schemas.keys() == DEFAULT
    return {
        stream: sorted(
            tuple(str(record[key]) for key in schema["key_properties"])
            for record in messages.records[stream]
        )
        for stream, schema in messages.schemas.items()
    }


def advertisers_by_shard(sim: Simulator) -> dict[str, set[str]]:
    """Return the advertisers of each shard."""
    shards: dict[str, set[str]] = {
        f"{number}/{SHARD_COUNT}": set() for number in range(1, SHARD_COUNT + 1)
    }
    for advertiser in sim.world.advertiser_ids:
        shards[f"{shard_number(advertiser, SHARD_COUNT)}/{SHARD_COUNT}"].add(advertiser)
    return shards


def kill_tap(shard: str, schema: str) -> None:
    """Kill the tap of a shard that loads into a schema."""
    wanted = {
        f"TAP_TIKTOK_ADS_SHARD={shard}",
        f"TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA={schema}",
    }
    (process,) = [
        process
        for process in Path("/proc").glob("[0-9]*")
        if is_tap(process) and wanted <= variables_of(process)
    ]
    os.kill(int(process.name), signal.SIGKILL)


def is_tap(process: Path) -> bool:
    """Return True if a process is the executable of the tap."""
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return False
    return any(argument.endswith(b"/tap-tiktok-ads") for argument in arguments[:2])


def variables_of(process: Path) -> set[str]:
    """Return the environment variables of a process, as `NAME=value`."""
    try:
        return set((process / "environ").read_text("utf-8", errors="replace").split("\0"))
    except OSError:
        return set()


def bookmarks_of(state: Path) -> dict[str, t.Any]:
    """Return the bookmarks of the state of a shard."""
    return t.cast("dict[str, t.Any]", json.loads(state.read_text("utf-8")).get("bookmarks", {}))
