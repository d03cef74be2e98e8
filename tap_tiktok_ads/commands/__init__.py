"""The executable `tap-tiktok-ads`."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import sys
import typing as t

import click

from tap_tiktok_ads.errors import TapError
from tap_tiktok_ads.tap import TapTikTokAds

#: `M_ARENA_MAX` of glibc's `malloc.h`.
MALLOPT_ARENA_MAX = -8


def main(args: t.Sequence[str] | None = None) -> t.NoReturn:
    """Run the tap; an error that users can act on becomes one sentence on stderr."""
    code: t.Any = 0
    _tune_memory()
    try:
        TapTikTokAds.cli.main(args, prog_name=TapTikTokAds.name)
    except TapError as error:
        click.echo(f"{TapTikTokAds.name}: {error}", err=True)
        code = error.exit_code
    except SystemExit as end:
        code = end.code
    sys.exit(code if _flushed() else code or 1)


def _tune_memory() -> None:
    """Fit Python's and the C library's memory to long runs of a few threads.

    Rows make no cyclic garbage, but so many objects that Python would look for it all the time.
    glibc gives each thread a heap of its own, and each of them keeps what pages once took.
    """
    gc.freeze()
    gc.set_threshold(500_000, 20, 20)
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(MALLOPT_ARENA_MAX, 1)


def _flushed() -> bool:
    """Pass on what is buffered; where nobody takes it, drop it, or Python complains at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"{TapTikTokAds.name}: Cannot write to stdout: {error.strerror}.", err=True)
        return False
    return True
