"""The plugin definition has the members that Meltano's hub accepts.

The facts are those of `schemas/plugin_definitions/extractors.schema.json` in meltano/hub.
"""

from __future__ import annotations

import typing as t

import jsonschema
import pytest
import yaml
from generated import ROOT

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_URL = {"type": "string", "pattern": "^https://[^ ]+$"}
_OPTION = {
    "type": "object",
    "properties": {"label": _TEXT, "value": _TEXT},
    "additionalProperties": False,
}
_SETTING = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "label": _TEXT,
        "description": _TEXT,
        "kind": {
            "enum": [
                *("array", "boolean", "date_iso8601", "decimal", "email", "file", "hidden"),
                *("integer", "oauth", "object", "options", "password", "string"),
            ]
        },
        "value": {},
        "options": {"type": "array", "items": _OPTION},
        "sensitive": {"type": "boolean"},
    },
    "required": ["name", "label", "description", "kind"],
    "additionalProperties": False,
}
_CAPABILITIES = [
    *("about", "activate-version", "batch", "catalog", "discover", "log-based", "properties"),
    *("schema-flattening", "state", "stream-maps", "structured-logging", "test"),
]
DEFINITION_SCHEMA: dict[str, t.Any] = {
    "type": "object",
    "properties": {
        "name": {"const": "tap-tiktok-ads"},
        "variant": _TEXT,
        "label": _TEXT,
        "description": _TEXT,
        "namespace": {"const": "tap_tiktok_ads"},
        "pip_url": _TEXT,
        "executable": _TEXT,
        "repo": _URL,
        "docs": _URL,
        "domain_url": _URL,
        "logo_url": {"type": "string", "pattern": r"^/assets/logos/extractors/[\w-]+\.png$"},
        "maintenance_status": {"enum": ["active", "beta", "development", "inactive", "unknown"]},
        "quality": {"enum": ["gold", "silver", "bronze", "unknown"]},
        "keywords": _TEXTS,
        "capabilities": {"type": "array", "items": {"enum": _CAPABILITIES}},
        "settings_group_validation": {"type": "array", "items": _TEXTS},
        "commands": {"type": "object"},
        "select": {"type": "array", "items": {"type": "string", "pattern": r"^\w+\.\*$"}},
        "settings": {"type": "array", "items": _SETTING},
        "supported_python_versions": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^3\.\d+$"},
        },
    },
    "additionalProperties": False,
}
DEFINITION_SCHEMA["required"] = [*DEFINITION_SCHEMA["properties"]]


@pytest.fixture(scope="module")
def definition() -> dict[str, t.Any]:
    """The plugin definition."""
    file = ROOT / "plugins" / "extractors" / "tap-tiktok-ads.yml"
    content: dict[str, t.Any] = yaml.safe_load(file.read_text("utf-8"))
    return content


def test_definition_matches_the_schema_of_the_hub(definition: dict[str, t.Any]) -> None:
    """The definition has all members that the hub shows, and no unknown members."""
    jsonschema.validate(definition, DEFINITION_SCHEMA)


def test_default_value_is_an_option(definition: dict[str, t.Any]) -> None:
    """The default value of a setting with options is one of them."""
    for setting in definition["settings"]:
        if "options" in setting:
            values = [option["value"] for option in setting["options"]]
            assert setting.get("value", values[0]) in values, setting["name"]
