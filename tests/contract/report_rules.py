"""Rules of reports and report tasks."""

from __future__ import annotations

import json
import typing as t

from . import metrics
from .rule_types import Rule, at, day_count, has_range

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Sent

SYNC, TASK = "/report/integrated/get/", "/report/task/create/"
PAGE_SYNC, PAGE_TASK = "1740302848100353", "1740302766489602"
BASIC_PAGE, AUDIENCE_PAGE = "1759239462689793", "1762404685488130"
MAX_IDS, MAX_TASK_IDS = 100, 20_000
ID_FILTERS = {"campaign_ids", "adgroup_ids", "ad_ids"}
STATUS_FILTERS = {"campaign_status": 1, "adgroup_status": 2, "ad_status": 3}
BY_DAY = {"cash_spend", "voucher_spend"}

is_sync, is_task = at(SYNC), at(TASK)
is_report = at(SYNC, TASK)


def dimensions(sent: Sent) -> set[str]:
    """Return the dimensions of a report."""
    return set(sent.names("dimensions"))


def requested(sent: Sent) -> set[str]:
    """Return the metrics of a report."""
    return set(sent.names("metrics"))


def report_type(sent: Sent) -> str:
    """Return the report type."""
    return str(sent.parameters.get("report_type"))


def is_lifetime(sent: Sent) -> bool:
    """Return True for a report of the lifetime."""
    return is_report(sent) and sent.is_true("query_lifetime")


def is_dated(sent: Sent) -> bool:
    """Return True for a report of a range of days."""
    return is_report(sent) and not sent.is_true("query_lifetime")


def level_rank(sent: Sent) -> int:
    """Return the rank of the data level, or -1."""
    return metrics.LEVEL_RANKS.get(str(sent.parameters.get("data_level")), -1)


def filters(sent: Sent) -> dict[str, dict[str, t.Any]]:
    """Return the filters of a report, by field name."""
    entries = sent.value("filtering") or []
    return {str(entry.get("field_name")): entry for entry in entries if isinstance(entry, dict)}


def filter_values(sent: Sent, name: str) -> list[t.Any]:
    """Return the values of a filter. Empty if the filter is missing or malformed."""
    try:
        values = json.loads(filters(sent)[name]["filter_value"])
    except (KeyError, ValueError):
        return []
    return values if isinstance(values, list) else []


def has_array_filters(sent: Sent) -> bool:
    """Return True if the filters of type IN hold JSON arrays of texts."""
    for name, entry in filters(sent).items():
        values = filter_values(sent, name)
        if entry.get("filter_type") == "IN" and not (
            values and all(isinstance(value, str) for value in values)
        ):
            return False
    return True


def closed_dimensions(sent: Sent) -> Iterator[frozenset[str]]:
    """Yield the closed list of each dimension that has one."""
    for name in dimensions(sent):
        allowed = metrics.allowed_metrics(report_type(sent), name, is_task=is_task(sent))
        if allowed is not None:
            yield allowed


def keeps_closed_list(sent: Sent) -> bool:
    """Return True if each metric is allowed by each dimension. Attributes have another rule."""
    delivered = requested(sent) - metrics.ALL_ATTRIBUTES
    return all(delivered <= allowed for allowed in closed_dimensions(sent))


def closed_list(kind: str, dimension: str, page: str) -> Rule:
    """Return the rule of a dimension with a closed list of metrics."""
    return Rule(
        f"{kind} reports by {dimension} request only metrics of its closed list",
        page,
        lambda sent: (
            is_report(sent) and report_type(sent) == kind and dimension in dimensions(sent)
        ),
        keeps_closed_list,
    )


def has_ids_of_level(sent: Sent) -> bool:
    """Return True if no dimension is below the data level."""
    ranks = [metrics.ID_RANKS[name] for name in metrics.id_dimensions(dimensions(sent))]
    return max(ranks, default=0) <= level_rank(sent)


def has_attributes_of_level(sent: Sent) -> bool:
    """Return True if the dimensions and the level allow each attribute metric."""
    found = requested(sent) & metrics.ALL_ATTRIBUTES
    ranks = [metrics.ID_RANKS[name] for name in metrics.id_dimensions(dimensions(sent))]
    if not ranks:
        return not found
    for name in found:
        rank, is_only = metrics.attribute_rank(name)
        if rank > max(ranks) or (is_only and rank != max(ranks)):
            return False
    return True


