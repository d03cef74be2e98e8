"""Typed columns of streams whose records TikTok does not document."""

from __future__ import annotations

import typing as t

import jsonschema
import pytest
from conftest import answering, catalog_of, config_at, config_for, run

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

STREAMS = {
    "apps": ("app_name", "platform", "download_url", "partner", "tracking_url", "create_time"),
    "ad_review_info": ("is_approved", "review_status", "forbidden_ages", "reject_info"),
    "automated_rules": ("name", "rule_status", "conditions", "actions", "rule_exec_info"),
}
#: Columns that the simulator leaves null: other spellings, and fields documented as null.
NULL_COLUMNS = {
    "apps": set(),
    "ad_review_info": {"appeal_status", "last_audit_time"},
    "automated_rules": {"action"},
}

OWNERS = {"advertiser_id", "bc_id"}


def untyped_members(schema: dict[str, t.Any], path: str = "") -> list[str]:
    """Return the paths of objects and arrays whose members have no types."""
    types = schema["type"]
    if "object" in types and not schema.get("properties"):
        return [path]
    if "array" in types and "type" not in schema.get("items", {}):
        return [path]
    members = dict(schema.get("properties", {}))
    if "array" in types:
        members["[]"] = schema["items"]
    return [
        found_path
        for name, member in members.items()
        for found_path in untyped_members(member, f"{path}.{name}")
    ]


@pytest.mark.parametrize(
    "sim", [{"seed": seed, "apps": 20, "rules": 20} for seed in (1, 2, 3)], indirect=True
)
def test_undocumented_streams_have_typed_columns(sim: Simulator) -> None:
    """All columns are typed and described, only keys are not null, and records fill them."""
    messages = run(config_for(sim), [*STREAMS])
    counts = sim.world.expected("2026-11-01", "2026-11-02", include_top_view=True)
    for stream, columns in STREAMS.items():
        schema = messages.schemas[stream]["schema"]
        keys = messages.schemas[stream]["key_properties"]
        records = messages.records[stream]
        assert len(records) == counts[stream] > 0
        assert {*columns} <= {*schema["properties"]}
        assert not untyped_members(schema)
        for name, column in schema["properties"].items():
            assert column["description"]
            assert ("null" in column["type"]) is (name not in keys), name
        filled = {name for record in records for name, value in record.items() if value is not None}
        assert {*schema["properties"]} - filled == NULL_COLUMNS[stream]
        assert filled <= {*schema["properties"]}
        for record in records:
            jsonschema.validate(record, schema)


def test_every_stream_has_columns_beside_its_keys() -> None:
    """Every stream has columns besides its keys and its owner, or an event is only a name."""
    catalog = catalog_of(config_at("http://127.0.0.1:1"), [])
    only_keys = {
        entry["tap_stream_id"]
        for entry in catalog["streams"]
        if not {*entry["schema"]["properties"]} - {*entry["key_properties"], *OWNERS}
    }
    assert only_keys == {"instant_page_events"}


def test_other_spellings_of_rules_are_kept() -> None:
    """Other spellings of a rule's actions and objects are kept in separate columns."""
    rule = {
        "rule_id": "7",
        "create_datetime": "2026-11-01 10:00:00",
        "apply_objects": [{"dimesion": "AD", "dimension_ids": [8]}],
        "action": [{"subject_type": "BID", "value": {"value": "1.5"}}],
        "rule_exec_info": {"time_period_info": [{"num": [1, 2]}]},
    }
    data = {"rules": [rule], "page_info": {"total_number": 1}}
    with answering(lambda _: data) as (url, _):
        (record,) = run(config_at(url, max_retries=0), ["automated_rules"]).records[
            "automated_rules"
        ]
    assert record["create_datetime"] == "2026-11-01T10:00:00Z"
    assert record["apply_objects"] == [{"dimesion": "AD", "dimension_ids": ["8"]}]
    assert record["action"] == [{"subject_type": "BID", "value": {"value": 1.5}}]
    assert record["rule_exec_info"]["time_period_info"] == [{"num": "[1,2]"}]
