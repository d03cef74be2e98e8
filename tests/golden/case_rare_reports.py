"""Rare messages of reports: metrics, merged responses, totals and report tasks."""

from __future__ import annotations

import logging
import typing as t
from unittest import mock

from conftest import SMALL, config_for, run

from golden.case_rare_api import page
from golden.case_reports import LAGGING, PATH, fault
from golden.collector import answered, case, error_cases, short_waits, simulated
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams.reports import merging, splitting

if t.TYPE_CHECKING:
    from collections.abc import Callable

ADS, CAMPAIGNS = "ad_performance_report", "campaign_performance_report"
COUNTRY, RECONCILIATION = "ad_group_country_report", "reconciliation"
ALL: dict[str, t.Any] = {"times": None}
CAMPAIGNS_OF_ADS = {
    "name": "mine",
    "data_level": "AUCTION_AD",
    "dimensions": ["campaign_id", "stat_time_day"],
    "metrics": ["spend"],
}


def record(**values: t.Any) -> dict[str, t.Any]:
    """Return a raw record of a report."""
    day = values.pop("day", "2026-11-01 00:00:00")
    dimensions = {"advertiser_id": "1", "campaign_id": "5", "stat_time_day": day}
    return {"dimensions": dimensions, "metrics": values}


def _uneven_totals(query: dict[str, str]) -> dict[str, t.Any]:
    """Return totals that exceed the sum of the campaigns by half."""
    if query["path"] == "/campaign/get/":
        return page({"campaign_id": "5"})
    if "buying_type" in query.get("filtering", ""):
        return page(record(spend="10"))
    return page(record(spend="50" if query["data_level"] == "AUCTION_CAMPAIGN" else "100"))


def _without_day(query: dict[str, str]) -> dict[str, t.Any]:
    if query["path"] == "/campaign/get/":
        return page()
    return page(record(day="soon", spend="1"))


def _placeholder(query: dict[str, str]) -> dict[str, t.Any]:
    if query["path"] == "/campaign/get/":
        return page()
    return page(record(day="-", spend="0"))


error_cases(
    "Reports",
    {
        "metrics that a connector requests": simulated(
            [COUNTRY], report_metrics={COUNTRY: ["spend", "total_pageview", "sales_lead"]}
        ),
        "responses that hold different records": simulated(
            [CAMPAIGNS],
            ("drop_row", {"path": PATH, "containing": '"clicks"', **ALL}),
            report_metrics={CAMPAIGNS: ["all"]},
            start_date="{now}",
        ),
        "placeholder records": answered("advertiser_performance_report", _placeholder),
        "a record without its day": answered(RECONCILIATION, _without_day),
        "totals of an advertiser that differ": answered(
            "advertiser_performance_report", _uneven_totals
        ),
        "totals of a window are rejected": simulated(
            [RECONCILIATION],
            fault(40002, containing="true", message="enable_total_metrics: not supported."),
        ),
    },
)
case("Reports", "log of lists that are read again", logging.INFO)(
    answered(RECONCILIATION, lambda _: page(record(spend="1"), total_number=2))
)
case("Reports", "log of a request that is too large", logging.INFO)(
    simulated([ADS], ("code", {"path": PATH, "code": 40067, "message": "Too much data."}))
)


def _large(query: dict[str, str]) -> dict[str, t.Any]:
    """Return the first of three pages of a window, or the only page of a day."""
    if query["path"] == "/campaign/get/":
        return page()
    if query["start_date"] == query["end_date"]:
        return page(record(day=query["start_date"], spend="1"))
    return page(record(spend="1"), total_number=3000)


def _large_in_another_order(query: dict[str, str]) -> dict[str, t.Any]:
    """Return the response of `_large`, with another record for each batch of metrics."""
    data = _large(query)
    for raw in data["list"] if query.get("start_date") != query.get("end_date") else ():
        raw["dimensions"]["campaign_id"] = str(len(query["metrics"]))
    return data


def limited(
    module: t.Any, name: str, respond: t.Any = _large, **settings: t.Any
) -> Callable[[], object]:
    """Return a case: read a window of two days with more records than a limit of one record."""

    def read() -> None:
        with mock.patch.object(module, name, 1):
            answered(CAMPAIGNS, respond, **settings)()

    return read


case("Reports", "log of too many records to merge", logging.INFO)(
    limited(
        merging,
        "MAX_MERGED_RECORDS",
        _large_in_another_order,
        report_metrics={CAMPAIGNS: ["all"]},
    )
)
case("Reports", "log of too many records in a window", logging.INFO)(
    limited(splitting, "MAX_WINDOW_RECORDS")
)


def causes(
    dimension: str = "", days: tuple[int, int] = (2, 0), **options: t.Any
) -> Callable[[], object]:
    """Return a case: the causes that records of `reconciliation` name.

    Args:
        dimension: The ID of the level that lacks a record, or nothing.
        days: The first and last day, as days before the run.
        options: Options of the simulator.
    """

    def read() -> list[str]:
        with short_waits(), Simulator({**SMALL, "advertisers": 1, **options}) as simulator:
            if dimension:
                simulator.add_fault("drop_row", path=PATH, containing=f'["{dimension}"', times=3)
            first, last = (f"{{now-{number}}}" for number in days)
            config = config_for(simulator, start_date=first, end_date=last, max_concurrency=1)
            records = run(config, [RECONCILIATION]).records[RECONCILIATION]
            return sorted({str(one["likely_cause"]) for one in records} - {"None"})

    return read


for name, function in {
    "causes of missing records": causes("ad_id"),
    "causes of missing ads": causes(report_ads_limit=1),
    "causes of a level that lacks a record": causes("campaign_id"),
    "causes of a level that lacks a final record": causes("campaign_id", (39, 33)),
}.items():
    case("Reports", name, logging.ERROR)(function)


def _sandbox() -> None:
    with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
        ids = simulator.world.advertiser_ids
        config = config_for(simulator, environment="sandbox", advertiser_ids=ids, max_retries=0)
        run({**config, "report_mode": "async", "start_date": "{now-2}"}, [ADS])


error_cases(
    "Report tasks",
    {
        "tasks that cannot replace deleted objects": simulated(
            ["mine"], custom_reports=[CAMPAIGNS_OF_ADS], report_mode="async"
        ),
        "files that lack rows of a truncated report": simulated(
            [ADS],
            options={"report_task_gaps": 99, "report_ads_limit": 3},
            report_mode="auto",
            **LAGGING,
        ),
        "the sandbox without tasks": _sandbox,
    },
)
