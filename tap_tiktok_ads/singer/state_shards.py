"""States of shards: which bookmarks belong to which shard, split and merged. Pure.

A partition belongs to the shard of its advertiser. The metrics of a report belong to each shard
that has a partition of the report. Everything else belongs to shard 1: bookmarks of unpartitioned
streams, and partitions that name no single advertiser.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.api.shards import Shard, shard_number
from tap_tiktok_ads.singer.day_bookmarks import COVERED
from tap_tiktok_ads.singer.state import METRICS, PARTITIONS, VALUE

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    State = dict[str, t.Any]

#: The member of a state that holds the bookmarks by stream.
BOOKMARKS = "bookmarks"


def owner_of(partition: Mapping[str, t.Any]) -> str | None:
    """Return the ID of the advertiser of a partition, or None if it names no single one."""
    match partition.get("context"):
        case {"advertiser_id": str(owner), **others} if not others:
            return owner
    return None


# Split


def split(state: State, count: int) -> list[State]:
    """Return the state of each shard, in the order of their numbers.

    Args:
        state: A state of all shards.
        count: The number of shards.
    """
    return [_state_of(state, Shard(number, count)) for number in range(1, count + 1)]


def _state_of(state: State, shard: Shard) -> State:
    """Return the part of a state that belongs to a shard."""
    other_members = {name: value for name, value in state.items() if name != BOOKMARKS}
    shard_state = other_members if shard.is_first else {}
    if BOOKMARKS in state:
        streams = {name: _stream_of(entry, shard) for name, entry in state[BOOKMARKS].items()}
        shard_state[BOOKMARKS] = {
            name: entry for name, entry in streams.items() if entry is not None
        }
    return shard_state


def _stream_of(entry: State, shard: Shard) -> State | None:
    """Return the part of a stream that belongs to a shard, or None if there is none."""
    partitions = entry.get(PARTITIONS, [])
    if not partitions:
        return dict(entry) if shard.is_first else None
    is_own = functools.partial(_belongs_to, shard)
    own_partitions = list(filter(is_own, partitions))
    names = {METRICS, PARTITIONS} if own_partitions else set()
    if shard.is_first:
        names |= entry.keys() - {METRICS, PARTITIONS}
    stream_state = {
        name: own_partitions if name == PARTITIONS else entry[name]
        for name in entry
        if name in names
    }
    return stream_state or None


def _belongs_to(shard: Shard, partition: Mapping[str, t.Any]) -> bool:
    """Return True if a partition belongs to a shard."""
    owner = owner_of(partition)
    return shard.is_first if owner is None else shard.contains(owner)


# Merge


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """A part of the state that two states hold with different values.

    Attributes:
        stream: The stream, or the member of the state.
        owner: The advertiser, or None.
        first: Position of the first state.
        second: Position of the second state.
    """

    stream: str
    owner: str | None
    first: int
    second: int


class Merger:
    """Merges states, and collects the conflicts.

    Attributes:
        conflicts: The parts that two states hold with different values.
    """

    def __init__(self) -> None:
        self.conflicts: list[Conflict] = []
        self._positions: dict[tuple[str, str | None, str], int] = {}  # of the state of each part

    def merge(self, states: Sequence[State]) -> State:
        """Return the state of all shards. It does not depend on the order of the states.

        The metrics of a report become those that all states of the report have. So later runs warn
        of each metric that one of the shards has not read.
        """
        merged: State = {}
        for position, state in enumerate(states):
            for name, value in state.items():
                if name == BOOKMARKS:
                    self._add_streams(merged.setdefault(name, {}), value, position)
                else:
                    self._add(merged, name, value, Conflict(name, None, position, position))
        for entry in merged.get(BOOKMARKS, {}).values():
            if PARTITIONS in entry:
                entry[PARTITIONS] = sorted(entry[PARTITIONS].values(), key=_order)
        return merged

    def _add_streams(self, merged: State, streams: State, position: int) -> None:
        """Add the streams of a state. Partitions are keyed by their context."""
        for stream, entry in streams.items():
            members = merged.setdefault(stream, {})
            place = Conflict(stream, None, position, position)
            for name, value in entry.items():
                if name != PARTITIONS:
                    self._add(members, name, value, place)
                    continue
                partitions = members.setdefault(name, {})
                for partition in value:
                    key = json.dumps(partition.get("context"), sort_keys=True)
                    owned = dataclasses.replace(place, owner=owner_of(partition))
                    self._add(partitions, key, partition, owned)

    def _add(self, target: State, name: str, value: t.Any, place: Conflict) -> None:
        """Add a member to an object, or a conflict if the object has another value."""
        first = self._positions.setdefault((place.stream, place.owner, name), place.second)
        known = target.setdefault(name, value)
        if known == value:
            return
        if name == METRICS and isinstance(known, list) and isinstance(value, list):
            target[name] = [metric for metric in known if metric in value]
        else:
            self.conflicts.append(dataclasses.replace(place, first=first))


def _order(partition: Mapping[str, t.Any]) -> tuple[bool, int, str]:
    """Return the sort key of a partition: advertisers by ID, then other contexts."""
    owner = owner_of(partition)
    text = json.dumps(partition.get("context"), sort_keys=True) if owner is None else owner
    return owner is None, len(text), text


# Check


def check_shard(state: Mapping[str, t.Any], shard: Shard) -> None:
    """Check that a state holds no bookmark of another shard, which a run would lose.

    Raises:
        ConfigError: It holds one. The message names it.
    """
    owners: dict[str, None] = {}
    streams = []
    for name, entry in state.get(BOOKMARKS, {}).items():
        partitions = entry.get(PARTITIONS, [])
        found = filter(None, map(owner_of, partitions))
        owners |= dict.fromkeys(owner for owner in found if not shard.contains(owner))
        has_bookmark = entry.get(VALUE) is not None or bool(entry.get(COVERED))
        if has_bookmark and not partitions and not shard.is_first:
            streams.append(name)
    advice = (
        "Merge the states of all shards with `tap-tiktok-ads state merge`. Then divide the result "
        f"with `tap-tiktok-ads state split STATE {shard.count} --output 'shard{{shard}}.json'`."
    )
    if owners:
        owner = next(iter(owners))
        msg = (
            f"Cannot use the state for shard {shard}: it holds bookmarks of {len(owners)} "
            f"advertiser(s) of other shards, for example {owner} of shard "
            f"{shard_number(owner, shard.count)}/{shard.count}. {advice}"
        )
        raise ConfigError(msg)
    if streams:
        msg = (
            f"Cannot use the state for shard {shard}: it holds the bookmark of stream "
            f"{streams[0]!r}, which shard 1/{shard.count} reads. {advice}"
        )
        raise ConfigError(msg)
