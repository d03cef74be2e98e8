"""Where the records of a custom stream are, and which requests follow."""

from __future__ import annotations

import dataclasses
import typing as t

import msgspec
from typing_extensions import override

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.json_kinds import json_kind
from tap_tiktok_ads.api.pagination import last_page
from tap_tiktok_ads.extract import json_paths
from tap_tiktok_ads.extract.source import (
    PageFacts,
    Source,
    damaged,
    facts_of,
    further_pages,
    no_records,
)
from tap_tiktok_ads.streams.cursors import CursorPosition

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.config.custom_streams import Cursor, CustomStreamDefinition
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.problems import Warnings

#: Maximum number of suggested paths in an error.
MAX_SUGGESTED_PATHS = 5


class CustomSource(Source):
    """An endpoint whose records, metadata and pages JSONPaths describe.

    Attributes:
        definition: The entry of `custom_streams`.
        warnings: The warnings of the stream.
    """

    reads_list_only = False
    definition: CustomStreamDefinition
    warnings: Warnings
    _seen_page_members: frozenset[str] = frozenset()

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a response lacks records, or what earlier responses of the stream had.

        Raises:
            DamagedResponseError: It does.
        """
        document = _document(response)
        is_missing = not has_records(self.definition.records_path, document)
        if is_missing and not self.definition.allow_missing_records:
            raise damaged(task.request, response, self._no_match(document))
        page_info = response.data.get("page_info")
        if self.definition.paged and not isinstance(page_info, (dict, type(None))):
            msg = f"expected an object at data.page_info, got {json_kind(page_info)}."
            raise damaged(task.request, response, msg)
        page_members = self._page_members(document)
        missing_members = sorted(self._seen_page_members - page_members)
        if missing_members:
            msg = f"expected {', '.join(missing_members)}, as in other responses, got nothing."
            raise damaged(task.request, response, msg)
        self._seen_page_members = page_members
        facts = self.page_facts(task, response, 0)
        if facts is not None and self.definition.cursor is None and not self._array_size(document):
            self._check_empty_page(task, response, facts)

    @staticmethod
    def _check_empty_page(task: Task, response: Response, facts: PageFacts) -> None:
        """Raise an error if an empty page is not behind the end of its list.

        Raises:
            DamagedResponseError: `total_number` reports more records.
        """
        if facts.total and facts.total > (task.page - 1) * facts.page_size:
            raise damaged(task.request, response, no_records(task.page, facts.total))

    def _page_members(self, document: Record) -> frozenset[str]:
        """Return the members of a response that lead to the next pages."""
        cursor = self.definition.cursor
        if cursor is not None:
            flags = json_paths.find(cursor.more_path, document) if cursor.more_path else []
            return frozenset([cursor.more_path] if cursor.more_path and flags else [])
        has_page_info = self.definition.paged and document["data"].get("page_info")
        return frozenset(["data.page_info"] if has_page_info else [])

    def _array_size(self, document: Record) -> int | None:
        """Return the size of the array that records are taken from, or None without an array."""
        array_path = json_paths.outer_array_path(self.definition.records_path)
        arrays = json_paths.find(array_path, document)
        is_array = len(arrays) == 1 and isinstance(arrays[0], list)
        return len(arrays[0]) if is_array else None

    @override
    def page_facts(self, task: Task, response: Response, record_count: int) -> PageFacts | None:
        if self.definition.cursor is not None:
            return PageFacts(record_count, None, 0)
        received = self._array_size(_document(response))
        if not self.definition.paged or received is None:
            return None
        return facts_of(task.request, response.data.get("page_info"), received)

    @override
    def locate(self, task: Task, response: Response) -> Sequence[Record]:
        """Return the raw records at `records_path`, each with the metadata."""
        definition = self.definition
        matches = [
            *json_paths.find_with_metadata(
                definition.records_path, definition.metadata, _document(response)
            )
        ]
        if len(matches) == 1 and isinstance(matches[0][0], list):  # the path of the list itself
            ((array, metadata),) = matches
            matches = [(item, metadata) for item in array]
        return [
            {**metadata, **(match if isinstance(match, dict) else {"value": match})}
            for match, metadata in matches
        ]

    def _no_match(self, document: Record) -> str:
        """Return the damage of a response without records, with the paths of its objects."""
        suggestions = json_paths.suggest_paths(document)[:MAX_SUGGESTED_PATHS]
        paths = "; ".join(map(str, suggestions)) or "none"
        return (
            f"records_path {self.definition.records_path} of custom stream {self.name!r} matches "
            f"nothing. Paths of objects in the response: {paths}."
        )

    @override
    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        """Return the tasks for the next pages, by `pagination`.

        Raises:
            ResponseError: There is a next page, but no new cursor.
        """
        if self.definition.cursor is not None:
            return self._after_cursor(task, response, self.definition.cursor)
        if not self.definition.paged:
            self._warn_of_more_pages(task, response.data.get("page_info"), record_count)
            return ()
        page_size = int(task.request.page_params.get("page_size") or 0)
        return further_pages(task, response, record_count, page_size)

    def _warn_of_more_pages(self, task: Task, page_info: t.Any, record_count: int) -> None:
        if (last_page(page_info, max(record_count, 1)) or 1) > 1:
            self.warnings.log(
                "more pages",
                "Stream %s reads one page of %s, which has more: 'pagination' is none. Set "
                "'pagination' to read all pages.",
                task.request.label,
            )

    def _after_cursor(self, task: Task, response: Response, cursor: Cursor) -> Sequence[Task]:
        """Return the page that the cursor of a response leads to.

        Raises:
            DamagedResponseError: The page is equal to the page before.
            ResponseError: There is a next page, but no new cursor.
        """
        document = _document(response)
        position = CursorPosition.of_response(cursor, task, document)
        if position.is_end:
            if response.data and position.is_unknown:
                self.warnings.log(
                    "cursor",
                    "Stream %s reads one page only of %s: the response has neither cursor_path nor "
                    "has_more_path. Check 'pagination' of this custom stream.",
                    task.request.label,
                )
            return ()
        if not position.is_new:
            msg = (
                f"{task.request.label} has more pages, but no new cursor at {cursor.path}. Check "
                f"'pagination' of custom stream {self.name!r}."
            )
            raise ResponseError(msg)
        records = json_paths.find(self.definition.records_path, document)
        page_hash = hash(msgspec.json.encode(records))
        if page_hash == task.page_before:
            raise damaged(task.request, response, "expected another page, got the page before.")
        following = position.next_task(task, cursor)
        return [dataclasses.replace(following, page_before=page_hash)]


def _document(response: Response) -> Record:
    """Return a response as JSONPaths see it."""
    return {"code": 0, "request_id": response.request_id, "data": response.data}


def has_records(path: str, document: t.Any) -> bool:
    """Return True if a path matches, or if the array that it leads into is there without nulls."""
    array_path = json_paths.parent_path(path)
    arrays = json_paths.find(array_path, document) if array_path is not None else []
    if arrays and all(isinstance(value, list) for value in arrays):
        return not any(item is None for array in arrays for item in array)
    return bool(json_paths.find(path, document))
