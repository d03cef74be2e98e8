"""The bases of the streams: listings of objects, and reports over windows of days."""

from __future__ import annotations

import email.utils
import typing as t

import pendulum
from typing_extensions import override

from tap_tiktok_ads import dates, records, schemas
from tap_tiktok_ads.client import Group, Task, TikTokStream
from tap_tiktok_ads.errors import ResponseError
from tap_tiktok_ads.transport import Request

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_tiktok_ads.accounts import Advertiser
    from tap_tiktok_ads.tap import TapTikTokAds
    from tap_tiktok_ads.transport import Decode, Reply

#: A change may show up in a listing some time after the moment it is dated with.
CHANGE_DELAY = pendulum.duration(minutes=10)
#: TikTok lists TopView objects only when asked for them alone, and at most so many at a time.
TOP_VIEW_PAGE_SIZE = 100
#: The asset library lists its most recently changed assets only.
LISTING_CAP = 10_000


class EntityStream(TikTokStream):
    """Objects of an advertiser, read page by page."""

    deletable: t.ClassVar[bool] = False
    """Whether the endpoint lists deleted objects when asked with `primary_status`."""
    top_view: t.ClassVar[bool] = False
    """Whether TopView objects need a listing of their own."""
    modified_after: t.ClassVar[bool] = False
    """Whether the endpoint can leave out what has not changed since a time."""
    capped: t.ClassVar[bool] = False
    """Whether the endpoint lists at most `LISTING_CAP` objects."""

    @override
    def columns(self) -> dict[str, t.Any]:
        return schemas.entity(self.name)

    @override
    def plan(self) -> Iterable[Task]:
        self._since = {a.id: self.bookmark(a) for a in self.tap.advertisers}
        return (
            Task(request, advertiser, optional=optional)
            for advertiser in self.tap.advertisers
            for request, optional in self.listings(advertiser)
        )

    def listings(self, advertiser: Advertiser) -> Iterator[tuple[Request, bool]]:
        """The first requests of an advertiser's listings, and whether each may be refused."""
        filtering: dict[str, t.Any] = {}
        if self.deletable and self.tap.settings.include_deleted:
            filtering["primary_status"] = "STATUS_ALL"
        since = self._since[advertiser.id]
        if self.modified_after and since is not None:
            # a second earlier: whether the bound itself is included is not documented
            second_before = dates.moment(since).subtract(seconds=1)
            filtering["modified_after"] = second_before.format("YYYY-MM-DD HH:mm:ss")
        yield self.listing(advertiser, self.page_size, filtering), False
        if self.top_view:
            filtering = {**filtering, "buying_types": ["RESERVATION_TOP_VIEW"]}
            yield self.listing(advertiser, TOP_VIEW_PAGE_SIZE, filtering), True

    def listing(
        self,
        advertiser: Advertiser,
        page_size: int | None,
        filtering: dict[str, t.Any],
    ) -> Request:
        """The request for a listing's first page."""
        params: dict[str, t.Any] = {"advertiser_id": advertiser.id}
        if page_size is not None:
            params |= {"page": 1, "page_size": page_size}
        if filtering:
            params["filtering"] = filtering
        return Request(self.path, params, shared=self.shared)

    @override
    def read(self, task: Task, reply: Reply) -> Sequence[dict[str, t.Any]]:
        total = (reply.data.get("page_info") or {}).get("total_number")
        if self.capped and isinstance(total, int) and total >= LISTING_CAP:
            self._warn_once(
                f"capped {task.advertiser}",
                "TikTok lists the %d most recently changed assets only, for %s.",
                LISTING_CAP,
                task.request.where,
            )
        return super().read(task, reply)

    @override
    def wanted(self, raw: dict[str, t.Any], group: Group) -> bool:
        """Drop what has not changed since the bookmark, and what was seen on an earlier page.

        A record without a time of change is always wanted.
        """
        try:
            changed = records.date_time(raw.get("modify_time"))
        except records.BadValueError:
            changed = None
        if changed is not None:
            group.newest = max(group.newest or changed, changed)
            since = self._since[group.advertiser.id] if group.advertiser else None
            if since is not None and self.replication_key and changed < since:
                return False
        identity = self.identity(raw)
        if identity in group.seen:
            return False
        group.seen.add(identity)
        return True

    def identity(self, raw: dict[str, t.Any]) -> tuple[t.Any, ...]:
        """What tells a raw record from the others of its advertiser."""
        return tuple(raw.get(key) for key in self.primary_keys if key != "advertiser_id")

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        if task.advertiser is not None:
            raw["advertiser_id"] = task.advertiser.id
        yield raw

    @override
    def bookmark_after(self, group: Group) -> str | None:
        """The latest change seen, but not later than shortly before the listing began.

        An object that changes while the listing is under way may have been passed already.
        """
        if group.newest is None:
            return None
        try:
            began = email.utils.parsedate_to_datetime(group.began or "")
        except ValueError:
            began = self.tap.started
        latest = (pendulum.instance(began) - CHANGE_DELAY).in_timezone("UTC")
        return min(group.newest, self.bookmark_text(latest))


