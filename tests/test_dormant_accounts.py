"""Report windows of dormant advertisers, which `skip_dormant` does not request."""

from __future__ import annotations

import collections
import datetime as dt
import json
import typing as t

import pendulum
import pytest
from conftest import (
    SPARSE,
    Collector,
    Messages,
    answering,
    catalog_of,
    config_at,
    config_for,
    run,
)

from tap_tiktok_ads.api.client import Client
from tap_tiktok_ads.api.errors import ApiError
from tap_tiktok_ads.api.messages import Request as ApiRequest
from tap_tiktok_ads.api.rate_limits import TIERS, RateLimiter
from tap_tiktok_ads.cli.plan import command as plan_command
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_tiktok_ads.simulator.http.messages import Request

CAMPAIGNS = "campaign_performance_report"
HOURLY = "campaign_performance_report_hourly"
AUDIENCE = "audience_report_by_country"
REPORTS = [CAMPAIGNS, HOURLY, AUDIENCE]
PATH = "/report/integrated/get/"
NOW = pendulum.now("UTC")
SEEDS = [1, 7, 42]
#: More than the days after which skipped days are read in any case.
LONG_AFTER_DAYS = 40


@pytest.fixture(params=SEEDS)
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A simulator with six advertisers, of which four deliver nothing."""
    options = {**SPARSE, "advertisers": 6, "dormant_advertisers": 4, "days": 60}
    with Simulator({**options, "seed": request.param}) as running:
        yield running


def config_of(sim: Simulator, mode: str = "always", **settings: t.Any) -> dict[str, t.Any]:
    """Return settings that read 50 days and skip dormant advertisers."""
    return config_for(sim, **{"start_date": "{now-49}", "skip_dormant": mode, **settings})


def reports_of(sim: Simulator, start: int = 0) -> list[Request]:
    """Return the report requests of one advertiser each, since a number of requests."""
    return [
        request
        for request in sim.requests[start:]
        if request.path == PATH and "advertiser_id" in request.params
    ]


def probes_of(sim: Simulator, start: int = 0) -> list[list[str]]:
    """Return the advertisers of each probe, since a number of requests."""
    return [
        json.loads(request.params["advertiser_ids"])
        for request in sim.requests[start:]
        if request.path == PATH and "advertiser_ids" in request.params
    ]


def is_delivery(record: dict[str, t.Any]) -> bool:
    """Return True if a metric of a record is not zero."""
    keys = {"is_final", "is_top_view", "is_aco", "is_smart_creative"}
    return any(
        isinstance(value, (int, float)) and value
        for name, value in record.items()
        if name not in keys
    )


def delivered(*runs: Messages, names: t.Collection[str] = REPORTS) -> dict[t.Any, t.Any]:
    """Return the last record with delivery of each key, as a target stores them."""
    return {
        (name, key): record
        for messages in runs
        for name in names
        if name in messages.schemas
        for key, record in messages.keyed(name).items()
        if is_delivery(record)
    }


def plain(records: dict[t.Any, t.Any]) -> dict[t.Any, t.Any]:
    """Return records without the column that depends on the time of the run."""
    return {
        key: {name: value for name, value in record.items() if name != "is_final"}
        for key, record in records.items()
    }


def partition_of(messages: Messages, owner: str, name: str = CAMPAIGNS) -> dict[str, t.Any]:
    """Return the partition of an advertiser in the state."""
    partitions = messages.state["bookmarks"][name]["partitions"]
    return next(item for item in partitions if item["context"]["advertiser_id"] == owner)


def dormant_ids(sim: Simulator) -> list[str]:
    """Return the advertisers without delivery."""
    return sim.world.advertiser_ids[-sim.world.options.dormant_advertisers :]


def wake(sim: Simulator) -> None:
    """Let all advertisers deliver on all days, also on past ones."""
    for owner in sim.world.advertiser_ids:
        sim.world.pause(owner, None, None)


# First runs


def test_first_run_loses_no_delivery(sim: Simulator) -> None:
    """A run that skips dormant advertisers writes the records of a run that reads all days."""
    messages = run(config_of(sim), REPORTS)
    requested = {request.params["advertiser_id"] for request in reports_of(sim)}
    assert requested.isdisjoint(dormant_ids(sim))
    everything = run(config_of(sim, "off"), REPORTS)
    assert delivered(messages) == delivered(everything)
    assert delivered(messages)


def test_pause_of_an_active_account_is_skipped(sim: Simulator) -> None:
    """Windows between active days are skipped, and no active day is."""
    active = sim.world.advertiser_ids[0]
    today = sim.world.today(active)
    first, last = (str(today - dt.timedelta(days=days)) for days in (35, 3))
    sim.world.pause(active, first, last)
    messages = run(config_of(sim), REPORTS)
    hourly = [
        request.params["start_date"]
        for request in reports_of(sim)
        if "stat_time_hour" in request.params["dimensions"]
        and request.params["advertiser_id"] == active
    ]
    assert hourly
    assert not [day for day in hourly if first <= day <= last]
    everything = run(config_of(sim, "off"), REPORTS)
    assert delivered(messages) == delivered(everything)


def test_off_is_the_default_and_sends_no_probe(sim: Simulator) -> None:
    """Without the setting, no probe is sent and the state has no member of it."""
    config = config_of(sim)
    del config["skip_dormant"]
    messages = run(config, REPORTS)
    assert probes_of(sim) == []
    assert {"skipped", "read_once"}.isdisjoint(partition_of(messages, dormant_ids(sim)[0]))


def test_summary_counts_skipped_windows(sim: Simulator) -> None:
    """The counts of a run have the number of windows that were not requested."""
    config = config_of(sim)
    tap = TapTikTokAds(
        config=config,
        catalog=catalog_of(config, [CAMPAIGNS], alone=True),
        message_writer=Collector(),
        selected_only=True,
    )
    tap.sync_all()
    counts = next(c for c in tap.run_context.progress.summary() if c.stream == CAMPAIGNS)
    assert counts.windows_skipped == 8  # 2 windows of 4 advertisers
    assert str(counts).endswith(", 8 windows skipped")


def test_plan_sends_no_probe(sim: Simulator, tmp_path: t.Any) -> None:
    """The command `plan` sends no probe, and says how many requests probes can save."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config_of(sim)))
    with pytest.raises(SystemExit):
        plan_command(["--config", str(file), "--json"])
    assert probes_of(sim) == []
    assert "skip_dormant" in (plan_command.help or "")


