"""Tables of what a run keeps and reports of its problems."""

from __future__ import annotations

import logging

import pendulum
import pytest

from tap_tiktok_ads import problems as problems_module
from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.errors import (
    AuthError,
    IncompleteError,
    PermissionDeniedError,
    ResponseError,
    TapError,
)
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.drift import Drift
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.extract.task_groups import ListPass, ListProgress, Verdict
from tap_tiktok_ads.problems import ProblemLog, StreamProblems, Warnings

STARTED_AT = pendulum.datetime(2026, 1, 10)
WINDOW = Window(pendulum.date(2026, 1, 1), pendulum.date(2026, 1, 2))
TASK = Task(Request("/ad/get/", {"advertiser_id": "7", "page": 1}), Advertiser("7"), WINDOW)
DENIED = PermissionDeniedError(40001, "No permission", "r1", "/ad/get/")
DAMAGED = ResponseError("damaged")


class Held:
    """Collects the tasks whose bookmark is held."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []


def observer(log: ProblemLog, held: Held, *, stops_on_error: bool = False) -> StreamProblems:
    """Return the problems of the stream `ads`."""
    return StreamProblems(
        Source("ads"),
        log,
        Warnings(logging.getLogger("test-problems")),
        stops_on_error=stops_on_error,
        hold_bookmark=held.tasks.append,
        drift=Drift,
        mask=lambda text: text,
        list_cap=10,
    )


def test_record_of_an_error() -> None:
    """The record of an error names the stream, advertiser, window, code and request."""
    log = ProblemLog(STARTED_AT)
    log.add("ads", DENIED, "skipped", TASK)
    log.add("ads", DENIED, "skipped", TASK)
    (record,) = log.records()
    assert record.pop("occurred_at")
    assert record == {
        "stream": "ads",
        "advertiser_id": "7",
        "window_start": "2026-01-01",
        "window_end": "2026-01-02",
        "code": 40001,
        "message": str(DENIED),
        "request_id": "r1",
        "action": "skipped",
        "error_id": "20260110T000000.000000-1",
    }


def test_number_of_records_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run keeps no more problems than `MAX_PROBLEMS`."""
    monkeypatch.setattr(problems_module, "MAX_PROBLEMS", 2)
    log = ProblemLog(STARTED_AT)
    for number in range(3):
        log.add("ads", ResponseError(str(number)), "left out")
    assert [record["message"] for record in log.records()] == ["0", "1"]


def test_incomplete_streams_end_the_run_with_an_error() -> None:
    """The exit error names each incomplete stream and advertiser once."""
    log = ProblemLog(STARTED_AT)
    log.raise_incomplete()
    for _ in range(2):
        log.add_failed("ads", "7")
    with pytest.raises(IncompleteError, match=r"^Sync incomplete for ads \(advertiser 7\)\."):
        log.raise_incomplete()


@pytest.mark.parametrize(
    ("page", "optional", "skipped", "failed", "holds"),
    [
        (Page(), False, [], [], False),
        (Page(denied=DENIED), False, [("ads", "7")], [], True),
        (Page(denied=DENIED), True, [], [], False),
        (Page(failed=DAMAGED), False, [], [("ads", "7")], True),
    ],
    ids=["records", "denied", "optional list denied", "failed"],
)
def test_consequence_of_a_page(
    page: Page,
    optional: bool,
    skipped: list[tuple[str, str]],
    failed: list[tuple[str, str]],
    holds: bool,
) -> None:
    """A denied list is skipped, a failed one is incomplete, and both hold the bookmark."""
    log, held = ProblemLog(STARTED_AT), Held()
    observer(log, held).on_page(Task(TASK.request, TASK.advertiser, optional=optional), page)
    assert (log.skipped, log.failed, bool(held.tasks)) == (skipped, failed, holds)


@pytest.mark.parametrize(
    ("error", "stops_on_error"),
    [(DAMAGED, True), (AuthError(40104, "No token", "r1", "/ad/get/"), False)],
    ids=["on_error is fail", "rejected token"],
)
def test_errors_that_end_the_run(error: TapError, stops_on_error: bool) -> None:
    """An error ends the run if the setting says so, or if nothing else can be read either."""
    problems = observer(ProblemLog(STARTED_AT), Held(), stops_on_error=stops_on_error)
    with pytest.raises(type(error)) as raised:
        problems.on_page(TASK, Page(failed=error))
    assert raised.value is error


@pytest.mark.parametrize(
    ("verdict", "action", "holds"),
    [
        (Verdict.INCOMPLETE, "read again by the next run", True),
        (Verdict.AGREED, "kept", False),
        (Verdict.CAPPED, "kept", False),
    ],
)
def test_consequence_of_a_verdict(verdict: Verdict, action: str, holds: bool) -> None:
    """Only a list that can be incomplete holds the bookmark."""
    log, held = ProblemLog(STARTED_AT), Held()
    progress = ListProgress(TASK, set(), set(), current=ListPass(received=10, total=12))
    observer(log, held).on_verdict(progress, verdict)
    assert [record["action"] for record in log.records()] == [action]
    assert bool(held.tasks) is holds


def test_truncated_report() -> None:
    """A report that covers a part of the ads is incomplete."""
    log, held = ProblemLog(STARTED_AT), Held()
    observer(log, held).on_page(TASK, Page(is_truncated=True))
    assert (log.failed, bool(held.tasks)) == ([("ads", "7")], True)


def test_warnings_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A list at its cap is reported once per advertiser."""
    problems = observer(ProblemLog(STARTED_AT), Held())
    for _ in range(2):
        progress = ListProgress(TASK, set(), set(), current=ListPass(received=10, total=12))
        problems.on_verdict(progress, Verdict.CAPPED)
    assert len(caplog.messages) == 1
    assert "lists at most 10 records" in caplog.text


def test_new_fields_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """A field that the schema lacks is named in one warning, however often it comes."""
    drift = Drift()
    problems = StreamProblems(
        Source("ads"),
        ProblemLog(STARTED_AT),
        Warnings(logging.getLogger("test-problems")),
        stops_on_error=False,
        hold_bookmark=lambda _: None,
        drift=lambda: drift,
        mask=lambda text: text.replace("secret", "***"),
    )
    for _ in range(2):
        drift.add_unknown_column("a_secret_field")
        problems.on_page(TASK, Page())
    assert caplog.messages == ["New fields that are not in the schema were kept: a_***_field."]
