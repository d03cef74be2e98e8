"""Whether reports of different levels add up to the same, day by day."""

from __future__ import annotations

import collections
import dataclasses
import decimal
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.metric_catalog import metric_schema
from tap_tiktok_ads.extract import casting as records
from tap_tiktok_ads.extract import lookahead as fetch
from tap_tiktok_ads.extract import schemas
from tap_tiktok_ads.extract.pages import Page, Task
from tap_tiktok_ads.streams.integrated import ReportStream, in_filter, of_top_view

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_tiktok_ads.api.messages import Decode

METRICS = ("spend", "impressions", "clicks")
#: The levels that are added up: by the name in columns, the data level and its dimension.
LEVELS = {
    "campaigns": ("AUCTION_CAMPAIGN", "campaign_id"),
    "ad_groups": ("AUCTION_ADGROUP", "adgroup_id"),
    "ads": ("AUCTION_AD", "ad_id"),
}
ZERO = decimal.Decimal(0)
#: By level ("" for the advertiser) and day: metrics, added up.
Sums = dict[tuple[str, str], dict[str, decimal.Decimal]]


class Reconciliation(ReportStream):
    """Spend, impressions and clicks of each advertiser and day, against the sums of its levels.

    Four requests or more for each window: one for the advertiser, and the pages of all its
    campaigns, ad groups and ads, deleted and TopView ones included whatever the settings say.
    `likely_cause` is a guess from what is known of TikTok's reports.
    """

    name = "reconciliation"
    data_level = "AUCTION_ADVERTISER"
    dimensions = ("advertiser_id", "stat_time_day")
    top_view = False  # both kinds are in the sums
    fixed_metrics = True
    selected_by_default = False

    @override
    def columns(self) -> dict[str, t.Any]:
        self.all_metrics = METRICS
        schema = schemas.report(self.dimensions, METRICS)
        for level in LEVELS:
            for metric in METRICS:
                kind = metric_schema(metric)["type"]
                of_level = f"{metric}, added up over {level.replace('_', ' ')}."
                schema["properties"] |= {
                    f"{metric}_of_{level}": {"type": kind, "description": of_level.capitalize()},
                    f"{metric}_missing_in_{level}": {
                        "type": kind,
                        "description": f"What the sum over {level.replace('_', ' ')} lacks.",
                    },
                }
        schema["properties"]["likely_cause"] = {
            "type": ["string", "null"],
            "description": "Why sums may differ; null where they do not.",
        }
        return schema

    @property
    @override
    def metrics(self) -> list[str]:
        return [*METRICS]

    @property
    @override
    def compares_totals(self) -> bool:
        return False

    @override
    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:
        return None

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return (task.request.path,) * (1 + len(LEVELS))

    @override
    def answered(self, task: Task) -> tuple[Page, Sequence[Task]]:
        """A row for each day that any level knows."""
        sums: Sums = collections.defaultdict(dict)
        parts = {"": task}
        for name, (level, id_) in LEVELS.items():
            params = {**task.request.params, "data_level": level}
            params["dimensions"] = [id_, "stat_time_day"]
            params["filtering"] = [in_filter(f"{id_[:-3]}_status", ["STATUS_ALL"])]
            request = dataclasses.replace(task.request, params=params)
            parts[name] = dataclasses.replace(task, request=request)
        cut = [self._add_up(name, part, sums) for name, part in parts.items()]
        if self._has_top_view(task):
            cut += [self._add_up(name, of_top_view(part), sums) for name, part in parts.items()]
        days = sorted({day for _, day in sums})
        rows = list(self.caster.rows(self._row(task, day, sums, cut=any(cut)) for day in days))
        return Page(rows, len(rows), weight=1000 * len(rows)), ()

    def _add_up(self, level: str, first: Task, sums: Sums) -> bool:
        """Add all rows of a report to the sums; whether TikTok left out ads."""
        some_cut = False

        def page(task: Task) -> tuple[tuple[Sequence[t.Any], bool], Sequence[Task]]:
            reply = self.run_context.transport.send(task.request, None, self.name)
            found = self.read(task, reply)
            return (found, reply.is_truncated), self.following(task, reply, len(found))

        for _, (found, cut) in fetch.in_turn([first], page):
            some_cut = some_cut or cut
            for raw in found:
                day = records.date((raw.get("dimensions") or {}).get("stat_time_day"))
                if day is None:
                    raise records.BadValueError(raw.get("dimensions"))
                told, sum_ = raw.get("metrics") or {}, sums[level, day]
                for metric in METRICS:
                    value = decimal.Decimal(str(records.number(told.get(metric)) or 0))
                    sum_[metric] = sum_.get(metric, ZERO) + value
        return some_cut

    def _row(self, task: Task, day: str, sums: Sums, *, cut: bool) -> dict[str, t.Any]:
        final = self.is_final(day, task)
        row: dict[str, t.Any] = {**self.common(task), "is_final": final, "stat_time_day": day}
        whole = sums["", day]
        row |= {metric: str(whole.get(metric, ZERO)) for metric in METRICS}
        differs = False
        for level in LEVELS:
            for metric in METRICS:
                value = sums[level, day].get(metric, ZERO)
                lacks = whole.get(metric, ZERO) - value
                differs = differs or lacks != 0
                row[f"{metric}_of_{level}"] = str(value)
                row[f"{metric}_missing_in_{level}"] = str(lacks)
        row["likely_cause"] = None
        if differs and cut:
            row["likely_cause"] = "TikTok looked at its 20,000 newest ads only."
        elif differs and not final:
            row["likely_cause"] = "TikTok may still correct the day."
        elif differs:
            row["likely_cause"] = "Objects that TikTok's reports of a level leave out."
        return row