def has_known_dimensions(sent: Sent) -> bool:
    """Return True if the report type has each dimension."""
    known = metrics.BREAKDOWNS.get(report_type(sent), frozenset())
    return dimensions(sent) <= known | metrics.TIME_DIMENSIONS | metrics.ID_RANKS.keys()


def has_audience_dimension(sent: Sent) -> bool:
    """Return True if the report has one audience dimension, or gender and age."""
    found = dimensions(sent) & metrics.BREAKDOWNS["AUDIENCE"]
    return len(found) == 1 or found == {"gender", "age"}


def has_one_ad_id(sent: Sent) -> bool:
    """Return True if a report does not combine ad_id with ad_id_v2."""
    used = dimensions(sent) | requested(sent)
    names = filters(sent)
    old = "ad_id" in used or "ad_ids" in names
    return not (old and ("ad_id_v2" in used or "ad_ids_v2" in names))


def totals_fit(sent: Sent) -> bool:
    """Return True if a report can have total metrics."""
    rest = dimensions(sent) - {"stat_time_day"}
    has_one = len(rest) <= 1 and rest <= metrics.ID_RANKS.keys()
    return has_one and report_type(sent) == "BASIC" and sent.parameters.get("page", "1") == "1"


def by_metric(names: set[str]) -> t.Callable[[Sent], bool]:
    """Return a condition: the report requests one of these metrics."""
    return lambda sent: is_report(sent) and bool(requested(sent) & names)


LIMITS = (
    Rule(
        "A synchronous report with stat_time_day spans at most 30 days",
        PAGE_SYNC,
        lambda sent: is_sync(sent) and is_dated(sent) and "stat_time_day" in dimensions(sent),
        lambda sent: has_range(sent, 30),
    ),
    Rule(
        "A synchronous report with stat_time_hour spans one day",
        PAGE_SYNC,
        lambda sent: is_sync(sent) and is_dated(sent) and "stat_time_hour" in dimensions(sent),
        lambda sent: has_range(sent, 1),
    ),
    Rule(
        "A synchronous report without a time dimension spans at most 365 days",
        PAGE_SYNC,
        lambda sent: (
            is_sync(sent) and is_dated(sent) and not dimensions(sent) & metrics.TIME_DIMENSIONS
        ),
        lambda sent: has_range(sent, 365),
    ),
    Rule(
        "A report has dates in order unless it is of the lifetime",
        f"{PAGE_SYNC}, {PAGE_TASK}",
        is_dated,
        lambda sent: (
            day_count(sent.parameters.get("start_date"), sent.parameters.get("end_date")) > 0
        ),
    ),
    Rule(
        "A report of the lifetime has no dates, which TikTok ignores",
        PAGE_SYNC,
        is_lifetime,
        lambda sent: not {"start_date", "end_date"} & sent.parameters.keys(),
    ),
    Rule(
        "A report of the lifetime has no time, country or audience dimension",
        PAGE_SYNC,
        is_lifetime,
        lambda sent: (
            not dimensions(sent)
            & (metrics.TIME_DIMENSIONS | metrics.BREAKDOWNS["AUDIENCE"] | {"country_code"})
        ),
    ),
    Rule(
        "AUDIENCE reports have no lifetime",
        PAGE_SYNC,
        lambda sent: is_report(sent) and report_type(sent) == "AUDIENCE",
        lambda sent: not sent.is_true("query_lifetime"),
    ),
    Rule(
        "A report requests at most 100 metrics",
        "1738864817670145",
        is_report,
        lambda sent: 1 <= len(sent.names("metrics")) <= 100,
    ),
    Rule(
        "A report is of one account, by advertiser_id or by advertiser_ids",
        PAGE_SYNC,
        is_report,
        lambda sent: (
            len({"advertiser_id", "advertiser_ids", "bc_id"} & sent.parameters.keys()) == 1
        ),
    ),
    Rule(
        "A BASIC or AUDIENCE report names its data level",
        PAGE_SYNC,
        is_report,
        lambda sent: level_rank(sent) >= 0,
    ),
    Rule(
        "total metrics are requested of BASIC, for one ID dimension or day, on the first page",
        f"{PAGE_SYNC}, addendum",
        lambda sent: is_sync(sent) and sent.is_true("enable_total_metrics"),
        totals_fit,
    ),
)

