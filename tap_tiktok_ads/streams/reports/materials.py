"""Reports of the materials of Upgraded Smart+ ads."""

from __future__ import annotations

import dataclasses
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.streams.reports.base import ReportStream
from tap_tiktok_ads.streams.smart_plus import WITHOUT_SMART_PLUS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Decode, Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task

#: Parameters that the material endpoints do not have.
UNKNOWN_PARAMETERS = frozenset({"service_type", "report_type", "data_level", "filtering"})
#: The dimension that responses have, but requests do not.
TYPE_DIMENSION = "main_material_type"
_TEXT: dict[str, t.Any] = {"type": ["string", "null"]}
#: Columns of material reports that the metric catalog does not have.
MATERIAL_COLUMNS: dict[str, dict[str, t.Any]] = {
    "smart_plus_ad_id": {"type": "string", "description": "Upgraded Smart+ ad ID."},
    "main_material_id": {
        "type": "string",
        "description": "Creative, TikTok post, catalog or carousel ID, by main_material_type.",
    },
    TYPE_DIMENSION: {
        "type": "string",
        "description": "Type of the material (enum). Empty if TikTok returns none.",
    },
    "ad_material_id": {
        **_TEXT,
        "description": "ID of the material in its ad, as in smart_plus_ad_creatives.",
    },
    "material_primary_status": {**_TEXT, "description": "Status of the material (enum)."},
    "material_second_status_list": {
        "type": ["array", "null"],
        "items": _TEXT,
        "description": "Reasons for the status of the material (enums).",
    },
    "operation_status": {**_TEXT, "description": "On/off status of the material (enum)."},
}


class MaterialReport(ReportStream):
    """A report of the materials of Upgraded Smart+ ads."""

    permission = "44 Consolidated Report (inferred)"
    page_size = 100
    reports_topview = False
    tolerated_codes = WITHOUT_SMART_PLUS
    selected_by_default = False

    @override
    def columns(self) -> Record:
        schema = super().columns()
        columns = schema["properties"]
        columns |= {name: MATERIAL_COLUMNS[name] for name in columns if name in MATERIAL_COLUMNS}
        return schema

    @override
    def request(self, advertiser: Advertiser | None, window: Window | None) -> Request:
        request = super().request(advertiser, window)
        params = {
            name: value for name, value in request.params.items() if name not in UNKNOWN_PARAMETERS
        }
        params["dimensions"] = [name for name in self.report.dimensions if name != TYPE_DIMENSION]
        return dataclasses.replace(request, params=params)

    @override
    def split(self, task: Task) -> Sequence[Task]:
        """Return the two halves of the window. A single day cannot be split."""
        is_long = task.window is not None and task.window.days > 1
        return self.splitter.split_window(task) if is_long else ()

    @override
    def flatten_record(self, raw: Record, task: Task) -> Iterable[Record]:
        dimensions = {**(raw.get("dimensions") or raw.get("info") or {})}
        metrics = raw.get("metrics") or {}
        material_type = dimensions.get(TYPE_DIMENSION) or metrics.get(TYPE_DIMENSION) or EMPTY_KEY
        dimensions[TYPE_DIMENSION] = material_type
        return super().flatten_record({**raw, "dimensions": dimensions}, task)

    @override
    def page_decoder(self, deselected: AbstractSet[str]) -> Decode | None:
        return None


class SmartPlusMaterialReport(MaterialReport):
    """Lifetime performance of each material in each Upgraded Smart+ ad."""

    path = "/smart_plus/material_report/overview/"
    definition = ReportDefinition(
        "smart_plus_material_report",
        "AUCTION_AD",
        ("smart_plus_ad_id", "main_material_id", TYPE_DIMENSION),
        report_type="SMART_PLUS_OVERVIEW",
    )


class SmartPlusMaterialReportDaily(MaterialReport):
    """Daily performance of each material in each Upgraded Smart+ ad.

    TikTok does not document the format of the day in the response.
    """

    path = "/smart_plus/material_report/breakdown/"
    definition = ReportDefinition(
        "smart_plus_material_report_daily",
        "AUCTION_AD",
        ("main_material_id", TYPE_DIMENSION, "stat_time_day"),
        report_type="SMART_PLUS_BREAKDOWN",
    )
