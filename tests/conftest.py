"""Shared fixtures: a simulator with few objects, and functions that run the tap against it."""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import email.utils
import functools
import itertools
import json
import os
import threading
import time
import typing as t
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import hypothesis
import pytest
from forked import execute
from singer_sdk.contrib.msgspec import MsgSpecWriter, encoder

from tap_tiktok_ads import context
from tap_tiktok_ads.api import rate_limiters, rate_limits
from tap_tiktok_ads.api.rate_limits import RateLimiter
from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    import datetime as dt
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pendulum

    from tap_tiktok_ads.simulator.http.messages import Request

# without a deadline, because an example can be slow on a busy machine
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

#: Only `make integration` collects the integration tests.
collect_ignore = [] if os.environ.get("INTEGRATION") else ["integration"]

#: Enough objects for several windows and pages. A run takes a second.
SMALL = {
    "advertisers": 2,
    "campaigns": 5,
    "ad_groups": 1,
    "ads": 2,
    "smart_plus_ads": 2,
    "days": 40,
    "videos": 5,
    "images": 6,
    "audiences": 3,
}
START = "{now-35}"
#: Fewer objects, for tests that compare or validate every record of every report.
SPARSE = {**SMALL, "campaigns": 3, "ads": 1}
#: Maximum time in seconds that a test waits for a condition. It is long enough for a busy machine.
PATIENCE = 300.0


@dataclasses.dataclass
class Messages:
    """The Singer messages of a run.

    Attributes:
        all: The messages, in the order of their output.
        failed: Stream and advertiser of each incomplete part of the run.
    """

    all: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    failed: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    _records: dict[str, list[dict[str, t.Any]]] = dataclasses.field(default_factory=dict)
    _schemas: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    _sorted: int = 0

    def _sort(self) -> None:
        """Sort the messages that were written since the last call by stream."""
        for message in itertools.islice(self.all, self._sorted, None):
            if message["type"] == "RECORD":
                self._records.setdefault(message["stream"], []).append(message["record"])
            elif message["type"] == "SCHEMA":
                self._schemas[message["stream"]] = message
        self._sorted = len(self.all)

    @property
    def records(self) -> dict[str, list[dict[str, t.Any]]]:
        """The records by stream."""
        self._sort()
        return collections.defaultdict(list, self._records)

    @property
    def schemas(self) -> dict[str, dict[str, t.Any]]:
        """The last SCHEMA message of each stream."""
        self._sort()
        return {**self._schemas}

    @property
    def state(self) -> dict[str, t.Any]:
        """The value of the last STATE message."""
        return t.cast(
            "dict[str, t.Any]",
            [message["value"] for message in self.all if message["type"] == "STATE"][-1],
        )

    def bookmarks(self, stream: str) -> dict[str, str]:
        """Return the bookmark of a stream for each advertiser."""
        partitions = self.state["bookmarks"][stream].get("partitions", [])
        return {
            partition["context"]["advertiser_id"]: partition["replication_key_value"]
            for partition in partitions
            if "replication_key_value" in partition
        }

    def keyed(self, stream: str) -> dict[tuple[t.Any, ...], dict[str, t.Any]]:
        """Return the last record of each primary key, as a target that upserts stores them."""
        keys = self.schemas[stream]["key_properties"]
        return {tuple(record[key] for key in keys): record for record in self.records[stream]}


class Collector(MsgSpecWriter):
    """A writer that keeps the messages in memory, decoded from the JSON that stdout would get."""

    def __init__(self) -> None:
        self.messages = Messages()

    def write_message(self, message: t.Any) -> None:
        self.messages.all.append(json.loads(encoder.encode(message.to_dict())))


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A running simulator. Indirect parametrization sets its options."""
    with Simulator(SMALL | getattr(request, "param", {})) as running:
        yield running


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true. Fail after `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"the condition was not true within {PATIENCE} s"
        time.sleep(0.002)


class ManualClock:
    """A clock whose time changes only when its method `sleep` is called."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Set the clock to the end of the sleep, without waiting."""
        due = self.now + seconds
        with self._lock:
            self.now = max(self.now, due)


