"""Tests of the second request for the first page of a list."""

from __future__ import annotations

import itertools

import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.first_page_checks import FirstPageChecks
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.extract.reader import TaskRunner
from tap_tiktok_ads.extract.source import Source

FIRST = Task(Request("/pixel/list/", {"advertiser_id": "7", "page": 1}), Advertiser("7"))
FULL = Page(received=20, record_count=20)


def pages_of(count: int) -> list[Task]:
    """Return the tasks of the pages after the first."""
    return [FIRST.at_page(number, count) for number in range(2, count + 1)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_check_follows_the_page_that_is_received_last(order: tuple[int, ...]) -> None:
    """The check is planned once all pages are received, in whatever order that is."""
    checks = FirstPageChecks()
    others = pages_of(4)
    assert checks.following(FIRST, FULL, others) == others
    planned = [checks.following(others[number], FULL, ()) for number in order]
    assert planned[:-1] == [(), ()]
    (check,) = planned[-1]
    assert (check.is_check, check.page, check.list_key) == (True, 1, FIRST.list_key)
    assert not check.request.shared


def test_check_follows_pages_without_a_total() -> None:
    """Pages that are discovered one by one are checked after the last."""
    checks = FirstPageChecks()
    second, third = pages_of(3)
    assert checks.following(FIRST, FULL, [second]) == [second]
    assert checks.following(second, FULL, [third]) == [third]
    (check,) = checks.following(third, FULL, ())
    assert check.is_check


def test_list_of_one_page_is_not_checked() -> None:
    """One page needs no check. Another list that follows it is not a page of it."""
    other_list = FIRST.with_params(filtering={"status": "deleted"})
    checks = FirstPageChecks()
    assert checks.following(FIRST, FULL, [other_list]) == [other_list]
    assert checks.following(other_list, FULL, ()) == ()


def test_list_with_an_unread_page_is_not_checked() -> None:
    """A list that is incomplete anyway is not checked. The next pass is."""
    checks = FirstPageChecks()
    (second,) = pages_of(2)
    checks.following(FIRST, FULL, [second])
    assert checks.following(second, Page(damage="no list"), ()) == ()
    checks.following(FIRST.for_another_pass(), FULL, [second])
    (check,) = checks.following(second, FULL, ())
    assert check.is_check


def test_nothing_follows_a_check() -> None:
    """The pages that follow the first page are not requested again after a check."""
    requested: list[Task] = []

    def fetch(task: Task) -> tuple[Page, list[Task]]:
        requested.append(task)
        return FULL, pages_of(2) if task.page == 1 else []

    runner = TaskRunner(Source("pixels"), fetch, FirstPageChecks())
    tasks = [FIRST]
    for task in tasks:
        tasks.extend(runner.run(task)[1])
    assert [(task.page, task.is_check) for task in requested] == [(1, False), (2, False), (1, True)]
