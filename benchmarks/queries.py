"""Requests of the reference clients. This tap sends equal requests for both streams."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from tap_tiktok_ads.api.metric_catalog import default_metrics
from tap_tiktok_ads.api.metric_rules import expand_metrics
from tap_tiktok_ads.api.promote import ALL_ORIGINS, ORIGINS_FILTER
from tap_tiktok_ads.api.report_rules import ReportDefinition

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADS, REPORT = "ads", "ad_performance_report"
PAGE_SIZE = 1000
WINDOW = dt.timedelta(days=30)
DIMENSIONS = ("ad_id", "stat_time_day")
METRICS = default_metrics(REPORT)[:68]
#: More metrics than one request can have.
MANY_METRICS = expand_metrics(["all"], ReportDefinition(REPORT, "AUCTION_AD", DIMENSIONS))[:250]


def ads() -> dict[str, str]:
    """Return the parameters of `/ad/get/`, without advertiser and page."""
    return {"filtering": json.dumps({"primary_status": "STATUS_ALL", ORIGINS_FILTER: ALL_ORIGINS})}


def report() -> dict[str, str]:
    """Return the parameters of `/report/integrated/get/`, without advertiser, days and page."""
    filters = {"ad_status": ["STATUS_ALL"], ORIGINS_FILTER: ALL_ORIGINS}
    return {
        "report_type": "BASIC",
        "service_type": "AUCTION",
        "data_level": "AUCTION_AD",
        "dimensions": json.dumps(DIMENSIONS),
        "metrics": json.dumps(METRICS),
        "filtering": json.dumps(
            [
                {"field_name": name, "filter_type": "IN", "filter_value": json.dumps(values)}
                for name, values in filters.items()
            ]
        ),
    }


def windows(config: Mapping[str, t.Any]) -> Iterator[dict[str, str]]:
    """Yield the days of the report in windows that the API accepts."""
    start = dt.date.fromisoformat(config["start_date"])
    last_day = dt.date.fromisoformat(config["end_date"])
    while start <= last_day:
        next_start = start + WINDOW
        end = min(next_start - dt.timedelta(days=1), last_day)
        yield {"start_date": start.isoformat(), "end_date": end.isoformat()}
        start = next_start
