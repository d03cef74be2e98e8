"""Tests of covered days before and after a window."""

from __future__ import annotations

import datetime as dt
import logging
import typing as t

import pendulum
import pytest

from tap_tiktok_ads.api.advertisers import Advertiser
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.day_ranges import DayRanges, Settling
from tap_tiktok_ads.extract.task_groups import TaskGroup
from tap_tiktok_ads.problems import Warnings
from tap_tiktok_ads.singer.day_bookmarks import DayBookmarks

ADVERTISER = Advertiser("7")
OTHER_ADVERTISER = Advertiser("8")
STARTED_AT = pendulum.datetime(2026, 3, 10, 12)
DAY = pendulum.Date.fromisoformat
START = DAY("2026-01-01")
CONTEXT = {"context": {"advertiser_id": "7"}, "replication_key": "day"}


def window(first: str, last: str) -> Window:
    """Return the window between two days of 2026."""
    return Window(DAY(f"2026-{first}"), DAY(f"2026-{last}"))


def bookmarks_with(
    partition: dict[str, t.Any] | None = None, *, lookback_days: int = 7, **options: t.Any
) -> DayBookmarks:
    """Return the bookmarks of a stream with one partition in its state."""
    state: t.Any = {"bookmarks": {"ads": {"partitions": [partition] if partition else []}}}
    options = {
        "started_at": STARTED_AT,
        "warnings": Warnings("ads", logging.getLogger("ads")),
    } | options
    return DayBookmarks(state, "ads", "day", settling=Settling(lambda _: lookback_days), **options)


def covered(bookmarks: DayBookmarks) -> list[list[str]]:
    """Return the covered ranges, without the year."""
    pairs = bookmarks.covered(ADVERTISER).to_state()
    return [[day.removeprefix("2026-") for day in pair] for pair in pairs]


def begin_run(
    bookmarks: DayBookmarks, start: pendulum.Date = START, *, rolling: bool = False
) -> str:
    """Begin a run and return its first day."""
    bookmarks.note_start(ADVERTISER, start)
    return str(bookmarks.first_day(ADVERTISER, start, rolling=rolling))


def complete_window(bookmarks: DayBookmarks, first: str, last: str) -> bool:
    """Complete a window and return True if it is covered."""
    return bookmarks.advance(TaskGroup(ADVERTISER, window(first, last)))


def test_first_run_covers_settled_days() -> None:
    """The first run covers its windows up to the last settled day."""
    bookmarks = bookmarks_with()
    begin_run(bookmarks)
    assert bookmarks.partition(ADVERTISER) == {
        **CONTEXT,
        "covered": [],
        "start_floor": "2026-01-01",
    }
    assert complete_window(bookmarks, "02-09", "03-10")
    assert bookmarks.partition(ADVERTISER) == {
        **CONTEXT,
        "covered": [["2026-02-09", "2026-03-02"]],
        "start_floor": "2026-01-01",
    }
    assert complete_window(bookmarks, "01-01", "02-08")
    assert bookmarks.partition(ADVERTISER) == {
        **CONTEXT,
        "covered": [["2026-01-01", "2026-03-02"]],
        "start_floor": "2026-01-01",
        "read_from": "2026-01-01",
        "replication_key_value": "2026-03-02",
    }


@pytest.mark.parametrize(
    ("lookback_days", "last"), [(0, "03-09"), (1, "03-08"), (7, "03-02"), (28, "02-09")]
)
def test_day_is_covered_after_lookback(lookback_days: int, last: str) -> None:
    """A day is covered if it is read at least `lookback_days` after its end."""
    bookmarks = bookmarks_with(lookback_days=lookback_days)
    begin_run(bookmarks)
    assert complete_window(bookmarks, "01-01", "03-10")
    assert covered(bookmarks) == [["01-01", last]]


