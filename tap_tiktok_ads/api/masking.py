"""Masking of secrets in texts that people read."""

from __future__ import annotations

import typing as t

import msgspec

if t.TYPE_CHECKING:
    from collections.abc import Iterable

#: Maximum number of characters of server text in a message.
MAX_MESSAGE_LENGTH = 300


class SecretMask:
    """Removes secrets from texts.

    Example:
        >>> SecretMask(["token-1"]).mask("Access-Token: token-1")
        'Access-Token: ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        """Create a mask. Empty secrets are ignored."""
        self._secrets = [secret for secret in secrets if secret]

    def mask(self, text: str) -> str:
        """Return a text with each secret replaced, also inside JSON strings."""
        for secret in self._secrets:
            for form in (secret, msgspec.json.encode(secret).decode()[1:-1]):
                text = text.replace(form, "***")
        return text

    def printable(self, message: t.Any) -> str:
        """Return a text of the server as one line of limited length, without secrets."""
        line = " ".join(self.mask(str(message)).split())
        return line if len(line) <= MAX_MESSAGE_LENGTH else line[:MAX_MESSAGE_LENGTH] + "..."
