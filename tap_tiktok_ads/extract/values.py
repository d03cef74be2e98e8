"""Conversions of single TikTok values to the types of a JSON Schema. Pure.

TikTok sends report numbers as text, `-` for a missing value, and some integers as `1.0`. It sends
times without a zone (UTC) and some IDs as numbers (doc 1740302848100353, "Report metrics").

Every conversion returns None for a missing value. It raises `BadValueError` for a value that its
type cannot hold.
"""

from __future__ import annotations

import decimal
import re
import typing as t
from datetime import datetime, timezone

import msgspec

from tap_tiktok_ads.api.messages import exact_number

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Converter = Callable[[t.Any], t.Any]
    Number = float | decimal.Decimal

#: Texts without a value, where a number, a date or a text column of a report is expected.
EMPTY_TEXTS = frozenset({"", "-"})
#: A float holds fifteen significant digits, so a text of at most this length is exact as a float.
MAX_EXACT_FLOAT_CHARS = 15
#: Every integer up to this one is exact as a float.
MAX_EXACT_FLOAT_INTEGER = 2**53
#: Python itself rejects integers of more than 4,300 digits.
MAX_NUMBER_DIGITS = 400
#: Length of `YYYY-MM-DD HH:MM:SS`.
DATE_TIME_CHARS = 19
#: Characters between the digits of `YYYY-MM-DD HH:MM:SS` and `YYYY-MM-DDTHH:MM:SS`.
DATE_TIME_SEPARATORS = frozenset({"-- ::", "--T::"})
#: Smaller epoch numbers are seconds. This one in seconds would be the year 5138.
MIN_EPOCH_MILLISECONDS = 100_000_000_000
NUMBER_TYPES = frozenset({int, float, decimal.Decimal})
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "-0": False}

#: Encode a value as JSON, decimals as numbers.
encode_json = msgspec.json.Encoder(decimal_format="number").encode


class BadValueError(ValueError):
    """A value that the type of its column cannot hold."""


class FractionError(BadValueError):
    """A number with a fraction in a column of integers."""


def to_text(value: t.Any) -> str | None:
    """Return a text. Numbers (IDs), objects and arrays become their JSON text.

    Raises:
        BadValueError: The value is nested too deeply to encode.
    """
    if value is None or isinstance(value, str):
        return value
    try:
        return encode_json(value).decode()
    except RecursionError:
        raise BadValueError(value) from None


def to_report_text(value: t.Any) -> str | None:
    """Return a text of a report, where `-` and the empty text mean no value.

    Raises:
        BadValueError: The value is nested too deeply to encode.
    """
    return None if value in ("", "-") else to_text(value)


def to_number(value: t.Any) -> Number | None:
    """Return a number exactly as sent: a float if that loses no digit, otherwise a decimal.

    Raises:
        BadValueError: The value is not a number.
    """
    if type(value) in NUMBER_TYPES:
        return t.cast("float", value)
    if isinstance(value, str):
        if value in EMPTY_TEXTS:
            return None
        if _NUMBER.fullmatch(value):
            return exact_number(value)
    if value is None:
        return None
    raise BadValueError(value)


def to_integer(value: t.Any) -> int | None:
    """Return an integer. `1.0` becomes 1.

    Raises:
        FractionError: The value is a number with a fraction.
        BadValueError: The value is not a number.
    """
    if isinstance(value, str) and _is_digits(value) and len(value) <= MAX_NUMBER_DIGITS:
        return int(value)
    number = to_number(value)
    if number is None or isinstance(number, int):
        return number
    # The shortest digits of a float, not the digits of its binary value: 1e23 is 10**23.
    exact = number if isinstance(number, decimal.Decimal) else decimal.Decimal(repr(number))
    if exact != int(exact):
        raise FractionError(value)
    return int(exact)


def to_list_number(value: t.Any) -> Number | None:
    """Return a number that always has a fraction, so that all numbers of a list are of one kind.

    Raises:
        BadValueError: The value is not a number.
    """
    number = to_number(value)
    if not isinstance(number, int):
        return number
    is_exact = abs(number) <= MAX_EXACT_FLOAT_INTEGER
    return float(number) if is_exact else decimal.Decimal(f"{number}.0")


