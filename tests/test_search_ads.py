"""Negative keywords of campaigns and ad groups with search ads."""

from __future__ import annotations

import collections
import typing as t

import pytest
from conftest import config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.simulator.records import search_ads

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

STREAM, PATH = "negative_keywords", "/search_ad/negative_keyword/get/"
THREE_SEEDS = pytest.mark.parametrize("sim", [{"seed": seed} for seed in (1, 2, 3)], indirect=True)


@THREE_SEEDS
def test_every_keyword_is_read_once(sim: Simulator) -> None:
    """Each keyword of each campaign and ad group with search ads is read once, page by page."""
    records = run(config_for(sim), [STREAM]).records[STREAM]
    expected: collections.Counter[tuple[str, str]] = collections.Counter()
    for account in sim.world.accounts.values():
        for kind, entities in (("CAMPAIGN", account.campaigns), ("ADGROUP", account.groups)):
            for entity in entities:
                if search_ads.has_search_ads(kind, entity):
                    expected[kind, entity.id] += search_ads.keyword_count(entity)
    found = collections.Counter((row["object_type"], row["object_id"]) for row in records)
    assert found == +expected
    keys = [(row["object_type"], row["object_id"], row["keyword_id"]) for row in records]
    assert len(set(keys)) == len(keys)
    sizes = {request.params["page_size"] for request in sim.requests if request.path == PATH}
    assert sizes == {"50"}


def respond_with(keywords: t.Callable[[Call], bytes]) -> t.Callable[[Call], bytes]:
    """Return a server of a search campaign, a plain campaign and an ad group without the flag."""

    def respond(call: Call) -> bytes:
        info = {"page": 1, "total_number": 2, "total_page": 1}
        if call.path == "/campaign/get/":
            campaigns = [
                {"campaign_id": "1", "is_search_campaign": True},
                {"campaign_id": "2", "is_search_campaign": False},
            ]
            listed = "PROMOTE" in call.query.get("filtering", "") or "buying" not in str(call.query)
            records = campaigns if listed else []
            return envelope({"list": records, "page_info": {**info, "total_number": len(records)}})
        if call.path == "/adgroup/get/":
            records = [{"adgroup_id": "3"}]
            return envelope({"list": records, "page_info": {**info, "total_number": 1}})
        if call.path == PATH:
            return keywords(call)
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    return respond


def test_only_objects_with_search_ads_are_requested() -> None:
    """Objects without search ads, or without the column, are not requested."""

    def keywords(_: Call) -> bytes:
        record = {"keyword_id": "9", "name": "free", "match_type": "BROAD_WORD"}
        info = {"page": 1, "page_size": 50, "total_number": 1, "total_page": 1}
        return envelope({"keywords": [record], "page_info": info})

    with serving(respond_with(keywords)) as (url, calls):
        records = run(config_at(url, include_deleted=False), [STREAM]).records[STREAM]
    assert records == [
        {
            "advertiser_id": "1",
            "object_type": "CAMPAIGN",
            "object_id": "1",
            "keyword_id": "9",
            "name": "free",
            "match_type": "BROAD_WORD",
        }
    ]
    requested = [call.query for call in calls if call.path == PATH]
    assert [(query["object_type"], query["object_id"]) for query in requested] == [
        ("CAMPAIGN", "1")
    ]


@pytest.mark.parametrize(("code", "message"), [(40002, "No search ads."), (40001, "No permission")])
def test_rejected_object_is_skipped(
    code: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A campaign that TikTok rejects or denies is skipped with a warning."""
    with serving(respond_with(lambda _: envelope({}, code, message))) as (url, _):
        messages = run(config_at(url), [STREAM, "sync_errors"])
    assert messages.records[STREAM] == []
    assert [error["action"] for error in messages.records["sync_errors"]] == ["skipped"]
    assert any(
        "skips object_type CAMPAIGN, object_id 1, advertiser 1" in line for line in caplog.messages
    )


def test_account_without_search_ads_sends_no_request() -> None:
    """An account without campaigns has no keywords, and the run succeeds."""

    def respond(call: Call) -> bytes:
        if call.path in {"/campaign/get/", "/adgroup/get/"}:
            return envelope({"list": [], "page_info": {"page": 1, "total_number": 0}})
        return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})

    with serving(respond) as (url, calls):
        messages = run(config_at(url), [STREAM])
    assert messages.records[STREAM] == []
    assert messages.failed == []
    assert PATH not in {call.path for call in calls}
