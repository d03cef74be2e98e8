"""Problems of a run: skipped and failed reads, which the stream `sync_errors` reports."""

from __future__ import annotations

import itertools
import operator
import threading
import typing as t
import uuid

import pendulum

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.advertisers import Advertiser, id_of, info_request
from tap_tiktok_ads.api.masking import escape
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.task_groups import Verdict
from tap_tiktok_ads.problem_texts import (
    NO_TASKS,
    incomplete_text,
    truncation_text,
    unusable_text,
    verdict_text,
)

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_tiktok_ads.api.advertisers import FoundAdvertisers
    from tap_tiktok_ads.extract.drift import Drift, DriftReport
    from tap_tiktok_ads.extract.pages import Page
    from tap_tiktok_ads.extract.source import Source
    from tap_tiktok_ads.extract.task_groups import ListProgress

#: Maximum number of problems that a run keeps.
MAX_PROBLEMS = 10_000
#: Maximum number of new fields that one warning names, and maximum characters of each.
MAX_NEW_FIELDS = 20
MAX_NAME_LENGTH = 100
#: Maximum number of skipped subjects of a stream that warnings name.
MAX_SKIPPED_SUBJECTS = 10
#: Stands for the advertiser of requests that read the data of many.
ALL_ADVERTISERS = "all"
#: Stands for the stream if no stream of an advertiser is read.
ALL_STREAMS = "all streams"
#: Errors that stop the sync, because all other reads would fail, too.
FATAL_ERRORS = (errors.AuthError, errors.ThrottledError, errors.ConfigError)

#: Errors whose cause is not a stream.
RUN_ERRORS = (errors.ConfigError, errors.StorageError)


