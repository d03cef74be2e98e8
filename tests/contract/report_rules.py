"""Rules of reports and report tasks."""

from __future__ import annotations

import json
import typing as t

from . import metrics
from .rule_types import Rule, at, day_count, has_range

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import SentRequest

SYNC, TASK = "/report/integrated/get/", "/report/task/create/"
PAGE_SYNC, PAGE_TASK = "1740302848100353", "1740302766489602"
BASIC_PAGE, AUDIENCE_PAGE = "1759239462689793", "1762404685488130"
MAX_IDS, MAX_TASK_IDS = 100, 20_000
MAX_ACCOUNTS = 5
ID_FILTERS = {"campaign_ids", "adgroup_ids", "ad_ids"}
STATUS_FILTERS = {"campaign_status": 1, "adgroup_status": 2, "ad_status": 3}
BY_DAY = {"cash_spend", "voucher_spend"}

is_sync, is_task = at(SYNC), at(TASK)
is_report = at(SYNC, TASK)


def dimensions(request: SentRequest) -> set[str]:
    """Return the dimensions of a report."""
    return set(request.names("dimensions"))


def metrics_of(request: SentRequest) -> set[str]:
    """Return the metrics of a report."""
    return set(request.names("metrics"))


def report_type(request: SentRequest) -> str:
    """Return the report type."""
    return str(request.parameters.get("report_type"))


def has_level(request: SentRequest) -> bool:
    """Return True for a report of a type that has data levels."""
    return is_report(request) and report_type(request) not in {"BC", "PLAYABLE_MATERIAL"}


def is_lifetime(request: SentRequest) -> bool:
    """Return True for a lifetime report."""
    return is_report(request) and request.is_true("query_lifetime")


def is_dated(request: SentRequest) -> bool:
    """Return True for a report with dates."""
    return is_report(request) and not request.is_true("query_lifetime")


def level_rank(request: SentRequest) -> int:
    """Return the rank of the data level, or -1."""
    return metrics.LEVEL_RANKS.get(str(request.parameters.get("data_level")), -1)


def filters(request: SentRequest) -> dict[str, dict[str, t.Any]]:
    """Return the filters of a report, by field name."""
    entries = request.value("filtering") or []
    return {str(entry.get("field_name")): entry for entry in entries if isinstance(entry, dict)}


def filter_values(request: SentRequest, name: str) -> list[t.Any]:
    """Return the values of a filter. Empty if the filter is missing or malformed."""
    try:
        values = json.loads(filters(request)[name]["filter_value"])
    except (KeyError, ValueError):
        return []
    return values if isinstance(values, list) else []


def has_array_filters(request: SentRequest) -> bool:
    """Return True if the values of `IN` filters are JSON arrays of text."""
    for name, entry in filters(request).items():
        values = filter_values(request, name)
        if entry.get("filter_type") == "IN" and not (
            values and all(isinstance(value, str) for value in values)
        ):
            return False
    return True


def closed_dimensions(request: SentRequest) -> Iterator[frozenset[str]]:
    """Yield the allowed metrics of each dimension that limits metrics."""
    for name in dimensions(request):
        allowed = metrics.allowed_metrics(report_type(request), name, is_task=is_task(request))
        if allowed is not None:
            yield allowed


def keeps_closed_list(request: SentRequest) -> bool:
    """Return True if each dimension allows each metric, except attribute metrics."""
    measures = metrics_of(request) - metrics.ALL_ATTRIBUTES
    return all(measures <= allowed for allowed in closed_dimensions(request))


def closed_list(kind: str, dimension: str, page: str) -> Rule:
    """Return the rule of a dimension that limits metrics."""
    return Rule(
        f"{kind} reports by {dimension} request only metrics of its closed list",
        page,
        lambda request: (
            is_report(request) and report_type(request) == kind and dimension in dimensions(request)
        ),
        keeps_closed_list,
    )


def has_ids_of_level(request: SentRequest) -> bool:
    """Return True if no dimension is below the data level."""
    ranks = [metrics.ID_RANKS[name] for name in metrics.id_dimensions(dimensions(request))]
    return max(ranks, default=0) <= level_rank(request)


def has_attributes_of_level(request: SentRequest) -> bool:
    """Return True if the dimensions and the level allow each attribute metric."""
    attributes = metrics_of(request) & metrics.ALL_ATTRIBUTES
    ranks = [metrics.ID_RANKS[name] for name in metrics.id_dimensions(dimensions(request))]
    if not ranks:
        return not attributes
    for name in attributes:
        rank, is_only = metrics.attribute_rank(name)
        if rank > max(ranks) or (is_only and rank != max(ranks)):
            return False
    return True


