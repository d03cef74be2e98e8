"""The log line about streams that are not selected by default."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from conftest import SPARSE, command, config_for

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

SENTENCE = re.compile(
    r"(\d+) of (\d+) selected streams are not default streams. They take about (\d+) of (\d+) "
    r"requests per advertiser\."
)


def logged_cost(path: Path, config: dict[str, t.Any]) -> tuple[list[tuple[int, ...]], str]:
    """Run the tap. Return the numbers of each such line, and the complete log."""
    file = path / "config.json"
    file.write_text(json.dumps(config))
    result = command("--config", str(file))
    assert result.returncode == 0, result.stderr
    lines = [tuple(map(int, match)) for match in SENTENCE.findall(result.stderr)]
    return lines, result.stderr


@pytest.mark.parametrize("sim", [SPARSE], indirect=True)
def test_cost_of_additional_streams_is_logged_once(sim: Simulator, tmp_path: Path) -> None:
    """The line has the numbers of streams and requests. The estimate sends no request."""
    config = config_for(sim, streams="campaigns,pixels,apps,ad_performance_report_lifetime")
    lines, log = logged_cost(tmp_path, config)
    assert lines == [(2, 4, 3, 5)]  # the lifetime report also lists TopView campaigns
    assert log.count("Reading 2 advertiser(s).") == 1
    paths = [request.path for request in sim.requests]
    assert paths.count("/app/list/") == len(sim.world.advertiser_ids)
    assert paths.count("/advertiser/info/") == 1


@pytest.mark.parametrize("sim", [SPARSE], indirect=True)
def test_default_streams_log_no_cost(sim: Simulator, tmp_path: Path) -> None:
    """Without other streams, nothing is logged."""
    assert logged_cost(tmp_path, config_for(sim, streams="campaigns,pixels"))[0] == []
