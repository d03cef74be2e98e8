"""Streams whose requests name objects of other streams, or values of a file.

The lookup is a task of the plan. A worker reads the other stream. The requests for its values
follow in the plan.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import threading
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import ConfigError, PermissionDeniedError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.config.lookups import MAX_LOOKUP_COMBINATIONS, Lookup
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.streams.windowed import WindowedStream

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.extract.sampling import Send
    from tap_tiktok_ads.problems import Warnings

    Values = Mapping[str, t.Any]
    MakeRequest = Callable[[Advertiser | None, Window | None, Values], Request]

#: Maximum number of requests of a sample.
MAX_SAMPLE_REQUESTS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class LookupTask(Task):
    """A request with the values of its lookups.

    Attributes:
        values: Values by macro name, as in `campaigns.campaign_id`.
        seen_cursors: The cursors of the pages before.
    """

    values: Values = dataclasses.field(default_factory=dict)
    seen_cursors: tuple[t.Any, ...] = ()


class RejectableSource(Source):
    """The records of some values of a lookup, which TikTok can reject on their own."""

    @override
    def can_be_rejected(self, task: Task) -> bool:
        return True

    @override
    def scope_of(self, task: Task) -> str | None:
        """Return the advertiser, or else the values: a denial rules out their other windows."""
        if task.advertiser is None and isinstance(task, LookupTask):
            return str(task.values)
        return super().scope_of(task)

    @override
    def concerns_scope(self, task: Task, error: ApiError) -> bool:
        return isinstance(error, PermissionDeniedError)

    @override
    def subject_of(self, task: Task) -> str:
        if not isinstance(task, LookupTask) or task.is_pending:
            return super().subject_of(task)
        return f"{', '.join(itertools.starmap(_subject, task.values.items()))}, advertiser"


def _subject(macro: str, value: t.Any) -> str:
    """Return the column of a macro with its value, or with the number of its values."""
    column = macro.partition(".")[2]
    return f"{len(value)} values of {column}" if isinstance(value, list) else f"{column} {value}"


class LookupPlan:
    """Turns a task into one task per combination of the values of its lookups."""

    def __init__(
        self,
        stream_name: str,
        lookups: Sequence[Lookup],
        make_request: MakeRequest,
        run_context: RunContext,
        warnings: Warnings,
    ) -> None:
        """Prepare.

        Args:
            stream_name: The stream, for messages.
            lookups: The lookups, whose values are combined.
            make_request: Returns the request of a first page for some values.
            run_context: Opens the streams that lookups read.
            warnings: The warnings of the stream.
        """
        self._stream_name = stream_name
        self._lookups = lookups
        self._make_request = make_request
        self._run_context = run_context
        self._warnings = warnings
        self._values: dict[tuple[int, str | None], list[dict[str, t.Any]]] = {}
        self._locks: dict[tuple[int, str | None], threading.Lock] = {}

    def first_task(self, path: str, advertiser: Advertiser | None, window: Window | None) -> Task:
        """Return the request of an advertiser and window, or the lookup of its values."""
        if self._lookups:
            keys = tuple(
                f"lookup {number} of {self._stream_name} {id_of(advertiser)}"
                for number, lookup in enumerate(self._lookups)
                if lookup.stream is not None
            )
            request = Request(path, {})
            return LookupTask(request, advertiser, window, is_pending=True, common_keys=keys)
        return LookupTask(self._make_request(advertiser, window, {}), advertiser, window)

    def min_combinations(self) -> int:
        """Return the number of combinations if each lookup of a stream has one batch of values."""
        counts = [
            1 if lookup.stream else len(list(lookup.batches(self._read_once(number, None))))
            for number, lookup in enumerate(self._lookups)
        ]
        return math.prod(counts)

    def expand(self, task: Task) -> list[Task]:
        """Return one task per combination of values.

        Raises:
            TapError: A stream that a lookup reads cannot be read.
            ConfigError: There are too many combinations.
        """
        batches = [self._batches(number, task.advertiser) for number in range(len(self._lookups))]
        if (count := math.prod(map(len, batches))) > MAX_LOOKUP_COMBINATIONS:
            msg = (
                f"Stream {self._stream_name!r}: its lookups make {count:,} requests for one "
                f"advertiser and window. The maximum is {MAX_LOOKUP_COMBINATIONS:,}. Use batches "
                "or fewer values."
            )
            raise ConfigError(msg)
        tasks: list[Task] = []
        for combination in itertools.product(*batches):
            values = {name: value for batch in combination for name, value in batch.items()}
            request = self._make_request(task.advertiser, task.window, values)
            tasks.append(LookupTask(request, task.advertiser, task.window, values=values))
        return tasks

    def _batches(self, number: int, advertiser: Advertiser | None) -> list[dict[str, t.Any]]:
        """Return the values of a lookup in batches. Warns if there are none."""
        lookup = self._lookups[number]
        values = self._read_once(number, advertiser)
        if not values:
            self._warnings.log(
                f"lookup {number} {advertiser}",
                "Stream %s requests nothing for advertiser %s: lookup %r has no values.",
                id_of(advertiser) or "all",
                lookup.name,
            )
        return list(lookup.batches(values))

    def _read_once(self, number: int, advertiser: Advertiser | None) -> list[dict[str, t.Any]]:
        """Return the values of a lookup. Another stream is read once per advertiser."""
        lookup = self._lookups[number]
        if lookup.stream is None:
            return [dict(value) for value in lookup.values]
        key = (number, id_of(advertiser))
        with self._locks.setdefault(key, threading.Lock()):
            if key not in self._values:
                stream = self._run_context.open_stream(lookup.stream)
                columns = {*lookup.columns, *lookup.where}
                stream.needed_values = lookup.where
                records = stream.read_all(advertiser, columns=columns)
                max_values = None
                if not self._run_context.allow_requests:
                    max_values = MAX_SAMPLE_REQUESTS * (lookup.batch or 1)
                self._values[key] = lookup.select(records, max_values)
            return self._values[key]


class LookupStream(WindowedStream):
    """Requests for each value, or each batch of values, of its lookups."""

    window_days = 0
    lookups: tuple[Lookup, ...] = ()

    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        """Return the request for a first page, given the values of the lookups."""
        raise NotImplementedError

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        if task.is_pending:
            return (task.request.path,) * self.lookup_plan.min_combinations()
        return super().endpoints(task)

    @override
    def source_streams(self) -> set[str]:
        return {lookup.stream for lookup in self.lookups if lookup.stream}

    @override
    def source_values(self, name: str) -> Mapping[str, t.Any]:
        lookups = [lookup for lookup in self.lookups if lookup.stream == name]
        return lookups[0].where if len(lookups) == 1 else {}

    @functools.cached_property
    def lookup_plan(self) -> LookupPlan:
        """The lookups of the stream."""
        return LookupPlan(self.name, self.lookups, self.request, self.run_context, self.warnings)

    @override
    def first_task(self, owner: Advertiser | None, window: Window | None) -> Task:
        return self.lookup_plan.first_task(self.path, owner, window)

    @override
    def fetch(self, task: Task) -> Fetched:
        if task.is_pending:
            return Page(), self.lookup_plan.expand(task)
        return super().fetch(task)

    @override
    def sample_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        if task.is_pending:
            return [], self.lookup_plan.expand(task)
        return super().sample_task(task, send)

    @override
    def split(self, task: Task) -> Sequence[Task]:
        """Return the two halves of the window."""
        if task.window is None or task.window.days == 1 or not isinstance(task, LookupTask):
            return ()
        return [
            dataclasses.replace(
                task, request=self.request(task.advertiser, half, task.values), window=half
            )
            for half in self.window_plan.halves(task.window)
        ]


@dataclasses.dataclass(frozen=True)
class SourceColumn:
    """The column of another stream whose values a dependent stream requests.

    Attributes:
        name: Stream and column, as in `pixels.pixel_id`.
        parameter: The parameter that takes the values.
        batch_size: Maximum number of values per request, as an array. None means one, as it is.
        where: Columns of the other stream, and the values that its records must have.
        also: Columns of the same record, by the parameter that takes their value.
    """

    name: str
    parameter: str
    batch_size: int | None = None
    where: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    also: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def lookup(self) -> Lookup:
        """Return the lookup of the values."""
        stream, _, column = self.name.partition(".")
        columns = (column, *self.also.values())
        return Lookup(stream, columns, stream=stream, where=self.where, batch=self.batch_size)

    def further_params(self, values: Values) -> dict[str, t.Any]:
        """Return the parameters that take the other columns of the same record."""
        stream = self.name.partition(".")[0]
        return {name: values[f"{stream}.{column}"] for name, column in self.also.items()}


def add_lookup_value(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw record with the advertiser and the value that was requested."""
    if task.advertiser is not None:
        raw["advertiser_id"] = task.advertiser.id
    if isinstance(task, LookupTask):
        for name, value in task.values.items():
            if not isinstance(value, list):
                raw.setdefault(name.partition(".")[2], value)
    yield raw


