"""Jobs that share the request budget of an app."""

from __future__ import annotations

import contextlib
import logging
import sys
import typing as t
from pathlib import Path
from unittest import mock

from golden.case_settings import setting
from golden.collector import case, error_cases, simulated, temporary_file
from tap_tiktok_ads.api import shared_budget, shared_stores
from tap_tiktok_ads.api.errors import ThrottledError
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.api.shared_state import SharedState

if t.TYPE_CHECKING:
    from collections.abc import Callable


def _url() -> str:
    """Return the URL of a file in a folder that is removed at the end."""
    return f"sqlite:///{Path(temporary_file('')).parent / 'budget.sqlite'}"


class _Store(shared_stores.SqliteStore):
    """A store that can be lost."""

    is_lost = False

    def read(self) -> tuple[float, str]:
        with shared_stores._reported(OSError):
            if self.is_lost:
                msg = "Connection refused"
                raise OSError(msg)
        return super().read()


class _Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.now += seconds


def _limiter(url: str) -> shared_budget.SharedRateLimiter:
    clock = _Time()
    return shared_budget.SharedRateLimiter(
        TIERS["basic"], url, "app", clock=clock, sleep=clock.sleep, connect=_Store
    )


def _lost() -> None:
    limiter = _limiter(_url())
    with mock.patch.object(_Store, "is_lost", new=True):
        limiter.budget("/campaign/get/").acquire()
    limiter.close()


@case("Network", "log of a shared budget whose store is reached again", logging.INFO)
def _reached() -> None:
    limiter = _limiter(_url())
    with mock.patch.object(_Store, "is_lost", new=True):
        limiter.budget("/campaign/get/").acquire()
    for _ in range(10 * int(shared_budget.RETURN_ATTEMPT_SECONDS)):
        limiter.budget("/campaign/get/").acquire()
    limiter.close()


def _throttled() -> None:
    url = _url()
    limiter = _limiter(url)
    limiter.budget("/campaign/get/").record_throttled(ThrottledError("Too many requests."), 0.0)
    other = _limiter(url)
    endless = mock.patch.object(other, "_sleep", side_effect=KeyError)
    with endless, contextlib.suppress(KeyError):
        other.budget("/campaign/get/").acquire()
    limiter.close()
    other.close()


def _unexpected() -> None:
    url = _url()
    unexpected = '{"time": "noon"}'
    with mock.patch.object(SharedState, "encode", return_value=unexpected):
        shared_budget.share_budget(TIERS["basic"], url, "app")
    shared_budget.share_budget(TIERS["basic"], url, "app")


def _without_package() -> None:
    missing: dict[str, t.Any] = {"pyrate_limiter": None}
    with mock.patch.dict(sys.modules, missing):
        for name in ("shared_budget", "shared_connection", "shared_state"):
            del sys.modules[f"tap_tiktok_ads.api.{name}"]
        simulated(["campaigns"], shared_budget=_url())()


def _read(url: str) -> Callable[[], object]:
    return simulated(["campaigns"], shared_budget=url)


error_cases(
    "Network",
    {
        "a shared budget in a store of another kind": setting(shared_budget="mysql://host"),
        "a shared budget whose store cannot be reached": _read("sqlite:////absent/budget.sqlite"),
        "a shared budget with an unexpected state": _unexpected,
        "a shared budget without its packages": _without_package,
        "a shared budget whose store is lost": _lost,
        "a shared budget of a throttled job": _throttled,
    },
)
