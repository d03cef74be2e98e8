"""Problems of a run: what was skipped, what failed, and what the stream `sync_errors` reports."""

from __future__ import annotations

import itertools
import operator
import threading
import typing as t

import pendulum

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.extract.verification import Mismatch

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_tiktok_ads.extract.casting import Drift
    from tap_tiktok_ads.extract.pages import Page, Task
    from tap_tiktok_ads.extract.source import Source
    from tap_tiktok_ads.extract.task_groups import ListPass

#: Maximum number of problems that a run keeps.
MAX_PROBLEMS = 10_000
#: Maximum number of new fields that one warning names, and maximum characters of each.
MAX_NEW_FIELDS = 20
MAX_NAME_LENGTH = 100
#: Stands for the advertiser of requests that read the data of many.
ALL_ADVERTISERS = "all"
#: Errors after which nothing else can be read either.
FATAL_ERRORS = (errors.AuthError, errors.ThrottledError, errors.ConfigError)


class ProblemLog:
    """The problems of one run, over all streams.

    Attributes:
        skipped: Stream and advertiser of what was denied.
        failed: Stream and advertiser of what is incomplete.
    """

    def __init__(self, started_at: pendulum.DateTime) -> None:
        self.skipped: list[tuple[str, str]] = []
        self.failed: list[tuple[str, str]] = []
        self._started_at = started_at
        self._records: dict[int, dict[str, t.Any]] = {}  # by id of the error
        self._errors: list[errors.TapError] = []  # kept, so that no id is used twice

    def add(
        self, stream: str, error: errors.TapError, action: str, task: Task | None = None
    ) -> None:
        """Keep an error once, and what was done about it."""
        if id(error) in self._records or len(self._records) >= MAX_PROBLEMS:
            return
        number = len(self._records) + 1
        error_id = f"{self._started_at.format('YYYYMMDDTHHmmss.SSSSSS')}-{number}"
        self._records[id(error)] = _record(error_id, stream, error, action, task)
        self._errors.append(error)

    def records(self) -> list[dict[str, t.Any]]:
        """Return the records of the stream `sync_errors`."""
        return [dict(record) for record in self._records.values()]

    def add_skipped(self, stream: str, advertiser_id: str) -> None:
        """Register once that a stream was skipped for an advertiser."""
        if (stream, advertiser_id) not in self.skipped:
            self.skipped.append((stream, advertiser_id))

    def add_failed(self, stream: str, advertiser_id: str) -> None:
        """Register that a stream is incomplete for an advertiser."""
        self.failed.append((stream, advertiser_id))

    def log_skipped(self, logger: logging.Logger) -> None:
        """Log at the end of a run what was skipped."""
        for stream, skipped in itertools.groupby(self.skipped, key=operator.itemgetter(0)):
            advertiser_ids = [advertiser_id for _, advertiser_id in skipped]
            logger.warning(
                "Skipped stream %s for %d advertiser(s): permission denied (%s).",
                stream,
                len(advertiser_ids),
                ", ".join(advertiser_ids),
            )

    def raise_incomplete(self) -> None:
        """Raise the error that ends a run which went on after errors.

        Raises:
            IncompleteError: A stream is incomplete.
        """
        if not self.failed:
            return
        names = dict.fromkeys(f"{stream} (advertiser {owner})" for stream, owner in self.failed)
        msg = (
            f"Sync incomplete for {', '.join(names)}. The bookmark was not advanced; "
            "run the tap again to retry."
        )
        raise errors.IncompleteError(msg)


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
    """Warnings of one stream, each of which is logged once in a run. Thread-safe."""

    def __init__(self, logger: logging.Logger) -> None:
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
        """Log a warning, unless one with this key was logged before."""
        if self.is_new(key):
            self._logger.warning(message, *args)


