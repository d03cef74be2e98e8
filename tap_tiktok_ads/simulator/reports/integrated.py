"""The synchronous report: what may be asked, which rows there are, and their JSON."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache, reduce
from itertools import accumulate
from operator import or_
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.account import Account
from tap_tiktok_ads.simulator.accounts.entities import TOP_VIEW, Ad, AdGroup, Campaign, SmartAd
from tap_tiktok_ads.simulator.records import objects as records
from tap_tiktok_ads.simulator.spec import endpoints as spec
from tap_tiktok_ads.simulator.spec.errors import refuse
from tap_tiktok_ads.simulator.spec.facts import COUNTRY_METRICS, METRICS

from .metrics import NOT_APPLICABLE, Encoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.simulator.world.world import World

Subject: TypeAlias = Account | Campaign | AdGroup | Ad | SmartAd

CONFLICT = "Conflict occurs. The input params including metrics and dimensions have no relation."
_STATUS_OF_LEVEL = {
    "AUCTION_CAMPAIGN": "campaign_status",
    "AUCTION_ADGROUP": "adgroup_status",
    "AUCTION_AD": "ad_status",
}
_DEPTH_OF_ATTRIBUTE = {"any": 0, "campaign": 1, "adgroup": 2, "adgroup_only": 2, "ad": 3}
_LIST_FILTERS = frozenset(spec.FILTER_VALUES)
_LIVING = frozenset(("STATUS_NOT_DELETE",))
_SUMS_KEPT = 50_000

WHOLE = 100 * 366
LIMITS = {"stat_time_day": 30, "stat_time_hour": 1}
"""Days a report may span with a time dimension; 365 without one."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Query:
    """A report request that TikTok accepts; `whole` if it is made in the background."""

    level: str
    subject: str | None
    time: str | None
    splits: tuple[str, ...]
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    attributes: tuple[str, ...]
    start: str | None
    end: str | None
    filters: tuple[tuple[str, str, str], ...]
    whole: bool = False

    @cached_property
    def kept(self) -> dict[str, frozenset[str]]:
        """Values kept, by filter name; the filters that compare are left out."""
        return {
            name: frozenset(map(str, json.loads(text)))
            for name, _, text in self.filters
            if name in _LIST_FILTERS
        }


def parse(params: Mapping[str, Any], *, whole: bool = False) -> Query:
    """Return the query of checked parameters.

    Args:
        params: Those of the synchronous report, or of a task.
        whole: Whether it is a task, which may span any dates and sees all ads.

    Raises:
        ApiError: With code 40002, for everything the parameter table cannot express.
    """
    report_type, level = params["report_type"], params["data_level"]
    dimensions = tuple(params["dimensions"])
    subject, time, splits = _dimensions(report_type, level, dimensions)
    if params["query_lifetime"]:
        _check_lifetime(report_type, time, splits)
    else:
        limits = dict.fromkeys(("", *LIMITS), WHOLE) if whole else LIMITS
        check_window(params["start_date"], params["end_date"], time, limits)
    metrics, attributes = _metrics(params["metrics"], report_type, level, subject, splits)
    _check_money(metrics, level, time)
    if whole and "country_code" in splits:
        _check_countries(metrics)
    filters = _filters(params["filtering"])
    sent = {name for name, _, _ in filters}
    if (subject == "ad_id_v2" and ("ad_ids" in sent or "ad_id" in attributes)) or (
        subject == "ad_id" and ("ad_ids_v2" in sent or "ad_id_v2" in attributes)
    ):
        refuse(f"dimensions: ad_id and ad_id_v2 cannot be combined. {CONFLICT}")
    order = params["order_field"]
    if order is not None and order not in metrics:
        refuse(f"order_field: {order!r} is not one of the numeric metrics asked.")
    if params["enable_total_metrics"] and (
        report_type != "BASIC" or splits or time == "stat_time_hour"
    ):
        msg = "enable_total_metrics: Only for BASIC with an ID dimension and/or stat_time_day."
        refuse(msg)
    lifetime = params["query_lifetime"]
    return Query(
        level=level,
        subject=subject,
        time=time,
        splits=splits,
        dimensions=dimensions,
        metrics=metrics,
        attributes=attributes,
        start=None if lifetime else params["start_date"],
        end=None if lifetime else params["end_date"],
        filters=filters,
        whole=whole,
    )


