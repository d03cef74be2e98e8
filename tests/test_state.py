"""What a second run reads, and that nothing is lost between two."""

from __future__ import annotations

import copy
import datetime as dt
import random
import typing as t

import pendulum
import pytest
from conftest import Messages, asks_for_top_view, config_for, run

from tap_tiktok_ads.api import errors

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT = "ad_performance_report"
PATH = "/report/integrated/get/"
CHANGEABLE = ["campaigns", "ad_groups", "ads", "video_creatives", "image_creatives"]
KINDS = {"video_creatives": "videos", "image_creatives": "images"}


def report_days(sim: Simulator, advertiser_id: str, since: int) -> list[tuple[str, str]]:
    """Windows that an advertiser's reports were asked for, from the request `since` on."""
    return [
        (request.params["start_date"], request.params["end_date"])
        for request in sim.requests[since:]
        if request.path == PATH
        and request.advertiser_id == advertiser_id
        and not asks_for_top_view(request)
    ]


def test_reports_resume_before_their_bookmark(sim: Simulator) -> None:
    """The second run reads `lookback_days` before the bookmark and the bookmark's day itself."""
    config = config_for(sim, lookback_days=4)
    first = run(config, streams=[REPORT])
    before = len(sim.requests)
    second = run(config, streams=[REPORT], state=first.state)
    for advertiser_id in sim.world.advertiser_ids:
        today = pendulum.instance(sim.world.today(advertiser_id))
        assert first.bookmarks(REPORT)[advertiser_id] == str(today.subtract(days=5))
        window = (str(today.subtract(days=4)), str(today))
        assert report_days(sim, advertiser_id, before) == [window]
        again = [r for r in first.records[REPORT] if r["advertiser_id"] == advertiser_id]
        rows = [r for r in second.records[REPORT] if r["advertiser_id"] == advertiser_id]
        assert rows == [row for row in again if row["stat_time_day"] >= window[0]]
    assert second.state == first.state


@pytest.mark.parametrize(
    ("start_date", "first_day"),
    [("{now-3}", 25), ("fixed", 10)],
    ids=["a rolling start date loses no day after a pause", "a fixed start date is a floor"],
)
def test_start_date_and_bookmark(sim: Simulator, start_date: str, first_day: int) -> None:
    """With a bookmark twenty days old and a look-back of five, reading begins here."""
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
    days = [first for first, _ in report_days(sim, advertiser_id, 0)]
    assert min(days) == str(today.subtract(days=first_day))


def test_empty_windows_move_the_bookmark(sim: Simulator) -> None:
    """An advertiser without rows in its first windows is read to the end, and bookmarked."""
    messages = run(config_for(sim, start_date="{now-100}"), streams=[REPORT])
    for advertiser_id in sim.world.advertiser_ids:
        today = pendulum.instance(sim.world.today(advertiser_id))
        assert messages.bookmarks(REPORT)[advertiser_id] == str(today.subtract(days=8))
        days = {r["stat_time_day"] for r in messages.records[REPORT]}
        assert max(days) >= str(today.subtract(days=1))


@pytest.mark.parametrize("stream", CHANGEABLE)
def test_only_changed_objects_come_again(sim: Simulator, stream: str) -> None:
    """The second run has what changed since, and the latest of before; the rest does not come."""
    first = run(config_for(sim), streams=[stream])
    bookmarks = first.bookmarks(stream)
    changed = random.Random(1).choice(first.records[stream])
    object_id = changed[first.schemas[stream]["key_properties"][1]]
    now = dt.datetime.now(dt.timezone.utc)
    sim.world.touch(KINDS.get(stream, stream), object_id, now)
    second = run(config_for(sim), streams=[stream], state=first.state)
    keys = {key[1] for key in second.keyed(stream)}
    latest = {
        row[first.schemas[stream]["key_properties"][1]]
        for row in first.records[stream]
        if row.get("modify_time") in {None, bookmarks[row["advertiser_id"]]}
    }
    assert keys == {object_id} | latest
    touched = next(row for row in second.records[stream] if object_id in row.values())
    assert touched["modify_time"] > changed["modify_time"]