DIMENSIONS = (
    Rule(
        "A report has one ID dimension at most, and one time dimension at most",
        "fact sheet 5.3",
        is_report,
        lambda sent: (
            len(metrics.id_dimensions(dimensions(sent))) <= 1
            and len(dimensions(sent) & metrics.TIME_DIMENSIONS) <= 1
            and len(dimensions(sent)) <= 4
        ),
    ),
    Rule(
        "The ID dimension is not below the data level",
        "fact sheet 5.3",
        is_report,
        has_ids_of_level,
    ),
    Rule("The report type has the dimension", "fact sheet 5.3", is_report, has_known_dimensions),
    Rule(
        "An AUDIENCE report has one audience dimension, or gender and age",
        "fact sheet 5.3",
        lambda sent: is_report(sent) and report_type(sent) == "AUDIENCE",
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
        lambda sent: is_report(sent) and "ad_ids_v2" in filters(sent),
        lambda sent: "ad_id_v2" in dimensions(sent) and level_rank(sent) == 3,
    ),
    Rule(
        "Attribute metrics have an ID dimension at their level or below",
        "fact sheet 5.4",
        lambda sent: is_report(sent) and bool(requested(sent) & metrics.ALL_ATTRIBUTES),
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
        lambda sent: level_rank(sent) == 0 and "stat_time_day" in dimensions(sent),
    ),
    Rule(
        "billed_cost is in synchronous BASIC reports",
        "fact sheet 5.4",
        by_metric({"billed_cost"}),
        lambda sent: is_sync(sent) and report_type(sent) == "BASIC",
    ),
    Rule(
        "Paid engaged views and native growth have one ID dimension, and at most the day",
        "fact sheet 5.4",
        lambda sent: (
            is_report(sent)
            and any(
                name.startswith(("paid_engaged_view", "native_growth_")) for name in requested(sent)
            )
        ),
        lambda sent: (
            len(dimensions(sent) - {"stat_time_day"}) == 1
            and len(metrics.id_dimensions(dimensions(sent))) == 1
        ),
    ),
)

FILTERS = (
    Rule(
        "The value of a filter of type IN is the text of a JSON array of texts",
        PAGE_SYNC,
        lambda sent: is_report(sent) and bool(filters(sent)),
        has_array_filters,
    ),
    Rule(
        "A filter of a synchronous report has at most 100 IDs",
        PAGE_SYNC,
        lambda sent: is_sync(sent) and bool(ID_FILTERS & filters(sent).keys()),
        lambda sent: all(len(filter_values(sent, name)) <= MAX_IDS for name in ID_FILTERS),
    ),
    Rule(
        "The filter buying_type has TopView alone",
        f"{PAGE_SYNC}, fact sheet 5.1",
        lambda sent: is_report(sent) and "buying_type" in filters(sent),
        lambda sent: filter_values(sent, "buying_type") == ["RESERVATION_TOP_VIEW"],
    ),
    Rule(
        "The status filter is of the data level or above",
        PAGE_SYNC,
        lambda sent: is_report(sent) and bool(STATUS_FILTERS.keys() & filters(sent).keys()),
        lambda sent: all(
            rank <= level_rank(sent)
            for name, rank in STATUS_FILTERS.items()
            if name in filters(sent)
        ),
    ),
)

TASKS = (
    Rule(
        "A task has the filters campaign_ids, adgroup_ids and ad_ids alone, with 20,000 IDs",
        f"{PAGE_TASK}, addendum",
        is_task,
        lambda sent: (
            filters(sent).keys() <= ID_FILTERS
            and sum(len(filter_values(sent, name)) for name in ID_FILTERS) <= MAX_TASK_IDS
        ),
    ),
    Rule(
        "A task does not combine UV metrics with audience dimensions",
        PAGE_TASK,
        is_task,
        lambda sent: (
            not (
                requested(sent) & metrics.UV_METRICS
                and dimensions(sent) & metrics.TASK_AUDIENCE_DIMENSIONS
            )
        ),
    ),
    Rule(
        "A task keeps TikTok's names of columns",
        PAGE_TASK,
        is_task,
        lambda sent: sent.parameters.get("enable_report_title_translation") is False,
    ),
)

REPORT_RULES = (*LIMITS, *DIMENSIONS, *CLOSED, *FILTERS, *TASKS)
