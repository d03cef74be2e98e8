"""Entries of `custom_streams` whose records are in the file of a task: `download`."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.config.entries import TEXT_LIST_SCHEMA, TEXT_SCHEMA
from tap_tiktok_ads.config.request_templates import (
    REQUEST_KEYS,
    REQUEST_PROPERTIES,
    RequestTemplate,
    parse_template,
)
from tap_tiktok_ads.extract import json_paths, macros

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Macro for the ID of the task, in `check` and `result`.
TASK_MACRO = "task_id"
#: Statuses of TikTok's tasks.
DEFAULT_READY = ("SUCCESS", "SUCCEED")
DEFAULT_PENDING = ("QUEUING", "CREATED", "RUNNING", "PROCESSING")
FAILED = "FAILED"
#: Keys of an entry without a meaning for files.
LIST_KEYS = ("pagination", "page_size", "records_path", "metadata_path", "allow_missing_records")


def _request_schema(**properties: t.Any) -> dict[str, t.Any]:
    """Return the schema of a request of a task, with additional keys."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["url"],
        "properties": {**REQUEST_PROPERTIES, **properties},
    }


DOWNLOAD_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["create", "check", "result"],
    "properties": {
        "create": _request_schema(task_id_path=TEXT_SCHEMA),
        "check": _request_schema(
            status_path=TEXT_SCHEMA, pending=TEXT_LIST_SCHEMA, ready=TEXT_LIST_SCHEMA
        ),
        "result": _request_schema(),
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class DownloadDefinition:
    """The value of `download`. The stream's own request creates the task.

    Attributes:
        task_id_path: JSONPath of the ID of the task, in the response to `create`.
        check: The request for the status of the task.
        status_path: JSONPath of the status.
        pending: Statuses of an unfinished task.
        ready: Statuses of a task whose file is ready.
        result: The request for the file.
    """

    task_id_path: str
    check: RequestTemplate
    status_path: str
    pending: Sequence[str]
    ready: Sequence[str]
    result: RequestTemplate


def with_first_request(entry: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """Return an entry with the keys of its first request, which creates the task of a download.

    Raises:
        ValueError: The entry has no request, or keys that do not fit a download.
    """
    download = entry.get("download")
    if download is None:
        if "url" not in entry:
            msg = "the entry must have the key 'url', or 'download' for the file of a task"
            raise ValueError(msg)
        return entry
    wrong = next((key for key in (*REQUEST_PROPERTIES, *LIST_KEYS) if key in entry), None)
    if wrong is not None:
        msg = (
            f"an entry with 'download' has no key {wrong!r}. Its requests are in 'create', 'check' "
            "and 'result', and its records are the rows of the file"
        )
        raise ValueError(msg)
    create = {key: value for key, value in download["create"].items() if key != "task_id_path"}
    return {**entry, **create, "pagination": "none"}


def parse_download(
    download: Mapping[str, t.Any] | None, names: set[str], unit: str, api_url: str
) -> DownloadDefinition | None:
    """Return the definition in `download`, or None for an entry without it.

    Args:
        download: The value, which fits the schema, or None.
        names: Names of the macros that its requests may use, besides the ID of the task.
        unit: Letter of the unit of a date macro's offset that names none.
        api_url: The setting `api_url`, whose host a full URL may name.

    Raises:
        ValueError: A request or a path cannot be used.
    """
    if download is None:
        return None
    templates = {}
    for key in ("check", "result"):
        request = {name: download[key][name] for name in REQUEST_KEYS if name in download[key]}
        macros.validate(request, {*names, TASK_MACRO}, (), unit)
        if TASK_MACRO not in macros.macro_names(request):
            msg = f"'{key}' of 'download' must contain {{{TASK_MACRO}}}"
            raise ValueError(msg)
        templates[key] = parse_template(download[key], api_url)
    task_id_path = download["create"].get("task_id_path", "$.data.task_id")
    status_path = download["check"].get("status_path", "$.data.status")
    for path in (task_id_path, status_path):
        json_paths.parse(path)
    return DownloadDefinition(
        task_id_path=task_id_path,
        status_path=status_path,
        pending=download["check"].get("pending", DEFAULT_PENDING),
        ready=download["check"].get("ready", DEFAULT_READY),
        **templates,
    )
