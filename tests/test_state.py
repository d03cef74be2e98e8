"""Bookmarks and state between runs."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
import typing as t

import pendulum
import pytest
from conftest import SPARSE, Messages, asks_for_top_view, config_for, run

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.streams.entities import Ads

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT = "ad_performance_report"
PATH = "/report/integrated/get/"
INCREMENTAL_STREAMS = ["campaigns", "ad_groups", "ads", "video_creatives", "image_creatives"]
KINDS = {"video_creatives": "videos", "image_creatives": "images"}


def requested_windows(sim: Simulator, advertiser_id: str, since: int) -> list[tuple[str, str]]:
    """Return the windows of an advertiser's report requests, from request `since` on."""
    return [
        (request.params["start_date"], request.params["end_date"])
        for request in sim.requests[since:]
        if request.path == PATH
        and request.advertiser_id == advertiser_id
        and not asks_for_top_view(request)
    ]


def test_incremental_sync_resumes_before_bookmark(sim: Simulator) -> None:
    """An incremental sync re-reads the last `lookback_days` days and the day of the bookmark."""
    config = config_for(sim, lookback_days=4)
    first = run(config, streams=[REPORT])
    request_count = len(sim.requests)
    second = run(config, streams=[REPORT], state=first.state)
    for advertiser_id in sim.world.advertiser_ids:
        today = pendulum.instance(sim.world.today(advertiser_id))
        assert first.bookmarks(REPORT)[advertiser_id] == str(today.subtract(days=5))
        window = (str(today.subtract(days=4)), str(today))
        assert requested_windows(sim, advertiser_id, request_count) == [window]
        first_records, second_records = (
            [r for r in messages.records[REPORT] if r["advertiser_id"] == advertiser_id]
            for messages in (first, second)
        )
        assert second_records == [r for r in first_records if r["stat_time_day"] >= window[0]]
    assert second.state == first.state


@pytest.mark.parametrize(
    ("start_date", "first_day"),
    [("{now-3}", 25), ("fixed", 10)],
    ids=["rolling start date", "fixed start date"],
)
def test_sync_starts_at_bookmark_or_fixed_start_date(
    sim: Simulator, start_date: str, first_day: int
) -> None:
    """A sync starts before an old bookmark, but not before a fixed start date."""
    advertiser_id = sim.world.advertiser_ids[0]
    today = pendulum.instance(sim.world.today(advertiser_id))
    if start_date == "fixed":
        start_date = str(today.subtract(days=10))
    config = config_for(sim, start_date=start_date, lookback_days=5, advertiser_ids=[advertiser_id])
    bookmark = {
        "context": {"advertiser_id": advertiser_id},
        "replication_key": "stat_time_day",
        "replication_key_value": str(today.subtract(days=20)),
    }
    run(config, streams=[REPORT], state={"bookmarks": {REPORT: {"partitions": [bookmark]}}})
    days = [first for first, _ in requested_windows(sim, advertiser_id, 0)]
    assert min(days) == str(today.subtract(days=first_day))


def test_empty_windows_advance_the_bookmark(sim: Simulator) -> None:
    """Windows without records advance the bookmark."""
    messages = run(config_for(sim, start_date="{now-100}"), streams=[REPORT])
    for advertiser_id in sim.world.advertiser_ids:
        today = pendulum.instance(sim.world.today(advertiser_id))
        assert messages.bookmarks(REPORT)[advertiser_id] == str(today.subtract(days=8))
        days = {r["stat_time_day"] for r in messages.records[REPORT]}
        assert max(days) >= str(today.subtract(days=1))


@pytest.mark.parametrize("stream", INCREMENTAL_STREAMS)
def test_incremental_sync_reads_changed_objects(sim: Simulator, stream: str) -> None:
    """An incremental sync writes changed objects and the newest ones of the last sync."""
    first = run(config_for(sim), streams=[stream])
    bookmarks = first.bookmarks(stream)
    changed = random.Random(1).choice(first.records[stream])
    object_id = changed[first.schemas[stream]["key_properties"][1]]
    now = dt.datetime.now(dt.timezone.utc)
    sim.world.touch(KINDS.get(stream, stream), object_id, now)
    second = run(config_for(sim), streams=[stream], state=first.state)
    keys = {key[1] for key in second.keyed(stream)}
    latest = {
        record[first.schemas[stream]["key_properties"][1]]
        for record in first.records[stream]
        if record.get("modify_time") in {None, bookmarks[record["advertiser_id"]]}
    }
    assert keys == {object_id} | latest
    touched = next(record for record in second.records[stream] if object_id in record.values())
    assert touched["modify_time"] > changed["modify_time"]


