"""`tap-tiktok-ads sample`: fetch and print a sample of a stream."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError, TapError
from tap_tiktok_ads.api.masking import escape, escape_json
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.extract import json_paths, schemas

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Request, Response
    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

#: Maximum number of requests until a response contains records.
MAX_REQUESTS = 5


@click.command("sample", short_help="Fetch and print a sample of a stream.")
@click.argument("stream")
@common.config_option
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Maximum number of records.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="Format of the records. With json and jsonl, everything else goes to stderr.",
)
@click.option(
    "--infer-schema",
    "schema_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a JSON Schema, inferred from the records of the page, to FILE.",
)
@click.option(
    "--raw", is_flag=True, help="Print the response as received, in place of the records."
)
def command(  # noqa: PLR0913 - the options, keyword-only
    *, stream: str, config: t.Any, limit: int, style: str, schema_file: Path | None, raw: bool
) -> None:
    """Fetch and print a sample of STREAM, a built-in or custom stream.

    The command prints the request, the response with the paths of its arrays, and the records. It
    ignores the state and reads one page of the newest days. If a response has no records, it tries
    again with up to five requests in total.

    Example: tap-tiktok-ads sample campaigns --config config.json --limit 3
    """
    tap = common.offline_tap(config)
    sampled = _stream(tap, stream)
    exchanges = Exchanges(tap.run_context.client, err=raw or style != "table")
    try:
        rows = sampled.sample(MAX_REQUESTS, exchanges)
        if schema_file is not None:
            _write_schema(schema_file, rows, sampled.path)
        typed = sampled.cast_sample(rows)
    except TapError:
        exchanges.show_paths()
        if raw:
            exchanges.show_body()
        raise
    if raw:
        exchanges.show_body()
    else:
        exchanges.say(f"Records: {min(limit, len(rows))} of the {len(rows)} received.")
        _show_rows(typed[:limit], style, tap.run_context.client)
    exchanges.show_paths()


def _stream(tap: TapTikTokAds, name: str) -> TikTokStream:
    """Return the stream of a name, selected: reports request the metrics of selected columns only.

    Raises:
        ConfigError: The stream does not exist.
    """
    if name not in tap.streams:
        msg = f"Unknown stream {name!r}{suggest(name, tap.streams)}"
        raise ConfigError(msg)
    stream = t.cast("TikTokStream", tap.streams[name])
    stream.metadata.root.selected = True
    return stream


class Exchanges:
    """Sends requests and prints each with its response."""

    def __init__(self, client: Client, *, err: bool) -> None:
        """Prepare. Send no request.

        Args:
            client: The client that sends the requests.
            err: True to print to stderr, False to print to stdout.
        """
        self._client = client
        self._err = err
        self._response: Response | None = None

    def __call__(self, request: Request) -> Response:
        """Send a request and return its response. Print both."""
        self._response = None
        query = "&".join(f"{name}={value}" for name, value in request.query().items())
        url = self._client.url(request) + (f"?{query}" if query else "")
        self.say(f"{request.method} {url}")
        for name, value in self._client.headers(request).items():
            self.say(f"  {name}: {value}")
        if request.body is not None:
            self.say(f"  {msgspec.json.encode(request.body).decode()}")
        started = time.monotonic()
        response = self._response = self._client.send(request)
        facts = [
            f"HTTP 200 in {time.monotonic() - started:.2f} s",
            f"request_id {response.request_id}",
        ]
        if "page_info" in response.data:
            facts.append(f"page_info {msgspec.json.encode(response.data['page_info']).decode()}")
        self.say(", ".join(facts))
        return response

    def show_paths(self) -> None:
        """Print the paths of arrays of objects in the last response, if there is one."""
        if self._response is None:
            return
        paths = json_paths.suggest_paths(msgspec.json.decode(self._response.body))
        self.say("Record paths, most likely first:" if paths else "Record paths: none.")
        for path in paths:
            self.say(f"  {path}")

    def show_body(self) -> None:
        """Print the last response as received."""
        if self._response is not None:
            body = self._response.body.decode("utf-8", "replace")
            common.say(escape_json(self._client.mask(body)))

    def say(self, text: str) -> None:
        """Print a line, escaped and without secrets."""
        common.say(escape(self._client.mask(text)), err=self._err)


def _write_schema(file: Path, rows: Sequence[t.Any], path: str) -> None:
    """Write a JSON Schema of the records of an endpoint.

    Raises:
        ConfigError: No records were received, or the file cannot be written.
    """
    if not rows:
        msg = (
            f"Cannot infer a schema of {path}, because TikTok returned no records. Try again when "
            "the account has some."
        )
        raise ConfigError(msg)
    inferred = msgspec.json.encode(schemas.infer_schema(rows, path))
    schema = msgspec.json.format(inferred, indent=2)
    common.write_text(file, f"{schema.decode()}\n")


def _show_rows(rows: Sequence[t.Any], style: str, client: Client) -> None:
    """Print typed records, without secrets."""
    shown = msgspec.json.decode(client.mask(msgspec.json.encode(rows).decode()))
    if style == "json":
        common.show_json(shown)
    elif style == "jsonl":
        for row in shown:
            common.say(escape_json(msgspec.json.encode(row).decode()))
    elif shown:
        columns = list(dict.fromkeys(name for row in shown for name in row))
        common.show_table(columns, [[row.get(name) for name in columns] for row in shown])
