"""Example requests that keep and break each rule."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .examples_lists import LIST_EXAMPLES, WRONG_LIST_PARAMETERS
from .messages import BASE_PATH, SentRequest, get, post
from .metrics import CLOSED_LISTS, MATERIAL_METRICS

if t.TYPE_CHECKING:
    from collections.abc import Mapping

SYNC, TASK = "/report/integrated/get/", "/report/task/create/"
GMV = "/gmv_max/report/get/"
OVERVIEW = "/smart_plus/material_report/overview/"
BREAKDOWN = "/smart_plus/material_report/breakdown/"
DAYS = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
DAY = {"start_date": "2026-11-01", "end_date": "2026-11-01"}
TOO_MANY_DAYS = {"start_date": "2026-11-01", "end_date": "2026-12-01"}
YEAR = {"start_date": "2025-01-01", "end_date": "2025-12-31"}
TOO_LONG = {"start_date": "2025-01-01", "end_date": "2026-01-02"}
NO_DAYS = {"start_date": None, "end_date": None}
LIFETIME: dict[str, t.Any] = {**NO_DAYS, "query_lifetime": True, "dimensions": ["campaign_id"]}


def report(path: str = SYNC, **changes: t.Any) -> SentRequest:
    """Return a report request or report task by campaign and day, with changed parameters."""
    parameters = {
        "advertiser_id": "7",
        "service_type": "AUCTION",
        "report_type": "BASIC",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["spend", "clicks"],
        **DAYS,
    }
    if path == TASK:
        return post(path, **{**parameters, "enable_report_title_translation": False, **changes})
    return get(path, **{**parameters, "page": "1", "page_size": "1000", **changes})


def task(**changes: t.Any) -> SentRequest:
    """Return a report task by campaign and day, with changed parameters."""
    return report(TASK, **changes)


def split_by(*names: str, **changes: t.Any) -> SentRequest:
    """Return a report request by campaign, day and additional dimensions."""
    return report(dimensions=["campaign_id", "stat_time_day", *names], **changes)


def audience(*names: str, **changes: t.Any) -> SentRequest:
    """Return an audience report request by campaign and day."""
    return split_by(*names, report_type="AUDIENCE", **changes)


def filtered(name: str, values: list[t.Any], path: str = SYNC, **changes: t.Any) -> SentRequest:
    """Return a report request with a filter."""
    entry = {"field_name": name, "filter_type": "IN", "filter_value": json.dumps(values)}
    return report(path, filtering=[entry], **changes)


def objects(path: str, page_size: int = 100, **filtering: t.Any) -> SentRequest:
    """Return a request for a list of objects."""
    return get(path, advertiser_id="7", page="1", page_size=str(page_size), filtering=filtering)


def gmv(types: list[str] | None, *names: str, **changes: t.Any) -> SentRequest:
    """Return a GMV Max report request."""
    parameters = {
        "advertiser_id": "7",
        "store_ids": ["8"],
        "dimensions": [*(names or ("campaign_id", "stat_time_day"))],
        "metrics": ["cost", "orders"],
        "filtering": None if types is None else {"gmv_max_promotion_types": types},
        **DAYS,
    }
    return get(GMV, **{**parameters, **changes})


def gmv_items(*names: str, products: t.Any = None, **changes: t.Any) -> SentRequest:
    """Return a GMV Max report request below the campaign."""
    filtering: dict[str, t.Any] = {"campaign_ids": ["8"]}
    if products is not None:
        filtering["item_group_ids"] = products
    return gmv(None, *names, **{"filtering": filtering, **changes})


def material(path: str, *names: str, **changes: t.Any) -> SentRequest:
    """Return a material report request."""
    parameters = {"advertiser_id": "7", "dimensions": [*names], "metrics": ["spend"], **DAYS}
    return get(path, **{**parameters, **changes})


def ids(count: int) -> list[str]:
    """Return `count` distinct IDs."""
    return [str(number) for number in range(1, count + 1)]


def changed(request: SentRequest, **changes: t.Any) -> SentRequest:
    """Return a request with changed attributes."""
    return dataclasses.replace(request, **changes)


#: More metrics than a report can have.
MANY_METRICS = sorted(MATERIAL_METRICS - {"ad_material_id", "material_name"})
PLAIN = get("/app/list/", advertiser_id="7")
CAMPAIGNS, AD_GROUPS, MUSIC = "/campaign/get/", "/adgroup/get/", "/file/music/get/"
IDENTITIES, PAGES = "/identity/get/", "/page/get/"
REVIEWS = "/smart_plus/ad/review_info/"
PIXELS, ACCOUNT = "/pixel/event/stats/", "/bc/account/transaction/get/"
ADVERTISERS, CENTERS = "/advertiser/transaction/get/", "/bc/transaction/get/"
COMMENTS = {"advertiser_id": "7", "search_field": "ADGROUP_ID", "search_value": "8"}
VIEWS, NAMES = ["live_views"], ["campaign_name"]


def account(start: str, end: str) -> SentRequest:
    """Return a request for account transactions."""
    times = {"start_time": f"{start} 00:00:00", "end_time": f"{end} 23:59:59"}
    return get(ACCOUNT, bc_id="7", filtering=times)


#: A request that keeps a rule and a request that breaks it, by the start of the rule's name.
OBJECTS: Mapping[str, tuple[SentRequest, SentRequest]] = {
    "The path is below": (PLAIN, changed(PLAIN, target=f"{BASE_PATH}/app/list?advertiser_id=7")),
    "The token is": (PLAIN, changed(PLAIN, headers={"Access-Token": "Bearer token"})),
    "A GET has no body": (PLAIN, changed(PLAIN, body=b"{}")),
    "A POST has a JSON": (task(), changed(task(), headers={"Access-Token": "token"})),
    "The endpoint is": (PLAIN, changed(PLAIN, method="POST")),
    "TopView is requested alone": (
        objects(CAMPAIGNS, buying_types=["RESERVATION_TOP_VIEW"]),
        objects(CAMPAIGNS, buying_types=["AUCTION", "RESERVATION_TOP_VIEW"]),
    ),
    "Ad groups of TopView": (
        objects(AD_GROUPS, 100, buying_types=["RESERVATION_TOP_VIEW"]),
        objects(AD_GROUPS, 1000, buying_types=["RESERVATION_TOP_VIEW"]),
    ),
    "Statistics of pixels": (
        get(PIXELS, advertiser_id="7", pixel_ids=["8"], date_range=DAYS),
        get(PIXELS, advertiser_id="7", pixel_ids=["8"], date_range=TOO_MANY_DAYS),
    ),
    "Pixel statistics": (
        get(PIXELS, advertiser_id="7", pixel_ids=["8"], date_range=DAY),
        get(PIXELS, advertiser_id="7", pixel_ids=["8"], date_range=DAYS),
    ),
    "Transactions of advertisers": (
        get(ADVERTISERS, bc_id="7", filtering=YEAR),
        get(ADVERTISERS, bc_id="7", filtering=TOO_LONG),
    ),
    "Transactions of accounts": (
        account("2025-01-01", "2025-12-31"),
        account("2025-01-01", "2026-01-01"),
    ),
    "Transactions of Business Centers": (
        get(CENTERS, bc_id="7", **DAYS),
        get(CENTERS, bc_id="7", start_date="2026-11-01"),
    ),
    "Pages are requested by": (
        get(PAGES, advertiser_id="7"),
        get(PAGES, advertiser_id="7", library_id="8"),
    ),
    "Music is": (
        get(MUSIC, advertiser_id="7", page="100", page_size="1000"),
        get(MUSIC, advertiser_id="7", page="101", page_size="1000"),
    ),
    "Identities of": (
        get(IDENTITIES, advertiser_id="7"),
        get(IDENTITIES, advertiser_id="7", identity_type="BC_AUTH_TT"),
    ),
    "Comments are": (
        get("/comment/list/", **COMMENTS, start_time="2026-11-01", end_time="2026-11-02"),
        get("/comment/list/", **COMMENTS, start_time="2026-11-02", end_time="2026-11-01"),
    ),
    "Lists do not combine": (
        objects(CAMPAIGNS, primary_status="STATUS_ALL"),
        objects(CAMPAIGNS, primary_status="STATUS_ALL", secondary_status="CAMPAIGN_STATUS_ALL"),
    ),
}

#: Examples of reports and report tasks, as in `OBJECTS`.
REPORTS: Mapping[str, tuple[SentRequest, SentRequest]] = {
    "A synchronous report with stat_time_day": (report(), report(**TOO_MANY_DAYS)),
    "A synchronous report with stat_time_hour": (
        report(dimensions=["campaign_id", "stat_time_hour"], **DAY),
        report(dimensions=["campaign_id", "stat_time_hour"], **DAYS),
    ),
    "A synchronous report without a time": (
        report(dimensions=["campaign_id"], **YEAR),
        report(dimensions=["campaign_id"], **TOO_LONG),
    ),
    "A report has dates": (task(**TOO_LONG), task(**NO_DAYS)),
    "A report of the lifetime has no dates": (report(**LIFETIME), report(query_lifetime=True)),
    "A report of the lifetime has no time": (
        report(**LIFETIME),
        report(**{**LIFETIME, "dimensions": ["campaign_id", "country_code"]}),
    ),
    "AUDIENCE reports have no lifetime": (
        audience("gender"),
        audience("gender", query_lifetime=True),
    ),
    "A report requests at most 100": (
        report(metrics=MANY_METRICS[:100]),
        report(metrics=MANY_METRICS[:101]),
    ),
    "A report is of one account": (report(), report(advertiser_ids=["8"])),
    "A report of several accounts": (
        report(
            advertiser_id=None,
            advertiser_ids=["7", "8"],
            dimensions=["advertiser_id", "stat_time_day"],
        ),
        report(advertiser_id=None, advertiser_ids=["7", "8"], dimensions=["stat_time_day"]),
    ),
    "A BASIC, AUDIENCE or CATALOG report": (report(), report(data_level=None)),
    "total metrics are": (
        report(enable_total_metrics=True),
        report(enable_total_metrics=True, page="2"),
    ),
    "A report has one ID": (report(), split_by("advertiser_id")),
    "The ID dimension is": (
        report(dimensions=["advertiser_id"]),
        report(dimensions=["ad_id", "stat_time_day"]),
    ),
    "The report type has": (audience("gender"), split_by("gender")),
    "An AUDIENCE report has": (audience("gender", "age"), audience("gender", "platform")),
    "ad_id and ad_id_v2": (
        report(dimensions=["ad_id_v2"], metrics=["ad_id_v2"], data_level="AUCTION_AD", **DAY),
        report(dimensions=["ad_id_v2"], metrics=["ad_id"], data_level="AUCTION_AD", **DAY),
    ),
    "The filter ad_ids_v2": (
        filtered("ad_ids_v2", ["8"], dimensions=["ad_id_v2"], data_level="AUCTION_AD"),
        filtered("ad_ids_v2", ["8"], dimensions=["ad_id"], data_level="AUCTION_AD"),
    ),
    "Attribute metrics": (report(metrics=["campaign_name"]), report(metrics=["adgroup_name"])),
    **{
        f"{kind} reports by {name}": (
            split_by(name, report_type=kind, metrics=[*sorted(allowed), "campaign_name"]),
            split_by(name, report_type=kind, metrics=["cost_per_1000_reached"]),
        )
        for kind, lists in CLOSED_LISTS.items()
        for name, allowed in lists.items()
    },
    "cash_spend and": (
        report(
            dimensions=["stat_time_day"], metrics=["cash_spend"], data_level="AUCTION_ADVERTISER"
        ),
        report(metrics=["cash_spend"]),
    ),
    "billed_cost is": (report(metrics=["billed_cost"]), task(metrics=["billed_cost"])),
    "Paid engaged views": (
        report(metrics=["native_growth_active"]),
        split_by("country_code", metrics=["native_growth_active"]),
    ),
    "The value of a filter": (
        filtered("campaign_ids", ["8"]),
        filtered("campaign_ids", [8]),
    ),
    "A filter of a synchronous": (
        filtered("campaign_ids", ids(100)),
        filtered("campaign_ids", ids(101)),
    ),
    "The filter buying_type": (
        filtered("buying_type", ["RESERVATION_TOP_VIEW"]),
        filtered("buying_type", ["AUCTION", "RESERVATION_TOP_VIEW"]),
    ),
    "The status filter": (
        filtered("campaign_status", ["STATUS_ALL"]),
        filtered("ad_status", ["STATUS_ALL"]),
    ),
    "A task has the filters": (
        filtered("ad_ids", ids(20_000), TASK),
        filtered("campaign_status", ["STATUS_ALL"], TASK),
    ),
    "A task does not combine": (
        task(metrics=["reach"]),
        task(dimensions=["campaign_id", "country_code"], metrics=["reach"]),
    ),
    "A task keeps": (task(), task(enable_report_title_translation=True)),
}

#: Examples of GMV Max and material reports, as in `OBJECTS`.
SHOPS: Mapping[str, tuple[SentRequest, SentRequest]] = {
    "GMV Max reports by campaign": (gmv(["LIVE"]), gmv(["LIVE", "PRODUCT"])),
    "GMV Max reports span": (gmv(["LIVE"]), gmv(["LIVE"], **TOO_MANY_DAYS)),
    "GMV Max metrics of LIVE": (gmv(["LIVE"], metrics=VIEWS), gmv(["PRODUCT"], metrics=VIEWS)),
    "GMV Max attribute metrics": (
        gmv(["PRODUCT"], metrics=NAMES),
        gmv(["PRODUCT"], "campaign_id", "advertiser_id", metrics=NAMES),
    ),
    "GMV Max reports by product, post, room or duration have the filters": (
        gmv_items("campaign_id", "room_id", "stat_time_hour", **DAY),
        gmv(["LIVE"], "campaign_id", "room_id"),
    ),
    "GMV Max reports by product, post, room or duration have a documented": (
        gmv_items("campaign_id", "item_group_id", "item_id", "stat_time_day", products=["9"]),
        gmv_items("item_id", "stat_time_hour", products=["9"]),
    ),
    "A material overview": (
        material(OVERVIEW, "smart_plus_ad_id", "main_material_id"),
        material(OVERVIEW, "smart_plus_ad_id", "campaign_id"),
    ),
    "A material breakdown": (
        material(BREAKDOWN, "main_material_id", "stat_time_day"),
        material(BREAKDOWN, "stat_time_day"),
    ),
    "A material report spans": (
        material(BREAKDOWN, "main_material_id", **YEAR),
        material(BREAKDOWN, "main_material_id", "stat_time_hour"),
    ),
    "A material report does not": (
        material(BREAKDOWN, "main_material_id", filtering={"campaign_ids": ["8"]}),
        material(
            BREAKDOWN,
            "main_material_id",
            filtering={"campaign_ids": ["8"], "adgroup_ids": ["9"]},
        ),
    ),
    "A material report requests": (
        material(BREAKDOWN, "main_material_id"),
        material(BREAKDOWN, "main_material_id", metrics=["native_growth_active"]),
    ),
}

LEADS, CHANGE_LOG = "/page/lead/task/", "/changelog/task/create/"
LEAD_TASK = post(LEADS, advertiser_id="7", page_id="8")


def lead_region(region: str) -> SentRequest:
    """Return a task of leads of a region."""
    return changed(LEAD_TASK, headers={**LEAD_TASK.headers, "x-lead-region": region})


def change_log(end_time: str) -> SentRequest:
    """Return a task of the change log from 1 October on."""
    return post(CHANGE_LOG, advertiser_id="7", start_time="2026-10-01 00:00:00", end_time=end_time)


#: Examples of tasks that make files, as in `OBJECTS`.
FILES: Mapping[str, tuple[SentRequest, SentRequest]] = {
    "A task of leads names": (LEAD_TASK, post(LEADS, advertiser_id="7")),
    "Leads are requested by": (
        LEAD_TASK,
        post(LEADS, advertiser_id="7", library_id="9", page_id="8"),
    ),
    "The region of leads": (lead_region("us"), lead_region("europe")),
    "A task of the change log": (
        change_log("2026-10-30 23:59:59"),
        change_log("2026-10-31 23:59:59"),
    ),
}

EXAMPLES = {**OBJECTS, **REPORTS, **SHOPS, **LIST_EXAMPLES, **FILES}

#: Requests with one wrong parameter, and the name of the parameter.
WRONG_PARAMETERS: tuple[tuple[str, SentRequest], ...] = (
    ("extra", get("/app/list/", advertiser_id="7", extra="1")),
    ("advertiser_id", get("/app/list/")),
    ("advertiser_id", get("/app/list/", advertiser_id="seven")),
    ("page_size", get("/pixel/list/", advertiser_id="7", page_size="21")),
    ("page", get("/pixel/list/", advertiser_id="7", page="0")),
    ("page", get("/pixel/list/", advertiser_id="7", page="1.0")),
    ("page_size", objects("/smart_plus/ad/get/", 101)),
    ("page_size", get("/file/image/ad/search/", advertiser_id="7", page_size="101")),
    ("pixel_ids", get(PIXELS, advertiser_id="7", pixel_ids=ids(11), date_range=DAY)),
    ("pixel_ids", get(PIXELS, advertiser_id="7", pixel_ids=[8], date_range=DAY)),
    ("pixel_ids", get(PIXELS, advertiser_id="7", pixel_ids=["8", "8"], date_range=DAY)),
    ("pixel_ids", get(PIXELS, advertiser_id="7", pixel_ids="8", date_range=DAY)),
    ("date_range", get(PIXELS, advertiser_id="7", pixel_ids=["8"], date_range={})),
    ("filtering", objects(CAMPAIGNS, adgroup_ids=["8"])),
    ("filtering", objects(CAMPAIGNS, campaign_ids=ids(101))),
    ("filtering", objects(CAMPAIGNS, primary_status="ALL")),
    ("filtering", objects("/ad/get/", modified_after="2026-11-01")),
    ("filtering", get("/gmv_max/campaign/get/", advertiser_id="7")),
    ("filtering", get(ADVERTISERS, bc_id="7", filtering={"transfer_type": "TRANSFER_ALL"})),
    ("store_ids", gmv(["LIVE"], store_ids=["8", "9"])),
    ("metrics", gmv(["LIVE"], metrics=ids(101))),
    ("business_types", get(PAGES, advertiser_id="7", business_types=["FORM"])),
    ("dimensions", material(OVERVIEW, "main_material_id")),
    ("start_date", report(start_date="2026-11-1")),
    ("query_lifetime", report(query_lifetime="True")),
    ("enable_report_title_translation", task(enable_report_title_translation="false")),
    ("data_level", report(data_level="RESERVATION_AD")),
    ("page_size", report(page_size="1001")),
    ("filtering", report(filtering=[{"field_name": "campaign_ids", "filter_type": "IN"}])),
    (
        "smart_plus_ad_ids",
        get("/smart_plus/ad/review_info/", advertiser_id="7", smart_plus_ad_ids=ids(101)),
    ),
    ("task_id", get("/changelog/task/check/", advertiser_id="7")),
    ("start_time", post(CHANGE_LOG, advertiser_id="7", start_time="2026-10-01")),
    ("page_id", get("/page/field/get/", advertiser_id="7", page_id="form")),
    ("advertiser_ids", get("/advertiser/info/", advertiser_ids=ids(101))),
    *WRONG_LIST_PARAMETERS,
)
