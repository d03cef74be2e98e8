"""Streams and reports of the settings `custom_streams` and `custom_reports`."""

from __future__ import annotations

import json
import typing as t

import pytest
from conftest import SMALL, catalog_of, command, config_for, run

from tap_tiktok_ads.api.errors import ConfigError, ResponseError
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from pathlib import Path

    from conftest import Messages

#: A report as a custom stream, with all keys that a report needs.
MY_REPORT = json.loads(
    """
{"name": "my_report", "url": "/report/integrated/get/", "params": {"advertiser_id": "{advertiser_id}", "report_type": "BASIC", "data_level": "AUCTION_CAMPAIGN", "dimensions": ["campaign_id", "stat_time_day"],
 "metrics": ["spend", "impressions"], "start_date": "{start_date}", "end_date": "{end_date}"}, "page_size": 1000, "window_days": 30, "primary_keys": ["advertiser_id", "campaign_id", "stat_time_day"], "replication_key": "stat_time_day"}
"""  # noqa: E501
)
CAMPAIGNS: dict[str, t.Any] = {
    "name": "my_campaigns",
    "url": "/campaign/get/",
    "params": {
        "advertiser_id": "{advertiser_id}",
        "filtering": {"primary_status": "STATUS_ALL"},
    },
    "primary_keys": ["advertiser_id", "campaign_id"],
    "page_size": 2,
}
GROUPS: dict[str, t.Any] = {
    "name": "groups",
    "url": "/adgroup/get/",
    "params": {
        "advertiser_id": "{advertiser_id}",
        "filtering": {
            "campaign_ids": "{campaigns.campaign_id}",
            "primary_status": "STATUS_ALL",
            "campaign_system_origins": ["TT_ADS_PLATFORM", "PROMOTE"],
        },
    },
    "for_each": {"stream": "campaigns.campaign_id", "batch": 100},
    "page_size": 1000,
    "primary_keys": ["adgroup_id"],
}
OWNER = {"advertiser_id": "{advertiser_id}"}
PLACES: dict[str, t.Any] = {
    "name": "places",
    "method": "POST",
    "url": "/tool/targeting/search/",
    "body": {
        "advertiser_id": "{advertiser_id}",
        "search_type": "FUZZY_SEARCH",
        "keywords": ["{terms.word}"],
        "placements": ["PLACEMENT_TIKTOK"],
        "objective_type": "REACH",
    },
    "lookups": {"terms": [{"word": "united"}, {"word": "ger"}]},
    "pagination": "none",
}


def custom(
    sim: Simulator,
    *entries: dict[str, t.Any],
    state: dict[str, t.Any] | None = None,
    streams: t.Collection[str] = (),
    **settings: t.Any,
) -> Messages:
    """Run these entries of `custom_streams`, and other streams by name."""
    config = config_for(sim, custom_streams=list(entries), **settings)
    return run(config, [*streams, *(entry["name"] for entry in entries)], state=state)


