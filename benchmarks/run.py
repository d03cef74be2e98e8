"""Compare this tap with a plain SDK tap and a bare loop, and print a table in Markdown.

    python benchmarks/run.py --case cpu --repeat 3

Wall time, CPU time and peak memory include only the process of the client. A process inherits the
peak memory of its parent, so this process stays small.
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
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

HERE = Path(__file__).parent
MEGABYTE = 1e6
MAX_PEAK_MEGABYTES = 120.0
#: Three million records may take this multiple of the memory of one million.
MAX_MEMORY_GROWTH = 1.1
#: Maximum CPU seconds of the main thread with 5,000 advertisers.
MAX_STATE_SECONDS = 20.0
MAX_STATE_SHARE = 0.05
#: `--quick` divides the number of ads by this.
QUICK_DIVISOR = 10

#: Four advertisers with 12,500 ads each, without TopView and Smart+. Every ad has records between
#: `FIRST_DAY` and `MONTH`, except for days without delivery.
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
FIVE_DAYS, TWO_DAYS = "2025-05-26", "2025-05-23"
#: Many days of the same advertisers: one and three million records from `FIRST_LONG_DAY` on.
LONG = LARGE | {"days": 140}
FIRST_LONG_DAY, MILLION, THREE_MILLIONS = "2025-04-10", "2025-05-05", "2025-06-24"
SMALL = LARGE | {"advertisers": 1, "ads": 10}
#: All reports and lists of ten accounts. Each window and list fits on one page.
YEAR = {"advertisers": 10, "campaigns": 3, "ad_groups": 1, "ads": 1, "days": 365, "latency_ms": 400}


@dataclasses.dataclass(frozen=True)
class Served:
    """A simulator that runs in another process."""

    url: str
    access_token: str
    advertiser_ids: list[str]
    connection: Connection[t.Any, t.Any]

    def counts(self) -> tuple[int, int, list[float]]:
        """Return the number of requests and of responses with code 40100, and times of breaches.

        A breach is a request above the rate limit. Times are seconds since the epoch.
        """
        self.connection.send("count")
        counts: tuple[int, int, list[float]] = self.connection.recv()
        return counts

    def config(self, **settings: t.Any) -> dict[str, t.Any]:
        """Return the configuration of a client: the simulator, and `settings`."""
        return {
            "api_url": self.url,
            "access_token": self.access_token,
            "advertiser_ids": self.advertiser_ids,
            **settings,
        }


def serve(options: dict[str, t.Any], connection: Connection[t.Any, t.Any]) -> None:
    """Run a simulator until the other side closes the connection."""
    from tap_tiktok_ads.simulator import Simulator  # noqa: PLC0415 - keeps the parent small

    with Simulator(options) as simulator:
        ids = simulator.world.advertiser_ids
        connection.send((simulator.url, simulator.access_token, ids))
        with contextlib.suppress(EOFError):
            while connection.recv():
                breach_times = [breach.time for breach in simulator.breaches]
                connection.send((len(simulator.requests), simulator.throttled, breach_times))


@contextlib.contextmanager
def simulator(
    options: dict[str, t.Any],
    target: Callable[[dict[str, t.Any], Connection[t.Any, t.Any]], None] = serve,
) -> Iterator[Served]:
    """Run a simulator in a separate process."""
    context = multiprocessing.get_context("spawn")
    parent, child = context.Pipe()
    process = context.Process(target=target, args=(options, child), daemon=True)
    process.start()
    child.close()
    try:
        url, access_token, advertiser_ids = parent.recv()
        yield Served(url, access_token, advertiser_ids, parent)
    finally:
        parent.close()
        process.join()


@dataclasses.dataclass(frozen=True)
class Cost:
    """Resources of a process: seconds of wall and CPU time, and peak memory in megabytes."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], stdout: int = subprocess.DEVNULL) -> Cost:
    """Run a command to its end and return its resources.

    Raises:
        SystemExit: The command failed.
    """
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=stdout, stderr=errors)  # noqa: S603 - a command of this script
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}\n{errors.read().decode()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MEGABYTE)


