"""Tables of the bookmarks that a state holds before and after a group."""

from __future__ import annotations

import typing as t

import pendulum
import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.task_groups import TaskGroup
from tap_tiktok_ads.singer.state import DayBookmarks, TimeBookmarks

if t.TYPE_CHECKING:
    from singer_sdk.helpers.types import TapState

SEVEN = Advertiser("7")
STARTED_AT = pendulum.datetime(2026, 1, 10)


def state_of(value: t.Any) -> TapState:
    """Return a state with one bookmark."""
    partition = {
        "context": {"advertiser_id": "7"},
        "replication_key": "time",
        "replication_key_value": value,
    }
    return t.cast("TapState", {"bookmarks": {"ads": {"partitions": [partition]}}})


@pytest.mark.parametrize("value", ["no date", "2027-01-01", "1969-12-31"])
def test_bad_bookmark(value: str) -> None:
    """A bad bookmark raises an error that names the stream and advertiser."""
    bookmarks = TimeBookmarks(state_of(value), "ads", "time", started_at=STARTED_AT)
    with pytest.raises(ConfigError, match="state of ads, advertiser 7"):
        bookmarks.start(SEVEN)


@pytest.mark.parametrize(
    ("before", "latest_change", "after"),
    [
        ("2026-01-01", "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("2026-01-08", "2026-01-05T00:00:00Z", "2026-01-08T00:00:00Z"),
        ("2026-01-01", "2026-01-10T00:00:00Z", "2026-01-09T23:50:00Z"),
    ],
)
def test_advance_time(before: str, latest_change: str, after: str) -> None:
    """A time bookmark never goes back, nor past ten minutes before the read."""
    bookmarks = TimeBookmarks(state_of(before), "ads", "time", started_at=STARTED_AT)
    group = TaskGroup(SEVEN, None)
    group.latest_change = latest_change
    assert bookmarks.advance(group)
    assert bookmarks.value(SEVEN) == after


def test_hold() -> None:
    """A held bookmark does not advance."""
    bookmarks = DayBookmarks({}, "ads", "day", started_at=STARTED_AT)
    bookmarks.hold(SEVEN)
    window = Window(pendulum.date(2026, 1, 1), pendulum.date(2026, 1, 3))
    assert not bookmarks.advance(TaskGroup(SEVEN, window))
    assert bookmarks.value(SEVEN) is None


def test_earliest_date() -> None:
    """The first window of an advertiser sets its earliest synced date."""
    bookmarks = DayBookmarks({}, "ads", "day", started_at=STARTED_AT)
    for first, last in ((1, 3), (4, 6)):
        window = Window(pendulum.date(2026, 1, first), pendulum.date(2026, 1, last))
        assert bookmarks.advance(TaskGroup(SEVEN, window))
    assert bookmarks.value(SEVEN) == "2026-01-06"
    assert bookmarks.earliest_date(SEVEN) == pendulum.date(2026, 1, 1)
