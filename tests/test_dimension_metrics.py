"""Metrics that TikTok accepts beside a dimension, requested from the simulator."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import SPARSE, config_for, run

from tap_tiktok_ads.api.errors import ConfigError, RejectedRequestError
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/report/integrated/get/"
COUNTRY_REPORT = "campaign_country_report"
#: Metrics that another connector requests beside country_code and TikTok's page does not list.
COUNTRY_METRICS = ["total_pageview", "sales_lead", "vta_purchase"]
BASIC_DIMENSIONS = (
    *("ad_type", "country_code", "search_terms", "page_id", "component_name", "room_id"),
    "post_id",
)
AUDIENCE_DIMENSIONS = ("country_code", "ad_type", "hashtag", "gender", "language", "placement")
REPORTS = [
    *(("BASIC", dimension) for dimension in BASIC_DIMENSIONS),
    *(("AUDIENCE", dimension) for dimension in AUDIENCE_DIMENSIONS),
]
MATERIAL_REPORTS = ("smart_plus_material_report", "smart_plus_material_report_daily")


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """Yield a simulator shared by the tests that inject no faults."""
    with Simulator(SPARSE) as running:
        yield running


def custom_report(report_type: str, dimension: str, metrics: list[str]) -> dict[str, t.Any]:
    """Return a custom report of campaigns by day and one more dimension."""
    return {
        "name": "report",
        "report_type": report_type,
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id", dimension],
        "metrics": metrics,
    }


def requested_metrics(sim: Simulator, path: str = PATH) -> set[str]:
    """Return the metrics of all requests for a path."""
    lists = (request.params["metrics"] for request in sim.requests if request.path == path)
    return {name for text in lists for name in json.loads(text)}


def rejection_codes(sim: Simulator) -> list[t.Any]:
    """Return the codes of all rejected requests."""
    return [request.code for request in sim.requests if request.code == 40002]


@pytest.mark.parametrize("group", ["core", "all"])
@pytest.mark.parametrize(("report_type", "dimension"), REPORTS)
def test_metric_group_is_valid_beside_a_dimension(
    world: Simulator,
    report_type: str,
    dimension: str,
    group: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """TikTok accepts all metrics of a group beside a dimension."""
    world.requests.clear()
    report = custom_report(report_type, dimension, [group])
    messages = run(config_for(world, start_date="{now-5}", custom_reports=[report]), ["report"])
    assert messages.records["report"]
    assert rejection_codes(world) == []
    assert "without metrics" not in caplog.text
    assert "Could not verify" not in caplog.text
    assert {"spend", "clicks"} <= requested_metrics(world)
    columns = messages.schemas["report"]["schema"]["properties"]
    assert requested_metrics(world) <= set(columns)


@pytest.mark.parametrize("group", ["core", "all"])
@pytest.mark.parametrize("stream", MATERIAL_REPORTS)
def test_metric_group_is_valid_in_material_reports(
    world: Simulator, stream: str, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    """TikTok accepts all metrics of a group in a Smart+ material report."""
    world.requests.clear()
    config = config_for(world, start_date="{now-5}", report_metrics={stream: ["usual", group]})
    messages = run(config, [stream])
    assert messages.records[stream]
    assert rejection_codes(world) == []
    assert "without metrics" not in caplog.text
    assert "does not know" not in caplog.text


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"custom_reports": [custom_report("BASIC", "search_terms", ["spend", "reach"])]},
            "'reach' cannot be requested beside search_terms in BASIC",
        ),
        (
            {"custom_reports": [custom_report("BASIC", "search_terms", ["skan", "live"])]},
            "no metric of skan, live is valid in this report",
        ),
        (
            {"custom_reports": [custom_report("BASIC", "gender", ["cost"])]},
            "'gender' requires report_type AUDIENCE",
        ),
        (
            {"custom_reports": [custom_report("BASIC", "image_id", ["cost"])]},
            "'cost' requires report_type AUDIENCE, and the report has the type BASIC",
        ),
        ({"report_metrics": {COUNTRY_REPORT: ["cost_per_1000_reached"]}}, "beside country_code"),
        ({"report_metrics": {MATERIAL_REPORTS[0]: ["reach"]}}, "SMART_PLUS_OVERVIEW reports"),
        ({"report_metrics": {MATERIAL_REPORTS[1]: ["ad_material_id"]}}, "SMART_PLUS_BREAKDOWN"),
    ],
)
def test_metric_outside_the_list_raises_config_error(
    world: Simulator, setting: dict[str, t.Any], message: str
) -> None:
    """A metric that TikTok does not list beside a dimension raises ConfigError."""
    world.requests.clear()
    with pytest.raises(ConfigError, match=message):
        TapTikTokAds(config=config_for(world, **setting))
    assert world.requests == []


def country_config(sim: Simulator) -> dict[str, t.Any]:
    """Return a config with metrics outside TikTok's list."""
    metrics = {COUNTRY_REPORT: ["spend", *COUNTRY_METRICS]}
    return config_for(sim, start_date="{now-5}", report_metrics=metrics)


