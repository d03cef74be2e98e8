"""Endpoints of split tests and labels, and of costs, budgets, balances and invoices."""

from __future__ import annotations

from .endpoint_types import ADVERTISER, CENTER, DATE, ID, TEXT, TIME, Endpoint, ids, pages, texts
from .parameters import Array, Object, one_of

#: Third-party types that were generated from TikTok's pages. No page is at hand.
TYPES = "third-party types"
MONEY = (
    Endpoint("GET", "/split_test/result/get/", TYPES, {**ADVERTISER, "split_test_group_id!": ID}),
    Endpoint(
        "GET",
        "/campaign_label/get/",
        "1851286489283585",
        {
            **ADVERTISER,
            **pages(1000),
            "campaign_label_ids": ids(50),
            "campaign_label_names": Array(TEXT, 10),
            "campaign_label_types": texts("GENERAL MARKETING_EVENT"),
        },
    ),
    Endpoint(
        "GET",
        "/bc/account/cost/get/",
        "go bc/account_cost_get",
        {
            **CENTER,
            **pages(50),
            "filtering": Object({"keyword": TEXT, "start_date": DATE, "end_date": DATE}),
        },
    ),
    Endpoint(
        "GET",
        "/bc/account/budget/changelog/get/",
        "go bc/account_budget_changelog_get",
        {
            **CENTER,
            **ADVERTISER,
            **pages(50),
            "filtering": Object({"start_date": DATE, "end_date": DATE}),
        },
    ),
    Endpoint(
        "GET",
        "/bc/balance/get/",
        "yml bc_balance_get",
        {**CENTER, "child_bc_id": ID, "payment_portfolio_id": ID},
    ),
    Endpoint(
        "GET",
        "/bc/invoice/get/",
        TYPES,
        {
            **CENTER,
            **pages(None),
            "invoice_id": TEXT,
            "invoice_title": TEXT,
            "invoice_types!": Array(one_of("RECON CREDIT AUTO_PAY")),
            "pay_statuses": texts("UNPAID PAID PARTIAL_PAID NO_NEED"),
            "start_time": TIME,
            "end_time": TIME,
        },
    ),
)
