"""Runs of the tap against the simulator, whose requests are checked."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import typing as t
from pathlib import Path

from conftest import command, config_for, run

from tap_tiktok_ads.streams import STREAMS

from .messages import RecordingSimulator
from .metrics import BREAKDOWNS, CLOSED_LISTS

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .messages import SentRequest

NAMES = [stream.name for stream in STREAMS if stream.name != "sync_errors"]
#: Streams that `report_metrics` can name.
REPORT_NAMES = tuple(
    stream.name for stream in STREAMS if stream.is_report and not stream.name.startswith("gmv_max_")
)
GMV_MAX_NAMES = tuple(
    stream.name for stream in STREAMS if stream.is_report and stream.name.startswith("gmv_max_")
)
WORLD = {
    "advertisers": 1,
    "campaigns": 2,
    "ad_groups": 1,
    "ads": 1,
    "smart_plus_ads": 1,
    "days": 5,
    "videos": 2,
    "images": 2,
    "audiences": 2,
    "pixels": 12,
}
DAYS = "{now-2}"


@dataclasses.dataclass(frozen=True)
class Plan:
    """World, settings and streams of a run.

    Attributes:
        name: Name of the run.
        world: Options of the simulator.
        settings: Settings of the tap.
        streams: Names of streams. Empty selects all streams.
        is_repeated: True if a second run follows with the state of the first run.
        fault: Fault of the simulator that causes repeated requests.
    """

    name: str
    world: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    streams: tuple[str, ...] = ()
    is_repeated: bool = False
    fault: Mapping[str, t.Any] | None = None


def metrics_of(*names: str) -> dict[str, t.Any]:
    """Return settings that set the metrics of each report."""
    return {"start_date": DAYS, "report_metrics": {report: [*names] for report in REPORT_NAMES}}


def breakdowns() -> list[dict[str, t.Any]]:
    """Return a custom report for each breakdown dimension, with all metrics."""
    return [
        {
            "name": f"{kind.lower()}_by_{dimension}",
            "report_type": kind,
            "data_level": "AUCTION_AD",
            "dimensions": ["ad_id", "stat_time_day", dimension],
            "metrics": ["core", "all"] if dimension in CLOSED_LISTS[kind] else ["spend", "clicks"],
        }
        for kind, dimensions in BREAKDOWNS.items()
        for dimension in sorted(dimensions)
    ]


BREAKDOWN_REPORTS = breakdowns()
BREAKDOWN_SETTINGS = {"start_date": DAYS, "custom_reports": BREAKDOWN_REPORTS}
BREAKDOWN_NAMES = tuple(report["name"] for report in BREAKDOWN_REPORTS)

#: Name suffixes of streams that are read over more than a year.
LONG_SUFFIXES = (
    "_transactions",
    "_material_report_daily",
    "gmv_max_report",
    "comments",
    "budget_changes",
)

PLANS = (
    Plan(
        "defaults, two advertisers",
        {"advertisers": 2, "campaigns": 5, "days": 40, "pixels": 23},
        {"start_date": "{now-33}"},
    ),
    Plan(
        "second run with state",
        {"seed": 11, "late_conversions": True},
        {"start_date": DAYS, "lookback_days": 2, "backfill_order": "oldest_first"},
        is_repeated=True,
    ),
    Plan(
        "without deleted objects",
        {"seed": 23, "stores": 3},
        {"start_date": DAYS, "include_deleted": False},
    ),
    Plan(
        "tracked deletions",
        {"seed": 5},
        {"start_date": DAYS, "track_deleted": True, "lookback_days": "auto"},
    ),
    Plan("report tasks", {"seed": 3}, {"start_date": "{now-4}", "report_mode": "async"}),
    Plan("synchronous reports", {}, {"start_date": DAYS, "report_mode": "sync"}),
    Plan(
        "more than a year",
        {"seed": 31},
        {"start_date": "{now-400}"},
        tuple(name for name in NAMES if name.endswith(LONG_SUFFIXES)),
    ),
    Plan(
        "reports that time out",
        {"seed": 2, "campaigns": 12},
        {"start_date": "{now}", "report_mode": "sync"},
        ("ad_performance_report",),
        fault={"kind": "code", "code": 50002, "path": "/report/integrated/get/", "times": 2},
    ),
    Plan(
        "dormant advertisers",
        {"advertisers": 7, "dormant_advertisers": 5, "seed": 13},
        {"start_date": "{now-33}", "skip_dormant": "always"},
        is_repeated=True,
    ),
    Plan("all metrics", {}, metrics_of("all"), REPORT_NAMES),
    Plan("core metrics", {}, metrics_of("core"), REPORT_NAMES),
    Plan(
        "all metrics of GMV Max",
        {"stores": 3, "gmv_max_campaigns": 4, "seed": 17},
        {"start_date": DAYS, "report_metrics": {name: ["all"] for name in GMV_MAX_NAMES}},
        GMV_MAX_NAMES,
    ),
    Plan(
        "all metrics by tasks",
        {},
        {**metrics_of("all"), "report_mode": "async"},
        REPORT_NAMES,
    ),
    Plan("each breakdown", {}, BREAKDOWN_SETTINGS, BREAKDOWN_NAMES),
    Plan(
        "each breakdown by tasks",
        {},
        {**BREAKDOWN_SETTINGS, "report_mode": "async"},
        BREAKDOWN_NAMES,
    ),
)

#: Streams with their own rules, for which the command `sample` runs.
SAMPLED = (
    "pixel_event_statistics",
    "gmv_max_report",
    "gmv_max_creative_report",
    "gmv_max_sessions",
    "advertiser_transactions",
    "instant_pages",
    "smart_plus_material_report",
    "audience_report_by_country",
)


def record(plan: Plan) -> Iterator[tuple[str, list[SentRequest]]]:
    """Yield the name and requests of each run of a plan."""
    sim = RecordingSimulator({**WORLD, **plan.world})
    if plan.fault is not None:
        sim.add_fault(**plan.fault)
    with sim:
        config = config_for(sim, requests_per_second=1000, **plan.settings)
        names = plan.streams or NAMES
        state = None
        for number in range(1 + plan.is_repeated):
            start = len(sim.sent_requests)
            state = run(config, names, state=state).state
            yield f"{plan.name}, run {number + 1}", sim.sent_requests[start:]


#: Arguments of commands that send a few requests.
COMMANDS = (("doctor",), ("plan",), *(("sample", name) for name in SAMPLED), ("--test",))


def record_commands() -> Iterator[tuple[str, list[SentRequest]]]:
    """Yield the name and requests of each command."""
    sim = RecordingSimulator(WORLD)
    with sim, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(config_for(sim, start_date=DAYS)), "utf-8")
        for arguments in COMMANDS:
            start = len(sim.sent_requests)
            result = command(*arguments, "--config", str(file))
            assert result.returncode == 0, result.stderr
            yield " ".join(arguments), sim.sent_requests[start:]