def ad_filters(sim: Simulator, position: int, path: str) -> list[dict[str, t.Any]]:
    """Return the filters of the requests to an endpoint, without the TopView lists."""
    filters = [json.loads(r.params["filtering"]) for r in sim.requests[position:] if r.path == path]
    return [filtering for filtering in filters if "buying_types" not in filtering]


def test_incremental_sync_of_smart_plus_ads_uses_modified_after(sim: Simulator) -> None:
    """An incremental sync of Smart+ ads lists only ads that can have changed."""
    first = run(config_for(sim), streams=["smart_plus_ads"])
    position = len(sim.requests)
    run(config_for(sim), streams=["smart_plus_ads"], state=first.state)
    filters = ad_filters(sim, position, "/smart_plus/ad/get/")
    assert len(filters) == len(sim.world.advertiser_ids)
    assert all("modified_after" in filtering for filtering in filters)


def test_incremental_sync_reads_a_short_list_of_ads_completely(sim: Simulator) -> None:
    """If all ads fit on one page, one request replaces the list of changes and of Promote ads."""
    first = run(config_for(sim), streams=["ads"])
    position = len(sim.requests)
    run(config_for(sim), streams=["ads"], state=first.state)
    filters = ad_filters(sim, position, "/ad/get/")
    assert len(filters) == len(sim.world.advertiser_ids)
    assert not any("modified_after" in filtering for filtering in filters)


