"""Count the requests per advertiser, and compare the wall time with the request budget.

    python benchmarks/budget.py

Prints two tables in Markdown. The simulator runs in another process.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import typing as t
from pathlib import Path

import run

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Small accounts: each window and most lists fit on one page.
SMALL = {
    "campaigns": 3,
    "ad_groups": 1,
    "ads": 1,
    "smart_plus_ads": 1,
    "videos": 2,
    "images": 2,
    "audiences": 1,
    "pixels": 1,
    "days": 800,
}
MONTH, TWO_YEARS = "{now-29}", "{now-730}"
#: Share of a rate limit that the tap uses.
USED_SHARE = 0.95
MAX_RATIO = 1.08


@dataclasses.dataclass(frozen=True)
class Runs:
    """Runs whose requests are counted.

    Attributes:
        name: What is read.
        target: Maximum number of requests per advertiser.
        options: Options of the simulator.
        settings: Settings of the tap.
        is_incremental: True if a run before wrote the state.
        all_streams: True if all streams are selected, instead of the default ones.
    """

    name: str
    target: float
    options: dict[str, t.Any]
    settings: dict[str, t.Any]
    is_incremental: bool = False
    all_streams: bool = False

    @property
    def advertisers(self) -> int:
        """The number of advertisers."""
        return int(self.options["advertisers"])


def accounts(count: int, dormant: int, **options: t.Any) -> dict[str, t.Any]:
    """Return options of the simulator: `count` advertisers, of which some deliver nothing."""
    return {**SMALL, "advertisers": count, "dormant_advertisers": dormant, **options}


def counted_runs(large: int) -> list[Runs]:
    """Return the runs. The last two have `large` advertisers."""
    few, month = accounts(10, 8), {"start_date": MONTH}
    always = {"skip_dormant": "always"}
    young = accounts(10, 8, days=365, account_age_days=1)
    with_topview = accounts(5, 4, campaigns=6)
    years = {"start_date": TWO_YEARS}
    many = accounts(large, large * 4 // 5)
    return [
        Runs("first run, 30 days", 17, few, month),
        Runs("incremental run", 17, few, month, is_incremental=True),
        Runs("two years, accounts of one year", 110, young, years),
        Runs(
            "all streams, first run of 30 days, with TopView",
            250,
            with_topview,
            month,
            all_streams=True,
        ),
        Runs("first run, `skip_dormant: always`", 12, few, month | always),
        Runs(
            "incremental run, `skip_dormant: always`", 12, few, month | always, is_incremental=True
        ),
        Runs("two years, `skip_dormant: always`", 48, young, years | always),
        Runs(f"{large} advertisers, incremental", 17.2, many, month, is_incremental=True),
        Runs(
            f"{large} advertisers, incremental, `skip_dormant: always`",
            12,
            many,
            month | always,
            is_incremental=True,
        ),
    ]


def requests_per_advertiser(clients: run.Clients, runs: Runs, folder: Path) -> float:
    """Return the number of requests per advertiser of a run, besides the one for all of them."""
    with run.simulator(runs.options) as served:
        command = clients.tap(served.config(**runs.settings), _selection(runs))
        if runs.is_incremental:
            command = [*command, "--state", str(_state_of(command, folder))]
        before = served.counts()[0]
        run.cost(command)
        return (served.counts()[0] - before - 1) / runs.advertisers


def _selection(runs: Runs) -> list[str] | None:
    """Return the streams to select, or None for the default ones."""
    if not runs.all_streams:
        return None
    from tap_tiktok_ads.streams import STREAMS  # noqa: PLC0415 - keeps the parent small

    return [entry.name for entry in STREAMS]


def _state_of(command: list[str], folder: Path) -> Path:
    """Run a command and return the file of its last STATE."""
    output, state = folder / "messages.jsonl", folder / "state.json"
    with output.open("wb") as messages:
        run.cost(command, messages.fileno())
    with output.open("rb") as messages:
        states = [line for line in messages if line.startswith(b'{"type":"STATE"')]
    state.write_text(json.dumps(json.loads(states[-1])["value"]))
    return state


FOUR_REPORTS = (
    "campaign_performance_report",
    "ad_group_performance_report",
    "ad_performance_report",
    "ad_country_report",
)
YEAR = {"advertisers": 10, "campaigns": 3, "ad_groups": 1, "ads": 1, "days": 365, "latency_ms": 400}
FIVE = {"advertisers": 5, "campaigns": 3, "ad_groups": 1, "ads": 1, "days": 30}
#: Name, options of the simulator, streams, start date, tier, requests per second.
SCENARIOS: tuple[tuple[str, dict[str, t.Any], tuple[str, ...] | None, str, str, int], ...] = (
    ("4 streams, 10 advertisers x 365 days, 400 ms", YEAR, FOUR_REPORTS, "{now-364}", "basic", 10),
    (
        "4 streams, 10 advertisers x 365 days, 400 ms",
        YEAR,
        FOUR_REPORTS,
        "{now-364}",
        "advanced",
        20,
    ),
    ("19 streams, 5 advertisers, 1 s", FIVE | {"latency_ms": 1000}, None, MONTH, "advanced", 20),
    ("19 streams, 5 advertisers, 400 ms", FIVE | {"latency_ms": 400}, None, MONTH, "ultimate", 50),
    ("19 streams, 5 advertisers, 1 s", FIVE | {"latency_ms": 1000}, None, MONTH, "ultimate", 50),
)


def wall_times(clients: run.Clients) -> Iterator[str]:
    """Yield the lines of the table of wall times."""
    for name, options, streams, start, tier, rate in SCENARIOS:
        with run.simulator({**options, "tier": tier}) as served:
            config = served.config(start_date=start)
            start_up = run.cost(clients.tap(config, (), tier)).wall
            before = served.counts()[0]
            wall = run.cost(clients.tap(config, streams, tier)).wall
            after, throttled, _ = served.counts()
        ideal = (after - before) / (USED_SHARE * rate)
        ratio = (wall - start_up) / ideal
        verdict = "PASS" if ratio <= MAX_RATIO and not throttled else "miss"
        yield (
            f"| {name} | {rate}/s | {after - before} | {start_up:.1f} s | {wall:.1f} s "
            f"| {ratio:.2f} | {throttled} | {verdict} |"
        )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Count requests and compare with their budget.")
    parser.add_argument("--table", choices=("requests", "wall", "all"), default="all")
    parser.add_argument("--large", type=int, default=500, help="advertisers of the large account")
    options = parser.parse_args()
    write = sys.stdout.write
    with tempfile.TemporaryDirectory() as name:
        clients = run.Clients(Path(name))
        if options.table != "wall":
            write("| requests per advertiser | | target | |\n|---|---|---|---|\n")
            for runs in counted_runs(options.large):
                count = requests_per_advertiser(clients, runs, Path(name))
                verdict = "PASS" if count <= runs.target else "miss"
                write(f"| {runs.name} | {count:.1f} | {runs.target:g} | {verdict} |\n")
                sys.stdout.flush()
        if options.table != "requests":
            write("\n| scenario | rate | requests | start-up | wall | ratio | 40100 | |\n")
            write("|---|---|---|---|---|---|---|---|\n")
            for line in wall_times(clients):
                write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
