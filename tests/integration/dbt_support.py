"""What the tests of the dbt project need: environments, a loaded warehouse, queries."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

from .targets import ROOT, environment

PROJECT = ROOT / "examples" / "dbt"
#: Made into DuckDB's types, what the package calls each.
FITTING = {
    "numeric": {"BIGINT", "DECIMAL(28,6)"},
    "int": {"BIGINT"},
    "float": {"DOUBLE"},
    "string": {"VARCHAR"},
    "timestamp": {"TIMESTAMP"},
    "other": {"TIMESTAMP", "DATE"},
}
#: Runs a query of stdin on the file that is its argument; its own environment has no DuckDB.
_QUERY = """
import json, sys, duckdb
found = duckdb.connect(sys.argv[1], read_only=True).execute(sys.stdin.read()).fetchall()
json.dump(found, sys.stdout, default=str)
"""

Row: t.TypeAlias = "dict[str, t.Any]"


def checked(command: t.Sequence[str | Path], **options: t.Any) -> str:
    """What a program prints; it must end well."""
    result: subprocess.CompletedProcess[str] = subprocess.run(
        command, check=False, text=True, capture_output=True, **options
    )
    assert result.returncode == 0, (command, result.stdout[-4000:], result.stderr[-4000:])
    return result.stdout


@dataclasses.dataclass
class Warehouse:
    """A DuckDB file that the tap's rows were loaded into and dbt has built models in."""

    path: Path
    #: The tap's own rows by stream, as they are by key.
    rows: dict[str, list[Row]]
    #: What dbt made of each model and test, by its name.
    results: dict[str, str] = dataclasses.field(default_factory=dict)

    def query(self, sql: str) -> list[list[t.Any]]:
        """Rows; what JSON does not know is text."""
        found = checked([environment("dbt") / "bin" / "python", "-c", _QUERY, self.path], input=sql)
        return t.cast("list[list[t.Any]]", json.loads(found))

    def build(self, folder: Path) -> None:
        """Run dbt build."""
        checked(
            [
                *(environment("dbt") / "bin" / "dbt", "--no-send-anonymous-usage-stats"),
                *("build", "--project-dir", PROJECT, "--profiles-dir", PROJECT),
                *("--target-path", folder / "target", "--log-path", folder / "logs"),
            ],
            env={**os.environ, "TIKTOK_ADS_DUCKDB": str(self.path), "DO_NOT_TRACK": "1"},
        )
        done = json.loads((folder / "target" / "run_results.json").read_text("utf-8"))
        self.results = {one["unique_id"]: one["status"] for one in done["results"]}


def rows_by_key(messages: Path) -> dict[str, list[Row]]:
    """The rows of the tap's output, of those with the same key the last."""
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
    return {stream: list(found.values()) for stream, found in rows.items()}


def load(folder: Path, config: dict[str, t.Any]) -> Warehouse:
    """A warehouse of the default streams, by way of the tap and the target as processes."""
    (folder / "tap.json").write_text(json.dumps(config))
    path, messages = folder / "warehouse.duckdb", folder / "messages.jsonl"
    loading = json.loads((PROJECT / "target-duckdb.json").read_text("utf-8"))
    (folder / "target.json").write_text(json.dumps({**loading, "path": str(path)}))
    tap = Path(sys.executable).with_name("tap-tiktok-ads")
    messages.write_text(checked([tap, "--config", folder / "tap.json"]), "utf-8")
    with messages.open(encoding="utf-8") as file:
        target = environment("duckdb") / "bin" / "target-duckdb"
        checked([target, "--config", folder / "target.json"], stdin=file)
    return Warehouse(path, rows_by_key(messages))


def fivetran_tables() -> dict[str, dict[str, str]]:
    """The columns that the package reads, and its types, by table."""
    content = yaml.safe_load((PROJECT / "models/fivetran/_tables.yml").read_text("utf-8"))
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in content["models"]
    }