def to_boolean(value: t.Any) -> bool | None:
    """Return a boolean, also from the texts and numbers `true`, `false`, `1` and `0`.

    Raises:
        BadValueError: The value is not a boolean.
    """
    if value is None or isinstance(value, bool):
        return value
    if _is_empty(value):
        return None
    boolean = _BOOLEANS.get(str(value).lower()) if isinstance(value, (str, int)) else None
    if boolean is None:
        raise BadValueError(value)
    return boolean


def to_object(value: t.Any) -> dict[str, t.Any] | None:
    """Return an object of any members. The empty text becomes None.

    Raises:
        BadValueError: The value is anything else.
    """
    if value is None or isinstance(value, dict):
        return value
    if value == "":
        return None
    raise BadValueError(value)


def to_date_time(value: t.Any) -> str | None:
    """Return an RFC 3339 time in UTC, such as `2026-01-31T10:11:12Z`.

    Accepts `YYYY-MM-DD HH:MM:SS`, ISO 8601, and epoch seconds or milliseconds. A time without a
    zone is UTC. Zero and the year 0000 mean no value.

    Raises:
        BadValueError: The value is not a time.
    """
    try:
        if _is_plain_date_time(value):
            is_year_zero = value.startswith("0000")
            return None if is_year_zero else datetime.fromisoformat(value).isoformat() + "Z"
        if value is None or _is_empty(value):
            return None
        if isinstance(value, str) and not _is_digits(value):
            return _format_utc(_parse_iso(value))
        return _from_epoch(value)
    except (ValueError, TypeError, OverflowError, OSError):
        raise BadValueError(value) from None


def to_date(value: t.Any) -> str | None:
    """Return a date as `YYYY-MM-DD`, also from a date with a time after it.

    Raises:
        BadValueError: The value is not a date.
    """
    if value is None or _is_empty(value):
        return None
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            datetime.fromisoformat(value[:10])
        except ValueError:
            raise BadValueError(value) from None
        return value[:10]
    raise BadValueError(value)


def to_local_date_time(value: t.Any) -> str | None:
    """Return a time in an unnamed zone as `YYYY-MM-DDTHH:MM:SS`, from `YYYY-MM-DD HH:MM:SS`.

    Raises:
        BadValueError: The value is not a time.
    """
    if value is None or _is_empty(value):
        return None
    if not _is_plain_date_time(value):
        raise BadValueError(value)
    try:
        return datetime.fromisoformat(value).isoformat()
    except ValueError:
        raise BadValueError(value) from None


def _is_empty(value: t.Any) -> bool:
    """Return True if the value is a text that means no value."""
    return isinstance(value, str) and value in EMPTY_TEXTS


def _is_digits(text: str) -> bool:
    """Return True if the text is nothing but ASCII digits."""
    return text.isdigit() and text.isascii()


def _is_plain_date_time(value: t.Any) -> bool:
    """Return True if the value is punctuated like `YYYY-MM-DD HH:MM:SS`."""
    return (
        isinstance(value, str)
        and len(value) == DATE_TIME_CHARS
        and value[4:17:3] in DATE_TIME_SEPARATORS
    )


def _parse_iso(text: str) -> datetime:
    """Return the time of an ISO 8601 text, in UTC if the text names no zone.

    Raises:
        ValueError: The text is not ISO 8601.
    """
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _from_epoch(value: t.Any) -> str | None:
    """Return the RFC 3339 time of epoch seconds or milliseconds, or None if it is not positive.

    Raises:
        BadValueError: The value is a boolean.
        ValueError, TypeError, OverflowError, OSError: The value is not a time.
    """
    if isinstance(value, bool):
        raise BadValueError(value)
    seconds = float(value)
    if seconds <= 0:
        return None
    if seconds >= MIN_EPOCH_MILLISECONDS:
        seconds /= 1000
    return _format_utc(datetime.fromtimestamp(seconds, tz=timezone.utc))


def _format_utc(time: datetime) -> str:
    """Return a time as RFC 3339 in UTC."""
    return time.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
