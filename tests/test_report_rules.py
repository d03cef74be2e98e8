"""Reports that TikTok accepts."""

from __future__ import annotations

import typing as t

import pytest

from tap_tiktok_ads.api.metric_rules import check_metrics
from tap_tiktok_ads.api.report_rules import (
    MAX_METRICS,
    ReportDefinition,
    check_dimensions,
    complete_dimensions,
    task_conflict,
)

AD_DAY = ("ad_id", "stat_time_day")


def definition(dimensions: tuple[str, ...] = AD_DAY, **members: t.Any) -> ReportDefinition:
    """Return a report at ad level."""
    return ReportDefinition(
        "report", members.pop("data_level", "AUCTION_AD"), dimensions, **members
    )


def check(report: ReportDefinition) -> None:
    """Raise `ValueError` if TikTok rejects a report."""
    check_dimensions(report)
    check_metrics(report)


@pytest.mark.parametrize(
    ("dimensions", "report_type", "granularity", "expected"),
    [
        pytest.param(["ad_id"], "BASIC", None, ("ad_id", "stat_time_day"), id="day by default"),
        pytest.param(["ad_id"], "BASIC", "hour", ("ad_id", "stat_time_hour"), id="hour"),
        pytest.param(["ad_id"], "BASIC", "lifetime", ("ad_id",), id="lifetime"),
        pytest.param(
            ["stat_time_day", "ad_id"], "BASIC", None, ("stat_time_day", "ad_id"), id="order kept"
        ),
        pytest.param(
            ["ad_id", "stat_time_hour"],
            "BASIC",
            None,
            ("ad_id", "stat_time_hour"),
            id="granularity from dimension",
        ),
        pytest.param(
            ["ad_id", "gender"], "AUDIENCE", "day", ("ad_id", "gender", "stat_time_day"), id="type"
        ),
    ],
)
def test_time_dimension_is_added(
    dimensions: list[str], report_type: str, granularity: str | None, expected: tuple[str, ...]
) -> None:
    """The time dimension of the granularity is added unless the dimensions contain it."""
    assert complete_dimensions(dimensions, report_type, granularity) == expected


@pytest.mark.parametrize(
    ("dimensions", "report_type", "granularity", "message"),
    [
        pytest.param(["ad_ids"], "BASIC", None, "unknown dimension 'ad_ids'", id="unknown"),
        pytest.param(
            ["ad_id", "gender"], "BASIC", None, "requires report_type AUDIENCE", id="type"
        ),
        pytest.param(["stat_time_day"], "BASIC", "hour", "do not fit", id="other granularity"),
        pytest.param(["stat_time_day"], "BASIC", "lifetime", "do not fit", id="lifetime with day"),
        pytest.param(
            ["stat_time_day", "stat_time_hour"], "BASIC", None, "do not fit", id="two times"
        ),
    ],
)
def test_invalid_dimensions_raise_value_error(
    dimensions: list[str], report_type: str, granularity: str | None, message: str
) -> None:
    """Dimensions that conflict with the report type or granularity raise ValueError."""
    with pytest.raises(ValueError, match=message):
        complete_dimensions(dimensions, report_type, granularity)


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(definition(metrics=("spend", "clicks")), id="basic"),
        pytest.param(definition(("ad_id",), metrics=("spend",)), id="lifetime"),
        pytest.param(
            definition(("ad_id", "gender", "age", "stat_time_day"), report_type="AUDIENCE"),
            id="gender and age",
        ),
        pytest.param(
            definition(("campaign_id", "stat_time_day"), data_level="AUCTION_CAMPAIGN"),
            id="campaign",
        ),
    ],
)
def test_valid_report_is_accepted(report: ReportDefinition) -> None:
    """A valid report raises no error."""
    check(report)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        pytest.param(definition(("stat_time_day",)), "one ID dimension .*got none", id="no ID"),
        pytest.param(
            definition(("ad_id", "campaign_id")), "got 'ad_id' and 'campaign_id'", id="two IDs"
        ),
        pytest.param(
            definition(data_level="AUCTION_CAMPAIGN"), "'ad_id' is below", id="level of the ID"
        ),
        pytest.param(definition(report_type="AUDIENCE"), "one audience dimension", id="none"),
        pytest.param(
            definition(("ad_id", "gender"), report_type="AUDIENCE"),
            "no lifetime mode",
            id="lifetime audience",
        ),
        pytest.param(
            definition(("ad_id", "country_code")), "cannot have country_code", id="lifetime country"
        ),
        pytest.param(definition(metrics=("ad_id_v2",)), "in one request", id="both ad IDs"),
        pytest.param(definition(metrics=("ad_id",)), "is a dimension", id="metric and dimension"),
        pytest.param(definition(metrics=("cash_spend",)), "AUCTION_ADVERTISER", id="cash"),
    ],
)
def test_invalid_report_raises_value_error(report: ReportDefinition, message: str) -> None:
    """A report that TikTok rejects raises ValueError with the cause."""
    with pytest.raises(ValueError, match=message):
        check(report)


@pytest.mark.parametrize(
    ("report", "metrics", "filters", "message"),
    [
        pytest.param(definition(), ["spend"], ["campaign_ids"], None, id="none"),
        pytest.param(definition(), ["reach"], [], None, id="reach without audience"),
        pytest.param(
            definition(report_type="CATALOG"),
            ["spend"],
            [],
            "report tasks of CATALOG reports do not name their columns",
            id="type",
        ),
        pytest.param(
            definition(("ad_id", "country_code")), ["spend"], [], "names of countries", id="country"
        ),
        pytest.param(
            definition(("ad_id", "gender")), ["reach"], [], "no reach beside gender", id="reach"
        ),
        pytest.param(definition(), ["spend"], ["objective"], "filter by objective", id="filter"),
        pytest.param(
            definition(),
            ["spend"] * (MAX_METRICS + 1),
            [],
            "at most 100 metrics, not 101",
            id="metrics",
        ),
    ],
)
def test_task_conflict_names_the_cause(
    report: ReportDefinition, metrics: list[str], filters: list[str], message: str | None
) -> None:
    """A report that a task cannot return has a conflict that names the cause."""
    conflict = task_conflict(report, metrics, filters)
    if message is None:
        assert conflict is None
    else:
        assert conflict is not None
        assert message in conflict
