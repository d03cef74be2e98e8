"""Sources of events: offline and CRM event sets, custom conversions, events of apps and pages."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.errors import PermissionDeniedError
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.schemas import EMPTY_KEY
from tap_tiktok_ads.extract.source import add_advertiser
from tap_tiktok_ads.streams.dependent import (
    DependentStream,
    LookupPlan,
    RejectableSource,
    SourceColumn,
)
from tap_tiktok_ads.streams.listing import ListStream

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Request
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.streams.dependent import Values

#: The macros of the values of a request for custom conversions.
PIXEL_VALUE, APP_VALUE = "pixels.pixel_id", "apps.app_platform_id"
PIXELS = SourceColumn(PIXEL_VALUE, parameter="event_source_id")
#: Only apps that attribute events themselves have custom conversions.
APPS = SourceColumn(
    APP_VALUE, parameter="event_source_id", where={"self_attribution_enabled": True}
)
#: The goal whose events are requested.
APP_EVENT_PARAMS: Mapping[str, t.Any] = {
    "optimization_goal": "IN_APP_EVENT",
    "objective": "APP_PROMOTION",
    "app_promotion_type": "APP_INSTALL",
    "placement_type": "PLACEMENT_TYPE_AUTOMATIC",
    "available_only": False,
}
PAGE_EVENT_PARAMS: Mapping[str, t.Any] = {
    "objective_type": "CONVERSIONS",
    "optimization_goal": "CONVERT",
}
PAGE_EVENT_COLUMNS = ("business_type", "objective_type", "optimization_goal", "optimization_event")


class OfflineEventSets(ListStream):
    """One record per offline event set of the advertiser.

    The fields come from TikTok's OpenAPI file.
    """

    name = "offline_event_sets"
    path = "/offline/get/"
    permission = "7224195155857833986 Read Offline Events"
    primary_keys = ("advertiser_id", "event_set_id")
    records_field = "event_set_list"
    selected_by_default = False


class CrmEventSets(ListStream):
    """One record per CRM event set of the advertiser. The fields come from a third-party SDK."""

    name = "crm_event_sets"
    path = "/crm/list/"
    permission = "7294180478502846465 Read CRM Event Sets"
    primary_keys = ("advertiser_id", "event_set_id")
    records_field = "crm_event_sets"
    selected_by_default = False


class PixelAndAppPlan:
    """The lookups of pixels and of apps, one after the other."""

    def __init__(self, plans: Sequence[LookupPlan]) -> None:
        self.plans = plans

    def first_task(self, path: str, advertiser: Advertiser | None, window: Window | None) -> Task:
        """Return the task that looks up both."""
        return self.plans[0].first_task(path, advertiser, window)

    def min_combinations(self) -> int:
        """Return the number of requests with one pixel and one app."""
        return sum(plan.min_combinations() for plan in self.plans)

    def expand(self, task: Task) -> list[Task]:
        """Return one task per pixel and per app."""
        return [following for plan in self.plans for following in plan.expand(task)]


class EventSourceStream(DependentStream):
    """Records of each pixel, and of each app that attributes events itself."""

    source_column = PIXELS
    source_class = RejectableSource

    @override
    def source_streams(self) -> set[str]:
        return {"pixels", "apps"}

    @override
    def fetch(self, task: Task) -> Fetched:
        """Read a page, or look up pixels and apps. One of them can be denied on its own."""
        if not task.is_pending:
            return super().fetch(task)
        denied: ApiError | None = None
        following: list[Task] = []
        for plan in self.lookup_plan.plans:
            try:
                following += plan.expand(task)
            except PermissionDeniedError as error:
                denied = error
        return Page(denied=denied), following

    @functools.cached_property
    @override
    def lookup_plan(self) -> t.Any:
        make_plan = functools.partial(LookupPlan, self.name, make_request=self.request)
        return PixelAndAppPlan(
            [
                make_plan((lookup,), run_context=self.run_context, warnings=self.warnings)
                for lookup in (PIXELS.lookup(), APPS.lookup())
            ]
        )

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Values
    ) -> Request:
        is_pixel = PIXEL_VALUE in values
        source_id = values[PIXEL_VALUE if is_pixel else APP_VALUE]
        request = super().request(advertiser, window, {PIXEL_VALUE: source_id})
        params = {**request.params, "event_source_type": "PIXEL" if is_pixel else "APP"}
        return dataclasses.replace(request, params=params)


class CustomConversions(EventSourceStream):
    """One record per custom conversion of each pixel, and of each app that attributes by itself.

    Each pixel and app takes one request. A pixel or app that TikTok rejects is skipped with a
    warning. The fields come from a third-party SDK.
    """

    name = "custom_conversions"
    path = "/custom_conversion/list/"
    primary_keys = ("advertiser_id", "custom_conversion_id")
    page_size = 1000
    flatten = staticmethod(add_advertiser)


class AppEvents(DependentStream):
    """One record per event of an app that ads can optimize for, with its number of conversions.

    Each app takes one request, for in-app events of app installs with automatic placement,
    unavailable events included. Other goals can have other events. An app that TikTok rejects is
    skipped with a warning. The fields come from a third-party SDK.
    """

    name = "app_events"
    path = "/app/optimization_event/"
    permission = "700 Read Apps"
    primary_keys = ("advertiser_id", "app_id", "optimization_event")
    records_field = "optimization_events"
    source_column = SourceColumn("apps.app_id", parameter="app_id")
    source_class = RejectableSource

    @override
    def params(self, advertiser: Advertiser | None, window: Window | None) -> dict[str, t.Any]:
        return {**APP_EVENT_PARAMS}


def _goals_of(page: Record) -> Iterator[tuple[str, Record]]:
    """Yield objective and goal of the events of a type of pages."""
    for objective in (page.get("instant_page_events") or {}).get("objective_types") or ():
        for goal in objective.get("optimization_goals") or ():
            yield objective.get("objective_type") or EMPTY_KEY, goal


def flatten_page_events(raw: Record, task: Task) -> Iterator[Record]:
    """Yield one record per objective, goal and event of instant pages."""
    business_type = raw.get("business_type") or EMPTY_KEY
    for objective_type, goal in _goals_of(raw):
        goal_name = goal.get("optimization_goal") or EMPTY_KEY
        for event in goal.get("optimization_events") or ():
            values = (business_type, objective_type, goal_name, event)
            record = dict(zip(PAGE_EVENT_COLUMNS, values, strict=True))
            yield from add_advertiser(record, task)


class InstantPageEvents(ListStream):
    """One record per event of instant pages that ads can optimize for.

    One request reads the events of the objective CONVERSIONS with the goal CONVERT. Other goals are
    not documented. The fields come from a third-party SDK.
    """

    name = "instant_page_events"
    path = "/pixel/instant_page/event/"
    permission = "801 Create and Update Pixels"
    primary_keys = ("advertiser_id", *PAGE_EVENT_COLUMNS)
    params = PAGE_EVENT_PARAMS
    can_track_deletions = False
    flatten = staticmethod(flatten_page_events)
    selected_by_default = False