# Later runs


def test_late_data_inside_the_lookback_are_read(sim: Simulator) -> None:
    """Days inside the lookback are probed in every run, so late conversions are read."""
    first = run(config_of(sim), REPORTS)
    wake(sim)
    second = run(config_of(sim), REPORTS, state=first.state)
    since = str(NOW.subtract(days=7).date())
    expected = {
        key: record
        for key, record in delivered(run(config_of(sim, "off"), REPORTS)).items()
        if str(record.get("stat_time_day") or record.get("stat_time_hour")) >= since
    }
    received = delivered(first, second)
    assert expected
    assert expected.items() <= received.items()


def test_wrong_probe_heals(sim: Simulator) -> None:
    """Skipped days are read in full once, whatever the probe found, and covered then."""
    config = config_of(sim, start_date=str(NOW.subtract(days=40).date()))
    runs = [run(config, REPORTS)]
    owner = dormant_ids(sim)[0]
    skipped = partition_of(runs[0], owner)["skipped"]
    assert len(skipped) == 1
    wake(sim)
    for days in (LONG_AFTER_DAYS, LONG_AFTER_DAYS + 1):
        started_at = NOW.add(days=days)
        runs.append(run(config, REPORTS, state=runs[-1].state, started_at=started_at))
    everything = run(config_of(sim, "off", start_date=config["start_date"]), REPORTS)
    assert plain(delivered(everything)).items() <= plain(delivered(*runs)).items()
    assert not [
        interval
        for interval in partition_of(runs[-1], owner)["skipped"]
        if interval[0] <= skipped[0][1]
    ]


