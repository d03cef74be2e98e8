"""The Python client: records without Singer, and a process that stays as it was."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import doctest
import json
import logging
import re
import signal
import subprocess
import sys
import threading
import typing as t

import pytest
from conftest import SPARSE, config_for, run
from generated import ROOT
from singer_sdk.contrib.msgspec import encoder

import tap_tiktok_ads
from tap_tiktok_ads import Simulator, TapTikTokAds, TikTokAds, errors, python_api
from tap_tiktok_ads.streams import STREAMS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

REPORT_PATH = "/report/integrated/get/"
AUDIENCES_PATH = "/dmp/custom_audience/list/"
NAMES = [stream.name for stream in STREAMS if stream.name != "sync_errors"]
PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
EMBEDDED: dict[str, t.Any] = {
    "environment": "simulator",
    "simulator": {"advertisers": 1, "days": 10},
    "start_date": "{now-3}",
}


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """One simulator for the tests that inject no faults."""
    with Simulator(SPARSE) as running:
        yield running


def client(sim: Simulator, **settings: t.Any) -> TikTokAds:
    """Return a client of a running simulator."""
    return TikTokAds(**config_for(sim, **settings))


def as_written(records: Iterable[t.Any]) -> list[dict[str, t.Any]]:
    """Return records as the tap's output holds them."""
    return [json.loads(encoder.encode(record)) for record in records]


# Records


@pytest.mark.parametrize("stream", NAMES)
def test_records_equal_those_of_the_tap(world: Simulator, stream: str) -> None:
    """`records` yields the records that the tap writes, in their order."""
    settings = {"start_date": "{now-15}"}
    with client(world, **settings) as ads:
        records = as_written(ads.records(stream))
    assert records
    assert records == run(config_for(world, **settings), [stream]).records[stream]


def test_a_custom_report_is_a_stream(world: Simulator) -> None:
    """Streams that the settings define can be read, too."""
    report = {"name": "mine", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    with client(world, custom_reports=[report]) as ads:
        assert next(ads.records("mine"))["spend"] > 0


def test_a_second_read_sends_its_requests_again(sim: Simulator) -> None:
    """No record of an earlier read is repeated from a cache."""
    with client(sim) as ads:
        list(ads.records("business_centers"))
        before = len(sim.requests)
        list(ads.records("business_centers"))
    assert len(sim.requests) > before


def test_dates_of_a_call(world: Simulator) -> None:
    """The dates of a call override the settings."""
    day = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=5)
    with client(world) as ads:
        records = ads.records("campaign_performance_report", start_date=day, end_date=day)
        assert {record["stat_time_day"] for record in records} == {day.isoformat()}


def test_a_read_does_not_extend_the_next_one(world: Simulator) -> None:
    """An earlier start of one call is forgotten by the next call, macros included."""
    name = "campaign_performance_report"
    with TikTokAds(**config_for(world, start_date="{now-3}")) as ads:
        first = list(ads.records(name))
        assert len(list(ads.records(name, start_date="{now-9}"))) > len(first)
        assert list(ads.records(name)) == first


def test_an_unknown_stream(world: Simulator) -> None:
    """A misspelled name raises ConfigError with the name that was meant."""
    with client(world) as ads, pytest.raises(errors.ConfigError, match="'campaigns'"):
        ads.records("campaing")


def test_streams_lists_every_name(world: Simulator) -> None:
    """`streams` holds the names of all built-in streams."""
    with client(world) as ads:
        assert set(ads.streams) == {stream.name for stream in STREAMS}


# Reports


def test_a_report_is_typed(world: Simulator) -> None:
    """Dimensions are text and metrics are numbers, with the ID dimension of the level."""
    with client(world) as ads:
        record = next(
            ads.report(
                level="ad",
                dimensions=["stat_time_day"],
                metrics=["spend", "clicks"],
                start_date="{now-5}",
            )
        )
    types = {name: type(record[name]) for name in ("ad_id", "stat_time_day", "spend", "clicks")}
    assert types == {"ad_id": str, "stat_time_day": str, "spend": float, "clicks": int}


