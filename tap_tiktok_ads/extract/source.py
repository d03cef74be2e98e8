"""Where the records of a response are, and which requests follow it."""

from __future__ import annotations

import typing as t

import msgspec

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.pagination import is_past_end, next_pages

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Record, Task

    Flatten = Callable[[Record, Task], Iterable[Record]]
    Split = Callable[[Task], Sequence[Task]]

#: Types that a raw record can have: decoded, encoded, or prepared by a report decoder.
RECORD_TYPES = (dict, tuple, msgspec.Raw)


def add_advertiser(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw record with the task's advertiser, if there is one."""
    if task.advertiser is not None:
        raw["advertiser_id"] = task.advertiser.id
    yield raw


def never_split(task: Task) -> Sequence[Task]:  # noqa: ARG001 - the default
    """Return nothing: the task cannot be split."""
    return ()


def _is_list_of_records(value: t.Any) -> bool:
    if not isinstance(value, list):
        return False
    return all(isinstance(item, RECORD_TYPES) for item in value)


class Source:
    """A list endpoint: `data` holds an array of records and, if it has pages, `page_info`.

    A subclass that reads other members of `data` sets `reads_list_only` to False. Fast decoders
    drop these members.

    Attributes:
        reads_list_only: True if it reads no members of `data` besides records and `page_info`.
        name: The stream that requests are counted for.
        page_size: Maximum number of records per page, or None if the endpoint has no pages.
        records_field: The member of `data` that holds the records.
        is_counted: True if `total_number` counts the raw records that `locate` returns.
        tolerated_codes: Codes that mean that the account lacks the feature.
        flatten: Yields the flat records of one raw record. It can change the raw record.
        split: Returns smaller tasks that together read what a too large task reads, if possible.
    """

    reads_list_only = True

    def __init__(  # noqa: PLR0913 - by name
        self,
        name: str,
        *,
        page_size: int | None = None,
        records_field: str = "list",
        is_counted: bool = True,
        tolerated_codes: frozenset[int] = frozenset(),
        flatten: Flatten = add_advertiser,
        split: Split = never_split,
    ) -> None:
        self.name = name
        self.page_size = page_size
        self.records_field = records_field
        self.is_counted = is_counted
        self.tolerated_codes = tolerated_codes
        self.flatten = flatten
        self.split = split

    def locate(self, task: Task, response: Response) -> Sequence[t.Any]:
        """Return the raw records of a response.

        Raises:
            ResponseError: `data` has no array of objects where the records should be.
        """
        records = response.data.get(self.records_field)
        page_size = int(task.request.page_params.get("page_size") or 0)
        page_info = response.data.get("page_info") or {}
        if records is None and is_past_end(task.page, page_info, page_size):
            return ()
        if not _is_list_of_records(records):
            msg = (
                f"{task.request.label} answered in another shape: no list of objects at "
                f"data.{self.records_field} (request_id {response.request_id})"
            )
            raise errors.ResponseError(msg)
        return t.cast("Sequence[t.Any]", records)

    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        """Return the tasks for the further pages that a response reports."""
        if self.page_size is None:
            return ()
        page_size = int(task.request.params["page_size"])
        page_info = response.data.get("page_info")
        pages = next_pages(task.page, task.last_page, page_info, record_count, page_size)
        return [task.at_page(page, pages[-1]) for page in pages]

    def constant_columns(self, task: Task) -> Record:
        """Return the columns that are equal in all records of a task."""
        return {"advertiser_id": id_of(task.advertiser)}

    def is_skippable(self, task: Task, error: errors.ApiError) -> bool:
        """Return True if an error concerns only this advertiser or an optional list."""
        if not isinstance(error, errors.RejectedRequestError):
            return isinstance(error, errors.PermissionDeniedError)
        if error.code in self.tolerated_codes:
            return True
        is_first_page = task.optional and task.page == 1
        is_invalid = error.code == errors.INVALID_PARAMETER and not errors.is_too_large(error)
        return is_first_page and is_invalid

    def is_dispensable(self, task: Task, error: errors.ApiError) -> bool:  # noqa: ARG002
        """Return True if a denied request loses no data, so the bookmark can advance."""
        return task.optional
