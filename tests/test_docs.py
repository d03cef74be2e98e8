"""What is generated from the code is current."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from conftest import catalog_of, config_for, run
from generated import FILES, PARTS, ROOT, render

from tap_tiktok_ads import definitions, report_definitions, schemas, settings
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator


@pytest.mark.parametrize("file", [*PARTS, *FILES])
def test_generated_parts_are_current(file: str) -> None:
    """Tables and settings are what the code says; `python tests/generated.py` rewrites them."""
    assert (ROOT / file).read_text("utf-8") == render(file)


def test_meltano_declares_what_the_tap_can() -> None:
    """The capabilities in meltano.yml are those of the tap."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    extractor = project["plugins"]["extractors"][0]
    assert set(extractor["capabilities"]) == {c.value for c in TapTikTokAds.capabilities}


def test_sample_config_is_valid() -> None:
    """The sample configuration passes the checks."""
    config = json.loads((ROOT / "sample_config.json").read_text("utf-8"))
    assert settings.check(config, TapTikTokAds.known_settings()).simulated


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_streams_tell_what_they_are(stream: type) -> None:
    """Each stream, and each of its columns, is described in the catalog."""
    (entry,) = catalog_of({}, [stream.name], alone=True)["streams"]  # type: ignore[attr-defined]
    assert len(entry["schema"]["description"]) > 20
    assert all(column.get("description") for column in entry["schema"]["properties"].values())


def test_every_schema_file_belongs_to_a_stream() -> None:
    """No schema is left over, none missing."""
    names = {stream.name for stream in STREAMS if not hasattr(stream, "dimensions")}
    files = {Path(file).stem for file in schemas.FOLDER.glob("*.json")}
    assert files == names | {"metrics"}


def examples() -> dict[str, t.Any]:
    """The settings that the README shows in JSON, all in one."""
    text = (ROOT / "README.md").read_text("utf-8")
    found: dict[str, t.Any] = {}
    for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
        found |= json.loads(block)
    return found


@pytest.mark.parametrize("setting", ["custom_streams", "custom_reports"])
def test_the_definitions_of_the_readme_work(sim: Simulator, setting: str) -> None:
    """Every stream and report that the README defines has rows."""
    entries = examples()[setting]
    names = {entry["name"] for entry in entries}
    messages = run(config_for(sim, **{setting: entries}), names)
    assert set(messages.records) == names


@pytest.mark.parametrize(
    "schema",
    [definitions.STREAM_SCHEMA, report_definitions.REPORT_SCHEMA],
    ids=["custom_streams", "custom_reports"],
)
def test_the_readme_explains_every_key(schema: dict[str, t.Any]) -> None:
    """No key of a definition is missing in the tables."""
    text = (ROOT / "README.md").read_text("utf-8")
    told = {name for row in re.findall(r"(?m)^\| (`.*?) \|", text) for name in row.split("`")}
    assert schema["properties"].keys() <= told
