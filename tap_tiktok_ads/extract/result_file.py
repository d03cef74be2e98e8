"""Finished results that wait for earlier ones in a temporary file."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import threading
import typing as t

from tap_tiktok_ads.api.errors import StorageError
from tap_tiktok_ads.api.temporary_files import (
    open_temporary_file,
    read_exactly,
    storing,
    write_all,
)

CONTENT = "responses that wait for earlier ones"

logger = logging.getLogger("tap-tiktok-ads")


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
        self._is_full = False
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Number of stored results."""
        return len(self._sizes)

    def store(self, result: object) -> StoredResult | None:
        """Return the place of a result, or None if it has to stay in memory.

        It has to if the disk is full, or if the result is too deep for `pickle`.
        """
        if self._is_full:
            return None
        with contextlib.suppress(Exception):
            content = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
            with self._lock:
                return self._write(content)
        return None

    def load(self, stored: StoredResult) -> t.Any:
        """Return a result and free its place.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._lock, storing(CONTENT):
            file = t.cast("t.IO[bytes]", self._file)
            try:
                file.seek(stored.offset)
                content = read_exactly(file, stored.size, CONTENT)
            finally:
                self._free(stored)
        return pickle.loads(content)  # noqa: S301 - written by this object to an unnamed file

    def discard(self, stored: StoredResult) -> None:
        """Free the place of a result that nobody needs."""
        with self._lock:
            self._free(stored)

    def close(self) -> None:
        """Close the file. No result can be stored any more."""
        with self._lock:
            self._is_full = True
            if self._file is not None:
                self._file.close()

    def _write(self, content: bytes) -> StoredResult | None:
        """Write to the first place that is free. Return None if the disk is full."""
        stored = StoredResult(self._free_offset(len(content)), len(content))
        try:
            if self._file is None:
                self._file = open_temporary_file(self, CONTENT, buffering=0)
            with storing(CONTENT):
                self._file.seek(stored.offset)
            write_all(self._file, content, CONTENT)
        except StorageError as error:
            self._is_full = True
            logger.warning("Fewer requests run ahead: %s", error)
            return None
        self._sizes[stored.offset] = stored.size
        return stored

    def _free(self, stored: StoredResult) -> None:
        """Free a place. Without stored results, give the space back to the disk."""
        del self._sizes[stored.offset]
        if not self._sizes and self._file is not None and not self._file.closed:
            with contextlib.suppress(OSError):
                self._file.truncate(0)

    def _free_offset(self, size: int) -> int:
        """Return the first offset at which `size` bytes are free."""
        end = 0
        for offset, used in sorted(self._sizes.items()):
            if offset - end >= size:
                return end
            end = offset + used
        return end
