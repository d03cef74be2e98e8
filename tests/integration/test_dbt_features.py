"""Freshness, incremental models, Postgres and installation of the dbt project."""

from __future__ import annotations

import json
import typing as t

import psycopg
import pytest
import yaml
from pages import blocks_of

from .dbt_support import PROJECT, Warehouse, load, run_checked, run_dbt
from .targets import ROOT, environment, query_postgres
from .test_dbt import CONFIG, spend_by

if t.TYPE_CHECKING:
    from pathlib import Path

    from .targets import Server

REPORT = "tiktok_ads.ad_performance_report"
#: Number of tables whose freshness is checked.
FRESH_TABLES = 4
PASSED = {"success", "pass"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Return a warehouse in DuckDB with loaded streams and built models."""
    folder = tmp_path_factory.mktemp("dbt")
    result = load(folder, CONFIG)
    result.build(folder)
    return result


def test_freshness_follows_the_time_of_the_load(built: Warehouse, tmp_path: Path) -> None:
    """Freshness passes after a load, and fails if the last load is four days old."""
    warehouse = built.copy(tmp_path)
    statuses = warehouse.run_dbt(tmp_path, "source", "freshness")
    assert [*statuses.values()] == ["pass"] * FRESH_TABLES
    warehouse.query(f"update {REPORT} set _sdc_batched_at = _sdc_batched_at - interval 4 day")
    statuses = warehouse.run_dbt(tmp_path, "source", "freshness", exit_code=1)
    late = [name for name, status in statuses.items() if status != "pass"]
    assert late == ["source.tap_tiktok_ads.tap_tiktok_ads.ad_performance_report"]


def test_incremental_build_reads_new_loads_only(built: Warehouse, tmp_path: Path) -> None:
    """A second build replaces the rows of the last day of loads, and reads no older rows."""
    warehouse = built.copy(tmp_path)
    key = "(ad_id, stat_time_day)"
    [[new_ad, day], [old_ad, _]] = warehouse.query(
        f"select ad_id, stat_time_day from {REPORT} order by stat_time_day desc, ad_id limit 2"
    )
    warehouse.query(f"update {REPORT} set spend = 111 where {key} = ('{new_ad}', '{day}')")
    warehouse.query(
        f"update {REPORT} set spend = 222, _sdc_batched_at = _sdc_batched_at - interval 4 day"
        f" where {key} = ('{old_ad}', '{day}')"
    )
    [[count]] = warehouse.query("select count(*) from analytics.stg_ad_report")
    warehouse.run_dbt(tmp_path, "run", "--select", "stg_ad_report")
    rows = dict(
        warehouse.query(
            f"select ad_id, spend::int from analytics.stg_ad_report where date_day = '{day}'"
        )
    )
    assert rows[new_ad] == 111
    assert rows[old_ad] != 222
    assert warehouse.query("select count(*) from analytics.stg_ad_report") == [[count]]


def test_build_without_metadata_columns_reads_all_rows(built: Warehouse, tmp_path: Path) -> None:
    """Without the column of the load, a second build reads all rows."""
    warehouse = built.copy(tmp_path)
    warehouse.query(
        f"create or replace table {REPORT} as"
        f" select * exclude (_sdc_batched_at) replace (111 as spend) from {REPORT}"
    )
    warehouse.run_dbt(tmp_path, "run", "--select", "stg_ad_report")
    assert warehouse.query("select distinct spend::int from analytics.stg_ad_report") == [[111]]


def test_models_build_in_postgres(built: Warehouse, postgres: Server, tmp_path: Path) -> None:
    """Two builds succeed in Postgres, and spend equals the records of the tap."""
    server: dict[str, t.Any] = {**postgres, "database": "dbt"}
    login = {name: server[name] for name in ("host", "port", "user", "password")}
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as connection:
        connection.execute("create database dbt")
    settings = json.loads((PROJECT / "target-postgres.json").read_text("utf-8"))
    config = tmp_path / "target.json"
    config.write_text(json.dumps({**settings, **login, "database": "dbt"}), "utf-8")
    target = environment("postgres") / "bin" / "target-postgres"
    with (built.path.parent / "messages.jsonl").open(encoding="utf-8") as messages:
        run_checked([target, "--config", config], stdin=messages)
    variables = {
        "PGHOST": login["host"],
        "PGPORT": str(login["port"]),
        "PGUSER": login["user"],
        "PGPASSWORD": login["password"],
        "PGDATABASE": "dbt",
    }
    for _ in range(2):
        results = run_dbt(tmp_path, "build", target="postgres", **variables)
        assert set(results.values()) == PASSED
    statuses = run_dbt(tmp_path, "source", "freshness", target="postgres", **variables)
    assert [*statuses.values()] == ["pass"] * FRESH_TABLES
    rows = query_postgres(
        server,
        "select advertiser_id, date_day, sum(spend) as spend"
        " from analytics.spend_by_day_and_campaign group by 1, 2",
    )
    spend = {(row["advertiser_id"], row["date_day"]): row["spend"] for row in rows}
    report = built.rows["campaign_performance_report"]
    assert spend == spend_by(report, "advertiser_id", "stat_time_day")


def documented_packages(source: str, address: str) -> str:
    """Return the documented `packages.yml` of a source, `git` or `local`, with its address."""
    for block in blocks_of(PROJECT / "README.md"):
        packages = yaml.safe_load(block.text) if block.language == "yaml" else {}
        if source in packages.get("packages", [{}])[0]:
            packages["packages"][0][source] = address
            return yaml.safe_dump(packages)
    raise LookupError(source)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a bare clone of the repository, whose branch `main` is the tested commit."""
    folder = tmp_path / "clone.git"
    run_checked(["git", "clone", "--quiet", "--bare", ROOT, folder])
    run_checked(["git", "-C", folder, "update-ref", "refs/heads/main", "HEAD"])
    return folder


@pytest.mark.parametrize("source", ["git", "local"])
def test_other_project_installs_the_models(
    source: str, clone: Path, built: Warehouse, tmp_path: Path
) -> None:
    """A project with the documented `packages.yml` builds a model on the models of the package."""
    address = clone.as_uri() if source == "git" else str(PROJECT)
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "packages.yml").write_text(documented_packages(source, address), "utf-8")
    content = {"name": "own", "version": "1.0", "profile": "tap_tiktok_ads"}
    (project / "dbt_project.yml").write_text(yaml.safe_dump(content), "utf-8")
    (project / "models" / "spend.sql").write_text(
        "select date_day, sum(spend) as spend from"
        " {{ ref('tap_tiktok_ads', 'spend_by_day_and_campaign') }} group by 1",
        "utf-8",
    )
    warehouse = built.copy(tmp_path)
    warehouse.run_dbt(tmp_path, "deps", project=project)
    results = warehouse.run_dbt(tmp_path, "build", project=project)
    assert set(results.values()) == PASSED
    assert results["model.own.spend"] == "success"
    [[total]] = warehouse.query("select sum(spend) from analytics.spend")
    [[expected]] = warehouse.query("select sum(spend) from analytics.spend_by_day_and_campaign")
    assert total == expected
