"""Stores of a shared budget: one small text per app, in SQLite, Redis or Postgres.

A store reads the text, and replaces it if it is still the one that was read. Each operation is one
statement, so a process that is killed leaves no lock behind.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import typing as t
import urllib.parse

from tap_tiktok_ads.api.errors import TapError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SQLITE_PREFIX = "sqlite:///"
#: Maximum time of one operation, and of a connection attempt.
TIMEOUT_SECONDS = 5
#: Redis forgets an app after this time without a request. The count of a day is obsolete by then.
REDIS_EXPIRY_SECONDS = 2 * 86_400
TABLE = "tap_tiktok_ads_budgets"
CREATE_TABLE = f"CREATE TABLE IF NOT EXISTS {TABLE} (app text PRIMARY KEY, state text NOT NULL)"
#: Key of the lock that keeps two processes from creating the table at the same time.
CREATION_LOCK = 816_407
REPLACE_SCRIPT = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class StoreError(TapError):
    """The store of a shared budget cannot be used."""


class Store(t.Protocol):
    """The text of one app."""

    def read(self) -> tuple[float, str]:
        """Return the store's time in seconds, and the text. It is empty at first.

        The time is taken after the text, so it is not before the last replacement.

        Raises:
            StoreError: The store cannot be used.
        """

    def replace(self, old: str, new: str) -> bool:
        """Replace the text if it is still `old`. Return True if it was replaced.

        Raises:
            StoreError: The store cannot be used.
        """

    def close(self) -> None:
        """Close the connection."""


class SqliteStore:
    """A file on one machine. Its time is the clock of the machine."""

    def __init__(self, url: str, app: str) -> None:
        self._app = app
        with _reported(sqlite3.Error):
            self._connection = sqlite3.connect(
                url.removeprefix(SQLITE_PREFIX),
                timeout=TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._prepare()

    def _prepare(self) -> None:
        """Select the write-ahead log, so that readers do not block writers. Create the table."""
        try:
            for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", CREATE_TABLE):
                self._connection.execute(statement)
        except sqlite3.Error:
            self.close()
            raise

    def read(self) -> tuple[float, str]:
        with _reported(sqlite3.Error):
            query = f"SELECT state FROM {TABLE} WHERE app = ?"  # noqa: S608 - a constant
            row = self._connection.execute(query, (self._app,)).fetchone()
            return time.time(), row[0] if row else ""

    def replace(self, old: str, new: str) -> bool:
        with _reported(sqlite3.Error):
            changed = self._connection.execute(_replace_statement("?"), (self._app, new, old))
            return changed.rowcount == 1

    def close(self) -> None:
        self._connection.close()


class RedisStore:
    """A key of a Redis server. Its time is the clock of the server."""

    def __init__(self, url: str, app: str) -> None:
        import redis  # noqa: PLC0415 - an optional package

        self._errors = (redis.RedisError, OSError, ValueError)
        self._key = f"tap-tiktok-ads:budget:{app}"
        with _reported(*self._errors):
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
                decode_responses=True,
            )
            self._replace = self._redis.register_script(REPLACE_SCRIPT)

    def read(self) -> tuple[float, str]:
        with _reported(*self._errors):
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.get(self._key)
            pipeline.time()
            text, (seconds, microseconds) = pipeline.execute()
            return seconds + microseconds / 1e6, text or ""

    def replace(self, old: str, new: str) -> bool:
        with _reported(*self._errors):
            return bool(self._replace([self._key], [old, new, REDIS_EXPIRY_SECONDS]))

    def close(self) -> None:
        self._redis.close()


class PostgresStore:
    """A row of a Postgres table. Its time is the clock of the server."""

    def __init__(self, url: str, app: str) -> None:
        import psycopg  # noqa: PLC0415 - an optional package

        self._errors = (psycopg.Error, OSError)
        self._app = app
        with _reported(*self._errors):
            self._connection = psycopg.connect(
                url,
                autocommit=True,
                prepare_threshold=None,  # connection poolers do not keep prepared statements
                connect_timeout=TIMEOUT_SECONDS,
                tcp_user_timeout=1000 * TIMEOUT_SECONDS,
            )
            self._prepare()

    def _prepare(self) -> None:
        """Limit the time of statements, do not wait for the disk, and create the table."""
        execute = self._connection.execute
        try:
            execute(f"SET statement_timeout = '{TIMEOUT_SECONDS}s'")
            execute("SET synchronous_commit = off")
            if execute("SELECT to_regclass(%s)", (TABLE,)).fetchone() == (None,):
                with self._connection.transaction():
                    execute("SELECT pg_advisory_xact_lock(%s)", (CREATION_LOCK,))
                    execute(CREATE_TABLE)
        except self._errors:
            self.close()
            raise

    def read(self) -> tuple[float, str]:
        with _reported(*self._errors):
            query = (
                f"SELECT (SELECT state FROM {TABLE} WHERE app = %s), "  # noqa: S608 - a constant
                "extract(epoch FROM clock_timestamp())::float8"
            )
            row = self._connection.execute(query, (self._app,)).fetchone() or ("", 0.0)
            return row[1], row[0] or ""

    def replace(self, old: str, new: str) -> bool:
        with _reported(*self._errors):
            changed = self._connection.execute(_replace_statement("%s"), (self._app, new, old))
            return changed.rowcount == 1

    def close(self) -> None:
        self._connection.close()


@contextlib.contextmanager
def _reported(*kinds: type[Exception]) -> Iterator[None]:
    """Raise `StoreError` for the errors of a client library."""
    try:
        yield
    except kinds as error:
        raise StoreError(" ".join(str(error).split()).rstrip(".")) from error


def _replace_statement(placeholder: str) -> str:
    """Return the SQL statement whose parameters are the app, the new and the old text."""
    return (
        f"INSERT INTO {TABLE} (app, state) VALUES ({placeholder}, {placeholder}) "  # noqa: S608
        f"ON CONFLICT (app) DO UPDATE SET state = excluded.state "
        f"WHERE {TABLE}.state = {placeholder}"
    )


#: The stores, by the beginning of their URLs.
STORES: dict[str, Callable[[str, str], Store]] = {
    SQLITE_PREFIX: SqliteStore,
    "redis://": RedisStore,
    "rediss://": RedisStore,
    "postgresql://": PostgresStore,
    "postgres://": PostgresStore,
}


def open_store(url: str, app: str) -> Store:
    """Connect to a store.

    Args:
        url: The setting `shared_budget`.
        app: Key of the app.

    Raises:
        StoreError: The store cannot be reached.
        ModuleNotFoundError: The package of the store is not installed.
    """
    return next(store for prefix, store in STORES.items() if url.startswith(prefix))(url, app)


def address(url: str) -> str:
    """Return the URL of a store without user, password and options."""
    if url.startswith(SQLITE_PREFIX):
        return url
    split_url = urllib.parse.urlsplit(url)
    host = split_url.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((split_url.scheme, host, split_url.path, "", ""))
