"""Merging of several responses where a report has more metrics than one request can have."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import typing as t

from tap_tiktok_ads.api.advertisers import batches
from tap_tiktok_ads.api.errors import ResponseError, TooLargeError
from tap_tiktok_ads.api.pagination import total_number
from tap_tiktok_ads.api.report_rules import MAX_METRICS
from tap_tiktok_ads.extract.conversion import BYTES_PER_JSON_BYTE
from tap_tiktok_ads.extract.page_decoder import decode_list_page, decode_records
from tap_tiktok_ads.extract.pages import Page, PageDays, Task
from tap_tiktok_ads.extract.verification import MAX_EXTRA_PASSES
from tap_tiktok_ads.streams.reports.record_parts import RecordParts

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.reader import Fetched, FetchedRaw, PageReader

    FetchRaw = Callable[[Task], FetchedRaw]

#: Maximum number of records of a list that is merged as one.
MAX_MERGED_RECORDS = 100_000
#: Number of records that are joined and decoded at once, to bound the memory.
JOINED_RECORDS = 100
DAMAGE = (
    "the merged responses held different records in every pass, or fewer than TikTok "
    "reports: some lack metrics."
)


@dataclasses.dataclass(frozen=True, slots=True)
class MergedPage(Task):
    """A page of a list that is merged as one.

    Attributes:
        record_parts: The records of the list.
        response: The response with the total of the list.
        positions: The positions of the page's records.
    """

    record_parts: RecordParts = dataclasses.field(kw_only=True)
    response: Response = dataclasses.field(kw_only=True)
    positions: range = dataclasses.field(kw_only=True)


class MetricMerger:
    """Reads a list once per batch of metrics, and merges the records by their dimensions.

    The pages of the batches are merged page by page. If a page does not hold the same records in
    every batch, the lists of the stream are merged as one from then on.
    """

    def __init__(self, reader: PageReader, dimensions: Sequence[str]) -> None:
        self._reader = reader
        self._dimensions = dimensions
        self._are_pages_equal = True
        self._lock = threading.Lock()  # one page at a time: several would take more memory

    @staticmethod
    def is_needed(task: Task) -> bool:
        """Return True if a task has more metrics than one request can have."""
        return isinstance(task, MergedPage) or len(task.request.params["metrics"]) > MAX_METRICS

    def fetch(self, task: Task) -> Fetched:
        """Return a page of merged records and the tasks that follow it.

        The requests are repeated if a record is not in every response. If that does not help, the
        page counts as damaged.

        Raises:
            TooLargeError: The list has too many records to merge it as one.
            TapError: A response is an error.
        """
        if isinstance(task, MergedPage):
            return self._build(task, task.record_parts, task.response, task.positions), ()
        if task.page > 1 or self._are_pages_equal:
            record_parts, response, following = self._read(task, self._fetch)
            if record_parts.are_complete or (task.page == 1 and not following):
                return self._build(
                    task, record_parts, response, range(record_parts.count)
                ), following
            self._are_pages_equal = False
            if task.page > 1:  # the verifier reads the list again, merged as one
                return Page(damage=DAMAGE), following
        return self._fetch_list(task)

    def _fetch_list(self, task: Task) -> Fetched:
        """Return the first page of a list that is merged as one, and its other pages."""
        record_parts, response, _ = self._read(task, self._fetch_bounded, all_pages=True)
        page_size = int(task.request.params["page_size"])
        page_info = {**response.data["page_info"], "page_size": page_size}
        response = dataclasses.replace(response, data={"page_info": page_info})
        first, *other_positions = [
            range(start, min(start + page_size, record_parts.count))
            for start in range(0, max(1, record_parts.count), page_size)
        ]
        pages = [
            _merged_page(
                task.at_page(number, len(other_positions) + 1), record_parts, response, positions
            )
            for number, positions in enumerate(other_positions, start=2)
        ]
        return self._build(task, record_parts, response, first), pages

    # Requests

    def _read(
        self, task: Task, fetch: FetchRaw, *, all_pages: bool = False
    ) -> tuple[RecordParts, Response, Sequence[Task]]:
        """Read a task once per batch of metrics. Repeat the requests while records lack parts.

        Args:
            task: The page, or the first page of the list.
            fetch: Reads a page.
            all_pages: True to read the pages that follow, too.

        Returns:
            The records, the response with the largest total, and the tasks that follow it.
        """
        metric_batches = list(batches(task.request.params["metrics"], MAX_METRICS))
        for _ in range(1 + MAX_EXTRA_PASSES):
            record_parts = RecordParts(task.request.label, self._dimensions, len(metric_batches))
            received: list[tuple[Response, Sequence[Task]]] = []
            for number, metrics in enumerate(metric_batches):
                tasks = [task.with_params(metrics=list(metrics))]
                while tasks:
                    received.append(_store(record_parts, number, fetch(tasks.pop(0))))
                    tasks = [*received[-1][1], *tasks] if all_pages else []
            if record_parts.are_complete:
                break
        largest, following = max(received, key=lambda item: _total(item[0]))
        is_truncated = any(response.is_truncated for response, _ in received)
        metrics = task.request.params["metrics"]
        return (
            record_parts,
            dataclasses.replace(largest, is_truncated=is_truncated),
            [next_task.with_params(metrics=metrics) for next_task in following],
        )

    def _fetch(self, task: Task) -> FetchedRaw:
        return self._reader.fetch_raw(task, decode_list_page)

    def _fetch_bounded(self, task: Task) -> FetchedRaw:
        """Return a page of a list that is not too large to merge it as one."""
        (raw_records, response), following = self._fetch(task)
        is_splittable = task.window is not None and task.window.days > 1
        if is_splittable and _total(response) > MAX_MERGED_RECORDS:
            msg = f"{task.request.label} has too many records to merge several responses"
            raise TooLargeError(ResponseError(msg))
        return (raw_records, response), following

    # Records

    def _build(
        self, task: Task, record_parts: RecordParts, response: Response, positions: range
    ) -> Page:
        """Return the page of the records at some positions.

        While it is read, a page also takes the memory of one response.
        """
        with self._lock:
            pages = self._fast_pages(task, record_parts, response, positions)
            page = (
                _concatenated(pages)
                if pages
                else self._slow_page(task, record_parts, response, positions)
            )
        is_damaged = not record_parts.are_complete and task.page == 1
        return dataclasses.replace(
            page,
            damage=DAMAGE if is_damaged else None,
            weight=(page.weight or BYTES_PER_JSON_BYTE * record_parts.size(positions))
            + record_parts.part_bytes,
        )

    def _fast_pages(
        self, task: Task, record_parts: RecordParts, response: Response, positions: range
    ) -> list[Page]:
        """Return parts of a page whose records the report decoder knows, or nothing."""
        pages = []
        for joined in _joined(record_parts, positions):
            decode = self._reader.decode
            envelope = decode(b'{"code":0,"data":{"list":%s}}' % joined) if decode else None
            if envelope is None:
                return []
            pages.append(self._reader.builder.build(task, envelope.data.records, response))
        return pages

    def _slow_page(
        self, task: Task, record_parts: RecordParts, response: Response, positions: range
    ) -> Page:
        raw_records = itertools.chain.from_iterable(
            map(decode_records, _joined(record_parts, positions))
        )
        return self._reader.builder.build(task, list(raw_records), response)


def _concatenated(pages: Sequence[Page]) -> Page:
    """Return the page that consists of several parts of a page."""
    fingerprints = [fingerprint for page in pages for fingerprint in page.fingerprints or ()]
    return dataclasses.replace(
        pages[0],
        records=[record for page in pages for record in page.records],
        record_count=sum(page.record_count for page in pages),
        fingerprints=fingerprints,
        received=sum(page.received or 0 for page in pages),
        days=_days(pages),
        weight=sum(page.weight for page in pages),
    )


def _days(pages: Sequence[Page]) -> PageDays | None:
    """Return the days of all parts of a page, or None if a part does not know its days."""
    days = [page.days for page in pages if page.days is not None]
    if len(days) < len(pages):
        return None
    read = frozenset[int]().union(*(page_days.read for page_days in days))
    return PageDays(read, frozenset[int]().union(*(page_days.active for page_days in days)))


def _store(
    record_parts: RecordParts, batch: int, fetched: FetchedRaw
) -> tuple[Response, Sequence[Task]]:
    """Add the records of a response. Return the response without them, and the next tasks."""
    (raw_records, response), following = fetched
    record_parts.add(batch, raw_records)
    page_info = response.data.get("page_info")
    return dataclasses.replace(response, data={"page_info": page_info}, body=b""), following


def _joined(record_parts: RecordParts, positions: range) -> Iterator[bytes]:
    """Yield JSON arrays of joined records."""
    for start in range(positions.start, positions.stop, JOINED_RECORDS):
        yield record_parts.read(range(start, min(start + JOINED_RECORDS, positions.stop)))


def _merged_page(
    task: Task, record_parts: RecordParts, response: Response, positions: range
) -> MergedPage:
    """Return the task for a page of a list that is merged as one."""
    fields = {field.name: getattr(task, field.name) for field in dataclasses.fields(Task)}
    return MergedPage(**fields, record_parts=record_parts, response=response, positions=positions)


def _total(response: Response) -> int:
    return total_number(response.data.get("page_info")) or 0