def _check_money(metrics: tuple[str, ...], level: str, time: str | None) -> None:
    """Refuse the two kinds of spend that exist for an advertiser's day only."""
    for name in ("cash_spend", "voucher_spend"):
        if name in metrics and (level != "AUCTION_ADVERTISER" or time != "stat_time_day"):
            refuse(f"metrics: {name} is for AUCTION_ADVERTISER by stat_time_day. {CONFLICT}")


def _check_countries(metrics: tuple[str, ...]) -> None:
    """Refuse what tasks lack beside `country_code`: results, reach and downloads."""
    for name in metrics:
        if name in spec.UNIQUE_METRICS or "result" in name or "download" in name:
            refuse(f"metrics: {name} is not supported with country_code in a task. {CONFLICT}")


def _dimensions(
    report_type: str, level: str, names: tuple[str, ...]
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the ID dimension, the time dimension and the others."""
    known = {*spec.ID_DIMENSIONS, *spec.TIME_DIMENSIONS, *delivery.SPLITS}
    for name in names:
        if name not in known:
            refuse(f"dimensions: Invalid dimension {name!r}.")
    if len(set(names)) != len(names):
        refuse("dimensions: Contains duplicates.")
    subjects = [name for name in names if name in spec.ID_DIMENSIONS]
    times = [name for name in names if name in spec.TIME_DIMENSIONS]
    splits = tuple(name for name in names if name in delivery.SPLITS)
    for kind, several in (("time", times), ("ID", subjects)):
        if len(several) > 1:
            text = ", ".join(several)
            refuse(f"dimensions: Only one {kind} dimension is allowed, not {text}. {CONFLICT}")
    if len(splits) > 1 and not (report_type == "AUDIENCE" and set(splits) == {"gender", "age"}):
        refuse(f"dimensions: {', '.join(splits)} cannot be combined. {CONFLICT}")
    if not set(splits) <= spec.SPLITS_BY_TYPE[report_type]:
        refuse(f"dimensions: {splits[0]} is not for {report_type}. {CONFLICT}")
    if report_type == "AUDIENCE" and not splits:
        refuse(f"dimensions: AUDIENCE needs an audience dimension. {CONFLICT}")
    subject = subjects[0] if subjects else None
    if subject and spec.LEVELS.index(spec.LEVEL_OF_ID[subject]) > spec.LEVELS.index(level):
        refuse(f"dimensions: {subject} is below data_level {level}. {CONFLICT}")
    return subject, times[0] if times else None, splits


def _check_lifetime(report_type: str, time: str | None, splits: tuple[str, ...]) -> None:
    if report_type == "AUDIENCE":
        refuse("query_lifetime: Not supported for report_type AUDIENCE.")
    if time or "country_code" in splits:
        refuse("query_lifetime: Not supported with time dimensions or country_code.")


def check_window(
    start: str | None,
    end: str | None,
    time: str | None,
    limits: Mapping[str, int] = LIMITS,
) -> None:
    """Refuse dates that are missing, in the wrong order, or too far apart."""
    if start is None or end is None:
        missing = "start_date" if start is None else "end_date"
        refuse(f"{missing}: Missing data for required field.")
    if start > end:
        refuse("start_date: Must not be after end_date.")
    days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
    limit = limits.get(time or "", 365)
    if days > limit:
        msg = f"end_date: The date range of {days} days exceeds the maximum of {limit} days"
        refuse(f"{msg} for {time or 'reports without time dimension'}.")


def _metrics(
    names: Sequence[str], report_type: str, level: str, subject: str | None, splits: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the computed metrics and the attribute metrics."""
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        refuse(f"Invalid metric fields: {unknown}")
    names = list(dict.fromkeys(names))
    computed = tuple(name for name in names if METRICS[name].group != "attribute")
    attributes = tuple(name for name in names if METRICS[name].group == "attribute")
    depth = -1 if subject is None else spec.LEVELS.index(spec.LEVEL_OF_ID[subject])
    for name in attributes:
        only_here = METRICS[name].level == "adgroup_only" and level != "AUCTION_ADGROUP"
        if _DEPTH_OF_ATTRIBUTE[METRICS[name].level] > depth or only_here:
            refuse(f"metrics: {name} is not supported at {level}. {CONFLICT}")
    for name in computed:
        if not _allowed(name, report_type, splits):
            msg = f"metrics: {name} is not supported with {', '.join(splits)}"
            refuse(f"{msg} in report_type {report_type}. {CONFLICT}")
    return computed, attributes


def _allowed(name: str, report_type: str, splits: tuple[str, ...]) -> bool:
    """Return whether a computed metric may go with the dimensions."""
    if "country_code" in splits:
        return name in COUNTRY_METRICS[report_type]
    if report_type == "AUDIENCE":
        return name not in spec.UNIQUE_METRICS and METRICS[name].group not in spec.EVENT_GROUPS
    return True


def _filters(sent: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str, str], ...]:
    """Return name, type and text of the filters."""
    filters = []
    for index, one in enumerate(sent):
        name, kind, text = one["field_name"], one["filter_type"], one["filter_value"]
        if name in _LIST_FILTERS:
            if kind != "IN":
                refuse(f"filtering[{index}].filter_type: {name} needs IN, not {kind}.")
            _check_values(f"filtering[{index}].filter_value", name, text)
        filters.append((name, kind, text))
    return tuple(filters)