def top_view(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the entry for TopView objects, which need a separate request."""
    filtering = {**entry["params"]["filtering"], "buying_types": ["RESERVATION_TOP_VIEW"]}
    return {
        **entry,
        "name": "top_view",
        "params": {**entry["params"], "filtering": filtering},
        "page_size": 100,
    }


def config_error(**changes: t.Any) -> str:
    """Return the text of the error that an entry with these changes causes."""
    entry = {**CAMPAIGNS, **changes}
    entry = {key: value for key, value in entry.items() if value is not None}
    with pytest.raises(ConfigError) as caught:
        TapTikTokAds(
            config={"access_token": "t", "advertiser_ids": ["1"], "custom_streams": [entry]}
        )
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Custom streams that equal built-in streams


def test_custom_stream_equals_the_built_in_stream(sim: Simulator) -> None:
    """A custom stream of `/campaign/get/` has the records of `campaigns` and an inferred schema."""
    filtering = {
        "primary_status": "STATUS_ALL",
        "campaign_system_origins": ["TT_ADS_PLATFORM", "PROMOTE"],
    }
    entry = {**CAMPAIGNS, "params": {**CAMPAIGNS["params"], "filtering": filtering}}
    messages = custom(sim, entry, top_view(CAMPAIGNS), streams=["campaigns"])
    custom_records = messages.keyed("my_campaigns") | messages.keyed("top_view")
    built_in = messages.keyed("campaigns")
    assert custom_records.keys() == built_in.keys()
    assert len(custom_records) > 8
    compared = ("campaign_name", "budget", "objective_type", "modify_time", "create_time")
    for key, record in custom_records.items():
        assert [*map(record.get, compared)] == [*map(built_in[key].get, compared)]


def test_custom_report_stream_equals_the_built_in_report(sim: Simulator) -> None:
    """Windows, keys, types and bookmarks of a custom stream equal a built-in report."""
    messages = custom(sim, MY_REPORT, streams=["campaign_performance_report"])
    custom_records, built_in = (
        messages.keyed("my_report"),
        messages.keyed("campaign_performance_report"),
    )
    assert len(custom_records) == len(messages.records["my_report"]) > 50
    for key, record in custom_records.items():
        assert (record["spend"], record["impressions"]) == (
            built_in[key]["spend"],
            built_in[key]["impressions"],
        )
    spend = messages.schemas["my_report"]["schema"]["properties"]["spend"]
    assert spend["type"] == ["number", "null"]
    assert messages.bookmarks("my_report") == messages.bookmarks("campaign_performance_report")
    later = custom(sim, MY_REPORT, state=messages.state)
    for advertiser in sim.world.advertiser_ids:
        days = {
            record["stat_time_day"]
            for record in later.records["my_report"]
            if record["advertiser_id"] == advertiser
        }
        assert 0 < len(days) <= 8  # a lookback of seven days, and today


def test_for_each_sends_batches(sim: Simulator) -> None:
    """`for_each` sends a request per batch of 100 campaigns, and the records are complete."""
    messages = custom(sim, GROUPS, top_view(GROUPS), streams=["ad_groups"])
    records = [*messages.records["groups"], *messages.records["top_view"]]
    ids = {record["adgroup_id"] for record in records}
    built_in = {record["adgroup_id"] for record in messages.records["ad_groups"]}
    assert ids == built_in
    batches = [
        json.loads(request.params["filtering"])["campaign_ids"]
        for request in sim.requests
        if request.path == "/adgroup/get/" and "campaign_ids" in request.params["filtering"]
    ]
    assert max(map(len, batches)) > 1


def test_for_each_sends_one_request_per_value(sim: Simulator) -> None:
    """Without `batch`, each value has its own request, even inside a text."""
    entry = {
        **GROUPS,
        "for_each": {
            "stream": "campaigns.campaign_id",
            "where": {"operation_status": ["ENABLE", "DISABLE"]},
        },
        "params": {
            "advertiser_id": "{advertiser_id}",
            "filtering": '{"campaign_ids": ["{campaigns.campaign_id}"]}',
        },
        "schema": {"properties": {"adgroup_id": {"type": "string"}}},
    }
    messages = custom(sim, entry)
    values = {
        tuple(json.loads(request.params["filtering"])["campaign_ids"])
        for request in sim.requests
        if request.path == "/adgroup/get/"
    }
    assert all(len(ids) == 1 for ids in values)
    assert len(values) > 4
    assert len(messages.records["groups"]) > 4


def test_post_sends_its_body_as_json(sim: Simulator) -> None:
    """A POST sends its body as JSON for each advertiser and value."""
    entry = {**PLACES, "records_path": "$.data.targeting_tag_list[*]"}
    messages = custom(sim, entry)
    bodies = [request.params for request in sim.requests if request.path == PLACES["url"]]
    assert {tuple(body["keywords"]) for body in bodies} == {("united",), ("ger",)}
    assert len({body["advertiser_id"] for body in bodies}) == 2
    assert len(messages.records["places"]) > 1


def test_rolling_dates_use_the_advertiser_time_zone(sim: Simulator) -> None:
    """`{now-7}` is a day in the advertiser's time zone. Without windows, no bookmark is written."""
    entry = {
        **MY_REPORT,
        "params": {**MY_REPORT["params"], "start_date": "{now-7}", "end_date": "{now-1}"},
        "window_days": None,
        "replication_key": None,
    }
    entry = {key: value for key, value in entry.items() if value is not None}
    messages = custom(sim, entry)
    queries = [request.params for request in sim.requests if request.path == MY_REPORT["url"]]
    for params in queries:
        today = sim.world.today(params["advertiser_id"])
        assert (today - type(today).fromisoformat(params["start_date"])).days == 7
        assert (today - type(today).fromisoformat(params["end_date"])).days == 1
    assert messages.records["my_report"]
    assert messages.state["bookmarks"] == {"my_report": {}}


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
def test_lookup_values_come_from_a_file(sim: Simulator, tmp_path: Path, suffix: str) -> None:
    """Lookup values come from a CSV, JSON or JSON Lines file, without duplicates."""
    advertiser = sim.world.advertiser_ids[0]
    campaigns = custom(sim, CAMPAIGNS).records["my_campaigns"]
    ids = [row["campaign_id"] for row in campaigns if row["advertiser_id"] == advertiser][:2]
    rows = [{"campaign": id_, "note": "x"} for id_ in [*ids, ids[0]]]
    text = {
        "csv": "campaign,note\n" + "".join(f"{row['campaign']},x\n" for row in rows),
        "json": json.dumps(rows),
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows),
    }[suffix]
    file = tmp_path / f"some ids.{suffix}"
    file.write_text(text)
    entry = {
        **CAMPAIGNS,
        "params": {
            "advertiser_id": advertiser,
            "filtering": {
                "campaign_ids": ["{some_ids.campaign}"],
                "primary_status": "STATUS_ALL",
            },
        },
        "per_advertiser": False,
        "primary_keys": ["campaign_id"],
        "for_each": {"file": str(file), "column": "campaign"},
    }
    messages = custom(sim, entry)
    assert [row["campaign_id"] for row in messages.records["my_campaigns"]] == ids


