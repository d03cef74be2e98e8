"""The executable `tap-tiktok-ads`."""

from __future__ import annotations

import gc
import os
import sys
import typing as t

import click

from tap_tiktok_ads.errors import TapError
from tap_tiktok_ads.tap import TapTikTokAds


def main(args: t.Sequence[str] | None = None) -> t.NoReturn:
    """Run the tap; an error that users can act on becomes one sentence on stderr."""
    code: t.Any = 0
    _collect_less()
    try:
        TapTikTokAds.cli.main(args, prog_name=TapTikTokAds.name)
    except TapError as error:
        click.echo(f"{TapTikTokAds.name}: {error}", err=True)
        code = error.exit_code
    except SystemExit as end:
        code = end.code
    sys.exit(code if _flushed() else code or 1)


def _collect_less() -> None:
    """Have Python look for cyclic garbage less often: rows make none, but many objects."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


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
