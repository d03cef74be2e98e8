"""The writer: what it does once the run was told to stop."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from tap_tiktok_ads.output import BufferedWriter

writer = BufferedWriter()

def finish():
    writer.write_lines(b"last\\n")
    sys.exit(0)

try:
    writer.when_idle(finish)
except SystemExit:
    pass
writer.write_lines(b"more\\n")
print("goes on")
"""


def test_nothing_follows_the_last_state() -> None:
    """A run whose handler's `SystemExit` is dropped by code in C ends at its next message."""
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"last\n", b"")
