"""Tests of bookmarks before and after a task group."""

from __future__ import annotations

import datetime as dt
import logging
import typing as t

import pendulum
import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.task_groups import TaskGroup
from tap_tiktok_ads.problems import Warnings
from tap_tiktok_ads.singer.state import TimeBookmarks, ValueBookmarks

if t.TYPE_CHECKING:
    from singer_sdk.helpers.types import TapState

    from tap_tiktok_ads.singer.state import Bookmarks

ADVERTISER = Advertiser("7")
STARTED_AT = pendulum.datetime(2026, 1, 10)


def state_of(value: t.Any) -> TapState:
    """Return a state with one bookmark."""
    partition = {
        "context": {"advertiser_id": "7"},
        "replication_key": "time",
        "replication_key_value": value,
    }
    return t.cast("TapState", {"bookmarks": {"ads": {"partitions": [partition]}}})


def bookmarks_with(kind: type[Bookmarks], value: t.Any) -> Bookmarks:
    """Return the bookmarks of a stream with one bookmark in its state."""
    warnings = Warnings("ads", logging.getLogger("ads"))
    return kind(state_of(value), "ads", "time", started_at=STARTED_AT, warnings=warnings)


@pytest.mark.parametrize("value", ["no date", "2027-01-01", "1969-12-31", 7, [], {}, "2026-02-30"])
def test_invalid_bookmark_is_ignored_with_warning(
    value: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid bookmark is ignored with one warning, and the next group replaces it."""
    bookmarks = bookmarks_with(TimeBookmarks, value)
    assert bookmarks.start(ADVERTISER) is None
    assert bookmarks.start(ADVERTISER) is None
    (record,) = caplog.records
    assert repr(value) in record.getMessage()
    assert "ads, advertiser 7" in record.getMessage()
    group = TaskGroup(ADVERTISER, None)
    group.latest_change = "2026-01-05T00:00:00Z"
    assert bookmarks.advance(group)
    assert bookmarks.value(ADVERTISER) == "2026-01-05T00:00:00Z"


@pytest.mark.parametrize("value", [[], {}, {"a": 1}, True])
def test_bookmark_of_wrong_type_is_ignored(value: t.Any, caplog: pytest.LogCaptureFixture) -> None:
    """A bookmark that is neither text nor a number is ignored with a warning."""
    assert bookmarks_with(ValueBookmarks, value).start(ADVERTISER) is None
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("bookmark", "latest_change", "expected"),
    [
        ("2026-01-01", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("2026-01-08", "2026-01-05T00:00:00Z", "2026-01-08T00:00:00Z"),
        ("2026-01-01", "2026-01-10T00:00:00Z", "2026-01-09T23:50:00Z"),
    ],
)
def test_time_bookmark_advances_within_limits(
    bookmark: str, latest_change: str, expected: str
) -> None:
    """A time bookmark never moves back, and stops ten minutes before the run."""
    bookmarks = bookmarks_with(TimeBookmarks, bookmark)
    group = TaskGroup(ADVERTISER, None)
    group.latest_change = latest_change
    assert bookmarks.advance(group)
    assert bookmarks.value(ADVERTISER) == expected


@pytest.mark.parametrize(
    ("server_time", "expected"),
    [
        ("Sat, 10 Jan 2026 01:00:00 GMT", "2026-01-10T00:50:00Z"),
        ("Sat, 10 Jan 2026 01:00:00 -0000", "2026-01-10T00:50:00Z"),
        ("Fri, 09 Jan 2026 01:00:00 GMT", "2026-01-09T00:50:00Z"),
        ("Wed, 10 Jan 2170 01:00:00 GMT", "2026-01-09T23:50:00Z"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "2026-01-09T23:50:00Z"),
        ("Tue, 31 Dec 2019 23:59:59 GMT", "2026-01-09T23:50:00Z"),
        ("Sat, 99 Jan 99999 01:00:00 GMT", "2026-01-09T23:50:00Z"),
        ("soon", "2026-01-09T23:50:00Z"),
        ("", "2026-01-09T23:50:00Z"),
        (None, "2026-01-09T23:50:00Z"),
    ],
)
def test_bookmark_follows_plausible_server_clock(server_time: str | None, expected: str) -> None:
    """The bookmark follows the server clock if it is plausible and not ahead of the local clock."""
    bookmarks = bookmarks_with(TimeBookmarks, "2026-01-01")
    group = TaskGroup(ADVERTISER, None)
    group.add(Page(server_time=server_time))
    group.latest_change = "2180-01-01T00:00:00Z"
    assert bookmarks.advance(group)
    assert bookmarks.value(ADVERTISER) == expected


def test_earliest_response_time_is_used() -> None:
    """A group starts at the earliest valid server time of its pages."""
    group = TaskGroup(ADVERTISER, None)
    for hour in ("Sat, 10 Jan 2026 03:00:00 GMT", "x", "Sat, 10 Jan 2026 02:00:00 GMT"):
        group.add(Page(server_time=hour))
    assert group.started_at == dt.datetime(2026, 1, 10, 2, tzinfo=dt.timezone.utc)


def test_held_bookmark_does_not_advance() -> None:
    """A held bookmark does not advance."""
    bookmarks = bookmarks_with(TimeBookmarks, "2026-01-01")
    bookmarks.hold(ADVERTISER)
    group = TaskGroup(ADVERTISER, None)
    group.latest_change = "2026-01-05T00:00:00Z"
    assert not bookmarks.advance(group)
    assert bookmarks.value(ADVERTISER) == "2026-01-01"


def test_each_advertiser_has_one_partition() -> None:
    """A partition is found whatever is before it, and created once, at the end of the list."""
    other: list[t.Any] = [
        {"context": {}},
        {"context": {"advertiser_id": ["7"]}},
        {"context": {"advertiser_id": "7", "day": "1"}},
        {"context": {"other_id": "7"}},
    ]
    partitions = [*other, {"context": {"advertiser_id": "7"}, "listed": "x"}]
    state: t.Any = {"bookmarks": {"ads": {"partitions": partitions}}}
    warnings = Warnings("ads", logging.getLogger("ads"))
    first, second = (
        TimeBookmarks(state, "ads", "time", started_at=STARTED_AT, warnings=warnings)
        for _ in range(2)
    )
    assert first.partition(Advertiser("8")) == second.partition(Advertiser("8")) == {}
    for name in ("7", "8", "9"):
        advertiser = Advertiser(name)
        first.writable_partition(advertiser)["x"] = name
        assert second.writable_partition(advertiser) is first.partition(advertiser)
    assert partitions[:4] == other
    assert partitions[4:] == [
        {"context": {"advertiser_id": "7"}, "listed": "x", "x": "7"},
        {"context": {"advertiser_id": "8"}, "x": "8"},
        {"context": {"advertiser_id": "9"}, "x": "9"},
    ]


def test_unpartitioned_bookmarks_are_members_of_the_stream() -> None:
    """An unpartitioned stream has no partitions, and its state is created when it is written."""
    state: t.Any = {}
    warnings = Warnings("ads", logging.getLogger("ads"))
    bookmarks = TimeBookmarks(state, "ads", "time", started_at=STARTED_AT, warnings=warnings)
    assert bookmarks.partition(None) == {}
    assert bookmarks.partitions() == []
    assert state == {}
    bookmarks.writable_partition(None)["x"] = 1
    assert bookmarks.partition(None) == {"x": 1}
    assert state == {"bookmarks": {"ads": {"x": 1}}}
