"""Asynchronous reports: create a report task, wait, download the CSV, read it in parts.

A task reads all ads, not only the 20,000 newest, and does not time out. Its CSV goes to an unnamed
temporary file and is read in parts, so memory stays bounded for reports of any size.
(TikTok's pages 1740302766489602, 1740302781443073, 1740302808815618 and 1803615367145537.)
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import dataclasses
import io
import itertools
import logging
import threading
import time
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.client import MAX_RETRY_SECONDS
from tap_tiktok_ads.api.hosts import CHECK_TASK_PATH, CREATE_TASK_PATH, DOWNLOAD_TASK_PATH
from tap_tiktok_ads.api.json_repair import REPLACEMENT, replace_null_characters
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.task_creations import CreationLimit
from tap_tiktok_ads.api.temporary_files import open_temporary_file

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_tiktok_ads.api.client import Client

logger = logging.getLogger("tap-tiktok-ads")

CANCEL_TASK_PATH = "/report/task/cancel/"
#: Additional parameters of a task. The columns of its report have the names of the request.
TASK_OPTIONS = {"output_format": "CSV_STRING", "enable_report_title_translation": False}
#: Parameters of the synchronous report that tasks do not have.
SYNC_ONLY_PARAMETERS = frozenset({"page", "page_size", "enable_total_metrics"})
#: Statuses of an unfinished task.
PENDING_STATUSES = frozenset({"QUEUING", "PROCESSING"})
#: Factor by which the wait between two checks grows.
CHECK_GROWTH = 1.5
#: Maximum wait between two checks.
MAX_CHECK_SECONDS = 30.0
#: Maximum duration of a task. TikTok guarantees none.
MAX_TASK_MINUTES = 60
#: Minimum size of a part, in bytes. The last part can be smaller. A decoded part takes a multiple
#: of its size.
PART_BYTES = 128 * 1024
#: Next step after a task that is not ready.
FAILURE_ADVICE = "Run again later, or set report_mode to 'sync'."
#: Maximum time to cancel the open tasks at the end of a run.
CANCEL_SECONDS = 0.5


class TaskFailedError(errors.TransientError):
    """TikTok reports that a task failed. A new task may succeed."""


class ReportFile:
    """A CSV report in an unnamed temporary file. Thread-safe.

    The file is deleted with this object.

    Attributes:
        file: The temporary file.
        columns: Column names of the first row.
        is_repaired: True if a text that was read so far is not clean Unicode.
    """

    def __init__(
        self, label: str, part_bytes: int = PART_BYTES, *, replaces_null: bool = True
    ) -> None:
        """Create an empty file.

        Args:
            label: Endpoint and advertiser of the report, for messages.
            part_bytes: Minimum size of a part. The last part can be smaller.
            replaces_null: True to replace null characters with U+FFFD.
        """
        self.is_repaired = False
        self._replaces_null = replaces_null
        self._label = label
        self._part_bytes = part_bytes
        self._lock = threading.Lock()
        self.file = open_temporary_file(self, f"the report of {label}")
        self.columns: list[str] = []
        self._offsets: list[int] = []  # of each part, and of the end

    @property
    def part_count(self) -> int:
        """Number of parts."""
        return max(0, len(self._offsets) - 1)

    def index(self) -> None:
        """Read the file once, to find the columns and the offset of each part.

        A line break within quotes does not end a row. An even number of quotes precedes an end.

        Raises:
            ResponseError: The file is not CSV.
        """
        position = quote_count = 0
        offsets: list[int] = []  # of the end of the first row, and of each part
        self.file.seek(0)
        for line in self.file:
            position += len(line)
            quote_count += line.count(b'"')
            is_part = not offsets or position - offsets[-1] >= self._part_bytes
            if quote_count % 2 == 0 and is_part:
                offsets.append(position)
        if quote_count % 2 or not offsets:
            reason = f"expected a complete last row, got {position} bytes without it"
            raise self._invalid(reason)
        self._offsets = offsets if offsets[-1] == position else [*offsets, position]
        self._set_columns(list(self._read_rows(0, offsets[0])))

    def _set_columns(self, header_rows: list[list[str]]) -> None:
        """Set the columns to the first row.

        Raises:
            ResponseError: The first row is not one row of unique names.
        """
        self.columns = header_rows[0] if header_rows else []
        if len(header_rows) > 1 or len(set(self.columns)) < len(self.columns):
            reason = "expected unique column names in the first row"
            raise self._invalid(reason)

    def read_part(self, number: int) -> list[dict[str, str]]:
        """Return the records of a part, by column name.

        Args:
            number: Number of the part, starting at 0.

        Raises:
            ResponseError: A row does not have as many fields as there are columns.
        """
        records = []
        for row in self._read_rows(*self._offsets[number : number + 2]):
            if len(row) != len(self.columns):
                reason = f"expected {len(self.columns)} columns, got {len(row)}"
                raise self._invalid(reason)
            records.append(dict(zip(self.columns, row, strict=True)))
        return records

    def part_size(self, number: int) -> int:
        """Return the size of a part in bytes."""
        start, end = self._offsets[number : number + 2]
        return end - start

    def _read_rows(self, start: int, end: int) -> Iterator[list[str]]:
        """Yield the rows between two offsets."""
        with self._lock:
            self.file.seek(start)
            content = self.file.read(end - start)
        try:
            text = self._clean_text(content.removeprefix(b"" if start else codecs.BOM_UTF8))
            yield from filter(None, csv.reader(io.StringIO(text, newline="")))
        except csv.Error as error:
            raise self._invalid(str(error)) from None

    def _invalid(self, reason: str) -> errors.ResponseError:
        """Return the error for a file that is not CSV."""
        msg = f"{self._label} returned invalid CSV: {reason}. The next run creates a new task."
        return errors.ResponseError(msg)

    def _clean_text(self, content: bytes) -> str:
        """Return a text. Bytes that are not UTF-8, and null characters if set, become U+FFFD."""
        text = content.decode(errors="replace")
        if self._replaces_null:
            text = replace_null_characters(text)
        if REPLACEMENT in text and text.encode() != content:
            self.is_repaired = True
        return text


@dataclasses.dataclass(frozen=True)
class StartedTask:
    """A task that TikTok has created.

    Attributes:
        request: The request of the synchronous report's first page.
        task_id: The ID of the task.
    """

    request: Request
    task_id: str

    @property
    def params(self) -> dict[str, str]:
        """The parameters that identify the task."""
        return {"advertiser_id": _advertiser_id(self.request), "task_id": self.task_id}


def _advertiser_id(request: Request) -> str:
    return str(request.params["advertiser_id"])


class ReportTasks:
    """Creates report tasks, and cancels the open ones. Thread-safe.

    Example::

        report = ReportTasks(client).read(Request("/report/integrated/get/", parameters))
        records = report.read_part(0)

    Attributes:
        waiting: Number of threads that wait for a task.
    """

    def __init__(
        self,
        client: Client,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._first_wait = client.first_retry_seconds
        self._limit = CreationLimit(clock)
        self._max_wait = MAX_CHECK_SECONDS * min(1.0, client.first_retry_seconds)
        self._lock = threading.Lock()
        self.waiting = 0
        # without a lock, because a signal handler of the main thread reads them, too
        self._open_tasks: dict[str, str] = {}  # task ID -> advertiser ID
        self._is_cancelled = False

    def read(self, request: Request, stream: str | None = None) -> ReportFile:
        """Return the report of a task, without the synchronous report's limit of ads.

        Args:
            request: The request of the synchronous report's first page.
            stream: Name of the stream that counts the requests.

        Raises:
            TaskFailedError: Every task failed.
            TapError: TikTok rejects the task, or it is not ready in time.
        """
        return self.finish(self.start(request, stream), stream)

    def start(self, request: Request, stream: str | None = None) -> StartedTask:
        """Create a task. Waits if its account has created too many within an hour.

        Raises:
            TapError: TikTok rejects the task.
        """
        seconds = self._limit.reserve(_advertiser_id(request))
        if seconds > 0:
            self._pause(seconds)
        self._check_not_cancelled()
        parameters = {
            name: value
            for name, value in request.params.items()
            if name not in SYNC_ONLY_PARAMETERS
        }
        create = Request(CREATE_TASK_PATH, {}, method="POST", body=parameters | TASK_OPTIONS)
        task_id = self._client.send(create, stream=stream).data.get("task_id")
        if not isinstance(task_id, (str, int)):
            msg = f"{create.label} returned no task_id. Try again later."
            raise errors.ResponseError(msg)
        self._open_tasks[str(task_id)] = _advertiser_id(request)
        return StartedTask(request, str(task_id))

    def finish(self, task: StartedTask, stream: str | None = None) -> ReportFile:
        """Return the report of a created task. A task that fails is created again.

        Raises:
            TaskFailedError: Every task failed.
            TapError: The task is not ready in time, or its file cannot be read.
        """
        wait = self._first_wait
        for attempt in itertools.count(1):
            try:
                return self._download(task, stream)
            except TaskFailedError as error:
                if attempt > self._client.max_retries:
                    raise
                self._client.progress.retried(stream)
                logger.warning(
                    "Retrying a report task%s in %.1f s (attempt %d of %d): %s",
                    f" of stream {stream}" if stream else "",
                    wait,
                    attempt + 1,
                    self._client.max_retries + 1,
                    error.facts,
                )
                self._pause(wait)
                wait = min(2 * wait, MAX_RETRY_SECONDS)
                task = self.start(task.request, stream)
        raise AssertionError

    def _download(self, task: StartedTask, stream: str | None) -> ReportFile:
        """Wait for a task and download its report."""
        self._wait(Request(CHECK_TASK_PATH, task.params), stream)
        self._open_tasks.pop(task.task_id, None)
        download = Request(DOWNLOAD_TASK_PATH, task.params)
        report = ReportFile(download.label, replaces_null=self._client.replace_null_characters)
        self._client.download(download, report.file, stream)
        report.index()
        return report

    def _wait(self, check: Request, stream: str | None) -> None:
        """Return once a task has succeeded.

        Args:
            check: The request for the status of the task.
            stream: Name of the stream that counts the requests.

        Raises:
            TaskFailedError: The task failed.
            ResponseError: The task was cancelled, takes too long, or has an unknown status.
        """
        task_id = check.params["task_id"]
        deadline = self._clock() + 60 * MAX_TASK_MINUTES
        wait = self._first_wait
        while True:
            self._pause(wait)
            wait = min(CHECK_GROWTH * wait, self._max_wait)
            data = self._client.send(check, stream=stream).data
            status = data.get("status")
            if status == "SUCCESS":
                return
            if status not in PENDING_STATUSES:
                self._open_tasks.pop(task_id, None)
                reason = self._client.printable(data.get("message") or "no reason given")
                end = f"{self._client.printable(status):.50}: {reason.rstrip('.')}."
                msg = f"Task {task_id} of {check.label} ended with {end} {FAILURE_ADVICE}"
                error = (TaskFailedError if status == "FAILED" else errors.ResponseError)(msg)
                error.advice = FAILURE_ADVICE
                raise error
            if self._clock() >= deadline:
                self._open_tasks.pop(task_id, None)
                self._cancel(check.params)
                msg = (
                    f"Task {task_id} of {check.label} was not ready after {MAX_TASK_MINUTES} "
                    f"minutes. {FAILURE_ADVICE}"
                )
                raise errors.ResponseError(msg)

    def _check_not_cancelled(self) -> None:
        """Raise `ResponseError` if the run is over."""
        if self._is_cancelled:
            msg = "Report tasks end, because the run is over."
            raise errors.ResponseError(msg)

    def _pause(self, seconds: float) -> None:
        """Wait, and count the thread as waiting meanwhile."""
        self._check_not_cancelled()
        progress = self._client.progress
        progress.waiting("report tasks", progress.clock() + seconds)
        with self._lock:
            self.waiting += 1
        try:
            self._sleep(seconds)
        finally:
            with self._lock:
                self.waiting -= 1

    def cancel(self, seconds: float = CANCEL_SECONDS) -> None:
        """Cancel the open tasks. No thread waits for a task afterwards.

        A signal handler may call it while it runs.

        Args:
            seconds: Maximum time to wait for the requests.
        """
        self._is_cancelled = True
        deadline = time.monotonic() + seconds
        threads = []
        for task_id in list(self._open_tasks):
            advertiser_id = self._open_tasks.pop(task_id, "")
            task_params = {"advertiser_id": advertiser_id, "task_id": task_id}
            threads.append(threading.Thread(target=self._cancel, args=[task_params], daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _cancel(self, task_params: Mapping[str, t.Any]) -> None:
        """Send one request to cancel a task. Ignore errors."""
        request = Request(CANCEL_TASK_PATH, {}, method="POST", body=task_params)
        with contextlib.suppress(errors.TapError):
            self._client.send_once(request)
