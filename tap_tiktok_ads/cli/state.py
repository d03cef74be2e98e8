"""`tap-tiktok-ads state`: convert states, and change the number of shards."""

from __future__ import annotations

import typing as t
from pathlib import Path

import click

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.cli import common, state_convert
from tap_tiktok_ads.config.state_documents import read_state_document
from tap_tiktok_ads.singer.state_shards import Conflict, Merger
from tap_tiktok_ads.singer.state_shards import split as split_state

if t.TYPE_CHECKING:
    from collections.abc import Sequence

#: Maximum number of conflicts that an error names.
MAX_NAMED_CONFLICTS = 3
#: The part of --output that becomes the number of the shard.
SHARD_PLACE = "{shard}"


@click.group("state", short_help="Convert, merge or split states.")
def command() -> None:
    """Convert states of another tap, reset streams, or change the number of shards.

    Example: tap-tiktok-ads state merge shard1.json shard2.json --output all.json
    """


command.add_command(state_convert.command)


@command.command("merge", short_help="Merge the states of all shards into one.")
@click.argument("states", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File for the merged state. Default: stdout.",
)
def merge(*, states: tuple[Path, ...], output: Path | None) -> None:
    """Merge STATES, the states of all shards, into one state.

    Each advertiser may be in one file only, unless the files hold equal bookmarks of it. The new
    state has the form of the first file: a state, a STATE message, or a document of Meltano.

    Example: tap-tiktok-ads state merge shard1.json shard2.json --output all.json
    """
    documents = [read_state_document(path) for path in states]
    merger = Merger()
    merged = merger.merge([document.state for document in documents])
    if merger.conflicts:
        raise ConfigError(_conflict_text(merger.conflicts, states))
    common.write_json(output, documents[0].with_state(merged))


def _conflict_text(conflicts: Sequence[Conflict], files: Sequence[Path]) -> str:
    """Return the message about parts that two files hold with different values."""
    named = [
        f"{conflict.stream}{f', advertiser {conflict.owner}' if conflict.owner else ''} "
        f"({files[conflict.first]} and {files[conflict.second]})"
        for conflict in conflicts[:MAX_NAMED_CONFLICTS]
    ]
    if len(conflicts) > len(named):
        named.append(f"{len(conflicts) - len(named)} more")
    return (
        f"Cannot merge the states, because files have different bookmarks of {'; '.join(named)}. "
        "Pass each state of the last runs once, and no state of an earlier run."
    )


def _pattern(_context: click.Context, _option: click.Parameter, text: str) -> str:
    """Return the pattern of the files."""
    if SHARD_PLACE not in text:
        msg = (
            f"expected {SHARD_PLACE} in the name, such as 'shard{SHARD_PLACE}.json', got {text!r}."
        )
        raise click.BadParameter(msg)
    return text


@command.command("split", short_help="Split a state into one state for each shard.")
@click.argument("state", type=click.Path(path_type=Path))
@click.argument("shards", type=click.IntRange(min=1))
@click.option(
    "--output",
    required=True,
    callback=_pattern,
    metavar="PATTERN",
    help=f"Names of the new files. {SHARD_PLACE} becomes the number of the shard, from 1.",
)
def split(*, state: Path, shards: int, output: str) -> None:
    """Split STATE into the states of SHARDS shards, as the setting `shard` divides advertisers.

    Bookmarks of unpartitioned streams go to shard 1. The new files have the form of STATE.

    Example: tap-tiktok-ads state split all.json 4 --output 'shard{shard}.json'
    """
    document = read_state_document(state)
    for number, shard_state in enumerate(split_state(document.state, shards), start=1):
        file = Path(output.replace(SHARD_PLACE, str(number)))
        common.write_json(file, document.with_state(shard_state))
