"""Reports of Business Centers: one request for all ad accounts."""

from __future__ import annotations

import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.api.report_types import BC
from tap_tiktok_ads.extract.schemas import report_schema
from tap_tiktok_ads.streams.dependent import add_lookup_value
from tap_tiktok_ads.streams.transactions import TransactionStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.singer.components import ContextTap

BC_COLUMN: dict[str, t.Any] = {
    "type": "string",
    "description": "Business Center of the ad accounts. Joins to `bc_id` of `business_centers`.",
}
DAY = "stat_time_day"


def flatten_bc_record(raw: Record, task: Task) -> Iterable[Record]:
    """Yield the dimensions and metrics of a record with the day of the request."""
    day = {DAY: str(task.window.start)} if task.window else {}
    dimensions = {**day, **(raw.get("dimensions") or {})}
    record = {**dimensions, **(raw.get("metrics") or {}), **dimensions}
    return add_lookup_value(record, task)


class BcReportStream(TransactionStream):
    """A report of each Business Center by day. There is no bookmark, as in transactions."""

    path = REPORT_PATH
    permission = "44 Consolidated Report"
    page_size = 1000
    window_days = 1
    dash_is_null = True
    flatten = staticmethod(flatten_bc_record)
    built_in_report: t.ClassVar[ReportDefinition]

    def __init__(self, tap: ContextTap, definition: ReportDefinition | None = None) -> None:
        self.report = definition or self.built_in_report
        self.name = self.report.name
        super().__init__(tap)
        self.primary_keys = ("bc_id", *self.report.dimensions)

    @override
    def description(self) -> str:
        return self.report.description or super().description()

    @override
    def columns(self) -> dict[str, t.Any]:
        schema = report_schema(self.report.dimensions, self.report.metrics)
        names = (*self.report.dimensions, *self.report.metrics)
        columns = {name: schema["properties"][name] for name in names}
        schema["properties"] = {"bc_id": BC_COLUMN, **columns}
        return schema

    @functools.cached_property
    def _params(self) -> dict[str, t.Any]:
        return {
            "report_type": BC,
            "dimensions": self.report.requested_dimensions,
            "metrics": [*self.report.metrics],
            **({"filtering": [*self.report.filters]} if self.report.filters else {}),
        }

    @override
    def window_params(self, window: Window, choice: str) -> Record:
        return {**self._params, "start_date": str(window.start), "end_date": str(window.end)}


class BcAdvertiserReport(BcReportStream):
    """Daily spend, impressions and reach of each ad account of a Business Center.

    One request per day and Business Center reads all its ad accounts, also those that the token
    cannot read one by one. The days are those of each ad account. Every run reads the days from
    `start_date` to `end_date`, because one bookmark of all Business Centers would lose the older
    days of a new one. The type, dimensions and metrics come from TikTok's page.
    """

    built_in_report = ReportDefinition(
        "bc_advertiser_report",
        "AUCTION_ADVERTISER",
        ("advertiser_id", DAY),
        ("spend", "impressions", "reach"),
        report_type=BC,
    )
    name = built_in_report.name
    primary_keys = ("bc_id", "advertiser_id", DAY)
