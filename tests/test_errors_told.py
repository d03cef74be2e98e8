"""Isolation: what fails is told of, and stops nothing else."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import Messages, command, config_for, run

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.simulator import Simulator

REPORT = "campaign_performance_report"
ADS = "ads"
PATH = "/report/integrated/get/"
BROKEN: dict[str, t.Any] = {"code": 77777, "message": "Out of order."}


def test_going_on(sim: Simulator) -> None:
    """With `skip`, other advertisers and streams are read; bookmarks of what failed stay."""
    broken, whole = sim.world.advertiser_ids
    sim.add_fault("code", path=PATH, advertiser_id=broken, times=None, **BROKEN)
    messages = run(config_for(sim, on_error="skip"), [REPORT, ADS, "sync_errors"])
    assert {row["advertiser_id"] for row in messages.records[REPORT]} == {whole}
    assert {row["advertiser_id"] for row in messages.records[ADS]} == {broken, whole}
    assert set(messages.bookmarks(REPORT)) == {whole}
    assert messages.records["sync_errors"]
    for row in messages.records["sync_errors"]:
        assert (row["stream"], row["advertiser_id"]) == (REPORT, broken)
        assert (row["code"], row["action"]) == (77777, "left out")
        assert row["window_start"] <= row["window_end"]
        assert row["request_id"] in row["message"]
    assert [m["stream"] for m in messages.all if m["type"] == "RECORD"][-1] == "sync_errors"


def test_ending(sim: Simulator) -> None:
    """With `fail`, the run ends there, and its error is told of first."""
    sim.add_fault("code", path=PATH, times=None, **BROKEN)
    with pytest.raises(errors.RejectedRequestError) as failure:
        run(config_for(sim), [REPORT, "sync_errors"])
    messages: Messages = failure.value.messages  # type: ignore[attr-defined]
    (row,) = messages.records["sync_errors"]
    assert (row["code"], row["action"]) == (77777, "ended the run")


def test_permission(sim: Simulator) -> None:
    """What may not be read is skipped, whatever the setting, and told of once for each error."""
    lost, kept = sim.world.advertiser_ids
    sim.add_fault("code", path=PATH, advertiser_id=lost, times=None, code=40001)
    messages = run(config_for(sim, max_concurrency=1), [REPORT, "sync_errors"])
    assert {row["advertiser_id"] for row in messages.records[REPORT]} == {kept}
    (row,) = messages.records["sync_errors"]
    assert (row["advertiser_id"], row["code"], row["action"]) == (lost, 40001, "skipped")


def test_a_refused_token_ends_every_run(sim: Simulator) -> None:
    """There is nothing to go on with."""
    sim.add_fault("code", path=PATH, times=None, code=40105)
    with pytest.raises(errors.AuthError):
        run(config_for(sim, on_error="skip"), [REPORT])


@pytest.mark.parametrize(("code", "expected"), [(77777, 1), (40001, 0)])
def test_exit_code(sim: Simulator, tmp_path: Path, code: int, expected: int) -> None:
    """It is 1 where something was not read for another reason than permission; a STATE is last."""
    broken = sim.world.advertiser_ids[0]
    sim.add_fault("code", path=PATH, advertiser_id=broken, times=None, code=code)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_for(sim, on_error="skip")))
    result = command("--config", str(config))
    assert result.returncode == expected
    assert json.loads(result.stdout.splitlines()[-1])["type"] == "STATE"
    assert (f"{REPORT} (advertiser {broken})" in result.stderr) is (expected == 1)
    assert "Traceback" not in result.stderr


# Final rows


@pytest.mark.parametrize("lookback", [0, 7])
def test_final_rows(sim: Simulator, lookback: int) -> None:
    """A row is final once no later run reads it: at its last reading, if runs come daily.

    Without a look-back, that last reading is before TikTok's delays are over: never, then.
    """
    config = config_for(sim, lookback_days=lookback, start_date="{now-20}")
    messages = run(config, [REPORT])
    days = max(lookback + 1, 2)
    for row in messages.records[REPORT]:
        today = sim.world.today(row["advertiser_id"])
        age = (today - today.fromisoformat(row["stat_time_day"])).days
        assert row["is_final"] is (age >= days)
    assert {row["is_final"] for row in messages.records[REPORT]} == {True, False}
    final = {key for key, row in messages.keyed(REPORT).items() if row["is_final"]}
    later = run(config, [REPORT], state=messages.state)
    assert later.records[REPORT]
    assert final.isdisjoint(later.keyed(REPORT))


def test_final_hours(sim: Simulator) -> None:
    """Hours are final with their day; reports of all time have no such column."""
    messages = run(
        config_for(sim, start_date="{now-9}"),
        ["campaign_performance_report_hourly", "campaign_performance_report_lifetime"],
    )
    hourly = messages.records["campaign_performance_report_hourly"]
    by_day: dict[tuple[str, str], set[bool]] = {}
    for row in hourly:
        key = (row["advertiser_id"], row["stat_time_hour"][:10])
        by_day.setdefault(key, set()).add(row["is_final"])
    assert all(len(found) == 1 for found in by_day.values())
    assert "is_final" not in messages.records["campaign_performance_report_lifetime"][0]


# Personal data

CONTACTS = {"contacter", "email", "cellphone_number", "telephone_number"}


@pytest.mark.parametrize("pii", ["hash", "drop"])
def test_personal_data(sim: Simulator, pii: str) -> None:
    """No contact of an advertiser is in any message; equal values have equal hashes."""
    plain = run(config_for(sim), ["advertisers"]).records["advertisers"]
    messages = run(config_for(sim, pii=pii), ["advertisers"])
    values = {str(row[name]) for row in plain for name in CONTACTS if row.get(name)}
    assert values
    tap = TapTikTokAds(config=config_for(sim, pii=pii), allow_requests=False, setup_mapper=False)
    stream = t.cast("t.Any", tap.streams["advertisers"])
    sampled = stream.cast_sample(stream.sample(1, tap.run_context.client.send))
    assert sampled
    text = json.dumps([messages.all, sampled])
    assert not any(value in text for value in values)
    columns = messages.schemas["advertisers"]["schema"]["properties"].keys()
    assert (columns >= CONTACTS) is (pii == "hash")
    for row in messages.records["advertisers"]:
        found = {row[name] for name in CONTACTS & row.keys() if row[name]}
        assert all(len(one) == 64 for one in found)
        assert bool(found) is (pii == "hash")


def test_request_ids_and_odd_counts(sim: Simulator) -> None:
    """A retry in vain is told with TikTok's request id; a count that fits nothing is told, too."""
    sim.add_fault("code", path="/file/video/ad/search/", times=None, code=50002)
    sim.add_fault("drop_row", path="/campaign/get/", times=None)
    config = config_for(sim, on_error="skip", max_retries=0)
    rows = run(config, ["campaigns", "video_creatives", "sync_errors"]).records["sync_errors"]
    for row in rows:
        if row["code"] == 50002:
            assert row["request_id"] in row["message"]
    assert {(row["stream"], row["action"]) for row in rows} >= {
        ("video_creatives", "left out"),
        ("campaigns", "kept"),
    }
