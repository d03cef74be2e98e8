"""The tap: settings, what a run shares, and the list of streams."""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import json
import logging
import math
import operator
import os
import signal
import time
import typing as t

import pendulum
from dotenv import find_dotenv
from singer_sdk import Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog, MetadataMapping, StateMessage
from typing_extensions import override

from tap_tiktok_ads import (
    accounts,
    definitions,
    errors,
    fetch,
    lookback,
    progress_display,
    report_definitions,
    settings,
    summary,
)
from tap_tiktok_ads.client import READINGS_MORE, Listings
from tap_tiktok_ads.errors import ConfigError
from tap_tiktok_ads.limits import Limiter
from tap_tiktok_ads.output import BufferedWriter
from tap_tiktok_ads.progress import Progress
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.streams.custom import CustomReport, CustomStream
from tap_tiktok_ads.streams.entities import AdGroups
from tap_tiktok_ads.streams.integrated import ReportStream
from tap_tiktok_ads.streams.problems import MOST_PROBLEMS, SyncErrors, problem
from tap_tiktok_ads.tasks import ReportTasks
from tap_tiktok_ads.transport import Transport

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from types import FrameType

    import click
    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from typing_extensions import Self

    from tap_tiktok_ads.client import Task, TikTokStream

#: Seconds between two STATE messages within an advertiser's windows, at least.
STATE_INTERVAL = 30.0
#: Threads that fetch, at most.
MAX_WORKERS = 32
#: Seconds before the second try of a request to the simulator, which needs no time to recover.
SIMULATOR_FIRST_WAIT = 0.02


