"""Tables in targets: one typed row per key with the last values."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import pytest

from tap_tiktok_ads.extract.deletions import DELETED_AT
from tap_tiktok_ads.streams import STREAMS

from .targets import PAGE, REQUIREMENTS, DuckDB, JsonLines, Postgres, column_kind, normalize_value

if t.TYPE_CHECKING:
    from .conftest import LoadHistory

DEFAULT = {stream.name for stream in STREAMS if stream.selected_by_default}
REPORT = "ad_performance_report"


@pytest.mark.parametrize("name", ["jsonl", "duckdb", "postgres", "meltano"])
def test_docs_name_tested_versions(name: str) -> None:
    """`docs/loading.md` installs the versions that these tests run."""
    page = PAGE.read_text("utf-8")
    file = REQUIREMENTS / f"{name}.txt"
    assert all(line in page for line in file.read_text("utf-8").splitlines())


def test_each_default_stream_has_rows(history: LoadHistory) -> None:
    """Each default stream has a table with rows."""
    assert history.loads[0].schemas.keys() == DEFAULT
    assert all(history.counts[0].values()), history.counts[0]


def test_second_load_reads_less(history: LoadHistory) -> None:
    """The second load reads fewer records, and the row counts stay equal."""
    first, second, _ = (sum(map(len, load.records.values())) for load in history.loads)
    assert 0 < second < first
    assert history.counts[1] == history.counts[0]


def test_table_has_one_row_per_key(history: LoadHistory) -> None:
    """A table has the keys of a full sync and of deleted pixels, once each."""
    _, _, pixel = history.changed_ids
    for stream, schema in history.full_sync.schemas.items():
        kinds = {
            name: column_kind(column) for name, column in schema["schema"]["properties"].items()
        }
        rows = history.tables[stream]
        keys = [
            tuple(normalize_value(row[key], kinds[key]) for key in schema["key_properties"])
            for row in rows
        ]
        expected = history.full_sync.keyed(stream).keys()
        assert len(keys) == len(set(keys))
        deleted = set(keys) - expected
        assert {key[1] for key in deleted} == ({pixel} if stream == "pixels" else set()), stream
        assert expected <= set(keys)


def test_values_equal_full_sync(history: LoadHistory) -> None:
    """Values equal a full sync, except a new campaign name in rows that were not re-read."""
    for stream, schema in history.full_sync.schemas.items():
        kinds = {
            name: column_kind(column) for name, column in schema["schema"]["properties"].items()
        }
        rows = {
            tuple(row[key] for key in schema["key_properties"]): row
            for row in history.tables[stream]
        }
        re_read = (
            history.loads[2].keyed(stream)
            if stream != "campaigns"
            else history.full_sync.keyed(stream)
        )
        for key, expected in history.full_sync.keyed(stream).items():
            row = rows[key]
            names = expected.keys() - (set() if key in re_read else {"campaign_name"})
            differing = {
                name: (row.get(name), expected[name])
                for name in names
                if normalize_value(row.get(name), kinds[name])
                != normalize_value(expected[name], kinds[name])
            }
            assert not differing, (stream, key)


def test_changes_are_loaded(history: LoadHistory) -> None:
    """Tables have a renamed campaign, a deleted ad and pixel, and late conversions."""
    campaign, ad, pixel = history.changed_ids
    rows = {
        stream: {row[key]: row for row in history.tables[stream]}
        for stream, key in (("campaigns", "campaign_id"), ("ads", "ad_id"), ("pixels", "pixel_id"))
    }
    assert rows["campaigns"][campaign]["campaign_name"] == "Renamed"
    assert rows["ads"][ad]["operation_status"] != "ENABLE"
    assert "DELETE" in rows["ads"][ad]["secondary_status"]
    names = {
        row["campaign_name"] for row in history.tables[REPORT] if row["campaign_id"] == campaign
    }
    assert len(names) == 2, "days that are not re-read keep the previous name"
    assert [key for key, row in rows["pixels"].items() if row[DELETED_AT]] == [pixel]
    assert [key for key, row in rows["pixels"].items() if row["pixel_name"] is None] == [pixel]
    conversions = [
        sum(row["conversion"] for row in load.keyed(REPORT).values())
        for load in (history.loads[0], history.full_sync)
    ]
    assert conversions[0] < conversions[1]
    assert sum(int(row["conversion"]) for row in history.tables[REPORT]) == conversions[1]


def test_columns_have_expected_types(history: LoadHistory) -> None:
    """Numbers, dates and date-times have the column types of the target."""
    if isinstance(history.target, JsonLines):
        pytest.skip("A JSON Lines file has no column types.")
    for stream, schema in history.full_sync.schemas.items():
        types = history.target.columns(stream)
        properties = schema["schema"]["properties"]
        assert types.keys() == properties.keys()
        for name, column in properties.items():
            expected = history.target.types[column_kind(column)]
            assert re.fullmatch(expected, types[name]), (stream, name, types[name])
        for row in history.tables[stream] if "stat_time_day" in properties else ():
            dt.date.fromisoformat(row["stat_time_day"])


def test_sum_of_spend_is_exact(history: LoadHistory) -> None:
    """The sum of spend is exact. Postgres needs no cast."""
    if isinstance(history.target, Postgres):
        spend = "spend"
    elif isinstance(history.target, DuckDB):
        spend = "cast(spend as decimal(18, 4))"
    else:
        pytest.skip("A JSON Lines file has no SQL sum.")
    table = getattr(history.target, "table", "tiktok_ads.{}").format(REPORT)
    (row,) = history.target.query(f"select sum({spend})::text as total from {table}")
    expected = sum(
        normalize_value(row["spend"], "number") for row in history.full_sync.records[REPORT]
    )
    assert normalize_value(row["total"], "number") == expected > 0
