"""Options and output of the subcommands: configuration, tables and JSON on stdout."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import typing as t

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.masking import escape, escape_json
from tap_tiktok_ads.cli.select_option import SELECT_ATTRIBUTES
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    Function = t.TypeVar("Function", bound=Callable[..., t.Any])

#: Style of column names on a terminal. With `NO_COLOR`, they are bold only.
HEADING_STYLE = "bold cyan"
#: Minimum width of a column that may take several lines, in characters.
MIN_WRAPPED_WIDTH = 20
#: Width of a terminal on which every table fits, in characters.
UNLIMITED_WIDTH = 1_000_000


def _config(context: click.Context, option: click.Option, value: tuple[str, ...]) -> t.Any:
    """Return the configuration of --config, merged over that before the subcommand's name."""
    config = TapTikTokAds.cb_config(context, option, value)
    parent_config = context.parent.params.get("config") if context.parent else None
    if parent_config is None:
        return config
    return dataclasses.replace(
        config,
        config={**parent_config.config, **config.config},
        parse_env=parent_config.parse_env or config.parse_env,
    )


def config_option(function: Function) -> Function:
    """Add the tap's option --config to a subcommand."""
    return click.option(
        "--config",
        multiple=True,
        callback=t.cast("t.Any", _config),
        metavar="FILE|ENV",
        help="Configuration file, or 'ENV' for environment variables. Repeatable.",
    )(function)


def select_option(function: Function) -> Function:
    """Add the tap's option --select to a subcommand."""
    return click.option("--select", **SELECT_ATTRIBUTES)(function)


def json_option(function: Function) -> Function:
    """Add the flag --json to a subcommand."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(
        function
    )


def offline_tap(config: t.Any, **options: t.Any) -> TapTikTokAds:
    """Return a tap that sends no request by itself.

    Args:
        config: The configuration of the option --config.
        options: Further options of `TapTikTokAds.from_input`.

    Raises:
        ConfigError: The settings are invalid.
    """
    return TapTikTokAds.from_input(config, setup_mapper=False, allow_requests=False, **options)


def say(text: str, *, err: bool = False) -> None:
    """Print a line."""
    click.echo(text, err=err)


def show_json(value: t.Any) -> None:
    """Print a value as JSON."""
    say(escape_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


@contextlib.contextmanager
def progress_bar(label: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal, and yield the function that advances it.

    The argument of the function is the text beside the bar.
    """
    if sys.stderr is None or not sys.stderr.isatty():  # it can be closed
        yield lambda _: None
        return
    from rich import console, progress  # noqa: PLC0415 - slow to import

    text = progress.TextColumn("{task.description}", markup=False)
    columns = (text, progress.BarColumn(), progress.MofNCompleteColumn())
    stderr = console.Console(stderr=True)
    with progress.Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda name: bar.update(task, advance=1, description=f"{label} {name}")


def write_text(file: Path, text: str) -> None:
    """Write a file.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        msg = f"File {file} cannot be written: {error.strerror}. Choose another path."
        raise ConfigError(msg) from None


def write_json(file: Path | None, value: t.Any) -> None:
    """Write a value as one line of JSON to a file, or to stdout without a file.

    Raises:
        ConfigError: The file cannot be written.
    """
    text = msgspec.json.encode(value).decode()
    if file is None:
        say(text)
    else:
        write_text(file, f"{text}\n")


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[t.Any]], wrapped: Collection[str] = ()
) -> None:
    """Print a table without truncation.

    The columns are aligned on a terminal, and separated by tabs elsewhere. A terminal that is too
    narrow gets one block per row, with one line per value.

    Args:
        columns: Names of the columns.
        rows: The values of each row.
        wrapped: Columns of text that may take several lines.
    """
    columns = list(map(escape, columns))
    cells = [[cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (columns, *cells):
            say("\t".join(line))
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import

    console = Console()
    table = _table(columns, cells, wrapped)
    widths = console.measure(table, options=console.options.update(width=UNLIMITED_WIDTH))
    if (widths.minimum if wrapped else widths.maximum) <= console.width:
        console.print(table)
        return
    for row in cells:
        _show_block(console, columns, row)


def _table(
    columns: Sequence[str], cells: Sequence[Sequence[str]], wrapped: Collection[str]
) -> t.Any:
    """Return a table of rich, with numbers aligned to the right."""
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415

    table = Table(header_style=HEADING_STYLE)
    for number, column in enumerate(columns):
        numeric = all(row[number].replace(".", "").isdigit() for row in cells)
        table.add_column(
            Text(column),
            justify="right" if numeric else "left",
            no_wrap=column not in wrapped,
            min_width=MIN_WRAPPED_WIDTH if column in wrapped else None,
        )
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _show_block(console: Console, columns: Sequence[str], row: Sequence[str]) -> None:
    """Print one row with one line per value."""
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415

    block = Table.grid("", "", padding=(0, 2))
    for column, value in zip(columns, row, strict=True):
        block.add_row(Text(column, style=HEADING_STYLE), Text(value, overflow="fold"))
    console.print(block, "")


def cell(value: t.Any) -> str:
    """Return a value on one line: text escaped, null as empty text, other values as JSON."""
    if value is None:
        return ""
    return escape(value if isinstance(value, str) else msgspec.json.encode(value).decode())
