"""Second requests for the first page of a list, as planned tasks."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.extract.pages import Page, Task


@dataclasses.dataclass(slots=True)
class _ListState:
    """The pages of a list in the current pass.

    Attributes:
        first_task: The task of the first page.
        outstanding: Number of known pages that are not received.
        page_count: Number of received pages.
        ends_early: True if pages without changes were left out.
        is_bad: True if a page does not count as read, or the list is longer than its limit.
    """

    first_task: Task
    outstanding: int = 1
    page_count: int = 0
    ends_early: bool = False
    is_bad: bool = False

    def add(self, page: Page, list_cap: int | None) -> None:
        """Add a page. A task that other tasks replace brings none."""
        self.page_count += page.received is not None
        self.ends_early |= page.unchanged > 0
        is_capped = list_cap is not None and (page.total or 0) >= list_cap
        self.is_bad |= bool(page.denied or page.failed or page.damage or is_capped)

    @property
    def needs_check(self) -> bool:
        """True if objects can have moved between two pages that were received.

        None can if the list ended early after its first page: only its last page followed.
        """
        return self.page_count > (2 if self.ends_early else 1) and not self.is_bad


class FirstPageChecks:
    """Plans a check of the first page once all pages of a list are received.

    An object that vanishes during a read moves others to the page before, where they are missed.
    Then the first page differs from what it was. A list of one page needs no check.
    """

    def __init__(self, list_cap: int | None = None) -> None:
        """Prepare.

        Args:
            list_cap: Maximum number of records that the endpoint lists, if it is limited. A longer
                list is never complete, so it is not checked.
        """
        self._list_cap = list_cap
        self._lists: dict[str, _ListState] = {}
        self._lock = threading.Lock()

    def following(self, task: Task, page: Page, following: Sequence[Task]) -> Sequence[Task]:
        """Return the tasks that follow a page, and the check if the page is the last one.

        Args:
            task: The task of the page.
            page: The page.
            following: The tasks that follow without a check.
        """
        if task.is_check:
            return ()
        key = task.list_key
        with self._lock:
            state = self._state(key, task)
            state.outstanding += sum(other.list_key == key for other in following) - 1
            state.add(page, self._list_cap)
            if state.outstanding > 0:
                return following
            del self._lists[key]
        if not state.needs_check:
            return following
        return [*following, dataclasses.replace(state.first_task.for_another_pass(), is_check=True)]

    def _state(self, key: str, task: Task) -> _ListState:
        """Return the state of a list. Its first page begins a pass."""
        if task.page == 1 or key not in self._lists:
            self._lists[key] = _ListState(task)
        return self._lists[key]
