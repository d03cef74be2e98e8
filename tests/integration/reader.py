"""A reader who types the commands of a page, with an account that the simulator plays."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import typing as t

import psycopg
from generated import repository

from .targets import REQUIREMENTS, ROOT, bash, environment

if t.TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

    from .targets import Server

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__", "site", "dist")


def install_reader_environment(folder: Path) -> Path:
    """Return a virtual environment with the wheel of the tap, as for an installed release.

    `pip install` of the distribution finds the wheel in the folder `wheels` beside it. The folder
    `checkout` has the files of the repository.
    """
    shutil.copytree(ROOT, folder / "checkout", ignore=_NOT_COPIED)
    build = f"{sys.executable} -m hatchling build -t wheel -d {folder}/wheels"
    bash(build, ROOT)
    (wheel,) = (folder / "wheels").glob("*.whl")
    packages = f"'{wheel}[report,shared]' --requirement {REQUIREMENTS / 'reader.txt'}"
    bash(f"python3 -m venv active && active/bin/pip install --quiet {packages}", folder)
    return folder / "active"


def empty_folder(folder: Path) -> None:
    """Remove all files except virtual environments, which take minutes to install."""
    environments = {file.parent for file in folder.rglob("pyvenv.cfg")}
    parents = {parent for environment in environments for parent in environment.parents}
    for path in [*folder.rglob("*")]:
        if path in parents or environments & {path, *path.parents}:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


class Reader:
    """Runs scripts in a folder with `config.json`.

    The tap, target-jsonl and target-postgres are in PATH. `$CHECKOUT` is a copy of the repository.

    Args:
        folder: The folder. Its files are removed before each script.
        active: The virtual environment that is active in the shell of the reader.
        server: A Postgres server. Scripts find the empty database `warehouse`.
    """

    def __init__(self, folder: Path, active: Path, server: Server) -> None:
        self.folder = folder
        self.active = active
        self.server = server

    def run(self, script: str, world: Mapping[str, t.Any], sim: Simulator) -> str:
        """Run a script that must succeed, and return its output.

        Args:
            script: The commands of a page.
            world: Options of the embedded simulator, for configurations without an account.
            sim: A simulator of the world, for configurations of an account.
        """
        self.folder.mkdir(exist_ok=True)
        empty_folder(self.folder)
        config = {"environment": "simulator", "start_date": "{now-14}"}
        (self.folder / "config.json").write_text(json.dumps({**config, "simulator": world}))
        self._create_database("warehouse")
        trap = """trap 'echo "Failed: $BASH_COMMAND" >&2' ERR\n"""
        return bash(
            f"{trap}{self._fill_in(script, world, sim)}:\n", self.folder, self._environment()
        ).stdout

    def _create_database(self, name: str) -> None:
        """Create an empty database, in place of an earlier one."""
        server = {key: self.server[key] for key in ("host", "port", "user", "password")}
        with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"drop database if exists {name}".encode())
            connection.execute(f"create database {name}".encode())

    def _fill_in(self, script: str, world: Mapping[str, t.Any], sim: Simulator) -> str:
        """Return a script with the values that a reader fills in: world, account and database."""
        simulator = '"environment": "simulator"'
        first, second = (sim.world.advertiser_ids * 2)[:2]
        for pattern, value in {
            simulator: f'{simulator}, "simulator": {json.dumps(world)}',
            r"TAP_TIKTOK_ADS_ACCESS_TOKEN=\.\.\.": (
                f"TAP_TIKTOK_ADS_API_URL={sim.url} TAP_TIKTOK_ADS_ACCESS_TOKEN={sim.access_token}"
            ),
            "7000000000000000001": first,
            "7000000000000000002": second,
            r"(?i)(password\W{1,4})\.\.\.": rf"\g<1>{self.server['password']}",
            "5432": str(self.server["port"]),
        }.items():
            script = re.sub(pattern, value, script)
        return script

    def _environment(self) -> dict[str, str]:
        """Return the environment variables of the reader's shell."""
        wheels = self.active.parent / "wheels"
        programs = [self.active, environment("jsonl"), environment("postgres")]
        return {
            "PATH": ":".join([*(f"{folder}/bin" for folder in programs), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(self.active),
            "PIP_FIND_LINKS": f"{wheels} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
            "UV_FIND_LINKS": str(wheels),  # Meltano installs with uv
            "CHECKOUT": str(self.active.parent / "checkout"),
            # Git clones the checkout in place of the repository
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
            "GIT_CONFIG_VALUE_0": repository(),
            "PIPX_HOME": str(self.folder / "pipx"),
            "PIPX_BIN_DIR": str(self.folder / "pipx-bin"),
            "UV_TOOL_DIR": str(self.folder / "uv"),
            "UV_TOOL_BIN_DIR": str(self.folder / "uv-bin"),
            "PIP_NO_COMPILE": "1",
            "PIP_QUIET": "1",
            "DO_NOT_TRACK": "1",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "TARGET_POSTGRES_PORT": str(self.server["port"]),
        }
