"""Names of JSON types, for messages about responses of another shape."""

from __future__ import annotations

import decimal
import typing as t

#: Names of the JSON types that differ in messages, by the class of the decoded value.
_NAMES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    decimal.Decimal: "number",
}


def json_kind(value: t.Any) -> str:
    """Return the JSON type of a value with its article, without the content of the value.

    Example:
        >>> json_kind({}), json_kind([1]), json_kind(0.5)
        ('an empty object', 'an array', 'a number')
    """
    if value is None:
        return "null or nothing"
    name = _NAMES.get(type(value), "value")
    if isinstance(value, dict | list | str) and not value:
        return f"an empty {name}"
    return f"an {name}" if name[0] in "ao" else f"a {name}"


def list_damage(field: str, value: t.Any, record_types: tuple[type, ...] = (dict,)) -> str | None:
    """Return expected and actual if a value is not an array of objects, or None.

    Args:
        field: The path of the value, such as `data.list`.
        value: The value.
        record_types: Classes of a decoded object.

    Example:
        >>> list_damage("data.list", [{}, 5])
        'expected an object at data.list[1], got a number.'
    """
    if not isinstance(value, list):
        return f"expected an array of objects at {field}, got {json_kind(value)}."
    for position, item in enumerate(value):
        if not isinstance(item, record_types):
            return f"expected an object at {field}[{position}], got {json_kind(item)}."
    return None
