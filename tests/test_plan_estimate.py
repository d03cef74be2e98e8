"""The estimate of `plan`, compared with the requests of a run."""

from __future__ import annotations

import collections
import json
import typing as t

import pendulum
import pytest
from conftest import Collector, catalog_of, config_for

from tap_tiktok_ads.cli.plan_estimate import Estimate, by_window
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.singer.stream import TikTokStream

DEFAULT = [entry.name for entry in STREAMS if entry.selected_by_default]
SEEDS = [1, 7, 42]
#: Accounts without TopView campaigns, which the fifth campaign would be. Each list has one page.
SMALL = {
    "advertisers": 3,
    "campaigns": 3,
    "ad_groups": 1,
    "ads": 1,
    "smart_plus_ads": 2,
    "days": 40,
    "pixels": 5,
}
MONTH, TWO_YEARS = "{now-29}", "{now-729}"
HOURLY = "campaign_performance_report_hourly"
CAMPAIGN_REPORT = "campaign_performance_report"
#: Share of the requests of a run by which an estimate may differ.
TOLERANCE = 0.3


def tap_of(
    config: dict[str, t.Any],
    streams: t.Collection[str],
    state: t.Any = None,
    **options: t.Any,
) -> TapTikTokAds:
    """Return a tap that reads these streams."""
    return TapTikTokAds(
        config=config,
        catalog=catalog_of(config, streams, alone=True),
        state=json.loads(json.dumps(state or {})),
        message_writer=Collector(),
        selected_only=True,
        **options,
    )


def estimate_of(
    config: dict[str, t.Any], streams: t.Collection[str], state: t.Any = None
) -> Estimate:
    """Return the estimate of a run."""
    tap = tap_of(config, streams, state, setup_mapper=False, allow_requests=False)
    estimate = Estimate(tap.run_context)
    for stream in tap.streams.values():
        estimate.add(t.cast("TikTokStream", stream))
    return estimate


def requests_of(
    sim: Simulator, config: dict[str, t.Any], streams: t.Collection[str], state: t.Any = None
) -> collections.Counter[str]:
    """Run the tap and return its number of requests by endpoint."""
    position = len(sim.requests)
    tap_of(config, streams, state).sync_all()
    return collections.Counter(
        request.path.removeprefix("/open_api/v1.3") for request in sim.requests[position:]
    )


def state_after(
    config: dict[str, t.Any], streams: t.Collection[str], state: t.Any = None
) -> dict[str, t.Any]:
    """Return the state after a run."""
    tap = tap_of(config, streams, state)
    tap.sync_all()
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(tap.state)))


def by_endpoint(estimate: Estimate) -> dict[str, int]:
    """Return an estimate by endpoint. The requests at the start count as one endpoint."""
    return {path: count for path, count in estimate.endpoints.items() if count}


def with_one_start(requests: t.Mapping[str, int]) -> dict[str, int]:
    """Return requests by endpoint, with the list of advertisers counted as their details."""
    counts = dict(requests)
    listed = counts.pop("/oauth2/advertiser/get/", 0)
    counts["/advertiser/info/"] = counts.get("/advertiser/info/", 0) + listed
    return counts


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("options", "settings", "is_incremental"),
    [
        ({}, {"start_date": MONTH}, False),
        ({}, {"start_date": MONTH}, True),
        ({"account_age_days": 325}, {"start_date": TWO_YEARS}, False),
        ({"account_age_days": 325}, {"start_date": TWO_YEARS}, True),
        (
            {"account_age_days": 325},
            {"start_date": TWO_YEARS, "skip_days_before_creation": False},
            False,
        ),
        ({"dormant_advertisers": 2}, {"start_date": MONTH, "skip_dormant": "always"}, True),
        ({"dormant_advertisers": 2}, {"start_date": TWO_YEARS, "skip_dormant": "always"}, True),
    ],
    ids=[
        "first run",
        "incremental run",
        "two years",
        "two years, incremental",
        "two years of days before the creation",
        "dormant, incremental",
        "two years, dormant, incremental",
    ],
)
def test_estimate_equals_the_run(
    seed: int, options: dict[str, t.Any], settings: dict[str, t.Any], *, is_incremental: bool
) -> None:
    """The estimate equals a run of the default streams whose lists have one page."""
    with Simulator({**SMALL, **options, "seed": seed}) as sim:
        config = config_for(sim, **settings)
        state = state_after(config, DEFAULT) if is_incremental else None
        estimate = estimate_of(config, DEFAULT, state)
        sent = requests_of(sim, config, DEFAULT, state)
    assert by_endpoint(estimate) == with_one_start(sent)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("settings", [{}, {"report_mode": "sync", "lookback_days": "auto"}])
