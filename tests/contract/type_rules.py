"""Rules of report tasks, and of the report types BC, CATALOG and PLAYABLE_MATERIAL."""

from __future__ import annotations

import typing as t

from . import metrics
from .report_rules import (
    ID_FILTERS,
    MAX_TASK_IDS,
    PAGE_SYNC,
    PAGE_TASK,
    dimensions,
    filter_values,
    filters,
    is_sync,
    is_task,
    metrics_of,
    report_type,
)
from .rule_types import Rule, has_range

if t.TYPE_CHECKING:
    from .messages import SentRequest

BC_PAGE, PLAYABLE_PAGE = "1775747432712194", "1751617879104514"
#: The documented groupings of dimensions, by report type.
GROUPINGS = {
    "BC": ({"advertiser_id"}, {"advertiser_id", "country_code"}, {"stat_time_day"}),
    "PLAYABLE_MATERIAL": ({"playable_id"}, {"playable_id", "country_code"}),
}


def is_of(*types: str) -> t.Callable[[SentRequest], bool]:
    """Return a condition that is True for reports of these types."""
    return lambda request: is_sync(request) and report_type(request) in types


TYPE_RULES = (
    Rule(
        "A BC report names its Business Center, and neither service type nor data level",
        PAGE_SYNC,
        is_of("BC"),
        lambda request: (
            "bc_id" in request.parameters
            and not {"service_type", "data_level", "query_mode"} & request.parameters.keys()
        ),
    ),
    Rule(
        "Reports of other types than BC name their advertiser",
        PAGE_SYNC,
        is_of("CATALOG", "PLAYABLE_MATERIAL", "TT_SHOP"),
        lambda request: "advertiser_id" in request.parameters,
    ),
    Rule(
        "BC and PLAYABLE_MATERIAL reports have a documented grouping of dimensions",
        f"{BC_PAGE}, {PLAYABLE_PAGE}",
        is_of(*GROUPINGS),
        lambda request: dimensions(request) in GROUPINGS[report_type(request)],
    ),
    Rule(
        "BC and CATALOG reports have no lifetime",
        PAGE_SYNC,
        is_of("BC", "CATALOG"),
        lambda request: not request.is_true("query_lifetime"),
    ),
    Rule(
        "A BC report spans at most 365 days",
        BC_PAGE,
        is_of("BC"),
        lambda request: has_range(request, 365),
    ),
)

TASK_RULES = (
    Rule(
        "A task has the filters campaign_ids, adgroup_ids and ad_ids alone, with 20,000 IDs",
        f"{PAGE_TASK}, addendum",
        is_task,
        lambda request: (
            filters(request).keys() <= ID_FILTERS
            and sum(len(filter_values(request, name)) for name in ID_FILTERS) <= MAX_TASK_IDS
        ),
    ),
    Rule(
        "A task does not combine UV metrics with audience dimensions",
        PAGE_TASK,
        is_task,
        lambda request: (
            not (
                metrics_of(request) & metrics.UV_METRICS
                and dimensions(request) & metrics.TASK_AUDIENCE_DIMENSIONS
            )
        ),
    ),
    Rule(
        "A task keeps TikTok's names of columns",
        PAGE_TASK,
        is_task,
        lambda request: request.parameters.get("enable_report_title_translation") is False,
    ),
)