def test_healing_waits_a_week_and_reads_one_window(sim: Simulator) -> None:
    """Skipped days are not requested within a week, then at most 30 days are."""
    config = config_of(sim, start_date=str(NOW.subtract(days=49).date()))
    first = run(config, [CAMPAIGNS])
    position = len(sim.requests)
    run(config, [CAMPAIGNS], state=first.state, started_at=NOW.add(days=6))
    dormant = set(dormant_ids(sim))
    assert not dormant & {r.params["advertiser_id"] for r in reports_of(sim, position)}
    position = len(sim.requests)
    third = run(config, [CAMPAIGNS], state=first.state, started_at=NOW.add(days=7))
    windows = [r for r in reports_of(sim, position) if r.params["advertiser_id"] in dormant]
    assert len(windows) == len(dormant)
    for owner in dormant:
        days = [
            dt.date.fromisoformat(last) - dt.date.fromisoformat(start)
            for start, last in partition_of(third, owner)["covered"]
        ]
        assert sum(span.days + 1 for span in days) == 30


def test_account_that_wakes_up_is_read(sim: Simulator) -> None:
    """The first days of delivery are read in the run after they happened."""
    world = sim.world
    for owner in world.advertiser_ids:
        world.pause(owner, "2000-01-01", str(world.today(owner)))
    config = config_of(sim, start_date=str(NOW.subtract(days=30).date()))
    first = run(config, REPORTS)
    assert not first.records[CAMPAIGNS]
    world.advance(days=3)
    started_at = NOW.add(days=3)
    second = run(config, REPORTS, state=first.state, started_at=started_at)
    expected = run({**config, "skip_dormant": "off"}, REPORTS, started_at=started_at)
    assert delivered(second) == delivered(expected)
    assert delivered(second)


def test_lookback_reads_each_day_once(sim: Simulator) -> None:
    """With `lookback`, the first run reads all days, and a repeated run skips the dormant ones."""
    config = config_of(sim, "lookback")
    first = run(config, REPORTS)
    assert probes_of(sim) == []
    assert first.records == run(config_of(sim, "off"), REPORTS).records
    position = len(sim.requests)
    second = run(config, REPORTS, state=first.state)
    requested = {request.params["advertiser_id"] for request in reports_of(sim, position)}
    assert requested == set(sim.world.advertiser_ids) - set(dormant_ids(sim))
    assert second.state["bookmarks"] == first.state["bookmarks"]
    wake(sim)
    third = run(config, REPORTS, state=second.state)
    expected = run(config_of(sim, "off"), REPORTS, state=first.state)
    assert delivered(third) == delivered(expected)


def test_switching_off_reads_skipped_days(sim: Simulator) -> None:
    """A run with `off` reads skipped days and removes them from the state."""
    first = run(config_of(sim), REPORTS)
    wake(sim)
    second = run(config_of(sim, "off"), REPORTS, state=first.state)
    everything = run(config_of(sim, "off"), REPORTS)
    assert delivered(first, second) == delivered(everything)
    partition = partition_of(second, dormant_ids(sim)[0])
    assert partition["skipped"] == []
    assert partition["covered"] == partition_of(everything, dormant_ids(sim)[0])["covered"]


def test_interrupted_run_resumes(sim: Simulator) -> None:
    """After an error in the middle, the next run reads what is missing."""
    wake(sim)
    for owner in dormant_ids(sim)[1:]:
        sim.world.pause(owner, "2000-01-01", str(NOW.add(days=2).date()))
    config = config_of(sim, max_retries=0)
    sim.add_fault("code", path=PATH, times=None, after=9, code=50002)
    with pytest.raises(Exception, match="50002") as caught:
        run(config, REPORTS)
    first = t.cast("t.Any", caught.value).messages
    sim.faults.clear()
    second = run(config, REPORTS, state=first.state)
    assert delivered(first, second) == delivered(run(config_of(sim, "off"), REPORTS))


# Objects that are easily forgotten


def test_deleted_objects_are_activity(sim: Simulator) -> None:
    """An account whose campaigns are all deleted is read."""
    owner = sim.world.advertiser_ids[0]
    for campaign in sim.world.accounts[owner].campaigns:
        sim.world.delete("campaigns", campaign.id, NOW.naive())
    messages = run(config_of(sim), REPORTS)
    assert delivered(messages) == delivered(run(config_of(sim, "off"), REPORTS))
    assert {record["advertiser_id"] for record in messages.records[CAMPAIGNS]} >= {owner}


