"""Values of settings in messages: shortened, and without secrets."""

from __future__ import annotations

import json
import typing as t

#: Characters of a value that a message quotes.
MAX_VALUE_LENGTH = 60
#: Words for the JSON types in messages.
TYPE_NAMES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "an object",
}
_KINDS = {str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def describe_value(value: t.Any, *, is_secret: bool = False) -> str:
    """Return a received value for a message: text in quotes, objects and lists by their type.

    Example:
        >>> describe_value("seven"), describe_value(7), describe_value([1]), describe_value(None)
        ("'seven'", '7', 'a list', 'null')
        >>> describe_value("act-0123", is_secret=True)
        'a string'

    Args:
        value: A JSON value.
        is_secret: Return the type of the value only.
    """
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "null"
    if is_secret:
        return _KINDS.get(type(value), "another value")
    text = json.dumps(value) if isinstance(value, bool) else repr(value)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"
