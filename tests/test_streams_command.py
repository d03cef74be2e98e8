"""The command `streams`: streams and metrics to choose from."""

from __future__ import annotations

import json
import typing as t

from conftest import command

from tap_tiktok_ads.api.metric_catalog import default_metrics
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from pathlib import Path

REPORT = "ad_performance_report"


def rows_of(*arguments: str) -> list[dict[str, t.Any]]:
    """Return the JSON output of the command."""
    result = command("streams", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return t.cast("list[dict[str, t.Any]]", json.loads(result.stdout))


def test_streams_are_listed_without_a_configuration() -> None:
    """All streams are listed, with the facts that users choose them by."""
    rows = {row["stream"]: row for row in rows_of()}
    assert rows.keys() == {entry.name for entry in STREAMS}
    for entry in STREAMS:
        row = rows[entry.name]
        assert row["default"] is entry.selected_by_default
        assert row["keys"] == list(entry.primary_keys)
        assert row["permission"] == entry.permission
        assert " ".join(entry.description.split()).startswith(row["description"])


def test_configuration_adds_custom_streams_and_the_selection(tmp_path: Path) -> None:
    """With a configuration, the list has custom streams, and shows what is read by default."""
    config = {
        "streams": "ads,mine",
        "custom_streams": [
            {
                "name": "mine",
                "url": "/pixel/list/",
                "params": {"advertiser_id": "{advertiser_id}"},
                "records_path": "$.data.pixels[*]",
            }
        ],
        "acess_token": "invalid settings are accepted",
    }
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    rows = rows_of("--config", str(file))
    assert {row["stream"] for row in rows if row["default"]} == {"ads", "mine"}
    assert len(rows) == len(STREAMS) + 1
    rows = rows_of("pixels,a*s,!apps", "--config", str(file))
    default = {row["stream"]: row["default"] for row in rows}
    assert default["ads"]
    assert not default["pixels"]
    assert "apps" not in default


def test_several_patterns_are_one_selection() -> None:
    """Patterns can be separate arguments, or one argument with commas."""
    rows = rows_of("campaigns", "ad*s", "!ads")
    assert rows == rows_of("campaigns,ad*s,!ads")
    assert {"campaigns", "ad_groups"} <= {row["stream"] for row in rows}
    assert "ads" not in {row["stream"] for row in rows}


def test_metrics_of_a_report_are_listed() -> None:
    """The metrics that the report requests come first, then the others that it can request."""
    rows = rows_of("--metrics", REPORT)
    requested = [row["metric"] for row in rows if row["default"]]
    assert requested == list(default_metrics(REPORT))
    assert [row["default"] for row in rows] == sorted(
        (row["default"] for row in rows), reverse=True
    )
    spend = next(row for row in rows if row["metric"] == "spend")
    assert spend["type"] == "number"
    assert spend["group"]
    assert spend["description"]


def test_table_is_readable_in_a_pipe() -> None:
    """In a pipe, each stream is a line whose values are separated by tabs."""
    lines = command("streams", "campaigns").stdout.splitlines()
    description = "One record per campaign of every buying type, including deleted campaigns."
    assert [line.split("\t") for line in lines] == [
        ["stream", "default", "keys", "permission", "description"],
        ["campaigns", "yes", "advertiser_id, campaign_id", "200 Read Campaigns", description],
    ]


def test_unknown_names_are_errors() -> None:
    """A stream or report that does not exist is an error with a suggestion."""
    for arguments, sentence in (
        (("campains",), "Did you mean 'campaigns'?"),
        (("--metrics", "ad_performance_repor"), f"did you mean '{REPORT}'?"),
        (("--metrics", "ad_perf"), f"did you mean '{REPORT}'?"),
        (("--metrics", "ads"), "Stream 'ads' has no metrics to choose."),
        (("--metrics", "reconciliation"), "has no metrics to choose."),
    ):
        result = command("streams", *arguments)
        assert result.returncode == 1
        assert sentence in result.stderr