def test_promote_ads_are_activity(sim: Simulator) -> None:
    """An account that delivers Promote ads only is read."""
    owner = sim.world.advertiser_ids[0]
    for ad in sim.world.accounts[owner].ads:
        if ad.campaign.origin is None:
            ad.last = -1
    messages = run(config_of(sim), REPORTS)
    assert delivered(messages) == delivered(run(config_of(sim, "off"), REPORTS))
    assert {record["advertiser_id"] for record in messages.records[CAMPAIGNS]} >= {owner}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", [None, 40001, 40002])
def test_topview_is_activity(seed: int, fault: int | None) -> None:
    """An account with TopView campaigns is read, and so is one whose check fails."""
    with Simulator({**SPARSE, "campaigns": 5, "days": 40, "seed": seed}) as sim:
        for account in sim.world.accounts.values():
            for ad in account.ads:
                if ad.campaign.buying != "RESERVATION_TOP_VIEW":
                    ad.last = -1
        expected = run(config_of(sim, "off"), REPORTS)
        if fault is not None:
            sim.add_fault("code", path="/campaign/get/", times=None, code=fault)
        messages = run(config_of(sim), REPORTS)
        assert delivered(messages) == delivered(expected)
        assert delivered(messages)


# Probes that fail


def test_rejected_batch_is_split(sim: Simulator) -> None:
    """A batch with one advertiser that TikTok rejects is split, and only that one is read."""
    owner = dormant_ids(sim)[0]
    sim.add_fault("code", path=PATH, times=None, containing=f'"{owner}"', code=40001)
    messages = run(config_of(sim), REPORTS)
    requested = {request.params["advertiser_id"] for request in reports_of(sim)}
    assert owner in requested
    assert requested.isdisjoint(dormant_ids(sim)[1:])
    assert [owner] in probes_of(sim)
    sim.faults.clear()
    assert delivered(messages) == delivered(run(config_of(sim, "off"), REPORTS))


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("code", {"code": 40002}),
        ("code", {"code": 50000}),
        ("empty_page", {}),
        ("shape", {}),
        ("no_page_info", {}),
        ("total", {"by": 1}),
        ("not_json", {}),
    ],
)
def test_damaged_probe_skips_nothing(kind: str, details: dict[str, t.Any]) -> None:
    """If no probe can be read, all days are."""
    options = {**SPARSE, "seed": 7, "days": 40, "dormant_advertisers": 1, "today": str(NOW.date())}
    noon = NOW.at(12)  # the time at which all accounts have the same date, and share a probe
    with Simulator(options) as sim:
        for name in REPORTS:  # alone, because the report by day saves requests by hour
            run(config_of(sim, "off"), [name], started_at=noon)
        count = len(reports_of(sim))
        expected = run(config_of(sim, "off"), REPORTS, started_at=noon)
        position = len(sim.requests)
        sim.add_fault(kind, path=PATH, times=None, containing='["7', **details)
        messages = run(config_of(sim, max_retries=1), REPORTS, started_at=noon)
        assert messages.records == expected.records
        assert len(reports_of(sim, position)) == count
        partition = partition_of(messages, dormant_ids(sim)[0])
        assert "skipped" not in partition


def test_metric_that_probes_cannot_request_skips_nothing() -> None:
    """A report with a metric that is unknown is read on all days."""
    with Simulator({**SPARSE, "seed": 7, "days": 40, "dormant_advertisers": 2}) as sim:
        config = config_of(sim, report_metrics={CAMPAIGNS: ["spend", "a_new_metric_of_tiktok"]})
        sim.add_fault("code", path=PATH, times=None, code=40001)
        run(config, [CAMPAIGNS])
        assert probes_of(sim) == []


def test_lifetime_and_topview_reports_are_not_skipped() -> None:
    """Reports of all time, and custom reports of one buying type, are read."""
    reports = [
        {
            "name": "topview",
            "data_level": "AUCTION_CAMPAIGN",
            "dimensions": ["campaign_id"],
            "metrics": ["spend"],
            "filters": [{"field": "buying_type", "values": ["RESERVATION_TOP_VIEW"]}],
        },
        {
            "name": "lifetime",
            "data_level": "AUCTION_CAMPAIGN",
            "dimensions": ["campaign_id"],
            "metrics": ["spend"],
            "granularity": "lifetime",
        },
    ]
    with Simulator({**SPARSE, "seed": 7, "days": 40, "dormant_advertisers": 2}) as sim:
        run(config_of(sim, custom_reports=reports), ["topview", "lifetime"])
        assert probes_of(sim) == []
        assert reports_of(sim)


