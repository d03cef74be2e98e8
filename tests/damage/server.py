"""An HTTP server with the documented behavior of TikTok's list and report endpoints.

It imports nothing from the tap or its simulator. A damage changes the response of one request.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
import json
import math
import threading
import typing as t
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Record = dict[str, t.Any]
    Query = Mapping[str, t.Any]

ADVERTISER = "7001"
TOPVIEW = "RESERVATION_TOP_VIEW"
INVALID_PARAMETER = 40002
INVALID_TOKEN = 40105
#: Requests after this number fail with an invalid token, which stops the run.
MAX_REQUESTS = 200
NOT_FOUND = 40400
MAX_VIDEO_IDS = 60


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Paging properties of a list endpoint.

    Attributes:
        default_page_size: Number of records per page of a request without `page_size`, or None if
            the endpoint has no pages.
        max_page_size: Maximum value of `page_size`.
        member: The member of `data` with the records.
    """

    default_page_size: int | None
    max_page_size: int
    member: str = "list"


CAMPAIGNS = "/campaign/get/"
AD_GROUPS = "/adgroup/get/"
VIDEOS = "/file/video/ad/search/"
VIDEO_DETAILS = "/file/video/ad/info/"
IMAGES = "/file/image/ad/search/"
PIXELS = "/pixel/list/"
AUDIENCES = "/dmp/custom_audience/list/"
REPORT = "/report/integrated/get/"
ENDPOINTS = {
    CAMPAIGNS: Endpoint(10, 1000),
    AD_GROUPS: Endpoint(10, 1000),
    VIDEOS: Endpoint(20, 100),
    VIDEO_DETAILS: Endpoint(None, MAX_VIDEO_IDS),
    IMAGES: Endpoint(20, 100),
    PIXELS: Endpoint(10, 20, "pixels"),
    AUDIENCES: Endpoint(10, 100),
    REPORT: Endpoint(10, 1000),
}
#: Key of the records of each list endpoint.
KEYS = {
    CAMPAIGNS: "campaign_id",
    AD_GROUPS: "adgroup_id",
    VIDEOS: "video_id",
    VIDEO_DETAILS: "video_id",
    IMAGES: "image_id",
    PIXELS: "pixel_id",
    AUDIENCES: "audience_id",
}


@dataclasses.dataclass
class Response:
    """The response of one request, before it is sent.

    Attributes:
        query: The parameters of the request, decoded.
        member: The member of `data` with the records.
        records: All records of the requested list.
        page: The requested page, starting at 1.
        page_size: The requested number of records per page.
        attempt: Number of requests with equal parameters, including this request.
        envelope: The JSON document.
        unfiltered: All records of the requested list if filters are ignored.
        headers: Additional HTTP headers.
        body: The bytes to send instead of the envelope, or None.
        cut_bytes: Number of bytes that are announced but not sent.
    """

    query: Query
    member: str
    records: Sequence[Record]
    page: int
    page_size: int
    attempt: int
    envelope: Record
    unfiltered: Sequence[Record] = ()
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes | None = None
    cut_bytes: int = 0

    @property
    def data(self) -> Record:
        """The member `data` of the envelope."""
        data: Record = self.envelope["data"]
        return data

    @property
    def page_info(self) -> Record:
        """The member `page_info` of `data`."""
        page_info: Record = self.data["page_info"]
        return page_info

    @property
    def page_records(self) -> list[t.Any]:
        """The records of the page."""
        records: list[t.Any] = self.data[self.member]
        return records

    @page_records.setter
    def page_records(self, records: t.Any) -> None:
        self.data[self.member] = records

    @property
    def last_page(self) -> int:
        """The number of the last page."""
        return max(1, math.ceil(len(self.records) / self.page_size))

    def slice(self, start: int, count: int) -> list[Record]:
        """Return copies of some records of the list."""
        start = max(0, start)
        return [_copy(record) for record in self.records[start : start + count]]

    def page_at(self, page: int) -> list[Record]:
        """Return copies of the records of a page."""
        return self.slice((page - 1) * self.page_size, self.page_size)

    def encode(self) -> bytes:
        """Return the body."""
        if self.body is not None:
            return self.body
        return json.dumps(self.envelope, separators=(",", ":")).encode()


