"""The setting `report_metrics`: requested metrics, groups and invalid names."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import catalog_of, config_for, run

from tap_tiktok_ads.api.errors import ConfigError, RejectedRequestError
from tap_tiktok_ads.api.metric_catalog import load_catalog, metric_schema
from tap_tiktok_ads.api.metric_rules import expand_metrics, rejected_metrics
from tap_tiktok_ads.api.report_rules import ReportDefinition
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT, PATH = "campaign_performance_report", "/report/integrated/get/"
DIMENSIONS = ("campaign_id", "stat_time_day")


def requested_metrics(sim: Simulator) -> list[list[str]]:
    """Return the metrics of each report request."""
    return [
        json.loads(request.params["metrics"]) for request in sim.requests if request.path == PATH
    ]


def test_metric_catalog_is_complete() -> None:
    """Each of over 1,000 metrics has a type, a group and a description."""
    metrics = load_catalog()["metrics"]
    assert len(metrics) > 1000
    for metric in metrics.values():
        assert metric["type"] in {"string", "integer", "number", "boolean"}
        assert metric["group"]
        assert metric["description"]
        assert isinstance(metric["additive"], bool)


def test_report_metrics_accepts_names_and_groups(sim: Simulator) -> None:
    """A report requests the configured metrics and groups, and has their columns."""
    config = config_for(sim, report_metrics={REPORT: ["spend", "video", "campaign_name"]})
    messages = run(config, [REPORT])
    columns = set(messages.schemas[REPORT]["schema"]["properties"])
    assert {"spend", "campaign_name", "video_play_actions"} <= columns
    assert "clicks" not in columns
    other_columns = {"advertiser_id", "is_top_view", "is_final", *DIMENSIONS}
    assert all(set(metrics) == columns - other_columns for metrics in requested_metrics(sim))


def test_usual_adds_the_default_metrics(sim: Simulator) -> None:
    """`usual` stands for the report's default metrics."""
    usual = run(config_for(sim), [REPORT]).schemas[REPORT]["schema"]["properties"].keys()
    config = config_for(sim, report_metrics={REPORT: ["usual", "total_sales_lead_value"]})
    columns = run(config, [REPORT]).schemas[REPORT]["schema"]["properties"].keys()
    assert columns == usual | {"total_sales_lead_value"}


def test_250_metrics_are_merged_into_one_record(sim: Simulator) -> None:
    """A request has at most 100 metrics, and the responses are merged by key."""
    every = expand_metrics(["all"], ReportDefinition(REPORT, "AUCTION_CAMPAIGN", tuple(DIMENSIONS)))
    numbers = [name for name in every if metric_schema(name)["type"][0] != "string"]
    metrics = numbers[:250]
    default = run(config_for(sim), [REPORT])
    request_count = len(requested_metrics(sim))
    merged = run(config_for(sim, report_metrics={REPORT: metrics}), [REPORT])
    assert max(map(len, requested_metrics(sim)[request_count:])) == 100
    assert len(merged.records[REPORT]) == len(merged.keyed(REPORT)) == len(default.keyed(REPORT))
    assert merged.bookmarks(REPORT) == default.bookmarks(REPORT)
    expected = default.keyed(REPORT)
    for key, record in merged.keyed(REPORT).items():
        assert record.keys() >= set(metrics)
        for name in expected[key].keys() & record.keys():
            assert record[name] == expected[key][name]


def test_unselected_metric_is_not_requested(sim: Simulator) -> None:
    """A configured metric that the catalog does not select is not requested."""
    config = config_for(sim, report_metrics={REPORT: ["spend", "clicks"]})
    catalog = catalog_of(config, [REPORT])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if entry["tap_stream_id"] == REPORT and item["breadcrumb"][-1:] == ["clicks"]:
                item["metadata"]["selected"] = False
    run(config, catalog=catalog)
    assert {tuple(metrics) for metrics in requested_metrics(sim)} == {("spend",)}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({REPORT: ["spent"]}, "did you mean 'spend'"),
        ({REPORT: ["ad_name"]}, "does not exist at data_level AUCTION_CAMPAIGN"),
        ({"campaigns": ["spend"]}, "unknown report 'campaigns'"),
        ({"campaign_performance": ["spend"]}, "did you mean 'campaign_performance_report'"),
        ({REPORT: 3}, "expected a list of metrics, got 3"),
    ],
)
def test_invalid_report_metrics_raise_config_error(
    sim: Simulator, setting: dict[str, t.Any], message: str
) -> None:
    """An invalid metric or report raises ConfigError before any request."""
    with pytest.raises(ConfigError, match=message):
        TapTikTokAds(config=config_for(sim, report_metrics=setting))
    assert sim.requests == []


def test_rejected_metric_is_removed_with_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A metric that TikTok rejects is removed with one warning, and all records are read."""
    default = run(config_for(sim), [REPORT])
    request_count = len(requested_metrics(sim))
    messages = run(
        config_for(sim, report_metrics={REPORT: ["spend", "zzz_not_there", "clicks"]}), [REPORT]
    )
    assert messages.keyed(REPORT).keys() == default.keyed(REPORT).keys()
    warnings = [text for text in caplog.messages if "without metrics zzz_not_there" in text]
    assert len(warnings) == 1
    requests = requested_metrics(sim)[request_count:]
    assert requests[-1] == ["spend", "clicks"]  # later requests omit the metric


def test_other_rejection_raises_error(sim: Simulator) -> None:
    """A rejection that concerns no metric raises RejectedRequestError."""
    sim.add_fault(
        "code", path=PATH, code=40002, message="start_date: Not a valid date.", times=None
    )
    with pytest.raises(RejectedRequestError, match="start_date"):
        run(config_for(sim), [REPORT])


@pytest.mark.parametrize(
    ("message", "rejected"),
    [
        ("Invalid metric fields: ['x', 'clicks']", ("clicks",)),
        ('metrics: "spend" is not supported', ("spend",)),
        ("Invalid metrics: spend, clicks", ("spend", "clicks")),
        ("metrics: Invalid value 'x'. Must be one of spend, clicks", ()),
        ("metrics: the request takes clicks into account", ("clicks",)),
        ("dimensions: Invalid value 'spend'", ()),
        ("metrics: Field must be set to json array.", ()),
    ],
)
def test_rejected_metrics_are_parsed_from_the_message(
    message: str, rejected: tuple[str, ...]
) -> None:
    """`rejected_metrics` returns the requested metrics that the message names as invalid."""
    assert rejected_metrics(message, ["spend", "clicks", "form"]) == rejected
