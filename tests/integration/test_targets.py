"""Tables hold what TikTok says: one row for each key, with its last values, typed."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import pytest

from tap_tiktok_ads.extract.deletions import DELETED_AT
from tap_tiktok_ads.streams import STREAMS

from .targets import PAGE, REQUIREMENTS, DuckDB, JsonLines, Postgres, kind, plain

if t.TYPE_CHECKING:
    from .conftest import Story

DEFAULT = {stream.name for stream in STREAMS if stream.selected_by_default}
REPORT = "ad_performance_report"


@pytest.mark.parametrize("name", ["jsonl", "duckdb", "postgres", "meltano"])
def test_the_page_names_the_versions(name: str) -> None:
    """What the page tells to install is what runs here."""
    page = PAGE.read_text("utf-8")
    file = REQUIREMENTS / f"{name}.txt"
    assert all(line in page for line in file.read_text("utf-8").splitlines())


def test_all_default_streams(story: Story) -> None:
    """Each default stream has a table with rows."""
    assert story.loads[0].schemas.keys() == DEFAULT
    assert all(story.counts[0].values()), story.counts[0]


def test_later_loads_read_less(story: Story) -> None:
    """The second load reads fewer rows, and tables stay as they are."""
    first, second, _ = (sum(map(len, load.records.values())) for load in story.loads)
    assert 0 < second < first
    assert story.counts[1] == story.counts[0]


def test_one_row_for_each_key(story: Story) -> None:
    """Keys are those of a run without state, and those of what is gone."""
    _, _, pixel = story.changed
    for stream, schema in story.fresh.schemas.items():
        kinds = {name: kind(column) for name, column in schema["schema"]["properties"].items()}
        rows = story.tables[stream]
        found = [
            tuple(plain(row[key], kinds[key]) for key in schema["key_properties"]) for row in rows
        ]
        expected = story.fresh.keyed(stream).keys()
        assert len(found) == len(set(found))
        gone = set(found) - expected
        assert {key[1] for key in gone} == ({pixel} if stream == "pixels" else set()), stream
        assert expected <= set(found)


def test_values(story: Story) -> None:
    """Values are those of a run without state, but a new name in rows that did not come again."""
    for stream, schema in story.fresh.schemas.items():
        kinds = {name: kind(column) for name, column in schema["schema"]["properties"].items()}
        rows = {
            tuple(row[key] for key in schema["key_properties"]): row for row in story.tables[stream]
        }
        again = story.loads[2].keyed(stream) if stream != "campaigns" else story.fresh.keyed(stream)
        for key, expected in story.fresh.keyed(stream).items():
            row = rows[key]
            told = expected.keys() - (set() if key in again else {"campaign_name"})
            differing = {
                name: (row.get(name), expected[name])
                for name in told
                if plain(row.get(name), kinds[name]) != plain(expected[name], kinds[name])
            }
            assert not differing, (stream, key)


def test_changes(story: Story) -> None:
    """A renamed campaign, a deleted ad, a pixel that is gone, and conversions that came late."""
    campaign, ad, pixel = story.changed
    rows = {
        stream: {row[key]: row for row in story.tables[stream]}
        for stream, key in (("campaigns", "campaign_id"), ("ads", "ad_id"), ("pixels", "pixel_id"))
    }
    assert rows["campaigns"][campaign]["campaign_name"] == "Renamed"
    assert rows["ads"][ad]["operation_status"] != "ENABLE"
    assert "DELETE" in rows["ads"][ad]["secondary_status"]
    names = {row["campaign_name"] for row in story.tables[REPORT] if row["campaign_id"] == campaign}
    assert len(names) == 2, "days that were not read again keep the name that they had"
    assert [key for key, row in rows["pixels"].items() if row[DELETED_AT]] == [pixel]
    assert [key for key, row in rows["pixels"].items() if row["pixel_name"] is None] == [pixel]
    conversions = [
        sum(row["conversion"] for row in load.keyed(REPORT).values())
        for load in (story.loads[0], story.fresh)
    ]
    assert conversions[0] < conversions[1]
    assert sum(int(row["conversion"]) for row in story.tables[REPORT]) == conversions[1]


def test_types(story: Story) -> None:
    """Numbers are numeric columns, days dates or text that is one, date-times timestamps."""
    if isinstance(story.target, JsonLines):
        pytest.skip("A file has no types.")
    for stream, schema in story.fresh.schemas.items():
        types = story.target.columns(stream)
        properties = schema["schema"]["properties"]
        assert types.keys() == properties.keys()
        for name, column in properties.items():
            expected = story.target.types[kind(column)]
            assert re.fullmatch(expected, types[name]), (stream, name, types[name])
        for row in story.tables[stream] if "stat_time_day" in properties else ():
            dt.date.fromisoformat(row["stat_time_day"])


def test_money(story: Story) -> None:
    """The sum of spend is the decimal one, in Postgres without any cast."""
    if isinstance(story.target, Postgres):
        spend = "spend"
    elif isinstance(story.target, DuckDB):
        spend = "cast(spend as decimal(18, 4))"
    else:
        pytest.skip("A file sums nothing up.")
    table = getattr(story.target, "table", "tiktok_ads.{}").format(REPORT)
    (row,) = story.target.query(f"select sum({spend})::text as total from {table}")
    expected = sum(plain(row["spend"], "number") for row in story.fresh.records[REPORT])
    assert plain(row["total"], "number") == expected > 0
