"""Merging of several responses where a report has more metrics than one request can have."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from tap_tiktok_ads.api.advertisers import batches
from tap_tiktok_ads.api.errors import ResponseError, TooLargeError
from tap_tiktok_ads.api.pagination import total_number
from tap_tiktok_ads.api.report_rules import MAX_METRICS
from tap_tiktok_ads.extract import lookahead
from tap_tiktok_ads.extract.verification import MAX_EXTRA_PASSES

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Page, Record, Task
    from tap_tiktok_ads.extract.reader import PageReader

#: Maximum number of records that are merged at once.
MAX_MERGED_RECORDS = 2_000


class MetricMerger:
    """Reads a window once per batch of metrics, and merges the records by their dimensions."""

    def __init__(self, reader: PageReader, dimensions: Sequence[str]) -> None:
        self._reader = reader
        self._dimensions = dimensions

    @staticmethod
    def is_needed(task: Task) -> bool:
        """Return True if a task has more metrics than one request can have."""
        return len(task.request.params["metrics"]) > MAX_METRICS

    def fetch(self, task: Task) -> Page:
        """Return all records of a window.

        All requests are repeated if a record is not in every response, or if lists of several
        pages are short of their total. If that does not help, the page counts as damaged.

        Raises:
            TooLargeError: There are too many records to hold. A shorter window has fewer.
            TapError: A response is an error.
        """
        for _ in range(1 + MAX_EXTRA_PASSES):
            page, is_complete = self._merge(task)
            if is_complete:
                return page
        damage = (
            "the merged responses held different records in every pass, or fewer than TikTok "
            "reports: some lack metrics."
        )
        return dataclasses.replace(page, damage=damage)

    def _merge(self, task: Task) -> tuple[Page, bool]:
        """Return the merged records, and True if each of them is made of all responses."""
        part_counts: collections.Counter[tuple[t.Any, ...]] = collections.Counter()
        records: dict[tuple[t.Any, ...], Record] = {}
        metric_batches = list(batches(task.request.params["metrics"], MAX_METRICS))
        responses: list[Response] = []
        for metrics in metric_batches:
            merged_task = task.with_params(metrics=list(metrics))
            for _, (raw_records, response) in lookahead.sequential([merged_task], self._fetch):
                responses.append(response)
                for raw in raw_records:
                    part_counts[self._add(records, raw)] += 1
        are_equal = all(count == len(metric_batches) for count in part_counts.values())
        totals = [total_number(response.data.get("page_info")) or 0 for response in responses]
        is_short = len(records) < max(totals) and len(responses) > len(metric_batches)
        is_truncated = any(response.is_truncated for response in responses)
        last = dataclasses.replace(responses[-1], is_truncated=is_truncated)
        page = self._reader.builder.build(task, list(records.values()), last)
        return page, are_equal and not is_short

    def _add(self, records: dict[tuple[t.Any, ...], Record], raw: Record) -> tuple[t.Any, ...]:
        """Add the metrics of a raw record to the record of its dimensions. Return the key."""
        dimensions = raw.get("dimensions") or {}
        key = tuple(dimensions.get(name) for name in self._dimensions)
        record = records.setdefault(key, {"dimensions": dimensions, "metrics": {}})
        record["metrics"] |= raw.get("metrics") or {}
        return key

    def _fetch(self, task: Task) -> tuple[tuple[Sequence[Record], Response], Sequence[Task]]:
        (raw_records, response), following = self._reader.fetch_raw(task)
        is_splittable = task.window is not None and task.window.days > 1
        if is_splittable and len(following) * len(raw_records) > MAX_MERGED_RECORDS:
            msg = f"{task.request.label} has too many records to merge several responses"
            raise TooLargeError(ResponseError(msg))
        return (raw_records, response), following
