"""Fast paths return unchanged records for responses with unexpected members."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import typing as t
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import SPARSE, catalog_of
from singer_sdk import Stream
from test_sdk import NAMES, lines_of

from tap_tiktok_ads.extract.newest_first import NewestFirstSource
from tap_tiktok_ads.extract.source import Source
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Iterator

EXTRA = {"new_list": [{"list": [1]}], "new_text": "\u00e9 \\u0041", "new": {"page_info": None}}


@dataclasses.dataclass(frozen=True)
class Noisy:
    """A proxy of the simulator that adds members to its responses."""

    url: str
    access_token: str
    app_id: str
    app_secret: str


def with_extra_members(body: bytes) -> bytes:
    """Return the body with extra members in the envelope, in `data` and in each record.

    A body that is not JSON is the file of a task, and unchanged.
    """
    if not body.startswith(b"{"):
        return body
    envelope = json.loads(body)
    data = envelope.get("data")
    if isinstance(data, dict):
        lists = [member for member in data.values() if isinstance(member, list)]
        for record in [item for member in lists for item in member if isinstance(item, dict)]:
            record |= {"new_in_record": EXTRA}
        data |= {"list": [], **data, **EXTRA}
    return json.dumps({**EXTRA, **envelope}, separators=(",", ":")).encode()


@contextlib.contextmanager
def noisy(world: Simulator) -> Iterator[Noisy]:
    """Run the proxy."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two packets

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            target = world.url.partition("/open_api")[0] + self.path
            headers = {"Access-Token": world.access_token, "Content-Type": "application/json"}
            request = urllib.request.Request(
                target, self.rfile.read(size) or None, headers, method=self.command
            )
            with urllib.request.urlopen(request) as response:
                body = with_extra_members(response.read())
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: t.Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        port = server.server_address[1]
        yield Noisy(f"http://127.0.0.1:{port}", world.access_token, world.app_id, world.app_secret)
        server.shutdown()


@pytest.fixture(scope="module")
def world() -> Iterator[Noisy]:
    """One proxy for all streams."""
    with Simulator({**SPARSE, "days": 4}) as running, noisy(running) as server:
        yield server


@pytest.mark.parametrize("stream", NAMES)
def test_unexpected_members_change_no_record(
    world: t.Any, capsysbinary: pytest.CaptureFixture[bytes], stream: str
) -> None:
    """With unexpected members, the fast path and the slow path read equal records."""
    config = {"start_date": "{now-2}"}
    fast, slow = (
        lines_of(world, capsysbinary, sync, stream, catalog_of({}, [stream], alone=True), config)
        for sync in (lambda stream_object: stream_object._sync_records(), Stream._sync_records)
    )
    assert fast
    assert fast == slow


def subclasses_of(kind: type[t.Any]) -> Iterator[type[t.Any]]:
    """Yield all direct and indirect subclasses of a class."""
    for subclass in kind.__subclasses__():
        yield subclass
        yield from subclasses_of(subclass)


@pytest.mark.parametrize("kind", [Source, *subclasses_of(Source)], ids=lambda kind: kind.__name__)
def test_custom_sources_receive_the_complete_response(kind: type[Source]) -> None:
    """A source with its own record location receives the complete response."""
    is_plain = kind.locate is Source.locate and kind.following is Source.following
    # this source decides from the records and the page_info, which the fast decoder keeps
    assert kind.reads_list_only is (is_plain or kind is NewestFirstSource)
