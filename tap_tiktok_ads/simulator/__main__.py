"""The command `python -m tap_tiktok_ads.simulator`.

It serves the simulator on a port, or prints the expected record counts.
"""

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
    serve_parser = commands.add_parser("serve", help="serve until SIGTERM or SIGINT")
    serve_parser.add_argument("--port", type=int, default=0, help="port (default: a free port)")
    count_parser = commands.add_parser("count", help="print the expected record counts as JSON")
    count_parser.add_argument("--start", required=True, help="first day, YYYY-MM-DD")
    count_parser.add_argument("--end", required=True, help="last day, YYYY-MM-DD")
    for command in (serve_parser, count_parser):
        command.add_argument(
            "--options", type=json.loads, default={}, help="options of the simulated data as JSON"
        )
    parsed = parser.parse_args(arguments)
    if parsed.command == "count":
        counts = World(parsed.options).expected(parsed.start, parsed.end)
        sys.stdout.write(json.dumps(counts, indent=1) + "\n")
        return 0
    serve(Simulator(parsed.options, port=parsed.port), lambda simulator: simulator.url)
    return 0


def serve(simulator: Simulator, announce: Callable[[Simulator], str]) -> None:
    """Serve until SIGTERM or SIGINT. Once the port is open, print the line of `announce`."""
    finished = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: finished.set())
    with simulator:
        sys.stdout.write(f"{announce(simulator)}\n")
        sys.stdout.flush()
        finished.wait()


if __name__ == "__main__":
    sys.exit(main())
