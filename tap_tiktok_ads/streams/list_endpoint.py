"""The requests of a list endpoint."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.advertisers import TOPVIEW, TOPVIEW_PAGE_SIZE, topview_campaigns_request
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.promote import ALL_ORIGINS, ORIGINS_FILTER, PROMOTE
from tap_tiktok_ads.extract import dates
from tap_tiktok_ads.extract.newest_first import NEWEST_FIRST, NewestFirstTask
from tap_tiktok_ads.extract.pages import Task

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser

#: Format of `modified_after`, in UTC.
MODIFIED_AFTER_FORMAT = "YYYY-MM-DD HH:mm:ss"


@dataclasses.dataclass(frozen=True)
class ListEndpoint:
    """The requests of a list endpoint.

    Attributes:
        path: The endpoint.
        page_size: Maximum number of records per page, or None if it has no pages.
        params: Additional parameters of every list.
        filtering: Filters of every list.
        has_status_filter: True if deleted objects are listed only with `primary_status`.
        has_topview_list: True if TopView objects are listed only by their buying type.
        has_modified_after: True if the endpoint can leave out what has not changed.
        has_promote: True if Promote objects are listed only by their origin.
        has_newest_first: True if the objects that changed last can be listed first.
    """

    path: str
    page_size: int | None = None
    params: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    filtering: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    has_status_filter: bool = False
    has_topview_list: bool = False
    has_modified_after: bool = False
    has_promote: bool = False
    has_newest_first: bool = False

    @property
    def uses_start(self) -> bool:
        """True if the requests depend on the time since which changed objects are needed."""
        return self.has_modified_after or self.has_newest_first

    def lists(
        self, advertiser: Advertiser, *, with_deleted: bool, start: str | None, shared: bool
    ) -> Iterator[Task]:
        """Yield the task of the first page of each list of an advertiser.

        Args:
            advertiser: The advertiser.
            with_deleted: Include deleted objects.
            start: Leave out what has not changed since this RFC 3339 time, if possible.
            shared: True if other streams send the same requests.
        """
        filtering = dict(self.filtering)
        if self.has_status_filter and with_deleted:
            filtering["primary_status"] = "STATUS_ALL"
        changed = dict(filtering)
        if self.has_modified_after and start is not None:
            changed["modified_after"] = _modified_after(start)
        if self.has_promote:
            yield self._list_with_promote(advertiser, filtering, changed, shared=shared)
        else:
            request = self.first_page(advertiser, self.page_size, changed, shared=shared)
            yield self._newest_first(Task(request, advertiser), start)
        if self.has_topview_list:
            filtering = {**filtering, "buying_types": [TOPVIEW]}
            request = self.first_page(advertiser, TOPVIEW_PAGE_SIZE, filtering, shared=shared)
            is_check = request.cache_key == topview_campaigns_request(advertiser.id).cache_key
            request = dataclasses.replace(request, shared=shared or is_check)
            yield Task(request, advertiser, optional=True, is_topview=True)

    def _newest_first(self, task: Task, start: str | None) -> Task:
        """Return the list, in the order that lets it end early if there is one."""
        if not self.has_newest_first or start is None:
            return task
        request = task.request.with_page_params(**NEWEST_FIRST)
        return NewestFirstTask(request, task.advertiser, since=dates.parse_time(start))

    def _list_with_promote(
        self,
        advertiser: Advertiser,
        filtering: Mapping[str, t.Any],
        changed: Mapping[str, t.Any],
        *,
        shared: bool,
    ) -> Task:
        """Return the list of all objects. If it is long, two lists of possible changes replace it.

        Promote objects have no time of change, and TikTok documents no such filter for them. So
        they need a list of their own, unless one page has all objects.
        """

        def task(filters: Mapping[str, t.Any], *, optional: bool = False) -> Task:
            request = self.first_page(advertiser, self.page_size, filters, shared=shared)
            return Task(request, advertiser, optional=optional)

        all_objects = task({**filtering, ORIGINS_FILTER: [*ALL_ORIGINS]})
        if changed == filtering:
            return all_objects
        promote = task({**filtering, ORIGINS_FILTER: [PROMOTE]}, optional=True)
        return dataclasses.replace(all_objects, shorter_lists=(task(changed), promote))

    def first_page(
        self,
        advertiser: Advertiser,
        page_size: int | None,
        filtering: Mapping[str, t.Any],
        *,
        shared: bool,
    ) -> Request:
        """Return the request for the first page of a list."""
        params: dict[str, t.Any] = {"advertiser_id": advertiser.id, **self.params}
        if page_size is not None:
            params |= {"page": 1, "page_size": page_size}
        if filtering:
            params["filtering"] = filtering
        return Request(self.path, params, shared=shared)


def _modified_after(start: str) -> str:
    """Return the filter for objects that have changed since a time.

    It is one second earlier: whether the bound is included is not documented.
    """
    return dates.parse_time(start).subtract(seconds=1).format(MODIFIED_AFTER_FORMAT)
