"""The base of streams whose requests name objects of other streams, or values of files."""

from __future__ import annotations

import dataclasses
import itertools
import math
import threading
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.config.custom_streams import MOST_COMBINATIONS, Lookup
from tap_tiktok_ads.extract import schemas
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.streams.base import KeyedStream, WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk.helpers.types import Record

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.context import ContextTap
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.singer.stream import Send

#: Requests that a sample may take.
SAMPLE_REQUESTS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class LookupTask(Task):
    """A request with what its lookups stand for; `pending` ones are still to be looked up.

    `seen` are the cursors of the pages before.
    """

    values: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    pending: bool = False
    seen: tuple[t.Any, ...] = ()


class LookupStream(WindowedStream, KeyedStream):
    """Requests for each value, or each batch of values, of its look-ups.

    The look-up is a task like any other: a worker reads the other stream, and the requests for its
    values follow in the plan.
    """

    window_days = 0
    lookups: tuple[Lookup, ...] = ()

    def __init__(self, tap: ContextTap) -> None:
        self._looked_up: dict[tuple[int, str | None], list[dict[str, t.Any]]] = {}
        self._turns: dict[tuple[int, str | None], threading.Lock] = {}
        super().__init__(tap)

    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        """The request for a first page; `values` are what the look-ups stand for in it."""
        raise NotImplementedError

    @override
    def first(self, advertiser: Advertiser | None, window: Window | None) -> LookupTask:
        """The first task of an advertiser and window: a request, or the look-up for its values."""
        if self.lookups:
            return LookupTask(Request(self.path, {}), advertiser, window, pending=True)
        return LookupTask(self.request(advertiser, window, {}), advertiser, window)

    @override
    def work(self, task: Task) -> tuple[Page, Sequence[Task]]:
        if isinstance(task, LookupTask) and task.pending:
            return self.caught(task, lambda _: (Page(), self._look_up(task)))
        return super().work(task)

    def _look_up(self, task: LookupTask) -> list[LookupTask]:
        """A task for each combination of the values, or batches of values, of all lookups."""
        batches = []
        for number, lookup in enumerate(self.lookups):
            values = self._values(number, task.advertiser)
            batches.append(list(lookup.batches(values)))
            if not values:
                self._warn_once(
                    f"lookup {number} {task.advertiser}",
                    "Look-up %r has no values for advertiser %s: nothing is asked for.",
                    lookup.name,
                    task.advertiser.id if task.advertiser else "all",
                )
        if (count := math.prod(map(len, batches))) > MOST_COMBINATIONS:
            msg = (
                f"The look-ups of {self.name!r} make {count:,} requests for one advertiser and "
                f"window; {MOST_COMBINATIONS:,} are the most: use batches or fewer values."
            )
            raise ConfigError(msg)
        found = []
        for parts in itertools.product(*batches):
            known = {name: value for part in parts for name, value in part.items()}
            request = self.request(task.advertiser, task.window, known)
            found.append(LookupTask(request, task.advertiser, task.window, values=known))
        return found

    def _values(self, number: int, advertiser: Advertiser | None) -> list[dict[str, t.Any]]:
        """The values of a lookup; those of another stream are read once for each advertiser.

        Raises:
            TapError: the other stream cannot be read.
        """
        lookup = self.lookups[number]
        if lookup.stream is None:
            return [dict(value) for value in lookup.values]
        key = (number, advertiser.id if advertiser else None)
        with self._turns.setdefault(key, threading.Lock()):
            if key not in self._looked_up:
                rows = self.run_context.rows_of(lookup.stream, advertiser)
                few = SAMPLE_REQUESTS * (lookup.batch or 1) if self.run_context.frugal else None
                self._looked_up[key] = lookup.select(rows, few)
            return self._looked_up[key]

    @override
    def divide(self, task: Task) -> Sequence[Task]:
        """The two halves of the window."""
        if task.window is None or task.window.days == 1 or not isinstance(task, LookupTask):
            return ()
        return [
            dataclasses.replace(
                task, request=self.request(task.advertiser, half, task.values), window=half
            )
            for half in self.halves(task.window)
        ]

    @override
    def sampled(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        if isinstance(task, LookupTask) and task.pending:
            return [], self._look_up(task)
        return super().sampled(task, send)


class DependentStream(LookupStream):
    """Rows of an endpoint that is asked for objects of another stream."""

    selected_by_default = False
    source: str
    """The stream and field whose values are asked for, as in `pixels.pixel_id`."""
    where: t.ClassVar[Mapping[str, t.Any]] = {}
    """Columns of that stream, and the values that its rows must have."""
    parameter: str
    """The parameter that takes them."""
    batch: int | None = None
    """How many go into one request, as an array; None: one."""

    def __init__(self, tap: ContextTap) -> None:
        stream, _, field = self.source.partition(".")
        self.lookups = (
            Lookup(stream, (field,), stream=stream, where=self.where, batch=self.batch),
        )
        super().__init__(tap)

    @override
    def columns(self) -> dict[str, t.Any]:
        return schemas.entity(self.name)

    def params(
        self,
        advertiser: Advertiser | None,
        window: Window | None,  # noqa: ARG002 - for subclasses
    ) -> dict[str, t.Any]:
        """The other parameters."""
        return {"advertiser_id": advertiser.id} if advertiser else {}

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        params = self.params(advertiser, window) | {self.parameter: values[self.source]}
        if self.page_size is not None:
            params |= {"page": 1, "page_size": self.page_size}
        return Request(self.path, params, splittable=window is not None)

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        if task.advertiser is not None:
            raw["advertiser_id"] = task.advertiser.id
        if self.batch is None and isinstance(task, LookupTask):
            raw.setdefault(self.source.partition(".")[2], task.values[self.source])
        yield raw
