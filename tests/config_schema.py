"""The JSON Schema of config files, generated from the settings, streams and metrics."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from tap_tiktok_ads.api.metric_catalog import known_metrics, load_catalog
from tap_tiktok_ads.api.metric_rules import ALL_METRICS
from tap_tiktok_ads.config.custom_reports import REPORT_ENTRY_SCHEMA
from tap_tiktok_ads.config.custom_streams import STREAM_ENTRY_SCHEMA
from tap_tiktok_ads.config.entries import EXPECTED
from tap_tiktok_ads.config.schema import ID_LIST_SETTINGS
from tap_tiktok_ads.config.settings import SCHEMA_MEMBER
from tap_tiktok_ads.simulator.options import Options
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.streams.reports.metric_selection import DEFAULT_METRICS
from tap_tiktok_ads.tap import BUILT_IN_REPORTS, TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: The draft that editors support best.
DRAFT = "http://json-schema.org/draft-07/schema#"
#: JSON types of the Python types of simulator options.
OPTION_TYPES: dict[str, t.Any] = {
    "int": {"type": "integer", "minimum": 0},
    "float": {"type": "number", "minimum": 0},
    "bool": {"type": "boolean"},
    "int | None": {"type": ["integer", "null"], "minimum": 0},
    "str": {"type": "string"},
    "str | None": {"type": ["string", "null"]},
    "tuple[str, ...]": {"type": "array", "items": {"type": "string"}},
}
ID_LIST = {
    "type": ["array", "string", "integer", "null"],
    "items": {"type": ["string", "integer"]},
}
METRIC_LIST = {"type": ["array", "string"], "items": {"$ref": "#/definitions/metric"}}


def config_schema() -> str:
    """Return the JSON Schema of a config file, for editors."""
    TapTikTokAds.known_settings()  # adds the settings of the SDK
    settings = TapTikTokAds.config_jsonschema["properties"]
    properties = {
        SCHEMA_MEMBER: {"type": "string", "description": "URL or path of this JSON Schema."},
        **{name: {**spec, **DETAILS.get(name, {})} for name, spec in settings.items()},
    }
    schema = {
        "$schema": DRAFT,
        "title": "Config file of tap-tiktok-ads",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "definitions": {
            "stream": suggested(["*", *(stream.name for stream in STREAMS)]),
            "metric": suggested([DEFAULT_METRICS, ALL_METRICS, *metric_groups(), *all_metrics()]),
            "dimension": suggested(load_catalog()["dimensions"]),
        },
    }
    return json.dumps(portable(schema), indent=1, ensure_ascii=False) + "\n"


def suggested(names: Iterable[str]) -> dict[str, t.Any]:
    """Return the schema of a text for which editors suggest names. Other texts are valid, too."""
    return {"anyOf": [{"enum": list(names)}, {"type": "string"}]}


def metric_groups() -> list[str]:
    """Return the names of the groups of metrics."""
    return sorted({metric["group"] for metric in load_catalog()["metrics"].values()})


def all_metrics() -> list[str]:
    """Return the names of all metrics, without the names of groups."""
    return sorted(known_metrics() - set(metric_groups()))


def portable(schema: t.Any) -> t.Any:
    """Return a schema without keywords and patterns that only Python's validators accept."""
    if isinstance(schema, list):
        return [portable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {name: portable(value) for name, value in schema.items() if name != EXPECTED}
    for name in ("anyOf", "oneOf"):  # the SDK writes "null" in place of a schema
        if name in result:
            result[name] = [item for item in result[name] if isinstance(item, dict)]
    if "pattern" in result:
        result["pattern"] = result["pattern"].replace(r"\Z", "$")
    return result


def _custom_reports() -> dict[str, t.Any]:
    properties = REPORT_ENTRY_SCHEMA["properties"]
    dimensions = {**properties["dimensions"], "items": {"$ref": "#/definitions/dimension"}}
    return {
        **REPORT_ENTRY_SCHEMA,
        "properties": {
            **properties,
            "dimensions": dimensions,
            "metrics": {**properties["metrics"], "items": METRIC_LIST["items"]},
        },
    }


def _custom_streams() -> dict[str, t.Any]:
    """Return the schema of an entry, with the forms of requests that other tools write."""
    properties = STREAM_ENTRY_SCHEMA["properties"]
    texts = {
        name: {"anyOf": [properties[name], {"type": "string"}]} for name in ("body", "headers")
    }
    words = {name: suggested(properties[name]["enum"]) for name in ("method", "time_unit")}
    return {**STREAM_ENTRY_SCHEMA, "properties": {**properties, **texts, **words}}


#: What the JSON Schema adds to the schema of a setting: suggestions, and accepted short forms.
DETAILS: dict[str, dict[str, t.Any]] = {
    **dict.fromkeys(ID_LIST_SETTINGS, ID_LIST),
    "streams": {"type": ["array", "string", "null"], "items": {"$ref": "#/definitions/stream"}},
    "lookback_days": {"pattern": "^(auto|[0-9]+)$"},
    "custom_streams": {"items": _custom_streams()},
    "custom_reports": {"items": _custom_reports()},
    "report_metrics": {
        "properties": dict.fromkeys(sorted(BUILT_IN_REPORTS), METRIC_LIST),
        "additionalProperties": METRIC_LIST,
    },
    "simulator": {
        "properties": {
            field.name: {**OPTION_TYPES[str(field.type)], "default": field.default}
            for field in dataclasses.fields(Options)
        },
        "additionalProperties": False,
    },
}
