"""The tap: settings, streams and sync order."""

from __future__ import annotations

import copy
import dataclasses
import functools
import os
import typing as t

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from tap_tiktok_ads.about import DISTRIBUTION
from tap_tiktok_ads.api.errors import ConfigError, OutputError
from tap_tiktok_ads.api.shards import Shard
from tap_tiktok_ads.config import environment
from tap_tiktok_ads.config.catalogs import (
    parse_catalog,
    selected_streams,
    take_aliases,
    warn_of_uncataloged,
    warn_of_unknown,
)
from tap_tiktok_ads.config.custom_reports import check_report_metrics, parse_custom_reports
from tap_tiktok_ads.config.custom_streams import check_names, parse_custom_streams
from tap_tiktok_ads.config.entries import describe_problems
from tap_tiktok_ads.config.files import read_catalog, read_json, read_state
from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.config.settings import normalize
from tap_tiktok_ads.config.state_shape import warn_of_foreign_bookmarks
from tap_tiktok_ads.config.stream_maps import check_stream_maps, describe_mapping_error
from tap_tiktok_ads.config.validation import validate, warn_of_unknown_settings
from tap_tiktok_ads.context import SYNC_ERRORS, RunContext, Streams, end_requests
from tap_tiktok_ads.progress_display import show as show_progress
from tap_tiktok_ads.singer.state_output import StateOutput
from tap_tiktok_ads.singer.state_shards import check_shard
from tap_tiktok_ads.singer.writer import BufferedWriter
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.streams.custom import CustomStream
from tap_tiktok_ads.streams.reports.custom import custom_report_class
from tap_tiktok_ads.streams.selector import StreamSelector, no_columns
from tap_tiktok_ads.termination import termination

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from typing_extensions import Self

    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.config.custom_streams import CustomStreamDefinition
    from tap_tiktok_ads.singer.stream import TikTokStream


#: Names of the built-in streams that `report_metrics` applies to.
BUILT_IN_REPORTS = frozenset(entry.name for entry in STREAMS if entry.is_report)


