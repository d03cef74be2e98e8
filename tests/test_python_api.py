"""The Python client `TikTokAds`."""

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
    """Yield a simulator shared by the tests that inject no faults."""
    with Simulator(SPARSE) as running:
        yield running


def client(sim: Simulator, **settings: t.Any) -> TikTokAds:
    """Return a client of a running simulator."""
    return TikTokAds(**config_for(sim, **settings))


def serialize(records: Iterable[t.Any]) -> list[dict[str, t.Any]]:
    """Return records as the tap serializes them."""
    return [json.loads(encoder.encode(record)) for record in records]


# Records


@pytest.mark.parametrize("stream", NAMES)
def test_records_equal_singer_records(world: Simulator, stream: str) -> None:
    """`records` yields the tap's RECORD messages in the tap's order."""
    settings = {"start_date": "{now-15}"}
    with client(world, **settings) as ads:
        records = serialize(ads.records(stream))
    assert records
    assert records == run(config_for(world, **settings), [stream]).records[stream]


def test_custom_report_is_a_stream(world: Simulator) -> None:
    """`records` reads a stream that `custom_reports` defines."""
    report = {"name": "mine", "data_level": "AUCTION_AD", "dimensions": ["ad_id"]}
    with client(world, custom_reports=[report]) as ads:
        assert next(ads.records("mine"))["spend"] > 0


def test_second_read_uses_no_cache(sim: Simulator) -> None:
    """Reading a stream twice sends its requests twice."""
    with client(sim) as ads:
        list(ads.records("business_centers"))
        request_count = len(sim.requests)
        list(ads.records("business_centers"))
    assert len(sim.requests) > request_count


def test_dates_of_a_call_override_settings(world: Simulator) -> None:
    """`start_date` and `end_date` of a call override the settings."""
    day = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=5)
    with client(world) as ads:
        records = ads.records("campaign_performance_report", start_date=day, end_date=day)
        assert {record["stat_time_day"] for record in records} == {day.isoformat()}


def test_dates_of_a_call_apply_once(world: Simulator) -> None:
    """An earlier `start_date` of one call does not affect the next call."""
    name = "campaign_performance_report"
    with TikTokAds(**config_for(world, start_date="{now-3}")) as ads:
        first = list(ads.records(name))
        assert len(list(ads.records(name, start_date="{now-9}"))) > len(first)
        assert list(ads.records(name)) == first


def test_unknown_stream_raises_config_error(world: Simulator) -> None:
    """A misspelled stream name raises ConfigError with the closest name."""
    with client(world) as ads, pytest.raises(errors.ConfigError, match="'campaigns'"):
        ads.records("campaing")


def test_streams_contains_every_name(world: Simulator) -> None:
    """`streams` contains the names of all built-in streams."""
    with client(world) as ads:
        assert set(ads.streams) == {stream.name for stream in STREAMS}


# Reports


def test_report_records_are_typed(world: Simulator) -> None:
    """Dimensions are strings and metrics are numbers, with the ID of the level."""
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


def test_report_equals_custom_report(world: Simulator) -> None:
    """`report` yields the records of a custom report with an equal definition."""
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


def test_report_ignores_setting_report_metrics(world: Simulator) -> None:
    """The setting `report_metrics` does not change the metrics of `report`."""
    settings = {"report_metrics": {"ad_performance_report": ["clicks"]}}
    with client(world, **settings) as ads:
        record = next(ads.report(level="ad", metrics=["spend"]))
    assert "spend" in record
    assert "clicks" not in record


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "advert"}, "Argument 'level' must be one of .*, got 'advert'"),
        ({"level": "ad", "metrics": ["spent"]}, r"unknown metric 'spent' \(did you mean 'spend'"),
        ({"level": "campaign", "dimensions": ["ad_id"]}, "is below data_level AUCTION_CAMPAIGN"),
        ({"level": "ad", "start_date": "tomorrow"}, "Setting 'start_date'"),
        ({"level": "ad", "filters": [{"field": "ad_status"}]}, "must have the key 'values'"),
    ],
)
def test_invalid_report_raises_config_error(
    world: Simulator, arguments: dict[str, t.Any], message: str
) -> None:
    """A report that TikTok would reject raises ConfigError before any request."""
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
def test_get_rejects_paths_that_write(world: Simulator, path: str) -> None:
    """`get` accepts only TikTok paths that read."""
    with client(world) as ads, pytest.raises(errors.ConfigError, match="Argument 'path'"):
        ads.get(path)


