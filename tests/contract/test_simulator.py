"""The simulator accepts requests that keep the rules, and refuses requests that break them."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from urllib.parse import urlencode

import pytest

from .examples import EXAMPLES, PLAIN
from .messages import RecordingSimulator, Sent, get
from .runs import WORLD

if t.TYPE_CHECKING:
    from collections.abc import Iterator

#: Rules whose breach TikTok accepts, or may accept, and why.
ACCEPTED_BREACHES = {
    "A GET has no body": "an official example has one",
    "Pixel statistics": "TikTok accepts 30 days",
    "Transactions of Business Centers": "a missing date has a default",
    "Music is": "no source states a refusal",
    "Lists do not combine": "no source states a refusal",
    "A report of the lifetime has no dates": "TikTok ignores the dates",
    "total metrics are": "TikTok returns them with each page",
    "billed_cost is": "no source states a refusal",
    "The status filter": "no source states a refusal",
    "A task has the filters": "TikTok ignores other filters, or refuses them",
    "A task keeps": "translated names are the default",
    "GMV Max attribute metrics": "the metrics may come without values",
    "Rooms are of LIVE": "the simulator has no reports by room",
    "A material report does not": "no source states a refusal",
}
#: Rules whose examples need a report that the simulator does not have.
UNSUPPORTED = {"Rooms are of LIVE"}


@dataclasses.dataclass(frozen=True)
class Server:
    """A simulator, and the IDs of its world in place of the IDs of the examples."""

    sim: RecordingSimulator
    ids: dict[str, t.Any]

    def code(self, sent: Sent) -> int | None:
        """Return the code of the response to an example, or None without an envelope."""
        target, body = sent.target, sent.body
        known = {name: self.ids[name] for name in sent.parameters.keys() & self.ids.keys()}
        if sent.method == "POST" and sent.body:
            body = json.dumps({**sent.parameters, **known}).encode()
        elif sent.query:
            target = f"{target.partition('?')[0]}?{urlencode({**sent.query, **known})}"
        token = sent.headers["Access-Token"].replace("token", self.sim.access_token)
        headers = {**sent.headers, "Access-Token": token}
        code: int | None = self.sim.respond(sent.method, target, headers, body).code
        return code


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a simulator, and find the IDs of its objects."""
    sim = RecordingSimulator(WORLD)
    with sim:
        advertiser_id = sim.world.advertiser_ids[0]
        plain = Server(sim, {"advertiser_id": advertiser_id})

        def first(path: str, records: str, key: str) -> str:
            plain.code(get(path, advertiser_id="7"))
            return str(sim.sent[-1].data[records][0][key])

        ids = {
            "advertiser_id": advertiser_id,
            "bc_id": next(iter(sim.world.centers)),
            "store_ids": json.dumps([first("/gmv_max/store/list/", "store_list", "store_id")]),
            "pixel_ids": json.dumps([first("/pixel/list/", "pixels", "pixel_id")]),
            "search_value": first("/adgroup/get/", "list", "adgroup_id"),
        }
        yield Server(sim, ids)


@pytest.mark.parametrize("start", sorted(EXAMPLES.keys() - UNSUPPORTED))
def test_kept_rules_are_accepted(server: Server, start: str) -> None:
    """A request that keeps the rule is not refused."""
    assert server.code(EXAMPLES[start][0]) == 0


@pytest.mark.parametrize("start", sorted(EXAMPLES.keys() - ACCEPTED_BREACHES.keys()))
def test_broken_rules_are_refused(server: Server, start: str) -> None:
    """A request that breaks the rule is refused."""
    assert server.code(EXAMPLES[start][1]) != 0


def test_examples_reach_the_simulator(server: Server) -> None:
    """The IDs of the examples are replaced, so that no refusal is for lack of permission."""
    assert server.code(PLAIN) == 0
    assert ACCEPTED_BREACHES.keys() <= EXAMPLES.keys()
