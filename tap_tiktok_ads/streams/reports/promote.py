"""Promote ads: made in the TikTok app. Synchronous reports hold them only on request."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.advertisers import id_of
from tap_tiktok_ads.api.errors import RejectedRequestError, is_invalid_parameter
from tap_tiktok_ads.api.promote import PROMOTE_WARNING
from tap_tiktok_ads.streams.reports.filters import is_promote_filter

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from tap_tiktok_ads.extract.pages import Task
    from tap_tiktok_ads.extract.reader import Fetched
    from tap_tiktok_ads.problems import Warnings


class PromoteAds:
    """Leaves out the filter on origins for advertisers whose reports TikTok rejects with it."""

    def __init__(self, warnings: Warnings) -> None:
        """Prepare.

        Args:
            warnings: The warnings of the stream.
        """
        self._warnings = warnings
        self._rejected: set[str | None] = set()  # ids of advertisers

    def fetch(self, task: Task, fetch: Callable[[Task], Fetched]) -> Fetched:
        """Return the result of a fetch function. Retry a rejected first page without the filter.

        The other pages of a list have the filter if its first page had it.

        Raises:
            TapError: The function raises it, also without the filter.
        """
        owner = id_of(task.advertiser)
        plain = _without_filter(task)
        if plain is task or task.page > 1:
            return fetch(task)
        if owner in self._rejected:
            return _of_one_list(task, fetch(plain))
        try:
            return fetch(task)
        except RejectedRequestError as error:
            if not is_invalid_parameter(error):
                raise
            fetched = _of_one_list(task, fetch(plain))
            self._rejected.add(owner)
            self._warnings.log("promote", PROMOTE_WARNING, "ads", error.facts)
            return fetched


def _of_one_list(task: Task, fetched: Fetched) -> Fetched:
    """Return the result without the filter. Its next pages belong to the task's list."""
    page, following = fetched
    return page, [
        dataclasses.replace(further, first_request=task.request) if further.page > 1 else further
        for further in following
    ]


def _without_filter(task: Task) -> Task:
    """Return the task without the filter on origins, or the task itself."""
    params = dict(task.request.params)
    filters = params.pop("filtering", ())
    other_conditions = [condition for condition in filters if not is_promote_filter(condition)]
    if len(other_conditions) == len(filters):
        return task
    if other_conditions:
        params["filtering"] = other_conditions
    return task.with_request(params=params)
