"""`tap-tiktok-ads sample`: fetch and print a sample of a stream, or test an endpoint."""

from __future__ import annotations

import dataclasses
import sys
import typing as t
from pathlib import Path

import click
import msgspec

from tap_tiktok_ads.api.errors import ConfigError, TapError
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.cli.sample_definition import (
    Definition,
    EndpointOptions,
    SaveTarget,
    define,
    defined_names,
    settings_of_sample,
)
from tap_tiktok_ads.cli.sample_hints import hint_for_nested, hints_for_saved
from tap_tiktok_ads.cli.sample_output import Exchanges, RecordsPath, show_records
from tap_tiktok_ads.cli.streams import show_streams
from tap_tiktok_ads.config.custom_requests import secret_values
from tap_tiktok_ads.extract import dates, schemas
from tap_tiktok_ads.streams.custom import CustomStream
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_tiktok_ads.singer.stream import TikTokStream

ENDPOINT_FIELDS = tuple(field.name for field in dataclasses.fields(EndpointOptions))
#: Maximum number of requests until a response contains records.
MAX_REQUESTS = 5
EPILOG = f"""Macros in the URL, parameters, headers and body: {{advertiser_id}}, {{start_date}} and
{{end_date}} of a window, and {", ".join(f"{{{name}}}" for name in dates.ANCHORS)} with an offset
such as {{now-7}} or {{now-2w}}.
"""


def _endpoint_options(function: t.Any) -> t.Any:
    """Add the options that define a custom stream."""
    for option in reversed(
        (
            click.option("--url", help="Endpoint to test: a path, or a URL with its query string."),
            click.option(
                "--curl",
                metavar="COMMAND",
                help="Command line of curl in place of --url, or - to read it from stdin.",
            ),
            click.option("--method", metavar="METHOD", help="GET (default) or POST."),
            click.option(
                "--param",
                "params",
                metavar="NAME=VALUE",
                multiple=True,
                help="Query parameter. Repeatable. Lists and objects are JSON.",
            ),
            click.option(
                "--header",
                "headers",
                metavar="NAME:VALUE",
                multiple=True,
                help="Header. Repeatable. The tap sends the access token itself.",
            ),
            click.option("--body", metavar="JSON", help="Body of a POST request."),
            click.option(
                "--once", is_flag=True, help="Read the endpoint once, not for each advertiser."
            ),
            click.option("--records-path", metavar="JSONPATH", help="Path of the records."),
        )
    ):
        function = option(function)
    return function


@click.command(
    "sample", short_help="Fetch and print a sample of a stream, or test an endpoint.", epilog=EPILOG
)
@click.argument("stream", required=False)
@common.config_option
@_endpoint_options
@click.option(
    "--path",
    "path_number",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="Take the records from the record path of this number.",
)
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Add the tested endpoint to the custom_streams of a configuration file.",
)
@click.option("--advertiser", metavar="ID", help="Read this advertiser only.")
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
def command(*, stream: str | None, config: t.Any, advertiser: str | None, **options: t.Any) -> None:
    r"""Fetch and print a sample of STREAM, a built-in or custom stream, or test an endpoint.

    The command prints the request, the response with the paths of its records, and the records. It
    ignores the state and reads one page of the newest days. If a response has no records, it tries
    again with up to five requests in total. Without STREAM and without an endpoint, it lists the
    streams.

    \b
    Examples:
      tap-tiktok-ads sample campaigns --config config.json --limit 3
      tap-tiktok-ads sample --url /pixel/list/ --param page_size=20 --config config.json
      tap-tiktok-ads sample my_pixels --url /pixel/list/ --config config.json --save config.json
    """
    endpoint = _endpoint({name: options.pop(name) for name in ENDPOINT_FIELDS})
    output = OutputOptions(**options)
    _check_options(endpoint, output)
    merged = TapTikTokAds.merged(config.config, with_environment=config.parse_env)
    if stream is None and not endpoint.is_defined:
        show_streams(common.offline_tap(config, validate_config=False))
        return
    definition = define(stream, endpoint) if endpoint.is_defined else None
    sample = Sample(merged, config, stream, definition, advertiser)
    if output.path_number is not None or (definition and endpoint.records_path is None):
        sample.find_records_path(output.path_number)
    target = sample.target(output.save)
    exchanges = sample.exchanges(err=output.raw or output.style != "table")
    records = _show(sample, exchanges, output)
    hints = sample.hints(exchanges.document)
    if target is not None:
        saved = sample.saved_definition(is_path_given=endpoint.records_path is not None)
        target.write(saved)
        exchanges.say(f"Saved custom stream {saved.name!r} in {target.path}.")
        hints += hints_for_saved(saved, records)
    exchanges.show_hints(hints)


@dataclasses.dataclass(frozen=True)
class OutputOptions:
    """The options of `sample` that define its output.

    Attributes:
        path_number: Number of the record path, or None.
        save: File that takes the tested endpoint, or None.
        limit: Maximum number of records.
        style: Format of the records.
        schema_file: File that takes the inferred schema, or None.
        raw: Print the response as received, in place of the records.
    """

    path_number: int | None
    save: Path | None
    limit: int
    style: str
    schema_file: Path | None
    raw: bool


def _endpoint(options: dict[str, t.Any]) -> EndpointOptions:
    """Return the options of the endpoint. The command of curl `-` is read from stdin."""
    if options["curl"] == "-":
        options["curl"] = sys.stdin.read()
    return EndpointOptions(**options)


