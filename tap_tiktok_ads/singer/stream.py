"""`TikTokStream`: the base of all streams, on top of the SDK.

The SDK reads one partition after the other, record by record. Here a stream is one plan of requests
over all advertisers and windows. Workers fetch ahead and cast. The main thread verifies, writes and
advances bookmarks. The SDK's stream maps change the records, in workers where that is possible.
"""

from __future__ import annotations

import contextlib
import operator
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.extract.completeness import Rules
from tap_tiktok_ads.extract.lookup_observer import LookupObserver
from tap_tiktok_ads.extract.nested_lookahead import read_within_task
from tap_tiktok_ads.extract.sampling import fetch_sample, take_sample
from tap_tiktok_ads.extract.sequential import sequential
from tap_tiktok_ads.extract.verification import ListVerifier
from tap_tiktok_ads.singer.catalog import catalog_keys, fit_entry
from tap_tiktok_ads.singer.components import StreamComponents
from tap_tiktok_ads.singer.count_differences import known_difference, remember_difference
from tap_tiktok_ads.termination import termination

if t.TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.casting import Caster
    from tap_tiktok_ads.extract.pages import Page, Record, Task
    from tap_tiktok_ads.extract.reader import Fetch
    from tap_tiktok_ads.extract.sampling import Send
    from tap_tiktok_ads.extract.task_groups import TaskGroup
    from tap_tiktok_ads.extract.verification import Observer


