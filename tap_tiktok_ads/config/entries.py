"""Entries of the settings that are lists of objects, checked by a schema."""

from __future__ import annotations

import typing as t

import jsonschema
import jsonschema.exceptions

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.suggestions import suggest

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = t.TypeVar("T")
NAME_SCHEMA = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]*\Z"}
TEXT_SCHEMA = {"type": "string", "minLength": 1}
TEXT_LIST_SCHEMA = {"type": "array", "items": TEXT_SCHEMA}


def parse_entries(
    setting: str,
    entries: t.Any,
    schema: Mapping[str, t.Any],
    make: Callable[[dict[str, t.Any]], T],
) -> tuple[T, ...]:
    """What is made of each entry of a setting.

    Raises:
        ConfigError: an entry has another shape, or `make` calls it wrong with a `ValueError`.
    """
    found = []
    for where, entry in _check_entries(setting, entries, schema):
        try:
            found.append(make(entry))
        except ValueError as error:
            msg = f"{where}: {_with_period(str(error))}"
            raise ConfigError(msg) from None
    return tuple(found)


def _check_entries(
    setting: str, entries: t.Any, schema: Mapping[str, t.Any]
) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """Each entry with what to call it in messages.

    Raises:
        ConfigError: an entry has another shape, or the name of one before it.
    """
    if entries is None:
        return
    if not isinstance(entries, list):
        msg = f"Setting {setting!r} must be a list of objects."
        raise ConfigError(msg)
    names = set()
    for number, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"{setting}[{number}]" + (f" ({name})" if isinstance(name, str) else "")
        problem = jsonschema.exceptions.best_match(
            jsonschema.Draft7Validator(schema).iter_errors(entry)
        )
        if isinstance(entry, dict):
            for key in entry.keys() - schema["properties"].keys():
                msg = f"{where}: unknown key {key!r}{suggest(key, schema['properties'])}"
                raise ConfigError(msg)
        if problem is not None:
            path = "".join(f"[{step!r}]" for step in problem.absolute_path)
            said = problem.message
            if problem.validator == "anyOf":
                said = "is none of the forms that the README's table names"
            elif problem.validator == "pattern":
                said = f"{problem.instance!r} must consist of letters, digits and underscores"
            msg = f"{where}: {path + ' ' if path else ''}{said:.200}."
            raise ConfigError(msg)
        if name in names:
            msg = f"{where}: an earlier entry has the same name."
            raise ConfigError(msg)
        names.add(name)
        yield where, entry


def _with_period(text: str) -> str:
    """A text with its full stop, if it lacks one."""
    return text if text.endswith((".", "?")) else f"{text}."
