"""Load one shard into Postgres and keep its state: `python3 load_shard.py 2/4`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


def load(shard: str) -> int:
    """Load a shard from its last state. Return 0, or the exit code of the tap or the target."""
    state = Path("state", f"{shard.replace('/', '-of-')}.json")
    state.parent.mkdir(exist_ok=True)
    if not state.exists():
        state.write_text("{}", "utf-8")
    tap = subprocess.Popen(
        ["tap-tiktok-ads", "--config", "ENV", "--state", state],
        env={**os.environ, "TAP_TIKTOK_ADS_SHARD": shard},
        stdout=subprocess.PIPE,
    )
    target = subprocess.Popen(
        ["target-postgres", "--config", "ENV"], stdin=tap.stdout, stdout=subprocess.PIPE
    )
    # After a signal, the tap writes a last STATE and ends. The target stores it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: tap.terminate())
    tap.stdout.close()  # only the target reads it
    new = state.with_suffix(".new")
    for line in target.stdout:  # the target prints a STATE once all records before it are stored
        if line.endswith(b"\n"):  # a target that is killed can print a part of it
            new.write_bytes(line)
            new.replace(state)
    return tap.wait() or target.wait()


if __name__ == "__main__":
    sys.exit(load(sys.argv[1]))
