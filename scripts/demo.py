"""`make demo`: the tap on the embedded simulator, piped into a target, and the rows counted."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pendulum
from rich.console import Console
from rich.table import Table

from tap_tiktok_ads.config.settings import normalize
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.simulator import World
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds


def run(config: Path, target: str, output: Path) -> None:
    """Pipe the tap into target-jsonl, which writes one file for each stream below `output`.

    Raises:
        SystemExit: one of the two failed.
    """
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.jsonl"):
        old.unlink()
    target_config = output / "target-config.json"
    target_config.write_text(
        json.dumps({"destination_path": str(output), "do_timestamp_file": False}), "utf-8"
    )
    with (
        (output / "state.json").open("wb") as state,
        subprocess.Popen(  # noqa: S603 - the tap itself
            [sys.executable, "-m", "tap_tiktok_ads", "--config", str(config)],
            stdout=subprocess.PIPE,
            env={"LOGLEVEL": "WARNING", **os.environ},
        ) as tap,
        subprocess.Popen(  # noqa: S603 - the target that the caller chose
            [target, "--config", str(target_config)], stdin=tap.stdout, stdout=state
        ) as sink,
    ):
        if tap.stdout is not None:
            tap.stdout.close()  # the target alone holds the pipe now
        codes = {"tap-tiktok-ads": tap.wait(), Path(target).name: sink.wait()}
    for name, code in codes.items():
        if code:
            sys.exit(f"{name} ended with exit code {code}.")


def expected(config: Path) -> dict[str, int]:
    """What the simulator itself counts in its world, for each stream."""
    chosen = validate(
        normalize(json.loads(config.read_text("utf-8"))), TapTikTokAds.known_settings()
    )
    world = World(chosen.simulator)
    totals: dict[str, int] = {}
    for advertiser_id in chosen.advertiser_ids or world.advertiser_ids:
        today = world.today(advertiser_id)
        first, last = chosen.days(pendulum.datetime(today.year, today.month, today.day))
        counts = world.expected(
            str(first), str(last), advertiser_ids=[advertiser_id], include_top_view=True
        )
        for stream, count in counts.items():
            totals[stream] = totals.get(stream, 0) + count
    return totals


def rows_in(file: Path) -> int:
    """How many lines a file holds; none if it is missing, as for a stream without rows."""
    if not file.exists():
        return 0
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def main() -> None:
    """Run, count, compare, print the table; exit code 1 if a count differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    began = time.monotonic()
    run(options.config, options.target, options.output)
    seconds = time.monotonic() - began

    counted = expected(options.config)
    table = Table("stream")
    table.add_column("rows", justify="right")
    table.add_column("in the simulator", justify="right")
    total = differing = 0
    streams = [stream for stream in STREAMS if stream.selected_by_default]
    for stream in streams:
        rows = rows_in(options.output / f"{stream.name}.jsonl")
        total += rows
        differing += rows != counted[stream.name]
        table.add_row(stream.name, f"{rows:,}", f"{counted[stream.name]:,}")
    console = Console()
    console.print(table)
    console.print(f"{total:,} rows of {len(streams)} streams in {seconds:.1f} s.")
    console.print(f"Rows: {options.output}/STREAM.jsonl  State: {options.output}/state.json")
    if differing:
        sys.exit(f"{differing} streams differ from the simulator's own count.")
    console.print("Every count equals the simulator's own.")


if __name__ == "__main__":
    main()
