"""Commands `python -m tap_tiktok_ads.simulator` and `tap-tiktok-ads simulator`."""

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
    """Run the subcommand and yield the configuration that it prints. Stop it with a signal."""
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(end)
            _, stderr = process.communicate(timeout=300)
        assert (process.returncode, AUTH_CODE in stderr) == (0, True)


def get_envelope(config: dict[str, Any], path: str) -> dict[str, Any]:
    """Send a request with a configuration and return the envelope."""
    response = requests.get(
        config["api_url"] + path,
        params={"advertiser_id": config["advertiser_ids"][0]},
        headers={"Access-Token": config["access_token"]},
        timeout=300,
    )
    envelope: dict[str, Any] = response.json()
    return envelope


def test_serve_prints_url_and_stops_on_sigterm() -> None:
    """`serve` prints the URL and exits with code 0 on SIGTERM."""
    command = [*MODULE, "serve", "--options", '{"advertisers": 1}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert requests.get(f"{url}/user/info/", timeout=300).json()["code"] == 40104
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0


def test_count_prints_expected_records_of_every_stream() -> None:
    """`count` prints the expected number of records of every stream."""
    options = '{"today": "2026-11-20", "advertisers": 1}'
    command = [*MODULE, "count", "--options", options, "--start", "2026-11-01"]
    output = subprocess.check_output([*command, "--end", "2026-11-20"])
    assert len(json.loads(output)) == len(STREAMS) - 1


def test_command_prints_valid_configuration() -> None:
    """The subcommand prints a valid configuration and exits with code 0 on Ctrl-C."""
    with running("--option", "advertisers=2", end=signal.SIGINT) as config:
        assert list(config) == [
            *("environment", "api_url", "access_token", "app_id", "app_secret", "advertiser_ids")
        ]
        assert config["access_token"] == ACCESS_TOKEN
        assert len(config["advertiser_ids"]) == 2
        assert get_envelope(config, "/ad/get/")["code"] == 0
        settings = validate(normalize(config), TapTikTokAds.known_settings())
        assert settings.base_url == config["api_url"]


def test_command_applies_options_and_faults() -> None:
    """`--option` overrides `--options`, values are JSON or text, and faults are active."""
    world = ("--options", '{"advertisers": 9, "ads": 1}', "--option", "advertisers=1")
    limits = ("--option", "tier=ultimate", "--option", 'unauthorised=["1"]')
    faults = ("--fault", "code:code=51010,message=Busy, wait.,path=/ad/get/,times=2")
    with running(*world, *limits, *faults, "--fault", "http:after=5") as config:
        assert len(config["advertiser_ids"]) == 1
        assert config["simulator"] == {"tier": "ultimate"}
        envelopes = [get_envelope(config, "/ad/get/") for _ in range(3)]
        assert [envelope["code"] for envelope in envelopes] == [51010, 51010, 0]
        assert envelopes[0]["message"] == "Busy, wait."
        assert get_envelope(config, "/campaign/get/")["code"] == 0


WRONG = [
    (["--fault", "coed"], "Did you mean 'code'?"),
    (["--fault", "earthquake"], "Choose one of code, rate_limit"),
    (["--fault", "code:cod=1"], "Did you mean 'code'?"),
    (["--fault", "rate_limit:seconds=1"], "Unknown argument of the fault 'rate_limit': 'seconds'"),
    (["--fault", "code:times=often"], "'times' has the invalid value 'often'"),
    (["--fault", "http:status=999"], "'status' has the invalid value '999'"),
    (["--option", "campains=3"], "Did you mean 'campaigns'?"),
    (["--option", "ads"], "NAME=VALUE"),
    (["--option", "ads=many"], "'ads' must be a number"),
    (["--option", "ads=1.5"], "'ads' must be a number"),
    (["--option", "unauthorised=7"], "'unauthorised' must be a list"),
    (["--option", "tier=gold"], "Unknown tier 'gold'"),
    (["--options", "[]"], "expected a JSON object, got '[]'"),
    (["--options", "{"], "expected a JSON object, got '{'"),
    (["--port", "65536"], "65536 is not in the range"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_command_rejects_wrong_arguments(arguments: list[str], message: str) -> None:
    """A wrong argument ends with exit code 2. An unknown name gets a suggestion."""
    result = CliRunner().invoke(command, arguments, terminal_width=200)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


@pytest.mark.parametrize("kind", KINDS)
def test_help_lists_faults(kind: str) -> None:
    """The help of the subcommand lists every kind of fault with its arguments."""
    result = CliRunner().invoke(command, ["--help"], terminal_width=200)
    help_text = " ".join(result.stdout.split())
    arguments = ", ".join(KINDS[kind].arguments)
    assert (f"{kind} ({arguments})" if arguments else kind) in help_text
    assert f"Arguments of all kinds: {', '.join(REQUEST_ARGUMENTS)}." in help_text
    assert kind in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_fault_arguments_are_parsed(kind: str) -> None:
    """The arguments of each kind of fault are parsed from text."""
    values = dict.fromkeys(KINDS[kind].arguments, "500")
    text = ",".join(f"{name}={value}" for name, value in values.items())
    assert parse(f"{kind}:{text}" if text else kind) == (
        kind,
        {name: KINDS[kind].arguments[name](value) for name, value in values.items()},
    )


def test_port_in_use_is_reported() -> None:
    """A port that is in use ends the command with exit code 1 and a message."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = CliRunner().invoke(command, ["--port", str(port)])
    assert result.exit_code == 1
    assert f"Cannot listen on port {port}: " in result.output
