"""Macros in the strings of a request that a user describes. Pure; the clock is a parameter.

`{advertiser_id}`, `{start_date}` and `{end_date}` of the window, `{lookup.column}`, and the date
macros of `dates`: `{now-7}`, `{start_of_month-1M}`, or the same in round brackets. Other braces are
text, so that a string may hold JSON.
"""

from __future__ import annotations

import re
import typing as t

import pendulum

from tap_tiktok_ads.api.suggestions import close_match
from tap_tiktok_ads.extract import dates

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

#: A day on which macros are tried out.
_SOME_DAY = pendulum.datetime(2026, 1, 31)
#: What a macro looks like: a name, of a lookup with its column, perhaps an offset.
_MACRO = re.compile(
    r"\{\s*(?P<name>[A-Za-z_]\w*(?:\.\w+)?)\s*"
    r"(?:(?P<offset>[+-]\s*\d+(?:\s*[A-Za-z]+)?)\s*)?\}"
    rf"|\(\s*(?P<anchor>{'|'.join(dates.ANCHORS)})\s*"
    r"(?:[+-]\s*\d+(?:\s*[A-Za-z]+)?\s*)?\)"
)


class MacroError(ValueError):
    """A macro that is unknown, or cannot stand where it does; the message says which."""


def strings(value: t.Any) -> Iterator[str]:
    """Every string in a value of any JSON type, keys of objects left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def listed(value: t.Any) -> Iterator[str]:
    """Every string that stands in a list, at any depth."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from listed(inner)
    elif isinstance(value, list):
        yield from (inner for inner in value if isinstance(inner, str))
        for inner in value:
            yield from listed(inner)


def names(value: t.Any) -> set[str]:
    """The names of the macros in a value that are no date macros."""
    return {
        match["name"]
        for text in strings(value)
        for match in _MACRO.finditer(text)
        if match["name"] and match["name"] not in dates.ANCHORS
    }


def check(value: t.Any, known: Collection[str], lists: Collection[str], unit: str) -> None:
    """Refuse macros that no request could fill.

    Args:
        value: of any JSON type.
        known: the names that there are, save the date macros.
        lists: those of them whose values are arrays: they must stand alone in their string.
        unit: letter of the unit of an offset without one.

    Raises:
        MacroError: the first macro that cannot be used.
    """
    for text in listed(value):
        if (whole := _MACRO.fullmatch(text)) and whole["name"] in lists:
            msg = f"Macro {text} is a list itself: write it without the brackets around it"
            raise MacroError(msg)
    for text in strings(value):
        for match in _MACRO.finditer(text):
            name, macro = match["name"], match[0]
            if match["anchor"] or name in dates.ANCHORS:
                try:
                    dates.macro(macro, _SOME_DAY, unit)
                except dates.DateError as error:
                    raise MacroError(str(error)) from None
            elif name not in known or match["offset"]:
                near = close_match(name, [*known, *dates.ANCHORS])
                hint = f"did you mean {{{near}}}?" if near else f"known are {_listed(known)}."
                msg = f"Unknown macro {macro}: {hint}"
                raise MacroError(msg)
            elif name in lists and macro != text:
                msg = (
                    f"Macro {macro} stands for a list and must be the whole string, not in {text!r}"
                )
                raise MacroError(msg)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in [*sorted(names), *dates.ANCHORS])


def fill(
    value: t.Any,
    values: Mapping[str, t.Any],
    now: pendulum.DateTime,
    *,
    unit: str = "d",
    render: Callable[[pendulum.DateTime], str],
) -> t.Any:
    """A copy of a value with its macros filled in.

    A string that is nothing but one of `values` becomes that value, of whatever type it is.

    Raises:
        MacroError: a date lies outside the calendar.
    """

    def replacement(match: re.Match[str]) -> str:
        if match["anchor"] or match["name"] in dates.ANCHORS:
            try:
                return render(dates.macro(match[0], now, unit))
            except dates.DateError as error:
                raise MacroError(str(error)) from None
        return str(values[match["name"]])

    def filled(part: t.Any) -> t.Any:
        if isinstance(part, str):
            whole = _MACRO.fullmatch(part)
            if whole and whole["name"] in values:
                return values[whole["name"]]
            return _MACRO.sub(replacement, part)
        if isinstance(part, dict):
            return {key: filled(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [filled(inner) for inner in part]
        return part

    return filled(value)