def test_full_url_uses_the_configured_environment(sim: Simulator) -> None:
    """A URL with TikTok's host is sent to the API of the configured environment."""
    entry = {**CAMPAIGNS, "url": "https://business-api.tiktok.com/open_api/v1.3/campaign/get/"}
    assert len(custom(sim, entry).records["my_campaigns"]) == 8


# Records


def test_metadata_path_adds_columns(sim: Simulator) -> None:
    """`metadata_path` adds columns, named by the path or by the keys of an object."""
    single = {**CAMPAIGNS, "metadata_path": "$.data.page_info.total_number"}
    record = custom(sim, single).records["my_campaigns"][0]
    assert record["total_number"] == 4
    multiple = {**CAMPAIGNS, "metadata_path": {"size": "$.data.page_info.page_size", "no": "$.x"}}
    record = custom(sim, multiple).records["my_campaigns"][0]
    assert (record["size"], record["no"]) == (2, None)


def test_single_object_becomes_a_record(sim: Simulator) -> None:
    """`$.data` reads one object. `per_advertiser: false` sends one request for all advertisers."""
    entry = {
        "name": "user",
        "url": "/user/info/",
        "records_path": "$.data",
        "per_advertiser": False,
    }
    records = custom(sim, entry).records["user"]
    assert len(records) == 1
    assert "advertiser_id" not in records[0]
    assert "display_name" in records[0]


def test_plain_values_become_records(sim: Simulator) -> None:
    """Values that are not objects become records with the column `value`."""
    entry = {**CAMPAIGNS, "records_path": "$.data.list[*].campaign_id", "primary_keys": ["value"]}
    records = custom(sim, entry).records["my_campaigns"]
    assert all(set(record) == {"advertiser_id", "value"} for record in records)
    assert len(records) > 4


def test_replication_key_drops_older_records(sim: Simulator) -> None:
    """Without windows, later runs drop records that are older than the bookmark."""
    entry = {**CAMPAIGNS, "replication_key": "modify_time"}
    first = custom(sim, entry)
    second = custom(sim, entry, state=first.state)
    assert len(second.records["my_campaigns"]) < len(first.records["my_campaigns"])
    assert first.bookmarks("my_campaigns") == second.bookmarks("my_campaigns")


def test_default_page_size_reads_all_pages(sim: Simulator) -> None:
    """Without `page_size`, TikTok's default applies and all pages are read."""
    with Simulator({**SMALL, "campaigns": 25}) as large:
        entry = {key: value for key, value in CAMPAIGNS.items() if key != "page_size"}
        records = custom(large, entry).records["my_campaigns"]
        assert len(records) > 20 * 2
    assert len(custom(sim, {**CAMPAIGNS, "pagination": "none"}).records["my_campaigns"]) == 2 * 2


