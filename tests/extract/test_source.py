"""Tests of the errors that a source skips."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.errors import ApiError, PermissionDeniedError, RejectedRequestError
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.source import Source


@pytest.mark.parametrize(
    ("kind", "code", "page", "optional", "is_skipped"),
    [
        pytest.param(PermissionDeniedError, 40001, 1, False, True, id="denied"),
        pytest.param(RejectedRequestError, 40002, 1, False, False, id="rejected"),
        pytest.param(RejectedRequestError, 40002, 1, True, True, id="rejected optional list"),
        pytest.param(RejectedRequestError, 40002, 2, True, False, id="rejected second page"),
        pytest.param(RejectedRequestError, 40067, 1, True, False, id="too large"),
        pytest.param(RejectedRequestError, 40006, 2, False, True, id="tolerated code"),
    ],
)
def test_source_skips_expected_errors(
    kind: type[ApiError], code: int, page: int, optional: bool, is_skipped: bool
) -> None:
    """A source skips denied lists, tolerated codes and rejected optional first pages."""
    source = Source("ads", tolerated_codes=frozenset({40006}))
    task = Task(Request("/ad/get/", {"page": page}), optional=optional)
    error = kind(code, "Invalid", "r1", "/ad/get/")
    assert source.is_skippable(task, error) is is_skipped
