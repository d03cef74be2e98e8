"""The advertisers that a run reads, with their time zones."""

from __future__ import annotations

import dataclasses
import functools
import logging
import typing as t

import pendulum
from pendulum.tz.exceptions import InvalidTimezone

from tap_tiktok_ads.api.errors import (
    ConfigError,
    DamagedResponseError,
    IncompleteError,
    PermissionDeniedError,
    RejectedRequestError,
)
from tap_tiktok_ads.api.hosts import (
    ADVERTISER_INFO_PATH,
    AUTHORIZED_ADVERTISERS_PATH,
    CAMPAIGNS_PATH,
)
from tap_tiktok_ads.api.json_kinds import json_kind, list_damage
from tap_tiktok_ads.api.masking import escape
from tap_tiktok_ads.api.messages import Request

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tap_tiktok_ads.api.client import Client
    from tap_tiktok_ads.api.errors import ApiError
    from tap_tiktok_ads.api.messages import Response
    from tap_tiktok_ads.api.shards import Shard

logger = logging.getLogger("tap-tiktok-ads")

#: Buying type of TopView objects. TikTok lists and reports them only if this type is requested.
TOPVIEW = "RESERVATION_TOP_VIEW"
#: Maximum number of TopView objects on a page.
TOPVIEW_PAGE_SIZE = 100
#: Codes of a token without the scope of the endpoint, for every advertiser.
SCOPE_CODES = frozenset({40117, 40118, 40125, 40130})
#: Number of IDs in a request to /advertiser/info/. No limit is documented. Connectors send 100.
INFO_BATCH_SIZE = 100

