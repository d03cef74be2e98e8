"""Support for the dbt tests: environments, a loaded warehouse, queries."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import psycopg
import yaml

from .targets import ROOT, Server, environment

PROJECT = ROOT / "examples" / "dbt"
#: DuckDB types by the name that the Fivetran package uses.
DUCKDB_TYPES = {
    "numeric": {"BIGINT", "DECIMAL(28,6)"},
    "int": {"BIGINT"},
    "float": {"DOUBLE"},
    "string": {"VARCHAR"},
    "timestamp": {"TIMESTAMP"},
    "other": {"TIMESTAMP", "DATE"},
}
#: Program that runs a query from stdin on a file. It needs an environment with DuckDB.
_QUERY = """
import json, sys, duckdb
rows = duckdb.connect(sys.argv[1]).execute(sys.stdin.read()).fetchall()
json.dump(rows, sys.stdout, default=str)
"""

Row: t.TypeAlias = "dict[str, t.Any]"


def run_checked(command: t.Sequence[str | Path], **options: t.Any) -> str:
    """Run a program that must succeed, and return its output."""
    result: subprocess.CompletedProcess[str] = subprocess.run(
        command, check=False, text=True, capture_output=True, **options
    )
    assert result.returncode == 0, (command, result.stdout[-4000:], result.stderr[-4000:])
    return result.stdout


def run_dbt(
    folder: Path,
    *command: str,
    project: Path = PROJECT,
    target: str = "duckdb",
    exit_code: int = 0,
    **variables: str,
) -> dict[str, str]:
    """Run a command of dbt with environment variables. Return the status of each node that ran."""
    options = ["--project-dir", project, "--profiles-dir", PROJECT, "--target", target]
    if command != ("deps",):
        options += ["--target-path", folder / "target", "--log-path", folder / "logs"]
    result = subprocess.run(
        [str(word) for word in (environment("dbt") / "bin" / "dbt", *command, *options)],
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, "DO_NOT_TRACK": "1", **variables},
    )
    assert result.returncode == exit_code, (command, result.stdout[-4000:], result.stderr[-4000:])
    name = "sources.json" if command[0] == "source" else "run_results.json"
    file = folder / "target" / name
    results = json.loads(file.read_text("utf-8"))["results"] if file.exists() else []
    statuses = {result["unique_id"]: result["status"] for result in results}
    return {name: status for name, status in statuses.items() if status != "no-op"}  # exposures


@dataclasses.dataclass
class Warehouse:
    """A DuckDB file with records of the tap and models of dbt."""

    path: Path
    #: Last record of each key, by stream.
    rows: dict[str, list[Row]]
    #: Status of each dbt model and test, by name.
    results: dict[str, str] = dataclasses.field(default_factory=dict)

    def query(self, sql: str) -> list[list[t.Any]]:
        """Return the rows of a query. Values that JSON cannot represent are text."""
        output = run_checked(
            [environment("dbt") / "bin" / "python", "-c", _QUERY, self.path], input=sql
        )
        return t.cast("list[list[t.Any]]", json.loads(output))

    def build(self, folder: Path) -> None:
        """Run `dbt build` and keep the statuses."""
        self.results = self.run_dbt(folder, "build")

    def run_dbt(self, folder: Path, *command: str, **options: t.Any) -> dict[str, str]:
        """Run a command of dbt on the file. Return the status of each node by ID."""
        return run_dbt(folder, *command, TIKTOK_ADS_DUCKDB=str(self.path), **options)

    def select(self, table: str, columns: t.Sequence[str]) -> list[Row]:
        """Return columns of all rows of a table."""
        rows = self.query(f"select {', '.join(columns)} from {table}")
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def copy(self, folder: Path) -> Warehouse:
        """Return a copy that a test can change."""
        return dataclasses.replace(self, path=Path(shutil.copy(self.path, folder / "copy.duckdb")))


def rows_by_key(messages: Path) -> dict[str, list[Row]]:
    """Return the last record of each key, by stream."""
    keys: dict[str, list[str]] = {}
    rows: dict[str, dict[tuple[t.Any, ...], Row]] = collections.defaultdict(dict)
    with messages.open(encoding="utf-8") as file:
        for line in file:
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                rows[stream][tuple(record[key] for key in keys[stream])] = record
    return {stream: list(records.values()) for stream, records in rows.items()}


def read(folder: Path, config: Row, extra: t.Iterable[tuple[str, Row]] = ()) -> Path:
    """Run the tap. Return a file with its messages, and with extra records of its streams."""
    (folder / "tap.json").write_text(json.dumps(config))
    tap = Path(sys.executable).with_name("tap-tiktok-ads")
    text = run_checked([tap, "--config", folder / "tap.json"])
    records = [
        json.dumps({"type": "RECORD", "stream": stream, "record": record}) + "\n"
        for stream, record in extra
    ]
    messages = folder / "messages.jsonl"
    messages.write_text("".join((text, *records)), "utf-8")
    return messages


def load(folder: Path, config: Row, extra: t.Iterable[tuple[str, Row]] = ()) -> Warehouse:
    """Run the tap and target as processes. Return a warehouse with the records."""
    messages = read(folder, config, extra)
    path = folder / "warehouse.duckdb"
    settings = json.loads((PROJECT / "target-duckdb.json").read_text("utf-8"))
    (folder / "target.json").write_text(json.dumps({**settings, "path": str(path)}))
    with messages.open(encoding="utf-8") as file:
        target = environment("duckdb") / "bin" / "target-duckdb"
        run_checked([target, "--config", folder / "target.json"], stdin=file)
    return Warehouse(path, rows_by_key(messages))


def load_postgres(messages: Path, server: Server, database: str, folder: Path) -> Row:
    """Load messages into a new database. Return the environment variables of its login."""
    login = {name: server[name] for name in ("host", "port", "user", "password")}
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {database}".encode())
    settings = json.loads((PROJECT / "target-postgres.json").read_text("utf-8"))
    config = folder / "target-postgres.json"
    config.write_text(json.dumps({**settings, **login, "database": database}), "utf-8")
    with messages.open(encoding="utf-8") as file:
        target = environment("postgres") / "bin" / "target-postgres"
        run_checked([target, "--config", config], stdin=file)
    variables = {f"PG{name.upper()}": str(value) for name, value in login.items()}
    return {**variables, "PGDATABASE": database}


def fivetran_tables() -> dict[str, dict[str, str]]:
    """Return the types of the columns that the Fivetran package reads, by table."""
    content = yaml.safe_load((PROJECT / "models/fivetran/_tables.yml").read_text("utf-8"))
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in content["models"]
    }
