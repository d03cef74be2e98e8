"""Tasks of a plan, and the pages of records that they bring."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api import errors
    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window

Record = dict[str, t.Any]
#: Parameters that can differ between two pages of one list: TikTok rejects some metrics.
VARYING_PARAMETERS = frozenset({"metrics"})


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """One request of a plan.

    Attributes:
        request: The request to send.
        advertiser: The advertiser whose data it reads, or None if it reads the data of many.
        window: The days that it reads, or None if the request has no date range.
        last_page: The highest page requested so far, or None for the first page of a list.
        optional: True if accounts can lack this list, so that a rejection is not an error.
        is_topview: True if it reads TopView objects only. Most advertisers have none.
        shorter_lists: Tasks that replace this one if other tasks would follow it.
        parent_window: The window that `window` was split from, or None.
        page_before: Hash of the page before, if no total says that there is this page.
        first_request: The request for the first page, if its pages differ by more than a number.
        awaited_report: The report whose turn comes before, and whose empty days need no request.
        common_keys: Keys of what other tasks need, too, and the first of them finds out.
        page_share: Expected number of records, as a share of a full page.
        is_check: True if it only shows whether the first page of a list has changed.
        is_pending: True if values are still to be looked up. The requests for them follow it.
    """

    request: Request
    advertiser: Advertiser | None = None
    window: Window | None = None
    last_page: int | None = None
    optional: bool = False
    is_topview: bool = False
    shorter_lists: tuple[Task, ...] = ()
    parent_window: Window | None = None
    first_request: Request | None = None
    page_before: int | None = None
    awaited_report: str | None = None
    common_keys: tuple[str, ...] = ()
    page_share: float = 1.0
    is_check: bool = False
    is_pending: bool = False

    @property
    def partition(self) -> tuple[Advertiser | None, Window | None]:
        """The advertiser and window whose bookmark advances once all their tasks are written."""
        return self.advertiser, self.parent_window or self.window

    @property
    def page(self) -> int:
        """The number of the page, starting at 1."""
        return int(self.request.page_params.get("page", 1))

    @property
    def list_key(self) -> str:
        """The part of the request that all pages of one list have in common."""
        request = self.first_request or self.request
        params = {
            name: value for name, value in request.params.items() if name not in VARYING_PARAMETERS
        }
        body = None if request.body is None else {**request.body, "page": 1}
        return dataclasses.replace(request, params=params | {"page": 1}, body=body).cache_key

    def at_page(self, page: int, last_page: int) -> Task:
        """Return the task for another page of the list."""
        request = dataclasses.replace(self.request.with_page_params(page=page), splittable=False)
        return dataclasses.replace(self, request=request, last_page=last_page)

    def for_another_pass(self) -> Task:
        """Return the task that re-reads the list, without the response cache."""
        return dataclasses.replace(self.with_request(shared=False), shorter_lists=())

    def with_request(self, **changes: t.Any) -> Task:
        """Return the task with other fields of its request."""
        return dataclasses.replace(self, request=dataclasses.replace(self.request, **changes))

    def with_params(self, **changes: t.Any) -> Task:
        """Return the task with other query parameters."""
        return self.with_request(params={**self.request.params, **changes})


@dataclasses.dataclass(frozen=True, slots=True)
class PageDays:
    """The days of a page of a report, as ordinals.

    Attributes:
        read: The days that the request covers, if the page is the first of its list.
        active: The days of the records.
    """

    read: frozenset[int]
    active: frozenset[int]


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """The records of one task, or the reason why there are none.

    Attributes:
        records: Typed records, or the RECORD lines of records that the SDK need not process: one
            item per record, or items of several lines.
        record_count: Number of records.
        fingerprints: One per record, or None if the stream does not deduplicate.
        received: Number of raw records in the response, or None if it is not a page of a list.
        total: The `total_number` of the response.
        page_size: Maximum number of raw records per page, as reported or else as requested. 0 if it
            is not known.
        page_hash: Hash of the raw records, if the page brings no record.
        unchanged: Number of raw records on pages before it that are known to be unchanged, and are
            not requested.
        days: The days of the page of a report, if another report needs them.
        weight: Approximate size in bytes.
        server_time: The HTTP `Date` header of the response.
        is_truncated: True if TikTok warned that records can be missing.
        denied: The error because of which the task was skipped.
        failed: The error to raise when the turn of the task comes.
        damage: Why the page does not count as read, or None.
    """

    records: Sequence[Record | bytes] = ()
    record_count: int = 0
    fingerprints: Sequence[t.Any] | None = None
    received: int | None = None
    total: int | None = None
    page_size: int = 0
    page_hash: int | None = None
    unchanged: int = 0
    days: PageDays | None = None
    weight: int = 0
    server_time: str | None = None
    is_truncated: bool = False
    denied: errors.ApiError | None = None
    failed: errors.TapError | None = None
    damage: str | None = None

    def select(self, mask: Sequence[bool]) -> Page:
        """Return the page with the records whose place in the mask is True."""
        records: t.Any = self.records
        if len(records) != self.record_count:
            records = b"".join(records).splitlines(keepends=True)  # JSON text has no line breaks
        selected = list(itertools.compress(records, mask))
        return dataclasses.replace(self, records=selected, record_count=len(selected))

    def head(self, count: int) -> Page:
        """Return the page with its first typed records."""
        records = self.records[:count]
        return dataclasses.replace(self, records=records, record_count=len(records))
