"""A long text within JSON, decoded block by block."""

from __future__ import annotations

import re
import typing as t

import msgspec

from tap_tiktok_ads.api.messages import DECODE_ERRORS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Maximum size of a value without a comma.
MAX_VALUE_BYTES = 1024 * 1024
#: The start of a text in `data`. Within another text, the quotes would be escaped.
_DATA = re.compile(rb'"data"\s*:\s*"')
#: The content of a text, up to its closing quote or an incomplete escape.
_CONTENT = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)


def start_of_data(block: bytes) -> int | None:
    """Return the position after the opening quote of an envelope's text, or None.

    Args:
        block: The first block of an envelope.
    """
    match = _DATA.search(block)
    if match is None or block.count(b"{", 0, match.start()) > 1:
        return None
    return match.end()


class TextBlocks:
    """The decoded blocks of a JSON text, in UTF-8.

    Attributes:
        rest: What follows the text in its last block, including the closing quote. If a block is
            not clean JSON, or holds no comma for too long, the rest begins with that block.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        """Prepare.

        Args:
            blocks: The JSON text, without its opening quote.
        """
        self.rest = b""
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        """Yield the decoded blocks.

        A block ends behind a comma, which is never part of an escape or of another character.
        """
        for block in self._blocks:
            self.rest += block
            match = _CONTENT.match(self.rest)
            end = match.end() if match else 0
            is_last = self.rest[end : end + 1] == b'"'
            end = end if is_last else self.rest.rfind(b",", 0, end) + 1
            try:
                text = msgspec.json.decode(b'"%s"' % self.rest[:end], type=str)
            except DECODE_ERRORS:
                return
            yield text.encode()
            self.rest = self.rest[end:]
            if is_last or len(self.rest) > MAX_VALUE_BYTES:
                return
