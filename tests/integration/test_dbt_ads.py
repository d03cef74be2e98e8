"""The dbt models `ads_resolved` and `ad_links`, compared with the records of the tap."""

from __future__ import annotations

import typing as t

import pytest

from .dbt_support import Row, Warehouse, load, load_postgres, run_dbt
from .expected_ads import COLUMNS, LISTS, UTM, expected_ads, expected_links
from .hand_made_ads import ADVERTISER, LINKS, RECORDS, RESOLVED
from .targets import query_postgres

if t.TYPE_CHECKING:
    from pathlib import Path

    from .targets import Server

SEEDS = (7, 20, 31)
STREAMS = (
    *("campaigns", "ad_groups", "ads", "smart_plus_ads", "spark_ads", "ad_performance_report"),
)
BUILD = ("build", "--select", "+ads_resolved", "--indirect-selection", "buildable")
PASSED = {"success", "pass"}
LINK_COLUMNS = ("advertiser_id", "ad_id", "link_type", "link_index", "url", *UTM)


@pytest.fixture(scope="module", params=SEEDS)
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Return a warehouse in DuckDB with the records of a seed, hand-made records and the models."""
    folder = tmp_path_factory.mktemp("dbt")
    config = {
        "environment": "simulator",
        "start_date": "{now-19}",
        "streams": list(STREAMS),
        "track_deleted": True,
        "simulator": {"seed": request.param, "advertisers": 2, "campaigns": 5, "days": 20},
    }
    result = load(folder, config, RECORDS)
    result.results = result.run_dbt(folder, *BUILD)
    return result


def comparable(rows: t.Iterable[Row], columns: t.Sequence[str]) -> list[Row]:
    """Return sorted rows with sorted lists. The order of texts depends on the database."""
    return sorted(
        (
            {
                name: sorted(row[name]) if name in LISTS and row[name] else row[name]
                for name in columns
            }
            for row in rows
        ),
        key=lambda row: str([row[name] for name in ("advertiser_id", "ad_id", *columns)]),
    )


def check(warehouse: Warehouse, ads: list[Row], links: list[Row]) -> None:
    """Compare the rows of the models with the records and with the expected hand-made rows."""
    keys = [(ad["advertiser_id"], ad["ad_id"]) for ad in ads]
    assert len(set(keys)) == len(keys)
    assert comparable(ads, COLUMNS) == comparable(expected_ads(warehouse.rows), COLUMNS)
    expected = expected_links(warehouse.rows)
    assert comparable(links, LINK_COLUMNS) == comparable(expected, LINK_COLUMNS)
    by_id = {
        ad["ad_id"]: ad for ad in comparable(ads, COLUMNS) if ad["advertiser_id"] == ADVERTISER
    }
    for ad_id, columns in RESOLVED.items():
        assert {name: by_id[ad_id][name] for name in columns} == columns, ad_id
    assert not by_id.keys() & {"41", "42", "43", "44", "99"}
    assert {
        tuple(row[name] for name in ("link_type", "link_index", "url", "utm_source", "utm_term"))
        for row in links
        if (row["advertiser_id"], row["ad_id"]) == (ADVERTISER, "2e")
    } == LINKS


def test_ads_resolved_equals_records(warehouse: Warehouse) -> None:
    """Each ad has one row with what the records contain, and the tests of dbt pass."""
    assert {*warehouse.results.values()} <= {*PASSED, "warn"}
    assert sum(name.startswith("test.") for name in warehouse.results) > 10
    check(
        warehouse,
        warehouse.select("analytics.ads_resolved", COLUMNS),
        warehouse.select("analytics.ad_links", LINK_COLUMNS),
    )


def test_ads_resolved_equals_records_in_postgres(
    warehouse: Warehouse, postgres: Server, tmp_path: Path
) -> None:
    """The rows in Postgres equal the rows in DuckDB."""
    folder = warehouse.path.parent
    database = folder.name
    messages = folder / "messages.jsonl"
    variables = load_postgres(messages, postgres, database, tmp_path)
    results = run_dbt(tmp_path, *BUILD, target="postgres", **variables)
    assert {*results.values()} <= {*PASSED, "warn"}
    server = {**postgres, "database": database}
    check(
        warehouse,
        query_postgres(server, "select * from analytics.ads_resolved"),
        query_postgres(server, "select * from analytics.ad_links"),
    )


def test_appended_rows_do_not_double_ads(warehouse: Warehouse, tmp_path: Path) -> None:
    """In tables with earlier versions of rows, the newest version counts."""
    copy = warehouse.copy(tmp_path)
    for table, column in (
        *(("ads", "ad_name"), ("smart_plus_ads", "ad_name")),
        *(("campaigns", "campaign_name"), ("ad_groups", "adgroup_name")),
    ):
        copy.query(
            f"create or replace table tiktok_ads.{table} as"
            f" select * replace ('before' as {column}, timestamp '2020-01-01' as modify_time)"
            f" from tiktok_ads.{table} where modify_time is not null"
            f" union all select * from tiktok_ads.{table} union all"
            f" select * replace ('loaded before' as {column},"
            " _sdc_batched_at - interval 1 hour as _sdc_batched_at)"
            f" from tiktok_ads.{table}"
        )
    copy.run_dbt(tmp_path, "run", "--select", "ads_resolved", "ad_links")
    check(
        warehouse,
        copy.select("analytics.ads_resolved", COLUMNS),
        copy.select("analytics.ad_links", LINK_COLUMNS),
    )
