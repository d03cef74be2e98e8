"""Write the summary file of a run: JSON, or OpenMetrics text if its name ends in `.prom`."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
import json
import logging
import os
import signal
import typing as t
from pathlib import Path

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import ConfigError, TapError
from tap_tiktok_ads.problems import ALL_ADVERTISERS
from tap_tiktok_ads.streams.windowed import WindowedStream
from tap_tiktok_ads.termination import SIGNAL_EXIT_CODE_OFFSET, termination

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prometheus_client import Metric

    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.progress import StreamCounts

logger = logging.getLogger("tap-tiktok-ads")
OPENMETRICS_SUFFIX = ".prom"
METRIC_PREFIX = "tap_tiktok_ads_"
#: Counters by stream: the metric without `_total`, the field of `StreamCounts`, unit, description.
STREAM_COUNTERS = (
    ("rows", "records", "", "Records written."),
    ("requests", "requests", "", "Requests sent."),
    ("retries", "retries", "", "Retries of requests."),
    (
        "waited_seconds",
        "seconds_waited",
        "seconds",
        "Seconds that all threads waited for the request budget.",
    ),
    (
        "windows_skipped",
        "windows_skipped",
        "",
        "Report windows that were not requested, because nothing was delivered in them.",
    ),
)


@dataclasses.dataclass(frozen=True)
class RequestedDays:
    """The days that some streams read for some advertisers, both ends included."""

    first_day: str
    last_day: str
    streams: Sequence[str]
    advertiser_ids: Sequence[str]


@dataclasses.dataclass(frozen=True, eq=False)  # the registry needs it hashable
class RunSummary:
    """Result of a run, as the summary file reports it.

    Attributes:
        started_at: Time of the start.
        ended_at: Time of the end.
        exit_code: The exit code.
        streams: The counts of each stream.
        skipped: The message by stream and advertiser ID of what was denied.
        failed: The message by stream and advertiser ID of what was not read, or not completely.
        error: The error that ended the run, as it is printed. None after a success.
        today: The current day in UTC, or that of the simulator. None before the start.
        completed: Names of the streams that were read to their end.
        requested_days: Days that the streams read, including those that no run reads again.
    """

    started_at: dt.datetime
    ended_at: dt.datetime
    exit_code: int
    streams: Sequence[StreamCounts]
    skipped: Mapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    failed: Mapping[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    error: str | None = None
    today: str | None = None
    completed: Sequence[str] = ()
    requested_days: Sequence[RequestedDays] = ()

    @property
    def duration_seconds(self) -> float:
        """Seconds from start to end."""
        return round((self.ended_at - self.started_at).total_seconds(), 3)

    def to_json(self) -> str:
        """Return the summary as JSON."""
        document = {
            "started_at": _timestamp(self.started_at),
            "ended_at": _timestamp(self.ended_at),
            "duration_seconds": self.duration_seconds,
            "exit_code": self.exit_code,
            "error": self.error,
            "today": self.today,
            "streams": [
                {**dataclasses.asdict(counts), "seconds_waited": round(counts.seconds_waited, 3)}
                for counts in self.streams
            ],
            "skipped": _unread(self.skipped),
            "failed": _unread(self.failed),
            "completed": list(self.completed),
            "requested_days": list(map(dataclasses.asdict, self.requested_days)),
        }
        return json.dumps(document, indent=2) + "\n"

    def to_openmetrics(self) -> str:
        """Return the summary as OpenMetrics text."""
        from prometheus_client import CollectorRegistry  # noqa: PLC0415 - an optional package
        from prometheus_client.openmetrics.exposition import generate_latest  # noqa: PLC0415

        registry = CollectorRegistry()
        registry.register(self)
        text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
        return text.decode()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics. `CollectorRegistry` calls this method."""
        from prometheus_client.core import (  # noqa: PLC0415 - an optional package
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        for name, field, unit, description in STREAM_COUNTERS:
            counter = CounterMetricFamily(
                METRIC_PREFIX + name, description, labels=["stream"], unit=unit
            )
            for counts in self.streams:
                counter.add_metric([counts.stream], getattr(counts, field))
            yield counter
        for name, pairs in {"skipped": self.skipped, "failed": self.failed}.items():
            description = f"Advertisers of a stream that were not read: {name}."
            gauge = GaugeMetricFamily(METRIC_PREFIX + name, description, labels=["stream"])
            by_stream = collections.Counter(stream for stream, _ in pairs)
            for stream, advertisers in by_stream.items():
                gauge.add_metric([stream], advertisers)
            yield gauge
        for name, value, unit, description in (
            ("duration_seconds", self.duration_seconds, "seconds", "Duration of the run."),
            (
                "ended_timestamp_seconds",
                self.ended_at.timestamp(),
                "seconds",
                "Unix time of the end of the run.",
            ),
            ("exit_code", self.exit_code, "", "Exit code: 0 success, 75 rate limited."),
        ):
            yield GaugeMetricFamily(METRIC_PREFIX + name, description, value=value, unit=unit)


def _timestamp(time: dt.datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unread(messages: Mapping[tuple[str, str], str]) -> list[dict[str, str]]:
    return [
        {"stream": stream, "advertiser_id": advertiser, "message": message}
        for (stream, advertiser), message in messages.items()
    ]


@contextlib.contextmanager
def written_to(file: str | None, started: Sequence[RunContext]) -> Iterator[None]:
    """Write the summary file when the block ends, also by an exception.

    Args:
        file: Path of the file. None: write no file.
        started: Receives the context of the run once the run has started.

    Raises:
        ConfigError: The file cannot be written. This is checked before the block starts.
    """
    if file is None:
        yield
        return
    openmetrics = file.endswith(OPENMETRICS_SUFFIX)
    path = Path(os.path.realpath(file))
    _check(path, openmetrics=openmetrics)
    started_at, exit_code, cause = dt.datetime.now(dt.timezone.utc), 1, None
    try:
        yield
        exit_code = 0
    except TapError as error:
        exit_code, cause = error.exit_code, str(error)
        raise
    except SystemExit as end:
        exit_code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    except Exception as error:
        cause = f"{type(error).__name__}. The log of the run has the details."  # can hold a secret
        raise
    finally:
        with termination:
            termination.disregard_signals()  # a later signal would change the exit code
            if termination.exit_code is not None:
                exit_code, cause = termination.exit_code, _signal_text(termination.exit_code)
            ended_at = dt.datetime.now(dt.timezone.utc)
            summary = RunSummary(started_at, ended_at, exit_code, error=cause, **_facts(started))
            text = summary.to_openmetrics() if openmetrics else summary.to_json()
            _write(path, text, is_success=exit_code == 0)


def _facts(started: Sequence[RunContext]) -> dict[str, t.Any]:
    """Return counts and unread streams. A run that has not started has none."""
    if not started:
        return {"streams": ()}
    context = started[0]
    return {
        "streams": context.progress.summary(),
        "skipped": context.problems.skipped,
        "failed": context.problems.failed,
        "today": str(context.started_at.date()),
        "completed": context.progress.completed,
        "requested_days": _requested_days(context),
    }


def _requested_days(context: RunContext) -> list[RequestedDays]:
    """Return the days that each stream reads, with equal days of several streams together."""
    if "advertisers" not in vars(context):  # no request may be sent any more
        return []
    context.allow_requests = False  # an unknown lookback is not read after the run
    streams: dict[tuple[Window, tuple[str, ...]], list[str]] = {}
    for stream in context.streams.selected():
        if not isinstance(stream, WindowedStream) or not stream.window_days:
            continue
        for days, advertisers in _owners_by_days(stream).items():
            streams.setdefault((days, tuple(advertisers)), []).append(stream.name)
    return [
        RequestedDays(str(days.start), str(days.end), names, advertisers)
        for (days, advertisers), names in streams.items()
    ]


def _owners_by_days(stream: WindowedStream) -> dict[Window, list[str]]:
    owners: dict[Window, list[str]] = {}
    for owner, days in stream.window_plan.requested_days().items():
        if days is not None and days.start <= days.end:
            owners.setdefault(days, []).append(id_of(owner) or ALL_ADVERTISERS)
    return owners


def _signal_text(exit_code: int) -> str:
    name = signal.Signals(exit_code - SIGNAL_EXIT_CODE_OFFSET).name
    return f"The signal {name} ended the run."


def _check(file: Path, *, openmetrics: bool) -> None:
    if openmetrics:
        try:
            import prometheus_client  # noqa: F401, PLC0415 - an optional package
        except ImportError:
            msg = (
                f"Summary file {file} needs the package prometheus-client, which is not installed. "
                "Run in the environment of the tap: pip install prometheus-client"
            )
            raise ConfigError(msg) from None
    try:
        usable = file.parent.is_dir() and os.access(file.parent, os.W_OK)
        usable = usable and (file.is_file() or not file.exists())
    except OSError:  # for example, a name that is too long
        usable = False
    if not usable:
        msg = (
            f"Summary file {file} cannot be written: expected a file in a writable folder. "
            "Choose another path for --summary-file."
        )
        raise ConfigError(msg)


def _write(file: Path, text: str, *, is_success: bool) -> None:
    """Replace the file atomically: a reader gets the old file or the new one.

    Raises:
        ConfigError: The file cannot be written. After a failed run, it is logged.
    """
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, "utf-8")
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        msg = f"Summary file {file} cannot be written: {error.strerror}."
        if is_success:
            raise ConfigError(msg) from None
        logger.error("%s", msg)  # noqa: TRY400 - the run's own error ends it
