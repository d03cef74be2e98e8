"""Repair of JSON bodies whose text is not clean Unicode. Pure."""

from __future__ import annotations

import json
import math
import re

#: Replaces bytes that cannot be decoded, as Unicode recommends.
REPLACEMENT = "\ufffd"
NULL_CHARACTER = "\x00"
#: The JSON escape of the null character, which many databases reject.
NULL_ESCAPE = "\\u0000"
#: A pattern finds it faster than the operator `in`.
_NULL_ESCAPE = re.compile(rb"\\u0000")
#: A search for one byte is faster than the pattern if the body has fewer than one escape in this
#: number of bytes.
MIN_BYTES_PER_ESCAPE = 1000
#: A token: a string (perhaps cut by the end of the body), a literal that JSON does not have, a
#: number, or a null character outside of strings.
_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
    r"|[-+]?\b(?:NaN|Infinity)\b"
    r"|-?[0-9][-+0-9.eE]*"
    r"|\x00",
    re.DOTALL,
)
#: A pair of surrogates, half of a pair, any other escape, or a control character.
_ESCAPE = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|(?P<null>\\u0000|\x00)"
    r"|\\[^\x00]"
    r"|(?P<control>[\x01-\x1f])",
    re.DOTALL,
)


def has_null_escape(body: bytes) -> bool:
    """Return True if a body may hold a null character. Takes less than 1 % of the decoding."""
    position = body.find(b"\\")
    for _ in range(1 + len(body) // MIN_BYTES_PER_ESCAPE):
        if position < 0 or body.startswith(b"\\u0000", position):
            return position >= 0
        position = body.find(b"\\", position + 1)
    return _NULL_ESCAPE.search(body, max(position, 0)) is not None


def repair(body: bytes, *, replaces_null: bool = True) -> bytes:
    r"""Return the JSON of a body as clean UTF-8. A body without a fault is returned unchanged.

    A byte order mark is removed. Invalid UTF-8, half a surrogate pair and control characters
    become U+FFFD. `NaN` and `Infinity` become null. A number that no float holds becomes its text.
    No null byte remains, because a reader would take the body for UTF-16.

    Args:
        body: The body, in UTF-8, UTF-16 or UTF-32.
        replaces_null: True to replace null characters, too. False to keep them.
    """
    text = body.decode(json.detect_encoding(body), errors="replace")
    text = text.lstrip("\ufeff")

    def clean_escape(match: re.Match[str]) -> str:
        if match["null"]:
            return REPLACEMENT if replaces_null else NULL_ESCAPE
        return REPLACEMENT if match["half"] or match["control"] else match[0]

    def clean_token(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] == '"':
            return _ESCAPE.sub(clean_escape, token)
        if token == NULL_CHARACTER:
            return REPLACEMENT
        if token[-1] in "Ny":
            return "null"
        return f'"{token}"' if _is_infinite(token) else token

    return _TOKEN.sub(clean_token, text).encode()


def replace_null_characters(text: str) -> str:
    """Return a text without null characters."""
    return text.replace(NULL_CHARACTER, REPLACEMENT)


def _is_infinite(number: str) -> bool:
    """Return True if the text is a number outside the range of floats."""
    try:
        return math.isinf(float(number))
    except ValueError:
        return False
