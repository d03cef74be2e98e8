"""Sums of spend, impressions and clicks by day, over synchronous reports."""

from __future__ import annotations

import collections
import dataclasses
import decimal
import typing as t

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.reader import read_complete, read_pages
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.extract.values import to_date, to_number

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record

#: Metrics whose records add up. Reach, rates and costs do not.
METRICS = ("spend", "impressions", "clicks")
#: Maximum rounding error of one record of money: records are rounded to cents.
ROUNDING = decimal.Decimal("0.005")
ZERO = decimal.Decimal(0)
#: Maximum number of days of a synchronous report by day.
SUM_DAYS = 30
PAGE_SIZE = 1000
DAY = "stat_time_day"
#: Stands for the day in reports of all time.
ALL_TIME = ""
DEFAULT_PARAMS: dict[str, t.Any] = {
    "service_type": "AUCTION",
    "report_type": "BASIC",
    "metrics": [*METRICS],
    "page": 1,
    "page_size": PAGE_SIZE,
}

Sums = dict[str, decimal.Decimal]


def add_metrics(sums: Sums, metrics: Mapping[str, t.Any]) -> None:
    """Add the metrics of a record to sums.

    Raises:
        BadValueError: A metric is not a number.
    """
    for metric in METRICS:
        value = decimal.Decimal(str(to_number(metrics.get(metric)) or 0))
        sums[metric] = sums.get(metric, ZERO) + value


@dataclasses.dataclass
class DailySums:
    """The metrics of reports, added up by day.

    Attributes:
        days: Sums by day.
        record_counts: Number of records by day.
        is_truncated: True if TikTok warned that records can be missing.
    """

    days: dict[str, Sums] = dataclasses.field(default_factory=lambda: collections.defaultdict(dict))
    record_counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    is_truncated: bool = False

    def add(self, day: str, metrics: Mapping[str, t.Any]) -> None:
        """Add the metrics of a record.

        Raises:
            BadValueError: A metric is not a number.
        """
        add_metrics(self.days[day], metrics)
        self.record_counts[day] += 1

    def merge(self, other: DailySums) -> None:
        """Add other sums."""
        for day, sums in other.days.items():
            add_metrics(self.days[day], sums)
        self.record_counts.update(other.record_counts)
        self.is_truncated = self.is_truncated or other.is_truncated

    def value(self, day: str, metric: str) -> decimal.Decimal:
        """Return the sum of a metric of a day."""
        return self.days[day].get(metric, ZERO) if day in self.days else ZERO

    def total(self, metric: str, days: Iterable[str]) -> decimal.Decimal:
        """Return the sum of a metric over days."""
        return sum((self.value(day, metric) for day in days), ZERO)


class SumReader:
    """Reads synchronous reports by day and adds up their records. Used by workers."""

    def __init__(self, stream: str, client: Client) -> None:
        """Prepare.

        Args:
            stream: Name of the stream that counts the requests.
            client: Sends requests.
        """
        self._client = client
        self._source = Source(stream, page_size=PAGE_SIZE)

    def add(
        self,
        sums: DailySums,
        advertiser: Advertiser | None,
        window: Window | None,
        **params: t.Any,
    ) -> None:
        """Add the records of a report. Its responses are kept for the run.

        Args:
            sums: Receives the records.
            advertiser: The advertiser of the report.
            window: At most `SUM_DAYS` days. None: all time, added up as the day `ALL_TIME`.
            **params: The level, dimensions and filters of the report, without the time dimension.

        Raises:
            IncompleteError: TikTok counts more records than it returned.
            TapError: The report cannot be read.
        """
        owner = advertiser.id if advertiser else ""
        all_params = {"advertiser_id": owner, **DEFAULT_PARAMS, **params}
        if window is None:
            all_params["query_lifetime"] = True
        else:
            all_params |= {"start_date": str(window.start), "end_date": str(window.end)}
            all_params["dimensions"] = [*params["dimensions"], DAY]
        request = Request(REPORT_PATH, all_params, shared=True)
        sums.merge(read_complete(self._read, Task(request, advertiser, window), self._source.name))

    def _read(self, first_task: Task) -> DailySums:
        """Return the sums of one pass over a report."""
        sums = DailySums()
        for raw_records, response in read_pages(self._client, self._source, first_task):
            sums.is_truncated = sums.is_truncated or response.is_truncated
            for raw in raw_records:
                day = _day_of(raw, first_task)
                if day is not None:  # not a placeholder
                    sums.add(day, raw.get("metrics") or {})
        return sums


def _day_of(raw: Record, task: Task) -> str | None:
    """Return the day of a record, or None if it has none."""
    return ALL_TIME if task.window is None else to_date((raw.get("dimensions") or {}).get(DAY))
