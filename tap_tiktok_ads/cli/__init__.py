"""The executable `tap-tiktok-ads`: the Singer tap and its subcommands."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import os
import sys
import typing as t

import click
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_tiktok_ads.api.errors import ConfigError, OutputError, TapError
from tap_tiktok_ads.cli.select_option import SELECT_ATTRIBUTES
from tap_tiktok_ads.config.environment import check_log_level
from tap_tiktok_ads.progress_display import supports_live_line
from tap_tiktok_ads.singer.stdout import check_stdout
from tap_tiktok_ads.streams.selector import NOT_BY_DEFAULT
from tap_tiktok_ads.tap import TapTikTokAds
from tap_tiktok_ads.termination import termination

if t.TYPE_CHECKING:
    import logging

    from tap_tiktok_ads.context import RunContext

#: The subcommands. Each has a module of its name.
COMMANDS = ("streams", "sample", "doctor", "plan", "report", "authorize", "simulator", "state")
#: Commands of earlier versions, and what replaces them.
REMOVED_COMMANDS = {"convert-state": "state convert"}
HELP = """Run the Singer tap, or one of the commands below.

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
SELECT = click.Option(["--select"], **SELECT_ATTRIBUTES)
DISCOVER = click.Option(["--discover"], is_flag=True, help="Write the catalog of all streams.")
TEST = click.Option(
    ["--test"],
    is_flag=False,
    flag_value="all",
    type=click.Choice(["all", "schema"]),
    metavar="",
    help="Read one record of each selected stream, and report the result of each stream. "
    "--test=schema writes the SCHEMA messages only.",
)
#: Options of the tap that replace the options of the SDK, by name.
OPTIONS = {option.name: option for option in (DISCOVER, TEST, SELECT, SUMMARY)}
#: `M_ARENA_MAX` of glibc's `malloc.h`.
MALLOPT_ARENA_MAX = -8


class Executable(SingerCommand, click.Group):
    """The command of the tap, with subcommands that are imported on demand."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in REMOVED_COMMANDS:
            replacement = f"{ctx.command_path} {REMOVED_COMMANDS[cmd_name]}"
            msg = f"Command {cmd_name!r} was removed. Use `{replacement}` instead."
            raise click.UsageError(msg)
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name}")
        return t.cast("click.Command", module.command)


def executable() -> Executable:
    """Return the command line, with logging configured.

    Raises:
        ConfigError: The log level or the logging configuration cannot be used.
    """
    check_log_level(os.environ)
    try:
        tap = TapTikTokAds.cli
    except Exception as error:  # of the file, of YAML or of logging
        if "SINGER_SDK_LOG_CONFIG" not in os.environ:
            raise
        msg = (
            "Environment variable SINGER_SDK_LOG_CONFIG must name a logging configuration in "
            f"YAML: {getattr(error, 'strerror', None) or error}. Correct or unset it."
        )
        raise ConfigError(msg) from None
    TapTikTokAds.logger.addFilter(_is_useful)
    return Executable(
        name=TapTikTokAds.name,
        callback=_run,
        params=[
            *(option for option in tap.params if option.name not in OPTIONS),
            *OPTIONS.values(),
        ],
        context_settings=tap.context_settings,
        help=HELP,
        invoke_without_command=True,
        subcommand_metavar="[COMMAND [ARGS]...]",
        logger=TapTikTokAds.logger,
    )


def _is_useful(record: logging.LogRecord) -> bool:
    """Return False for the SDK's line about variables, which the tap reads in place of the SDK."""
    return record.msg != "Skipping parse of env var settings..."


def run_tap(  # noqa: PLR0913 - the options, keyword-only
    *,
    about: bool = False,
    about_format: str | None = None,
    config: t.Any = None,
    state: t.IO[str] | None = None,
    catalog: t.IO[str] | None = None,
    discover: bool = False,
    test: str | None = None,
    select: str | None = None,
    summary_file: str | None = None,
) -> None:
    """Run the tap. Settings, catalog and state are checked before the first message.

    Raises:
        TapError: The run failed, or is incomplete.
    """
    if about:
        TapTikTokAds.print_about(about_format)
        return
    if discover:
        options: dict[str, t.Any] = {"validate_config": False, "setup_mapper": False}
        TapTikTokAds.from_input(config, select=select, **options).run_discovery()
        return
    read = functools.partial(
        TapTikTokAds.from_input, config, catalog=catalog, select=select, selected_only=True
    )
    if test is not None:
        _test(read(), schema_only=test == "schema")
        return
    from tap_tiktok_ads.cli import summary  # noqa: PLC0415 - keeps the start fast

    started: list[RunContext] = []
    with summary.written_to(summary_file, started):
        tap = read(state=state)
        started.append(tap.run_context)
        _expect_requests(tap)
        tap.run(functools.partial(_log_selection_cost, tap))