class TapTikTokAds(Tap):
    """Extracts TikTok Ads: accounts, campaigns, reports, audiences, creatives, Smart+."""

    name = "tap-tiktok-ads"
    config_jsonschema: t.ClassVar[dict[str, t.Any]] = copy.deepcopy(settings.JSONSCHEMA)
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
        frugal: bool = False,
        lean: bool = False,
        **kwargs: t.Any,
    ) -> None:
        """Merge and tidy the configuration before the SDK sees it.

        A frugal tap makes no request to infer a schema, and few for the values of look-ups. A lean
        one has the streams that are selected, and no others: it starts faster.

        Raises:
            ConfigError: an environment variable cannot be read as its setting's type.
        """
        self.frugal = frugal
        self.lean = lean
        self.started = pendulum.now("UTC")
        self.progress = Progress()
        self.skipped: list[tuple[str, str]] = []
        self.failed: list[tuple[str, str]] = []
        self.problems: dict[int, dict[str, t.Any]] = {}  # by the error that each tells of
        self._lookbacks: dict[str, int] = {}  # by advertiser
        self._state_written = time.monotonic()
        # below INFO it logs URLs, and that of /oauth2/advertiser/get/ holds the app's secret
        logging.getLogger("urllib3").setLevel(logging.INFO)
        super().__init__(config=self.merged(config or {}, environment=parse_env_config), **kwargs)

    @classmethod
    def from_input(
        cls,
        config: t.Any,
        *,
        catalog: t.IO[str] | None = None,
        state: t.IO[str] | None = None,
        **kwargs: t.Any,
    ) -> Self:
        """A tap from what the options of the command line hold.

        Raises:
            ConfigError: it cannot be used.
        """
        try:
            given = _read_catalog(catalog)
            tap = cls(
                config=config.config if config else {},
                parse_env_config=bool(config and config.parse_env),
                catalog=_selected(given) if kwargs.get("lean") else given,
                state=_read_state(state),
                **kwargs,
            )
        except MappingError as error:
            msg = f"Setting 'stream_maps' cannot be used: {error}"
            raise ConfigError(msg) from None
        except ConfigValidationError as error:
            msg = f"The settings cannot be used: {'; '.join(error.errors)}."
            raise ConfigError(msg) from None
        if given is not None and tap.lean:
            _ = tap.streams  # which finds out what streams there are
            unread = tap._makers.keys() - given.keys() - {one.name for one in STREAMS}
            if unread:
                tap.logger.warning(
                    "Not read, for they are not in the catalog: %s. Run --discover again.",
                    ", ".join(sorted(unread)),
                )
        return tap

    @classmethod
    def merged(cls, config: Mapping[str, t.Any], *, environment: bool) -> dict[str, t.Any]:
        """A configuration, tidied, under what the environment says if that is asked for.

        Raises:
            ConfigError: an environment variable cannot be read as its setting's type.
        """
        return settings.normalise({**config, **(cls._read_environment() if environment else {})})

    @classmethod
    def _read_environment(cls) -> dict[str, t.Any]:
        """Settings from `TAP_TIKTOK_ADS_*`, and from a `.env` file in the working directory.

        Or above it; else one above the SDK's own code, where that looks.
        """
        ours = settings.JSONSCHEMA["properties"]
        cls.known_settings()
        of_the_sdk = {n: s for n, s in cls.config_jsonschema["properties"].items() if n not in ours}
        found = parse_environment_config(
            {"properties": of_the_sdk}, settings.ENVIRONMENT_PREFIX, find_dotenv(usecwd=True)
        )
        return found | settings.from_environment(os.environ)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check with the SDK's schema, then with the checks that a schema cannot express."""
        if raise_errors:
            settings.check(self._config, self.known_settings())
        return super()._validate_config(raise_errors=raise_errors)

    @classmethod
    def known_settings(cls) -> frozenset[str]:
        """Every setting that is accepted, those of the SDK included."""
        cls.append_builtin_config(cls.config_jsonschema)
        return frozenset(cls.config_jsonschema["properties"])

    @override
    def discover_streams(self) -> Sequence[Stream]:
        custom = definitions.streams(
            self._config.get("custom_streams"), self._config.get("api_url") or ""
        )
        reports = report_definitions.reports(self._config.get("custom_reports"))
        self._makers: dict[str, Callable[[], TikTokStream]] = {
            **{one.name: functools.partial(one, self) for one in STREAMS},
            **{one.name: functools.partial(CustomReport, self, one) for one in reports},
            **{one.name: functools.partial(CustomStream, self, one) for one in custom},
        }
        definitions.check_names(
            custom,
            [one.name for one in reports],
            {one.name: functools.partial(self._columns_of, one.name) for one in STREAMS},
        )
        report_definitions.check_streams(
            self._config.get("report_metrics"),
            {one.name for one in STREAMS if issubclass(one, ReportStream) and not one.fixed_metrics}
            | {one.name for one in reports},
        )
        made = set(self._makers)
        if self.lean and self.input_catalog is not None:
            made &= self.input_catalog.keys()
        elif self.lean:
            made -= {one.name for one in STREAMS if not one.selected_by_default}
        return [make() for name, make in self._makers.items() if name in made]

    def _columns_of(self, name: str) -> Collection[str]:
        return t.cast("Collection[str]", self._makers[name]().schema["properties"])

    def rows_of(
        self, name: str, advertiser: accounts.Advertiser | None, *, strict: bool = False
    ) -> Iterator[dict[str, t.Any]]:
        """All typed rows of a stream for one advertiser, or for all, whatever the state says.

        Listings that changed while they were read are read again, and their rows come again. A
        strict reading includes deleted objects, and is an error where a count does not fit.

        Raises:
            TapError: it cannot be read, or not all of it.
        """
        stream = self._makers[name]()
        stream.shared = True
        stream.only = self.advertisers if advertiser is None else [advertiser]
        stream.includes_deleted = strict or self.settings.include_deleted
        tasks: Iterable[Task] = stream.plan()
        listings: Listings | None = None
        for _ in range(1 + READINGS_MORE):
            listings = Listings(stream, listings)
            for task, page in fetch.in_turn(tasks, stream.work):
                if page.failed is not None:
                    raise page.failed
                if page.refused is not None and not task.optional:
                    raise page.refused
                listings.add(task, page)
                yield from t.cast("Sequence[dict[str, t.Any]]", page.rows)
            tasks = listings.to_read_again()
            if not tasks and not listings.odd:
                return
            if not tasks:
                break
        where = f"{name} of {advertiser.id}" if advertiser else name
        msg = f"Look-up of {where}: what TikTok counts did not come, however often it was read."
        if tasks or strict:
            raise errors.IncompleteError(msg)
        self.logger.warning("%s Its count seems to mean something else.", msg)

    def lookback_days(self, advertiser: accounts.Advertiser) -> int:
        """Days that reports of an advertiser read again, as its ad groups need.

        They are asked for once in a run; where they cannot be read, the longest window counts.
        """
        found = self._lookbacks.get(advertiser.id)
        if found is None:
            try:
                found = lookback.days(self.rows_of(AdGroups.name, advertiser, strict=True))
            except errors.TapError as error:
                found = lookback.UNKNOWN
                self.logger.warning("Ad groups cannot tell the look-back: %s", error)
            self._lookbacks[advertiser.id] = found
            self.logger.info("Advertiser %s: reports look %d days back.", advertiser.id, found)
        return found

    def is_source(self, name: str) -> bool:
        """Whether other streams of this run read the stream of this name, too."""
        if (
            name == AdGroups.name
            and self.settings.include_deleted
            and any(
                stream.selected and getattr(stream, "looks_back_by_ad_groups", False)
                for stream in self.streams.values()
            )
        ):
            return True
        return any(
            lookup.stream == name
            for stream in self.streams.values()
            if stream.selected
            for lookup in getattr(stream, "lookups", ())
        )

    # What the streams of a run share, made when first needed.

    @functools.cached_property
    def settings(self) -> settings.Settings:
        """The checked settings; with environment simulator, those of one that runs.

        Raises:
            ConfigError: they cannot be used.
        """
        chosen = settings.check(self._config, self.known_settings())
        if not chosen.simulated:
            return chosen
        from tap_tiktok_ads.simulator import Simulator  # noqa: PLC0415 - rarely needed

        try:
            simulator = Simulator(chosen.simulator)
        except ValueError as error:
            msg = f"Setting 'simulator': {error}"
            raise ConfigError(msg) from None
        simulator.start()
        self.logger.info("Environment simulator: the data of this run are made up.")
        return dataclasses.replace(
            chosen,
            api_url=simulator.url,
            access_token=simulator.access_token,
            app_id=simulator.app_id,
            app_secret=simulator.app_secret,
        )

    @functools.cached_property
    def transport(self) -> Transport:
        """The way to TikTok, or to the embedded API."""
        chosen = self.settings
        return Transport(
            chosen.base_url,
            chosen.access_token,
            Limiter(chosen.tier),
            user_agent=chosen.user_agent,
            timeout=chosen.request_timeout,
            max_retries=chosen.max_retries,
            first_wait=SIMULATOR_FIRST_WAIT if chosen.environment == "simulator" else 1.0,
            progress=self.progress,
            secrets=[chosen.app_secret],
        )

    @functools.cached_property
    def report_tasks(self) -> ReportTasks:
        """The reports that TikTok makes in the background."""
        return ReportTasks(self.transport)

    @functools.cached_property
    def workers(self) -> fetch.Workers:
        """The threads that fetch: as many as rate times latency calls for, and some to spare."""
        rate, transport, tasks = self.settings.tier.per_second, self.transport, self.report_tasks
        return fetch.Workers(
            self.settings.max_concurrency or MAX_WORKERS,
            wanted=lambda: math.ceil(1.15 * rate * transport.latency) + 2 + tasks.waiting,
        )

    @functools.cached_property
    def advertisers(self) -> list[accounts.Advertiser]:
        """The advertisers of this run.

        Raises:
            TapError: there is none to read, or the token is refused.
        """
        return accounts.find(self.transport, self.settings)

    def position(self, advertiser: accounts.Advertiser) -> int:
        """Which of the advertisers this is, from 1."""
        return self._positions[advertiser.id]

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {one.id: number for number, one in enumerate(self.advertisers, start=1)}

    def after(self, stream: TikTokStream) -> Iterator[TikTokStream]:
        """The streams whose turns come later."""
        rest = itertools.dropwhile(lambda other: other is not stream, self.streams.values())
        later = (other for other in itertools.islice(rest, 1, None) if other.selected)
        return t.cast("Iterator[TikTokStream]", later)

    # Errors: what `sync_errors` tells.

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """By name; the one that tells of errors is the last."""
        streams = super().streams
        if SyncErrors.name in streams and next(reversed(streams)) != SyncErrors.name:
            streams[SyncErrors.name] = streams.pop(SyncErrors.name)
        return streams

    def note(
        self, stream: TikTokStream, error: errors.TapError, action: str, task: Task | None = None
    ) -> None:
        """Keep an error, once, and what was done about it."""
        if len(self.problems) < MOST_PROBLEMS:
            row = problem(stream.name, error, action, task)
            number = len(self.problems) + 1
            row["error_id"] = f"{self.started.format('YYYYMMDDTHHmmss.SSSSSS')}-{number}"
            self.problems.setdefault(id(error), {**row, "error": error})

    def tell_errors(self, stream: TikTokStream) -> None:
        """Write the rows of `sync_errors`, if it is selected, before the run ends early."""
        last = self.streams.get(SyncErrors.name)
        if last is not None and last.selected and last is not stream:
            last.sync()

    # State and the end of a run.

    def state_is_due(self) -> bool:
        """Whether another STATE message may be written, and note that it is.

        The message holds the whole state, so its size grows with advertisers and streams.
        """
        now = time.monotonic()
        if now - self._state_written < STATE_INTERVAL:
            return False
        self._state_written = now
        return True

    def write_state(self) -> None:
        """Write a STATE message, whether the state has changed or not."""
        self.message_writer.write_message(StateMessage(value=copy.deepcopy(self.state)))

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Write a last STATE, but never into the middle of a record."""
        writer = t.cast("BufferedWriter", self.message_writer)
        leave = super(Tap, self)._handle_termination  # the SDK's tap repeats no unchanged state

        def finish() -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # the end is under way
            try:
                writer.write_message(StateMessage(value=self.state))
            finally:
                leave(signum, frame)

        writer.when_idle(finish)

    def report_skipped(self) -> None:
        """Say at the end of a run what could not be read."""
        for stream, skipped in itertools.groupby(self.skipped, key=operator.itemgetter(0)):
            advertisers = [advertiser for _, advertiser in skipped]
            self.logger.warning(
                "Not read for lack of permission: %s of %d advertiser(s): %s.",
                stream,
                len(advertisers),
                ", ".join(advertisers),
            )

    # Command line.

    @classmethod
    @override
    def cb_config(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: tuple[str, ...],
    ) -> t.Any:
        for path in value:
            if path != "ENV":
                read_json(path, f"Config file {path}", open)
        try:
            return super().cb_config(ctx, param, value)
        except (ValueError, RecursionError):
            msg = f"Config file {' or '.join(value)} is not JSON."
            raise ConfigError(msg) from None

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: t.Any = None,
        state: t.IO[str] | None = None,
        catalog: t.IO[str] | None = None,
        summary_file: str | None = None,
    ) -> None:
        """Run the tap: everything that can be refused is refused before the first message."""
        if about:
            cls.print_about(about_format)
            return
        tap = cls.from_input(config, catalog=catalog, state=state, lean=True)
        unread = {"skipped": tap.skipped, "failed": tap.failed}
        with summary.written_to(summary_file, tap.progress.summary, unread):
            tap.run()

    def run(self) -> None:
        """Read all streams that are selected.

        Raises:
            TapError: something was not read for another reason than permission.
        """
        self.print_version(print_fn=self.logger.info)
        self.logger.info("Reading %d advertiser(s).", len(self.advertisers))
        if not any(stream.selected for stream in self.streams.values()):
            self.logger.warning("No stream is selected: nothing is read.")
        with progress_display.show(self.progress, self.logger):
            try:
                self.sync_all()
            finally:  # of a run that fails or is told to stop, too: the last STATE is written
                self.report_tasks.cancel()
        self.report_skipped()
        if self.failed:
            what = ", ".join(dict.fromkeys(f"{name} of {owner}" for name, owner in self.failed))
            msg = f"Not all was read: {what}. Bookmarks there did not move: run again."
            raise errors.IncompleteError(msg)


def read_json(name: str, what: str, opener: Callable[[str], t.IO[str]]) -> dict[str, t.Any]:
    """The JSON object in a file.

    Raises:
        ConfigError: there is no such file, or something else in it.
    """
    try:
        with opener(name) as file:
            content = json.load(file)
    except OSError as error:
        msg = f"{what} cannot be read: {error.strerror}."
        raise ConfigError(msg) from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        msg = f"{what} is not JSON{where}."
        raise ConfigError(msg) from None
    if not isinstance(content, dict):
        msg = f"{what} does not hold a JSON object."
        raise ConfigError(msg)
    return content


def _read_state(file: t.IO[str] | None) -> dict[str, t.Any] | None:
    if file is None:
        return None
    state = read_json(file.name, f"State file {file.name}", lambda _: file)
    if state.get("type") == "STATE" and isinstance(state.get("value"), dict):
        state = state["value"]  # a whole STATE message
    bookmarks = state.get("bookmarks", None if state else {})
    if isinstance(bookmarks, dict) and any(map(_is_of_singer_io, bookmarks.values())):
        msg = (
            f"State file {file.name} is one of singer-io's tap: "
            "tap-tiktok-ads convert-state makes one for this tap of it."
        )
        raise ConfigError(msg)
    if not isinstance(bookmarks, dict) or not all(map(_is_bookmark, bookmarks.values())):
        msg = (
            f"State file {file.name} has no object of streams under 'bookmarks', each with a "
            "list of one partition for each advertiser."
        )
        raise ConfigError(msg)
    return state


def _is_of_singer_io(bookmark: t.Any) -> bool:
    """Whether a stream's part of a state holds a time for each advertiser."""
    return (
        isinstance(bookmark, dict)
        and bool(bookmark)
        and all(name.isdigit() and isinstance(value, str) for name, value in bookmark.items())
    )


