"""The contents of product catalogs: products, sets, feeds and diagnoses."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    RejectableSource,
    SourceColumn,
    add_lookup_value,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task

#: TikTok returns the first products of a catalog only.
PRODUCT_LIST_CAP = 100_000


class CatalogStream(DependentStream):
    """Records of each catalog of each Business Center."""

    per_advertiser = False
    source_column = SourceColumn(
        "catalogs.catalog_id", parameter="catalog_id", also={"bc_id": "bc_id"}
    )
    source_class = RejectableSource


class CatalogProducts(CatalogStream):
    """One record per product of each catalog, with its availability, price and review.

    TikTok returns the first 100,000 products of a catalog. The schema lacks the details of hotels,
    flights, vehicles and other catalogs. Records contain them, as TikTok sends them. The fields
    come from a third-party SDK.
    """

    name = "catalog_products"
    path = "/catalog/product/get/"
    permission = "910 Read Products"
    primary_keys = ("bc_id", "catalog_id", "product_id")
    page_size = 500
    objects_can_vanish = True
    list_cap = PRODUCT_LIST_CAP


class CatalogSets(CatalogStream):
    """One record per product set of each catalog, with its conditions and number of products.

    The fields come from a third-party SDK.
    """

    name = "catalog_sets"
    path = "/catalog/set/get/"
    permission = "920 Get Catalog Set"
    primary_keys = ("bc_id", "catalog_id", "product_set_id")


def without_credentials(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw feed without user name and password of its source."""
    schedule = raw.get("last_update_param")
    source = schedule.get("source") if isinstance(schedule, dict) else None
    if isinstance(source, dict):
        raw["last_update_param"] = {
            **t.cast("Record", schedule),
            "source": {name: source[name] for name in ("uri",) if name in source},
        }
    return add_lookup_value(raw, task)


class CatalogFeeds(CatalogStream):
    """One record per feed of each catalog, with its schedule.

    User name and password of a feed are never written. The fields come from a third-party SDK.
    """

    name = "catalog_feeds"
    path = "/catalog/feed/get/"
    permission = "970 Get Feed"
    primary_keys = ("bc_id", "catalog_id", "feed_id")
    records_field = "feed_list"
    flatten = staticmethod(without_credentials)


def add_issue_field(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the raw issue with the product field that it concerns, which can be missing."""
    raw["issue_product_field"] = raw.get("issue_product_field") or EMPTY_KEY
    return add_lookup_value(raw, task)


class CatalogDiagnostics(CatalogStream):
    """One record per issue that TikTok found in a catalog, with affected products and advice.

    The issues of all feeds of a catalog are requested. The fields come from a third-party SDK.
    """

    name = "catalog_diagnostics"
    path = "/diagnostic/catalog/"
    permission = "Diagnostic (number not documented)"
    primary_keys = ("bc_id", "catalog_id", "issue_id", "issue_product_field")
    records_field = "issues"
    page_size = 20
    flatten = staticmethod(add_issue_field)

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {"feed_id": "ALL"}