def test_unsettled_days_are_not_covered() -> None:
    """A window without a settled day leaves the covered days unchanged."""
    bookmarks = bookmarks_with({**CONTEXT, "covered": [["2026-01-01", "2026-03-01"]]})
    begin_run(bookmarks)
    assert complete_window(bookmarks, "03-05", "03-10")
    assert covered(bookmarks) == [["01-01", "03-01"]]


@pytest.mark.parametrize(
    ("zone", "last"), [("UTC", "03-08"), ("Pacific/Kiritimati", "03-09"), ("Etc/GMT+12", "03-07")]
)
def test_days_end_in_time_zone_of_advertiser(zone: str, last: str) -> None:
    """Days end in the time zone of the advertiser."""
    advertiser = Advertiser("7", timezone=zone)
    started_at = pendulum.datetime(2026, 3, 9, 11, 30)
    bookmarks = bookmarks_with(lookback_days=0, started_at=started_at)
    bookmarks.note_start(advertiser, START)
    bookmarks.advance(TaskGroup(advertiser, window("03-01", "03-09")))
    assert covered(bookmarks) == [["03-01", last]]


@pytest.mark.parametrize(
    ("server_day", "last"), [(None, "03-09"), (12, "03-09"), (10, "03-09"), (8, "03-07")]
)
def test_earlier_clock_is_used(server_day: int | None, last: str) -> None:
    """The earlier of server and local clock decides which days are settled."""
    bookmarks = bookmarks_with(lookback_days=0)
    begin_run(bookmarks)
    group = TaskGroup(ADVERTISER, window("03-01", "03-10"))
    if server_day is not None:
        group.started_at = dt.datetime(2026, 3, server_day, 13, tzinfo=dt.timezone.utc)
    bookmarks.advance(group)
    assert covered(bookmarks) == [["03-01", last]]


def test_incomplete_window_is_not_covered() -> None:
    """A held or incomplete window is not covered. Other windows are covered."""
    bookmarks = bookmarks_with()
    begin_run(bookmarks)
    bookmarks.hold(ADVERTISER, window("01-11", "01-20"))
    assert not complete_window(bookmarks, "01-11", "01-20")
    incomplete = TaskGroup(ADVERTISER, window("01-21", "01-30"))
    incomplete.is_complete = False
    assert not bookmarks.advance(incomplete)
    assert complete_window(bookmarks, "01-01", "01-10")
    assert complete_window(bookmarks, "01-31", "02-09")
    assert covered(bookmarks) == [["01-01", "01-10"], ["01-31", "02-09"]]
    partition = bookmarks.partition(ADVERTISER)
    assert partition["replication_key_value"] == "2026-01-10"
    assert not bookmarks.is_held(OTHER_ADVERTISER, window("01-11", "01-20"))


def test_state_is_limited_to_ten_ranges() -> None:
    """The state keeps ten ranges. The run keeps all ranges, so later windows can join them."""
    bookmarks = bookmarks_with(lookback_days=0)
    begin_run(bookmarks)
    for day in range(1, 29, 2):
        assert complete_window(bookmarks, f"01-{day:02}", f"01-{day:02}")
    assert len(bookmarks.partition(ADVERTISER)["covered"]) == 10
    for day in range(2, 29, 2):
        assert complete_window(bookmarks, f"01-{day:02}", f"01-{day:02}")
    assert bookmarks.partition(ADVERTISER)["covered"] == [["2026-01-01", "2026-01-28"]]


@pytest.mark.parametrize(
    ("start", "rolling", "first", "floor"),
    [
        ("2026-02-08", True, "2026-01-05", "2026-01-05"),
        ("2026-02-08", False, "2026-02-08", "2026-01-05"),
        ("2025-12-01", True, "2025-12-01", "2025-12-01"),
        ("2025-12-01", False, "2025-12-01", "2025-12-01"),
    ],
)
def test_rolling_start_goes_back_to_earliest_start(
    start: str, rolling: bool, first: str, floor: str
) -> None:
    """A fixed start is the first day. A rolling start goes back to the earliest start."""
    bookmarks = bookmarks_with({**CONTEXT, "covered": [], "start_floor": "2026-01-05"})
    assert begin_run(bookmarks, DAY(start), rolling=rolling) == first
    assert bookmarks.partition(ADVERTISER)["start_floor"] == floor


