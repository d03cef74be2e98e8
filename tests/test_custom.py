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

#: The entry of the issue, word for word.
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
    """The same listing for TopView objects, which are listed only when asked for alone."""
    filtering = {**entry["params"]["filtering"], "buying_types": ["RESERVATION_TOP_VIEW"]}
    return {
        **entry,
        "name": "top_view",
        "params": {**entry["params"], "filtering": filtering},
        "page_size": 100,
    }


def refusal(**changes: t.Any) -> str:
    """What an entry with these changes is refused with, before any request."""
    entry = {**CAMPAIGNS, **changes}
    entry = {key: value for key, value in entry.items() if value is not None}
    with pytest.raises(ConfigError) as caught:
        TapTikTokAds(
            config={"access_token": "t", "advertiser_ids": ["1"], "custom_streams": [entry]}
        )
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The streams that the issue names


def test_a_manual_stream_gives_the_rows_of_the_ready_one(sim: Simulator) -> None:
    """`/campaign/get/` by hand has the rows of `campaigns`; the schema is inferred and fits."""
    filtering = {
        "primary_status": "STATUS_ALL",
        "campaign_system_origins": ["TT_ADS_PLATFORM", "PROMOTE"],
    }
    entry = {**CAMPAIGNS, "params": {**CAMPAIGNS["params"], "filtering": filtering}}
    messages = custom(sim, entry, top_view(CAMPAIGNS), streams=["campaigns"])
    ours = messages.keyed("my_campaigns") | messages.keyed("top_view")
    ready = messages.keyed("campaigns")
    assert ours.keys() == ready.keys()
    assert len(ours) > 8
    compared = ("campaign_name", "budget", "objective_type", "modify_time", "create_time")
    for key, row in ours.items():
        assert [*map(row.get, compared)] == [*map(ready[key].get, compared)]


def test_the_report_of_the_issue_works_as_written(sim: Simulator) -> None:
    """Windows, keys, types and bookmarks are those of a built-in report."""
    messages = custom(sim, MY_REPORT, streams=["campaign_performance_report"])
    ours, ready = messages.keyed("my_report"), messages.keyed("campaign_performance_report")
    assert len(ours) == len(messages.records["my_report"]) > 50
    for key, row in ours.items():
        assert (row["spend"], row["impressions"]) == (
            ready[key]["spend"],
            ready[key]["impressions"],
        )
    spend = messages.schemas["my_report"]["schema"]["properties"]["spend"]
    assert spend["type"] == ["number", "null"]
    assert messages.bookmarks("my_report") == messages.bookmarks("campaign_performance_report")
    again = custom(sim, MY_REPORT, state=messages.state)
    for advertiser in sim.world.advertiser_ids:
        days = {
            row["stat_time_day"]
            for row in again.records["my_report"]
            if row["advertiser_id"] == advertiser
        }
        assert 0 < len(days) <= 8  # the look-back of seven days, and today


def test_a_stream_that_iterates_over_another(sim: Simulator) -> None:
    """One request for each batch of 100 campaigns; its rows are those of `ad_groups`."""
    messages = custom(sim, GROUPS, top_view(GROUPS), streams=["ad_groups"])
    found = [*messages.records["groups"], *messages.records["top_view"]]
    groups = {row["adgroup_id"] for row in found}
    ready = {row["adgroup_id"] for row in messages.records["ad_groups"]}
    assert groups == ready
    asked = [
        json.loads(request.params["filtering"])["campaign_ids"]
        for request in sim.requests
        if request.path == "/adgroup/get/" and "campaign_ids" in request.params["filtering"]
    ]
    assert max(map(len, asked)) > 1


def test_one_request_for_each_value(sim: Simulator) -> None:
    """Without a batch there is a request for each value, which may stand inside a text."""
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
    asked = {
        tuple(json.loads(request.params["filtering"])["campaign_ids"])
        for request in sim.requests
        if request.path == "/adgroup/get/"
    }
    assert all(len(ids) == 1 for ids in asked)
    assert len(asked) > 4
    assert len(messages.records["groups"]) > 4


def test_a_post_stream(sim: Simulator) -> None:
    """A POST sends its body as JSON, for each advertiser and value of a literal list."""
    entry = {**PLACES, "records_path": "$.data.targeting_tag_list[*]"}
    messages = custom(sim, entry)
    sent = [request.params for request in sim.requests if request.path == PLACES["url"]]
    assert {tuple(params["keywords"]) for params in sent} == {("united",), ("ger",)}
    assert len({params["advertiser_id"] for params in sent}) == 2
    assert len(messages.records["places"]) > 1


