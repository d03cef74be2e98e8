"""JSONPaths of custom streams: where a response holds its records and cursors. Pure.

The dialect is that of `jsonpath-ng` with its extensions, filters included: `$.data.list[*]`,
`$.data.list[?(@.status == "ENABLE")]`.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Members that usually hold the records of a list endpoint, the most frequent first.
USUAL_NAMES = ("list", "records", "items", "rows")
#: Number of keys of the first record that a suggestion shows.
MAX_SHOWN_KEYS = 6
#: Number of levels of a response that are searched for arrays.
MAX_SEARCH_DEPTH = 12
MAX_REASON_CHARS = 100
#: Words with a meaning of their own in a path.
_RESERVED_WORDS = frozenset({"where", "wherenot"})
_WILDCARD = re.compile(r"\[[*?]")
#: A step of a path into an array: an index, a slice, a wildcard or a filter.
_ARRAY_STEP = re.compile(r"\[[\d:*?-]")
#: jsonpath-ng 1.8 reads these as booleans, even at the start of a name.
_BOOLEANS = ("true", "false")


class PathError(ValueError):
    """A JSONPath that cannot be parsed or evaluated. The message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """Objects of a response that can be its records.

    Attributes:
        path: JSONPath of the objects.
        size: Number of objects.
        keys: The first keys of the first object.
    """

    path: str
    size: int
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path} ({self.size}: {', '.join(self.keys)})"


@functools.cache
def parse(path: str) -> t.Any:
    """Return the parsed JSONPath.

    Raises:
        PathError: The text is not a JSONPath.
    """
    from jsonpath_ng.ext.parser import parse as parse_path  # noqa: PLC0415 - slow, rarely needed

    try:
        return parse_path(path)
    except Exception as error:  # noqa: BLE001 - lexer and parser raise unrelated classes
        msg = f"{path!r} is not a JSONPath ({_reason(error)})"
        raise PathError(msg) from None


def find(path: str, document: t.Any) -> list[t.Any]:
    """Return all values of a document that a JSONPath matches.

    Raises:
        PathError: The path is not a JSONPath, or it compares values that have no order.
    """
    return [match.value for match in _matches(path, document)]


def _matches(path: str, document: t.Any) -> list[t.Any]:
    """Return the matches of a JSONPath as jsonpath-ng returns them.

    Raises:
        PathError: The path is not a JSONPath, or it compares values that have no order.
    """
    parsed = parse(path)
    try:
        return list(parsed.find(document))
    except Exception as error:  # noqa: BLE001 - operators raise whatever the values raise
        msg = f"{path!r} cannot be followed in this response ({_reason(error)})"
        raise PathError(msg) from None


def find_with_metadata(
    path: str, metadata: Mapping[str, str], document: t.Any
) -> Iterator[tuple[t.Any, dict[str, t.Any]]]:
    """Yield the values that a JSONPath matches, each with the first value of other JSONPaths.

    A JSONPath that begins like `path`, up to a `[*]`, is followed from the array item that holds
    the value.

    Example:
        >>> document = {"a": [{"id": 1, "b": [2, 3]}, {"id": 4, "b": [5]}]}
        >>> [*find_with_metadata("$.a[*].b[*]", {"a_id": "$.a[*].id"}, document)]
        [(2, {'a_id': 1}), (3, {'a_id': 1}), (5, {'a_id': 4})]

    Raises:
        PathError: A path is not a JSONPath, or it compares values that have no order.
    """
    relative = {name: _relative(path, other) for name, other in metadata.items()}
    of_document = {
        name: _first(other, document) for name, other in metadata.items() if not relative[name][0]
    }
    has_items = len(of_document) < len(metadata)
    for match in _matches(path, document):
        items = _array_items(match) if has_items else []
        yield (
            match.value,
            {
                name: _first(item_path, items[level - 1]) if level else of_document[name]
                for name, (level, item_path) in relative.items()
            },
        )


def _first(path: str, document: t.Any) -> t.Any:
    """Return the first value that a JSONPath matches, or None."""
    return next(iter(find(path, document)), None)


