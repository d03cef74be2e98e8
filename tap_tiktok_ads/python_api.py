"""`TikTokAds`: the records of TikTok Ads for Python programs, without Singer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import logging
import operator
import threading
import typing as t
import urllib.parse
from collections.abc import Mapping

from typing_extensions import Self

from tap_tiktok_ads.api.errors import ClosedError, ConfigError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.report_rules import LEVEL_OF_ID, LEVELS
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.config.custom_reports import DEFAULT_METRICS, parse_report
from tap_tiktok_ads.config.endpoint_paths import parse_path
from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.config.settings import normalize
from tap_tiktok_ads.config.validation import raise_together, validate
from tap_tiktok_ads.library_tap import CallReport, LibraryTap, ReadProblems, make_tap
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import TracebackType

    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Record
    from tap_tiktok_ads.singer.stream import TikTokStream

    Day = str | dt.date

logger = logging.getLogger("tap-tiktok-ads")

#: Maximum time that `close` waits for requests in flight.
CLOSE_SECONDS = 5.0
#: The settings that a client accepts: all except the selection and the settings of Singer messages.
CLIENT_SETTINGS = frozenset(SETTINGS_SCHEMA["properties"]) - {"streams"}


class TikTokAds:
    """Reads the records of TikTok Ads in a Python program.

    Requests go through the look-ahead, request budget, retries and typing of the Singer tap.
    Two clients can work in one process. Threads can share a client.

    Example:
        >>> from tap_tiktok_ads import TikTokAds
        >>> with TikTokAds(environment="simulator", simulator={"advertisers": 1}) as ads:
        ...     names = [record["campaign_name"] for record in ads.records("campaigns")]
        ...     days = ads.report(
        ...         level="ad",
        ...         dimensions=["stat_time_day"],
        ...         metrics=["spend", "clicks"],
        ...         start_date="{now-2}",
        ...     )
        ...     first = next(days)
        ...     user = ads.get("/user/info/")
        >>> sorted(first)
        ['ad_id', 'advertiser_id', 'clicks', 'is_final', 'is_top_view', 'spend', 'stat_time_day']
    """

    def __init__(
        self,
        *,
        access_token: str = "",
        advertiser_ids: Sequence[str] = (),
        **settings: t.Any,
    ) -> None:
        """Check the settings. No request is sent, and no thread is started.

        Args:
            access_token: The access token.
            advertiser_ids: The advertisers to read. Empty: `app_id` and `app_secret` find them.
            settings: Other settings of the tap, such as `start_date` or `max_retries`.

        Raises:
            ConfigError: A setting cannot be used.
        """
        config = {**settings, "access_token": access_token, "advertiser_ids": advertiser_ids}
        self._config = {name: _plain(value) for name, value in config.items()}
        _check_settings(self._config)
        self._is_closed = False
        self._lock = threading.RLock()
        self._tap = make_tap(self._config)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def streams(self) -> tuple[str, ...]:
        """The names that `records` accepts.

        Raises:
            ClosedError: The client is closed.
        """
        return tuple(self._open_tap().stream_names)

    def records(
        self, stream: str, *, start_date: Day | None = None, end_date: Day | None = None
    ) -> Generator[Record, None, None]:
        """Yield the typed records of a stream, in the order of the Singer tap.

        An advertiser without permission is skipped with a warning.

        Args:
            stream: Name of a built-in or custom stream or report, such as `campaigns`.
            start_date: First day of reports, instead of the setting.
            end_date: Last day of reports, instead of the setting.

        Raises:
            ConfigError: The stream does not exist, or a date cannot be used.
            PermissionDeniedError: No advertiser may be read.
            IncompleteError: Records are missing. It is raised after all records that there are.
            TapError: A request failed.
        """
        tap = self._open_tap()
        if stream not in tap.stream_names:
            msg = f"Unknown stream {stream!r}{suggest(stream, tap.stream_names)}"
            raise ConfigError(msg)
        dates = self._dates(start_date, end_date)
        return self._read(tap.open_stream(stream), dates)

    def report(  # noqa: PLR0913 - by name
        self,
        *,
        level: str,
        dimensions: Sequence[str] = (),
        metrics: Sequence[str] = DEFAULT_METRICS,
        start_date: Day | None = None,
        end_date: Day | None = None,
        report_type: str = "BASIC",
        granularity: str | None = None,
        filters: Sequence[Mapping[str, t.Any]] = (),
    ) -> Generator[Record, None, None]:
        """Yield the typed records of a report, by the rules of `custom_reports`.

        Args:
            level: `advertiser`, `campaign`, `adgroup` or `ad`.
            dimensions: Dimensions. The ID dimension of the level is added if there is none.
            metrics: Metrics by name or group.
            start_date: First day, instead of the setting.
            end_date: Last day, instead of the setting.
            report_type: `BASIC` or `AUDIENCE`.
            granularity: `day`, `hour` or `lifetime`. None: of the time dimension, or `day`.
            filters: Filters, each with `field`, `operator` and `values`.

        Raises:
            ConfigError: TikTok rejects the combination, or a date cannot be used.
            TapError: As for `records`.
        """
        tap = self._open_tap()
        entry = {
            "name": f"{level}_report",
            "data_level": f"AUCTION_{level}".upper(),
            "dimensions": _with_id_dimension(level, _list_of("dimensions", dimensions)),
            "metrics": _list_of("metrics", metrics),
            "report_type": report_type,
            "filters": _list_of("filters", filters),
            **({"granularity": granularity} if granularity else {}),
        }
        definition = parse_report(f"Report at level {level!r}", entry)
        return self._read(CallReport(tap, definition), self._dates(start_date, end_date))

    def get(
        self, path: str, params: Mapping[str, t.Any] | None = None, **more_params: t.Any
    ) -> dict[str, t.Any]:
        """Return the `data` of the response to a GET request.

        Args:
            path: Path of an endpoint that reads, such as `/user/info/`.
            params: Query parameters. Values other than text are sent as JSON.
            more_params: Additional query parameters.

        Raises:
            ConfigError: The path is not one of an endpoint that reads, or a parameter is not JSON.
            ApiError: TikTok returned an error code.
            TapError: The request failed.
        """
        context = self._open_context()
        if not isinstance(path, str):
            msg = f"Argument 'path' must be text, got {path!r:.60}."
            raise ConfigError(msg)
        try:
            relative_path = parse_path(path, "GET", context.settings.api_url)
        except ValueError as error:
            msg = f"Argument 'path': {error}."
            raise ConfigError(msg) from None
        parameters = _checked_params({} if params is None else params) | more_params
        request = Request(relative_path, _checked_params(parameters))
        return context.client.send(request).data

    def close(self) -> None:
        """End the threads and close the connections. A second call does nothing.

        Requests in flight have a few seconds to finish.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._tap.run_context.close(CLOSE_SECONDS)

    def _check_open(self) -> None:
        if self._is_closed:
            msg = "The client is closed. Create another TikTokAds."
            raise ClosedError(msg)

    def _open_tap(self) -> LibraryTap:
        """Return the tap whose streams are read.

        Raises:
            ClosedError: The client is closed.
        """
        with self._lock:
            self._check_open()
            _ = self._open_context(), self._tap.stream_names
        return self._tap

    def _open_context(self) -> RunContext:
        """Return the shared context, with client and workers made once for all threads.

        Raises:
            ClosedError: The client is closed.
        """
        with self._lock:
            self._check_open()
            context = self._tap.run_context
            _ = context.settings, context.client, context.workers, context.file_tasks
        return context

    def _dates(self, start_date: Day | None, end_date: Day | None) -> tuple[str, str]:
        """Return the first and last day of a call. The settings supply an absent day.

        Raises:
            ConfigError: A date cannot be used.
        """
        given = {"start_date": start_date, "end_date": end_date}
        call_dates = {name: _plain(day) for name, day in given.items() if day is not None}
        settings = validate(normalize({**self._config, **call_dates}), CLIENT_SETTINGS)
        return settings.start_date, settings.end_date

    def _read(self, stream: TikTokStream, dates: tuple[str, str]) -> Generator[Record, None, None]:
        """Yield the records of a stream, fetched ahead of the caller."""
        problems = ReadProblems(self._tap.run_context.problems)
        with self._lock:
            shared = self._open_context()
            settings = dataclasses.replace(shared.settings, start_date=dates[0], end_date=dates[1])
            stream.run_context = context = shared.for_read(settings, problems)
        stream.fetching = context.workers.ahead(
            stream.plan.tasks() if stream.is_in_shard else (),
            stream.runner.run,
            operator.attrgetter("weight"),
        )
        try:
            for record in stream.get_records(None):
                yield record
                self._check_open()
        finally:
            stream.fetching.stop()
        problems.log_skipped(logger)
        problems.raise_missing(stream)


