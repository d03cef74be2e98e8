"""Measures this tap beside a plain SDK tap and a bare loop, and prints a table in Markdown.

    python benchmarks/run.py --case cpu --repeat 3

Wall and CPU time and peak memory are those of the client's process alone. It is a small parent
that starts the clients: a process inherits the peak memory of the one that it was forked from.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from importlib import metadata
from pathlib import Path

import queries

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

HERE = Path(__file__).parent
MEGABYTE = 1e6
MOST_MEMORY = 120.0
#: `--quick` divides the sizes by this.
QUICK = 10

#: Four advertisers of 12,500 ads without TopView and Smart+. From the first day to the last day
#: read here every ad has rows, but for its days of rest.
LARGE = {
    "advertisers": 4,
    "campaigns": 4,
    "ad_groups": 5,
    "ads": 625,
    "smart_plus_ads": 0,
    "today": "2025-06-30",
    "days": 60,
}
FIRST_DAY = "2025-05-22"
FIVE_DAYS, TWO_DAYS, MONTH = "2025-05-26", "2025-05-23", "2025-06-16"
SMALL = LARGE | {"advertisers": 1, "ads": 10}
#: Every report and listing of ten accounts; each window and listing fits into one page.
YEAR = {"advertisers": 10, "campaigns": 3, "ad_groups": 1, "ads": 1, "days": 365, "latency_ms": 400}


@dataclasses.dataclass(frozen=True)
class Served:
    """A simulator that runs in another process."""

    url: str
    access_token: str
    advertiser_ids: list[str]
    connection: Connection[t.Any, t.Any]

    def asked(self) -> tuple[int, int, list[float]]:
        """How many requests came, how many were answered 40100, and when a limit was passed."""
        self.connection.send("count")
        count: tuple[int, int, list[float]] = self.connection.recv()
        return count

    def config(self, **settings: t.Any) -> dict[str, t.Any]:
        """What every client needs."""
        return {
            "api_url": self.url,
            "access_token": self.access_token,
            "advertiser_ids": self.advertiser_ids,
            **settings,
        }


def serve(options: dict[str, t.Any], connection: Connection[t.Any, t.Any]) -> None:
    """Run a simulator until the other side hangs up."""
    from tap_tiktok_ads.simulator import Simulator  # noqa: PLC0415 - keeps the parent small

    with Simulator(options) as simulator:
        ids = simulator.world.advertiser_ids
        connection.send((simulator.url, simulator.access_token, ids))
        with contextlib.suppress(EOFError):
            while connection.recv():
                passed = [breach.time for breach in simulator.breaches]
                connection.send((len(simulator.requests), simulator.throttled, passed))


@contextlib.contextmanager
def simulator(options: dict[str, t.Any]) -> Iterator[Served]:
    """A simulator in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(options, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        url, access_token, advertiser_ids = ours.recv()
        yield Served(url, access_token, advertiser_ids, ours)
    finally:
        ours.close()
        process.join()


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a process took: seconds, CPU seconds, megabytes at its peak."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], stdout: int = subprocess.DEVNULL) -> Cost:
    """Run a command to its end.

    Raises:
        SystemExit: it failed.
    """
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=errors)  # noqa: S603 - ours
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}\n{errors.read().decode()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MEGABYTE)


