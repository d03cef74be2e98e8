"""Who may read what: the token, its user and accounts; and the table of all that answers."""

from __future__ import annotations

from typing import Any

from tap_tiktok_ads.simulator.records import objects as records
from tap_tiktok_ads.simulator.spec.errors import (
    APP_UNKNOWN,
    AUTH_CODE_WRONG,
    SECRET_WRONG,
    ApiError,
    no_permission,
)
from tap_tiktok_ads.simulator.spec.facts import RECORDS

from . import assets, objects, targeting
from . import business_centers as business
from . import gmv_max as shops
from . import material_reports as materials
from . import report_tasks as tasks
from .api import Answer, Api, Handler, Params, check_fields

ACCESS_TOKEN = "simulator-access-token"  # noqa: S105
APP_ID = "7300000000000000042"
APP_SECRET = "simulator-app-secret"  # noqa: S105
SCOPE = (
    *(30, 44, 100, 150, 152, 153, 200, 210, 220, 600, 610, 630, 680, 690, 691, 693, 700, 800, 802),
    *(900, 6110100, 15010100, 17020000, 19000000, 7050363942434029569),
)
"""Permissions of the token; that of diagnosis is beyond what a double holds."""


def _check_app(params: Params) -> None:
    if params["app_id"] != APP_ID:
        raise ApiError(APP_UNKNOWN, "The app has been blocked or does not exist.")
    if params["secret"] != APP_SECRET:
        raise ApiError(SECRET_WRONG, "Secret and app ID do not match.")


def _token(api: Api, params: Params) -> Answer:
    _check_app(params)
    if not api.spend(params["auth_code"]):
        msg = "Invalid auth_code. It is canceled, already used or expired. Please re-authorize."
        raise ApiError(AUTH_CODE_WRONG, msg)
    data: dict[str, Any] = {"access_token": ACCESS_TOKEN, "scope": list(SCOPE)}
    if params["return_advertiser_ids"]:
        data["advertiser_ids"] = api.world.advertiser_ids
    return Answer(data)


def _authorised(api: Api, params: Params) -> Answer:
    _check_app(params)
    accounts = (api.world.accounts[name] for name in api.world.advertiser_ids)
    rows = [{"advertiser_id": one.id, "advertiser_name": one.name} for one in accounts]
    return Answer({"list": rows})


def _user(_api: Api, _params: Params) -> Answer:
    user = {
        "core_user_id": "7300000000000000007",
        "display_name": "Sim “User” 🙂",
        "email": "s***@example.com",
        "create_time": 1_600_000_000,
        "avatar_url": "https://example.com/avatar.png",
    }
    return Answer(user)


def _advertisers(api: Api, params: Params) -> Answer:
    names = dict.fromkeys(params["advertiser_ids"])
    for name in names:
        if not api.world.granted(name):
            raise no_permission(name)
    rows = [records.advertiser(api.world.accounts[name]) for name in names]
    fields = params["fields"]
    if fields is None:
        return Answer({"list": rows})
    if "company_name_editable" in fields:
        editable = {"company_name_editable": True}
        return Answer(
            {"list": [{"advertiser_id": row["advertiser_id"], **editable} for row in rows]}
        )
    check_fields(fields, RECORDS["advertisers"])
    return Answer({"list": [{name: row.get(name) for name in fields} for row in rows]})


HANDLERS: dict[str, Handler] = {
    "/oauth2/advertiser/get/": _authorised,
    "/oauth2/access_token/": _token,
    "/user/info/": _user,
    "/advertiser/info/": _advertisers,
    **objects.HANDLERS,
    **materials.HANDLERS,
    **tasks.HANDLERS,
    **assets.HANDLERS,
    **shops.HANDLERS,
    **business.HANDLERS,
    **targeting.HANDLERS,
}
"""What answers a request, by path."""
