"""The smallest requests of streams, which show what the token may read."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import errors
from tap_tiktok_ads.streams.business import AuthorizedAdvertisers
from tap_tiktok_ads.streams.file_parts import FileStream
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.singer.stream import TikTokStream

OK, EMPTY, FORBIDDEN, MISSING, ERROR = "ok", "empty?", "no permission", "not available", "error"
#: Maximum number of tasks after a lookup: two steps, and the request for the records.
MAX_FOLLOWING = 3


@dataclasses.dataclass
class Finding:
    """The result of the smallest request of a stream for an advertiser."""

    result: str
    code: int | None = None
    message: str | None = None

    def __str__(self) -> str:
        return self.result if self.code is None else f"{self.result} ({self.code})"


@dataclasses.dataclass
class Probe:
    """A task to run, and the records received."""

    stream: TikTokStream
    task: Task
    records: Sequence[t.Any] = ()

    def run(self) -> Finding:
        """Run the task and return the result. Without records, also run the tasks that follow it.

        Raises:
            AuthError: The token is rejected.
            ThrottledError: TikTok throttles requests.
        """
        stream = self.stream
        send = stream.run_context.client.send
        probe = stream.probe_task if isinstance(stream, FileStream) else stream.sample_task
        try:
            self.records, following = probe(self.task, send)
            for _ in range(MAX_FOLLOWING):
                if self.records or not following:
                    break
                self.records, following = probe(_smallest(stream, following[0]), send)
        except errors.ThrottledError:
            raise
        except errors.AuthError as error:
            if self.task.request.path != AuthorizedAdvertisers.path:
                raise
            return Finding(FORBIDDEN, error.code, str(error))  # the app's ID or secret
        except errors.TapError as error:
            return self._failure(error)
        return Finding(OK if self.records else EMPTY)

    def _failure(self, error: errors.TapError) -> Finding:
        """Return the result of a task that failed."""
        code = getattr(error, "code", None)
        result = ERROR
        if code in self.stream.tolerated_codes | errors.NOT_IN_SANDBOX:
            result = MISSING
        elif isinstance(error, errors.PermissionDeniedError):
            result = FORBIDDEN
        return Finding(result, code, str(error))


def probes(stream: t.Any, advertiser_ids: Collection[str]) -> Iterator[Probe]:
    """Yield the smallest first request of a stream for each advertiser: one record, one day.

    A stream without advertisers has one request. The first request of a stream with a lookup is
    that of the lookup.
    """
    windowed = isinstance(stream, WindowedStream)
    if windowed and stream.window_days:
        stream.window_plan.window_days = 1
    owners = {*advertiser_ids} if stream.per_advertiser else {None}
    seen = set()
    for task in stream.plan.sample_tasks():
        owner = accounts.id_of(task.advertiser)
        if owner in seen or owner not in {*owners, None}:
            continue
        if owner is not None or windowed:
            seen.add(owner)
        yield Probe(stream, _smallest(stream, task))
        if seen == owners:
            return


def _smallest(stream: TikTokStream, task: Task) -> Task:
    """Return the task with a page of one record.

    The response of a list endpoint without pages is shared with lookups.
    """
    request = dataclasses.replace(task.request, shared=True)
    if stream.page_size is not None and "page_size" in request.page_params:
        request = request.with_page_params(page_size=1)
    return dataclasses.replace(task, request=request)