class TapTikTokAds(Tap):
    """Extracts TikTok Ads: accounts, campaigns, reports, audiences, creatives, Smart+."""

    name = "tap-tiktok-ads"
    package_name = DISTRIBUTION
    config_jsonschema: t.ClassVar[dict[str, t.Any]] = copy.deepcopy(SETTINGS_SCHEMA)
    message_writer_class = BufferedWriter
    # no BATCH: the SDK's batches would skip selection and stream maps
    capabilities: t.ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(
        self,
        *,
        config: dict[str, t.Any] | None = None,
        parse_env_config: bool = False,
        catalog: t.Any = None,
        allow_requests: bool = True,
        selected_only: bool = False,
        **kwargs: t.Any,
    ) -> None:
        """Merge and normalize the configuration before the SDK reads it.

        Args:
            config: The configuration.
            parse_env_config: Read settings from environment variables, too.
            catalog: The catalog, or its JSON document.
            allow_requests: False: send no request to infer a schema, and few for lookups.
            selected_only: Create the selected streams only. The start is faster.
            kwargs: Additional parameters of the SDK.

        Raises:
            ConfigError: An environment variable is not of its setting's type.
        """
        self.selected_only = selected_only
        self._allow_requests = allow_requests
        self._creators: dict[str, Callable[[], TikTokStream]] = {}
        if isinstance(catalog, dict) and not isinstance(catalog, Catalog):
            catalog = parse_catalog(catalog)
        merged = self.merged(config or {}, with_environment=parse_env_config)
        super().__init__(config=merged, catalog=catalog, **kwargs)
        self._state_writer = self.state_output

    @functools.cached_property
    def run_context(self) -> RunContext:
        """Objects that the streams share. Streams receive them instead of the tap."""
        context = RunContext(
            config=lambda: self.config,
            known_settings=self.known_settings,
            streams=Streams(
                running=lambda: t.cast("dict[str, t.Any]", self.streams),
                create=lambda name: self._creators[name](),
            ),
            state_output=self.state_output,
            message_writer=self.message_writer,
            input_catalog=lambda: self.input_catalog,
            logger=t.cast("logging.Logger", self.logger),
            allow_requests=self._allow_requests,
        )
        self._at_end_of_command(functools.partial(end_requests, context))
        return context

    def _at_end_of_command(self, action: Callable[[], None]) -> None:
        """Call a function when the command that creates the tap ends, also after an error."""
        command = click.get_current_context(silent=True)
        if command is not None:
            command.call_on_close(action)

    @functools.cached_property
    def state_output(self) -> StateOutput:
        """Writes STATE messages, also those of the SDK."""
        return StateOutput(self.message_writer, lambda: self.state)

    # Settings

    @classmethod
    def from_input(
        cls,
        config: t.Any,
        *,
        catalog: t.IO[str] | None = None,
        state: t.IO[str] | None = None,
        select: str | None = None,
        **kwargs: t.Any,
    ) -> Self:
        """Return a tap for the options of the command line.

        Args:
            config: The configuration of the option --config.
            catalog: File with the catalog.
            state: File with the state.
            select: Patterns, in place of the setting `streams`.
            kwargs: Parameters of the tap.

        Raises:
            ConfigError: The settings, the catalog or the state cannot be used.
        """
        try:
            full_catalog = read_catalog(catalog)
            selected_only = bool(kwargs.get("selected_only"))
            merged = cls.merged(
                config.config if config else {}, with_environment=bool(config and config.parse_env)
            )
            tap = cls(
                config=merged if select is None else {**merged, "streams": select},
                catalog=selected_streams(full_catalog) if selected_only else full_catalog,
                state=read_state(state),
                **kwargs,
            )
        except ConfigValidationError as error:
            raise ConfigError(" ".join(error.errors)) from None
        tap.warn_of_input(full_catalog.keys() if full_catalog and selected_only else None)
        return tap

    def warn_of_input(self, names: AbstractSet[str] | None) -> None:
        """Warn of streams that the complete catalog (None: no catalog), state or tap lacks."""
        _ = self.streams  # finds out which streams there are
        logger = t.cast("logging.Logger", self.logger)
        warn_of_foreign_bookmarks(self.state, self._creators, logger)
        if names is not None:
            custom_names = self._creators.keys() - {entry.name for entry in STREAMS}
            warn_of_uncataloged(names, custom_names, logger)
            warn_of_unknown(names - (self.input_catalog or {}).keys(), self._creators, logger)

    @classmethod
    def merged(cls, config: Mapping[str, t.Any], *, with_environment: bool) -> dict[str, t.Any]:
        """Return a normalized configuration. Environment variables override it, if requested.

        Raises:
            ConfigError: An environment variable is not of its setting's type.
        """
        variables = cls._read_environment() if with_environment else {}
        return normalize({**config, **variables})

    @classmethod
    def _read_environment(cls) -> dict[str, t.Any]:
        """Return the settings of `TAP_TIKTOK_ADS_*`, and of a `.env` file."""
        environment.load_dotenv()
        for sentence in environment.unknown_variables(os.environ, cls.known_settings()):
            cls.logger.warning(sentence)
        return environment.read_environment(os.environ, cls.config_jsonschema["properties"])

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Validate with the SDK's schema, after the checks that a schema cannot express."""
        if raise_errors:
            validate(self._config, self.known_settings())
        else:
            warn_of_unknown_settings(self._config, self.known_settings(), self.logger)
        try:
            return super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as error:
            error.errors = describe_problems(self.config_jsonschema, self._config)
            raise

    @classmethod
    def known_settings(cls) -> frozenset[str]:
        """Return the names of all settings, including the settings of the SDK."""
        cls.append_builtin_config(cls.config_jsonschema)
        return frozenset(cls.config_jsonschema["properties"])

    # Streams

    @override
    def discover_streams(self) -> Sequence[Stream]:
        config = self._config
        custom_streams = parse_custom_streams(
            config.get("custom_streams"), config.get("api_url") or ""
        )
        reports = parse_custom_reports(config.get("custom_reports"))
        self._creators = make_creators(self, reports, custom_streams)
        report_names = [report.name for report in reports]
        columns = {name: functools.partial(self._columns_of, name) for name in self._creators}
        check_names(
            custom_streams, report_names, {entry.name: columns[entry.name] for entry in STREAMS}
        )
        check_stream_maps(config.get("stream_maps"), self._creators)
        check_report_metrics(config.get("report_metrics"), {*BUILT_IN_REPORTS, *report_names})
        unknown = {entry.name: no_columns for entry in custom_streams if entry.schema is None}
        self._selector = StreamSelector(config.get("streams"), {**columns, **unknown})
        streams = [self._creators[name]() for name in self._names_to_create()]
        self._selector.narrow(streams, self.input_catalog, self.logger)
        return streams

    def _names_to_create(self) -> list[str]:
        """Return the streams to create: all streams, or the selected streams."""
        if not self.selected_only:
            return list(self._creators)
        return self._selector.selected_names(self.input_catalog)

    def _columns_of(self, name: str) -> Collection[str]:
        return t.cast("Collection[str]", self._creators[name]().schema["properties"])

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams by name. `sync_errors` is the last one."""
        streams = super().streams
        if SYNC_ERRORS in streams and next(reversed(streams)) != SYNC_ERRORS:
            streams[SYNC_ERRORS] = streams.pop(SYNC_ERRORS)
        return streams

    @override
    def setup_mapper(self) -> None:
        """Prepare the stream maps, once the catalog fits the streams.

        Raises:
            ConfigError: A map cannot be used.
        """
        entries = self.input_catalog or Catalog()
        _ = self.streams  # finds out which streams there are
        warn_of_unknown(entries, self._creators, self.logger)
        aliases = take_aliases(entries.values())
        try:
            super().setup_mapper()
        except MappingError as error:
            msg = describe_mapping_error(self._config.get("stream_maps"), error)
            raise ConfigError(msg) from None
        for name, alias in aliases.items():
            for stream_map in self.mapper.stream_maps[name]:
                if stream_map.stream_alias == name:
                    stream_map.stream_alias = alias

    # Run

    @override
    def load_state(self, state: dict[str, t.Any]) -> None:
        """Take over a state.

        Raises:
            ConfigError: It holds bookmarks of another shard.
        """
        super().load_state(state)
        check_shard(self.state, Shard.parse(self.config.get("shard")) or Shard())

    @override
    def _setup_signal_handlers(self) -> None:
        """Install no signal handler. The executable installs them before a tap exists."""

    def _write_last_state(self) -> None:
        """Write a STATE message, if there is a stream that it can be about."""
        writer = self.message_writer
        if not isinstance(writer, BufferedWriter) or writer.has_written_schema:
            self.state_output.write()

    @classmethod
    @override
    def cb_config(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: tuple[str, ...],
    ) -> t.Any:
        files = [path for path in value if path != "ENV"]
        parsed = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
        for path in files:
            parsed.config.update(read_json(path, f"Config file {path}", open))
        return parsed

    def run(self, before_sync: Callable[[], None] = lambda: None) -> None:
        """Read all selected streams.

        Args:
            before_sync: Called once the advertisers are known.

        Raises:
            TapError: Something was not read for another reason than permission.
        """
        context = self.run_context
        termination.before_end(self._write_last_state)
        self.print_version(print_fn=self.logger.info)
        log_extent(context, t.cast("Collection[TikTokStream]", self.streams.values()))
        before_sync()
        with show_progress(context.progress, t.cast("logging.Logger", self.logger)):
            try:
                self.sync_all()
            except OutputError:
                raise
            except Exception:
                self._write_last_state()
                raise
            finally:  # of a failed or interrupted run, too: the last STATE is written
                context.file_tasks.cancel()
        context.problems.log_skipped(t.cast("logging.Logger", self.logger))
        context.problems.raise_incomplete()


def make_creators(
    tap: TapTikTokAds,
    reports: Iterable[ReportDefinition],
    custom_streams: Iterable[CustomStreamDefinition],
) -> dict[str, Callable[[], TikTokStream]]:
    """Return functions that create the streams of a tap, by name of the stream."""
    create_custom = functools.partial(CustomStream, tap)
    return {
        **{entry.name: functools.partial(entry.create, tap) for entry in STREAMS},
        **{
            report.name: functools.partial(custom_report_class(report.report_type), tap, report)
            for report in reports
        },
        **{stream.name: functools.partial(create_custom, stream) for stream in custom_streams},
    }


def log_extent(context: RunContext, streams: Collection[TikTokStream]) -> None:
    """Log the number of advertisers, and the streams that another shard reads."""
    shard, logger = context.settings.shard, context.logger
    count, all_count = len(context.advertisers), len(context.found_advertisers.requested)
    if shard.count == 1:
        logger.info("Reading %d advertiser(s).", count)
    elif count:
        logger.info("Shard %s: reading %d of %d advertiser(s).", shard, count, all_count)
    else:
        logger.info("Shard %s contains none of %d advertiser(s).", shard, all_count)
    in_catalog = [stream for stream in streams if stream.mask.get((), True)]
    if not in_catalog:
        logger.warning(
            "Reading nothing, because no stream is selected. Check the catalog, and the setting "
            "streams (--select)."
        )
    left_out = ", ".join(stream.name for stream in in_catalog if not stream.is_in_shard)
    if left_out:
        first = dataclasses.replace(shard, number=1)
        logger.info("Shard %s reads the streams of no advertiser: %s.", first, left_out)
