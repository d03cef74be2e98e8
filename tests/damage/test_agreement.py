"""Totals that do not match the records: two equal passes are complete."""

from __future__ import annotations

import typing as t

import pytest

from . import damages as make
from .kinds import CUSTOM, LIST, Kind, sync, world_of
from .server import serving
from .shapes import Shape

if t.TYPE_CHECKING:
    from .kinds import Outcome
    from .server import FakeTikTok, Record

PAGES = ["1", "2", "3"]


def read(
    server: FakeTikTok, kind: Kind, difference: int, state: Record | None = None
) -> tuple[Outcome, list[str]]:
    """Run the tap against wrong totals, and return the requested pages."""
    server.reset()
    Shape("other total", make.total_plus(difference)).apply(server, kind)
    outcome = sync(server, kind, state)
    requests = filter(kind.is_damaged, server.requests_of(kind.path))
    return outcome, sorted(query.get("page", "1") for query in requests)


@pytest.mark.parametrize("kind", [LIST, CUSTOM], ids=lambda kind: kind.name)
def test_total_difference_is_remembered(kind: Kind) -> None:
    """The first run reads the list twice. Later runs read it once and report it."""
    world = world_of(kind)
    with serving(world) as server:
        first, pages = read(server, kind, 1)
        assert (first.exit_code, pages) == (0, sorted(PAGES * 2))
        assert first.identities(kind) == kind.expected(world)
        second, pages = read(server, kind, 1, first.state)
        assert (second.exit_code, pages) == (0, PAGES)
        third, pages = read(server, kind, 1, second.state)
        assert (third.exit_code, pages) == (0, PAGES)
    for outcome in (first, second, third):
        assert [record["stream"] for record in outcome.sync_errors] == [kind.stream]


@pytest.mark.parametrize("kind", [LIST, CUSTOM], ids=lambda kind: kind.name)
def test_changed_difference_needs_two_passes(kind: Kind) -> None:
    """A difference that deviates from the remembered difference needs two passes."""
    with serving(world_of(kind)) as server:
        first, _ = read(server, kind, 1)
        second, pages = read(server, kind, 2, first.state)
    assert (second.exit_code, pages) == (0, sorted(PAGES * 2))


@pytest.mark.parametrize("kind", [LIST, CUSTOM], ids=lambda kind: kind.name)
def test_corrected_total_needs_one_pass(kind: Kind) -> None:
    """A list with a corrected total needs one pass and is not reported."""
    with serving(world_of(kind)) as server:
        first, _ = read(server, kind, 1)
        second, pages = read(server, kind, 0, first.state)
    assert (second.exit_code, pages, second.sync_errors) == (0, PAGES, [])


def test_empty_passes_never_agree() -> None:
    """Two passes without records are incomplete if a total is reported."""
    world = world_of(CUSTOM)
    world.lists[CUSTOM.path] = []
    with serving(world) as server:
        outcome, _ = read(server, CUSTOM, 1)
    assert outcome.exit_code == 1
    assert outcome.sync_errors


def test_empty_list_with_zero_total_is_complete() -> None:
    """An empty list with a total of zero is complete."""
    world = world_of(CUSTOM)
    world.lists[CUSTOM.path] = []
    with serving(world) as server:
        outcome, pages = read(server, CUSTOM, 0)
    assert (outcome.exit_code, outcome.records, pages) == (0, [], ["1"])
    assert outcome.sync_errors == []
