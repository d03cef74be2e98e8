"""Advertisers, campaigns, ad groups and ads."""

from __future__ import annotations

import typing as t

from typing_extensions import override

from tap_tiktok_ads.api import advertisers as accounts
from tap_tiktok_ads.api import hosts
from tap_tiktok_ads.extract.pages import Task
from tap_tiktok_ads.streams.base import EntityStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable


class Advertisers(EntityStream):
    """Ad accounts with status, currency and time zone; contact details come masked."""

    name = "advertisers"
    path = hosts.ADVERTISER_INFO_PATH
    permission = "100 Read Ad Account Information"
    primary_keys = ("advertiser_id",)
    tracks_deleted = False  # those of the settings are asked for, not listed

    @override
    def plan(self) -> Iterable[Task]:
        ids = [advertiser.id for advertiser in self.advertisers]
        batches = accounts.batches(ids, accounts.INFO_BATCH_SIZE)
        return (Task(accounts.info_request(batch)) for batch in batches)


class Campaigns(EntityStream):
    """Campaigns of every buying type, deleted ones included; Upgraded Smart+ among them."""

    name = "campaigns"
    path = hosts.CAMPAIGNS_PATH
    permission = "200 Read Campaigns"
    primary_keys = ("advertiser_id", "campaign_id")
    replication_key = "modify_time"
    page_size = 1000
    deletable = top_view = True


class AdGroups(EntityStream):
    """Ad groups of every buying type, deleted ones included; not those of GMV Max for Shop."""

    name = "ad_groups"
    path = "/adgroup/get/"
    permission = "210 Read Ad Groups"
    primary_keys = ("advertiser_id", "adgroup_id")
    replication_key = "modify_time"
    page_size = 1000
    deletable = top_view = True


class Ads(EntityStream):
    """Ads of every buying type, deleted ones included; for Upgraded Smart+, one row per creative.

    There `ad_id` names the creative, and `smart_plus_ad_id` the ad. The field list is that of a
    third-party SDK: TikTok's own page could not be read.
    """

    name = "ads"
    path = "/ad/get/"
    permission = "220 Read Ads"
    primary_keys = ("advertiser_id", "ad_id")
    replication_key = "modify_time"
    page_size = 1000
    deletable = top_view = modified_after = True
