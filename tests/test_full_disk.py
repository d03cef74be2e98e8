"""A full or closed stdout, and a full disk: one sentence and exit code 1."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import typing as t

import pytest
from conftest import PATIENCE, SMALL, config_for

from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = ["", "plan", "doctor", "sample ads", "--test", "--discover", "--about", "--version"]
COMMANDS += ["--help", "plan --help", "doctor --json", "sample ads --raw"]
FULL = "Cannot write to stdout: No space left on device."
CLOSED = "Cannot write to stdout: it is closed."


@pytest.fixture(scope="module")
def config() -> Iterator[dict[str, t.Any]]:
    """Settings for a simulator that all tests share."""
    with Simulator(SMALL) as sim:
        yield config_for(sim, start_date="{now-2}")


def execute(
    config: dict[str, t.Any], arguments: str, folder: Path, redirection: str, **options: t.Any
) -> subprocess.CompletedProcess[str]:
    """Run the executable in a shell with a redirection of its stdout."""
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    needs_config = not any(word in arguments for word in ("--about", "--version", "--help"))
    settings = "--config config.json" if needs_config else ""
    line = f"{sys.executable} -m tap_tiktok_ads {settings} {arguments} {redirection}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **options,
    )


def errors_of(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the error messages of the executable on stderr, without its log."""
    assert "Traceback" not in result.stderr
    start = "tap-tiktok-ads: "
    lines = result.stderr.splitlines()
    return [line.removeprefix(start) for line in lines if line.startswith(start)]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_full_stdout_prints_one_error(
    config: dict[str, t.Any], tmp_path: Path, arguments: str
) -> None:
    """A full stdout ends every command with one sentence."""
    result = execute(config, arguments, tmp_path, ">/dev/full")
    assert (result.returncode, errors_of(result)) == (1, [FULL])


@pytest.mark.parametrize("arguments", ["", "plan", "--discover", "--about", "sample ads --raw"])
def test_closed_stdout_prints_one_error(
    config: dict[str, t.Any], tmp_path: Path, arguments: str
) -> None:
    """A closed stdout ends every command with one sentence."""
    result = execute(config, arguments, tmp_path, ">&-")
    assert (result.returncode, errors_of(result)) == (1, [CLOSED])


@pytest.mark.parametrize("arguments", ["plan", "--discover", "--about", "sample ads"])
def test_closed_pipe_of_a_command_is_silent(
    config: dict[str, t.Any], tmp_path: Path, arguments: str
) -> None:
    """A command whose output is not consumed exits with 1 and prints no error."""
    result = execute(config, arguments, tmp_path, "| true")
    assert (result.returncode, errors_of(result)) == (1, [])


def test_closed_pipe_of_a_run_prints_one_error(config: dict[str, t.Any], tmp_path: Path) -> None:
    """A run whose target stops exits with 1 and prints one sentence."""
    result = execute(config, "", tmp_path, "| true")
    assert result.returncode == 1
    assert errors_of(result) == [
        "The target stopped reading. Run again with the last state that it stored."
    ]


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_full_stderr_changes_nothing(
    config: dict[str, t.Any], tmp_path: Path, redirection: str
) -> None:
    """A full or closed stderr changes neither the output nor the exit code."""
    result = execute(config, "plan", tmp_path, redirection)
    assert result.returncode == 0
    assert "About" in result.stdout
    result = execute({**config, "start_date": "x"}, "", tmp_path, redirection)
    assert (result.returncode, result.stdout) == (1, "")


def limited(max_bytes: int) -> dict[str, t.Any]:
    """Return options of a process whose files have a maximum size, like on a full disk."""
    limit = (max_bytes, max_bytes)
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)}


@pytest.mark.parametrize(
    ("max_bytes", "settings"),
    [(16, {}), (2000, {"report_mode": "async"})],
    ids=["cache", "report task"],
)
def test_full_temporary_file_prints_one_error(
    config: dict[str, t.Any], tmp_path: Path, max_bytes: int, settings: dict[str, t.Any]
) -> None:
    """A temporary file that cannot be written ends the run with one sentence."""
    entry = {
        "tap_stream_id": "campaign_performance_report",
        "stream": "campaign_performance_report",
        "schema": {"properties": {}},
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
    }
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [entry]}), "utf-8")
    arguments = "--catalog catalog.json"
    result = execute(config | settings, arguments, tmp_path, "| cat", **limited(max_bytes))
    assert result.returncode == 1
    (sentence,) = errors_of(result)
    assert sentence.startswith("Cannot store ")
    assert "in a temporary file: File too large. Free disk space" in sentence
    assert ('"type":"SCHEMA"' in result.stdout) == bool(settings)


@pytest.mark.parametrize("name", ["summary.json", "summary.prom"])
def test_full_summary_file_prints_one_error(tmp_path: Path, name: str) -> None:
    """A summary file that cannot be written is an error after a complete run."""
    code = f"""
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli.summary import written_to
try:
    with written_to("{name}", []):
        pass
except ConfigError as error:
    print(error)
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        **limited(16),
    )
    assert result.stdout.endswith(f"{name} cannot be written: File too large.\n")
    assert not list(tmp_path.iterdir())


def test_authorize_checks_the_disk_before_using_the_code(tmp_path: Path) -> None:
    """`authorize` keeps the code unused if the disk has no space for the token."""
    with Simulator(SMALL) as sim:
        config = config_for(sim)
        arguments = f"authorize --auth-code {sim.auth_code} --output token.json"
        result = execute(config, arguments, tmp_path, "| cat", **limited(16))
        assert sim.requests == []
    assert result.returncode == 1
    (sentence,) = errors_of(result)
    assert "token.json cannot be written: File too large." in sentence
