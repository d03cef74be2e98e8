"""Streams whose requests name IDs that other requests of the same task return.

A task without its IDs is a step. A worker reads the list of the step. The requests for its IDs
follow in the plan. No thread waits for another one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.reader import read_complete, read_pages
from tap_tiktok_ads.streams.dependent import LookupStream, LookupTask

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.extract.sampling import Send
    from tap_tiktok_ads.extract.source import Source

    Values = Mapping[str, t.Any]


class StepStream(LookupStream):
    """Requests for the IDs that earlier steps found, with the values of the lookups."""

    def is_step(self, values: Values) -> bool:
        """Return True if a request with these values only finds IDs."""
        raise NotImplementedError

    def next_values(self, values: Values, raw_records: Iterable[Record]) -> Iterator[Values]:
        """Yield the values of each request that follows a step, given the records of the step."""
        raise NotImplementedError

    def source_of(self, task: Task) -> Source:  # noqa: ARG002 - for subclasses
        """Return the source that finds the records of a step."""
        return self.source

    def _needs_step(self, task: Task) -> bool:
        is_expanded = isinstance(task, LookupTask) and not task.is_pending
        return is_expanded and self.is_step(t.cast("LookupTask", task).values)

    @override
    def fetch(self, task: Task) -> Fetched:
        if not self._needs_step(task):
            return super().fetch(task)
        return Page(), self._next_tasks(task, read_complete(self._read_step, task, self.name))

    def _read_step(self, task: Task) -> list[Record]:
        pages = read_pages(self.run_context.client, self.source_of(task), task)
        return [raw for raw_records, _ in pages for raw in raw_records]

    @override
    def sample_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        if not self._needs_step(task):
            return super().sample_task(task, send)
        response = send(dataclasses.replace(task.request, splittable=False))
        source = self.source_of(task)
        source.check(task, response)
        return [], self._next_tasks(task, source.locate(task, response))

    def _next_tasks(self, task: Task, raw_records: Iterable[Record]) -> list[Task]:
        return [
            LookupTask(
                self.request(task.advertiser, task.window, values),
                task.advertiser,
                task.window,
                parent_window=task.parent_window,
                values=values,
            )
            for values in self.next_values(t.cast("LookupTask", task).values, raw_records)
        ]
