"""Lists of videos that end early, because their pages prove that the rest has not changed."""

from __future__ import annotations

import datetime as dt
import logging
import math
import typing as t

import pytest
from typing_extensions import override

from .kinds import VIDEO_LIST, Outcome, sync
from .server import INVALID_PARAMETER, VIDEOS, FakeTikTok, World, serving_kind

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .server import Query, Record

    Change = Callable[[list[Record]], object]

SEEDS = [1, 7, 42]
#: Nine pages. The last page is short.
VIDEO_COUNT = 805
LAST_PAGE = "9"
ALL_PAGES = [*map(str, range(1, 10))]
#: Later than every change of the world, and long before a run.
CHANGED_AT = dt.datetime(2026, 2, 20)  # noqa: DTZ001 - UTC


class SortedTikTok(FakeTikTok):
    """A server that lists videos in the requested order.

    Attributes:
        order: Changes the order of modification.
        is_ignored: True if the server ignores the requested order.
        is_rejected: True if the server rejects the requested order.
    """

    order: Callable[[list[Record]], Sequence[Record]] = staticmethod(lambda videos: videos)
    is_ignored = False
    is_rejected = False

    @override
    def respond(self, path: str, query: Query) -> t.Any:
        response = super().respond(path, query)
        if self.is_rejected and "sort_field" in query:
            response.envelope |= {"code": INVALID_PARAMETER, "message": "sort_field: unknown"}
        return response

    @override
    def _selected(self, path: str, query: Query) -> Sequence[Record]:
        videos = super()._selected(path, query)
        if path != VIDEOS or self.is_ignored or query.get("sort_field") != "MODIFY_TIME":
            return videos
        by_change = sorted(videos, key=lambda video: str(video["modify_time"] or ""), reverse=True)
        return self.order(by_change)

    @property
    def videos(self) -> list[Record]:
        """All videos, in the order of their creation, newest first."""
        return self.world.lists[VIDEOS]


def touch(videos: Sequence[Record], at: dt.datetime = CHANGED_AT) -> None:
    """Modify videos, one second after the other."""
    for number, video in enumerate(videos):
        video["modify_time"] = str(at + dt.timedelta(seconds=number))


def new_video(number: int, modified: t.Any, created: dt.datetime = CHANGED_AT) -> Record:
    """Return a video that the world does not have."""
    return {
        "video_id": f"new{number}",
        "name": "new",
        "create_time": str(created),
        "modify_time": modified if modified is None else str(modified),
    }


def served(seed: int = 1, count: int = VIDEO_COUNT) -> t.Any:
    """Return a server of many videos, as a context manager."""
    return serving_kind(SortedTikTok, World({VIDEOS: count}, seed=seed))


def pages_of(server: FakeTikTok) -> list[str]:
    """Return the requested pages."""
    return [query["page"] for query in server.requests_of(VIDEOS)]


def run(server: FakeTikTok, state: Record | None = None, **settings: t.Any) -> Outcome:
    """Run the tap, after the requests of earlier runs are forgotten."""
    server.requests.clear()
    return sync(server, VIDEO_LIST, state, **settings)


def ids_of(outcome: Outcome) -> list[str]:
    """Return the IDs of the records, sorted."""
    return sorted(str(record["video_id"]) for record in outcome.records)


def bookmark_of(outcome: Outcome) -> str:
    """Return the bookmark of the only advertiser."""
    (partition,) = outcome.state["bookmarks"]["video_creatives"]["partitions"]
    return t.cast("str", partition["replication_key_value"])