def test_cursor_requests_the_next_page(sim: Simulator) -> None:
    """The next page is requested with the cursor of the response."""
    entry = {
        **CAMPAIGNS,
        # the simulator has no endpoint with cursors, so the number of pages is the cursor
        "pagination": {
            "type": "cursor",
            "cursor_path": "$.data.page_info.total_page",
            "parameter": "page",
        },
    }
    pages = [
        request.params.get("page")
        for request in _requests(sim, entry)
        if request.path == "/campaign/get/"
    ]
    assert pages[:2] == [None, "2"]


def _requests(sim: Simulator, entry: dict[str, t.Any]) -> list[t.Any]:
    schema = {"properties": {"campaign_id": {"type": "string"}}}
    custom(sim, {**entry, "schema": schema}, max_concurrency=1)
    return sim.requests


def test_configured_schema_needs_no_request(sim: Simulator, tmp_path: Path) -> None:
    """With a schema in the settings or in a file, discovery sends no request."""
    schema = {"properties": {"campaign_id": {"type": "string"}, "budget": {"type": "string"}}}
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema))
    for setting in (schema, str(file)):
        entry = {**CAMPAIGNS, "schema": setting}
        request_count = len(sim.requests)
        catalog = catalog_of(config_for(sim, custom_streams=[entry]), ["my_campaigns"])
        assert len(sim.requests) == request_count
        stream = next(
            entry for entry in catalog["streams"] if entry["tap_stream_id"] == "my_campaigns"
        )
        assert stream["schema"]["properties"]["budget"] == {"type": "string"}
        records = custom(sim, entry).records["my_campaigns"]
        assert all(isinstance(record["budget"], (str, type(None))) for record in records)


def test_catalog_schema_needs_no_request(sim: Simulator) -> None:
    """The schema of a catalog is used without a request."""
    config = config_for(sim, custom_streams=[CAMPAIGNS])
    catalog = catalog_of(config, ["my_campaigns"])
    request_count = len(sim.requests)
    TapTikTokAds(config=config, catalog=catalog)
    assert len(sim.requests) == request_count


def test_custom_stream_missing_in_catalog_is_logged(sim: Simulator, tmp_path: Path) -> None:
    """A custom stream that the catalog lacks is not read, and the log names it."""
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(catalog_of(config_for(sim), ["pixels"])))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_for(sim, custom_streams=[CAMPAIGNS])))
    result = command("--config", str(config), "--catalog", str(catalog))
    assert result.returncode == 0
    assert '"stream":"pixels"' in result.stdout
    assert "my_campaigns" not in result.stdout
    assert "Skipping streams that are not in the catalog: my_campaigns" in result.stderr


def test_custom_streams_retry_and_split_windows(sim: Simulator) -> None:
    """Custom streams retry transient errors, and split windows that are too large."""
    sim.add_fault("http", path="/report/integrated/get/", status=502, after=2, times=1)
    sim.add_fault("code", path="/report/integrated/get/", code=50002, after=4, times=1)
    messages = custom(sim, {**MY_REPORT, "schema": {"properties": {}}})
    assert len(messages.keyed("my_report")) == len(messages.records["my_report"])
    with Simulator(sim.world.options.__dict__) as reference:
        expected = custom(reference, {**MY_REPORT, "schema": {"properties": {}}})
    assert messages.keyed("my_report").keys() == expected.keyed("my_report").keys()


# Errors


def test_unmatched_records_path_is_an_error(sim: Simulator) -> None:
    """A `records_path` that matches nothing is an error that lists the arrays of the response."""
    entry = {**CAMPAIGNS, "records_path": "$.data.campaigns[*]"}
    with pytest.raises(ResponseError, match=r"matches nothing.*\$\.data\.list\[\*\] \(2: "):
        custom(sim, entry)


def test_empty_list_has_no_records(sim: Simulator) -> None:
    """An empty list at `records_path` is valid and has no records."""
    params = {"advertiser_id": "{advertiser_id}", "filtering": {"campaign_ids": ["1"]}}
    assert custom(sim, {**CAMPAIGNS, "params": params}).records == {}


