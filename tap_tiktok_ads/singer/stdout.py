"""Errors of stdout as `OutputError`: it is closed, or the disk is full."""

from __future__ import annotations

import contextlib
import io
import sys
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import OutputError

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class CheckedStdout(io.TextIOWrapper):
    """A stdout that raises `OutputError`, except for a closed pipe."""

    @override
    def write(self, text: str, /) -> int:
        with output_errors():
            return super().write(text)

    @override
    def flush(self) -> None:
        with output_errors():
            super().flush()


def check_stdout() -> None:
    """Replace `sys.stdout` by a `CheckedStdout`.

    Raises:
        OutputError: The process has no stdout. Python would discard the output in silence.
    """
    stdout = t.cast("io.TextIOWrapper | None", sys.stdout)
    if stdout is None:
        msg = "Cannot write to stdout: it is closed."
        raise OutputError(msg)
    if type(stdout) is io.TextIOWrapper:
        options: dict[str, t.Any] = {
            "encoding": stdout.encoding,
            "errors": stdout.errors,
            "line_buffering": stdout.line_buffering,
            "write_through": stdout.write_through,
        }
        sys.stdout = CheckedStdout(stdout.detach(), **options)


@contextlib.contextmanager
def output_errors() -> Iterator[None]:
    """Convert errors of stdout to `OutputError`, except for a closed pipe."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        msg = f"Cannot write to stdout: {error.strerror or error}."
        raise OutputError(msg) from None