class ReportStream(TikTokStream):
    """Rows of `/report/integrated/get/` over windows of days.

    The dates follow the advertiser's time zone. Rows of deleted objects are included unless
    `include_deleted` is off: TikTok leaves them out by default, and their spend with them.
    """

    path = "/report/integrated/get/"
    page_size = 1000
    replication_key = "stat_time_day"
    report_type: t.ClassVar[str] = "BASIC"
    data_level: t.ClassVar[str]
    dimensions: t.ClassVar[tuple[str, ...]]
    window_days: t.ClassVar[int] = 30
    """Days that one request may span with the dimension `stat_time_day`, both ends included."""

    def __init__(self, tap: TapTikTokAds) -> None:
        super().__init__(tap)
        self.primary_keys = ("advertiser_id", *self.dimensions)

    @override
    def columns(self) -> dict[str, t.Any]:
        return schemas.report(self.dimensions, schemas.default_metrics(self.name))

    @override
    def new_caster(self) -> records.Caster:
        return records.Caster(self.schema, attributes=True)

    @property
    def metrics(self) -> list[str]:
        """The metrics to ask for: those selected. TikTok wants at least one."""
        selected = [
            name for name in schemas.default_metrics(self.name) if self.mask[("properties", name)]
        ]
        return selected or ["spend"]

    @override
    def new_decoder(self, left_out: t.AbstractSet[str]) -> Decode | None:
        """A `ReportDecoder`, where every metric that is asked for is written, too."""
        if left_out & set(self.metrics):
            return None
        return records.ReportDecoder(self.schema, self.dimensions, self.metrics).decode

    @override
    def plan(self) -> Iterable[Task]:
        metrics = self.metrics
        ranges = [(advertiser, *self._days(advertiser)) for advertiser in self.tap.advertisers]
        self.logger.info(
            "Days %s to %s, in windows of at most %d, for %d advertiser(s).",
            min(first for _, first, _ in ranges),
            max(last for _, _, last in ranges),
            self.window_days,
            len(ranges),
        )
        return (
            Task(self.request(advertiser, window, metrics), advertiser, window)
            for advertiser, first, last in ranges
            for window in dates.windows(first, last, self.window_days)
        )

    def _days(self, advertiser: Advertiser) -> tuple[pendulum.Date, pendulum.Date]:
        """The first and the last day to read."""
        settings = self.tap.settings
        now = self.tap.started.in_timezone(advertiser.timezone)
        configured, last = settings.days(now)
        bookmark = self.bookmark(advertiser)
        first = dates.first_day(
            configured,
            dates.moment(bookmark).date() if bookmark else None,
            settings.lookback_days,
            rolling=dates.is_macro(settings.start_date),
        )
        if first > last:
            self._warn_once(
                f"empty {advertiser.id}",
                "No day to read for advertiser %s: %s is after %s.",
                advertiser.id,
                first,
                last,
            )
        return first, last

    def request(self, advertiser: Advertiser, window: dates.Window, metrics: list[str]) -> Request:
        """The request for a window's first page."""
        params: dict[str, t.Any] = {
            "advertiser_id": advertiser.id,
            "service_type": "AUCTION",
            "report_type": self.report_type,
            "data_level": self.data_level,
            "dimensions": list(self.dimensions),
            "metrics": metrics,
            "start_date": window.start.isoformat(),
            "end_date": window.end.isoformat(),
            "page": 1,
            "page_size": self.page_size,
        }
        if self.tap.settings.include_deleted:
            level = self.data_level.removeprefix("AUCTION_").lower()
            params["filtering"] = [
                {
                    "field_name": f"{level}_status",
                    "filter_type": "IN",
                    "filter_value": '["STATUS_ALL"]',
                }
            ]
        return Request(self.path, params)

    @override
    def flatten(self, raw: dict[str, t.Any], task: Task) -> Iterable[dict[str, t.Any]]:
        dimensions = raw.get("dimensions") or {}
        for name in self.dimensions:
            if not isinstance(dimensions.get(name), (str, int)):
                msg = f"{task.request.where} answered a row without the dimension {name}"
                raise ResponseError(msg)
        row = {"advertiser_id": task.advertiser.id if task.advertiser else None}
        row |= {name: dimensions[name] for name in self.dimensions}  # in the order of the keys
        yield {**row, **dimensions, **(raw.get("metrics") or {})}

    @override
    def bookmark_text(self, moment: pendulum.DateTime) -> str:
        return moment.to_date_string()

    @override
    def bookmark_after(self, group: Group) -> str | None:
        """The last day of the window, whether it had rows or not."""
        return group.window.end.isoformat() if group.window else None
