"""Names of the IDs that ad groups target: locations, languages, interests, carriers, devices."""

from __future__ import annotations

import dataclasses
import typing as t

from typing_extensions import override

from tap_tiktok_ads.api.advertisers import SCOPE_CODES
from tap_tiktok_ads.api.errors import PermissionDeniedError
from tap_tiktok_ads.extract.pages import Page
from tap_tiktok_ads.streams.listing import ListStream, UnpartitionedStream

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.extract.pages import Record, Task
    from tap_tiktok_ads.extract.reader import Fetched

#: Number of advertisers that are tried if TikTok denies the access to the first ones.
MAX_TRIED_ADVERTISERS = 10
#: TikTok requires placements and an objective. All levels of locations are requested.
REGION_PARAMS: Mapping[str, t.Any] = {
    "placements": ["PLACEMENT_TIKTOK"],
    "objective_type": "TRAFFIC",
    "level_range": "ALL",
}


class Regions(ListStream):
    """One record per location where the advertiser can show ads, with its name and parent.

    `location_ids` of `ad_groups` refers to these locations. The tap requests all levels of
    locations for the objective TRAFFIC on TikTok. Other objectives and placements can have
    further locations. The fields come from a third-party SDK.
    """

    name = "regions"
    path = "/tool/region/"
    permission = "none"
    primary_keys = ("advertiser_id", "location_id")
    records_field = "region_info"
    params = REGION_PARAMS
    can_track_deletions = False  # a location that becomes unavailable still has its name
    selected_by_default = False


class NameListPlan:
    """The lists of one advertiser, because all advertisers have the same names."""

    def __init__(self, stream: NameListStream) -> None:
        self._stream = stream

    def tasks(self) -> Iterable[Task]:
        """Return one request per list, for the first advertiser."""
        for advertiser in self._stream.candidates[:1]:
            for params in self._stream.lists:
                yield self._stream.first_task({"advertiser_id": advertiser.id, **params})

    def sample_tasks(self) -> Iterable[Task]:
        """Return the tasks of the plan."""
        return self.tasks()


class NameListStream(UnpartitionedStream):
    """Names that TikTok documents as equal for all advertisers: read once per run.

    TikTok requires an advertiser. If it denies the access to the first one, the next one follows,
    unless the token lacks the scope.
    """

    permission = "none"
    shared = False
    plan_class = NameListPlan
    lists: t.ClassVar[Sequence[Mapping[str, t.Any]]] = ({},)
    """The parameters of each list."""

    @property
    def candidates(self) -> Sequence[Advertiser]:
        """The advertisers to try, of other shards if this shard has none."""
        return (self.advertisers or self.run_context.all_advertisers)[:MAX_TRIED_ADVERTISERS]

    @override
    def fetch(self, task: Task) -> Fetched:
        try:
            return super().fetch(task)
        except PermissionDeniedError as error:
            following = self._for_next_advertiser(task)
            if following is None or error.code in SCOPE_CODES:
                raise
            return Page(), [following]

    def _for_next_advertiser(self, task: Task) -> Task | None:
        """Return the task with the next advertiser, or None if no advertiser remains."""
        tried_ids = [advertiser.id for advertiser in self.candidates]
        params = task.request.params
        following_ids = tried_ids[tried_ids.index(params["advertiser_id"]) + 1 :]
        if not following_ids:
            return None
        params = {**params, "advertiser_id": following_ids[0]}
        return dataclasses.replace(task, request=dataclasses.replace(task.request, params=params))


class Languages(NameListStream):
    """One record per language of an audience, with its name.

    `languages` of `ad_groups` refers to these codes. One request reads all languages. The fields
    come from a third-party SDK.
    """

    name = "languages"
    path = "/tool/language/"
    primary_keys = ("code",)
    records_field = "languages"


class InterestCategories(NameListStream):
    """One record per general interest category, with its name and subcategories.

    `interest_category_ids` of `ad_groups` refers to these categories. One request reads all
    categories of version 2, in English. The fields come from a third-party SDK.
    """

    name = "interest_categories"
    path = "/tool/interest_category/"
    primary_keys = ("interest_category_id",)
    records_field = "interest_categories"
    lists = ({"version": 2},)


class ActionCategories(NameListStream):
    """One record per category of in-app behavior, with its name and subcategories.

    `actions` of `ad_groups` refers to these categories. One request reads all categories, in
    English. The fields come from TikTok's OpenAPI file.
    """

    name = "action_categories"
    path = "/tool/action_category/"
    primary_keys = ("action_category_id", "action_scene")
    records_field = "action_categories"


def flatten_country(raw: Record, task: Task) -> Iterable[Record]:  # noqa: ARG001
    """Yield one record per carrier of a country."""
    for carrier in raw.get("carriers") or ():
        yield {"country_code": raw.get("country_code"), **carrier}


class Carriers(NameListStream):
    """One record per mobile carrier and country, with its name and network codes.

    `carrier_ids` of `ad_groups` refers to these carriers. One request reads all carriers. The
    fields come from TikTok's OpenAPI file.
    """

    name = "carriers"
    path = "/tool/carrier/"
    primary_keys = ("country_code", "carrier_id")
    records_field = "countries"
    flatten = staticmethod(flatten_country)


class DeviceModels(NameListStream):
    """One record per brand, series or model of devices, with its name and children.

    `device_model_ids` of `ad_groups` refers to these devices. One request reads all devices. The
    fields come from a third-party SDK.
    """

    name = "device_models"
    path = "/tool/device_model/"
    primary_keys = ("device_model_id",)
    records_field = "device_models"


class OsVersions(NameListStream):
    """One record per version of Android or iOS, with its name.

    `min_android_version` and `min_ios_version` of `ad_groups` refer to `version`. One request per
    operating system reads all versions. The fields come from TikTok's OpenAPI file.
    """

    name = "os_versions"
    path = "/tool/os_version/"
    primary_keys = ("os_type", "os_id")
    records_field = "os_versions"
    lists = ({"os_type": "ANDROID"}, {"os_type": "IOS"})
