"""Dates: macros, days in a time zone, windows and the first day of an incremental report."""

from __future__ import annotations

import datetime as dt
import time
import typing as t

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.extract import dates

ZONES = ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"]
#: A Sunday afternoon in Tokyo that is Sunday morning in UTC.
NOW = pendulum.datetime(2026, 5, 17, 13, 45, 30, tz="Asia/Tokyo")
UNITS = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
    "M": "months",
    "y": "years",
}

days = st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31)).map(
    lambda day: pendulum.date(day.year, day.month, day.day)
)
moments = st.builds(
    lambda naive, zone: pendulum.instance(naive, tz="UTC").in_timezone(zone),
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from(ZONES),
)


@given(start=days, length=st.integers(0, 800), size=st.integers(1, 365))
def test_windows_cover_each_day_once(start: pendulum.Date, length: int, size: int) -> None:
    """Windows hold every day from start to end exactly once, ascending, at most N days each."""
    end = start.add(days=length)
    found = list(dates.split_windows(start, end, size))
    covered = [window.start.add(days=offset) for window in found for offset in range(window.days)]
    assert covered == [start.add(days=offset) for offset in range(length + 1)]
    assert all(1 <= window.days <= size for window in found)
    assert [window.end for window in found] == [
        window.start.add(days=window.days - 1) for window in found
    ]


@given(start=days, length=st.integers(0, 800), size=st.integers(1, 365))
def test_windows_are_as_few_as_possible(start: pendulum.Date, length: int, size: int) -> None:
    """All windows but the last are full, so that no request is wasted."""
    found = list(dates.split_windows(start, start.add(days=length), size))
    assert [window.days for window in found[:-1]] == [size] * (len(found) - 1)


@given(start=days, length=st.integers(0, 800), size=st.integers(1, 365))
def test_windows_back_cover_each_day_once(start: pendulum.Date, length: int, size: int) -> None:
    """Descending windows hold the same days; all but the last, the oldest, are full."""
    end = start.add(days=length)
    found = list(dates.split_windows_backwards(start, end, size))
    covered = [window.end.subtract(days=back) for window in found for back in range(window.days)]
    assert covered == [end.subtract(days=back) for back in range(length + 1)]
    assert [window.days for window in found[:-1]] == [size] * (len(found) - 1)


@given(start=days, back=st.integers(1, 500), size=st.integers(1, 30))
def test_no_windows_when_start_is_after_end(start: pendulum.Date, back: int, size: int) -> None:
    """A range that ends before it starts has no windows."""
    assert list(dates.split_windows(start, start.subtract(days=back), size)) == []


@given(
    now=moments,
    unit=st.sampled_from(sorted(UNITS)),
    count=st.integers(0, 1500),
    sign=st.sampled_from("+-"),
    brackets=st.sampled_from(["{}", "()"]),
    space=st.sampled_from(["", " "]),
)
def test_macro_arithmetic_is_pendulums(  # noqa: PLR0913, PLR0917 - one argument for each part of a macro
    now: pendulum.DateTime,
    unit: str,
    count: int,
    sign: str,
    brackets: str,
    space: str,
) -> None:
    """A macro with a unit is pendulum's arithmetic from now, whatever its brackets and spaces."""
    text = f"{brackets[0]}{space}now{space}{sign}{space}{count}{space}{unit}{space}{brackets[1]}"
    expected = now.add(**{UNITS[unit]: int(f"{sign}{count}")})
    assert dates.resolve_macro(text, now) == expected


@given(now=moments, count=st.integers(0, 3000), sign=st.sampled_from("+-"))
def test_macro_counts_days_where_no_unit_is_written(
    now: pendulum.DateTime, count: int, sign: str
) -> None:
    """`{now-30}` means thirty days, or the unit that the caller names."""
    text = f"{{now{sign}{count}}}"
    assert dates.resolve_macro(text, now) == now.add(days=int(f"{sign}{count}"))
    assert dates.resolve_macro(text, now, unit="h") == now.add(hours=int(f"{sign}{count}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{now}", "2026-05-17 13:45:30"),
        (" {now} ", "2026-05-17 13:45:30"),
        ("{today}", "2026-05-17 00:00:00"),
        ("{yesterday}", "2026-05-16 00:00:00"),
        ("{yesterday-1}", "2026-05-15 00:00:00"),
        ("{start_of_week}", "2026-05-11 00:00:00"),
        ("{start_of_week-1w}", "2026-05-04 00:00:00"),
        ("{start_of_month}", "2026-05-01 00:00:00"),
        ("(start_of_month-1M)", "2026-04-01 00:00:00"),
        ("{start_of_year}", "2026-01-01 00:00:00"),
        ("{start_of_year-1y}", "2025-01-01 00:00:00"),
        ("{today+1}", "2026-05-18 00:00:00"),
    ],
)
def test_macro_names(text: str, expected: str) -> None:
    """Each name is the start of a period in the zone of now, weeks from Monday."""
    found = dates.resolve_macro(text, NOW)
    assert found.format("YYYY-MM-DD HH:mm:ss") == expected
    assert found.timezone_name == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("now-30", "{now-30}"),
        ("{now-30)", "{now-30}"),
        ("{now--30}", "{now-30}"),
        ("{now-}", "{now-30}"),
        ("{now 30}", "{now-30}"),
        ("{}", "{now-30}"),
        ("{now-30} or so", "{now-30}"),
        ("{tomorrow}", "start_of_month"),
        ("{nov-30}", "yesterday"),
        ("{now-30x}", "s m h d w M y"),
        ("{now-30D}", "s m h d w M y"),
        ("{now-99999y}", "calendar"),
        ("{now+99999M}", "calendar"),
    ],
)
def test_bad_macro_is_named_with_what_is_accepted(text: str, hint: str) -> None:
    """A macro that cannot be read is quoted in the error, with what to write instead."""
    with pytest.raises(dates.DateError) as caught:
        dates.resolve_macro(text, NOW)
    assert repr(text) in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{now-30}", True),
        ("  (now)", True),
        ("{nonsense", True),
        ("2026-01-31", False),
        ("", False),
    ],
)
def test_macros_are_told_from_dates_by_their_bracket(text: str, expected: bool) -> None:
    """What begins with a bracket is relative to the day of the run."""
    assert dates.is_macro(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31"),
        (" 2026-01-31 ", "2026-01-31"),
        ("2026-01-31T23:30:00", "2026-01-31"),
        ("2026-01-31 23:30:00", "2026-01-31"),
        ("2026-01-31T14:59:59Z", "2026-01-31"),
        ("2026-01-31T15:00:00Z", "2026-02-01"),
        ("2026-01-31T23:30:00-08:00", "2026-02-01"),
        ("2026-02-01T00:30:00+14:00", "2026-01-31"),
        ("{now}", "2026-05-17"),
        ("{now-13h}", "2026-05-17"),
        ("{now-14h}", "2026-05-16"),
    ],
)
def test_day_is_in_the_zone_of_now(text: str, expected: str) -> None:
    """A date is that day; a moment with an offset is the day on which it falls in Tokyo."""
    found = dates.parse_day(text, NOW)
    assert found.isoformat() == expected
    assert not isinstance(found, dt.datetime)


