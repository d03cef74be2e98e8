"""Transactions of Business Centers."""

from __future__ import annotations

import collections
import datetime as dt
import json
import typing as t

import pendulum
import pytest
from conftest import SMALL, answering, config_at, config_for, run
from edge_server import Call, envelope, serving

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.simulator import Simulator

TRANSFERS = "advertiser_transactions"
CENTERS = "bc_transactions"
ACCOUNTS = "account_transactions"
PATHS = {
    TRANSFERS: "/advertiser/transaction/get/",
    CENTERS: "/bc/transaction/get/",
    ACCOUNTS: "/bc/account/transaction/get/",
}
TRANSFER_TYPES = {f"TRANS_TYPE_{name}" for name in ("TRANSFER", "TAX", "COST", "PAYMENT")}
BUSINESS_CENTERS = {"list": [{"bc_info": {"bc_id": "7"}}], "page_info": {"total_number": 1}}


def responses_of(
    *records: dict[str, t.Any], member: str = "transaction_list"
) -> t.Callable[[dict[str, str]], t.Any]:
    """Return responses of one Business Center whose lists contain the records."""

    def respond(query: dict[str, str]) -> t.Any:
        if query["path"] == "/bc/get/":
            return BUSINESS_CENTERS
        copies = json.loads(json.dumps(records))
        return {member: copies, "page_info": {"page": 1, "total_number": len(copies)}}

    return respond


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", PATHS)
def test_all_types_and_levels_are_read(name: str, seed: int) -> None:
    """All types and levels of transactions are read, with unique keys."""
    options = {**SMALL, "business_centers": 2, "transactions": 9, "seed": seed}
    with Simulator(options) as sim:
        messages = run(config_for(sim), [name])
        first, today = (pendulum.now("UTC").date().subtract(days=back) for back in (35, 0))
        expected = sim.world.expected(str(first), str(today))[name]
        assert [request for request in sim.requests if request.code != 0] == []
        assert {record["bc_id"] for record in messages.records[name]} == set(sim.world.centers)
    assert len(messages.records[name]) == len(messages.keyed(name)) == expected > 0
    assert messages.schemas[name]["key_properties"][0] == "bc_id"
    if name == TRANSFERS:
        types = collections.Counter(record["transfer_type"] for record in messages.records[name])
        assert set(types) == TRANSFER_TYPES
    if name == ACCOUNTS:
        levels = {record["transaction_level"] for record in messages.records[name]}
        assert levels == {"BC", "ADVERTISER"}


@pytest.mark.parametrize("name", PATHS)
def test_windows_have_at_most_365_days(name: str) -> None:
    """A long date range is split into windows of at most 365 days."""
    with Simulator({**SMALL, "business_centers": 1, "days": 900, "transactions": 12}) as sim:
        messages = run(config_for(sim, start_date="{now-800}"), [name])
        requests = [request for request in sim.requests if request.path == PATHS[name]]
        first, today = (pendulum.now("UTC").date().subtract(days=back) for back in (800, 0))
        expected = sim.world.expected(str(first), str(today))[name]
    assert [request.code for request in requests] == [0] * len(requests)
    ranges = set()
    for request in requests:
        dates = {**request.params, **json.loads(request.params.get("filtering", "{}"))}
        start = dates.get("start_date") or dates["start_time"].removesuffix(" 00:00:00")
        end = dates.get("end_date") or dates["end_time"].removesuffix(" 23:59:59")
        ranges.add((dt.date.fromisoformat(start), dt.date.fromisoformat(end)))
    assert len(ranges) == 3
    days = [
        start + dt.timedelta(back)
        for start, end in ranges
        for back in range((end - start).days + 1)
    ]
    assert len(days) == len(set(days)) == 801
    assert max((end - start).days + 1 for start, end in ranges) == 365
    assert len(messages.records[name]) == expected > 0