def test_changes_are_asked_of_the_server_where_it_can(sim: Simulator) -> None:
    """Ads and Smart+ ads are requested with `modified_after`; the first run has none.

    Promote ads have no time of change: they are requested without.
    """
    streams = ["ads", "smart_plus_ads"]
    first = run(config_for(sim), streams=streams)
    assert not any("modified_after" in r.params.get("filtering", "") for r in sim.requests)
    before = len(sim.requests)
    run(config_for(sim), streams=streams, state=first.state)
    asked = [r for r in sim.requests[before:] if r.path in {"/ad/get/", "/smart_plus/ad/get/"}]
    assert len(asked) == 4 * len(sim.world.advertiser_ids)
    filters = [r.params["filtering"] for r in asked]
    assert all(("modified_after" in one) is ("PROMOTE" not in one) for one in filters)


def test_bookmark_stays_behind_the_listing(sim: Simulator) -> None:
    """A change dated while the listing runs does not carry the bookmark past other changes."""
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


def test_full_table_by_catalog(sim: Simulator) -> None:
    """A stream that the catalog sets to FULL_TABLE is read from its start in spite of a state."""
    from conftest import catalog_of  # noqa: PLC0415

    config = config_for(sim)
    first = run(config, streams=[REPORT])
    catalog = catalog_of(config, [REPORT])
    entry = next(e for e in catalog["streams"] if e["tap_stream_id"] == REPORT)
    entry["replication_method"] = "FULL_TABLE"
    again = run(config, catalog=catalog, state=first.state)
    assert again.records[REPORT] == first.records[REPORT]


def test_a_failing_run_keeps_what_it_finished(sim: Simulator) -> None:
    """A run that fails at its second advertiser writes the bookmark of the first, and resumes."""
    finished, failing = sim.world.advertiser_ids
    config = config_for(sim, lookback_days=0, backfill_order="oldest_first")
    whole = run(config, streams=[REPORT])
    sim.add_fault("code", path=PATH, advertiser_id=failing, times=None, code=40002)
    with pytest.raises(errors.RejectedRequestError) as failure:
        run(config, streams=[REPORT])
    cut: Messages = failure.value.messages  # type: ignore[attr-defined]
    yesterday = sim.world.today(finished) - dt.timedelta(days=1)
    assert cut.bookmarks(REPORT) == {finished: str(yesterday)}
    sim.faults.clear()
    rest = run(config, streams=[REPORT], state=cut.state)
    assert {**cut.keyed(REPORT), **rest.keyed(REPORT)} == whole.keyed(REPORT)


def test_permission_lost_in_the_middle(sim: Simulator) -> None:
    """An advertiser that loses permission in the middle is skipped; its bookmark does not move."""
    lost, kept = sim.world.advertiser_ids
    config = config_for(sim, start_date="{now-80}")
    sim.add_fault("code", path=PATH, advertiser_id=lost, times=None, code=40001)
    messages = run(config, streams=[REPORT])
    assert set(messages.bookmarks(REPORT)) == {kept}
    assert {row["advertiser_id"] for row in messages.records[REPORT]} == {kept}


def test_refusal_of_one_window(sim: Simulator) -> None:
    """The window that was refused is read by the next run. The other one is covered."""
    advertiser_id = sim.world.advertiser_ids[0]
    config = config_for(sim, advertiser_ids=[advertiser_id])
    whole = run(config, streams=[REPORT])
    both_windows = report_days(sim, advertiser_id, 0)
    sim.add_fault("code", path=PATH, times=1, code=40001)  # whichever window comes first
    cut = run(config, streams=[REPORT])
    assert len(both_windows) == 2
    rest = run(config, streams=[REPORT], state=cut.state)
    assert {**cut.keyed(REPORT), **rest.keyed(REPORT)} == whole.keyed(REPORT)


