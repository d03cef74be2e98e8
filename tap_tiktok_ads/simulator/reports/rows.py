"""The rows of an integrated report. A page computes only its own rows."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import accumulate
from operator import or_
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.entities import (
    PROMOTE,
    TOPVIEW,
    Account,
    Ad,
    AdGroup,
    Campaign,
    SmartAd,
)
from tap_tiktok_ads.simulator.records.report_attributes import attributes, list_attributes

from .metrics import NOT_APPLICABLE, Encoder, is_money, sort_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_tiktok_ads.simulator.options import Options
    from tap_tiktok_ads.simulator.world.world import World

    from .query import Query

Subject: TypeAlias = Account | Campaign | AdGroup | Ad | SmartAd

MAX_CACHED_SUMS = 50_000

_STATUS_OF_LEVEL = {
    "AUCTION_CAMPAIGN": "campaign_status",
    "AUCTION_ADGROUP": "adgroup_status",
    "AUCTION_AD": "ad_status",
}
_ID_FILTER_OF_LEVEL = {
    "AUCTION_CAMPAIGN": "campaign_ids",
    "AUCTION_ADGROUP": "adgroup_ids",
    "AUCTION_AD": "ad_ids",
}
_NOT_DELETED = frozenset(("STATUS_NOT_DELETE",))

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Row:
    """The dimensions of a row, without the ID dimension.

    Attributes:
        day: Index of the day in the history. None in a report without a time dimension.
        values: Values of the hour and of the split dimensions.
    """

    day: int | None
    values: tuple[str, ...]


@dataclass
class ReportedObject:
    """An object of the ID dimension that has rows.

    Attributes:
        subject: The object.
        ads: The ads whose delivery the rows sum up.
        days: For each ad, the days with delivery, as bits.
    """

    subject: Subject
    ads: list[Ad]
    days: list[int]


class Report:
    """The rows of one query for one account."""

    def __init__(self, world: World, account: Account, query: Query) -> None:
        """Select the objects and count their rows."""
        self._world = world
        self._account = account
        self._query = query
        self._horizon = world.horizon(account)
        self._window = self._window_bits()
        hourly = query.time == "stat_time_hour"
        self._divided = (*(("stat_time_hour",) if hourly else ()), *query.splits)
        self._sums: dict[tuple[str, Row], delivery.Counters] = {}
        ads, self.is_truncated = self._select_ads()
        self._reported_objects = self._group(ads)
        self._ends = list(accumulate(self._count(reported) for reported in self._reported_objects))

    def _window_bits(self) -> int:
        """Return the requested days up to today, as bits."""
        days = window(self._world, self._account, self._query.start, self._query.end)
        return ((1 << days.stop) - 1) >> days.start << days.start if days else 0

    def _select_ads(self) -> tuple[list[Ad], bool]:
        """Return the ads that the filters select, newest first.

        The second value is True if the limit `report_ads_limit` leaves ads out.
        """
        query = self._query
        ads = [ad for ad in self._account.ads if _selects(ad, query, self._world.options)]
        limit = self._world.options.report_ads_limit
        limited = limit is not None and not query.is_task and query.level == "AUCTION_AD"
        if limited and len(ads) > (limit or 0):
            return ads[:limit], True
        return ads, False

    def _group(self, ads: Iterable[Ad]) -> list[ReportedObject]:
        """Return the objects of the ID dimension with rows, newest first."""
        reported_objects: dict[str, ReportedObject] = {}
        for ad in ads:
            days = self._days(ad)
            if days:
                subject = self._subject(ad)
                reported = reported_objects.setdefault(subject.id, ReportedObject(subject, [], []))
                reported.ads.append(ad)
                reported.days.append(days)
        return sorted(
            reported_objects.values(), key=lambda reported: reported.subject.id, reverse=True
        )

    def _subject(self, ad: Ad) -> Subject:
        """Return the object of the ID dimension that an ad belongs to."""
        match self._query.id_dimension:
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
        """Return the days of the window with a row. Rows without spend are not divided."""
        days = ad.spend_days(self._horizon) if self._divided else ad.report_days(self._horizon)
        return days & self._window

    def _shares(self, ad: Ad) -> delivery.Shares:
        return delivery.audience_shares(self._divided, ad.campaign.audience)

    def _days_by_shares(self, reported: ReportedObject) -> dict[delivery.Shares, int]:
        """Return the days of an object by the shares that divide them."""
        by_shares: dict[delivery.Shares, int] = {}
        for ad, days in zip(reported.ads, reported.days, strict=True):
            shares = self._shares(ad)
            by_shares[shares] = by_shares.get(shares, 0) | days
        return by_shares

    def _count(self, reported: ReportedObject) -> int:
        """Return the number of rows of an object."""
        by_shares = self._days_by_shares(reported)
        if len(by_shares) > 1:
            return sum(1 for _ in self._rows_of(reported))
        ((shares, days),) = by_shares.items()
        return len(shares) * (days.bit_count() if self._query.time else 1)

    def _rows_of(self, reported: ReportedObject) -> Iterator[Row]:
        """Yield the rows of an object."""
        by_shares = self._days_by_shares(reported)
        if not self._query.time:
            yield from _rows_of_day(None, by_shares)
            return
        for day in delivery.bits(reduce(or_, reported.days)):
            day_shares = (shares for shares, days in by_shares.items() if days >> day & 1)
            yield from _rows_of_day(day, day_shares)

    def _counters(self, reported: ReportedObject, row: Row) -> delivery.Counters:
        """Return the counters of a row.

        Sums over several ads or days are cached.
        """
        if len(reported.ads) == 1 and row.day is not None:
            return self._share(reported.ads[0], row, row.day)
        key = (reported.subject.id, row)
        total = self._sums.get(key)
        if total is None:
            requested = self._window if row.day is None else 1 << row.day
            shares = [
                self._share(ad, row, day)
                for ad, days in zip(reported.ads, reported.days, strict=True)
                for day in delivery.bits(days & requested)
            ]
            if len(self._sums) >= MAX_CACHED_SUMS:
                self._sums.clear()
            total = self._sums[key] = delivery.total(shares)
        return total

    def _share(self, ad: Ad, row: Row, day: int) -> delivery.Counters:
        """Return the part of an ad's day that belongs to a row."""
        counters = self._world.counters(ad, day, self._horizon)
        if not self._divided:
            return counters
        share = _share_by_values(self._shares(ad)).get(row.values)
        return delivery.scaled(counters, share) if share else delivery.ZERO_COUNTERS

    @property
    def total(self) -> int:
        """Number of rows."""
        return self._ends[-1] if self._ends else 0

    def rows(self, start: int, stop: int) -> Iterator[tuple[ReportedObject, Row]]:
        """Yield the rows at the positions `start` to `stop`, each with its object."""
        index = bisect_right(self._ends, start)
        skipped = start - (self._ends[index - 1] if index else 0)
        rows_left = min(stop, self.total) - start
        while rows_left > 0:
            reported = self._reported_objects[index]
            for row in list(self._rows_of(reported))[skipped : skipped + rows_left]:
                yield reported, row
                rows_left -= 1
            index, skipped = index + 1, 0

    def encode_rows(self, rows: Iterable[tuple[ReportedObject, Row]]) -> list[msgspec.Raw]:
        """Return the JSON text of each row."""
        encoder = encoder_of(self._query.metrics)
        attribute_text = ""
        previous: ReportedObject | None = None
        encoded = []
        for reported, row in rows:
            if reported is not previous:
                attribute_text, previous = self._attributes(reported), reported
            text = encoder.text(self._counters(reported, row))
            comma = "," if attribute_text and text else ""
            dimensions = _encode(self._dimensions(reported, row)).decode()
            body = f'{{"metrics":{{{attribute_text}{comma}{text}}},"dimensions":{dimensions}}}'
            encoded.append(msgspec.Raw(body.encode()))
        return encoded

    def shared_rows(self) -> list[msgspec.Raw]:
        """Return all rows as a report of several accounts has them.

        Money has no decimals. Without an ID dimension it is `-`. The metrics name the account.
        """
        account = {
            "advertiser_id": self._account.id,
            "currency": self._account.currency,
            "timezone": self._account.zone.key,
        }
        rows = []
        for encoded in self.encode_rows(self.rows(0, self.total)):
            row = msgspec.json.decode(encoded)
            for name, value in row["metrics"].items():
                if is_money(name) and self._query.id_dimension is None:
                    row["metrics"][name] = NOT_APPLICABLE
                elif is_money(name):
                    row["metrics"][name] = value.partition(".")[0]
            row["metrics"] |= account
            rows.append(msgspec.Raw(_encode(row)))
        return rows

    def _attributes(self, reported: ReportedObject) -> str:
        """Return the attribute metrics of an object as JSON without braces."""
        names = self._query.attributes
        values = attributes(reported.subject, names)
        if isinstance(reported.subject, SmartAd):
            values |= list_attributes(reported.subject, names)
        return _encode(values).decode()[1:-1]

    def _dimensions(self, reported: ReportedObject, row: Row) -> dict[str, str]:
        """Return the dimensions of a row by name."""
        query = self._query
        values = dict(zip(self._divided, row.values, strict=True))
        if query.id_dimension:
            values[query.id_dimension] = reported.subject.id
        if row.day is not None:
            hour = values.get("stat_time_hour", "00")
            values[query.time or ""] = f"{self._account.date_of(row.day)} {hour}:00:00"
        if "interest_category" in values:
            values["interest_category_v2"] = values["interest_category"]
        return values

    def ordered(self, metric: str, *, descending: bool) -> list[tuple[ReportedObject, Row]]:
        """Return all rows in the order of a metric, each with its object."""
        index = self._query.metrics.index(metric)
        encoder = encoder_of(self._query.metrics)
        return sorted(
            self.rows(0, self.total),
            key=lambda entry: sort_value(encoder.values(self._counters(*entry))[index]),
            reverse=descending,
        )

    def totals(self) -> dict[str, str]:
        """Return the metrics of all rows together."""
        total = delivery.total([self._counters(*entry) for entry in self.rows(0, self.total)])
        values = encoder_of(self._query.metrics).values(total)
        return dict(zip(self._query.metrics, values, strict=True))


