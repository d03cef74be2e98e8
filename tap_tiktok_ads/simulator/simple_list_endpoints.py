"""The simple list endpoints, each declared by one entry of `SIMPLE_LIST_ENDPOINTS`.

To add an endpoint, add one entry. An endpoint whose owner is `bc_id` belongs in
`business_center_list_endpoints.py`. An example of an entry:

```python
SimpleListEndpoint(
    "/coupon/list/",
    stream="coupons",
    objects=generated("coupons", count=3),
    record=lambda coupon, account: {"coupon_id": coupon.id, "create_time": coupon.created},
    params={"coupon_ids": ids()},
    filters={"coupon_ids": "coupon_id"},
    max_page_size=100,
)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .business_center_list_endpoints import BUSINESS_CENTER_LIST_ENDPOINTS
from .catalog_list_endpoints import CATALOG_LIST_ENDPOINTS
from .measurement_list_endpoints import MEASUREMENT_LIST_ENDPOINTS
from .name_list_endpoints import NAME_LIST_ENDPOINTS
from .records import assets, media_library, shops, split_tests, targeting
from .simple_list_endpoint import SimpleListEndpoint, generated
from .spec.errors import reject
from .spec.facts import ENUMS
from .spec.params import FLAG, ID, TEXT, Param, ids, members, required_members, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .accounts.entities import Account, Asset
    from .simple_list_endpoint import Params

MAX_FILTERED_STORES = 10


def _sort_pixels(pixels: Sequence[Asset], _account: Account, params: Params) -> Sequence[Asset]:
    newest_first = params["order_by"] == "LATEST_CREATE"
    return sorted(pixels, key=lambda pixel: (str(pixel.created), pixel.id), reverse=newest_first)


def _selects_music(music: Asset, _account: Account, params: Params) -> bool:
    """Return True if a music file is for the scene. Every second file is for carousels."""
    return params["music_scene"] == "CREATIVE_ASSET" or int(music.id) % 2 == 1


def _selects_page(page: Asset, _account: Account, params: Params) -> bool:
    """Return True if an instant page has a requested type and was changed in the requested time."""
    if assets.page_type(page) not in (params["business_types"] or [params["business_type"]]):
        return False
    start, end = (params["update_time_range"].get(name) for name in ("start", "end"))
    return (start or "") <= (page.modified or "") <= (end or "9999")


def _check_identity(params: Params) -> None:
    if params["identity_type"] == "BC_AUTH_TT" and params["identity_authorized_bc_id"] is None:
        reject("identity_authorized_bc_id: Missing data; BC_AUTH_TT needs it.")


def _gmv_max_campaigns(account: Account) -> list[tuple[Asset, Asset]]:
    """Return the GMV Max campaigns with their stores, newest first."""
    return [
        (campaign, store)
        for store in account.existing_assets("stores")
        for campaign in account.gmv_max_campaigns(store)
    ][::-1]


def _selects_gmv_max(pair: tuple[Asset, Asset], _account: Account, params: Params) -> bool:
    """Return True if the filters on promotion type and store select a campaign."""
    (campaign, store), filtering = pair, params["filtering"]
    is_of_type = shops.gmv_max_type(campaign) in filtering["gmv_max_promotion_types"]
    return is_of_type and store.id in filtering.get("store_ids", (store.id,))


SIMPLE_LIST_ENDPOINTS = (
    SimpleListEndpoint(
        "/dmp/custom_audience/list/",
        stream="custom_audiences",
        objects=lambda account: account.audiences,
        record=assets.audience,
        params={"custom_audience_ids": ids()},
        filters={"custom_audience_ids": "audience_id"},
        max_page_size=100,
    ),
    SimpleListEndpoint(
        "/dmp/saved_audience/list/",
        stream="saved_audiences",
        objects=generated("saved_audiences"),
        record=assets.saved_audience,
        member="saved_audiences",
        params={"saved_audience_ids": ids()},
        filters={"saved_audience_ids": "saved_audience_id"},
        max_page_size=100,
    ),
    SimpleListEndpoint(
        "/pangle_audience_package/get/",
        stream="pangle_audience_packages",
        objects=generated("pangle_packages", count=3),
        record=lambda package, _account: {
            "package_id": package.id,
            "package_name": f"Package {package.number + 1}",
            "bind_type": ("INCLUDE", "EXCLUDE")[package.number % 2],
        },
        member="packages",
    ),
    SimpleListEndpoint(
        "/pixel/list/",
        stream="pixels",
        objects=lambda account: account.pixels,
        record=assets.pixel,
        member="pixels",
        params={
            "pixel_id": ID,
            "code": TEXT,
            "name": TEXT,
            "order_by": Param(default="EARLIEST_CREATE", enum=("EARLIEST_CREATE", "LATEST_CREATE")),
            "filtering": members(available_for_catalog_only=FLAG),
        },
        filters={"pixel_id": "pixel_id", "code": "pixel_code", "name": "pixel_name"},
        sort=_sort_pixels,
        max_page_size=20,
    ),
    SimpleListEndpoint(
        "/file/video/ad/search/",
        stream="video_creatives",
        objects=lambda account: media_library.library(account, "videos"),
        record=assets.video,
        params={
            "filtering": members(
                video_ids=strings(100),
                material_ids=strings(20),
                video_name=TEXT,
                video_material_sources=strings(),
                displayable=FLAG,
                width=Param("integer"),
                height=Param("integer"),
                ratio=Param("array"),
            ),
            "sort_field": Param(default="CREATE_TIME", enum=("CREATE_TIME", "MODIFY_TIME")),
        },
        selects=media_library.selects_video,
        sort=media_library.sort_videos,
        max_page_size=100,
        default_page_size=20,
    ),
    SimpleListEndpoint(
        "/file/image/ad/search/",
        stream="image_creatives",
        objects=lambda account: media_library.library(account, "images"),
        record=assets.image,
        params={
            "filtering": members(
                image_ids=strings(100),
                material_ids=strings(100),
                width=Param("integer"),
                height=Param("integer"),
                ratio=Param("array"),
                displayable=FLAG,
            ),
        },
        selects=media_library.selects_image,
        max_page_size=100,
        default_page_size=20,
    ),
    SimpleListEndpoint(
        "/file/music/get/",
        stream="music_creatives",
        objects=generated("music"),
        record=assets.music,
        member="musics",
        params={
            "music_scene": Param(
                default="CREATIVE_ASSET",
                enum=("CREATIVE_ASSET", "CAROUSEL_ADS", "CATALOG_CAROUSEL"),
            ),
        },
        selects=_selects_music,
        max_page_size=1000,
        default_page_size=1000,
    ),
    SimpleListEndpoint(
        "/creative/portfolio/list/",
        stream="creative_portfolios",
        objects=generated("portfolios"),
        record=assets.portfolio,
        member="creative_portfolios",
        params={
            "filtering": members(
                creative_portfolio_ids=ids(),
                creative_portfolio_types=strings(enum=ENUMS["portfolio_types"]),
            ),
        },
        filters={
            "filtering.creative_portfolio_ids": "creative_portfolio_id",
            "filtering.creative_portfolio_types": "creative_portfolio_type",
        },
        max_page_size=100,
        default_page_size=20,
    ),
    SimpleListEndpoint(
        "/tt_video/list/",
        stream="spark_ads",
        objects=generated("posts"),
        record=assets.post,
        params={"item_types": strings(enum=("VIDEO", "CAROUSEL"))},
        filters={"item_types": "item_info.item_type"},
        max_page_size=50,
        default_page_size=20,
    ),
    SimpleListEndpoint(
        "/identity/get/",
        stream="identities",
        objects=generated("identities"),
        record=assets.identity,
        member="identity_list",
        params={
            "identity_type": Param(enum=("CUSTOMIZED_USER", "AUTH_CODE", "TT_USER", "BC_AUTH_TT")),
            "identity_authorized_bc_id": ID,
        },
        check=_check_identity,
        filters={"identity_type": "identity_type"},
        max_page_size=100,
        default_page_size=20,
    ),
    SimpleListEndpoint(
        "/page/get/",
        stream="instant_pages",
        objects=generated("instant_pages"),
        record=assets.instant_page,
        params={
            "business_type": Param(default="LEAD_GEN", enum=ENUMS["page_types"]),
            "business_types": strings(enum=ENUMS["page_types"]),
            "update_time_range": members(
                start=Param("datetime", required=True), end=Param("datetime", required=True)
            ),
        },
        selects=_selects_page,
        max_page_size=100,
    ),
    SimpleListEndpoint(
        "/playable/get/",
        stream="playables",
        objects=generated("playables"),
        record=assets.playable,
        params={
            "playable_id": ID,
            "playable_url": TEXT,
            "playable_name": TEXT,
            "status": Param(enum=ENUMS["playable_statuses"]),
            "operation_status": Param(default="SAVED", enum=("UPLOADED", "SAVED", "DELETED")),
        },
        filters={
            "playable_id": "playable_id",
            "playable_url": "playable_url",
            "playable_name": "playable_name",
            "status": "status",
            "operation_status": "operation_status",
        },
        max_page_size=500,
    ),
    SimpleListEndpoint(
        "/optimizer/rule/list/",
        stream="automated_rules",
        objects=generated("rules"),
        record=assets.rule,
        member="rules",
        params={
            "filtering": members(
                status=Param(enum=("ON", "OFF", "DELETED")),
                rule_info=strings(),
                data_dimension=Param(enum=("CAMPAIGN", "ADGROUP", "AD")),
                action=TEXT,
                time=strings(),
            ),
            "tzone": Param(default="UTC"),
        },
        filters={"filtering.status": "rule_status"},
        max_page_size=100,
    ),
    SimpleListEndpoint(
        "/campaign_label/get/",
        stream="campaign_labels",
        objects=generated("campaign_labels", count=3),
        record=split_tests.campaign_label,
        params={
            "campaign_label_ids": ids(50),
            "campaign_label_names": strings(10),
            "campaign_label_types": strings(enum=("GENERAL", "MARKETING_EVENT")),
        },
        filters={
            "campaign_label_ids": "campaign_label_id",
            "campaign_label_types": "campaign_label_type",
        },
        max_page_size=1000,
    ),
    SimpleListEndpoint(
        "/app/list/",
        stream="apps",
        objects=generated("apps"),
        record=assets.app,
        member="apps",
        params={"app_platform_ids": strings()},
        filters={"app_platform_ids": "app_platform_id"},
    ),
    SimpleListEndpoint(
        "/store/list/",
        stream="stores",
        objects=generated("stores"),
        record=shops.store,
        member="stores",
    ),
    SimpleListEndpoint(
        "/gmv_max/store/list/",
        stream="gmv_max_stores",
        objects=generated("stores"),
        record=shops.gmv_max_store,
        member="store_list",
    ),
    SimpleListEndpoint(
        "/gmv_max/campaign/get/",
        stream="gmv_max_campaigns",
        objects=_gmv_max_campaigns,
        record=lambda pair, account: shops.gmv_max_campaign(pair[0], account),
        params={
            "filtering": required_members(
                gmv_max_promotion_types=Param(
                    "array", required=True, low=1, high=2, item=Param(enum=shops.GMV_MAX_TYPES)
                ),
                store_ids=ids(MAX_FILTERED_STORES),
                campaign_ids=ids(),
                campaign_name=TEXT,
            ),
        },
        filters={"filtering.campaign_ids": "campaign_id"},
        text_filters={"filtering.campaign_name": "campaign_name"},
        selects=_selects_gmv_max,
        max_page_size=100,
    ),
    SimpleListEndpoint(
        "/tool/targeting/search/",
        method="POST",
        objects=lambda _account: list(targeting.COUNTRIES.items()),
        record=lambda country, _account: targeting.country_tag(*country),
        member="targeting_tag_list",
        params={
            "placements": Param("array", required=True, item=TEXT),
            "objective_type": Param(required=True),
            "keywords": Param("array", required=True, low=1, high=1, item=TEXT),
            "search_type": Param(required=True, enum=("FUZZY_SEARCH",)),
        },
        selects=lambda country, _account, params: (
            params["keywords"][0].casefold() in country[1].casefold()
        ),
    ),
    *BUSINESS_CENTER_LIST_ENDPOINTS,
    *NAME_LIST_ENDPOINTS,
    *MEASUREMENT_LIST_ENDPOINTS,
    *CATALOG_LIST_ENDPOINTS,
)
"""All simple list endpoints.

An endpoint whose maximum page size is undocumented has the maximum of similar endpoints.
"""
