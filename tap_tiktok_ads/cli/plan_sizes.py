"""The sizes of lists and reports, measured with small requests for a few advertisers.

A request for one record returns the total of its list, with the filters that the state determines.
So it shows how many pages a run requests. One request per advertiser shows if there are TopView
campaigns. The other advertisers are expected to be like the measured ones.
"""

from __future__ import annotations

import collections
import dataclasses
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
    from collections.abc import Callable, Iterable, Sequence

    import pendulum

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream

#: Requests of a list with changes that ends early: its first page and its last page.
EARLY_END_PAGES = 2


@dataclasses.dataclass(frozen=True)
class Size:
    """The size of a list or report of one advertiser.

    Attributes:
        records: Number of records, per day for a report.
        active_share: Share of the days of a report that have records.
    """

    records: float
    active_share: float = 1.0


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A request to send for the size of a list or report."""

    stream: TikTokStream
    task: Task

    def size(self, client: Client) -> Size | None:
        """Send the request. Return the size, or None if the response does not show it."""
        stream, task = self.stream, self.task
        shows_days = isinstance(stream, ReportStream) and stream.hourly_days.is_evidence
        try:
            response = client.send(self._request(shows_days=shows_days))
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

    def _request(self, *, shows_days: bool) -> Request:
        """Return the request for one record, or for a page if its days count."""
        request = dataclasses.replace(self.task.request, splittable=False, shared=True)
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
        self._sizes: dict[str, dict[str | None, Size]] = collections.defaultdict(dict)

    def has_topview(self, task: Task) -> bool:
        """Return True if a run requests the TopView ads of a task's advertiser and window."""
        first_day = self.topview.get(id_of(task.advertiser) or "")
        return first_day is not None and (task.window is None or task.window.end >= first_day)

    def add(self, stream: str, owner: str | None, size: Size | None) -> None:
        """Add the size of an advertiser's list or report."""
        if size is not None:
            self._sizes[stream][owner] = size

    def has(self, stream: str) -> bool:
        """Return True if a size of a stream is known."""
        return bool(self._sizes[stream])

    def active_share(self, stream: str, owner: str | None) -> float:
        """Return the share of the days on which a report has records."""
        return _mean([size.active_share for size in self._of(stream, owner)])

    def requests(self, stream: TikTokStream, task: Task) -> float:
        """Return the expected number of requests for the list or window of a task."""
        sizes = self._of(stream.name, id_of(task.advertiser))
        return _mean([_requests(stream, task, size.records) for size in sizes])

    def details(self, stream: TikTokStream, task: Task) -> float:
        """Return the expected number of objects whose details are requested, at least 1."""
        if not isinstance(stream, DetailStream):
            return 1
        return max(
            1, _mean([size.records for size in self._of(stream.name, id_of(task.advertiser))])
        )

    def _of(self, stream: str, owner: str | None) -> Sequence[Size]:
        """Return the size of an advertiser, or else the sizes of the measured ones."""
        sizes = self._sizes[stream]
        return [sizes[owner]] if owner in sizes else list(sizes.values())


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
        Measurement(stream, task)
        for stream in streams
        for task in _first_tasks(stream, _spread(run_context.advertisers, count))
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
        for item, size in workers.ordered(measurements, lambda item: (item.size(client), ())):
            sizes.add(item.stream.name, id_of(item.task.advertiser), size)
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


def _first_tasks(stream: TikTokStream, advertisers: Sequence[Advertiser]) -> list[Task]:
    """Return the first request with pages of each advertiser, or of all advertisers at once."""
    stream.selected_advertisers = advertisers
    owners = len(advertisers) if stream.per_advertiser else 1
    first: dict[str | None, Task] = {}
    for task in stream.plan.sample_tasks():
        first.setdefault(id_of(task.advertiser), task)
        if len(first) >= owners:
            break
    stream.selected_advertisers = None
    return [
        task
        for task in first.values()
        if task.request.page_params.get("page_size") and not task.is_pending
    ]
