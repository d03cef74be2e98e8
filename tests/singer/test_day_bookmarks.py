"""Tables of the covered days that a state holds before and after a window."""

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

SEVEN = Advertiser("7")
EIGHT = Advertiser("8")
STARTED_AT = pendulum.datetime(2026, 3, 10, 12)
DAY = pendulum.Date.fromisoformat
START = DAY("2026-01-01")
CONTEXT = {"context": {"advertiser_id": "7"}, "replication_key": "day"}


def window(first: str, last: str) -> Window:
    """Return the window of two days of 2026."""
    return Window(DAY(f"2026-{first}"), DAY(f"2026-{last}"))


def make(
    partition: dict[str, t.Any] | None = None, *, lookback_days: int = 7, **options: t.Any
) -> DayBookmarks:
    """Return the bookmarks of a stream whose state holds one partition."""
    state: t.Any = {"bookmarks": {"ads": {"partitions": [partition] if partition else []}}}
    options = {"started_at": STARTED_AT, "warnings": Warnings(logging.getLogger("ads"))} | options
    return DayBookmarks(state, "ads", "day", settling=Settling(lambda _: lookback_days), **options)


def covered(bookmarks: DayBookmarks) -> list[list[str]]:
    """Return the days that no run reads again, without the year."""
    pairs = bookmarks.covered(SEVEN).to_state()
    return [[day.removeprefix("2026-") for day in pair] for pair in pairs]


def begin(bookmarks: DayBookmarks, start: pendulum.Date = START, *, rolling: bool = False) -> str:
    """Begin a run. Return its first day."""
    bookmarks.note_start(SEVEN, start)
    return str(bookmarks.first_day(SEVEN, start, rolling=rolling))


def read(bookmarks: DayBookmarks, first: str, last: str) -> bool:
    """Complete a window."""
    return bookmarks.advance(TaskGroup(SEVEN, window(first, last)))


def test_the_first_run() -> None:
    """Windows are covered up to the last settled day, newest first."""
    bookmarks = make()
    begin(bookmarks)
    assert bookmarks.partition(SEVEN) == {**CONTEXT, "covered": [], "start_floor": "2026-01-01"}
    assert read(bookmarks, "02-09", "03-10")
    assert bookmarks.partition(SEVEN) == {
        **CONTEXT,
        "covered": [["2026-02-09", "2026-03-02"]],
        "start_floor": "2026-01-01",
    }
    assert read(bookmarks, "01-01", "02-08")
    assert bookmarks.partition(SEVEN) == {
        **CONTEXT,
        "covered": [["2026-01-01", "2026-03-02"]],
        "start_floor": "2026-01-01",
        "read_from": "2026-01-01",
        "replication_key_value": "2026-03-02",
    }


@pytest.mark.parametrize(
    ("lookback_days", "last"), [(0, "03-09"), (1, "03-08"), (7, "03-02"), (28, "02-09")]
)
def test_settled_days(lookback_days: int, last: str) -> None:
    """A day is covered if it was read `lookback_days` after its end. Today never is."""
    bookmarks = make(lookback_days=lookback_days)
    begin(bookmarks)
    assert read(bookmarks, "01-01", "03-10")
    assert covered(bookmarks) == [["01-01", last]]


def test_young_days_only() -> None:
    """A window without a settled day covers nothing, and removes nothing."""
    bookmarks = make({**CONTEXT, "covered": [["2026-01-01", "2026-03-01"]]})
    begin(bookmarks)
    assert read(bookmarks, "03-05", "03-10")
    assert covered(bookmarks) == [["01-01", "03-01"]]


@pytest.mark.parametrize(
    ("zone", "last"), [("UTC", "03-08"), ("Pacific/Kiritimati", "03-09"), ("Etc/GMT+12", "03-07")]
)
def test_zone_of_the_account(zone: str, last: str) -> None:
    """Days end in the time zone of the account."""
    advertiser = Advertiser("7", timezone=zone)
    started_at = pendulum.datetime(2026, 3, 9, 11, 30)
    bookmarks = make(lookback_days=0, started_at=started_at)
    bookmarks.note_start(advertiser, START)
    bookmarks.advance(TaskGroup(advertiser, window("03-01", "03-09")))
    assert covered(bookmarks) == [["03-01", last]]


