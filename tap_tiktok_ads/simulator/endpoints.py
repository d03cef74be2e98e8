"""What each endpoint answers: one small function per path."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from . import records, reports
from .counts import LIBRARY_LIMIT
from .entities import (
    AUCTION,
    PROMOTE,
    REACH_FREQUENCY,
    TOP_VIEW,
    Ad,
    AdGroup,
    Asset,
    Campaign,
    SmartAd,
)
from .errors import (
    APP_UNKNOWN,
    AUTH_CODE_WRONG,
    NOT_ALLOWED,
    SECRET_WRONG,
    ApiError,
    no_permission,
    refuse,
)
from .facts import RECORDS
from .spec import BATCH_REGIONS, OBJECTIVES_WITHOUT_PROMOTION, SEARCHES, strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .account import Account
    from .places import Place
    from .world import World

ACCESS_TOKEN = "simulator-access-token"  # noqa: S105
AUTH_CODE = "simulator-auth-code"
APP_ID = "7300000000000000042"
APP_SECRET = "simulator-app-secret"  # noqa: S105
TOP_VIEW_PAGE = 100
REMEMBERED = 32
SCOPE = (30, 44, 100, 200, 210, 220, 600, 610, 800, 7050363942434029569)
"""Permissions of the token: audiences, reports, account, campaigns, ad groups, ads, media, pixels,
and diagnosis, whose number is beyond what a double holds."""

Params: TypeAlias = dict[str, Any]
Object: TypeAlias = Campaign | AdGroup | Ad | SmartAd
T = TypeVar("T")


@dataclass
class Answer:
    """The `data` of an envelope, and response headers if any."""

    data: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """The endpoints over one world."""

    def __init__(self, world: World) -> None:
        """Keep the world; remember the last lists and reports for paging."""
        self.world = world
        self._kept: OrderedDict[Any, Any] = OrderedDict()
        self._auth_codes = {AUTH_CODE}
        self._lock = threading.Lock()

    def answer(self, path: str, params: Params) -> Answer:
        """Return the answer to checked parameters of a known path."""
        return _HANDLERS[path](self, params)

    def account(self, params: Params) -> Account:
        """Return the account of `advertiser_id` if the token may read it."""
        name = params["advertiser_id"]
        if not self.world.granted(name):
            raise no_permission(name)
        return self.world.accounts[name]

    def spend(self, auth_code: str) -> bool:
        """Use an authorization code up; return whether it was valid."""
        with self._lock:
            valid = auth_code in self._auth_codes
            self._auth_codes.discard(auth_code)
        return valid

    def remembered(self, key: Any, make: Callable[[], T]) -> T:
        """Return what was made for a key in this state of the world."""
        key = (self.world.version, key)
        with self._lock:
            found: T | None = self._kept.pop(key, None)
            if found is None:
                found = make()
            self._kept[key] = found
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        return found


def _info(params: Params, total: int) -> dict[str, int]:
    size = params["page_size"]
    return {
        "page": params["page"],
        "page_size": size,
        "total_number": total,
        "total_page": -(-total // size),
    }


def _slice(params: Params) -> slice:
    start = (params["page"] - 1) * params["page_size"]
    return slice(start, start + params["page_size"])


def _page(
    params: Params, items: Sequence[T], record: Callable[[T], Any], name: str = "list"
) -> Answer:
    """Return one page of items as records."""
    rows = [record(item) for item in items[_slice(params)]]
    return Answer({name: rows, "page_info": _info(params, len(items))})


def _check_app(params: Params) -> None:
    if params["app_id"] != APP_ID:
        raise ApiError(APP_UNKNOWN, "The app has been blocked or does not exist.")
    if params["secret"] != APP_SECRET:
        raise ApiError(SECRET_WRONG, "Secret and app ID do not match.")


def _token(api: Api, params: Params) -> Answer:
    _check_app(params)
    if not api.spend(params["auth_code"]):
        msg = "Invalid auth_code. It is canceled, already used or expired. Please re-authorize."
        raise ApiError(AUTH_CODE_WRONG, msg)
    data: dict[str, Any] = {"access_token": ACCESS_TOKEN, "scope": list(SCOPE)}
    if params["return_advertiser_ids"]:
        data["advertiser_ids"] = api.world.advertiser_ids
    return Answer(data)


def _authorised(api: Api, params: Params) -> Answer:
    _check_app(params)
    accounts = (api.world.accounts[name] for name in api.world.advertiser_ids)
    rows = [{"advertiser_id": one.id, "advertiser_name": one.name} for one in accounts]
    return Answer({"list": rows})


def _user(_api: Api, _params: Params) -> Answer:
    user = {
        "core_user_id": "7300000000000000007",
        "display_name": "Sim “User” 🙂",
        "email": "s***@example.com",
        "create_time": 1_600_000_000,
        "avatar_url": "https://example.com/avatar.png",
    }
    return Answer(user)


def _advertisers(api: Api, params: Params) -> Answer:
    names = dict.fromkeys(params["advertiser_ids"])
    for name in names:
        if not api.world.granted(name):
            raise no_permission(name)
    rows = [records.advertiser(api.world.accounts[name]) for name in names]
    fields = params["fields"]
    if fields is None:
        return Answer({"list": rows})
    if "company_name_editable" in fields:
        editable = {"company_name_editable": True}
        return Answer(
            {"list": [{"advertiser_id": row["advertiser_id"], **editable} for row in rows]}
        )
    _check_fields(fields, RECORDS["advertisers"])
    return Answer({"list": [{name: row.get(name) for name in fields} for row in rows]})


def _check_fields(fields: Iterable[str], *known: Iterable[str]) -> None:
    names = {name for names in known for name in names}
    for name in fields:
        if name not in names:
            refuse(f"fields: Invalid field {name!r}.")


def _objects(
    api: Api,
    params: Params,
    attribute: str,
    record: Callable[[Any], records.Record],
) -> Sequence[Any]:
    """Return the objects of an account that `filtering` keeps, newest first."""
    account = api.account(params)
    wanted = params["filtering"]
    buying = wanted.get("buying_types") or [AUCTION, REACH_FREQUENCY]
    if TOP_VIEW in buying and len(buying) > 1:
        msg = f"filtering.buying_types: {TOP_VIEW} cannot be mixed with other buying types."
        refuse(msg)
    key = (account.id, attribute, repr(sorted(wanted.items())))

    def find() -> list[Any]:
        found = [
            entity
            for entity in getattr(account, attribute)
            if _kept(entity, wanted, buying) and _matches(entity, wanted, record)
        ]
        return sorted(found, key=lambda entity: str(entity.id), reverse=True)

    return api.remembered(key, find)


_DELETED = {"STATUS_ALL": None, "STATUS_DELETE": True}


def _kept(entity: Object, wanted: Mapping[str, Any], buying: Sequence[str]) -> bool:
    """Return whether status, buying type, origin, ids and times let an object through."""
    campaign = entity.campaign
    if campaign.origin == PROMOTE and PROMOTE not in wanted.get("campaign_system_origins", ()):
        return False
    if campaign.buying not in buying or not _alive(entity, wanted):
        return False
    automation = wanted.get("campaign_automation_type", campaign.automation)
    if automation != campaign.automation:
        return False
    if not _in_time(entity, wanted):
        return False
    above: dict[str, str] = {"campaign_ids": campaign.id}
    if isinstance(entity, (AdGroup, Ad, SmartAd)):
        above["adgroup_ids"] = entity.group.id
    if isinstance(entity, Ad):
        above |= {"ad_ids": entity.id, "ad_ids_v2": entity.id_v2}
    if isinstance(entity, SmartAd):
        above["smart_plus_ad_ids"] = entity.id
    return all(name in wanted.get(key, (name,)) for key, name in above.items())


def _alive(entity: Object, wanted: Mapping[str, Any]) -> bool:
    primary: str | None = wanted.get("primary_status")
    secondary: str = wanted.get("secondary_status", "")
    if primary is None and secondary.endswith("_STATUS_ALL"):
        return True
    if primary is None and secondary.endswith("_STATUS_DELETE"):
        return entity.deleted
    deleted = _DELETED.get(primary or "", False)
    return deleted is None or entity.deleted == deleted


def _in_time(entity: Object, wanted: Mapping[str, Any]) -> bool:
    earliest: str = wanted.get("creation_filter_start_time", "")
    latest: str = wanted.get("creation_filter_end_time", "9999")
    changed: str = wanted.get("modified_after", "")
    return earliest <= (entity.created or "") <= latest and (entity.modified or "") >= changed


_FIELD_FILTERS = (
    "objective_type",
    "optimization_goal",
    "sales_destination",
    "promotion_type",
    "creative_material_mode",
    "campaign_type",
    "campaign_product_source",
    "is_smart_performance_campaign",
    "secondary_status",
)
_NAME_FILTERS = ("campaign_name", "adgroup_name", "ad_name")


def _matches(
    entity: Object, wanted: Mapping[str, Any], record: Callable[[Any], records.Record]
) -> bool:
    """Return whether the fields of an object's record match the remaining filters."""
    exact = [name for name in _FIELD_FILTERS if name in wanted]
    fuzzy = [name for name in _NAME_FILTERS if name in wanted]
    if not exact and not fuzzy:
        return True
    row = record(entity)
    for name in exact:
        general = str(wanted[name]).endswith(("_STATUS_ALL", "_STATUS_DELETE", "_NOT_DELETE"))
        if not general and row.get(name) != wanted[name]:
            return False
    return all(wanted[name] in (row.get(name) or "") for name in fuzzy)


