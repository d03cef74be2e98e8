"""Pages by a cursor: the position that a response reports."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.pagination import MAX_PAGES
from tap_tiktok_ads.extract import json_paths
from tap_tiktok_ads.extract.values import to_boolean
from tap_tiktok_ads.streams.dependent import LookupTask

if t.TYPE_CHECKING:
    from tap_tiktok_ads.config.custom_streams import Cursor
    from tap_tiktok_ads.extract.pages import Record, Task


@dataclasses.dataclass(frozen=True)
class CursorPosition:
    """Where a list that is paged by a cursor stands after one response.

    Attributes:
        next_cursor: The cursor of the next page, or None if the response has none.
        has_more: The flag of the response, or None if it has none.
        sent_cursor: The cursor of the request, or None for the first page.
        seen_cursors: The cursors of the pages before.
    """

    next_cursor: t.Any
    has_more: bool | None
    sent_cursor: t.Any
    seen_cursors: tuple[t.Any, ...]

    @classmethod
    def of_response(cls, cursor: Cursor, task: Task, document: Record) -> CursorPosition:
        """Return the position after a response.

        Args:
            cursor: The paths and the parameter.
            task: The task of the response.
            document: The response as JSONPaths see it.
        """
        flags = json_paths.find(cursor.more_path, document) if cursor.more_path else []
        matches = json_paths.find(cursor.path, document)
        cursors = [match for match in matches if match not in (None, "")]
        return cls(
            next_cursor=cursors[0] if cursors else None,
            has_more=to_boolean(flags[0]) if flags else None,
            sent_cursor=task.request.page_params.get(cursor.parameter),
            seen_cursors=task.seen_cursors if isinstance(task, LookupTask) else (),
        )

    @property
    def is_end(self) -> bool:
        """True if no page follows."""
        if self.has_more is not None:
            return not self.has_more
        return self.next_cursor is None or self.next_cursor == self.sent_cursor

    @property
    def is_unknown(self) -> bool:
        """True if the response of a first page has neither a cursor nor a flag."""
        return not self.seen_cursors and self.next_cursor is None and self.has_more is None

    @property
    def is_new(self) -> bool:
        """True if the next cursor was not sent before, and the list is not endless."""
        if self.next_cursor is None or len(self.seen_cursors) >= MAX_PAGES:
            return False
        return self.next_cursor not in (self.sent_cursor, *self.seen_cursors)

    def next_task(self, task: Task, cursor: Cursor) -> Task:
        """Return the task for the next page."""
        request = task.request.with_page_params(**{cursor.parameter: self.next_cursor})
        return dataclasses.replace(
            t.cast("LookupTask", task),
            request=request,
            first_request=task.first_request or task.request,
            seen_cursors=(*self.seen_cursors, self.next_cursor),
        )
