"""The TopView campaigns of advertisers: one check per advertiser and run.

TikTok lists and reports TopView objects only when they are requested by buying type. Few
advertisers have any. So the list of TopView campaigns decides if the other requests are sent.
"""

from __future__ import annotations

import functools
import threading
import typing as t

import pendulum

from tap_tiktok_ads.api.advertisers import topview_campaigns_request
from tap_tiktok_ads.api.errors import (
    PermissionDeniedError,
    RejectedRequestError,
    is_invalid_parameter,
)
from tap_tiktok_ads.api.pagination import next_pages, total_number
from tap_tiktok_ads.extract.dates import DateError, parse_time
from tap_tiktok_ads.extract.source import check_list

if t.TYPE_CHECKING:
    from tap_tiktok_ads.api.advertisers import Advertiser
    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Request, Response

#: Stands for the first day of TopView ads if it is not known.
ALWAYS = pendulum.date(1970, 1, 1)


class Check(t.NamedTuple):
    """The result of the list of an advertiser's TopView campaigns.

    Attributes:
        first_day: The first day that can have TopView ads, or None without TopView campaigns.
        server_time: The HTTP `Date` header of the list, or None.
        denial: The error because of which the list may not be read, or None.
    """

    first_day: pendulum.Date | None
    server_time: str | None = None
    denial: ApiError | None = None


class TopViewCampaigns:
    """Finds out once per run since when an advertiser can have TopView ads. Thread-safe.

    The list of TopView campaigns includes deleted campaigns. If it may not be read, TopView objects
    are requested without knowing if there are any.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._owner_locks: dict[str, threading.Lock] = {}
        self._checks: dict[str, Check] = {}

    def is_known(self, advertiser: Advertiser) -> bool:
        """Return True if the check of the advertiser has been made."""
        return advertiser.id in self._checks

    def check(self, advertiser: Advertiser, stream: str) -> Check:
        """Return since when an advertiser can have TopView ads. Sends at most one request.

        Args:
            advertiser: The advertiser.
            stream: Name of the stream that counts the request.

        Raises:
            TapError: The response is damaged, or an error.
        """
        with self._lock:
            owner_lock = self._owner_locks.setdefault(advertiser.id, threading.Lock())
        with owner_lock:
            if advertiser.id not in self._checks:
                self._checks[advertiser.id] = self._read(advertiser, stream)
        return self._checks[advertiser.id]

    def _read(self, advertiser: Advertiser, stream: str) -> Check:
        request = topview_campaigns_request(advertiser.id)
        check = functools.partial(check_list, request)
        try:
            response = self._client.send(request, stream=stream, check=check)
        except (PermissionDeniedError, RejectedRequestError) as error:
            if isinstance(error, RejectedRequestError) and not is_invalid_parameter(error):
                raise
            return Check(ALWAYS, denial=error)
        return Check(first_day_of(request, response), response.server_time)


def first_day_of(request: Request, response: Response) -> pendulum.Date | None:
    """Return the day before the first TopView campaign was created, or None if there is none.

    `create_time` is in UTC and report days are in account time, hence the day before. If a time is
    missing or not plausible, or the list may have more pages, every day can have TopView ads.
    """
    campaigns = response.data.get("list") or []
    if _may_continue(request, response.data.get("page_info"), len(campaigns)):
        return ALWAYS
    if not campaigns:
        return None
    try:
        created_at = min(parse_time(campaign.get("create_time")) for campaign in campaigns)
    except DateError:
        return ALWAYS
    tomorrow = pendulum.now("UTC").add(days=1)
    if not ALWAYS < created_at.date() <= tomorrow.date():
        return ALWAYS
    return created_at.date().subtract(days=1)


def _may_continue(request: Request, page_info: t.Any, count: int) -> bool:
    """Return True if a list can have more campaigns than its first page."""
    page_size = int(request.page_params.get("page_size") or 0)
    return (total_number(page_info) or 0) > count or bool(
        next_pages(1, None, page_info, count, page_size)
    )
