"""Targets in environments of their own, run by the lines of `docs/loading.md`, and their tables."""

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
#: The tap comes first in PATH, as in an environment that is active.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

Row = dict[str, t.Any]
Server = t.Mapping[str, t.Any]


def blocks(heading: str, language: str = "sh") -> list[str]:
    """The code blocks of a section of the page."""
    _, section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")
    return re.findall(rf"(?s)```{language}\n(.*?)```", section.partition("\n## ")[0])


def bash(
    script: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run lines of shell; whichever part of them fails, they fail."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**ENVIRONMENT, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, (script, result.stderr[-3000:])
    return result


def parse(text: str) -> t.Any:
    """JSON with all the digits of its numbers."""
    return json.loads(text, parse_float=Decimal)


def environment(name: str) -> Path:
    """The virtual environment of a consumer, made anew when its requirements have changed."""
    folder = ROOT / ".venv-integration" / name
    requirements = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    installed = folder / "installed"
    if not installed.exists() or installed.read_text("utf-8") != requirements:
        pip = f"{folder}/bin/python -m pip install --quiet --requirement {name}.txt"
        bash(f"{sys.executable} -m venv --clear {folder}; {pip}", REQUIREMENTS)
        installed.write_text(requirements, "utf-8")
    return folder


class Target:
    """A section of the page: it is set up and run by its lines; a subclass knows its tables."""

    heading: str
    #: Its environment, named like the file of its requirements.
    name: str
    #: Kinds of columns and the types that they have in a table, as patterns.
    types: t.ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / self.name).symlink_to(environment(self.name))

    def set_up(self) -> None:
        """Write its configuration; it is installed already."""
        install, configure = blocks(self.heading)[0].split("\n", 1)
        assert install.startswith(f"python3 -m venv {self.name} && {self.name}/bin/pip install ")
        bash(configure, self.folder)

    def load(self) -> str:
        """Load, and return what the tap wrote."""
        script = blocks(self.heading)[1]
        bash(script.replace("| ", "| tee read.singer | ", 1), self.folder)
        return (self.folder / "read.singer").read_text("utf-8")

    def rows(self, stream: str) -> list[Row]:
        """The rows of a table."""
        raise NotImplementedError

    def columns(self, stream: str) -> dict[str, str]:
        """The columns of a table and their types."""
        raise NotImplementedError


class JsonLines(Target):
    """A file for each stream, to which each load appends."""

    heading, name = "JSON Lines", "jsonl"

    def rows(self, stream: str) -> list[Row]:
        """The last row of each key."""
        keys = next(
            message["key_properties"]
            for message in map(parse, (self.folder / "read.singer").read_text("utf-8").split("\n"))
            if message["type"] == "SCHEMA" and message["stream"] == stream
        )
        lines = (self.folder / "rows" / f"{stream}.jsonl").read_text("utf-8").split("\n")
        rows = map(parse, lines[:-1])
        return [*{tuple(row[key] for key in keys): row for row in rows}.values()]


class DuckDB(Target):
    """A database in a file."""

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
found = duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2])
names = [column[0] for column in found.description]
print(json.dumps([dict(zip(names, row)) for row in found.fetchall()], default=str))
"""

    def query(self, sql: str) -> list[Row]:
        """What the target's own version of DuckDB answers."""
        command = [f"{self.name}/bin/python", "-c", self.QUERY, "tiktok.duckdb", sql]
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=True
        )
        return t.cast("list[Row]", parse(result.stdout))

    def rows(self, stream: str) -> list[Row]:
        return self.query(f"select * from {self.table.format(stream)}")

    def columns(self, stream: str) -> dict[str, str]:
        found = self.query(f"describe select * from {self.table.format(stream)}")
        return {column["column_name"]: column["column_type"] for column in found}


class Parquet(DuckDB):
    """Files that DuckDB copies its tables to."""

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
    """A database of a server."""

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
        """What the server answers."""
        return query_postgres(self.server, sql)

    def rows(self, stream: str) -> list[Row]:
        return self.query(f"select * from tiktok_ads.{stream}")

    def columns(self, stream: str) -> dict[str, str]:
        found = self.query(
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = 'tiktok_ads' and table_name = '{stream}'"
        )
        return {column["column_name"]: column["data_type"] for column in found}


def query_postgres(server: Server, sql: str) -> list[Row]:
    """The rows that a server answers, as psql has them."""
    address = [f"--{name}={server[name]}" for name in ("host", "port")]
    result = subprocess.run(
        [
            *(server["psql"], *address, f"--username={server['user']}", "--no-align"),
            *("--tuples-only", f"--dbname={server['database']}"),
            f"--command=select coalesce(json_agg(found), '[]') from ({sql}) as found",
        ],
        env={**os.environ, "PGPASSWORD": server["password"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return t.cast("list[Row]", parse(result.stdout))


def kind(column: Mapping[str, t.Any]) -> str:
    """What a column of a schema holds: its format if that is a date or a date-time, or its type."""
    if column.get("format") in {"date", "date-time"}:
        return str(column["format"])
    types = column["type"] if isinstance(column["type"], list) else [column["type"]]
    return str(next(one for one in types if one != "null"))


def plain(value: t.Any, column_kind: str) -> t.Any:
    """A value in one form, whichever target or tap it comes from; empty text counts as null."""
    if value is None or value == "":
        return None
    if column_kind == "number":
        return Decimal(str(value))
    if column_kind == "date-time":
        moment = pendulum.parse(str(value))
        assert isinstance(moment, pendulum.DateTime)
        return moment
    if column_kind in {"array", "object"} and isinstance(value, str):
        return parse(value)
    return value