def test_a_report_equals_the_custom_report(world: Simulator) -> None:
    """`report` yields the records of the custom report with the same definition."""
    definition = {
        "name": "mine",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["spend", "reach"],
    }
    with client(world, custom_reports=[definition]) as ads:
        expected = list(ads.records("mine"))
        records = list(
            ads.report(level="campaign", dimensions=["stat_time_day"], metrics=["spend", "reach"])
        )
    assert records == expected


def test_report_metrics_do_not_replace_those_of_a_call(world: Simulator) -> None:
    """The setting `report_metrics` leaves the metrics of `report` alone."""
    settings = {"report_metrics": {"ad_performance_report": ["clicks"]}}
    with client(world, **settings) as ads:
        record = next(ads.report(level="ad", metrics=["spend"]))
    assert "spend" in record
    assert "clicks" not in record


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "advert"}, "Unknown level 'advert'"),
        ({"level": "ad", "metrics": ["spent"]}, r"unknown metric 'spent' \(did you mean 'spend'"),
        ({"level": "campaign", "dimensions": ["ad_id"]}, "lies below data_level AUCTION_CAMPAIGN"),
        ({"level": "ad", "start_date": "tomorrow"}, "Setting 'start_date'"),
        ({"level": "ad", "filters": [{"field": "ad_status"}]}, "'values' is a required property"),
    ],
)
def test_a_report_that_tiktok_rejects(
    world: Simulator, arguments: dict[str, t.Any], message: str
) -> None:
    """A report against TikTok's rules raises ConfigError before any request."""
    with client(world) as ads, pytest.raises(errors.ConfigError, match=message):
        ads.report(**arguments)


# Responses


def test_get_returns_the_data(world: Simulator) -> None:
    """`get` returns the `data` of the response."""
    with client(world) as ads:
        owner = world.world.advertiser_ids[0]
        data = ads.get("/campaign/get/", advertiser_id=owner, page=1, page_size=1)
    assert data["page_info"]["page_size"] == 1
    assert len(data["list"]) == 1


@pytest.mark.parametrize("path", ["/campaign/create/", "/campaign/get", "https://example.com/a/"])
def test_get_reads_only(world: Simulator, path: str) -> None:
    """`get` accepts paths of TikTok's that read, and nothing else."""
    with client(world) as ads, pytest.raises(errors.ConfigError, match="Cannot read"):
        ads.get(path)


# Errors


def test_an_error_code(sim: Simulator) -> None:
    """An error code of TikTok's is an exception with the code and the request_id."""
    sim.add_fault("code", path="/user/info/", code=49999, message="new")
    with client(sim) as ads, pytest.raises(errors.ApiError) as caught:
        ads.get("/user/info/")
    assert caught.value.code == 49999
    assert caught.value.request_id


def test_a_rejected_token(sim: Simulator) -> None:
    """A wrong token raises AuthError."""
    with client(sim, access_token="wrong") as ads, pytest.raises(errors.AuthError):
        next(ads.records("campaigns"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "No access_token: pass"),
        ({"access_token": "a", "advertiser_ids": ["x"]}, "is not an advertiser ID"),
        ({**EMBEDDED, "max_retires": 1}, "Unknown setting 'max_retires'"),
        ({**EMBEDDED, "stream_maps": {}}, "applies to Singer messages only"),
    ],
)
def test_settings_are_checked(settings: dict[str, t.Any], message: str) -> None:
    """A setting that cannot be used raises ConfigError in the constructor."""
    with pytest.raises(errors.ConfigError, match=message):
        TikTokAds(**settings)


