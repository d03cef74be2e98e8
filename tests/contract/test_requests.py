"""All requests of complete runs keep the rules that TikTok states."""

from __future__ import annotations

import logging
import typing as t

import pytest

from .judgment import judge_runs

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Rules that runs of the built-in streams need not exercise, and why.
OPTIONAL_RULES = {
    "A synchronous report without a time dimension spans at most 365 days": (
        "built-in and custom reports are by day, by hour or of the lifetime"
    ),
    "The filter ad_ids_v2 is used with the dimension ad_id_v2 at AUCTION_AD": (
        "reports are narrowed by campaigns, ad groups and ads"
    ),
    "GMV Max metrics of LIVE are requested for LIVE campaigns": "the default metrics have none",
    "GMV Max attribute metrics have one ID dimension": "the default metrics have none",
    "Rooms are of LIVE campaigns, products and posts of PRODUCT campaigns": (
        "the built-in report is by campaign"
    ),
}
#: Endpoints that a run requests only after a failure, and why.
OPTIONAL_ENDPOINTS = {"/report/task/cancel/": "a task is canceled when a run is interrupted"}


@pytest.fixture
def no_logs() -> Iterator[None]:
    """Turn the logs of the tap off, which would hide the violations."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("no_logs")
def test_every_request_keeps_the_rules(record_property: Callable[[str, object], None]) -> None:
    """No request of any run breaks a rule, and each rule and endpoint is exercised."""
    judgment = judge_runs()
    record_property("judged", judgment.summary)
    print(judgment.summary)  # noqa: T201 - shown by -s, and after a failure
    assert list(judgment.lines()) == []
    assert judgment.unexercised <= OPTIONAL_RULES.keys()
    assert judgment.unrequested <= OPTIONAL_ENDPOINTS.keys()
