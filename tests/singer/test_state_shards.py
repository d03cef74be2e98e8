"""Splitting and merging states loses nothing, whatever the states hold."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import random
import typing as t
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.shards import Shard
from tap_tiktok_ads.extract.deletions import ListedObjects
from tap_tiktok_ads.singer.state_shards import Merger, check_shard, split

State = dict[str, t.Any]

OWNERS = st.integers(7_000_000_000_000_000_000, 7_000_000_000_000_000_050).map(str)
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31)).map(str)
TIMES = DAYS.map(lambda day: f"{day}T10:00:00Z")
RANGES = st.lists(st.tuples(DAYS, DAYS).map(sorted), max_size=10)
SKIPPED = st.lists(st.tuples(DAYS, DAYS, DAYS).map(sorted), max_size=3)
KEYS = st.frozensets(st.integers(10**17, 10**18).map(str).map(lambda key: (key,)), max_size=5)
METRICS = st.lists(st.sampled_from(["clicks", "ctr", "reach", "spend"]), unique=True).map(sorted)
#: Members of a partition, or of an unpartitioned stream.
MEMBERS: st.SearchStrategy[State] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"replication_key": st.just("stat_time_day"), "covered": RANGES, "start_floor": DAYS},
        optional={"skipped": SKIPPED, "read_once": RANGES, "replication_key_value": DAYS},
    ),
    st.fixed_dictionaries(  # of an earlier version
        {"replication_key": st.just("stat_time_day"), "replication_key_value": DAYS},
        optional={"read_from": DAYS},
    ),
    st.fixed_dictionaries(
        {
            "replication_key": st.just("modify_time"),
            "replication_key_value": st.one_of(st.none(), TIMES),
        },
        optional={
            "count_difference": st.integers(-5, 5),
            "listed": KEYS.map(lambda keys: ListedObjects(keys, 1, is_complete=True).to_state()),
            "progress_markers": st.fixed_dictionaries({"replication_key_value": TIMES}),
        },
    ),
)
OWNED = st.dictionaries(OWNERS, MEMBERS, max_size=12).map(
    lambda members: [
        {"context": {"advertiser_id": owner}, **partition} for owner, partition in members.items()
    ]
)
#: Partitions that name no single advertiser.
OTHERS = st.dictionaries(st.integers(1, 9), MEMBERS, max_size=2).map(
    lambda members: [
        {"context": {"advertiser_id": "7", "bc_id": number} if number < 5 else {"bc_id": number}}
        | partition
        for number, partition in members.items()
    ]
)
STREAMS = st.one_of(
    MEMBERS,
    st.fixed_dictionaries({"partitions": st.builds(list.__add__, OWNED, OTHERS)}),
    st.fixed_dictionaries({"partitions": OWNED, "metrics": METRICS}),
    st.builds(  # it became unpartitioned, or was unpartitioned before
        lambda members, partitions: {**members, "partitions": partitions}, MEMBERS, OWNED
    ),
)
STATES: st.SearchStrategy[State] = st.fixed_dictionaries(
    {},
    optional={
        "bookmarks": st.dictionaries(st.sampled_from("abcdef"), STREAMS),
        "currently_syncing": st.one_of(st.none(), st.just("a")),
    },
)
COUNTS = st.integers(1, 9)


def merged(states: list[State]) -> State:
    """Return the merged states. Fail if there are conflicts."""
    merger = Merger()
    state = merger.merge(states)
    assert merger.conflicts == []
    return state


def in_order(state: State) -> State:
    """Return a state with the partitions of each stream in the order of `Merger`."""
    return merged([state])


def partitions_of(state: State) -> list[tuple[str, State]]:
    """Return the stream and the partition of each partition, in any order."""
    return [
        (stream, partition)
        for stream, entry in state.get("bookmarks", {}).items()
        for partition in entry.get("partitions", [])
    ]


@given(STATES, COUNTS)
def test_merge_restores_a_split_state(state: State, count: int) -> None:
    """merge(split(x)) is x, and its shards can come in any order."""
    before = copy.deepcopy(state)
    parts = split(state, count)
    assert len(parts) == count
    assert merged(parts) == in_order(state)
    assert merged(random.Random(count).sample(parts, count)) == in_order(state)
    assert state == before


@given(STATES, COUNTS)
def test_partition_is_in_the_shard_of_its_advertiser(state: State, count: int) -> None:
    """CRC-32 of the ID decides. The other partitions are in shard 1. No partition is lost."""
    found = []
    for number, part in enumerate(split(state, count), start=1):
        for stream, partition in partitions_of(part):
            owner = partition["context"].get("advertiser_id", "")
            is_owned = set(partition["context"]) == {"advertiser_id"}
            assert (zlib.crc32(owner.encode()) % count + 1 if is_owned else 1) == number
            found.append((stream, partition))
    expected = partitions_of(state)
    assert len(found) == len(expected)
    assert all(pair in found for pair in expected)


@st.composite
def shard_states(draw: st.DrawFn) -> list[State]:
    """Draw the states of shards, as runs of these shards write them."""
    count = draw(COUNTS)
    states: list[State] = [{"bookmarks": {}} for _ in range(count)]
    for stream in draw(st.sets(st.sampled_from("abcdef"))):
        metrics = {"metrics": draw(METRICS)} if draw(st.booleans()) else {}
        for partition in sorted(draw(OWNED), key=lambda item: item["context"]["advertiser_id"]):
            number = zlib.crc32(partition["context"]["advertiser_id"].encode()) % count
            entry = states[number]["bookmarks"].setdefault(stream, {**metrics, "partitions": []})
            entry["partitions"].append(partition)
    for stream in draw(st.sets(st.sampled_from("xyz"))):
        states[0]["bookmarks"][stream] = draw(MEMBERS)
    return states


@given(shard_states())
def test_split_restores_merged_states(states: list[State]) -> None:
    """split(merge(x)) is x, for the states that the runs of shards write."""
    assert split(merged(states), len(states)) == states


@given(STATES, COUNTS)
def test_shard_can_use_its_state(state: State, count: int) -> None:
    """Each shard accepts its part of a state, and no part of another shard."""
    parts = split(state, count)
    for (number, part), shard in itertools.product(enumerate(parts, start=1), range(1, count + 1)):
        owners = {
            partition["context"]["advertiser_id"]
            for _, partition in partitions_of(part)
            if set(partition["context"]) == {"advertiser_id"}
        }
        if number == shard:
            check_shard(part, Shard(shard, count))
        elif owners:
            with pytest.raises(ConfigError, match=f"for shard {shard}/{count}"):
                check_shard(part, Shard(shard, count))


@given(STATES)
def test_change_of_the_number_of_shards(state: State) -> None:
    """The states of four shards become those of two shards."""
    assert split(merged(split(state, 4)), 2) == split(in_order(state), 2)


PARTITION = {"context": {"advertiser_id": "7001"}, "replication_key_value": "2026-01-01"}


def test_equal_partitions_are_merged() -> None:
    """Two files may hold equal partitions."""
    state: State = {"bookmarks": {"ads": {"partitions": [PARTITION]}}}
    assert merged([state, copy.deepcopy(state)]) == state


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            {"partitions": [PARTITION]},
            {"partitions": [{**PARTITION, "replication_key_value": "2026-01-02"}]},
            ("ads", "7001", 0, 2),
        ),
        ({"covered": []}, {"covered": [["2026-01-01", "2026-01-02"]]}, ("ads", None, 0, 2)),
        ({"replication_key_value": None}, {"replication_key_value": 1}, ("ads", None, 0, 2)),
        ({"metrics": ["spend"]}, {"metrics": "spend"}, ("ads", None, 0, 2)),
    ],
)
def test_different_bookmarks_are_conflicts(
    first: State, second: State, expected: tuple[t.Any, ...]
) -> None:
    """A conflict names the stream, the advertiser and the positions of the states."""
    merger = Merger()
    merger.merge([{"bookmarks": {"ads": first}}, {}, {"bookmarks": {"ads": second}}])
    (conflict,) = merger.conflicts
    assert (conflict.stream, conflict.owner, conflict.first, conflict.second) == expected


def test_merged_metrics_are_those_of_all_states() -> None:
    """A metric that one shard has not read is new for the merged state."""
    states = [
        {"bookmarks": {"report": {"metrics": metrics}}}
        for metrics in (["clicks", "spend"], ["spend"], ["reach", "spend"])
    ]
    states.append({"bookmarks": {"report": {}}})
    for order in itertools.permutations(states):
        assert merged(list(order)) == {"bookmarks": {"report": {"metrics": ["spend"]}}}


@pytest.mark.parametrize(
    ("entry", "is_rejected"),
    [
        ({"replication_key": "id", "replication_key_value": 5}, True),
        ({"covered": [["2026-01-01", "2026-01-02"]], "start_floor": "2026-01-01"}, True),
        ({"replication_key": "id", "replication_key_value": None}, False),
        ({}, False),
    ],
)
def test_bookmark_of_an_unpartitioned_stream_belongs_to_shard_1(
    entry: State, is_rejected: bool
) -> None:
    """A bookmark of an unpartitioned stream is rejected by the other shards."""
    state = {"bookmarks": {"mine": entry}}
    check_shard(state, Shard(1, 2))
    if not is_rejected:
        check_shard(state, Shard(2, 2))
        return
    with pytest.raises(ConfigError, match="bookmark of stream 'mine', which shard 1/2 reads"):
        check_shard(state, Shard(2, 2))
