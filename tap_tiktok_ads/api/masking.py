"""Masking of secrets, and escaping of server text, in texts that people read."""

from __future__ import annotations

import base64
import re
import typing as t
import urllib.parse

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Maximum number of characters of server text in a message.
MAX_MESSAGE_LENGTH = 300
#: Minimum length of a secret that is also recognized in base64. A short one resembles other text.
MIN_BASE64_LENGTH = 8


def escape(text: str) -> str:
    r"""Return a text without characters that could change how a terminal or a log shows it.

    These are control characters, line breaks, marks that reverse the direction of text, and
    characters without width. They become escapes as in a JSON string.

    Example:
        >>> escape("a\nb")
        'a\\nb'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def escape_json(text: str) -> str:
    """Return JSON of equal value without such characters. Line breaks between members are kept."""
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\r", " ").replace("\t", " ").split("\n")
    return "\n".join(map(escape, lines))


def _escaped(char: str) -> str:
    """Return a character as in a JSON string that holds ASCII only."""
    if ord(char) < ord(" "):
        return msgspec.json.encode(char).decode()[1:-1]
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


class SecretMask:
    """Removes secrets from texts.

    Example:
        >>> SecretMask(["token-1"]).mask("Access-Token: token-1")
        'Access-Token: ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        """Create a mask. Empty secrets are ignored."""
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def mask(self, text: str) -> str:
        """Return a text with each secret replaced, also inside JSON, URLs and base64."""
        return self._pattern.sub("***", text) if self._pattern else text

    def printable(self, message: t.Any) -> str:
        """Return a text of the server as one line of limited length, escaped, without secrets."""
        line = escape(" ".join(self.mask(str(message)).split()))
        return line if len(line) <= MAX_MESSAGE_LENGTH else line[:MAX_MESSAGE_LENGTH] + "..."


def _forms(secret: str) -> Iterator[str]:
    """Yield the forms in which a text can hold a secret."""
    yield secret
    yield msgspec.json.encode(secret).decode()[1:-1]
    for quote in (urllib.parse.quote, urllib.parse.quote_plus):
        for safe in ("/", ""):
            quoted = quote(secret, safe=safe)
            yield quoted
            yield re.sub("%..", lambda match: match[0].lower(), quoted)
    if len(secret) >= MIN_BASE64_LENGTH:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(secret.encode()).decode().rstrip("=")