def _rows_of_day(day: int | None, day_shares: Iterable[delivery.Shares]) -> Iterator[Row]:
    """Yield a row for each distinct combination of values in the shares of a day."""
    for values in dict.fromkeys(values for shares in day_shares for values, _ in shares):
        yield Row(day, values)


def window(world: World, account: Account, start: str | None, end: str | None) -> range:
    """Return the days of the history from one date to another, up to today."""
    first, last = 0, world.horizon(account)
    if start is not None and end is not None:
        first = max(first, account.day_of(start))
        last = min(last, account.day_of(end))
    return range(first, last + 1)


def _selects(ad: Ad, query: Query, options: Options) -> bool:
    """Return True if the filters of a query select the delivery of an ad."""
    if not _selects_buying_type(ad, query, options) or not _selects_status(ad, query):
        return False
    if not _selects_origin(ad, query):
        return False
    selected = query.selected
    values = {
        "campaign_ids": ad.campaign.id,
        "adgroup_ids": ad.group.id,
        "ad_ids": ad.id,
        "ad_ids_v2": ad.id_v2,
        "campaign_automation_type": ad.campaign.automation,
    }
    return not selected or all(
        value in selected.get(name, (value,)) for name, value in values.items()
    )


def _selects_buying_type(ad: Ad, query: Query, options: Options) -> bool:
    """Return True if a report without other filters includes the ad's buying type.

    `AUCTION` includes reservation ads (sheet, 5.1), so reach & frequency ads need no filter.
    TopView ads need the filter `buying_type` (sheet, 4.2). Tasks do not support `buying_type`: they
    report TopView ads that are requested by ID.
    """
    buying_types = query.selected.get("buying_type")
    if buying_types is not None:
        return ad.campaign.buying in buying_types
    if ad.campaign.buying != TOPVIEW:
        return True
    if query.is_task and (options.report_task_includes_topview or query.names_objects):
        return True
    return options.advertiser_report_includes_topview and query.level == "AUCTION_ADVERTISER"


