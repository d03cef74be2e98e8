"""Run several jobs that share the budget of one app, and compare their wall time with the budget.

    python benchmarks/shared_budget.py redis://127.0.0.1:6379/0 postgresql://user@127.0.0.1/db

Prints a table in Markdown. SQLite needs no server and is always measured. The simulator enforces
the limit and runs in another process. The first job has half of the advertisers.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
import typing as t
import uuid
from pathlib import Path

import run

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

JOBS = (3, 8)
#: Requests per second, and the number of advertisers: a run takes about half a minute.
RATES = {10: 16, 40: 64}
ACCOUNT = {"campaigns": 3, "ad_groups": 1, "ads": 1, "days": 30, "latency_ms": 400}
#: A tier of the simulator, which the benchmark sets to the rate.
TIER = "advanced"
MAX_RATIO = 1.15
MAX_CPU_SHARE = 0.02
IDLE_SECONDS = 5.0


def serve(options: dict[str, t.Any], connection: Connection[t.Any, t.Any]) -> None:
    """Run a simulator that enforces the number of requests per second in `rate`."""
    from tap_tiktok_ads.simulator.http import limits  # noqa: PLC0415 - keeps the parent small

    rate = options.pop("rate")
    limits.TIERS[TIER] = limits.Tier(rate, 60 * rate, 86_400 * rate)
    run.serve(options | {"tier": TIER}, connection)


def shares(ids: Sequence[str], jobs: int) -> list[Sequence[str]]:
    """Divide the advertisers. The first job gets half of them."""
    half = len(ids) // 2
    return [ids[:half], *(ids[half + job :: jobs - 1] for job in range(jobs - 1))]


def wall_time(commands: Sequence[Sequence[str]]) -> float:
    """Run commands at the same time and return their wall time.

    Raises:
        SystemExit: A command failed.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        jobs = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)  # noqa: S603 - commands of this script
            for command in commands
        ]
        codes = [job.wait() for job in jobs]
        if any(codes):
            errors.seek(0)
            sys.exit(f"Exit codes {codes}\n{errors.read().decode()[-3000:]}")
    return time.perf_counter() - started


def measure(clients: run.Clients, url: str, jobs: int, rate: int) -> str:
    """Return the line of one store, number of jobs and rate."""
    options = ACCOUNT | {"advertisers": RATES[rate], "rate": rate}
    settings = {"requests_per_second": rate, "shared_budget": url, "start_date": "{now-29}"}
    settings["app_id"] = uuid.uuid4().hex  # without the pauses and rates of other measurements
    with run.simulator(options, serve) as served:
        configs = [
            served.config(**settings, advertiser_ids=ids)
            for ids in shares(served.advertiser_ids, jobs)
        ]
        start_up = wall_time([clients.tap(config, ()) for config in configs])
        before = served.counts()[0]
        wall = wall_time([clients.tap(config, None) for config in configs])
        after, throttled, _ = served.counts()
    ratio = (wall - start_up) * rate / (after - before)
    used = max(cpu_shares(url, jobs, rate))
    verdict = "PASS" if ratio <= MAX_RATIO and not throttled and used <= MAX_CPU_SHARE else "miss"
    return (
        f"| {url.partition(':')[0]} | {jobs} | {rate}/s | {after - before} | {start_up:.1f} s "
        f"| {wall:.1f} s | {ratio:.2f} | {throttled} | {used:.2%} | {verdict} |"
    )


def cpu_shares(url: str, jobs: int, rate: int) -> list[float]:
    """Return the share of a CPU that the limiter of each job needs at the full rate."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        return pool.starmap(cpu_share, [(url, rate)] * jobs, chunksize=1)


def cpu_share(url: str, rate: int) -> float:
    """Return the share of a CPU that a job needs which only waits for its starts."""
    from tap_tiktok_ads.api.rate_limits import Tier  # noqa: PLC0415 - keeps the parent small
    from tap_tiktok_ads.api.shared_budget import share_budget  # noqa: PLC0415

    limiter = share_budget(Tier(rate, 60 * rate, 86_400 * rate), url, "benchmark of the CPU")
    started, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - started < IDLE_SECONDS:
        limiter.budget("/campaign/get/").acquire()
    share = (time.process_time() - used) / (time.perf_counter() - started)
    limiter.close()
    return share


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure jobs that share a budget.")
    parser.add_argument("urls", nargs="*", help="Redis and Postgres servers to measure")
    parser.add_argument("--jobs", type=int, nargs="+", default=JOBS)
    parser.add_argument("--rates", type=int, nargs="+", choices=RATES, default=tuple(RATES))
    options = parser.parse_args()
    write = sys.stdout.write
    write("| store | jobs | rate | requests | start-up | wall | ratio | 40100 | CPU | |\n")
    write("|---|---|---|---|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        clients = run.Clients(Path(folder))
        for url in (f"sqlite:///{folder}/budget.sqlite", *options.urls):
            for rate in options.rates:
                for jobs in options.jobs:
                    write(f"{measure(clients, url, jobs, rate)}\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