# Errors


def test_error_code_raises_api_error(sim: Simulator) -> None:
    """An error response raises ApiError with TikTok's code and request_id."""
    sim.add_fault("code", path="/user/info/", code=49999, message="new")
    with client(sim) as ads, pytest.raises(errors.ApiError) as caught:
        ads.get("/user/info/")
    assert caught.value.code == 49999
    assert caught.value.request_id


def test_rejected_token_raises_auth_error(sim: Simulator) -> None:
    """A rejected access token raises AuthError."""
    with client(sim, access_token="wrong") as ads, pytest.raises(errors.AuthError):
        next(ads.records("campaigns"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Argument 'access_token' is required"),
        ({"access_token": "a", "advertiser_ids": ["x"]}, "must contain IDs of digits only"),
        ({**EMBEDDED, "max_retires": 1}, "Unknown setting 'max_retires'"),
        ({**EMBEDDED, "stream_maps": {}}, "applies to Singer messages only"),
    ],
)
def test_constructor_validates_settings(settings: dict[str, t.Any], message: str) -> None:
    """An invalid setting raises ConfigError in the constructor."""
    with pytest.raises(errors.ConfigError, match=message):
        TikTokAds(**settings)


def test_one_error_names_every_invalid_setting() -> None:
    """One ConfigError names every invalid setting and the missing token."""
    with pytest.raises(errors.ConfigError) as caught:
        TikTokAds(max_retires=1, max_retries="x", on_error="ignore", flattening_enabled=True)
    for expected in (
        "'max_retires'",
        "'max_retries' must be",
        "'on_error' must be",
        "'access_token' is required",
    ):
        assert expected in str(caught.value)
    assert "Remove setting 'flattening_enabled': it applies to Singer messages only" in str(
        caught.value
    )


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
def test_get_names_invalid_arguments(arguments: tuple[t.Any, ...], message: str) -> None:
    """`get` names an invalid argument, and sends no request."""
    with TikTokAds(**EMBEDDED) as ads, pytest.raises(errors.ConfigError, match=message):
        ads.get(*arguments)


def lose_record(sim: Simulator) -> None:
    """Drop a record of the first advertiser's audiences, and reject the second pass."""
    owner, _ = sim.world.advertiser_ids
    affected: dict[str, t.Any] = {"path": AUDIENCES_PATH, "advertiser_id": owner}
    sim.add_fault("drop_row", times=1, **affected)
    sim.add_fault("code", code=40001, after=1, times=None, **affected)


def read_incomplete(ads: TikTokAds, stream: str) -> tuple[list[t.Any], str]:
    """Return the records received before an IncompleteError, and its message."""
    received: list[t.Any] = []
    try:
        for record in ads.records(stream):
            received.append(record)  # noqa: PERF402 - list() would lose them
    except errors.IncompleteError as error:
        return received, str(error)
    pytest.fail("no IncompleteError")


def test_incomplete_error_quotes_what_is_missing(sim: Simulator) -> None:
    """The error quotes the incomplete list, not an earlier list that counts as complete."""
    first, second = sim.world.advertiser_ids
    path = "/campaign/get/"
    sim.add_fault("total", times=None, path=path, containing=first)
    sim.add_fault("no_page_info", times=None, path=path, containing=second)
    with client(sim) as ads:
        _, message = read_incomplete(ads, "campaigns")
    assert message.startswith(f"Read incomplete for campaigns (advertiser {second}): ")
    assert "page_info" in message


def test_incomplete_list_raises_incomplete_error(sim: Simulator) -> None:
    """An incomplete list raises IncompleteError after all received records."""
    expected = run(config_for(sim), ["custom_audiences"]).records["custom_audiences"]
    lose_record(sim)
    with client(sim) as ads:
        received, message = read_incomplete(ads, "custom_audiences")
    assert len(received) == len(expected) - 1
    assert message.startswith("Read incomplete for custom_audiences (advertiser ")


def test_incomplete_error_does_not_affect_later_reads(sim: Simulator) -> None:
    """A complete read after an incomplete one raises nothing."""
    lose_record(sim)
    with client(sim) as ads:
        read_incomplete(ads, "custom_audiences")
        sim.faults.clear()
        assert list(ads.records("custom_audiences"))


