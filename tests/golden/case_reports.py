"""Reports, their metrics, and report tasks."""

from __future__ import annotations

import typing as t

from conftest import SMALL, config_for, run

from golden.collector import answered, error_cases, simulated
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable

ADS, CAMPAIGNS = "ad_performance_report", "campaign_performance_report"
PATH = "/report/integrated/get/"
CREATE = "/report/task/create/"
ALL: dict[str, t.Any] = {"times": None}
FILTERED = {
    "name": "mine",
    "data_level": "AUCTION_AD",
    "dimensions": ["ad_id"],
    "metrics": ["spend"],
    "filters": [{"field": "buying_type", "values": ["RESERVATION_TOP_VIEW"]}],
}
NEW_METRIC = {
    "name": "mine",
    "data_level": "AUCTION_CAMPAIGN",
    "dimensions": ["campaign_id"],
    "metrics": ["spend", "brand_new_metric"],
}
COUNTRY = "ad_group_country_report"


def more_metrics() -> None:
    """Read a report with a metric that the run before did not read."""
    with Simulator({**SMALL, "advertisers": 1}) as simulator:
        config = config_for(simulator, start_date="{now-4}", max_concurrency=1)
        first = run(config | {"report_metrics": {CAMPAIGNS: ["spend"]}}, [CAMPAIGNS])
        metrics = {"report_metrics": {CAMPAIGNS: ["spend", "clicks"]}}
        run(config | metrics, [CAMPAIGNS], state=first.state)


def top_view(**data: t.Any) -> Callable[[], object]:
    """Return a case: the list of TopView campaigns has another shape."""

    def answer(query: dict[str, str]) -> dict[str, t.Any]:
        return data if query["path"] == "/campaign/get/" else {"list": [], "page_info": {}}

    return answered(CAMPAIGNS, answer)


def probe_of_another(query: dict[str, str]) -> dict[str, t.Any]:
    """Return a record of an advertiser that no probe names."""
    if "advertiser_ids" not in query:
        return {"list": [], "page_info": {"page": 1, "total_number": 0, "total_page": 0}}
    record = {"dimensions": {"advertiser_id": "99"}, "metrics": {"spend": "1"}}
    return {"list": [record], "page_info": {"page": 1, "total_number": 1, "total_page": 1}}


def fault(code: int, path: str = PATH, **arguments: t.Any) -> tuple[str, dict[str, t.Any]]:
    """Return a fault: each request of a path fails with a return code."""
    return "code", {"path": path, "code": code, "message": "Not for you.", **ALL, **arguments}


LAGGING: dict[str, t.Any] = {"lookback_days": 2, "start_date": "{now-9}"}
error_cases(
    "Reports",
    {
        "a list of TopView campaigns of another shape": top_view(campaigns=[]),
        "TopView campaigns are denied": simulated(
            [CAMPAIGNS], fault(40001, "/campaign/get/", containing="TOP_VIEW")
        ),
        "TopView reports are denied": simulated(
            [CAMPAIGNS], fault(40001, containing="buying_type")
        ),
        "totals hold TopView ads": simulated(
            ["advertiser_performance_report"],
            options={"advertiser_report_includes_topview": True},
            start_date="{now-9}",
        ),
        "totals may hold TopView ads": simulated(
            ["advertiser_performance_report"], fault(40002, containing="AUCTION_CAMPAIGN")
        ),
        "Promote ads are rejected": simulated([ADS], fault(40002, containing="PROMOTE")),
        "metrics that earlier runs did not read": more_metrics,
        "a metric that the tap does not know": simulated(["mine"], custom_reports=[NEW_METRIC]),
        "a metric outside TikTok's list": simulated(
            [COUNTRY], report_metrics={COUNTRY: ["spend", "cost_per_1000_reached"]}
        ),
        "TikTok looked at its newest ads only": simulated(
            [ADS], options={"report_ads_limit": 1}, report_mode="sync"
        ),
        "report tasks cannot replace a report of the newest ads": simulated(
            [ADS], fault(40118, "/report/task/create/"), options={"report_ads_limit": 1}
        ),
        "totals are rejected": simulated(
            ["reconciliation", ADS],
            fault(40002, containing="AUCTION_ADVERTISER"),
            start_date="{now-9}",
        ),
        "an advertiser cannot be probed": simulated(
            [CAMPAIGNS],
            fault(40001, containing='["7'),
            options={"campaigns": 3},
            skip_dormant="always",
        ),
        "a probe of another advertiser": answered(
            CAMPAIGNS, probe_of_another, skip_dormant="always"
        ),
        "the lookback cannot be read": simulated(
            [ADS], fault(40001, "/adgroup/get/"), lookback_days="auto"
        ),
        "a wrong metric of gmv_max_report": simulated(
            ["gmv_max_report"], report_metrics={"gmv_max_report": ["costs"]}
        ),
        "a metric beside a dimension": simulated([COUNTRY], report_metrics={COUNTRY: ["spent"]}),
    },
)
error_cases(
    "Report tasks",
    {
        "a filter that tasks do not have": simulated(
            ["mine"], custom_reports=[FILTERED], report_mode="async"
        ),
        "tasks are denied": simulated([ADS], fault(40118, CREATE), report_mode="async", **LAGGING),
        "a list of ads that is incomplete": simulated(
            [ADS], ("total", {"path": "/ad/get/", "by": 3, **ALL}), report_mode="async", **LAGGING
        ),
        "a file that lacks rows once": simulated(
            [ADS], options={"report_task_gaps": 1}, report_mode="async", **LAGGING
        ),
        "files that lack rows": simulated(
            [ADS],
            options={"report_task_gaps": 99, "report_ads_limit": 3},
            report_mode="async",
            **LAGGING,
        ),
        "totals are rejected": simulated([ADS], fault(40002), report_mode="async", **LAGGING),
        "a task that fails": simulated(
            [ADS],
            options={"report_task_failures": 1},
            report_mode="async",
            max_retries=1,
            start_date="{now-2}",
        ),
        "tasks that keep failing": simulated(
            [ADS], options={"report_task_failures": 99}, report_mode="async"
        ),
        "the sandbox": simulated(
            [ADS], environment="sandbox", report_mode="async", rate_limit_tier="basic"
        ),
    },
)
