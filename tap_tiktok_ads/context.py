"""`RunContext`: objects that the streams of a run share. Streams receive it instead of the tap."""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import math
import typing as t

import pendulum

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.file_tasks import FileTasks
from tap_tiktok_ads.api.rate_limiters import open_rate_limiter
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.extract import lookback
from tap_tiktok_ads.extract.buffer_budget import BUFFER_BYTES, LARGE_BUFFER_BYTES
from tap_tiktok_ads.extract.common_responses import CommonResponses
from tap_tiktok_ads.extract.completeness import IncompleteLists, PassClock
from tap_tiktok_ads.extract.dates import time_zone
from tap_tiktok_ads.extract.lookahead import Lookahead, Workers
from tap_tiktok_ads.problems import ProblemLog
from tap_tiktok_ads.progress import Progress

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser, FoundAdvertisers
    from tap_tiktok_ads.config.settings import Settings
    from tap_tiktok_ads.extract.pages import Page, Record, Task
    from tap_tiktok_ads.simulator import Simulator

#: Maximum number of threads that fetch. Rate times latency decides how many of them are useful.
MAX_WORKERS = 128
#: Seconds before the second attempt of a request to the simulator, which needs no time to recover.
SIMULATOR_FIRST_RETRY_SECONDS = 0.02
FIRST_RETRY_SECONDS = 1.0
#: Minimum time between two passes over a list: TikTok's counts can lag behind its lists.
PASS_INTERVAL_SECONDS = 30.0
#: Minimum time between two passes over a list of the simulator, whose counts do not lag behind.
SIMULATOR_PASS_INTERVAL_SECONDS = 0.02
#: Additional workers, as a factor on rate times latency and as a number. No start is delayed.
SPARE_WORKERS_SHARE = 1.15
SPARE_WORKERS = 2
#: Requests per second that are useful without a rate limit: more pages than one process decodes.
MAX_RATE = 100
#: The stream whose attribution windows decide how far reports look back.
AD_GROUPS = "ad_groups"
#: The stream that reports problems.
SYNC_ERRORS = "sync_errors"


class OpenStream(t.Protocol):
    """A stream, as other streams see it."""

    name: str
    fetching: Lookahead[Task, Page] | None
    needed_values: Mapping[str, t.Any]

    @property
    def selected(self) -> bool:
        """True if the run reads the stream."""

    def sync(self) -> None:
        """Write the messages of the stream."""

    def begin(self) -> None:
        """Start to fetch ahead of the stream's turn."""

    def source_streams(self) -> set[str]:
        """Return the names of the streams that the stream reads besides."""

    def read_all(
        self,
        advertiser: Advertiser | None,
        *,
        with_deleted: bool = False,
        columns: Collection[str] | None = None,
        only_columns: bool = False,
    ) -> Iterator[Record]:
        """Yield all typed records. Ignore the state."""


class StateOutput(t.Protocol):
    """Writes STATE messages. Implemented by the Singer layer."""

    def write_if_due(self) -> None:
        """Write a STATE message if the last one is old enough, and the size allows it."""

    def write_if_small(self) -> None:
        """Write a STATE message if STATE stays a small share of the output."""

    def write(self) -> None:
        """Write a STATE message."""


@dataclasses.dataclass(frozen=True)
class Streams:
    """Access to the streams of the run, injected by the tap.

    Attributes:
        running: Returns the streams of the run by name, in their order.
        create: Returns a new instance of the stream with a name.
    """

    running: Callable[[], Mapping[str, OpenStream]]
    create: Callable[[str], OpenStream]

    def selected(self) -> list[OpenStream]:
        """Return the selected streams of the run, in their order."""
        return [stream for stream in self.running().values() if stream.selected]


