"""`tap-tiktok-ads sample`: what a stream asks for, what comes, and what becomes of it."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError, TapError
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.extract import json_paths as paths
from tap_tiktok_ads.extract import schemas

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Request, Response
    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

#: Requests at most, until rows come.
MOST_REQUESTS = 5


@click.command("sample", short_help="Show one request of a stream and what comes of it.")
@click.argument("stream")
@common.config_option
@click.option(
    "--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Rows at most."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="How to print rows; with the last two, all else goes to stderr.",
)
@click.option(
    "--infer-schema",
    "schema_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a JSON Schema that the rows of the page fit.",
)
@click.option("--raw", is_flag=True, help="Print the answer's JSON as it came instead of rows.")
def command(  # noqa: PLR0913 - the options, by name
    *, stream: str, config: t.Any, limit: int, style: str, schema_file: Path | None, raw: bool
) -> None:
    """Try out STREAM, built-in or custom: request, answer, rows, paths of its records.

    Reads one page, of the newest days where there are days, whatever any state says; goes on, with
    five requests at most, while no rows come.

    Example: tap-tiktok-ads sample campaigns --config config.json --limit 3
    """
    tap = common.frugal_tap(config)
    chosen = _stream(tap, stream)
    exchanges = Exchanges(tap.run_context.transport, err=raw or style != "table")
    try:
        rows = chosen.sample(MOST_REQUESTS, exchanges)
        if schema_file is not None:
            _write_schema(schema_file, rows)
        typed = chosen.typed(rows)
    except TapError:
        exchanges.show_paths()
        if raw:
            exchanges.show_body()
        raise
    if raw:
        exchanges.show_body()
    else:
        exchanges.say(f"Rows: {min(limit, len(rows))} of the {len(rows)} that came.")
        _show_rows(typed[:limit], style, tap.run_context.transport)
    exchanges.show_paths()


def _stream(tap: TapTikTokAds, name: str) -> TikTokStream:
    """The stream of this name.

    Raises:
        ConfigError: there is none.
    """
    if name not in tap.streams:
        msg = f"Unknown stream {name!r}{suggest(name, tap.streams)}"
        raise ConfigError(msg)
    return t.cast("TikTokStream", tap.streams[name])


class Exchanges:
    """Sends requests and shows each with its answer."""

    def __init__(self, transport: Client, *, err: bool) -> None:
        """Send nothing yet; show on stderr if `err`, else on stdout."""
        self._transport = transport
        self._err = err
        self._reply: Response | None = None

    def __call__(self, request: Request) -> Response:
        """The answer to a request."""
        self._reply = None
        query = "&".join(f"{name}={value}" for name, value in request.query().items())
        url = self._transport.url(request) + (f"?{query}" if query else "")
        self.say(f"{request.method} {url}")
        for name, value in self._transport.headers(request).items():
            self.say(f"  {name}: {value}")
        if request.body is not None:
            self.say(f"  {msgspec.json.encode(request.body).decode()}")
        began = time.monotonic()
        reply = self._reply = self._transport.send(request)
        told = [f"HTTP 200 in {time.monotonic() - began:.2f} s", f"request_id {reply.request_id}"]
        if "page_info" in reply.data:
            told.append(f"page_info {msgspec.json.encode(reply.data['page_info']).decode()}")
        self.say(", ".join(told))
        return reply

    def show_paths(self) -> None:
        """Show where the last answer, if there was one, has arrays of objects."""
        if self._reply is None:
            return
        found = paths.suggestions(msgspec.json.decode(self._reply.body))
        self.say("Record paths, the likeliest first:" if found else "Record paths: none.")
        for one in found:
            self.say(f"  {one}")

    def show_body(self) -> None:
        """Print the last answer as it came."""
        if self._reply is not None:
            common.say(self._transport.mask(self._reply.body.decode()))

    def say(self, text: str) -> None:
        """Show a line, without secrets."""
        common.say(self._transport.mask(text), err=self._err)


def _write_schema(file: Path, rows: Sequence[t.Any]) -> None:
    if not rows:
        msg = "No rows came to infer a schema from."
        raise ConfigError(msg)
    schema = msgspec.json.format(msgspec.json.encode(schemas.infer(rows)), indent=2)
    common.write_text(file, f"{schema.decode()}\n")


def _show_rows(rows: Sequence[t.Any], style: str, transport: Client) -> None:
    """Print typed rows, without secrets."""
    shown = msgspec.json.decode(transport.mask(msgspec.json.encode(rows).decode()))
    if style == "json":
        common.show_json(shown)
    elif style == "jsonl":
        for row in shown:
            common.say(msgspec.json.encode(row).decode())
    elif shown:
        columns = list(dict.fromkeys(name for row in shown for name in row))
        common.show_table(columns, [[row.get(name) for name in columns] for row in shown])
