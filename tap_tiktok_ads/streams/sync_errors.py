"""The problems of a run, as a stream."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.singer.stream import TikTokStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.extract.reader import Fetched


class ProblemPlan:
    """One task, which requests nothing."""

    def __init__(self, stream: TikTokStream) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the one task."""
        return [Task(Request(self._stream.path, {}))]

    def sample_tasks(self) -> Iterable[Task]:
        """Return nothing: before the end of a run there are no problems."""
        return ()


class ProblemStream(TikTokStream):
    """A stream of the problems that the run has collected."""

    path = permission = "none"
    per_advertiser = selected_by_default = False
    is_read_by_each_shard = True
    plan_class = ProblemPlan

    @override
    def columns(self) -> dict[str, t.Any]:
        return entity_schema(self.name)

    @override
    def begin(self) -> None:
        """Do nothing: until the stream's turn there can be more to report."""

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return ()

    @override
    def fetch(self, task: Task) -> Fetched:
        records = self.run_context.problems.records()
        return Page(records, len(records)), ()


class SyncErrors(ProblemStream):
    """One record per problem of this run, with its reason.

    Problems are data that the run skipped or could not read. This stream is the last stream of a
    run.
    """

    name = "sync_errors"
    primary_keys = ("error_id",)
