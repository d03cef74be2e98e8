"""How long TikTok may still change the numbers of a day: the attribution windows of ad groups.

Conversions are dated by impression or click, and keep growing for the attribution window
(doc 1739314558673922).
"""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.promote import ORIGIN_COLUMN, PROMOTE

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Days of each attribution window that TikTok offers.
ATTRIBUTION_WINDOW_DAYS = {
    "OFF": 0,
    "ONE_DAY": 1,
    "SEVEN_DAYS": 7,
    "FOURTEEN_DAYS": 14,
    "TWENTY_EIGHT_DAYS": 28,
}
#: Columns of `ad_groups` with a window, and the longest window of each in days. The longest window
#: applies if the column holds an unknown value.
ATTRIBUTION_COLUMNS = {
    "click_attribution_window": 28,
    "view_attribution_window": 7,
    "engaged_view_attribution_window": 7,
}
#: Columns whose window is off if they are empty. TikTok has no OFF for engaged views.
OPTIONAL_COLUMNS = frozenset({"engaged_view_attribution_window"})
#: The columns of ad groups that decide.
COLUMNS = (*ATTRIBUTION_COLUMNS, ORIGIN_COLUMN)
#: The longest window, for accounts whose ad groups are unknown.
DEFAULT_LOOKBACK_DAYS = 28
#: Days for which TikTok corrects delivery numbers, regardless of the attribution windows.
MIN_LOOKBACK_DAYS = 3


def lookback_days(ad_groups: Iterable[Mapping[str, t.Any]]) -> int:
    """Return the number of days after which no conversion of the ad groups is added to a day.

    Args:
        ad_groups: Records of `ad_groups`. Ad groups of Promote campaigns do not count: TikTok
            returns no windows of them. Without any other, `DEFAULT_LOOKBACK_DAYS` is returned.
    """
    windows = [
        _longest_window(ad_group)
        for ad_group in ad_groups
        if ad_group.get(ORIGIN_COLUMN) != PROMOTE
    ]
    return max(MIN_LOOKBACK_DAYS, *windows) if windows else DEFAULT_LOOKBACK_DAYS


def _longest_window(ad_group: Mapping[str, t.Any]) -> int:
    """Return the longest attribution window of an ad group in days."""
    windows = []
    for column, longest in ATTRIBUTION_COLUMNS.items():
        value = ad_group.get(column)
        if value is None and column in OPTIONAL_COLUMNS:
            continue
        days = ATTRIBUTION_WINDOW_DAYS.get(value) if isinstance(value, str) else None
        windows.append(longest if days is None else days)
    return max(windows)