@pytest.mark.parametrize("name", PATHS)
def test_transactions_have_no_bookmark(name: str) -> None:
    """Every run reads all days, because a new Business Center has older transactions."""
    with Simulator({**SMALL, "business_centers": 1, "transactions": 9}) as sim:
        first = run(config_for(sim), [name])
        second = run(config_for(sim), [name], state=first.state)
    assert second.records[name] == first.records[name] != []


def test_missing_transfer_members_have_defaults() -> None:
    """A missing type is the requested type, and a missing funds type is a dash."""
    missing = {"advertiser_id": "1", "amount": 5, "date": "2026-11-01 10:00:00"}
    null = {**missing, "amount": 6, "transfer_type": None, "funds_type": None}
    other = {**missing, "amount": 7, "transfer_type": "TRANS_TYPE_NEW", "funds_type": "CASH"}
    with answering(responses_of(missing, null, other)) as (url, paths):
        messages = run(config_at(url), [TRANSFERS])
    assert sum(PATHS[TRANSFERS] in path for path in paths) == 4
    records = messages.keyed(TRANSFERS)
    assert {
        record["transfer_type"] for record in records.values() if record["amount"] < 7
    } == TRANSFER_TYPES
    assert {record["funds_type"] for record in records.values() if record["amount"] < 7} == {"-"}
    assert {key[3:5] for key in records if key[-1] == 7} == {("CASH", "TRANS_TYPE_NEW")}
    assert {record["bc_id"] for record in records.values()} == {"7"}


def test_missing_center_members_are_dashes() -> None:
    """Missing or null key columns are dashes, and a numeric date is a string of digits."""
    bare = {"date": 1793500000, "amount": 5.25}
    null = {**bare, "amount": 6, "funds_type": None, "invoice_id": None, "timezone": None}
    with answering(responses_of(bare, null, member="list")) as (url, _):
        messages = run(config_at(url), [CENTERS])
    assert [*messages.keyed(CENTERS)] == [
        ("7", "1793500000", "-", 5.25, "-"),
        ("7", "1793500000", "-", 6, "-"),
    ]


@pytest.mark.parametrize(("name", "member"), [(TRANSFERS, "transaction_list"), (CENTERS, "list")])
def test_equal_transactions_are_both_written(name: str, member: str) -> None:
    """Two equal transactions are both written, and the sync is complete."""
    record = {"advertiser_id": "1", "amount": 5, "date": "2026-11-01 10:00:00"}
    with answering(responses_of(record, record, member=member)) as (url, paths):
        messages = run(config_at(url), [name, "sync_errors"])
    requests = sum(PATHS[name] in path for path in paths)
    assert len(messages.records[name]) == 2 * requests
    assert len(messages.keyed(name)) == requests == (4 if name == TRANSFERS else 1)
    assert messages.failed == []
    assert messages.records["sync_errors"] == []


def test_transaction_level_is_part_of_the_key() -> None:
    """A transaction listed at both levels has two keys."""
    record = {"transaction_id": "9", "amount": 5, "create_time": "2026-11-01 10:00:00"}
    with answering(responses_of(record)) as (url, _):
        messages = run(config_at(url), [ACCOUNTS])
    assert {*messages.keyed(ACCOUNTS)} == {("7", "BC", "9"), ("7", "ADVERTISER", "9")}
    assert {record["create_time"] for record in messages.records[ACCOUNTS]} == {
        "2026-11-01T10:00:00"
    }


def test_bc_id_of_the_response_is_kept() -> None:
    """A `bc_id` in the response is kept, so two lists return one record."""
    record = {"transaction_id": "9", "bc_id": "8", "amount": 5}

    def respond(query: dict[str, str]) -> t.Any:
        if query["path"] == "/bc/get/":
            centers = [{"bc_info": {"bc_id": name}} for name in ("7", "8")]
            return {"list": centers, "page_info": {"total_number": 2}}
        return responses_of(record)(query)

    with answering(respond) as (url, paths):
        messages = run(config_at(url), [ACCOUNTS])
    assert sum(PATHS[ACCOUNTS] in path for path in paths) == 4
    assert len(messages.records[ACCOUNTS]) == 2
    assert {*messages.keyed(ACCOUNTS)} == {("8", "BC", "9"), ("8", "ADVERTISER", "9")}


