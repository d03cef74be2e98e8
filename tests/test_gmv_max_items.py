"""GMV Max reports of products, posts and livestreams, by day and hour, and sessions."""

from __future__ import annotations

import collections
import json
import typing as t

import pendulum
import pytest
from conftest import catalog_of, config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

REPORT = "/gmv_max/report/get/"
SESSION_LIST, DETAILS = (f"/campaign/gmv_max/session/{name}/" for name in ("list", "get"))
NAMES = (
    *("gmv_max_report", "gmv_max_report_hourly", "gmv_max_product_report"),
    *("gmv_max_product_report_hourly", "gmv_max_creative_report", "gmv_max_live_report"),
    *("gmv_max_live_report_hourly", "gmv_max_sessions"),
)
REPORTS = NAMES[:-1]
WORLD = {"advertisers": 2, "stores": 3, "gmv_max_campaigns": 5, "today": "2026-11-20"}
START, TODAY = "2026-11-12", "2026-11-20"
DATES = {"start_date": START, "end_date": TODAY, "lookback_days": 2}
THREE_SEEDS = pytest.mark.parametrize(
    "sim", [{**WORLD, "seed": seed} for seed in (1, 2, 3)], indirect=True
)
ONE_SEED = pytest.mark.parametrize("sim", [WORLD], indirect=True)


def queries(sim: Simulator, path: str = REPORT) -> list[t.Any]:
    """Return the parameters of the requests to an endpoint."""
    return [request.params for request in sim.requests if request.path.endswith(path)]


def member(query: dict[str, t.Any], name: str) -> t.Any:
    """Return a parameter that is JSON text."""
    return json.loads(query[name])


@THREE_SEEDS
def test_streams_have_every_record_once(sim: Simulator) -> None:
    """Each stream has the expected records, and no key twice."""
    messages = run(config_for(sim, **DATES), NAMES)
    expected = sim.world.expected(START, TODAY)
    for name in NAMES:
        distinct_count = len(messages.keyed(name))
        assert distinct_count == len(messages.records[name]) == expected[name] > 0, name


@ONE_SEED
@pytest.mark.parametrize("settings", [{"max_concurrency": 1}, {"backfill_order": "oldest_first"}])
def test_records_do_not_depend_on_the_order_of_requests(
    sim: Simulator, settings: dict[str, t.Any]
) -> None:
    """The records are equal for one thread, and for both orders of the days."""
    texts = [
        {name: sorted(map(repr, messages.records[name])) for name in NAMES}
        for messages in (
            run(config_for(sim, **DATES), NAMES),
            run(config_for(sim, **DATES, **settings), NAMES),
        )
    ]
    assert texts[0] == texts[1]


@ONE_SEED
def test_next_run_reads_the_days_of_the_lookback(sim: Simulator) -> None:
    """The next run reads only days that are not final. Sessions are read completely."""
    config, noon = config_for(sim, **DATES), pendulum.datetime(2026, 11, 20, 12)
    first = run(config, NAMES, started_at=noon)
    second = run(config, NAMES, state=first.state, started_at=noon)
    for name in REPORTS:
        time = "stat_time_hour" if "hourly" in name else "stat_time_day"
        for owner in sim.world.advertiser_ids:
            days = [
                {
                    record[time][:10]: record.get("is_final")
                    for record in messages.records[name]
                    if record["advertiser_id"] == owner
                }
                for messages in (first, second)
            ]
            assert days[1]
            assert min(days[1]) >= "2026-11-17"
            assert days[1].keys() < days[0].keys()
            if name != "gmv_max_report":
                assert days[0] == {day: day < min(days[1]) for day in days[0]}
    assert second.records["gmv_max_sessions"] == first.records["gmv_max_sessions"]


