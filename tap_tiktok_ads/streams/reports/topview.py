"""TopView ads: TikTok lists and reports them only when they are requested by buying type."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.advertisers import TOPVIEW
from tap_tiktok_ads.api.errors import PermissionDeniedError
from tap_tiktok_ads.extract.topview_campaigns import ALWAYS
from tap_tiktok_ads.streams.reports.filters import in_filter, is_promote_filter

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    import pendulum

    from tap_tiktok_ads.extract.pages import Page, Task
    from tap_tiktok_ads.extract.topview_campaigns import TopViewCampaigns
    from tap_tiktok_ads.problems import Warnings
    from tap_tiktok_ads.streams.reports.topview_inclusion import TopViewInclusion

#: Dimensions that are objects of one buying type. Records of others mix several.
OBJECT_DIMENSIONS = frozenset({"campaign_id", "adgroup_id", "ad_id", "ad_id_v2"})


def buying_types(task: Task) -> str:
    """Return the buying types, as JSON text, that a report is filtered by, or an empty text."""
    filters = task.request.params.get("filtering", ())
    values = (
        condition["filter_value"]
        for condition in filters
        if condition["field_name"] == "buying_type"
    )
    return next(values, "")


def for_topview(task: Task) -> Task:
    """Return the report task for TopView ads. It is optional. Promote ads are of another type."""
    filters = task.request.params.get("filtering", ())
    filters = [condition for condition in filters if not is_promote_filter(condition)]
    filters.append(in_filter("buying_type", [TOPVIEW]))
    task = task.with_params(filtering=filters)
    return dataclasses.replace(task, optional=True, is_topview=True)


def mixes_buying_types(dimensions: Sequence[str]) -> bool:
    """Return True if a record of these dimensions can hold ads of several buying types."""
    return OBJECT_DIMENSIONS.isdisjoint(dimensions)


class TopView:
    """Requests the TopView ads of a report, for advertisers that have TopView campaigns."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        campaigns: TopViewCampaigns,
        stream: str,
        warnings: Warnings,
        dimensions: Sequence[str],
        inclusion: TopViewInclusion | None,
        *,
        is_enabled: bool,
    ) -> None:
        """Prepare.

        Args:
            campaigns: The TopView campaigns of the run's advertisers.
            stream: Name of the stream.
            warnings: The warnings of the stream.
            dimensions: The dimensions of the report.
            inclusion: Finds out if the report includes TopView ads, or None if it does not.
            is_enabled: False if the endpoint does not report TopView ads apart.
        """
        self._campaigns = campaigns
        self._stream = stream
        self._warnings = warnings
        self._inclusion = inclusion
        self._mixes_buying_types = mixes_buying_types(dimensions)
        self._is_enabled = is_enabled

    def follow_up(self, task: Task) -> Sequence[Task]:
        """Return the TopView task that follows the first page of a report, if there is one."""
        if not self._is_enabled or task.page > 1 or buying_types(task):
            return ()
        is_known = task.advertiser is not None and self._campaigns.is_known(task.advertiser)
        if is_known and self._has_no_day(task):
            return ()
        return (for_topview(task),)

    def is_absent(self, task: Task) -> bool:
        """Return True if a TopView task would add nothing: no campaigns, or included elsewhere.

        Raises:
            TapError: The campaigns cannot be read.
        """
        if not task.is_topview or task.page > 1:
            return False
        is_included = self._inclusion is not None and self._inclusion.is_known(task)
        return is_included or self._has_no_day(task)

    def _has_no_day(self, task: Task) -> bool:
        """Return True if the task's window ends before the first TopView campaign, if any."""
        first_day = self._first_day(task)
        return first_day is None or (task.window is not None and task.window.end < first_day)

    def is_included(self, task: Task) -> bool:
        """Return True if the report without a filter holds the TopView ads of the advertiser.

        Raises:
            TapError: The data that decide cannot be read.
        """
        return self._inclusion is not None and self._inclusion.is_found(task)

    def is_repeated(self, task: Task, page: Page) -> bool:
        """Return True if the records of a TopView page are part of the unfiltered report.

        Raises:
            TapError: The data that decide cannot be read.
        """
        return task.is_topview and page.record_count > 0 and self.is_included(task)

    def has_campaigns(self, task: Task) -> bool:
        """Return True if the task's advertiser may have had a TopView campaign.

        Raises:
            TapError: The campaigns cannot be read.
        """
        return self._first_day(task) is not None

    def _first_day(self, task: Task) -> pendulum.Date | None:
        """Return the first day that can have TopView ads, or None without TopView campaigns.

        If the campaigns may not be read, TopView ads are requested without knowing.

        Raises:
            TapError: The response is damaged, or an error.
        """
        if task.advertiser is None:
            return ALWAYS
        first_day, _, denial = self._campaigns.check(task.advertiser, self._stream)
        if denial is not None:
            self._warnings.log(
                f"topview {task.advertiser.id}",
                "Stream %s requests TopView ads of advertiser %s without knowing if there are any: "
                "%s",
                task.advertiser.id,
                denial if isinstance(denial, PermissionDeniedError) else denial.facts,
            )
        return first_day

    def mark_fingerprints(self, page: Page, task: Task) -> Page:
        """Return the page with fingerprints that differ from the fingerprints of other ads.

        Needed if the key has no object: the dimensions of both are equal.
        """
        is_apart = self._is_enabled and self._mixes_buying_types
        if not page.fingerprints or not is_apart or TOPVIEW not in buying_types(task):
            return page
        return dataclasses.replace(
            page, fingerprints=[~fingerprint for fingerprint in page.fingerprints]
        )
