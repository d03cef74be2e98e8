"""Endpoints of leads and of the change log, whose tasks make files."""

from __future__ import annotations

import typing as t

from .endpoint_types import ADVERTISER, ID, TEXT, TIME, Endpoint, texts
from .parameters import one_of

if t.TYPE_CHECKING:
    from .parameters import Type

TASK: dict[str, Type] = {**ADVERTISER, "task_id!": ID}
FILE_TASKS = (
    Endpoint(
        "POST",
        "/page/lead/task/",
        "go page/lead/task",
        {"advertiser_id": ID, "library_id": ID, "ad_id": ID, "page_id": ID, "task_id": ID},
    ),
    Endpoint(
        "GET",
        "/page/lead/task/download/",
        "1739053563877378, go page/lead/task_download",
        {"advertiser_id": ID, "library_id": ID, "task_id!": ID},
    ),
    Endpoint("GET", "/page/field/get/", "go page/field/get", {**ADVERTISER, "page_id!": ID}),
    Endpoint(
        "POST",
        "/changelog/task/create/",
        "go changelog/task_create",
        {
            **ADVERTISER,
            "start_time": TIME,
            "end_time": TIME,
            "timezone": TEXT,
            "module": one_of("BIDDING_AND_OPTIMIZATION BUDGET STATUS TARGETING"),
            "object_ids": texts(),
            "object_type": one_of("AD ADGROUP ADVERTISER CAMPAIGN INSTANT_FORM"),
            "operation_types": texts(
                "CREATE AUDIT STATUS UPDATE DELETE DOWNLOAD_LEADS SUBSCRIBE_FORM UNSUBSCRIBE_FORM"
            ),
            "order_fields": texts(),
        },
    ),
    Endpoint("GET", "/changelog/task/check/", "go changelog/task_check", TASK),
    Endpoint("GET", "/changelog/task/download/", "1739924165710849", TASK),
)