@pytest.mark.parametrize("stream", [REPORT, "campaigns"])
@pytest.mark.parametrize(
    "value", ["yesterday", "P1D", "99999-01-01", "2099-01-01", "0001-01-01", 7, "2026-02-30"]
)
def test_foreign_bookmark(
    sim: Simulator, stream: str, value: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A bookmark that is no date up to today is ignored with a warning: all is read."""
    bookmark = {
        "context": {"advertiser_id": sim.world.advertiser_ids[0]},
        "replication_key": "stat_time_day" if stream == REPORT else "modify_time",
        "replication_key_value": value,
    }
    state = {"bookmarks": {stream: {"partitions": [bookmark]}}}
    found = run(config_for(sim), streams=[stream], state=state)
    assert f"of {stream}, advertiser" in caplog.text
    whole = run(config_for(sim), streams=[stream])
    assert found.records == whole.records
    assert found.bookmarks(stream) == whole.bookmarks(stream)


def test_bookmark_of_another_zone(sim: Simulator) -> None:
    """A bookmark with an offset is compared as the moment that it names."""
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
def test_a_state_follows_the_last_record(sim: Simulator, stream: str) -> None:
    """Also where it has not changed: targets pass on only a state that comes after records."""
    config = config_for(sim)
    first = run(config, [stream])
    second = run(config, [stream], state=first.state)
    for messages in (first, second):
        assert messages.records[stream]
        assert messages.all[-1]["type"] == "STATE"
    assert second.state == first.state


def test_an_earlier_start_date(sim: Simulator) -> None:
    """What an earlier start date adds is read once, also after an interruption."""
    advertiser_id = sim.world.advertiser_ids[0]
    today = pendulum.instance(sim.world.today(advertiser_id))
    late, early = (str(today.subtract(days=days)) for days in (20, 100))
    config = config_for(sim, advertiser_ids=[advertiser_id])
    first = run({**config, "start_date": late}, [REPORT])
    whole = run({**config, "start_date": early}, [REPORT])
    sim.add_fault("code", path=PATH, containing=str(today.subtract(days=50)), code=77777)
    with pytest.raises(errors.RejectedRequestError) as failure:
        run({**config, "start_date": early}, [REPORT], state=first.state)
    cut: Messages = failure.value.messages  # type: ignore[attr-defined]
    second = run({**config, "start_date": early}, [REPORT], state=cut.state)
    assert {**first.keyed(REPORT), **second.keyed(REPORT)} == whole.keyed(REPORT)
    before = len(sim.requests)
    run({**config, "start_date": early}, [REPORT], state=second.state)
    assert report_days(sim, advertiser_id, before) == [(str(today.subtract(days=7)), str(today))]


def test_newly_selected_metrics(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """The log tells that earlier days were read without them; once."""
    some = config_for(sim, report_metrics={REPORT: ["spend"]})
    more = config_for(sim, report_metrics={REPORT: ["spend", "clicks"]})
    first = run(some, [REPORT])
    assert "did not read" not in caplog.text
    second = run(more, [REPORT], state=first.state)
    assert "earlier runs did not read: clicks." in caplog.text
    assert f"convert-state STATE --reset {REPORT}" in caplog.text
    caplog.clear()
    run(more, [REPORT], state=second.state)
    assert "did not read" not in caplog.text


def test_a_look_back_longer_than_the_start(sim: Simulator) -> None:
    """A rolling start, and a look-back beyond it: no later run reads what the first was not to."""
    config = config_for(sim, start_date="{now-5}", lookback_days=14)
    name = "campaign_performance_report"
    first = run(config, [name])
    second = run(config, [name], state=first.state)
    days = [
        min(row["stat_time_day"] for row in messages.records[name]) for messages in (first, second)
    ]
    assert days[0] == days[1]
