"""Tables of the page that `TaskRunner` returns for each error."""

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


class Failing:
    """Raises one error for each task, and records the tasks."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.tasks: list[Task] = []

    def fetch(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """Raise the error."""
        self.tasks.append(task)
        raise self.error


def test_denied_advertiser() -> None:
    """A denied advertiser is not requested again."""
    failing = Failing(DENIED)
    runner = TaskRunner(Source("ads"), failing.fetch)
    assert [runner.run(TASK)[0].denied for _ in range(2)] == [DENIED, DENIED]
    assert failing.tasks == [TASK]


def test_denied_optional_list() -> None:
    """A denied optional list does not deny the advertiser."""
    failing = Failing(DENIED)
    runner = TaskRunner(Source("ads"), failing.fetch)
    optional = Task(TASK.request, TASK.advertiser, optional=True)
    assert [runner.run(task)[0].denied for task in (optional, TASK)] == [DENIED, DENIED]
    assert failing.tasks == [optional, TASK]


def test_split() -> None:
    """The parts of a too large task keep the window that they were split from."""
    half = Window(WINDOW.start, WINDOW.start)
    source = Source("ads", split=lambda task: [Task(task.request, task.advertiser, half)])
    _, parts = TaskRunner(source, Failing(TooLargeError(DENIED)).fetch).run(TASK)
    assert [(part.window, part.parent_window) for part in parts] == [(half, WINDOW)]


def test_not_splittable() -> None:
    """A too large task that cannot be split fails with the cause."""
    cause = ResponseError("cut off")
    page, _ = TaskRunner(Source("ads"), Failing(TooLargeError(cause)).fetch).run(TASK)
    assert page.failed is cause


def test_unexpected_exception() -> None:
    """An unexpected exception becomes an error that names the endpoint and advertiser."""
    page, _ = TaskRunner(Source("ads"), Failing(KeyError("x")).fetch).run(TASK)
    assert isinstance(page.failed, ResponseError)
    assert "/ad/get/ for advertiser 7" in str(page.failed)


def test_list_key() -> None:
    """The list key ignores metrics and the page."""
    other = TASK.with_params(metrics=["spend"]).at_page(3, 3)
    assert other.list_key == TASK.list_key
    assert TASK.with_params(filter="x").list_key != TASK.list_key


def test_select_joined_lines() -> None:
    """A page whose lines are joined in one item is selected by line."""
    page = Page([b"a\nb\nc\n"], 3).select([True, False, True])
    assert (page.records, page.record_count) == ([b"a\n", b"c\n"], 2)
