"""Macros in requests."""

from __future__ import annotations

import time
import typing as t

import pendulum
import pytest

from tap_tiktok_ads.extract import dates, macros

NOW = pendulum.datetime(2026, 3, 15, 13, 45, 6, tz="America/New_York")
VALUES = {
    "advertiser_id": "7001",
    "start_date": "2026-03-01",
    "end_date": "2026-03-15",
    "campaigns.campaign_id": ["1", "2"],
    "file.column": "x",
}


def resolve(value: t.Any, form: str = "yyyy-MM-dd", unit: str = "d") -> t.Any:
    """Resolve the macros of a value on a fixed date."""
    pattern = dates.to_pendulum_format(form)
    return macros.resolve(value, VALUES, NOW, unit=unit, render=lambda day: day.format(pattern))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{advertiser_id}", "7001"),
        ("id:{advertiser_id}!", "id:7001!"),
        ("{now-7}", "2026-03-08"),
        ("{ now - 7 }", "2026-03-08"),
        ("(now-7)", "2026-03-08"),
        ("{now-1M}", "2026-02-15"),
        ("{start_of_month}..{yesterday}", "2026-03-01..2026-03-14"),
        ("{start_date}/{end_date}", "2026-03-01/2026-03-15"),
        ("{file.column}", "x"),
        ('{"a": "{now-1}"}', '{"a": "2026-03-14"}'),
        ("(nothing) {} { } {1} {a b}", "(nothing) {} { } {1} {a b}"),
        ("", ""),
    ],
)
def test_macros_in_strings_are_resolved(text: str, expected: str) -> None:
    """Macros become their values, and other braces and parentheses stay unchanged."""
    assert resolve(text) == expected


def test_macros_are_resolved_at_any_depth() -> None:
    """Macros are resolved at any depth, and a single macro keeps the type of its value."""
    value = {"ids": "{campaigns.campaign_id}", "deep": [{"day": "{now}"}, 1, None, True]}
    assert resolve(value) == {"ids": ["1", "2"], "deep": [{"day": "2026-03-15"}, 1, None, True]}
    assert value["ids"] == "{campaigns.campaign_id}"


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("h", "2026-03-15 11"),
        ("d", "2026-03-13 13"),
        ("w", "2026-03-01 13"),
        ("y", "2024-03-15 13"),
    ],
)
def test_offset_without_unit_uses_the_default_unit(unit: str, expected: str) -> None:
    """`{now-2}` goes back two of the definition's units, in the account's time zone."""
    assert resolve("{now-2}", "yyyy-MM-dd HH", unit) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("yyyy-MM-dd", "2026-03-15"),
        ("yyyyMMdd", "20260315"),
        ("dd.M.yy", "15.3.26"),
        ("yyyy-MM-dd HH:mm:ss", "2026-03-15 13:45:06"),
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-03-15T13:45:06-04:00"),
        ("'day' d", "day 15"),
    ],
)
def test_date_format_tokens_are_supported(form: str, expected: str) -> None:
    """Date formats use Java-style tokens, as in other connectors."""
    assert resolve("{now}", form) == expected


@pytest.mark.parametrize("form", ["YYYY-MM-dd", "yyyy-MMM-dd", "EEE", "yyyy-MM-ddT"])
def test_unknown_date_format_raises_date_error(form: str) -> None:
    """A letter that is not a date token raises DateError."""
    with pytest.raises(dates.DateError, match="is not a date format"):
        dates.to_pendulum_format(form)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{advertiserid}", r"did you mean \{advertiser_id\}"),
        ("{campaigns.id}", "unknown macro"),
        ("{now-3parsecs}", "unknown unit"),
        ("{advertiser_id-1}", "unknown macro"),
        ("{nothing}", "Known macros: {"),
        ("x {campaigns.campaign_id}", "must be the entire text"),
    ],
)
def test_invalid_macro_raises_value_error(text: str, message: str) -> None:
    """A macro that no request can resolve raises ValueError, at any depth."""
    with pytest.raises(ValueError, match=message):
        macros.validate({"a": [text]}, VALUES, {"campaigns.campaign_id"}, "d")


@pytest.mark.parametrize("start", ["{a", "{a+1", "(now", "(now-1"])
def test_unclosed_macro_is_parsed_in_linear_time(start: str) -> None:
    """A long text that resembles a macro is parsed in linear time."""
    text = start + " " * 200_000 + "!"
    began = time.process_time()  # CPU time of this process, because the machine may be busy
    assert resolve(text) == text
    assert time.process_time() - began < 10  # quadratic time would be minutes
