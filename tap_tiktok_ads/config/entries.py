"""Entries of the settings that are lists of objects: `custom_streams` and `custom_reports`."""

from __future__ import annotations

import typing as t

import jsonschema
import jsonschema.exceptions

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import suggest

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = t.TypeVar("T")

NAME_SCHEMA = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*\Z"}
TEXT_SCHEMA = {"type": "string", "minLength": 1}
TEXT_LIST_SCHEMA = {"type": "array", "items": TEXT_SCHEMA}

#: Messages for validators whose own message would not help. `{value}` is the rejected value.
_VALIDATOR_MESSAGES = {
    "anyOf": "has none of the forms that docs/custom.md describes",
    "pattern": "{value!r} must consist of letters, digits and underscores",
}
#: Characters of a validator's message that are shown. The message quotes the complete value.
MAX_MESSAGE_LENGTH = 200


def parse_entries(
    setting: str,
    entries: t.Any,
    schema: Mapping[str, t.Any],
    parse: Callable[[dict[str, t.Any]], T],
) -> tuple[T, ...]:
    """Return the parsed entries of a setting.

    Args:
        setting: Name of the setting, for messages.
        entries: Value of the setting. None counts as an empty list.
        schema: JSON Schema of an entry.
        parse: Function that parses an entry which fits the schema.

    Raises:
        ConfigError: The value is not a list, an entry does not fit the schema, two entries have
            the same name, or `parse` raises a `ValueError`.
    """
    if entries is None:
        return ()
    if not isinstance(entries, list):
        msg = f"Setting {setting!r} must be a list of objects."
        raise ConfigError(msg)
    names: set[str] = set()
    results = []
    for number, entry in enumerate(entries):
        try:
            _check_schema(entry, schema)
            if entry.get("name") in names:
                msg = "an earlier entry has the same name"
                raise ValueError(msg)  # noqa: TRY301 - one prefix for all messages
            results.append(parse(entry))
        except ValueError as error:
            msg = f"{_label(setting, number, entry)}: {_with_period(str(error))}"
            raise ConfigError(msg) from None
        names.add(entry.get("name"))
    return tuple(results)


def parse_entry(
    label: str,
    entry: dict[str, t.Any],
    schema: Mapping[str, t.Any],
    parse: Callable[[dict[str, t.Any]], T],
) -> T:
    """Return one parsed entry that is not part of a setting.

    Args:
        label: Name of the entry, for messages.
        entry: The entry.
        schema: JSON Schema of the entry.
        parse: Function that parses an entry which fits the schema.

    Raises:
        ConfigError: The entry does not fit the schema, or `parse` raises a `ValueError`.
    """
    try:
        _check_schema(entry, schema)
        return parse(entry)
    except ValueError as error:
        msg = f"{label}: {_with_period(str(error))}"
        raise ConfigError(msg) from None


def _check_schema(entry: t.Any, schema: Mapping[str, t.Any]) -> None:
    """Raise `ValueError` if an entry does not fit the schema."""
    if isinstance(entry, dict):
        for key in entry:
            if key not in schema["properties"]:
                msg = f"unknown key {key!r}{suggest(key, schema['properties'])}"
                raise ValueError(msg)
    problem = jsonschema.exceptions.best_match(
        jsonschema.Draft7Validator(schema).iter_errors(entry)
    )
    if problem is not None:
        raise ValueError(_describe(problem))


def _describe(problem: jsonschema.exceptions.ValidationError) -> str:
    """Return a sentence about the member of an entry that does not fit the schema."""
    message = _VALIDATOR_MESSAGES.get(str(problem.validator), "").format(value=problem.instance)
    path = "".join(f"[{step!r}]" for step in problem.absolute_path)
    return f"{path}{' ' if path else ''}{message or problem.message:.{MAX_MESSAGE_LENGTH}}."


def _label(setting: str, number: int, entry: t.Any) -> str:
    """Return the position of an entry and, if it has one, its name."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"{setting}[{number}]" + (f" ({name})" if isinstance(name, str) else "")


def _with_period(text: str) -> str:
    """Return a text that ends like a sentence."""
    return text if text.endswith((".", "?")) else f"{text}."
