"""What the sub-commands share: the configuration, the tap, tables and JSON on stdout."""

from __future__ import annotations

import dataclasses
import sys
import typing as t

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

    Function = t.TypeVar("Function", bound=Callable[..., t.Any])

#: How names of columns look on a terminal; `NO_COLOR` leaves them bold.
HEADING = "bold cyan"
#: Columns that no table has.
ANY_WIDTH = 1_000_000


def _config(context: click.Context, option: click.Option, value: tuple[str, ...]) -> t.Any:
    """What --config holds, on top of what it holds before the sub-command's name."""
    own = TapTikTokAds.cb_config(context, option, value)
    before = context.parent.params.get("config") if context.parent else None
    if before is None:
        return own
    return dataclasses.replace(
        own, config={**before.config, **own.config}, parse_env=before.parse_env or own.parse_env
    )


def config_option(function: Function) -> Function:
    """The option --config of a sub-command, as the tap has it."""
    return click.option(
        "--config",
        multiple=True,
        callback=t.cast("t.Any", _config),
        metavar="FILE|ENV",
        help="Configuration file, or 'ENV' for environment variables; may be repeated.",
    )(function)


def json_option(function: Function) -> Function:
    """The flag --json of a sub-command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def offline_tap(config: t.Any, **files: t.IO[str] | None) -> TapTikTokAds:
    """A tap that makes no request of its own accord.

    Raises:
        ConfigError: the settings cannot be used.
    """
    return TapTikTokAds.from_input(config, setup_mapper=False, allow_requests=False, **files)


def say(text: str, *, err: bool = False) -> None:
    """Print a line."""
    click.echo(text, err=err)


def show_json(value: t.Any) -> None:
    """Print a value as JSON."""
    say(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def write_text(file: Path, text: str) -> None:
    """Write a file that the user named.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        msg = f"File {file} cannot be written: {error.strerror}."
        raise ConfigError(msg) from None


def show_table(columns: Sequence[str], rows: Iterable[Sequence[t.Any]]) -> None:
    """Print a table: aligned on a terminal, else with tabs between the values, none cut.

    On a terminal that is too narrow for it, one row after the other, a line for each value.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (columns, *cells):
            say("\t".join(line))
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import

    console = Console()
    table = _table(columns, cells)
    wide = console.options.update(width=ANY_WIDTH)
    if console.measure(table, options=wide).maximum <= console.width:
        console.print(table)
        return
    for row in cells:
        _show_block(console, columns, row)


def _table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> t.Any:
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415

    table = Table(header_style=HEADING)
    for number, column in enumerate(columns):
        numeric = all(row[number].replace(".", "").isdigit() for row in cells)
        table.add_column(Text(column), justify="right" if numeric else "left")
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _show_block(console: Console, columns: Sequence[str], row: Sequence[str]) -> None:
    from rich.table import Table  # noqa: PLC0415 - slow to import
    from rich.text import Text  # noqa: PLC0415

    block = Table.grid("", "", padding=(0, 2))
    for column, value in zip(columns, row, strict=True):
        block.add_row(Text(column, style=HEADING), Text(value, overflow="fold"))
    console.print(block, "")


def _cell(value: t.Any) -> str:
    """A value on one line: text as it is, nothing for null, all else as JSON."""
    if value is None:
        return ""
    encoded = msgspec.json.encode(value).decode()
    if not isinstance(value, str):
        return encoded
    return value if value.isprintable() else encoded[1:-1]
