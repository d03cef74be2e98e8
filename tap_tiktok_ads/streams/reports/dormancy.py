"""Dormant advertisers: which windows of a report need no request, as probes show."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from tap_tiktok_ads.api.errors import ClosedError, RestrictedError, TapError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.config.schema import LOOKBACK_ONLY, NEVER_SKIP
from tap_tiktok_ads.extract.day_ranges import DayRanges
from tap_tiktok_ads.extract.dormancy import (
    MAX_PROBED_ADVERTISERS,
    PendingTasks,
    ProbeTask,
    TopViewCheckTask,
    block_of,
    needed_windows,
    ordinals,
    window_count,
)
from tap_tiktok_ads.streams.reports.probe_definitions import (
    probe_definition,
    probed_metrics,
    probes_of,
)
from tap_tiktok_ads.streams.reports.probes import ProbeReader

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.report_rules import ReportDefinition
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.dormancy import DormancyFacts
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.extract.skipped_days import SkippedDays
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.singer.day_bookmarks import DayBookmarks
    from tap_tiktok_ads.streams.reports.probe_definitions import Probe
    from tap_tiktok_ads.streams.windowed import Owner

    #: A report and the metrics that it requests.
    Report = tuple[ReportDefinition, Sequence[str]]


@dataclasses.dataclass(frozen=True)
class DayNeeds:
    """The days of an advertiser that are not covered, as ordinals.

    Attributes:
        required: Days that are read in any case.
        probed: Days that are read unless probes find them empty.
        waiting: Settled days that an earlier run skipped. They are read once probes find delivery.
        skipped: The skipped days of earlier runs, with the dates of their probes.
    """

    required: set[int]
    probed: set[int]
    waiting: set[int]
    skipped: SkippedDays


class DormantDays:
    """Leaves out windows of a report in which an advertiser delivers nothing.

    The probes are tasks of the plan, before the windows. Their results are shared by the run.
    """

    def __init__(  # noqa: PLR0913 - by name
        self,
        run_context: RunContext,
        stream: str,
        report: Report,
        warnings: Warnings,
        *,
        reports: Callable[[], Sequence[Report]],
        bookmarks: Callable[[], DayBookmarks],
        last_day: Callable[[Owner], pendulum.Date],
        width: Callable[[Advertiser, Window], int],
    ) -> None:
        """Prepare.

        Args:
            run_context: Settings, client and the facts of the run.
            stream: Name of the stream.
            report: The report.
            warnings: The warnings of the stream.
            reports: Returns the reports of all selected streams that can be probed.
            bookmarks: Returns the bookmarks, once the schema is known.
            last_day: Returns the last day that the run reads of an advertiser.
            width: Returns the maximum number of days of a window in a range.
        """
        self._run_context = run_context
        self._stream = stream
        self._report = report
        self._reports = reports
        self._bookmarks = bookmarks
        self._warnings = warnings
        self._last_day = last_day
        self._width = width

    @property
    def _facts(self) -> DormancyFacts:
        return self._run_context.common_responses.dormancy

    @functools.cached_property
    def _probes(self) -> Sequence[Probe]:
        return probes_of(self._reports())

    @functools.cached_property
    def _reader(self) -> ProbeReader:
        return ProbeReader(
            self._run_context.client, self._facts, self._probes, self._stream, self._warnings
        )

    # Probes

    def tasks(self, ranges: Mapping[Owner, Sequence[Window]]) -> Sequence[Task]:
        """Return the tasks that decide which windows are needed, or nothing.

        Args:
            ranges: The days of each advertiser that are not covered.
        """
        owners = {owner: days for owner, days in ranges.items() if owner is not None}
        blocks = {owner: self._blocks(owner, days) for owner, days in owners.items()}
        pending = PendingTasks(0)
        request = Request("", {})
        checks = [
            TopViewCheckTask(request, owner, optional=True, is_topview=True, pending=pending)
            for owner in owners
            if blocks[owner]
        ]
        probes = [
            ProbeTask(request, group=tuple(group), block=block, pending=pending)
            for group in self._groups(list(owners))
            for block in sorted(
                set().union(*(blocks[owner] for owner in group)),
                key=lambda block: block.start,
                reverse=True,
            )
        ]
        tasks = [*checks, *probes]
        pending.finish(len(tasks) + 1)
        return tasks

    def _groups(self, owners: Sequence[Advertiser]) -> Sequence[Sequence[Advertiser]]:
        """Return groups of advertisers whose days end together. They are equal in all streams."""
        by_last_day: dict[pendulum.Date, list[Advertiser]] = {}
        for owner in owners:
            by_last_day.setdefault(self._last_day(owner), []).append(owner)
        return [
            group[start : start + MAX_PROBED_ADVERTISERS]
            for group in by_last_day.values()
            for start in range(0, len(group), MAX_PROBED_ADVERTISERS)
        ]

    def _blocks(self, owner: Advertiser, ranges: Sequence[Window]) -> set[Window]:
        """Return the blocks that hold the days to probe, or nothing if no window can be saved."""
        needs = self._needs_of(owner, ranges)
        if self._is_unknown(owner) or not self._can_save(owner, ranges, needs):
            return set()
        last = self._last_day(owner)
        return {block_of(day, last) for day in needs.probed}

    def fetch(self, task: ProbeTask | TopViewCheckTask) -> Sequence[Task]:
        """Find out the facts of a task. Return the tasks that replace it.

        Raises:
            TapError: No more requests can be sent.
        """
        if isinstance(task, ProbeTask):
            return self._reader.fetch(task)
        owner = t.cast("Advertiser", task.advertiser)
        try:
            campaigns = self._run_context.common_responses.topview_campaigns
            first_day = campaigns.check(owner, self._stream).first_day
        except (ClosedError, RestrictedError):
            raise
        except TapError as error:
            self._reader.give_up(owner, error)
        else:
            if first_day is None:
                self._facts.confirm_no_topview(owner.id)
            else:
                self._facts.give_up(owner.id)
        return ()

    # Windows

    def to_read(self, owner: Owner, ranges: Sequence[Window]) -> Sequence[Window]:
        """Return the ranges of an advertiser without the windows that hold no delivery."""
        if owner is None or self._is_unknown(owner):
            return ranges
        needs = self._needs_of(owner, ranges)
        active = self._facts.active_days(owner.id)
        unprobed = needs.probed - self._facts.empty_days(owner.id, needs.probed)
        needed_days = needs.required | unprobed | (needs.waiting & active)
        read = self._windows(owner, ranges, needed_days)
        days_read: set[int] = set().union(*map(ordinals, read))
        settled = self._bookmarks().last_settled_day(owner).toordinal()
        new = {day for day in needs.probed - days_read if day <= settled}
        today = self._run_context.now(owner).date()
        skipped = needs.skipped.without(active).add(new, today)
        if skipped != needs.skipped:
            self._bookmarks().skip(owner, skipped)
        count = self._count(owner, ranges) - self._count(owner, read)
        if count:
            self._run_context.progress.skipped_windows(count, self._stream)
        return _joined(read)

    # Estimates

    def probe_requests(self) -> int:
        """Return the number of requests of a probe."""
        return sum(len(list(probe.chunks(()))) for probe in self._probes)

    def expected(self, owner: Owner, ranges: Sequence[Window]) -> Sequence[Window]:
        """Return the ranges that a run is expected to read of an advertiser.

        If the newest settled day was skipped, the advertiser is expected to deliver nothing, and
        otherwise to deliver on all days.
        """
        if owner is None or self._is_unknown(owner):
            return ranges
        needs = self._needs_of(owner, ranges)
        covered = self._bookmarks().covered(owner).ranges
        last_covered = covered[-1].end.toordinal() if covered else 0
        is_dormant = max(needs.skipped.days, default=0) > last_covered
        days = needs.required if is_dormant else needs.required | needs.probed
        return _joined(self._windows(owner, ranges, days))

    def skippable_windows(self, owner: Owner, ranges: Sequence[Window]) -> int:
        """Return the number of expected windows that are not read if nothing was delivered."""
        if owner is None or self._is_unknown(owner):
            return 0
        least = self._windows(owner, ranges, self._needs_of(owner, ranges).required)
        return self._count(owner, self.expected(owner, ranges)) - self._count(owner, least)

    def _is_unknown(self, owner: Advertiser) -> bool:
        """Return True if probes show nothing about an advertiser or about the report."""
        definition = probe_definition(self._report[0])
        metrics = probed_metrics(self._report[1], definition) if definition else None
        if metrics is None or not metrics.isdisjoint(self._facts.rejected_metrics):
            return True
        return self._facts.is_given_up(owner.id)

    def _needs_of(self, owner: Advertiser, ranges: Sequence[Window]) -> DayNeeds:
        """Return which of the days that are not covered are read, probed or left out."""
        bookmarks = self._bookmarks()
        uncovered: set[int] = set().union(*map(ordinals, ranges))
        settled = bookmarks.last_settled_day(owner)
        today = self._run_context.now(owner).date()
        skipped = bookmarks.skipped(owner)
        due = skipped.due(today, settled) & uncovered
        waiting = {day for day in skipped.days if day <= settled.toordinal()} & uncovered - due
        probed = uncovered - waiting - due
        if self._run_context.settings.skip_dormant == LOOKBACK_ONLY:
            seen: set[int] = set().union(*map(ordinals, bookmarks.read_once(owner).ranges))
            probed &= seen
        return DayNeeds(uncovered - waiting - probed, probed, waiting, skipped)

    def _can_save(self, owner: Advertiser, ranges: Sequence[Window], needs: DayNeeds) -> bool:
        """Return True if probes can save a window."""
        least = self._windows(owner, ranges, needs.required)
        most = self._windows(owner, ranges, needs.required | needs.probed)
        return self._count(owner, least) < self._count(owner, most)

    def _windows(
        self, owner: Advertiser, ranges: Sequence[Window], needed_days: set[int]
    ) -> Sequence[Window]:
        return [
            window
            for days in ranges
            for window in needed_windows([days], needed_days, self._width(owner, days))
        ]

    def _count(self, owner: Advertiser, ranges: Sequence[Window]) -> int:
        return sum(window_count([days], self._width(owner, days)) for days in ranges)


def _joined(windows: Sequence[Window]) -> Sequence[Window]:
    """Return windows as ranges of days, in ascending order."""
    return functools.reduce(DayRanges.add, windows, DayRanges()).ranges


def is_enabled(run_context: RunContext) -> bool:
    """Return True if the settings skip windows of dormant advertisers."""
    return run_context.settings.skip_dormant != NEVER_SKIP
