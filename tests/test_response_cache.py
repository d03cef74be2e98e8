"""The response cache."""

from __future__ import annotations

import concurrent.futures
import os

import pytest

from tap_tiktok_ads.api.response_cache import ResponseCache


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"code": 0}', id="JSON"),
        pytest.param(bytes(range(256)) * 1000, id="binary"),
        pytest.param(os.urandom(100_000), id="incompressible"),
    ],
)
def test_cached_response_is_returned(body: bytes) -> None:
    """`get` returns the body and headers of a cached response."""
    cache = ResponseCache()
    cache.put("a", body, {"Date": "today"})
    cache.put("b", b"other", {})
    assert cache.get("a") == (body, {"Date": "today"})
    assert cache.get("b") == (b"other", {})
    assert cache.get("a") == (body, {"Date": "today"})


def test_missing_key_returns_none() -> None:
    """A key without a response returns None, in an empty cache and in a filled one."""
    cache = ResponseCache()
    assert cache.get("a") is None
    cache.put("b", b"", {})
    assert cache.get("a") is None


def test_later_response_replaces_the_earlier_one() -> None:
    """A later response replaces the earlier response of its key."""
    cache = ResponseCache()
    cache.put("a", b"old", {})
    cache.put("a", b"new", {"Date": "today"})
    assert cache.get("a") == (b"new", {"Date": "today"})


def test_each_key_has_one_lock() -> None:
    """Each key has one lock."""
    cache = ResponseCache()
    assert cache.lock_for("a") is cache.lock_for("a")
    with cache.lock_for("a"):
        assert cache.lock_for("a").locked()
        assert not cache.lock_for("b").locked()


def test_cache_is_thread_safe() -> None:
    """Threads that write and read at once receive the response of their key."""
    cache = ResponseCache()

    def put_and_get(number: int) -> bool:
        body = str(number).encode() * number
        cache.put(str(number), body, {})
        return cache.get(str(number)) == (body, {})

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert all(threads.map(put_and_get, range(200)))
