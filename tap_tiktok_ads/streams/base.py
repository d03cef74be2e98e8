"""The bases of the streams: listings of objects, and what is read in windows of days."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import logging
import typing as t

import pendulum
from typing_extensions import override

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import ResponseError
from tap_tiktok_ads.api.messages import Request, Response
from tap_tiktok_ads.extract import dates, lookback, schemas
from tap_tiktok_ads.extract import deletions as tombstones
from tap_tiktok_ads.extract.pages import Group, Mark, Page, Task
from tap_tiktok_ads.singer.stream import TikTokStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Record

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.context import ContextTap

#: A change may show up in a listing some time after the moment it is dated with.
CHANGE_DELAY = pendulum.duration(minutes=10)
#: The member of an advertiser's state that holds the first day ever read.
REACH = "read_from"
#: The asset library lists its most recently changed assets only.
LISTING_CAP = 10_000


class KeyedStream(TikTokStream):
    """Rows that have a key, and perhaps the time of their last change.

    A row that comes again within a listing, because objects moved between pages, is dropped.
    """

    def __init__(self, tap: ContextTap) -> None:
        super().__init__(tap)
        self._since: dict[str | None, t.Any] = {}
        self.identify()

    def identify(self) -> None:
        """Note what tells rows apart, and what dates them."""
        keys = [
            key for key in self.primary_keys if key != "advertiser_id" or not self.per_advertiser
        ]
        self._identity = keys or list(self.primary_keys)
        self._dated = self.replication_key or ""
        self.distinct = bool(self._identity)

    def since(self, advertisers: Sequence[Advertiser | None]) -> dict[str | None, t.Any]:
        """From which change on rows are wanted, by advertiser; None: all."""
        return {one.id if one else None: self.bookmark(one) for one in advertisers}

    @override
    def mark(self, row: Record) -> Mark:
        identity = tuple(map(row.get, self._identity))
        return Mark(identity, row.get(self._dated))

    @override
    def identity(self, mark: Mark) -> tuple[t.Any, ...]:
        return mark.identity

    @override
    def wanted(self, page: Page, group: Group) -> Page:
        """Drop what has not changed since the bookmark, and what was seen on an earlier page.

        An object without a time of change is always wanted.

        Raises:
            ResponseError: keys, or times of change, are of kinds that cannot be compared.
        """
        if not page.marks:
            return page
        try:
            return self._wanted(page, page.marks, group)
        except TypeError:
            msg = (
                f"Rows of {self.name} cannot be told apart or ordered: values of "
                f"{', '.join([*self._identity, self._dated])} are of several kinds, or none that "
                "can be compared with each other and with the bookmark."
            )
            raise ResponseError(msg) from None

    def _wanted(self, page: Page, marks: Sequence[Mark], group: Group) -> Page:
        identities, changes = zip(*marks, strict=True)
        known = list(filter(None, changes))
        group.newest = max(known if group.newest is None else [*known, group.newest], default=None)
        since = self._since.get(group.advertiser.id if group.advertiser else None)
        known_ones = self.listed_before(group.advertiser)
        new = set(identities) if self._identity else set()
        unseen = group.seen.isdisjoint(new) and len(new) in {0, len(identities)}
        if since is None and unseen:
            group.seen |= new
            return page
        wanted = []
        for identity, changed in marks:
            recent = since is None or not changed or changed >= since
            recent = recent or (known_ones is not None and identity not in known_ones)
            again = identity in group.seen
            group.repeated += again
            wanted.append(recent and not again)
            if identity:
                group.seen.add(identity)
        return page.only(wanted)

    def listed_before(self, advertiser: Advertiser | None) -> t.AbstractSet[t.Any] | None:  # noqa: ARG002
        """What the advertiser's last complete listing held; None where nobody knows."""
        return None

    @override
    def bookmark_after(self, group: Group) -> str | None:
        """The latest change seen, but not later than shortly before the listing began.

        An object that changes while the listing is under way may have been passed already.
        """
        if group.newest is None:
            return None
        began = pendulum.instance(group.began or self.run_context.started)
        latest = (began - CHANGE_DELAY).in_timezone("UTC")
        return min(group.newest, self.bookmark_text(latest))