def has_known_dimensions(request: SentRequest) -> bool:
    """Return True if the report type has each dimension."""
    breakdowns = metrics.BREAKDOWNS.get(report_type(request), frozenset())
    return dimensions(request) <= breakdowns | metrics.TIME_DIMENSIONS | metrics.ID_RANKS.keys()


def has_audience_dimension(request: SentRequest) -> bool:
    """Return True if the report has one audience dimension, or gender and age."""
    breakdowns = dimensions(request) & metrics.BREAKDOWNS["AUDIENCE"]
    return len(breakdowns) == 1 or breakdowns == {"gender", "age"}


def has_one_ad_id(request: SentRequest) -> bool:
    """Return True if a report does not combine ad_id with ad_id_v2."""
    used = dimensions(request) | metrics_of(request)
    names = filters(request)
    has_ad_id = "ad_id" in used or "ad_ids" in names
    return not (has_ad_id and ("ad_id_v2" in used or "ad_ids_v2" in names))


def totals_fit(request: SentRequest) -> bool:
    """Return True if a report can have total metrics."""
    other_dimensions = dimensions(request) - {"stat_time_day"}
    is_supported = len(other_dimensions) <= 1 and other_dimensions <= metrics.ID_RANKS.keys()
    return (
        is_supported
        and report_type(request) == "BASIC"
        and request.parameters.get("page", "1") == "1"
    )


def by_metric(names: set[str]) -> t.Callable[[SentRequest], bool]:
    """Return a condition that is True for reports with one of these metrics."""
    return lambda request: is_report(request) and bool(metrics_of(request) & names)


LIMITS = (
    Rule(
        "A synchronous report with stat_time_day spans at most 30 days",
        PAGE_SYNC,
        lambda request: (
            is_sync(request)
            and is_dated(request)
            and "stat_time_day" in dimensions(request)
            and report_type(request) != "BC"
        ),
        lambda request: has_range(request, 30),
    ),
    Rule(
        "A synchronous report with stat_time_hour spans one day",
        PAGE_SYNC,
        lambda request: (
            is_sync(request) and is_dated(request) and "stat_time_hour" in dimensions(request)
        ),
        lambda request: has_range(request, 1),
    ),
    Rule(
        "A synchronous report without a time dimension spans at most 365 days",
        PAGE_SYNC,
        lambda request: (
            is_sync(request)
            and is_dated(request)
            and not dimensions(request) & metrics.TIME_DIMENSIONS
        ),
        lambda request: has_range(request, 365),
    ),
    Rule(
        "A report has dates in order unless it is of the lifetime",
        f"{PAGE_SYNC}, {PAGE_TASK}",
        is_dated,
        lambda request: (
            day_count(request.parameters.get("start_date"), request.parameters.get("end_date")) > 0
        ),
    ),
    Rule(
        "A report of the lifetime has no dates, which TikTok ignores",
        PAGE_SYNC,
        is_lifetime,
        lambda request: not {"start_date", "end_date"} & request.parameters.keys(),
    ),
    Rule(
        "A report of the lifetime has no time, country or audience dimension",
        PAGE_SYNC,
        is_lifetime,
        lambda request: (
            not dimensions(request)
            & (metrics.TIME_DIMENSIONS | metrics.BREAKDOWNS["AUDIENCE"] | {"country_code"})
        ),
    ),
    Rule(
        "AUDIENCE reports have no lifetime",
        PAGE_SYNC,
        lambda request: is_report(request) and report_type(request) == "AUDIENCE",
        lambda request: not request.is_true("query_lifetime"),
    ),
    Rule(
        "A report requests at most 100 metrics",
        "1738864817670145",
        is_report,
        lambda request: 1 <= len(request.names("metrics")) <= 100,
    ),
    Rule(
        "A report is of one account, by advertiser_id or by advertiser_ids",
        PAGE_SYNC,
        is_report,
        lambda request: (
            len({"advertiser_id", "advertiser_ids", "bc_id"} & request.parameters.keys()) == 1
        ),
    ),
    Rule(
        "A report of several accounts is synchronous, BASIC or AUDIENCE, and by advertiser_id",
        f"{PAGE_SYNC}, addendum",
        lambda request: is_report(request) and "advertiser_ids" in request.parameters,
        lambda request: (
            is_sync(request)
            and report_type(request) in {"BASIC", "AUDIENCE"}
            and "advertiser_id" in dimensions(request)
            and 1 <= len(request.names("advertiser_ids")) <= MAX_ACCOUNTS
        ),
    ),
    Rule(
        "A BASIC, AUDIENCE or CATALOG report names its data level",
        PAGE_SYNC,
        has_level,
        lambda request: level_rank(request) >= 0,
    ),
    Rule(
        "total metrics are requested of BASIC, for one ID dimension or day, on the first page",
        f"{PAGE_SYNC}, addendum",
        lambda request: is_sync(request) and request.is_true("enable_total_metrics"),
        totals_fit,
    ),
)

