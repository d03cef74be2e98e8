"""The advertisers of a run: each one that is not read is reported."""

from __future__ import annotations

import contextlib
import itertools
import json
import typing as t

import pytest
from conftest import catalog_of, command, config_at
from edge_server import Call, envelope, serving
from test_cli import written
from test_client import transport_to

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.advertisers import FoundAdvertisers, find_advertisers
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.python_api import TikTokAds
from tap_tiktok_ads.tap import TapTikTokAds

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INFO = "/advertiser/info/"
IDS = ["1", "2", "3"]


def records(ids: t.Iterable[str]) -> list[dict[str, str]]:
    """Return a record of each ID."""
    return [{"advertiser_id": name, "timezone": "Asia/Tokyo"} for name in ids]


class Details:
    """The responses of /advertiser/info/: some IDs are missing or denied, or data is damaged."""

    def __init__(
        self,
        *,
        missing: t.Collection[str] = (),
        missing_in_batches: t.Collection[str] = (),
        denied: t.Collection[str] = (),
        batch: t.Any = None,
        alone: t.Any = None,
    ) -> None:
        self.missing = missing
        self.missing_in_batches = missing_in_batches
        self.denied = denied
        self.batch = batch
        self.alone = alone

    def __call__(self, call: Call) -> bytes:
        if call.path != INFO:
            page_info = {"page": 1, "page_size": 1000, "total_number": 0, "total_page": 0}
            return envelope({"list": [], "page_info": page_info})
        ids = json.loads(call.query["advertiser_ids"])
        if self.denied and set(ids) & set(self.denied):
            return envelope({}, 40001, "No permission to operate advertiser")
        fixed = self.alone if len(ids) == 1 else self.batch
        if fixed is not None:
            return envelope(fixed)
        left_out = {*self.missing, *(self.missing_in_batches if len(ids) > 1 else ())}
        return envelope({"list": records(name for name in ids if name not in left_out)})


def found_by(details: Callable[[Call], bytes], ids: list[str] = IDS) -> FoundAdvertisers:
    """Return the advertisers that the responses lead to."""
    with serving(details) as (url, _):
        settings = validate(
            {"access_token": "t", "advertiser_ids": ids}, TapTikTokAds.known_settings()
        )
        return find_advertisers(transport_to(url, max_retries=1), settings)


@pytest.mark.parametrize(
    ("details", "readable", "denied", "missing"),
    [
        pytest.param(Details(), "123", "", "", id="complete"),
        pytest.param(Details(missing="2"), "13", "", "2", id="missing"),
        pytest.param(Details(missing_in_batches="2"), "123", "", "", id="missing in the batch"),
        pytest.param(Details(missing_in_batches="123"), "123", "", "", id="empty batch"),
        pytest.param(Details(denied="2"), "13", "2", "", id="denied"),
        pytest.param(Details(denied="1", missing="3"), "2", "1", "3", id="denied and missing"),
        pytest.param(
            Details(batch={"list": records("12945")}), "123", "", "", id="unrequested advertisers"
        ),
        pytest.param(Details(batch={"list": records("112233")}), "123", "", "", id="duplicates"),
        pytest.param(
            Details(missing_in_batches="3", alone={}), "12", "", "3", id="damaged when alone"
        ),
        pytest.param(
            Details(missing_in_batches="3", alone={"list": records("1")}),
            "12",
            "",
            "3",
            id="another advertiser when alone",
        ),
    ],
)
def test_missing_advertiser_is_requested_alone(
    details: Details, readable: str, denied: str, missing: str
) -> None:
    """A missing ID is requested alone. If it stays missing, only its advertiser is incomplete."""
    advertisers = found_by(details)
    assert [advertiser.id for advertiser in advertisers.readable] == list(readable)
    assert {advertiser.timezone for advertiser in advertisers.readable} == {"Asia/Tokyo"}
    assert "".join(advertisers.denied) == denied
    assert "".join(advertisers.missing) == missing


@pytest.mark.parametrize("data", [{}, {"list": None}, {"list": {}}, {"list": [1]}, {"list": "x"}])
def test_damaged_batch_is_retried(data: t.Any) -> None:
    """A damaged response of a batch is retried. If it stays damaged, the run fails."""
    with pytest.raises(errors.DamagedResponseError, match=f"{INFO} for advertiser 1 and 2 more"):
        found_by(Details(batch=data))
    responses = iter([envelope(data)])
    assert len(found_by(lambda call: next(responses, Details()(call))).readable) == 3


