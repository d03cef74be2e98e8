"""Error isolation: a failure is reported, and does not stop other streams and advertisers."""

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


def test_skip_reads_other_advertisers_and_streams(sim: Simulator) -> None:
    """With `skip`, other advertisers and streams are read, and failed bookmarks stay."""
    broken, healthy = sim.world.advertiser_ids
    sim.add_fault("code", path=PATH, advertiser_id=broken, times=None, **BROKEN)
    messages = run(config_for(sim, on_error="skip"), [REPORT, ADS, "sync_errors"])
    assert {record["advertiser_id"] for record in messages.records[REPORT]} == {healthy}
    assert {record["advertiser_id"] for record in messages.records[ADS]} == {broken, healthy}
    assert set(messages.bookmarks(REPORT)) == {healthy}
    assert messages.records["sync_errors"]
    for record in messages.records["sync_errors"]:
        assert (record["stream"], record["advertiser_id"]) == (REPORT, broken)
        assert (record["code"], record["action"]) == (77777, "left out")
        assert record["window_start"] <= record["window_end"]
        assert record["request_id"] in record["message"]
    assert [message["stream"] for message in messages.all if message["type"] == "RECORD"][
        -1
    ] == "sync_errors"


def test_fail_stops_the_run(sim: Simulator) -> None:
    """With `fail`, the run stops, and `sync_errors` has the error."""
    sim.add_fault("code", path=PATH, times=None, **BROKEN)
    with pytest.raises(errors.RejectedRequestError) as failure:
        run(config_for(sim), [REPORT, "sync_errors"])
    messages: Messages = failure.value.messages  # type: ignore[attr-defined]
    (record,) = messages.records["sync_errors"]
    assert (record["code"], record["action"]) == (77777, "ended the run")


def test_denied_advertiser_is_skipped(sim: Simulator) -> None:
    """A denied advertiser is skipped with any setting, and reported once per error."""
    denied, readable = sim.world.advertiser_ids
    sim.add_fault("code", path=PATH, advertiser_id=denied, times=None, code=40001)
    messages = run(config_for(sim, max_concurrency=1), [REPORT, "sync_errors"])
    assert {record["advertiser_id"] for record in messages.records[REPORT]} == {readable}
    (record,) = messages.records["sync_errors"]
    assert (record["advertiser_id"], record["code"], record["action"]) == (denied, 40001, "skipped")


def test_invalid_token_stops_every_run(sim: Simulator) -> None:
    """An invalid token stops the run, even with `skip`."""
    sim.add_fault("code", path=PATH, times=None, code=40105)
    with pytest.raises(errors.AuthError):
        run(config_for(sim, on_error="skip"), [REPORT])


@pytest.mark.parametrize(("code", "expected"), [(77777, 1), (40001, 0)])
def test_exit_code_is_1_after_an_error(
    sim: Simulator, tmp_path: Path, code: int, expected: int
) -> None:
    """The exit code is 1 after an error, and 0 after a missing permission."""
    broken = sim.world.advertiser_ids[0]
    sim.add_fault("code", path=PATH, advertiser_id=broken, times=None, code=code)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_for(sim, on_error="skip")))
    result = command("--config", str(config))
    assert result.returncode == expected
    assert json.loads(result.stdout.splitlines()[-1])["type"] == "STATE"
    assert (f"{REPORT} (advertiser {broken})" in result.stderr) is (expected == 1)
    assert "Traceback" not in result.stderr


# Final records


@pytest.mark.parametrize("lookback", [0, 7])
def test_final_records_are_never_read_twice(sim: Simulator, lookback: int) -> None:
    """A record is final if no later run reads it, assuming daily runs.

    Without a lookback, the last daily read of a day is too early, so its records are never
    final.
    """
    config = config_for(sim, lookback_days=lookback, start_date="{now-20}")
    messages = run(config, [REPORT])
    days = max(lookback + 1, 2)
    for record in messages.records[REPORT]:
        today = sim.world.today(record["advertiser_id"])
        age = (today - today.fromisoformat(record["stat_time_day"])).days
        assert record["is_final"] is (age >= days)
    assert {record["is_final"] for record in messages.records[REPORT]} == {True, False}
    final = {key for key, record in messages.keyed(REPORT).items() if record["is_final"]}
    later = run(config, [REPORT], state=messages.state)
    assert later.records[REPORT]
    assert final.isdisjoint(later.keyed(REPORT))


def test_hours_are_final_with_their_day(sim: Simulator) -> None:
    """Hours are final together with their day, and lifetime reports have no `is_final`."""
    messages = run(
        config_for(sim, start_date="{now-9}"),
        ["campaign_performance_report_hourly", "campaign_performance_report_lifetime"],
    )
    hourly = messages.records["campaign_performance_report_hourly"]
    by_day: dict[tuple[str, str], set[bool]] = {}
    for record in hourly:
        key = (record["advertiser_id"], record["stat_time_hour"][:10])
        by_day.setdefault(key, set()).add(record["is_final"])
    assert all(len(flags) == 1 for flags in by_day.values())
    assert "is_final" not in messages.records["campaign_performance_report_lifetime"][0]


# Personal data

CONTACTS = {"contacter", "email", "cellphone_number", "telephone_number"}


@pytest.mark.parametrize("pii", ["hash", "drop"])
def test_contacts_are_hashed_or_dropped(sim: Simulator, pii: str) -> None:
    """No message contains a contact of an advertiser, and equal contacts have equal hashes."""
    plain = run(config_for(sim), ["advertisers"]).records["advertisers"]
    messages = run(config_for(sim, pii=pii), ["advertisers"])
    values = {str(record[name]) for record in plain for name in CONTACTS if record.get(name)}
    assert values
    tap = TapTikTokAds(config=config_for(sim, pii=pii), allow_requests=False, setup_mapper=False)
    stream = t.cast("t.Any", tap.streams["advertisers"])
    sampled = stream.cast_sample(stream.sample(1, tap.run_context.client.send))
    assert sampled
    text = json.dumps([messages.all, sampled])
    assert not any(value in text for value in values)
    columns = messages.schemas["advertisers"]["schema"]["properties"].keys()
    assert (columns >= CONTACTS) is (pii == "hash")
    for record in messages.records["advertisers"]:
        hashes = {record[name] for name in CONTACTS & record.keys() if record[name]}
        assert all(len(digest) == 64 for digest in hashes)
        assert bool(hashes) is (pii == "hash")


def test_failed_retries_and_inconsistent_counts_are_reported(sim: Simulator) -> None:
    """`sync_errors` has failed retries with their request IDs, and inconsistent counts."""
    sim.add_fault("code", path="/file/video/ad/search/", times=None, code=50002)
    sim.add_fault("drop_row", path="/campaign/get/", times=None)
    config = config_for(sim, on_error="skip", max_retries=0)
    records = run(config, ["campaigns", "video_creatives", "sync_errors"]).records["sync_errors"]
    for record in records:
        if record["code"] == 50002:
            assert record["request_id"] in record["message"]
    assert {(record["stream"], record["action"]) for record in records} >= {
        ("video_creatives", "left out"),
        ("campaigns", "kept"),
    }
