"""The JSON Schema of config files, which editors use."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import jsonschema
import pytest
import yaml
from config_schema import config_schema
from conftest import config_at

from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.tap import TapTikTokAds

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads(config_schema())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def documented_configs() -> dict[str, dict[str, t.Any]]:
    """Return the sample configuration, and the configurations of the pages and of Meltano."""
    configs = {"sample_config.json": json.loads((ROOT / "sample_config.json").read_text("utf-8"))}
    for page in PAGES:
        blocks = re.findall(r"(?ms)^ *```json\n(.*?)^ *```", page.read_text("utf-8"))
        for number, block in enumerate(blocks):
            content = json.loads(block)
            if isinstance(content, dict) and content.keys() & SETTINGS_SCHEMA["properties"].keys():
                configs[f"{page.name} {number}"] = content
    for file in (ROOT / "meltano.yml", ROOT / "examples" / "meltano" / "shards.meltano.yml"):
        for plugin in yaml.safe_load(file.read_text("utf-8"))["plugins"]["extractors"]:
            if "config" in plugin:
                configs[f"{file.name} {plugin['name']}"] = plugin["config"]
    return configs


CONFIGS = documented_configs()


def test_schema_is_valid() -> None:
    """The schema is a JSON Schema, with all settings and their descriptions."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"].keys() == {"$schema", *TapTikTokAds.known_settings()}
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        assert SCHEMA["properties"][name]["description"] == spec["description"]


def test_pages_show_configurations() -> None:
    """The configurations are found in the pages."""
    assert len(CONFIGS) > 5


@pytest.mark.parametrize("name", CONFIGS)
def test_documented_configuration_is_valid(name: str) -> None:
    """The sample configuration, the examples and the configurations in the pages are valid."""
    VALIDATOR.validate(CONFIGS[name])


@pytest.mark.parametrize(
    "config",
    [
        {"$schema": "config.schema.json", "advertiser_ids": "1,2", "streams": "ads,!ads.ad_name"},
        {"advertiser_ids": [7], "lookback_days": "7", "streams": ["ad_*"]},
        {"report_metrics": {"ad_performance_report": ["usual", "spend"], "mine": "all"}},
        {"stream_maps": {"ads": {"__alias__": "a", "name": "ad_name"}}},
    ],
)
def test_accepted_forms_are_valid(config: dict[str, t.Any]) -> None:
    """The short forms that the tap accepts are valid."""
    VALIDATOR.validate(config)


@pytest.mark.parametrize(
    "config",
    [
        {"acess_token": "x"},
        {"environment": "prodution"},
        {"lookback_days": "automatic"},
        {"custom_streams": [{"name": "mine", "url": "/x/", "recods_path": "$"}]},
        {"custom_reports": [{"name": "mine", "data_level": "AD", "dimensions": ["ad_id"]}]},
        {"simulator": {"seeds": 5}},
    ],
)
def test_mistakes_are_not_valid(config: dict[str, t.Any]) -> None:
    """Unknown names and values that the tap rejects are not valid."""
    assert not VALIDATOR.is_valid(config)


def test_names_are_suggested() -> None:
    """Editors suggest the names of streams, metrics and dimensions."""
    definitions = SCHEMA["definitions"]
    for kind, name in (("stream", "ads"), ("metric", "spend"), ("dimension", "country_code")):
        assert name in definitions[kind]["anyOf"][0]["enum"]
    assert "ad_performance_report" in SCHEMA["properties"]["report_metrics"]["properties"]


def test_member_schema_is_accepted() -> None:
    """A config file can name its JSON Schema."""
    tap = TapTikTokAds(config={"$schema": "x", **config_at("http://127.0.0.1:9")})
    assert "$schema" not in tap.config
