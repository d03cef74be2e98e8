"""The setting `pii` covers every column with contacts and private persons, nested ones included."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from conftest import config_for, run

from tap_tiktok_ads.api.metric_catalog import SCHEMAS_FOLDER
from tap_tiktok_ads.extract.personal_data import PersonalData
from tap_tiktok_ads.extract.schemas import entity_schema

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator import Simulator

#: Tables of metrics, not schemas of streams.
METRIC_FILES = {"metrics", "gmv_max_metrics"}
STREAM_NAMES = sorted(path.stem for path in SCHEMAS_FOLDER.glob("*.json"))
ENTITY_NAMES = [name for name in STREAM_NAMES if name not in METRIC_FILES]
#: Names of columns that may hold personal data.
SUSPECT = re.compile(
    r"phone|fax|e_?mail|contact|user_?name|display_name|tiktok_name|nick|address|author$"
    r"|^messag.*account|first_name|last_name|recipient"
)
#: Columns that look personal and are not, with the reason.
NOT_PERSONAL = {
    r"phone_info$": "an object with a column for the number",
    r"phone_region_(calling_)?code$": "a region, no number",
    r"^automated_rules\.notification\.email_setting": "times of messages, no addresses",
    r"^pixels\.(automatic_)?advanced_matching_fields\.": "True if the pixel uses the field",
    r"^advertisers\.address$": "address of the company",
    r"^invoices\.address$": "address of the company",
    r"^ads\.display_name$": "name of the brand that viewers see",
    r"^identities\.(display_name|user_name)$": "public name of an account that publishes ads",
    r"^gmv_max_campaigns\.item_list\.identity_info\.user_name$": "public name of such an account",
    r"^spark_ads\.user_info\.tiktok_name$": "public name of such an account",
    r"^music_creatives\.author$": "credit of the music",
}
#: A phone number of the simulator.
SIMULATED_NUMBER = "5550100"


def paths(schema: dict[str, t.Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the name of each column, those of objects in arrays included."""
    while "items" in schema:
        schema = schema["items"]
    for name, column in schema.get("properties", {}).items():
        yield prefix + name, name
        yield from paths(column, f"{prefix}{name}.")


def example(schema: dict[str, t.Any]) -> t.Any:
    """Return a value with all columns of a schema. Texts are `secret`."""
    if "properties" in schema:
        return {name: example(column) for name, column in schema["properties"].items()}
    if "items" in schema:
        return [example(schema["items"])] * 2
    return True if "boolean" in schema.get("type", ()) else "secret"


def values(value: t.Any, path: list[str]) -> Iterator[t.Any]:
    """Yield the values at a path."""
    if isinstance(value, list):
        for item in value:
            yield from values(item, path)
    elif not path:
        yield value
    elif path[0] in value:
        yield from values(value[path[0]], path[1:])


@pytest.mark.parametrize("name", ENTITY_NAMES)
def test_each_suspect_column_is_personal_or_has_a_reason(name: str) -> None:
    """A column whose name suggests a person is covered, or listed with a reason."""
    schema = entity_schema(name)
    covered = set(PersonalData(schema, "keep", name).paths)
    for path, column in paths(schema):
        if SUSPECT.search(column):
            reasons = [why for key, why in NOT_PERSONAL.items() if re.search(key, f"{name}.{path}")]
            assert (path in covered) is not bool(reasons), f"{name}.{path}"


def test_each_reason_has_a_column() -> None:
    """No reason is left over from a column that no longer exists."""
    all_paths = [
        f"{name}.{path}" for name in ENTITY_NAMES for path, _ in paths(entity_schema(name))
    ]
    for key in NOT_PERSONAL:
        assert any(re.search(key, path) for path in all_paths), key


@pytest.mark.parametrize("name", ENTITY_NAMES)
@pytest.mark.parametrize("mode", ["hash", "drop"])
def test_personal_columns_are_hashed_or_dropped(name: str, mode: str) -> None:
    """The setting changes exactly the personal columns of records, and `drop` also the schema."""
    original = entity_schema(name)
    data = PersonalData(entity_schema(name), mode, name)
    raw = example(original)
    record = example(original)
    for transform in data.transforms():
        record = transform(record)
    after = {path for path, _ in paths(data.schema)}
    removed = {path for path, _ in paths(original)} - after
    assert removed == (set(data.paths) if mode == "drop" else set())
    for path, _ in paths(original):
        found = list(values(record, path.split(".")))
        if path not in data.paths:
            assert len(found) == len(list(values(raw, path.split("."))))
        elif mode == "drop":
            assert not found
        else:
            assert found
            assert all(len(digest) == 64 for digest in found)


@pytest.mark.parametrize("mode", ["hash", "drop"])
def test_no_message_has_a_nested_phone_number(sim: Simulator, mode: str) -> None:
    """Phone numbers in nested objects are not written."""
    streams = ["smart_plus_ad_groups", "smart_plus_ads", "comments"]
    plain = run(config_for(sim), streams)
    assert f'"phone_number": "{SIMULATED_NUMBER}"' in json.dumps(plain.all)
    messages = run(config_for(sim, pii=mode), streams)
    assert SIMULATED_NUMBER not in json.dumps(messages.all)
    schema = messages.schemas["smart_plus_ad_groups"]["schema"]["properties"]["phone_info"]
    assert ("phone_number" in schema["properties"]) is (mode == "hash")
    authors = {record["user_name"] for record in plain.records["comments"] if record["user_name"]}
    assert authors
    written = {record.get("user_name") for record in messages.records["comments"]}
    assert authors.isdisjoint(written)


def test_damaged_nested_values_are_kept() -> None:
    """A value of an unexpected type in place of an object or an array is left to the cast."""
    schema = entity_schema("smart_plus_ad_groups")
    (hash_columns,) = PersonalData(schema, "hash", "smart_plus_ad_groups").transforms()
    assert hash_columns({"phone_info": "none"}) == {"phone_info": "none"}
    assert hash_columns({"phone_info": None}) == {"phone_info": None}
    (number,) = values(
        hash_columns({"phone_info": [{"phone_number": 1}]}), ["phone_info", "phone_number"]
    )
    assert len(number) == 64
    assert hash_columns({"phone_info": {"phone_number": ""}}) == {
        "phone_info": {"phone_number": None}
    }
