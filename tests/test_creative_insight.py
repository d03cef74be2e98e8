"""Insight into creatives: requested only for ads with delivery."""

from __future__ import annotations

import json
import typing as t

import pendulum
from conftest import config_for, run

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

DELIVERING = "AD_STATUS_DELIVERY_OK"


def test_fatigue_is_requested_for_ads_that_deliver(sim: Simulator) -> None:
    """Each ad that delivers now takes one request. Paused, deleted and Promote ads take none."""
    messages = run(config_for(sim), ["ads", "creative_fatigue"])
    requests = [request for request in sim.requests if request.path == "/creative_fatigue/get/"]
    requested = sorted(request.params["ad_id"] for request in requests)
    ads = messages.records["ads"]
    delivering = [
        ad["ad_id"]
        for ad in ads
        if ad["secondary_status"] == DELIVERING and ad.get("campaign_system_origin") is None
    ]
    assert requested == sorted(delivering)
    assert 0 < len(delivering) < len(ads)


def test_fatigue_covers_59_days_before_today(sim: Simulator) -> None:
    """TikTok accepts dates of the last 60 days, and leaves out the end of the range."""
    messages = run(config_for(sim, start_date="{now-400}"), ["creative_fatigue"])
    for request in sim.requests:
        if request.path != "/creative_fatigue/get/":
            continue
        days = json.loads(request.params["filtering"])
        today = sim.world.today(str(request.advertiser_id))
        assert days["end_date"] == today.isoformat()
        first = pendulum.parse(days["start_date"])
        assert isinstance(first, pendulum.DateTime)
        assert (today - first.date()).days == 59
    dates = {record["date"] for record in messages.records["creative_fatigue"]}
    assert max(dates) < str(pendulum.now("UTC").add(days=1).date())


def test_performance_by_second_is_requested_for_ads_in_reports(sim: Simulator) -> None:
    """Only ads of the lifetime report are requested, up to 200 ads per request."""
    streams = ["ad_performance_report_lifetime", "video_performance_report"]
    messages = run(config_for(sim), streams)
    requests = [r for r in sim.requests if r.path == "/report/video_performance/get/"]
    assert len(requests) == len(sim.world.advertiser_ids)
    requested = [ad for r in requests for ad in json.loads(r.params["filtering"])["ad_ids"]]
    delivered = {record["ad_id"] for record in messages.records[streams[0]]}
    assert sorted(requested) == sorted(delivered)
    (report, seconds) = (messages.records[name] for name in streams)
    assert {r["ad_id"] for r in seconds} == {r["ad_id"] for r in report}
    assert all(len(record["view_count"]) == record["duration"] for record in seconds)


def test_rejected_ad_does_not_stop_the_others(sim: Simulator) -> None:
    """An ad that TikTok rejects is skipped, and the other ads are read."""
    sim.add_fault("code", path="/creative_fatigue/get/", times=1, code=40002)
    messages = run(config_for(sim), ["creative_fatigue", "sync_errors"])
    assert messages.records["creative_fatigue"]
    (error,) = messages.records["sync_errors"]
    assert (error["code"], error["action"]) == (40002, "skipped")


def test_account_without_fatigue_is_skipped_once(sim: Simulator) -> None:
    """Without access to the feature, the stream is skipped with one record per advertiser."""
    sim.add_fault("code", path="/creative_fatigue/get/", times=None, code=40118)
    messages = run(config_for(sim, max_concurrency=1), ["creative_fatigue", "sync_errors"])
    assert not messages.records["creative_fatigue"]
    assert {record["code"] for record in messages.records["sync_errors"]} == {40118}
    requests = [request for request in sim.requests if request.path == "/creative_fatigue/get/"]
    assert len(requests) == len(sim.world.advertiser_ids)


def test_creatives_have_one_list_per_type(sim: Simulator) -> None:
    """Videos, images and instant pages have one request each, and their records have the type."""
    records = run(config_for(sim), ["creative_report"]).records["creative_report"]
    requests = [r for r in sim.requests if r.path == "/creative/report/get/"]
    assert len(requests) == 3 * len(sim.world.advertiser_ids)
    for record in records:
        kind = record["material_type"]
        assert (record["video_id"] is not None) is (kind == "VIDEO")
        assert (record["page_id"] != "-") is (kind == "INSTANT_PAGE")
