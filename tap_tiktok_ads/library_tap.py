"""The tap as the Python client uses it: streams without messages, signals or logging."""

from __future__ import annotations

import logging
import typing as t

import pendulum
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.exceptions import ConfigValidationError
from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import (
    ApiError,
    ConfigError,
    IncompleteError,
    PermissionDeniedError,
    TapError,
)
from tap_tiktok_ads.problems import ALL_STREAMS, ProblemLog
from tap_tiktok_ads.streams.reports.base import ReportStream
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from singer_sdk.singerlib.encoding.simple import Message

    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream


class _NoMessages(MsgSpecWriter):
    """Writes no Singer message."""

    @override
    def write_message(self, message: Message) -> None:
        """Do nothing."""


class _OwnLogger(logging.Logger):
    """The logger of the SDK's metrics, apart from the loggers of the process."""

    @override
    def setLevel(self, level: int | str) -> None:
        """Keep the level. The SDK reads it from the environment."""


class LibraryTap(TapTikTokAds):
    """The tap as a factory of streams. It leaves the process as it is."""

    @property
    def metrics_logger(self) -> logging.Logger:
        """A logger that nothing configures."""
        return self._metrics_logger

    @metrics_logger.setter
    def metrics_logger(self, _: logging.Logger) -> None:
        self._metrics_logger = _OwnLogger("metrics")

    @property
    def stream_names(self) -> Sequence[str]:
        """The names of all streams."""
        _ = self.streams  # fills the creators
        return tuple(self._creators)

    @override
    def _at_end_of_command(self, action: Callable[[], None]) -> None:
        """Do nothing: the client is closed by its user."""

    def open_stream(self, name: str) -> TikTokStream:
        """Return a new stream with all columns selected."""
        stream = self._creators[name]()
        stream.selected_by_default = True
        return stream

    @override
    def _names_to_create(self) -> list[str]:
        """Return no name: each read creates its own stream."""
        return []


class CallReport(ReportStream):
    """Records of a report of `TikTokAds.report`."""

    @override
    def configured_metrics(self) -> Sequence[str]:
        return self.report.metrics


class ReadProblems(ProblemLog):
    """The problems of one read. The client's log, which `sync_errors` reports, gets them, too."""

    def __init__(self, shared: ProblemLog) -> None:
        super().__init__(pendulum.now("UTC"))
        self._shared = shared
        self._denied: dict[str | None, ApiError] = {}  # by advertiser id

    @override
    def records(self) -> list[dict[str, t.Any]]:
        return self._shared.records()

    @override
    def add(self, stream: str, error: TapError, action: str, task: Task | None = None) -> None:
        super().add(stream, error, action, task)
        self._shared.add(stream, error, action, task)
        is_of_stream = stream != ALL_STREAMS and task is not None and not task.optional
        if isinstance(error, PermissionDeniedError) and task is not None and is_of_stream:
            self._denied[id_of(task.advertiser)] = error

    def raise_missing(self, stream: TikTokStream) -> None:
        """Raise if the stream could not be read completely.

        Raises:
            IncompleteError: Records are missing, or do not fit the schema.
            PermissionDeniedError: No advertiser may be read.
        """
        if self.failed:
            owners = ", ".join(dict.fromkeys(owner for _, owner in self.failed))
            harmless = {"skipped", "kept"}
            causes = [record for record in super().records() if record["action"] not in harmless]
            cause = causes[0]["message"] if causes else "The cause is unknown."
            msg = f"Read incomplete for {stream.name} (advertiser {owners}): {cause}"
            raise IncompleteError(msg)
        self.raise_unusable()
        owner_count = len(stream.advertisers) if stream.per_advertiser else 1
        if self._denied and len(self._denied) >= owner_count:
            raise next(iter(self._denied.values()))


def make_tap(config: Mapping[str, t.Any]) -> LibraryTap:
    """Return the tap of a client.

    Raises:
        ConfigError: A setting cannot be used.
    """
    try:
        return LibraryTap(config=dict(config), message_writer=_NoMessages(), setup_mapper=False)
    except ConfigValidationError as error:
        raise ConfigError(" ".join(error.errors)) from None
