"""How long the numbers of a day may still change: by the attribution windows of ad groups."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Days of each window that TikTok offers.
WINDOWS = {"OFF": 0, "ONE_DAY": 1, "SEVEN_DAYS": 7, "FOURTEEN_DAYS": 14, "TWENTY_EIGHT_DAYS": 28}
#: Columns of `ad_groups`, and the days that count where one holds nothing that is known here.
#: There is no OFF for engaged views: it is off where the column is empty.
FIELDS = {
    "click_attribution_window": 28,
    "view_attribution_window": 7,
    "engaged_view_attribution_window": 7,
}
#: Days where nothing is known of the ad groups: the longest window.
DEFAULT_LOOKBACK_DAYS = 28
#: Days for which delivery itself is corrected, whatever the windows.
DELIVERY = 3


def lookback_days(ad_groups: Iterable[Mapping[str, t.Any]]) -> int:
    """Days after which no conversion of any ad group is dated back; the default without any."""
    needed = [_days(ad_group) for ad_group in ad_groups]
    return max(DELIVERY, *needed) if needed else DEFAULT_LOOKBACK_DAYS


def _days(ad_group: Mapping[str, t.Any]) -> int:
    found = []
    for field, longest in FIELDS.items():
        value = ad_group.get(field)
        if value is None and field.startswith("engaged"):
            continue
        found.append(WINDOWS.get(value, longest) if isinstance(value, str) else longest)
    return max(found)
