"""The reports that stand for others: several advertisers at advertiser level, by day. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.hosts import REPORT_PATH
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.api.metric_catalog import load_catalog
from tap_tiktok_ads.api.metric_rules import metric_conflict, metric_doubt
from tap_tiktok_ads.api.report_rules import MAX_METRICS, TIME_DIMENSIONS, ReportDefinition
from tap_tiktok_ads.streams.reports.filters import promote_filters

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from tap_tiktok_ads.extract.dates import Window

BASIC, AUDIENCE = "BASIC", "AUDIENCE"
ID, DAY = "advertiser_id", "stat_time_day"
LEVEL = "AUCTION_ADVERTISER"
PAGE_SIZE = 1000
#: Metrics that every probe requests. Money comes without decimals, so it can be rounded to zero.
BASE_METRICS = ("spend", "impressions", "clicks", "conversion")
STATUS_FILTERS = ("campaign_status", "adgroup_status", "ad_status")
#: Filters that leave out records of an advertiser and add none.
NARROWING_FILTERS = frozenset(
    ("campaign_ids", "adgroup_ids", "ad_ids", "ad_ids_v2", *STATUS_FILTERS)
)
RATE_ENDINGS = ("_rate", "_rate_v2")
COST_BEGINNING = "cost_per_"


@dataclasses.dataclass(frozen=True)
class Probe:
    """A report that probes advertisers.

    Attributes:
        definition: Its type and dimensions.
        metrics: Its metrics.
    """

    definition: ReportDefinition
    metrics: frozenset[str]

    def request(self, owners: Sequence[str], block: Window, metrics: Sequence[str]) -> Request:
        """Return the request for some of its metrics."""
        definition = self.definition
        params: dict[str, t.Any] = {
            "advertiser_ids": list(owners),
            "service_type": definition.service_type,
            "report_type": definition.report_type,
            "data_level": definition.data_level,
            "dimensions": list(definition.dimensions),
            "metrics": list(metrics),
            "start_date": str(block.start),
            "end_date": str(block.end),
            "page": 1,
            "page_size": PAGE_SIZE,
        }
        filters = promote_filters(definition.report_type, definition.dimensions)
        if filters:
            params["filtering"] = filters
        return Request(REPORT_PATH, params)

    def chunks(self, rejected: Iterable[str]) -> Iterable[list[str]]:
        """Yield the metrics of each request."""
        names = sorted(self.metrics.difference(rejected))
        for start in range(0, len(names), MAX_METRICS):
            yield names[start : start + MAX_METRICS]


def probe_definition(report: ReportDefinition) -> ReportDefinition | None:
    """Return the definition of a probe whose records include the records of a report, or None.

    TopView ads are not in it.
    """
    is_supported = (
        report.report_type in {BASIC, AUDIENCE}
        and report.service_type == "AUCTION"
        and report.data_level.startswith("AUCTION_")
        and report.time_dimension is not None
        and NARROWING_FILTERS.issuperset(condition["field_name"] for condition in report.filters)
    )
    if not is_supported:
        return None
    breakdowns: tuple[str, ...] = ()
    if report.report_type == AUDIENCE:
        common_dimensions = {report.id_dimension, *TIME_DIMENSIONS.values()}
        breakdowns = tuple(name for name in report.dimensions if name not in common_dimensions)
    return ReportDefinition("probe", LEVEL, (ID, DAY, *breakdowns), report_type=report.report_type)


def probed_metrics(metrics: Iterable[str], definition: ReportDefinition) -> frozenset[str] | None:
    """Return the metrics that show if any metric of a report is not zero, or None.

    Attributes depend on no delivery. A rate or cost that a probe cannot request is zero if the
    count that it is computed from is zero.

    Args:
        metrics: The metrics of the report.
        definition: The probe.
    """
    result = {name for name in BASE_METRICS if _is_requestable(name, definition)}
    for name in metrics:
        facts = load_catalog()["metrics"].get(name)
        if facts is None:
            return None
        if facts["group"] == "attribute":
            continue
        probed = next(
            (other for other in (name, _count_of(name)) if _is_requestable(other, definition)), None
        )
        if probed is None:
            return None
        result.add(probed)
    return frozenset(result)


def _is_requestable(metric: str, definition: ReportDefinition) -> bool:
    if metric not in load_catalog()["metrics"]:
        return False
    return metric_conflict(metric, definition) is None and metric_doubt(metric, definition) is None


def _count_of(metric: str) -> str:
    """Return the count that a rate or cost is computed from, or an empty text."""
    if metric.startswith(COST_BEGINNING):
        return metric.removeprefix(COST_BEGINNING)
    ending = next((ending for ending in RATE_ENDINGS if metric.endswith(ending)), None)
    return metric.removesuffix(ending) if ending else ""


def probes_of(reports: Sequence[tuple[ReportDefinition, Sequence[str]]]) -> list[Probe]:
    """Return the fewest probes that stand for reports with their metrics: one BASIC probe, always.

    The records of an audience dimension add up to all delivery, so one dimension stands for the
    others if it has their metrics.
    """
    definitions = [(probe_definition(report), names) for report, names in reports]
    basic = ReportDefinition("probe", LEVEL, (ID, DAY))
    basic_metrics = probed_metrics((), basic) or frozenset()
    audience_reports: list[Sequence[str]] = []
    audiences: dict[tuple[str, ...], ReportDefinition] = {}
    for definition, names in definitions:
        metrics = probed_metrics(names, definition) if definition else None
        if definition is None or metrics is None:
            continue
        if definition.report_type == BASIC:
            basic_metrics |= metrics
        else:
            audiences[definition.dimensions] = definition
            audience_reports.append(names)
    return [Probe(basic, basic_metrics), *_audience_probes(audience_reports, audiences.values())]


def _audience_probes(
    reports: Sequence[Sequence[str]], definitions: Collection[ReportDefinition]
) -> Iterator[Probe]:
    """Yield probes until the metrics of all reports are in one: the most useful probe first."""
    while reports:
        metrics = {
            definition: [probed_metrics(names, definition) for names in reports]
            for definition in definitions
        }
        best = max(definitions, key=lambda definition: sum(map(bool, metrics[definition])))
        yield Probe(best, frozenset().union(*filter(None, metrics[best])))
        reports = [
            names for names, probed in zip(reports, metrics[best], strict=True) if not probed
        ]
