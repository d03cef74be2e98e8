"""Which way a report comes: by a synchronous request, or by a task of TikTok's.

A synchronous report looks at the 20,000 newest ads only, and may be too large to be answered; a
task does neither, but takes minutes, and cannot make every report.
"""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.errors import (
    PermissionDeniedError,
    RejectedRequestError,
    ResponseError,
    TransientError,
    is_too_large,
)
from tap_tiktok_ads.api.report_rules import task_conflict
from tap_tiktok_ads.api.report_tasks import CHECK_PATH, CREATE_PATH, DOWNLOAD_PATH
from tap_tiktok_ads.extract.pages import Page, Task

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.report_tasks import ReportFile
    from tap_tiktok_ads.streams.integrated import ReportStream

    Answered = tuple[Page, Sequence[Task]]

#: The only endpoint whose reports tasks make, too.
PATH = "/report/integrated/get/"


@dataclasses.dataclass(frozen=True, slots=True)
class InBackground(Task):
    """A report that is to be made by a task of TikTok's."""


@dataclasses.dataclass(frozen=True, slots=True)
class PartOfReport(Task):
    """A part of a report that such a task has made."""

    report: ReportFile = dataclasses.field(kw_only=True)
    number: int = dataclasses.field(kw_only=True)

    def rows(self, dimensions: Sequence[str]) -> list[dict[str, t.Any]]:
        """Its rows, in the shape of a synchronous report's."""
        return [
            {"dimensions": {name: row.pop(name, None) for name in dimensions}, "metrics": row}
            for row in self.report.read_part(self.number)
        ]


class Ways:
    """Decides for each request of a stream which way its rows come; see `report_mode`.

    Used by the stream's workers.
    """

    def __init__(self, stream: ReportStream, warn_once: Callable[..., None]) -> None:
        self._stream = stream
        self._warn_once = warn_once
        self._cut: set[str] = set()  # advertisers with more ads than synchronous reports look at
        self._refused: set[str] = set()  # advertisers for whom TikTok makes no task

    def answered(self, task: Task, synchronous: Callable[[Task], Answered]) -> Answered:
        """What one way or the other brings; the page of a report that was cut is not used."""
        if self._at_once_by_task(task):
            return self._by_task(task, lambda: synchronous(task))
        try:
            page, following = synchronous(task)
        except (TransientError, RejectedRequestError) as error:
            if is_too_large(error) and not task.request.splittable and self.may_be_task(task):
                return self._by_task(task, None)
            raise
        if page.cut and self.may_be_task(task):
            self._cut.add(_owner(task))
            return self._by_task(task, lambda: (page, following))
        return page, following

    def endpoints(self, task: Task) -> Sequence[str]:
        """The endpoints that take part."""
        by_task = self._at_once_by_task(task)
        return (CREATE_PATH, CHECK_PATH, DOWNLOAD_PATH) if by_task else (task.request.path,)

    def _at_once_by_task(self, task: Task) -> bool:
        """Whether a task is tried before a synchronous request."""
        wanted = (
            self._stream.run_context.settings.report_mode == "async" or _owner(task) in self._cut
        )
        return (wanted or isinstance(task, InBackground)) and self.may_be_task(task)

    def may_be_task(self, task: Task) -> bool:
        """Whether a task can bring the same rows; if not, the log tells why."""
        stream = self._stream
        settings = stream.run_context.settings
        if settings.report_mode == "sync" or stream.path != PATH or task.page > 1:
            return False
        # a stream that is only tested needs none
        if stream.ABORT_AT_RECORD_COUNT is not None or _owner(task) in self._refused:
            return False
        reason: str | None = "the sandbox has none"
        if settings.environment != "sandbox":
            params = task.request.params
            filters = [one["field_name"] for one in params.get("filtering", ())]
            reason = task_conflict(stream.report_definition(), params["metrics"], filters)
        if reason is not None:
            self._warn_once("no tasks", "No task of TikTok's makes this report: %s.", reason)
        return reason is None

    def _by_task(self, task: Task, instead: Callable[[], Answered] | None) -> Answered:
        """The parts of a report that TikTok made in the background.

        Args:
            task: what is asked for.
            instead: brings the rows where TikTok refuses the task; None: nothing can.
        """
        stream = self._stream
        try:
            report = stream.run_context.report_tasks.read(task.request, stream.name)
        except (PermissionDeniedError, RejectedRequestError) as error:
            healed = stream.run_context.settings.report_mode == "async" and stream.invalid(
                task, error
            )
            if instead is None or healed:
                raise
            self._refused.add(_owner(task))
            self._warn_once("no tasks", "Going on without TikTok's report tasks: %s", error)
            return instead()
        asked = (*stream.dimensions, *task.request.params["metrics"])
        lacking = [name for name in asked if name not in report.columns]
        if lacking:
            msg = f"The report that TikTok made has no columns {', '.join(lacking)}"
            if instead is None:
                raise ResponseError(msg)
            self._refused.add(_owner(task))
            self._warn_once("no columns", "Going on without TikTok's report tasks: %s", msg)
            return instead()
        return Page(), [
            PartOfReport(
                task.request,
                task.advertiser,
                task.window,
                whole=task.whole,
                report=report,
                number=number,
            )
            for number in range(report.part_count)
        ]


def _owner(task: Task) -> str:
    return task.advertiser.id if task.advertiser else ""
