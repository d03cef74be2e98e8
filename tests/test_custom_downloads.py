"""The key `download` of `custom_streams`: records in the file that a task makes."""

from __future__ import annotations

import typing as t

import pytest
from conftest import config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api.errors import ConfigError, ResponseError
from tap_tiktok_ads.config.custom_streams import parse_custom_streams

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

OWNER = {"advertiser_id": "{advertiser_id}"}
TASK = {**OWNER, "task_id": "{task_id}"}
REPORT = {
    "name": "spend",
    "download": {
        "create": {
            "method": "POST",
            "url": "/report/task/create/",
            "body": {
                **OWNER,
                "report_type": "BASIC",
                "data_level": "AUCTION_CAMPAIGN",
                "dimensions": ["campaign_id", "stat_time_day"],
                "metrics": ["spend"],
                "start_date": "{start_date}",
                "end_date": "{end_date}",
                "output_format": "CSV_STRING",
                "enable_report_title_translation": False,
            },
        },
        "check": {"url": "/report/task/check/", "params": TASK},
        "result": {"url": "/report/task/download/", "params": TASK},
    },
    "primary_keys": ["advertiser_id", "campaign_id", "stat_time_day"],
    "replication_key": "stat_time_day",
    "window_days": 30,
}
LEADS = {
    "name": "my_leads",
    "for_each": {"stream": "instant_pages.page_id", "where": {"business_type": "LEAD_GEN"}},
    "download": {
        "create": {
            "method": "POST",
            "url": "/page/lead/task/",
            "body": {**OWNER, "page_id": "{instant_pages.page_id}"},
            "headers": {"x-lead-region": "eu"},
        },
        "check": {
            "method": "POST",
            "url": "/page/lead/task/",
            "body": {**TASK, "page_id": "{instant_pages.page_id}"},
            "headers": {"x-lead-region": "eu"},
            "ready": ["SUCCEED"],
            "pending": ["CREATED", "RUNNING"],
        },
        "result": {
            "url": "/page/lead/task/download/",
            "params": TASK,
            "headers": {"x-lead-region": "eu"},
        },
    },
    "primary_keys": ["advertiser_id", "campaign_id"],
}


@pytest.mark.parametrize("sim", [{"days": 40, "today": "2026-11-20"}], indirect=True)
def test_custom_stream_reads_the_file_of_a_task(sim: Simulator) -> None:
    """A custom stream with `download` has the rows of the synchronous report."""
    create = t.cast("t.Any", REPORT["download"])["create"]["body"]
    options = ("output_format", "enable_report_title_translation")
    synchronous = {
        **{key: value for key, value in REPORT.items() if key != "download"},
        "name": "synchronous",
        "url": "/report/integrated/get/",
        "params": {name: value for name, value in create.items() if name not in options},
    }
    settings = {"start_date": "2026-10-20", "end_date": "2026-11-10"}
    config = config_for(sim, custom_streams=[REPORT, synchronous], **settings)
    messages = run(config, ["spend", "synchronous"])
    expected, received = (
        {
            (record["campaign_id"], record["stat_time_day"][:10]): float(record["spend"])
            for record in messages.records[name]
        }
        for name in ("synchronous", "spend")
    )
    assert expected
    assert expected.items() <= received.items()
    assert len(received) == len(messages.records["spend"])
    first = [request.path for request in sim.requests if "/task/" in request.path]
    assert {"/report/task/create/", "/report/task/check/", "/report/task/download/"} == {*first}


@pytest.mark.parametrize("sim", [{"days": 40, "today": "2026-11-20"}], indirect=True)
def test_download_advances_the_bookmark(sim: Simulator) -> None:
    """The days of a file are covered, so the next run requests no older days."""
    settings = {"start_date": "2026-10-20", "end_date": "2026-11-10", "lookback_days": 0}
    schema = {"properties": {"campaign_id": {"type": "string"}, "spend": {"type": "number"}}}
    schema["properties"]["stat_time_day"] = {"type": "string"}
    config = config_for(sim, custom_streams=[{**REPORT, "schema": schema}], **settings)
    first = run(config, ["spend"])
    assert isinstance(first.records["spend"][0]["spend"], (int, float))
    start = len(sim.requests)
    second = run(config, ["spend"], state=first.state)
    created = [request for request in sim.requests[start:] if "create" in request.path]
    assert (len(created), len(second.records.get("spend", ()))) == (0, 0)


def changed(key: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return the entry with changes in one of the requests of its task."""
    download = t.cast("dict[str, t.Any]", REPORT["download"])
    return {**REPORT, "download": {**download, key: {**download[key], **changes}}}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"name": "x"}, "must have the key 'url', or 'download'"),
        ({**REPORT, "url": "/app/list/"}, "has no key 'url'"),
        ({**REPORT, "page_size": 10}, "has no key 'page_size'"),
        ({**REPORT, "download": {}}, "must have the key 'create'"),
        (changed("check", params=OWNER), "'check' of 'download' must contain {task_id}"),
        (changed("result", params=OWNER), "'result' of 'download' must contain {task_id}"),
        (changed("check", params={**TASK, "x": "{y}"}), "{y}"),
        (changed("check", status_path="$.["), r"\$\.\["),
        (changed("create", url="/campaign/create/"), "The tap only reads data"),
        (changed("result", method="POST", url="/ad/update/"), "The tap only reads data"),
        (changed("result", headers={"Access-Token": "x"}), "Access-Token"),
        (changed("create", body={**OWNER, "x": "{task_id}"}), "task_id"),
    ],
)
def test_wrong_download_is_an_error(entry: dict[str, t.Any], reason: str) -> None:
    """A `download` that cannot be used is an error that names its key."""
    with pytest.raises(ConfigError, match=reason):
        parse_custom_streams([entry])


def test_download_with_lookup_is_accepted() -> None:
    """The requests of a task can name the values of a lookup."""
    (definition,) = parse_custom_streams([LEADS])
    assert definition.path == "/page/lead/task/"
    assert definition.download is not None
    assert definition.download.ready == ["SUCCEED"]


@pytest.mark.parametrize(
    ("task_id", "status", "message"),
    [
        ("", "SUCCESS", "returned no task_id"),
        ("7", {"state": "SUCCESS"}, r"ended with \{'state': 'SUCCESS'\}"),
        ("7", ["SUCCESS"], r"ended with \['SUCCESS'\]"),
        ("7", None, "ended with None"),
    ],
)
def test_unusable_task_is_a_clear_error(task_id: str, status: t.Any, message: str) -> None:
    """A task without ID, or a status that is no text, is an error that says what was received."""

    def respond(call: Call) -> bytes:
        if "/task/" in call.path:
            return envelope({"task_id": task_id, "status": status})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, _), pytest.raises(ResponseError, match=message):
        run(config_at(url, custom_streams=[REPORT], max_retries=0), ["spend"])


def test_status_can_be_a_number() -> None:
    """A status that is a number is compared with the text of the setting."""

    def respond(call: Call) -> bytes:
        if call.path == "/report/task/download/":
            return b"campaign_id,stat_time_day\r\n5,2026-11-01\r\n"
        if "/task/" in call.path:
            return envelope({"task_id": "7", "status": 2})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, _):
        messages = run(config_at(url, custom_streams=[changed("check", ready=["2"])]), ["spend"])
    assert [record["campaign_id"] for record in messages.records["spend"]] == ["5"]
