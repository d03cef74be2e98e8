"""The project runs by Meltano as it stands: loads, commands, selection, a job and a schedule."""

from __future__ import annotations

import collections
import json
import shutil
import typing as t

import pytest
from conftest import SMALL

from tap_tiktok_ads.simulator import Simulator

from .targets import ENVIRONMENT, ROOT, Server, bash, blocks, environment, query_postgres
from .test_targets import DEFAULT

if t.TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

FEW = {"TAP_TIKTOK_ADS__SELECT": json.dumps(["campaigns.*", "campaign_performance_report.*"])}


class Project:
    """A copy of the project, and Meltano in it."""

    def __init__(self, folder: Path, meltano: Path, sim: Simulator) -> None:
        self.folder = folder
        self.sim = sim
        self.environment = {
            "PATH": f"{meltano / 'bin'}:{ENVIRONMENT['PATH']}",
            "DO_NOT_TRACK": "1",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "TAP_TIKTOK_ADS_API_URL": sim.url,
            "TAP_TIKTOK_ADS_ACCESS_TOKEN": sim.access_token,
            "TAP_TIKTOK_ADS_ADVERTISER_IDS": json.dumps(sim.world.advertiser_ids),
            "TAP_TIKTOK_ADS_START_DATE": "{now-20}",
        }

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run lines of shell in the project."""
        return bash(script, self.folder, {**self.environment, **environment})

    def count(self, stream: str) -> int:
        """How many objects TikTok has."""
        world = self.sim.world
        return world.expected("2026-01-01", "2026-01-01", include_top_view=True)[stream]

    def take(self) -> dict[str, list[dict[str, t.Any]]]:
        """The rows that target-jsonl wrote since the last time."""
        rows = collections.defaultdict(list)
        for file in (self.folder / "output").glob("*.jsonl"):
            lines = file.read_text("utf-8").split("\n")
            rows[file.stem] = [json.loads(line) for line in lines[:-1]]
            file.unlink()
        return rows


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project with its plugins installed, and TikTok simulated outside of it."""
    folder = tmp_path_factory.mktemp("meltano") / "project"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "output", "demo", "dist", "site")
    shutil.copytree(ROOT, folder, ignore=ignored)
    with Simulator(SMALL) as sim:
        copy = Project(folder, environment("meltano"), sim)
        copy.run("meltano install")
        yield copy


def test_runs(project: Project) -> None:
    """The first run loads the default streams and no others, the second one what is new."""
    project.run("meltano run tap-tiktok-ads target-jsonl")
    first = project.take()
    assert first.keys() == DEFAULT
    project.run("meltano run tap-tiktok-ads target-jsonl")
    second = project.take()
    assert 0 < sum(map(len, second.values())) < sum(map(len, first.values()))
    project.run("meltano run --full-refresh tap-tiktok-ads target-jsonl")
    assert {name: len(rows) for name, rows in project.take().items()} == {
        name: len(rows) for name, rows in first.items()
    }


def test_state(project: Project) -> None:
    """Meltano keeps the bookmarks; another place for them is empty at first."""
    load = "meltano run tap-tiktok-ads target-jsonl"
    elsewhere = {"MELTANO_STATE_BACKEND_URI": f"file://{project.folder}/states", **FEW}
    counts = []
    for _ in range(2):
        project.run(load, **elsewhere)
        counts.append(len(project.take()["campaign_performance_report"]))
    assert 0 < counts[1] < counts[0]
    (name,) = project.run("meltano state list", **elsewhere).stdout.split()
    assert name == "simulator:tap-tiktok-ads-to-target-jsonl"
    state = json.loads(project.run(f"meltano state get {name}", **elsewhere).stdout)
    assert "campaign_performance_report" in state["singer_state"]["bookmarks"]


def test_commands(project: Project) -> None:
    """The commands of the page run with the settings that Meltano has."""
    (advertiser, other) = project.sim.world.advertiser_ids
    one = {"TAP_TIKTOK_ADS_ADVERTISER_IDS": json.dumps([advertiser])}
    script = next(block for block in blocks("Meltano") if "meltano invoke" in block)
    for line in script.strip().split("\n"):
        before = len(project.sim.requests)
        output = project.run(line, **one).stdout
        assert advertiser in output, line
        assert other not in output, line
        asked = {request.advertiser_id for request in project.sim.requests[before:]}
        assert asked <= {advertiser, None}
    plan = project.run("meltano invoke tap-tiktok-ads:plan --json").stdout
    assert {part["advertiser_id"] for part in json.loads(plan)["parts"]} >= {advertiser, other}


def test_selection(project: Project) -> None:
    """A column and a stream that the page's lines exclude are not loaded."""
    file = project.folder / "meltano.yml"
    before = file.read_text("utf-8")
    script = next(block for block in blocks("Meltano") if "--exclude" in block)
    try:
        project.run(script)
        project.run("meltano run --full-refresh tap-tiktok-ads target-jsonl")
    finally:
        file.write_text(before, "utf-8")
    rows = project.take()
    assert rows.keys() == DEFAULT - {"pixels"}
    assert all("po_number" not in row for row in rows["campaigns"])
    assert all("campaign_name" in row for row in rows["campaigns"])


def test_job_and_schedule(project: Project) -> None:
    """The job and the schedule of the project load."""
    project.run("meltano run --full-refresh load", **FEW)
    assert project.take().keys() == {"campaigns", "campaign_performance_report"}
    project.run("meltano schedule run daily", **FEW)
    assert project.take().keys() == {"campaigns", "campaign_performance_report"}
    assert "daily" in project.run("meltano schedule list").stdout


def test_duckdb(project: Project) -> None:
    """The loader target-duckdb keeps one row for each key."""
    script = (
        "import duckdb; database = duckdb.connect('tiktok.duckdb', read_only=True); "
        "print(database.execute('select count(*), count(distinct campaign_id) "
        "from tiktok_ads.campaigns').fetchall())"
    )
    campaigns = project.count("campaigns")
    for _ in range(2):
        project.run("meltano run --full-refresh tap-tiktok-ads target-duckdb", **FEW)
        found = bash(f'{environment("duckdb")}/bin/python -c "{script}"', project.folder).stdout
        assert found.strip() == f"[({campaigns}, {campaigns})]"


def test_postgres(project: Project, postgres: Server) -> None:
    """The loader target-postgres keeps one row for each key."""
    settings = {
        f"TARGET_POSTGRES_{name.upper()}": str(postgres[name])
        for name in ("host", "port", "user", "password", "database")
    }
    schema = {"TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "by_meltano"}
    campaigns = project.count("campaigns")
    for _ in range(2):
        project.run(
            "meltano run --full-refresh tap-tiktok-ads target-postgres",
            **FEW,
            **settings,
            **schema,
        )
        (row,) = query_postgres(postgres, "select count(*) as rows from by_meltano.campaigns")
        assert row["rows"] == campaigns