def unverified_metrics(caplog: pytest.LogCaptureFixture) -> set[str]:
    """Return the warnings about metrics that TikTok may reject."""
    return {text for text in caplog.messages if text.startswith("Could not verify metrics")}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(None, id="metrics named"),
        pytest.param(
            "Conflict occurs. The input params including metrics and dimensions have no relation.",
            id="no metrics named",
        ),
    ],
)
def test_unverified_metric_is_removed_if_rejected(
    message: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A metric outside TikTok's list is requested with a warning, and removed if rejected."""
    options = SPARSE | {"country_reports_have_connector_metrics": message is not None}
    with Simulator(options) as sim:
        if message is not None:
            sim.add_fault("code", path=PATH, code=40002, message=message)
        records = run(country_config(sim), [COUNTRY_REPORT]).records[COUNTRY_REPORT]
        texts = [request.params["metrics"] for request in sim.requests if request.path == PATH]
    sent = [json.loads(text) for text in texts]
    assert records
    assert all(record["spend"] is not None for record in records)
    assert sent[0] == ["spend", *COUNTRY_METRICS]
    assert ["spend"] in sent
    (warning,) = unverified_metrics(caplog)
    assert f"{COUNTRY_REPORT}: TikTok's list of metrics beside country_code" in warning
    assert ", ".join(COUNTRY_METRICS) in warning
    removals = [text for text in caplog.messages if "without metrics" in text]
    assert len(removals) == 1


def test_unverified_metric_is_kept_if_accepted(caplog: pytest.LogCaptureFixture) -> None:
    """A metric outside TikTok's list is read if TikTok accepts it."""
    with Simulator(SPARSE | {"country_reports_have_connector_metrics": True}) as sim:
        records = run(country_config(sim), [COUNTRY_REPORT]).records[COUNTRY_REPORT]
    assert records
    assert all(record[name] is not None for record in records for name in COUNTRY_METRICS)
    assert len(unverified_metrics(caplog)) == 1
    assert "without metrics" not in caplog.text


def test_conflict_of_verified_metrics_raises_error() -> None:
    """A conflict that names no metric raises an error if every metric is verified."""
    message = "The input params including metrics and dimensions have no relation."
    with Simulator(SPARSE) as sim:
        sim.add_fault("code", path=PATH, code=40002, message=message)
        with pytest.raises(RejectedRequestError, match="have no relation"):
            run(config_for(sim, start_date="{now-5}"), [COUNTRY_REPORT])


def test_engagement_metrics_are_default_columns(world: Simulator) -> None:
    """Video and social metrics are default columns of the report by age and gender."""
    stream = "audience_report_by_age_gender"
    records = run(config_for(world, start_date="{now-5}"), [stream]).records[stream]
    assert any(record["likes"] for record in records)
    assert any(record["video_play_actions"] for record in records)
    assert all(record["profile_visits_rate"] is not None for record in records)