def test_rejected_transfer_type_is_skipped() -> None:
    """A rejected transfer type is skipped, and all other types are read."""
    with Simulator({**SMALL, "business_centers": 1, "transactions": 9}) as sim:
        rejected = "TRANS_TYPE_PAYMENT"
        sim.add_fault("code", path=PATHS[TRANSFERS], containing=rejected, times=None, code=40002)
        messages = run(config_for(sim), [TRANSFERS])
    types = {record["transfer_type"] for record in messages.records[TRANSFERS]}
    assert types == TRANSFER_TYPES - {rejected}
    assert messages.failed == []


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("code", [40001, 40002])
def test_rejected_business_center_is_skipped(
    caplog: pytest.LogCaptureFixture, name: str, code: int
) -> None:
    """A rejected Business Center is skipped, and all other Business Centers are read."""
    with Simulator({**SMALL, "business_centers": 2, "transactions": 9}) as sim:
        rejected, accepted = sim.world.centers
        sim.add_fault("code", path=PATHS[name], containing=rejected, times=None, code=code)
        messages = run(config_for(sim), [name, "sync_errors"])
    assert {record["bc_id"] for record in messages.records[name]} == {accepted}
    assert {problem["action"] for problem in messages.records["sync_errors"]} == {"skipped"}
    assert messages.failed == []
    skipped = [line for line in caplog.messages if f" skips bc_id {rejected}, " in line]
    assert len(skipped) == {TRANSFERS: 4, CENTERS: 1, ACCOUNTS: 2}[name]


@pytest.mark.parametrize("name", PATHS)
def test_rejected_second_page_raises_error(name: str) -> None:
    """A rejection after the first page raises RejectedRequestError."""
    member = "list" if name == CENTERS else "transaction_list"
    records = [{"transaction_id": str(number), "amount": number} for number in range(50)]

    def respond(call: Call) -> bytes:
        if call.path == "/advertiser/info/":
            return envelope({"list": [{"advertiser_id": "1", "timezone": "UTC"}]})
        if call.path == "/bc/get/":
            return envelope(BUSINESS_CENTERS)
        if call.query["page"] != "1":
            return envelope({}, errors.INVALID_PARAMETER, "page: invalid value.")
        return envelope({member: records, "page_info": {"page": 1, "total_number": 60}})

    with serving(respond) as (url, _), pytest.raises(errors.RejectedRequestError):
        run(config_at(url), [name])


@pytest.mark.parametrize(
    ("name", "path"),
    [("account_costs", "/bc/account/cost/get/"), ("account_costs", "/bc/get/")],
)
def test_denied_business_center_takes_one_request(name: str, path: str) -> None:
    """After a denied day, the other days of a Business Center are not requested."""
    with Simulator({**SMALL, "business_centers": 2}) as sim:
        sim.add_fault("code", path=path, times=None, code=40001)
        messages = run(config_for(sim, max_concurrency=1), [name, "sync_errors"])
        requests = [request for request in sim.requests if request.path == path]
    assert len(requests) == len(messages.records["sync_errors"]) == (1 if path == "/bc/get/" else 2)
    assert messages.records[name] == []
    assert messages.failed == []


def test_rejected_balance_does_not_stop_the_others() -> None:
    """A Business Center whose balance TikTok rejects is skipped, and the others are read."""
    with Simulator({**SMALL, "business_centers": 2}) as sim:
        rejected, accepted = sim.world.centers
        sim.add_fault("code", path="/bc/balance/get/", containing=rejected, times=None, code=40002)
        messages = run(config_for(sim), ["bc_balances"])
    assert [record["bc_id"] for record in messages.records["bc_balances"]] == [accepted]