@pytest.mark.parametrize("sim", [{"seed": seed, "ads": 4} for seed in (1, 2, 3)], indirect=True)
def test_incremental_sync_of_a_long_list_uses_modified_after(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of ads of several pages is replaced by its changes, and no change is lost."""
    first = run(config_for(sim), streams=["ads"])
    sim.world.touch("ads", first.records["ads"][0]["ad_id"], dt.datetime.now(dt.timezone.utc))
    short = run(config_for(sim), streams=["ads"], state=first.state)
    monkeypatch.setattr(Ads, "page_size", 5)
    position = len(sim.requests)
    long = run(config_for(sim), streams=["ads"], state=first.state)
    filters = ad_filters(sim, position, "/ad/get/")
    assert len(filters) == 3 * len(sim.world.advertiser_ids)
    assert sum("modified_after" in filtering for filtering in filters) == 2
    assert long.keyed("ads") == short.keyed("ads")
    assert len(long.records["ads"]) == len(short.records["ads"])
    assert long.bookmarks("ads") == short.bookmarks("ads")


def test_streams_of_one_list_request_it_once(sim: Simulator) -> None:
    """Streams of Smart+ ads share one list, and each drops what has not changed for it."""
    streams = ["smart_plus_ads", "smart_plus_ad_creatives", "smart_plus_ad_media"]
    first = run(config_for(sim), streams=streams)
    state = copy.deepcopy(first.state)
    for partition in state["bookmarks"]["smart_plus_ad_media"]["partitions"]:
        partition["replication_key_value"] = "2020-01-01T00:00:00Z"
    position = len(sim.requests)
    second = run(config_for(sim), streams=streams, state=state)
    filters = ad_filters(sim, position, "/smart_plus/ad/get/")
    assert len(filters) == len(sim.world.advertiser_ids)
    assert second.records["smart_plus_ad_media"] == first.records["smart_plus_ad_media"]
    alone = run(config_for(sim), streams=["smart_plus_ads"], state=state)
    assert second.records["smart_plus_ads"] == alone.records["smart_plus_ads"]


def test_a_stream_that_needs_all_ads_shares_its_list(sim: Simulator) -> None:
    """Reviews need all Smart+ ads, so the incremental streams read the same complete list."""
    streams = ["smart_plus_ads", "smart_plus_ad_suggestions"]
    first = run(config_for(sim), streams=streams)
    alone = run(config_for(sim), streams=["smart_plus_ads"], state=first.state)
    position = len(sim.requests)
    second = run(config_for(sim), streams=streams, state=first.state)
    filters = ad_filters(sim, position, "/smart_plus/ad/get/")
    assert len(filters) == len(sim.world.advertiser_ids)
    assert not any("modified_after" in filtering for filtering in filters)
    assert second.records["smart_plus_ads"] == alone.records["smart_plus_ads"]


def test_bookmark_precedes_the_first_response(sim: Simulator) -> None:
    """A change during the sync does not advance the bookmark past the start of the sync."""
    advertiser_id = sim.world.advertiser_ids[0]
    config = config_for(sim, advertiser_ids=[advertiser_id])
    first = run(config, streams=["campaigns"])
    newest = first.records["campaigns"][0]["campaign_id"]
    now = pendulum.now("UTC")
    sim.world.touch("campaigns", newest, now)
    second = run(config, streams=["campaigns"])
    bookmark = pendulum.parse(second.bookmarks("campaigns")[advertiser_id])
    assert isinstance(bookmark, pendulum.DateTime)
    assert bookmark < now.subtract(minutes=9)


def test_full_table_in_catalog_ignores_the_bookmark(sim: Simulator) -> None:
    """A stream that the catalog sets to FULL_TABLE is read from its start date."""
    from conftest import catalog_of  # noqa: PLC0415

    config = config_for(sim)
    first = run(config, streams=[REPORT])
    catalog = catalog_of(config, [REPORT])
    entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == REPORT)
    entry["replication_method"] = "FULL_TABLE"
    second = run(config, catalog=catalog, state=first.state)
    assert second.records[REPORT] == first.records[REPORT]


def test_failed_sync_keeps_finished_bookmarks(sim: Simulator) -> None:
    """A failed sync keeps the bookmarks of finished advertisers, and the next one resumes."""
    finished, failing = sim.world.advertiser_ids
    config = config_for(sim, lookback_days=0, backfill_order="oldest_first")
    complete = run(config, streams=[REPORT])
    sim.add_fault("code", path=PATH, advertiser_id=failing, times=None, code=40002)
    with pytest.raises(errors.RejectedRequestError) as failure:
        run(config, streams=[REPORT])
    failed: Messages = failure.value.messages  # type: ignore[attr-defined]
    yesterday = sim.world.today(finished) - dt.timedelta(days=1)
    assert failed.bookmarks(REPORT) == {finished: str(yesterday)}
    sim.faults.clear()
    resumed = run(config, streams=[REPORT], state=failed.state)
    assert {**failed.keyed(REPORT), **resumed.keyed(REPORT)} == complete.keyed(REPORT)


def test_lost_permission_keeps_the_bookmark(sim: Simulator) -> None:
    """An advertiser that loses permission during the sync keeps its bookmark."""
    denied, granted = sim.world.advertiser_ids
    config = config_for(sim, start_date="{now-80}")
    sim.add_fault("code", path=PATH, advertiser_id=denied, times=None, code=40001)
    messages = run(config, streams=[REPORT])
    assert set(messages.bookmarks(REPORT)) == {granted}
    assert {record["advertiser_id"] for record in messages.records[REPORT]} == {granted}


def test_rejected_window_is_read_by_the_next_sync(sim: Simulator) -> None:
    """A window without permission is read by the next sync, and the other window is covered."""
    advertiser_id = sim.world.advertiser_ids[0]
    config = config_for(sim, advertiser_ids=[advertiser_id])
    complete = run(config, streams=[REPORT])
    both_windows = requested_windows(sim, advertiser_id, 0)
    sim.add_fault("code", path=PATH, times=1, code=40001)  # whichever window comes first
    partial = run(config, streams=[REPORT])
    assert len(both_windows) == 2
    resumed = run(config, streams=[REPORT], state=partial.state)
    assert {**partial.keyed(REPORT), **resumed.keyed(REPORT)} == complete.keyed(REPORT)


@pytest.mark.parametrize("stream", [REPORT, "campaigns"])
@pytest.mark.parametrize(
    "value", ["yesterday", "P1D", "99999-01-01", "2099-01-01", "0001-01-01", 7, "2026-02-30"]
)
def test_invalid_bookmark_is_ignored_with_a_warning(
    sim: Simulator, stream: str, value: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid or future bookmark is ignored with a warning, and all data is read."""
    bookmark = {
        "context": {"advertiser_id": sim.world.advertiser_ids[0]},
        "replication_key": "stat_time_day" if stream == REPORT else "modify_time",
        "replication_key_value": value,
    }
    state = {"bookmarks": {stream: {"partitions": [bookmark]}}}
    messages = run(config_for(sim), streams=[stream], state=state)
    assert f"of stream {stream}, advertiser" in caplog.text
    complete = run(config_for(sim), streams=[stream])
    assert messages.records == complete.records
    assert messages.bookmarks(stream) == complete.bookmarks(stream)


def test_bookmark_with_another_offset_is_converted(sim: Simulator) -> None:
    """A bookmark with another UTC offset is compared as a point in time."""
    first = run(config_for(sim), streams=["campaigns"])
    state = copy.deepcopy(first.state)
    for partition in state["bookmarks"]["campaigns"]["partitions"]:
        moment = pendulum.parse(partition["replication_key_value"])
        assert isinstance(moment, pendulum.DateTime)
        partition["replication_key_value"] = moment.in_timezone("Asia/Tokyo").isoformat()
    second = run(config_for(sim), streams=["campaigns"], state=state)
    assert second.bookmarks("campaigns") == first.bookmarks("campaigns")
    assert 0 < len(second.records["campaigns"]) < len(first.records["campaigns"])


@pytest.mark.parametrize("stream", ["campaigns", "advertisers", "campaign_performance_report"])
def test_state_follows_the_last_record(sim: Simulator, stream: str) -> None:
    """The last message is STATE, even if the state did not change."""
    config = config_for(sim)
    first = run(config, [stream])
    second = run(config, [stream], state=first.state)
    for messages in (first, second):
        assert messages.records[stream]
        assert messages.all[-1]["type"] == "STATE"
    assert second.state == first.state


def test_earlier_start_date_is_read_once(sim: Simulator) -> None:
    """The days that an earlier start date adds are read once, even after an interruption."""
    advertiser_id = sim.world.advertiser_ids[0]
    today = pendulum.instance(sim.world.today(advertiser_id))
    late, early = (str(today.subtract(days=days)) for days in (20, 100))
    config = config_for(sim, advertiser_ids=[advertiser_id])
    first = run({**config, "start_date": late}, [REPORT])
    complete = run({**config, "start_date": early}, [REPORT])
    sim.add_fault("code", path=PATH, containing=str(today.subtract(days=50)), code=77777)
    with pytest.raises(errors.RejectedRequestError) as failure:
        run({**config, "start_date": early}, [REPORT], state=first.state)
    failed: Messages = failure.value.messages  # type: ignore[attr-defined]
    second = run({**config, "start_date": early}, [REPORT], state=failed.state)
    assert {**first.keyed(REPORT), **second.keyed(REPORT)} == complete.keyed(REPORT)
    request_count = len(sim.requests)
    run({**config, "start_date": early}, [REPORT], state=second.state)
    assert requested_windows(sim, advertiser_id, request_count) == [
        (str(today.subtract(days=7)), str(today))
    ]


def test_newly_selected_metric_is_logged_once(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The log reports once that earlier syncs did not read a newly selected metric."""
    one_metric = config_for(sim, report_metrics={REPORT: ["spend"]})
    two_metrics = config_for(sim, report_metrics={REPORT: ["spend", "clicks"]})
    first = run(one_metric, [REPORT])
    assert "did not read" not in caplog.text
    second = run(two_metrics, [REPORT], state=first.state)
    assert "earlier runs did not read: clicks." in caplog.text
    assert f"state convert STATE --reset {REPORT}" in caplog.text
    caplog.clear()
    run(two_metrics, [REPORT], state=second.state)
    assert "did not read" not in caplog.text


def test_lookback_does_not_precede_a_rolling_start_date(sim: Simulator) -> None:
    """A lookback longer than a rolling start date does not precede the first sync's first day."""
    config = config_for(sim, start_date="{now-5}", lookback_days=14)
    name = "campaign_performance_report"
    first = run(config, [name])
    second = run(config, [name], state=first.state)
    days = [
        min(record["stat_time_day"] for record in messages.records[name])
        for messages in (first, second)
    ]
    assert days[0] == days[1]


@pytest.mark.parametrize("seed", [7, 20, 33])
def test_runs_follow_today_of_embedded_simulator(seed: int) -> None:
    """With the option `today`, macros and bookmarks follow this day, as on consecutive days."""
    state = None
    days: list[set[str]] = []
    for day in (15, 16, 19):
        options = {"seed": seed, "advertisers": 2, "today": f"2026-01-{day}"}
        config = {"environment": "simulator", "simulator": options, "start_date": "{now-6}"}
        messages = run({**config, "lookback_days": 2}, ["campaigns", REPORT], state=state)
        days.append({record["stat_time_day"][:10] for record in messages.records[REPORT]})
        state = messages.state
        assert set(messages.bookmarks(REPORT).values()) == {f"2026-01-{day - 3}"}
    assert days == [
        {f"2026-01-{day:02}" for day in range(9, 16)},
        {f"2026-01-{day:02}" for day in range(13, 17)},
        {f"2026-01-{day:02}" for day in range(14, 20)},
    ]


@pytest.mark.parametrize("seed", [7, 20, 33])
@pytest.mark.parametrize("year", [2026, 2126], ids=["past", "future"])
def test_consecutive_days_have_the_records_of_one_run(seed: int, year: int) -> None:
    """With `created_on`, runs on consecutive days store the records of one run on the last day."""
    streams = ["campaigns", "ads", REPORT]
    options = {**SPARSE, "seed": seed, "created_on": f"{year}-01-14"}
    config = {"environment": "simulator", "start_date": f"{year}-01-05", "lookback_days": 2}
    stored: dict[str, dict[tuple[t.Any, ...], t.Any]] = {name: {} for name in streams}
    state = None
    for day in (15, 16, 19):
        simulator = {**options, "today": f"{year}-01-{day}"}
        messages = run({**config, "simulator": simulator}, streams, state=state)
        assert set(messages.bookmarks(REPORT).values()) == {f"{year}-01-{day - 3}"}
        for name in streams:
            stored[name] |= messages.keyed(name)
        state = messages.state
    complete = run({**config, "simulator": simulator}, streams)
    assert {name: _values(records) for name, records in stored.items()} == {
        name: _values(complete.keyed(name)) for name in streams
    }


def _values(records: dict[tuple[t.Any, ...], t.Any]) -> dict[tuple[t.Any, ...], t.Any]:
    """Return records without the column that says if their numbers are final."""
    return {key: {**record, "is_final": None} for key, record in records.items()}


def test_dates_are_checked_on_today_of_embedded_simulator() -> None:
    """A range of dates is checked on the simulator's `today`, and not on the current day."""
    config = {"environment": "simulator", "start_date": "{now-3}", "end_date": "2016-01-30"}
    simulator = {**SPARSE, "created_on": "2016-01-14", "today": "2016-01-15"}
    messages = run({**config, "simulator": simulator}, [REPORT])
    days = {record["stat_time_day"][:10] for record in messages.records[REPORT]}
    assert days == {f"2016-01-{day}" for day in (12, 13, 14, 15)}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"today": "0001-01-05"}, "today"),
        ({"today": "9999-12-31"}, "today"),
        ({"created_on": "2026-01-16", "today": "2026-01-15"}, "created_on"),
        ({"created_on": "2126-01-16"}, "created_on"),
        ({"days": 10**7}, "days"),
    ],
)
def test_days_of_embedded_simulator_have_limits(options: dict[str, t.Any], name: str) -> None:
    """A day that the simulator cannot have is an error that names the option."""
    with pytest.raises(errors.ConfigError, match=f"'simulator': Simulator option '{name}'"):
        run({"environment": "simulator", "simulator": options}, ["campaigns"])
