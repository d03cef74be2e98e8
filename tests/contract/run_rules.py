"""Rules for complete runs: required requests and their number."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import itertools
import json
import typing as t

from .object_rules import OBJECT_PATHS, is_promote_list, is_topview_list
from .report_rules import filters, is_report
from .rule_types import day_count
from .shop_rules import GMV_DAYS, is_gmv, promotion_types

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .messages import SentRequest

#: A case that a rule checks, and True if the run keeps the rule in this case.
Verdict = tuple[str, bool]

TRANSFER_TYPES = {f"TRANS_TYPE_{name}" for name in ("TRANSFER", "TAX", "COST", "PAYMENT")}
LEVELS = {"BC", "ADVERTISER"}
BUSINESS_TYPES = {
    "LEAD_GEN",
    "STORE_FRONT",
    "APP_PROFILE_PAGE",
    "TIKTOK_INSTANT_PAGE",
    "SHOP_ADS_PLP",
    "SHOP_ADS_PDP",
    "POP_UP_FORM",
}
#: Paths of polling requests, which are sent more than once.
POLLED = {"/report/task/check/", "/changelog/task/check/", "/page/lead/task/"}
DATES = {"start_date", "end_date", "start_time", "end_time"}


@dataclasses.dataclass(frozen=True)
class RunRule:
    """A rule that a run can break.

    Attributes:
        name: The rule as a sentence.
        source: Where TikTok documents it.
        verdicts: Function that yields each case of a run, and True if it keeps the rule.
    """

    name: str
    source: str
    verdicts: Callable[[Sequence[SentRequest]], Iterator[Verdict]]


def at_path(run: Iterable[SentRequest], *paths: str) -> list[SentRequest]:
    """Return the requests to these endpoints."""
    return [request for request in run if request.path in paths]


def needs_all(
    groups: t.Mapping[t.Any, set[str]], expected: set[str], noun: str
) -> Iterator[Verdict]:
    """Yield True for each group that has all expected values."""
    for group, values in groups.items():
        missing = sorted(expected - values)
        yield f"{group}: {noun} never requested: {', '.join(missing)}", not missing


def stores(run: Sequence[SentRequest]) -> Iterator[tuple[str, str, bool]]:
    """Yield advertiser, store, and True if GMV Max is available for the store."""
    for request in at_path(run, "/gmv_max/store/list/"):
        for store in request.data.get("store_list", ()):
            is_available = bool(store.get("is_gmv_max_available"))
            yield request.parameters["advertiser_id"], store["store_id"], is_available


def store_requests(run: Sequence[SentRequest]) -> dict[tuple[str, str], set[str]]:
    """Return the promotion types that a run requested, by advertiser and store."""
    types: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    for request in run:
        for store in request.names("store_ids") if is_gmv(request) else ():
            types[request.parameters["advertiser_id"], store].update(promotion_types(request))
    return types


def both_promotion_types(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each available store if both promotion types are requested."""
    types = store_requests(run)
    if types:
        available = {(owner, store) for owner, store, is_available in stores(run) if is_available}
        groups = {store: types.get(store, set()) for store in sorted(available)}
        yield from needs_all(groups, {"PRODUCT", "LIVE"}, "promotion types")


