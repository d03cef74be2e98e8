"""Dates: macros, days in a time zone, and windows."""

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
    """Ascending windows contain each day exactly once, with at most N days per window."""
    end = start.add(days=length)
    windows = list(dates.split_windows(start, end, size))
    covered = [window.start.add(days=offset) for window in windows for offset in range(window.days)]
    assert covered == [start.add(days=offset) for offset in range(length + 1)]
    assert all(1 <= window.days <= size for window in windows)
    assert [window.end for window in windows] == [
        window.start.add(days=window.days - 1) for window in windows
    ]


@given(start=days, length=st.integers(0, 800), size=st.integers(1, 365))
def test_windows_are_full(start: pendulum.Date, length: int, size: int) -> None:
    """All windows except the last are full."""
    windows = list(dates.split_windows(start, start.add(days=length), size))
    assert [window.days for window in windows[:-1]] == [size] * (len(windows) - 1)


@given(start=days, length=st.integers(0, 800), size=st.integers(1, 365))
def test_descending_windows_cover_each_day_once(
    start: pendulum.Date, length: int, size: int
) -> None:
    """Descending windows contain each day exactly once, and only the oldest is not full."""
    end = start.add(days=length)
    windows = list(dates.split_windows_backwards(start, end, size))
    covered = [window.end.subtract(days=back) for window in windows for back in range(window.days)]
    assert covered == [end.subtract(days=back) for back in range(length + 1)]
    assert [window.days for window in windows[:-1]] == [size] * (len(windows) - 1)


@given(start=days, back=st.integers(1, 500), size=st.integers(1, 30))
def test_no_windows_when_start_is_after_end(start: pendulum.Date, back: int, size: int) -> None:
    """A range that ends before its start has no windows."""
    assert list(dates.split_windows(start, start.subtract(days=back), size)) == []


@given(
    now=moments,
    unit=st.sampled_from(sorted(UNITS)),
    count=st.integers(0, 1500),
    sign=st.sampled_from("+-"),
    brackets=st.sampled_from(["{}", "()"]),
    space=st.sampled_from(["", " "]),
)
def test_macro_arithmetic_equals_pendulum(  # noqa: PLR0913, PLR0917 - an argument per part of a macro
    now: pendulum.DateTime,
    unit: str,
    count: int,
    sign: str,
    brackets: str,
    space: str,
) -> None:
    """A macro with a unit equals the arithmetic of pendulum, with any brackets and spaces."""
    text = f"{brackets[0]}{space}now{space}{sign}{space}{count}{space}{unit}{space}{brackets[1]}"
    expected = now.add(**{UNITS[unit]: int(f"{sign}{count}")})
    assert dates.resolve_macro(text, now) == expected


@given(now=moments, count=st.integers(0, 3000), sign=st.sampled_from("+-"))
def test_macro_without_unit_uses_the_default(now: pendulum.DateTime, count: int, sign: str) -> None:
    """`{now-30}` subtracts thirty days, or thirty of the default unit."""
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
    """Each name is the start of a period in the time zone. Weeks start on Monday."""
    resolved = dates.resolve_macro(text, NOW)
    assert resolved.format("YYYY-MM-DD HH:mm:ss") == expected
    assert resolved.timezone_name == "Asia/Tokyo"


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
        ("{now-30x}", "s, m, h, d, w, M, y"),
        ("{now-30D}", "s, m, h, d, w, M, y"),
        ("{now-99999y}", "calendar"),
        ("{now+99999M}", "calendar"),
    ],
)
def test_invalid_macro_error_shows_valid_forms(text: str, hint: str) -> None:
    """The error quotes an invalid macro and shows a valid form."""
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
def test_macro_starts_with_a_bracket(text: str, expected: bool) -> None:
    """A text that starts with a bracket is a macro."""
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
def test_day_is_in_the_time_zone_of_now(text: str, expected: str) -> None:
    """A date is a calendar day. A time with an offset is converted to the time zone."""
    day = dates.parse_day(text, NOW)
    assert day.isoformat() == expected
    assert not isinstance(day, dt.datetime)


@given(now=moments)
def test_today_is_in_the_account_time_zone(now: pendulum.DateTime) -> None:
    """`{now}` and `{today}` are the calendar day in the time zone of the account."""
    expected = (now.year, now.month, now.day)
    for text in ("{now}", "{today}"):
        day = dates.parse_day(text, now)
        assert (day.year, day.month, day.day) == expected


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
def test_invalid_date_is_a_date_error(text: str) -> None:
    """A text that is not a date raises DateError."""
    with pytest.raises(dates.DateError) as caught:
        dates.parse_day(text, NOW)
    assert repr(text) in str(caught.value)
    assert "YYYY-MM-DD" in str(caught.value)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_time_outside_the_calendar_is_a_date_error(text: str) -> None:
    """A time outside the calendar of its time zone raises DateError."""
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
    """Any text is a day or raises DateError."""
    try:
        result: t.Any = dates.parse_day(text, now)
    except dates.DateError as error:
        result = error
    assert isinstance(result, (pendulum.Date, dates.DateError))


FIRST, LAST = pendulum.date(1, 1, 1), pendulum.date(9999, 12, 31)


@pytest.mark.parametrize("split", [dates.split_windows, dates.split_windows_backwards])
@pytest.mark.parametrize(
    ("start", "end"), [(FIRST, FIRST.add(days=2)), (LAST.subtract(days=2), LAST), (LAST, LAST)]
)
@pytest.mark.parametrize("size", [1, 2, 30])
def test_windows_at_the_ends_of_the_calendar(
    split: t.Callable[..., t.Any], start: pendulum.Date, end: pendulum.Date, size: int
) -> None:
    """Windows at the ends of the calendar compute no day outside it."""
    windows = list(split(start, end, size))
    assert sum(window.days for window in windows) == (end - start).days + 1
    assert {min(window.start for window in windows), max(window.end for window in windows)} == {
        start,
        end,
    }


def test_long_invalid_macro_fails_fast() -> None:
    """A very long invalid macro is an error without quadratic time."""
    began = time.process_time()  # time of this process only, because the machine may be busy
    with pytest.raises(dates.DateError):
        dates.resolve_macro("{now-1" + " " * 200_000 + "!}", NOW)
    assert time.process_time() - began < 10  # quadratic time takes minutes


@pytest.mark.parametrize("literal", ["[", "]", "[]", "\\", "a]b[c", "T\n", "-\n", "YYYY", "\\Y"])
def test_quoted_text_in_a_date_format(literal: str) -> None:
    """Quoted text in a date format is written unchanged."""
    assert NOW.format(dates.to_pendulum_format(f"yyyy'{literal}'MM")) == f"2026{literal}05"


def test_unclosed_quote_is_an_error() -> None:
    """An unclosed quote in a date format is an error."""
    with pytest.raises(dates.DateError, match="Close its quote"):
        dates.to_pendulum_format("yyyy'MM")
