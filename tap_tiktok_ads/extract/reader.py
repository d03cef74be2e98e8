"""Fetch and cast of one task, in a worker thread."""

from __future__ import annotations

import dataclasses
import functools
import logging
import typing as t

import msgspec

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.pagination import total_number
from tap_tiktok_ads.api.temporary_files import storage_error
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.sequential import sequential
from tap_tiktok_ads.extract.values import BadValueError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Decode, Response
    from tap_tiktok_ads.extract.conversion import PageBuilder
    from tap_tiktok_ads.extract.first_page_checks import FirstPageChecks
    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.extract.source import Source

    Fetched = tuple[Page, Sequence[Task]]
    FetchedRaw = tuple[tuple[Sequence[t.Any], Response], Sequence[Task]]
    Fetch = Callable[[Task], Fetched]

T = t.TypeVar("T")

logger = logging.getLogger("tap-tiktok-ads")

#: Number of damaged pages after which a pass requests no more pages of a list.
MAX_DAMAGED_PAGES = 10
#: Maximum number of passes over a list that is read for another list.
MAX_PASSES = 3


class PageReader:
    """Reads the page of one task.

    Attributes:
        decode: Decodes bodies that it knows, faster than the client, or None.
    """

    def __init__(self, source: Source, client: Client, builder: PageBuilder) -> None:
        self.source = source
        self.client = client
        self.builder = builder
        self.decode: Decode | None = None

    def fetch(self, task: Task) -> Fetched:
        """Return the page of a task and the tasks that follow it in the plan.

        Raises:
            TapError: There is no response, or it cannot be read.
        """
        response = self._send(task, self.decode)
        raw_records = self.source.locate(task, response)
        following = self.source.following(task, response, len(raw_records))
        if task.shorter_lists and following:
            return Page(), task.shorter_lists
        return self.builder.build(task, raw_records, response), following

    def fetch_raw(self, task: Task, decode: Decode | None = None) -> FetchedRaw:
        """Return the raw records and the response of a task, and the tasks of the next pages.

        Args:
            task: The task.
            decode: Decodes bodies that it knows, faster than the client, or None.

        Raises:
            TapError: There is no response, or it cannot be read.
        """
        response = self._send(task, decode)
        raw_records = self.source.locate(task, response)
        following = self.source.following(task, response, len(raw_records))
        return (raw_records, response), following

    def _send(self, task: Task, decode: Decode | None) -> Response:
        """Return the response of a task, and register if it was repaired."""
        check = functools.partial(self.source.check, task)
        response = self.client.send(task.request, decode, self.source.name, check)
        if response.is_repaired:
            self.builder.caster.drift.add_repaired_text()
        return response


def fetch_raw(client: Client, source: Source, task: Task) -> FetchedRaw:
    """Return the raw records and the response of a task, and the tasks of the next pages.

    Raises:
        TapError: There is no response, or it cannot be read.
    """
    check = functools.partial(source.check, task)
    response = client.send(task.request, None, source.name, check)
    raw_records = source.locate(task, response)
    following = source.following(task, response, len(raw_records))
    return (raw_records, response), following


def read_pages(
    client: Client, source: Source, first_task: Task
) -> Iterator[tuple[Sequence[t.Any], Response]]:
    """Yield the raw records and the response of each page of a list.

    Raises:
        IncompleteError: TikTok counts more records than it returned, or returned a record twice.
        TapError: A page cannot be read.
    """
    received = total = 0
    distinct: set[int] = set()
    for _, (raw_records, response) in sequential(
        [first_task], lambda task: fetch_raw(client, source, task)
    ):
        received += len(raw_records)
        distinct.update(hash(msgspec.json.encode(raw)) for raw in raw_records)
        total = max(total, total_number(response.data.get("page_info")) or 0)
        yield raw_records, response
    if len(distinct) < max(received, total):
        msg = (
            f"{first_task.request.label}: TikTok reports {total} records, received "
            f"{len(distinct)} distinct and {received - len(distinct)} duplicates."
        )
        raise errors.IncompleteError(msg)


def read_complete(read: Callable[[Task], T], first_task: Task, stream: str) -> T:
    """Return the result of a function that reads a list. Repeat it while the list is incomplete.

    Args:
        read: Reads a list, given its first task.
        first_task: The first task.
        stream: Name of the stream that needs the list, for the log.

    Raises:
        IncompleteError: The list is incomplete in every pass.
        TapError: A page cannot be read.
    """
    for _ in range(MAX_PASSES - 1):
        try:
            return read(first_task)
        except errors.IncompleteError as error:
            window = first_task.window
            days = f" ({window.start} to {window.end})" if window else ""
            logger.info("Stream %s reads a list again%s: %s", stream, days, error)
            first_task = first_task.with_request(shared=False)
    return read(first_task)


