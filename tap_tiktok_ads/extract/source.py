"""Where the records of a response are, and which requests follow it."""

from __future__ import annotations

import dataclasses
import typing as t

import msgspec

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.json_kinds import json_kind, list_damage
from tap_tiktok_ads.api.pagination import (
    is_past_end,
    last_page,
    last_page_share,
    next_pages,
    response_page_size,
    total_number,
)
from tap_tiktok_ads.api.promote import origins_in

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_tiktok_ads.api.messages import Request, Response
    from tap_tiktok_ads.extract.pages import Record, Task

    Flatten = Callable[[Record, Task], Iterable[Record]]
    Split = Callable[[Task], Sequence[Task]]

#: Types that a raw record can have: decoded, encoded, or prepared by a report decoder.
RECORD_TYPES = (dict, tuple, msgspec.Raw)

#: Column with the ID of the ad account.
ADVERTISER = "advertiser_id"


@dataclasses.dataclass(frozen=True)
class AddedColumns:
    """Adds columns to a raw record: the task's advertiser, and null for missing columns.

    Attributes:
        null_columns: Columns that become null in records that lack them.
        checks_owner: True to reject a record of another advertiser.
    """

    null_columns: tuple[str, ...] = ()
    checks_owner: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in the order in which they are added."""
        return (*self.null_columns, ADVERTISER)

    def values(self, task: Task) -> dict[str, t.Any]:
        """Return the columns of a task that has an advertiser, with their values."""
        return {**dict.fromkeys(self.null_columns), ADVERTISER: id_of(task.advertiser)}

    def __call__(self, raw: Record, task: Task) -> Iterable[Record]:
        """Yield the raw record with the columns.

        Raises:
            DamagedResponseError: The record belongs to another advertiser.
        """
        for name in self.null_columns:
            raw.setdefault(name, None)
        if task.advertiser is not None:
            owner = raw.get(ADVERTISER) if self.checks_owner else None
            own_id = task.advertiser.id
            if owner and str(owner) != own_id:
                damage = f"expected records of advertiser {own_id}, got a record of another one."
                raise errors.DamagedResponseError(task.request.label, damage, request_id="unknown")
            raw[ADVERTISER] = own_id
        return (raw,)


#: Adds the task's advertiser to a raw record.
add_advertiser = AddedColumns()
#: Adds the task's advertiser to a raw record, which must not belong to another advertiser.
add_own_advertiser = AddedColumns(checks_owner=True)


def never_split(task: Task) -> Sequence[Task]:  # noqa: ARG001 - the default
    """Return nothing: the task cannot be split."""
    return ()


class PageFacts(t.NamedTuple):
    """Facts that a page of a list reports about the list.

    Attributes:
        received: Number of raw records on the page.
        total: The `total_number` of the list, or None.
        page_size: Maximum number of raw records per page, or 0 if it is not known.
        page_hash: Hash of the raw records, if the page brings no record.
        unchanged: Number of raw records on pages before it that are known to be unchanged.
    """

    received: int
    total: int | None
    page_size: int
    page_hash: int | None = None
    unchanged: int = 0


def facts_of(request: Request, page_info: t.Any, received: int) -> PageFacts:
    """Return the facts in the `page_info` of a page."""
    requested_size = int(request.page_params.get("page_size") or 0)
    page_size = response_page_size(page_info, received, requested_size)
    return PageFacts(received, total_number(page_info), page_size)


def check_list(request: Request, response: Response, records_field: str = "list") -> None:
    """Raise an error if a page of a list lacks what TikTok always returns.

    Args:
        request: The request for the page. If it has a `page_size`, responses have `page_info`.
        response: The response.
        records_field: The member of `data` that holds the records.

    Raises:
        DamagedResponseError: `page_info` or the records are missing, or the page is empty although
            `total_number` reports more records.
    """
    damage = _damage(request.page_params, response.data, records_field)
    if damage is not None:
        raise damaged(request, response, damage)


def damaged(request: Request, response: Response, damage: str) -> errors.DamagedResponseError:
    """Return the error for a success that does not count as read."""
    request_id = response.request_id
    return errors.DamagedResponseError(request.label, damage, request_id=request_id)


def _damage(
    page_params: t.Mapping[str, t.Any],
    data: t.Mapping[str, t.Any],
    records_field: str,
) -> str | None:
    """Return expected and actual if the `data` of a page is damaged, or None."""
    requested_size = int(page_params.get("page_size") or 0)
    page_info = data.get("page_info")
    if requested_size and not (page_info and isinstance(page_info, dict)):
        return f"expected an object at data.page_info, got {json_kind(page_info)}."
    page = int(page_params.get("page", 1))
    is_end = is_past_end(page, page_info, response_page_size(page_info, 0, requested_size))
    records = data.get(records_field)
    if records is None and is_end:
        return None
    damage = list_damage(f"data.{records_field}", records, RECORD_TYPES)
    if damage is None and not records and not is_end:
        return _damage_of_empty(page, page_info)
    return damage


def _damage_of_empty(page: int, page_info: t.Any) -> str | None:
    """Return expected and actual if `total_number` contradicts an empty page, or None."""
    total = total_number(page_info)
    return no_records(page, total) if total else None


def no_records(page: int, total: int) -> str:
    """Return expected and actual for an empty page before the end of its list."""
    return f"expected records on page {page}, because the list has {total:,} in total, got none."


def further_pages(
    task: Task,
    response: Response,
    record_count: int,
    page_size: int,
    *,
    list_cap: int | None = None,
) -> Sequence[Task]:
    """Return the tasks for the next pages of a list, as `next_pages` numbers them.

    A page that no total announces is not followed if it is equal to the page before.
    """
    page_info = response.data.get("page_info")
    try:
        pages = next_pages(
            task.page, task.last_page, page_info, record_count, page_size, list_cap=list_cap
        )
    except errors.ResponseError as error:
        msg = f"Damaged response of {task.request.label}: {error}"
        raise errors.ResponseError(msg) from None
    if not pages:
        return ()
    tasks = [task.at_page(page, pages[-1]) for page in pages]
    size = response_page_size(page_info, record_count, page_size)
    if (last_page(page_info, size) or 0) > task.page:
        share = last_page_share(page_info, size)
        return [*tasks[:-1], dataclasses.replace(tasks[-1], page_share=share)]
    members = {name: value for name, value in response.data.items() if name != "page_info"}
    page_hash = hash(msgspec.json.encode(members))
    if page_hash == task.page_before:
        return ()
    return [dataclasses.replace(tasks[0], page_before=page_hash)]


class Source:
    """A list endpoint: `data` holds an array of records and, if it has pages, `page_info`.

    A page of an official endpoint always has `page_info` if it was requested with a `page_size`.

    A subclass that reads other members of `data` sets `reads_list_only` to False. Fast decoders
    drop these members.

    Attributes:
        reads_list_only: True if it reads no members of `data` besides records and `page_info`.
        name: The stream that requests are counted for.
        page_size: Maximum number of records per page, or None if the endpoint has no pages.
        records_field: The member of `data` that holds the records.
        list_cap: Maximum number of records that the endpoint lists, if it is limited.
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
        list_cap: int | None = None,
        tolerated_codes: frozenset[int] = frozenset(),
        flatten: Flatten = add_advertiser,
        split: Split = never_split,
    ) -> None:
        self.name = name
        self.page_size = page_size
        self.records_field = records_field
        self.list_cap = list_cap
        self.tolerated_codes = tolerated_codes
        self.flatten = flatten
        self.split = split

    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a response lacks what the endpoint always returns.

        Raises:
            DamagedResponseError: It does.
        """
        check_list(task.request, response, self.records_field)

    def locate(self, task: Task, response: Response) -> Sequence[t.Any]:  # noqa: ARG002
        """Return the raw records of a response that `check` accepts."""
        return response.data.get(self.records_field) or ()

    def page_facts(
        self,
        task: Task,
        response: Response,
        record_count: int,
    ) -> PageFacts | None:
        """Return the facts that a page reports about its list, or None for other responses."""
        page_info = response.data.get("page_info")
        if self.page_size is None and not page_info:
            return None
        return facts_of(task.request, page_info, record_count)

    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        """Return the tasks for the next pages that a response reports."""
        if self.page_size is None:
            return ()
        page_size = int(task.request.page_params["page_size"])
        return further_pages(task, response, record_count, page_size, list_cap=self.list_cap)

    def constant_columns(self, task: Task) -> Record:
        """Return the columns that are equal in all records of a task."""
        return {"advertiser_id": id_of(task.advertiser)}

    def is_skippable(self, task: Task, error: errors.ApiError) -> bool:
        """Return True if an error concerns only this advertiser or a list that can be rejected."""
        if not isinstance(error, errors.RejectedRequestError):
            return isinstance(error, errors.PermissionDeniedError)
        if error.code in self.tolerated_codes:
            return True
        is_first_page = task.page == 1 and self.can_be_rejected(task)
        return is_first_page and errors.is_invalid_parameter(error)

    def can_be_rejected(self, task: Task) -> bool:
        """Return True if TikTok can reject the list of a task for an account that lacks it."""
        return task.optional

    def scope_of(self, task: Task) -> str | None:
        """Return the scope that a denied request can rule out: the advertiser, or None."""
        return id_of(task.advertiser)

    def concerns_scope(self, task: Task, error: errors.ApiError) -> bool:  # noqa: ARG002
        """Return True if a skipped request rules out all other requests of its scope."""
        return not task.optional

    def subject_of(self, task: Task) -> str:
        """Return the scope of a skipped request, for messages: `advertiser`."""
        if not task.optional:
            return "advertiser"
        kind = "Promote" if origins_in(task.request) else "TopView"
        return f"{kind} objects of advertiser"

    def is_dispensable(self, task: Task, error: errors.ApiError) -> bool:  # noqa: ARG002
        """Return True if a denied request loses no data, so the bookmark can advance.

        An account that lacks a list is denied its first page already.
        """
        return task.optional and task.page == 1
