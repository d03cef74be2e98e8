"""`--summary-file`: the summary of a run as JSON or OpenMetrics text."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import typing as t

import pytest
from conftest import command, config_for, run
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tap_tiktok_ads.cli.summary import RunSummary, written_to
from tap_tiktok_ads.progress import StreamCounts
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

PREFIX = "tap_tiktok_ads_"


def parse_samples(text: str) -> dict[tuple[str, str | None], float]:
    """Return the values of an OpenMetrics text by name and stream."""
    return {
        (sample.name.removeprefix(PREFIX), sample.labels.get("stream")): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


@pytest.mark.parametrize("name", ["summary.json", "summary.prom"])
def test_summary_counts_records_requests_and_failures(
    sim: Simulator, tmp_path: Path, name: str
) -> None:
    """The summary counts records and requests, and names skipped and failed streams."""
    denied, broken = sim.world.advertiser_ids
    sim.add_fault("code", path="/pixel/list/", advertiser_id=denied, times=None, code=40001)
    sim.add_fault("code", path="/campaign/get/", advertiser_id=broken, times=None, code=40002)
    config, file = tmp_path / "config.json", tmp_path / name
    config.write_text(json.dumps(config_for(sim, start_date="{now-2}", on_error="skip")))
    result = command("--config", str(config), "--summary-file", str(file))
    assert result.returncode == 1
    written: dict[str, int] = {}
    for line in result.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            written[message["stream"]] = written.get(message["stream"], 0) + 1
    if name.endswith(".prom"):
        metrics = parse_samples(file.read_text())
        records = {stream: value for (key, stream), value in metrics.items() if key == "rows_total"}
        requests = sum(value for (key, _), value in metrics.items() if key == "requests_total")
        assert (metrics["skipped", "pixels"], metrics["failed", "campaigns"]) == (1, 1)
        assert metrics["exit_code", None] == 1
        assert metrics["duration_seconds", None] > 0
        assert "retries_total" in {key for key, _ in metrics}
        assert "waited_seconds_total" in {key for key, _ in metrics}
    else:
        summary = json.loads(file.read_text())
        records = {counts["stream"]: counts["records"] for counts in summary["streams"]}
        requests = sum(counts["requests"] for counts in summary["streams"])
        (skipped,), (failed,) = summary["skipped"], summary["failed"]
        assert (skipped["stream"], skipped["advertiser_id"]) == ("pixels", denied)
        assert (failed["stream"], failed["advertiser_id"]) == ("campaigns", broken)
        assert "code 40001" in skipped["message"]
        assert "code 40002" in failed["message"]
        assert f"tap-tiktok-ads: {summary['error']}\n" in result.stderr
        assert failed["message"] in summary["error"]
        assert summary["exit_code"] == 1
        started, ended = (
            dt.datetime.fromisoformat(summary[key].replace("Z", "+00:00"))
            for key in ("started_at", "ended_at")
        )
        assert summary["duration_seconds"] == pytest.approx(
            (ended - started).total_seconds(), abs=0.002
        )
    assert {stream: count for stream, count in records.items() if count} == written
    assert requests == len(sim.requests)


@pytest.mark.parametrize(
    ("end_date", "last_day"), [("2026-01-10", "2026-01-10"), ("{now}", "2026-01-15")]
)
def test_summary_has_the_last_day_of_reports(tmp_path: Path, end_date: str, last_day: str) -> None:
    """The summary has the last day that the run read: `end_date`, or the simulator's today."""
    simulator = {"advertisers": 1, "today": "2026-01-15"}
    config = {"environment": "simulator", "start_date": "2026-01-08", "end_date": end_date}
    (tmp_path / "config.json").write_text(json.dumps({**config, "simulator": simulator}))
    file = tmp_path / "run.json"
    options = ["--config", str(tmp_path / "config.json"), "--select", "campaign_performance_report"]
    assert command(*options, "--summary-file", str(file)).returncode == 0
    summary = json.loads(file.read_text())
    assert summary["requested_days"][0]["last_day"] == last_day
    assert summary["today"] == "2026-01-15"


@pytest.mark.parametrize(
    ("config", "code"), [({}, 0), ({"api_url": "http://127.0.0.1:9", "advertiser_ids": ["1"]}, 1)]
)
def test_summary_is_written_for_every_exit_code(
    tmp_path: Path, config: dict[str, t.Any], code: int
) -> None:
    """The summary is written for successful and for failed runs."""
    file = tmp_path / "summary.json"
    (tmp_path / "config.json").write_text(
        json.dumps(
            {
                "environment": "simulator",
                "access_token": "t",
                "max_retries": 0,
                "start_date": "{now}",
            }
            | config
        )
    )
    result = command("--config", str(tmp_path / "config.json"), "--summary-file", str(file))
    assert result.returncode == code
    assert json.loads(file.read_text())["exit_code"] == code
    assert len([*tmp_path.iterdir()]) == 2


