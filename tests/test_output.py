"""The writer: what it does once the run was told to stop."""

from __future__ import annotations

import sys

import pytest

from tap_tiktok_ads.output import BufferedWriter


def test_nothing_follows_the_last_state(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A run whose handler's `SystemExit` is dropped by code in C ends at its next message."""
    writer = BufferedWriter()

    def finish() -> None:
        writer.write_lines(b"last\n")
        sys.exit(0)

    with pytest.raises(SystemExit):
        writer.when_idle(finish)
    with pytest.raises(SystemExit) as ended:
        writer.write_lines(b"more\n")
    sys.stdout.flush()
    assert (capfdbinary.readouterr().out, ended.value.code) == (b"last\n", 0)