def _check_values(where: str, name: str, text: str) -> None:
    """Refuse a filter value that is not the JSON array its filter needs."""
    try:
        values = json.loads(text)
    except ValueError:
        refuse(f"{where}: {text[:60]!r} is no JSON string.")
    spec.FILTER_VALUES[name].check(where, values)
    if name == "buying_type" and TOP_VIEW in values and len(values) > 1:
        refuse(f"{where}: {TOP_VIEW} cannot be mixed with other types.")


@dataclass(frozen=True)
class Row:
    """The place of a row: a day of the history or none, an hour or none, split values."""

    day: int | None
    values: tuple[str, ...]


@dataclass
class Unit:
    """One object of the ID dimension: its ads, and the days each has a row as bits."""

    subject: Subject
    ads: list[Ad]
    days: list[int]


class Report:
    """The rows of one query for one account, computed when a page asks for them."""

    def __init__(self, world: World, account: Account, query: Query) -> None:
        """Find the objects and count their rows; no row is made yet."""
        self._world = world
        self._account = account
        self._query = query
        self._horizon = world.horizon(account)
        self._window = self._mask()
        hourly = query.time == "stat_time_hour"
        self._divided = (*(("stat_time_hour",) if hourly else ()), *query.splits)
        self._sums: dict[tuple[str, Row], delivery.Counters] = {}
        ads, self.cut = self._ads()
        self._units = self._group(ads)
        self._ends = list(accumulate(self._count(unit) for unit in self._units))

    def _mask(self) -> int:
        """Return the days asked and delivered so far, as bits."""
        first, last = 0, self._horizon
        if self._query.start and self._query.end:
            first = max(first, records.day_index(self._account, self._query.start))
            last = min(last, records.day_index(self._account, self._query.end))
        return ((1 << (last + 1)) - 1) >> first << first if last >= first else 0

    def _ads(self) -> tuple[list[Ad], bool]:
        """Return the ads the filters keep, newest first, and whether the newest were cut."""
        query = self._query
        ads = [ad for ad in self._account.ads if _kept(ad, query)]
        limit = self._world.options.report_ads_limit
        cuts = limit is not None and not query.whole and query.level == "AUCTION_AD"
        if cuts and len(ads) > (limit or 0):
            return ads[:limit], True
        return ads, False

    def _group(self, ads: Iterable[Ad]) -> list[Unit]:
        units: dict[str, Unit] = {}
        for ad in ads:
            days = self._days(ad)
            if days:
                subject = self._subject(ad)
                unit = units.setdefault(subject.id, Unit(subject, [], []))
                unit.ads.append(ad)
                unit.days.append(days)
        return sorted(units.values(), key=lambda unit: unit.subject.id, reverse=True)

    def _subject(self, ad: Ad) -> Subject:
        match self._query.subject:
            case "ad_id":
                return ad
            case "ad_id_v2":
                return ad.smart or ad
            case "adgroup_id":
                return ad.group
            case "campaign_id":
                return ad.campaign
        return self._account

    def _days(self, ad: Ad) -> int:
        """Return the days of the window with a row; rows without spend are not divided."""
        days = ad.spending(self._horizon) if self._divided else ad.days(self._horizon)
        return days & self._window

    def _parts(self, ad: Ad) -> delivery.Parts:
        return delivery.parts(self._divided, ad.campaign.key % delivery.AUDIENCES)

    def _parted(self, unit: Unit) -> dict[delivery.Parts, int]:
        """Return the days of each way the ads of a unit divide."""
        days: dict[delivery.Parts, int] = {}
        for ad, mask in zip(unit.ads, unit.days, strict=True):
            parts = self._parts(ad)
            days[parts] = days.get(parts, 0) | mask
        return days

    def _count(self, unit: Unit) -> int:
        parted = self._parted(unit)
        if len(parted) > 1:
            return sum(1 for _ in self._rows(unit))
        ((parts, days),) = parted.items()
        return len(parts) * (days.bit_count() if self._query.time else 1)

    def _rows(self, unit: Unit) -> Iterator[Row]:
        parted = self._parted(unit)
        if not self._query.time:
            values = dict.fromkeys(value for parts in parted for value, _ in parts)
            yield from (Row(None, value) for value in values)
            return
        for day in delivery.bits(reduce(or_, unit.days)):
            here = (parts for parts, days in parted.items() if days >> day & 1)
            for value in dict.fromkeys(value for parts in here for value, _ in parts):
                yield Row(day, value)

    def _counters(self, unit: Unit, row: Row) -> delivery.Counters:
        if len(unit.ads) == 1 and row.day is not None:
            return self._share(unit.ads[0], row, row.day)
        key = (unit.subject.id, row)
        total = self._sums.get(key)
        if total is None:
            asked = self._window if row.day is None else 1 << row.day
            shares = [
                self._share(ad, row, day)
                for ad, days in zip(unit.ads, unit.days, strict=True)
                for day in delivery.bits(days & asked)
            ]
            if len(self._sums) >= _SUMS_KEPT:
                self._sums.clear()
            total = self._sums[key] = _total(shares)
        return total

    def _share(self, ad: Ad, row: Row, day: int) -> delivery.Counters:
        counters = self._world.counters(ad, day, self._horizon)
        if not self._divided:
            return counters
        share = _shares(self._parts(ad)).get(row.values)
        return delivery.scaled(counters, share) if share else delivery.NOTHING

    @property
    def total(self) -> int:
        """How many rows the report has."""
        return self._ends[-1] if self._ends else 0

    def places(self, start: int, stop: int) -> Iterator[tuple[Unit, Row]]:
        """Yield the places of a slice of rows."""
        index = bisect_right(self._ends, start)
        skipped = start - (self._ends[index - 1] if index else 0)
        left = min(stop, self.total) - start
        while left > 0:
            unit = self._units[index]
            for row in list(self._rows(unit))[skipped : skipped + left]:
                yield unit, row
                left -= 1
            index, skipped = index + 1, 0

    def rows(self, places: Iterable[tuple[Unit, Row]]) -> list[msgspec.Raw]:
        """Return rows as JSON."""
        encoder = encoder_of(self._query.metrics)
        head = ""
        previous: Unit | None = None
        rows = []
        for unit, row in places:
            if unit is not previous:
                head, previous = self._attributes(unit), unit
            text = encoder.text(self._counters(unit, row))
            comma = "," if head and text else ""
            dimensions = _encode(self._dimensions(unit, row)).decode()
            body = f'{{"metrics":{{{head}{comma}{text}}},"dimensions":{dimensions}}}'
            rows.append(msgspec.Raw(body.encode()))
        return rows

    def _attributes(self, unit: Unit) -> str:
        """Return the attribute metrics of a unit as JSON without braces."""
        names = self._query.attributes
        values = records.attributes(unit.subject, names)
        if isinstance(unit.subject, SmartAd):
            values |= records.lists(unit.subject, names)
        return _encode(values).decode()[1:-1]

    def _dimensions(self, unit: Unit, row: Row) -> dict[str, str]:
        query = self._query
        values = dict(zip(self._divided, row.values, strict=True))
        if query.subject:
            values[query.subject] = unit.subject.id
        if row.day is not None:
            hour = values.get("stat_time_hour", "00")
            day = records.day_text(self._account, row.day)
            values[query.time or ""] = f"{day} {hour}:00:00"
        if "interest_category" in values:
            values["interest_category_v2"] = values["interest_category"]
        return values

    def ordered(self, name: str, *, descending: bool) -> list[tuple[Unit, Row]]:
        """Return all places in the order of a metric."""
        index = self._query.metrics.index(name)
        encoder = encoder_of(self._query.metrics)

        def size(place: tuple[Unit, Row]) -> float:
            text = encoder.values(self._counters(*place))[index]
            return -1.0 if text == NOT_APPLICABLE else float(text)

        return sorted(self.places(0, self.total), key=size, reverse=descending)

    def totals(self) -> dict[str, str]:
        """Return the metrics of all rows together."""
        total = _total([self._counters(*place) for place in self.places(0, self.total)])
        values = encoder_of(self._query.metrics).values(total)
        return dict(zip(self._query.metrics, values, strict=True))


