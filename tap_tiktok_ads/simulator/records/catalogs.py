"""Records of products, product sets, feeds and diagnoses of catalogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_tiktok_ads.simulator.pseudorandom import mix, pick

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.simulator.accounts.business_centers import BusinessCenter
    from tap_tiktok_ads.simulator.accounts.entities import Asset

    from .values import Record

    Entries = Callable[[BusinessCenter], list[tuple[Asset, int]]]


def numbered(count: int) -> Entries:
    """Return a function that returns each catalog of a center with the numbers of its objects."""
    return lambda center: [
        (catalog, number) for catalog in center.catalogs for number in range(count)
    ]


def _id(catalog: Asset, kind: int, number: int) -> str:
    return str(77 * 10**17 + mix(catalog.key, kind, number) % 10**17)


def product(entry: tuple[Asset, int], _center: BusinessCenter) -> Record:
    """Return a product as in `/catalog/product/get/`."""
    catalog, number = entry
    return {
        "audit": {"audit_status": pick(("approved", "processing"), number)},
        "ad_creation_eligible": "AVAILABLE",
        "active_status": "ACTIVATED",
        "sku_id": f"sku-{number}",
        "product_id": _id(catalog, 90, number),
        "title": f"Schuh “{number}” 👟",
        "description": "Shoe",
        "availability": pick(("IN_STOCK", "OUT_OF_STOCK"), number),
        "image_url": f"https://example.com/{number}.jpg",
        "additional_image_urls": [],
        "brand": "TikTok",
        "item_group_id": "group",
        "price": {"price": 30 + number, "currency": "USD", "sale_price": 20.5},
        "landing_page": {"landing_page_url": f"https://example.com/{number}"},
        "extra_info": {"custom_label_0": "new"},
        "image_status": "SUCCESS",
    }


def product_set(entry: tuple[Asset, int], _center: BusinessCenter) -> Record:
    """Return a product set as in `/catalog/set/get/`."""
    catalog, number = entry
    condition = {"field": "brand", "operation": "EQ", "value": "TikTok"}
    return {
        "product_set_id": _id(catalog, 91, number),
        "product_set_name": f"Set {number + 1}",
        "catalog_id": catalog.id,
        "product_count": 3,
        "conditions": {"and": [condition]},
    }


def feed(entry: tuple[Asset, int], _center: BusinessCenter) -> Record:
    """Return a feed as in `/catalog/feed/get/`, with the credentials of its source."""
    catalog, number = entry
    source = {"uri": "https://example.com/feed.csv", "username": "shop", "password": "open sesame"}
    return {
        "feed_id": _id(catalog, 92, number),
        "feed_name": f"Feed {number + 1}",
        "status": pick(("ON", "OFF"), number),
        "last_update_param": {
            "source": source,
            "uri": source["uri"],
            "interval_type": "DAILY",
            "interval_count": 1,
            "timezone": "Africa/Accra",
            "hour": 3,
            "minute": 30,
        },
        "next_update_time": "2026-12-01 03:30:00",
        "number_of_products": 3,
    }


def issue(entry: tuple[Asset, int], _center: BusinessCenter) -> Record:
    """Return an issue as in `/diagnostic/catalog/`. Issues of the catalog have no field."""
    catalog, number = entry
    return {
        "issue_id": str(1000 + number),
        "issue_title": "Missing image",
        "reason_and_suggestion": "Add an image.",
        "issue_level": pick(("CRITICAL", "WARNING"), number),
        "issue_category": pick(("PRODUCT_ATTRIBUTES", "CATALOG"), number),
        "issue_product_field": "image_url" if number % 2 == 0 else "",
        "affected_product_count": 1,
        "affected_product_percentage": 33.3,
        "example_affected_products": [
            {"product_id": _id(catalog, 90, 0), "sku_id": "sku-0", "title": "Schuh"}
        ],
    }
