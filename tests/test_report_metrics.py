"""Which metrics reports ask for: by name, by group, more than a hundred, and invalid ones."""

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


def asked(sim: Simulator) -> list[list[str]]:
    """The metrics of each request for a report."""
    return [
        json.loads(request.params["metrics"]) for request in sim.requests if request.path == PATH
    ]


def test_the_catalogue_is_large() -> None:
    """Every metric that the sources name is there, with its type, group and description."""
    metrics = load_catalog()["metrics"]
    assert len(metrics) > 1000
    for metric in metrics.values():
        assert metric["type"] in {"string", "integer", "number", "boolean"}
        assert metric["group"]
        assert metric["description"]
        assert isinstance(metric["additive"], bool)


def test_names_and_groups(sim: Simulator) -> None:
    """A report asks for the metrics that the setting names; its columns are these."""
    config = config_for(sim, report_metrics={REPORT: ["spend", "video", "campaign_name"]})
    messages = run(config, [REPORT])
    columns = set(messages.schemas[REPORT]["schema"]["properties"])
    assert {"spend", "campaign_name", "video_play_actions"} <= columns
    assert "clicks" not in columns
    others = {"advertiser_id", "is_top_view", "is_final", *DIMENSIONS}
    assert all(set(metrics) == columns - others for metrics in asked(sim))


def test_usual_metrics_and_more(sim: Simulator) -> None:
    """`usual` stands for the metrics that the report has without the setting."""
    usual = run(config_for(sim), [REPORT]).schemas[REPORT]["schema"]["properties"].keys()
    config = config_for(sim, report_metrics={REPORT: ["usual", "total_sales_lead_value"]})
    columns = run(config, [REPORT]).schemas[REPORT]["schema"]["properties"].keys()
    assert columns == usual | {"total_sales_lead_value"}


def test_one_row_for_each_key_of_250_metrics(sim: Simulator) -> None:
    """A hundred metrics go into a request; the rows of several are merged by key."""
    every = expand_metrics(["all"], ReportDefinition(REPORT, "AUCTION_CAMPAIGN", tuple(DIMENSIONS)))
    numbers = [name for name in every if metric_schema(name)["type"][0] != "string"]
    wanted = numbers[:250]
    plain = run(config_for(sim), [REPORT])
    before = len(asked(sim))
    merged = run(config_for(sim, report_metrics={REPORT: wanted}), [REPORT])
    assert max(map(len, asked(sim)[before:])) == 100
    assert len(merged.records[REPORT]) == len(merged.keyed(REPORT)) == len(plain.keyed(REPORT))
    assert merged.bookmarks(REPORT) == plain.bookmarks(REPORT)
    rows = plain.keyed(REPORT)
    for key, row in merged.keyed(REPORT).items():
        assert row.keys() >= set(wanted)
        for name in rows[key].keys() & row.keys():
            assert row[name] == rows[key][name]


def test_a_deselected_metric_is_not_asked_for(sim: Simulator) -> None:
    """Of the configured metrics, only those that the catalog selects."""
    config = config_for(sim, report_metrics={REPORT: ["spend", "clicks"]})
    catalog = catalog_of(config, [REPORT])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if entry["tap_stream_id"] == REPORT and item["breadcrumb"][-1:] == ["clicks"]:
                item["metadata"]["selected"] = False
    run(config, catalog=catalog)
    assert {tuple(metrics) for metrics in asked(sim)} == {("spend",)}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({REPORT: ["spent"]}, "did you mean 'spend'"),
        ({REPORT: ["ad_name"]}, "does not exist at data_level AUCTION_CAMPAIGN"),
        ({"campaigns": ["spend"]}, "'campaigns' is not a report"),
        ({"campaign_performance": ["spend"]}, "did you mean 'campaign_performance_report'"),
        ({REPORT: 3}, "must be an object of streams"),
    ],
)
def test_refused(sim: Simulator, setting: dict[str, t.Any], message: str) -> None:
    """What cannot be asked for is refused before any request."""
    with pytest.raises(ConfigError, match=message):
        TapTikTokAds(config=config_for(sim, report_metrics=setting))
    assert sim.requests == []


def test_an_invalid_metric_heals(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """A metric that TikTok calls invalid is left out with one warning; the rows come."""
    plain = run(config_for(sim), [REPORT])
    before = len(asked(sim))
    messages = run(
        config_for(sim, report_metrics={REPORT: ["spend", "zzz_not_there", "clicks"]}), [REPORT]
    )
    assert messages.keyed(REPORT).keys() == plain.keyed(REPORT).keys()
    said = [text for text in caplog.messages if "Continuing without metrics zzz_not_there" in text]
    assert len(said) == 1
    sent = asked(sim)[before:]
    assert sent[-1] == ["spend", "clicks"]  # later requests do not try again


def test_another_refusal_of_parameters_is_an_error(sim: Simulator) -> None:
    """Code 40002 about anything else than metrics ends the run."""
    sim.add_fault(
        "code", path=PATH, code=40002, message="start_date: Not a valid date.", times=None
    )
    with pytest.raises(RejectedRequestError, match="start_date"):
        run(config_for(sim), [REPORT])


@pytest.mark.parametrize(
    ("message", "refused"),
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
def test_which_metrics_an_error_names(message: str, refused: tuple[str, ...]) -> None:
    """Only names that are quoted, listed or behind the last colon, of metrics asked for."""
    assert rejected_metrics(message, ["spend", "clicks", "form"]) == refused
