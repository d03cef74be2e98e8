"""Hosts and paths of TikTok's API."""

from __future__ import annotations

import urllib.parse

import pytest

from tap_tiktok_ads.api import hosts

PATHS = {name: value for name, value in vars(hosts).items() if name.endswith("_PATH")}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("http://localhost:80/x", True, id="localhost"),
        pytest.param("http://LOCALHOST", True, id="upper case"),
        pytest.param("http://127.0.0.1:5000", True, id="IPv4"),
        pytest.param("http://127.8.9.10", True, id="network of IPv4"),
        pytest.param("http://[::1]:5000/", True, id="IPv6"),
        pytest.param("https://business-api.tiktok.com", False, id="TikTok"),
        pytest.param("http://localhost.example.com", False, id="subdomain"),
        pytest.param("http://10.0.0.1", False, id="private network"),
        pytest.param("", False, id="empty"),
    ],
)
def test_is_loopback(url: str, expected: bool) -> None:
    """Only `localhost` and loopback addresses are loopback hosts."""
    assert hosts.is_loopback(url) is expected


def test_token_is_sent_to_tiktok_hosts_only() -> None:
    """Only the hosts of the environments, except the simulator, receive the token."""
    names = {urllib.parse.urlsplit(url).hostname for url in hosts.HOSTS.values() if url}
    assert names == hosts.TIKTOK_HOSTS


@pytest.mark.parametrize("name", PATHS)
def test_paths_start_and_end_with_a_slash(name: str) -> None:
    """A path of TikTok's API starts and ends with a slash."""
    assert PATHS[name].startswith("/")
    assert PATHS[name].endswith("/")