def test_all_settings_that_cannot_be_used_are_named() -> None:
    """One error names every setting that is wrong, and the missing token."""
    with pytest.raises(errors.ConfigError) as caught:
        TikTokAds(max_retires=1, max_retries="x", on_error="ignore", flattening_enabled=True)
    for part in ("'max_retires'", "'max_retries' must be", "on_error 'ignore'", "No access_token"):
        assert part in str(caught.value)
    assert "Setting 'flattening_enabled' applies to Singer messages only" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5,), "Argument 'path' must be text, got 5"),
        ((None,), "Argument 'path' must be text, got None"),
        ((b"/user/info/",), "Argument 'path' must be text"),
        (("/user/info/", 5), "Argument 'params' must be a mapping, got 5"),
        (("/user/info/", [("a", 1)]), "Argument 'params' must be a mapping"),
        (("/user/info/", {"a": object()}), "Parameter 'a' cannot be sent: .* got object"),
        (("/user/info/", {"a": "\ud800"}), "Parameter 'a' cannot be sent"),
        (("/user/info/", {"a": {1: {2, object()}}}), "Parameter 'a' cannot be sent"),
        (("/user/info/", {1: "a"}), "Parameter 1 cannot be sent"),
    ],
)
def test_arguments_of_get(arguments: tuple[t.Any, ...], message: str) -> None:
    """An argument that cannot be sent is named, and no request is sent."""
    with TikTokAds(**EMBEDDED) as ads, pytest.raises(errors.ConfigError, match=message):
        ads.get(*arguments)


def lose_a_record(sim: Simulator) -> None:
    """Drop a record of the first advertiser's audiences, and deny the pass that re-reads them."""
    owner, _ = sim.world.advertiser_ids
    affected: dict[str, t.Any] = {"path": AUDIENCES_PATH, "advertiser_id": owner}
    sim.add_fault("drop_row", times=1, **affected)
    sim.add_fault("code", code=40001, after=1, times=None, **affected)


def read_incomplete(ads: TikTokAds, stream: str) -> tuple[list[t.Any], str]:
    """Return the records before an IncompleteError, and its message."""
    received: list[t.Any] = []
    try:
        for record in ads.records(stream):
            received.append(record)  # noqa: PERF402 - the error must leave them
    except errors.IncompleteError as error:
        return received, str(error)
    pytest.fail("no IncompleteError")


def test_an_incomplete_list(sim: Simulator) -> None:
    """A list that lacks a record raises IncompleteError after all other records."""
    expected = run(config_for(sim), ["custom_audiences"]).records["custom_audiences"]
    lose_a_record(sim)
    with client(sim) as ads:
        received, message = read_incomplete(ads, "custom_audiences")
    assert len(received) == len(expected) - 1
    assert message.startswith("Records are missing in custom_audiences (advertiser ")


def test_an_incomplete_list_affects_no_other_read(sim: Simulator) -> None:
    """A complete read after an incomplete one raises nothing."""
    lose_a_record(sim)
    with client(sim) as ads:
        read_incomplete(ads, "custom_audiences")
        sim.faults.clear()
        assert list(ads.records("custom_audiences"))


def test_on_error_skip(sim: Simulator) -> None:
    """With `skip`, the other advertisers are read before IncompleteError."""
    broken, intact = sim.world.advertiser_ids
    sim.add_fault("code", path=REPORT_PATH, advertiser_id=broken, times=None, code=77777)
    with client(sim, on_error="skip") as ads:
        received, message = read_incomplete(ads, "campaign_performance_report")
    assert {record["advertiser_id"] for record in received} == {intact}
    assert broken in message