def test_invalid_settings_replace_the_earlier_summary(tmp_path: Path) -> None:
    """A run with invalid settings replaces the summary of an earlier run."""
    file = tmp_path / "summary.json"
    file.write_text('{"exit_code": 0}')
    (tmp_path / "config.json").write_text('{"environment": "simulatr"}')
    result = command("--config", str(tmp_path / "config.json"), "--summary-file", str(file))
    assert result.returncode == 1
    summary = json.loads(file.read_text())
    assert (summary["exit_code"], summary["streams"]) == (1, [])
    assert f"tap-tiktok-ads: {summary['error']}\n" in result.stderr


@pytest.mark.parametrize(
    ("fault", "options", "exit_code"),
    [
        ("code", {"code": 40105}, 1),
        ("code", {"code": 40002}, 1),
        ("http", {"status": 500}, 1),
        ("code", {"code": 40100}, 75),
    ],
)
def test_summary_has_the_error_that_ended_the_run(
    sim: Simulator, tmp_path: Path, fault: str, options: dict[str, t.Any], exit_code: int
) -> None:
    """The summary has the stream and the printed message of the error, and what was completed."""
    sim.add_fault(fault, path="/campaign/get/", times=None, **options)
    config, file = tmp_path / "config.json", tmp_path / "summary.json"
    settings = config_for(sim, streams=["advertisers", "campaigns", "pixels"], max_retries=0)
    config.write_text(json.dumps(settings))
    result = command("--config", str(config), "--summary-file", str(file))
    summary = json.loads(file.read_text())
    assert (result.returncode, summary["exit_code"]) == (exit_code, exit_code)
    assert f"tap-tiktok-ads: {summary['error']}\n" in result.stderr
    assert [item["stream"] for item in summary["failed"]] == ["campaigns"]
    assert summary["failed"][0]["message"] == summary["error"]
    assert summary["completed"] == ["advertisers"]
    assert settings["access_token"] not in file.read_text()
    metrics = tmp_path / "summary.prom"
    command("--config", str(config), "--summary-file", str(metrics))
    samples = parse_samples(metrics.read_text())
    assert (samples["failed", "campaigns"], samples["exit_code", None]) == (1, exit_code)


def test_summary_has_the_requested_days(sim: Simulator, tmp_path: Path) -> None:
    """The summary has the days that reports read, also if they end in the past."""
    config, file = tmp_path / "config.json", tmp_path / "summary.json"
    days = {"start_date": "2026-01-05", "end_date": "2026-01-08"}
    streams = ["ads", "ad_performance_report"]
    settings = config_for(sim, **days, streams=streams, skip_days_before_creation=False)
    config.write_text(json.dumps(settings))
    assert command("--config", str(config), "--summary-file", str(file)).returncode == 0
    summary = json.loads(file.read_text())
    assert summary["requested_days"] == [
        {
            "first_day": "2026-01-05",
            "last_day": "2026-01-08",
            "streams": ["ad_performance_report"],
            "advertiser_ids": sim.world.advertiser_ids,
        }
    ]
    assert (sorted(summary["completed"]), summary["error"]) == (sorted(streams), None)


@pytest.mark.parametrize("name", ["none/summary.txt", ""])
def test_unwritable_summary_file_prevents_the_run(tmp_path: Path, name: str) -> None:
    """A run whose summary file cannot be written does not start."""
    config = tmp_path / "config.json"
    config.write_text('{"environment": "simulator"}')
    result = command("--config", str(config), "--summary-file", str(tmp_path / name))
    assert (result.returncode, result.stdout) == (1, "")
    assert "cannot be written" in result.stderr


def test_openmetrics_requires_prometheus_client(tmp_path: Path) -> None:
    """Without prometheus-client the run does not start, and the error names the package."""
    (tmp_path / "prometheus_client.py").write_text("raise ModuleNotFoundError")
    (tmp_path / "config.json").write_text('{"environment": "simulator"}')
    result = subprocess.run(
        [
            *(sys.executable, "-m", "tap_tiktok_ads", "--config", "config.json"),
            *("--summary-file", "summary.prom"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "Run in the environment of the tap: pip install prometheus-client" in result.stderr


def test_stream_without_records_has_samples_of_zero() -> None:
    """A stream without records has samples of 0."""
    now = dt.datetime.now(dt.timezone.utc)
    text = RunSummary(now, now, 0, [StreamCounts("a")]).to_openmetrics()
    assert parse_samples(text)["rows_total", "a"] == 0
    assert parse_samples(text)["exit_code", None] == 0
    assert "_created" not in text


def test_summary_sends_no_request(sim: Simulator, tmp_path: Path) -> None:
    """The days of a report whose lookback was not read yet do not read it after the run."""
    settings = {"lookback_days": "auto", "streams": "campaign_performance_report"}
    config = config_for(sim, **settings)
    state = run(config, ["campaign_performance_report"]).state
    for partition in state["bookmarks"]["campaign_performance_report"]["partitions"]:
        del partition["covered"]  # as in a state of an earlier version
    tap = TapTikTokAds(config=config, state=state, selected_only=True)
    _ = tap.run_context.advertisers
    request_count = len(sim.requests)
    with written_to(str(tmp_path / "run.json"), [tap.run_context]):
        pass
    assert len(sim.requests) == request_count