def test_unknown_primary_key_is_an_error(sim: Simulator) -> None:
    """A primary key that the sample lacks is an error that lists the columns."""
    with pytest.raises(ConfigError, match=r"no column 'id' for its keys: there are .*campaign_id"):
        custom(sim, {**CAMPAIGNS, "primary_keys": ["id"]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pages": 3}, "unknown key 'pages': did you mean 'page_size'?"),
        ({"url": None}, "must have the key 'url'"),
        ({"name": "campaigns"}, "'campaigns': another stream has this name"),
        ({"name": "my stream"}, "must consist of letters, digits and underscores"),
        ({"method": "PUT"}, "method must be one of GET, POST, got 'PUT'."),
        ({"params": {"a": "{advertizer_id}"}}, "did you mean {advertiser_id}?"),
        ({"params": {"a": "{now-3x}"}}, "unknown unit 'x'"),
        ({"records_path": "$.["}, "is not a JSONPath"),
        ({"metadata_path": "$.data.list[*]"}, "must end in a name"),
        (
            {"url": "/campaign/create/", "method": "POST"},
            "search, got 'create'. The tap only reads data.",
        ),
        ({"url": "/ad/status/update/", "method": "POST"}, "The tap only reads data."),
        ({"url": "/smart_plus/ad/delete/", "method": "POST"}, "The tap only reads data."),
        (
            {"url": "https://example.com/open_api/v1.3/x/"},
            "must be on business-api.tiktok.com, sandbox-ads.tiktok.com",
        ),
        (
            {"url": "https://business-api.tiktok.com.example.com/x/"},
            "must be on business-api.tiktok.com, sandbox-ads.tiktok.com",
        ),
        ({"url": "http://business-api.tiktok.com/open_api/v1.3/x/"}, "unencrypted. Use https."),
        ({"url": "campaign/get/"}, "must be a full URL, or a path"),
        ({"url": "/campaign/get"}, "must end with a slash"),
        ({"url": "/campaign/get/#a=1"}, "Move its parameters to 'params'."),
        ({"url": "/../../secret/"}, "must consist of parts of letters"),
        ({"headers": {"access-token": "x"}}, "the tap sets header"),
        *(
            ({"headers": {name: "x"}}, "the tap sets header")
            for name in (
                *("Content-Length", "Transfer_Encoding", "Connection", "TE", "Trailer", "Upgrade"),
                *("Host", "Expect", "Proxy-Authorization", "Proxy-Connection", "Accept-Encoding"),
            )
        ),
        *(
            ({"headers": {name: "DELETE"}}, "changes the method of the request")
            for name in ("X-HTTP-Method-Override", "x-http-method", "X_Method_Override")
        ),
        ({"url": "/campaign/{for_each.value}/", "method": "POST"}, "must not contain macros"),
        ({"url": "/campaign/create/./", "method": "POST"}, "must consist of parts of letters"),
        ({"params": {}}, "no part of the request contains {advertiser_id}"),
        (
            {
                "for_each": {"values": ["1"], "batch": 5},
                "params": {"a": ["{for_each.value}"], **OWNER},
            },
            "stands for a list. Write it without a list around it.",
        ),
        ({"for_each": [{}]}, "has no columns"),
        ({"schema": {"properties": {"a": True}}}, "must be an object"),
        ({"pagination": "pages"}, "pagination must be 'page_info', 'none' or an object"),
        ({"body": {"a": 1}}, "a GET request has no body"),
        ({"date_format": "YYYY"}, "is not a date format"),
        ({"window_days": 3}, "needs {start_date} and {end_date} in the request"),
        (
            {"params": {"advertiser_id": "{advertiser_id}", "a": "{start_date}"}},
            "contains {start_date} without {end_date}",
        ),
        ({"for_each": ["a"]}, "uses the lookup 'for_each'. Write {for_each.value}"),
        ({"for_each": {"file": "none.csv"}}, "lookup file none.csv cannot be read"),
        (
            {"for_each": {"file": "a", "stream": "b.c"}},
            "'file' and 'stream', got 'file' and 'stream'.",
        ),
        ({"for_each": "campaigns"}, "must be STREAM.FIELD"),
        (
            {
                "for_each": "campains.campaign_id",
                "params": {"a": "{campains.campaign_id}", **OWNER},
            },
            "does not exist: did you mean 'campaigns'?",
        ),
        (
            {"for_each": "campaigns.id", "params": {"a": "{campaigns.id}", **OWNER}},
            "has no column 'id'",
        ),
        (
            {
                "for_each": {"stream": "campaigns.campaign_id", "where": {"buying_type": "x"}},
                "params": {"a": "{campaigns.campaign_id}", **OWNER},
            },
            "has no column 'buying_type'",
        ),
        (
            {"for_each": {"values": ["1"], "batch": 5}, "params": {"a": "x{for_each.value}"}},
            "must be the entire text, got 'x{for_each.value}'.",
        ),
        ({"schema": "none.json"}, "schema file none.json cannot be read"),
        ({"schema": {"properties": {"a": {"type": "nothing"}}}}, "'schema' is not a JSON Schema"),
        ({"page_size": 0}, "page_size must be between 1 and 10000, got 0."),
        (
            {"per_advertiser": False},
            "unknown macro {advertiser_id}",
        ),
    ],
)
def test_invalid_entry_is_an_error(changes: dict[str, t.Any], message: str) -> None:
    """An invalid entry is an error with advice, before the first request."""
    assert message in config_error(**changes)


