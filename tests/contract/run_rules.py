"""Rules over a complete run: what must be requested, and how often."""

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
from .shop_rules import is_gmv, promotion_types

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .messages import Sent

#: A case that a rule judged, and whether the run keeps the rule in this case.
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
#: Requests that poll, so that each is sent more than once.
POLLED = {"/report/task/check/"}
DATES = {"start_date", "end_date", "start_time", "end_time"}


@dataclasses.dataclass(frozen=True)
class RunRule:
    """A rule that a run can break.

    Attributes:
        name: The rule, as a sentence.
        source: Where TikTok states it.
        verdicts: Yield each case that the run has, and whether it keeps the rule.
    """

    name: str
    source: str
    verdicts: Callable[[Sequence[Sent]], Iterator[Verdict]]


def at_path(run: Iterable[Sent], *paths: str) -> list[Sent]:
    """Return the requests for some endpoints."""
    return [sent for sent in run if sent.path in paths]


def needs_all(
    groups: t.Mapping[t.Any, set[str]], expected: set[str], what: str
) -> Iterator[Verdict]:
    """Yield for each group whether it has all expected values."""
    for group, found in groups.items():
        missing = sorted(expected - found)
        yield f"{group}: {what} never requested: {', '.join(missing)}", not missing


def stores(run: Sequence[Sent]) -> Iterator[tuple[str, str, bool]]:
    """Yield advertiser, store, and whether the store is available for GMV Max."""
    for sent in at_path(run, "/gmv_max/store/list/"):
        for store in sent.data.get("store_list", ()):
            is_available = bool(store.get("is_gmv_max_available"))
            yield sent.parameters["advertiser_id"], store["store_id"], is_available


def store_requests(run: Sequence[Sent]) -> dict[tuple[str, str], set[str]]:
    """Return the promotion types that a run requested, by advertiser and store."""
    found: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    for sent in run:
        for store in sent.names("store_ids") if is_gmv(sent) else ():
            found[sent.parameters["advertiser_id"], store].update(promotion_types(sent))
    return found


