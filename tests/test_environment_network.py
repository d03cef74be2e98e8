"""Proxies, certificates and passwords in the environment."""

from __future__ import annotations

import typing as t
import urllib.parse

import pytest
from edge_server import Response, envelope, serving
from test_client import transport_to

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.http_connection import CA_BUNDLE_VARIABLES, environment_network
from tap_tiktok_ads.api.messages import Request

if t.TYPE_CHECKING:
    from pathlib import Path

    from tap_tiktok_ads.api.client import Client

TIKTOK = "https://business-api.tiktok.com/open_api/v1.3"
LOOPBACK = ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"]
DEAD_PROXY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the network variables of the machine."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in CA_BUNDLE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["business.example", "127.0.0.1"])
def test_netrc_is_never_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str) -> None:
    """A password of .netrc is never sent, neither through a proxy nor directly."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {host} login somebody password secret\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(lambda _: envelope({})) as (url, calls):
        monkeypatch.setenv("HTTP_PROXY", url)
        base_url = url if host == "127.0.0.1" else f"http://{host}"
        transport_to(base_url).send(Request("/user/info/", {}))
    assert [call.headers["host"].split(":")[0] for call in calls] == [host]
    assert "authorization" not in calls[0].headers
    assert calls[0].headers["access-token"] == "token"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A loopback address is reached directly, whatever the environment contains."""
    monkeypatch.setenv(variable, DEAD_PROXY)
    with serving(lambda _: envelope({"a": 1})) as (url, _):
        assert transport_to(url).send(Request("/user/info/", {})).data == {"a": 1}


@pytest.mark.parametrize(
    ("environment", "base_url", "expected"),
    [
        ({"HTTPS_PROXY": DEAD_PROXY}, TIKTOK, {"https": DEAD_PROXY}),
        ({"ALL_PROXY": DEAD_PROXY}, TIKTOK, {"all": DEAD_PROXY}),
        ({"HTTPS_PROXY": DEAD_PROXY, "NO_PROXY": "tiktok.com"}, TIKTOK, {}),
        ({"HTTPS_PROXY": DEAD_PROXY, "NO_PROXY": "example.com"}, TIKTOK, {"https": DEAD_PROXY}),
        *(({"HTTP_PROXY": DEAD_PROXY, "HTTPS_PROXY": DEAD_PROXY}, url, {}) for url in LOOPBACK),
    ],
)
def test_proxies_of_the_environment_are_used(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    base_url: str,
    expected: dict[str, str],
) -> None:
    """Proxies of the environment are used for every host except loopback addresses."""
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    proxies, _ = environment_network(base_url)
    assert {name: url for name, url in proxies.items() if name != "no"} == expected


@pytest.mark.parametrize("variable", CA_BUNDLE_VARIABLES)
def test_certificates_of_the_environment_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """Certificate authorities of the environment apply to every host except loopback addresses."""
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    monkeypatch.setenv(variable, str(bundle))
    assert environment_network(TIKTOK)[1] == str(bundle)
    for url in LOOPBACK:
        assert environment_network(url)[1] is True
    bundle.unlink()
    with pytest.raises(errors.ConfigError, match=f"{variable} names .*ca.pem.* does not exist"):
        environment_network(TIKTOK)


def test_certificate_variable_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable of requests precedes curl's and OpenSSL's. Empty variables are ignored."""
    bundles: list[t.Any] = []
    for name in CA_BUNDLE_VARIABLES:
        (tmp_path / name).write_text("")
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in CA_BUNDLE_VARIABLES:
        bundles.append(environment_network(TIKTOK)[1])
        monkeypatch.setenv(name, "")
    assert bundles == [str(tmp_path / name) for name in CA_BUNDLE_VARIABLES]
    assert environment_network(TIKTOK)[1] is True


def attempts_until_it_fails(client: Client) -> int:
    """Return how often a client sends a request to a host that accepts no connection."""
    with pytest.raises(errors.TransientError, match="The connection to /user/info/ failed") as info:
        client.send(Request("/user/info/", {}))
    host = urllib.parse.urlsplit(client.url(Request("/user/info/", {}))).hostname
    assert f"Check the host {host}, DNS" in str(info.value)
    return sum(counts.requests for counts in client.progress.summary())


@pytest.mark.parametrize("variable", ["", "HTTP_PROXY"])
def test_host_that_was_never_reached_is_retried_twice(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A wrong host or proxy is reported after three attempts, whatever `max_retries` is."""
    if variable:
        monkeypatch.setenv(variable, DEAD_PROXY)
    client = transport_to("http://a.example" if variable else DEAD_PROXY, max_retries=7)
    assert attempts_until_it_fails(client) == 3


def test_host_that_was_reached_is_retried_as_often_as_allowed() -> None:
    """A host that stops after its first response is retried `max_retries` times."""
    last = Response(envelope({}), headers={"Connection": "close"})
    with serving(lambda _: last) as (url, _):
        client = transport_to(url, max_retries=7)
        client.send(Request("/user/info/", {}))
        first = sum(counts.requests for counts in client.progress.summary())
    assert attempts_until_it_fails(client) - first == 8