class RunContext:
    """Objects that a run shares: settings, client, workers, advertisers and problems.

    Everything is made when it is first needed, because discovery needs no valid settings.

    Attributes:
        config: The raw configuration.
        allow_requests: False if no request may be sent except the requests of a command.
        started_at: Start of the run.
        streams: The streams of the run.
        state_output: Writes STATE messages.
        message_writer: The SDK's writer of Singer messages.
        topview_findings: Whether totals hold TopView ads, by advertiser ID. None: not decidable.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        *,
        config: Callable[[], Mapping[str, t.Any]],
        known_settings: Callable[[], frozenset[str]],
        streams: Streams,
        state_output: StateOutput,
        message_writer: t.Any,
        input_catalog: Callable[[], t.Any],
        logger: logging.Logger,
        allow_requests: bool = True,
    ) -> None:
        self._config = config
        self._known_settings = known_settings
        self.streams = streams
        self.state_output = state_output
        self.message_writer = message_writer
        self._input_catalog = input_catalog
        self.logger = logger
        self.allow_requests = allow_requests
        self.started_at = pendulum.now("UTC")
        self.progress = Progress()
        self.problems = ProblemLog(self.started_at)
        self.incomplete_lists = IncompleteLists()
        self._simulator: Simulator | None = None
        self._lookback_days: dict[str, int] = {}  # by advertiser id
        self.topview_findings: dict[str, bool | None] = {}

    @property
    def config(self) -> Mapping[str, t.Any]:
        """The raw configuration."""
        return self._config()

    @property
    def input_catalog(self) -> t.Any:
        """The catalog that the run was given, or None."""
        return self._input_catalog()

    @functools.cached_property
    def settings(self) -> Settings:
        """The validated settings. `environment: simulator` starts the embedded simulator.

        Raises:
            ConfigError: They cannot be used.
        """
        settings = validate(self.config, self._known_settings())
        return self._start_simulator(settings) if settings.simulated else settings

    def _start_simulator(self, settings: Settings) -> Settings:
        """Return the settings that point at a new simulator inside this process."""
        from tap_tiktok_ads.simulator import Simulator  # noqa: PLC0415 - rarely needed

        try:
            simulator = Simulator(settings.simulator)
        except ValueError as error:
            msg = f"Setting 'simulator': {error}"
            raise errors.ConfigError(msg) from None
        self._simulator = simulator.start()
        self.logger.info(
            "Reading generated data instead of TikTok, because environment is 'simulator'."
        )
        return dataclasses.replace(
            settings,
            api_url=simulator.url,
            access_token=simulator.access_token,
            app_id=simulator.app_id,
            app_secret=simulator.app_secret,
        )

    def for_read(self, settings: Settings, problems: ProblemLog) -> RunContext:
        """Return a context for one read of a long-lived client.

        It shares client, budget, workers and advertisers with this context. The time of the read,
        the settings, the problems and the cached responses are its own.
        """
        _ = self.advertisers, self.workers, self.file_tasks
        context = copy.copy(self)
        context.started_at = pendulum.now("UTC")
        context.settings = settings
        context.problems = problems
        context.incomplete_lists = IncompleteLists()
        problems.add_unread_advertisers(self.found_advertisers)
        context.topview_findings = {}
        context.client = self.client.with_empty_cache()
        context.common_responses = CommonResponses(context.client)
        return context

    def close(self, seconds: float) -> None:
        """End the threads, close the connections, and stop the embedded simulator.

        Args:
            seconds: Maximum time to wait for the requests that are in flight.
        """
        made = vars(self)
        if "file_tasks" in made:
            self.file_tasks.cancel()
        end_requests(self)  # before the workers, so that they send no more requests
        if "workers" in made:
            self.workers.close(seconds)
        if self._simulator is not None:
            self._simulator.stop()

    @functools.cached_property
    def client(self) -> Client:
        """The client for TikTok, or for the embedded simulator."""
        settings = self.settings
        is_simulator = settings.environment == "simulator"
        app = settings.app_id or settings.access_token
        return Client(
            settings.base_url,
            settings.access_token,
            open_rate_limiter(settings.tier, settings.shared_budget, app),
            user_agent=settings.user_agent,
            timeout=settings.request_timeout,
            max_retries=settings.max_retries,
            first_retry_seconds=SIMULATOR_FIRST_RETRY_SECONDS
            if is_simulator
            else FIRST_RETRY_SECONDS,
            progress=self.progress,
            secrets=[settings.app_secret],
            replace_null_characters=settings.replace_null_characters,
        )

    @functools.cached_property
    def pass_clock(self) -> PassClock:
        """The time between two passes over a list whose count does not match."""
        is_simulator = self.settings.environment == "simulator"
        seconds = SIMULATOR_PASS_INTERVAL_SECONDS if is_simulator else PASS_INTERVAL_SECONDS
        return PassClock(seconds, sleep=self.client.slots.sleep)

    @functools.cached_property
    def file_tasks(self) -> FileTasks:
        """The tasks of the run that make files."""
        return FileTasks(self.client)

    @functools.cached_property
    def workers(self) -> Workers:
        """The threads that fetch: as many as rate times latency requires."""
        limit = self.settings.max_concurrency or MAX_WORKERS
        is_paced = self.settings.tier.per_second <= MAX_RATE
        buffer_bytes = LARGE_BUFFER_BYTES if is_paced else BUFFER_BYTES
        return Workers(limit, self._useful_workers, self.client.slots, buffer_bytes)

    @functools.cached_property
    def common_responses(self) -> CommonResponses:
        """The responses that several tasks need."""
        return CommonResponses(self.client)

    def _useful_workers(self) -> int:
        rate = min(self.settings.tier.per_second, MAX_RATE)
        busy = math.ceil(SPARE_WORKERS_SHARE * rate * self.client.latency_seconds)
        return busy + SPARE_WORKERS + self.file_tasks.waiting

    @functools.cached_property
    def advertisers(self) -> list[Advertiser]:
        """The advertisers of the run. The other ones become problems of the run.

        Raises:
            TapError: None can be read, or the token is rejected.
        """
        self.problems.add_unread_advertisers(self.found_advertisers)
        return self.found_advertisers.readable

    @functools.cached_property
    def all_advertisers(self) -> list[Advertiser]:
        """The advertisers of all shards. An advertiser that TikTok does not return is a problem.

        Raises:
            TapError: They cannot be read.
        """
        found = self.found_advertisers
        others = accounts.read_other_shards(self.client, self.settings, found.requested)
        self.problems.add_missing_advertisers(others)
        by_id = {advertiser.id: advertiser for advertiser in (*self.advertisers, *others.readable)}
        return [by_id[advertiser_id] for advertiser_id in found.requested if advertiser_id in by_id]

    @functools.cached_property
    def found_advertisers(self) -> FoundAdvertisers:
        """The advertisers that the settings select, as far as the shard reads them."""
        return accounts.find_advertisers(self.client, self.settings)

    @functools.cached_property
    def positions(self) -> dict[str, int]:
        """Which of the advertisers each ID is, starting at 1."""
        return {account.id: number for number, account in enumerate(self.advertisers, start=1)}

    def days(self, advertiser: Advertiser | None) -> tuple[pendulum.Date, pendulum.Date]:
        """Return the first and last day of reports in the time zone of an advertiser, or in UTC."""
        return self.settings.days(self.now(advertiser))

    def now(self, advertiser: Advertiser | None) -> pendulum.DateTime:
        """Return the start of the run in the time zone of an advertiser, or in UTC."""
        zone = advertiser.timezone if advertiser else "UTC"
        return self.started_at.in_timezone(time_zone(zone))

    def open_stream(self, name: str) -> OpenStream:
        """Return a new instance of a stream, to read its records for another stream."""
        return self.streams.create(name)

    def following_streams(self, name: str) -> Sequence[OpenStream]:
        """Return the selected streams whose turn comes after the stream of this name."""
        streams = self.streams.running().values()
        from_name = itertools.dropwhile(lambda stream: stream.name != name, streams)
        return [stream for stream in itertools.islice(from_name, 1, None) if stream.selected]

    def is_source(self, name: str) -> bool:
        """Return True if another selected stream reads the stream of this name, too."""
        return any(name in stream.source_streams() for stream in self.streams.selected())

    def write_sync_errors(self, name: str) -> None:
        """Write `sync_errors`, if it is selected, before the stream `name` ends the run."""
        stream = self.streams.running().get(SYNC_ERRORS)
        if stream is not None and stream.selected and name != SYNC_ERRORS:
            stream.sync()

    def lookback_days(self, advertiser: Advertiser) -> int:
        """Return the days that reports of an advertiser re-read, as its ad groups require.

        The ad groups are read once per run. If they cannot be read, the longest window counts.
        """
        if advertiser.id not in self._lookback_days:
            days = self._read_lookback_days(advertiser)
            self._lookback_days[advertiser.id] = days
            self.logger.info(
                "Reports of advertiser %s re-read the last %d days.", advertiser.id, days
            )
        return self._lookback_days[advertiser.id]

    def _read_lookback_days(self, advertiser: Advertiser) -> int:
        ad_groups = self.open_stream(AD_GROUPS).read_all(
            advertiser, with_deleted=True, columns=lookback.COLUMNS, only_columns=True
        )
        try:
            return lookback.lookback_days(ad_groups)
        except errors.TapError as error:
            self.logger.warning(
                "Cannot read the lookback from ad groups of advertiser %s. Its reports re-read the "
                "last %d days instead: %s",
                advertiser.id,
                lookback.DEFAULT_LOOKBACK_DAYS,
                error,
            )
            return lookback.DEFAULT_LOOKBACK_DAYS


def end_requests(context: RunContext) -> None:
    """Close the connections of a run, and leave a shared budget to the other jobs."""
    if "client" in vars(context):
        context.client.close()
