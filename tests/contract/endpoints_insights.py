"""Endpoints of creative reports, of the performance by second, and of fatigue."""

from __future__ import annotations

import typing as t

from .endpoint_types import ADVERTISER, DATE, FLAG, ID, ORDER, TEXT, Endpoint, ids, pages, texts
from .parameters import Object, one_of
from .rule_types import Rule, at, day_count, has_range

if t.TYPE_CHECKING:
    from .messages import SentRequest

REPORT, SECONDS, FATIGUE = (
    "/creative/report/get/",
    "/report/video_performance/get/",
    "/creative_fatigue/get/",
)
INFO = (
    "material_id video_id image_id page_id source country_code placement num_ads total_active_days",
    "related_ad_ids adgroup_number related_adgroup_ids page_status page_biz_type",
    "page_template_type page_thumbnail app_profile_country app_profile_external_app_id",
    "app_profile_icon customized_page_external_action",
)
INSIGHTS = (
    Endpoint(
        "GET",
        REPORT,
        "1740662135093314",
        {
            **ADVERTISER,
            **pages(1000),
            "material_type!": one_of("VIDEO IMAGE INSTANT_PAGE"),
            "lifetime": FLAG,
            "start_date": DATE,
            "end_date": DATE,
            "info_fields": texts(*INFO),
            "metrics_fields": texts(),
            "filtering": Object({}),
            "sort_field": TEXT,
            "sort_type": ORDER,
        },
    ),
    Endpoint(
        "GET",
        SECONDS,
        "1738825259075586, go report/video_performance_get",
        {
            **ADVERTISER,
            **pages(500),
            "report_type": one_of("AD VIDEO"),
            "metrics_fields": texts(),
            "filtering!": Object({"ad_ids": ids(200), "adgroup_ids": ids(), "campaign_ids": ids()}),
            "sort_field": TEXT,
            "sort_type": one_of("ASC DES"),
        },
    ),
    Endpoint(
        "GET",
        FATIGUE,
        "1767568466842626",
        {
            **ADVERTISER,
            **pages(500),
            "ad_id!": ID,
            "filtering!": Object({"start_date!": DATE, "end_date!": DATE}),
        },
    ),
)


def has_lifetime_or_dates(request: SentRequest) -> bool:
    """Return True if a report of creatives spans its lifetime or has both dates."""
    has_dates = {"start_date", "end_date"} <= request.parameters.keys()
    return request.is_true("lifetime") or has_dates


def is_within_sixty_days(request: SentRequest) -> bool:
    """Return True if a range without its last day spans at most 60 days."""
    start, end = (str(request.member("filtering", name)) for name in ("start_date", "end_date"))
    return start < end and day_count(start, end) - 1 <= 60


INSIGHT_RULES = (
    Rule(
        "Costs and budget changes have two dates at most 365 days apart",
        "go bc/account_cost_get, go bc/account_budget_changelog_get",
        at("/bc/account/cost/get/", "/bc/account/budget/changelog/get/"),
        lambda request: has_range(request, 365, "filtering"),
    ),
    Rule(
        "Reports of creatives have dates or span the lifetime",
        "1740662135093314",
        at(REPORT),
        has_lifetime_or_dates,
    ),
    Rule(
        "Performance by second is requested for ads, ad groups or campaigns",
        "1738825259075586",
        at(SECONDS),
        lambda request: len(t.cast("dict[str, t.Any]", request.value("filtering"))) == 1,
    ),
    Rule(
        "Fatigue is requested for at most 60 days",
        "1767568466842626",
        at(FATIGUE),
        is_within_sixty_days,
    ),
)
