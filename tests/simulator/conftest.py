"""A simulator per session for tests that change nothing, and a factory for the others."""

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
    """A client of a default world on a fixed day; tests must leave it unchanged."""
    with Simulator({"today": TODAY}) as simulator:
        yield Client(simulator)
        assert simulator.errors == []


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Start a simulator with options of its own."""
    with ExitStack() as stack:
        started = []

        def start(**options: Any) -> Client:
            simulator = Simulator({"today": TODAY, **options})
            started.append(stack.enter_context(simulator))
            return Client(simulator)

        yield start
        assert [error for simulator in started for error in simulator.errors] == []
