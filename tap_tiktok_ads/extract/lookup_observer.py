"""Verdicts on a stream that is read for another stream."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.errors import IncompleteError
from tap_tiktok_ads.extract.task_groups import ListProgress, Verdict

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.api.errors import TapError
    from tap_tiktok_ads.extract.pages import Page, Task


class OnceLogger(t.Protocol):
    """Logs warnings of one stream, each once."""

    def log(self, key: str, message: str, *args: t.Any) -> None:
        """Log a warning, unless one with this key was logged before.

        The first `%s` of the message is the name of the stream.
        """


class LookupObserver:
    """Ends the read of a stream for another stream at the first problem."""

    def __init__(
        self,
        label: str,
        warnings: OnceLogger,
        *,
        is_strict: bool,
        keep: Callable[[TapError, Task], None],
    ) -> None:
        """Prepare.

        Args:
            label: The stream and advertiser, for messages.
            warnings: Logs the verdicts that are tolerated.
            is_strict: Raise unless the list is proven complete.
            keep: Adds a tolerated verdict to the problems of the run.
        """
        self._keep = keep
        self._label = label
        self._warnings = warnings
        self._is_strict = is_strict

    def on_page(self, task: Task, page: Page) -> None:
        """Raise the error of a page.

        Raises:
            TapError: The page failed, or was denied although the list is not optional.
        """
        if page.failed is not None:
            raise page.failed
        if page.denied is not None and not self.is_dispensable(task, page):
            raise page.denied

    def is_dispensable(self, task: Task, page: Page) -> bool:  # noqa: ARG002
        """Return True if the account lacks an optional list: its first page is denied."""
        return task.optional and task.page == 1

    def on_verdict(self, progress: ListProgress, verdict: Verdict) -> None:
        """Raise if records can be missing.

        Raises:
            IncompleteError: They can.
        """
        error = IncompleteError(f"Lookup of {self._label}: {describe(progress)}")
        if self._is_strict or verdict is Verdict.INCOMPLETE:
            raise error
        self._keep(error, progress.first_task)
        self._warnings.log(
            f"lookup {verdict}",
            "Cannot confirm the record count of stream %s: %s The list counts as complete: %s.",
            error,
            verdict.value,
        )


def describe(progress: ListProgress) -> str:
    """Return the counts received and reported for a list, as one sentence."""
    current = progress.current
    if current.damage is not None:
        return current.damage
    total = "no total" if current.total is None else f"{current.total} records"
    passes = "1 pass" if progress.pass_count == 1 else f"{progress.pass_count} passes"
    unchanged = f" {current.unchanged} unchanged were not requested." if current.unchanged else ""
    return (
        f"TikTok reports {total}, received {progress.distinct - current.unchanged} distinct and "
        f"{current.repeated} duplicates after {passes}.{unchanged}"
    )
