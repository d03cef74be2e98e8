"""Texts about incomplete streams, with the next step for each cause."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.extract.lookup_observer import describe
from tap_tiktok_ads.extract.task_groups import Verdict

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.extract.task_groups import ListProgress

#: Next step where no report task can read the ads that a response lacks.
NO_TASKS = "Report tasks cannot read this list. Compare the stream with TikTok Ads Manager."


def label_of(task: Task) -> str:
    """Return the endpoint and advertiser of a task, with its window if it has one."""
    window = task.window
    days = f", {window.start} to {window.end}" if window else ""
    return f"{task.request.label}{days}"


def verdict_text(progress: ListProgress, verdict: Verdict, list_cap: int | None) -> str:
    """Return the text about a list whose record count is not confirmed."""
    label, facts = label_of(progress.first_task), describe(progress)
    if verdict is Verdict.CAPPED:
        return (
            f"{label}: the endpoint lists at most {list_cap:,} records, the most recently "
            f"changed. {facts} Older records were not read."
        )
    if verdict is Verdict.AGREED:
        return (
            f"{label}: {facts} The list counts as complete: passes received equal records. "
            "Compare the stream with TikTok Ads Manager once."
        )
    return f"{label}: {facts} Records may be missing. The next run reads them again."


def truncation_text(task: Task, advice: str) -> str:
    """Return the text about a report that covers a part of the ads.

    Args:
        task: The report.
        advice: What to do to read all ads.
    """
    return (
        f"{label_of(task)}: TikTok looked at its 20,000 newest ads only (header "
        f"X-Tt-Ads-Throttle). Records may be missing, and another run does not read them. {advice}"
    )


def tasks_unusable_text(reason: str | None) -> str:
    """Return the next step if the tap may not read a report by report tasks.

    Args:
        reason: Why not, or None if only this request has no report task.
    """
    if reason is None:
        return NO_TASKS
    return (
        f"Report tasks read all ads, but cannot be used: {reason.rstrip('.')}. Resolve this, or "
        "compare the stream with TikTok Ads Manager."
    )


def incomplete_text(failed: Iterable[tuple[str, str]], cause: str) -> str:
    """Return the text of the error that ends a run with incomplete streams.

    Args:
        failed: Streams and advertisers.
        cause: The first error, with its next step.
    """
    names = dict.fromkeys(f"{stream} (advertiser {owner})" for stream, owner in failed)
    return (
        f"Sync incomplete for {', '.join(names)}. Bookmarks of incomplete streams did not advance. "
        f"First cause: {cause or 'see the warnings in the log.'}"
    )


def unusable_text(streams: Iterable[str], first: str) -> str:
    """Return the text about records and values that do not fit their schema.

    Args:
        streams: Names of the streams.
        first: The first record or value.
    """
    return (
        f"Some records or values of {', '.join(streams)} do not fit the schema: {first} Everything "
        "else was written. Running again does not help. Correct the schema of a custom stream, or "
        "look for a newer version of the tap. The stream 'sync_errors' names all of them."
    )