def test_topview_accounts_need_the_further_requests(seed: int, settings: t.Any) -> None:
    """The run of accounts with TopView campaigns sends the further requests, too."""
    with Simulator({**SMALL, "campaigns": 6, "seed": seed}) as sim:
        config = config_for(sim, start_date=MONTH, **settings)
        estimate = estimate_of(config, DEFAULT)
        sent = requests_of(sim, config, DEFAULT).total()
    assert estimate.topview_requests
    most = estimate.endpoints.total() + estimate.topview_requests
    assert most == pytest.approx(sent, rel=TOLERANCE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mode", ["always", "lookback"])
@pytest.mark.parametrize("start_date", [MONTH, TWO_YEARS])
def test_run_is_between_the_bounds_of_dormant_advertisers(
    seed: int, mode: str, start_date: str
) -> None:
    """Without a state, nobody knows who is dormant: the estimate has a lower bound, too."""
    streams = [CAMPAIGN_REPORT, "audience_report_by_country"]
    options = {**SMALL, "dormant_advertisers": 2, "account_age_days": 200, "seed": seed}
    with Simulator(options) as sim:
        config = config_for(sim, start_date=start_date, skip_dormant=mode)
        estimate = estimate_of(config, streams)
        sent = requests_of(sim, config, streams).total()
    most = estimate.endpoints.total()
    assert bool(estimate.skippable_requests) == (mode == "always")
    assert most - estimate.skippable_requests <= sent <= most


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "settings", [{"lookback_days": "auto"}, {}, {"lookback_days": "auto", "include_deleted": False}]
)
def test_hourly_reports_of_an_incremental_run(seed: int, settings: dict[str, t.Any]) -> None:
    """With `lookback_days: auto`, the state shows how far the run looks back."""
    with Simulator({**SMALL, "seed": seed}) as sim:
        config = config_for(sim, start_date="{now-39}", **settings)
        state = state_after(config, [HOURLY])
        estimate = estimate_of(config, [HOURLY], state)
        sent = requests_of(sim, config, [HOURLY], state)
    assert by_endpoint(estimate) == with_one_start(sent)


#: Streams whose number of requests only responses determine, with the reason.
NOT_ESTIMATED = {
    "gmv_max_campaigns": "one request per changed campaign",
    "gmv_max_report": "one request per shop and type",
    "gmv_max_product_report": "one request per shop and 100 campaigns",
    "gmv_max_creative_report": "one request per campaign",
    "gmv_max_live_report": "one request per shop and 100 campaigns",
    "negative_keywords": "one request per campaign and ad group with search ads",
    "gmv_max_sessions": "one request per campaign, and one per 20 sessions",
    "comments": "one request per ad group",
    "smart_plus_material_report_daily": "100 records per page",
    "split_tests": "one request per split test",
    "app_events": "one request per app",
    "custom_conversions": "one request per pixel and app",
    "budget_changes": "one request per ad account",
    "creative_fatigue": "one request per ad that delivers",
    "leads": "one task per form and region, and checks of tasks",
    "change_log": "checks of tasks",
}


@pytest.mark.parametrize("seed", SEEDS)
def test_estimate_of_all_other_streams(seed: int) -> None:
    """The estimate of each stream is within 30 % of the run, except where lookups decide.

    The list of an advertiser's TopView campaigns belongs to any of the streams that need it.
    """
    streams = [entry.name for entry in STREAMS if "hourly" not in entry.name]
    with Simulator({**SMALL, "seed": seed}) as sim:
        config = config_for(sim, start_date=MONTH)
        estimate = estimate_of(config, streams)
        tap = tap_of(config, streams)
        tap.sync_all()
        checks = len(sim.world.advertiser_ids)
    sent = {counts.stream: counts.requests for counts in tap.run_context.progress.summary()}
    estimated = {part.stream: part.requests for part in estimate.streams()}
    groups = {name: "Smart+" for name in DEFAULT if name.startswith("smart_plus")}
    totals: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for index, counts in enumerate((estimated, sent)):
        for name, count in counts.items():
            totals[groups.get(name, name)][index] += count
    distant = {
        name: (expected, actual)
        for name, (expected, actual) in totals.items()
        if abs(expected - actual) > max(TOLERANCE * actual, checks)
    }
    assert distant.keys() <= NOT_ESTIMATED.keys()
    assert sum(estimated.values()) == pytest.approx(sum(sent.values()), rel=TOLERANCE)


def test_windows_of_time_zones_are_joined() -> None:
    """Windows that differ by the day of a time zone are one row. Consecutive days are not."""

    def window(first: int, last: int) -> Window:
        return Window(pendulum.date(2026, 1, first), pendulum.date(2026, 1, last))

    windows = {window(1, 10): 1, None: 5, window(11, 20): 2, window(15, 19): 3}
    windows |= {window(10, 19): 4, window(9, 9): 6, window(8, 8): 7}
    assert by_window(windows) == [
        (None, 5),
        (window(10, 20), 6),
        (window(15, 19), 3),
        (window(1, 10), 1),
        (window(9, 9), 6),
        (window(8, 8), 7),
    ]


def test_parts_add_up_to_the_total() -> None:
    """A request of several streams is counted once, so the parts add up."""
    with Simulator({**SMALL, "advertisers": 2}) as sim:
        estimate = estimate_of(config_for(sim, start_date=MONTH), DEFAULT)
    assert sum(part.requests for part in estimate.parts) == estimate.endpoints.total()
    totals = {part.stream: part.requests for part in estimate.streams()}
    smart_plus = {name: count for name, count in totals.items() if name.startswith("smart_plus")}
    assert sorted(smart_plus.values()) == [0, 0, 2, 2]  # one list, and the reviews


@pytest.mark.parametrize("seed", SEEDS)
def test_merged_metrics_take_several_requests(seed: int) -> None:
    """A report with more metrics than a request can have takes several requests per window."""
    streams = [CAMPAIGN_REPORT]
    with Simulator({**SMALL, "seed": seed}) as sim:
        metrics = {CAMPAIGN_REPORT: ["all"]}
        config = config_for(sim, start_date=MONTH, report_metrics=metrics)
        estimate = estimate_of(config, streams)
        sent = requests_of(sim, config, streams)
    assert by_endpoint(estimate) == with_one_start(sent)
    assert sent["/report/integrated/get/"] > SMALL["advertisers"]
