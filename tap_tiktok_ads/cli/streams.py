"""`tap-tiktok-ads streams`: list the streams, and the metrics of reports."""

from __future__ import annotations

import dataclasses
import typing as t

import click

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.gmv_max_metrics import level_metrics, load_gmv_max_metrics
from tap_tiktok_ads.api.metric_catalog import load_catalog
from tap_tiktok_ads.api.metric_rules import ALL_METRICS, expand_metrics
from tap_tiktok_ads.api.suggestions import suggest
from tap_tiktok_ads.cli import common
from tap_tiktok_ads.config.selection import Selection
from tap_tiktok_ads.streams.gmv_max import GmvMaxReportStream
from tap_tiktok_ads.streams.reports.base import ReportStream
from tap_tiktok_ads.streams.reports.reconciliation import ReconciliationStream

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_tiktok_ads.singer.stream import TikTokStream
    from tap_tiktok_ads.tap import TapTikTokAds

#: Columns of text that may take several lines.
WRAPPED_COLUMNS = ("keys", "permission", "description")


@dataclasses.dataclass(frozen=True)
class StreamFacts:
    """The facts of a stream that users choose it by.

    Attributes:
        stream: Name of the stream.
        default: True if a run without a catalog reads the stream.
        keys: Its primary keys.
        permission: The scope that the token needs: TikTok's number and name.
        description: The first sentence of its description.
    """

    stream: str
    default: bool
    keys: Sequence[str]
    permission: str
    description: str


@dataclasses.dataclass(frozen=True)
class MetricFacts:
    """The facts of a metric of a report.

    Attributes:
        metric: Name of the metric, which is also the name of its column.
        default: True if the report requests the metric with the current settings.
        type: JSON type of the values.
        group: Name of its group, which `report_metrics` accepts, too.
        description: Its meaning.
    """

    metric: str
    default: bool
    type: str
    group: str | None
    description: str


@click.command("streams", short_help="List the streams, or the metrics of a report.")
@click.argument("patterns", nargs=-1)
@common.config_option
@click.option("--metrics", "report", metavar="STREAM", help="List the metrics of a report.")
@common.json_option
def command(*, patterns: Sequence[str], config: t.Any, report: str | None, as_json: bool) -> None:
    """List the streams with their description, keys and permission.

    PATTERNS such as 'campaigns,ad_*' limit the list, in the form of --select. With --config, the
    list contains custom streams and custom reports. The column "default" shows the streams that a
    run without a catalog reads. No request is sent.

    Example: tap-tiktok-ads streams --metrics ad_performance_report
    """
    tap = common.offline_tap(config, validate_config=False)
    if report is None:
        _show(stream_facts(tap, ",".join(patterns)), as_json=as_json)
    else:
        _show(metric_facts(tap, report), as_json=as_json)


def show_streams(tap: TapTikTokAds) -> None:
    """Print the streams of a tap."""
    _show(stream_facts(tap), as_json=False)


def stream_facts(tap: TapTikTokAds, patterns: str = "") -> list[StreamFacts]:
    """Return the facts of the streams of a tap, in the order of their names.

    Args:
        tap: The tap.
        patterns: Patterns of the streams, separated by commas. Empty: all streams.

    Raises:
        ConfigError: A pattern matches nothing.
    """
    selection = Selection.parse(patterns.split(",") if patterns else ())
    streams = t.cast("dict[str, TikTokStream]", tap.streams)
    columns = {name: stream.schema["properties"].keys for name, stream in streams.items()}
    selection.check(columns)
    return [
        StreamFacts(
            name,
            stream.selected,
            tuple(stream.primary_keys),
            stream.permission,
            first_sentence(stream.description()),
        )
        for name, stream in streams.items()
        if selection.selects(name, columns[name], default=True)
    ]


def metric_facts(tap: TapTikTokAds, name: str) -> list[MetricFacts]:
    """Return the metrics of a report: first the metrics that it requests, then the others.

    Raises:
        ConfigError: The stream does not exist, or has no metrics to choose.
    """
    reports = {name: stream for name, stream in tap.streams.items() if _has_metrics(stream)}
    if name in tap.streams.keys() - reports.keys():
        msg = f"Stream {name!r} has no metrics to choose. Only reports have them."
        raise ConfigError(msg)
    if name not in reports:
        msg = f"Unknown report {name!r}{suggest(name, reports)}"
        raise ConfigError(msg)
    stream = reports[name]
    facts: Mapping[str, Mapping[str, t.Any]]
    if isinstance(stream, GmvMaxReportStream):
        requested, facts = stream.metrics, load_gmv_max_metrics()
        names = level_metrics(stream.level)
    else:
        report = t.cast("ReportStream", stream)
        requested = tuple(report.metrics.names)
        names = expand_metrics([ALL_METRICS], report.report)
        facts = load_catalog()["metrics"]
    return [
        MetricFacts(metric, metric in requested, **_details(facts.get(metric, {})))
        for metric in dict.fromkeys((*requested, *names))
    ]


def _has_metrics(stream: t.Any) -> bool:
    """Return True if `report_metrics` applies to a stream."""
    is_report = isinstance(stream, (ReportStream, GmvMaxReportStream))
    return is_report and not isinstance(stream, ReconciliationStream)


def _details(metric: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the details of a metric. A metric that only a list of TikTok's names is text."""
    return {
        "type": metric.get("type", "string"),
        "group": metric.get("group"),
        "description": first_sentence(metric.get("description", "")),
    }


def first_sentence(text: str) -> str:
    """Return the first sentence of a text.

    Example:
        >>> first_sentence("One record per pixel, with its events. They are nested.")
        'One record per pixel, with its events.'
    """
    sentence, end, _ = " ".join(text.split()).partition(". ")
    return sentence + end.strip()


def _show(rows: Sequence[StreamFacts] | Sequence[MetricFacts], *, as_json: bool) -> None:
    """Print facts as JSON or as a table."""
    documents = [dataclasses.asdict(row) for row in rows]
    if as_json:
        common.show_json(documents)
        return
    columns = list(documents[0]) if documents else []
    cells = [[_cell(value) for value in row.values()] for row in documents]
    common.show_table(columns, cells, wrapped=WRAPPED_COLUMNS)


def _cell(value: t.Any) -> str | None:
    """Return a value of the table."""
    if isinstance(value, bool):
        return "yes" if value else ""
    return ", ".join(value) if isinstance(value, tuple) else value
