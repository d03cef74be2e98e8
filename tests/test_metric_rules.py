"""Metrics that TikTok allows in a report."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.metric_catalog import default_metrics, load_catalog
from tap_tiktok_ads.api.metric_rules import expand_metrics, metric_conflict, metric_doubt
from tap_tiktok_ads.api.report_rules import UNIQUE_VIEWER_METRICS, ReportDefinition, task_conflict
from tap_tiktok_ads.streams import STREAMS

BASIC, AUDIENCE = "BASIC", "AUDIENCE"
OVERVIEW, BREAKDOWN = "SMART_PLUS_OVERVIEW", "SMART_PLUS_BREAKDOWN"
SOCIAL = ("likes", "comments", "shares", "follows", "profile_visits", "profile_visits_rate")
VIDEO = (
    *("video_play_actions", "video_watched_2s", "video_watched_6s", "average_video_play"),
    *("video_views_p25", "video_views_p50", "video_views_p75", "video_views_p100"),
)
ENGAGEMENT = (*SOCIAL, *VIDEO, "clicks_on_music_disc")
#: Metrics that another connector requests beside country_code and TikTok's page does not list.
COUNTRY_METRICS = (
    *("total_purchase_value", "total_onsite_shopping_value", "onsite_shopping", "sales_lead"),
    *("vta_purchase", "cta_purchase", "vta_conversion", "cta_conversion", "total_pageview"),
    *("value_per_complete_payment", "total_complete_payment_rate"),
)


def report(dimension: str, report_type: str = BASIC) -> ReportDefinition:
    """Return a daily report of ads by one more dimension."""
    dimensions = ("ad_id", "stat_time_day", dimension)
    return ReportDefinition("report", "AUCTION_AD", dimensions, report_type=report_type)


def materials(report_type: str) -> ReportDefinition:
    """Return a material report."""
    return ReportDefinition(
        "report", "AUCTION_AD", ("main_material_id", "stat_time_day"), report_type=report_type
    )


def without_attributes(names: tuple[str, ...]) -> set[str]:
    """Return the names of metrics that are not attributes."""
    metrics = load_catalog()["metrics"]
    return {name for name in names if metrics[name]["group"] != "attribute"}


#: Report type, dimension, number of listed metrics, a listed and an unlisted metric.
METRIC_LISTS = [
    (BASIC, "ad_type", 39, "skan_conversion_rate", "conversion_rate_v2"),
    (BASIC, "search_terms", 16, "engaged_view_15s", "video_watched_2s"),
    (BASIC, "page_id", 28, "onsite_form", "video_play_actions"),
    (BASIC, "component_name", 23, "ix_video_views", "onsite_form"),
    (BASIC, "room_id", 39, "onsite_shopping_roas", "gross_impressions"),
    (BASIC, "post_id", 48, "onsite_on_web_cart", "engaged_view_15s"),
    (BASIC, "country_code", 70, "download_start_rate", "conversion_rate_v2"),
    (AUDIENCE, "country_code", 37, "landing_page_view_rate", "conversion_rate_v2"),
    (AUDIENCE, "ad_type", 34, "conversion_rate_v2", "gross_impressions"),
    (AUDIENCE, "hashtag", 34, "engaged_view", "result"),
    (AUDIENCE, "audience_tags", 34, "engaged_view_15s", "result"),
    (AUDIENCE, "purchase_intention", 34, "likes", "result"),
]


@pytest.mark.parametrize(("report_type", "dimension", "count", "listed", "unlisted"), METRIC_LISTS)
def test_unlisted_metric_conflicts_with_its_dimension(
    report_type: str, dimension: str, count: int, listed: str, unlisted: str
) -> None:
    """Beside some dimensions, only the metrics of TikTok's page are valid."""
    definition = report(dimension, report_type)
    metrics = without_attributes(expand_metrics(["all"], definition))
    assert len(metrics) == count
    assert listed in metrics
    assert unlisted not in metrics
    assert metric_conflict(listed, definition) is None
    conflict = metric_conflict(unlisted, definition)
    assert conflict is not None
    assert f"{unlisted!r} cannot be requested beside {dimension} in {report_type}" in conflict
    core = without_attributes(expand_metrics(["core"], definition))
    assert core
    assert core < metrics
    assert metric_conflict("campaign_name", definition) is None  # attributes are always valid


@pytest.mark.parametrize("name", COUNTRY_METRICS)
def test_unverified_country_metric_is_in_no_group(name: str) -> None:
    """A metric that only another connector requests is unverified and in no group."""
    definition = report("country_code")
    assert metric_conflict(name, definition) is None
    doubt = metric_doubt(name, definition)
    assert doubt is not None
    assert "beside country_code" in doubt
    assert name not in expand_metrics(["all", load_catalog()["metrics"][name]["group"]], definition)
    assert name in expand_metrics([name], definition)
    assert metric_conflict(name, report("country_code", AUDIENCE)) is not None


@pytest.mark.parametrize("dimension", ["gender", "age", "platform", "language", "province_id"])
def test_engagement_metrics_are_verified_by_audience(dimension: str) -> None:
    """Video and social metrics are verified beside these audience dimensions."""
    definition = report(dimension, AUDIENCE)
    assert set(ENGAGEMENT) <= set(expand_metrics(["all"], definition))
    assert [name for name in ENGAGEMENT if metric_doubt(name, definition)] == []
    assert metric_conflict("reach", definition) is None  # TikTok lists no metrics here
    assert metric_doubt("reach", definition) is not None
    assert "reach" not in expand_metrics(["core"], definition)