def _check_settings(config: Mapping[str, t.Any]) -> None:
    """Return if a client has a token and no settings of Singer messages.

    Raises:
        ConfigError: It does not.
    """
    raise_together(
        [
            functools.partial(_check_no_message_setting, config),
            functools.partial(
                validate, normalize(config), TapTikTokAds.known_settings(), credentials=False
            ),
            functools.partial(_check_token, config),
        ]
    )


def _check_no_message_setting(config: Mapping[str, t.Any]) -> None:
    names = sorted(config.keys() & (TapTikTokAds.known_settings() - CLIENT_SETTINGS))
    if names:
        msg = f"Remove setting {', '.join(map(repr, names))}: it applies to Singer messages only."
        raise ConfigError(msg)


def _check_token(config: Mapping[str, t.Any]) -> None:
    if not config["access_token"] and config.get("environment") != "simulator":
        msg = (
            "Argument 'access_token' is required. To try the client without an account, pass "
            "environment='simulator'."
        )
        raise ConfigError(msg)


def _plain(value: t.Any) -> t.Any:
    """Return a date as text and a tuple as a list. Other values are unchanged."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _with_id_dimension(level: str, dimensions: Sequence[str]) -> list[str]:
    """Return the dimensions, with the ID dimension of the level if they have none.

    Raises:
        ConfigError: The level does not exist.
    """
    names = [name.lower() for name in LEVELS]
    if level not in names:
        msg = f"Argument 'level' must be one of {', '.join(names)}, got {level!r:.60}."
        raise ConfigError(msg)
    has_id = any(name in LEVEL_OF_ID for name in dimensions)
    return [*([] if has_id else [f"{level}_id"]), *dimensions]


def _list_of(name: str, values: Sequence[t.Any]) -> list[t.Any]:
    """Return an argument as a list.

    Raises:
        ConfigError: It is a text, or not a sequence.
    """
    if isinstance(values, str) or not isinstance(values, (list, tuple)):
        msg = f"Argument {name!r} must be a list, got {values!r:.60}."
        raise ConfigError(msg)
    return list(values)


def _checked_params(params: t.Any) -> dict[str, t.Any]:
    """Return query parameters that can be sent.

    Raises:
        ConfigError: They are not a mapping, or a value cannot be encoded. The message names it.
    """
    if not isinstance(params, Mapping):
        msg = f"Argument 'params' must be a mapping, got {params!r:.60}."
        raise ConfigError(msg)
    for name, value in params.items():
        try:
            urllib.parse.urlencode(Request("", {name: value}).query())
            is_valid = isinstance(name, str)
        except (TypeError, ValueError, OverflowError, RecursionError):
            is_valid = False
        if not is_valid:
            kind = type(value).__name__  # the value may be a secret
            msg = f"Parameter {name!r:.100} cannot be sent: expected text or JSON, got {kind}."
            raise ConfigError(msg)
    return dict(params)
