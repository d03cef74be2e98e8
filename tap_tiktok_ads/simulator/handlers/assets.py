"""What an account has beside its ads: audiences, pixels, media, comments, advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.accounts.entities import SMART_PLUS
from tap_tiktok_ads.simulator.records import assets as beyond
from tap_tiktok_ads.simulator.records import objects as records
from tap_tiktok_ads.simulator.spec.errors import refuse
from tap_tiktok_ads.simulator.spec.params import Param
from tap_tiktok_ads.simulator.world.counts import LIBRARY_LIMIT

from .api import Answer, Api, Handler, Params, day_count, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_tiktok_ads.simulator.accounts.account import Account
    from tap_tiktok_ads.simulator.accounts.entities import Asset
    from tap_tiktok_ads.simulator.records.values import Record


def _audiences(api: Api, params: Params) -> Answer:
    account = api.account(params)
    names = params["custom_audience_ids"]
    found = [one for one in account.audiences if names is None or one.id in names]
    return page_of(params, found, lambda one: records.audience(one, account))


def _pixels(api: Api, params: Params) -> Answer:
    account = api.account(params)
    found = sorted(
        account.pixels,
        key=lambda one: (str(one.created), one.id),
        reverse=params["order_by"] == "LATEST_CREATE",
    )
    wanted = {"pixel_id": params["pixel_id"], "pixel_code": params["code"]}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    wanted |= {"pixel_name": params["name"]} if params["name"] else {}
    if wanted:
        found = [one for one in found if wanted.items() <= _scalars(records.pixel(one, account))]
    return page_of(params, found, lambda one: records.pixel(one, account), "pixels")


def _scalars(record: Record) -> set[tuple[str, str]]:
    return {(name, value) for name, value in record.items() if isinstance(value, str)}


def _library(
    api: Api, params: Params, kind: str, record: Callable[[Asset, Account], Record]
) -> Answer:
    """Return a page of videos or images; only the most recent 10,000 can be seen."""
    account = api.account(params)
    wanted = params["filtering"]
    assets: list[Asset] = getattr(account, f"{kind}s")
    found = [one for one in assets[-LIBRARY_LIMIT:][::-1] if not one.removed]
    if params.get("sort_field") == "MODIFY_TIME":
        found.sort(key=lambda one: one.modified or "", reverse=True)
    if wanted:
        rows = [(one, record(one, account)) for one in found]
        found = [one for one, row in rows if _asset_matches(row, wanted, kind)]
    return page_of(params, found, lambda one: record(one, account))


def _asset_matches(row: Record, wanted: Mapping[str, Any], kind: str) -> bool:
    for name in ("width", "height"):
        if row[name] != wanted.get(name, row[name]):
            return False
    if wanted.get("displayable") and row["displayable"] is not True:
        return False
    if wanted.get("video_name", "") not in row["file_name"]:
        return False
    return all(
        row[field_name] in wanted.get(f"{field_name}s", (row[field_name],))
        for field_name in (f"{kind}_id", "material_id")
    )


def _videos(api: Api, params: Params) -> Answer:
    return _library(api, params, "video", records.video)


def _images(api: Api, params: Params) -> Answer:
    return _library(api, params, "image", records.image)


def _shelf(
    kind: str,
    name: str,
    record: Callable[[Asset, Account], Record],
    keeps: Callable[[Record, Params], bool] = lambda _row, _params: True,
) -> Handler:
    """Return the list of a kind of `account.THINGS`, with the filters its rows must pass."""

    def answer(api: Api, params: Params) -> Answer:
        account = api.account(params)
        rows = [record(one, account) for one in account.living(kind)]
        rows = [row for row in rows if keeps(row, params)]
        return page_of(params, rows, lambda row: row, name)

    return answer


def _among(row: Record, field: str, wanted: Collection[Any] | None) -> bool:
    """Return whether a field is one of the values wanted, if any are."""
    return not wanted or row[field] in wanted


def _like(row: Record, params: Params, *fields: str) -> bool:
    """Return whether the fields are as the parameters of the same name, where those are sent."""
    return all(params[name] in {None, row[name]} for name in fields)


def _keeps_portfolio(row: Record, params: Params) -> bool:
    wanted = params["filtering"]
    return all(
        _among(row, field, wanted.get(f"{field}s"))
        for field in ("creative_portfolio_id", "creative_portfolio_type")
    )


def _keeps_playable(row: Record, params: Params) -> bool:
    sent = ("playable_id", "playable_url", "playable_name", "status", "operation_status")
    return _like(row, params, *sent)


def _keeps_page(row: Record, params: Params) -> bool:
    """Return whether a page was changed in the time asked for."""
    times = params["update_time_range"]
    first, last = str(times.get("start", "")), str(times.get("end", "9999"))
    return first <= str(row["update_time"] or "") <= last


def _keeps_music(row: Record, params: Params) -> bool:
    """Return whether a music fits the use; every second one fits carousels."""
    return params["music_scene"] == "CREATIVE_ASSET" or int(row["material_id"]) % 2 == 0


_identity_list = _shelf(
    "identities",
    "identity_list",
    beyond.identity,
    lambda row, params: _like(row, params, "identity_type"),
)


def _identities(api: Api, params: Params) -> Answer:
    if params["identity_type"] == "BC_AUTH_TT" and params["identity_authorized_bc_id"] is None:
        refuse("identity_authorized_bc_id: Missing data; BC_AUTH_TT needs it.")
    return _identity_list(api, params)


def _apps(api: Api, params: Params) -> Answer:
    account = api.account(params)
    rows = [beyond.app(one, account) for one in account.living("apps")]
    wanted = params["app_platform_ids"]
    return Answer({"apps": [row for row in rows if _among(row, "app_platform_id", wanted)]})


def _pixel_events(api: Api, params: Params) -> Answer:
    known = {one.id: one for one in api.account(params).pixels}
    days = day_count(**params["date_range"])
    names = dict.fromkeys(params["pixel_ids"])
    for name in names:
        if name not in known:
            refuse(f"pixel_ids: Pixel {name} does not exist.")
    rows = [
        {"pixel_id": name, "statistics": beyond.pixel_events(known[name], days)} for name in names
    ]
    return Answer({"list": rows})


_ORDER_OF_COMMENTS = {"LIKES": "likes", "REPLIES": "replies"}


def _comments(api: Api, params: Params) -> Answer:
    account = api.account(params)
    name = params["search_value"]
    group = next((one for one in account.groups if one.id == name), None)
    if group is None:
        refuse(f"search_value: Ad group {name} does not exist.")
    start, end = _moment("start_time", params), _moment("end_time", params)
    if start > end:
        refuse("start_time: Must not be after end_time.")
    written = [one for one in beyond.comments(group) if start <= (one.created or "") <= end]
    rows = [beyond.comment(one, group) for one in written]
    for field in ("comment_type", "comment_status"):
        wanted = params[field]
        if wanted and "ALL" not in wanted:
            rows = [row for row in rows if row[field] in wanted]
    order = _ORDER_OF_COMMENTS.get(params["sort_field"], "create_time")
    rows.sort(key=lambda row: row[order], reverse=params["sort_type"] == "DESC")
    return page_of(params, rows, lambda row: row, "comments")


def _moment(name: str, params: Params) -> str:
    """Return a time; a date stands for its first second, as an end for its last.

    No source says which of the two shapes TikTok wants.
    """
    text: str = params[name]
    if len(text) == len("YYYY-MM-DD"):
        Param("date").check(name, text)
        return f"{text} {'23:59:59' if name == 'end_time' else '00:00:00'}"
    Param("datetime").check(name, text)
    return text


def _diagnoses(api: Api, params: Params) -> Answer:
    """Return the ad groups with suggestions; Upgraded Smart+ ones are not covered."""
    account = api.account(params)
    wanted = params["filtering"]
    known = {group.id: group for group in account.groups}
    for name in wanted.get("adgroup_ids", ()):
        if name not in known:
            refuse(f"filtering.adgroup_ids: Ad group {name} does not exist.")
        if known[name].campaign.automation == SMART_PLUS:
            refuse(f"filtering.adgroup_ids: Upgraded Smart+ ad group {name} is not supported.")
    groups = [known[name] for name in dict.fromkeys(wanted.get("adgroup_ids", known))]
    categories = wanted.get("issue_category") or tuple(beyond.ADVICE)
    found = [
        (group, beyond.advice(group, categories)) for group in groups if beyond.diagnosed(group)
    ]
    return Answer(
        {"results": [beyond.diagnosis(group, lists) for group, lists in found if lists]},
    )


def _reviews(api: Api, params: Params) -> Answer:
    known = {ad.id: ad for ad in api.account(params).ads}
    names = dict.fromkeys(params["ad_ids"])
    for name in names:
        if name not in known:
            refuse(f"ad_ids: Ad {name} does not exist.")
    return Answer({"list": [beyond.review(known[name]) for name in names]})


HANDLERS: dict[str, Handler] = {
    "/dmp/custom_audience/list/": _audiences,
    "/pixel/list/": _pixels,
    "/file/video/ad/search/": _videos,
    "/file/image/ad/search/": _images,
    "/dmp/saved_audience/list/": _shelf(
        "saved_audiences",
        "saved_audiences",
        beyond.saved_audience,
        lambda row, params: _among(row, "saved_audience_id", params["saved_audience_ids"]),
    ),
    "/creative/portfolio/list/": _shelf(
        "portfolios", "creative_portfolios", beyond.portfolio, _keeps_portfolio
    ),
    "/file/music/get/": _shelf("music", "musics", beyond.music, _keeps_music),
    "/tt_video/list/": _shelf(
        "posts",
        "list",
        beyond.post,
        lambda row, params: _among(row["item_info"], "item_type", params["item_types"]),
    ),
    "/identity/get/": _identities,
    "/page/get/": _shelf("instant_pages", "list", beyond.instant_page, _keeps_page),
    "/playable/get/": _shelf("playables", "list", beyond.playable, _keeps_playable),
    "/optimizer/rule/list/": _shelf("rules", "rules", beyond.rule),
    "/app/list/": _apps,
    "/pixel/event/stats/": _pixel_events,
    "/comment/list/": _comments,
    "/tool/diagnosis/get/": _diagnoses,
    "/ad/review_info/": _reviews,
}
