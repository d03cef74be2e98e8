"""Unnamed temporary files that hold reports and shared responses, and their errors."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import typing as t
import weakref

from tap_tiktok_ads.api.errors import StorageError

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def open_temporary_file(owner: object, content: str, buffering: int = -1) -> t.IO[bytes]:
    """Return a new temporary file that is closed with its owner.

    Args:
        owner: The object that uses the file.
        content: Name of the content in messages.
        buffering: 0 for a file without a buffer. The buffer of another file cannot be used again
            after the disk was full, because each operation tries to write it.

    Raises:
        StorageError: The file cannot be created.
    """
    with storing(content):
        file = tempfile.TemporaryFile(buffering=buffering)  # noqa: SIM115 - open as long as its owner
    weakref.finalize(owner, _close, file)
    return t.cast("t.IO[bytes]", file)


def _close(file: t.IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # of the rest that a full disk did not take
        file.close()


def write_all(file: t.IO[bytes], content: bytes, name: str) -> None:
    """Write bytes to a file without a buffer, which can take a part of them at a time.

    Args:
        file: The file.
        content: The bytes.
        name: Name of the content in messages.

    Raises:
        StorageError: The disk is full.
    """
    remaining = memoryview(content)
    with storing(name):
        while remaining:
            remaining = remaining[file.write(remaining) :]


def read_exactly(file: t.IO[bytes], size: int, name: str) -> bytes:
    """Return bytes of a file without a buffer, which can return a part of them at a time.

    Args:
        file: The file, at the position of the bytes.
        size: Number of bytes.
        name: Name of the content in messages.

    Raises:
        StorageError: The file cannot be read, or has fewer bytes.
    """
    content = bytearray()
    with storing(name):
        while len(content) < size:
            block = file.read(size - len(content))
            if not block:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            content += block
    return bytes(content)


@contextlib.contextmanager
def storing(content: str) -> Iterator[None]:
    """Convert an operating system error of writing to a temporary file.

    Args:
        content: Name of the content in the message.

    Raises:
        StorageError: The file cannot be created or written, for example because the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(content, error) from None


def storage_error(content: str, error: OSError) -> StorageError:
    """Return the error for content that cannot be written to a temporary file."""
    reason = error.strerror or error  # without a usable folder, the error lists all tried
    return StorageError(
        f"Cannot store {content} in a temporary file: {reason}. "
        "Free disk space, or set TMPDIR to another folder."
    )