class TaskRunner:
    """Runs a fetch function and turns every error into a page: skipped, split, or failed."""

    def __init__(self, source: Source, fetch: Fetch, checks: FirstPageChecks | None = None) -> None:
        """Prepare.

        Args:
            source: Classifies errors, and splits tasks.
            fetch: Returns the page of a task and the tasks that follow.
            checks: Plans checks of first pages, or None if objects cannot vanish.
        """
        self._source = source
        self._fetch = fetch
        self._checks = checks
        self._denied: dict[str, errors.ApiError] = {}  # by scope
        self._damaged_pages: dict[str, int] = {}  # number by list, of the latest pass

    def run(self, task: Task) -> Fetched:
        """Return the page of a task and the tasks that follow it. Raises nothing.

        After a permission error, no other request of its scope is sent. After
        `MAX_DAMAGED_PAGES`, the remaining pages of the list are not requested.
        """
        unread = self._unread(task)
        if unread is not None:
            return unread, ()
        page, following = self._attempt(task)
        if page.damage is not None:
            key = task.list_key
            self._damaged_pages[key] = self._damaged_pages.get(key, 0) + 1
        if self._checks is not None:
            following = self._checks.following(task, page, following)
        return page, following

    def _attempt(self, task: Task) -> Fetched:
        """Return the page of a task that is requested, and the tasks that follow it."""
        try:
            return self._fetch(task)
        except errors.TooLargeError as error:
            return self._split(task, error)
        except errors.DamagedResponseError as error:
            is_own = error.label == task.request.label  # not a lookup on behalf of the task
            return Page(damage=error.damage if is_own else str(error)), ()
        except errors.TapError as error:
            return self._without_records(task, error), ()
        except Exception as error:  # noqa: BLE001 - whatever a response of another shape can cause
            return Page(failed=unreadable(task, error)), ()

    def _unread(self, task: Task) -> Page | None:
        """Return the page of a task that is not requested, or None."""
        denied = self._denied.get(self._source.scope_of(task) or "")
        if denied is not None:
            return Page(denied=denied)
        if self._is_given_up(task):
            return Page(damage=f"{MAX_DAMAGED_PAGES} or more pages are damaged.")
        return None

    def _is_given_up(self, task: Task) -> bool:
        """Return True if too many pages of a list are damaged. Its first page begins a pass."""
        if not self._damaged_pages:
            return False
        if task.page == 1:
            self._damaged_pages.pop(task.list_key, None)
            return False
        return self._damaged_pages.get(task.list_key, 0) >= MAX_DAMAGED_PAGES

    def _split(self, task: Task, error: errors.TooLargeError) -> Fetched:
        """Return the tasks that a too large task is split into."""
        try:
            subtasks = self._source.split(task)
        except errors.DamagedResponseError as failure:
            return Page(damage=failure.damage), ()
        except errors.TapError as failure:
            return Page(failed=failure), ()
        except Exception as failure:  # noqa: BLE001 - whatever a response of another shape can cause
            return Page(failed=unreadable(task, failure)), ()
        if not subtasks:
            return Page(failed=error.cause), ()
        action = f"Splitting into {len(subtasks)}" if len(subtasks) > 1 else "Retrying"
        logger.getChild(self._source.name).info(
            "%s a request that is too large: %s", action, error.cause.facts
        )
        _, parent_window = task.partition
        return Page(), [
            dataclasses.replace(subtask, parent_window=parent_window) for subtask in subtasks
        ]

    def _without_records(self, task: Task, error: errors.TapError) -> Page:
        if not isinstance(error, errors.ApiError):
            return Page(failed=error)
        if not self._source.is_skippable(task, error):
            return Page(failed=error)
        scope = self._source.scope_of(task)
        if scope is not None and self._source.concerns_scope(task, error):
            self._denied[scope] = error
        return Page(denied=error)


def unreadable(task: Task, error: Exception) -> errors.TapError:
    """Return the error for a response of an unexpected shape, or for a full disk."""
    if isinstance(error, OSError):
        return storage_error(task.request.label, error)
    msg = (
        f"{task.request.label} returned records of an unexpected shape ({error!r:.200}). Look for "
        "a newer version of the tap, or report this message."
    )
    if isinstance(error, BadValueError):
        msg = f"{task.request.label} returned a record whose key cannot be read, got {error}."
    return errors.ResponseError(msg)
