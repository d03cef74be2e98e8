"""A shared budget in a Redis and in a Postgres server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import typing as t
import uuid

import psycopg
import pytest
from shared_stores import CHECKS

from tap_tiktok_ads.api.errors import ConfigError, ThrottledError
from tap_tiktok_ads.api.rate_limits import TIERS
from tap_tiktok_ads.api.shared_budget import share_budget
from tap_tiktok_ads.api.shared_stores import open_store

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .targets import Server

PATH = "/campaign/get/"
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a temporary Redis server on a free loopback port."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is missing. Run `apt-get install redis-server`.")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    folder: Path = tmp_path_factory.mktemp("redis")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def postgres_url(postgres: Server) -> str:
    """The URL of the temporary Postgres server."""
    login = f"{postgres['user']}:{postgres['password']}"
    return f"postgresql://{login}@{postgres['host']}:{postgres['port']}/{postgres['database']}"


@pytest.fixture(params=["redis_url", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of each server."""
    result: str = request.getfixturevalue(request.param)
    return result


@pytest.mark.parametrize("check", CHECKS)
def test_server(check: Callable[[str], None], url: str) -> None:
    """Redis and Postgres pass the tests of a SQLite file."""
    check(url)


def test_pause_survives_the_job(url: str) -> None:
    """A pause of a job that was killed holds for the next job."""
    app = uuid.uuid4().hex
    first, second = (share_budget(TIERS["basic"], url, app) for _ in range(2))
    first.budget(PATH).acquire()
    first.budget(PATH).record_throttled(ThrottledError("Too many requests"), first.clock())
    started = second.clock()
    second.budget(PATH).acquire()
    assert second.clock() - started > 0.9
    first.close()
    second.close()


def test_wrong_password_is_an_error(postgres_url: str) -> None:
    """The error gives the reason of the server, and not the password."""
    with pytest.raises(ConfigError, match="password authentication failed") as caught:
        share_budget(TIERS["basic"], postgres_url.replace(":secret@", ":pass-word@"), "app")
    assert "pass-word" not in str(caught.value)


def test_role_without_the_right_to_create_tables(postgres_url: str) -> None:
    """A role that may only read and change the table can share a budget."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        open_store(postgres_url, "creates the table").close()
        connection.execute("CREATE ROLE jobs LOGIN PASSWORD 'secret'")
        connection.execute("GRANT SELECT, INSERT, UPDATE ON tap_tiktok_ads_budgets TO jobs")
    limiter = share_budget(TIERS["basic"], postgres_url.replace("loader:", "jobs:"), "app")
    limiter.budget(PATH).acquire()
    limiter.close()


def test_dropped_connection_is_replaced(postgres_url: str) -> None:
    """A job continues after the server has closed its connection."""
    limiter = share_budget(TIERS["basic"], postgres_url, "app")
    limiter.budget(PATH).acquire()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND usename = 'loader'"
        )
    limiter.budget(PATH).acquire()
    assert limiter.tier == TIERS["basic"]
    limiter.close()
