"""Streams without keys are verified by record counts and page fingerprints."""

from __future__ import annotations

import pytest

from . import damages as make
from .kinds import UNKEYED, sync, world_of
from .server import AD_GROUPS, World, serving
from .shapes import Shape, Where

#: Damages that are recognized from the response alone or from the previous page.
RECOGNIZED = [
    Shape("empty page", make.list_is([]), Where.MIDDLE),
    Shape("empty last page", make.list_is([]), Where.LAST),
    Shape("list null", make.list_is(None), Where.MIDDLE),
    Shape("no data", make.data_is({}), Where.MIDDLE),
    Shape("page 1 instead", make.page_number(lambda _: 1), Where.MIDDLE),
    Shape(
        "previous page instead", make.page_number(lambda response: response.page - 1), Where.LAST
    ),
    Shape("partial success", make.partial_success, Where.MIDDLE),
    Shape("cut body", make.cut_body, Where.MIDDLE),
    Shape("empty page and no total", make.empty_with_zero_total, Where.MIDDLE),
]


@pytest.mark.parametrize("shape", RECOGNIZED, ids=lambda shape: shape.name)
def test_records_of_transiently_damaged_page_are_written_once(shape: Shape) -> None:
    """A page that is damaged once is retried alone. Each record is written once."""
    world = world_of(UNKEYED)
    with serving(world) as server:
        shape.apply(server, UNKEYED, is_transient=True)
        outcome = sync(server, UNKEYED)
    assert outcome.exit_code == 0, outcome.error
    assert outcome.identities(UNKEYED) == UNKEYED.expected(world)
    assert outcome.sync_errors == []


@pytest.mark.parametrize("shape", RECOGNIZED, ids=lambda shape: shape.name)
def test_permanently_damaged_page_ends_with_error(shape: Shape) -> None:
    """A page that stays damaged ends the run with an error."""
    with serving(world_of(UNKEYED)) as server:
        shape.apply(server, UNKEYED)
        outcome = sync(server, UNKEYED)
    assert outcome.exit_code == 1
    assert {record["stream"] for record in outcome.sync_errors} == {UNKEYED.stream}


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
def test_healthy_list_is_read_exactly(count: int) -> None:
    """A healthy list is read exactly, with one request per page."""
    world = World({AD_GROUPS: count})
    with serving(world) as server:
        outcome = sync(server, UNKEYED)
        assert len(server.requests_of(AD_GROUPS)) == max(1, -(-count // 10))
    assert outcome.exit_code == 0
    assert outcome.identities(UNKEYED) == UNKEYED.expected(world)
    assert outcome.sync_errors == []


def test_equal_records_are_all_written() -> None:
    """Equal records are not duplicates. Each record is written."""
    world = World({AD_GROUPS: 25})
    records = world.lists[AD_GROUPS]
    records[3] = records[2]
    records[12] = records[2]
    with serving(world) as server:
        outcome = sync(server, UNKEYED)
    assert outcome.exit_code == 0
    assert outcome.identities(UNKEYED) == UNKEYED.expected(world)
