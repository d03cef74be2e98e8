"""Short waits for test runs."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads import context

if t.TYPE_CHECKING:
    import pytest

SHORT_SECONDS = 0.001


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of a run."""
    for name in ("FIRST_RETRY_SECONDS", "PASS_INTERVAL_SECONDS"):
        monkeypatch.setattr(context, name, SHORT_SECONDS)
