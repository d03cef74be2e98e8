"""Errors of the temporary files that hold reports and shared responses."""

from __future__ import annotations

import contextlib
import tempfile
import typing as t

from tap_tiktok_ads.api.errors import StorageError

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def storing(content: str) -> Iterator[None]:
    """Convert an operating system error of writing to a temporary file.

    Args:
        content: What is written, for the message.

    Raises:
        StorageError: The file cannot be created or written, for example because the disk is full.
    """
    try:
        yield
    except OSError as error:
        msg = (
            f"Cannot store {content} in the temporary folder {tempfile.gettempdir()}: "
            f"{error.strerror}. Free disk space, or set TMPDIR to another folder."
        )
        raise StorageError(msg) from None
