"""Handlers of access tokens, their user and their advertisers."""

from __future__ import annotations

from typing import Any

from tap_tiktok_ads.simulator.records.business_centers import advertiser
from tap_tiktok_ads.simulator.spec.errors import (
    INVALID_AUTH_CODE,
    UNKNOWN_APP,
    WRONG_SECRET,
    ApiError,
)
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from .api import Api, Handler, Params, Payload, check_fields

ACCESS_TOKEN = "simulator-access-token"  # noqa: S105
APP_ID = "7300000000000000042"
APP_SECRET = "simulator-app-secret"  # noqa: S105
SCOPE = (
    *(30, 44, 100, 150, 152, 153, 200, 210, 220, 600, 610, 630, 680, 690, 691, 693, 700, 800, 802),
    *(900, 6110100, 15010100, 17020000, 19000000, 7050363942434029569),
)
"""Scopes of the token. The last scope, for diagnosis, exceeds the precision of a double."""


def _check_app(params: Params) -> None:
    """Reject an unknown app ID or a wrong secret."""
    if params["app_id"] != APP_ID:
        raise ApiError(UNKNOWN_APP, "The app has been blocked or does not exist.")
    if params["secret"] != APP_SECRET:
        raise ApiError(WRONG_SECRET, "Secret and app ID do not match.")


def _access_token(api: Api, params: Params) -> Payload:
    """Exchange an auth code for an access token."""
    _check_app(params)
    if not api.redeem(params["auth_code"]):
        msg = "Invalid auth_code. It is canceled, already used or expired. Please re-authorize."
        raise ApiError(INVALID_AUTH_CODE, msg)
    data: dict[str, Any] = {"access_token": ACCESS_TOKEN, "scope": list(SCOPE)}
    if params["return_advertiser_ids"]:
        data["advertiser_ids"] = api.world.advertiser_ids
    return Payload(data)


def _authorized_advertisers(api: Api, params: Params) -> Payload:
    """Return the advertisers that granted access to the app."""
    _check_app(params)
    accounts = (api.world.accounts[advertiser_id] for advertiser_id in api.world.advertiser_ids)
    records = [
        {"advertiser_id": account.id, "advertiser_name": account.name} for account in accounts
    ]
    return Payload({"list": records})


def _user(_api: Api, _params: Params) -> Payload:
    """Return the user of the token."""
    user = {
        "core_user_id": "7300000000000000007",
        "display_name": "Sim “User” 🙂",
        "email": "s***@example.com",
        "create_time": 1_600_000_000,
        "avatar_url": "https://example.com/avatar.png",
    }
    return Payload(user)


def _advertisers(api: Api, params: Params) -> Payload:
    """Return the requested advertisers, with the requested fields if the request names fields."""
    advertiser_ids = dict.fromkeys(params["advertiser_ids"])
    accounts = [api.account({"advertiser_id": advertiser_id}) for advertiser_id in advertiser_ids]
    records = [advertiser(account) for account in accounts]
    fields = params["fields"]
    if fields is not None and "company_name_editable" in fields:
        records = [
            {"advertiser_id": record["advertiser_id"], "company_name_editable": True}
            for record in records
        ]
    elif fields is not None:
        check_fields(fields, RECORDS["advertisers"])
        records = [{name: record.get(name) for name in fields} for record in records]
    return Payload({"list": records})


HANDLERS: dict[str, Handler] = {
    "/oauth2/advertiser/get/": _authorized_advertisers,
    "/oauth2/access_token/": _access_token,
    "/user/info/": _user,
    "/advertiser/info/": _advertisers,
}
