"""The message writer, after a signal and with invalid records."""

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest
from singer_sdk.singerlib.encoding.simple import RecordMessage

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.singer.writer import BufferedWriter

SCRIPT = """
import signal
from tap_tiktok_ads.singer.writer import BufferedWriter
from tap_tiktok_ads.termination import termination

writer = BufferedWriter()
termination.install()
termination.unwind()
termination.before_end(lambda: writer.write_lines(b"last\\n"))
try:
    signal.raise_signal(signal.SIGTERM)
except SystemExit:
    pass
writer.write_lines(b"more\\n")
print("goes on")
"""


def test_no_message_follows_the_last_state() -> None:
    """After a signal, no message follows the final STATE, even if SystemExit is dropped."""
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, b"last\n", b"")


def test_too_deeply_nested_record_raises_response_error() -> None:
    """A record that is nested too deeply raises ResponseError."""
    record: t.Any = []
    for _ in range(100_000):
        record = [record]
    with pytest.raises(ResponseError, match="A record of ads is nested too deeply"):
        BufferedWriter().write_message(RecordMessage("ads", {"x": record}))
