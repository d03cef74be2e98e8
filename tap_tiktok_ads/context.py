"""`RunContext`: what the streams of a run share. Streams get it in place of the tap."""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import math
import operator
import time
import typing as t

import pendulum
from singer_sdk import Tap
from singer_sdk.singerlib import StateMessage

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.rate_limits import RateLimiter
from tap_tiktok_ads.api.report_tasks import ReportTasks
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.extract import lookahead, lookback
from tap_tiktok_ads.extract.pages import READINGS_MORE, Listings
from tap_tiktok_ads.progress import Progress, Reporter

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.singerlib import Catalog

    from tap_tiktok_ads.config.settings import Settings
    from tap_tiktok_ads.extract.pages import Page, Task

#: Seconds between two STATE messages within an advertiser's windows, at least.
STATE_INTERVAL = 30.0
#: Threads that fetch, at most.
MAX_WORKERS = 32
#: Seconds before the second try of a request to the simulator, which needs no time to recover.
SIMULATOR_FIRST_WAIT = 0.02
#: The streams that tell of errors, and of attribution windows.
SYNC_ERRORS, AD_GROUPS = "sync_errors", "ad_groups"
#: Errors that a run keeps.
MOST_PROBLEMS = 10_000


def problem(
    stream: str, error: errors.TapError, action: str, task: Task | None
) -> dict[str, t.Any]:
    """The row that tells of an error, but for its id."""
    window = task.window if task else None
    return {
        "occurred_at": pendulum.now("UTC").to_iso8601_string(),
        "stream": stream,
        "advertiser_id": task.advertiser.id if task and task.advertiser else None,
        "window_start": window.start.isoformat() if window else None,
        "window_end": window.end.isoformat() if window else None,
        "code": getattr(error, "code", None),
        "message": str(error),
        "request_id": getattr(error, "request_id", None),
        "action": action,
    }