class TikTokStream(StreamComponents):
    """A stream of the TikTok Marketing API.

    A subclass is a row of facts. Its docstring is the description that users read.

    Attributes:
        verifier: Verifies the lists, once the stream is read.
    """

    verifier: ListVerifier | None = None

    @property
    @override
    def selected(self) -> bool:
        """True if the catalog selects the stream, and the shard of the run reads it."""
        return self.is_in_shard and self.mask.get((), True)

    @selected.setter
    def selected(self, value: bool | None) -> None:
        """Select the stream in the catalog, or deselect it."""
        t.cast("t.Any", StreamComponents.selected).fset(self, value)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Follow a catalog: its selection, its keys and its types.

        Raises:
            ConfigError: The catalog has a type that values cannot be converted to.
        """
        own_keys = self.primary_keys
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry is None:
            return
        self.primary_keys, other_keys = catalog_keys(entry, own_keys)
        entry.key_properties = self.primary_keys
        automatic = {*self.primary_keys, *filter(None, [self.replication_key])}
        left_out = fit_entry(entry, self.schema, automatic)
        self._input_schema = entry.schema.to_dict()
        if not self.selected:
            return
        if other_keys is not None:
            self.logger.warning(
                "The catalog has the keys %s, and the stream has the keys %s. Records are "
                "identified by %s. Restore the keys that --discover writes.",
                list(other_keys),
                list(own_keys),
                list(self.primary_keys),
            )
        if left_out:
            self.logger.info("Columns that the catalog leaves out: %s.", ", ".join(left_out))
        _ = self.record_schema  # checks the types

    def read_all(
        self,
        advertiser: Advertiser | None,
        *,
        with_deleted: bool = False,
        columns: Collection[str] | None = None,
        only_columns: bool = False,
    ) -> Iterator[Record]:
        """Yield all typed records of one advertiser or of all advertisers. Ignore the state.

        Args:
            advertiser: The advertiser, or None for the advertisers of all shards.
            with_deleted: Include deleted objects, and raise for every count that does not match.
            columns: The columns that are needed, at least, or None for all.
            only_columns: True to leave out all other columns, which takes less memory.

        Raises:
            TapError: They cannot be read, or not all of them.
        """
        self._prepare_lookup(with_deleted=with_deleted, columns=columns, only_columns=only_columns)
        if advertiser is None:
            self.selected_advertisers = self.run_context.all_advertisers
            label = self.name
        else:
            self.selected_advertisers = [advertiser]
            label = f"{self.name} for advertiser {advertiser.id}"
        problems = self.run_context.problems
        observer = LookupObserver(
            label,
            self.warnings,
            is_strict=with_deleted,
            keep=lambda error, task: problems.add(self.name, error, "kept", task),
        )
        results = self._read_tasks(self.plan.tasks(), self.runner.run)
        verifier = self._make_verifier(observer)
        for _, page in verifier.groups(self.complete_pages(results)):
            self.problems.report_drift()
            yield from t.cast("Sequence[Record]", page.records) if page else ()

    def _prepare_lookup(
        self, *, with_deleted: bool, columns: Collection[str] | None, only_columns: bool
    ) -> None:
        """Set how `read_all` reads the stream."""
        self.uses_state = False
        self.needed_columns = columns
        self.shared = True
        self.with_deleted = with_deleted or self.run_context.settings.include_deleted
        self.reader.decode = self.raw_decoder()
        self.builder.columns = columns if only_columns else None

    def lookup_tasks(self, *, with_deleted: bool, all_shards: bool) -> Iterable[Task]:
        """Return the first requests of `read_all` for all advertisers, for an estimate."""
        self._prepare_lookup(with_deleted=with_deleted, columns=None, only_columns=False)
        context = self.run_context
        self.selected_advertisers = context.all_advertisers if all_shards else context.advertisers
        return self.plan.tasks()

    def sample(self, max_requests: int, send: Send) -> list[Record]:
        """Return the flat records, not yet cast, of the first response that has any.

        Args:
            max_requests: Maximum number of requests.
            send: Sends them.

        Raises:
            TapError: No response has records, and one was an error.
        """
        tasks = self.plan.sample_tasks()
        return take_sample(
            self.source, tasks, lambda task: self.sample_task(task, send), max_requests
        )

    def sample_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        """Return the flat records of a task, not yet cast, and the tasks that follow.

        Raises:
            TapError: There is no response, or it cannot be read.
        """
        return fetch_sample(self.flattener, task, send)

    def cast_sample(self, records: Sequence[Record]) -> list[Record]:
        """Return the records of a sample as the stream writes them.

        Raises:
            ResponseError: A record has no usable key.
        """
        caster = self.sample_caster(records)
        cast = list(caster.records(records))
        unusable = caster.drift.take().unusable_records
        if unusable:
            msg = f"Cannot show a record of {self.name}: {unusable[0]}."
            raise errors.ResponseError(msg)
        return cast

    def sample_caster(self, records: Sequence[Record]) -> Caster:  # noqa: ARG002 - for subclasses
        """Return the caster for the records of a sample."""
        return self.builder.caster

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield all typed records of the stream, in plan order."""
        for _, page in self._pages():
            yield from t.cast("Sequence[Record]", page.records) if page else ()

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return None: the bookmarks decide how far they advance."""

    @override
    def finalize_state_progress_markers(self, state: t.Any = None) -> None:
        """Remove what the SDK noted in the state during the stream.

        The SDK looks for each partition in the list of all partitions.
        """
        for partition in self.bookmarks.partitions() or [self.stream_state]:
            self._finalize_state(partition)

    @override
    def _sync_records(
        self,
        context: Context | None = None,
        *,
        write_messages: bool = True,
    ) -> Generator[dict[str, t.Any], t.Any, t.Any]:
        """Write the records page by page, and advance a bookmark whenever a group is complete.

        The SDK's loop reads one partition after the other and notes a bookmark for each record.
        Its bookmark would pass pages that have not been read.
        """
        max_records = self.ABORT_AT_RECORD_COUNT
        self.run_context.progress.begin(self.name, len(self.run_context.advertisers))
        with self.get_record_counter() as counter, self.get_sync_timer():
            try:
                if max_records is None:
                    self.begin()
                self.output.write_groups(self._pages(), counter, max_records)
            except errors.OutputError:
                raise
            except errors.TapError as error:
                self.run_context.problems.add_final(self.name, error)
                for stream in self.run_context.following_streams(self.name):
                    if stream.fetching is not None:
                        stream.fetching.stop()
                self.output.finish(ends_run=True)
                self.run_context.write_sync_errors(self.name)
                raise
        self.output.finish(ends_run=not self.run_context.following_streams(self.name))
        yield from ()

    def begin(self) -> None:
        """Start to fetch, if that has not begun: at the stream's turn, or shortly before it."""
        if self.fetching is not None:
            return
        self.output.prepare()
        self.fetching = self.run_context.workers.ahead(
            self.plan.tasks(),
            self.runner.run,
            operator.attrgetter("weight"),
            self._begin_following,
            self.run_context.common_responses.gate,
            operator.attrgetter("page_share"),
        )
        self.fetching.begin()

    def _begin_following(self) -> bool:
        """Begin the next stream, so that the budget is used while the last responses arrive.

        Returns True if there was one.
        """
        streams = self.run_context.following_streams(self.name)
        following = next((stream for stream in streams if stream.fetching is None), None)
        if following is None:
            return False
        with contextlib.suppress(errors.TapError):  # raised again at its turn
            following.begin()
        return following.fetching is not None

    def _pages(self) -> Iterator[tuple[TaskGroup, Page | None]]:
        """Yield the verified pages of each group, and None once a group is complete."""
        if self.fetching is not None:
            results = self.fetching.results()
        else:
            results = sequential(self.plan.tasks(), self.runner.run)
        verifier = self.verifier = self._make_verifier(self.problems)
        for group, page in verifier.groups(self.complete_pages(results)):
            if page is None:
                yield from ((group, deletions) for deletions in self.deletion_pages(group))
            yield group, page

    def _make_verifier(self, observer: Observer) -> ListVerifier:
        """Return the verifier that decides if the stream's lists were read completely."""
        run_context = self.run_context
        return ListVerifier(
            self.record_filter,
            self.runner.run,
            observer,
            clock=run_context.pass_clock,
            incomplete_lists=run_context.incomplete_lists,
            rules=Rules(
                self.list_cap,
                known_difference=lambda group: known_difference(self.bookmarks, group),
            ),
            read=self._read_further,
        )

    def _read_further(self, tasks: Iterable[Task], fetch: Fetch) -> Iterator[tuple[Task, Page]]:
        """Return the pages of additional passes. The next stream begins meanwhile."""
        if self.fetching is None:
            return self.complete_pages(self._read_tasks(tasks, fetch))
        self._begin_following()
        weight = operator.attrgetter("weight")
        return self.complete_pages(self.run_context.workers.ordered(tasks, fetch, weight))

    def _read_tasks(self, tasks: Iterable[Task], fetch: Fetch) -> Iterator[tuple[Task, Page]]:
        """Return the pages of tasks for another stream. A command requests no page ahead."""
        run_context = self.run_context
        if not run_context.allow_requests:
            return sequential(tasks, fetch)
        weight = operator.attrgetter("weight")
        return read_within_task(run_context.workers, tasks, fetch, weight)

    def complete_pages(self, results: Iterable[tuple[Task, Page]]) -> Iterator[tuple[Task, Page]]:
        """Yield the pages in plan order, once all requests for their records are done."""
        return iter(results)

    def deletion_pages(self, group: TaskGroup) -> Iterable[Page]:  # noqa: ARG002 - for subclasses
        """Return a record for each object that a completed group does not list any more."""
        return ()

    def finalize(self) -> None:
        """Prepare the last STATE message of the stream."""

    def complete(self, group: TaskGroup) -> None:
        """Advance the bookmark of a completed group, and write a STATE message if one is due."""
        with termination:  # a signal writes the state before or after, but not in between
            if self.uses_state:
                remember_difference(self.bookmarks, group)
            self.bookmarks.advance(group)
        if not self.bookmarks.is_held(group.advertiser, group.window):
            self.output.write_state_if_due(group)