def test_changed_start_keeps_covered_days() -> None:
    """A changed start keeps the covered days. An earlier start only adds uncovered days."""
    bookmarks = bookmarks_with({**CONTEXT, "covered": [["2026-01-01", "2026-02-20"]]})
    begin_run(bookmarks, DAY("2026-03-01"))
    assert complete_window(bookmarks, "03-01", "03-10")
    assert covered(bookmarks) == [["01-01", "02-20"], ["03-01", "03-02"]]
    assert bookmarks.partition(ADVERTISER)["replication_key_value"] == "2026-03-02"
    begin_run(bookmarks, DAY("2025-12-01"))
    uncovered = bookmarks.covered(ADVERTISER).missing_in(
        Window(DAY("2025-12-01"), DAY("2026-03-10"))
    )
    assert DayRanges(tuple(uncovered)).to_state() == [
        ["2025-12-01", "2025-12-31"],
        ["2026-02-21", "2026-02-28"],
        ["2026-03-03", "2026-03-10"],
    ]
    assert complete_window(bookmarks, "02-21", "02-28")
    partition = bookmarks.partition(ADVERTISER)
    assert "replication_key_value" not in partition
    assert "read_from" not in partition


@pytest.mark.parametrize(
    ("old", "rolling", "first", "expected"),
    [
        (
            {"read_from": "2026-01-01", "replication_key_value": "2026-03-01"},
            False,
            "2026-02-01",
            [["01-01", "02-21"]],
        ),
        (
            {"read_from": "2026-01-01", "replication_key_value": "2026-03-01"},
            True,
            "2026-01-01",
            [["01-01", "02-21"]],
        ),
        (
            {"read_from": "2026-02-27", "replication_key_value": "2026-03-01"},
            True,
            "2026-02-01",
            [],
        ),
        ({"replication_key_value": "2026-03-01"}, False, "2026-02-01", []),
        ({"replication_key_value": "2026-01-20"}, True, "2026-01-13", []),
        ({"read_from": "x", "replication_key_value": "2026-03-01"}, False, "2026-02-01", []),
        ({"read_from": "2026-01-01", "replication_key_value": "x"}, False, "2026-02-01", []),
        (
            {"read_from": "2026-01-01", "replication_key_value": "2030-01-01"},
            True,
            "2026-01-01",
            [],
        ),
        ({"read_from": "2026-01-01"}, True, "2026-01-01", []),
    ],
)
def test_state_of_earlier_version_is_converted(
    old: dict[str, t.Any], rolling: bool, first: str, expected: list[list[str]]
) -> None:
    """State of an earlier version covers `read_from` up to the lookback before the bookmark.

    A bookmark without `read_from` covers no day.
    """
    bookmarks = bookmarks_with({**CONTEXT, **old})
    assert begin_run(bookmarks, DAY("2026-02-01"), rolling=rolling) == first
    assert covered(bookmarks) == expected


