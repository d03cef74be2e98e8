"""Lists that change or lack records, errors of a stream, and deletions."""

from __future__ import annotations

import typing as t

from golden.collector import error_cases, simulated

CAMPAIGNS = "/campaign/get/"
ALL: dict[str, t.Any] = {"times": None}


def failed(code: int, path: str = CAMPAIGNS, **arguments: t.Any) -> tuple[str, dict[str, t.Any]]:
    """Return a fault: each request of a path fails with a return code."""
    return "code", {"path": path, "code": code, "message": "Out of order.", **ALL, **arguments}


error_cases(
    "Lists and completeness",
    {
        "a list that lacks a record": simulated(
            ["campaigns"], ("drop_row", {"path": CAMPAIGNS, **ALL})
        ),
        "a total that is too high": simulated(["campaigns"], ("total", {"path": CAMPAIGNS, **ALL})),
        "a page that repeats": simulated(
            ["audiences"], ("shift", {"path": "/dmp/custom_audience/list/", "page": 2, **ALL})
        ),
        "a page without page_info": simulated(
            ["campaigns"], ("no_page_info", {"path": CAMPAIGNS, **ALL})
        ),
        "an object in place of a list": simulated(
            ["campaigns"], ("shape", {"path": CAMPAIGNS, **ALL})
        ),
        "a stream without permission": simulated(["campaigns"], failed(40001)),
        "an error with on_error fail": simulated(["campaigns"], failed(77777)),
        "an error with on_error skip": simulated(
            ["campaigns", "pixels"], failed(77777, times=None), on_error="skip"
        ),
        "retries in vain with on_error skip": simulated(
            ["campaigns"], failed(50002), on_error="skip"
        ),
        "a request that is too large": simulated(
            ["ad_performance_report"], failed(40067, "/report/integrated/get/", times=1)
        ),
        "Promote campaigns are rejected": simulated(
            ["campaigns"], failed(40002, containing="TT_CUSTOM_PROMOTE")
        ),
        "the ID of an app is missing": simulated(["authorized_advertisers"], app_id=None),
    },
)
