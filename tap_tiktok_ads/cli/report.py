"""`tap-tiktok-ads report`: write a page about the state and the last run."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from pathlib import Path

import click

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli import common, report_data
from tap_tiktok_ads.config.files import read_json, read_state

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEMPLATE = Path(__file__).with_name("report.html.j2")
#: Width and height of a day in a calendar, and of its cell, in pixels.
STEP, CELL = 13, 11
#: The stream whose records have the spend of each level.
RECONCILIATION = "reconciliation"
#: Members of a summary and of a plan that the page shows.
SUMMARY_MEMBERS = ("exit_code", "duration_seconds", "ended_at", "streams")
PLAN_MEMBERS = ("requests", "minutes", "share_of_day")


@click.command("report", short_help="Write a page about the state and the last run.")
@click.option("--state", required=True, type=click.File(), help="State file.")
@click.option(
    "--summary-file", metavar="FILE", help="Summary of the last run: option of the tap itself."
)
@click.option("--plan", "plan_file", metavar="FILE", help="Output of plan --json.")
@click.option(
    "--records",
    "records_file",
    type=click.File(),
    help="Singer messages with records of the stream reconciliation.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="The page to write.",
)
def command(
    *,
    state: t.IO[str],
    summary_file: str | None,
    plan_file: str | None,
    records_file: t.IO[str] | None,
    output: Path,
) -> None:
    """Write one HTML page about the state and the last run. It needs no other file.

    The page shows a calendar of each stream and advertiser: final, read, skipped and missing days.
    It shows bookmarks and their lag. With the files of the other options, it shows requests and
    waits, problems with what to do, the next run, and the spend of each level. No request is sent.

    The page needs the package jinja2: pip install 'meltano-tap-tiktok-ads[report]'.

    Example: tap-tiktok-ads report --state state.json --summary-file run.json
    """
    document = read_state(state) or {}
    summary = _document(summary_file, "Summary", SUMMARY_MEMBERS, "--summary-file of a run")
    plan = _document(plan_file, "Plan", PLAN_MEMBERS, "plan --json")
    page = render(document, summary, plan, _reconciliation(records_file) if records_file else ())
    common.write_text(output, page)
    common.say(f"Wrote {output}.")


def _document(
    name: str | None, kind: str, members: Sequence[str], source: str
) -> dict[str, t.Any] | None:
    """Return the JSON object in a file, or None without a file.

    Args:
        name: Name of the file.
        kind: Kind of the file, for messages.
        members: Members that the page needs.
        source: The option or command that writes such a file.

    Raises:
        ConfigError: The file cannot be read, or lacks a member.
    """
    if name is None:
        return None
    document = read_json(name, f"{kind} {name}", open)
    missing = [member for member in members if member not in document]
    if missing:
        msg = f"{kind} {name} has no member {missing[0]!r}. Pass the output of {source}."
        raise ConfigError(msg)
    return document


def render(
    state: Mapping[str, t.Any],
    summary: Mapping[str, t.Any] | None,
    plan: Mapping[str, t.Any] | None,
    records: t.Iterable[Mapping[str, t.Any]] = (),
) -> str:
    """Return the page as HTML.

    Raises:
        ConfigError: The package jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415 - an optional package
    except ModuleNotFoundError:
        msg = (
            "The report needs the package jinja2, which is not installed. Run in the environment "
            "of the tap: pip install 'meltano-tap-tiktok-ads[report]'"
        )
        raise ConfigError(msg) from None
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        calendars=report_data.calendars(state, summary),
        kinds=report_data.KINDS,
        problems=report_data.problems(summary),
        summary=summary,
        plan=plan,
        spend=report_data.spend_by_level(records),
        written_at=dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        step=STEP,
        cell=CELL,
    )


def _reconciliation(file: t.IO[str]) -> Iterator[Mapping[str, t.Any]]:
    """Yield the records of the stream `reconciliation` in Singer messages.

    Raises:
        ConfigError: A line is not a Singer message.
    """
    for number, line in enumerate(file, start=1):
        try:
            message = json.loads(line)
            if message["type"] == "RECORD" and message["stream"] == RECONCILIATION:
                yield message["record"]
        except (ValueError, KeyError, TypeError):
            msg = (
                f"Cannot read line {number} of {file.name}: expected a Singer message. Pass the "
                "output of the tap to --records."
            )
            raise ConfigError(msg) from None
