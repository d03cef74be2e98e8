"""The Meltano project: loads, commands, selection, a job and a schedule."""

from __future__ import annotations

import collections
import json
import re
import shutil
import typing as t

import pytest
import yaml
from conftest import SMALL
from generated import package_source
from pages import PAGES, blocks_of

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.streams import STREAMS

from .targets import ENVIRONMENT, ROOT, Server, bash, blocks, environment, query_postgres
from .test_targets import DEFAULT

if t.TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

SMALL_SELECTION = {
    "TAP_TIKTOK_ADS__SELECT": json.dumps(["campaigns.*", "campaign_performance_report.*"])
}


class Project:
    """A copy of the project that runs Meltano."""

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
        """Run a shell script in the project."""
        return bash(script, self.folder, {**self.environment, **environment})

    def object_count(self, stream: str) -> int:
        """Return the number of objects of a stream in the simulator."""
        world = self.sim.world
        return world.expected("2026-01-01", "2026-01-01", include_top_view=True)[stream]

    def take_rows(self) -> dict[str, list[dict[str, t.Any]]]:
        """Return and remove the rows that target-jsonl wrote."""
        rows = collections.defaultdict(list)
        for file in (self.folder / "output").glob("*.jsonl"):
            lines = file.read_text("utf-8").split("\n")
            rows[file.stem] = [json.loads(line) for line in lines[:-1]]
            file.unlink()
        return rows


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Yield the project with installed plugins and a simulator."""
    folder = tmp_path_factory.mktemp("meltano") / "project"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "output", "demo", "dist", "site")
    shutil.copytree(ROOT, folder, ignore=ignored)
    with Simulator(SMALL) as sim:
        copy = Project(folder, environment("meltano"), sim)
        copy.run("meltano install")
        yield copy


def test_second_run_loads_less(project: Project) -> None:
    """The first run loads the default streams. The second run loads only changes."""
    project.run("meltano run tap-tiktok-ads target-jsonl")
    first = project.take_rows()
    assert first.keys() == DEFAULT
    project.run("meltano run tap-tiktok-ads target-jsonl")
    second = project.take_rows()
    assert 0 < sum(map(len, second.values())) < sum(map(len, first.values()))
    project.run("meltano run --full-refresh tap-tiktok-ads target-jsonl")
    assert {name: len(rows) for name, rows in project.take_rows().items()} == {
        name: len(rows) for name, rows in first.items()
    }


def test_state_is_kept_by_backend(project: Project) -> None:
    """Meltano keeps bookmarks in its state backend. A new backend is empty."""
    load = "meltano run tap-tiktok-ads target-jsonl"
    backend = {"MELTANO_STATE_BACKEND_URI": f"file://{project.folder}/states", **SMALL_SELECTION}
    counts = []
    for _ in range(2):
        project.run(load, **backend)
        counts.append(len(project.take_rows()["campaign_performance_report"]))
    assert 0 < counts[1] < counts[0]
    (name,) = project.run("meltano state list", **backend).stdout.split()
    assert name == "simulator:tap-tiktok-ads-to-target-jsonl"
    state = json.loads(project.run(f"meltano state get {name}", **backend).stdout)
    assert "campaign_performance_report" in state["singer_state"]["bookmarks"]


def test_commands_use_meltano_settings(project: Project) -> None:
    """The documented commands use the settings of Meltano."""
    (advertiser, other) = project.sim.world.advertiser_ids
    settings = {"TAP_TIKTOK_ADS_ADVERTISER_IDS": json.dumps([advertiser])}
    script = next(block for block in blocks("Meltano") if "meltano invoke" in block)
    for line in script.strip().split("\n"):
        request_count = len(project.sim.requests)
        output = project.run(line, **settings).stdout
        assert advertiser in output, line
        assert other not in output, line
        advertisers = {request.advertiser_id for request in project.sim.requests[request_count:]}
        assert advertisers <= {advertiser, None}
    plan = project.run("meltano invoke tap-tiktok-ads:plan --json").stdout
    assert {partition["advertiser_id"] for partition in json.loads(plan)["parts"]} >= {
        advertiser,
        other,
    }


def test_excluded_column_and_stream_are_not_loaded(project: Project) -> None:
    """A column and a stream that the documented commands exclude are not loaded."""
    file = project.folder / "meltano.yml"
    original = file.read_text("utf-8")
    script = next(block for block in blocks("Meltano") if "--exclude" in block)
    try:
        project.run(script)
        project.run("meltano run --full-refresh tap-tiktok-ads target-jsonl")
    finally:
        file.write_text(original, "utf-8")
    rows = project.take_rows()
    assert rows.keys() == DEFAULT - {"pixels"}
    assert all("po_number" not in row for row in rows["campaigns"])
    assert all("campaign_name" in row for row in rows["campaigns"])


def project_file() -> str:
    """Return the documented `meltano.yml` of a project of one's own."""
    blocks = (block for page in PAGES for block in blocks_of(page))
    return next(block.text for block in blocks if block.file == "meltano.yml")