DIMENSIONS = (
    Rule(
        "A report has one ID dimension at most, and one time dimension at most",
        "fact sheet 5.3",
        is_report,
        lambda request: (
            len(metrics.id_dimensions(dimensions(request))) <= 1
            and len(dimensions(request) & metrics.TIME_DIMENSIONS) <= 1
            and len(dimensions(request)) <= 4
        ),
    ),
    Rule(
        "The ID dimension is not below the data level",
        "fact sheet 5.3",
        has_level,
        has_ids_of_level,
    ),
    Rule(
        "The report type has the dimension",
        "fact sheet 5.3",
        lambda request: is_report(request) and report_type(request) in metrics.BREAKDOWNS,
        has_known_dimensions,
    ),
    Rule(
        "An AUDIENCE report has one audience dimension, or gender and age",
        "fact sheet 5.3",
        lambda request: is_report(request) and report_type(request) == "AUDIENCE",
        has_audience_dimension,
    ),
    Rule(
        "ad_id and ad_id_v2 are not combined",
        f"{PAGE_TASK}, 1854112742370306",
        is_report,
        has_one_ad_id,
    ),
    Rule(
        "The filter ad_ids_v2 is used with the dimension ad_id_v2 at AUCTION_AD",
        PAGE_TASK,
        lambda request: is_report(request) and "ad_ids_v2" in filters(request),
        lambda request: "ad_id_v2" in dimensions(request) and level_rank(request) == 3,
    ),
    Rule(
        "Attribute metrics have an ID dimension at their level or below",
        "fact sheet 5.4",
        lambda request: is_report(request) and bool(metrics_of(request) & metrics.ALL_ATTRIBUTES),
        has_attributes_of_level,
    ),
)

CLOSED = (
    *(closed_list("BASIC", name, BASIC_PAGE) for name in metrics.CLOSED_LISTS["BASIC"]),
    *(closed_list("AUDIENCE", name, AUDIENCE_PAGE) for name in metrics.CLOSED_LISTS["AUDIENCE"]),
    Rule(
        "cash_spend and voucher_spend are at AUCTION_ADVERTISER by day",
        "fact sheet 5.4",
        by_metric(BY_DAY),
        lambda request: level_rank(request) == 0 and "stat_time_day" in dimensions(request),
    ),
    Rule(
        "billed_cost is in synchronous BASIC reports",
        "fact sheet 5.4",
        by_metric({"billed_cost"}),
        lambda request: is_sync(request) and report_type(request) == "BASIC",
    ),
    Rule(
        "Paid engaged views and native growth have one ID dimension, and at most the day",
        "fact sheet 5.4",
        lambda request: (
            is_report(request)
            and any(
                name.startswith(("paid_engaged_view", "native_growth_"))
                for name in metrics_of(request)
            )
        ),
        lambda request: (
            len(dimensions(request) - {"stat_time_day"}) == 1
            and len(metrics.id_dimensions(dimensions(request))) == 1
        ),
    ),
)

FILTERS = (
    Rule(
        "The value of a filter of type IN is the text of a JSON array of texts",
        PAGE_SYNC,
        lambda request: is_report(request) and bool(filters(request)),
        has_array_filters,
    ),
    Rule(
        "A filter of a synchronous report has at most 100 IDs",
        PAGE_SYNC,
        lambda request: is_sync(request) and bool(ID_FILTERS & filters(request).keys()),
        lambda request: all(len(filter_values(request, name)) <= MAX_IDS for name in ID_FILTERS),
    ),
    Rule(
        "The filter buying_type has TopView alone",
        f"{PAGE_SYNC}, fact sheet 5.1",
        lambda request: is_report(request) and "buying_type" in filters(request),
        lambda request: filter_values(request, "buying_type") == ["RESERVATION_TOP_VIEW"],
    ),
    Rule(
        "The status filter is of the data level or above",
        PAGE_SYNC,
        lambda request: (
            is_report(request) and bool(STATUS_FILTERS.keys() & filters(request).keys())
        ),
        lambda request: all(
            rank <= level_rank(request)
            for name, rank in STATUS_FILTERS.items()
            if name in filters(request)
        ),
    ),
)

REPORT_RULES = (*LIMITS, *DIMENSIONS, *CLOSED, *FILTERS)
