"""Commands, the Python client and output."""

# ruff: noqa: PLW0108
from __future__ import annotations

import json
import logging
import typing as t
from pathlib import Path
from unittest import mock

from click.testing import CliRunner
from conftest import SMALL, config_for
from edge_server import envelope, serving

import tap_tiktok_ads
from golden.collector import case, error_cases, short_waits, temporary_file
from tap_tiktok_ads import TikTokAds
from tap_tiktok_ads.cli import executable
from tap_tiktok_ads.progress import Progress, log_summary
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable


def _arguments(
    simulator: Simulator, arguments: tuple[str, ...], settings: dict[str, t.Any]
) -> list[str]:
    config = temporary_file(json.dumps(config_for(simulator, max_retries=0, **settings)))
    return [*arguments, "--config", config]


def invoked(arguments: list[str]) -> list[str]:
    """Return what a command line writes to stderr."""
    result = CliRunner().invoke(executable(), arguments)
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        return [f"{type(error).__name__}: {error}"]
    return [*result.stderr.splitlines()[-1:]]


def command(
    *arguments: str, faults: t.Sequence[tuple[str, dict[str, t.Any]]] = (), **settings: t.Any
) -> Callable[[], list[str]]:
    """Return a case: run a command on a simulator."""

    def call() -> list[str]:
        with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
            for kind, details in faults:
                simulator.add_fault(kind, **details)
            return invoked(_arguments(simulator, arguments, settings))

    return call


def convert(state: t.Any, *options: str) -> Callable[[], list[str]]:
    """Return a case: convert a state."""
    return lambda: invoked(["state", "convert", temporary_file(json.dumps(state)), *options])


def authorize(*arguments: str, **settings: t.Any) -> Callable[[], list[str]]:
    """Return a case: get an access token."""
    return command("authorize", *arguments, **settings)


def _no_grant() -> list[str]:
    data: dict[str, t.Any] = {
        "/oauth2/access_token/": {"access_token": "t"},
        "/oauth2/advertiser/get/": {"list": []},
    }
    with serving(lambda call: envelope(data[call.path])) as (url, _):
        config = {"api_url": url, "app_id": "1", "app_secret": "s"}
        file = temporary_file(json.dumps(config))
        output = str(Path(file).parent / "token.json")
        return invoked(["authorize", "--config", file, "--auth-code", "c", "--output", output])


def _no_token() -> list[str]:
    with serving(lambda _: envelope({})) as (url, _):
        config = {"api_url": url, "app_id": "1", "app_secret": "s"}
        file = temporary_file(json.dumps(config))
        output = str(Path(file).parent / "token.json")
        return invoked(["authorize", "--config", file, "--auth-code", "c", "--output", output])


def _port_in_use() -> list[str]:
    with Simulator(SMALL) as simulator:
        port = simulator.url.split(":")[2].split("/")[0]
        lines = invoked(["simulator", "--port", port])
    return [line.replace(port, "<port>") for line in lines]


def _without_prometheus() -> list[str]:
    with mock.patch.dict("sys.modules", {"prometheus_client": None}):
        return command("--summary-file", "/absent/x.prom")()


def _wrong_log_config() -> None:
    with mock.patch.dict("os.environ", {"SINGER_SDK_LOG_CONFIG": "."}):
        executable()


def printed(begin: str, *arguments: str, **settings: t.Any) -> Callable[[], list[str]]:
    """Return a case: the lines of stdout and stderr with this beginning."""

    def call() -> list[str]:
        with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
            given = _arguments(simulator, arguments, settings)
            lines = CliRunner().invoke(executable(), given).output.splitlines()
        return [line for line in lines if line.startswith(begin)]

    return call


def _wrong_clock() -> None:
    with mock.patch("tap_tiktok_ads.cli.doctor._skew", return_value=-90.0):
        command("doctor")()


def _summary_of_counts() -> None:
    progress = Progress()
    progress.begin("ads", advertisers=1)
    progress.wrote(1000)
    progress.requested()
    log_summary(progress, logging.getLogger("tap-tiktok-ads"))


case("Commands", "log of the counts of a run", logging.INFO)(_summary_of_counts)

