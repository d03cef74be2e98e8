"""`track_deleted` writes no tombstone for an existing object, even if responses are damaged."""

from __future__ import annotations

import typing as t

import pytest

from .kinds import LIST, PIXEL_LIST, VIDEO_LIST, is_plain_list, sync, world_of
from .server import World, serving
from .shapes import SHAPES, Shape

if t.TYPE_CHECKING:
    from .kinds import Outcome
    from .server import FakeTikTok, Query, Record, Response

PIXELS_PATH = PIXEL_LIST.path
VIDEO_CAP = 10_000
#: Shapes that remove keys (`can_be_transient=False`) apply to the key columns of other lists.
LIST_SHAPES = [shape for shape in SHAPES if "custom" in shape.kinds and shape.can_be_transient]


def read(server: FakeTikTok, state: Record | None = None) -> Outcome:
    """Run the tap for pixels with `track_deleted`."""
    return sync(server, PIXEL_LIST, state, track_deleted=True)


def deleted(outcome: Outcome) -> set[str]:
    """Return the keys of the tombstones."""
    return {record["pixel_id"] for record in outcome.tombstones}


def remove(world: World, count: int) -> set[str]:
    """Remove the first pixels of a world, and return their keys."""
    records = world.lists[PIXELS_PATH]
    world.lists[PIXELS_PATH] = records[count:]
    return {record["pixel_id"] for record in records[:count]}


@pytest.mark.parametrize("is_transient", [False, True], ids=["permanent", "transient"])
@pytest.mark.parametrize("shape", LIST_SHAPES, ids=lambda shape: shape.name)
def test_damaged_list_writes_no_tombstone(shape: Shape, *, is_transient: bool) -> None:
    """A damaged list writes no tombstones. The next healthy list writes them."""
    world = world_of(PIXEL_LIST)
    with serving(world) as server:
        healthy = read(server)
        shape.apply(server, PIXEL_LIST, is_transient=is_transient)
        damaged = read(server, healthy.state)
        assert deleted(damaged) == set()
        server.reset()
        removed = remove(world, 1)
        assert deleted(read(server, damaged.state)) == removed


@pytest.mark.parametrize("count", [1, 10, 22])
def test_deleting_up_to_half_writes_tombstones(count: int) -> None:
    """Deleting up to half of the objects writes tombstones in one run."""
    world = world_of(PIXEL_LIST)
    with serving(world) as server:
        first = read(server)
        removed = remove(world, count)
        second = read(server, first.state)
        assert deleted(second) == removed
        assert deleted(read(server, second.state)) == set()


@pytest.mark.parametrize("count", [23, 44, 45])
def test_deleting_more_than_half_needs_two_runs(count: int) -> None:
    """Tombstones for more than half of the objects need two runs that agree."""
    world = world_of(PIXEL_LIST)
    with serving(world) as server:
        first = read(server)
        removed = remove(world, count)
        second = read(server, first.state)
        assert deleted(second) == set()
        third = read(server, second.state)
        assert deleted(third) == removed
        assert deleted(read(server, third.state)) == set()


def test_reappearing_objects_get_no_tombstone() -> None:
    """Objects that are missing from one run only get no tombstone."""
    world = world_of(PIXEL_LIST)
    all_pixels = world.lists[PIXELS_PATH]
    with serving(world) as server:
        outcome = read(server)
        remove(world, 30)
        outcome = read(server, outcome.state)
        assert deleted(outcome) == set()
        world.lists[PIXELS_PATH] = all_pixels
        outcome = read(server, outcome.state)
        assert deleted(outcome) == set()
        remove(world, 30)
        assert deleted(read(server, outcome.state)) == set()


def test_disagreeing_runs_write_no_tombstone() -> None:
    """A list that lacks different objects does not confirm the first list."""
    world = world_of(PIXEL_LIST)
    all_pixels = world.lists[PIXELS_PATH]
    with serving(world) as server:
        outcome = read(server)
        world.lists[PIXELS_PATH] = all_pixels[:15]
        outcome = read(server, outcome.state)
        world.lists[PIXELS_PATH] = all_pixels[15:30]
        outcome = read(server, outcome.state)
        assert not deleted(outcome) & {record["pixel_id"] for record in all_pixels[:30]}


@pytest.mark.parametrize("total", [VIDEO_CAP, VIDEO_CAP + 50])
def test_capped_list_is_complete_without_tombstones(total: int) -> None:
    """A capped list is complete at its cap, is reported and writes no tombstones."""
    world = World({VIDEO_LIST.path: VIDEO_CAP + 50})
    all_videos = world.lists[VIDEO_LIST.path]
    with serving(world) as server:
        server.max_requests = 500
        world.lists[VIDEO_LIST.path] = all_videos[-100:]
        first = sync(server, VIDEO_LIST, track_deleted=True)
        world.lists[VIDEO_LIST.path] = all_videos[:VIDEO_CAP]
        server.reset()

        def report_total(path: str, response: Response) -> None:
            if path == VIDEO_LIST.path:
                response.page_info.update(total_number=total, total_page=-(-total // 100))

        server.damage = report_total
        second = sync(server, VIDEO_LIST, first.state, track_deleted=True)
        pages = {query["page"] for query in server.requests_of(VIDEO_LIST.path)}
    assert second.exit_code == 0
    assert second.tombstones == []
    assert [record["stream"] for record in second.sync_errors] == [VIDEO_LIST.stream]
    new_ids = {(record["video_id"],) for record in all_videos[:-100]}
    assert new_ids <= second.identities(VIDEO_LIST).keys()
    assert max(map(int, pages)) == VIDEO_CAP // 100


def test_object_missing_from_two_passes_gets_no_tombstone() -> None:
    """An object missing from two passes gets no tombstone, even if they reach the total."""
    world = world_of(LIST)
    left_out, deleted = world.lists[LIST.path][5], world.lists[LIST.path][-1]
    first_pages = 0

    def before(path: str, query: Query) -> None:
        nonlocal first_pages
        is_first = path == LIST.path and is_plain_list(query) and query["page"] == "1"
        first_pages += is_first
        if is_first and first_pages == 2:
            world.lists[path].remove(deleted)

    def damage(_: str, response: Response) -> None:
        response.page_records = [record for record in response.page_records if record != left_out]

    with serving(world) as server:
        first = sync(server, LIST, track_deleted=True)
        server.before, server.damage = before, damage
        second = sync(server, LIST, first.state, track_deleted=True)
        server.reset()
        third = sync(server, LIST, second.state, track_deleted=True)
    assert second.tombstones == []
    assert [record["campaign_id"] for record in third.tombstones] == [deleted["campaign_id"]]