Damage = t.Callable[[Response], None]


def _copy(record: Record) -> Record:
    """Return a copy of a record of two levels."""
    return {
        name: dict(value) if isinstance(value, dict) else value for name, value in record.items()
    }


def leave_unchanged(_: Response) -> None:
    """Change nothing."""


class World:
    """The objects of one advertiser.

    Attributes:
        lists: Records by path.
        days: Report records by day.
    """

    def __init__(
        self, sizes: Mapping[str, int], days: Mapping[str, int] | None = None, seed: int = 1
    ) -> None:
        """Create the objects.

        Args:
            sizes: Number of records by path.
            days: Number of report records by day.
            seed: Number that makes the IDs and values of two worlds differ.
        """
        self.lists = {path: self._objects(path, size, seed) for path, size in sizes.items()}
        if VIDEOS in self.lists:
            self.lists[VIDEO_DETAILS] = self.lists[VIDEOS]
        self.days = {
            day: [_report_record(day, number, seed) for number in range(count)]
            for day, count in (days or {}).items()
        }

    @staticmethod
    def _objects(path: str, size: int, seed: int) -> list[Record]:
        """Return the objects of a list, newest first."""
        return [_object(KEYS[path], number, seed) for number in range(size, 0, -1)]


def _object(key: str, number: int, seed: int) -> Record:
    """Return an object. Objects are modified in a different order than created."""
    created_at = dt.datetime(2026, 1, 1) + dt.timedelta(minutes=number)  # noqa: DTZ001 - UTC
    modified_at = created_at + dt.timedelta(minutes=20_000 + number * 7919 % 10_007)
    return {
        "advertiser_id": ADVERTISER,
        key: str(17_000_000_000_000_000 + seed * 1_000_000 + number),
        "campaign_id": str(17_000_000_000_000_000 + seed * 1_000_000 + number),
        "name": f"object {seed}.{number}",
        "create_time": str(created_at),
        "modify_time": str(modified_at),
    }


def _report_record(day: str, number: int, seed: int) -> Record:
    campaign_id = str(17_000_000_000_000_000 + seed * 1_000_000 + number)
    spend = f"{number + int(day[-2:]) / 100:.2f}"
    return {
        "dimensions": {"campaign_id": campaign_id, "stat_time_day": f"{day} 00:00:00"},
        "metrics": {"spend": spend},
    }


def days_from(first: str, count: int) -> list[str]:
    """Return consecutive days."""
    start = dt.date.fromisoformat(first)
    return [(start + dt.timedelta(days=number)).isoformat() for number in range(count)]


def decode(text: str) -> t.Any:
    """Return the value of a parameter: JSON text of an array or object, or the text."""
    return json.loads(text) if text[:1] in {"[", "{"} else text