@pytest.mark.parametrize(
    ("server_day", "last"), [(None, "03-09"), (12, "03-09"), (10, "03-09"), (8, "03-07")]
)
def test_the_earlier_clock_counts(server_day: int | None, last: str) -> None:
    """A clock that is ahead covers no day too early."""
    bookmarks = make(lookback_days=0)
    begin(bookmarks)
    group = TaskGroup(SEVEN, window("03-01", "03-10"))
    if server_day is not None:
        group.started_at = dt.datetime(2026, 3, server_day, 13, tzinfo=dt.timezone.utc)
    bookmarks.advance(group)
    assert covered(bookmarks) == [["03-01", last]]


def test_incomplete_windows() -> None:
    """A window that is held or incomplete is not covered. Other windows are."""
    bookmarks = make()
    begin(bookmarks)
    bookmarks.hold(SEVEN, window("01-11", "01-20"))
    assert not read(bookmarks, "01-11", "01-20")
    damaged = TaskGroup(SEVEN, window("01-21", "01-30"))
    damaged.is_complete = False
    assert not bookmarks.advance(damaged)
    assert read(bookmarks, "01-01", "01-10")
    assert read(bookmarks, "01-31", "02-09")
    assert covered(bookmarks) == [["01-01", "01-10"], ["01-31", "02-09"]]
    partition = bookmarks.partition(SEVEN)
    assert partition["replication_key_value"] == "2026-01-10"
    assert not bookmarks.is_held(EIGHT, window("01-11", "01-20"))


def test_many_holes() -> None:
    """The state holds ten ranges. The run itself forgets none, so that holes can still close."""
    bookmarks = make(lookback_days=0)
    begin(bookmarks)
    for day in range(1, 29, 2):
        assert read(bookmarks, f"01-{day:02}", f"01-{day:02}")
    assert len(bookmarks.partition(SEVEN)["covered"]) == 10
    for day in range(2, 29, 2):
        assert read(bookmarks, f"01-{day:02}", f"01-{day:02}")
    assert bookmarks.partition(SEVEN)["covered"] == [["2026-01-01", "2026-01-28"]]


@pytest.mark.parametrize(
    ("start", "rolling", "first", "floor"),
    [
        ("2026-02-08", True, "2026-01-05", "2026-01-05"),
        ("2026-02-08", False, "2026-02-08", "2026-01-05"),
        ("2025-12-01", True, "2025-12-01", "2025-12-01"),
        ("2025-12-01", False, "2025-12-01", "2025-12-01"),
    ],
)
def test_start(start: str, rolling: bool, first: str, floor: str) -> None:
    """A fixed start is the first day. A macro goes back to the earliest start of any run."""
    bookmarks = make({**CONTEXT, "covered": [], "start_floor": "2026-01-05"})
    assert begin(bookmarks, DAY(start), rolling=rolling) == first
    assert bookmarks.partition(SEVEN)["start_floor"] == floor


def test_a_later_and_an_earlier_start() -> None:
    """A later start keeps the covered days. An earlier start lacks only the days before."""
    bookmarks = make({**CONTEXT, "covered": [["2026-01-01", "2026-02-20"]]})
    begin(bookmarks, DAY("2026-03-01"))
    assert read(bookmarks, "03-01", "03-10")
    assert covered(bookmarks) == [["01-01", "02-20"], ["03-01", "03-02"]]
    assert bookmarks.partition(SEVEN)["replication_key_value"] == "2026-03-02"
    begin(bookmarks, DAY("2025-12-01"))
    missing = bookmarks.covered(SEVEN).missing_in(Window(DAY("2025-12-01"), DAY("2026-03-10")))
    assert DayRanges(tuple(missing)).to_state() == [
        ["2025-12-01", "2025-12-31"],
        ["2026-02-21", "2026-02-28"],
        ["2026-03-03", "2026-03-10"],
    ]
    assert read(bookmarks, "02-21", "02-28")
    partition = bookmarks.partition(SEVEN)
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
def test_an_earlier_version(
    old: dict[str, t.Any], rolling: bool, first: str, expected: list[list[str]]
) -> None:
    """Its state covers the days from `read_from` up to the lookback before its bookmark.

    A bookmark without `read_from` proves no day.
    """
    bookmarks = make({**CONTEXT, **old})
    assert begin(bookmarks, DAY("2026-02-01"), rolling=rolling) == first
    assert covered(bookmarks) == expected


