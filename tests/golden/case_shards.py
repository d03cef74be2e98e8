"""Shards: the setting, the state of a shard, and the commands that merge and split states."""

from __future__ import annotations

import contextlib
import json
import logging
import typing as t
from unittest import mock

from golden.case_commands import invoked
from golden.case_rare_runs import finished
from golden.case_settings import NOWHERE, setting
from golden.collector import case, error_cases, temporary_file
from tap_tiktok_ads import tap
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable

#: An advertiser of shard 2/4.
OWNER = "7001"


def bookmark(day: str) -> dict[str, t.Any]:
    """Return a state with one bookmark."""
    partition = {"context": {"advertiser_id": OWNER}, "replication_key_value": day}
    return {"bookmarks": {"ads": {"partitions": [partition]}}}


def state(shard: str, content: dict[str, t.Any]) -> Callable[[], object]:
    """Return a case: pass a state to a shard."""
    return lambda: TapTikTokAds(config=NOWHERE | {"shard": shard}, state=content)


def merge(*states: dict[str, t.Any]) -> Callable[[], list[str]]:
    """Return a case: merge states."""
    return lambda: invoked(["state", "merge", *(temporary_file(json.dumps(s)) for s in states)])


def without_counts(streams: list[str], **settings: t.Any) -> Callable[[], None]:
    """Return a case: run the tap up to its end, without the log of its counts."""

    def call() -> None:
        with mock.patch.object(tap, "show_progress", return_value=contextlib.nullcontext()):
            finished(streams, **settings)()

    return call


error_cases(
    "Settings",
    {
        "a shard that does not exist": setting(shard="5/4"),
        "a shard without the number of shards": setting(shard="2"),
    },
)
error_cases(
    "State",
    {
        "the state of another shard": state("1/4", bookmark("2026-01-01")),
        "the bookmark of a stream that shard 1 reads": state(
            "2/4", {"bookmarks": {"mine": {"replication_key_value": 5}}}
        ),
    },
)
case("Credentials and advertisers", "log of a shard", logging.INFO)(
    without_counts(["campaigns", "business_centers"], shard="2/2")
)
case("Credentials and advertisers", "log of a shard without advertisers", logging.INFO)(
    without_counts(["campaigns"], shard="1/2")
)
error_cases(
    "Commands",
    {
        "a removed command": lambda: invoked(["convert-state", "old.json"]),
        "state merge of different bookmarks": merge(
            bookmark("2026-01-01"), bookmark("2026-01-02"), {"bookmarks": {}}
        ),
        "state merge of many different bookmarks": merge(
            *({"bookmarks": {name: {"covered": [day]} for name in "abcde"}} for day in (1, 2))
        ),
        "state merge of a partial state": merge(
            {"completed": {"singer_state": bookmark("2026-01-01")}, "partial": {"singer_state": {}}}
        ),
        "state split without a place for the shard": lambda: invoked(
            ["state", "split", "all.json", "2", "--output", "new.json"]
        ),
    },
)
