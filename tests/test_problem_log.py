"""The problem log: errors, skipped lists and held bookmarks of a run."""

from __future__ import annotations

import logging
import re

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


class HeldTasks:
    """Tasks whose bookmark is held."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []


def problems_of(
    log: ProblemLog, held: HeldTasks, *, stops_on_error: bool = False
) -> StreamProblems:
    """Return the problems of the stream `ads`."""
    return StreamProblems(
        Source("ads"),
        log,
        Warnings("campaigns", logging.getLogger("test-problems")),
        stops_on_error=stops_on_error,
        hold_bookmark=held.tasks.append,
        drift=Drift,
        mask=lambda text: text,
        list_cap=10,
    )


def test_error_record_names_stream_advertiser_and_request() -> None:
    """The record of an error names stream, advertiser, window, code and request."""
    log = ProblemLog(STARTED_AT)
    log.add("ads", DENIED, "skipped", TASK)
    log.add("ads", DENIED, "skipped", TASK)
    (record,) = log.records()
    assert record.pop("occurred_at")
    assert re.fullmatch(r"20260110T000000\.000000-[0-9a-f]{8}-1", record.pop("error_id"))
    assert record == {
        "stream": "ads",
        "advertiser_id": "7",
        "window_start": "2026-01-01",
        "window_end": "2026-01-02",
        "code": 40001,
        "message": str(DENIED),
        "request_id": "r1",
        "action": "skipped",
    }


def test_error_ids_of_simultaneous_runs_differ() -> None:
    """Shards that start at the same time can append to one table."""
    logs = [ProblemLog(STARTED_AT) for _ in range(4)]
    for log in logs:
        for _ in range(2):
            log.add("ads", ResponseError("damaged"), "left out")
    assert len({record["error_id"] for log in logs for record in log.records()}) == 8


def test_problem_log_has_a_maximum_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log keeps at most `MAX_PROBLEMS` problems."""
    monkeypatch.setattr(problems_module, "MAX_PROBLEMS", 2)
    log = ProblemLog(STARTED_AT)
    for number in range(3):
        log.add("ads", ResponseError(str(number)), "left out")
    assert [record["message"] for record in log.records()] == ["0", "1"]


def test_exit_error_names_incomplete_streams() -> None:
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
def test_denied_or_failed_list_holds_the_bookmark(
    page: Page,
    optional: bool,
    skipped: list[tuple[str, str]],
    failed: list[tuple[str, str]],
    holds: bool,
) -> None:
    """A denied list is skipped, a failed list is incomplete, and both hold the bookmark."""
    log, held = ProblemLog(STARTED_AT), HeldTasks()
    problems_of(log, held).on_page(Task(TASK.request, TASK.advertiser, optional=optional), page)
    assert ([*log.skipped], [*log.failed], bool(held.tasks)) == (skipped, failed, holds)


@pytest.mark.parametrize(
    ("error", "stops_on_error"),
    [(DAMAGED, True), (AuthError(40104, "No token", "r1", "/ad/get/"), False)],
    ids=["on_error is fail", "rejected token"],
)
def test_fatal_error_ends_the_run(error: TapError, stops_on_error: bool) -> None:
    """An error ends the run with `on_error: fail`, and always if the token is rejected."""
    problems = problems_of(ProblemLog(STARTED_AT), HeldTasks(), stops_on_error=stops_on_error)
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
def test_incomplete_list_holds_the_bookmark(verdict: Verdict, action: str, holds: bool) -> None:
    """Only a list that may be incomplete holds the bookmark."""
    log, held = ProblemLog(STARTED_AT), HeldTasks()
    progress = ListProgress(TASK, set(), set(), current=ListPass(received=10, total=12))
    problems_of(log, held).on_verdict(progress, verdict)
    assert [record["action"] for record in log.records()] == [action]
    assert bool(held.tasks) is holds


def test_truncated_report_is_incomplete() -> None:
    """A truncated report is incomplete, holds the bookmark, and no retry is advised."""
    log, held = ProblemLog(STARTED_AT), HeldTasks()
    problems_of(log, held).on_page(TASK, Page(is_truncated=True))
    assert ([*log.failed], bool(held.tasks)) == ([("ads", "7")], True)
    with pytest.raises(IncompleteError) as raised:
        log.raise_incomplete()
    assert "another run does not read them. Report tasks cannot read" in str(raised.value)
    assert "run the tap again" not in str(raised.value)


def test_end_of_run_names_the_first_cause_and_unusable_records() -> None:
    """The last line names the first cause, and records that another run does not heal."""
    log, held = ProblemLog(STARTED_AT), HeldTasks()
    problems_of(log, held).on_page(TASK, Page(failed=DAMAGED))
    log.add_failed("ads", "8", "another cause")
    log.add_unusable("pixels", "No key. The record was left out.", "left out")
    with pytest.raises(IncompleteError) as raised:
        log.raise_incomplete()
    assert f"First cause: {DAMAGED} Some records or values of pixels" in str(raised.value)
    assert "another cause" not in str(raised.value)
    assert "Running again does not help." in str(raised.value)


def test_list_at_its_cap_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A list at its maximum size is logged once per advertiser."""
    problems = problems_of(ProblemLog(STARTED_AT), HeldTasks())
    for _ in range(2):
        progress = ListProgress(TASK, set(), set(), current=ListPass(received=10, total=12))
        problems.on_verdict(progress, Verdict.CAPPED)
    assert len(caplog.messages) == 1
    assert "lists at most 10 records" in caplog.text


def test_new_fields_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """A field missing in the schema is logged once and masked."""
    drift = Drift()
    problems = StreamProblems(
        Source("ads"),
        ProblemLog(STARTED_AT),
        Warnings("campaigns", logging.getLogger("test-problems")),
        stops_on_error=False,
        hold_bookmark=lambda _: None,
        drift=lambda: drift,
        mask=lambda text: text.replace("secret", "***"),
    )
    for _ in range(2):
        drift.add_unknown_column("a_secret_field")
        problems.on_page(TASK, Page())
    (warning,) = caplog.messages
    assert "Stream campaigns received fields that are not in its schema: a_***_field." in warning
