"""The contents of the page of `report`: pure functions of a state, a summary and records."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import itertools
import operator
import typing as t

from tap_tiktok_ads.extract.day_ranges import DayRanges
from tap_tiktok_ads.extract.skipped_days import SkippedDays
from tap_tiktok_ads.problems import ALL_ADVERTISERS, ALL_STREAMS

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FINAL, READ, SKIPPED, MISSING = "final", "read", "skipped", "missing"
#: Kinds of days, in the order of the legend, with their meaning.
KINDS = {
    FINAL: "read, and later runs do not change it",
    READ: "read, and later runs re-read it",
    SKIPPED: "not requested, because a probe found no delivery",
    MISSING: "not read",
}
#: Maximum number of days in a calendar.
MAX_DAYS = 400
#: Levels of the stream `reconciliation`, with the columns of spend and of its difference.
LEVELS = {
    "advertiser": ("spend", None),
    "campaigns": ("spend_of_campaigns", "spend_missing_in_campaigns"),
    "ad groups": ("spend_of_ad_groups", "spend_missing_in_ad_groups"),
    "ads": ("spend_of_ads", "spend_missing_in_ads"),
}
#: What to do about a stream of an advertiser that was not read, besides what its message says.
ADVICE = {
    "skipped": "Run doctor to see the scope, or deselect the stream.",
    "failed": "",
}


@dataclasses.dataclass(frozen=True)
class Calendar:
    """The days of one stream and advertiser.

    Attributes:
        advertiser: ID of the advertiser.
        bookmark: The bookmark of the state.
        lag_days: Days between the bookmark and the last day that the run requested.
        days: Date and kind of each day, in ascending order.
    """

    advertiser: str
    bookmark: str | None
    lag_days: int | None
    days: Sequence[tuple[dt.date, str]] = ()

    @property
    def months(self) -> list[dt.date]:
        """The first days of months."""
        return [day for day, _ in self.days if day.day == 1]

    @property
    def ranges(self) -> list[tuple[dt.date, dt.date, str]]:
        """First day, last day and kind of each range of days of one kind."""
        groups = itertools.groupby(self.days, key=operator.itemgetter(1))
        ranges = ((kind, [day for day, _ in days]) for kind, days in groups)
        return [(days[0], days[-1], kind) for kind, days in ranges]

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of days by kind."""
        return collections.Counter(kind for _, kind in self.days)


def calendars(
    state: Mapping[str, t.Any], summary: Mapping[str, t.Any] | None
) -> dict[str, list[Calendar]]:
    """Return the calendars of each stream, in the order of the state.

    Days after the last known day are shown as far as the run requested them. They are read if the
    run read the stream of the advertiser completely.
    """
    run = _Run(summary or {})
    found: dict[str, list[Calendar]] = {}
    for stream, bookmark in state.get("bookmarks", {}).items():
        for partition in bookmark.get("partitions") or [bookmark]:
            owner = partition.get("context", {}).get("advertiser_id", ALL_ADVERTISERS)
            if {"replication_key_value", "covered"} & partition.keys():
                found.setdefault(stream, []).append(_calendar(stream, owner, partition, run))
    return found


class _Run:
    """The days that a run requested, and what it read of them."""

    def __init__(self, summary: Mapping[str, t.Any]) -> None:
        self.today = _date(summary.get("today"))
        self._completed = set(summary.get("completed", ()))
        self._unread = {(item["stream"], item["advertiser_id"]) for item in problems(summary)}
        self._requested = {
            (stream, owner): (_date(days["first_day"]), _date(days["last_day"]))
            for days in summary.get("requested_days", ())
            for stream in days["streams"]
            for owner in days["advertiser_ids"]
        }

    def requested(self, stream: str, owner: str) -> tuple[dt.date | None, dt.date | None]:
        """Return the first and the last requested day, or None."""
        return self._requested.get((stream, owner), (None, None))

    def has_read(self, stream: str, owner: str) -> bool:
        """Return True if the run read a stream of an advertiser completely."""
        parts = {(stream, owner), (stream, ALL_ADVERTISERS), (ALL_STREAMS, owner)}
        return stream in self._completed and not parts & self._unread


