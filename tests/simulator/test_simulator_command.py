"""`python -m tap_tiktok_ads.simulator` and `tap-tiktok-ads simulator`."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
from click.testing import CliRunner

from tap_tiktok_ads.cli.simulator import command
from tap_tiktok_ads.config.settings import normalize
from tap_tiktok_ads.config.validation import validate
from tap_tiktok_ads.simulator import ACCESS_TOKEN, AUTH_CODE
from tap_tiktok_ads.simulator.http.faults import KINDS, REQUEST_ARGUMENTS, parse
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = [sys.executable, "-m", "tap_tiktok_ads.simulator"]
COMMAND = [
    *(sys.executable, "-c"),
    "from tap_tiktok_ads.cli.simulator import command; command()",
]


@contextlib.contextmanager
def running(*options: str, end: signal.Signals = signal.SIGTERM) -> Iterator[dict[str, Any]]:
    """Run the sub-command and give what it prints; it must end well on a signal."""
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(end)
            _, told = process.communicate(timeout=300)
        assert (process.returncode, AUTH_CODE in told) == (0, True)


def read(config: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the envelope that a client with a configuration gets."""
    answer = requests.get(
        config["api_url"] + path,
        params={"advertiser_id": config["advertiser_ids"][0]},
        headers={"Access-Token": config["access_token"]},
        timeout=300,
    )
    envelope: dict[str, Any] = answer.json()
    return envelope


def test_serve() -> None:
    """`serve` prints the URL first and ends well on SIGTERM."""
    command = [*MODULE, "serve", "--options", '{"advertisers": 1}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert requests.get(f"{url}/user/info/", timeout=300).json()["code"] == 40104
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0


def test_count() -> None:
    """`count` prints the expected rows of every stream."""
    options = '{"today": "2026-11-20", "advertisers": 1}'
    command = [*MODULE, "count", "--options", options, "--start", "2026-11-01"]
    output = subprocess.check_output([*command, "--end", "2026-11-20"])
    assert len(json.loads(output)) == len(STREAMS) - 1


def test_configuration() -> None:
    """The sub-command prints a configuration that the tap accepts, and ends well on Ctrl-C."""
    with running("--option", "advertisers=2", end=signal.SIGINT) as config:
        assert list(config) == [
            *("environment", "api_url", "access_token", "app_id", "app_secret", "advertiser_ids")
        ]
        assert config["access_token"] == ACCESS_TOKEN
        assert len(config["advertiser_ids"]) == 2
        assert read(config, "/ad/get/")["code"] == 0
        chosen = validate(normalize(config), TapTikTokAds.known_settings())
        assert chosen.base_url == config["api_url"]


def test_options_and_faults() -> None:
    """Options are JSON or text, --option overrides --options, and faults are armed."""
    world = ("--options", '{"advertisers": 9, "ads": 1}', "--option", "advertisers=1")
    limits = ("--option", "tier=ultimate", "--option", 'unauthorised=["1"]')
    faults = ("--fault", "code:code=51010,message=Busy, wait.,path=/ad/get/,times=2")
    with running(*world, *limits, *faults, "--fault", "http:after=5") as config:
        assert len(config["advertiser_ids"]) == 1
        assert config["simulator"] == {"tier": "ultimate"}
        envelopes = [read(config, "/ad/get/") for _ in range(3)]
        assert [envelope["code"] for envelope in envelopes] == [51010, 51010, 0]
        assert envelopes[0]["message"] == "Busy, wait."
        assert read(config, "/campaign/get/")["code"] == 0


WRONG = [
    (["--fault", "coed"], "Did you mean 'code'?"),
    (["--fault", "earthquake"], "Known: code, rate_limit"),
    (["--fault", "code:cod=1"], "Did you mean 'code'?"),
    (["--fault", "rate_limit:seconds=1"], "Unknown argument of the fault 'rate_limit': 'seconds'"),
    (["--fault", "code:times=often"], "'often' is no times"),
    (["--fault", "http:status=999"], "'999' is no status"),
    (["--option", "campains=3"], "Did you mean 'campaigns'?"),
    (["--option", "ads"], "NAME=VALUE"),
    (["--option", "ads=many"], "'ads' must be a number"),
    (["--option", "ads=1.5"], "'ads' must be a number"),
    (["--option", "unauthorised=7"], "'unauthorised' must be a list"),
    (["--option", "tier=gold"], "Unknown tier 'gold'"),
    (["--options", "[]"], "'[]' is not a JSON object"),
    (["--options", "{"], "'{' is not a JSON object"),
    (["--port", "65536"], "65536 is not in the range"),
]


@pytest.mark.parametrize(("arguments", "part"), WRONG)
def test_wrong_arguments(arguments: list[str], part: str) -> None:
    """A wrong argument is refused with exit code 2, and an unknown name with the nearest."""
    result = CliRunner().invoke(command, arguments, terminal_width=200)
    assert result.exit_code == 2
    assert part in " ".join(result.output.split())


@pytest.mark.parametrize("kind", KINDS)
def test_help_lists_the_faults(kind: str) -> None:
    """The help of the sub-command lists every kind of fault with its arguments."""
    result = CliRunner().invoke(command, ["--help"], terminal_width=200)
    help_text = " ".join(result.stdout.split())
    arguments = ", ".join(KINDS[kind].arguments)
    assert (f"{kind} ({arguments})" if arguments else kind) in help_text
    assert f"Arguments of all kinds: {', '.join(REQUEST_ARGUMENTS)}." in help_text
    assert kind in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_of_faults(kind: str) -> None:
    """Every argument of a kind is read from text, and no other."""
    values = dict.fromkeys(KINDS[kind].arguments, "500")
    text = ",".join(f"{name}={value}" for name, value in values.items())
    assert parse(f"{kind}:{text}" if text else kind) == (
        kind,
        {name: KINDS[kind].arguments[name](value) for name, value in values.items()},
    )


def test_port_in_use() -> None:
    """A port that is taken is told in one sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["--port", str(port)])
    assert result.exit_code == 1
    assert f"Cannot listen on port {port}: " in result.output