def only_available_stores(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each unavailable store if its report is not requested."""
    types = store_requests(run)
    for owner, store, is_available in stores(run):
        if types and not is_available:
            yield f"unavailable store {store} requested", (owner, store) not in types


def all_transfer_types(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each Business Center if all transfer types are requested."""
    groups: dict[t.Any, set[str]] = collections.defaultdict(set)
    for request in at_path(run, "/advertiser/transaction/get/"):
        kind = request.member("filtering", "transfer_type") or "TRANS_TYPE_TRANSFER"
        groups[request.parameters["bc_id"]].add(kind)
    yield from needs_all(groups, TRANSFER_TYPES, "transfer types")


def all_levels(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each Business Center if both transaction levels are requested."""
    groups: dict[t.Any, set[str]] = collections.defaultdict(set)
    for request in at_path(run, "/bc/account/transaction/get/"):
        groups[request.parameters.get("bc_id")].add(
            request.parameters.get("transaction_level", "ADVERTISER")
        )
    yield from needs_all(groups, LEVELS, "transaction levels")


def all_business_types(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each advertiser if all business types are requested."""
    groups: dict[t.Any, set[str]] = collections.defaultdict(set)
    for request in at_path(run, "/page/get/"):
        single = request.parameters.get("business_type", "LEAD_GEN")
        groups[request.parameters.get("advertiser_id")].update(
            request.names("business_types") or {single}
        )
    yield from needs_all(groups, BUSINESS_TYPES, "business types")


def promote_campaigns(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each list of objects if Promote campaigns are requested.

    TopView is requested alone, so its lists have no Promote campaigns.
    """
    groups: dict[tuple[str, str], bool] = collections.defaultdict(bool)
    for request in at_path(run, *OBJECT_PATHS):
        if not is_topview_list(request):
            groups[request.path, request.parameters["advertiser_id"]] |= is_promote_list(request)
    for (path, advertiser_id), is_requested in groups.items():
        yield f"{path} of {advertiser_id}: PROMOTE never requested", is_requested


def promote_campaigns_of_reports(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each advertiser with reports by campaign if Promote is requested."""
    owners = {
        request.parameters["advertiser_id"]
        for request in run
        if is_report(request) and "campaign_ids" in filters(request)
    }
    with_promote = {
        request.parameters["advertiser_id"] for request in run if is_promote_list(request)
    }
    for owner in sorted(owners):
        yield f"reports of {owner} by campaigns leave out Promote campaigns", owner in with_promote


def day_range(request: SentRequest) -> tuple[str, str] | None:
    """Return the first and last day of a request, or None if it has no dates."""
    members = [
        request.parameters,
        *(request.value(name) for name in ("filtering", "date_range")),
    ]
    for values in members:
        if isinstance(values, dict):
            for kind in ("date", "time"):
                first, last = values.get(f"start_{kind}"), values.get(f"end_{kind}")
                if first and last:
                    return str(first)[:10], str(last)[:10]
    return None


def without_dates(request: SentRequest) -> str:
    """Return a key of the parameters of a request without dates and page."""
    parameters = {
        name: request.value(name) for name in request.parameters.keys() - DATES - {"page"}
    }
    for name in ("filtering", "date_range"):
        if isinstance(parameters.get(name), dict):
            parameters[name] = {
                key: value for key, value in parameters[name].items() if key not in DATES
            }
    return f"{request.method} {request.path} {json.dumps(parameters, sort_keys=True)}"


def no_day_twice(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each set of parameters whose date ranges do not overlap.

    GMV Max reports without a time dimension only name campaigns and products of the days.
    """
    groups: dict[str, set[tuple[str, str]]] = collections.defaultdict(set)
    for request in run:
        days = day_range(request)
        is_step = is_gmv(request) and not GMV_DAYS.keys() & {*request.names("dimensions")}
        if days is not None and not is_step:
            groups[without_dates(request)].add(days)
    for key, ranges in groups.items():
        ordered = sorted(ranges)
        overlaps = [pair for pair in itertools.pairwise(ordered) if pair[1][0] <= pair[0][1]]
        yield f"days requested twice: {overlaps[:1]} of {key[:300]}", not overlaps


def pixels_each_day(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each pixel whose UTC days are consecutive and requested once."""
    days: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for request in at_path(run, "/pixel/event/stats/"):
        first, last = day_range(request) or ("", "")
        owner = request.parameters["advertiser_id"]
        for name in request.names("pixel_ids"):
            for number in range(day_count(first, last)):
                day = dt.date.fromisoformat(first) + dt.timedelta(number)
                days[owner, name].append(day.isoformat())
    for pixel, dates in days.items():
        is_exact = len(set(dates)) == len(dates) == day_count(min(dates), max(dates))
        yield f"pixel {pixel}: days {sorted(dates)}", is_exact


def nothing_twice(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each request that is sent once.

    A list of several pages may be re-read, because objects can move between its pages.
    """
    groups: dict[tuple[str, bytes], list[SentRequest]] = collections.defaultdict(list)
    for request in run:
        if request.path not in POLLED:
            groups[request.target, request.body].append(request)
    for group in groups.values():
        has_pages = any(page_total(request) > 1 for request in group)
        yield f"sent {len(group)} times: {group[0]}", has_pages or len(group) == 1


def page_total(request: SentRequest) -> int:
    """Return the number of pages that a response reports, or 0."""
    info = request.data.get("page_info")
    return int(info.get("total_page", 0)) if isinstance(info, dict) else 0


def all_pages(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each list if exactly its pages are requested."""
    pages: dict[str, set[int]] = collections.defaultdict(set)
    totals: dict[str, int] = {}
    for request in run:
        info = request.data.get("page_info")
        if isinstance(info, dict) and "total_page" in info:
            query = {name: value for name, value in request.query.items() if name != "page"}
            key = f"{request.path} {json.dumps(query, sort_keys=True)}"
            pages[key].add(int(request.query.get("page", 1)))
            totals[key] = max(int(info["total_page"]), 1)
    for key, numbers in pages.items():
        expected = set(range(1, totals[key] + 1))
        yield f"pages {sorted(numbers)} of {totals[key]}: {key[:300]}", numbers == expected


def listed_campaigns(run: Sequence[SentRequest]) -> Iterator[Verdict]:
    """Yield True for each requested GMV Max campaign that is in the list."""
    listed = {
        (request.parameters["advertiser_id"], campaign["campaign_id"])
        for request in at_path(run, "/gmv_max/campaign/get/")
        for campaign in request.data.get("list", ())
    }
    details = {
        (request.parameters["advertiser_id"], request.parameters["campaign_id"])
        for request in at_path(run, "/campaign/gmv_max/info/")
    }
    for campaign in sorted(details):
        yield f"GMV Max campaign {campaign} is not listed", campaign in listed


#: Rules of runs without faults, which repeat no request.
REPEAT_RULES = (
    RunRule("No day is requested twice", "fact sheet 2.3, the request budget", no_day_twice),
    RunRule("No request is sent twice", "fact sheet 2.3, the request budget", nothing_twice),
    RunRule("All pages are requested, and no page after the last", "fact sheet 2.1", all_pages),
)

#: Rules of runs of all streams.
COMPLETE_RULES = (RunRule("Promote campaigns are requested too", "addendum", promote_campaigns),)

RUN_RULES = (
    RunRule(
        "GMV Max reports of an available store are requested for PRODUCT and LIVE",
        "1824722485971009, addendum",
        both_promotion_types,
    ),
    RunRule(
        "GMV Max reports of unavailable stores are not requested",
        "1824721673497601",
        only_available_stores,
    ),
    RunRule(
        "Details are requested of listed GMV Max campaigns",
        "addendum, yml campaign_gmv_max_info",
        listed_campaigns,
    ),
    RunRule(
        "Transactions of all transfer types are requested",
        "addendum, go advertiser/transaction_get",
        all_transfer_types,
    ),
    RunRule(
        "Transactions of accounts are requested at both levels",
        "addendum, yml bc_account_transaction_get",
        all_levels,
    ),
    RunRule("Pages of all business types are requested", "addendum", all_business_types),
    RunRule(
        "Reports that are split by campaigns include Promote campaigns",
        "addendum",
        promote_campaigns_of_reports,
    ),
    RunRule("Each pixel and UTC day is requested once", "addendum", pixels_each_day),
    *COMPLETE_RULES,
    *REPEAT_RULES,
)
