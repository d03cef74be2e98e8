"""Entries of the settings that are lists of objects: `custom_streams` and `custom_reports`."""

from __future__ import annotations

import typing as t

import jsonschema
import jsonschema.exceptions

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.values import TYPE_NAMES, describe_value

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = t.TypeVar("T")

NAME_SCHEMA = {
    "type": "string",
    "pattern": r"^[A-Za-z_][A-Za-z0-9_]*\Z",
    "expected": "consist of letters, digits and underscores, and not start with a digit",
}
TEXT_SCHEMA = {"type": "string", "minLength": 1}
TEXT_LIST_SCHEMA = {"type": "array", "items": TEXT_SCHEMA}

#: Keyword of a schema with what a value must be, for messages. Validators ignore it.
EXPECTED = "expected"
#: Words after "must" for the validators of lengths.
_LENGTHS = {
    "minLength": "not be empty",
    "minItems": "not be empty",
    "uniqueItems": "contain each value once",
}
#: Keys of an entry whose values may be secrets.
SECRET_KEYS = frozenset({"headers"})


def parse_entries(
    setting: str,
    entries: t.Any,
    schema: Mapping[str, t.Any],
    parse: Callable[[dict[str, t.Any]], T],
    normalize: Callable[[t.Any], t.Any] = lambda entry: entry,
) -> tuple[T, ...]:
    """Return the parsed entries of a setting.

    Args:
        setting: Name of the setting, for messages.
        entries: Value of the setting. None counts as an empty list.
        schema: JSON Schema of an entry.
        parse: Function that parses an entry which fits the schema.
        normalize: Function that returns an entry in the form of the schema.

    Raises:
        ConfigError: The value is not a list, an entry does not fit the schema, two entries have
            the same name, or `normalize` or `parse` raises a `ValueError`.
    """
    if entries is None:
        return ()
    if not isinstance(entries, list):
        msg = f"Setting {setting!r} must be a list, got {describe_value(entries)}."
        raise ConfigError(msg)
    names: set[str] = set()
    results = []
    for number, raw_entry in enumerate(entries):
        try:
            entry = normalize(raw_entry)
            _check_schema(entry, schema)
            if entry.get("name") in names:
                msg = "an earlier entry has this name. Choose another name"
                raise ValueError(msg)  # noqa: TRY301 - one prefix for all messages
            results.append(parse(entry))
        except ValueError as error:
            msg = f"{_label(setting, number, raw_entry)}: {_with_period(str(error))}"
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
        raise ValueError(_describe_problem(problem, _path_of(problem) or "the entry"))


def describe_problems(schema: Mapping[str, t.Any], config: t.Any) -> list[str]:
    """Return a sentence about each setting that does not fit the schema of all settings."""
    problems = jsonschema.Draft7Validator(schema).iter_errors(config)
    return [_describe_problem(problem, f"Setting {_path_of(problem)!r}") for problem in problems]


def _describe_problem(problem: jsonschema.exceptions.ValidationError, path: str) -> str:
    """Return a sentence about a member that does not fit its schema: expected and received.

    Args:
        problem: The error of the validator.
        path: The member, as the subject of the sentence.
    """
    value = t.cast("t.Any", problem.instance)
    limit = t.cast("t.Any", problem.validator_value)
    schema = t.cast("Mapping[str, t.Any]", problem.schema)
    if problem.validator == "required":
        missing_key = next(key for key in limit if key not in value)
        return f"{path} must have the key {missing_key!r}."
    if problem.validator == "additionalProperties":
        known_keys = schema.get("properties", {})
        unknown_key = next(key for key in value if key not in known_keys)
        return f"{path} has the unknown key {unknown_key!r}{suggest(unknown_key, known_keys)}"
    if problem.validator in _LENGTHS:
        return f"{path} must {_LENGTHS[problem.validator]}."
    is_secret = not SECRET_KEYS.isdisjoint(problem.absolute_path)
    expected = schema.get(EXPECTED) or _expectation(str(problem.validator), limit, schema)
    return f"{path} must {expected}, got {describe_value(value, is_secret=is_secret)}."


def _path_of(problem: jsonschema.exceptions.ValidationError) -> str:
    """Return the path of a member, such as `filters[0].field`. The entry itself has none."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem.absolute_path)
    return "".join(steps).removeprefix(".")


def _expectation(validator: str, limit: t.Any, schema: Mapping[str, t.Any]) -> str:
    """Return the words after "must" in the message about a member.

    Args:
        validator: The keyword of JSON Schema.
        limit: The value of the keyword.
        schema: The schema with the keyword.
    """
    if validator == "type":
        return f"be {_type_words(limit)}"
    if validator == "anyOf":
        forms = (
            repr(form["const"]) if "const" in form else _type_words(form["type"])
            for form in limit
            if isinstance(form, dict) and form.keys() & {"const", "type"}
        )
        return f"be {' or '.join(forms)}"
    if validator == "enum":
        return f"be one of {', '.join(map(str, limit))}"
    if {"minimum", "maximum"} <= schema.keys():
        return f"be between {schema['minimum']} and {schema['maximum']}"
    return f"fit {validator} {limit!r}"


def _type_words(types: str | list[str]) -> str:
    """Return the words for JSON types. A setting that may be null can also be left out."""
    names = [types] if isinstance(types, str) else types
    return " or ".join(TYPE_NAMES[name] for name in names if name != "null") or "null"


def _label(setting: str, number: int, entry: t.Any) -> str:
    """Return the position of an entry and, if it has one, its name."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"{setting}[{number}]" + (f" ({name})" if isinstance(name, str) else "")


def _with_period(text: str) -> str:
    """Return a text that ends like a sentence."""
    return text if text.endswith((".", "?")) else f"{text}."
