"""Fixture that shortens the waits of the damage tests."""

from __future__ import annotations

import pytest

from tap_tiktok_ads import context

pytest.register_assert_rewrite("damage.checks")

#: Seconds before a retry of a request, and between two passes over a list.
SHORT_SECONDS = 0.001
#: Constants of `context` that make a run wait.
WAITS = ("FIRST_RETRY_SECONDS", "PASS_INTERVAL_SECONDS")


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of a run."""
    for name in WAITS:
        monkeypatch.setattr(context, name, SHORT_SECONDS, raising=False)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of each run."""
    shorten_waits(monkeypatch)