@pytest.mark.parametrize("dimension", ["ac", "placement", "dma_id", "interest_category"])
def test_engagement_metrics_are_unverified_elsewhere(dimension: str) -> None:
    """Video and social metrics are unverified beside other audience dimensions."""
    definition = report(dimension, AUDIENCE)
    assert metric_conflict("likes", definition) is None
    assert metric_doubt("likes", definition) is not None
    assert "likes" not in expand_metrics(["all"], definition)


@pytest.mark.parametrize("report_type", [OVERVIEW, BREAKDOWN])
def test_material_reports_have_846_metrics(report_type: str) -> None:
    """Smart+ material reports have 846 metrics. An overview also has four attributes."""
    definition = materials(report_type)
    metrics = expand_metrics(["all"], definition)
    assert len(metrics) == 846
    assert "spend" in metrics
    core = expand_metrics(["core"], definition)
    assert len(core) == 13
    for name in ("reach", "frequency", "result", "cost", "campaign_name", "billed_cost"):
        assert name not in metrics
        conflict = metric_conflict(name, definition)
        assert conflict is not None
        assert report_type in conflict
    for name in ("ad_material_id", "material_primary_status", "operation_status"):
        assert (metric_conflict(name, definition) is None) is (report_type == OVERVIEW)


@pytest.mark.parametrize(
    ("name", "levels", "report_types"),
    [
        ("cost", {"ADVERTISER", "CAMPAIGN", "ADGROUP", "AD"}, {AUDIENCE}),
        ("minis_name", {"ADGROUP", "AD"}, {BASIC, AUDIENCE}),
        ("optimization_event", {"ADGROUP", "AD"}, {BASIC, AUDIENCE}),
        ("skan_conversion_rate", {"ADVERTISER", "CAMPAIGN", "ADGROUP", "AD"}, {BASIC, AUDIENCE}),
    ],
)
def test_metric_is_valid_at_its_levels(name: str, levels: set[str], report_types: set[str]) -> None:
    """A metric is valid only at its levels and in its report types."""
    dimensions = ("advertiser_id", "stat_time_day", "gender")
    for level in ("ADVERTISER", "CAMPAIGN", "ADGROUP", "AD"):
        for report_type in (BASIC, AUDIENCE):
            definition = ReportDefinition(
                "report", f"AUCTION_{level}", dimensions, report_type=report_type
            )
            is_valid = metric_conflict(name, definition) is None
            assert is_valid is (level in levels and report_type in report_types)


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param(entry.report, id=entry.name)
        for entry in STREAMS
        if entry.is_report and entry.report is not None
    ],
)
def test_default_metrics_are_verified(definition: ReportDefinition) -> None:
    """Every default metric of every built-in report is verified."""
    names = default_metrics(definition.name)
    assert [name for name in names if metric_conflict(name, definition)] == []
    assert [name for name in names if metric_doubt(name, definition)] == []


@pytest.mark.parametrize("breakdown", ["age_gender", "platform"])
@pytest.mark.parametrize("level", ["", "advertiser_", "campaign_", "ad_group_"])
def test_engagement_metrics_are_default_by_audience(level: str, breakdown: str) -> None:
    """Video and social metrics are default metrics by age, gender and platform."""
    assert set(ENGAGEMENT) <= set(default_metrics(f"{level}audience_report_by_{breakdown}"))


def test_unique_viewer_metrics_match_the_documentation() -> None:
    """Metrics of unique viewers equal the list on TikTok's page about report tasks."""
    assert {
        *("average_video_play_per_user", "frequency", "cost_per_1000_reached", "reach"),
        *("real_time_result", "real_time_result_rate", "real_time_cost_per_result"),
        *("result", "result_rate", "cost_per_result", "live_play_count"),
    } == UNIQUE_VIEWER_METRICS


@pytest.mark.parametrize(
    ("definition", "metrics", "message"),
    [
        pytest.param(report("ad_type"), ["skan_conversion"], None, id="task by ad_type"),
        pytest.param(
            report("ad_type"),
            ["spend", "skan_conversion_rate"],
            "report tasks have no skan_conversion_rate beside ad_type",
            id="synchronous by ad_type",
        ),
        pytest.param(
            report("placement", AUDIENCE),
            ["reach", "spend"],
            "report tasks have no reach beside placement",
            id="viewers by placement",
        ),
        pytest.param(report("hashtag", AUDIENCE), ["spend"], None, id="hashtag"),
    ],
)
def test_task_conflict_names_missing_metrics(
    definition: ReportDefinition, metrics: list[str], message: str | None
) -> None:
    """`task_conflict` names metrics that a task lacks beside a dimension."""
    assert task_conflict(definition, metrics, []) == message


def test_unknown_metric_has_no_conflict() -> None:
    """An unknown metric has neither a conflict nor a doubt."""
    definition = report("search_terms")
    assert metric_conflict("zzz_not_there", definition) is None
    assert metric_doubt("zzz_not_there", definition) is None


@pytest.mark.parametrize("metric", ["native_growth_active", "paid_engaged_view"])
@pytest.mark.parametrize(
    ("dimensions", "is_allowed"),
    [
        (("ad_id",), True),
        (("ad_id", "stat_time_day"), True),
        (("ad_id", "stat_time_hour"), False),
        (("ad_id", "stat_time_day", "image_id"), False),
    ],
)
def test_some_metrics_need_one_id_and_day(
    metric: str, dimensions: tuple[str, ...], *, is_allowed: bool
) -> None:
    """Some metrics are valid only beside one ID dimension and the day."""
    definition = ReportDefinition("report", "AUCTION_AD", dimensions)
    assert (metric_conflict(metric, definition) is None) is is_allowed
    assert (metric in expand_metrics(["all"], definition)) is is_allowed
