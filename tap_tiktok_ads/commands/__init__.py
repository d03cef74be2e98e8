"""The executable `tap-tiktok-ads`."""

from __future__ import annotations

import os
import sys
import typing as t

import click

from tap_tiktok_ads.errors import TapError
from tap_tiktok_ads.tap import TapTikTokAds


def main(args: t.Sequence[str] | None = None) -> t.NoReturn:
    """Run the tap; an error that users can act on becomes one sentence on stderr."""
    try:
        TapTikTokAds.cli.main(args, prog_name=TapTikTokAds.name)
    except TapError as error:
        _flush_or_drop()
        click.echo(f"{TapTikTokAds.name}: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(0)


def _flush_or_drop() -> None:
    """Pass on what is buffered; where nobody reads it, drop it, or Python complains at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