class EntityStream(KeyedStream):
    """Objects of an advertiser, read page by page."""

    deletable: t.ClassVar[bool] = False
    """Whether the endpoint lists deleted objects when asked with `primary_status`."""
    top_view: t.ClassVar[bool] = False
    """Whether TopView objects need a listing of their own."""
    modified_after: t.ClassVar[bool] = False
    """Whether the endpoint can leave out what has not changed since a time."""
    capped: t.ClassVar[bool] = False
    """Whether the endpoint lists at most `LISTING_CAP` objects."""
    fixed: t.ClassVar[Mapping[str, t.Any]] = {}
    """Further parameters of every listing."""

    def __init__(self, tap: ContextTap) -> None:
        super().__init__(tap)
        self._before: dict[str, tombstones.Listed] = {}  # by advertiser

    @override
    def columns(self) -> dict[str, t.Any]:
        schema = schemas.entity(self.name)
        if self.tracks_deleted:
            schema["properties"][tombstones.COLUMN] = tombstones.SCHEMA
        return schema

    @property
    def tracks_deleted(self) -> bool:
        """Whether objects that are listed no more are told of."""
        return (
            bool(self.run_context.config.get("track_deleted"))
            and self.counted
            and self.per_advertiser
        )

    @functools.cached_property
    def tells_deleted(self) -> bool:
        """Whether rows have the column that tells; a catalog may be without it."""
        if not self.tracks_deleted or self.only is not None:
            return False
        column = ("properties", tombstones.COLUMN)
        if tombstones.COLUMN in self.effective_schema["properties"] and self.mask[column]:
            return True
        if self.run_context.frugal:
            return False
        self._warn_once(
            "no column",
            "Column %s is not in the catalog, or not selected: what TikTok lists no more is not "
            "told of. Run --discover again with these settings.",
            tombstones.COLUMN,
        )
        return False

    def _listed_before(self, advertiser: Advertiser) -> tombstones.Listed:
        if advertiser.id not in self._before:
            part = self.known_state(advertiser).get(tombstones.MEMBER)
            self._before[advertiser.id] = tombstones.Listed.of_state(part, len(self._identity))
        return self._before[advertiser.id]

    @override
    def listed_before(self, advertiser: Advertiser | None) -> t.AbstractSet[t.Any] | None:
        if advertiser is None or not self.tells_deleted:
            return None
        return self._listed_before(advertiser).identities

    def _listing_of(self, group: Group) -> tombstones.Listed:
        """What a group listed, and whether that is all, as far as anybody can tell."""
        answered = [reading for _, reading in group.readings.values() if not reading.broken]
        told = all(one.totals for one in answered) and bool(answered or self.page_size is None)
        cut = self.capped and any(max(one.totals, default=0) >= LISTING_CAP for one in answered)
        whole = group.whole and told and not cut
        return tombstones.Listed(frozenset(group.seen), len(answered), whole=whole)

    @override
    def gone(self, group: Group) -> Iterable[Page]:
        """A tombstone for each object that was listed before, and is no more."""
        if group.advertiser is None or not self.tells_deleted:
            return
        before, now = self._listed_before(group.advertiser), self._listing_of(group)
        missing = [] if id_of(group.advertiser) in self._gaps else now.lacks(before)
        if not missing:
            return
        when = self.run_context.started.in_timezone("UTC").format("YYYY-MM-DDTHH:mm:ss[Z]")
        group.gone = True
        empty = dict.fromkeys(self.schema["properties"])
        own = {"advertiser_id": group.advertiser.id, tombstones.COLUMN: when}
        rows = [
            empty | own | dict(zip(self._identity, identity, strict=True)) for identity in missing
        ]
        yield Page(rows, len(rows))

    @override
    def note_listed(self, group: Group) -> None:
        """Keep what was listed, as long as a state may hold it."""
        if group.advertiser is None or self.only is not None:
            return
        known = self.known_state(group.advertiser)
        if not self.tells_deleted:
            if tombstones.MEMBER in known:  # of a run that did; it would grow old
                self.get_context_state({"advertiser_id": group.advertiser.id}).pop(
                    tombstones.MEMBER
                )
            return
        fewer = self._listing_of(group).listings < self._listed_before(group.advertiser).listings
        if fewer:
            self._warn_once(
                f"fewer {group.advertiser.id}",
                "Advertiser %s is refused a listing that it had: what TikTok lists no more is not "
                "told of until it has it again, or %r is removed from the state.",
                group.advertiser.id,
                tombstones.MEMBER,
            )
        listed = self._listing_of(group).after(self._listed_before(group.advertiser))
        others = self.tap_state.get("bookmarks", {}).get(self.name, {}).get("partitions", [])
        count = sum(tombstones.count(one.get(tombstones.MEMBER)) for one in others)
        count -= tombstones.count(known.get(tombstones.MEMBER))
        state = self.get_context_state({"advertiser_id": group.advertiser.id})
        self.state_manager.is_flushed = False
        if count + len(listed.identities or ()) > tombstones.MOST:
            state.pop(tombstones.MEMBER, None)
            self._warn_once(
                f"many {group.advertiser.id}",
                "Advertiser %s has too many objects to keep in the state: what TikTok lists no "
                "more is not told of.",
                group.advertiser.id,
            )
            return
        state[tombstones.MEMBER] = listed.for_state()

    @override
    def flattened(self, found: Sequence[t.Any], task: Task) -> Iterator[dict[str, t.Any]]:
        rows = super().flattened(found, task)
        return (row | {tombstones.COLUMN: None} for row in rows) if self.tells_deleted else rows

    @override
    def plan(self) -> Iterable[Task]:
        self._since = self.since(self.advertisers)
        self.shared = self.shared or self.run_context.is_source(self.name)
        return (
            Task(request, advertiser, optional=optional)
            for advertiser in self.advertisers
            for request, optional in self.listings(advertiser)
        )

    def listings(self, advertiser: Advertiser) -> Iterator[tuple[Request, bool]]:
        """The first requests of an advertiser's listings, and whether each may be refused."""
        filtering: dict[str, t.Any] = {}
        if self.deletable and self.includes_deleted:
            filtering["primary_status"] = "STATUS_ALL"
        since = self._since[advertiser.id]
        if self.modified_after and since is not None and not self.tracks_deleted:
            # a second earlier: whether the bound itself is included is not documented
            second_before = dates.moment(since).subtract(seconds=1)
            filtering["modified_after"] = second_before.format("YYYY-MM-DD HH:mm:ss")
        yield self.listing(advertiser, self.page_size, filtering), False
        if self.top_view:
            filtering = {**filtering, "buying_types": [accounts.TOPVIEW]}
            request = self.listing(advertiser, accounts.TOPVIEW_PAGE_SIZE, filtering)
            # reports ask for the same, to know whether there are any
            shared = (
                self.shared
                or request.cache_key == accounts.topview_campaigns_request(advertiser.id).cache_key
            )
            yield dataclasses.replace(request, shared=shared), True

    def listing(
        self,
        advertiser: Advertiser,
        page_size: int | None,
        filtering: dict[str, t.Any],
    ) -> Request:
        """The request for a listing's first page."""
        params: dict[str, t.Any] = {"advertiser_id": advertiser.id, **self.fixed}
        if page_size is not None:
            params |= {"page": 1, "page_size": page_size}
        if filtering:
            params["filtering"] = filtering
        return Request(self.path, params, shared=self.shared)

    @override
    def read(self, task: Task, reply: Response) -> Sequence[dict[str, t.Any]]:
        total = (reply.data.get("page_info") or {}).get("total_number")
        if self.capped and isinstance(total, int) and total >= LISTING_CAP:
            self._warn_once(
                f"capped {task.advertiser}",
                "TikTok lists the %d most recently changed assets only, for %s.",
                LISTING_CAP,
                task.request.label,
            )
        return super().read(task, reply)

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        if task.advertiser is not None:
            raw["advertiser_id"] = task.advertiser.id
        yield raw