def test_a_rolling_report(sim: Simulator) -> None:
    """`{now-7}` is a day in each advertiser's time zone; without windows it is read whole."""
    entry = {
        **MY_REPORT,
        "params": {**MY_REPORT["params"], "start_date": "{now-7}", "end_date": "{now-1}"},
        "window_days": None,
        "replication_key": None,
    }
    entry = {key: value for key, value in entry.items() if value is not None}
    messages = custom(sim, entry)
    sent = [request.params for request in sim.requests if request.path == MY_REPORT["url"]]
    for params in sent:
        today = sim.world.today(params["advertiser_id"])
        assert (today - type(today).fromisoformat(params["start_date"])).days == 7
        assert (today - type(today).fromisoformat(params["end_date"])).days == 1
    assert messages.records["my_report"]
    assert messages.state["bookmarks"] == {"my_report": {}}


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
def test_values_from_a_file(sim: Simulator, tmp_path: Path, suffix: str) -> None:
    """Values come from a column of a CSV, JSON or JSON Lines file, each once."""
    advertiser = sim.world.advertiser_ids[0]
    known = custom(sim, CAMPAIGNS).records["my_campaigns"]
    ids = [row["campaign_id"] for row in known if row["advertiser_id"] == advertiser][:2]
    rows = [{"campaign": one, "note": "x"} for one in [*ids, ids[0]]]
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


def test_a_full_url(sim: Simulator) -> None:
    """A URL on TikTok's host means the endpoint, wherever the environment says the API is."""
    entry = {**CAMPAIGNS, "url": "https://business-api.tiktok.com/open_api/v1.3/campaign/get/"}
    assert len(custom(sim, entry).records["my_campaigns"]) == 8


# Rows


def test_metadata_goes_into_every_record(sim: Simulator) -> None:
    """Values outside the records become columns: one by its last name, several by given names."""
    one = {**CAMPAIGNS, "metadata_path": "$.data.page_info.total_number"}
    row = custom(sim, one).records["my_campaigns"][0]
    assert row["total_number"] == 4
    several = {**CAMPAIGNS, "metadata_path": {"size": "$.data.page_info.page_size", "no": "$.x"}}
    row = custom(sim, several).records["my_campaigns"][0]
    assert (row["size"], row["no"]) == (2, None)


def test_a_single_object_is_a_record(sim: Simulator) -> None:
    """`$.data` reads one object; `per_advertiser: false` asks once and adds no advertiser."""
    entry = {
        "name": "user",
        "url": "/user/info/",
        "records_path": "$.data",
        "per_advertiser": False,
    }
    rows = custom(sim, entry).records["user"]
    assert len(rows) == 1
    assert "advertiser_id" not in rows[0]
    assert "display_name" in rows[0]


def test_records_that_are_no_objects(sim: Simulator) -> None:
    """Values that are no objects become rows with the column `value`."""
    entry = {**CAMPAIGNS, "records_path": "$.data.list[*].campaign_id", "primary_keys": ["value"]}
    rows = custom(sim, entry).records["my_campaigns"]
    assert all(set(row) == {"advertiser_id", "value"} for row in rows)
    assert len(rows) > 4


def test_changes_only_with_a_replication_key(sim: Simulator) -> None:
    """Without windows, later runs leave out what is older than the newest change seen."""
    entry = {**CAMPAIGNS, "replication_key": "modify_time"}
    first = custom(sim, entry)
    again = custom(sim, entry, state=first.state)
    assert len(again.records["my_campaigns"]) < len(first.records["my_campaigns"])
    assert first.bookmarks("my_campaigns") == again.bookmarks("my_campaigns")


def test_pages_without_a_page_size(sim: Simulator) -> None:
    """TikTok's own page size applies, and all pages are read."""
    with Simulator({**SMALL, "campaigns": 25}) as large:
        entry = {key: value for key, value in CAMPAIGNS.items() if key != "page_size"}
        rows = custom(large, entry).records["my_campaigns"]
        assert len(rows) > 20 * 2
    assert len(custom(sim, {**CAMPAIGNS, "pagination": "none"}).records["my_campaigns"]) == 2 * 2