def check_equal_to_complete_read(server: SortedTikTok, outcome: Outcome, state: Record) -> None:
    """Fail if a run wrote other records, or another state, than a read of the complete list."""
    server.is_rejected = True
    complete = run(server, state)
    server.is_rejected = False
    assert outcome.exit_code == complete.exit_code == 0, outcome.error
    assert ids_of(outcome) == ids_of(complete)
    assert outcome.state == complete.state
    assert len(outcome.sync_errors) == len(complete.sync_errors)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("changed_count", "expected"),
    [
        (0, ["1", LAST_PAGE]),
        (40, ["1", LAST_PAGE]),
        (98, ["1", LAST_PAGE]),
        # with more than one page of changes, page 1 is re-read: videos could have moved
        (150, ["1", "2", LAST_PAGE, "1"]),
        (250, ["1", "2", "3", LAST_PAGE, "1"]),
        (450, [*ALL_PAGES, "1"]),
        (VIDEO_COUNT, [*ALL_PAGES, "1"]),
    ],
)
def test_unchanged_pages_are_not_requested(
    seed: int, changed_count: int, expected: list[str]
) -> None:
    """Pages between the changes and the last page are not requested, and no record is lost."""
    with served(seed) as server:
        first = run(server)
        assert sorted(pages_of(server)) == ["1", *ALL_PAGES]
        touch(server.videos[:: max(1, VIDEO_COUNT // max(1, changed_count))][:changed_count])
        second = run(server, first.state, max_concurrency=1)
        assert pages_of(server) == expected
        assert len(second.records) >= max(1, changed_count)
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("page", [0, 1, 8])
def test_unsorted_page_causes_complete_read(seed: int, page: int) -> None:
    """If one received page is not in the order of changes, every page is read."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[:600:4])

        def swap(videos: list[Record]) -> Sequence[Record]:
            """Exchange the second object of a page with the fifth, which changed earlier."""
            start = page * 100
            videos[start + 1], videos[start + 4] = videos[start + 4], videos[start + 1]
            return videos

        server.order = swap
        second = run(server, first.state)
        assert set(pages_of(server)) == {*ALL_PAGES}
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
def test_unread_page_out_of_order_is_read_after_unsorted_page(seed: int) -> None:
    """A change that is listed on a late page is read if the order of a received page is wrong."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[:20])
        changed = {str(video["video_id"]) for video in server.videos[:20]}

        def displace(videos: list[Record]) -> Sequence[Record]:
            """Exchange two videos of page 1, and move the first video to page 6."""
            return [videos[1], videos[3], videos[2], *videos[4:600], videos[0], *videos[600:]]

        server.order = displace
        second = run(server, first.state)
        assert changed <= {*ids_of(second)}
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("is_unmodified", [False, True])
def test_ignored_order_loses_no_change(seed: int, is_unmodified: bool) -> None:
    """If TikTok ignores the order, an old video that changed is read.

    If all other videos are as created, the order of creation looks like the order of changes.
    """
    with served(seed) as server:
        server.is_ignored = True
        if is_unmodified:
            for video in server.videos:
                video["modify_time"] = video["create_time"]
        first = run(server)
        touch(server.videos[450:451])
        server.videos[:0] = [new_video(1, CHANGED_AT + dt.timedelta(days=1))]
        second = run(server, first.state)
        assert {"new1", server.videos[451]["video_id"]} <= {*ids_of(second)}
        assert set(pages_of(server)) == {*ALL_PAGES}
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1, 100, 250])
def test_changes_at_the_time_of_the_bookmark_are_read(seed: int, count: int) -> None:
    """Videos with the modification time of the bookmark are read, on every page they fill."""
    with served(seed) as server:
        touch(server.videos[:1])
        first = run(server)
        for video in server.videos[:count]:
            video["modify_time"] = str(CHANGED_AT)
        assert bookmark_of(first) == f"{CHANGED_AT.isoformat()}Z"
        second = run(server, first.state)
        assert len(second.records) == count
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
def test_change_within_the_margin_is_read(seed: int) -> None:
    """A page that ends within ten minutes before the bookmark does not end the list."""
    with served(seed) as server:
        touch(server.videos[:100])
        first = run(server)
        touch(server.videos[700:701], CHANGED_AT + dt.timedelta(hours=1))
        # the change is listed by another time than its own
        server.order = lambda videos: [*videos[1:130], videos[0], *videos[130:]]
        second = run(server, first.state)
        assert server.videos[700]["video_id"] in ids_of(second)
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("modified", [None, "", "0", "soon"])
@pytest.mark.parametrize("is_last", [True, False])
def test_video_without_usable_time_is_read(seed: int, modified: t.Any, is_last: bool) -> None:
    """A new video without a usable modification time is read, at each end of the list."""
    with served(seed) as server:
        first = run(server)
        server.videos[:0] = [new_video(1, modified)]

        def with_timeless(videos: list[Record]) -> Sequence[Record]:
            timeless = [video for video in videos if video["video_id"] == "new1"]
            others = [video for video in videos if video["video_id"] != "new1"]
            return [*others, *timeless] if is_last else [*timeless, *others]

        server.order = with_timeless
        second = run(server, first.state)
        assert "new1" in ids_of(second)
        assert set(pages_of(server)) == {*ALL_PAGES}


@pytest.mark.parametrize("seed", SEEDS)
def test_backdated_video_is_treated_as_in_a_complete_read(seed: int) -> None:
    """A new video whose modification time is older than the bookmark is left out, as always."""
    with served(seed) as server:
        touch(server.videos[:50])
        first = run(server)
        server.videos[:0] = [
            new_video(1, CHANGED_AT - dt.timedelta(minutes=5)),
            new_video(2, CHANGED_AT + dt.timedelta(minutes=5)),
        ]
        second = run(server, first.state)
        assert "new1" not in ids_of(second)
        assert "new2" in ids_of(second)
        assert pages_of(server) == ["1", LAST_PAGE]
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("page", ["2", LAST_PAGE])
@pytest.mark.parametrize("event", ["change", "vanish", "upload"])
def test_video_that_moves_during_the_run_is_read(seed: int, page: str, event: str) -> None:
    """A video that changes, vanishes or appears during a run moves others. None of them is lost."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[100:250])
        expected = {str(video["video_id"]) for video in server.videos[100:250]}
        done: list[str] = []

        def before(path: str, query: Query) -> None:
            if path != VIDEOS or query["page"] != page or done:
                return
            done.append(event)
            if event == "change":
                touch(server.videos[600:601], CHANGED_AT + dt.timedelta(hours=1))
            elif event == "vanish":
                newest = max(server.videos, key=lambda video: str(video["modify_time"]))
                server.videos.remove(newest)
            else:
                server.videos[:0] = [new_video(1, CHANGED_AT + dt.timedelta(hours=1))]

        server.before = before
        second = run(server, first.state, max_concurrency=1)
        assert done
        assert second.exit_code == 0, second.error
        third = run(server, second.state)
        written = {*ids_of(second), *ids_of(third)}
        assert expected <= written
        assert event != "change" or str(server.videos[600]["video_id"]) in written
        assert event != "upload" or "new1" in written
        assert len(ids_of(second)) == len({*ids_of(second)})


@pytest.mark.parametrize("seed", SEEDS)
def test_list_without_the_video_of_the_bookmark_is_read_completely(seed: int) -> None:
    """If the first video is older than the bookmark, page 1 may be the wrong one: read all."""
    with served(seed) as server:
        first = run(server)
        newest = max(server.videos, key=lambda video: str(video["modify_time"]))
        server.videos.remove(newest)
        second = run(server, first.state)
        assert set(pages_of(server)) == {*ALL_PAGES}
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("page", [1, 9])
@pytest.mark.parametrize("damage", ["short", "repeated", "empty", "other page"])
def test_damaged_page_is_re_read(seed: int, page: int, damage: str) -> None:
    """A damaged page does not end the list early. Every change is read."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[100:150])

        def once(path: str, response: t.Any) -> None:
            if path != VIDEOS or response.page != page or response.attempt > 1:
                return
            records = response.page_records
            response.page_records = {
                "short": records[: len(records) // 2],
                "repeated": [records[0], *records[:-1]],
                "empty": [],
                "other page": response.page_at(5),
            }[damage]

        server.damage = once
        second = run(server, first.state, max_retries=0)
        changed = {str(video["video_id"]) for video in server.videos[100:150]}
        assert changed <= {*ids_of(second)}
        assert second.exit_code == 0, second.error


@pytest.mark.parametrize("seed", SEEDS)
def test_failing_last_page_keeps_the_bookmark(seed: int) -> None:
    """If the last page cannot be read, the bookmark stays and the next run reads the changes."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[100:150])

        def fail(path: str, response: t.Any) -> None:
            if path == VIDEOS and response.page == 9:
                response.envelope |= {"code": 50000, "message": "System error", "data": {}}

        server.damage = fail
        second = run(server, first.state, max_retries=0, on_error="skip")
        assert second.exit_code == 1
        assert bookmark_of(second) == bookmark_of(first)
        server.damage = lambda *_: None
        third = run(server, second.state)
        assert {str(video["video_id"]) for video in server.videos[100:150]} <= {*ids_of(third)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("settings", [{}, {"track_deleted": True}])
def test_complete_reads_keep_the_default_order(seed: int, settings: t.Any) -> None:
    """A first read, and every read that tracks deletions, requests all pages without an order."""
    with served(seed) as server:
        first = run(server, **settings)
        assert all("sort_field" not in query for query in server.requests_of(VIDEOS))
        if settings:
            run(server, first.state, **settings)
            assert all("sort_field" not in query for query in server.requests_of(VIDEOS))
            assert set(pages_of(server)) == {*ALL_PAGES}


@pytest.mark.parametrize("seed", SEEDS)
def test_rejected_order_is_left_out(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    """If TikTok rejects the order, the complete list is read, and one warning says so."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[100:150])
        server.is_rejected = True
        with caplog.at_level(logging.WARNING):
            second = run(server, first.state)
        assert second.exit_code == 0
        assert set(pages_of(server)) == {*ALL_PAGES}
        assert {str(video["video_id"]) for video in server.videos[100:150]} <= {*ids_of(second)}
        assert [r.message for r in caplog.records if "order of changes" in r.message] != []


@pytest.mark.parametrize("seed", SEEDS)
def test_output_does_not_depend_on_workers(seed: int) -> None:
    """Records, their order and the state are equal for any number of workers."""
    with served(seed) as server:
        first = run(server)
        touch(server.videos[100:350])
        outcomes = [run(server, first.state, max_concurrency=count) for count in (1, 3, 12)]
    assert outcomes[0].records == outcomes[1].records == outcomes[2].records
    assert outcomes[0].state == outcomes[1].state == outcomes[2].state


def test_capped_list_ends_early() -> None:
    """A list of more than 10,000 videos, of which TikTok lists 10,000, ends early, too."""
    with served(count=10_300) as server:
        server.max_requests = 1000
        first = run(server)
        assert len(pages_of(server)) == 100
        touch(server.videos[5000:5050])
        second = run(server, first.state)
        assert pages_of(server) == ["1", "100"]
        check_equal_to_complete_read(server, second, first.state)


@pytest.mark.parametrize("count", [1, 99, 100, 101, 200, 201])
def test_short_lists_need_no_additional_request(count: int) -> None:
    """A list of one or two pages needs no more requests than a complete read."""
    with served(count=count) as server:
        first = run(server)
        second = run(server, first.state)
        assert len(pages_of(server)) <= math.ceil(count / 100) + (count > 100)
        check_equal_to_complete_read(server, second, first.state)
