"""A few records of a stream, read without its state."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract.reader import unreadable
from tap_tiktok_ads.extract.sequential import sequential

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_tiktok_ads.api.messages import Request, Response
    from tap_tiktok_ads.extract.conversion import RecordFlattener
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.source import Source

    Send = Callable[[Request], Response]
    FetchSample = Callable[[Task], tuple[list[Record], Sequence[Task]]]


def take_sample(
    source: Source, tasks: Iterable[Task], fetch: FetchSample, max_requests: int
) -> list[Record]:
    """Return the flat records, not yet cast, of the first response that has any.

    Args:
        source: Decides which errors are skipped.
        tasks: The tasks to try, in this order.
        fetch: Reads a task.
        max_requests: Maximum number of requests, and of lookups before them.

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

    counts: collections.Counter[bool] = collections.Counter()
    for task, records in sequential(tasks, fetch_or_skip):
        counts[task.is_pending] += 1
        if records:
            return records
        if max_requests in counts.values():
            break
    if denied:
        raise denied[0]
    return []


def fetch_sample(
    flattener: RecordFlattener, task: Task, send: Send
) -> tuple[list[Record], Sequence[Task]]:
    """Return the flat records of a task, not yet cast, and the tasks that follow.

    Args:
        flattener: Flattens the raw records.
        task: The task to read.
        send: Sends its request.

    Raises:
        TapError: There is no response, or it cannot be read.
    """
    source = flattener.source
    response = send(dataclasses.replace(task.request, splittable=False))
    try:
        source.check(task, response)
        raw_records = source.locate(task, response)
        following = source.following(task, response, len(raw_records))
        return list(flattener.records(task, raw_records)), following
    except errors.TapError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a response of another shape can cause
        raise unreadable(task, error) from None