def test_pages_by_a_cursor(sim: Simulator) -> None:
    """The next page is asked for with the value that the answer names, until there is none."""
    entry = {
        **CAMPAIGNS,
        # the simulator has no endpoint with cursors: the number of pages serves as one
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


def test_the_schema_may_be_given(sim: Simulator, tmp_path: Path) -> None:
    """Inline or in a file; then discovery sends no request, and values get its types."""
    schema = {"properties": {"campaign_id": {"type": "string"}, "budget": {"type": "string"}}}
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema))
    for given in (schema, str(file)):
        entry = {**CAMPAIGNS, "schema": given}
        before = len(sim.requests)
        catalog = catalog_of(config_for(sim, custom_streams=[entry]), ["my_campaigns"])
        assert len(sim.requests) == before
        found = next(s for s in catalog["streams"] if s["tap_stream_id"] == "my_campaigns")
        assert found["schema"]["properties"]["budget"] == {"type": "string"}
        rows = custom(sim, entry).records["my_campaigns"]
        assert all(isinstance(row["budget"], (str, type(None))) for row in rows)


def test_a_catalog_spares_the_sample(sim: Simulator) -> None:
    """With a catalog the schema is the catalog's: no request is needed to infer it."""
    config = config_for(sim, custom_streams=[CAMPAIGNS])
    catalog = catalog_of(config, ["my_campaigns"])
    before = len(sim.requests)
    TapTikTokAds(config=config, catalog=catalog)
    assert len(sim.requests) == before


def test_a_stream_that_the_catalog_lacks(sim: Simulator, tmp_path: Path) -> None:
    """A catalog from before the stream was defined reads it not, and the log says so."""
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(catalog_of(config_for(sim), ["pixels"])))
    config = tmp_path / "config.json"
    config.write_text(json.dumps(config_for(sim, custom_streams=[CAMPAIGNS])))
    ended = command("--config", str(config), "--catalog", str(catalog))
    assert ended.returncode == 0
    assert '"stream":"pixels"' in ended.stdout
    assert "my_campaigns" not in ended.stdout
    assert "not in the catalog are not read: my_campaigns" in ended.stderr


def test_custom_streams_share_the_engine(sim: Simulator) -> None:
    """A fault in passing is tried again, and a window that is too large is halved."""
    sim.add_fault("http", path="/report/integrated/get/", status=502, after=2, times=1)
    sim.add_fault("code", path="/report/integrated/get/", code=50002, after=4, times=1)
    whole = custom(sim, {**MY_REPORT, "schema": {"properties": {}}})
    assert len(whole.keyed("my_report")) == len(whole.records["my_report"])
    with Simulator(sim.world.options.__dict__) as calm:
        expected = custom(calm, {**MY_REPORT, "schema": {"properties": {}}})
    assert whole.keyed("my_report").keys() == expected.keyed("my_report").keys()


# Refusals


def test_a_path_that_matches_nothing(sim: Simulator) -> None:
    """It is an error that names the arrays that there are; never no data."""
    entry = {**CAMPAIGNS, "records_path": "$.data.campaigns[*]"}
    with pytest.raises(ResponseError, match=r"matches nothing.*\$\.data\.list\[\*\] \(2: "):
        custom(sim, entry)


def test_an_empty_list_is_no_error(sim: Simulator) -> None:
    """A path into a list that is there, but empty, gives no rows."""
    params = {"advertiser_id": "{advertiser_id}", "filtering": {"campaign_ids": ["1"]}}
    assert custom(sim, {**CAMPAIGNS, "params": params}).records == {}


