"""Facts and components of a stream: source, filter, bookmarks, page builder, reader, runner.

Each component has one responsibility and is made when it is first needed.
"""

from __future__ import annotations

import functools
import inspect
import typing as t

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.shards import Shard
from tap_tiktok_ads.extract.casting import Caster
from tap_tiktok_ads.extract.conversion import PageBuilder, RecordFlattener
from tap_tiktok_ads.extract.deduplication import KeyedFilter, RecordFilter
from tap_tiktok_ads.extract.first_page_checks import FirstPageChecks
from tap_tiktok_ads.extract.page_decoder import decode_list_page
from tap_tiktok_ads.extract.personal_data import PersonalData
from tap_tiktok_ads.extract.reader import PageReader, TaskRunner
from tap_tiktok_ads.extract.schema_overrides import UnsupportedTypeError, overridden_schema
from tap_tiktok_ads.extract.source import Source, add_advertiser
from tap_tiktok_ads.problem_texts import NO_TASKS
from tap_tiktok_ads.problems import StreamProblems, Warnings
from tap_tiktok_ads.singer.record_output import RecordOutput
from tap_tiktok_ads.singer.state import INCREMENTAL, Bookmarks, TimeBookmarks

if t.TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode
    from tap_tiktok_ads.context import RunContext
    from tap_tiktok_ads.extract import lookahead
    from tap_tiktok_ads.extract.pages import Page, Record, Task
    from tap_tiktok_ads.extract.reader import Fetched

BookmarksT = t.TypeVar("BookmarksT", bound=Bookmarks)


class Plan(t.Protocol):
    """Which requests a stream sends, and in which order."""

    def tasks(self) -> Iterable[Task]:
        """Return the first request of every list, in the order of the output."""

    def sample_tasks(self) -> Iterable[Task]:
        """Return the requests that a sample is taken from, the newest first."""


class ContextTap(t.Protocol):
    """A tap whose streams share a run context."""

    @property
    def run_context(self) -> RunContext:
        """Objects that all streams of the run share."""


