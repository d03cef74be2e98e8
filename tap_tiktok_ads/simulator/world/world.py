"""The world: the data set that the simulator generates from one seed, without HTTP."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.business_centers import BusinessCenter
from tap_tiktok_ads.simulator.accounts.entities import ASSET_KINDS, TIME
from tap_tiktok_ads.simulator.accounts.generator import LOCALES, generate_account
from tap_tiktok_ads.simulator.options import Options
from tap_tiktok_ads.simulator.pseudorandom import mix

from .counts import CountedPeriod, ObjectScope, count_account, count_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_tiktok_ads.simulator.accounts.entities import Account, Entity

ALL_DAYS = -1
"""Every day, as bits."""


class World:
    """The data set that one seed generates: accounts, their changes, and expected record counts.

    ```python
    world = World({"advertisers": 2, "today": "2026-11-20"})
    world.expected("2026-11-01", "2026-11-20")["campaigns"]
    ```
    """

    KINDS: ClassVar[dict[str, Callable[[Account], Iterable[Entity]]]] = {
        "campaigns": attrgetter("campaigns"),
        "ad_groups": attrgetter("groups"),
        "ads": attrgetter("ads"),
        "smart_plus_ads": attrgetter("smart_ads"),
        "videos": attrgetter("videos"),
        "images": attrgetter("images"),
        **{kind: methodcaller("assets", kind) for kind in ASSET_KINDS},
        "gmv_max_campaigns": methodcaller("all_gmv_max_campaigns"),
    }
    """The kinds of objects that `touch` and `delete` accept, with the objects of an account."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        """Generate the accounts and their objects."""
        self.options = Options.parse(options or {})
        self.version = 0
        self._elapsed = timedelta()
        self._late_conversions = 0
        self.accounts: dict[str, Account] = {}
        for number in range(self.options.advertisers):
            zone = ZoneInfo(LOCALES[number % len(LOCALES)][0])
            start = self._created_on(zone) - timedelta(days=max(self.options.days - 1, 0))
            account = generate_account(self.options, number, start, zone)
            if number >= self.options.advertisers - self.options.dormant_advertisers:
                account.paused = ALL_DAYS
            self.accounts[account.id] = account
        self._profiles = delivery.profiles(self.options.seed)
        self._revoked: set[str] = set(self.options.unauthorised)

    def _date(self, zone: ZoneInfo) -> date:
        if self.options.today is not None:
            return date.fromisoformat(self.options.today) + self._elapsed
        return datetime.now(zone).date() + self._elapsed

    def _created_on(self, zone: ZoneInfo) -> date:
        """Return the day on which the history of a new world ends."""
        if self.options.created_on is not None:
            return date.fromisoformat(self.options.created_on)
        return self._date(zone)

    @cached_property
    def centers(self) -> dict[str, BusinessCenter]:
        """The Business Centers by ID."""
        accounts = list(self.accounts.values())
        centers = (
            BusinessCenter(self.options, number, accounts)
            for number in range(self.options.business_centers)
        )
        return {center.id: center for center in centers}

    @property
    def advertiser_ids(self) -> list[str]:
        """IDs of the advertisers that granted access to the token."""
        return [advertiser_id for advertiser_id in self.accounts if self.granted(advertiser_id)]

    def granted(self, advertiser_id: str) -> bool:
        """Return True if the token may read an advertiser."""
        return advertiser_id in self.accounts and advertiser_id not in self._revoked

    def revoke(self, advertiser_id: str) -> None:
        """Withdraw the access to an advertiser from the token."""
        self._revoked.add(advertiser_id)

    def now(self) -> datetime:
        """Return the time of responses: noon (UTC) if the option `today` is set."""
        zone = timezone.utc
        if self.options.today is None:
            return datetime.now(zone)
        return datetime.combine(self._date(ZoneInfo("UTC")), time(12), zone)

    def today(self, advertiser_id: str) -> date:
        """Return the date in the time zone of an advertiser."""
        return self._date(self.accounts[advertiser_id].zone)

    def statistics_days(self, account: Account, start_date: str, end_date: str) -> range:
        """Return the UTC days in a range on which pixels have statistics, as ordinals.

        The days end today. Their number is the number of days of the account's history.
        """
        today = self._date(ZoneInfo("UTC")).toordinal()
        first = max(date.fromisoformat(start_date).toordinal(), today - self.horizon(account))
        return range(first, min(date.fromisoformat(end_date).toordinal(), today) + 1)

    def horizon(self, account: Account) -> int:
        """Return the index of today in the history. Day 0 is the first day with delivery."""
        return (self._date(account.zone) - account.start).days

    def advance(self, days: int = 0) -> None:
        """Move today forward, and add late conversions to recent days."""
        self._elapsed += timedelta(days=days)
        self._late_conversions += 1
        self.version += 1

    def pause(self, advertiser_id: str, start_date: str | None, end_date: str | None) -> None:
        """Let an advertiser deliver nothing from one date to another. None lets it deliver."""
        account = self.accounts[advertiser_id]
        account.paused = 0
        if start_date is not None and end_date is not None:
            first, last = (max(0, account.day_of(day)) for day in (start_date, end_date))
            account.paused = ((1 << (last + 1)) - 1) >> first << first
        self.version += 1

    def counters(self, entity: Entity, day: int, horizon: int) -> delivery.Counters:
        """Return the counters of an ad or GMV Max campaign on a day that has a row."""
        if delivery.days_without_spend(entity.key, horizon) >> day & 1:
            return delivery.ZERO_COUNTERS
        counters = self._profiles[mix(entity.key, day) % delivery.PROFILES]
        if not (self.options.late_conversions and self._late_conversions and day > horizon - 7):
            return counters
        grown = list(counters)
        grown[delivery.CONVERSIONS] += self._late_conversions
        grown[delivery.VALUE] += self._late_conversions * 500
        return tuple(grown)

    def find(self, kind: str, object_id: str) -> tuple[Account, Entity]:
        """Return an object and its account.

        Raises:
            KeyError: No object has that ID.
            ValueError: The kind is not in `KINDS`.
        """
        if kind not in self.KINDS:
            msg = f"Unknown kind {kind!r}. Choose one of {', '.join(self.KINDS)}."
            raise ValueError(msg)
        for account in self.accounts.values():
            for entity in self.KINDS[kind](account):
                if entity.id == object_id:
                    return account, entity
        raise KeyError(object_id)

    def touch(self, kind: str, object_id: str, when: datetime) -> None:
        """Set the modification time of an object. A time without a time zone is UTC."""
        _, entity = self.find(kind, object_id)
        entity.modified = _utc(when).strftime(TIME)
        self.version += 1

    def delete(self, kind: str, object_id: str, when: datetime) -> None:
        """Delete an object. Its ads deliver up to that day."""
        account, entity = self.find(kind, object_id)
        self.touch(kind, object_id, when)
        entity.removed = True
        local_date = _utc(when).replace(tzinfo=timezone.utc).astimezone(account.zone).date()
        for ad in account.ads:
            if entity in (ad, ad.smart, ad.group, ad.campaign):
                ad.last = min(ad.last, (local_date - account.start).days)

    def expected(
        self,
        start_date: str,
        end_date: str,
        *,
        include_deleted: bool = True,
        advertiser_ids: Iterable[str] | None = None,
        include_top_view: bool = False,
    ) -> dict[str, int]:
        """Count the records of every stream, object by object and day by day.

        The dates limit reports, comments, transactions and pixel statistics. Records without an
        advertiser, such as Business Centers, count for the first advertiser of the token. So the
        counts of all advertisers add up to the total.

        Args:
            start_date: First day of the reports, in account time.
            end_date: Last day of the reports.
            include_deleted: True to count deleted objects and their rows.
            advertiser_ids: Advertisers to count. By default, all granted advertisers.
            include_top_view: True to count TopView campaigns, their objects and reports.
        """
        granted = self.advertiser_ids
        scope = ObjectScope(include_deleted=include_deleted, include_topview=include_top_view)
        totals: Counter[str] = Counter()
        for advertiser_id in granted if advertiser_ids is None else advertiser_ids:
            account, horizon = (
                self.accounts[advertiser_id],
                self.horizon(self.accounts[advertiser_id]),
            )
            first = max(account.day_of(start_date), 0)
            last = min(account.day_of(end_date), horizon)
            period = CountedPeriod(range(first, last + 1), start_date, end_date, horizon, scope)
            totals.update(count_account(account, period))
            is_first = advertiser_id in granted[:1]
            totals.update(count_shared(self if is_first else None, period))
        return totals


def _utc(when: datetime) -> datetime:
    """Return a moment as UTC without zone."""
    if when.tzinfo is None:
        return when
    return when.astimezone(timezone.utc).replace(tzinfo=None)