def test_first_window_replaces_members_of_earlier_version() -> None:
    """Old members stay until the first window writes the new members."""
    old = {"read_from": "2026-01-01", "replication_key_value": "2026-03-01"}
    bookmarks = bookmarks_with({**CONTEXT, **old})
    begin_run(bookmarks, DAY("2026-02-01"), rolling=True)
    assert bookmarks.partition(ADVERTISER) == {**CONTEXT, **old, "start_floor": "2026-01-01"}
    assert complete_window(bookmarks, "02-22", "03-10")
    assert bookmarks.partition(ADVERTISER) == {
        **CONTEXT,
        "start_floor": "2026-01-01",
        "covered": [["2026-01-01", "2026-03-02"]],
        "read_from": "2026-01-01",
        "replication_key_value": "2026-03-02",
    }


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("covered", 7),
        ("covered", None),
        ("covered", {"2026-01-01": "2026-02-01"}),
        ("covered", [["2026-02-01", "2026-01-01"]]),
        ("covered", [["2026-01-01", "2030-01-01"]]),
        ("covered", [7]),
        ("start_floor", 7),
        ("start_floor", "2026-02-30"),
        ("start_floor", {}),
        ("read_from", []),
    ],
)
def test_damaged_state_member_is_ignored_with_warning(
    member: str, value: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged member is ignored with a warning, and its days are re-read."""
    bookmarks = bookmarks_with({**CONTEXT, "covered": [], member: value})
    assert begin_run(bookmarks, rolling=True) == "2026-01-01"
    assert covered(bookmarks) == []
    assert any(member in record.getMessage() for record in caplog.records)
    assert complete_window(bookmarks, "01-01", "03-10")
    assert bookmarks.partition(ADVERTISER)["covered"] == [["2026-01-01", "2026-03-02"]]


def test_raised_lookback_uncovers_recent_days() -> None:
    """Days within a raised lookback are no longer covered."""
    bookmarks = bookmarks_with(
        {**CONTEXT, "covered": [["2026-01-01", "2026-03-02"]]}, lookback_days=28
    )
    begin_run(bookmarks)
    assert covered(bookmarks) == [["01-01", "02-09"]]
    assert complete_window(bookmarks, "02-10", "03-10")
    assert bookmarks.partition(ADVERTISER)["covered"] == [["2026-01-01", "2026-02-09"]]


def test_implausible_start_is_not_kept() -> None:
    """A start in 1970 is not kept, because later runs would go back to it."""
    bookmarks = bookmarks_with(started_at=pendulum.datetime(1970, 1, 31))
    begin_run(bookmarks, DAY("1970-01-01"), rolling=True)
    assert bookmarks.partition(ADVERTISER) == {}


def test_changed_replication_key_uncovers_days() -> None:
    """Days that were covered for another replication key are re-read."""
    old = {"context": CONTEXT["context"], "replication_key": "hour", "start_floor": "2026-01-01"}
    bookmarks = bookmarks_with(
        {**old, "covered": [["2026-01-01", "2026-03-02"]], "read_from": "2026-01-01"}
    )
    begin_run(bookmarks)
    assert covered(bookmarks) == []
    assert bookmarks.partition(ADVERTISER)["covered"] == []


def test_full_sync_leaves_state_unchanged() -> None:
    """A full sync reads the configured days and leaves the state unchanged."""
    partition = {**CONTEXT, "covered": [["2026-01-01", "2026-03-02"]], "start_floor": "2025-01-01"}
    bookmarks = bookmarks_with(dict(partition), is_incremental=False)
    assert begin_run(bookmarks, rolling=True) == "2026-01-01"
    assert covered(bookmarks) == []
    assert not complete_window(bookmarks, "01-01", "03-10")
    assert bookmarks.partition(ADVERTISER) == partition


def test_covered_overrides_merged_members() -> None:
    """`covered` overrides old members that Meltano merges into an unpartitioned stream."""
    old = {"replication_key": "day", "replication_key_value": "2026-03-01", "covered": []}
    state: t.Any = {"bookmarks": {"ads": {**old, "read_from": "2026-01-01"}}}
    options: dict[str, t.Any] = {"started_at": STARTED_AT, "is_incremental": True}
    warnings = Warnings("ads", logging.getLogger("ads"))
    settling = Settling(lambda _: 7)
    bookmarks = DayBookmarks(state, "ads", "day", settling=settling, warnings=warnings, **options)
    bookmarks.note_start(None, START)
    assert bookmarks.covered(None) == DayRanges()
