"""Synchronous integrated reports, and asynchronous report tasks with their files."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

import msgspec

from tap_tiktok_ads.simulator.reports.query import (
    ReportTask,
    check_task_filters,
    parse_query,
)
from tap_tiktok_ads.simulator.reports.rows import Report
from tap_tiktok_ads.simulator.spec.errors import (
    RATE_LIMITED,
    TASK_FAILED,
    TASK_NOT_READY,
    UNKNOWN_TASK,
    ApiError,
    reject,
)
from tap_tiktok_ads.simulator.spec.facts import COMPLETE_METRICS, DIMENSION_METRICS
from tap_tiktok_ads.simulator.spec.reports import COUNTRY_NAMES

from .api import Api, Handler, Params, Payload, page_bounds, page_info
from .typed_reports import TYPED_REPORTS

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.accounts.entities import Account
    from tap_tiktok_ads.simulator.reports.query import Query
    from tap_tiktok_ads.simulator.reports.rows import ReportedObject, Row

FILES = "/files/"
"""Path of report files, outside the API."""

_CAPITALS = frozenset(("id", "cpc", "cpm", "ctr", "roas", "url"))


def _slice_of(report: Report, params: Params, bounds: slice) -> list[tuple[ReportedObject, Row]]:
    """Return the rows of a slice of a report in the requested order, each with its object."""
    if params["order_field"] is None:
        return list(report.rows(bounds.start, bounds.stop))
    descending = params["order_type"] == "DESC"
    return report.ordered(params["order_field"], descending=descending)[bounds]


def _report(api: Api, params: Params) -> Payload:
    """Return a page of a synchronous report."""
    if params["report_type"] in TYPED_REPORTS:
        return TYPED_REPORTS[params["report_type"]](api, params)
    _check_owner(params)
    return _basic_report(api, params)


def _basic_report(api: Api, params: Params) -> Payload:
    """Return a page of a BASIC or AUDIENCE report."""
    is_complete = api.world.options.country_reports_have_connector_metrics
    query = parse_query(params, lists=COMPLETE_METRICS if is_complete else DIMENSION_METRICS)
    reports = [_report_of(api, account, query) for account in _accounts(api, params)]
    if params["advertiser_ids"] is None:
        report = reports[0]
        rows = report.encode_rows(_slice_of(report, params, page_bounds(params)))
    else:
        rows = [row for report in reports for row in report.shared_rows()][page_bounds(params)]
    data: dict[str, Any] = {
        "list": rows,
        "page_info": page_info(params, sum(report.total for report in reports)),
    }
    if params["enable_total_metrics"]:
        data["total_metrics"] = reports[0].totals()
    is_truncated = any(report.is_truncated for report in reports)
    return Payload(data, {"X-Tt-Ads-Throttle": "true"} if is_truncated else {})


def _check_owner(params: Params) -> None:
    """Reject a BASIC or AUDIENCE report of a Business Center, or without a data level."""
    if params["bc_id"] is not None:
        reject("bc_id: Only reports of the type BC have it.")
    if params["data_level"] is None:
        reject("data_level: Missing data for required field.")


def _accounts(api: Api, params: Params) -> list[Account]:
    """Return the accounts of a report. All of them belong to the user of the token."""
    advertiser_ids = params["advertiser_ids"]
    if (advertiser_ids is None) == (params["advertiser_id"] is None):
        reject("advertiser_id: Set either advertiser_id or advertiser_ids.")
    if advertiser_ids is None:
        return [api.account(params)]
    if params["enable_total_metrics"] or params["order_field"] is not None:
        reject("advertiser_ids: The simulator has neither totals nor an order of several accounts.")
    return [
        api.account({"advertiser_id": advertiser_id})
        for advertiser_id in dict.fromkeys(advertiser_ids)
    ]


def _report_of(api: Api, account: Account, query: Query) -> Report:
    """Return the report of one account."""
    key = (account.id, query, api.world.horizon(account))
    return api.cached(key, lambda: Report(api.world, account, query))


def _create(api: Api, params: Params) -> Payload:
    """Create a report task and return its ID."""
    api.account(params)
    if params["output_format"] == "XLSX_DOWNLOAD":
        reject("output_format: XLSX_DOWNLOAD is not served by the simulator.")
    options = api.world.options
    if options.report_task_rejects_filters:
        check_task_filters(params["filtering"])
    query = parse_query(params | {"enable_total_metrics": False}, is_task=True)
    if not api.allows_report_task(params["advertiser_id"], options.report_tasks_per_hour):
        raise ApiError(RATE_LIMITED, "Too many report tasks of the advertiser within an hour.")
    number = next(api.task_numbers)
    task = ReportTask(str(77 * 10**17 + number), params, query)
    task.lacks_rows = number < options.report_task_gaps
    if number < options.report_task_failures:
        task.end = "FAILED"
    api.tasks[task.id] = task
    return Payload({"task_id": task.id})


def _task(api: Api, params: Params) -> ReportTask:
    """Return the task of the request.

    Raises:
        ApiError: With code 40007, if the advertiser has no task with that ID.
    """
    api.account(params)
    task = api.tasks.get(params["task_id"])
    if task is None or task.params["advertiser_id"] != params["advertiser_id"]:
        raise ApiError(UNKNOWN_TASK, f"Task {params['task_id']} does not exist.")
    return task


def _check(api: Api, params: Params) -> Payload:
    """Return the status of a report task."""
    task = _task(api, params)
    status = task.status(api.world.options.report_task_polls)
    task.checks += 1
    message = "System error." if status == "FAILED" else ""
    return Payload({"status": status, "message": message})


def _cancel(api: Api, params: Params) -> Payload:
    """Cancel a report task, unless it has ended."""
    task = _task(api, params)
    if not _has_ended(api, task):
        task.end = "CANCELED"
    status = task.status(api.world.options.report_task_polls)
    return Payload({"status": status, "message": ""})


def _has_ended(api: Api, task: ReportTask) -> bool:
    """Return True if a task has its final status."""
    return task.status(api.world.options.report_task_polls) == task.end


def _download(api: Api, params: Params) -> Payload:
    """Return the report of a task as CSV text, or the URL of its file."""
    task = _task(api, params)
    if not _has_ended(api, task):
        raise ApiError(TASK_NOT_READY, f"Task {task.id} is not ready.")
    if task.end != "SUCCESS":
        raise ApiError(TASK_FAILED, f"Task {task.id} has ended with {task.end}.")
    if task.params["output_format"] == "CSV_STRING":
        return Payload(_csv(api, task))
    name = f"{task.params['file_name'].strip() or 'report'}.csv"
    url = f"{api.base_url()}{FILES}{task.id}.csv"
    return Payload(
        {"download_url": url, "file_name": name, "output_format": task.params["output_format"]}
    )


def report_file(api: Api, path: str) -> bytes | None:
    """Return the file of a `download_url`, or None if the file does not exist.

    The URL needs no access token.
    """
    task = api.tasks.get(path.removeprefix(FILES).removesuffix(".csv"))
    if task is None or task.end != "SUCCESS" or task.params["output_format"] != "CSV_DOWNLOAD":
        return None
    return _csv(api, task).encode()


def _csv(api: Api, task: ReportTask) -> str:
    """Return the report of a task as CSV. The dimensions come before the metrics."""
    account, params = api.account(task.params), task.params
    report = Report(api.world, account, task.query)
    names = [*params["dimensions"], *dict.fromkeys(params["metrics"])]
    translated = params["enable_report_title_translation"]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_title(name) for name in names] if translated else names)
    rows = report.encode_rows(_slice_of(report, params, slice(0, report.total)))
    if task.lacks_rows:
        del rows[::3]
    for row in rows:
        record = msgspec.json.decode(row)
        values = record["metrics"] | record["dimensions"]
        if "country_code" in values:
            values["country_code"] = COUNTRY_NAMES.get(values["country_code"], "None")
        writer.writerow([values[name] for name in names])
    return text.getvalue()


def _title(name: str) -> str:
    """Return the display title of a column, such as "Ad ID" for `ad_id`."""
    words = (word.upper() if word in _CAPITALS else word.title() for word in name.split("_"))
    return " ".join(words)


HANDLERS: dict[str, Handler] = {
    "/report/integrated/get/": _report,
    "/report/task/create/": _create,
    "/report/task/check/": _check,
    "/report/task/download/": _download,
    "/report/task/cancel/": _cancel,
}