def test_a_key_that_is_no_column(sim: Simulator) -> None:
    """A key that the sample lacks is refused, with the columns there are."""
    with pytest.raises(ConfigError, match=r"no column 'id' for its keys: there are .*campaign_id"):
        custom(sim, {**CAMPAIGNS, "primary_keys": ["id"]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pages": 3}, "unknown key 'pages': did you mean 'page_size'?"),
        ({"url": None}, "'url' is a required property"),
        ({"name": "campaigns"}, "'campaigns' of a custom stream is that of another stream"),
        ({"name": "my stream"}, "must consist of letters, digits and underscores"),
        ({"method": "PUT"}, "is not one of"),
        ({"params": {"a": "{advertizer_id}"}}, "did you mean {advertiser_id}?"),
        ({"params": {"a": "{now-3x}"}}, "unknown unit 'x'"),
        ({"records_path": "$.["}, "is not a JSONPath"),
        ({"metadata_path": "$.data.list[*]"}, "ends in no name"),
        ({"url": "/campaign/create/", "method": "POST"}, "is not known to read ('create')"),
        ({"url": "/ad/status/update/", "method": "POST"}, "a tap only reads"),
        ({"url": "/smart_plus/ad/delete/", "method": "POST"}, "a tap only reads"),
        ({"url": "https://example.com/open_api/v1.3/x/"}, "is none of TikTok's"),
        ({"url": "https://business-api.tiktok.com.example.com/x/"}, "is none of TikTok's"),
        ({"url": "http://business-api.tiktok.com/open_api/v1.3/x/"}, "unencrypted: use https"),
        ({"url": "campaign/get/"}, "must be a full URL, or a path"),
        ({"url": "/campaign/get"}, "must end with a slash"),
        ({"url": "/campaign/get/?a=1"}, "put its parameters into 'params'"),
        ({"url": "/../../secret/"}, "path that TikTok's API cannot have"),
        ({"headers": {"access-token": "x"}}, "is the tap's own"),
        *(
            ({"headers": {name: "x"}}, "is the tap's own")
            for name in (
                *("Content-Length", "Transfer_Encoding", "Connection", "TE", "Trailer", "Upgrade"),
                *("Host", "Expect", "Proxy-Authorization", "Proxy-Connection", "Accept-Encoding"),
            )
        ),
        *(
            ({"headers": {name: "DELETE"}}, "changes the method of the request")
            for name in ("X-HTTP-Method-Override", "x-http-method", "X_Method_Override")
        ),
        ({"url": "/campaign/{for_each.value}/", "method": "POST"}, "cannot hold macros"),
        ({"url": "/campaign/create/./", "method": "POST"}, "path that TikTok's API cannot have"),
        ({"params": {}}, "nothing uses {advertiser_id}"),
        (
            {
                "for_each": {"values": ["1"], "batch": 5},
                "params": {"a": ["{for_each.value}"], **OWNER},
            },
            "write it without the brackets",
        ),
        ({"for_each": [{}]}, "has no columns"),
        ({"schema": {"properties": {"a": True}}}, "must be an object"),
        ({"pagination": "pages"}, "none of the forms"),
        ({"body": {"a": 1}}, "a GET sends no body"),
        ({"date_format": "YYYY"}, "is not a date format"),
        ({"window_days": 3}, "needs the macros {start_date} and {end_date}"),
        (
            {"params": {"advertiser_id": "{advertiser_id}", "a": "{start_date}"}},
            "write {end_date}, too",
        ),
        ({"for_each": ["a"]}, "nothing uses the lookup 'for_each': write {for_each.value}"),
        ({"for_each": {"file": "none.csv"}}, "lookup file none.csv cannot be read"),
        ({"for_each": {"file": "a", "stream": "b.c"}}, "one of 'values', 'file' and 'stream'"),
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
            "must be the whole string",
        ),
        ({"schema": "none.json"}, "schema file none.json cannot be read"),
        ({"schema": {"properties": {"a": {"type": "nothing"}}}}, "is no JSON Schema"),
        ({"page_size": 0}, "less than the minimum"),
        (
            {"per_advertiser": False},
            "Unknown macro {advertiser_id}",
        ),
    ],
)
def test_refused_before_any_request(changes: dict[str, t.Any], message: str) -> None:
    """What cannot work is refused in one sentence that says what to write instead."""
    assert message in refusal(**changes)


