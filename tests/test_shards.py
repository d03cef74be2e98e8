"""Several jobs read one part of the advertisers each: together, they read what one job reads."""

from __future__ import annotations

import collections
import json
import logging
import typing as t
import zlib

import pytest
from conftest import SMALL, Messages, command, config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads import TikTokAds
from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.singer.state_shards import Merger, split
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from pathlib import Path

State = dict[str, t.Any]

#: Few objects of more advertisers than shards.
OPTIONS = {
    **SMALL,
    "advertisers": 6,
    "campaigns": 2,
    "ads": 1,
    "days": 12,
    "videos": 2,
    "images": 2,
}
DEFAULT_STREAMS = [entry.name for entry in STREAMS if entry.selected_by_default]
#: All streams but `sync_errors`, whose records hold the time.
ALL_STREAMS = [entry.name for entry in STREAMS if entry.name != "sync_errors"]
UNPARTITIONED = {
    "authorized_advertisers",
    "business_centers",
    "bc_advertisers",
    "bc_advertiser_balances",
    "catalogs",
    "advertiser_transactions",
    "bc_transactions",
    "account_transactions",
}


def counted(*runs: Messages) -> collections.Counter[str]:
    """Return the number of each record of several runs, with its stream."""
    return collections.Counter(
        json.dumps([message["stream"], message["record"]], sort_keys=True)
        for messages in runs
        for message in messages.all
        if message["type"] == "RECORD"
    )


def merged(states: list[State]) -> State:
    """Return the merged states."""
    merger = Merger()
    state = merger.merge(states)
    assert merger.conflicts == []
    return state


def without_empty(state: State) -> State:
    """Return the streams of a state that hold anything, with their partitions in one order."""
    return {name: entry for name, entry in merged([state])["bookmarks"].items() if entry}


class Jobs:
    """Runs the same streams in one job, and in several jobs."""

    def __init__(self, sim: Simulator, streams: list[str], **settings: t.Any) -> None:
        self.sim = sim
        self.streams = streams
        self.settings = {"start_date": "{now-9}", **settings}

    def one(self, state: State | None = None) -> Messages:
        """Run one job."""
        return run(config_for(self.sim, **self.settings), self.streams, state=state)

    def shards(self, count: int, states: list[State] | None = None) -> list[Messages]:
        """Run a job for each shard."""
        return [
            run(
                config_for(self.sim, **self.settings, shard=f"{number}/{count}"),
                self.streams,
                state=states[number - 1] if states else None,
            )
            for number in range(1, count + 1)
        ]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("streams", "counts", "settings"),
    [
        pytest.param(DEFAULT_STREAMS, (4, 4, 2), {"track_deleted": True}, id="default streams"),
        pytest.param(DEFAULT_STREAMS, (4, 2, 3), {"skip_dormant": "always"}, id="dormant days"),
        pytest.param(
            ALL_STREAMS,
            (4, 2),
            {"lookback_days": "auto", "start_date": "{now-2}"},
            id="all streams",
        ),
    ],
)
def test_shards_read_what_one_job_reads(
    streams: list[str], counts: tuple[int, ...], settings: dict[str, t.Any], seed: int
) -> None:
    """Shards write each record of one job, in the first run and in later runs.

    Before each later run, the states of the shards are merged and split.
    """
    with Simulator({**OPTIONS, "seed": seed}) as sim:
        jobs = Jobs(sim, streams, **settings)
        state: State = {}
        for count in counts:
            alone, together = jobs.one(state), jobs.shards(count, split(state, count))
            assert counted(*together) == counted(alone)
            assert counted(alone).total() > 0
            states = [messages.state for messages in together]
            state = merged(states)
            for part, shard_state in zip(split(state, count), states, strict=True):
                assert without_empty(part) == without_empty(shard_state)


def test_shard_holds_its_advertisers_alone() -> None:
    """CRC-32 of the ID decides, so an account that comes or goes moves no other account."""
    with Simulator({**OPTIONS, "advertisers": 8}) as sim:
        ids = sim.world.advertiser_ids
        for gone in (None, ids[0], ids[5]):
            excluded = {} if gone is None else {"exclude_advertiser_ids": [gone]}
            for number in (1, 2, 3):
                config = config_for(sim, shard=f"{number}/3", **excluded)
                messages = run(config, ["advertisers", "campaigns"])
                expected = [
                    name
                    for name in ids
                    if zlib.crc32(name.encode()) % 3 + 1 == number and name != gone
                ]
                found = [row["advertiser_id"] for row in messages.records["advertisers"]]
                assert found == expected
                owners = [
                    partition["context"]["advertiser_id"]
                    for partition in messages.state["bookmarks"]["campaigns"].get("partitions", [])
                ]
                assert owners == expected


