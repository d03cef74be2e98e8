"""Campaigns, ad groups, ads and their Upgraded Smart+ kinds: lists with filters, and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tap_tiktok_ads.simulator.accounts.entities import (
    AUCTION,
    PROMOTE,
    REACH_FREQUENCY,
    SMART_PLUS,
    TOP_VIEW,
    Ad,
    AdGroup,
    Campaign,
    SmartAd,
)
from tap_tiktok_ads.simulator.records import objects as records
from tap_tiktok_ads.simulator.spec.errors import NOT_ALLOWED, ApiError, refuse
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from .api import Answer, Api, Handler, Params, check_fields, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.records.values import Record

TOP_VIEW_PAGE = 100

Object: TypeAlias = Campaign | AdGroup | Ad | SmartAd


def _objects(
    api: Api,
    params: Params,
    attribute: str,
    record: Callable[[Any], Record],
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


def _matches(entity: Object, wanted: Mapping[str, Any], record: Callable[[Any], Record]) -> bool:
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
    api: Api, params: Params, attribute: str, stream: str, record: Callable[[Any], Record]
) -> Answer:
    """Return a page of campaigns, ad groups, ads or Smart+ ads."""
    found = _objects(api, params, attribute, record)
    fields, shape = params["fields"], RECORDS[stream]
    nested = shape.get("ad_configuration", {})
    if fields is not None:
        check_fields(fields, shape, nested)
    no_nulls = params.get("exclude_field_types_in_response")

    def row(entity: Any) -> Record:
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

    return page_of(params, found, row)


def _campaigns(api: Api, params: Params) -> Answer:
    return _listed(api, params, "campaigns", "campaigns", records.campaign)


def _ad_groups(api: Api, params: Params) -> Answer:
    top_view = params["filtering"].get("buying_types") == [TOP_VIEW]
    if top_view and params["page_size"] > TOP_VIEW_PAGE:
        refuse(f"page_size: Must be less than or equal to {TOP_VIEW_PAGE} with {TOP_VIEW}.")
    return _listed(api, params, "groups", "ad_groups", records.ad_group)


def _ads(api: Api, params: Params) -> Answer:
    return _listed(api, params, "ads", "ads", records.ad)


def smart_account(api: Api, params: Params) -> Account:
    """Return the account of a request if it may use Upgraded Smart+."""
    account = api.account(params)
    if not account.smart_plus:
        msg = f"Advertiser {account.id} is not on the allow-list of Upgraded Smart+."
        raise ApiError(NOT_ALLOWED, msg)
    return account


def _smart_objects(attribute: str, stream: str, record: Callable[[Any], Record]) -> Handler:
    """Return the list of the campaigns or ad groups that are Upgraded Smart+."""

    def answer(api: Api, params: Params) -> Answer:
        smart_account(api, params)
        wanted = params["filtering"] | {"campaign_automation_type": SMART_PLUS}
        return _listed(api, params | {"filtering": wanted}, attribute, stream, record)

    return answer


def _smart_plus_ads(api: Api, params: Params) -> Answer:
    smart_account(api, params)
    return _listed(api, params, "smart_ads", "smart_plus_ads", records.smart_plus_ad)


def _reviews(api: Api, params: Params) -> Answer:
    account = smart_account(api, params)
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


HANDLERS: dict[str, Handler] = {
    "/campaign/get/": _campaigns,
    "/adgroup/get/": _ad_groups,
    "/ad/get/": _ads,
    "/smart_plus/campaign/get/": _smart_objects(
        "campaigns", "smart_plus_campaigns", records.smart_plus_campaign
    ),
    "/smart_plus/adgroup/get/": _smart_objects(
        "groups", "smart_plus_ad_groups", records.smart_plus_ad_group
    ),
    "/smart_plus/ad/get/": _smart_plus_ads,
    "/smart_plus/ad/review_info/": _reviews,
}
