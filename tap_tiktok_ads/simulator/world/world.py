"""Everything the simulated TikTok knows, and how it changes."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from tap_tiktok_ads.simulator.accounts import delivery
from tap_tiktok_ads.simulator.accounts.account import PLACES, THINGS, Account
from tap_tiktok_ads.simulator.accounts.centers import Center
from tap_tiktok_ads.simulator.accounts.entities import TIME, Entity
from tap_tiktok_ads.simulator.options import Options
from tap_tiktok_ads.simulator.pseudorandom import mix

from .counts import Asked, Counted, count, count_shared
from .places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def _things(kind: str) -> Callable[[Account], Iterable[Entity]]:
    return lambda account: account.things[kind]


class World:
    """Everything the simulator knows, without any HTTP."""

    KINDS: ClassVar[dict[str, Callable[[Account], Iterable[Entity]]]] = {
        "campaigns": attrgetter("campaigns"),
        "ad_groups": attrgetter("groups"),
        "ads": attrgetter("ads"),
        "smart_plus_ads": attrgetter("smart_ads"),
        "videos": attrgetter("videos"),
        "images": attrgetter("images"),
        **{kind: _things(kind) for kind in THINGS},
        "gmv_max_campaigns": lambda account: chain.from_iterable(account.gmv_max.values()),
    }
    """Kinds that `touch` and `delete` accept, and where their objects are."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        """Make the accounts and their objects."""
        self.options = Options.parse(options or {})
        self.version = 0
        self._later = timedelta()
        self._late = 0
        self.accounts: dict[str, Account] = {}
        for number in range(self.options.advertisers):
            zone = ZoneInfo(PLACES[number % len(PLACES)][0])
            start = self._date(zone) - timedelta(days=max(self.options.days - 1, 0))
            account = Account(self.options, number, start, zone)
            self.accounts[account.id] = account
        self._profiles = delivery.profiles(self.options.seed)
        self._revoked: set[str] = set(self.options.unauthorised)

    def _date(self, zone: ZoneInfo) -> date:
        if self.options.today is not None:
            return date.fromisoformat(self.options.today) + self._later
        return datetime.now(zone).date() + self._later

    @cached_property
    def places(self) -> Places:
        """Where ads can be aimed."""
        return Places(self.options.seed)

    @cached_property
    def centers(self) -> dict[str, Center]:
        """The Business Centers by id."""
        accounts = list(self.accounts.values())
        made = (
            Center(self.options, number, accounts)
            for number in range(self.options.business_centers)
        )
        return {one.id: one for one in made}

    @property
    def advertiser_ids(self) -> list[str]:
        """Ids of the advertisers granted to the token."""
        return [name for name in self.accounts if name not in self._revoked]

    def granted(self, advertiser_id: str) -> bool:
        """Return whether the token may read an advertiser."""
        return advertiser_id in self.accounts and advertiser_id not in self._revoked

    def revoke(self, advertiser_id: str) -> None:
        """Withdraw the grant of an advertiser."""
        self._revoked.add(advertiser_id)

    def today(self, advertiser_id: str) -> date:
        """Return the date in the time zone of an advertiser."""
        return self._date(self.accounts[advertiser_id].zone)

    def horizon(self, account: Account) -> int:
        """Return the index of today; day 0 is the first day with delivery."""
        return (self._date(account.zone) - account.start).days

    def advance(self, days: int = 0) -> None:
        """Let time pass: move today, and let late conversions of recent days arrive."""
        self._later += timedelta(days=days)
        self._late += 1
        self.version += 1

    def counters(self, ad: Entity, day: int, horizon: int) -> delivery.Counters:
        """Return what an ad, or a GMV Max campaign, delivered on a day that has a row."""
        if delivery.days_without_spend(ad.key, horizon) >> day & 1:
            return delivery.NOTHING
        row = self._profiles[mix(ad.key, day) % delivery.PROFILES]
        if not (self.options.late_conversions and self._late and day > horizon - 7):
            return row
        grown = list(row)
        grown[delivery.CONVERSIONS] += self._late
        grown[delivery.VALUE] += self._late * 500
        return tuple(grown)

    def find(self, kind: str, object_id: str) -> tuple[Account, Entity]:
        """Return an object and its account.

        Raises:
            KeyError: There is no such object.
            ValueError: The kind is none of `KINDS`.
        """
        if kind not in self.KINDS:
            msg = f"Unknown kind {kind!r}; use one of {', '.join(self.KINDS)}."
            raise ValueError(msg)
        for account in self.accounts.values():
            for entity in self.KINDS[kind](account):
                if entity.id == object_id:
                    return account, entity
        raise KeyError(object_id)

    def touch(self, kind: str, object_id: str, when: datetime) -> None:
        """Set the modification time of an object; a time without zone is UTC."""
        _, entity = self.find(kind, object_id)
        entity.modified = _utc(when).strftime(TIME)
        self.version += 1

    def delete(self, kind: str, object_id: str, when: datetime) -> None:
        """Delete an object; its ads deliver up to that day."""
        account, entity = self.find(kind, object_id)
        entity.removed = True
        entity.modified = _utc(when).strftime(TIME)
        day = (_utc(when).replace(tzinfo=timezone.utc).astimezone(account.zone).date()) - (
            account.start
        )
        for ad in account.ads:
            if entity in (ad, ad.smart, ad.group, ad.campaign):
                ad.last = min(ad.last, day.days)
        self.version += 1

    def expected(
        self,
        start_date: str,
        end_date: str,
        *,
        include_deleted: bool = True,
        advertiser_ids: Iterable[str] | None = None,
        include_top_view: bool = False,
    ) -> dict[str, int]:
        """Count the rows of every stream, object by object and day by day.

        Dates hold for reports, comments and transactions. What belongs to no single advertiser -
        the accounts of the token, Business Centers and all below them - counts with the first
        advertiser of the token, so that counts of single advertisers add up.

        Args:
            start_date: First day of the reports, in account time.
            end_date: Last day of the reports.
            include_deleted: Whether deleted objects and their rows count.
            advertiser_ids: Advertisers to count; all granted ones by default.
            include_top_view: Whether TopView campaigns, their ad groups, ads and reports count;
                they come only to those who ask for them.
        """
        granted = self.advertiser_ids
        names = granted if advertiser_ids is None else advertiser_ids
        totals: Counter[str] = Counter()
        for name in names:
            account, horizon = self.accounts[name], self.horizon(self.accounts[name])
            first = max((date.fromisoformat(start_date) - account.start).days, 0)
            last = min((date.fromisoformat(end_date) - account.start).days, horizon)
            counted = Counted(include_deleted=include_deleted, top_view=include_top_view)
            asked = Asked(range(first, last + 1), start_date, end_date, horizon, counted)
            totals.update(count(account, asked))
            shared = granted if name in granted[:1] else []
            accounts = [self.accounts[one] for one in shared]
            found = self.centers.values() if shared else ()
            totals.update(count_shared(accounts, found, asked))
        return totals


def _utc(when: datetime) -> datetime:
    """Return a moment as UTC without zone."""
    if when.tzinfo is None:
        return when
    return when.astimezone(timezone.utc).replace(tzinfo=None)
