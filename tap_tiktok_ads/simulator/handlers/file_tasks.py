"""Handlers of tasks whose files have leads or the change log, and of the fields of forms."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.records import leads
from tap_tiktok_ads.simulator.spec.errors import TASK_NOT_READY, UNKNOWN_TASK, ApiError, reject
from tap_tiktok_ads.simulator.spec.params import LEAD_REGION, TIME

from .api import Api, Handler, Params, Payload

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

MAX_CHANGE_LOG_DAYS = 30


@dataclass
class FileTask:
    """A task that makes a file.

    Attributes:
        id: Task ID.
        params: Checked parameters of the request.
        checks: Number of status checks that were requested.
    """

    id: str
    params: Params
    checks: int = 0

    def is_ready(self, polls: int) -> bool:
        """Return True if the file is ready. The task runs for `polls` status checks."""
        return self.checks > polls or not polls


def _form(account: Account, page_id: str) -> Asset:
    """Return an instant form of an account, or reject another ID."""
    pages = account.existing_assets("instant_pages")
    page = next((page for page in pages if page.id == page_id and leads.is_form(page)), None)
    if page is None:
        reject(f"page_id: Instant form {page_id} does not exist.")
    return page


def _new_task(api: Api, params: Params) -> FileTask:
    """Return a new task."""
    task = FileTask(str(78 * 10**17 + next(api.task_numbers)), params)
    api.file_tasks[task.id] = task
    return task


def _task(api: Api, params: Params, *names: str) -> FileTask:
    """Return the task of the request, which has equal parameters.

    Raises:
        ApiError: With code 40007, if there is no task with that ID and these parameters.
    """
    api.account(params)
    task: FileTask | None = api.file_tasks.get(params["task_id"])
    if task is None or any(task.params.get(name) != params[name] for name in names):
        raise ApiError(UNKNOWN_TASK, f"Task {params['task_id']} does not exist.")
    return task


def _lead_task(api: Api, params: Params) -> Payload:
    """Create a task of leads, or return its status if the request has its ID."""
    region = params[LEAD_REGION]
    if region not in leads.LEAD_REGIONS:
        reject(f"{LEAD_REGION}: Invalid value {region!r}.")
    if params["task_id"] is not None:
        task = _task(api, params, "advertiser_id", LEAD_REGION)
        is_ready = task.is_ready(api.world.options.report_task_polls)
        task.checks += 1
        file = {"file_name": f"{task.id}.csv", "file_type": "csv"} if is_ready else {}
        return Payload({"status": "SUCCEED" if is_ready else "RUNNING", "task_id": task.id, **file})
    account = api.account(params)
    if (params["page_id"] is None) == (params["ad_id"] is None):
        reject("page_id: Set either page_id or ad_id.")
    if params["page_id"] is None:
        reject("ad_id: The simulator has no leads by ad.")
    _form(account, params["page_id"])
    return Payload({"status": "CREATED", "task_id": _new_task(api, params).id})


def _lead_file(api: Api, params: Params) -> Payload:
    """Return the file of a task of leads: CSV text, or a ZIP file for each third form."""
    task = _task(api, params, "advertiser_id", LEAD_REGION)
    _check_ready(api, task)
    account = api.account(params)
    page = _form(account, task.params["page_id"])
    text = leads.lead_file(page, account, params[LEAD_REGION]).encode()
    if page.key % 3:
        return Payload({}, {"Content-Type": "text/csv; charset=utf-8"}, text)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{task.id}.csv", text)
    return Payload({}, {"Content-Type": "application/zip"}, file.getvalue())


def _check_ready(api: Api, task: FileTask) -> None:
    """Raise `ApiError` with code 40201 if the file of a task is not ready."""
    if not task.is_ready(api.world.options.report_task_polls):
        raise ApiError(TASK_NOT_READY, f"Task {task.id} is not ready.")


def _form_fields(api: Api, params: Params) -> Payload:
    """Return the labels of an instant form."""
    account = api.account(params)
    return Payload(leads.form_fields(_form(account, params["page_id"]), account))


def _create_change_log(api: Api, params: Params) -> Payload:
    """Create a task of the change log, of at most 30 days."""
    api.account(params)
    start, end = (datetime.strptime(params[name], TIME) for name in ("start_time", "end_time"))  # noqa: DTZ007
    if start > end:
        reject("start_time: Must not be after end_time.")
    if end - start > timedelta(days=MAX_CHANGE_LOG_DAYS):
        reject(f"end_time: Must be within {MAX_CHANGE_LOG_DAYS} days of start_time.")
    return Payload({"task_id": _new_task(api, params).id})


def _check_change_log(api: Api, params: Params) -> Payload:
    """Return the status of a task of the change log."""
    task = _task(api, params, "advertiser_id")
    is_ready = task.is_ready(api.world.options.report_task_polls)
    task.checks += 1
    return Payload({"status": "SUCCESS" if is_ready else "PROCESSING"})


def _change_log_file(api: Api, params: Params) -> Payload:
    """Return the file of a change log, as Python's text of an object or as JSON.

    TikTok's page shows the first, and a response that an SDK recorded is the second.
    """
    task = _task(api, params, "advertiser_id")
    _check_ready(api, task)
    account = api.account(params)
    start, end = task.params["start_time"], task.params["end_time"]
    first = max(0, (date.fromisoformat(start[:10]) - account.start).days)
    last = min(api.world.horizon(account), (date.fromisoformat(end[:10]) - account.start).days)
    rows = [
        row
        for day in range(first, last + 1)
        for row in leads.changes(account, day)
        if start <= f"{row[0]}:00" <= end
    ]
    text, name = leads.change_file(rows), f"{task.id}.csv"
    is_json = int(task.id) % 2
    log = (
        json.dumps({"file_data": f"b'{text}'", "file_name": name})
        if is_json
        else str({"file_data": text.encode(), "file_name": name})
    )
    return Payload({"changelog": log, "status": "SUCCESS"})


HANDLERS: dict[str, Handler] = {
    "/page/lead/task/": _lead_task,
    "/page/lead/task/download/": _lead_file,
    "/page/field/get/": _form_fields,
    "/changelog/task/create/": _create_change_log,
    "/changelog/task/check/": _check_change_log,
    "/changelog/task/download/": _change_log_file,
}
