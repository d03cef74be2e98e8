"""Messages about damaged responses."""

from __future__ import annotations

import typing as t

import pytest

from tap_tiktok_ads.api.errors import DamagedResponseError
from tap_tiktok_ads.api.messages import Request, Response
from tap_tiktok_ads.extract.source import check_list

REQUEST = Request("/ad/get/", {"advertiser_id": "7", "page": 1, "page_size": 1000})
PAGE_INFO = {"page": 1, "page_size": 1000, "total_number": 1234, "total_page": 2}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"list": [], "page_info": PAGE_INFO},
            "expected records on page 1, because the list has 1,234 in total, got none.",
        ),
        (
            {"list": {"rows": []}, "page_info": PAGE_INFO},
            "expected an array of objects at data.list, got an object.",
        ),
        (
            {"list": ["1"], "page_info": PAGE_INFO},
            "expected an object at data.list[0], got a string.",
        ),
        ({"list": []}, "expected an object at data.page_info, got null or nothing."),
        (
            {"list": [], "page_info": []},
            "expected an object at data.page_info, got an empty array.",
        ),
        (
            {"list": [], "page_info": "1"},
            "expected an object at data.page_info, got a string.",
        ),
    ],
)
def test_message_names_expected_and_received(data: dict[str, t.Any], expected: str) -> None:
    """The message names the endpoint, advertiser, request, expected and received value."""
    with pytest.raises(DamagedResponseError) as failure:
        check_list(REQUEST, Response(data, request_id="2026"))
    assert str(failure.value) == (
        f"Damaged response of /ad/get/ for advertiser 7: {expected} (request_id 2026)"
    )
