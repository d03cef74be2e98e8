"""Custom streams in databases: the entries of `docs/custom.md`, and lists with nested columns."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from conftest import SMALL, Messages, config_for

from tap_tiktok_ads.simulator import Simulator

from .targets import ROOT, DuckDB, Postgres, Target, column_kind, normalize_value, parse

if t.TYPE_CHECKING:
    from pathlib import Path

#: Endpoints with columns that are null in some records, and an object or a list in others.
NESTED = {
    "/ad/get/": ("list", "ad_id"),
    "/adgroup/get/": ("list", "adgroup_id"),
    "/app/list/": ("apps", "app_id"),
    "/dmp/custom_audience/list/": ("list", "audience_id"),
    "/pixel/list/": ("pixels", "pixel_id"),
}


def documented_streams() -> list[dict[str, t.Any]]:
    """Return the custom streams of `docs/custom.md` that have a definition."""
    page = (ROOT / "docs" / "custom.md").read_text("utf-8")
    examples = [json.loads(block) for block in re.findall(r"(?s)```json\n(.*?)```", page)]
    return [entry for example in examples for entry in example.get("custom_streams", ())]


def nested_streams() -> list[dict[str, t.Any]]:
    """Return a custom stream for each endpoint of `NESTED`."""
    return [
        {
            "name": path.strip("/").replace("/", "_"),
            "url": path,
            "params": {"advertiser_id": "{advertiser_id}"},
            "primary_keys": ["advertiser_id", key],
            "records_path": f"$.data.{name}[*]",
        }
        for path, (name, key) in NESTED.items()
    ]


@pytest.mark.parametrize("kind", [DuckDB, Postgres])
def test_custom_streams_are_loaded(
    kind: type[Target], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The rows of each custom stream equal its records, with one row per key after two loads."""
    target: Target = (
        Postgres(tmp_path, request.getfixturevalue("postgres"))
        if kind is Postgres
        else kind(tmp_path)
    )
    target.set_up()
    entries = [*documented_streams(), *nested_streams()]
    names = [entry["name"] for entry in entries]
    with Simulator(SMALL) as sim:
        config = config_for(sim, start_date="{now-7}", custom_streams=entries, streams=names)
        (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
        (tmp_path / "state.json").write_text("{}", "utf-8")
        first = Messages([parse(line) for line in target.load().splitlines()])
        target.load()
    assert {name: len(first.records[name]) > 0 for name in names} == dict.fromkeys(names, True)
    for name, schema in first.schemas.items():
        columns = schema["schema"]["properties"]
        rows = {
            tuple(row[key] for key in schema["key_properties"]): row for row in target.rows(name)
        }
        expected = first.keyed(name)
        assert rows.keys() == expected.keys(), name
        for key, record in expected.items():
            for column, value in record.items():
                if column in columns and column_kind(columns[column]) in {"array", "object"}:
                    assert normalize_value(rows[key][column], "object") == value, (name, column)
