"""Tests of the gate in front of what several tasks need."""

from __future__ import annotations

from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
from tap_tiktok_ads.extract.common_responses import CommonResponses
from tap_tiktok_ads.extract.pages import Task


def task_of(*keys: str) -> Task:
    """Return a task with common keys."""
    return Task(Request("/adgroup/get/", {}), common_keys=keys)


def test_second_task_waits_until_the_first_has_found_out() -> None:
    """One task reads a common list. The others start once it is done, all at once."""
    client = Client(
        "http://127.0.0.1:9",
        "token",
        RateLimiter(TIERS["basic"]),
        user_agent="test",
        timeout=1,
        max_retries=0,
    )
    gate = CommonResponses(client).gate
    first, second, third = (task_of("lookback 7") for _ in range(3))
    other = task_of("lookback 8")
    assert [gate.enter(task) for task in (first, second, other)] == [True, False, True]
    gate.leave(first)
    assert [gate.enter(task) for task in (second, third)] == [True, True]
