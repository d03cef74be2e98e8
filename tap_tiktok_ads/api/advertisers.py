"""The advertisers that a run reads, with their time zones."""

from __future__ import annotations

import dataclasses
import logging
import typing as t

import pendulum
from pendulum.tz.exceptions import InvalidTimezone

from tap_tiktok_ads.api.errors import ConfigError, PermissionDeniedError, RejectedRequestError
from tap_tiktok_ads.api.hosts import (
    ADVERTISER_INFO_PATH,
    AUTHORIZED_ADVERTISERS_PATH,
    CAMPAIGNS_PATH,
)
from tap_tiktok_ads.api.messages import Request

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Response

logger = logging.getLogger("tap-tiktok-ads")

#: Buying type of TopView objects. TikTok lists and reports them only if this type is requested.
TOPVIEW = "RESERVATION_TOP_VIEW"
#: Maximum number of TopView objects on a page.
TOPVIEW_PAGE_SIZE = 100
#: Codes of a token without the scope of the endpoint, for every advertiser.
SCOPE_CODES = frozenset({40117, 40118, 40125, 40130})
#: Number of IDs in a request to /advertiser/info/. No limit is documented. Connectors send 100.
INFO_BATCH_SIZE = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Advertiser:
    """An ad account.

    Attributes:
        id: TikTok's advertiser ID.
        timezone: IANA name of the time zone of the account's report dates.
    """

    id: str
    timezone: str = "UTC"


def id_of(advertiser: Advertiser | None) -> str | None:
    """Return the advertiser's ID, or None for data of no single advertiser."""
    return None if advertiser is None else advertiser.id


class AdvertiserSettings(t.Protocol):
    """The settings that determine which advertisers a run reads."""

    @property
    def environment(self) -> str: ...
    @property
    def advertiser_ids(self) -> Sequence[str]: ...
    @property
    def exclude_advertiser_ids(self) -> Collection[str]: ...
    @property
    def app_id(self) -> str: ...
    @property
    def app_secret(self) -> str: ...


def info_request(advertiser_ids: Sequence[str]) -> Request:
    """Return a request for the details of up to `INFO_BATCH_SIZE` advertisers."""
    return Request(ADVERTISER_INFO_PATH, {"advertiser_ids": list(advertiser_ids)}, shared=True)


def topview_campaigns_request(advertiser_id: str) -> Request:
    """Return a request for the first page of TopView campaigns, including deleted campaigns."""
    params = {
        "advertiser_id": advertiser_id,
        "page": 1,
        "page_size": TOPVIEW_PAGE_SIZE,
        "filtering": {"primary_status": "STATUS_ALL", "buying_types": [TOPVIEW]},
    }
    return Request(CAMPAIGNS_PATH, params, shared=True)