def _selects_origin(ad: Ad, query: Query) -> bool:
    """Return True if the filter on origins selects an ad.

    Without the filter, synchronous reports leave out Promote ads. Tasks do not support the filter
    and report Promote ads (portal 1785880454546433).
    """
    if ad.campaign.origin != PROMOTE:
        origins = query.selected.get("campaign_system_origins")
        return origins is None or "TT_ADS_PLATFORM" in origins
    if not query.supports_promote:
        return False
    return query.is_task or PROMOTE in query.selected.get("campaign_system_origins", ())


def _selects_status(ad: Ad, query: Query) -> bool:
    """Return True if the status filter selects the ad's object of the data level.

    Tasks do not support the filter: they report deleted objects that are requested by ID.
    """
    objects: dict[str, Ad | AdGroup | Campaign] = {
        "AUCTION_AD": ad,
        "AUCTION_ADGROUP": ad.group,
        "AUCTION_CAMPAIGN": ad.campaign,
    }
    entity = objects.get(query.level)
    if entity is None:
        return True
    if query.is_task:
        return not entity.deleted or _ID_FILTER_OF_LEVEL[query.level] in query.selected
    statuses = query.selected.get(_STATUS_OF_LEVEL[query.level], _NOT_DELETED)
    return "STATUS_ALL" in statuses or ("STATUS_DELETE" in statuses) == entity.deleted


@lru_cache(maxsize=4096)
def _share_by_values(shares: delivery.Shares) -> dict[tuple[str, ...], int]:
    return dict(shares)


@lru_cache(maxsize=32)
def encoder_of(metrics: tuple[str, ...]) -> Encoder:
    """Return the encoder of a list of metrics, with its cache."""
    return Encoder(metrics)
