"""Choice between synchronous reports and asynchronous report tasks.

A synchronous report looks at the 20,000 newest ads only, and can be too large. A report task does
neither, but takes minutes, and cannot make every report.
"""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.errors import (
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
from tap_tiktok_ads.api.messages import Response
from tap_tiktok_ads.api.report_rules import task_conflict
from tap_tiktok_ads.extract.conversion import BYTES_PER_JSON_BYTE
from tap_tiktok_ads.extract.pages import Page, Task

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.errors import TapError
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.api.report_tasks import ReportFile, ReportTasks
    from tap_tiktok_ads.config.settings import Settings
    from tap_tiktok_ads.extract.conversion import PageBuilder
    from tap_tiktok_ads.extract.pages import Record
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.streams.reports.metric_selection import MetricSelection


@dataclasses.dataclass(frozen=True, slots=True)
class AsyncTask(Task):
    """A report that only a report task can bring."""


@dataclasses.dataclass(frozen=True, slots=True)
class AsyncPart(Task):
    """A part of the file that a report task made."""

    report: ReportFile = dataclasses.field(kw_only=True)
    number: int = dataclasses.field(kw_only=True)

    def raw_records(self, dimensions: Sequence[str]) -> list[Record]:
        """Return the records in the shape of a synchronous report."""
        return [
            {"dimensions": {name: row.pop(name, None) for name in dimensions}, "metrics": row}
            for row in self.report.read_part(self.number)
        ]


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
        report_tasks: Callable[[], ReportTasks],
        is_dry_run: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            definition: The report.
            metrics: Its metrics.
            builder: Turns raw records into pages.
            warnings: The warnings of the stream.
            path: The endpoint of the synchronous report.
            settings: `report_mode` and `environment`.
            report_tasks: Returns the report tasks of the run.
            is_dry_run: Returns True if the stream is only tested.
        """
        self._definition = definition
        self._metrics = metrics
        self._builder = builder
        self._warnings = warnings
        self._path = path
        self._settings = settings
        self._report_tasks = report_tasks
        self._is_dry_run = is_dry_run
        self._truncated: set[str] = set()  # ids of advertisers with too many ads
        self._unavailable: set[str] = set()  # ids of advertisers without report tasks

    def endpoints(self, task: Task) -> Sequence[str]:
        """Return the endpoints that a task requests at least."""
        if self.comes_first(task):
            return (CREATE_TASK_PATH, CHECK_TASK_PATH, DOWNLOAD_TASK_PATH)
        return (task.request.path,)

    def comes_first(self, task: Task) -> bool:
        """Return True if a report task is tried before a synchronous request."""
        is_wanted = self._settings.report_mode == "async" or _owner(task) in self._truncated
        return (is_wanted or isinstance(task, AsyncTask)) and self.can_read(task)

    def can_replace(self, task: Task, error: TapError) -> bool:
        """Return True if a report task can bring what a synchronous request cannot."""
        return is_too_large(error) and not task.request.splittable and self.can_read(task)

    def can_read(self, task: Task) -> bool:
        """Return True if a report task can bring the same records. Warns if it cannot."""
        if self._settings.report_mode == "sync" or self._path != REPORT_PATH or task.page > 1:
            return False
        if self._is_dry_run() or _owner(task) in self._unavailable:
            return False
        conflict = self._conflict(task)
        if conflict is not None:
            self._warnings.log("no tasks", "No report task makes this report: %s.", conflict)
        return conflict is None

    def _conflict(self, task: Task) -> str | None:
        if self._settings.environment == "sandbox":
            return "the sandbox has none"
        params = task.request.params
        filters = [condition["field_name"] for condition in params.get("filtering", ())]
        return task_conflict(self._definition, params["metrics"], filters)

    def replace_truncated(self, task: Task, fetched: Fetched) -> Fetched:
        """Return the parts of a report task instead of a truncated page."""
        self._truncated.add(_owner(task))
        return self.fetch(task, lambda _: fetched)

    def fetch(self, task: Task, fallback: Callable[[Task], Fetched] | None) -> Fetched:
        """Return the parts of the report that a report task makes.

        Args:
            task: The report.
            fallback: Brings the records if TikTok rejects the report task. None: nothing can.

        Raises:
            TapError: The report task fails, and there is no fallback.
        """
        try:
            report = self._report_tasks().read(task.request, self._definition.name)
        except (PermissionDeniedError, RejectedRequestError) as error:
            is_async_only = self._settings.report_mode == "async"
            can_heal = is_async_only and self._metrics.rejected_in(task, error)
            if fallback is None or can_heal:
                raise
            return self._fall_back(task, fallback, error)
        columns = (*self._definition.dimensions, *task.request.params["metrics"])
        lacking = [name for name in columns if name not in report.columns]
        if not lacking:
            return Page(), self._parts(task, report)
        incomplete = ResponseError(f"The report task made no columns {', '.join(lacking)}")
        if fallback is None:
            raise incomplete
        return self._fall_back(task, fallback, incomplete)

    def _fall_back(
        self, task: Task, fallback: Callable[[Task], Fetched], error: TapError
    ) -> Fetched:
        self._unavailable.add(_owner(task))
        self._warnings.log("fallback", "Continuing without report tasks: %s", error)
        return fallback(task)

    @staticmethod
    def _parts(task: Task, report: ReportFile) -> list[Task]:
        return [
            AsyncPart(
                task.request,
                task.advertiser,
                task.window,
                parent_window=task.parent_window,
                report=report,
                number=number,
            )
            for number in range(report.part_count)
        ]

    def read_part(self, task: AsyncPart) -> Page:
        """Return the page of a part of a report file.

        Raises:
            ResponseError: A row has more or fewer fields than there are columns.
        """
        raw_records = task.raw_records(self._definition.dimensions)
        if task.report.is_repaired:
            self._builder.caster.drift.add_repaired_text()
        page = self._builder.build(task, raw_records, Response({}, "unknown"))
        size = BYTES_PER_JSON_BYTE * task.report.part_size(task.number)
        return dataclasses.replace(page, received=None, weight=page.weight or size)


def _owner(task: Task) -> str:
    return task.advertiser.id if task.advertiser else ""