@given(now=moments)
def test_today_is_the_advertisers(now: pendulum.DateTime) -> None:
    """`{now}` and `{today}` are the calendar day of the account's zone."""
    expected = (now.year, now.month, now.day)
    for text in ("{now}", "{today}"):
        found = dates.parse_day(text, now)
        assert (found.year, found.month, found.day) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "31.01.2026",
        "2026-02-30",
        "2026-13-01",
        "2026-01-31T25:00:00",
        "2026-01-31/2026-02-01",
        "2026-01-31/P1D",
        "2026-1-1",
        "20260131",
        "2026",
        "12:30",
        "P30D",
        "now",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    """Neither a guess nor another exception comes of a text that is no date."""
    with pytest.raises(dates.DateError) as caught:
        dates.parse_day(text, NOW)
    assert repr(text) in str(caught.value)
    assert "YYYY-MM-DD" in str(caught.value)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_at_the_ends_of_the_calendar_are_refused_like_any_other(text: str) -> None:
    """A moment whose day in the zone lies outside the calendar is a DateError."""
    with pytest.raises(dates.DateError):
        dates.parse_day(text, pendulum.datetime(2026, 5, 17, tz="UTC"))


@given(
    text=st.one_of(
        st.text(max_size=30),
        st.from_regex(r"20\d\d-\d\d-\d\d[T ]?[0-9:.,ZWP/+-]{0,16}", fullmatch=True),
        st.from_regex(r"[{(] ?[a-z_]{0,8} ?[+-]? ?\d{0,6}[a-zA-Z]? ?[)}]", fullmatch=True),
    ),
    now=moments,
)
def test_any_text_is_a_day_or_a_date_error(text: str, now: pendulum.DateTime) -> None:
    """No text makes the reading of a date fail in another way than with a DateError."""
    try:
        found: t.Any = dates.parse_day(text, now)
    except dates.DateError as error:
        found = error
    assert isinstance(found, (pendulum.Date, dates.DateError))


FIRST, LAST = pendulum.date(1, 1, 1), pendulum.date(9999, 12, 31)


@pytest.mark.parametrize("cut", [dates.split_windows, dates.split_windows_backwards])
@pytest.mark.parametrize(
    ("start", "end"), [(FIRST, FIRST.add(days=2)), (LAST.subtract(days=2), LAST), (LAST, LAST)]
)
@pytest.mark.parametrize("size", [1, 2, 30])
def test_windows_at_the_ends_of_the_calendar(
    cut: t.Callable[..., t.Any], start: pendulum.Date, end: pendulum.Date, size: int
) -> None:
    """Nothing beyond the calendar is computed."""
    found = list(cut(start, end, size))
    assert sum(window.days for window in found) == (end - start).days + 1
    assert {min(w.start for w in found), max(w.end for w in found)} == {start, end}


def test_a_macro_of_many_blanks() -> None:
    """A text that is no macro is refused at once, however long it is."""
    began = time.process_time()  # of this process alone: the machine may be busy
    with pytest.raises(dates.DateError):
        dates.resolve_macro("{now-1" + " " * 200_000 + "!}", NOW)
    assert time.process_time() - began < 10  # quadratic time would be minutes


@pytest.mark.parametrize("literal", ["[", "]", "[]", "\\", "a]b[c", "T\n", "-\n", "YYYY", "\\Y"])
def test_texts_in_a_date_format(literal: str) -> None:
    """What is quoted comes as it is."""
    assert NOW.format(dates.to_pendulum_format(f"yyyy'{literal}'MM")) == f"2026{literal}05"


def test_a_quote_that_is_not_closed() -> None:
    """It is refused, not left out."""
    with pytest.raises(dates.DateError, match="not closed"):
        dates.to_pendulum_format("yyyy'MM")
