"""The synchronous report over HTTP, and the reports that are made in the background."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import Any

import msgspec

from tap_tiktok_ads.simulator.reports import integrated as reports
from tap_tiktok_ads.simulator.spec.errors import (
    TASK_FAILED,
    TASK_NOT_READY,
    TASK_UNKNOWN,
    ApiError,
    refuse,
)

from .api import Answer, Api, Handler, Params, bounds, info

FILES = "/files/"
"""Where finished reports are fetched, outside the API."""

_CAPITALS = frozenset(("id", "cpc", "cpm", "ctr", "roas", "url"))


def _report(api: Api, params: Params) -> Answer:
    query = reports.parse(params)
    account = api.account(params)
    key = (account.id, query, api.world.horizon(account))
    report = api.remembered(key, lambda: reports.Report(api.world, account, query))
    here = bounds(params)
    if params["order_field"] is not None:
        descending = params["order_type"] == "DESC"
        places = report.ordered(params["order_field"], descending=descending)[here]
    else:
        places = list(report.places(here.start, here.stop))
    data: dict[str, Any] = {
        "list": report.rows(places),
        "page_info": info(params, report.total),
    }
    if params["enable_total_metrics"]:
        data["total_metrics"] = report.totals()
    return Answer(data, {"X-Tt-Ads-Throttle": "true"} if report.cut else {})


@dataclass
class Task:
    """A report made in the background.

    Attributes:
        id: Task id.
        params: What it was asked for.
        query: The same, checked.
        checks: How often its status was asked for before it was ready.
        end: How it ends: SUCCESS, FAILED or CANCELED.
    """

    id: str
    params: Params
    query: reports.Query
    checks: int = 0
    end: str = "SUCCESS"

    def status(self, polls: int) -> str:
        """Return the status, after a number of checks that find it processing."""
        if self.end == "CANCELED" or self.checks > polls or not polls:
            return self.end
        return "PROCESSING" if self.checks else "QUEUING"


def _create(api: Api, params: Params) -> Answer:
    api.account(params)
    if params["output_format"] == "XLSX_DOWNLOAD":
        refuse("output_format: XLSX_DOWNLOAD is not served by the simulator.")
    query = reports.parse(params | {"enable_total_metrics": False}, whole=True)
    number = next(api.numbers)
    task = Task(str(77 * 10**17 + number), params, query)
    if number < api.world.options.report_task_failures:
        task.end = "FAILED"
    api.tasks[task.id] = task
    return Answer({"task_id": task.id})


def _task(api: Api, params: Params) -> Task:
    """Return a task of the advertiser."""
    api.account(params)
    task = api.tasks.get(params["task_id"])
    if task is None or task.params["advertiser_id"] != params["advertiser_id"]:
        raise ApiError(TASK_UNKNOWN, f"Task {params['task_id']} does not exist.")
    return task


def _check(api: Api, params: Params) -> Answer:
    task = _task(api, params)
    status = task.status(api.world.options.report_task_polls)
    task.checks += 1
    message = "System error." if status == "FAILED" else ""
    return Answer({"status": status, "message": message})


def _cancel(api: Api, params: Params) -> Answer:
    task = _task(api, params)
    if not _ready(api, task):
        task.end = "CANCELED"
    status = task.status(api.world.options.report_task_polls)
    return Answer({"status": status, "message": ""})


def _ready(api: Api, task: Task) -> bool:
    """Return whether the task has come to its end."""
    return task.status(api.world.options.report_task_polls) == task.end


def _download(api: Api, params: Params) -> Answer:
    task = _task(api, params)
    if not _ready(api, task):
        raise ApiError(TASK_NOT_READY, f"Task {task.id} is not ready.")
    if task.end != "SUCCESS":
        raise ApiError(TASK_FAILED, f"Task {task.id} has ended with {task.end}.")
    if task.params["output_format"] == "CSV_STRING":
        return Answer(text_of(api, task))
    name = f"{task.params['file_name'].strip() or 'report'}.csv"
    url = f"{api.site()}{FILES}{task.id}.csv"
    return Answer(
        {"download_url": url, "file_name": name, "output_format": task.params["output_format"]}
    )


def file(api: Api, path: str) -> bytes | None:
    """Return the file of a `download_url`; who has the address needs no token."""
    task = api.tasks.get(path.removeprefix(FILES).removesuffix(".csv"))
    if task is None or task.end != "SUCCESS" or task.params["output_format"] != "CSV_DOWNLOAD":
        return None
    return text_of(api, task).encode()


def text_of(api: Api, task: Task) -> str:
    """Return the report of a task as CSV: the dimensions, then the metrics, as asked for."""
    account, params = api.account(task.params), task.params
    report = reports.Report(api.world, account, task.query)
    if params["order_field"] is not None:
        descending = params["order_type"] == "DESC"
        places = report.ordered(params["order_field"], descending=descending)
    else:
        places = list(report.places(0, report.total))
    names = [*params["dimensions"], *dict.fromkeys(params["metrics"])]
    translated = params["enable_report_title_translation"]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([title(name) for name in names] if translated else names)
    for row in report.rows(places):
        both = msgspec.json.decode(row)
        values = both["metrics"] | both["dimensions"]
        writer.writerow([values[name] for name in names])
    return text.getvalue()


def title(name: str) -> str:
    """Return the display title of a column, such as "Ad ID" of `ad_id`."""
    words = (word.upper() if word in _CAPITALS else word.title() for word in name.split("_"))
    return " ".join(words)


HANDLERS: dict[str, Handler] = {
    "/report/integrated/get/": _report,
    "/report/task/create/": _create,
    "/report/task/check/": _check,
    "/report/task/download/": _download,
    "/report/task/cancel/": _cancel,
}
