"""Targets in virtual environments, run by the commands of `docs/loading.md`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from decimal import Decimal
from pathlib import Path

import pendulum

if t.TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "loading.md"
REQUIREMENTS = Path(__file__).with_name("requirements")
#: The tap is first in PATH, as in an active virtual environment.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

Row = dict[str, t.Any]
Server = t.Mapping[str, t.Any]


def blocks(heading: str, language: str = "sh") -> list[str]:
    """Return the code blocks of a section of `docs/loading.md`."""
    _, section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")
    return re.findall(rf"(?s)```{language}\n(.*?)```", section.partition("\n## ")[0])


def bash(
    script: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a shell script that must succeed. Any failing command fails the script."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**ENVIRONMENT, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, (script, result.stderr[-3000:])
    return result


def parse(text: str) -> t.Any:
    """Return a JSON value with exact numbers."""
    return json.loads(text, parse_float=Decimal)


def environment(name: str) -> Path:
    """Return a virtual environment, rebuilt when its requirements change."""
    folder = ROOT / ".venv-integration" / name
    example = ROOT / "examples" / name / "requirements.txt"
    file = example if example.exists() else REQUIREMENTS / f"{name}.txt"
    requirements = file.read_text("utf-8")
    installed = folder / "installed"
    if not installed.exists() or installed.read_text("utf-8") != requirements:
        pip = f"{folder}/bin/python -m pip install --quiet --requirement {file}"
        bash(f"{sys.executable} -m venv --clear {folder}; {pip}", ROOT)
        installed.write_text(requirements, "utf-8")
    return folder


class Target:
    """A target that is configured and run by a section of `docs/loading.md`."""

    heading: str
    #: Name of the environment and of its requirements file.
    name: str
    #: Patterns of column types in a table, by kind of column.
    types: t.ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / self.name).symlink_to(environment(self.name))

    def set_up(self) -> None:
        """Write the configuration of the target. It is already installed."""
        install, configure = blocks(self.heading)[0].split("\n", 1)
        assert install.startswith(f"python3 -m venv {self.name} && {self.name}/bin/pip install ")
        bash(configure, self.folder)

    def load(self) -> str:
        """Run a load and return the output of the tap."""
        script = blocks(self.heading)[1]
        bash(script.replace("| ", "| tee read.singer | ", 1), self.folder)
        return (self.folder / "read.singer").read_text("utf-8")

    def rows(self, stream: str) -> list[Row]:
        """Return the rows of a table."""
        raise NotImplementedError

    def columns(self, stream: str) -> dict[str, str]:
        """Return the types of the columns of a table."""
        raise NotImplementedError


class JsonLines(Target):
    """One file per stream. Each load appends to it."""

    heading, name = "JSON Lines", "jsonl"

    def rows(self, stream: str) -> list[Row]:
        """Return the last row of each key."""
        keys = next(
            message["key_properties"]
            for message in map(parse, (self.folder / "read.singer").read_text("utf-8").split("\n"))
            if message["type"] == "SCHEMA" and message["stream"] == stream
        )
        lines = (self.folder / "rows" / f"{stream}.jsonl").read_text("utf-8").split("\n")
        rows = map(parse, lines[:-1])
        return [*{tuple(row[key] for key in keys): row for row in rows}.values()]


class DuckDB(Target):
    """A DuckDB database file."""

    heading, name = "DuckDB", "duckdb"
    types: t.ClassVar = {
        "integer": "HUGEINT|BIGINT|INTEGER",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "VARCHAR",
        "date-time": "TIMESTAMP",
        "string": "VARCHAR",
        "array": "JSON",
        "object": "JSON",
    }
    table = "tiktok_ads.{}"
    QUERY = """
import duckdb, json, sys
cursor = duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2])
names = [column[0] for column in cursor.description]
print(json.dumps([dict(zip(names, row)) for row in cursor.fetchall()], default=str))
"""

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a query, run by the target's version of DuckDB."""
        command = [f"{self.name}/bin/python", "-c", self.QUERY, "tiktok.duckdb", sql]
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=True
        )
        return t.cast("list[Row]", parse(result.stdout))

    def rows(self, stream: str) -> list[Row]:
        return self.query(f"select * from {self.table.format(stream)}")

    def columns(self, stream: str) -> dict[str, str]:
        columns = self.query(f"describe select * from {self.table.format(stream)}")
        return {column["column_name"]: column["column_type"] for column in columns}


class Parquet(DuckDB):
    """Parquet files that DuckDB exports from its tables."""

    types: t.ClassVar = {
        **DuckDB.types,
        "integer": "BIGINT|INTEGER",
        "date": "DATE",
        "array": "JSON|VARCHAR",
        "object": "JSON|VARCHAR",
    }
    table = "'parquet/{}.parquet'"

    def set_up(self) -> None:
        super().set_up()
        (self.folder / "to_parquet.py").write_text(blocks("Parquet", "python")[0], "utf-8")

    def load(self) -> str:
        text = super().load()
        bash(blocks("Parquet")[0], self.folder)
        return text


class Postgres(Target):
    """A database of a Postgres server."""

    heading, name = "Postgres", "postgres"
    types: t.ClassVar = {
        "integer": "bigint",
        "number": "numeric",
        "boolean": "boolean",
        "date": "date",
        "date-time": "timestamp without time zone",
        "string": "character varying|text",
        "array": "ARRAY",
        "object": "jsonb",
    }

    def __init__(self, folder: Path, server: Server) -> None:
        super().__init__(folder)
        self.server = server

    def set_up(self) -> None:
        super().set_up()
        file = self.folder / "postgres.json"
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **self.server}), "utf-8")

    def query(self, sql: str) -> list[Row]:
        """Return the rows of a query."""
        return query_postgres(self.server, sql)

    def rows(self, stream: str) -> list[Row]:
        return self.query(f"select * from tiktok_ads.{stream}")

    def columns(self, stream: str) -> dict[str, str]:
        columns = self.query(
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = 'tiktok_ads' and table_name = '{stream}'"
        )
        return {column["column_name"]: column["data_type"] for column in columns}


def query_postgres(server: Server, sql: str) -> list[Row]:
    """Return the rows of a query, run by psql."""
    address = [f"--{name}={server[name]}" for name in ("host", "port")]
    result = subprocess.run(
        [
            *(server["psql"], *address, f"--username={server['user']}", "--no-align"),
            *("--tuples-only", f"--dbname={server['database']}"),
            f"--command=select coalesce(json_agg(query_row), '[]') from ({sql}) as query_row",
        ],
        env={**os.environ, "PGPASSWORD": server["password"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return t.cast("list[Row]", parse(result.stdout))


def column_kind(column: Mapping[str, t.Any]) -> str:
    """Return `date` or `date-time` for a column with that format, otherwise its type."""
    if column.get("format") in {"date", "date-time"}:
        return str(column["format"])
    types = column["type"] if isinstance(column["type"], list) else [column["type"]]
    return str(next(name for name in types if name != "null"))


def normalize_value(value: t.Any, kind: str) -> t.Any:
    """Return a value in a comparable form. Empty text becomes None."""
    if value is None or value == "":
        return None
    if kind == "number":
        return Decimal(str(value))
    if kind == "date-time":
        moment = pendulum.parse(str(value))
        assert isinstance(moment, pendulum.DateTime)
        return moment
    if kind in {"array", "object"} and isinstance(value, str):
        return parse(value)
    return value
