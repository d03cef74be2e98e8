"""Simple list endpoints of Business Centers, declared like the rows of `shelves.py`."""

from __future__ import annotations

from .records import business_centers
from .shelf import Shelf
from .spec.facts import ENUMS
from .spec.params import DAY, ID, TEXT, Param, members, strings

BUSINESS_CENTER_SHELVES = (
    Shelf(
        "/bc/get/",
        stream="business_centers",
        owner="",
        objects=lambda world: list(world.centers.values()),
        record=lambda center, _world: business_centers.business_center(center),
        params={
            "bc_id": ID,
            "scene": Param(default="SINGLE_ACCOUNT", enum=("SINGLE_ACCOUNT", "TIERED_ACCOUNT")),
            "filtering": members(
                keyword=TEXT,
                keyword_type=Param(enum=("ASSET", "MEMBER", "PARTNER", "TIER")),
                relation_type=Param(enum=("CHILD", "PARENT")),
            ),
        },
        filters={"bc_id": "bc_info.bc_id"},
        text_filters={"filtering.keyword": "bc_info.name"},
        max_page_size=50,
    ),
    Shelf(
        "/bc/asset/get/",
        stream="bc_advertisers",
        counted={"asset_type": "ADVERTISER"},
        owner="bc_id",
        objects=business_centers.assets,
        record=lambda asset, _center: asset,
        params={
            "asset_type": Param(required=True, enum=ENUMS["asset_types"]),
            "child_bc_id": ID,
            "filtering": members(keyword=TEXT, user_email=TEXT, user_id=TEXT),
        },
        filters={"asset_type": "asset_type"},
        text_filters={"filtering.keyword": "asset_name"},
        max_page_size=50,
    ),
    Shelf(
        "/advertiser/balance/get/",
        stream="bc_advertiser_balances",
        owner="bc_id",
        objects=lambda center: center.accounts,
        record=lambda account, _center: business_centers.balance(account),
        member="advertiser_account_list",
        max_page_size=50,
    ),
    Shelf(
        "/advertiser/transaction/get/",
        stream="advertiser_transactions",
        owner="bc_id",
        objects=lambda center: center.advertiser_transactions,
        record=lambda pair, _center: business_centers.advertiser_transaction(*pair),
        member="transaction_list",
        params={"filtering": members(start_date=DAY, end_date=DAY)},
        date_of=lambda pair: pair[1].time,
        max_page_size=50,
    ),
    Shelf(
        "/bc/transaction/get/",
        stream="bc_transactions",
        owner="bc_id",
        objects=lambda center: center.transactions,
        record=lambda transaction, _center: business_centers.center_transaction(transaction),
        params={
            "filtering": members(funds_type=strings(enum=("FUNDS_TYPE_CASH", "FUNDS_TYPE_GRANT"))),
            "start_date": DAY,
            "end_date": DAY,
        },
        filters={"filtering.funds_type": "funds_type"},
        date_of=lambda transaction: transaction.time,
        max_page_size=50,
    ),
    Shelf(
        "/catalog/get/",
        stream="catalogs",
        owner="bc_id",
        objects=lambda center: center.catalogs,
        record=business_centers.catalog,
        params={"catalog_id": ID},
        filters={"catalog_id": "catalog_id"},
        max_page_size=100,
    ),
)
"""Every simple list endpoint that a Business Center owns, and the list of the Business Centers."""
