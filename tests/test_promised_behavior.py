"""Promises of the pages that no other test proves: see `test_promises`."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import typing as t
import urllib.parse

import pytest
from conftest import command, config_at, config_for
from edge_server import Call, envelope, serving
from test_cli import written
from test_promises import words_of

from tap_tiktok_ads import context
from tap_tiktok_ads.api import http_bodies, rate_limits, task_creations, time_limits
from tap_tiktok_ads.extract import day_ranges, deletions, verification

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator


@pytest.mark.parametrize(
    ("page", "sentence", "limits"),
    [
        (
            "SECURITY.md",
            r"a body may have (\d+) MiB, and a report in a file (\d+) GiB",
            (http_bodies.MAX_BODY_BYTES >> 20, http_bodies.MAX_REPORT_BYTES >> 30),
        ),
        ("SECURITY.md", r"may not grow more than (\d+) times", (http_bodies.MAX_INFLATION_FACTOR,)),
        ("SECURITY.md", r"within (five) times", (time_limits.MAX_RESPONSE_TIMEOUTS,)),
        ("SECURITY.md", r"each (\d+) KiB", (time_limits.MIN_BYTES_PER_SECOND >> 10,)),
        (
            "docs/errors.md",
            r"re-read up to (twice), at least (\d+) seconds later",
            (verification.MAX_EXTRA_PASSES, context.PASS_INTERVAL_SECONDS),
        ),
        ("docs/state.md", r"up to ([\d,]+) objects of a stream", (deletions.MAX_LISTED_OBJECTS,)),
        ("docs/state.md", r"included, at most (ten)\.", (day_ranges.MAX_RANGES,)),
        ("docs/rate-limits.md", r"at most ([\d,]+) tasks an hour", (task_creations.MAX_CREATIONS,)),
        (
            "docs/rate-limits.md",
            r"paced (five) percent below",
            (round(100 * (1 - rate_limits.USED_SHARE)),),
        ),
    ],
)
def test_limits(page: str, sentence: str, limits: tuple[int, ...]) -> None:
    """A limit that a page names is the one that the code has."""
    words = {"twice": "2", "five": "5", "ten": "10"}
    found = re.search(sentence, words_of(page))
    assert found
    assert tuple(int(words.get(one, one.replace(",", ""))) for one in found.groups()) == limits


def test_the_simulator_listens_on_loopback(sim: Simulator) -> None:
    """A server on all addresses would accept a connection to another loopback address."""
    port = urllib.parse.urlsplit(sim.url).port or 0
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(OSError):  # noqa: PT011 - no connection, or no such address
        socket.create_connection(("127.0.0.2", port), timeout=5)


#: Runs the executable, and reports the files that it opened in the working directory.
WATCHED = """
import atexit, os, sys
opened = set()
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        opened.add(os.path.abspath(os.fsdecode(arguments[0])))
sys.addaudithook(watch)
here = os.getcwd() + os.sep
def report():
    names = [name.removeprefix(here) for name in opened if name.startswith(here)]
    print("OPENED", *sorted(names), file=sys.stderr)
atexit.register(report)
from tap_tiktok_ads.cli import main
main()
"""


def test_files_that_a_config_does_not_name(sim: Simulator, tmp_path: Path) -> None:
    """Only the files of lookups and schemas are opened, whatever other settings name."""
    stream = {
        "url": "/campaign/get/",
        "params": {"advertiser_id": "{advertiser_id}", "id": "{named.id}", "file": "private.json"},
        "headers": {"X-File": "@private.json"},
        "lookups": {"named": {"file": "named.csv", "column": "id"}},
        "page_size": 1000,
    }
    reference = {"type": "object", "properties": {"a": {"$ref": "private.json"}}}
    streams = [
        {**stream, "name": "first", "schema": "schema.json"},
        {**stream, "name": "second", "schema": reference, "metadata_path": {"x": "$.private.json"}},
    ]
    written(tmp_path, "named.csv", "id\n1\n")
    written(tmp_path, "private.json", {"type": "string", "description": "private"})
    written(tmp_path, "schema.json", {"type": "object", "properties": {"b": {"type": "string"}}})
    settings = config_for(sim, custom_streams=streams, user_agent="@private.json")
    config = written(tmp_path, "config.json", settings)
    result = subprocess.run(
        [sys.executable, "-c", WATCHED, "--config", config, "--discover"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    opened = re.findall(r"(?m)^OPENED (.*)$", result.stderr)
    assert opened == ["config.json named.csv schema.json"]
    assert '"description": "private"' not in result.stdout


TOKEN, APP_SECRET = "0123456789abcdef-token", "fedcba9876543210-secret"


def repeat_secrets(call: Call) -> bytes:
    """Return a record that repeats the secrets of the request."""
    secrets = f"{call.headers.get('access-token')} {TOKEN} {APP_SECRET}"
    record = {"advertiser_id": "1", "campaign_id": "1", "campaign_name": secrets, "status": secrets}
    page_info = {"page": 1, "page_size": 1000, "total_number": 1, "total_page": 1}
    code = 0 if call.path in {"/advertiser/info/", "/campaign/get/"} else 40002
    data = {"list": [record], "page_info": page_info} if code == 0 else {}
    return envelope(data, code, f"Rejected: {secrets}", request_id=secrets)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "campaigns"),
        ("sample", "campaigns", "--raw"),
        ("sample", "campaigns", "--format", "json"),
        ("sample", "pixels"),
        ("doctor",),
        ("doctor", "--json"),
        ("plan",),
    ],
    ids=" ".join,
)
def test_commands_show_no_secret(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No command shows the token or the app's secret, although the server repeats both."""
    with serving(repeat_secrets) as (url, calls):
        settings = config_at(url, access_token=TOKEN, app_id="7", app_secret=APP_SECRET)
        config = written(tmp_path, "config.json", {**settings, "max_retries": 0})
        result = command(*arguments, "--config", config, cwd=tmp_path)
    assert any(call.headers.get("access-token") == TOKEN for call in calls)
    assert TOKEN not in result.stdout + result.stderr
    assert APP_SECRET not in result.stdout + result.stderr


def test_skipped_streams_are_named_at_the_end(sim: Simulator, tmp_path: Path) -> None:
    """A warning names the stream where it is skipped, and another one after all streams."""
    lost = sim.world.advertiser_ids[0]
    sim.add_fault("code", path="/pixel/list/", advertiser_id=lost, times=None, code=40001)
    config = written(tmp_path, "config.json", config_for(sim))
    result = command("--config", config)
    lines = result.stderr.splitlines()
    (last,) = [n for n, line in enumerate(lines) if "Skipped stream pixels for 1 adv" in line]
    assert result.returncode == 0
    assert f"permission denied ({lost})" in lines[last]
    assert any("pixels" in line and lost in line and "WARNING" in line for line in lines[:last])
    streams = {json.loads(line).get("stream") for line in result.stdout.splitlines()}
    assert {"pixels", "video_creatives"} <= streams
    assert not [line for line in lines[last + 1 :] if "WARNING" in line]
