"""Where ads can be aimed: searches for places, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.spec.endpoints import (
    BATCH_REGIONS,
    OBJECTIVES_WITHOUT_PROMOTION,
    SEARCHES,
)
from tap_tiktok_ads.simulator.spec.errors import refuse
from tap_tiktok_ads.simulator.spec.params import strings

from .api import Answer, Api, Handler, Params

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.world.places import Place


def _need(params: Params, *names: str) -> None:
    for name in names:
        if params[name] is None:
            refuse(f"{name}: Missing data for required field.")


def _check_settings(params: Params) -> None:
    """Refuse settings of an ad group that need others."""
    if params["objective_type"] not in OBJECTIVES_WITHOUT_PROMOTION:
        _need(params, "promotion_type")
    if params["brand_safety_type"] == "THIRD_PARTY":
        _need(params, "brand_safety_partner")


def _tag(place: Place, params: Params) -> dict[str, Any]:
    """Return the tag of a place; postcodes are for ads on TikTok only."""
    on_tiktok = "PLACEMENT_TIKTOK" in (params["placements"] or ())
    return place.tag(supported=on_tiktok or place.kind != "ZIP_CODE")


def _targeting_search(api: Api, params: Params) -> Answer:
    api.account(params)
    _check_settings(params)
    search = SEARCHES[params["search_type"]]
    strings(search.keywords).check("keywords", params["keywords"])
    kinds = params["geo_types"] or list(search.geo_types)
    strings(enum=search.geo_types).check("geo_types", kinds)
    regions = params["region_codes"]
    if search.batch:
        _need(params, "region_codes")
        strings(enum=BATCH_REGIONS).check("region_codes", regions)
    found: list[tuple[str, Place]] = []
    for keyword in params["keywords"]:
        places = api.world.places.search(keyword, kinds, regions)
        if params["search_type"] == "BATCH_ZIPCODE_SEARCH":
            places = [place for place in places if place.name == keyword]
        found += [(keyword, place) for place in places[: search.results]]
    tags = [{"keyword": keyword, **_tag(place, params)} for keyword, place in found]
    return Answer(_with_parents(api, tags, [place for _, place in found]))


def _targeting_info(api: Api, params: Params) -> Answer:
    api.account(params)
    if params["scene"] == "GEO":
        _need(params, "placements", "objective_type")
        _check_settings(params)
    known = api.world.places.by_id
    names = dict.fromkeys(params["targeting_ids"])
    found = [known[name] for name in names if name in known]
    found = [place for place in found if (place.kind == "ISP") == (params["scene"] == "ISP")]
    tags = [_tag(place, params) for place in found]
    around = [] if params["scene"] == "ISP" else found
    return Answer(_with_parents(api, tags, around))


def _with_parents(api: Api, tags: list[Any], places: list[Place]) -> dict[str, Any]:
    parents = [place.tag() for place in api.world.places.around(places)]
    return {"targeting_tag_list": tags, "parent_tags": parents}


HANDLERS: dict[str, Handler] = {
    "/tool/targeting/search/": _targeting_search,
    "/tool/targeting/info/": _targeting_info,
}
