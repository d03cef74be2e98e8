"""What a run could not read, as a stream."""

from __future__ import annotations

import typing as t

import pendulum
from typing_extensions import override

from tap_tiktok_ads import schemas
from tap_tiktok_ads.client import Page, Task, TikTokStream
from tap_tiktok_ads.transport import Request

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.errors import TapError

#: Errors that a run keeps.
MOST_PROBLEMS = 10_000


def problem(stream: str, error: TapError, action: str, task: Task | None) -> dict[str, t.Any]:
    """The row that tells of an error, but for its id."""
    window = task.window if task else None
    return {
        "occurred_at": pendulum.now("UTC").to_iso8601_string(),
        "stream": stream,
        "advertiser_id": task.advertiser.id if task and task.advertiser else None,
        "window_start": window.start.isoformat() if window else None,
        "window_end": window.end.isoformat() if window else None,
        "code": getattr(error, "code", None),
        "message": str(error),
        "request_id": getattr(error, "request_id", None),
        "action": action,
    }


class SyncErrors(TikTokStream):
    """What this run skipped or could not read, and why; the last stream of a run."""

    name = "sync_errors"
    path = "none"
    permission = "none"
    primary_keys = ("error_id",)
    selected_by_default = False
    per_advertiser = False

    @override
    def columns(self) -> dict[str, t.Any]:
        return schemas.entity(self.name)

    @override
    def plan(self) -> Iterable[Task]:
        return [Task(Request(self.path, {}))]

    @override
    def begin(self) -> None:
        """Not ahead of its turn: until then there may be more to tell."""

    @override
    def sample_plan(self) -> Iterable[Task]:
        return ()

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return ()

    @override
    def answered(self, task: Task) -> tuple[Page, Sequence[Task]]:
        rows = [
            {name: value for name, value in row.items() if name != "error"}
            for row in self.tap.problems.values()
        ]
        return Page(rows, len(rows)), ()
