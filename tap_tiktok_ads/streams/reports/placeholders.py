"""Placeholder records: how TikTok writes that an account has no data for a range.

The time dimension of a placeholder is `-` or null, and its metrics are zero or empty.
"""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.extract.values import EMPTY_TEXTS, BadValueError, to_number

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.source import Flatten
    from tap_tiktok_ads.problems import Warnings


class Placeholders:
    """Recognizes the placeholder records of one report, and logs the first."""

    def __init__(self, time_dimension: str | None, warnings: Warnings) -> None:
        """Prepare.

        Args:
            time_dimension: The dimension with the day or hour, or None.
            warnings: The warnings of the stream.
        """
        self._time_dimension = time_dimension
        self._warnings = warnings

    def matches(self, raw: Record, label: str) -> bool:
        """Return True if a raw record is a placeholder. Logs once per stream.

        Args:
            raw: The raw record.
            label: Endpoint and advertiser of the request, for the message.
        """
        dimensions = raw.get("dimensions") or {}
        if self._time_dimension is None or self._time_dimension not in dimensions:
            return False
        moment = dimensions[self._time_dimension]
        if not isinstance(moment, (str, type(None))) or moment not in {None, *EMPTY_TEXTS}:
            return False
        if not all(map(_is_nothing, (raw.get("metrics") or {}).values())):
            return False
        self._warnings.log(
            "placeholder",
            "Stream %s leaves out placeholder records of %s: %s is %r and every metric is empty, "
            "so there is no data.",
            label,
            self._time_dimension,
            moment,
        )
        return True

    def dropped_by(self, flatten: Flatten) -> Flatten:
        """Return a function that flattens raw records, except for placeholders."""

        def flatten_data(raw: Record, task: Task) -> Iterable[Record]:
            return () if self.matches(raw, task.request.label) else flatten(raw, task)

        return flatten_data


def _is_nothing(value: t.Any) -> bool:
    """Return True if a metric is zero or empty."""
    if isinstance(value, (list, dict)):
        return not value
    try:
        return not to_number(value)
    except BadValueError:
        return False
