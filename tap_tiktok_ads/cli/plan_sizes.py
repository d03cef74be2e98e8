"""The sizes of lists and reports, measured with small requests for a few advertisers.

A request for one record returns the total of its list, with the filters that the state determines.
So it shows how many pages a run requests. Reports are measured in a few windows, because accounts
deliver little or nothing in many of them. One request per advertiser shows if there are TopView
campaigns. The other advertisers are expected to be like the measured ones.
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import itertools
import math
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.pagination import total_number
from tap_tiktok_ads.api.report_rules import MAX_METRICS
from tap_tiktok_ads.extract.newest_first import NewestFirstTask
from tap_tiktok_ads.extract.topview_campaigns import TopViewCampaigns
from tap_tiktok_ads.progress import BEFORE_FIRST_STREAM
from tap_tiktok_ads.streams.details import DetailStream
from tap_tiktok_ads.streams.reports.base import ReportStream
from tap_tiktok_ads.streams.reports.hourly import page_days

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream

#: Requests of a list with changes that ends early: its first page and its last page.
EARLY_END_PAGES = 2
#: Maximum number of windows of a report and advertiser that are measured.
MAX_MEASURED_WINDOWS = 6


@dataclasses.dataclass(frozen=True)
class Size:
    """The size of a list or report of one advertiser.

    Attributes:
        records: Number of records, per day for a report.
        active_share: Share of the days of a report that have records.
    """

    records: float
    active_share: float = 1.0

    def between(self, other: Size, share: float) -> Size:
        """Return the size that is a share of the way to another size."""
        return Size(
            self.records + share * (other.records - self.records),
            self.active_share + share * (other.active_share - self.active_share),
        )


class Profile:
    """The sizes of a list, or of a report in some windows. Those of other windows lie between."""

    def __init__(self, sizes: Mapping[int, Size]) -> None:
        """Prepare.

        Args:
            sizes: The size by the last day of the window, or by 0 for a list.
        """
        self._days = sorted(sizes)
        self._sizes = [sizes[day] for day in self._days]

    def at(self, task: Task) -> Size:
        """Return the size of the list or window of a task."""
        day = _last_day(task)
        after = bisect.bisect_left(self._days, day)
        if after == 0 or after == len(self._days):
            return self._sizes[min(after, len(self._days) - 1)]
        first, last = self._days[after - 1], self._days[after]
        share = (day - first) / (last - first)
        return self._sizes[after - 1].between(self._sizes[after], share)


def _last_day(task: Task) -> int:
    return task.window.end.toordinal() if task.window else 0


@dataclasses.dataclass(frozen=True)
class Measurement:
    """The requests to send for the size of a list, or of the windows of a report.

    Attributes:
        stream: The stream.
        tasks: The first task of the list or of each window, in order.
    """

    stream: TikTokStream
    tasks: Sequence[Task]

    def profile(self, client: Client) -> Profile | None:
        """Send the requests. Return the sizes, or None if no response shows one.

        The first, the last and the middle window are measured, then the middle of the longest part
        whose ends differ in the number of pages.
        """
        last = len(self.tasks) - 1
        sizes = {index: self._size(client, index) for index in sorted({0, last // 2, last})}
        while len(sizes) < MAX_MEASURED_WINDOWS:
            measured = sorted(sizes)
            parts = [
                (first, last)
                for first, last in itertools.pairwise(measured)
                if last - first > 1 and self._pages(sizes, first) != self._pages(sizes, last)
            ]
            if not parts:
                break
            first, last = max(parts, key=lambda part: part[1] - part[0])
            middle = (first + last) // 2
            sizes[middle] = self._size(client, middle)
        known = {_last_day(self.tasks[index]): size for index, size in sizes.items() if size}
        return Profile(known) if known else None

    def _pages(self, sizes: Mapping[int, Size | None], index: int) -> int | None:
        size = sizes[index]
        return _requests(self.stream, self.tasks[index], size.records) if size else None

    def _size(self, client: Client, index: int) -> Size | None:
        """Send one request. Return the size, or None if the response does not show it."""
        stream, task = self.stream, self.tasks[index]
        shows_days = isinstance(stream, ReportStream) and stream.hourly_days.is_evidence
        try:
            response = client.send(_request(task, shows_days=shows_days))
            stream.source.check(task, response)
            records = stream.source.locate(task, response)
        except (errors.ThrottledError, errors.AuthError):
            raise
        except errors.TapError:
            return None
        total = total_number(response.data.get("page_info"))
        if total is None or task.window is None:
            return None if total is None else Size(total)
        days = None
        if shows_days and total <= len(records):
            days = page_days(task, _without_placeholders(stream, task, records))
        return Size(total / task.window.days, len(days.active) / task.window.days if days else 1.0)


def _request(task: Task, *, shows_days: bool) -> Request:
    """Return the request for one record, or for a page if its days count."""
    request = dataclasses.replace(task.request, splittable=False, shared=True)
    if not shows_days:
        request = request.with_page_params(page_size=1)
    if "metrics" in request.params:
        metrics = request.params["metrics"][:MAX_METRICS]
        request = dataclasses.replace(request, params={**request.params, "metrics": metrics})
    return request


def _without_placeholders(stream: t.Any, task: Task, records: Sequence[t.Any]) -> Sequence[t.Any]:
    matches = stream.placeholders.matches
    return [record for record in records if not matches(record, task.request.label)]


class Sizes:
    """The measured sizes, and the expected number of requests for a first page.

    Attributes:
        topview: First day that can have TopView ads by advertiser ID, or None without campaigns.
    """

    def __init__(self) -> None:
        self.topview: dict[str, pendulum.Date | None] = {}
        self._profiles: dict[str, dict[str | None, Profile]] = collections.defaultdict(dict)

    def has_topview(self, task: Task) -> bool:
        """Return True if a run requests the TopView ads of a task's advertiser and window."""
        first_day = self.topview.get(id_of(task.advertiser) or "")
        return first_day is not None and (task.window is None or task.window.end >= first_day)

    def add(self, stream: str, owner: str | None, profile: Profile | None) -> None:
        """Add the sizes of an advertiser's list or report."""
        if profile is not None:
            self._profiles[stream][owner] = profile

    def has(self, stream: str) -> bool:
        """Return True if a size of a stream is known."""
        return bool(self._profiles[stream])

    def active_share(self, stream: str, task: Task) -> float:
        """Return the share of the days of a task's window on which a report has records."""
        return _mean([size.active_share for size in self._of(stream, task)])

    def requests(self, stream: TikTokStream, task: Task) -> float:
        """Return the expected number of requests for the list or window of a task."""
        sizes = self._of(stream.name, task)
        return _mean([_requests(stream, task, size.records) for size in sizes])

    def details(self, stream: TikTokStream, task: Task) -> float:
        """Return the expected number of objects whose details are requested, at least 1."""
        if not isinstance(stream, DetailStream):
            return 1
        return max(1, _mean([size.records for size in self._of(stream.name, task)]))

    def _of(self, stream: str, task: Task) -> Sequence[Size]:
        """Return the size of a task's advertiser, or else the sizes of the measured ones."""
        profiles, owner = self._profiles[stream], id_of(task.advertiser)
        known = [profiles[owner]] if owner in profiles else list(profiles.values())
        return [profile.at(task) for profile in known]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1


