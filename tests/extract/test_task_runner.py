"""Tests of the page that `TaskRunner` returns for each error."""

from __future__ import annotations

import typing as t

import pendulum

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.errors import PermissionDeniedError, ResponseError, TooLargeError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.reader import TaskRunner
from tap_tiktok_ads.extract.source import Source

if t.TYPE_CHECKING:
    from collections.abc import Sequence

DENIED = PermissionDeniedError(40001, "No permission", "r1", "/ad/get/")
WINDOW = Window(pendulum.date(2026, 1, 1), pendulum.date(2026, 1, 2))
TASK = Task(Request("/ad/get/", {"advertiser_id": "7", "page": 1}), Advertiser("7"), WINDOW)


class FailingFetcher:
    """Fetcher that raises an error for each task and records the tasks."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.tasks: list[Task] = []

    def fetch(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Raise the error."""
        self.tasks.append(task)
        raise self.error


def test_denied_advertiser_is_requested_once() -> None:
    """A denied advertiser is requested once."""
    failing = FailingFetcher(DENIED)
    runner = TaskRunner(Source("ads"), failing.fetch)
    assert [runner.run(TASK)[0].denied for _ in range(2)] == [DENIED, DENIED]
    assert failing.tasks == [TASK]


def test_denied_optional_list_keeps_advertiser() -> None:
    """A denied optional list does not deny the advertiser."""
    failing = FailingFetcher(DENIED)
    runner = TaskRunner(Source("ads"), failing.fetch)
    optional = Task(TASK.request, TASK.advertiser, optional=True)
    assert [runner.run(task)[0].denied for task in (optional, TASK)] == [DENIED, DENIED]
    assert failing.tasks == [optional, TASK]


def test_split_task_keeps_parent_window() -> None:
    """The subtasks of a split task keep the parent window."""
    half = Window(WINDOW.start, WINDOW.start)
    source = Source("ads", split=lambda task: [Task(task.request, task.advertiser, half)])
    _, subtasks = TaskRunner(source, FailingFetcher(TooLargeError(DENIED)).fetch).run(TASK)
    assert [(subtask.window, subtask.parent_window) for subtask in subtasks] == [(half, WINDOW)]


def test_unsplittable_task_fails_with_cause() -> None:
    """A too large, unsplittable task fails with its cause."""
    cause = ResponseError("cut off")
    page, _ = TaskRunner(Source("ads"), FailingFetcher(TooLargeError(cause)).fetch).run(TASK)
    assert page.failed is cause


def test_unexpected_exception_becomes_response_error() -> None:
    """An unexpected exception becomes an error that names the endpoint and advertiser."""
    page, _ = TaskRunner(Source("ads"), FailingFetcher(KeyError("x")).fetch).run(TASK)
    assert isinstance(page.failed, ResponseError)
    assert "/ad/get/ for advertiser 7" in str(page.failed)


def test_list_key_ignores_metrics_and_page() -> None:
    """The list key ignores metrics and the page."""
    next_page = TASK.with_params(metrics=["spend"]).at_page(3, 3)
    assert next_page.list_key == TASK.list_key
    assert TASK.with_params(filter="x").list_key != TASK.list_key


def test_select_filters_joined_lines() -> None:
    """`select` filters by line if the lines of a page are joined in one item."""
    page = Page([b"a\nb\nc\n"], 3).select([True, False, True])
    assert (page.records, page.record_count) == ([b"a\n", b"c\n"], 2)
