"""The declaration of simple list endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tap_tiktok_ads.simulator import World
from tap_tiktok_ads.simulator.handlers.api import Api
from tap_tiktok_ads.simulator.handlers.lists import list_handler
from tap_tiktok_ads.simulator.simple_list_endpoint import SimpleListEndpoint, generated
from tap_tiktok_ads.simulator.simple_list_endpoints import SIMPLE_LIST_ENDPOINTS
from tap_tiktok_ads.simulator.spec.errors import ApiError
from tap_tiktok_ads.simulator.spec.params import ids as ids_param

from .helpers import TODAY

COUPONS = SimpleListEndpoint(
    "/coupon/list/",
    stream="coupons",
    objects=generated("coupons", count=3),
    record=lambda coupon, account: {"coupon_id": coupon.id, "advertiser_id": account.id},
    member="coupons",
    params={"coupon_ids": ids_param()},
    filters={"coupon_ids": "coupon_id"},
    max_page_size=2,
)


def read(world: World, **params: str) -> dict[str, Any]:
    """Return the data of the new endpoint for the first advertiser."""
    parsed = COUPONS.definition.read({"advertiser_id": world.advertiser_ids[0], **params})
    data: dict[str, Any] = list_handler(COUPONS)(Api(world), parsed).data
    return data


def test_simple_list_endpoint_serves_pages() -> None:
    """A simple list endpoint with its own kind has objects, pages, filters and a count."""
    world = World({"today": TODAY})
    pages = [read(world, page=page, page_size="2") for page in ("1", "2")]
    ids = [record["coupon_id"] for page in pages for record in page["coupons"]]
    assert len(set(ids)) == 3
    assert pages[0]["page_info"]["total_number"] == 3
    (coupon,) = read(world, coupon_ids=f'["{ids[2]}"]')["coupons"]
    assert coupon == {"coupon_id": ids[2], "advertiser_id": world.advertiser_ids[0]}
    assert COUPONS.count(world.accounts[world.advertiser_ids[0]], lambda _: True) == 3


def test_simple_list_endpoint_rejects_invalid_parameters() -> None:
    """A simple list endpoint declares its maximum page size and its parameters."""
    world = World({"today": TODAY})
    with pytest.raises(ApiError, match="page_size: Must be less than or equal to 2"):
        read(world, page_size="3")
    with pytest.raises(ApiError, match="coupon_id: Unknown field"):
        read(world, coupon_id="1")


@pytest.mark.parametrize(
    "list_endpoint", SIMPLE_LIST_ENDPOINTS, ids=lambda list_endpoint: list_endpoint.path
)
def test_simple_list_endpoint_filters_are_endpoint_parameters(
    list_endpoint: SimpleListEndpoint,
) -> None:
    """Every filter of a simple list endpoint names one of its parameters."""
    for path in (*list_endpoint.filters, *list_endpoint.text_filters):
        name, _, member = path.partition(".")
        assert not member or member in list_endpoint.definition.params[name].keys
        assert name in list_endpoint.definition.params
