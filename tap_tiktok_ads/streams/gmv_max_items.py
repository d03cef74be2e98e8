"""GMV Max reports of products, posts and livestreams, and sessions of campaigns for products."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.gmv_max_metrics import CREATIVE, LIVESTREAM, PRODUCT, is_attribute
from tap_tiktok_ads.api.hosts import GMV_MAX_REPORT_PATH
from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.dates import Window
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.extract.source import Source, damaged
from tap_tiktok_ads.streams.dependent import LookupTask, RejectableSource, add_lookup_value
from tap_tiktok_ads.streams.gmv_max import (
    FALLBACK_METRIC,
    IS_FINAL,
    GmvMaxReportSource,
    GmvMaxReportStream,
)
from tap_tiktok_ads.streams.steps import StepStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.extract.pages import Record, Task

    Values = Mapping[str, t.Any]

#: Maximum number of IDs in a filter of a report.
MAX_FILTER_IDS = 100
#: Number of days whose reports by hour share their steps.
STEP_DAYS = 30
#: Maximum number of sessions whose details one request returns.
MAX_SESSIONS = 20
CAMPAIGN_LIST = "/gmv_max/campaign/get/"
SESSION_LIST, SESSION_DETAILS = (f"/campaign/gmv_max/session/{name}/" for name in ("list", "get"))
#: Maximum page size of the list of campaigns.
CAMPAIGN_PAGE_SIZE = 100
#: Texts in place of the ID of an object.
NO_IDS = (None, "", "-")


def filter_of(dimension: str) -> str:
    """Return the macro name of the values that filter by a dimension."""
    return f"gmv_max.{dimension}s"


def batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield distinct values in lists of a maximum size, in their order."""
    remaining = iter(dict.fromkeys(values))
    while batch := [*itertools.islice(remaining, size)]:
        yield batch


def check_ids(task: Task, response: Response, path: str, names: Sequence[str]) -> None:
    """Raise an error if an object of a step lacks a member with an ID: it would be left out.

    Args:
        task: The task of the step.
        response: The response, whose records are objects.
        path: Members that lead to the records, and from a record to the IDs.
        names: Names of the members with IDs.

    Raises:
        DamagedResponseError: An object lacks one.
    """
    field, _, member = path.partition(".")
    for number, raw in enumerate(response.data.get(field) or ()):
        item = raw.get(member) if member else raw
        for name in names:
            if not isinstance(item, dict) or name not in item:
                place = ".".join(filter(None, (f"data.{field}[{number}]", member, name)))
                raise damaged(task.request, response, f"expected an ID at {place}, got nothing.")


class ItemReportSource(GmvMaxReportSource):
    """The report of a shop, or a step, whose records name the IDs of all its dimensions."""

    @override
    def check(self, task: Task, response: Response) -> None:
        super().check(task, response)
        names = task.request.params["dimensions"]
        if not any(name.startswith("stat_time_") for name in names):
            check_ids(task, response, "list.dimensions", names)


