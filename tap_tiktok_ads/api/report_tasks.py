"""Reports that TikTok makes in the background: create a task, wait, download, read in parts.

A task looks at all ads, not at the 20,000 newest only, and does not time out. Its report is CSV
text, which goes to a nameless temporary file and is read in parts, so that memory stays bounded
whatever its size. (TikTok's pages 1740302766489602, 1740302781443073, 1740302808815618 and
1803615367145537.) Knows nothing of Singer.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import logging
import tempfile
import threading
import time
import typing as t
import weakref

from tap_tiktok_ads.api import errors, hosts
from tap_tiktok_ads.api.client import MAX_RETRY_SECONDS
from tap_tiktok_ads.api.messages import Request

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_tiktok_ads.api.client import Client

logger = logging.getLogger("tap-tiktok-ads")

CREATE_PATH, CHECK_PATH = hosts.CREATE_TASK_PATH, "/report/task/check/"
DOWNLOAD_PATH, CANCEL_PATH = "/report/task/download/", "/report/task/cancel/"
#: What a task is asked for besides; its columns bear the names that were asked for.
TASK_OPTIONS = {"output_format": "CSV_STRING", "enable_report_title_translation": False}
#: Parameters of the synchronous report that tasks do not have.
SYNC_ONLY_PARAMETERS = frozenset({"page", "page_size", "enable_total_metrics"})
#: Statuses of a task that is under way.
PENDING_STATUSES = frozenset({"QUEUING", "PROCESSING"})
#: How much longer each wait between two checks is than the one before, and the longest in seconds.
CHECK_GROWTH, MAX_CHECK_SECONDS = 1.5, 30.0
#: Minutes that a task may take; TikTok promises none.
MAX_TASK_MINUTES = 60
#: Rows of a part.
PART_RECORDS = 2_000
#: Seconds that cancelling the open tasks may take at the end of a run.
CANCEL_SECONDS = 0.5


class TaskFailedError(errors.TransientError):
    """TikTok could not make a report; another task may succeed."""


class ReportFile:
    """A report as CSV text in a nameless temporary file, which goes with this object. Thread-safe.

    Attributes:
        columns: the names in its first row.
        part_count: how many parts its other rows make.
    """

    def __init__(self, where: str, rows: int = PART_RECORDS) -> None:
        """Make an empty one.

        Args:
            where: whose report it is, for messages.
            rows: how many make a part; the last has fewer.
        """
        self._where = where
        self._rows = rows
        self._lock = threading.Lock()
        self.file: t.IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self.file.close)
        self.columns: list[str] = []
        self._starts: list[int] = []

    @property
    def part_count(self) -> int:
        """How many parts the rows make."""
        return max(0, len(self._starts) - 1)

    def index(self) -> None:
        """Note the columns, and where parts begin: read the file once, line by line.

        A line break within quotes ends no row: there, the number of quotes so far is odd.

        Raises:
            ResponseError: it is no CSV text.
        """
        position = rows = quotes = 0
        ends: list[int] = []  # of the first row, and of each part
        self.file.seek(0)
        for line in self.file:
            position += len(line)
            quotes += line.count(b'"')
            if quotes % 2 == 0:
                if rows % self._rows == 0:
                    ends.append(position)
                rows += 1
        if quotes % 2 or not ends:
            msg = f"{self._where} answered {position} bytes that are no CSV text, or not all of it"
            raise errors.ResponseError(msg)
        self._starts = ends if ends[-1] == position else [*ends, position]
        headings = list(self._read(0, ends[0]))
        self.columns = headings[0] if headings else []
        if len(headings) > 1 or len(set(self.columns)) < len(self.columns):
            msg = f"{self._where} answered CSV text whose first row names no columns, or one twice"
            raise errors.ResponseError(msg)

    def read_part(self, number: int) -> list[dict[str, str]]:
        """The rows of a part, counted from 0, by column.

        Raises:
            ResponseError: a row has more or fewer fields than there are columns.
        """
        found = []
        for row in self._read(*self._starts[number : number + 2]):
            if len(row) != len(self.columns):
                msg = f"{self._where}: a row has {len(row)} of {len(self.columns)} columns"
                raise errors.ResponseError(msg)
            found.append(dict(zip(self.columns, row, strict=True)))
        return found

    def part_size(self, number: int) -> int:
        """The bytes of a part."""
        start, end = self._starts[number : number + 2]
        return end - start

    def _read(self, start: int, end: int) -> Iterator[list[str]]:
        """The rows between two places."""
        with self._lock:
            self.file.seek(start)
            content = self.file.read(end - start)
        try:
            text = content.decode("utf-8" if start else "utf-8-sig")
            yield from filter(None, csv.reader(io.StringIO(text, newline="")))
        except (UnicodeDecodeError, csv.Error) as error:
            msg = f"{self._where} answered text that is no CSV ({error})"
            raise errors.ResponseError(msg) from None


class ReportTasks:
    """Makes report tasks and knows which are open. Thread-safe.

    Attributes:
        waiting: how many threads wait for one.
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
        self._first_pause = client.first_retry_seconds
        self._longest_pause = MAX_CHECK_SECONDS * min(1.0, client.first_retry_seconds)
        self._lock = threading.Lock()
        self.waiting = 0
        # no lock around these: the main thread reads them in a signal handler, too
        self._open: dict[str, str] = {}  # task id -> advertiser id
        self._over = False

    def read(self, request: Request, stream: str | None = None) -> ReportFile:
        """What a synchronous report would answer, without its limit of ads.

        Args:
            request: that of the synchronous report's first page.
            stream: whose requests they count as.

        Raises:
            TaskFailedError: TikTok could not make it, however often it was asked to.
            TapError: TikTok refuses it, or it is not ready in time.
        """
        wait = self._first_pause
        for tries in itertools.count(1):
            try:
                return self._attempt(request, stream)
            except TaskFailedError as error:
                if tries > self._client.max_retries:
                    raise
                self._client.progress.retried(stream)
                logger.warning("Creating a task anew in %.1f s (try %d): %s", wait, tries, error)
                self._pause(wait)
                wait = min(2 * wait, MAX_RETRY_SECONDS)
        raise AssertionError

    def _attempt(self, request: Request, stream: str | None) -> ReportFile:
        self._go_on()
        asked = {
            name: value
            for name, value in request.params.items()
            if name not in SYNC_ONLY_PARAMETERS
        }
        owner = str(asked["advertiser_id"])
        create = Request(CREATE_PATH, {}, method="POST", body=asked | TASK_OPTIONS)
        task_id = self._client.send(create, stream=stream).data.get("task_id")
        if not isinstance(task_id, (str, int)):
            msg = f"{create.label} answered without a task_id"
            raise errors.ResponseError(msg)
        named = {"advertiser_id": owner, "task_id": str(task_id)}
        self._open[str(task_id)] = owner
        self._wait(Request(CHECK_PATH, named), stream)
        self._open.pop(str(task_id), None)
        download = Request(DOWNLOAD_PATH, named)
        report = ReportFile(download.label)
        self._client.download(download, report.file, stream)
        report.index()
        return report

    def _wait(self, check: Request, stream: str | None) -> None:
        """Return once a task has succeeded.

        Raises:
            TaskFailedError: it has failed.
            ResponseError: it was cancelled, takes too long, or has a status that nobody foresaw.
        """
        task_id = check.params["task_id"]
        deadline = self._clock() + 60 * MAX_TASK_MINUTES
        pause = self._first_pause
        while True:
            self._pause(pause)
            pause = min(CHECK_GROWTH * pause, self._longest_pause)
            data = self._client.send(check, stream=stream).data
            status = data.get("status")
            if status == "SUCCESS":
                return
            if status not in PENDING_STATUSES:
                self._open.pop(task_id, None)
                reason = self._client.printable(data.get("message") or "no reason given")
                msg = f"Task {task_id} of {check.label} ended with {status!s:.50}: {reason}"
                raise (TaskFailedError if status == "FAILED" else errors.ResponseError)(msg)
            if self._clock() >= deadline:
                self._open.pop(task_id, None)
                self._cancel(check)
                msg = (
                    f"Task {task_id} of {check.label} was not ready after {MAX_TASK_MINUTES} "
                    "minutes: run again later, or set report_mode to 'sync'"
                )
                raise errors.ResponseError(msg)

    def _go_on(self) -> None:
        if self._over:
            msg = "The run is over"
            raise errors.ResponseError(msg)

    def _pause(self, seconds: float) -> None:
        self._go_on()
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
        """Cancel the tasks that are open, as far as that can be done in so many seconds.

        May be called again. Nobody waits for a task after it.
        """
        self._over = True
        deadline = time.monotonic() + seconds
        threads = []
        for task_id in list(self._open):
            named = {"advertiser_id": self._open.pop(task_id, ""), "task_id": task_id}
            request = Request(CANCEL_PATH, named)
            threads.append(threading.Thread(target=self._cancel, args=[request], daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _cancel(self, named: Request) -> None:
        """Ask once, whatever comes of it, for the end of the task that a request names."""
        request = Request(CANCEL_PATH, {}, method="POST", body=named.params)
        with contextlib.suppress(errors.TapError):
            self._client.send_once(request)
