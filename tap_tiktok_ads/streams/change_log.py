"""The change log of ad accounts: who changed which object, when and how.

TikTok's page 1739924165710849 shows a file. Its CSV text is inside a text of an object, whose
syntax is Python's or JSON's. Lines with numbers of changes precede the column names.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import json
import typing as t

import msgspec
from typing_extensions import override

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.file_tasks import FileTask
from tap_tiktok_ads.api.json_repair import repair
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.streams.dependent import add_lookup_value
from tap_tiktok_ads.streams.file_parts import FileStream

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.streams.dependent import Values

CREATE_PATH, CHECK_PATH, DOWNLOAD_PATH = (
    f"/changelog/task/{action}/" for action in ("create", "check", "download")
)
#: Maximum number of days between the start and the end of a task.
MAX_CHANGE_LOG_DAYS = 30
#: First columns of the line of column names.
FIRST_COLUMNS = ["Time", "log_object_type"]
#: Length of a time without seconds, as in `2026-02-02 04:05`.
MINUTE_LENGTH = 16


def change_log_csv(response: Response) -> str:
    """Return the column names and the entries in the response for a file.

    Raises:
        ResponseError: There is no CSV text with the column names of the change log.
    """
    content = _clean_text(_file_data(response.data.get("changelog")))
    rows = list(csv.reader(io.StringIO(content, newline="")))
    header = next((number for number, row in enumerate(rows) if row[:2] == FIRST_COLUMNS), None)
    if header is None:
        msg = (
            f"{DOWNLOAD_PATH} returned no CSV text with the columns {', '.join(FIRST_COLUMNS)}. "
            f"Run again later. (request_id {response.request_id})"
        )
        raise ResponseError(msg)
    text = io.StringIO()
    csv.writer(text).writerows(row for row in rows[header:] if row)
    return text.getvalue()


def _clean_text(text: str) -> str:
    """Return a text without a byte order mark. Half a surrogate pair becomes U+FFFD."""
    content = text.encode("utf-16-le", "surrogatepass")
    return content.decode("utf-16-le", "replace").removeprefix("\ufeff")


def _file_data(value: t.Any) -> str:
    """Return the CSV text in a file: the text itself, or `file_data` of an object or its text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _parsed(value)
    if isinstance(value, dict):
        value = value.get("file_data")
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return _without_quotes(value) if isinstance(value, str) else ""


def _parsed(text: str) -> t.Any:
    """Return the value of a text in the syntax of JSON or of Python, or None."""
    try:
        return json.loads(text, strict=False)
    except ValueError:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None


def _without_quotes(text: str) -> str:
    """Return a text without the quotes of Python's bytes, as in `b'Paused'`."""
    if len(text) < len("b''") or text[0] != "b" or text[1] not in "'\"" or text[-1] != text[1]:
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text[2:-1]
    return value.decode(errors="replace") if isinstance(value, bytes) else text[2:-1]


def flatten_entry(raw: Record, task: Task) -> Iterator[Record]:
    """Yield an entry with an ID, which is the hash of its columns."""
    columns = {name.strip().replace(" ", "_").lower(): value for name, value in raw.items()}
    entry_id = hashlib.sha256(msgspec.json.encode(sorted(columns.items()))).hexdigest()
    time = columns.get("time") or ""
    if len(time) == MINUTE_LENGTH:
        columns["time"] = f"{time}:00"
    details = _details(columns.get("activity_details"))
    yield from add_lookup_value(
        {"entry_id": entry_id, **columns, "activity_details": details}, task
    )


def _details(text: str | None) -> t.Any:
    """Return the details in a JSON text, or the text if it is not JSON."""
    try:
        details = json.loads(repair((text or "[]").encode()))
    except (ValueError, RecursionError):
        return text
    return [_detail(item) for item in details] if isinstance(details, list) else details


def _detail(item: t.Any) -> t.Any:
    """Return one detail. The texts before and after a change lose the quotes of Python's bytes."""
    if not isinstance(item, dict):
        return {"name": item}
    changes = item.get("before_after")
    if isinstance(changes, list):
        item["before_after"] = [
            {
                name: _without_quotes(value) if isinstance(value, str) else value
                for name, value in change.items()
            }
            for change in changes
            if isinstance(change, dict)
        ]
    return {name: text.strip() if isinstance(text, str) else text for name, text in item.items()}


class ChangeLogStream(FileStream):
    """Entries of the change log, in windows of days."""

    path = CREATE_PATH
    task_paths = (CREATE_PATH, CHECK_PATH, DOWNLOAD_PATH)
    window_days = MAX_CHANGE_LOG_DAYS
    fixed_lookback_days = 1  # a day ends later in other time zones
    flatten = staticmethod(flatten_entry)

    @override
    def columns(self) -> dict[str, t.Any]:
        return entity_schema(self.name)

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        body: dict[str, t.Any] = {"advertiser_id": advertiser.id} if advertiser else {}
        if window is not None:
            body["start_time"] = f"{window.start} 00:00:00"
            body["end_time"] = f"{window.end} 23:59:59"
        return Request(CREATE_PATH, {}, method="POST", body=body)

    @override
    def file_task(self, task: Task) -> FileTask:
        owner = str((task.request.body or {})["advertiser_id"])
        return FileTask(
            create=task.request,
            check=lambda task_id: Request(CHECK_PATH, {"advertiser_id": owner, "task_id": task_id}),
            download=lambda task_id: Request(
                DOWNLOAD_PATH, {"advertiser_id": owner, "task_id": task_id}
            ),
            owner=owner,
            content=change_log_csv,
        )


class ChangeLog(ChangeLogStream):
    """One record per entry of the change log of an ad account, by day.

    An entry has no ID. `entry_id` is the hash of its columns, so entries that are equal within a
    minute have one ID. The lookback is one day for every value of `lookback_days`. Sources do not
    document the time zone of `time`, nor for how long TikTok keeps entries. `pii` applies to
    `operator`. The columns come from an example of TikTok and from a third-party SDK.
    """

    name = "change_log"
    permission = "230 Change Log"
    primary_keys = ("advertiser_id", "entry_id")
    replication_key = "time"
    selected_by_default = False
