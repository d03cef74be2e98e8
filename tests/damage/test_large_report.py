"""Damaged report of 2,500 records in one window."""

from __future__ import annotations

import typing as t

import pytest

from . import damages as make
from .kinds import FIRST_WINDOW, REPORTS, sync
from .server import Response, World, serving
from .shapes import Where

if t.TYPE_CHECKING:
    from .server import Damage

WORLD = World({}, dict.fromkeys(FIRST_WINDOW[:25], 100))


def capped_at_300(response: Response) -> None:
    """Return at most 300 records per page, and report this page size."""
    size = min(response.page_size, 300)
    response.page_records = response.slice((response.page - 1) * size, size)
    response.page_info.update(page_size=size, total_page=-(-len(response.records) // size))


@pytest.mark.parametrize(
    ("damage", "where", "exit_code"),
    [
        pytest.param(make.list_is([]), Where.EVERY, 1, id="empty list with the total"),
        pytest.param(make.list_is([]), Where.MIDDLE, 1, id="page 2 empty"),
        pytest.param(make.page_number(lambda _: 1), Where.EVERY, 1, id="page 1 repeated"),
        pytest.param(capped_at_300, Where.EVERY, 0, id="page size capped at 300"),
    ],
)
def test_damaged_large_report_is_exact_or_retried(
    damage: Damage, where: Where, exit_code: int
) -> None:
    """The run is exact, or it fails and the next run reads the lost records."""
    expected = REPORTS.expected(WORLD)
    assert len(expected) == 2500
    with serving(WORLD) as server:

        def damaged(path: str, response: Response) -> None:
            if path == REPORTS.path and where.includes(response):
                damage(response)

        server.damage = damaged
        days: dict[str, t.Any] = {"end_date": FIRST_WINDOW[-1]}
        first = sync(server, REPORTS, **days)
        written = first.identities(REPORTS)
        assert first.exit_code == exit_code
        assert bool(first.sync_errors) is bool(exit_code)
        if exit_code == 0:
            assert written == expected
            return
        server.reset()
        second = sync(server, REPORTS, first.state, **days)
        assert second.exit_code == 0
        assert written.keys() | second.identities(REPORTS).keys() == expected.keys()
