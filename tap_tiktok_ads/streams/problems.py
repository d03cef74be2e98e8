"""What a run could not read, as a stream."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract import schemas
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.singer.stream import TikTokStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
            for row in self.run_context.problems.values()
        ]
        return Page(rows, len(rows)), ()
