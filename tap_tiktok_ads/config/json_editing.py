"""Changes of JSON text that a person wrote: the rest of the text keeps its form. Pure."""

from __future__ import annotations

import json
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_INDENT = "  "
_SPACE = re.compile(r"[ \t\r\n]*")


def append_item(text: str, key: str, item: t.Any) -> str:
    """Return the text of a JSON object with one more item in the list under a key.

    The other characters of the text are unchanged. The item has the indentation of the text. A key
    that is missing or null becomes a list.

    Example:
        >>> append_item('{"a": 1.0, "b": [2]}', "b", 3)
        '{"a": 1.0, "b": [2, 3]}'
    """
    begin = text.index("{") + 1
    members = {name: (start, end) for name, start, end in _members(text, begin)}
    if not members:
        document = json.dumps({key: [item]}, indent=DEFAULT_INDENT)
        return text[: begin - 1] + document + text[text.rindex("}") + 1 :]
    line_start = _line_start(text, begin)
    if key not in members:
        end = max(end for _, end in members.values())
        addition = f"{line_start or ' '}{json.dumps(key)}: {_list(item, line_start)}"
        return f"{text[:end]},{addition}{text[end:]}"
    start, end = members[key]
    items = text[start + 1 : end - 1]
    if text[start] != "[" or not items.strip(" \t\r\n"):
        return text[:start] + _list(item, line_start) + text[end:]
    insertion = start + 1 + len(items.rstrip(" \t\r\n"))
    item_start = _line_start(text, start + 1)
    indent = _indent(line_start) or DEFAULT_INDENT
    addition = f"{item_start or ' '}{_rendered(item, item_start, indent)}"
    return f"{text[:insertion]},{addition}{text[insertion:]}"


def _members(text: str, position: int) -> Iterator[tuple[str, int, int]]:
    """Yield the name of each member of an object, and where its value starts and ends.

    Args:
        text: Valid JSON text.
        position: The place after the opening brace.
    """
    decode = json.JSONDecoder().raw_decode
    position = _after_space(text, position)
    while text[position] != "}":
        name, position = decode(text, position)
        start = _after_space(text, _after_space(text, position) + 1)
        _, end = decode(text, start)
        yield name, start, end
        position = _after_space(text, end)
        if text[position] == ",":
            position = _after_space(text, position + 1)


def _after_space(text: str, position: int) -> int:
    """Return the position of the next character that is not white space."""
    return t.cast("re.Match[str]", _SPACE.match(text, position)).end()


def _line_start(text: str, position: int) -> str:
    """Return the line break and indentation at a position, or an empty text without a break."""
    space = text[position : _after_space(text, position)]
    before, line_break, indent = space.rpartition("\n")
    return ("\r" if before.endswith("\r") else "") + line_break + indent if line_break else ""


def _indent(line_start: str) -> str:
    """Return the indentation after a line break."""
    return line_start.rpartition("\n")[2]


def _list(item: t.Any, line_start: str) -> str:
    """Return a list of one item as text, for a member that starts with these characters."""
    indent = _indent(line_start)
    if not line_start:
        return f"[{json.dumps(item)}]"
    item_start = line_start + indent
    return f"[{item_start}{_rendered(item, item_start, indent)}{line_start}]"


def _rendered(item: t.Any, line_start: str, indent: str) -> str:
    """Return an item as text: on lines that start with these characters, or on one line."""
    if not line_start:
        return json.dumps(item)
    return json.dumps(item, indent=indent).replace("\n", line_start)
