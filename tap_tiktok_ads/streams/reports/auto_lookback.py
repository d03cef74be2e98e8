"""The lookback window of reports that each advertiser's ad groups require (`auto`)."""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.context import AD_GROUPS
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.streams.windowed import Owner, OwnerWindow, WindowPlan


@dataclasses.dataclass(frozen=True, slots=True)
class LookbackTask(Task):
    """Finds out how far the windows of an advertiser look back.

    Attributes:
        pending: The lookbacks that the windows wait for.
    """

    pending: PendingLookbacks = dataclasses.field(kw_only=True)


@dataclasses.dataclass(frozen=True, slots=True)
class NextWindowTask(Task):
    """Plans the next window, so that it has the width that is known to work by then."""

    windows: Iterator[OwnerWindow] = dataclasses.field(kw_only=True)


class PendingLookbacks:
    """The advertisers of one plan whose lookback is not known yet."""

    def __init__(self, owners: Iterable[Owner]) -> None:
        self._owners = set(owners)
        self._lock = threading.Lock()

    def remove(self, owner: Owner) -> bool:
        """Remove an advertiser. Return True if it was the last one."""
        with self._lock:
            self._owners.discard(owner)
            return not self._owners


class AutoLookbackPlan:
    """The windows of all advertisers, planned once the ad groups of each have been read.

    A lookback is a task like any other. The windows follow the task that is done last, so that no
    worker waits for another one.
    """

    def __init__(self, windows: WindowPlan, stream: LookbackStream) -> None:
        self._windows = windows
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the lookback task of each advertiser."""
        owners = self._stream.owners
        request = Request(self._stream.path, {})
        pending = PendingLookbacks(owners)
        return (LookbackTask(request, owner, pending=pending) for owner in owners)

    def sample_tasks(self) -> Iterable[Task]:
        """Return the newest window of each advertiser, then the one before it, and so on."""
        return self._windows.sample_tasks()

    def after_lookback(self, task: LookbackTask) -> Sequence[Task]:
        """Read the lookback of an advertiser. The windows follow the last one."""
        self._stream.lookback_days(task.advertiser)
        if not task.pending.remove(task.advertiser):
            return ()
        return self.next_window(NextWindowTask(task.request, windows=self._windows.windows()))

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
        if self.looks_back_by_ad_groups:
            return AutoLookbackPlan(self.window_plan, self)
        return self.window_plan

    @property
    def looks_back_by_ad_groups(self) -> bool:
        """True if each advertiser's ad groups decide which days are re-read."""
        if self.report.time_dimension is None or self.report.lookback_days is not None:
            return False
        return self.run_context.settings.lookback_days is None and self.run_context.allow_requests

    @override
    def source_streams(self) -> set[str]:
        with_deleted = self.run_context.settings.include_deleted
        return {AD_GROUPS} if with_deleted and self.looks_back_by_ad_groups else set()

    @override
    def lookback_days(self, owner: Advertiser | None) -> int:
        if self.report.lookback_days is not None:
            return self.report.lookback_days
        if owner is not None and self.looks_back_by_ad_groups:
            return self.run_context.lookback_days(owner)
        return super().lookback_days(owner)

    def fetch_report(self, task: Task) -> Fetched:
        """Return the page of a report task and the tasks that follow it."""
        raise NotImplementedError

    @override
    def fetch(self, task: Task) -> Fetched:
        if isinstance(task, LookbackTask):
            return Page(), self.plan.after_lookback(task)
        if isinstance(task, NextWindowTask):
            return Page(), self.plan.next_window(task)
        return self.fetch_report(task)
