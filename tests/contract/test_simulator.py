"""The simulator accepts requests that keep the rules and rejects requests that break them."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from urllib.parse import urlencode

import pytest

from .examples import EXAMPLES, PLAIN
from .messages import RecordingSimulator, SentRequest, get
from .runs import WORLD

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Rules whose breach TikTok can accept, with the reason.
ACCEPTED_BREACHES = {
    "A GET has no body": "an official example has a body",
    "Pixel statistics": "TikTok accepts 30 days",
    "Transactions of Business Centers": "a missing date has a default",
    "Music is": "no source documents a rejection",
    "Lists do not combine": "no source documents a rejection",
    "A report of the lifetime has no dates": "TikTok ignores the dates",
    "total metrics are": "TikTok returns them with each page",
    "A report of several accounts": "without an ID dimension, costs are `-`",
    "billed_cost is": "no source documents a rejection",
    "The status filter": "no source documents a rejection",
    "A task has the filters": "TikTok ignores or rejects other filters",
    "A task keeps": "translated names are the default",
    "A material report does not": "no source documents a rejection",
}


@dataclasses.dataclass(frozen=True)
class Server:
    """A simulator that replaces the IDs of examples with IDs of its world."""

    sim: RecordingSimulator
    ids: dict[str, t.Any]

    def code(self, request: SentRequest) -> int | None:
        """Return the code of the response to an example, or None without an envelope."""
        target, body = request.target, request.body
        ids = {name: self.ids[name] for name in request.parameters.keys() & self.ids.keys()}
        if "/report/integrated/" in target and "advertiser_ids" in request.parameters:
            ids["advertiser_ids"] = json.dumps(self.sim.world.advertiser_ids[:2])
        if request.method == "POST" and request.body:
            body = json.dumps({**request.parameters, **ids}).encode()
        elif request.query:
            target = f"{target.partition('?')[0]}?{urlencode({**request.query, **ids})}"
        token = request.headers["Access-Token"].replace("token", self.sim.access_token)
        headers = {**request.headers, "Access-Token": token}
        code: int | None = self.sim.respond(request.method, target, headers, body).code
        return code


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Yield a simulator with the IDs of its objects."""
    sim = RecordingSimulator(WORLD)
    with sim:
        advertiser_id = sim.world.advertiser_ids[0]
        plain = Server(sim, {"advertiser_id": advertiser_id})

        def first(path: str, records: str, key: str) -> str:
            plain.code(get(path, advertiser_id="7"))
            return str(sim.sent_requests[-1].data[records][0][key])

        ids = {
            "advertiser_id": advertiser_id,
            "bc_id": next(iter(sim.world.centers)),
            "store_ids": json.dumps([first("/gmv_max/store/list/", "store_list", "store_id")]),
            "pixel_ids": json.dumps([first("/pixel/list/", "pixels", "pixel_id")]),
            "page_id": first("/page/get/", "list", "page_id"),
            "search_value": first("/adgroup/get/", "list", "adgroup_id"),
            "ad_id": first("/ad/get/", "list", "ad_id"),
        }
        yield Server(sim, ids)


@pytest.mark.parametrize("start", sorted(EXAMPLES))
def test_simulator_accepts_valid_requests(server: Server, start: str) -> None:
    """The simulator accepts a request that keeps the rule."""
    assert server.code(EXAMPLES[start][0]) == 0


@pytest.mark.parametrize("start", sorted(EXAMPLES.keys() - ACCEPTED_BREACHES.keys()))
def test_simulator_rejects_invalid_requests(server: Server, start: str) -> None:
    """The simulator rejects a request that breaks the rule."""
    assert server.code(EXAMPLES[start][1]) != 0


def test_example_ids_are_replaced(server: Server) -> None:
    """The IDs of examples are replaced, so no request fails for missing permission."""
    assert server.code(PLAIN) == 0
    assert ACCEPTED_BREACHES.keys() <= EXAMPLES.keys()
