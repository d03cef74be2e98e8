"""Fixtures: a shared read-only simulator, and a factory of simulators with options."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tap_tiktok_ads.simulator import Simulator

from .helpers import TODAY, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """Yield a client of a shared default world on a fixed day. Tests must not change it."""
    with Simulator({"today": TODAY}) as simulator:
        yield Client(simulator)
        assert simulator.errors == []


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Yield a function that starts a simulator with options and returns its client."""
    with ExitStack() as stack:
        started = []

        def start(**options: Any) -> Client:
            simulator = Simulator({"today": TODAY, **options})
            started.append(stack.enter_context(simulator))
            return Client(simulator)

        yield start
        assert [error for simulator in started for error in simulator.errors] == []