class DependentStream(LookupStream):
    """Records of an endpoint that is requested for objects of another stream."""

    selected_by_default = False
    source_column: t.ClassVar[SourceColumn]
    """The values that are requested."""
    literal_lookups: t.ClassVar[tuple[Lookup, ...]] = ()
    """Further values, combined with each value of the column."""
    flatten: t.ClassVar[staticmethod[[Record, Task], Iterable[Record]]] = staticmethod(
        add_lookup_value
    )

    def __init__(self, tap: t.Any) -> None:
        self.lookups = (self.source_column.lookup(), *self.literal_lookups)
        super().__init__(tap)

    @override
    def columns(self) -> dict[str, t.Any]:
        return entity_schema(self.name)

    def params(
        self,
        advertiser: Advertiser | None,  # noqa: ARG002 - for subclasses
        window: Window | None,  # noqa: ARG002 - for subclasses
    ) -> dict[str, t.Any]:
        """Return the parameters besides the advertiser, the values and the page."""
        return {}

    def parameter_value(self, value: t.Any) -> t.Any:
        """Return the value of the parameter for a value of the lookup."""
        return value

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        params: dict[str, t.Any] = {"advertiser_id": advertiser.id} if advertiser else {}
        params |= self.params(advertiser, window)
        column = self.source_column
        params |= column.further_params(values)
        params[column.parameter] = self.parameter_value(values[column.name])
        if self.page_size is not None:
            params |= {"page": 1, "page_size": self.page_size}
        is_shared = self.shared or self.run_context.is_source(self.name)
        return Request(self.path, params, splittable=window is not None, shared=is_shared)