def batches(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """Return consecutive parts of at most `size` IDs."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def find_advertisers(client: Client, settings: AdvertiserSettings) -> list[Advertiser]:
    """Return the advertisers that the run reads, in the order of the settings.

    An advertiser without permission is skipped with a warning.

    Raises:
        ConfigError: The token has no permission for any of the advertisers.
        ApiError: The token or the app is rejected.
    """
    ids = requested_ids(client, settings)
    if settings.environment == "sandbox":  # /advertiser/info/ does not exist there
        logger.warning("The sandbox reports no time zones: report dates are taken as UTC.")
        return [Advertiser(advertiser_id) for advertiser_id in ids]
    rejections: list[ApiError] = []
    by_id: dict[str, Advertiser] = {}
    for batch in batches(ids, INFO_BATCH_SIZE):
        for record in _details(client, batch, rejections):
            advertiser = _advertiser(record)
            by_id[advertiser.id] = advertiser
    readable = [by_id[advertiser_id] for advertiser_id in ids if advertiser_id in by_id]
    missing = [advertiser_id for advertiser_id in ids if advertiser_id not in by_id]
    _report_missing(missing, rejections, is_error=not readable)
    return readable


def _report_missing(
    missing: Sequence[str], rejections: Sequence[ApiError], *, is_error: bool
) -> None:
    """Log a warning about missing advertisers.

    Raises:
        ConfigError: It is an error instead.
    """
    reason = f" {rejections[0]}" if rejections else ""
    if is_error:
        msg = f"None of the advertisers may be read with this token: {', '.join(missing)}.{reason}"
        raise ConfigError(msg)
    if missing:
        logger.warning(
            "Skipping %d advertiser(s) that may not be read with this token: %s.%s",
            len(missing),
            ", ".join(missing),
            reason,
        )


def requested_ids(client: Client, settings: AdvertiserSettings) -> list[str]:
    """Return the IDs of the advertisers that the settings select, with or without permission.

    Raises:
        ConfigError: The settings select no advertiser.
        ApiError: The token or the app is rejected.
    """
    ids = settings.advertiser_ids
    if not ids:
        ids = tuple(authorized_advertisers(client, settings.app_id, settings.app_secret))
        if not ids:
            msg = "No advertiser has authorized this app for the access token: none to read."
            raise ConfigError(msg)
    excluded = settings.exclude_advertiser_ids
    selected = [advertiser_id for advertiser_id in ids if advertiser_id not in excluded]
    if not selected:
        msg = "exclude_advertiser_ids leaves no advertiser to read."
        raise ConfigError(msg)
    return selected


def authorized_advertisers(client: Client, app_id: str, app_secret: str) -> dict[str, str]:
    """Return the advertisers that authorized the app for the token: name by ID.

    Raises:
        ApiError: The token or the app is rejected.
    """
    params = {"app_id": app_id, "secret": app_secret}
    response = client.send(Request(AUTHORIZED_ADVERTISERS_PATH, params, shared=True))
    return {
        str(record["advertiser_id"]): str(record.get("advertiser_name") or "")
        for record in _records_of(response)
    }


def _details(
    client: Client, ids: Sequence[str], rejections: list[ApiError]
) -> list[dict[str, t.Any]]:
    """Return the records of /advertiser/info/. Split a rejected batch until the bad ID is alone.

    One bad ID makes TikTok reject its batch, according to other connectors. Without the scope for
    account details, only the time zones are unknown: other streams may have permission.

    Args:
        client: The client.
        ids: IDs of a batch.
        rejections: Receives the error of each advertiser that is rejected.
    """
    try:
        return _records_of(client.send(info_request(ids)))
    except (PermissionDeniedError, RejectedRequestError) as error:
        if error.code in SCOPE_CODES:
            logger.warning("Account details cannot be read: %s", error)
            return [{"advertiser_id": advertiser_id} for advertiser_id in ids]
        if len(ids) == 1:
            rejections.append(error)
            return []
        middle = len(ids) // 2
        return [
            *_details(client, ids[:middle], rejections),
            *_details(client, ids[middle:], rejections),
        ]


def _records_of(response: Response) -> list[dict[str, t.Any]]:
    """Return the records of a response that have an advertiser ID."""
    records = response.data.get("list")
    if not isinstance(records, list):
        return []
    return [
        record for record in records if isinstance(record, dict) and record.get("advertiser_id")
    ]


def _advertiser(record: dict[str, t.Any]) -> Advertiser:
    """Return the advertiser of a record. Log a warning if it has no usable time zone."""
    advertiser_id = str(record["advertiser_id"])
    for name in (record.get("timezone"), record.get("display_timezone")):
        try:
            if name and isinstance(name, str):
                pendulum.timezone(name)
                return Advertiser(advertiser_id, name)
        except (InvalidTimezone, ValueError, TypeError, OSError):  # "America" is a folder
            continue
    logger.warning(
        "Advertiser %s has no usable time zone (%r): its report dates are taken as UTC.",
        advertiser_id,
        record.get("timezone"),
    )
    return Advertiser(advertiser_id)
