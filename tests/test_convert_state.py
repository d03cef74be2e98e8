"""`state convert` continues from the state of singer-io's tap."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

import pytest
from conftest import command, config_for, run

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

REPORT = "ad_performance_report"


def old_state(sim: Simulator) -> dict[str, t.Any]:
    """Return a state in the format of singer-io's tap, with bookmarks of ten days ago."""
    days = {
        owner: f"{sim.world.today(owner) - dt.timedelta(days=10)}T00:00:00.000000Z"
        for owner in sim.world.advertiser_ids
    }
    return {
        "currently_syncing": "ads",
        "bookmarks": {
            "advertisers": "2020-05-01T00:00:00Z",
            "campaigns": dict.fromkeys(days, "2026-01-05T10:00:00Z"),
            "ad_insights": days,
            "ad_insights_by_country": days,
            "campaign_insights_by_province": days,
        },
    }


def converted(folder: Path, state: t.Any, *options: str) -> dict[str, t.Any]:
    """Return the output of the command for a state."""
    (folder / "old.json").write_text(json.dumps(state))
    arguments = ["old.json", "--output", "state.json", *options]
    result = command("state", "convert", *arguments, cwd=folder)
    assert result.returncode == 0, result.stderr
    return t.cast("dict[str, t.Any]", json.loads((folder / "state.json").read_text()))


def test_converted_state_starts_before_the_old_bookmark(sim: Simulator, tmp_path: Path) -> None:
    """Reports start a lookback before the old bookmarks, and objects are read completely."""
    first = min(sim.world.today(owner) for owner in sim.world.advertiser_ids)
    start = str(first - dt.timedelta(days=60))
    options = ("--start-date", start, "--lookback-days", "3")
    state = converted(tmp_path, old_state(sim), *options)
    names = [REPORT, "campaigns"]
    full = run(config_for(sim), names)
    messages = run(config_for(sim, lookback_days=3), names, state=state)
    for owner in sim.world.advertiser_ids:
        records = [
            record for record in messages.records[REPORT] if record["advertiser_id"] == owner
        ]
        first = sim.world.today(owner) - dt.timedelta(days=13)
        assert min(record["stat_time_day"] for record in records) == str(first)
    assert len(messages.records["campaigns"]) == len(full.records["campaigns"])


def test_converted_state_without_start_covers_nothing(sim: Simulator, tmp_path: Path) -> None:
    """Without --start-date no day is covered, so reports are read from the start."""
    state = converted(tmp_path, old_state(sim))
    full = run(config_for(sim), [REPORT]).keyed(REPORT)
    assert full.items() <= run(config_for(sim), [REPORT], state=state).keyed(REPORT).items()
    pauses = [
        (partition["covered"], partition["start_floor"])
        for partition in state["bookmarks"][REPORT]["partitions"]
    ]
    days = [sim.world.today(owner) - dt.timedelta(days=38) for owner in sim.world.advertiser_ids]
    assert pauses == [([], str(day)) for day in days]


def test_converted_state_covers_days_before_the_lookback(tmp_path: Path) -> None:
    """Days are covered from --start-date to the lookback before the bookmark."""
    old = {"bookmarks": {"ad_insights": {"1": "2026-02-03T00:00:00Z"}}}
    state = converted(tmp_path, old, "--start-date", "2026-01-01", "--lookback-days", "7")
    assert state["bookmarks"][REPORT]["partitions"] == [
        {
            "context": {"advertiser_id": "1"},
            "covered": [["2026-01-01", "2026-01-26"]],
            "start_floor": "2026-01-01",
            "read_from": "2026-01-01",
            "replication_key": "stat_time_day",
            "replication_key_value": "2026-01-26",
        }
    ]


