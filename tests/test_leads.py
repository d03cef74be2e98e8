"""Leads, the fields of instant forms and the change log, which tasks of TikTok make."""

from __future__ import annotations

import collections
import csv
import hashlib
import io
import json
import logging
import typing as t
import zipfile

import pendulum
import pytest
from conftest import config_for, run

from tap_tiktok_ads.api.csv_files import CsvFile
from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.messages import Request, Response
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.simulator.records import leads as simulated
from tap_tiktok_ads.streams.change_log import change_log_csv, flatten_entry

if t.TYPE_CHECKING:
    from tap_tiktok_ads.simulator import Simulator

WORLD = {"advertisers": 2, "instant_pages": 15, "today": "2026-11-20"}
THREE_SEEDS = pytest.mark.parametrize(
    "sim", [{**WORLD, "seed": seed} for seed in (1, 2, 3)], indirect=True
)
ONE_SEED = pytest.mark.parametrize("sim", [WORLD], indirect=True)
PERIOD = ("2026-10-01", "2026-11-20")


def rows_of(sim: Simulator) -> dict[str, list[str]]:
    """Return the rows of all leads by ID."""
    return {
        lead.row[0]: lead.row
        for account in sim.world.accounts.values()
        for form in account.existing_assets("instant_pages")
        if simulated.is_form(form)
        for lead in simulated.leads(form, account)
    }


@THREE_SEEDS
def test_every_lead_of_every_region_is_read_once(sim: Simulator) -> None:
    """The stream reads each lead of each form and region once, as CSV or as a ZIP file."""
    messages = run(config_for(sim, pii="keep"), ["leads"])
    records = messages.records["leads"]
    expected = rows_of(sim)
    assert len(records) == len(expected) == sim.world.expected(*PERIOD)["leads"] > 0
    assert {record["lead_id"] for record in records} == expected.keys()
    assert {record["lead_region"] for record in records} == {"other", "eu", "us"}
    assert {request.params["task_id"] for request in sim.requests if "download" in request.path}


@ONE_SEED
@pytest.mark.parametrize("others", [[], ["instant_pages"]])
def test_only_lead_forms_are_listed(sim: Simulator, others: list[str]) -> None:
    """Pages of other business types are listed only if the stream of all pages is read, too."""
    run(config_for(sim), ["leads", "lead_form_fields", *others])
    types = [r.params["business_types"] for r in sim.requests if r.path == "/page/get/"]
    assert len(types) == len(sim.world.advertiser_ids) * (7 if others else 1)
    assert '["LEAD_GEN"]' in types


@ONE_SEED
def test_lead_has_its_ad_time_and_values(sim: Simulator) -> None:
    """A lead has its form, ad, campaign and time, and its values in the order of the form."""
    (record, *_) = run(config_for(sim, pii="keep"), ["leads"]).records["leads"]
    row = rows_of(sim)[record["lead_id"]]
    named = dict(zip(simulated.LEAD_COLUMNS, row, strict=False))
    assert named.items() - {("created_time", named["created_time"])} <= record.items()
    assert record["created_time"] == f"{row[1][:10]}T{row[1][11:19]}Z"
    values = row[len(simulated.LEAD_COLUMNS) :]
    assert [item["field"] for item in record["lead_data"]] == [*simulated.FORM_FIELDS]
    assert [item["value"] or "" for item in record["lead_data"]] == values
    assert record["page_id"] == record["form_id"]


@ONE_SEED
@pytest.mark.parametrize("pii", [None, "hash", "drop", "keep"])
def test_values_are_hashed_unless_kept(sim: Simulator, pii: str | None) -> None:
    """Values are hashed by default, although other streams keep personal data by default."""
    settings = {} if pii is None else {"pii": pii}
    messages = run(config_for(sim, **settings), ["leads", "advertisers"])
    (record, *_) = messages.records["leads"]
    item = record["lead_data"][1]
    email = rows_of(sim)[record["lead_id"]][len(simulated.LEAD_COLUMNS) + 1]
    expected = {"keep": email, "drop": None}.get(
        pii or "hash", hashlib.sha256(email.encode()).hexdigest()
    )
    assert item.get("value") == expected
    assert ("value" in item) is (pii != "drop")
    contacts = [record.get("email") for record in messages.records["advertisers"]]
    assert any("@" in (contact or "") for contact in contacts) is (pii in {None, "keep"})


