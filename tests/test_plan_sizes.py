"""The measured estimate of `plan`, compared with the requests of a run."""

from __future__ import annotations

import dataclasses
import typing as t

import pendulum
import pytest
from conftest import config_for
from test_plan_estimate import DEFAULT, HOURLY, TOLERANCE, requests_of, state_after, tap_of

from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.cli.plan import estimate_run
from tap_tiktok_ads.cli.plan_macros import resolved_macros
from tap_tiktok_ads.cli.plan_sizes import MAX_MEASURED_WINDOWS, Profile, Size
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from tap_tiktok_ads.cli.plan_estimate import Estimate
    from tap_tiktok_ads.singer.stream import TikTokStream

HOURLY_STREAMS = [
    "campaign_performance_report",
    HOURLY,
    "advertiser_performance_report",
    "advertiser_performance_report_hourly",
]


def measured_estimate(
    config: dict[str, t.Any], streams: t.Collection[str], state: t.Any = None, measured: int = 5
) -> Estimate:
    """Return the estimate of a run, with the lists and reports of some advertisers measured."""
    tap = tap_of(config, streams, state, setup_mapper=False, allow_requests=False)
    selected = t.cast("list[TikTokStream]", list(tap.streams.values()))
    return estimate_run(tap.run_context, selected, measured)


@pytest.mark.parametrize("is_incremental", [False, True], ids=["first run", "incremental run"])
@pytest.mark.parametrize(
    ("options", "settings", "streams"),
    [
        ({"advertisers": 2}, {"start_date": "{now-89}"}, DEFAULT),
        ({"advertisers": 8}, {"start_date": "{now-29}"}, DEFAULT),
        ({"advertisers": 2, "campaigns": 3}, {"start_date": "{now-29}"}, DEFAULT),
        ({"advertisers": 2}, {"start_date": "{now-29}", "lookback_days": "auto"}, DEFAULT),
        (
            {"advertisers": 3, "videos": 450, "images": 260, "pixels": 50},
            {"start_date": "{now-29}"},
            ["video_creatives", "image_creatives", "ads", "pixels", "custom_audiences"],
        ),
        (
            {"advertisers": 4, "dormant_advertisers": 2, "days": 40},
            {"start_date": "{now-39}"},
            HOURLY_STREAMS,
        ),
        (
            {"advertisers": 2, "campaigns": 8, "ad_groups": 3, "ads": 3, "days": 30},
            {"start_date": "{now-29}"},
            ["ad_performance_report", "audience_report_by_age_gender", "ads"],
        ),
    ],
    ids=["90 days", "sampled", "no TopView", "auto lookback", "long lists", "hourly", "many rows"],
)
def test_measured_estimate_is_close_to_the_run(
    options: dict[str, t.Any],
    settings: dict[str, t.Any],
    streams: list[str],
    *,
    is_incremental: bool,
) -> None:
    """The estimate differs from the requests of the run by at most 30 %."""
    with Simulator(options) as sim:
        config = config_for(sim, **settings)
        state = state_after(config, streams) if is_incremental else None
        estimate = measured_estimate(config, streams, state)
        sent = requests_of(sim, config, streams, state).total()
    assert estimate.endpoints.total() == pytest.approx(sent, rel=TOLERANCE)
    assert estimate.topview_requests == 0
    assert sum(part.requests for part in estimate.parts) == estimate.endpoints.total()


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (
            {"advertisers": 3, "today": "2026-01-15"},
            {"start_date": "2025-01-01", "end_date": "2026-01-14"},
        ),
        ({"advertisers": 6}, {"start_date": "{now-365}"}),
    ],
    ids=["fixed dates", "365 days"],
)
def test_estimate_of_a_year_with_little_delivery(
    options: dict[str, t.Any], settings: dict[str, t.Any]
) -> None:
    """The requests of each stream differ by at most 30 % if most windows hold nothing."""
    streams = [
        "ad_performance_report",
        "audience_report_by_age_gender",
        "audience_report_by_country",
        "audience_report_by_platform",
    ]
    with Simulator(options) as sim:
        config = config_for(sim, **settings)
        estimate = measured_estimate(config, streams)
        measuring = len(sim.requests) - len(sim.world.advertiser_ids)
        tap = tap_of(config, streams)
        tap.sync_all()
    sent = {counts.stream: counts.requests for counts in tap.run_context.progress.summary()}
    estimated = {part.stream: part.requests for part in estimate.streams()}
    assert estimated == {name: pytest.approx(sent[name], rel=TOLERANCE) for name in estimated}
    assert measuring <= MAX_MEASURED_WINDOWS * len(streams) * min(5, options["advertisers"])
    assert sum(estimated.values()) == pytest.approx(sum(sent.values()), rel=0.1)


def test_sizes_between_measured_windows() -> None:
    """The size of a window lies between those of the windows around it."""
    profile = Profile({10: Size(0.0, 0.0), 20: Size(8.0, 1.0)})
    task = Task(Request("/report/", {}))
    assert profile.at(task) == Size(0.0, 0.0)
    for day, size in {15: Size(4.0, 0.5), 20: Size(8.0, 1.0), 30: Size(8.0, 1.0)}.items():
        date = pendulum.date(1, 1, 1).add(days=day - 1)
        assert profile.at(dataclasses.replace(task, window=Window(date, date))) == size


def test_measuring_sends_few_requests() -> None:
    """The number of requests that measure does not grow with the number of advertisers."""
    with Simulator({"advertisers": 9, "campaigns": 2}) as sim:
        config = config_for(sim, start_date="{now-29}")
        measured_estimate(config, ["ads", "ad_performance_report"], measured=2)
        paths = [request.path for request in sim.requests]
    checks = paths.count("/open_api/v1.3/campaign/get/") + paths.count("/campaign/get/")
    assert checks == 9  # one list of TopView campaigns per advertiser
    assert len(paths) == 2 + checks + 2 * 2


def test_a_list_that_cannot_be_measured_counts_as_one_page() -> None:
    """A denied or damaged list does not end the estimate."""
    with Simulator({"advertisers": 2, "campaigns": 2}) as sim:
        sim.add_fault("code", path="/pixel/list/", code=40001, times=None)
        estimate = measured_estimate(config_for(sim), ["pixels"])
    assert {part.stream: part.requests for part in estimate.streams()}["pixels"] == 2


def test_macros_are_resolved_in_the_time_zones_of_advertisers() -> None:
    """Each text with a date macro has its value, and the number of advertisers with it."""
    stream = {
        "name": "mine",
        "url": "/tool/thing/",
        "params": {"advertiser_id": "{advertiser_id}", "since": "{now-7}T00:00:00"},
        "schema": {"properties": {"id": {"type": "string"}}},
    }
    with Simulator({"advertisers": 2}) as sim:
        config = config_for(sim, start_date="{now-29}", custom_streams=[stream])
        context = tap_of(config, ["ads"], setup_mapper=False, allow_requests=False).run_context
        found = resolved_macros(context)
        for advertiser in context.advertisers:
            first, _ = context.days(advertiser)
            assert ("start_date", "{now-29}", str(first)) in [macro[:3] for macro in found]
            day = context.now(advertiser).subtract(days=7).format("YYYY-MM-DD")
            assert ("mine", "{now-7}T00:00:00", f"{day}T00:00:00") in [m[:3] for m in found]
    assert sum(macro.advertisers for macro in found if macro.place == "start_date") == 2