def cost_and_records(command: Sequence[str]) -> tuple[Cost, int]:
    """Run a command into a pipe. Return its resources and the number of its records."""
    count = ["grep", "--count", "--text", '^{"type":"RECORD"']
    with subprocess.Popen(count, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as counter:  # noqa: S603 - a command of this script
        if counter.stdin is None:
            raise TypeError
        used = cost(command, counter.stdin.fileno())
        records = int(counter.communicate()[0])
    return used, records


def first_record(command: Sequence[str]) -> float:
    """Return the seconds until the first RECORD of a command, and end the command."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - a command of this script
        for line in process.stdout or ():
            if line.startswith(b'{"type":"RECORD"'):
                seconds = time.perf_counter() - start
                process.kill()
                return seconds
    sys.exit(f"The command wrote no RECORD: {' '.join(command)}")


class Clients:
    """Commands of the clients. Their files are in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._catalog: Path | None = None

    def file(self, content: dict[str, t.Any]) -> str:
        """Write a new JSON file and return its path."""
        self._files += 1
        path = self._folder / f"{self._files}.json"
        path.write_text(json.dumps(content))
        return str(path)

    def catalog(
        self, streams: Sequence[str], config: str, metrics: Sequence[str] = queries.METRICS
    ) -> str:
        """Write a catalog and return its path. It selects the streams and the report metrics."""
        command = [sys.executable, "-m", "tap_tiktok_ads", "--config", config, "--discover"]
        output = subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603 - a command of this script
        catalog = json.loads(output)
        for entry in catalog["streams"]:
            stream = entry["tap_stream_id"]
            for item in entry["metadata"]:
                breadcrumb, values = item["breadcrumb"], item["metadata"]
                if not breadcrumb:
                    values["selected"] = stream in streams
                elif (
                    entry["tap_stream_id"] == queries.REPORT and values["inclusion"] == "available"
                ):
                    values["selected"] = breadcrumb[-1] in metrics
        return self.file(catalog)

    def tap(
        self, config: dict[str, t.Any], streams: Sequence[str] | None, tier: str = "unlimited"
    ) -> list[str]:
        """Return the command of this tap, with all streams if `streams` is None."""
        file = self.file(config | {"environment": "simulator", "simulator": {"tier": tier}})
        command = [sys.executable, "-m", "tap_tiktok_ads", "--config", file]
        if streams is None:
            return command
        metrics = config.get("report_metrics", {}).get(queries.REPORT, queries.METRICS)
        return [*command, "--catalog", self.catalog(streams, file, metrics)]

    def plain(self, config: dict[str, t.Any]) -> list[str]:
        """Return the command of the plain SDK tap."""
        return [sys.executable, str(HERE / "plain_tap.py"), "--config", self.file(config)]

    def bare(self, config: dict[str, t.Any]) -> list[str]:
        """Return the command of the bare loop."""
        return [sys.executable, str(HERE / "bare_loop.py"), self.file(config)]


@dataclasses.dataclass(frozen=True)
class Line:
    """Line of the table. `is_met` is None if the line has no target."""

    measure: str
    tap: str
    plain: str = ""
    bare: str = ""
    ratio: str = ""
    target: str = ""
    is_met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "PASS", False: "miss", None: ""}[self.is_met]
        cells = (self.measure, self.tap, self.plain, self.bare, self.ratio, self.target, verdict)
        return f"| {' | '.join(cells)} |"