def _is_bookmark(bookmark: t.Any) -> bool:
    """Whether a stream's part of a state has the shape that the SDK reads."""
    if not isinstance(bookmark, dict):
        return False
    partitions = bookmark.get("partitions", [])
    if not isinstance(partitions, list) or not all(isinstance(p, dict) for p in partitions):
        return False
    contexts = [partition.get("context") for partition in partitions]
    return all(
        isinstance(context, dict) and contexts.count(context) == 1 for context in contexts
    ) and all(
        isinstance(part.get("progress_markers", {}), dict) for part in (bookmark, *partitions)
    )


def _selected(catalog: Catalog | None) -> Catalog | None:
    """The streams of a catalog that are selected."""
    if catalog is None:
        return None
    return Catalog(
        {
            name: entry
            for name, entry in catalog.items()
            if MetadataMapping({(): entry.metadata.root}).resolve_selection()[()]
        }
    )


def _read_catalog(file: t.IO[str] | None) -> Catalog | None:
    if file is None:
        return None
    content = read_json(file.name, f"Catalog file {file.name}", lambda _: file)
    try:
        if isinstance(content["streams"], list):
            return Catalog.from_dict(content)
    except (KeyError, TypeError, AttributeError):
        pass
    msg = f"Catalog file {file.name} is not a Singer catalog: write one with --discover."
    raise ConfigError(msg)
