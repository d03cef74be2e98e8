"""Search ads: the keywords for which campaigns and ad groups do not show ads."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.messages import Request
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.extract.schemas import entity_schema
from tap_tiktok_ads.streams.dependent import (
    LookupStream,
    LookupTask,
    RejectableSource,
    add_lookup_value,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.dates import Window
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.extract.sampling import Send

#: The objects with keywords: type, stream, column with their ID, and column that is true.
SEARCH_OBJECTS = (
    ("CAMPAIGN", "campaigns", "campaign_id", "is_search_campaign"),
    ("ADGROUP", "ad_groups", "adgroup_id", "search_result_enabled"),
)
TYPE_VALUE, ID_VALUE = "requested.object_type", "requested.object_id"


class KeywordStream(LookupStream):
    """Keywords of campaigns and ad groups whose ads can appear in search results."""

    source_class = RejectableSource
    selected_by_default = False
    flatten = staticmethod(add_lookup_value)

    @override
    def columns(self) -> dict[str, t.Any]:
        return entity_schema(self.name)

    @override
    def source_streams(self) -> set[str]:
        return {stream for _, stream, _, _ in SEARCH_OBJECTS}

    @override
    def first_task(self, owner: Advertiser | None, window: Window | None) -> Task:
        return LookupTask(Request(self.path, {}), owner, window, is_pending=True)

    @override
    def request(
        self, advertiser: Advertiser | None, window: Window | None, values: Mapping[str, t.Any]
    ) -> Request:
        params = {
            "advertiser_id": advertiser.id if advertiser else "",
            "object_type": values[TYPE_VALUE],
            "object_id": values[ID_VALUE],
            "page": 1,
            "page_size": self.page_size,
        }
        return Request(self.path, params)

    @override
    def fetch(self, task: Task) -> Fetched:
        if isinstance(task, LookupTask) and task.is_pending:
            return Page(), [*self._object_tasks(task)]
        return super().fetch(task)

    @override
    def sample_task(self, task: Task, send: Send) -> tuple[list[Record], Sequence[Task]]:
        if isinstance(task, LookupTask) and task.is_pending:
            return [], [*self._object_tasks(task)]
        return super().sample_task(task, send)

    def _object_tasks(self, task: Task) -> Iterator[Task]:
        """Yield a task for each campaign and ad group of an advertiser with search ads."""
        for object_type, name, id_column, flag in SEARCH_OBJECTS:
            stream = self.run_context.open_stream(name)
            for record in stream.read_all(task.advertiser, columns=(id_column, flag)):
                if record.get(flag):
                    values = {TYPE_VALUE: object_type, ID_VALUE: record[id_column]}
                    request = self.request(task.advertiser, None, values)
                    yield LookupTask(request, task.advertiser, values=values)


class NegativeKeywords(KeywordStream):
    """One record per negative keyword of a campaign or ad group: searches that show no ads of it.

    Campaigns with `is_search_campaign` and ad groups with `search_result_enabled` are requested,
    each by one request. TikTok lists at most 1,000 keywords of an object. An object that TikTok
    rejects is skipped with a warning. The fields come from a third-party SDK.
    """

    name = "negative_keywords"
    path = "/search_ad/negative_keyword/get/"
    permission = "2 Ads Management"
    primary_keys = ("advertiser_id", "object_type", "object_id", "keyword_id")
    page_size, records_field = 50, "keywords"
