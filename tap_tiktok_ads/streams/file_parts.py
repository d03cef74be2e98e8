"""Records in the files that tasks of TikTok make."""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.messages import Response
from tap_tiktok_ads.extract.conversion import BYTES_PER_JSON_BYTE
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.streams.dependent import LookupStream, LookupTask

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_tiktok_ads.api.csv_files import CsvFile
    from tap_tiktok_ads.api.file_tasks import FileTask
    from tap_tiktok_ads.extract.conversion import PageBuilder
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.extract.sampling import Send


class FilePages:
    """Builds the pages of files, one at a time: several would take more memory. Thread-safe."""

    def __init__(self, builder: PageBuilder) -> None:
        self._builder = builder
        self._lock = threading.Lock()

    def build(
        self, task: Task, file: CsvFile, number: int, read: Callable[[], Sequence[Record]]
    ) -> Page:
        """Return the page of a part of a file. It is no page of a list.

        Args:
            task: The task of the part.
            file: The file.
            number: Number of the part.
            read: Returns the raw records of the part.

        Raises:
            ResponseError: A row has more or fewer fields than there are columns.
        """
        with self._lock:
            raw_records = read()
            if file.is_repaired:
                self._builder.caster.drift.add_repaired_text()
            page = self._builder.build(task, raw_records, Response({}, "unknown"))
        weight = page.weight or BYTES_PER_JSON_BYTE * file.part_size(number)
        return dataclasses.replace(page, received=None, weight=weight)


@dataclasses.dataclass(frozen=True, slots=True)
class FilePart(LookupTask):
    """A part of the file that a task made."""

    file: CsvFile = dataclasses.field(kw_only=True)
    number: int = dataclasses.field(kw_only=True)


def _parts(task: Task, file: CsvFile) -> list[Task]:
    """Return a task for each part of a file."""
    return [
        FilePart(
            task.request,
            task.advertiser,
            task.window,
            parent_window=task.parent_window,
            values=task.values if isinstance(task, LookupTask) else {},
            file=file,
            number=number,
        )
        for number in range(file.part_count)
    ]


class FileStream(LookupStream):
    """Records in the files of tasks, one task for each request of the plan."""

    task_paths: Sequence[str] = ()
    """Paths of the requests that create a task, check it and download its file."""

    def file_task(self, task: Task) -> FileTask | None:
        """Return the task that makes a file, or None if the response has the records itself."""
        raise NotImplementedError

    def raw_records(self, task: FilePart) -> Sequence[Record]:
        """Return the raw records of a part."""
        return task.file.read_part(task.number)

    @functools.cached_property
    def file_pages(self) -> FilePages:
        """Builds the pages of the files."""
        return FilePages(self.builder)

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        paths = super().endpoints(task)
        return tuple(self.task_paths) * len(paths) if self.task_paths else paths

    @override
    def fetch(self, task: Task) -> Fetched:
        if isinstance(task, FilePart):
            read = functools.partial(self.raw_records, task)
            return self.file_pages.build(task, task.file, task.number, read), ()
        file = self._file_of(task)
        return super().fetch(task) if file is None else (Page(), _parts(task, file))

    def _file_of(self, task: Task) -> CsvFile | None:
        """Return the file of a task, or None if the task makes no file."""
        file_task = self._file_task_of(task)
        if file_task is None:
            return None
        return self.run_context.file_tasks.read(file_task, self.name)

    def _file_task_of(self, task: Task) -> FileTask | None:
        """Return the task that makes the file of a task, or None if it makes no file."""
        own_task = task.with_request(shared=False)  # a check must not return a cached status
        return None if task.is_pending else self.file_task(own_task)

    def probe_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        """Return the task that TikTok creates as the only record. Its file can take an hour.

        Raises:
            TapError: TikTok rejects the task.
        """
        file_task = self._file_task_of(task)
        if file_task is None:
            return self.sample_task(task, send)
        return [dict(send(file_task.create).data)], ()

    @override
    def sample_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        if isinstance(task, FilePart):
            return list(self.flattener.records(task, self.raw_records(task))), ()
        file = self._file_of(task)
        if file is None:
            return super().sample_task(task, send)
        parts = _parts(task, file)
        records = self.sample_task(parts[0], send)[0] if parts else []
        return records, parts[1:]