class ProblemLog:
    """The problems of one run, over all streams.

    Attributes:
        skipped: Stream and advertiser of what was denied.
        failed: Each incomplete stream and advertiser.
        unusable: Streams with records or values that do not fit their schema.
    """

    def __init__(self, started_at: pendulum.DateTime) -> None:
        self.skipped: list[tuple[str, str]] = []
        self.failed: list[tuple[str, str]] = []
        self.unusable: dict[str, set[str]] = {}  # texts by stream
        self._first_cause = ""  # of an incomplete stream
        # Jobs that start at the same time append to one table, as shards do.
        self._run_id = f"{started_at.format('YYYYMMDDTHHmmss.SSSSSS')}-{uuid.uuid4().hex[:8]}"
        self._lock = threading.Lock()
        self._records: dict[int, dict[str, t.Any]] = {}  # by id of the error
        self._errors: list[errors.TapError] = []  # kept, so that no id is used twice

    def add(
        self, stream: str, error: errors.TapError, action: str, task: Task | None = None
    ) -> None:
        """Keep an error once, with the action taken."""
        with self._lock:  # lookups report from workers
            if id(error) in self._records or len(self._records) >= MAX_PROBLEMS:
                return
            number = len(self._records) + 1
            error_id = f"{self._run_id}-{number}"
            self._records[id(error)] = _record(error_id, stream, error, action, task)
            self._errors.append(error)

    def add_final(self, stream: str, error: errors.TapError, task: Task | None = None) -> None:
        """Keep the error that ends the run, and name the stream in its text.

        An unusable setting and a full disk concern all streams, so these texts stay as they are.
        """
        self.add(stream, error, "ended the run", task)
        if error.stream is None and not isinstance(error, RUN_ERRORS):
            error.stream = stream

    def records(self) -> list[dict[str, t.Any]]:
        """Return the records of the stream `sync_errors`."""
        return [dict(record) for record in self._records.values()]

    def add_skipped(self, stream: str, advertiser_id: str) -> None:
        """Register once that a stream was skipped for an advertiser."""
        if (stream, advertiser_id) not in self.skipped:
            self.skipped.append((stream, advertiser_id))

    def add_failed(self, stream: str, advertiser_id: str, cause: object = "") -> None:
        """Register once that a stream is incomplete for an advertiser, and keep the first cause."""
        self._first_cause = self._first_cause or str(cause)
        if (stream, advertiser_id) not in self.failed:
            self.failed.append((stream, advertiser_id))

    def add_unread_advertisers(self, advertisers: FoundAdvertisers) -> None:
        """Register the advertisers that the run does not read."""
        for advertiser_id, denial in advertisers.denied.items():
            self.add(ALL_STREAMS, denial, "skipped", _details_task(advertiser_id))
            self.add_skipped(ALL_STREAMS, advertiser_id)
        self.add_missing_advertisers(advertisers)

    def add_missing_advertisers(self, advertisers: FoundAdvertisers) -> None:
        """Register the advertisers that TikTok did not return."""
        for advertiser_id, error in advertisers.missing.items():
            self.add(ALL_STREAMS, error, "read again by the next run", _details_task(advertiser_id))
            self.add_failed(ALL_STREAMS, advertiser_id, error)

    def add_unusable(self, stream: str, message: str, action: str) -> bool:
        """Keep once a message about data that does not fit a stream. Return True if it is new.

        The run ends with an error, although a retry would not help.
        """
        messages = self.unusable.setdefault(stream, set())
        if message in messages or len(messages) >= MAX_PROBLEMS:
            return False
        messages.add(message)
        self.add(stream, errors.ResponseError(message), action)
        return True

    def log_skipped(self, logger: logging.Logger) -> None:
        """Log the skipped streams and advertisers at the end of a run."""
        for stream, skipped in itertools.groupby(self.skipped, key=operator.itemgetter(0)):
            advertiser_ids = [advertiser_id for _, advertiser_id in skipped]
            logger.warning(
                "Skipped %s for %d advertiser(s): permission denied (%s).",
                stream if stream == ALL_STREAMS else f"stream {stream}",
                len(advertiser_ids),
                ", ".join(advertiser_ids),
            )

    def raise_incomplete(self) -> None:
        """Raise the error that ends a run which went on after errors.

        Raises:
            IncompleteError: A stream is incomplete, or has records that do not fit its schema.
        """
        if not self.failed:
            self.raise_unusable()
            return
        text = incomplete_text(self.failed, self._first_cause)
        if self.unusable:
            text += f" {self._unusable_text()}"
        raise errors.IncompleteError(text)

    def raise_unusable(self) -> None:
        """Raise if records or values do not fit their schema.

        Raises:
            IncompleteError: Some do not.
        """
        if self.unusable:
            raise errors.IncompleteError(self._unusable_text())

    def _unusable_text(self) -> str:
        first = next(iter(next(iter(self.unusable.values()))))
        return unusable_text(self.unusable, first)


def _details_task(advertiser_id: str) -> Task:
    """Return the task that reads the details of an advertiser."""
    return Task(info_request([advertiser_id]), Advertiser(advertiser_id))


def _record(
    error_id: str, stream: str, error: errors.TapError, action: str, task: Task | None
) -> dict[str, t.Any]:
    """Return the record that reports an error."""
    window = task.window if task else None
    return {
        "occurred_at": pendulum.now("UTC").to_iso8601_string(),
        "stream": stream,
        "advertiser_id": id_of(task.advertiser) if task else None,
        "window_start": window.start.isoformat() if window else None,
        "window_end": window.end.isoformat() if window else None,
        "code": getattr(error, "code", None),
        "message": str(error),
        "request_id": getattr(error, "request_id", None),
        "action": action,
        "error_id": error_id,
    }