class WindowedStream(TikTokStream):
    """A stream that is read in windows of days, ascending, in each advertiser's time zone."""

    window_days: int
    """Days that one request may span, both ends included; 0 where they need none."""

    def __init__(self, tap: ContextTap) -> None:
        super().__init__(tap)
        self._early: dict[Advertiser | None, dates.Window] = {}  # read before the rest

    @property
    def owners(self) -> Sequence[Advertiser | None]:
        """Whose data are read, one after the other; None: those of all at once."""
        return self.advertisers if self.per_advertiser else [None]

    def first(self, advertiser: Advertiser | None, window: dates.Window | None) -> Task:
        """The first task of an advertiser and window."""
        raise NotImplementedError

    @override
    def plan(self) -> Iterable[Task]:
        self._width = self.window_days
        if self.window_days:
            return itertools.starmap(self.first, self.windows(self.owners))
        return (self.first(advertiser, None) for advertiser in self.owners)

    @override
    def sample_plan(self) -> Iterable[Task]:
        """The newest window of each advertiser, then the one before it, and so on."""
        if not self.window_days:
            return (self.first(advertiser, None) for advertiser in self.owners)
        places = [self._places_back(advertiser) for advertiser in self.owners]
        turns = itertools.chain.from_iterable(itertools.zip_longest(*places))
        return itertools.starmap(self.first, filter(None, turns))

    def _places_back(
        self, advertiser: Advertiser | None
    ) -> Iterator[tuple[Advertiser | None, dates.Window]]:
        first, last = self.run_context.settings.days(self._now(advertiser))
        return ((advertiser, one) for one in dates.windows_back(first, last, self.window_days))

    def _now(self, advertiser: Advertiser | None) -> pendulum.DateTime:
        """When the run began, in the time zone of an advertiser."""
        return self.run_context.started.in_timezone(advertiser.timezone if advertiser else "UTC")

    def windows(
        self, advertisers: Sequence[Advertiser | None]
    ) -> Iterator[tuple[Advertiser | None, dates.Window]]:
        """The windows of each advertiser, of the width that has worked so far in this run."""
        ranges = [
            (advertiser, first, last)
            for advertiser in advertisers
            for first, last in (*self._days_before(advertiser), self._days(advertiser))
        ]
        self.logger.log(
            logging.INFO if len(advertisers) == len(self.owners) else logging.DEBUG,
            "Days %s to %s, in windows of at most %d, for %d advertiser(s).",
            min(first for _, first, _ in ranges),
            max(last for _, _, last in ranges),
            self.window_days,
            len(advertisers),
        )

        def computed() -> Iterator[tuple[Advertiser | None, dates.Window]]:
            for advertiser, first, last in ranges:
                start = first
                while start <= last:
                    window = next(dates.windows(start, last, self._width))
                    yield advertiser, window
                    start = window.end.add(days=1)

        return computed()

    def halves(self, window: dates.Window) -> Iterator[dates.Window]:
        """The parts of a window that was too large; later ones are not wider."""
        self._width = max(1, min(self._width, window.days // 2))
        return dates.windows(window.start, window.end, self._width)

    def _days(self, advertiser: Advertiser | None) -> tuple[pendulum.Date, pendulum.Date]:
        """The first and the last day to read."""
        settings = self.run_context.settings
        configured, last = settings.days(self._now(advertiser))
        bookmark = self.bookmark(advertiser)
        reach = self.known_state(advertiser).get(REACH) if bookmark else None
        first = dates.first_day(
            configured,
            dates.moment(bookmark).date() if bookmark else None,
            self.lookback_days(advertiser),
            rolling=dates.is_macro(settings.start_date),
        )
        if reach is not None:  # a look-back is no reason to read what no run was to read
            first = max(first, min(configured, dates.moment(reach).date()))
        if first > last:
            self._warn_once(
                f"empty {advertiser}",
                "No day to read for advertiser %s: %s is after %s.",
                advertiser.id if advertiser else "all",
                first,
                last,
            )
        return first, last

    def _days_before(
        self, advertiser: Advertiser | None
    ) -> Sequence[tuple[pendulum.Date, pendulum.Date]]:
        """The days before all that was ever read, where an earlier start is configured now."""
        reach = self.known_state(advertiser).get(REACH) if self.bookmark(advertiser) else None
        if reach is None:
            return ()
        first, last = self.run_context.settings.days(self._now(advertiser))
        last = min(last, dates.moment(reach).date().subtract(days=1))
        if first > last:
            return ()
        owner = advertiser.id if advertiser else "all"
        self.logger.info("Advertiser %s: reading %s to %s first, new to it.", owner, first, last)
        self._early[advertiser] = dates.Window(first, last)
        return [(first, last)]

    @override
    def note_reach(self, group: Group, state: dict[str, t.Any]) -> None:
        """The first day ever read: that of the first window, or of what was read before it."""
        early = self._early.get(group.advertiser)
        if group.window is None:
            return
        if "replication_key_value" not in state:
            state[REACH] = str(group.window.start)
        elif early is not None and group.window.end == early.end:
            state[REACH] = str(early.start)

    def lookback_days(self, advertiser: Advertiser | None) -> int:  # noqa: ARG002 - for subclasses
        """Days before the bookmark that are read again."""
        days = self.run_context.settings.lookback_days
        return lookback.UNKNOWN if days is None else days

    @override
    def bookmark_text(self, moment: pendulum.DateTime) -> str:
        return moment.to_date_string()

    @override
    def bookmark_after(self, group: Group) -> str | None:
        """The last day of the window, whether it had rows or not."""
        return group.window.end.isoformat() if group.window else None
