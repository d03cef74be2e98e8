"""Choice between synchronous reports and asynchronous report tasks.

A synchronous report looks at the 20,000 newest ads only, and can be too large. A report task does
neither, but takes minutes, and cannot make every report.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from tap_tiktok_ads.api.advertisers import batches
from tap_tiktok_ads.api.errors import (
    IncompleteError,
    PermissionDeniedError,
    RejectedRequestError,
    ResponseError,
    is_too_large,
)
from tap_tiktok_ads.api.hosts import (
    CHECK_TASK_PATH,
    CREATE_TASK_PATH,
    DOWNLOAD_TASK_PATH,
    REPORT_PATH,
)
from tap_tiktok_ads.api.report_rules import MAX_METRICS, task_conflict
from tap_tiktok_ads.api.report_tasks import report_task
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.problem_texts import NO_TASKS, tasks_unusable_text
from tap_tiktok_ads.streams.file_parts import FilePages
from tap_tiktok_ads.streams.reports.daily_sums import METRICS
from tap_tiktok_ads.streams.reports.filters import deleted_filter, promote_filters
from tap_tiktok_ads.streams.reports.task_contents import id_filters
from tap_tiktok_ads.streams.reports.topview import for_topview

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.csv_files import CsvFile
    from tap_tiktok_ads.api.errors import TapError
    from tap_tiktok_ads.api.file_tasks import FileTasks
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.config.settings import Settings
    from tap_tiktok_ads.extract.conversion import PageBuilder
    from tap_tiktok_ads.extract.pages import Record
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.streams.reports.metric_selection import MetricSelection
    from tap_tiktok_ads.streams.reports.task_contents import TaskContent, TaskContents
    from tap_tiktok_ads.streams.reports.task_verification import TaskVerifier


class _MissingColumnsError(ResponseError):
    """The file of a report task lacks requested columns."""


#: Errors of one advertiser's report tasks, after which its reports are read synchronously.
FALLBACK_ERRORS = (
    PermissionDeniedError,
    RejectedRequestError,
    IncompleteError,
    _MissingColumnsError,
)
#: How often the tasks of a window are created if their sums differ from the total.
MAX_ATTEMPTS = 2
#: Maximum numbers of differing days, and of columns, that a message names.
MAX_NAMED_DAYS, MAX_NAMED_COLUMNS = 5, 10


@dataclasses.dataclass(frozen=True, slots=True)
class AsyncTask(Task):
    """A report that only a report task can bring."""


@dataclasses.dataclass(frozen=True, slots=True)
class SyncTask(Task):
    """A report that is read synchronously because the files of its report tasks differ."""


@dataclasses.dataclass(frozen=True)
class TaskFile:
    """The file that a report task made, and which of its rows count."""

    report: CsvFile
    content: TaskContent

    def rows(self, number: int) -> Iterator[dict[str, str]]:
        """Return the rows of a part that become records."""
        return filter(self.content.counts, self.report.read_part(number))

    def all_rows(self) -> Iterator[dict[str, str]]:
        """Yield the rows of all parts that become records."""
        for number in range(self.report.part_count):
            yield from self.rows(number)


@dataclasses.dataclass(frozen=True, slots=True)
class AsyncPart(Task):
    """A part of the file that a report task made."""

    file: TaskFile = dataclasses.field(kw_only=True)
    number: int = dataclasses.field(kw_only=True)

    def raw_records(self, dimensions: Sequence[str]) -> list[Record]:
        """Return the records in the shape of a synchronous report."""
        added = set(METRICS).difference(self.request.params["metrics"])
        return [_raw_record(row, dimensions, added) for row in self.file.rows(self.number)]


def _raw_record(row: Record, dimensions: Sequence[str], added: set[str]) -> Record:
    """Return a row in the shape of a synchronous report, without added metrics."""
    values = {name: row.pop(name, None) for name in dimensions}
    metrics = {name: value for name, value in row.items() if name not in added}
    return {"dimensions": values, "metrics": metrics}


class AsyncReports:
    """Decides which requests become report tasks, and reads their files. Used by workers."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        definition: ReportDefinition,
        metrics: MetricSelection,
        builder: PageBuilder,
        warnings: Warnings,
        *,
        path: str,
        settings: Settings,
        contents: TaskContents,
        verifier: TaskVerifier,
        file_tasks: Callable[[], FileTasks],
        is_dry_run: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            definition: The report.
            metrics: Its metrics.
            builder: Turns raw records into pages.
            warnings: The warnings of the stream.
            path: The endpoint of the synchronous report.
            settings: `report_mode`, `include_deleted` and `environment`.
            contents: Decides which tasks bring a report.
            verifier: Compares the files of a report with a synchronous total.
            file_tasks: Returns the tasks of the run that make files.
            is_dry_run: Returns True if the stream is only tested.
        """
        self._definition, self._metrics = definition, metrics
        self._file_pages = FilePages(builder)
        self._warnings = warnings
        self._path = path
        self._settings = settings
        self._contents = contents
        self._verifier = verifier
        self._file_tasks = file_tasks
        self._is_dry_run = is_dry_run
        self._truncated: set[str] = set()  # ids of advertisers with too many ads
        self._unavailable: dict[str, str] = {}  # reasons by ID of an advertiser

    def endpoints(self, task: Task) -> Sequence[str]:
        """Return the endpoints that a task requests at least."""
        if self.comes_first(task):
            return (CREATE_TASK_PATH, CHECK_TASK_PATH, DOWNLOAD_TASK_PATH)
        metric_batches = batches(task.request.params["metrics"], MAX_METRICS)
        return (task.request.path,) * max(1, len(list(metric_batches)))

    def is_planned(self, task: Task) -> bool:
        """Return True if report tasks read the report from the outset, by the settings alone."""
        return self._settings.report_mode == "async" and self._is_possible(task)

    def comes_first(self, task: Task) -> bool:
        """Return True if a report task is tried before a synchronous request."""
        is_wanted = self._settings.report_mode == "async" or _owner(task) in self._truncated
        return (is_wanted or isinstance(task, AsyncTask)) and self.can_read(task)

    def can_replace(self, task: Task, error: TapError) -> bool:
        """Return True if a report task can return records that a synchronous report lacks."""
        return is_too_large(error) and not task.request.splittable and self.can_read(task)

    def can_read(self, task: Task) -> bool:
        """Return True if a report task returns the records of synchronous reports. Warn if not."""
        return _owner(task) not in self._unavailable and self._is_possible(task)

    def _is_possible(self, task: Task) -> bool:
        """Return True if TikTok makes tasks of the report. Warns if it does not.

        TopView ads have no task of their own: they come with the tasks of the report.
        """
        if self._settings.report_mode == "sync" or self._path != REPORT_PATH or task.page > 1:
            return False
        if self._is_dry_run() or task.optional or isinstance(task, SyncTask):
            return False
        conflict = self._conflict(task)
        if conflict is not None:
            self._warnings.log("no tasks", "Stream %s uses synchronous requests: %s.", conflict)
        return conflict is None

    def truncation_advice(self, task: Task) -> str:
        """Return what to do if the synchronous report covers a part of the ads."""
        if self._path != REPORT_PATH:
            return NO_TASKS
        if self._settings.report_mode == "sync":
            return "Set report_mode to 'auto' to read all."
        if isinstance(task, SyncTask):
            return tasks_unusable_text("their records differ from the synchronous total")
        reason = self._unavailable.get(_owner(task)) or self._conflict(task)
        return tasks_unusable_text(reason)

    def _conflict(self, task: Task) -> str | None:
        if self._settings.environment == "sandbox":
            return "the sandbox has no report tasks"
        params = task.request.params
        own_filters = promote_filters(self._definition.report_type, self._definition.dimensions)
        if self._settings.include_deleted:
            own_filters.append(deleted_filter(self._definition.level))
        filters = [
            condition["field_name"]
            for condition in params.get("filtering", ())
            if condition not in own_filters
        ]
        return task_conflict(self._definition, params["metrics"], filters)

    def replace_truncated(self, task: Task, fetched: Fetched) -> Fetched:
        """Return the parts of report tasks instead of a truncated page."""
        self._truncated.add(_owner(task))
        return self.fetch(task, lambda: fetched)

    def fetch(self, task: Task, fallback: Callable[[], Fetched] | None) -> Fetched:
        """Return the result of report tasks, or of the fallback.

        Args:
            task: The report.
            fallback: Returns the result without report tasks, or None if there is no fallback.

        Raises:
            TapError: A report task fails, and there is no fallback.
        """
        try:
            return self._fetch_verified(task, is_replaceable=fallback is not None)
        except FALLBACK_ERRORS as error:
            is_async_only = self._settings.report_mode == "async"
            can_heal = is_async_only and self._metrics.rejected_in(task, error)
            if fallback is None or can_heal:
                raise
            self._unavailable[_owner(task)] = str(error)
            self._warnings.log("fallback", "Continuing stream %s without report tasks: %s", error)
            return fallback()

    def _fetch_verified(self, task: Task, *, is_replaceable: bool) -> Fetched:
        """Return the parts of files that agree with the synchronous total.

        Files that differ are made once more. If they still differ, the report is read
        synchronously, unless that would leave out ads. Then the window is incomplete.
        """
        for _ in range(MAX_ATTEMPTS):
            files = self._read_files(task)
            rows = (row for file in files for row in file.all_rows())
            columns = files[0].report.columns
            metrics = [name for name in METRICS if name in columns]
            days = self._verifier.differing_days(task, rows, metrics)
            if not days:
                return Page(), self._parts(task, files)
            self._warnings.log(
                f"differs {task.request.label} {task.window}",
                "Stream %s reads %s again: the records of report tasks differ from the synchronous "
                "total on %s.",
                task.request.label,
                _named(days),
            )
        if is_replaceable and _owner(task) not in self._truncated:
            return Page(), self.synchronous_tasks(task, SyncTask)
        msg = (
            f"{task.request.label}: the records of report tasks differ from the synchronous total "
            f"on {_named(days)}, after {MAX_ATTEMPTS} attempts. Records may be missing. The next "
            "run reads them again."
        )
        return Page(failed=IncompleteError(msg)), self._parts(task, files)

    def _read_files(self, task: Task) -> list[TaskFile]:
        """Create all tasks of a report, and return their files.

        Raises:
            TapError: A task fails.
        """
        contents = self._contents.of(task, id_filters(task))
        file_tasks, stream = self._file_tasks(), self._definition.name
        started = [
            file_tasks.start(report_task(_task_request(task.request, content)), stream)
            for content in contents
        ]
        files = [
            TaskFile(file_tasks.finish(created, stream), content)
            for created, content in zip(started, contents, strict=True)
        ]
        columns = (*self._definition.dimensions, *task.request.params["metrics"])
        for file in files:
            lacking = [name for name in columns if name not in file.report.columns]
            if lacking:
                names = ", ".join(lacking[:MAX_NAMED_COLUMNS])
                more = ", ..." if len(lacking) > MAX_NAMED_COLUMNS else ""
                msg = (
                    f"{task.request.label}: the report task lacks {len(lacking)} requested "
                    f"column(s): {names}{more}."
                )
                raise _MissingColumnsError(msg)
        return files

    def synchronous_tasks(self, task: Task, kind: type[Task] = Task) -> Sequence[Task]:
        """Return synchronous tasks for a report whose window report tasks were to read.

        Args:
            task: The report.
            kind: The class of the tasks.
        """
        if task.window is None:
            return [kind(task.request, task.advertiser)]
        _, parent_window = task.partition
        days = dates.WINDOW_DAYS[self._definition.time_dimension or ""]
        window_tasks = []
        for window in dates.split_windows(task.window.start, task.window.end, days):
            window_task = task.with_params(start_date=str(window.start), end_date=str(window.end))
            window_tasks.append(
                kind(window_task.request, task.advertiser, window, parent_window=parent_window)
            )
        return window_tasks

    def checked(self, task: Task, page: Page) -> Page:
        """Return a synchronous page. It failed if it lacks what differing report tasks lack."""
        if not isinstance(task, SyncTask) or not page.is_truncated:
            return page
        msg = (
            f"{task.request.label}: the records of report tasks differ from the synchronous "
            "total, and the synchronous report leaves out ads. Records may be missing. "
            "The next run reads them again."
        )
        return dataclasses.replace(page, failed=IncompleteError(msg))

    def is_too_long(self, task: Task) -> bool:
        """Return True if a window has more days than a synchronous report can have."""
        max_days = dates.WINDOW_DAYS.get(self._definition.time_dimension or "")
        return task.window is not None and max_days is not None and task.window.days > max_days

    @staticmethod
    def _parts(task: Task, files: Sequence[TaskFile]) -> list[Task]:
        return [
            AsyncPart(
                (for_topview(task) if file.content.is_topview else task).request,
                task.advertiser,
                task.window,
                parent_window=task.parent_window,
                file=file,
                number=number,
            )
            for file in files
            for number in range(file.report.part_count)
        ]

    def read_part(self, task: AsyncPart) -> Page:
        """Return the page of a part of a report file. It is no page of a list.

        A file holds each row once, so no row needs a fingerprint. Memory stays bounded for windows
        of any length.

        Raises:
            ResponseError: A row has more or fewer fields than there are columns.
        """
        read = functools.partial(task.raw_records, self._definition.dimensions)
        page = self._file_pages.build(task, task.file.report, task.number, read)
        return dataclasses.replace(page, fingerprints=None)


def _owner(task: Task) -> str:
    return task.advertiser.id if task.advertiser else ""


def _task_request(request: Request, content: TaskContent) -> Request:
    """Return the request for one report task, with the metrics that are compared."""
    params: Mapping[str, t.Any] = {
        name: value for name, value in request.params.items() if name != "filtering"
    }
    metrics = params["metrics"]
    compared = [name for name in METRICS if name not in metrics]
    if len(metrics) + len(compared) <= MAX_METRICS:
        params = {**params, "metrics": [*metrics, *compared]}
    if content.filters:
        params = {**params, "filtering": content.filters}
    return dataclasses.replace(request, params=params)


def _named(days: Sequence[str]) -> str:
    """Return days for a message."""
    more = len(days) - MAX_NAMED_DAYS
    return ", ".join([*days[:MAX_NAMED_DAYS], *([f"{more} more days"] if more > 0 else [])])