def _listed(
    api: Api, params: Params, attribute: str, stream: str, record: Callable[[Any], records.Record]
) -> Answer:
    """Return a page of campaigns, ad groups, ads or Smart+ ads."""
    found = _objects(api, params, attribute, record)
    fields, shape = params["fields"], RECORDS[stream]
    nested = shape.get("ad_configuration", {})
    if fields is not None:
        _check_fields(fields, shape, nested)
    no_nulls = params.get("exclude_field_types_in_response")

    def row(entity: Any) -> records.Record:
        values = record(entity)
        if fields is not None:
            inner = {
                name: values["ad_configuration"].get(name) for name in fields if name in nested
            }
            values = {name: value for name, value in values.items() if name in fields}
            if inner and "ad_configuration" not in values:
                values["ad_configuration"] = inner
        if no_nulls:
            values = {name: value for name, value in values.items() if value is not None}
        return values

    return _page(params, found, row)


def _campaigns(api: Api, params: Params) -> Answer:
    return _listed(api, params, "campaigns", "campaigns", records.campaign)


def _ad_groups(api: Api, params: Params) -> Answer:
    top_view = params["filtering"].get("buying_types") == [TOP_VIEW]
    if top_view and params["page_size"] > TOP_VIEW_PAGE:
        refuse(f"page_size: Must be less than or equal to {TOP_VIEW_PAGE} with {TOP_VIEW}.")
    return _listed(api, params, "groups", "ad_groups", records.ad_group)