#: Effect and next step of a damaged list of advertisers.
DAMAGE_ADVICE = (
    "Without these records, the advertisers are unknown and cannot be read. Run again later."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Advertiser:
    """An ad account.

    Attributes:
        id: TikTok's advertiser ID.
        timezone: IANA name of the time zone of the account's report dates.
        created_at: Time of the account's creation in UTC, or None if TikTok does not report it.
        name: Name of the account, or None if TikTok does not report it.
    """

    id: str
    timezone: str = "UTC"
    created_at: pendulum.DateTime | None = None
    name: str | None = dataclasses.field(default=None, compare=False)


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
    @property
    def shard(self) -> Shard: ...


def info_request(advertiser_ids: Sequence[str], *, shared: bool = True) -> Request:
    """Return a request for the details of up to `INFO_BATCH_SIZE` advertisers."""
    return Request(ADVERTISER_INFO_PATH, {"advertiser_ids": list(advertiser_ids)}, shared=shared)


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


@dataclasses.dataclass(frozen=True, slots=True)
class FoundAdvertisers:
    """The advertisers of a run.

    Attributes:
        requested: The IDs that the settings select, of all shards.
        readable: The advertisers of the shard to read, in the order of the settings.
        denied: The error of each advertiser without permission, by ID. It is skipped.
        missing: The error of each advertiser that TikTok did not return, by ID. It is incomplete.
    """

    requested: Sequence[str] = ()
    readable: list[Advertiser] = dataclasses.field(default_factory=list)
    denied: dict[str, ApiError] = dataclasses.field(default_factory=dict)
    missing: dict[str, IncompleteError] = dataclasses.field(default_factory=dict)


def find_advertisers(client: Client, settings: AdvertiserSettings) -> FoundAdvertisers:
    """Return the advertisers that the settings select.

    An advertiser without permission, or without details, is left out with a warning. A shard can
    have no advertisers.

    Raises:
        ConfigError: The token has no permission for any of the advertisers.
        IncompleteError: TikTok returns the details of none of the advertisers.
        DamagedResponseError: TikTok keeps sending damaged responses.
        ApiError: The token or the app is rejected.
    """
    advertisers = FoundAdvertisers(requested_ids(client, settings))
    ids = list(filter(settings.shard.contains, advertisers.requested))
    if settings.environment == "sandbox":  # /advertiser/info/ does not exist there
        logger.warning("The sandbox reports no time zones. The run plans its days in UTC.")
    _read_into(advertisers, client, settings, ids)
    if ids and not advertisers.readable:
        _check_other_shards(advertisers, client, settings)
    _log_unread(advertisers)
    return advertisers


def read_other_shards(
    client: Client, settings: AdvertiserSettings, requested: Sequence[str]
) -> FoundAdvertisers:
    """Return the requested advertisers that are not in the shard of the settings.

    Raises:
        DamagedResponseError: TikTok keeps sending damaged responses.
        ApiError: The token or the app is rejected.
    """
    others = FoundAdvertisers()
    ids = [
        advertiser_id for advertiser_id in requested if not settings.shard.contains(advertiser_id)
    ]
    _read_into(others, client, settings, ids)
    return others


def _read_into(
    advertisers: FoundAdvertisers,
    client: Client,
    settings: AdvertiserSettings,
    ids: Sequence[str],
) -> None:
    """Read the details of advertisers, in their order."""
    if settings.environment == "sandbox":
        advertisers.readable.extend(map(Advertiser, ids))
        return
    by_id: dict[str, Advertiser] = {}
    for batch in batches(ids, INFO_BATCH_SIZE):
        by_id |= _details(client, batch, advertisers)
    advertisers.readable.extend(
        by_id[advertiser_id] for advertiser_id in ids if advertiser_id in by_id
    )


def _check_other_shards(
    advertisers: FoundAdvertisers, client: Client, settings: AdvertiserSettings
) -> None:
    """Check that another shard has an advertiser that can be read, if this shard has none.

    Raises:
        ConfigError: No advertiser can be read, because permission is denied.
        IncompleteError: No advertiser can be read, because TikTok returned none.
    """
    if read_other_shards(client, settings, advertisers.requested).readable:
        return
    if advertisers.missing:
        msg = f"Cannot read any advertiser. {next(iter(advertisers.missing.values()))}"
        raise IncompleteError(msg)
    denied = ", ".join(advertisers.denied)
    reason = next(iter(advertisers.denied.values()), None)
    msg = f"Cannot read any advertiser with this token ({denied}): {reason}"
    raise ConfigError(msg)


def _log_unread(advertisers: FoundAdvertisers) -> None:
    """Log a warning about the advertisers that cannot be read."""
    if advertisers.denied:
        logger.warning(
            "Skipping %d advertiser(s) that this token cannot read (%s): %s",
            len(advertisers.denied),
            ", ".join(advertisers.denied),
            next(iter(advertisers.denied.values())),
        )
    for error in advertisers.missing.values():
        logger.warning("%s", error)


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
            msg = (
                "No advertiser has authorized this app for the access token, so there is none to "
                "read. Authorize the app for an advertiser, or set advertiser_ids."
            )
            raise ConfigError(msg)
    excluded = settings.exclude_advertiser_ids
    selected = [advertiser_id for advertiser_id in ids if advertiser_id not in excluded]
    if not selected:
        msg = (
            f"Setting exclude_advertiser_ids leaves none of {len(ids)} advertiser(s) to read. "
            "Remove an ID from it."
        )
        raise ConfigError(msg)
    return selected


def authorized_advertisers(client: Client, app_id: str, app_secret: str) -> dict[str, str]:
    """Return the advertisers that authorized the app for the token: name by ID.

    Raises:
        ApiError: The token or the app is rejected.
    """
    params = {"app_id": app_id, "secret": app_secret}
    request = Request(AUTHORIZED_ADVERTISERS_PATH, params, shared=True)
    response = client.send(request, check=functools.partial(_check_granted, request))
    return {
        str(record["advertiser_id"]): str(record.get("advertiser_name") or "")
        for record in response.data["list"]
    }


def _check_granted(request: Request, response: Response) -> None:
    """Raise `DamagedResponseError` if a response has no list of advertisers with their IDs."""
    check_records(request, response)
    for position, record in enumerate(response.data["list"]):
        advertiser_id = record.get("advertiser_id")
        if not (str(advertiser_id).isascii() and str(advertiser_id).isdigit()):
            damage = (
                f"expected digits at data.list[{position}].advertiser_id, got "
                f"{json_kind(advertiser_id)}."
            )
            raise DamagedResponseError(
                request.label, damage, request_id=response.request_id, advice=DAMAGE_ADVICE
            )


def _details(
    client: Client, ids: Sequence[str], advertisers: FoundAdvertisers, *, is_repeated: bool = False
) -> dict[str, Advertiser]:
    """Return the advertisers of /advertiser/info/ by ID.

    One bad ID makes TikTok reject its batch, according to other connectors. The batch is split
    until the bad ID is alone. An ID that a response lacks is requested once more, alone.

    Args:
        client: The client.
        ids: IDs of a batch.
        advertisers: Receives the advertisers that cannot be read.
        is_repeated: True if the only ID was missing from a response before.
    """
    try:
        records = read_details(client, ids, is_repeated=is_repeated)
    except (PermissionDeniedError, RejectedRequestError) as error:
        return _details_after(error, client, ids, advertisers)
    except DamagedResponseError as error:
        if not is_repeated:
            raise
        advertisers.missing[ids[0]] = IncompleteError(str(error))
        return {}
    details = {advertiser_id: _advertiser(record) for advertiser_id, record in records.items()}
    for advertiser_id in ids:
        if advertiser_id not in details and is_repeated:
            advertisers.missing[advertiser_id] = IncompleteError(missing_text(advertiser_id))
        elif advertiser_id not in details:
            details |= _details(client, [advertiser_id], advertisers, is_repeated=True)
    return details


def _details_after(
    error: ApiError, client: Client, ids: Sequence[str], advertisers: FoundAdvertisers
) -> dict[str, Advertiser]:
    """Return the advertisers of a rejected batch by ID.

    Without the scope for account details, only the time zones are unknown: other streams may have
    permission.
    """
    if error.code in SCOPE_CODES:
        logger.warning(
            "Cannot read the time zones of %d advertiser(s), so the run plans their days in UTC. "
            "The newest day can be missing until a later run: %s",
            len(ids),
            error,
        )
        return {advertiser_id: Advertiser(advertiser_id) for advertiser_id in ids}
    if len(ids) == 1:
        advertisers.denied[ids[0]] = error
        return {}
    middle = len(ids) // 2
    return _details(client, ids[:middle], advertisers) | _details(client, ids[middle:], advertisers)


def read_details(
    client: Client, ids: Sequence[str], *, is_repeated: bool = False
) -> dict[str, dict[str, t.Any]]:
    """Return the records of /advertiser/info/ by advertiser ID. Ignore IDs that are not requested.

    Args:
        client: The client.
        ids: IDs of a batch.
        is_repeated: True if a cached response lacks the ID.

    Raises:
        DamagedResponseError: TikTok keeps sending damaged responses.
        ApiError: The batch is rejected.
    """
    request = info_request(ids, shared=not is_repeated)
    check = functools.partial(check_records, request)
    records = client.send(request, check=check).data["list"]
    by_id = {str(record.get("advertiser_id")): record for record in records}
    return {advertiser_id: by_id[advertiser_id] for advertiser_id in ids if advertiser_id in by_id}


def check_records(request: Request, response: Response) -> None:
    """Raise `DamagedResponseError` if a response has no list of advertisers."""
    damage = list_damage("data.list", response.data.get("list"))
    if damage is not None:
        raise DamagedResponseError(
            request.label, damage, request_id=response.request_id, advice=DAMAGE_ADVICE
        )


def missing_text(advertiser_id: str) -> str:
    """Return the message about an advertiser that TikTok does not return."""
    return (
        f"Cannot read advertiser {advertiser_id}: {ADVERTISER_INFO_PATH} returned no record of it, "
        "neither in a batch nor alone. The next run requests it again."
    )


def creation_time(seconds: t.Any) -> pendulum.DateTime | None:
    """Return the time of an account's `create_time`, in seconds, or None if it is not plausible."""
    if type(seconds) is not int or not 0 < seconds < pendulum.now("UTC").timestamp():
        return None
    return pendulum.from_timestamp(seconds)


def _advertiser(record: dict[str, t.Any]) -> Advertiser:
    """Return the advertiser of a record. Log a warning if it has no usable time zone."""
    advertiser_id = str(record["advertiser_id"])
    created_at = creation_time(record.get("create_time"))
    account_name = record.get("name") if isinstance(record.get("name"), str) else None
    for name in (record.get("timezone"), record.get("display_timezone")):
        try:
            if name and isinstance(name, str):
                pendulum.timezone(name)
                return Advertiser(advertiser_id, name, created_at, account_name)
        except (InvalidTimezone, ValueError, TypeError, OSError):  # "America" is a folder
            continue
    zone = record.get("timezone")
    logger.warning(
        "Advertiser %s has %s, so the run plans its days in UTC. The newest day can be missing "
        "until a later run. Correct the time zone in TikTok Ads Manager.",
        advertiser_id,
        f"the unknown time zone {escape(repr(zone)):.100}" if zone else "no time zone",
    )
    return Advertiser(advertiser_id, created_at=created_at, name=account_name)
