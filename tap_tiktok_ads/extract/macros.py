"""Macros in the requests of custom streams. Pure: the clock is a parameter.

Macros are `{advertiser_id}`, `{start_date}` and `{end_date}` of the window, `{lookup.column}`, and
the date macros of `dates`: `{now-7}`, `(start_of_month-1M)`. Other braces are text, so a string may
hold JSON.
"""

from __future__ import annotations

import re
import typing as t

import pendulum

from tap_tiktok_ads.api.suggestions import closest_match
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

#: The day for which date macros are resolved when they are validated.
_VALIDATION_DAY = pendulum.datetime(2026, 1, 31)
#: A name, of a lookup with its column, and an optional offset. In round brackets: anchors only.
MACRO = re.compile(
    r"\{\s*(?P<name>[A-Za-z_]\w*(?:\.\w+)?)\s*"
    r"(?:(?P<offset>[+-]\s*\d+(?:\s*[A-Za-z]+)?)\s*)?\}"
    rf"|\(\s*(?P<anchor>{'|'.join(dates.ANCHORS)})\s*"
    r"(?:[+-]\s*\d+(?:\s*[A-Za-z]+)?\s*)?\)"
)


class MacroError(ValueError):
    """A macro that is unknown, or used where it has no meaning. The message names it."""


def macro_names(value: t.Any) -> set[str]:
    """Return the names of the macros in a JSON value, without date macros."""
    return {
        match["name"]
        for text in strings(value)
        for match in MACRO.finditer(text)
        if not _is_date_macro(match)
    }


def validate(value: t.Any, names: Collection[str], list_names: Collection[str], unit: str) -> None:
    """Raise an error for a macro that cannot be resolved in any request.

    Args:
        value: A JSON value, such as the `params` of a custom stream.
        names: Names of the macros that exist, without date macros.
        list_names: Names of the macros whose values are arrays. It must be a complete
            string, outside of an array.
        unit: Letter of the unit of an offset that names none.

    Raises:
        MacroError: A macro cannot be resolved.
    """
    for text in strings_in_arrays(value):
        match = MACRO.fullmatch(text)
        if match and match["name"] in list_names:
            msg = f"macro {text} stands for a list. Write it without a list around it"
            raise MacroError(msg)
    for text in strings(value):
        for match in MACRO.finditer(text):
            if _is_date_macro(match):
                _resolve_date(match[0], _VALIDATION_DAY, unit)
            else:
                _validate_name(match, names, list_names)


def resolve(
    value: t.Any,
    values: Mapping[str, t.Any],
    now: pendulum.DateTime,
    *,
    unit: str = "d",
    render: Callable[[pendulum.DateTime], str],
) -> t.Any:
    """Return a copy of a JSON value with its macros replaced.

    A string that is a single macro becomes the macro's value and keeps its type.

    Args:
        value: A JSON value that `validate` accepts.
        values: Values of the macros by name, without date macros.
        now: The current time.
        unit: Letter of the unit of an offset that names none.
        render: Formats the time of a date macro.

    Raises:
        MacroError: A date lies outside the calendar.
    """

    def replacement(match: re.Match[str]) -> str:
        if _is_date_macro(match):
            return render(_resolve_date(match[0], now, unit))
        return str(values[match["name"]])

    def resolved(text: str) -> t.Any:
        match = MACRO.fullmatch(text)
        is_value = match is not None and match["name"] in values
        return values[match["name"]] if match and is_value else MACRO.sub(replacement, text)

    return map_strings(value, resolved)


def map_strings(value: t.Any, change: Callable[[str], t.Any]) -> t.Any:
    """Return a copy of a JSON value with each string replaced, without the keys of objects."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: map_strings(member, change) for key, member in value.items()}
    if isinstance(value, list):
        return [map_strings(member, change) for member in value]
    return value


def strings(value: t.Any) -> Iterator[str]:
    """Yield every string in a JSON value, without the keys of objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for member in _members(value):
            yield from strings(member)


def strings_in_arrays(value: t.Any) -> Iterator[str]:
    """Yield every string that is an item of an array, at any depth of a JSON value."""
    if not isinstance(value, (dict, list)):
        return
    for member in _members(value):
        if isinstance(value, list) and isinstance(member, str):
            yield member
        else:
            yield from strings_in_arrays(member)


def _members(value: dict[str, t.Any] | list[t.Any]) -> Collection[t.Any]:
    """Return the values of an object or the items of an array."""
    return value.values() if isinstance(value, dict) else value


def _is_date_macro(match: re.Match[str]) -> bool:
    """Return True if a match names a time."""
    return bool(match["anchor"]) or match["name"] in dates.ANCHORS


def _resolve_date(macro: str, now: pendulum.DateTime, unit: str) -> pendulum.DateTime:
    """Return the time of a date macro.

    Raises:
        MacroError: The offset has an unknown unit, or the date lies outside the calendar.
    """
    try:
        return dates.resolve_macro(macro, now, unit)
    except dates.DateError as error:
        raise MacroError(str(error)) from None


def _validate_name(
    match: re.Match[str], names: Collection[str], list_names: Collection[str]
) -> None:
    """Raise an error for a macro that is not a date macro and cannot be resolved.

    Raises:
        MacroError: The name is unknown, it has an offset, or an array is part of a longer text.
    """
    macro, name = match[0], match["name"]
    if name not in names or match["offset"]:
        similar = closest_match(name, [*names, *dates.ANCHORS])
        question = f": did you mean {{{similar}}}?" if similar else "."
        msg = f"unknown macro {macro}{question} Known macros: {_in_braces(names)}."
        raise MacroError(msg)
    if name in list_names and macro != match.string:
        msg = f"macro {macro} stands for a list and must be the entire text, got {match.string!r}"
        raise MacroError(msg)


def _in_braces(names: Collection[str]) -> str:
    """Return the names of all macros for a message."""
    return ", ".join(f"{{{name}}}" for name in [*sorted(names), *dates.ANCHORS])