def _ads(api: Api, params: Params) -> Answer:
    return _listed(api, params, "ads", "ads", records.ad)


def _smart_account(api: Api, params: Params) -> Account:
    account = api.account(params)
    if not account.smart_plus:
        msg = f"Advertiser {account.id} is not on the allow-list of Upgraded Smart+."
        raise ApiError(NOT_ALLOWED, msg)
    return account


def _smart_plus_ads(api: Api, params: Params) -> Answer:
    _smart_account(api, params)
    return _listed(api, params, "smart_ads", "smart_plus_ads", records.smart_plus_ad)


def _reviews(api: Api, params: Params) -> Answer:
    account = _smart_account(api, params)
    known = {entity.id: entity for entity in account.smart_ads}
    for name in params["smart_plus_ad_ids"]:
        if name not in known:
            refuse(f"smart_plus_ad_ids: Ad {name} does not exist.")
    extra = params["extra_info_setting"]
    found = [known[name] for name in dict.fromkeys(params["smart_plus_ad_ids"])]
    reviews = records.reviews(
        found,
        reject=extra.get("include_reject_info", False),
        frames=extra.get("include_violation_frame", False),
    )
    return Answer(dict(reviews))


def _report(api: Api, params: Params) -> Answer:
    query = reports.parse(params)
    account = api.account(params)
    key = (account.id, query, api.world.horizon(account))
    report = api.remembered(key, lambda: reports.Report(api.world, account, query))
    bounds = _slice(params)
    if params["order_field"] is not None:
        descending = params["order_type"] == "DESC"
        places = report.ordered(params["order_field"], descending=descending)[bounds]
    else:
        places = list(report.places(bounds.start, bounds.stop))
    data: dict[str, Any] = {
        "list": report.rows(places),
        "page_info": _info(params, report.total),
    }
    if params["enable_total_metrics"]:
        data["total_metrics"] = report.totals()
    return Answer(data, {"X-Tt-Ads-Throttle": "true"} if report.cut else {})