@pytest.fixture
def paced_by_hand(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """The manual clock that the rate limiter uses in a test."""
    clock = ManualClock()
    paced = functools.partial(RateLimiter, clock=clock, sleep=clock.sleep)
    monkeypatch.setattr(rate_limiters, "RateLimiter", paced)
    return clock


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits before retries, and before the next pass over a list."""
    monkeypatch.setattr(context, "FIRST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(context, "PASS_INTERVAL_SECONDS", 0.02)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses after throttled requests, and allow more pauses."""
    monkeypatch.setattr(rate_limits, "PAUSE_SECONDS", (0.02,) * 10)


def asks_for_top_view(request: Request) -> bool:
    """Return True if a request filters by the buying type of TopView."""
    return "RESERVATION_TOP_VIEW" in str(request.params.get("filtering"))


def config_for(sim: Simulator, **settings: t.Any) -> dict[str, t.Any]:
    """Return the settings of a tap that reads from a running simulator."""
    return {
        "environment": "simulator",
        "api_url": sim.url,
        "access_token": sim.access_token,
        "app_id": sim.app_id,
        "app_secret": sim.app_secret,
        "start_date": START,
        **settings,
    }


def config_at(url: str, **settings: t.Any) -> dict[str, t.Any]:
    """Return the settings of a tap that reads the first advertiser of an `answering` server."""
    return {
        "api_url": url,
        "access_token": "token",
        "requests_per_second": 1000,
        "advertiser_ids": ["1"],
        "start_date": "2026-11-01",
        "end_date": "2026-11-02",
        **settings,
    }


def run(
    config: dict[str, t.Any],
    streams: t.Collection[str] | None = None,
    *,
    state: dict[str, t.Any] | None = None,
    catalog: dict[str, t.Any] | None = None,
    started_at: pendulum.DateTime | None = None,
) -> Messages:
    """Run the tap in this process and return its messages.

    If the run fails, the attribute `messages` of the error holds the messages. `started_at` sets
    the time at which the run starts.
    """
    collector = Collector()
    if streams is not None:
        catalog = catalog_of(config, streams, alone=True)
    tap = TapTikTokAds(
        config=config,
        catalog=catalog,
        state=json.loads(json.dumps(state or {})),
        message_writer=collector,
        selected_only=streams is not None,
    )
    if started_at is not None:
        tap.run_context.started_at = started_at
    try:
        tap.sync_all()
    except Exception as error:
        error.messages = collector.messages  # type: ignore[attr-defined]
        raise
    collector.messages.failed = tap.run_context.problems.failed
    return collector.messages


#: True in `make soak`, which runs all cases. Without it, the tests run a selection of cases.
SOAK = bool(os.environ.get("SOAK"))

_catalogs: dict[str, list[dict[str, t.Any]]] = {}


def _discovered(config: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the entries of the discovered catalog. They are cached: copy them before a change."""
    custom = config.get("custom_streams") or ()
    # discovery infers a missing schema from a response, so these entries are not cached
    if any(not isinstance(entry.get("schema"), dict) for entry in custom):
        built_in = _discovered({**config, "custom_streams": None})
        names = {entry["tap_stream_id"] for entry in built_in}
        discovered = TapTikTokAds(
            config=config, validate_config=False, selected_only=True
        ).catalog_dict
        return [
            *built_in,
            *(entry for entry in discovered["streams"] if entry["tap_stream_id"] not in names),
        ]
    setting_names = ("custom_streams", "custom_reports", "report_metrics", "pii", "track_deleted")
    key = json.dumps([config.get(name) for name in setting_names])
    if key not in _catalogs:
        tap = TapTikTokAds(config=config, validate_config=False)
        _catalogs[key] = tap.catalog_dict["streams"]
    return _catalogs[key]


def catalog_of(
    config: dict[str, t.Any], streams: t.Collection[str], *, alone: bool = False
) -> dict[str, t.Any]:
    """Return the discovered catalog with these streams selected.

    With `alone=True`, the catalog has only these streams.
    """
    entries = [
        copy.deepcopy(entry)
        for entry in _discovered(config)
        if not alone or entry["tap_stream_id"] in streams
    ]
    for entry in entries:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return {"streams": entries}


def command(
    *arguments: str,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    stdin: str | None = None,
    timeout: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """Run the command `tap-tiktok-ads` with these arguments in a separate process."""
    return execute(arguments, cwd, env, stdin, timeout)


ANSWERED_ADVERTISERS = {"list": [{"advertiser_id": name, "timezone": "UTC"} for name in ("1", "2")]}


@contextlib.contextmanager
def answering(
    respond: Callable[[dict[str, str]], t.Any],
    date: Callable[[dict[str, str]], dt.datetime] | None = None,
) -> Iterator[tuple[str, list[str]]]:
    """Run a server, and yield its URL and the list of the requested paths.

    Args:
        respond: Returns the `data` of a response, or the bytes of its body. Its argument is the
            query, with the endpoint as `path`.
        date: Returns the time in the header Date of a response.
    """
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two packets

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            paths.append(self.path)
            if url.path.endswith("/advertiser/info/"):
                data: t.Any = ANSWERED_ADVERTISERS
            else:
                query = dict(urllib.parse.parse_qsl(url.query))
                data = respond({**query, "path": url.path.removeprefix("/open_api/v1.3")})
            body = data
            if not isinstance(data, bytes):
                envelope = {"code": 0, "message": "OK", "request_id": "r", "data": data}
                body = json.dumps(envelope).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            if date is None:
                return super().date_time_string(timestamp)
            return email.utils.format_datetime(date({}), usegmt=True)

        def log_message(self, *_: t.Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", paths
        finally:
            server.shutdown()
