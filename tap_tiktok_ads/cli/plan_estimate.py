"""The requests of a run, counted by stream and advertiser without sending them."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from tap_tiktok_ads.api.advertisers import id_of, topview_campaigns_request
from tap_tiktok_ads.api.hosts import ADVERTISER_INFO_PATH, REPORT_PATH
from tap_tiktok_ads.context import AD_GROUPS
from tap_tiktok_ads.extract.dormancy import ProbeTask
from tap_tiktok_ads.progress import BEFORE_FIRST_STREAM
from tap_tiktok_ads.streams.file_parts import FileStream
from tap_tiktok_ads.streams.reports.auto_lookback import LookbackStream
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.cli.plan_sizes import Sizes
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream


@dataclasses.dataclass
class Part:
    """The requests of one stream and advertiser. A request of several streams is counted once.

    Attributes:
        stream: Name of the stream.
        advertiser_id: The advertiser, or None if one request reads several advertisers.
        windows: Number of windows, or None for a stream without windows.
        first_day: First day of the first window.
        last_day: Last day of the last window.
        requests: Number of first pages.
        topview_requests: Number of further requests if the advertiser has TopView campaigns.
        skippable_requests: Those of `requests` that `skip_dormant` saves if nothing was delivered.
        at_least: True if responses determine how many requests follow, as with lookups, tasks and
            lists that are not measured. False for windows, because most windows have one page.
    """

    stream: str
    advertiser_id: str | None
    windows: int | None = None
    first_day: str | None = None
    last_day: str | None = None
    requests: int = 0
    topview_requests: int = 0
    skippable_requests: int = 0
    at_least: bool = False

    def add_window(self, task: Task) -> None:
        """Count the window of a task, if it has one."""
        if task.window is not None:
            self._add_windows(1, str(task.window.start), str(task.window.end))

    def merge(self, other: Part) -> None:
        """Add another part of the stream."""
        self.requests += other.requests
        self.topview_requests += other.topview_requests
        self.skippable_requests += other.skippable_requests
        self.at_least = self.at_least or other.at_least
        if other.windows is not None:
            self._add_windows(other.windows, other.first_day, other.last_day)

    def _add_windows(self, count: int, first_day: str | None, last_day: str | None) -> None:
        self.windows = (self.windows or 0) + count
        self.first_day = min(filter(None, (self.first_day, first_day)), default=None)
        self.last_day = max(filter(None, (self.last_day, last_day)), default=None)


class Estimate:
    """Counts the requests of streams.

    Without measured sizes, the first page of each list and of each window is counted, and an
    advertiser is expected to have no TopView campaigns. What the state shows about dormant
    advertisers is expected to last.

    Attributes:
        endpoints: Number of requests by endpoint.
        windows: Number of requests by first and last day. None: requests without a window.
        sizes: Measured sizes, or None to count first pages without TopView ads.
    """

    def __init__(self, run_context: RunContext) -> None:
        """Count the requests that find the advertisers. They are sent, unless they were already."""
        self.endpoints: collections.Counter[str] = collections.Counter()
        self.windows: collections.Counter[tuple[str, str] | None] = collections.Counter()
        self.sizes: Sizes | None = None
        self._run_context = run_context
        self._parts: dict[tuple[str, str | None], Part] = {}
        self._counted: set[str] = set()  # keys of requests that are sent once
        self._fractions: dict[str, float] = collections.defaultdict(float)
        _ = run_context.advertisers
        start = sum(counts.requests for counts in run_context.progress.summary())
        if start:
            self._count(self._part(BEFORE_FIRST_STREAM, None), [ADVERTISER_INFO_PATH] * start)

    @property
    def parts(self) -> list[Part]:
        """The parts, in the order in which they were counted."""
        return list(self._parts.values())

    @property
    def topview_requests(self) -> int:
        """The number of further requests if all advertisers have TopView campaigns."""
        return sum(row.topview_requests for row in self.parts)

    @property
    def skippable_requests(self) -> int:
        """The number of requests that `skip_dormant` saves if no advertiser delivered anything."""
        return sum(row.skippable_requests for row in self.parts)

    def streams(self) -> list[Part]:
        """Return one part per stream, with the sums over its advertisers."""
        sums: dict[str, Part] = {}
        for row in self.parts:
            sums.setdefault(row.stream, Part(row.stream, None)).merge(row)
        return list(sums.values())

    def add(self, stream: TikTokStream) -> None:
        """Count the requests of a stream."""
        if isinstance(stream, WindowedStream) and stream.window_days:
            for advertiser in stream.owners:
                self._part(stream.name, advertiser).windows = 0
        self._add_lookups(stream)
        if isinstance(stream, LookbackStream):
            stream.keep_covered_days()
            self._add_probes(stream)
        for task in stream.plan.tasks():
            part = self._part(stream.name, task.advertiser)
            part.add_window(task)
            part.at_least |= self._is_least(stream, task)
            before = self.endpoints.total()
            self._add_task(stream, task)
            days = (str(task.window.start), str(task.window.end)) if task.window else None
            self.windows[days] += self.endpoints.total() - before

    def _add_lookups(self, stream: TikTokStream) -> None:
        """Count the lists of other streams that a stream reads."""
        names = stream.source_streams()
        looks_back = isinstance(stream, LookbackStream) and stream.looks_back_by_ad_groups
        all_shards = not stream.per_advertiser and self._run_context.settings.shard.count > 1
        for name in sorted(names | ({AD_GROUPS} if looks_back else set())):
            with_deleted = looks_back and name == AD_GROUPS
            values = stream.source_values(name)
            key = f"lookup of {name}, {values}, deleted: {with_deleted}, all shards: {all_shards}"
            if not self._is_first(key):
                continue
            source = t.cast("TikTokStream", self._run_context.open_stream(name))
            source.needed_values = values
            for task in source.lookup_tasks(with_deleted=with_deleted, all_shards=all_shards):
                self._part(name, task.advertiser).at_least |= self._is_least(source, task)
                self._add_task(source, task)

    def _is_least(self, stream: TikTokStream, task: Task) -> bool:
        """Return True if responses determine how many requests follow a task."""
        if task.is_pending or (isinstance(stream, FileStream) and stream.task_paths):
            return True
        has_pages = "page_size" in task.request.page_params
        is_known = self.sizes is not None and (self.sizes.has(stream.name) or not has_pages)
        return task.window is None and not is_known

    def _add_probes(self, stream: LookbackStream) -> None:
        """Count the probes of dormant advertisers, and the windows that they can save."""
        dormant_days = stream.dormant_days
        if dormant_days is None:
            return
        ranges = stream.window_plan.unread_ranges()
        for task in dormant_days.tasks(ranges):
            if not isinstance(task, ProbeTask):
                self._add_check(stream, task.advertiser)
            elif self._is_first(task.key):
                paths = [REPORT_PATH] * dormant_days.probe_requests()
                self._count(self._part(stream.name, None), paths)
        for owner, windows in ranges.items():
            skippable = dormant_days.skippable_windows(owner, windows)
            if skippable:
                size = len(stream.endpoints(stream.first_task(owner, windows[0])))
                self._part(stream.name, owner).skippable_requests += skippable * size

    def _add_task(self, stream: TikTokStream, task: Task) -> None:
        """Count the requests of a task, unless another stream sends them, too."""
        row = self._part(stream.name, task.advertiser)
        if self._is_without_records(stream, task):
            return
        endpoints = stream.endpoints(task)
        if endpoints:
            self._count(row, self._with_pages(stream, task, endpoints))
        topview_endpoints = stream.topview_endpoints(task)
        if topview_endpoints:
            self._add_check(stream, task.advertiser)
        elif task.is_topview and self.sizes is not None:
            self._add_check(stream, task.advertiser)
            topview_endpoints = [task.request.path]
        if not topview_endpoints or not self._is_unsent(task.request):
            return
        if self.sizes is None:
            row.topview_requests += len(topview_endpoints)
        elif self.sizes.has_topview(task):
            self._count(row, topview_endpoints)

    def _with_pages(
        self, stream: TikTokStream, task: Task, endpoints: Sequence[str]
    ) -> Sequence[str]:
        """Return the endpoints that a task and its pages request, with those of its details."""
        is_new = self._is_unsent(task.request)
        if self.sizes is None or endpoints[0] != task.request.path:
            return endpoints if is_new else endpoints[1:]
        details = [path for path in endpoints if path != task.request.path]
        pages = self._rounded(stream.name, self.sizes.requests(stream, task)) if is_new else 0
        count = self._rounded(stream.name, self.sizes.details(stream, task)) if details else 0
        lists = [path for path in endpoints if path == task.request.path]
        return [*lists * pages, *details * count]

    def _is_without_records(self, stream: TikTokStream, task: Task) -> bool:
        """Return True for the expected share of hourly windows that a daily report finds empty."""
        if self.sizes is None or task.awaited_report is None:
            return False
        share = self.sizes.active_share(task.awaited_report, id_of(task.advertiser))
        return self._rounded(f"{stream.name} by hour", share) == 0

    def _rounded(self, key: str, value: float) -> int:
        """Return an integer near a number. The fractions of a key add up to further ones."""
        total = self._fractions[key] + value
        self._fractions[key] = total - round(total)
        return round(total)

    def _add_check(self, stream: TikTokStream, advertiser: Advertiser | None) -> None:
        """Count the list of TopView campaigns of an advertiser, which a run requests once."""
        if advertiser is None:
            return
        request = topview_campaigns_request(advertiser.id)
        if self._is_unsent(request):
            self._count(self._part(stream.name, advertiser), [request.path])

    def _is_unsent(self, request: Request) -> bool:
        """Return True if a request is not counted yet. Only a shared request is sent once."""
        if not request.shared:
            return True
        return not self._run_context.client.has_cached(request) and self._is_first(
            request.cache_key
        )

    def _is_first(self, key: str) -> bool:
        """Return True if a key is new, and register it."""
        is_new = key not in self._counted
        self._counted.add(key)
        return is_new

    def _part(self, stream: str, advertiser: Advertiser | None) -> Part:
        owner = id_of(advertiser)
        return self._parts.setdefault((stream, owner), Part(stream, owner))

    def _count(self, row: Part, endpoints: Sequence[str]) -> None:
        row.requests += len(endpoints)
        self.endpoints.update(endpoints)
