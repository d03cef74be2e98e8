"""Tests of the records that each record filter selects."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.extract.deduplication import KeyedFilter, RecordFilter, ReportFilter
from tap_tiktok_ads.extract.pages import Page, Record
from tap_tiktok_ads.extract.task_groups import TaskGroup


def selected_ids(
    record_filter: RecordFilter, group: TaskGroup, records: list[Record]
) -> list[object]:
    """Return the ids of the records that a filter selects."""
    page = Page(records, len(records), [record_filter.fingerprint(record) for record in records])
    return [
        record["id"]
        for record in record_filter.select(page, group).records
        if isinstance(record, dict)
    ]


@pytest.mark.parametrize(
    ("start", "changed_at", "listed", "is_selected"),
    [
        pytest.param(None, "2026-01-01", None, True, id="no bookmark"),
        pytest.param("2026-01-02", "2026-01-01", None, False, id="unchanged"),
        pytest.param("2026-01-02", "2026-01-02", None, True, id="equal to the bookmark"),
        pytest.param("2026-01-02", None, None, True, id="without time"),
        pytest.param("2026-01-02", "2026-01-01", {("a",)}, False, id="listed before"),
        pytest.param("2026-01-02", "2026-01-01", set(), True, id="not listed before"),
    ],
)
def test_unchanged_listed_object_is_dropped(
    start: str | None, changed_at: str | None, listed: set[tuple[str]] | None, is_selected: bool
) -> None:
    """An object is dropped only if it is unchanged and was listed in the previous run."""
    record_filter = KeyedFilter(
        "ads", ["id"], "time", starts={None: start}, listed_keys=lambda _: listed
    )
    selected = selected_ids(record_filter, TaskGroup(None, None), [{"id": "a", "time": changed_at}])
    assert selected == (["a"] if is_selected else [])


@pytest.mark.parametrize(
    "record_filter", [KeyedFilter("ads", ["id"], "", starts={}), ReportFilter(["id"])]
)
@pytest.mark.parametrize(
    ("pages", "expected", "repeated"),
    [
        pytest.param(["ab", "c"], "abc", 0, id="distinct"),
        pytest.param(["aab"], "ab", 1, id="same page"),
        pytest.param(["ab", "bc"], "abc", 1, id="another page"),
    ],
)
def test_repeated_record_is_dropped_and_counted(
    record_filter: RecordFilter, pages: list[str], expected: str, repeated: int
) -> None:
    """A repeated record is dropped and counted."""
    group = TaskGroup(None, None)
    selected = [
        name
        for ids in pages
        for name in selected_ids(record_filter, group, [{"id": n} for n in ids])
    ]
    assert selected == list(expected)
    assert group.repeated == repeated


@pytest.mark.parametrize("times", [["2026", 5], [5]])
def test_incomparable_values_raise_error(times: list[object]) -> None:
    """Incomparable values raise an error that names the stream and columns."""
    record_filter = KeyedFilter("ads", ["id"], "time", starts={None: "2026"})
    records = [{"id": str(n), "time": value} for n, value in enumerate(times)]
    with pytest.raises(ResponseError, match="Keys of ads have values of several types"):
        selected_ids(record_filter, TaskGroup(None, None), records)
