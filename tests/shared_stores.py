"""Checks of a store of the setting `shared_budget`, for every kind of store."""

from __future__ import annotations

import subprocess
import sys
import uuid

from tap_tiktok_ads.api.shared_stores import open_store

#: Adds one to a number in the store, again and again. The number of successes is the result.
COUNTER = """
import sys
from tap_tiktok_ads.api.shared_stores import open_store
url, app, number = sys.argv[1:]
store, successes = open_store(url, app), 0
print(flush=True)
while successes < int(number):
    _, old = store.read()
    successes += store.replace(old, str(int(old or 0) + 1))
"""
#: Makes requests until it is killed.
JOB = """
import sys
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.api.shared_budget import SharedRateLimiter
budget = SharedRateLimiter(TIERS["unlimited"], *sys.argv[1:]).budget("/campaign/get/")
while True:
    budget.acquire()
    print(flush=True)
"""


def python(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a script in another process, and wait for its first line."""
    command = [sys.executable, "-c", script, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def check_replacement(url: str) -> None:
    """A text is replaced only if it is still the one that was read."""
    app = uuid.uuid4().hex
    first, second = open_store(url, app), open_store(url, app)
    now, text = first.read()
    assert text == ""
    assert first.replace("", "one")
    assert not second.replace("", "two")
    assert second.read()[1] == "one"
    assert second.replace("one", "two")
    assert not first.replace("one", "three")
    assert first.read()[1] == "two"
    assert first.read()[0] >= now
    other_app = open_store(url, uuid.uuid4().hex)
    assert other_app.read()[1] == ""
    for store in (first, second, other_app):
        store.close()


def check_concurrency(url: str) -> None:
    """No change of several processes is lost."""
    app = uuid.uuid4().hex
    processes = [python(COUNTER, url, app, "50") for _ in range(3)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    store = open_store(url, app)
    assert store.read()[1] == "150"
    store.close()


def check_kills(url: str) -> None:
    """A killed job does not block the other jobs."""
    app = uuid.uuid4().hex
    survivor = python(JOB, url, app)
    assert survivor.stdout is not None
    for _ in range(5):
        killed = python(JOB, url, app)
        killed.kill()
        killed.communicate()
        for _ in range(20):
            assert survivor.stdout.readline()
    survivor.kill()
    survivor.communicate()


CHECKS = (check_replacement, check_concurrency, check_kills)