def _requests(stream: TikTokStream, task: Task, records: float) -> int:
    """Return the number of requests for a list or window with a number of records."""
    days = 1 if task.window is None else task.window.days
    page_size = task.request.page_params.get("page_size") or 0
    pages = max(1, math.ceil(records * days / page_size)) if page_size else 1
    if pages == 1:
        return 1
    if task.shorter_lists:
        return 1 + len(task.shorter_lists)
    if isinstance(task, NewestFirstTask) and task.since is not None:
        return min(pages, EARLY_END_PAGES)
    return pages + stream.objects_can_vanish  # the first page is requested once more


def measure(
    run_context: RunContext,
    streams: Iterable[TikTokStream],
    count: int,
    bar: Callable[[int], t.ContextManager[Callable[[str], None]]],
) -> Sizes:
    """Return the sizes of the streams of some advertisers, and who has TopView campaigns.

    Args:
        run_context: The run to estimate.
        streams: Its streams.
        count: Number of advertisers to measure.
        bar: Shows the progress of a number of requests.

    Raises:
        TapError: The token is rejected, or TikTok throttles requests.
    """
    sizes = Sizes()
    streams = list(streams)
    measurements = [
        Measurement(stream, tasks)
        for stream in streams
        for tasks in _measurable_tasks(stream, _spread(run_context.advertisers, count))
    ]
    advertisers = run_context.advertisers if any(map(_asks_for_topview, streams)) else []
    client = run_context.client.with_empty_cache()  # or the run would seem to need fewer requests
    campaigns = TopViewCampaigns(client)
    workers = run_context.workers

    with bar(len(measurements) + len(advertisers)) as advance:
        for advertiser, day in workers.ordered(
            advertisers, lambda advertiser: (_first_topview_day(campaigns, advertiser), ())
        ):
            sizes.topview[advertiser.id] = day
            advance("TopView")
        for item, profile in workers.ordered(measurements, lambda item: (item.profile(client), ())):
            sizes.add(item.stream.name, id_of(item.tasks[0].advertiser), profile)
            advance(item.stream.name)
    return sizes