class Warnings:
    """Warnings of one stream, each of which names the stream and is logged once. Thread-safe."""

    def __init__(self, stream: str, logger: logging.Logger) -> None:
        self._stream = stream
        self._logger = logger
        self._logged: set[str] = set()
        self._lock = threading.Lock()

    def is_new(self, key: str) -> bool:
        """Return True if nothing was logged under this key before, and register it."""
        with self._lock:
            is_new = key not in self._logged
            self._logged.add(key)
        return is_new

    def log(self, key: str, message: str, *args: t.Any) -> None:
        """Log a warning on one line, unless one with this key was logged before.

        Args:
            key: Identifies the warning within the stream.
            message: The text. Its first `%s` is the name of the stream.
            args: Values of the other placeholders.
        """
        if self.is_new(key):
            args = tuple(escape(arg) if isinstance(arg, str) else arg for arg in args)
            self._logger.warning(message, self._stream, *args)


class StreamProblems:
    """Handles denied, failed and incomplete pages of one stream.

    It implements the observer of the list verifier.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        source: Source,
        log: ProblemLog,
        warnings: Warnings,
        *,
        stops_on_error: bool,
        hold_bookmark: Callable[[Task], None],
        drift: Callable[[], Drift],
        mask: Callable[[str], str],
        list_cap: int | None = None,
        truncation_advice: Callable[[Task], str] = lambda _: NO_TASKS,
    ) -> None:
        """Prepare.

        Args:
            source: The endpoint of the stream.
            log: The problems of the run.
            warnings: The warnings of the stream.
            stops_on_error: True if an error ends the run (`on_error: fail`).
            hold_bookmark: Keeps the bookmark of a task's advertiser where it is.
            drift: Returns the fields that do not fit the schema.
            mask: Removes secrets from a text.
            list_cap: Maximum number of objects that the endpoint lists, if it is limited.
            truncation_advice: Returns what to do if a report covers a part of the ads.
        """
        self._source = source
        self._log = log
        self._warnings = warnings
        self._stops_on_error = stops_on_error
        self._hold_bookmark = hold_bookmark
        self._drift = drift
        self._mask = mask
        self._list_cap = list_cap
        self._truncation_advice = truncation_advice
        self._skipped_subjects: set[str] = set()

    def on_page(self, task: Task, page: Page) -> None:
        """Log the warnings of a page.

        Raises:
            TapError: The error of a failed page, if it ends the run.
        """
        if page.failed is not None:
            self._on_failure(task, page.failed)
        if page.denied is not None:
            self._on_denial(task, page.denied)
        if page.is_truncated:
            self._on_truncation(task)
        self.report_drift()

    def is_dispensable(self, task: Task, page: Page) -> bool:
        """Return True if a denied request loses no data."""
        return page.denied is not None and self._source.is_dispensable(task, page.denied)

    def on_verdict(self, progress: ListProgress, verdict: Verdict) -> None:
        """Report a list that is incomplete, capped, or complete only because passes agree.

        Only an incomplete list holds the bookmark.
        """
        first_task = progress.first_task
        error = errors.IncompleteError(verdict_text(progress, verdict, self._list_cap))
        if verdict is Verdict.INCOMPLETE:
            self._report_incomplete(first_task, error, first_task.list_key)
            return
        self._log.add(self._source.name, error, "kept", first_task)
        message = "Cannot confirm the record count of stream %s: %s"
        self._warnings.log(f"{verdict} {first_task.advertiser}", message, error)

    def _report_incomplete(self, task: Task, error: errors.TapError, key: str) -> None:
        """Hold the bookmark where records are missing, and warn once per key."""
        self.add_incomplete(task, error, "read again by the next run")
        self._warnings.log(f"incomplete {key}", "Stream %s is incomplete: %s", error)

    def add_incomplete(self, task: Task, error: errors.TapError, action: str) -> None:
        """Hold the bookmark where records are missing. The run ends with an error."""
        self._hold_bookmark(task)
        self._log.add(self._source.name, error, action, task)
        self._log.add_failed(self._source.name, id_of(task.advertiser) or ALL_ADVERTISERS, error)

    def _on_truncation(self, task: Task) -> None:
        """Report a report that covers a part of the ads, and that nothing could replace."""
        text = truncation_text(task, self._truncation_advice(task))
        error = errors.IncompleteError(text)
        self._report_incomplete(task, error, f"truncated {task.advertiser} {task.window}")

    def _on_failure(self, task: Task, error: errors.TapError) -> None:
        if isinstance(error, errors.IncompleteError):
            self._report_incomplete(task, error, f"{task.advertiser} {task.window}")
            return
        if self._stops_on_error or isinstance(error, FATAL_ERRORS):
            self._log.add_final(self._source.name, error, task)
            raise error
        self.add_incomplete(task, error, "left out")
        owner = id_of(task.advertiser) or ALL_ADVERTISERS
        self._warnings.log(
            f"failed {task.advertiser}",
            "Continuing stream %s without advertiser %s: %s",
            owner,
            error,
        )

    def _on_denial(self, task: Task, error: errors.ApiError) -> None:
        """Warn once per subject. The end of the run names all advertisers."""
        owner = id_of(task.advertiser) or ALL_ADVERTISERS
        self._log.add(self._source.name, error, "skipped", task)
        if not self._source.is_dispensable(task, error):
            self._hold_bookmark(task)
            self._log.add_skipped(self._source.name, owner)
        what = self._source.subject_of(task)
        self._skipped_subjects.add(what)
        if len(self._skipped_subjects) > MAX_SKIPPED_SUBJECTS:
            text = "Stream %s skips further objects. The stream sync_errors has all of them."
            self._warnings.log("denied further", text)
            return
        is_rejected = isinstance(error, errors.RejectedRequestError)  # no setting is the cause
        text = error.facts if is_rejected else str(error)
        self._warnings.log(f"denied {what}", "Stream %s skips %s %s: %s", what, owner, text)

    def report_drift(self) -> None:
        """Report the fields, values and records that do not fit the schema."""
        drift = self._drift().take()
        self._report_unusable(drift)
        unknown = drift.unknown_columns
        new_fields = [name for name in unknown if self._warnings.is_new(f"new field {name}")]
        if new_fields:
            names = [
                f"{escape(self._mask(name)):.{MAX_NAME_LENGTH}}"
                for name in new_fields[:MAX_NEW_FIELDS]
            ]
            if len(new_fields) > MAX_NEW_FIELDS:
                names.append(f"{len(new_fields):,} in all")
            self._warnings.log(
                f"new fields {new_fields}",
                "Stream %s received fields that are not in its schema: %s. They are kept. To get "
                "them as columns, run --discover again, or look for a newer version of the tap.",
                ", ".join(names),
            )
        if drift.has_repaired_text:
            self._warnings.log(
                "repaired text",
                "Stream %s received text that is not valid Unicode or JSON. Invalid characters "
                "became U+FFFD, and invalid numbers null.",
            )
        for name, value in drift.bad_values.items():
            self._warnings.log(
                f"unreadable {name}",
                "Stream %s writes null in column %.100s: its type cannot hold the value %.100s.",
                escape(self._mask(name)),
                self._mask(repr(value)),
            )

    def _report_unusable(self, drift: DriftReport) -> None:
        """Report records that could not be written. The run ends with an error."""
        for column, value in drift.fractions.items():
            if self._warnings.is_new(f"fraction {column}"):
                shown = self._mask(f"{value!r:.100}")
                text = f"column {column!r} expects an integer, got {shown}. Null was written."
                self._add_unusable(text, "written as null")
        for reason in drift.unusable_records:
            text = f"{self._mask(reason)}. The record was left out."
            self._add_unusable(text, "left out")

    def _add_unusable(self, text: str, action: str) -> None:
        if self._log.add_unusable(self._source.name, text, action):
            message = "Stream %s has data that does not fit its schema: %s"
            self._warnings.log(f"unusable {text}", message, text)
