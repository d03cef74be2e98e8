"""Unnamed temporary files, and what a full disk does to them."""

from __future__ import annotations

import contextlib
import tempfile
import typing as t
import weakref

from tap_tiktok_ads.api.errors import DiskError

if t.TYPE_CHECKING:
    from collections.abc import Iterator


def open_temporary_file(owner: object) -> t.IO[bytes]:
    """Return a new temporary file that is closed with its owner.

    Raises:
        DiskError: The file cannot be created.
    """
    with disk_errors():
        file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as its owner
    weakref.finalize(owner, _close, file)
    return t.cast("t.IO[bytes]", file)


def _close(file: t.IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # of the rest that a full disk did not take
        file.close()


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Convert errors of temporary files to `DiskError`."""
    try:
        yield
    except OSError as error:
        raise disk_error(error) from None


def disk_error(error: OSError) -> DiskError:
    """Return the error for a temporary file that cannot be written."""
    reason = error.strerror or error
    return DiskError(
        f"Cannot write a temporary file: {reason}. Free space on the disk, or set TMPDIR."
    )
