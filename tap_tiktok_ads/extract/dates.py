"""Dates: macros, time zones of advertisers, windows and lookback. Pure: the clock is a parameter.

Report dates are in the advertiser's time zone (doc 1740302848100353), so "today" is, too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import email.utils
import functools
import re
import typing as t

import pendulum

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Maximum number of days per synchronous report, by the time dimension.
WINDOW_DAYS = {"stat_time_day": 30, "stat_time_hour": 1}
#: Days at the end of a range that report tasks read apart from the older days.
LATEST_DAYS = 30
#: Letters of units in macros, and pendulum's words for them.
UNITS = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
    "M": "months",
    "y": "years",
}
#: Words for units in settings, and their letters.
UNIT_WORDS = {word.removesuffix("s"): letter for letter, word in UNITS.items()}
#: Names of times in macros.
ANCHORS: dict[str, Callable[[pendulum.DateTime], pendulum.DateTime]] = {
    "now": lambda now: now,
    "today": lambda now: now.start_of("day"),
    "yesterday": lambda now: now.start_of("day").subtract(days=1),
    "start_of_week": lambda now: now.start_of("week"),
    "start_of_month": lambda now: now.start_of("month"),
    "start_of_year": lambda now: now.start_of("year"),
}
_MACRO = re.compile(
    r"(?P<open>[{(])\s*(?P<anchor>[a-z_]+)\s*"
    r"(?:(?P<sign>[+-])\s*(?P<count>\d{1,5})(?:\s*(?P<unit>[A-Za-z]+))?\s*)?(?P<close>[)}])"
)
#: Tokens of a date format, and pendulum's tokens for them.
_FORMAT_TOKENS = {
    "yyyy": "YYYY",
    "yy": "YY",
    "MM": "MM",
    "M": "M",
    "dd": "DD",
    "d": "D",
    "HH": "HH",
    "H": "H",
    "mm": "mm",
    "m": "m",
    "ss": "ss",
    "s": "s",
    "SSS": "SSS",
    "XXX": "Z",
    "Z": "ZZ",
}
#: A quoted text, a run of one letter, a text without letters, or a quote that is not closed.
_FORMAT_PART = re.compile(r"'[^']*'|([A-Za-z])\1*|[^A-Za-z']+|'")
#: Characters with a meaning in pendulum's formats. A backslash takes it away.
_FORMAT_SPECIAL = re.compile(r"[A-Za-z\[\]\\]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
#: A machine that names an earlier time has no clock.
MIN_CLOCK_TIME = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)


class DateError(ValueError):
    """A date, macro or date format that cannot be read. The message names the accepted forms."""


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """A range of days in account time, both ends included."""

    start: pendulum.Date
    end: pendulum.Date

    @property
    def days(self) -> int:
        """Number of days in the window. 1 if start and end are the same day."""
        return self.end.toordinal() - self.start.toordinal() + 1


@functools.cache
def time_zone(name: str) -> pendulum.Timezone | pendulum.FixedTimezone:
    """Return the time zone with a name. pendulum would read its file for each conversion."""
    return pendulum.timezone(name)


def is_macro(text: str) -> bool:
    """Return True if the text is a macro such as `{now-30}`, relative to the day of the run."""
    return text.strip()[:1] in {"{", "("}


def resolve_macro(text: str, now: pendulum.DateTime, unit: str = "d") -> pendulum.DateTime:
    """Return the time that a macro names, in the time zone of `now`.

    A macro is an anchor with an optional offset in curly or round brackets: `{now}`, `{now-30}`,
    `(now+2w)`, `{start_of_month-1M}`. `ANCHORS` lists the anchors, `UNITS` the units. A week starts
    on Monday.

    Args:
        text: The macro.
        now: The current time.
        unit: Letter of the unit of an offset that names none.

    Raises:
        DateError: The text is not a macro, or its anchor or unit is unknown.
    """
    match = _MACRO.fullmatch(text.strip())
    if match is None or match["open"] + match["close"] not in {"{}", "()"}:
        msg = f"{text!r} is not a date macro. Write a macro such as {{now-30}} or {{now-2w}}"
        raise DateError(msg)
    if match["anchor"] not in ANCHORS:
        msg = f"{text!r} is not a date macro. Its name must be one of {', '.join(ANCHORS)}"
        raise DateError(msg)
    anchor = ANCHORS[match["anchor"]](now)
    if match["sign"] is None:
        return anchor
    letter = match["unit"] or unit
    if letter not in UNITS:
        msg = f"{text!r} has the unknown unit {letter!r}. Use one of {', '.join(UNITS)}"
        raise DateError(msg)
    offset = int(match["sign"] + match["count"])
    try:
        return anchor.add(**{UNITS[letter]: offset})
    except (ValueError, OverflowError):
        msg = f"{text!r} is outside the calendar. Use a smaller offset"
        raise DateError(msg) from None


def to_pendulum_format(text: str) -> str:
    """Return pendulum's form of a date format such as `yyyy-MM-dd` or `yyyy-MM-dd'T'HH:mm:ssXXX`.

    Raises:
        DateError: A letter has no meaning, or a quote is not closed.
    """
    converted_tokens = []
    for match in _FORMAT_PART.finditer(text):
        symbol = match[0]
        if symbol == "'":
            msg = f"{text!r} is not a date format. Close its quote"
            raise DateError(msg)
        if not match[1]:
            converted_tokens.append(_FORMAT_SPECIAL.sub(r"\\\g<0>", symbol.strip("'")))
        elif symbol in _FORMAT_TOKENS:
            converted_tokens.append(_FORMAT_TOKENS[symbol])
        else:
            tokens = ", ".join(_FORMAT_TOKENS)
            msg = f"{text!r} is not a date format. Replace {symbol!r} with one of {tokens}"
            raise DateError(msg)
    return "".join(converted_tokens)


def parse_day(text: str, now: pendulum.DateTime) -> pendulum.Date:
    """Return the day that a setting names, in the time zone of `now`.

    Accepts a date (`2026-01-31`), a date-time and a macro. A date-time with an offset is converted
    to the time zone of `now`.

    Raises:
        DateError: The text has none of these forms.
    """
    if is_macro(text):
        return resolve_macro(text, now).date()
    if _DATE.match(text.strip()):
        with contextlib.suppress(ValueError, OverflowError, TypeError):  # TypeError: a duration
            parsed = pendulum.parse(text.strip(), tz=now.timezone, exact=True)
            if isinstance(parsed, pendulum.DateTime):
                return parsed.in_timezone(now.timezone or "UTC").date()
            if isinstance(parsed, pendulum.Date):
                return parsed
    msg = f"{text!r} is not a date. Write YYYY-MM-DD, a date-time or a macro such as {{now-30}}"
    raise DateError(msg)


def parse_time(value: object) -> pendulum.DateTime:
    """Return the time of a bookmark in UTC. A date, or a date-time without a zone, is in UTC.

    Raises:
        DateError: The value is not a date or date-time.
    """
    if isinstance(value, str) and _DATE.match(value):
        with contextlib.suppress(ValueError, OverflowError, TypeError):  # TypeError: a duration
            parsed = pendulum.parse(value, tz="UTC")
            if isinstance(parsed, pendulum.DateTime):
                return parsed.in_timezone("UTC")
    msg = f"{value!r} is not a date"
    raise DateError(msg)


def parse_server_time(text: str | None) -> dt.datetime | None:
    """Return the time of an HTTP `Date` header, or None if it names no plausible time."""
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": UTC
        moment = moment.replace(tzinfo=dt.timezone.utc)
    return moment if moment >= MIN_CLOCK_TIME else None


def split_windows(start: pendulum.Date, end: pendulum.Date, days: int) -> Iterator[Window]:
    """Yield ascending windows of at most `days` days. They cover start to end, each day once."""
    while (days_left := (end - start).days) >= days:
        yield Window(start, start.add(days=days - 1))
        start = start.add(days=days)
    if days_left >= 0:
        yield Window(start, end)


def split_windows_backwards(
    start: pendulum.Date, end: pendulum.Date, days: int
) -> Iterator[Window]:
    """Yield descending windows of at most `days` days. They cover end to start, each day once."""
    while (days_left := (end - start).days) >= days:
        yield Window(end.subtract(days=days - 1), end)
        end = end.subtract(days=days)
    if days_left >= 0:
        yield Window(start, end)


def task_windows(start: pendulum.Date, end: pendulum.Date) -> Sequence[Window]:
    """Return the windows of report tasks, newest first: the latest days, then all older days."""
    border = end.subtract(days=LATEST_DAYS - 1)
    latest = Window(max(start, border), end)
    if start >= border:
        return (latest,)
    return (latest, Window(start, border.subtract(days=1)))