def both_promotion_types(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each available store whether both promotion types were requested."""
    found = store_requests(run)
    if found:
        available = {(owner, store) for owner, store, is_available in stores(run) if is_available}
        groups = {store: found.get(store, set()) for store in sorted(available)}
        yield from needs_all(groups, {"PRODUCT", "LIVE"}, "promotion types")


def only_available_stores(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each unavailable store whether its report was left out."""
    found = store_requests(run)
    for owner, store, is_available in stores(run):
        if found and not is_available:
            yield f"unavailable store {store} requested", (owner, store) not in found


def all_transfer_types(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each Business Center whether transactions of all types were requested."""
    groups: dict[t.Any, set[str]] = collections.defaultdict(set)
    for sent in at_path(run, "/advertiser/transaction/get/"):
        kind = sent.member("filtering", "transfer_type") or "TRANS_TYPE_TRANSFER"
        groups[sent.parameters["bc_id"]].add(kind)
    yield from needs_all(groups, TRANSFER_TYPES, "transfer types")


def all_levels(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each Business Center whether transactions of both levels were requested."""
    groups: dict[t.Any, set[str]] = collections.defaultdict(set)
    for sent in at_path(run, "/bc/account/transaction/get/"):
        groups[sent.parameters.get("bc_id")].add(
            sent.parameters.get("transaction_level", "ADVERTISER")
        )
    yield from needs_all(groups, LEVELS, "transaction levels")


def all_business_types(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each advertiser whether pages of all types were requested."""
    groups: dict[t.Any, set[str]] = collections.defaultdict(set)
    for sent in at_path(run, "/page/get/"):
        single = sent.parameters.get("business_type", "LEAD_GEN")
        groups[sent.parameters.get("advertiser_id")].update(
            sent.names("business_types") or {single}
        )
    yield from needs_all(groups, BUSINESS_TYPES, "business types")


def promote_campaigns(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each list of objects whether Promote campaigns were requested.

    TopView is requested alone, so its lists have no Promote campaigns.
    """
    groups: dict[tuple[str, str], bool] = collections.defaultdict(bool)
    for sent in at_path(run, *OBJECT_PATHS):
        if not is_topview_list(sent):
            groups[sent.path, sent.parameters["advertiser_id"]] |= is_promote_list(sent)
    for (path, advertiser_id), is_requested in groups.items():
        yield f"{path} of {advertiser_id}: PROMOTE never requested", is_requested


def promote_campaigns_of_reports(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each advertiser with reports by campaigns whether Promote campaigns are known."""
    owners = {
        sent.parameters["advertiser_id"]
        for sent in run
        if is_report(sent) and "campaign_ids" in filters(sent)
    }
    known = {sent.parameters["advertiser_id"] for sent in run if is_promote_list(sent)}
    for owner in sorted(owners):
        yield f"reports of {owner} by campaigns leave out Promote campaigns", owner in known


def day_range(sent: Sent) -> tuple[str, str] | None:
    """Return the first and last day of a request, or None if it has no dates."""
    members = [
        sent.parameters,
        *(sent.value(name) for name in ("filtering", "date_range")),
    ]
    for values in members:
        if isinstance(values, dict):
            for kind in ("date", "time"):
                first, last = values.get(f"start_{kind}"), values.get(f"end_{kind}")
                if first and last:
                    return str(first)[:10], str(last)[:10]
    return None


def without_dates(sent: Sent) -> str:
    """Return the parameters of a request without its dates and page, as a key."""
    kept = {name: sent.value(name) for name in sent.parameters.keys() - DATES - {"page"}}
    for name in ("filtering", "date_range"):
        if isinstance(kept.get(name), dict):
            kept[name] = {key: value for key, value in kept[name].items() if key not in DATES}
    return f"{sent.method} {sent.path} {json.dumps(kept, sort_keys=True)}"


def no_day_twice(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each set of parameters whether its ranges of days do not overlap."""
    groups: dict[str, set[tuple[str, str]]] = collections.defaultdict(set)
    for sent in run:
        days = day_range(sent)
        if days is not None:
            groups[without_dates(sent)].add(days)
    for key, ranges in groups.items():
        ordered = sorted(ranges)
        overlaps = [pair for pair in itertools.pairwise(ordered) if pair[1][0] <= pair[0][1]]
        yield f"days requested twice: {overlaps[:1]} of {key[:300]}", not overlaps


def pixels_each_day(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each pixel whether each of its UTC days was requested once, without gaps."""
    days: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for sent in at_path(run, "/pixel/event/stats/"):
        first, last = day_range(sent) or ("", "")
        owner = sent.parameters["advertiser_id"]
        for name in sent.names("pixel_ids"):
            for number in range(day_count(first, last)):
                day = dt.date.fromisoformat(first) + dt.timedelta(number)
                days[owner, name].append(day.isoformat())
    for pixel, found in days.items():
        is_exact = len(set(found)) == len(found) == day_count(min(found), max(found))
        yield f"pixel {pixel}: days {sorted(found)}", is_exact


def nothing_twice(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each request whether it was sent once.

    A list of several pages may be re-read, because objects can move between its pages.
    """
    groups: dict[tuple[str, bytes], list[Sent]] = collections.defaultdict(list)
    for sent in run:
        if sent.path not in POLLED:
            groups[sent.target, sent.body].append(sent)
    for group in groups.values():
        has_pages = any(page_total(sent) > 1 for sent in group)
        yield f"sent {len(group)} times: {group[0]}", has_pages or len(group) == 1


def page_total(sent: Sent) -> int:
    """Return the number of pages that a response states, or 0."""
    info = sent.data.get("page_info")
    return int(info.get("total_page", 0)) if isinstance(info, dict) else 0


def all_pages(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each list whether exactly its pages were requested."""
    pages: dict[str, set[int]] = collections.defaultdict(set)
    totals: dict[str, int] = {}
    for sent in run:
        info = sent.data.get("page_info")
        if isinstance(info, dict) and "total_page" in info:
            query = {name: value for name, value in sent.query.items() if name != "page"}
            key = f"{sent.path} {json.dumps(query, sort_keys=True)}"
            pages[key].add(int(sent.query.get("page", 1)))
            totals[key] = max(int(info["total_page"]), 1)
    for key, found in pages.items():
        expected = set(range(1, totals[key] + 1))
        yield f"pages {sorted(found)} of {totals[key]}: {key[:300]}", found == expected


def listed_campaigns(run: Sequence[Sent]) -> Iterator[Verdict]:
    """Yield for each details of a GMV Max campaign whether the campaign was listed."""
    listed = {
        (sent.parameters["advertiser_id"], campaign["campaign_id"])
        for sent in at_path(run, "/gmv_max/campaign/get/")
        for campaign in sent.data.get("list", ())
    }
    details = {
        (sent.parameters["advertiser_id"], sent.parameters["campaign_id"])
        for sent in at_path(run, "/campaign/gmv_max/info/")
    }
    for campaign in sorted(details):
        yield f"GMV Max campaign {campaign} is not listed", campaign in listed


#: Rules of runs without faults, in which no request is repeated.
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