def note(text: str) -> None:
    """Report progress on stderr."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def cpu(clients: Clients, repeat: int, *, quick: bool) -> Iterator[Line]:
    """Measure records per CPU second.

    The plain tap is slow, so it reads only one of the four advertisers. Its CPU time is multiplied
    by four, except for the start-up.
    """
    options = LARGE | {"ads": 625 // QUICK_DIVISOR} if quick else LARGE
    with simulator(options) as served:
        config = served.config(start_date=FIRST_DAY, end_date=FIVE_DAYS)
        one_advertiser = config | {"advertiser_ids": served.advertiser_ids[:1]}
        commands = {
            "tap": clients.tap(config, (queries.ADS, queries.REPORT)),
            "plain": clients.plain(one_advertiser),
            "bare": clients.bare(config),
        }
        multipliers = {"plain": len(served.advertiser_ids)}
        start_up = {"plain": cost([*commands["plain"], "--discover"]).cpu}
        piped: dict[str, float] = {}
        records: dict[str, int] = {}
        rates: dict[str, list[float]] = {name: [] for name in commands}

        def rate(name: str, seconds: float) -> float:
            factor, fixed = multipliers.get(name, 1), start_up.get(name, 0.0)
            per_second = records[name] * factor / ((seconds - fixed) * factor + fixed)
            note(f"cpu: {name} {records[name]:,} records in {seconds:.1f} s: {per_second:,.0f} /s")
            return per_second

        for name, command in commands.items():  # also warms up the simulator
            used, records[name] = cost_and_records(command)
            piped[name] = rate(name, used.cpu)
        if records["tap"] != records["bare"]:
            sys.exit(f"The tap wrote {records['tap']} records, the bare loop {records['bare']}.")
        for _ in range(repeat):
            for name, command in commands.items():
                rates[name].append(rate(name, cost(command).cpu))
    tap, plain, bare = (statistics.median(rates[name]) for name in ("tap", "plain", "bare"))
    measure = f"records per CPU second, {records['tap']:,} records"
    rates_text = (f"{tap:,.0f}", f"{plain:,.0f}", f"{bare:,.0f}")
    yield Line(
        measure,
        *rates_text,
        ratio=f"{tap / plain:.2f} x plain",
        target=">= 8",
        is_met=tap / plain >= 8,  # noqa: PLR2004
    )
    yield Line(
        "records per CPU second, compared with the bare loop",
        *rates_text,
        ratio=f"{tap / bare:.2f} of bare",
        target=">= 0.6, goal 0.75",
        is_met=tap / bare >= 0.6,  # noqa: PLR2004
    )
    tap, plain, bare = piped["tap"], piped["plain"], piped["bare"]
    yield Line(
        "records per CPU second into a pipe, one run",
        f"{tap:,.0f}",
        f"{plain:,.0f}",
        f"{bare:,.0f}",
        ratio=f"{tap / plain:.2f} x plain, {tap / bare:.2f} of bare",
    )


FLATTENING = {"flattening_enabled": True, "flattening_max_depth": 3}
MAP_OF_CAMPAIGNS = {"stream_maps": {"campaigns": {"label": "'x'"}}}
MAP = {
    "__filter__": "ad_id is not None and advertiser_id != '1'",
    "ad_key": "md5(ad_id)",
    "label": "record['advertiser_id'] + '-' + ad_id.lower()",
}
#: Measures of `maps`: name, settings, stream, and the target of the ratio to a run without them.
TRANSFORMATIONS: tuple[tuple[str, dict[str, t.Any], str, float | None], ...] = (
    ("flattening", FLATTENING, queries.REPORT, 0.95),
    ("flattening", FLATTENING, queries.ADS, 0.5),
    ("a map of another stream", MAP_OF_CAMPAIGNS, queries.REPORT, 0.95),
    ("a map of another stream", MAP_OF_CAMPAIGNS, queries.ADS, 0.95),
    ("a filter and two expressions", {"stream_maps": {queries.REPORT: MAP}}, queries.REPORT, None),
    ("a filter and two expressions", {"stream_maps": {queries.ADS: MAP}}, queries.ADS, None),
)


def maps(clients: Clients, repeat: int, *, quick: bool) -> Iterator[Line]:
    """Measure records per CPU second with flattening and stream maps, without the start-up."""
    options = LARGE | {"ads": 625 // QUICK_DIVISOR} if quick else LARGE
    with simulator(options) as served:
        config = served.config(start_date=FIRST_DAY, end_date=TWO_DAYS)
        cases = [
            (used, stream) for _, settings, stream, _ in TRANSFORMATIONS for used in ({}, settings)
        ]
        commands = [clients.tap(config | settings, (stream,)) for settings, stream in cases]
        start_ups = [cost(clients.tap(config | settings, ())).cpu for settings, _ in cases]
        records = [cost_and_records(command)[1] for command in commands]
        rates: list[list[float]] = [[] for _ in commands]
        for _ in range(repeat):
            for number, command in enumerate(commands):
                rate = records[number] / (cost(command).cpu - start_ups[number])
                rates[number].append(rate)
                note(f"maps: {cases[number]} {records[number]:,} records: {rate:,.0f} /s")
    for number, (name, _, stream, target) in enumerate(TRANSFORMATIONS):
        plain, changed = map(statistics.median, rates[2 * number : 2 * number + 2])
        yield Line(
            f"records per CPU second of `{stream}`, {name}, {records[2 * number + 1]:,} records",
            f"{changed:,.0f}",
            ratio=f"{changed / plain:.2f} of {plain:,.0f} without",
            target=f">= {target}" if target else "",
            is_met=changed / plain >= target if target else None,
        )


def wall(clients: Clients, *, quick: bool) -> Iterator[Line]:
    """Measure one sync of all streams over a year, at the rate that the simulator enforces."""
    options = YEAR | {"advertisers": 3} if quick else YEAR
    for tier, rate in (("advanced", 20), ("basic", 10)):
        with simulator(options | {"tier": tier}) as served:
            config = served.config(start_date=f"{{now-{YEAR['days'] - 1}}}")
            start_up = cost(clients.tap(config, (), tier)).wall
            requests_before, *_ = served.counts()
            command = clients.tap(config, None, tier)
            start = time.time()
            seconds = cost(command).wall
            requests_after, throttled, breach_times = served.counts()
        requests = requests_after - requests_before
        ratio = (seconds - start_up) / (requests / rate)
        note(f"wall: {tier}, {requests} requests, start-up {start_up:.1f} s, total {seconds:.1f} s")
        breaches = ", ".join(f"{moment - start:.1f} s" for moment in breach_times) or "never"
        note(f"wall: rate limit exceeded at: {breaches}, load average {os.getloadavg()[0]:.1f}")
        yield Line(
            f"wall time at {rate}/s and 400 ms, {requests:,} requests, {options['advertisers']} "
            f"advertisers x {options['days']} days, all streams",
            f"{seconds:.1f} s",
            ratio=f"{ratio:.3f} x requests / rate + {start_up:.1f} s start-up",
            target="<= 1.15",
            is_met=ratio <= 1.15,  # noqa: PLR2004
        )
        yield Line(
            f"responses with code 40100 at {rate}/s",
            str(throttled),
            target="0",
            is_met=throttled == 0,
        )


def sized(options: dict[str, t.Any], *, quick: bool) -> dict[str, t.Any]:
    """Return the options of a simulator, with fewer ads for `--quick`."""
    return options | {"ads": options["ads"] // QUICK_DIVISOR} if quick else options


def peak_line(measure: str, megabytes: float, ratio: str = "") -> Line:
    """Return the line of a peak memory."""
    return Line(
        f"peak memory, {measure}",
        f"{megabytes:.0f} MB",
        ratio=ratio,
        target=f"<= {MAX_PEAK_MEGABYTES:.0f} MB",
        is_met=megabytes <= MAX_PEAK_MEGABYTES,
    )


def memory(clients: Clients, repeat: int, *, quick: bool) -> Iterator[Line]:
    """Measure the peak memory of one and of three million records."""
    empty = cost([sys.executable, "-S", "-c", ""]).memory
    note(f"memory: an empty Python process uses {empty:.0f} MB")
    peaks: dict[str, list[float]] = {MILLION: [], THREE_MILLIONS: []}
    records: dict[str, int] = {}
    with simulator(sized(LONG, quick=quick)) as served:
        for _ in range(repeat):
            for end, measured in peaks.items():
                config = served.config(start_date=FIRST_LONG_DAY, end_date=end)
                used, records[end] = cost_and_records(clients.tap(config, (queries.REPORT,)))
                measured.append(used.memory)
                note(f"memory: {records[end]:,} records, {used.memory:.1f} MB, {used.wall:.0f} s")
    short_run, long_run = (statistics.median(peaks[end]) for end in (MILLION, THREE_MILLIONS))
    yield peak_line(f"{records[MILLION]:,} records", short_run)
    growth = f"{long_run / short_run - 1:+.1%}"
    yield peak_line(f"{records[THREE_MILLIONS]:,} records", long_run, growth)
    yield Line(
        "growth of the peak memory from one to three million records",
        growth,
        target=f"<= {MAX_MEMORY_GROWTH - 1:.0%}",
        is_met=long_run <= MAX_MEMORY_GROWTH * short_run,
    )


def memory_of(
    clients: Clients, repeat: int, name: str, end: str, *, quick: bool, **settings: t.Any
) -> Iterator[Line]:
    """Measure the peak memory of a report with other settings."""
    peaks = []
    with simulator(sized(LARGE, quick=quick)) as served:
        config = served.config(start_date=FIRST_DAY, end_date=end, **settings)
        command = clients.tap(config, (queries.REPORT,))
        for _ in range(repeat):
            used, records = cost_and_records(command)
            peaks.append(used.memory)
            note(f"{name}: {records:,} records, {used.memory:.1f} MB, {used.wall:.0f} s")
            speed = f"{records / used.cpu:,.0f} records per CPU second"
    yield peak_line(f"{name}, {records:,} records", statistics.median(peaks), speed)


def objects(clients: Clients, repeat: int, *, quick: bool) -> Iterator[Line]:
    """Measure the CPU time per object of a list, without the start-up.

    In the second measurement, every record has fields that the schema does not have.
    """
    options = LARGE | {"ads": 625 // QUICK_DIVISOR} if quick else LARGE
    rates: dict[bool, list[float]] = {False: [], True: []}
    for has_unknown_fields, measured in rates.items():
        with simulator(options | {"unknown_fields": has_unknown_fields}) as served:
            config = served.config(start_date=FIRST_DAY, end_date=FIVE_DAYS)
            command = clients.tap(config, (queries.ADS,))
            start_up = cost(clients.tap(config, ())).cpu
            _, records = cost_and_records(command)  # also warms up the simulator
            for _ in range(repeat):
                measured.append(records / (cost(command).cpu - start_up))
                note(f"objects: {records:,} records, {measured[-1]:,.0f} /s")
    clean, unknown = (statistics.median(measured) for measured in rates.values())
    yield Line(
        "ads per CPU second, each with two unknown fields",
        f"{unknown:,.0f}",
        ratio=f"{unknown / clean:.2f} of {clean:,.0f} without",
        target=">= 0.8",
        is_met=unknown / clean >= 0.8,  # noqa: PLR2004
    )


def start(clients: Clients, repeat: int) -> Iterator[Line]:
    """Measure the time to the first RECORD and to the catalog, in 3 x `repeat` short runs."""
    with simulator(SMALL) as served:
        config = served.config(start_date=FIRST_DAY, end_date=TWO_DAYS)
        tap, plain = clients.tap(config, (queries.ADS, queries.REPORT)), clients.plain(config)
        seconds: dict[str, list[float]] = {}
        for turn in range(1 + 3 * repeat):
            turn_seconds = {
                "first tap": first_record(tap),
                "first plain": first_record(plain),
                "discover tap": cost([*clients.tap(config, None), "--discover"]).wall,
                "discover plain": cost([*plain, "--discover"]).wall,
            }
            for name, value in turn_seconds.items() if turn else ():  # turn 0 warms up caches
                seconds.setdefault(name, []).append(value)
    for measure, name in (("time to the first RECORD", "first"), ("`--discover`", "discover")):
        tap_seconds, plain_seconds = (
            statistics.median(seconds[f"{name} {client}"]) for client in ("tap", "plain")
        )
        note(f"start: {name} {tap_seconds:.3f} s, {plain_seconds:.3f} s")
        yield Line(
            measure,
            f"{tap_seconds:.2f} s",
            f"{plain_seconds:.2f} s",
            ratio=f"{tap_seconds / plain_seconds:.2f} x plain",
            target="<= 1.3",
            is_met=tap_seconds / plain_seconds <= 1.3,  # noqa: PLR2004
        )


def state_run(clients: Clients, advertisers: int, state: str | None) -> tuple[float, float, bytes]:
    """Return the main thread's CPU seconds, the share of STATE in the output, and the last STATE.

    Raises:
        SystemExit: The last message is not STATE.
    """
    seconds = clients.file({})
    command = [sys.executable, str(HERE / "many_advertisers.py"), str(advertisers), seconds]
    byte_counts = {True: 0, False: 0}
    line = b""
    with subprocess.Popen(  # noqa: S603 - a command of this script
        command if state is None else [*command, state],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        for line in process.stdout or ():
            byte_counts[line.startswith(b'{"type":"STATE"')] += len(line)
    if process.returncode or not line.startswith(b'{"type":"STATE"'):
        sys.exit(f"{' '.join(command)} failed.")
    share = byte_counts[True] / sum(byte_counts.values())
    return json.loads(Path(seconds).read_text(encoding="ascii"))["main"], share, line


def state(clients: Clients, *, quick: bool) -> Iterator[Line]:
    """Measure the state of many advertisers: CPU time without requests, and bytes."""
    counts = (100, 500) if quick else (1000, 5000)
    seconds: dict[int, float] = {}
    shares: dict[int, float] = {}
    for count in counts:
        first_seconds, first_share, line = state_run(clients, count, None)
        note(f"state: {count} advertisers, first run: {first_seconds:.1f} s, {first_share:.1%}")
        file = clients.file(json.loads(line)["value"])
        seconds[count], shares[count], _ = state_run(clients, count, file)
        note(f"state: {count} advertisers, next run: {seconds[count]:.1f} s, {shares[count]:.1%}")
    few, many = counts
    yield Line(
        f"CPU seconds outside requests, {many:,} advertisers x 19 streams, incremental",
        f"{seconds[many]:.1f} s",
        ratio=f"{seconds[many] / seconds[few]:.2f} x {few:,} advertisers",
        target=f"<= {MAX_STATE_SECONDS:.0f} s",
        is_met=seconds[many] <= MAX_STATE_SECONDS,
    )
    yield Line(
        f"share of STATE in the output, {many:,} advertisers, incremental",
        f"{shares[many]:.1%}",
        target=f"<= {MAX_STATE_SHARE:.0%}",
        is_met=shares[many] <= MAX_STATE_SHARE,
    )


def versions() -> str:
    """Return the date, versions, CPUs and load average of a measurement."""
    packages = ("singer-sdk", "msgspec", "requests", "meltano-tap-tiktok-ads")
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="ascii"))
    facts = [
        f"Python {platform.python_version()}",
        *(f"{name} {metadata.version(name)}" for name in packages),
        f"{os.cpu_count()} CPUs ({model[1] if model else platform.machine()})",
        f"load average {os.getloadavg()[0]:.1f} before",
    ]
    return f"{time.strftime('%Y-%m-%d')}: {', '.join(facts)}."


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description="Measure speed and memory of the tap. This is not a test."
    )
    cases = (
        *("cpu", "maps", "objects", "wall", "memory", "tasks", "metrics250", "start", "state"),
        "all",
    )
    parser.add_argument("--case", choices=cases, default="all", help="measurement to run")
    parser.add_argument(
        "--repeat",
        type=int,
        default=3,
        help="number of runs for the median (start: 3 x REPEAT, memory: REPEAT / 3, others: 1)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="use small sizes to check that the measurement runs"
    )
    options = parser.parse_args()
    # users' machines cache bytecode, too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    write = sys.stdout.write
    write(f"{versions()}\n\n")
    write("| measure | this tap | plain SDK tap | bare loop | ratio | target | |\n")
    write("|---|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        clients = Clients(Path(folder))
        few = max(1, options.repeat // 3)
        tables = {
            "cpu": cpu(clients, options.repeat, quick=options.quick),
            "maps": maps(clients, options.repeat, quick=options.quick),
            "objects": objects(clients, options.repeat, quick=options.quick),
            "wall": wall(clients, quick=options.quick),
            "memory": memory(clients, few, quick=options.quick),
            "tasks": memory_of(
                clients,
                few,
                "report tasks",
                FIVE_DAYS,
                quick=options.quick,
                report_mode="async",
            ),
            "metrics250": memory_of(
                clients,
                few,
                "250 metrics",
                FIRST_DAY,
                quick=options.quick,
                report_metrics={queries.REPORT: queries.MANY_METRICS},
            ),
            "start": start(clients, options.repeat),
            "state": state(clients, quick=options.quick),
        }
        for name, lines in tables.items():
            for line in lines if options.case in {name, "all"} else ():
                write(f"{line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
