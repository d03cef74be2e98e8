"""Suggestions for unknown names: the only "did you mean" of the package."""

from __future__ import annotations

import difflib
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: Similarity of two names, from 0 to 1, from which one is suggested for the other.
MIN_SIMILARITY = 0.6
#: Characters of the beginning of a name, from which the name is suggested for it.
MIN_BEGINNING = 3


def suggest(name: str, known_names: Iterable[str]) -> str:
    """Return the end of a message about an unknown name.

    Example:
        >>> suggest("spent", ["spend", "clicks"])
        ": did you mean 'spend'?"
        >>> suggest("reach", ["spend", "clicks"])
        '. Known names: clicks, spend.'

    Args:
        name: The unknown name.
        known_names: The names that exist.
    """
    names = list(known_names)
    match = closest_match(name, names)
    if match is not None:
        return f": did you mean {match!r}?"
    return f". Known names: {', '.join(sorted(names))}."


def closest_match(
    name: str, known_names: Iterable[str], min_similarity: float = MIN_SIMILARITY
) -> str | None:
    """Return the known name that is most similar, or None if none is similar enough.

    The beginning of a name is similar to the shortest name that begins with it.
    """
    names = list(known_names)
    matches = difflib.get_close_matches(str(name), names, n=1, cutoff=min_similarity)
    if matches:
        return matches[0]
    begun = [known for known in names if len(str(name)) >= MIN_BEGINNING and known.startswith(name)]
    return min(begun, key=len, default=None)
