"""The option `--test`: one record and one result of each selected stream."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import catalog_of, command, config_for

if t.TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator


def run_test(
    path: Path, config: dict[str, t.Any], *arguments: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run `--test`. Return the process, and the lines of stderr that are not log lines."""
    file = path / "config.json"
    file.write_text(json.dumps(config))
    process = command("--config", str(file), "--test", *arguments)
    return process, [line for line in process.stderr.splitlines() if " | " not in line]


def streams_of(process: subprocess.CompletedProcess[str], kind: str) -> list[str]:
    """Return the streams of the messages of a kind, in the order of the output."""
    messages = map(json.loads, process.stdout.splitlines())
    return [message["stream"] for message in messages if message["type"] == kind]


@pytest.mark.parametrize("sim", [{"pixels": 0}], indirect=True)
def test_result_of_each_stream(sim: Simulator, tmp_path: Path) -> None:
    """A stream without records passes, one without permission does not, and an error fails."""
    sim.add_fault("code", path="/file/video/ad/search/", times=None, code=40001, message="No.")
    sim.add_fault("code", path="/campaign/get/", times=None, code=40002, message="Bad.")
    config = config_for(sim, streams="campaigns,ads,pixels,video_creatives")
    process, lines = run_test(tmp_path, config)
    assert process.returncode == 1
    assert [line.split(":")[0] for line in lines] == [  # each line up to its cause
        "ok             ads",
        "failed         campaigns",
        "no records     pixels",
        "no permission  video_creatives",
        "2 of 4 stream(s) passed the test. The token may not read 1",
    ]
    assert "Bad." in lines[1]
    assert "No." in lines[3]
    assert streams_of(process, "RECORD") == ["ads"]


def test_stream_without_permission_does_not_pass(sim: Simulator, tmp_path: Path) -> None:
    """Without a permission, no record was read. The exit code is that of a run."""
    sim.add_fault("code", path="/pixel/list/", times=None, code=40001, message="No.")
    process, lines = run_test(tmp_path, config_for(sim, streams="pixels"))
    assert process.returncode == 0
    assert lines[0].startswith("no permission  pixels: ")
    assert lines[1] == (
        "0 of 1 stream(s) passed the test. The token may not read 1: a run skips them."
    )


def test_error_that_is_skipped_fails_the_test(sim: Simulator, tmp_path: Path) -> None:
    """With `on_error: skip`, a stream with an error fails, too."""
    sim.add_fault("code", path="/campaign/get/", times=None, code=40002, message="Bad.")
    process, lines = run_test(tmp_path, config_for(sim, streams=["campaigns"], on_error="skip"))
    assert process.returncode == 1
    assert lines[0].startswith("failed         campaigns: ")


def test_wrong_token_ends_the_test(sim: Simulator, tmp_path: Path) -> None:
    """An error that concerns all streams is reported once."""
    process, lines = run_test(tmp_path, {**config_for(sim), "access_token": "wrong"})
    assert process.returncode == 1
    assert len(lines) == 1
    assert lines[0].startswith("tap-tiktok-ads: ")


@pytest.mark.parametrize(("option", "kind"), [("--test", "RECORD"), ("--test=schema", "SCHEMA")])
def test_selected_streams_are_tested(
    sim: Simulator, tmp_path: Path, option: str, kind: str
) -> None:
    """`--test` reads the streams that the catalog selects, and `--select` narrows them."""
    config = config_for(sim)
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(catalog_of(config, ["ads", "pixels"])))
    arguments = (option, "--catalog", str(catalog), "--select", "p*")
    process, _ = run_test(tmp_path, config, *arguments)
    assert process.returncode == 0
    assert streams_of(process, kind) == ["pixels"]
