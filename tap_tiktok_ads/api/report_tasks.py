"""Asynchronous reports: the requests of a report task.

A task reads all ads, not only the 20,000 newest, and does not time out.
(TikTok's pages 1740302766489602, 1740302781443073, 1740302808815618 and 1803615367145537.)
"""

from __future__ import annotations

from tap_tiktok_ads.api.file_tasks import FileTask
from tap_tiktok_ads.api.hosts import CHECK_TASK_PATH, CREATE_TASK_PATH, DOWNLOAD_TASK_PATH
from tap_tiktok_ads.api.messages import Request

CANCEL_TASK_PATH = "/report/task/cancel/"
#: Additional parameters of a task. The columns of its report have the names of the request.
TASK_OPTIONS = {"output_format": "CSV_STRING", "enable_report_title_translation": False}
#: Parameters of the synchronous report that tasks do not have.
SYNC_ONLY_PARAMETERS = frozenset({"page", "page_size", "enable_total_metrics"})
#: Statuses of an unfinished task.
PENDING_STATUSES = frozenset({"QUEUING", "PROCESSING"})
#: Next step after a task that is not ready.
FAILURE_ADVICE = "Run again later, or set report_mode to 'sync'."


def report_task(request: Request) -> FileTask:
    """Return the task whose file has the report of a synchronous report's first page."""
    advertiser_id = str(request.params["advertiser_id"])
    params = {
        name: value for name, value in request.params.items() if name not in SYNC_ONLY_PARAMETERS
    }

    def task_params(task_id: str) -> dict[str, str]:
        return {"advertiser_id": advertiser_id, "task_id": task_id}

    return FileTask(
        create=Request(CREATE_TASK_PATH, {}, method="POST", body=params | TASK_OPTIONS),
        check=lambda task_id: Request(CHECK_TASK_PATH, task_params(task_id)),
        download=lambda task_id: Request(DOWNLOAD_TASK_PATH, task_params(task_id)),
        cancel=lambda task_id: Request(
            CANCEL_TASK_PATH, {}, method="POST", body=task_params(task_id)
        ),
        owner=advertiser_id,
        pending=PENDING_STATUSES,
        advice=FAILURE_ADVICE,
    )