# Requests


@pytest.mark.parametrize("seed", SEEDS)
def test_request_count_of_dormant_advertisers(seed: int) -> None:
    """19 streams with 80 % dormant advertisers need at most 12 requests per advertiser."""
    names = [stream.name for stream in STREAMS if stream.selected_by_default]
    assert len(names) == 19
    options: dict[str, t.Any] = {
        **SPARSE,
        "seed": seed,
        "advertisers": 10,
        "dormant_advertisers": 8,
        "pixels": 3,
    }
    counts: dict[str, float] = {}
    noon = NOW.at(12)  # the time at which all accounts have the same date
    options = {**options, "days": 265, "today": str(noon.date())}  # the accounts exist for a year
    with Simulator(options) as sim:
        state: dict[str, t.Any] = {}
        for label, start in (("first", "{now-29}"), ("again", "{now-29}"), ("years", "{now-730}")):
            position = len(sim.requests)
            config = config_of(sim, start_date=start)
            state = {} if label == "years" else state
            state = run(config, names, state=state, started_at=noon).state
            counts[label] = (len(sim.requests) - position) / 10
    assert counts["first"] <= 12
    assert counts["again"] <= 12
    assert counts["years"] <= 48


def test_probes_are_shared_by_streams_and_advertisers(sim: Simulator) -> None:
    """Five advertisers share a probe, and all streams share all probes."""
    run(config_of(sim, start_date="{now-29}", advertiser_ids=sim.world.advertiser_ids), REPORTS)
    owners = collections.Counter(len(probe) for probe in probes_of(sim))
    # BASIC and AUDIENCE, of advertisers whose days end on the same date
    assert max(owners) > 1
    named = collections.Counter(owner for probe in probes_of(sim) for owner in probe)
    assert set(named.values()) == {2}


# Values of probes

ZERO = {"spend": "0", "impressions": "0.0", "clicks": "-", "currency": "USD", "timezone": "UTC"}


@pytest.mark.parametrize(
    ("dimensions", "metrics", "is_skipped"),
    [
        ({"advertiser_id": "1", "stat_time_day": "2026-10-02 00:00:00"}, ZERO, True),
        ({"advertiser_id": "1", "stat_time_day": "-"}, ZERO, True),
        ({"advertiser_id": "1", "stat_time_day": "2026-10-02 00:00:00"}, {}, True),
        ({"advertiser_id": "1", "stat_time_day": "2026-10-02"}, {**ZERO, "clicks": "1"}, False),
        ({"advertiser_id": "1", "stat_time_day": "2026-10-02"}, {**ZERO, "clicks": "?"}, False),
        ({"advertiser_id": "1", "stat_time_day": "2026-10-02"}, {**ZERO, "other": 0.4}, False),
        ({"advertiser_id": "1", "stat_time_day": "-"}, {**ZERO, "clicks": "1"}, False),
        ({"advertiser_id": "2", "stat_time_day": "2026-10-02"}, ZERO, False),
        ({"stat_time_day": "2026-10-02"}, ZERO, False),
        ({"advertiser_id": "1", "stat_time_day": "2027-10-02"}, ZERO, False),
        ({"advertiser_id": "1", "stat_time_day": "soon"}, ZERO, False),
        ({"advertiser_id": "1"}, {**ZERO, "clicks": 3}, False),
        ({"advertiser_id": "1", "stat_time_day": "2026-10-02"}, None, False),
        (None, ZERO, False),
    ],
)
def test_only_zeros_of_the_request_are_skipped(
    dimensions: t.Any,
    metrics: t.Any,
    is_skipped: bool,
) -> None:
    """Only zeros of the requested advertiser and days save a window. Anything else is read."""
    page_info = {"page": 1, "page_size": 1000, "total_number": 1, "total_page": 1}
    delivery = {"campaign_id": "5", "stat_time_day": "2026-10-02 00:00:00"}

    def respond(query: dict[str, str]) -> t.Any:
        if query["path"] == "/campaign/get/":
            return {"list": [], "page_info": {**page_info, "total_number": 0, "total_page": 0}}
        record = {"dimensions": delivery, "metrics": {"spend": "1.5"}}
        if "advertiser_ids" in query:
            record = {"dimensions": dimensions, "metrics": metrics}
        return {"list": [record], "page_info": page_info}

    with answering(respond) as (url, _):
        config = config_at(url, skip_dormant="always", max_retries=0)
        config |= {"start_date": "2026-10-01", "end_date": "2026-10-03"}
        messages = run(config, [CAMPAIGNS])
    assert len(messages.records[CAMPAIGNS]) == (0 if is_skipped else 1)
    assert ("skipped" in partition_of(messages, "1")) is is_skipped