@ONE_SEED
@pytest.mark.parametrize(
    "fault", [{"kind": "truncate"}, {"kind": "code", "code": 50000}, {"kind": "not_json"}]
)
def test_no_message_holds_a_value(
    sim: Simulator, fault: dict[str, t.Any], caplog: pytest.LogCaptureFixture
) -> None:
    """No log line, error or problem record holds a value of a lead, whatever fails."""
    caplog.set_level(logging.DEBUG)
    sim.add_fault(**fault, path="/page/lead/task/download/", times=None)
    messages = run(config_for(sim, on_error="skip", max_retries=0), ["leads", "sync_errors"])
    values = {
        value
        for row in rows_of(sim).values()
        for value in row[len(simulated.LEAD_COLUMNS) :]
        if len(value) > 1
    }
    problems = json.dumps(messages.records["sync_errors"], ensure_ascii=False)
    assert messages.records["sync_errors"]
    for value in values:
        assert value not in caplog.text
        assert value not in problems


@ONE_SEED
def test_each_form_takes_one_task_per_region(sim: Simulator) -> None:
    """Each form has one task without a region and one for each region with a header."""
    run(config_for(sim), ["leads"])
    created = [
        request.params["page_id"]
        for request in sim.requests
        if request.path == "/page/lead/task/" and "task_id" not in request.params
    ]
    assert set(collections.Counter(created).values()) == {3}
    assert len(created) == 3 * sim.world.expected(*PERIOD)["lead_form_fields"]