def test_unpartitioned_streams_are_read_by_shard_1(sim: Simulator) -> None:
    """The other shards write neither their records nor their SCHEMA. sync_errors is written."""
    names = [*UNPARTITIONED, "sync_errors", "campaigns"]
    first, second = Jobs(sim, names).shards(2)
    assert set(first.schemas) == set(names)
    assert set(second.schemas) == {"sync_errors", "campaigns"}
    assert set(first.records) >= UNPARTITIONED - {"bc_transactions"}


def test_problems_are_reported_by_the_shard_of_the_advertiser(sim: Simulator) -> None:
    """`sync_errors` of a shard has the problems of its own advertisers."""
    names = ["campaigns", "sync_errors"]
    for advertiser in sim.world.advertiser_ids:
        sim.add_fault(
            "code", path="/campaign/get/", advertiser_id=advertiser, times=None, code=40001
        )
    for messages, number in zip(Jobs(sim, names).shards(2), (1, 2), strict=True):
        owners = {row["advertiser_id"] for row in messages.records["sync_errors"]}
        assert owners == {
            name for name in sim.world.advertiser_ids if zlib.crc32(name.encode()) % 2 + 1 == number
        }


CAMPAIGNS_OF_ALL = {
    "name": "campaigns_of_all",
    "url": "/campaign/get/",
    "per_advertiser": False,
    "for_each": {"stream": "pixels.advertiser_id"},
    "params": {"advertiser_id": "{pixels.advertiser_id}"},
    "page_size": 100,
    "primary_keys": ["campaign_id"],
}


def test_lookup_of_an_unpartitioned_stream_reads_all_advertisers() -> None:
    """A custom stream without advertisers reads the values of the advertisers of all shards."""
    with Simulator(OPTIONS) as sim:
        jobs = Jobs(sim, ["campaigns_of_all", "pixels"], custom_streams=[CAMPAIGNS_OF_ALL])
        alone, together = jobs.one(), jobs.shards(4)
        assert counted(*together) == counted(alone)
        names = {row["advertiser_id"] for row in together[0].records["campaigns_of_all"]}
        assert names == set(sim.world.advertiser_ids)


def test_inferred_columns_are_equal_in_all_shards() -> None:
    """The columns of a custom stream without a schema come from the same sample."""
    entry = {
        "name": "mine",
        "url": "/campaign/get/",
        "params": {"advertiser_id": "{advertiser_id}"},
        "page_size": 100,
        "primary_keys": ["campaign_id"],
    }
    with Simulator({**OPTIONS, "advertisers": 2}) as sim:
        schemas = []
        for shard in (None, *(f"{number}/9" for number in range(1, 10))):
            tap = TapTikTokAds(config=config_for(sim, custom_streams=[entry], shard=shard))
            schemas.append(tap.streams["mine"].schema)
    assert len(schemas[0]["properties"]) > 10
    assert all(schema == schemas[0] for schema in schemas)


def empty_shard(sim: Simulator, count: int) -> str:
    """Return a shard after the first one that has no advertiser."""
    taken = {zlib.crc32(name.encode()) % count + 1 for name in sim.world.advertiser_ids}
    return f"{min(set(range(2, count + 1)) - taken)}/{count}"


