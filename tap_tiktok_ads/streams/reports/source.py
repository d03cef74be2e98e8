"""Where the records of a report are, and which days they are of."""

from __future__ import annotations

import re
import typing as t

import msgspec
from typing_extensions import override

from tap_tiktok_ads.api.advertisers import TOPVIEW
from tap_tiktok_ads.api.errors import ApiError, RejectedRequestError
from tap_tiktok_ads.extract.source import Source, damaged
from tap_tiktok_ads.streams.reports.topview import buying_types

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Record, Task

#: Number of characters of a day.
DAY_LENGTH = 10
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class ReportSource(Source):
    """A report endpoint: `dimensions` and `metrics` in each record.

    Attributes:
        reports_topview: True if TopView ads are reported apart.
        time_dimension: The dimension with the day or hour, or None.
    """

    reports_topview = True
    time_dimension: str | None = None

    @override
    def check(self, task: Task, response: Response) -> None:
        """Raise an error if a response is damaged, or holds days that were not requested.

        Raises:
            DamagedResponseError: It is, or it does.
        """
        super().check(task, response)
        if task.window is None or self.time_dimension is None:
            return
        days = reported_days(response.data.get(self.records_field) or (), self.time_dimension)
        first, last = str(task.window.start), str(task.window.end)
        if days and not first <= min(days) <= max(days) <= last:
            damage = f"expected days from {first} to {last}, got {min(days)} to {max(days)}."
            raise damaged(task.request, response, damage)

    @override
    def constant_columns(self, task: Task) -> Record:
        """Return the advertiser, and whether the request was for TopView ads."""
        columns = super().constant_columns(task)
        if self.reports_topview:
            columns["is_top_view"] = TOPVIEW in buying_types(task)
        return columns

    @override
    def is_dispensable(self, task: Task, error: ApiError) -> bool:
        """Return True if TikTok does not make this report for TopView ads at all."""
        is_rejected = isinstance(error, RejectedRequestError)
        return super().is_dispensable(task, error) and is_rejected


def reported_days(raw_records: Sequence[t.Any], time_dimension: str) -> set[str]:
    """Return the days of raw report records, as `2026-01-31`. Other texts are left out.

    Args:
        raw_records: Objects, raw JSON, or pairs of a `ReportDecoder`, whose JSON begins with the
            dimensions.
        time_dimension: The dimension with the day or hour.
    """
    if raw_records and isinstance(raw_records[0], tuple):
        return _days_of_members(raw_records, f'"{time_dimension}":"'.encode())
    times = [_dimensions(raw).get(time_dimension) for raw in raw_records]
    return {time[:DAY_LENGTH] for time in times if isinstance(time, str) and _DAY.match(time)}


class _Dimensions(msgspec.Struct):
    """The dimensions of a record. Its metrics are not decoded."""

    dimensions: dict[str, t.Any] | None = None


_decode_dimensions = msgspec.json.Decoder(_Dimensions).decode


def _dimensions(raw: t.Any) -> dict[str, t.Any]:
    """Return the dimensions of an object or of raw JSON."""
    is_raw = isinstance(raw, msgspec.Raw)
    dimensions = _decode_dimensions(raw).dimensions if is_raw else raw.get("dimensions")
    return dimensions or {}


def _days_of_members(pairs: Sequence[tuple[bytes, int]], marker: bytes) -> set[str]:
    days = set()
    for members, _ in pairs:
        start = members.find(marker) + len(marker)
        days.add(members[start : start + DAY_LENGTH])
    return {day.decode() for day in days}