class GmvMaxItemReportStream(StepStream, GmvMaxReportStream):
    """A report of the products, posts or livestreams of the GMV Max campaigns of a shop.

    TikTok requires the IDs of campaigns, and for posts also the IDs of products. Reports of the
    same days name them: by campaign, then by product.
    """

    path = GMV_MAX_REPORT_PATH
    source_class = ItemReportSource
    literal_lookups = ()
    added_columns = (IS_FINAL,)
    promotion_type: t.ClassVar[str]
    """The type of the campaigns."""
    item_dimensions: t.ClassVar[tuple[str, ...]]
    """The ID dimensions, from the campaign down. A step finds the IDs of each but the last."""

    @property
    def _has_attributes(self) -> bool:
        """True if a metric is written that needs one campaign and one ID dimension."""
        return any(map(is_attribute, self.selected_metrics))

    def _found(self, values: Values) -> tuple[str, ...]:
        """Return the dimensions whose IDs are known."""
        return tuple(name for name in self.item_dimensions if filter_of(name) in values)

    @override
    def is_step(self, values: Values) -> bool:
        return len(self._found(values)) < len(self.item_dimensions) - 1

    @override
    def report_params(self, values: Values) -> dict[str, t.Any]:
        found = self._found(values)
        filtering = {f"{name}s": values[filter_of(name)] for name in found}
        dimensions = [*self.item_dimensions[: len(found) + 1]]
        metrics = [FALLBACK_METRIC]
        if not self.is_step(values):
            last = dimensions[-1:] if self._has_attributes else dimensions
            dimensions = [*last, self.replication_key]
            metrics = self.selected_metrics or metrics
        return {
            "dimensions": dimensions,
            "metrics": metrics,
            "filtering": filtering or self.campaign_filter(self.promotion_type),
        }

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        """Return the request of a report. Reports of products and posts share their steps."""
        is_step = self.is_step(values)
        days = self._step_days(advertiser, window) if is_step else window
        request = super().request(advertiser, days, values)
        return dataclasses.replace(request, shared=is_step)

    def _step_days(self, advertiser: Advertiser | None, window: Window | None) -> Window | None:
        """Return the days of a step. All hours of thirty days have the same steps."""
        if window is None or self.window_days > 1:
            return window
        first = window.start.subtract(days=window.start.toordinal() % STEP_DAYS)
        today = self.run_context.now(advertiser).date()
        last = min(first.add(days=STEP_DAYS - 1), today)
        return Window(first, max(last, window.end))

    @override
    def next_values(self, values: Values, raw_records: Iterable[Record]) -> Iterator[Values]:
        *parents, name = self.item_dimensions[: len(self._found(values)) + 1]
        ids: dict[tuple[str, ...], list[str]] = {}
        for raw in raw_records:
            dimensions = raw["dimensions"]
            if not any(dimensions[column] in NO_IDS for column in (*parents, name)):
                parent_ids = tuple(str(dimensions[parent]) for parent in parents)
                ids.setdefault(parent_ids, []).append(str(dimensions[name]))
        size = 1 if self._has_attributes else MAX_FILTER_IDS
        for parent_ids, item_ids in ids.items():
            parent_filters = {
                filter_of(parent): [parent_id]
                for parent, parent_id in zip(parents, parent_ids, strict=True)
            }
            for batch in batches(item_ids, size):
                yield {**values, **parent_filters, filter_of(name): batch}

    @override
    def flatten_report_record(self, raw: Record, task: Task) -> Iterable[Record]:
        """Yield the flat record, with the campaign of a request that has no such dimension."""
        for record in super().flatten_report_record(raw, task):
            if record.get("campaign_id") is None and isinstance(task, LookupTask):
                (record["campaign_id"],) = task.values[filter_of("campaign_id")]
            yield record

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return (self.path,) * len(self.item_dimensions)


class GmvMaxProductReport(GmvMaxItemReportStream):
    """Daily performance of each product in GMV Max campaigns for products, by TikTok Shop.

    TikTok requires the IDs of the campaigns. A report by campaign finds them. Then one request
    reads up to 100 campaigns. `product_name`, `product_image_url` and `bid_type` in
    `report_metrics` take one request per campaign. TikTok does not document if products of deleted
    campaigns are reported (uncertain). The cost is up to 11 hours late. The metrics, dimensions and
    filters come from TikTok's page.
    """

    name = "gmv_max_product_report"
    level, promotion_type = PRODUCT, "PRODUCT"
    item_dimensions = ("campaign_id", "item_group_id")
    primary_keys = ("advertiser_id", "store_id", *item_dimensions, "stat_time_day")


class GmvMaxProductReportHourly(GmvMaxItemReportStream):
    """Hourly performance of each product in GMV Max campaigns, in the advertiser's time zone.

    Each day and shop takes one request or more. Otherwise as `gmv_max_product_report`.
    """

    name = "gmv_max_product_report_hourly"
    level, promotion_type = PRODUCT, "PRODUCT"
    replication_key, window_days = "stat_time_hour", 1
    item_dimensions = ("campaign_id", "item_group_id")
    primary_keys = ("advertiser_id", "store_id", *item_dimensions, "stat_time_hour")


class GmvMaxCreativeReport(GmvMaxItemReportStream):
    """Daily performance of each TikTok post by product and GMV Max campaign, for posts with cost.

    TikTok requires the IDs of campaigns and products. Reports by campaign and by product find them.
    Then each campaign takes one request for up to 100 of its products. TikTok offers no report of
    posts by hour, and no names of posts in this report. `creative_delivery_status` is the status at
    the time of the request. The metrics, dimensions and filters come from TikTok's page.
    """

    name = "gmv_max_creative_report"
    level, promotion_type = CREATIVE, "PRODUCT"
    item_dimensions = ("campaign_id", "item_group_id", "item_id")
    primary_keys = ("advertiser_id", "store_id", *item_dimensions, "stat_time_day")


