"""The lookback of reports: as many days as each advertiser's ad groups require (`auto`)."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import logging
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
    from tap_tiktok_ads.streams.windowed import OwnerWindow, WindowPlan


@dataclasses.dataclass(frozen=True, slots=True)
class LookbackTask(Task):
    """Finds out how far an advertiser's windows look back. The next window follows it."""

    remaining: Iterator[OwnerWindow] | None = None


class AutoLookbackPlan:
    """The windows of each advertiser, planned once its ad groups have been read.

    The lookback is a task like any other, so that no worker waits for another one.
    """

    def __init__(self, windows: WindowPlan, stream: LookbackStream) -> None:
        self._windows = windows
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the lookback task of each advertiser."""
        self._windows.width = self._windows.window_days
        request = Request(self._stream.path, {})
        return (LookbackTask(request, owner) for owner in self._stream.owners)

    def sample_tasks(self) -> Iterable[Task]:
        """Return the newest window of each advertiser, then the one before it, and so on."""
        return self._windows.sample_tasks()

    def next_window(self, task: LookbackTask) -> Sequence[Task]:
        """Return the task of the next window, and that of the windows after it.

        They are planned one by one: the width of the windows can still shrink.

        Raises:
            ConfigError: The bookmark cannot be used.
        """
        windows = task.remaining
        if windows is None:
            windows = self._windows.windows([task.advertiser], logging.DEBUG)
        following: list[Task] = []
        for owner, window in itertools.islice(windows, 1):
            following.append(self._stream.first_task(owner, window))
            following.append(LookbackTask(task.request, owner, remaining=windows))
        return following


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
            return Page(), self.plan.next_window(task)
        return self.fetch_report(task)
