"""Lists whose objects have details, requested object by object.

A worker reads a page of the list. One task per changed object follows it in the plan. So details
are requested at once, and only for objects that are written. The main thread puts the details into
their page before the page is verified. The list is verified like any other list.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Page, Record, Task
from tap_tiktok_ads.extract.source import PageFacts, Source, damaged
from tap_tiktok_ads.extract.values import to_text
from tap_tiktok_ads.streams.listing import ListStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.reader import Fetched

    Results = Iterable[tuple[Task, Page]]


@dataclasses.dataclass(frozen=True, slots=True)
class DetailTask(Task):
    """A request for the details of one object.

    Attributes:
        record: The raw record of the list.
        position: Position of the record on its page.
    """

    record: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    position: int = 0


class DetailSource(Source):
    """A list, and the details of its objects.

    Attributes:
        id_column: The column with the ID of an object.
    """

    reads_list_only = False
    id_column: str

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a page of the list is damaged, or if the details are another object's.

        Raises:
            DamagedResponseError: They are.
        """
        if not isinstance(task, DetailTask):
            super().check(task, response)
            return
        received, expected = response.data.get(self.id_column), task.record[self.id_column]
        if str(received) != str(expected):
            damage = f"expected {expected} at data.{self.id_column}, got {received!r:.40}."
            raise damaged(task.request, response, damage)

    @override
    def locate(self, task: Task, response: Response) -> Sequence[t.Any]:
        """Return the raw records of a page, or the record of an object with its details."""
        if not isinstance(task, DetailTask):
            return super().locate(task, response)
        listed = {name: value for name, value in task.record.items() if value is not None}
        return [{**response.data, **listed}]

    @override
    def subject_of(self, task: Task) -> str:
        is_detail = isinstance(task, DetailTask)
        return "details of advertiser" if is_detail else super().subject_of(task)

    @override
    def page_facts(self, task: Task, response: Response, record_count: int) -> PageFacts | None:
        if isinstance(task, DetailTask):
            return None
        return super().page_facts(task, response, record_count)

    @override
    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        if isinstance(task, DetailTask):
            return ()
        return super().following(task, response, record_count)


class DetailStream(ListStream):
    """Objects of a list with their details.

    An object whose details are denied or rejected is written with the columns of the list. The
    bookmark of its advertiser stays, so that the next run requests the details again.
    """

    detail_path: t.ClassVar[str]
    """The endpoint of the details of one object."""
    id_column: t.ClassVar[str]
    """The column with the ID of an object, and the parameter that takes it."""
    list_columns: t.ClassVar[frozenset[str]]
    """The columns that the list has."""
    source_class = DetailSource
    selected_by_default = False

    @functools.cached_property
    @override
    def source(self) -> Source:
        source = t.cast("DetailSource", super().source)
        source.id_column = self.id_column
        return source

    @functools.cached_property
    def reads_details(self) -> bool:
        """True if a column is written, or needed by another stream, that only the details have."""
        columns: Iterable[str] = self.schema["properties"]
        if self.uses_state:
            columns = [name for name in columns if self.mask["properties", name]]
        elif self.needed_columns is not None:
            columns = self.needed_columns
        return not self.list_columns.issuperset(columns)

    @functools.cached_property
    def _denied(self) -> set[str]:
        """Advertisers that do not grant the permission for details."""
        return set()

    @functools.cached_property
    def _requested(self) -> dict[tuple[t.Any, t.Any], int]:
        """The page for which details were requested, by advertiser and fingerprint."""
        return {}

    # Workers

    @override
    def fetch(self, task: Task) -> Fetched:
        if isinstance(task, DetailTask):
            return self._fetch_details(task), ()
        if not self.reads_details:
            return super().fetch(task)
        (raw_records, response), following = self.reader.fetch_raw(task)
        copies = list(map(dict, raw_records))  # casting changes the records
        page = self.builder.build(task, raw_records, response)
        return page, [*self._detail_tasks(task, page, copies), *following]

    def _detail_tasks(
        self, task: Task, page: Page, raw_records: Iterable[Record]
    ) -> Iterator[DetailTask]:
        """Yield a task for each object of a page that has changed since the bookmark.

        An additional pass over the list requests the details of new objects only. An object on
        two pages is written with the first of them, whichever is received first.
        """
        is_test = self.ABORT_AT_RECORD_COUNT is not None  # one record is enough
        key_index = self.record_filter.key_columns.index(self.id_column)
        raw_by_id = {_object_id(raw.get(self.id_column)): raw for raw in raw_records}
        for position, fingerprint in enumerate(page.fingerprints or ()):
            requested = (task.advertiser, fingerprint)
            if self._requested.get(requested, task.page + 1) <= task.page:
                continue
            if self.record_filter.has_changed(fingerprint, task.advertiser):
                self._requested[requested] = task.page
                object_id = fingerprint.key[key_index]
                params = {**self._owner(task), self.id_column: object_id}
                request = Request(self.detail_path, params, shared=task.request.shared)
                raw = raw_by_id[object_id]
                yield DetailTask(request, task.advertiser, record=raw, position=position)
                if is_test:
                    return

    @staticmethod
    def _owner(task: Task) -> dict[str, str]:
        return {"advertiser_id": task.advertiser.id} if task.advertiser else {}

    def _fetch_details(self, task: DetailTask) -> Page:
        """Return the record of an object with its details, or why there are none.

        Raises:
            TapError: The details cannot be read, and are neither denied, rejected nor damaged.
        """
        owner = self._owner(task).get("advertiser_id", "")
        if owner in self._denied:
            return Page()
        try:
            page, _ = self.reader.fetch(task)
        except errors.PermissionDeniedError as error:
            self._denied.add(owner)
            return Page(denied=error)
        except errors.RejectedRequestError as error:
            if not errors.is_invalid_parameter(error):
                raise
            return Page(denied=error)
        except errors.DamagedResponseError as error:
            return Page(failed=errors.IncompleteError(str(error)))
        return page

    # Main thread

    @override
    def complete_pages(self, results: Results) -> Iterator[tuple[Task, Page]]:
        """Yield the pages of the list with the details of their objects, then the failed tasks."""
        listed: list[tuple[Task, Page]] = []
        try:
            for task, page in results:
                if isinstance(task, DetailTask):
                    listed[0] = (listed[0][0], _with_details(listed[0][1], task, page))
                    if page.failed is not None or page.denied is not None:
                        listed.append((task, page))
                    continue
                yield from listed
                listed = [(task, page)]
        except errors.TapError:
            yield from listed
            raise
        yield from listed


def _with_details(listed: Page, task: DetailTask, details: Page) -> Page:
    """Return a page of the list with the details of one object, if there are any."""
    if not details.records:
        return listed
    records = list(listed.records)
    records[task.position] = details.records[0]
    return dataclasses.replace(listed, records=t.cast("t.Any", records))


def _object_id(raw: t.Any) -> str | None:
    """Return the raw ID of an object as its column holds it."""
    return None if isinstance(raw, (dict, list)) else to_text(raw)
