"""Run the tap with thousands of advertisers and responses that this process makes itself.

    python benchmarks/many_advertisers.py 5000 seconds.json [STATE] > messages.jsonl

No request leaves the process. Every fifth advertiser has three records a day in each report. Lists
of objects are empty. The file `seconds.json` gets the CPU seconds of the main thread and of all
threads. The main thread plans, verifies, writes and keeps the state.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import itertools
import json
import sys
import time
import typing as t
from pathlib import Path

from requests.structures import CaseInsensitiveDict

from tap_tiktok_ads.api.http_connection import HttpConnection
from tap_tiktok_ads.api.http_responses import HttpResponse
from tap_tiktok_ads.config.files import read_state
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from tap_tiktok_ads.api.messages import Request

FIRST_ADVERTISER_ID = 7_000_000_000_000_000_000
#: One in this number of advertisers has delivery.
ADVERTISERS_PER_ACTIVE = 5
RECORDS_PER_DAY = 3
#: Without a limit on the rate.
SETTINGS = {"environment": "simulator", "api_url": "http://localhost:9", "access_token": "token"}


def body(records: list[dict[str, t.Any]], name: str = "list") -> bytes:
    """Return a response with one page of records."""
    count = len(records)
    page = {"page": 1, "page_size": 1000, "total_number": count, "total_page": min(1, count)}
    data = {name: records, "page_info": page}
    return json.dumps({"code": 0, "message": "OK", "request_id": "0", "data": data}).encode()


@functools.lru_cache(maxsize=1000)
def report(dimensions: str, metrics: str, start: str, end: str) -> bytes:
    """Return a report with the records of each day."""
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    days = [first + dt.timedelta(days=day) for day in range((last - first).days + 1)]
    values = dict.fromkeys(json.loads(metrics), "12")
    records = []
    for day, number in itertools.product(days, range(RECORDS_PER_DAY)):
        keys = dict.fromkeys(json.loads(dimensions), f"174100002000000008{number}")
        keys["stat_time_day"] = f"{day} 00:00:00"
        records.append({"dimensions": keys, "metrics": values})
    return body(records)


EMPTY = {name: body([], name) for name in ("list", "pixels")}


def respond(_: HttpConnection, request: Request, __: t.Any) -> HttpResponse:
    """Return the response to a request."""
    query = request.query()
    headers = CaseInsensitiveDict({"Date": email.utils.formatdate(usegmt=True)})
    if request.path == "/advertiser/info/":
        ids = json.loads(query["advertiser_ids"])
        zones = {"timezone": "Etc/UTC", "display_timezone": "Etc/UTC"}
        found = [{"advertiser_id": one, "name": one, **zones} for one in ids]
        return HttpResponse(200, headers, body(found))
    is_active = int(query["advertiser_id"]) % ADVERTISERS_PER_ACTIVE == 0
    if request.path == "/report/integrated/get/" and is_active:
        days = (query["start_date"], query["end_date"])
        return HttpResponse(200, headers, report(query["dimensions"], query["metrics"], *days))
    name = "pixels" if request.path == "/pixel/list/" else "list"
    return HttpResponse(200, headers, EMPTY[name])


def state_in(path: str) -> dict[str, t.Any] | None:
    """Return the state in a file."""
    with Path(path).open(encoding="utf-8") as file:
        return read_state(file)


def main() -> None:
    """Run the command line."""
    HttpConnection.send = respond  # type: ignore[method-assign]
    count, file, *states = sys.argv[1:]
    ids = [str(FIRST_ADVERTISER_ID + number) for number in range(int(count))]
    tap = TapTikTokAds(
        config={**SETTINGS, "advertiser_ids": ids},
        selected_only=True,
        state=state_in(states[0]) if states else None,
    )
    tap.run()
    seconds = {"main": time.thread_time(), "all": time.process_time()}
    Path(file).write_text(json.dumps(seconds), encoding="ascii")


if __name__ == "__main__":
    main()
