"""Suggestions for misspelled names in error messages."""

from __future__ import annotations

import difflib
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: Minimum similarity of two names, between 0 and 1. The default of `difflib`.
DEFAULT_SIMILARITY = 0.6


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message about an unknown name.

    Example:
        >>> suggest("spent", ["spend", "clicks"])
        ": did you mean 'spend'?"
        >>> suggest("x", ["spend", "clicks"])
        '; known are clicks, spend.'
    """
    names = list(known)
    match = close_match(name, names)
    return f": did you mean {match!r}?" if match else f"; known are {', '.join(sorted(names))}."


def close_match(
    name: str, known: Iterable[str], *, similarity: float = DEFAULT_SIMILARITY
) -> str | None:
    """Return the known name that is most similar, or None if no name is similar enough."""
    matches = difflib.get_close_matches(str(name), list(known), n=1, cutoff=similarity)
    return matches[0] if matches else None
