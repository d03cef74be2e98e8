"""Advertisers, campaigns, ad groups and ads."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import (
    INFO_BATCH_SIZE,
    batches,
    info_request,
    missing_text,
)
from tap_tiktok_ads.api.errors import DamagedResponseError
from tap_tiktok_ads.api.hosts import ADVERTISER_INFO_PATH, CAMPAIGNS_PATH
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.extract.source import AddedColumns, Source
from tap_tiktok_ads.streams.listing import ListStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_tiktok_ads.api.messages import Response


class BatchPlan:
    """One request per batch of advertisers."""

    def __init__(self, stream: ListStream) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return the request of each batch."""
        advertiser_ids = [advertiser.id for advertiser in self._stream.advertisers]
        return (Task(info_request(batch)) for batch in batches(advertiser_ids, INFO_BATCH_SIZE))

    def sample_tasks(self) -> Iterable[Task]:
        """Return the tasks of the plan."""
        return self.tasks()


class DetailsSource(Source):
    """The list of advertisers: every requested ID must be in it.

    An ID that a response lacks is requested once more, alone. An ID that was not requested is
    ignored.
    """

    reads_list_only = False  # fast decoders leave records encoded

    @override
    def locate(self, task: Task, response: Response) -> Sequence[t.Any]:
        ids = _requested_ids(task)
        records = response.data["list"]
        missing_ids = _missing_ids(ids, records)
        if missing_ids and not task.request.shared:
            damage = missing_text(missing_ids[0])
            raise DamagedResponseError(task.request.label, damage, request_id=response.request_id)
        return [record for record in records if str(record.get("advertiser_id")) in ids]

    @override
    def following(self, task: Task, response: Response, record_count: int) -> Sequence[Task]:
        missing_ids = _missing_ids(_requested_ids(task), response.data["list"])
        return [Task(info_request([advertiser_id], shared=False)) for advertiser_id in missing_ids]


def _requested_ids(task: Task) -> Sequence[str]:
    return t.cast("Sequence[str]", task.request.params["advertiser_ids"])


def _missing_ids(ids: Sequence[str], records: Sequence[t.Any]) -> list[str]:
    """Return the requested IDs that a response lacks."""
    received = {str(record.get("advertiser_id")) for record in records}
    return [advertiser_id for advertiser_id in ids if advertiser_id not in received]


#: Completes a campaign, ad group or ad. Promote objects lack the replication key: null.
complete_object = AddedColumns(("modify_time",), checks_owner=True)


class Advertisers(ListStream):
    """One record per ad account, with status, currency and time zone.

    TikTok masks the contact details.
    """

    name = "advertisers"
    path = ADVERTISER_INFO_PATH
    permission = "100 Read Ad Account Information"
    primary_keys = ("advertiser_id",)
    source_class = DetailsSource
    can_track_deletions = False  # the accounts of the settings are requested, not listed
    plan_class = BatchPlan


class Campaigns(ListStream):
    """One record per campaign of every buying type, including deleted campaigns.

    Upgraded Smart+ campaigns are included. Campaigns of the Promote tool in the TikTok app have
    `campaign_system_origin` PROMOTE. TikTok returns only their IDs, name, status and creation time.
    """

    name = "campaigns"
    path = CAMPAIGNS_PATH
    permission = "200 Read Campaigns"
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    flatten = staticmethod(complete_object)
    page_size = 1000
    has_status_filter = has_topview_list = has_promote = True


class AdGroups(ListStream):
    """One record per ad group of every buying type, including deleted ad groups.

    Ad groups of GMV Max for Shop are not included. Ad groups of the Promote tool have
    `campaign_system_origin` PROMOTE and only a few columns.
    """

    name = "ad_groups"
    path = "/adgroup/get/"
    permission = "210 Read Ad Groups"
    primary_keys = ("advertiser_id", "adgroup_id")
    replication_key = "modify_time"
    flatten = staticmethod(complete_object)
    page_size = 1000
    has_status_filter = has_topview_list = has_promote = True


class Ads(ListStream):
    """One record per ad of every buying type, including deleted ads.

    For Upgraded Smart+ ads, one record per creative: `ad_id` identifies the creative and
    `smart_plus_ad_id` the ad. Ads of the Promote tool have `campaign_system_origin` PROMOTE and
    only a few columns. The fields come from a third-party SDK, because TikTok's page was
    unavailable.
    """

    name = "ads"
    path = "/ad/get/"
    permission = "220 Read Ads"
    primary_keys = ("advertiser_id", "ad_id")
    replication_key = "modify_time"
    flatten = staticmethod(complete_object)
    page_size = 1000
    has_status_filter = has_topview_list = has_modified_after = has_promote = True