def test_names_are_unique() -> None:
    """Two entries of one name are refused, be they streams or reports."""
    report = {"name": "my_campaigns", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    for settings in (
        {"custom_streams": [CAMPAIGNS, CAMPAIGNS]},
        {"custom_streams": [CAMPAIGNS], "custom_reports": [report]},
    ):
        with pytest.raises(ConfigError, match="name"):
            TapTikTokAds(config={"access_token": "t", "advertiser_ids": ["1"], **settings})


def test_the_executable_prints_one_sentence(tmp_path: Path) -> None:
    """Also with `--discover`, which checks no other setting."""
    config = tmp_path / "config.json"
    entry = {**CAMPAIGNS, "unit": "day"}
    config.write_text(json.dumps({"custom_streams": [entry]}))
    ended = command("--config", str(config), "--discover")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "tap-tiktok-ads: custom_streams[0] (my_campaigns): unknown key 'unit'" in ended.stderr
    assert "Traceback" not in ended.stderr


# Reports


def report(**changes: t.Any) -> dict[str, t.Any]:
    """An entry of `custom_reports`."""
    return {
        "name": "mine",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id"],
        "metrics": ["spend", "impressions"],
        **changes,
    }


def test_a_report_with_three_dimensions(sim: Simulator) -> None:
    """Keys, windows, schema and types are derived; rows are those of the built-in report."""
    entry = report(dimensions=["campaign_id", "stat_time_day", "country_code"])
    config = config_for(sim, custom_reports=[entry])
    messages = run(config, ["mine", "campaign_country_report"])
    keys = messages.schemas["mine"]["key_properties"]
    assert keys == ["advertiser_id", "campaign_id", "stat_time_day", "country_code"]
    ours, ready = messages.keyed("mine"), messages.keyed("campaign_country_report")
    assert ours.keys() == ready.keys()
    assert all(ours[key]["spend"] == ready[key]["spend"] for key in ours)
    assert messages.bookmarks("mine") == messages.bookmarks("campaign_country_report")


def test_reports_by_hour(sim: Simulator) -> None:
    """One request a day; hours are in account time without a mark of another zone."""
    entry = report(granularity="hour", lookback_days=0)
    messages = run(config_for(sim, custom_reports=[entry], start_date="{now-3}"), ["mine"])
    rows = messages.records["mine"]
    assert rows
    assert all(len(row["stat_time_hour"]) == len("2026-01-01T10:00:00") for row in rows)
    sent = [one.params for one in sim.requests if one.path == "/report/integrated/get/"]
    assert all(params["start_date"] == params["end_date"] for params in sent)
    again = run(
        config_for(sim, custom_reports=[entry], start_date="{now-3}"),
        ["mine"],
        state=messages.state,
    )
    for advertiser, day in messages.bookmarks("mine").items():
        rows = [row for row in again.records["mine"] if row["advertiser_id"] == advertiser]
        assert all(row["stat_time_hour"][:10] > day for row in rows)


def test_reports_of_all_time(sim: Simulator) -> None:
    """Granularity lifetime has no days, no bookmark, and one row for each campaign."""
    config = config_for(sim, custom_reports=[report(granularity="lifetime")])
    messages = run(config, ["mine"])
    assert messages.schemas["mine"]["key_properties"] == ["advertiser_id", "campaign_id"]
    assert len(messages.keyed("mine")) == len(messages.records["mine"]) > 4


def test_filters_and_groups(sim: Simulator) -> None:
    """Filters are sent as TikTok wants them; a group of metrics stands for all of its own."""
    entry = report(
        metrics=["core", "clicks"],
        filters=[{"field": "campaign_automation_type", "values": ["MANUAL"]}],
    )
    messages = run(config_for(sim, custom_reports=[entry]), ["mine"])
    sent = next(one.params for one in sim.requests if one.path == "/report/integrated/get/")
    filters = json.loads(sent["filtering"])
    assert {one["field_name"]: json.loads(one["filter_value"]) for one in filters} == {
        "campaign_automation_type": ["MANUAL"],
        "campaign_status": ["STATUS_ALL"],
    }
    assert {"spend", "clicks", "ctr"} <= set(json.loads(sent["metrics"]))
    assert messages.records["mine"]


def test_an_unknown_metric_is_text_with_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A name that the catalogue lacks and that resembles none may be newer than it."""
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
        ({"dimensions": ["campaign_id", "age"]}, "is for report_type AUDIENCE, not BASIC"),
        ({"dimensions": ["ad_id"]}, "lies below data_level AUCTION_CAMPAIGN"),
        ({"dimensions": ["country_code"]}, "one id dimension"),
        ({"dimensions": ["campaign_id", "advertiser_id"]}, "one id dimension"),
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
        ({"data_level": "CAMPAIGN"}, "is not one of"),
        ({"metric": ["spend"]}, "unknown key 'metric': did you mean 'metrics'?"),
        ({"filters": [{"field": "x", "operator": "IS", "values": []}]}, "is not one of"),
    ],
)
def test_reports_that_tiktok_rules_out(changes: dict[str, t.Any], message: str) -> None:
    """A combination that the facts rule out is refused before any request."""
    with pytest.raises(ConfigError) as caught:
        TapTikTokAds(config={"access_token": "t", "custom_reports": [report(**changes)]})
    assert message in str(caught.value)
    assert str(caught.value).startswith("custom_reports[0] (mine): ")


@pytest.mark.parametrize("sim", [{"pixels": 23}], indirect=True)
def test_a_source_that_changes_while_it_is_read(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A look-up whose source shifts between two pages is read again: no value is missing."""
    name = "pixel_event_statistics"
    config = config_for(sim, start_date="{now-3}")
    expected = run(config, [name]).keyed(name)
    sim.add_fault("shift", path="/pixel/list/", page=2, times=1)
    assert run(config, [name]).keyed(name) == expected
    assert "Lookup of" not in caplog.text
    sim.add_fault("drop_row", path="/pixel/list/", page=2, times=None)
    assert run(config, [name]).keyed(name).keys() < expected.keys()
    owner = sim.world.advertiser_ids[0]
    assert f"Lookup of pixels of {owner}: TikTok reports" in caplog.text