def test_names_are_unique() -> None:
    """Two entries with the same name are an error, across streams and reports."""
    report = {"name": "my_campaigns", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    for settings in (
        {"custom_streams": [CAMPAIGNS, CAMPAIGNS]},
        {"custom_streams": [CAMPAIGNS], "custom_reports": [report]},
    ):
        with pytest.raises(ConfigError, match="name"):
            TapTikTokAds(config={"access_token": "t", "advertiser_ids": ["1"], **settings})


def test_discover_reports_an_invalid_entry(tmp_path: Path) -> None:
    """`--discover` prints one sentence for an invalid entry."""
    config = tmp_path / "config.json"
    entry = {**CAMPAIGNS, "unit": "day"}
    config.write_text(json.dumps({"custom_streams": [entry]}))
    result = command("--config", str(config), "--discover")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "tap-tiktok-ads: custom_streams[0] (my_campaigns): unknown key 'unit'" in result.stderr
    assert "Traceback" not in result.stderr


# Reports


def report(**changes: t.Any) -> dict[str, t.Any]:
    """Return an entry of `custom_reports`."""
    return {
        "name": "mine",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "metrics": ["spend", "impressions"],
        **changes,
    }


def test_custom_report_equals_the_built_in_report(sim: Simulator) -> None:
    """Keys, windows, schema and types are derived, and the records are complete."""
    entry = report(dimensions=["campaign_id", "stat_time_day", "country_code"])
    config = config_for(sim, custom_reports=[entry])
    messages = run(config, ["mine", "campaign_country_report"])
    keys = messages.schemas["mine"]["key_properties"]
    assert keys == ["advertiser_id", "campaign_id", "stat_time_day", "country_code"]
    custom_records, built_in = messages.keyed("mine"), messages.keyed("campaign_country_report")
    assert custom_records.keys() == built_in.keys()
    assert all(custom_records[key]["spend"] == built_in[key]["spend"] for key in custom_records)
    assert messages.bookmarks("mine") == messages.bookmarks("campaign_country_report")


def test_hourly_report_requests_single_days(sim: Simulator) -> None:
    """An hourly report sends one request per day, with hours in account time."""
    entry = report(granularity="hour", lookback_days=0)
    messages = run(config_for(sim, custom_reports=[entry], start_date="{now-3}"), ["mine"])
    records = messages.records["mine"]
    assert records
    assert all(len(record["stat_time_hour"]) == len("2026-01-01T10:00:00") for record in records)
    queries = [
        request.params for request in sim.requests if request.path == "/report/integrated/get/"
    ]
    assert all(params["start_date"] == params["end_date"] for params in queries)
    later = run(
        config_for(sim, custom_reports=[entry], start_date="{now-3}"),
        ["mine"],
        state=messages.state,
    )
    for advertiser, day in messages.bookmarks("mine").items():
        records = [
            record for record in later.records["mine"] if record["advertiser_id"] == advertiser
        ]
        assert all(record["stat_time_hour"][:10] > day for record in records)


def test_lifetime_report_has_no_days(sim: Simulator) -> None:
    """A lifetime report has one record per campaign, without days and bookmark."""
    config = config_for(sim, custom_reports=[report(granularity="lifetime")])
    messages = run(config, ["mine"])
    assert messages.schemas["mine"]["key_properties"] == ["advertiser_id", "campaign_id"]
    assert len(messages.keyed("mine")) == len(messages.records["mine"]) > 4


def test_filters_and_metric_groups_are_sent(sim: Simulator) -> None:
    """Filters are sent in TikTok's form, and a metric group becomes its metrics."""
    entry = report(
        metrics=["core", "clicks"],
        filters=[{"field": "campaign_automation_type", "values": ["MANUAL"]}],
    )
    messages = run(config_for(sim, custom_reports=[entry]), ["mine"])
    query = next(
        request.params for request in sim.requests if request.path == "/report/integrated/get/"
    )
    filters = json.loads(query["filtering"])
    assert {item["field_name"]: json.loads(item["filter_value"]) for item in filters} == {
        "campaign_automation_type": ["MANUAL"],
        "campaign_status": ["STATUS_ALL"],
    }
    assert {"spend", "clicks", "ctr"} <= set(json.loads(query["metrics"]))
    assert messages.records["mine"]


def test_unknown_metric_is_a_text_column(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """An unknown metric without a similar name becomes a text column, with a warning."""
    entry = report(metrics=["spend", "zzz_brand_new"])
    tap = TapTikTokAds(config=config_for(sim, custom_reports=[entry]))
    assert tap.streams["mine"].schema["properties"]["zzz_brand_new"]["type"] == ["string", "null"]
    assert "zzz_brand_new" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["spent"]}, "unknown metric 'spent' (did you mean 'spend'?)"),
        ({"metrics": ["impresions"]}, "did you mean 'impressions'?"),
        ({"dimensions": ["campagn_id"]}, "did you mean 'campaign_id'?"),
        ({"dimensions": ["campaign_id", "age"]}, "requires report_type AUDIENCE"),
        ({"dimensions": ["ad_id"]}, "is below data_level AUCTION_CAMPAIGN"),
        ({"dimensions": ["country_code"]}, "expected one ID dimension"),
        ({"dimensions": ["campaign_id", "advertiser_id"]}, "expected one ID dimension"),
        ({"report_type": "AUDIENCE"}, "one audience dimension"),
        (
            {"report_type": "AUDIENCE", "dimensions": ["campaign_id", "age", "platform"]},
            "one audience dimension",
        ),
        (
            {
                "report_type": "AUDIENCE",
                "dimensions": ["campaign_id", "age"],
                "granularity": "lifetime",
            },
            "no lifetime mode",
        ),
        (
            {"dimensions": ["campaign_id", "country_code"], "granularity": "lifetime"},
            "cannot have country_code",
        ),
        (
            {"dimensions": ["campaign_id", "country_code"], "metrics": ["cost_per_1000_reached"]},
            "beside country_code",
        ),
        ({"metrics": ["ad_name"]}, "does not exist at data_level AUCTION_CAMPAIGN"),
        (
            {
                "data_level": "AUCTION_AD",
                "dimensions": ["ad_id"],
                "metrics": ["spend", "ad_id_v2"],
            },
            "cannot be in one request",
        ),
        ({"dimensions": ["campaign_id", "stat_time_day"], "granularity": "hour"}, "do not fit"),
        ({"data_level": "CAMPAIGN"}, "data_level must be one of AUCTION_ADVERTISER"),
        ({"metric": ["spend"]}, "unknown key 'metric': did you mean 'metrics'?"),
        (
            {"filters": [{"field": "x", "operator": "IS", "values": []}]},
            "filters[0].operator must be one of",
        ),
    ],
)
def test_invalid_report_is_an_error(changes: dict[str, t.Any], message: str) -> None:
    """A combination that TikTok does not support is an error before the first request."""
    with pytest.raises(ConfigError) as caught:
        TapTikTokAds(config={"access_token": "t", "custom_reports": [report(**changes)]})
    assert message in str(caught.value)
    assert str(caught.value).startswith("custom_reports[0] (mine): ")


@pytest.mark.parametrize("sim", [{"pixels": 23}], indirect=True)
def test_changing_lookup_source_is_read_twice(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A lookup whose source changes between two pages is re-read, so no value is missing."""
    name = "pixel_event_statistics"
    config = config_for(sim, start_date="{now-3}")
    expected = run(config, [name]).keyed(name)
    sim.add_fault("shift", path="/pixel/list/", page=2, times=1)
    assert run(config, [name]).keyed(name) == expected
    assert "Lookup of" not in caplog.text
    sim.add_fault("drop_row", path="/pixel/list/", page=2, times=None)
    assert run(config, [name]).keyed(name).keys() < expected.keys()
    owner = sim.world.advertiser_ids[0]
    assert f"Lookup of pixels for advertiser {owner}: TikTok reports" in caplog.text
