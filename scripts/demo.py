"""Run the tap on the embedded simulator, load with a target and compare counts (`make demo`)."""

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
    """Pipe the tap into target-jsonl, which writes one file per stream to `output`.

    Raises:
        SystemExit: The tap or the target failed.
    """
    output.mkdir(parents=True, exist_ok=True)
    for previous_file in output.glob("*.jsonl"):
        previous_file.unlink()
    target_config = output / "target-config.json"
    target_config.write_text(
        json.dumps({"destination_path": str(output), "do_timestamp_file": False}), "utf-8"
    )
    with (
        (output / "state.json").open("wb") as state,
        subprocess.Popen(  # noqa: S603 - the tap
            [sys.executable, "-m", "tap_tiktok_ads", "--config", str(config)],
            stdout=subprocess.PIPE,
            env={"LOGLEVEL": "WARNING", **os.environ},
        ) as tap,
        subprocess.Popen(  # noqa: S603 - the target of the command line
            [target, "--config", str(target_config)], stdin=tap.stdout, stdout=state
        ) as target_process,
    ):
        if tap.stdout is not None:
            tap.stdout.close()  # only the target keeps the pipe open
        codes = {"tap-tiktok-ads": tap.wait(), Path(target).name: target_process.wait()}
    for name, code in codes.items():
        if code:
            sys.exit(f"{name} exited with code {code}. Its log above names the cause.")


def expected_counts(config: Path) -> dict[str, int]:
    """Return the number of records of each stream that the simulator expects."""
    settings = validate(
        normalize(json.loads(config.read_text("utf-8"))), TapTikTokAds.known_settings()
    )
    world = World(settings.simulator)
    totals: dict[str, int] = {}
    for advertiser_id in settings.advertiser_ids or world.advertiser_ids:
        today = world.today(advertiser_id)
        first, last = settings.days(pendulum.datetime(today.year, today.month, today.day))
        counts = world.expected(
            str(first), str(last), advertiser_ids=[advertiser_id], include_top_view=True
        )
        for stream, count in counts.items():
            totals[stream] = totals.get(stream, 0) + count
    return totals


def count_lines(file: Path) -> int:
    """Return the number of lines of a file, or 0 if the stream has no records and no file."""
    if not file.exists():
        return 0
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def compare(config: Path, output: Path, seconds: float) -> int:
    """Print the record count of each stream. Return the number of streams that differ.

    Args:
        config: Configuration file of the tap.
        output: Folder of the target's files.
        seconds: Duration of the run.
    """
    expected = expected_counts(config)
    streams = [stream.name for stream in STREAMS if stream.selected_by_default]
    counts = {name: count_lines(output / f"{name}.jsonl") for name in streams}
    table = Table("stream")
    table.add_column("records", justify="right")
    table.add_column("expected", justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", f"{expected[name]:,}")
    console = Console()
    console.print(table)
    console.print(f"{sum(counts.values()):,} records of {len(streams)} streams in {seconds:.1f} s.")
    console.print(f"Records: {output}/STREAM.jsonl  State: {output}/state.json")
    return sum(count != expected[name] for name, count in counts.items())


def main() -> None:
    """Run the tap and print the counts. Exit with code 1 if a count differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    started = time.monotonic()
    run(options.config, options.target, options.output)
    differing = compare(options.config, options.output, time.monotonic() - started)
    if differing:
        sys.exit(f"{differing} streams differ from the expected counts. See the table above.")
    Console().print("All record counts match the simulator.")


if __name__ == "__main__":
    main()
