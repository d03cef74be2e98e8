"""`TikTokStream`, the one base of all streams: a plan of requests in, typed rows and state out.

The SDK's loop runs one partition after the other, row by row. Here a stream is one plan over all
advertisers and windows; threads fetch ahead and make typed rows, or whole RECORD lines where that
is all there is to do; the main thread drops what is not wanted, writes, counts, moves bookmarks.
What the SDK does with a record (selection, stream maps, flattening) stays the SDK's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import hashlib
import inspect
import itertools
import operator
import typing as t

import msgspec
import pendulum
from singer_sdk import Stream
from singer_sdk.helpers._state import get_state_if_exists
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_tiktok_ads import dates, errors, fetch, records, schemas, tombstones, totals
from tap_tiktok_ads.output import BufferedWriter, Lines
from tap_tiktok_ads.pagination import Reading, pages_after, past_the_end, total_number

if t.TYPE_CHECKING:
    import datetime as dt
    import logging
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context, Record

    from tap_tiktok_ads.accounts import Advertiser
    from tap_tiktok_ads.dates import Window
    from tap_tiktok_ads.tap import TapTikTokAds
    from tap_tiktok_ads.transport import Decode, Reply, Request

    Send = Callable[[Request], Reply]

INCREMENTAL = "INCREMENTAL"
#: Lines that are joined before they are written: few enough to stay in the processor's cache.
LINES_AT_ONCE = 25
_RECORD = (dict, tuple, msgspec.Raw)
#: New fields that a warning names.
MOST_NAMES = 20
#: Parameters that may change between two pages: TikTok refuses some metrics, and totals.
LEFT_OUT = frozenset({"metrics", totals.PARAMETER})
#: How often a listing is read again that changed while it was read.
READINGS_MORE = 2
#: Listings whose totals fit nothing, after which those of the stream count for nothing.
ODD_TOTALS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """One request of a plan.

    Attributes:
        request: what to send.
        advertiser: whose data it reads; None where one request reads many.
        window: the days that it reads, for reports.
        whole: the window that this one is a part of: a bookmark moves at its end only.
        last_page: the last page known so far; None on a listing's first page.
        optional: part of a listing that accounts may lack: a refusal is no error.
    """

    request: Request
    advertiser: Advertiser | None = None
    window: Window | None = None
    last_page: int | None = None
    optional: bool = False
    whole: Window | None = None

    @property
    def group(self) -> tuple[Advertiser | None, Window | None]:
        """What is complete when all tasks of it are."""
        return self.advertiser, self.whole or self.window

    @property
    def page(self) -> int:
        """The number of the page, from 1."""
        return int(self.request.paged.get("page", 1))

    @property
    def listing(self) -> str:
        """What all pages of a listing have in common, whatever was left out of some requests."""
        params = self.request.params
        same = {name: value for name, value in params.items() if name not in LEFT_OUT}
        return dataclasses.replace(self.request.with_paged(page=1), params=same | {"page": 1}).key

    def at_page(self, page: int, last_page: int) -> Task:
        """The same request for another page."""
        request = dataclasses.replace(self.request.with_paged(page=page), divisible=False)
        return dataclasses.replace(self, request=request, last_page=last_page)


class Mark(t.NamedTuple):
    """What tells the row of an object from others: its key, and when it was last changed."""

    identity: tuple[t.Any, ...]
    changed: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """What a task brought, or why it brought nothing.

    Attributes:
        rows: typed rows; or RECORD lines, where they need nothing more: one for each row, or all
            in one.
        count: rows.
        marks: for each row, what tells whether it came before or unasked.
        records: how many the answer held, where it is a page of a listing.
        total: how many the listing holds, as the answer told.
        weight: bytes that the page takes, roughly.
        server_time: HTTP date of the answer.
        totals: what the rows add up to, and what TikTok tells, where that is compared.
        cut: whether TikTok warned that rows may be missing.
        refused: skipped with a warning.
        failed: ends the run when its turn comes.
    """

    rows: Sequence[Record] | Sequence[bytes] = ()
    count: int = 0
    marks: Sequence[t.Any] | None = None
    records: int | None = None
    total: int | None = None
    weight: int = 0
    server_time: str | None = None
    totals: totals.Totals | None = None
    cut: bool = False
    refused: errors.ApiError | None = None
    failed: errors.TapError | None = None

    def only(self, wanted: Sequence[bool]) -> Page:
        """The page with the rows that are wanted."""
        rows: t.Any = self.rows
        if len(rows) != self.count:
            rows = rows[0].splitlines(keepends=True)  # JSON holds no line breaks
        rows = list(itertools.compress(rows, wanted))
        return dataclasses.replace(self, rows=rows, count=len(rows))

    def first(self, count: int) -> Page:
        """The page with so many of its typed rows."""
        rows = self.rows[:count]
        return dataclasses.replace(self, rows=rows, count=len(rows))


class Group:
    """The tasks of one advertiser and window, after which a bookmark may move."""

    def __init__(self, advertiser: Advertiser | None, window: Window | None) -> None:
        self.advertiser = advertiser
        self.window = window
        self.began: dt.datetime | None = None  # date of the earliest answer
        self.newest: str | None = None  # latest change seen
        self.seen: set[t.Any] = set()
        self.repeated = 0  # rows dropped because they came before
        self.readings: dict[str, tuple[Task, Reading]] = {}  # with the task of the first page
        self.gone = False  # whether there are tombstones
        self.whole = True  # whether nothing is known to be missing

    def note(self, page: Page) -> None:
        """Note when a page was answered, and whether it was."""
        self.whole = self.whole and page.failed is None
        try:
            when = email.utils.parsedate_to_datetime(page.server_time or "")
        except ValueError:
            return
        self.began = min(when, self.began or when)

    def reading_of(self, task: Task) -> Reading:
        """The counts of the listing that a task is of."""
        return self.readings.setdefault(task.listing, (task, Reading()))[1]


class Listings:
    """The listings that a look-up reads, and whether all of each came.

    Attributes:
        found: by listing, its first task, the counts, and the rows seen.
        odd: whether a count meant something else, for the same came again.
    """

    def __init__(self, stream: TikTokStream, before: Listings | None = None) -> None:
        self.odd = False
        self._stream = stream
        self._before = before
        self.found: dict[str, tuple[Task, Reading, set[t.Any]]] = {}

    def add(self, task: Task, page: Page) -> None:
        """Count a page."""
        refused_now = page.refused is not None and self._before is not None
        if page.records is None and not refused_now:
            return
        _, reading, seen = self.found.setdefault(task.listing, (task, Reading(), set()))
        reading.broken = reading.broken or refused_now
        if page.records is None:
            return
        identities = [self._stream.identity(mark) for mark in page.marks or ()]
        reading.add(page.records, page.total, len(identities) - len({*identities} - seen))
        seen.update(identities)

    def to_read_again(self) -> list[Task]:
        """The first pages of those that changed meanwhile, to be asked for anew."""
        found = []
        for key, (first, reading, _) in self.found.items():
            known = self._before.found.get(key) if self._before else None
            if known and reading.odd_after(known[1]):
                self.odd = True
            elif not reading.whole or (known and not reading.totals):
                request = dataclasses.replace(first.request, shared=False)
                found.append(dataclasses.replace(first, request=request))
        return found


class TikTokStream(Stream):
    """A stream of the TikTok Marketing API.

    A subclass is a row of facts: name, path, keys, page size. Its docstring is the description that
    users read.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # `records` has done it, once for each page

    name: str
    path: str
    permission: t.ClassVar[str] = "not documented"
    """The scope that the token needs: TikTok's number and name."""
    page_size: t.ClassVar[int | None] = None
    """Records that a page may hold at most; None where the endpoint has no pages."""
    records_field: t.ClassVar[str] = "list"
    """The member of `data` that holds the records."""
    per_advertiser: bool = True
    """Whether each advertiser is asked for; else there is one pass for all."""
    shared: bool = False
    """Whether other streams make the same requests."""
    tolerated_codes: t.ClassVar[frozenset[int]] = frozenset()
    """Codes that mean the account lacks a feature: no rows and a warning instead of an error."""
    counted: t.ClassVar[bool] = True
    """Whether `page_info` counts the records that `read` gives."""
    includes_deleted: bool
    """Whether deleted objects are asked for, where they have to be."""
    distinct: bool = False
    """Whether rows are told apart: one that comes again is dropped."""

    def __init__(self, tap: TapTikTokAds) -> None:
        # what `columns` may need, before the SDK's part
        self.tap = tap
        self.only: Sequence[Advertiser] | None = None  # for look-ups, which use no bookmarks
        self.includes_deleted = bool(tap.config.get("include_deleted", True))
        self._reported: set[str] = set()
        self._personal: t.AbstractSet[str] = frozenset()
        schema = {"description": self.description(), **self.columns()}
        self._personal = schemas.PERSONAL & schema["properties"].keys()
        if tap.config.get("pii") == "drop":
            for name in self._personal:
                del schema["properties"][name]
        super().__init__(tap, schema=schema)
        self.logger.addFilter(_is_news)
        self.caster = self.new_caster()
        self.decode: Decode | None = None
        self.fetching: fetch.Lookahead[Task, Page] | None = None
        self._lines: Lines | None = None
        self._refused: dict[str, errors.ApiError] = {}  # by workers: ask no further
        self.repeated = 0  # rows dropped because they came before
        self._odd_totals = 0  # listings whose totals seem to mean something else
        self._gaps: set[str | None] = set()  # by the main thread, in plan order: bookmarks stay

    @property
    def advertisers(self) -> Sequence[Advertiser]:
        """Those that the stream reads."""
        return self.tap.advertisers if self.only is None else self.only

    # What a stream is made of: the bases in `streams/` fill this in.

    def description(self) -> str:
        """What users read."""
        return inspect.cleandoc(self.__doc__ or "")

    def columns(self) -> dict[str, t.Any]:
        """The JSON Schema of the records."""
        raise NotImplementedError

    def new_caster(self) -> records.Caster:
        """What makes typed rows of raw ones."""
        return records.Caster(self.schema, required=self.primary_keys)

    def plan(self) -> Iterable[Task]:
        """The first request of every listing, in the order of the output; bookmarks applied."""
        raise NotImplementedError

    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        """The flat rows of a raw record. May change it."""
        raise NotImplementedError

    def common(self, task: Task) -> dict[str, t.Any]:
        """The columns that are the same in all rows of a task."""
        return {"advertiser_id": task.advertiser.id if task.advertiser else None}

    def mark(self, row: Record) -> t.Any:  # noqa: ARG002 - for subclasses
        """What tells a typed row from others; None in streams that want every row."""
        return None

    def identity(self, mark: t.Any) -> t.Any:
        """What two marks of the same row have in common."""
        return mark

    def wanted(self, page: Page, group: Group) -> Page:  # noqa: ARG002 - for subclasses
        """The page with the rows that belong to this run; the group notes what it has seen."""
        return page

    def bookmark_after(self, group: Group) -> str | None:  # noqa: ARG002 - for subclasses
        """The bookmark once all of a group is written; None where it does not move."""
        return None

    def gone(self, group: Group) -> Iterable[Page]:  # noqa: ARG002 - for subclasses
        """Rows of what a completed group lacks, though it was listed before."""
        return ()

    def note_listed(self, group: Group) -> None:
        """Note in an advertiser's state what a completed group listed."""

    def note_reach(self, group: Group, state: dict[str, t.Any]) -> None:
        """Note in an advertiser's state how far back a completed group has read."""

    def endpoints(self, task: Task) -> Sequence[str]:
        """Those that a task sends a request to, at least; for a run that is only planned."""
        return (task.request.path,)

    # Requests: in worker threads.

    def work(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Send a task's request: its page, and the tasks that follow it in the plan."""
        return self.caught(task, self.answered)

    def caught(
        self, task: Task, action: Callable[[Task], tuple[Page, Sequence[Task]]]
    ) -> tuple[Page, Sequence[Task]]:
        """What an action brings, or what its error makes of the task."""
        if task.advertiser is not None and task.advertiser.id in self._refused:
            return Page(refused=self._refused[task.advertiser.id]), ()
        try:
            return action(task)
        except errors.TooLargeError as error:
            too_large = error
        except errors.TapError as error:
            return self._without_records(task, error), ()
        except Exception as error:  # noqa: BLE001 - whatever an answer of another shape may cause
            return Page(failed=_misshapen(task, error)), ()
        try:
            return self._divided(task, too_large)
        except Exception as error:  # noqa: BLE001 - likewise
            return Page(failed=_misshapen(task, error)), ()

    def answered(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """The page that a request brings, and the tasks that follow; errors are raised."""
        reply = self.tap.transport.send(task.request, self.decode, self.name)
        found = self.read(task, reply)
        return self.page_of(task, found, reply), self.following(task, reply, len(found))

    def page_of(self, task: Task, found: Sequence[t.Any], reply: Reply) -> Page:
        """The typed rows of raw records, or RECORD lines."""
        facts: dict[str, t.Any] = {"server_time": reply.server_time, "cut": reply.reports_cut}
        if self.counted and (self.page_size is not None or reply.data.get("page_info")):
            facts["records"] = len(found)
            facts["total"] = total_number(reply.data.get("page_info"))
        if self._lines is not None and found and isinstance(found[0], tuple):
            members, marks = map(list, zip(*found, strict=True))
            block = self._lines.of_members(members, self.common(task))
            return Page([block], len(found), marks, weight=len(block), **facts)
        rows = self.caster.rows(self.flattened(found, task))
        if self._lines is not None:  # one row after the other, while it is in the processor's cache
            marks, lines = [], []
            line = self._lines.of_page()
            for row in rows:
                marks.append(self.mark(row))
                lines.append(line(row))
            return Page(lines, len(lines), _given(marks), weight=sum(map(len, lines)), **facts)
        typed = list(rows)
        marks = [self.mark(row) for row in typed]
        return Page(typed, len(typed), _given(marks), weight=5 * len(reply.body), **facts)

    def flattened(self, found: Sequence[t.Any], task: Task) -> Iterator[dict[str, t.Any]]:
        """The flat rows of raw records, without what settings do not want of people."""
        rows = (row for raw in found for row in self.flatten(_object(raw), task))
        hide = self._personal and self.tap.settings.pii != "keep"
        return map(self._impersonal, rows) if hide else rows

    def _impersonal(self, row: dict[str, t.Any]) -> dict[str, t.Any]:
        """A row without what it tells of people, or with digests of it."""
        for name in self._personal & row.keys():
            value = row.pop(name)
            if self.tap.settings.pii == "hash":
                known = value not in (None, "")
                row[name] = hashlib.sha256(str(value).encode()).hexdigest() if known else None
        return row

    def _without_records(self, task: Task, error: errors.TapError) -> Page:
        if not isinstance(error, errors.ApiError) or not self.skippable(task, error):
            return Page(failed=error)
        if task.advertiser is not None and not task.optional:
            self._refused[task.advertiser.id] = error
        return Page(refused=error)

    def _divided(self, task: Task, error: errors.TooLargeError) -> tuple[Page, Sequence[Task]]:
        try:
            parts = self.divide(task)
        except errors.TapError as failed:
            return Page(failed=failed), ()
        if not parts:  # nothing to divide it by
            return Page(failed=error.cause), ()
        what = f"Dividing into {len(parts)}" if len(parts) > 1 else "Reading anew"
        self.logger.info("%s what was too large: %s", what, error)
        _, whole = task.group
        return Page(), [dataclasses.replace(part, whole=whole) for part in parts]

    def divide(self, task: Task) -> Sequence[Task]:
        """Smaller tasks that together read what a divisible one reads."""
        raise NotImplementedError

    def skippable(self, task: Task, error: errors.ApiError) -> bool:
        """Whether an error concerns only this advertiser or an optional listing."""
        if isinstance(error, errors.RequestError):
            lacks = task.optional and task.page == 1 and error.code == errors.INVALID
            return (lacks and not errors.is_too_large(error)) or error.code in self.tolerated_codes
        return isinstance(error, errors.NotPermittedError)

    def dispensable(self, task: Task, error: errors.ApiError) -> bool:  # noqa: ARG002
        """Whether nothing is lost by what was refused: bookmarks move past it."""
        return task.optional

    def read(self, task: Task, reply: Reply) -> Sequence[dict[str, t.Any]]:
        """The raw records of an answer.

        Raises:
            ResponseError: they are not where they should be.
        """
        found = reply.data.get(self.records_field)
        if found is None and past_the_end(
            task.page,
            reply.data.get("page_info") or {},
            int(task.request.paged.get("page_size") or 0),
        ):
            return ()
        if not isinstance(found, list) or not all(isinstance(item, _RECORD) for item in found):
            msg = (
                f"{task.request.where} answered in another shape: no list of objects at "
                f"data.{self.records_field} (request_id {reply.request_id})"
            )
            raise errors.ResponseError(msg)
        return found

    def following(self, task: Task, reply: Reply, found: int) -> Sequence[Task]:
        """The further pages of the listing that this answer tells of."""
        if self.page_size is None:
            return ()
        size = int(task.request.params["page_size"])
        page_info = reply.data.get("page_info")
        pages = pages_after(task.page, task.last_page, page_info, found, size)
        return [task.at_page(page, pages[-1]) for page in pages]

    # Samples: a few rows, whatever the state says.

    def sample_plan(self) -> Iterable[Task]:
        """The tasks that a sample's rows come from, the newest first."""
        return self.plan()

    def sample(self, requests: int, send: Send) -> list[Record]:
        """The flat rows, not yet typed, of the first answer that has any.

        Args:
            requests: how many are made at most.
            send: makes them.

        Raises:
            TapError: there are none, and some answer was an error.
        """
        refused: list[errors.ApiError] = []

        def work(task: Task) -> tuple[list[Record], Sequence[Task]]:
            try:
                return self.sampled(task, send)
            except errors.ApiError as error:
                if not self.skippable(task, error):
                    raise
                refused.extend(() if task.optional else [error])
                return [], ()

        for _, rows in itertools.islice(fetch.in_turn(self.sample_plan(), work), requests):
            if rows:
                return rows
        if refused:
            raise refused[0]
        return []

    def sampled(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        """The flat rows, not yet typed, that a task's request brings, and the tasks that follow.

        Raises:
            TapError: there is no answer, or it cannot be read.
        """
        reply = send(dataclasses.replace(task.request, divisible=False))
        try:
            found = self.read(task, reply)
            following = self.following(task, reply, len(found))
            return list(self.flattened(found, task)), following
        except errors.TapError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an answer of another shape may cause
            raise _misshapen(task, error) from None

    def typed(self, rows: Iterable[Record]) -> list[Record]:
        """The rows of a sample as the stream writes them.

        Raises:
            TapError: a value of a key cannot be read.
        """
        try:
            return list(self.caster.rows(rows))
        except records.BadValueError as error:
            msg = f"{self.name}: a key of a row held {error.args[0]!r:.100}, which is not its type"
            raise errors.ResponseError(msg) from None

    # Records and state: in the main thread.

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """All typed rows of the stream, in plan order."""
        for _, page in self._pages(look_ahead=False):
            yield from t.cast("Sequence[Record]", page.rows) if page else ()

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: `bookmark_after` says how far a bookmark may move."""

    @override
    def _sync_records(
        self,
        context: Context | None = None,
        *,
        write_messages: bool = True,
    ) -> Generator[dict[str, t.Any], t.Any, t.Any]:
        """Write the records, page by page, and a bookmark whenever a group is complete.

        The SDK's loop would call for one partition after the other, note a bookmark for each
        record, and let it pass pages that are still to come.
        """
        limit = self.ABORT_AT_RECORD_COUNT
        written = 0
        self.tap.progress.begin(self.name, len(self.tap.advertisers))
        with self.get_record_counter() as counter, self.get_sync_timer():
            try:
                for group, page in self._pages(look_ahead=limit is None):
                    if page is None:
                        self._close(group)
                        continue
                    if limit is not None:
                        page = page.first(limit - written)  # noqa: PLW2901 - the same, shorter
                    self._write(page.rows)
                    counter.increment(page.count)
                    self._tell(group, page.count)
                    written += page.count
                    if limit is not None and written >= limit:
                        break
            except errors.OutputError:
                raise
            except errors.TapError as error:
                self.tap.note(self, error, "ended the run")
                for following in self.tap.after(self):
                    if following.fetching is not None:
                        following.fetching.stop()
                self._end(written)
                self.tap.tell_errors(self)
                raise
        self._end(written)
        yield from ()

    def _end(self, written: int) -> None:
        """Write the state once more; after records also one that has not changed.

        Targets pass on a state only when it follows their records.
        """
        if written:
            self.tap.write_state()
        else:
            self._write_state_message()

    def _write(self, rows: Sequence[Record] | Sequence[bytes]) -> None:
        if rows and isinstance(rows[0], bytes):
            writer = t.cast("BufferedWriter", self.tap.message_writer)
            lines = t.cast("Sequence[bytes]", rows)
            for start in range(0, len(lines), LINES_AT_ONCE):
                writer.write_lines(b"".join(lines[start : start + LINES_AT_ONCE]))
            self.state_manager.is_flushed = False
            return
        for row in t.cast("Sequence[Record]", rows):
            try:
                self._write_record_message(row)
            except errors.TapError:
                raise
            except Exception as error:
                if not self.tap.config.get("stream_maps"):
                    raise
                msg = f"Setting 'stream_maps' cannot be used on a row of {self.name}: {error}"
                if not row.get(tombstones.COLUMN):
                    raise errors.ConfigError(msg) from None
                self._warn_once("maps", "What TikTok lists no more is not told of: %s", msg)

    def _tell(self, group: Group, rows: int) -> None:
        """Tell whoever watches how far the stream is."""
        progress = self.tap.progress
        if group.advertiser is not None:
            window = f"{group.window.start} to {group.window.end}" if group.window else ""
            progress.at(self.tap.position(group.advertiser), window)
        progress.wrote(rows)

    def begin(self) -> None:
        """Start to fetch, if that has not begun: at the stream's turn, or shortly before it."""
        if self.fetching is None:
            self._lines = self._new_lines()
            weight = operator.attrgetter("weight")
            self.fetching = self.tap.workers.ahead(
                self.plan(), self.work, weight, self._begin_following
            )
            self.fetching.begin()

    def _begin_following(self) -> bool:
        """Begin with a stream whose turn is later, or no budget is used while last answers arrive.

        Returns whether there was one.
        """
        following = next((one for one in self.tap.after(self) if one.fetching is None), None)
        if following is None:
            return False
        with contextlib.suppress(errors.TapError):  # raised again at its turn
            following.begin()
        return following.fetching is not None

    def _pages(self, *, look_ahead: bool) -> Iterator[tuple[Group, Page | None]]:
        """The pages with the rows that are wanted; after the last page of a group, None."""
        if look_ahead:
            self.begin()
        fetched = (
            self.fetching.results() if self.fetching else fetch.in_turn(self.plan(), self.work)
        )
        for (advertiser, window), pages in itertools.groupby(
            fetched, key=lambda result: result[0].group
        ):
            group = Group(advertiser, window)
            part = window
            for task, page in pages:
                if task.window != part:  # of a window that was divided: other days, other rows
                    yield from self._settle(group)
                    part = task.window
                self._report(task, page)
                group.note(page)
                if page.refused is not None or page.failed is not None:
                    group.reading_of(task).broken = True
                if page.refused is not None and not self.dispensable(task, page.refused):
                    group.whole = False
                before = group.repeated
                yield group, self.wanted(page, group)
                if page.records is not None:
                    repeated = group.repeated - before
                    group.reading_of(task).add(page.records, page.total, repeated, page.totals)
            yield from self._settle(group, last=True)
            self.repeated += group.repeated
            yield from ((group, page) for page in self.gone(group))
            yield group, None

    def _settle(self, group: Group, *, last: bool = False) -> Iterator[tuple[Group, Page]]:
        """What listings of a group lacked that changed while they were read.

        But for those of its last part, what came is forgotten then: memory is bounded.
        """
        for key, (first, reading) in group.readings.items():
            if reading.broken:
                continue  # which is told of already
            if reading.whole:
                self._compare(first, reading)
            elif self._odd_totals < ODD_TOTALS:
                settled = yield from self._read_again(group, key, first, reading)
                group.whole = group.whole and settled
            else:
                group.whole = False
                self._compare(first, reading)
        if not last:
            group.readings, group.seen = {}, set()

    def _read_again(
        self, group: Group, key: str, first: Task, reading: Reading
    ) -> Generator[tuple[Group, Page], None, bool]:
        """The rows that a listing lacked because it changed while it was read; whether all came.

        Where it cannot be settled, the log tells, and the advertiser's bookmark stays.
        """
        request = dataclasses.replace(first.request, shared=False)
        odd = False
        for _ in range(READINGS_MORE if self.distinct else 0):
            again, new = Reading(), 0
            seen: set[t.Any] = set()
            anew = [dataclasses.replace(first, request=request)]
            for task, page in fetch.in_turn(anew, self._alone):
                self._report(task, page)
                again.broken = again.broken or bool(page.refused or page.failed)
                wanted = self.wanted(page, group)
                new += wanted.count
                yield group, wanted
                if page.records is not None and task.listing == key:
                    identities = set(map(self.identity, page.marks or ()))
                    repeated = page.count - len(identities - seen)
                    again.add(page.records, page.total, repeated, page.totals)
                    seen |= identities
            if again.whole and again.totals:
                self._compare(first, again)
                return True
            if again.broken:
                break
            odd = new == 0 and again.odd_after(reading)
            if odd:
                self._odd_totals += 1
                self._compare(first, again)
                break
            reading = again if again.totals else reading
        counts = " or ".join(map(str, sorted(reading.totals)))
        what = (
            f"{first.request.where}: TikTok counts {counts}, and {reading.records} came, "
            f"{reading.repeated} of them twice, however often it was read."
        )
        if odd:
            error = errors.IncompleteError(f"{what} Its count seems to mean something else.")
            self.tap.note(self, error, "kept", first)
            self._warn_once("odd totals", "%s", error)
        elif not self.distinct:
            self._warn_once(f"drift {key}", "%s Without a key, rows cannot be told apart.", what)
        else:
            error = errors.IncompleteError(
                f"{what} Rows may be missing; the next run reads them again."
            )
            self._leave_gap(first, error, "read again by the next run")
            self._warn_once(f"drift {key}", "%s", error)
        return False

    def _compare(self, first: Task, reading: Reading) -> None:
        """Tell where the rows of a listing do not add up to what TikTok says."""
        where = first.request.where
        if first.window is not None:
            where += f", {first.window.start} to {first.window.end}"
        for name, (sum_, total) in reading.totals_of_rows.differences().items():
            error = errors.IncompleteError(
                f"{where}: {name} adds up to {sum_:f} over {reading.records:,} rows, "
                f"and TikTok's total is {total:f}: a difference of {total - sum_:f}."
            )
            self.tap.note(self, error, "kept", first)
            self._warn_once(f"totals {name} {first.request.key}", "%s", error)

    def _alone(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """As `work`, without the optional listing that follows another."""
        page, following = self.work(task)
        return page, [one for one in following if one.optional == task.optional]

    def _report(self, task: Task, page: Page) -> None:
        """Say what a page is short of.

        Raises:
            TapError: the page itself.
        """
        if page.failed is not None:
            self._go_on(task, page.failed)
        if page.refused is not None:
            if not self.dispensable(task, page.refused):
                self._gaps.add(id_of(task.advertiser))
            self._report_refusal(task, page.refused)
        if page.cut:
            self._warn_once(
                f"cut {task.advertiser} {task.window}",
                "TikTok looked at its 20,000 newest ads only: rows may be missing for %s.",
                task.request.where,
            )
        self._report_drift()

    def _go_on(self, task: Task, error: errors.TapError) -> None:
        """Leave out what failed, where the settings say so.

        Raises:
            TapError: they do not, or nothing else could be read either.
        """
        hopeless = (errors.AuthError, errors.ThrottledError, errors.ConfigError)
        if self.tap.settings.on_error == "fail" or isinstance(error, hopeless):
            self.tap.note(self, error, "ended the run", task)
            raise error
        self._leave_gap(task, error, "left out")
        self._warn_once(
            f"failed {task.advertiser}",
            "Going on without advertiser %s: %s",
            id_of(task.advertiser) or "all",
            error,
        )

    def _leave_gap(self, task: Task, error: errors.TapError, action: str) -> None:
        """Hold the bookmark where rows are missing, and let the run end with an error."""
        self._gaps.add(id_of(task.advertiser))
        self.tap.note(self, error, action, task)
        self.tap.failed.append((self.name, id_of(task.advertiser) or "all"))

    def _new_lines(self) -> Lines | None:
        """What makes RECORD lines of rows, as the SDK would write them one by one.

        None where more is to be done with them: stream maps, flattening, versions, columns of
        nested objects that are not selected, or another writer than ours.
        """
        maps, writer = self.stream_maps, self.tap.message_writer
        plain = len(maps) == 1 and type(maps[0]) is SameRecordTransform
        if not plain or maps[0].flattening_enabled or self.emit_activate_version_messages:
            return None
        left_out = [path for path, selected in self.mask.items() if path and not selected]
        if not isinstance(writer, BufferedWriter) or any(map(_is_nested, left_out)):
            return None
        columns = {path[-1] for path in left_out}
        self.decode = self.new_decoder(columns)
        return Lines(maps[0].stream_alias, columns)

    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:  # noqa: ARG002
        """What decodes pages faster, given the columns that are left out; if anything does."""
        return records.decode_page if self.records_field == "list" else None

    def _close(self, group: Group) -> None:
        """Move the bookmark of a completed group, and write a STATE message if one is due."""
        self.note_listed(group)
        if id_of(group.advertiser) in self._gaps:
            return
        value = self.bookmark_after(group)
        if value is not None and self.replication_method == INCREMENTAL:
            state = self.get_context_state(_context(group.advertiser))
            value = max(value, self.bookmark(group.advertiser) or value)
            self.note_reach(group, state)
            state.update(replication_key=self.replication_key, replication_key_value=value)
            self.state_manager.is_flushed = False
        if self.tap.state_is_due() or group.gone:
            self._write_state_message()

    def bookmark_value(self, advertiser: Advertiser | None) -> t.Any:
        """What the state holds for an advertiser, or for all of them."""
        if self.replication_method != INCREMENTAL or self.only is not None:
            return None
        state = self.known_state(advertiser)
        found = state.get("replication_key") == self.replication_key
        return state.get("replication_key_value") if found else None

    def known_state(self, advertiser: Advertiser | None) -> Mapping[str, t.Any]:
        """An advertiser's part of the state; empty where there is none.

        The SDK's `get_context_state` would add a partition, ahead of the stream's turn.
        """
        return get_state_if_exists(self.tap_state, self.name, _context(advertiser)) or {}

    def bookmark(self, advertiser: Advertiser | None) -> str | None:
        """The advertiser's bookmark, in the form of the replication key's values.

        Raises:
            ConfigError: the state holds something else, or a moment that is still to come.
        """
        value = self.bookmark_value(advertiser)
        if value is None:
            return None
        try:
            moment = dates.moment(value)
        except dates.DateError:
            moment = None
        tomorrow = self.tap.started.add(days=1)
        if moment is None or not pendulum.datetime(1970, 1, 1) <= moment <= tomorrow:
            msg = (
                f"The state of {self.name}, advertiser {advertiser.id if advertiser else 'all'}, "
                f"has the bookmark {value!r}: not a date up to today. Remove it to read the stream "
                "from its start."
            )
            raise errors.ConfigError(msg)
        return self.bookmark_text(moment)

    def bookmark_text(self, moment: pendulum.DateTime) -> str:
        """A moment as the replication key's values are written."""
        return moment.format("YYYY-MM-DDTHH:mm:ss[Z]")

    # What the user should know, once.

    def _warn_once(self, key: str, message: str, *args: t.Any) -> None:
        if key not in self._reported:
            self._reported.add(key)
            # the stream's own logger, which the SDK sets after `columns` may have read a sample
            self.tap.logger.getChild(self.name).warning(message, *args)

    def _report_refusal(self, task: Task, error: errors.ApiError) -> None:
        """Warn once for each stream; the end of the run names all advertisers."""
        advertiser = task.advertiser.id if task.advertiser else "all"
        self.tap.note(self, error, "skipped", task)
        dispensable = self.dispensable(task, error)
        if (self.name, advertiser) not in self.tap.skipped and not dispensable:
            self.tap.skipped.append((self.name, advertiser))
        what = "TopView objects" if task.optional else "advertiser"
        self._warn_once(f"refused {what}", "Skipping %s %s: %s", what, advertiser, error)

    def _report_drift(self) -> None:
        unknown, unreadable = self.caster.notes.take()
        new = [name for name in unknown if f"unknown {name}" not in self._reported]
        if new:
            self._reported |= {f"unknown {name}" for name in new}
            names = [*new[:MOST_NAMES], *([f"{len(new):,} in all"] if new[MOST_NAMES:] else [])]
            fields = self.tap.transport.masked(", ".join(f"{name:.100}" for name in names))
            self.logger.warning("New fields, not in the schema and kept: %s.", fields)
        for name, value in unreadable.items():
            self._warn_once(
                f"unreadable {name}",
                "Field %r held %.100s, which does not fit its type.",
                name,
                self.tap.transport.masked(repr(value)),
            )


def id_of(advertiser: Advertiser | None) -> str | None:
    """The id; None for what is of no single advertiser."""
    return None if advertiser is None else advertiser.id


def _context(advertiser: Advertiser | None) -> dict[str, str] | None:
    """The partition of the state; None for streams that are read once for all advertisers."""
    return None if advertiser is None else {"advertiser_id": advertiser.id}


def _object(raw: t.Any) -> dict[str, t.Any]:
    """A record of an answer, decoded if it is not yet."""
    return records.decode_object(raw) if isinstance(raw, msgspec.Raw) else raw


def _given(marks: list[t.Any]) -> list[t.Any] | None:
    """The marks of a page; None in streams that have none."""
    return marks if marks and marks[0] is not None else None


def _is_nested(path: tuple[str, ...]) -> bool:
    """Whether the path of a column in the catalog leads into an object."""
    return path[2:] != ()


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what the SDK says of every exception: the error's own sentence follows."""
    return not str(record.msg).startswith("An unhandled error occurred while syncing")


def _misshapen(task: Task, error: Exception) -> errors.ResponseError:
    """The error for an answer whose shape nobody foresaw."""
    msg = f"{task.request.where} answered in a shape that cannot be read ({error!r:.200})"
    if isinstance(error, records.BadValueError):
        msg = f"{task.request.where} answered a row without a key: {error}"
    return errors.ResponseError(msg)