def _first_topview_day(campaigns: TopViewCampaigns, advertiser: Advertiser) -> pendulum.Date | None:
    """Return the first day that can have TopView ads, or None if there is none, or it is unknown.

    Raises:
        TapError: The token is rejected, or TikTok throttles requests.
    """
    try:
        return campaigns.check(advertiser, BEFORE_FIRST_STREAM).first_day
    except (errors.ThrottledError, errors.AuthError):
        raise
    except errors.TapError:
        return None


def _asks_for_topview(stream: TikTokStream) -> bool:
    return bool(getattr(stream, "reports_topview", getattr(stream, "has_topview_list", False)))


def _spread(advertisers: Sequence[Advertiser], count: int) -> list[Advertiser]:
    """Return some advertisers, evenly spread over all."""
    count = min(count, len(advertisers))
    return [advertisers[number * len(advertisers) // count] for number in range(count)]


def _measurable_tasks(
    stream: TikTokStream, advertisers: Sequence[Advertiser]
) -> list[Sequence[Task]]:
    """Return the tasks with pages of each advertiser, or of all advertisers at once."""
    stream.selected_advertisers = advertisers
    if isinstance(stream, ReportStream) and stream.window_days:
        stream.keep_covered_days()
        plan = stream.window_plan
        by_owner = [
            [stream.first_task(owner, window) for window in plan.windows_of(ranges)]
            for owner, ranges in plan.unread_ranges().items()
        ]
    else:
        by_owner = [[task] for task in _first_tasks(stream, advertisers)]
    stream.selected_advertisers = None
    return [
        tasks
        for tasks in by_owner
        if tasks and tasks[0].request.page_params.get("page_size") and not tasks[0].is_pending
    ]


def _first_tasks(stream: TikTokStream, advertisers: Sequence[Advertiser]) -> list[Task]:
    """Return the first request of each advertiser, or of all advertisers at once."""
    owners = len(advertisers) if stream.per_advertiser else 1
    first: dict[str | None, Task] = {}
    for task in stream.plan.sample_tasks():
        first.setdefault(id_of(task.advertiser), task)
        if len(first) >= owners:
            break
    return list(first.values())
