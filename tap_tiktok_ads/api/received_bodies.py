"""Bytes of an HTTP body as they were received, before they are decompressed."""

from __future__ import annotations

import contextlib
import io
import typing as t

from tap_tiktok_ads.api.errors import StorageError
from tap_tiktok_ads.api.temporary_files import open_temporary_file, read_exactly, write_all

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Size up to which received bytes are in memory. Most compressed bodies are smaller.
MEMORY_BYTES = 256 * 1024
BLOCK_BYTES = 256 * 1024
CONTENT = "a response"


class ReceivedBody:
    """Received bytes: in memory up to a size, then in a temporary file if the disk has room.

    Example:
        >>> body = ReceivedBody()
        >>> body.write(b"ab")
        >>> body.write(b"c")
        >>> body.size, list(body.blocks())
        (3, [b'abc'])

    Attributes:
        size: Number of bytes.
    """

    def __init__(self) -> None:
        self.size = 0
        self._memory = io.BytesIO()
        self._file: t.IO[bytes] | None = None
        self._uses_file = True

    @property
    def memory_size(self) -> int:
        """Number of bytes in memory."""
        return self._memory.tell()

    def write(self, piece: bytes) -> None:
        """Add bytes."""
        self.size += len(piece)
        self._memory.write(piece)
        if self._uses_file and self._memory.tell() > MEMORY_BYTES:
            self._uses_file = self._move_to_file()

    def _move_to_file(self) -> bool:
        """Move the bytes in memory to the file. Return False if the disk has no room."""
        with contextlib.suppress(StorageError):
            if self._file is None:
                self._file = open_temporary_file(self, CONTENT, buffering=0)
            write_all(self._file, self._memory.getvalue(), CONTENT)
            self._memory = io.BytesIO()
            return True
        return False

    def blocks(self) -> Iterator[bytes]:
        """Yield all bytes.

        Raises:
            StorageError: The file cannot be read.
        """
        in_file = self.size - self.memory_size
        if self._file is not None:
            self._file.seek(0)
            while in_file > 0:
                block = read_exactly(self._file, min(BLOCK_BYTES, in_file), CONTENT)
                in_file -= len(block)
                yield block
        if self._memory.tell():
            yield self._memory.getvalue()
