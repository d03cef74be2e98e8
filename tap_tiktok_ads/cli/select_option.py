"""The option --select of the tap and of subcommands."""

from __future__ import annotations

import typing as t

import click


def _patterns(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> str | None:
    """Return the patterns of --select as the setting `streams`, or None without the option.

    Raises:
        UsageError: The option is empty, as for an empty variable of a shell.
    """
    if values and not any(value.strip(" ,") for value in values):
        msg = (
            "--select needs a pattern, such as 'campaigns'. Without the option, defaults are read."
        )
        raise click.UsageError(msg)
    return ",".join(values) or None


#: Attributes of the option.
SELECT_ATTRIBUTES: dict[str, t.Any] = {
    "metavar": "PATTERNS",
    "multiple": True,
    "callback": _patterns,
    "help": "Streams and columns to read, such as 'campaigns,ad_*,!ads.landing_page_url', in place "
    "of the setting streams. Repeatable. With --catalog, they narrow its selection.",
}