class Source(t.Protocol):
    """What the engine needs to know of a stream."""

    name: str
    shared: bool
    only: Sequence[accounts.Advertiser] | None
    includes_deleted: bool
    fetching: lookahead.Lookahead[Task, Page] | None

    def plan(self) -> Iterable[Task]:
        """The first request of every listing, in the order of the output."""

    def work(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Send a task's request: its page, and the tasks that follow it in the plan."""

    def identity(self, mark: t.Any) -> t.Any:
        """What two marks of the same row have in common."""

    def begin(self) -> None:
        """Start to fetch."""


class RunContext:
    """What the streams of a run share, made when first needed."""

    def __init__(
        self, tap: Tap, known_settings: Callable[[], frozenset[str]], *, frugal: bool
    ) -> None:
        self._tap = tap
        self._known_settings = known_settings
        self.frugal = frugal
        self.makers: dict[str, Callable[[], Source]] = {}
        self.started = pendulum.now("UTC")
        self.progress = Progress()
        self.reporter: Reporter | None = None
        self.skipped: list[tuple[str, str]] = []
        self.failed: list[tuple[str, str]] = []
        self.problems: dict[int, dict[str, t.Any]] = {}  # by the error that each tells of
        self._lookbacks: dict[str, int] = {}  # by advertiser
        self._state_written = time.monotonic()

    @property
    def config(self) -> Mapping[str, t.Any]:
        """The raw configuration."""
        return self._tap.config

    @property
    def logger(self) -> logging.Logger:
        """The logger of the tap."""
        return t.cast("logging.Logger", self._tap.logger)

    @property
    def message_writer(self) -> t.Any:
        """What writes Singer messages."""
        return self._tap.message_writer

    @property
    def input_catalog(self) -> Catalog | None:
        """The catalog that the run was given."""
        return self._tap.input_catalog

    def rows_of(
        self, name: str, advertiser: accounts.Advertiser | None, *, strict: bool = False
    ) -> Iterator[dict[str, t.Any]]:
        """All typed rows of a stream for one advertiser, or for all, whatever the state says.

        Listings that changed while they were read are read again, and their rows come again. A
        strict reading includes deleted objects, and is an error where a count does not fit.

        Raises:
            TapError: it cannot be read, or not all of it.
        """
        stream = self.makers[name]()
        stream.shared = True
        stream.only = self.advertisers if advertiser is None else [advertiser]
        stream.includes_deleted = strict or self.settings.include_deleted
        tasks: Iterable[Task] = stream.plan()
        listings: Listings | None = None
        for _ in range(1 + READINGS_MORE):
            listings = Listings(stream.identity, listings)
            for task, page in lookahead.sequential(tasks, stream.work):
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
                found = lookback.lookback_days(self.rows_of(AD_GROUPS, advertiser, strict=True))
            except errors.TapError as error:
                found = lookback.DEFAULT_LOOKBACK_DAYS
                self.logger.warning("Ad groups cannot tell the look-back: %s", error)
            self._lookbacks[advertiser.id] = found
            self.logger.info("Advertiser %s: reports look %d days back.", advertiser.id, found)
        return found

    def is_source(self, name: str) -> bool:
        """Whether other streams of this run read the stream of this name, too."""
        if (
            name == AD_GROUPS
            and self.settings.include_deleted
            and any(
                stream.selected and getattr(stream, "looks_back_by_ad_groups", False)
                for stream in self._tap.streams.values()
            )
        ):
            return True
        return any(
            lookup.stream == name
            for stream in self._tap.streams.values()
            if stream.selected
            for lookup in getattr(stream, "lookups", ())
        )

    @functools.cached_property
    def settings(self) -> Settings:
        """The checked settings; with environment simulator, those of one that runs.

        Raises:
            ConfigError: they cannot be used.
        """
        chosen = validate(self._tap.config, self._known_settings())
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
    def transport(self) -> Client:
        """The way to TikTok, or to the embedded API."""
        chosen = self.settings
        return Client(
            chosen.base_url,
            chosen.access_token,
            RateLimiter(chosen.tier),
            user_agent=chosen.user_agent,
            timeout=chosen.request_timeout,
            max_retries=chosen.max_retries,
            first_retry_seconds=SIMULATOR_FIRST_WAIT if chosen.environment == "simulator" else 1.0,
            progress=self.progress,
            secrets=[chosen.app_secret],
        )

    @functools.cached_property
    def report_tasks(self) -> ReportTasks:
        """The reports that TikTok makes in the background."""
        return ReportTasks(self.transport)

    @functools.cached_property
    def workers(self) -> lookahead.Workers:
        """The threads that fetch: as many as rate times latency calls for, and some to spare."""
        rate, transport, tasks = self.settings.tier.per_second, self.transport, self.report_tasks
        return lookahead.Workers(
            self.settings.max_concurrency or MAX_WORKERS,
            useful=lambda: math.ceil(1.15 * rate * transport.latency_seconds) + 2 + tasks.waiting,
        )

    @functools.cached_property
    def advertisers(self) -> list[accounts.Advertiser]:
        """The advertisers of this run.

        Raises:
            TapError: there is none to read, or the token is refused.
        """
        return accounts.find_advertisers(self.transport, self.settings)

    def position(self, advertiser: accounts.Advertiser) -> int:
        """Which of the advertisers this is, from 1."""
        return self._positions[advertiser.id]

    @functools.cached_property
    def _positions(self) -> dict[str, int]:
        return {one.id: number for number, one in enumerate(self.advertisers, start=1)}

    def after(self, stream: Source) -> Iterator[Source]:
        """The streams whose turns come later."""
        rest = itertools.dropwhile(
            lambda other: other.name != stream.name, self._tap.streams.values()
        )
        later = (other for other in itertools.islice(rest, 1, None) if other.selected)
        return t.cast("Iterator[Source]", later)

    def note(
        self, stream: Source, error: errors.TapError, action: str, task: Task | None = None
    ) -> None:
        """Keep an error, once, and what was done about it."""
        if len(self.problems) < MOST_PROBLEMS:
            row = problem(stream.name, error, action, task)
            number = len(self.problems) + 1
            row["error_id"] = f"{self.started.format('YYYYMMDDTHHmmss.SSSSSS')}-{number}"
            self.problems.setdefault(id(error), {**row, "error": error})

    def tell_errors(self, stream: Source) -> None:
        """Write the rows of `sync_errors`, if it is selected, before the run ends early."""
        last = self._tap.streams.get(SYNC_ERRORS)
        if last is not None and last.selected and last.name != stream.name:
            last.sync()

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
        self.message_writer.write_message(StateMessage(value=copy.deepcopy(self._tap.state)))

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


class ContextTap(Tap):
    """A tap whose streams share a context."""

    run_context: RunContext
