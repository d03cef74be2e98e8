"""Rules of leads and of the change log, whose tasks make files."""

from __future__ import annotations

import datetime as dt
import typing as t

from .rule_types import Rule, at

if t.TYPE_CHECKING:
    from .messages import SentRequest

LEAD_TASK, LEAD_FILE = "/page/lead/task/", "/page/lead/task/download/"
CHANGE_LOG = "/changelog/task/create/"
REGION = "x-lead-region"
MAX_CHANGE_LOG_DAYS = 30


def _region(request: SentRequest) -> str:
    """Return the region of leads in the headers of a request, or an empty text."""
    return request.headers.get(REGION, "")


def _has_change_log_range(request: SentRequest) -> bool:
    """Return True if a request spans up to 30 days, in order."""
    times = (str(request.parameters.get(name)) for name in ("start_time", "end_time"))
    try:
        start, end = map(dt.datetime.fromisoformat, times)
    except ValueError:
        return False
    return dt.timedelta() <= end - start <= dt.timedelta(days=MAX_CHANGE_LOG_DAYS)


FILE_RULES = (
    Rule(
        "A task of leads names either an ad or an instant form",
        "go page/lead/task",
        at(LEAD_TASK),
        lambda request: len({"ad_id", "page_id"} & request.parameters.keys()) == 1,
    ),
    Rule(
        "Leads are requested by advertiser_id or by library_id",
        "go page/lead/task, go page/lead/task_download",
        at(LEAD_TASK, LEAD_FILE),
        lambda request: len({"advertiser_id", "library_id"} & request.parameters.keys()) == 1,
    ),
    Rule(
        "The region of leads is eu or us, or there is no header",
        "1739053563877378, go page/lead/task",
        at(LEAD_TASK, LEAD_FILE),
        lambda request: _region(request) in {"", "eu", "us"},
    ),
    Rule(
        "A task of the change log spans at most 30 days, in order",
        "go changelog/task_create",
        at(CHANGE_LOG),
        _has_change_log_range,
    ),
)