#: The advertiser of the simulator.
IDS = ["7420551097997170000"]
OLD = {"bookmarks": {"ad_insights": {"1": "2026-02-03T00:00:00Z"}}}
REDIRECT = "https://app.example/cb"
error_cases(
    "Commands",
    {
        "an option before the command": command("--discover", "doctor"),
        "an unknown command": command("doctr"),
        "sample of an unknown stream": command("sample", "campaing"),
        "sample without records": command(
            "sample",
            "pixels",
            "--infer-schema",
            "/absent/x.json",
            faults=[("no_records", {"path": "/pixel/list/", "times": None})],
        ),
        "sample with a file that cannot be written": command(
            "sample", "campaigns", "--infer-schema", "/absent/x.json"
        ),
        "state convert without bookmarks": convert({}),
        "state convert of a new state": convert({"bookmarks": {"ads": {"partitions": []}}}),
        "state convert of a bookmark that is not a time": convert(
            {"bookmarks": {"ad_insights": {"1": "soon"}}}
        ),
        "state convert without advertisers": convert(
            {"bookmarks": {"ad_insights": "2026-02-03T00:00:00Z"}}
        ),
        "state convert of a bookmark of another shape": convert({"bookmarks": {"ad_insights": 5}}),
        "state convert without --with-objects": convert(
            {"bookmarks": {"campaigns": {"1": "2026-02-03T00:00:00Z"}}}
        ),
        "state convert of an unknown bookmark": convert({"bookmarks": {"ad_insights": {"1": 5}}}),
        "state convert of an unknown stream": convert(
            {
                "bookmarks": {
                    "ad_insights": OLD["bookmarks"]["ad_insights"],
                    "zzz": {"1": "2026-01-01T00:00:00Z"},
                }
            }
        ),
        "state convert without a start": convert(OLD),
        "state convert with a wrong start": convert(OLD, "--start-date", "soon"),
        "state convert --reset of a state without bookmarks": convert({"a": {}}, "--reset", "ads"),
        "state convert --reset of an unknown stream": convert(
            {"bookmarks": {"ads": {}}}, "--reset", "adz"
        ),
        "state convert --reset of a damaged state": convert(
            {"bookmarks": {"ads": []}}, "--reset", "ads"
        ),
        "authorize without --output": authorize("--auth-code", "c"),
        "authorize without app_id": authorize(
            "--auth-code", "c", "--output", "x.json", app_id=None
        ),
        "authorize without app_secret": authorize(
            "--auth-code", "c", "--output", "x.json", app_secret=None
        ),
        "authorize with the embedded simulator": authorize(
            "--auth-code", "c", "--output", "x.json", api_url=None
        ),
        "authorize with a folder that does not exist": authorize(
            "--auth-code", "c", "--output", "/absent/x.json"
        ),
        "authorize with a URL without a code": authorize(
            "--auth-code", f"{REDIRECT}?code=1", "--output", "x.json"
        ),
        "authorize with another state": authorize(
            "--auth-code", f"{REDIRECT}?auth_code=1&state=t", "--state", "s", "--output", "x.json"
        ),
        "authorize with a wrong code": authorize("--auth-code", "wrong", "--output", "x.json"),
        "authorize without a granted advertiser": _no_grant,
        "authorize without a token in the response": _no_token,
        "simulator with a wrong option": lambda: invoked(["simulator", "--option", "x"]),
        "simulator with options that are not JSON": lambda: invoked(
            ["simulator", "--options", "[1"]
        ),
        "simulator with an unknown fault": lambda: invoked(["simulator", "--fault", "x"]),
        "doctor with an app": printed("App:", "doctor"),
        "doctor without an app": printed("App:", "doctor", app_id=None, advertiser_ids=IDS),
        "doctor of the sandbox": printed(
            "App:", "doctor", environment="sandbox", advertiser_ids=IDS
        ),
        "doctor shows the rate limits": printed("Tier:", "doctor", simulator={"tier": "basic"}),
        "doctor names the streams that can be read": printed("Readable:", "doctor"),
        "doctor of an unknown stream": command("doctor", "--stream", "pixel"),
        "doctor of an unknown advertiser": command("doctor", "--advertiser", "1"),
        "doctor of a catalog without streams": command(
            "doctor", "--catalog", temporary_file('{"streams": []}')
        ),
        "doctor of a machine with a wrong clock": _wrong_clock,
        "plan": printed(
            "About", "plan", "--measure", "0", start_date="2024-01-01", end_date="2024-01-31"
        ),
        "plan shows macros": printed("start_date", "plan", "--measure", "0", start_date="{now-0}"),
        "simulator on a port in use": _port_in_use,
        "an OpenMetrics summary without its package": _without_prometheus,
        "a logging configuration that is not YAML": _wrong_log_config,
        "an option of the tap before a command": command("--state", __file__, "plan"),
        "a summary file that cannot be written": command("--summary-file", "/absent/x.json"),
    },
)

EMBEDDED: dict[str, t.Any] = {
    "environment": "simulator",
    "simulator": {"advertisers": 1, "days": 2},
}


def client(use: Callable[[TikTokAds], object], **settings: t.Any) -> Callable[[], object]:
    """Return a case: use a Python client."""

    def call() -> None:
        with TikTokAds(**{**EMBEDDED, **settings}) as ads:
            use(ads)

    return call


def _incomplete() -> None:
    with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
        simulator.add_fault("no_page_info", path="/campaign/get/", times=None)
        with TikTokAds(**config_for(simulator, max_retries=0)) as ads:
            list(ads.records("campaigns"))


def _after_close() -> None:
    with TikTokAds(**EMBEDDED) as ads:
        pass
    ads.get("/user/info/")


error_cases(
    "Python client",
    {
        "no token": lambda: TikTokAds(),
        "wrong settings": lambda: TikTokAds(**EMBEDDED, max_retires=1, on_error="ignore"),
        "a setting of Singer": lambda: TikTokAds(**EMBEDDED, stream_maps={}),
        "an unknown stream": client(lambda ads: ads.records("campaing")),
        "an unknown level": client(lambda ads: ads.report(level="advert")),
        "an unknown metric": client(lambda ads: ads.report(level="ad", metrics=["spent"])),
        "metrics that are not a list": client(lambda ads: ads.report(level="ad", metrics="spend")),
        "a path that is not text": client(lambda ads: ads.get(t.cast("str", 5))),
        "a path that writes": client(lambda ads: ads.get("/campaign/create/")),
        "params that are not a mapping": client(
            lambda ads: ads.get("/user/info/", t.cast("t.Any", 5))
        ),
        "a parameter that cannot be sent": client(
            lambda ads: ads.get("/user/info/", {"a": object()})
        ),
        "records that are missing": _incomplete,
        "an unknown name of the package": lambda: tap_tiktok_ads.TikTokAdz,
        "after close": _after_close,
    },
)
