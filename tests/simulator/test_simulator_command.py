"""`python -m tap_tiktok_ads.simulator`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import requests

MODULE = [sys.executable, "-m", "tap_tiktok_ads.simulator"]


def test_serve() -> None:
    """`serve` prints the URL first and ends well on SIGTERM."""
    command = [*MODULE, "serve", "--options", '{"advertisers": 1}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert requests.get(f"{url}/user/info/", timeout=5).json()["code"] == 40104
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_count() -> None:
    """`count` prints the expected rows of the nineteen streams."""
    options = '{"today": "2026-11-20", "advertisers": 1}'
    command = [*MODULE, "count", "--options", options, "--start", "2026-11-01"]
    output = subprocess.check_output([*command, "--end", "2026-11-20"])
    assert len(json.loads(output)) == 19
