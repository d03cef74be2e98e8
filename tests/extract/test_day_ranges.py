"""Tests of day ranges, compared with plain sets of days."""

from __future__ import annotations

import datetime as dt
import typing as t

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.day_ranges import MAX_RANGES, DayRanges, Settling, parse_day

JANUARY = pendulum.date(2026, 1, 1)


def window(first: int, last: int) -> Window:
    """Return a window from offsets in days from January 1."""
    return Window(JANUARY.add(days=first), JANUARY.add(days=last))


def ranges(*pairs: tuple[int, int]) -> DayRanges:
    """Return the union of windows."""
    days = DayRanges()
    for first, last in pairs:
        days = days.add(window(first, last))
    return days


def days_of(windows: t.Iterable[Window]) -> list[int]:
    """Return the days of windows as offsets from January 1, in order."""
    return [
        day
        for days in windows
        for day in range((days.start - JANUARY).days, (days.end - JANUARY).days + 1)
    ]


pairs = st.tuples(st.integers(-400, 400), st.integers(0, 60)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)
many_pairs = st.lists(pairs, max_size=15)


@given(many_pairs)
def test_add_returns_union(windows: list[tuple[int, int]]) -> None:
    """The union covers each day once, with at least one day between two ranges."""
    days = ranges(*windows)
    assert days_of(days.ranges) == sorted(
        {day for pair in windows for day in range(pair[0], pair[1] + 1)}
    )
    neighbors = zip(days.ranges, days.ranges[1:], strict=False)
    assert all((second.start - first.end).days > 1 for first, second in neighbors)


@given(many_pairs, pairs)
def test_missing_in_returns_uncovered_days(
    windows: list[tuple[int, int]], requested: tuple[int, int]
) -> None:
    """The missing days of a window are its uncovered days, in ascending order."""
    days = ranges(*windows)
    expected = sorted(set(range(requested[0], requested[1] + 1)) - set(days_of(days.ranges)))
    assert days_of(days.missing_in(window(*requested))) == expected
    assert ranges(*windows, requested) == ranges(
        *((day, day) for day in [*days_of(days.ranges), *expected])
    )


@given(many_pairs, st.integers(-400, 460))
def test_until_removes_later_days(windows: list[tuple[int, int]], last: int) -> None:
    """`until` removes the days after the last day."""
    days = ranges(*windows)
    remaining = days.until(JANUARY.add(days=last))
    assert days_of(remaining.ranges) == [day for day in days_of(days.ranges) if day <= last]


@given(many_pairs, st.integers(-400, 460))
def test_range_of_returns_range_with_day(windows: list[tuple[int, int]], day: int) -> None:
    """`range_of` returns the range that contains a day, or None."""
    days = ranges(*windows)
    containing = days.range_of(JANUARY.add(days=day))
    assert (containing is not None) == (day in days_of(days.ranges))
    assert containing is None or day in days_of([containing])


@given(many_pairs)
def test_state_round_trip_keeps_days(windows: list[tuple[int, int]]) -> None:
    """The state represents all days."""
    days = ranges(*windows)
    assert DayRanges.from_state(days.to_state()) == (days, [])


@given(many_pairs)
def test_limited_keeps_longest_ranges(windows: list[tuple[int, int]]) -> None:
    """`limited` keeps the longest ranges and adds no day."""
    days = ranges(*windows)
    limited = days.limited()
    assert len(limited.ranges) == min(MAX_RANGES, len(days.ranges))
    assert set(limited.ranges) <= set(days.ranges)
    dropped = [span.days for span in days.ranges if span not in limited.ranges]
    assert max(dropped, default=0) <= min((span.days for span in limited.ranges), default=999)


def test_limited_drops_older_of_equal_ranges() -> None:
    """Of equal ranges, the older range is dropped, because older days are read last."""
    pairs_of_days = [(10 * number, 10 * number) for number in range(MAX_RANGES + 1)]
    assert ranges(*pairs_of_days).limited() == ranges(*pairs_of_days[1:])


def test_calendar_ends_are_supported() -> None:
    """The first and last day of the calendar can be covered."""
    first, last = pendulum.date(1, 1, 1), pendulum.date(9999, 12, 31)
    days = DayRanges().add(Window(first, first)).add(Window(last, last))
    assert len(list(days.missing_in(Window(first, last)))) == 1


def test_empty_window_has_no_days() -> None:
    """A window that ends before it starts has no days."""
    assert ranges((3, 2)) == DayRanges()
    assert list(DayRanges().missing_in(window(3, 2))) == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "2026-01-01",
        {"2026-01-01": "2026-01-02"},
        [["2026-01-02", "2026-01-01"]],
        [["2026-01-01"]],
        [["2026-01-01", "2026-01-02", "2026-01-03"]],
        [["2026-02-30", "2026-03-01"]],
        [["2026-01-01T00:00:00Z", "2026-01-02"]],
        [["20260101", "20260102"]],
        [[1, 2]],
        [[None, None]],
        ["2026-01-01"],
        [[["2026-01-01"], "2026-01-02"]],
        [{}],
    ],
)
def test_damaged_state_member_is_returned(value: t.Any) -> None:
    """A damaged member is returned, and its days are not covered."""
    days, damaged = DayRanges.from_state(value)
    assert days == DayRanges()
    assert damaged == (value if isinstance(value, list) else [value])


def test_valid_state_members_are_kept() -> None:
    """Valid members are kept next to a damaged member."""
    days, damaged = DayRanges.from_state(
        [["2026-01-01", "2026-01-02"], "x", ["2026-01-02", "2026-01-05"]]
    )
    assert days == ranges((0, 4))
    assert damaged == ["x"]


@pytest.mark.parametrize(
    "value", [None, 7, "", "2026-13-01", "2026-01-1", "\uff12\uff10\uff12\uff16-01-01"]
)
def test_invalid_date_is_not_a_day(value: t.Any) -> None:
    """A value that is not a `YYYY-MM-DD` date has no day."""
    assert parse_day(value) is None


@pytest.mark.parametrize(
    ("now", "lookback_days", "delay_hours", "expected"),
    [
        ("2026-03-10T00:00:00", 0, 0, "2026-03-09"),
        ("2026-03-10T23:59:59", 0, 0, "2026-03-09"),
        ("2026-03-10T10:59:59", 0, 11, "2026-03-08"),
        ("2026-03-10T11:00:00", 0, 11, "2026-03-09"),
        ("2026-03-10T12:00:00", 7, 0, "2026-03-02"),
        ("2026-03-10T12:00:00", 28, 11, "2026-02-09"),
    ],
)
def test_last_settled_day_depends_on_lookback_and_delay(
    now: str, lookback_days: int, delay_hours: int, expected: str
) -> None:
    """A day is settled `lookback_days` plus the delay after its end."""
    moment = pendulum.instance(dt.datetime.fromisoformat(now), tz="Asia/Tokyo")
    settling = Settling(lambda _: lookback_days, delay_hours)
    assert str(settling.last_day(None, moment)) == expected
