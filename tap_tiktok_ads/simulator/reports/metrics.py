"""Formulas that turn counters into the metric strings of a report row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias
from zlib import crc32

from tap_tiktok_ads.simulator.accounts.delivery import FIELDS, Counters
from tap_tiktok_ads.simulator.spec.facts import METRICS, Metric

Formula: TypeAlias = Callable[[Counters], str]
Count: TypeAlias = Callable[[Counters], int]

NOT_APPLICABLE = "-"

_GROUPS_WITH_DASH = frozenset(("skan", "native_growth"))
_SECONDARY_GOAL = "secondary_goal_result"
_FIELD_INDEX = {name: index for index, name in enumerate(FIELDS)}
_SPEND = _FIELD_INDEX["spend"]
_VALUE = _FIELD_INDEX["value"]
_CONVERSIONS = _FIELD_INDEX["conversions"]

_SUMS: dict[str, tuple[str, ...]] = {
    "impressions": ("impressions",),
    "gross_impressions": ("impressions",),
    "reach": ("reach",),
    "clicks": ("clicks",),
    "conversion": ("conversions",),
    "result": ("conversions",),
    "real_time_conversion": ("conversions",),
    "real_time_result": ("conversions",),
    "likes": ("likes",),
    "comments": ("comments",),
    "shares": ("shares",),
    "follows": ("follows",),
    "profile_visits": ("visits",),
    "clicks_on_music_disc": ("follows",),
    "engaged_view": ("viewed_100", "left_after_75"),
    "engaged_view_15s": ("viewed_100",),
    "total_landing_page_view": ("clicks",),
    "total_pageview": ("clicks", "conversions"),
    "video_views_p100": FIELDS[6:7],
    "video_views_p75": FIELDS[6:8],
    "video_views_p50": FIELDS[6:9],
    "video_views_p25": FIELDS[6:10],
    "video_watched_6s": FIELDS[6:11],
    "video_watched_2s": FIELDS[6:12],
    "video_play_actions": FIELDS[6:13],
}
"""The counters that each count sums up. So counts add up exactly over ads and days."""

_RATIOS: dict[str, tuple[str, str, int]] = {
    "cpc": ("spend", "clicks", 1),
    "cpm": ("spend", "impressions", 1000),
    "ctr": ("clicks", "impressions", 100),
    "frequency": ("impressions", "reach", 1),
    "cost_per_1000_reached": ("spend", "reach", 1000),
    "conversion_rate": ("conversion", "impressions", 100),
    "conversion_rate_v2": ("conversion", "impressions", 100),
    "real_time_conversion_rate": ("real_time_conversion", "impressions", 100),
    "real_time_conversion_rate_v2": ("real_time_conversion", "impressions", 100),
    "real_time_cost_per_conversion": ("spend", "real_time_conversion", 1),
    "real_time_cost_per_result": ("spend", "real_time_result", 1),
    "real_time_app_install_cost": ("spend", "real_time_app_install", 1),
    "cost_per_landing_page_view": ("spend", "total_landing_page_view", 1),
    "landing_page_view_rate": ("total_landing_page_view", "clicks", 100),
    "result_rate": ("result", "impressions", 100),
    "real_time_result_rate": ("real_time_result", "impressions", 100),
    "secondary_goal_result_rate": ("secondary_goal_result", "impressions", 100),
    "profile_visits_rate": ("profile_visits", "impressions", 100),
    "average_video_play": ("video_watched_2s", "video_play_actions", 4),
    "average_video_play_per_user": ("video_watched_2s", "video_play_actions", 5),
    "value_per_complete_payment": ("value", "complete_payment", 1),
    "complete_payment_roas": ("value", "spend", 1),
}
"""Numerator, denominator and factor of each ratio."""


def formula(name: str) -> Formula:
    """Return the formula of a computed metric."""
    metric = METRICS[name]
    unconditional = _unconditional_formula(metric)
    if metric.group in _GROUPS_WITH_DASH or _SECONDARY_GOAL in name:
        return lambda row: unconditional(row) if row[_CONVERSIONS] else NOT_APPLICABLE
    return unconditional


def _unconditional_formula(metric: Metric) -> Formula:  # noqa: PLR0911
    """Return the formula of a metric, without the value "-" for rows without conversions."""
    name = metric.name
    if name in _RATIOS:
        return ratio(*_RATIOS[name])
    if name in _AMOUNTS:
        return _AMOUNTS[name]
    if metric.type == "integer":
        as_decimal = name not in _SUMS and crc32(name.encode()) % 5 == 0
        return _decimal(_count(name)) if as_decimal else _integer(_count(name))
    if name.startswith(("cost_per_", "cost_pre_")):
        return ratio("spend", name[len("cost_per_") :], 1)
    if "roas" in name:
        return ratio("value", "spend", 1)
    if name.endswith("_rate"):
        return ratio(name.removesuffix("_rate"), "clicks", 100)
    return money(_VALUE)


def _count(name: str) -> Count:
    """Return the function that computes a count from counters.

    Events without counters are a multiple of conversions.
    """
    if name in _SUMS:
        indexes = [_FIELD_INDEX[field] for field in _SUMS[name]]
        if len(indexes) == 1:
            single = indexes[0]
            return lambda row: row[single]
        return lambda row: sum([row[index] for index in indexes])
    weight = 1 + crc32(name.encode()) % 3
    return lambda row: weight * row[_CONVERSIONS]


def _integer(count: Count) -> Formula:
    return lambda row: str(count(row))


def _decimal(count: Count) -> Formula:
    """Return the formula that writes a count with a decimal, such as "1.0"."""
    return lambda row: f"{count(row)}.0"


def money(index: int) -> Formula:
    """Return the formula that writes a counter of cents as an amount, such as "1.25"."""

    def text(row: Counters) -> str:
        units, cents = divmod(row[index], 100)
        return f"{units}.{cents:02}"

    return text


def _amount(name: str) -> Callable[[Counters], float]:
    """Return the function that computes an amount or a count from counters."""
    if name == "spend":
        return lambda row: row[_SPEND] / 100
    if name == "value":
        return lambda row: row[_VALUE] / 100
    return _count(name)


def ratio(over: str, under: str, factor: int) -> Formula:
    """Return the formula of `over` times `factor`, divided by `under`."""
    top, bottom = _amount(over), _amount(under)

    def text(row: Counters) -> str:
        divisor = bottom(row)
        return f"{top(row) * factor / divisor:.2f}" if divisor else "0.00"

    return text


_AMOUNTS: dict[str, Formula] = {
    **dict.fromkeys(("spend", "cost", "cash_spend", "billed_cost"), money(_SPEND)),
    "voucher_spend": lambda _row: "0.00",
}


def is_money(name: str) -> bool:
    """Return True if a metric is an amount of money."""
    return name in _AMOUNTS or name in {"cpc", "cpm"} or name.startswith(("cost_per_", "value_per"))


class Encoder:
    """Encodes the values of a list of metrics as JSON. Texts are cached by counters."""

    def __init__(self, names: tuple[str, ...], size: int = 8192) -> None:
        """Prepare the formulas of the metrics. The cache holds at most `size` texts."""
        self._template = ",".join(f'"{name}":"%s"' for name in names)
        self._formulas = tuple(formula(name) for name in names)
        self._size = size
        self._texts: dict[Counters, str] = {}

    def text(self, row: Counters) -> str:
        """Return `"spend":"1.25","impressions":"310"` without the braces."""
        text = self._texts.get(row)
        if text is None:
            if len(self._texts) >= self._size:
                self._texts.clear()
            text = self._texts[row] = self._template % tuple([get(row) for get in self._formulas])
        return text

    def values(self, row: Counters) -> tuple[str, ...]:
        """Return the values of the metrics, in the order of their names."""
        return tuple(get(row) for get in self._formulas)


def sort_value(text: str) -> float:
    """Return the value of a metric as a number. "-" sorts before all numbers."""
    return -1.0 if text == NOT_APPLICABLE else float(text)
