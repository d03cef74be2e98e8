"""The executable `tap-tiktok-ads`: the Singer tap, and its sub-commands."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import sys
import typing as t

import click
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_tiktok_ads.api.errors import TapError
from tap_tiktok_ads.tap import TapTikTokAds

#: The sub-commands; each has a module of its name here, with _ for -.
COMMANDS = ("sample", "doctor", "plan", "authorize", "simulator", "convert-state")
HELP = """Execute the Singer tap, or one of the commands below.

\b
Examples:
  tap-tiktok-ads --config config.json | target-jsonl
  tap-tiktok-ads --config config.json --catalog catalog.json --state state.json
  tap-tiktok-ads --config ENV --discover > catalog.json
"""
SUMMARY = click.Option(
    ["--summary-file"],
    type=click.Path(),
    metavar="FILE",
    help="Write a summary of the run as JSON, or as OpenMetrics text if FILE ends in .prom.",
)
#: `M_ARENA_MAX` of glibc's `malloc.h`.
MALLOPT_ARENA_MAX = -8


class Executable(SingerCommand, click.Group):
    """The tap's own command, and sub-commands that are imported when they are needed."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        return t.cast("click.Command", module.command)


def executable() -> Executable:
    """The command line, with logging set up."""
    tap = TapTikTokAds.cli
    return Executable(
        name=TapTikTokAds.name,
        callback=_run,
        params=[*tap.params, SUMMARY],
        context_settings=tap.context_settings,
        help=HELP,
        invoke_without_command=True,
        subcommand_metavar="[COMMAND [ARGS]...]",
        logger=TapTikTokAds.logger,
    )


def run_tap(  # noqa: PLR0913 - the options, by name
    *,
    about: bool = False,
    about_format: str | None = None,
    config: t.Any = None,
    state: t.IO[str] | None = None,
    catalog: t.IO[str] | None = None,
    summary_file: str | None = None,
) -> None:
    """Run the tap. What can be refused is refused before the first message.

    Raises:
        TapError: The run failed, or is incomplete.
    """
    if about:
        TapTikTokAds.print_about(about_format)
        return
    tap = TapTikTokAds.from_input(config, catalog=catalog, state=state, selected_only=True)
    from tap_tiktok_ads.cli import summary  # noqa: PLC0415 - keeps the start fast

    problems, progress = tap.run_context.problems, tap.run_context.progress
    unread = {"skipped": problems.skipped, "failed": problems.failed}
    with summary.written_to(summary_file, progress.summary, unread):
        tap.run()


@click.pass_context
def _run(context: click.Context, /, **options: t.Any) -> None:
    """Run the tap, unless a sub-command follows: that takes over --config alone."""
    if context.invoked_subcommand is None:
        run_tap(**options)
        return
    for option in context.command.params:
        if option.name != "config" and options.get(option.name or ""):
            msg = f"{option.opts[0]} must follow the name of the command, if that takes it."
            raise click.UsageError(msg)


def main(args: t.Sequence[str] | None = None) -> t.NoReturn:
    """Run the tap; an error that users can act on becomes one sentence on stderr."""
    code: t.Any = 0
    _tune_memory()
    try:
        executable().main(args, prog_name=TapTikTokAds.name)
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