def _check_options(endpoint: EndpointOptions, output: OutputOptions) -> None:
    """Raise a usage error if options contradict each other."""
    if endpoint.url and endpoint.curl:
        msg = "--url and --curl exclude each other. Remove one of them."
        raise click.UsageError(msg)
    if endpoint.records_path is not None and output.path_number is not None:
        msg = "--records-path and --path exclude each other. Remove one of them."
        raise click.UsageError(msg)
    if not endpoint.is_defined and (endpoint.has_details or output.save is not None):
        msg = "The options of an endpoint need --url or --curl. Add one of them."
        raise click.UsageError(msg)


def _show(sample: Sample, exchanges: Exchanges, output: OutputOptions) -> list[t.Any]:
    """Read the sample, print its records and record paths, and return all records.

    Raises:
        TapError: The records cannot be read.
    """
    records = sample.read(exchanges, output.schema_file, raw=output.raw)
    if output.raw:
        exchanges.show_body()
    else:
        shown = records[: output.limit]
        exchanges.say(f"Records: {len(shown)} of the {len(records)} received.")
        show_records(shown, output.style, exchanges)
    exchanges.show_paths(sample.path_of_records)
    return records


class Sample:
    """A stream that is sampled, with the settings that it needs."""

    def __init__(
        self,
        config: Mapping[str, t.Any],
        config_option: t.Any,
        stream: str | None,
        definition: Definition | None,
        advertiser: str | None,
    ) -> None:
        """Prepare. Send no request.

        Args:
            config: All settings.
            config_option: The value of --config.
            stream: The stream, or None if the definition names it.
            definition: The custom stream that options define, or None.
            advertiser: The only advertiser to read, or None.

        Raises:
            ConfigError: The settings are invalid, or the stream does not exist.
        """
        name = definition.name if definition else str(stream)
        if definition is not None and advertiser is None:
            advertiser = definition.advertiser
        settings = settings_of_sample(config, name, definition, advertiser)
        prepared = dataclasses.replace(config_option, config=settings, parse_env=False)
        self._definition = definition
        self._records_path: RecordsPath | None = None
        self._tap = common.offline_tap(prepared)
        self._stream = _stream(self._tap, name, defined_names(config))
        if definition is not None and advertiser == definition.advertiser is not None:
            self._tap.logger.info(
                "Reading advertiser %s, which the request names. --advertiser sets another one.",
                advertiser,
            )
        if definition is not None and definition.had_cookies:
            self._tap.logger.info(
                "Left out the cookies of the curl command: TikTok's API reads the access token."
            )

    def find_records_path(self, number: int | None) -> None:
        """Take the records from a path that the response suggests.

        Args:
            number: Number of the path, or None for the path that matches or is most likely.

        Raises:
            ConfigError: The stream is not a custom stream.
        """
        if not isinstance(self._stream, CustomStream):
            msg = (
                f"--path applies to custom streams only, and {self._stream.name!r} is built in. "
                "Remove --path."
            )
            raise ConfigError(msg)
        self._records_path = RecordsPath(self._stream, number)

    def target(self, save: Path | None) -> SaveTarget | None:
        """Return the file that takes the custom stream, or None without a file.

        Raises:
            ConfigError: The file cannot take it.
        """
        if save is None or self._definition is None:
            return None
        return SaveTarget(save, self._definition, self._tap.run_context.client.mask)

    def exchanges(self, *, err: bool) -> Exchanges:
        """Return the sender of the requests, which prints to stderr if `err` is True."""
        secrets = secret_values(self._definition.entry) if self._definition else ()
        exchanges = Exchanges(self._tap.run_context.client, secrets, err=err)
        exchanges.records_path = self._records_path
        return exchanges

    def read(self, exchanges: Exchanges, schema_file: Path | None, *, raw: bool) -> list[t.Any]:
        """Return the typed records.

        Args:
            exchanges: Sends the requests.
            schema_file: File that takes the inferred schema, or None.
            raw: Print the response as received if its records cannot be read.

        Raises:
            TapError: The records cannot be read.
        """
        try:
            rows = self._stream.sample(MAX_REQUESTS, exchanges)
            if schema_file is not None:
                _write_schema(schema_file, rows, self._stream.path)
            return self._stream.cast_sample(rows)
        except TapError:
            exchanges.show_paths()
            if raw:
                exchanges.show_body()
            raise

    def hints(self, document: t.Any) -> list[str]:
        """Return the hints for a response, which is None if there is none."""
        if document is None or not isinstance(self._stream, CustomStream):
            return []
        hint = hint_for_nested(self._stream.definition, document)
        return [hint] if hint else []

    @property
    def path_of_records(self) -> str | None:
        """JSONPath of the records of a custom stream, or None for other streams."""
        is_custom = isinstance(self._stream, CustomStream)
        return t.cast("CustomStream", self._stream).definition.records_path if is_custom else None

    def saved_definition(self, *, is_path_given: bool) -> Definition:
        """Return the custom stream with the path of its records.

        Raises:
            ConfigError: No response showed the path.
        """
        definition = t.cast("Definition", self._definition)
        if is_path_given:
            return definition
        if self._records_path is None or not self._records_path.is_known:
            msg = (
                f"Cannot save stream {definition.name!r}: no response has records, so their path "
                "is unknown. Add --records-path."
            )
            raise ConfigError(msg)
        return definition.with_records_path(str(self.path_of_records))


def _stream(tap: TapTikTokAds, name: str, defined: Sequence[str]) -> TikTokStream:
    """Return the stream of a name, selected: reports request the metrics of selected columns only.

    Args:
        tap: The tap.
        name: Name of the stream.
        defined: Names of all custom streams and reports, for suggestions.

    Raises:
        ConfigError: The stream does not exist.
    """
    if name not in tap.streams:
        msg = f"Unknown stream {name!r}{suggest(name, [*tap.streams, *defined])}"
        raise ConfigError(msg)
    stream = t.cast("TikTokStream", tap.streams[name])
    stream.metadata.root.selected = True
    return stream


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
