"""`convert-state`: going on where singer-io's tap stopped."""

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
    """A state as singer-io's tap writes it, whose bookmarks are ten days old."""
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
    """What the command makes of a state."""
    (folder / "old.json").write_text(json.dumps(state))
    arguments = ["old.json", "--output", "state.json", *options]
    result = command("convert-state", *arguments, cwd=folder)
    assert result.returncode == 0, result.stderr
    return t.cast("dict[str, t.Any]", json.loads((folder / "state.json").read_text()))


def test_a_run_goes_on(sim: Simulator, tmp_path: Path) -> None:
    """Reports begin a look-back before the old bookmarks; objects are read in full."""
    first = min(sim.world.today(owner) for owner in sim.world.advertiser_ids)
    start = str(first - dt.timedelta(days=60))
    options = ("--start-date", start, "--lookback-days", "3")
    state = converted(tmp_path, old_state(sim), *options)
    names = [REPORT, "campaigns"]
    full = run(config_for(sim), names)
    messages = run(config_for(sim, lookback_days=3), names, state=state)
    for owner in sim.world.advertiser_ids:
        rows = [row for row in messages.records[REPORT] if row["advertiser_id"] == owner]
        first = sim.world.today(owner) - dt.timedelta(days=13)
        assert min(row["stat_time_day"] for row in rows) == str(first)
    assert len(messages.records["campaigns"]) == len(full.records["campaigns"])


def test_without_a_start(sim: Simulator, tmp_path: Path) -> None:
    """Nothing proves which days the other tap read. Reports are read from the start."""
    state = converted(tmp_path, old_state(sim))
    full = run(config_for(sim), [REPORT]).keyed(REPORT)
    assert full.items() <= run(config_for(sim), [REPORT], state=state).keyed(REPORT).items()
    pauses = [
        (part["covered"], part["start_floor"]) for part in state["bookmarks"][REPORT]["partitions"]
    ]
    days = [sim.world.today(owner) - dt.timedelta(days=38) for owner in sim.world.advertiser_ids]
    assert pauses == [([], str(day)) for day in days]


def test_the_new_form(tmp_path: Path) -> None:
    """Days are covered from the start up to the lookback before the bookmark."""
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
def test_reset(sim: Simulator, tmp_path: Path, wrap: str | None) -> None:
    """The next run reads the streams that were reset from their start, and the others go on."""
    other = "campaign_performance_report"
    names = [REPORT, other, "campaigns"]
    first = run(config_for(sim), names)
    document = {wrap: first.state} if wrap else first.state
    found = converted(tmp_path, document, "--reset", REPORT, "--reset", "campaigns")
    state = found[wrap] if wrap else found
    assert state["bookmarks"][other] == first.state["bookmarks"][other]
    assert "metrics" not in state["bookmarks"][REPORT]
    assert all(part["covered"] == [] for part in state["bookmarks"][REPORT]["partitions"])
    second = run(config_for(sim), names, state=state)
    for name in (REPORT, "campaigns"):
        assert second.records[name] == first.records[name]
    assert 0 < len(second.records[other]) < len(first.records[other])


def test_reset_before_the_first_run(tmp_path: Path) -> None:
    """An empty state has nothing to reset."""
    assert converted(tmp_path, {}, "--reset", REPORT) == {}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"value": {}}, "no object of streams"),
        ({"bookmarks": 7}, "no object of streams"),
        ({"bookmarks": {"ad_performance_reports": {}}}, "did you mean 'ad_performance_reports'"),
        ({"bookmarks": {REPORT: 7}}, "has no stream 'ad_performance_report'"),
    ],
)
def test_reset_of_another_file(tmp_path: Path, state: t.Any, sentence: str) -> None:
    """It is refused with one sentence."""
    (tmp_path / "old.json").write_text(json.dumps(state))
    result = command("convert-state", "old.json", "--reset", REPORT, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_with_objects(sim: Simulator, tmp_path: Path) -> None:
    """Their bookmarks are taken over on request."""
    state = converted(tmp_path, old_state(sim), "--with-objects")
    (part, _) = state["bookmarks"]["campaigns"]["partitions"]
    assert part["replication_key_value"] == "2026-01-05T10:00:00Z"
    assert "ad_groups" not in state["bookmarks"]
    rows = run(config_for(sim), ["campaigns"], state=state).records["campaigns"]
    changed = [row["modify_time"] for row in rows if row["modify_time"]]  # not Promote
    assert min(changed) >= "2026-01-05T10:00:00Z"


def test_without_advertisers(tmp_path: Path) -> None:
    """A bookmark that names none is that of the advertisers that the command is told."""
    old = {"bookmarks": {"ad_insights": "2026-02-03T00:00:00Z"}}
    state = converted(tmp_path, old, "--advertiser-id", "1", "--advertiser-id", "2")
    found = {
        part["context"]["advertiser_id"]: part["start_floor"]
        for part in state["bookmarks"][REPORT]["partitions"]
    }
    assert found == {"1": "2026-01-06", "2": "2026-01-06"}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({}, "no object of streams"),
        ({"bookmarks": []}, "no object of streams"),
        ({"bookmarks": {"ad_insights": "2026-02-03T00:00:00Z"}}, "--advertiser-id"),
        ({"bookmarks": {"ad_insights": {"1": "soon"}}}, "no time: 'soon'"),
        ({"bookmarks": {"ad_insights": {"1": None}}}, "no time"),
        ({"bookmarks": {"ad_insights": {"partitions": []}}}, "one of this tap already"),
        ([], "JSON object"),
    ],
)
def test_another_file(tmp_path: Path, state: t.Any, sentence: str) -> None:
    """It is refused with one sentence."""
    (tmp_path / "old.json").write_text(json.dumps(state))
    result = command("convert-state", "old.json", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_the_old_state_itself(tmp_path: Path) -> None:
    """The tap does not take it for one of its own, and names the command."""
    old = {"bookmarks": {"ad_insights": {"7000000000000000001": "2026-02-03T00:00:00Z"}}}
    (tmp_path / "old.json").write_text(json.dumps(old))
    (tmp_path / "config.json").write_text('{"environment": "simulator"}')
    result = command("--config", "config.json", "--state", "old.json", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert "convert-state" in result.stderr