def test_empty_shard_is_no_error(sim: Simulator, tmp_path: Path) -> None:
    """A shard without advertisers exits with 0, and says so."""
    shard = empty_shard(sim, 9)
    (tmp_path / "config.json").write_text(json.dumps(config_for(sim, shard=shard)))
    result = command("--config", "config.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"Shard {shard} contains none of 2 advertiser(s)." in result.stderr
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert {message["type"] for message in messages} == {"SCHEMA", "STATE"}
    for name in ("plan", "doctor"):
        result = command(name, "--config", "config.json", cwd=tmp_path)
        assert result.returncode == 0, result.stderr


def test_log_names_the_shard(sim: Simulator, tmp_path: Path) -> None:
    """The log has the number of advertisers, and the streams that the first shard reads."""
    catalog = TapTikTokAds(config=config_for(sim)).catalog_dict
    for entry in catalog["streams"]:
        root = next(item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] in {"business_centers", "campaigns"}
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    (tmp_path / "config.json").write_text(json.dumps(config_for(sim)))
    texts = []
    for shard in ("1/2", "2/2"):
        result = command(
            "--config=config.json",
            "--config=ENV",
            "--catalog=catalog.json",
            cwd=tmp_path,
            env={"TAP_TIKTOK_ADS_SHARD": shard},
        )
        assert result.returncode == 0, result.stderr
        texts.append(result.stderr)
    assert "Shard 1/2 reads the streams of no advertiser: business_centers." in texts[1]
    assert "the streams of no advertiser" not in texts[0]
    counts = [
        sum(zlib.crc32(name.encode()) % 2 == number for name in sim.world.advertiser_ids)
        for number in (0, 1)
    ]
    for text, shard, count in zip(texts, ("1/2", "2/2"), counts, strict=True):
        assert f"Shard {shard}" in text
        assert (f"reading {count} of 2 advertiser(s)." in text) == (count > 0)


@pytest.mark.parametrize(
    "shard", ["5/4", "0/4", "x", "", "2", "2/", "-1/4", "1/0", "1/4/2", "1.0/4"]
)
def test_invalid_shard_is_an_error(shard: str) -> None:
    """The error names the form of the setting."""
    with pytest.raises(ConfigError, match=r"'shard'.* '1/4' to '4/4', got ") as caught:
        TapTikTokAds(config=config_at("http://127.0.0.1:9", shard=shard))
    assert repr(shard) in str(caught.value)


def denied_server(denied: t.Collection[str]) -> t.Callable[[Call], bytes]:
    """Return the responses of a server that denies the details of some advertisers."""

    def respond(call: Call) -> bytes:
        if call.path != "/advertiser/info/":
            info = {"page": 1, "page_size": 1000, "total_number": 0, "total_page": 0}
            return envelope({"list": [], "page_info": info})
        ids = json.loads(call.query["advertiser_ids"])
        if set(ids) & set(denied):
            return envelope({}, 40001, "No permission to operate advertiser")
        return envelope({"list": [{"advertiser_id": name, "timezone": "UTC"} for name in ids]})

    return respond


def test_shard_of_denied_advertisers_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A shard without permission skips its advertisers if the token may read another shard."""
    ids = ["7001", "7002", "7003", "7004"]
    shards = {name: zlib.crc32(name.encode()) % 2 + 1 for name in ids}
    denied = [name for name, number in shards.items() if number == 2]
    assert 0 < len(denied) < len(ids)
    with serving(denied_server(denied)) as (url, _), caplog.at_level(logging.WARNING):
        messages = run(
            config_at(url, advertiser_ids=ids, shard="2/2"), ["campaigns", "sync_errors"]
        )
    assert {row["advertiser_id"] for row in messages.records["sync_errors"]} == set(denied)
    assert f"Skipping {len(denied)} advertiser(s) that this token cannot read" in caplog.text
    with (
        serving(denied_server(ids)) as (url, _),
        pytest.raises(ConfigError, match="Cannot read any advertiser with this token"),
    ):
        run(config_at(url, advertiser_ids=ids, shard="2/2"), ["campaigns"])


def test_details_are_requested_of_own_advertisers_only() -> None:
    """A shard does not spend requests on the details of other shards."""
    with Simulator({**OPTIONS, "advertisers": 20}) as sim:
        requested: list[str] = []
        for number in range(1, 5):
            before = len(sim.requests)
            run(config_for(sim, shard=f"{number}/4"), ["advertisers"])
            for request in sim.requests[before:]:
                if request.path.endswith("/advertiser/info/"):
                    requested += json.loads(request.params["advertiser_ids"])
    assert sorted(requested) == sorted(sim.world.advertiser_ids)


def test_state_of_another_shard_is_rejected() -> None:
    """A run does not drop bookmarks: it names one, and the commands that divide the state."""
    with Simulator(OPTIONS) as sim:
        jobs = Jobs(sim, ["campaigns"])
        first, second = jobs.shards(2)
        for state in (first.state, jobs.one().state):
            with pytest.raises(ConfigError, match=r"shard 2/2: it holds bookmarks of \d+ adv"):
                jobs.shards(2, [first.state, state])
        _, messages = jobs.shards(2, [first.state, second.state])
        assert messages.state["bookmarks"].keys() == second.state["bookmarks"].keys()


def test_python_client_reads_one_shard() -> None:
    """The Python client divides the advertisers like the tap."""
    parts = []
    for shard in (None, "1/2", "2/2"):
        with TikTokAds(environment="simulator", simulator=OPTIONS, shard=shard) as ads:
            parts.append(
                {name: list(ads.records(name)) for name in ("campaigns", "business_centers")}
            )
    alone, first, second = parts
    rows = [*first["campaigns"], *second["campaigns"]]
    assert sorted(row["campaign_id"] for row in rows) == sorted(
        row["campaign_id"] for row in alone["campaigns"]
    )
    assert first["business_centers"] == alone["business_centers"]
    assert second["business_centers"] == []
