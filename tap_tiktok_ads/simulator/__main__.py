"""`python -m tap_tiktok_ads.simulator`: serve on a port, or print the expected counts."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from typing import TYPE_CHECKING

from . import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tap_tiktok_ads.simulator")
    commands = parser.add_subparsers(dest="command", required=True)
    served = commands.add_parser("serve", help="serve until SIGTERM or SIGINT")
    served.add_argument("--port", type=int, default=0, help="port; a free one by default")
    count = commands.add_parser("count", help="print the rows of each stream as JSON")
    count.add_argument("--start", required=True, help="first day of the reports, YYYY-MM-DD")
    count.add_argument("--end", required=True, help="last day of the reports, YYYY-MM-DD")
    for command in (served, count):
        command.add_argument("--options", type=json.loads, default={}, help="world options as JSON")
    chosen = parser.parse_args(arguments)
    if chosen.command == "count":
        counts = World(chosen.options).expected(chosen.start, chosen.end)
        sys.stdout.write(json.dumps(counts, indent=1) + "\n")
        return 0
    serve(Simulator(chosen.options, port=chosen.port), lambda simulator: simulator.url)
    return 0


def serve(simulator: Simulator, announce: Callable[[Simulator], str]) -> None:
    """Serve until SIGTERM or SIGINT; once the port is open, print a line that tells of it."""
    finished = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: finished.set())
    with simulator:
        sys.stdout.write(f"{announce(simulator)}\n")
        sys.stdout.flush()
        finished.wait()


if __name__ == "__main__":
    sys.exit(main())
