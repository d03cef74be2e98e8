"""Default values of record fields."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_tiktok_ads.simulator.pseudorandom import mix, pick
from tap_tiktok_ads.simulator.spec.facts import FIELD_VALUES, RECORDS

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Entity

Record: TypeAlias = dict[str, Any]

VARIANTS = 48
"""Number of distinct default records of a stream."""

_STATES = ("UNSET", "ON", "OFF")
_TEXTS = ("Größe “L” 🙂", 'a "quoted" word', "日本語", "line\nbreak", "back\\slash")
_FREE_TEXT_SUFFIXES = (
    "name",
    "text",
    "value",
    "msg",
    "description",
    "address",
    "key",
    "company",
    "brand",
)
_MOMENTS = ("2025-12-31 23:59:59", "2026-02-28 00:00:00", "2024-02-29 12:30:00")
_NUMBERS = (0, 12.5, 99.99, 0.05)
_BOOLEANS_AS_TEXT = frozenset(("is_new_structure", "is_aco", "comment_disabled", "shared"))


def value(name: str, shape: Any, *path: int) -> Any:
    """Return a plausible value of a field. It depends on the field's name, shape and path."""
    if name in FIELD_VALUES:
        return pick(FIELD_VALUES[name], *path)
    if isinstance(shape, dict):
        return {
            key: value(key, inner, *path, position)
            for position, (key, inner) in enumerate(shape.items())
        }
    if isinstance(shape, list):
        return [value(name, shape[0], *path, item) for item in range(mix(*path) % 3)]
    return _scalar(name, shape, *path)


def _scalar(name: str, shape: str, *path: int) -> Any:
    """Return a value of a scalar type: boolean, integer, number, datetime or string."""
    match shape:
        case "boolean":
            flag = mix(*path) % 2 == 0
            as_text = name in _BOOLEANS_AS_TEXT and mix(*path, 1) % 4 == 0
            return str(flag).lower() if as_text else flag
        case "integer":
            return mix(*path) % 30
        case "number":
            return pick(_NUMBERS, *path)
        case "datetime":
            return pick(_MOMENTS, *path)
    return _text(name, *path)


def _text(name: str, *path: int) -> str:
    """Return a text. The suffix of the field's name decides if it is an ID, a URL or free text."""
    if name.endswith(("_id", "_ids")):
        return str(7 * 10**18 + mix(*path) % 10**18)
    if name.endswith(("_url", "_urls", "_uri")) or name in {"deeplink", "url", "web_url_list"}:
        return f"https://example.com/{name}?id={mix(*path) % 10**6}&lang=de%20AT"
    if name == "phone_number":
        return "5550100"
    return pick(_TEXTS if name.endswith(_FREE_TEXT_SUFFIXES) else _STATES, *path)


def default_values(stream: str, key: int) -> Record:
    """Return all fields of a stream, with values that depend on the key of an object."""
    return _default_values(stream, key % VARIANTS)


@cache
def _default_values(stream: str, variant: int) -> Record:
    """Return all fields of a stream with their values. A quarter of the values is null."""
    seed = sum(map(ord, stream))
    return {
        name: None
        if mix(seed, variant, position) % 4 == 0
        else value(name, shape, seed, variant, position)
        for position, (name, shape) in enumerate(RECORDS[stream].items())
    }


def complete(stream: str, entity: Entity, account: Account, values: Record) -> Record:
    """Return a record with these values, and default values for all other fields of the stream."""
    record = default_values(stream, entity.key) | values
    if account.options.unknown_fields and entity.key % 5 == 0:
        record["field_in_no_sheet"] = "surprise"
        record["object_in_no_sheet"] = {"level": 1, "tags": ["a", "b"]}
    return record