class FakeTikTok:
    """A server of one world.

    Attributes:
        world: The objects.
        damage: Function that changes each response of a list or report endpoint.
        before: Function called with the path and query before each response.
        requests: The path and query of each request.
        max_requests: Number of requests after which the token is invalid.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.damage: Callable[[str, Response], None] = lambda path, response: None  # noqa: ARG005
        self.before: Callable[[str, Query], None] = lambda path, query: None  # noqa: ARG005
        self.requests: list[tuple[str, Query]] = []
        self.url = ""
        self.max_requests = MAX_REQUESTS
        self._attempts: collections.Counter[tuple[str, str]] = collections.Counter()
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Clear the requests and remove the damage."""
        with self._lock:
            self.requests.clear()
            self._attempts.clear()
            self.damage = lambda path, response: None  # noqa: ARG005

    def requests_of(self, path: str) -> list[Query]:
        """Return the queries of the requests of one path."""
        with self._lock:
            return [query for requested, query in self.requests if requested == path]

    def respond(self, path: str, query: Query) -> Response:
        """Return the response of a request."""
        with self._lock:
            key = path, json.dumps(query, sort_keys=True)
            self._attempts[key] += 1
            attempt = self._attempts[key]
            self.requests.append((path, query))
            self.before(path, query)
            if len(self.requests) > self.max_requests:
                return _response_of(_envelope({}, INVALID_TOKEN, "Too many requests for this test"))
            if path not in ENDPOINTS:
                return _response_of(self._account_response(path))
            response = self._list_response(path, query, attempt)
        if response.envelope["code"] == 0:
            self.damage(path, response)
        return response

    def _account_response(self, path: str) -> Record:
        """Return the response of an endpoint of accounts."""
        if path == "/advertiser/info/":
            record = {"advertiser_id": ADVERTISER, "timezone": "Etc/UTC", "currency": "USD"}
            return _envelope({"list": [record]})
        if path == "/oauth2/advertiser/get/":
            record = {"advertiser_id": ADVERTISER, "advertiser_name": "Example"}
            return _envelope({"list": [record]})
        return _envelope({}, NOT_FOUND, f"There is no {path}")

    def _list_response(self, path: str, query: Query, attempt: int) -> Response:
        """Return a page of a list or report."""
        endpoint = ENDPOINTS[path]
        page_size = int(query.get("page_size") or endpoint.default_page_size or 0)
        if page_size > endpoint.max_page_size:
            message = f"page_size: must be at most {endpoint.max_page_size}"
            return _response_of(_envelope({}, INVALID_PARAMETER, message))
        records = self._selected(path, query)
        page = int(query.get("page") or 1)
        response = Response(
            query, endpoint.member, records, page, page_size or 1, attempt, _envelope({})
        )
        response.unfiltered = self._selected(path, {**query, "filtering": None})
        if endpoint.default_page_size is None:
            response.page_records = [_copy(record) for record in records]
            return response
        response.page_records = response.page_at(page)
        response.data["page_info"] = {
            "page": page,
            "page_size": page_size,
            "total_number": len(records),
            "total_page": math.ceil(len(records) / page_size),
        }
        return response

    def _selected(self, path: str, query: Query) -> Sequence[Record]:
        """Return the records that a request selects."""
        if TOPVIEW in json.dumps(query.get("filtering")):
            return ()
        if path == REPORT:
            days = self.world.days
            selected = [day for day in days if query["start_date"] <= day <= query["end_date"]]
            return [record for day in selected for record in days[day]]
        records = self.world.lists.get(path, [])
        if path == VIDEO_DETAILS:
            return [record for record in records if record["video_id"] in query["video_ids"]]
        return records


def _envelope(data: Record, code: int = 0, message: str = "OK") -> Record:
    return {"code": code, "message": message, "request_id": "20261128", "data": data}


def _response_of(envelope: Record) -> Response:
    """Return the response of an unpaged endpoint."""
    return Response({}, "list", (), 1, 1, 1, envelope)


FakeT = t.TypeVar("FakeT", bound=FakeTikTok)


def _handler(server: FakeTikTok) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            pairs = urllib.parse.parse_qsl(url.query)
            query = {name: decode(text) for name, text in pairs}
            response = server.respond(url.path.removeprefix("/open_api/v1.3"), query)
            body = response.encode()
            self.send_response(200)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + response.cut_bytes))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = response.cut_bytes > 0

        def log_message(self, *_: t.Any) -> None:
            """Write nothing."""

    return Handler


def serving(world: World) -> contextlib.AbstractContextManager[FakeTikTok]:
    """Run a server of a world on a free port of the loopback interface."""
    return serving_kind(FakeTikTok, world)


@contextlib.contextmanager
def serving_kind(kind: type[FakeT], world: World) -> Iterator[FakeT]:
    """Run a server of a kind on a free port of the loopback interface."""
    fake = kind(world)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake)) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield fake
        finally:
            server.shutdown()
