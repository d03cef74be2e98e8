"""The stream `instant_pages` reads the pages of all business types."""

from __future__ import annotations

import collections
import json
import logging
import typing as t

import pytest
from conftest import Messages, answering, config_at, config_for, run

from tap_tiktok_ads.api.errors import TapError

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.simulator import Simulator

#: The values of `business_types`, as a third-party SDK documents them.
TYPES = (
    "LEAD_GEN",
    "STORE_FRONT",
    "APP_PROFILE_PAGE",
    "TIKTOK_INSTANT_PAGE",
    "SHOP_ADS_PLP",
    "SHOP_ADS_PDP",
    "POP_UP_FORM",
)


def page(page_id: str) -> dict[str, str]:
    """Return the raw record of a page."""
    return {"page_id": page_id, "update_time": "2026-11-01 00:00:00"}


def page_list(*records: t.Any) -> dict[str, t.Any]:
    """Return the data of a list response."""
    return {"list": [*records], "page_info": {"total_number": len(records)}}


def pages_except(rejected: set[str], code: int) -> Callable[[dict[str, str]], t.Any]:
    """Return the responses of an account with one page per type, except for rejected types."""

    def respond(query: dict[str, str]) -> t.Any:
        types = json.loads(query["business_types"])
        if rejected & {*types}:
            message = f"business_types: Invalid value {types}."
            body = {"code": code, "message": message, "request_id": "r", "data": {}}
            return json.dumps(body).encode()
        return page_list(*(page(f"7{TYPES.index(name)}") for name in types))

    return respond


def read(respond: Callable[[dict[str, str]], t.Any], **settings: t.Any) -> Messages:
    """Return the messages of a run of the stream for one advertiser."""
    with answering(respond) as (url, _):
        return run(config_at(url, max_retries=0, **settings), ["instant_pages"])


def types_of(messages: Messages) -> dict[str, str]:
    """Return the business type of each page."""
    return {
        record["page_id"]: record["business_type"] for record in messages.records["instant_pages"]
    }


@pytest.mark.parametrize(
    "sim", [{"seed": seed, "instant_pages": 16} for seed in (1, 2, 3)], indirect=True
)
def test_all_business_types_are_read(sim: Simulator) -> None:
    """Every page of every type is read once, with its type."""
    messages = run(config_for(sim), ["instant_pages"])
    records = messages.records["instant_pages"]
    assert len(messages.keyed("instant_pages")) == len(records)
    assert len(records) == sim.world.expected("2026-11-01", "2026-11-02")["instant_pages"]
    by_type = collections.Counter(record["business_type"] for record in records)
    assert {*by_type} == {*TYPES}
    assert by_type["LEAD_GEN"] > by_type["POP_UP_FORM"]


@pytest.mark.parametrize("code", [40002, 40001])
def test_rejected_business_type_is_skipped(code: int, caplog: pytest.LogCaptureFixture) -> None:
    """Other types are read, and the next run retries the rejected types."""
    caplog.set_level(logging.WARNING)
    messages = read(pages_except({"SHOP_ADS_PDP", "POP_UP_FORM"}, code))
    assert {*types_of(messages).values()} == {*TYPES} - {"SHOP_ADS_PDP", "POP_UP_FORM"}
    assert not messages.failed
    assert messages.bookmarks("instant_pages") == {}
    warnings = [line for line in caplog.messages if " skips " in line]
    assert [line.split()[3] for line in warnings] == ["SHOP_ADS_PDP", "POP_UP_FORM"]


def test_default_type_is_required() -> None:
    """A rejection of lead forms stops the run, because they are always available."""
    with pytest.raises(TapError, match="LEAD_GEN"):
        read(pages_except({"LEAD_GEN"}, 40002))


def test_page_of_every_type_is_written_once() -> None:
    """A page that is listed for every type is written once."""
    messages = read(lambda _: page_list(page("7"), page("8")))
    assert len(messages.records["instant_pages"]) == 2


def test_type_of_the_response_wins() -> None:
    """A type in the response overrides the requested type."""
    messages = read(lambda _: page_list({**page("7"), "business_type": "NEW_TYPE"}))
    assert types_of(messages) == {"7": "NEW_TYPE"}


def test_missing_page_is_deleted(sim: Simulator) -> None:
    """A page that is not listed any more is reported as deleted."""
    config = config_for(sim, track_deleted=True)
    first = run(config, ["instant_pages"])
    (deleted_id, *_) = (
        page_id for page_id, name in types_of(first).items() if name == "SHOP_ADS_PLP"
    )
    (account,) = (
        account
        for account in sim.world.accounts.values()
        if any(asset.id == deleted_id for asset in account.assets("instant_pages"))
    )
    (asset,) = (asset for asset in account.assets("instant_pages") if asset.id == deleted_id)
    asset.removed = True
    sim.world.version += 1
    second = run(config, ["instant_pages"], state=first.state)
    deleted = [record for record in second.records["instant_pages"] if record["_deleted_at"]]
    assert [record["page_id"] for record in deleted] == [deleted_id]