class StreamProblems:
    """Decides what a denied, failed or incomplete page means for one stream.

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
        """
        self._source = source
        self._log = log
        self._warnings = warnings
        self._stops_on_error = stops_on_error
        self._hold_bookmark = hold_bookmark
        self._drift = drift
        self._mask = mask
        self._list_cap = list_cap

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
            self._warnings.log(
                f"truncated {task.advertiser} {task.window}",
                "TikTok looked at its 20,000 newest ads only: records may be missing for %s.",
                task.request.label,
            )
        if self._list_cap is not None and (page.total or 0) >= self._list_cap:
            self._warnings.log(
                f"capped {task.advertiser}",
                "TikTok lists the %d most recently changed assets only, for %s.",
                self._list_cap,
                task.request.label,
            )
        self._report_drift()

    def is_dispensable(self, task: Task, page: Page) -> bool:
        """Return True if a denied request loses no data."""
        return page.denied is not None and self._source.is_dispensable(task, page.denied)

    def on_mismatch(self, first_task: Task, counts: ListPass, mismatch: Mismatch) -> None:
        """Report a list whose record count does not match its total.

        Records can be missing only if the list is incomplete: then the bookmark stays.
        """
        totals = " or ".join(map(str, sorted(counts.totals)))
        facts = (
            f"{first_task.request.label}: TikTok reports {totals} records, received "
            f"{counts.received}, {counts.repeated} of them twice, in every pass."
        )
        if mismatch is Mismatch.INCONSISTENT:
            error = errors.IncompleteError(f"{facts} Its count seems to mean something else.")
            self._log.add(self._source.name, error, "kept", first_task)
            self._warnings.log("inconsistent total", "%s", error)
        elif mismatch is Mismatch.WITHOUT_KEY:
            self._warnings.log(
                f"mismatch {first_task.list_key}",
                "%s Records without a key cannot be told apart.",
                facts,
            )
        else:
            error = errors.IncompleteError(
                f"{facts} Records may be missing; the next run reads them again."
            )
            self.add_incomplete(first_task, error, "read again by the next run")
            self._warnings.log(f"mismatch {first_task.list_key}", "%s", error)

    def add_incomplete(self, task: Task, error: errors.TapError, action: str) -> None:
        """Hold the bookmark where records are missing. The run ends with an error."""
        self._hold_bookmark(task)
        self._log.add(self._source.name, error, action, task)
        self._log.add_failed(self._source.name, id_of(task.advertiser) or ALL_ADVERTISERS)

    def _on_failure(self, task: Task, error: errors.TapError) -> None:
        if isinstance(error, errors.IncompleteError):
            self.add_incomplete(task, error, "read again by the next run")
            self._warnings.log(f"incomplete {task.advertiser} {task.window}", "%s", error)
            return
        if self._stops_on_error or isinstance(error, FATAL_ERRORS):
            self._log.add(self._source.name, error, "ended the run", task)
            raise error
        self.add_incomplete(task, error, "left out")
        owner = id_of(task.advertiser) or ALL_ADVERTISERS
        self._warnings.log(
            f"failed {task.advertiser}", "Continuing without advertiser %s: %s", owner, error
        )

    def _on_denial(self, task: Task, error: errors.ApiError) -> None:
        """Warn once per stream. The end of the run names all advertisers."""
        owner = id_of(task.advertiser) or ALL_ADVERTISERS
        self._log.add(self._source.name, error, "skipped", task)
        if not self._source.is_dispensable(task, error):
            self._hold_bookmark(task)
            self._log.add_skipped(self._source.name, owner)
        what = "TopView objects of advertiser" if task.optional else "advertiser"
        self._warnings.log(f"denied {what}", "Skipping %s %s: %s", what, owner, error)

    def _report_drift(self) -> None:
        new_fields, unreadable = self._drift().take()
        new_fields = [name for name in new_fields if self._warnings.is_new(f"new field {name}")]
        if new_fields:
            names = [f"{name:.{MAX_NAME_LENGTH}}" for name in new_fields[:MAX_NEW_FIELDS]]
            if len(new_fields) > MAX_NEW_FIELDS:
                names.append(f"{len(new_fields):,} in all")
            self._warnings.log(
                f"new fields {new_fields}",
                "New fields that are not in the schema were kept: %s.",
                self._mask(", ".join(names)),
            )
        for name, value in unreadable.items():
            self._warnings.log(
                f"unreadable {name}",
                "Field %r held %.100s, which does not fit its type.",
                name,
                self._mask(repr(value)),
            )