class GmvMaxLiveReport(GmvMaxItemReportStream):
    """Daily performance of each livestream in GMV Max campaigns for livestreams, by TikTok Shop.

    TikTok requires the IDs of the campaigns. A report by campaign finds them. Then one request
    reads up to 100 campaigns. `live_name`, `live_status`, `live_launched_time` and `live_duration`
    in `report_metrics` take one request per campaign. Orders and revenue are those of the shop.
    TikTok does not document if livestreams of deleted campaigns are reported (uncertain). The
    metrics, dimensions and filters come from TikTok's page.
    """

    name = "gmv_max_live_report"
    level, promotion_type = LIVESTREAM, "LIVE"
    item_dimensions = ("campaign_id", "room_id")
    primary_keys = ("advertiser_id", "store_id", *item_dimensions, "stat_time_day")


class GmvMaxLiveReportHourly(GmvMaxItemReportStream):
    """Hourly performance of each livestream in GMV Max campaigns, in the advertiser's time zone.

    Each day and shop takes one request or more. Otherwise as `gmv_max_live_report`.
    """

    name = "gmv_max_live_report_hourly"
    level, promotion_type = LIVESTREAM, "LIVE"
    replication_key, window_days = "stat_time_hour", 1
    item_dimensions = ("campaign_id", "room_id")
    primary_keys = ("advertiser_id", "store_id", *item_dimensions, "stat_time_hour")


class SessionSource(RejectableSource):
    """Sessions of a campaign, or their details.

    A list without sessions can lack `session_list`. Details always have it.
    """

    @override
    def check(self, task: Task, response: Response) -> None:
        if response.data or task.request.path == SESSION_DETAILS:
            super().check(task, response)
            check_ids(task, response, self.records_field, ["session_id"])


class SessionCampaignSource(Source):
    """The campaigns that can have sessions."""

    @override
    def check(self, task: Task, response: Response) -> None:
        super().check(task, response)
        check_ids(task, response, self.records_field, ["campaign_id"])


class GmvMaxSessionStream(StepStream):
    """Sessions of GMV Max campaigns: the campaigns, then their sessions, then the details."""

    @override
    def columns(self) -> dict[str, t.Any]:
        return entity_schema(self.name)

    @override
    def is_step(self, values: Values) -> bool:
        return filter_of("session_id") not in values

    @override
    def source_of(self, task: Task) -> Source:
        if task.request.path == CAMPAIGN_LIST:
            return SessionCampaignSource(self.name, page_size=CAMPAIGN_PAGE_SIZE)
        return self.source

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        params: dict[str, t.Any] = {"advertiser_id": advertiser.id} if advertiser else {}
        if not self.is_step(values):
            params["session_ids"] = values[filter_of("session_id")]
            return Request(SESSION_DETAILS, params)
        if filter_of("campaign_id") in values:
            (params["campaign_id"],) = values[filter_of("campaign_id")]
            return Request(SESSION_LIST, params)
        params |= {
            "filtering": {"gmv_max_promotion_types": ["PRODUCT_GMV_MAX"]},
            "page": 1,
            "page_size": CAMPAIGN_PAGE_SIZE,
        }
        return Request(CAMPAIGN_LIST, params)

    @override
    def next_values(self, values: Values, raw_records: Iterable[Record]) -> Iterator[Values]:
        is_list = filter_of("campaign_id") not in values
        name, size = ("campaign_id", 1) if is_list else ("session_id", MAX_SESSIONS)
        ids = (str(raw[name]) for raw in raw_records if raw[name] not in NO_IDS)
        for batch in batches(ids, size):
            yield {**values, filter_of(name): batch}

    @override
    def endpoints(self, task: Task) -> Sequence[str]:
        return (CAMPAIGN_LIST,)


class GmvMaxSessions(GmvMaxSessionStream):
    """One record per active session for max delivery or creative boost of a GMV Max campaign.

    TikTok lists only active sessions, and only of campaigns for products. Each campaign takes one
    request, and each 20 of its sessions another one. `item_id` is the boosted post. The fields come
    from TikTok's OpenAPI file. A response without `session_list` counts as no session.
    """

    name = "gmv_max_sessions"
    path, records_field = SESSION_LIST, "session_list"
    primary_keys = ("advertiser_id", "session_id")
    source_class = SessionSource
    selected_by_default = False
    flatten = staticmethod(add_lookup_value)