def test_documented_project_file_loads_default_streams(project: Project) -> None:
    """A project with the documented `meltano.yml` loads the default streams."""
    folder = project.folder.parent / "own"
    (folder / "output").mkdir(parents=True)
    content = project_file().replace(package_source(), str(project.folder))
    (folder / "meltano.yml").write_text(content, "utf-8")
    own = Project(folder, environment("meltano"), project.sim)
    own.run("meltano install && meltano run tap-tiktok-ads target-jsonl")
    assert own.take_rows().keys() == DEFAULT


def test_select_of_added_definition_is_lost(project: Project) -> None:
    """Meltano drops `select` of a definition that it adds, so that all streams are selected.

    With the documented `select`, the default streams are selected.
    """
    bash("meltano init added --no-usage-stats", project.folder.parent, project.environment)
    added = Project(project.folder.parent / "added", environment("meltano"), project.sim)
    definition = project.folder / "plugins" / "extractors" / "tap-tiktok-ads.yml"
    added.run(f"meltano add --no-install --from-ref {definition} tap-tiktok-ads")
    file = added.folder / "meltano.yml"
    content = file.read_text("utf-8").replace(package_source(), str(project.folder))
    assert "select:" not in content
    file.write_text(content, "utf-8")
    added.run("meltano install")
    selected = r"\[(?:selected|automatic) *\] (\w+)\."
    show = "meltano select tap-tiktok-ads --list"
    assert len(set(re.findall(selected, added.run(show).stdout))) == len(STREAMS)
    rules = yaml.safe_load(project_file())["plugins"]["extractors"][0]["select"]
    file.write_text(f"{content.rstrip()}\n    select: {json.dumps(rules)}\n", "utf-8")
    assert set(re.findall(selected, added.run(show).stdout)) == DEFAULT


def test_job_and_schedule_load_streams(project: Project) -> None:
    """The job and the schedule of the project load their streams."""
    project.run("meltano run --full-refresh load", **SMALL_SELECTION)
    assert project.take_rows().keys() == {"campaigns", "campaign_performance_report"}
    project.run("meltano schedule run daily", **SMALL_SELECTION)
    assert project.take_rows().keys() == {"campaigns", "campaign_performance_report"}
    assert "daily" in project.run("meltano schedule list").stdout


def test_target_duckdb_keeps_one_row_per_key(project: Project) -> None:
    """The loader target-duckdb keeps one row for each key."""
    script = (
        "import duckdb; database = duckdb.connect('tiktok.duckdb', read_only=True); "
        "print(database.execute('select count(*), count(distinct campaign_id) "
        "from tiktok_ads.campaigns').fetchall())"
    )
    campaigns = project.object_count("campaigns")
    for _ in range(2):
        project.run("meltano run --full-refresh tap-tiktok-ads target-duckdb", **SMALL_SELECTION)
        output = bash(f'{environment("duckdb")}/bin/python -c "{script}"', project.folder).stdout
        assert output.strip() == f"[({campaigns}, {campaigns})]"


def test_target_postgres_keeps_one_row_per_key(project: Project, postgres: Server) -> None:
    """The loader target-postgres keeps one row for each key."""
    settings = {
        f"TARGET_POSTGRES_{name.upper()}": str(postgres[name])
        for name in ("host", "port", "user", "password", "database")
    }
    schema = {"TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "by_meltano"}
    campaigns = project.object_count("campaigns")
    for _ in range(2):
        project.run(
            "meltano run --full-refresh tap-tiktok-ads target-postgres",
            **SMALL_SELECTION,
            **settings,
            **schema,
        )
        (row,) = query_postgres(postgres, "select count(*) as rows from by_meltano.campaigns")
        assert row["rows"] == campaigns


def test_shards_run_in_parallel(project: Project, postgres: Server) -> None:
    """Four extractors of `examples/meltano` load at the same time, each row once.

    Their states can be merged and split for another number of shards.
    """
    settings = {
        f"TARGET_POSTGRES_{name.upper()}": str(postgres[name])
        for name in ("host", "port", "user", "password", "database")
    }
    environment = {
        **SMALL_SELECTION,
        **settings,
        "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "by_shards",
        "TAP_TIKTOK_ADS_SHARED_BUDGET": f"sqlite:///{project.folder}/budget.sqlite",
    }
    file = project.folder / "meltano.yml"
    original = file.read_text("utf-8")
    page = (ROOT / "examples" / "meltano" / "README.md").read_text("utf-8")
    include, *scripts = re.findall(r"(?s)```(?:yaml|sh)\n(.*?)```", page)
    file.write_text(f"{original}\n{include}", "utf-8")
    try:
        for script in scripts:
            project.run(script, **environment)
        names = project.run("meltano state list").stdout.split()
    finally:
        file.write_text(original, "utf-8")
    assert "simulator:tap-tiktok-ads--shard8-to-target-postgres:8-of-8" in names
    (row,) = query_postgres(postgres, "select count(*) as rows from by_shards.campaigns")
    assert row["rows"] == project.object_count("campaigns")
