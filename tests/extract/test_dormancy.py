"""Tests of skipped days and of the windows that remain."""

from __future__ import annotations

import typing as t

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.day_ranges import MAX_RANGES
from tap_tiktok_ads.extract.dormancy import (
    DormancyFacts,
    block_of,
    is_zero,
    needed_windows,
    ordinals,
    window_count,
    window_of,
)
from tap_tiktok_ads.extract.skipped_days import (
    MAX_AGE_DAYS,
    MAX_DUE_DAYS,
    MIN_AGE_DAYS,
    SkippedDays,
)

DAY = pendulum.Date.fromisoformat
TODAY = DAY("2026-11-28")
FIRST = DAY("2026-01-01").toordinal()
days_of_year = st.sets(st.integers(FIRST, FIRST + 364))


@pytest.mark.parametrize("value", [0, 0.0, "0", "0.0", "0.00", "-0.00", "-", "", " ", None])
def test_zero_is_recognized(value: t.Any) -> None:
    """A value of zero, and an absent value, are no delivery."""
    assert is_zero(value)


@pytest.mark.parametrize("value", ["1", "0.001", "-1", False, True, "none", "0%", [], {}, "0e1"])
def test_other_values_are_activity(value: t.Any) -> None:
    """Every other value is delivery, also one that is not readable."""
    assert not is_zero(value)


@given(wanted=days_of_year, width=st.integers(1, 40), length=st.integers(1, 365))
def test_needed_windows_hold_all_wanted_days(wanted: set[int], width: int, length: int) -> None:
    """The windows hold every wanted day of the range, and are never more than without skipping."""
    days = window_of(FIRST, FIRST + length - 1)
    windows = needed_windows([days], wanted, width)
    held = [day for window in windows for day in ordinals(window)]
    assert wanted & ordinals(days) <= set(held) <= ordinals(days)
    assert len(held) == len(set(held))
    assert window_count(windows, width) <= window_count([days], width)


@given(day=st.integers(FIRST, FIRST + 364))
def test_block_holds_its_day(day: int) -> None:
    """Each day is in one block of thirty days, and blocks count back from the last day."""
    last = window_of(FIRST + 364, FIRST + 364).start
    block = block_of(day, last)
    assert day in ordinals(block)
    assert block.days == 30
    assert (last - block.end).days % 30 == 0


def test_facts_need_a_topview_check() -> None:
    """Without the check for TopView campaigns, no day counts as empty."""
    facts = DormancyFacts()
    block = Window(DAY("2026-11-01"), DAY("2026-11-30"))
    facts.add(["7"], block, {})
    assert facts.empty_days("7", ordinals(block)) == set()
    facts.confirm_no_topview("7")
    assert facts.empty_days("7", ordinals(block)) == ordinals(block)
    assert facts.empty_days("7", {block.end.toordinal() + 1}) == set()
    facts.give_up("7")
    assert facts.empty_days("7", ordinals(block)) == set()


@given(probes=st.dictionaries(st.integers(FIRST, FIRST + 90), st.integers(0, 5), max_size=60))
def test_state_keeps_few_intervals(probes: dict[int, int]) -> None:
    """The state has at most ten intervals. No day is added, and no date becomes earlier."""
    last = FIRST + 100
    days = SkippedDays({day: last + date for day, date in probes.items()})
    state = days.to_state()
    assert len(state) <= MAX_RANGES
    restored, damaged = SkippedDays.from_state(state)
    assert damaged == []
    for day, probed_on in restored.probes.items():
        assert probed_on >= days.probes[day]
    intervals = {(day, on) for day, on in days.probes.items()}
    if len(intervals) <= MAX_RANGES:
        assert restored == days


@pytest.mark.parametrize(
    "member",
    [
        None,
        [],
        ["2026-01-01", "2026-01-02"],
        ["2026-01-02", "2026-01-01", "2026-02-01"],
        ["2026-01-01", "2026-01-02", "2026-01-01"],
        ["0001-01-01", "2026-01-02", "2026-02-01"],
        ["2026-01-01", "2026-01-02", "soon"],
    ],
)
def test_damaged_member_skips_no_day(member: t.Any) -> None:
    """A member of the state that is not readable is reported, and its days are read."""
    days, damaged = SkippedDays.from_state([member])
    assert not days.days
    assert damaged == [member]


def aged(days: range, age: int) -> SkippedDays:
    """Return days that were probed a number of days ago."""
    return SkippedDays(dict.fromkeys(days, TODAY.toordinal() - age))


@pytest.mark.parametrize(
    ("count", "age", "due"),
    [
        (100, MIN_AGE_DAYS - 1, 0),
        (100, MIN_AGE_DAYS, MAX_DUE_DAYS),
        (MAX_DUE_DAYS, MIN_AGE_DAYS, MAX_DUE_DAYS),
        (MAX_DUE_DAYS - 1, MIN_AGE_DAYS, 0),
        (5, MAX_AGE_DAYS - 1, 0),
        (5, MAX_AGE_DAYS, 5),
    ],
)
def test_days_become_due(count: int, age: int, due: int) -> None:
    """Days are due once they fill a window, or once their probe is old."""
    settled = DAY("2026-11-20")
    days = aged(range(FIRST, FIRST + count), age).due(TODAY, settled)
    assert days == set(range(FIRST, FIRST + due))


def test_unsettled_days_are_never_due() -> None:
    """A day inside the lookback is probed in every run instead."""
    days = aged(range(FIRST, FIRST + 60), MAX_AGE_DAYS)
    last = window_of(FIRST + 3, FIRST + 3).start
    assert days.due(TODAY, last) == set(range(FIRST, FIRST + 4))


def test_daily_runs_make_days_due_in_batches() -> None:
    """With a run per day, skipped days are read in windows of many days, and all of them are."""
    skipped = SkippedDays()
    reads = []
    for number in range(200):
        today = TODAY.add(days=number)
        settled = today.subtract(days=8)
        skipped, _ = SkippedDays.from_state(skipped.to_state())
        due = skipped.due(today, settled)
        reads += [due] if due else []
        skipped = skipped.without(due).add([settled.toordinal()], today)
    read_days = [day for due in reads for day in due]
    assert len(read_days) == len(set(read_days))
    assert len(read_days) >= 130
    assert len(reads) <= 200 / 20