def _audiences(api: Api, params: Params) -> Answer:
    account = api.account(params)
    names = params["custom_audience_ids"]
    found = [one for one in account.audiences if names is None or one.id in names]
    return _page(params, found, lambda one: records.audience(one, account))


def _pixels(api: Api, params: Params) -> Answer:
    account = api.account(params)
    found = sorted(
        account.pixels,
        key=lambda one: (str(one.created), one.id),
        reverse=params["order_by"] == "LATEST_CREATE",
    )
    wanted = {"pixel_id": params["pixel_id"], "pixel_code": params["code"]}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    wanted |= {"pixel_name": params["name"]} if params["name"] else {}
    if wanted:
        found = [one for one in found if wanted.items() <= _scalars(records.pixel(one, account))]
    return _page(params, found, lambda one: records.pixel(one, account), "pixels")


def _scalars(record: records.Record) -> set[tuple[str, str]]:
    return {(name, value) for name, value in record.items() if isinstance(value, str)}


def _library(
    api: Api, params: Params, kind: str, record: Callable[[Asset, Account], records.Record]
) -> Answer:
    """Return a page of videos or images; only the most recent 10,000 can be seen."""
    account = api.account(params)
    wanted = params["filtering"]
    assets: list[Asset] = getattr(account, f"{kind}s")
    found = [one for one in assets[-LIBRARY_LIMIT:][::-1] if not one.removed]
    if params.get("sort_field") == "MODIFY_TIME":
        found.sort(key=lambda one: one.modified or "", reverse=True)
    if wanted:
        rows = [(one, record(one, account)) for one in found]
        found = [one for one, row in rows if _asset_matches(row, wanted, kind)]
    return _page(params, found, lambda one: record(one, account))


def _asset_matches(row: records.Record, wanted: Mapping[str, Any], kind: str) -> bool:
    for name in ("width", "height"):
        if row[name] != wanted.get(name, row[name]):
            return False
    if wanted.get("displayable") and row["displayable"] is not True:
        return False
    if wanted.get("video_name", "") not in row["file_name"]:
        return False
    return all(
        row[field_name] in wanted.get(f"{field_name}s", (row[field_name],))
        for field_name in (f"{kind}_id", "material_id")
    )


def _videos(api: Api, params: Params) -> Answer:
    return _library(api, params, "video", records.video)


def _images(api: Api, params: Params) -> Answer:
    return _library(api, params, "image", records.image)


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


_HANDLERS: dict[str, Callable[[Api, Params], Answer]] = {
    "/oauth2/advertiser/get/": _authorised,
    "/oauth2/access_token/": _token,
    "/user/info/": _user,
    "/advertiser/info/": _advertisers,
    "/campaign/get/": _campaigns,
    "/adgroup/get/": _ad_groups,
    "/ad/get/": _ads,
    "/report/integrated/get/": _report,
    "/dmp/custom_audience/list/": _audiences,
    "/pixel/list/": _pixels,
    "/file/video/ad/search/": _videos,
    "/file/image/ad/search/": _images,
    "/smart_plus/ad/get/": _smart_plus_ads,
    "/smart_plus/ad/review_info/": _reviews,
    "/tool/targeting/search/": _targeting_search,
    "/tool/targeting/info/": _targeting_info,
}
