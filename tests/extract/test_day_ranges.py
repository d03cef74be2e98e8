"""Sets of days as ranges: tables, and comparison with sets of days."""

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
    """Return the window between two days, counted from January 1."""
    return Window(JANUARY.add(days=first), JANUARY.add(days=last))


def ranges(*pairs: tuple[int, int]) -> DayRanges:
    """Return the set of all days of some windows."""
    days = DayRanges()
    for first, last in pairs:
        days = days.add(window(first, last))
    return days


def days_of(windows: t.Iterable[Window]) -> list[int]:
    """Return the days of windows, counted from January 1, in their order."""
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
def test_add_is_the_union(added: list[tuple[int, int]]) -> None:
    """The ranges hold the days of all windows, each once, with a day between two ranges."""
    found = ranges(*added)
    assert days_of(found.ranges) == sorted(
        {day for pair in added for day in range(pair[0], pair[1] + 1)}
    )
    gaps = zip(found.ranges, found.ranges[1:], strict=False)
    assert all((after.start - before.end).days > 1 for before, after in gaps)


@given(many_pairs, pairs)
def test_missing_is_the_difference(added: list[tuple[int, int]], read: tuple[int, int]) -> None:
    """The missing days of a window are those that no range holds, in ascending order."""
    found = ranges(*added)
    expected = sorted(set(range(read[0], read[1] + 1)) - set(days_of(found.ranges)))
    missing = list(found.missing_in(window(*read)))
    assert days_of(missing) == expected
    assert ranges(*added, read) == ranges(
        *((day, day) for day in [*days_of(found.ranges), *expected])
    )


@given(many_pairs, st.integers(-400, 460))
def test_until(added: list[tuple[int, int]], last: int) -> None:
    """No day after the last one is left."""
    found = ranges(*added)
    kept = found.until(JANUARY.add(days=last))
    assert days_of(kept.ranges) == [day for day in days_of(found.ranges) if day <= last]


@given(many_pairs, st.integers(-400, 460))
def test_range_of(added: list[tuple[int, int]], day: int) -> None:
    """The range of a day holds it. Days outside of all ranges have none."""
    found = ranges(*added)
    holder = found.range_of(JANUARY.add(days=day))
    assert (holder is not None) == (day in days_of(found.ranges))
    assert holder is None or day in days_of([holder])


@given(many_pairs)
def test_state_form(added: list[tuple[int, int]]) -> None:
    """The form of the state holds all days."""
    found = ranges(*added)
    assert DayRanges.from_state(found.to_state()) == (found, [])


@given(many_pairs)
def test_limited(added: list[tuple[int, int]]) -> None:
    """The longest ranges are kept. No day is added."""
    found = ranges(*added)
    kept = found.limited()
    assert len(kept.ranges) == min(MAX_RANGES, len(found.ranges))
    assert set(kept.ranges) <= set(found.ranges)
    dropped = [days.days for days in found.ranges if days not in kept.ranges]
    assert max(dropped, default=0) <= min((days.days for days in kept.ranges), default=999)


def test_the_older_of_two_equal_ranges_is_dropped() -> None:
    """Older days are read last, so they are dropped first."""
    pairs_of_days = [(10 * number, 10 * number) for number in range(MAX_RANGES + 1)]
    assert ranges(*pairs_of_days).limited() == ranges(*pairs_of_days[1:])


def test_the_ends_of_the_calendar() -> None:
    """The first and the last day of the calendar have neighbors on one side only."""
    first, last = pendulum.date(1, 1, 1), pendulum.date(9999, 12, 31)
    days = DayRanges().add(Window(first, first)).add(Window(last, last))
    assert len(list(days.missing_in(Window(first, last)))) == 1


def test_an_empty_window() -> None:
    """A window that ends before it starts adds no day and lacks none."""
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
def test_damaged_state(value: t.Any) -> None:
    """A damaged member is returned. Its days are not covered."""
    days, damaged = DayRanges.from_state(value)
    assert days == DayRanges()
    assert damaged == (value if isinstance(value, list) else [value])


def test_partly_damaged_state() -> None:
    """The other members hold."""
    days, damaged = DayRanges.from_state(
        [["2026-01-01", "2026-01-02"], "x", ["2026-01-02", "2026-01-05"]]
    )
    assert days == ranges((0, 4))
    assert damaged == ["x"]


@pytest.mark.parametrize(
    "value", [None, 7, "", "2026-13-01", "2026-01-1", "\uff12\uff10\uff12\uff16-01-01"]
)
def test_not_a_day(value: t.Any) -> None:
    """What is not YYYY-MM-DD is not a day."""
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
def test_last_settled_day(now: str, lookback_days: int, delay_hours: int, expected: str) -> None:
    """A day is settled `lookback_days` and the delay after its end."""
    moment = pendulum.instance(dt.datetime.fromisoformat(now), tz="Asia/Tokyo")
    settling = Settling(lambda _: lookback_days, delay_hours)
    assert str(settling.last_day(None, moment)) == expected