def _relative(path: str, other: str) -> tuple[int, str]:
    """Return the number of array items that two paths share, and the other path from the last one.

    Example:
        >>> _relative("$.a[*].b[*]", "$.a[*].id")
        (1, '$.id')
    """
    parts, other_parts = path.split("[*]"), other.split("[*]")
    shared = 0
    for part, other_part in zip(parts[:-1], other_parts[:-1], strict=False):
        if part != other_part or ".." in part:
            break
        shared += 1
    prefix = "[*]".join([*parts[:shared], ""])
    return len(_ARRAY_STEP.findall(prefix)), "$" + "[*]".join(other_parts[shared:])


def _array_items(match: t.Any) -> list[t.Any]:
    """Return the array items that hold a match of jsonpath-ng, the outermost first."""
    import jsonpath_ng  # noqa: PLC0415 - slow, rarely needed

    items = []
    while match is not None:
        if isinstance(match.path, jsonpath_ng.Index):
            items.append(match.value)
        match = match.context
    return items[::-1]


def parent_path(path: str) -> str | None:
    """Return the path of the array whose items a path matches, or None if it ends in a name.

    Example:
        >>> parent_path("$.data.list[*]")
        '$.data.list'

    Raises:
        PathError: The path is not a JSONPath.
    """
    import jsonpath_ng  # noqa: PLC0415 - slow, rarely needed

    parsed = parse(path)
    if isinstance(parsed, jsonpath_ng.Child) and not isinstance(parsed.right, jsonpath_ng.Fields):
        return str(parsed.left)
    return None


def outer_array_path(path: str) -> str:
    """Return the part of a path before its first wildcard or filter, or the complete path.

    Example:
        >>> outer_array_path("$.data.list[*].creatives[*]")
        '$.data.list'
    """
    return _WILDCARD.split(path, maxsplit=1)[0]


def last_key(path: str) -> str | None:
    """Return the name that a path ends in, or None if it ends in something else.

    Raises:
        PathError: The path is not a JSONPath.
    """
    import jsonpath_ng  # noqa: PLC0415 - slow, rarely needed

    parsed = parse(path)
    last_step = parsed.right if isinstance(parsed, jsonpath_ng.Child) else parsed
    names = last_step.fields if isinstance(last_step, jsonpath_ng.Fields) else ()
    return names[0] if len(names) == 1 and names[0] != "*" else None


def suggest_paths(document: t.Any) -> list[Suggestion]:
    """Return every array of objects in a response, the most likely records first.

    Arrays higher up come first, then arrays with a usual name, then longer arrays. `$.data` comes
    last, if it holds values of its own: the response can be a single object.
    """
    arrays = sorted(_arrays(document, "$", 0), key=_likelihood)
    return [*(suggestion for _, suggestion in arrays), *_single_object(document)]


def _single_object(document: t.Any) -> Iterator[Suggestion]:
    """Yield `$.data` if it is an object with a value that is neither an object nor an array."""
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, dict) and any(not isinstance(v, (dict, list)) for v in data.values()):
        yield Suggestion("$.data", 1, tuple(data)[:MAX_SHOWN_KEYS])


def _likelihood(array: tuple[int, Suggestion]) -> tuple[t.Any, ...]:
    """Return the sort key of an array with its depth."""
    depth, suggestion = array
    name = last_key(suggestion.path.removesuffix("[*]"))
    rank = USUAL_NAMES.index(name) if name in USUAL_NAMES else len(USUAL_NAMES)
    return depth, rank, -suggestion.size, suggestion.path


def _arrays(value: t.Any, path: str, depth: int) -> Iterator[tuple[int, Suggestion]]:
    """Yield the arrays of objects in a value, with their depth."""
    if depth > MAX_SEARCH_DEPTH:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _arrays(member, f"{path}.{_step(name)}", depth + 1)
    elif isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        if objects:
            keys = tuple(objects[0])[:MAX_SHOWN_KEYS]
            yield depth, Suggestion(f"{path}[*]", len(objects), keys)
            yield from _arrays(objects[0], f"{path}[*]", depth + 1)


def _step(name: str) -> str:
    """Return a name as a step of a path, in quotes unless it is an identifier."""
    is_reserved = name in _RESERVED_WORDS or name.lower().startswith(_BOOLEANS)
    if name.isidentifier() and name.isascii() and not is_reserved:
        return name
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _reason(error: Exception) -> str:
    """Return an exception on one short line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:MAX_REASON_CHARS]
