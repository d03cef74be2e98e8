"""Lists of names of IDs: read once per run, from the first advertiser that TikTok allows."""

from __future__ import annotations

import typing as t

import pytest
from conftest import config_for, run

from tap_tiktok_ads.streams.targeting import MAX_TRIED_ADVERTISERS, NameListStream

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

STREAMS: list[t.Any] = NameListStream.__subclasses__()
LANGUAGES = "/tool/language/"


@pytest.mark.parametrize("sim", [{"advertisers": 3}], indirect=True)
@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_names_are_read_once_for_all_advertisers(sim: Simulator, stream: t.Any) -> None:
    """A list of names takes one request per run, and two for versions of operating systems."""
    messages = run(config_for(sim), [stream.name])
    requests = [request for request in sim.requests if request.path == stream.path]
    assert len(requests) == (2 if stream.name == "os_versions" else 1)
    assert {request.advertiser_id for request in requests} == {sim.world.advertiser_ids[0]}
    assert messages.records[stream.name]
    assert all("advertiser_id" not in record for record in messages.records[stream.name])


def test_denied_advertiser_is_replaced(sim: Simulator) -> None:
    """If TikTok denies the first advertiser, the next one is requested, without a warning."""
    denied, readable = sim.world.advertiser_ids
    sim.add_fault("code", path=LANGUAGES, advertiser_id=denied, times=None, code=40001)
    messages = run(config_for(sim), ["languages", "sync_errors"])
    assert messages.records["languages"]
    assert not messages.records["sync_errors"]
    requested = [r.advertiser_id for r in sim.requests if r.path == LANGUAGES]
    assert requested == [denied, readable]


@pytest.mark.parametrize("sim", [{"advertisers": 12, "campaigns": 0}], indirect=True)
@pytest.mark.parametrize(("code", "tries"), [(40001, MAX_TRIED_ADVERTISERS), (40125, 1)])
def test_few_advertisers_are_tried(sim: Simulator, code: int, tries: int) -> None:
    """A few advertisers are tried, and one if the token lacks the scope. The stream is skipped."""
    sim.add_fault("code", path=LANGUAGES, times=None, code=code)
    messages = run(config_for(sim), ["languages", "sync_errors"])
    assert not messages.records["languages"]
    (record,) = messages.records["sync_errors"]
    assert (record["stream"], record["code"]) == ("languages", code)
    assert len([r for r in sim.requests if r.path == LANGUAGES]) == tries


def test_regions_are_read_for_each_advertiser(sim: Simulator) -> None:
    """The locations that are available differ by advertiser, so each advertiser is requested."""
    messages = run(config_for(sim), ["regions"])
    requests = [request for request in sim.requests if request.path == "/tool/region/"]
    assert len(requests) == len(sim.world.advertiser_ids)
    keys = {(r["advertiser_id"], r["location_id"]) for r in messages.records["regions"]}
    assert len(keys) == len(messages.records["regions"])
