"""Each documented way to install the tap, outside the checkout and into a new environment."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
import zipfile

import pytest
from generated import repository

from tap_tiktok_ads.about import DISTRIBUTION

from .targets import ENVIRONMENT, ROOT, bash, environment

if t.TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "install.md").read_text("utf-8")
CONFIG = {
    "environment": "simulator",
    "start_date": "2026-01-01",
    "end_date": "2026-01-02",
    "simulator": {"advertisers": 1, "today": "2026-01-03"},
}
#: The documented commands that install the tap.
COMMANDS = [
    line
    for block in re.findall(r"(?s)```sh\n(.*?)```", PAGE)
    for line in block.splitlines()
    if re.match(r"(pipx|uv tool|pip) install ", line)
]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone of the committed files, which has no environments and no build files."""
    folder = tmp_path_factory.mktemp("clone") / repository().rpartition("/")[2]
    bash(f"git clone --quiet file://{ROOT} {folder}", folder.parent)
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    bash(f"{sys.executable} -m hatchling build -t wheel -d {folder}", clone)
    (file,) = folder.glob("*.whl")
    return file


def install(command: str, folder: Path, working_folder: Path) -> Path:
    """Run a documented command with all its files in a folder. Return the installed executable."""
    bash(f"{sys.executable} -m venv {folder}/venv", folder)
    programs = folder / "bin"
    tools = environment("install") / "bin"
    variables = {
        "PATH": f"{folder}/venv/bin:{tools}:{ENVIRONMENT['PATH']}",
        "PIPX_HOME": f"{folder}/pipx",
        "PIPX_BIN_DIR": str(programs),
        "PIPX_MAN_DIR": f"{folder}/man",
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "UV_TOOL_DIR": f"{folder}/uv",
        "UV_TOOL_BIN_DIR": str(programs),
        "UV_PYTHON": sys.executable,
    }
    bash(command, working_folder, variables)
    if command.startswith("pip "):
        programs = folder / "venv" / "bin"
    return programs / "tap-tiktok-ads"


def check(executable: Path, folder: Path) -> None:
    """Run an installed tap outside the checkout. It is this tap, and it reads all records."""

    def run(*arguments: str) -> str:
        result = subprocess.run(
            [executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout

    python = executable.resolve().parent / "python"
    code = f"import importlib.metadata as m; print(m.version({DISTRIBUTION!r}))"
    shown = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    assert run("--version").startswith(f"tap-tiktok-ads v{shown.stdout.strip()}, Meltano SDK v")
    (folder / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    lines = run("--config", "config.json").splitlines()
    streams = {json.loads(line)["stream"] for line in lines if '"RECORD"' in line[:20]}
    assert {"campaigns", "campaign_performance_report"} <= streams


def test_all_ways_are_documented() -> None:
    """The page has the commands of pipx, uv and pip, for a repository and for a checkout."""
    kinds = [
        f"{command.partition(' install ')[0]} install {'git+' if 'git+' in command else './'}"
        for command in COMMANDS
    ]
    assert kinds == [
        "pipx install git+",
        "uv tool install git+",
        "pip install git+",
        "pipx install ./",
        "pipx install git+",  # with extras
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_documented_command_installs_this_tap(command: str, clone: Path, tmp_path: Path) -> None:
    """A documented command installs this tap, from the address of the checkout."""
    local = command.replace(f"git+{repository()}", f"git+file://{ROOT}")
    assert local != command or "./" in command
    executable = install(local, tmp_path, clone.parent)
    check(executable, tmp_path)
    if "[" in command:
        python = executable.resolve().parent / "python"
        modules = "prometheus_client, psycopg, pyrate_limiter, redis"
        subprocess.run([python, "-c", f"import {modules}"], check=True)


@pytest.mark.parametrize("command", ["pipx install {}", "uv tool install {}", "pip install {}"])
def test_wheel_installs_this_tap(command: str, wheel: Path, tmp_path: Path) -> None:
    """The wheel of a release can be installed with each tool."""
    check(install(command.format(wheel), tmp_path, tmp_path), tmp_path)


def test_wheel_has_the_addresses(wheel: Path) -> None:
    """The metadata of the wheel has the address of the repository."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (file for file in archive.namelist() if file.endswith(".dist-info/METADATA"))
        lines: t.Sequence[str] = archive.read(name).decode("utf-8").splitlines()
    assert f"Project-URL: Repository, {repository()}" in lines
    assert f"Project-URL: Issues, {repository()}/issues" in lines