class StreamComponents(Stream):
    """The facts of a stream, and the components that they make.

    A component is replaced by an override of its cached property.

    Attributes:
        run_context: Objects that all streams of the run share.
        is_in_shard: True if the shard of the run reads the stream.
        selected_advertisers: The advertisers to read, or None for all advertisers of the run.
        uses_state: False if the stream is read for another stream, without its state.
        needed_columns: Columns that another stream needs at least, or None for all.
        needed_values: Values that another stream needs, by column. Lists of others can be left out.
        starts: Bookmark by advertiser id. Objects that have not changed since are dropped.
        fetching: The look-ahead, once it has begun.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # the caster conforms records page by page

    name: str
    path: str
    permission: t.ClassVar[str] = "not documented"
    """The scope that the token needs: TikTok's number and name."""
    page_size: t.ClassVar[int | None] = None
    """Maximum number of records per page, or None if the endpoint has no pages."""
    records_field: t.ClassVar[str] = "list"
    """The member of `data` that holds the records."""
    per_advertiser: bool = True
    """True if each advertiser is requested. False for unpartitioned streams."""
    is_read_by_each_shard: t.ClassVar[bool] = False
    """True if an unpartitioned stream belongs to the run. Only shard 1 reads the others."""
    shared: bool = False
    """True if other streams send the same requests."""
    tolerated_codes: t.ClassVar[frozenset[int]] = frozenset()
    """Codes that mean that the account lacks the feature: a warning instead of an error."""
    dash_is_null: bool = False
    """True if `-` means null in text columns, as in reports."""
    list_cap: t.ClassVar[int | None] = None
    """Maximum number of objects that the endpoint lists, if it is limited."""
    objects_can_vanish: t.ClassVar[bool] = False
    """True if an object that vanishes during a read moves others to the page before."""
    source_class: type[Source] = Source
    """Locates records in responses, and the requests that follow."""
    flatten: t.ClassVar[staticmethod[[Record, Task], Iterable[Record]]] = staticmethod(
        add_advertiser
    )
    """Yields the flat records of one raw record."""
    plan_class: t.ClassVar[type[t.Any]]
    """Makes the plan of requests, given the stream."""

    def __init__(self, tap: ContextTap) -> None:
        self.run_context = tap.run_context
        self.warnings = Warnings(self.name, self.run_context.logger.getChild(self.name))
        shard = Shard.parse(self.run_context.config.get("shard")) or Shard()
        is_divided = self.per_advertiser or self.is_read_by_each_shard
        self.is_in_shard = is_divided or shard.is_first
        self.selected_advertisers: Sequence[Advertiser] | None = None
        self.uses_state = True
        self.needed_columns: Collection[str] | None = None
        self.needed_values: Mapping[str, t.Any] = {}
        self.with_deleted = bool(self.run_context.config.get("include_deleted", True))
        self.starts: dict[str | None, t.Any] = {}
        self.fetching: lookahead.Lookahead[Task, Page] | None = None
        self.personal_data = PersonalData({"properties": {}}, None)
        schema = {"description": self.description(), **self.columns()}
        self.personal_data = PersonalData(schema, self.run_context.config.get("pii"), self.name)
        super().__init__(t.cast("t.Any", tap), schema=self.personal_data.schema)
        self.logger.addFilter(_is_not_sdk_traceback)
        self.output = RecordOutput(t.cast("t.Any", self))

    # Facts: subclasses fill them in

    def description(self) -> str:
        """Return the description that users read."""
        return inspect.cleandoc(self.__doc__ or "")

    def columns(self) -> dict[str, t.Any]:
        """Return the JSON Schema of the records."""
        raise NotImplementedError

    def endpoints(self, task: Task) -> Sequence[str]:
        """Return the endpoints that a task requests at least, for an estimate."""
        return () if task.is_topview else (task.request.path,)

    def topview_endpoints(self, task: Task) -> Sequence[str]:
        """Return the further endpoints that a task requests if there are TopView campaigns."""
        return (task.request.path,) if task.is_topview else ()

    def source_streams(self) -> set[str]:
        """Return the names of the streams that the stream reads besides."""
        return set()

    def source_values(self, name: str) -> Mapping[str, t.Any]:  # noqa: ARG002 - for subclasses
        """Return the values that records of a source must have, by column."""
        return {}

    @property
    def advertisers(self) -> Sequence[Advertiser]:
        """The advertisers that the stream reads."""
        if self.selected_advertisers is not None:
            return self.selected_advertisers
        return self.run_context.advertisers

    # Components: one responsibility each, made when they are first needed

    @functools.cached_property
    def plan(self) -> Plan:
        """Which requests are sent, and in which order."""
        return t.cast("Plan", self.plan_class(self))

    @functools.cached_property
    def source(self) -> Source:
        """Where the records of a response are."""
        return self.source_class(
            self.name,
            page_size=self.page_size,
            records_field=self.records_field,
            list_cap=self.list_cap,
            tolerated_codes=self.tolerated_codes,
            flatten=self.flatten,
            split=self.split,
        )

    def split(self, task: Task) -> Sequence[Task]:  # noqa: ARG002 - for subclasses
        """Return smaller tasks that together read what a too large task reads, if possible."""
        return ()

    @functools.cached_property
    def record_filter(self) -> RecordFilter:
        """Recognizes repeated and unchanged records."""
        keys = self.primary_keys
        if self.per_advertiser:
            keys = [key for key in keys if key != "advertiser_id"] or keys
        return KeyedFilter(self.name, keys, self.replication_key or "", starts=self.starts)

    @functools.cached_property
    def bookmarks(self) -> Bookmarks:
        """Starting points and progress in the state."""
        return self.make_bookmarks(TimeBookmarks if self.replication_key else Bookmarks)

    def make_bookmarks(self, kind: Callable[..., BookmarksT]) -> BookmarksT:
        """Return bookmarks of a kind."""
        return kind(
            self.tap_state,
            self.name,
            self.replication_key,
            started_at=self.run_context.started_at,
            warnings=self.warnings,
            is_incremental=self.replication_method == INCREMENTAL and self.uses_state,
        )

    def read_starts(self, owners: Sequence[Advertiser | None]) -> None:
        """Read the bookmark of each advertiser. Objects unchanged since then are not written."""
        for owner in owners:
            self.starts[owner.id if owner else None] = self.bookmarks.start(owner)

    @functools.cached_property
    def builder(self) -> PageBuilder:
        """Turns raw records into pages."""
        caster = Caster(
            self.record_schema, dash_is_null=self.dash_is_null, required=self.primary_keys
        )
        return PageBuilder(self.flattener, caster, self.record_filter)

    @functools.cached_property
    def record_schema(self) -> dict[str, t.Any]:
        """The schema that records are cast by: the stream's, as the catalog overrides it.

        Raises:
            ConfigError: The catalog has a type that values cannot be converted to.
        """
        fixed = {*self.primary_keys, self.replication_key or ""}
        try:
            return overridden_schema(self.schema, self.effective_schema, fixed)
        except UnsupportedTypeError as error:
            msg = (
                f"Catalog: column {error.column!r} of stream {self.name!r} has the type "
                f"{error.own_type}, which cannot become {error.wanted_type}. Restore the type "
                "that --discover writes."
            )
            raise ConfigError(msg) from None

    @property
    def flattener(self) -> RecordFlattener:
        """Turns raw records into flat ones. Usable before the schema is known."""
        return RecordFlattener(self.source, self.personal_data.transforms())

    def page_decoder(self, deselected: AbstractSet[str]) -> Decode | None:  # noqa: ARG002
        """Return a faster decoder of pages, given the deselected columns, or None."""
        return self.raw_decoder()

    def raw_decoder(self) -> Decode | None:
        """Return a decoder that leaves the records of a page as raw JSON, or None."""
        is_plain = self.source.reads_list_only and self.source.records_field == "list"
        return decode_list_page if is_plain else None

    @functools.cached_property
    def reader(self) -> PageReader:
        """Reads the page of one task."""
        return PageReader(self.source, self.run_context.client, self.builder)

    def fetch(self, task: Task) -> Fetched:
        """Return the page of a task and the tasks that follow it. Runs in workers."""
        return self.reader.fetch(task)

    @functools.cached_property
    def runner(self) -> TaskRunner:
        """Runs `fetch` and classifies its errors."""
        has_checks = self.objects_can_vanish and self.run_context.allow_requests
        return TaskRunner(
            self.source, self.fetch, FirstPageChecks(self.list_cap) if has_checks else None
        )

    @functools.cached_property
    def problems(self) -> StreamProblems:
        """Handles denied, failed and incomplete pages."""
        return StreamProblems(
            self.source,
            self.run_context.problems,
            self.warnings,
            stops_on_error=self.run_context.settings.on_error == "fail",
            hold_bookmark=lambda task: self.bookmarks.hold(*task.partition),
            drift=lambda: self.builder.caster.drift,
            mask=self.run_context.client.mask,
            list_cap=self.list_cap,
            truncation_advice=self.truncation_advice,
        )

    def truncation_advice(self, task: Task) -> str:  # noqa: ARG002 - reports override it
        """Return what to do if a report covers a part of the ads."""
        return NO_TASKS


def _is_not_sdk_traceback(record: logging.LogRecord) -> bool:
    """Return False for the SDK's line about an exception: the error's own sentence follows."""
    return not str(record.msg).startswith("An unhandled error occurred while syncing")
