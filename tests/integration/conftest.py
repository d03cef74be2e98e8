"""Fixtures: a Postgres server, loaded targets, and a summary of all loads."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from conftest import SMALL, Messages, config_for

from tap_tiktok_ads.simulator import Simulator

from .targets import (
    DuckDB,
    JsonLines,
    Parquet,
    Postgres,
    Row,
    Server,
    Target,
    bash,
    parse,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator import World

DAYS = 20


def find_postgres() -> Path | None:
    """Return the folder with the programs of the newest Postgres, or None."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Yield a temporary Postgres server on a free loopback port, with a password."""
    programs = find_postgres()
    if programs is None:
        pytest.skip("initdb is missing. Run `apt-get install postgresql`.")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        user = "postgres" if os.geteuid() == 0 else None  # Postgres does not run as root
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        server = {"host": "127.0.0.1", "port": port, "user": "loader", "password": "secret"}

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "--pgdata=data", *arguments]
            subprocess.run(command, cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)

        (folder / "password").write_text(server["password"], "utf-8")
        run("initdb", "--username=loader", "--auth=scram-sha-256", "--pwfile=password", "-EUTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        run("pg_ctl", "start", "--wait", "--log=log", f"--options={options}")
        stack.callback(run, "pg_ctl", "stop", "--wait", "--mode=fast")
        yield {**server, "database": "postgres", "psql": str(programs / "psql")}


def change_world(world: World) -> tuple[str, str, str]:
    """Change objects. Return the IDs of a renamed campaign, a deleted ad and a removed pixel."""
    now = dt.datetime.now(dt.timezone.utc)
    account = world.accounts[world.advertiser_ids[0]]
    ad = next(ad for ad in account.ads if ad.campaign.origin is None)  # Promote ads have no status
    campaign, pixel = ad.campaign, account.pixels.pop()
    campaign.name = "Renamed"
    world.touch("campaigns", campaign.id, now)
    world.delete("ads", ad.id, now)
    world.advance()  # adds late conversions
    return campaign.id, ad.id, pixel.id


@dataclasses.dataclass
class LoadHistory:
    """Three loads into a target and a full sync.

    Attributes:
        target: The target.
        loads: Messages of each load. Objects change before the third load.
        counts: Number of rows by table after each load.
        tables: Rows by table after the last load.
        seconds: Duration of all loads.
        changed_ids: IDs of a renamed campaign, a deleted ad and a removed pixel.
        full_sync: Messages of a run without state after the third load.
    """

    target: Target
    loads: list[Messages] = dataclasses.field(default_factory=list)
    counts: list[dict[str, int]] = dataclasses.field(default_factory=list)
    tables: dict[str, list[Row]] = dataclasses.field(default_factory=dict)
    seconds: float = 0
    changed_ids: tuple[str, str, str] = ("", "", "")
    full_sync: Messages = dataclasses.field(default_factory=Messages)

    def load(self) -> None:
        """Run a load and read the tables."""
        started = time.monotonic()
        text = self.target.load()
        self.seconds += time.monotonic() - started
        self.loads.append(Messages([parse(line) for line in text.splitlines()]))
        self.tables = {name: self.target.rows(name) for name in self.loads[0].schemas}
        self.counts.append({name: len(rows) for name, rows in self.tables.items()})


LOAD_HISTORIES: list[LoadHistory] = []


@pytest.fixture(scope="session", params=[JsonLines, DuckDB, Parquet, Postgres])
def history(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> LoadHistory:
    """Return the default streams in a target after three loads."""
    folder = tmp_path_factory.mktemp("target")
    if request.param is Postgres:
        target: Target = Postgres(folder, request.getfixturevalue("postgres"))
    else:
        target = request.param(folder)
    target.set_up()
    history = LoadHistory(target)
    with Simulator(SMALL | {"days": DAYS, "late_conversions": True}) as sim:
        start = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=DAYS)
        config = config_for(sim, start_date=str(start), track_deleted=True)
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        (folder / "state.json").write_text("{}", "utf-8")
        history.load()
        history.load()
        history.changed_ids = change_world(sim.world)
        history.load()
        text = bash("tap-tiktok-ads --config config.json", folder).stdout
        history.full_sync = Messages([parse(line) for line in text.splitlines()])
    LOAD_HISTORIES.append(history)
    return history


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number of records and rows of each load."""
    if not LOAD_HISTORIES:
        return
    terminalreporter.section("loads")
    line = ("{:<12}" + "{:>9}" * 8).format
    heading = ("target", *("read 1", "read 2", "read 3"), *("rows 1", "rows 2", "rows 3"))
    terminalreporter.write_line(line(*heading, "tables", "seconds"))
    for history in LOAD_HISTORIES:
        read = (sum(map(len, load.records.values())) for load in history.loads)
        rows = (sum(count.values()) for count in history.counts)
        numbers = (f"{number:,}" for number in (*read, *rows))
        totals = (len(history.counts[-1]), f"{history.seconds:.0f}")
        terminalreporter.write_line(line(type(history.target).__name__, *numbers, *totals))