def _expect_requests(tap: TapTikTokAds) -> None:
    """Estimate the requests of the run, if a terminal shows its progress."""
    if supports_live_line():
        from tap_tiktok_ads.cli.plan import expect_requests  # noqa: PLC0415 - keeps the start fast

        expect_requests(tap)


def _log_selection_cost(tap: TapTikTokAds) -> None:
    """Log the requests of streams that are not selected by default, if there are any."""
    if NOT_BY_DEFAULT.isdisjoint(name for name, stream in tap.streams.items() if stream.selected):
        return
    from tap_tiktok_ads.cli import selection_cost  # noqa: PLC0415 - keeps the start fast

    selection_cost.log_selection_cost(tap)


def _test(tap: TapTikTokAds, *, schema_only: bool) -> None:
    """Read one record of each stream, or write the schemas only."""
    from tap_tiktok_ads.cli import connection_check  # noqa: PLC0415 - keeps the start fast

    if schema_only:
        tap.write_schemas()
    elif connection_check.check_connection(tap):
        click.get_current_context().exit(1)


@click.pass_context
def _run(context: click.Context, /, **options: t.Any) -> None:
    """Run the tap unless a subcommand follows. A subcommand uses only --config of the tap."""
    if context.invoked_subcommand is None:
        run_tap(**options)
        return
    for option in context.command.params:
        if option.name != "config" and options.get(option.name or ""):
            name = context.invoked_subcommand
            msg = f"{option.opts[0]} cannot come before the command. Write it after {name!r}."
            raise click.UsageError(msg)


def main(args: t.Sequence[str] | None = None) -> t.NoReturn:
    """Run the tap and exit. Print an error of the tap as one sentence on stderr."""
    termination.install()  # for callers other than the entry point
    termination.unwind()
    exit_code: t.Any = 1
    with contextlib.suppress(SystemExit):  # raised by a signal
        exit_code = _execute(args)
    termination.disregard_signals()
    if termination.exit_code is not None:
        os._exit(termination.exit_code)  # daemon threads can abort Python's own shutdown
    sys.exit(exit_code)


def _execute(args: t.Sequence[str] | None) -> t.Any:
    """Run the command line, flush stdout and return the exit code."""
    exit_code: t.Any = 0
    _tune_memory()
    try:
        check_stdout()
        executable().main(args, prog_name=TapTikTokAds.name)
    except TapError as error:
        _print_error(str(error))
        exit_code = error.exit_code
    except OSError as error:  # of a file, as on a full disk
        TapTikTokAds.logger.debug("Unexpected error", exc_info=True)
        _print_error(f"Cannot continue: {error.strerror or error}.")
        exit_code = 1
    except SystemExit as end:
        exit_code = end.code
    except BaseException:
        if termination.exit_code is None:
            raise
    if termination.exit_code is not None:
        termination.has_unwound()
        TapTikTokAds.logger.info("A signal ended the run. Exit code: %d.", termination.exit_code)
    return _flush_stdout(exit_code)


def _print_error(text: str) -> None:
    """Print an error on stderr, if there is one."""
    with contextlib.suppress(OSError):
        click.echo(f"{TapTikTokAds.name}: {text}", err=True)


def _tune_memory() -> None:
    """Configure the memory of Python and of the C library for long runs.

    Records contain no reference cycles, but their number triggers the garbage collector constantly.
    glibc gives each thread its own heap, and each heap keeps the memory of its largest page.
    """
    gc.freeze()
    gc.set_threshold(500_000, 20, 20)
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(MALLOPT_ARENA_MAX, 1)


def _flush_stdout(exit_code: t.Any) -> t.Any:
    """Flush stdout and return the exit code: 1 instead of 0 if that fails.

    The buffer of a closed stdout is discarded, or else Python reports an error at exit.
    """
    if sys.stdout is None:
        return exit_code or 1
    try:
        with termination:
            sys.stdout.flush()
    except (OutputError, BrokenPipeError) as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not exit_code and isinstance(error, OutputError):  # a closed pipe ends commands quietly
            _print_error(str(error))
        return exit_code or 1
    return exit_code