@pytest.mark.parametrize("wrap", [None, "singer_state", "value"])
def test_reset_reads_a_stream_from_its_start(
    sim: Simulator, tmp_path: Path, wrap: str | None
) -> None:
    """The next run reads reset streams from their start, and continues other streams."""
    kept_stream = "campaign_performance_report"
    names = [REPORT, kept_stream, "campaigns"]
    first = run(config_for(sim), names)
    document = {wrap: first.state} if wrap else first.state
    document_after = converted(tmp_path, document, "--reset", REPORT, "--reset", "campaigns")
    state = document_after[wrap] if wrap else document_after
    assert state["bookmarks"][kept_stream] == first.state["bookmarks"][kept_stream]
    assert "metrics" not in state["bookmarks"][REPORT]
    assert all(partition["covered"] == [] for partition in state["bookmarks"][REPORT]["partitions"])
    second = run(config_for(sim), names, state=state)
    for name in (REPORT, "campaigns"):
        assert second.records[name] == first.records[name]
    assert 0 < len(second.records[kept_stream]) < len(first.records[kept_stream])


def test_reset_accepts_an_empty_state(tmp_path: Path) -> None:
    """An empty state stays empty."""
    assert converted(tmp_path, {}, "--reset", REPORT) == {}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"value": {}}, "an object of streams"),
        ({"bookmarks": 7}, "an object of streams"),
        ({"bookmarks": {"ad_performance_reports": {}}}, "did you mean 'ad_performance_reports'"),
        ({"bookmarks": {REPORT: 7}}, "expected an object in the state, got 7."),
    ],
)
def test_reset_rejects_invalid_states(tmp_path: Path, state: t.Any, sentence: str) -> None:
    """An invalid state file ends the command with one sentence."""
    (tmp_path / "old.json").write_text(json.dumps(state))
    result = command("state", "convert", "old.json", "--reset", REPORT, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_with_objects_converts_object_bookmarks(sim: Simulator, tmp_path: Path) -> None:
    """--with-objects converts the bookmarks of objects."""
    state = converted(tmp_path, old_state(sim), "--with-objects")
    (partition, _) = state["bookmarks"]["campaigns"]["partitions"]
    assert partition["replication_key_value"] == "2026-01-05T10:00:00Z"
    assert "ad_groups" not in state["bookmarks"]
    records = run(config_for(sim), ["campaigns"], state=state).records["campaigns"]
    changed = [
        record["modify_time"] for record in records if record["modify_time"]
    ]  # Promote campaigns have no modify_time
    assert min(changed) >= "2026-01-05T10:00:00Z"


def test_bookmark_without_advertiser_uses_the_option(tmp_path: Path) -> None:
    """A bookmark without an advertiser becomes the bookmark of each --advertiser-id."""
    old = {"bookmarks": {"ad_insights": "2026-02-03T00:00:00Z"}}
    state = converted(tmp_path, old, "--advertiser-id", "1", "--advertiser-id", "2")
    starts = {
        partition["context"]["advertiser_id"]: partition["start_floor"]
        for partition in state["bookmarks"][REPORT]["partitions"]
    }
    assert starts == {"1": "2026-01-06", "2": "2026-01-06"}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({}, "an object of streams"),
        ({"bookmarks": []}, "an object of streams"),
        ({"bookmarks": {"ad_insights": "2026-02-03T00:00:00Z"}}, "--advertiser-id"),
        (
            {"bookmarks": {"ad_insights": {"1": "soon"}}},
            "expected a time such as 2026-01-31T00:00:00Z, got 'soon'.",
        ),
        ({"bookmarks": {"ad_insights": {"1": None}}}, "got null."),
        ({"bookmarks": {"ad_insights": {"partitions": []}}}, "have the form of this tap"),
        ([], "JSON object"),
    ],
)
def test_invalid_old_state_is_an_error(tmp_path: Path, state: t.Any, sentence: str) -> None:
    """A state of another format ends the command with one sentence."""
    (tmp_path / "old.json").write_text(json.dumps(state))
    result = command("state", "convert", "old.json", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_tap_rejects_an_unconverted_state(tmp_path: Path) -> None:
    """The tap rejects a state of singer-io's tap, and names the command."""
    old = {"bookmarks": {"ad_insights": {"7000000000000000001": "2026-02-03T00:00:00Z"}}}
    (tmp_path / "old.json").write_text(json.dumps(old))
    (tmp_path / "config.json").write_text('{"environment": "simulator"}')
    result = command("--config", "config.json", "--state", "old.json", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert "state convert" in result.stderr
