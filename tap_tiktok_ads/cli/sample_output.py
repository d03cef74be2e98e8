"""The output of `sample`: requests, responses, record paths and records."""

from __future__ import annotations

import sys
import time
import typing as t

import msgspec

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.masking import SecretMask, escape, escape_json
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.extract import json_paths
from tap_tiktok_ads.streams.custom_source import has_records

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Request, Response
    from tap_tiktok_ads.streams.custom import CustomStream

#: Maximum number of records side by side on a terminal.
MAX_RECORDS_ACROSS = 5
#: Minimum width of the values of a record on a terminal, in characters: IDs have 19 digits.
MIN_VALUE_WIDTH = 20


class Exchanges:
    """Sends requests and prints each with its response."""

    def __init__(self, client: Client, secrets: Iterable[str] = (), *, err: bool) -> None:
        """Prepare. Send no request.

        Args:
            client: The client that sends the requests.
            secrets: Secrets that the client does not know.
            err: True to print to stderr, False to print to stdout.
        """
        self._client = client
        self._mask = SecretMask(secrets)
        self._err = err
        self._response: Response | None = None
        self.records_path: RecordsPath | None = None

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
        if self.records_path is not None:
            self.records_path.choose(self.document)
        return response

    def show_paths(self, chosen_path: str | None = None) -> None:
        """Print the paths of objects in the last response, if there is one.

        Args:
            chosen_path: The path that the records are taken from, or None.
        """
        if self._response is None:
            return
        paths = json_paths.suggest_paths(self.document)
        self.say("Record paths, most likely first:" if paths else "Record paths: none.")
        for number, path in enumerate(paths, start=1):
            self.say(f"  {number}. {path}{' <- records_path' if path.path == chosen_path else ''}")

    @property
    def document(self) -> t.Any:
        """The last response as a JSON value, or None."""
        return None if self._response is None else msgspec.json.decode(self._response.body)

    def show_hints(self, hints: Iterable[str]) -> None:
        """Print hints, one a line."""
        for hint in hints:
            self.say(f"Hint: {hint}")

    def show_body(self) -> None:
        """Print the last response as received."""
        if self._response is not None:
            body = self._response.body.decode("utf-8", "replace")
            common.say(escape_json(self.mask(body)))

    def mask(self, text: str) -> str:
        """Return a text without secrets."""
        return self._mask.mask(self._client.mask(text))

    def say(self, text: str) -> None:
        """Print a line, escaped and without secrets."""
        common.say(escape(self.mask(text)), err=self._err)


class RecordsPath:
    """Chooses where the records of a custom stream are, once a response is there."""

    def __init__(self, stream: CustomStream, number: int | None) -> None:
        """Prepare.

        Args:
            stream: The custom stream.
            number: Number of the suggested path, or None: the first one, unless the path of the
                stream matches.
        """
        self._stream = stream
        self._number = number
        self.is_known = False

    def choose(self, document: t.Any) -> None:
        """Choose the path from a response. A response without objects decides nothing.

        Raises:
            ConfigError: The response has fewer paths than the number.
        """
        suggestions = json_paths.suggest_paths(document)
        if self.is_known or not suggestions:
            return
        self.is_known = True
        if self._number is None and has_records(self._stream.definition.records_path, document):
            return
        number = self._number or 1
        if number > len(suggestions):
            msg = f"--path must be between 1 and {len(suggestions)}, got {number}."
            raise ConfigError(msg)
        self._stream.read_records_at(suggestions[number - 1].path)


def show_records(rows: Sequence[t.Any], style: str, exchanges: Exchanges) -> None:
    """Print typed records, without secrets: as JSON, or side by side with one line per field."""
    shown = msgspec.json.decode(exchanges.mask(msgspec.json.encode(rows).decode()))
    if style == "json":
        common.show_json(shown)
    elif style == "jsonl":
        for row in shown:
            common.say(escape_json(msgspec.json.encode(row).decode()))
    elif shown and sys.stdout.isatty():
        _show_on_terminal(shown)
    elif shown:
        names = _field_names(shown)
        columns = ["field", *map(str, range(1, len(shown) + 1))]
        common.show_table(columns, [[name, *(row.get(name) for row in shown)] for name in names])


def _field_names(rows: Sequence[t.Any]) -> list[str]:
    """Return the names of the fields of all records."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _show_on_terminal(rows: Sequence[t.Any]) -> None:
    """Print as many records side by side as fit, with one line per field.

    Long values are shortened. Fields that are empty in all records share a line.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    names = _field_names(rows)
    name_width = max(map(len, names))
    fitting = (console.width - name_width) // (MIN_VALUE_WIDTH + 2)
    shown = rows[: max(1, min(fitting, MAX_RECORDS_ACROSS))]
    empty = [name for name in names if all(row.get(name) in (None, "", [], {}) for row in shown)]
    table = Table(header_style=common.HEADING_STYLE, box=None, expand=True, pad_edge=False)
    table.add_column("field", no_wrap=True)
    for number in range(1, len(shown) + 1):
        table.add_column(str(number), no_wrap=True, overflow="ellipsis", ratio=1)
    for name in names:
        if name not in empty:
            cells = [Text(common.cell(row.get(name))) for row in shown]
            table.add_row(Text(escape(name), style=common.HEADING_STYLE), *cells)
    console.print(table)
    if empty:
        common.say(f"Empty in these records: {', '.join(map(escape, empty))}.")
    if len(shown) < len(rows):
        common.say(f"Record(s) that do not fit: {len(rows) - len(shown)}. Use --format json.")