def test_on_error_skip_reads_the_other_advertisers(sim: Simulator) -> None:
    """With `on_error: skip`, all other advertisers are read before IncompleteError."""
    broken, intact = sim.world.advertiser_ids
    sim.add_fault("code", path=REPORT_PATH, advertiser_id=broken, times=None, code=77777)
    with client(sim, on_error="skip") as ads:
        received, message = read_incomplete(ads, "campaign_performance_report")
    assert {record["advertiser_id"] for record in received} == {intact}
    assert broken in message


def test_advertiser_without_permission_is_skipped(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An advertiser without permission is skipped with a warning."""
    denied, granted = sim.world.advertiser_ids
    sim.add_fault("code", path="/pixel/list/", advertiser_id=denied, times=None, code=40001)
    with client(sim) as ads:
        owners = {record["advertiser_id"] for record in ads.records("pixels")}
    assert owners == {granted}
    assert "Skipped stream pixels for 1 advertiser(s)" in caplog.text


def test_stream_without_permission_raises_error(sim: Simulator) -> None:
    """A stream without permission for any advertiser raises PermissionDeniedError."""
    sim.add_fault("code", path="/pixel/list/", times=None, code=40001)
    with client(sim) as ads, pytest.raises(errors.PermissionDeniedError):
        list(ads.records("pixels"))


# Closing a client


@pytest.mark.parametrize(
    "use",
    [
        lambda ads: ads.records("campaigns"),
        lambda ads: ads.report(level="ad"),
        lambda ads: ads.get("/user/info/"),
        lambda ads: ads.streams,
    ],
)
def test_closed_client_raises_closed_error(world: Simulator, use: t.Any) -> None:
    """Every method of a closed client raises ClosedError."""
    ads = client(world)
    ads.close()
    with pytest.raises(errors.ClosedError):
        use(ads)


@pytest.mark.parametrize("has_begun", [True, False])
def test_iterator_of_closed_client_raises_closed_error(world: Simulator, has_begun: bool) -> None:
    """An iterator of a closed client raises ClosedError."""
    with client(world) as ads:
        records = ads.records("campaigns")
        if has_begun:
            next(records)
    with pytest.raises(errors.ClosedError):
        next(records)


def test_closed_iterator_stops_requests(sim: Simulator) -> None:
    """An iterator that is closed early sends no requests beyond the look-ahead."""
    with client(sim, max_concurrency=1) as ads:
        records = ads.records("campaign_performance_report_hourly")
        next(records)
        records.close()
    assert sum(request.path == REPORT_PATH for request in sim.requests) < 15  # of 72 days


def test_close_ends_all_threads() -> None:
    """After `close`, no thread of the client or its embedded simulator remains."""
    threads_before = set(threading.enumerate())
    with TikTokAds(**EMBEDDED) as ads:
        next(ads.records("campaign_performance_report"))
        assert set(threading.enumerate()) - threads_before
    assert set(threading.enumerate()) == threads_before


def test_two_clients_are_independent(world: Simulator) -> None:
    """Two clients in two threads read two accounts independently."""
    with Simulator({**SPARSE, "seed": 7, "campaigns": 4}) as other:
        sims = [world, other]
        expected = [run(config_for(sim), ["campaigns"]).records["campaigns"] for sim in sims]
        clients = [client(sim) for sim in sims]

        def read(ads: TikTokAds) -> list[dict[str, t.Any]]:
            with ads:
                return serialize(ads.records("campaigns"))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(read, clients)) == expected


def test_client_is_thread_safe(world: Simulator) -> None:
    """Several threads read several streams of one client at once."""
    names = ["campaigns", "ads", "pixels", "campaign_performance_report"]
    with client(world) as ads:
        expected = [list(ads.records(name)) for name in names]
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            records = list(pool.map(lambda name: list(ads.records(name)), names))
    assert records == expected


# The process


def use_client() -> None:
    """Call every reading method of a client."""
    with TikTokAds(**EMBEDDED) as ads:
        list(ads.records("campaigns"))
        list(ads.report(level="campaign"))
        ads.get("/user/info/")


def test_client_installs_no_signal_handler() -> None:
    """The client leaves the signal handlers unchanged."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in numbers]
    use_client()
    assert [signal.getsignal(number) for number in numbers] == handlers


def test_client_leaves_logging_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client changes no logger's level, handlers or filters, whatever LOGLEVEL is."""
    monkeypatch.setenv("LOGLEVEL", "nonsense")
    names = ["", "urllib3", "urllib3.connectionpool", "singer_sdk", "singer_sdk.metrics"]
    loggers = [logging.getLogger(name) for name in (*names, "tap-tiktok-ads")]

    def configuration() -> list[t.Any]:
        return [
            (
                logger.level,
                logger.disabled,
                logger.propagate,
                [*logger.handlers],
                [*logger.filters],
            )
            for logger in loggers
        ]

    earlier = configuration()
    use_client()
    assert configuration() == earlier


def test_log_contains_no_secret(world: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """Debug logs contain request URLs but not the app secret."""
    caplog.set_level(logging.DEBUG)
    with client(world) as ads:
        list(ads.records("campaigns"))
    assert "/campaign/get/" in caplog.text
    assert world.app_secret not in caplog.text


def test_client_ignores_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables and a `.env` file do not change a client's settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TAP_TIKTOK_ADS_ADVERTISER_IDS=9\n")
    monkeypatch.setenv("TAP_TIKTOK_ADS_ACCESS_TOKEN", "token")
    monkeypatch.setenv("TAP_TIKTOK_ADS_MAX_RETRIES", "nonsense")
    use_client()
    with pytest.raises(errors.ConfigError, match="'access_token' is required"):
        TikTokAds(advertiser_ids=["1"])


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_client_prints_nothing() -> None:
    """The client writes nothing to stdout or stderr."""
    code = (
        "from tap_tiktok_ads import TikTokAds\n"
        f"with TikTokAds(**{EMBEDDED!r}) as ads:\n"
        "    assert list(ads.records('campaign_performance_report'))\n"
    )
    result = run_python(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


# The package


def test_package_exports_public_names() -> None:
    """The package exports the client, the tap, the simulator and the errors."""
    assert tap_tiktok_ads.TapTikTokAds is TapTikTokAds
    assert set(tap_tiktok_ads.__all__) <= set(dir(tap_tiktok_ads))
    assert issubclass(errors.IncompleteError, errors.TapError)


def test_unknown_export_raises_attribute_error() -> None:
    """An unknown name of the package raises AttributeError."""
    with pytest.raises(AttributeError, match="TikTokAdz"):
        _ = tap_tiktok_ads.TikTokAdz


def test_exports_are_lazy() -> None:
    """Importing the package, or its simulator, does not import the Singer SDK."""
    code = (
        "import sys\n"
        "import tap_tiktok_ads\n"
        "assert not [name for name in sys.modules if name.startswith('tap_tiktok_ads.')]\n"
        "from tap_tiktok_ads import Simulator\n"
        "assert 'singer_sdk' not in sys.modules\n"
    )
    assert run_python(code).returncode == 0


def test_modules_do_not_import_the_top_level() -> None:
    """Modules of the package import from each other, not from the top level."""
    pattern = re.compile(r"(?m)^\s*(from (tap_tiktok_ads|\.\.+) import|import tap_tiktok_ads$)")
    files = (ROOT / "tap_tiktok_ads").rglob("*.py")
    assert not [file for file in files if pattern.search(file.read_text("utf-8"))]


# The documentation


def test_docstring_example_runs() -> None:
    """The example in the client's docstring runs."""
    result = doctest.testmod(python_api)
    assert result.attempted >= 3
    assert result.failed == 0


@pytest.mark.parametrize("block", re.findall(r"(?s)```python\n(.*?)```", PAGE))
def test_documentation_examples_run(
    world: Simulator, capsys: pytest.CaptureFixture[str], block: str
) -> None:
    """Each example of docs/python.md runs against the simulator."""
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
        ({"level": None}, "Argument 'level' must be one of .*, got None"),
    ],
)
def test_report_names_arguments_of_a_wrong_type(arguments: dict[str, t.Any], message: str) -> None:
    """An argument of a wrong type raises ConfigError before any request."""
    with (
        TikTokAds(environment="simulator") as ads,
        pytest.raises(errors.ConfigError, match=message),
    ):
        ads.report(**arguments)
