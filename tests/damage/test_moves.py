"""Objects that vanish or appear during a pass."""

from __future__ import annotations

import typing as t

import pytest

from .kinds import CUSTOM, KINDS, LIST, REPORTS, UNKEYED, VANISHING, Kind, sync, world_of
from .server import ENDPOINTS, World, serving

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .server import FakeTikTok, Query, Record

    Change = Callable[[list[Record]], list[Record]]


def vanish(records: list[Record]) -> list[Record]:
    """Remove the first record."""
    return records[1:]


def vanish_and_return(records: list[Record]) -> list[Record]:
    """Remove the first record and add an old object, so the total stays."""
    old = {**records[-1], **{name: f"{value}9" for name, value in records[-1].items()}}
    old |= {name: records[-1][name] for name in ("advertiser_id", "create_time", "modify_time")}
    return [*records[1:], old]


def vanish_two(records: list[Record]) -> list[Record]:
    """Remove the second and the third record."""
    return [records[0], *records[3:]]


def appear(records: list[Record]) -> list[Record]:
    """Insert a new object at the start of the list."""
    new = {**records[0], **{name: f"{value}8" for name, value in records[0].items()}}
    new |= {name: records[0][name] for name in ("advertiser_id", "create_time", "modify_time")}
    return [new, *records]


def change_before_page(server: FakeTikTok, kind: Kind, page: str, change: Change) -> None:
    """Change a list before the first request of a page."""
    changed: list[str] = []

    def before(path: str, query: Query) -> None:
        if path == kind.path and query.get("page") == page and not changed:
            changed.append(page)
            server.world.lists[path] = change(server.world.lists[path])

    server.before = before


@pytest.mark.parametrize("change", [vanish, vanish_and_return, vanish_two, appear])
@pytest.mark.parametrize("page", ["2", "3"])
@pytest.mark.parametrize("kind", VANISHING, ids=lambda kind: kind.name)
def test_object_moving_across_pages_is_read(kind: Kind, page: str, change: Change) -> None:
    """An object that moves unread across a page border is read by another pass."""
    world = world_of(kind)
    with serving(world) as server:
        change_before_page(server, kind, page, change)
        outcome = sync(server, kind, max_concurrency=1)  # requests in the order of the pages
    written = outcome.identities(kind)
    assert outcome.exit_code == 0, outcome.error
    assert outcome.sync_errors == []
    assert kind.expected(world).keys() <= written.keys()
    assert max(written.values()) == 1


@pytest.mark.parametrize("kind", VANISHING, ids=lambda kind: kind.name)
def test_page_1_is_re_read_after_last_page(kind: Kind) -> None:
    """Page 1 of a list of several pages is re-read after the last page."""
    with serving(world_of(kind)) as server:
        outcome = sync(server, kind)
        pages = [query["page"] for query in server.requests_of(kind.path)]
    assert outcome.exit_code == 0
    assert (pages[0], sorted(pages[1:-1]), pages[-1]) == ("1", ["2", "3"], "1")


@pytest.mark.parametrize("kind", VANISHING, ids=lambda kind: kind.name)
def test_list_of_one_page_is_read_once(kind: Kind) -> None:
    """A list of one page is read once."""
    world = World({kind.path: ENDPOINTS[kind.path].max_page_size})
    with serving(world) as server:
        outcome = sync(server, kind)
        assert len(server.requests_of(kind.path)) == 1
    assert outcome.identities(kind) == kind.expected(world)


@pytest.mark.parametrize("kind", [LIST, REPORTS, CUSTOM, UNKEYED], ids=lambda kind: kind.name)
def test_page_1_of_stable_lists_is_read_once(kind: Kind) -> None:
    """Page 1 is read once for reports and for lists whose objects cannot vanish."""
    assert kind in KINDS
    with serving(world_of(kind)) as server:
        outcome = sync(server, kind)
        pages = [q.get("page", "1") for q in server.requests_of(kind.path) if kind.is_damaged(q)]
    assert outcome.exit_code == 0
    assert sorted(pages) == ["1", "2", "3"]
