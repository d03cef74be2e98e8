"""The classes of the reports of the setting `custom_reports`."""

from __future__ import annotations

import typing as t

from tap_tiktok_ads.api.report_types import BC, REPORT_TYPES
from tap_tiktok_ads.streams.reports.built_in import CustomReport, CustomTypedReport
from tap_tiktok_ads.streams.reports.business_centers import BcReportStream

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.singer.stream import TikTokStream


def custom_report_class(report_type: str) -> Callable[..., TikTokStream]:
    """Return the class of a custom report of a type."""
    if report_type == BC:
        return BcReportStream
    return CustomTypedReport if report_type in REPORT_TYPES else CustomReport
