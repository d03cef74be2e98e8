"""`--summary-file`: what a run did, as OpenMetrics text."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import command, config_for
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tap_tiktok_ads.progress import StreamCounts
from tap_tiktok_ads.summary import render

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

PREFIX = "tap_tiktok_ads_"


def samples(text: str) -> dict[tuple[str, str | None], float]:
    """The values of an OpenMetrics text by name and stream, as another program reads them."""
    return {
        (sample.name.removeprefix(PREFIX), sample.labels.get("stream")): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def test_a_run(sim: Simulator, tmp_path: Path) -> None:
    """Rows by stream are those written; what was skipped or failed is told."""
    lost, broken = sim.world.advertiser_ids
    sim.add_fault("code", path="/pixel/list/", advertiser_id=lost, times=None, code=40001)
    sim.add_fault("code", path="/campaign/get/", advertiser_id=broken, times=None, code=40002)
    config, file = tmp_path / "config.json", tmp_path / "summary.txt"
    config.write_text(json.dumps(config_for(sim, start_date="{now-2}", on_error="skip")))
    result = command("--config", str(config), "--summary-file", str(file))
    assert result.returncode == 1
    found = samples(file.read_text())
    rows: dict[str, int] = {}
    for line in result.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            rows[message["stream"]] = rows.get(message["stream"], 0) + 1
    told = {stream: value for (name, stream), value in found.items() if name == "rows_total"}
    assert {name: value for name, value in told.items() if value} == rows
    assert (found["skipped", "pixels"], found["failed", "campaigns"]) == (1, 1)
    assert found["exit_code", None] == 1
    requests = sum(value for (name, _), value in found.items() if name == "requests_total")
    assert requests == len(sim.requests)


@pytest.mark.parametrize(
    ("config", "code"), [({}, 0), ({"api_url": "http://127.0.0.1:9", "advertiser_ids": ["1"]}, 1)]
)
def test_the_end_of_a_run(tmp_path: Path, config: dict[str, t.Any], code: int) -> None:
    """It is written however a run ends, once it began."""
    file = tmp_path / "summary.txt"
    (tmp_path / "config.json").write_text(
        json.dumps(
            {
                "environment": "simulator",
                "access_token": "t",
                "max_retries": 0,
                "start_date": "{now}",
            }
            | config
        )
    )
    result = command("--config", str(tmp_path / "config.json"), "--summary-file", str(file))
    assert result.returncode == code
    assert samples(file.read_text())["exit_code", None] == code
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("name", ["none/summary.txt", ""])
def test_a_file_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    """It is refused before the run."""
    config = tmp_path / "config.json"
    config.write_text('{"environment": "simulator"}')
    result = command("--config", str(config), "--summary-file", str(tmp_path / name))
    assert (result.returncode, result.stdout) == (1, "")
    assert "cannot be written" in result.stderr


def test_nothing() -> None:
    """A run that read nothing has a valid text, too."""
    found = samples(render([StreamCounts("a")], {"failed": []}, {"exit_code": (0, "Code.")}))
    assert found["rows_total", "a"] == 0
    assert found["exit_code", None] == 0
