"""JSONPaths: where the records of an answer are, and what else it tells. Pure.

The dialect is that of `jsonpath-ng`, filters included: `$.data.list[*]`,
`$.data.list[?(@.status == "ENABLE")]`.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Names of members that hold the records of TikTok's listings, the likeliest first.
LIKELY = ("list", "records", "items", "rows")
#: Keys of its first record that a suggestion shows, at most; levels that are searched.
SHOWN_KEYS = 6
DEEPEST = 12
#: Words that have a meaning of their own in a path.
RESERVED = frozenset({"where", "wherenot"})
#: What jsonpath-ng 1.8 takes for a truth value, even at the start of a name.
BOOLEANS = ("true", "false")


class PathError(ValueError):
    """A JSONPath that cannot be read; the message says why."""


@functools.cache
def parse(path: str) -> t.Any:
    """The parsed JSONPath.

    Raises:
        PathError: it is none.
    """
    from jsonpath_ng.ext.parser import parse as parse_path  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        return parse_path(path)
    except Exception as error:  # noqa: BLE001 - lexer and parser raise several, without a class in common
        msg = f"{path!r} is not a JSONPath ({_reason(error)})"
        raise PathError(msg) from None


def find(path: str, document: t.Any) -> list[t.Any]:
    """All values that a path leads to.

    Raises:
        PathError: it is none, or asks for what these values do not have, as an order.
    """
    steps = parse(path)
    try:
        return [match.value for match in steps.find(document)]
    except Exception as error:  # noqa: BLE001 - whatever its operators raise at values of other types
        msg = f"{path!r} cannot be followed in this answer ({_reason(error)})"
        raise PathError(msg) from None


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:100]


def parent_path(path: str) -> str | None:
    """The path of the list that `path[*]`, or the like, takes its values from; None for others."""
    import jsonpath_ng  # noqa: PLC0415 - see above

    steps = parse(path)
    if isinstance(steps, jsonpath_ng.Child) and not isinstance(steps.right, jsonpath_ng.Fields):
        return str(steps.left)
    return None


def last_key(path: str) -> str | None:
    """The name of the member that a path ends in; None where it ends otherwise."""
    import jsonpath_ng  # noqa: PLC0415 - see above

    steps = parse(path)
    end = steps.right if isinstance(steps, jsonpath_ng.Child) else steps
    names = end.fields if isinstance(end, jsonpath_ng.Fields) else ()
    return names[0] if len(names) == 1 and names[0] != "*" else None


@dataclasses.dataclass(frozen=True, slots=True)
class Suggestion:
    """An array of objects in an answer: where, how many, and the first keys of the first one."""

    path: str
    size: int
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path} ({self.size}: {', '.join(self.keys)})"


def suggest_paths(document: t.Any) -> list[Suggestion]:
    """Every array of objects, the likeliest to be the records first.

    Arrays of `data` come before deeper ones, those that bear a usual name before others, long ones
    before short ones.
    """
    found = list(_arrays(document, "$", 0))

    def rank(item: tuple[int, Suggestion]) -> tuple[t.Any, ...]:
        depth, one = item
        name = last_key(one.path.removesuffix("[*]"))
        usual = LIKELY.index(name) if name in LIKELY else len(LIKELY)
        return (depth, usual, -one.size, one.path)

    return [one for _, one in sorted(found, key=rank)]


def _arrays(value: t.Any, path: str, depth: int) -> Iterator[tuple[int, Suggestion]]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _arrays(inner, f"{path}.{_step(name)}", depth + 1)
    elif isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        if objects:
            keys = tuple(objects[0])[:SHOWN_KEYS]
            yield depth, Suggestion(f"{path}[*]", len(objects), keys)
            yield from _arrays(objects[0], f"{path}[*]", depth + 1)


def _step(name: str) -> str:
    """A member's name as a step of a path, quoted unless it is an identifier."""
    reserved = name in RESERVED or name.lower().startswith(BOOLEANS)
    if name.isidentifier() and name.isascii() and not reserved:
        return name
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