@ONE_SEED
def test_products_add_up_to_their_campaigns(sim: Simulator) -> None:
    """A product and its campaign have one shop, and hours add up to days."""
    messages = run(config_for(sim, **DATES, include_deleted=False), NAMES)
    shops = {
        record["campaign_id"]: (record["store_id"], record["gmv_max_promotion_type"])
        for record in messages.records["gmv_max_report"]
    }
    for kind, promotion_type in (("product", "PRODUCT"), ("creative", "PRODUCT"), ("live", "LIVE")):
        for record in messages.records[f"gmv_max_{kind}_report"]:
            assert shops[record["campaign_id"]] == (record["store_id"], promotion_type)
    days: dict[str, set[tuple[str, str]]] = collections.defaultdict(set)
    for name in ("gmv_max_product_report", "gmv_max_product_report_hourly"):
        for record in messages.records[name]:
            moment = record.get("stat_time_hour") or record["stat_time_day"]
            days[name].add((record["item_group_id"], moment[:10]))
    assert days["gmv_max_product_report"] == days["gmv_max_product_report_hourly"]


@ONE_SEED
def test_reports_share_the_steps_that_name_campaigns(sim: Simulator) -> None:
    """Reports of products and posts request the campaigns of a shop once."""
    run(config_for(sim, **DATES), ["gmv_max_product_report", "gmv_max_creative_report"])
    by_campaign = [query for query in queries(sim) if query["dimensions"] == '["campaign_id"]']
    stores = {query["store_ids"] for query in by_campaign}
    assert len(by_campaign) == len(stores) > 1


@ONE_SEED
def test_hours_share_the_steps_of_thirty_days(sim: Simulator) -> None:
    """The hours of several days need the campaigns of a shop once or twice."""
    run(config_for(sim, **DATES), ["gmv_max_live_report_hourly"])
    steps: collections.Counter[str] = collections.Counter()
    for query in queries(sim):
        steps[query["store_ids"]] += query["dimensions"] == '["campaign_id"]'
    assert set(steps.values()) <= {1, 2}


@pytest.mark.parametrize("sim", [{**WORLD, "gmv_max_campaigns": 210, "stores": 1}], indirect=True)
def test_filters_have_at_most_a_hundred_campaigns(sim: Simulator) -> None:
    """A filter has at most 100 campaigns, and each campaign is in one filter of a window."""
    settings = {"start_date": TODAY, "end_date": TODAY}
    messages = run(config_for(sim, **settings), ["gmv_max_product_report"])
    filters = [
        member(query, "filtering")["campaign_ids"]
        for query in queries(sim)
        if "item_group_id" in query["dimensions"]
    ]
    assert max(map(len, filters)) <= 100
    campaigns = [name for ids in filters for name in ids]
    assert len(campaigns) == len(set(campaigns)) > 100
    expected = sim.world.expected(TODAY, TODAY)["gmv_max_product_report"]
    assert len(messages.records["gmv_max_product_report"]) == expected


@ONE_SEED
@pytest.mark.parametrize(
    ("stream", "metric", "dimensions"),
    [
        ("gmv_max_product_report", "product_name", ["item_group_id", "stat_time_day"]),
        ("gmv_max_live_report_hourly", "live_name", ["room_id", "stat_time_hour"]),
    ],
)
def test_names_take_one_request_per_campaign(
    sim: Simulator, stream: str, metric: str, dimensions: list[str]
) -> None:
    """The name of a product or livestream needs one campaign and one ID dimension."""
    settings = {"start_date": TODAY, "end_date": TODAY}
    messages = run(
        config_for(sim, **settings, report_metrics={stream: ["usual", metric]}), [stream]
    )
    plain = run(config_for(sim, **settings), [stream])
    reports = [query for query in queries(sim) if metric in query["metrics"]]
    assert {query["dimensions"] for query in reports} == {
        json.dumps(dimensions, separators=(",", ":"))
    }
    assert all(len(member(query, "filtering")["campaign_ids"]) == 1 for query in reports)
    records = messages.records[stream]
    assert all(record.pop(metric) for record in records)
    assert sorted(map(repr, (sorted(record.items()) for record in records))) == sorted(
        map(repr, (sorted(record.items()) for record in plain.records[stream]))
    )