def test_rejected_metric_skips_no_report_that_needs_it(sim: Simulator) -> None:
    """If TikTok rejects a metric of a probe, the reports with that metric are read."""
    sim.add_fault(
        "code",
        path=PATH,
        times=1,
        containing='["7',
        code=40002,
        message="Invalid metric fields: ['reach']",
    )
    metrics = {CAMPAIGNS: ["spend", "reach"], AUDIENCE: ["spend"]}
    config = config_of(sim, report_metrics=metrics, max_concurrency=1)
    run(config, [CAMPAIGNS, AUDIENCE])
    requested = {
        request.params["report_type"]
        for request in reports_of(sim)
        if request.params["advertiser_id"] in dormant_ids(sim)
    }
    assert requested == {"BASIC"}


# The simulator


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"advertiser_id": "7"}, "either advertiser_id or advertiser_ids"),
        ({"advertiser_ids": None}, "either advertiser_id or advertiser_ids"),
        ({"advertiser_ids": ["7"] * 6}, "exceeds the maximum of 5"),
        ({"advertiser_ids": ["7"]}, "No permission"),
        ({"report_type": "BC"}, "is not a grouping of BC reports"),
        ({"report_type": "NONE"}, "Must be one of BASIC, AUDIENCE"),
    ],
)
def test_simulator_rejects_what_tiktok_rejects(changes: dict[str, t.Any], sentence: str) -> None:
    """A report of several accounts has at most five accounts, all of them granted."""
    with Simulator({**SPARSE, "days": 3}) as sim:
        params = shared_report(sim) | changes
        params = {name: value for name, value in params.items() if value is not None}
        with pytest.raises(ApiError, match=sentence):
            client_of(sim).send(ApiRequest(PATH, params))


def test_simulator_reports_several_accounts() -> None:
    """Money has no decimals, the metrics name the account, and counts equal single reports."""
    with Simulator({**SPARSE, "days": 3}) as sim:
        rows = client_of(sim).send(ApiRequest(PATH, shared_report(sim))).data["list"]
        assert {row["metrics"]["advertiser_id"] for row in rows} == set(sim.world.advertiser_ids)
        assert all(row["metrics"]["spend"].isdigit() for row in rows)
        for owner in sim.world.advertiser_ids:
            params = shared_report(sim) | {"advertiser_id": owner}
            del params["advertiser_ids"]
            single = client_of(sim).send(ApiRequest(PATH, params)).data["list"]
            own = [row for row in rows if row["dimensions"]["advertiser_id"] == owner]
            assert [row["metrics"]["clicks"] for row in own] == [
                row["metrics"]["clicks"] for row in single
            ]
        params = shared_report(sim) | {"dimensions": ["stat_time_day"]}
        rows = client_of(sim).send(ApiRequest(PATH, params)).data["list"]
        assert {row["metrics"]["spend"] for row in rows} == {"-"}


def shared_report(sim: Simulator) -> dict[str, t.Any]:
    """Return the parameters of a report of all accounts."""
    return {
        "advertiser_ids": sim.world.advertiser_ids,
        "report_type": "BASIC",
        "data_level": "AUCTION_ADVERTISER",
        "dimensions": ["advertiser_id", "stat_time_day"],
        "metrics": ["spend", "clicks"],
        "start_date": str(NOW.subtract(days=9).date()),
        "end_date": str(NOW.date()),
        "page_size": 1000,
    }


def client_of(sim: Simulator) -> Client:
    """Return a client of a simulator."""
    tier = TIERS["unlimited"]
    return Client(
        sim.url, sim.access_token, RateLimiter(tier), user_agent="test", timeout=9, max_retries=0
    )
