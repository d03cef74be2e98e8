"""Handlers of campaigns, ad groups and ads, including Upgraded Smart+."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tap_tiktok_ads.simulator.accounts.entities import (
    AUCTION,
    PROMOTE,
    REACH_FREQUENCY,
    SMART_PLUS,
    TOPVIEW,
    Ad,
    AdGroup,
    Campaign,
    SmartAd,
)
from tap_tiktok_ads.simulator.records import campaigns, smart_plus
from tap_tiktok_ads.simulator.spec.errors import NOT_ALLOWLISTED, ApiError, reject
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from .api import Api, Handler, Params, Payload, check_fields, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_tiktok_ads.simulator.accounts.entities import Account
    from tap_tiktok_ads.simulator.records.values import Record

MAX_TOPVIEW_PAGE_SIZE = 100

Object: TypeAlias = Campaign | AdGroup | Ad | SmartAd

_DELETED_BY_STATUS = {"STATUS_ALL": None, "STATUS_DELETE": True}
_EXACT_FILTERS = (
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
_TEXT_FILTERS = ("campaign_name", "adgroup_name", "ad_name")
_GENERAL_STATUS_SUFFIXES = ("_STATUS_ALL", "_STATUS_DELETE", "_NOT_DELETE")


def smart_plus_account(api: Api, params: Params) -> Account:
    """Return the account of a request.

    Raises:
        ApiError: With code 40118, if the account has no Upgraded Smart+.
    """
    account = api.account(params)
    if not account.smart_plus:
        msg = f"Advertiser {account.id} is not on the allow-list of Upgraded Smart+."
        raise ApiError(NOT_ALLOWLISTED, msg)
    return account


def _handler(attribute: str, stream: str, record: Callable[[Any], Record]) -> Handler:
    """Return the handler of a list of objects.

    Args:
        attribute: Attribute of the account that holds the objects.
        stream: Stream of the records.
        record: Returns the record of an object.
    """

    def respond(api: Api, params: Params) -> Payload:
        filtering = params["filtering"]
        if stream == "ad_groups" and filtering.get("buying_types") == [TOPVIEW]:
            _check_topview_page(params)
        if stream.startswith("smart_plus"):
            smart_plus_account(api, params)
            filtering = filtering | {"campaign_automation_type": SMART_PLUS}
        objects = _objects(api, params, filtering, attribute, record)
        return _page(params, objects, stream, record)

    return respond


def _check_topview_page(params: Params) -> None:
    if params["page_size"] > MAX_TOPVIEW_PAGE_SIZE:
        reject(f"page_size: Must be less than or equal to {MAX_TOPVIEW_PAGE_SIZE} with {TOPVIEW}.")


def _objects(
    api: Api,
    params: Params,
    filtering: Mapping[str, Any],
    attribute: str,
    record: Callable[[Any], Record],
) -> Sequence[Any]:
    """Return the objects of an account that the filters select, newest first."""
    account = api.account(params)
    buying_types = filtering.get("buying_types") or [AUCTION, REACH_FREQUENCY]
    if TOPVIEW in buying_types and len(buying_types) > 1:
        reject(f"filtering.buying_types: {TOPVIEW} cannot be mixed with other buying types.")

    def select() -> list[Any]:
        objects = [
            entity
            for entity in getattr(account, attribute)
            if _selects(entity, filtering, buying_types) and _matches(entity, filtering, record)
        ]
        return sorted(objects, key=lambda entity: str(entity.id), reverse=True)

    return api.cached((account.id, attribute, repr(sorted(filtering.items()))), select)


def _selects(entity: Object, filtering: Mapping[str, Any], buying_types: Sequence[str]) -> bool:
    """Return True if the filters on status, buying type, origin, IDs and times select an object."""
    return (
        entity.campaign.buying in buying_types
        and _selects_origin(entity.campaign, filtering)
        and _selects_status(entity, filtering)
        and _selects_time(entity, filtering)
        and _selects_ids(entity, filtering)
    )


def _selects_origin(campaign: Campaign, filtering: Mapping[str, Any]) -> bool:
    """Return True if the filters on origin and automation type select a campaign.

    By default, Promote campaigns are left out.
    """
    origins = filtering.get("campaign_system_origins") or ["TT_ADS_PLATFORM"]
    if (PROMOTE if campaign.origin == PROMOTE else "TT_ADS_PLATFORM") not in origins:
        return False
    automation: str = filtering.get("campaign_automation_type", campaign.automation)
    return automation == campaign.automation


def _selects_ids(entity: Object, filtering: Mapping[str, Any]) -> bool:
    """Return True if the ID filters select an object."""
    ids: dict[str, str] = {"campaign_ids": entity.campaign.id}
    if not isinstance(entity, Campaign):
        ids["adgroup_ids"] = entity.group.id
    if isinstance(entity, Ad):
        ids |= {"ad_ids": entity.id, "ad_ids_v2": entity.id_v2}
    if isinstance(entity, SmartAd):
        ids["smart_plus_ad_ids"] = entity.id
    return all(object_id in filtering.get(name, (object_id,)) for name, object_id in ids.items())


def _selects_status(entity: Object, filtering: Mapping[str, Any]) -> bool:
    """Return True if the status filters select an object. The default is "not deleted"."""
    primary: str | None = filtering.get("primary_status")
    secondary: str = filtering.get("secondary_status", "")
    if primary is None and secondary.endswith("_STATUS_ALL"):
        return True
    if primary is None and secondary.endswith("_STATUS_DELETE"):
        return entity.deleted
    deleted = _DELETED_BY_STATUS.get(primary or "", False)
    return deleted is None or entity.deleted == deleted


def _selects_time(entity: Object, filtering: Mapping[str, Any]) -> bool:
    """Return True if the time filters select an object."""
    earliest: str = filtering.get("creation_filter_start_time", "")
    latest: str = filtering.get("creation_filter_end_time", "9999")
    modified_after: str = filtering.get("modified_after", "")
    created, modified = entity.created or "", entity.modified or ""
    return earliest <= created <= latest and modified >= modified_after


def _matches(entity: Object, filtering: Mapping[str, Any], record: Callable[[Any], Record]) -> bool:
    """Return True if the record of an object matches the filters on its fields."""
    exact = [name for name in _EXACT_FILTERS if name in filtering]
    texts = [name for name in _TEXT_FILTERS if name in filtering]
    if not exact and not texts:
        return True
    values = record(entity)
    if not all(_matches_exactly(values.get(name), filtering[name]) for name in exact):
        return False
    return all(_contains(values.get(name), filtering[name]) for name in texts)


def _matches_exactly(value: Any, filter_value: Any) -> bool:
    """Return True if a field has the value of its filter. General statuses match all values."""
    return str(filter_value).endswith(_GENERAL_STATUS_SUFFIXES) or bool(value == filter_value)


def _contains(value: str | None, text: str) -> bool:
    """Return True if a field contains the text of its filter."""
    return text in (value or "")


def _page(
    params: Params, objects: Sequence[Any], stream: str, record: Callable[[Any], Record]
) -> Payload:
    """Return a page of objects with the requested fields."""
    fields, shape = params["fields"], RECORDS[stream]
    nested = shape.get("ad_configuration", {})
    if fields is not None:
        check_fields(fields, shape, nested)
    no_nulls = params.get("exclude_field_types_in_response")

    def reduced_record(entity: Any) -> Record:
        values = record(entity)
        if fields is not None:
            values = _with_fields(values, fields, nested)
        if no_nulls:
            values = {name: value for name, value in values.items() if value is not None}
        return values

    return page_of(params, objects, reduced_record)


def _with_fields(values: Record, fields: Sequence[str], nested: Mapping[str, Any]) -> Record:
    """Return the fields of a record, and of its `ad_configuration`, that the request names."""
    reduced = {name: value for name, value in values.items() if name in fields}
    inner = [name for name in fields if name in nested]
    if inner and "ad_configuration" not in reduced:
        configuration = values["ad_configuration"]
        reduced["ad_configuration"] = {name: configuration.get(name) for name in inner}
    return reduced


HANDLERS: dict[str, Handler] = {
    "/campaign/get/": _handler("campaigns", "campaigns", campaigns.campaign),
    "/adgroup/get/": _handler("groups", "ad_groups", campaigns.ad_group),
    "/ad/get/": _handler("ads", "ads", campaigns.ad),
    "/smart_plus/campaign/get/": _handler(
        "campaigns", "smart_plus_campaigns", smart_plus.smart_plus_campaign
    ),
    "/smart_plus/adgroup/get/": _handler(
        "groups", "smart_plus_ad_groups", smart_plus.smart_plus_ad_group
    ),
    "/smart_plus/ad/get/": _handler("smart_ads", "smart_plus_ads", smart_plus.smart_plus_ad),
}
