"""Tasks that make files: create a task, wait, download its CSV file, read the file in parts.

Reports, leads and the change log have tasks of this kind. Each differs in its requests and in the
statuses of its checks, which a `FileTask` holds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import logging
import threading
import time
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.client import MAX_RETRY_SECONDS
from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.task_creations import CreationLimit
from tap_tiktok_ads.api.temporary_files import storing

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.messages import Request, Response

logger = logging.getLogger("tap-tiktok-ads")

#: Factor by which the wait between two checks grows.
CHECK_GROWTH = 1.5
#: Maximum wait between two checks.
MAX_CHECK_SECONDS = 30.0
#: Maximum duration of a task. TikTok guarantees none.
MAX_TASK_MINUTES = 60
#: Next step after a task that is not ready.
FAILURE_ADVICE = "Run again later."
#: Maximum time to cancel the open tasks at the end of a run.
CANCEL_SECONDS = 0.5


class TaskFailedError(errors.TransientError):
    """TikTok reports that a task failed. A new task may succeed."""


def _id_in(response: Response) -> t.Any:
    """Return the `task_id` of a response."""
    return response.data.get("task_id")


def _status_in(response: Response) -> t.Any:
    """Return the `status` of a response."""
    return response.data.get("status")


@dataclasses.dataclass(frozen=True)
class FileTask:
    """The requests of a task that makes a file, and what the responses mean.

    Attributes:
        create: The request that creates the task.
        check: Returns the request for the status of the task, given its ID.
        download: Returns the request for the file, given the ID.
        cancel: Returns the request that cancels the task, or None if TikTok has none.
        owner: ID of the ad account, whose number of tasks is limited.
        task_id: Returns the ID in the response to `create`.
        status: Returns the status in the response to `check`.
        pending: Statuses of an unfinished task.
        ready: Statuses of a task whose file is ready.
        failed: Statuses after which a new task may succeed.
        content: Returns the CSV text in the response to `download`. None: the response is a file.
        advice: Next step after a task that is not ready.
        has_unique_columns: True if the columns of the file have different names.
    """

    create: Request
    check: Callable[[str], Request]
    download: Callable[[str], Request]
    cancel: Callable[[str], Request] | None = None
    owner: str = ""
    task_id: Callable[[Response], t.Any] = _id_in
    status: Callable[[Response], t.Any] = _status_in
    pending: frozenset[str] = frozenset({"PROCESSING"})
    ready: frozenset[str] = frozenset({"SUCCESS"})
    failed: frozenset[str] = frozenset({"FAILED"})
    content: Callable[[Response], str] | None = None
    advice: str = FAILURE_ADVICE
    has_unique_columns: bool = True


@dataclasses.dataclass(frozen=True)
class StartedTask:
    """A task that TikTok has created.

    Attributes:
        task: The requests of the task.
        task_id: The ID of the task.
    """

    task: FileTask
    task_id: str


class FileTasks:
    """Creates tasks, downloads their files, and cancels the open tasks. Thread-safe.

    Example::

        report = FileTasks(client).read(report_task(request))
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
        self._open_tasks: dict[str, FileTask] = {}  # by task ID
        self._is_cancelled = False

    def read(self, task: FileTask, stream: str | None = None) -> CsvFile:
        """Return the file of a new task.

        Args:
            task: The requests of the task.
            stream: Name of the stream that counts the requests.

        Raises:
            TaskFailedError: Every task failed.
            TapError: TikTok rejects the task, or it is not ready in time.
        """
        return self.finish(self.start(task, stream), stream)

    def start(self, task: FileTask, stream: str | None = None) -> StartedTask:
        """Create a task. Waits if its account has created too many within an hour.

        Raises:
            TapError: TikTok rejects the task.
        """
        seconds = self._limit.reserve(f"{task.create.path} {task.owner}")
        if seconds > 0:
            self._pause(seconds)
        self._check_not_cancelled()
        task_id = task.task_id(self._client.send(task.create, stream=stream))
        if isinstance(task_id, bool) or not isinstance(task_id, (str, int)) or task_id == "":
            msg = f"{task.create.label} returned no task_id. Try again later."
            raise errors.ResponseError(msg)
        self._open_tasks[str(task_id)] = task
        return StartedTask(task, str(task_id))

    def finish(self, started: StartedTask, stream: str | None = None) -> CsvFile:
        """Return the file of a created task. A task that fails is created again.

        Raises:
            TaskFailedError: Every task failed.
            TapError: The task is not ready in time, or its file cannot be read.
        """
        wait = self._first_wait
        for attempt in itertools.count(1):
            try:
                return self._file_of(started, stream)
            except TaskFailedError as error:
                if attempt > self._client.max_retries:
                    raise
                self._client.progress.retried(stream)
                logger.warning(
                    "Retrying a task%s in %.1f s (attempt %d of %d): %s",
                    f" of stream {stream}" if stream else "",
                    wait,
                    attempt + 1,
                    self._client.max_retries + 1,
                    error.facts,
                )
                self._pause(wait)
                wait = min(2 * wait, MAX_RETRY_SECONDS)
                started = self.start(started.task, stream)
        raise AssertionError

    def _file_of(self, started: StartedTask, stream: str | None) -> CsvFile:
        """Wait for a task and download its file."""
        self._wait(started, stream)
        self._open_tasks.pop(started.task_id, None)
        task = started.task
        download = task.download(started.task_id)
        file = CsvFile(
            download.label,
            replaces_null=self._client.replace_null_characters,
            has_unique_columns=task.has_unique_columns,
        )
        if task.content is None:
            self._client.download(download, file.file, stream)
        else:
            text = task.content(self._client.send(download, stream=stream))
            with storing(f"the file of {download.label}"):
                file.file.write(text.encode())
                file.file.flush()
        file.index()
        return file

    def _wait(self, started: StartedTask, stream: str | None) -> None:
        """Return once a task has succeeded.

        Args:
            started: The task.
            stream: Name of the stream that counts the requests.

        Raises:
            TaskFailedError: The task failed.
            ResponseError: The task was cancelled, takes too long, or has an unknown status.
        """
        task, task_id = started.task, started.task_id
        check = task.check(task_id)
        deadline = self._clock() + 60 * MAX_TASK_MINUTES
        wait = self._first_wait
        while True:
            self._pause(wait)
            wait = min(CHECK_GROWTH * wait, self._max_wait)
            response = self._client.send(check, stream=stream)
            status = str(task.status(response))  # of a custom stream, it can have any type
            if status in task.ready:
                return
            if status not in task.pending:
                self._open_tasks.pop(task_id, None)
                reason = self._client.printable(response.data.get("message") or "no reason given")
                end = f"{self._client.printable(status):.50}: {reason.rstrip('.')}."
                msg = f"Task {task_id} of {check.label} ended with {end} {task.advice}"
                is_failed = status in task.failed
                error = (TaskFailedError if is_failed else errors.ResponseError)(msg)
                error.advice = task.advice
                raise error
            if self._clock() >= deadline:
                self._open_tasks.pop(task_id, None)
                self._cancel(started)
                msg = (
                    f"Task {task_id} of {check.label} was not ready after {MAX_TASK_MINUTES} "
                    f"minutes. {task.advice}"
                )
                raise errors.ResponseError(msg)

    def _check_not_cancelled(self) -> None:
        """Raise `ResponseError` if the run is over."""
        if self._is_cancelled:
            msg = "Tasks end, because the run is over."
            raise errors.ResponseError(msg)

    def _pause(self, seconds: float) -> None:
        """Wait, and count the thread as waiting meanwhile."""
        self._check_not_cancelled()
        progress = self._client.progress
        progress.waiting("tasks of TikTok", progress.clock() + seconds)
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
            task = self._open_tasks.pop(task_id, None)
            if task is not None and task.cancel is not None:
                arguments = [StartedTask(task, task_id)]
                threads.append(threading.Thread(target=self._cancel, args=arguments, daemon=True))
                threads[-1].start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _cancel(self, started: StartedTask) -> None:
        """Send one request to cancel a task, if TikTok has one. Ignore errors."""
        if started.task.cancel is not None:
            with contextlib.suppress(errors.TapError):
                self._client.send_once(started.task.cancel(started.task_id))