def test_an_advertiser_without_permission(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """An advertiser without permission is skipped with a warning."""
    denied, granted = sim.world.advertiser_ids
    sim.add_fault("code", path="/pixel/list/", advertiser_id=denied, times=None, code=40001)
    with client(sim) as ads:
        owners = {record["advertiser_id"] for record in ads.records("pixels")}
    assert owners == {granted}
    assert "Skipped stream pixels for 1 advertiser(s)" in caplog.text


def test_no_advertiser_with_permission(sim: Simulator) -> None:
    """A stream that no advertiser grants raises PermissionDeniedError."""
    sim.add_fault("code", path="/pixel/list/", times=None, code=40001)
    with client(sim) as ads, pytest.raises(errors.PermissionDeniedError):
        list(ads.records("pixels"))


# Life of a client


@pytest.mark.parametrize(
    "use",
    [
        lambda ads: ads.records("campaigns"),
        lambda ads: ads.report(level="ad"),
        lambda ads: ads.get("/user/info/"),
        lambda ads: ads.streams,
    ],
)
def test_use_after_close(world: Simulator, use: t.Any) -> None:
    """A closed client raises ClosedError."""
    ads = client(world)
    ads.close()
    with pytest.raises(errors.ClosedError):
        use(ads)


@pytest.mark.parametrize("has_begun", [True, False])
def test_an_iterator_after_close(world: Simulator, has_begun: bool) -> None:
    """An iterator of a closed client raises ClosedError."""
    with client(world) as ads:
        records = ads.records("campaigns")
        if has_begun:
            next(records)
    with pytest.raises(errors.ClosedError):
        next(records)


def test_an_abandoned_iterator(sim: Simulator) -> None:
    """An iterator that is closed early sends no more requests than the look-ahead."""
    with client(sim, max_concurrency=1) as ads:
        records = ads.records("campaign_performance_report_hourly")
        next(records)
        records.close()
    assert sum(request.path == REPORT_PATH for request in sim.requests) < 15  # of 72 days


def test_threads_end() -> None:
    """After `close`, no thread of the client or its embedded simulator is left."""
    before = set(threading.enumerate())
    with TikTokAds(**EMBEDDED) as ads:
        next(ads.records("campaign_performance_report"))
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) == before


def test_two_clients_at_once(world: Simulator) -> None:
    """Two clients in two threads read two accounts independently."""
    with Simulator({**SPARSE, "seed": 7, "campaigns": 4}) as other:
        sims = [world, other]
        expected = [run(config_for(sim), ["campaigns"]).records["campaigns"] for sim in sims]
        clients = [client(sim) for sim in sims]

        def read(ads: TikTokAds) -> list[dict[str, t.Any]]:
            with ads:
                return as_written(ads.records("campaigns"))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(read, clients)) == expected


def test_threads_share_a_client(world: Simulator) -> None:
    """Several threads read several streams of one client at once."""
    names = ["campaigns", "ads", "pixels", "campaign_performance_report"]
    with client(world) as ads:
        expected = [list(ads.records(name)) for name in names]
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            found = list(pool.map(lambda name: list(ads.records(name)), names))
    assert found == expected


# The process


def read_something() -> None:
    """Use every part of a client."""
    with TikTokAds(**EMBEDDED) as ads:
        list(ads.records("campaigns"))
        list(ads.report(level="campaign"))
        ads.get("/user/info/")


def test_signal_handlers_stay() -> None:
    """The client installs no signal handler."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    read_something()
    assert [signal.getsignal(number) for number in numbers] == before


def test_logging_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client changes no level, handler or filter of a logger, whatever LOGLEVEL says."""
    monkeypatch.setenv("LOGLEVEL", "nonsense")
    names = ["", "urllib3", "urllib3.connectionpool", "singer_sdk", "singer_sdk.metrics"]
    loggers = [logging.getLogger(name) for name in (*names, "tap-tiktok-ads")]

    def configuration() -> list[t.Any]:
        return [
            (one.level, one.disabled, one.propagate, [*one.handlers], [*one.filters])
            for one in loggers
        ]

    before = configuration()
    read_something()
    assert configuration() == before


