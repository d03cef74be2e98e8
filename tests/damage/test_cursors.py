"""Damaged lists with cursor pagination, which have neither a total nor a page size."""

from __future__ import annotations

import typing as t

import pytest
from conftest import answering, run

ENTRY: dict[str, t.Any] = {
    "name": "mine",
    "url": "/thing/list/",
    "params": {"advertiser_id": "{advertiser_id}"},
    "schema": {"properties": {"id": {"type": "string"}}},
    "pagination": {
        "type": "cursor",
        "cursor_path": "$.data.next",
        "has_more_path": "$.data.more",
        "parameter": "cursor",
    },
}
#: Maximum number of requests of a run: three passes over at most three pages.
MAX_REQUESTS = 10


def empty_middle(number: int) -> dict[str, t.Any]:
    """Return three pages. The second is empty."""
    records = [] if number == 2 else [{"id": str(number)}]
    return {"list": records, "next": str(number + 1), "more": number < 3}


def endless(number: int) -> dict[str, t.Any]:
    """Return equal pages that never end."""
    return {"list": [{"id": "1"}], "next": str(number + 1), "more": True}


def endless_empty(number: int) -> dict[str, t.Any]:
    """Return empty pages that never end."""
    return {"list": [], "next": str(number + 1), "more": True}


@pytest.mark.parametrize("keys", [[], ["id"]], ids=["no key", "key"])
@pytest.mark.parametrize("page", [empty_middle, endless, endless_empty])
def test_damaged_cursor_list_is_incomplete(
    page: t.Callable[[int], dict[str, t.Any]], keys: list[str]
) -> None:
    """A damaged cursor list is incomplete after a few requests."""
    with answering(lambda query: page(int(query.get("cursor", "1")))) as (url, requests):
        config = {
            "api_url": url,
            "requests_per_second": 1000,
            "access_token": "token",
            "advertiser_ids": ["1"],
            "max_retries": 0,
            "custom_streams": [{**ENTRY, "primary_keys": keys}],
        }
        messages = run(config, ["mine"])
    assert messages.failed == [("mine", "1")]
    assert len(requests) <= MAX_REQUESTS
