"""Which advertisers a run reads, and the time zone of each."""

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
    from tap_tiktok_ads.api.messages import Response

logger = logging.getLogger("tap-tiktok-ads")

#: The buying type of objects that TikTok lists, and reports, only when asked for them alone.
TOPVIEW = "RESERVATION_TOP_VIEW"
#: TopView objects that a page may hold at most.
TOPVIEW_PAGE_SIZE = 100
#: Codes that say the token lacks the scope of the endpoint, whichever advertiser is asked for.
SCOPE_CODES = frozenset({40117, 40118, 40125, 40130})
#: Ids in one call of /advertiser/info/: what connectors send in production; no limit is documented.
INFO_BATCH_SIZE = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Advertiser:
    """An ad account; `timezone` is the IANA name that its report dates follow."""

    id: str
    timezone: str = "UTC"


def id_of(advertiser: Advertiser | None) -> str | None:
    """Return the advertiser's ID, or None for data of no single advertiser."""
    return None if advertiser is None else advertiser.id


class Settings(t.Protocol):
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
    """A call for the details of up to `INFO_BATCH_SIZE` advertisers."""
    return Request(ADVERTISER_INFO_PATH, {"advertiser_ids": list(advertiser_ids)}, shared=True)


def topview_campaigns_request(advertiser_id: str) -> Request:
    """The first page of an advertiser's TopView campaigns, deleted ones included."""
    params = {
        "advertiser_id": advertiser_id,
        "page": 1,
        "page_size": TOPVIEW_PAGE_SIZE,
        "filtering": {"primary_status": "STATUS_ALL", "buying_types": [TOPVIEW]},
    }
    return Request(CAMPAIGNS_PATH, params, shared=True)


def batches(ids: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """Consecutive parts of at most `size` ids."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def find_advertisers(client: Client, settings: Settings) -> list[Advertiser]:
    """The advertisers that the run reads, in the order of the settings, each readable.

    One that is not granted is left out with a warning while others remain.

    Raises:
        ConfigError: none is left.
        ApiError: the token or the app is refused.
    """
    ids = requested_ids(client, settings)
    if settings.environment == "sandbox":  # /advertiser/info/ does not exist there
        logger.warning("The sandbox tells no time zones: report dates are taken as UTC.")
        return [Advertiser(advertiser_id) for advertiser_id in ids]
    found: dict[str, Advertiser] = {}
    refused: list[PermissionDeniedError | RejectedRequestError] = []
    for batch in batches(ids, INFO_BATCH_SIZE):
        for row in _details(client, batch, refused):
            advertiser = _advertiser(row)
            found[advertiser.id] = advertiser
    missing = [advertiser_id for advertiser_id in ids if advertiser_id not in found]
    reason = f" {refused[0]}" if refused else ""
    if not any(advertiser_id in found for advertiser_id in ids):
        msg = f"None of the advertisers may be read with this token: {', '.join(ids)}.{reason}"
        raise ConfigError(msg)
    if missing:
        logger.warning(
            "Skipping %d advertiser(s) that may not be read with this token: %s.%s",
            len(missing),
            ", ".join(missing),
            reason,
        )
    return [found[advertiser_id] for advertiser_id in ids if advertiser_id in found]


def requested_ids(client: Client, settings: Settings) -> list[str]:
    """The ids of the advertisers that the settings name, whether they may be read or not.

    Raises:
        ConfigError: there is none.
        ApiError: the token or the app is refused.
    """
    ids = settings.advertiser_ids
    if not ids:
        ids = tuple(authorized_advertisers(client, settings.app_id, settings.app_secret))
        if not ids:
            msg = "No advertiser has authorised this app for the access token: none to read."
            raise ConfigError(msg)
    left = [one for one in ids if one not in settings.exclude_advertiser_ids]
    if not left:
        msg = "exclude_advertiser_ids leaves no advertiser to read."
        raise ConfigError(msg)
    return left


def authorized_advertisers(client: Client, app_id: str, app_secret: str) -> dict[str, str]:
    """The advertisers that authorised the app for the token: id and name.

    Raises:
        ApiError: the token or the app is refused.
    """
    params = {"app_id": app_id, "secret": app_secret}
    reply = client.send(Request(AUTHORIZED_ADVERTISERS_PATH, params, shared=True))
    return {
        str(row["advertiser_id"]): str(row.get("advertiser_name") or "") for row in rows_of(reply)
    }


def _details(
    client: Client,
    ids: Sequence[str],
    refused: list[PermissionDeniedError | RejectedRequestError],
) -> list[dict[str, t.Any]]:
    """The rows of /advertiser/info/; a batch that is refused is halved until the bad id is alone.

    One bad id refuses its whole batch (inferred from how other connectors handle it). Without the
    scope for account details the other streams may still be readable: only the time zone is lost.
    """
    try:
        return rows_of(client.send(info_request(ids)))
    except (PermissionDeniedError, RejectedRequestError) as error:
        if error.code in SCOPE_CODES:
            logger.warning("Account details cannot be read: %s", error)
            return [{"advertiser_id": advertiser_id} for advertiser_id in ids]
        if len(ids) == 1:
            refused.append(error)
            return []
        middle = len(ids) // 2
        return [
            *_details(client, ids[:middle], refused),
            *_details(client, ids[middle:], refused),
        ]


def rows_of(reply: Response) -> list[dict[str, t.Any]]:
    """The rows of an answer that name an advertiser."""
    rows = reply.data.get("list")
    if not isinstance(rows, list):
        return []
    return [row for row in rows if isinstance(row, dict) and row.get("advertiser_id")]


def _advertiser(row: dict[str, t.Any]) -> Advertiser:
    advertiser_id = str(row["advertiser_id"])
    for name in (row.get("timezone"), row.get("display_timezone")):
        try:
            if name:
                pendulum.timezone(name)
                return Advertiser(advertiser_id, name)
        except (InvalidTimezone, ValueError, TypeError, OSError):  # as "America", a folder
            continue
    logger.warning(
        "Advertiser %s has no usable time zone (%r): its report dates are taken as UTC.",
        advertiser_id,
        row.get("timezone"),
    )
    return Advertiser(advertiser_id)