@ONE_SEED
def test_rejected_form_does_not_stop_other_forms(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A form whose task TikTok rejects is skipped with a warning. The others are read."""
    sim.add_fault("code", code=40002, path="/page/lead/task/", message="page_id: Invalid.")
    messages = run(config_for(sim), ["leads"])
    assert 0 < len(messages.records["leads"]) <= len(rows_of(sim))
    assert "region" in caplog.text


@THREE_SEEDS
def test_every_form_has_its_fields(sim: Simulator) -> None:
    """The stream reads the labels of each instant form, and of no other page."""
    records = run(config_for(sim), ["lead_form_fields"]).records["lead_form_fields"]
    assert len(records) == sim.world.expected(*PERIOD)["lead_form_fields"] > 0
    assert all(record["fields"] == [*simulated.FORM_FIELDS] for record in records)
    assert all(record["page_name"] and record["page_url"] for record in records)


# Change log


@THREE_SEEDS
def test_every_entry_of_the_change_log_is_read_once(sim: Simulator) -> None:
    """The stream reads each entry of the days once, in windows of at most 30 days."""
    settings = {"start_date": PERIOD[0], "end_date": PERIOD[1]}
    messages = run(config_for(sim, **settings), ["change_log"])
    records = messages.records["change_log"]
    assert len(records) == sim.world.expected(*PERIOD)["change_log"] > 0
    assert len(messages.keyed("change_log")) == len(records)
    for record in records:
        change, creation = record["activity_details"]
        assert (change["action"], change["name"]) == ("Change", "Budget")
        assert change["before_after"][0]["before"].endswith(".00 USD")
        assert change["before_after"][0]["after"] == "Größe's “L”"
        assert (creation["action"], creation["name"]) == ("Create", "Ad group")
        assert len(record["time"]) == len("2026-11-20T12:30:00")


@ONE_SEED
def test_second_run_reads_recent_days_of_the_change_log_only(sim: Simulator) -> None:
    """The next run reads the last two days again, because they can end later elsewhere."""
    config = config_for(sim, start_date=PERIOD[0])
    started_at = pendulum.datetime(2026, 11, 20, 12)
    first = run(config, ["change_log"], started_at=started_at)
    start = len(sim.requests)
    second = run(config, ["change_log"], state=first.state, started_at=started_at)
    created = [
        request.params["start_time"]
        for request in sim.requests[start:]
        if request.path == "/changelog/task/create/"
    ]
    assert set(created) == {"2026-11-19 00:00:00"}
    again = {record["entry_id"] for record in second.records.get("change_log", ())}
    assert again <= {record["entry_id"] for record in first.records["change_log"]}


ENTRIES = "Time,log_object_type,Object ID\r\n2026-02-02 04:05,Ad group,1\r\n"
LOG = f"Budget changes,0\r\nBid changes,0\r\n\r\n{ENTRIES}"


@pytest.mark.parametrize(
    "value",
    [
        LOG,
        str({"file_data": LOG.encode(), "file_name": "1.csv"}),
        json.dumps({"file_data": f"b'{LOG}'", "file_name": "1.csv"}),
        json.dumps({"file_data": LOG, "file_name": "1.csv"}),
        {"file_data": str(LOG.encode()), "file_name": "1.csv"},
    ],
)
def test_change_log_is_found_in_every_known_syntax(value: t.Any) -> None:
    """The entries are found in Python's text of an object, in JSON and in plain CSV."""
    assert change_log_csv(Response({"changelog": value}, "1")) == ENTRIES


@pytest.mark.parametrize("value", [None, "", "{", "{'file_data': 7}", "<html>", [], "a,b\r\n"])
def test_other_change_log_is_an_error(value: t.Any) -> None:
    """A response without the column names is an error, and not a log without entries."""
    with pytest.raises(ResponseError, match="Time, log_object_type"):
        change_log_csv(Response({"changelog": value}, "1"))


# Files


def zip_of(**files: bytes) -> bytes:
    """Return a ZIP file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_zip_file_is_read_as_its_csv_file() -> None:
    """A ZIP file with one file is read as that file, in parts."""
    text = io.StringIO()
    csv.writer(text).writerows([("id", "name"), *((number, "a\nb") for number in range(30_000))])
    file = CsvFile("here")
    file.file.write(zip_of(leads=text.getvalue().encode()))
    file.index()
    rows = [row for number in range(file.part_count) for row in file.read_rows(number)]
    assert file.part_count > 1
    assert rows == [[str(number), "a\nb"] for number in range(30_000)]


@pytest.mark.parametrize(
    "content",
    [zip_of(), zip_of(a=b"x,y\n", b=b"x,y\n"), zip_of(a=b"x,y\n" * 99)[:40]],
    ids=["no file", "two files", "damaged"],  # the files hold the time
)
def test_other_zip_file_is_an_error(content: bytes) -> None:
    """A damaged ZIP file, or one without exactly one file, is an error."""
    file = CsvFile("here")
    file.file.write(content)
    with pytest.raises(ResponseError, match="here"):
        file.index()


def test_field_of_any_size_is_read() -> None:
    """A field can be larger than Python's limit of 128 KiB, also in the change log."""
    text = "x" * 150_000
    file = CsvFile("here")
    file.file.write(f"id,name\r\n1,{text}\r\n".encode())
    file.index()
    assert file.read_part(0) == [{"id": "1", "name": text}]
    log = f"Time,log_object_type,Details\r\n2026-02-02 04:05,Ad group,{text}\r\n"
    assert change_log_csv(Response({"changelog": log}, "1")) == log


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (r'[{"name": "\ud83d"}]', [{"name": "\ufffd"}]),
        (r'[{"name": "\ud83d\ude00"}]', [{"name": "😀"}]),
        (r'[{"name": "\u0000"}]', [{"name": "\ufffd"}]),
        (r'[{"before_after": [{"after": NaN}]}]', [{"before_after": [{"after": None}]}]),
        ("[" * 100_000, "[" * 100_000),
    ],
    ids=["half a pair", "a pair", "null character", "NaN", "too deep"],
)
def test_details_of_a_change_are_clean_text(details: str, expected: t.Any) -> None:
    """Half an emoji at the end of a shortened text does not end the run."""
    task = Task(Request("/changelog/task/create/", {}), None, None)
    (entry,) = flatten_entry({"Time": "2026-02-02 04:05", "Activity details": details}, task)
    assert entry["activity_details"] == expected


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_change_log_is_clean_text(mark: str) -> None:
    """A byte order mark is no part of the first column, and half a pair becomes U+FFFD."""
    log = f"{mark}{ENTRIES}2026-02-02 04:05,\ud83d,\ud83d\ude00\r\n"
    expected = f"{ENTRIES}2026-02-02 04:05,\ufffd,😀\r\n"
    assert change_log_csv(Response({"changelog": {"file_data": log}}, "1")) == expected
    assert change_log_csv(Response({"changelog": str({"file_data": log})}, "1")) == expected
