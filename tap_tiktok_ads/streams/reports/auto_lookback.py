"""The order of a report's plan: first what decides which days are read, then the windows.

The lookback can depend on each advertiser's ad groups (`auto`). Probes can show that an advertiser
is dormant.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.context import AD_GROUPS
from tap_tiktok_ads.extract.dormancy import PendingTasks, ProbeTask, TopViewCheckTask
from tap_tiktok_ads.extract.lookback import MIN_LOOKBACK_DAYS
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.streams.reports.dormancy import DormantDays
    from tap_tiktok_ads.streams.windowed import Owner, OwnerWindow, WindowPlan


@dataclasses.dataclass(frozen=True, slots=True)
class LookbackTask(Task):
    """Finds out how far the windows of an advertiser look back.

    Attributes:
        pending: The lookbacks that the windows wait for.
    """

    pending: PendingTasks = dataclasses.field(kw_only=True)


@dataclasses.dataclass(frozen=True, slots=True)
class NextWindowTask(Task):
    """Plans the next window, so that it has the width that is known to work by then."""

    windows: Iterator[OwnerWindow] = dataclasses.field(kw_only=True)


class StagedPlan:
    """The windows of all advertisers, planned once lookbacks and dormant days are known.

    A lookback and a probe are tasks like any other. The next stage follows the task of a stage
    that is done last, so that no worker waits for another one.
    """

    def __init__(self, windows: WindowPlan, stream: LookbackStream) -> None:
        self._windows = windows
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the lookback task of each advertiser, or the first tasks after this stage."""
        if not self._stream.looks_back_by_ad_groups:
            return self._after_lookbacks()
        owners = self._stream.owners
        request = Request(self._stream.path, {})
        pending = PendingTasks(len(owners))
        return (
            LookbackTask(request, owner, pending=pending, common_keys=(f"lookback {id_of(owner)}",))
            for owner in owners
        )

    def sample_tasks(self) -> Iterable[Task]:
        """Return the newest window of each advertiser, then the one before it, and so on."""
        return self._windows.sample_tasks()

    def following(self, task: LookbackTask | ProbeTask | TopViewCheckTask) -> Sequence[Task]:
        """Find out the fact of a task. The next stage follows the last task.

        Raises:
            TapError: The fact cannot be found out.
        """
        if isinstance(task, LookbackTask):
            self._stream.lookback_days(task.advertiser)
            return self._after_lookbacks() if task.pending.finish() else ()
        tasks: Sequence[Task] = ()
        if self._stream.dormant_days is not None:
            tasks = self._stream.dormant_days.fetch(task)
        return self._first_window() if task.pending.finish(len(tasks)) else tasks

    def _after_lookbacks(self) -> Sequence[Task]:
        """Return the probes, or the first window if no probe is needed."""
        if self._stream.dormant_days is None:
            return self._first_window()
        probes = self._stream.dormant_days.tasks(self._windows.unread_ranges())
        return probes or self._first_window()

    def _first_window(self) -> Sequence[Task]:
        request = Request(self._stream.path, {})
        return self.next_window(NextWindowTask(request, windows=self._windows.windows()))

    def next_window(self, task: NextWindowTask) -> Sequence[Task]:
        """Return the task of the next window, and the task that plans the window after it."""
        for owner, window in task.windows:
            return [self._stream.first_task(owner, window), task]
        return ()


class LookbackStream(WindowedStream):
    """A windowed report whose lookback the settings, the report or the ad groups decide."""

    report: ReportDefinition

    @functools.cached_property
    @override
    def plan(self) -> t.Any:
        if not self.run_context.allow_requests:
            return self.window_plan
        if self.looks_back_by_ad_groups or self.dormant_days is not None:
            return StagedPlan(self.window_plan, self)
        return self.window_plan

    @property
    def dormant_days(self) -> DormantDays | None:
        """Leaves out windows of dormant advertisers, or None if all windows are read."""
        return None

    @override
    def needed_days(self, owner: Owner, ranges: Sequence[Window]) -> Sequence[Window]:
        if self.dormant_days is None:
            return ranges
        if not self.run_context.allow_requests:
            return self.dormant_days.expected(owner, ranges)
        return self.dormant_days.to_read(owner, ranges)

    @property
    def looks_back_by_ad_groups(self) -> bool:
        """True if each advertiser's ad groups decide which days are re-read."""
        if self.report.time_dimension is None or self.report.lookback_days is not None:
            return False
        return self.run_context.settings.lookback_days is None

    def keep_covered_days(self) -> None:
        """Leave out all days that the state covers, for an estimate. The lookback is not known."""
        if self.looks_back_by_ad_groups:
            self.settling = dataclasses.replace(
                self.settling, lookback_days=lambda _: MIN_LOOKBACK_DAYS
            )

    @override
    def source_streams(self) -> set[str]:
        with_deleted = self.run_context.settings.include_deleted
        return {AD_GROUPS} if with_deleted and self.looks_back_by_ad_groups else set()

    @override
    def lookback_days(self, owner: Advertiser | None) -> int:
        if self.report.lookback_days is not None:
            return self.report.lookback_days
        is_known = self.looks_back_by_ad_groups and self.run_context.allow_requests
        if owner is not None and is_known:
            return self.run_context.lookback_days(owner)
        return super().lookback_days(owner)

    def fetch_report(self, task: Task) -> Fetched:
        """Return the page of a report task and the tasks that follow it."""
        raise NotImplementedError

    @override
    def fetch(self, task: Task) -> Fetched:
        if isinstance(task, (LookbackTask, ProbeTask, TopViewCheckTask)):
            return Page(), self.plan.following(task)
        if isinstance(task, NextWindowTask):
            return Page(), self.plan.next_window(task)
        return self.fetch_report(task)