def test_an_earlier_version_goes_on() -> None:
    """The first window writes the new members. Until then the old members hold."""
    old = {"read_from": "2026-01-01", "replication_key_value": "2026-03-01"}
    bookmarks = make({**CONTEXT, **old})
    begin(bookmarks, DAY("2026-02-01"), rolling=True)
    assert bookmarks.partition(SEVEN) == {**CONTEXT, **old, "start_floor": "2026-01-01"}
    assert read(bookmarks, "02-22", "03-10")
    assert bookmarks.partition(SEVEN) == {
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
def test_a_damaged_state(member: str, value: t.Any, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged member is ignored with a warning. Its days are read again."""
    bookmarks = make({**CONTEXT, "covered": [], member: value})
    assert begin(bookmarks, rolling=True) == "2026-01-01"
    assert covered(bookmarks) == []
    assert any(member in record.getMessage() for record in caplog.records)
    assert read(bookmarks, "01-01", "03-10")
    assert bookmarks.partition(SEVEN)["covered"] == [["2026-01-01", "2026-03-02"]]


def test_a_raised_lookback() -> None:
    """Days that are younger than the lookback are not covered any more."""
    bookmarks = make({**CONTEXT, "covered": [["2026-01-01", "2026-03-02"]]}, lookback_days=28)
    begin(bookmarks)
    assert covered(bookmarks) == [["01-01", "02-09"]]
    assert read(bookmarks, "02-10", "03-10")
    assert bookmarks.partition(SEVEN)["covered"] == [["2026-01-01", "2026-02-09"]]


def test_a_machine_without_a_clock() -> None:
    """A start of the seventies is not kept: later runs would go back to it."""
    bookmarks = make(started_at=pendulum.datetime(1970, 1, 31))
    begin(bookmarks, DAY("1970-01-01"), rolling=True)
    assert bookmarks.partition(SEVEN) == {}


def test_another_replication_key() -> None:
    """Days that were read for another replication key are read again."""
    old = {"context": CONTEXT["context"], "replication_key": "hour", "start_floor": "2026-01-01"}
    bookmarks = make({**old, "covered": [["2026-01-01", "2026-03-02"]], "read_from": "2026-01-01"})
    begin(bookmarks)
    assert covered(bookmarks) == []
    assert bookmarks.partition(SEVEN)["covered"] == []


def test_a_full_read() -> None:
    """A full read reads the configured days, and leaves the state as it is."""
    partition = {**CONTEXT, "covered": [["2026-01-01", "2026-03-02"]], "start_floor": "2025-01-01"}
    bookmarks = make(dict(partition), is_incremental=False)
    assert begin(bookmarks, rolling=True) == "2026-01-01"
    assert covered(bookmarks) == []
    assert not read(bookmarks, "01-01", "03-10")
    assert bookmarks.partition(SEVEN) == partition


def test_merged_states() -> None:
    """Meltano merges the members of an unpartitioned stream. `covered` still decides."""
    old = {"replication_key": "day", "replication_key_value": "2026-03-01", "covered": []}
    state: t.Any = {"bookmarks": {"ads": {**old, "read_from": "2026-01-01"}}}
    options: dict[str, t.Any] = {"started_at": STARTED_AT, "is_incremental": True}
    warnings = Warnings(logging.getLogger("ads"))
    settling = Settling(lambda _: 7)
    bookmarks = DayBookmarks(state, "ads", "day", settling=settling, warnings=warnings, **options)
    bookmarks.note_start(None, START)
    assert bookmarks.covered(None) == DayRanges()