def counted(command: Sequence[str]) -> tuple[Cost, int]:
    """Run a command into a pipe whose other end counts the rows."""
    count = ["grep", "--count", "--text", '^{"type":"RECORD"']
    with subprocess.Popen(count, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as counter:  # noqa: S603 - ours
        if counter.stdin is None:
            raise TypeError
        taken = cost(command, counter.stdin.fileno())
        rows = int(counter.communicate()[0])
    return taken, rows


def first_record(command: Sequence[str]) -> float:
    """Seconds until a command has written its first RECORD; then it is ended."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        for line in process.stdout or ():
            if line.startswith(b'{"type":"RECORD"'):
                seconds = time.perf_counter() - began
                process.kill()
                return seconds
    sys.exit(f"{' '.join(command)} wrote no RECORD")


class Clients:
    """The commands of the contestants; their files live in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._catalog: Path | None = None

    def file(self, content: dict[str, t.Any]) -> str:
        """The path of a new file that holds this."""
        self._files += 1
        path = self._folder / f"{self._files}.json"
        path.write_text(json.dumps(content))
        return str(path)

    def catalog(self, streams: Sequence[str]) -> str:
        """The path of a catalog with these streams, and of the ad report the 68 metrics."""
        command = [sys.executable, "-m", "tap_tiktok_ads", "--discover"]
        found = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - ours
        catalog = json.loads(found)
        for entry in catalog["streams"]:
            for item in entry["metadata"]:
                where, facts = item["breadcrumb"], item["metadata"]
                if not where:
                    facts["selected"] = entry["tap_stream_id"] in streams
                elif entry["tap_stream_id"] == queries.REPORT and facts["inclusion"] == "available":
                    facts["selected"] = where[-1] in queries.METRICS
        return self.file(catalog)

    def tap(
        self, config: dict[str, t.Any], streams: Sequence[str] | None, tier: str = "unlimited"
    ) -> list[str]:
        """This tap with some of its streams, or all."""
        ours = config | {"environment": "simulator", "simulator": {"tier": tier}}
        command = [sys.executable, "-m", "tap_tiktok_ads", "--config", self.file(ours)]
        return command if streams is None else [*command, "--catalog", self.catalog(streams)]

    def plain(self, config: dict[str, t.Any]) -> list[str]:
        """The plain SDK tap."""
        return [sys.executable, str(HERE / "plain_tap.py"), "--config", self.file(config)]

    def bare(self, config: dict[str, t.Any]) -> list[str]:
        """The bare loop."""
        return [sys.executable, str(HERE / "bare_loop.py"), self.file(config)]


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of the table; `kept` is None where there is no target."""

    what: str
    tap: str
    plain: str = ""
    bare: str = ""
    ratio: str = ""
    target: str = ""
    kept: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "PASS", False: "miss", None: ""}[self.kept]
        cells = (self.what, self.tap, self.plain, self.bare, self.ratio, self.target, verdict)
        return f"| {' | '.join(cells)} |"


def note(text: str) -> None:
    """Tell on stderr how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def cpu(clients: Clients, repeat: int, *, quick: bool) -> Iterator[Line]:
    """Rows per CPU second.

    The plain tap reads one of the four advertisers only, because it takes so long. So that its
    start-up does not weigh four times, its CPU time is scaled up without it.
    """
    options = LARGE | {"ads": 625 // QUICK} if quick else LARGE
    with simulator(options) as served:
        config = served.config(start_date=FIRST_DAY, end_date=FIVE_DAYS)
        quarter = config | {"advertiser_ids": served.advertiser_ids[:1]}
        commands = {
            "tap": clients.tap(config, (queries.ADS, queries.REPORT)),
            "plain": clients.plain(quarter),
            "bare": clients.bare(config),
        }
        share = {"plain": len(served.advertiser_ids)}
        start_up = {"plain": cost([*commands["plain"], "--discover"]).cpu}
        piped: dict[str, float] = {}
        rows: dict[str, int] = {}
        rates: dict[str, list[float]] = {name: [] for name in commands}

        def rate(name: str, seconds: float) -> float:
            times, once = share.get(name, 1), start_up.get(name, 0.0)
            found = rows[name] * times / ((seconds - once) * times + once)
            note(f"cpu: {name} {rows[name]:,} rows in {seconds:.1f} CPU s: {found:,.0f} /s")
            return found

        for name, command in commands.items():  # also warms the simulator
            taken, rows[name] = counted(command)
            piped[name] = rate(name, taken.cpu)
        if rows["tap"] != rows["bare"]:
            sys.exit(f"The tap wrote {rows['tap']} rows, the bare loop {rows['bare']}.")
        for _ in range(repeat):
            for name, command in commands.items():
                rates[name].append(rate(name, cost(command).cpu))
    tap, plain, bare = (statistics.median(rates[name]) for name in ("tap", "plain", "bare"))
    what = f"rows per CPU second, {rows['tap']:,} rows"
    shown = (f"{tap:,.0f}", f"{plain:,.0f}", f"{bare:,.0f}")
    yield Line(
        what,
        *shown,
        ratio=f"{tap / plain:.2f} x plain",
        target=">= 8",
        kept=tap / plain >= 8,  # noqa: PLR2004
    )
    yield Line(
        "the same",
        *shown,
        ratio=f"{tap / bare:.2f} of bare",
        target=">= 0.6, aim 0.75",
        kept=tap / bare >= 0.6,  # noqa: PLR2004
    )
    tap, plain, bare = piped["tap"], piped["plain"], piped["bare"]
    yield Line(
        "the same into a pipe, one run",
        f"{tap:,.0f}",
        f"{plain:,.0f}",
        f"{bare:,.0f}",
        ratio=f"{tap / plain:.2f} x plain, {tap / bare:.2f} of bare",
    )


def wall(clients: Clients, *, quick: bool) -> Iterator[Line]:
    """A year of everything at the rate that the simulator enforces: once, it is a long wait."""
    options = YEAR | {"advertisers": 3} if quick else YEAR
    for tier, rate in (("advanced", 20), ("basic", 10)):
        with simulator(options | {"tier": tier}) as served:
            config = served.config(start_date=f"{{now-{YEAR['days'] - 1}}}")
            start_up = cost(clients.tap(config, (), tier)).wall
            before, *_ = served.asked()
            command = clients.tap(config, None, tier)
            began = time.time()
            taken = cost(command).wall
            after, refused, passed = served.asked()
        requests = after - before
        ratio = (taken - start_up) / (requests / rate)
        note(f"wall: {tier}, {requests} requests, start-up {start_up:.1f} s, all {taken:.1f} s")
        when = ", ".join(f"{moment - began:.1f} s" for moment in passed) or "never"
        note(f"wall: limit passed {when}; load average {os.getloadavg()[0]:.1f}")
        yield Line(
            f"wall at {rate}/s and 400 ms, {requests:,} requests, {options['advertisers']} "
            f"advertisers x {options['days']} days, all streams",
            f"{taken:.1f} s",
            ratio=f"{ratio:.3f} x requests / rate + {start_up:.1f} s start-up",
            target="<= 1.15",
            kept=ratio <= 1.15,  # noqa: PLR2004
        )
        yield Line(f"answers 40100 at {rate}/s", str(refused), target="0", kept=refused == 0)


def memory(clients: Clients, repeat: int, *, quick: bool) -> Iterator[Line]:
    """Peak memory of a long run, and of one a twelfth as long."""
    floor = cost([sys.executable, "-S", "-c", ""]).memory
    note(f"memory: an empty Python has {floor:.0f} MB")
    options = LARGE | {"ads": 625 // QUICK} if quick else LARGE
    peaks: dict[str, list[float]] = {}
    rows: dict[str, int] = {}
    with simulator(options) as served:
        for _ in range(repeat):
            for end in (TWO_DAYS, MONTH):
                config = served.config(start_date=FIRST_DAY, end_date=end)
                taken, rows[end] = counted(clients.tap(config, (queries.REPORT,)))
                peaks.setdefault(end, []).append(taken.memory)
                note(f"memory: {rows[end]:,} rows, {taken.memory:.1f} MB, {taken.wall:.0f} s")
    short, long = (statistics.median(peaks[end]) for end in (TWO_DAYS, MONTH))
    yield Line(
        f"peak memory, {rows[MONTH]:,} rows",
        f"{long:.0f} MB",
        target=f"<= {MOST_MEMORY:.0f} MB",
        kept=long <= MOST_MEMORY,
    )
    yield Line(
        f"peak memory, {rows[TWO_DAYS]:,} rows",
        f"{short:.0f} MB",
        ratio=f"{long / short - 1:+.1%} for the long run",
        target="within 10 %",
        kept=long <= 1.1 * short,
    )


def start(clients: Clients, repeat: int) -> Iterator[Line]:
    """Time to the first RECORD and to the catalog; short runs, so there are three times as many."""
    with simulator(SMALL) as served:
        config = served.config(start_date=FIRST_DAY, end_date=TWO_DAYS)
        tap, plain = clients.tap(config, (queries.ADS, queries.REPORT)), clients.plain(config)
        seconds: dict[str, list[float]] = {}
        for turn in range(1 + 3 * repeat):
            found = {
                "first tap": first_record(tap),
                "first plain": first_record(plain),
                "discover tap": cost([*clients.tap(config, None), "--discover"]).wall,
                "discover plain": cost([*plain, "--discover"]).wall,
            }
            for name, value in found.items() if turn else ():  # the first turn warms the caches
                seconds.setdefault(name, []).append(value)
    for what, name in (("time to the first RECORD", "first"), ("`--discover`", "discover")):
        ours, theirs = (statistics.median(seconds[f"{name} {who}"]) for who in ("tap", "plain"))
        note(f"start: {name} {ours:.3f} s, {theirs:.3f} s")
        yield Line(
            what,
            f"{ours:.2f} s",
            f"{theirs:.2f} s",
            ratio=f"{ours / theirs:.2f} x plain",
            target="<= 1.3",
            kept=ours / theirs <= 1.3,  # noqa: PLR2004
        )


def versions() -> str:
    """What the numbers depend on."""
    packages = ("singer-sdk", "msgspec", "requests", "meltano-tap-tiktok-ads")
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="ascii"))
    parts = [
        f"Python {platform.python_version()}",
        *(f"{name} {metadata.version(name)}" for name in packages),
        f"{os.cpu_count()} CPUs ({model[1] if model else platform.machine()})",
        f"load average {os.getloadavg()[0]:.1f} before",
    ]
    return f"{time.strftime('%Y-%m-%d')}: {', '.join(parts)}."


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the tap; not a test.")
    cases = ("cpu", "wall", "memory", "start", "all")
    parser.add_argument("--case", choices=cases, default="all", help="what to measure")
    parser.add_argument(
        "--repeat",
        type=int,
        default=3,
        help="runs, of which the median counts (start: 3 x as many, memory: a third, wall: 1)",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    chosen = parser.parse_args()
    # users' machines keep the bytecode of what they run
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    write = sys.stdout.write
    write(f"{versions()}\n\n")
    write("| measure | this tap | plain SDK tap | bare loop | ratio | target | |\n")
    write("|---|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        clients = Clients(Path(folder))
        tables = {
            "cpu": cpu(clients, chosen.repeat, quick=chosen.quick),
            "wall": wall(clients, quick=chosen.quick),
            "memory": memory(clients, max(1, chosen.repeat // 3), quick=chosen.quick),
            "start": start(clients, chosen.repeat),
        }
        for name, lines in tables.items():
            for line in lines if chosen.case in {name, "all"} else ():
                write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