def test_the_log_holds_no_secret(world: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """The HTTP library logs URLs, but none that holds the app's secret."""
    caplog.set_level(logging.DEBUG)
    with client(world) as ads:
        list(ads.records("campaigns"))
    assert "/campaign/get/" in caplog.text
    assert world.app_secret not in caplog.text


def test_the_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither variables nor a `.env` file change the settings of a client."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TAP_TIKTOK_ADS_ADVERTISER_IDS=9\n")
    monkeypatch.setenv("TAP_TIKTOK_ADS_ACCESS_TOKEN", "token")
    monkeypatch.setenv("TAP_TIKTOK_ADS_MAX_RETRIES", "nonsense")
    read_something()
    with pytest.raises(errors.ConfigError, match="No access_token"):
        TikTokAds(advertiser_ids=["1"])


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_nothing_is_printed() -> None:
    """The client writes nothing to stdout or stderr."""
    code = (
        "from tap_tiktok_ads import TikTokAds\n"
        f"with TikTokAds(**{EMBEDDED!r}) as ads:\n"
        "    assert list(ads.records('campaign_performance_report'))\n"
    )
    result = run_python(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# The package


def test_exports() -> None:
    """The package exports the client, the tap, the simulator and the errors."""
    assert tap_tiktok_ads.TapTikTokAds is TapTikTokAds
    assert set(tap_tiktok_ads.__all__) <= set(dir(tap_tiktok_ads))
    assert issubclass(errors.IncompleteError, errors.TapError)


def test_an_unknown_export() -> None:
    """A name that the package does not export raises AttributeError."""
    with pytest.raises(AttributeError, match="TikTokAdz"):
        _ = tap_tiktok_ads.TikTokAdz


def test_exports_are_lazy() -> None:
    """Importing the package, or the simulator from it, does not import the SDK."""
    code = (
        "import sys\n"
        "import tap_tiktok_ads\n"
        "assert not [name for name in sys.modules if name.startswith('tap_tiktok_ads.')]\n"
        "from tap_tiktok_ads import Simulator\n"
        "assert 'singer_sdk' not in sys.modules\n"
    )
    assert run_python(code).returncode == 0


def test_no_module_imports_from_the_package() -> None:
    """Modules of the package import from each other, not from the top level."""
    pattern = re.compile(r"(?m)^\s*(from (tap_tiktok_ads|\.\.+) import|import tap_tiktok_ads$)")
    files = (ROOT / "tap_tiktok_ads").rglob("*.py")
    assert not [file for file in files if pattern.search(file.read_text("utf-8"))]


# The documentation


def test_the_example_of_the_class() -> None:
    """The example in the docstring of the client runs as it stands there."""
    result = doctest.testmod(python_api)
    assert result.attempted >= 3
    assert result.failed == 0


@pytest.mark.parametrize("block", re.findall(r"(?s)```python\n(.*?)```", PAGE))
def test_the_documentation_page(
    world: Simulator, capsys: pytest.CaptureFixture[str], block: str
) -> None:
    """Each program of the page runs, on the simulator in place of an account."""
    account = 'access_token="...", advertiser_ids=["7000000000000000001"]'
    owner = world.world.advertiser_ids[0]
    block = block.replace(account, f"**settings, advertiser_ids=['{owner}']")
    block = block.replace("7000000000000000001", owner)
    exec(block, {"settings": config_for(world, start_date="{now-5}")})
    output = capsys.readouterr().out
    assert output or "errors" in block


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "ad", "metrics": "spend"}, "Argument 'metrics' must be a list"),
        ({"level": "ad", "dimensions": "stat_time_day"}, "Argument 'dimensions' must be a list"),
        ({"level": "ad", "filters": "x"}, "Argument 'filters' must be a list"),
        ({"level": None}, "Unknown level None"),
    ],
)
def test_report_arguments_of_another_type(arguments: dict[str, t.Any], message: str) -> None:
    """An argument of another type is a ConfigError that names it, before any request."""
    with (
        TikTokAds(environment="simulator") as ads,
        pytest.raises(errors.ConfigError, match=message),
    ):
        ads.report(**arguments)
