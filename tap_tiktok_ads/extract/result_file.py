"""Finished results that wait for earlier ones in a temporary file."""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import threading
import typing as t

from tap_tiktok_ads.api.errors import StorageError
from tap_tiktok_ads.api.temporary_files import open_temporary_file, storing

CONTENT = "responses that wait for earlier ones"


@dataclasses.dataclass(frozen=True, slots=True)
class StoredResult:
    """The place of a result in the file, in bytes."""

    offset: int
    size: int


class ResultFile:
    """Results in one temporary file. Thread-safe. The file is created with the first result.

    Example:
        >>> file = ResultFile()
        >>> file.load(file.store(["a", "b"]))
        ['a', 'b']
    """

    def __init__(self) -> None:
        self._file: t.IO[bytes] | None = None
        self._sizes: dict[int, int] = {}  # of the stored results, by offset
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Number of stored results."""
        return len(self._sizes)

    def store(self, result: object) -> StoredResult | None:
        """Return the place of a result, or None if the disk is full: then it stays in memory."""
        content = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
        with self._lock, contextlib.suppress(StorageError):
            stored = StoredResult(self._free_offset(len(content)), len(content))
            self._write(content, stored.offset)
            self._sizes[stored.offset] = stored.size
            return stored
        return None

    def load(self, stored: StoredResult) -> t.Any:
        """Return a result and free its place.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._lock, storing(CONTENT):
            file = t.cast("t.IO[bytes]", self._file)
            file.seek(stored.offset)
            content = file.read(stored.size)
            del self._sizes[stored.offset]
        return pickle.loads(content)  # noqa: S301 - written by this object to an unnamed file

    def discard(self, stored: StoredResult) -> None:
        """Free the place of a result that nobody needs."""
        with self._lock:
            del self._sizes[stored.offset]

    def _write(self, content: bytes, offset: int) -> None:
        """Write to the file.

        Raises:
            StorageError: The disk is full.
        """
        if self._file is None:
            self._file = open_temporary_file(self, CONTENT)
        with storing(CONTENT):
            self._file.seek(offset)
            self._file.write(content)
            self._file.flush()

    def _free_offset(self, size: int) -> int:
        """Return the first offset at which `size` bytes are free."""
        end = 0
        for offset, used in sorted(self._sizes.items()):
            if offset - end >= size:
                return end
            end = offset + used
        return end