def _calendar(stream: str, owner: str, partition: Mapping[str, t.Any], run: _Run) -> Calendar:
    """Return the calendar of a partition of the state."""
    value = partition.get("replication_key_value")
    bookmark = _date(value)
    first, last = run.requested(stream, owner)
    until = last or run.today
    lag = None
    if "covered" in partition and until and bookmark:  # the bookmark of a list is its last change
        lag = max(0, (until - bookmark).days)
    kinds = _known_kinds(partition)
    if first and last and run.has_read(stream, owner):
        kinds |= dict.fromkeys(_later_days(kinds, first, last), READ)
    return Calendar(owner, value and str(value), lag, _days(partition, kinds, last))


def _later_days(kinds: Iterable[dt.date], first: dt.date, last: dt.date) -> Iterable[dt.date]:
    """Return the requested days after the last known day."""
    last_known = max(kinds, default=dt.date.min)
    return (day for day in _dates(first, last) if day > last_known)


def _days(
    partition: Mapping[str, t.Any], kinds: Mapping[dt.date, str], last: dt.date | None
) -> list[tuple[dt.date, str]]:
    """Return the days of a partition from its start to the last known or requested day."""
    known = [day for day in (_date(partition.get("start_floor")), *kinds) if day]
    if not known or "covered" not in partition:
        return []
    end = max([*known, *filter(None, [last])])
    return [(day, kinds.get(day, MISSING)) for day in _dates(min(known), end)]


def _known_kinds(partition: Mapping[str, t.Any]) -> dict[dt.date, str]:
    """Return the kinds of the days that a partition names. Damaged members are left out."""
    read_once, _ = DayRanges.from_state(partition.get("read_once") or [])
    skipped, _ = SkippedDays.from_state(partition.get("skipped") or [])
    covered, _ = DayRanges.from_state(partition.get("covered") or [])
    return {
        **dict.fromkeys(_days_of(read_once), READ),
        **dict.fromkeys(map(dt.date.fromordinal, skipped.days), SKIPPED),
        **dict.fromkeys(_days_of(covered), FINAL),
    }


def _days_of(days: DayRanges) -> Iterable[dt.date]:
    """Return the newest days of each range."""
    return itertools.chain.from_iterable(_dates(range_.start, range_.end) for range_ in days.ranges)


def _dates(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    """Return the days from one to another, and only the newest `MAX_DAYS`."""
    end = last.toordinal() + 1
    return map(dt.date.fromordinal, range(max(first.toordinal(), end - MAX_DAYS), end))


def _date(value: t.Any) -> dt.date | None:
    """Return the date of a value such as `2026-01-31T10:00:00Z`, or None."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def problems(summary: Mapping[str, t.Any] | None) -> list[dict[str, str]]:
    """Return the streams and advertisers that a run did not read, with reason and advice."""
    return [
        {**item, "kind": kind, "advice": advice}
        for kind, advice in ADVICE.items()
        for item in (summary or {}).get(kind, ())
    ]


def end_of_run(summary: Mapping[str, t.Any] | None) -> str | None:
    """Return why a run failed, or None after a success, or if its problems give the reason."""
    error = (summary or {}).get("error")
    messages = [item["message"] for item in problems(summary)]
    return None if error and any(text and text in error for text in messages) else error


@dataclasses.dataclass(frozen=True)
class LevelSpend:
    """The spend of a report level, and what it lacks of the advertiser's spend."""

    level: str
    spend: decimal.Decimal
    missing: decimal.Decimal


def spend_by_level(records: Iterable[Mapping[str, t.Any]]) -> list[LevelSpend]:
    """Return the spend of each level, over all records of the stream `reconciliation`."""
    rows = list(records)
    if not rows:
        return []
    return [
        LevelSpend(level, _sum(rows, spend), _sum(rows, missing) if missing else decimal.Decimal(0))
        for level, (spend, missing) in LEVELS.items()
    ]


def _sum(rows: Sequence[Mapping[str, t.Any]], column: str) -> decimal.Decimal:
    return sum((decimal.Decimal(str(row.get(column) or 0)) for row in rows), decimal.Decimal(0))