@ONE_SEED
def test_few_columns_request_few_metrics(sim: Simulator) -> None:
    """Deselected metrics are not requested, except the metric that TikTok requires."""
    config = config_for(sim, start_date=TODAY, end_date=TODAY)
    catalog = catalog_of(config, ["gmv_max_creative_report"], alone=True)
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] and item["metadata"]["inclusion"] == "available":
            item["metadata"]["selected"] = False
    messages = run(config, catalog=catalog)
    assert {query["metrics"] for query in queries(sim)} == {'["cost"]'}
    keys = set(messages.schemas["gmv_max_creative_report"]["key_properties"])
    assert all(record.keys() == keys for record in messages.records["gmv_max_creative_report"])


@pytest.mark.parametrize("sim", [{**WORLD, "stores": 0}], indirect=True)
def test_account_without_shops_has_no_records(sim: Simulator) -> None:
    """An account without a shop sends no report request, and the run succeeds."""
    messages = run(config_for(sim, **DATES), NAMES)
    assert not any(messages.records[name] for name in NAMES)
    assert not queries(sim)
    assert messages.failed == []


@ONE_SEED
@pytest.mark.parametrize("name", NAMES)
def test_missing_permission_skips_the_stream(sim: Simulator, name: str) -> None:
    """A denied endpoint skips the stream, without an error."""
    path = SESSION_LIST if name == "gmv_max_sessions" else REPORT
    denied = f"advertiser does not grant you {path}:GET permission"
    sim.add_fault(kind="code", code=40001, message=denied, path=path, times=None)
    messages = run(config_for(sim, **DATES), [name])
    assert messages.records[name] == []
    assert messages.failed == []
    assert messages.bookmarks(name) == {}


@ONE_SEED
def test_rejected_step_skips_the_campaigns_of_its_shop(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A shop whose campaigns TikTok rejects is skipped with a warning. The others are read."""
    sim.add_fault(kind="code", code=40002, message="No LIVE campaigns.", path=REPORT, times=1)
    messages = run(config_for(sim, **DATES), ["gmv_max_live_report"])
    expected = sim.world.expected(START, TODAY)["gmv_max_live_report"]
    assert 0 < len(messages.records["gmv_max_live_report"]) < expected
    assert any("skips campaigns of store" in line for line in caplog.messages)


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        ("gmv_max_product_report", "net_cost"),
        ("gmv_max_creative_report", "title"),
        ("gmv_max_live_report", "product_clicks"),
        ("gmv_max_live_report_hourly", "spend"),
    ],
)
def test_metric_of_another_level_is_an_error(stream: str, name: str) -> None:
    """A metric that the level does not have is an error before any request."""
    config = config_at("http://127.0.0.1:1", report_metrics={stream: [name]})
    with pytest.raises(errors.ConfigError, match=f"{stream}: unknown metric of .*'{name}'"):
        run(config, [stream])


def test_streams_are_not_selected_by_default() -> None:
    """None of the streams is selected by default."""
    assert not any(entry.selected_by_default for entry in STREAMS if entry.name in NAMES)


def test_session_lists_can_be_absent() -> None:
    """A response without `session_list` means no session. Session IDs are requested by twenties."""
    campaigns = {"1": 0, "2": 45}

    def respond(call: Call) -> bytes:
        if call.path == "/gmv_max/campaign/get/":
            records = [{"campaign_id": name} for name in campaigns]
            info = {"page": 1, "total_number": 2, "total_page": 1}
            return envelope({"list": records, "page_info": info})
        if call.path == SESSION_LIST:
            count = campaigns[call.query["campaign_id"]]
            sessions = [{"session_id": str(number)} for number in range(count)]
            return envelope({"session_list": sessions} if sessions else {})
        if call.path == DETAILS:
            ids = json.loads(call.query["session_ids"])
            return envelope({"session_list": [{"session_id": name} for name in ids]})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, calls):
        messages = run(config_at(url), ["gmv_max_sessions"])
    assert len(messages.records["gmv_max_sessions"]) == 45
    sizes = [len(json.loads(call.query["session_ids"])) for call in calls if call.path == DETAILS]
    assert sorted(sizes) == [5, 20, 20]