def _total(rows: Sequence[delivery.Counters]) -> delivery.Counters:
    return tuple(map(sum, zip(*rows, strict=True))) or delivery.NOTHING


def _kept(ad: Ad, query: Query) -> bool:
    """Return whether the filters of a query keep the delivery of an ad.

    `AUCTION` covers reservation too (sheet, 5.1), so reach & frequency needs no filter. TopView
    does: it is the one value listed for the filter `buying_type`, as it is the one buying type
    that `/campaign/get/` leaves out unless it is asked for alone (sheet, 4.2).
    """
    kept = query.kept
    bought = kept.get("buying_type")
    if ad.campaign.buying == TOP_VIEW if bought is None else ad.campaign.buying not in bought:
        return False
    judged: dict[str, Ad | AdGroup | Campaign] = {
        "AUCTION_AD": ad,
        "AUCTION_ADGROUP": ad.group,
        "AUCTION_CAMPAIGN": ad.campaign,
    }
    entity = judged.get(query.level)
    if entity is not None:
        statuses = kept.get(_STATUS_OF_LEVEL[query.level], _LIVING)
        if "STATUS_ALL" not in statuses and ("STATUS_DELETE" in statuses) != entity.deleted:
            return False
    if not kept:
        return True
    ids = {
        "campaign_ids": ad.campaign.id,
        "adgroup_ids": ad.group.id,
        "ad_ids": ad.id,
        "ad_ids_v2": ad.id_v2,
        "campaign_automation_type": ad.campaign.automation,
    }
    return all(value in kept.get(name, (value,)) for name, value in ids.items())


@lru_cache(maxsize=4096)
def _shares(parts: delivery.Parts) -> dict[tuple[str, ...], int]:
    return dict(parts)


@lru_cache(maxsize=32)
def encoder_of(metrics: tuple[str, ...]) -> Encoder:
    """Return the encoder of a list of metrics, with what it remembers."""
    return Encoder(metrics)
