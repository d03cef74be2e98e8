"""Kinds of streams that the damage tests read, and runs of the tap."""

from __future__ import annotations

import collections
import dataclasses
import json
import typing as t

from conftest import Collector, catalog_of

from tap_tiktok_ads.api.errors import TapError
from tap_tiktok_ads.tap import TapTikTokAds

from .server import (
    AD_GROUPS,
    ADVERTISER,
    AUDIENCES,
    CAMPAIGNS,
    IMAGES,
    KEYS,
    PIXELS,
    REPORT,
    TOPVIEW,
    VIDEOS,
    World,
    days_from,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .server import FakeTikTok, Query, Record

    Identity = tuple[str, ...]

SYNC_ERRORS = "sync_errors"
#: The report has a window of three pages and a window of one page. Both windows are final.
FIRST_WINDOW = days_from("2026-01-01", 30)
SECOND_WINDOW = days_from("2026-01-31", 30)
TEXT = {"type": ["string", "null"]}
CUSTOM_SCHEMA = {
    "type": "object",
    "properties": dict.fromkeys(
        ("advertiser_id", "adgroup_id", "video_id", "name", "modify_time"), TEXT
    ),
}
AD_GROUP_STREAM: dict[str, t.Any] = {
    "url": AD_GROUPS,
    "params": {"advertiser_id": "{advertiser_id}"},
    "page_size": 10,
    "schema": CUSTOM_SCHEMA,
}
CUSTOM_STREAMS = [
    {
        **AD_GROUP_STREAM,
        "name": "keyed_ad_groups",
        "primary_keys": ["advertiser_id", "adgroup_id"],
        "replication_key": "modify_time",
    },
    {**AD_GROUP_STREAM, "name": "unkeyed_ad_groups"},
    {
        "name": "video_details",
        "url": "/file/video/ad/info/",
        "for_each": {"stream": "video_creatives.video_id", "batch": 60},
        "params": {
            "advertiser_id": "{advertiser_id}",
            "video_ids": "{video_creatives.video_id}",
        },
        "pagination": "none",
        "primary_keys": ["advertiser_id", "video_id"],
        "replication_key": "modify_time",
        "schema": CUSTOM_SCHEMA,
    },
]


def is_plain_list(query: Query) -> bool:
    """Return True if a request does not filter by TopView."""
    return TOPVIEW not in json.dumps(query.get("filtering"))


def is_first_window(query: Query) -> bool:
    """Return True if a report request covers the first window without TopView."""
    return query["start_date"] == FIRST_WINDOW[0] and is_plain_list(query)


@dataclasses.dataclass(frozen=True)
class Kind:
    """A stream that is read from a list or report.

    Attributes:
        name: Name of the kind.
        stream: The stream that is read.
        path: The endpoint whose responses are damaged.
        columns: The columns that identify a record and its values.
        is_damaged: Returns True for the requests whose responses are damaged.
        has_keys: True if the stream has primary keys.
    """

    name: str
    stream: str
    path: str
    columns: tuple[str, ...]
    is_damaged: Callable[[Query], bool] = is_plain_list
    has_keys: bool = True

    def expected(self, world: World) -> collections.Counter[Identity]:
        """Return the records that a complete run writes."""
        if self.path == REPORT:
            return collections.Counter(
                (
                    record["dimensions"]["campaign_id"],
                    day,
                    f"{float(record['metrics']['spend']):.2f}",
                )
                for day, records in world.days.items()
                for record in records
            )
        key = KEYS[self.path]
        records = world.lists[self.path]
        return collections.Counter(
            tuple(record[{"key": key}.get(name, name)] for name in ("key", *self.columns[1:]))
            for record in records
        )

    def identity(self, record: Record) -> Identity:
        """Return the values that identify a written record."""
        values = [record.get(name) for name in self.columns]
        return tuple(
            f"{value:.2f}"
            if isinstance(value, float)
            else str(value)[:10]
            if name == "stat_time_day"
            else str(value)
            for name, value in zip(self.columns, values, strict=True)
        )


LIST = Kind("list", "campaigns", CAMPAIGNS, ("campaign_id",))
REPORTS = Kind(
    "report",
    "campaign_performance_report",
    REPORT,
    ("campaign_id", "stat_time_day", "spend"),
    is_first_window,
)
CUSTOM = Kind("custom", "keyed_ad_groups", AD_GROUPS, ("adgroup_id", "name"))
UNKEYED = Kind("unkeyed", "unkeyed_ad_groups", AD_GROUPS, ("adgroup_id", "name"), has_keys=False)
LOOKUP = Kind("lookup", "video_details", VIDEOS, ("video_id", "name"))
KINDS = (LIST, REPORTS, CUSTOM, UNKEYED, LOOKUP)
#: Lists whose objects can vanish while they are read.
VIDEO_LIST = Kind("videos", "video_creatives", VIDEOS, ("video_id",))
IMAGE_LIST = Kind("images", "image_creatives", IMAGES, ("image_id",))
PIXEL_LIST = Kind("pixels", "pixels", PIXELS, ("pixel_id",))
AUDIENCE_LIST = Kind("audiences", "custom_audiences", AUDIENCES, ("audience_id",))
VANISHING = (VIDEO_LIST, IMAGE_LIST, PIXEL_LIST, AUDIENCE_LIST)


def world_of(kind: Kind, seed: int = 1) -> World:
    """Return a world with three pages of a kind. The last page is short."""
    sizes = {CAMPAIGNS: 2005, AD_GROUPS: 25, VIDEOS: 205, IMAGES: 205, PIXELS: 45, AUDIENCES: 205}
    if kind.path != REPORT:
        return World({kind.path: sizes[kind.path]}, seed=seed)
    days = dict.fromkeys(FIRST_WINDOW, 67) | dict.fromkeys(SECOND_WINDOW, 5)
    return World({}, days, seed)


def config_for(server: FakeTikTok, kind: Kind, **settings: t.Any) -> Record:
    """Return the settings of a tap that reads a kind of stream from a server."""
    return {
        "api_url": server.url,
        "access_token": "token",
        "advertiser_ids": [ADVERTISER],
        "requests_per_second": 1000,
        "max_retries": 2,
        "start_date": FIRST_WINDOW[0],
        "end_date": SECOND_WINDOW[-1],
        "lookback_days": 0,
        "report_mode": "sync",
        "report_metrics": {"campaign_performance_report": ["spend"]},
        "custom_streams": [entry for entry in CUSTOM_STREAMS if entry["name"] == kind.stream],
        **settings,
    }


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Result of a run.

    Attributes:
        exit_code: The exit code.
        error: The error that ended the run, or None.
        records: The records of the stream that are not tombstones.
        tombstones: The records of deleted objects.
        sync_errors: The records of the stream `sync_errors`.
        state: The last state, or the initial state if the run wrote none.
        request_count: Number of requests.
    """

    exit_code: int
    error: Exception | None
    records: list[Record] = dataclasses.field(repr=False)
    tombstones: list[Record] = dataclasses.field(repr=False)
    sync_errors: list[Record] = dataclasses.field(repr=False)
    state: Record = dataclasses.field(repr=False)
    request_count: int

    def identities(self, kind: Kind) -> collections.Counter[Identity]:
        """Return the identities of the written records."""
        return collections.Counter(map(kind.identity, self.records))


def sync(server: FakeTikTok, kind: Kind, state: Record | None = None, **settings: t.Any) -> Outcome:
    """Run the tap for one stream, as the executable does, and return its outcome."""
    config = config_for(server, kind, **settings)
    collector = Collector()
    requests_before = len(server.requests)
    tap = TapTikTokAds(
        config=config,
        catalog=catalog_of(config, [kind.stream, SYNC_ERRORS], alone=True),
        state=json.loads(json.dumps(state or {})),
        message_writer=collector,
        selected_only=True,
    )
    error: TapError | None = None
    try:
        tap.run()
    except TapError as failure:
        error = failure
    finally:
        tap.run_context.close(5)
    messages = collector.messages
    states = [message["value"] for message in messages.all if message["type"] == "STATE"]
    records = messages.records
    written = records[kind.stream]
    return Outcome(
        exit_code=error.exit_code if error else 0,
        error=error,
        records=[record for record in written if not record.get("_deleted_at")],
        tombstones=[record for record in written if record.get("_deleted_at")],
        sync_errors=records[SYNC_ERRORS],
        state=states[-1] if states else state or {},
        request_count=len(server.requests) - requests_before,
    )
