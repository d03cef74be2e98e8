"""Responses that several streams share, kept for the duration of a run."""

from __future__ import annotations

import threading
import typing as t
import zlib

from tap_tiktok_ads.api.temporary_files import open_temporary_file, storing

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class ResponseCache:
    """Keeps the bodies of shared responses, compressed, in an unnamed temporary file. Thread-safe.

    Example:
        >>> cache = ResponseCache()
        >>> with cache.lock_for("GET /user/info/"):
        ...     if cache.get("GET /user/info/") is None:
        ...         cache.put("GET /user/info/", b"{}", {})
        >>> cache.get("GET /user/info/")
        (b'{}', {})
    """

    def __init__(self) -> None:
        """Create an empty cache. The file is created with the first response."""
        self._lock = threading.Lock()
        self._key_locks: dict[str, threading.Lock] = {}
        self._file: t.IO[bytes] | None = None
        # key -> offset in the file, compressed size in bytes, headers
        self._entries: dict[str, tuple[int, int, Mapping[str, str]]] = {}

    def lock_for(self, key: str) -> threading.Lock:
        """Return the lock of one key.

        The thread that sends the request holds it, so other threads wait for the response.
        """
        with self._lock:
            return self._key_locks.setdefault(key, threading.Lock())

    def has(self, key: str) -> bool:
        """Return True if a response is cached."""
        return key in self._entries

    def get(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Return the body and headers of a cached response, or None.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._lock, storing("a response"):
            if self._file is None or key not in self._entries:
                return None
            offset, size, headers = self._entries[key]
            self._file.seek(offset)
            return zlib.decompress(self._file.read(size)), headers

    def put(self, key: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Add a response to the cache.

        Raises:
            StorageError: The file cannot be written.
        """
        compressed = zlib.compress(body, 1)
        with self._lock, storing("a response"):
            if self._file is None:
                self._file = open_temporary_file(self, "a response")
            offset = self._file.seek(0, 2)
            self._file.write(compressed)
            self._file.flush()
            self._entries[key] = (offset, len(compressed), headers)
