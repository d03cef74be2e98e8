"""Rare messages of commands, files, the environment and the log of a run."""

from __future__ import annotations

import json
import logging
import os
import sys
import typing as t
from unittest import mock

from click.testing import CliRunner
from conftest import SMALL, catalog_of, config_for

import tap_tiktok_ads
from golden.case_commands import command, convert, invoked
from golden.case_rare_runs import finish
from golden.collector import case, error_cases, short_waits, simulated, temporary_file
from tap_tiktok_ads import TikTokAds
from tap_tiktok_ads.cli import executable
from tap_tiktok_ads.config import environment
from tap_tiktok_ads.config.catalogs import parse_catalog
from tap_tiktok_ads.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable

ADS = "ad_performance_report"
REPORT = ["report", "--state", temporary_file("{}"), "--output", temporary_file("")]


def lines(*arguments: str, **settings: t.Any) -> Callable[[], list[str]]:
    """Return a case: the lines that a command writes to stdout besides its tables."""

    def call() -> list[str]:
        with short_waits(), Simulator({**SMALL, "advertisers": 1}) as simulator:
            ids = simulator.world.advertiser_ids
            config = config_for(simulator, max_retries=0, advertiser_ids=ids, **settings)
            options = [*arguments, "--config", temporary_file(json.dumps(config))]
            with mock.patch("tap_tiktok_ads.cli.doctor._skew", return_value=0.0):
                output = CliRunner().invoke(executable(), options).stdout
        # a day that has just begun has no records
        dropped = ("\t", "Readable, but no records")
        return [line for line in output.splitlines() if not any(text in line for text in dropped)]

    return call


def _no_prometheus() -> list[str]:
    with mock.patch.dict(sys.modules, {"prometheus_client": None}):
        return command("--summary-file", "/absent/summary.prom")()


def _no_jinja() -> list[str]:
    with mock.patch.dict(sys.modules, {"jinja2": None}):
        return invoked(REPORT)


def _log_file() -> list[str]:
    with mock.patch.dict(os.environ, {"SINGER_SDK_LOG_CONFIG": temporary_file("[", ".yaml")}):
        return invoked(["--help"])


error_cases(
    "Commands",
    {
        "report without its package": _no_jinja,
        "report of records that are no messages": lambda: invoked(
            [*REPORT, "--records", temporary_file("x", ".jsonl")]
        ),
        "report of another JSON file": lambda: invoked([*REPORT, "--plan", temporary_file("{}")]),
        "an option before a command": command("--state", __file__, "plan"),
        "a bookmark of another tap": convert({"bookmarks": {"ad_insights": 5}}),
        "doctor": lines("doctor"),
        "doctor without app_id": lines("doctor", app_id=None),
        "doctor in the sandbox": lines("doctor", environment="sandbox", requests_per_second=1000),
        "sample without records for a schema": command(
            "sample",
            "pixels",
            "--infer-schema",
            "x.json",
            faults=[("no_records", {"path": "/pixel/list/", "times": None})],
        ),
        "a summary file without its package": _no_prometheus,
        "a log configuration that cannot be used": _log_file,
    },
)


def _clock() -> None:
    with mock.patch("tap_tiktok_ads.cli.doctor._skew", return_value=600.0):
        command("doctor")()


case("Commands", "a clock that is wrong")(_clock)


def _dotenv(content: bytes) -> None:
    path = temporary_file(content, ".env")
    with mock.patch.object(environment, "find_dotenv", return_value=path):
        environment.load_dotenv()


error_cases(
    "Settings",
    {
        "a .env file that is not UTF-8": lambda: _dotenv(b"TAP_TIKTOK_ADS_USER_AGENT=\xff"),
        "a .env file that cannot be used": lambda: _dotenv(b"TAP_TIKTOK_ADS_USER_AGENT=a\0b"),
        "report_metrics of a stream is not a list": simulated([ADS], report_metrics={ADS: 5}),
    },
)


def from_file(*streams: str, **settings: t.Any) -> Callable[[], list[str]]:
    """Return a case: start a run with a config file and a catalog of these streams."""

    def start() -> list[str]:
        config = {"access_token": "t", "advertiser_ids": ["7"], **settings}
        options = ["--config", temporary_file(json.dumps(config))]
        if streams:
            catalog = catalog_of({}, streams, alone=True)
            options += ["--catalog", temporary_file(json.dumps(catalog))]
        return invoked(options)

    return start


error_cases(
    "Settings",
    {
        "a stream map of a config file with a syntax error": from_file(
            stream_maps={"campaigns": {"label": "no_such_column + 1 +"}}
        ),
        "a setting of the SDK with a wrong value": from_file(flattening_max_depth="deep"),
    },
)
METHOD = {"breadcrumb": [], "metadata": {"replication-method": "SOMETIMES"}}


def _uncataloged() -> None:
    entry = {"name": "mine", "url": "/thing/list/", "params": {"advertiser_id": "{advertiser_id}"}}
    entry |= {"schema": {"properties": {"id": {"type": "string"}}}}
    from_file("campaigns", custom_streams=[entry], api_url="http://127.0.0.1:9", max_retries=0)()


def _nothing_selected() -> None:
    with Simulator({**SMALL, "advertisers": 1}) as simulator:
        finish(config_for(simulator))


error_cases(
    "Catalog",
    {
        "an unknown replication method in the metadata": lambda: parse_catalog(
            {
                "streams": [
                    {"tap_stream_id": "ads", "stream": "ads", "schema": {}, "metadata": [METHOD]}
                ]
            }
        ),
        "a custom stream that the catalog lacks": _uncataloged,
        "a run without a selected stream": _nothing_selected,
    },
)


error_cases(
    "Python client",
    {
        "a setting of another type": lambda: TikTokAds(access_token="t", simulator=5),
        "a name that the package lacks": lambda: tap_tiktok_ads.TikTokAd,
    },
)
case("Reports", "log of the lookback", logging.INFO)(
    simulated(["campaign_performance_report"], lookback_days="auto")
)
