"""The simple list endpoints of the contents of catalogs.

`simple_list_endpoints.py` describes how to declare one.
"""

from __future__ import annotations

from typing import Any

from .records import catalogs
from .simple_list_endpoint import SimpleListEndpoint
from .spec.params import FLAG, ID, REQUIRED_ID, TEXT, Param, ids, members, strings

MAX_PRODUCT_IDS = 1000


def _contents(path: str, stream: str, count: int, record: Any, **facts: Any) -> SimpleListEndpoint:
    """Return a list endpoint with the contents of one catalog of a Business Center."""
    params = {"catalog_id": REQUIRED_ID, **facts.pop("params", {})}
    return SimpleListEndpoint(
        path,
        stream=stream,
        owner="bc_id",
        objects=catalogs.numbered(count),
        record=record,
        params=params,
        selects=lambda entry, _center, params: entry[0].id == params["catalog_id"],
        **facts,
    )


CATALOG_LIST_ENDPOINTS = (
    _contents(
        "/catalog/product/get/",
        "catalog_products",
        3,
        catalogs.product,
        params={
            "product_ids": ids(MAX_PRODUCT_IDS),
            "sku_ids": strings(MAX_PRODUCT_IDS),
            "product_set_ids": ids(),
            "order": members(),
            "conditions": members(),
        },
        filters={"product_ids": "product_id", "sku_ids": "sku_id"},
        max_page_size=500,
    ),
    _contents(
        "/catalog/set/get/",
        "catalog_sets",
        2,
        catalogs.product_set,
        params={"product_set_id": ID, "return_product_count": FLAG},
        filters={"product_set_id": "product_set_id"},
    ),
    _contents(
        "/catalog/feed/get/",
        "catalog_feeds",
        2,
        catalogs.feed,
        member="feed_list",
        params={"feed_id": ID},
        filters={"feed_id": "feed_id"},
    ),
    _contents(
        "/diagnostic/catalog/",
        "catalog_diagnostics",
        2,
        catalogs.issue,
        member="issues",
        params={
            "feed_id": TEXT,
            "filtering": members(
                issue_level=Param(enum=("CRITICAL", "WARNING")),
                issue_category=TEXT,
            ),
            "lang": TEXT,
        },
        filters={
            "filtering.issue_level": "issue_level",
            "filtering.issue_category": "issue_category",
        },
        max_page_size=20,
    ),
)
"""The endpoints of the contents of catalogs."""
