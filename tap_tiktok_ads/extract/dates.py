"""Dates: macros, the advertiser's today, windows and look-back. Pure; the clock is a parameter."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

import pendulum

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNITS = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
    "M": "months",
    "y": "years",
}
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
#: Units as words, for settings.
UNIT_WORDS = {word.removesuffix("s"): letter for letter, word in UNITS.items()}
#: Letters of a date format, each as often as it is wide, and pendulum's token for it.
_TOKENS = {
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
_TOKEN = re.compile(r"'[^']*'|([A-Za-z])\1*|[^A-Za-z']+|'")
#: What pendulum takes for more than itself in a format, unless a backslash is before it.
_SPECIAL = re.compile(r"[A-Za-z\[\]\\]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class DateError(ValueError):
    """A date or macro that cannot be read; the message says which and what is accepted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """A range of days in account time, both ends included."""

    start: pendulum.Date
    end: pendulum.Date

    @property
    def days(self) -> int:
        """How many days the window holds; 1 when start and end are the same day."""
        return (self.end - self.start).days + 1


def is_macro(text: str) -> bool:
    """Whether the text is relative to the day on which it is read, as `{now-30}` is."""
    return text.strip()[:1] in {"{", "("}


def resolve_macro(text: str, now: pendulum.DateTime, unit: str = "d") -> pendulum.DateTime:
    """The moment that a macro names.

    `{now}`, `{now-30}`, `{now+1}` or the same in round brackets; units s, m, h, d, w, M (month), y,
    `unit` where none is written; also `{today}`, `{yesterday}`, `{start_of_week}` (Monday),
    `{start_of_month}`, `{start_of_year}`, each with an offset if wanted.

    Raises:
        DateError: not a macro, or an unknown name or unit.
    """
    match = _MACRO.fullmatch(text.strip())
    if match is None or match["open"] + match["close"] not in {"{}", "()"}:
        msg = f"{text!r} is not a date macro: write it like {{now-30}} or {{now-2w}}"
        raise DateError(msg)
    if match["anchor"] not in ANCHORS:
        msg = f"{text!r} is not a date macro: known names are {', '.join(ANCHORS)}"
        raise DateError(msg)
    moment = ANCHORS[match["anchor"]](now)
    if match["sign"] is None:
        return moment
    letter = match["unit"] or unit
    if letter not in UNITS:
        msg = f"{text!r} has an unknown unit {letter!r}: use one of {' '.join(UNITS)}"
        raise DateError(msg)
    count = int(match["sign"] + match["count"])
    try:
        return moment.add(**{UNITS[letter]: count})
    except (ValueError, OverflowError):
        msg = f"{text!r} lies outside the calendar"
        raise DateError(msg) from None


def to_pendulum_format(text: str) -> str:
    """Pendulum's form of a format such as `yyyy-MM-dd` or `yyyy-MM-dd'T'HH:mm:ssXXX`.

    Raises:
        DateError: a letter stands for nothing, or a quote is not closed.
    """
    parts = []
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part == "'":
            msg = f"{text!r} is no date format: a quote is not closed"
            raise DateError(msg)
        if not match[1]:
            parts.append(_SPECIAL.sub(r"\\\g<0>", part.strip("'")))
        elif part in _TOKENS:
            parts.append(_TOKENS[part])
        else:
            msg = f"{text!r} is no date format: {part!r} is none of {', '.join(_TOKENS)}"
            raise DateError(msg)
    return "".join(parts)


def parse_day(text: str, now: pendulum.DateTime) -> pendulum.Date:
    """The calendar day that a setting names, in the time zone of `now`.

    Takes a date (`2026-01-31`), a date-time (one with an offset is moved into the zone of `now`
    first) or a macro.

    Raises:
        DateError: the text is none of these.
    """
    if is_macro(text):
        return resolve_macro(text, now).date()
    if _DATE.match(text.strip()):
        with contextlib.suppress(ValueError, OverflowError):
            parsed = pendulum.parse(text.strip(), tz=now.timezone, exact=True)
            if isinstance(parsed, pendulum.DateTime):
                return parsed.in_timezone(now.timezone or "UTC").date()
            if isinstance(parsed, pendulum.Date):
                return parsed
    msg = f"{text!r} is not a date: write YYYY-MM-DD, a date-time or a macro such as {{now-30}}"
    raise DateError(msg)


def parse_time(value: object) -> pendulum.DateTime:
    """The moment, in UTC, that a bookmark names: a date or a date-time, UTC if it names no zone.

    Raises:
        DateError: the value is none.
    """
    if isinstance(value, str) and _DATE.match(value):
        with contextlib.suppress(ValueError, OverflowError):
            parsed = pendulum.parse(value, tz="UTC")
            if isinstance(parsed, pendulum.DateTime):
                return parsed.in_timezone("UTC")
    msg = f"{value!r} is not a date"
    raise DateError(msg)


def split_windows(start: pendulum.Date, end: pendulum.Date, days: int) -> Iterator[Window]:
    """Ascending windows of at most `days` days that cover start to end, each day exactly once."""
    while (left := (end - start).days) >= days:
        yield Window(start, start.add(days=days - 1))
        start = start.add(days=days)
    if left >= 0:
        yield Window(start, end)


def split_windows_backwards(
    start: pendulum.Date, end: pendulum.Date, days: int
) -> Iterator[Window]:
    """The same from the end on: descending windows that cover end to start."""
    while (left := (end - start).days) >= days:
        yield Window(end.subtract(days=days - 1), end)
        end = end.subtract(days=days)
    if left >= 0:
        yield Window(start, end)


def first_day_to_read(
    configured: pendulum.Date,
    bookmark: pendulum.Date | None,
    lookback_days: int,
    *,
    rolling: bool,
) -> pendulum.Date:
    """The first day that an incremental report reads.

    Without a bookmark, the configured start. With one, `lookback_days` before it. A fixed start
    date is a floor that is never crossed; a rolling one (a macro) is not, for it moves on by
    itself, and after a pause longer than its reach the days in between would be lost.
    """
    if bookmark is None:
        return configured
    resumed = bookmark.subtract(days=lookback_days)
    return resumed if rolling else max(resumed, configured)