@pytest.mark.parametrize(
    ("details", "error"),
    [
        (Details(missing="123"), errors.IncompleteError),
        (Details(missing="12", denied="3"), errors.IncompleteError),
        (Details(denied="123"), errors.ConfigError),
    ],
)
def test_run_without_advertisers_fails(details: Details, error: type[Exception]) -> None:
    """A run without an accessible advertiser is an error."""
    with pytest.raises(error, match="Cannot read any advertiser"):
        found_by(details)


def test_retry_of_a_single_advertiser_skips_the_cache() -> None:
    """The second request of a single ID is not served from the cache."""
    responses = iter([envelope({"list": []})])
    advertisers = found_by(lambda call: next(responses, Details()(call)), ["1"])
    assert [advertiser.id for advertiser in advertisers.readable] == ["1"]


@pytest.mark.parametrize(
    "data", [{}, {"list": None}, {"list": [{}]}, {"list": [{"advertiser_id": "7\u202e"}]}]
)
def test_damaged_authorized_list_is_an_error(data: t.Any) -> None:
    """A list of authorized advertisers with an invalid ID is an error, never a shorter list."""
    settings = validate(
        {"access_token": "t", "app_id": "1", "app_secret": "s"}, TapTikTokAds.known_settings()
    )
    with serving(lambda _: envelope(data)) as (url, _), pytest.raises(errors.DamagedResponseError):
        find_advertisers(transport_to(url, max_retries=1), settings)


@pytest.mark.parametrize(
    ("details", "code", "action", "summary"),
    [
        pytest.param(
            Details(missing="2"),
            1,
            "read again by the next run",
            "Sync incomplete for all streams (advertiser 2)",
            id="missing",
        ),
        pytest.param(
            Details(denied="2"),
            0,
            "skipped",
            "Skipped all streams for 1 advertiser(s): permission denied (2)",
            id="denied",
        ),
        pytest.param(Details(missing_in_batches="2"), 0, None, None, id="found when alone"),
    ],
)
def test_unread_advertiser_is_reported(
    tmp_path: Path, details: Details, code: int, action: str | None, summary: str | None
) -> None:
    """An advertiser that is not read is in `sync_errors` and in the summary of the run."""
    with serving(details) as (url, _):
        settings = config_at(url, advertiser_ids=IDS, max_retries=1)
        config = written(tmp_path, "config.json", settings)
        catalog = catalog_of(settings, ["advertisers", "pixels", "sync_errors"], alone=True)
        file = written(tmp_path, "catalog.json", catalog)
        result = command("--config", config, "--catalog", file, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    records = [message for message in messages if message["type"] == "RECORD"]
    read = [
        message["record"]["advertiser_id"]
        for message in records
        if message["stream"] == "advertisers"
    ]
    assert sorted(read) == (["1", "3"] if summary else IDS)
    problems = [message["record"] for message in records if message["stream"] == "sync_errors"]
    expected = [] if action is None else [("all streams", "2", action)]
    assert [(row["stream"], row["advertiser_id"], row["action"]) for row in problems] == expected
    assert (summary or "") in result.stderr
    assert "Traceback" not in result.stderr


def library_settings(url: str) -> dict[str, t.Any]:
    """Return the settings of a client."""
    return {
        "access_token": "t",
        "api_url": url,
        "advertiser_ids": IDS,
        "requests_per_second": 1000,
    }


def test_advertiser_stream_requests_missing_ids_alone() -> None:
    """The stream `advertisers` requests a missing ID alone, and ignores unrequested IDs."""
    calls: list[list[str]] = []

    def respond(call: Call) -> bytes:
        ids = json.loads(call.query["advertiser_ids"])
        calls.append(ids)
        is_later = len(calls) > 1 and len(ids) > 1
        return envelope({"list": records([*(set(ids) - set("3" if is_later else "")), "9"])})

    with serving(respond) as (url, _), TikTokAds(**library_settings(url)) as client:
        ids_read = [record["advertiser_id"] for record in client.records("advertisers")]
    assert sorted(ids_read) == IDS
    assert calls == [IDS, IDS, ["3"]]


def test_missing_advertiser_makes_the_stream_incomplete() -> None:
    """An advertiser that is never received makes the stream `advertisers` incomplete."""
    calls: list[list[str]] = []

    def respond(call: Call) -> bytes:
        ids = json.loads(call.query["advertiser_ids"])
        calls.append(ids)
        return envelope({"list": records(name for name in ids if name != "3" or len(calls) == 1)})

    with contextlib.ExitStack() as stack:
        url, _ = stack.enter_context(serving(respond))
        client = stack.enter_context(TikTokAds(**library_settings(url), max_retries=0))
        stream_records = client.records("advertisers")
        assert sorted(
            record["advertiser_id"] for record in itertools.islice(stream_records, 2)
        ) == ["1", "2"]
        with pytest.raises(errors.TapError, match="advertiser 3"):
            list(stream_records)
