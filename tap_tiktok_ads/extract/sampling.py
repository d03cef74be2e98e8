"""A few records of a stream, whatever its state says."""

from __future__ import annotations

import itertools
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract import lookahead

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.source import Source

    FetchSample = Callable[[Task], tuple[list[Record], Sequence[Task]]]


def take_sample(
    source: Source, tasks: Iterable[Task], fetch: FetchSample, max_requests: int
) -> list[Record]:
    """Return the flat records, not yet cast, of the first response that has any.

    Args:
        source: Decides which errors are skipped.
        tasks: The tasks to try, in this order.
        fetch: Reads a task.
        max_requests: Maximum number of tasks.

    Raises:
        TapError: No response has records, and one was an error.
    """
    denied: list[errors.ApiError] = []

    def fetch_or_skip(task: Task) -> tuple[list[Record], Sequence[Task]]:
        try:
            return fetch(task)
        except errors.ApiError as error:
            if not source.is_skippable(task, error):
                raise
            if not task.optional:
                denied.append(error)
            return [], ()

    results = lookahead.sequential(tasks, fetch_or_skip)
    for _, records in itertools.islice(results, max_requests):
        if records:
            return records
    if denied:
        raise denied[0]
    return []
