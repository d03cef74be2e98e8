"""Daily delivery of an ad: counters, days with rows, and shares by audience dimension."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from tap_tiktok_ads.simulator.pseudorandom import mix
from tap_tiktok_ads.simulator.spec.facts import DIMENSION_VALUES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

Counters: TypeAlias = tuple[int, ...]
"""Quantities in the order of `FIELDS`, which can be summed up. Money is in cents."""

Shares: TypeAlias = tuple[tuple[tuple[str, ...], int], ...]
"""Values of the split dimensions, each with its share of the row in thousandths."""

FIELDS = (
    "spend",
    "impressions",
    "reach",
    "clicks",
    "conversions",
    "value",
    "viewed_100",
    "left_after_75",
    "left_after_50",
    "left_after_25",
    "left_after_6s",
    "left_after_2s",
    "left_at_once",
    "likes",
    "comments",
    "shares",
    "follows",
    "visits",
)
"""`left_*` counts viewers who left. Sums of them make video views consistent and additive."""

ZERO_COUNTERS: Counters = (0,) * len(FIELDS)
CONVERSIONS = FIELDS.index("conversions")
VALUE = FIELDS.index("value")

PROFILES = 2048
"""Number of distinct ad-days in a world. It is small, so that encoded metrics can be cached."""

AUDIENCES = 64
"""Number of distinct audience mixes. All ads of a campaign have the same mix."""

_SHARES = {1: (970,), 2: (600, 370), 3: (550, 300, 120), 4: (400, 300, 200, 80)}
_HOURS = 8
_HOUR_SHARE = 120


@lru_cache(maxsize=4096)
def audience_shares(dimensions: tuple[str, ...], audience: int) -> Shares:
    """Return the shares of a day by dimensions, in thousandths. Their sum is at most 1,000."""
    names = [name for name in dimensions if name != "stat_time_hour"]
    shares = _split_shares(names, audience) if names else (((), 1000),)
    return _hourly_shares(shares, audience) if "stat_time_hour" in dimensions else shares


def _split_shares(names: Sequence[str], audience: int) -> Shares:
    """Return the shares of a day by the dimensions except the hour."""
    choices = list(product(*(DIMENSION_VALUES[name] for name in names)))
    shares = _SHARES[min(len(choices), 4 if len(names) > 1 else 3)]
    step = 5 if len(choices) % 5 else 1
    return tuple(
        (choices[(audience * 3 + position * step) % len(choices)], share)
        for position, share in enumerate(shares)
    )


def _hourly_shares(shares: Shares, audience: int) -> Shares:
    """Return the shares of a day, also divided by hour."""
    first = audience % (24 - _HOURS)
    return tuple(
        ((f"{hour:02}", *values), share * _HOUR_SHARE // 1000)
        for hour in range(first, first + _HOURS)
        for values, share in shares
    )


@cache
def profiles(seed: int) -> tuple[Counters, ...]:
    """Return the distinct ad-days of a world, from which each ad-day with spend is taken."""
    return tuple(_profile(mix(seed, number)) for number in range(PROFILES))


def _profile(key: int) -> Counters:
    """Return one plausible ad-day."""

    def draw(step: int, low: int, high: int) -> int:
        return low + mix(key, step) % (high - low + 1)

    spend = draw(0, 60, 40_000)
    impressions = spend * draw(1, 100, 400) // 100 + 20
    clicks = impressions * draw(2, 5, 35) // 1000 + 1
    conversions = clicks * draw(3, 0, 120) // 1000
    plays = impressions * draw(4, 700, 950) // 1000
    funnel = []
    viewers = plays
    for step, percent in enumerate((40, 45, 40, 35, 30, 30), start=5):
        leavers = viewers * draw(step, percent - 10, percent + 10) // 100
        funnel.append(leavers)
        viewers -= leavers
    return (
        spend,
        impressions,
        impressions * draw(11, 600, 900) // 1000,
        clicks,
        conversions,
        conversions * draw(12, 500, 9_000),
        viewers,
        *reversed(funnel),
        impressions * draw(13, 0, 20) // 1000,
        draw(14, 0, 9),
        draw(15, 0, 12),
        draw(16, 0, 6),
        draw(17, 0, 30),
    )


def scaled(counters: Counters, share: int) -> Counters:
    """Return a share of a row in thousandths. Counters are rounded down, to not exceed the row."""
    if share == 1000:  # noqa: PLR2004
        return counters
    return tuple([value * share // 1000 for value in counters])


def total(rows: Collection[Counters]) -> Counters:
    """Return the sum of the counters of rows."""
    return tuple(map(sum, zip(*rows, strict=True))) or ZERO_COUNTERS


@lru_cache(maxsize=1024)
def _every(period: int, phase: int, span: int) -> int:
    """Return a mask of `span` days with every `period`-th day set."""
    return sum(1 << day for day in range(span) if (day + phase) % period == 0)


def days_with_rows(key: int, first: int, last: int) -> int:
    """Return the days with a row, as bits. Bit 0 is the first day of the history."""
    if last < first:
        return 0
    span = ((1 << (last + 1)) - 1) >> first << first
    period = 5 + key % 5
    return span & ~_every(period, key // 5 % period, last // 64 * 64 + 64)


def days_without_spend(key: int, last: int) -> int:
    """Return the days whose row is all zeros, as bits."""
    return _every(13, key // 31 % 13, last // 64 * 64 + 64)


def bits(mask: int) -> Iterator[int]:
    """Yield the set bits of a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
