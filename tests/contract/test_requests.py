"""The requests of complete runs keep TikTok's documented rules."""

from __future__ import annotations

import logging
import typing as t

import pytest

from .checks import check_runs

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Rules that runs of built-in streams may leave unexercised, with the reason.
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
#: Endpoints that a run requests only after a failure, with the reason.
OPTIONAL_ENDPOINTS = {"/report/task/cancel/": "a task is canceled when a run is interrupted"}


@pytest.fixture
def no_logs() -> Iterator[None]:
    """Disable the logs of the tap, which hide violations."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("no_logs")
def test_requests_of_all_runs_keep_rules(record_property: Callable[[str, object], None]) -> None:
    """All requests keep the rules, and runs exercise each rule and endpoint."""
    report = check_runs()
    record_property("checked", report.summary)
    print(report.summary)  # noqa: T201 - shown by -s, and after a failure
    assert list(report.lines()) == []
    assert report.unexercised <= OPTIONAL_RULES.keys()
    assert report.unrequested <= OPTIONAL_ENDPOINTS.keys()
