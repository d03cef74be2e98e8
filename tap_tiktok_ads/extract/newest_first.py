"""Lists whose most recently changed objects come first: pages without changes are not requested.

TikTok can ignore the order that a request names. So the pages themselves must prove it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import msgspec
from typing_extensions import override

from tap_tiktok_ads.api.messages import DECODE_ERRORS
from tap_tiktok_ads.api.pagination import response_page_size, total_number
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.source import PageFacts, Source
from tap_tiktok_ads.extract.values import BadValueError, to_date_time

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.messages import Response

#: The parameters that request the order.
NEWEST_FIRST: Mapping[str, str] = {"sort_field": "MODIFY_TIME"}
#: Warning about a list that TikTok does not offer in the order of changes.
ORDER_WARNING = (
    "Stream %s reads its complete list: TikTok rejects the order of changes: %s No setting changes "
    "this."
)
#: An object can be listed a little out of place. The last page of changes reaches this far back.
ORDER_MARGIN = dt.timedelta(minutes=10)
#: Number of pages that are requested one by one. All later pages are requested at once.
MAX_SINGLE_PAGES = 4


class _Times(msgspec.Struct):
    """The times of a raw object."""

    create_time: t.Any = None
    modify_time: t.Any = None


_decode_times = msgspec.json.Decoder(_Times).decode


def times_of(raw: t.Any) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return when a raw object was created and last changed. None stands for an unusable time.

    Example:
        >>> changed = {"modify_time": "2026-01-31T10:11:12Z", "create_time": "soon"}
        >>> [time and time.isoformat() for time in times_of(changed)]
        [None, '2026-01-31T10:11:12+00:00']
    """
    try:
        times = _decode_times(raw) if isinstance(raw, msgspec.Raw) else _Times(**_known(raw))
    except DECODE_ERRORS:
        return None, None
    return _time(times.create_time), _time(times.modify_time)


def _known(raw: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: raw[name] for name in ("create_time", "modify_time") if name in raw}


def _time(value: t.Any) -> dt.datetime | None:
    try:
        text = to_date_time(value)
    except BadValueError:
        return None
    return None if text is None else dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclasses.dataclass(frozen=True, slots=True)
class ChangeOrder:
    """Evidence that a list begins with the most recently changed objects.

    Attributes:
        first: Time of the first object's change.
        last: Time of the last object's change.
        earliest_creation: The earliest creation so far.
        differs_from_creation: True if an object was created after one that is listed before it.
            Without such an object, the list may be in the order of creation.
    """

    first: dt.datetime | None = None
    last: dt.datetime | None = None
    earliest_creation: dt.datetime | None = None
    differs_from_creation: bool = False

    def extended_by(self, raw_records: Iterable[t.Any]) -> ChangeOrder | None:
        """Return the evidence with the next objects of the list, or None if they refute it.

        An object without a time of change refutes it.
        """
        first, last = self.first, self.last
        earliest, differs = self.earliest_creation, self.differs_from_creation
        for created, changed in map(times_of, raw_records):
            if changed is None or (last is not None and changed > last):
                return None
            first, last = first or changed, changed
            if created is not None:
                differs = differs or (earliest is not None and created > earliest)
                earliest = created if earliest is None else min(created, earliest)
        return ChangeOrder(first, last, earliest, differs)

    def begins_before(self, time: dt.datetime) -> bool:
        """Return True if even the first object changed before a time."""
        return self.first is None or self.first < time

    def reaches(self, time: dt.datetime) -> bool:
        """Return True if all objects that changed since a time have been listed."""
        return self.last is not None and self.last < time - ORDER_MARGIN


@dataclasses.dataclass(frozen=True, slots=True)
class NewestFirstTask(Task):
    """A page of a list whose most recently changed objects come first.

    Attributes:
        since: The time of the earliest change to read, or None if every page is read.
        order: What the pages before show.
        unchanged: Number of objects between the pages before and the last page, if this is the last
            page. It shows if the pages between can be left out. If not, `shorter_lists` are read.
    """

    since: dt.datetime | None = None
    order: ChangeOrder = dataclasses.field(default_factory=ChangeOrder)
    unchanged: int = 0

    def complete(self) -> NewestFirstTask:
        """Return the task without early end: it reads every page that follows."""
        return dataclasses.replace(self, since=None)

    def in_default_order(self) -> Task:
        """Return the task for the complete list in TikTok's default order."""
        params = {k: v for k, v in self.request.params.items() if k not in NEWEST_FIRST}
        return Task(dataclasses.replace(self.request, params=params), self.advertiser)

    @override
    def for_another_pass(self) -> Task:
        """Return the task that re-reads every page of the list."""
        return Task.for_another_pass(self.complete())


class NewestFirstSource(Source):
    """A list that ends early if its pages prove that the other objects have not changed.

    All of this has to be true. The pages are full, and in the order of changes. They are in no
    order of creation. The first object is not older than the bookmark, so the object that the
    bookmark comes from is not missing. The last object is older. The last page of the list
    continues the order, and each of its objects has a time of change.
    """

    @override
    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        following = super().following(task, response, record_count)
        if not isinstance(task, NewestFirstTask) or task.since is None:
            return following
        order = task.order.extended_by(self.locate(task, response)) if record_count else None
        if task.unchanged:
            return task.shorter_lists if following or order is None else ()
        page_size = self._full_page_size(response, record_count)
        return _next_pages(task, following, order if page_size else None, page_size)

    def _full_page_size(self, response: Response, record_count: int) -> int:
        """Return the number of objects of a full page of a counted list, or 0 for other pages."""
        page_info = response.data.get("page_info")
        page_size = response_page_size(page_info, record_count, self.page_size or 0)
        is_full = record_count == page_size and total_number(page_info) is not None
        return page_size if is_full else 0

    @override
    def page_facts(self, task: Task, response: Response, record_count: int) -> PageFacts | None:
        facts = super().page_facts(task, response, record_count)
        if facts is None or not isinstance(task, NewestFirstTask):
            return facts
        return facts._replace(unchanged=task.unchanged)


def _next_pages(
    task: NewestFirstTask, following: Sequence[Task], order: ChangeOrder | None, page_size: int
) -> Sequence[Task]:
    """Return the next page, the last page, or all pages that follow a page.

    Args:
        task: The page.
        following: All pages that follow it.
        order: What the pages so far show, or None if they do not prove the order.
        page_size: Number of objects of each page but the last.
    """
    since = t.cast("dt.datetime", task.since)
    pages = [t.cast("NewestFirstTask", page) for page in following]
    complete = tuple(page.complete() for page in pages)
    if order is None or order.begins_before(since) or len(pages) <= 1:
        return complete
    if not order.reaches(since):
        if task.page >= MAX_SINGLE_PAGES:
            return complete
        return [dataclasses.replace(pages[0], order=order, last_page=task.page + 1)]
    if not order.differs_from_creation:
        return complete
    unchanged = (len(pages) - 1) * page_size
    last = dataclasses.replace(pages[-1], order=order, unchanged=unchanged, shorter_lists=complete)
    return [last]
