"""Unsafe server text in the output of commands."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import command, config_at
from edge_server import Call, envelope, serving
from test_cli import written

if t.TYPE_CHECKING:
    from pathlib import Path

DANGEROUS = "a\x1b[31m\x9b\u202e\u200b\u2028\nb"
PAGE_INFO = {"page": 1, "page_size": 1000, "total_number": 1, "total_page": 1, DANGEROUS: DANGEROUS}


def respond(call: Call) -> bytes:
    """Return a record with dangerous text in names and values."""
    record = {"advertiser_id": "1", "campaign_id": "1", "name": DANGEROUS, DANGEROUS: DANGEROUS}
    members: dict[str, t.Any] = {"request_id": DANGEROUS}
    if call.path in {"/advertiser/info/", "/campaign/get/", "/user/info/"}:
        return envelope({"list": [record], "page_info": PAGE_INFO}, **members)
    return envelope({}, 40002, DANGEROUS, **members)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "campaigns"),
        ("sample", "campaigns", "--format", "json"),
        ("sample", "campaigns", "--format", "jsonl"),
        ("sample", "campaigns", "--raw"),
        ("sample", "pixels"),
        ("doctor",),
        ("doctor", "--json"),
    ],
    ids=" ".join,
)
def test_command_output_escapes_server_text(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No command prints a server's control characters."""
    with serving(respond) as (url, _):
        settings = config_at(url, max_retries=0, start_date="2026-11-01", end_date="2026-11-02")
        config = written(tmp_path, "config.json", settings)
        result = command(*arguments, "--config", config, cwd=tmp_path)
    shown = result.stdout + result.stderr
    assert "\\u202e" in shown
    unsafe = {char for char in shown if not char.isprintable()} - {"\n", "\t"}
    assert unsafe == set()
    assert "Traceback" not in shown


def test_json_output_keeps_server_values(tmp_path: Path) -> None:
    """JSON output contains the server's values as escapes."""
    with serving(respond) as (url, _):
        config = written(tmp_path, "config.json", config_at(url, max_retries=0))
        arguments = ("sample", "campaigns", "--format", "json", "--config", config)
        result = command(*arguments, cwd=tmp_path)
    (record,) = json.loads(result.stdout)
    assert record[DANGEROUS] == DANGEROUS
